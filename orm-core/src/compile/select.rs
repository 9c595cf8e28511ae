//! SELECT becomes text: what is selected, where it comes from, and what is done to it, in the order of the clauses.

use super::Writer;
use super::eager::eager_sources;
use super::expr::relationship;
use super::lint::{Connections, mentioned};
use super::writer::{Source, source_name};
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Alias, Mapper, RelationshipInfo};
use crate::sql::{
    JoinKind, JoinNode, Node, Nullability, Nulls, Operator, OrderItem, Output, OutputKind, Precedence, SelectNode,
    TextNode, TextPart, Wrap,
};

/// What stands between SELECT and FROM.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Columns {
    /// What is selected; the outermost statement says how its columns are called.
    Outputs { outermost: bool },
    /// What is selected, named `c0`, `c1`, …, so that a subquery has no name twice.
    Numbered,
    /// `1`.
    One,
}

/// The tables and aliases of one FROM.
#[derive(Default)]
pub(super) struct Scope(Vec<(&'static Mapper, Alias)>);

impl Scope {
    pub(super) fn of(mapper: &'static Mapper, alias: Alias) -> Self {
        Scope(vec![(mapper, alias)])
    }

    pub(super) fn add(&mut self, mapper: &'static Mapper, alias: Alias) {
        if !self.has(mapper, alias) {
            self.0.push((mapper, alias));
        }
    }

    fn has(&self, mapper: &Mapper, alias: Alias) -> bool {
        self.0.iter().any(|(known, name)| *name == alias && known.is(mapper))
    }

    pub(super) fn tables(self) -> Vec<(&'static Mapper, Alias)> {
        self.0
    }

    /// Adds every table that an expression mentions outside of its subqueries.
    pub(super) fn mention(&mut self, node: &Node) {
        node.visit(&mut |node| match node {
            Node::Column { mapper, alias, .. } => self.add(mapper, *alias),
            Node::Related { relation, .. } => self.add(relation.owner, relation.alias),
            _ => {}
        });
    }
}

/// A JOIN whose tables are known.
struct Join<'a> {
    kind: JoinKind,
    /// What it starts from, if it follows a relationship.
    left: Option<(&'static Mapper, Alias)>,
    right: (&'static Mapper, Alias),
    on: On<'a>,
}

enum On<'a> {
    Condition(&'a Node),
    Relationship(&'static RelationshipInfo),
}

impl Writer {
    /// Writes a SELECT; the outermost one says how its columns are called.
    pub(super) fn select(&mut self, select: &SelectNode, outermost: bool) -> Result<()> {
        match (&select.limit_per, &select.eager) {
            (None, Some(eager)) if eager.wrap != Wrap::No => self.wrapped(select, eager, outermost),
            (None, _) => self.select_columns(select, Columns::Outputs { outermost }),
            (Some((partition, limit)), _) => self.limited_per(select, partition, limit, outermost),
        }
    }

    /// Writes `SELECT 1` with the clauses of a SELECT.
    pub(super) fn select_one(&mut self, select: &SelectNode) -> Result<()> {
        self.select_columns(select, Columns::One)
    }

    /// Writes the SELECT that counts the rows of another.
    pub(super) fn count(&mut self, select: &SelectNode) -> Result<()> {
        self.labels = vec!["count".to_owned()];
        let mut counted = select.clone();
        if select.limit.is_none() && select.offset.is_none() {
            counted.order_by.clear();
        }
        let is_plain = !select.distinct
            && select.group_by.is_empty()
            && select.having.is_empty()
            && select.limit.is_none()
            && select.offset.is_none()
            && select.limit_per.is_none()
            && !has_aggregate(select);
        if is_plain {
            return self.in_scope(&counted, |this| {
                this.push("SELECT count(*)");
                this.clauses(&counted)
            });
        }
        let columns = if select.distinct || !select.group_by.is_empty() || has_aggregate(select) {
            Columns::Numbered
        } else {
            Columns::One
        };
        self.push("SELECT count(*) FROM (");
        self.select_columns(&counted, columns)?;
        self.push(") AS counted");
        Ok(())
    }

    pub(super) fn select_columns(&mut self, select: &SelectNode, columns: Columns) -> Result<()> {
        self.in_scope(select, |this| {
            this.push(if select.distinct { "SELECT DISTINCT " } else { "SELECT " });
            this.outputs(select, columns)?;
            this.clauses(select)
        })
    }

    fn outputs(&mut self, select: &SelectNode, columns: Columns) -> Result<()> {
        if columns == Columns::One {
            self.push("1");
            return Ok(());
        }
        if select.outputs.is_empty() {
            return Err(Error::new(ErrorKind::Compile, "a SELECT selects nothing"));
        }
        let mut number = 0;
        self.separated(&select.outputs, ", ", |this, output| {
            this.reject_null(output)?;
            this.output(output, columns, &mut number)
        })
    }

    /// Writes what is selected, as RETURNING or SELECT lists it.
    fn output(&mut self, output: &Output, columns: Columns, number: &mut usize) -> Result<()> {
        let names = columns == Columns::Outputs { outermost: true };
        let numbered = |this: &mut Self, number: &mut usize| {
            if columns == Columns::Numbered {
                this.push(&format!(" AS c{number}"));
                *number += 1;
            }
        };
        match &output.kind {
            OutputKind::Entity { mapper, alias } => self.separated(0..mapper.width() as u16, ", ", |this, column| {
                this.column(mapper, column, *alias);
                numbered(this, number);
                if names {
                    this.labels.push(column_label(mapper, column, *alias));
                }
                Ok(())
            }),
            OutputKind::Expression(node) => {
                self.node(node)?;
                if let Node::Label { name, .. } = node
                    && columns != Columns::Numbered
                {
                    self.push(" AS ");
                    self.label(name);
                }
                numbered(self, number);
                if names {
                    let label = match node {
                        Node::Column { mapper, column, alias } => column_label(mapper, *column, *alias),
                        Node::Label { name, .. } => (*name).to_owned(),
                        _ => format!("#{}", self.labels.len() + 1),
                    };
                    self.labels.push(label);
                }
                Ok(())
            }
        }
    }

    /// Writes RETURNING, with the columns bare where they can only be those of the table that is written.
    pub(super) fn returning(&mut self, outputs: &[Output], bare_columns: bool) -> Result<()> {
        if outputs.is_empty() {
            return Ok(());
        }
        self.push(" RETURNING ");
        let was_bare = std::mem::replace(&mut self.bare_columns, bare_columns);
        let done = self
            .separated(outputs, ", ", |this, output| this.output(output, Columns::Outputs { outermost: true }, &mut 0));
        self.bare_columns = was_bare;
        done
    }

    /// Writes FROM and what follows it.
    fn clauses(&mut self, select: &SelectNode) -> Result<()> {
        self.from(select)?;
        self.where_clause(&select.filters)?;
        if !select.group_by.is_empty() {
            self.push(" GROUP BY ");
            self.separated(&select.group_by, ", ", |this, node| this.node(node))?;
        }
        if !select.having.is_empty() {
            self.push(" HAVING ");
            self.conjunction(&select.having, " AND ", Precedence::And, true)?;
        }
        self.order_by(&select.order_by)?;
        self.limit(select.limit.as_ref(), select.offset.as_ref())
    }

    /// Writes WHERE.
    pub(super) fn where_clause(&mut self, filters: &[Node]) -> Result<()> {
        if filters.is_empty() {
            return Ok(());
        }
        self.push(" WHERE ");
        // A filter that is a list of ANDs joins the others without parentheses.
        let flat: Vec<Node> = filters
            .iter()
            .flat_map(|filter| match filter {
                Node::All(list) => list.clone(),
                other => vec![other.clone()],
            })
            .collect();
        self.conjunction(&flat, " AND ", Precedence::And, true)
    }

    pub(super) fn order_by(&mut self, order: &[OrderItem]) -> Result<()> {
        if order.is_empty() {
            return Ok(());
        }
        self.push(" ORDER BY ");
        self.separated(order, ", ", |this, item| {
            let native = this.capabilities().nulls_order;
            if let Some(nulls) = item.nulls
                && !native
            {
                this.node(&item.node)?;
                this.push(if nulls == Nulls::First { " IS NULL DESC, " } else { " IS NULL, " });
            }
            this.node(&item.node)?;
            if item.is_descending {
                this.push(" DESC");
            }
            match item.nulls {
                Some(Nulls::First) if native => this.push(" NULLS FIRST"),
                Some(Nulls::Last) if native => this.push(" NULLS LAST"),
                _ => {}
            }
            Ok(())
        })
    }

    fn limit(&mut self, limit: Option<&Node>, offset: Option<&Node>) -> Result<()> {
        match (limit, offset) {
            (None, None) => return Ok(()),
            (Some(limit), _) => {
                self.push(" LIMIT ");
                self.node(limit)?;
            }
            (None, Some(_)) => {
                self.push(" LIMIT ");
                let no_limit = self.capabilities().no_limit;
                self.push(no_limit);
            }
        }
        if let Some(offset) = offset {
            self.push(" OFFSET ");
            self.node(offset)?;
        }
        Ok(())
    }

    /// Writes a SELECT that takes at most so many rows for each value of some columns, by `row_number()`.
    fn limited_per(&mut self, select: &SelectNode, partition: &[Node], limit: &Node, outermost: bool) -> Result<()> {
        let width = select.outputs.iter().map(|output| match &output.kind {
            OutputKind::Entity { mapper, .. } => mapper.width(),
            OutputKind::Expression(_) => 1,
        });
        let width: usize = width.sum();
        self.push("SELECT ");
        self.separated(0..width, ", ", |this, number| {
            this.push(&format!("c{number}"));
            Ok(())
        })?;
        self.push(" FROM (");
        let inner = SelectNode { limit_per: None, order_by: Vec::new(), ..select.clone() };
        self.in_scope(&inner, |this| {
            this.push("SELECT ");
            this.outputs(&inner, Columns::Numbered)?;
            this.push(", row_number() OVER (PARTITION BY ");
            this.separated(partition, ", ", |this, node| this.node(node))?;
            this.order_by(&select.order_by)?;
            this.push(") AS place");
            this.clauses(&inner)
        })?;
        self.push(") AS limited WHERE place <= ");
        self.node(limit)?;
        self.push(" ORDER BY place");
        if outermost {
            self.label_outputs(&select.outputs);
        }
        Ok(())
    }

    /// Names the columns of outputs whose text does not.
    pub(super) fn label_outputs(&mut self, outputs: &[Output]) {
        for output in outputs {
            if let OutputKind::Entity { mapper, alias } = output.kind {
                self.labels.extend((0..mapper.width() as u16).map(|column| column_label(mapper, column, alias)));
            } else {
                self.labels.push(format!("#{}", self.labels.len() + 1));
            }
        }
    }

    // ------------------------------------------------------------------------------------------------------- FROM

    fn from(&mut self, select: &SelectNode) -> Result<()> {
        let joins = joins(select)?;
        let roots = self.roots(select, &joins);
        if roots.is_empty() {
            return Ok(());
        }
        if roots.len() > 1 {
            self.warning = self.warning.take().or_else(|| unconnected(select, &roots, &joins));
        }
        self.push(" FROM ");
        let mut left: Vec<&Join<'_>> = joins.iter().collect();
        self.separated(roots, ", ", |this, (mapper, alias)| {
            this.table(mapper, alias);
            let mut reached = Scope::of(mapper, alias);
            // Joins are written in their order, each behind the table that it starts from.
            let mut waiting = Vec::new();
            for join in std::mem::take(&mut left) {
                if join.left.is_none_or(|(mapper, alias)| reached.has(mapper, alias)) {
                    reached.add(join.right.0, join.right.1);
                    this.join(join)?;
                } else {
                    waiting.push(join);
                }
            }
            left = waiting;
            Ok(())
        })?;
        match left.first() {
            None => select.eager.iter().try_for_each(|eager| self.eager_joins(eager)),
            Some(join) => {
                let name = source_name(join.right.0, join.right.1);
                Err(Error::new(
                    ErrorKind::Compile,
                    format!("the join to `{name}` starts from a table that is not in FROM"),
                ))
            }
        }
    }

    fn join(&mut self, join: &Join<'_>) -> Result<()> {
        self.push(if join.kind == JoinKind::Left { " LEFT OUTER JOIN " } else { " JOIN " });
        let (mapper, alias) = join.right;
        match &join.on {
            On::Condition(condition) => {
                self.table(mapper, alias);
                self.push(" ON ");
                self.node(condition)
            }
            On::Relationship(info) => self.join_relationship(info, join),
        }
    }

    fn join_relationship(&mut self, info: &RelationshipInfo, join: &Join<'_>) -> Result<()> {
        let owner = |column| Node::Column {
            mapper: info.owner,
            column,
            alias: join.left.map_or(Alias::NONE, |(_, alias)| alias),
        };
        let target = |column| Node::Column { mapper: info.target, column, alias: join.right.1 };
        let equal = |left, right| Node::binary(Operator::Eq, left, right);
        let Some(secondary) = &info.secondary else {
            self.table(join.right.0, join.right.1);
            self.push(" ON ");
            let on: Vec<Node> = info.pairs.iter().map(|&(own, other)| equal(owner(own), target(other))).collect();
            return self.node(&Node::All(on));
        };
        let between = |column| Node::Column { mapper: secondary.mapper, column, alias: Alias::NONE };
        let near: Vec<Node> = info.pairs.iter().map(|&(own, other)| equal(owner(own), between(other))).collect();
        let far: Vec<Node> = secondary.pairs.iter().map(|&(own, other)| equal(between(own), target(other))).collect();
        // An outer join keeps owners without members, so the association rows must not be joined on their own.
        let is_left = join.kind == JoinKind::Left;
        self.push(if is_left { "(" } else { "" });
        self.table(secondary.mapper, Alias::NONE);
        if !is_left {
            self.push(" ON ");
            self.node(&Node::All(near.clone()))?;
        }
        self.push(" JOIN ");
        self.table(join.right.0, join.right.1);
        self.push(" ON ");
        self.node(&Node::All(far))?;
        if is_left {
            self.push(") ON ");
            self.node(&Node::All(near))?;
        }
        Ok(())
    }

    /// Finds the tables that FROM begins with: those named, those that joins start from, and those that are mentioned,
    /// less those that are joined and those of the statements around.
    fn roots(&self, select: &SelectNode, joins: &[Join<'_>]) -> Vec<(&'static Mapper, Alias)> {
        let mut mentioned = Scope::default();
        select.from.iter().for_each(|&(mapper, alias)| mentioned.add(mapper, alias));
        for output in &select.outputs {
            match &output.kind {
                OutputKind::Entity { mapper, alias } => mentioned.add(mapper, *alias),
                OutputKind::Expression(node) => mentioned.mention(node),
            }
        }
        joins.iter().filter_map(|join| join.left).for_each(|(mapper, alias)| mentioned.add(mapper, alias));
        let own = mentioned.0.len();
        let conditions = select.filters.iter().chain(&select.group_by).chain(&select.having);
        conditions.for_each(|node| mentioned.mention(node));
        select.order_by.iter().for_each(|item| mentioned.mention(&item.node));
        let is_joined = |(mapper, alias): (&'static Mapper, Alias)| {
            joins.iter().any(|join| join.right.1 == alias && join.right.0.is(mapper) || join.brings(mapper, alias))
                || select.eager.iter().flat_map(|eager| &eager.joins).any(|join| join.relation.target_alias == alias)
        };
        // The last scope is this statement's own.
        let around = &self.scopes[..self.scopes.len().saturating_sub(1)];
        let is_around =
            |(mapper, alias): (&'static Mapper, Alias)| around.iter().flatten().any(|source| source.is(mapper, alias));
        let tables = mentioned.0.into_iter().enumerate();
        tables
            .filter(|&(position, table)| !is_joined(table) && (position < own || !is_around(table)))
            .map(|(_, table)| table)
            .collect()
    }

    /// Runs `write` with the tables of a SELECT in sight.
    fn in_scope(&mut self, select: &SelectNode, write: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let joins = joins(select)?;
        self.scopes.push(Vec::new());
        let roots = self.roots(select, &joins);
        let mut sources: Vec<Source> =
            roots.into_iter().map(|(mapper, alias)| Source { mapper, alias, is_optional: false }).collect();
        for join in &joins {
            if let Some(known) = sources.iter().find(|source| source.is(join.right.0, join.right.1)) {
                let name = source_name(known.mapper, known.alias);
                self.scopes.pop();
                return Err(Error::new(ErrorKind::Compile, format!("table `{name}` is in FROM twice"))
                    .hint("give one of them an alias, such as `Employee.manager.of(Employee.alias(\"manager\"))`"));
            }
            let is_optional = join.kind == JoinKind::Left;
            sources.push(Source { mapper: join.right.0, alias: join.right.1, is_optional });
            if let On::Relationship(RelationshipInfo { secondary: Some(secondary), .. }) = join.on {
                sources.push(Source { mapper: secondary.mapper, alias: Alias::NONE, is_optional });
            }
        }
        if let Some(eager) = &select.eager {
            sources.extend(eager_sources(eager)?);
        }
        *self.scopes.last_mut().expect("it was pushed above") = sources;
        // A subquery of RETURNING has tables of its own.
        let was_bare = std::mem::replace(&mut self.bare_columns, false);
        let done = write(self);
        self.bare_columns = was_bare;
        self.scopes.pop();
        done
    }

    /// Refuses an output that an outer join may leave NULL where the row's type cannot take it.
    fn reject_null(&self, output: &Output) -> Result<()> {
        if output.nullable {
            return Ok(());
        }
        let empty = Vec::new();
        let sources = self.scopes.last().unwrap_or(&empty);
        let is_optional =
            |mapper: &Mapper, alias| sources.iter().any(|source| source.is_optional && source.is(mapper, alias));
        match &output.kind {
            OutputKind::Entity { mapper, alias } if is_optional(mapper, *alias) => {
                let name = mapper.definition().name;
                let message = format!("`{name}` comes from an outer join, which may find none");
                Err(Error::new(ErrorKind::Compile, message)
                    .hint(format!("select `optional({name})`, which gives an `Option<{name}>`")))
            }
            OutputKind::Entity { .. } => Ok(()),
            OutputKind::Expression(node) => match strict_column(node, &is_optional) {
                None => Ok(()),
                Some((mapper, column)) => {
                    let field = &mapper.definition().columns[usize::from(column)].field;
                    let name = format!("{}.{field}", mapper.definition().name);
                    let message = format!("column `{name}` comes from an outer join and may be NULL");
                    Err(Error::new(ErrorKind::Compile, message)
                        .hint(format!("select `optional({name})`, which gives an `Option`")))
                }
            },
        }
    }

    // ------------------------------------------------------------------------------------------------------- text

    /// Writes SQL text with its parameters.
    pub(super) fn text(&mut self, text: &TextNode) -> Result<()> {
        if let Some(mapper) = text.model {
            self.push("SELECT ");
            self.output(&Output::entity(mapper, Alias::NONE), Columns::Outputs { outermost: true }, &mut 0)?;
            self.push(" FROM (");
        }
        for part in &text.parts {
            match part {
                TextPart::Sql(sql) => self.push(sql),
                TextPart::Parameter(node) => self.node(node)?,
            }
        }
        if let Some(mapper) = text.model {
            self.push(") AS ");
            self.identifier(mapper.definition().table);
        }
        Ok(())
    }
}

impl Join<'_> {
    /// Returns whether it brings an association table with it.
    fn brings(&self, mapper: &Mapper, alias: Alias) -> bool {
        match self.on {
            On::Relationship(RelationshipInfo { secondary: Some(secondary), .. }) => {
                alias == Alias::NONE && secondary.mapper.is(mapper)
            }
            _ => false,
        }
    }
}

/// Resolves the joins of a SELECT.
fn joins(select: &SelectNode) -> Result<Vec<Join<'_>>> {
    select
        .joins
        .iter()
        .map(|join| match join {
            JoinNode::On { kind, mapper, alias, on } => {
                Ok(Join { kind: *kind, left: None, right: (*mapper, *alias), on: On::Condition(on) })
            }
            JoinNode::Relation { kind, relation } => {
                let info = relationship(relation)?;
                let left = (relation.owner, relation.alias);
                let right = (info.target, relation.target_alias);
                if left.1 == right.1 && left.0.is(right.0) {
                    let name = info.name();
                    let target = info.target.definition().name;
                    let message = format!("the join along `{name}` leads from `{target}` to itself");
                    return Err(Error::new(ErrorKind::Compile, message).hint(format!(
                        "give the far end an alias: `let other = {target}.alias(\"other\")` and `.join({name}.of(other))`"
                    )));
                }
                Ok(Join { kind: *kind, left: Some(left), right, on: On::Relationship(info) })
            }
        })
        .collect()
}

/// Says which tables of FROM no condition connects.
fn unconnected(select: &SelectNode, roots: &[(&'static Mapper, Alias)], joins: &[Join<'_>]) -> Option<String> {
    let joined = joins.iter().map(|join| join.right);
    let mut connections = Connections::of(roots.iter().copied().chain(joined));
    for join in joins {
        let on = match join.on {
            On::Condition(condition) => mentioned(condition),
            On::Relationship(_) => Vec::new(),
        };
        connections.connect(join.left.into_iter().chain([join.right]).chain(on));
    }
    for filter in &select.filters {
        match filter {
            Node::All(list) => list.iter().for_each(|node| connections.connect(mentioned(node))),
            other => connections.connect(mentioned(other)),
        }
    }
    connections.verdict("SELECT")
}

/// Returns how a column is called in messages.
fn column_label(mapper: &Mapper, column: u16, alias: Alias) -> String {
    format!("{}.{}", source_name(mapper, alias), mapper.definition().columns[usize::from(column)].name)
}

/// Finds a column of an outer-joined table whose NULL would make the whole expression NULL.
fn strict_column(node: &Node, is_optional: &impl Fn(&Mapper, Alias) -> bool) -> Option<(&'static Mapper, u16)> {
    match node {
        Node::Column { mapper, column, alias } => is_optional(mapper, *alias).then_some((*mapper, *column)),
        Node::Binary { operator, left, right } => match operator {
            Operator::IsDistinctFrom | Operator::IsNotDistinctFrom => None,
            _ => strict_column(left, is_optional).or_else(|| strict_column(right, is_optional)),
        },
        Node::Not(inner) | Node::Label { node: inner, .. } | Node::Cast { operand: inner, .. } => {
            strict_column(inner, is_optional)
        }
        Node::Function { arguments, nullability: Nullability::Strict, .. } => {
            arguments.iter().find_map(|argument| strict_column(argument, is_optional))
        }
        Node::In { operand, .. } | Node::InSelect { operand, .. } | Node::Between { operand, .. } => {
            strict_column(operand, is_optional)
        }
        Node::Like { operand, pattern, .. } => {
            strict_column(operand, is_optional).or_else(|| strict_column(pattern, is_optional))
        }
        Node::Minus(inner) | Node::Collate { operand: inner, .. } => strict_column(inner, is_optional),
        Node::Infix { left, right, .. } => {
            strict_column(left, is_optional).or_else(|| strict_column(right, is_optional))
        }
        Node::Template { template, arguments } if template.nullability == Nullability::Strict => {
            arguments.iter().find_map(|argument| strict_column(argument, is_optional))
        }
        _ => None,
    }
}

/// Returns whether an output is an aggregate, so that the rows are one.
fn has_aggregate(select: &SelectNode) -> bool {
    let mut found = false;
    for output in &select.outputs {
        if let OutputKind::Expression(node) = &output.kind {
            node.visit(&mut |node| {
                found |= node.is_aggregate();
            });
        }
    }
    found
}
