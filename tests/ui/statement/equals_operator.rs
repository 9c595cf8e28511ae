//! Rust's `==` gives a Rust `bool`, so columns have `eq`.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case() {
    let _ = select(User).filter(User.id == 1);
}

fn main() {}
