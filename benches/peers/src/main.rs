//! The same work by this library and by its peers, in one run.
//!
//! In: databases, and words that choose workloads. Out: a table in Markdown for each workload; each figure is the median, over
//! the rounds, of the ratio to the first peer, since a machine's seconds say little and one round's ratio says much. In
//! parentheses stands the same ratio of processor time in the peer's own process, which neighbours disturb less. The contenders of
//! a workload take turns, round by round, and must read or write the same rows.
//!
//! ```text
//! cargo run --release -- [memory|file|postgres|mysql]… [--quick] [--relaxed] [--only WORD,…] [--peers NAME,…]
//!                        [--rounds 15] [--slice MILLISECONDS] [--rows-of-stream 1000000]
//! ```

mod diesel_async_peer;
mod diesel_peer;
mod ours;
mod peers;
mod places;
mod proxy;
mod rounds;
mod runtime;
mod rusqlite_peer;
mod seaorm;
mod sqlx_peer;
mod table;
mod tokio_postgres_peer;

use std::time::Duration;

use harness::Kind;
use rounds::Settings;

harness::count_statements!(libsqlite3_sys);

fn main() {
    let mut words = std::env::args().skip(1).peekable();
    if words.peek().is_some_and(|word| word == "serve") {
        return harness::serve::serve(peers::here, traced::begin);
    }
    let mut settings = Settings::default();
    let mut kinds = Vec::new();
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or_else(|| usage());
        match word.as_str() {
            "--quick" => settings = Settings { only: settings.only, peers: settings.peers, ..Settings::quick() },
            "--relaxed" => settings.is_relaxed = true,
            "--rounds" => settings.rounds = number(&value()),
            "--slice" => settings.slice = Duration::from_millis(number(&value()) as u64),
            "--rows-of-stream" => settings.stream = number(&value()),
            "--only" => settings.only = Some(value()),
            "--peers" => settings.peers = Some(value().split(',').map(str::to_owned).collect()),
            word => kinds.push(Kind::of(word).unwrap_or_else(|| usage())),
        }
    }
    if kinds.is_empty() {
        kinds = vec![Kind::Memory, Kind::File, Kind::Postgres, Kind::Mysql];
    }
    let programs = peers::Programs::build();
    for kind in kinds {
        table::of_database(&settings, &programs, kind);
    }
}

fn number(word: &str) -> usize {
    word.parse().unwrap_or_else(|_| usage())
}

fn usage<T>() -> T {
    eprintln!("usage: [memory|file|postgres|mysql]… [--quick] [--relaxed] [--only WORD,…] [--peers NAME,…]");
    eprintln!("       [--rounds 15] [--slice MILLISECONDS] [--rows-of-stream 1000000]");
    std::process::exit(2);
}
