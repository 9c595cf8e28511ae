//! Says why a server cannot be reached, and which one: host, port and user, never the password.

use std::fmt;
use std::io;

use crate::ErrorKind;

/// What was to be reached.
pub(super) struct Target<'a> {
    pub(super) database: &'static str,
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) user: &'a str,
    pub(super) name: Option<&'a str>,
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Target { database, host, port, user, name } = self;
        write!(f, "{database} at {host}:{port} as user `{user}`")?;
        name.map_or(Ok(()), |name| write!(f, ", database `{name}`"))
    }
}

/// Returns the whole message.
pub(super) fn message(target: &Target<'_>, reason: &str) -> String {
    format!("cannot connect to {target}: {reason}")
}

/// Returns what an error means that did not come from the server.
pub(super) fn reason(error: &sqlx::Error) -> (ErrorKind, String) {
    match error {
        // The certificate is looked at while the connection is made, whose errors are those of reading.
        sqlx::Error::Io(error) => (ErrorKind::Connect, untrusted(in_words(error))),
        sqlx::Error::Tls(error) if !cfg!(feature = "tls") => {
            (ErrorKind::Configuration, format!("{error}\nhint: enable the feature `tls`, or ask for no TLS"))
        }
        sqlx::Error::Tls(error) => (ErrorKind::Connect, error.to_string()),
        sqlx::Error::Configuration(error) => (ErrorKind::Configuration, error.to_string()),
        error => (ErrorKind::Connect, error.to_string()),
    }
}

/// Says how an authority becomes known.
fn untrusted(mut reason: String) -> String {
    if reason.contains("UnknownIssuer") {
        reason.push_str(
            "\nhint: name the file with its authority's certificate: `sslrootcert` of PostgreSQL, `ssl_ca` of MySQL",
        );
    }
    reason
}

fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused\nhint: is the server running, and on this port?".into(),
        io::ErrorKind::NotFound => "there is no such socket".into(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => "the server closed the connection".into(),
        _ => error.to_string(),
    }
}
