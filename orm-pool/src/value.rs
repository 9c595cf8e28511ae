//! What travels between a statement and a database: [`Value`] going in, [`ValueRef`] coming out.
//!
//! Both are closed enums over what the databases can hold, free of any date or decimal library: dates are days, times
//! are microseconds. The crates above convert.

use std::fmt;
use std::ops::Bound;

use parking_lot::Mutex;

use crate::text;

/// The type of a parameter whose value may be NULL, for the databases that want to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// `BOOLEAN`.
    Bool,
    /// 16 bits, signed.
    Int16,
    /// 32 bits, signed.
    Int32,
    /// 64 bits, signed.
    Int64,
    /// 32 bits, IEEE.
    Float32,
    /// 64 bits, IEEE.
    Float64,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// A date and a time without a zone.
    DateTime,
    /// A moment.
    Timestamp,
    /// A UUID.
    Uuid,
    /// An exact decimal number.
    Decimal,
    /// JSON.
    Json,
    /// A span of time.
    Interval,
    /// An array of values of one type, which only PostgreSQL has.
    Array(&'static Kind),
    /// A label of a type of labels; text to every database but PostgreSQL.
    Enum(&'static EnumName),
    /// A range of values of one type, which only PostgreSQL has: of integers, decimal numbers, days and moments.
    Range(&'static Kind),
}

/// The name of a type of labels: PostgreSQL wants to hear it with each value, and others take its values as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EnumName {
    /// Its schema, if not the default one.
    pub schema: Option<&'static str>,
    /// Its name.
    pub name: &'static str,
}

impl Kind {
    /// Returns the array of this type; an array of arrays is an array of more dimensions, which this does not make.
    pub fn array(self) -> Kind {
        Kind::Array(match self {
            Kind::Bool => &Kind::Bool,
            Kind::Int16 => &Kind::Int16,
            Kind::Int32 => &Kind::Int32,
            Kind::Int64 => &Kind::Int64,
            Kind::Float32 => &Kind::Float32,
            Kind::Float64 => &Kind::Float64,
            Kind::Text => &Kind::Text,
            Kind::Bytes => &Kind::Bytes,
            Kind::Date => &Kind::Date,
            Kind::Time => &Kind::Time,
            Kind::DateTime => &Kind::DateTime,
            Kind::Timestamp => &Kind::Timestamp,
            Kind::Uuid => &Kind::Uuid,
            Kind::Decimal => &Kind::Decimal,
            Kind::Json => &Kind::Json,
            Kind::Interval => &Kind::Interval,
            Kind::Array(element) => element,
            Kind::Range(Kind::Int32) => &Kind::Range(&Kind::Int32),
            Kind::Range(Kind::Int64) => &Kind::Range(&Kind::Int64),
            Kind::Range(Kind::Decimal) => &Kind::Range(&Kind::Decimal),
            Kind::Range(Kind::Date) => &Kind::Range(&Kind::Date),
            Kind::Range(Kind::DateTime) => &Kind::Range(&Kind::DateTime),
            Kind::Range(Kind::Timestamp) => &Kind::Range(&Kind::Timestamp),
            Kind::Enum(_) | Kind::Range(_) => lasting(self),
        })
    }

    /// Returns what PostgreSQL calls a range of this type, if it has one: its built-in ranges.
    pub fn range_name(self) -> Option<&'static str> {
        Some(match self {
            Kind::Int32 => "int4range",
            Kind::Int64 => "int8range",
            Kind::Decimal => "numrange",
            Kind::Date => "daterange",
            Kind::DateTime => "tsrange",
            Kind::Timestamp => "tstzrange",
            _ => return None,
        })
    }

    /// Returns a number that no other type has, for keys; but for the name of a type of labels.
    pub fn code(self) -> u8 {
        match self {
            Kind::Bool => 0,
            Kind::Int16 => 1,
            Kind::Int32 => 2,
            Kind::Int64 => 3,
            Kind::Float32 => 4,
            Kind::Float64 => 5,
            Kind::Text => 6,
            Kind::Bytes => 7,
            Kind::Date => 8,
            Kind::Time => 9,
            Kind::DateTime => 10,
            Kind::Timestamp => 11,
            Kind::Uuid => 12,
            Kind::Decimal => 13,
            Kind::Json => 14,
            Kind::Enum(_) => 15,
            Kind::Interval => 16,
            Kind::Range(element) => 64 | element.code(),
            Kind::Array(element) => 128 | element.code(),
        }
    }

    /// Returns the name of the type of labels, also of an array of them.
    pub fn enum_name(self) -> Option<&'static EnumName> {
        match self {
            Kind::Enum(name) => Some(name),
            Kind::Array(element) => element.enum_name(),
            _ => None,
        }
    }
}

/// Returns the type as something that lives as long as the program: one for each.
fn lasting(kind: Kind) -> &'static Kind {
    static KNOWN: Mutex<Vec<&'static Kind>> = Mutex::new(Vec::new());
    let mut known = KNOWN.lock();
    if let Some(kind) = known.iter().find(|known| ***known == kind) {
        return kind;
    }
    let kind: &'static Kind = Box::leak(Box::new(kind));
    known.push(kind);
    kind
}

/// A value bound to a parameter.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// NULL of a type.
    Null(Kind),
    /// A truth value.
    Bool(bool),
    /// A 16-bit integer.
    Int16(i16),
    /// A 32-bit integer.
    Int32(i32),
    /// A 64-bit integer.
    Int64(i64),
    /// A 32-bit float.
    Float32(f32),
    /// A 64-bit float.
    Float64(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since midnight.
    Time(i64),
    /// A span of time in microseconds: a number to every database but PostgreSQL.
    Interval(i64),
    /// A span of time, in words, that is too long for [`Interval`](Self::Interval): every database refuses it.
    LongInterval(Box<str>),
    /// Microseconds since 1970-01-01T00:00:00, without a zone.
    DateTime(i64),
    /// Microseconds since 1970-01-01T00:00:00 UTC.
    Timestamp(i64),
    /// The sixteen bytes of a UUID.
    Uuid([u8; 16]),
    /// A decimal number in plain notation, such as `-12.50`.
    Decimal(String),
    /// A JSON document.
    Json(String),
    /// Values of one type, or NULLs of it.
    Array(&'static Kind, Vec<Value>),
    /// A label of a type of labels.
    Enum(&'static EnumName, Box<str>),
    /// The values of one type between two ends, the lower first, or none at all.
    Range(&'static Kind, Option<Box<(Bound<Value>, Bound<Value>)>>),
}

impl Value {
    /// Returns the type of this value.
    pub fn kind(&self) -> Kind {
        match self {
            Value::Null(kind) => *kind,
            Value::Bool(_) => Kind::Bool,
            Value::Int16(_) => Kind::Int16,
            Value::Int32(_) => Kind::Int32,
            Value::Int64(_) => Kind::Int64,
            Value::Float32(_) => Kind::Float32,
            Value::Float64(_) => Kind::Float64,
            Value::Text(_) => Kind::Text,
            Value::Bytes(_) => Kind::Bytes,
            Value::Date(_) => Kind::Date,
            Value::Time(_) => Kind::Time,
            Value::Interval(_) | Value::LongInterval(_) => Kind::Interval,
            Value::DateTime(_) => Kind::DateTime,
            Value::Timestamp(_) => Kind::Timestamp,
            Value::Uuid(_) => Kind::Uuid,
            Value::Decimal(_) => Kind::Decimal,
            Value::Json(_) => Kind::Json,
            Value::Array(element, _) => Kind::Array(element),
            Value::Enum(name, _) => Kind::Enum(name),
            Value::Range(element, _) => Kind::Range(element),
        }
    }

    /// Returns whether this is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null(_))
    }

    /// Returns the value as it would come in a row; none for an array and a range, which come as text.
    pub fn as_ref(&self) -> Option<ValueRef<'_>> {
        Some(match self {
            Value::Null(_) => ValueRef::Null,
            Value::Bool(value) => ValueRef::Bool(*value),
            Value::Int16(value) => ValueRef::Int((*value).into()),
            Value::Int32(value) => ValueRef::Int((*value).into()),
            Value::Int64(value) => ValueRef::Int(*value),
            Value::Float32(value) => ValueRef::Float32(*value),
            Value::Float64(value) => ValueRef::Float64(*value),
            Value::Text(value) => ValueRef::Text(value),
            Value::LongInterval(span) => ValueRef::Text(span),
            Value::Enum(_, label) => ValueRef::Text(label),
            Value::Bytes(value) => ValueRef::Bytes(value),
            Value::Date(days) => ValueRef::Date(*days),
            Value::Time(micros) => ValueRef::Time(*micros),
            Value::Interval(micros) => ValueRef::Int(*micros),
            Value::DateTime(micros) => ValueRef::DateTime(*micros),
            Value::Timestamp(micros) => ValueRef::Timestamp(*micros),
            Value::Uuid(bytes) => ValueRef::Uuid(*bytes),
            Value::Decimal(value) => ValueRef::Decimal(value),
            Value::Json(value) => ValueRef::Json(value),
            Value::Array(..) | Value::Range(..) => return None,
        })
    }
}

/// A value of a row, borrowed from the driver's buffer until the next row.
///
/// What a database cannot hold natively comes as what it does hold: SQLite gives dates and UUIDs as [`Text`].
///
/// [`Text`]: ValueRef::Text
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ValueRef<'a> {
    /// NULL.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer of any width.
    Int(i64),
    /// A 32-bit float.
    Float32(f32),
    /// A 64-bit float.
    Float64(f64),
    /// Text.
    Text(&'a str),
    /// Bytes, or text that is not UTF-8.
    Bytes(&'a [u8]),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since midnight.
    Time(i64),
    /// Microseconds since 1970-01-01T00:00:00, without a zone.
    DateTime(i64),
    /// Microseconds since 1970-01-01T00:00:00 UTC.
    Timestamp(i64),
    /// The sixteen bytes of a UUID.
    Uuid([u8; 16]),
    /// A decimal number in plain notation.
    Decimal(&'a str),
    /// A JSON document.
    Json(&'a str),
}

impl ValueRef<'_> {
    /// Returns whether this is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, ValueRef::Null)
    }

    /// Copies the value; an integer becomes one of 64 bits, and a NULL, whose type a row does not tell, one of text.
    pub fn to_value(&self) -> Value {
        match *self {
            ValueRef::Null => Value::Null(Kind::Text),
            ValueRef::Bool(value) => Value::Bool(value),
            ValueRef::Int(value) => Value::Int64(value),
            ValueRef::Float32(value) => Value::Float32(value),
            ValueRef::Float64(value) => Value::Float64(value),
            ValueRef::Text(value) => Value::Text(value.to_owned()),
            ValueRef::Bytes(value) => Value::Bytes(value.to_owned()),
            ValueRef::Date(days) => Value::Date(days),
            ValueRef::Time(micros) => Value::Time(micros),
            ValueRef::DateTime(micros) => Value::DateTime(micros),
            ValueRef::Timestamp(micros) => Value::Timestamp(micros),
            ValueRef::Uuid(bytes) => Value::Uuid(bytes),
            ValueRef::Decimal(value) => Value::Decimal(value.to_owned()),
            ValueRef::Json(value) => Value::Json(value.to_owned()),
        }
    }

    /// Names the type as a user would, for messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            ValueRef::Null => "NULL",
            ValueRef::Bool(_) => "boolean",
            ValueRef::Int(_) => "integer",
            ValueRef::Float32(_) | ValueRef::Float64(_) => "float",
            ValueRef::Text(_) => "text",
            ValueRef::Bytes(_) => "bytes",
            ValueRef::Date(_) => "date",
            ValueRef::Time(_) => "time",
            ValueRef::DateTime(_) => "datetime",
            ValueRef::Timestamp(_) => "timestamp",
            ValueRef::Uuid(_) => "uuid",
            ValueRef::Decimal(_) => "decimal",
            ValueRef::Json(_) => "json",
        }
    }
}

impl fmt::Display for Value {
    /// Writes the value as an echoed parameter: text in quotes, bytes by their number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null(_) => f.write_str("NULL"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Int16(value) => write!(f, "{value}"),
            Value::Int32(value) => write!(f, "{value}"),
            Value::Int64(value) => write!(f, "{value}"),
            Value::Float32(value) => write!(f, "{value:?}"),
            Value::Float64(value) => write!(f, "{value:?}"),
            Value::Text(value) | Value::Json(value) => write!(f, "{value:?}"),
            Value::Enum(_, label) => write!(f, "{label:?}"),
            Value::Bytes(value) => write!(f, "<{} bytes>", value.len()),
            Value::Date(days) => f.write_str(&text::date(*days)),
            Value::Time(micros) => f.write_str(&text::time(*micros)),
            Value::Interval(micros) => write!(f, "{micros} microseconds"),
            Value::LongInterval(span) => f.write_str(span),
            Value::DateTime(micros) | Value::Timestamp(micros) => f.write_str(&text::date_time(*micros)),
            Value::Uuid(bytes) => f.write_str(&text::uuid(bytes)),
            Value::Decimal(value) => f.write_str(value),
            Value::Array(_, values) => {
                f.write_str("[")?;
                for (position, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if position == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
            Value::Range(_, None) => f.write_str("empty"),
            Value::Range(_, Some(ends)) => {
                let (lower, upper) = &**ends;
                match lower {
                    Bound::Included(value) => write!(f, "[{value},"),
                    Bound::Excluded(value) => write!(f, "({value},"),
                    Bound::Unbounded => f.write_str("(,"),
                }?;
                match upper {
                    Bound::Included(value) => write!(f, "{value}]"),
                    Bound::Excluded(value) => write!(f, "{value})"),
                    Bound::Unbounded => f.write_str(")"),
                }
            }
        }
    }
}
