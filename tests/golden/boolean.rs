//! AND, OR, NOT, TRUE and FALSE, and the parentheses between them.

use expect_test::expect;
use orm::prelude::*;
use orm::{Expr, literal};

use crate::support::{User, check};

#[test]
fn and_binds_more_tightly_than_or() {
    check(
        select(User.id).filter(User.id.eq(1) | User.id.eq(2) & User.id.eq(3)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id = ? OR users.id = ? AND users.id = ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id = $1 OR users.id = $2 AND users.id = $3
    "#]],
    );
    check(
        select(User.id).filter((User.id.eq(1) | User.id.eq(2)) & User.id.eq(3)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE (users.id = ? OR users.id = ?) AND users.id = ?
        -- postgresql
        SELECT users.id FROM users WHERE (users.id = $1 OR users.id = $2) AND users.id = $3
    "#]],
    );
    check(
        select(User.id).filter(User.id.eq(1) & (User.id.eq(2) | User.id.eq(3))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id = ? AND (users.id = ? OR users.id = ?)
        -- postgresql
        SELECT users.id FROM users WHERE users.id = $1 AND (users.id = $2 OR users.id = $3)
    "#]],
    );
    check(
        select(User.id).filter((User.id.eq(1) & User.id.eq(2)) | User.id.eq(3)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id = ? AND users.id = ? OR users.id = ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id = $1 AND users.id = $2 OR users.id = $3
    "#]],
    );
}

#[test]
fn a_chain_of_the_same_is_flat() {
    check(
        select(User.id).filter(User.id.eq(1) & User.id.eq(2) & User.id.eq(3)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id = ? AND users.id = ? AND users.id = ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id = $1 AND users.id = $2 AND users.id = $3
    "#]],
    );
    check(
        select(User.id).filter(User.id.eq(1) & (User.id.eq(2) & User.id.eq(3))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id = ? AND users.id = ? AND users.id = ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id = $1 AND users.id = $2 AND users.id = $3
    "#]],
    );
    check(
        select(User.id).filter(User.id.eq(1) | User.id.eq(2) | User.id.eq(3)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id = ? OR users.id = ? OR users.id = ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id = $1 OR users.id = $2 OR users.id = $3
    "#]],
    );
    check(
        select(User.id).filter((User.id.eq(1) | User.id.eq(2)) | (User.id.eq(3) | User.id.eq(4))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id = ? OR users.id = ? OR users.id = ? OR users.id = ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id = $1 OR users.id = $2 OR users.id = $3 OR users.id = $4
    "#]],
    );
}

#[test]
fn not_binds_more_tightly_than_and() {
    check(
        select(User.id).filter(!User.active & User.id.eq(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE NOT users.active AND users.id = ?
        -- postgresql
        SELECT users.id FROM users WHERE NOT users.active AND users.id = $1
    "#]],
    );
    check(
        select(User.id).filter(!(User.active & User.id.eq(1))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE NOT (users.active AND users.id = ?)
        -- postgresql
        SELECT users.id FROM users WHERE NOT (users.active AND users.id = $1)
    "#]],
    );
    check(
        select(User.id).filter(!User.active | User.id.eq(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE NOT users.active OR users.id = ?
        -- postgresql
        SELECT users.id FROM users WHERE NOT users.active OR users.id = $1
    "#]],
    );
    check(
        select(User.id).filter(!User.name.like("e%")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.name NOT LIKE ?
        -- postgresql
        SELECT users.id FROM users WHERE users.name NOT LIKE $1
    "#]],
    );
    check(
        select(User.id).filter(!User.active),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE NOT users.active
    "#]],
    );
    check(
        select(User.id).filter(!!User.active),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE users.active
    "#]],
    );
}

#[test]
fn a_condition_is_a_value() {
    check(
        select(User.id.gt(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id > ? FROM users
        -- postgresql
        SELECT users.id > $1 FROM users
    "#]],
    );
    check(
        select(User.age.gt(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.age > ? FROM users
        -- postgresql
        SELECT users.age > $1 FROM users
    "#]],
    );
    check(
        select((User.id.gt(1)).eq(true)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT (users.id > ?) = ? FROM users
        -- postgresql
        SELECT (users.id > $1) = $2 FROM users
    "#]],
    );
    check(
        select(User.active.eq(User.id.gt(3))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.active = (users.id > ?) FROM users
        -- postgresql
        SELECT users.active = (users.id > $1) FROM users
    "#]],
    );
    check(
        select((User.id.gt(1) & User.active).eq(User.name.eq("x"))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT (users.id > ? AND users.active) = (users.name = ?) FROM users
        -- postgresql
        SELECT (users.id > $1 AND users.active) = (users.name = $2) FROM users
    "#]],
    );
    check(
        select((!User.active).eq(false)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT (NOT users.active) = ? FROM users
        -- postgresql
        SELECT (NOT users.active) = $1 FROM users
    "#]],
    );
    check(
        select(User.id.eq(1).is_null()),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT (users.id = ?) IS NULL FROM users
        -- postgresql
        SELECT (users.id = $1) IS NULL FROM users
    "#]],
    );
    check(
        select((User.id.eq(1) | User.active).is_not_null()),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT (users.id = ? OR users.active) IS NOT NULL FROM users
        -- postgresql
        SELECT (users.id = $1 OR users.active) IS NOT NULL FROM users
    "#]],
    );
    check(
        select(User.id.gt(1).in_([true, false])),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT (users.id > ?) IN (?, ?) FROM users
        -- postgresql
        SELECT (users.id > $1) IN ($2, $3) FROM users
    "#]],
    );
}

#[test]
fn true_and_false_are_words() {
    check(
        select(Expr::TRUE),
        expect![[r#"
        -- all
        SELECT TRUE
    "#]],
    );
    check(
        select(Expr::FALSE),
        expect![[r#"
        -- all
        SELECT FALSE
    "#]],
    );
    check(
        select(User.id).filter(Expr::TRUE),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE TRUE
    "#]],
    );
    check(
        select(User.id).filter(!Expr::TRUE),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE FALSE
    "#]],
    );
    check(
        select(literal(true)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT ?
        -- postgresql
        SELECT $1
    "#]],
    );
}

#[test]
fn true_and_false_vanish_beside_others() {
    check(
        select(User.id).filter(Expr::TRUE & User.id.eq(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id = ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id = $1
    "#]],
    );
    check(
        select(User.id).filter(Expr::FALSE | User.id.eq(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id = ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id = $1
    "#]],
    );
    check(
        select(User.id).filter(User.id.eq(1) & Expr::FALSE),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE FALSE
    "#]],
    );
    check(
        select(User.id).filter(User.id.eq(1) | Expr::TRUE),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE TRUE
    "#]],
    );
}

#[test]
fn all_and_any_take_a_list() {
    check(
        select(User.id).filter(func::all([User.id.eq(1), User.id.gt(2)])),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id = ? AND users.id > ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id = $1 AND users.id > $2
    "#]],
    );
    check(
        select(User.id).filter(func::any([User.id.eq(1), User.id.gt(2)])),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id = ? OR users.id > ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id = $1 OR users.id > $2
    "#]],
    );
    check(
        select(User.id).filter(func::all(Vec::<Expr<bool>>::new())),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE TRUE
    "#]],
    );
    check(
        select(User.id).filter(func::any(Vec::<Expr<bool>>::new())),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE FALSE
    "#]],
    );
    check(
        select(User.id).filter(func::any((1..4).map(|n| User.id.eq(n))) & User.active),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE (users.id = ? OR users.id = ? OR users.id = ?) AND users.active
        -- postgresql
        SELECT users.id FROM users WHERE (users.id = $1 OR users.id = $2 OR users.id = $3) AND users.active
    "#]],
    );
}

#[test]
fn filters_are_joined_by_and() {
    check(
        select(User.id).filter(User.id.eq(1)).filter(User.id.eq(2) | User.id.eq(3)).filter(User.active),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id = ? AND (users.id = ? OR users.id = ?) AND users.active
        -- postgresql
        SELECT users.id FROM users WHERE users.id = $1 AND (users.id = $2 OR users.id = $3) AND users.active
    "#]],
    );
    check(
        select(User.id).filter(User.id.eq(1) & User.active).filter(User.name.eq("x")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id = ? AND users.active AND users.name = ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id = $1 AND users.active AND users.name = $2
    "#]],
    );
}

#[test]
fn null_is_a_word() {
    check(
        select(func::null::<i64>()),
        expect![[r#"
        -- all
        SELECT NULL
    "#]],
    );
    check(
        select(User.id).filter(User.age.eq(func::null::<i32>())),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE users.age IS NULL
    "#]],
    );
}
