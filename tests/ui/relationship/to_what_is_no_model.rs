//! A collection of something that is not a model.
use orm::prelude::*;

#[derive(Clone, Debug)]
struct Email;

#[derive(Clone, Debug, Model)]
struct User {
    #[orm(primary_key)]
    id: i64,
    emails: HasMany<Email>,
}

fn main() {}
