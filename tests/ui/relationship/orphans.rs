//! Orphans are deleted where a member has one owner, which is deleted with it.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
struct User {
    #[orm(primary_key)]
    id: i64,
    #[orm(cascade(delete_orphan))]
    addresses: HasMany<Address>,
}

#[derive(Clone, Debug, Model)]
struct Address {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = User.id)]
    user_id: i64,
    #[orm(cascade(all, delete_orphan))]
    user: BelongsTo<User>,
}

fn main() {}
