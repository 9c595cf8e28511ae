//! Some fields say what fills them, and one does not.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

#[derive(Row)]
struct Summary {
    #[orm(from = User.id)]
    id: i64,
    name: String,
}

fn main() {}
