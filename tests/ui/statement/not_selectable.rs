//! What is neither a model nor a column nor an expression.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case() {
    let _ = select("name");
    let _ = select((User.name, 5));
}

fn main() {}
