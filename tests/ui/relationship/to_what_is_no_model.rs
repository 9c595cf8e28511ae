//! A collection of something that is not a model.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
struct User {
    #[orm(primary_key)]
    id: i64,
    emails: HasMany<String>,
}

fn main() {}
