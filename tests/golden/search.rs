//! Full text search.

use expect_test::expect;
use orm::Search;
use orm::prelude::*;

use crate::support::{User, check};

#[test]
fn words_are_looked_for_everywhere() {
    check(
        select(User.id).filter(User.name.matches("cat")),
        expect![[r#"
        -- sqlite
        SELECT users.id FROM users WHERE users.name MATCH ?
        -- postgresql
        SELECT users.id FROM users WHERE to_tsvector(users.name) @@ plainto_tsquery($1)
        -- mysql, mariadb
        SELECT users.id FROM users WHERE MATCH (users.name) AGAINST (? IN BOOLEAN MODE)
    "#]],
    );
    check(
        select(User.id).filter(!User.name.matches("cat")),
        expect![[r#"
        -- sqlite
        SELECT users.id FROM users WHERE NOT users.name MATCH ?
        -- postgresql
        SELECT users.id FROM users WHERE NOT to_tsvector(users.name) @@ plainto_tsquery($1)
        -- mysql, mariadb
        SELECT users.id FROM users WHERE NOT MATCH (users.name) AGAINST (? IN BOOLEAN MODE)
    "#]],
    );
    check(
        select(User.id).filter(User.fullname.matches("cat dog")),
        expect![[r#"
        -- sqlite
        SELECT users.id FROM users WHERE users.fullname MATCH ?
        -- postgresql
        SELECT users.id FROM users WHERE to_tsvector(users.fullname) @@ plainto_tsquery($1)
        -- mysql, mariadb
        SELECT users.id FROM users WHERE MATCH (users.fullname) AGAINST (? IN BOOLEAN MODE)
    "#]],
    );
}

#[test]
fn vectors_and_queries_of_postgresql() {
    check(
        select(User.id).filter(func::to_tsvector(User.name).search(func::to_tsquery("cat & dog"))),
        expect![[r#"
        -- sqlite
        full text search with `@@` is not supported on dialect sqlite
        -- postgresql
        SELECT users.id FROM users WHERE to_tsvector(users.name) @@ to_tsquery($1)
        -- mysql
        full text search with `@@` is not supported on dialect mysql
        -- mariadb
        full text search with `@@` is not supported on dialect mariadb
    "#]],
    );
    check(
        select(User.id).filter(func::to_tsvector(User.name).search(func::plainto_tsquery("cat dog"))),
        expect![[r#"
        -- sqlite
        full text search with `@@` is not supported on dialect sqlite
        -- postgresql
        SELECT users.id FROM users WHERE to_tsvector(users.name) @@ plainto_tsquery($1)
        -- mysql
        full text search with `@@` is not supported on dialect mysql
        -- mariadb
        full text search with `@@` is not supported on dialect mariadb
    "#]],
    );
    check(
        select(User.id).filter(func::to_tsvector(User.name).search(func::phraseto_tsquery("cat dog"))),
        expect![[r#"
        -- sqlite
        full text search with `@@` is not supported on dialect sqlite
        -- postgresql
        SELECT users.id FROM users WHERE to_tsvector(users.name) @@ phraseto_tsquery($1)
        -- mysql
        full text search with `@@` is not supported on dialect mysql
        -- mariadb
        full text search with `@@` is not supported on dialect mariadb
    "#]],
    );
    check(
        select(User.id).filter(func::to_tsvector(User.name).search(func::websearch_to_tsquery("cat -dog"))),
        expect![[r#"
        -- sqlite
        full text search with `@@` is not supported on dialect sqlite
        -- postgresql
        SELECT users.id FROM users WHERE to_tsvector(users.name) @@ websearch_to_tsquery($1)
        -- mysql
        full text search with `@@` is not supported on dialect mysql
        -- mariadb
        full text search with `@@` is not supported on dialect mariadb
    "#]],
    );
    check(
        select(User.id)
            .filter(func::to_tsvector_in("english", User.name).search(func::to_tsquery_in("english", "cats"))),
        expect![[r#"
        -- sqlite
        full text search with `@@` is not supported on dialect sqlite
        -- postgresql
        SELECT users.id FROM users WHERE to_tsvector(CAST($1 AS regconfig), users.name) @@ to_tsquery(CAST($2 AS regconfig), $3)
        -- mysql
        full text search with `@@` is not supported on dialect mysql
        -- mariadb
        full text search with `@@` is not supported on dialect mariadb
    "#]],
    );
    check(
        select(User.id)
            .filter(func::to_tsvector_in("german", User.name).search(func::plainto_tsquery_in("german", "Katzen"))),
        expect![[r#"
        -- sqlite
        full text search with `@@` is not supported on dialect sqlite
        -- postgresql
        SELECT users.id FROM users WHERE to_tsvector(CAST($1 AS regconfig), users.name) @@ plainto_tsquery(CAST($2 AS regconfig), $3)
        -- mysql
        full text search with `@@` is not supported on dialect mysql
        -- mariadb
        full text search with `@@` is not supported on dialect mariadb
    "#]],
    );
    check(
        select(User.id).filter(func::to_tsvector(User.name).search(func::websearch_to_tsquery_in("simple", "x"))),
        expect![[r#"
        -- sqlite
        full text search with `@@` is not supported on dialect sqlite
        -- postgresql
        SELECT users.id FROM users WHERE to_tsvector(users.name) @@ websearch_to_tsquery(CAST($1 AS regconfig), $2)
        -- mysql
        full text search with `@@` is not supported on dialect mysql
        -- mariadb
        full text search with `@@` is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn vectors_and_queries_are_put_together() {
    check(
        select(User.id).filter(
            func::to_tsvector(User.name)
                .join(func::to_tsvector(User.fullname))
                .search(func::to_tsquery("a").and(func::to_tsquery("b"))),
        ),
        expect![[r#"
        -- sqlite
        full text search with `@@` is not supported on dialect sqlite
        -- postgresql
        SELECT users.id FROM users WHERE (to_tsvector(users.name) || to_tsvector(users.fullname)) @@ (to_tsquery($1) && to_tsquery($2))
        -- mysql
        full text search with `@@` is not supported on dialect mysql
        -- mariadb
        full text search with `@@` is not supported on dialect mariadb
    "#]],
    );
    check(
        select(User.id).filter(
            func::to_tsvector(User.name).weight('A').search(func::to_tsquery("a").or(func::to_tsquery("b").negate())),
        ),
        expect![[r#"
        -- sqlite
        full text search with `@@` is not supported on dialect sqlite
        -- postgresql
        SELECT users.id FROM users WHERE setweight(to_tsvector(users.name), CAST($1 AS "char")) @@ (to_tsquery($2) || (!!to_tsquery($3)))
        -- mysql
        full text search with `@@` is not supported on dialect mysql
        -- mariadb
        full text search with `@@` is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn what_was_found_is_ranked_and_shown() {
    check(
        select(func::to_tsvector(User.name).rank(func::to_tsquery("a"))),
        expect![[r#"
        -- sqlite
        `ts_rank` is not supported on dialect sqlite
        -- postgresql
        SELECT ts_rank(to_tsvector(users.name), to_tsquery($1)) FROM users
        -- mysql
        `ts_rank` is not supported on dialect mysql
        -- mariadb
        `ts_rank` is not supported on dialect mariadb
    "#]],
    );
    check(
        select(func::ts_headline(User.name, func::to_tsquery("a"))),
        expect![[r#"
        -- sqlite
        `ts_headline` is not supported on dialect sqlite
        -- postgresql
        SELECT ts_headline(users.name, to_tsquery($1)) FROM users
        -- mysql
        `ts_headline` is not supported on dialect mysql
        -- mariadb
        `ts_headline` is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn mysql_matches_columns_together() {
    check(
        select(User.id).filter(func::match_against((User.name, User.fullname), "cat", Search::NaturalLanguage)),
        expect![[r#"
        -- sqlite
        MATCH AGAINST is not supported on dialect sqlite
        -- postgresql
        MATCH AGAINST is not supported on dialect postgresql
        -- mysql, mariadb
        SELECT users.id FROM users WHERE MATCH (users.name, users.fullname) AGAINST (? IN NATURAL LANGUAGE MODE)
    "#]],
    );
    check(
        select(User.id).filter(func::match_against((User.name,), "+cat -dog", Search::Boolean)),
        expect![[r#"
        -- sqlite
        MATCH AGAINST is not supported on dialect sqlite
        -- postgresql
        MATCH AGAINST is not supported on dialect postgresql
        -- mysql, mariadb
        SELECT users.id FROM users WHERE MATCH (users.name) AGAINST (? IN BOOLEAN MODE)
    "#]],
    );
    check(
        select(User.id).filter(func::match_against((User.name,), "cat", Search::QueryExpansion)),
        expect![[r#"
        -- sqlite
        MATCH AGAINST is not supported on dialect sqlite
        -- postgresql
        MATCH AGAINST is not supported on dialect postgresql
        -- mysql, mariadb
        SELECT users.id FROM users WHERE MATCH (users.name) AGAINST (? WITH QUERY EXPANSION)
    "#]],
    );
    check(
        select(User.id).order_by(func::relevance((User.name,), "cat", Search::NaturalLanguage).desc()),
        expect![[r#"
        -- sqlite
        MATCH AGAINST is not supported on dialect sqlite
        -- postgresql
        MATCH AGAINST is not supported on dialect postgresql
        -- mysql, mariadb
        SELECT users.id FROM users ORDER BY MATCH (users.name) AGAINST (? IN NATURAL LANGUAGE MODE) DESC
    "#]],
    );
}
