//! A field that cannot take the NULL of its column.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

#[derive(Row)]
#[orm(from = User)]
struct Summary {
    fullname: String,
    #[orm(from = optional(User.id))]
    id: i64,
}

fn main() {}
