//! JSON documents: `serde_json::Value`, and [`Json`] around any type that serde knows.

use std::ops::{Deref, DerefMut};

use orm_pool::{Kind, Value, ValueRef};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{ColumnType, DecodeError, Placeholder, SqlType};

/// A value that a column holds as a JSON document.
///
/// It derefs to the value within, and to serde it is that value. `Json(None)` is the document `null`; for a column that
/// may be NULL write `Option<Json<T>>`. The idea is SQLAlchemy's `JSON` type, with the type of the document checked.
///
/// ```
/// use orm_core::{Json, SqlType, Value};
///
/// let tags = Json(vec!["a", "b"].into_iter().map(str::to_owned).collect::<Vec<_>>());
/// assert_eq!(tags.len(), 2);
/// assert_eq!(tags.encode(), Value::Json(r#"["a","b"]"#.to_owned()));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Json<T>(pub T);

impl<T> Json<T> {
    /// Returns the value within.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Json<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Json<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> From<T> for Json<T> {
    fn from(value: T) -> Self {
        Json(value)
    }
}

impl<T: Serialize> Serialize for Json<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Json<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Json)
    }
}

crate::row_type!({T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static} Json<T>);
crate::row_type!(serde_json::Value);

impl<T: Default> Placeholder for Json<T> {
    fn placeholder() -> Self {
        Json::default()
    }
}

impl Placeholder for serde_json::Value {
    fn placeholder() -> Self {
        serde_json::Value::Null
    }
}

impl<T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static> SqlType for Json<T> {
    type Plain = Json<T>;
    type Null = crate::sql::NotNull;
    const KIND: Kind = Kind::Json;

    fn column_type() -> ColumnType {
        ColumnType::Json
    }

    /// Serializes the value.
    ///
    /// # Panics
    ///
    /// Panics when its `Serialize` fails, as that of a map does whose keys are not text, numbers or booleans.
    fn encode(&self) -> Value {
        let text = serde_json::to_string(&self.0);
        let name = std::any::type_name::<T>();
        Value::Json(text.unwrap_or_else(|error| panic!("`{name}` cannot be written as JSON: {error}")))
    }

    fn decode(value: ValueRef<'_>) -> Result<Self, DecodeError> {
        decode(value).map(Json)
    }
}

impl SqlType for serde_json::Value {
    type Plain = serde_json::Value;
    type Null = crate::sql::NotNull;
    const KIND: Kind = Kind::Json;

    fn column_type() -> ColumnType {
        ColumnType::Json
    }

    fn encode(&self) -> Value {
        Value::Json(self.to_string())
    }

    fn decode(value: ValueRef<'_>) -> Result<Self, DecodeError> {
        decode(value)
    }
}

fn decode<T: DeserializeOwned>(value: ValueRef<'_>) -> Result<T, DecodeError> {
    let document = match value {
        ValueRef::Json(text) | ValueRef::Text(text) => serde_json::from_str(text),
        ValueRef::Bytes(bytes) => serde_json::from_slice(bytes),
        // SQLite turns the text of a bare number into the number.
        ValueRef::Int(number) => serde_json::from_str(&number.to_string()),
        ValueRef::Float64(number) => serde_json::from_str(&format!("{number:?}")),
        other => return Err(DecodeError::mismatch("JSON", other)),
    };
    document.map_err(|error| match value {
        ValueRef::Json(text) | ValueRef::Text(text) => unreadable(text, &error),
        other => DecodeError::mismatch("JSON", other),
    })
}

#[cold]
fn unreadable(text: &str, error: &serde_json::Error) -> DecodeError {
    let shown: String = text.chars().take(40).collect();
    let wanted = if error.is_data() { "another JSON document" } else { "JSON" };
    DecodeError::new(format!("expected {wanted}, found {shown:?}: {error}"))
}
