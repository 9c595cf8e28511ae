//! Variants stored as numbers have no labels, and fit into 32 bits.
use orm::prelude::*;

#[derive(Clone, Debug, SqlEnum)]
#[orm(integer, rename_all = "snake_case")]
enum Level {
    Low = 1,
    #[orm(rename = "high")]
    High = 5_000_000_000,
}

fn main() {}
