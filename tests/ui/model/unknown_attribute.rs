//! An attribute has a typing error; the message suggests the right one and lists all.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
struct User {
    #[orm(primary_key)]
    id: i64,
    #[orm(lenght = 50)]
    name: String,
}

fn main() {
    let _ = User.name.eq("ed");
}
