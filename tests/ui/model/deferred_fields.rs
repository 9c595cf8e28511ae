//! What cannot be left out of a row.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
struct User {
    #[orm(primary_key)]
    id: Deferred<i64>,
    #[orm(deferred)]
    portrait: Vec<u8>,
    notes: Option<Deferred<String>>,
    #[orm(deferred(groups = "long"))]
    life: Deferred<String>,
}

#[derive(Clone, Debug, Model)]
#[orm(version = version)]
struct Address {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = User.id)]
    user_id: Deferred<i64>,
    version: Deferred<i64>,
}

fn main() {}
