//! A foreign key has the type of the column that it refers to.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
struct User {
    #[orm(primary_key)]
    id: i64,
}

#[derive(Clone, Debug, Model)]
struct Address {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = User.id)]
    user_id: String,
    #[orm(foreign_key = User.idd)]
    other_id: i64,
}

fn main() {}
