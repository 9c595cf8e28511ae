//! [`Domain`]: a type of PostgreSQL with conditions of its own.

use super::CheckConstraint;
use crate::dialect::Dialect;
use crate::types::ColumnType;

/// A type of PostgreSQL that is another type with conditions of its own. SQLAlchemy's `DOMAIN`.
///
/// A column has it by [`ColumnType::domain`], which is the type beneath on other databases: their columns have none of the
/// conditions. It is created before the tables, and dropped after them.
///
/// ```
/// # use orm_core::{ColumnType, Dialect, MetaData, schema::{Column, Domain, Table}};
/// let amount = Domain::new("amount", ColumnType::Integer).check("VALUE >= 0").not_null();
/// let orders = Table::new("orders").column(Column::new("n", ColumnType::domain("amount", ColumnType::Integer)));
/// let metadata = MetaData::new().domain(amount).table(orders);
/// assert_eq!(
///     metadata.to_sql(Dialect::Postgres),
///     "CREATE DOMAIN amount AS INTEGER NOT NULL CONSTRAINT ck_amount_1 CHECK (VALUE >= 0);\n\n\
///      CREATE TABLE orders (\n    n amount NOT NULL\n)"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Domain {
    /// Its schema, if not the default one.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
    /// The type that it is based on.
    pub base: ColumnType,
    /// Whether its values may be NULL.
    pub is_nullable: bool,
    /// What a column has that says nothing else, as SQL.
    pub default: Option<String>,
    /// How its text is compared.
    pub collation: Option<String>,
    /// What its values meet; a value is called `VALUE`.
    pub checks: Vec<CheckConstraint>,
}

impl Domain {
    /// A domain over a type.
    pub fn new(name: impl Into<String>, base: ColumnType) -> Self {
        Domain {
            schema: None,
            name: name.into(),
            base,
            is_nullable: true,
            default: None,
            collation: None,
            checks: Vec::new(),
        }
    }

    /// Puts it into a schema.
    #[must_use]
    pub fn schema(self, schema: impl Into<String>) -> Self {
        Domain { schema: Some(schema.into()), ..self }
    }

    /// Refuses NULL.
    #[must_use]
    pub fn not_null(self) -> Self {
        Domain { is_nullable: false, ..self }
    }

    /// Fills it in, as SQL.
    #[must_use]
    pub fn default_value(self, sql: impl Into<String>) -> Self {
        Domain { default: Some(sql.into()), ..self }
    }

    /// Says how its text is compared.
    #[must_use]
    pub fn collation(self, name: impl Into<String>) -> Self {
        Domain { collation: Some(name.into()), ..self }
    }

    /// Adds a condition; without a name it is called `ck_`, the domain's name and a number.
    #[must_use]
    pub fn check(mut self, check: impl Into<CheckConstraint>) -> Self {
        let mut check = check.into();
        check.name.get_or_insert_with(|| format!("ck_{}_{}", self.name, self.checks.len() + 1));
        self.checks.push(check);
        self
    }

    /// Returns it as PostgreSQL tells it again.
    pub(crate) fn normal(&self) -> Domain {
        let sql = |text: &str| super::normal::sql(text, Dialect::Postgres);
        let check = |check: &CheckConstraint| CheckConstraint { sql: sql(&check.sql), ..check.clone() };
        let mut checks: Vec<CheckConstraint> = self.checks.iter().map(check).collect();
        checks.sort_by(|a, b| a.name.cmp(&b.name));
        let base = match crate::compile::ddl::type_name(Dialect::Postgres, &self.base) {
            Some(written) if !matches!(self.base, ColumnType::Enum { .. } | ColumnType::Domain { .. }) => {
                super::parse_type(Dialect::Postgres, &written)
            }
            _ => self.base.clone(),
        };
        Domain { schema: None, base, default: self.default.as_deref().map(sql), checks, ..self.clone() }
    }
}
