//! What listeners hear of a connection's life, and what they decide.

use super::*;

type Log = Arc<parking_lot::Mutex<Vec<String>>>;

/// A pool whose events are written down: the event and the connection's number.
fn listened(options: Options) -> (Pool<Counted>, Arc<Server>, Log) {
    let (pool, server) = pool(options);
    let log = Log::default();
    macro_rules! asked {
        ($($method:ident $name:literal)*) => {$({
            let log = Arc::clone(&log);
            pool.$method(move |event| {
                let log = Arc::clone(&log);
                Box::pin(async move {
                    log.lock().push(format!("{} {}", $name, event.connection.number));
                    Ok(())
                })
            });
        })*};
    }
    macro_rules! told {
        ($($method:ident $name:literal)*) => {$({
            let log = Arc::clone(&log);
            pool.$method(move |event| {
                let why = event.error.map_or_else(String::new, |error| format!(": {error}"));
                log.lock().push(format!("{} {}{why}", $name, event.connection.number));
            });
        })*};
    }
    asked!(on_first_connect "first_connect" on_connect "connect" on_checkout "checkout" on_reset "reset");
    told!(on_checkin "checkin" on_invalidate "invalidate" on_soft_invalidate "soft_invalidate");
    told!(on_detach "detach" on_close "close");
    (pool, server, log)
}

#[track_caller]
fn assert_heard(log: &Log, expected: &[&str]) {
    assert_eq!(std::mem::take(&mut *log.lock()), expected);
}

#[tokio::test]
async fn a_life_without_trouble_is_told_in_order() {
    let (pool, _server, log) = listened(single());
    assert_heard(&log, &[]);
    let guard = pool.acquire().await.unwrap();
    assert_heard(&log, &["first_connect 1", "connect 1", "checkout 1"]);
    drop(guard);
    settle().await;
    assert_heard(&log, &["reset 1", "checkin 1"]);
    assert_eq!(counts(&pool), (1, 0, 0));
    drop(pool.acquire().await.unwrap());
    settle().await;
    assert_heard(&log, &["checkout 1", "reset 1", "checkin 1"]);
    pool.dispose().await;
    assert_heard(&log, &["close 1"]);
    drop(pool.acquire().await.unwrap());
    settle().await;
    assert_heard(&log, &["connect 2", "checkout 2", "reset 2", "checkin 2"]);
}

#[tokio::test]
async fn a_guard_takes_another_connection_in_its_place() {
    let (pool, _server, log) = listened(single());
    let mut guard = pool.acquire().await.unwrap();
    log.lock().clear();
    guard.renew().await.unwrap();
    assert_eq!((guard.number, pool.status().checked_out), (2, 1));
    assert_heard(&log, &["connect 2", "close 1"]);
    drop(guard);
    settle().await;
    assert_heard(&log, &["reset 2", "checkin 2"]);
}

#[tokio::test]
async fn each_way_out_of_the_pool_is_told() {
    let (pool, server, log) = listened(small());
    let mut guard = pool.acquire().await.unwrap();
    log.lock().clear();
    guard.soft_invalidate();
    assert_heard(&log, &["soft_invalidate 1"]);
    drop(guard);
    settle().await;
    assert_heard(&log, &["reset 1", "checkin 1"]);
    let guard = pool.acquire().await.unwrap();
    assert_heard(&log, &["close 1", "connect 2", "checkout 2"]);
    guard.invalidate();
    assert_heard(&log, &["invalidate 2", "close 2"]);
    let guard = pool.acquire().await.unwrap();
    guard.invalidate_because(&Error::new(ErrorKind::Disconnected, "fail-over"));
    assert_heard(&log, &["connect 3", "checkout 3", "invalidate 3: fail-over", "close 3"]);

    let mut guard = pool.acquire().await.unwrap();
    guard.detach();
    drop(guard);
    settle().await;
    assert_heard(&log, &["connect 4", "checkout 4", "detach 4", "close 4"]);
    drop(pool.acquire().await.unwrap().into_connection());
    settle().await;
    assert_heard(&log, &["connect 5", "checkout 5", "detach 5"]);

    let mut guard = pool.acquire().await.unwrap();
    guard.on_return = Reset::Broken;
    drop(guard);
    settle().await;
    let why = "the connection is of no more use";
    assert_heard(&log, &["connect 6", "checkout 6", &format!("invalidate 6: {why}"), "close 6"]);
    let mut guard = pool.acquire().await.unwrap();
    guard.on_return = Reset::NeedsWork;
    server.reset_fails.store(true, Ordering::SeqCst);
    drop(guard);
    settle().await;
    assert_heard(&log, &["connect 7", "checkout 7", "reset 7", "invalidate 7: reset failed", "close 7"]);

    // One more than are kept.
    let all = [pool.acquire().await.unwrap(), pool.acquire().await.unwrap(), pool.acquire().await.unwrap()];
    log.lock().clear();
    for guard in all {
        drop(guard);
        settle().await;
    }
    let heard = ["reset 8", "checkin 8", "reset 9", "checkin 9", "reset 10", "checkin 10", "close 10"];
    assert_heard(&log, &heard);
    pool.invalidate();
    assert_heard(&log, &["close 8", "close 9"]);
    assert_eq!((server.open(), counts(&pool)), (2, (0, 0, 0)), "they are being closed");
    settle().await;
    assert_eq!(server.open(), 0);
}

#[tokio::test]
async fn a_dead_connection_is_told_with_the_reason() {
    let (pool, server, log) = listened(Options { pre_ping: true, ..single() });
    drop(pool.acquire().await.unwrap());
    settle().await;
    log.lock().clear();
    server.is_deaf.store(true, Ordering::SeqCst);
    drop(pool.acquire().await.unwrap());
    assert_heard(&log, &["invalidate 1: no answer", "close 1", "connect 2", "checkout 2"]);
}

#[tokio::test]
async fn a_connection_that_must_be_finished_is_so_before_the_reset_is_told() {
    let (pool, server, log) = listened(single());
    let mut guard = pool.acquire().await.unwrap();
    (guard.on_return, guard.is_abandoned) = (Reset::NeedsWork, true);
    server.stall();
    log.lock().clear();
    drop(guard);
    settle().await;
    assert_heard(&log, &[]);
    server.resume();
    settle().await;
    assert_heard(&log, &["reset 1", "checkin 1"]);
}

#[tokio::test]
async fn who_refuses_a_new_connection_refuses_it_to_its_user() {
    let (pool, server) = pool(single());
    let refused = Arc::new(AtomicU32::new(2));
    let left = Arc::clone(&refused);
    pool.on_first_connect(move |event| {
        let left = Arc::clone(&left);
        Box::pin(async move {
            event.connection.on_return = Reset::Clean;
            match left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)) {
                Ok(_) => Err(Error::new(ErrorKind::InvalidRequest, "an old schema")),
                Err(_) => Ok(()),
            }
        })
    });
    for _ in 0..2 {
        let error = pool.acquire().await.unwrap_err();
        assert_eq!((error.kind(), error.message()), (&ErrorKind::InvalidRequest, "an old schema"));
        settle().await;
        assert_eq!((counts(&pool), server.open()), ((0, 0, 0), 0));
    }
    drop(pool.acquire().await.unwrap());
    refused.store(1, Ordering::SeqCst);
    pool.invalidate();
    assert_eq!(pool.acquire().await.unwrap().number, 4, "there is only one first connection");
}

/// Lets a listener to checkouts refuse so many of them, and ask for a note.
fn refuse_checkouts(pool: &Pool<Counted>, kind: ErrorKind, times: u32) {
    let left = Arc::new(AtomicU32::new(times));
    pool.on_checkout(move |event| {
        let (left, kind) = (Arc::clone(&left), kind.clone());
        Box::pin(async move {
            tokio::task::yield_now().await;
            event.record_info.insert(event.connection.number);
            match left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)) {
                Ok(_) => Err(Error::new(kind, "not this one")),
                Err(_) => Ok(()),
            }
        })
    });
}

#[tokio::test]
async fn a_checkout_refused_as_disconnected_gets_another_connection() {
    let (pool, server) = pool(single());
    drop(pool.acquire().await.unwrap());
    refuse_checkouts(&pool, ErrorKind::Disconnected, 1);
    let guard = pool.acquire().await.unwrap();
    assert_eq!((guard.number, guard.record_info().get()), (2, Some(&2_u32)));
    settle().await;
    assert_eq!((counts(&pool), server.open()), ((0, 1, 0), 1));
}

#[tokio::test]
async fn a_checkout_refused_twice_or_otherwise_is_an_error() {
    for (kind, times, opened) in [(ErrorKind::Disconnected, 2, 2), (ErrorKind::InvalidRequest, 1, 1)] {
        let (pool, server) = pool(single());
        refuse_checkouts(&pool, kind.clone(), times);
        let error = pool.acquire().await.unwrap_err();
        assert_eq!((error.kind(), error.message()), (&kind, "not this one"));
        settle().await;
        assert_eq!((counts(&pool), server.open(), server.opened()), ((0, 0, 0), 0, opened));
        assert_eq!(pool.acquire().await.unwrap().number, opened + 1);
    }
}

#[tokio::test]
async fn a_connection_whose_listener_was_cancelled_is_not_trusted() {
    let (pool, server) = pool(single());
    let stop = Arc::new(Semaphore::new(0));
    let gate = Arc::clone(&stop);
    pool.on_checkout(move |event| {
        let gate = Arc::clone(&gate);
        Box::pin(async move {
            event.connection.is_abandoned = true;
            _ = gate.acquire().await;
            Ok(())
        })
    });
    let first = start_acquire(&pool).await;
    first.abort();
    settle().await;
    assert_eq!((counts(&pool), server.open()), ((0, 0, 0), 0));
    stop.add_permits(1);
    assert_eq!(pool.acquire().await.unwrap().number, 2);
}

#[tokio::test]
async fn who_refuses_a_reset_closes_the_connection() {
    let (pool, server) = pool(single());
    pool.on_reset(|event| {
        Box::pin(async move {
            event.info.insert("seen");
            Err(Error::new(ErrorKind::Disconnected, "temporary tables are left"))
        })
    });
    drop(pool.acquire().await.unwrap());
    settle().await;
    assert_eq!((counts(&pool), server.open()), ((0, 0, 0), 0));
}

#[tokio::test]
async fn a_panic_of_one_who_is_told_harms_nobody() {
    let (pool, server) = pool(single());
    let heard = Arc::new(AtomicU32::new(0));
    let second = Arc::clone(&heard);
    pool.on_checkin(|_| panic!("a listener's own mistake"));
    pool.on_checkin(move |_| _ = second.fetch_add(1, Ordering::SeqCst));
    for _ in 0..2 {
        assert_eq!(pool.acquire().await.unwrap().number, 1);
    }
    assert_eq!((counts(&pool), server.open(), heard.load(Ordering::SeqCst)), ((1, 0, 0), 1, 2));
}

#[tokio::test]
async fn a_panic_of_one_who_is_asked_takes_the_connection_but_not_its_place() {
    let (pool, server) = pool(single());
    pool.on_checkout(|_| panic!("a listener's own mistake"));
    assert!(start_acquire(&pool).await.await.is_err());
    assert_eq!((counts(&pool), server.open()), ((0, 0, 0), 0));
}
