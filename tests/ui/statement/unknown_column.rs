//! A column that the model does not have.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case() {
    let _ = select(User).filter(User.nmae.eq("ed"));
}

fn main() {}
