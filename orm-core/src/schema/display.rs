//! What a table looks like in words, for people: `println!("{table}")`.

use std::fmt;

use super::{Column, Domain, ForeignKey, Index, IndexPart, MetaData, Sequence, Table, View, full_name};

/// Lists columns, constraints and indexes, a line each.
///
/// ```
/// # use orm_core::{ColumnType, schema::{Column, Table}};
/// let users = Table::new("users")
///     .column(Column::new("id", ColumnType::BigInteger).generated())
///     .column(Column::new("name", ColumnType::String(50)).nullable().server_default("'ed'"))
///     .primary_key(["id"])
///     .unique(["name"]);
/// assert_eq!(
///     users.to_string(),
///     "users\n  id big_integer not null generated\n  name string(50) default 'ed'\n  primary key (id)\n  unique (name)"
/// );
/// ```
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.full_name())?;
        for column in &self.columns {
            write!(f, "\n  {column}")?;
        }
        if !self.primary_key.columns.is_empty() {
            let (name, columns) = (after_space(self.primary_key.name.as_deref()), self.primary_key.columns.join(", "));
            write!(f, "\n  primary key{name} ({columns})")?;
        }
        for unique in &self.uniques {
            write!(f, "\n  unique{} ({})", after_space(unique.name.as_deref()), unique.columns.join(", "))?;
        }
        for key in &self.foreign_keys {
            write!(f, "\n  {key}")?;
        }
        for check in &self.checks {
            write!(f, "\n  check{} ({})", after_space(check.name.as_deref()), check.sql)?;
        }
        for exclude in &self.excludes {
            write!(f, "\n  exclude {} {}", exclude.name, exclude.sql)?;
        }
        for index in &self.indexes {
            write!(f, "\n  {index}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.column_type)?;
        if !self.is_nullable {
            f.write_str(" not null")?;
        }
        match self.identity {
            Some(identity) if identity.is_always => f.write_str(" generated always")?,
            _ if self.is_generated => f.write_str(" generated")?,
            _ => {}
        }
        if let Some(default) = &self.server_default {
            write!(f, " default {default}")?;
        }
        if let Some(sequence) = &self.sequence {
            write!(f, " next of {sequence}")?;
        }
        if let Some(computed) = &self.computed {
            write!(f, " computed by {}", computed.sql)?;
        }
        if let Some(collation) = &self.collation {
            write!(f, " collated {collation}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ForeignKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, columns) = (after_space(self.name.as_deref()), self.columns.join(", "));
        write!(f, "foreign key{name} ({columns}) to {} ({})", self.target_name(), self.target_columns.join(", "))?;
        for (when, action) in [("delete", self.on_delete), ("update", self.on_update)] {
            if let Some(action) = action {
                write!(f, " on {when} {}", action.sql().to_lowercase())?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|column| {
                let (IndexPart::Column(part) | IndexPart::Expression(part)) = &column.part;
                if column.is_descending { format!("{part} desc") } else { part.clone() }
            })
            .collect();
        let unique = if self.is_unique { "unique " } else { "" };
        write!(f, "{unique}index{} ({})", after_space(self.name.as_deref()), columns.join(", "))?;
        match &self.condition {
            Some(condition) => write!(f, " where {condition}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sequence {}", full_name(self.schema.as_deref(), &self.name))
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "domain {} {}", full_name(self.schema.as_deref(), &self.name), self.base)?;
        if !self.is_nullable {
            f.write_str(" not null")?;
        }
        if let Some(default) = &self.default {
            write!(f, " default {default}")?;
        }
        for check in &self.checks {
            write!(f, " check{} ({})", after_space(check.name.as_deref()), check.sql)?;
        }
        Ok(())
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "view {}", full_name(self.schema.as_deref(), &self.name))
    }
}

/// Lists the tables, then sequences, domains and views; metadata that makes no sense gives the error's text.
impl fmt::Display for MetaData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tables = match self.tables() {
            Ok(tables) => tables,
            Err(error) => return write!(f, "{error}"),
        };
        let tables = tables.iter().map(Table::to_string);
        let sequences = self.sequences().iter().map(Sequence::to_string);
        let views = self.views().iter().map(View::to_string);
        let domains = self.domains().iter().map(Domain::to_string);
        f.write_str(&tables.chain(sequences).chain(domains).chain(views).collect::<Vec<_>>().join("\n"))
    }
}

fn after_space(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!(" {name}"))
}
