//! The pool under a scheduler that tries the orders in which its threads may run.
//!
//! Shuttle runs each model many thousands of times, and at each lock decides anew which thread goes on. It needs its own
//! lock to do so; so the pool's own source is compiled here a second time, against the small `sync` below. Loom, which tries
//! all orders, would not come to an end with three threads that take, wait, give up and reset; and a machine of states with
//! one thread, as of proptest, would not see what lies between the moment at which a waiter leaves the queue and the one at
//! which it gets its connection.
//!
//! A time limit is a coin here: what has one may run out of it at any moment. What has none is woken by the pool or not at
//! all, and a run in which nobody can go on is a failure.

#![allow(dead_code, unreachable_pub, unused_imports, reason = "only a part of the pool is used here")]

use orm_pool::{Error, ErrorKind};

#[path = "../src"]
mod source {
    pub(crate) mod pool;
}

/// What the pool needs from the world outside, as the scheduler has it.
mod sync {
    use std::future::Future;
    use std::pin::pin;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::task::Poll;
    use std::time::Duration;

    use shuttle::rand::Rng as _;
    use shuttle::sync::MutexGuard;

    /// Longer than anybody waits.
    pub(crate) const FOR_EVER: Duration = Duration::from_secs(3600);

    pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Mutex(shuttle::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().expect("no thread panics")
        }
    }

    /// A moment of a clock that goes on when somebody has slept.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub(crate) struct Instant(u64);

    static CLOCK: AtomicU64 = AtomicU64::new(0);

    impl Instant {
        pub(crate) fn now() -> Self {
            Instant(CLOCK.load(Ordering::SeqCst))
        }

        /// Returns the end of a limit, if it has one.
        pub(crate) fn checked_add(self, limit: Duration) -> Option<Self> {
            (limit != FOR_EVER).then(|| Instant(self.0 + limit.as_secs()))
        }

        pub(crate) fn into_std(self) -> std::time::Instant {
            std::time::Instant::now()
        }

        pub(crate) fn elapsed(self) -> Duration {
            Duration::from_secs(Self::now().0 - self.0)
        }
    }

    /// Lets others go on for a while, and then as much time pass as is left.
    pub(crate) async fn sleep_until(deadline: Instant) {
        while shuttle::rand::thread_rng().gen_bool(0.8) {
            shuttle::future::yield_now().await;
        }
        CLOCK.fetch_max(deadline.0, Ordering::SeqCst);
    }

    pub(crate) async fn timeout<F: Future>(limit: Duration, future: F) -> Result<F::Output, ()> {
        let mut future = pin!(future);
        std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending if limit == FOR_EVER => Poll::Pending,
            Poll::Pending if shuttle::rand::thread_rng().gen_bool(0.3) => Poll::Ready(Err(())),
            Poll::Pending => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        })
        .await
    }

    pub(crate) fn spawn(future: impl Future<Output = ()> + Send + 'static) {
        drop(shuttle::future::spawn(future));
    }

    pub(crate) fn can_spawn() -> bool {
        true
    }
}

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::SeqCst};
use std::task::Poll;
use std::time::Duration;

use shuttle::rand::{Rng as _, thread_rng};
use source::pool::{Class, Connector, Guard, Options, Pool, Reset, ResetOnReturn};
use sync::FOR_EVER;

/// A connection that only one may use at a time.
struct Conn {
    is_used: Arc<AtomicBool>,
    needs_work: bool,
    open: Arc<AtomicI64>,
}

impl Drop for Conn {
    fn drop(&mut self) {
        self.open.fetch_sub(1, SeqCst);
    }
}

/// A server whose every answer lets another thread go first, and fails now and then.
#[derive(Clone, Default)]
struct Server {
    open: Arc<AtomicI64>,
    is_moody: Arc<AtomicBool>,
}

impl Server {
    async fn answer(&self) -> Result<(), Error> {
        shuttle::future::yield_now().await;
        match self.is_moody.load(SeqCst) && thread_rng().gen_bool(0.2) {
            true => Err(Error::new(ErrorKind::Disconnected, "no answer")),
            false => Ok(()),
        }
    }
}

impl Connector for Server {
    type Connection = Conn;

    async fn connect(&self) -> Result<Conn, Error> {
        self.answer().await?;
        self.open.fetch_add(1, SeqCst);
        Ok(Conn { is_used: Arc::default(), needs_work: false, open: Arc::clone(&self.open) })
    }

    fn reset_now(&self, connection: &mut Conn, _: ResetOnReturn) -> Reset {
        if connection.needs_work { Reset::NeedsWork } else { Reset::Clean }
    }

    async fn reset(&self, connection: &mut Conn, _: ResetOnReturn) -> Result<(), Error> {
        self.answer().await?;
        connection.needs_work = false;
        Ok(())
    }

    async fn ping(&self, _: &mut Conn) -> Result<(), Error> {
        self.answer().await
    }

    async fn close(&self, _: Conn) {
        shuttle::future::yield_now().await;
    }
}

/// Polls a future so many times at most, and drops it.
async fn polled<F: Future>(future: F, mut times: u32) -> Option<F::Output> {
    let mut future = pin!(future);
    std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if times == 0 => Poll::Ready(None),
        Poll::Pending => {
            times -= 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await
}

/// Uses a connection, of which nobody else may know, and ends that in one of the ways there are.
async fn use_up(mut guard: Guard<Server>, pool: &Pool<Server>) {
    assert!(!guard.is_used.swap(true, SeqCst), "two have the same connection");
    assert!(!guard.needs_work, "it was not reset");
    shuttle::future::yield_now().await;
    guard.is_used.store(false, SeqCst);
    match thread_rng().gen_range(0..8) {
        0 => guard.invalidate(),
        1 => guard.soft_invalidate(),
        2 | 3 => guard.needs_work = true,
        4 => guard.detach(),
        5 => pool.invalidate(),
        _ => {}
    }
}

/// Three users of a pool of one or two, each twice, of whom some give up.
fn model(limit: usize, timeout: Duration, pre_ping: bool, may_give_up: bool) {
    let server = Server::default();
    server.is_moody.store(may_give_up, SeqCst);
    let options = Options {
        size: limit,
        max_overflow: Some(0),
        timeout,
        pre_ping,
        answer_timeout: if may_give_up { Duration::from_secs(5) } else { FOR_EVER },
        ..Options::default()
    };
    let pool = Pool::new(server.clone(), options);
    let users: Vec<_> = (0..3)
        .map(|_| {
            let pool = pool.clone();
            shuttle::thread::spawn(move || {
                shuttle::future::block_on(async {
                    for _ in 0..2 {
                        if let Some(loan) = pool.acquire_now().filter(|_| thread_rng().gen_bool(0.5)) {
                            shuttle::future::yield_now().await;
                            loan.give_back_clean();
                            continue;
                        }
                        let lent = match may_give_up && thread_rng().gen_bool(0.4) {
                            true => polled(pool.acquire(), thread_rng().gen_range(0..4)).await,
                            false => Some(pool.acquire().await),
                        };
                        match lent {
                            Some(Ok(guard)) => use_up(guard, &pool).await,
                            Some(Err(error)) => {
                                assert!(may_give_up, "{error}");
                            }
                            None => {}
                        }
                    }
                });
            })
        })
        .collect();
    for user in users {
        user.join().unwrap();
    }
    // What is reset or closed in the background comes to its end.
    while pool.status().checked_out > 0 || server.open.load(SeqCst) != pool.status().idle as i64 {
        shuttle::thread::yield_now();
    }
    let status = pool.status();
    assert_eq!((status.checked_out, status.waiting), (0, 0));
    assert!(status.idle <= limit);
    // Every place is there still.
    server.is_moody.store(false, SeqCst);
    shuttle::future::block_on(async {
        let mut all = Vec::new();
        for _ in 0..limit {
            all.push(loop {
                // With a time limit, a ping may run out of it, which closes the connection and opens another.
                match pool.acquire().await {
                    Ok(guard) => break guard,
                    Err(error) => assert!(may_give_up, "{error}"),
                }
            });
        }
        assert_eq!(pool.status().checked_out, limit);
    });
}

/// How often each model runs under each scheduler, unless the variable `ORM_MODEL_RUNS` says otherwise.
fn runs() -> usize {
    std::env::var("ORM_MODEL_RUNS").map_or(800, |runs| runs.parse().expect("a number"))
}

#[test]
fn nobody_is_forgotten_who_waits_without_a_limit() {
    for limit in [1, 2] {
        shuttle::check_random(move || model(limit, FOR_EVER, false, false), runs());
        shuttle::check_pct(move || model(limit, FOR_EVER, false, false), runs(), 3);
    }
}

#[test]
fn nothing_is_lost_where_users_give_up_and_connections_fail() {
    for (limit, pre_ping) in [(1, false), (1, true), (2, true)] {
        shuttle::check_random(move || model(limit, Duration::from_secs(1), pre_ping, true), runs());
        shuttle::check_pct(move || model(limit, Duration::from_secs(1), pre_ping, true), runs(), 3);
    }
}
