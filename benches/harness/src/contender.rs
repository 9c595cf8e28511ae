//! One library's way to do one piece of work, in this process or in another.

use std::hint::black_box;

use crate::answer::Row;
use crate::clock::{self, Spent};
use crate::serve::Servant;

/// One library's way to do the work.
pub struct Contender {
    pub name: String,
    place: Place,
}

enum Place {
    /// The work; asked whether to say what it read or wrote, which takes time.
    Here(Box<dyn FnMut(bool) -> u64>),
    Elsewhere(Servant),
}

/// Makes a contender of work that reads.
pub fn reading<T: Row>(name: &str, mut work: impl FnMut() -> T + 'static) -> Contender {
    writing(name, move |is_asked| {
        let rows = black_box(work());
        if is_asked { rows.digest() } else { 0 }
    })
}

/// Makes a contender of work that writes; when it is asked it says how many rows it wrote, as the database counts them.
pub fn writing(name: &str, work: impl FnMut(bool) -> u64 + 'static) -> Contender {
    Contender { name: name.into(), place: Place::Here(Box::new(work)) }
}

impl Contender {
    /// Makes a contender of a program that serves.
    pub fn elsewhere(name: &str, servant: Servant) -> Self {
        Self { name: name.into(), place: Place::Elsewhere(servant) }
    }

    /// Does the work once and returns a number for what was read or written.
    pub fn answer(&mut self) -> u64 {
        match &mut self.place {
            Place::Here(work) => work(true),
            Place::Elsewhere(servant) => servant.answer(),
        }
    }

    /// Does the work so many times.
    pub fn run(&mut self, times: u32) -> Spent {
        match &mut self.place {
            Place::Here(work) => clock::measure(|| repeat(work, times)),
            Place::Elsewhere(servant) => servant.run(times),
        }
    }

    /// Does the work once, and says what memory it needed.
    pub fn run_with_memory(&mut self) -> Spent {
        match &mut self.place {
            Place::Here(work) => clock::measure_with_memory(|| repeat(work, 1)),
            Place::Elsewhere(servant) => servant.run_with_memory(),
        }
    }
}

fn repeat(work: &mut dyn FnMut(bool) -> u64, times: u32) {
    for _ in 0..times {
        black_box(work(false));
    }
}
