//! A field of another type than the column.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

#[derive(Row)]
#[orm(from = User)]
struct Summary {
    id: String,
    name: String,
}

fn main() {}
