//! What is added is a model's value or its builder.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case(session: &mut Session) {
    session.add("ed");
}

fn main() {}
