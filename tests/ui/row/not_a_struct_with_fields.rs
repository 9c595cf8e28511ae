//! Shapes that have no fields with names.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

#[derive(Row)]
struct Pair(i64, String);

#[derive(Row)]
enum Choice {
    One,
}

#[derive(Row)]
struct Generic<T> {
    value: T,
}

fn main() {}
