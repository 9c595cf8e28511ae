//! Functions that SQL can call beside SQLite's own: those that other databases have, and exact decimal numbers.
//!
//! In: values of a row. Out: an [`Answer`], or a message. Named by `orm-core` where it writes the text for SQLite; called by
//! SQLite, through [`raw`](super::raw). None of them panics.
//!
//! | | |
//! |---|---|
//! | `decimals` | what is computed of decimal numbers, by the names of SQLite's own shell where it has them |
//! | `moments` | dates and times |
//! | `numbers` | mathematics and statistics |
//! | `patterns` | regular expressions |
//! | `texts` | text |

#[cfg(feature = "rust_decimal")]
mod decimals;
mod moments;
mod numbers;
#[cfg(feature = "regex")]
mod patterns;
mod texts;

use std::ffi::{CStr, c_int};

use super::raw::{Failure, Handle};
use crate::ValueRef;

/// How many arguments a function has at most.
pub(super) const MOST_ARGUMENTS: usize = 3;

/// A function of one row.
pub(super) struct Function {
    pub(super) name: &'static CStr,
    pub(super) arguments: c_int,
    pub(super) call: fn(&[ValueRef<'_>]) -> Result<Answer, String>,
}

/// What a row changes.
pub(super) type Step = fn(&mut Total, ValueRef<'_>) -> Result<(), String>;

/// A function of one value of many rows.
pub(super) struct Aggregate {
    pub(super) name: &'static CStr,
    pub(super) step: Step,
    /// Takes out what was added, when a row leaves a window.
    pub(super) inverse: Step,
    pub(super) value: fn(&Total) -> Result<Answer, String>,
}

/// What an aggregate notes of the rows so far. All zeroes are no row; any bytes are a `Total`.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub(super) struct Total {
    count: u64,
    mean: f64,
    /// The squares of what the values are away from their mean.
    spread: f64,
    /// The bytes of a decimal number.
    #[cfg(feature = "rust_decimal")]
    sum: [u8; 16],
}

/// What a function gives.
pub(super) enum Answer {
    Null,
    Int(i64),
    Float(f64),
    Text(String),
}

/// Has a connection know all functions.
pub(super) fn define(handle: &mut Handle) -> Result<(), Box<Failure>> {
    #[cfg(feature = "rust_decimal")]
    {
        decimals::FUNCTIONS.iter().try_for_each(|function| handle.define(function))?;
        decimals::AGGREGATES.iter().try_for_each(|aggregate| handle.define_aggregate(aggregate))?;
    }
    let mut others = numbers::FUNCTIONS.iter().chain(&texts::FUNCTIONS).chain(&moments::FUNCTIONS);
    others.try_for_each(|function| handle.define(function))?;
    #[cfg(feature = "regex")]
    patterns::FUNCTIONS.iter().try_for_each(|function| handle.define(function))?;
    numbers::AGGREGATES.iter().try_for_each(|aggregate| handle.define_aggregate(aggregate))
}

/// Writes a value into a message.
fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Text(text) => format!("`{text}`"),
        ValueRef::Int(number) => number.to_string(),
        ValueRef::Float64(number) => number.to_string(),
        ValueRef::Null => "NULL".into(),
        _ => "a BLOB".into(),
    }
}
