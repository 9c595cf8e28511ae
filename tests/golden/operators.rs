//! Comparisons, arithmetic, AND and OR, and the parentheses between them.

use expect_test::expect;
use orm::prelude::*;
use orm::{CustomOperator, Precedence, literal, tuple};

use crate::support::{Address, Number, User, check};

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

// ------------------------------------------------------------------------------------------ operators of one's own

#[test]
fn an_operator_of_ones_own_binds_as_it_says() {
    let at = |precedence| CustomOperator::new("DIV").precedence(precedence);
    let product = || Number.int.op::<i64>(at(Precedence::Product), Number.big);
    check(
        select((
            product() + 1,
            Number.big * product(),
            product() * Number.big,
            (Number.int + 1).op::<i64>(at(Precedence::Product), Number.big + 1),
            product().op::<i64>(at(Precedence::Product), product()),
            -product(),
        )),
        expect![[r#"
            -- sqlite
            SELECT numbers.int DIV numbers.big + ?, numbers.big * (numbers.int DIV numbers.big), numbers.int DIV numbers.big * numbers.big, (numbers.int + ?) DIV (numbers.big + ?), numbers.int DIV numbers.big DIV (numbers.int DIV numbers.big), -(numbers.int DIV numbers.big) FROM numbers
            -- postgresql
            SELECT numbers.int DIV numbers.big + $1, numbers.big * (numbers.int DIV numbers.big), numbers.int DIV numbers.big * numbers.big, (numbers.int + $2) DIV (numbers.big + $3), numbers.int DIV numbers.big DIV (numbers.int DIV numbers.big), -(numbers.int DIV numbers.big) FROM numbers
            -- mysql, mariadb
            SELECT numbers.`int` DIV numbers.big + ?, numbers.big * (numbers.`int` DIV numbers.big), numbers.`int` DIV numbers.big * numbers.big, (numbers.`int` + ?) DIV (numbers.big + ?), numbers.`int` DIV numbers.big DIV (numbers.`int` DIV numbers.big), -(numbers.`int` DIV numbers.big) FROM numbers
        "#]],
    );
    let sum = || Number.int.op::<i64>(at(Precedence::Sum), Number.big);
    check(
        select((sum() + 1, sum() * 2, (Number.int * 2).op::<i64>(at(Precedence::Sum), sum()))),
        expect![[r#"
        -- sqlite
        SELECT numbers.int DIV numbers.big + ?, (numbers.int DIV numbers.big) * ?, numbers.int * ? DIV (numbers.int DIV numbers.big) FROM numbers
        -- postgresql
        SELECT numbers.int DIV numbers.big + $1, (numbers.int DIV numbers.big) * $2, numbers.int * $3 DIV (numbers.int DIV numbers.big) FROM numbers
        -- mysql, mariadb
        SELECT numbers.`int` DIV numbers.big + ?, (numbers.`int` DIV numbers.big) * ?, numbers.`int` * ? DIV (numbers.`int` DIV numbers.big) FROM numbers
    "#]],
    );
    let comparison = || Number.int.op::<bool>(at(Precedence::Comparison), Number.big + 1);
    check(
        select(Number.id).filter(comparison() & !comparison() & comparison().eq(true)),
        expect![[r#"
        -- sqlite
        SELECT numbers.id FROM numbers WHERE numbers.int DIV numbers.big + ? AND NOT numbers.int DIV numbers.big + ? AND (numbers.int DIV numbers.big + ?) = ?
        -- postgresql
        SELECT numbers.id FROM numbers WHERE numbers.int DIV numbers.big + $1 AND NOT numbers.int DIV numbers.big + $2 AND (numbers.int DIV numbers.big + $3) = $4
        -- mysql, mariadb
        SELECT numbers.id FROM numbers WHERE numbers.`int` DIV numbers.big + ? AND NOT numbers.`int` DIV numbers.big + ? AND (numbers.`int` DIV numbers.big + ?) = ?
    "#]],
    );
    let and = || Number.int.gt(1).op::<bool>(CustomOperator::new("XAND").precedence(Precedence::And), Number.big.gt(2));
    check(
        select(Number.id).filter((and() | and()) & and()),
        expect![[r#"
        -- sqlite
        SELECT numbers.id FROM numbers WHERE (numbers.int > ? XAND numbers.big > ? OR numbers.int > ? XAND numbers.big > ?) AND (numbers.int > ? XAND numbers.big > ?)
        -- postgresql
        SELECT numbers.id FROM numbers WHERE (numbers.int > $1 XAND numbers.big > $2 OR numbers.int > $3 XAND numbers.big > $4) AND (numbers.int > $5 XAND numbers.big > $6)
        -- mysql, mariadb
        SELECT numbers.id FROM numbers WHERE (numbers.`int` > ? XAND numbers.big > ? OR numbers.`int` > ? XAND numbers.big > ?) AND (numbers.`int` > ? XAND numbers.big > ?)
    "#]],
    );
    let or = || Number.int.gt(1).bool_op(CustomOperator::new("XOR").precedence(Precedence::Or), and());
    check(
        select(Number.id).filter((or() | and()) & or()),
        expect![[r#"
        -- sqlite
        SELECT numbers.id FROM numbers WHERE ((numbers.int > ? XOR numbers.int > ? XAND numbers.big > ?) OR numbers.int > ? XAND numbers.big > ?) AND (numbers.int > ? XOR numbers.int > ? XAND numbers.big > ?)
        -- postgresql
        SELECT numbers.id FROM numbers WHERE ((numbers.int > $1 XOR numbers.int > $2 XAND numbers.big > $3) OR numbers.int > $4 XAND numbers.big > $5) AND (numbers.int > $6 XOR numbers.int > $7 XAND numbers.big > $8)
        -- mysql, mariadb
        SELECT numbers.id FROM numbers WHERE ((numbers.`int` > ? XOR numbers.`int` > ? XAND numbers.big > ?) OR numbers.`int` > ? XAND numbers.big > ?) AND (numbers.`int` > ? XOR numbers.`int` > ? XAND numbers.big > ?)
    "#]],
    );
    let plain = || Number.int.op::<i64>("#", Number.big + 1);
    check(
        select((plain() + 1, plain().op::<i64>("#", plain()), plain().gt(1))),
        expect![[r#"
        -- sqlite
        SELECT (numbers.int # (numbers.big + ?)) + ?, (numbers.int # (numbers.big + ?)) # (numbers.int # (numbers.big + ?)), numbers.int # (numbers.big + ?) > ? FROM numbers
        -- postgresql
        SELECT (numbers.int # (numbers.big + $1)) + $2, (numbers.int # (numbers.big + $3)) # (numbers.int # (numbers.big + $4)), numbers.int # (numbers.big + $5) > $6 FROM numbers
        -- mysql, mariadb
        SELECT (numbers.`int` # (numbers.big + ?)) + ?, (numbers.`int` # (numbers.big + ?)) # (numbers.`int` # (numbers.big + ?)), numbers.`int` # (numbers.big + ?) > ? FROM numbers
    "#]],
    );
}

#[test]
fn an_operator_of_ones_own_may_compare() {
    let near = || CustomOperator::new("~~").is_comparison();
    check(
        select(User.id).filter(User.name.op::<bool>(near(), User.fullname) & !User.name.bool_op("~~", "x")),
        expect![[r#"
            -- sqlite, mysql, mariadb
            SELECT users.id FROM users WHERE users.name ~~ users.fullname AND NOT users.name ~~ ?
            -- postgresql
            SELECT users.id FROM users WHERE users.name ~~ users.fullname AND NOT users.name ~~ $1
        "#]],
    );
}

#[test]
fn a_function_may_compare_two_of_its_arguments() {
    let close = || func::custom::<bool>("close", (User.id, Address.user_id, literal(3i64)));
    check(
        select((User.id, Address.id)).filter(close().as_comparison(1, 2) & User.active),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id, addresses.id FROM users, addresses WHERE close(users.id, addresses.user_id, ?) AND users.active
        -- postgresql
        SELECT users.id, addresses.id FROM users, addresses WHERE close(users.id, addresses.user_id, $1) AND users.active
    "#]],
    );
    check(
        select(User.id).join_on(Address, close().as_comparison(1, 2).eq(true)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users JOIN addresses ON close(users.id, addresses.user_id, ?) = ?
        -- postgresql
        SELECT users.id FROM users JOIN addresses ON close(users.id, addresses.user_id, $1) = $2
    "#]],
    );
    check(
        select(close().as_comparison(2, 1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT close(users.id, addresses.user_id, ?) FROM users, addresses
        -- postgresql
        SELECT close(users.id, addresses.user_id, $1) FROM users, addresses
    "#]],
    );
}

#[test]
fn only_a_function_compares_its_arguments() {
    check(
        select(User.id).filter(func::custom::<bool>("close", (User.id, User.age)).as_comparison(1, 3)),
        expect![[r#"
            -- all
            `as_comparison` names argument 3 of a function that has 2
            hint: arguments of a function are counted from 1
        "#]],
    );
    check(
        select(User.id).filter(func::custom::<bool>("close", (User.id,)).as_comparison(0, 1)),
        expect![[r#"
        -- all
        `as_comparison` names argument 0 of a function that has 1
        hint: arguments of a function are counted from 1
    "#]],
    );
    check(
        select(User.id).filter(User.id.gt(1).as_comparison(1, 2)),
        expect![[r#"
        -- all
        `as_comparison` names argument 1 of a function that has 0
        hint: arguments of a function are counted from 1
    "#]],
    );
}
