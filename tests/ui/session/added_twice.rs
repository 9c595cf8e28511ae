//! An object belongs to one session.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case(first: &mut Session, second: &mut Session, user: User) {
    first.add(user);
    second.add(user);
}

fn main() {}
