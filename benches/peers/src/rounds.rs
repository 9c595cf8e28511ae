//! Runs the contenders of a workload in turn and prints the ratios of their times.
//!
//! In: closures that do the same work and say how many rows they saw. Out: a line of the table.

use std::time::{Duration, Instant};

/// How long a comparison may take.
pub struct Settings {
    pub rounds: usize,
    /// How long one contender works in one round.
    pub slice: Duration,
    /// Only workloads whose name has this in it.
    pub only: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { rounds: 15, slice: Duration::from_millis(30), only: None }
    }
}

/// One library's way to do the work; it answers with the number of rows.
pub struct Contender {
    name: &'static str,
    work: Box<dyn FnMut() -> usize>,
}

/// Makes a contender.
pub fn contender(name: &'static str, work: impl FnMut() -> usize + 'static) -> Contender {
    Contender { name, work: Box::new(work) }
}

/// Prints the head of a table whose columns are the contenders.
pub fn head(title: &str, names: &[&str]) {
    println!("\n### {title}\n");
    println!("| size | µs of the first | {} |", names.join(" | "));
    println!("|---:|---:|{}", "---:|".repeat(names.len()));
}

/// Runs the contenders and prints their ratios to the first, under the names of the head.
///
/// # Panics
///
/// When two contenders do not see the same number of rows: then they do not do the same work.
pub fn compare(settings: &Settings, size: &str, names: &[&str], mut contenders: Vec<Contender>) {
    let answers: Vec<usize> = contenders.iter_mut().map(|contender| (contender.work)()).collect();
    assert!(
        answers.windows(2).all(|pair| pair[0] == pair[1]),
        "the contenders disagree at {size}: {:?}",
        contenders.iter().map(|contender| contender.name).zip(answers).collect::<Vec<_>>()
    );
    let iterations: Vec<u32> = contenders.iter_mut().map(|contender| calibrate(contender, settings.slice)).collect();
    let mut times = vec![Vec::new(); contenders.len()];
    for round in 0..settings.rounds {
        for turn in 0..contenders.len() {
            // Another one begins each round, so that none always follows the same neighbour.
            let which = (turn + round) % contenders.len();
            times[which].push(time(&mut contenders[which], iterations[which]));
        }
    }
    let base = &times[0];
    let cells = names.iter().map(|name| {
        let Some(which) = contenders.iter().position(|contender| contender.name == *name) else {
            return "–".to_owned();
        };
        let ratios = times[which].iter().zip(base).map(|(time, base)| time / base).collect();
        format!("{:.2}", median(ratios))
    });
    println!("| {size} | {:.2} | {} |", median(base.clone()) * 1e6, cells.collect::<Vec<_>>().join(" | "));
}

/// Returns how often the work is done in a slice of time.
fn calibrate(contender: &mut Contender, slice: Duration) -> u32 {
    let begun = Instant::now();
    let mut done = 0;
    while begun.elapsed() < slice / 2 || done < 1 {
        (contender.work)();
        done += 1;
    }
    (done * 2).max(1)
}

/// Returns the seconds of one iteration.
fn time(contender: &mut Contender, iterations: u32) -> f64 {
    let begun = Instant::now();
    for _ in 0..iterations {
        std::hint::black_box((contender.work)());
    }
    begun.elapsed().as_secs_f64() / f64::from(iterations)
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
