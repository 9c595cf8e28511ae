//! What sqlx 0.9 does that we have to live with, and the tests that would notice if it came through to us.
//!
//! sqlx opens the connections and speaks two of the three protocols, at a pinned release; the rest is ours because of this.
//! The first column says what happens to who does not know; the last names tests as file and function.
//!
//! | trap | what we do | noticed by |
//! |---|---|---|
//! | SQLite: locking the handle for each query fills the worker's channel, and the 51st waits for ever | it is locked once for the connection's life | `faults/traps.rs` `a_connection_to_sqlite_takes_thousands_of_statements` |
//! | SQLite: a command sent through sqlx while the handle is locked waits for ever, as does closing | the handle is let go before closing | `sqlite/opening.rs` `a_hundred_connections_open_and_close` |
//! | SQLite: closing with a statement left open panics in a drop, which ends the process | statements go first, also when the connection is dropped | `sqlite/opening.rs` `a_hundred_connections_open_and_close` |
//! | SQLite: a statement that is not reset keeps its lock, so that tables cannot be dropped and the log grows for ever | reset after every use, also after a break or a panic | `sqlite/statements.rs` `a_decoder_that_breaks_leaves_the_connection_usable`, `sqlite/statements.rs` `a_decoder_that_panics_leaves_the_connection_usable`, `faults/traps.rs` `a_query_that_was_broken_off_keeps_nobody_from_emptying_the_log` |
//! | SQLite: waiting for a lock sleeps in C and stops the runtime's thread | its own timeout is zero, and a statement is tried again | `sqlite/locks.rs` `a_writer_waits_while_other_tasks_run` |
//! | SQLite: text need not be UTF-8 | it is checked | `sqlite/values.rs` `text_that_is_not_utf8_comes_as_bytes` |
//! | SQLite: the handle may be used by one thread at a time | `&mut` | `sqlite/opening.rs` `a_connection_moves_between_threads` |
//! | PostgreSQL: prepared statements are found by text alone, so that other types of parameters give garbage | texts are kept apart by them | `postgres/statements.rs` `the_same_text_with_other_types_answers_as_asked` |
//! | PostgreSQL: `cached plan must not change result type` for ever after a migration | prepared anew, once, outside of a transaction | `postgres/statements.rs` `a_changed_table_is_seen_outside_of_a_transaction`, `postgres/statements.rs` `a_changed_table_is_an_error_within_a_transaction_and_fine_after_it` |
//! | both servers: Nagle's algorithm is on, so that forgetting a statement delays the next by 40 ms | all are forgotten at once, and none is unkept | `mysql/statements.rs` `six_hundred_texts_do_not_wait_for_delayed_acknowledgements`, `postgres/statements.rs` `no_statement_waits_for_a_delayed_acknowledgement` |
//! | MySQL: a wrong number of values leaves sqlx waiting for an answer to what was not sent | counted before sending | `mysql/errors.rs` `the_number_of_values_must_be_that_of_the_parameters` |
//! | MySQL: rows that nobody fetched are the next statement's answer | received to the end | `mysql/statements.rs` `a_decoder_that_breaks_leaves_the_connection_usable` |
//! | MySQL: a future that is dropped leaves half a packet, and the next statement hangs or reads another's rows | the connection is closed | `mysql/cancellation.rs` `a_connection_whose_future_was_dropped_is_never_used_again`, `faults/cancelled.rs` `no_poll_of_mysql_is_a_bad_one_to_be_the_last` |
//! | PostgreSQL: after a dropped future the next statement waits for the end of the old one | finished within a limit before it is lent again | `postgres/cancellation.rs` `a_future_dropped_anywhere_leaves_no_wrong_answer_behind`, `postgres/cancellation.rs` `draining_ends_at_its_deadline`, `faults/cancelled.rs` `no_poll_of_postgresql_is_a_bad_one_to_be_the_last` |
//! | both servers: a `begin` that is dropped comes back to the pool within the transaction | counted as begun, and rolled back | `postgres/cancellation.rs` `a_begin_that_was_dropped_counts_as_begun`, `mysql/cancellation.rs` `a_begin_that_was_dropped_counts_as_begun` |
//! | both servers: after a nested `begin` that fails or is dropped, the outer `commit` sends nothing and says `Ok` | savepoints are our own words | `faults/traps.rs` `a_savepoint_that_fails_or_is_dropped_takes_no_commit_with_it` |
//! | a `BEGIN` by hand is invisible, and a ping when a connection comes back does not look for it | we know what each statement does to the transaction | `postgres/transactions.rs` `a_transaction_is_known_however_it_is_begun_and_ended`, `mysql/transactions.rs` `a_transaction_is_known_however_it_is_begun_and_ended` |
//! | PgBouncer: statements reach another server than they were prepared on, and give another client's answer | a switch, with which each statement travels in a transaction or as text | `faults/pooler.rs` `six_clients_share_two_servers_behind_pgbouncer_and_get_their_own_answers`, `postgres/statements.rs` `a_pooler_finds_nothing_left_behind` |
//! | pool: two more round trips for each use | none for a clean connection | `faults/traps.rs` `a_clean_connection_comes_back_and_goes_out_without_a_word_to_the_server` |
//! | pool: a timeout that hides why nobody could connect | it is told | `pool/limits.rs` `a_timeout_tells_why_connecting_failed` |
//! | pool: does not survive that the server is restarted | all older connections are distrusted at once | `faults/restart.rs` `a_pool_survives_that_postgresql_is_killed`, `faults/restart.rs` `a_pool_survives_that_mariadb_is_killed` |

use std::path::Path;
use std::sync::Arc;
use std::task::Poll;

use orm_pool::driver::sqlite;

use super::relay::{Relay, Way};
use super::*;

#[test]
fn the_table_names_tests_that_there_are() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut named = 0;
    for line in include_str!("traps.rs").lines().filter(|line| line.starts_with("//! | ")).skip(1) {
        let last = line.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        for reference in last.split(", ") {
            let (file, test) = reference.trim_matches('`').split_once("` `").unwrap_or_else(|| panic!("{line}"));
            let source = std::fs::read_to_string(tests.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(source.contains(&format!("fn {test}(")), "{file} has no test `{test}`");
            named += 1;
        }
    }
    assert!(named > 25, "{named}");
}

async fn open(path: &Path) -> Connection {
    Connection::Sqlite(sqlite::Connection::open(&sqlite::Options::file(path)).await.unwrap())
}

#[tokio::test]
async fn a_connection_to_sqlite_takes_thousands_of_statements() {
    let folder = process::Folder::new(process::User::find("nobody").expect("there is a user"));
    let mut c = open(&folder.path.join("many.db")).await;
    in_time(async {
        for n in 0..3000 {
            // Kept ones, others, and those that go another way.
            assert_eq!(rows(&mut c, "SELECT ?", &[Value::Int64(n)]).await.unwrap(), [[Cell::Int(n)]]);
            assert_eq!(int(&mut c, &format!("SELECT {}", n % 400)).await.unwrap(), n % 400);
            c.batch("SELECT 1").await.unwrap();
            c.ping().await.unwrap();
        }
        c.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_query_that_was_broken_off_keeps_nobody_from_emptying_the_log() {
    let folder = process::Folder::new(process::User::find("nobody").expect("there is a user"));
    let path = folder.path.join("log.db");
    let (mut reader, mut writer) = (open(&path).await, open(&path).await);
    writer.batch("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1), (2), (3)").await.unwrap();
    for _ in 0..3 {
        let mut seen = 0;
        let first = |_: orm_pool::driver::Row<'_>| {
            seen += 1;
            ControlFlow::Break(())
        };
        reader.run(&kept("SELECT n FROM t"), &[], first).await.unwrap();
        assert_eq!(seen, 1);
        writer.batch("INSERT INTO t VALUES (4)").await.unwrap();
        // Whether it was held up, how long the log was, and how much of it was taken over.
        let emptied = rows(&mut writer, "PRAGMA wal_checkpoint(TRUNCATE)", &[]).await.unwrap();
        assert_eq!(emptied, [[Cell::Int(0), Cell::Int(0), Cell::Int(0)]]);
    }
}

#[tokio::test]
async fn a_savepoint_that_fails_or_is_dropped_takes_no_commit_with_it() {
    for name in ["postgres", "mysql"] {
        let Some(target) = Target::shared(name).await else { return };
        let table = Table::new(&target, "n BIGINT NOT NULL").await;
        let count = format!("SELECT COUNT(*) FROM {}", table.name);
        let pool = target.pool(options(1));
        for round in 1..=3 {
            let mut c = pool.acquire().await.unwrap();
            c.batch("BEGIN").await.unwrap();
            c.batch(&format!("INSERT INTO {} VALUES (1)", table.name)).await.unwrap();
            if let Target::MySql(_) = target {
                // Refused, which leaves the transaction as it is. A dropped one would take the connection with it.
                c.batch("SAVEPOINT").await.unwrap_err();
            } else {
                // The sleep has it wait however quick the server is.
                let mut savepoint = Box::pin(c.batch("SAVEPOINT a; SELECT pg_sleep(0.05)"));
                let is_pending = std::future::poll_fn(|cx| Poll::Ready(savepoint.as_mut().poll(cx).is_pending())).await;
                assert!(is_pending);
                drop(savepoint);
            }
            assert!(c.is_in_transaction());
            c.batch("COMMIT").await.unwrap();
            assert!(!c.is_in_transaction());
            drop(c);
            assert_eq!(int(&mut target.connection().await, &count).await.unwrap(), round, "{name}");
        }
    }
}

#[tokio::test]
async fn a_clean_connection_comes_back_and_goes_out_without_a_word_to_the_server() {
    for name in ["postgres", "mysql"] {
        let Some(target) = Target::shared(name).await else { return };
        let sent = Arc::new(AtomicU64::new(0));
        let (host, port) = target.place();
        let count = Arc::clone(&sent);
        let relay = Relay::new(&host, port, move |way| {
            let count = Arc::clone(&count);
            move |bytes| {
                if way == Way::ToServer {
                    count.fetch_add(bytes as u64, Ordering::SeqCst);
                }
                ControlFlow::Continue(bytes)
            }
        });
        let pool = target.by_way_of(relay.port).pool(options(1));
        let mut guard = pool.acquire().await.unwrap();
        assert_eq!(int(&mut guard, "SELECT 1").await.unwrap(), 1);
        drop(guard);
        let before = sent.load(Ordering::SeqCst);
        for _ in 0..100 {
            drop(pool.acquire().await.unwrap());
        }
        // What was sent before this is counted before it is answered.
        let mut guard = pool.acquire().await.unwrap();
        assert_eq!(int(&mut guard, "SELECT 1").await.unwrap(), 1);
        let once = sent.load(Ordering::SeqCst) - before;
        assert_eq!(int(&mut guard, "SELECT 1").await.unwrap(), 1);
        let twice = sent.load(Ordering::SeqCst) - before;
        assert_eq!(twice, 2 * once, "{name}: a hundred uses have sent something");
        assert!(before > 0 && once > 0);
    }
}
