//! What a table's rows must meet: keys, uniqueness, references and conditions.
//!
//! A name that is `None` is given by the [`NamingConvention`](super::NamingConvention) of the metadata, or is unknown to
//! the database that the table was read from.

use crate::mapper::ReferentialAction;

/// The primary key of a table; without columns there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PrimaryKey {
    /// Its name, such as `pk_users`. SQLite and MySQL do not show it, so it is written for PostgreSQL alone.
    pub name: Option<String>,
    /// Its columns, in order.
    pub columns: Vec<String>,
}

/// A constraint by which no two rows have the same values in these columns.
///
/// ```
/// # use orm_core::schema::UniqueConstraint;
/// let named = UniqueConstraint::new(["user_id", "email"]).name("one_email");
/// assert_eq!(named.columns, ["user_id", "email"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UniqueConstraint {
    /// Its name, such as `uq_users_name`.
    pub name: Option<String>,
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// When it is checked, for PostgreSQL.
    pub deferrable: Option<Deferrable>,
    /// Whether two NULLs are the same, for PostgreSQL.
    pub nulls_not_distinct: bool,
}

/// A constraint by which a row with these values exists in another table.
///
/// ```
/// # use orm_core::schema::{ForeignKey, ReferentialAction};
/// let key = ForeignKey::new(["user_id"], "users", ["id"]).on_delete(ReferentialAction::Cascade);
/// assert_eq!(key.target_table, "users");
/// assert!(key.name.is_none(), "the naming convention of the metadata gives one");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ForeignKey {
    /// Its name, such as `fk_addresses_user_id_users`.
    pub name: Option<String>,
    /// The columns that refer.
    pub columns: Vec<String>,
    /// The schema of the table that is referred to, if not the default one.
    pub target_schema: Option<String>,
    /// The table that is referred to.
    pub target_table: String,
    /// The columns that are referred to, as many as `columns`.
    pub target_columns: Vec<String>,
    /// What deleting the other row does.
    pub on_delete: Option<ReferentialAction>,
    /// The columns that `SET NULL` or `SET DEFAULT` sets when the other row is deleted, if not all; of PostgreSQL 15.
    #[cfg_attr(feature = "serde", serde(default))]
    pub on_delete_columns: Vec<String>,
    /// What changing the other row's key does.
    pub on_update: Option<ReferentialAction>,
    /// When it is checked.
    pub deferrable: Option<Deferrable>,
    /// Whether a key of several columns with some NULLs is refused: `MATCH FULL`, of PostgreSQL.
    pub is_match_full: bool,
    /// Whether it is added by ALTER TABLE after all tables exist, even where no cycle asks for it.
    pub use_alter: bool,
    /// Whether rows that are there already are not checked when it is added to a table: `NOT VALID`, of PostgreSQL.
    #[cfg_attr(feature = "serde", serde(default))]
    pub is_not_valid: bool,
}

/// When a constraint that may wait is checked, unless SET CONSTRAINTS says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Deferrable {
    /// At the end of each statement.
    InitiallyImmediate,
    /// At COMMIT.
    InitiallyDeferred,
}

/// A condition that each row meets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CheckConstraint {
    /// Its name, such as `ck_users_1`.
    pub name: Option<String>,
    /// The condition, as SQL.
    pub sql: String,
    /// Whether rows that are there already are not checked when it is added to a table: `NOT VALID`, of PostgreSQL.
    #[cfg_attr(feature = "serde", serde(default))]
    pub is_not_valid: bool,
}

/// A constraint by which no two rows meet in all of these ways; of PostgreSQL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ExcludeConstraint {
    /// Its name.
    pub name: String,
    /// What follows EXCLUDE, as SQL, such as `USING gist (room WITH =, during WITH &&)`.
    pub sql: String,
}

impl<const N: usize> From<[&str; N]> for PrimaryKey {
    fn from(columns: [&str; N]) -> Self {
        PrimaryKey { name: None, columns: texts(columns) }
    }
}

impl PrimaryKey {
    /// A key of these columns.
    pub fn new<S: Into<String>>(columns: impl IntoIterator<Item = S>) -> Self {
        PrimaryKey { name: None, columns: texts(columns) }
    }

    /// Gives it a name.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        PrimaryKey { name: Some(name.into()), ..self }
    }
}

impl<const N: usize> From<[&str; N]> for UniqueConstraint {
    fn from(columns: [&str; N]) -> Self {
        UniqueConstraint::new(columns)
    }
}

impl UniqueConstraint {
    /// A constraint over these columns.
    pub fn new<S: Into<String>>(columns: impl IntoIterator<Item = S>) -> Self {
        UniqueConstraint { columns: texts(columns), ..UniqueConstraint::default() }
    }

    /// Gives it a name.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        UniqueConstraint { name: Some(name.into()), ..self }
    }

    /// Lets it wait.
    #[must_use]
    pub fn deferrable(self, when: Deferrable) -> Self {
        UniqueConstraint { deferrable: Some(when), ..self }
    }
}

impl ForeignKey {
    /// A key by which these columns refer to columns of a table.
    pub fn new<S: Into<String>, T: Into<String>>(
        columns: impl IntoIterator<Item = S>,
        table: impl Into<String>,
        target_columns: impl IntoIterator<Item = T>,
    ) -> Self {
        ForeignKey {
            columns: texts(columns),
            target_table: table.into(),
            target_columns: texts(target_columns),
            ..ForeignKey::default()
        }
    }

    /// Gives it a name.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        ForeignKey { name: Some(name.into()), ..self }
    }

    /// Says which schema the other table is in.
    #[must_use]
    pub fn target_schema(self, schema: impl Into<String>) -> Self {
        ForeignKey { target_schema: Some(schema.into()), ..self }
    }

    /// Says what deleting the other row does.
    #[must_use]
    pub fn on_delete(self, action: ReferentialAction) -> Self {
        ForeignKey { on_delete: Some(action), ..self }
    }

    /// Says what changing the other row's key does.
    #[must_use]
    pub fn on_update(self, action: ReferentialAction) -> Self {
        ForeignKey { on_update: Some(action), ..self }
    }

    /// Lets it wait.
    #[must_use]
    pub fn deferrable(self, when: Deferrable) -> Self {
        ForeignKey { deferrable: Some(when), ..self }
    }

    /// Does not check rows that are there already when it is added, on PostgreSQL.
    #[must_use]
    pub fn not_valid(self) -> Self {
        ForeignKey { is_not_valid: true, ..self }
    }

    /// Refuses a key of several columns with some NULLs, on PostgreSQL.
    #[must_use]
    pub fn match_full(self) -> Self {
        ForeignKey { is_match_full: true, ..self }
    }

    /// Adds it by ALTER TABLE after all tables exist.
    #[must_use]
    pub fn use_alter(self) -> Self {
        ForeignKey { use_alter: true, ..self }
    }
}

impl From<&str> for CheckConstraint {
    fn from(sql: &str) -> Self {
        CheckConstraint::new(sql)
    }
}

impl CheckConstraint {
    /// A condition, as SQL.
    pub fn new(sql: impl Into<String>) -> Self {
        CheckConstraint { sql: sql.into(), ..CheckConstraint::default() }
    }

    /// Does not check rows that are there already when it is added, on PostgreSQL.
    #[must_use]
    pub fn not_valid(self) -> Self {
        CheckConstraint { is_not_valid: true, ..self }
    }

    /// Gives it a name.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        CheckConstraint { name: Some(name.into()), ..self }
    }
}

pub(super) fn texts<S: Into<String>>(texts: impl IntoIterator<Item = S>) -> Vec<String> {
    texts.into_iter().map(Into::into).collect()
}
