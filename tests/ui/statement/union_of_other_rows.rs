//! The members of a compound give rows of one type.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case() {
    let _ = select(User.name).union(select(User.id));
}

fn main() {}
