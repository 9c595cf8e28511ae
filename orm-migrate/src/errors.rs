//! Errors as the rest of the library makes them.

use orm_core::__private::error;
use orm_core::{Error, ErrorKind};

pub(crate) fn argument(message: impl Into<String>) -> Error {
    error::new(ErrorKind::Argument, message)
}

pub(crate) fn configuration(message: impl Into<String>) -> Error {
    error::new(ErrorKind::Configuration, message)
}

pub(crate) fn invalid_request(message: impl Into<String>) -> Error {
    error::new(ErrorKind::InvalidRequest, message)
}

/// What can be said of an error behind it.
pub(crate) trait Told {
    /// Adds what the reader can do about it.
    fn hint(self, hint: impl Into<String>) -> Self;

    /// Says where it happened, before its first line.
    fn within(self, place: &str) -> Self;
}

impl Told for Error {
    fn hint(self, hint: impl Into<String>) -> Self {
        error::hint(self, hint)
    }

    fn within(self, place: &str) -> Self {
        error::within(self, place)
    }
}

/// Returns a number and its noun: `1 statement`, `2 statements`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
