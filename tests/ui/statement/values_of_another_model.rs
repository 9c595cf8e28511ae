//! A row of another model is inserted.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case() {
    insert(User).values(Address::builder().email("ed@x.org"));
}

fn main() {}
