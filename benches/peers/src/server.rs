//! What PostgreSQL and MariaDB have in common: a server on which a database is made for the bench, and dropped after it.

use orm::Engine;

use crate::data::{INSERTS, SIZES, Work};
use crate::ours;
use crate::rounds::{Contender, Settings, compare, head};

/// A server, and what is compared on it.
pub struct Server {
    /// The variable that names another server.
    pub variable: &'static str,
    pub url: &'static str,
    /// The database to which one connects to make others.
    pub administration: &'static str,
    /// How a database is dropped even while others are connected.
    pub drop: &'static str,
    pub tables: &'static [&'static str],
    /// What the planner wants to know after the rows are there.
    pub afterwards: &'static [&'static str],
    pub names: &'static [&'static str],
    pub contenders: fn(&str, Work) -> Vec<Contender>,
}

/// The workloads and their sizes on a server.
const WORKS: [(&str, &[usize], fn(usize) -> Work); 5] = [
    ("trivial", &SIZES, |_| Work::Trivial),
    ("medium", &SIZES, |_| Work::Medium),
    ("insert", &INSERTS, Work::Insert),
    ("associations", &[100], |_| Work::Associations),
    ("get", &[1000], |rows| Work::Get(rows as i32)),
];

/// Runs the workloads, each on a database made for it.
pub fn run(server: &Server, settings: &Settings) {
    let runtime = ours::runtime();
    let address = std::env::var(server.variable).unwrap_or_else(|_| server.url.into());
    let administration = Engine::new(&format!("{address}/{}", server.administration)).expect("an engine");
    let execute = |statement: &str| ours::execute(&runtime, &administration, &[statement.to_owned()]);
    let url = format!("{address}/orm_bench");
    for (title, sizes, work) in WORKS {
        if settings.only.as_ref().is_some_and(|only| !title.contains(only.as_str())) {
            continue;
        }
        head(title, server.names);
        for &size in sizes {
            let work = work(size);
            execute(server.drop);
            execute("CREATE DATABASE orm_bench");
            let engine = Engine::new(&url).expect("an engine");
            let fill = server.tables.iter().map(ToString::to_string).chain(work.fill(size));
            let fill: Vec<String> = fill.chain(server.afterwards.iter().map(ToString::to_string)).collect();
            ours::execute(&runtime, &engine, &fill);
            runtime.block_on(engine.dispose());
            compare(settings, &size.to_string(), server.names, (server.contenders)(&url, work));
        }
    }
    execute(server.drop);
}
