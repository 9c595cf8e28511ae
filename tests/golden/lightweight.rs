//! Tables without a model, and stored procedures.

use expect_test::expect;
use orm::prelude::*;
use orm::{LightTable, call, column, literal, table};

use crate::support::{User, check};

fn user() -> LightTable {
    table("user", [column("id"), column("name")])
}

#[test]
fn a_table_is_selected_from() {
    check(
        select((user().c::<i64>("id"), user().c::<String>("name"))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT user.id, user.name FROM user
        -- postgresql
        SELECT "user".id, "user".name FROM "user"
    "#]],
    );
    check(
        select(user().c::<i64>("id")).filter(user().c::<String>("name").like("e%")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT user.id FROM user WHERE user.name LIKE ?
        -- postgresql
        SELECT "user".id FROM "user" WHERE "user".name LIKE $1
    "#]],
    );
    check(
        select(user().alias("u").c::<i64>("id")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT u.id FROM user AS u
        -- postgresql
        SELECT u.id FROM "user" AS u
    "#]],
    );
    check(
        select(user().schema("shop").c::<i64>("id")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT shop.user.id FROM shop.user
        -- postgresql
        SELECT shop."user".id FROM shop."user"
    "#]],
    );
    check(
        select(User.name).join_on(user(), user().c::<i64>("id").eq(User.id)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.name FROM users JOIN user ON user.id = users.id
        -- postgresql
        SELECT users.name FROM users JOIN "user" ON "user".id = users.id
    "#]],
    );
    check(
        select(func::count_all()).select_from(user()),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT count(*) FROM user
        -- postgresql
        SELECT count(*) FROM "user"
    "#]],
    );
}

#[test]
fn a_table_is_written() {
    check(
        user().insert().set("id", 1).set("name", "ed"),
        expect![[r#"
        -- sqlite, mysql, mariadb
        INSERT INTO user (id, name) VALUES (?, ?)
        -- postgresql
        INSERT INTO "user" (id, name) VALUES ($1, $2)
    "#]],
    );
    check(
        user().update().set("name", "ed").filter(user().c::<i64>("id").eq(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        UPDATE user SET name = ? WHERE user.id = ?
        -- postgresql
        UPDATE "user" SET name = $1 WHERE "user".id = $2
    "#]],
    );
    check(
        user().update().set("id", user().c::<i64>("id") + 1),
        expect![[r#"
        -- sqlite, mysql, mariadb
        UPDATE user SET id = user.id + ?
        -- postgresql
        UPDATE "user" SET id = "user".id + $1
    "#]],
    );
    check(
        user().delete().filter(user().c::<i64>("id").in_([1, 2])),
        expect![[r#"
        -- sqlite, mysql, mariadb
        DELETE FROM user WHERE user.id IN (?, ?)
        -- postgresql
        DELETE FROM "user" WHERE "user".id IN ($1, $2)
    "#]],
    );
    check(
        user().delete(),
        expect![[r#"
        -- sqlite, mysql, mariadb
        DELETE FROM user
        -- postgresql
        DELETE FROM "user"
    "#]],
    );
}

#[test]
fn a_column_that_is_not_there_is_refused() {
    check(
        select(user().c::<i64>("nobody")),
        expect![[r#"
        -- all
        table `user` has no column `nobody`
        hint: its columns are `id`, `name`
    "#]],
    );
    check(
        user().update().set("nobody", 1),
        expect![[r#"
        -- all
        table `user` has no column `nobody`
        hint: its columns are `id`, `name`
    "#]],
    );
}

#[test]
fn a_procedure_is_called() {
    check(
        call("pay", (literal(1), literal("x".to_owned()))),
        expect![[r#"
        -- sqlite
        CALL is not supported on dialect sqlite
        -- postgresql
        CALL pay($1, $2)
        -- mysql, mariadb
        CALL pay(?, ?)
    "#]],
    );
    check(
        call("shop.tidy", ()),
        expect![[r#"
        -- sqlite
        CALL is not supported on dialect sqlite
        -- postgresql, mysql, mariadb
        CALL shop.tidy()
    "#]],
    );
}
