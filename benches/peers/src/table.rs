//! The tables: which work in which sizes on which database, and how it is printed.

use harness::data::{INSERTS, SIZES};
use harness::{Contender, Kind, Place, Work};

use crate::peers::{self, Programs};
use crate::places::Database;
use crate::rounds::{self, Settings, Times};

/// Work, and the sizes in which it is compared.
type Sized = (fn(usize) -> Work, &'static [usize]);

/// The suite of the Diesel project first, with its sizes.
fn works(kind: Kind) -> Vec<Sized> {
    let associations: &[usize] = if matches!(kind, Kind::Memory | Kind::File) { &[9, 100] } else { &[100] };
    let mut works: Vec<Sized> = vec![
        (Work::Trivial, &SIZES),
        (Work::Medium, &SIZES),
        (Work::Insert, &INSERTS),
        (Work::Associations, associations),
        (Work::Get, &[1_000]),
        (Work::Graph, &[1, 10, 100]),
        (Work::Flush, &[1_000]),
        (Work::ManyToMany, &[1_000]),
        (Work::Cascade, &[100]),
    ];
    // A database in memory has one connection, and no room for rows that are not to be in memory.
    if kind != Kind::Memory {
        works.push((Work::Tasks, &[1_000]));
        works.push((Work::Stream, &[]));
    }
    works
}

fn title(work: Work) -> &'static str {
    match work {
        Work::Trivial(_) => "trivial: all rows of a table",
        Work::Medium(_) => "medium: an outer join of two tables, filtered",
        Work::Insert(_) => "insert: so many rows",
        Work::Associations(_) => "associations: so many users with 10 posts with 10 comments each",
        Work::Get(_) => "get: one row of so many by its key",
        Work::Graph(_) => "graph: so many new users with 3 posts with 3 comments each, one transaction",
        Work::Flush(_) => "flush: 10 changed of so many that were read, one transaction",
        Work::ManyToMany(_) => "many to many: so many posts with 5 of 100 tags each",
        Work::Cascade(_) => "cascade: one of so many users is deleted with 10 posts and 100 comments, and rolled back",
        Work::Tasks(_) => "tasks: 16 get 25 users by key each over 4 connections",
        Work::Stream(_) => "stream: so many rows, one after another",
    }
}

/// Prints the tables of a database.
pub fn of_database(settings: &Settings, programs: &Programs, kind: Kind) {
    let database = Database::new(kind, settings.is_relaxed);
    println!("\n## {}", name_of(kind, settings.is_relaxed));
    let names: Vec<&str> = peers::names(kind).into_iter().filter(|name| settings.wants_peer(name)).collect();
    for (work, sizes) in works(kind) {
        if !settings.wants(work(0).word()) {
            continue;
        }
        println!("\n### {}\n", title(work(0)));
        match work(0) {
            Work::Stream(_) => stream(&database, programs, &names, work(settings.stream)),
            _ => ratios(&database, settings, programs, &names, work, sizes),
        }
    }
}

fn name_of(kind: Kind, is_relaxed: bool) -> String {
    let name = match kind {
        Kind::Memory => "SQLite, literal in-memory databases",
        Kind::File => "SQLite, one file, WAL, synchronous = NORMAL for all",
        Kind::Postgres => "PostgreSQL",
        Kind::Mysql => "MariaDB",
    };
    if is_relaxed { format!("{name}, commits that wait for no disk") } else { name.into() }
}

fn ratios(
    database: &Database,
    settings: &Settings,
    programs: &Programs,
    names: &[&str],
    work: fn(usize) -> Work,
    sizes: &[usize],
) {
    println!("| size | µs of the first | {} |", names.join(" | "));
    println!("|---:|---:|{}", "---:|".repeat(names.len()));
    let mut printed = String::new();
    for &size in sizes {
        let work = work(size);
        let place = database.prepare(work);
        let contenders: Vec<Contender> =
            names.iter().filter_map(|name| programs.make(name, &place, work, false)).collect();
        let times = rounds::compare(settings, &format!("{work:?}"), contenders);
        let cells: Vec<String> = names.iter().map(|name| cell(&times, name)).collect();
        let first = format!("{:.2} ({:.2})", times.first(|spent| spent.wall), times.first(|spent| spent.processor));
        println!("| {size} | {first} | {} |", cells.join(" | "));
        let Some(counts) = statements(database, programs, names, &place, work) else { continue };
        // Most work takes as many statements in each size.
        if printed != counts {
            println!("| | statements / waits | {counts} |");
            printed = counts;
        }
    }
}

/// The ratio of wall time, and that of processor time.
fn cell(times: &Times, name: &str) -> String {
    let (wall, processor) = (times.ratio(name, |spent| spent.wall), times.ratio(name, |spent| spent.processor));
    match (wall, processor) {
        (Some(wall), Some(processor)) => format!("{wall:.2} ({processor:.2})"),
        _ => "–".into(),
    }
}

/// Counts what each peer asks a server in one run: the statements, and how often an answer is waited for.
fn statements(database: &Database, programs: &Programs, names: &[&str], place: &Place, work: Work) -> Option<String> {
    let (place, asked) = database.counted(place)?;
    let cells = names.iter().map(|name| {
        let Some(mut contender) = programs.make(name, &place, work, false) else { return "–".into() };
        // The first run prepares and warms caches.
        contender.run(2);
        let before = asked.counts();
        contender.run(1);
        let after = asked.counts();
        format!("{} / {}", after.0 - before.0, after.1 - before.1)
    });
    Some(cells.collect::<Vec<String>>().join(" | "))
}

/// Everyone reads the rows in a process of its own, whose growth is measured.
fn stream(database: &Database, programs: &Programs, names: &[&str], work: Work) {
    println!("| rows | | {} |", names.join(" | "));
    println!("|---:|---|{}", "---:|".repeat(names.len()));
    let place = database.prepare(work);
    let mut contenders: Vec<Contender> =
        names.iter().filter_map(|name| programs.make(name, &place, work, true)).collect();
    // The memory of a process that has done it once before is there already: so this comes first.
    let spent: Vec<_> = contenders.iter_mut().map(Contender::run_with_memory).collect();
    rounds::agree(&format!("{work:?}"), &mut contenders);
    let row = |title: &str, of: &dyn Fn(usize) -> String| {
        let cell = |name: &&str| contenders.iter().position(|contender| contender.name == *name).map_or("–".into(), of);
        let cells: Vec<String> = names.iter().map(cell).collect();
        println!("| {} | {title} | {} |", work.size(), cells.join(" | "));
    };
    row("wall (processor) ms", &|i| format!("{:.0} ({:.0})", spent[i].wall * 1e3, spent[i].processor * 1e3));
    row("peak MiB more", &|i| format!("{:.1}", spent[i].peak as f64 / 1024.0));
}
