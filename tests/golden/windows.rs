//! Window functions: PARTITION BY, ORDER BY, frames.

use expect_test::expect;
use orm::prelude::*;
use orm::{Bound, Exclude, following, preceding, window};

use crate::support::{Moment, Number, User, check, check_with};

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

// ---------------------------------------------------------------------------------------------------- named windows

#[test]
fn a_named_window_is_said_once() {
    let by_name = window().partition_by(User.active).order_by(User.name).named("by name");
    check(
        select((func::rank().over(&by_name), func::count_all().filter(User.active).over(&by_name)))
            .filter(User.id.gt(1))
            .limit(3),
        expect![[r#"
            -- sqlite
            SELECT rank() OVER "by name", count(*) FILTER (WHERE users.active) OVER "by name" FROM users WHERE users.id > ? WINDOW "by name" AS (PARTITION BY users.active ORDER BY users.name) LIMIT ?
            -- postgresql
            SELECT rank() OVER "by name", count(*) FILTER (WHERE users.active) OVER "by name" FROM users WHERE users.id > $1 WINDOW "by name" AS (PARTITION BY users.active ORDER BY users.name) LIMIT $2
            -- mysql, mariadb
            SELECT rank() OVER `by name`, count(CASE WHEN users.active THEN 1 END) OVER `by name` FROM users WHERE users.id > ? WINDOW `by name` AS (PARTITION BY users.active ORDER BY users.name) LIMIT ?
        "#]],
    );
}

#[test]
fn several_windows_stand_in_the_order_of_their_first_use() {
    let first = window().order_by(User.id).rows(-1..=1).named("first");
    let second = window().named("second");
    check(
        select((User.name, func::sum(User.id).over(&second)))
            .group_by((User.id, User.name))
            .having(func::count_all().gt(0))
            .order_by((func::rank().over(&first), func::rank().over(&second))),
        expect![[r#"
            -- sqlite, mysql, mariadb
            SELECT users.name, sum(users.id) OVER second FROM users GROUP BY users.id, users.name HAVING count(*) > ? WINDOW second AS (), first AS (ORDER BY users.id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) ORDER BY rank() OVER first, rank() OVER second
            -- postgresql
            SELECT users.name, sum(users.id) OVER second FROM users GROUP BY users.id, users.name HAVING count(*) > $1 WINDOW second AS (), first AS (ORDER BY users.id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) ORDER BY rank() OVER first, rank() OVER second
        "#]],
    );
}

#[test]
fn a_named_window_belongs_to_its_select() {
    let whole = window().order_by(Number.id).named("whole");
    let sub = select((Number.id, func::row_number().over(&whole).label("place"))).subquery("sub");
    check(
        select((sub.1, func::count_all().over(window().named("whole")))).select_from(&sub),
        expect![[r#"
        -- all
        SELECT sub.place, count(*) OVER whole FROM (SELECT numbers.id, row_number() OVER whole AS place FROM numbers WINDOW whole AS (ORDER BY numbers.id)) AS sub WINDOW whole AS ()
    "#]],
    );
}

#[test]
fn two_windows_of_one_name_are_refused() {
    let one = window().order_by(User.id).named("w");
    let other = one.clone().partition_by(User.name);
    check(
        select((func::rank().over(&one), func::rank().over(other))),
        expect![[r#"
        -- all
        two windows of the statement are called `w`
        hint: make the window once, name it last, and refer to it by `.over(&it)`
    "#]],
    );
}

#[test]
fn the_values_of_a_named_window_are_bound_once() {
    let shifted = window().order_by(User.id + 7).named("shifted");
    let query = select((func::rank().over(&shifted), func::row_number().over(&shifted))).filter(User.id.gt(1));
    let rendered = query.render(orm::Dialect::Postgres).unwrap();
    expect![[r#"
        SELECT rank() OVER shifted, row_number() OVER shifted FROM users WHERE users.id > $1 WINDOW shifted AS (ORDER BY users.id + $2)
        [Int64(1), Int64(7)]"#]].assert_eq(&format!("{}\n{:?}", rendered[0].sql, rendered[0].values));
}

// ----------------------------------------------------------------------------- how far a frame of RANGE reaches

#[test]
fn frames_reach_by_floats() {
    let by_weight = || window().order_by(Number.double);
    check(
        select(func::count_all().over(by_weight().range(-0.5..=1.25))).filter(Number.int.gt(1)),
        expect![[r#"
            -- sqlite
            SELECT count(*) OVER (ORDER BY numbers.double RANGE BETWEEN 0.5 PRECEDING AND 1.25 FOLLOWING) FROM numbers WHERE numbers.int > ?
            -- postgresql
            SELECT count(*) OVER (ORDER BY numbers.double RANGE BETWEEN 0.5 PRECEDING AND 1.25 FOLLOWING) FROM numbers WHERE numbers.int > $1
            -- mysql, mariadb
            SELECT count(*) OVER (ORDER BY numbers.`double` RANGE BETWEEN 0.5 PRECEDING AND 1.25 FOLLOWING) FROM numbers WHERE numbers.`int` > ?
        "#]],
    );
    check(
        select((
            func::count_all().over(by_weight().range(..=1e-7)),
            func::count_all().over(by_weight().range(2.5..)),
            func::count_all().over(by_weight().range((preceding(0.25), Bound::At(0)))),
        )),
        expect![[r#"
            -- sqlite, postgresql
            SELECT count(*) OVER (ORDER BY numbers.double RANGE BETWEEN UNBOUNDED PRECEDING AND 1e-7 FOLLOWING), count(*) OVER (ORDER BY numbers.double RANGE BETWEEN 2.5 FOLLOWING AND UNBOUNDED FOLLOWING), count(*) OVER (ORDER BY numbers.double RANGE BETWEEN 0.25 PRECEDING AND CURRENT ROW) FROM numbers
            -- mysql, mariadb
            SELECT count(*) OVER (ORDER BY numbers.`double` RANGE BETWEEN UNBOUNDED PRECEDING AND 1e-7 FOLLOWING), count(*) OVER (ORDER BY numbers.`double` RANGE BETWEEN 2.5 FOLLOWING AND UNBOUNDED FOLLOWING), count(*) OVER (ORDER BY numbers.`double` RANGE BETWEEN 0.25 PRECEDING AND CURRENT ROW) FROM numbers
        "#]],
    );
    check(
        select(func::count_all().over(by_weight().range(f64::NEG_INFINITY..=0.5))),
        expect![[r#"
        -- all
        a window frame reaches a finite distance, and this is -inf
    "#]],
    );
}

#[test]
fn frames_reach_by_decimal_numbers() {
    let half: rust_decimal::Decimal = "0.50".parse().unwrap();
    check(
        select(
            func::count_all()
                .over(window().order_by(Number.double.cast::<rust_decimal::Decimal>()).range(-half..=half)),
        ),
        expect![[r#"
            -- sqlite
            a window frame of RANGE by a decimal number is not supported on dialect sqlite
            hint: decimal numbers are text there: order by a float, and reach by a float
            -- postgresql
            SELECT count(*) OVER (ORDER BY CAST(numbers.double AS NUMERIC) RANGE BETWEEN 0.50 PRECEDING AND 0.50 FOLLOWING) FROM numbers
            -- mysql, mariadb
            SELECT count(*) OVER (ORDER BY CAST(numbers.`double` AS DECIMAL(65, 20)) RANGE BETWEEN 0.50 PRECEDING AND 0.50 FOLLOWING) FROM numbers
        "#]],
    );
}

#[test]
fn frames_reach_by_spans_of_time() {
    let week = chrono::TimeDelta::days(7);
    check(
        select(func::count_all().over(window().order_by(Moment.at).range(-week..=chrono::TimeDelta::zero())))
            .filter(Moment.id.gt(3)),
        expect![[r#"
            -- sqlite
            a window frame of RANGE by a span of time is not supported on dialect sqlite
            hint: order by a number of seconds, and reach by a number
            -- postgresql
            SELECT count(*) OVER (ORDER BY moments.at RANGE BETWEEN $1 PRECEDING AND CURRENT ROW) FROM moments WHERE moments.id > $2
            -- mysql
            SELECT count(*) OVER (ORDER BY moments.at RANGE BETWEEN INTERVAL ? MICROSECOND PRECEDING AND CURRENT ROW) FROM moments WHERE moments.id > ?
            -- mariadb
            a window frame of RANGE by a span of time is not supported on dialect mariadb
            hint: order by a number of seconds, and reach by a number
        "#]],
    );
    let minute = std::time::Duration::from_secs(60);
    check(
        select(func::count_all().over(window().order_by(Moment.at).range((preceding(minute), following(minute))))),
        expect![[r#"
            -- sqlite
            a window frame of RANGE by a span of time is not supported on dialect sqlite
            hint: order by a number of seconds, and reach by a number
            -- postgresql
            SELECT count(*) OVER (ORDER BY moments.at RANGE BETWEEN $1 PRECEDING AND $2 FOLLOWING) FROM moments
            -- mysql
            SELECT count(*) OVER (ORDER BY moments.at RANGE BETWEEN INTERVAL ? MICROSECOND PRECEDING AND INTERVAL ? MICROSECOND FOLLOWING) FROM moments
            -- mariadb
            a window frame of RANGE by a span of time is not supported on dialect mariadb
            hint: order by a number of seconds, and reach by a number
        "#]],
    );
    let literal = select(func::count_all().over(window().order_by(Moment.at).range(week..)));
    check_with(
        |dialect| literal.to_sql_literal(dialect),
        expect![[r#"
        -- sqlite
        a window frame of RANGE by a span of time is not supported on dialect sqlite
        hint: order by a number of seconds, and reach by a number
        -- postgresql
        SELECT count(*) OVER (ORDER BY moments.at RANGE BETWEEN INTERVAL '604800000000 microseconds' FOLLOWING AND UNBOUNDED FOLLOWING) FROM moments
        -- mysql
        SELECT count(*) OVER (ORDER BY moments.at RANGE BETWEEN INTERVAL 604800000000 MICROSECOND FOLLOWING AND UNBOUNDED FOLLOWING) FROM moments
        -- mariadb
        a window frame of RANGE by a span of time is not supported on dialect mariadb
        hint: order by a number of seconds, and reach by a number
    "#]],
    );
}

#[test]
fn frames_reach_by_what_the_database_calls_it() {
    let month = || text("INTERVAL '1 month'").expression::<std::time::Duration>();
    check(
        select(func::count_all().over(window().order_by(Moment.at).range((preceding(month()), following(month()))))),
        expect![[r#"
            -- sqlite, postgresql, mysql
            SELECT count(*) OVER (ORDER BY moments.at RANGE BETWEEN INTERVAL '1 month' PRECEDING AND INTERVAL '1 month' FOLLOWING) FROM moments
            -- mariadb
            a window frame of RANGE by an expression is not supported on dialect mariadb
        "#]],
    );
}

#[test]
fn spans_of_frames_are_values() {
    let statement = |days| {
        let span = preceding(chrono::TimeDelta::days(days));
        select(func::count_all().over(window().order_by(Moment.at).range((span, Bound::At(0))))).filter(Moment.id.gt(3))
    };
    let rendered = statement(1).render(orm::Dialect::Postgres).unwrap();
    expect![[r#"
        SELECT count(*) OVER (ORDER BY moments.at RANGE BETWEEN $1 PRECEDING AND CURRENT ROW) FROM moments WHERE moments.id > $2
        [Interval(86400000000), Int64(3)]"#]].assert_eq(&format!("{}\n{:?}", rendered[0].sql, rendered[0].values));
    assert_eq!(rendered[0].sql, statement(2).to_sql(orm::Dialect::Postgres));
}

#[test]
fn a_label_in_a_window_is_what_it_names() {
    let sum = || (User.id + 5).label("sum");
    check(
        select((sum(), func::row_number().over(window().order_by(sum())))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id + ? AS sum, row_number() OVER (ORDER BY users.id + ?) FROM users
        -- postgresql
        SELECT users.id + $1 AS sum, row_number() OVER (ORDER BY users.id + $2) FROM users
    "#]],
    );
    let sub = select(sum()).subquery("sub");
    check(
        select((sub.0, func::row_number().over(window().order_by(sub.0).partition_by(sub.0)))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT sub.sum, row_number() OVER (PARTITION BY sub.sum ORDER BY sub.sum) FROM (SELECT users.id + ? AS sum FROM users) AS sub
        -- postgresql
        SELECT sub.sum, row_number() OVER (PARTITION BY sub.sum ORDER BY sub.sum) FROM (SELECT users.id + $1 AS sum FROM users) AS sub
    "#]],
    );
}
