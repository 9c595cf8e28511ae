//! Runs the contenders of a workload in turn and prints the ratios of their times.

use std::time::Duration;

use harness::{Contender, Spent};

/// How long a comparison may take.
pub struct Settings {
    pub rounds: usize,
    /// How long one contender works in one round.
    pub slice: Duration,
    /// Only workloads whose name has this in it.
    pub only: Option<String>,
    /// Rows of the stream.
    pub stream: usize,
    /// Only contenders whose names are among these.
    pub peers: Option<Vec<String>>,
    /// Whether the servers may answer before the disk does.
    pub is_relaxed: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let slice = Duration::from_millis(30);
        Self { rounds: 15, slice, only: None, stream: 1_000_000, peers: None, is_relaxed: false }
    }
}

impl Settings {
    /// Enough to see that everything works and how it is about.
    pub fn quick() -> Self {
        Self { rounds: 3, slice: Duration::from_millis(4), stream: 50_000, ..Self::default() }
    }

    /// Returns whether this workload is wanted.
    pub fn wants(&self, work: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.split(',').any(|word| work.contains(word)))
    }

    pub fn wants_peer(&self, name: &str) -> bool {
        self.peers.as_ref().is_none_or(|peers| peers.iter().any(|peer| peer == name))
    }
}

/// What each contender took in each round.
pub struct Times {
    names: Vec<String>,
    rounds: Vec<Vec<Spent>>,
}

/// Runs the contenders by turns.
///
/// # Panics
///
/// When two contenders do not read or write the same rows: then they do not do the same work.
pub fn compare(settings: &Settings, title: &str, mut contenders: Vec<Contender>) -> Times {
    agree(title, &mut contenders);
    let times: Vec<u32> = contenders.iter_mut().map(|contender| calibrate(contender, settings.slice)).collect();
    let mut rounds = vec![Vec::new(); contenders.len()];
    for round in 0..settings.rounds {
        for turn in 0..contenders.len() {
            // Another one begins each round, so that none always follows the same neighbour.
            let which = (turn + round) % contenders.len();
            let spent = contenders[which].run(times[which]);
            let each = |seconds: f64| seconds / f64::from(times[which]);
            rounds[which].push(Spent { wall: each(spent.wall), processor: each(spent.processor), peak: 0 });
        }
    }
    Times { names: contenders.into_iter().map(|contender| contender.name).collect(), rounds }
}

/// Asks every contender what it reads or writes.
pub fn agree(title: &str, contenders: &mut [Contender]) {
    let answers: Vec<u64> = contenders.iter_mut().map(Contender::answer).collect();
    assert!(
        answers.windows(2).all(|pair| pair[0] == pair[1]) && answers.first() != Some(&0),
        "the contenders disagree at {title}: {:?}",
        contenders.iter().map(|contender| &contender.name).zip(answers).collect::<Vec<_>>()
    );
}

impl Times {
    /// Returns the median of the microseconds of the first contender.
    pub fn first(&self, of: fn(&Spent) -> f64) -> f64 {
        self.rounds.first().map_or(0.0, |rounds| median(rounds.iter().map(of).collect()) * 1e6)
    }

    /// Returns the median of the ratios to the first contender of the same round.
    pub fn ratio(&self, name: &str, of: fn(&Spent) -> f64) -> Option<f64> {
        let which = self.names.iter().position(|each| each == name)?;
        let ratios = self.rounds[which].iter().zip(&self.rounds[0]).map(|(mine, first)| of(mine) / of(first));
        Some(median(ratios.collect()))
    }
}

/// Returns how often the work is done in a slice of time.
fn calibrate(contender: &mut Contender, slice: Duration) -> u32 {
    let mut times = 1;
    loop {
        let spent = contender.run(times).wall;
        if spent >= slice.as_secs_f64() / 4.0 {
            return ((f64::from(times) * slice.as_secs_f64() / spent) as u32).max(1);
        }
        times *= 2;
    }
}

pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
