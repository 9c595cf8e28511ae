//! A required field of many rows is not set.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case() {
    insert(User).values(vec![User::builder().active(false)]);
}

fn main() {}
