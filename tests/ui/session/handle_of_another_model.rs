//! A handle names an object of one model.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn rename(session: &mut Session, user: Handle<User>) {
    session[user].name.clear();
}

fn case(session: &mut Session, address: Handle<Address>) {
    rename(session, address);
}

fn main() {}
