//! Writes values as PostgreSQL's binary types, each with its type's number, NULL included.
//!
//! In: [`Value`]s. Out: the arguments of sqlx. Its own encoders are not used, since the types here are few and known.

use std::ops::Bound;

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgTypeInfo};
use sqlx::{Arguments as _, Encode, Postgres, Type};

use super::numeric;
use crate::{Error, ErrorKind, Kind, Value, text};

/// Days from 1970-01-01 to 2000-01-01, where PostgreSQL begins to count.
pub(super) const EPOCH_DAYS: i32 = 10_957;
/// The same in microseconds.
pub(super) const EPOCH_MICROS: i64 = EPOCH_DAYS as i64 * 86_400_000_000;

/// What the first byte of a range says.
pub(super) const RANGE_EMPTY: u8 = 1;
pub(super) const RANGE_LOWER_INCLUDED: u8 = 2;
pub(super) const RANGE_UPPER_INCLUDED: u8 = 4;
pub(super) const RANGE_LOWER_OPEN: u8 = 8;
pub(super) const RANGE_UPPER_OPEN: u8 = 16;

/// What the protocol can count.
const MOST_PARAMETERS: usize = 65_535;

/// Writes all values.
pub(super) fn arguments(parameters: &[Value]) -> Result<PgArguments, Error> {
    let mut arguments = PgArguments::default();
    if parameters.is_empty() {
        return Ok(arguments);
    }
    if parameters.len() > MOST_PARAMETERS {
        let message = format!(
            "a statement of PostgreSQL takes at most {MOST_PARAMETERS} parameters, not {}\n\
             hint: split the list, or insert the values into a table and join it",
            parameters.len()
        );
        return Err(Error::new(ErrorKind::Data, message));
    }
    arguments.reserve(parameters.len(), parameters.iter().map(size).sum());
    for (position, value) in (1..).zip(parameters) {
        arguments
            .add(Parameter(value))
            .map_err(|error| Error::new(ErrorKind::Data, format!("parameter ${position}: {error}")))?;
    }
    Ok(arguments)
}

/// Returns the types of these values.
pub(super) fn types(parameters: &[Value]) -> Vec<PgTypeInfo> {
    parameters.iter().map(|value| PgTypeInfo::with_oid(oid(value.kind()))).collect()
}

/// Names the type, for the comments that keep texts apart.
pub(super) fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "bool",
        Kind::Int16 => "int2",
        Kind::Int32 => "int4",
        Kind::Int64 => "int8",
        Kind::Float32 => "float4",
        Kind::Float64 => "float8",
        Kind::Text | Kind::Enum(_) => "text",
        Kind::Bytes => "bytea",
        Kind::Date => "date",
        Kind::Time => "time",
        Kind::DateTime => "timestamp",
        Kind::Timestamp => "timestamptz",
        Kind::Uuid => "uuid",
        Kind::Decimal => "numeric",
        Kind::Json => "json",
        Kind::Range(element) => element.range_name().unwrap_or("range"),
        Kind::Interval => "interval",
        Kind::Array(element) => match element {
            Kind::Bool => "bool[]",
            Kind::Int16 => "int2[]",
            Kind::Int32 => "int4[]",
            Kind::Int64 => "int8[]",
            Kind::Float32 => "float4[]",
            Kind::Float64 => "float8[]",
            Kind::Text | Kind::Enum(_) => "text[]",
            Kind::Bytes => "bytea[]",
            Kind::Date => "date[]",
            Kind::Time => "time[]",
            Kind::DateTime => "timestamp[]",
            Kind::Timestamp => "timestamptz[]",
            Kind::Uuid => "uuid[]",
            Kind::Decimal => "numeric[]",
            Kind::Json => "json[]",
            Kind::Interval => "interval[]",
            Kind::Range(Kind::Int32) => "int4range[]",
            Kind::Range(Kind::Int64) => "int8range[]",
            Kind::Range(Kind::Decimal) => "numrange[]",
            Kind::Range(Kind::Date) => "daterange[]",
            Kind::Range(Kind::DateTime) => "tsrange[]",
            Kind::Range(Kind::Timestamp) => "tstzrange[]",
            Kind::Array(_) | Kind::Range(_) => "array",
        },
    }
}

/// Returns the number of the type, which is the same in every database.
///
/// JSON goes as `json`: that is taken into a `jsonb` column as well, and keeps a `json` column's text as it is.
fn oid(kind: Kind) -> Oid {
    Oid(match kind {
        Kind::Bool => 16,
        Kind::Int16 => 21,
        Kind::Int32 => 23,
        Kind::Int64 => 20,
        Kind::Float32 => 700,
        Kind::Float64 => 701,
        // A label goes as text, with a cast around it in the statement: the number of its type is not known here, and is
        // another one when the type has been made again.
        Kind::Text | Kind::Enum(_) => 25,
        Kind::Bytes => 17,
        Kind::Date => 1082,
        Kind::Time => 1083,
        Kind::DateTime => 1114,
        Kind::Timestamp => 1184,
        Kind::Uuid => 2950,
        Kind::Decimal => 1700,
        Kind::Json => 114,
        Kind::Range(element) => match element {
            Kind::Int32 => 3904,
            Kind::Decimal => 3906,
            Kind::DateTime => 3908,
            Kind::Timestamp => 3910,
            Kind::Date => 3912,
            Kind::Int64 => 3926,
            // A type that PostgreSQL has no ranges of: it says so of the text.
            _ => 705,
        },
        Kind::Interval => 1186,
        Kind::Array(element) => match element {
            Kind::Bool => 1000,
            Kind::Int16 => 1005,
            Kind::Int32 => 1007,
            Kind::Int64 => 1016,
            Kind::Float32 => 1021,
            Kind::Float64 => 1022,
            Kind::Text | Kind::Enum(_) => 1009,
            Kind::Bytes => 1001,
            Kind::Date => 1182,
            Kind::Time => 1183,
            Kind::DateTime => 1115,
            Kind::Timestamp => 1185,
            Kind::Uuid => 2951,
            Kind::Decimal => 1231,
            Kind::Json => 199,
            // The type of the array is the next of its element's.
            Kind::Range(_) => oid(*element).0 + 1,
            Kind::Interval => 1187,
            // An array of arrays has the type of an array of elements.
            Kind::Array(element) => return oid(Kind::Array(element)),
        },
    })
}

/// Returns about how many bytes the value takes, its length included.
fn size(value: &Value) -> usize {
    4 + match value {
        Value::Text(text) | Value::Json(text) | Value::Decimal(text) => text.len(),
        Value::Enum(_, label) => label.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Uuid(_) => 16,
        Value::Array(_, values) => 20 + values.iter().map(size).sum::<usize>(),
        Value::Range(_, ends) => 1 + ends.iter().flat_map(|ends| [&ends.0, &ends.1]).map(end_size).sum::<usize>(),
        _ => 8,
    }
}

fn end_size(end: &Bound<Value>) -> usize {
    match end {
        Bound::Included(value) | Bound::Excluded(value) => size(value),
        Bound::Unbounded => 0,
    }
}

/// A value as sqlx wants to see it.
struct Parameter<'a>(&'a Value);

impl Type<Postgres> for Parameter<'_> {
    /// Returns `unknown`; [`produces`](Encode::produces) knows better.
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(705))
    }
}

impl Encode<'_, Postgres> for Parameter<'_> {
    fn produces(&self) -> Option<PgTypeInfo> {
        Some(PgTypeInfo::with_oid(oid(self.0.kind())))
    }

    fn size_hint(&self) -> usize {
        size(self.0)
    }

    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        if self.0.is_null() {
            return Ok(IsNull::Yes);
        }
        write(self.0, buffer)?;
        Ok(IsNull::No)
    }
}

/// Writes a value that is not NULL.
fn write(value: &Value, buffer: &mut Vec<u8>) -> Result<(), BoxDynError> {
    match value {
        Value::Null(_) => {}
        Value::Bool(value) => buffer.push(u8::from(*value)),
        Value::Int16(value) => buffer.extend_from_slice(&value.to_be_bytes()),
        Value::Int32(value) => buffer.extend_from_slice(&value.to_be_bytes()),
        Value::Int64(value) => buffer.extend_from_slice(&value.to_be_bytes()),
        Value::Float32(value) => buffer.extend_from_slice(&value.to_be_bytes()),
        Value::Float64(value) => buffer.extend_from_slice(&value.to_be_bytes()),
        Value::Text(value) | Value::Json(value) => buffer.extend_from_slice(value.as_bytes()),
        Value::Enum(_, label) => buffer.extend_from_slice(label.as_bytes()),
        Value::Bytes(value) => buffer.extend_from_slice(value),
        Value::Date(days) => buffer.extend_from_slice(&date(*days)?.to_be_bytes()),
        Value::Time(micros) => buffer.extend_from_slice(&time(*micros)?.to_be_bytes()),
        Value::DateTime(micros) | Value::Timestamp(micros) => {
            buffer.extend_from_slice(&moment(*micros)?.to_be_bytes());
        }
        // Microseconds, and no days or months.
        Value::Interval(micros) => {
            buffer.extend_from_slice(&micros.to_be_bytes());
            buffer.extend_from_slice(&[0; 8]);
        }
        Value::LongInterval(span) => return Err(format!("the span of time {span} is out of range").into()),
        Value::Uuid(bytes) => buffer.extend_from_slice(bytes),
        Value::Decimal(text) => numeric::write(text, buffer)?,
        Value::Array(element, values) => write_array(**element, values, buffer)?,
        Value::Range(element, ends) => write_range(**element, ends.as_deref(), buffer)?,
    }
    Ok(())
}

/// Writes a range: what its ends are, then each end that it has behind its length
/// (<https://github.com/postgres/postgres/blob/master/src/backend/utils/adt/rangetypes.c>, `range_recv`).
fn write_range(
    element: Kind,
    ends: Option<&(Bound<Value>, Bound<Value>)>,
    buffer: &mut Vec<u8>,
) -> Result<(), BoxDynError> {
    if element.range_name().is_none() {
        return Err(format!("PostgreSQL has no range of {element:?}").into());
    }
    let Some((lower, upper)) = ends else {
        buffer.push(RANGE_EMPTY);
        return Ok(());
    };
    let facts = |end: &Bound<Value>, included: u8, open: u8| match end {
        Bound::Included(_) => included,
        Bound::Excluded(_) => 0,
        Bound::Unbounded => open,
    };
    buffer.push(
        facts(lower, RANGE_LOWER_INCLUDED, RANGE_LOWER_OPEN) | facts(upper, RANGE_UPPER_INCLUDED, RANGE_UPPER_OPEN),
    );
    for end in [lower, upper] {
        let (Bound::Included(value) | Bound::Excluded(value)) = end else { continue };
        if value.kind() != element || value.is_null() {
            return Err(format!("a range of {element:?} has the end {value}").into());
        }
        write_behind_length(value, buffer)?;
    }
    Ok(())
}

/// Writes a value behind the number of its bytes.
fn write_behind_length(value: &Value, buffer: &mut Vec<u8>) -> Result<(), BoxDynError> {
    let start = buffer.len();
    buffer.extend_from_slice(&[0; 4]);
    write(value, buffer)?;
    let length = i32::try_from(buffer.len() - start - 4)?.to_be_bytes();
    buffer[start..start + 4].copy_from_slice(&length);
    Ok(())
}

/// Writes an array of one dimension: its header, then each element behind its length.
fn write_array(element: Kind, values: &[Value], buffer: &mut Vec<u8>) -> Result<(), BoxDynError> {
    if matches!(element, Kind::Array(_)) {
        return Err("an array of arrays cannot be bound".into());
    }
    let int = |number: usize| i32::try_from(number).map(i32::to_be_bytes);
    buffer.extend_from_slice(&int(usize::from(!values.is_empty()))?);
    buffer.extend_from_slice(&int(usize::from(values.iter().any(Value::is_null)))?);
    buffer.extend_from_slice(&oid(element).0.to_be_bytes());
    if values.is_empty() {
        return Ok(());
    }
    buffer.extend_from_slice(&int(values.len())?);
    buffer.extend_from_slice(&int(1)?);
    for value in values {
        if value.is_null() {
            buffer.extend_from_slice(&(-1i32).to_be_bytes());
            continue;
        }
        if value.kind() != element {
            return Err(format!("an array of {element:?} has the element {value}").into());
        }
        write_behind_length(value, buffer)?;
    }
    Ok(())
}

/// Returns the days since 2000; the extremes of the type mean infinity and are no days.
fn date(days: i32) -> Result<i32, BoxDynError> {
    match days.checked_sub(EPOCH_DAYS) {
        Some(days) if days != i32::MIN => Ok(days),
        _ => Err(format!("the date `{}` is out of range", text::date(days)).into()),
    }
}

fn time(micros: i64) -> Result<i64, BoxDynError> {
    if (0..86_400_000_000).contains(&micros) {
        return Ok(micros);
    }
    Err(format!("{micros} microseconds are not a time of day").into())
}

fn moment(micros: i64) -> Result<i64, BoxDynError> {
    match micros.checked_sub(EPOCH_MICROS) {
        Some(micros) if micros != i64::MIN => Ok(micros),
        _ => Err(format!("the time `{}` is out of range", text::date_time(micros)).into()),
    }
}
