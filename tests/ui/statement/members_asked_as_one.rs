//! Many members are asked by `any`, and the one that a relationship refers to by `has`.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case() {
    let _ = select(User).filter(User.addresses.has(Address.id.eq(1)));
    let _ = select(Address).filter(Address.user.any(User.id.eq(1)));
}

fn main() {}
