//! LIKE and its kin, regular expressions, collations.

use expect_test::expect;
use orm::prelude::*;

use crate::support::{Address, User, check};

#[test]
fn like_takes_a_pattern() {
    check(
        select(User.id).filter(User.name.like("e%")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.name LIKE ?
        -- postgresql
        SELECT users.id FROM users WHERE users.name LIKE $1
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
        select(User.id).filter(User.fullname.like("e%")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.fullname LIKE ?
        -- postgresql
        SELECT users.id FROM users WHERE users.fullname LIKE $1
    "#]],
    );
    check(
        select(User.id).filter(User.name.like(User.fullname)),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE users.name LIKE users.fullname
    "#]],
    );
    check(
        select(User.id).filter(User.name.like_escape("50!%", '!')),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.name LIKE ? ESCAPE '!'
        -- postgresql
        SELECT users.id FROM users WHERE users.name LIKE $1 ESCAPE '!'
    "#]],
    );
    check(
        select(User.id).filter(!User.name.like_escape("50!%", '!')),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.name NOT LIKE ? ESCAPE '!'
        -- postgresql
        SELECT users.id FROM users WHERE users.name NOT LIKE $1 ESCAPE '!'
    "#]],
    );
    check(
        select(User.id).filter(User.name.like_escape("x''", '\'')),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.name LIKE ? ESCAPE ''''
        -- postgresql
        SELECT users.id FROM users WHERE users.name LIKE $1 ESCAPE ''''
    "#]],
    );
    check(
        select(User.id).filter(User.name.like_escape("x", '\\')),
        expect![[r#"
        -- sqlite
        SELECT users.id FROM users WHERE users.name LIKE ? ESCAPE '\'
        -- postgresql
        SELECT users.id FROM users WHERE users.name LIKE $1 ESCAPE '\'
        -- mysql, mariadb
        SELECT users.id FROM users WHERE users.name LIKE ? ESCAPE x'5c'
    "#]],
    );
}

#[test]
fn ilike_ignores_case() {
    check(
        select(User.id).filter(User.name.ilike("e%")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE lower(users.name) LIKE lower(?)
        -- postgresql
        SELECT users.id FROM users WHERE users.name ILIKE $1
    "#]],
    );
    check(
        select(User.id).filter(!User.name.ilike("e%")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE lower(users.name) NOT LIKE lower(?)
        -- postgresql
        SELECT users.id FROM users WHERE users.name NOT ILIKE $1
    "#]],
    );
    check(
        select(User.id).filter(User.name.ilike_escape("e!%", '!')),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE lower(users.name) LIKE lower(?) ESCAPE '!'
        -- postgresql
        SELECT users.id FROM users WHERE users.name ILIKE $1 ESCAPE '!'
    "#]],
    );
    check(
        select(User.id).filter(User.name.concat("x").ilike("e%")),
        expect![[r#"
        -- sqlite
        SELECT users.id FROM users WHERE lower(users.name || ?) LIKE lower(?)
        -- postgresql
        SELECT users.id FROM users WHERE users.name || $1 ILIKE $2
        -- mysql, mariadb
        SELECT users.id FROM users WHERE lower(concat(users.name, ?)) LIKE lower(?)
    "#]],
    );
}

#[test]
fn contains_escapes_what_it_looks_for() {
    check(
        select(User.id).filter(User.name.contains("50%")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.name LIKE ? ESCAPE '/'
        -- postgresql
        SELECT users.id FROM users WHERE users.name LIKE $1 ESCAPE '/'
    "#]],
    );
    check(
        select(User.id).filter(!User.name.contains("x")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.name NOT LIKE ? ESCAPE '/'
        -- postgresql
        SELECT users.id FROM users WHERE users.name NOT LIKE $1 ESCAPE '/'
    "#]],
    );
    check(
        select(User.id).filter(User.name.starts_with("a_b")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.name LIKE ? ESCAPE '/'
        -- postgresql
        SELECT users.id FROM users WHERE users.name LIKE $1 ESCAPE '/'
    "#]],
    );
    check(
        select(User.id).filter(User.name.ends_with("a/b")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.name LIKE ? ESCAPE '/'
        -- postgresql
        SELECT users.id FROM users WHERE users.name LIKE $1 ESCAPE '/'
    "#]],
    );
    check(
        select(User.id).filter(!User.name.ends_with("x")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.name NOT LIKE ? ESCAPE '/'
        -- postgresql
        SELECT users.id FROM users WHERE users.name NOT LIKE $1 ESCAPE '/'
    "#]],
    );
}

#[test]
fn icontains_ignores_case() {
    check(
        select(User.id).filter(User.name.icontains("x")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE lower(users.name) LIKE lower(?) ESCAPE '/'
        -- postgresql
        SELECT users.id FROM users WHERE users.name ILIKE $1 ESCAPE '/'
    "#]],
    );
    check(
        select(User.id).filter(User.name.istarts_with("x")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE lower(users.name) LIKE lower(?) ESCAPE '/'
        -- postgresql
        SELECT users.id FROM users WHERE users.name ILIKE $1 ESCAPE '/'
    "#]],
    );
    check(
        select(User.id).filter(User.name.iends_with("x")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE lower(users.name) LIKE lower(?) ESCAPE '/'
        -- postgresql
        SELECT users.id FROM users WHERE users.name ILIKE $1 ESCAPE '/'
    "#]],
    );
    check(
        select(User.id).filter(!User.name.icontains("x")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE lower(users.name) NOT LIKE lower(?) ESCAPE '/'
        -- postgresql
        SELECT users.id FROM users WHERE users.name NOT ILIKE $1 ESCAPE '/'
    "#]],
    );
}

#[test]
fn what_contains_looks_for_may_be_a_column() {
    check(
        select(User.id).join(User.addresses).filter(Address.email.contains(User.name)),
        expect![[r#"
        -- sqlite, postgresql
        SELECT users.id FROM users JOIN addresses ON users.id = addresses.user_id WHERE addresses.email LIKE '%' || replace(replace(replace(users.name, '/', '//'), '%', '/%'), '_', '/_') || '%' ESCAPE '/'
        -- mysql, mariadb
        SELECT users.id FROM users JOIN addresses ON users.id = addresses.user_id WHERE addresses.email LIKE concat('%', replace(replace(replace(users.name, '/', '//'), '%', '/%'), '_', '/_'), '%') ESCAPE '/'
    "#]],
    );
    check(
        select(User.id).join(User.addresses).filter(Address.email.starts_with(User.name)),
        expect![[r#"
        -- sqlite, postgresql
        SELECT users.id FROM users JOIN addresses ON users.id = addresses.user_id WHERE addresses.email LIKE replace(replace(replace(users.name, '/', '//'), '%', '/%'), '_', '/_') || '%' ESCAPE '/'
        -- mysql, mariadb
        SELECT users.id FROM users JOIN addresses ON users.id = addresses.user_id WHERE addresses.email LIKE concat(replace(replace(replace(users.name, '/', '//'), '%', '/%'), '_', '/_'), '%') ESCAPE '/'
    "#]],
    );
    check(
        select(User.id).join(User.addresses).filter(Address.email.iends_with(User.name)),
        expect![[r#"
        -- sqlite
        SELECT users.id FROM users JOIN addresses ON users.id = addresses.user_id WHERE lower(addresses.email) LIKE lower('%' || replace(replace(replace(users.name, '/', '//'), '%', '/%'), '_', '/_')) ESCAPE '/'
        -- postgresql
        SELECT users.id FROM users JOIN addresses ON users.id = addresses.user_id WHERE addresses.email ILIKE '%' || replace(replace(replace(users.name, '/', '//'), '%', '/%'), '_', '/_') ESCAPE '/'
        -- mysql, mariadb
        SELECT users.id FROM users JOIN addresses ON users.id = addresses.user_id WHERE lower(addresses.email) LIKE lower(concat('%', replace(replace(replace(users.name, '/', '//'), '%', '/%'), '_', '/_'))) ESCAPE '/'
    "#]],
    );
}

#[test]
fn like_binds_like_a_comparison() {
    check(
        select(User.id).filter(User.name.like("a") & User.name.like("b")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.name LIKE ? AND users.name LIKE ?
        -- postgresql
        SELECT users.id FROM users WHERE users.name LIKE $1 AND users.name LIKE $2
    "#]],
    );
    check(
        select(User.id).filter((User.name.like("a") | User.active) & User.id.gt(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE (users.name LIKE ? OR users.active) AND users.id > ?
        -- postgresql
        SELECT users.id FROM users WHERE (users.name LIKE $1 OR users.active) AND users.id > $2
    "#]],
    );
    check(
        select(User.id).filter(User.name.like("a").eq(true)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE (users.name LIKE ?) = ?
        -- postgresql
        SELECT users.id FROM users WHERE (users.name LIKE $1) = $2
    "#]],
    );
    check(
        select(User.id).filter(User.name.concat(User.name).like("a")),
        expect![[r#"
        -- sqlite
        SELECT users.id FROM users WHERE users.name || users.name LIKE ?
        -- postgresql
        SELECT users.id FROM users WHERE users.name || users.name LIKE $1
        -- mysql, mariadb
        SELECT users.id FROM users WHERE concat(users.name, users.name) LIKE ?
    "#]],
    );
    check(
        select(User.id).filter(func::lower(User.name).like("a")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE lower(users.name) LIKE ?
        -- postgresql
        SELECT users.id FROM users WHERE lower(users.name) LIKE $1
    "#]],
    );
}

#[test]
fn a_regular_expression_is_written_as_the_database_has_it() {
    check(
        select(User.id).filter(User.name.regexp("^e.*d$")),
        expect![[r#"
            -- sqlite
            SELECT users.id FROM users WHERE users.name REGEXP ?
            -- postgresql
            SELECT users.id FROM users WHERE users.name ~ $1
            -- mysql
            SELECT users.id FROM users WHERE regexp_like(users.name, ?, 'c')
            -- mariadb
            SELECT users.id FROM users WHERE users.name REGEXP concat('(?-i)', ?)
        "#]],
    );
    check(
        select(User.id).filter(!User.name.regexp("^e")),
        expect![[r#"
            -- sqlite
            SELECT users.id FROM users WHERE NOT users.name REGEXP ?
            -- postgresql
            SELECT users.id FROM users WHERE NOT users.name ~ $1
            -- mysql
            SELECT users.id FROM users WHERE NOT regexp_like(users.name, ?, 'c')
            -- mariadb
            SELECT users.id FROM users WHERE NOT users.name REGEXP concat('(?-i)', ?)
        "#]],
    );
    check(
        select(User.id).filter(User.name.iregexp("^E")),
        expect![[r#"
            -- sqlite
            SELECT users.id FROM users WHERE users.name REGEXP '(?i)' || ?
            -- postgresql
            SELECT users.id FROM users WHERE users.name ~* $1
            -- mysql
            SELECT users.id FROM users WHERE regexp_like(users.name, ?, 'i')
            -- mariadb
            SELECT users.id FROM users WHERE users.name REGEXP concat('(?i)', ?)
        "#]],
    );
    check(
        select(User.id).filter(User.fullname.regexp("x")),
        expect![[r#"
            -- sqlite
            SELECT users.id FROM users WHERE users.fullname REGEXP ?
            -- postgresql
            SELECT users.id FROM users WHERE users.fullname ~ $1
            -- mysql
            SELECT users.id FROM users WHERE regexp_like(users.fullname, ?, 'c')
            -- mariadb
            SELECT users.id FROM users WHERE users.fullname REGEXP concat('(?-i)', ?)
        "#]],
    );
    check(
        select(User.name.regexp_replace("[aeiou]", "_")),
        expect![[r#"
            -- sqlite
            SELECT regexp_replace(users.name, ?, ?) FROM users
            -- postgresql
            SELECT regexp_replace(users.name, $1, $2, 'g') FROM users
            -- mysql
            SELECT regexp_replace(users.name, ?, ?, 1, 0, 'c') FROM users
            -- mariadb
            SELECT regexp_replace(users.name, concat('(?-i)', ?), ?) FROM users
        "#]],
    );
    check(
        select(User.id).filter(User.name.glob("e*")),
        expect![[r#"
        -- sqlite
        SELECT users.id FROM users WHERE users.name GLOB ?
        -- postgresql
        GLOB is not supported on dialect postgresql
        -- mysql
        GLOB is not supported on dialect mysql
        -- mariadb
        GLOB is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn collate_names_the_rules() {
    check(
        select(User.id).filter(User.name.collate("NOCASE").eq("ED")),
        expect![[r#"
        -- sqlite
        SELECT users.id FROM users WHERE users.name COLLATE "NOCASE" = ?
        -- postgresql
        SELECT users.id FROM users WHERE users.name COLLATE "NOCASE" = $1
        -- mysql, mariadb
        SELECT users.id FROM users WHERE users.name COLLATE `NOCASE` = ?
    "#]],
    );
    check(
        select(User.id).order_by(User.name.collate("de_DE").desc()),
        expect![[r#"
        -- sqlite, postgresql
        SELECT users.id FROM users ORDER BY users.name COLLATE "de_DE" DESC
        -- mysql, mariadb
        SELECT users.id FROM users ORDER BY users.name COLLATE `de_DE` DESC
    "#]],
    );
    check(
        select(User.id).filter(User.name.collate("C").like("e%")),
        expect![[r#"
        -- sqlite
        SELECT users.id FROM users WHERE users.name COLLATE "C" LIKE ?
        -- postgresql
        SELECT users.id FROM users WHERE users.name COLLATE "C" LIKE $1
        -- mysql, mariadb
        SELECT users.id FROM users WHERE users.name COLLATE `C` LIKE ?
    "#]],
    );
    check(
        select(User.id).filter(User.name.concat("x").collate("C").gt("a")),
        expect![[r#"
        -- sqlite
        SELECT users.id FROM users WHERE (users.name || ?) COLLATE "C" > ?
        -- postgresql
        SELECT users.id FROM users WHERE (users.name || $1) COLLATE "C" > $2
        -- mysql, mariadb
        SELECT users.id FROM users WHERE concat(users.name, ?) COLLATE `C` > ?
    "#]],
    );
}

#[test]
fn texts_are_joined() {
    check(
        select(User.name.concat("!")),
        expect![[r#"
        -- sqlite
        SELECT users.name || ? FROM users
        -- postgresql
        SELECT users.name || $1 FROM users
        -- mysql, mariadb
        SELECT concat(users.name, ?) FROM users
    "#]],
    );
    check(
        select(User.name.concat(User.name).concat(User.name)),
        expect![[r#"
        -- sqlite, postgresql
        SELECT users.name || users.name || users.name FROM users
        -- mysql, mariadb
        SELECT concat(users.name, users.name, users.name) FROM users
    "#]],
    );
    check(
        select(User.name.concat(User.name.concat("x"))),
        expect![[r#"
        -- sqlite
        SELECT users.name || users.name || ? FROM users
        -- postgresql
        SELECT users.name || users.name || $1 FROM users
        -- mysql, mariadb
        SELECT concat(users.name, users.name, ?) FROM users
    "#]],
    );
    check(
        select(User.id).filter(User.name.concat("x").eq("edx")),
        expect![[r#"
        -- sqlite
        SELECT users.id FROM users WHERE users.name || ? = ?
        -- postgresql
        SELECT users.id FROM users WHERE users.name || $1 = $2
        -- mysql, mariadb
        SELECT users.id FROM users WHERE concat(users.name, ?) = ?
    "#]],
    );
    check(
        select(User.fullname.concat("x")),
        expect![[r#"
        -- sqlite
        SELECT users.fullname || ? FROM users
        -- postgresql
        SELECT users.fullname || $1 FROM users
        -- mysql, mariadb
        SELECT concat(users.fullname, ?) FROM users
    "#]],
    );
}

#[test]
fn the_escape_of_a_pattern_is_any_character() {
    check(
        select(User.id).filter(User.name.like_escape("a\\%", '\\')),
        expect![[r#"
        -- sqlite
        SELECT users.id FROM users WHERE users.name LIKE ? ESCAPE '\'
        -- postgresql
        SELECT users.id FROM users WHERE users.name LIKE $1 ESCAPE '\'
        -- mysql, mariadb
        SELECT users.id FROM users WHERE users.name LIKE ? ESCAPE x'5c'
    "#]],
    );
}
