//! A member of another model.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case() {
    let _ = User::builder().name("ed").addresses([User::builder().name("jack")]);
    let _ = Address::builder().email("ed@x.org").user("ed");
}

fn main() {}
