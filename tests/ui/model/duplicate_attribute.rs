//! An attribute is stated twice.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
#[orm(table = "users")]
#[orm(table = "people")]
struct User {
    #[orm(primary_key)]
    id: i64,
    #[orm(unique, length = 50, unique)]
    name: String,
}

fn main() {}
