//! A model owns its values.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
struct Setting<'a> {
    #[orm(primary_key)]
    id: i64,
    value: &'a str,
}

fn main() {}
