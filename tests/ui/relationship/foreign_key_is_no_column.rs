//! A relationship follows columns.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
struct User {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = user)]
    addresses: HasMany<Address>,
}

#[derive(Clone, Debug, Model)]
struct Address {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = User.id)]
    user_id: i64,
    #[orm(foreign_key = owner_id)]
    user: BelongsTo<User>,
}

fn main() {}
