//! The members have no such column to be ordered by.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
struct User {
    #[orm(primary_key)]
    id: i64,
    #[orm(order_by = emial)]
    addresses: HasMany<Address>,
    #[orm(order_by = user.desc())]
    others: HasMany<Address>,
}

#[derive(Clone, Debug, Model)]
struct Address {
    #[orm(primary_key)]
    id: i64,
    email: String,
    #[orm(foreign_key = User.id)]
    user_id: i64,
    user: BelongsTo<User>,
}

fn main() {}
