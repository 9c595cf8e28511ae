//! INSERT … ON CONFLICT.

use expect_test::expect;
use orm::prelude::*;

use crate::support::{User, check};

#[test]
fn a_conflict_gives_the_row_the_new_columns() {
    let row = User::builder().name("ed").fullname("Ed Jones");
    check(
        insert(User).values(row).on_conflict(User.name).do_update(User.fullname),
        expect![[r#"
        -- sqlite
        INSERT INTO users (name, fullname, active) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET fullname = excluded.fullname
        -- postgresql
        INSERT INTO users (name, fullname, active) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET fullname = excluded.fullname
        -- mysql, mariadb
        INSERT INTO users (name, fullname, active) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE fullname = VALUES(fullname)
    "#]],
    );
}
