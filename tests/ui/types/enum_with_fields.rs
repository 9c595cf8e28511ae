//! A label holds no fields.
use orm::prelude::*;

#[derive(Clone, Debug, SqlEnum)]
enum Status {
    Active,
    Since(i64),
    Until { year: i32 },
}

fn main() {}
