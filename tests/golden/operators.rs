//! Comparisons, arithmetic, AND and OR, and the parentheses between them.

use expect_test::expect;
use orm::prelude::*;
use orm::tuple;

use crate::support::{Address, User, check};

#[test]
fn or_inside_and_gets_parentheses() {
    check(
        select(User.id).filter((User.name.eq("ed") | User.name.eq("wendy")) & User.id.gt(10)),
        expect![[r#"
            -- sqlite, mysql, mariadb
            SELECT users.id FROM users WHERE (users.name = ? OR users.name = ?) AND users.id > ?
            -- postgresql
            SELECT users.id FROM users WHERE (users.name = $1 OR users.name = $2) AND users.id > $3
        "#]],
    );
}

#[test]
fn not_goes_into_what_it_negates() {
    check(
        select(User.id).filter(!(User.id.eq(1))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id <> ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id <> $1
    "#]],
    );
    check(
        select(User.id).filter(!(User.id.eq(1) & User.name.eq("a"))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE NOT (users.id = ? AND users.name = ?)
        -- postgresql
        SELECT users.id FROM users WHERE NOT (users.id = $1 AND users.name = $2)
    "#]],
    );
    check(
        select(User.id).filter(!(User.id.eq(1) | User.name.eq("a"))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE NOT (users.id = ? OR users.name = ?)
        -- postgresql
        SELECT users.id FROM users WHERE NOT (users.id = $1 OR users.name = $2)
    "#]],
    );
    check(
        select(User.id).filter(!!User.active),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE users.active
    "#]],
    );
    check(
        select(User.id).filter(!(User.id.between(1, 2))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id NOT BETWEEN ? AND ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id NOT BETWEEN $1 AND $2
    "#]],
    );
    check(
        select(User.id).filter(!(User.id.in_([1, 2])) & !(User.name.like("a")) & !(User.fullname.is_null())),
        expect![[r#"
            -- sqlite, mysql, mariadb
            SELECT users.id FROM users WHERE users.id NOT IN (?, ?) AND users.name NOT LIKE ? AND users.fullname IS NOT NULL
            -- postgresql
            SELECT users.id FROM users WHERE users.id NOT IN ($1, $2) AND users.name NOT LIKE $3 AND users.fullname IS NOT NULL
        "#]],
    );
    check(
        select(User.id).filter(!(User.id + 1).eq(2)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id + ? <> ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id + $1 <> $2
    "#]],
    );
}

#[test]
fn what_binds_more_tightly_needs_no_parentheses() {
    check(
        select(User.id).filter((User.id + 1).between(User.id * 2, User.id - 3)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id + ? BETWEEN users.id * ? AND users.id - ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id + $1 BETWEEN users.id * $2 AND users.id - $3
    "#]],
    );
    check(
        select(User.id).filter((User.id.eq(1) & User.active) | (User.id.eq(2) & !User.active)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id = ? AND users.active OR users.id = ? AND NOT users.active
        -- postgresql
        SELECT users.id FROM users WHERE users.id = $1 AND users.active OR users.id = $2 AND NOT users.active
    "#]],
    );
    check(
        select(User.id).filter(User.name.concat("x").like("a%") & User.name.concat("x").is_distinct_from("b")),
        expect![[r#"
            -- sqlite
            SELECT users.id FROM users WHERE users.name || ? LIKE ? AND users.name || ? IS NOT ?
            -- postgresql
            SELECT users.id FROM users WHERE users.name || $1 LIKE $2 AND users.name || $3 IS DISTINCT FROM $4
            -- mysql, mariadb
            SELECT users.id FROM users WHERE concat(users.name, ?) LIKE ? AND NOT (concat(users.name, ?) <=> ?)
        "#]],
    );
    check(
        select(User.id).filter(User.age.is_null().eq(User.active)),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE (users.age IS NULL) = users.active
    "#]],
    );
    check(
        select(-(User.id + 1) * 2 - (User.id - (User.id - 1))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT -(users.id + ?) * ? - (users.id - (users.id - ?)) FROM users
        -- postgresql
        SELECT -(users.id + $1) * $2 - (users.id - (users.id - $3)) FROM users
    "#]],
    );
}

#[test]
fn some_column_is_in_a_list_of_columns() {
    check(
        select(User.id).filter(User.id.in_(select(Address.user_id)) & User.name.in_([User.fullname])),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE users.id IN (SELECT addresses.user_id FROM addresses) AND users.name IN (users.fullname)
    "#]],
    );
    check(
        select(User.id).filter(tuple((User.id, User.name)).in_([(1, "a"), (2, "b")])),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE (users.id, users.name) IN ((?, ?), (?, ?))
        -- postgresql
        SELECT users.id FROM users WHERE (users.id, users.name) IN (($1, $2), ($3, $4))
    "#]],
    );
    check(
        select(User.id).filter(tuple((User.id, User.name)).in_(select((Address.user_id, Address.email)))),
        expect![[r#"
            -- all
            SELECT users.id FROM users WHERE (users.id, users.name) IN (SELECT addresses.user_id, addresses.email FROM addresses)
        "#]],
    );
}
