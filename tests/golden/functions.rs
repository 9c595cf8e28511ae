//! Functions, CASE, CAST, window functions.

use expect_test::expect;
use orm::prelude::*;

use crate::support::{User, check};

#[test]
fn count_of_a_column() {
    check(
        select(func::count(User.id)),
        expect![[r#"
        -- all
        SELECT count(users.id) FROM users
    "#]],
    );
}
