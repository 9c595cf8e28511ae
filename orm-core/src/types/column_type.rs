//! [`ColumnType`]: what a column is declared as, before a dialect gives it a name.

use std::borrow::Cow;
use std::fmt;

/// What a column is declared as, before a dialect gives it a name.
///
/// The generic types of SQLAlchemy. A type of one database alone is [`Custom`](Self::Custom): SQL text that is written
/// as it stands. `Display` shows the type in words, for messages and listings.
///
/// ```
/// # use orm_core::ColumnType;
/// assert_eq!(ColumnType::String(50).to_string(), "string(50)");
/// assert_eq!(ColumnType::Array(Box::new(ColumnType::Integer)).to_string(), "integer[]");
/// assert_eq!(ColumnType::custom("TSVECTOR").to_string(), "TSVECTOR");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ColumnType {
    /// A truth value.
    Boolean,
    /// 16 bits, signed.
    SmallInteger,
    /// 32 bits, signed.
    Integer,
    /// 64 bits, signed.
    BigInteger,
    /// 32 bits, IEEE.
    Real,
    /// 64 bits, IEEE.
    Double,
    /// Text without a stated length.
    Text,
    /// Text of at most this many characters.
    String(u32),
    /// Text of exactly this many characters, filled up with spaces.
    Char(u32),
    /// `VARCHAR` without a length, which MySQL does not have.
    Varchar,
    /// Bytes.
    LargeBinary,
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// A date and a time, without a zone.
    DateTime,
    /// A moment.
    Timestamp,
    /// A span of time, of PostgreSQL.
    Interval,
    /// A UUID.
    Uuid,
    /// An exact decimal number with precision and scale, if they are stated.
    Numeric(Option<(u8, u8)>),
    /// A JSON document.
    Json,
    /// One of these labels.
    Enum {
        /// The name of the type, where the database wants one.
        name: Cow<'static, str>,
        /// The labels in order.
        labels: Vec<Cow<'static, str>>,
        /// Whether PostgreSQL has a type of its own for it, made by `CREATE TYPE`, rather than text.
        is_native: bool,
    },
    /// A list of values of one type, of PostgreSQL.
    Array(Box<ColumnType>),
    /// SQL text taken as it stands.
    Custom(Cow<'static, str>),
}

impl ColumnType {
    /// Takes SQL text as it stands.
    pub fn custom(sql: impl Into<Cow<'static, str>>) -> Self {
        ColumnType::Custom(sql.into())
    }

    /// One of these labels, of a type with this name.
    ///
    /// PostgreSQL keeps it as text; set `is_native` for a type of its own.
    pub fn labels(name: impl Into<Cow<'static, str>>, labels: &[&'static str]) -> Self {
        let labels = labels.iter().map(|label| Cow::Borrowed(*label)).collect();
        ColumnType::Enum { name: name.into(), labels, is_native: false }
    }

    /// Has PostgreSQL keep the labels as a type of its own, made by `CREATE TYPE`; other types stay as they are.
    #[must_use]
    pub fn native(self) -> Self {
        match self {
            ColumnType::Enum { name, labels, .. } => ColumnType::Enum { name, labels, is_native: true },
            other => other,
        }
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            ColumnType::Boolean => "boolean",
            ColumnType::SmallInteger => "small_integer",
            ColumnType::Integer => "integer",
            ColumnType::BigInteger => "big_integer",
            ColumnType::Real => "real",
            ColumnType::Double => "double",
            ColumnType::Text => "text",
            ColumnType::Varchar => "varchar",
            ColumnType::LargeBinary => "large_binary",
            ColumnType::Date => "date",
            ColumnType::Time => "time",
            ColumnType::DateTime => "date_time",
            ColumnType::Timestamp => "timestamp",
            ColumnType::Interval => "interval",
            ColumnType::Uuid => "uuid",
            ColumnType::Json => "json",
            ColumnType::Numeric(None) => "numeric",
            ColumnType::Numeric(Some((precision, scale))) => return write!(f, "numeric({precision}, {scale})"),
            ColumnType::String(length) => return write!(f, "string({length})"),
            ColumnType::Char(length) => return write!(f, "char({length})"),
            ColumnType::Enum { labels, .. } => return write!(f, "enum({})", labels.join(", ")),
            ColumnType::Array(item) => return write!(f, "{item}[]"),
            ColumnType::Custom(sql) => sql,
        };
        f.write_str(word)
    }
}
