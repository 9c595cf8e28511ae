//! INSERT, UPDATE and DELETE become text.

use orm_pool::Kind;

use super::Writer;
use super::assigned::Assignment;
use super::expr::relationship;
use super::from::{Scope, foreign_key_condition};
use super::lint::{Connections, edges, mentioned};
use super::property::refuse_property;
use super::writer::Source;
use super::written::Written;
use crate::dialect::{DeleteJoin, Dialect, Rereads, Upsert};
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Alias, Mapper};
use crate::sql::{
    ChangedRows, Conflict, ConflictAction, ConflictTarget, DeleteNode, FromItem, InsertNode, InsertSource, Joined,
    JoinedSet, Node, Operator, Output, OutputKind, SelectNode, TableRef, UpdateNode,
};

impl Writer {
    pub(super) fn insert(&mut self, insert: &InsertNode) -> Result<()> {
        if !insert.returning.is_empty() && !self.capabilities().returning.insert {
            // A row whose key is known has been taken apart before: `read_back`.
            let error = self.unsupported("INSERT … RETURNING of a SELECT, with ON CONFLICT or without a known key");
            return Err(error.hint("select the rows afterwards"));
        }
        self.written = Some(insert.mapper);
        self.push("INSERT INTO ");
        self.table_name(insert.mapper);
        self.inserted(insert)?;
        self.scopes.push(vec![source(insert.mapper, Alias::NONE)]);
        let done = self.on_conflict(insert.mapper, &insert.on_conflict);
        let done = done.and_then(|()| self.returning(&insert.returning, true));
        self.scopes.pop();
        done
    }

    /// Writes the columns and what goes into them.
    fn inserted(&mut self, insert: &InsertNode) -> Result<()> {
        let is_select = matches!(insert.source, InsertSource::Select(_));
        if !self.dialect.clauses().with_insert && !is_select {
            self.with_of_insert(insert)?;
        }
        if insert.columns.is_empty() {
            let default_values = self.capabilities().default_values;
            self.push(if default_values { " DEFAULT VALUES" } else { " () VALUES ()" });
            return Ok(());
        }
        self.push(" (");
        self.columns(insert.mapper, &insert.columns)?;
        self.push(if insert.overrides { ") OVERRIDING SYSTEM VALUE " } else { ") " });
        match &insert.source {
            InsertSource::Rows(rows) => {
                self.push("VALUES ");
                self.separated(rows, ", ", |this, row| {
                    this.push("(");
                    this.separated(insert.columns.iter().zip(row), ", ", |this, (&column, value)| {
                        this.assigned(insert.mapper, column, value)
                    })?;
                    this.push(")");
                    Ok(())
                })
            }
            InsertSource::Plain(plain) => {
                self.push("VALUES ");
                let mut index = plain.first;
                let rows: Vec<()> = vec![(); plain.count];
                self.separated(&rows, ", ", |this, ()| {
                    this.push("(");
                    this.separated(insert.columns.iter().zip(&plain.kinds), ", ", |this, (&column, &kind)| {
                        let parameter = Node::Parameter { index, kind };
                        index += 1;
                        this.assigned(insert.mapper, column, &parameter)
                    })?;
                    this.push(")");
                    Ok(())
                })
            }
            InsertSource::Arrays(arrays) if insert.in_order => self.rows_in_order(arrays),
            InsertSource::Arrays(arrays) => {
                self.push("SELECT * FROM ");
                self.unnested(arrays)
            }
            InsertSource::Select(select) => self.inserted_select(insert, select),
        }
    }

    /// Writes the rows of arrays, ordered as they stand there.
    fn rows_in_order(&mut self, arrays: &[Node]) -> Result<()> {
        let names: Vec<String> = (1..=arrays.len()).map(|number| format!("v{number}")).collect();
        let names = names.join(", ");
        self.push(&format!("SELECT {names} FROM "));
        self.unnested(arrays)?;
        self.push(&format!(" WITH ORDINALITY AS given ({names}, position) ORDER BY position"));
        Ok(())
    }

    fn unnested(&mut self, arrays: &[Node]) -> Result<()> {
        self.push("unnest(");
        self.separated(arrays, ", ", |this, array| this.typed_array(array))?;
        self.push(")");
        Ok(())
    }

    /// Writes an array with its type, which the text then tells without the driver; that of labels has one anyway.
    fn typed_array(&mut self, array: &Node) -> Result<()> {
        self.node(array)?;
        if let Node::Parameter { kind: Kind::Array(element), .. } = array
            && element.enum_name().is_none()
        {
            let name = self.dialect.array_name(**element)?;
            self.push("::");
            self.push(&name);
        }
        Ok(())
    }

    fn inserted_select(&mut self, insert: &InsertNode, select: &SelectNode) -> Result<()> {
        if !self.dialect.clauses().with_insert {
            self.with_of_insert(insert)?;
        }
        if insert.on_conflict.is_empty() {
            return self.select(select, false);
        }
        // SQLite takes the ON of ON CONFLICT for that of a join unless a WHERE stands before it:
        // https://sqlite.org/lang_upsert.html#parsing_ambiguity
        let wants_where = self.capabilities().upsert_wants_where;
        match &select.set {
            Some(_) if wants_where => {
                self.select_from_select(select, "given")?;
                self.push(" WHERE true");
                Ok(())
            }
            None if wants_where && select.filters.is_empty() => {
                self.select(&SelectNode { filters: [Node::Sql("true".into())].into(), ..select.clone() }, false)
            }
            // The columns of a table that the rows come from as well are ambiguous to MySQL where it updates.
            _ if self.capabilities().upsert == Upsert::OnDuplicateKey && self.is_read_by(insert.mapper, select)? => {
                self.select_from_select(select, "given")
            }
            _ => self.select(select, false),
        }
    }

    // ---------------------------------------------------------------------------------------------------- conflicts

    fn on_conflict(&mut self, mapper: &'static Mapper, conflicts: &[Conflict]) -> Result<()> {
        if conflicts.len() > 1 && self.dialect != Dialect::Sqlite {
            return Err(self.unsupported("more than one ON CONFLICT of an INSERT"));
        }
        for (position, conflict) in conflicts.iter().enumerate() {
            if position + 1 < conflicts.len() && conflict.is_any() {
                return Err(Error::new(
                    ErrorKind::Compile,
                    "only the last ON CONFLICT of an INSERT may name no columns",
                ));
            }
            match self.capabilities().upsert {
                Upsert::OnConflict => self.on_conflict_of(mapper, conflict)?,
                Upsert::OnDuplicateKey => self.on_duplicate_key(mapper, conflict)?,
            }
        }
        Ok(())
    }

    fn on_conflict_of(&mut self, mapper: &'static Mapper, conflict: &Conflict) -> Result<()> {
        self.push(" ON CONFLICT");
        match &conflict.target {
            ConflictTarget::Columns(columns) if columns.is_empty() => {
                if !matches!(conflict.action, ConflictAction::Nothing) && !self.capabilities().upsert_of_any {
                    let message = self.unsupported("DO UPDATE on a conflict of any columns");
                    return Err(message.hint("name the columns that are unique together: `.on_conflict(User.name)`"));
                }
            }
            ConflictTarget::Columns(columns) => {
                self.push(" (");
                self.columns(mapper, columns)?;
                self.push(")");
            }
            ConflictTarget::Constraint(_) if !self.capabilities().upsert_of_constraint => {
                let message = self.unsupported("ON CONFLICT ON CONSTRAINT");
                return Err(message.hint("name the columns of the constraint: `.on_conflict(User.name)`"));
            }
            ConflictTarget::Constraint(name) => {
                self.push(" ON CONSTRAINT ");
                self.label(name);
            }
        }
        // The index is found by its columns without their table, and by values that are known when the text is: a database
        // compares them with those of the index before any is bound.
        self.bare(|this| this.where_clause(&conflict.index_filter))?;
        let (columns, sets, filters) = match &conflict.action {
            ConflictAction::Nothing => {
                self.push(" DO NOTHING");
                return Ok(());
            }
            ConflictAction::Update { columns, sets, filters, .. } => (columns, sets, filters),
        };
        self.push(" DO UPDATE SET ");
        self.conflict_assignments(mapper, columns, sets)?;
        self.where_clause(filters)
    }

    fn on_duplicate_key(&mut self, mapper: &'static Mapper, conflict: &Conflict) -> Result<()> {
        if !conflict.index_filter.is_empty() {
            return Err(self.unsupported("a condition on the index of ON CONFLICT"));
        }
        self.push(" ON DUPLICATE KEY UPDATE ");
        match &conflict.action {
            ConflictAction::Update { filters, .. } if !filters.is_empty() => Err(self
                .unsupported("a condition on DO UPDATE")
                .hint("set the column to `func::case(condition, excluded(column)).otherwise(column)`")),
            ConflictAction::Update { columns, sets, .. } => self.conflict_assignments(mapper, columns, sets),
            // MySQL has no DO NOTHING that leaves other errors alone: a column set to itself changes nothing.
            ConflictAction::Nothing => {
                let named = match &conflict.target {
                    ConflictTarget::Columns(columns) => columns.first(),
                    ConflictTarget::Constraint(_) => None,
                };
                let column = named.or(mapper.definition().key.first()).copied().unwrap_or_default();
                self.columns(mapper, &[column])?;
                self.push(" = ");
                // A SELECT that gives the rows may have a column of the same name.
                self.column(mapper, column, Alias::NONE);
                Ok(())
            }
        }
    }

    /// Writes the columns that take the value of the new row, and those that are set to something else.
    fn conflict_assignments(&mut self, mapper: &'static Mapper, columns: &[u16], sets: &[(u16, Node)]) -> Result<()> {
        let excluded = |&column: &u16| (column, Node::Excluded { mapper, column });
        let all: Vec<(u16, Node)> = columns.iter().map(excluded).chain(sets.iter().cloned()).collect();
        let assignments: Vec<Assignment<'_>> = all.iter().map(|set| Assignment::of(mapper, Alias::NONE, set)).collect();
        self.assignments(&assignments, false)
    }

    /// Writes the value of the row that could not be inserted.
    pub(super) fn excluded(&mut self, mapper: &Mapper, column: u16) {
        let name = mapper.definition().columns[usize::from(column)].name;
        match self.capabilities().upsert {
            Upsert::OnConflict => {
                self.push("excluded.");
                self.identifier(name);
            }
            Upsert::OnDuplicateKey => {
                self.push("VALUES(");
                self.identifier(name);
                self.push(")");
            }
        }
    }

    // -------------------------------------------------------------------------------------------- UPDATE and DELETE

    pub(super) fn update(&mut self, update: &UpdateNode) -> Result<()> {
        let rows = &update.rows;
        if !rows.returning.is_empty() && !self.capabilities().returning.update {
            return Err(self.unsupported("UPDATE … RETURNING"));
        }
        self.writes(rows, &update.joined_sets);
        if !update.joined_sets.is_empty() && !self.capabilities().update_lists_tables {
            return Err(self.unsupported("UPDATE of columns of several tables"));
        }
        let found = Others::of(rows, &update.sets, &update.joined_sets)?;
        let others = Others { criteria: self.criteria_of(written(rows)), ..found };
        self.warn_of_unconnected("UPDATE", rows, &others);
        self.reject_order(rows, &others, "UPDATE")?;
        let lists_tables = self.capabilities().update_lists_tables && !others.is_empty();
        self.with_tables(rows, &others, |this| {
            this.push("UPDATE ");
            this.table(rows.mapper, rows.alias);
            if lists_tables {
                this.push(", ");
                this.beside(&others)?;
            }
            this.push(" SET ");
            let own = update.sets.iter().map(|set| Assignment::of(rows.mapper, rows.alias, set));
            let assignments: Vec<Assignment<'_>> =
                own.chain(update.joined_sets.iter().map(Assignment::joined)).collect();
            this.assignments(&assignments, lists_tables)?;
            this.refuse_exposed("SET and about the row at hand")?;
            if !others.is_empty() && !lists_tables {
                this.push(" FROM ");
                this.beside(&others)?;
            }
            this.where_of_changed(rows, this.restricted(rows, &others))?;
            this.tail(rows, &others)
        })
    }

    pub(super) fn delete(&mut self, delete: &DeleteNode) -> Result<()> {
        let rows = &delete.rows;
        if !rows.returning.is_empty() && !self.capabilities().returning.delete {
            return Err(self.unsupported("DELETE … RETURNING"));
        }
        self.writes(rows, &[]);
        let others = Others { criteria: self.criteria_of(written(rows)), ..Others::of(rows, &[], &[])? };
        self.warn_of_unconnected("DELETE", rows, &others);
        self.reject_order(rows, &others, "DELETE")?;
        match self.capabilities().delete_join {
            DeleteJoin::Exists if !others.is_empty() => self.delete_if_exists(rows, others),
            DeleteJoin::UsingAll if !rows.returning.is_empty() && (!others.is_empty() || rows.alias != Alias::NONE) => {
                Err(self.unsupported("DELETE … RETURNING with a join or an alias"))
            }
            DeleteJoin::UsingAll if !others.is_empty() || rows.alias != Alias::NONE => {
                self.with_tables(rows, &others, |this| {
                    this.push("DELETE FROM ");
                    match rows.alias.name() {
                        Some(name) => this.label(name),
                        None => this.table_name(rows.mapper),
                    }
                    this.push(" USING ");
                    this.table(rows.mapper, rows.alias);
                    if !others.is_empty() {
                        this.push(", ");
                        this.beside(&others)?;
                    }
                    this.where_of_changed(rows, this.restricted(rows, &others))?;
                    this.tail(rows, &others)
                })
            }
            _ => self.with_tables(rows, &others, |this| {
                this.push("DELETE FROM ");
                this.table(rows.mapper, rows.alias);
                if !others.is_empty() {
                    this.push(" USING ");
                    this.beside(&others)?;
                }
                this.where_of_changed(rows, this.restricted(rows, &others))?;
                this.tail(rows, &others)
            }),
        }
    }

    /// Returns the conditions of a statement and those on every row of the tables beside the one that is written.
    fn restricted(&self, rows: &ChangedRows, others: &Others) -> Vec<Node> {
        let mut conditions = others.conditions(rows);
        conditions.extend(self.criteria_of_all(others.tables.iter().copied()));
        conditions
    }

    /// Writes a DELETE of the rows that have a partner, where there is no USING.
    fn delete_if_exists(&mut self, rows: &ChangedRows, others: Others) -> Result<()> {
        let alone = Others {
            derived: Vec::new(),
            tables: Vec::new(),
            joins: Vec::new(),
            links: Vec::new(),
            criteria: Vec::new(),
        };
        self.with_tables(rows, &alone, |this| {
            this.push("DELETE FROM ");
            this.table(rows.mapper, rows.alias);
            let about_others = |node: &Node| {
                let mut tables = mentioned(node).into_iter();
                tables.any(|table| others.references().any(|known| known.is(table)))
            };
            // What is about the table alone stays outside, where it can use an index.
            let (inside, outside): (Vec<Node>, Vec<Node>) = others.conditions(rows).into_iter().partition(about_others);
            let partners = SelectNode {
                outputs: vec![Output::expression(Node::Sql("1".into()), false)],
                from: others.items(),
                filters: inside.into(),
                ..SelectNode::default()
            };
            let exists = Node::Exists { select: Box::new(partners), negated: false };
            this.where_clause(&outside.into_iter().chain([exists]).collect::<Vec<_>>())?;
            this.tail(rows, &others)
        })
    }

    /// Writes what follows the conditions: ORDER BY, LIMIT and RETURNING.
    fn tail(&mut self, rows: &ChangedRows, others: &Others) -> Result<()> {
        self.without_reads("ORDER BY", |this| this.order_by(&rows.order_by))?;
        if let Some(limit) = &rows.limit {
            self.push(" LIMIT ");
            self.node(limit)?;
        }
        if !self.capabilities().returns_other_tables {
            self.reject_other_tables(rows)?;
        }
        self.returning(&rows.returning, others.is_empty() || !self.capabilities().returns_other_tables)
    }

    fn reject_order(&self, rows: &ChangedRows, others: &Others, verb: &str) -> Result<()> {
        if rows.order_by.is_empty() && rows.limit.is_none() {
            return Ok(());
        }
        if !self.capabilities().changes_in_order {
            let hint = "filter by a subquery: `.filter(User.id.in_(select(User.id).order_by(…).limit(…)))`";
            return Err(self.unsupported(&format!("{verb} … ORDER BY … LIMIT")).hint(hint));
        }
        if !others.is_empty() || (verb == "DELETE" && rows.alias != Alias::NONE) {
            return Err(self.unsupported(&format!("{verb} … ORDER BY … LIMIT with a join or an alias")));
        }
        Ok(())
    }

    fn reject_other_tables(&self, rows: &ChangedRows) -> Result<()> {
        let own = |(mapper, alias): (&'static Mapper, Alias)| alias == rows.alias && mapper.is(rows.mapper);
        let is_own = |output: &Output| match &output.kind {
            OutputKind::Entity { mapper, alias } => own((*mapper, *alias)),
            OutputKind::Expression(node) => {
                let mut scope = Scope::default();
                scope.mention(node);
                scope.tables().into_iter().all(own) && !mentioned(node).iter().any(|table| table.alias.is_derived())
            }
        };
        if rows.returning.iter().all(is_own) {
            return Ok(());
        }
        Err(self.unsupported("RETURNING of a table that is not the one that is written"))
    }

    /// Runs `write` with the tables of a statement in sight, so that its subqueries are about them.
    fn with_tables(
        &mut self,
        rows: &ChangedRows,
        others: &Others,
        write: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let all = [(rows.mapper, rows.alias)].into_iter().chain(others.tables.iter().copied());
        let derived = others.derived.iter().filter_map(FromItem::derived).map(|derived| Source {
            table: TableRef { mapper: derived.mapper, alias: derived.alias },
            is_optional: false,
            columns: Some(derived.columns.clone()),
            select: derived.select().cloned(),
        });
        self.scopes.push(all.map(|(mapper, alias)| source(mapper, alias)).chain(derived).collect());
        let done = write(self);
        self.scopes.pop();
        done
    }

    fn warn_of_unconnected(&mut self, verb: &str, rows: &ChangedRows, others: &Others) {
        if others.is_empty() {
            return;
        }
        let reference = |(mapper, alias)| TableRef::table(mapper, alias);
        let mut connections = Connections::of([written(rows)].into_iter().chain(others.references()));
        others.links.iter().for_each(|link| connections.connect(link.iter().copied().map(reference)));
        let mut connect = |tables| connections.connect(tables);
        others.conditions(rows).iter().for_each(|condition| edges(condition, &mut connect));
        self.warning = self.warning.take().or_else(|| connections.verdict(verb));
    }

    // ------------------------------------------------------------------------------------------------------ names

    /// Notes which tables a statement writes.
    fn writes(&mut self, rows: &ChangedRows, joined_sets: &[JoinedSet]) {
        self.written = Some(rows.mapper);
        match self.capabilities().rereads {
            Rereads::AsItWas => {}
            Rereads::AsItWasUngrouped => self.settles_groups = true,
            Rereads::Refused => {
                let joined = joined_sets.iter().map(|set| set.mapper);
                self.rereads = Some(Written::new(std::iter::once(rows.mapper).chain(joined).collect()));
            }
        }
    }

    /// Writes what stands beside the table that is written.
    fn beside(&mut self, others: &Others) -> Result<()> {
        self.separated(&others.items(), ", ", |this, item| match item {
            FromItem::Table(TableRef { mapper: Some(mapper), alias }) => {
                this.table(mapper, *alias);
                Ok(())
            }
            FromItem::Table(_) => Ok(()),
            FromItem::Derived(derived) => this.derived(derived),
        })?;
        self.refuse_exposed("LATERAL")
    }

    /// Writes columns without their table.
    pub(super) fn columns(&mut self, mapper: &Mapper, columns: &[u16]) -> Result<()> {
        self.separated(columns, ", ", |this, &column| {
            refuse_property(mapper, column)?;
            this.identifier(mapper.definition().columns[usize::from(column)].name);
            Ok(())
        })
    }

    fn bare(&mut self, write: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let was_bare = std::mem::replace(&mut self.bare_columns, true);
        let done = write(self);
        self.bare_columns = was_bare;
        done
    }
}

fn written(rows: &ChangedRows) -> TableRef {
    TableRef::table(rows.mapper, rows.alias)
}

fn source(mapper: &'static Mapper, alias: Alias) -> Source {
    Source { table: TableRef::table(mapper, alias), is_optional: false, columns: None, select: None }
}

/// The tables beside the one that is written.
struct Others {
    /// Subqueries, CTEs and lists of values.
    derived: Vec<FromItem>,
    tables: Vec<(&'static Mapper, Alias)>,
    /// The conditions of the joins.
    joins: Vec<Node>,
    /// Which tables a join on a condition connects, whatever the condition.
    links: Vec<[(&'static Mapper, Alias); 2]>,
    /// What holds for every row of the table that is written.
    criteria: Vec<Node>,
}

impl Others {
    /// Finds those that are joined, and those that conditions and values mention.
    fn of(rows: &ChangedRows, sets: &[(u16, Node)], joined_sets: &[JoinedSet]) -> Result<Self> {
        let own = (rows.mapper, rows.alias);
        let mut tables = Scope::default();
        let (mut joins, mut links) = (Vec::new(), Vec::new());
        for join in &rows.joins {
            let (mapper, alias) = match join {
                Joined::Relation(relation) => {
                    let info = relationship(relation)?;
                    let owner = (relation.owner, relation.alias);
                    let target = (info.target, relation.target_alias);
                    let near = match &info.secondary {
                        None => target,
                        Some(secondary) => {
                            tables.add(secondary.mapper, Alias::NONE);
                            let near = (secondary.mapper, Alias::NONE);
                            links.push([near, target]);
                            joins.extend(secondary.pairs.iter().map(|&(left, right)| equal(near, left, target, right)));
                            near
                        }
                    };
                    links.push([owner, near]);
                    match info.condition_between(owner.1, target.1) {
                        Some(condition) => joins.push(condition),
                        None => joins.extend(info.pairs.iter().map(|&(left, right)| equal(owner, left, near, right))),
                    }
                    target
                }
                Joined::Inferred(table) => {
                    let on = foreign_key_condition(TableRef::table(own.0, own.1), *table)?;
                    joins.extend(match on {
                        Node::All(list) => list,
                        other => vec![other],
                    });
                    let Some(mapper) = table.mapper else { continue };
                    (mapper, table.alias)
                }
                Joined::On { mapper, alias, on } => {
                    joins.extend(match on {
                        Node::All(list) => list.clone(),
                        other => vec![other.clone()],
                    });
                    links.push([own, (*mapper, *alias)]);
                    (*mapper, *alias)
                }
            };
            if alias == own.1 && mapper.is(own.0) {
                let name = mapper.definition().name;
                let message = format!("the table of `{name}` is joined to itself under one name");
                return Err(Error::new(ErrorKind::Compile, message)
                    .hint(format!("give one of them an alias: `let other = {name}.alias(\"other\")`")));
            }
            tables.add(mapper, alias);
        }
        let nodes = joins.iter().chain(&rows.filters).chain(sets.iter().map(|(_, value)| value));
        nodes.chain(joined_sets.iter().map(|set| &set.value)).for_each(|node| tables.mention(node));
        joined_sets.iter().for_each(|set| tables.add(set.mapper, set.alias));
        let tables = tables.tables().into_iter().filter(|(mapper, alias)| !(*alias == own.1 && mapper.is(own.0)));
        Ok(Others { derived: rows.derived.clone(), tables: tables.collect(), joins, links, criteria: Vec::new() })
    }

    fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.derived.is_empty()
    }

    /// Returns them as they stand in FROM.
    fn items(&self) -> Vec<FromItem> {
        let tables = self.tables.iter().map(|&(mapper, alias)| FromItem::table(mapper, alias));
        tables.chain(self.derived.iter().cloned()).collect()
    }

    fn references(&self) -> impl Iterator<Item = TableRef> {
        let tables = self.tables.iter().map(|&(mapper, alias)| TableRef::table(mapper, alias));
        tables.chain(self.derived.iter().map(FromItem::reference))
    }

    /// Returns the conditions of the joins and those of the statement.
    fn conditions(&self, rows: &ChangedRows) -> Vec<Node> {
        let filters = rows.filters.iter().flat_map(|filter| match filter {
            Node::All(list) => list.clone(),
            other => vec![other.clone()],
        });
        self.joins.iter().cloned().chain(filters).chain(self.criteria.iter().cloned()).collect()
    }
}

fn equal(left: (&'static Mapper, Alias), own: u16, right: (&'static Mapper, Alias), other: u16) -> Node {
    let column = |(mapper, alias), column| Node::Column { mapper, column, alias };
    Node::binary(Operator::Eq, column(left, own), column(right, other))
}
