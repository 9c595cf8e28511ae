//! [`Index`].

/// An index of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Its name, such as `ix_addresses_user_id`.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// Whether no two rows have the same values in these columns.
    pub is_unique: bool,
}
