//! Relationships loaded with the objects of a query: what was asked for, as a tree, and the SELECTs that bring it.
//!
//! In: the objects of a query and the [`LoadPath`]s of its options. Out: the objects' fields filled, with values
//! ([`values`]) or with handles ([`objects`](managed)). By SELECTs of their own, level by level ([`select`]), which name
//! the owners or repeat the query, or by joins in the query itself ([`joined`]).

mod columns;
mod groups;
mod joined;
mod managed;
mod options;
mod plan;
mod select;
mod values;

pub(crate) use columns::ColumnRule;
pub use columns::{LoadColumns, defer, load_only, undefer, undefer_all, undefer_group, with_expression};
pub(crate) use joined::{Joins, attach, is_alone};
pub(crate) use managed::{ObjectRows, asks_database, load_objects, load_relationship, members_of};
pub(crate) use options::Strategy;
pub use options::{
    Contains, Joinable, Load, LoadAll, LoadOption, LoadPath, LoadTree, contains_eager, defaultload, joinedload,
    joinedload_all, lazyload, lazyload_all, raiseload, raiseload_all, selectinload, selectinload_all, subqueryload,
};
pub(crate) use plan::{LoadNode, Plan};
pub(crate) use values::{ValueRows, values};
