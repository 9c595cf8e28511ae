//! A model takes several columns, which must be said.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

#[derive(Row)]
struct Both {
    user: User,
    total: i64,
}

fn main() {}
