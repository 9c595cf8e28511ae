//! Decimal numbers, with which SQLite computes by functions of the driver.

use expect_test::expect;
use orm::prelude::*;
use orm::{literal, window};
use rust_decimal::Decimal;

use crate::support::check;

#[derive(Clone, Debug, Model)]
#[orm(table = "items", metadata = none)]
struct Item {
    #[orm(primary_key)]
    id: i64,
    price: Decimal,
    tax: Option<Decimal>,
}

fn two() -> Decimal {
    Decimal::TWO
}

#[test]
fn arithmetic() {
    check(
        select((Item.price + Item.tax) * two() - two()),
        expect![[r#"
        -- sqlite
        SELECT decimal_sub(decimal_mul(decimal_add(items.price, items.tax), ?), ?) FROM items
        -- postgresql
        SELECT (items.price + items.tax) * $1 - $2 FROM items
        -- mysql, mariadb
        SELECT (items.price + items.tax) * ? - ? FROM items
    "#]],
    );
    check(
        select(-(Item.price / two()) % two()),
        expect![[r#"
        -- sqlite
        SELECT decimal_rem(decimal_neg(decimal_div(items.price, ?)), ?) FROM items
        -- postgresql
        SELECT -(items.price / $1) % $2 FROM items
        -- mysql, mariadb
        SELECT -(items.price / ?) % ? FROM items
    "#]],
    );
    check(
        select(Item.id).filter((Item.price * two()).gt(Item.tax)),
        expect![[r#"
            -- sqlite
            SELECT items.id FROM items WHERE decimal_mul(items.price, ?) COLLATE decimal > CAST(items.tax AS TEXT)
            -- postgresql
            SELECT items.id FROM items WHERE items.price * $1 > items.tax
            -- mysql, mariadb
            SELECT items.id FROM items WHERE items.price * ? > items.tax
        "#]],
    );
    check(
        update(Item).set(Item.price, Item.price * two()),
        expect![[r#"
        -- sqlite
        UPDATE items SET price = decimal_mul(items.price, ?)
        -- postgresql
        UPDATE items SET price = items.price * $1
        -- mysql, mariadb
        UPDATE items SET price = items.price * ?
    "#]],
    );
}

#[test]
fn functions() {
    check(
        select((func::abs(Item.price), func::ceil(Item.price), func::floor(Item.price))),
        expect![[r#"
        -- sqlite
        SELECT decimal_abs(items.price), decimal_ceil(items.price), decimal_floor(items.price) FROM items
        -- postgresql, mysql, mariadb
        SELECT abs(items.price), ceil(items.price), floor(items.price) FROM items
    "#]],
    );
    check(
        select((func::round(Item.price, 1), func::round(Item.price, -1))),
        expect![[r#"
        -- sqlite
        SELECT decimal_round(items.price, ?), decimal_round(items.price, ?) FROM items
        -- postgresql
        SELECT round(CAST(items.price AS NUMERIC), CAST($1 AS INTEGER)), round(CAST(items.price AS NUMERIC), CAST($2 AS INTEGER)) FROM items
        -- mysql, mariadb
        SELECT round(items.price, ?), round(items.price, ?) FROM items
    "#]],
    );
    check(
        select(literal(1i64).cast::<Decimal>() + Item.price),
        expect![[r#"
        -- sqlite
        SELECT decimal_add(decimal(?), items.price) FROM items
        -- postgresql
        SELECT CAST($1 AS NUMERIC) + items.price FROM items
        -- mysql, mariadb
        SELECT CAST(? AS DECIMAL(65, 20)) + items.price FROM items
    "#]],
    );
}

#[test]
fn aggregates() {
    check(
        select((func::sum(Item.price), func::avg(Item.price).filter(Item.tax.is_null()))),
        expect![[r#"
        -- sqlite
        SELECT decimal_sum(items.price), decimal_avg(items.price) FILTER (WHERE items.tax IS NULL) FROM items
        -- postgresql
        SELECT sum(items.price), avg(items.price) FILTER (WHERE items.tax IS NULL) FROM items
        -- mysql, mariadb
        SELECT sum(items.price), avg(CASE WHEN items.tax IS NULL THEN items.price END) FROM items
    "#]],
    );
    check(
        select(func::sum(Item.price).distinct()).order_by(func::sum(Item.tax)),
        expect![[r#"
            -- sqlite
            SELECT decimal_sum(DISTINCT CAST(items.price AS TEXT) COLLATE decimal) FROM items ORDER BY decimal_sum(items.tax) COLLATE decimal
            -- postgresql, mysql, mariadb
            SELECT sum(DISTINCT items.price) FROM items ORDER BY sum(items.tax)
        "#]],
    );
    check(
        select(func::sum(Item.price * two()).over(window().order_by(Item.price))),
        expect![[r#"
            -- sqlite
            SELECT decimal_sum(decimal_mul(items.price, ?)) OVER (ORDER BY CAST(items.price AS TEXT) COLLATE decimal) FROM items
            -- postgresql
            SELECT sum(items.price * $1) OVER (ORDER BY items.price) FROM items
            -- mysql, mariadb
            SELECT sum(items.price * ?) OVER (ORDER BY items.price) FROM items
        "#]],
    );
    check(
        select(Item.tax).group_by(Item.tax).having(func::sum(Item.price).gt(two())),
        expect![[r#"
            -- sqlite
            SELECT items.tax FROM items GROUP BY CAST(items.tax AS TEXT) COLLATE decimal HAVING decimal_sum(items.price) COLLATE decimal > ?
            -- postgresql
            SELECT items.tax FROM items GROUP BY items.tax HAVING sum(items.price) > $1
            -- mysql, mariadb
            SELECT items.tax FROM items GROUP BY items.tax HAVING sum(items.price) > ?
        "#]],
    );
}
