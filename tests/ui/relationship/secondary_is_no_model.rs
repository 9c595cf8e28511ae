//! The association table is a model too.
use orm::prelude::*;

struct UserKeyword;

#[derive(Clone, Debug, Model)]
struct User {
    #[orm(primary_key)]
    id: i64,
    #[orm(secondary = UserKeyword)]
    keywords: ManyToMany<Keyword>,
}

#[derive(Clone, Debug, Model)]
struct Keyword {
    #[orm(primary_key)]
    id: i64,
}

fn main() {}
