//! A path goes on at the model where it has arrived.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case() {
    let _ = select(User).options(selectinload(User.addresses).selectinload(User.addresses));
}

fn main() {}
