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
    assert_eq!(pool.acquire().await.unwrap().number, 1);
}
