//! Opens a database: sqlx opens the file, pragmas make it what the options say, and a failure names the path.
//!
//! In: [`Options`]. Out: a [`Connection`] whose file has been read once, since SQLite itself puts that off.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use super::raw::Handle;
use super::{Connection, Database, Options, decimal, error, functions};
use crate::{DatabaseErrorKind, Error, ErrorKind};

/// Opens a connection and sets it up.
pub(super) async fn open(options: &Options) -> Result<Connection, Error> {
    let preparation = preparation(options)?;
    let connection =
        connect_options(options)?.connect().await.map_err(|error| cannot_open(options, error.to_string(), error))?;
    let mut handle = Handle::new(connection).await.map_err(|error| cannot_open(options, error.to_string(), error))?;
    functions::define(&mut handle).map_err(|failure| {
        let error = error::from(*failure);
        cannot_open(options, error.message().to_owned(), error)
    })?;
    let mut connection = Connection::new(handle, options);
    match set_up(&mut connection, options, &preparation).await {
        Ok(()) => Ok(connection),
        Err(error) => Err(cannot_open(options, error.message().to_owned(), error)),
    }
}

fn connect_options(options: &Options) -> Result<SqliteConnectOptions, Error> {
    let connect = SqliteConnectOptions::new()
        .disable_statement_logging()
        .thread_name(|id| format!("orm-sqlite-{id}"))
        .foreign_keys(options.foreign_keys)
        .collation("decimal", decimal::compare)
        .read_only(options.read_only)
        .create_if_missing(options.create_if_missing);
    match &options.database {
        Database::Memory => Ok(connect),
        Database::File(path) => Ok(connect.filename(literal(path)?)),
    }
}

/// Returns the path so that SQLite takes it as one, and not as a URI or as `:memory:`.
fn literal(path: &Path) -> Result<PathBuf, Error> {
    match path.to_str() {
        Some("") => Err(Error::new(ErrorKind::Configuration, "the path of the database file is empty")),
        Some(text) if text == ":memory:" || text.starts_with("file:") => Ok(Path::new(".").join(path)),
        _ => Ok(path.to_owned()),
    }
}

/// The words that SQLite takes; it would silently ignore any other.
const JOURNAL_MODES: &[&str] = &["DELETE", "TRUNCATE", "PERSIST", "MEMORY", "WAL", "OFF"];
const SYNCHRONOUS: &[&str] = &["OFF", "NORMAL", "FULL", "EXTRA", "0", "1", "2", "3"];

/// Returns the pragmas that come before the journal mode, as one text.
fn preparation(options: &Options) -> Result<String, Error> {
    check_word("journal mode", options.journal_mode.as_deref(), JOURNAL_MODES)?;
    check_word("value of `synchronous`", options.synchronous.as_deref(), SYNCHRONOUS)?;
    let mut sql = String::new();
    for (name, value) in &options.pragmas {
        pragma(&mut sql, name, value)?;
    }
    if let Some(synchronous) = &options.synchronous {
        pragma(&mut sql, "synchronous", synchronous)?;
    }
    Ok(sql)
}

fn check_word(what: &str, word: Option<&str>, known: &[&str]) -> Result<(), Error> {
    match word {
        Some(word) if !known.iter().any(|known| known.eq_ignore_ascii_case(word)) => {
            let message = format!("`{word}` is not a {what} of SQLite\nhint: it is one of {}", known.join(", "));
            Err(Error::new(ErrorKind::Configuration, message))
        }
        _ => Ok(()),
    }
}

/// Writes a pragma with its value as a string, which SQLite takes for words and numbers alike.
fn pragma(sql: &mut String, name: &str, value: &str) -> Result<(), Error> {
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.') {
        return Err(Error::new(ErrorKind::Configuration, format!("`{name}` is not the name of a pragma")));
    }
    _ = write!(sql, "PRAGMA {name} = '{}';", value.replace('\'', "''"));
    Ok(())
}

async fn set_up(connection: &mut Connection, options: &Options, preparation: &str) -> Result<(), Error> {
    connection.batch(preparation).await?;
    set_journal_mode(connection, options).await?;
    // Reads the first page, so that a file which is not a database fails here and not at its first use.
    connection.batch("PRAGMA schema_version").await
}

async fn set_journal_mode(connection: &mut Connection, options: &Options) -> Result<(), Error> {
    let Some(mode) = options.journal_mode.as_ref().filter(|_| !options.read_only) else { return Ok(()) };
    let mut sql = String::new();
    pragma(&mut sql, "journal_mode", mode)?;
    match connection.batch(&sql).await {
        // The file cannot be written; for reading it, the mode does not matter.
        Err(error) if error.database_kind() == Some(DatabaseErrorKind::ReadOnly) => Ok(()),
        result => result,
    }
}

/// Makes the error of a database that could not be opened.
fn cannot_open(
    options: &Options,
    message: String,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Error {
    let message = match &options.database {
        Database::Memory => format!("unable to open a database in memory: {message}"),
        Database::File(path) => {
            let reason = obstacle(path, options).unwrap_or(message);
            format!("unable to open database file `{}`: {reason}", path.display())
        }
    };
    Error::with_source(ErrorKind::Connect, message, source)
}

/// Looks for what SQLite does not tell: why the file cannot be opened.
fn obstacle(path: &Path, options: &Options) -> Option<String> {
    match fs::metadata(path) {
        Ok(data) if data.is_dir() => Some("it is a directory".into()),
        Ok(_) => fs::File::open(path).err().map(|error| in_words(&error)),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Some(in_words(&error)),
        Err(_) => {
            let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty())?;
            match fs::metadata(directory) {
                Ok(data) if !data.is_dir() => Some(format!("`{}` is not a directory", directory.display())),
                Ok(_) if options.read_only || !options.create_if_missing => Some("the file does not exist".into()),
                Ok(_) => Some(format!("no file can be created in the directory `{}`", directory.display())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    Some(format!("the directory `{}` does not exist", directory.display()))
                }
                Err(error) => Some(in_words(&error)),
            }
        }
    }
}

fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::NotADirectory => "a part of the path is not a directory".into(),
        _ => error.to_string(),
    }
}
