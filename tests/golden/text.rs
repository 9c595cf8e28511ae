//! SQL text with parameters.

use expect_test::expect;
use orm::prelude::*;

use crate::support::check;

#[test]
fn a_parameter_that_is_named_twice_is_bound_twice() {
    check(
        text("SELECT :n + :n").bind("n", 1),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT ? + ?
        -- postgresql
        SELECT $1 + $2
    "#]],
    );
}
