//! A list of values needs a name for each column.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case() {
    let _ = orm::values("v", ["id"], [(1i64, 2i64)]);
}

fn main() {}
