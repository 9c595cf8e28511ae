//! A column is compared with a value of another type.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case() {
    let _ = select(User).filter(User.id.eq("five"));
}

fn main() {}
