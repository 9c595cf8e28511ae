//! A query becomes rows of a struct without `#[derive(Row)]`.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

struct Summary {
    id: i64,
}

fn case() {
    let _ = select(User.id).into_rows::<Summary>();
}

fn main() {}
