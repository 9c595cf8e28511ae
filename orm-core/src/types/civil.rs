//! Dates and times as day counts, as microseconds and as text: what the libraries of dates have in common.
//!
//! In: a [`ValueRef`], typed or the text that SQLite holds. Out: whole days since 1970-01-01 and microseconds of the day,
//! from which each library builds its own types by [`temporal!`].

use orm_pool::{Kind, Value, ValueRef, text};

use super::DecodeError;

pub(super) use orm_pool::text::{Parts, joined, split};

/// Implements what a column needs for types of dates and times.
///
/// Each line says what the type is to the database, and how it comes apart into [`Parts`] and is built from them; a part
/// that the type does not have is 0 and ignored. `None` says that the library's type does not reach so far.
macro_rules! temporal {
    ($($(#[$attribute:meta])* $type:ty, $kind:ident, $name:literal, $parts:expr, $build:expr;)*) => { $(
        $crate::row_type!($type);
        impl $crate::types::Placeholder for $type {
            /// Returns the first of January 1970, at midnight.
            fn placeholder() -> Self {
                let build: fn($crate::types::civil::Parts) -> Option<$type> = $build;
                build((0, 0)).expect("every library of dates knows 1970")
            }
        }
        $(#[$attribute])*
        impl $crate::types::SqlType for $type {
            type Plain = $type;
            type Null = crate::sql::NotNull;
            const KIND: orm_pool::Kind = orm_pool::Kind::$kind;

            fn column_type() -> $crate::types::ColumnType {
                $crate::types::ColumnType::$kind
            }

            fn encode(&self) -> orm_pool::Value {
                let parts: fn(&$type) -> $crate::types::civil::Parts = $parts;
                $crate::types::civil::encode(Self::KIND, parts(self))
            }

            #[inline]
            fn decode(value: orm_pool::ValueRef<'_>) -> Result<Self, $crate::types::DecodeError> {
                let build: fn($crate::types::civil::Parts) -> Option<$type> = $build;
                let parts = $crate::types::civil::decode(Self::KIND, value)?;
                build(parts).ok_or_else(|| $crate::types::civil::too_far(Self::KIND, parts, $name))
            }
        }
    )* };
}
pub(super) use temporal;

/// Makes the parameter.
pub(super) fn encode(kind: Kind, (days, micros): Parts) -> Value {
    match (kind, joined((days, micros))) {
        (Kind::Date, _) => Value::Date(days),
        (Kind::Time, _) => Value::Time(micros),
        (Kind::DateTime, Some(micros)) => Value::DateTime(micros),
        (_, Some(micros)) => Value::Timestamp(micros),
        // Past the year 294,246 the microseconds do not fit; the text does, and a database with less range refuses it.
        (_, None) => Value::Text(shown(Kind::DateTime, (days, micros))),
    }
}

/// Reads what a row holds.
#[inline]
pub(super) fn decode(kind: Kind, value: ValueRef<'_>) -> Result<Parts, DecodeError> {
    let parts = match (kind, value) {
        (Kind::Date, ValueRef::Date(days)) => Some((days, 0)),
        (Kind::Time, ValueRef::Time(micros)) => within_a_day(micros),
        (Kind::DateTime, ValueRef::DateTime(micros)) => Some(split(micros)),
        // MySQL has no type for a moment: its dates and times are taken as UTC, as they were written.
        (Kind::Timestamp, ValueRef::Timestamp(micros) | ValueRef::DateTime(micros)) => Some(split(micros)),
        (_, ValueRef::Text(found)) => text::parse(kind, found),
        _ => None,
    };
    parts.ok_or_else(|| mismatch(kind, value))
}

#[cold]
fn mismatch(kind: Kind, found: ValueRef<'_>) -> DecodeError {
    match (kind, found) {
        (Kind::Time, ValueRef::Time(micros)) => {
            DecodeError::new(format!("expected a time of day, found {}", text::time(micros)))
        }
        (Kind::Date, _) => DecodeError::mismatch("a date as `YYYY-MM-DD`", found),
        (Kind::Time, _) => DecodeError::mismatch("a time as `HH:MM:SS.ffffff`", found),
        (Kind::DateTime, _) => {
            DecodeError::mismatch("a date and time without a zone as `YYYY-MM-DD HH:MM:SS.ffffff`", found)
        }
        _ => DecodeError::mismatch("a moment as `YYYY-MM-DD HH:MM:SS.ffffff`, in UTC or with an offset", found),
    }
}

/// The library's type does not reach so far.
#[cold]
pub(super) fn too_far(kind: Kind, parts: Parts, name: &str) -> DecodeError {
    DecodeError::new(format!("{} does not fit into `{name}`", shown(kind, parts)))
}

fn shown(kind: Kind, (days, micros): Parts) -> String {
    match kind {
        Kind::Date => text::date(days),
        Kind::Time => text::time(micros),
        _ => format!("{} {}", text::date(days), text::time(micros)),
    }
}

fn within_a_day(micros: i64) -> Option<Parts> {
    (0..text::DAY).contains(&micros).then_some((0, micros))
}
