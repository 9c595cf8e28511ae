//! CREATE and DROP: one walk over a [`Table`] for every dialect.
//!
//! In: tables as plain data. Out: statements as text, since DDL takes no parameters. Who calls:
//! [`MetaData`](crate::schema::MetaData) and [`Table`].

use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Column, ForeignKey, Index, Table, fit};
use crate::types::ColumnType;

/// Writes DDL for a dialect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ddl {
    dialect: Dialect,
    /// Whether what exists is left alone when it is created, and what does not exist when it is dropped.
    leaves_alone: bool,
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

    /// Returns whether a foreign key may be declared before the table exists that it refers to.
    pub(crate) fn takes_forward_references(&self) -> bool {
        self.dialect == Dialect::Sqlite
    }

    fn is_mysql(&self) -> bool {
        matches!(self.dialect, Dialect::MySql | Dialect::MariaDb)
    }

    /// Creates a table, its indexes and its comments.
    pub(crate) fn create(&self, table: &Table) -> Result<Vec<String>> {
        if self.is_mysql() {
            self.check_key_lengths(table)?;
        }
        let mut statements = vec![self.create_table(table)?];
        // MySQL has no CREATE INDEX IF NOT EXISTS: its indexes stand within the table.
        if !self.is_mysql() {
            statements.extend(table.indexes.iter().map(|index| self.create_index(table, index)));
        }
        if self.dialect == Dialect::Postgres {
            statements.extend(self.comments(table));
        }
        Ok(statements)
    }

    /// Drops a table, and with it its indexes.
    pub(crate) fn drop(&self, table: &Table) -> String {
        format!("DROP TABLE {}{}", self.if_exists(), self.table_name(table))
    }

    /// Adds a foreign key to a table that exists.
    pub(crate) fn add_foreign_key(&self, table: &Table, key: &ForeignKey) -> Result<String> {
        let key = self.foreign_key(table, key)?;
        let alter = format!("ALTER TABLE {} ADD {key}", self.table_name(table));
        // PostgreSQL has no ADD CONSTRAINT IF NOT EXISTS.
        Ok(match self.dialect {
            Dialect::Postgres if self.leaves_alone => {
                format!("DO $$ BEGIN\n    {alter};\nEXCEPTION WHEN duplicate_object THEN NULL;\nEND $$")
            }
            Dialect::MariaDb if self.leaves_alone => alter.replacen("FOREIGN KEY (", "FOREIGN KEY IF NOT EXISTS (", 1),
            _ => alter,
        })
    }

    /// Drops a foreign key, so that tables which refer to each other can go one by one.
    pub(crate) fn drop_foreign_key(&self, table: &Table, key: &ForeignKey) -> String {
        let (of_table, of_key) = match self.dialect {
            // MySQL knows neither.
            Dialect::MySql => ("", ""),
            _ => (self.if_exists(), self.if_exists()),
        };
        let word = if self.is_mysql() { "FOREIGN KEY" } else { "CONSTRAINT" };
        let (table, key) = (self.table_name(table), self.constraint_name(&key.name));
        format!("ALTER TABLE {of_table}{table} DROP {word} {of_key}{key}")
    }

    /// Has SQLite check foreign keys at COMMIT, by when all tables of a cycle are gone; it is for one transaction.
    pub(crate) fn defer_foreign_keys() -> String {
        "PRAGMA defer_foreign_keys = ON".to_owned()
    }

    fn create_table(&self, table: &Table) -> Result<String> {
        let options = Options::of(table, self.dialect)?;
        let mut lines = Vec::with_capacity(table.columns.len() + 2);
        for column in &table.columns {
            lines.push(self.column(table, column, &options)?);
        }
        if !table.primary_key.columns.is_empty() && !options.autoincrement {
            let columns = self.list(&table.primary_key.columns);
            lines.push(match self.dialect {
                Dialect::Postgres => {
                    format!("CONSTRAINT {} PRIMARY KEY ({columns})", self.constraint_name(&table.primary_key.name))
                }
                Dialect::Sqlite | Dialect::MySql | Dialect::MariaDb => format!("PRIMARY KEY ({columns})"),
            });
        }
        for unique in &table.uniques {
            let name = self.constraint_name(&unique.name);
            lines.push(format!("CONSTRAINT {name} UNIQUE ({})", self.list(&unique.columns)));
        }
        for key in &table.foreign_keys {
            lines.push(self.foreign_key(table, key)?);
        }
        for check in &table.checks {
            lines.push(format!("CONSTRAINT {} CHECK ({})", self.constraint_name(&check.name), check.sql));
        }
        if self.is_mysql() {
            lines.extend(table.indexes.iter().map(|index| {
                let word = if index.is_unique { "UNIQUE INDEX" } else { "INDEX" };
                format!("{word} {} ({})", self.constraint_name(&index.name), self.list(&index.columns))
            }));
        }
        let if_not_exists = if self.leaves_alone { "IF NOT EXISTS " } else { "" };
        let Options { before, after, .. } = options;
        let (name, lines) = (self.table_name(table), lines.join(",\n    "));
        Ok(format!("CREATE {before}TABLE {if_not_exists}{name} (\n    {lines}\n){after}"))
    }

    fn create_index(&self, table: &Table, index: &Index) -> String {
        let word = if index.is_unique { "UNIQUE INDEX" } else { "INDEX" };
        let if_not_exists = if self.leaves_alone { "IF NOT EXISTS " } else { "" };
        let (name, columns) = (self.constraint_name(&index.name), self.list(&index.columns));
        let (name, of) = match (self.dialect, &table.schema) {
            // SQLite wants the schema before the index, and the table without one.
            (Dialect::Sqlite, Some(schema)) => {
                (format!("{}.{name}", self.identifier(schema)), self.identifier(&table.name))
            }
            _ => (name, self.table_name(table)),
        };
        format!("CREATE {word} {if_not_exists}{name} ON {of} ({columns})")
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

    fn foreign_key(&self, table: &Table, key: &ForeignKey) -> Result<String> {
        let target = match (self.dialect, &key.target_schema) {
            (Dialect::Sqlite, schema) if *schema != table.schema => {
                let columns = key.columns.join(", ");
                let message = format!("column `{}.{columns}` refers to another schema", table.full_name());
                let hint = "a foreign key of SQLite stays within one database file";
                return Err(Error::new(
                    ErrorKind::Compile,
                    format!("{message}, which is not supported on dialect sqlite"),
                )
                .hint(hint));
            }
            (Dialect::Sqlite, _) | (_, None) => self.identifier(&key.target_table),
            (_, Some(schema)) => format!("{}.{}", self.identifier(schema), self.identifier(&key.target_table)),
        };
        let mut sql = format!(
            "CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {target} ({})",
            self.constraint_name(&key.name),
            self.list(&key.columns),
            self.list(&key.target_columns)
        );
        for (when, action) in [("DELETE", key.on_delete), ("UPDATE", key.on_update)] {
            if let Some(action) = action {
                sql.push_str(&format!(" ON {when} {}", action.sql()));
            }
        }
        Ok(sql)
    }

    /// Writes a column: name, type, what the database fills in, NOT NULL, and MySQL's words.
    fn column(&self, table: &Table, column: &Column, options: &Options) -> Result<String> {
        if column.is_generated {
            self.check_generated(table, column, options)?;
        }
        let mut words = vec![self.identifier(&column.name), self.column_type(table, column, options)?];
        if column.is_generated && self.dialect == Dialect::Postgres && !is_serial(column) {
            words.push("GENERATED BY DEFAULT AS IDENTITY".to_owned());
        }
        if let Some(computed) = &column.computed {
            let is_stored = computed.is_stored || !self.dialect.capabilities().virtual_columns;
            let kept = if is_stored { "STORED" } else { "VIRTUAL" };
            words.push(format!("GENERATED ALWAYS AS ({}) {kept}", computed.sql));
        }
        if let Some(default) = &column.server_default {
            words.push(format!("DEFAULT {}", self.default(column, default.trim())));
        }
        // MariaDB refuses NOT NULL on a computed column, and may be the server behind a URL of MySQL.
        let takes_not_null = !self.is_mysql() || column.computed.is_none();
        if column.is_generated && options.autoincrement {
            words.push("PRIMARY KEY AUTOINCREMENT".to_owned());
        } else if !column.is_nullable && takes_not_null {
            words.push("NOT NULL".to_owned());
        }
        if self.is_mysql() {
            words.extend(column.is_generated.then(|| "AUTO_INCREMENT".to_owned()));
            words.extend(column.comment.iter().map(|text| format!("COMMENT {}", self.text(text))));
        }
        Ok(words.join(" "))
    }

    /// Refuses a generated column where the database would not generate it.
    fn check_generated(&self, table: &Table, column: &Column, options: &Options) -> Result<()> {
        let key = &table.primary_key.columns;
        let place = match self.dialect {
            Dialect::Postgres => return Ok(()),
            Dialect::Sqlite if options.without_rowid => "in a table without rowid",
            // Only a column that is the whole key is the rowid.
            Dialect::Sqlite if *key == [column.name.as_str()] => return Ok(()),
            Dialect::MySql | Dialect::MariaDb if key.contains(&column.name) => return Ok(()),
            Dialect::Sqlite => "that is not the whole primary key",
            Dialect::MySql | Dialect::MariaDb => "outside of the primary key",
        };
        let message = format!(
            "column `{}.{}` is a generated column {place}, which is not supported on dialect {}",
            table.full_name(),
            column.name,
            self.dialect
        );
        Err(Error::new(ErrorKind::Compile, message).hint("give its values yourself: `#[orm(autoincrement = false)]`"))
    }

    fn column_type(&self, table: &Table, column: &Column, options: &Options) -> Result<String> {
        let type_name = || {
            self.dialect.type_name(&column.column_type).map_err(|reason| {
                let message = format!("column `{}.{}` cannot be declared: {reason}", table.full_name(), column.name);
                Error::new(ErrorKind::Compile, message)
            })
        };
        match (self.dialect, &column.column_type, column.length) {
            // Only `INTEGER`, word for word, makes the key the rowid: https://sqlite.org/lang_createtable.html#rowid
            (Dialect::Sqlite, _, _) if column.is_generated => Ok("INTEGER".to_owned()),
            (Dialect::Sqlite, column_type, _) if options.strict => {
                strict_type(column_type).map_or_else(type_name, |name| Ok(name.to_owned()))
            }
            (Dialect::Postgres, column_type, _) if column.is_generated && is_serial(column) => Ok(match column_type {
                ColumnType::SmallInteger => "SMALLSERIAL",
                ColumnType::Integer => "SERIAL",
                _ => "BIGSERIAL",
            }
            .to_owned()),
            (Dialect::MySql | Dialect::MariaDb, ColumnType::LargeBinary, Some(length)) => {
                Ok(format!("VARBINARY({length})"))
            }
            (Dialect::MySql | Dialect::MariaDb, ColumnType::Custom(sql), _)
                if is_bare(sql, &["varchar", "nvarchar"]) =>
            {
                Err(self.needs_length(table, &column.name, "is VARCHAR"))
            }
            _ => type_name(),
        }
    }

    /// Writes a default; an expression stands in parentheses where the database wants them.
    fn default(&self, column: &Column, sql: &str) -> String {
        let is_long = column.length.is_none()
            && matches!(column.column_type, ColumnType::Text | ColumnType::LargeBinary | ColumnType::Json);
        let is_simple = is_in_quotes(sql) || is_word_or_number(sql) || is_in_parentheses(sql);
        match self.dialect {
            Dialect::Postgres => sql.to_owned(),
            Dialect::Sqlite if is_simple => sql.to_owned(),
            Dialect::Sqlite => format!("({sql})"),
            Dialect::MySql | Dialect::MariaDb => match now(column, sql) {
                Some(now) => now,
                // Long columns take only expressions; an expression is known by its parentheses.
                None if is_simple && (!is_long || is_in_parentheses(sql)) => sql.to_owned(),
                None => format!("({sql})"),
            },
        }
    }

    /// Refuses columns in keys whose values MySQL cannot hold in an index: it wants to know how long they get.
    fn check_key_lengths(&self, table: &Table) -> Result<()> {
        let lists = std::iter::once(&table.primary_key.columns)
            .chain(table.uniques.iter().map(|unique| &unique.columns))
            .chain(table.indexes.iter().map(|index| &index.columns))
            .chain(table.foreign_keys.iter().map(|key| &key.columns));
        for name in lists.flatten() {
            let Some(column) = table.column(name) else { continue };
            let is_endless = match &column.column_type {
                ColumnType::Text | ColumnType::Json => true,
                ColumnType::LargeBinary => column.length.is_none(),
                ColumnType::Custom(sql) => is_bare(sql, LONG_TYPES),
                _ => false,
            };
            if is_endless {
                return Err(self.needs_length(table, name, "is part of a key, unique constraint or index"));
            }
        }
        Ok(())
    }

    #[cold]
    fn needs_length(&self, table: &Table, column: &str, why: &str) -> Error {
        let message =
            format!("column `{}.{column}` {why}, so it needs a length on dialect {}", table.full_name(), self.dialect);
        Error::new(ErrorKind::Compile, message).hint("add `length = …` to the field's `#[orm(…)]`")
    }

    fn if_exists(&self) -> &'static str {
        if self.leaves_alone { "IF EXISTS " } else { "" }
    }

    fn table_name(&self, table: &Table) -> String {
        let name = self.identifier(&table.name);
        match &table.schema {
            Some(schema) => format!("{}.{name}", self.identifier(schema)),
            None => name,
        }
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
    fn text(&self, text: &str) -> String {
        quoted(text, self.dialect)
    }
}

fn quoted(text: &str, dialect: Dialect) -> String {
    let text = text.replace('\'', "''");
    // A backslash of MySQL begins an escape.
    let text = if matches!(dialect, Dialect::MySql | Dialect::MariaDb) { text.replace('\\', "\\\\") } else { text };
    format!("'{text}'")
}

/// What the options of a table come to.
#[derive(Debug, Default)]
struct Options {
    /// Words before TABLE.
    before: &'static str,
    /// Words after the parenthesis.
    after: String,
    autoincrement: bool,
    strict: bool,
    without_rowid: bool,
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
    fn of(table: &Table, dialect: Dialect) -> Result<Options> {
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

/// Returns whether PostgreSQL has a serial type for a generated column; the others are identity columns.
fn is_serial(column: &Column) -> bool {
    let is_integer =
        matches!(column.column_type, ColumnType::SmallInteger | ColumnType::Integer | ColumnType::BigInteger);
    is_integer && !column.is_identity
}

/// Returns the type in a STRICT table of SQLite, which knows only these (<https://sqlite.org/stricttables.html>).
fn strict_type(column_type: &ColumnType) -> Option<&'static str> {
    match column_type {
        ColumnType::Boolean | ColumnType::SmallInteger | ColumnType::Integer | ColumnType::BigInteger => {
            Some("INTEGER")
        }
        ColumnType::Real | ColumnType::Double => Some("REAL"),
        ColumnType::LargeBinary => Some("BLOB"),
        ColumnType::Text
        | ColumnType::String(_)
        | ColumnType::Char(_)
        | ColumnType::Varchar
        | ColumnType::Date
        | ColumnType::Time
        | ColumnType::DateTime
        | ColumnType::Timestamp
        | ColumnType::Uuid
        | ColumnType::Numeric(_)
        | ColumnType::Json
        | ColumnType::Enum { .. } => Some("TEXT"),
        ColumnType::Array(_) | ColumnType::Interval | ColumnType::Custom(_) => None,
    }
}

/// Types of MySQL that have no length, or not as they are written here.
const LONG_TYPES: &[&str] = &[
    "text",
    "tinytext",
    "mediumtext",
    "longtext",
    "blob",
    "tinyblob",
    "mediumblob",
    "longblob",
    "json",
    "varchar",
    "nvarchar",
];

/// Returns whether SQL text is one of these types without a length.
fn is_bare(sql: &str, types: &[&str]) -> bool {
    let word: String = sql.trim_start().chars().take_while(char::is_ascii_alphanumeric).collect();
    types.contains(&word.to_ascii_lowercase().as_str()) && !sql.contains('(')
}

/// Returns MySQL's words for the current time, with the digits that the type has: it refuses a default with others.
fn now(column: &Column, sql: &str) -> Option<String> {
    let lower = sql.to_ascii_lowercase();
    let is_moment = matches!(column.column_type, ColumnType::DateTime | ColumnType::Timestamp);
    match lower.as_str() {
        "current_timestamp" | "current_timestamp()" | "now()" | "localtimestamp" if is_moment => {
            Some("CURRENT_TIMESTAMP(6)".to_owned())
        }
        _ => lower.starts_with("current_timestamp").then(|| sql.to_owned()),
    }
}

fn is_word_or_number(sql: &str) -> bool {
    crate::schema::is_number(sql) || sql.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// Returns whether the whole is one text, such as `'it''s'` or `x'00'`.
fn is_in_quotes(sql: &str) -> bool {
    let text = sql.strip_prefix(['x', 'X']).unwrap_or(sql);
    let Some(inner) = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) else { return false };
    !inner.replace("''", "").contains('\'')
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
