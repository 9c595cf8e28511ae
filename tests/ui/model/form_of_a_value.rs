//! Values in the wrong form.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
#[orm(table = users)]
struct User {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = "50")]
    name: String,
    #[orm(unique = true)]
    email: String,
    #[orm(back_populates = "user")]
    addresses: HasMany<Address>,
}

#[derive(Clone, Debug, Model)]
struct Address {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = "users.id")]
    user_id: i64,
}

fn main() {}
