//! A relationship is never wrapped: it may be empty as it is.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
struct User {
    #[orm(primary_key)]
    id: i64,
    addresses: Option<HasMany<Address>>,
}

#[derive(Clone, Debug, Model)]
struct Address {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = User.id)]
    user_id: Option<i64>,
    user: Option<BelongsTo<User>>,
}

fn main() {}
