//! Which server and how: plain data, filled in by the engine from a URL.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How a connection is opened.
///
/// What is `None` here is taken from the variables that libpq knows, such as `PGPASSWORD`, `PGAPPNAME` and `PGSSLMODE`,
/// where they are set. The time zone is always UTC and the encoding UTF-8.
///
/// ```
/// use orm_pool::driver::postgres::Options;
///
/// let options = Options { database: Some("shop".into()), ..Options::new("localhost", "scott") };
/// assert_eq!(options.port, 5432);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Options {
    /// The server's name or address, or the directory of its socket if it begins with `/`.
    pub host: String,
    /// The port; 5432 unless set.
    pub port: u16,
    /// The role.
    pub user: String,
    /// Its password.
    pub password: Option<String>,
    /// The database; the server takes the one that is named as the role unless set.
    pub database: Option<String>,
    /// `disable`, `allow`, `prefer`, `require`, `verify-ca` or `verify-full`; `prefer` unless set.
    ///
    /// The last three need the feature `tls`; without it, `prefer` means `disable`.
    pub ssl_mode: Option<String>,
    /// The file with the certificates of the authorities to trust.
    pub ssl_root_cert: Option<PathBuf>,
    /// The file with the client's certificate.
    pub ssl_cert: Option<PathBuf>,
    /// The file with the key of the client's certificate.
    pub ssl_key: Option<PathBuf>,
    /// The name under which the server lists the connection.
    pub application_name: Option<String>,
    /// How many prepared statements are kept, at least 1; 256 unless set.
    pub statement_cache: usize,
    /// How long opening may take; 30 s unless set.
    pub connect_timeout: Duration,
    /// Whether a pooler may give each transaction to another server, as PgBouncer in transaction mode does.
    ///
    /// No statement is kept then. One without parameters is sent as text; one with parameters and outside of a
    /// transaction runs in a transaction of its own, since it takes two messages that have to reach the same server.
    ///
    /// Within a transaction, a text with parameters is described before it runs for the first time on a connection, so that
    /// types of the user's own, such as enums, are known. Where such a type has been made again since, the statement fails
    /// with the code `26000`; when the transaction is run again, it does not.
    ///
    /// Queries are read piece by piece within a transaction only.
    pub transaction_pooler: bool,
    /// Settings of the session, such as `search_path` or `statement_timeout`, sent while connecting as the start-up
    /// parameter `options`, which PgBouncer takes only if it is told to.
    pub parameters: Vec<(String, String)>,
}

impl Options {
    /// Returns the options for this server and role.
    pub fn new(host: impl Into<String>, user: impl Into<String>) -> Self {
        Options {
            host: host.into(),
            port: 5432,
            user: user.into(),
            password: None,
            database: None,
            ssl_mode: None,
            ssl_root_cert: None,
            ssl_cert: None,
            ssl_key: None,
            application_name: None,
            statement_cache: 256,
            connect_timeout: Duration::from_secs(30),
            transaction_pooler: false,
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
            .field("user", &self.user)
            .field("password", &self.password.as_ref().map(|_| "***"))
            .field("database", &self.database)
            .field("ssl_mode", &self.ssl_mode)
            .field("application_name", &self.application_name)
            .field("statement_cache", &self.statement_cache)
            .field("connect_timeout", &self.connect_timeout)
            .field("transaction_pooler", &self.transaction_pooler)
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}
