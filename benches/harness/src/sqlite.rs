//! Counts the statements that SQLite begins, whoever asks for them.
//!
//! Every connection that is opened after [`count_statements!`](crate::count_statements) is traced by SQLite itself.

use std::sync::atomic::{AtomicU64, Ordering};

static COUNTED: AtomicU64 = AtomicU64::new(0);

/// Returns how many statements were begun on traced connections.
pub fn counted() -> u64 {
    COUNTED.load(Ordering::Relaxed)
}

/// Counts one statement.
pub fn count() {
    COUNTED.fetch_add(1, Ordering::Relaxed);
}

/// Has every connection traced that is opened from now on, or no more. Takes the bindings of the SQLite that the program links.
#[macro_export]
macro_rules! count_statements {
    ($ffi:path) => {
        mod traced {
            use std::ffi::{c_char, c_int, c_uint, c_void};

            use $ffi as ffi;

            unsafe extern "C" fn begun(_: c_uint, _: *mut c_void, _: *mut c_void, _: *mut c_void) -> c_int {
                $crate::sqlite::count();
                0
            }

            unsafe extern "C" fn opened(
                connection: *mut ffi::sqlite3,
                _: *mut *mut c_char,
                _: *const ffi::sqlite3_api_routines,
            ) -> c_int {
                // SAFETY: SQLite calls this with the connection that it has just opened; `begun` touches nothing of it.
                unsafe {
                    ffi::sqlite3_trace_v2(
                        connection,
                        ffi::SQLITE_TRACE_STMT as c_uint,
                        Some(begun),
                        std::ptr::null_mut(),
                    )
                }
            }

            pub fn begin() {
                // SAFETY: `opened` has the type that SQLite calls an extension's entry by.
                unsafe { ffi::sqlite3_auto_extension(Some(opened)) };
            }

            pub fn end() {
                // SAFETY: no pointer is passed.
                unsafe { ffi::sqlite3_reset_auto_extension() };
            }
        }
    };
}
