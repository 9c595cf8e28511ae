use orm::{prelude::*, tuple, window};

#[derive(Clone, Debug, Model)]
struct User {
    #[orm(primary_key)]
    id: i64,
    name: String,
}

fn main() {
    let _ = User.id.contains("x");
    let _ = User.id.like("x");
    let _ = User.name + 1;
    let _ = User.name.bit_and("x");
    let _ = User.id.in_(["x"]);
    let _ = tuple((User.id, User.name)).in_([("x", 1)]);
    let _ = window().rows(1..3);
    let _ = func::extract(func::Part::Year, User.name);
    let _ = func::case(User.id.eq(1), "one").otherwise(2);
}
