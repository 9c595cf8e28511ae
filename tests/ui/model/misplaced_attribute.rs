//! A column's attribute stands on a relationship, and the reverse.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
struct User {
    #[orm(primary_key)]
    id: i64,
    #[orm(back_populates = addresses)]
    name: String,
    #[orm(default)]
    addresses: HasMany<Address>,
}

#[derive(Clone, Debug, Model)]
struct Address {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = User.id)]
    user_id: i64,
}

fn main() {}
