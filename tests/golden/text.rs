//! SQL text with parameters.

use expect_test::expect;
use orm::prelude::*;

use crate::support::{User, check};

#[test]
fn a_parameter_that_is_named_twice_is_bound_twice() {
    check(
        text("SELECT :n + :n").bind("n", 1),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT ? + ?
        -- postgresql
        SELECT $1 + $2
    "#]],
    );
}

#[test]
fn text_is_an_expression_with_parameters() {
    check(
        select(text("length(:s)").bind("s", "x").expression::<i64>()),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT length(?)
        -- postgresql
        SELECT length($1)
    "#]],
    );
    check(
        select(User.id)
            .filter(text("users.id = :a OR users.id = :b").bind("a", 1).bind("b", 2).expression::<bool>())
            .filter(User.active),
        expect![[r#"
            -- sqlite, mysql, mariadb
            SELECT users.id FROM users WHERE (users.id = ? OR users.id = ?) AND users.active
            -- postgresql
            SELECT users.id FROM users WHERE (users.id = $1 OR users.id = $2) AND users.active
        "#]],
    );
    check(
        select(User.id + text("users.age").expression::<i64>()).filter(User.id.gt(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id + (users.age) FROM users WHERE users.id > ?
        -- postgresql
        SELECT users.id + (users.age) FROM users WHERE users.id > $1
    "#]],
    );
}

#[test]
fn a_name_without_a_value_and_a_value_without_a_name_are_refused() {
    check(
        text("SELECT :a"),
        expect![[r#"
        -- all
        a value is required for the parameter `:a`
        hint: add `.bind("a", …)`, or write `\:a` for a plain colon
    "#]],
    );
    check(
        text("SELECT 1").bind("a", 1),
        expect![[r#"
        -- all
        this text has no parameter `:a`
    "#]],
    );
    check(
        select(text(":a").expression::<i64>()),
        expect![[r#"
        -- all
        a value is required for the parameter `:a`
        hint: add `.bind("a", …)`, or write `\:a` for a plain colon
    "#]],
    );
    check(
        select(User.id).filter(text("1 = 1").bind("a", 1).expression::<bool>()),
        expect![[r#"
        -- all
        this text has no parameter `:a`
    "#]],
    );
}

#[test]
fn colons_are_parameters_only_where_they_can_be() {
    check(
        text("SELECT ':a', \":b\", x::int, \\:c, 'it''s :d' -- :e\n, :f /* :g */").bind("f", 1),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT ':a', ":b", x::int, :c, 'it''s :d' -- :e
        , ? /* :g */
        -- postgresql
        SELECT ':a', ":b", x::int, :c, 'it''s :d' -- :e
        , $1 /* :g */
    "#]],
    );
}

#[test]
fn a_list_is_as_many_values() {
    let named = |sql: &str, names: &[&str]| text(sql).bind_list("names", names.iter().copied());
    check(
        named("SELECT 1 WHERE 'a' IN (:names)", &["a", "b"]),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT 1 WHERE 'a' IN (?, ?)
        -- postgresql
        SELECT 1 WHERE 'a' IN ($1, $2)
    "#]],
    );
    check(
        named("SELECT 1 WHERE 'a' IN :names", &["a", "b"]),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT 1 WHERE 'a' IN (?, ?)
        -- postgresql
        SELECT 1 WHERE 'a' IN ($1, $2)
    "#]],
    );
    check(
        named("SELECT 1 WHERE 'a' NOT IN (:names)", &[]),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT 1 WHERE 'a' NOT IN (SELECT v FROM (SELECT ? AS v) AS no_values WHERE 1 = 0)
        -- postgresql
        SELECT 1 WHERE 'a' NOT IN (SELECT v FROM (SELECT $1 AS v) AS no_values WHERE 1 = 0)
    "#]],
    );
    check(
        text("SELECT 1 = ANY(:ids)").bind("ids", vec![1, 2]),
        expect![[r#"
        -- sqlite
        an array is not supported on dialect sqlite
        hint: for `IN (:name)`, bind the values by `.bind_list("name", …)`
        -- postgresql
        SELECT 1 = ANY($1)
        -- mysql
        an array is not supported on dialect mysql
        hint: for `IN (:name)`, bind the values by `.bind_list("name", …)`
        -- mariadb
        an array is not supported on dialect mariadb
        hint: for `IN (:name)`, bind the values by `.bind_list("name", …)`
    "#]],
    );
}
