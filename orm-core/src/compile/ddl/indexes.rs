//! Indexes, beside their table and within it.

use super::{Ddl, is_in_parentheses};
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Index, IndexColumn, IndexPart, Table};

impl Ddl {
    /// Creates an index of a table that exists.
    pub(crate) fn create_index(&self, table: &Table, index: &Index) -> Result<String> {
        let (word, using) = self.index_words(index);
        let concurrently = if index.is_concurrent && self.dialect == Dialect::Postgres { "CONCURRENTLY " } else { "" };
        // MySQL has no IF NOT EXISTS here.
        let if_not_exists = if self.dialect == Dialect::MySql { "" } else { self.if_not_exists() };
        let (name, columns) = (self.index_name(table, index)?, self.index_columns(table, index)?);
        let (name, of) = match (self.dialect, &table.schema) {
            // SQLite wants the schema before the index, and the table without one.
            (Dialect::Sqlite, Some(schema)) => {
                (format!("{}.{name}", self.identifier(schema)), self.identifier(&table.name))
            }
            _ => (name, self.table_name(table)),
        };
        let method = match (&index.method, self.dialect) {
            (Some(method), Dialect::Postgres) => format!("USING {method} "),
            _ => String::new(),
        };
        let mut sql = format!("CREATE {word} {concurrently}{if_not_exists}{name} ON {of} {method}({columns}){using}");
        if !index.include.is_empty() {
            sql.push_str(&format!(" INCLUDE ({})", self.list(&index.include)));
        }
        if index.nulls_not_distinct {
            sql.push_str(" NULLS NOT DISTINCT");
        }
        if let Some(condition) = &index.condition {
            sql.push_str(&format!(" WHERE {condition}"));
        }
        Ok(sql)
    }

    /// Drops an index of a table.
    pub(crate) fn drop_index(&self, table: &Table, name: &str) -> String {
        let name = self.constraint_name(name);
        match (self.dialect, &table.schema) {
            (Dialect::MySql, _) => format!("DROP INDEX {name} ON {}", self.table_name(table)),
            (Dialect::MariaDb, _) => format!("DROP INDEX {}{name} ON {}", self.if_exists(), self.table_name(table)),
            (_, Some(schema)) => format!("DROP INDEX {}{}.{name}", self.if_exists(), self.identifier(schema)),
            (_, None) => format!("DROP INDEX {}{name}", self.if_exists()),
        }
    }

    /// Writes an index within a table, as MySQL takes it.
    pub(super) fn index_line(&self, table: &Table, index: &Index) -> Result<String> {
        let (word, using) = self.index_words(index);
        let name = self.index_name(table, index)?;
        Ok(format!("{word} {name} ({}){using}", self.index_columns(table, index)?))
    }

    /// Returns the name of an index, which metadata gives it if nobody else has: SQLite would take one of no letter.
    fn index_name(&self, table: &Table, index: &Index) -> Result<String> {
        if let Some(name) = &index.name {
            return Ok(self.constraint_name(name));
        }
        let message = format!("the {index} of table `{}` has no name", table.full_name());
        Err(Error::new(ErrorKind::Compile, message).hint("give it one by `Index::name`"))
    }

    /// Returns what stands before an index's name and after its columns.
    pub(super) fn index_words(&self, index: &Index) -> (String, String) {
        let method = index.method.as_deref().unwrap_or_default();
        let unique = if index.is_unique { "UNIQUE " } else { "" };
        if self.is_mysql() && ["fulltext", "spatial"].contains(&method.to_ascii_lowercase().as_str()) {
            return (format!("{} INDEX", method.to_ascii_uppercase()), String::new());
        }
        let using = if method.is_empty() || !self.is_mysql() { String::new() } else { format!(" USING {method}") };
        (format!("{unique}INDEX"), using)
    }

    /// Writes what an index is over.
    pub(super) fn index_columns(&self, table: &Table, index: &Index) -> Result<String> {
        let refuse = |what: &str| {
            let name = index.name.as_deref().unwrap_or_default();
            Err(self.unsupported(&format!("{what} of index `{name}` on table `{}`", table.full_name())))
        };
        if self.is_mysql() && index.condition.is_some() {
            return refuse("the condition");
        }
        if self.dialect != Dialect::Postgres && (!index.include.is_empty() || index.nulls_not_distinct) {
            return refuse(if index.include.is_empty() { "`NULLS NOT DISTINCT`" } else { "`INCLUDE`" });
        }
        if self.dialect == Dialect::Sqlite && index.method.is_some() {
            return refuse("`USING`");
        }
        if self.dialect == Dialect::MariaDb && index.columns.iter().any(|column| column.name().is_none()) {
            return refuse("an expression");
        }
        let columns: Vec<String> = index.columns.iter().map(|column| self.index_column(column)).collect();
        Ok(columns.join(", "))
    }

    pub(super) fn index_column(&self, column: &IndexColumn) -> String {
        let mut sql = match &column.part {
            IndexPart::Column(name) => self.identifier(name),
            IndexPart::Expression(sql) if is_in_parentheses(sql) => sql.clone(),
            IndexPart::Expression(sql) => format!("({sql})"),
        };
        if let (Some(length), true) = (column.length, self.is_mysql()) {
            sql.push_str(&format!("({length})"));
        }
        if let (Some(class), Dialect::Postgres) = (&column.operator_class, self.dialect) {
            sql.push_str(&format!(" {class}"));
        }
        if column.is_descending {
            sql.push_str(" DESC");
        }
        if let (Some(first), Dialect::Postgres) = (column.nulls_first, self.dialect) {
            sql.push_str(if first { " NULLS FIRST" } else { " NULLS LAST" });
        }
        sql
    }
}
