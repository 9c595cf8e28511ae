//! How the programs in `src/bin` measure: contenders take turns within one process, and what counts is the ratio of their
//! medians. Absolute times differ from machine to machine, and from hour to hour on a shared one.

use std::time::Duration;

/// The rounds of one question: how long each contender took per operation, in nanoseconds.
pub struct Rounds {
    question: &'static str,
    contenders: Vec<(&'static str, Vec<f64>)>,
}

impl Rounds {
    /// Begins without any rounds.
    pub fn new(question: &'static str) -> Self {
        Rounds { question, contenders: Vec::new() }
    }

    /// Adds what a contender took for so many operations.
    pub fn add(&mut self, contender: &'static str, took: Duration, operations: u32) {
        let each = took.as_nanos() as f64 / f64::from(operations);
        match self.contenders.iter_mut().find(|(name, _)| *name == contender) {
            Some((_, times)) => times.push(each),
            None => self.contenders.push((contender, vec![each])),
        }
    }

    /// Returns by how much a contender's median is that of another.
    ///
    /// # Panics
    ///
    /// Panics when one of them has not run.
    pub fn ratio(&self, contender: &str, to: &str) -> f64 {
        self.median(contender) / self.median(to)
    }

    /// Prints a table of medians, quickest rounds, and ratios to one of the contenders.
    pub fn print(&self, to: &str) {
        let rounds = self.contenders.first().map_or(0, |(_, times)| times.len());
        println!("\n{} (ns per operation, {rounds} rounds in turn)\n", self.question);
        println!("| contender | median | quickest | median to {to}'s |");
        println!("|---|---:|---:|---:|");
        for (name, times) in &self.contenders {
            let quickest = times.iter().copied().fold(f64::INFINITY, f64::min);
            println!("| {name} | {:.0} | {quickest:.0} | {:.2} |", self.median(name), self.ratio(name, to));
        }
    }

    fn median(&self, contender: &str) -> f64 {
        let found = self.contenders.iter().find(|(name, _)| *name == contender);
        let mut times = found.unwrap_or_else(|| panic!("`{contender}` has not run")).1.clone();
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
