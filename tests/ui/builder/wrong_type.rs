//! A value that the field does not take.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

fn case(name: Option<&str>) {
    let _ = User::builder().name(5);
    let _ = User::builder().fullname(name);
}

fn main() {}
