//! What an echoing engine says, and what it keeps to itself.

use std::io::Write;
use std::sync::{Arc, Mutex};

use orm::prelude::*;
use orm::{EngineBuilder, Error};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Debug, Model)]
#[orm(table = "notes", metadata = none)]
struct Note {
    #[orm(primary_key)]
    id: i64,
    text: String,
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

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
    let bytes = log.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
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
