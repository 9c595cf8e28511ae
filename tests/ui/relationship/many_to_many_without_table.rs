//! Many-to-many needs an association table, and only that takes one.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
struct User {
    #[orm(primary_key)]
    id: i64,
    keywords: ManyToMany<Keyword>,
}

#[derive(Clone, Debug, Model)]
struct Keyword {
    #[orm(primary_key)]
    id: i64,
    #[orm(secondary = User)]
    user: BelongsTo<User>,
}

fn main() {}
