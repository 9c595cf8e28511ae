//! The pool's counts at one moment, in SQLAlchemy's words.

use std::fmt;

use super::Class;

/// How many connections a pool has and where they are.
///
/// Its text is SQLAlchemy's: `Pool size: 5  Connections in pool: 1 Current Overflow: -4 Current Checked out
/// connections: 0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Which kind of pool it is.
    pub class: Class,
    /// How many connections it keeps.
    pub size: usize,
    /// How many are open and unused.
    pub idle: usize,
    /// How many more than `size` are open; negative while there are fewer.
    pub overflow: i64,
    /// How many are lent, or being opened for somebody, or being cleaned up.
    pub checked_out: usize,
    /// How many users wait for one.
    pub waiting: usize,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.class {
            Class::Queue => write!(
                f,
                "Pool size: {}  Connections in pool: {} Current Overflow: {} Current Checked out connections: {}",
                self.size, self.idle, self.overflow, self.checked_out
            ),
            Class::Singleton => write!(f, "{} size: {}", self.class, self.size),
            class => write!(f, "{class}"),
        }
    }
}
