//! A column that is never NULL is set to NULL.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case() {
    let _ = update(User).set(User.name, None);
}

fn main() {}
