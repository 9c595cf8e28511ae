//! What an embedded struct cannot say, and what the field that embeds one cannot.
use orm::prelude::*;

#[derive(Clone, Debug, Embed)]
struct Place {
    #[orm(primary_key)]
    id: i64,
    #[orm(default = "Paris")]
    city: String,
    photo: Deferred<Vec<u8>>,
    users: HasMany<User>,
}

#[derive(Clone, Debug, Embed)]
#[orm(table = "points")]
struct Point {
    #[orm(lenght = 5)]
    name: String,
}

#[derive(Clone, Debug, Embed)]
struct Nothing {}

#[derive(Clone, Debug, Model)]
struct User {
    #[orm(primary_key)]
    id: i64,
    #[orm(embed, length = 5)]
    home: Place,
    #[orm(embed = home)]
    at: Point,
    #[orm(flatten)]
    away: Option<Point>,
}

fn main() {}
