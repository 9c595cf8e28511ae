//! UPDATE.

use expect_test::expect;
use orm::prelude::*;

use crate::support::{User, check};

#[test]
fn a_column_is_set_to_a_value() {
    check(
        update(User).set(User.fullname, "Ed Jones").filter(User.id.eq(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        UPDATE users SET fullname = ? WHERE users.id = ?
        -- postgresql
        UPDATE users SET fullname = $1 WHERE users.id = $2
    "#]],
    );
}
