//! SELECT: [`Select<S>`], whose type says what a row becomes and nothing else, so that conditional clauses keep one type.

mod chunks;
mod clauses;
mod node;
mod order;
mod returning;
mod terminals;

use std::marker::PhantomData;
use std::panic::Location;

pub use chunks::Chunks;
pub(crate) use clauses::clauses;
pub(crate) use node::{Correlation, Given, Hint, HintPlace, hints};
pub use node::{HintDialect, SelectNode};
pub use order::{Columns, GroupBy, OrderBy, OrderItem, label, order_items};
pub use returning::{Returning, Rows};
use terminals::terminals;

use super::{Cte, Derived, Expr, FromTargets, NamedRow, Node, OutputKind, Shape, Statement, into_named, output_names};
use crate::compile;
use crate::dialect::Dialect;
use crate::engine::{Executor, Out, Request};
use crate::error::{Error, Result};
use crate::mapper::{IntoKey, Model, RowType, Selectable};
use crate::types::SqlType;

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
    /// All of it, so that each clause moves one pointer.
    pub(crate) node: Box<SelectNode>,
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
    let mut node = SelectNode::of_spare();
    // A list of the right length takes less than one that grows.
    node.outputs.reserve_exact(S::__OUTPUTS);
    node.add_outputs(selected);
    Select { node, row: PhantomData }
}

impl<M: Model> Select<M> {
    /// Runs it and returns the row with this key, if it is one of those that the query finds: as a filter on the primary key
    /// and `one_or_none`. SQLAlchemy's `Query.get`, with the options of the query.
    ///
    /// ```
    /// # use orm_core::{Engine, HasMany, Model, Session, metadata, select, selectinload};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String, addresses: HasMany<Address> }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User, Address].create_all(&engine).await?;
    /// # let mut session = Session::new(&engine);
    /// # session.add(User::builder().name("ed").addresses([Address::builder().email("ed@x.org")]));
    /// # session.commit().await?;
    /// let ed = select(User).options(selectinload(User.addresses)).get(&engine, 1).await?;
    /// assert_eq!(ed.map(|ed| ed.addresses.len()), Some(1));
    /// assert!(select(User).filter(User.name.ne("ed")).get(&engine, 1).await?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`all`](Self::all), and with [`ErrorKind::MultipleResultsFound`](crate::ErrorKind::MultipleResultsFound) when a join
    /// has multiplied the row.
    #[track_caller]
    pub fn get<E: Executor>(
        mut self,
        db: E,
        key: impl IntoKey<M::Key>,
    ) -> impl Future<Output = Result<Option<Out<E, M>>>> + Send {
        if let Some(&OutputKind::Entity { mapper, alias }) = self.node.outputs.first().map(|output| &output.kind) {
            let columns = mapper.definition().key.iter().map(|&column| Node::Column { mapper, column, alias });
            let filters = columns.zip(key.__into_key()).map(|(column, value)| Node::equals(column, Node::Bind(value)));
            filters.for_each(|filter| self.node.add_filter(filter));
        }
        self.one_or_none(db)
    }
}

impl<S> Clone for Select<S> {
    fn clone(&self) -> Self {
        Select { node: self.node.clone(), row: PhantomData }
    }
}

impl<S> std::fmt::Debug for Select<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Select({})", compile::display(&Statement::Select(self.node.clone()), Dialect::Sqlite))
    }
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
        self.node.add_outputs(selected);
        self.node.take_loads();
        Select { node: self.node, row: PhantomData }
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
        self.node.add_outputs(selected);
        Select { node: self.node, row: PhantomData }
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
        self.node.take_loads();
        Select { node: self.node, row: PhantomData }
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

    #[track_caller]
    pub(crate) fn request(mut self) -> Result<Request> {
        let loads = self.node.take_loads();
        Ok(Request::new([Statement::Select(self.node)], loads))
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
    #[track_caller]
    pub fn count<E: Executor>(self, db: E) -> impl Future<Output = Result<u64>> + Send {
        let request = Request::new([Statement::Count(self.node)], Vec::new());
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
    #[track_caller]
    pub fn exists<E: Executor>(self, db: E) -> impl Future<Output = Result<bool>> + Send {
        let request = Request::new([Statement::Exists(self.node)], Vec::new());
        async move { Ok(db.__values::<bool>(request).await?.first().copied().unwrap_or(false)) }
    }
}
