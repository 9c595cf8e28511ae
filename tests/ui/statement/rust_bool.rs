//! A Rust `bool` is computed before the statement runs: this would delete all or nothing.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case(user: &User) {
    let _ = delete(User).filter(user.id == 5);
    let _ = select(User).filter(User.active & (user.id == 5));
}

fn main() {}
