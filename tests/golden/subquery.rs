//! Subqueries, lists of values and functions in FROM, with their columns.

use expect_test::expect;
use orm::prelude::*;
use orm::{Derived, Expr, TableFunction, literal, values};

use crate::support::{Address, Keyword, User, check};

#[test]
fn columns_of_a_subquery_are_called_as_it_calls_them() {
    let sub = select((User.id, User.name)).filter(User.active).subquery("sub");
    check(
        select((sub.0, sub.1)).select_from(&sub),
        expect![[r#"
        -- all
        SELECT sub.id, sub.name FROM (SELECT users.id, users.name FROM users WHERE users.active) AS sub
    "#]],
    );
}

#[test]
fn a_subquery_is_selected_whole() {
    let sub = select((User.id, User.name)).subquery("sub");
    check(
        select(sub),
        expect![[r#"
        -- all
        SELECT sub.id, sub.name FROM (SELECT users.id, users.name FROM users) AS sub
    "#]],
    );
}

#[test]
fn a_subquery_of_a_model_is_selected_as_the_model() {
    let adults = select(User).filter(User.age.ge(18)).subquery("adults");
    let name = adults.name;
    check(
        select(adults).order_by(name),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT adults.id, adults.name, adults.fullname, adults.age, adults.active FROM (SELECT users.id, users.name, users.fullname, users.age, users.active FROM users WHERE users.age >= ?) AS adults ORDER BY adults.name
        -- postgresql
        SELECT adults.id, adults.name, adults.fullname, adults.age, adults.active FROM (SELECT users.id, users.name, users.fullname, users.age, users.active FROM users WHERE users.age >= $1) AS adults ORDER BY adults.name
    "#]],
    );
}

#[test]
fn a_subquery_of_a_model_has_its_columns() {
    let adults = select(User).filter(User.age.ge(18)).subquery("adults");
    check(
        select(adults.name).select_from(&adults).filter(adults.id.gt(3)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT adults.name FROM (SELECT users.id, users.name, users.fullname, users.age, users.active FROM users WHERE users.age >= ?) AS adults WHERE adults.id > ?
        -- postgresql
        SELECT adults.name FROM (SELECT users.id, users.name, users.fullname, users.age, users.active FROM users WHERE users.age >= $1) AS adults WHERE adults.id > $2
    "#]],
    );
}

#[test]
fn relationships_start_at_a_subquery_of_a_model() {
    let adults = select(User).filter(User.age.ge(18)).subquery("adults");
    check(
        select((adults.name, Address.email)).select_from(&adults).join(adults.addresses),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT adults.name, addresses.email FROM (SELECT users.id, users.name, users.fullname, users.age, users.active FROM users WHERE users.age >= ?) AS adults JOIN addresses ON adults.id = addresses.user_id
        -- postgresql
        SELECT adults.name, addresses.email FROM (SELECT users.id, users.name, users.fullname, users.age, users.active FROM users WHERE users.age >= $1) AS adults JOIN addresses ON adults.id = addresses.user_id
    "#]],
    );
}

#[test]
fn members_of_a_subquery_of_a_model() {
    let adults = select(User).filter(User.age.ge(18)).subquery("adults");
    check(
        select(adults.name).select_from(&adults).filter(adults.addresses.any(Address.email.eq("ed@x.org"))),
        expect![[r#"
            -- sqlite, mysql, mariadb
            SELECT adults.name FROM (SELECT users.id, users.name, users.fullname, users.age, users.active FROM users WHERE users.age >= ?) AS adults WHERE EXISTS (SELECT 1 FROM addresses WHERE adults.id = addresses.user_id AND addresses.email = ?)
            -- postgresql
            SELECT adults.name FROM (SELECT users.id, users.name, users.fullname, users.age, users.active FROM users WHERE users.age >= $1) AS adults WHERE EXISTS (SELECT 1 FROM addresses WHERE adults.id = addresses.user_id AND addresses.email = $2)
        "#]],
    );
}

#[test]
fn a_subquery_of_one_column() {
    let ids = select(User.id).subquery("ids");
    check(
        select(ids.0).select_from(&ids),
        expect![[r#"
        -- all
        SELECT ids.id FROM (SELECT users.id FROM users) AS ids
    "#]],
    );
}

#[test]
fn names_that_are_alike_get_a_number() {
    let pairs = select((User.id, Address.id)).join(User.addresses).subquery("pairs");
    check(
        select((pairs.0, pairs.1)).select_from(&pairs),
        expect![[r#"
        -- all
        SELECT pairs.id, pairs.id_1 FROM (SELECT users.id, addresses.id AS id_1 FROM users JOIN addresses ON users.id = addresses.user_id) AS pairs
    "#]],
    );
}

#[test]
fn expressions_get_a_name() {
    let sums = select((User.name, func::count(Address.id), Address.id + 1))
        .join(User.addresses)
        .group_by((User.name, Address.id))
        .subquery("sums");
    check(
        select((sums.0, sums.1, sums.2)).select_from(&sums),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT sums.name, sums.count_1, sums.anon_1 FROM (SELECT users.name, count(addresses.id) AS count_1, addresses.id + ? AS anon_1 FROM users JOIN addresses ON users.id = addresses.user_id GROUP BY users.name, addresses.id) AS sums
        -- postgresql
        SELECT sums.name, sums.count_1, sums.anon_1 FROM (SELECT users.name, count(addresses.id) AS count_1, addresses.id + $1 AS anon_1 FROM users JOIN addresses ON users.id = addresses.user_id GROUP BY users.name, addresses.id) AS sums
    "#]],
    );
}

#[test]
fn a_label_is_the_name() {
    let sums = select((User.name, func::count_all().label("total"))).group_by(User.name).subquery("sums");
    check(
        select(sums.1).select_from(&sums),
        expect![[r#"
        -- all
        SELECT sums.total FROM (SELECT users.name, count(*) AS total FROM users GROUP BY users.name) AS sums
    "#]],
    );
}

#[test]
fn a_subquery_is_joined() {
    let totals =
        select((Address.user_id, func::count(Address.id).label("total"))).group_by(Address.user_id).subquery("totals");
    check(
        select((User.name, totals.1)).join_on(&totals, totals.0.eq(User.id)),
        expect![[r#"
        -- all
        SELECT users.name, totals.total FROM users JOIN (SELECT addresses.user_id, count(addresses.id) AS total FROM addresses GROUP BY addresses.user_id) AS totals ON totals.user_id = users.id
    "#]],
    );
}

#[test]
fn a_subquery_that_may_be_missing_is_optional() {
    let totals =
        select((Address.user_id, func::count(Address.id).label("total"))).group_by(Address.user_id).subquery("totals");
    check(
        select((User.name, optional(totals.1))).outerjoin_on(&totals, totals.0.eq(User.id)),
        expect![[r#"
        -- all
        SELECT users.name, totals.total FROM users LEFT OUTER JOIN (SELECT addresses.user_id, count(addresses.id) AS total FROM addresses GROUP BY addresses.user_id) AS totals ON totals.user_id = users.id
    "#]],
    );
}

#[test]
fn a_subquery_that_may_be_missing_must_be_optional() {
    let totals =
        select((Address.user_id, func::count(Address.id).label("total"))).group_by(Address.user_id).subquery("totals");
    check(
        select((User.name, totals.1)).outerjoin_on(&totals, totals.0.eq(User.id)),
        expect![[r#"
        -- all
        column `totals.1` comes from an outer join and may be NULL
        hint: select `optional(totals.1)`, which gives an `Option`
    "#]],
    );
}

#[test]
fn a_model_of_a_subquery_that_may_be_missing_must_be_optional() {
    let adults = select(User).filter(User.age.ge(18)).subquery("adults");
    check(
        select((Address.email, adults.name)).outerjoin_on(&adults, adults.id.eq(Address.user_id)),
        expect![[r#"
        -- all
        column `adults.name` comes from an outer join and may be NULL
        hint: select `optional(adults.name)`, which gives an `Option`
    "#]],
    );
}

#[test]
fn two_subqueries_are_joined() {
    let a = select(User.id).subquery("a");
    let b = select((Address.user_id, Address.email)).subquery("b");
    check(
        select((a.0, b.1)).join_from_on(&a, &b, a.0.eq(b.0)),
        expect![[r#"
        -- all
        SELECT a.id, b.email FROM (SELECT users.id FROM users) AS a JOIN (SELECT addresses.user_id, addresses.email FROM addresses) AS b ON a.id = b.user_id
    "#]],
    );
}

#[test]
fn one_subquery_under_two_names() {
    let a = select((User.id, User.name)).subquery("a");
    let b = a.alias("b");
    check(
        select((a.1, b.1)).join_from_on(&a, &b, a.0.lt(b.0)),
        expect![[r#"
        -- all
        SELECT a.name, b.name FROM (SELECT users.id, users.name FROM users) AS a JOIN (SELECT users.id, users.name FROM users) AS b ON a.id < b.id
    "#]],
    );
}

#[test]
fn a_subquery_of_a_subquery() {
    let inner = select((User.id, User.name)).subquery("inner");
    let outer = select(inner.1).select_from(&inner).filter(inner.0.gt(1)).subquery("outer");
    check(
        select(outer.0).select_from(&outer),
        expect![[r#"
        -- sqlite
        SELECT outer.name FROM (SELECT inner.name FROM (SELECT users.id, users.name FROM users) AS inner WHERE inner.id > ?) AS outer
        -- postgresql
        SELECT "outer".name FROM (SELECT "inner".name FROM (SELECT users.id, users.name FROM users) AS "inner" WHERE "inner".id > $1) AS "outer"
        -- mysql, mariadb
        SELECT `outer`.name FROM (SELECT `inner`.name FROM (SELECT users.id, users.name FROM users) AS `inner` WHERE `inner`.id > ?) AS `outer`
    "#]],
    );
}

#[test]
fn columns_of_a_subquery_are_used_everywhere() {
    let sub = select((User.id, User.name)).subquery("sub");
    check(
        select((sub.1, func::count_all()))
            .select_from(&sub)
            .filter(sub.0.between(1, 9))
            .group_by(sub.1)
            .having(func::max(sub.0).gt(2))
            .order_by(sub.1.desc()),
        expect![[r#"
            -- sqlite, mysql, mariadb
            SELECT sub.name, count(*) FROM (SELECT users.id, users.name FROM users) AS sub WHERE sub.id BETWEEN ? AND ? GROUP BY sub.name HAVING max(sub.id) > ? ORDER BY sub.name DESC
            -- postgresql
            SELECT sub.name, count(*) FROM (SELECT users.id, users.name FROM users) AS sub WHERE sub.id BETWEEN $1 AND $2 GROUP BY sub.name HAVING max(sub.id) > $3 ORDER BY sub.name DESC
        "#]],
    );
}

#[test]
fn a_subquery_has_an_order_and_a_limit() {
    let sub = select(User.name).order_by(User.id.desc()).limit(3).subquery("sub");
    check(
        select(sub.0).select_from(&sub),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT sub.name FROM (SELECT users.name FROM users ORDER BY users.id DESC LIMIT ?) AS sub
        -- postgresql
        SELECT sub.name FROM (SELECT users.name FROM users ORDER BY users.id DESC LIMIT $1) AS sub
    "#]],
    );
}

#[test]
fn values_are_bound_in_the_order_of_the_text() {
    let sub = select(Address.user_id).filter(Address.email.eq("x")).subquery("sub");
    check(
        select((User.name, sub.0, literal(1i64))).join_on(&sub, sub.0.eq(User.id)).filter(User.id.gt(3)),
        expect![[r#"
            -- sqlite, mysql, mariadb
            SELECT users.name, sub.user_id, ? FROM users JOIN (SELECT addresses.user_id FROM addresses WHERE addresses.email = ?) AS sub ON sub.user_id = users.id WHERE users.id > ?
            -- postgresql
            SELECT users.name, sub.user_id, $1 FROM users JOIN (SELECT addresses.user_id FROM addresses WHERE addresses.email = $2) AS sub ON sub.user_id = users.id WHERE users.id > $3
        "#]],
    );
}

#[test]
fn a_subquery_that_is_not_in_from_is_refused() {
    let sub = select(User.id).subquery("sub");
    check(
        select(sub.0),
        expect![[r#"
            -- all
            SELECT sub.id FROM (SELECT users.id FROM users) AS sub
        "#]],
    );
}

#[test]
fn a_model_of_a_subquery_that_is_not_in_from_is_refused() {
    let adults = select(User).subquery("adults");
    check(
        select(adults.name),
        expect![[r#"
        -- all
        `adults` is not in FROM
        hint: join it, or name it by `.select_from(&adults)`
    "#]],
    );
}

#[test]
fn a_subquery_that_is_there_twice_is_refused() {
    let sub = select(User.id).subquery("sub");
    check(
        select(sub.0).select_from(&sub).select_from(&sub),
        expect![[r#"
            -- all
            table `sub` is in FROM twice
            hint: name one of them again: `sub.alias("other")`
        "#]],
    );
}

#[test]
fn a_subquery_does_not_see_what_stands_beside_it() {
    let sub = select(Address.email).filter(Address.user_id.eq(User.id)).subquery("sub");
    check(
        select((User.name, sub.0)).join_on(&sub, Expr::TRUE),
        expect![[r#"
            -- all
            SELECT users.name, sub.email FROM users JOIN (SELECT addresses.email FROM addresses, users WHERE addresses.user_id = users.id) AS sub ON TRUE
        "#]],
    );
}

#[test]
fn a_lateral_subquery_sees_what_stands_before_it() {
    let last =
        select(Address.email).filter(Address.user_id.eq(User.id)).order_by(Address.id.desc()).limit(1).lateral("last");
    check(
        select((User.name, last.0)).join_on(&last, Expr::TRUE),
        expect![[r#"
            -- sqlite
            LATERAL is not supported on dialect sqlite
            -- postgresql
            SELECT users.name, last.email FROM users JOIN LATERAL (SELECT addresses.email FROM addresses WHERE addresses.user_id = users.id ORDER BY addresses.id DESC LIMIT $1) AS last ON TRUE
            -- mysql
            SELECT users.name, last.email FROM users JOIN LATERAL (SELECT addresses.email FROM addresses WHERE addresses.user_id = users.id ORDER BY addresses.id DESC LIMIT ?) AS last ON TRUE
            -- mariadb
            LATERAL is not supported on dialect mariadb
        "#]],
    );
}

#[test]
fn a_lateral_subquery_may_find_nothing() {
    let last = select(Address.email).filter(Address.user_id.eq(User.id)).limit(1).lateral("last");
    check(
        select((User.name, optional(last.0))).outerjoin_on(&last, Expr::TRUE),
        expect![[r#"
            -- sqlite
            LATERAL is not supported on dialect sqlite
            -- postgresql
            SELECT users.name, last.email FROM users LEFT OUTER JOIN LATERAL (SELECT addresses.email FROM addresses WHERE addresses.user_id = users.id LIMIT $1) AS last ON TRUE
            -- mysql
            SELECT users.name, last.email FROM users LEFT OUTER JOIN LATERAL (SELECT addresses.email FROM addresses WHERE addresses.user_id = users.id LIMIT ?) AS last ON TRUE
            -- mariadb
            LATERAL is not supported on dialect mariadb
        "#]],
    );
}

#[test]
fn a_lateral_subquery_stands_behind_what_it_sees() {
    let last = select(Address.email).filter(Address.user_id.eq(User.id)).limit(1).lateral("last");
    check(
        select((User.name, last.0)).select_from(&last),
        expect![[r#"
        -- sqlite
        LATERAL is not supported on dialect sqlite
        -- postgresql
        SELECT users.name, last.email FROM users, LATERAL (SELECT addresses.email FROM addresses WHERE addresses.user_id = users.id LIMIT $1) AS last
        -- mysql
        SELECT users.name, last.email FROM users, LATERAL (SELECT addresses.email FROM addresses WHERE addresses.user_id = users.id LIMIT ?) AS last
        -- mariadb
        LATERAL is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn a_lateral_subquery_sees_a_subquery() {
    let a = select(User.id).subquery("a");
    let b = select(Address.email).filter(Address.user_id.eq(a.0)).lateral("b");
    check(
        select((a.0, b.0)).select_from(&a).cross_join(&b),
        expect![[r#"
        -- sqlite
        LATERAL is not supported on dialect sqlite
        -- postgresql, mysql
        SELECT a.id, b.email FROM (SELECT users.id FROM users) AS a CROSS JOIN LATERAL (SELECT addresses.email FROM addresses WHERE addresses.user_id = a.id) AS b
        -- mariadb
        LATERAL is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn a_list_of_values() {
    let v = values("v", ["id", "name"], [(1i64, "ed".to_owned()), (2, "wendy".to_owned())]);
    check(
        select((v.0, v.1)).select_from(&v),
        expect![[r#"
            -- sqlite
            SELECT v.id, v.name FROM (SELECT column1 AS id, column2 AS name FROM (VALUES (?, ?), (?, ?))) AS v
            -- postgresql
            SELECT v.id, v.name FROM (VALUES ($1, $2), ($3, $4)) AS v (id, name)
            -- mysql
            SELECT v.id, v.name FROM (VALUES ROW(CAST(? AS SIGNED), ?), ROW(CAST(? AS SIGNED), ?)) AS v (id, name)
            -- mariadb
            SELECT v.id, v.name FROM (SELECT ? AS id, ? AS name UNION ALL SELECT ?, ?) AS v
        "#]],
    );
}

#[test]
fn a_list_of_values_is_selected_whole() {
    check(
        select(values("v", ["id"], [(1i64,)])),
        expect![[r#"
            -- sqlite
            SELECT v.id FROM (SELECT column1 AS id FROM (VALUES (?))) AS v
            -- postgresql
            SELECT v.id FROM (VALUES ($1)) AS v (id)
            -- mysql
            SELECT v.id FROM (VALUES ROW(CAST(? AS SIGNED))) AS v (id)
            -- mariadb
            SELECT v.id FROM (SELECT ? AS id) AS v
        "#]],
    );
}

#[test]
fn a_list_of_values_is_joined() {
    let v = values("v", ["id", "price"], [(1i64, 10i32), (2, 20)]);
    check(
        select((User.name, v.1)).join_on(&v, v.0.eq(User.id)),
        expect![[r#"
            -- sqlite
            SELECT users.name, v.price FROM users JOIN (SELECT column1 AS id, column2 AS price FROM (VALUES (?, ?), (?, ?))) AS v ON v.id = users.id
            -- postgresql
            SELECT users.name, v.price FROM users JOIN (VALUES ($1, $2), ($3, $4)) AS v (id, price) ON v.id = users.id
            -- mysql
            SELECT users.name, v.price FROM users JOIN (VALUES ROW(CAST(? AS SIGNED), CAST(? AS SIGNED)), ROW(CAST(? AS SIGNED), CAST(? AS SIGNED))) AS v (id, price) ON v.id = users.id
            -- mariadb
            SELECT users.name, v.price FROM users JOIN (SELECT ? AS id, ? AS price UNION ALL SELECT ?, ?) AS v ON v.id = users.id
        "#]],
    );
}

#[test]
fn a_list_of_values_may_hold_null() {
    let v = values("v", ["age"], [(Some(1i32),), (None,)]);
    check(
        select(v.0).select_from(&v),
        expect![[r#"
            -- sqlite
            SELECT v.age FROM (SELECT column1 AS age FROM (VALUES (?), (?))) AS v
            -- postgresql
            SELECT v.age FROM (VALUES ($1), ($2)) AS v (age)
            -- mysql
            SELECT v.age FROM (VALUES ROW(CAST(? AS SIGNED)), ROW(CAST(? AS SIGNED))) AS v (age)
            -- mariadb
            SELECT v.age FROM (SELECT ? AS age UNION ALL SELECT ?) AS v
        "#]],
    );
}

#[test]
fn an_empty_list_of_values_is_refused() {
    let v = values("v", ["id"], Vec::<(i64,)>::new());
    check(
        select(v.0).select_from(&v),
        expect![[r#"
        -- all
        the list of values `v` has no row
    "#]],
    );
}

#[test]
fn whole_numbers_from_one_to_another() {
    let n = func::generate_series("n", 1, 5);
    check(
        select(n.0).select_from(&n),
        expect![[r#"
        -- sqlite
        the function `generate_series` in FROM is not supported on dialect sqlite
        -- postgresql
        SELECT n.value FROM generate_series($1, $2) AS n (value)
        -- mysql
        the function `generate_series` in FROM is not supported on dialect mysql
        -- mariadb
        the function `generate_series` in FROM is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn members_of_a_json_document() {
    let each: Derived<(String, String)> = func::json_each("each", literal("{}".to_owned()));
    check(
        select((each.0, each.1)).select_from(&each),
        expect![[r#"
            -- sqlite
            SELECT each.key, each.value FROM json_each(?) AS each
            -- postgresql
            SELECT each.key, each.value FROM jsonb_each_text(CAST($1 AS JSONB)) AS each (key, value)
            -- mysql
            the function `json_each` in FROM is not supported on dialect mysql
            -- mariadb
            the function `json_each` in FROM is not supported on dialect mariadb
        "#]],
    );
}

#[test]
fn a_column_brings_its_subquery() {
    let totals = select((Address.user_id, func::count(Address.id).label("total"))).group_by(Address.user_id);
    let totals = totals.filter(Address.id.gt(7)).subquery("totals");
    check(
        select(totals.1),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT totals.total FROM (SELECT addresses.user_id, count(addresses.id) AS total FROM addresses WHERE addresses.id > ? GROUP BY addresses.user_id) AS totals
        -- postgresql
        SELECT totals.total FROM (SELECT addresses.user_id, count(addresses.id) AS total FROM addresses WHERE addresses.id > $1 GROUP BY addresses.user_id) AS totals
    "#]],
    );
    check(
        select(func::max(totals.1)).filter(totals.0.gt(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT max(totals.total) FROM (SELECT addresses.user_id, count(addresses.id) AS total FROM addresses WHERE addresses.id > ? GROUP BY addresses.user_id) AS totals WHERE totals.user_id > ?
        -- postgresql
        SELECT max(totals.total) FROM (SELECT addresses.user_id, count(addresses.id) AS total FROM addresses WHERE addresses.id > $1 GROUP BY addresses.user_id) AS totals WHERE totals.user_id > $2
    "#]],
    );
    check(
        select((User.name, totals.1 + 1, totals.0)).filter(totals.0.eq(User.id)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.name, totals.total + ?, totals.user_id FROM users, (SELECT addresses.user_id, count(addresses.id) AS total FROM addresses WHERE addresses.id > ? GROUP BY addresses.user_id) AS totals WHERE totals.user_id = users.id
        -- postgresql
        SELECT users.name, totals.total + $1, totals.user_id FROM users, (SELECT addresses.user_id, count(addresses.id) AS total FROM addresses WHERE addresses.id > $2 GROUP BY addresses.user_id) AS totals WHERE totals.user_id = users.id
    "#]],
    );
}

#[test]
fn a_column_brings_no_second_subquery() {
    let totals = select((Address.user_id, func::count(Address.id))).group_by(Address.user_id).subquery("totals");
    check(
        select((User.name, totals.1)).join_on(&totals, totals.0.eq(User.id)),
        expect![[r#"
        -- all
        SELECT users.name, totals.count_1 FROM users JOIN (SELECT addresses.user_id, count(addresses.id) AS count_1 FROM addresses GROUP BY addresses.user_id) AS totals ON totals.user_id = users.id
    "#]],
    );
    check(
        select(totals.1).select_from(&totals),
        expect![[r#"
        -- all
        SELECT totals.count_1 FROM (SELECT addresses.user_id, count(addresses.id) AS count_1 FROM addresses GROUP BY addresses.user_id) AS totals
    "#]],
    );
    check(
        select((totals.clone(), totals.1)),
        expect![[r#"
        -- all
        SELECT totals.user_id, totals.count_1, totals.count_1 FROM (SELECT addresses.user_id, count(addresses.id) AS count_1 FROM addresses GROUP BY addresses.user_id) AS totals
    "#]],
    );
    check(
        select(totals.1).with_only_columns(User.id),
        expect![[r#"
        -- all
        SELECT users.id FROM users
    "#]],
    );
}

#[test]
fn a_column_brings_a_cte_and_a_list_of_values() {
    let adults = select((User.id, User.name)).filter(User.age.ge(18)).cte("adults");
    check(
        select(adults.1),
        expect![[r#"
        -- sqlite, mysql, mariadb
        WITH adults AS (SELECT users.id, users.name FROM users WHERE users.age >= ?) SELECT adults.name FROM adults
        -- postgresql
        WITH adults AS (SELECT users.id, users.name FROM users WHERE users.age >= $1) SELECT adults.name FROM adults
    "#]],
    );
    let pairs = values("pairs", ["a", "b"], [(1i64, 2i64), (3, 4)]);
    check(
        select(pairs.0 * pairs.1),
        expect![[r#"
            -- sqlite
            SELECT pairs.a * pairs.b FROM (SELECT column1 AS a, column2 AS b FROM (VALUES (?, ?), (?, ?))) AS pairs
            -- postgresql
            SELECT pairs.a * pairs.b FROM (VALUES ($1, $2), ($3, $4)) AS pairs (a, b)
            -- mysql
            SELECT pairs.a * pairs.b FROM (VALUES ROW(CAST(? AS SIGNED), CAST(? AS SIGNED)), ROW(CAST(? AS SIGNED), CAST(? AS SIGNED))) AS pairs (a, b)
            -- mariadb
            SELECT pairs.a * pairs.b FROM (SELECT ? AS a, ? AS b UNION ALL SELECT ?, ?) AS pairs
        "#]],
    );
}

#[test]
fn a_column_of_a_table_around_brings_nothing() {
    let adults = select((User.id, User.name)).filter(User.age.ge(18)).subquery("adults");
    let mails = select((adults.1, Address.email)).filter(Address.user_id.eq(adults.0));
    check(
        select(adults.0).filter(func::exists(mails)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT adults.id FROM (SELECT users.id, users.name FROM users WHERE users.age >= ?) AS adults WHERE EXISTS (SELECT adults.name, addresses.email FROM addresses WHERE addresses.user_id = adults.id)
        -- postgresql
        SELECT adults.id FROM (SELECT users.id, users.name FROM users WHERE users.age >= $1) AS adults WHERE EXISTS (SELECT adults.name, addresses.email FROM addresses WHERE addresses.user_id = adults.id)
    "#]],
    );
}

#[test]
fn a_column_of_what_was_dropped_brings_nothing() {
    let column = select(User.id).subquery("gone").0;
    check(
        select(column),
        expect![[r#"
        -- all
        `gone` is not in FROM
        hint: join it, or name it by `.select_from(&gone)`
    "#]],
    );
}

#[test]
fn members_of_a_json_document_by_path() {
    let members: Derived<(i64, Option<String>)> =
        func::json_table("members", User.fullname, "$[*]", [("id", "$.id"), ("the name", "$.\"it's\"")]);
    check(
        select((User.name, members.0, members.1)).select_from(&members).filter(members.0.gt(1)),
        expect![[r#"
        -- sqlite
        JSON_TABLE is not supported on dialect sqlite
        hint: `func::json_each` gives the members of a document
        -- postgresql
        JSON_TABLE is not supported on dialect postgresql
        hint: `func::json_each` gives the members of a document
        -- mysql, mariadb
        SELECT users.name, members.id, members.`the name` FROM users, JSON_TABLE(users.fullname, '$[*]' COLUMNS (id BIGINT PATH '$.id', `the name` TEXT PATH '$."it''s"')) AS members WHERE members.id > ?
    "#]],
    );
}

#[test]
fn a_function_sees_what_stands_before_it() {
    let word: Derived<(String,)> =
        TableFunction::new("regexp_split_to_table", (User.name, literal(" ".to_owned()))).columns("word", ["word"]);
    check(
        select((User.name, word.0)).select_from(&word),
        expect![[r#"
        -- sqlite
        SELECT users.name, word.word FROM users, regexp_split_to_table(users.name, ?) AS word
        -- postgresql
        SELECT users.name, word.word FROM users, regexp_split_to_table(users.name, $1) AS word (word)
        -- mysql
        the function `regexp_split_to_table` in FROM is not supported on dialect mysql
        -- mariadb
        the function `regexp_split_to_table` in FROM is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn a_function_numbers_its_rows() {
    let word: Derived<(String, i64)> =
        TableFunction::new("regexp_split_to_table", (literal("a b".to_owned()), literal(" ".to_owned())))
            .with_ordinality()
            .columns("word", ["word", "at"]);
    check(
        select((word.0, word.1)).select_from(&word),
        expect![[r#"
        -- sqlite
        WITH ORDINALITY is not supported on dialect sqlite
        -- postgresql
        SELECT word.word, word.at FROM regexp_split_to_table($1, $2) WITH ORDINALITY AS word (word, at)
        -- mysql
        the function `regexp_split_to_table` in FROM is not supported on dialect mysql
        -- mariadb
        the function `regexp_split_to_table` in FROM is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn elements_of_an_array() {
    let e: Derived<(i64,)> = func::unnest("e", func::custom::<i64>("my_array", ()));
    check(
        select(e.0).select_from(&e),
        expect![[r#"
        -- sqlite
        the function `unnest` in FROM is not supported on dialect sqlite
        -- postgresql
        SELECT e.value FROM unnest(my_array()) AS e (value)
        -- mysql
        the function `unnest` in FROM is not supported on dialect mysql
        -- mariadb
        the function `unnest` in FROM is not supported on dialect mariadb
    "#]],
    );
}

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

#[test]
fn in_of_a_subquery_with_a_limit() {
    check(
        select(User.name).filter(User.id.in_(select(Address.user_id).order_by(Address.id).limit(3))),
        expect![[r#"
        -- sqlite
        SELECT users.name FROM users WHERE users.id IN (SELECT addresses.user_id FROM addresses ORDER BY addresses.id LIMIT ?)
        -- postgresql
        SELECT users.name FROM users WHERE users.id IN (SELECT addresses.user_id FROM addresses ORDER BY addresses.id LIMIT $1)
        -- mysql, mariadb
        SELECT users.name FROM users WHERE users.id IN (SELECT * FROM (SELECT addresses.user_id AS c0 FROM addresses ORDER BY addresses.id LIMIT ?) AS limited)
    "#]],
    );
}

#[test]
fn not_in_of_a_subquery() {
    check(
        select(User.name).filter(User.id.not_in(select(Address.user_id))),
        expect![[r#"
        -- all
        SELECT users.name FROM users WHERE users.id NOT IN (SELECT addresses.user_id FROM addresses)
    "#]],
    );
}

#[test]
fn some_member() {
    check(
        select(User.name).filter(User.addresses.any(Address.email.like("%@x.org"))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.name FROM users WHERE EXISTS (SELECT 1 FROM addresses WHERE users.id = addresses.user_id AND addresses.email LIKE ?)
        -- postgresql
        SELECT users.name FROM users WHERE EXISTS (SELECT 1 FROM addresses WHERE users.id = addresses.user_id AND addresses.email LIKE $1)
    "#]],
    );
}

#[test]
fn no_member() {
    check(
        select(User.name).filter(!User.addresses.is_not_empty()),
        expect![[r#"
        -- all
        SELECT users.name FROM users WHERE NOT EXISTS (SELECT 1 FROM addresses WHERE users.id = addresses.user_id)
    "#]],
    );
}

#[test]
fn some_member_over_an_association_table() {
    check(
        select(User.name).filter(User.keywords.any(Keyword.word.eq("rust"))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.name FROM users WHERE EXISTS (SELECT 1 FROM keywords, user_keywords WHERE users.id = user_keywords.user_id AND user_keywords.keyword_id = keywords.id AND keywords.word = ?)
        -- postgresql
        SELECT users.name FROM users WHERE EXISTS (SELECT 1 FROM keywords, user_keywords WHERE users.id = user_keywords.user_id AND user_keywords.keyword_id = keywords.id AND keywords.word = $1)
    "#]],
    );
}

#[test]
fn the_one_it_refers_to() {
    check(
        select(Address.email).filter(Address.user.has(User.name.eq("ed"))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT addresses.email FROM addresses WHERE EXISTS (SELECT 1 FROM users WHERE addresses.user_id = users.id AND users.name = ?)
        -- postgresql
        SELECT addresses.email FROM addresses WHERE EXISTS (SELECT 1 FROM users WHERE addresses.user_id = users.id AND users.name = $1)
    "#]],
    );
}

#[test]
fn it_refers_to_one_at_all() {
    check(
        select(Address.email).filter(Address.user.is_some()),
        expect![[r#"
        -- all
        SELECT addresses.email FROM addresses WHERE EXISTS (SELECT 1 FROM users WHERE addresses.user_id = users.id)
    "#]],
    );
}

#[test]
fn some_member_under_an_alias() {
    let mail = Address.alias("mail");
    check(
        select(User.name).filter(User.addresses.of(mail).any(mail.email.eq("ed@x.org"))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.name FROM users WHERE EXISTS (SELECT 1 FROM addresses AS mail WHERE users.id = mail.user_id AND mail.email = ?)
        -- postgresql
        SELECT users.name FROM users WHERE EXISTS (SELECT 1 FROM addresses AS mail WHERE users.id = mail.user_id AND mail.email = $1)
    "#]],
    );
}

#[test]
fn members_of_members() {
    check(
        select(Keyword.word).filter(Keyword.users.any(User.addresses.any(Address.email.eq("ed@x.org")))),
        expect![[r#"
            -- sqlite, mysql, mariadb
            SELECT keywords.word FROM keywords WHERE EXISTS (SELECT 1 FROM users, user_keywords WHERE keywords.id = user_keywords.keyword_id AND user_keywords.user_id = users.id AND EXISTS (SELECT 1 FROM addresses WHERE users.id = addresses.user_id AND addresses.email = ?))
            -- postgresql
            SELECT keywords.word FROM keywords WHERE EXISTS (SELECT 1 FROM users, user_keywords WHERE keywords.id = user_keywords.keyword_id AND user_keywords.user_id = users.id AND EXISTS (SELECT 1 FROM addresses WHERE users.id = addresses.user_id AND addresses.email = $1))
        "#]],
    );
}

#[test]
fn count_of_a_correlated_subquery_orders() {
    let addresses: Expr<Option<i64>> =
        select(func::count(Address.id)).filter(Address.user_id.eq(User.id)).scalar_subquery();
    check(
        select(User.name).order_by(addresses.desc()),
        expect![[r#"
        -- all
        SELECT users.name FROM users ORDER BY (SELECT count(addresses.id) FROM addresses WHERE addresses.user_id = users.id) DESC
    "#]],
    );
}

#[test]
fn a_condition_brings_its_subquery() {
    let totals =
        select((Address.user_id, func::count(Address.id).label("total"))).group_by(Address.user_id).subquery("totals");
    check(
        select(User.id).filter(totals.1.gt(2) & totals.0.eq(User.id)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users, (SELECT addresses.user_id, count(addresses.id) AS total FROM addresses GROUP BY addresses.user_id) AS totals WHERE totals.total > ? AND totals.user_id = users.id
        -- postgresql
        SELECT users.id FROM users, (SELECT addresses.user_id, count(addresses.id) AS total FROM addresses GROUP BY addresses.user_id) AS totals WHERE totals.total > $1 AND totals.user_id = users.id
    "#]],
    );
    check(
        select(func::count(User.id)).having(func::max(totals.1).gt(2)).group_by(totals.0),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT count(users.id) FROM users, (SELECT addresses.user_id, count(addresses.id) AS total FROM addresses GROUP BY addresses.user_id) AS totals GROUP BY totals.user_id HAVING max(totals.total) > ?
        -- postgresql
        SELECT count(users.id) FROM users, (SELECT addresses.user_id, count(addresses.id) AS total FROM addresses GROUP BY addresses.user_id) AS totals GROUP BY totals.user_id HAVING max(totals.total) > $1
    "#]],
    );
    check(
        select(User.id).order_by(totals.1.desc()),
        expect![[r#"
        -- all
        SELECT users.id FROM users, (SELECT addresses.user_id, count(addresses.id) AS total FROM addresses GROUP BY addresses.user_id) AS totals ORDER BY totals.total DESC
    "#]],
    );
    check(
        select(User.id).distinct_on(totals.0),
        expect![[r#"
        -- sqlite
        DISTINCT ON is not supported on dialect sqlite
        -- postgresql
        SELECT DISTINCT ON (totals.user_id) users.id FROM users, (SELECT addresses.user_id, count(addresses.id) AS total FROM addresses GROUP BY addresses.user_id) AS totals
        -- mysql
        DISTINCT ON is not supported on dialect mysql
        -- mariadb
        DISTINCT ON is not supported on dialect mariadb
    "#]],
    );
    check(
        select(User.id).filter(totals.1.gt(2)).join_on(&totals, totals.0.eq(User.id)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users JOIN (SELECT addresses.user_id, count(addresses.id) AS total FROM addresses GROUP BY addresses.user_id) AS totals ON totals.user_id = users.id WHERE totals.total > ?
        -- postgresql
        SELECT users.id FROM users JOIN (SELECT addresses.user_id, count(addresses.id) AS total FROM addresses GROUP BY addresses.user_id) AS totals ON totals.user_id = users.id WHERE totals.total > $1
    "#]],
    );
    check(
        select(User.id).join_on(&totals, totals.0.eq(User.id)).filter(totals.1.gt(2)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users JOIN (SELECT addresses.user_id, count(addresses.id) AS total FROM addresses GROUP BY addresses.user_id) AS totals ON totals.user_id = users.id WHERE totals.total > ?
        -- postgresql
        SELECT users.id FROM users JOIN (SELECT addresses.user_id, count(addresses.id) AS total FROM addresses GROUP BY addresses.user_id) AS totals ON totals.user_id = users.id WHERE totals.total > $1
    "#]],
    );
    check(
        select((User.id, totals.1)).filter(totals.0.eq(User.id)),
        expect![[r#"
        -- all
        SELECT users.id, totals.total FROM users, (SELECT addresses.user_id, count(addresses.id) AS total FROM addresses GROUP BY addresses.user_id) AS totals WHERE totals.user_id = users.id
    "#]],
    );
}

#[test]
fn a_condition_on_a_table_around_brings_nothing() {
    let totals =
        select((Address.user_id, func::count(Address.id).label("total"))).group_by(Address.user_id).subquery("totals");
    check(
        select(totals.0).filter(func::exists(select(User.id).filter(User.id.eq(totals.0)))),
        expect![[r#"
        -- all
        SELECT totals.user_id FROM (SELECT addresses.user_id, count(addresses.id) AS total FROM addresses GROUP BY addresses.user_id) AS totals WHERE EXISTS (SELECT users.id FROM users WHERE users.id = totals.user_id)
    "#]],
    );
    check(
        select(User.id).filter(func::exists(select(Address.id).filter(Address.user_id.eq(totals.0)))),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE EXISTS (SELECT addresses.id FROM addresses, (SELECT addresses.user_id, count(addresses.id) AS total FROM addresses GROUP BY addresses.user_id) AS totals WHERE addresses.user_id = totals.user_id)
    "#]],
    );
}

#[test]
fn a_condition_on_what_was_dropped_brings_nothing() {
    let gone = select((User.id, User.name)).subquery("gone").0;
    check(
        select(User.id).filter(gone.eq(1)),
        expect![[r#"
        -- all
        `gone` is not in FROM
        hint: join it, or name it by `.select_from(&gone)`
    "#]],
    );
}

#[test]
fn a_list_of_values_is_a_value_or_a_list() {
    let ids = values("ids", ["id"], [(1i64,), (2,)]);
    check(
        select(User.id).filter(User.id.in_(&ids)),
        expect![[r#"
            -- sqlite
            SELECT users.id FROM users WHERE users.id IN (SELECT ids.id FROM (SELECT column1 AS id FROM (VALUES (?), (?))) AS ids)
            -- postgresql
            SELECT users.id FROM users WHERE users.id IN (SELECT ids.id FROM (VALUES ($1), ($2)) AS ids (id))
            -- mysql
            SELECT users.id FROM users WHERE users.id IN (SELECT ids.id FROM (VALUES ROW(CAST(? AS SIGNED)), ROW(CAST(? AS SIGNED))) AS ids (id))
            -- mariadb
            SELECT users.id FROM users WHERE users.id IN (SELECT ids.id FROM (SELECT ? AS id UNION ALL SELECT ?) AS ids)
        "#]],
    );
    check(
        select(User.id).filter(User.id.not_in(&ids)),
        expect![[r#"
            -- sqlite
            SELECT users.id FROM users WHERE users.id NOT IN (SELECT ids.id FROM (SELECT column1 AS id FROM (VALUES (?), (?))) AS ids)
            -- postgresql
            SELECT users.id FROM users WHERE users.id NOT IN (SELECT ids.id FROM (VALUES ($1), ($2)) AS ids (id))
            -- mysql
            SELECT users.id FROM users WHERE users.id NOT IN (SELECT ids.id FROM (VALUES ROW(CAST(? AS SIGNED)), ROW(CAST(? AS SIGNED))) AS ids (id))
            -- mariadb
            SELECT users.id FROM users WHERE users.id NOT IN (SELECT ids.id FROM (SELECT ? AS id UNION ALL SELECT ?) AS ids)
        "#]],
    );
    check(
        select(User.id).filter(User.id.eq(ids.scalar_values())),
        expect![[r#"
            -- sqlite
            SELECT users.id FROM users WHERE users.id = (SELECT ids.id FROM (SELECT column1 AS id FROM (VALUES (?), (?))) AS ids)
            -- postgresql
            SELECT users.id FROM users WHERE users.id = (SELECT ids.id FROM (VALUES ($1), ($2)) AS ids (id))
            -- mysql
            SELECT users.id FROM users WHERE users.id = (SELECT ids.id FROM (VALUES ROW(CAST(? AS SIGNED)), ROW(CAST(? AS SIGNED))) AS ids (id))
            -- mariadb
            SELECT users.id FROM users WHERE users.id = (SELECT ids.id FROM (SELECT ? AS id UNION ALL SELECT ?) AS ids)
        "#]],
    );
}

#[test]
fn a_lateral_subquery_on_true() {
    let books = select(Address.id).filter(Address.user_id.eq(User.id)).lateral("books");
    let named = select(Address.id).correlate(User).filter(Address.user_id.eq(User.id)).lateral("named");
    check(
        select((User.id, books.0)).join_on(&books, Expr::TRUE),
        expect![[r#"
        -- sqlite
        LATERAL is not supported on dialect sqlite
        -- postgresql, mysql
        SELECT users.id, books.id FROM users JOIN LATERAL (SELECT addresses.id FROM addresses WHERE addresses.user_id = users.id) AS books ON TRUE
        -- mariadb
        LATERAL is not supported on dialect mariadb
    "#]],
    );
    check(
        select((User.id, named.0)).outerjoin_on(&named, Expr::TRUE).with_only_columns(User.id),
        expect![[r#"
        -- sqlite
        LATERAL is not supported on dialect sqlite
        -- postgresql, mysql
        SELECT users.id FROM users LEFT OUTER JOIN LATERAL (SELECT addresses.id FROM addresses WHERE addresses.user_id = users.id) AS named ON TRUE
        -- mariadb
        LATERAL is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn a_function_may_be_lateral() {
    let numbers =
        TableFunction::new("generate_series", (literal(1i64), User.id)).columns::<(i64,)>("numbers", ["n"]).lateral();
    check(
        select((User.id, numbers.0)).join_on(&numbers, Expr::TRUE),
        expect![[r#"
        -- sqlite
        LATERAL is not supported on dialect sqlite
        -- postgresql
        SELECT users.id, numbers.n FROM users JOIN LATERAL generate_series($1, users.id) AS numbers (n) ON TRUE
        -- mysql
        the function `generate_series` in FROM is not supported on dialect mysql
        -- mariadb
        LATERAL is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn names_of_a_list_of_values_are_quoted() {
    let spaces = values("Spaces and Cases", ["CaseSensitive", "has spaces", "number"], [(1, "textA".to_owned(), 99)]);
    check(
        select(spaces),
        expect![[r#"
            -- sqlite
            SELECT "Spaces and Cases"."CaseSensitive", "Spaces and Cases"."has spaces", "Spaces and Cases".number FROM (SELECT column1 AS "CaseSensitive", column2 AS "has spaces", column3 AS number FROM (VALUES (?, ?, ?))) AS "Spaces and Cases"
            -- postgresql
            SELECT "Spaces and Cases"."CaseSensitive", "Spaces and Cases"."has spaces", "Spaces and Cases".number FROM (VALUES ($1, $2, $3)) AS "Spaces and Cases" ("CaseSensitive", "has spaces", number)
            -- mysql
            SELECT `Spaces and Cases`.`CaseSensitive`, `Spaces and Cases`.`has spaces`, `Spaces and Cases`.number FROM (VALUES ROW(CAST(? AS SIGNED), ?, CAST(? AS SIGNED))) AS `Spaces and Cases` (`CaseSensitive`, `has spaces`, number)
            -- mariadb
            SELECT `Spaces and Cases`.`CaseSensitive`, `Spaces and Cases`.`has spaces`, `Spaces and Cases`.number FROM (SELECT ? AS `CaseSensitive`, ? AS `has spaces`, ? AS number) AS `Spaces and Cases`
        "#]],
    );
}

#[test]
fn a_list_of_values_in_a_cte_keeps_the_order_of_its_values() {
    let list = values("list", ["word", "n"], [("a".to_owned(), 2), ("b".to_owned(), 3)]);
    let first = select(list).cte("first");
    let second = select(first.0).filter(first.0.eq("q")).cte("second");
    check(
        select(second.0),
        expect![[r#"
            -- sqlite
            WITH first AS (SELECT list.word, list.n FROM (SELECT column1 AS word, column2 AS n FROM (VALUES (?, ?), (?, ?))) AS list), second AS (SELECT first.word FROM first WHERE first.word = ?) SELECT second.word FROM second
            -- postgresql
            WITH first AS (SELECT list.word, list.n FROM (VALUES ($1, $2), ($3, $4)) AS list (word, n)), second AS (SELECT first.word FROM first WHERE first.word = $5) SELECT second.word FROM second
            -- mysql
            WITH first AS (SELECT list.word, list.n FROM (VALUES ROW(?, CAST(? AS SIGNED)), ROW(?, CAST(? AS SIGNED))) AS list (word, n)), second AS (SELECT first.word FROM first WHERE first.word = ?) SELECT second.word FROM second
            -- mariadb
            WITH first AS (SELECT list.word, list.n FROM (SELECT ? AS word, ? AS n UNION ALL SELECT ?, ?) AS list), second AS (SELECT first.word FROM first WHERE first.word = ?) SELECT second.word FROM second
        "#]],
    );
}

#[test]
fn a_function_tells_the_types_of_its_columns() {
    let document = literal(serde_json::json!([{"id": 1}]));
    let people: Derived<(i64, Option<String>)> =
        TableFunction::new("json_to_recordset", (document,)).typed_columns("people", ["id", "Name"]);
    let scalar: Derived<(i64,)> = TableFunction::new("my_rows", ()).columns("scalar", ["scalar"]);
    check(
        select((people.0, people.1)).filter(people.0.gt(1)),
        expect![[r#"
        -- sqlite
        a function in FROM whose columns have types is not supported on dialect sqlite
        -- postgresql
        SELECT people.id, people."Name" FROM json_to_recordset($1) AS people (id BIGINT, "Name" TEXT) WHERE people.id > $2
        -- mysql
        the function `json_to_recordset` in FROM is not supported on dialect mysql
        -- mariadb
        the function `json_to_recordset` in FROM is not supported on dialect mariadb
    "#]],
    );
    check(
        select(scalar.0),
        expect![[r#"
        -- sqlite
        SELECT scalar.scalar FROM my_rows() AS scalar
        -- postgresql
        SELECT scalar.scalar FROM my_rows() AS scalar (scalar)
        -- mysql
        the function `my_rows` in FROM is not supported on dialect mysql
        -- mariadb
        the function `my_rows` in FROM is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn a_subquery_that_would_select_from_nothing_has_the_table_to_itself() {
    let adults = select((User.id, User.age)).cte("adults");
    let oldest = select(func::max(adults.1)).scalar_subquery();
    check(
        select(adults.0).filter(adults.1.eq(oldest) & adults.0.in_(select(adults.0).filter(adults.1.gt(18)))),
        expect![[r#"
            -- sqlite, mysql, mariadb
            WITH adults AS (SELECT users.id, users.age FROM users) SELECT adults.id FROM adults WHERE adults.age = (SELECT max(adults.age) FROM adults) AND adults.id IN (SELECT adults.id FROM adults WHERE adults.age > ?)
            -- postgresql
            WITH adults AS (SELECT users.id, users.age FROM users) SELECT adults.id FROM adults WHERE adults.age = (SELECT max(adults.age) FROM adults) AND adults.id IN (SELECT adults.id FROM adults WHERE adults.age > $1)
        "#]],
    );
}

#[test]
fn what_takes_no_table_from_around_brings_none_further_in() {
    let has_mail = func::exists(select(Address.id).filter(Keyword.id.eq(Address.id)));
    let users = select(User.id).filter(has_mail).correlate(());
    check(
        select(Keyword.id).filter(Keyword.id.in_(users)),
        expect![[r#"
        -- all
        SELECT keywords.id FROM keywords WHERE keywords.id IN (SELECT users.id FROM users WHERE EXISTS (SELECT addresses.id FROM addresses, keywords WHERE keywords.id = addresses.id))
    "#]],
    );
}
