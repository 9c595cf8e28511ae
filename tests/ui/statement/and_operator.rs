//! Rust's `&&` gives a Rust `bool`, so conditions have `&`.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case() {
    let _ = select(User).filter(User.id.eq(1) && User.active);
}

fn main() {}
