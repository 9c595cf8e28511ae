//! A row whose columns are known when it comes: [`Record`].

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use orm_pool::{Value, ValueRef};

use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Decoded, Row, RowType};
use crate::session::Objects;
use crate::types::SqlType;

/// A row with the names that the database gives its columns, and a [`Value`] for each.
///
/// It is what [`ResultSet`](super::ResultSet) has, and what any statement gives whose rows are said to be records.
///
/// ```
/// # use orm_core::{Engine, Record, Value, text};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// let row = text("SELECT 1 AS id, 'ed' AS name").columns::<Record>().one(&engine).await?;
/// assert_eq!((row.get::<i64>("id")?, row.get::<Option<String>>(1)?), (1, Some("ed".into())));
/// assert_eq!((row.keys(), row.value("id")?), (["id", "name"].map(String::from).as_slice(), &Value::Int64(1)));
///
/// let error = row.get::<i64>("ide").unwrap_err();
/// assert_eq!(error.to_string(), "could not locate column `ide` in the row\nhint: it has `id`, `name`");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq)]
pub struct Record {
    keys: Arc<[String]>,
    values: Vec<Value>,
}

impl Record {
    /// Copies a row; the names are those of the last row if they are the same.
    pub(super) fn of(row: &Row<'_>, last: Option<&Arc<[String]>>) -> Record {
        let names = || (0..row.len()).map(|column| row.name(column));
        let keys = match last {
            Some(keys) if keys.len() == row.len() && names().eq(keys.iter().map(String::as_str)) => keys.clone(),
            _ => names().map(str::to_owned).collect(),
        };
        Record { keys, values: (0..row.len()).map(|column| row.value(column).to_value()).collect() }
    }

    pub(super) fn shared_keys(&self) -> &Arc<[String]> {
        &self.keys
    }

    /// Returns the names of the columns.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Returns the values.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// Returns how many values there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Returns whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Returns the value of a column, by its name or its position.
    ///
    /// # Errors
    ///
    /// Fails when there is no such column, or several of the name.
    pub fn value(&self, column: impl RecordIndex) -> Result<&Value> {
        column.__position(&self.keys).map(|position| &self.values[position])
    }

    /// Returns the value of a column as a Rust type, by its name or its position.
    ///
    /// # Errors
    ///
    /// Fails when there is no such column or several of the name, and when the value does not become the type.
    pub fn get<T: SqlType>(&self, column: impl RecordIndex) -> Result<T> {
        let position = column.__position(&self.keys)?;
        // A row brings no arrays but as text.
        T::decode(self.values[position].as_ref().unwrap_or(ValueRef::Null)).map_err(|error| {
            let message = format!("column `{}` cannot be read: {}", self.keys[position], error.reason());
            Error::new(ErrorKind::Data, message)
        })
    }

    /// Returns the values by name; of several columns of one name it has the last.
    pub fn mapping(&self) -> BTreeMap<String, Value> {
        self.keys.iter().cloned().zip(self.values.iter().cloned()).collect()
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.keys.iter().zip(&self.values)).finish()
    }
}

/// What names a column of a [`Record`]: its name, or its position from 0.
pub trait RecordIndex {
    #[doc(hidden)]
    fn __position(self, keys: &[String]) -> Result<usize>;
}
impl RecordIndex for usize {
    fn __position(self, keys: &[String]) -> Result<usize> {
        if self < keys.len() {
            return Ok(self);
        }
        let message = format!("the row has {} columns, so there is none at position {self}", keys.len());
        Err(Error::new(ErrorKind::Argument, message))
    }
}
impl RecordIndex for &str {
    fn __position(self, keys: &[String]) -> Result<usize> {
        let mut found = keys.iter().enumerate().filter(|(_, key)| *key == self).map(|(position, _)| position);
        match (found.next(), found.next()) {
            (Some(position), None) => Ok(position),
            (Some(_), Some(_)) => {
                Err(Error::new(ErrorKind::InvalidRequest, format!("ambiguous column name `{self}` in the row"))
                    .hint("give the columns names of their own by `AS`, or ask by position"))
            }
            (None, _) => {
                let known: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
                Err(Error::new(ErrorKind::Argument, format!("could not locate column `{self}` in the row"))
                    .hint(format!("it has {}", known.join(", "))))
            }
        }
    }
}
impl RecordIndex for &String {
    fn __position(self, keys: &[String]) -> Result<usize> {
        self.as_str().__position(keys)
    }
}

impl RowType for Record {
    type Managed = Record;

    fn __width() -> usize {
        1
    }

    fn __value(row: &Row<'_>, _at: usize) -> Decoded<Self> {
        Ok(Record::of(row, None))
    }

    fn __managed(row: &Row<'_>, at: usize, _objects: &mut Objects) -> Decoded<Self> {
        Self::__value(row, at)
    }

    fn __is_null(row: &Row<'_>, _at: usize) -> bool {
        (0..row.len()).all(|column| row.value(column) == ValueRef::Null)
    }
}
