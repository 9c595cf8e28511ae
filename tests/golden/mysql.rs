//! What MySQL wants written otherwise than MariaDB: it sees no types in parameters, and no two equal ones.

use expect_test::expect;
use orm::prelude::*;
use orm::{Expr, excluded, func, literal, tuple, window};
use rust_decimal::Decimal;
use serde_json::json;

use crate::support::check;

#[derive(Clone, Debug, Model)]
#[orm(table = "sales", metadata = none)]
struct Sale {
    #[orm(primary_key)]
    id: i64,
    amount: i64,
    rebate: i64,
    region: Option<i64>,
    body: serde_json::Value,
    note: Option<serde_json::Value>,
    #[orm(column_property = Sale.amount - Sale.rebate)]
    net: Deferred<i64>,
    #[orm(column_property = select(func::count_all()).select_from(Item).filter(Item.sale_id.eq(Sale.id)).scalar_subquery())]
    items: Deferred<i64>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "items", metadata = none)]
struct Item {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Sale.id)]
    sale_id: i64,
}

fn decimal(digits: &str) -> Expr<Decimal> {
    literal(digits.parse::<Decimal>().expect("a number"))
}

#[test]
fn parameters_that_are_computed_with_alone_say_what_they_are() {
    check(
        select((literal(1i64) + 2, -literal(3i64), decimal("1.5") * decimal("2"), Sale.amount + 4)),
        expect![[r#"
        -- sqlite
        SELECT ? + ?, -?, decimal_mul(?, ?), sales.amount + ? FROM sales
        -- postgresql
        SELECT $1 + $2, -$3, $4 * $5, sales.amount + $6 FROM sales
        -- mysql
        SELECT CAST(? AS SIGNED) + CAST(? AS SIGNED), -CAST(? AS SIGNED), CAST(? AS DECIMAL(65, 30)) * CAST(? AS DECIMAL(65, 30)), sales.amount + ? FROM sales
        -- mariadb
        SELECT ? + ?, -?, ? * ?, sales.amount + ? FROM sales
    "#]],
    );
    check(
        select(func::sum(func::case(Sale.amount.gt(1), 1).otherwise(0))),
        expect![[r#"
        -- sqlite, mariadb
        SELECT sum(CASE WHEN sales.amount > ? THEN ? ELSE ? END) FROM sales
        -- postgresql
        SELECT sum(CASE WHEN sales.amount > $1 THEN $2 ELSE $3 END) FROM sales
        -- mysql
        SELECT sum(CASE WHEN sales.amount > ? THEN CAST(? AS SIGNED) ELSE CAST(? AS SIGNED) END) FROM sales
    "#]],
    );
    check(
        select(func::abs(func::coalesce(literal(None::<i64>), 7))),
        expect![[r#"
        -- sqlite, mariadb
        SELECT abs(coalesce(?, ?))
        -- postgresql
        SELECT abs(coalesce($1, $2))
        -- mysql
        SELECT abs(coalesce(CAST(? AS SIGNED), CAST(? AS SIGNED)))
    "#]],
    );
    check(
        select(func::max(func::case(Sale.amount.gt(1), "much").otherwise("little"))),
        expect![[r#"
        -- sqlite, mariadb
        SELECT max(CASE WHEN sales.amount > ? THEN ? ELSE ? END) FROM sales
        -- postgresql
        SELECT max(CASE WHEN sales.amount > $1 THEN $2 ELSE $3 END) FROM sales
        -- mysql
        SELECT max(concat(CASE WHEN sales.amount > ? THEN ? ELSE ? END)) FROM sales
    "#]],
    );
    check(
        select(Sale.id).filter(Sale.amount.gt(1) & Sale.region.in_([2, 3])),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT sales.id FROM sales WHERE sales.amount > ? AND sales.region IN (?, ?)
        -- postgresql
        SELECT sales.id FROM sales WHERE sales.amount > $1 AND sales.region IN ($2, $3)
    "#]],
    );
}

#[test]
fn what_is_grouped_by_a_value_has_one_value() {
    let region = || func::coalesce(Sale.region, 3);
    check(
        select((region() + 1, func::sum(func::count_all()).over(window().order_by(region()))))
            .group_by(region())
            .having(region().gt(1) & func::max(region()).lt(9))
            .order_by(region().desc()),
        expect![[r#"
            -- sqlite
            SELECT coalesce(sales.region, ?) + ?, sum(count(*)) OVER (ORDER BY coalesce(sales.region, ?)) FROM sales GROUP BY coalesce(sales.region, ?) HAVING coalesce(sales.region, ?) > ? AND max(coalesce(sales.region, ?)) < ? ORDER BY coalesce(sales.region, ?) DESC
            -- postgresql
            SELECT coalesce(sales.region, $1) + $2, sum(count(*)) OVER (ORDER BY coalesce(sales.region, $1)) FROM sales GROUP BY coalesce(sales.region, $1) HAVING coalesce(sales.region, $1) > $3 AND max(coalesce(sales.region, $1)) < $4 ORDER BY coalesce(sales.region, $1) DESC
            -- mysql
            SELECT any_value(coalesce(sales.region, ?)) + ?, sum(count(*)) OVER (ORDER BY any_value(coalesce(sales.region, ?))) FROM sales GROUP BY coalesce(sales.region, ?) HAVING min(coalesce(sales.region, ?)) > ? AND max(coalesce(sales.region, ?)) < ? ORDER BY any_value(coalesce(sales.region, ?)) DESC
            -- mariadb
            SELECT coalesce(sales.region, ?) + ?, sum(count(*)) OVER (ORDER BY coalesce(sales.region, ?)) FROM sales GROUP BY coalesce(sales.region, ?) HAVING min(coalesce(sales.region, ?)) > ? AND max(coalesce(sales.region, ?)) < ? ORDER BY coalesce(sales.region, ?) DESC
        "#]],
    );
    check(
        select((Sale.net, func::count_all())).group_by(Sale.net).order_by(Sale.net),
        expect![[r#"
            -- all
            SELECT (sales.amount - sales.rebate) AS net, count(*) FROM sales GROUP BY (sales.amount - sales.rebate) ORDER BY (sales.amount - sales.rebate)
        "#]],
    );
    check(
        select((Sale.items, func::count_all())).group_by(Sale.items).order_by(Sale.items),
        expect![[r#"
        -- sqlite, postgresql, mariadb
        SELECT (SELECT count(*) FROM items WHERE items.sale_id = sales.id) AS items, count(*) FROM sales GROUP BY (SELECT count(*) FROM items WHERE items.sale_id = sales.id) ORDER BY (SELECT count(*) FROM items WHERE items.sale_id = sales.id)
        -- mysql
        SELECT any_value((SELECT count(*) FROM items WHERE items.sale_id = sales.id)) AS items, count(*) FROM sales GROUP BY (SELECT count(*) FROM items WHERE items.sale_id = sales.id) ORDER BY any_value((SELECT count(*) FROM items WHERE items.sale_id = sales.id))
    "#]],
    );
    check(
        select(region()).distinct().order_by(region()),
        expect![[r#"
        -- sqlite, mariadb
        SELECT DISTINCT coalesce(sales.region, ?) FROM sales ORDER BY coalesce(sales.region, ?)
        -- postgresql
        SELECT DISTINCT coalesce(sales.region, $1) FROM sales ORDER BY coalesce(sales.region, $1)
        -- mysql
        SELECT DISTINCT coalesce(sales.region, ?) FROM sales ORDER BY any_value(coalesce(sales.region, ?))
    "#]],
    );
}

#[test]
fn documents_are_compared_with_documents() {
    check(
        select(Sale.id).filter(Sale.body.eq(json!({"a": 1}))),
        expect![[r#"
        -- sqlite, mariadb
        SELECT sales.id FROM sales WHERE sales.body = ?
        -- postgresql
        SELECT sales.id FROM sales WHERE sales.body = CAST($1 AS JSONB)
        -- mysql
        SELECT sales.id FROM sales WHERE sales.body = CAST(? AS JSON)
    "#]],
    );
    check(
        select(Sale.id).filter(Sale.body.key("a").as_json().in_([json!(1), json!("2")])),
        expect![[r#"
        -- sqlite
        SELECT sales.id FROM sales WHERE sales.body -> ? IN (?, ?)
        -- postgresql
        SELECT sales.id FROM sales WHERE sales.body -> $1 IN (CAST($2 AS JSONB), CAST($3 AS JSONB))
        -- mysql
        SELECT sales.id FROM sales WHERE JSON_EXTRACT(sales.body, ?) IN (CAST(? AS JSON), CAST(? AS JSON))
        -- mariadb
        SELECT sales.id FROM sales WHERE JSON_NORMALIZE(JSON_EXTRACT(sales.body, ?)) IN (JSON_NORMALIZE(?), JSON_NORMALIZE(?))
    "#]],
    );
    check(
        select(func::coalesce(Sale.note, json!([]))),
        expect![[r#"
        -- sqlite, mariadb
        SELECT coalesce(sales.note, ?) FROM sales
        -- postgresql
        SELECT coalesce(sales.note, CAST($1 AS JSONB)) FROM sales
        -- mysql
        SELECT coalesce(sales.note, CAST(? AS JSON)) FROM sales
    "#]],
    );
    check(
        update(Sale).set(Sale.body, json!([])),
        expect![[r#"
        -- sqlite, mysql, mariadb
        UPDATE sales SET body = ?
        -- postgresql
        UPDATE sales SET body = $1
    "#]],
    );
}

#[test]
fn a_column_is_set_after_what_reads_it() {
    check(
        update(Sale).set(Sale.amount, 0).set(Sale.rebate, Sale.amount + Sale.rebate).set(Sale.region, Sale.rebate),
        expect![[r#"
            -- sqlite, mariadb
            UPDATE sales SET amount = ?, rebate = sales.amount + sales.rebate, region = sales.rebate
            -- postgresql
            UPDATE sales SET amount = $1, rebate = sales.amount + sales.rebate, region = sales.rebate
            -- mysql
            UPDATE sales SET region = sales.rebate, rebate = sales.amount + sales.rebate, amount = ?
        "#]],
    );
    check(
        update(Sale).set(Sale.amount, Sale.rebate).set(Sale.rebate, Sale.amount),
        expect![[r#"
        -- sqlite, postgresql, mariadb
        UPDATE sales SET amount = sales.rebate, rebate = sales.amount
        -- mysql
        the columns `amount`, `rebate` are set to expressions of one another, of which dialect mysql would see what is set already
        hint: read the rows in a session and write the values, or set one of them in a statement of its own
    "#]],
    );
    check(
        insert(Sale)
            .values(Sale::builder().amount(1).rebate(2).body(json!(3)))
            .on_conflict(Sale.id)
            .set(Sale.amount, excluded(Sale.amount))
            .set(Sale.rebate, Sale.amount)
            .do_update(()),
        expect![[r#"
            -- sqlite
            INSERT INTO sales (amount, rebate, body) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET amount = excluded.amount, rebate = sales.amount
            -- postgresql
            INSERT INTO sales (amount, rebate, body) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET amount = excluded.amount, rebate = sales.amount
            -- mysql
            INSERT INTO sales (amount, rebate, body) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE rebate = sales.amount, amount = VALUES(amount)
            -- mariadb
            INSERT INTO sales (amount, rebate, body) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE amount = VALUES(amount), rebate = sales.amount
        "#]],
    );
}

#[test]
fn an_outer_join_asks_of_each_row() {
    let other = Sale.alias("other");
    let asked = || select(other.id).filter(other.region.eq(Sale.region));
    check(
        select(Sale.id).outerjoin_on(other, other.id.eq(Sale.id) & func::exists(asked()) & other.id.in_(asked())),
        expect![[r#"
            -- sqlite, postgresql, mariadb
            SELECT sales.id FROM sales LEFT OUTER JOIN sales AS other ON other.id = sales.id AND EXISTS (SELECT other.id FROM sales AS other WHERE other.region = sales.region) AND other.id IN (SELECT other.id FROM sales AS other WHERE other.region = sales.region)
            -- mysql
            SELECT sales.id FROM sales LEFT OUTER JOIN sales AS other ON other.id = sales.id AND 0 + EXISTS (SELECT other.id FROM sales AS other WHERE other.region = sales.region) AND 0 + (other.id IN (SELECT other.id FROM sales AS other WHERE other.region = sales.region))
        "#]],
    );
}

#[test]
fn what_reads_the_table_that_is_written_is_a_derived_table() {
    let other = Sale.alias("other");
    let most = || select(func::max(other.amount)).scalar_subquery();
    check(
        update(Sale).set(Sale.amount, func::coalesce(most(), 0)).filter(Sale.amount.lt(most())),
        expect![[r#"
        -- sqlite, mariadb
        UPDATE sales SET amount = coalesce((SELECT max(other.amount) FROM sales AS other), ?) WHERE sales.amount < (SELECT max(other.amount) FROM sales AS other)
        -- postgresql
        UPDATE sales SET amount = coalesce((SELECT max(other.amount) FROM sales AS other), $1) WHERE sales.amount < (SELECT max(other.amount) FROM sales AS other)
        -- mysql
        UPDATE sales SET amount = coalesce((SELECT * FROM (SELECT max(other.amount) FROM sales AS other) AS own), ?) WHERE sales.amount < (SELECT * FROM (SELECT max(other.amount) FROM sales AS other) AS own)
    "#]],
    );
    check(
        delete(Sale).filter(tuple((Sale.id, Sale.amount)).in_(select((other.id, other.id)).filter(other.amount.gt(2)))),
        expect![[r#"
            -- sqlite, mariadb
            DELETE FROM sales WHERE (sales.id, sales.amount) IN (SELECT other.id, other.id FROM sales AS other WHERE other.amount > ?)
            -- postgresql
            DELETE FROM sales WHERE (sales.id, sales.amount) IN (SELECT other.id, other.id FROM sales AS other WHERE other.amount > $1)
            -- mysql
            DELETE FROM sales WHERE (sales.id, sales.amount) IN (SELECT * FROM (SELECT other.id, other.id FROM sales AS other WHERE other.amount > ?) AS own (c0, c1))
        "#]],
    );
    check(
        delete(Sale).filter(Sale.id.in_(select(other.id).order_by(other.id).limit(2))),
        expect![[r#"
        -- sqlite
        DELETE FROM sales WHERE sales.id IN (SELECT other.id FROM sales AS other ORDER BY other.id LIMIT ?)
        -- postgresql
        DELETE FROM sales WHERE sales.id IN (SELECT other.id FROM sales AS other ORDER BY other.id LIMIT $1)
        -- mysql, mariadb
        DELETE FROM sales WHERE sales.id IN (SELECT * FROM (SELECT other.id AS c0 FROM sales AS other ORDER BY other.id LIMIT ?) AS limited)
    "#]],
    );
    let items = select(Item.id).filter(Item.sale_id.in_(select(other.id).filter(other.id.lt(Item.id))));
    check(
        delete(Sale).filter(Sale.id.in_(items)),
        expect![[r#"
        -- sqlite, postgresql, mariadb
        DELETE FROM sales WHERE sales.id IN (SELECT items.id FROM items WHERE items.sale_id IN (SELECT other.id FROM sales AS other WHERE other.id < items.id))
        -- mysql
        DELETE FROM sales WHERE sales.id IN (SELECT * FROM (SELECT items.id FROM items WHERE items.sale_id IN (SELECT other.id FROM sales AS other WHERE other.id < items.id)) AS own)
    "#]],
    );
    check(
        delete(Item).filter(Item.sale_id.in_(select(Sale.id))),
        expect![[r#"
        -- all
        DELETE FROM items WHERE items.sale_id IN (SELECT sales.id FROM sales)
    "#]],
    );
    check(
        delete(Sale).filter(
            Sale.id.gt(1) & func::exists(select(other.id).filter(other.region.eq(Sale.region) & other.id.lt(Sale.id))),
        ),
        expect![[r#"
            -- sqlite, mariadb
            DELETE FROM sales WHERE sales.id > ? AND EXISTS (SELECT other.id FROM sales AS other WHERE other.region = sales.region AND other.id < sales.id)
            -- postgresql
            DELETE FROM sales WHERE sales.id > $1 AND EXISTS (SELECT other.id FROM sales AS other WHERE other.region = sales.region AND other.id < sales.id)
            -- mysql
            DELETE FROM sales WHERE sales.id > ? AND sales.id IN (SELECT * FROM (SELECT sales.id FROM sales WHERE EXISTS (SELECT other.id FROM sales AS other WHERE other.region = sales.region AND other.id < sales.id)) AS own)
        "#]],
    );
    check(
        update(other).set(other.amount, 0).filter(
            other.amount.lt(select(func::max(Sale.amount)).filter(Sale.region.eq(other.region)).scalar_subquery()),
        ),
        expect![[r#"
            -- sqlite, mariadb
            UPDATE sales AS other SET amount = ? WHERE other.amount < (SELECT max(sales.amount) FROM sales WHERE sales.region = other.region)
            -- postgresql
            UPDATE sales AS other SET amount = $1 WHERE other.amount < (SELECT max(sales.amount) FROM sales WHERE sales.region = other.region)
            -- mysql
            UPDATE sales AS other SET amount = ? WHERE other.id IN (SELECT * FROM (SELECT other.id FROM sales AS other WHERE other.amount < (SELECT max(sales.amount) FROM sales WHERE sales.region = other.region)) AS own)
        "#]],
    );
    check(
        update(Sale)
            .set(Sale.rebate, select(func::max(other.amount)).filter(other.region.eq(Sale.region)).scalar_subquery()),
        expect![[r#"
            -- sqlite, postgresql, mariadb
            UPDATE sales SET rebate = (SELECT max(other.amount) FROM sales AS other WHERE other.region = sales.region)
            -- mysql
            a subquery over the table that is written, in SET and about the row at hand, is not supported on dialect mysql
            hint: select the keys and values first and filter by them, or change the objects in a session
        "#]],
    );
    check(
        delete(Sale)
            .join_on(Item, Item.sale_id.eq(Sale.id))
            .filter(func::exists(select(other.id).filter(other.id.eq(Item.id)))),
        expect![[r#"
            -- sqlite
            DELETE FROM sales WHERE EXISTS (SELECT 1 FROM items WHERE items.sale_id = sales.id AND EXISTS (SELECT other.id FROM sales AS other WHERE other.id = items.id))
            -- postgresql
            DELETE FROM sales USING items WHERE items.sale_id = sales.id AND EXISTS (SELECT other.id FROM sales AS other WHERE other.id = items.id)
            -- mysql
            a subquery over the table that is written, in a condition about rows of other tables too or with text of SQL, is not supported on dialect mysql
            hint: select the keys and values first and filter by them, or change the objects in a session
            -- mariadb
            DELETE FROM sales USING sales, items WHERE items.sale_id = sales.id AND EXISTS (SELECT other.id FROM sales AS other WHERE other.id = items.id)
        "#]],
    );
}
