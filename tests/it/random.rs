//! A session against a plain model of it: random steps over four related models, with everything compared on the way.
//!
//! Each run is made by a seed. What fails is made as short as it gets and told with its seed and its steps:
//! `ORM_SEED=… ORM_STEPS=…` runs it again, `ORM_RUNS=…` runs more of them.

mod changes;
mod checks;
mod columns;
mod following;
mod merging;
mod model;
mod reads;
mod rivals;
mod statements;
mod steps;

use std::fmt::Debug;

use orm::prelude::*;

use model::{Person, PersonTag, Tag, Task, Team};
use steps::{Run, WHATS, What};

use crate::support::empty_engine;

/// Numbers from a seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn next(&mut self) -> usize {
        // SplitMix64: <https://prng.di.unimi.it/splitmix64.c>
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as usize >> 8
    }

    /// Chooses steps; most runs begin with objects, since steps without any do nothing.
    fn steps(&mut self, count: usize) -> Vec<Step<What>> {
        let adding = [What::AddGraph, What::AddGraph, What::AddPerson, What::AddTask, What::AddTag, What::LinkTag];
        let begin = if self.next().is_multiple_of(4) { 0 } else { self.next() % 4 * adding.len() };
        let steps = (0..count.max(begin)).map(|at| {
            let what = if at < begin { adding[at % adding.len()] } else { self.what() };
            self.step(what)
        });
        steps.collect()
    }

    fn step<W>(&mut self, what: W) -> Step<W> {
        Step { what, a: self.next() % 64, b: self.next() % 64 }
    }

    /// Chooses steps among these; what is there twice is twice as likely.
    pub(crate) fn steps_of<W: Copy>(&mut self, whats: &[W], count: usize) -> Vec<Step<W>> {
        let mut step = || {
            let what = whats[self.next() % whats.len()];
            self.step(what)
        };
        (0..count).map(|_| step()).collect()
    }

    fn what(&mut self) -> What {
        let mut at = self.next() % WHATS.iter().map(|(_, times)| times).sum::<usize>();
        let chosen = WHATS.iter().find(|(_, times)| {
            let is_it = at < *times;
            at = at.wrapping_sub(*times);
            is_it
        });
        chosen.expect("the number is below their sum").0
    }
}

/// One step: which, and numbers that choose what it is done to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Step<W> {
    pub(crate) what: W,
    pub(crate) a: usize,
    pub(crate) b: usize,
}

/// Runs steps over empty tables.
async fn run(engine: &Engine, steps: &[Step<What>]) -> Result<(), String> {
    let (engine, steps) = (engine.clone(), steps.to_vec());
    let task = tokio::spawn(async move {
        delete(PersonTag).execute(&engine).await?;
        delete(Task).execute(&engine).await?;
        update(Person).set(Person.mentor_id, None).execute(&engine).await?;
        delete(Person).execute(&engine).await?;
        delete(Team).execute(&engine).await?;
        delete(Tag).execute(&engine).await?;
        let mut session = Session::new(&engine);
        let mut run = Run::new(engine);
        run.walk(&mut session, &steps, 0).await?;
        session.commit().await?;
        run.compare_rows(&mut session, Step { what: What::Commit, a: 0, b: 0 }).await?;
        Ok::<(), Error>(())
    });
    told(task).await
}

/// Returns what a run says; what a panic said is an error too.
pub(crate) async fn told(run: tokio::task::JoinHandle<orm::Result<()>>) -> Result<(), String> {
    match run.await {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(panic) => {
            let panic = panic.into_panic();
            let text = panic.downcast_ref::<String>().cloned();
            Err(text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default())
        }
    }
}

/// Leaves out whatever the failure does not need.
async fn shrunk<S: Clone>(
    run: &impl AsyncFn(&[S]) -> Result<(), String>,
    steps: Vec<S>,
    failure: String,
) -> (Vec<S>, String) {
    let (mut steps, mut failure) = (steps, failure);
    let mut size = steps.len() / 2;
    while size > 0 {
        let mut at = 0;
        while at < steps.len() {
            let shorter = [&steps[..at], &steps[(at + size).min(steps.len())..]].concat();
            match run(&shorter).await {
                Err(other) => (steps, failure) = (shorter, other),
                Ok(()) => at += size,
            }
        }
        size /= 2;
    }
    (steps, failure)
}

/// Makes the steps of many runs and runs them; what fails is made as short as it gets.
pub(crate) async fn check_runs<S: Clone + Debug>(
    steps_of: impl Fn(&mut Random, usize) -> Vec<S>,
    run: impl AsyncFn(&[S]) -> Result<(), String>,
) {
    check_so_many(60, steps_of, run).await;
}

/// Does the same with another number of runs, unless one is set.
pub(crate) async fn check_so_many<S: Clone + Debug>(
    usual: u64,
    steps_of: impl Fn(&mut Random, usize) -> Vec<S>,
    run: impl AsyncFn(&[S]) -> Result<(), String>,
) {
    let count = setting("ORM_STEPS", 60) as usize;
    let (first, runs) = match setting("ORM_SEED", 0) {
        0 => (1, setting("ORM_RUNS", usual)),
        seed => (seed, 1),
    };
    for seed in first..first + runs {
        let steps = steps_of(&mut Random(seed), count);
        if let Err(failure) = run(&steps).await {
            let (steps, failure) = shrunk(&run, steps, failure).await;
            let steps: String = steps.iter().map(|step| format!("    {step:?},\n")).collect();
            panic!("ORM_SEED={seed} ORM_STEPS={count}: {failure}\n{steps}");
        }
    }
}

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(usual)
}

#[tokio::test]
async fn a_session_does_what_a_plain_model_of_it_does() {
    let engine = empty_engine().await;
    metadata![Team, Person, Task, Tag, PersonTag].create_all(&engine).await.unwrap();
    check_runs(Random::steps, async |steps: &[Step<What>]| run(&engine, steps).await).await;
}
