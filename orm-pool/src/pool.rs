//! Who holds a connection: a pool lends each one to one user at a time.
//!
//! In: a [`Connector`] that opens connections, and [`Options`]. Out: [`Guard`]s, from [`Pool::acquire`], and [`Loan`]s,
//! from [`Pool::acquire_now`]. Called by the engine. Nothing here knows a database or SQL.
//!
//! A connection that comes back goes straight to the user who has waited longest; only when nobody waits does it become
//! idle. So whoever finds an idle connection overtakes nobody. Every open connection, and every attempt to open one, is
//! counted by a lease that gives its count back when dropped, wherever a future is cancelled.

mod checkouts;
mod events;
mod guard;
mod info;
mod lease;
mod loan;
mod options;
mod record;
mod scope;
mod slot;
mod state;
mod status;
mod trace;
mod waiting;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

pub use self::events::{Answer, Event};
pub use self::guard::Guard;
pub use self::info::Info;
pub use self::loan::Loan;
pub use self::options::{Class, Options, ResetOnReturn};
pub use self::status::Status;

use self::checkouts::Place;
use self::events::{Kind, Listeners};
use self::lease::Lease;
use self::options::Limits;
use self::record::{Entry, Record};
use self::scope::Scope;
use self::state::{State, Turn};
use self::trace::Trace;
use self::waiting::Waiting;
use crate::sync::{self, Mutex};
use crate::{Error, ErrorKind};

/// What a pool has to know about its connections.
///
/// ```
/// use orm_pool::Error;
/// use orm_pool::pool::{Connector, Options, Pool, Reset, ResetOnReturn};
///
/// /// Lends paper cups, numbered.
/// #[derive(Default)]
/// struct Cups(std::sync::atomic::AtomicU32);
///
/// impl Connector for Cups {
///     type Connection = u32;
///
///     async fn connect(&self) -> Result<u32, Error> {
///         Ok(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
///     }
///     fn reset_now(&self, _: &mut u32, _: ResetOnReturn) -> Reset {
///         Reset::Clean
///     }
///     async fn reset(&self, _: &mut u32, _: ResetOnReturn) -> Result<(), Error> {
///         Ok(())
///     }
///     async fn ping(&self, _: &mut u32) -> Result<(), Error> {
///         Ok(())
///     }
///     async fn close(&self, _: u32) {}
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let pool = Pool::new(Cups::default(), Options { size: 1, max_overflow: Some(1), ..Options::default() });
/// let (first, second) = (pool.acquire().await?, pool.acquire().await?);
/// assert_eq!((*first, *second), (0, 1));
/// drop((first, second)); // one is kept, one was more than the pool's size
/// assert_eq!((pool.status().idle, pool.status().checked_out), (1, 0));
///
/// let mut own = pool.acquire().await?;
/// own.detach(); // the pool may open another in its place
/// assert_eq!(pool.status().checked_out, 0);
///
/// pool.acquire().await?.invalidate(); // closed rather than given back
/// pool.dispose().await;
/// assert_eq!(pool.status().idle, 0);
/// # Ok(())
/// # }
/// ```
pub trait Connector: Send + Sync + 'static {
    /// An open connection.
    type Connection: Send + Sync + 'static;

    /// Opens a connection.
    fn connect(&self) -> impl Future<Output = Result<Self::Connection, Error>> + Send;

    /// Puts a returned connection back into a clean state without waiting, or says what that takes.
    ///
    /// What an abandoned operation has left [`NeedsWork`](Reset::NeedsWork) in any case.
    fn reset_now(&self, connection: &mut Self::Connection, how: ResetOnReturn) -> Reset;

    /// Puts a connection that needs work back into a clean state.
    ///
    /// Where an operation was abandoned it waits for its end and rolls back, however it is to be reset otherwise. It runs
    /// in the background, for [`Options::answer_timeout`] at most: the connection counts until then.
    fn reset(
        &self,
        connection: &mut Self::Connection,
        how: ResetOnReturn,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Returns whether an idle connection has become useless without anybody asking it: one to a server dies with the runtime
    /// in which it was opened.
    fn is_dead(&self, _connection: &Self::Connection) -> bool {
        false
    }

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
    listeners: Listeners<C::Connection>,
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
        let listeners = Listeners::new();
        Pool(Arc::new(Shared { connector, options, limits, listeners, state: Mutex::new(State::new()) }))
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

    /// Lends a connection that is idle, if there is one for which nothing has to be done first: no question whether it
    /// lives, no listener that may object.
    ///
    /// ```
    /// # use orm_pool::Error;
    /// # use orm_pool::pool::{Connector, Options, Pool, Reset, ResetOnReturn};
    /// # struct Cups;
    /// # impl Connector for Cups {
    /// #     type Connection = u32;
    /// #     async fn connect(&self) -> Result<u32, Error> { Ok(0) }
    /// #     fn reset_now(&self, _: &mut u32, _: ResetOnReturn) -> Reset { Reset::Clean }
    /// #     async fn reset(&self, _: &mut u32, _: ResetOnReturn) -> Result<(), Error> { Ok(()) }
    /// #     async fn ping(&self, _: &mut u32) -> Result<(), Error> { Ok(()) }
    /// #     async fn close(&self, _: u32) {}
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// let pool = Pool::new(Cups, Options::default());
    /// assert!(pool.acquire_now().is_none()); // nothing is open yet
    /// drop(pool.acquire().await?);
    /// let loan = pool.acquire_now().expect("it is idle now");
    /// assert_eq!((*loan, pool.status().checked_out), (0, 1));
    /// loan.give_back_clean();
    ///
    /// let guard = pool.acquire_now().expect("it is idle again").into_guard(); // may outlive the borrow of the pool
    /// assert_eq!(pool.status().checked_out, 1);
    /// # drop(guard);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    #[track_caller]
    pub fn acquire_now(&self) -> Option<Loan<'_, C>> {
        self.acquire_now_at(Location::caller())
    }

    /// Does the same, and remembers this place in the program as the one that holds it.
    #[inline]
    pub fn acquire_now_at(&self, location: &'static Location<'static>) -> Option<Loan<'_, C>> {
        self.0.take_ready(location)
    }

    /// Lends a connection, and remembers this place in the program as the one that holds it.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    #[inline]
    pub async fn acquire_at(&self, location: &'static Location<'static>) -> Result<Guard<C>, Error> {
        match self.0.take_ready(location) {
            Some(loan) => Ok(loan.into_guard()),
            None => self.acquire_slowly(location).await,
        }
    }

    /// Waits for a connection, opens one, or makes sure of the one that is idle.
    ///
    /// The future is boxed, so that those around it, up to the user's, stay small and shallow: this is not done each time.
    #[cold]
    fn acquire_slowly(
        &self,
        location: &'static Location<'static>,
    ) -> Pin<Box<dyn Future<Output = Result<Guard<C>, Error>> + Send + '_>> {
        Box::pin(async move {
            let mut lease = match self.0.take_turn(location)? {
                Turn::Now(lease) => lease,
                Turn::Later(waiting) => waiting.lease().await?,
            };
            if !self.0.is_ready(&lease) {
                self.0.make_ready(&mut lease).await?;
            }
            Ok(Guard::new(lease))
        })
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
        for mut record in idle {
            let Some(mut entry) = record.entry.take() else { continue };
            self.0.tell_closed(&mut entry, &mut record.info);
            self.0.keep_vacancy(record);
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
    /// Takes an idle connection that may be lent as it is, and for which nothing has to be written down.
    #[inline]
    fn take_ready(self: &Arc<Self>, location: &'static Location<'static>) -> Option<Loan<'_, C>> {
        if self.limits.asks_first || self.listeners.has(Kind::Checkout) {
            return None;
        }
        let mut state = self.state.lock();
        let record = state.take_idle_if(self.options.lifo, |entry| !self.is_to_be_replaced(entry))?;
        let ticket = state.checkouts.insert(Place { location, trace: None });
        Some(Loan::new(self, ticket, record))
    }

    /// Takes an idle connection or the right to open one, or a place in the queue.
    #[inline(never)]
    fn take_turn(self: &Arc<Self>, location: &'static Location<'static>) -> Result<Turn<'_, C>, Error> {
        let place = Place { location, trace: self.options.trace.then(|| Arc::new(Trace::capture())) };
        if self.options.class == Class::Singleton {
            return Ok(self.take_own_turn(place));
        }
        let mut state = self.state.lock();
        if let Some(record) = state.take_idle(self.options.lifo) {
            let ticket = state.checkouts.insert(place);
            return Ok(Turn::Now(Lease::new(Arc::clone(self), ticket, record)));
        }
        if state.open < self.limits.open {
            state.open += 1;
            let (ticket, record) = (state.checkouts.insert(place), state.vacancy());
            return Ok(Turn::Now(Lease::new(Arc::clone(self), ticket, record)));
        }
        if self.options.class == Class::Assertion {
            let message = format!("connection is already checked out at: {}", state.checkouts.places());
            return Err(Error::new(ErrorKind::InvalidRequest, message));
        }
        Ok(Turn::Later(Waiting::join(self, &mut state, None, place)))
    }

    /// Takes the connection of this task or thread, or the right to open it, or a place in the queue for it.
    #[cold]
    fn take_own_turn(self: &Arc<Self>, place: Place) -> Turn<'_, C> {
        let scope = Scope::current();
        let mut state = self.state.lock();
        if state.scopes_out.iter().any(|(out, _)| *out == scope) {
            return Turn::Later(Waiting::join(self, &mut state, Some(scope), place));
        }
        let ticket = state.checkouts.insert(place);
        state.scopes_out.push((scope, ticket));
        if let Some(record) = state.take_idle_of(scope) {
            return Turn::Now(Lease::new(Arc::clone(self), ticket, record));
        }
        state.open += 1;
        let lease = Lease::new(Arc::clone(self), ticket, state.vacancy());
        // Tasks come and go, and leave their connections behind.
        let left = if state.open > self.limits.idle { state.give_up_idle() } else { None };
        drop(state);
        if let Some(record) = left {
            self.discard_from(record);
        }
        Turn::Now(lease)
    }

    /// Returns whether a connection may be lent as it is.
    #[inline]
    fn is_ready(&self, lease: &Lease<C>) -> bool {
        let Some(entry) = lease.entry() else { return false };
        !self.options.pre_ping && !self.is_to_be_replaced(entry) && !self.listeners.has(Kind::Checkout)
    }

    #[inline]
    fn is_to_be_replaced(&self, entry: &Entry<C::Connection>) -> bool {
        entry.is_soft_invalidated
            || self.connector.is_dead(&entry.connection)
            || self.options.recycle.is_some_and(|limit| entry.opened.elapsed() > limit)
    }

    /// Puts a connection into the lease that is young, answers if it is asked to, and is to the listeners' liking.
    async fn make_ready(self: &Arc<Self>, lease: &mut Lease<C>) -> Result<(), Error> {
        let mut attempts = 2;
        loop {
            attempts -= 1;
            self.make_usable(lease).await?;
            match self.ask_about_checkout(lease).await {
                Err(error) if error.is_disconnect() && attempts > 0 => {}
                result => return result,
            }
        }
    }

    /// Puts a connection into the lease that is young, and answers if it is asked to.
    async fn make_usable(self: &Arc<Self>, lease: &mut Lease<C>) -> Result<(), Error> {
        // While a connection is asked, the lease does not hold it: if this future is dropped, the connection goes too.
        if let Some(mut entry) = lease.take_entry() {
            if self.is_to_be_replaced(&entry) {
                tracing::debug!("a pooled connection is past its time, or its runtime has ended; it is replaced");
                self.discard(entry, lease.record_info_mut());
            } else if !self.options.pre_ping {
                lease.put_entry(entry);
                return Ok(());
            } else if let Err(error) = self.ping(&mut entry).await {
                tracing::info!(%error, "a pooled connection does not answer; all older ones are replaced");
                self.refuse(entry, lease, &error);
                self.invalidate();
            } else {
                lease.put_entry(entry);
                return Ok(());
            }
        }
        self.connect(lease).await
    }

    async fn ping(&self, entry: &mut Entry<C::Connection>) -> Result<(), Error> {
        let patience = self.options.answer_timeout;
        match sync::timeout(patience, self.connector.ping(&mut entry.connection)).await {
            Ok(result) => result,
            Err(_) => {
                let message = format!("a pooled connection did not answer within {patience:?}");
                Err(Error::new(ErrorKind::Disconnected, message))
            }
        }
    }

    async fn connect(self: &Arc<Self>, lease: &mut Lease<C>) -> Result<(), Error> {
        // Read before connecting, so that an invalidation meanwhile counts for the new connection.
        let generation = self.state.lock().generation;
        let result = self.open(lease, generation).await;
        self.state.lock().last_error = result.as_ref().err().cloned();
        lease.put_entry(result?);
        Ok(())
    }

    /// Puts another connection into the lease, which never is without one.
    async fn renew(self: &Arc<Self>, lease: &mut Lease<C>) -> Result<(), Error> {
        let generation = self.state.lock().generation;
        let entry = self.open(lease, generation).await?;
        if let Some(lost) = lease.take_entry() {
            self.discard(lost, lease.record_info_mut());
        }
        lease.put_entry(entry);
        Ok(())
    }

    /// Opens a connection that is to the listeners' liking.
    async fn open(self: &Arc<Self>, lease: &mut Lease<C>, generation: u64) -> Result<Box<Entry<C::Connection>>, Error> {
        let connection = self.connector.connect().await?;
        let info = Info::default();
        let opened = Instant::now();
        let mut entry = Box::new(Entry { connection, opened, generation, is_soft_invalidated: false, info });
        let record_info = lease.record_info_mut();
        match self.listeners.ask_about_new(&mut entry.connection, &mut entry.info, record_info).await {
            Ok(()) => Ok(entry),
            Err(error) => {
                self.discard(entry, record_info);
                Err(error)
            }
        }
    }

    /// Asks the listeners whether the lease's connection may be lent; if not, the lease has none any more.
    async fn ask_about_checkout(self: &Arc<Self>, lease: &mut Lease<C>) -> Result<(), Error> {
        if !self.listeners.has(Kind::Checkout) {
            return Ok(());
        }
        let Some(mut entry) = lease.take_entry() else { return Ok(()) };
        let (connection, info) = (&mut entry.connection, &mut entry.info);
        match self.listeners.ask(Kind::Checkout, connection, info, lease.record_info_mut()).await {
            Ok(()) => {
                lease.put_entry(entry);
                Ok(())
            }
            Err(error) => {
                self.refuse(entry, lease, &error);
                Err(error)
            }
        }
    }

    fn invalidate(self: &Arc<Self>) {
        let idle = self.state.lock().invalidate();
        for mut record in idle {
            if let Some(entry) = record.entry.take() {
                self.discard(entry, &mut record.info);
            }
            self.keep_vacancy(record);
        }
    }

    /// Closes a connection that is not good enough to be lent, and tells why.
    fn refuse(self: &Arc<Self>, mut entry: Box<Entry<C::Connection>>, lease: &mut Lease<C>, error: &Error) {
        let (connection, info) = (&mut entry.connection, &mut entry.info);
        self.listeners.tell(Kind::Invalidate, connection, info, lease.record_info_mut(), Some(error));
        self.discard(entry, lease.record_info_mut());
    }

    /// Closes a connection in the background, or drops it where there is no runtime to do that.
    fn discard(self: &Arc<Self>, mut entry: Box<Entry<C::Connection>>, record_info: &mut Info) {
        self.tell_closed(&mut entry, record_info);
        let shared = Arc::clone(self);
        sync::spawn(async move { shared.connector.close(entry.connection).await });
    }

    /// Closes the connection of a place that is given up.
    fn discard_from(self: &Arc<Self>, mut record: Record<C::Connection>) {
        if let Some(entry) = record.entry.take() {
            self.discard(entry, &mut record.info);
        }
        self.keep_vacancy(record);
    }

    fn tell_closed(&self, entry: &mut Entry<C::Connection>, record_info: &mut Info) {
        self.listeners.tell(Kind::Close, &mut entry.connection, &mut entry.info, record_info, None);
    }

    /// Keeps what is noted about a place without a connection, for the next connection.
    fn keep_vacancy(&self, record: Record<C::Connection>) {
        if record.info.is_empty() {
            return;
        }
        let mut state = self.state.lock();
        if state.idle.len() + state.vacant.len() < self.limits.idle {
            state.vacant.push(record);
        }
    }
}

/// What listeners may do and when; SQLAlchemy's pool events.
///
/// | event | when | may wait and object |
/// |---|---|---|
/// | `first_connect`, then `connect` | a connection has been opened, for somebody who waits for it | yes |
/// | `checkout` | it is about to be lent, after the ping | yes |
/// | `reset` | it has come back, before it is rolled back | yes |
/// | `checkin` | it is clean and about to be given to the next, or kept, or closed for want of room | no |
/// | `soft_invalidate` | it is to be replaced when it is next wanted | no |
/// | `invalidate`, then `close` | it is closed because of an error, or by [`Guard::invalidate`] | no |
/// | `detach` | it leaves the pool | no |
/// | `close` | it is about to be closed, for whatever reason | no |
///
/// A listener gets the connection itself, which belongs to nobody else meanwhile, and the notes about it. Listeners to one
/// event are called in the order in which they came, one after the other. One that may wait and objects ends the matter:
/// an error of `connect` is that of whoever asked for the connection; an error of `checkout` closes the connection, and if
/// it [is a disconnect](Error::is_disconnect) another one is opened and asked about, once; an error of `reset` closes the
/// connection. There is no `checkin` for a connection that is closed instead, and no `close` for one that is dropped, as
/// without a runtime or with a future that is dropped while it connects.
///
/// While somebody listens to `reset`, each connection is reset in the background. A listener must not ask the same pool for
/// a connection, which may not be there before it has finished. A panic of one that may not wait is logged.
impl<C: Connector> Pool<C> {
    /// Asks this of the first connection that is opened.
    pub fn on_first_connect<F>(&self, listener: F) -> &Self
    where
        F: for<'a> Fn(Event<'a, C::Connection>) -> Answer<'a> + Send + Sync + 'static,
    {
        self.0.listeners.add_asked(Kind::FirstConnect, Arc::new(listener));
        self
    }

    /// Asks this of each connection that is opened.
    pub fn on_connect<F>(&self, listener: F) -> &Self
    where
        F: for<'a> Fn(Event<'a, C::Connection>) -> Answer<'a> + Send + Sync + 'static,
    {
        self.0.listeners.add_asked(Kind::Connect, Arc::new(listener));
        self
    }

    /// Asks this of each connection before it is lent.
    pub fn on_checkout<F>(&self, listener: F) -> &Self
    where
        F: for<'a> Fn(Event<'a, C::Connection>) -> Answer<'a> + Send + Sync + 'static,
    {
        self.0.listeners.add_asked(Kind::Checkout, Arc::new(listener));
        self
    }

    /// Asks this of each connection that comes back, before it is reset.
    pub fn on_reset<F>(&self, listener: F) -> &Self
    where
        F: for<'a> Fn(Event<'a, C::Connection>) -> Answer<'a> + Send + Sync + 'static,
    {
        self.0.listeners.add_asked(Kind::Reset, Arc::new(listener));
        self
    }

    /// Tells of each connection that has come back and is clean.
    pub fn on_checkin(&self, listener: impl Fn(Event<'_, C::Connection>) + Send + Sync + 'static) -> &Self {
        self.0.listeners.add_told(Kind::Checkin, Arc::new(listener));
        self
    }

    /// Tells of each connection that is closed because of an error, or because its user wants it.
    pub fn on_invalidate(&self, listener: impl Fn(Event<'_, C::Connection>) + Send + Sync + 'static) -> &Self {
        self.0.listeners.add_told(Kind::Invalidate, Arc::new(listener));
        self
    }

    /// Tells of each connection that is to be replaced when it is next wanted.
    pub fn on_soft_invalidate(&self, listener: impl Fn(Event<'_, C::Connection>) + Send + Sync + 'static) -> &Self {
        self.0.listeners.add_told(Kind::SoftInvalidate, Arc::new(listener));
        self
    }

    /// Tells of each connection that leaves the pool.
    pub fn on_detach(&self, listener: impl Fn(Event<'_, C::Connection>) + Send + Sync + 'static) -> &Self {
        self.0.listeners.add_told(Kind::Detach, Arc::new(listener));
        self
    }

    /// Tells of each connection that is closed.
    pub fn on_close(&self, listener: impl Fn(Event<'_, C::Connection>) + Send + Sync + 'static) -> &Self {
        self.0.listeners.add_told(Kind::Close, Arc::new(listener));
        self
    }
}
