//! Measures what a model costs at compile time, for this library and for its peers.
//!
//! In: names of peers and sizes. Out: a table in Markdown. For each peer a crate of N models is written, each model with two
//! queries, in families of ten (or in one chain); its dependencies are built once, then only the crate itself is timed, the
//! peers in turn, so that a busy machine is busy for all of them. Beside the wall's seconds stand rustc's own processor seconds, which a
//! neighbour disturbs less, and its peak of memory.
//!
//! ```text
//! cargo run --release -- [--peers orm,diesel,seaorm,toasty,serde] [--sizes 10,100] [--rounds 3] [--chain]
//!                        [--what check,incremental,build,release,program] [--into DIR]
//! ```

mod generate;
mod measure;

use std::path::PathBuf;

use generate::Peer;
use measure::{Cost, Task};

struct Settings {
    peers: Vec<Peer>,
    sizes: Vec<usize>,
    tasks: Vec<Task>,
    rounds: usize,
    is_chain: bool,
    into: PathBuf,
}

fn main() {
    let settings = settings(std::env::args().skip(1));
    for &task in &settings.tasks {
        println!("\n### {}{}\n", task.title(), if settings.is_chain { ", one chain" } else { "" });
        println!(
            "| peer | models | wall s | processor s | peak MiB | wall ms a model more | processor ms a model more | program MiB |"
        );
        println!("|---|---:|---:|---:|---:|---:|---:|---:|");
        table(&settings, task);
    }
}

/// Prints one row for each peer and size; the last two columns are the slope from the size before.
fn table(settings: &Settings, task: Task) {
    let mut costs: Vec<Vec<Vec<Cost>>> = vec![vec![Vec::new(); settings.sizes.len()]; settings.peers.len()];
    for _ in 0..settings.rounds {
        for (s, &size) in settings.sizes.iter().enumerate() {
            for (p, &peer) in settings.peers.iter().enumerate() {
                let folder = generate::write(&settings.into, peer, size, settings.is_chain);
                costs[p][s].extend(measure::measure(&folder, task));
            }
        }
    }
    for (p, peer) in settings.peers.iter().enumerate() {
        let mut before: Option<(usize, Cost)> = None;
        for (s, &size) in settings.sizes.iter().enumerate() {
            let Some(cost) = Cost::median(&costs[p][s]) else {
                println!("| {} | {size} | does not compile | | | | | |", peer.name());
                continue;
            };
            let slope = |of: fn(&Cost) -> f64| match &before {
                Some((less, earlier)) => format!("{:.1}", (of(&cost) - of(earlier)) * 1000.0 / (size - less) as f64),
                None => String::new(),
            };
            println!(
                "| {} | {size} | {:.2} | {:.2} | {} | {} | {} | {} |",
                peer.name(),
                cost.wall,
                cost.processor,
                cost.peak_mib,
                slope(|cost| cost.wall),
                slope(|cost| cost.processor),
                if cost.size_mib > 0.0 { format!("{:.2}", cost.size_mib) } else { String::new() },
            );
            before = Some((size, cost));
        }
    }
}

fn settings(mut words: impl Iterator<Item = String>) -> Settings {
    let mut settings = Settings {
        peers: vec![Peer::Orm],
        sizes: vec![10, 100],
        tasks: vec![Task::Check],
        rounds: 3,
        is_chain: false,
        into: PathBuf::from("target/generated"),
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or_else(|| usage(&format!("`{word}` wants a value")));
        match word.as_str() {
            "--peers" => settings.peers = list(&value(), Peer::of),
            "--sizes" => settings.sizes = list(&value(), |size| size.parse().ok()),
            "--what" => settings.tasks = list(&value(), Task::of),
            "--rounds" => settings.rounds = value().parse().unwrap_or_else(|_| usage("`--rounds` is a number")),
            "--into" => settings.into = PathBuf::from(value()),
            "--chain" => settings.is_chain = true,
            other => usage(&format!("unknown word `{other}`")),
        }
    }
    settings.into = std::path::absolute(&settings.into).expect("a folder's name");
    settings
}

fn list<T>(words: &str, of: impl Fn(&str) -> Option<T>) -> Vec<T> {
    words.split(',').map(|word| of(word).unwrap_or_else(|| usage(&format!("unknown value `{word}`")))).collect()
}

fn usage(mistake: &str) -> ! {
    eprintln!("{mistake}");
    eprintln!("usage: [--peers orm,diesel,seaorm,toasty,serde] [--sizes 10,100] [--rounds 3] [--chain]");
    eprintln!("       [--what check,incremental,build,release,program] [--into DIR]");
    std::process::exit(2);
}
