//! A SELECT without its types, and what its clauses add to it.

use std::borrow::Cow;

use super::{GroupBy, OrderBy, OrderItem};
use crate::dialect::Dialect;
use crate::mapper::{Alias, Mapper};
use crate::sql::compound::Compound;
use crate::sql::node::OutputKind;
use crate::sql::{Criterion, EagerNode, FromItem, JoinNode, Lock, Node, Output, TableRef, known};

/// A SELECT without its types.
#[derive(Clone, Debug, Default)]
pub struct SelectNode {
    pub(crate) outputs: Vec<Output>,
    pub(crate) distinct: bool,
    /// One row for each value of these.
    pub(crate) distinct_on: Vec<Node>,
    /// Tables named beside those that the outputs and conditions mention.
    pub(crate) from: Vec<FromItem>,
    pub(crate) joins: Vec<JoinNode>,
    pub(crate) filters: Vec<Node>,
    pub(crate) group_by: Vec<Node>,
    pub(crate) having: Vec<Node>,
    pub(crate) order_by: Vec<OrderItem>,
    pub(crate) limit: Option<Node>,
    pub(crate) offset: Option<Node>,
    /// Whether rows that are equal to the last in its order come on top of the limit.
    pub(crate) with_ties: bool,
    pub(crate) lock: Option<Lock>,
    /// Instead of all above but the outputs, order and limit: the queries that it is made of.
    pub(crate) set: Option<Box<Compound>>,
    pub(crate) correlation: Correlation,
    /// CTEs beside those in FROM.
    pub(crate) ctes: Vec<FromItem>,
    /// CTEs that are written before this very SELECT, wherever it stands.
    pub(crate) nested: Vec<FromItem>,
    pub(crate) hints: Vec<Hint>,
    /// Whether a CTE of it changes rows, or one of a subquery in it.
    pub(crate) writes: bool,
    /// At most so many rows for each value of these columns, by a window function.
    pub(crate) limit_per: Option<(Vec<Node>, Node)>,
    /// Relationships that are joined to it.
    pub(crate) eager: Option<Box<EagerNode>>,
    /// What holds for every row of some models, in its subqueries too.
    pub(crate) criteria: Vec<Criterion>,
}

impl SelectNode {
    /// Returns whether it has outputs, tables, joins, conditions, an order and a limit, and nothing else.
    pub(crate) fn is_plain(&self) -> bool {
        // Named one by one, so that whoever adds a clause is asked which it is.
        let SelectNode {
            outputs: _,
            distinct,
            distinct_on,
            from: _,
            joins: _,
            filters: _,
            group_by,
            having,
            order_by: _,
            limit: _,
            offset,
            with_ties,
            lock,
            set,
            correlation,
            ctes,
            nested,
            hints,
            writes: _,
            limit_per,
            eager,
            criteria,
        } = self;
        !distinct
            && distinct_on.is_empty()
            && group_by.is_empty()
            && having.is_empty()
            && offset.is_none()
            && !with_ties
            && lock.is_none()
            && set.is_none()
            && matches!(correlation, Correlation::Automatic)
            && ctes.is_empty()
            && nested.is_empty()
            && hints.is_empty()
            && limit_per.is_none()
            && eager.is_none()
            && criteria.is_empty()
    }

    /// Adds to FROM.
    pub(crate) fn add_from(&mut self, item: FromItem) {
        self.writes |= item.writes();
        self.no_longer_implied(&item);
        self.from.push(item);
    }

    pub(crate) fn add_join(&mut self, join: JoinNode) {
        if let Some(item) = join.item() {
            self.writes |= item.writes();
            self.no_longer_implied(item);
        }
        if let JoinNode::On { on, .. } = &join {
            self.writes |= on.writes();
        }
        self.joins.push(join);
    }

    /// Takes what is now in FROM by itself from what is there for its columns.
    fn no_longer_implied(&mut self, item: &FromItem) {
        self.from.retain(|known| !(known.is_implied() && known.reference().is(item.reference())));
    }

    /// Adds a condition of WHERE.
    pub(crate) fn add_filter(&mut self, node: Node) {
        self.imply(&node);
        if self.filters.is_empty() {
            // A list of one takes less than the first step of one that grows.
            self.filters = vec![node];
        } else {
            self.filters.push(node);
        }
    }

    /// Adds a condition of HAVING.
    pub(crate) fn add_having(&mut self, node: Node) {
        self.imply(&node);
        self.having.push(node);
    }

    /// Adds to ORDER BY.
    pub(crate) fn add_order(&mut self, order: impl OrderBy) {
        let mut new = Vec::new();
        order.__order(&mut new);
        new.iter().for_each(|item: &OrderItem| self.imply(&item.node));
        self.order_by.append(&mut new);
    }

    /// Adds to a list of columns, of GROUP BY or of DISTINCT ON.
    pub(crate) fn add_groups(&mut self, list: fn(&mut Self) -> &mut Vec<Node>, columns: impl GroupBy) {
        let mut new = Vec::new();
        columns.__group(&mut new);
        new.iter().for_each(|node| self.imply(node));
        list(self).append(&mut new);
    }

    /// Takes the derived tables into FROM whose columns an expression mentions.
    fn imply(&mut self, node: &Node) {
        self.writes |= node.writes();
        if self.set.is_some() {
            // A compound is ordered by what its members select, each from tables of its own.
            return;
        }
        for item in known::mentioned(node) {
            let is_it = |known: &FromItem| known.reference().is(item.reference());
            if !self.from.iter().chain(self.joins.iter().filter_map(JoinNode::item)).any(is_it) {
                self.add_from(item);
            }
        }
    }

    /// Takes the one table into FROM that is selected, where joins start at it for that reason alone.
    pub(super) fn keep_start(&mut self) {
        let starts_there =
            |join: &JoinNode| matches!(join, JoinNode::On { left: None, .. } | JoinNode::Inferred { left: None, .. });
        if !self.from.is_empty() || !self.joins.iter().any(starts_there) {
            return;
        }
        let mut tables: Vec<TableRef> = Vec::new();
        let mut add = |mapper: &'static Mapper, alias: Alias| {
            let table = TableRef::table(mapper, alias);
            let is_joined = self.joins.iter().filter_map(JoinNode::item).any(|item| item.reference().is(table));
            if !is_joined && !alias.is_derived() && !tables.iter().any(|known| known.is(table)) {
                tables.push(table);
            }
        };
        for output in &self.outputs {
            match &output.kind {
                OutputKind::Entity { mapper, alias } => add(mapper, *alias),
                OutputKind::Expression(node) => node.visit(&mut |node| {
                    if let Node::Column { mapper, alias, .. } = node {
                        add(mapper, *alias);
                    }
                }),
            }
        }
        if let [only] = tables.as_slice() {
            self.add_from(FromItem::Table(*only));
        }
    }

    /// Selects, and takes derived tables into FROM that are selected, whole or a column of them.
    pub(crate) fn add_outputs(&mut self, mut outputs: Vec<Output>) {
        for item in outputs.iter_mut().filter_map(|output| output.source.take()) {
            let is_known = self.from.iter().any(|known| known.reference().is(item.reference()));
            if !is_known {
                self.add_from(*item);
            }
        }
        let mentions_tables = |node: &&Node| !matches!(node, Node::Column { .. });
        outputs.iter().filter_map(Output::node).filter(mentions_tables).for_each(|node| self.imply(node));
        if self.outputs.is_empty() {
            self.outputs = outputs;
        } else {
            self.outputs.append(&mut outputs);
        }
    }
}

impl SelectNode {
    /// Gives one thing more in each row, of a compound in those of each member.
    pub(crate) fn give_as_well(&mut self, output: &Output) {
        match &mut self.set {
            Some(set) => {
                self.outputs.push(output.clone());
                set.members.iter_mut().for_each(|member| member.give_as_well(output));
            }
            None => self.add_outputs(vec![output.clone()]),
        }
    }
}

/// Which tables of the statements around a subquery takes for its own.
#[derive(Clone, Debug, Default)]
pub(crate) enum Correlation {
    /// Those that only its conditions mention are theirs.
    #[default]
    Automatic,
    /// These are theirs, and no others.
    Only(Vec<TableRef>),
    /// These are its own, and all others theirs.
    Except(Vec<TableRef>),
}

/// Words for one database.
#[derive(Clone, Debug)]
pub(crate) struct Hint {
    /// All, if it is not said.
    pub(crate) dialect: Option<Dialect>,
    pub(crate) place: HintPlace,
    pub(crate) sql: Cow<'static, str>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum HintPlace {
    /// Behind SELECT.
    Prefix,
    /// At the end.
    Suffix,
    /// Behind a table.
    Table(TableRef),
}

/// The databases that words are meant for.
pub trait HintDialect {
    #[doc(hidden)]
    fn __dialects(self) -> Vec<Option<Dialect>>;
}
impl HintDialect for Dialect {
    fn __dialects(self) -> Vec<Option<Dialect>> {
        vec![Some(self)]
    }
}
impl HintDialect for () {
    fn __dialects(self) -> Vec<Option<Dialect>> {
        vec![None]
    }
}
impl<const N: usize> HintDialect for [Dialect; N] {
    fn __dialects(self) -> Vec<Option<Dialect>> {
        self.into_iter().map(Some).collect()
    }
}

pub(crate) fn hints(
    place: HintPlace,
    sql: Cow<'static, str>,
    dialects: impl HintDialect,
) -> impl Iterator<Item = Hint> {
    dialects.__dialects().into_iter().map(move |dialect| Hint { dialect, place, sql: sql.clone() })
}
