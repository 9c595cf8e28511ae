//! A field whose type no column can hold.
use orm::prelude::*;

#[derive(Clone, Debug)]
struct Point {
    x: f64,
    y: f64,
}

#[derive(Clone, Debug, Model)]
struct Place {
    #[orm(primary_key)]
    id: i64,
    position: Point,
}

fn main() {}
