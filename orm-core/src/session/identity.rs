//! What tells one row of a table from another, in a form that hashes fast: the identity map's key, and the key by which
//! loaders find the owners of rows.
//!
//! A value and what a database gives back for it have the same key part, whatever form the database keeps it in: a decimal
//! number without the zeros at its end, which a column of fixed scale adds; an array and a range by their elements, which
//! PostgreSQL writes as text.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::ops::Bound;

use orm_pool::{Kind, Value, ValueRef, text};
use smallvec::SmallVec;

use crate::mapper::{Definition, Mapper, Object, Row};
use crate::types::{array_elements, moment, range_ends, span_micros};

/// The values of some columns. One integer is the common case and needs no memory of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Integer(i64),
    Pair(i64, i64),
    Parts(Box<[Part]>),
}

/// Keys of one model have the same form, so that the form itself need not be hashed.
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Key::Integer(value) => state.write_i64(*value),
            Key::Pair(first, second) => {
                state.write_i64(*first);
                state.write_i64(*second);
            }
            Key::Parts(parts) => parts.hash(state),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Part {
    Integer(i64),
    Text(Box<str>),
    Bytes(Box<[u8]>),
    /// The elements of an array, or the brackets of a range and its ends.
    List(Box<[Part]>),
    /// NULL, in arrays and in keys that may have it: those of rows; an open end of a range.
    Null,
}

/// The parts of a key while they are gathered: most keys have one or two.
type Parts = SmallVec<[Part; 2]>;

impl Key {
    /// Returns the key of these values, or `None` if one of them is NULL.
    pub(crate) fn of(values: impl IntoIterator<Item = Value>) -> Option<Key> {
        let parts: Option<Parts> = values.into_iter().map(part_of_value).collect();
        parts.map(Key::from_parts)
    }

    /// Returns the key of some columns of an object.
    pub(crate) fn of_columns(object: &dyn Object, columns: impl IntoIterator<Item = u16>) -> Option<Key> {
        Key::of(columns.into_iter().map(|column| object.column(usize::from(column))))
    }

    /// Returns the primary key of an object.
    pub(crate) fn of_object(object: &dyn Object) -> Option<Key> {
        let columns = object.mapper().definition.key;
        if let &[only] = columns {
            // As most are, without gathering its parts.
            match object.column(usize::from(only)) {
                Value::Int64(value) => return Some(Key::Integer(value)),
                Value::Int32(value) => return Some(Key::Integer(value.into())),
                other => return Key::of([other]),
            }
        }
        Key::of_columns(object, columns.iter().copied())
    }

    /// Returns the primary key of a model's row.
    #[inline]
    pub(crate) fn of_row(row: &Row<'_>, at: usize, mapper: &Mapper) -> Option<Key> {
        let Definition { key, columns, .. } = mapper.definition();
        Key::of_row_columns(
            row,
            key.iter().map(|&column| (at + usize::from(column), columns[usize::from(column)].kind)),
        )
    }

    /// Returns the primary key of a row that begins with its columns.
    pub(crate) fn of_first_columns(row: &Row<'_>, mapper: &Mapper) -> Option<Key> {
        let Definition { key, columns, .. } = mapper.definition();
        let kinds = key.iter().map(|&column| columns[usize::from(column)].kind);
        Key::of_row_columns(row, kinds.enumerate())
    }

    /// Returns the key of some columns of a row: where they stand, and what they hold.
    #[inline]
    pub(crate) fn of_row_columns(row: &Row<'_>, columns: impl Iterator<Item = (usize, Kind)> + Clone) -> Option<Key> {
        let mut first = columns.clone();
        if let (Some((only, _)), None) = (first.next(), first.next())
            && let ValueRef::Int(value) = row.value(only)
        {
            return Some(Key::Integer(value));
        }
        let parts: Option<Parts> = columns.map(|(column, kind)| part_of_row(row.value(column), kind)).collect();
        parts.map(Key::from_parts)
    }

    /// Returns the key of some columns of a row, in which NULL is a value like others.
    pub(crate) fn of_row_with_null(row: &Row<'_>, columns: &[usize]) -> Key {
        let part = |&column: &usize| part_of_row(row.value(column), Kind::Text).unwrap_or(Part::Null);
        Key::from_parts(columns.iter().map(part).collect())
    }

    /// Returns whether a database may hold two keys equal: their texts differ by case and by spaces at their ends alone.
    pub(crate) fn is_alike(&self, other: &Key) -> bool {
        let (Key::Parts(own), Key::Parts(others)) = (self, other) else { return self == other };
        own.len() == others.len()
            && own.iter().zip(others).all(|(own, other)| match (own, other) {
                (Part::Text(own), Part::Text(other)) => folded(own).eq(folded(other)),
                _ => own == other,
            })
    }

    /// Returns a number that keys which are alike have in common; `None` if there is no text in the key.
    pub(crate) fn alike_hash(&self, state: &RandomState) -> Option<u64> {
        let Key::Parts(parts) = self else { return None };
        if !parts.iter().any(|part| matches!(part, Part::Text(_))) {
            return None;
        }
        let mut hasher = state.build_hasher();
        for part in parts {
            match part {
                Part::Text(text) => folded(text).for_each(|letter| hasher.write_u32(letter.into())),
                other => other.hash(&mut hasher),
            }
            hasher.write_u8(0);
        }
        Some(hasher.finish())
    }

    fn from_parts(parts: Parts) -> Key {
        match parts.as_slice() {
            [Part::Integer(value)] => Key::Integer(*value),
            [Part::Integer(first), Part::Integer(second)] => Key::Pair(*first, *second),
            _ => Key::Parts(parts.into_boxed_slice()),
        }
    }
}

fn part_of_value(value: Value) -> Option<Part> {
    let text = |text: String| Some(Part::Text(text.into_boxed_str()));
    match value {
        Value::Null(_) => None,
        Value::Bool(value) => Some(Part::Integer(value.into())),
        Value::Int16(value) => Some(Part::Integer(value.into())),
        Value::Int32(value) => Some(Part::Integer(value.into())),
        Value::Int64(value) | Value::Interval(value) => Some(Part::Integer(value)),
        Value::Float32(value) => text(f64::from(value).to_string()),
        Value::Float64(value) => text(value.to_string()),
        Value::Text(value) | Value::Json(value) => text(value),
        Value::Decimal(value) => Some(decimal(&value)),
        Value::Enum(_, label) => Some(Part::Text(label)),
        Value::Bytes(value) => Some(Part::Bytes(value.into_boxed_slice())),
        Value::Date(days) => text(text::date(days)),
        Value::Time(micros) => text(text::time(micros)),
        Value::DateTime(micros) | Value::Timestamp(micros) => text(text::date_time(micros)),
        Value::Uuid(bytes) => text(text::uuid(&bytes)),
        Value::Array(_, elements) => Some(list(elements.into_iter().map(|element| or_null(part_of_value(element))))),
        Value::Range(_, ends) => Some(part_of_range(ends.map(|ends| {
            let (lower, upper) = *ends;
            let end = |value| or_null(part_of_value(value));
            (lower.map(end), upper.map(end))
        }))),
        other => text(format!("{other:?}")),
    }
}

fn part_of_row(value: ValueRef<'_>, kind: Kind) -> Option<Part> {
    let text = |text: String| Some(Part::Text(text.into_boxed_str()));
    match value {
        ValueRef::Null => None,
        ValueRef::Bool(value) => Some(Part::Integer(value.into())),
        ValueRef::Int(value) => Some(Part::Integer(value)),
        // So SQLite keeps decimal numbers in a column of a type of the user's own.
        ValueRef::Float64(value) if kind == Kind::Decimal => Some(decimal(&value.to_string())),
        ValueRef::Float32(value) => text(f64::from(value).to_string()),
        ValueRef::Float64(value) => text(value.to_string()),
        // SQLite keeps decimal numbers as text.
        ValueRef::Text(value) if kind == Kind::Decimal => Some(decimal(value)),
        // PostgreSQL writes a span of time.
        ValueRef::Text(_) if kind == Kind::Interval => span_micros(value).ok().map(Part::Integer),
        ValueRef::Text(value) if matches!(kind, Kind::Array(_) | Kind::Range(_)) => {
            Some(part_of_element(value, kind).unwrap_or_else(|| Part::Text(value.into())))
        }
        ValueRef::Decimal(value) => Some(decimal(value)),
        ValueRef::Text(value) | ValueRef::Json(value) => text(value.to_owned()),
        ValueRef::Bytes(value) => Some(Part::Bytes(value.into())),
        ValueRef::Date(days) => text(text::date(days)),
        ValueRef::Time(micros) => text(text::time(micros)),
        ValueRef::DateTime(micros) | ValueRef::Timestamp(micros) => text(text::date_time(micros)),
        ValueRef::Uuid(bytes) => text(text::uuid(&bytes)),
        other => text(format!("{other:?}")),
    }
}

/// Returns the key part of what PostgreSQL writes in an array or a range, or of one of these.
fn part_of_element(text: &str, kind: Kind) -> Option<Part> {
    let element =
        |text: Option<String>, kind: &Kind| text.map_or(Some(Part::Null), |text| part_of_element(&text, *kind));
    match kind {
        Kind::Array(kind) => {
            let parts: Option<Vec<Part>> = array_elements(text)?.into_iter().map(|text| element(text, kind)).collect();
            Some(list(parts?))
        }
        Kind::Range(kind) => {
            let end = |text: String| or_null(part_of_element(&text, *kind));
            Some(part_of_range(range_ends(text)?.map(|(lower, upper)| (lower.map(end), upper.map(end)))))
        }
        Kind::Bool => Some(Part::Integer((text == "t").into())),
        Kind::Int16 | Kind::Int32 | Kind::Int64 => text.parse().ok().map(Part::Integer),
        Kind::Float32 => part_of_row(ValueRef::Float32(text.parse().ok()?), kind),
        Kind::Float64 => part_of_row(ValueRef::Float64(text.parse().ok()?), kind),
        Kind::Date | Kind::Time | Kind::DateTime | Kind::Timestamp => part_of_value(moment(kind, text)?),
        _ => part_of_row(ValueRef::Text(text), kind),
    }
}

fn part_of_range(ends: Option<(Bound<Part>, Bound<Part>)>) -> Part {
    let Some((lower, upper)) = ends else { return list([]) };
    let end = |end| match end {
        Bound::Included(value) => [Part::Integer(1), value],
        Bound::Excluded(value) => [Part::Integer(0), value],
        Bound::Unbounded => [Part::Null, Part::Null],
    };
    list(end(lower).into_iter().chain(end(upper)))
}

fn or_null(part: Option<Part>) -> Part {
    part.unwrap_or(Part::Null)
}

fn list(parts: impl IntoIterator<Item = Part>) -> Part {
    Part::List(parts.into_iter().collect())
}

/// A decimal number without the zeros behind its point: a whole one is the integer that it equals.
fn decimal(number: &str) -> Part {
    let number = without_zeros(number);
    number.parse().map_or_else(|_| Part::Text(number.into()), Part::Integer)
}

/// The letters of a text without regard to case, and without the spaces at its end.
fn folded(text: &str) -> impl Iterator<Item = char> {
    text.trim_end_matches(' ').chars().flat_map(char::to_lowercase)
}

/// Takes the zeros behind the point off a decimal number.
fn without_zeros(number: &str) -> &str {
    match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.'),
        false => number,
    }
}

/// Shows the key of an object in a message.
pub(crate) fn key_text(object: &dyn Object) -> String {
    values_text(object.mapper().definition.key.iter().map(|&column| object.column(usize::from(column))))
}

/// Shows the values of a key in a message.
pub(crate) fn values_text(values: impl IntoIterator<Item = Value>) -> String {
    values.into_iter().map(|value| value.to_string()).collect::<Vec<_>>().join(", ")
}

/// Returns what a row holds as a value of its own.
pub(crate) fn as_value(value: ValueRef<'_>) -> Value {
    match value {
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
        // NULL, and whatever else a later driver may bring that no field of today can hold.
        _ => Value::Null(Kind::Text),
    }
}
