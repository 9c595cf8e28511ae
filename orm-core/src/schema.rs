//! What a database holds: [`Table`]s of [`Column`]s, constraints and indexes, as plain data, and [`MetaData`], several
//! tables that are created together.
//!
//! In: the definitions of models, tables made by hand, and what [`reflect`](MetaData::reflect) reads from a database. Out:
//! data, which `compile/ddl.rs` writes as SQL.

mod column;
mod condition;
mod constraint;
mod copy;
mod creation;
mod diff;
mod display;
mod domain;
mod done;
mod index;
mod mermaid;
mod metadata;
mod model;
mod naming;
mod normal;
mod operation;
mod options;
pub(crate) mod order;
mod rewritten;
pub(crate) mod run;
pub(crate) mod script;
mod sequence;
#[cfg(feature = "serde")]
mod serde;
mod statements;
mod table;
pub(crate) mod tokens;
mod type_names;

#[cfg(test)]
mod tests;

pub(crate) use column::is_number;
pub use column::{Column, Computed, Identity};
pub use constraint::{CheckConstraint, Deferrable, ExcludeConstraint, ForeignKey, PrimaryKey, UniqueConstraint};
#[doc(hidden)]
pub use diff::is_history;
pub use diff::{Diff, RenameHint};
pub use domain::Domain;
pub use index::{Index, IndexColumn, IndexPart};
pub use metadata::MetaData;
pub(crate) use metadata::Origin;
pub use naming::NamingConvention;
pub(crate) use naming::fit;
pub use operation::{ColumnChange, Constraint, Operation, TableName};
pub use sequence::{Counting, EnumType, Sequence, View};
pub use statements::{TableDelete, TableInsert, TableUpdate};
pub use table::Table;
pub(crate) use table::full_name;
pub(crate) use type_names::parse_type;

pub use crate::reflect::{Inspector, Reflection};

pub use crate::mapper::ReferentialAction;
use crate::mapper::{Entity, Mapper, Model};

/// Returns the mapper of a model; [`metadata!`](crate::metadata) calls it.
#[doc(hidden)]
pub fn mapper_of<A: Entity>(_entity: A) -> &'static Mapper {
    A::Model::__mapper()
}

/// The tables of these models alone: `metadata![User, Address]`.
///
/// ```
/// # use orm_core as orm;
/// use orm_core::{Dialect, metadata};
///
/// #[derive(Clone, Debug, orm_derive::Model)]
/// #[orm(table = "users")]
/// struct User {
///     #[orm(primary_key)]
///     id: i64,
///     name: String,
/// }
///
/// let sql = metadata![User].to_sql(Dialect::Sqlite);
/// assert_eq!(sql, "CREATE TABLE users (\n    id INTEGER NOT NULL,\n    name TEXT NOT NULL,\n    PRIMARY KEY (id)\n)");
/// ```
#[macro_export]
macro_rules! metadata {
    ($($model:expr),* $(,)?) => {
        $crate::MetaData::__of(::std::vec![$($crate::__private::mapper_of($model)),*])
    };
}
