//! What goes wrong on the way to a connection and back: places and counts are given back.

use super::*;

#[tokio::test]
async fn a_failed_attempt_to_connect_gives_its_place_back() {
    let (pool, server) = pool(single());
    server.refuses.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        assert_eq!(pool.acquire().await.unwrap_err().message(), "connection refused");
    }
    assert_eq!(counts(&pool), (0, 0, 0));
    server.refuses.store(false, Ordering::SeqCst);
    pool.acquire().await.unwrap();
}

#[tokio::test]
async fn those_who_wait_for_a_failed_attempt_try_themselves() {
    let (pool, server) = pool(single());
    server.stall();
    let (first, second) = (start_acquire(&pool).await, start_acquire(&pool).await);
    assert_eq!(counts(&pool), (0, 1, 1));
    server.refuses.store(true, Ordering::SeqCst);
    server.resume();
    // Neither waits for its timeout.
    assert_eq!(first.await.unwrap().unwrap_err().message(), "connection refused");
    assert_eq!(second.await.unwrap().unwrap_err().message(), "connection refused");
    assert_eq!(counts(&pool), (0, 0, 0));
}

#[tokio::test]
async fn a_cancelled_attempt_to_connect_gives_its_place_back() {
    let (pool, server) = pool(single());
    server.stall();
    let (first, second) = (start_acquire(&pool).await, start_acquire(&pool).await);
    first.abort();
    settle().await;
    assert_eq!(counts(&pool), (0, 1, 0), "the second connects now");
    server.resume();
    drop(second.await.unwrap().unwrap());
    assert_eq!((counts(&pool), server.open()), ((1, 0, 0), 1));
}

#[tokio::test]
async fn a_panic_in_the_user_returns_the_connection() {
    let (pool, _server) = pool(single());
    let user = {
        let pool = pool.clone();
        tokio::spawn(async move {
            let _guard = pool.acquire().await.unwrap();
            panic!("user");
        })
    };
    assert!(user.await.is_err());
    assert_eq!(counts(&pool), (1, 0, 0));
}

#[tokio::test]
async fn a_connection_that_needs_work_comes_back_when_it_is_done() {
    let (pool, server) = pool(single());
    server.stall();
    server.permits.add_permits(1);
    pool.acquire().await.unwrap().on_return = Reset::NeedsWork;
    server.permits.forget_permits(1);
    settle().await;
    assert_eq!(counts(&pool), (0, 1, 0), "it counts while it is being reset");
    let waiting = start_acquire(&pool).await;
    server.resume();
    let guard = waiting.await.unwrap().unwrap();
    assert_eq!((guard.number, guard.on_return), (1, Reset::Clean));
}

#[tokio::test]
async fn a_connection_that_cannot_be_reset_is_closed() {
    let (pool, server) = pool(single());
    server.reset_fails.store(true, Ordering::SeqCst);
    for how in [Reset::NeedsWork, Reset::Broken] {
        pool.acquire().await.unwrap().on_return = how;
        settle().await;
        assert_eq!((counts(&pool), server.open()), ((0, 0, 0), 0), "{how:?}");
    }
    assert_eq!(pool.acquire().await.unwrap().number, 3);
}

#[test]
fn without_a_runtime_a_connection_that_needs_work_is_dropped() {
    let (pool, server) = pool(single());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    for how in [Reset::NeedsWork, Reset::Broken] {
        let mut guard = runtime.block_on(pool.acquire()).unwrap();
        guard.on_return = how;
        drop(guard);
        assert_eq!((counts(&pool), server.open()), ((0, 0, 0), 0), "{how:?}");
    }
    drop(runtime.block_on(pool.acquire()).unwrap());
    assert_eq!(counts(&pool), (1, 0, 0), "a clean one comes back");
}

#[test]
fn a_runtime_that_ends_during_a_reset_takes_the_connection_but_not_its_place() {
    let (pool, server) = pool(single());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let mut guard = pool.acquire().await.unwrap();
        guard.on_return = Reset::NeedsWork;
        server.stall();
        drop(guard);
        settle().await;
    });
    drop(runtime);
    assert_eq!((counts(&pool), server.open()), ((0, 0, 0), 0));
}

#[tokio::test]
async fn a_detached_connection_no_longer_counts() {
    let (pool, server) = pool(single());
    let guard = pool.acquire().await.unwrap();
    let waiting = start_acquire(&pool).await;
    let detached = guard.into_connection();
    let second = waiting.await.unwrap().unwrap();
    assert_eq!((detached.number, second.number, server.open()), (1, 2, 2));
    drop(second);
    assert_eq!(counts(&pool), (1, 0, 0));
}

#[tokio::test]
async fn an_invalidated_connection_is_closed_and_replaced() {
    let (pool, server) = pool(single());
    let guard = pool.acquire().await.unwrap();
    let waiting = start_acquire(&pool).await;
    guard.invalidate();
    assert_eq!(waiting.await.unwrap().unwrap().number, 2);
    settle().await;
    assert_eq!((server.open(), server.closed.load(Ordering::SeqCst)), (1, 1));
}

#[tokio::test]
async fn a_connection_past_its_age_is_replaced() {
    let (pool, server) = pool(Options { recycle: Some(Duration::from_millis(300)), ..single() });
    assert_eq!(pool.acquire().await.unwrap().number, 1);
    assert_eq!(pool.acquire().await.unwrap().number, 1);
    tokio::time::sleep(Duration::from_millis(320)).await;
    assert_eq!(pool.acquire().await.unwrap().number, 2);
    settle().await;
    assert_eq!(server.open(), 1);
}

#[tokio::test]
async fn a_ping_is_for_used_connections_only() {
    let (pool, server) = pool(Options { pre_ping: true, ..single() });
    drop(pool.acquire().await.unwrap());
    assert_eq!(server.pings.load(Ordering::SeqCst), 0);
    drop(pool.acquire().await.unwrap());
    assert_eq!(server.pings.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn one_dead_connection_condemns_all_older_ones() {
    let (pool, server) = pool(Options { pre_ping: true, ..small() });
    let (first, second) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    let third = pool.acquire().await.unwrap();
    drop((first, second));
    server.is_deaf.store(true, Ordering::SeqCst);
    // The fresh one is not asked.
    assert_eq!(pool.acquire().await.unwrap().number, 4);
    settle().await;
    assert_eq!((counts(&pool), server.open()), ((1, 1, 0), 2));
    drop(third);
    settle().await;
    assert_eq!((counts(&pool), server.open()), ((1, 0, 0), 1));
    assert_eq!(server.pings.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_connection_whose_ping_was_cancelled_is_not_trusted() {
    let (pool, server) = pool(Options { pre_ping: true, ..single() });
    drop(pool.acquire().await.unwrap());
    server.stall();
    let pinging = start_acquire(&pool).await;
    pinging.abort();
    settle().await;
    assert_eq!((counts(&pool), server.open()), ((0, 0, 0), 0));
    server.resume();
    assert_eq!(pool.acquire().await.unwrap().number, 2);
}

#[tokio::test]
async fn disposing_closes_now_or_on_return_and_the_pool_goes_on() {
    let (pool, server) = pool(small());
    let (first, second) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    drop(first);
    pool.dispose().await;
    assert_eq!((counts(&pool), server.open()), ((0, 1, 0), 1));
    assert_eq!(pool.acquire().await.unwrap().number, 3);
    drop(second);
    settle().await;
    assert_eq!((counts(&pool), server.open()), ((1, 0, 0), 1));
    assert_eq!(pool.acquire().await.unwrap().number, 3);
}

#[tokio::test]
async fn an_invalidation_reaches_a_connection_that_is_being_opened() {
    let (pool, server) = pool(single());
    server.stall();
    let connecting = start_acquire(&pool).await;
    pool.invalidate();
    server.resume();
    drop(connecting.await.unwrap().unwrap());
    settle().await;
    assert_eq!((counts(&pool), server.open()), ((0, 0, 0), 0));
}

#[tokio::test]
async fn a_stale_connection_is_not_handed_to_one_who_waits() {
    let (pool, server) = pool(single());
    let held = pool.acquire().await.unwrap();
    let waiting = start_acquire(&pool).await;
    pool.invalidate();
    drop(held);
    assert_eq!(waiting.await.unwrap().unwrap().number, 2);
    settle().await;
    assert_eq!(server.open(), 1);
}
