//! A generic struct would be many tables.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
struct Setting<T> {
    #[orm(primary_key)]
    id: i64,
    value: T,
}

fn main() {}
