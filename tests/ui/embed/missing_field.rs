//! An embedded struct without a default is required by the builder, as a whole.
use orm::prelude::*;

#[derive(Clone, Debug, Embed)]
struct Place {
    city: String,
}

#[derive(Clone, Debug, Model)]
struct User {
    #[orm(primary_key)]
    id: i64,
    #[orm(embed)]
    home: Place,
}

fn main() {
    _ = insert(User).values(User::builder());
    _ = insert(User).values(User::builder().home("Paris"));
    _ = select(User.home.town);
}
