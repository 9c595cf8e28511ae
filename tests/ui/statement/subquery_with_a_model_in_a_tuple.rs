//! A model inside of a tuple has no columns in a subquery.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case() {
    let _ = select((User, Address.email)).join(User.addresses).subquery("pairs");
}

fn main() {}
