//! [`BindRequest`]: which engine a session's statement goes to, and what a function that chooses one is told of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Session;
use crate::engine::Engine;
use crate::mapper::{Entity, Mapper, Model};
use crate::sql::Statement;

/// What kind of statement a session is about to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatementKind {
    /// A query.
    Select,
    /// An INSERT.
    Insert,
    /// An UPDATE.
    Update,
    /// A DELETE.
    Delete,
    /// SQL text.
    Text,
    /// The beginning of a transaction or of a savepoint, or [`Session::connection`](super::Session::connection).
    Transaction,
}

/// What a statement is about, for the function that chooses its engine: see
/// [`SessionMaker::get_bind`](super::SessionMaker::get_bind).
#[derive(Clone, Copy, Debug)]
pub struct BindRequest {
    pub(super) mapper: Option<&'static Mapper>,
    kind: StatementKind,
    pub(super) writes: bool,
    /// Whether it reads what is written afterwards, or may be used to write.
    serves_write: bool,
    has_written: bool,
}

impl BindRequest {
    fn new(mapper: Option<&'static Mapper>, kind: StatementKind, writes: bool) -> Self {
        BindRequest { mapper, kind, writes, serves_write: false, has_written: false }
    }

    /// A query of a model's rows.
    pub(crate) fn read(mapper: &'static Mapper) -> Self {
        BindRequest::new(Some(mapper), StatementKind::Select, false)
    }

    /// A query of a model's rows that says what is to be written.
    pub(crate) fn read_to_write(mapper: &'static Mapper) -> Self {
        BindRequest { serves_write: true, ..BindRequest::read(mapper) }
    }

    /// A writing statement of a flush.
    pub(crate) fn write(mapper: &'static Mapper, kind: StatementKind) -> Self {
        BindRequest::new(Some(mapper), kind, true)
    }

    /// The transaction itself.
    pub(crate) fn transaction(will_write: bool) -> Self {
        BindRequest::new(None, StatementKind::Transaction, will_write)
    }

    /// The connection, for whatever its owner does with it.
    pub(crate) fn connection() -> Self {
        BindRequest { serves_write: true, ..BindRequest::transaction(false) }
    }

    /// Statements that are run together, which are about one model.
    pub(crate) fn of(statements: &[Statement]) -> Self {
        let model = statements.first().and_then(Statement::model);
        let kind = statements.first().map_or(StatementKind::Transaction, kind);
        BindRequest::new(model, kind, statements.iter().any(Statement::takes_write_lock))
    }

    /// The same statement, if it were about another model first of all.
    pub(super) fn about(self, mapper: &'static Mapper) -> Self {
        BindRequest { mapper: Some(mapper), ..self }
    }

    /// The UPDATE of what it reads.
    pub(super) fn write_back(self) -> Self {
        BindRequest::new(self.mapper, StatementKind::Update, true)
    }

    /// Returns what kind of statement it is.
    pub fn kind(&self) -> StatementKind {
        self.kind
    }

    /// Returns whether it may change rows, or locks them, or reads what is to be changed.
    pub fn is_write(&self) -> bool {
        self.writes || self.serves_write
    }

    /// Returns whether it is a query of rows that nothing is done with.
    pub(super) fn is_query(&self) -> bool {
        self.kind == StatementKind::Select && !self.is_write()
    }

    /// Returns whether the session's transaction has written already, or has asked for a connection that may write.
    pub fn has_written(&self) -> bool {
        self.has_written
    }

    /// Returns whether it is about a model first of all.
    pub fn is_of<A: Entity>(&self, _entity: A) -> bool {
        self.mapper.is_some_and(|mapper| mapper.is(A::Model::__mapper()))
    }

    /// Returns the name of the table that it is about first of all, with that of its schema, if it is about one.
    pub fn table(&self) -> Option<String> {
        self.mapper.map(|mapper| {
            let definition = mapper.definition();
            crate::schema::full_name(definition.schema, definition.table)
        })
    }
}

pub(super) fn kind(statement: &Statement) -> StatementKind {
    match statement {
        Statement::Select(_) | Statement::Count(_) | Statement::Exists(_) => StatementKind::Select,
        Statement::Explain(inner) => kind(inner),
        Statement::Insert(_) => StatementKind::Insert,
        Statement::Update(_) => StatementKind::Update,
        Statement::Delete(_) => StatementKind::Delete,
        Statement::Text(_) => StatementKind::Text,
    }
}

type Chooses = Arc<dyn Fn(&BindRequest) -> Option<Engine> + Send + Sync>;

/// Which engine a statement goes to.
#[derive(Clone)]
pub(crate) struct Routes {
    pub(super) primary: Engine,
    /// Where reads go until the transaction writes.
    pub(super) replicas: Vec<Engine>,
    /// Models with an engine of their own, by their mappers' ids.
    pub(super) models: Vec<(usize, Engine)>,
    /// Tables with an engine of their own, by their full names.
    pub(super) tables: Vec<(String, Engine)>,
    /// The user's own function, which is asked first.
    pub(super) chooses: Option<Chooses>,
    /// Which replica comes next; sessions take turns.
    next: Arc<AtomicUsize>,
}

impl std::fmt::Debug for Routes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Routes")
            .field("primary", &self.primary)
            .field("replicas", &self.replicas.len())
            .field("models", &self.models.len())
            .field("tables", &self.tables.len())
            .finish_non_exhaustive()
    }
}

impl Routes {
    pub(super) fn to(engine: &Engine) -> Self {
        Routes {
            primary: engine.clone(),
            replicas: Vec::new(),
            models: Vec::new(),
            tables: Vec::new(),
            chooses: None,
            next: Arc::default(),
        }
    }

    /// Returns the number of a session's replica.
    pub(super) fn take_turn(&self) -> usize {
        if self.replicas.is_empty() { 0 } else { self.next.fetch_add(1, Ordering::Relaxed) }
    }

    /// Returns whether models may have different engines.
    pub(super) fn has_binds(&self) -> bool {
        !(self.models.is_empty() && self.tables.is_empty() && self.chooses.is_none())
    }

    /// Returns whether rows may be read from another engine than the one where they are written.
    pub(super) fn may_read_elsewhere(&self) -> bool {
        !self.replicas.is_empty() || self.chooses.is_some()
    }

    /// Returns the engine of a statement: what the user's function chooses, its model's own, its table's own, else the
    /// primary one, or a replica of that for reads.
    pub(super) fn engine(&self, request: BindRequest, has_written: bool, replica: usize) -> Engine {
        let request = BindRequest { has_written, ..request };
        let chosen = self.chooses.as_ref().and_then(|chooses| chooses(&request));
        if let Some(engine) = chosen {
            return engine;
        }
        let of_model = || {
            let id = request.mapper?.id();
            self.models.iter().rev().find(|(model, _)| *model == id).map(|(_, engine)| engine)
        };
        let of_table = || {
            let name = if self.tables.is_empty() { None } else { request.table() }?;
            self.tables.iter().rev().find(|(table, _)| *table == name).map(|(_, engine)| engine)
        };
        let default = || match self.replicas.is_empty() || request.is_write() || has_written {
            true => &self.primary,
            false => &self.replicas[replica % self.replicas.len()],
        };
        of_model().or_else(of_table).unwrap_or_else(default).clone()
    }
}

impl Session {
    /// Returns the engine that a query of a model goes to now. SQLAlchemy's `Session.get_bind`.
    pub fn get_bind<A: Entity>(&self, _entity: A) -> Engine {
        self.connections.engine_of(BindRequest::read(A::Model::__mapper()))
    }

    /// Sends a model's statements to an engine of its own from now on: [`SessionMaker::bind`](super::SessionMaker::bind) for
    /// one session. SQLAlchemy's `bind_mapper`.
    pub fn bind<A: Entity>(&mut self, _entity: A, engine: &Engine) {
        self.connections.routes_mut().models.push((A::Model::__mapper().id(), engine.clone()));
    }

    /// Sends the statements about a table to an engine of its own from now on:
    /// [`SessionMaker::bind_table`](super::SessionMaker::bind_table) for one session.
    pub fn bind_table(&mut self, table: &str, engine: &Engine) {
        self.connections.routes_mut().tables.push((table.to_owned(), engine.clone()));
    }
}
