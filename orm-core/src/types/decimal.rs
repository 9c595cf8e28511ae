//! `rust_decimal::Decimal`: an exact number of up to 28 digits, whose zeros at the end are kept.

use orm_pool::{Kind, Value, ValueRef, text};
use rust_decimal::Decimal;

use super::{ColumnType, DecodeError, Numeric, Placeholder, SqlType};

crate::row_type!(Decimal);

impl Numeric for Decimal {
    type Mean = Decimal;
}

impl Placeholder for Decimal {
    fn placeholder() -> Self {
        Decimal::ZERO
    }
}

impl SqlType for Decimal {
    type Plain = Decimal;
    type Null = crate::sql::NotNull;
    const KIND: Kind = Kind::Decimal;

    fn column_type() -> ColumnType {
        ColumnType::Numeric(None)
    }

    fn encode(&self) -> Value {
        Value::Decimal(self.to_string())
    }

    /// Never rounds: a number with more digits than fit is an error.
    fn decode(value: ValueRef<'_>) -> Result<Self, DecodeError> {
        match value {
            ValueRef::Decimal(text) | ValueRef::Text(text) => parse(text, value),
            ValueRef::Int(number) => Ok(Decimal::from(number)),
            // A SQLite column of another program, or a sum: the shortest text that means this float is the number meant.
            ValueRef::Float64(number) => parse(&number.to_string(), value),
            ValueRef::Float32(number) => parse(&number.to_string(), value),
            other => Err(DecodeError::mismatch("a decimal number", other)),
        }
    }
}

fn parse(text: &str, found: ValueRef<'_>) -> Result<Decimal, DecodeError> {
    text::decimal(text).ok_or_else(|| {
        if is_number(text) {
            DecodeError::new(format!("{text} does not fit into `Decimal`, which has 28 digits"))
        } else {
            DecodeError::mismatch("a decimal number", found)
        }
    })
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.starts_with(|first: char| first.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}
