//! Opens a connection, sets its session up in one round trip, and says to where, as whom and why not.
//!
//! In: [`Options`]. Out: a [`Connection`] with UTC, `utf8mb4` and a strict SQL mode.

use std::fmt::Write as _;
use std::num::ParseIntError;

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlSslMode};
use sqlx::{ConnectOptions as _, Row as _};

use super::parameters::Types;
use super::{Connection, Options, error};
use crate::driver::refused;
use crate::{Error, ErrorKind};

/// Opens a connection.
pub(super) async fn open(options: &Options) -> Result<Connection, Error> {
    let set_up = set_up(options)?;
    let opened = tokio::time::timeout(options.connect_timeout, async {
        let mut connection = connect(options).await?;
        let mut learnt = ready(&mut connection, &set_up).await.map_err(|error| cannot_open(options, error))?;
        learnt.most_bytes = learnt.most_bytes.min(options.max_allowed_packet.unwrap_or(usize::MAX));
        Ok((connection, learnt))
    });
    match opened.await {
        Ok(Ok((connection, learnt))) => Ok(Connection::new(connection, &learnt, options)),
        Ok(Err(error)) => Err(error),
        Err(_) => {
            let reason = format!("no answer within {:?}", options.connect_timeout);
            Err(Error::new(ErrorKind::Connect, refused::message(&target(options), &reason)))
        }
    }
}

/// Connects, in whatever time that takes.
pub(super) async fn connect(options: &Options) -> Result<MySqlConnection, Error> {
    connect_options(options)?.connect().await.map_err(|error| cannot_open(options, error))
}

fn connect_options(options: &Options) -> Result<MySqlConnectOptions, Error> {
    let mut connect = MySqlConnectOptions::new()
        .disable_statement_logging()
        .host(options.host.trim_start_matches('[').trim_end_matches(']'))
        .port(options.port)
        .username(&options.user)
        // The session is set up here instead.
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .timezone(None)
        .set_names(false)
        // Never reached, so that sqlx forgets no single statement; see `Connection::prepare`.
        .statement_cache_capacity(options.statement_cache.saturating_add(8));
    if let Some(path) = &options.socket {
        connect = connect.socket(path);
    }
    if let Some(password) = options.password.as_deref().filter(|password| !password.is_empty()) {
        connect = connect.password(password);
    }
    if let Some(database) = &options.database {
        connect = connect.database(database);
    }
    if let Some(mode) = &options.ssl_mode {
        connect = connect.ssl_mode(ssl_mode(mode)?);
    }
    if let Some(file) = &options.ssl_ca {
        connect = connect.ssl_ca(file);
    }
    if let Some(file) = &options.ssl_cert {
        connect = connect.ssl_client_cert(file);
    }
    if let Some(file) = &options.ssl_key {
        connect = connect.ssl_client_key(file);
    }
    Ok(connect)
}

fn ssl_mode(word: &str) -> Result<MySqlSslMode, Error> {
    word.to_ascii_lowercase().replace('-', "_").parse().map_err(|_| {
        let known = "`disabled`, `preferred`, `required`, `verify_ca` or `verify_identity`";
        Error::new(ErrorKind::Configuration, format!("`{word}` is not an SSL mode of MySQL\nhint: write {known}"))
    })
}

/// Refuses to set what the driver reads values by.
pub(super) fn check_set(sql: &str) -> Result<(), Error> {
    let Some((_, settings)) = sql.trim_start().split_at_checked(3).filter(|(set, _)| set.eq_ignore_ascii_case("SET"))
    else {
        return Ok(());
    };
    for setting in settings.split(',') {
        let name = setting.split(['=', ':']).next().unwrap_or_default().trim().to_ascii_lowercase();
        let name = name.trim_start_matches("@@").trim_start_matches("session").trim_start_matches("local");
        if name.trim_start_matches(['.', ' ', '`']).trim_end_matches(['`', ' ']) == "time_zone" {
            return Err(fixed("time_zone"));
        }
    }
    Ok(())
}

fn fixed(name: &str) -> Error {
    Error::new(ErrorKind::Configuration, format!("`{name}` is fixed, since the driver reads values by it"))
}

/// What is refused elsewhere is refused; and where the server can, an UPDATE sets all columns at once, as elsewhere, instead
/// of one after the other. A backslash in quotes stands for what follows it, which literals are written by.
const MODES: &str = ", sql_mode = (SELECT CONCAT(REPLACE(@@sql_mode, 'NO_BACKSLASH_ESCAPES', ''), \
                     ',STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION', \
                     IF(VERSION() LIKE '%MariaDB%', ',SIMULTANEOUS_ASSIGNMENT', '')))";

/// As long as MariaDB makes them, and as other databases have them, who know no limit: MySQL cuts what `group_concat` makes after
/// 1,024 bytes, and says so in a warning alone.
const LONG_TEXTS: &str = ", group_concat_max_len = CAST(GREATEST(@@group_concat_max_len, 1048576) AS UNSIGNED)";

/// Returns the statement that sets the session up.
fn set_up(options: &Options) -> Result<String, Error> {
    let mut sql = String::from("SET time_zone = '+00:00', NAMES utf8mb4");
    if let Some(collation) = &options.collation {
        check_name("a collation", collation)?;
        _ = write!(sql, " COLLATE {collation}");
    }
    match &options.sql_mode {
        None => sql.push_str(MODES),
        Some(mode) if mode.to_ascii_uppercase().contains("NO_BACKSLASH_ESCAPES") => {
            let message =
                "the SQL mode `NO_BACKSLASH_ESCAPES` is not supported, since literals are written with backslashes";
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        Some(mode) if mode.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ',') => {
            _ = write!(sql, ", sql_mode = '{mode}'");
        }
        Some(mode) => return Err(Error::new(ErrorKind::Configuration, format!("`{mode}` is not an SQL mode"))),
    }
    if !options.parameters.iter().any(|(name, _)| name.eq_ignore_ascii_case("group_concat_max_len")) {
        sql.push_str(LONG_TEXTS);
    }
    // A statement outside of a transaction commits itself, whatever the server is set to.
    sql.push_str(", autocommit = 1");
    for (name, value) in &options.parameters {
        check_name("a variable", name)?;
        if name.eq_ignore_ascii_case("autocommit") {
            let message = "`autocommit` is always on: a statement outside of a transaction commits itself";
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        if name.eq_ignore_ascii_case("time_zone") || name.to_ascii_lowercase().starts_with("character_set") {
            return Err(fixed(name));
        }
        match value.parse::<f64>() {
            Ok(number) if number.is_finite() => _ = write!(sql, ", SESSION {name} = {value}"),
            // Doubled quotes are quotes in every SQL mode; a backslash is not the same in all.
            _ if value.contains(['\\', '\0']) => {
                let message = format!("the value of `{name}` contains a backslash or a NUL character");
                return Err(Error::new(ErrorKind::Configuration, message));
            }
            _ => _ = write!(sql, ", SESSION {name} = '{}'", value.replace('\'', "''")),
        }
    }
    Ok(sql)
}

fn check_name(what: &str, name: &str) -> Result<(), Error> {
    if !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Configuration, format!("`{name}` is not the name of {what}")))
}

/// What a connection learns of its server.
pub(super) struct Learnt {
    pub(super) types: &'static Types,
    /// How many bytes a statement may have: `max_allowed_packet`, which a session cannot change.
    pub(super) most_bytes: usize,
    /// Whether the server is MariaDB.
    pub(super) is_mariadb: bool,
    /// Whether transactions begin at READ COMMITTED unless they say otherwise.
    pub(super) reads_committed: bool,
    /// The number of the thread that works for the connection.
    pub(super) thread: u64,
}

async fn ready(connection: &mut MySqlConnection, set_up: &str) -> Result<Learnt, sqlx::Error> {
    // Each of the two servers reads the comment that is meant for it.
    let mut sql = format!(
        "{set_up}; SELECT @@max_allowed_packet, VERSION() LIKE '%MariaDB%', CAST(CONNECTION_ID() AS CHAR), \
         (/*M! @@tx_isolation */ /*!50720 @@transaction_isolation */) = 'READ-COMMITTED'"
    );
    if Types::known().is_none() {
        _ = write!(sql, ", {}", Types::COLUMNS);
    }
    let row = super::last_row(connection, sql).await?;
    let row = row.ok_or_else(|| sqlx::Error::Protocol("the server does not tell its max_allowed_packet".into()))?;
    let most_bytes = usize::try_from(row.try_get::<u64, _>(0)?).unwrap_or(usize::MAX);
    let types = Types::known().or_else(|| Types::learn(&row)).ok_or_else(|| {
        sqlx::Error::Protocol("the server does not know the types DATE, TIME, DATETIME and DECIMAL".into())
    })?;
    let is_mariadb = row.try_get::<i64, _>(1)? != 0;
    let thread =
        row.try_get::<String, _>(2)?.parse().map_err(|error: ParseIntError| sqlx::Error::Decode(error.into()))?;
    let reads_committed = row.try_get::<i64, _>(3)? != 0;
    Ok(Learnt { types, most_bytes, is_mariadb, reads_committed, thread })
}

fn target(options: &Options) -> refused::Target<'_> {
    refused::Target {
        database: "MySQL",
        host: &options.host,
        port: options.port,
        user: &options.user,
        name: options.database.as_deref(),
    }
}

fn cannot_open(options: &Options, error: sqlx::Error) -> Error {
    let (kind, reason) = match &error {
        sqlx::Error::Database(failure) => (ErrorKind::Connect, failure.message().to_owned()),
        other if error::wants_password(other) => (
            ErrorKind::Configuration,
            "the server asks for the password itself, which is sent through TLS alone".into(),
        ),
        other => refused::reason(other),
    };
    let hint = error::hint_at_connect(&error);
    Error::with_source(kind, refused::message(&target(options), &format!("{reason}{hint}")), error)
}
