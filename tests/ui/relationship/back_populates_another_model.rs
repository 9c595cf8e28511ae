//! The other side leads to another model.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
struct User {
    #[orm(primary_key)]
    id: i64,
    #[orm(back_populates = country)]
    addresses: HasMany<Address>,
}

#[derive(Clone, Debug, Model)]
struct Country {
    #[orm(primary_key)]
    id: i64,
}

#[derive(Clone, Debug, Model)]
struct Address {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = User.id)]
    user_id: i64,
    #[orm(foreign_key = Country.id)]
    country_id: i64,
    country: BelongsTo<Country>,
}

fn main() {}
