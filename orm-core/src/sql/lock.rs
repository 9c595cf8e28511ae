//! FOR UPDATE and its kin: rows that are read in order to be changed.

use super::FromTargets;
use super::from::TableRef;

/// How the rows that a query finds are locked until the end of the transaction.
///
/// PostgreSQL knows every form. MySQL knows no key locks, MariaDB neither these nor `of`. SQLite locks no rows: there
/// the transaction takes the database's write lock, if it begins with the query, which locks more; `nowait` and
/// `skip_locked` it refuses.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Dialect, Lock, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Job { #[orm(primary_key)] id: i64, done: bool }
/// let next = select(Job).filter(!Job.done).order_by(Job.id).limit(1).lock(Lock::update().skip_locked());
/// assert_eq!(
///     next.to_sql(Dialect::Postgres),
///     "SELECT job.id, job.done FROM job WHERE NOT job.done ORDER BY job.id LIMIT $1 FOR UPDATE SKIP LOCKED"
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Lock {
    pub(crate) strength: Strength,
    pub(crate) of: Vec<TableRef>,
    pub(crate) wait: Wait,
}

/// Against what rows are locked, the most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strength {
    Update,
    NoKeyUpdate,
    Share,
    KeyShare,
}

/// What happens where another transaction has locked a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    Long,
    No,
    Skip,
}

impl Lock {
    /// FOR UPDATE: against every other lock.
    pub fn update() -> Self {
        Lock::of_strength(Strength::Update)
    }

    /// FOR NO KEY UPDATE: as `update`, but rows that refer to these may be inserted.
    pub fn no_key_update() -> Self {
        Lock::of_strength(Strength::NoKeyUpdate)
    }

    /// FOR SHARE: against changes.
    pub fn share() -> Self {
        Lock::of_strength(Strength::Share)
    }

    /// FOR KEY SHARE: against changes of the key.
    pub fn key_share() -> Self {
        Lock::of_strength(Strength::KeyShare)
    }

    /// Returns whether a row that is locked is left out.
    pub(crate) fn skips(&self) -> bool {
        self.wait == Wait::Skip
    }

    fn of_strength(strength: Strength) -> Self {
        Lock { strength, of: vec![], wait: Wait::Long }
    }

    /// Locks the rows of these tables alone: OF.
    #[must_use]
    pub fn of(mut self, tables: impl FromTargets) -> Self {
        tables.__references(&mut self.of);
        self
    }

    /// Fails where a row is locked, instead of waiting: NOWAIT.
    #[must_use]
    pub fn nowait(mut self) -> Self {
        self.wait = Wait::No;
        self
    }

    /// Leaves out what is locked: SKIP LOCKED.
    #[must_use]
    pub fn skip_locked(mut self) -> Self {
        self.wait = Wait::Skip;
        self
    }
}
