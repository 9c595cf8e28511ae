//! Which names are quoted, and which are cut.

use expect_test::expect;
use orm::prelude::*;

use crate::support::{User, check};

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

/// Names that only some databases reserve.
#[derive(Clone, Debug, Model)]
#[orm(table = "user", metadata = none)]
struct Account {
    #[orm(primary_key)]
    id: i64,
    #[orm(column = "rank")]
    rank: i64,
    #[orm(column = "key")]
    key: i64,
    #[orm(column = "offset")]
    offset: i64,
    #[orm(column = "plan")]
    plan: i64,
}

/// Names with characters that are not letters.
#[derive(Clone, Debug, Model)]
#[orm(table = "a table", schema = "Some Schema", metadata = none)]
struct Odd {
    #[orm(primary_key, column = "1st")]
    first: i64,
    #[orm(column = "with`tick")]
    tick: i64,
    #[orm(column = "ünïcode")]
    unicode: i64,
    #[orm(column = "dollar$")]
    dollar: i64,
    #[orm(column = "_under")]
    under: i64,
    #[orm(column = "back\\slash")]
    slash: i64,
    #[orm(column = "semi;colon--")]
    semicolon: i64,
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

#[test]
fn words_are_quoted_where_they_are_reserved() {
    check(
        select(Account),
        expect![[r#"
        -- sqlite
        SELECT user.id, user.rank, user.key, user.offset, user.plan FROM user
        -- postgresql
        SELECT "user".id, "user".rank, "user".key, "user"."offset", "user".plan FROM "user"
        -- mysql, mariadb
        SELECT user.id, user.`rank`, user.`key`, user.`offset`, user.plan FROM user
    "#]],
    );
}

#[test]
fn odd_characters_are_quoted_and_quotes_doubled() {
    check(
        select(Odd),
        expect![[r#"
        -- sqlite, postgresql
        SELECT "Some Schema"."a table"."1st", "Some Schema"."a table"."with`tick", "Some Schema"."a table"."ünïcode", "Some Schema"."a table".dollar$, "Some Schema"."a table"._under, "Some Schema"."a table"."back\slash", "Some Schema"."a table"."semi;colon--" FROM "Some Schema"."a table"
        -- mysql, mariadb
        SELECT `Some Schema`.`a table`.`1st`, `Some Schema`.`a table`.`with``tick`, `Some Schema`.`a table`.`ünïcode`, `Some Schema`.`a table`.dollar$, `Some Schema`.`a table`._under, `Some Schema`.`a table`.`back\slash`, `Some Schema`.`a table`.`semi;colon--` FROM `Some Schema`.`a table`
    "#]],
    );
}

#[test]
fn names_are_quoted_in_an_insert() {
    let row = Order { id: 1, group: "g".into(), odd: "o".into() };
    check(
        insert(Order).values(row).on_conflict(Order.id).do_update((Order.group, Order.odd)),
        expect![[r#"
        -- sqlite
        INSERT INTO "Order" (id, "group", "it's ""odd""") VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET "group" = excluded."group", "it's ""odd""" = excluded."it's ""odd"""
        -- postgresql
        INSERT INTO "Order" (id, "group", "it's ""odd""") VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET "group" = excluded."group", "it's ""odd""" = excluded."it's ""odd"""
        -- mysql, mariadb
        INSERT INTO `Order` (id, `group`, `it's "odd"`) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE `group` = VALUES(`group`), `it's "odd"` = VALUES(`it's "odd"`)
    "#]],
    );
}

#[test]
fn names_are_quoted_in_an_update() {
    check(
        update(Order).set(Order.odd, Order.group).filter(Order.odd.eq("x")),
        expect![[r#"
        -- sqlite
        UPDATE "Order" SET "it's ""odd""" = "Order"."group" WHERE "Order"."it's ""odd""" = ?
        -- postgresql
        UPDATE "Order" SET "it's ""odd""" = "Order"."group" WHERE "Order"."it's ""odd""" = $1
        -- mysql, mariadb
        UPDATE `Order` SET `it's "odd"` = `Order`.`group` WHERE `Order`.`it's "odd"` = ?
    "#]],
    );
}

#[test]
fn names_are_quoted_in_a_delete() {
    check(
        delete(Odd).filter(Odd.tick.eq(1)).returning(Odd.first),
        expect![[r#"
        -- sqlite
        DELETE FROM "Some Schema"."a table" WHERE "Some Schema"."a table"."with`tick" = ? RETURNING "1st"
        -- postgresql
        DELETE FROM "Some Schema"."a table" WHERE "Some Schema"."a table"."with`tick" = $1 RETURNING "1st"
        -- mysql
        DELETE … RETURNING is not supported on dialect mysql
        -- mariadb
        DELETE FROM `Some Schema`.`a table` WHERE `Some Schema`.`a table`.`with``tick` = ? RETURNING `1st`
    "#]],
    );
}

#[test]
fn an_alias_is_quoted() {
    let order = Order.alias("select");
    let odd = User.alias("A \"b\" `c`");
    check(
        select((order.id, odd.id)).filter(order.id.eq(odd.id)),
        expect![[r#"
        -- sqlite, postgresql
        SELECT "select".id, "A ""b"" `c`".id FROM "Order" AS "select", users AS "A ""b"" `c`" WHERE "select".id = "A ""b"" `c`".id
        -- mysql, mariadb
        SELECT `select`.id, `A "b" ``c```.id FROM `Order` AS `select`, users AS `A "b" ``c``` WHERE `select`.id = `A "b" ``c```.id
    "#]],
    );
}

#[test]
fn a_long_alias_is_cut_everywhere_in_the_same_way() {
    let long = User.alias(&"x".repeat(70));
    check(
        select(long.id).filter(long.name.eq("ed")),
        expect![[r#"
        -- sqlite
        SELECT xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.id FROM users AS xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx WHERE xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.name = ?
        -- postgresql
        SELECT xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_77f3c97d.id FROM users AS xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_77f3c97d WHERE xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_77f3c97d.name = $1
        -- mysql, mariadb
        SELECT xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_77f3c97d.id FROM users AS xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_77f3c97d WHERE xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_77f3c97d.name = ?
    "#]],
    );
}

#[test]
fn long_aliases_that_begin_alike_stay_apart() {
    let [a, b] = ["a", "b"].map(|end| User.alias(&format!("{}{end}", "x".repeat(70))));
    check(
        select((a.id, b.id)).filter(a.name.eq(b.name)),
        expect![[r#"
        -- sqlite
        SELECT xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxa.id, xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxb.id FROM users AS xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxa, users AS xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxb WHERE xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxa.name = xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxb.name
        -- postgresql
        SELECT xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_f0c59714.id, xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_f3c59bcd.id FROM users AS xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_f0c59714, users AS xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_f3c59bcd WHERE xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_f0c59714.name = xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_f3c59bcd.name
        -- mysql, mariadb
        SELECT xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_f0c59714.id, xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_f3c59bcd.id FROM users AS xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_f0c59714, users AS xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_f3c59bcd WHERE xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_f0c59714.name = xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_f3c59bcd.name
    "#]],
    );
}

#[test]
fn an_alias_of_64_letters_is_cut_on_postgres_alone() {
    let long = User.alias(&"y".repeat(64));
    check(
        delete(long).filter(long.id.eq(1)),
        expect![[r#"
        -- sqlite
        DELETE FROM users AS yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy WHERE yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy.id = ?
        -- postgresql
        DELETE FROM users AS yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy_3496af85 WHERE yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy_3496af85.id = $1
        -- mysql, mariadb
        DELETE FROM yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy USING users AS yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy WHERE yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy.id = ?
    "#]],
    );
}

#[test]
fn a_long_label_is_cut() {
    check(
        select(User.id.label("a label that is longer than any of the databases which have a limit keeps")),
        expect![[r#"
            -- sqlite
            SELECT users.id AS "a label that is longer than any of the databases which have a limit keeps" FROM users
            -- postgresql
            SELECT users.id AS "a label that is longer than any of the databases which_d03fe854" FROM users
            -- mysql, mariadb
            SELECT users.id AS `a label that is longer than any of the databases which _d03fe854` FROM users
        "#]],
    );
}

#[test]
fn a_wide_character_is_never_cut_in_two() {
    let long = User.alias(&format!("x{}", "é".repeat(40)));
    check(
        select(long.id),
        expect![[r#"
        -- sqlite
        SELECT "xéééééééééééééééééééééééééééééééééééééééé".id FROM users AS "xéééééééééééééééééééééééééééééééééééééééé"
        -- postgresql
        SELECT "xéééééééééééééééééééééééééé_21e77707".id FROM users AS "xéééééééééééééééééééééééééé_21e77707"
        -- mysql, mariadb
        SELECT `xéééééééééééééééééééééééééééééééééééééééé`.id FROM users AS `xéééééééééééééééééééééééééééééééééééééééé`
    "#]],
    );
}
