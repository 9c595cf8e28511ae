//! Relationships loaded with the objects of a query: what was asked for, as a tree, and the SELECTs that bring it.
//!
//! In: the objects of a query and the [`LoadPath`]s of its options. Out: the objects' fields filled, with values
//! ([`values`]) or with handles ([`objects`]). One SELECT per relationship and 500 owners, level by level: SQLAlchemy's
//! `selectin` shape.

mod managed;
mod options;
mod plan;
mod select;
mod values;

pub(crate) use managed::{load_objects, load_relationship};
pub use options::{Contains, Load, LoadOption, LoadPath, joinedload, selectinload};
pub(crate) use plan::{LoadNode, Plan};
pub(crate) use values::values;
