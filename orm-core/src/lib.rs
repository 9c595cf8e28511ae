//! Metadata, SQL, mapping and the session of `orm`.
//!
//! Applications use the crate `orm`, which re-exports this one by name. In reading order: [`Error`], the types that
//! columns hold ([`SqlType`]), models ([`Model`]), statements ([`select`], [`insert`], [`update`], [`delete`], [`text`]),
//! the [`Engine`] that runs them, and the [`Session`] that owns objects.
//!
//! ```
//! # use orm_core::{Engine, Model, Session, insert, metadata, select};
//! # use orm_derive::Model;
//! #[derive(Clone, Debug, Model)]
//! struct User {
//!     #[orm(primary_key)]
//!     id: i64,
//!     name: String,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), orm_core::Error> {
//! let engine = Engine::new("sqlite::memory:")?;
//! metadata![User].create_all(&engine).await?;
//! insert(User).values(User::builder().name("wendy")).execute(&engine).await?;
//!
//! let mut session = Session::new(&engine);
//! let ed = session.add(User::builder().name("ed"));
//! session.commit().await?;
//! session[ed].name = "edward".into();
//! session.commit().await?; // UPDATE of one column
//!
//! let names: Vec<String> = select(User.name).order_by(User.id).all(&engine).await?;
//! assert_eq!(names, ["wendy", "edward"]);
//! # Ok(())
//! # }
//! ```
//!
//! Nothing here knows sqlx or a socket: rows come from `orm-pool`.

#[cfg(not(any(feature = "sqlite", feature = "postgres", feature = "mysql")))]
compile_error!("`orm` needs a database: enable at least one of its features `sqlite`, `postgres` and `mysql`");

// What the derive generates names this crate, also in its own unit tests.
#[cfg(test)]
extern crate self as orm_core;

mod error;
mod opaque;
mod types;

mod mapper;
pub mod schema;

mod compile;
mod dialect;
mod sql;

mod engine;
mod load;
mod reflect;

mod flush;
mod session;

pub use compile::{Lint, Rendered};
pub use dialect::Dialect;
pub use engine::{
    Connection, ConnectionInfo, Engine, EngineBuilder, Exec, Executor, Handles, IsolationLevel, Mode, Out, Pool,
    PoolClass, PoolStatus, PooledConnection, Reader, Transaction, Url, Values, Work, WorkOnce,
};
pub use engine::{
    Executable, ExecutionOptions, Parameter, Parameters, Plugin, Record, RecordIndex, ResetOnReturn, ResultSet,
    RowStream, Savepoint, StatementEvent, WithOptions,
};
pub use error::{DatabaseErrorKind, Error, ErrorKind, Result, Violation};
pub use flush::validate;
pub use load::{
    Contains, Joinable, Load, LoadAll, LoadColumns, LoadOption, LoadTree, contains_eager, defaultload, defer,
    joinedload, joinedload_all, lazyload, lazyload_all, load_only, raiseload, raiseload_all, selectinload,
    selectinload_all, subqueryload, undefer, undefer_all, undefer_group, with_expression,
};
pub use mapper::{
    Attribute, BelongsTo, Deferred, Embed, Embedding, Entity, HasMany, HasOne, IntoKey, IntoMember, IntoRows, Key,
    Many, ManyToMany, Member, Model, NewInstance, NewRow, One, Optional, Relationship, RowType, Selectable, foreign,
    optional, remote,
};
pub use orm_pool::{EnumName, Kind, Value, ValueRef};
pub use schema::MetaData;
pub use session::{
    AnyHandle, BindRequest, Execution, Handle, HandleList, History, JoinMode, Managed, Nested, NoAutoflush,
    ObjectState, Query, ScopedGuard, ScopedSession, Session, SessionEvents, SessionInfo, SessionMaker, StateChange,
    StatementKind, Synchronize,
};
pub use session::{Loadable, Members, NPlusOne};
pub use sql::{
    AsExpr, Bind, Chunks, ColumnNames, ColumnPaths, Columns, ComparedByValue, Cte, Delete, Derived, DerivedColumn,
    Expr, Expression, Fills, FromTarget, FromTargets, GroupBy, HintDialect, InList, Insert, IntoValue, JoinTarget,
    Lock, NamedRow, OnConflict, OrderBy, OrderItem, Predicate, Projection, RelationshipTo, Render, Returning, Rows,
    Select, Shape, TableFunction, Text, ToMany, ToOne, Update, ValuesRow, Write, delete, excluded, func, insert, label,
    literal, select, text, update, values, with_parent,
};
// Operators and functions.
pub use sql::{
    ArrayType, Bound, Combined, Container, Containing, CustomOperator, Exclude, FrameEdge, FrameOffset, FrameRange,
    FrameSpan, Like, MaybeNull, NotNull, Nullable, Nullness, Operand, Precedence, RangePart, RangeType, RowList, RowOf,
    Search, Several, Subtrahend, TsQuery, TsVector, Tuple, Window, following, preceding, tuple, window,
};
pub use sql::{Call, LightColumn, LightDelete, LightInsert, LightTable, LightUpdate, call, column, table};
#[cfg(feature = "json")]
pub use sql::{Document, JsonPath};
#[cfg(feature = "json")]
pub use types::Json;
pub use types::{
    ArrayElement, ColumnType, DecodeError, Integer, Numeric, Placeholder, Range, RangeElement, SqlType, Textual,
};

/// What generated code calls. It changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use linkme;
    pub use orm_pool::{EnumName, Kind, Value, ValueRef};

    pub use crate::dialect::Dialect;
    pub use crate::engine::{PlanLine, Request};
    pub use crate::load::{Contains, LoadPath};
    pub use crate::mapper::*;
    /// Columns of embedded structs.
    pub mod embed {
        pub use crate::mapper::embed::{
            Embedded, columns, decode_in_variant, decode_of_columns, embedded_of_columns, equals, equals_optional,
            group, is_missing, is_variant, list, order, read_enum, set_outside, text, text_length, unknown_tag, width,
        };
    }
    pub use crate::schema::{Counting, Deferrable, Identity, mapper_of};
    pub use crate::session::{Handle, ObjectId, Objects};
    pub use crate::sql::{
        Columns, CteNode, Derived, DerivedColumn, DerivedNode, DerivedSource, Expr, FieldOf, Fills, FromItem, GroupBy,
        IntoValue, JoinKind, JoinNode, NamedRow, Node, NotNull, Nullability, Operator, OrderBy, OrderItem, Output,
        Projection, RelationReference, RowStruct, RustType, SelectNode, Shape, Statement, TableRef, column_property,
        condition, fill, order_items,
    };
    #[cfg(feature = "json")]
    pub use crate::types::Json;
    pub use crate::types::{ColumnType, DecodeError, Placeholder, SqlType};

    /// For crates beside this one: errors as they are made here.
    pub mod error {
        use crate::error::{Error, ErrorKind};

        /// Makes an error with its first line.
        pub fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
            Error::new(kind, message)
        }

        /// Adds what the reader can do about it.
        pub fn hint(error: Error, hint: impl Into<String>) -> Error {
            error.hint(hint)
        }

        /// Returns whether a statement has named a table that the database does not have.
        pub fn is_missing_table(error: &Error) -> bool {
            error.is_missing_table()
        }

        /// Adds a line in parentheses.
        pub fn note(error: Error, note: impl Into<String>) -> Error {
            error.note(note)
        }

        /// Says where it happened, before its first line.
        pub fn within(error: Error, place: &str) -> Error {
            error.within(place)
        }
    }

    /// What a file of a migration says.
    pub mod script {
        pub use crate::schema::is_history;
        pub use crate::schema::script::{Place, Script, Step, is_of_test, there_and_back};
    }

    /// Two types that are the same up to `Option`.
    #[diagnostic::on_unimplemented(
        message = "a foreign key of type `{T}` cannot refer to a column of type `{Self}`",
        label = "the types differ"
    )]
    pub trait Same<T> {}
    impl<T> Same<T> for T {}
    impl<T> Same<Option<T>> for T {}

    /// Names the column that a foreign key of type `T` refers to.
    pub fn foreign_key<T, M: Model, U: Same<T>>(attribute: Attribute<M, U>) -> ColumnReference {
        attribute.__reference()
    }
}
