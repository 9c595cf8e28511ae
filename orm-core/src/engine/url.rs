//! A database URL as it is meant: [`Url`], which never shows its password.

use std::fmt;

use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};

/// A database URL: `dialect[+driver]://user:password@host:port/dbname[?key=value&…]`.
///
/// Printing one shows `***` for the password.
///
/// ```
/// # use orm_core::Engine;
/// let engine = Engine::new("sqlite:///shop.db?busy_timeout=2000")?;
/// assert_eq!(engine.url().to_string(), "sqlite:///shop.db?busy_timeout=2000");
/// # Ok::<(), orm_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    pub(crate) dialect: Dialect,
    /// As it was written: `postgres` or `postgresql`.
    scheme: String,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) port: Option<u16>,
    /// For SQLite the path, or `:memory:`.
    pub(crate) database: Option<String>,
    pub(crate) query: Vec<(String, String)>,
}

impl Url {
    /// Parses a URL.
    pub(crate) fn parse(text: &str) -> Result<Url> {
        let Some((scheme, rest)) = text.split_once(':') else {
            let message = "could not parse the database URL: it has no scheme".to_owned();
            return Err(Error::new(ErrorKind::Argument, message).hint(FORM));
        };
        let dialect = dialect(scheme)?;
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, parse_query(query)?),
            None => (rest, Vec::new()),
        };
        let bare = Url {
            dialect,
            scheme: scheme.to_owned(),
            user: None,
            password: None,
            host: None,
            port: None,
            database: None,
            query,
        };
        if dialect == Dialect::Sqlite { bare.with_path(rest) } else { bare.with_authority(rest) }
    }

    /// SQLite: `sqlite::memory:`, `sqlite://`, `sqlite:path`, `sqlite:///relative`, `sqlite:////absolute`.
    fn with_path(self, rest: &str) -> Result<Url> {
        let path = match rest.strip_prefix("//") {
            // SQLAlchemy's form: one slash ends the empty host, and the path follows.
            Some(rest) => rest.strip_prefix('/').unwrap_or(rest),
            None => rest,
        };
        let path = decode(path)?;
        let database = if path.is_empty() { ":memory:".to_owned() } else { path };
        Ok(Url { database: Some(database), ..self })
    }

    fn with_authority(self, rest: &str) -> Result<Url> {
        let Some(rest) = rest.strip_prefix("//") else {
            let message = format!("could not parse the database URL: `{}:` is not followed by `//`", self.scheme);
            return Err(Error::new(ErrorKind::Argument, message).hint(FORM));
        };
        let (authority, database) = match rest.split_once('/') {
            Some((authority, database)) => (authority, Some(decode(database)?).filter(|name| !name.is_empty())),
            None => (rest, None),
        };
        // The last `@` ends the password, which may hold others.
        let (login, address) = match authority.rsplit_once('@') {
            Some((login, address)) => (Some(login), address),
            None => (None, authority),
        };
        let (user, password) = match login.map(|login| login.split_once(':').unwrap_or((login, ""))) {
            Some((user, "")) => (Some(decode(user)?), None),
            Some((user, password)) => (Some(decode(user)?), Some(decode(password)?)),
            None => (None, None),
        };
        let (host, port) = split_port(address)?;
        Ok(Url { user, password, host, port, database, ..self })
    }
}

const FORM: &str = "a URL has the form `dialect://user:password@host:port/dbname`, or `sqlite::memory:`";

fn dialect(scheme: &str) -> Result<Dialect> {
    let name = scheme.split('+').next().unwrap_or(scheme);
    match name {
        "sqlite" => Ok(Dialect::Sqlite),
        "postgresql" | "postgres" => Ok(Dialect::Postgres),
        "mysql" => Ok(Dialect::MySql),
        "mariadb" => Ok(Dialect::MariaDb),
        _ => Err(Error::new(ErrorKind::Argument, format!("the database URL names the unknown dialect `{name}`"))
            .hint("the known ones are `sqlite`, `postgresql`, `mysql` and `mariadb`")),
    }
}

fn split_port(address: &str) -> Result<(Option<String>, Option<u16>)> {
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (address, None),
    };
    let port = port.map(|port| {
        port.parse().map_err(|_| {
            Error::new(ErrorKind::Argument, format!("could not parse the database URL: `{port}` is not a port"))
        })
    });
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Ok((Some(host.to_owned()).filter(|host| !host.is_empty()), port.transpose()?))
}

fn parse_query(query: &str) -> Result<Vec<(String, String)>> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(key)?, decode(value)?))
        })
        .collect()
}

/// Turns `%40` into `@`.
fn decode(text: &str) -> Result<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match (first, digits.and_then(|digits| u8::from_str_radix(digits, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8(bytes)
        .map_err(|_| Error::new(ErrorKind::Argument, "could not parse the database URL: a `%` sequence is not UTF-8"))
}

fn encode(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for byte in text.bytes() {
        match byte {
            b'%' | b'@' | b':' | b'/' | b'?' | b'#' | b'&' | b'=' => write!(f, "%{byte:02X}")?,
            0x21..=0x7e => write!(f, "{}", char::from(byte))?,
            _ => write!(f, "%{byte:02X}")?,
        }
    }
    Ok(())
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.scheme)?;
        match (self.dialect, &self.database) {
            (Dialect::Sqlite, Some(path)) if path == ":memory:" => f.write_str(":memory:")?,
            (Dialect::Sqlite, Some(path)) => write!(f, "///{path}")?,
            (_, database) => {
                f.write_str("//")?;
                if let Some(user) = &self.user {
                    encode(user, f)?;
                    f.write_str(if self.password.is_some() { ":***@" } else { "@" })?;
                }
                match &self.host {
                    Some(host) if host.contains(':') => write!(f, "[{host}]")?,
                    Some(host) => f.write_str(host)?,
                    None => {}
                }
                if let Some(port) = self.port {
                    write!(f, ":{port}")?;
                }
                if let Some(database) = database {
                    f.write_str("/")?;
                    encode(database, f)?;
                }
            }
        }
        for (position, (key, value)) in self.query.iter().enumerate() {
            f.write_str(if position == 0 { "?" } else { "&" })?;
            encode(key, f)?;
            f.write_str("=")?;
            if key.contains("password") { f.write_str("***")? } else { encode(value, f)? }
        }
        Ok(())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({self})")
    }
}
