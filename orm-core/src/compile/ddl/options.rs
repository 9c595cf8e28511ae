//! [`Options`]: what the options of a table come to on a database.

use super::quoted;
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::Table;

/// What the options of a table come to.
#[derive(Debug, Default)]
pub(super) struct Options {
    /// Words before TABLE.
    pub(super) before: &'static str,
    /// Words after the parenthesis.
    pub(super) after: String,
    pub(super) autoincrement: bool,
    pub(super) strict: bool,
    pub(super) without_rowid: bool,
}

/// PostgreSQL's options in the order of its grammar: the name, the words before the value, and those after it.
const POSTGRES_OPTIONS: [(&str, &str, &str); 6] = [
    ("inherits", " INHERITS (", ")"),
    ("partition_by", " PARTITION BY ", ""),
    ("using", " USING ", ""),
    ("with", " WITH (", ")"),
    ("on_commit", " ON COMMIT ", ""),
    ("tablespace", " TABLESPACE ", ""),
];

impl Options {
    /// Reads the options of a table that are for this dialect, and checks the names of the others.
    pub(super) fn of(table: &Table, dialect: Dialect) -> Result<Options> {
        let mut options = Options::default();
        let mut ours: Vec<(&str, &str)> = Vec::new();
        for (key, value) in &table.options {
            let (owner, name) = key.split_once('_').unwrap_or((key, ""));
            let is_ours = match owner {
                "sqlite" => dialect == Dialect::Sqlite,
                "postgres" | "postgresql" => dialect == Dialect::Postgres,
                "mysql" => matches!(dialect, Dialect::MySql | Dialect::MariaDb),
                "mariadb" => dialect == Dialect::MariaDb,
                _ => return Err(unknown_option(table, key, "`sqlite_…`, `postgres_…`, `mysql_…` and `mariadb_…`")),
            };
            if is_ours {
                ours.push((name, value));
            }
        }
        match dialect {
            Dialect::Sqlite => options.sqlite(table, &ours)?,
            Dialect::Postgres => options.postgres(table, &ours)?,
            Dialect::MySql | Dialect::MariaDb => options.mysql(table, &ours, dialect),
        }
        Ok(options)
    }

    fn sqlite(&mut self, table: &Table, options: &[(&str, &str)]) -> Result<()> {
        for (name, value) in options {
            let flag = match *name {
                "autoincrement" => &mut self.autoincrement,
                "strict" => &mut self.strict,
                "without_rowid" => &mut self.without_rowid,
                _ => {
                    let known = "`autoincrement`, `strict` and `without_rowid`";
                    return Err(unknown_option(table, &format!("sqlite_{name}"), known));
                }
            };
            *flag = !matches!(value.to_ascii_lowercase().as_str(), "false" | "0" | "off");
        }
        if self.autoincrement && !table.columns.iter().any(|column| column.is_generated) {
            let message = format!("table `{}` has `sqlite_autoincrement` and no generated key", table.full_name());
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        let words = [(self.strict, "STRICT"), (self.without_rowid, "WITHOUT ROWID")];
        let words: Vec<&str> = words.into_iter().filter(|(is_set, _)| *is_set).map(|(_, word)| word).collect();
        if !words.is_empty() {
            self.after = format!(" {}", words.join(", "));
        }
        Ok(())
    }

    fn postgres(&mut self, table: &Table, options: &[(&str, &str)]) -> Result<()> {
        for (name, value) in options {
            if *name == "unlogged" {
                self.before = if *value == "false" { "" } else { "UNLOGGED " };
            } else if !POSTGRES_OPTIONS.iter().any(|(known, ..)| known == name) {
                let known: Vec<String> = POSTGRES_OPTIONS.iter().map(|(known, ..)| format!("`{known}`")).collect();
                let known = format!("{} and `unlogged`", known.join(", "));
                return Err(unknown_option(table, &format!("postgres_{name}"), &known));
            }
        }
        for (known, before, after) in POSTGRES_OPTIONS {
            for (_, value) in options.iter().filter(|(name, _)| *name == known) {
                self.after.push_str(&format!("{before}{value}{after}"));
            }
        }
        Ok(())
    }

    /// Passes every option on: `mysql_row_format` is `ROW_FORMAT=…`, whichever the version knows.
    fn mysql(&mut self, table: &Table, options: &[(&str, &str)], dialect: Dialect) {
        for (name, value) in options {
            let word = name.to_ascii_uppercase();
            // These are two words; the others keep their `_`, as `ROW_FORMAT` does.
            let is_two_words = word.starts_with("DEFAULT_") || word.ends_with("_DIRECTORY") || word == "CHARACTER_SET";
            let word = if is_two_words { word.replace('_', " ") } else { word };
            self.after.push_str(&format!(" {word}={value}"));
        }
        if let Some(comment) = &table.comment {
            self.after.push_str(&format!(" COMMENT={}", quoted(comment, dialect)));
        }
    }
}

#[cold]
fn unknown_option(table: &Table, name: &str, known: &str) -> Error {
    let message = format!("table `{}` has the unknown option `{name}`", table.full_name());
    Error::new(ErrorKind::Configuration, message).hint(format!("the known ones are {known}"))
}
