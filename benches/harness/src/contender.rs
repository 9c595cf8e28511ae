//! One library's way to do one piece of work, in this process or in another.

use std::hint::black_box;

use tokio::runtime::Runtime;

use crate::answer::Row;
use crate::clock::{self, Spent};
use crate::serve::Servant;

/// One library's way to do the work.
pub struct Contender {
    pub name: String,
    place: Place,
}

enum Place {
    /// Does the work so many times; asked whether to say what it read or wrote the last time, which takes time.
    Here(Box<dyn FnMut(u32, bool) -> u64>),
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
pub fn writing(name: &str, mut work: impl FnMut(bool) -> u64 + 'static) -> Contender {
    let all = move |times, is_asked| (0..times).fold(0, |_, _| black_box(work(is_asked)));
    Contender { name: name.into(), place: Place::Here(Box::new(all)) }
}

/// Makes a contender of asynchronous work that reads.
pub fn reading_in<T: Row>(name: &str, runtime: Runtime, mut work: impl AsyncFnMut() -> T + 'static) -> Contender {
    writing_in(name, runtime, async move |is_asked| {
        let rows = black_box(work().await);
        if is_asked { rows.digest() } else { 0 }
    })
}

/// Makes a contender of asynchronous work that writes.
///
/// The runtime is entered once for all times, as a service is in it all the time.
pub fn writing_in(name: &str, runtime: Runtime, mut work: impl AsyncFnMut(bool) -> u64 + 'static) -> Contender {
    let all = move |times, is_asked| {
        runtime.block_on(async {
            let mut last = 0;
            for _ in 0..times {
                last = black_box(work(is_asked).await);
            }
            last
        })
    };
    Contender { name: name.into(), place: Place::Here(Box::new(all)) }
}

impl Contender {
    /// Makes a contender of a program that serves.
    pub fn elsewhere(name: &str, servant: Servant) -> Self {
        Self { name: name.into(), place: Place::Elsewhere(servant) }
    }

    /// Does the work once and returns a number for what was read or written.
    pub fn answer(&mut self) -> u64 {
        match &mut self.place {
            Place::Here(work) => work(1, true),
            Place::Elsewhere(servant) => servant.answer(),
        }
    }

    /// Does the work so many times.
    pub fn run(&mut self, times: u32) -> Spent {
        match &mut self.place {
            Place::Here(work) => clock::measure(|| _ = work(times, false)),
            Place::Elsewhere(servant) => servant.run(times),
        }
    }

    /// Does the work once, and says what memory it needed.
    pub fn run_with_memory(&mut self) -> Spent {
        match &mut self.place {
            Place::Here(work) => clock::measure_with_memory(|| _ = work(1, false)),
            Place::Elsewhere(servant) => servant.run_with_memory(),
        }
    }
}
