//! INSERT: values, rows of several shapes, RETURNING.

use expect_test::expect;
use orm::prelude::*;

use crate::support::{User, check};

#[test]
fn columns_that_are_not_set_are_left_out() {
    check(
        insert(User).values(User::builder().name("ed")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        INSERT INTO users (name, active) VALUES (?, ?)
        -- postgresql
        INSERT INTO users (name, active) VALUES ($1, $2)
    "#]],
    );
}

#[test]
fn returning_gives_columns() {
    check(
        insert(User).values(User::builder().name("ed")).returning(User.id),
        expect![[r#"
            -- sqlite, mariadb
            INSERT INTO users (name, active) VALUES (?, ?) RETURNING id
            -- postgresql
            INSERT INTO users (name, active) VALUES ($1, $2) RETURNING id
            -- mysql
            INSERT INTO users (name, active) VALUES (?, ?);
            SELECT users.id FROM users WHERE users.id = last_insert_id()
        "#]],
    );
}
