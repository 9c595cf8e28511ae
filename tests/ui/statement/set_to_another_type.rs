//! A column is set to a value of another type.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case() {
    let _ = update(User).set(User.name, 5);
}

fn main() {}
