//! An ORM with an identity map and a unit of work: what SQLAlchemy is to Python, for Rust.
//!
//! Four words explain it: a [`Model`](trait@Model) says *what* the rows are, [`select`] *how* to ask, an [`Engine`]
//! *where* the data is, and a [`Session`] *how it changes*.
//!
//! ```
//! use orm::prelude::*;
//!
//! #[derive(Clone, Debug, Model)]
//! #[orm(table = "users")]
//! struct User {
//!     #[orm(primary_key)]
//!     id: i64,
//!     #[orm(length = 50, unique)]
//!     name: String,
//!     fullname: Option<String>,
//!     #[orm(back_populates = user, cascade(all, delete_orphan))]
//!     addresses: HasMany<Address>,
//! }
//!
//! #[derive(Clone, Debug, Model)]
//! #[orm(table = "addresses")]
//! struct Address {
//!     #[orm(primary_key)]
//!     id: i64,
//!     email: String,
//!     #[orm(foreign_key = User.id, index)]
//!     user_id: i64,
//!     #[orm(back_populates = addresses)]
//!     user: BelongsTo<User>,
//! }
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Error> {
//!     let engine = Engine::new("sqlite::memory:")?;
//!     metadata![User, Address].create_all(&engine).await?;
//!
//!     let mut session = Session::new(&engine);
//!     let ed = session.add(User::builder().name("ed").addresses([Address::builder().email("ed@x.org")]));
//!     session.commit().await?;
//!
//!     session[ed].fullname = Some("Ed Jones".into());
//!     session.commit().await?;
//!
//!     let users: Vec<User> = select(User).options(selectinload(User.addresses)).all(&engine).await?;
//!     assert_eq!(users[0].fullname.as_deref(), Some("Ed Jones"));
//!     assert_eq!(users[0].addresses.get()[0].email, "ed@x.org");
//!     Ok(())
//! }
//! ```

pub mod prelude;

#[cfg(feature = "json")]
pub use orm_core::Json;
/// Tables as plain data: [`Table`](schema::Table), [`Column`](schema::Column), constraints and indexes.
pub use orm_core::schema;
pub use orm_core::{
    AnyHandle, AsExpr, Attribute, BelongsTo, Bind, Chunks, ColumnNames, ColumnPaths, ColumnType, Columns, Connection,
    Contains, Cte, DatabaseErrorKind, DecodeError, Delete, Derived, DerivedColumn, Dialect, Embed, Embedding, Engine,
    EngineBuilder, Entity, EnumName, Error, ErrorKind, Exec, Executor, Expr, Expression, Fills, FromTarget,
    FromTargets, GroupBy, Handle, HandleList, Handles, HasMany, HasOne, HintDialect, InList, Insert, IntoKey,
    IntoMember, IntoRows, IntoValue, IsolationLevel, JoinTarget, Key, Kind, Lint, Load, LoadOption, Lock, Many,
    ManyToMany, Member, MetaData, Mode, Model, NamedRow, Nested, NewInstance, NewRow, NoAutoflush, Numeric, OnConflict,
    One, Optional, OrderBy, OrderItem, Out, Placeholder, PoolClass, Predicate, Projection, Query, Reader, Relationship,
    RelationshipTo, Render, Rendered, Result, Returning, RowType, Rows, Select, Selectable, Session, SessionMaker,
    Shape, SqlType, TableFunction, Text, Textual, ToMany, ToOne, Transaction, Update, Url, Value, ValueRef, Values,
    ValuesRow, Violation, Work, WorkOnce, Write, delete, excluded, func, insert, joinedload, label, literal, metadata,
    optional, row_type, select, selectinload, text, update, validate, values, with_parent,
};
/// Migrations: revisions on disk, which of them a database has, and the next one from the models.
#[cfg(feature = "migrate")]
pub use orm_migrate as migrate;
// Operators and functions.
pub use orm_core::{
    ArrayElement, ArrayType, Bound, Combined, Container, Containing, CustomOperator, Exclude, FrameEdge, FrameOffset,
    FrameRange, FrameSpan, Integer, Like, MaybeNull, NotNull, Nullable, Nullness, Operand, Precedence, Range,
    RangeElement, RangePart, RangeType, RowList, RowOf, Search, Several, Subtrahend, TsQuery, TsVector, Tuple, Window,
    following, preceding, tuple, window,
};
pub use orm_core::{
    BindRequest, Execution, History, JoinMode, Managed, ObjectState, ScopedGuard, ScopedSession, SessionEvents,
    SessionInfo, StateChange, StatementKind, Synchronize,
};
pub use orm_core::{Call, LightColumn, LightDelete, LightInsert, LightTable, LightUpdate, call, column, table};
pub use orm_core::{ConnectionInfo, Pool, PoolStatus, PooledConnection, StatementEvent};
pub use orm_core::{
    Deferred, LoadColumns, LoadTree, Loadable, defer, foreign, load_only, remote, undefer, undefer_all, undefer_group,
    with_expression,
};
#[cfg(feature = "json")]
pub use orm_core::{Document, JsonPath};
pub use orm_core::{
    Joinable, LoadAll, Members, NPlusOne, contains_eager, defaultload, joinedload_all, lazyload, lazyload_all,
    raiseload, raiseload_all, selectinload_all, subqueryload,
};
// How an engine and its connections run statements, and what these give.
pub use orm_core::{
    Executable, ExecutionOptions, Parameter, Parameters, Plugin, Record, RecordIndex, ResetOnReturn, ResultSet,
    RowStream, Savepoint, WithOptions,
};
#[cfg(feature = "migrate")]
pub use orm_derive::migrations;
pub use orm_derive::{Embed, Model, Row, SqlEnum, SqlNewtype, map};

#[doc(hidden)]
pub use orm_core::__private;

/// The guide, whose code is compiled and run. The README's is the quickstart, word for word.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../docs/guide.md")]
    mod guide {}
}
