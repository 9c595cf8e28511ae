//! Comparisons, NULL, BETWEEN, IN, tuples, subqueries with ANY and ALL.

use expect_test::expect;
use orm::prelude::*;
use orm::tuple;

use crate::support::{Address, Number, User, check};

#[test]
fn every_comparison_has_its_operator() {
    check(
        select(User.id).filter(User.id.eq(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id = ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id = $1
    "#]],
    );
    check(
        select(User.id).filter(User.id.ne(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id <> ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id <> $1
    "#]],
    );
    check(
        select(User.id).filter(User.id.lt(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id < ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id < $1
    "#]],
    );
    check(
        select(User.id).filter(User.id.le(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id <= ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id <= $1
    "#]],
    );
    check(
        select(User.id).filter(User.id.gt(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id > ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id > $1
    "#]],
    );
    check(
        select(User.id).filter(User.id.ge(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id >= ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id >= $1
    "#]],
    );
}

#[test]
fn a_column_is_compared_with_a_column() {
    check(
        select(User.id).filter(User.id.eq(User.age.cast::<i64>())),
        expect![[r#"
        -- sqlite, postgresql
        SELECT users.id FROM users WHERE users.id = CAST(users.age AS BIGINT)
        -- mysql, mariadb
        SELECT users.id FROM users WHERE users.id = CAST(users.age AS SIGNED)
    "#]],
    );
    check(
        select(User.id).join(User.addresses).filter(Address.email.eq(User.name)),
        expect![[r#"
        -- all
        SELECT users.id FROM users JOIN addresses ON users.id = addresses.user_id WHERE addresses.email = users.name
    "#]],
    );
}

#[test]
fn the_value_none_is_is_null() {
    check(
        select(User.id).filter(User.fullname.eq(None)),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE users.fullname IS NULL
    "#]],
    );
    check(
        select(User.id).filter(User.fullname.ne(None)),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE users.fullname IS NOT NULL
    "#]],
    );
    check(
        select(User.id).filter(User.fullname.is_null()),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE users.fullname IS NULL
    "#]],
    );
    check(
        select(User.id).filter(User.fullname.is_not_null()),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE users.fullname IS NOT NULL
    "#]],
    );
    check(
        select(User.id).filter(!User.fullname.is_null()),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE users.fullname IS NOT NULL
    "#]],
    );
}

#[test]
fn null_is_a_value_to_is_distinct_from() {
    check(
        select(User.id).filter(User.fullname.is_distinct_from("x")),
        expect![[r#"
        -- sqlite
        SELECT users.id FROM users WHERE users.fullname IS NOT ?
        -- postgresql
        SELECT users.id FROM users WHERE users.fullname IS DISTINCT FROM $1
        -- mysql, mariadb
        SELECT users.id FROM users WHERE NOT (users.fullname <=> ?)
    "#]],
    );
    check(
        select(User.id).filter(User.fullname.is_not_distinct_from("x")),
        expect![[r#"
        -- sqlite
        SELECT users.id FROM users WHERE users.fullname IS ?
        -- postgresql
        SELECT users.id FROM users WHERE users.fullname IS NOT DISTINCT FROM $1
        -- mysql, mariadb
        SELECT users.id FROM users WHERE users.fullname <=> ?
    "#]],
    );
    check(
        select(User.id).filter(User.fullname.is_distinct_from(None)),
        expect![[r#"
        -- sqlite
        SELECT users.id FROM users WHERE users.fullname IS NOT ?
        -- postgresql
        SELECT users.id FROM users WHERE users.fullname IS DISTINCT FROM $1
        -- mysql, mariadb
        SELECT users.id FROM users WHERE NOT (users.fullname <=> ?)
    "#]],
    );
    check(
        select(User.id).filter(!User.fullname.is_distinct_from(User.name)),
        expect![[r#"
        -- sqlite
        SELECT users.id FROM users WHERE users.fullname IS users.name
        -- postgresql
        SELECT users.id FROM users WHERE users.fullname IS NOT DISTINCT FROM users.name
        -- mysql, mariadb
        SELECT users.id FROM users WHERE users.fullname <=> users.name
    "#]],
    );
}

#[test]
fn is_distinct_from_stands_inside_of_others() {
    check(
        select(User.id).filter(User.fullname.is_distinct_from("x") & User.id.gt(1)),
        expect![[r#"
        -- sqlite
        SELECT users.id FROM users WHERE users.fullname IS NOT ? AND users.id > ?
        -- postgresql
        SELECT users.id FROM users WHERE users.fullname IS DISTINCT FROM $1 AND users.id > $2
        -- mysql, mariadb
        SELECT users.id FROM users WHERE NOT (users.fullname <=> ?) AND users.id > ?
    "#]],
    );
    check(
        select(User.id).filter(User.fullname.is_distinct_from("x").eq(true)),
        expect![[r#"
        -- sqlite
        SELECT users.id FROM users WHERE (users.fullname IS NOT ?) = ?
        -- postgresql
        SELECT users.id FROM users WHERE (users.fullname IS DISTINCT FROM $1) = $2
        -- mysql, mariadb
        SELECT users.id FROM users WHERE (NOT (users.fullname <=> ?)) = ?
    "#]],
    );
    check(
        select(User.fullname.is_not_distinct_from(User.name)),
        expect![[r#"
        -- sqlite
        SELECT users.fullname IS users.name FROM users
        -- postgresql
        SELECT users.fullname IS NOT DISTINCT FROM users.name FROM users
        -- mysql, mariadb
        SELECT users.fullname <=> users.name FROM users
    "#]],
    );
}

#[test]
fn not_turns_a_comparison_round() {
    check(
        select(User.id).filter(!User.id.eq(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id <> ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id <> $1
    "#]],
    );
    check(
        select(User.id).filter(!User.id.lt(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id >= ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id >= $1
    "#]],
    );
    check(
        select(User.id).filter(!User.id.ge(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id < ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id < $1
    "#]],
    );
    check(
        select(User.id).filter(!!User.id.eq(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id = ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id = $1
    "#]],
    );
    check(
        select(User.id).filter(!(User.id.eq(1) & User.id.eq(2))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE NOT (users.id = ? AND users.id = ?)
        -- postgresql
        SELECT users.id FROM users WHERE NOT (users.id = $1 AND users.id = $2)
    "#]],
    );
    check(
        select(User.id).filter(!(User.id.eq(1) | User.id.eq(2))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE NOT (users.id = ? OR users.id = ?)
        -- postgresql
        SELECT users.id FROM users WHERE NOT (users.id = $1 OR users.id = $2)
    "#]],
    );
}

#[test]
fn between_takes_both_ends() {
    check(
        select(User.id).filter(User.id.between(1, 5)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id BETWEEN ? AND ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id BETWEEN $1 AND $2
    "#]],
    );
    check(
        select(User.id).filter(!User.id.between(1, 5)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id NOT BETWEEN ? AND ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id NOT BETWEEN $1 AND $2
    "#]],
    );
    check(
        select(User.id).filter(User.id.between(User.id - 1, User.id + 1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id BETWEEN users.id - ? AND users.id + ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id BETWEEN users.id - $1 AND users.id + $2
    "#]],
    );
    check(
        select(User.id).filter(User.age.between(1, 5) & User.id.gt(2)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.age BETWEEN ? AND ? AND users.id > ?
        -- postgresql
        SELECT users.id FROM users WHERE users.age BETWEEN $1 AND $2 AND users.id > $3
    "#]],
    );
    check(
        select(User.id).filter(User.id.between_symmetric(5, 1)),
        expect![[r#"
        -- sqlite
        SELECT users.id FROM users WHERE users.id BETWEEN min(?, ?) AND max(?, ?)
        -- postgresql
        SELECT users.id FROM users WHERE users.id BETWEEN SYMMETRIC $1 AND $2
        -- mysql, mariadb
        SELECT users.id FROM users WHERE users.id BETWEEN least(?, ?) AND greatest(?, ?)
    "#]],
    );
}

#[test]
fn in_takes_a_list() {
    check(
        select(User.id).filter(User.id.in_([1])),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id IN (?)
        -- postgresql
        SELECT users.id FROM users WHERE users.id IN ($1)
    "#]],
    );
    check(
        select(User.id).filter(User.id.in_([1, 2, 3])),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id IN (?, ?, ?)
        -- postgresql
        SELECT users.id FROM users WHERE users.id IN ($1, $2, $3)
    "#]],
    );
    check(
        select(User.id).filter(User.id.not_in([1, 2, 3])),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id NOT IN (?, ?, ?)
        -- postgresql
        SELECT users.id FROM users WHERE users.id NOT IN ($1, $2, $3)
    "#]],
    );
    check(
        select(User.id).filter(!User.id.in_(vec![1, 2])),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id NOT IN (?, ?)
        -- postgresql
        SELECT users.id FROM users WHERE users.id NOT IN ($1, $2)
    "#]],
    );
    check(
        select(User.id).filter(User.name.in_(["ed", "wendy"])),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.name IN (?, ?)
        -- postgresql
        SELECT users.id FROM users WHERE users.name IN ($1, $2)
    "#]],
    );
    check(
        select(User.id).filter(User.fullname.in_([Some("ed".to_owned()), None])),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.fullname IN (?, ?)
        -- postgresql
        SELECT users.id FROM users WHERE users.fullname IN ($1, $2)
    "#]],
    );
    check(
        select(User.id).filter((User.id + 1).in_([1, 2])),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id + ? IN (?, ?)
        -- postgresql
        SELECT users.id FROM users WHERE users.id + $1 IN ($2, $3)
    "#]],
    );
    check(
        select(User.id).filter(User.id.in_([User.id + 1])),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id IN (users.id + ?)
        -- postgresql
        SELECT users.id FROM users WHERE users.id IN (users.id + $1)
    "#]],
    );
}

#[test]
fn in_of_nothing_is_false_and_not_in_true() {
    check(
        select(User.id).filter(User.id.in_(Vec::<i64>::new())),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE (users.id IN (NULL) AND (1 <> 1))
    "#]],
    );
    check(
        select(User.id).filter(User.id.not_in(Vec::<i64>::new())),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE (users.id NOT IN (NULL) OR (1 = 1))
    "#]],
    );
    check(
        select(User.id).filter(User.id.in_(Vec::<i64>::new()) | User.id.eq(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE (users.id IN (NULL) AND (1 <> 1)) OR users.id = ?
        -- postgresql
        SELECT users.id FROM users WHERE (users.id IN (NULL) AND (1 <> 1)) OR users.id = $1
    "#]],
    );
    check(
        select(User.id).filter(tuple((User.id, User.name)).in_(Vec::<(i64, &str)>::new())),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE 1 = 0
    "#]],
    );
    check(
        select(User.id).filter(tuple((User.id, User.name)).not_in(Vec::<(i64, &str)>::new())),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE 1 = 1
    "#]],
    );
}

#[test]
fn a_long_list_of_in_shares_its_text() {
    check(
        select(User.id).filter(User.id.in_(1..=8)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id IN (?, ?, ?, ?, ?, ?, ?, ?)
        -- postgresql
        SELECT users.id FROM users WHERE users.id IN ($1, $2, $3, $4, $5, $6, $7, $8)
    "#]],
    );
    check(
        select(User.id).filter(User.id.in_(1..=9)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        -- postgresql
        SELECT users.id FROM users WHERE users.id = ANY ($1)
    "#]],
    );
    check(
        select(User.id).filter(User.id.in_(1..=16)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        -- postgresql
        SELECT users.id FROM users WHERE users.id = ANY ($1)
    "#]],
    );
    check(
        select(User.id).filter(User.id.not_in(1..=17)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id NOT IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        -- postgresql
        SELECT users.id FROM users WHERE users.id <> ALL ($1)
    "#]],
    );
    check(
        select(User.id).filter(User.name.in_((0..12).map(|n| n.to_string()))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.name IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        -- postgresql
        SELECT users.id FROM users WHERE users.name = ANY ($1)
    "#]],
    );
}

#[test]
fn in_takes_a_subquery() {
    check(
        select(User.id).filter(User.id.in_(select(Address.user_id))),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE users.id IN (SELECT addresses.user_id FROM addresses)
    "#]],
    );
    check(
        select(User.id).filter(User.id.not_in(select(Address.user_id).filter(Address.email.like("%x")))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id NOT IN (SELECT addresses.user_id FROM addresses WHERE addresses.email LIKE ?)
        -- postgresql
        SELECT users.id FROM users WHERE users.id NOT IN (SELECT addresses.user_id FROM addresses WHERE addresses.email LIKE $1)
    "#]],
    );
    check(
        select(User.id).filter(User.name.in_(select(Address.email).distinct())),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE users.name IN (SELECT DISTINCT addresses.email FROM addresses)
    "#]],
    );
}

#[test]
fn tuples_are_compared_as_rows() {
    check(
        select(User.id).filter(tuple((User.id, User.name)).eq((1, "ed"))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE (users.id, users.name) = (?, ?)
        -- postgresql
        SELECT users.id FROM users WHERE (users.id, users.name) = ($1, $2)
    "#]],
    );
    check(
        select(User.id).filter(tuple((User.id, User.name)).ne((1, "ed"))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE (users.id, users.name) <> (?, ?)
        -- postgresql
        SELECT users.id FROM users WHERE (users.id, users.name) <> ($1, $2)
    "#]],
    );
    check(
        select(User.id).filter(tuple((User.name, User.id)).gt(("ed", 7))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE (users.name, users.id) > (?, ?)
        -- postgresql
        SELECT users.id FROM users WHERE (users.name, users.id) > ($1, $2)
    "#]],
    );
    check(
        select(User.id).filter(tuple((User.name, User.id)).le(("ed", 7))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE (users.name, users.id) <= (?, ?)
        -- postgresql
        SELECT users.id FROM users WHERE (users.name, users.id) <= ($1, $2)
    "#]],
    );
    check(
        select(User.id).filter(tuple((User.id, User.name)).in_([(1, "ed"), (2, "wendy")])),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE (users.id, users.name) IN ((?, ?), (?, ?))
        -- postgresql
        SELECT users.id FROM users WHERE (users.id, users.name) IN (($1, $2), ($3, $4))
    "#]],
    );
    check(
        select(User.id).filter(tuple((User.id, User.name)).not_in([(1, "ed")])),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE (users.id, users.name) NOT IN ((?, ?))
        -- postgresql
        SELECT users.id FROM users WHERE (users.id, users.name) NOT IN (($1, $2))
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

#[test]
fn any_and_all_compare_with_a_subquery() {
    check(
        select(User.id).filter(User.id.eq_any(select(Address.user_id))),
        expect![[r#"
        -- sqlite
        ANY of a subquery is not supported on dialect sqlite
        -- postgresql, mysql, mariadb
        SELECT users.id FROM users WHERE users.id = ANY (SELECT addresses.user_id FROM addresses)
    "#]],
    );
    check(
        select(User.id).filter(User.id.gt_all(select(Address.user_id))),
        expect![[r#"
        -- sqlite
        ALL of a subquery is not supported on dialect sqlite
        -- postgresql, mysql, mariadb
        SELECT users.id FROM users WHERE users.id > ALL (SELECT addresses.user_id FROM addresses)
    "#]],
    );
    check(
        select(User.id).filter(User.id.ge_all(select(Address.user_id))),
        expect![[r#"
        -- sqlite
        ALL of a subquery is not supported on dialect sqlite
        -- postgresql, mysql, mariadb
        SELECT users.id FROM users WHERE users.id >= ALL (SELECT addresses.user_id FROM addresses)
    "#]],
    );
    check(
        select(User.id).filter(User.id.lt_all(select(Address.user_id))),
        expect![[r#"
        -- sqlite
        ALL of a subquery is not supported on dialect sqlite
        -- postgresql, mysql, mariadb
        SELECT users.id FROM users WHERE users.id < ALL (SELECT addresses.user_id FROM addresses)
    "#]],
    );
    check(
        select(User.id).filter(User.id.le_all(select(Address.user_id))),
        expect![[r#"
        -- sqlite
        ALL of a subquery is not supported on dialect sqlite
        -- postgresql, mysql, mariadb
        SELECT users.id FROM users WHERE users.id <= ALL (SELECT addresses.user_id FROM addresses)
    "#]],
    );
}

#[test]
fn a_subquery_is_a_value() {
    check(
        select(User.id).filter(User.id.eq(select(func::max(Address.user_id)))),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE users.id = (SELECT max(addresses.user_id) FROM addresses)
    "#]],
    );
    check(
        select(User.id).filter(User.name.eq(select(Address.email).filter(Address.user_id.eq(User.id)).limit(1))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.name = (SELECT addresses.email FROM addresses WHERE addresses.user_id = users.id LIMIT ?)
        -- postgresql
        SELECT users.id FROM users WHERE users.name = (SELECT addresses.email FROM addresses WHERE addresses.user_id = users.id LIMIT $1)
    "#]],
    );
}

#[test]
fn floats_and_small_numbers_are_bound_as_they_are() {
    check(
        select(Number.id).filter(Number.small.eq(1) & Number.int.eq(2) & Number.real.lt(0.5) & Number.double.ge(1e3)),
        expect![[r#"
        -- sqlite
        SELECT numbers.id FROM numbers WHERE numbers.small = ? AND numbers.int = ? AND numbers.real < ? AND numbers.double >= ?
        -- postgresql
        SELECT numbers.id FROM numbers WHERE numbers.small = $1 AND numbers.int = $2 AND numbers.real < $3 AND numbers.double >= $4
        -- mysql, mariadb
        SELECT numbers.id FROM numbers WHERE numbers.small = ? AND numbers.`int` = ? AND numbers.`real` < ? AND numbers.`double` >= ?
    "#]],
    );
}
