//! A newtype is around one value.
use orm::prelude::*;

#[derive(Clone, Debug, SqlNewtype)]
struct Point(f64, f64);

#[derive(Clone, Debug, SqlNewtype)]
struct Email(Option<String>);

fn main() {}
