//! FROM: where it begins, which join belongs where, and what each table may leave NULL.
//!
//! In: a SELECT. Out: [`From`], the chains of joins that the text lists, and the tables that are in sight inside.

use std::borrow::Cow;

use orm_pool::Value;

use super::Writer;
use super::criteria::refuse_outer;
use super::eager::eager_sources;
use super::expr::relationship;
use super::lint::{Connections, edges, mentioned, mentioned_in};
use super::writer::Source;
use super::written::Shape;
use crate::dialect::{Dialect, Functions, ValuesForm};
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Alias, Mapper, RelationshipInfo};
use crate::sql::{
    Body, Correlation, DerivedNode, FromItem, HintPlace, JoinKind, JoinNode, Node, Operator, Output, OutputKind,
    SelectNode, TableRef,
};
use crate::types::ColumnType;

/// Something in FROM.
#[derive(Clone, Copy)]
pub(super) enum Item<'a> {
    Table(TableRef),
    Derived(&'a DerivedNode),
}

impl<'a> Item<'a> {
    fn of(item: &'a FromItem) -> Self {
        match item {
            FromItem::Table(table) => Item::Table(*table),
            FromItem::Derived(derived) => Item::Derived(derived),
        }
    }

    fn table(&self) -> TableRef {
        match self {
            Item::Table(table) => *table,
            Item::Derived(derived) => TableRef { mapper: derived.mapper, alias: derived.alias },
        }
    }

    /// Returns the tables before it that it mentions.
    fn leans_on(&self) -> Vec<TableRef> {
        match self {
            Item::Derived(DerivedNode { body: Body::Select(select), is_lateral: true, .. }) => mentioned_in(select),
            Item::Derived(derived) => derived.body.arguments().into_iter().flatten().flat_map(mentioned).collect(),
            Item::Table(_) => Vec::new(),
        }
    }

    fn is_lateral(&self) -> bool {
        matches!(self, Item::Derived(derived) if derived.is_lateral || derived.body.arguments().is_some())
    }
}

/// A JOIN whose tables are known.
pub(super) struct Join<'a> {
    kind: JoinKind,
    /// What it starts from, if that is known.
    left: Option<TableRef>,
    right: Item<'a>,
    on: On<'a>,
    /// What holds for every row that is joined.
    criteria: Vec<Node>,
}

enum On<'a> {
    Condition(Cow<'a, Node>),
    Relationship(&'static RelationshipInfo),
    Nothing,
}

impl Join<'_> {
    /// Returns the association table that it brings with it.
    fn secondary(&self) -> Option<TableRef> {
        match self.on {
            On::Relationship(RelationshipInfo { secondary: Some(secondary), .. }) => {
                Some(TableRef::table(secondary.mapper, Alias::NONE))
            }
            _ => None,
        }
    }

    /// Returns every table that it must stand behind.
    fn needs(&self) -> Vec<TableRef> {
        let mut needs: Vec<TableRef> = self.left.into_iter().chain(self.right.leans_on()).collect();
        if let On::Condition(condition) = &self.on {
            needs.extend(mentioned(condition));
        }
        needs.retain(|table| !table.is(self.right.table()));
        needs
    }
}

/// The FROM of one SELECT.
pub(super) struct From<'a> {
    chains: Vec<Chain<'a>>,
    /// What holds for every row of the tables that FROM begins with, and of those without an ON.
    criteria: Vec<Node>,
}

impl From<'_> {
    /// Returns the conditions that belong into WHERE.
    pub(super) fn criteria(&self) -> &[Node] {
        &self.criteria
    }
}

/// A table, and what is joined to it.
struct Chain<'a> {
    root: Item<'a>,
    joins: Vec<Join<'a>>,
}

impl Chain<'_> {
    fn tables(&self) -> impl Iterator<Item = TableRef> {
        let joined = self.joins.iter().flat_map(|join| join.secondary().into_iter().chain([join.right.table()]));
        std::iter::once(self.root.table()).chain(joined)
    }

    fn has(&self, table: TableRef) -> bool {
        self.tables().any(|known| known.is(table))
    }

    /// Lists the tables, and which of them an outer join may leave empty.
    fn sources(&self) -> Vec<Source> {
        let mut sources = vec![source(self.root)];
        for join in &self.joins {
            if matches!(join.kind, JoinKind::Right | JoinKind::Full) {
                sources.iter_mut().for_each(|source| source.is_optional = true);
            }
            let is_optional = matches!(join.kind, JoinKind::Left | JoinKind::Full);
            let between = join.secondary().map(|table| source(Item::Table(table)));
            sources.extend(between.map(|source| Source { is_optional: join.kind != JoinKind::Inner, ..source }));
            sources.push(Source { is_optional, ..source(join.right) });
        }
        sources
    }
}

fn source(item: Item<'_>) -> Source {
    let (columns, select) = match item {
        Item::Table(_) => (None, None),
        Item::Derived(derived) => (Some(derived.columns.clone()), derived.select().cloned()),
    };
    Source { table: item.table(), is_optional: false, columns, select }
}

/// The tables and aliases of one FROM.
#[derive(Default)]
pub(super) struct Scope(Vec<TableRef>);

impl Scope {
    pub(super) fn of(mapper: &'static Mapper, alias: Alias) -> Self {
        Scope(vec![TableRef::table(mapper, alias)])
    }

    pub(super) fn add(&mut self, mapper: &'static Mapper, alias: Alias) {
        self.add_table(TableRef::table(mapper, alias));
    }

    fn add_table(&mut self, table: TableRef) {
        if !self.0.iter().any(|known| known.is(table)) {
            self.0.push(table);
        }
    }

    pub(super) fn tables(self) -> Vec<(&'static Mapper, Alias)> {
        self.0.into_iter().filter_map(|table| Some((table.mapper?, table.alias))).collect()
    }

    pub(super) fn items(self) -> Vec<FromItem> {
        self.0.into_iter().map(FromItem::Table).collect()
    }

    /// Adds every table that an expression mentions outside of its subqueries. Derived tables are in FROM only by name.
    pub(super) fn mention(&mut self, node: &Node) {
        node.visit(&mut |node| match node {
            Node::Column { mapper, alias, .. } if !alias.is_derived() => self.add(mapper, *alias),
            Node::Related { relation, .. } if !relation.alias.is_derived() => self.add(relation.owner, relation.alias),
            _ => {}
        });
    }
}

impl Writer {
    /// Runs `write` with the tables of a SELECT in sight.
    pub(super) fn in_scope<'a>(
        &mut self,
        select: &'a SelectNode,
        write: impl FnOnce(&mut Self, &From<'a>) -> Result<()>,
    ) -> Result<()> {
        let from = self.plan(select)?;
        // What takes no table from around it brings none to the subqueries in it either.
        let takes_none = matches!(&select.correlation, Correlation::Only(tables) if tables.is_empty());
        let was_sealed = self.sealed;
        if takes_none {
            self.sealed = self.scopes.len();
        }
        let mut sources: Vec<Source> = from.chains.iter().flat_map(Chain::sources).collect();
        if let Some(eager) = &select.eager {
            sources.extend(eager_sources(eager)?);
        }
        self.scopes.push(sources);
        // A subquery of RETURNING has tables of its own.
        let was_bare = std::mem::replace(&mut self.bare_columns, false);
        let done = write(self, &from);
        self.bare_columns = was_bare;
        self.scopes.pop();
        self.sealed = was_sealed;
        done
    }

    /// Resolves the joins of a SELECT, and puts each behind the table that it starts from.
    fn plan<'a>(&self, select: &'a SelectNode) -> Result<From<'a>> {
        let joins = joins(select)?;
        refuse_twice(&joins)?;
        let roots = self.roots(select, &joins)?;
        let mut chains: Vec<Chain<'a>> = roots.into_iter().map(|root| Chain { root, joins: vec![] }).collect();
        let local: Vec<TableRef> = chains
            .iter()
            .map(|chain| chain.root.table())
            .chain(joins.iter().flat_map(|join| join.secondary().into_iter().chain([join.right.table()])))
            .collect();
        let mut waiting = joins;
        while !waiting.is_empty() {
            let before = waiting.len();
            for join in std::mem::take(&mut waiting) {
                let mut needs = join.needs();
                needs.retain(|table| local.iter().any(|known| known.is(*table)));
                let starts_outside = join.left.is_some_and(|left| !local.iter().any(|known| known.is(left)));
                let chain = chains.iter_mut().find(|chain| needs.iter().all(|table| chain.has(*table)));
                match chain {
                    Some(chain) if !starts_outside => chain.joins.push(join),
                    _ => waiting.push(join),
                }
            }
            if waiting.len() == before {
                return Err(misplaced(&waiting[0], &chains));
            }
        }
        let criteria = self.restrict(&mut chains)?;
        Ok(From { chains, criteria })
    }

    /// Returns whether a table is in the FROM of a SELECT or of a member of it, under its own name.
    pub(super) fn is_read_by(&self, mapper: &'static Mapper, select: &SelectNode) -> Result<bool> {
        if let Some(set) = &select.set {
            return set.members.iter().try_fold(false, |found, member| Ok(found || self.is_read_by(mapper, member)?));
        }
        let from = self.plan(select)?;
        Ok(from.chains.iter().any(|chain| chain.has(TableRef::table(mapper, Alias::NONE))))
    }

    /// Gives each join the conditions on what it joins, and returns those that belong into WHERE.
    fn restrict(&self, chains: &mut [Chain<'_>]) -> Result<Vec<Node>> {
        let mut conditions = Vec::new();
        for chain in chains {
            let root = self.criteria_of(chain.root.table());
            let keeps_right = |join: &Join<'_>| matches!(join.kind, JoinKind::Right | JoinKind::Full);
            if chain.joins.iter().any(keeps_right)
                && let Some(table) = chain.tables().find(|table| !self.criteria_of(*table).is_empty())
            {
                return Err(refuse_outer(table));
            }
            conditions.extend(root);
            for join in &mut chain.joins {
                let own = self.criteria_of(join.right.table());
                match join.on {
                    On::Nothing => conditions.extend(own),
                    On::Condition(_) | On::Relationship(_) => {
                        let between = join.secondary().map(|table| self.criteria_of(table)).unwrap_or_default();
                        join.criteria = [own, between].concat();
                    }
                }
            }
        }
        Ok(conditions)
    }

    /// Finds the tables that FROM begins with: those named, those that joins start from, and those that are mentioned,
    /// less those that are joined and those of the statements around.
    fn roots<'a>(&self, select: &'a SelectNode, joins: &[Join<'_>]) -> Result<Vec<Item<'a>>> {
        let mut mentioned = Scope::default();
        for item in select.from.iter().filter(|item| !item.is_implied()) {
            let table = item.reference();
            if mentioned.0.iter().any(|known| known.is(table)) && table.alias.is_derived() {
                return Err(twice(table));
            }
            Item::of(item).leans_on().into_iter().filter(|table| !table.alias.is_derived()).for_each(|table| {
                if item.derived().is_some_and(|derived| derived.body.arguments().is_some()) {
                    mentioned.add_table(table);
                }
            });
            mentioned.add_table(table);
        }
        mention_outputs(select, &mut mentioned);
        let lefts = joins.iter().filter_map(|join| join.left);
        lefts.filter(|table| !table.alias.is_derived()).for_each(|table| mentioned.add_table(table));
        let own = mentioned.0.len();
        let conditions = select.filters.iter().chain(&select.group_by).chain(&select.having).chain(&select.distinct_on);
        conditions.chain(select.order_by.iter().map(|item| &item.node)).for_each(|node| {
            mentioned.mention(node);
            mention_implied(select, node, &mut mentioned);
        });

        let is_joined = |table: TableRef| {
            joins.iter().any(|join| {
                join.right.table().is(table) || join.secondary().is_some_and(|secondary| secondary.is(table))
            }) || select.eager.iter().flat_map(|eager| &eager.joins).any(|join| {
                let is_between = join.secondary != Alias::NONE && join.secondary == table.alias;
                join.relation.target_alias == table.alias || is_between
            })
        };
        let has = |scopes: &[Vec<Source>], table| scopes.iter().flatten().any(|source| source.table.is(table));
        let is_around = |table: TableRef| has(&self.scopes, table);
        let is_theirs = |position: usize, table: TableRef| match &select.correlation {
            Correlation::Automatic => {
                (position >= own || is_implied(select, table)) && has(&self.scopes[self.sealed..], table)
            }
            Correlation::Only(tables) => tables.iter().any(|known| known.is(table)) && is_around(table),
            Correlation::Except(tables) => !tables.iter().any(|known| known.is(table)) && is_around(table),
        };
        let had_any = mentioned.0.iter().any(|table| !is_implied(select, *table));
        let tables = || mentioned.0.iter().copied().enumerate().filter(|&(_, table)| !is_joined(table));
        let mut roots: Vec<TableRef> =
            tables().filter(|&(position, table)| !is_theirs(position, table)).map(|(_, table)| table).collect();
        if roots.is_empty() && matches!(select.correlation, Correlation::Automatic) {
            // It would select from nothing: what it selects is then of a table of its own, as SQLAlchemy takes it too.
            roots = tables().filter(|&(position, _)| position < own).map(|(_, table)| table).collect();
        }
        if roots.is_empty() && had_any && !self.scopes.is_empty() {
            return Err(Error::new(
                ErrorKind::Compile,
                "a subquery has no table left in FROM: all that it mentions are those of the statement around it",
            )
            .hint("say by `.correlate(…)` which tables it takes from there, or give its own an alias"));
        }
        let item = |table: TableRef| {
            let known = select.from.iter().find(|item| item.reference().is(table));
            known.map_or(Item::Table(table), Item::of)
        };
        // What may mention others stands behind them.
        let (lateral, plain): (Vec<Item<'_>>, Vec<Item<'_>>) =
            roots.into_iter().map(item).partition(|item| item.is_lateral());
        Ok(plain.into_iter().chain(lateral).collect())
    }

    /// Writes FROM.
    pub(super) fn from(&mut self, select: &SelectNode, from: &From<'_>) -> Result<()> {
        if from.chains.is_empty() {
            return Ok(());
        }
        if from.chains.len() > 1 {
            self.warning = self.warning.take().or_else(|| unconnected(select, from));
        }
        self.push(" FROM ");
        self.separated(&from.chains, ", ", |this, chain| {
            this.item(chain.root, select)?;
            chain.joins.iter().try_for_each(|join| this.join(join, select))
        })?;
        select.eager.iter().try_for_each(|eager| self.eager_joins(eager))
    }

    fn join(&mut self, join: &Join<'_>, select: &SelectNode) -> Result<()> {
        if join.kind == JoinKind::Full && !self.dialect.clauses().full_join {
            return Err(self.unsupported("FULL OUTER JOIN"));
        }
        if !matches!(&join.on, On::Relationship(info) if info.secondary.is_some()) {
            self.push(if matches!(join.on, On::Nothing) { " CROSS JOIN " } else { words(join.kind) });
        }
        match &join.on {
            On::Nothing => self.item(join.right, select),
            On::Condition(condition) => {
                self.item(join.right, select)?;
                self.push(" ON ");
                self.on(condition, &join.criteria)
            }
            On::Relationship(info) => self.join_relationship(info, join, select),
        }
    }

    /// Writes the condition of a join.
    fn on(&mut self, condition: &Node, criteria: &[Node]) -> Result<()> {
        match criteria {
            [] => self.join_condition(condition),
            _ => self.join_condition(&criteria.iter().cloned().fold(condition.clone(), Node::and)),
        }
    }

    /// Writes ON. Of several outer joins MySQL loses the conditions of an EXISTS or IN there, where it makes a join of it.
    pub(super) fn join_condition(&mut self, condition: &Node) -> Result<()> {
        let kept = self.keeps_exists || self.dialect == Dialect::MySql;
        let around = std::mem::replace(&mut self.keeps_exists, kept);
        let done = self.node(condition);
        self.keeps_exists = around;
        done
    }

    fn join_relationship(&mut self, info: &RelationshipInfo, join: &Join<'_>, select: &SelectNode) -> Result<()> {
        let owner_alias = join.left.map_or(Alias::NONE, |table| table.alias);
        let owner = |column| Node::Column { mapper: info.owner, column, alias: owner_alias };
        let target = |column| Node::Column { mapper: info.target, column, alias: join.right.table().alias };
        let Some(secondary) = &info.secondary else {
            self.item(join.right, select)?;
            self.push(" ON ");
            if let Some(condition) = info.condition_between(owner_alias, join.right.table().alias) {
                return self.on(&condition, &join.criteria);
            }
            let pairs = equal(info.pairs.iter().map(|&(own, other)| (owner(own), target(other))));
            return self.on(&pairs, &join.criteria);
        };
        let between = |column| Node::Column { mapper: secondary.mapper, column, alias: Alias::NONE };
        let near = equal(info.pairs.iter().map(|&(own, other)| (owner(own), between(other))));
        let far = equal(secondary.pairs.iter().map(|&(own, other)| (between(own), target(other))));
        let pair = |this: &mut Self, word: &str, on: &Node| {
            this.push(word);
            this.item(join.right, select)?;
            this.push(" ON ");
            this.on(on, &join.criteria)
        };
        if join.kind == JoinKind::Left {
            // What has no partner stays, so the association rows must not be joined on their own.
            self.push(" LEFT OUTER JOIN (");
            self.table(secondary.mapper, Alias::NONE);
            pair(self, " JOIN ", &far)?;
            self.push(") ON ");
            return self.node(&near);
        }
        // What stays on the right is the target's, whether or not an association row leads to it.
        self.push(words(if join.kind == JoinKind::Full { JoinKind::Left } else { JoinKind::Inner }));
        self.table(secondary.mapper, Alias::NONE);
        self.push(" ON ");
        self.node(&near)?;
        pair(self, words(join.kind), &far)
    }

    /// Writes one thing of FROM with its name.
    fn item(&mut self, item: Item<'_>, select: &SelectNode) -> Result<()> {
        match item {
            Item::Table(TableRef { mapper: Some(mapper), alias }) if !alias.is_derived() => self.table(mapper, alias),
            Item::Table(table) => return Err(not_in_from(table.alias)),
            Item::Derived(derived) => self.derived(derived)?,
        }
        let table = item.table();
        for hint in &select.hints {
            if let HintPlace::Table(of) = hint.place
                && of.is(table)
                && hint.dialect.is_none_or(|dialect| dialect == self.dialect)
            {
                self.push(" ");
                self.push(&hint.sql);
            }
        }
        Ok(())
    }

    pub(super) fn derived(&mut self, derived: &DerivedNode) -> Result<()> {
        if derived.is_lateral {
            if !self.dialect.clauses().lateral {
                return Err(self.unsupported("LATERAL"));
            }
            self.push("LATERAL ");
        }
        match &derived.body {
            Body::Select(select) => {
                self.push("(");
                // What stands beside it in FROM is out of its sight.
                match derived.is_lateral {
                    true => self.subquery(Shape::Derived, |this| this.named_select(select, &derived.columns))?,
                    false if self.settles_groups && is_grouped(select) => self.settled(select, &derived.columns)?,
                    false => self.apart(|this| this.named_select(select, &derived.columns))?,
                }
                self.push(")");
                self.named(derived.alias);
                Ok(())
            }
            Body::Values(rows) => self.values(rows, derived),
            Body::Function { name, arguments, with_ordinality, types } => {
                self.function(name, arguments, *with_ordinality, types, derived)
            }
            Body::JsonTable { document, path, columns } => self.json_table(document, path, columns, derived),
            Body::Cte { name, .. } => {
                self.label(name.name().unwrap_or_default());
                if *name != derived.alias {
                    self.named(derived.alias);
                }
                Ok(())
            }
        }
    }

    /// Writes a SELECT as what is selected once: a database neither takes a LIMIT into what is around it nor a condition into
    /// what has one.
    fn settled(&mut self, select: &SelectNode, columns: &[String]) -> Result<()> {
        self.push("SELECT * FROM (");
        self.apart(|this| this.named_select(select, columns))?;
        let no_limit = self.capabilities().no_limit;
        self.push(&format!(") AS settled LIMIT {no_limit}"));
        Ok(())
    }

    fn named(&mut self, alias: Alias) {
        self.push(" AS ");
        self.label(alias.name().unwrap_or_default());
    }

    /// Writes a name and those of the columns, each with its type where that is told.
    fn named_with_columns(&mut self, derived: &DerivedNode, types: &[ColumnType]) -> Result<()> {
        self.named(derived.alias);
        self.push(" (");
        for (position, column) in derived.columns.iter().enumerate() {
            self.push(if position > 0 { ", " } else { "" });
            self.label(column);
            if let Some(column_type) = types.get(position) {
                self.push(" ");
                self.type_name(column_type)?;
            }
        }
        self.push(")");
        Ok(())
    }

    /// Writes rows of values as a query of their own.
    pub(super) fn rows(&mut self, rows: &[Vec<Node>], name: Alias) -> Result<()> {
        if rows.is_empty() {
            return Err(no_row(name));
        }
        let (first, before, after) = match self.dialect.clauses().values {
            ValuesForm::Rows => ("VALUES ROW(", ", ROW(", ")"),
            ValuesForm::Named | ValuesForm::Numbered => ("VALUES (", ", (", ")"),
            ValuesForm::Union => ("SELECT ", " UNION ALL SELECT ", ""),
        };
        for (position, row) in rows.iter().enumerate() {
            self.push(if position == 0 { first } else { before });
            self.separated(row, ", ", Self::value_of_column)?;
            self.push(after);
        }
        Ok(())
    }

    fn values(&mut self, rows: &[Vec<Node>], derived: &DerivedNode) -> Result<()> {
        let Some((first, others)) = rows.split_first() else {
            return Err(no_row(derived.alias));
        };
        match self.dialect.clauses().values {
            ValuesForm::Named | ValuesForm::Rows => {
                self.push("(");
                self.rows(rows, derived.alias)?;
                self.push(")");
                self.named_with_columns(derived, &[])?;
            }
            ValuesForm::Numbered => {
                self.push("(SELECT ");
                self.separated(derived.columns.iter().enumerate(), ", ", |this, (position, column)| {
                    this.push(&format!("column{} AS ", position + 1));
                    this.label(column);
                    Ok(())
                })?;
                self.push(" FROM (");
                self.rows(rows, derived.alias)?;
                self.push("))");
                self.named(derived.alias);
            }
            ValuesForm::Union => {
                self.push("(SELECT ");
                self.separated(first.iter().zip(derived.columns.iter()), ", ", |this, (value, column)| {
                    this.node(value)?;
                    this.push(" AS ");
                    this.label(column);
                    Ok(())
                })?;
                for row in others {
                    self.push(" UNION ALL SELECT ");
                    self.separated(row, ", ", |this, value| this.node(value))?;
                }
                self.push(")");
                self.named(derived.alias);
            }
        }
        Ok(())
    }

    fn function(
        &mut self,
        name: &str,
        arguments: &[Node],
        with_ordinality: bool,
        types: &[ColumnType],
        derived: &DerivedNode,
    ) -> Result<()> {
        let form = self.dialect.clauses().functions;
        let is_missing = match (form, name) {
            (Functions::None, _) => true,
            // Its shell has the first, but not the library.
            (Functions::Plain, "generate_series" | "unnest") => true,
            _ => false,
        };
        if is_missing {
            return Err(self.unsupported(&format!("the function `{name}` in FROM")));
        }
        if with_ordinality && form != Functions::Named {
            return Err(self.unsupported("WITH ORDINALITY"));
        }
        if !types.is_empty() && form != Functions::Named {
            return Err(self.unsupported("a function in FROM whose columns have types"));
        }
        // PostgreSQL's own of that name gives values as JSON, and not those of JSONB.
        let is_each = form == Functions::Named && name == "json_each";
        self.push(if is_each { "jsonb_each_text(" } else { name });
        self.push(if is_each { "" } else { "(" });
        self.separated(arguments, ", ", |this, argument| match is_each && !is_json(argument) {
            true => this.cast(argument, &ColumnType::Json),
            false => this.node(argument),
        })?;
        self.push(if with_ordinality { ") WITH ORDINALITY" } else { ")" });
        match form {
            Functions::Named => self.named_with_columns(derived, types)?,
            _ => self.named(derived.alias),
        }
        Ok(())
    }

    fn json_table(
        &mut self,
        document: &Node,
        path: &str,
        columns: &[(String, ColumnType)],
        derived: &DerivedNode,
    ) -> Result<()> {
        if !matches!(self.dialect, Dialect::MySql | Dialect::MariaDb) {
            return Err(self.unsupported("JSON_TABLE").hint("`func::json_each` gives the members of a document"));
        }
        self.push("JSON_TABLE(");
        self.node(document)?;
        self.push(", ");
        self.json_path(path)?;
        self.push(" COLUMNS (");
        self.separated(columns.iter().zip(derived.columns.iter()), ", ", |this, ((path, column_type), name)| {
            this.label(name);
            this.push(" ");
            this.type_name(column_type)?;
            this.push(" PATH ");
            this.json_path(path)
        })?;
        self.push("))");
        self.named(derived.alias);
        Ok(())
    }

    /// Writes a path, which is part of the text: no database takes a parameter for it.
    fn json_path(&mut self, path: &str) -> Result<()> {
        let literal = self.dialect.literal(&Value::Text(path.to_owned()))?;
        self.push(&literal);
        Ok(())
    }

    // ---------------------------------------------------------------------------------------- columns of FROM

    /// Writes a column of a derived table.
    pub(super) fn field(&mut self, source: Alias, index: u16) -> Result<()> {
        let name = self.field_name(source, index)?;
        self.note_column(|known| known.table.alias == source);
        if !self.bare_columns {
            self.label(source.name().unwrap_or_default());
            self.push(".");
        }
        self.label(&name);
        Ok(())
    }

    pub(super) fn field_name(&self, source: Alias, index: u16) -> Result<String> {
        let known = self.source(source).ok_or_else(|| not_in_from(source))?;
        let columns = known.columns.as_deref().unwrap_or_default();
        columns.get(usize::from(index)).cloned().ok_or_else(|| not_in_from(source))
    }

    /// Checks that a derived table, whose alias it is, is in FROM here or around.
    pub(super) fn check_in_sight(&self, alias: Alias) -> Result<()> {
        if alias.is_derived() && self.source(alias).is_none() { Err(not_in_from(alias)) } else { Ok(()) }
    }

    /// Finds a derived table, the innermost first.
    pub(super) fn source(&self, alias: Alias) -> Option<&Source> {
        self.scopes.iter().rev().flatten().find(|source| source.table.alias == alias)
    }
}

/// Returns whether an expression is known to be JSON of the database's own type.
/// Returns whether the rows of a SELECT are told by groups, or by partitions of a window.
fn is_grouped(select: &SelectNode) -> bool {
    let mut has_window = false;
    let outputs = select.outputs.iter().filter_map(Output::node);
    outputs.for_each(|node| node.visit(&mut |node| has_window |= matches!(node, Node::Over { .. })));
    has_window || !select.group_by.is_empty()
}

fn is_json(node: &Node) -> bool {
    match node {
        Node::Column { mapper, column, .. } => {
            (mapper.definition().columns[usize::from(*column)].column_type)() == ColumnType::Json
        }
        Node::Cast { column_type, .. } => **column_type == ColumnType::Json,
        _ => false,
    }
}

fn words(kind: JoinKind) -> &'static str {
    match kind {
        JoinKind::Inner => " JOIN ",
        JoinKind::Left => " LEFT OUTER JOIN ",
        JoinKind::Right => " RIGHT OUTER JOIN ",
        JoinKind::Full => " FULL OUTER JOIN ",
    }
}

fn equal(pairs: impl Iterator<Item = (Node, Node)>) -> Node {
    Node::All(pairs.map(|(left, right)| Node::binary(Operator::Eq, left, right)).collect())
}

fn not_in_from(alias: Alias) -> Error {
    let name = alias.name().unwrap_or_default();
    Error::new(ErrorKind::Compile, format!("`{name}` is not in FROM"))
        .hint(format!("join it, or name it by `.select_from(&{name})`"))
}

fn twice(table: TableRef) -> Error {
    let name = table.name();
    let error = Error::new(ErrorKind::Compile, format!("table `{name}` is in FROM twice"));
    if table.alias.is_derived() {
        return error.hint(format!("name one of them again: `{name}.alias(\"other\")`"));
    }
    error.hint("give one of them an alias, such as `Employee.manager.of(Employee.alias(\"manager\"))`")
}

fn refuse_twice(joins: &[Join<'_>]) -> Result<()> {
    for (position, join) in joins.iter().enumerate() {
        let table = join.right.table();
        if joins[..position].iter().any(|earlier| earlier.right.table().is(table)) {
            return Err(twice(table));
        }
    }
    Ok(())
}

fn misplaced(join: &Join<'_>, chains: &[Chain<'_>]) -> Error {
    let name = join.right.table().name();
    let missing = |table: &TableRef| !chains.iter().any(|chain| chain.has(*table));
    if let Some(start) = join.left.into_iter().chain(join.needs()).find(missing) {
        let start_name = start.name();
        let message = format!("the join to `{name}` starts from `{start_name}`, which is not in FROM");
        let place = match (start.mapper, start.alias == Alias::NONE) {
            (Some(mapper), true) => mapper.definition().name.to_owned(),
            _ => format!("&{start_name}"),
        };
        return Error::new(ErrorKind::Compile, message)
            .hint(format!("name it by `.select_from({place})`, or join it first"));
    }
    let names: Vec<String> = join.needs().iter().map(|table| format!("`{}`", table.name())).collect();
    Error::new(
        ErrorKind::Compile,
        format!("the join to `{name}` is about {}, which nothing joins", names.join(" and ")),
    )
    .hint("join these first, by `.join_on(…)` or `.cross_join(…)`")
}

fn no_row(name: Alias) -> Error {
    let name = name.name().unwrap_or_default();
    Error::new(ErrorKind::Compile, format!("the list of values `{name}` has no row"))
}

fn mention_outputs(select: &SelectNode, scope: &mut Scope) {
    for output in &select.outputs {
        match &output.kind {
            OutputKind::Entity { alias, .. } if alias.is_derived() => {}
            OutputKind::Entity { mapper, alias } => scope.add(mapper, *alias),
            OutputKind::Expression(node) => {
                scope.mention(node);
                mention_implied(select, node, scope);
            }
        }
    }
}

/// Adds the derived tables that are in FROM for the columns of them in an expression.
fn mention_implied(select: &SelectNode, node: &Node, scope: &mut Scope) {
    if !select.from.iter().any(FromItem::is_implied) {
        return;
    }
    node.visit(&mut |node| {
        if let Node::Field { source, .. } = node
            && is_implied(select, TableRef::derived(*source))
        {
            scope.add_table(TableRef::derived(*source));
        }
    });
}

/// Returns whether a derived table is in FROM only for its columns.
fn is_implied(select: &SelectNode, table: TableRef) -> bool {
    select.from.iter().any(|item| item.is_implied() && item.reference().is(table))
}

// ---------------------------------------------------------------------------------------------------- join conditions

/// Resolves the joins of a SELECT.
fn joins(select: &SelectNode) -> Result<Vec<Join<'_>>> {
    let mut joins: Vec<Join<'_>> = Vec::new();
    for join in &select.joins {
        let join = match join {
            JoinNode::On { kind, left, right, on } => Join {
                kind: *kind,
                left: *left,
                right: Item::of(right),
                on: On::Condition(Cow::Borrowed(on)),
                criteria: Vec::new(),
            },
            JoinNode::Cross { right } => Join {
                kind: JoinKind::Inner,
                left: None,
                right: Item::of(right),
                on: On::Nothing,
                criteria: Vec::new(),
            },
            JoinNode::Inferred { kind, left, right } => inferred(select, &joins, *kind, *left, Item::of(right))?,
            JoinNode::Relation { kind, relation } => {
                let info = relationship(relation)?;
                let left = TableRef::table(relation.owner, relation.alias);
                let right = TableRef::table(info.target, relation.target_alias);
                if left.is(right) {
                    let name = info.name();
                    let target = info.target.definition().name;
                    let message = format!("the join along `{name}` leads from `{target}` to itself");
                    return Err(Error::new(ErrorKind::Compile, message).hint(format!(
                        "give the far end an alias: `let other = {target}.alias(\"other\")` and `.join({name}.of(other))`"
                    )));
                }
                Join {
                    kind: *kind,
                    left: Some(left),
                    right: Item::Table(right),
                    on: On::Relationship(info),
                    criteria: Vec::new(),
                }
            }
        };
        joins.push(join);
    }
    Ok(joins)
}

/// Finds the foreign keys that a join to a table without a condition follows.
///
/// They are those of the table that was joined last, or else of any that is there, if it is but one.
fn inferred<'a>(
    select: &SelectNode,
    joins: &[Join<'_>],
    kind: JoinKind,
    left: Option<TableRef>,
    right: Item<'a>,
) -> Result<Join<'a>> {
    let target = right.table();
    let candidates = match left {
        Some(left) => vec![left],
        None => {
            let mut known = Scope::default();
            select.from.iter().for_each(|item| known.add_table(item.reference()));
            mention_outputs(select, &mut known);
            joins.iter().flat_map(|join| join.left.into_iter().chain([join.right.table()])).for_each(|table| {
                known.add_table(table);
            });
            known.0.retain(|table| !table.is(target));
            known.0
        }
    };
    let last = joins.last().map(|join| join.right.table()).filter(|_| left.is_none());
    let mut found = Vec::new();
    for candidate in last.into_iter().chain(candidates.iter().copied()) {
        if !links(candidate, target)?.is_empty() {
            found.push(candidate);
            if last.is_some_and(|last| last.is(candidate)) {
                break;
            }
        }
    }
    let name = target.name();
    let left = match found.as_slice() {
        [] => return Err(no_foreign_key(&candidates, target)),
        [only] => *only,
        several => {
            let names: Vec<String> = several.iter().map(|table| format!("`{}`", table.name())).collect();
            let message = format!("`{name}` can be joined to several tables of FROM: {}", names.join(", "));
            return Err(Error::new(ErrorKind::Compile, message)
                .hint("say which by `.join_from(left, right)`, or join along a relationship"));
        }
    };
    let on = foreign_key_condition(left, target)?;
    Ok(Join { kind, left: Some(left), right, on: On::Condition(Cow::Owned(on)), criteria: Vec::new() })
}

fn no_foreign_key(candidates: &[TableRef], target: TableRef) -> Error {
    if candidates.is_empty() {
        let message = format!("FROM has no table that `{}` could be joined to", target.name());
        return Error::new(ErrorKind::Compile, message).hint("say which by `.join_from(left, right)`");
    }
    let names: Vec<String> = candidates.iter().map(|table| format!("`{}`", table.name())).collect();
    let message = format!("there is no foreign key between {} and `{}`", names.join(", "), target.name());
    Error::new(ErrorKind::Compile, message).hint("say how they are joined, by `.join_on(…)` or along a relationship")
}

/// Returns the condition that the one foreign key between two tables makes.
pub(super) fn foreign_key_condition(left: TableRef, right: TableRef) -> Result<Node> {
    let mut links = links(left, right)?;
    match links.len() {
        0 => Err(no_foreign_key(&[left], right)),
        1 => Ok(links.remove(0)),
        _ => {
            let message = format!("several foreign keys lead between `{}` and `{}`", left.name(), right.name());
            Err(Error::new(ErrorKind::Compile, message).hint("say which, by `.join_on(…)` or along a relationship"))
        }
    }
}

/// Lists the conditions that the foreign keys between two tables make, either way.
fn links(left: TableRef, right: TableRef) -> Result<Vec<Node>> {
    let mut conditions = Vec::new();
    // A table and an alias of it are two; what leads one way leads the other way as well.
    for (child, parent) in [(left, right), (right, left)] {
        let (Some(mapper), Some(target)) = (child.mapper, parent.mapper) else { continue };
        for key in &mapper.configured()?.foreign_keys {
            if key.target.is(target) {
                let pairs = key.columns.iter().zip(&key.target_columns).map(|(&own, &other)| {
                    let own = Node::Column { mapper, column: own, alias: child.alias };
                    let other = Node::Column { mapper: target, column: other, alias: parent.alias };
                    if child.is(left) { (own, other) } else { (other, own) }
                });
                conditions.push(equal(pairs));
            }
        }
    }
    Ok(conditions)
}

/// Says which tables of FROM no condition connects.
fn unconnected(select: &SelectNode, from: &From<'_>) -> Option<String> {
    let mut connections = Connections::of(from.chains.iter().flat_map(Chain::tables));
    for chain in &from.chains {
        connections.connect(chain.root.leans_on().into_iter().chain([chain.root.table()]));
        for join in &chain.joins {
            // A join connects, whatever its condition says.
            connections.connect([chain.root.table(), join.right.table()].into_iter().chain(join.needs()));
        }
    }
    select.filters.iter().for_each(|filter| edges(filter, &mut |tables| connections.connect(tables)));
    connections.verdict("SELECT")
}
