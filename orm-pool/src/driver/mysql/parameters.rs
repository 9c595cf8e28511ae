//! Writes values as the types of MySQL's binary protocol.
//!
//! In: [`Value`]s. Out: the arguments of sqlx. Its own encoders are not used, since those for dates and decimals would
//! bring date and decimal libraries along.

use std::sync::OnceLock;

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::mysql::{MySqlArguments, MySqlRow, MySqlTypeInfo};
use sqlx::{Arguments as _, Column as _, Encode, MySql, Row as _, Type, TypeInfo as _};

use crate::{Error, ErrorKind, Kind, Value, text};

/// The types that sqlx names only where it is built with a library for them, taken from the columns of a row.
#[derive(Debug)]
pub(super) struct Types {
    date: MySqlTypeInfo,
    time: MySqlTypeInfo,
    datetime: MySqlTypeInfo,
    decimal: MySqlTypeInfo,
}

static TYPES: OnceLock<Types> = OnceLock::new();

impl Types {
    /// Returns what [`learn`](Self::learn) is told by, behind one other column.
    pub(super) const COLUMNS: &str =
        "CAST(NULL AS DATE), CAST(NULL AS TIME), CAST(NULL AS DATETIME), CAST(NULL AS DECIMAL)";

    /// Returns the types, if a connection of this program has learnt them.
    pub(super) fn known() -> Option<&'static Types> {
        TYPES.get()
    }

    /// Takes the types from a row, if they are those.
    pub(super) fn learn(row: &MySqlRow) -> Option<&'static Types> {
        let [_, _, _, _, date, time, datetime, decimal] = row.columns() else { return None };
        let of = |column: &sqlx::mysql::MySqlColumn, name: &str| {
            Some(column.type_info()).filter(|info| info.name() == name).cloned()
        };
        let types = Types {
            date: of(date, "DATE")?,
            time: of(time, "TIME")?,
            datetime: of(datetime, "DATETIME")?,
            decimal: of(decimal, "DECIMAL")?,
        };
        Some(TYPES.get_or_init(|| types))
    }

    fn of(&self, kind: Kind) -> MySqlTypeInfo {
        match kind {
            Kind::Bool => <i8 as Type<MySql>>::type_info(),
            Kind::Int16 => <i16 as Type<MySql>>::type_info(),
            Kind::Int32 => <i32 as Type<MySql>>::type_info(),
            Kind::Int64 | Kind::Interval => <i64 as Type<MySql>>::type_info(),
            Kind::Float32 => <f32 as Type<MySql>>::type_info(),
            Kind::Float64 => <f64 as Type<MySql>>::type_info(),
            Kind::Text | Kind::Enum(_) | Kind::Json | Kind::Uuid | Kind::Array(_) | Kind::Range(_) => {
                <str as Type<MySql>>::type_info()
            }
            Kind::Bytes => <[u8] as Type<MySql>>::type_info(),
            Kind::Date => self.date.clone(),
            Kind::Time => self.time.clone(),
            Kind::DateTime | Kind::Timestamp => self.datetime.clone(),
            Kind::Decimal => self.decimal.clone(),
        }
    }
}

/// What the protocol can count.
const MOST_PARAMETERS: usize = 65_535;

/// Writes all values, which together may have so many bytes.
pub(super) fn arguments(types: &'static Types, parameters: &[Value], most: usize) -> Result<MySqlArguments, Error> {
    let mut arguments = MySqlArguments::default();
    if parameters.is_empty() {
        return Ok(arguments);
    }
    let bytes = parameters.iter().map(size).sum();
    // What goes before the values: the command, which values are NULL, and the type of each.
    check_size(bytes + 11 + parameters.len().div_ceil(8) + 2 * parameters.len(), most)?;
    arguments.reserve(parameters.len(), bytes);
    for (position, value) in (1..).zip(parameters) {
        arguments
            .add(Parameter { types, value })
            .map_err(|error| Error::new(ErrorKind::Data, format!("parameter {position}: {error}")))?;
    }
    Ok(arguments)
}

/// Refuses more values than a statement can have.
pub(super) fn check_count(count: usize) -> Result<(), Error> {
    if count <= MOST_PARAMETERS {
        return Ok(());
    }
    let message = format!("a statement of MySQL and MariaDB takes at most {MOST_PARAMETERS} parameters, not {count}");
    let hint = "split the list, or insert the values into a table and join it";
    Err(Error::new(ErrorKind::Data, format!("{message}\nhint: {hint}")))
}

/// Refuses what the server would refuse, after which it would be gone.
pub(super) fn check_size(bytes: usize, most: usize) -> Result<(), Error> {
    if bytes <= most {
        return Ok(());
    }
    let message = format!("a statement of {bytes} bytes is more than the server takes, which is {most} bytes");
    let hint = "write less at once, or raise the server's `max_allowed_packet`";
    Err(Error::new(ErrorKind::Data, format!("{message}\nhint: {hint}")))
}

/// Returns how many bytes the value takes, its length included.
fn size(value: &Value) -> usize {
    let with_length = |bytes: usize| match bytes {
        0..=250 => bytes + 1,
        251..=0xffff => bytes + 3,
        0x1_0000..=0xff_ffff => bytes + 4,
        _ => bytes + 9,
    };
    match value {
        Value::Text(text) | Value::Json(text) | Value::Decimal(text) => with_length(text.len()),
        Value::Enum(_, label) => with_length(label.len()),
        Value::Bytes(bytes) => with_length(bytes.len()),
        Value::Null(_) | Value::Array(..) | Value::Range(..) | Value::LongInterval(_) => 0,
        Value::Bool(_) => 1,
        Value::Int16(_) => 2,
        Value::Int32(_) | Value::Float32(_) => 4,
        Value::Int64(_) | Value::Interval(_) | Value::Float64(_) => 8,
        Value::Date(_) => 5,
        Value::DateTime(_) | Value::Timestamp(_) => 12,
        Value::Time(_) => 13,
        Value::Uuid(_) => 37,
    }
}

/// A value as sqlx wants to see it.
struct Parameter<'a> {
    types: &'static Types,
    value: &'a Value,
}

impl Type<MySql> for Parameter<'_> {
    /// Returns a text's type; [`produces`](Encode::produces) knows better.
    fn type_info() -> MySqlTypeInfo {
        <str as Type<MySql>>::type_info()
    }
}

impl Encode<'_, MySql> for Parameter<'_> {
    fn produces(&self) -> Option<MySqlTypeInfo> {
        Some(self.types.of(self.value.kind()))
    }

    fn encode_by_ref(&self, buffer: &mut Vec<u8>) -> Result<IsNull, BoxDynError> {
        match self.value {
            Value::Null(_) => return Ok(IsNull::Yes),
            Value::Bool(value) => buffer.push(u8::from(*value)),
            Value::Int16(value) => buffer.extend_from_slice(&value.to_le_bytes()),
            Value::Int32(value) => buffer.extend_from_slice(&value.to_le_bytes()),
            Value::Int64(value) | Value::Interval(value) => buffer.extend_from_slice(&value.to_le_bytes()),
            Value::Float32(value) => {
                check_float(f64::from(*value))?;
                buffer.extend_from_slice(&value.to_le_bytes());
            }
            Value::Float64(value) => {
                check_float(*value)?;
                buffer.extend_from_slice(&value.to_le_bytes());
            }
            Value::Text(value) | Value::Json(value) => put(buffer, value.as_bytes()),
            Value::Enum(_, label) => put(buffer, label.as_bytes()),
            Value::Decimal(value) => put(buffer, decimal(value)?.as_bytes()),
            Value::Bytes(value) => put(buffer, value),
            Value::Uuid(bytes) => put(buffer, text::uuid(bytes).as_bytes()),
            Value::Date(days) => {
                buffer.push(4);
                buffer.extend_from_slice(&date(*days)?);
            }
            Value::LongInterval(span) => return Err(format!("the span of time {span} is out of range").into()),
            Value::Time(micros) => put_time(buffer, *micros)?,
            Value::Array(..) => return Err("MySQL has no arrays".into()),
            Value::Range(..) => return Err("MySQL has no ranges".into()),
            Value::DateTime(micros) | Value::Timestamp(micros) => put_date_time(buffer, *micros)?,
        }
        Ok(IsNull::No)
    }
}

/// Writes bytes behind their length.
fn put(buffer: &mut Vec<u8>, bytes: &[u8]) {
    let length = bytes.len() as u64;
    let little = length.to_le_bytes();
    match length {
        0..=250 => buffer.push(little[0]),
        251..=0xffff => {
            buffer.push(0xfc);
            buffer.extend_from_slice(&little[..2]);
        }
        0x1_0000..=0xff_ffff => {
            buffer.push(0xfd);
            buffer.extend_from_slice(&little[..3]);
        }
        _ => {
            buffer.push(0xfe);
            buffer.extend_from_slice(&little);
        }
    }
    buffer.extend_from_slice(bytes);
}

fn check_float(value: f64) -> Result<(), BoxDynError> {
    if value.is_finite() { Ok(()) } else { Err(format!("MySQL cannot hold the float {value}").into()) }
}

/// MySQL would take anything, and read the digits that it begins with.
fn decimal(text: &str) -> Result<&str, BoxDynError> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + decimals.len() > 0 && is_number(whole) && is_number(decimals) {
        return Ok(text);
    }
    Err(format!("`{text}` is not a decimal number in plain notation").into())
}

/// Returns year, month and day.
fn date(days: i32) -> Result<[u8; 4], BoxDynError> {
    let (year, month, day) = text::civil(days.into());
    match u16::try_from(year) {
        Ok(year) if year <= 9999 => {
            let [low, high] = year.to_le_bytes();
            Ok([low, high, month as u8, day as u8])
        }
        _ => Err(format!("the date `{}` is out of range", text::date(days)).into()),
    }
}

fn put_date_time(buffer: &mut Vec<u8>, micros: i64) -> Result<(), BoxDynError> {
    // The range of i64 microseconds is 292,000 years to each side, so the days fit.
    let date = date(micros.div_euclid(86_400_000_000) as i32)?;
    let clock = clock(micros.rem_euclid(86_400_000_000));
    buffer.push(11);
    buffer.extend_from_slice(&date);
    buffer.extend_from_slice(&clock);
    Ok(())
}

fn put_time(buffer: &mut Vec<u8>, micros: i64) -> Result<(), BoxDynError> {
    if !(0..86_400_000_000).contains(&micros) {
        return Err(format!("{micros} microseconds are not a time of day").into());
    }
    // Not negative, and no days.
    buffer.extend_from_slice(&[12, 0, 0, 0, 0, 0]);
    buffer.extend_from_slice(&clock(micros));
    Ok(())
}

/// Returns hour, minute, second and microseconds.
fn clock(micros: i64) -> [u8; 7] {
    let seconds = micros / 1_000_000;
    let [a, b, c, d] = ((micros % 1_000_000) as u32).to_le_bytes();
    [(seconds / 3600) as u8, (seconds / 60 % 60) as u8, (seconds % 60) as u8, a, b, c, d]
}
