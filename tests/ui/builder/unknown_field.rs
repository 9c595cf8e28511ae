//! A field that the model does not have.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case() {
    let _ = User::builder().nmae("ed");
}

fn main() {}
