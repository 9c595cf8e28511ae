//! A key is never NULL.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
struct User {
    #[orm(primary_key)]
    id: Option<i64>,
}

fn main() {}
