//! A SELECT without its types, and what its clauses add to it.

use std::borrow::Cow;
use std::cell::Cell;
use std::ops::{Deref, DerefMut};

use smallvec::SmallVec;

use super::{GroupBy, OrderBy, OrderItem};
use crate::dialect::Dialect;
use crate::load::LoadPath;
use crate::mapper::{Alias, Mapper, Selectable};
use crate::sql::compound::Compound;
use crate::sql::node::OutputKind;
use crate::sql::{Criterion, EagerNode, FromItem, JoinNode, Lock, Node, Output, TableRef, known};

/// Conditions of WHERE, all of which hold.
pub(crate) type Filters = SmallVec<[Node; 1]>;

/// A SELECT without its types. Its rare clauses are read and written as if they were fields of it.
#[derive(Clone, Debug, Default)]
pub struct SelectNode {
    pub(crate) outputs: Vec<Output>,
    /// Tables named beside those that the outputs and conditions mention.
    pub(crate) from: Vec<FromItem>,
    /// Mostly one or none, as the conditions are.
    pub(crate) joins: SmallVec<[JoinNode; 1]>,
    pub(crate) filters: Filters,
    pub(crate) order_by: Vec<OrderItem>,
    pub(crate) limit: Option<Node>,
    /// Whether a CTE of it changes rows, or one of a subquery in it.
    pub(crate) writes: bool,
    /// Made when one of them is first written, since most queries have none, and each field is one to make, look at and drop.
    pub(crate) rare: Option<Box<RareClauses>>,
}

thread_local! {
    /// The memory of the last SELECT that this thread has run. Made anew it is two of the four allocations of a query of one
    /// row, and 5 % of its instructions on SQLite.
    static SPARE: Cell<Option<Box<SelectNode>>> = const { Cell::new(None) };
}

/// How many outputs a list may have room for that is kept.
const SPARE_OUTPUTS: usize = 64;

impl SelectNode {
    /// Makes an empty one.
    pub(super) fn of_spare() -> Box<Self> {
        SPARE.try_with(Cell::take).ok().flatten().unwrap_or_default()
    }

    /// Empties it, and leaves its memory to the next one of this thread.
    pub(crate) fn let_go(mut self: Box<Self>) {
        let SelectNode { outputs, from, joins, filters, order_by, limit, writes, rare } = &mut *self;
        outputs.clear();
        from.clear();
        joins.clear();
        filters.clear();
        order_by.clear();
        (*limit, *writes, *rare) = (None, false, None);
        if outputs.capacity() <= SPARE_OUTPUTS {
            // A thread that ends keeps nothing.
            _ = SPARE.try_with(|spare| spare.set(Some(self)));
        }
    }
}

/// The clauses that most queries have nothing of.
#[derive(Clone, Debug, Default)]
pub struct RareClauses {
    pub(crate) distinct: bool,
    /// One row for each value of these.
    pub(crate) distinct_on: Vec<Node>,
    pub(crate) group_by: Vec<Node>,
    pub(crate) having: Vec<Node>,
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
    /// At most so many rows for each value of these columns, by a window function.
    pub(crate) limit_per: Option<(Vec<Node>, Node)>,
    /// Relationships that are joined to it.
    pub(crate) eager: Option<Box<EagerNode>>,
    /// What holds for every row of some models, in its subqueries too.
    pub(crate) criteria: Vec<Criterion>,
    /// What it computes columns of models by.
    pub(crate) given: Vec<Given>,
    /// What is loaded with its objects. It is no part of the statement itself, and is taken out before that is compiled.
    pub(crate) loads: Vec<LoadPath>,
}

/// What a query computes a column of a model by that the table does not have.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) mapper: &'static Mapper,
    pub(crate) alias: Alias,
    pub(crate) column: u16,
    /// It is about this alias.
    pub(crate) node: Node,
}

impl Given {
    /// Takes an expression about the table without an alias.
    pub(crate) fn new(mapper: &'static Mapper, alias: Alias, column: u16, node: &Node) -> Self {
        let mut node = node.clone();
        if alias != Alias::NONE {
            node.use_alias(mapper, alias);
        }
        Given { mapper, alias, column, node }
    }

    /// Returns whether it is about this column of this table or alias.
    pub(crate) fn is_for(&self, mapper: &Mapper, column: u16, alias: Alias) -> bool {
        self.mapper.is(mapper) && self.alias == alias && self.column == column
    }
}

impl RareClauses {
    /// None of them.
    const NONE: &'static RareClauses = &RareClauses {
        distinct: false,
        distinct_on: Vec::new(),
        group_by: Vec::new(),
        having: Vec::new(),
        offset: None,
        with_ties: false,
        lock: None,
        set: None,
        correlation: Correlation::Automatic,
        ctes: Vec::new(),
        nested: Vec::new(),
        hints: Vec::new(),
        limit_per: None,
        eager: None,
        criteria: Vec::new(),
        given: Vec::new(),
        loads: Vec::new(),
    };

    fn is_none(&self) -> bool {
        // Named one by one, so that whoever adds a clause is asked for it.
        let RareClauses {
            distinct,
            distinct_on,
            group_by,
            having,
            offset,
            with_ties,
            lock,
            set,
            correlation,
            ctes,
            nested,
            hints,
            limit_per,
            eager,
            criteria,
            given,
            loads: _,
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
            && given.is_empty()
    }
}

impl Deref for SelectNode {
    type Target = RareClauses;

    #[inline]
    fn deref(&self) -> &RareClauses {
        self.rare.as_deref().unwrap_or(RareClauses::NONE)
    }
}

impl DerefMut for SelectNode {
    #[inline]
    fn deref_mut(&mut self) -> &mut RareClauses {
        self.rare.get_or_insert_default()
    }
}

impl SelectNode {
    /// Returns whether it has outputs, tables, joins, conditions, an order and a limit, and nothing else.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.rare.as_deref().is_none_or(RareClauses::is_none)
    }

    /// Takes out what is loaded with its objects.
    pub(crate) fn take_loads(&mut self) -> Vec<LoadPath> {
        self.rare.as_mut().map_or_else(Vec::new, |rare| std::mem::take(&mut rare.loads))
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
        self.filters.push(node);
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
        if known::has_any() {
            self.take_in(known::mentioned(node));
        }
    }

    /// Takes derived tables into FROM that are mentioned.
    #[inline(never)]
    fn take_in(&mut self, mentioned: Vec<FromItem>) {
        if self.set.is_some() {
            // A compound is ordered by what its members select, each from tables of its own.
            return;
        }
        for item in mentioned {
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
    #[inline]
    pub(crate) fn add_outputs(&mut self, selected: impl Selectable) {
        let begin = self.outputs.len();
        selected.__outputs(&mut self.outputs);
        self.take_in_outputs(begin);
    }

    /// Takes what has come to be selected, from this position on, into FROM where it is a derived table.
    #[inline]
    fn take_in_outputs(&mut self, begin: usize) {
        let needs_none =
            |output: &Output| output.source.is_none() && matches!(output.node(), None | Some(Node::Column { .. }));
        if !self.outputs[begin..].iter().all(needs_none) {
            self.take_in_sources(begin);
        }
    }

    fn take_in_sources(&mut self, begin: usize) {
        let sources: Vec<_> = self.outputs[begin..].iter_mut().filter_map(|output| output.source.take()).collect();
        for item in sources {
            let is_known = self.from.iter().any(|known| known.reference().is(item.reference()));
            if !is_known {
                self.add_from(*item);
            }
        }
        for position in begin..self.outputs.len() {
            let Some(node) = self.outputs[position].node() else { continue };
            self.writes |= node.writes();
            if known::has_any() {
                let mentioned = known::mentioned(node);
                self.take_in(mentioned);
            }
        }
    }
}

impl SelectNode {
    /// Gives one thing more in each row, of a compound in those of each member.
    pub(crate) fn give_as_well(&mut self, output: &Output) {
        let begin = self.outputs.len();
        self.outputs.push(output.clone());
        match self.rare.as_mut().and_then(|rare| rare.set.as_mut()) {
            Some(set) => set.members.iter_mut().for_each(|member| member.give_as_well(output)),
            None => self.take_in_outputs(begin),
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
