//! A tuple struct has no names for its columns.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
struct User(i64, String);

fn main() {}
