//! CASE, CAST, coalesce and other choices.

use expect_test::expect;
use orm::prelude::*;

use crate::support::{User, check};

#[test]
fn case_of_conditions() {
    check(
        select(func::case(User.id.lt(1), "a").otherwise("b")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT CASE WHEN users.id < ? THEN ? ELSE ? END FROM users
        -- postgresql
        SELECT CASE WHEN users.id < $1 THEN $2 ELSE $3 END FROM users
    "#]],
    );
    check(
        select(func::case(User.id.lt(1), "a").when(User.id.lt(2), "b").when(User.active, "c").otherwise(User.name)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT CASE WHEN users.id < ? THEN ? WHEN users.id < ? THEN ? WHEN users.active THEN ? ELSE users.name END FROM users
        -- postgresql
        SELECT CASE WHEN users.id < $1 THEN $2 WHEN users.id < $3 THEN $4 WHEN users.active THEN $5 ELSE users.name END FROM users
    "#]],
    );
    check(
        select(func::case(User.id.lt(1), 1).end()),
        expect![[r#"
            -- sqlite, mariadb
            SELECT CASE WHEN users.id < ? THEN ? END FROM users
            -- postgresql
            SELECT CASE WHEN users.id < $1 THEN $2 END FROM users
            -- mysql
            SELECT CASE WHEN users.id < ? THEN CAST(? AS SIGNED) END FROM users
        "#]],
    );
    check(
        select(func::case(User.id.lt(1), User.age).otherwise(5)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT CASE WHEN users.id < ? THEN users.age ELSE ? END FROM users
        -- postgresql
        SELECT CASE WHEN users.id < $1 THEN users.age ELSE $2 END FROM users
    "#]],
    );
    check(
        select(func::case(User.id.lt(1) & User.active | User.id.gt(5), 1).end()),
        expect![[r#"
            -- sqlite, mariadb
            SELECT CASE WHEN users.id < ? AND users.active OR users.id > ? THEN ? END FROM users
            -- postgresql
            SELECT CASE WHEN users.id < $1 AND users.active OR users.id > $2 THEN $3 END FROM users
            -- mysql
            SELECT CASE WHEN users.id < ? AND users.active OR users.id > ? THEN CAST(? AS SIGNED) END FROM users
        "#]],
    );
}

#[test]
fn case_of_an_expression() {
    check(
        select(func::case_of(User.name).when("ed", 1).when("wendy", 2).otherwise(3)),
        expect![[r#"
            -- sqlite, mariadb
            SELECT CASE users.name WHEN ? THEN ? WHEN ? THEN ? ELSE ? END FROM users
            -- postgresql
            SELECT CASE users.name WHEN $1 THEN $2 WHEN $3 THEN $4 ELSE $5 END FROM users
            -- mysql
            SELECT CASE users.name WHEN ? THEN CAST(? AS SIGNED) WHEN ? THEN CAST(? AS SIGNED) ELSE CAST(? AS SIGNED) END FROM users
        "#]],
    );
    check(
        select(func::case_of(User.id + 1).when(2, "two").end()),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT CASE users.id + ? WHEN ? THEN ? END FROM users
        -- postgresql
        SELECT CASE users.id + $1 WHEN $2 THEN $3 END FROM users
    "#]],
    );
    check(
        select(func::case_of(User.age).when(7, User.name).otherwise("?")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT CASE users.age WHEN ? THEN users.name ELSE ? END FROM users
        -- postgresql
        SELECT CASE users.age WHEN $1 THEN users.name ELSE $2 END FROM users
    "#]],
    );
}

#[test]
fn case_stands_where_a_value_stands() {
    check(
        select(User.id).filter(func::case(User.active, 1).otherwise(2).eq(1)),
        expect![[r#"
            -- sqlite, mariadb
            SELECT users.id FROM users WHERE CASE WHEN users.active THEN ? ELSE ? END = ?
            -- postgresql
            SELECT users.id FROM users WHERE CASE WHEN users.active THEN $1 ELSE $2 END = $3
            -- mysql
            SELECT users.id FROM users WHERE CASE WHEN users.active THEN CAST(? AS SIGNED) ELSE CAST(? AS SIGNED) END = ?
        "#]],
    );
    check(
        select(User.id).order_by(func::case(User.name.eq("ed"), 0).otherwise(1)),
        expect![[r#"
            -- sqlite, mariadb
            SELECT users.id FROM users ORDER BY CASE WHEN users.name = ? THEN ? ELSE ? END
            -- postgresql
            SELECT users.id FROM users ORDER BY CASE WHEN users.name = $1 THEN $2 ELSE $3 END
            -- mysql
            SELECT users.id FROM users ORDER BY CASE WHEN users.name = ? THEN CAST(? AS SIGNED) ELSE CAST(? AS SIGNED) END
        "#]],
    );
    check(
        select(func::case(User.active, 1).otherwise(2) + 1),
        expect![[r#"
            -- sqlite, mariadb
            SELECT CASE WHEN users.active THEN ? ELSE ? END + ? FROM users
            -- postgresql
            SELECT CASE WHEN users.active THEN $1 ELSE $2 END + $3 FROM users
            -- mysql
            SELECT CASE WHEN users.active THEN CAST(? AS SIGNED) ELSE CAST(? AS SIGNED) END + ? FROM users
        "#]],
    );
    check(
        select(func::sum(func::case(User.active, 1).otherwise(0))),
        expect![[r#"
            -- sqlite, mariadb
            SELECT sum(CASE WHEN users.active THEN ? ELSE ? END) FROM users
            -- postgresql
            SELECT sum(CASE WHEN users.active THEN $1 ELSE $2 END) FROM users
            -- mysql
            SELECT sum(CASE WHEN users.active THEN CAST(? AS SIGNED) ELSE CAST(? AS SIGNED) END) FROM users
        "#]],
    );
    check(
        select(func::case(User.active, func::case(User.id.gt(1), 1).otherwise(2)).otherwise(3)),
        expect![[r#"
            -- sqlite, mariadb
            SELECT CASE WHEN users.active THEN CASE WHEN users.id > ? THEN ? ELSE ? END ELSE ? END FROM users
            -- postgresql
            SELECT CASE WHEN users.active THEN CASE WHEN users.id > $1 THEN $2 ELSE $3 END ELSE $4 END FROM users
            -- mysql
            SELECT CASE WHEN users.active THEN CASE WHEN users.id > ? THEN CAST(? AS SIGNED) ELSE CAST(? AS SIGNED) END ELSE ? END FROM users
        "#]],
    );
}

#[test]
fn cast_names_the_type() {
    check(
        select(User.id.cast::<String>()),
        expect![[r#"
        -- sqlite, postgresql
        SELECT CAST(users.id AS TEXT) FROM users
        -- mysql, mariadb
        SELECT CAST(users.id AS CHAR) FROM users
    "#]],
    );
    check(
        select(User.name.cast::<i64>()),
        expect![[r#"
        -- sqlite, postgresql
        SELECT CAST(users.name AS BIGINT) FROM users
        -- mysql, mariadb
        SELECT CAST(users.name AS SIGNED) FROM users
    "#]],
    );
    check(
        select(User.name.cast::<i32>()),
        expect![[r#"
        -- sqlite, postgresql
        SELECT CAST(users.name AS INTEGER) FROM users
        -- mysql, mariadb
        SELECT CAST(users.name AS SIGNED) FROM users
    "#]],
    );
    check(
        select(User.name.cast::<i16>()),
        expect![[r#"
        -- sqlite, postgresql
        SELECT CAST(users.name AS SMALLINT) FROM users
        -- mysql, mariadb
        SELECT CAST(users.name AS SIGNED) FROM users
    "#]],
    );
    check(
        select(User.id.cast::<f64>()),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT CAST(users.id AS DOUBLE) FROM users
        -- postgresql
        SELECT CAST(users.id AS DOUBLE PRECISION) FROM users
    "#]],
    );
    check(
        select(User.id.cast::<f32>()),
        expect![[r#"
        -- sqlite, postgresql
        SELECT CAST(users.id AS REAL) FROM users
        -- mysql, mariadb
        SELECT CAST(users.id AS FLOAT) FROM users
    "#]],
    );
    check(
        select(User.id.cast::<bool>()),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT (users.id <> 0) FROM users
        -- postgresql
        SELECT CAST(users.id AS BOOLEAN) FROM users
    "#]],
    );
    check(
        select(User.name.cast::<Vec<u8>>()),
        expect![[r#"
        -- sqlite
        SELECT CAST(users.name AS BLOB) FROM users
        -- postgresql
        SELECT CAST(users.name AS BYTEA) FROM users
        -- mysql, mariadb
        SELECT CAST(users.name AS BINARY) FROM users
    "#]],
    );
    check(
        select(User.name.cast::<chrono::NaiveDate>()),
        expect![[r#"
            -- sqlite
            SELECT date_of(users.name) FROM users
            -- postgresql, mysql, mariadb
            SELECT CAST(users.name AS DATE) FROM users
        "#]],
    );
    check(
        select(User.name.cast::<chrono::NaiveDateTime>()),
        expect![[r#"
        -- sqlite
        SELECT CAST(users.name AS TEXT) FROM users
        -- postgresql
        SELECT CAST(users.name AS TIMESTAMP WITHOUT TIME ZONE) FROM users
        -- mysql, mariadb
        SELECT CAST(users.name AS DATETIME(6)) FROM users
    "#]],
    );
    check(
        select(User.name.cast::<chrono::NaiveTime>()),
        expect![[r#"
            -- sqlite
            SELECT substr(users.name, instr(users.name, ' ') + 1) FROM users
            -- postgresql
            SELECT CAST(users.name AS TIME WITHOUT TIME ZONE) FROM users
            -- mysql, mariadb
            SELECT CAST(users.name AS TIME(6)) FROM users
        "#]],
    );
    check(
        select(User.age.cast::<String>()),
        expect![[r#"
        -- sqlite, postgresql
        SELECT CAST(users.age AS TEXT) FROM users
        -- mysql, mariadb
        SELECT CAST(users.age AS CHAR) FROM users
    "#]],
    );
    check(
        select((User.id + 1).cast::<String>()),
        expect![[r#"
        -- sqlite
        SELECT CAST(users.id + ? AS TEXT) FROM users
        -- postgresql
        SELECT CAST(users.id + $1 AS TEXT) FROM users
        -- mysql, mariadb
        SELECT CAST(users.id + ? AS CHAR) FROM users
    "#]],
    );
}

#[test]
fn try_cast_is_nobodys() {
    check(
        select(User.name.try_cast::<i64>()),
        expect![[r#"
        -- sqlite
        TRY_CAST is not supported on dialect sqlite
        -- postgresql
        TRY_CAST is not supported on dialect postgresql
        -- mysql
        TRY_CAST is not supported on dialect mysql
        -- mariadb
        TRY_CAST is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn type_coerce_is_no_word() {
    check(
        select(User.id.type_coerce::<String>()),
        expect![[r#"
        -- all
        SELECT users.id FROM users
    "#]],
    );
}

#[test]
fn coalesce_and_nullif() {
    check(
        select(func::coalesce(User.fullname, "?")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT coalesce(users.fullname, ?) FROM users
        -- postgresql
        SELECT coalesce(users.fullname, $1) FROM users
    "#]],
    );
    check(
        select(func::coalesce(User.fullname, User.name)),
        expect![[r#"
        -- all
        SELECT coalesce(users.fullname, users.name) FROM users
    "#]],
    );
    check(
        select(func::first_of((User.fullname, User.fullname))),
        expect![[r#"
        -- all
        SELECT coalesce(users.fullname, users.fullname) FROM users
    "#]],
    );
    check(
        select(func::first_of((User.fullname, User.name, "x"))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT coalesce(users.fullname, users.name, ?) FROM users
        -- postgresql
        SELECT coalesce(users.fullname, users.name, $1) FROM users
    "#]],
    );
    check(
        select(func::nullif(User.name, "")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT nullif(users.name, ?) FROM users
        -- postgresql
        SELECT nullif(users.name, $1) FROM users
    "#]],
    );
    check(
        select(func::nullif(User.age, 0)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT nullif(users.age, ?) FROM users
        -- postgresql
        SELECT nullif(users.age, $1) FROM users
    "#]],
    );
}

#[test]
fn greatest_and_least() {
    check(
        select(func::greatest((User.id, 5))),
        expect![[r#"
        -- sqlite
        SELECT max(users.id, ?) FROM users
        -- postgresql
        SELECT greatest(users.id, $1) FROM users
        -- mysql, mariadb
        SELECT greatest(users.id, ?) FROM users
    "#]],
    );
    check(
        select(func::least((User.id, 5, User.id * 2))),
        expect![[r#"
        -- sqlite
        SELECT min(users.id, ?, users.id * ?) FROM users
        -- postgresql
        SELECT least(users.id, $1, users.id * $2) FROM users
        -- mysql, mariadb
        SELECT least(users.id, ?, users.id * ?) FROM users
    "#]],
    );
    check(
        select(func::greatest((User.age, 5))),
        expect![[r#"
        -- sqlite
        SELECT max(users.age, ?) FROM users
        -- postgresql
        SELECT greatest(users.age, $1) FROM users
        -- mysql, mariadb
        SELECT greatest(users.age, ?) FROM users
    "#]],
    );
}
