//! What rows cannot be ordered by.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case() {
    let _ = select(User).order_by(true);
}

fn main() {}
