//! A unit struct has no columns.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
struct User;

fn main() {}
