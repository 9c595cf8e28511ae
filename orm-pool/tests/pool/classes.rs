//! The kinds of pools besides the queue: null, static, assertion, singleton.

use super::*;

fn of(class: Class) -> Options {
    Options { class, timeout: Duration::from_millis(30), ..Options::default() }
}

#[tokio::test]
async fn a_null_pool_keeps_nothing_and_has_no_limit() {
    let (pool, server) = pool(of(Class::Null));
    let all = [pool.acquire().await.unwrap(), pool.acquire().await.unwrap(), pool.acquire().await.unwrap()];
    assert_eq!((counts(&pool), server.open()), ((0, 3, 0), 3));
    drop(all);
    settle().await;
    assert_eq!((counts(&pool), server.open(), server.closed.load(Ordering::SeqCst)), ((0, 0, 0), 0, 3));
    assert_eq!(pool.acquire().await.unwrap().number, 4);
    assert_eq!(pool.status().to_string(), "NullPool");
}

#[tokio::test]
async fn a_static_pool_lends_its_one_connection_in_turn() {
    let (pool, server) = pool(Options { timeout: Duration::from_secs(10), ..of(Class::Static) });
    let first = pool.acquire().await.unwrap();
    let second = start_acquire(&pool).await;
    assert!(!second.is_finished());
    drop(first);
    assert_eq!(second.await.unwrap().unwrap().number, 1);
    assert_eq!((server.opened(), server.open()), (1, 1));
}

#[tokio::test]
async fn a_static_pool_times_out() {
    let (pool, _server) = pool(of(Class::Static));
    let _held = pool.acquire().await.unwrap();
    let error = pool.acquire().await.unwrap_err();
    assert_eq!(
        error.message().lines().next(),
        Some("StaticPool limit of size 1 overflow 0 reached, connection timed out, timeout 0.03")
    );
    assert!(error.message().contains("\n1 connection is checked out; the oldest for 0."), "{error}");
}

#[tokio::test]
async fn an_assertion_pool_tells_where_the_connection_is() {
    let (pool, _server) = pool(of(Class::Assertion));
    let (held, line) = (pool.acquire().await.unwrap(), line!());
    let error = pool.acquire().await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::InvalidRequest);
    let place = format!("connection is already checked out at: {}:{line}:", file!());
    assert!(error.message().starts_with(&place), "{error}");
    drop(held);
    let (mut held, line) = (pool.acquire().await.unwrap(), line!());
    assert_eq!(held.number, 1);
    // Nobody has it while it is cleaned up in the background.
    held.on_return = Reset::NeedsWork;
    drop(held);
    let error = pool.acquire().await.unwrap_err();
    let place = format!("connection is already checked out at: {}:{line}:", file!());
    assert!(error.message().starts_with(&place), "{error}");
    assert!(error.message().ends_with(", given back and being cleaned up"), "{error}");
    settle().await;
    assert_eq!(pool.acquire().await.unwrap().number, 1);
}

#[tokio::test]
async fn a_singleton_pool_lends_each_task_its_own_connection() {
    let (pool, server) = pool(Options { size: 2, ..of(Class::Singleton) });
    let gate = Arc::new(Semaphore::new(0));
    let task = |expected: u32| {
        let (pool, gate) = (pool.clone(), Arc::clone(&gate));
        tokio::spawn(async move {
            for _ in 0..3 {
                assert_eq!(pool.acquire().await.unwrap().number, expected);
                tokio::task::yield_now().await;
            }
            _ = gate.acquire().await;
            assert_eq!(pool.acquire().await.unwrap().number, expected, "still its own");
        })
    };
    let tasks = [task(1), task(2)];
    settle().await;
    // Outside of tasks there is the thread's.
    assert_eq!(pool.acquire().await.unwrap().number, 3);
    settle().await;
    assert_eq!((server.open(), server.closed.load(Ordering::SeqCst)), (2, 1), "that which was idle longest is closed");
    tasks[0].abort();
    gate.add_permits(2);
    let [_, second] = tasks;
    second.await.unwrap();
    assert_eq!(pool.status().to_string(), "SingletonPool size: 2");
}

#[tokio::test]
async fn a_singleton_pool_lets_all_tasks_in_and_closes_what_is_too_much_when_it_is_idle() {
    let (pool, server) = pool(Options { size: 2, ..of(Class::Singleton) });
    let gate = Arc::new(Semaphore::new(0));
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let (pool, gate) = (pool.clone(), Arc::clone(&gate));
            tokio::spawn(async move {
                let _guard = pool.acquire().await.unwrap();
                _ = gate.acquire().await.unwrap();
            })
        })
        .collect();
    settle().await;
    assert_eq!((counts(&pool), server.open()), ((0, 6, 0), 6));
    gate.add_permits(6);
    for task in tasks {
        task.await.unwrap();
    }
    settle().await;
    assert_eq!((counts(&pool), server.open()), ((2, 0, 0), 2));
}

#[tokio::test]
async fn a_task_that_wants_its_single_connection_twice_is_told_so() {
    let (pool, _server) = pool(of(Class::Singleton));
    let held = pool.acquire().await.unwrap();
    let error = pool.acquire().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout { .. }));
    assert!(
        error
            .message()
            .ends_with("this thread has one connection, which it holds already or has given to another thread"),
        "{error}"
    );
    drop(held);
    let mut guard = pool.acquire().await.unwrap();
    assert_eq!(guard.number, 1);
    // A connection that is closed, or leaves, frees its task.
    guard.detach();
    let second = pool.acquire().await.unwrap();
    assert_eq!(second.number, 2);
    second.invalidate();
    assert_eq!(pool.acquire().await.unwrap().number, 3);
    assert_eq!(counts(&pool), (1, 0, 0));
}

#[tokio::test]
async fn a_single_connection_that_was_given_away_comes_back_to_its_task() {
    let (pool, server) = pool(Options { timeout: Duration::from_secs(10), ..of(Class::Singleton) });
    let guard = pool.acquire().await.unwrap();
    let elsewhere = tokio::spawn(async move {
        settle().await;
        drop(guard);
    });
    assert_eq!(pool.acquire().await.unwrap().number, 1);
    elsewhere.await.unwrap();
    assert_eq!((counts(&pool), server.opened()), ((1, 0, 0), 1));
}
