//! The one file with `unsafe`: the raw handle of a SQLite connection, and what is done with it.
//!
//! In: an open sqlx connection, SQL text, bound values. Out: rows that borrow SQLite's own buffers. Called by the rest
//! of [`sqlite`](super), which decides what to run and what a failure means; nothing here waits, retries or caches.
//!
//! What always holds, and what the blocks below rely upon:
//!
//! - **One user at a time.** The handle is opened without SQLite's mutex. sqlx's worker thread is locked out for as long
//!   as [`Handle`] lives, and every function that touches the handle takes `&mut Handle`, or a [`Running`] that borrows
//!   it mutably. What `&Handle` gives is a copy of a flag.
//! - **Statements die before their connection.** A `Prepared` never leaves the vector in its `Handle`, whose fields are
//!   dropped in the order statements, lock, connection.
//! - **Functions are statics.** What SQL calls back is a [`Function`] or an [`Aggregate`] of this program, which is never gone;
//!   what an aggregate notes lies in memory that SQLite gives it, and is numbers only.
//! - **Bound memory outlives its use.** Text and bytes are bound in place. SQLite reads them in `sqlite3_step` only, and
//!   such a statement is stepped only through a [`Running`], which exists once every parameter was bound anew to values
//!   that it borrows. What an idle statement still points to is never read. A statement that is stepped piece by piece,
//!   through a [`Stepping`], has copies instead, and is marked so that nothing else binds or steps it.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use libsqlite3_sys as ffi;
use sqlx::Connection as _;
use sqlx::sqlite::{LockedSqliteHandle, SqliteConnection};

use super::functions::{Aggregate, Answer, Function, MOST_ARGUMENTS, Step, Total};
use crate::driver::Done;
use crate::{Value, ValueRef, text};

/// What SQLite refused, in its own words.
#[derive(Debug)]
pub(super) enum Failure {
    /// SQLite returned an error.
    Database {
        /// The extended result code.
        code: c_int,
        /// SQLite's message.
        message: String,
        /// Whether it was raised while the text was prepared.
        at_prepare: bool,
    },
    /// The number of values is not the number of parameters.
    ParameterCount {
        /// The statement's parameters.
        expected: usize,
        /// The values.
        given: usize,
    },
    /// A value is a span that no number of microseconds tells.
    LongInterval {
        /// The parameter's number.
        position: c_int,
        /// The span in words.
        span: Box<str>,
    },
}

/// Names a prepared statement of one [`Handle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(u32);

/// Whether a statement is kept after it ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// It is prepared for a long life, and finalized by [`Handle::finalize`] or with the handle.
    Yes,
    /// It is finalized at the end of its run.
    No,
}

/// A statement that SQLite has compiled; dropping it finalizes it.
struct Prepared {
    statement: NonNull<ffi::sqlite3_stmt>,
    parameters: usize,
    is_read_only: bool,
    keep: Keep,
    /// Whether it is stepped piece by piece: every parameter was bound to a copy, and nothing else starts it.
    is_open: bool,
}

impl Drop for Prepared {
    fn drop(&mut self) {
        // SAFETY: the pointer came from `sqlite3_prepare_v3` and is finalized here only. The connection is still open,
        // since a `Prepared` never leaves its `Handle`, which drops its statements first; the caller holds that handle
        // mutably or by value.
        unsafe { ffi::sqlite3_finalize(self.statement.as_ptr()) };
    }
}

/// How many steps of its virtual machine SQLite makes before it asks whether to go on: some ten microseconds.
const STEPS_BETWEEN_LOOKS: c_int = 1_000;

/// When statements are interrupted.
pub(super) struct Deadline {
    began: Instant,
    /// Counted from `began`; the highest number is never.
    micros: AtomicU64,
}

impl Deadline {
    /// Interrupts what runs now.
    pub(super) fn is_now(&self) {
        self.micros.store(0, Ordering::Relaxed);
    }

    fn set(&self, limit: Option<Duration>) {
        let end = limit.and_then(|limit| u64::try_from((self.began.elapsed() + limit).as_micros()).ok());
        self.micros.store(end.unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        let micros = self.micros.load(Ordering::Relaxed);
        micros != u64::MAX && self.began.elapsed().as_micros() >= u128::from(micros)
    }
}

/// The raw handle of one connection, with its statements.
pub(super) struct Handle {
    // The order of the fields is the order in which they are dropped, and must stay: sqlx panics when a statement is open
    // while the connection closes, and the lock borrows from the connection.
    statements: Vec<Option<Prepared>>,
    vacant: Vec<u32>,
    database: NonNull<ffi::sqlite3>,
    is_in_transaction: bool,
    /// When the running statement is to be interrupted; once there is one, SQLite asks it again and again.
    deadline: Option<Arc<Deadline>>,
    lock: LockedSqliteHandle<'static>,
    connection: SqliteConnection,
}

// The lock and the connection may change threads; the compiler checks it here, so that the next `impl` need not claim it.
const _: fn() = || {
    fn is_send<T: Send>() {}
    is_send::<LockedSqliteHandle<'static>>();
    is_send::<SqliteConnection>();
};

// SAFETY: SQLite lets a connection opened without a mutex move between threads as long as no two use it at once
// (<https://www.sqlite.org/threadsafe.html>, "multi-thread"), which `&mut` ensures; the other fields are `Send`.
unsafe impl Send for Handle {}

// SAFETY: a shared reference gives access to `is_in_transaction` alone, which is a plain `bool` that only `&mut self`
// changes. No function with `&self` touches the handle, the lock or the connection.
unsafe impl Sync for Handle {}

impl Handle {
    /// Takes the raw handle of a connection, and locks sqlx's worker out of it for good.
    pub(super) async fn new(mut connection: SqliteConnection) -> Result<Self, sqlx::Error> {
        let lock = connection.lock_handle().await?;
        // SAFETY: the lock borrows the mutex behind an `Arc` of the connection, whose place does not change when the
        // connection moves. Both go into one struct, which drops the lock first, lends neither out, and does not touch
        // the connection before the lock is gone.
        let mut lock: LockedSqliteHandle<'static> = unsafe { std::mem::transmute(lock) };
        let database = lock.as_raw_handle();
        // SAFETY: the handle is open, and ours alone while the lock lives.
        unsafe {
            ffi::sqlite3_busy_timeout(database.as_ptr(), 0);
            ffi::sqlite3_extended_result_codes(database.as_ptr(), 1);
        }
        Ok(Handle {
            statements: Vec::new(),
            vacant: Vec::new(),
            database,
            is_in_transaction: false,
            deadline: None,
            lock,
            connection,
        })
    }

    /// Has SQL know a function.
    pub(super) fn define(&mut self, function: &'static Function) -> Result<(), Box<Failure>> {
        let known = ptr::from_ref(function).cast_mut().cast::<c_void>();
        // SAFETY: the handle is open and ours. SQLite keeps its own copy of the name; the function is a static, of which
        // SQLite keeps the address and nobody writes to it.
        let code = unsafe {
            let (database, name, arguments) = (self.database.as_ptr(), function.name.as_ptr(), function.arguments);
            ffi::sqlite3_create_function_v2(database, name, arguments, PURE, known, Some(call), None, None, None)
        };
        if code == ffi::SQLITE_OK { Ok(()) } else { Err(self.failure(code, false)) }
    }

    /// Has SQL know a function of many rows, which may have a window.
    pub(super) fn define_aggregate(&mut self, aggregate: &'static Aggregate) -> Result<(), Box<Failure>> {
        let known = ptr::from_ref(aggregate).cast_mut().cast::<c_void>();
        // SAFETY: as in `define`.
        let code = unsafe {
            let (database, name) = (self.database.as_ptr(), aggregate.name.as_ptr());
            let (step, end, value, inverse) = (Some(step as _), Some(end as _), Some(value as _), Some(inverse as _));
            ffi::sqlite3_create_window_function(database, name, 1, PURE, known, step, end, value, inverse, None)
        };
        if code == ffi::SQLITE_OK { Ok(()) } else { Err(self.failure(code, false)) }
    }

    /// Interrupts statements when this time is over, counted from now.
    #[inline]
    pub(super) fn set_deadline(&mut self, limit: Option<Duration>) {
        if limit.is_some() || self.deadline.is_some() {
            self.set_new_deadline(limit);
        }
    }

    #[cold]
    fn set_new_deadline(&mut self, limit: Option<Duration>) {
        self.armed(limit);
    }

    /// Does the same, and returns the deadline, by which what runs can be interrupted at any time.
    pub(super) fn armed(&mut self, limit: Option<Duration>) -> Arc<Deadline> {
        let Handle { deadline, lock, .. } = self;
        let deadline = deadline.get_or_insert_with(|| {
            let deadline = Arc::new(Deadline { began: Instant::now(), micros: AtomicU64::new(u64::MAX) });
            let asked = Arc::clone(&deadline);
            lock.set_progress_handler(STEPS_BETWEEN_LOOKS, move || !asked.is_over());
            deadline
        });
        deadline.set(limit);
        Arc::clone(deadline)
    }

    /// Returns the names of a statement's columns.
    ///
    /// # Panics
    ///
    /// Panics when the statement has been finalized.
    pub(super) fn names(&mut self, slot: Slot) -> Vec<String> {
        let prepared = self.prepared(slot);
        let statement = prepared.statement.as_ptr();
        // SAFETY: the statement is alive, and the handle is ours. A name is copied before anything else is done with the
        // statement; it is null only if memory is short.
        let names = unsafe {
            let width = ffi::sqlite3_column_count(statement);
            let name = |column| {
                let name = ffi::sqlite3_column_name(statement, column);
                if name.is_null() { String::new() } else { CStr::from_ptr(name).to_string_lossy().into_owned() }
            };
            (0..width).map(name).collect()
        };
        if prepared.keep == Keep::No {
            self.finalize(slot);
        }
        names
    }

    /// Returns whether a transaction was open when the last statement ended.
    #[inline]
    pub(super) fn is_in_transaction(&self) -> bool {
        self.is_in_transaction
    }

    /// Compiles the first statement of the text.
    ///
    /// Returns its name, or `None` if there is only white space and comment, and how many bytes of the text it took.
    pub(super) fn prepare(&mut self, sql: &str, keep: Keep) -> Result<(Option<Slot>, usize), Box<Failure>> {
        let length = c_int::try_from(sql.len()).map_err(|_| {
            let message = "the statement is longer than 2 GiB".into();
            Failure::Database { code: ffi::SQLITE_TOOBIG, message, at_prepare: true }
        })?;
        let flags = if keep == Keep::Yes { ffi::SQLITE_PREPARE_PERSISTENT } else { 0 };
        let mut statement = ptr::null_mut();
        let mut tail: *const c_char = ptr::null();
        // SAFETY: the handle is open and ours; the text is valid for `length` bytes, and SQLite keeps its own copy; both
        // out-pointers are valid for a write.
        let code = unsafe {
            let text = sql.as_ptr().cast::<c_char>();
            ffi::sqlite3_prepare_v3(self.database.as_ptr(), text, length, flags, &mut statement, &mut tail)
        };
        if code != ffi::SQLITE_OK {
            return Err(self.failure(code, true));
        }
        let used = if tail.is_null() { sql.len() } else { (tail.addr() - sql.as_ptr().addr()).min(sql.len()) };
        let Some(statement) = NonNull::new(statement) else { return Ok((None, used)) };
        // SAFETY: the statement was just compiled.
        let (parameters, is_read_only) = unsafe {
            (
                ffi::sqlite3_bind_parameter_count(statement.as_ptr()) as usize,
                ffi::sqlite3_stmt_readonly(statement.as_ptr()) != 0,
            )
        };
        Ok((Some(self.insert(Prepared { statement, parameters, is_read_only, keep, is_open: false })), used))
    }

    fn insert(&mut self, prepared: Prepared) -> Slot {
        if let Some(index) = self.vacant.pop() {
            self.statements[index as usize] = Some(prepared);
            return Slot(index);
        }
        self.statements.push(Some(prepared));
        Slot(self.statements.len() as u32 - 1)
    }

    /// Finalizes a statement.
    pub(super) fn finalize(&mut self, slot: Slot) {
        if self.statements[slot.0 as usize].take().is_some() {
            self.vacant.push(slot.0);
        }
    }

    /// Binds every parameter and makes the statement ready to be stepped.
    ///
    /// It is made where the caller has it, and never moved: what was written a moment ago is slow to be read as a whole.
    ///
    /// # Panics
    ///
    /// Panics when the statement has been finalized.
    #[inline(always)]
    pub(super) fn start<'h>(&'h mut self, slot: Slot, parameters: &'h [Value]) -> Result<Running<'h>, Box<Failure>> {
        // SAFETY: what runs borrows the values, and the statement is stepped through it alone.
        unsafe { self.bind_all(slot, parameters, ffi::SQLITE_STATIC()) }?;
        let &Prepared { statement, is_read_only, keep, .. } = self.prepared(slot);
        let changes_before = if is_read_only { 0 } else { self.total_changes() };
        Ok(Running { handle: self, slot, statement, is_read_only, keep, changes_before, width: 0 })
    }

    /// Returns a statement that is there.
    #[inline]
    fn prepared(&self, slot: Slot) -> &Prepared {
        self.statements[slot.0 as usize].as_ref().expect("the statement is not finalized")
    }

    /// Binds every parameter of a statement that was reset; one that is not kept is finalized if that fails.
    ///
    /// # Safety
    ///
    /// Unless the destructor is `SQLITE_TRANSIENT`, the values must live as long as the statement may be stepped.
    ///
    /// # Panics
    ///
    /// Panics when the statement has been finalized, or is stepped piece by piece.
    #[inline]
    unsafe fn bind_all(
        &mut self,
        slot: Slot,
        parameters: &[Value],
        destructor: ffi::sqlite3_destructor_type,
    ) -> Result<(), Box<Failure>> {
        let &Prepared { statement, parameters: expected, is_open, .. } = self.prepared(slot);
        assert!(!is_open, "the statement is not being stepped piece by piece");
        if parameters.len() != expected {
            self.let_go_of(slot);
            return Err(Box::new(Failure::ParameterCount { expected, given: parameters.len() }));
        }
        for (position, value) in (1..).zip(parameters) {
            // SAFETY: the statement is alive and reset (SQLite refuses to bind to one that is not), the handle is ours,
            // and the value lives as the caller promises.
            let code = unsafe { bind(statement, position, value, destructor) };
            if code != ffi::SQLITE_OK {
                let failure = match value {
                    Value::LongInterval(span) => Box::new(Failure::LongInterval { position, span: span.clone() }),
                    _ => self.failure(code, false),
                };
                self.let_go_of(slot);
                return Err(failure);
            }
        }
        Ok(())
    }

    /// Finalizes a statement that is not kept.
    #[cold]
    fn let_go_of(&mut self, slot: Slot) {
        if self.prepared(slot).keep == Keep::No {
            self.finalize(slot);
        }
    }

    /// Binds every parameter to a copy, so that the statement can be stepped piece by piece, each time through
    /// [`go_on`](Self::go_on), until it is [finalized](Self::finalize).
    ///
    /// # Panics
    ///
    /// Panics when the statement has been finalized or is open already.
    pub(super) fn open(&mut self, slot: Slot, parameters: &[Value]) -> Result<(), Box<Failure>> {
        // SAFETY: SQLite copies each value before the call returns.
        unsafe { self.bind_all(slot, parameters, ffi::SQLITE_TRANSIENT()) }?;
        if let Some(prepared) = &mut self.statements[slot.0 as usize] {
            prepared.is_open = true;
        }
        Ok(())
    }

    /// Goes on with a statement that was opened.
    ///
    /// # Panics
    ///
    /// Panics when the statement has been finalized or was not opened.
    pub(super) fn go_on(&mut self, slot: Slot) -> Stepping<'_> {
        let prepared = self.prepared(slot);
        assert!(prepared.is_open, "the statement was opened");
        let statement = prepared.statement;
        Stepping { handle: self, statement }
    }

    /// Returns whether a statement leaves the database as it is.
    pub(super) fn is_read_only(&self, slot: Slot) -> bool {
        self.statements[slot.0 as usize].as_ref().is_some_and(|prepared| prepared.is_read_only)
    }

    /// Finalizes all statements, gives the handle back to sqlx and closes it.
    pub(super) async fn close(self) -> Result<(), sqlx::Error> {
        let Handle { statements, lock, connection, .. } = self;
        drop(statements);
        drop(lock);
        connection.close().await
    }

    fn total_changes(&mut self) -> i64 {
        // SAFETY: the handle is open and ours.
        unsafe { ffi::sqlite3_total_changes64(self.database.as_ptr()) }
    }

    /// Returns the failure that SQLite has just reported.
    #[cold]
    fn failure(&mut self, code: c_int, at_prepare: bool) -> Box<Failure> {
        // SAFETY: the handle is open and ours; the message is copied before anything else is done with the handle.
        unsafe {
            let extended = ffi::sqlite3_extended_errcode(self.database.as_ptr());
            // The handle's own code is finer, where it is about the same error.
            let code = if extended & 0xff == code & 0xff { extended } else { code };
            let message = ffi::sqlite3_errmsg(self.database.as_ptr());
            let message = if message.is_null() {
                "out of memory".into()
            } else {
                CStr::from_ptr(message).to_string_lossy().into_owned()
            };
            Box::new(Failure::Database { code, message, at_prepare })
        }
    }
}

/// A statement between its first step and its reset.
///
/// Dropping it resets the statement, so that it holds no lock and reads no bound value, and finalizes one that is not
/// kept.
pub(super) struct Running<'h> {
    handle: &'h mut Handle,
    slot: Slot,
    statement: NonNull<ffi::sqlite3_stmt>,
    is_read_only: bool,
    keep: Keep,
    changes_before: i64,
    width: usize,
}

// SAFETY: it borrows its handle mutably, which may change threads (see there), and the values, which are `Sync`; the
// pointer leads to a statement of that handle.
unsafe impl Send for Running<'_> {}

impl Running<'_> {
    /// Returns whether the statement leaves the database as it is.
    #[inline]
    pub(super) fn is_read_only(&self) -> bool {
        self.is_read_only
    }

    /// Goes on to the next row; `None` when the statement is done.
    #[inline]
    pub(super) fn step(&mut self) -> Result<Option<Row<'_>>, Box<Failure>> {
        // SAFETY: the statement is alive while its handle is borrowed, and every bound value is borrowed as long as
        // `self` (see `Handle::start`).
        let code = unsafe { ffi::sqlite3_step(self.statement.as_ptr()) };
        match code {
            ffi::SQLITE_ROW => {
                if self.width == 0 {
                    // Counted after the first step, which may have compiled the statement anew for a changed schema.
                    // SAFETY: the statement is alive.
                    self.width = unsafe { ffi::sqlite3_column_count(self.statement.as_ptr()) } as usize;
                }
                Ok(Some(Row { statement: self.statement, width: self.width, valid: PhantomData }))
            }
            ffi::SQLITE_DONE => Ok(None),
            code => Err(self.handle.failure(code, false)),
        }
    }

    /// Says what a statement did that has been stepped to its end; nothing, if it only reads.
    #[inline]
    pub(super) fn done(&mut self, done: &mut Done) {
        // `sqlite3_changes` keeps the number of an earlier statement when this one is not a DML statement.
        if self.is_read_only || self.handle.total_changes() == self.changes_before {
            return;
        }
        let database = self.handle.database.as_ptr();
        // SAFETY: the handle is open and ours.
        let (changes, last) = unsafe { (ffi::sqlite3_changes64(database), ffi::sqlite3_last_insert_rowid(database)) };
        *done = Done { rows_affected: changes.max(0) as u64, last_insert_id: Some(last) };
    }
}

impl Drop for Running<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the statement is alive, and the handle is open and ours. The code that `sqlite3_reset` returns repeats
        // the failure of the last step, which was reported.
        unsafe {
            ffi::sqlite3_reset(self.statement.as_ptr());
            self.handle.is_in_transaction = ffi::sqlite3_get_autocommit(self.handle.database.as_ptr()) == 0;
        }
        if self.keep == Keep::No {
            self.handle.finalize(self.slot);
        }
    }
}

/// Binds a value, and returns SQLite's result code.
///
/// # Safety
///
/// The statement must be alive and its handle in nobody else's use. Unless the destructor is `SQLITE_TRANSIENT`, the value
/// must live as long as the statement may be stepped.
#[inline]
unsafe fn bind(
    statement: NonNull<ffi::sqlite3_stmt>,
    position: c_int,
    value: &Value,
    destructor: ffi::sqlite3_destructor_type,
) -> c_int {
    let raw = statement.as_ptr();
    // SAFETY: the caller promises what each of these asks for. A copy that is made here lives until SQLite has its own.
    unsafe {
        match value {
            Value::Null(_) => ffi::sqlite3_bind_null(raw, position),
            Value::Bool(value) => ffi::sqlite3_bind_int64(raw, position, i64::from(*value)),
            Value::Int16(value) => ffi::sqlite3_bind_int64(raw, position, i64::from(*value)),
            Value::Int32(value) => ffi::sqlite3_bind_int64(raw, position, i64::from(*value)),
            Value::Int64(value) | Value::Interval(value) => ffi::sqlite3_bind_int64(raw, position, *value),
            Value::Float32(value) => ffi::sqlite3_bind_double(raw, position, f64::from(*value)),
            Value::Float64(value) => ffi::sqlite3_bind_double(raw, position, *value),
            Value::Text(value) | Value::Decimal(value) | Value::Json(value) => {
                bind_text(statement, position, value, destructor)
            }
            Value::Enum(_, label) => bind_text(statement, position, label, destructor),
            Value::Bytes(value) => {
                let bytes = value.as_ptr().cast();
                ffi::sqlite3_bind_blob64(raw, position, bytes, value.len() as u64, destructor)
            }
            Value::Date(days) => bind_copy(statement, position, &text::date(*days)),
            Value::Time(micros) => bind_copy(statement, position, &text::time(*micros)),
            Value::DateTime(micros) | Value::Timestamp(micros) => {
                bind_copy(statement, position, &text::date_time(*micros))
            }
            Value::Uuid(bytes) => bind_copy(statement, position, &text::uuid(bytes)),
            // SQLite has none of these.
            Value::Array(..) | Value::Range(..) | Value::LongInterval(_) => ffi::SQLITE_MISMATCH,
        }
    }
}

/// Binds text that SQLite copies.
///
/// # Safety
///
/// The statement must be alive and its handle in nobody else's use.
unsafe fn bind_copy(statement: NonNull<ffi::sqlite3_stmt>, position: c_int, value: &str) -> c_int {
    // SAFETY: SQLite copies the text before the call returns; the rest is the caller's promise.
    unsafe { bind_text(statement, position, value, ffi::SQLITE_TRANSIENT()) }
}

/// Binds text.
///
/// # Safety
///
/// As [`bind`].
#[inline]
unsafe fn bind_text(
    statement: NonNull<ffi::sqlite3_stmt>,
    position: c_int,
    value: &str,
    destructor: ffi::sqlite3_destructor_type,
) -> c_int {
    let (text, length, encoding) = (value.as_ptr().cast(), value.len() as u64, ffi::SQLITE_UTF8 as u8);
    // SAFETY: the text is valid for its length; the rest is the caller's promise.
    unsafe { ffi::sqlite3_bind_text64(statement.as_ptr(), position, text, length, destructor, encoding) }
}

/// A statement that is stepped piece by piece. Dropping it leaves it where it is.
pub(super) struct Stepping<'h> {
    handle: &'h mut Handle,
    statement: NonNull<ffi::sqlite3_stmt>,
}

impl Stepping<'_> {
    /// Goes on to the next row; `None` when the statement is done.
    pub(super) fn step(&mut self) -> Result<Option<Row<'_>>, Box<Failure>> {
        // SAFETY: the statement is alive while its handle is borrowed, and SQLite has a copy of every bound value (see
        // `Handle::open`).
        let code = unsafe { ffi::sqlite3_step(self.statement.as_ptr()) };
        match code {
            ffi::SQLITE_ROW => {
                // SAFETY: the statement is alive.
                let width = unsafe { ffi::sqlite3_column_count(self.statement.as_ptr()) } as usize;
                Ok(Some(Row { statement: self.statement, width, valid: PhantomData }))
            }
            ffi::SQLITE_DONE => Ok(None),
            code => {
                let failure = self.handle.failure(code, false);
                // SAFETY: the handle is open and ours. An error may have ended the transaction.
                self.handle.is_in_transaction =
                    unsafe { ffi::sqlite3_get_autocommit(self.handle.database.as_ptr()) == 0 };
                Err(failure)
            }
        }
    }
}

/// A row of SQLite, valid until the next step.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    statement: NonNull<ffi::sqlite3_stmt>,
    width: usize,
    // Borrows the `Running`, so that neither step nor reset can come between.
    valid: PhantomData<&'a ()>,
}

impl<'a> Row<'a> {
    /// Returns the value at this position: an integer, a float, text, bytes or NULL, as it is stored.
    ///
    /// Text that is not UTF-8 comes as bytes.
    ///
    /// # Panics
    ///
    /// Panics when the row has no such position.
    #[inline]
    pub fn value(&self, column: usize) -> ValueRef<'a> {
        self.check(column);
        let (statement, column) = (self.statement.as_ptr(), column as c_int);
        // SAFETY: the statement stands on a row while `'a` lasts, and the column exists. The value may be read directly,
        // which is faster than asking for it by its column each time: it needs the protection of the connection's mutex,
        // which `&mut` stands in for. Text and bytes are valid until the next step, reset or conversion: a value is only
        // ever read as the type that it has, so the second reading converts nothing, and `'a` ends before the next step.
        unsafe { read(ffi::sqlite3_column_value(statement, column)) }
    }

    /// Returns how many values the row has.
    #[inline]
    pub fn len(&self) -> usize {
        self.width
    }

    /// Returns whether the row has no values.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.width == 0
    }

    /// Returns the name of the column at this position, up to the first byte that is not UTF-8.
    ///
    /// # Panics
    ///
    /// Panics when the row has no such position.
    pub fn name(&self, column: usize) -> &'a str {
        self.check(column);
        // SAFETY: the statement is alive and the column exists. The name belongs to the statement and stays where it is
        // until that is compiled anew or finalized, neither of which happens while `'a` lasts; it is only ever asked for
        // as UTF-8, so that it is not converted.
        let name = unsafe {
            let name = ffi::sqlite3_column_name(self.statement.as_ptr(), column as c_int);
            if name.is_null() { c"" } else { CStr::from_ptr(name) }
        };
        match std::str::from_utf8(name.to_bytes()) {
            Ok(name) => name,
            Err(error) => std::str::from_utf8(&name.to_bytes()[..error.valid_up_to()]).unwrap_or_default(),
        }
    }

    #[inline]
    fn check(&self, column: usize) {
        if column >= self.width {
            no_such_column(column, self.width);
        }
    }
}

/// Reads a value as the type that it has.
///
/// # Safety
///
/// The value must be SQLite's, and neither changed nor converted for as long as `'a`.
#[inline]
unsafe fn read<'a>(value: *mut ffi::sqlite3_value) -> ValueRef<'a> {
    // SAFETY: as the caller promises; what has a type is read as that, which converts nothing.
    unsafe {
        match ffi::sqlite3_value_type(value) {
            ffi::SQLITE_INTEGER => ValueRef::Int(ffi::sqlite3_value_int64(value)),
            ffi::SQLITE_FLOAT => ValueRef::Float64(ffi::sqlite3_value_double(value)),
            ffi::SQLITE_TEXT => {
                let text = ffi::sqlite3_value_text(value);
                if text.is_null() {
                    out_of_memory();
                }
                let bytes = slice(text, ffi::sqlite3_value_bytes(value));
                std::str::from_utf8(bytes).map_or(ValueRef::Bytes(bytes), ValueRef::Text)
            }
            ffi::SQLITE_BLOB => {
                let bytes = ffi::sqlite3_value_blob(value);
                ValueRef::Bytes(slice(bytes.cast(), ffi::sqlite3_value_bytes(value)))
            }
            _ => ValueRef::Null,
        }
    }
}

/// How the functions are to be taken: text is UTF-8; the same arguments give the same; they touch nothing else, so that a
/// view or an index may use them.
const PURE: c_int = ffi::SQLITE_UTF8 | ffi::SQLITE_DETERMINISTIC | ffi::SQLITE_INNOCUOUS;

/// What SQLite calls for a [`Function`].
///
/// # Safety
///
/// SQLite's alone to call, for what [`Handle::define`] has made known.
unsafe extern "C" fn call(context: *mut ffi::sqlite3_context, count: c_int, values: *mut *mut ffi::sqlite3_value) {
    // SAFETY: SQLite gives the address that `define` gave, which is that of a static, and so many values, which stay as they
    // are until this returns.
    let answer = unsafe {
        let function = &*ffi::sqlite3_user_data(context).cast::<Function>();
        with_arguments(count, values, function.call)
    };
    // SAFETY: the context is that of this call.
    unsafe { reply(context, answer) };
}

/// What SQLite calls for each row of an [`Aggregate`].
///
/// # Safety
///
/// SQLite's alone to call, for what [`Handle::define_aggregate`] has made known.
unsafe extern "C" fn step(context: *mut ffi::sqlite3_context, count: c_int, values: *mut *mut ffi::sqlite3_value) {
    // SAFETY: as the caller promises.
    unsafe { change(context, count, values, |aggregate| aggregate.step) };
}

/// What SQLite calls for each row that leaves the window of an [`Aggregate`].
///
/// # Safety
///
/// As [`step`].
unsafe extern "C" fn inverse(context: *mut ffi::sqlite3_context, count: c_int, values: *mut *mut ffi::sqlite3_value) {
    // SAFETY: as the caller promises.
    unsafe { change(context, count, values, |aggregate| aggregate.inverse) };
}

/// Adds a row to an aggregate, or takes one out.
///
/// # Safety
///
/// As [`step`].
unsafe fn change(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
    how: fn(&Aggregate) -> Step,
) {
    // SAFETY: the address is that of a static (see `define_aggregate`). SQLite gives the same memory for each row of one group,
    // of this size, aligned for numbers of eight bytes, at first with zeroes, which are a `Total`; nobody else has it.
    // The values stay as they are until this returns.
    let result = unsafe {
        let aggregate = &*ffi::sqlite3_user_data(context).cast::<Aggregate>();
        let total = ffi::sqlite3_aggregate_context(context, size_of::<Total>() as c_int).cast::<Total>();
        let Some(total) = total.as_mut() else {
            ffi::sqlite3_result_error_nomem(context);
            return;
        };
        with_arguments(count, values, |values| match values {
            [value] => how(aggregate)(total, *value),
            _ => Ok(()),
        })
    };
    if let Err(message) = result {
        // SAFETY: the context is that of this call.
        unsafe { reply(context, Err(message)) };
    }
}

/// What SQLite calls when all rows of a group have been told.
///
/// # Safety
///
/// As [`step`].
unsafe extern "C" fn end(context: *mut ffi::sqlite3_context) {
    // SAFETY: as the caller promises.
    unsafe { value(context) };
}

/// What SQLite calls for what the rows of a window come to.
///
/// # Safety
///
/// As [`step`].
unsafe extern "C" fn value(context: *mut ffi::sqlite3_context) {
    // SAFETY: as in `change`. No memory is asked for here, so that there is none where there was no row.
    unsafe {
        let aggregate = &*ffi::sqlite3_user_data(context).cast::<Aggregate>();
        let total = ffi::sqlite3_aggregate_context(context, 0).cast::<Total>();
        let answer = total.as_ref().map_or(Ok(Answer::Null), aggregate.value);
        reply(context, answer);
    }
}

/// Hands over the values that SQLite calls with.
///
/// # Safety
///
/// There must be so many values, which stay as they are until this returns.
unsafe fn with_arguments<R>(
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
    run: impl FnOnce(&[ValueRef<'_>]) -> R,
) -> R {
    let mut arguments = [ValueRef::Null; MOST_ARGUMENTS];
    let count = usize::try_from(count).unwrap_or_default().min(MOST_ARGUMENTS);
    for (index, argument) in arguments[..count].iter_mut().enumerate() {
        // SAFETY: as the caller promises.
        *argument = unsafe { read(*values.add(index)) };
    }
    run(&arguments[..count])
}

/// Tells SQLite what a function gives, or why it gives nothing.
///
/// # Safety
///
/// The context must be that of the call.
unsafe fn reply(context: *mut ffi::sqlite3_context, answer: Result<Answer, String>) {
    // SAFETY: as the caller promises; SQLite copies text and messages before these return.
    unsafe {
        match answer {
            Ok(Answer::Null) => ffi::sqlite3_result_null(context),
            Ok(Answer::Int(number)) => ffi::sqlite3_result_int64(context, number),
            // Of a NaN SQLite makes NULL.
            Ok(Answer::Float(number)) => ffi::sqlite3_result_double(context, number),
            Ok(Answer::Text(text)) => {
                let (bytes, length) = (text.as_ptr().cast(), text.len() as u64);
                let (copy, encoding) = (ffi::SQLITE_TRANSIENT(), ffi::SQLITE_UTF8 as u8);
                ffi::sqlite3_result_text64(context, bytes, length, copy, encoding);
            }
            Err(message) => {
                let length = c_int::try_from(message.len()).unwrap_or(c_int::MAX);
                ffi::sqlite3_result_error(context, message.as_ptr().cast(), length);
                ffi::sqlite3_result_error_code(context, ffi::SQLITE_MISMATCH);
            }
        }
    }
}

/// Makes a slice of what SQLite returned for a value.
///
/// # Safety
///
/// Unless it is null, the pointer must be valid for this many bytes for as long as `'a`.
#[inline]
unsafe fn slice<'a>(bytes: *const u8, length: c_int) -> &'a [u8] {
    // SQLite gives no pointer for an empty blob.
    if bytes.is_null() || length <= 0 {
        return &[];
    }
    // SAFETY: as the caller promises.
    unsafe { std::slice::from_raw_parts(bytes, length as usize) }
}

#[cold]
#[inline(never)]
fn out_of_memory() -> ! {
    panic!("out of memory while SQLite converted text")
}

#[cold]
#[inline(never)]
fn no_such_column(column: usize, width: usize) -> ! {
    panic!("the row has {width} columns, so there is none at position {column}")
}
