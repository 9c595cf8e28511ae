//! Many tasks that take, give back and give up at random, by a seed that repeats it.

use super::*;

/// A small generator, so that a seed repeats a run's choices.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// Takes a connection, or gives up on the way, and ends its use in one of the ways that there are.
async fn one_step(pool: &Pool<Counted>, dice: &mut Dice) {
    let guard = match dice.roll(4) {
        0 => {
            let patience = Duration::from_micros(dice.roll(300));
            match tokio::time::timeout(patience, pool.acquire()).await {
                Ok(result) => result,
                Err(_) => return,
            }
        }
        1 => {
            // Given up at its first, second or third chance.
            let mut chances = dice.roll(3);
            let mut acquire = std::pin::pin!(pool.acquire());
            let polled = std::future::poll_fn(|cx| match acquire.as_mut().poll(cx) {
                std::task::Poll::Ready(result) => std::task::Poll::Ready(Some(result)),
                std::task::Poll::Pending if chances == 0 => std::task::Poll::Ready(None),
                std::task::Poll::Pending => {
                    chances -= 1;
                    cx.waker().wake_by_ref();
                    std::task::Poll::Pending
                }
            });
            match polled.await {
                Some(result) => result,
                None => return,
            }
        }
        _ => pool.acquire().await,
    };
    let Ok(mut guard) = guard else { return };
    for _ in 0..dice.roll(3) {
        tokio::task::yield_now().await;
    }
    match dice.roll(40) {
        0 => guard.on_return = Reset::Broken,
        1 => drop(guard.into_connection()),
        2 => guard.invalidate(),
        10 => guard.soft_invalidate(),
        11 => guard.detach(),
        3..8 => guard.on_return = Reset::NeedsWork,
        8 => pool.invalidate(),
        9 => pool.dispose().await,
        _ => {}
    }
}

async fn storm(options: Options, seed: u64) {
    let limit = options.size as i64 + options.max_overflow.unwrap() as i64;
    let (pool, server) = pool(options);
    let mut tasks = Vec::new();
    for task in 0..16 {
        let pool = pool.clone();
        let mut dice = Dice(seed * 1000 + task + 1);
        tasks.push(tokio::spawn(async move {
            for _ in 0..400 {
                one_step(&pool, &mut dice).await;
            }
        }));
    }
    let fault = {
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            for round in 0..200_u32 {
                server.refuses.store(round % 7 == 0, Ordering::SeqCst);
                server.reset_fails.store(round % 5 == 0, Ordering::SeqCst);
                server.is_deaf.store(round % 11 == 0, Ordering::SeqCst);
                tokio::task::yield_now().await;
            }
        })
    };
    for task in tasks {
        tokio::time::timeout(Duration::from_secs(60), task).await.expect("nobody waits for ever").unwrap();
    }
    fault.await.unwrap();
    server.refuses.store(false, Ordering::SeqCst);
    server.is_deaf.store(false, Ordering::SeqCst);
    server.reset_fails.store(false, Ordering::SeqCst);

    // Resets and closings go on in the background for a moment.
    for _ in 0..1000 {
        let status = pool.status();
        if status.checked_out == 0 && server.open() == status.idle as i64 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let status = pool.status();
    assert_eq!((status.checked_out, status.waiting), (0, 0), "seed {seed}");
    assert_eq!(server.open(), status.idle as i64, "seed {seed}");
    assert_eq!(status.overflow, status.idle as i64 - status.size as i64, "seed {seed}");

    // Every place can still be taken, and not one more.
    let mut all = Vec::new();
    for _ in 0..limit {
        all.push(pool.acquire().await.unwrap());
    }
    assert!(tokio::time::timeout(Duration::from_millis(5), pool.acquire()).await.is_err());
    assert_eq!(server.open(), limit, "seed {seed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_count_is_lost_in_a_storm() {
    for seed in 0..8 {
        let pre_ping = seed % 2 == 0;
        let options = Options { timeout: Duration::from_secs(30), lifo: seed % 3 == 0, pre_ping, ..small() };
        storm(options, seed).await;
    }
}
