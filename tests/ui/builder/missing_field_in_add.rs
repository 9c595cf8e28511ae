//! A required field of a new object is not set.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case(session: &mut Session) {
    session.add(User::builder().fullname("Ed Jones"));
}

fn main() {}
