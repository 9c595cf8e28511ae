//! Values as SQL text, for the one place where a value reaches the text: `to_sql_literal`.
//!
//! What a literal gives is what the parameter would have given, with every character in its place, and it is computed with in the same
//! way. Only integers and texts have the type that the database takes them for, so that a sum of two small ones may overflow sooner.

use std::ops::Bound;

use orm_pool::{EnumName, Kind, Value, text};

use super::Dialect;
use crate::error::{Error, ErrorKind, Result};
use crate::types::ColumnType;

impl Dialect {
    /// Writes a value where a parameter would stand: a number says of which kind it is where a division or a comparison goes by that.
    pub(crate) fn parameter(self, value: &Value) -> Result<String> {
        let literal = self.literal(value)?;
        Ok(match (self, value) {
            (Dialect::Postgres, Value::Float64(number)) if number.is_finite() && !literal.starts_with('\'') => {
                format!("'{literal}'::double precision")
            }
            // A whole number would be an integer, of which a quotient is one too.
            (Dialect::Postgres, Value::Decimal(digits)) if !digits.contains('.') && !literal.starts_with('\'') => {
                format!("'{literal}'::numeric")
            }
            // One with a point would be an exact number.
            (Dialect::MySql | Dialect::MariaDb, Value::Float64(number)) => format!("{number:e}"),
            (Dialect::MySql | Dialect::MariaDb, Value::Float32(number)) => format!("{:e}", f64::from(*number)),
            _ => literal,
        })
    }

    /// Writes a value as a literal, or says why there is none.
    pub(crate) fn literal(self, value: &Value) -> Result<String> {
        Ok(match value {
            Value::Null(_) => "NULL".to_owned(),
            Value::Bool(value) => self.truth(*value).to_owned(),
            Value::Int16(value) => value.to_string(),
            Value::Int32(value) => value.to_string(),
            Value::Int64(value) => value.to_string(),
            Value::Float32(value) => self.real(*value)?,
            Value::Float64(value) => self.double(*value)?,
            Value::Text(value) => self.quoted(value)?,
            Value::Enum(name, label) => self.typed(self.quoted(label)?, &self.enum_name(name)),
            Value::Bytes(bytes) => self.bytes(bytes),
            Value::Date(days) => self.moment("DATE", &text::date(*days))?,
            Value::Time(micros) => self.moment("TIME", &text::time(*micros))?,
            Value::Interval(micros) => self.typed_span(*micros),
            Value::DateTime(micros) => self.moment("TIMESTAMP", &text::date_time(*micros))?,
            Value::Timestamp(micros) if self == Dialect::Postgres => {
                self.moment("TIMESTAMP WITH TIME ZONE", &format!("{}+00", text::date_time(*micros)))?
            }
            Value::Timestamp(micros) => self.moment("TIMESTAMP", &text::date_time(*micros))?,
            Value::Uuid(bytes) => self.typed(format!("'{}'", text::uuid(bytes)), "uuid"),
            Value::Decimal(digits) => self.decimal(digits)?,
            Value::Json(document) => self.typed(self.quoted(document)?, "jsonb"),
            Value::Array(element, values) if self == Dialect::Postgres => {
                let elements: Vec<String> = values.iter().map(|value| self.literal(value)).collect::<Result<_>>()?;
                format!("ARRAY[{}]::{}", elements.join(", "), self.type_of_array(**element)?)
            }
            Value::Range(element, ends) if self == Dialect::Postgres => self.range(**element, ends.as_deref())?,
            // They are not written: what has an array or a range there is refused when it is compiled.
            Value::Array(..) | Value::Range(..) => String::new(),
            #[allow(unreachable_patterns, reason = "a value of a kind that another feature brings")]
            _ => return Err(self.no_literal(value)),
        })
    }

    /// Writes a range by the function that bears its type's name.
    fn range(self, element: Kind, ends: Option<&(Bound<Value>, Bound<Value>)>) -> Result<String> {
        let Some(name) = element.range_name() else {
            return Err(self.no_literal(format!("of a range of {element:?}")));
        };
        let Some((lower, upper)) = ends else { return Ok(format!("'empty'::{name}")) };
        let end = |end: &Bound<Value>| match end {
            Bound::Included(value) | Bound::Excluded(value) => self.literal(value),
            Bound::Unbounded => Ok("NULL".to_owned()),
        };
        let opening = if matches!(lower, Bound::Included(_)) { '[' } else { '(' };
        let closing = if matches!(upper, Bound::Included(_)) { ']' } else { ')' };
        Ok(format!("{name}({}, {}, '{opening}{closing}')", end(lower)?, end(upper)?))
    }

    fn typed_span(self, micros: i64) -> String {
        if self == Dialect::Postgres { format!("INTERVAL '{micros} microseconds'") } else { micros.to_string() }
    }

    fn enum_name(self, name: &EnumName) -> String {
        let mut written = String::new();
        self.write_qualified(name.schema, name.name, &mut written);
        written
    }

    /// Names the type of an array parameter.
    pub(crate) fn array_name(self, element: Kind) -> Result<String> {
        match element {
            // As the driver sends it, so that a `json` column keeps the text as it is.
            Kind::Json => Ok("JSON[]".to_owned()),
            _ => self.type_of_array(element),
        }
    }

    fn type_of_array(self, element: Kind) -> Result<String> {
        let name = match element {
            Kind::Enum(name) => self.enum_name(name),
            _ => self.type_name(&element_type(element)).map_err(|why| Error::new(ErrorKind::Compile, why))?,
        };
        Ok(format!("{name}[]"))
    }

    fn no_literal(self, value: impl std::fmt::Display) -> Error {
        Error::new(ErrorKind::Compile, format!("the value {value} has no literal on dialect {self}"))
    }

    /// Says the type of a literal where the database would take it for another.
    fn typed(self, literal: String, name: &str) -> String {
        if self == Dialect::Postgres { format!("{literal}::{name}") } else { literal }
    }

    fn truth(self, value: bool) -> &'static str {
        match (self, value) {
            (Dialect::Sqlite, true) => "1",
            (Dialect::Sqlite, false) => "0",
            (_, true) => "true",
            (_, false) => "false",
        }
    }

    fn real(self, value: f32) -> Result<String> {
        match self {
            Dialect::Postgres => {
                Ok(format!("'{}'::real", not_finite(f64::from(value)).unwrap_or(&format!("{value:?}"))))
            }
            _ => self.double(f64::from(value)),
        }
    }

    fn double(self, value: f64) -> Result<String> {
        let is_negative_zero = value == 0.0 && value.is_sign_negative();
        match (self, not_finite(value)) {
            // A number with a point is an exact one, which has no such zero.
            (Dialect::Postgres, None) if is_negative_zero => Ok("'-0'::double precision".to_owned()),
            (_, None) => Ok(format!("{value:?}")),
            (Dialect::Postgres, Some(name)) => Ok(format!("'{name}'::double precision")),
            // SQLite has no NaN, and makes NULL of one that is bound.
            (Dialect::Sqlite, Some("NaN")) => Ok("NULL".to_owned()),
            (Dialect::Sqlite, Some("Infinity")) => Ok("9e999".to_owned()),
            (Dialect::Sqlite, Some(_)) => Ok("-9e999".to_owned()),
            (Dialect::MySql | Dialect::MariaDb, Some(name)) => Err(self.no_literal(name)),
        }
    }

    /// Writes text in quotes.
    ///
    /// MySQL's are read with backslashes as escapes, as they are unless `sql_mode` says NO_BACKSLASH_ESCAPES; even then a
    /// quote in the text never ends the literal.
    fn quoted(self, value: &str) -> Result<String> {
        let doubled = value.replace('\'', "''");
        Ok(match self {
            Dialect::Sqlite if value.contains('\0') => format!("CAST({} AS TEXT)", self.bytes(value.as_bytes())),
            Dialect::Sqlite => format!("'{doubled}'"),
            Dialect::Postgres if value.contains('\0') => return Err(self.no_literal(format!("{value:?}"))),
            // The form that means the same whatever `standard_conforming_strings` is.
            Dialect::Postgres if value.contains('\\') => format!("E'{}'", doubled.replace('\\', r"\\")),
            Dialect::Postgres => format!("'{doubled}'"),
            Dialect::MySql | Dialect::MariaDb => {
                format!("'{}'", doubled.replace('\\', r"\\").replace('\0', r"\0"))
            }
        })
    }

    fn bytes(self, bytes: &[u8]) -> String {
        let mut digits = String::with_capacity(bytes.len() * 2);
        for byte in bytes {
            digits.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
            digits.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
        }
        match self {
            Dialect::Postgres => format!(r"'\x{digits}'::bytea"),
            _ => format!("x'{digits}'"),
        }
    }

    /// Writes a date or a time; SQLite has them as text.
    fn moment(self, word: &str, moment: &str) -> Result<String> {
        let has_usual_year = word == "TIME" || moment.as_bytes().first().is_some_and(u8::is_ascii_digit);
        match self {
            Dialect::Sqlite => Ok(format!("'{moment}'")),
            _ if has_usual_year => Ok(format!("{word} '{moment}'")),
            _ => Err(self.no_literal(moment)),
        }
    }

    /// Writes a decimal number; SQLite has them as text.
    fn decimal(self, digits: &str) -> Result<String> {
        let unsigned = digits.strip_prefix('-').unwrap_or(digits);
        let is_number = !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        match self {
            Dialect::Sqlite => self.quoted(digits),
            _ if is_number => Ok(digits.to_owned()),
            Dialect::Postgres => Ok(self.typed(self.quoted(digits)?, "numeric")),
            Dialect::MySql | Dialect::MariaDb => Err(self.no_literal(format!("{digits:?}"))),
        }
    }
}

/// Names a float that is no number.
fn not_finite(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value == f64::INFINITY {
        Some("Infinity")
    } else if value == f64::NEG_INFINITY {
        Some("-Infinity")
    } else {
        None
    }
}

/// Returns what a column of such values is declared as.
fn element_type(kind: Kind) -> ColumnType {
    match kind {
        Kind::Bool => ColumnType::Boolean,
        Kind::Int16 => ColumnType::SmallInteger,
        Kind::Int32 => ColumnType::Integer,
        Kind::Int64 => ColumnType::BigInteger,
        Kind::Float32 => ColumnType::Real,
        Kind::Float64 => ColumnType::Double,
        Kind::Bytes => ColumnType::LargeBinary,
        Kind::Date => ColumnType::Date,
        Kind::Time => ColumnType::Time,
        Kind::DateTime => ColumnType::DateTime,
        Kind::Timestamp => ColumnType::Timestamp,
        Kind::Uuid => ColumnType::Uuid,
        Kind::Decimal => ColumnType::Numeric(None),
        Kind::Json => ColumnType::Json,
        Kind::Range(element) => ColumnType::Range(Box::new(element_type(*element))),
        Kind::Interval => ColumnType::Interval,
        _ => ColumnType::Text,
    }
}
