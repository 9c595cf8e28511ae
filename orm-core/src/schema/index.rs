//! [`Index`]: what finds rows by their columns, or by expressions over them.

/// An index of a table.
///
/// ```
/// # use orm_core::{Dialect, schema::{Index, IndexColumn, Table, Column}, ColumnType};
/// let recent = Index::new([IndexColumn::from("created").descending()]).condition("state = 'open'").name("recent");
/// let table = Table::new("orders")
///     .column(Column::new("created", ColumnType::Date))
///     .column(Column::new("state", ColumnType::String(10)))
///     .index(recent);
/// assert!(table.to_sql(Dialect::Sqlite).ends_with(
///     "CREATE INDEX recent ON orders (created DESC) WHERE state = 'open'"
/// ));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Index {
    /// Its name, such as `ix_addresses_user_id`; where there is none, the naming convention gives one.
    pub name: Option<String>,
    /// What it is over, in order.
    pub columns: Vec<IndexColumn>,
    /// Whether no two rows have the same values in these columns.
    pub is_unique: bool,
    /// Which rows it has, as SQL; of SQLite and PostgreSQL.
    pub condition: Option<String>,
    /// Columns whose values it holds without being ordered by them; of PostgreSQL.
    pub include: Vec<String>,
    /// How it is kept, such as `gin` or `hash`; of PostgreSQL and MySQL. In MySQL also `fulltext` and `spatial`.
    pub method: Option<String>,
    /// Whether two NULLs are the same; of PostgreSQL.
    pub nulls_not_distinct: bool,
    /// Whether it is made while others write, outside of a transaction; of PostgreSQL, and never read back.
    pub is_concurrent: bool,
}

/// One column or expression of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct IndexColumn {
    /// What it is.
    pub part: IndexPart,
    /// Whether the greatest comes first.
    pub is_descending: bool,
    /// Whether NULLs come first, where that is not what the direction has by itself; of PostgreSQL.
    pub nulls_first: Option<bool>,
    /// How many characters of the text are indexed; of MySQL.
    pub length: Option<u32>,
    /// The operator class, such as `text_pattern_ops`; of PostgreSQL.
    pub operator_class: Option<String>,
}

/// What a part of an index is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum IndexPart {
    /// A column.
    Column(String),
    /// An expression, as SQL.
    Expression(String),
}

impl From<&str> for IndexColumn {
    fn from(column: &str) -> Self {
        IndexColumn::column(column)
    }
}

impl From<String> for IndexColumn {
    fn from(column: String) -> Self {
        IndexColumn::column(column)
    }
}

impl IndexColumn {
    /// A column.
    pub fn column(name: impl Into<String>) -> Self {
        IndexColumn::of(IndexPart::Column(name.into()))
    }

    /// An expression, as SQL.
    pub fn expression(sql: impl Into<String>) -> Self {
        IndexColumn::of(IndexPart::Expression(sql.into()))
    }

    fn of(part: IndexPart) -> Self {
        IndexColumn { part, is_descending: false, nulls_first: None, length: None, operator_class: None }
    }

    /// Puts the greatest first.
    #[must_use]
    pub fn descending(self) -> Self {
        IndexColumn { is_descending: true, ..self }
    }

    /// Indexes so many characters of a text, on MySQL.
    #[must_use]
    pub fn length(self, characters: u32) -> Self {
        IndexColumn { length: Some(characters), ..self }
    }

    /// Names the operator class, on PostgreSQL.
    #[must_use]
    pub fn operator_class(self, name: impl Into<String>) -> Self {
        IndexColumn { operator_class: Some(name.into()), ..self }
    }

    /// Returns the column's name, if it is a column.
    pub fn name(&self) -> Option<&str> {
        match &self.part {
            IndexPart::Column(name) => Some(name),
            IndexPart::Expression(_) => None,
        }
    }

    /// Returns whether it is a column and nothing else is said of it.
    pub(crate) fn is_plain(&self) -> bool {
        self.name().is_some_and(|name| *self == IndexColumn::column(name))
    }
}

impl<const N: usize> From<[&str; N]> for Index {
    fn from(columns: [&str; N]) -> Self {
        Index::new(columns)
    }
}

impl Index {
    /// An index over these columns.
    pub fn new<C: Into<IndexColumn>>(columns: impl IntoIterator<Item = C>) -> Self {
        Index { columns: columns.into_iter().map(Into::into).collect(), ..Index::default() }
    }

    /// Gives it a name.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        Index { name: Some(name.into()), ..self }
    }

    /// Lets no two rows have the same values.
    #[must_use]
    pub fn unique(self) -> Self {
        Index { is_unique: true, ..self }
    }

    /// Says which rows it has, as SQL.
    #[must_use]
    pub fn condition(self, sql: impl Into<String>) -> Self {
        Index { condition: Some(sql.into()), ..self }
    }

    /// Says how it is kept.
    #[must_use]
    pub fn method(self, name: impl Into<String>) -> Self {
        Index { method: Some(name.into()), ..self }
    }

    /// Has it hold the values of more columns.
    #[must_use]
    pub fn include<S: Into<String>>(self, columns: impl IntoIterator<Item = S>) -> Self {
        Index { include: super::constraint::texts(columns), ..self }
    }

    /// Makes it while others write, on PostgreSQL, which cannot do that within a transaction:
    /// [`Diff::execute`](super::Diff::execute) does it after all else. If it fails then, as when rows are not unique, the rest is
    /// done, and PostgreSQL keeps an index that is not valid and is to be dropped. With a new table it is made as any other.
    #[must_use]
    pub fn concurrent(self) -> Self {
        Index { is_concurrent: true, ..self }
    }

    /// Returns its columns by name; an expression has none.
    pub fn column_names(&self) -> Vec<String> {
        self.columns.iter().filter_map(|column| column.name().map(str::to_owned)).collect()
    }

    /// Returns whether it is over whole columns alone, in the usual way.
    pub(crate) fn is_plain(&self) -> bool {
        self.condition.is_none()
            && self.include.is_empty()
            && self.method.is_none()
            && !self.nulls_not_distinct
            && self.columns.iter().all(IndexColumn::is_plain)
    }
}
