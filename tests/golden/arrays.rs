//! Arrays and ranges of PostgreSQL, and their refusal elsewhere.

use expect_test::expect;
use orm::prelude::*;
use orm::{Dialect, Expr, Range, literal};

use crate::support::{Document, Stay, User, check};

#[test]
fn arrays_are_compared() {
    check(
        select(Document.id).filter(Document.tags.contains(["a".to_owned()])),
        expect![[r#"
        -- sqlite
        `@>` of arrays is not supported on dialect sqlite
        -- postgresql
        SELECT documents.id FROM documents WHERE documents.tags @> $1
        -- mysql
        `@>` of arrays is not supported on dialect mysql
        -- mariadb
        `@>` of arrays is not supported on dialect mariadb
    "#]],
    );
    check(
        select(Document.id).filter(Document.tags.contained_by(vec!["a".to_owned()])),
        expect![[r#"
        -- sqlite
        `<@` of arrays is not supported on dialect sqlite
        -- postgresql
        SELECT documents.id FROM documents WHERE documents.tags <@ $1
        -- mysql
        `<@` of arrays is not supported on dialect mysql
        -- mariadb
        `<@` of arrays is not supported on dialect mariadb
    "#]],
    );
    check(
        select(Document.id).filter(Document.tags.overlaps(vec!["a".to_owned()])),
        expect![[r#"
        -- sqlite
        `&&` of arrays is not supported on dialect sqlite
        -- postgresql
        SELECT documents.id FROM documents WHERE documents.tags && $1
        -- mysql
        `&&` of arrays is not supported on dialect mysql
        -- mariadb
        `&&` of arrays is not supported on dialect mariadb
    "#]],
    );
    check(
        select(Document.id).filter(Document.tags.eq(vec!["a".to_owned()])),
        expect![[r#"
        -- sqlite
        an array is not supported on dialect sqlite
        -- postgresql
        SELECT documents.id FROM documents WHERE documents.tags = $1
        -- mysql
        an array is not supported on dialect mysql
        -- mariadb
        an array is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn elements_and_slices() {
    check(
        select(Document.tags.element(1)),
        expect![[r#"
        -- sqlite
        an array is not supported on dialect sqlite
        -- postgresql
        SELECT (documents.tags)[$1] FROM documents
        -- mysql
        an array is not supported on dialect mysql
        -- mariadb
        an array is not supported on dialect mariadb
    "#]],
    );
    check(
        select(Document.tags.slice(1, 2)),
        expect![[r#"
        -- sqlite
        an array is not supported on dialect sqlite
        -- postgresql
        SELECT (documents.tags)[$1:$2] FROM documents
        -- mysql
        an array is not supported on dialect mysql
        -- mariadb
        an array is not supported on dialect mariadb
    "#]],
    );
    check(
        select(Document.tags.cardinality()),
        expect![[r#"
        -- sqlite
        an array is not supported on dialect sqlite
        -- postgresql
        SELECT cardinality(documents.tags) FROM documents
        -- mysql
        an array is not supported on dialect mysql
        -- mariadb
        an array is not supported on dialect mariadb
    "#]],
    );
    check(
        select(Document.tags.append("x")),
        expect![[r#"
        -- sqlite
        an array is not supported on dialect sqlite
        -- postgresql
        SELECT array_append(documents.tags, $1) FROM documents
        -- mysql
        an array is not supported on dialect mysql
        -- mariadb
        an array is not supported on dialect mariadb
    "#]],
    );
    check(
        select(Document.tags.without("x")),
        expect![[r#"
        -- sqlite
        an array is not supported on dialect sqlite
        -- postgresql
        SELECT array_remove(documents.tags, $1) FROM documents
        -- mysql
        an array is not supported on dialect mysql
        -- mariadb
        an array is not supported on dialect mariadb
    "#]],
    );
    check(
        select(Document.tags.array_concat(vec!["x".to_owned()])),
        expect![[r#"
        -- sqlite
        `||` of arrays is not supported on dialect sqlite
        -- postgresql
        SELECT documents.tags || $1 FROM documents
        -- mysql
        `||` of arrays is not supported on dialect mysql
        -- mariadb
        `||` of arrays is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn an_element_is_looked_for_in_an_array() {
    check(
        select(Document.id).filter(Document.name.in_array(Document.tags)),
        expect![[r#"
        -- sqlite
        ANY of an array is not supported on dialect sqlite
        -- postgresql
        SELECT documents.id FROM documents WHERE documents.name = ANY (documents.tags)
        -- mysql
        ANY of an array is not supported on dialect mysql
        -- mariadb
        ANY of an array is not supported on dialect mariadb
    "#]],
    );
    check(
        select(Document.id).filter(Document.name.not_in_array(vec!["x".to_owned()])),
        expect![[r#"
        -- sqlite
        ALL of an array is not supported on dialect sqlite
        -- postgresql
        SELECT documents.id FROM documents WHERE documents.name <> ALL ($1)
        -- mysql
        ALL of an array is not supported on dialect mysql
        -- mariadb
        ALL of an array is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn an_array_of_expressions() {
    check(
        select(func::array((User.id, 2, User.id + 1))),
        expect![[r#"
        -- sqlite
        an array is not supported on dialect sqlite
        -- postgresql
        SELECT ARRAY[users.id, $1, users.id + $2] FROM users
        -- mysql
        an array is not supported on dialect mysql
        -- mariadb
        an array is not supported on dialect mariadb
    "#]],
    );
    check(
        select(func::array((User.id, 2)).cardinality()),
        expect![[r#"
        -- sqlite
        an array is not supported on dialect sqlite
        -- postgresql
        SELECT cardinality(ARRAY[users.id, $1]) FROM users
        -- mysql
        an array is not supported on dialect mysql
        -- mariadb
        an array is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn ranges_are_compared() {
    check(
        select(func::range(1, 5).contains(3)),
        expect![[r#"
        -- sqlite
        a range is not supported on dialect sqlite
        -- postgresql
        SELECT int4range($1, $2) @> $3
        -- mysql
        a range is not supported on dialect mysql
        -- mariadb
        a range is not supported on dialect mariadb
    "#]],
    );
    check(
        select(func::range(1i64, 5i64).contains(func::range(2i64, 3i64))),
        expect![[r#"
        -- sqlite
        a range is not supported on dialect sqlite
        -- postgresql
        SELECT int8range($1, $2) @> int8range($3, $4)
        -- mysql
        a range is not supported on dialect mysql
        -- mariadb
        a range is not supported on dialect mariadb
    "#]],
    );
    check(
        select(func::range(1, 5).contained_by(func::range(0, 9))),
        expect![[r#"
        -- sqlite
        a range is not supported on dialect sqlite
        -- postgresql
        SELECT int4range($1, $2) <@ int4range($3, $4)
        -- mysql
        a range is not supported on dialect mysql
        -- mariadb
        a range is not supported on dialect mariadb
    "#]],
    );
    check(
        select(func::range(1, 5).overlaps(func::range(4, 9))),
        expect![[r#"
        -- sqlite
        a range is not supported on dialect sqlite
        -- postgresql
        SELECT int4range($1, $2) && int4range($3, $4)
        -- mysql
        a range is not supported on dialect mysql
        -- mariadb
        a range is not supported on dialect mariadb
    "#]],
    );
    check(
        select(func::range(1, 5).is_left_of(func::range(5, 9))),
        expect![[r#"
        -- sqlite
        a range is not supported on dialect sqlite
        -- postgresql
        SELECT int4range($1, $2) << int4range($3, $4)
        -- mysql
        a range is not supported on dialect mysql
        -- mariadb
        a range is not supported on dialect mariadb
    "#]],
    );
    check(
        select(func::range(1, 5).is_right_of(func::range(5, 9))),
        expect![[r#"
        -- sqlite
        a range is not supported on dialect sqlite
        -- postgresql
        SELECT int4range($1, $2) >> int4range($3, $4)
        -- mysql
        a range is not supported on dialect mysql
        -- mariadb
        a range is not supported on dialect mariadb
    "#]],
    );
    check(
        select(func::range(1, 5).is_not_right_of(func::range(5, 9))),
        expect![[r#"
        -- sqlite
        a range is not supported on dialect sqlite
        -- postgresql
        SELECT int4range($1, $2) &< int4range($3, $4)
        -- mysql
        a range is not supported on dialect mysql
        -- mariadb
        a range is not supported on dialect mariadb
    "#]],
    );
    check(
        select(func::range(1, 5).is_not_left_of(func::range(5, 9))),
        expect![[r#"
        -- sqlite
        a range is not supported on dialect sqlite
        -- postgresql
        SELECT int4range($1, $2) &> int4range($3, $4)
        -- mysql
        a range is not supported on dialect mysql
        -- mariadb
        a range is not supported on dialect mariadb
    "#]],
    );
    check(
        select(func::range(1, 5).is_adjacent_to(func::range(5, 9))),
        expect![[r#"
        -- sqlite
        a range is not supported on dialect sqlite
        -- postgresql
        SELECT int4range($1, $2) -|- int4range($3, $4)
        -- mysql
        a range is not supported on dialect mysql
        -- mariadb
        a range is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn ranges_are_computed_with() {
    check(
        select(func::range(1, 5).union(func::range(4, 9)).range_text()),
        expect![[r#"
        -- sqlite
        a range is not supported on dialect sqlite
        -- postgresql
        SELECT CAST(int4range($1, $2) + int4range($3, $4) AS TEXT)
        -- mysql
        a range is not supported on dialect mysql
        -- mariadb
        a range is not supported on dialect mariadb
    "#]],
    );
    check(
        select(func::range(1, 5).intersection(func::range(4, 9)).lower()),
        expect![[r#"
        -- sqlite
        a range is not supported on dialect sqlite
        -- postgresql
        SELECT lower(int4range($1, $2) * int4range($3, $4))
        -- mysql
        a range is not supported on dialect mysql
        -- mariadb
        a range is not supported on dialect mariadb
    "#]],
    );
    check(
        select(func::range(1, 5).difference(func::range(4, 9)).upper()),
        expect![[r#"
        -- sqlite
        a range is not supported on dialect sqlite
        -- postgresql
        SELECT upper(int4range($1, $2) - int4range($3, $4))
        -- mysql
        a range is not supported on dialect mysql
        -- mariadb
        a range is not supported on dialect mariadb
    "#]],
    );
    check(
        select(func::range(1, 1).is_empty()),
        expect![[r#"
        -- sqlite
        a range is not supported on dialect sqlite
        -- postgresql
        SELECT isempty(int4range($1, $2))
        -- mysql
        a range is not supported on dialect mysql
        -- mariadb
        a range is not supported on dialect mariadb
    "#]],
    );
    check(
        select(func::range(None, 5).contains(-100)),
        expect![[r#"
        -- sqlite
        a range is not supported on dialect sqlite
        -- postgresql
        SELECT int4range($1, $2) @> $3
        -- mysql
        a range is not supported on dialect mysql
        -- mariadb
        a range is not supported on dialect mariadb
    "#]],
    );
    check(
        select(func::range(1, 5).union(func::range(4, 9)).intersection(func::range(2, 3)).range_text()),
        expect![[r#"
        -- sqlite
        a range is not supported on dialect sqlite
        -- postgresql
        SELECT CAST((int4range($1, $2) + int4range($3, $4)) * int4range($5, $6) AS TEXT)
        -- mysql
        a range is not supported on dialect mysql
        -- mariadb
        a range is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn an_array_is_a_value() {
    check(
        select(literal(vec![1i64, 2])),
        expect![[r#"
        -- sqlite
        an array is not supported on dialect sqlite
        -- postgresql
        SELECT $1
        -- mysql
        an array is not supported on dialect mysql
        -- mariadb
        an array is not supported on dialect mariadb
    "#]],
    );
    check(
        {
            let joined: Expr<String> = func::custom("array_to_string", (Document.tags, literal(",".to_owned())));
            select(joined)
        },
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT array_to_string(documents.tags, ?) FROM documents
        -- postgresql
        SELECT array_to_string(documents.tags, $1) FROM documents
    "#]],
    );
}

#[test]
fn columns_of_ranges() {
    check(
        select(Stay.id).filter(Stay.nights.contains(3) & Stay.nights.contains(1..2)),
        expect![[r#"
        -- sqlite
        a range is not supported on dialect sqlite
        -- postgresql
        SELECT stays.id FROM stays WHERE stays.nights @> $1 AND stays.nights @> $2
        -- mysql
        a range is not supported on dialect mysql
        -- mariadb
        a range is not supported on dialect mariadb
    "#]],
    );
    check(
        select(Stay.id).filter(Stay.nights.overlaps(1..=5)),
        expect![[r#"
        -- sqlite
        a range is not supported on dialect sqlite
        -- postgresql
        SELECT stays.id FROM stays WHERE stays.nights && $1
        -- mysql
        a range is not supported on dialect mysql
        -- mariadb
        a range is not supported on dialect mariadb
    "#]],
    );
    check(
        select(Stay.id).filter(Stay.nights.contained_by(..9)),
        expect![[r#"
        -- sqlite
        a range is not supported on dialect sqlite
        -- postgresql
        SELECT stays.id FROM stays WHERE stays.nights <@ $1
        -- mysql
        a range is not supported on dialect mysql
        -- mariadb
        a range is not supported on dialect mariadb
    "#]],
    );
    check(
        select(Stay.id).filter(Stay.nights.contains(Stay.room) & Stay.seats.contains(func::range(1i64, 2i64))),
        expect![[r#"
            -- sqlite
            a range is not supported on dialect sqlite
            -- postgresql
            SELECT stays.id FROM stays WHERE stays.nights @> stays.room AND stays.seats @> int8range($1, $2)
            -- mysql
            a range is not supported on dialect mysql
            -- mariadb
            a range is not supported on dialect mariadb
        "#]],
    );
    check(
        select(Stay.id).filter(Stay.nights.eq(1..5) | Stay.seats.is_null()),
        expect![[r#"
        -- sqlite
        the type INT4RANGE is not supported on dialect sqlite
        -- postgresql
        SELECT stays.id FROM stays WHERE stays.nights = $1 OR stays.seats IS NULL
        -- mysql
        the type INT4RANGE is not supported on dialect mysql
        -- mariadb
        the type INT4RANGE is not supported on dialect mariadb
    "#]],
    );
    check(
        select((Stay.nights.lower(), Stay.nights.upper(), Stay.seats.lower_is_included(), Stay.nights.upper_is_open())),
        expect![[r#"
            -- sqlite
            a range is not supported on dialect sqlite
            -- postgresql
            SELECT lower(stays.nights), upper(stays.nights), lower_inc(stays.seats), upper_inf(stays.nights) FROM stays
            -- mysql
            a range is not supported on dialect mysql
            -- mariadb
            a range is not supported on dialect mariadb
        "#]],
    );
    check(
        select((Stay.nights.union(5..7), Stay.seats.intersection(..9), Stay.nights.difference(Stay.nights))),
        expect![[r#"
            -- sqlite
            a range is not supported on dialect sqlite
            -- postgresql
            SELECT stays.nights + $1, stays.seats * $2, stays.nights - stays.nights FROM stays
            -- mysql
            a range is not supported on dialect mysql
            -- mariadb
            a range is not supported on dialect mariadb
        "#]],
    );
    check(
        insert(Stay).values(Stay::builder().room(1).nights(1..=4).seats(7..)),
        expect![[r#"
        -- sqlite
        the type INT4RANGE is not supported on dialect sqlite
        -- postgresql
        INSERT INTO stays (room, nights, seats) VALUES ($1, $2, $3)
        -- mysql
        the type INT4RANGE is not supported on dialect mysql
        -- mariadb
        the type INT4RANGE is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn literals_of_ranges() {
    let day = |day| chrono::NaiveDate::from_ymd_opt(2024, 2, day).unwrap();
    let cases = [
        (select(literal(Range::from(1..=4))).to_sql_literal(Dialect::Postgres), "SELECT int4range(1, 5, '[)')"),
        (
            select(literal(Range::<i64>::from(..))).to_sql_literal(Dialect::Postgres),
            "SELECT int8range(NULL, NULL, '()')",
        ),
        (select(literal(Range::<i64>::empty())).to_sql_literal(Dialect::Postgres), "SELECT 'empty'::int8range"),
        (
            select(literal(Range::from(day(1)..))).to_sql_literal(Dialect::Postgres),
            "SELECT daterange(DATE '2024-02-01', NULL, '[)')",
        ),
        (
            select(literal(vec![Range::from(1..2)])).to_sql_literal(Dialect::Postgres),
            "SELECT ARRAY[int4range(1, 2, '[)')]::INT4RANGE[]",
        ),
        (
            select(literal(Range::from(1..=4))).to_sql_literal(Dialect::Sqlite),
            "the type INT4RANGE is not supported on dialect sqlite",
        ),
    ];
    for (sql, expected) in cases {
        assert_eq!(sql, expected);
    }
}
