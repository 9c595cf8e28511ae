//! Revisions applied to a database, and taken back: `upgrade`, `downgrade`, `stamp`, `repair`.
//!
//! In: revisions, and what the database has. Out: the database as they say, and a row for each.

use std::time::Duration;

use orm_core::__private::error;
use orm_core::__private::script::is_of_test;
use orm_core::{Dialect, Engine, Error, ExecutionOptions, IsolationLevel, Result};

use crate::errors::{Told, count, invalid_request};
use crate::history::{Applied, History, run};
use crate::locked::Locked;
use crate::migrations::Migrations;
use crate::revision::{Revision, Section};
use crate::split::Statement;
use crate::status::Status;
use crate::target;

/// Which way a revision goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Upgrade,
    Downgrade,
}

impl Direction {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Direction::Upgrade => "upgrade",
            Direction::Downgrade => "downgrade",
        }
    }
}

/// Hears of each revision before it is run.
pub(crate) type Listener<'l> = dyn FnMut(Direction, &Revision) + Send + 'l;

impl Migrations {
    /// Applies all revisions that the database does not have, in their order, and returns them.
    ///
    /// It may be called by several programs at once: one does it, and the others wait, and find nothing to do. What is applied
    /// stands in the table `orm_migrations`, which is made when it is first needed.
    ///
    /// On PostgreSQL and SQLite each revision is one transaction, with its row. MySQL and MariaDB commit at each definition: where
    /// a statement fails there, the error says what is done already. A revision that was changed since it was applied, or that
    /// only the database has, as when an older program meets a newer database, is told by a warning, and does not stop it.
    ///
    /// ```
    /// use orm::migrate::Migrations;
    /// # use orm::prelude::*;
    ///
    /// static MIGRATIONS: Migrations = orm::migrations!("../examples/migrations");
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// MIGRATIONS.upgrade(&engine).await?; // when the service starts
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails as [`revisions`](Self::revisions) does, and when the database refuses a statement: the error names file, line, and
    /// statement, and those revisions that were applied before stay.
    pub fn upgrade(&self, engine: &Engine) -> impl Future<Output = Result<Vec<Revision>>> + Send {
        self.upgrade_to(engine, "head")
    }

    /// Applies those revisions that the database does not have up to one of them, or so many, as `+1`. One is named by its
    /// number or the beginning of that, or by its name; the last is `head`.
    ///
    /// # Errors
    ///
    /// As [`upgrade`](Self::upgrade), and when there is no such revision.
    pub fn upgrade_to(&self, engine: &Engine, target: &str) -> impl Future<Output = Result<Vec<Revision>>> + Send {
        let (engine, target) = (engine.clone(), target.to_owned());
        async move { self.go(&engine, Direction::Upgrade, &target, &mut |_, _| {}).await }
    }

    /// Takes revisions back: all behind the one that is named, or so many, as `-1`, or all, as `base`. It returns them, the last
    /// first.
    ///
    /// # Errors
    ///
    /// Fails, before anything is changed, when one of them has no `-- downgrade` or no file; and as [`upgrade_to`](Self::upgrade_to)
    /// does.
    pub fn downgrade(&self, engine: &Engine, target: &str) -> impl Future<Output = Result<Vec<Revision>>> + Send {
        let (engine, target) = (engine.clone(), target.to_owned());
        async move { self.go(&engine, Direction::Downgrade, &target, &mut |_, _| {}).await }
    }

    /// Writes down that the database has exactly the revisions up to this one, without running any: of a database that got its
    /// tables otherwise, or after one was finished by hand. `head` are all, `base` is none.
    ///
    /// # Errors
    ///
    /// Fails when there is no such revision, and when the database refuses.
    pub fn stamp(&self, engine: &Engine, target: &str) -> impl Future<Output = Result<()>> + Send {
        let (engine, target) = (plain(engine), target.to_owned());
        async move {
            let revisions = self.revisions(engine.dialect())?;
            let wanted = target::up_to(&revisions, &target)?;
            let change = |history: &History, rows: &[Applied]| {
                let is_wanted = |row: &&Applied| wanted.iter().any(|revision| revision.revision == row.revision);
                let gone = rows.iter().filter(|row| !is_wanted(row));
                let mut statements: Vec<String> = gone.map(|row| history.delete(&row.revision)).collect();
                statements.extend(wanted.iter().map(|revision| match is_applied(rows, revision) {
                    true => history.update(revision),
                    false => history.insert(revision),
                }));
                statements
            };
            self.write_down(&engine, change).await
        }
    }

    /// Takes the present checksum of each revision that was changed since it was applied, as when its statements were written in
    /// other words, and returns them.
    ///
    /// # Errors
    ///
    /// Fails when the database refuses.
    pub fn repair(&self, engine: &Engine) -> impl Future<Output = Result<Vec<Revision>>> + Send {
        let engine = plain(engine);
        async move {
            let revisions = self.revisions(engine.dialect())?;
            let mut changed = Vec::new();
            let change = |history: &History, rows: &[Applied]| {
                let is_changed = |revision: &&Revision| rows.iter().any(|row| differs(row, revision));
                changed = revisions.iter().filter(is_changed).cloned().collect();
                changed.iter().map(|revision| history.update(revision)).collect()
            };
            self.write_down(&engine, change).await?;
            Ok(changed)
        }
    }

    /// Changes the rows, in one transaction.
    async fn write_down(
        &self,
        engine: &Engine,
        change: impl FnOnce(&History, &[Applied]) -> Vec<String>,
    ) -> Result<()> {
        let history = self.history(engine.dialect());
        let mut locked = Locked::take(engine.connect().await?, &history).await?;
        let done = async {
            locked.create(&history).await?;
            locked.begin().await?;
            let rows = history.read(locked.connection()).await?;
            for statement in change(&history, &rows) {
                run(locked.connection(), &statement).await?;
            }
            locked.connection().commit().await
        };
        let done = done.await;
        locked.release(done).await
    }

    pub(crate) async fn go(
        &self,
        engine: &Engine,
        direction: Direction,
        target: &str,
        listener: &mut Listener<'_>,
    ) -> Result<Vec<Revision>> {
        let engine = plain(engine);
        let history = self.history(engine.dialect());
        let revisions = self.revisions(engine.dialect())?;
        let choose = |rows: &[Applied]| match direction {
            Direction::Upgrade => target::to_apply(&revisions, rows, target),
            Direction::Downgrade => target::to_take_back(&revisions, rows, target),
        };
        let mut connection = engine.connect().await?;
        let rows = history.read(&mut connection).await?;
        Status::of(&revisions, &rows).warn();
        // Mostly there is nothing to do, and nobody to wait for.
        if choose(&rows)?.is_empty() {
            connection.close().await?;
            return Ok(Vec::new());
        }
        let mut locked = Locked::take(connection, &history).await?;
        let done = async {
            locked.create(&history).await?;
            let rows = history.read(locked.connection()).await?;
            let mut step = Step { locked: &mut locked, history: &history, direction, done: Vec::new() };
            for revision in choose(&rows)? {
                step.take(revision, listener).await?;
            }
            Ok(step.done)
        };
        let done = done.await;
        if engine.dialect() != Dialect::Sqlite && !is_of_test(&engine) {
            // What the engine's connections have prepared may be of tables that have changed: PostgreSQL refuses that in a transaction.
            engine.pool().invalidate();
        }
        locked.release(done).await
    }
}

/// Returns whether a revision was changed since it was applied.
pub(crate) fn differs(row: &Applied, revision: &Revision) -> bool {
    row.revision == revision.revision && row.checksum != revision.checksum
}

pub(crate) fn is_applied(rows: &[Applied], revision: &Revision) -> bool {
    rows.iter().any(|row| row.revision == revision.revision)
}

/// Takes away options that are meant for the statements of a program: how long one may take, where the tables of models are, and
/// whether there are transactions.
pub(crate) fn plain(engine: &Engine) -> Engine {
    let nowhere: [(Option<&str>, &str); 0] = [];
    // The database's own levels.
    let level = match engine.dialect() {
        Dialect::Sqlite => IsolationLevel::Serializable,
        Dialect::Postgres => IsolationLevel::ReadCommitted,
        _ => IsolationLevel::RepeatableRead,
    };
    let options = ExecutionOptions::new().timeout(Duration::ZERO).read_only(false).isolation_level(level);
    engine.execution_options(options.schema_translate_map(nowhere))
}

/// Goes from one revision to the next.
struct Step<'s> {
    locked: &'s mut Locked,
    history: &'s History,
    direction: Direction,
    done: Vec<Revision>,
}

impl Step<'_> {
    async fn take(&mut self, revision: Revision, listener: &mut Listener<'_>) -> Result<()> {
        let (upgrade, downgrade) = (&revision.upgrade, revision.downgrade.as_ref());
        let section = match self.direction {
            Direction::Upgrade => upgrade,
            Direction::Downgrade => downgrade.unwrap_or(upgrade),
        };
        let is_done = match section.is_without_transaction {
            true => self.without_transaction(&revision, section, listener).await,
            false => self.in_transaction(&revision, section, listener).await,
        };
        match is_done {
            Ok(true) => {
                tracing::info!(target: "orm::migrate", "{} {revision}", self.direction.words());
                self.done.push(revision);
                Ok(())
            }
            Ok(false) => Ok(()),
            Err(error) => Err(self.with_those_before(error)),
        }
    }

    /// Returns whether there was something to do.
    async fn in_transaction(
        &mut self,
        revision: &Revision,
        section: &Section,
        listener: &mut Listener<'_>,
    ) -> Result<bool> {
        let is_unchecked = section.is_without_foreign_keys && self.history.dialect == Dialect::Sqlite;
        let mut had_foreign_keys = None;
        if is_unchecked {
            let connection = self.locked.connection();
            if is_of_test(connection.engine()) {
                let message =
                    format!("revision {revision} runs without foreign keys, which a test's transaction cannot do");
                return Err(invalid_request(message).hint("migrate before a test transaction, with another engine"));
            }
            had_foreign_keys = run(connection, "PRAGMA foreign_keys").await?.scalar::<i64>()?;
            // From here on a connection that is dropped is closed. In a transaction this would do nothing.
            self.locked.is_spoilt = true;
            run(self.locked.connection(), "PRAGMA foreign_keys = OFF").await?;
        }
        self.locked.begin().await?;
        let done = self.within(revision, section, is_unchecked, listener).await;
        let done = match done {
            Ok(true) => {
                let committed = self.locked.connection().commit().await;
                committed.map(|()| true).map_err(|error| error.within(&format!("revision {revision}: COMMIT")))
            }
            done => done,
        };
        if !matches!(done, Ok(true)) {
            self.locked.connection().rollback().await?;
        }
        if is_unchecked {
            let connection = self.locked.connection();
            run(connection, &format!("PRAGMA foreign_keys = {}", had_foreign_keys.unwrap_or(1))).await?;
            run(connection, "PRAGMA legacy_alter_table = OFF").await?;
            self.locked.is_spoilt = false;
        }
        done
    }

    /// Does what a transaction has in it.
    async fn within(
        &mut self,
        revision: &Revision,
        section: &Section,
        is_unchecked: bool,
        listener: &mut Listener<'_>,
    ) -> Result<bool> {
        if self.is_done_meanwhile(revision).await? {
            return Ok(false);
        }
        listener(self.direction, revision);
        let dangling_before = if is_unchecked { dangling(self.locked).await? } else { 0 };
        for (position, statement) in section.statements.iter().enumerate() {
            if let Err(error) = run(self.locked.connection(), &statement.text).await {
                let kept = kept_of_transaction(&section.statements, position, self.history.dialect);
                return Err(self.failed(error, revision, section, position, kept));
            }
        }
        self.write_down(revision).await?;
        if is_unchecked {
            let dangling = dangling(self.locked).await? - dangling_before;
            if dangling > 0 {
                let rows = count(usize::try_from(dangling).unwrap_or(usize::MAX), "row");
                let message = format!("revision {revision}: {rows} would refer to rows that are not there");
                let hint = "the revision was taken back: have it delete them, or set what they refer to";
                return Err(invalid_request(message).hint(hint));
            }
        }
        Ok(true)
    }

    async fn without_transaction(
        &mut self,
        revision: &Revision,
        section: &Section,
        listener: &mut Listener<'_>,
    ) -> Result<bool> {
        if self.is_done_meanwhile(revision).await? {
            return Ok(false);
        }
        listener(self.direction, revision);
        for (position, statement) in section.statements.iter().enumerate() {
            if let Err(error) = run(self.locked.connection(), &statement.text).await {
                return Err(self.failed(error, revision, section, position, position));
            }
        }
        self.write_down(revision).await?;
        Ok(true)
    }

    /// Looks again, now that nobody else can change it.
    async fn is_done_meanwhile(&mut self, revision: &Revision) -> Result<bool> {
        let rows = self.history.read(self.locked.connection()).await?;
        Ok(is_applied(&rows, revision) == (self.direction == Direction::Upgrade))
    }

    async fn write_down(&mut self, revision: &Revision) -> Result<()> {
        let sql = match self.direction {
            Direction::Upgrade => self.history.insert(revision),
            Direction::Downgrade => self.history.delete(&revision.revision),
        };
        run(self.locked.connection(), &sql)
            .await
            .map(|_| ())
            .map_err(|error| error.within(&format!("revision {revision}")))
    }

    /// Says which statement failed, and how to go on.
    fn failed(&self, error: Error, revision: &Revision, section: &Section, position: usize, kept: usize) -> Error {
        let Revision { file, .. } = revision;
        let direction = self.direction.words();
        let (number, all, line) = (position + 1, section.statements.len(), section.statements[position].line);
        let place = format!("revision {revision}: {direction}: statement {number} of {all} of `{file}`, line {line}");
        let error = match error::is_missing_table(&error) {
            // What else is advised, to create the tables of the models, is what revisions are for.
            true => error.hint("a revision before this one has to create the table, or the URL names another database"),
            false => error,
        };
        let error = error.within(&place);
        if kept == 0 && section.is_without_transaction {
            let left = "no statement of this revision was done to its end; an index that was to be created concurrently may be there, and \
                        invalid";
            return error::note(error, left);
        }
        if kept == 0 {
            return error::note(error, "nothing of this revision was kept");
        }
        let (those, them) = match kept {
            1 => ("statement 1 has been done and stays".to_owned(), "it"),
            _ => (format!("statements 1 to {kept} have been done and stay"), "them"),
        };
        let why = match section.is_without_transaction {
            true => "since the revision runs outside a transaction",
            false => "since this database commits at each definition",
        };
        let finished = match self.direction {
            Direction::Upgrade => format!("`stamp {revision}`"),
            Direction::Downgrade => "`stamp` the one before".to_owned(),
        };
        error::note(error, format!("{those}, {why}"))
            .hint(format!("undo {them} by hand and {direction} again; or do what is left by hand, and {finished}"))
    }

    fn with_those_before(&self, error: Error) -> Error {
        if self.done.is_empty() {
            return error;
        }
        let names: Vec<String> = self.done.iter().map(Revision::to_string).collect();
        error::note(error, format!("{} before it: {}", self.direction.words(), names.join(", ")))
    }
}

/// Returns how many statements of a transaction stay when one fails: on MySQL and MariaDB those up to the last that has committed.
fn kept_of_transaction(statements: &[Statement], failed: usize, dialect: Dialect) -> usize {
    if !matches!(dialect, Dialect::MySql | Dialect::MariaDb) {
        return 0;
    }
    let commits = |statement: &Statement| {
        let [first, second] = statement.first_words(dialect);
        let is_temporary = matches!(first.as_str(), "create" | "drop") && second == "temporary";
        let changes_rows = matches!(
            first.as_str(),
            "insert"
                | "update"
                | "delete"
                | "replace"
                | "select"
                | "with"
                | "values"
                | "table"
                | "set"
                | "do"
                | "("
                | "show"
        );
        !is_temporary && !changes_rows
    };
    // It commits before it is tried.
    if commits(&statements[failed]) {
        return failed;
    }
    statements[..failed].iter().rposition(commits).map_or(0, |position| position + 1)
}

/// Returns how many rows of SQLite refer to rows that are not there.
async fn dangling(locked: &mut Locked) -> Result<i64> {
    let found = run(locked.connection(), "SELECT count(*) FROM pragma_foreign_key_check").await?;
    Ok(found.scalar::<i64>()?.unwrap_or(0))
}
