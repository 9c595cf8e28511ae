//! Files that can be opened and those that cannot; the settings that a new connection has.

use std::fs;
use std::path::PathBuf;

use orm_pool::ErrorKind;

use super::*;

/// Opens a file that cannot be opened, and returns the message.
async fn refusal(options: Options) -> String {
    let error = Connection::open(&options).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Connect, "{error}");
    error.message().to_owned()
}

/// A directory that is removed at the end of the test.
struct Directory(TemporaryDatabase);

impl Directory {
    fn new() -> Self {
        Directory(TemporaryDatabase::new().unwrap())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().with_file_name(name)
    }
}

#[tokio::test]
async fn a_path_that_cannot_be_opened_is_named_with_the_reason() {
    let directory = Directory::new();
    assert_eq!(
        refusal(Options::file("/nope/x.db")).await,
        "unable to open database file `/nope/x.db`: the directory `/nope` does not exist"
    );

    let missing = directory.file("missing.db");
    let message = format!("unable to open database file `{}`: the file does not exist", missing.display());
    assert_eq!(refusal(Options { create_if_missing: false, ..Options::file(&missing) }).await, message);
    assert_eq!(refusal(Options { read_only: true, ..Options::file(&missing) }).await, message);
    assert!(!missing.exists());

    let inside = directory.file("inside");
    fs::create_dir(&inside).unwrap();
    let message = format!("unable to open database file `{}`: it is a directory", inside.display());
    assert_eq!(refusal(Options::file(&inside)).await, message);
    assert_eq!(refusal(Options { read_only: true, ..Options::file(&inside) }).await, message);

    let text = directory.file("notes.txt");
    fs::write(&text, "no database, but long enough to have a header. ".repeat(50)).unwrap();
    let message = format!("unable to open database file `{}`: file is not a database", text.display());
    assert_eq!(refusal(Options::file(&text)).await, message);
    assert_eq!(refusal(Options { journal_mode: None, ..Options::file(&text) }).await, message);
    assert_eq!(refusal(Options { read_only: true, ..Options::file(&text) }).await, message);

    let below = text.join("x.db");
    let message = format!("unable to open database file `{}`: a part of the path is not a directory", below.display());
    assert_eq!(refusal(Options::file(&below)).await, message);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_may_not_be_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let directory = Directory::new();
    let secret = directory.file("secret.db");
    Connection::open(&Options::file(&secret)).await.unwrap().close().await.unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&secret).is_ok() {
        return; // The superuser may read everything.
    }
    let message = format!("unable to open database file `{}`: permission denied", secret.display());
    assert_eq!(refusal(Options::file(&secret)).await, message);
}

#[tokio::test]
async fn names_that_mean_something_to_sqlite_are_files_here() {
    let directory = Directory::new();
    for name in ["file:x.db", "a?mode=memory", "with space & 'quotes'.db", ":memory:"] {
        let path = directory.file(name);
        Connection::open(&Options::file(&path)).await.unwrap().close().await.unwrap();
        assert!(path.exists(), "{name}");
    }
    let error = Connection::open(&Options::file("")).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Configuration);
}

#[tokio::test]
async fn the_options_are_what_the_connection_has() {
    let directory = Directory::new();
    let options = Options {
        pragmas: vec![("page_size".into(), "8192".into()), ("cache_size".into(), "-4000".into())],
        ..Options::file(directory.file("x.db"))
    };
    let mut connection = Connection::open(&options).await.unwrap();
    for (pragma, value) in [
        ("journal_mode", text("wal")),
        ("synchronous", Cell::Int(1)),
        ("foreign_keys", Cell::Int(1)),
        ("page_size", Cell::Int(8192)),
        ("cache_size", Cell::Int(-4000)),
        ("busy_timeout", Cell::Int(0)),
    ] {
        assert_eq!(scalar(&mut connection, &format!("PRAGMA {pragma}"), &[]).await, value, "{pragma}");
    }
    let lax = Options { foreign_keys: false, ..Options::memory() };
    let mut connection = Connection::open(&lax).await.unwrap();
    assert_eq!(scalar(&mut connection, "PRAGMA foreign_keys", &[]).await, Cell::Int(0));
}

#[tokio::test]
async fn a_mistyped_mode_is_not_ignored() {
    let options = Options { journal_mode: Some("WALL".into()), ..Options::memory() };
    let error = Connection::open(&options).await.unwrap_err();
    let message =
        "`WALL` is not a journal mode of SQLite\nhint: it is one of DELETE, TRUNCATE, PERSIST, MEMORY, WAL, OFF";
    assert_eq!((error.kind(), error.message()), (&ErrorKind::Configuration, message));
}

#[tokio::test]
async fn a_pragma_cannot_smuggle_in_a_statement() {
    let with = |name: &str, value: &str| Options { pragmas: vec![(name.into(), value.into())], ..Options::memory() };
    let error = Connection::open(&with("x; DROP TABLE t; --", "1")).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Configuration);
    // The value is one string, which this pragma does not understand and ignores.
    Connection::open(&with("cache_size", "1; SELECT nonsense FROM nowhere; --")).await.unwrap();
}

#[tokio::test]
async fn a_hundred_connections_open_and_close() {
    let database = TemporaryDatabase::new().unwrap();
    let mut open_ones = Vec::new();
    for n in 0..100_u64 {
        let mut connection = open(&database).await;
        let statement = Statement { sql: "SELECT ?".into(), id: 1 + n % 3 };
        rows(&mut connection, &statement, &[Value::Int64(1)]).await.unwrap();
        if n % 2 == 0 { open_ones.push(connection) } else { connection.close().await.unwrap() }
    }
    // Those with a transaction and kept statements are dropped without being closed.
    for connection in &mut open_ones {
        connection.batch("BEGIN").await.unwrap();
    }
    drop(open_ones);
}

#[tokio::test]
async fn a_temporary_database_is_shared_private_and_gone_at_the_end() {
    let database = TemporaryDatabase::new().unwrap();
    let other = TemporaryDatabase::new().unwrap();
    assert_ne!(database.path(), other.path());
    let directory = database.path().parent().unwrap().to_owned();
    let mut first = open(&database).await;
    first.batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)").await.unwrap();
    let mut second = open(&database).await;
    assert_eq!(scalar(&mut second, "SELECT x FROM t", &[]).await, Cell::Int(1));
    assert!(execute(&mut open(&other).await, "SELECT x FROM t", &[]).await.is_err());
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 3, "the database, its log and its index");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);
    }
    drop((first, second));
    drop(database);
    assert!(!directory.exists());
}

#[tokio::test]
async fn a_connection_moves_between_threads() {
    let mut connection = memory().await;
    for n in 0..4 {
        connection = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            runtime.block_on(async {
                assert_eq!(scalar(&mut connection, "SELECT ?", &[Value::Int64(n)]).await, Cell::Int(n));
            });
            connection
        })
        .join()
        .unwrap();
    }
    connection.close().await.unwrap();
}
