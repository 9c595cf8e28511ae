//! The pool with connections that are counted, and fail when told to.
//!
//! - `limits`: how many connections there are, and who gets the next
//! - `faults`: what goes wrong on the way to a connection and back
//! - `classes`: the kinds of pools besides the queue
//! - `events`: what listeners hear, and what they decide
//! - `records`: what becomes of connections, and what is noted about them
//! - `loans`: what is lent for a moment
//! - `load`: who is served when, and that nothing is lost, in a hundred thousand checkouts
//! - `storm`: many tasks that take, give back and give up at random

#[path = "pool/classes.rs"]
mod classes;
#[path = "pool/events.rs"]
mod events;
#[path = "pool/faults.rs"]
mod faults;
#[path = "pool/limits.rs"]
mod limits;
#[path = "pool/load.rs"]
mod load;
#[path = "pool/loans.rs"]
mod loans;
#[path = "pool/records.rs"]
mod records;
#[path = "pool/storm.rs"]
mod storm;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use orm_pool::pool::{Class, Connector, Guard, Options, Pool, Reset, ResetOnReturn};
use orm_pool::{Error, ErrorKind};
use tokio::sync::Semaphore;

/// A connection that knows its number and is counted while it lives.
#[derive(Debug)]
struct Conn {
    number: u32,
    on_return: Reset,
    /// Whether what it needs to be clean again is the end of an abandoned operation.
    is_abandoned: bool,
    server: Arc<Server>,
}

impl Drop for Conn {
    fn drop(&mut self) {
        self.server.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What happens to connections, and what shall go wrong.
#[derive(Debug)]
struct Server {
    opened: AtomicU32,
    open: AtomicI64,
    closed: AtomicU32,
    pings: AtomicU32,
    /// How connections were to be reset that needed work.
    resets: parking_lot::Mutex<Vec<ResetOnReturn>>,
    refuses: AtomicBool,
    is_deaf: AtomicBool,
    reset_fails: AtomicBool,
    /// Connecting, resetting and answering take a permit each; there are plenty unless a test takes them away.
    permits: Semaphore,
}

impl Server {
    fn new() -> Arc<Self> {
        Arc::new(Server {
            opened: AtomicU32::new(0),
            open: AtomicI64::new(0),
            closed: AtomicU32::new(0),
            pings: AtomicU32::new(0),
            resets: parking_lot::Mutex::default(),
            refuses: AtomicBool::new(false),
            is_deaf: AtomicBool::new(false),
            reset_fails: AtomicBool::new(false),
            permits: Semaphore::new(PLENTY),
        })
    }

    fn open(&self) -> i64 {
        self.open.load(Ordering::SeqCst)
    }

    fn opened(&self) -> u32 {
        self.opened.load(Ordering::SeqCst)
    }

    /// Makes everything that talks to the server wait until [`resume`](Self::resume).
    fn stall(&self) {
        self.permits.forget_permits(PLENTY);
    }

    fn resume(&self) {
        self.permits.add_permits(PLENTY);
    }
}

const PLENTY: usize = 1 << 20;

struct Counted(Arc<Server>);

impl Connector for Counted {
    type Connection = Conn;

    async fn connect(&self) -> Result<Conn, Error> {
        let _permit = self.0.permits.acquire().await;
        if self.0.refuses.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Connect, "connection refused"));
        }
        let number = self.0.opened.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.open.fetch_add(1, Ordering::SeqCst);
        Ok(Conn { number, on_return: Reset::Clean, is_abandoned: false, server: Arc::clone(&self.0) })
    }

    fn reset_now(&self, connection: &mut Conn, how: ResetOnReturn) -> Reset {
        match (connection.on_return, how) {
            (Reset::NeedsWork, _) if connection.is_abandoned => Reset::NeedsWork,
            (Reset::NeedsWork, ResetOnReturn::None) => Reset::Clean,
            (on_return, _) => on_return,
        }
    }

    async fn reset(&self, connection: &mut Conn, how: ResetOnReturn) -> Result<(), Error> {
        self.0.resets.lock().push(how);
        let _permit = self.0.permits.acquire().await;
        if self.0.reset_fails.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Disconnected, "reset failed"));
        }
        (connection.on_return, connection.is_abandoned) = (Reset::Clean, false);
        Ok(())
    }

    async fn ping(&self, _: &mut Conn) -> Result<(), Error> {
        self.0.pings.fetch_add(1, Ordering::SeqCst);
        let _permit = self.0.permits.acquire().await;
        match self.0.is_deaf.load(Ordering::SeqCst) {
            true => Err(Error::new(ErrorKind::Disconnected, "no answer")),
            false => Ok(()),
        }
    }

    async fn close(&self, connection: Conn) {
        self.0.closed.fetch_add(1, Ordering::SeqCst);
        drop(connection);
    }
}

fn pool(options: Options) -> (Pool<Counted>, Arc<Server>) {
    let server = Server::new();
    (Pool::new(Counted(Arc::clone(&server)), options), server)
}

/// Two connections, one more in need, and little patience.
fn small() -> Options {
    Options { size: 2, max_overflow: Some(1), timeout: Duration::from_millis(50), ..Options::default() }
}

/// One connection, and patience.
fn single() -> Options {
    Options { size: 1, max_overflow: Some(0), timeout: Duration::from_secs(10), ..Options::default() }
}

/// Lets background tasks of this thread run until they wait.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// The counts of a pool: idle, checked out, waiting.
fn counts(pool: &Pool<Counted>) -> (usize, usize, usize) {
    let status = pool.status();
    (status.idle, status.checked_out, status.waiting)
}

/// Starts a task that acquires a connection, and lets it get as far as it can.
async fn start_acquire(pool: &Pool<Counted>) -> tokio::task::JoinHandle<Result<Guard<Counted>, Error>> {
    let pool = pool.clone();
    let task = tokio::spawn(async move { pool.acquire().await });
    settle().await;
    task
}
