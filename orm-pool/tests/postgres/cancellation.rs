//! Futures that are dropped half-way: no answer and no failure comes to another.

use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

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
async fn a_future_dropped_anywhere_leaves_no_wrong_answer_behind() {
    let Some(mut c) = connect().await else { return };
    let schema = Schema::new(&mut c, "CREATE TYPE mood AS ENUM ('sad')").await;
    let server = options();
    let mut places = 0;
    // After each of the first bytes that answer a new text with a type that sqlx has to ask for, then after some.
    for bytes in (0..).map(|n: i64| if n < 40 { n } else { 40 + (n - 40) * 17 }) {
        let proxy = Proxy::new(&server.host, server.port);
        let parameters = vec![("search_path".into(), schema.0.clone())];
        let ssl_mode = Some("disable".into());
        let own = Options { host: "127.0.0.1".into(), port: proxy.port, ssl_mode, parameters, ..server.clone() };
        let mut c = Connection::open(&own).await.unwrap();
        let statement = kept("SELECT g, repeat('x', 100), 'sad'::mood FROM generate_series(1, 5) g WHERE g > $1");
        let parameters = [Value::Int32(0)];

        proxy.hold_after(bytes);
        let run = c.run(&statement, &parameters, |_| ControlFlow::Continue(()));
        let has_ended = tokio::time::timeout(Duration::from_millis(3), run).await.is_ok();
        proxy.release();
        assert_eq!(c.is_in_flight(), !has_ended);
        assert!(!c.needs_discard());
        if bytes % 2 == 0 {
            c.drain(Duration::from_secs(5)).await.unwrap();
            assert!(!c.is_in_flight());
        }
        let twice = kept("SELECT $1 + 2");
        for n in 0..200 {
            let (question, expected) = if n % 20 == 0 { (&once("SELECT $1 + 1"), n + 1) } else { (&twice, n + 2) };
            assert_eq!(rows(&mut c, question, &[Value::Int64(n)]).await.unwrap(), [[Cell::Int(expected)]]);
        }
        assert_eq!(rows(&mut c, &statement, &parameters).await.unwrap().len(), 5);
        places += 1;
        if has_ended && bytes > 200 {
            break;
        }
    }
    assert!(places > 60, "there were {places} places to drop it");
    schema.drop(c).await;
}

#[tokio::test]
async fn the_failure_of_an_abandoned_statement_is_nobodys() {
    let Some(mut c) = connect().await else { return };
    for way in 0..3 {
        c.batch("BEGIN").await.unwrap();
        assert!(!abandon(c.batch("SELECT pg_sleep(0.05); SELECT 1 / 0"), 0).await);
        assert!(c.is_in_flight() && c.is_in_transaction());
        match way {
            0 => c.drain(Duration::from_secs(5)).await.unwrap(),
            1 => c.ping().await.unwrap(),
            _ => {}
        }
        c.batch("ROLLBACK").await.unwrap();
        assert!(!c.is_in_transaction());
        assert_eq!(scalar(&mut c, "SELECT 1", &[]).await, Cell::Int(1));
    }
}

#[tokio::test]
async fn a_begin_that_was_dropped_counts_as_begun() {
    let Some(mut c) = connect().await else { return };
    assert!(!abandon(c.batch("BEGIN; SELECT pg_sleep(0.05)"), 0).await);
    assert!(c.is_in_flight() && c.is_in_transaction());
    c.drain(Duration::from_secs(5)).await.unwrap();
    assert!(c.is_in_transaction());
    c.batch("ROLLBACK").await.unwrap();
    assert!(!c.is_in_transaction());
    // And a commit as not ended.
    c.batch("BEGIN").await.unwrap();
    assert!(!abandon(c.batch("COMMIT; SELECT pg_sleep(0.05)"), 0).await);
    assert!(c.is_in_transaction());
    c.batch("ROLLBACK").await.unwrap();
    assert!(!c.is_in_transaction());
}

#[tokio::test]
async fn draining_ends_at_its_deadline() {
    let Some(mut c) = connect().await else { return };
    assert!(!abandon(c.batch("SELECT pg_sleep(3)"), 0).await);
    let start = Instant::now();
    let error = c.drain(Duration::from_millis(100)).await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!(error.kind(), &ErrorKind::Disconnected);
    assert!(c.needs_discard());
    assert_eq!(c.ping().await.unwrap_err().kind(), &ErrorKind::Disconnected);
    assert_eq!(c.batch("SELECT 1").await.unwrap_err().kind(), &ErrorKind::Disconnected);
    c.close().await.unwrap();
}

/// How long a statement takes that nobody waits for; a test that waited for its end would fail.
const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn the_server_cancels_what_nobody_waits_for() {
    let Some(mut c) = connect().await else { return };
    let sleep = format!("SELECT pg_sleep({})", LONG.as_secs());
    for way in 0..3 {
        c.batch("BEGIN").await.unwrap();
        assert!(!abandon(c.batch(&sleep), 0).await);
        let go_on = async {
            match way {
                0 => c.drain(LONG).await.unwrap(),
                1 => c.ping().await.unwrap(),
                // A future that is dropped while the server is asked, if that has not been quicker, leaves the rest to the next.
                _ => _ = tokio::time::timeout(Duration::from_millis(105), c.drain(LONG)).await,
            }
            c.batch("ROLLBACK").await.unwrap();
            for _ in 0..20 {
                assert_eq!(scalar(&mut c, "SELECT 1", &[]).await, Cell::Int(1)); // none of these is meant
            }
        };
        tokio::time::timeout(LONG / 2, go_on).await.expect("the statement goes on in the server");
    }
    c.close().await.unwrap();
}

#[tokio::test]
async fn the_server_ends_what_was_given_up_and_closed() {
    let (Some(mut c), Some(mut other)) = (connect().await, connect().await) else { return };
    let Cell::Int(process) = scalar(&mut c, "SELECT pg_backend_pid()::int8", &[]).await else { panic!("a number") };
    assert!(!abandon(c.batch(&format!("SELECT pg_sleep({})", LONG.as_secs())), 0).await);
    c.close().await.unwrap();
    let is_there = format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {process}");
    let wait = async {
        while scalar(&mut other, &is_there, &[]).await != Cell::Int(0) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG / 2, wait).await.expect("the statement goes on in the server");
}
