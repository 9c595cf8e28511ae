//! A default that is not a value of the field.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
struct User {
    #[orm(primary_key)]
    id: i64,
    #[orm(default = "yes")]
    active: bool,
}

fn main() {}
