//! Functions of text, numbers and dates.

use expect_test::expect;
use orm::prelude::*;
use orm::{Dialect, Expr, literal};

use crate::support::{Moment, Number, User, check};

#[test]
fn functions_of_text() {
    check(
        select(func::lower(User.name)),
        expect![[r#"
        -- all
        SELECT lower(users.name) FROM users
    "#]],
    );
    check(
        select(func::upper(User.name)),
        expect![[r#"
        -- all
        SELECT upper(users.name) FROM users
    "#]],
    );
    check(
        select(func::length(User.name)),
        expect![[r#"
        -- sqlite
        SELECT length(users.name) FROM users
        -- postgresql, mysql, mariadb
        SELECT char_length(users.name) FROM users
    "#]],
    );
    check(
        select(func::octet_length(User.name)),
        expect![[r#"
        -- all
        SELECT octet_length(users.name) FROM users
    "#]],
    );
    check(
        select(func::trim(User.name)),
        expect![[r#"
        -- all
        SELECT trim(users.name) FROM users
    "#]],
    );
    check(
        select(func::ltrim(User.name)),
        expect![[r#"
        -- all
        SELECT ltrim(users.name) FROM users
    "#]],
    );
    check(
        select(func::rtrim(User.name)),
        expect![[r#"
        -- all
        SELECT rtrim(users.name) FROM users
    "#]],
    );
    check(
        select(func::reverse(User.name)),
        expect![[r#"
            -- all
            SELECT reverse(users.name) FROM users
        "#]],
    );
    check(
        select(func::replace(User.name, "a", "b")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT replace(users.name, ?, ?) FROM users
        -- postgresql
        SELECT replace(users.name, $1, $2) FROM users
    "#]],
    );
    check(
        select(func::substr(User.name, 2, 3)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT substr(users.name, ?, ?) FROM users
        -- postgresql
        SELECT substr(users.name, CAST($1 AS INTEGER), CAST($2 AS INTEGER)) FROM users
    "#]],
    );
    check(
        select(func::substr_from(User.name, 2)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT substr(users.name, ?) FROM users
        -- postgresql
        SELECT substr(users.name, CAST($1 AS INTEGER)) FROM users
    "#]],
    );
    check(
        select(func::left(User.name, 2)),
        expect![[r#"
        -- sqlite
        SELECT substr(users.name, 1, ?) FROM users
        -- postgresql
        SELECT left(users.name, CAST($1 AS INTEGER)) FROM users
        -- mysql, mariadb
        SELECT left(users.name, ?) FROM users
    "#]],
    );
    check(
        select(func::right(User.name, 2)),
        expect![[r#"
        -- sqlite
        SELECT substr(users.name, max(length(users.name) - ?, 0) + 1) FROM users
        -- postgresql
        SELECT right(users.name, CAST($1 AS INTEGER)) FROM users
        -- mysql, mariadb
        SELECT right(users.name, ?) FROM users
    "#]],
    );
    check(
        select(func::position(User.name, "d")),
        expect![[r#"
        -- sqlite
        SELECT instr(users.name, ?) FROM users
        -- postgresql
        SELECT strpos(users.name, $1) FROM users
        -- mysql, mariadb
        SELECT locate(?, users.name) FROM users
    "#]],
    );
    check(
        select(func::lpad(User.name, 5, "*")),
        expect![[r#"
            -- sqlite, mysql, mariadb
            SELECT lpad(users.name, ?, ?) FROM users
            -- postgresql
            SELECT lpad(users.name, CAST($1 AS INTEGER), $2) FROM users
        "#]],
    );
    check(
        select(func::rpad(User.name, 5, "*")),
        expect![[r#"
            -- sqlite, mysql, mariadb
            SELECT rpad(users.name, ?, ?) FROM users
            -- postgresql
            SELECT rpad(users.name, CAST($1 AS INTEGER), $2) FROM users
        "#]],
    );
    check(
        select(func::repeat(User.name, 2)),
        expect![[r#"
            -- sqlite, mysql, mariadb
            SELECT repeat(users.name, ?) FROM users
            -- postgresql
            SELECT repeat(users.name, CAST($1 AS INTEGER)) FROM users
        "#]],
    );
    check(
        select(func::concat_ws(", ", (User.name, User.fullname))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT concat_ws(?, users.name, users.fullname) FROM users
        -- postgresql
        SELECT concat_ws($1, users.name, users.fullname) FROM users
    "#]],
    );
}

#[test]
fn functions_of_numbers() {
    check(
        select(func::abs(User.id)),
        expect![[r#"
        -- all
        SELECT abs(users.id) FROM users
    "#]],
    );
    check(
        select(func::sign(User.id)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT sign(users.id) FROM users
        -- postgresql
        SELECT CAST(sign(users.id) AS INTEGER) FROM users
    "#]],
    );
    check(
        select(func::ceil(Number.double)),
        expect![[r#"
            -- sqlite
            SELECT (round(numbers.double) + (numbers.double + 0 > round(numbers.double))) FROM numbers
            -- postgresql
            SELECT ceil(numbers.double) FROM numbers
            -- mysql, mariadb
            SELECT ceil(numbers.`double`) FROM numbers
        "#]],
    );
    check(
        select(func::floor(Number.double)),
        expect![[r#"
            -- sqlite
            SELECT (round(numbers.double) - (numbers.double + 0 < round(numbers.double))) FROM numbers
            -- postgresql
            SELECT floor(numbers.double) FROM numbers
            -- mysql, mariadb
            SELECT floor(numbers.`double`) FROM numbers
        "#]],
    );
    check(
        select(func::round(Number.double, 2)),
        expect![[r#"
        -- sqlite
        SELECT round(numbers.double, ?) FROM numbers
        -- postgresql
        SELECT round(CAST(numbers.double AS NUMERIC), CAST($1 AS INTEGER)) FROM numbers
        -- mysql, mariadb
        SELECT round(numbers.`double`, ?) FROM numbers
    "#]],
    );
    check(
        select(func::sqrt(Number.double)),
        expect![[r#"
            -- sqlite, postgresql
            SELECT sqrt(numbers.double) FROM numbers
            -- mysql, mariadb
            SELECT sqrt(numbers.`double`) FROM numbers
        "#]],
    );
    check(
        select(func::power(Number.double, 2.0)),
        expect![[r#"
            -- sqlite
            SELECT power(numbers.double, ?) FROM numbers
            -- postgresql
            SELECT power(numbers.double, $1) FROM numbers
            -- mysql, mariadb
            SELECT power(numbers.`double`, ?) FROM numbers
        "#]],
    );
    check(
        select(func::exp(Number.double)),
        expect![[r#"
            -- sqlite, postgresql
            SELECT exp(numbers.double) FROM numbers
            -- mysql, mariadb
            SELECT exp(numbers.`double`) FROM numbers
        "#]],
    );
    check(
        select(func::ln(Number.double)),
        expect![[r#"
            -- sqlite, postgresql
            SELECT ln(numbers.double) FROM numbers
            -- mysql, mariadb
            SELECT ln(numbers.`double`) FROM numbers
        "#]],
    );
    check(
        select(func::random()),
        expect![[r#"
        -- sqlite
        SELECT ((random() & 9007199254740991) / 9007199254740992.0)
        -- postgresql
        SELECT random()
        -- mysql, mariadb
        SELECT rand()
    "#]],
    );
    check(
        select(func::floor(Number.double + 0.5) * 2.0),
        expect![[r#"
            -- sqlite
            SELECT (round(numbers.double + ?) - ((numbers.double + ?) + 0 < round(numbers.double + ?))) * ? FROM numbers
            -- postgresql
            SELECT floor(numbers.double + $1) * $2 FROM numbers
            -- mysql, mariadb
            SELECT floor(numbers.`double` + ?) * ? FROM numbers
        "#]],
    );
}

#[test]
fn parts_of_dates() {
    check(
        select(func::extract(func::Part::Year, Moment.at)),
        expect![[r#"
        -- sqlite
        SELECT CAST(strftime('%Y', moments.at) AS INTEGER) FROM moments
        -- postgresql
        SELECT CAST(EXTRACT(YEAR FROM moments.at) AS INTEGER) FROM moments
        -- mysql, mariadb
        SELECT EXTRACT(YEAR FROM moments.at) FROM moments
    "#]],
    );
    check(
        select(func::extract(func::Part::Quarter, Moment.at)),
        expect![[r#"
        -- sqlite
        SELECT ((CAST(strftime('%m', moments.at) AS INTEGER) + 2) / 3) FROM moments
        -- postgresql
        SELECT CAST(EXTRACT(QUARTER FROM moments.at) AS INTEGER) FROM moments
        -- mysql, mariadb
        SELECT EXTRACT(QUARTER FROM moments.at) FROM moments
    "#]],
    );
    check(
        select(func::extract(func::Part::Month, Moment.at)),
        expect![[r#"
        -- sqlite
        SELECT CAST(strftime('%m', moments.at) AS INTEGER) FROM moments
        -- postgresql
        SELECT CAST(EXTRACT(MONTH FROM moments.at) AS INTEGER) FROM moments
        -- mysql, mariadb
        SELECT EXTRACT(MONTH FROM moments.at) FROM moments
    "#]],
    );
    check(
        select(func::extract(func::Part::Week, Moment.day)),
        expect![[r#"
        -- sqlite
        SELECT CAST(strftime('%V', moments.day) AS INTEGER) FROM moments
        -- postgresql
        SELECT CAST(EXTRACT(WEEK FROM moments.day) AS INTEGER) FROM moments
        -- mysql, mariadb
        SELECT WEEK(moments.day, 3) FROM moments
    "#]],
    );
    check(
        select(func::extract(func::Part::Day, Moment.day)),
        expect![[r#"
        -- sqlite
        SELECT CAST(strftime('%d', moments.day) AS INTEGER) FROM moments
        -- postgresql
        SELECT CAST(EXTRACT(DAY FROM moments.day) AS INTEGER) FROM moments
        -- mysql, mariadb
        SELECT EXTRACT(DAY FROM moments.day) FROM moments
    "#]],
    );
    check(
        select(func::extract(func::Part::DayOfWeek, Moment.day)),
        expect![[r#"
        -- sqlite
        SELECT CAST(strftime('%w', moments.day) AS INTEGER) FROM moments
        -- postgresql
        SELECT CAST(EXTRACT(DOW FROM moments.day) AS INTEGER) FROM moments
        -- mysql, mariadb
        SELECT (DAYOFWEEK(moments.day) - 1) FROM moments
    "#]],
    );
    check(
        select(func::extract(func::Part::DayOfYear, Moment.day)),
        expect![[r#"
        -- sqlite
        SELECT CAST(strftime('%j', moments.day) AS INTEGER) FROM moments
        -- postgresql
        SELECT CAST(EXTRACT(DOY FROM moments.day) AS INTEGER) FROM moments
        -- mysql, mariadb
        SELECT DAYOFYEAR(moments.day) FROM moments
    "#]],
    );
    check(
        select(func::extract(func::Part::Hour, Moment.at)),
        expect![[r#"
        -- sqlite
        SELECT CAST(strftime('%H', moments.at) AS INTEGER) FROM moments
        -- postgresql
        SELECT CAST(EXTRACT(HOUR FROM moments.at) AS INTEGER) FROM moments
        -- mysql, mariadb
        SELECT EXTRACT(HOUR FROM moments.at) FROM moments
    "#]],
    );
    check(
        select(func::extract(func::Part::Minute, Moment.at)),
        expect![[r#"
        -- sqlite
        SELECT CAST(strftime('%M', moments.at) AS INTEGER) FROM moments
        -- postgresql
        SELECT CAST(EXTRACT(MINUTE FROM moments.at) AS INTEGER) FROM moments
        -- mysql, mariadb
        SELECT EXTRACT(MINUTE FROM moments.at) FROM moments
    "#]],
    );
    check(
        select(func::extract(func::Part::Second, Moment.at)),
        expect![[r#"
        -- sqlite
        SELECT CAST(strftime('%S', moments.at) AS INTEGER) FROM moments
        -- postgresql
        SELECT CAST(FLOOR(EXTRACT(SECOND FROM moments.at)) AS INTEGER) FROM moments
        -- mysql, mariadb
        SELECT EXTRACT(SECOND FROM moments.at) FROM moments
    "#]],
    );
    check(
        select(func::extract(func::Part::Epoch, Moment.at)),
        expect![[r#"
            -- sqlite
            SELECT CAST(strftime('%s', moments.at) AS INTEGER) FROM moments
            -- postgresql
            SELECT CAST(FLOOR(EXTRACT(EPOCH FROM moments.at)) AS BIGINT) FROM moments
            -- mysql, mariadb
            SELECT (TO_SECONDS(moments.at) - 62167219200) FROM moments
        "#]],
    );
    check(
        select(Moment.id).filter(func::extract(func::Part::Year, Moment.day).eq(2024)),
        expect![[r#"
        -- sqlite
        SELECT moments.id FROM moments WHERE CAST(strftime('%Y', moments.day) AS INTEGER) = ?
        -- postgresql
        SELECT moments.id FROM moments WHERE CAST(EXTRACT(YEAR FROM moments.day) AS INTEGER) = $1
        -- mysql, mariadb
        SELECT moments.id FROM moments WHERE EXTRACT(YEAR FROM moments.day) = ?
    "#]],
    );
}

#[test]
fn now_and_today() {
    check(
        select(func::now::<chrono::DateTime<chrono::Utc>>()),
        expect![[r#"
            -- sqlite
            SELECT replace(strftime('%Y-%m-%d %H:%M:%f000', 'now'), '.000000', '')
            -- postgresql
            SELECT CURRENT_TIMESTAMP
            -- mysql, mariadb
            SELECT UTC_TIMESTAMP(6)
        "#]],
    );
    check(
        select(func::current_date::<chrono::NaiveDate>()),
        expect![[r#"
        -- all
        SELECT CURRENT_DATE
    "#]],
    );
    check(
        select(func::current_time::<chrono::NaiveTime>()),
        expect![[r#"
            -- sqlite
            SELECT replace(strftime('%H:%M:%f000', 'now'), '.000000', '')
            -- postgresql
            SELECT LOCALTIME
            -- mysql, mariadb
            SELECT CURRENT_TIME(6)
        "#]],
    );
    check(
        select(func::current_user()),
        expect![[r#"
        -- sqlite
        CURRENT_USER is not supported on dialect sqlite
        -- postgresql
        SELECT CAST(CURRENT_USER AS TEXT)
        -- mysql, mariadb
        SELECT CURRENT_USER()
    "#]],
    );
    check(
        select(Moment.id).filter(Moment.at.lt(func::now::<chrono::DateTime<chrono::Utc>>())),
        expect![[r#"
            -- sqlite
            SELECT moments.id FROM moments WHERE moments.at < replace(strftime('%Y-%m-%d %H:%M:%f000', 'now'), '.000000', '')
            -- postgresql
            SELECT moments.id FROM moments WHERE moments.at < CURRENT_TIMESTAMP
            -- mysql, mariadb
            SELECT moments.id FROM moments WHERE moments.at < UTC_TIMESTAMP(6)
        "#]],
    );
}

#[test]
fn a_function_of_ones_own_has_any_name() {
    check(
        {
            let version: Expr<String> = func::custom("version", ());
            select(version)
        },
        expect![[r#"
        -- all
        SELECT version()
    "#]],
    );
    check(
        {
            let found: Expr<i64> = func::custom("my_schema.find", (User.name, literal(7i64)));
            select(found)
        },
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT my_schema.find(users.name, ?) FROM users
        -- postgresql
        SELECT my_schema.find(users.name, $1) FROM users
    "#]],
    );
}

#[test]
fn beginnings_of_units() {
    use func::Part;
    check(
        select((func::date_trunc(Part::Month, Moment.at), func::date_trunc(Part::Month, Moment.day))),
        expect![[r#"
            -- sqlite
            SELECT date_trunc('month', moments.at), date_of(date_trunc('month', moments.day)) FROM moments
            -- postgresql
            SELECT date_trunc('month', moments.at), CAST(date_trunc('month', moments.day) AS DATE) FROM moments
            -- mysql, mariadb
            SELECT CAST(DATE_FORMAT(moments.at, '%Y-%m-01') AS DATETIME(6)), CAST(DATE_FORMAT(moments.day, '%Y-%m-01') AS DATE) FROM moments
        "#]],
    );
    check(
        select((func::date_trunc(Part::Week, Moment.at), func::date_trunc(Part::Quarter, Moment.day))),
        expect![[r#"
            -- sqlite
            SELECT date_trunc('week', moments.at), date_of(date_trunc('quarter', moments.day)) FROM moments
            -- postgresql
            SELECT date_trunc('week', moments.at), CAST(date_trunc('quarter', moments.day) AS DATE) FROM moments
            -- mysql, mariadb
            SELECT CAST(CAST(moments.at AS DATE) - INTERVAL WEEKDAY(moments.at) DAY AS DATETIME(6)), CAST(CAST(DATE_FORMAT(moments.day, '%Y-01-01') AS DATE) + INTERVAL QUARTER(moments.day) - 1 QUARTER AS DATE) FROM moments
        "#]],
    );
    check(
        select((func::date_trunc(Part::Minute, Moment.at), func::date_trunc(Part::Day, Moment.at))),
        expect![[r#"
        -- sqlite, postgresql
        SELECT date_trunc('minute', moments.at), date_trunc('day', moments.at) FROM moments
        -- mysql, mariadb
        SELECT CAST(DATE_FORMAT(moments.at, '%Y-%m-%d %H:%i:00') AS DATETIME(6)), CAST(CAST(moments.at AS DATE) AS DATETIME(6)) FROM moments
    "#]],
    );
    check(
        select(func::date_trunc(Part::Hour, Moment.day)),
        expect![[r#"
        -- all
        a date has no part `Hour`
    "#]],
    );
}

#[test]
fn spans_of_time() {
    let day = chrono::TimeDelta::days(1);
    check(
        select(Moment.id).filter(Moment.at.plus(day).lt(Moment.at.minus(day))),
        expect![[r#"
            -- sqlite
            SELECT moments.id FROM moments WHERE add_micros(moments.at, ?) < sub_micros(moments.at, ?)
            -- postgresql
            SELECT moments.id FROM moments WHERE moments.at + $1 < moments.at - $2
            -- mysql, mariadb
            SELECT moments.id FROM moments WHERE DATE_ADD(moments.at, INTERVAL ? MICROSECOND) < DATE_SUB(moments.at, INTERVAL ? MICROSECOND)
        "#]],
    );
    check(
        select((Moment.day.plus(day), Moment.day.minus(day))),
        expect![[r#"
            -- sqlite
            SELECT date_of(add_micros(moments.day, ?)), date_of(sub_micros(moments.day, ?)) FROM moments
            -- postgresql
            SELECT CAST(moments.day + $1 AS DATE), CAST(moments.day - $2 AS DATE) FROM moments
            -- mysql, mariadb
            SELECT CAST(DATE_ADD(moments.day, INTERVAL ? MICROSECOND) AS DATE), CAST(DATE_SUB(moments.day, INTERVAL ? MICROSECOND) AS DATE) FROM moments
        "#]],
    );
    check(
        select(Moment.id).filter(Moment.at.since(Moment.at).gt(day)),
        expect![[r#"
        -- sqlite
        SELECT moments.id FROM moments WHERE micros_between(moments.at, moments.at) > ?
        -- postgresql
        SELECT moments.id FROM moments WHERE moments.at - moments.at > $1
        -- mysql, mariadb
        SELECT moments.id FROM moments WHERE TIMESTAMPDIFF(MICROSECOND, moments.at, moments.at) > ?
    "#]],
    );
    check(
        select(Moment.day.since(Moment.day)),
        expect![[r#"
        -- sqlite
        SELECT micros_between(moments.day, moments.day) FROM moments
        -- postgresql
        SELECT CAST(moments.day AS TIMESTAMP) - CAST(moments.day AS TIMESTAMP) FROM moments
        -- mysql, mariadb
        SELECT TIMESTAMPDIFF(MICROSECOND, moments.day, moments.day) FROM moments
    "#]],
    );
}

#[test]
fn a_negative_span_begins_no_comment() {
    let back = select(Moment.at.minus(chrono::TimeDelta::microseconds(-5)));
    assert_eq!(back.to_sql_literal(Dialect::Sqlite), "SELECT sub_micros(moments.at, -5) FROM moments");
}
