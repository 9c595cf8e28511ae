//! How the programs in `src/bin` measure: contenders take turns within one process, and what counts is the ratio of their
//! medians. Absolute times differ from machine to machine, and from hour to hour on a shared one.

use std::time::{Duration, Instant};

/// The rounds of one question: how long each contender took per operation, in nanoseconds.
pub struct Rounds {
    question: &'static str,
    contenders: Vec<(&'static str, Vec<Cost>)>,
}

/// What one round took per operation.
#[derive(Clone, Copy)]
struct Cost {
    wall: f64,
    /// What all threads of the process took of the processors; of use where others want these, too.
    cpu: f64,
}

/// A round that has begun.
pub struct Watch {
    start: Instant,
    cpu: Duration,
}

impl Watch {
    /// Begins a round.
    pub fn start() -> Self {
        Watch { cpu: cpu_time(), start: Instant::now() }
    }
}

/// Adds up what the threads of this process have taken of the processors, as far as Linux tells.
fn cpu_time() -> Duration {
    // The kernel writes down what the thread that asks has taken when it gives way.
    std::thread::yield_now();
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let times = tasks.filter_map(|task| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(times.sum())
}

impl Rounds {
    /// Begins without any rounds.
    pub fn new(question: &'static str) -> Self {
        Rounds { question, contenders: Vec::new() }
    }

    /// Ends a round, in which a contender did so many operations.
    pub fn add(&mut self, contender: &'static str, watch: Watch, operations: u32) {
        let wall = watch.start.elapsed();
        let cpu = cpu_time().saturating_sub(watch.cpu);
        let each = |time: Duration| time.as_nanos() as f64 / f64::from(operations);
        let each = Cost { wall: each(wall), cpu: each(cpu) };
        match self.contenders.iter_mut().find(|(name, _)| *name == contender) {
            Some((_, times)) => times.push(each),
            None => self.contenders.push((contender, vec![each])),
        }
    }

    /// Returns by how much a contender's median time is that of another: of the processors, where it is known, since the
    /// time on the clock is that of the neighbours as well.
    ///
    /// # Panics
    ///
    /// Panics when one of them has not run.
    pub fn ratio(&self, contender: &str, to: &str) -> f64 {
        let (own, others) = (self.median(contender, |cost| cost.cpu), self.median(to, |cost| cost.cpu));
        if own > 0.0 && others > 0.0 { own / others } else { self.wall_ratio(contender, to) }
    }

    fn wall_ratio(&self, contender: &str, to: &str) -> f64 {
        self.median(contender, |cost| cost.wall) / self.median(to, |cost| cost.wall)
    }

    /// Prints a table of medians, quickest rounds, processor times, and their ratios to one of the contenders.
    pub fn print(&self, to: &str) {
        let rounds = self.contenders.first().map_or(0, |(_, costs)| costs.len());
        println!("\n{} (ns per operation, {rounds} rounds in turn)\n", self.question);
        println!("| contender | median | to {to}'s | quickest | processor | to {to}'s |");
        println!("|---|---:|---:|---:|---:|---:|");
        for (name, costs) in &self.contenders {
            let quickest = costs.iter().map(|cost| cost.wall).fold(f64::INFINITY, f64::min);
            let (wall, cpu) = (self.median(name, |cost| cost.wall), self.median(name, |cost| cost.cpu));
            let (ratio, cpu_ratio) = (self.wall_ratio(name, to), self.ratio(name, to));
            println!("| {name} | {wall:.0} | {ratio:.2} | {quickest:.0} | {cpu:.0} | {cpu_ratio:.2} |");
        }
    }

    fn median(&self, contender: &str, of: impl Fn(&Cost) -> f64) -> f64 {
        let found = self.contenders.iter().find(|(name, _)| *name == contender);
        let costs = &found.unwrap_or_else(|| panic!("`{contender}` has not run")).1;
        let mut times: Vec<f64> = costs.iter().map(of).collect();
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    }
}

/// Says whether a ratio is what it should be; returns that.
pub fn verdict(what: &str, ratio: f64, at_most: f64) -> bool {
    let is_kept = ratio <= at_most;
    println!("{}: {what} is {ratio:.2}, and should be at most {at_most:.2}", if is_kept { "kept" } else { "MISSED" });
    is_kept
}
