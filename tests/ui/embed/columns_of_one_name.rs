//! Two embedded structs bring columns of one name.
use orm::prelude::*;

#[derive(Clone, Debug, Embed)]
struct Place {
    city: String,
}

#[derive(Clone, Debug, Model)]
struct User {
    #[orm(primary_key)]
    id: i64,
    city: Option<String>,
    #[orm(flatten)]
    home: Place,
}

fn main() {
    _ = select(User);
}
