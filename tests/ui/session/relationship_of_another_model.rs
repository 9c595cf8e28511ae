//! A relationship starts at the handle's model.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case(session: &mut Session, user: Handle<User>, address: Handle<Address>) {
    session.link(user, Address.user, user);
    session.link(user, User.addresses, "ed@x.org");
    session.unlink(address, Address.user, address);
}

fn main() {}
