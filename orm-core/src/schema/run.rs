//! Runs DDL through any executor, and puts it together as text.

use super::creation::{self, Creation};
use crate::dialect::Dialect;
use crate::engine::{Engine, Exec, Executor, SchemaMap};
use crate::error::Result;
use crate::sql::{Statement, TextNode, TextPart};

/// Returns the dialect that an executor speaks.
pub(crate) fn dialect<E: Executor>(db: &mut E) -> Dialect {
    engine(db).dialect()
}

fn engine<E: Executor>(db: &mut E) -> Engine {
    match db.again() {
        Exec::Engine(engine) => engine.clone(),
        Exec::Connection(connection) => connection.engine().clone(),
        Exec::Session(session, _) | Exec::NoAutoflush(session) => session.engine().clone(),
    }
}

/// Returns which schemas are others to an executor, if some are.
pub(super) fn schemas<E: Executor>(db: &mut E) -> Result<Option<SchemaMap>> {
    engine(db).schemas().map(Option::<&SchemaMap>::cloned)
}

/// Returns the schema of tables without one, where a foreign key from another schema has to name it: MySQL would look for
/// its target in that other.
pub(crate) fn home<E: Executor>(db: &mut E) -> Option<String> {
    let engine = engine(db);
    let is_mysql = matches!(engine.dialect(), Dialect::MySql | Dialect::MariaDb);
    engine.url().database().filter(|_| is_mysql).map(str::to_owned)
}

/// Creates what is not there. PostgreSQL is asked for that first; and since its `IF NOT EXISTS` fails for what another transaction
/// is just creating, one engine waits for the other; not so in a transaction that is open, whose end may be far.
pub(super) async fn create<E: Executor>(mut db: E, creations: Result<Vec<Creation>>) -> Result<()> {
    let mut creations = creations?;
    if dialect(&mut db) != Dialect::Postgres {
        return run(db, Ok(creation::statements(creations))).await;
    }
    creations = creation::missing(&mut db, creations).await?;
    let waits = matches!(db.again(), Exec::Engine(engine) if !engine.is_of_test());
    let mut statements = creation::statements(creations);
    if waits && !statements.is_empty() {
        // Any number does that nobody else takes: these are the letters of `orm`.
        statements.insert(0, format!("SELECT pg_advisory_xact_lock({})", 0x6f_72_6d));
    }
    run(db, Ok(statements)).await
}

/// Runs statements as they stand; an engine does it in one transaction.
pub(super) fn run<E: Executor>(
    db: E,
    statements: Result<Vec<String>>,
) -> impl Future<Output = Result<()>> + Send + use<E> {
    let statements = statements.map(|statements| statements.into_iter().map(statement).collect::<Vec<_>>());
    async move {
        let statements = statements?;
        if statements.is_empty() {
            return Ok(());
        }
        db.__run(Ok(statements)).await.map(|_| ())
    }
}

/// Takes SQL as it stands.
pub(crate) fn statement(sql: String) -> Statement {
    Statement::Text(Box::new(TextNode { parts: vec![TextPart::Sql(sql)], model: None }))
}

/// Returns statements as one text.
pub(super) fn script(statements: Result<Vec<String>>) -> String {
    match statements {
        Ok(statements) => statements.join(";\n\n"),
        Err(error) => error.to_string(),
    }
}
