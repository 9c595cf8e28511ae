//! What a table's rows must meet: keys, uniqueness, references and conditions.

use crate::mapper::ReferentialAction;

/// The primary key of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrimaryKey {
    /// Its name, such as `pk_users`. SQLite and MySQL do not show it, so it is written for PostgreSQL alone.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<String>,
}

/// A constraint by which no two rows have the same values in these columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UniqueConstraint {
    /// Its name, such as `uq_users_name`.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<String>,
}

/// A constraint by which a row with these values exists in another table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// Its name, such as `fk_addresses_user_id_users`.
    pub name: String,
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
    /// What changing the other row's key does.
    pub on_update: Option<ReferentialAction>,
}

/// A condition that each row meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckConstraint {
    /// Its name, such as `ck_users_1`.
    pub name: String,
    /// The condition, as SQL.
    pub sql: String,
}
