//! [`SessionMaker`]: sessions of one make, for the places that begin units of work.

use std::panic::Location;
use std::sync::Arc;

use super::connections::Connections;
use super::routes::{BindRequest, Routes};
use super::{NPlusOne, Session, SessionEvents, SessionInfo};
use crate::engine::Engine;
use crate::error::Result;
use crate::mapper::{Entity, Model};
use crate::schema::MetaData;

/// Makes sessions with the same settings: what an application keeps in its state, and a handler takes a session from.
///
/// SQLAlchemy's `sessionmaker`.
///
/// ```
/// # use orm_core::{Engine, SessionMaker};
/// let engine = Engine::new("sqlite::memory:")?;
/// let sessions = SessionMaker::new(&engine).autoflush(false);
/// let session = sessions.session();
/// assert!(!session.in_transaction()); // it connects at its first statement
/// # Ok::<(), orm_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SessionMaker {
    routes: Routes,
    events: Arc<SessionEvents>,
    info: SessionInfo,
    autoflush: bool,
    expire_on_commit: bool,
    n_plus_one: NPlusOne,
    confirms_deletes: bool,
}

impl SessionMaker {
    /// Makes a maker of sessions over an engine.
    pub fn new(engine: &Engine) -> Self {
        SessionMaker {
            routes: Routes::to(engine),
            events: Arc::default(),
            info: SessionInfo::default(),
            autoflush: true,
            expire_on_commit: true,
            n_plus_one: NPlusOne::Warn,
            confirms_deletes: true,
        }
    }

    /// Says whether queries flush first; on by default.
    #[must_use]
    pub fn autoflush(mut self, autoflush: bool) -> Self {
        self.autoflush = autoflush;
        self
    }

    /// Says whether a commit expires the objects; on by default.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, SessionMaker, insert, metadata, update};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let sessions = SessionMaker::new(&engine).expire_on_commit(false);
    /// let mut session = sessions.session();
    /// let ed = session.add(User::builder().name("ed"));
    /// session.commit().await?;
    ///
    /// update(User).set(User.name, "edward").execute(&engine).await?;
    /// assert_eq!(session.get(User, 1).await?, Some(ed)); // from the identity map, without a statement
    /// assert_eq!(session[ed].name, "ed");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn expire_on_commit(mut self, expire: bool) -> Self {
        self.expire_on_commit = expire;
        self
    }

    /// Says what sessions do about relationships that are loaded for one object after the other; they warn by default.
    ///
    /// See [`Session::n_plus_one`].
    #[must_use]
    pub fn n_plus_one(mut self, policy: NPlusOne) -> Self {
        self.n_plus_one = policy;
        self
    }

    /// Says whether a flush warns of rows to be deleted that are gone already; on by default. With a version column such a
    /// row is an error, whatever is said here. SQLAlchemy's `confirm_deleted_rows`.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, SessionMaker, delete, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let mut session = SessionMaker::new(&engine).confirm_deleted_rows(false).session();
    /// let ed = session.add(User::builder().name("ed"));
    /// session.commit().await?;
    ///
    /// delete(User).execute(&engine).await?; // somebody else is faster
    /// session.delete(ed).await?;
    /// session.commit().await?; // without a warning
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn confirm_deleted_rows(mut self, confirm: bool) -> Self {
        self.confirms_deletes = confirm;
        self
    }

    /// Adds listeners to the sessions.
    #[must_use]
    pub fn events(mut self, events: SessionEvents) -> Self {
        Arc::make_mut(&mut self.events).extend(events);
        self
    }

    /// Notes something of the sessions, which all of them share: see [`Session::set_info`].
    #[must_use]
    pub fn info<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.info.set(value);
        self
    }

    /// Sends a model's statements to an engine of its own. SQLAlchemy's `binds`.
    ///
    /// A flush writes each model where it belongs, and a commit commits on one engine after the other: when one fails after
    /// another has committed, that is [`CommitUnknown`](crate::ErrorKind::CommitUnknown). Relationships to a model of
    /// another engine are loaded by [`Session::load`], not along with a query, and have no foreign key in the database.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, SessionMaker, metadata, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Event { #[orm(primary_key)] id: i64, what: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// let (main, archive) = (Engine::new("sqlite::memory:")?, Engine::new("sqlite::memory:")?);
    /// metadata![User].create_all(&main).await?;
    /// metadata![Event].create_all(&archive).await?;
    /// let mut session = SessionMaker::new(&main).bind(Event, &archive).session();
    /// session.add(User::builder().name("ed"));
    /// session.add(Event::builder().what("ed came"));
    /// session.commit().await?;
    /// assert_eq!(select(Event.what).all(&archive).await?, ["ed came"]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn bind<A: Entity>(mut self, _entity: A, engine: &Engine) -> Self {
        self.routes.models.push((A::Model::__mapper().id(), engine.clone()));
        self
    }

    /// Sends the statements about a table to an engine of its own, whether a model stands for the table, a
    /// [`Table`](crate::schema::Table) or a [`table`](crate::table): the name is that of [`Table::full_name`](crate::schema::Table::full_name).
    /// What [`bind`](Self::bind) says about a model goes before. SQLAlchemy's `binds` with a table.
    #[must_use]
    pub fn bind_table(mut self, table: &str, engine: &Engine) -> Self {
        self.routes.tables.push((table.to_owned(), engine.clone()));
        self
    }

    /// Sends the statements about all tables of a metadata to an engine of their own. SQLAlchemy's `binds` with a base class.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, SessionMaker, metadata, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Visit { #[orm(primary_key)] id: i64, page: String }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Event { #[orm(primary_key)] id: i64, what: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// let (main, archive) = (Engine::new("sqlite::memory:")?, Engine::new("sqlite::memory:")?);
    /// let archived = metadata![Visit, Event];
    /// archived.create_all(&archive).await?;
    /// let mut session = SessionMaker::new(&main).bind_all(&archived, &archive)?.session();
    /// session.add(Visit::builder().page("/"));
    /// session.commit().await?;
    /// assert_eq!(select(Visit.page).all(&archive).await?, ["/"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when a model of the metadata cannot be configured.
    pub fn bind_all(mut self, metadata: &MetaData, engine: &Engine) -> Result<Self> {
        for table in metadata.tables()? {
            self.routes.tables.push((table.full_name(), engine.clone()));
        }
        Ok(self)
    }

    /// Has a function choose the engine of each statement; where it gives `None`, what is said otherwise holds.
    /// SQLAlchemy's `Session.get_bind`, which a subclass overrides.
    ///
    /// It is asked before each statement, also of a flush, and before a query also where its rows would be updated and where
    /// the other models are that it takes. Once a transaction has begun on an engine it goes on there; a
    /// commit commits on one engine after the other, as with [`bind`](Self::bind).
    ///
    /// ```
    /// # use orm_core::{Engine, Model, SessionMaker, metadata, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Event { #[orm(primary_key)] id: i64, what: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let (main, archive, reports) = (Engine::new("sqlite::memory:")?, Engine::new("sqlite::memory:")?, Engine::new("sqlite::memory:")?);
    /// # metadata![User, Event].create_all(&main).await?;
    /// # metadata![User, Event].create_all(&archive).await?;
    /// # metadata![User, Event].create_all(&reports).await?;
    /// let (to_archive, to_reports) = (archive.clone(), reports.clone());
    /// let sessions = SessionMaker::new(&main).get_bind(move |request| match request {
    ///     request if request.is_of(Event) => Some(to_archive.clone()),
    ///     request if !request.is_write() && !request.has_written() => Some(to_reports.clone()),
    ///     _ => None,
    /// });
    /// let mut session = sessions.session();
    /// assert_eq!(session.query(User).count().await?, 0); // of the reports
    /// session.add(User::builder().name("ed"));
    /// session.add(Event::builder().what("ed came"));
    /// session.commit().await?;
    /// assert_eq!((select(User).count(&main).await?, select(Event).count(&archive).await?), (1, 1));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn get_bind(mut self, choose: impl Fn(&BindRequest) -> Option<Engine> + Send + Sync + 'static) -> Self {
        self.routes.chooses = Some(Arc::new(choose));
        self
    }

    /// Sends reads to replicas, which sessions take in turn, and writes to the primary engine.
    ///
    /// Once a session has written, its reads go to the primary too until the transaction ends, so that it sees what it has
    /// written. A replica may be behind: what was committed a moment ago may not be there yet.
    #[must_use]
    pub fn replicas<'e>(mut self, engines: impl IntoIterator<Item = &'e Engine>) -> Self {
        self.routes.replicas.extend(engines.into_iter().cloned());
        self
    }

    /// Makes a session. It connects at its first statement.
    #[track_caller]
    pub fn session(&self) -> Session {
        let mut session = Session::new(&self.routes.primary);
        session.connections = Connections::new(self.routes.clone());
        (session.autoflush, session.expire_on_commit) = (self.autoflush, self.expire_on_commit);
        session.objects.events = self.events.clone();
        session.objects.info = self.info.clone();
        session.connections.listen(&self.events);
        session.connections.set_info(&self.info);
        session.objects.confirms_deletes = self.confirms_deletes;
        session.n_plus_one(self.n_plus_one);
        session
    }

    /// The same for a caller who was called from elsewhere.
    pub(crate) fn session_at(&self, place: &'static Location<'static>) -> Session {
        let mut session = self.session();
        session.connections.made_at(place);
        session
    }
}
