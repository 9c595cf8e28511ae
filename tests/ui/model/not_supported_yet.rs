//! A word that has no meaning here yet.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
struct User {
    #[orm(primary_key)]
    id: i64,
    #[orm(flatten)]
    place: String,
}

fn main() {}
