//! What refers to a CTE gives the rows of the CTE.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case() {
    let _ = select(User.id).cte("ids").union_all(|ids| select(User.name).join_on(ids, User.id.eq(ids.0)));
}

fn main() {}
