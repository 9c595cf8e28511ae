//! A database URL as it is meant: [`Url`], which never shows its password.

use std::fmt;
use std::str::FromStr;

use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};

/// A database URL: `dialect[+driver]://user:password@host:port/dbname[?key=value&…]`.
///
/// Printing one shows `***` for the password. A URL does not change; `with_…` returns another.
///
/// ```
/// # use orm_core::Url;
/// let url: Url = "postgresql://scott:t%40ger@db.example.org/shop?application_name=web".parse()?;
/// assert_eq!(url.to_string(), "postgresql://scott:***@db.example.org/shop?application_name=web");
/// assert_eq!((url.password(), url.port()), (Some("t@ger"), None));
///
/// let other = url.with_host("::1").with_port(6432).with_password("s3cret/").with_query("application_name", "batch");
/// assert_eq!(other.render(false), "postgresql://scott:s3cret%2F@[::1]:6432/shop?application_name=batch");
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
            Some("") => "",
            Some(path) => path.strip_prefix('/').ok_or_else(|| {
                let message = format!("could not parse the database URL: `{path}` stands where a host would, and SQLite has none");
                let hint = format!("write `sqlite:///{path}` for a file in the working directory, or `sqlite:////…` for an absolute path");
                Error::new(ErrorKind::Argument, message).hint(hint)
            })?,
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

impl Url {
    /// Returns the kind of database.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Returns the name of the dialect, and of a driver if it has one, as it was written.
    pub fn drivername(&self) -> &str {
        &self.scheme
    }

    /// Returns the user.
    pub fn username(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Returns the password. Nothing else shows it but [`render`](Self::render).
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// Returns the server's name or address, IPv6 without brackets.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// Returns the port, if the URL names one.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Returns the database; for SQLite its path, or `:memory:`.
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// Returns the keys and values after the `?`, in their order. A key may be there several times.
    pub fn query(&self) -> &[(String, String)] {
        &self.query
    }

    /// Returns the URL with another user.
    #[must_use]
    pub fn with_username(&self, user: impl Into<String>) -> Url {
        Url { user: Some(user.into()), ..self.clone() }
    }

    /// Returns the URL with another password, as it is: nothing in it has to be escaped.
    #[must_use]
    pub fn with_password(&self, password: impl Into<String>) -> Url {
        Url { password: Some(password.into()), ..self.clone() }
    }

    /// Returns the URL with another server.
    #[must_use]
    pub fn with_host(&self, host: impl Into<String>) -> Url {
        Url { host: Some(host.into()), ..self.clone() }
    }

    /// Returns the URL with another port.
    #[must_use]
    pub fn with_port(&self, port: u16) -> Url {
        Url { port: Some(port), ..self.clone() }
    }

    /// Returns the URL with another database.
    #[must_use]
    pub fn with_database(&self, database: impl Into<String>) -> Url {
        Url { database: Some(database.into()), ..self.clone() }
    }

    /// Returns the URL with this key after the `?`, in place of those of the same name.
    #[must_use]
    pub fn with_query(&self, key: impl Into<String>, value: impl Into<String>) -> Url {
        let key = key.into();
        let mut url = self.without_query(&key);
        url.query.push((key, value.into()));
        url
    }

    /// Returns the URL without this key.
    #[must_use]
    pub fn without_query(&self, key: &str) -> Url {
        let mut url = self.clone();
        url.query.retain(|(known, _)| known != key);
        url
    }

    /// Returns the URL as text, with `***` for the password if it is to be hidden.
    pub fn render(&self, hide_password: bool) -> String {
        struct Rendered<'a>(&'a Url, bool);
        impl fmt::Display for Rendered<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.write(f, self.1)
            }
        }
        Rendered(self, hide_password).to_string()
    }
}

impl FromStr for Url {
    type Err = Error;

    fn from_str(text: &str) -> Result<Url> {
        Url::parse(text)
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

impl Url {
    fn write(&self, f: &mut fmt::Formatter<'_>, hide_password: bool) -> fmt::Result {
        write!(f, "{}:", self.scheme)?;
        match (self.dialect, &self.database) {
            (Dialect::Sqlite, Some(path)) if path == ":memory:" => f.write_str(":memory:")?,
            (Dialect::Sqlite, Some(path)) => write!(f, "///{path}")?,
            (_, database) => {
                f.write_str("//")?;
                if let Some(user) = &self.user {
                    encode(user, f)?;
                    if let Some(password) = &self.password {
                        f.write_str(":")?;
                        if hide_password { f.write_str("***")? } else { encode(password, f)? }
                    }
                    f.write_str("@")?;
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
            let is_secret = hide_password && key.to_ascii_lowercase().contains("password");
            if is_secret { f.write_str("***")? } else { encode(value, f)? }
        }
        Ok(())
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, true)
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({self})")
    }
}
