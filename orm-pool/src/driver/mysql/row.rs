//! Reads the bytes of a row as the types that the server says they are.
//!
//! In: a row of sqlx. Out: a [`ValueRef`] for each position. What the columns are is found out once for each result.

use std::fmt::Write as _;
use std::str::from_utf8;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::mysql::{MySqlRow, MySqlTypeInfo};
use sqlx::{Column as _, Decode, MySql, Row as _, Type, TypeInfo as _};

use super::written;
use crate::driver::calendar;
use crate::{ValueRef, text};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Int,
    Unsigned,
    Year,
    Float,
    Double,
    Decimal,
    Date,
    DateTime,
    Timestamp,
    Time,
    Bit,
    Json,
    Text,
    Bytes,
}

/// A column of the result that is being read.
struct Column {
    holds: Holds,
    /// The value of this row as text, if no other form can hold it.
    odd: OnceLock<Box<str>>,
}

/// What is known of the result that is being read.
#[derive(Default)]
pub(super) struct Columns {
    all: Vec<Column>,
    is_text: bool,
    has_odd: AtomicBool,
    /// Which set of rows is being read.
    set: usize,
}

impl Columns {
    /// Finds out what the columns of this row hold; `is_text` says that the values come as text.
    pub(super) fn learn(&mut self, row: &MySqlRow, is_text: bool) {
        self.all.clear();
        self.is_text = is_text;
        let column =
            |column: &sqlx::mysql::MySqlColumn| Column { holds: holds(column.type_info()), odd: OnceLock::new() };
        self.all.extend(row.columns().iter().map(column));
    }

    pub(super) fn first_set(&mut self) {
        self.set = 0;
    }

    pub(super) fn next_set(&mut self) {
        self.set += 1;
    }

    /// Forgets the values of the row before.
    #[inline]
    pub(super) fn next_row(&mut self) {
        if std::mem::take(self.has_odd.get_mut()) {
            self.all.iter_mut().for_each(|column| _ = column.odd.take());
        }
    }
}

/// Returns what a column of this type holds.
fn holds(info: &MySqlTypeInfo) -> Holds {
    // Before the name, which is `BOOLEAN` for any `TINYINT(1)`.
    let is_unsigned = <u64 as Type<MySql>>::compatible(info);
    match info.name() {
        "YEAR" => Holds::Year,
        "BIT" => Holds::Bit,
        "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" if !is_unsigned => Holds::Int,
        "BOOLEAN" | "TINYINT UNSIGNED" | "SMALLINT UNSIGNED" | "MEDIUMINT UNSIGNED" | "INT UNSIGNED"
        | "BIGINT UNSIGNED" => Holds::Unsigned,
        "FLOAT" => Holds::Float,
        "DOUBLE" => Holds::Double,
        "DECIMAL" => Holds::Decimal,
        "DATE" => Holds::Date,
        "DATETIME" => Holds::DateTime,
        "TIMESTAMP" => Holds::Timestamp,
        "TIME" => Holds::Time,
        "JSON" => Holds::Json,
        "ENUM" | "SET" => Holds::Text,
        "GEOMETRY" => Holds::Bytes,
        // The name says `VARBINARY` for a text with a binary collation; this looks for the character set `binary`.
        _ if <str as Type<MySql>>::compatible(info) => Holds::Text,
        _ => Holds::Bytes,
    }
}

/// Returns a decimal number without the zeros that are there for a parameter in its expression: MySQL takes it to have 30 digits
/// behind the point, which is the most that there can be.
#[inline]
fn unpadded(number: &str) -> &str {
    const MOST: usize = 30;
    match number.len().checked_sub(MOST + 1).map(|point| number.as_bytes()[point]) {
        Some(b'.') => number.trim_end_matches('0').trim_end_matches('.'),
        _ => number,
    }
}

/// A row of MySQL, valid while the decoder runs.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    row: &'a MySqlRow,
    columns: &'a Columns,
}

impl<'a> Row<'a> {
    #[inline]
    pub(super) fn new(row: &'a MySqlRow, columns: &'a Columns) -> Self {
        Row { row, columns }
    }

    /// Returns the value at this position.
    ///
    /// Truth values are integers, since MySQL's `BOOLEAN` is a `TINYINT(1)` and holds any small number; so are `YEAR` and
    /// `BIT`. `BIGINT UNSIGNED` and `BIT(64)` beyond the range of `i64` come as decimals. JSON comes as JSON from MySQL
    /// and as text from MariaDB, where it is text; UUIDs and addresses come as text. What a type of Rust cannot hold comes
    /// as the text that MySQL shows for it: the date `0000-00-00`, the time `-01:00:00`, the time `25:00:00`.
    ///
    /// # Panics
    ///
    /// Panics when the row has no such position.
    #[inline]
    pub fn value(&self, column: usize) -> ValueRef<'a> {
        let Some(facts) = self.columns.all.get(column) else {
            crate::driver::no_such_column(column, self.columns.all.len());
        };
        let Ok(value) = self.row.try_get_raw(column) else {
            crate::driver::no_such_column(column, self.row.len());
        };
        // It is an error only for NULL. sqlx takes a zero date for NULL as well, but not here.
        let Ok(bytes) = <&[u8] as Decode<'_, MySql>>::decode(value) else { return ValueRef::Null };
        if self.columns.is_text {
            return self.read_text(facts, bytes);
        }
        // A value of another length than its type's would not be MySQL's; it comes as bytes.
        self.read_binary(facts, bytes).unwrap_or(ValueRef::Bytes(bytes))
    }

    #[inline]
    fn read_binary(&self, facts: &'a Column, bytes: &'a [u8]) -> Option<ValueRef<'a>> {
        Some(match facts.holds {
            Holds::Int => ValueRef::Int(signed(bytes)?),
            Holds::Unsigned => self.unsigned(facts, unsigned(bytes)?),
            Holds::Year => ValueRef::Int(unsigned(bytes)? as i64),
            Holds::Float => ValueRef::Float32(f32::from_le_bytes(bytes.try_into().ok()?)),
            Holds::Double => ValueRef::Float64(f64::from_le_bytes(bytes.try_into().ok()?)),
            Holds::Decimal => ValueRef::Decimal(unpadded(from_utf8(bytes).ok()?)),
            Holds::Json => ValueRef::Json(from_utf8(bytes).ok()?),
            Holds::Text => text_or_bytes(bytes),
            Holds::Bytes => ValueRef::Bytes(bytes),
            Holds::Bit => self.bits(facts, bytes)?,
            Holds::Date => match written::date(bytes)? {
                (Some(days), _) => ValueRef::Date(days),
                (None, shown) => self.odd(facts, |out| shown.write_date(out), ValueRef::Text),
            },
            Holds::DateTime => self.moment(facts, bytes, ValueRef::DateTime)?,
            Holds::Timestamp => self.moment(facts, bytes, ValueRef::Timestamp)?,
            Holds::Time => match written::time(bytes)? {
                (is_negative, micros) if !is_negative && micros < 86_400_000_000 => ValueRef::Time(micros),
                (is_negative, micros) => {
                    let sign = if is_negative { "-" } else { "" };
                    self.odd(facts, |out| _ = write!(out, "{sign}{}", text::time(micros)), ValueRef::Text)
                }
            },
        })
    }

    #[inline]
    fn unsigned(&self, facts: &'a Column, number: u64) -> ValueRef<'a> {
        match i64::try_from(number) {
            Ok(number) => ValueRef::Int(number),
            Err(_) => self.odd(facts, |out| _ = write!(out, "{number}"), ValueRef::Decimal),
        }
    }

    fn bits(&self, facts: &'a Column, bytes: &[u8]) -> Option<ValueRef<'a>> {
        let wide = bytes.len() <= 8;
        wide.then(|| self.unsigned(facts, bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))))
    }

    #[inline]
    fn moment(&self, facts: &'a Column, bytes: &[u8], value: fn(i64) -> ValueRef<'a>) -> Option<ValueRef<'a>> {
        let (days, shown) = written::date(bytes)?;
        let micros = written::clock(bytes.get(5..).unwrap_or_default())?;
        Some(match days {
            Some(days) => value(i64::from(days) * 86_400_000_000 + micros),
            None => {
                let write = |out: &mut String| {
                    shown.write_date(out);
                    _ = write!(out, " {}", text::time(micros));
                };
                self.odd(facts, write, ValueRef::Text)
            }
        })
    }

    /// Returns text for what has no other form.
    #[cold]
    fn odd(&self, facts: &'a Column, write: impl Fn(&mut String), value: fn(&'a str) -> ValueRef<'a>) -> ValueRef<'a> {
        // Only this thread is here; the connection is to be `Sync`.
        self.columns.has_odd.store(true, Ordering::Relaxed);
        value(facts.odd.get_or_init(|| {
            let mut out = String::new();
            write(&mut out);
            out.into()
        }))
    }

    /// Reads a value of the text protocol; what does not look like its type comes as text.
    #[cold]
    fn read_text(&self, facts: &'a Column, bytes: &'a [u8]) -> ValueRef<'a> {
        if facts.holds == Holds::Bytes {
            return ValueRef::Bytes(bytes);
        }
        if facts.holds == Holds::Bit {
            return self.bits(facts, bytes).unwrap_or(ValueRef::Bytes(bytes));
        }
        let Ok(text) = from_utf8(bytes) else { return ValueRef::Bytes(bytes) };
        let value = match facts.holds {
            Holds::Int | Holds::Year => text.parse().ok().map(ValueRef::Int),
            Holds::Unsigned => text.parse().ok().map(|number| self.unsigned(facts, number)),
            Holds::Float => text.parse().ok().map(ValueRef::Float32),
            Holds::Double => text.parse().ok().map(ValueRef::Float64),
            Holds::Decimal => Some(ValueRef::Decimal(text)),
            Holds::Json => Some(ValueRef::Json(text)),
            Holds::Date => calendar::read_date(text).map(ValueRef::Date),
            Holds::DateTime => calendar::read_moment(text).map(ValueRef::DateTime),
            Holds::Timestamp => calendar::read_moment(text).map(ValueRef::Timestamp),
            Holds::Time => calendar::read_time(text).map(ValueRef::Time),
            Holds::Text | Holds::Bytes | Holds::Bit => None,
        };
        value.unwrap_or(ValueRef::Text(text))
    }

    /// Returns which set of rows of a procedure it belongs to, from 0.
    #[inline]
    pub fn set(&self) -> usize {
        self.columns.set
    }

    /// Returns how many values the row has.
    #[inline]
    pub fn len(&self) -> usize {
        self.columns.all.len()
    }

    /// Returns whether the row has no values.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.columns.all.is_empty()
    }

    /// Returns the name of the column at this position.
    ///
    /// # Panics
    ///
    /// Panics when the row has no such position.
    pub fn name(&self, column: usize) -> &'a str {
        match self.row.columns().get(column) {
            Some(column) => column.name(),
            None => crate::driver::no_such_column(column, self.row.len()),
        }
    }
}

#[inline]
fn text_or_bytes(bytes: &[u8]) -> ValueRef<'_> {
    from_utf8(bytes).map_or(ValueRef::Bytes(bytes), ValueRef::Text)
}

#[inline]
fn signed(bytes: &[u8]) -> Option<i64> {
    Some(match *bytes {
        [a] => i64::from(a as i8),
        [a, b] => i16::from_le_bytes([a, b]).into(),
        [a, b, c, d] => i32::from_le_bytes([a, b, c, d]).into(),
        _ => i64::from_le_bytes(bytes.try_into().ok()?),
    })
}

#[inline]
fn unsigned(bytes: &[u8]) -> Option<u64> {
    Some(match *bytes {
        [a] => a.into(),
        [a, b] => u16::from_le_bytes([a, b]).into(),
        [a, b, c, d] => u32::from_le_bytes([a, b, c, d]).into(),
        _ => u64::from_le_bytes(bytes.try_into().ok()?),
    })
}
