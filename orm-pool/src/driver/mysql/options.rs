//! Which server and how: plain data, filled in by the engine from a URL.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How a connection is opened.
///
/// The time zone of the session is always UTC and its encoding `utf8mb4`.
///
/// ```
/// use orm_pool::driver::mysql::Options;
///
/// let options = Options { database: Some("shop".into()), ..Options::new("localhost", "scott") };
/// assert_eq!(options.port, 3306);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Options {
    /// The server's name or address.
    pub host: String,
    /// The port; 3306 unless set.
    pub port: u16,
    /// The server's socket, instead of host and port.
    pub socket: Option<PathBuf>,
    /// The user.
    pub user: String,
    /// The password.
    pub password: Option<String>,
    /// The database that names without one are in.
    pub database: Option<String>,
    /// `disabled`, `preferred`, `required`, `verify_ca` or `verify_identity`; `preferred` unless set.
    ///
    /// The last three need the feature `tls`; without it, `preferred` means `disabled`.
    pub ssl_mode: Option<String>,
    /// The file with the certificates of the authorities to trust.
    pub ssl_ca: Option<PathBuf>,
    /// The file with the client's certificate.
    pub ssl_cert: Option<PathBuf>,
    /// The file with the key of the client's certificate.
    pub ssl_key: Option<PathBuf>,
    /// The collation of texts in statements; the server's default for `utf8mb4` unless set.
    pub collation: Option<String>,
    /// The SQL mode; unless set, it is the server's with `STRICT_TRANS_TABLES` and `NO_ENGINE_SUBSTITUTION` added, so
    /// that a value which does not fit is an error and not another value.
    pub sql_mode: Option<String>,
    /// How many prepared statements are kept, at least 1; 256 unless set.
    ///
    /// When there are more, all are forgotten at once: sqlx leaves Nagle's algorithm on, so that the message which
    /// forgets a single one delays the next statement by some 40 ms.
    pub statement_cache: usize,
    /// How many bytes a statement may have with its values, if less than the server takes (its `max_allowed_packet`).
    pub max_allowed_packet: Option<usize>,
    /// How long opening may take; 30 s unless set.
    pub connect_timeout: Duration,
    /// Variables of the session, such as `innodb_lock_wait_timeout`, set after connecting.
    pub parameters: Vec<(String, String)>,
}

impl Options {
    /// Returns the options for this server and user.
    pub fn new(host: impl Into<String>, user: impl Into<String>) -> Self {
        Options {
            host: host.into(),
            port: 3306,
            socket: None,
            user: user.into(),
            password: None,
            database: None,
            ssl_mode: None,
            ssl_ca: None,
            ssl_cert: None,
            ssl_key: None,
            collation: None,
            sql_mode: None,
            statement_cache: 256,
            max_allowed_packet: None,
            connect_timeout: Duration::from_secs(30),
            parameters: Vec::new(),
        }
    }
}

impl fmt::Debug for Options {
    /// Writes the options without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("socket", &self.socket)
            .field("user", &self.user)
            .field("password", &self.password.as_ref().map(|_| "***"))
            .field("database", &self.database)
            .field("ssl_mode", &self.ssl_mode)
            .field("collation", &self.collation)
            .field("sql_mode", &self.sql_mode)
            .field("statement_cache", &self.statement_cache)
            .field("max_allowed_packet", &self.max_allowed_packet)
            .field("connect_timeout", &self.connect_timeout)
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}
