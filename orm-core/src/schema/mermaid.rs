//! An entity-relationship diagram of the tables, as text that Mermaid draws (<https://mermaid.js.org/syntax/entityRelationshipDiagram.html>).

use super::{ForeignKey, MetaData, Table};
use crate::error::Result;
use crate::types::ColumnType;

impl MetaData {
    /// Draws the tables and what they refer to.
    ///
    /// ```
    /// # use orm_core::{ColumnType, MetaData, schema::{Column, ForeignKey, Table}};
    /// let users = Table::new("users").column(Column::new("id", ColumnType::BigInteger)).primary_key(["id"]);
    /// let addresses = Table::new("addresses")
    ///     .column(Column::new("user_id", ColumnType::BigInteger))
    ///     .foreign_key(ForeignKey::new(["user_id"], "users", ["id"]));
    /// assert_eq!(
    ///     MetaData::new().table(users).table(addresses).to_mermaid()?,
    ///     "erDiagram\n    users {\n        big_integer id PK\n    }\n    addresses {\n        big_integer user_id FK\n    }\n    \
    ///      users ||--o{ addresses : user_id\n"
    /// );
    /// # Ok::<(), orm_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`tables`](Self::tables).
    pub fn to_mermaid(&self) -> Result<String> {
        let tables = self.sorted_tables()?;
        let mut out = String::from("erDiagram\n");
        for table in &tables {
            out.push_str(&format!("    {} {{\n", entity(&table.full_name())));
            for column in &table.columns {
                let marks = marks(table, &column.name);
                let (of, name) = (word(&shown(&column.column_type)), word(&column.name));
                out.push_str(&format!("        {of} {name}{marks}\n"));
            }
            out.push_str("    }\n");
        }
        for table in &tables {
            for key in &table.foreign_keys {
                let (target, own) = (entity(&key.target_name()), entity(&table.full_name()));
                let label = word(&key.columns.join("_"));
                out.push_str(&format!("    {target} {} {own} : {label}\n", line(table, key)));
            }
        }
        Ok(out)
    }
}

/// One or none over there, if the key may be NULL; here one, if the key is unique, else many.
fn line(table: &Table, key: &ForeignKey) -> String {
    let is_nullable = key.columns.iter().any(|name| table.find_column(name).is_some_and(|column| column.is_nullable));
    let is_unique = table.primary_key.columns == key.columns
        || table.uniques.iter().any(|unique| unique.columns == key.columns)
        || table.indexes.iter().any(|index| index.is_unique && index.column_names() == key.columns);
    format!("{}--{}", if is_nullable { "|o" } else { "||" }, if is_unique { "o|" } else { "o{" })
}

fn marks(table: &Table, column: &str) -> String {
    let is_in = |columns: &[String]| columns.iter().any(|name| name == column);
    let marks = [
        (is_in(&table.primary_key.columns), "PK"),
        (table.foreign_keys.iter().any(|key| is_in(&key.columns)), "FK"),
        (table.uniques.iter().any(|unique| unique.columns == [column]), "UK"),
    ];
    let marks: Vec<&str> = marks.into_iter().filter(|(is_set, _)| *is_set).map(|(_, mark)| mark).collect();
    if marks.is_empty() { String::new() } else { format!(" {}", marks.join(", ")) }
}

fn shown(column_type: &ColumnType) -> String {
    match column_type {
        ColumnType::Enum { .. } => "enum".to_owned(),
        other => other.to_string(),
    }
}

/// Writes a name as Mermaid takes it: odd ones in quotes.
fn entity(name: &str) -> String {
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if is_plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "'")) }
}

/// Writes a word of letters, digits and `_`, which begins with a letter.
fn word(text: &str) -> String {
    let word: String = text.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    let word = word.trim_matches('_').replace("__", "_");
    if word.starts_with(char::is_alphabetic) { word } else { format!("c_{word}") }
}
