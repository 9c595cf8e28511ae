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
//! cargo run --release -- alone NAME DATABASE WORK SIZE TIMES      one contender, under a profiler
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

use harness::{Kind, Work};
use places::Database;
use rounds::Settings;

fn main() {
    let mut words = std::env::args().skip(1).peekable();
    if words.peek().is_some_and(|word| word == "serve") {
        return harness::serve::serve(peers::here);
    }
    if words.peek().is_some_and(|word| word == "alone") {
        return alone(&words.skip(1).collect::<Vec<_>>());
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
    let programs = peers::Programs::build(&settings);
    for kind in kinds {
        table::of_database(&settings, &programs, kind);
    }
}

/// Runs one contender of this process, for a profiler; two runs of different length tell what one time costs.
fn alone(words: &[String]) {
    let [name, kind, work, size, times] = words else { return usage() };
    let kind = Kind::of(kind).unwrap_or_else(|| usage());
    let work = Work::of(work, number(size)).unwrap_or_else(|| usage());
    let database = Database::new(kind, false);
    let mut contender = peers::here(name, &database.prepare(work), work).unwrap_or_else(|| usage());
    // A lock costs less in a process that never had a second thread, which neither the tables' is nor a service.
    std::thread::spawn(|| ()).join().expect("a thread that does nothing");
    let spent = contender.run(number(times) as u32);
    println!("{name}: {:.6} s, {:.6} s of processor", spent.wall, spent.processor);
}

fn number(word: &str) -> usize {
    word.parse().unwrap_or_else(|_| usage())
}

fn usage<T>() -> T {
    eprintln!("usage: [memory|file|postgres|mysql]… [--quick] [--relaxed] [--only WORD,…] [--peers NAME,…]");
    eprintln!("       [--rounds 15] [--slice MILLISECONDS] [--rows-of-stream 1000000]");
    eprintln!("   or: alone NAME memory|file|postgres|mysql WORK SIZE TIMES");
    std::process::exit(2);
}
