//! A path starts at a model that the statement does not select.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case() {
    let _ = select(User).options(selectinload(Address.user));
}

fn main() {}
