//! What is opened and how: plain data, filled in by the engine from a URL.

use std::path::PathBuf;
use std::time::Duration;

/// Where the data is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// A file. The path is taken as it stands: neither `file:` nor `:memory:` means anything in it.
    File(PathBuf),
    /// Memory that belongs to this one connection and goes with it.
    Memory,
}

/// On which thread statements run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Threading {
    /// On the thread that asks, which is the fastest; a statement that takes long holds it for as long, except between
    /// the rows of a query.
    #[default]
    Inline,
    /// On a thread of tokio's for blocking work, which costs five to ten microseconds for each statement. Rows are copied
    /// before they are handed out.
    Blocking,
}

/// How a connection is opened.
///
/// ```
/// use orm_pool::driver::sqlite::Options;
///
/// let options = Options { read_only: true, ..Options::file("app.db") };
/// # assert!(options.foreign_keys);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where the data is.
    pub database: Database,
    /// Whether a missing file is created; `true` unless set.
    pub create_if_missing: bool,
    /// Whether the connection may only read.
    pub read_only: bool,
    /// Whether foreign keys are enforced; `true` unless set.
    pub foreign_keys: bool,
    /// The journal mode to change to: `WAL` for a file. `None` leaves it as it is.
    ///
    /// A connection that cannot write leaves it as it is, too.
    pub journal_mode: Option<String>,
    /// When SQLite waits for the disk: `NORMAL` for a file, which under WAL may lose the last transactions in a power
    /// failure, but never corrupts. `None` leaves it as it is.
    pub synchronous: Option<String>,
    /// How long to wait for a lock that another connection holds; 5 s unless set.
    pub busy_timeout: Duration,
    /// How many prepared statements are kept; 256 unless set.
    pub statement_cache: usize,
    /// On which thread statements run; on the one that asks unless set.
    pub threading: Threading,
    /// Other pragmas, run in this order before the journal mode is set, since some count only before the file is written.
    pub pragmas: Vec<(String, String)>,
}

impl Options {
    /// Returns the options for a file, in WAL mode.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Options {
            journal_mode: Some("WAL".into()),
            synchronous: Some("NORMAL".into()),
            ..Options::new(Database::File(path.into()))
        }
    }

    /// Returns the options for a private database in memory.
    pub fn memory() -> Self {
        Options::new(Database::Memory)
    }

    /// Returns the options for this database, with its journal mode left as it is.
    pub fn new(database: Database) -> Self {
        Options {
            database,
            create_if_missing: true,
            read_only: false,
            foreign_keys: true,
            journal_mode: None,
            synchronous: None,
            busy_timeout: Duration::from_secs(5),
            statement_cache: 256,
            threading: Threading::Inline,
            pragmas: Vec::new(),
        }
    }
}
