//! Arrays and ranges of PostgreSQL, and their refusal elsewhere.

use expect_test::expect;
use orm::prelude::*;
use orm::{Expr, literal};

use crate::support::{Document, User, check};

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
        select(func::range(1, 5).includes(3)),
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
        select(func::range(1i64, 5i64).includes_range(func::range(2i64, 3i64))),
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
        select(func::range(1, 5).within(func::range(0, 9))),
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
        select(func::range(1, 5).union(func::range(4, 9)).as_text()),
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
        select(func::range(None, 5).includes(-100)),
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
        select(func::range(1, 5).union(func::range(4, 9)).intersection(func::range(2, 3)).as_text()),
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
