//! Which database this process tests, and an empty one of its own for each test.
//!
//! | `ORM_TEST_DATABASE` | database | where | own |
//! |---|---|---|---|
//! | `sqlite`, or unset | SQLite | in memory | database |
//! | `postgres` | PostgreSQL | `ORM_POSTGRES_URL`, else [`POSTGRES`] | schema |
//! | `mysql` | MariaDB or MySQL | `ORM_MYSQL_URL`, else [`MYSQL`] | database |
//!
//! Where it is unset, the tests named `on_postgres` and `on_mysql` run this binary again, once for each server.
//!
//! A name holds the number of the process. The thread of a test removes what the test has made when it ends, also by a
//! panic; what a killed process has left is removed by the next one. libtest knows no test that is skipped while it
//! runs: where no server answers, the whole binary ends after saying so, as a failure if `CI` is set.

use std::cell::RefCell;
use std::future::Future;
use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use orm::prelude::*;
use orm::{Dialect, EngineBuilder, PoolClass};

/// Names the database to test; see above.
const VARIABLE: &str = "ORM_TEST_DATABASE";

const POSTGRES: &str = "postgresql://postgres@127.0.0.1:5432/test";
const MYSQL: &str = "mariadb://root@127.0.0.1:3306/test";

/// What the name of everything that tests make begins with.
const PREFIX: &str = "orm_test_";

/// Returns the database that this process tests.
pub(crate) fn dialect() -> Dialect {
    static DIALECT: OnceLock<Dialect> = OnceLock::new();
    *DIALECT.get_or_init(|| match std::env::var(VARIABLE).as_deref() {
        Ok("postgres") => Dialect::Postgres,
        Ok("mysql") if url(Dialect::MySql).starts_with("mysql") => Dialect::MySql,
        Ok("mysql") => Dialect::MariaDb,
        Ok("sqlite") | Err(_) => Dialect::Sqlite,
        Ok(other) => panic!("{VARIABLE} is {other:?}: it knows `sqlite`, `postgres` and `mysql`"),
    })
}

#[test]
fn on_postgres() {
    run_again("postgres");
}

#[test]
fn on_mysql() {
    run_again("mysql");
}

/// Runs the tests of this binary on another database, in a process of its own, unless this is one already or has been
/// told its database.
fn run_again(database: &str) {
    if std::env::var_os(VARIABLE).is_some() {
        return;
    }
    let binary = std::env::current_exe().expect("this binary is a file");
    let tests = std::process::Command::new(binary).env(VARIABLE, database).output().expect("this binary can be run");
    // What was skipped is to be seen also where all is well: not `println!`, which libtest keeps for tests that fail.
    let (out, error) = (String::from_utf8_lossy(&tests.stdout), String::from_utf8_lossy(&tests.stderr));
    let result = out.lines().filter(|line| line.starts_with("test result")).chain(error.lines());
    for line in result {
        _ = writeln!(std::io::stderr(), "on {database}: {line}");
    }
    assert!(tests.status.success(), "on {database}:\n{out}");
}

/// Returns an engine over an empty database.
pub(crate) async fn empty_engine() -> Engine {
    empty_engine_with(|settings| settings).await
}

/// Returns an engine with settings of its own over an empty database.
pub(crate) async fn empty_engine_with(settings: impl FnOnce(EngineBuilder) -> EngineBuilder) -> Engine {
    let url = match dialect() {
        Dialect::Sqlite => "sqlite::memory:".to_owned(),
        _ => empty_on_server(),
    };
    settings(Engine::builder(&url)).build().expect("the URL is right")
}

fn server_url() -> String {
    url(dialect())
}

fn url(dialect: Dialect) -> String {
    let (variable, default) = match dialect {
        Dialect::Postgres => ("ORM_POSTGRES_URL", POSTGRES),
        _ => ("ORM_MYSQL_URL", MYSQL),
    };
    std::env::var(variable).unwrap_or_else(|_| default.to_owned())
}

/// Makes a schema or a database that goes with this thread, and returns its URL.
fn empty_on_server() -> String {
    url_of(&another_on_server())
}

/// Makes a schema or a database that goes with this thread, and returns its name.
pub(crate) fn another_on_server() -> String {
    static STARTED: OnceLock<()> = OnceLock::new();
    static NEXT: AtomicU32 = AtomicU32::new(1);
    STARTED.get_or_init(|| on_server(start));
    let name = format!("{PREFIX}{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let made = name.clone();
    OWN.with_borrow_mut(|own| own.names.push(name.clone()));
    on_server(async move |server| match server.dialect() {
        Dialect::Postgres => run(&server, format!("CREATE SCHEMA {made}")).await,
        _ => run(&server, format!("CREATE DATABASE {made}")).await,
    });
    name
}

/// Returns the server's URL with another schema or database.
fn url_of(name: &str) -> String {
    let url = server_url();
    let (address, query) = url.split_once('?').unwrap_or((&url, ""));
    if dialect() == Dialect::Postgres {
        // The name of the application finds the connections of a test again.
        return format!("{address}?{query}&search_path={name}&application_name={name}");
    }
    let (server, _) = address.rsplit_once('/').expect("the URL names a database");
    format!("{server}/{name}?{query}")
}

thread_local! {
    static OWN: RefCell<Own> = const { RefCell::new(Own { names: Vec::new() }) };
}

/// What a test has made on a server, removed when its thread ends.
struct Own {
    names: Vec<String>,
}

impl Drop for Own {
    fn drop(&mut self) {
        let names = std::mem::take(&mut self.names);
        if !names.is_empty() {
            on_server(async move |server| {
                for name in &names {
                    remove(&server, name).await?;
                }
                Ok(())
            });
        }
    }
}

/// Says whether a server is there, and removes what dead processes have left on it.
async fn start(server: Engine) -> Result<(), Error> {
    if let Err(error) = server.connect().await {
        no_server(&error);
    }
    let names = match server.dialect() {
        Dialect::Postgres => text("SELECT nspname::text FROM pg_namespace"),
        _ => text("SELECT schema_name FROM information_schema.schemata"),
    };
    for name in names.columns::<String>().all(&server).await? {
        if is_left_over(&name) {
            remove(&server, &name).await?;
        }
    }
    Ok(())
}

/// Ends the process, since nothing can be tested.
fn no_server(error: &Error) -> ! {
    let is_failure = std::env::var_os("CI").is_some();
    let what = if is_failure { "cannot be run" } else { "are skipped" };
    let mut out = std::io::stderr().lock();
    // Not `eprintln!`, which libtest keeps for tests that fail.
    _ = writeln!(out, "the tests on {:?} {what}: {error}", dialect());
    std::process::exit(i32::from(is_failure));
}

/// Returns whether the process that made this is no more.
fn is_left_over(name: &str) -> bool {
    let process = name.strip_prefix(PREFIX).and_then(|rest| rest.split('_').next());
    let proc = std::path::Path::new("/proc");
    process.is_some_and(|process| proc.join("self").exists() && !proc.join(process).exists())
}

/// Removes a schema or database, with the connections that are still in it, which would make that wait.
async fn remove(server: &Engine, name: &str) -> Result<(), Error> {
    if server.dialect() == Dialect::Postgres {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = :name";
        text(end).bind("name", name).columns::<bool>().all(server).await?;
        return run(server, format!("DROP SCHEMA IF EXISTS {name} CASCADE")).await;
    }
    // MySQL's `information_schema` fails where a connection runs a text that is none of `utf8mb3`; MariaDB's other view is off.
    let connections = match server.dialect() {
        Dialect::MySql => "SELECT processlist_id FROM performance_schema.threads WHERE processlist_db = :name",
        _ => "SELECT id FROM information_schema.processlist WHERE db = :name",
    };
    for id in text(connections).bind("name", name).columns::<i64>().all(server).await? {
        // It may have gone by itself meanwhile.
        _ = run(server, format!("KILL {id}")).await;
    }
    run(server, format!("DROP DATABASE IF EXISTS {name}")).await
}

async fn run(server: &Engine, sql: String) -> Result<(), Error> {
    text(sql).execute(server).await.map(|_| ())
}

/// Does something on the server, in a thread and a runtime of its own: a test may have none by now.
fn on_server<F: Future<Output = Result<(), Error>>>(work: impl FnOnce(Engine) -> F + Send + 'static) {
    let thread = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let server = Engine::builder(&server_url()).pool_class(PoolClass::Null).build().expect("the URL is right");
        runtime.block_on(work(server)).unwrap_or_else(|error| panic!("{error}"));
    });
    thread.join().expect("the server does what tests need");
}

/// Ends a test that is for other databases.
#[macro_export]
macro_rules! only {
    ($($dialect:ident)|+) => {
        if !matches!($crate::support::dialect(), $(orm::Dialect::$dialect)|+) {
            return;
        }
    };
}
