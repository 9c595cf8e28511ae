//! Words that an index, a unique constraint or a foreign key does not take.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
#[orm(table = "users")]
#[orm(unique("lower(name)"), unique(name.desc()), unique(name, include(nick)), unique(name, condition = "id > 0"))]
#[orm(index(name.asc()), index(name.desc), index(name, deferrable), index(name, unique = true), index(""))]
#[orm(index(name, include = nick), index(name, include()), index(name, include(nock)), index(include(name)))]
#[orm(foreign_key((name, nick) = (Self.name, Self.nick), match_full), unique(name, nulls_not_distinkt))]
struct User {
    #[orm(primary_key)]
    id: i64,
    name: String,
    nick: String,
    #[orm(foreign_key(User.id, nam = "fk"))]
    first: Option<i64>,
    #[orm(foreign_key(User.id, deferrable = true))]
    second: Option<i64>,
    #[orm(foreign_key(User.id, on_delete = cascade), on_delete = set_null)]
    third: Option<i64>,
    #[orm(on_update = cascade, foreign_key(User.id, on_update = restrict))]
    fourth: Option<i64>,
    #[orm(foreign_key(name = "fk"))]
    fifth: Option<i64>,
    #[orm(foreign_key())]
    sixth: Option<i64>,
}

fn main() {}
