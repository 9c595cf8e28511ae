//! Attributes that do not exist.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

#[derive(Row)]
#[orm(form = User)]
struct Summary {
    id: i64,
    #[orm(column = "name")]
    name: String,
}

fn main() {}
