//! Columns that get a type of another kind, on PostgreSQL.
//!
//! What compares such a column with another, or with a value, would have to compare two kinds of values.

use crate::types::ColumnType;

/// Returns whether PostgreSQL compares values of the two types with each other, and with what either is compared with.
pub(super) fn are_alike(from: &ColumnType, to: &ColumnType) -> bool {
    let kind = |of: &ColumnType| match of {
        ColumnType::SmallInteger | ColumnType::Integer | ColumnType::BigInteger => Some(Kind::Integer),
        ColumnType::Real | ColumnType::Double | ColumnType::Float(_) => Some(Kind::Float),
        ColumnType::Numeric(_) => Some(Kind::Numeric),
        ColumnType::Text | ColumnType::String(_) | ColumnType::Varchar => Some(Kind::Text),
        ColumnType::Enum { is_native: false, .. } => Some(Kind::Text),
        ColumnType::Char(_) => Some(Kind::Char),
        _ => None,
    };
    match (from, to) {
        (ColumnType::Domain { base, .. }, to) => are_alike(base, to),
        (from, ColumnType::Domain { base, .. }) => are_alike(from, base),
        (ColumnType::Array(from), ColumnType::Array(to)) => are_alike(from, to),
        (from, to) => from == to || kind(from).is_some_and(|of| kind(to) == Some(of)),
    }
}

/// Types that PostgreSQL compares with each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Integer,
    Float,
    Numeric,
    Text,
    Char,
}
