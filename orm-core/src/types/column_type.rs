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
    /// `FLOAT`, with as many binary digits as are stated: 32 or 64 bits.
    Float(Option<u8>),
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
    /// A span of time: PostgreSQL's own type, and elsewhere whole microseconds as a number.
    Interval,
    /// An address of the Internet, with or without a mask; text elsewhere than on PostgreSQL.
    Inet,
    /// A network of the Internet; text elsewhere than on PostgreSQL.
    Cidr,
    /// A UUID.
    Uuid,
    /// An exact decimal number with precision and scale, if they are stated.
    Numeric(Option<(u8, u8)>),
    /// A JSON document.
    Json,
    /// One of these labels.
    Enum {
        /// The schema of the type, if not the default one; of PostgreSQL.
        schema: Option<Cow<'static, str>>,
        /// The name of the type, which PostgreSQL wants.
        name: Cow<'static, str>,
        /// The labels in order.
        labels: Vec<Cow<'static, str>>,
        /// Whether the database keeps them as such, where it can: PostgreSQL as a type made by `CREATE TYPE`, MySQL as
        /// `ENUM(…)`. Otherwise they are text.
        is_native: bool,
        /// Whether a check refuses other text, where they are text.
        has_check: bool,
    },
    /// A type with conditions of its own, of PostgreSQL: a [`Domain`](crate::schema::Domain). Other databases have the type
    /// that it is based on.
    Domain {
        /// The schema of the domain, if not the default one.
        schema: Option<Cow<'static, str>>,
        /// Its name.
        name: Cow<'static, str>,
        /// The type that it is based on.
        base: Box<ColumnType>,
    },
    /// A list of values of one type, of PostgreSQL.
    Array(Box<ColumnType>),
    /// A range of values of one type, of PostgreSQL: of integers, decimal numbers, days and moments.
    Range(Box<ColumnType>),
    /// SQL text taken as it stands.
    Custom(Cow<'static, str>),
}

impl ColumnType {
    /// Takes SQL text as it stands.
    ///
    /// On PostgreSQL a text for a column of a Rust type that is kept so goes with a cast to it; for a domain say
    /// [`domain`](Self::domain).
    pub fn custom(sql: impl Into<Cow<'static, str>>) -> Self {
        ColumnType::Custom(sql.into())
    }

    /// One of these labels, of a type with this name. SQLAlchemy's `Enum`.
    ///
    /// PostgreSQL has a type for it, which is created and dropped with the tables that have it, and MySQL an `ENUM(…)`;
    /// SQLite has text.
    ///
    /// ```
    /// # use orm_core::{ColumnType, Dialect, schema::{Column, Table}};
    /// let mood = ColumnType::labels("mood", &["happy", "sad"]);
    /// let users = |mood: ColumnType| Table::new("users").column(Column::new("mood", mood));
    /// assert_eq!(
    ///     users(mood.clone()).to_sql(Dialect::Postgres),
    ///     "CREATE TYPE mood AS ENUM ('happy', 'sad');\n\nCREATE TABLE users (\n    mood mood NOT NULL\n)"
    /// );
    /// let checked = users(mood.as_text().checked()).to_sql(Dialect::Postgres);
    /// assert!(checked.contains("mood VARCHAR(5) NOT NULL,\n    CONSTRAINT ck_users_mood CHECK (mood IN ('happy', 'sad'))"));
    /// ```
    pub fn labels(name: impl Into<Cow<'static, str>>, labels: &[&'static str]) -> Self {
        let labels = labels.iter().map(|label| Cow::Borrowed(*label)).collect();
        ColumnType::Enum { schema: None, name: name.into(), labels, is_native: true, has_check: false }
    }

    /// Has every database keep labels as text. Other types stay as they are, as with the next two.
    #[must_use]
    pub fn as_text(mut self) -> Self {
        if let ColumnType::Enum { is_native, .. } = &mut self {
            *is_native = false;
        }
        self
    }

    /// Has a check refuse what is no label, where labels are text.
    #[must_use]
    pub fn checked(mut self) -> Self {
        if let ColumnType::Enum { has_check, .. } = &mut self {
            *has_check = true;
        }
        self
    }

    /// Puts the type of labels, or the domain, into a schema.
    #[must_use]
    pub fn in_schema(mut self, of: impl Into<Cow<'static, str>>) -> Self {
        if let ColumnType::Enum { schema, .. } | ColumnType::Domain { schema, .. } = &mut self {
            *schema = Some(of.into());
        }
        self
    }

    /// A domain of PostgreSQL and the type that it is based on, which other databases have instead.
    ///
    /// ```
    /// # use orm_core::{ColumnType, Dialect, schema::{Column, Table}};
    /// let amount = ColumnType::domain("amount", ColumnType::Integer);
    /// let orders = Table::new("orders").column(Column::new("n", amount));
    /// assert_eq!(orders.to_sql(Dialect::Postgres), "CREATE TABLE orders (\n    n amount NOT NULL\n)");
    /// assert_eq!(orders.to_sql(Dialect::Sqlite), "CREATE TABLE orders (\n    n INTEGER NOT NULL\n)");
    /// ```
    pub fn domain(name: impl Into<Cow<'static, str>>, base: ColumnType) -> Self {
        ColumnType::Domain { schema: None, name: name.into(), base: Box::new(base) }
    }

    /// Writes `FLOAT`.
    pub(crate) fn float(precision: Option<u8>) -> String {
        precision.map_or_else(|| "FLOAT".to_owned(), |precision| format!("FLOAT({precision})"))
    }

    /// Returns the type of the elements, of arrays; else the type itself.
    pub(crate) fn element(&self) -> &ColumnType {
        match self {
            ColumnType::Array(item) => item.element(),
            other => other,
        }
    }

    /// As [`element`](Self::element).
    pub(crate) fn element_mut(&mut self) -> &mut ColumnType {
        match self {
            ColumnType::Array(item) => item.element_mut(),
            other => other,
        }
    }

    /// Returns what PostgreSQL calls the ranges of this type, or says that it has none.
    pub(crate) fn range_name(&self) -> Result<&'static str, String> {
        Ok(match self {
            ColumnType::Integer => "INT4RANGE",
            ColumnType::BigInteger => "INT8RANGE",
            ColumnType::Numeric(_) => "NUMRANGE",
            ColumnType::Date => "DATERANGE",
            ColumnType::DateTime => "TSRANGE",
            ColumnType::Timestamp => "TSTZRANGE",
            other => return Err(format!("PostgreSQL has no range of {other}")),
        })
    }

    /// Says that a database does not have this type of ranges.
    pub(crate) fn no_range(&self, dialect: crate::dialect::Dialect) -> String {
        let name = self.range_name().map_or_else(|_| format!("a range of {self}"), |name| format!("the type {name}"));
        format!("{name} is not supported on dialect {dialect}")
    }

    /// Returns how long the longest label is, which is at least 1.
    pub(crate) fn longest_label(labels: &[Cow<'static, str>]) -> usize {
        labels.iter().map(|label| label.chars().count()).max().unwrap_or(1).max(1)
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
            ColumnType::Inet => "inet",
            ColumnType::Cidr => "cidr",
            ColumnType::Uuid => "uuid",
            ColumnType::Json => "json",
            ColumnType::Float(None) => "float",
            ColumnType::Float(Some(precision)) => return write!(f, "float({precision})"),
            ColumnType::Numeric(None) => "numeric",
            ColumnType::Numeric(Some((precision, scale))) => return write!(f, "numeric({precision}, {scale})"),
            ColumnType::String(length) => return write!(f, "string({length})"),
            ColumnType::Char(length) => return write!(f, "char({length})"),
            ColumnType::Enum { labels, .. } => return write!(f, "enum({})", labels.join(", ")),
            ColumnType::Domain { name, base, .. } => return write!(f, "{name} ({base})"),
            ColumnType::Array(item) => return write!(f, "{item}[]"),
            ColumnType::Range(item) => return write!(f, "range({item})"),
            ColumnType::Custom(sql) => sql,
        };
        f.write_str(word)
    }
}
