//! Arrays, which PostgreSQL alone has: `Vec<T>` of every element but `u8`, whose vector is bytes.
//!
//! A row gives an array as PostgreSQL writes it, `{1,NULL,"a b"}`; each element is read as a column of its type would be.

use orm_pool::{Kind, Value, ValueRef};

use super::{ColumnType, DecodeError, Placeholder, SqlType};

/// A type that an array can hold: every [`SqlType`] of the library but `u8` and vectors, spans of time, addresses, moments with an offset
/// and `Json<T>`, and `Option` of each. An enum has it by `#[derive(SqlEnum)]`; for a newtype it is implemented by hand.
///
/// ```
/// use orm_core::{SqlType, Value, Kind};
///
/// assert_eq!(vec![1i32, 2].encode(), Value::Array(&Kind::Int32, vec![Value::Int32(1), Value::Int32(2)]));
/// ```
#[diagnostic::on_unimplemented(
    message = "an array cannot hold `{Self}`",
    note = "implement `orm::ArrayElement` for a type of your own: it has no methods",
    note = "rows of another model are `HasMany<{Self}>`, or `ManyToMany<{Self}>`; a list that is kept as a document is `#[orm(json)]`"
)]
pub trait ArrayElement: SqlType {}

macro_rules! elements {
    ($($type:ty),*) => { $( impl ArrayElement for $type {} )* };
}
elements!(bool, i8, i16, i32, i64, u16, u32, f32, f64, String);
#[cfg(feature = "chrono")]
elements!(::chrono::NaiveDate, ::chrono::NaiveTime, ::chrono::NaiveDateTime, ::chrono::DateTime<::chrono::Utc>);
#[cfg(feature = "time")]
elements!(::time::Date, ::time::Time, ::time::PrimitiveDateTime, ::time::OffsetDateTime);
#[cfg(feature = "jiff")]
elements!(::jiff::civil::Date, ::jiff::civil::Time, ::jiff::civil::DateTime, ::jiff::Timestamp);
#[cfg(feature = "uuid")]
elements!(::uuid::Uuid);
#[cfg(feature = "rust_decimal")]
elements!(::rust_decimal::Decimal);
#[cfg(feature = "json")]
elements!(serde_json::Value);
impl<T: ArrayElement> ArrayElement for Option<T> {}

crate::row_type!({T: ArrayElement} Vec<T>);

impl<T: ArrayElement> Placeholder for Vec<T> {
    fn placeholder() -> Self {
        Vec::new()
    }
}

impl<T: ArrayElement> SqlType for Vec<T> {
    type Plain = Vec<T>;
    type Null = crate::sql::NotNull;
    const KIND: Kind = Kind::Array(&T::KIND);

    fn column_type() -> ColumnType {
        ColumnType::Array(Box::new(T::column_type()))
    }

    fn encode(&self) -> Value {
        Value::Array(&T::KIND, self.iter().map(SqlType::encode).collect())
    }

    fn decode(value: ValueRef<'_>) -> Result<Self, DecodeError> {
        let ValueRef::Text(text) = value else { return Err(DecodeError::mismatch("an array", value)) };
        let elements = elements(text).ok_or_else(|| DecodeError::mismatch("an array", value))?;
        let decoded = elements.iter().map(|element| match element {
            None => T::decode(ValueRef::Null).map_err(|_| DecodeError::new(IS_NULL_WITHIN)),
            Some(text) => decode_text::<T>(text),
        });
        decoded.collect()
    }
}

/// What is wrong with NULL in an array.
const IS_NULL_WITHIN: &str = "an element is NULL, and the Rust type is not a `Vec<Option<…>>`";

/// Takes an array of PostgreSQL apart; NULL is `None`.
pub(crate) fn elements(text: &str) -> Option<Vec<Option<String>>> {
    // An array whose first index is not 1 says so in front: `[0:1]={1,2}`.
    let text = if text.starts_with('[') { text.split_once('=')?.1 } else { text };
    let mut rest = text.strip_prefix('{')?.strip_suffix('}')?;
    let mut elements = Vec::new();
    while !rest.is_empty() {
        let (element, after) = split_element(rest)?;
        elements.push(element);
        rest = after;
    }
    Some(elements)
}

/// Takes the first element of a list; NULL is `None`.
fn split_element(list: &str) -> Option<(Option<String>, &str)> {
    let mut element = String::new();
    let is_quoted = list.starts_with('"');
    let mut characters = list.char_indices().skip(usize::from(is_quoted));
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => element.push(characters.next()?.1),
            '"' if is_quoted => {
                let after = &list[at + 1..];
                return Some((Some(element), after.strip_prefix(',').unwrap_or(after)));
            }
            ',' if !is_quoted => return Some((not_null(element), &list[at + 1..])),
            '{' | '}' if !is_quoted => return None,
            other => element.push(other),
        }
    }
    (!is_quoted).then(|| (not_null(element), ""))
}

fn not_null(element: String) -> Option<String> {
    if element == "NULL" { None } else { Some(element) }
}

/// Reads an element as a column of its type would hold it.
pub(super) fn decode_text<T: SqlType>(text: &str) -> Result<T, DecodeError> {
    let wrong = || DecodeError::new(format!("the element {text:?} is not of type {:?}", T::KIND));
    match T::KIND {
        Kind::Bool => T::decode(ValueRef::Bool(text == "t")),
        Kind::Int16 | Kind::Int32 | Kind::Int64 => T::decode(ValueRef::Int(text.parse().map_err(|_| wrong())?)),
        Kind::Float32 | Kind::Float64 => T::decode(ValueRef::Float64(text.parse().map_err(|_| wrong())?)),
        // `NaN` and the infinities end with letters, and are no number of Rust.
        Kind::Decimal if text.ends_with(|c: char| c.is_ascii_digit()) => T::decode(ValueRef::Decimal(text)),
        Kind::Json => T::decode(ValueRef::Json(text)),
        // A moment is written in UTC, as a row of text would have it.
        Kind::Timestamp => T::decode(ValueRef::Text(text.strip_suffix("+00").unwrap_or(text))),
        _ => T::decode(ValueRef::Text(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: ArrayElement>(text: &str) -> Result<Vec<T>, DecodeError> {
        Vec::<T>::decode(ValueRef::Text(text))
    }

    #[test]
    fn elements_are_read_as_postgresql_writes_them() {
        assert_eq!(read::<i64>("{}"), Ok(vec![]));
        assert_eq!(read::<i64>("{1,-2}"), Ok(vec![1, -2]));
        assert_eq!(read::<i64>("[0:1]={1,2}"), Ok(vec![1, 2]));
        assert_eq!(read::<i64>("{1,NULL}"), Err(DecodeError::new(IS_NULL_WITHIN)));
        assert_eq!(read::<Option<bool>>("{t,NULL,f}"), Ok(vec![Some(true), None, Some(false)]));
        let texts = ["a b", "", "NULL", "\"", "\\", "{,}", "é"].map(str::to_owned).to_vec();
        assert_eq!(read::<String>(r#"{"a b","","NULL","\"","\\","{,}",é}"#), Ok(texts));
    }

    #[test]
    fn what_is_no_array_is_an_error() {
        assert!(read::<i64>("1,2").is_err());
        assert!(read::<i64>("{1,x}").is_err());
        assert!(read::<i64>("{NULL}").is_err());
        assert!(read::<i64>("{{1},{2}}").is_err());
        assert!(read::<String>("{\"a}").is_err());
    }
}
