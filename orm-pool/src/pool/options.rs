//! How a pool behaves: plain data from the engine's settings, and the limits that follow from it.

use std::fmt;
use std::time::Duration;

/// Which kind of pool it is, by SQLAlchemy's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// Keeps up to `size` connections open, and opens up to `max_overflow` more while they are needed.
    #[default]
    Queue,
    /// Opens a connection for each user and closes it afterwards. No limit.
    Null,
    /// Has one connection, which its users take in turn.
    Static,
    /// Has one connection for each task, or for each thread outside of tasks, to which it is lent again and again. With
    /// more than `size` of them, the one that has been idle longest is closed.
    Singleton,
    /// Has one connection, and refuses it to a second user: a test aid, against checkouts inside checkouts.
    Assertion,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Class::Queue => "QueuePool",
            Class::Null => "NullPool",
            Class::Static => "StaticPool",
            Class::Singleton => "SingletonPool",
            Class::Assertion => "AssertionPool",
        })
    }
}

/// What becomes of an open transaction when a connection comes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ResetOnReturn {
    /// It is rolled back.
    #[default]
    Rollback,
    /// It is committed; but rolled back where an operation was abandoned in its middle.
    Commit,
    /// It is left as it is, for a database without transactions or a `reset` listener that does better. What an abandoned
    /// operation has left is rolled back all the same.
    None,
}

/// How a pool behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Which kind of pool it is.
    pub class: Class,
    /// How many connections a [`Class::Queue`] or a [`Class::Singleton`] keeps open; 0 lets a queue keep all, without
    /// limit.
    pub size: usize,
    /// How many more it may open; they are closed when they come back. `None` for no limit.
    pub max_overflow: Option<usize>,
    /// How long to wait for a connection to come back.
    pub timeout: Duration,
    /// The age at which a connection is replaced before it is lent again.
    pub recycle: Option<Duration>,
    /// Whether a connection is asked for a sign of life before it is lent again.
    pub pre_ping: bool,
    /// Whether the connection that came back last is lent first, so that a pool which is too large goes idle at one end.
    pub lifo: bool,
    /// What becomes of an open transaction when a connection comes back.
    pub reset_on_return: ResetOnReturn,
    /// How long a connection that nobody uses may take to answer a ping, or to be reset. One that takes longer is closed.
    pub answer_timeout: Duration,
    /// Whether a checkout remembers the calls that led to it, for the message that explains an exhausted pool. This takes
    /// some microseconds each time.
    pub trace: bool,
}

impl Default for Options {
    /// Five connections and ten more, 30 s for users and 5 s for connections.
    fn default() -> Self {
        Options {
            class: Class::Queue,
            size: 5,
            max_overflow: Some(10),
            timeout: Duration::from_secs(30),
            recycle: None,
            pre_ping: false,
            lifo: true,
            reset_on_return: ResetOnReturn::Rollback,
            answer_timeout: Duration::from_secs(5),
            trace: false,
        }
    }
}

/// What the options come down to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The most connections that are kept while nobody uses them.
    pub(super) idle: usize,
    /// The most connections that are open.
    pub(super) open: usize,
    /// Whether something has to be done before an idle connection is lent, or to be written down.
    pub(super) asks_first: bool,
}

impl Options {
    pub(super) fn limits(&self) -> Limits {
        const NONE: usize = usize::MAX;
        let (idle, open) = match self.class {
            Class::Queue if self.size == 0 => (NONE, NONE),
            Class::Queue => {
                let open = self.max_overflow.map_or(NONE, |overflow| self.size.saturating_add(overflow));
                (self.size, open)
            }
            Class::Null => (0, NONE),
            Class::Singleton => (self.size.max(1), NONE),
            Class::Static | Class::Assertion => (1, 1),
        };
        Limits { idle, open, asks_first: self.pre_ping || self.trace || self.class == Class::Singleton }
    }

    /// Returns the size and the overflow as the timeout message names them.
    pub(super) fn shape(&self) -> (usize, String) {
        match self.class {
            Class::Queue => (self.size, self.max_overflow.map_or_else(|| "unlimited".into(), |n| n.to_string())),
            Class::Null | Class::Static | Class::Singleton | Class::Assertion => (1, "0".into()),
        }
    }
}
