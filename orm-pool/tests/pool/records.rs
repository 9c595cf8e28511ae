//! What becomes of connections that are invalidated or detached, and what is noted about them.

use super::*;

#[tokio::test]
async fn a_soft_invalidated_connection_serves_on_and_is_replaced_when_it_is_next_wanted() {
    let (pool, server) = pool(single());
    let mut guard = pool.acquire().await.unwrap();
    guard.soft_invalidate();
    assert_eq!(guard.number, 1);
    drop(guard);
    settle().await;
    assert_eq!((counts(&pool), server.open()), ((1, 0, 0), 1), "it is kept until then");
    assert_eq!(pool.acquire().await.unwrap().number, 2);
    settle().await;
    assert_eq!((counts(&pool), server.open()), ((1, 0, 0), 1));
}

#[tokio::test]
async fn one_who_waits_is_not_given_a_soft_invalidated_connection() {
    let (pool, server) = pool(single());
    let mut guard = pool.acquire().await.unwrap();
    let waiting = start_acquire(&pool).await;
    guard.soft_invalidate();
    drop(guard);
    assert_eq!(waiting.await.unwrap().unwrap().number, 2);
    settle().await;
    assert_eq!(server.open(), 1);
}

#[tokio::test]
async fn a_detached_connection_is_used_on_and_closed_at_its_end() {
    let (pool, server) = pool(single());
    let mut guard = pool.acquire().await.unwrap();
    guard.detach();
    guard.detach();
    assert!(guard.is_detached());
    assert_eq!((guard.number, counts(&pool)), (1, (0, 0, 0)));
    let second = pool.acquire().await.unwrap();
    assert_eq!((second.number, server.open()), (2, 2), "more than the pool may have");
    drop(guard);
    settle().await;
    assert_eq!((counts(&pool), server.open(), server.closed.load(Ordering::SeqCst)), ((0, 1, 0), 1, 1));
}

#[derive(Debug, PartialEq)]
struct Note(&'static str);

#[tokio::test]
async fn notes_about_a_connection_go_with_it_and_those_about_its_place_stay() {
    let (pool, _server) = pool(single());
    let mut guard = pool.acquire().await.unwrap();
    guard.info_mut().insert(Note("connection"));
    guard.record_info_mut().insert(Note("place"));
    drop(guard);
    let mut guard = pool.acquire().await.unwrap();
    assert_eq!((guard.info().get(), guard.record_info().get()), (Some(&Note("connection")), Some(&Note("place"))));
    guard.soft_invalidate();
    drop(guard);

    // Replaced while it is lent again, closed by its user, closed with the pool, closed with all others.
    for how in 0..4 {
        let guard = pool.acquire().await.unwrap();
        assert!(guard.info().is_empty(), "{how}");
        assert_eq!(guard.record_info().get(), Some(&Note("place")), "{how}");
        match how {
            0 => guard.invalidate(),
            1 => {
                drop(guard);
                pool.dispose().await;
            }
            2 => {
                drop(guard);
                pool.invalidate();
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_failed_attempt_to_connect_keeps_the_notes_about_the_place() {
    let (pool, server) = pool(single());
    let mut guard = pool.acquire().await.unwrap();
    guard.record_info_mut().insert(Note("place"));
    guard.invalidate();
    server.refuses.store(true, Ordering::SeqCst);
    pool.acquire().await.unwrap_err();
    server.stall();
    let connecting = start_acquire(&pool).await;
    connecting.abort();
    settle().await;
    server.resume();
    server.refuses.store(false, Ordering::SeqCst);
    assert_eq!(pool.acquire().await.unwrap().record_info().get(), Some(&Note("place")));
}

#[tokio::test]
async fn notes_about_places_beyond_the_pools_size_are_forgotten() {
    let (pool, _server) = pool(small());
    let mut all = Vec::new();
    for _ in 0..3 {
        let mut guard = pool.acquire().await.unwrap();
        guard.record_info_mut().insert(Note("place"));
        all.push(guard);
    }
    drop(all);
    pool.dispose().await;
    let mut kept = 0;
    let mut all = Vec::new();
    for _ in 0..3 {
        let guard = pool.acquire().await.unwrap();
        kept += u32::from(guard.record_info().get::<Note>().is_some());
        all.push(guard);
    }
    assert_eq!(kept, 2);
}

#[tokio::test]
async fn a_transaction_ends_as_the_pool_or_the_user_says() {
    for (pools, users, expected) in [
        (ResetOnReturn::Rollback, None, vec![ResetOnReturn::Rollback]),
        (ResetOnReturn::Commit, None, vec![ResetOnReturn::Commit]),
        (ResetOnReturn::None, None, vec![]),
        (ResetOnReturn::Commit, Some(ResetOnReturn::Rollback), vec![ResetOnReturn::Rollback]),
        (ResetOnReturn::Rollback, Some(ResetOnReturn::None), vec![]),
    ] {
        let (pool, server) = pool(Options { reset_on_return: pools, ..single() });
        let mut guard = pool.acquire().await.unwrap();
        guard.on_return = Reset::NeedsWork;
        if let Some(users) = users {
            guard.set_reset_on_return(users);
        }
        drop(guard);
        settle().await;
        assert_eq!(*server.resets.lock(), expected, "{pools:?} {users:?}");
        // The user's word was for once.
        let mut guard = pool.acquire().await.unwrap();
        (guard.on_return, guard.is_abandoned) = (Reset::NeedsWork, true);
        drop(guard);
        settle().await;
        assert_eq!(server.resets.lock().len(), expected.len() + 1, "what was abandoned is always seen to");
        assert_eq!(server.resets.lock().last(), Some(&pools));
    }
}

#[tokio::test]
async fn a_connection_that_does_not_answer_in_time_is_closed() {
    let options = Options { pre_ping: true, answer_timeout: Duration::from_millis(30), ..single() };
    let (pool, server) = pool(options);
    // While it is reset.
    let mut guard = pool.acquire().await.unwrap();
    guard.on_return = Reset::NeedsWork;
    server.stall();
    drop(guard);
    settle().await;
    assert_eq!(counts(&pool), (0, 1, 0));
    while pool.status().checked_out > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    settle().await;
    assert_eq!((counts(&pool), server.open()), ((0, 0, 0), 0));
    server.resume();
    // While it is asked for a sign of life.
    drop(pool.acquire().await.unwrap());
    server.stall();
    let asking = start_acquire(&pool).await;
    while server.open() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    server.resume();
    assert_eq!(asking.await.unwrap().unwrap().number, 3);
}
