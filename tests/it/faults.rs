//! What is left when something is cut off: a flush whose future is dropped, a commit whose connection is cut byte by
//! byte, a connection that the server ends.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use orm::prelude::*;
use orm::{Dialect, ErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::only;
use crate::support::{Address, Node, User, dialect, empty_engine_with, engine, two_users};

/// Polls a future so many times, with time for the server between; its result if it ends.
pub(crate) async fn polled<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..times {
        let polled = std::future::poll_fn(|cx| {
            std::task::Poll::Ready(match future.as_mut().poll(cx) {
                std::task::Poll::Ready(done) => Some(done),
                std::task::Poll::Pending => None,
            })
        });
        if let Some(done) = polled.await {
            return Some(done);
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    None
}

#[tokio::test]
async fn a_flush_that_is_dropped_anywhere_leaves_a_session_that_needs_a_rollback() {
    let engine = engine().await;
    two_users(&engine).await;
    for times in 1.. {
        let mut session = Session::new(&engine);
        let ed = session.get_one(User, 1).await.unwrap();
        session[ed].fullname = Some("changed".into());
        let new = session.add(User::builder().name("new").addresses([Address::builder().email("n")]));
        let is_done = polled(session.flush(), times).await.is_some();
        if is_done {
            assert_eq!(session[new].addresses.len(), 1);
            break;
        }
        let error = session.flush().await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::PendingRollback, "after {times} polls");
        assert_eq!(*session.query(User).count().await.unwrap_err().kind(), ErrorKind::PendingRollback);
        session.rollback().await.unwrap();
        assert_eq!((session[ed].fullname.as_deref(), session[new].id), (Some("Ed Jones"), 0));
        assert_eq!(session.query(User).count().await.unwrap(), 2, "memory and database agree");
        session.close().await.unwrap();
        assert!(times < 1000, "the flush never ends");
    }
}

#[tokio::test]
async fn a_rollback_right_after_a_dropped_flush_is_enough() {
    let engine = engine().await;
    for times in 1..20 {
        let mut session = Session::new(&engine);
        session.add(User::builder().name("new").addresses([Address::builder().email("n")]));
        let _ = polled(session.flush(), times).await;
        session.rollback().await.unwrap();
        assert_eq!(session.query(User).count().await.unwrap(), 0);
        session.add(User::builder().name("other"));
        session.flush().await.unwrap();
        session.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn a_commit_that_is_dropped_is_unknown_and_not_believed() {
    only!(Postgres | MariaDb | MySql);
    let engine = engine().await;
    for times in 1.. {
        let mut session = Session::new(&engine);
        let user = session.add(User::builder().name(format!("user {times}")));
        session.flush().await.unwrap();
        if polled(session.commit(), times).await.is_some() {
            break;
        }
        let error = session.flush().await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::PendingRollback);
        assert!(error.to_string().contains("the transaction may have been committed or not"), "{error}");
        // Nor is it told as rolled back to who asks for the same again.
        let error = session.commit().await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::CommitUnknown);
        assert_eq!(error.message(), "a commit was cut off: the transaction may have been committed or not");
        session.rollback().await.unwrap();
        assert!(session.object(user).is_ok());
        assert!(times < 1000, "the commit never ends");
    }
}

#[tokio::test]
async fn an_object_that_another_session_has_changed_is_stale_and_nothing_is_lost() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "balances", version = version, metadata = none)]
    struct Balance {
        #[orm(primary_key)]
        id: i64,
        amount: i64,
        #[orm(default = 1)]
        version: i64,
    }
    let engine = crate::support::empty_engine().await;
    metadata![Balance].create_all(&engine).await.unwrap();
    insert(Balance).values(Balance::builder().amount(100)).execute(&engine).await.unwrap();
    let (mut mine, mut theirs) = (Session::new(&engine), Session::new(&engine));
    let (a, b) = (mine.get_one(Balance, 1).await.unwrap(), theirs.get_one(Balance, 1).await.unwrap());
    mine.commit().await.unwrap();
    theirs[b].amount -= 30;
    theirs.commit().await.unwrap();
    mine[a].amount -= 50;
    let error = mine.commit().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::StaleData);
    mine.rollback().await.unwrap();
    let again = mine.get_one(Balance, 1).await.unwrap();
    mine[again].amount -= 50;
    mine.commit().await.unwrap();
    assert_eq!(select(Balance.amount).one(&engine).await.unwrap(), 20);
}

// ------------------------------------------------------------------------------------------------------------ a proxy

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    ToServer,
    ToClient,
}

/// Stands between a client and a server, and cuts both off after so many bytes.
struct Proxy {
    address: String,
    /// How many bytes may still pass, by way; without a limit until it is set.
    left: Arc<[AtomicUsize; 2]>,
}

impl Proxy {
    async fn start(server: &'static str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let left = Arc::new([AtomicUsize::new(usize::MAX), AtomicUsize::new(usize::MAX)]);
        let limits = left.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(server).await else { continue };
                tokio::spawn(pump_both(client, server, limits.clone()));
            }
        });
        Proxy { address, left }
    }

    fn cut(&self, way: Way, after: usize) {
        self.left[way as usize].store(after, Ordering::SeqCst);
    }

    fn mend(&self) {
        self.left.iter().for_each(|left| left.store(usize::MAX, Ordering::SeqCst));
    }
}

/// Another engine over the same database, through a proxy; none where the server is elsewhere.
async fn proxied(direct: &Engine) -> Option<(Proxy, Engine)> {
    let url = direct.url().to_string();
    let server = if url.starts_with("postgres") { "127.0.0.1:5432" } else { "127.0.0.1:3306" };
    if !url.contains(server) {
        return None;
    }
    let proxy = Proxy::start(server).await;
    let engine = Engine::new(&url.replace(server, &proxy.address)).unwrap();
    Some((proxy, engine))
}

async fn pump_both(client: TcpStream, server: TcpStream, left: Arc<[AtomicUsize; 2]>) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // Whichever ends first takes the other with it.
    tokio::select! {
        () = pump(from_client, to_server, left.clone(), Way::ToServer) => {}
        () = pump(from_server, to_client, left.clone(), Way::ToClient) => {}
    }
}

async fn pump(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    left: Arc<[AtomicUsize; 2]>,
    way: Way,
) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let allowed = left[way as usize].load(Ordering::SeqCst);
        let passed = count.min(allowed);
        if to.write_all(&buffer[..passed]).await.is_err() {
            return;
        }
        if allowed != usize::MAX {
            left[way as usize].fetch_sub(passed, Ordering::SeqCst);
            if passed == allowed {
                return;
            }
        }
    }
}

#[tokio::test]
async fn a_commit_cut_off_at_any_byte_is_unknown_never_run_again_and_never_believed() {
    only!(Postgres | MariaDb | MySql);
    let direct = engine().await;
    let Some((proxy, engine)) = proxied(&direct).await else { return };
    for way in [Way::ToServer, Way::ToClient] {
        let mut last = 0;
        for bytes in 0.. {
            proxy.mend();
            delete(User).execute(&direct).await.unwrap();
            let (runs, last_id) = (AtomicU32::new(0), AtomicI64::new(0));
            let done = engine
                .transaction(async |session| {
                    runs.fetch_add(1, Ordering::SeqCst);
                    session.add_all(["one", "two"].map(|name| User::builder().name(name)));
                    session.flush().await?;
                    let id = connection_id(session.connection().await?).await;
                    last_id.store(id, Ordering::SeqCst);
                    proxy.cut(way, bytes);
                    Ok(())
                })
                .await;
            assert_eq!(runs.load(Ordering::SeqCst), 1, "cut {way:?} after {bytes} bytes: it was run again");
            if done.is_ok() {
                // Everything came through, and the rows are there.
                assert_eq!(select(User).count(&direct).await.unwrap(), 2);
                break;
            }
            let error = done.unwrap_err();
            assert_eq!(*error.kind(), ErrorKind::CommitUnknown, "cut {way:?} after {bytes} bytes: {error}");
            assert!(!error.is_retryable());
            // Whatever the server makes of what it has got, it has made of it.
            gone(&direct, last_id.load(Ordering::SeqCst)).await;
            let count = select(User).count(&direct).await.unwrap();
            assert!(count == 0 || count == 2, "cut {way:?} after {bytes} bytes: half of it is there");
            if way == Way::ToClient {
                assert_eq!(count, 2, "the server had the whole COMMIT");
            }
            last = bytes;
            assert!(bytes < 200, "it is never let through");
        }
        assert!(last > 4, "several places were cut {way:?}");
    }
}

/// The same for a commit that is one statement, which commits itself.
#[tokio::test]
async fn a_statement_that_commits_itself_is_unknown_where_it_is_cut_off() {
    only!(Postgres | MariaDb | MySql);
    let direct = engine().await;
    let Some((proxy, engine)) = proxied(&direct).await else { return };
    for way in [Way::ToServer, Way::ToClient] {
        let mut last = 0;
        for bytes in (0..).step_by(3) {
            proxy.mend();
            delete(User).execute(&direct).await.unwrap();
            // The connection is heard of, and the statement prepared.
            let mut session = Session::new(&engine);
            for name in ["one", "two"] {
                session.add(User::builder().name(name));
                session.commit().await.unwrap();
            }
            let id = connection_id(session.connection().await.unwrap()).await;
            session.commit().await.unwrap();
            let three = session.add(User::builder().name("three"));
            proxy.cut(way, bytes);
            let Err(error) = session.commit().await else {
                assert_eq!(select(User).count(&direct).await.unwrap(), 3);
                break;
            };
            assert_eq!(*error.kind(), ErrorKind::CommitUnknown, "cut {way:?} after {bytes} bytes: {error}");
            assert!(!error.is_retryable());
            gone(&direct, id).await;
            let count = select(User).count(&direct).await.unwrap();
            assert!(count == 2 || count == 3, "cut {way:?} after {bytes} bytes: {count}");
            if way == Way::ToClient {
                assert_eq!(count, 3, "the server had the whole statement");
            }
            proxy.mend();
            session.rollback().await.unwrap();
            assert_eq!(session[three].id, 0, "not believed");
            last = bytes;
            assert!(bytes < 1000, "it is never let through");
        }
        assert!(last > 4, "several places were cut {way:?}");
    }
}

#[tokio::test]
async fn a_statement_that_commits_itself_and_is_dropped_is_unknown() {
    only!(Postgres | MariaDb | MySql);
    let engine = engine().await;
    // Whoever inserts the same name waits for this one.
    let mut other = engine.begin().await.unwrap();
    insert(User).values(User::builder().name("wanted")).execute(&mut other).await.unwrap();
    let mut session = Session::new(&engine);
    session.add(User::builder().name("before"));
    session.commit().await.unwrap();
    let user = session.add(User::builder().name("wanted"));
    assert!(polled(session.commit(), 3).await.is_none(), "it is still waiting");
    let error = session.commit().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::CommitUnknown);
    assert_eq!(error.message(), "a commit was cut off: the transaction may have been committed or not");
    session.rollback().await.unwrap();
    assert_eq!(session[user].id, 0, "not believed");
    // On a connection that was not heard of lately it is in a transaction, which is rolled back for certain.
    engine.dispose().await;
    session.add_again(user).unwrap();
    assert!(polled(session.commit(), 30).await.is_none(), "it is still waiting");
    let error = session.commit().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::PendingRollback);
    assert!(error.to_string().contains("a flush was cut off by its future being dropped"), "{error}");
    session.rollback().await.unwrap();
    other.commit().await.unwrap();
    let user = session.add(User::builder().name("after"));
    session.commit().await.unwrap();
    assert!(session[user].id > 0);
    assert_eq!(select(User.name).order_by(User.name).all(&engine).await.unwrap(), ["after", "before", "wanted"]);
}

#[tokio::test]
async fn after_an_unknown_commit_everything_is_expired_and_read_again() {
    only!(Postgres | MariaDb | MySql);
    let direct = engine().await;
    two_users(&direct).await;
    let Some((proxy, engine)) = proxied(&direct).await else { return };
    let mut session = Session::new(&engine);
    let ed = session.get_one(User, 1).await.unwrap();
    session[ed].fullname = Some("changed".into());
    session.flush().await.unwrap();
    proxy.cut(Way::ToClient, 0);
    let error = session.commit().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::CommitUnknown);
    proxy.mend();
    let error = session.get(User, 1).await.unwrap_err();
    let waits = "this session waits for a rollback: its commit may have been done or not";
    assert_eq!((error.kind(), error.message()), (&ErrorKind::PendingRollback, waits));
    assert_eq!(*session.commit().await.unwrap_err().kind(), ErrorKind::CommitUnknown);
    session.rollback().await.unwrap();
    assert_eq!(session[ed].fullname.as_deref(), Some("Ed Jones"), "not believed");
    assert!(session.is_expired(ed).unwrap());
    session.get_one(User, 1).await.unwrap();
    assert_eq!(session[ed].fullname.as_deref(), Some("changed"), "the server had committed");
}

#[tokio::test]
async fn a_killed_connection_is_told_and_replaced() {
    only!(Postgres | MariaDb | MySql);
    let engine = empty_engine_with(|settings| settings.pool_size(1)).await;
    metadata![Node].create_all(&engine).await.unwrap();
    let mut connection = engine.connect().await.unwrap();
    kill(&mut connection).await;
    let error = text("SELECT 1").columns::<i32>().one(&mut connection).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Disconnected, "{error}");
    assert!(!error.is_retryable());
    drop(connection);
    for number in 1..=10 {
        assert_eq!(text(format!("SELECT {number}")).columns::<i32>().one(&engine).await.unwrap(), number);
    }
    // In the middle of a session's transaction: nothing of it is kept, and the session goes on after a rollback.
    let mut session = Session::new(&engine);
    let node = session.add(Node::builder().name("n"));
    session.flush().await.unwrap();
    kill(session.connection().await.unwrap()).await;
    session[node].name = "other".into();
    assert!(session.flush().await.unwrap_err().is_disconnect());
    // Memory is put back, whatever becomes of the connection.
    _ = session.rollback().await;
    session.add_again(node).unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Node.name).all(&engine).await.unwrap(), [session[node].name.as_str()]);
    // A commit that is not answered is unknown, whatever the reason, and is not run again.
    session.add(Node::builder().name("unknown"));
    session.flush().await.unwrap();
    kill(session.connection().await.unwrap()).await;
    let error = session.commit().await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (&ErrorKind::CommitUnknown, false), "{error}");
    _ = session.rollback().await;
    assert_eq!(session.query(Node).count().await.unwrap(), 1);
}

/// Where the connection is known to be gone before COMMIT, nobody has to wonder.
#[tokio::test]
async fn a_commit_that_was_never_sent_is_a_rollback_and_not_unknown() {
    only!(Postgres | MariaDb | MySql);
    let engine = empty_engine_with(|settings| settings.pool_size(2)).await;
    metadata![Node].create_all(&engine).await.unwrap();
    let message = "the connection was lost before COMMIT was sent: the transaction was rolled back";

    let mut connection = engine.connect().await.unwrap();
    insert(Node).values(Node::builder().name("lost")).execute(&mut connection).await.unwrap();
    kill(&mut connection).await;
    assert!(select(Node).count(&mut connection).await.unwrap_err().is_disconnect());
    let error = connection.commit().await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (&ErrorKind::Disconnected, message));
    drop(connection);

    let mut session = Session::new(&engine);
    let node = session.add(Node::builder().name("lost"));
    session.flush().await.unwrap();
    kill(session.connection().await.unwrap()).await;
    assert!(session.query(Node).count().await.unwrap_err().is_disconnect());
    let error = session.commit().await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (&ErrorKind::Disconnected, message));
    assert_eq!(*session.flush().await.unwrap_err().kind(), ErrorKind::PendingRollback);
    session.rollback().await.unwrap();
    session[node].name = "kept".into();
    session.add_again(node).unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Node.name).all(&engine).await.unwrap(), ["kept"]);

    // What may have committed itself makes the end unknown as before. MariaDB and MySQL prepare it first, and there that fails.
    let mut connection = engine.connect().await.unwrap();
    insert(Node).values(Node::builder().name("unknown")).execute(&mut connection).await.unwrap();
    kill(&mut connection).await;
    assert!(text("COMMIT").execute(&mut connection).await.unwrap_err().is_disconnect());
    let kind = if dialect() == Dialect::Postgres { ErrorKind::CommitUnknown } else { ErrorKind::Disconnected };
    assert_eq!(*connection.commit().await.unwrap_err().kind(), kind);
}

/// Has the server end a connection, and waits until it is gone.
pub(crate) async fn kill(connection: &mut orm::Connection) {
    let kill = if dialect() == Dialect::Postgres { "SELECT pg_terminate_backend" } else { "KILL" };
    let id = connection_id(connection).await;
    let other = connection.engine().clone();
    text(format!("{kill}({id})")).execute(&other).await.unwrap();
    gone(&other, id).await;
}

/// Returns what the server calls a connection.
async fn connection_id(connection: &mut orm::Connection) -> i64 {
    let own = match dialect() {
        Dialect::Postgres => "SELECT CAST(pg_backend_pid() AS bigint)",
        _ => "SELECT connection_id()",
    };
    text(own).columns::<i64>().one(connection).await.unwrap()
}

/// Waits until the server has done with a connection.
async fn gone(engine: &Engine, id: i64) {
    let left = match dialect() {
        Dialect::Postgres => "SELECT count(*) FROM pg_stat_activity WHERE pid = :id",
        _ => "SELECT count(*) FROM information_schema.processlist WHERE id = :id",
    };
    while text(left).bind("id", id).columns::<i64>().one(engine).await.unwrap() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
