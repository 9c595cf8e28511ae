//! The databases on which everyone is measured: each one's own in memory, one file, a database on a server.

use std::path::PathBuf;
use std::sync::Arc;

use harness::data::FILE_SETTINGS;
use harness::{Kind, Place, Work};
use orm::Engine;
use tokio::runtime::Runtime;

use crate::ours;
use crate::proxy::{self, Asked};
use crate::runtime::one_thread;

/// A database that is made anew for each piece of work.
pub struct Database {
    pub kind: Kind,
    is_relaxed: bool,
    runtime: Runtime,
    /// Where databases are made, on a server.
    administration: Option<Engine>,
    /// The server, without a database.
    address: String,
    proxy: Option<(u16, Arc<Asked>)>,
}

impl Database {
    pub fn new(kind: Kind, is_relaxed: bool) -> Self {
        let (variable, address, first) = match kind {
            Kind::Postgres => ("ORM_BENCH_POSTGRES", "postgresql://postgres@127.0.0.1:5432", "postgres"),
            Kind::Mysql => ("ORM_BENCH_MYSQL", "mysql://root@127.0.0.1:3306", "mysql"),
            Kind::Memory | Kind::File => ("", "", ""),
        };
        let address = std::env::var(variable).unwrap_or_else(|_| address.into());
        let is_server = matches!(kind, Kind::Postgres | Kind::Mysql);
        let administration = is_server.then(|| Engine::new(&format!("{address}/{first}")).expect("an engine"));
        let proxy = is_server.then(|| proxy::start(kind, host_of(&address).to_owned()));
        let database = Self { kind, is_relaxed, runtime: one_thread(), administration, address, proxy };
        if is_relaxed && kind == Kind::Mysql {
            database.administer("SET GLOBAL innodb_flush_log_at_trx_commit = 0");
        }
        database
    }

    /// Makes the tables and the rows that must be there before, and returns where they are.
    pub fn prepare(&self, work: Work) -> Place {
        let fill = || self.tables(work, false).into_iter().chain(work.fill());
        match self.kind {
            Kind::Memory => Place { kind: self.kind, url: "-".into(), fill: fill().collect() },
            Kind::File => {
                let path = file();
                self.remove();
                let settings = FILE_SETTINGS.iter().map(ToString::to_string);
                let engine = Engine::new(&format!("sqlite:///{}", path.display())).expect("an engine");
                self.run(&engine, settings.chain(fill()).collect());
                Place { kind: self.kind, url: path.display().to_string(), fill: Vec::new() }
            }
            Kind::Postgres | Kind::Mysql => {
                self.remove();
                for name in self.databases() {
                    self.administer(&format!("CREATE DATABASE {name}"));
                    if self.is_relaxed && self.kind == Kind::Postgres {
                        self.administer(&format!("ALTER DATABASE {name} SET synchronous_commit = off"));
                    }
                    let engine = Engine::new(&format!("{}/{name}", self.address)).expect("an engine");
                    let tables = self.tables(work, name.ends_with("wide"));
                    self.run(&engine, tables.into_iter().chain(work.fill()).chain(self.afterwards(work)).collect());
                }
                Place { kind: self.kind, url: format!("{}/orm_bench", self.address), fill: Vec::new() }
            }
        }
    }

    /// Returns the same place behind the proxy, and what is asked there; `None` where there is no server.
    pub fn counted(&self, place: &Place) -> Option<(Place, Arc<Asked>)> {
        let (port, asked) = self.proxy.as_ref()?;
        let url = place.url.replace(host_of(&self.address), &format!("127.0.0.1:{port}"));
        Some((Place { url, ..place.clone() }, Arc::clone(asked)))
    }

    /// Removes what was made.
    pub fn remove(&self) {
        match self.kind {
            Kind::Memory => {}
            Kind::File => {
                for end in ["", "-wal", "-shm"] {
                    let _ = std::fs::remove_file(format!("{}{end}", file().display()));
                }
            }
            Kind::Postgres | Kind::Mysql => {
                let force = if self.kind == Kind::Postgres { " WITH (FORCE)" } else { "" };
                for name in self.databases() {
                    self.administer(&format!("DROP DATABASE IF EXISTS {name}{force}"));
                }
            }
        }
    }

    /// The database for all, and one with wider keys for a peer that reads no narrower ones.
    fn databases(&self) -> &'static [&'static str] {
        if self.kind == Kind::Postgres { &["orm_bench", "orm_bench_wide"] } else { &["orm_bench"] }
    }

    fn administer(&self, statement: &str) {
        let engine = self.administration.as_ref().expect("a server");
        ours::execute(&self.runtime, engine, &[statement.to_owned()]);
    }

    fn run(&self, engine: &Engine, statements: Vec<String>) {
        ours::execute(&self.runtime, engine, &statements);
        self.runtime.block_on(engine.dispose());
    }

    fn tables(&self, work: Work, is_wide: bool) -> Vec<String> {
        let (key, text, references) = match self.kind {
            Kind::Memory | Kind::File => ("INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL", "VARCHAR", false),
            Kind::Postgres if is_wide => ("BIGSERIAL PRIMARY KEY", "VARCHAR", true),
            Kind::Postgres => ("SERIAL PRIMARY KEY", "VARCHAR", true),
            Kind::Mysql => ("INTEGER PRIMARY KEY AUTO_INCREMENT", "TEXT", true),
        };
        let foreign = |column: &str, table: &str| {
            if references { format!(", FOREIGN KEY ({column}) REFERENCES {table} (id)") } else { String::new() }
        };
        let integer = if is_wide { "BIGINT" } else { "INTEGER" };
        let (user, post, tag) = (foreign("user_id", "users"), foreign("post_id", "posts"), foreign("tag_id", "tags"));
        let mut tables = vec![
            format!("CREATE TABLE users (id {key}, name {text} NOT NULL, hair_color {text})"),
            format!(
                "CREATE TABLE posts (id {key}, user_id {integer} NOT NULL, title {text} NOT NULL, body TEXT{user})"
            ),
            format!("CREATE TABLE comments (id {key}, post_id {integer} NOT NULL, text TEXT NOT NULL{post})"),
            format!("CREATE TABLE tags (id {key}, name {text} NOT NULL)"),
            format!(
                "CREATE TABLE post_tags (post_id {integer} NOT NULL, tag_id {integer} NOT NULL, \
                 PRIMARY KEY (post_id, tag_id){post}{tag})"
            ),
        ];
        // MariaDB makes an index for each foreign key.
        if self.kind == Kind::Postgres || (!references && work.has_indexes()) {
            tables.push("CREATE INDEX posts_of_user ON posts (user_id)".into());
            tables.push("CREATE INDEX comments_of_post ON comments (post_id)".into());
        }
        tables
    }

    /// PostgreSQL's sequences do not see the keys that were given, and its planner wants to know what is there. Of a table
    /// known to be empty it would read every row, for each foreign key that it checks, however many there are by then.
    fn afterwards(&self, work: Work) -> Vec<String> {
        if self.kind != Kind::Postgres || work.fill().is_empty() {
            return Vec::new();
        }
        let follow =
            |table: &str| format!("SELECT setval('{table}_id_seq', (SELECT COALESCE(MAX(id), 1) FROM {table}))");
        ["users", "posts", "comments"].map(follow).into_iter().chain(["ANALYZE".into()]).collect()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.remove();
        if self.is_relaxed && self.kind == Kind::Mysql {
            self.administer("SET GLOBAL innodb_flush_log_at_trx_commit = 1");
        }
    }
}

/// Returns `host:port` of a URL.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.rsplit_once('@').map_or(rest, |(_, host)| host)
}

/// The file is on the disk, beside what was built.
fn file() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target/bench.db"))
}
