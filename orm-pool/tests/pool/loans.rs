//! Connections that are lent for a moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use orm_pool::pool::{Options, Reset};

use crate::{counts, pool, settle, single, small, start_acquire};

#[tokio::test]
async fn a_loan_is_of_what_is_idle_and_needs_nothing_first() {
    let (lazy, server) = pool(small());
    assert!(lazy.acquire_now().is_none());
    assert_eq!(server.opened(), 0);
    drop(lazy.acquire().await.unwrap());
    let loan = lazy.acquire_now().unwrap();
    assert_eq!((loan.number, counts(&lazy)), (1, (0, 1, 0)));
    assert!(lazy.acquire_now().is_none());
    loan.give_back_clean();
    assert_eq!(counts(&lazy), (1, 0, 0));

    let (careful, _server) = pool(Options { pre_ping: true, ..small() });
    drop(careful.acquire().await.unwrap());
    assert!(careful.acquire_now().is_none());

    let (heard, _server) = pool(small());
    drop(heard.acquire().await.unwrap());
    heard.on_checkout(|_| Box::pin(async { Ok(()) }));
    assert!(heard.acquire_now().is_none());

    let (stale, server) = pool(small());
    stale.acquire().await.unwrap().soft_invalidate();
    assert!(stale.acquire_now().is_none());
    assert_eq!((stale.acquire().await.unwrap().number, server.opened()), (2, 2));
}

#[tokio::test]
async fn a_loan_that_is_dropped_is_cleaned_up_and_one_given_back_clean_is_not() {
    let (pool, server) = pool(small());
    drop(pool.acquire().await.unwrap());
    let mut loan = pool.acquire_now().unwrap();
    loan.on_return = Reset::NeedsWork;
    loan.give_back_clean();
    assert_eq!((server.resets.lock().len(), counts(&pool)), (0, (1, 0, 0)));
    drop(pool.acquire_now().unwrap());
    settle().await;
    assert_eq!((server.resets.lock().len(), counts(&pool)), (1, (1, 0, 0)));
}

#[tokio::test]
async fn who_waits_gets_what_a_loan_gives_back() {
    for is_clean in [true, false] {
        let (pool, server) = pool(single());
        drop(pool.acquire().await.unwrap());
        let loan = pool.acquire_now().unwrap();
        let waiting = start_acquire(&pool).await;
        assert_eq!(counts(&pool), (0, 1, 1));
        if is_clean {
            loan.give_back_clean()
        } else {
            drop(loan)
        }
        assert_eq!(waiting.await.unwrap().unwrap().number, 1);
        assert_eq!(server.opened(), 1);
    }
}

#[tokio::test]
async fn listeners_hear_of_a_loan_that_comes_back_and_an_old_one_is_closed() {
    let (pool, server) = pool(small());
    drop(pool.acquire().await.unwrap());
    let heard = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&heard);
    pool.on_checkin(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    pool.acquire_now().unwrap().give_back_clean();
    assert_eq!((heard.load(Ordering::SeqCst), counts(&pool)), (1, (1, 0, 0)));

    let (loan, other) = (pool.acquire_now().unwrap(), pool.clone());
    other.invalidate();
    loan.give_back_clean();
    settle().await;
    assert_eq!((server.open(), counts(&pool)), (0, (0, 0, 0)));
}

#[tokio::test]
async fn a_loan_becomes_a_guard() {
    let (pool, _server) = pool(small());
    drop(pool.acquire().await.unwrap());
    let guard = pool.acquire_now().unwrap().into_guard();
    assert_eq!((guard.number, counts(&pool)), (1, (0, 1, 0)));
    drop(guard);
    assert_eq!(counts(&pool), (1, 0, 0));
}
