//! What an echoing engine says, and what it keeps to itself.

use std::future::Future;
use std::io::Write;
use std::sync::{Arc, Mutex};

use orm::prelude::*;
use orm::{Dialect, EngineBuilder, Error, ExecutionOptions, IsolationLevel};
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{dialect, empty_engine_with};

#[derive(Clone, Debug, Model)]
#[orm(table = "notes", metadata = none)]
struct Note {
    #[orm(primary_key)]
    id: i64,
    text: String,
}

/// What was logged.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Returns what was logged.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
impl MakeWriter<'_> for Log {
    type Writer = Log;

    fn make_writer(&self) -> Log {
        self.clone()
    }
}

/// Saves a note and reads it, and returns what was logged meanwhile.
fn logged(settings: impl FnOnce(EngineBuilder) -> EngineBuilder, text: &str) -> String {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).without_time().finish();
    let engine = settings(Engine::builder("sqlite::memory:")).build().unwrap();
    let work = async {
        metadata![Note].create_all(&engine).await?;
        let mut session = Session::new(&engine);
        session.add(Note::builder().text(text));
        session.commit().await?;
        select(Note).filter(Note.text.eq(text)).all(&engine).await.map(|rows| rows.len())
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let rows: Result<usize, Error> = tracing::subscriber::with_default(subscriber, || runtime.block_on(work));
    assert_eq!(rows.unwrap(), 1);
    log.text()
}

#[test]
fn it_says_statements_parameters_rows_and_the_ends_of_transactions() {
    let log = logged(|engine| engine.echo(true), "hello");
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("orm::engine")).collect();
    let said = |words: &str| lines.iter().position(|line| line.contains(words));
    let (begin, insert, commit) =
        (said("BEGIN IMMEDIATE"), said("INSERT INTO notes (text) VALUES (?)"), said("COMMIT"));
    assert!(begin.is_some() && insert.is_some() && commit.is_some(), "{log}");
    let insert = lines[insert.unwrap()];
    assert!(insert.contains(r#"db.query.parameters="(\"hello\")""#), "{insert}");
    assert!(insert.contains(r#"db.system.name="sqlite""#) && insert.contains("duration_us="), "{insert}");
    let query = lines[said("SELECT notes.id, notes.text FROM notes WHERE notes.text = ?").unwrap()];
    assert!(query.contains("db.response.returned_rows=1"), "{query}");
}

/// Runs something on an echoing engine and returns the lines.
fn lines<F: Future<Output = ()>>(
    settings: impl FnOnce(EngineBuilder) -> EngineBuilder,
    work: impl FnOnce(Engine) -> F,
) -> Vec<String> {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).without_time().finish();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let engine = runtime.block_on(empty_engine_with(|engine| settings(engine.echo(true))));
    tracing::subscriber::with_default(subscriber, || runtime.block_on(work(engine)));
    let bytes = log.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn lines_bear_the_attributes_of_opentelemetry() {
    let mut port = None;
    let all = lines(
        |engine| engine,
        async |engine| {
            port = engine.url().port();
            text("SELECT :n AS n").bind("n", 7).columns::<i64>().one(&engine).await.unwrap();
        },
    );
    let [line] = all.as_slice() else { panic!("{all:?}") };
    let (system, placeholder) = match dialect() {
        Dialect::Sqlite => ("sqlite", "?"),
        Dialect::Postgres => ("postgresql", "$1"),
        Dialect::MySql => ("mysql", "?"),
        _ => ("mariadb", "?"),
    };
    let query = format!("SELECT {placeholder} AS n");
    for part in [
        format!("INFO orm::engine: {query} "),
        format!("db.system.name=\"{system}\""),
        "db.operation.name=\"SELECT\"".to_owned(),
        format!("db.query.text=\"{query}\""),
        "db.query.parameters=\"(7)\"".to_owned(),
        "db.response.returned_rows=1".to_owned(),
        "duration_us=".to_owned(),
    ] {
        assert!(line.contains(&part), "{part} in {line}");
    }
    let usual = if dialect() == Dialect::Postgres { 5432 } else { 3306 };
    let port = format!("server.port={}", port.unwrap_or(usual));
    let server = match dialect() {
        Dialect::Sqlite => vec!["db.namespace=\":memory:\""],
        Dialect::Postgres => vec!["db.namespace=\"", "server.address=\"127.0.0.1\"", port.as_str()],
        _ => vec!["db.namespace=\"orm_test_", "server.address=\"127.0.0.1\"", port.as_str()],
    };
    assert!(server.iter().all(|part| line.contains(part)), "{server:?} in {line}");
}

#[test]
fn transactions_and_savepoints_are_told_and_failures_with_their_code() {
    let all = lines(
        |engine| engine.execution_options(ExecutionOptions::new().logging_token("shop")),
        async |engine| {
            let mut connection = engine.connect().await.unwrap();
            connection.execute(text("SELECT 1")).await.unwrap();
            connection.begin_nested().await.unwrap().commit().await.unwrap();
            connection.commit().await.unwrap();
            connection.execute(text("SELECT nothing")).await.unwrap_err();
            connection.rollback().await.unwrap();
            let auto = ExecutionOptions::new().isolation_level(IsolationLevel::Autocommit);
            connection.execution_options(auto).unwrap();
            connection.execute(text("SELECT 2")).await.unwrap();
            connection.commit().await.unwrap();
        },
    );
    let said: Vec<&str> = all
        .iter()
        .map(|line| line.split("orm::engine: [shop] ").nth(1).unwrap_or(line))
        .map(|line| line.split(" db.system").next().unwrap())
        .collect();
    assert_eq!(
        said,
        [
            "BEGIN (implicit)",
            "SELECT 1",
            "SAVEPOINT orm_nested_1",
            "RELEASE SAVEPOINT orm_nested_1",
            "COMMIT",
            "BEGIN (implicit)",
            "SELECT nothing",
            "ROLLBACK",
            "BEGIN (implicit; each statement commits itself, since the isolation level is AUTOCOMMIT)",
            "SELECT 2",
            "COMMIT (has no effect, since the isolation level is AUTOCOMMIT)",
        ]
    );
    let failed = all.iter().find(|line| line.contains("SELECT nothing")).unwrap();
    let code = match dialect() {
        Dialect::Sqlite => "1",
        Dialect::Postgres => "42703",
        _ => "1054",
    };
    assert!(failed.contains(&format!("db.response.status_code=\"{code}\"")), "{failed}");
    assert!(failed.contains("error.type=\"Syntax\"") && !failed.contains("returned_rows"), "{failed}");
}

#[test]
fn many_parameters_are_cut_in_the_middle() {
    let all = lines(
        |engine| engine,
        async |engine| {
            let numbers: Vec<String> = (0..150).map(|n| format!(":n{n}")).collect();
            let sql = format!("SELECT 1 WHERE 0 IN ({})", numbers.join(", "));
            let filled = (0..150i64).fold(text(sql), |text, n| text.bind(&format!("n{n}"), n));
            assert_eq!(filled.columns::<i64>().one(&engine).await.unwrap(), 1);
        },
    );
    assert!(all[0].contains("49, … 50 parameters truncated …, 100,"), "{}", all[0]);
}

#[test]
fn hidden_parameters_are_in_no_line() {
    let log = logged(|engine| engine.echo(true).hide_parameters(true), "the secret");
    assert!(log.contains(r#"db.query.parameters="hidden""#), "{log}");
    assert!(!log.contains("the secret"), "{log}");
}

#[test]
fn without_echo_nothing_is_said() {
    assert_eq!(logged(|engine| engine, "x"), "");
}

#[test]
fn long_parameters_are_cut() {
    let log = logged(|engine| engine.echo(true), &"x".repeat(1_000));
    assert!(log.contains("(702 characters truncated)"), "{log}");
    assert!(!log.contains(&"x".repeat(400)));
}
