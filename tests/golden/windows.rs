//! Window functions: PARTITION BY, ORDER BY, frames.

use expect_test::expect;
use orm::prelude::*;
use orm::{Bound, Exclude, window};

use crate::support::{Number, User, check};

#[test]
fn a_window_is_cut_and_ordered() {
    check(
        select(func::row_number().over(window())),
        expect![[r#"
        -- all
        SELECT row_number() OVER ()
    "#]],
    );
    check(
        select(func::row_number().over(window().partition_by(User.name))),
        expect![[r#"
        -- all
        SELECT row_number() OVER (PARTITION BY users.name) FROM users
    "#]],
    );
    check(
        select(func::row_number().over(window().order_by(User.id))),
        expect![[r#"
        -- all
        SELECT row_number() OVER (ORDER BY users.id) FROM users
    "#]],
    );
    check(
        select(
            func::row_number().over(window().partition_by((User.name, User.age)).order_by((User.id.desc(), User.name))),
        ),
        expect![[r#"
        -- all
        SELECT row_number() OVER (PARTITION BY users.name, users.age ORDER BY users.id DESC, users.name) FROM users
    "#]],
    );
    check(
        select(func::rank().over(window().order_by(User.name.nulls_last()))),
        expect![[r#"
        -- sqlite, postgresql
        SELECT rank() OVER (ORDER BY users.name NULLS LAST) FROM users
        -- mysql, mariadb
        SELECT rank() OVER (ORDER BY users.name IS NULL, users.name) FROM users
    "#]],
    );
}

#[test]
fn every_window_function_has_its_type() {
    check(
        select(func::rank().over(window().order_by(User.id))),
        expect![[r#"
        -- all
        SELECT rank() OVER (ORDER BY users.id) FROM users
    "#]],
    );
    check(
        select(func::dense_rank().over(window().order_by(User.id))),
        expect![[r#"
        -- all
        SELECT dense_rank() OVER (ORDER BY users.id) FROM users
    "#]],
    );
    check(
        select(func::percent_rank().over(window().order_by(User.id))),
        expect![[r#"
        -- all
        SELECT percent_rank() OVER (ORDER BY users.id) FROM users
    "#]],
    );
    check(
        select(func::cume_dist().over(window().order_by(User.id))),
        expect![[r#"
        -- all
        SELECT cume_dist() OVER (ORDER BY users.id) FROM users
    "#]],
    );
    check(
        select(func::ntile(4).over(window().order_by(User.id))),
        expect![[r#"
        -- all
        SELECT ntile(4) OVER (ORDER BY users.id) FROM users
    "#]],
    );
    check(
        select(func::lag(User.name, 1).over(window().order_by(User.id))),
        expect![[r#"
        -- all
        SELECT lag(users.name, 1) OVER (ORDER BY users.id) FROM users
    "#]],
    );
    check(
        select(func::lead(User.age, 2).over(window().order_by(User.id))),
        expect![[r#"
        -- all
        SELECT lead(users.age, 2) OVER (ORDER BY users.id) FROM users
    "#]],
    );
    check(
        select(func::first_value(User.name).over(window().order_by(User.id))),
        expect![[r#"
        -- all
        SELECT first_value(users.name) OVER (ORDER BY users.id) FROM users
    "#]],
    );
    check(
        select(func::last_value(User.name).over(window().order_by(User.id).rows(..))),
        expect![[r#"
        -- all
        SELECT last_value(users.name) OVER (ORDER BY users.id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM users
    "#]],
    );
    check(
        select(func::nth_value(User.name, 2).over(window().order_by(User.id))),
        expect![[r#"
        -- all
        SELECT nth_value(users.name, 2) OVER (ORDER BY users.id) FROM users
    "#]],
    );
}

#[test]
fn an_aggregate_looks_at_a_window() {
    check(
        select(func::sum(User.id).over(window().partition_by(User.name))),
        expect![[r#"
        -- all
        SELECT sum(users.id) OVER (PARTITION BY users.name) FROM users
    "#]],
    );
    check(
        select(func::count_all().over(window())),
        expect![[r#"
        -- all
        SELECT count(*) OVER ()
    "#]],
    );
    check(
        select(func::avg(Number.double).over(window().order_by(Number.id).rows(-1..=1))),
        expect![[r#"
        -- sqlite, postgresql
        SELECT avg(numbers.double) OVER (ORDER BY numbers.id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM numbers
        -- mysql, mariadb
        SELECT avg(numbers.`double`) OVER (ORDER BY numbers.id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM numbers
    "#]],
    );
    check(
        select(func::count_all().filter(User.active).over(window().partition_by(User.name))),
        expect![[r#"
        -- sqlite, postgresql
        SELECT count(*) FILTER (WHERE users.active) OVER (PARTITION BY users.name) FROM users
        -- mysql, mariadb
        SELECT count(CASE WHEN users.active THEN 1 END) OVER (PARTITION BY users.name) FROM users
    "#]],
    );
}

#[test]
fn frames_of_rows() {
    check(
        select(func::sum(User.id).over(window().order_by(User.id).rows(..))),
        expect![[r#"
        -- all
        SELECT sum(users.id) OVER (ORDER BY users.id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM users
    "#]],
    );
    check(
        select(func::sum(User.id).over(window().order_by(User.id).rows(..=0))),
        expect![[r#"
        -- all
        SELECT sum(users.id) OVER (ORDER BY users.id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM users
    "#]],
    );
    check(
        select(func::sum(User.id).over(window().order_by(User.id).rows(0..))),
        expect![[r#"
        -- all
        SELECT sum(users.id) OVER (ORDER BY users.id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) FROM users
    "#]],
    );
    check(
        select(func::sum(User.id).over(window().order_by(User.id).rows(-2..=3))),
        expect![[r#"
        -- all
        SELECT sum(users.id) OVER (ORDER BY users.id ROWS BETWEEN 2 PRECEDING AND 3 FOLLOWING) FROM users
    "#]],
    );
    check(
        select(func::sum(User.id).over(window().order_by(User.id).rows(1..=5))),
        expect![[r#"
        -- all
        SELECT sum(users.id) OVER (ORDER BY users.id ROWS BETWEEN 1 FOLLOWING AND 5 FOLLOWING) FROM users
    "#]],
    );
    check(
        select(func::sum(User.id).over(window().order_by(User.id).rows((Bound::At(-1), Bound::Unbounded)))),
        expect![[r#"
        -- all
        SELECT sum(users.id) OVER (ORDER BY users.id ROWS BETWEEN 1 PRECEDING AND UNBOUNDED FOLLOWING) FROM users
    "#]],
    );
}

#[test]
fn frames_of_ranges_and_groups() {
    check(
        select(func::sum(User.id).over(window().order_by(User.id).range(-5..=10))),
        expect![[r#"
        -- all
        SELECT sum(users.id) OVER (ORDER BY users.id RANGE BETWEEN 5 PRECEDING AND 10 FOLLOWING) FROM users
    "#]],
    );
    check(
        select(func::sum(User.id).over(window().order_by(User.id).range(..=0))),
        expect![[r#"
        -- all
        SELECT sum(users.id) OVER (ORDER BY users.id RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM users
    "#]],
    );
    check(
        select(func::sum(User.id).over(window().order_by(User.id).groups(-1..=1))),
        expect![[r#"
        -- sqlite, postgresql
        SELECT sum(users.id) OVER (ORDER BY users.id GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM users
        -- mysql
        a window frame of GROUPS is not supported on dialect mysql
        -- mariadb
        a window frame of GROUPS is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn frames_leave_out_what_they_are_told_to() {
    check(
        select(func::sum(User.id).over(window().order_by(User.id).rows(..=0).exclude(Exclude::CurrentRow))),
        expect![[r#"
        -- sqlite, postgresql
        SELECT sum(users.id) OVER (ORDER BY users.id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW) FROM users
        -- mysql
        EXCLUDE of a window frame is not supported on dialect mysql
        -- mariadb
        EXCLUDE of a window frame is not supported on dialect mariadb
    "#]],
    );
    check(
        select(func::sum(User.id).over(window().order_by(User.id).rows(..).exclude(Exclude::Ties))),
        expect![[r#"
        -- sqlite, postgresql
        SELECT sum(users.id) OVER (ORDER BY users.id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE TIES) FROM users
        -- mysql
        EXCLUDE of a window frame is not supported on dialect mysql
        -- mariadb
        EXCLUDE of a window frame is not supported on dialect mariadb
    "#]],
    );
    check(
        select(func::sum(User.id).over(window().order_by(User.id).exclude(Exclude::Group))),
        expect![[r#"
        -- sqlite, postgresql
        SELECT sum(users.id) OVER (ORDER BY users.id RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE GROUP) FROM users
        -- mysql
        EXCLUDE of a window frame is not supported on dialect mysql
        -- mariadb
        EXCLUDE of a window frame is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn windows_stand_in_sums_and_orders() {
    check(
        select(func::row_number().over(window().order_by(User.id)) + 1),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT row_number() OVER (ORDER BY users.id) + ? FROM users
        -- postgresql
        SELECT row_number() OVER (ORDER BY users.id) + $1 FROM users
    "#]],
    );
    check(
        select(User.id).order_by(func::rank().over(window().order_by(User.name)).desc()),
        expect![[r#"
        -- all
        SELECT users.id FROM users ORDER BY rank() OVER (ORDER BY users.name) DESC
    "#]],
    );
    check(
        select(func::sum(User.id) + func::sum(User.id).over(window())),
        expect![[r#"
        -- all
        SELECT sum(users.id) + sum(users.id) OVER () FROM users
    "#]],
    );
}

#[test]
fn what_is_no_function_has_no_window() {
    check(
        select((func::sum(User.id) + 1).over(window())),
        expect![[r#"
        -- all
        OVER belongs to a function, and this expression is none
        hint: write `func::sum(User.age).over(window())`, and compute with its result
    "#]],
    );
}
