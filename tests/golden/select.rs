//! What is selected, WHERE, GROUP BY, HAVING, ORDER BY, LIMIT.

use expect_test::expect;
use orm::prelude::*;

use crate::support::{User, check};

#[test]
fn a_model_is_its_columns() {
    check(
        select(User),
        expect![[r#"
        -- all
        SELECT users.id, users.name, users.fullname, users.age, users.active FROM users
    "#]],
    );
}

#[test]
fn limit_and_offset_are_bound() {
    check(
        select(User.id).order_by(User.name.desc()).limit(5).offset(10),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users ORDER BY users.name DESC LIMIT ? OFFSET ?
        -- postgresql
        SELECT users.id FROM users ORDER BY users.name DESC LIMIT $1 OFFSET $2
    "#]],
    );
}
