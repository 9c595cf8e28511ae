//! A column within its table: type, default, generation, and what MySQL wants to know of keys.

use super::options::Options;
use super::{Ddl, is_in_parentheses};
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Column, Index, IndexColumn, Table};
use crate::types::ColumnType;

impl Ddl {
    /// Writes a column: name, type, what the database fills in, NOT NULL, and MySQL's words.
    pub(super) fn column(&self, table: &Table, column: &Column, options: &Options) -> Result<String> {
        self.check_length(&column.name, || format!("of column `{}.{}`", table.full_name(), column.name))?;
        if column.is_generated {
            self.check_generated(table, column, options)?;
        }
        let mut words = vec![self.identifier(&column.name), self.column_type(table, column, options)?];
        words.extend(column.collation.iter().map(|name| format!("COLLATE {}", self.identifier(name))));
        if column.is_generated && self.dialect == Dialect::Postgres && !is_serial(column) {
            words.push(self.identity(column));
        }
        if let Some(computed) = &column.computed {
            let is_stored = computed.is_stored || !self.dialect.capabilities().virtual_columns;
            let kept = if is_stored { "STORED" } else { "VIRTUAL" };
            words.push(format!("GENERATED ALWAYS AS ({}) {kept}", computed.sql));
        }
        if let Some(default) = &column.server_default {
            words.push(format!("DEFAULT {}", self.default(column, default.trim())));
        } else if let Some(sequence) = &column.sequence {
            let sequence = self.qualified(column.sequence_schema.as_deref(), sequence);
            words.push(match self.dialect {
                Dialect::Postgres => format!("DEFAULT nextval({})", self.text(&sequence)),
                Dialect::MariaDb => format!("DEFAULT nextval({sequence})"),
                Dialect::Sqlite | Dialect::MySql => {
                    let what = format!("the sequence of column `{}.{}`", table.full_name(), column.name);
                    return Err(self.unsupported(&what));
                }
            });
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
            words.extend(column.is_invisible.then(|| "INVISIBLE".to_owned()));
            words.extend(column.comment.iter().map(|text| format!("COMMENT {}", self.text(text))));
        }
        Ok(words.join(" "))
    }

    /// Writes how PostgreSQL makes up the values of a column that is no serial.
    pub(super) fn identity(&self, column: &Column) -> String {
        let identity = column.identity.unwrap_or_default();
        let when = if identity.is_always { "ALWAYS" } else { "BY DEFAULT" };
        let counting = self.counting(&identity.counting).concat();
        let counting = if counting.is_empty() { counting } else { format!(" ({})", counting.trim_start()) };
        format!("GENERATED {when} AS IDENTITY{counting}")
    }

    /// Refuses a generated column where the database would not generate it.
    pub(super) fn check_generated(&self, table: &Table, column: &Column, options: &Options) -> Result<()> {
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

    /// Returns what a column is declared as.
    pub(crate) fn declared_type(&self, table: &Table, column: &Column) -> Result<String> {
        let column = Column { column_type: column.type_on(self.dialect).clone(), ..column.clone() };
        self.column_type(table, &column, &Options::of(table, self.dialect)?)
    }

    pub(super) fn column_type(&self, table: &Table, column: &Column, options: &Options) -> Result<String> {
        let type_name = || {
            self.dialect.type_name(&column.column_type).map_err(|reason| {
                let message = format!("column `{}.{}` cannot be declared: {reason}", table.full_name(), column.name);
                let error = Error::new(ErrorKind::Compile, message);
                if column.column_type == ColumnType::Varchar { error.hint(LENGTH) } else { error }
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
            // SQLite takes a column without a type, and reflects one.
            (Dialect::Postgres | Dialect::MySql | Dialect::MariaDb, ColumnType::Custom(sql), _)
                if sql.trim().is_empty() =>
            {
                let message =
                    format!("column `{}.{}` cannot be declared: it has no type", table.full_name(), column.name);
                Err(Error::new(ErrorKind::Compile, message)
                    .hint("give it a type other than an empty `ColumnType::Custom`"))
            }
            (_, ColumnType::Enum { labels, is_native, .. }, Some(length))
                if !is_native || self.dialect == Dialect::Sqlite =>
            {
                let longest = ColumnType::longest_label(labels);
                if usize::try_from(length).is_ok_and(|length| length < longest) {
                    let (table, name) = (table.full_name(), &column.name);
                    let message = format!(
                        "column `{table}.{name}` has the length {length}, and its longest label has {longest} characters"
                    );
                    return Err(Error::new(ErrorKind::Compile, message));
                }
                Ok(format!("VARCHAR({length})"))
            }
            (Dialect::MySql | Dialect::MariaDb, ColumnType::LargeBinary, Some(length)) => {
                Ok(format!("VARBINARY({length})"))
            }
            (Dialect::MySql | Dialect::MariaDb, ColumnType::Custom(sql), _)
                if is_bare(sql, &["varchar", "nvarchar"]) =>
            {
                let (name, word) = (table.full_name(), sql.trim().to_ascii_uppercase());
                let message = format!(
                    "column `{name}.{}` cannot be declared: {word} requires a length on dialect {}",
                    column.name, self.dialect
                );
                Err(Error::new(ErrorKind::Compile, message).hint(LENGTH))
            }
            _ => type_name(),
        }
    }

    /// Writes a default; an expression stands in parentheses where the database wants them.
    pub(super) fn default(&self, column: &Column, sql: &str) -> String {
        let is_long = column.length.is_none()
            && matches!(column.column_type, ColumnType::Text | ColumnType::LargeBinary | ColumnType::Json);
        // MySQL shows `b'101'` as it is, but what becomes of it as an expression as `0x05`.
        let is_of_bits = self.is_mysql() && sql.strip_prefix(['b', 'B', 'x', 'X']).is_some_and(is_in_quotes);
        let is_simple = is_in_quotes(sql) || is_of_bits || is_word_or_number(sql) || is_in_parentheses(sql);
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

    /// Returns whether a default of SQLite is one value: a text, a number or a word that is no time.
    pub(super) fn is_constant(&self, sql: &str) -> bool {
        let is_time =
            ["current_timestamp", "current_date", "current_time"].iter().any(|word| sql.eq_ignore_ascii_case(word));
        is_in_quotes(sql) || (is_word_or_number(sql) && !is_time)
    }

    /// Refuses columns in keys whose values MySQL cannot hold in an index: it wants to know how long they get.
    pub(super) fn check_key_lengths(&self, table: &Table) -> Result<()> {
        let lists = std::iter::once(&table.primary_key.columns)
            .chain(table.uniques.iter().map(|unique| &unique.columns))
            .chain(table.foreign_keys.iter().map(|key| &key.columns));
        let is_fulltext =
            |index: &&Index| index.method.as_deref().is_some_and(|method| method.eq_ignore_ascii_case("fulltext"));
        let indexed = table.indexes.iter().filter(|index| !is_fulltext(index)).flat_map(|index| &index.columns);
        let indexed = indexed.filter(|column| column.length.is_none()).filter_map(IndexColumn::name);
        for name in lists.flatten().map(String::as_str).chain(indexed) {
            let Some(column) = table.find_column(name) else { continue };
            let is_endless = match &column.column_type {
                ColumnType::Text | ColumnType::Json | ColumnType::Varchar => true,
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
    pub(super) fn needs_length(&self, table: &Table, column: &str, why: &str) -> Error {
        let message =
            format!("column `{}.{column}` {why}, so it needs a length on dialect {}", table.full_name(), self.dialect);
        Error::new(ErrorKind::Compile, message).hint(LENGTH)
    }
}

/// What is done about a missing length.
const LENGTH: &str = "add `length = …` to the field's `#[orm(…)]`";

/// Returns whether PostgreSQL has a serial type for a generated column; the others are identity columns.
pub(super) fn is_serial(column: &Column) -> bool {
    let is_integer =
        matches!(column.column_type, ColumnType::SmallInteger | ColumnType::Integer | ColumnType::BigInteger);
    is_integer && column.identity.is_none()
}

/// Returns the type in a STRICT table of SQLite, which knows only these (<https://sqlite.org/stricttables.html>).
fn strict_type(column_type: &ColumnType) -> Option<&'static str> {
    match column_type {
        ColumnType::Boolean
        | ColumnType::SmallInteger
        | ColumnType::Integer
        | ColumnType::BigInteger
        | ColumnType::Interval => Some("INTEGER"),
        ColumnType::Real | ColumnType::Double | ColumnType::Float(_) => Some("REAL"),
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
        | ColumnType::Inet
        | ColumnType::Cidr
        | ColumnType::Numeric(_)
        | ColumnType::Json
        | ColumnType::Enum { .. } => Some("TEXT"),
        ColumnType::Domain { base, .. } => strict_type(base),
        ColumnType::Array(_) | ColumnType::Range(_) | ColumnType::Custom(_) => None,
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
