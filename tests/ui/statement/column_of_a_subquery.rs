//! A subquery has as many columns as it selects, with their types.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case() {
    let pairs = select((User.id, User.name)).subquery("pairs");
    let _ = select(pairs.2).select_from(&pairs);
    let _ = select(pairs.0).select_from(&pairs).filter(pairs.0.eq("one"));
}

fn main() {}
