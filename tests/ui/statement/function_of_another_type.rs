//! Functions over columns say what they take.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case() {
    let _ = select(func::coalesce(User.name, "nobody"));
    let _ = select(func::sum(User.name));
    let _ = select(func::avg(User.name));
}

fn main() {}
