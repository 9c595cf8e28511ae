//! Comparisons, arithmetic, AND and OR, and the parentheses between them.

use expect_test::expect;
use orm::prelude::*;

use crate::support::{User, check};

#[test]
fn or_inside_and_gets_parentheses() {
    check(
        select(User.id).filter((User.name.eq("ed") | User.name.eq("wendy")) & User.id.gt(10)),
        expect![[r#"
            -- sqlite, mysql, mariadb
            SELECT users.id FROM users WHERE (users.name = ? OR users.name = ?) AND users.id > ?
            -- postgresql
            SELECT users.id FROM users WHERE (users.name = $1 OR users.name = $2) AND users.id > $3
        "#]],
    );
}
