//! A relationship is no value: its foreign key is one, and what it leads to is asked.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case() {
    let _ = select(Address).filter(Address.user.eq(1));
}

fn main() {}
