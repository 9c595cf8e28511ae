//! An enum is stored in a column, not in a table.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
enum Status {
    Active,
    Gone,
}

#[derive(Clone, Debug, Model)]
struct User {
    #[orm(primary_key)]
    id: i64,
    statuses: HasMany<Status>,
}

fn main() {}
