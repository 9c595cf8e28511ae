//! What a database has of a folder's revisions: [`Status`].

use std::fmt;

use orm_core::{Engine, MetaData, Result};

use crate::apply::{differs, plain};
use crate::errors::{Told, configuration, count};
use crate::history::Applied;
use crate::migrations::Migrations;
use crate::revision::Revision;

/// Which revisions a database has, and which it has not. `Display` lists them, a line each.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Those of the folder and those of the database, in order.
    pub revisions: Vec<RevisionStatus>,
}

/// A revision, as a database and a folder know it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RevisionStatus {
    /// Its number.
    pub revision: String,
    /// What it is called.
    pub name: String,
    /// How it stands.
    pub state: RevisionState,
}

/// How a revision stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevisionState {
    /// The database has it.
    Applied {
        /// Since when, in UTC.
        at: String,
    },
    /// The database has it, and its statements have been changed since.
    Changed {
        /// When it was applied, in UTC.
        at: String,
    },
    /// The database has it, and there is no file of it: it is newer than the program, or its file was deleted.
    Unknown {
        /// When it was applied, in UTC.
        at: String,
    },
    /// The database does not have it.
    Pending {
        /// Whether one that is newer has been applied, as when two branches were merged. `upgrade` applies it all the same.
        is_late: bool,
    },
}

impl Migrations {
    /// Returns which revisions a database has. It changes nothing.
    ///
    /// ```
    /// # use orm::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// let migrations = orm::migrations!("../examples/migrations");
    /// let status = migrations.status(&engine).await?;
    /// assert!(!status.is_current());
    /// println!("{status}"); // 20261101120000_create_users  pending
    /// migrations.upgrade(&engine).await?;
    /// assert!(migrations.status(&engine).await?.is_current());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails as [`revisions`](Self::revisions) does, and when the database cannot be read.
    pub fn status(&self, engine: &Engine) -> impl Future<Output = Result<Status>> + Send {
        let engine = plain(engine);
        async move {
            let revisions = self.revisions(engine.dialect())?;
            let mut connection = engine.connect().await?;
            let rows = self.history(engine.dialect()).read(&mut connection).await?;
            connection.close().await?;
            Ok(Status::of(&revisions, &rows))
        }
    }

    /// Fails unless the database has exactly the revisions of the folder, as they are written, and is as the metadata says: for a
    /// test, or before a deployment. It changes nothing.
    ///
    /// # Errors
    ///
    /// Lists the revisions that are pending, changed or unknown, and as [`MetaData::check`] does what differs.
    pub fn check(&self, engine: &Engine, metadata: &MetaData) -> impl Future<Output = Result<()>> + Send {
        let (status, checked) = (self.status(engine), metadata.check(engine));
        async move {
            let status = status.await?;
            let wrong: Vec<String> = status.wrong().map(|of| format!("\n  {of}")).collect();
            if wrong.is_empty() {
                return checked.await;
            }
            let message = format!(
                "the database does not have the revisions as they are written: {}{}",
                count(wrong.len(), "difference"),
                wrong.concat()
            );
            let all = [
                (status.pending().next(), "`upgrade` applies what is pending"),
                (status.changed().next(), "`repair` takes what was changed as it is written now"),
                (status.unknown().next(), "what has no file is of a newer program, or `stamp` forgets it"),
            ];
            let hints: Vec<&str> = all.into_iter().filter_map(|(of, hint)| of.map(|_| hint)).collect();
            Err(configuration(message).hint(hints.join("; ")))
        }
    }
}

impl Status {
    pub(crate) fn of(revisions: &[Revision], rows: &[Applied]) -> Status {
        let newest = rows.iter().map(|row| row.revision.as_str()).max().unwrap_or_default();
        let known = revisions.iter().map(|revision| {
            let state = match rows.iter().find(|row| row.revision == revision.revision) {
                None => RevisionState::Pending { is_late: *revision.revision < *newest },
                Some(row) if differs(row, revision) => RevisionState::Changed { at: row.applied_at.clone() },
                Some(row) => RevisionState::Applied { at: row.applied_at.clone() },
            };
            RevisionStatus { revision: revision.revision.clone(), name: revision.name.clone(), state }
        });
        let is_unknown = |row: &&Applied| !revisions.iter().any(|revision| revision.revision == row.revision);
        let unknown = rows.iter().filter(is_unknown).map(|row| {
            let state = RevisionState::Unknown { at: row.applied_at.clone() };
            RevisionStatus { revision: row.revision.clone(), name: row.name.clone(), state }
        });
        let mut all: Vec<RevisionStatus> = known.chain(unknown).collect();
        all.sort_by(|left, right| left.revision.cmp(&right.revision));
        Status { revisions: all }
    }

    /// Returns those that the database does not have.
    pub fn pending(&self) -> impl Iterator<Item = &RevisionStatus> {
        self.revisions.iter().filter(|of| matches!(of.state, RevisionState::Pending { .. }))
    }

    /// Returns those that have no file.
    pub fn unknown(&self) -> impl Iterator<Item = &RevisionStatus> {
        self.revisions.iter().filter(|of| matches!(of.state, RevisionState::Unknown { .. }))
    }

    /// Returns those whose statements were changed since they were applied.
    pub fn changed(&self) -> impl Iterator<Item = &RevisionStatus> {
        self.revisions.iter().filter(|of| matches!(of.state, RevisionState::Changed { .. }))
    }

    /// Returns whether the database has exactly the revisions of the folder, as they are written.
    pub fn is_current(&self) -> bool {
        self.wrong().next().is_none()
    }

    fn wrong(&self) -> impl Iterator<Item = &RevisionStatus> {
        self.revisions.iter().filter(|of| !matches!(of.state, RevisionState::Applied { .. }))
    }

    /// Says what `upgrade` goes on in spite of.
    pub(crate) fn warn(&self) {
        for of in &self.revisions {
            let is_worth_it = match of.state {
                RevisionState::Changed { .. } | RevisionState::Unknown { .. } => true,
                RevisionState::Pending { is_late } => is_late,
                RevisionState::Applied { .. } => false,
            };
            if is_worth_it {
                tracing::warn!(target: "orm::migrate", "revision {of}");
            }
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.revisions.iter().map(|of| of.revision.len() + of.name.len() + 1).max().unwrap_or(0);
        let lines = self.revisions.iter().map(|of| {
            let name = format!("{}_{}", of.revision, of.name);
            format!("{name:width$}  {}", of.state)
        });
        f.write_str(&lines.collect::<Vec<_>>().join("\n"))
    }
}

impl fmt::Display for RevisionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}: {}", self.revision, self.name, self.state)
    }
}

impl fmt::Display for RevisionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RevisionState::Applied { at } => write!(f, "applied {at}"),
            RevisionState::Changed { at } => write!(f, "applied {at}, changed since"),
            RevisionState::Unknown { at } => write!(f, "applied {at}, no file"),
            RevisionState::Pending { is_late: false } => f.write_str("pending"),
            RevisionState::Pending { is_late: true } => f.write_str("pending, older than an applied one"),
        }
    }
}
