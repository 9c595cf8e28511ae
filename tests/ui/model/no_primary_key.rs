//! Nothing tells the rows apart.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
struct User {
    name: String,
}

fn main() {
    let _ = select(User).filter(User.name.eq("ed"));
}
