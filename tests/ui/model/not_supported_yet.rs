//! A word of SQLAlchemy that has no meaning here yet.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
struct User {
    #[orm(primary_key)]
    id: i64,
    #[orm(deferred)]
    portrait: Vec<u8>,
}

fn main() {}
