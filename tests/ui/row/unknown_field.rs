//! A field that the model has no column for.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

#[derive(Row)]
#[orm(from = User)]
struct Summary {
    id: i64,
    nmae: String,
}

fn main() {}
