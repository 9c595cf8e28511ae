//! A join leads along a relationship or to a model.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case() {
    let _ = select(User).join(Address.user_id);
}

fn main() {}
