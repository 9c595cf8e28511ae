//! Taking a connection and giving it back: our pool, deadpool, bb8 and `sqlx::Pool`.
//!
//! The connections of the first three are numbers. Those of `sqlx::Pool` are SQLite databases in memory, since it has no
//! other: it asks each one for a sign of life when it comes back, and unless told otherwise when it is lent, so read its
//! row as what a user pays and not as the price of its queue.
//!
//! `cargo run --release --manifest-path benches/Cargo.toml --bin pool`; the argument `quick` makes it short. It fails when
//! a target is missed, unless it is quick.

use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;

use orm_benches::{Rounds, Watch, verdict};

const CONNECTIONS: usize = 8;
const TASKS: u32 = 64;

/// Something that lends connections.
trait Lender: Clone + Send + Sync + 'static {
    const NAME: &'static str;
    /// How many times slower than a number it is thought to be, so that all take about as long.
    const PATIENCE: u32 = 1;

    fn use_once(&self, pause: bool) -> impl Future<Output = ()> + Send;
}

#[derive(Clone)]
struct Ours(orm_pool::pool::Pool<Numbers>);

struct Numbers;

impl orm_pool::pool::Connector for Numbers {
    type Connection = u64;

    async fn connect(&self) -> Result<u64, orm_pool::Error> {
        Ok(7)
    }

    fn reset_now(&self, _: &mut u64, _: orm_pool::pool::ResetOnReturn) -> orm_pool::pool::Reset {
        orm_pool::pool::Reset::Clean
    }

    async fn reset(&self, _: &mut u64, _: orm_pool::pool::ResetOnReturn) -> Result<(), orm_pool::Error> {
        Ok(())
    }

    async fn ping(&self, _: &mut u64) -> Result<(), orm_pool::Error> {
        Ok(())
    }

    async fn close(&self, _: u64) {}
}

impl Lender for Ours {
    const NAME: &'static str = "orm-pool";

    async fn use_once(&self, pause: bool) {
        let mut guard = self.0.acquire().await.expect("a connection");
        *guard += 1;
        if pause {
            tokio::task::yield_now().await;
        }
    }
}

#[derive(Clone)]
struct Deadpool(deadpool::managed::Pool<DeadpoolNumbers>);

#[derive(Debug)]
struct DeadpoolNumbers;

impl deadpool::managed::Manager for DeadpoolNumbers {
    type Type = u64;
    type Error = std::convert::Infallible;

    async fn create(&self) -> Result<u64, Self::Error> {
        Ok(7)
    }

    async fn recycle(
        &self,
        _: &mut u64,
        _: &deadpool::managed::Metrics,
    ) -> deadpool::managed::RecycleResult<Self::Error> {
        Ok(())
    }
}

impl Lender for Deadpool {
    const NAME: &'static str = "deadpool";

    async fn use_once(&self, pause: bool) {
        let mut guard = self.0.get().await.expect("a connection");
        *guard += 1;
        if pause {
            tokio::task::yield_now().await;
        }
    }
}

#[derive(Clone)]
struct Bb8(bb8::Pool<Bb8Numbers>);

struct Bb8Numbers;

impl bb8::ManageConnection for Bb8Numbers {
    type Connection = u64;
    type Error = std::convert::Infallible;

    async fn connect(&self) -> Result<u64, Self::Error> {
        Ok(7)
    }

    async fn is_valid(&self, _: &mut u64) -> Result<(), Self::Error> {
        Ok(())
    }

    fn has_broken(&self, _: &mut u64) -> bool {
        false
    }
}

impl Lender for Bb8 {
    const NAME: &'static str = "bb8, no test";

    async fn use_once(&self, pause: bool) {
        let mut guard = self.0.get().await.expect("a connection");
        *guard += 1;
        if pause {
            tokio::task::yield_now().await;
        }
    }
}

#[derive(Clone)]
struct Sqlx<const TEST: bool>(sqlx::SqlitePool);

impl<const TEST: bool> Lender for Sqlx<TEST> {
    const NAME: &'static str = if TEST { "sqlx::Pool" } else { "sqlx::Pool, no test before" };
    const PATIENCE: u32 = 20;

    async fn use_once(&self, pause: bool) {
        let _guard = self.0.acquire().await.expect("a connection");
        if pause {
            tokio::task::yield_now().await;
        }
    }
}

async fn sqlx_pool<const TEST: bool>() -> Sqlx<TEST> {
    let options = sqlx::sqlite::SqlitePoolOptions::new();
    let options = options.max_connections(CONNECTIONS as u32).test_before_acquire(TEST);
    Sqlx(options.connect("sqlite::memory:").await.expect("a database"))
}

/// One task that takes and gives back, with nobody in its way.
async fn alone<L: Lender>(lender: &L, operations: u32, rounds: &mut Rounds) {
    let (own, operations) = (lender.clone(), operations / L::PATIENCE);
    let watch = Watch::start();
    let task = tokio::spawn(async move {
        for _ in 0..operations {
            own.use_once(false).await;
        }
    });
    task.await.expect("no panic");
    rounds.add(L::NAME, watch, operations);
}

/// Many tasks that take, let others run, and give back.
async fn crowded<L: Lender>(lender: &L, operations: u32, rounds: &mut Rounds) {
    let each = operations / L::PATIENCE / TASKS;
    let watch = Watch::start();
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let own = lender.clone();
            tokio::spawn(async move {
                for _ in 0..each {
                    own.use_once(true).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    rounds.add(L::NAME, watch, each * TASKS);
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let is_quick = std::env::args().any(|argument| argument == "quick");
    let (turns, operations) = if is_quick { (3, 20_000) } else { (31, 200_000) };

    let options = orm_pool::pool::Options {
        size: CONNECTIONS,
        max_overflow: Some(0),
        timeout: Duration::from_secs(30),
        ..orm_pool::pool::Options::default()
    };
    let ours = Ours(orm_pool::pool::Pool::new(Numbers, options));
    let deadpool = deadpool::managed::Pool::builder(DeadpoolNumbers).max_size(CONNECTIONS);
    let deadpool = Deadpool(deadpool.build().expect("a pool"));
    let bb8 = bb8::Pool::builder().max_size(CONNECTIONS as u32).test_on_check_out(false);
    let bb8 = Bb8(bb8.build(Bb8Numbers).await.expect("a pool"));
    let (sqlx, tested) = (sqlx_pool::<false>().await, sqlx_pool::<true>().await);

    let mut uncontended = Rounds::new("checkout and checkin, one task");
    let mut contended = Rounds::new("checkout, a pause, checkin: 64 tasks over 8 connections");
    for turn in 0..turns {
        // Whoever comes after the threads of `sqlx::Pool` finds the machine busy; so all begin in turn.
        for place in 0..5 {
            match (turn + place) % 5 {
                // So many more that its round takes about as long: a short one is all waiting for a processor.
                0 => alone(&ours, 4 * operations, &mut uncontended).await,
                1 => alone(&deadpool, operations, &mut uncontended).await,
                2 => alone(&bb8, operations, &mut uncontended).await,
                3 => alone(&sqlx, operations, &mut uncontended).await,
                _ => alone(&tested, operations, &mut uncontended).await,
            }
        }
        for place in 0..5 {
            match (turn + place) % 5 {
                0 => crowded(&ours, operations, &mut contended).await,
                1 => crowded(&deadpool, operations, &mut contended).await,
                2 => crowded(&bb8, operations, &mut contended).await,
                3 => crowded(&sqlx, operations, &mut contended).await,
                _ => crowded(&tested, operations, &mut contended).await,
            }
        }
    }
    uncontended.print(Deadpool::NAME);
    contended.print(Deadpool::NAME);
    println!();
    let kept = [
        verdict("uncontended, to deadpool", uncontended.ratio(Ours::NAME, Deadpool::NAME), 0.3),
        verdict("contended, to deadpool", contended.ratio(Ours::NAME, Deadpool::NAME), 1.0),
    ];
    if is_quick || kept.iter().all(|kept| *kept) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
