//! Whether a transaction is open, as far as the statements sent tell.
//!
//! sqlx keeps what the server reports to itself, so that a `BEGIN` written by hand is invisible to it.

use super::words::{Effect, Facts};

/// The transaction of a connection.
///
/// In doubt it is taken to be open: a needless `ROLLBACK` does no harm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Transaction {
    /// None is open.
    #[default]
    None,
    /// One is open.
    Open,
    /// One is open in which a statement has failed, so that the server refuses all but its end.
    Failed,
}

impl Transaction {
    pub(super) fn is_open(self) -> bool {
        self != Transaction::None
    }

    /// Returns the state while these statements run: whatever becomes of them, a transaction may be open.
    pub(super) fn during(self, statements: &[Facts]) -> Self {
        let begins =
            |facts: &Facts| matches!(facts.effect, Effect::Begin | Effect::CommitAndChain | Effect::RollbackAndChain);
        if self == Transaction::None && statements.iter().any(begins) { Transaction::Open } else { self }
    }

    /// Returns the state when this has succeeded.
    pub(super) fn after(self, effect: Effect) -> Self {
        match effect {
            Effect::None => self,
            Effect::Begin if self == Transaction::Failed => self,
            Effect::Begin | Effect::CommitAndChain | Effect::RollbackAndChain => Transaction::Open,
            Effect::Commit | Effect::Rollback => Transaction::None,
            Effect::RollbackTo if self == Transaction::None => self,
            Effect::RollbackTo => Transaction::Open,
        }
    }

    /// Returns the state when a statement in PostgreSQL has failed.
    #[cfg(feature = "postgres")]
    pub(super) fn after_failure(self) -> Self {
        if self == Transaction::None { self } else { Transaction::Failed }
    }
}
