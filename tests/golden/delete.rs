//! DELETE.

use expect_test::expect;
use orm::prelude::*;

use crate::support::{User, check};

#[test]
fn without_a_filter_every_row_goes() {
    check(
        delete(User),
        expect![[r#"
        -- all
        DELETE FROM users
    "#]],
    );
}
