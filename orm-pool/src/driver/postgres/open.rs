//! Opens a connection, and says to where, as whom and why not.
//!
//! In: [`Options`]. Out: a [`Connection`] with UTC and UTF-8, which sqlx asks for while it connects.

use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};

use super::cancel::Greeting;
use super::{Connection, Options, error};
use crate::driver::refused;
use crate::{Error, ErrorKind};

/// Opens a connection.
pub(super) async fn open(options: &Options) -> Result<Connection, Error> {
    let opened = tokio::time::timeout(options.connect_timeout, async {
        let mut connection = connect(options).await?;
        let greeting = match options.transaction_pooler {
            true => Ok(Greeting::default()),
            false => Greeting::of(&mut connection, options).await,
        };
        let greeting = greeting.map_err(|error| cannot_open(options, error))?;
        Ok(Connection::new(connection, options, greeting))
    });
    match opened.await {
        Ok(opened) => opened,
        Err(_) => {
            let reason = format!("no answer within {:?}", options.connect_timeout);
            Err(Error::new(ErrorKind::Connect, refused::message(&target(options), &reason)))
        }
    }
}

/// Connects, in whatever time that takes.
pub(super) async fn connect(options: &Options) -> Result<PgConnection, Error> {
    connect_options(options)?.connect().await.map_err(|error| cannot_open(options, error))
}

fn connect_options(options: &Options) -> Result<PgConnectOptions, Error> {
    let mut connect = PgConnectOptions::new_without_pgpass()
        .disable_statement_logging()
        .host(options.host.trim_start_matches('[').trim_end_matches(']'))
        .port(options.port)
        .username(&options.user)
        // The texts are bounded by our own count; see `statements`. Behind a pooler it knows the one that is being described,
        // so that it can be closed.
        .statement_cache_capacity(if options.transaction_pooler { 1 } else { options.statement_cache.max(1) });
    if let Some(password) = &options.password {
        connect = connect.password(password);
    }
    if let Some(database) = &options.database {
        connect = connect.database(database);
    }
    if let Some(mode) = &options.ssl_mode {
        connect = connect.ssl_mode(ssl_mode(mode)?);
    }
    if let Some(file) = &options.ssl_root_cert {
        connect = connect.ssl_root_cert(file);
    }
    if let Some(file) = &options.ssl_cert {
        connect = connect.ssl_client_cert(file);
    }
    if let Some(file) = &options.ssl_key {
        connect = connect.ssl_client_key(file);
    }
    if let Some(name) = &options.application_name {
        connect = connect.application_name(name);
    }
    if options.transaction_pooler {
        // PgBouncer refuses start-up parameters that it does not know, and by default floats are exact anyway.
        connect = connect.extra_float_digits(None);
    }
    for (name, value) in &options.parameters {
        connect = parameter(connect, name, value)?;
    }
    Ok(connect)
}

fn ssl_mode(word: &str) -> Result<PgSslMode, Error> {
    word.parse().map_err(|_| {
        let known = "`disable`, `allow`, `prefer`, `require`, `verify-ca` or `verify-full`";
        Error::new(ErrorKind::Configuration, format!("`{word}` is not an SSL mode of PostgreSQL\nhint: write {known}"))
    })
}

fn parameter(connect: PgConnectOptions, name: &str, value: &str) -> Result<PgConnectOptions, Error> {
    let refuse = |message: String| Err(Error::new(ErrorKind::Configuration, message));
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.') {
        return refuse(format!("`{name}` is not the name of a setting"));
    }
    if value.contains('\0') {
        return refuse(format!("the value of `{name}` contains a NUL character"));
    }
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    if is("client_encoding") {
        let is_utf8 = ["utf8", "utf-8", "unicode"].iter().any(|word| value.eq_ignore_ascii_case(word));
        return if is_utf8 { Ok(connect) } else { refuse(format!("the client encoding is UTF-8, not `{value}`")) };
    }
    if is("timezone") || is("datestyle") {
        return refuse(format!("`{name}` is fixed, since the driver reads values by it"));
    }
    Ok(connect.options([(name, value)]))
}

fn target(options: &Options) -> refused::Target<'_> {
    refused::Target {
        database: "PostgreSQL",
        host: &options.host,
        port: options.port,
        user: &options.user,
        name: options.database.as_deref(),
    }
}

fn cannot_open(options: &Options, error: sqlx::Error) -> Error {
    let (kind, reason) = match &error {
        sqlx::Error::Database(failure) => (ErrorKind::Connect, failure.message().to_owned()),
        other => refused::reason(other),
    };
    let hint = error::hint_at_connect(&error);
    Error::with_source(kind, refused::message(&target(options), &format!("{reason}{hint}")), error)
}
