//! Values in another order than the fields.
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
    let _ = select(Summary.of(User.name, User.id));
}

fn main() {}
