//! How many connections there are, and who gets the next.

use super::*;

#[tokio::test]
async fn a_new_pool_has_connected_to_nothing() {
    let (pool, server) = pool(Options::default());
    assert_eq!(server.opened(), 0);
    assert_eq!(
        pool.status().to_string(),
        "Pool size: 5  Connections in pool: 0 Current Overflow: -5 Current Checked out connections: 0"
    );
}

#[tokio::test]
async fn a_returned_connection_is_lent_again() {
    let (pool, server) = pool(small());
    for _ in 0..10 {
        assert_eq!(pool.acquire().await.unwrap().number, 1);
    }
    assert_eq!((server.opened(), counts(&pool)), (1, (1, 0, 0)));
}

#[tokio::test]
async fn overflow_is_closed_when_it_comes_back() {
    let (pool, server) = pool(small());
    let all = [pool.acquire().await.unwrap(), pool.acquire().await.unwrap(), pool.acquire().await.unwrap()];
    assert_eq!(
        pool.status().to_string(),
        "Pool size: 2  Connections in pool: 0 Current Overflow: 1 Current Checked out connections: 3"
    );
    drop(all);
    settle().await;
    assert_eq!((counts(&pool), server.open(), server.closed.load(Ordering::SeqCst)), ((2, 0, 0), 2, 1));
}

#[tokio::test]
async fn a_timeout_tells_how_many_are_out_and_since_when() {
    let (pool, _server) = pool(small());
    let held = [pool.acquire().await.unwrap(), pool.acquire().await.unwrap(), pool.acquire().await.unwrap()];
    let error = pool.acquire().await.unwrap_err();
    let ErrorKind::Timeout { waited } = error.kind() else { panic!("{error:?}") };
    assert!(*waited >= Duration::from_millis(50));
    let lines: Vec<&str> = error.message().lines().collect();
    assert_eq!(lines[0], "QueuePool limit of size 2 overflow 1 reached, connection timed out, timeout 0.05");
    assert!(lines[1].starts_with("3 connections are checked out; the oldest for 0."), "{}", lines[1]);
    assert_eq!(lines[1].matches("limits.rs:").count(), 3, "{}", lines[1]);
    assert_eq!(lines.len(), 2);
    assert_eq!(counts(&pool), (0, 3, 0));
    drop(held);
}

#[tokio::test]
async fn a_timeout_tells_why_connecting_failed() {
    let (pool, server) = pool(Options { max_overflow: Some(0), ..small() });
    let _held = pool.acquire().await.unwrap();
    server.refuses.store(true, Ordering::SeqCst);
    pool.acquire().await.unwrap_err();
    server.stall();
    let connecting = start_acquire(&pool).await;
    let error = pool.acquire().await.unwrap_err();
    assert_eq!(
        error.message().lines().last(),
        Some("the last attempt to connect failed: connection refused"),
        "{error}"
    );
    server.resume();
    assert_eq!(connecting.await.unwrap().unwrap_err().message(), "connection refused");
    assert_eq!(counts(&pool), (0, 1, 0));
}

#[tokio::test]
async fn those_who_wait_are_served_in_order() {
    let (pool, _server) = pool(single());
    let held = pool.acquire().await.unwrap();
    let order = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let mut tasks = Vec::new();
    for n in 0..5 {
        let (pool, order) = (pool.clone(), Arc::clone(&order));
        tasks.push(tokio::spawn(async move {
            let _guard = pool.acquire().await.unwrap();
            order.lock().push(n);
            tokio::task::yield_now().await;
        }));
        settle().await;
    }
    assert_eq!(counts(&pool), (0, 1, 5));
    drop(held);
    // A newcomer finds nothing idle, though a connection has just come back.
    assert_eq!(pool.status().idle, 0);
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*order.lock(), [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn one_who_gives_up_leaves_the_queue() {
    let (pool, _server) = pool(single());
    let held = pool.acquire().await.unwrap();
    let (first, second) = (start_acquire(&pool).await, start_acquire(&pool).await);
    assert_eq!(counts(&pool), (0, 1, 2));
    first.abort();
    settle().await;
    assert_eq!(counts(&pool), (0, 1, 1));
    drop(held);
    drop(second.await.unwrap().unwrap());
    assert_eq!(counts(&pool), (1, 0, 0));
}

#[tokio::test]
async fn one_who_gives_up_after_being_served_passes_it_on() {
    let (pool, server) = pool(single());
    let held = pool.acquire().await.unwrap();
    let (first, second) = (start_acquire(&pool).await, start_acquire(&pool).await);
    // The connection is handed to the first, who is aborted before it runs again.
    drop(held);
    first.abort();
    settle().await;
    let guard = second.await.unwrap().unwrap();
    assert_eq!((guard.number, server.opened(), counts(&pool)), (1, 1, (0, 1, 0)));
    drop(guard);
    assert_eq!(counts(&pool), (1, 0, 0));
}

#[tokio::test]
async fn the_last_or_the_first_returned_is_lent_next() {
    for (lifo, expected) in [(true, 2), (false, 1)] {
        let (pool, _server) = pool(Options { lifo, ..small() });
        let (first, second) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
        drop(first);
        drop(second);
        assert_eq!(pool.acquire().await.unwrap().number, expected);
    }
}

#[tokio::test]
async fn overflow_without_limit_never_waits() {
    let (pool, server) = pool(Options { max_overflow: None, ..small() });
    let mut all = Vec::new();
    for _ in 0..50 {
        all.push(pool.acquire().await.unwrap());
    }
    drop(all);
    settle().await;
    assert_eq!((counts(&pool), server.open()), ((2, 0, 0), 2));
}

#[tokio::test]
async fn a_size_of_zero_keeps_all_without_limit() {
    let (pool, server) = pool(Options { size: 0, ..small() });
    let mut all = Vec::new();
    for _ in 0..20 {
        all.push(pool.acquire().await.unwrap());
    }
    drop(all);
    assert_eq!((counts(&pool), server.open()), ((20, 0, 0), 20));
}

#[test]
fn guards_and_pools_go_anywhere() {
    fn is_free<T: Send + Sync + 'static>() {}
    is_free::<Guard<Counted>>();
    is_free::<Pool<Counted>>();
    fn is_send<T: Send>(_: T) {}
    let (pool, _server) = pool(small());
    is_send(pool.acquire());
}

#[tokio::test]
async fn a_guard_may_outlive_the_pool() {
    let (pool, server) = pool(small());
    let guard = pool.acquire().await.unwrap();
    drop(pool);
    assert_eq!(guard.number, 1);
    drop(guard);
    assert_eq!(server.open(), 0);
}

#[inline(never)]
async fn a_handler_that_forgets(pool: &Pool<Counted>) -> Guard<Counted> {
    pool.acquire().await.unwrap()
}

#[tokio::test]
async fn a_timeout_tells_which_calls_led_to_the_checkouts_if_that_was_asked_for() {
    let (pool, _server) = pool(Options { trace: true, max_overflow: Some(0), size: 1, ..small() });
    let _held = a_handler_that_forgets(&pool).await;
    let error = pool.acquire().await.unwrap_err();
    let calls = error.message().split(" < ").skip(1).collect::<Vec<_>>();
    assert_eq!(calls.len(), 3, "{error}");
    assert!(calls[..2].iter().all(|call| call.contains("limits.rs:")), "{error}");
}

#[test]
fn who_waits_is_told_in_time_though_the_runtime_that_kept_the_time_has_ended() {
    let (pool, _server) = pool(Options { timeout: Duration::from_millis(300), ..single() });
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (first, second) = (runtime(), runtime());
    let held = first.block_on(pool.acquire()).unwrap();
    // The first to wait has somebody keep the time in its own runtime.
    let waiting = first.block_on(start_acquire(&pool));
    let elsewhere = {
        let pool = pool.clone();
        std::thread::spawn(move || second.block_on(pool.acquire()).map(drop))
    };
    while pool.status().waiting < 2 {
        std::thread::yield_now();
    }
    drop(first);
    let error = elsewhere.join().unwrap().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout { .. }), "{error:?}");
    drop(waiting);
    drop(held);
    assert_eq!(counts(&pool), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_paused_clock_is_the_pools_clock_too() {
    let (pool, _server) = pool(Options { timeout: Duration::from_secs(3600), ..single() });
    let _held = pool.acquire().await.unwrap();
    let error = pool.acquire().await.unwrap_err();
    assert_eq!(error.message().lines().next().unwrap().split(", ").last(), Some("timeout 3600.00"));
}
