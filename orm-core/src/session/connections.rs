//! The connections of a session's transaction: one for each engine that its statements go to, or one that was lent to it.
//!
//! In: the model that a statement is about, and whether it writes. Out: a connection with the transaction begun on it.

use std::panic::Location;

use super::events::{Begins, SessionEvents};
use super::info::SessionInfo;
use super::objects::Objects;
use super::routes::{BindRequest, Routes};
use crate::engine::{Connection, Engine, IsolationLevel, unless_lost};
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::Mapper;
use crate::sql::{Statement, Taken};

/// How a session takes part in the transaction of a connection that is lent to it. SQLAlchemy's `join_transaction_mode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum JoinMode {
    /// [`CreateSavepoint`](Self::CreateSavepoint) if a savepoint is open on the connection, else
    /// [`RollbackOnly`](Self::RollbackOnly).
    #[default]
    ConditionalSavepoint,
    /// A commit leaves the transaction open for whoever began it, and a rollback rolls it back.
    RollbackOnly,
    /// The session works in a savepoint, which its commit releases and its rollback undoes: for tests of code that commits.
    CreateSavepoint,
    /// A commit and a rollback are those of the transaction.
    ControlFully,
}

/// A connection that its owner gets back.
#[derive(Clone, Copy, Debug)]
struct Joined {
    mode: JoinMode,
    /// Whether the transaction was begun by somebody else.
    is_outer: bool,
    /// Whether the session's own savepoint is open.
    has_savepoint: bool,
    /// Whether listeners know of the session's part in the transaction.
    is_told: bool,
}

impl Joined {
    /// Says that the transaction has ended: the next one is the session's own.
    fn ended(self) -> Joined {
        Joined { is_outer: false, is_told: false, ..self }
    }
}

/// What a lent connection's savepoint is called.
const JOINED: &str = "orm_session";

/// The connections that take part in a transaction.
pub(crate) struct Connections {
    routes: Routes,
    /// Where the session was made, which is told of its connections when there are no more.
    made_at: &'static Location<'static>,
    open: Vec<Connection>,
    replica: usize,
    /// The level that the transaction begins with, if not the engine's.
    level: Option<IsolationLevel>,
    /// How many savepoints are open, on each connection.
    savepoints: usize,
    /// A savepoint whose guard was dropped, to be rolled back before the next statement.
    abandoned: Option<usize>,
    has_written: bool,
    /// Whether the next statement that writes is the only one, and is committed with nothing else.
    is_alone: bool,
    /// Whether connections went in the middle of the transaction, and all that was done in it with them.
    is_lost: bool,
    joined: Option<Joined>,
    begins: Begins,
    info: SessionInfo,
}

impl Connections {
    #[track_caller]
    pub(super) fn new(routes: Routes) -> Self {
        let replica = routes.take_turn();
        Connections {
            routes,
            made_at: Location::caller(),
            open: Vec::new(),
            replica,
            level: None,
            savepoints: 0,
            abandoned: None,
            has_written: false,
            is_alone: false,
            is_lost: false,
            joined: None,
            begins: Begins::default(),
            info: SessionInfo::default(),
        }
    }

    /// Tells these too of transactions that begin.
    pub(super) fn listen(&mut self, events: &SessionEvents) {
        self.begins.extend(events.begins());
    }

    /// Gives listeners what is noted of the session.
    pub(super) fn set_info(&mut self, info: &SessionInfo) {
        self.info = info.clone();
    }

    /// Says that the session was made elsewhere, by whom its caller has asked.
    pub(super) fn made_at(&mut self, place: &'static Location<'static>) {
        self.made_at = place;
    }

    pub(super) fn join(connection: Connection, mode: JoinMode) -> Self {
        let mode = match (mode, connection.in_nested_transaction()) {
            (JoinMode::ConditionalSavepoint, true) => JoinMode::CreateSavepoint,
            (JoinMode::ConditionalSavepoint, false) => JoinMode::RollbackOnly,
            (mode, _) => mode,
        };
        let mut own = Connections::new(Routes::to(connection.engine()));
        own.joined = Some(Joined { mode, is_outer: connection.in_transaction(), has_savepoint: false, is_told: false });
        own.open.push(connection);
        own
    }

    pub(super) fn routes_mut(&mut self) -> &mut Routes {
        &mut self.routes
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.routes.primary
    }

    /// Returns whether the session has begun something of its own that is neither committed nor rolled back.
    pub(super) fn has_open_work(&self) -> bool {
        match self.joined {
            Some(Joined { is_outer: true, mode: JoinMode::CreateSavepoint, has_savepoint, .. }) => has_savepoint,
            Some(Joined { is_outer: true, .. }) => false,
            _ => self.in_transaction(),
        }
    }

    pub(super) fn begin_with(&mut self, level: IsolationLevel) {
        self.level = Some(level);
    }

    pub(super) fn in_transaction(&self) -> bool {
        match self.joined {
            Some(Joined { is_outer: true, mode: JoinMode::CreateSavepoint, has_savepoint, .. }) => has_savepoint,
            _ => self.open.iter().any(Connection::in_transaction),
        }
    }

    /// Returns the engine that a statement goes to.
    pub(crate) fn engine_of(&self, request: BindRequest) -> Engine {
        self.routes.engine(request, self.has_written, self.replica)
    }

    /// Returns the connection for a statement, with the transaction begun, and in as many savepoints as the others.
    pub(crate) async fn of(&mut self, request: BindRequest) -> Result<&mut Connection> {
        self.undo_abandoned().await?;
        let mut at = self.place(request).await?;
        let is_new = !self.open[at].has_begun();
        if let Err(error) = self.begin(at, request).await {
            if !is_new || self.joined.is_some() || !error.is_disconnect() {
                return Err(error);
            }
            // It had died in the pool, and others of its age with it, as when a server restarts. Nothing was done on it.
            self.engine_of(request).pool().invalidate();
            at = self.place(request).await?;
            self.begin(at, request).await?;
        }
        self.has_written |= request.is_write();
        let connection = &mut self.open[at];
        if let Some(joined) = &mut self.joined
            && joined.is_outer
            && joined.mode == JoinMode::CreateSavepoint
            && !joined.has_savepoint
        {
            connection.words(&format!("SAVEPOINT {JOINED}")).await?;
            joined.has_savepoint = true;
        }
        if self.joined.is_some_and(|joined| !joined.is_told) {
            self.tell_lent().await?;
        }
        let connection = &mut self.open[at];
        if is_new {
            for depth in 1..=self.savepoints {
                connection.words(&format!("SAVEPOINT {}", name(depth))).await?;
            }
        }
        Ok(connection)
    }

    /// Returns the connection for a query whose rows become objects: they note whether they are written elsewhere.
    pub(crate) async fn for_loading(&mut self, request: BindRequest, objects: &mut Objects) -> Result<&mut Connection> {
        objects.reads_elsewhere = self.is_elsewhere(request);
        self.of(request).await
    }

    /// Returns whether what a statement reads is written on another engine.
    fn is_elsewhere(&self, request: BindRequest) -> bool {
        self.routes.may_read_elsewhere()
            && self.joined.is_none()
            && !request.is_write()
            && request.mapper.is_some()
            && !self.engine_of(request).is(&self.engine_of(request.write_back()))
    }

    /// Begins a connection's transaction, or makes it ready to go on; one on which none could begin is given back.
    async fn begin(&mut self, at: usize, request: BindRequest) -> Result<()> {
        let is_new = !self.open[at].has_begun();
        let level = self.level.or(self.open[at].engine.isolation_level());
        let begun = match self.may_put_off(request) {
            true => self.open[at].begin_to_read(level).await,
            false if self.is_alone && request.writes => self.open[at].begin_alone(level).await,
            false => self.open[at].begin_at(level, request.writes).await,
        };
        if begun.is_err() && is_new && self.joined.is_none() {
            self.open.remove(at);
        }
        begun?;
        if is_new && self.joined.is_none() && !self.begins.is_empty() {
            return Box::pin(self.tell(at)).await;
        }
        Ok(())
    }

    /// Returns whether nobody would see that the transaction has not begun yet in the database.
    fn may_put_off(&self, request: BindRequest) -> bool {
        request.is_query() && self.savepoints == 0 && self.begins.is_empty() && self.joined.is_none()
    }

    /// Says whether the next statement that writes is the only one and the commit follows: so it may commit itself, where nothing has
    /// begun yet.
    pub(crate) fn write_alone_if(&mut self, is_alone: bool) {
        self.is_alone = is_alone
            && self.savepoints == 0
            && self.abandoned.is_none()
            && self.begins.is_empty()
            && self.joined.is_none()
            && !self.is_lost
            && !self.may_have_committed()
            && !self.open.iter().any(Connection::has_begun);
    }

    /// Returns whether a statement that commits itself has written something, or is on its way.
    pub(super) fn may_have_committed(&self) -> bool {
        self.open.iter().any(Connection::may_have_committed)
    }

    /// Tells listeners of a transaction that has begun. The connection is away meanwhile: if they fail or are given up, it
    /// goes, and nothing has begun.
    async fn tell(&mut self, at: usize) -> Result<()> {
        let mut connection = self.open.remove(at);
        let told = self.begins.call(&mut connection, &self.info).await;
        match told {
            Ok(()) => self.open.insert(at, connection),
            Err(_) => drop(connection.roll_back().await),
        }
        told
    }

    /// Tells them of the session's part in the transaction of a connection that was lent; if they fail, that is undone, as far as
    /// it is the session's.
    async fn tell_lent(&mut self) -> Result<()> {
        let (Some(joined), Some(connection)) = (&mut self.joined, self.open.first_mut()) else { return Ok(()) };
        let told = match self.begins.is_empty() {
            true => Ok(()),
            false => Box::pin(self.begins.call(connection, &self.info)).await,
        };
        joined.is_told = told.is_ok();
        let is_its_owners = joined.is_outer && joined.mode == JoinMode::RollbackOnly;
        if told.is_err() && !is_its_owners && self.roll_back_each().await.is_err() {
            self.lose();
        }
        told
    }

    async fn place(&mut self, request: BindRequest) -> Result<usize> {
        if self.joined.is_some() {
            return self.open.first().map(|_| 0).ok_or_else(|| {
                let message =
                    "the connection that was lent to the session is gone, and its transaction was rolled back";
                Error::new(ErrorKind::Disconnected, message).hint("make a session over another connection")
            });
        }
        let engine = self.engine_of(request);
        let known = self.open.iter().position(|open| open.engine.is(&engine));
        if let Some(known) = known {
            return Ok(known);
        }
        let mut connection = engine.connect_from(self.made_at).await?;
        connection.is_of_session = true;
        self.open.push(connection);
        Ok(self.open.len() - 1)
    }

    /// Returns whether two models' statements go to one connection.
    pub(super) fn are_together(&self, one: &'static Mapper, other: &'static Mapper) -> bool {
        let engine = |mapper| self.engine_of(BindRequest::read(mapper));
        self.joined.is_some() || engine(one).is(&engine(other))
    }

    /// Returns a model whose table a statement takes although it is on another engine than the one that it goes to.
    pub(super) fn far_model(&self, statements: &[Statement]) -> Option<Taken> {
        if self.joined.is_some() || !self.routes.has_binds() {
            return None;
        }
        let request = BindRequest::of(statements);
        let own = request.mapper?;
        let is_near = |mapper: &'static Mapper| {
            let are_one = |one: BindRequest| self.engine_of(one).is(&self.engine_of(one.about(mapper)));
            // One of the two may be read from a replica of the other's engine.
            mapper.is(own) || are_one(request) || are_one(request.write_back())
        };
        statements.iter().flat_map(Statement::models).find(|taken| !is_near(taken.mapper))
    }

    // ------------------------------------------------------------------------------------------------ savepoints

    pub(super) async fn savepoint(&mut self) -> Result<()> {
        self.of(BindRequest::transaction(true)).await?;
        let depth = self.savepoints + 1;
        self.everywhere(&format!("SAVEPOINT {}", name(depth))).await?;
        self.savepoints = depth;
        Ok(())
    }

    pub(super) async fn release(&mut self) -> Result<()> {
        self.undo_abandoned().await?;
        let depth = self.savepoints;
        // One that the database does not release is still open, for whoever undoes it.
        self.everywhere(&format!("RELEASE SAVEPOINT {}", name(depth))).await?;
        self.savepoints = depth.saturating_sub(1);
        Ok(())
    }

    /// Notes that the innermost savepoint is to be rolled back before the next statement.
    pub(super) fn abandon(&mut self) {
        self.abandoned = Some(self.abandoned.map_or(self.savepoints, |depth| depth.min(self.savepoints)));
        self.savepoints = self.savepoints.saturating_sub(1);
    }

    /// Rolls back what was noted, which stays noted until it is done.
    pub(super) async fn undo_abandoned(&mut self) -> Result<()> {
        if let Some(depth) = self.abandoned {
            self.everywhere(&format!("ROLLBACK TO SAVEPOINT {}", name(depth))).await?;
            self.abandoned = None;
        }
        Ok(())
    }

    /// Forgets the savepoints, since the transaction ends.
    pub(super) fn forget_savepoints(&mut self) {
        (self.savepoints, self.abandoned) = (0, None);
    }

    async fn everywhere(&mut self, words: &str) -> Result<()> {
        for connection in self.open.iter_mut().filter(|connection| connection.has_begun()) {
            connection.refuse_invalid()?;
            connection.words(words).await?;
        }
        Ok(())
    }

    // ------------------------------------------------------------------------------------------------ the end

    /// Undoes what a flush has sent: the innermost savepoint, or the transaction.
    pub(super) async fn undo_flush(&mut self) {
        let undone = if self.savepoints > 0 {
            self.everywhere(&format!("ROLLBACK TO SAVEPOINT {}", name(self.savepoints))).await
        } else {
            self.roll_back_each().await
        };
        if undone.is_err() {
            self.lose();
        }
    }

    /// Commits on each connection, and gives back those that were not lent.
    pub(super) async fn commit(&mut self) -> Result<()> {
        let mut committed = 0;
        for at in 0..self.open.len() {
            let done = match self.joined {
                Some(Joined { is_outer: true, mode: JoinMode::RollbackOnly, .. }) => Ok(()),
                Some(Joined { is_outer: true, mode: JoinMode::CreateSavepoint, has_savepoint, .. }) => {
                    match has_savepoint {
                        true => self.open[at].words(&format!("RELEASE SAVEPOINT {JOINED}")).await,
                        false => Ok(()),
                    }
                }
                _ => self.open[at].commit_now().await.inspect(|()| self.joined = self.joined.map(Joined::ended)),
            };
            match done {
                Ok(()) => committed += 1,
                Err(error) => return Err(self.commit_failed(error, committed).await),
            }
        }
        self.end();
        Ok(())
    }

    async fn commit_failed(&mut self, error: Error, committed: usize) -> Error {
        let is_unknown = *error.kind() == ErrorKind::CommitUnknown;
        if is_unknown || self.roll_back_each().await.is_err() {
            self.lose();
        }
        if committed == 0 {
            return error;
        }
        let message = format!("the transaction was committed on {committed} engine(s) and failed on another");
        Error::new(ErrorKind::CommitUnknown, message).note(error.message().to_owned())
    }

    /// Rolls back on each connection, and gives back those that were not lent.
    pub(super) async fn rollback(&mut self) -> Result<()> {
        let done = self.roll_back_each().await;
        if done.is_err() {
            self.drop_all();
        }
        self.end();
        unless_lost(done)
    }

    /// Leaves the transaction of a lent connection to its owner.
    pub(super) async fn leave(&mut self) -> Result<()> {
        let done = self.undo_abandoned().await;
        self.end();
        done
    }

    /// Returns whether the transaction is somebody else's, whom the session leaves its end to.
    pub(super) fn is_its_owners(&self) -> bool {
        matches!(self.joined, Some(Joined { is_outer: true, mode: JoinMode::RollbackOnly, .. }))
            && !self.open.is_empty()
    }

    async fn roll_back_each(&mut self) -> Result<()> {
        let mut done = Ok(());
        for connection in &mut self.open {
            let own = match &mut self.joined {
                Some(joined) if joined.is_outer && joined.mode == JoinMode::CreateSavepoint => {
                    joined.is_told = false;
                    match std::mem::take(&mut joined.has_savepoint) {
                        true => {
                            let words = format!("ROLLBACK TO SAVEPOINT {JOINED}");
                            match connection.words(&words).await {
                                Ok(()) => connection.words(&format!("RELEASE SAVEPOINT {JOINED}")).await,
                                Err(error) => Err(error),
                            }
                        }
                        false => Ok(()),
                    }
                }
                _ => {
                    self.joined = self.joined.map(Joined::ended);
                    connection.roll_back().await
                }
            };
            done = done.and(own);
        }
        done
    }

    fn end(&mut self) {
        self.forget_savepoints();
        (self.level, self.has_written, self.is_lost, self.is_alone) = (None, false, false, false);
        match &mut self.joined {
            Some(joined) => (joined.has_savepoint, joined.is_told) = (false, false),
            None => self.open.clear(),
        }
    }

    /// Gives back what has only read in a test's transaction, where there is nobody to be kept apart from, and whoever
    /// wants the one connection would wait for it.
    pub(super) fn rest(&mut self) {
        let has_only_read = !self.has_written && self.savepoints == 0 && self.abandoned.is_none();
        if has_only_read && self.joined.is_none() && self.routes.primary.is_of_test() {
            self.open.retain(|connection| !connection.engine.is_of_test());
        }
    }

    /// Gives the connections back to their pools in whatever state they are, which roll back or close them.
    pub(super) fn drop_all(&mut self) {
        self.open.clear();
        self.forget_savepoints();
        (self.has_written, self.is_alone) = (false, false);
    }

    /// Gives the connections back in the middle of the transaction, which only a rollback of all of it ends.
    pub(super) fn lose(&mut self) {
        self.drop_all();
        self.is_lost = true;
    }

    /// Returns whether all that was done in the transaction is gone, before the savepoints too.
    pub(super) fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Ends the connections.
    pub(super) fn invalidate(&mut self) {
        self.open.drain(..).for_each(Connection::invalidate);
        self.end();
    }

    /// Gives the lent connection back.
    pub(super) fn take_connection(&mut self) -> Option<Connection> {
        self.joined?;
        self.open.pop()
    }
}

fn name(depth: usize) -> String {
    format!("orm_savepoint_{depth}")
}
