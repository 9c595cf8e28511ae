//! Listeners of an engine, which hear of each statement that has run.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use orm::prelude::*;
use orm::{Dialect, ErrorKind, ExecutionOptions, SessionMaker, StatementEvent, Value, text};

use crate::support::{dialect, empty_engine_with};

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "notes", metadata = none)]
struct Note {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 20)]
    text: String,
}

/// What a listener was told.
#[derive(Clone, Debug, PartialEq)]
struct Told {
    /// The first words.
    sql: String,
    rows: Option<u64>,
    affected: Option<u64>,
    in_transaction: bool,
    error: Option<ErrorKind>,
    token: Option<String>,
    parameters: Option<Vec<Value>>,
}

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<Told>>>);

impl Heard {
    fn note(&self, event: &StatementEvent<'_>) {
        assert!(event.duration() > Duration::ZERO && event.duration() < Duration::from_secs(60));
        self.0.lock().unwrap().push(Told {
            sql: event.sql().split_whitespace().take(2).collect::<Vec<_>>().join(" "),
            rows: event.rows(),
            affected: event.rows_affected(),
            in_transaction: event.in_transaction(),
            error: event.error().map(|error| error.kind().clone()),
            token: event.logging_token().map(str::to_owned),
            parameters: event.parameters().map(<[Value]>::to_vec),
        });
    }

    fn take(&self) -> Vec<Told> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    /// What was heard: the words, the rows that came, and whether a transaction was open.
    fn lines(&self) -> Vec<String> {
        let line = |told: Told| {
            let rows = told.rows.map_or_else(|| "-".to_owned(), |rows| rows.to_string());
            let place = if told.in_transaction { "in a transaction" } else { "alone" };
            format!("{} | {rows} | {place}", told.sql)
        };
        self.take().into_iter().map(line).collect()
    }
}

async fn heard(settings: impl FnOnce(orm::EngineBuilder) -> orm::EngineBuilder) -> (Engine, Heard) {
    let heard = Heard::default();
    let ears = heard.clone();
    let engine = empty_engine_with(|engine| settings(engine.on_statement(move |event| ears.note(event)))).await;
    metadata![Note].create_all(&engine).await.unwrap();
    assert!(heard.take().iter().any(|told| told.sql.starts_with("CREATE TABLE")));
    (engine, heard)
}

#[tokio::test]
async fn statements_of_the_engine_and_of_sessions_are_heard() {
    let (engine, heard) = heard(|engine| engine).await;
    insert(Note).values([Note::builder().text("a"), Note::builder().text("b")]).execute(&engine).await.unwrap();
    let [told] = heard.take().try_into().unwrap();
    let Told { sql, affected, in_transaction, error, parameters, token, .. } = told;
    assert_eq!((sql.as_str(), affected, error, token), ("INSERT INTO", Some(2), None, None));
    // PostgreSQL is sent lists of a column's values, if there are many rows.
    assert_eq!(parameters.map(|values| values.len()), Some(2));
    assert!(!in_transaction);

    let notes: Vec<Note> = select(Note).all(&engine).await.unwrap();
    assert_eq!((notes.len(), heard.lines()), (2, vec!["SELECT notes.id, | 2 | alone".to_owned()]));

    let mut session = SessionMaker::new(&engine).session();
    let note = session.query(Note).filter(Note.text.eq("a")).one().await.unwrap();
    session[note].text = "c".into();
    session.commit().await.unwrap();
    let lines: &[&str] = match dialect() {
        // It is told of a transaction when something needs it.
        Dialect::Postgres => &["SELECT notes.id, | 1 | alone", "UPDATE notes | 0 | alone"],
        _ => &[
            "BEGIN | - | alone",
            "SELECT notes.id, | 1 | in a transaction",
            "UPDATE notes | 0 | in a transaction",
            "COMMIT | - | in a transaction",
        ],
    };
    assert_eq!(heard.lines(), lines);
}

#[tokio::test]
async fn streams_savepoints_and_rollbacks_are_heard() {
    let (engine, heard) = heard(|engine| engine).await;
    let mut connection = engine.connect().await.unwrap();
    connection.begin_nested().await.unwrap().commit().await.unwrap();
    let mut stream = connection.stream(select(Note)).await.unwrap();
    assert!(stream.next().await.unwrap().is_none());
    drop(stream);
    connection.rollback().await.unwrap();
    let lines = heard.lines();
    let is_heard = |line: &str| lines.iter().any(|heard| heard.starts_with(line));
    assert!(is_heard("SAVEPOINT ") && is_heard("RELEASE SAVEPOINT"), "{lines:?}");
    assert!(is_heard("SELECT notes.id, | - | in a transaction"), "{lines:?}");
    assert_eq!(lines.last().map(String::as_str), Some("ROLLBACK | - | in a transaction"));
}

#[tokio::test]
async fn failures_are_heard_with_their_error() {
    let (engine, heard) = heard(|engine| engine).await;
    let error = text("SELECT nothing_of_that_name").execute(&engine).await.unwrap_err();
    let [told] = heard.take().try_into().unwrap();
    assert_eq!((told.error.as_ref(), told.affected), (Some(error.kind()), None));

    insert(Note).values(Note { id: 1, text: "a".into() }).execute(&engine).await.unwrap();
    let error = insert(Note).values(Note { id: 1, text: "a".into() }).execute(&engine).await.unwrap_err();
    let [_, told] = heard.take().try_into().unwrap();
    assert_eq!(told.error.as_ref(), Some(error.kind()));
    text("SELECT 'x'").columns::<i64>().one(&engine).await.unwrap_err();
    let [told] = heard.take().try_into().unwrap();
    assert_eq!((told.error, told.rows), (Some(ErrorKind::Data), Some(1)), "what came cannot be read");
}

#[tokio::test]
async fn parameters_are_hidden_and_tokens_are_told() {
    let (engine, heard) = heard(|engine| engine.hide_parameters(true)).await;
    let reports = engine.execution_options(ExecutionOptions::new().logging_token("reports"));
    select(Note).filter(Note.text.eq("secret")).all(&reports).await.unwrap();
    let [told] = heard.take().try_into().unwrap();
    assert_eq!((told.parameters, told.token.as_deref()), (None, Some("reports")));
}

#[tokio::test]
async fn rows_of_a_bulk_and_of_a_graph_are_heard() {
    let (engine, heard) = heard(|engine| engine).await;
    let mut session = Session::new(&engine);
    session.bulk_insert((0..40).map(|number| Note::builder().text(number.to_string()))).await.unwrap();
    session.commit().await.unwrap();
    let told = heard.take();
    let affected: u64 = told.iter().filter(|told| told.sql == "INSERT INTO").filter_map(|told| told.affected).sum();
    assert_eq!(affected, 40, "{told:?}");
}
