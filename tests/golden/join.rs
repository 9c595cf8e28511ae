//! Joins along relationships and on conditions.

use expect_test::expect;
use orm::prelude::*;

use crate::support::{Address, User, check};

#[test]
fn a_join_follows_a_relationship() {
    check(
        select((User.name, Address.email)).join(User.addresses),
        expect![[r#"
        -- all
        SELECT users.name, addresses.email FROM users JOIN addresses ON users.id = addresses.user_id
    "#]],
    );
}
