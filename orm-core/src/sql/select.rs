//! SELECT: [`Select<S>`], whose type says what a row becomes and nothing else, so that conditional clauses keep one type.

use std::marker::PhantomData;

use super::node::JoinNode;
use super::{Expr, Node, Nulls, Output, Statement};
use crate::compile;
use crate::dialect::Dialect;
use crate::engine::{Executor, Out, Request};
use crate::error::{Error, ErrorKind, Result};
use crate::load::LoadPath;
use crate::mapper::{Alias, Attribute, Entity, Mapper, Model, RowType, Selectable};
use crate::types::SqlType;

/// A SELECT without its types.
#[derive(Clone, Debug, Default)]
pub struct SelectNode {
    pub(crate) outputs: Vec<Output>,
    pub(crate) distinct: bool,
    /// Tables named beside those that the outputs and conditions mention.
    pub(crate) from: Vec<(&'static Mapper, Alias)>,
    pub(crate) joins: Vec<JoinNode>,
    pub(crate) filters: Vec<Node>,
    pub(crate) group_by: Vec<Node>,
    pub(crate) having: Vec<Node>,
    pub(crate) order_by: Vec<OrderItem>,
    pub(crate) limit: Option<Node>,
    pub(crate) offset: Option<Node>,
    /// At most so many rows for each value of these columns, by a window function.
    pub(crate) limit_per: Option<(Vec<Node>, Node)>,
    /// Relationships that are joined to it.
    pub(crate) eager: Option<Box<super::EagerNode>>,
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
    let mut outputs = Vec::new();
    selected.__outputs(&mut outputs);
    Select { node: Box::new(SelectNode { outputs, ..SelectNode::default() }), loads: Vec::new(), row: PhantomData }
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
        #[must_use]
        pub fn filter(mut self, condition: impl $crate::sql::Predicate) -> Self {
            let $this = &mut self;
            $select.node.filters.push(condition.__predicate());
            self
        }

        /// ORDER BY; several follow each other.
        #[must_use]
        pub fn order_by(mut self, order: impl $crate::sql::OrderBy) -> Self {
            let $this = &mut self;
            order.__order(&mut $select.node.order_by);
            self
        }

        /// LIMIT.
        #[must_use]
        pub fn limit(mut self, rows: u64) -> Self {
            let $this = &mut self;
            $select.node.limit = Some($crate::sql::number(rows));
            self
        }

        /// OFFSET.
        #[must_use]
        pub fn offset(mut self, rows: u64) -> Self {
            let $this = &mut self;
            $select.node.offset = Some($crate::sql::number(rows));
            self
        }

        /// GROUP BY; several follow each other.
        #[must_use]
        pub fn group_by(mut self, columns: impl $crate::sql::GroupBy) -> Self {
            let $this = &mut self;
            columns.__group(&mut $select.node.group_by);
            self
        }

        /// HAVING; several are joined by AND.
        #[must_use]
        pub fn having(mut self, condition: impl $crate::sql::Predicate) -> Self {
            let $this = &mut self;
            $select.node.having.push(condition.__predicate());
            self
        }

        /// DISTINCT.
        #[must_use]
        pub fn distinct(mut self) -> Self {
            let $this = &mut self;
            $select.node.distinct = true;
            self
        }

        /// JOIN along a relationship: `.join(User.addresses)`.
        #[must_use]
        pub fn join(mut self, relationship: impl $crate::sql::JoinTarget) -> Self {
            let $this = &mut self;
            $select.node.joins.push($crate::sql::relation_join($crate::sql::JoinKind::Inner, relationship));
            self
        }

        /// LEFT OUTER JOIN along a relationship; take what it may not find by [`optional`](crate::optional).
        #[must_use]
        pub fn outerjoin(mut self, relationship: impl $crate::sql::JoinTarget) -> Self {
            let $this = &mut self;
            $select.node.joins.push($crate::sql::relation_join($crate::sql::JoinKind::Left, relationship));
            self
        }

        /// JOIN to a model or an alias on a condition.
        #[must_use]
        pub fn join_on<A: $crate::Entity>(mut self, entity: A, on: impl $crate::sql::Predicate) -> Self {
            let $this = &mut self;
            $select.node.joins.push($crate::sql::condition_join($crate::sql::JoinKind::Inner, entity, on));
            self
        }

        /// LEFT OUTER JOIN to a model or an alias on a condition.
        #[must_use]
        pub fn outerjoin_on<A: $crate::Entity>(mut self, entity: A, on: impl $crate::sql::Predicate) -> Self {
            let $this = &mut self;
            $select.node.joins.push($crate::sql::condition_join($crate::sql::JoinKind::Left, entity, on));
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
        /// # Errors
        ///
        /// As [`all`](Self::all).
        pub fn first<E: Executor>(self, db: E) -> impl Future<Output = Result<Option<Out<E, S>>>> + Send {
            let request = self.request().map(|request| request.at_most(1));
            async move { Ok(db.__fetch::<S>(request?).await?.into_iter().next()) }
        }

        /// Runs it and returns its only row, or `None`.
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

    /// Adds a model or an alias to FROM.
    #[must_use]
    pub fn select_from<A: Entity>(mut self, entity: A) -> Self {
        self.node.from.push((A::Model::__mapper(), entity.__alias_of()));
        self
    }

    pub(crate) fn request(self) -> Result<Request> {
        Ok(Request::new(vec![Statement::Select(self.node)], self.loads))
    }

    /// Runs `SELECT count(*)` over it.
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
    /// # Errors
    ///
    /// As [`all`](Self::all).
    pub fn exists<E: Executor>(self, db: E) -> impl Future<Output = Result<bool>> + Send {
        let request = Request::new(vec![Statement::Exists(self.node)], Vec::new());
        async move { Ok(db.__values::<bool>(request).await?.first().copied().unwrap_or(false)) }
    }

    /// Gives the rows in chunks of `rows`, so that not all are in memory at once.
    pub fn yield_per(self, rows: usize) -> Chunks<S> {
        Chunks { select: self.ordered_by_key(), rows: rows.max(1) as u64, offset: 0, done: false, keep: false }
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
        super::node::OutputKind::Entity { mapper, alias } => {
            mapper.definition().key.iter().map(|&column| Node::Column { mapper, column, alias }).collect()
        }
        super::node::OutputKind::Expression(_) => Vec::new(),
    }
}

/// A query whose rows come in chunks.
///
/// Each [`next`](Self::next) is one statement for the next page of rows, ordered by key after what the query orders by;
/// rows that are inserted or deleted between two pages may shift them, so run it inside one transaction.
pub struct Chunks<S> {
    select: Select<S>,
    rows: u64,
    offset: u64,
    done: bool,
    keep: bool,
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
            let page = self.select.clone().limit(self.rows).offset(self.offset);
            let request = page.request()?.chunk(!self.keep && self.offset > 0);
            let rows = db.__fetch::<S>(request).await?;
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
