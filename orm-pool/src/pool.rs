//! Who holds a connection: a pool lends each one to one user at a time.
//!
//! In: a [`Connector`] that opens connections, and [`Options`]. Out: [`Guard`]s, from [`Pool::acquire`]. Called by the
//! engine. Nothing here knows a database or SQL.
//!
//! A connection that comes back goes straight to the user who has waited longest; only when nobody waits does it become
//! idle. So whoever finds an idle connection overtakes nobody. Every open connection, and every attempt to open one, is
//! counted by a lease that gives its count back when dropped, wherever a future is cancelled.

mod checkouts;
mod guard;
mod lease;
mod options;
mod state;
mod status;
mod waiting;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

pub use self::guard::Guard;
pub use self::options::{Class, Options};
pub use self::status::Status;

use self::lease::Lease;
use self::options::Limits;
use self::state::{Entry, State, Turn};
use self::waiting::Waiting;
use crate::{Error, ErrorKind};

/// What a pool has to know about its connections.
pub trait Connector: Send + Sync + 'static {
    /// An open connection.
    type Connection: Send + Sync + 'static;

    /// Opens a connection.
    fn connect(&self) -> impl Future<Output = Result<Self::Connection, Error>> + Send;

    /// Puts a returned connection back into a clean state without waiting, or says what that takes.
    fn reset_now(&self, connection: &mut Self::Connection) -> Reset;

    /// Puts a connection that needs work back into a clean state.
    ///
    /// It runs in the background and should give up in good time: the connection counts until then.
    fn reset(&self, connection: &mut Self::Connection) -> impl Future<Output = Result<(), Error>> + Send;

    /// Asks for a sign of life.
    fn ping(&self, connection: &mut Self::Connection) -> impl Future<Output = Result<(), Error>> + Send;

    /// Closes a connection.
    fn close(&self, connection: Self::Connection) -> impl Future<Output = ()> + Send;
}

/// What [`Connector::reset_now`] made of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// It is as good as new.
    Clean,
    /// [`Connector::reset`] has to see to it.
    NeedsWork,
    /// It must not be used again.
    Broken,
}

/// A handle to a pool; cloning it is cheap, and all clones are the same pool.
///
/// The pool opens no connection until one is asked for.
pub struct Pool<C: Connector>(Arc<Shared<C>>);

/// What all handles, guards and leases of a pool share.
struct Shared<C: Connector> {
    connector: C,
    options: Options,
    limits: Limits,
    state: Mutex<State<C>>,
}

impl<C: Connector> Clone for Pool<C> {
    fn clone(&self) -> Self {
        Pool(Arc::clone(&self.0))
    }
}

impl<C: Connector> fmt::Debug for Pool<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("options", &self.0.options).field("status", &self.status()).finish()
    }
}

impl<C: Connector> Pool<C> {
    /// Makes a pool, without connecting.
    pub fn new(connector: C, options: Options) -> Self {
        let limits = options.limits();
        Pool(Arc::new(Shared { connector, options, limits, state: Mutex::new(State::new()) }))
    }

    /// Lends a connection: an idle one, a new one, or the next that comes back.
    ///
    /// The future may be dropped at any time.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::Timeout`] when no connection came back within [`Options::timeout`], with what the
    /// [`Connector`] reports when it cannot connect, and with [`ErrorKind::InvalidRequest`] when the class is
    /// [`Class::Assertion`] and the connection is out.
    #[inline]
    #[track_caller]
    pub fn acquire(&self) -> impl Future<Output = Result<Guard<C>, Error>> + Send {
        self.acquire_at(Location::caller())
    }

    /// Lends a connection, and remembers this place in the program as the one that holds it.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    #[inline]
    pub async fn acquire_at(&self, location: &'static Location<'static>) -> Result<Guard<C>, Error> {
        let mut lease = match self.0.take_turn(location)? {
            Turn::Now(lease) => lease,
            Turn::Later(waiting) => waiting.lease(self.0.options.timeout).await?,
        };
        if !self.0.is_usable(&lease) {
            self.0.make_usable(&mut lease).await?;
        }
        Ok(Guard::new(lease))
    }

    /// Says how many connections there are and where.
    pub fn status(&self) -> Status {
        self.0.state.lock().status(&self.0.options)
    }

    /// Closes all idle connections, and each of the others when it comes back.
    ///
    /// The pool stays usable: it connects again when asked.
    pub async fn dispose(&self) {
        let idle = self.0.state.lock().invalidate();
        for entry in idle {
            self.0.connector.close(entry.connection).await;
        }
    }

    /// Declares all connections opened so far unusable, as after a fail-over: none of them is lent again.
    pub fn invalidate(&self) {
        self.0.invalidate();
    }

    /// Returns what opens the connections.
    pub fn connector(&self) -> &C {
        &self.0.connector
    }

    /// Returns the options that the pool was made with.
    pub fn options(&self) -> &Options {
        &self.0.options
    }
}

impl<C: Connector> Shared<C> {
    /// Takes an idle connection or the right to open one, or a place in the queue.
    #[inline]
    fn take_turn(self: &Arc<Self>, location: &'static Location<'static>) -> Result<Turn<'_, C>, Error> {
        let mut state = self.state.lock();
        if let Some(entry) = state.take_idle(self.options.lifo) {
            let ticket = state.checkouts.insert(location);
            return Ok(Turn::Now(Lease::new(Arc::clone(self), ticket, Some(entry))));
        }
        if state.open < self.limits.open {
            state.open += 1;
            let ticket = state.checkouts.insert(location);
            return Ok(Turn::Now(Lease::new(Arc::clone(self), ticket, None)));
        }
        if self.options.class == Class::Assertion {
            let message = format!("connection is already checked out at: {}", state.checkouts.places());
            return Err(Error::new(ErrorKind::InvalidRequest, message));
        }
        Ok(Turn::Later(Waiting::join(self, &mut state, location)))
    }

    /// Returns whether a connection may be lent as it is.
    #[inline]
    fn is_usable(&self, lease: &Lease<C>) -> bool {
        let Some(entry) = lease.entry() else { return false };
        !self.options.pre_ping && !self.is_too_old(entry)
    }

    #[inline]
    fn is_too_old(&self, entry: &Entry<C::Connection>) -> bool {
        self.options.recycle.is_some_and(|limit| entry.opened.elapsed() > limit)
    }

    /// Puts a connection into the lease that is young, and answers if it is asked to.
    async fn make_usable(self: &Arc<Self>, lease: &mut Lease<C>) -> Result<(), Error> {
        // While a connection is asked, the lease does not hold it: if this future is dropped, the connection goes too.
        if let Some(mut entry) = lease.take_entry() {
            if self.is_too_old(&entry) {
                tracing::debug!("a pooled connection is older than the recycle time; it is replaced");
                self.discard(entry);
            } else if let Err(error) = self.connector.ping(&mut entry.connection).await {
                tracing::info!(%error, "a pooled connection does not answer; all older ones are replaced");
                self.discard(entry);
                self.invalidate();
            } else {
                lease.put_entry(entry);
                return Ok(());
            }
        }
        lease.put_entry(self.connect().await?);
        Ok(())
    }

    async fn connect(&self) -> Result<Box<Entry<C::Connection>>, Error> {
        // Read before connecting, so that an invalidation meanwhile counts for the new connection.
        let generation = self.state.lock().generation;
        let result = self.connector.connect().await;
        self.state.lock().last_error = result.as_ref().err().cloned();
        Ok(Box::new(Entry { connection: result?, opened: Instant::now(), generation }))
    }

    fn invalidate(self: &Arc<Self>) {
        let idle = self.state.lock().invalidate();
        for entry in idle {
            self.discard(entry);
        }
    }

    /// Closes a connection in the background, or drops it where there is no runtime to do that.
    fn discard(self: &Arc<Self>, entry: Box<Entry<C::Connection>>) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let shared = Arc::clone(self);
            runtime.spawn(async move { shared.connector.close(entry.connection).await });
        }
    }
}
