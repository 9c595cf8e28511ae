//! What databases differ in: capabilities as plain data, and the few words that differ.

mod clauses;
mod literal;
mod mysql;
mod postgres;
pub(crate) mod sqlite;

use std::fmt;

pub(crate) use clauses::{Functions, ValuesForm};

use crate::types::ColumnType;

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL.
    MySql,
    /// MariaDB.
    MariaDb,
}

/// What a database can do and how it wants things written.
#[derive(Debug)]
pub(crate) struct Capabilities {
    /// The character around identifiers.
    pub(crate) quote: char,
    /// Whether placeholders are numbered: `$1` rather than `?`.
    pub(crate) numbered_placeholders: bool,
    /// Which statements can give rows back.
    pub(crate) returning: Returning,
    /// What gives the last key that this connection has generated, where a row is read again for want of RETURNING.
    pub(crate) last_key: &'static str,
    /// The most values that one statement binds.
    pub(crate) max_parameters: usize,
    /// How an upsert is written.
    pub(crate) upsert: Upsert,
    /// Whether `INSERT … SELECT … ON CONFLICT` wants a WHERE in between.
    pub(crate) upsert_wants_where: bool,
    /// Whether `ON CONFLICT DO UPDATE` may leave out which columns.
    pub(crate) upsert_of_any: bool,
    /// Whether there is `ON CONFLICT ON CONSTRAINT`.
    pub(crate) upsert_of_constraint: bool,
    /// Whether an UPDATE of several tables is `UPDATE a, b SET` rather than `UPDATE a SET … FROM b`.
    pub(crate) update_lists_tables: bool,
    /// How a DELETE asks about other tables.
    pub(crate) delete_join: DeleteJoin,
    /// Whether UPDATE and DELETE take ORDER BY and LIMIT.
    pub(crate) changes_in_order: bool,
    /// What subqueries of UPDATE and DELETE see of the table that is written.
    pub(crate) rereads: Rereads,
    /// Whether RETURNING gives columns of the other tables of an UPDATE or DELETE.
    pub(crate) returns_other_tables: bool,
    /// What stands for no limit before OFFSET.
    pub(crate) no_limit: &'static str,
    /// Whether an INSERT without values is `DEFAULT VALUES` rather than `() VALUES ()`.
    pub(crate) default_values: bool,
    /// Whether `||` joins texts; otherwise `concat()`.
    pub(crate) concat_operator: bool,
    /// Whether NULLS FIRST and NULLS LAST exist.
    pub(crate) nulls_order: bool,
    /// How IS NOT DISTINCT FROM is written.
    pub(crate) not_distinct: &'static str,
    /// What the word before LIKE's pattern must be to ignore case; without one, both sides are lowered.
    pub(crate) ilike: bool,
    /// How integers are divided so that an integer comes out.
    pub(crate) integer_division: &'static str,
    /// Whether a computed column may be one that is computed whenever it is read.
    pub(crate) virtual_columns: bool,
    /// Whether foreign keys are checked at each row rather than at the end of a statement.
    pub(crate) checks_each_row: bool,
    /// How it explains a statement.
    pub(crate) explain: &'static str,
    /// How a flush has the keys that the database generates.
    pub(crate) generated_keys: GeneratedKeys,
}

/// How a flush has the keys that the database generates for several rows at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GeneratedKeys {
    /// It takes the next ones itself: a transaction that writes has the only write lock.
    NextOnes,
    /// It takes them from the column's sequence, and gives them with the rows.
    Sequence,
    /// RETURNING gives them, rising in the order of the rows.
    Rising,
    /// The database tells the key of the first row; those of the others follow, a step apart, in the order of the rows.
    FirstKey,
}

#[derive(Debug)]
pub(crate) struct Returning {
    pub(crate) insert: bool,
    pub(crate) update: bool,
    pub(crate) delete: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upsert {
    OnConflict,
    OnDuplicateKey,
}

/// What a subquery sees of a table that the statement around it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rereads {
    /// Its rows as they were.
    AsItWas,
    /// The same, but a derived table that is grouped may be made anew for each row.
    AsItWasUngrouped,
    /// Nothing: it is refused.
    Refused,
}

/// How a DELETE asks about other tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeleteJoin {
    /// `DELETE FROM a WHERE EXISTS (SELECT 1 FROM b …)`.
    Exists,
    /// `DELETE FROM a USING b`.
    Using,
    /// `DELETE FROM a USING a, b`, also for an alias.
    UsingAll,
}

impl Dialect {
    /// Returns the name, as a URL begins with it.
    pub fn name(self) -> &'static str {
        match self {
            Dialect::Sqlite => "sqlite",
            Dialect::Postgres => "postgresql",
            Dialect::MySql => "mysql",
            Dialect::MariaDb => "mariadb",
        }
    }

    pub(crate) fn capabilities(self) -> &'static Capabilities {
        match self {
            Dialect::Sqlite => &sqlite::CAPABILITIES,
            Dialect::Postgres => &postgres::CAPABILITIES,
            Dialect::MySql => &mysql::MYSQL,
            Dialect::MariaDb => &mysql::MARIADB,
        }
    }

    /// Returns whether a name that is otherwise plain must be quoted.
    pub(crate) fn is_reserved(self, word: &str) -> bool {
        let words = match self {
            Dialect::Sqlite => sqlite::RESERVED,
            Dialect::Postgres => postgres::RESERVED,
            Dialect::MySql | Dialect::MariaDb => mysql::RESERVED,
        };
        words.binary_search(&word).is_ok()
    }

    /// Returns what a column of this type is declared as, or why it cannot be.
    pub(crate) fn type_name(self, column_type: &ColumnType) -> Result<String, String> {
        match self {
            Dialect::Sqlite => sqlite::type_name(column_type),
            Dialect::Postgres => postgres::type_name(column_type),
            Dialect::MySql | Dialect::MariaDb => mysql::type_name(self, column_type),
        }
    }

    /// Returns what a value is cast to, so that it becomes what a column of this type holds.
    pub(crate) fn cast_name(self, column_type: &ColumnType) -> Result<String, String> {
        match self {
            Dialect::Sqlite => sqlite::cast_name(column_type),
            Dialect::Postgres => self.type_name(column_type),
            Dialect::MySql | Dialect::MariaDb => mysql::cast_name(self, column_type),
        }
    }

    /// Returns what a function of [`func`](crate::func) is called here.
    pub(crate) fn function_name(self, name: &str) -> &str {
        match (self, name) {
            // MySQL's `length` counts bytes, and SQLite knows no other.
            (Dialect::Sqlite, "char_length") => "length",
            _ => name,
        }
    }

    /// Appends a name with its schema, if it has one.
    pub(crate) fn write_qualified(self, schema: Option<&str>, name: &str, out: &mut String) {
        if let Some(schema) = schema {
            self.write_identifier(schema, out);
            out.push('.');
        }
        self.write_identifier(name, out);
    }

    /// Appends an identifier, quoted when it must be: other than lower-case letters, digits and `_`, or reserved.
    pub(crate) fn write_identifier(self, name: &str, out: &mut String) {
        let is_plain = name.bytes().enumerate().all(|(position, byte)| {
            byte.is_ascii_lowercase() || byte == b'_' || (position > 0 && (byte.is_ascii_digit() || byte == b'$'))
        });
        if is_plain && !name.is_empty() && !self.is_reserved(name) {
            out.push_str(name);
            return;
        }
        let quote = self.capabilities().quote;
        out.push(quote);
        for character in name.chars() {
            if character == quote {
                out.push(quote);
            }
            out.push(character);
        }
        out.push(quote);
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
