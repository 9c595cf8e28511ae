//! WITH: every CTE of a statement, wherever it is used, is written once before it.
//!
//! In: a statement. Out: its CTEs, each behind those that it mentions.

use std::collections::BTreeMap;

use super::Writer;
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::Alias;
use crate::sql::{
    Body, ChangedRows, ConflictAction, CteCycle, CteNode, CteSearch, FromItem, HintPlace, InsertNode, InsertSource,
    JoinNode, Joined, Node, Output, OutputKind, SelectNode, Statement,
};

/// A CTE by its number.
struct Known<'a> {
    name: Alias,
    definition: &'a CteNode,
}

/// The CTEs of a statement, and the numbers of those that it mentions, in their order.
#[derive(Default)]
struct Found<'a> {
    known: BTreeMap<u64, Known<'a>>,
    mentioned: Vec<u64>,
    /// The numbers of those that stand before a subquery.
    nested: Vec<u64>,
}

impl<'a> Found<'a> {
    fn statement(&mut self, statement: &'a Statement) {
        match statement {
            Statement::Select(select) | Statement::Count(select) | Statement::Exists(select) => self.select(select),
            Statement::Explain(inner) => self.statement(inner),
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(update) => {
                update.sets.iter().for_each(|(_, node)| self.node(node));
                update.joined_sets.iter().for_each(|set| self.node(&set.value));
                self.changed(&update.rows);
            }
            Statement::Delete(delete) => self.changed(&delete.rows),
            Statement::Text(_) => {}
        }
    }

    fn insert(&mut self, insert: &'a InsertNode) {
        insert.ctes.iter().for_each(|item| self.item(item));
        match &insert.source {
            InsertSource::Rows(rows) => rows.iter().flatten().for_each(|node| self.node(node)),
            InsertSource::Plain(_) => {}
            InsertSource::Arrays(arrays) => arrays.iter().for_each(|node| self.node(node)),
            InsertSource::Select(select) => self.select(select),
        }
        for conflict in &insert.on_conflict {
            if let ConflictAction::Update { sets, filters, .. } = &conflict.action {
                sets.iter().map(|(_, node)| node).chain(filters).for_each(|node| self.node(node));
            }
        }
        insert.returning.iter().for_each(|output| self.output(output));
    }

    fn changed(&mut self, rows: &'a ChangedRows) {
        rows.ctes.iter().chain(&rows.derived).for_each(|item| self.item(item));
        rows.filters.iter().for_each(|node| self.node(node));
        for join in &rows.joins {
            if let Joined::On { on, .. } = join {
                self.node(on);
            }
        }
        rows.returning.iter().for_each(|output| self.output(output));
    }

    /// Finds the CTEs of a SELECT; those that stand before itself are none of the statement's.
    fn select(&mut self, select: &'a SelectNode) {
        if select.nested.is_empty() {
            return self.select_itself(select);
        }
        let inside = Found::nested(select);
        let own = inside.own(select);
        self.nested.extend(&own);
        self.nested.extend(&inside.nested);
        self.mentioned.extend(inside.mentioned.into_iter().filter(|id| !own.contains(id)));
        self.known.extend(inside.known.into_iter().filter(|(id, _)| !own.contains(id)));
    }

    /// Finds the CTEs of a SELECT, those included that stand before itself.
    fn nested(select: &'a SelectNode) -> Found<'a> {
        let mut found = Found::default();
        select.nested.iter().for_each(|item| found.item(item));
        found.select_itself(select);
        found
    }

    /// Returns the numbers of those that stand before a SELECT itself; what has been met outside of it stands there.
    fn own(&self, select: &SelectNode) -> Vec<u64> {
        let number = |item: &FromItem| match item.derived()?.body {
            Body::Cte { id, .. } => self.known.contains_key(&id).then_some(id),
            _ => None,
        };
        select.nested.iter().filter_map(number).collect()
    }

    fn select_itself(&mut self, select: &'a SelectNode) {
        select.ctes.iter().chain(&select.from).for_each(|item| self.item(item));
        for join in &select.joins {
            join.item().into_iter().for_each(|item| self.item(item));
            if let JoinNode::On { on, .. } = join {
                self.node(on);
            }
        }
        select.outputs.iter().for_each(|output| self.output(output));
        let nodes = select.filters.iter().chain(&select.group_by).chain(&select.having).chain(&select.distinct_on);
        nodes.for_each(|node| self.node(node));
        select.order_by.iter().for_each(|item| self.node(&item.node));
        select.set.iter().flat_map(|set| &set.members).for_each(|member| self.select(member));
    }

    fn output(&mut self, output: &'a Output) {
        if let OutputKind::Expression(node) = &output.kind {
            self.node(node);
        }
    }

    fn node(&mut self, node: &'a Node) {
        node.selects().into_iter().for_each(|select| self.select(select));
    }

    fn item(&mut self, item: &'a FromItem) {
        let Some(derived) = item.derived() else { return };
        match &derived.body {
            Body::Select(select) => self.select(select),
            Body::Values(rows) => rows.iter().flatten().for_each(|node| self.node(node)),
            Body::Function { .. } | Body::JsonTable { .. } => {
                derived.body.arguments().into_iter().flatten().for_each(|node| self.node(node));
            }
            Body::Cte { id, name, definition } => {
                self.mentioned.push(*id);
                if let Some(definition) = definition
                    && !self.known.contains_key(id)
                {
                    self.known.insert(*id, Known { name: *name, definition });
                    self.definition(definition);
                }
            }
        }
    }

    fn definition(&mut self, definition: &'a CteNode) {
        self.statement(&definition.statement);
        definition.recursion.iter().for_each(|(_, select)| self.select(select));
    }

    /// Returns the numbers, each behind those that its definition mentions.
    fn ordered(&self) -> Vec<u64> {
        let mut ordered = Vec::new();
        self.mentioned.iter().for_each(|id| self.place(*id, &mut ordered, &mut Vec::new()));
        ordered
    }

    fn place(&self, id: u64, ordered: &mut Vec<u64>, path: &mut Vec<u64>) {
        if ordered.contains(&id) || path.contains(&id) {
            return;
        }
        let Some(known) = self.known.get(&id) else { return };
        let mut inside = Found::default();
        inside.definition(known.definition);
        path.push(id);
        inside.mentioned.iter().for_each(|id| self.place(*id, ordered, path));
        path.pop();
        ordered.push(id);
    }
}

/// Returns the INSERT, UPDATE and DELETE that stand before a statement, as CTEs, wherever they are used.
pub(crate) fn writing_ctes(statement: &Statement) -> Vec<&Statement> {
    let mut found = Found::default();
    match statement {
        Statement::Select(select) | Statement::Count(select) | Statement::Exists(select) => {
            found = Found::nested(select);
        }
        _ => found.statement(statement),
    }
    let changes = |statement: &&Statement| {
        matches!(statement, Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_))
    };
    found.known.into_values().map(|known| &known.definition.statement).filter(changes).collect()
}

/// Returns the rows of the list of values that a statement selects all of.
fn listed(statement: &Statement) -> Option<&[Vec<Node>]> {
    let Statement::Select(select) = statement else { return None };
    match &select.from.first()?.derived()?.body {
        Body::Values(rows) => Some(rows),
        _ => None,
    }
}

impl Writer {
    /// Writes WITH and the CTEs of a statement, if it has any.
    pub(super) fn with(&mut self, statement: &Statement) -> Result<()> {
        let mut found = Found::default();
        match statement {
            Statement::Select(select) | Statement::Count(select) | Statement::Exists(select)
                if !select.nested.is_empty() =>
            {
                // What stands before it stands before the statement.
                found = Found::nested(select);
                self.has_nested = true;
            }
            _ => found.statement(statement),
        }
        self.check_with(statement, &found)?;
        self.with_found(&found)
    }

    /// Writes WITH and the CTEs of an INSERT where its SELECT begins, for the databases that have it there.
    pub(super) fn with_of_insert(&mut self, insert: &InsertNode) -> Result<()> {
        let mut found = Found::default();
        if let InsertSource::Select(select) = &insert.source
            && !select.nested.is_empty()
        {
            found = Found::nested(select);
            self.has_nested = true;
        }
        found.insert(insert);
        let is_select = matches!(insert.source, InsertSource::Select(_));
        if !is_select && !found.mentioned.is_empty() {
            let error = self.unsupported("WITH before INSERT of rows");
            return Err(error.hint("insert what a SELECT gives: `.from_select(…)`"));
        }
        self.with_found(&found)
    }

    fn with_found(&mut self, found: &Found<'_>) -> Result<()> {
        if found.mentioned.iter().any(|id| !found.known.contains_key(id) && found.nested.contains(id)) {
            let message = "a CTE that stands before a subquery itself is used outside of it";
            return Err(Error::new(ErrorKind::Compile, message)
                .hint("name it where the whole query begins, by `.add_cte(…)` or not at all"));
        }
        let ids = found.ordered();
        if ids.is_empty() {
            return Ok(());
        }
        self.with_ctes(found, &ids)
    }

    /// Writes the CTEs that stand before a SELECT itself, unless they have been written before the statement.
    pub(super) fn nested_with(&mut self, select: &SelectNode) -> Result<()> {
        if select.nested.is_empty() || std::mem::take(&mut self.has_nested) {
            return Ok(());
        }
        let found = Found::nested(select);
        let own = found.own(select);
        let ids: Vec<u64> = found.ordered().into_iter().filter(|id| own.contains(id)).collect();
        if ids.is_empty() {
            return Ok(());
        }
        // What stands around is out of their sight.
        self.apart(|this| this.with_ctes(&found, &ids))
    }

    fn with_ctes(&mut self, found: &Found<'_>, ids: &[u64]) -> Result<()> {
        let ctes: Vec<&Known<'_>> = ids.iter().filter_map(|id| found.known.get(id)).collect();
        for (position, cte) in ctes.iter().enumerate() {
            if ctes[..position].iter().any(|earlier| earlier.name == cte.name) {
                let name = cte.name.name().unwrap_or_default();
                return Err(Error::new(ErrorKind::Compile, format!("two unrelated CTEs are called `{name}`"))
                    .hint("a CTE that was changed after it was used is another one"));
            }
        }
        let is_recursive = ctes.iter().any(|cte| !cte.definition.recursion.is_empty());
        self.push(if is_recursive { "WITH RECURSIVE " } else { "WITH " });
        self.separated(ctes, ", ", |this, cte| this.cte(cte))?;
        self.push(" ");
        Ok(())
    }

    /// Refuses WITH where a database does not take it.
    fn check_with(&self, statement: &Statement, found: &Found<'_>) -> Result<()> {
        let verb = match statement {
            Statement::Update(_) => "UPDATE",
            Statement::Delete(_) => "DELETE",
            _ => return Ok(()),
        };
        if self.dialect.clauses().with_changes || found.mentioned.is_empty() {
            return Ok(());
        }
        Err(self.unsupported(&format!("WITH before {verb}")))
    }

    fn cte(&mut self, cte: &Known<'_>) -> Result<()> {
        let CteNode { statement, recursion, materialized, is_values, columns, .. } = cte.definition;
        self.label(cte.name.name().unwrap_or_default());
        let rows = if *is_values { listed(statement) } else { None };
        if recursion.len() > 1 && self.dialect == Dialect::Postgres {
            return Err(self.unsupported("a CTE with more than one recursive member"));
        }
        if !recursion.is_empty() || rows.is_some() {
            self.push("(");
            self.separated(columns.iter(), ", ", |this, column| {
                this.label(column);
                Ok(())
            })?;
            self.push(")");
        }
        if materialized.is_some() && !self.dialect.clauses().materialized {
            return Err(self.unsupported("a CTE that is MATERIALIZED or not"));
        }
        self.push(match materialized {
            None => " AS ",
            Some(true) => " AS MATERIALIZED ",
            Some(false) => " AS NOT MATERIALIZED ",
        });
        self.hints(&cte.definition.hints, |place| matches!(place, HintPlace::Prefix), false);
        self.push("(");
        match (statement, recursion.first()) {
            _ if rows.is_some() => self.rows(rows.unwrap_or_default(), cte.name)?,
            (Statement::Select(select), None) => self.named_select(select, columns)?,
            (Statement::Select(select), Some(_)) => self.select(select, false)?,
            (writing, _) => {
                self.returned_names = Some(columns.clone());
                self.writing_cte(writing)?;
            }
        }
        for (operator, member) in recursion {
            self.push(" ");
            self.push(operator.sql());
            self.push(" ");
            self.select(member, false)?;
        }
        self.push(")");
        self.walk(cte)?;
        self.hints(&cte.definition.hints, |place| matches!(place, HintPlace::Suffix), true);
        Ok(())
    }

    /// Writes SEARCH and CYCLE.
    fn walk(&mut self, cte: &Known<'_>) -> Result<()> {
        let CteNode { recursion, search, cycle, .. } = cte.definition;
        if recursion.is_empty() && (search.is_some() || cycle.is_some()) {
            let name = cte.name.name().unwrap_or_default();
            let message = format!("SEARCH and CYCLE belong to a recursive CTE, and `{name}` is none");
            return Err(Error::new(ErrorKind::Compile, message).hint("say them behind `.union_all(…)`"));
        }
        if let Some(search) = search {
            self.search(search)?;
        }
        cycle.iter().try_for_each(|cycle| self.cycle(cycle))
    }

    fn search(&mut self, search: &CteSearch) -> Result<()> {
        if self.dialect != Dialect::Postgres {
            return Err(self.unsupported("SEARCH of a recursive CTE"));
        }
        self.push(if search.is_breadth_first { " SEARCH BREADTH FIRST BY " } else { " SEARCH DEPTH FIRST BY " });
        self.columns_of_cte(&search.columns)?;
        self.push(" SET ");
        self.label(&search.order);
        Ok(())
    }

    fn cycle(&mut self, cycle: &CteCycle) -> Result<()> {
        match (&cycle.added, self.dialect) {
            (Some([mark, path]), Dialect::Postgres) => {
                self.push(" CYCLE ");
                self.columns_of_cte(&cycle.columns)?;
                self.push(" SET ");
                self.label(mark);
                self.push(" USING ");
                self.label(path);
            }
            (None, Dialect::MariaDb) => {
                self.push(" CYCLE ");
                self.columns_of_cte(&cycle.columns)?;
                self.push(" RESTRICT");
            }
            (Some(_), _) => return Err(self.unsupported("CYCLE … SET of a recursive CTE")),
            (None, _) => return Err(self.unsupported("CYCLE … RESTRICT of a recursive CTE")),
        }
        Ok(())
    }

    fn columns_of_cte(&mut self, columns: &[String]) -> Result<()> {
        if columns.is_empty() || columns.iter().any(String::is_empty) {
            return Err(Error::new(ErrorKind::Compile, "SEARCH and CYCLE name columns of the CTE itself")
                .hint("take them from the argument: `.cycle(|tree| tree.0, …)`"));
        }
        self.separated(columns, ", ", |this, column| {
            this.label(column);
            Ok(())
        })
    }

    fn writing_cte(&mut self, statement: &Statement) -> Result<()> {
        if !self.dialect.clauses().writing_cte {
            return Err(self.unsupported("a CTE that changes rows"));
        }
        match statement {
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(update) => self.update(update),
            Statement::Delete(delete) => self.delete(delete),
            _ => {
                Err(Error::new(ErrorKind::Compile, "a CTE is a SELECT, or an INSERT, UPDATE or DELETE with RETURNING"))
            }
        }
    }
}
