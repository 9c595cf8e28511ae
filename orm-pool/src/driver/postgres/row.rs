//! Reads the bytes of a row as the types that the server says they are.
//!
//! In: a row of sqlx. Out: a [`ValueRef`] for each position. What the columns are is found out once for each result;
//! values that have no bytes of their own to borrow, such as `numeric`, are written into one buffer row by row.

use std::ops::Range;
use std::str::from_utf8;

use sqlx::postgres::{PgRow, PgTypeInfo, PgTypeKind, PgValueFormat};
use sqlx::{Column as _, Row as _, TypeInfo as _, ValueRef as _};

use super::parameters::{EPOCH_DAYS, EPOCH_MICROS};
use super::written::{self, write_array, write_value};
use crate::ValueRef;
use crate::driver::calendar;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Bool,
    Int2,
    Int4,
    Int8,
    /// A number without a sign, of 32 bits.
    Oid,
    Float4,
    Float8,
    /// Anything whose bytes are its text.
    Text,
    Bytea,
    Date,
    Time,
    TimeTz,
    Timestamp,
    TimestampTz,
    Interval,
    Uuid,
    Numeric,
    Json,
    /// With one byte in front.
    Jsonb,
    /// As `Jsonb`, but text.
    Versioned,
    Inet,
    MacAddr,
    Bit,
    /// The name of a cursor.
    Cursor,
    /// A range of what it names.
    Range(&'static Holds),
    /// Something that is text only if it looks like it.
    Unknown,
    /// Something that is never text.
    Opaque,
}

/// A column of the result that is being read.
struct Column {
    holds: Holds,
    is_array: bool,
    /// Where in the buffer the value of this row is.
    written: Range<usize>,
}

/// What is known of the result that is being read, and the buffer for values of its current row.
#[derive(Default)]
pub(super) struct Columns {
    all: Vec<Column>,
    is_text: bool,
    has_written: bool,
    text: String,
    bytes: Vec<u8>,
}

impl Columns {
    /// Finds out what the columns of this row hold.
    pub(super) fn learn(&mut self, row: &PgRow) {
        self.all.clear();
        self.is_text = row.len() > 0 && row.try_get_raw(0).is_ok_and(|value| value.format() == PgValueFormat::Text);
        for column in row.columns() {
            let (holds, is_array) = holds(column.type_info());
            self.all.push(Column { holds, is_array, written: 0..0 });
        }
        self.has_written = self.all.iter().any(|column| is_written(column, self.is_text));
    }

    /// Writes the values of this row that have to be written.
    #[inline]
    pub(super) fn write(&mut self, row: &PgRow) {
        if self.has_written {
            self.write_all(row);
        }
    }

    fn write_all(&mut self, row: &PgRow) {
        let Columns { all, is_text, text, bytes, .. } = self;
        text.clear();
        bytes.clear();
        for (index, column) in all.iter_mut().enumerate().filter(|(_, column)| is_written(column, *is_text)) {
            column.written = 0..0;
            let Some(value) = raw(row, index) else { continue };
            if *is_text {
                let start = bytes.len();
                if written::read_hex(value, bytes).is_some() {
                    column.written = start..bytes.len();
                }
                continue;
            }
            let start = text.len();
            let written = if column.is_array {
                write_array(column.holds, value, text)
            } else {
                write_value(column.holds, value, text)
            };
            match written {
                Some(()) => column.written = start..text.len(),
                None => text.truncate(start),
            }
        }
    }
}

/// Returns whether a value of this column is read from the buffer.
fn is_written(column: &Column, is_text: bool) -> bool {
    use Holds::*;
    if is_text {
        return column.holds == Bytea && !column.is_array;
    }
    column.is_array || matches!(column.holds, Numeric | TimeTz | Interval | Inet | MacAddr | Bit | Range(_))
}

fn raw(row: &PgRow, index: usize) -> Option<&[u8]> {
    row.try_get_raw(index).ok()?.as_bytes().ok()
}

/// Returns what a column of this type holds, and whether it holds an array of that.
fn holds(info: &PgTypeInfo) -> (Holds, bool) {
    if let Some(holds) = info.oid().and_then(|oid| holds_of_oid(oid.0)) {
        return (holds, false);
    }
    // sqlx panics when it is asked for more about a type that it knows only by number.
    if info.name() == "?" {
        return (Holds::Unknown, false);
    }
    match info.kind() {
        PgTypeKind::Enum(_) => (Holds::Text, false),
        PgTypeKind::Domain(base) => holds(base),
        PgTypeKind::Array(element) => (holds(element).0, true),
        PgTypeKind::Range(element) => (range_of(holds(element).0), false),
        PgTypeKind::Composite(_) | PgTypeKind::Pseudo => (Holds::Opaque, false),
        PgTypeKind::Simple => (holds_of_extension(info.name()), false),
    }
}

/// Returns what a type of an extension holds, by its name, which may have a schema before it.
fn holds_of_extension(name: &str) -> Holds {
    let name = name.rsplit('.').next().unwrap_or_default().trim_matches('"');
    match () {
        () if name.eq_ignore_ascii_case("citext") => Holds::Text,
        () if ["ltree", "lquery", "ltxtquery"].iter().any(|known| name.eq_ignore_ascii_case(known)) => Holds::Versioned,
        () => Holds::Unknown,
    }
}

/// Returns what a range of such values holds, also one that a user has made.
fn range_of(element: Holds) -> Holds {
    use Holds::*;
    static ELEMENTS: [Holds; 11] = [Int2, Int4, Int8, Float8, Numeric, Text, Date, Time, Timestamp, TimestampTz, Inet];
    ELEMENTS.iter().find(|known| **known == element).map_or(Opaque, Range)
}

/// Returns what a built-in type holds; the numbers are those of `pg_type.dat`.
pub(super) fn holds_of_oid(oid: u32) -> Option<Holds> {
    use Holds::*;
    Some(match oid {
        16 => Bool,
        21 => Int2,
        23 => Int4,
        20 | 5069 => Int8,
        24 | 26 | 28 | 29 | 2202..=2206 | 3734 | 3769 | 4089 | 4096 | 4191 => Oid,
        700 => Float4,
        701 => Float8,
        18 | 19 | 25 | 142 | 194 | 705 | 1042 | 1043 | 2275 | 2278 => Text,
        1790 => Cursor,
        17 => Bytea,
        1082 => Date,
        1083 => Time,
        1266 => TimeTz,
        1114 => Timestamp,
        1184 => TimestampTz,
        1186 => Interval,
        2950 => Uuid,
        1700 => Numeric,
        114 => Json,
        3802 => Jsonb,
        4072 => Versioned,
        650 | 869 => Inet,
        774 | 829 => MacAddr,
        1560 | 1562 => Bit,
        3904 => Range(&Int4),
        3906 => Range(&Numeric),
        3908 => Range(&Timestamp),
        3910 => Range(&TimestampTz),
        3912 => Range(&Date),
        3926 => Range(&Int8),
        27 | 600..=604 | 628 | 718 | 790 | 3220 | 3614 | 3615 => Opaque,
        _ => return None,
    })
}

/// A row of PostgreSQL, valid while the decoder runs.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    row: &'a PgRow,
    columns: &'a Columns,
}

impl<'a> Row<'a> {
    #[inline]
    pub(super) fn new(row: &'a PgRow, columns: &'a Columns) -> Self {
        Row { row, columns }
    }

    /// Returns the value at this position.
    ///
    /// Text, JSON and bytes are borrowed from the message; decimals, and arrays and ranges as PostgreSQL writes them, from a
    /// buffer.
    /// What a type of Rust cannot hold comes as the text that PostgreSQL shows for it: `infinity`, a decimal's `NaN`, the
    /// time `24:00:00`, an interval. `money`, of which only the server knows how many
    /// digits are behind the point, comes as bytes: cast it to `numeric`. Other types come as text if that is what they
    /// look like, else as bytes.
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
        if value.is_null() {
            return ValueRef::Null;
        }
        let bytes = value.as_bytes().unwrap_or_default();
        if self.columns.is_text {
            return self.read_text(facts, bytes);
        }
        if facts.is_array {
            return self.read_written(facts, bytes);
        }
        // A value of another length than its type's would not be PostgreSQL's; it comes as bytes.
        self.read_binary(facts, bytes).unwrap_or(ValueRef::Bytes(bytes))
    }

    #[inline]
    fn read_binary(&self, facts: &Column, bytes: &'a [u8]) -> Option<ValueRef<'a>> {
        Some(match facts.holds {
            Holds::Bool => ValueRef::Bool(fixed::<1>(bytes)? != [0]),
            Holds::Int2 => ValueRef::Int(i16::from_be_bytes(fixed(bytes)?).into()),
            Holds::Int4 => ValueRef::Int(i32::from_be_bytes(fixed(bytes)?).into()),
            Holds::Int8 => ValueRef::Int(i64::from_be_bytes(fixed(bytes)?)),
            Holds::Oid => ValueRef::Int(u32::from_be_bytes(fixed(bytes)?).into()),
            Holds::Float4 => ValueRef::Float32(f32::from_be_bytes(fixed(bytes)?)),
            Holds::Float8 => ValueRef::Float64(f64::from_be_bytes(fixed(bytes)?)),
            Holds::Text | Holds::Cursor => text_or_bytes(bytes),
            Holds::Bytea | Holds::Opaque => ValueRef::Bytes(bytes),
            Holds::Date => date(i32::from_be_bytes(fixed(bytes)?)),
            Holds::Time => time(i64::from_be_bytes(fixed(bytes)?)),
            Holds::Timestamp => moment(i64::from_be_bytes(fixed(bytes)?), ValueRef::DateTime),
            Holds::TimestampTz => moment(i64::from_be_bytes(fixed(bytes)?), ValueRef::Timestamp),
            Holds::Uuid => ValueRef::Uuid(fixed(bytes)?),
            Holds::Json => ValueRef::Json(from_utf8(bytes).ok()?),
            Holds::Jsonb => ValueRef::Json(from_utf8(bytes.split_first()?.1).ok()?),
            Holds::Versioned => ValueRef::Text(from_utf8(bytes.split_first()?.1).ok()?),
            Holds::Unknown => unknown(bytes),
            Holds::Numeric
            | Holds::TimeTz
            | Holds::Interval
            | Holds::Inet
            | Holds::MacAddr
            | Holds::Bit
            | Holds::Range(_) => self.read_written(facts, bytes),
        })
    }

    /// Returns what was written for this value, or its bytes if it could not be.
    fn read_written(&self, facts: &Column, bytes: &'a [u8]) -> ValueRef<'a> {
        match self.columns.text.get(facts.written.clone()) {
            None | Some("") => ValueRef::Bytes(bytes),
            Some(text) if facts.is_array => ValueRef::Text(text),
            Some(text) if facts.holds == Holds::Numeric => decimal(text),
            Some(text) => ValueRef::Text(text),
        }
    }

    /// Reads a value of the simple protocol; what does not look like its type comes as text.
    #[cold]
    fn read_text(&self, facts: &Column, bytes: &'a [u8]) -> ValueRef<'a> {
        let Ok(text) = from_utf8(bytes) else { return ValueRef::Bytes(bytes) };
        if facts.is_array {
            return ValueRef::Text(text);
        }
        let value = match facts.holds {
            Holds::Bool => match text {
                "t" => Some(ValueRef::Bool(true)),
                "f" => Some(ValueRef::Bool(false)),
                _ => None,
            },
            Holds::Int2 | Holds::Int4 | Holds::Int8 | Holds::Oid => text.parse().ok().map(ValueRef::Int),
            Holds::Float4 => text.parse().ok().map(ValueRef::Float32),
            Holds::Float8 => text.parse().ok().map(ValueRef::Float64),
            Holds::Numeric => Some(decimal(text)),
            Holds::Json | Holds::Jsonb => Some(ValueRef::Json(text)),
            Holds::Bytea => self.columns.bytes.get(facts.written.clone()).map(ValueRef::Bytes),
            Holds::Date => calendar::read_date(text).map(ValueRef::Date),
            Holds::Time => calendar::read_time(text).map(ValueRef::Time),
            Holds::Timestamp => calendar::read_moment(text).map(ValueRef::DateTime),
            Holds::TimestampTz => text.strip_suffix("+00").and_then(calendar::read_moment).map(ValueRef::Timestamp),
            Holds::Uuid => written::read_uuid(text).map(ValueRef::Uuid),
            _ => None,
        };
        value.unwrap_or(ValueRef::Text(text))
    }

    /// Returns the name of the cursor at this position, if that is what the column holds.
    pub fn cursor(&self, column: usize) -> Option<&'a str> {
        match self.columns.all.get(column)?.holds {
            Holds::Cursor => match self.value(column) {
                ValueRef::Text(name) => Some(name),
                _ => None,
            },
            _ => None,
        }
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
fn fixed<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

#[inline]
fn text_or_bytes(bytes: &[u8]) -> ValueRef<'_> {
    from_utf8(bytes).map_or(ValueRef::Bytes(bytes), ValueRef::Text)
}

/// Text never has a NUL character, and what is not text almost always has a zero byte, or begins with the number of its format.
fn unknown(bytes: &[u8]) -> ValueRef<'_> {
    let is_numbered = matches!(bytes.first(), Some(1..=8));
    if is_numbered || bytes.contains(&0) { ValueRef::Bytes(bytes) } else { text_or_bytes(bytes) }
}

fn decimal(text: &str) -> ValueRef<'_> {
    // `NaN` and the infinities end with letters.
    if text.ends_with(|c: char| c.is_ascii_digit()) { ValueRef::Decimal(text) } else { ValueRef::Text(text) }
}

#[inline]
fn date(days: i32) -> ValueRef<'static> {
    match days {
        i32::MAX => ValueRef::Text("infinity"),
        i32::MIN => ValueRef::Text("-infinity"),
        // PostgreSQL's last date is in 5874897, well within the range.
        days => ValueRef::Date(days.saturating_add(EPOCH_DAYS)),
    }
}

#[inline]
fn time(micros: i64) -> ValueRef<'static> {
    if micros < 86_400_000_000 { ValueRef::Time(micros) } else { ValueRef::Text("24:00:00") }
}

#[inline]
fn moment<'a>(micros: i64, value: fn(i64) -> ValueRef<'a>) -> ValueRef<'a> {
    match micros {
        i64::MAX => ValueRef::Text("infinity"),
        i64::MIN => ValueRef::Text("-infinity"),
        // The last days of PostgreSQL's range, in the year 294276, do not fit.
        micros => micros.checked_add(EPOCH_MICROS).map_or(ValueRef::Text("beyond the year 294246"), value),
    }
}
