//! The same work by this library and by its peers, in one process and one run.
//!
//! In: a database and words that choose workloads. Out: a table in Markdown for each workload; each figure is the median, over
//! the rounds, of the ratio to the peer that the table is about, since a machine's seconds say little and one round's ratio
//! says much. The contenders of a workload take turns, round by round, and must give the same answer.
//!
//! ```text
//! cargo run --release -- [sqlite|postgres|mysql]… [--only WORD] [--rounds 15] [--slice MILLISECONDS]
//! ```

mod data;
mod diesel_async_peer;
mod diesel_peer;
mod mysql;
mod ours;
mod postgres;
mod rounds;
mod seaorm;
mod server;
mod sqlite;
mod sqlx_peer;

use rounds::Settings;

fn main() {
    let mut settings = Settings::default();
    let mut databases = Vec::new();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|word| word.parse().ok()).unwrap_or_else(|| usage());
        match word.as_str() {
            "sqlite" | "postgres" | "mysql" => databases.push(word),
            "--rounds" => settings.rounds = number() as usize,
            "--slice" => settings.slice = std::time::Duration::from_millis(number()),
            "--only" => settings.only = words.next(),
            _ => {
                usage();
            }
        }
    }
    if databases.is_empty() {
        databases.push("sqlite".into());
    }
    for database in databases {
        println!("\n## {database}");
        match database.as_str() {
            "sqlite" => sqlite::run(&settings),
            "postgres" => postgres::run(&settings),
            _ => mysql::run(&settings),
        }
    }
}

fn usage() -> u64 {
    eprintln!("usage: [sqlite|postgres|mysql]… [--only WORD] [--rounds 15] [--slice MILLISECONDS]");
    std::process::exit(2);
}
