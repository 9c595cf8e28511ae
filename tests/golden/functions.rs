//! Functions, CASE, CAST, window functions.

use expect_test::expect;
use orm::prelude::*;
use orm::schema::Sequence;

use crate::support::{User, check};

#[test]
fn count_of_a_column() {
    check(
        select(func::count(User.id)),
        expect![[r#"
        -- all
        SELECT count(users.id) FROM users
    "#]],
    );
}

#[test]
fn the_next_value_of_a_sequence() {
    check(
        select(func::next_value("numbers")),
        expect![[r#"
        -- sqlite
        the sequence `numbers` is not supported on dialect sqlite
        -- postgresql
        SELECT nextval('numbers')
        -- mysql
        the sequence `numbers` is not supported on dialect mysql
        -- mariadb
        SELECT NEXT VALUE FOR numbers
    "#]],
    );
    check(
        select(Sequence::new("Odd \"Numbers\"").schema("shop").next_value()),
        expect![[r#"
        -- sqlite
        the sequence `Odd "Numbers"` is not supported on dialect sqlite
        -- postgresql
        SELECT nextval('shop."Odd ""Numbers"""')
        -- mysql
        the sequence `Odd "Numbers"` is not supported on dialect mysql
        -- mariadb
        SELECT NEXT VALUE FOR shop.`Odd "Numbers"`
    "#]],
    );
    check(
        insert(User).set(User.name, "ed").set(User.id, func::next_value("numbers")),
        expect![[r#"
        -- sqlite
        the sequence `numbers` is not supported on dialect sqlite
        -- postgresql
        INSERT INTO users (name, id) VALUES ($1, nextval('numbers'))
        -- mysql
        the sequence `numbers` is not supported on dialect mysql
        -- mariadb
        INSERT INTO users (name, id) VALUES (?, NEXT VALUE FOR numbers)
    "#]],
    );
    check(
        update(User).set(User.id, func::next_value("numbers") + 1),
        expect![[r#"
        -- sqlite
        the sequence `numbers` is not supported on dialect sqlite
        -- postgresql
        UPDATE users SET id = nextval('numbers') + $1
        -- mysql
        the sequence `numbers` is not supported on dialect mysql
        -- mariadb
        UPDATE users SET id = NEXT VALUE FOR numbers + ?
    "#]],
    );
}

#[test]
fn dates_and_times_of_the_place() {
    check(
        select(func::localtime::<chrono::NaiveTime>()),
        expect![[r#"
            -- sqlite
            SELECT replace(strftime('%H:%M:%f000', 'now', 'localtime'), '.000000', '')
            -- postgresql
            SELECT LOCALTIME
            -- mysql, mariadb
            SELECT CURRENT_TIME(6)
        "#]],
    );
    check(
        select(func::localtimestamp::<chrono::NaiveDateTime>()),
        expect![[r#"
            -- sqlite
            SELECT replace(strftime('%Y-%m-%d %H:%M:%f000', 'now', 'localtime'), '.000000', '')
            -- postgresql
            SELECT LOCALTIMESTAMP
            -- mysql, mariadb
            SELECT LOCALTIMESTAMP(6)
        "#]],
    );
    check(
        select(func::sysdate::<chrono::NaiveDateTime>()),
        expect![[r#"
        -- sqlite
        SYSDATE is not supported on dialect sqlite
        -- postgresql
        SELECT clock_timestamp()
        -- mysql, mariadb
        SELECT SYSDATE(6)
    "#]],
    );
}

#[test]
fn who_has_connected() {
    check(
        select((func::session_user(), func::current_user())),
        expect![[r#"
        -- sqlite
        SESSION_USER is not supported on dialect sqlite
        -- postgresql
        SELECT CAST(SESSION_USER AS TEXT), CAST(CURRENT_USER AS TEXT)
        -- mysql, mariadb
        SELECT SESSION_USER(), CURRENT_USER()
    "#]],
    );
}

#[test]
fn a_function_may_stand_in_a_package() {
    let name: orm::Expr<i64> = func::custom("schema_a.package_b.count_them", (User.id, User.name));
    check(
        select(name),
        expect![[r#"
        -- all
        SELECT schema_a.package_b.count_them(users.id, users.name) FROM users
    "#]],
    );
}

#[test]
fn a_filtered_aggregate_looks_at_a_window() {
    check(
        select(func::count(User.id).filter(User.active).over(orm::window().partition_by(User.name).order_by(User.id))),
        expect![[r#"
            -- sqlite, postgresql
            SELECT count(users.id) FILTER (WHERE users.active) OVER (PARTITION BY users.name ORDER BY users.id) FROM users
            -- mysql, mariadb
            SELECT count(CASE WHEN users.active THEN users.id END) OVER (PARTITION BY users.name ORDER BY users.id) FROM users
        "#]],
    );
    check(
        select(func::count(User.id).filter(User.active & User.age.gt(3)).label("n")),
        expect![[r#"
        -- sqlite
        SELECT count(users.id) FILTER (WHERE users.active AND users.age > ?) AS n FROM users
        -- postgresql
        SELECT count(users.id) FILTER (WHERE users.active AND users.age > $1) AS n FROM users
        -- mysql, mariadb
        SELECT count(CASE WHEN users.active AND users.age > ? THEN users.id END) AS n FROM users
    "#]],
    );
}

#[test]
fn functions_stand_in_every_clause() {
    check(
        select(func::count(User.id))
            .filter(func::lower(User.name).eq("ed"))
            .group_by(func::lower(User.name))
            .having(func::count(User.id).gt(1))
            .order_by(func::lower(User.name)),
        expect![[r#"
            -- sqlite, mysql, mariadb
            SELECT count(users.id) FROM users WHERE lower(users.name) = ? GROUP BY lower(users.name) HAVING count(users.id) > ? ORDER BY lower(users.name)
            -- postgresql
            SELECT count(users.id) FROM users WHERE lower(users.name) = $1 GROUP BY lower(users.name) HAVING count(users.id) > $2 ORDER BY lower(users.name)
        "#]],
    );
}
