//! `uuid::Uuid`: native where the database has the type, else hyphenated text of 36 characters.

use ::uuid::Uuid;
use orm_pool::{Kind, Value, ValueRef};

use super::{ColumnType, DecodeError, Placeholder, SqlType};

crate::row_type!(Uuid);

impl Placeholder for Uuid {
    fn placeholder() -> Self {
        Uuid::nil()
    }
}

impl SqlType for Uuid {
    type Plain = Uuid;
    type Null = crate::sql::NotNull;
    const KIND: Kind = Kind::Uuid;

    fn column_type() -> ColumnType {
        ColumnType::Uuid
    }

    fn encode(&self) -> Value {
        Value::Uuid(self.into_bytes())
    }

    /// Takes also text without hyphens and sixteen bytes, as other programs store it.
    fn decode(value: ValueRef<'_>) -> Result<Self, DecodeError> {
        let uuid = match value {
            ValueRef::Uuid(bytes) => Some(Uuid::from_bytes(bytes)),
            ValueRef::Text(text) => Uuid::try_parse(text).ok(),
            ValueRef::Bytes(bytes) => Uuid::from_slice(bytes).ok(),
            _ => None,
        };
        uuid.ok_or_else(|| DecodeError::mismatch("a UUID", value))
    }
}
