//! The struct's attributes name fields that it does not have.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
#[orm(unique(nmae), index(user_name), version = revision)]
struct User {
    #[orm(primary_key)]
    id: i64,
    name: String,
}

fn main() {}
