//! A required field of an inserted row is not set.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case() {
    insert(User).values(User::builder());
}

fn main() {}
