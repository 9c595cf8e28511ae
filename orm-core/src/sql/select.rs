//! SELECT: [`Select<S>`], whose type says what a row becomes and nothing else, so that conditional clauses keep one type.

use std::borrow::Cow;
use std::marker::PhantomData;

use super::compound::Compound;
use super::from::TableRef;
use super::node::OutputKind;
use super::{
    Cte, Derived, DerivedColumn, Expr, FromItem, FromTargets, JoinNode, Lock, NamedRow, Node, Nulls, Output, Shape,
    Statement, into_named, output_names,
};
use crate::compile;
use crate::dialect::Dialect;
use crate::engine::{Chunk, Executor, Out, Request, Source};
use crate::error::{Error, ErrorKind, Result};
use crate::load::LoadPath;
use crate::mapper::{Alias, Attribute, Mapper, Model, RowType, Selectable};
use crate::types::SqlType;

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
    /// Whether a CTE of it changes rows.
    pub(crate) writes: bool,
    /// At most so many rows for each value of these columns, by a window function.
    pub(crate) limit_per: Option<(Vec<Node>, Node)>,
    /// Relationships that are joined to it.
    pub(crate) eager: Option<Box<super::EagerNode>>,
    /// What holds for every row of some models, in its subqueries too.
    pub(crate) criteria: Vec<super::Criterion>,
}

impl SelectNode {
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
        if self.set.is_some() {
            // A compound is ordered by what its members select, each from tables of its own.
            return;
        }
        for item in super::known::mentioned(node) {
            let is_it = |known: &FromItem| known.reference().is(item.reference());
            if !self.from.iter().chain(self.joins.iter().filter_map(JoinNode::item)).any(is_it) {
                self.add_from(item);
            }
        }
    }

    /// Takes the one table into FROM that is selected, where joins start at it for that reason alone.
    fn keep_start(&mut self) {
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
        self.outputs.append(&mut outputs);
    }
}

impl SelectNode {
    /// Gives one thing more in each row, of a compound in those of each member.
    pub(super) fn give_as_well(&mut self, output: &Output) {
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

/// A SELECT whose rows become `S`.
///
/// Its type does not grow with its clauses: a query built in steps keeps one type, and a function that takes and gives
/// `Select<User>` needs no bounds. What runs it decides what comes out: `&Engine`, `&mut Connection` and
/// `&mut Transaction` give values, `&mut Session` gives handles.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Dialect, Select, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String, active: bool }
/// fn active(query: Select<User>) -> Select<User> {
///     query.filter(User.active)
/// }
///
/// let mut query = active(select(User)).order_by(User.name.asc());
/// for name in ["ed", "wendy"] {
///     query = query.filter(User.name.ne(name));
/// }
/// assert_eq!(
///     query.limit(5).to_sql(Dialect::Postgres),
///     "SELECT \"user\".id, \"user\".name, \"user\".active FROM \"user\" \
///      WHERE \"user\".active AND \"user\".name <> $1 AND \"user\".name <> $2 ORDER BY \"user\".name LIMIT $3"
/// );
/// ```
pub struct Select<S> {
    pub(crate) node: Box<SelectNode>,
    pub(crate) loads: Vec<LoadPath>,
    pub(crate) row: PhantomData<fn() -> S>,
}

/// Selects models, columns, expressions or a tuple of these.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Dialect, func, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String }
/// let names = select((User.name, func::count(User.id))).group_by(User.name);
/// assert_eq!(names.to_sql(Dialect::Sqlite), "SELECT user.name, count(user.id) FROM user GROUP BY user.name");
/// ```
pub fn select<S: Selectable>(selected: S) -> Select<S::Row> {
    let mut node = SelectNode::default();
    node.add_outputs(outputs(selected));
    Select { node: Box::new(node), loads: Vec::new(), row: PhantomData }
}

fn outputs(selected: impl Selectable) -> Vec<Output> {
    let mut outputs = Vec::new();
    selected.__outputs(&mut outputs);
    outputs
}

impl<S> Clone for Select<S> {
    fn clone(&self) -> Self {
        Select { node: self.node.clone(), loads: self.loads.clone(), row: PhantomData }
    }
}

impl<S> std::fmt::Debug for Select<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Select({})", compile::display(&Statement::Select(self.node.clone()), Dialect::Sqlite))
    }
}

/// The clauses of a SELECT, for [`Select`] itself and for a session's query.
macro_rules! clauses {
    (|$this:ident| $select:expr) => {
        /// WHERE; several are joined by AND.
        ///
        /// ```
        /// # use orm_core::{Dialect, HasMany, Model, func, select};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, name: String, addresses: HasMany<Address> }
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "addresses", metadata = none)]
        /// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64 }
        /// let query = select(User.id).filter(User.name.like("e%")).filter(User.id.gt(1));
        /// assert_eq!(query.to_sql(Dialect::Sqlite), "SELECT users.id FROM users WHERE users.name LIKE ? AND users.id > ?");
        /// ```
        #[must_use]
        pub fn filter(mut self, condition: impl $crate::sql::Predicate) -> Self {
            let $this = &mut self;
            $select.node.add_filter(condition.__predicate());
            self
        }

        /// ORDER BY; several follow each other.
        ///
        /// ```
        /// # use orm_core::{Dialect, HasMany, Model, func, select};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, name: String, addresses: HasMany<Address> }
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "addresses", metadata = none)]
        /// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64 }
        /// let query = select(User.id).order_by((User.name.desc(), User.id));
        /// assert_eq!(query.to_sql(Dialect::Sqlite), "SELECT users.id FROM users ORDER BY users.name DESC, users.id");
        /// ```
        #[must_use]
        pub fn order_by(mut self, order: impl $crate::sql::OrderBy) -> Self {
            let $this = &mut self;
            $select.node.add_order(order);
            self
        }

        /// LIMIT.
        ///
        /// ```
        /// # use orm_core::{Dialect, HasMany, Model, func, select};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, name: String, addresses: HasMany<Address> }
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "addresses", metadata = none)]
        /// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64 }
        /// let query = select(User.id).order_by(User.id).limit(20);
        /// assert_eq!(query.to_sql(Dialect::Sqlite), "SELECT users.id FROM users ORDER BY users.id LIMIT ?");
        /// ```
        #[must_use]
        pub fn limit(mut self, rows: u64) -> Self {
            let $this = &mut self;
            $select.node.limit = Some($crate::sql::number(rows));
            self
        }

        /// OFFSET.
        ///
        /// ```
        /// # use orm_core::{Dialect, HasMany, Model, func, select};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, name: String, addresses: HasMany<Address> }
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "addresses", metadata = none)]
        /// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64 }
        /// let query = select(User.id).order_by(User.id).limit(20).offset(40);
        /// assert_eq!(query.to_sql(Dialect::Sqlite), "SELECT users.id FROM users ORDER BY users.id LIMIT ? OFFSET ?");
        /// ```
        #[must_use]
        pub fn offset(mut self, rows: u64) -> Self {
            let $this = &mut self;
            $select.node.offset = Some($crate::sql::number(rows));
            self
        }

        /// LIMIT and OFFSET of the rows from one place up to another, which are counted from 0.
        ///
        /// ```
        /// # use orm_core as orm;
        /// # use orm_core::{Dialect, select};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, name: String }
        /// let third_page = select(User.id).order_by(User.id).slice(20..30);
        /// assert_eq!(
        ///     third_page.to_sql_literal(Dialect::Sqlite),
        ///     "SELECT users.id FROM users ORDER BY users.id LIMIT 10 OFFSET 20"
        /// );
        /// ```
        #[must_use]
        pub fn slice(self, rows: std::ops::Range<u64>) -> Self {
            self.limit(rows.end.saturating_sub(rows.start)).offset(rows.start)
        }

        /// GROUP BY; several follow each other.
        ///
        /// ```
        /// # use orm_core::{Dialect, HasMany, Model, func, select};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, name: String, addresses: HasMany<Address> }
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "addresses", metadata = none)]
        /// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64 }
        /// let query = select((Address.user_id, func::count_all())).group_by(Address.user_id);
        /// assert_eq!(query.to_sql(Dialect::Sqlite), "SELECT addresses.user_id, count(*) FROM addresses GROUP BY addresses.user_id");
        /// ```
        #[must_use]
        pub fn group_by(mut self, columns: impl $crate::sql::GroupBy) -> Self {
            let $this = &mut self;
            $select.node.add_groups(|node| &mut node.group_by, columns);
            self
        }

        /// HAVING; several are joined by AND.
        ///
        /// ```
        /// # use orm_core::{Dialect, HasMany, Model, func, select};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, name: String, addresses: HasMany<Address> }
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "addresses", metadata = none)]
        /// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64 }
        /// let query = select(Address.user_id).group_by(Address.user_id).having(func::count_all().gt(1));
        /// assert_eq!(query.to_sql(Dialect::Sqlite), "SELECT addresses.user_id FROM addresses GROUP BY addresses.user_id HAVING count(*) > ?");
        /// ```
        #[must_use]
        pub fn having(mut self, condition: impl $crate::sql::Predicate) -> Self {
            let $this = &mut self;
            $select.node.add_having(condition.__predicate());
            self
        }

        /// DISTINCT.
        ///
        /// ```
        /// # use orm_core::{Dialect, HasMany, Model, func, select};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, name: String, addresses: HasMany<Address> }
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "addresses", metadata = none)]
        /// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64 }
        /// let query = select(User.name).distinct();
        /// assert_eq!(query.to_sql(Dialect::Sqlite), "SELECT DISTINCT users.name FROM users");
        /// ```
        #[must_use]
        pub fn distinct(mut self) -> Self {
            let $this = &mut self;
            $select.node.distinct = true;
            self
        }

        /// JOIN along a relationship, `.join(User.addresses)`, or to a model whose foreign key says how: `.join(Address)`.
        ///
        /// ```
        /// # use orm_core::{Dialect, HasMany, Model, func, select};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, name: String, addresses: HasMany<Address> }
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "addresses", metadata = none)]
        /// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64 }
        /// let query = select(User.name).join(User.addresses);
        /// assert_eq!(query.to_sql(Dialect::Sqlite), "SELECT users.name FROM users JOIN addresses ON users.id = addresses.user_id");
        /// ```
        #[must_use]
        pub fn join(mut self, target: impl $crate::sql::JoinTarget) -> Self {
            let $this = &mut self;
            $select.node.add_join(target.__join($crate::sql::JoinKind::Inner));
            self
        }

        /// LEFT OUTER JOIN, as [`join`](Self::join); take what it may not find by [`optional`](crate::optional).
        ///
        /// ```
        /// # use orm_core::{Dialect, HasMany, Model, func, select};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, name: String, addresses: HasMany<Address> }
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "addresses", metadata = none)]
        /// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64 }
        /// let query = select(User.name).outerjoin(User.addresses);
        /// assert_eq!(query.to_sql(Dialect::Sqlite), "SELECT users.name FROM users LEFT OUTER JOIN addresses ON users.id = addresses.user_id");
        /// ```
        #[must_use]
        pub fn outerjoin(mut self, target: impl $crate::sql::JoinTarget) -> Self {
            let $this = &mut self;
            $select.node.add_join(target.__join($crate::sql::JoinKind::Left));
            self
        }

        /// RIGHT OUTER JOIN, as [`join`](Self::join): what was there before it may be missing, and is taken by
        /// [`optional`](crate::optional).
        #[must_use]
        pub fn right_join(mut self, target: impl $crate::sql::JoinTarget) -> Self {
            let $this = &mut self;
            $select.node.add_join(target.__join($crate::sql::JoinKind::Right));
            self
        }

        /// FULL OUTER JOIN, as [`join`](Self::join): both sides may be missing. MySQL and MariaDB have none.
        #[must_use]
        pub fn full_join(mut self, target: impl $crate::sql::JoinTarget) -> Self {
            let $this = &mut self;
            $select.node.add_join(target.__join($crate::sql::JoinKind::Full));
            self
        }

        /// JOIN to a model, an alias or a subquery on a condition.
        ///
        /// ```
        /// # use orm_core::{Dialect, HasMany, Model, func, select};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, name: String, addresses: HasMany<Address> }
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "addresses", metadata = none)]
        /// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64 }
        /// let query = select(User.name).join_on(Address, Address.user_id.eq(User.id));
        /// assert_eq!(query.to_sql(Dialect::Sqlite), "SELECT users.name FROM users JOIN addresses ON addresses.user_id = users.id");
        /// ```
        #[must_use]
        pub fn join_on(mut self, target: impl $crate::sql::FromTarget, on: impl $crate::sql::Predicate) -> Self {
            let $this = &mut self;
            $select.node.add_join($crate::sql::condition_join($crate::sql::JoinKind::Inner, None, target, on));
            self
        }

        /// LEFT OUTER JOIN to a model, an alias or a subquery on a condition.
        #[must_use]
        pub fn outerjoin_on(mut self, target: impl $crate::sql::FromTarget, on: impl $crate::sql::Predicate) -> Self {
            let $this = &mut self;
            $select.node.add_join($crate::sql::condition_join($crate::sql::JoinKind::Left, None, target, on));
            self
        }

        /// RIGHT OUTER JOIN to a model, an alias or a subquery on a condition.
        #[must_use]
        pub fn right_join_on(mut self, target: impl $crate::sql::FromTarget, on: impl $crate::sql::Predicate) -> Self {
            let $this = &mut self;
            $select.node.add_join($crate::sql::condition_join($crate::sql::JoinKind::Right, None, target, on));
            self
        }

        /// FULL OUTER JOIN to a model, an alias or a subquery on a condition.
        #[must_use]
        pub fn full_join_on(mut self, target: impl $crate::sql::FromTarget, on: impl $crate::sql::Predicate) -> Self {
            let $this = &mut self;
            $select.node.add_join($crate::sql::condition_join($crate::sql::JoinKind::Full, None, target, on));
            self
        }

        /// CROSS JOIN: every row with every row, and no warning of it.
        #[must_use]
        pub fn cross_join(mut self, target: impl $crate::sql::FromTarget) -> Self {
            let $this = &mut self;
            $select.node.add_join($crate::sql::JoinNode::Cross { right: target.__item() });
            self
        }

        /// JOIN of two tables whose foreign key says how; the left one is put into FROM.
        #[must_use]
        pub fn join_from(mut self, left: impl $crate::sql::FromTarget, right: impl $crate::sql::FromTarget) -> Self {
            let $this = &mut self;
            $crate::sql::join_from(&mut $select.node, $crate::sql::JoinKind::Inner, left.__item(), right.__item());
            self
        }

        /// LEFT OUTER JOIN of two tables whose foreign key says how; the left one is put into FROM.
        #[must_use]
        pub fn outerjoin_from(
            mut self,
            left: impl $crate::sql::FromTarget,
            right: impl $crate::sql::FromTarget,
        ) -> Self {
            let $this = &mut self;
            $crate::sql::join_from(&mut $select.node, $crate::sql::JoinKind::Left, left.__item(), right.__item());
            self
        }

        /// JOIN of two tables on a condition; the left one is put into FROM.
        #[must_use]
        pub fn join_from_on(
            mut self,
            left: impl $crate::sql::FromTarget,
            right: impl $crate::sql::FromTarget,
            on: impl $crate::sql::Predicate,
        ) -> Self {
            let $this = &mut self;
            let left = $crate::sql::put_into_from(&mut $select.node, left.__item());
            $select.node.add_join($crate::sql::condition_join($crate::sql::JoinKind::Inner, Some(left), right, on));
            self
        }

        /// Adds a model, an alias or a subquery to FROM.
        #[must_use]
        pub fn select_from(mut self, target: impl $crate::sql::FromTarget) -> Self {
            let $this = &mut self;
            $select.node.add_from(target.__item());
            self
        }

        /// One row for each value of these, the first in the query's order: DISTINCT ON, of PostgreSQL.
        #[must_use]
        pub fn distinct_on(mut self, columns: impl $crate::sql::GroupBy) -> Self {
            let $this = &mut self;
            $select.node.add_groups(|node| &mut node.distinct_on, columns);
            self
        }

        /// LIMIT that lets rows pass which are equal to the last in the query's order: FETCH FIRST … WITH TIES, of
        /// PostgreSQL and MariaDB.
        #[must_use]
        pub fn fetch_with_ties(mut self, rows: u64) -> Self {
            let $this = &mut self;
            $select.node.limit = Some($crate::sql::number(rows));
            $select.node.with_ties = true;
            self
        }

        /// FOR UPDATE: locks the rows until the end of the transaction; see [`Lock`](crate::Lock).
        #[must_use]
        pub fn for_update(self) -> Self {
            self.lock($crate::sql::Lock::update())
        }

        /// FOR SHARE: locks the rows against changes until the end of the transaction.
        #[must_use]
        pub fn for_share(self) -> Self {
            self.lock($crate::sql::Lock::share())
        }

        /// Locks the rows until the end of the transaction.
        #[must_use]
        pub fn lock(mut self, lock: $crate::sql::Lock) -> Self {
            let $this = &mut self;
            $select.node.lock = Some(lock);
            self
        }

        /// Words behind SELECT, taken as they stand, for one database or several, or for `()`, which is all.
        #[must_use]
        pub fn prefix_with(
            mut self,
            sql: impl Into<std::borrow::Cow<'static, str>>,
            dialects: impl $crate::sql::HintDialect,
        ) -> Self {
            let $this = &mut self;
            $select.node.hints.extend($crate::sql::hints($crate::sql::HintPlace::Prefix, sql.into(), dialects));
            self
        }

        /// Words at the end, taken as they stand, for one database or several, or for `()`, which is all.
        #[must_use]
        pub fn suffix_with(
            mut self,
            sql: impl Into<std::borrow::Cow<'static, str>>,
            dialects: impl $crate::sql::HintDialect,
        ) -> Self {
            let $this = &mut self;
            $select.node.hints.extend($crate::sql::hints($crate::sql::HintPlace::Suffix, sql.into(), dialects));
            self
        }

        /// Words behind a table of FROM, taken as they stand: `USE INDEX (…)`.
        #[must_use]
        pub fn with_hint(
            mut self,
            target: impl $crate::sql::FromTarget,
            sql: impl Into<std::borrow::Cow<'static, str>>,
            dialects: impl $crate::sql::HintDialect,
        ) -> Self {
            let $this = &mut self;
            let place = $crate::sql::HintPlace::Table(target.__item().reference());
            $select.node.hints.extend($crate::sql::hints(place, sql.into(), dialects));
            self
        }

        /// Writes a CTE before this very SELECT, also where it is a subquery or a CTE itself; else every CTE stands before
        /// the whole statement. Its name may then be that of another CTE outside.
        ///
        /// SQLAlchemy's `add_cte(cte, nest_here=True)`.
        ///
        /// ```
        /// # use orm_core as orm;
        /// # use orm_core::{Dialect, select};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, name: String }
        /// let few = select(User.id).filter(User.id.lt(9)).cte("few");
        /// let named = select(few.0).nest_cte(&few).cte("named");
        /// assert_eq!(
        ///     select(named.0).to_sql(Dialect::Sqlite),
        ///     "WITH named AS (WITH few AS (SELECT users.id FROM users WHERE users.id < ?) SELECT few.id FROM few) \
        ///      SELECT named.id FROM named"
        /// );
        /// ```
        #[must_use]
        pub fn nest_cte(mut self, cte: impl $crate::sql::FromTarget) -> Self {
            let $this = &mut self;
            let item = cte.__item();
            $select.node.writes |= item.writes();
            $select.node.nested.push(item);
            self
        }

        /// Writes a CTE before the statement although nothing of FROM is it: one that changes rows.
        #[must_use]
        pub fn add_cte(mut self, cte: impl $crate::sql::FromTarget) -> Self {
            let $this = &mut self;
            let item = cte.__item();
            $select.node.writes |= item.writes();
            $select.node.ctes.push(item);
            self
        }

        /// Says which relationships are loaded with the objects, and how.
        #[must_use]
        pub fn options<O: $crate::load::LoadOption<S>>(mut self, option: O) -> Self {
            let $this = &mut self;
            option.__paths(&mut $select.loads);
            self
        }
    };
}
pub(crate) use clauses;

/// What ends a statement that gives rows of `S`.
macro_rules! terminals {
    () => {
        /// Runs it and returns every row.
        ///
        /// ```
        /// # use orm_core::{Engine, Error, Model, Session, insert, metadata, select, text};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, #[orm(unique)] name: String }
        /// # #[tokio::main(flavor = "current_thread")]
        /// # async fn main() -> Result<(), Error> {
        /// # let engine = Engine::new("sqlite::memory:")?;
        /// # metadata![User].create_all(&engine).await?;
        /// # insert(User).values([User { id: 0, name: "ed".into() }, User { id: 0, name: "wendy".into() }]).execute(&engine).await?;
        /// assert_eq!(select(User.name).order_by(User.name.desc()).all(&engine).await?, ["wendy", "ed"]);
        /// # Ok(())
        /// # }
        /// ```
        ///
        /// # Errors
        ///
        /// Fails when the statement cannot be rendered for the database, when the database refuses it, or when a value
        /// does not fit its Rust type.
        pub fn all<E: Executor>(self, db: E) -> impl Future<Output = Result<Vec<Out<E, S>>>> + Send {
            let request = self.request();
            async move { db.__fetch::<S>(request?).await }
        }

        /// Runs it and returns the first row, if there is one.
        ///
        /// ```
        /// # use orm_core::{Engine, Error, Model, Session, insert, metadata, select, text};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, #[orm(unique)] name: String }
        /// # #[tokio::main(flavor = "current_thread")]
        /// # async fn main() -> Result<(), Error> {
        /// # let engine = Engine::new("sqlite::memory:")?;
        /// # metadata![User].create_all(&engine).await?;
        /// # insert(User).values([User { id: 0, name: "ed".into() }, User { id: 0, name: "wendy".into() }]).execute(&engine).await?;
        /// let first = select(User.name).order_by(User.id).first(&engine).await?;
        /// assert_eq!(first.as_deref(), Some("ed"));
        /// # Ok(())
        /// # }
        /// ```
        ///
        /// # Errors
        ///
        /// As [`all`](Self::all).
        pub fn first<E: Executor>(self, db: E) -> impl Future<Output = Result<Option<Out<E, S>>>> + Send {
            let request = self.request().map(|request| request.at_most(1));
            async move { Ok(db.__fetch::<S>(request?).await?.into_iter().next()) }
        }

        /// Runs it and returns its only row, or `None`.
        ///
        /// ```
        /// # use orm_core::{Engine, Error, Model, Session, insert, metadata, select, text};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, #[orm(unique)] name: String }
        /// # #[tokio::main(flavor = "current_thread")]
        /// # async fn main() -> Result<(), Error> {
        /// # let engine = Engine::new("sqlite::memory:")?;
        /// # metadata![User].create_all(&engine).await?;
        /// # insert(User).values([User { id: 0, name: "ed".into() }, User { id: 0, name: "wendy".into() }]).execute(&engine).await?;
        /// assert!(select(User).filter(User.name.eq("jack")).one_or_none(&engine).await?.is_none());
        /// # Ok(())
        /// # }
        /// ```
        ///
        /// # Errors
        ///
        /// As [`all`](Self::all), and with [`ErrorKind::MultipleResultsFound`] when there are several.
        pub fn one_or_none<E: Executor>(self, db: E) -> impl Future<Output = Result<Option<Out<E, S>>>> + Send {
            let request = self.request().map(|request| request.at_most(2));
            async move {
                let mut rows = db.__fetch::<S>(request?).await?;
                match rows.len() {
                    0 | 1 => Ok(rows.pop()),
                    _ => Err(Error::new(
                        ErrorKind::MultipleResultsFound,
                        "multiple rows were found when one or none was required",
                    )),
                }
            }
        }

        /// Runs it and returns its only row.
        ///
        /// ```
        /// # use orm_core::{Engine, Error, Model, Session, insert, metadata, select, text};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, #[orm(unique)] name: String }
        /// # #[tokio::main(flavor = "current_thread")]
        /// # async fn main() -> Result<(), Error> {
        /// # let engine = Engine::new("sqlite::memory:")?;
        /// # metadata![User].create_all(&engine).await?;
        /// # insert(User).values([User { id: 0, name: "ed".into() }, User { id: 0, name: "wendy".into() }]).execute(&engine).await?;
        /// let ed = select(User).filter(User.name.eq("ed")).one(&engine).await?;
        /// assert_eq!(ed.id, 1);
        /// let error = select(User).one(&engine).await.unwrap_err();
        /// assert!(!error.is_no_result_found()); // there are two
        /// # Ok(())
        /// # }
        /// ```
        ///
        /// # Errors
        ///
        /// As [`all`](Self::all), with [`ErrorKind::NoResultFound`] when there is none and with
        /// [`ErrorKind::MultipleResultsFound`] when there are several.
        pub fn one<E: Executor>(self, db: E) -> impl Future<Output = Result<Out<E, S>>> + Send {
            let request = self.request().map(|request| request.at_most(2));
            async move {
                let mut rows = db.__fetch::<S>(request?).await?.into_iter();
                match (rows.next(), rows.next()) {
                    (Some(row), None) => Ok(row),
                    (None, _) => Err(Error::new(ErrorKind::NoResultFound, "no row was found when one was required")),
                    (Some(_), Some(_)) => Err(Error::new(
                        ErrorKind::MultipleResultsFound,
                        "multiple rows were found when exactly one was required",
                    )),
                }
            }
        }

        /// Runs it and returns the only column of its first row; no row and NULL are both `None`.
        ///
        /// # Errors
        ///
        /// As [`all`](Self::all).
        pub fn scalar<E: Executor>(self, db: E) -> impl Future<Output = Result<Option<S::Plain>>> + Send
        where
            S: SqlType,
        {
            let request = self.request().map(|request| request.at_most(1));
            async move { Ok(db.__values::<Option<S::Plain>>(request?).await?.into_iter().next().flatten()) }
        }
    };
}

impl<S: RowType> Select<S> {
    clauses!(|this| this);
    terminals!();

    /// Takes these tables from the statements around it, and no others: for a subquery.
    ///
    /// Without it a subquery takes from them what only its conditions mention. `()` is none.
    #[must_use]
    pub fn correlate(mut self, tables: impl FromTargets) -> Self {
        let mut list = Vec::new();
        tables.__references(&mut list);
        self.node.correlation = Correlation::Only(list);
        self
    }

    /// Takes every table from the statements around it that they have, except these: for a subquery.
    #[must_use]
    pub fn correlate_except(mut self, tables: impl FromTargets) -> Self {
        let mut list = Vec::new();
        tables.__references(&mut list);
        self.node.correlation = Correlation::Except(list);
        self
    }

    /// Selects something else, with the same clauses. What the query said about loading is forgotten.
    #[must_use]
    pub fn with_only_columns<T: Selectable>(mut self, selected: T) -> Select<T::Row> {
        self.node.keep_start();
        self.node.outputs.clear();
        self.node.add_outputs(outputs(selected));
        Select { node: self.node, loads: Vec::new(), row: PhantomData }
    }

    /// Selects something beside what it selects: a row becomes a pair.
    ///
    /// ```
    /// # use orm_core as orm;
    /// # use orm_core::{Dialect, Select, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// let query: Select<((i64, String), bool)> = select((User.id, User.name)).add_columns(User.name.like("e%"));
    /// assert_eq!(query.to_sql(Dialect::Sqlite), "SELECT user.id, user.name, user.name LIKE ? FROM user");
    /// ```
    #[must_use]
    pub fn add_columns<T: Selectable>(mut self, selected: T) -> Select<(S, T::Row)> {
        self.node.add_outputs(outputs(selected));
        Select { node: self.node, loads: self.loads, row: PhantomData }
    }

    /// Has its rows become a struct with `#[derive(Row)]`, whose fields are found by the names of what is selected.
    ///
    /// A field that is not there, or of another type, is an error of the statement.
    ///
    /// ```
    /// # use orm_core as orm;
    /// # use orm_core::{Dialect, Select, func, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Address { #[orm(primary_key)] id: i64, user_id: i64 }
    /// #[derive(Debug, orm_derive::Row)]
    /// struct Total {
    ///     total: i64,
    ///     user_id: i64,
    /// }
    ///
    /// let query: Select<Total> =
    ///     select((Address.user_id, func::count(Address.id).label("total"))).group_by(Address.user_id).into_rows();
    /// assert_eq!(
    ///     query.to_sql(Dialect::Sqlite),
    ///     "SELECT count(address.id) AS total, address.user_id FROM address GROUP BY address.user_id"
    /// );
    /// ```
    #[must_use]
    pub fn into_rows<R: NamedRow>(mut self) -> Select<R> {
        into_named::<R>(&mut self.node);
        Select { node: self.node, loads: Vec::new(), row: PhantomData }
    }

    /// Makes it a subquery for FROM, under a name.
    pub fn subquery(self, name: &str) -> Derived<S>
    where
        S: Shape,
    {
        let names = output_names(&self.node.outputs, Some(&self.node));
        Derived::new(name, names.into(), super::from::Body::Select(std::sync::Arc::new(*self.node)))
    }

    /// Makes it a subquery for FROM that may mention what stands before it: LATERAL, of PostgreSQL and MySQL.
    pub fn lateral(self, name: &str) -> Derived<S>
    where
        S: Shape,
    {
        self.subquery(name).lateral()
    }

    /// Makes it a CTE: a subquery that is written once, before the statement, and may refer to itself.
    pub fn cte(self, name: &str) -> Cte<S>
    where
        S: Shape,
    {
        let node = self.node.clone();
        Cte::new(name, Statement::Select(self.node), &node.outputs, Some(&node))
    }

    /// Makes it a value: its first row, or NULL where there is none.
    ///
    /// ```
    /// # use orm_core as orm;
    /// # use orm_core::{Dialect, func, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64 }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Address { #[orm(primary_key)] id: i64, #[orm(foreign_key = User.id)] user_id: i64 }
    /// let last = select(func::max(Address.id)).filter(Address.user_id.eq(User.id)).scalar_subquery();
    /// assert_eq!(
    ///     select((User.id, last)).to_sql(Dialect::Sqlite),
    ///     "SELECT user.id, (SELECT max(address.id) FROM address WHERE address.user_id = user.id) FROM user"
    /// );
    /// ```
    pub fn scalar_subquery(self) -> Expr<Option<S::Plain>>
    where
        S: SqlType,
    {
        Expr::new(Node::Select(self.node))
    }

    pub(crate) fn request(self) -> Result<Request> {
        Ok(Request::new(vec![Statement::Select(self.node)], self.loads))
    }

    /// Runs `SELECT count(*)` over it.
    ///
    /// ```
    /// # use orm_core::{Engine, Error, Model, Session, insert, metadata, select, text};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "users", metadata = none)]
    /// # struct User { #[orm(primary_key)] id: i64, #[orm(unique)] name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// # insert(User).values([User { id: 0, name: "ed".into() }, User { id: 0, name: "wendy".into() }]).execute(&engine).await?;
    /// assert_eq!(select(User).filter(User.name.like("e%")).count(&engine).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn count<E: Executor>(self, db: E) -> impl Future<Output = Result<u64>> + Send {
        let request = Request::new(vec![Statement::Count(self.node)], Vec::new());
        async move { Ok(db.__values::<i64>(request).await?.first().map_or(0, |count| count.unsigned_abs())) }
    }

    /// Runs `SELECT EXISTS` over it; the expression of the same meaning is [`func::exists`](crate::func::exists).
    ///
    /// ```
    /// # use orm_core::{Engine, Error, Model, Session, insert, metadata, select, text};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "users", metadata = none)]
    /// # struct User { #[orm(primary_key)] id: i64, #[orm(unique)] name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// # insert(User).values([User { id: 0, name: "ed".into() }, User { id: 0, name: "wendy".into() }]).execute(&engine).await?;
    /// assert!(select(User).filter(User.name.eq("ed")).exists(&engine).await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn exists<E: Executor>(self, db: E) -> impl Future<Output = Result<bool>> + Send {
        let request = Request::new(vec![Statement::Exists(self.node)], Vec::new());
        async move { Ok(db.__values::<bool>(request).await?.first().copied().unwrap_or(false)) }
    }

    /// Gives the rows in chunks of `rows`, so that not all are in memory at once.
    pub fn yield_per(self, rows: usize) -> Chunks<S> {
        Chunks {
            select: self.ordered_by_key(),
            rows: rows.max(1) as u64,
            offset: 0,
            done: false,
            keep: false,
            source: Source::default(),
        }
    }

    /// Orders by the keys of what is selected after what the query orders by, so that pages of it fit together.
    fn ordered_by_key(mut self) -> Self {
        let keys: Vec<Node> = self.node.outputs.iter().flat_map(output_keys).collect();
        if !self.node.distinct && self.node.group_by.is_empty() {
            self.node.order_by.extend(keys.into_iter().map(OrderItem::new));
        }
        self
    }
}

fn output_keys(output: &Output) -> Vec<Node> {
    match output.kind {
        OutputKind::Entity { mapper, alias } => {
            mapper.definition().key.iter().map(|&column| Node::Column { mapper, column, alias }).collect()
        }
        OutputKind::Expression(_) => Vec::new(),
    }
}

/// A query whose rows come in chunks.
///
/// On an engine, a connection or a transaction they come through a cursor, so that there is one statement and one state of
/// the data; an engine lends the chunks a connection of their own until the last. Where there can be no cursor, and in a
/// session, each [`next`](Self::next) is a statement for the next page of rows, ordered by key after what the query orders
/// by; rows that are inserted or deleted between two pages may shift them, so run it inside one transaction. There is no
/// cursor when [`stream_results`](crate::ExecutionOptions::stream_results) is off, when relationships are loaded by joins,
/// on MySQL when any are loaded, and after the end of the transaction in which it was opened.
pub struct Chunks<S> {
    select: Select<S>,
    rows: u64,
    offset: u64,
    done: bool,
    keep: bool,
    source: Source,
}

impl<S> std::fmt::Debug for Chunks<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chunks").field("select", &self.select).field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl<S: RowType> Chunks<S> {
    /// Leaves the objects of earlier chunks in the session, which otherwise lets go of those that are clean.
    #[must_use]
    pub fn keep(mut self) -> Self {
        self.keep = true;
        self
    }

    /// Returns the query for the next page, within the limit and behind the offset that the query has itself.
    fn page(&self) -> Select<S> {
        let given = |node: &Option<Node>| match node {
            Some(Node::Bind(orm_pool::Value::Int64(number))) => u64::try_from(*number).ok(),
            _ => None,
        };
        let left = given(&self.select.node.limit).map_or(self.rows, |limit| limit.saturating_sub(self.offset));
        let before = given(&self.select.node.offset).unwrap_or(0);
        self.select.clone().limit(left.min(self.rows)).offset(before + self.offset)
    }

    /// Returns the next chunk, or `None` at the end.
    ///
    /// # Errors
    ///
    /// As [`Select::all`].
    #[allow(clippy::manual_async_fn, reason = "an async fn does not say that its future is `Send` for every executor")]
    pub fn next<E: Executor>(&mut self, db: E) -> impl Future<Output = Result<Option<Vec<Out<E, S>>>>> + Send {
        async move {
            if self.done {
                return Ok(None);
            }
            let page = self.page().request()?.chunk(!self.keep && self.offset > 0);
            let whole = if self.source.is_new() { Some(self.select.clone().request()?) } else { None };
            let chunk = Chunk { page, whole, rows: usize::try_from(self.rows).unwrap_or(usize::MAX) };
            let rows = db.__chunk::<S>(chunk, &mut self.source).await?;
            self.offset += rows.len() as u64;
            self.done = (rows.len() as u64) < self.rows;
            Ok(if rows.is_empty() { None } else { Some(rows) })
        }
    }
}

/// A statement with typed rows that is no [`Select`]: RETURNING, or text with columns.
pub struct Returning<S> {
    request: Result<Request>,
    row: PhantomData<fn() -> S>,
}

impl<S> std::fmt::Debug for Returning<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Returning").field("request", &self.request).finish()
    }
}

impl<S> Returning<S> {
    pub(crate) fn of(request: Result<Request>) -> Self {
        Returning { request, row: PhantomData }
    }

    pub(super) fn statements(statements: Result<Vec<Statement>>) -> Self {
        Returning::of(statements.map(|statements| Request::new(statements, Vec::new())))
    }

    pub(super) fn to_statements(&self) -> Result<Vec<Statement>> {
        self.request.as_ref().map(|request| request.statements.clone()).map_err(Clone::clone)
    }
}

impl<S: RowType> Returning<S> {
    terminals!();

    /// Makes it a CTE, whose rows are those that RETURNING gives: of an INSERT, UPDATE or DELETE, on PostgreSQL.
    ///
    /// ```
    /// # use orm_core as orm;
    /// # use orm_core::{Dialect, delete, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Job { #[orm(primary_key)] id: i64, done: bool }
    /// let gone = delete(Job).filter(Job.done).returning(Job.id).cte("gone");
    /// assert_eq!(
    ///     select(gone.0).select_from(&gone).to_sql(Dialect::Postgres),
    ///     "WITH gone AS (DELETE FROM job WHERE job.done RETURNING id) SELECT gone.id FROM gone"
    /// );
    /// ```
    pub fn cte(self, name: &str) -> Cte<S>
    where
        S: Shape,
    {
        match self.writing() {
            Ok((statement, outputs)) => Cte::new(name, statement, &outputs, None),
            Err(error) => {
                let outputs = vec![Output::expression(Node::Refused(Box::new(error)), true); S::__types().len().max(1)];
                let refused = SelectNode { outputs: outputs.clone(), ..SelectNode::default() };
                Cte::new(name, Statement::Select(Box::new(refused)), &outputs, None)
            }
        }
    }

    /// Returns its one statement, and what that gives.
    fn writing(self) -> Result<(Statement, Vec<Output>)> {
        let mut statements = self.request?.statements;
        let (Some(statement), true) = (statements.pop(), statements.is_empty()) else {
            let message = "rows that set different columns are several statements, and a CTE is one";
            return Err(Error::new(ErrorKind::Compile, message));
        };
        let outputs = match &statement {
            Statement::Insert(insert) => insert.returning.clone(),
            Statement::Update(update) => update.rows.returning.clone(),
            Statement::Delete(delete) => delete.rows.returning.clone(),
            _ => {
                let message = "text cannot be a CTE, since the names of its columns are not known";
                return Err(Error::new(ErrorKind::Compile, message));
            }
        };
        Ok((statement, outputs))
    }

    pub(crate) fn request(self) -> Result<Request> {
        self.request
    }
}

/// A statement with rows, for `session.all(…)` and its like.
pub trait Rows {
    /// What a row becomes.
    type Row: RowType;

    #[doc(hidden)]
    fn __request(self) -> Result<Request>;
}
impl<S: RowType> Rows for Select<S> {
    type Row = S;

    fn __request(self) -> Result<Request> {
        self.request()
    }
}
impl<S: RowType> Rows for Returning<S> {
    type Row = S;

    fn __request(self) -> Result<Request> {
        self.request()
    }
}

/// What is selected under a label, to order by: `label("total").desc()`.
///
/// A bare text in `order_by("total")` is the same in rising order. A name that nothing of the query has is an error of the
/// statement.
pub fn label(name: &'static str) -> OrderItem {
    OrderItem::new(Node::LabelName(name.into()))
}

/// One item of ORDER BY.
#[derive(Clone, Debug)]
pub struct OrderItem {
    pub(crate) node: Node,
    pub(crate) is_descending: bool,
    pub(crate) nulls: Option<Nulls>,
}

impl OrderItem {
    pub(crate) fn new(node: Node) -> Self {
        OrderItem { node, is_descending: false, nulls: None }
    }

    pub(super) fn descending(mut self) -> Self {
        self.is_descending = true;
        self
    }

    pub(super) fn nulls(mut self, nulls: Nulls) -> Self {
        self.nulls = Some(nulls);
        self
    }

    /// Sorts greatest first.
    #[must_use]
    pub fn desc(self) -> Self {
        self.descending()
    }

    /// Sorts NULLs first.
    #[must_use]
    pub fn nulls_first(self) -> Self {
        self.nulls(Nulls::First)
    }

    /// Sorts NULLs last.
    #[must_use]
    pub fn nulls_last(self) -> Self {
        self.nulls(Nulls::Last)
    }
}

/// What `order_by` takes: a column, `.asc()` or `.desc()` of it, an expression, or a tuple.
#[diagnostic::on_unimplemented(
    message = "a query cannot be ordered by `{Self}`",
    label = "expected a column, such as `User.name`, or `User.name.desc()`, or a tuple of these"
)]
pub trait OrderBy {
    #[doc(hidden)]
    fn __order(self, order: &mut Vec<OrderItem>);
}
impl OrderBy for OrderItem {
    fn __order(self, order: &mut Vec<OrderItem>) {
        order.push(self);
    }
}
impl<M: Model, T> OrderBy for Attribute<M, T> {
    fn __order(self, order: &mut Vec<OrderItem>) {
        order.push(OrderItem::new(self.into()));
    }
}
impl<T> OrderBy for Expr<T> {
    fn __order(self, order: &mut Vec<OrderItem>) {
        order.push(OrderItem::new(self.into()));
    }
}
impl<T> OrderBy for DerivedColumn<T> {
    fn __order(self, order: &mut Vec<OrderItem>) {
        order.push(OrderItem::new(self.into()));
    }
}
/// What is selected under this label.
impl OrderBy for &'static str {
    fn __order(self, order: &mut Vec<OrderItem>) {
        order.push(OrderItem::new(Node::LabelName(self.into())));
    }
}
impl OrderBy for Vec<OrderItem> {
    fn __order(self, order: &mut Vec<OrderItem>) {
        order.extend(self);
    }
}

/// Lists what a relationship is ordered by; the derive calls it.
pub fn order_items(order: impl OrderBy) -> Vec<OrderItem> {
    let mut items = Vec::new();
    order.__order(&mut items);
    items
}

/// What `group_by` takes: a column, an expression, or a tuple.
#[diagnostic::on_unimplemented(message = "rows cannot be grouped by `{Self}`")]
pub trait GroupBy {
    #[doc(hidden)]
    fn __group(self, group: &mut Vec<Node>);
}
impl<M: Model, T> GroupBy for Attribute<M, T> {
    fn __group(self, group: &mut Vec<Node>) {
        group.push(self.into());
    }
}
impl<T> GroupBy for Expr<T> {
    fn __group(self, group: &mut Vec<Node>) {
        group.push(self.into());
    }
}
impl<T> GroupBy for DerivedColumn<T> {
    fn __group(self, group: &mut Vec<Node>) {
        group.push(self.into());
    }
}
/// What is selected under this label.
impl GroupBy for &'static str {
    fn __group(self, group: &mut Vec<Node>) {
        group.push(Node::LabelName(self.into()));
    }
}

/// Columns of one model: one attribute or a tuple of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name columns of `{M}`",
    label = "expected a column of `{M}`, or a tuple of its columns"
)]
pub trait Columns<M> {
    #[doc(hidden)]
    fn __columns(self, columns: &mut Vec<u16>);
}
impl<M, T> Columns<M> for Attribute<M, T> {
    fn __columns(self, columns: &mut Vec<u16>) {
        columns.push(self.__column());
    }
}

/// No column.
impl<M> Columns<M> for () {
    fn __columns(self, _columns: &mut Vec<u16>) {}
}

macro_rules! lists {
    ($($name:ident $index:tt),*) => {
        impl<$($name: OrderBy),*> OrderBy for ($($name,)*) {
            fn __order(self, order: &mut Vec<OrderItem>) { $( self.$index.__order(order); )* }
        }
        impl<$($name: GroupBy),*> GroupBy for ($($name,)*) {
            fn __group(self, group: &mut Vec<Node>) { $( self.$index.__group(group); )* }
        }
        impl<Model, $($name: Columns<Model>),*> Columns<Model> for ($($name,)*) {
            fn __columns(self, columns: &mut Vec<u16>) { $( self.$index.__columns(columns); )* }
        }
    };
}
lists!(A 0);
lists!(A 0, B 1);
lists!(A 0, B 1, C 2);
lists!(A 0, B 1, C 2, D 3);
lists!(A 0, B 1, C 2, D 3, E 4);
lists!(A 0, B 1, C 2, D 3, E 4, F 5);
lists!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
lists!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
