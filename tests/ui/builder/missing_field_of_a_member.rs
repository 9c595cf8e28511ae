//! A required field of a member is not set.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case(session: &mut Session) {
    session.add(User::builder().name("ed").addresses([Address::builder()]));
}

fn main() {}
