//! CREATE and DROP: one walk over a [`Table`] for every dialect.
//!
//! In: tables as plain data. Out: statements as text, since DDL takes no parameters. Who calls:
//! [`MetaData`](crate::schema::MetaData) and [`Table`].

mod alter;
mod columns;
mod constraints;
mod domains;
mod indexes;
mod options;
mod sequences;
mod types;
mod views;

use options::Options;

use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Index, Table, fit};

/// Writes DDL for a dialect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ddl {
    dialect: Dialect,
    /// Whether what exists is left alone when it is created, and what does not exist when it is dropped.
    leaves_alone: bool,
}

/// The statements that create a table.
#[derive(Debug, Default)]
pub(crate) struct Created {
    pub(crate) table: String,
    /// Those of its indexes that stand beside it, with their names.
    pub(crate) indexes: Vec<(String, String)>,
    pub(crate) comments: Vec<String>,
}

impl Ddl {
    /// Writes plain statements.
    pub(crate) fn new(dialect: Dialect) -> Self {
        Ddl { dialect, leaves_alone: false }
    }

    /// Writes statements that may be run again.
    pub(crate) fn leaving_alone(self) -> Self {
        Ddl { leaves_alone: true, ..self }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Returns whether a foreign key may be declared before the table exists that it refers to.
    pub(crate) fn takes_forward_references(&self) -> bool {
        self.dialect == Dialect::Sqlite
    }

    fn is_mysql(&self) -> bool {
        matches!(self.dialect, Dialect::MySql | Dialect::MariaDb)
    }

    /// Creates a table, its indexes and its comments.
    pub(crate) fn create(&self, table: &Table) -> Result<Vec<String>> {
        let Created { table, indexes, comments } = self.create_apart(table)?;
        let indexes = indexes.into_iter().map(|(_, sql)| sql);
        Ok([table].into_iter().chain(indexes).chain(comments).collect())
    }

    /// Creates them, each kind apart.
    pub(crate) fn create_apart(&self, table: &Table) -> Result<Created> {
        table.verify()?;
        let table = &self.resolved(table);
        if self.is_mysql() {
            self.check_key_lengths(table)?;
        }
        let mut created = Created { table: self.create_table(table)?, ..Created::default() };
        // MySQL has no CREATE INDEX IF NOT EXISTS: its indexes stand within the table.
        if !self.is_mysql() {
            for index in &table.indexes {
                // Nobody writes to a table that is new.
                let index = Index { is_concurrent: false, ..index.clone() };
                let sql = self.create_index(table, &index)?;
                let name = index.name.as_deref().map(|name| fit(name, self.dialect).into_owned());
                created.indexes.push((name.unwrap_or_default(), sql));
            }
        }
        if self.dialect == Dialect::Postgres {
            created.comments = self.comments(table);
        }
        Ok(created)
    }

    /// Drops a table, and with it its indexes.
    pub(crate) fn drop(&self, table: &Table) -> String {
        format!("DROP TABLE {}{}", self.if_exists(), self.table_name(table))
    }

    /// Gives each column the type that it has on this database, and labels that are text here their check.
    fn resolved(&self, table: &Table) -> Table {
        let mut table = table.clone();
        table.checks.extend(self.label_checks(&table));
        for column in &mut table.columns {
            column.column_type = column.type_on(self.dialect).clone();
            column.variants.clear();
            column.settle_sequence(self.dialect);
        }
        table
    }

    fn unsupported(&self, what: &str) -> Error {
        Error::new(ErrorKind::Compile, format!("{what} is not supported on dialect {}", self.dialect))
    }

    /// Has SQLite check foreign keys at COMMIT, by when all tables of a cycle are gone; it is for one transaction.
    pub(crate) fn defer_foreign_keys() -> String {
        "PRAGMA defer_foreign_keys = ON".to_owned()
    }

    fn create_table(&self, table: &Table) -> Result<String> {
        self.check_length(&table.name, || format!("of table `{}`", table.name))?;
        let options = Options::of(table, self.dialect)?;
        let mut lines = Vec::with_capacity(table.columns.len() + 2);
        for column in &table.columns {
            lines.push(self.column(table, column, &options)?);
        }
        if !table.primary_key.columns.is_empty() && !options.autoincrement {
            let columns = self.list(&table.primary_key.columns);
            lines.push(self.primary_key(table, &columns));
        }
        for unique in &table.uniques {
            lines.push(self.unique(table, unique)?);
        }
        for key in &table.foreign_keys {
            lines.push(self.foreign_key(table, key)?);
        }
        for check in &table.checks {
            lines.push(format!("{}CHECK ({})", self.constraint(check.name.as_deref()), check.sql));
        }
        for exclude in &table.excludes {
            if self.dialect != Dialect::Postgres {
                return Err(self.unsupported(&format!("the exclude constraint `{}`", exclude.name)));
            }
            lines.push(format!("{}EXCLUDE {}", self.constraint(Some(&exclude.name)), exclude.sql));
        }
        if self.is_mysql() {
            for index in &table.indexes {
                lines.push(self.index_line(table, index)?);
            }
        }
        let Options { before, after, .. } = options;
        let prefixes: String = table.prefixes.iter().map(|word| format!("{word} ")).collect();
        let (name, lines, if_not_exists) = (self.table_name(table), lines.join(",\n    "), self.if_not_exists());
        Ok(format!("CREATE {before}{prefixes}TABLE {if_not_exists}{name} (\n    {lines}\n){after}"))
    }

    /// Refuses the name of a table or column that the database would cut, as PostgreSQL does without a word, or not take.
    fn check_length(&self, name: &str, whose: impl FnOnce() -> String) -> Result<()> {
        if fit(name, self.dialect) == name {
            return Ok(());
        }
        let most = if self.dialect == Dialect::Postgres { "63 bytes" } else { "64 characters" };
        let message = format!("the name {} is longer than {most}, the most on dialect {}", whose(), self.dialect);
        Err(Error::new(ErrorKind::Compile, message)
            .hint("give it a shorter one: `#[orm(table = \"…\")]` on the model, `#[orm(column = \"…\")]` on the field"))
    }

    /// Refuses what PostgreSQL alone has.
    fn only_postgres(&self, table: &Table, what: &str) -> Result<()> {
        match self.dialect {
            Dialect::Postgres => Ok(()),
            _ => Err(self.unsupported(&format!("{what} of table `{}`", table.full_name()))),
        }
    }

    /// Comments on a table and its columns, as PostgreSQL wants them.
    fn comments(&self, table: &Table) -> Vec<String> {
        let name = self.table_name(table);
        let of_table = table.comment.iter().map(|text| format!("COMMENT ON TABLE {name} IS {}", self.text(text)));
        let of_columns = table.columns.iter().filter_map(|column| {
            let text = self.text(column.comment.as_ref()?);
            Some(format!("COMMENT ON COLUMN {name}.{} IS {text}", self.identifier(&column.name)))
        });
        of_table.chain(of_columns).collect()
    }

    fn if_not_exists(&self) -> &'static str {
        if self.leaves_alone { "IF NOT EXISTS " } else { "" }
    }

    fn if_exists(&self) -> &'static str {
        if self.leaves_alone { "IF EXISTS " } else { "" }
    }

    fn table_name(&self, table: &Table) -> String {
        self.qualified(table.schema.as_deref(), &table.name)
    }

    pub(crate) fn qualified(&self, schema: Option<&str>, name: &str) -> String {
        let name = self.identifier(name);
        match schema {
            Some(schema) => format!("{}.{name}", self.identifier(schema)),
            None => name,
        }
    }

    /// Writes the words that give a constraint its name, if it has one.
    fn constraint(&self, name: Option<&str>) -> String {
        name.map_or_else(String::new, |name| format!("CONSTRAINT {} ", self.constraint_name(name)))
    }

    fn constraint_name(&self, name: &str) -> String {
        self.identifier(&fit(name, self.dialect))
    }

    fn list(&self, columns: &[String]) -> String {
        columns.iter().map(|column| self.identifier(column)).collect::<Vec<_>>().join(", ")
    }

    fn identifier(&self, name: &str) -> String {
        let mut out = String::with_capacity(name.len() + 2);
        self.dialect.write_identifier(name, &mut out);
        out
    }

    /// Writes a text in quotes.
    pub(crate) fn text(&self, text: &str) -> String {
        quoted(text, self.dialect)
    }
}

/// Returns what a type is called, if the database has it.
pub(crate) fn type_name(dialect: Dialect, column_type: &crate::types::ColumnType) -> Option<String> {
    dialect.type_name(column_type).ok()
}

fn quoted(text: &str, dialect: Dialect) -> String {
    let text = text.replace('\'', "''");
    // A backslash of MySQL begins an escape.
    let text = if matches!(dialect, Dialect::MySql | Dialect::MariaDb) { text.replace('\\', "\\\\") } else { text };
    format!("'{text}'")
}

/// Returns whether the first parenthesis closes at the end.
fn is_in_parentheses(sql: &str) -> bool {
    let (mut depth, mut is_text) = (0, false);
    for (at, character) in sql.char_indices() {
        match character {
            '\'' => is_text = !is_text,
            '(' if !is_text => depth += 1,
            ')' if !is_text => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at > 0 && at + 1 == sql.len();
        }
    }
    false
}
