//! Which names are quoted, and which are cut.

use expect_test::expect;
use orm::prelude::*;

use crate::support::check;

#[derive(Clone, Debug, Model)]
#[orm(table = "Order", metadata = none)]
struct Order {
    #[orm(primary_key)]
    id: i64,
    #[orm(column = "group")]
    group: String,
    #[orm(column = "it's \"odd\"")]
    odd: String,
}

#[test]
fn upper_case_reserved_words_and_odd_characters_are_quoted() {
    check(
        select(Order),
        expect![[r#"
        -- sqlite, postgresql
        SELECT "Order".id, "Order"."group", "Order"."it's ""odd""" FROM "Order"
        -- mysql, mariadb
        SELECT `Order`.id, `Order`.`group`, `Order`.`it's "odd"` FROM `Order`
    "#]],
    );
}
