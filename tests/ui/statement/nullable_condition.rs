use orm::Expr;
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
struct User {
    #[orm(primary_key)]
    id: i64,
    age: Option<i64>,
}

fn main() {
    let _: Expr<bool> = User.age.gt(18);
    let _: Expr<i64> = User.id + User.age;
}
