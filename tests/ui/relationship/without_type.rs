//! A relationship to nothing.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
struct User {
    #[orm(primary_key)]
    id: i64,
    addresses: HasMany,
}

fn main() {}
