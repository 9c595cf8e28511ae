//! Futures that are dropped half-way: their connection is not used again, and a transaction counts as begun.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::proxy::Proxy;
use super::*;

/// Polls a future so often that it has waited this many times, and drops it; returns whether it ended before.
async fn abandon(future: impl Future, after: usize) -> bool {
    let mut future = pin!(future);
    let mut waits = 0;
    std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(_) => Poll::Ready(true),
        Poll::Pending if waits == after => Poll::Ready(false),
        Poll::Pending => {
            waits += 1;
            Poll::Pending
        }
    })
    .await
}

#[tokio::test]
async fn a_connection_whose_future_was_dropped_is_never_used_again() {
    let Some(_) = connect().await else { return };
    let server = options();
    let mut places = 0;
    // After each of the bytes that answer a new text and its rows.
    for bytes in (0..).map(|n: i64| if n < 60 { n } else { 60 + (n - 60) * 7 }) {
        let proxy = Proxy::new(&server.host, server.port);
        let ssl_mode = Some("disabled".into());
        let own = Options { host: "127.0.0.1".into(), port: proxy.port, ssl_mode, ..server.clone() };
        let mut c = Connection::open(&own).await.unwrap();
        let statement = kept("SELECT ?, REPEAT('x', 300) UNION ALL SELECT 2, 'y'");
        let parameters = [Value::Int32(0)];

        proxy.hold_after(bytes);
        let run = c.run(&statement, &parameters, |_| ControlFlow::Continue(()));
        let has_ended = tokio::time::timeout(Duration::from_millis(3), run).await.is_ok();
        proxy.release();
        places += 1;
        assert_eq!((c.is_in_flight(), c.needs_discard()), (!has_ended, !has_ended));
        if has_ended {
            assert_eq!(rows(&mut c, &statement, &parameters).await.unwrap().len(), 2);
            if bytes > 200 {
                break;
            }
            continue;
        }
        // Nothing is sent any more, so that nothing can hang.
        let result = tokio::time::timeout(Duration::from_millis(500), async {
            assert!(c.run(&statement, &parameters, |_| ControlFlow::Continue(())).await.unwrap_err().is_disconnect());
            assert!(c.batch("SELECT 1").await.unwrap_err().is_disconnect());
            assert!(c.ping().await.unwrap_err().is_disconnect());
            c.close().await.unwrap();
        });
        result.await.unwrap();
    }
    assert!(places > 60, "there were {places} places to drop it");
}

#[tokio::test]
async fn a_begin_that_was_dropped_counts_as_begun() {
    let Some(mut c) = connect().await else { return };
    assert!(!abandon(c.batch("BEGIN; SELECT SLEEP(0.05)"), 0).await);
    assert!(c.is_in_transaction() && c.needs_discard());
    let mut c = orm_pool::driver::Connection::MySql(c);
    assert!(c.drain(Duration::from_secs(1)).await.unwrap_err().is_disconnect());
}

#[tokio::test]
async fn the_server_ends_what_was_given_up_and_closed() {
    let (Some(mut c), Some(mut other)) = (connect().await, connect().await) else { return };
    let Cell::Int(thread) = scalar(&mut c, "SELECT CAST(CONNECTION_ID() AS SIGNED)", &[]).await else { panic!() };
    assert!(!abandon(c.batch("SELECT SLEEP(30)"), 0).await);
    c.close().await.unwrap();
    let is_there = format!("SELECT COUNT(*) FROM information_schema.processlist WHERE id = {thread}");
    let wait = async {
        while scalar(&mut other, &is_there, &[]).await != Cell::Int(0) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(15), wait).await.expect("the statement goes on in the server");
}
