//! A size of a number, and a version that does not count.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
#[orm(version = tag)]
struct User {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 5)]
    age: i32,
    tag: String,
}

fn main() {}
