//! Connections for `orm`: text and bound values in, rows out, and who holds a connection.
//!
//! [`driver`] opens and speaks to one database through a closed [`Connection`](driver::Connection) enum; [`pool`] holds
//! connections of any kind and knows no SQL. Nothing here knows what a statement means or what a model is.

mod error;
pub mod text;
mod value;

#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub mod driver;
pub mod pool;
mod sync;

pub use error::{DatabaseErrorKind, Error, ErrorKind};
pub use value::{EnumName, Kind, Value, ValueRef};
