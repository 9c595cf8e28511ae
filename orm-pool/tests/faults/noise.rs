//! A network that delays, cuts and swallows what goes over it, at random, for two seconds. The seed is printed; the variable
//! `ORM_NOISE_SEED` repeats a run's choices, if not its times.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Instant, SystemTime};

use super::relay::{Relay, Verdict, Way};
use super::restart::raise;
use super::*;

/// A small generator.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        dice.roll(1);
        dice
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) % sides
    }
}

fn seed() -> u64 {
    match std::env::var("ORM_NOISE_SEED") {
        Ok(seed) => seed.parse().expect("a number"),
        Err(_) => SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64 % 1_000_000,
    }
}

/// What one direction of one connection suffers at the moment.
enum Mood {
    Fine,
    /// Nothing goes on for so many moments.
    Late(u64),
    /// So many bytes go on, and then it is cut.
    Doomed(u64),
    /// Nothing goes on any more, and nobody is told.
    Silent,
}

/// What has happened on all connections.
#[derive(Default)]
struct Seen {
    late: AtomicU64,
    cut: AtomicU64,
    silent: AtomicU64,
}

/// A relay that behaves while `is_noisy` is not set.
fn noisy(target: &Target, seed: u64, is_noisy: &Arc<AtomicBool>, seen: &Arc<Seen>) -> (Relay, Target) {
    let (host, port) = target.place();
    let (is_noisy, seen, next) = (Arc::clone(is_noisy), Arc::clone(seen), AtomicU64::new(seed * 1000));
    let relay = Relay::new(&host, port, move |way| {
        let (is_noisy, seen) = (Arc::clone(&is_noisy), Arc::clone(&seen));
        let mut dice = Dice::new(next.fetch_add(1, Ordering::SeqCst));
        let mut mood = Mood::Fine;
        move |count| judge(way, count, &mut mood, &mut dice, is_noisy.load(Ordering::SeqCst), &seen)
    });
    let target = target.by_way_of(relay.port);
    (relay, target)
}

fn judge(way: Way, count: usize, mood: &mut Mood, dice: &mut Dice, is_noisy: bool, seen: &Seen) -> Verdict {
    if !is_noisy {
        // What was swallowed is not given back: the stream has a hole.
        return if matches!(mood, Mood::Fine | Mood::Late(_)) { Verdict::Continue(count) } else { Verdict::Break(()) };
    }
    if matches!(mood, Mood::Fine) {
        *mood = match dice.roll(if way == Way::ToClient { 60 } else { 120 }) {
            0..6 => Mood::Late(dice.roll(300)),
            6 => Mood::Doomed(dice.roll(40)),
            7 if dice.roll(2) == 0 => Mood::Silent,
            _ => Mood::Fine,
        };
        match mood {
            Mood::Fine => return Verdict::Continue(1 + dice.roll(count as u64) as usize),
            Mood::Late(_) => _ = seen.late.fetch_add(1, Ordering::Relaxed),
            Mood::Doomed(_) => _ = seen.cut.fetch_add(1, Ordering::Relaxed),
            Mood::Silent => _ = seen.silent.fetch_add(1, Ordering::Relaxed),
        }
    }
    match mood {
        Mood::Late(left @ 1..) => {
            *left -= 1;
            Verdict::Continue(0)
        }
        Mood::Doomed(0) => Verdict::Break(()),
        Mood::Doomed(left) => {
            let part = (count as u64).min(*left);
            *left -= part;
            Verdict::Continue(part as usize)
        }
        Mood::Silent => Verdict::Continue(0),
        Mood::Fine | Mood::Late(0) => {
            *mood = Mood::Fine;
            Verdict::Continue(count)
        }
    }
}

/// What a task is told, and what it tells.
#[derive(Default)]
struct Signals {
    is_over: AtomicBool,
    /// How many transactions were committed, failed, or given up by their user.
    committed: AtomicU64,
    failed: AtomicU64,
    given_up: AtomicU64,
}

/// Raises a number again and again, without patience, until it is over; then once more, which must succeed soon.
async fn work(pool: Pool<Target>, table: String, task: i64, signals: Arc<Signals>) {
    let target = pool.connector().clone();
    let mut possible = vec![0];
    loop {
        let is_last = signals.is_over.load(Ordering::SeqCst);
        // The pool keeps its own time, so that nothing here would end a wait for it: that of `in_time` is a failure.
        let committed = match in_time(pool.acquire()).await {
            Ok(mut guard) => {
                let patience = Duration::from_millis(if is_last { 30_000 } else { 150 });
                let transaction = async {
                    let next = raise(&mut guard, &target, &table, task, &possible).await?;
                    if !possible.contains(&next) {
                        // From here on it may be committed.
                        possible.push(next);
                    }
                    guard.batch("COMMIT").await.map(|()| next)
                };
                match tokio::time::timeout(patience, transaction).await {
                    Ok(result) => {
                        note(&pool, &result);
                        result
                    }
                    Err(_) => {
                        signals.given_up.fetch_add(1, Ordering::Relaxed);
                        continue;
                    }
                }
            }
            Err(error) => Err(error),
        };
        match committed {
            Ok(next) => {
                possible = vec![next];
                signals.committed.fetch_add(1, Ordering::Relaxed);
                if is_last {
                    return;
                }
            }
            Err(error) => {
                let is_timeout = matches!(error.kind(), ErrorKind::Timeout { .. });
                assert!(error.is_disconnect() || is_timeout || error.database_kind().is_some(), "{error:?}");
                signals.failed.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
}

async fn survives_noise(name: &str, pre_ping: bool) {
    const TASKS: i64 = 8;
    let Some(target) = Target::shared(name).await else { return };
    let seed = seed();
    eprintln!("{name}: ORM_NOISE_SEED={seed}");
    let columns = "id INT PRIMARY KEY, n BIGINT NOT NULL, note VARCHAR(40) NOT NULL";
    let table = Table::new(&target, columns).await;
    let all: Vec<String> = (0..TASKS).map(|task| format!("({task}, 0, '{task}:0')")).collect();
    target.connection().await.batch(&format!("INSERT INTO {} VALUES {}", table.name, all.join(", "))).await.unwrap();

    let (is_noisy, seen) = (Arc::new(AtomicBool::new(true)), Arc::new(Seen::default()));
    let (_relay, far) = noisy(&target, seed, &is_noisy, &seen);
    let far = far.connect_timeout(Duration::from_millis(300));
    let settings = pool::Options {
        pre_ping,
        timeout: Duration::from_secs(1),
        answer_timeout: Duration::from_millis(300),
        ..options(4)
    };
    let pool = far.pool(settings);
    let signals = Arc::new(Signals::default());
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| tokio::spawn(work(pool.clone(), table.name.clone(), task, Arc::clone(&signals))))
        .collect();
    tokio::time::sleep(Duration::from_secs(2)).await;

    is_noisy.store(false, Ordering::SeqCst);
    signals.is_over.store(true, Ordering::SeqCst);
    let end = Instant::now();
    for task in tasks {
        in_time(task).await.unwrap();
    }
    let whole = end.elapsed();
    let count = |count: &AtomicU64| count.load(Ordering::SeqCst);
    eprintln!(
        "{name}, pre_ping {pre_ping}: {} delays, {} cuts, {} silences; {} transactions committed, {} failed, {} given up; all \
         tasks succeeded within {whole:?} of the end of the noise",
        count(&seen.late),
        count(&seen.cut),
        count(&seen.silent),
        count(&signals.committed),
        count(&signals.failed),
        count(&signals.given_up),
    );
    assert!(count(&seen.cut) > 0 && count(&seen.silent) > 0, "there was hardly any noise");
    assert_whole(&pool, &format!("{name}, seed {seed}")).await;
    pool.dispose().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_network_gives_no_wrong_rows_of_postgresql_and_leaves_the_pool_whole() {
    survives_noise("postgres", false).await;
    survives_noise("postgres", true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_network_gives_no_wrong_rows_of_mysql_and_leaves_the_pool_whole() {
    survives_noise("mysql", false).await;
    survives_noise("mysql", true).await;
}

/// Each answer takes a good 20 ms.
fn slow(target: &Target) -> (Relay, Target) {
    let (host, port) = target.place();
    let relay = Relay::new(&host, port, |way| {
        let mut left = 0;
        move |count| {
            left = match (way, left) {
                (Way::ToServer, _) | (Way::ToClient, 1) => 0,
                (Way::ToClient, 0) => 200,
                (Way::ToClient, left) => left - 1,
            };
            ControlFlow::Continue(if left == 0 { count } else { 0 })
        }
    });
    let target = target.by_way_of(relay.port);
    (relay, target)
}

#[tokio::test]
async fn a_slow_server_is_waited_for_and_its_late_answers_are_nobodys() {
    for name in ["postgres", "mysql"] {
        let Some(target) = Target::shared(name).await else { return };
        let (_relay, slow) = slow(&target);
        let pool = slow.pool(pool::Options { pre_ping: true, ..options(2) });
        let question = slow.sql("SELECT ? + 1");
        let ask = async |task: i64| {
            for n in 0..10 {
                let mut guard = pool.acquire().await.unwrap();
                let n = task * 100 + n;
                // Every other user gives up at once.
                let patience = Duration::from_millis(if n % 2 == 0 { 2 } else { 30_000 });
                let values = [Value::Int64(n)];
                let answer = rows(&mut guard, &question, &values);
                match tokio::time::timeout(patience, answer).await {
                    Ok(answer) => assert_eq!(answer.unwrap(), [[Cell::Int(n + 1)]]),
                    Err(_) => assert_eq!(n % 2, 0),
                }
            }
        };
        in_time(async { tokio::join!(ask(1), ask(2), ask(3)) }).await;
        assert_whole(&pool, name).await;
    }
}
