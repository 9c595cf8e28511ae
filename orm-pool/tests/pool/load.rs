//! A hundred thousand checkouts by many tasks: who is served when, and that nothing is lost.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

use parking_lot::Mutex;

use super::*;

const TASKS: u64 = 64;
const CONNECTIONS: usize = 8;
const CHECKOUTS: u64 = 100_000;

fn crowded() -> Options {
    Options { size: CONNECTIONS, max_overflow: Some(0), timeout: Duration::from_secs(60), ..Options::default() }
}

/// Takes and gives back, with pauses of other tasks' making in between, until there have been enough checkouts.
async fn work(pool: Pool<Counted>, checkouts: Arc<AtomicU64>, served: Arc<Mutex<Served>>) {
    while checkouts.fetch_add(1, Ordering::SeqCst) < CHECKOUTS {
        let arrival = served.lock().arrive();
        let guard = pool.acquire().await.unwrap();
        served.lock().serve(arrival);
        for _ in 0..arrival % 3 {
            tokio::task::yield_now().await;
        }
        drop(guard);
    }
}

/// Who has come, and who has been served.
#[derive(Default)]
struct Served {
    arrivals: u64,
    waiting: BTreeMap<u64, ()>,
    /// By how much somebody was overtaken at most.
    most_overtaken: u64,
}

impl Served {
    fn arrive(&mut self) -> u64 {
        self.arrivals += 1;
        self.waiting.insert(self.arrivals, ());
        self.arrivals
    }

    fn serve(&mut self, arrival: u64) {
        self.waiting.remove(&arrival);
        if let Some((&oldest, ())) = self.waiting.first_key_value() {
            self.most_overtaken = self.most_overtaken.max(arrival.saturating_sub(oldest));
        }
    }
}

async fn run() -> (Pool<Counted>, Arc<Server>, u64) {
    let (pool, server) = pool(crowded());
    let (checkouts, served) = (Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(Served::default())));
    let tasks: Vec<_> =
        (0..TASKS).map(|_| tokio::spawn(work(pool.clone(), Arc::clone(&checkouts), Arc::clone(&served)))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(served.lock().arrivals, CHECKOUTS);
    let most_overtaken = served.lock().most_overtaken;
    (pool, server, most_overtaken)
}

fn assert_nothing_is_lost(pool: &Pool<Counted>, server: &Server) {
    assert_eq!(counts(pool), (CONNECTIONS, 0, 0));
    let opened = CONNECTIONS as u32;
    assert_eq!((server.opened(), server.open(), server.closed.load(Ordering::SeqCst)), (opened, CONNECTIONS as i64, 0));
}

/// On one thread a task's arrival and its first poll are one step, so that the order is seen exactly.
#[tokio::test]
async fn nobody_waits_while_a_hundred_later_ones_are_served() {
    let (pool, server, most_overtaken) = run().await;
    assert!(most_overtaken < 100, "somebody was overtaken by one who came {most_overtaken} later");
    assert_nothing_is_lost(&pool, &server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_thousand_checkouts_lose_nothing() {
    let (pool, server, most_overtaken) = run().await;
    eprintln!("as far as can be seen from outside, somebody was overtaken by one who came {most_overtaken} later");
    assert_nothing_is_lost(&pool, &server);
}
