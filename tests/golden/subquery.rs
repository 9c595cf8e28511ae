//! Subqueries in FROM, as values and in EXISTS.

use expect_test::expect;
use orm::prelude::*;

use crate::support::{Address, User, check};

#[test]
fn in_of_a_subquery() {
    check(
        select(User.name).filter(User.id.in_(select(Address.user_id))),
        expect![[r#"
        -- all
        SELECT users.name FROM users WHERE users.id IN (SELECT addresses.user_id FROM addresses)
    "#]],
    );
}
