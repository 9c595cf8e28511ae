//! Nothing says what fills the fields, so the name alone selects nothing.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

#[derive(Row)]
struct Summary {
    id: i64,
    name: String,
}

fn case() {
    let _ = select(Summary);
}

fn main() {}
