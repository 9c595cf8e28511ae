//! [`Column`], and the check that a server default is SQL.

use super::Counting;
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{self, Definition};
use crate::types::ColumnType;

/// A column of a table.
///
/// ```
/// # use orm_core::{ColumnType, schema::Table};
/// #[derive(Clone, Debug, orm_derive::Model)]
/// struct Product {
///     #[orm(primary_key)]
///     id: i64,
///     #[orm(length = 40)]
///     name: Option<String>,
///     #[orm(server_default = "1")]
///     amount: i32,
/// }
/// let table = Table::of_model(Product)?;
/// let [id, name, amount] = table.columns.as_slice() else { unreachable!() };
/// assert!(id.is_generated && !id.is_nullable);
/// assert!(name.is_nullable && name.column_type == ColumnType::String(40));
/// assert_eq!(amount.server_default.as_deref(), Some("1"));
/// # Ok::<(), orm_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it is declared as, with the length of text and the digits of a number. SQL text that the model gives is
    /// [`ColumnType::Custom`].
    pub column_type: ColumnType,
    /// What it is declared as on single databases instead. What is said for MySQL is for MariaDB as well.
    pub variants: Vec<(Dialect, ColumnType)>,
    /// The greatest length, in characters or bytes, where the model states it.
    pub length: Option<u32>,
    /// Whether it may hold NULL.
    pub is_nullable: bool,
    /// Whether the database makes up its values: a serial, auto-increment or identity column.
    pub is_generated: bool,
    /// Whether it is `GENERATED … AS IDENTITY`, where the database knows it, and how that counts.
    pub identity: Option<Identity>,
    /// What the database fills in, as SQL.
    pub server_default: Option<String>,
    /// The sequence whose next value the database fills in.
    pub sequence: Option<String>,
    /// The schema of that sequence, if not the default one.
    #[cfg_attr(feature = "serde", serde(default))]
    pub sequence_schema: Option<String>,
    /// The expression that the database computes it by.
    pub computed: Option<Computed>,
    /// How its text is compared and sorted, in the database's own word.
    pub collation: Option<String>,
    /// A comment on the column.
    pub comment: Option<String>,
    /// Whether a check refuses what is no truth value, where the database has no type of its own for them.
    #[cfg_attr(feature = "serde", serde(default))]
    pub has_check: bool,
    /// The check that MariaDB keeps with the column rather than with its table, under the column's name, as it was read:
    /// changing the column says it again. The table has it among its checks.
    #[cfg_attr(feature = "serde", serde(default))]
    pub check: Option<String>,
    /// Whether `SELECT *` leaves it out, as MariaDB and MySQL were told; no model says so, and changes leave it as it is.
    #[cfg_attr(feature = "serde", serde(default))]
    pub is_invisible: bool,
}

/// The expression of a column that the database computes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Computed {
    /// The expression, as SQL.
    pub sql: String,
    /// Whether it is computed at each write and stored, rather than at each read.
    pub is_stored: bool,
}

/// How a column that is `GENERATED … AS IDENTITY` gets its values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Identity {
    /// Whether a value given by an INSERT is refused: `ALWAYS` rather than `BY DEFAULT`.
    pub is_always: bool,
    /// How it counts.
    pub counting: Counting,
}

impl Identity {
    /// `BY DEFAULT`, from 1 by 1.
    pub const DEFAULT: Identity = Identity { is_always: false, counting: Counting::DEFAULT };
}

impl Column {
    /// A column of this type, which may not hold NULL.
    ///
    /// ```
    /// # use orm_core::{ColumnType, Dialect, schema::Column};
    /// let name = Column::new("name", ColumnType::String(50)).nullable().variant(Dialect::MySql, ColumnType::custom("TINYTEXT"));
    /// assert!(name.is_nullable);
    /// assert_eq!(*name.type_on(Dialect::MariaDb), ColumnType::custom("TINYTEXT"));
    /// ```
    pub fn new(name: impl Into<String>, column_type: ColumnType) -> Self {
        Column {
            name: name.into(),
            column_type,
            variants: Vec::new(),
            length: None,
            is_nullable: false,
            is_generated: false,
            identity: None,
            server_default: None,
            sequence: None,
            sequence_schema: None,
            computed: None,
            collation: None,
            comment: None,
            has_check: false,
            check: None,
            is_invisible: false,
        }
    }

    /// Lets it hold NULL.
    #[must_use]
    pub fn nullable(self) -> Self {
        Column { is_nullable: true, ..self }
    }

    /// Lets the database make up its values.
    #[must_use]
    pub fn generated(self) -> Self {
        Column { is_generated: true, ..self }
    }

    /// Makes it an identity column, where the database knows that.
    #[must_use]
    pub fn identity(self, identity: Identity) -> Self {
        Column { is_generated: true, identity: Some(identity), ..self }
    }

    /// Has the database fill it in, as SQL.
    #[must_use]
    pub fn server_default(self, sql: impl Into<String>) -> Self {
        Column { server_default: Some(sql.into()), ..self }
    }

    /// Has the database fill in the next value of a sequence.
    #[must_use]
    pub fn sequence(self, name: impl Into<String>) -> Self {
        Column { sequence: Some(name.into()), ..self }
    }

    /// Has the database compute it by an expression, at each read.
    #[must_use]
    pub fn computed(self, sql: impl Into<String>) -> Self {
        Column { computed: Some(Computed { sql: sql.into(), is_stored: false }), ..self }
    }

    /// Has the database compute it by an expression, at each write.
    #[must_use]
    pub fn computed_stored(self, sql: impl Into<String>) -> Self {
        Column { computed: Some(Computed { sql: sql.into(), is_stored: true }), ..self }
    }

    /// Says how its text is compared.
    #[must_use]
    pub fn collation(self, name: impl Into<String>) -> Self {
        Column { collation: Some(name.into()), ..self }
    }

    /// Has a check refuse other numbers than 0 and 1 in a column of truth values, on SQLite and MySQL: SQLAlchemy's
    /// `create_constraint`. PostgreSQL refuses them by itself.
    ///
    /// ```
    /// # use orm_core::{ColumnType, Dialect, schema::{Column, Table}};
    /// let users = Table::new("users").column(Column::new("active", ColumnType::Boolean).checked());
    /// assert!(users.to_sql(Dialect::Sqlite).contains("CONSTRAINT ck_users_active CHECK (active IN (0, 1))"));
    /// assert!(!users.to_sql(Dialect::Postgres).contains("CHECK"));
    /// ```
    #[must_use]
    pub fn checked(self) -> Self {
        Column { has_check: true, ..self }
    }

    /// Has at most this many characters or bytes; also of text for labels, of which the longest has to fit.
    #[must_use]
    pub fn length(self, length: u32) -> Self {
        Column { length: Some(length), ..self }
    }

    /// Comments it.
    #[must_use]
    pub fn comment(self, text: impl Into<String>) -> Self {
        Column { comment: Some(text.into()), ..self }
    }

    /// Gives it another type on one database.
    #[must_use]
    pub fn variant(mut self, dialect: Dialect, column_type: ColumnType) -> Self {
        self.variants.push((dialect, column_type));
        self
    }

    /// Returns what it is declared as on this database.
    pub fn type_on(&self, dialect: Dialect) -> &ColumnType {
        let of = |wanted: Dialect| self.variants.iter().find(|(of, _)| *of == wanted);
        let family = if dialect == Dialect::MariaDb { of(Dialect::MySql) } else { None };
        of(dialect).or(family).map_or(&self.column_type, |(_, column_type)| column_type)
    }

    /// Has a generated column count by its sequence where the database has sequences, and otherwise as it does by itself.
    pub(crate) fn settle_sequence(&mut self, dialect: Dialect) {
        if self.sequence.is_some() && self.is_generated {
            match dialect {
                Dialect::Postgres | Dialect::MariaDb => self.is_generated = false,
                Dialect::Sqlite | Dialect::MySql => self.sequence = None,
            }
        }
    }

    /// Makes the column of a model's field.
    pub(super) fn of(definition: &Definition, column: &mapper::Column) -> Result<Column> {
        if let Some(default) = column.server_default {
            check_default(definition, column, default)?;
        }
        let variants = column.variants.iter().map(|(dialect, sql)| (*dialect, ColumnType::custom(*sql)));
        Ok(Column {
            name: column.name.to_owned(),
            column_type: column_type(definition, column)?,
            variants: variants.collect(),
            length: column.length,
            is_nullable: column.nullable && !column.primary_key,
            is_generated: column.generated && column.server_default.is_none() && column.computed.is_none(),
            identity: column.identity,
            server_default: column.server_default.map(str::to_owned),
            sequence: column.sequence.map(str::to_owned),
            sequence_schema: None,
            computed: column.computed.map(|(sql, is_stored)| Computed { sql: sql.to_owned(), is_stored }),
            collation: column.collation.map(str::to_owned),
            comment: column.comment.map(str::to_owned),
            has_check: false,
            check: None,
            is_invisible: false,
        })
    }
}

/// Puts what the Rust type says and what the attributes say together.
fn column_type(definition: &Definition, column: &mapper::Column) -> Result<ColumnType> {
    let wrong = |setting: &str, kind: &str| {
        let message = format!("`{setting}` is set for column `{}.{}`, which is {kind}", definition.table, column.name);
        Err(Error::new(ErrorKind::Configuration, message).hint("leave it out, or give the type by `sql_type = \"…\"`"))
    };
    if let Some(sql) = column.sql_type {
        return Ok(ColumnType::custom(sql));
    }
    let column_type = match ((column.column_type)(), column.length) {
        (ColumnType::Text | ColumnType::String(_), Some(length)) => ColumnType::String(length),
        (ColumnType::LargeBinary | ColumnType::Enum { .. } | ColumnType::Custom(_), Some(_)) => (column.column_type)(),
        (_, Some(_)) => return wrong("length", "neither text nor bytes"),
        (column_type, None) => column_type,
    };
    match (column_type, column.precision, column.scale) {
        (column_type, None, None) => Ok(column_type),
        (ColumnType::Numeric(_), Some(precision), scale) => {
            Ok(ColumnType::Numeric(Some((precision, scale.unwrap_or(0)))))
        }
        (ColumnType::Numeric(_), None, Some(_)) => wrong("scale", "without a `precision`"),
        (_, Some(_), _) => wrong("precision", "not a decimal number"),
        (_, None, Some(_)) => wrong("scale", "not a decimal number"),
    }
}

/// Refuses words that are meant as text: `server_default = "active"` would be the name of a column.
fn check_default(definition: &Definition, column: &mapper::Column, default: &str) -> Result<()> {
    if is_sql(default) {
        return Ok(());
    }
    let message = format!(
        "`server_default` of column `{}.{}` is SQL, and `{default}` is no number, text, function or keyword",
        definition.table, column.name
    );
    let quoted = default.trim().replace('\'', "''");
    Err(Error::new(ErrorKind::Configuration, message)
        .hint(format!("for the text, write it in quotes: `server_default = \"'{quoted}'\"`")))
}

/// Words that are values by themselves, or begin one.
const KEYWORDS: &[&str] = &[
    "case",
    "cast",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "false",
    "interval",
    "localtime",
    "localtimestamp",
    "not",
    "null",
    "session_user",
    "true",
    "user",
];

/// Returns whether a default may be SQL: anything but words which are no keywords.
fn is_sql(default: &str) -> bool {
    let text = default.trim();
    let is_words = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | ' ' | '-' | '.'));
    let word: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    match text.chars().next() {
        None => false,
        Some('0'..='9' | '.' | '-' | '+') => is_number(text) || !is_words,
        Some(_) => !is_words || KEYWORDS.contains(&word.to_ascii_lowercase().as_str()),
    }
}

/// Returns whether the text is a number; `inf` and `nan` are words.
pub(crate) fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok() && !text.contains(|c: char| c.is_ascii_alphabetic() && !matches!(c, 'e' | 'E'))
}

#[cfg(test)]
mod tests {
    use super::is_sql;

    #[test]
    fn sql_is_told_from_words() {
        let sql = [
            "0",
            "-1",
            "+1.5e3",
            ".5",
            "'active'",
            "'it''s'",
            "NULL",
            "true",
            "CURRENT_TIMESTAMP",
            "now()",
            "(1 + 2)",
            "1 + 1",
            "gen_random_uuid()",
            "'{}'::jsonb",
            "x'00'",
            "INTERVAL '1 day'",
            "current_timestamp",
            "CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP",
            "nextval('s')",
            "ARRAY[]::text[]",
            " 7 ",
        ];
        for text in sql {
            assert!(is_sql(text), "{text}");
        }
        for text in ["active", "", " ", "in progress", "in-progress", "a.b", "naïve", "2024-01-01", "3 apples", "inf"]
        {
            assert!(!is_sql(text), "{text}");
        }
    }
}
