//! UNION, INTERSECT, EXCEPT.

use expect_test::expect;
use orm::prelude::*;
use orm::{label, literal};

use crate::support::{Address, Keyword, User, check};

#[test]
fn union_of_two() {
    check(
        select(User.name).union(select(Keyword.word)),
        expect![[r#"
        -- all
        SELECT users.name FROM users UNION SELECT keywords.word FROM keywords
    "#]],
    );
}

#[test]
fn union_all_of_two() {
    check(
        select(User.name).union_all(select(Keyword.word)),
        expect![[r#"
        -- all
        SELECT users.name FROM users UNION ALL SELECT keywords.word FROM keywords
    "#]],
    );
}

#[test]
fn union_of_three_is_one_list() {
    check(
        select(User.name).union(select(Keyword.word)).union(select(Address.email)),
        expect![[r#"
        -- all
        SELECT users.name FROM users UNION SELECT keywords.word FROM keywords UNION SELECT addresses.email FROM addresses
    "#]],
    );
}

#[test]
fn intersect_of_two() {
    check(
        select(User.name).intersect(select(Keyword.word)),
        expect![[r#"
        -- all
        SELECT users.name FROM users INTERSECT SELECT keywords.word FROM keywords
    "#]],
    );
}

#[test]
fn except_of_two() {
    check(
        select(User.name).except(select(Keyword.word)),
        expect![[r#"
        -- all
        SELECT users.name FROM users EXCEPT SELECT keywords.word FROM keywords
    "#]],
    );
}

#[test]
fn except_of_three_goes_from_left_to_right() {
    check(
        select(User.name).except(select(Keyword.word)).except(select(Address.email)),
        expect![[r#"
        -- all
        SELECT users.name FROM users EXCEPT SELECT keywords.word FROM keywords EXCEPT SELECT addresses.email FROM addresses
    "#]],
    );
}

#[test]
fn intersect_all_of_two() {
    check(
        select(User.name).intersect_all(select(Keyword.word)),
        expect![[r#"
        -- sqlite
        INTERSECT ALL is not supported on dialect sqlite
        -- postgresql, mysql, mariadb
        SELECT users.name FROM users INTERSECT ALL SELECT keywords.word FROM keywords
    "#]],
    );
}

#[test]
fn except_all_of_two() {
    check(
        select(User.name).except_all(select(Keyword.word)),
        expect![[r#"
        -- sqlite
        EXCEPT ALL is not supported on dialect sqlite
        -- postgresql, mysql, mariadb
        SELECT users.name FROM users EXCEPT ALL SELECT keywords.word FROM keywords
    "#]],
    );
}

#[test]
fn another_operator_puts_the_left_side_into_parentheses() {
    check(
        select(User.name).union(select(Keyword.word)).intersect(select(Address.email)),
        expect![[r#"
        -- sqlite
        SELECT * FROM (SELECT users.name FROM users UNION SELECT keywords.word FROM keywords) INTERSECT SELECT addresses.email FROM addresses
        -- postgresql, mysql, mariadb
        (SELECT users.name FROM users UNION SELECT keywords.word FROM keywords) INTERSECT SELECT addresses.email FROM addresses
    "#]],
    );
}

#[test]
fn a_compound_on_the_right_stays_together() {
    check(
        select(User.name).union(select(Keyword.word).intersect(select(Address.email))),
        expect![[r#"
        -- sqlite
        SELECT users.name FROM users UNION SELECT * FROM (SELECT keywords.word FROM keywords INTERSECT SELECT addresses.email FROM addresses)
        -- postgresql, mysql, mariadb
        SELECT users.name FROM users UNION (SELECT keywords.word FROM keywords INTERSECT SELECT addresses.email FROM addresses)
    "#]],
    );
}

#[test]
fn a_compound_of_the_same_operator_on_the_right_stays_together() {
    check(
        select(User.name).except(select(Keyword.word).except(select(Address.email))),
        expect![[r#"
        -- sqlite
        SELECT users.name FROM users EXCEPT SELECT * FROM (SELECT keywords.word FROM keywords EXCEPT SELECT addresses.email FROM addresses)
        -- postgresql, mysql, mariadb
        SELECT users.name FROM users EXCEPT (SELECT keywords.word FROM keywords EXCEPT SELECT addresses.email FROM addresses)
    "#]],
    );
}

#[test]
fn union_and_union_all_do_not_mix() {
    check(
        select(User.name).union_all(select(Keyword.word)).union(select(Address.email)),
        expect![[r#"
        -- sqlite
        SELECT * FROM (SELECT users.name FROM users UNION ALL SELECT keywords.word FROM keywords) UNION SELECT addresses.email FROM addresses
        -- postgresql, mysql, mariadb
        (SELECT users.name FROM users UNION ALL SELECT keywords.word FROM keywords) UNION SELECT addresses.email FROM addresses
    "#]],
    );
}

#[test]
fn clauses_of_the_members_are_their_own() {
    check(
        select(User.name).filter(User.active).union(select(Keyword.word).filter(Keyword.id.gt(3))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.name FROM users WHERE users.active UNION SELECT keywords.word FROM keywords WHERE keywords.id > ?
        -- postgresql
        SELECT users.name FROM users WHERE users.active UNION SELECT keywords.word FROM keywords WHERE keywords.id > $1
    "#]],
    );
}

#[test]
fn a_compound_is_ordered_by_the_name_of_its_column() {
    check(
        select(User.name).union(select(Keyword.word)).order_by(User.name),
        expect![[r#"
        -- all
        SELECT users.name FROM users UNION SELECT keywords.word FROM keywords ORDER BY name
    "#]],
    );
}

#[test]
fn a_compound_is_ordered_by_a_label() {
    check(
        select(func::lower(User.name).label("word")).union(select(Keyword.word)).order_by(label("word").desc()),
        expect![[r#"
            -- all
            SELECT lower(users.name) AS word FROM users UNION SELECT keywords.word FROM keywords ORDER BY word DESC
        "#]],
    );
}

#[test]
fn a_compound_is_ordered_by_position_where_names_are_alike() {
    check(
        select((User.id, Address.id))
            .filter(Address.user_id.eq(User.id))
            .union(select((Address.id, Address.user_id)))
            .order_by((Address.id.desc(), User.id)),
        expect![[r#"
            -- all
            SELECT users.id, addresses.id FROM users, addresses WHERE addresses.user_id = users.id UNION SELECT addresses.id, addresses.user_id FROM addresses ORDER BY 2 DESC, 1
        "#]],
    );
}

#[test]
fn a_compound_of_models_is_ordered_by_their_columns() {
    check(
        select(User).filter(User.active).union(select(User).filter(User.age.gt(90))).order_by(User.name),
        expect![[r#"
            -- sqlite, mysql, mariadb
            SELECT users.id, users.name, users.fullname, users.age, users.active FROM users WHERE users.active UNION SELECT users.id, users.name, users.fullname, users.age, users.active FROM users WHERE users.age > ? ORDER BY name
            -- postgresql
            SELECT users.id, users.name, users.fullname, users.age, users.active FROM users WHERE users.active UNION SELECT users.id, users.name, users.fullname, users.age, users.active FROM users WHERE users.age > $1 ORDER BY name
        "#]],
    );
}

#[test]
fn a_compound_is_not_ordered_by_what_it_does_not_select() {
    check(
        select(User.name).union(select(Keyword.word)).order_by(User.id),
        expect![[r#"
        -- all
        a compound can be ordered only by what it selects
        hint: give the expression a label, `.label("total")`, and order by `label("total")`
    "#]],
    );
}

#[test]
fn a_compound_has_a_limit() {
    check(
        select(User.name).union_all(select(Keyword.word)).order_by(User.name).limit(5).offset(2),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.name FROM users UNION ALL SELECT keywords.word FROM keywords ORDER BY name LIMIT ? OFFSET ?
        -- postgresql
        SELECT users.name FROM users UNION ALL SELECT keywords.word FROM keywords ORDER BY name LIMIT $1 OFFSET $2
    "#]],
    );
}

#[test]
fn a_member_with_a_limit() {
    check(
        select(User.name)
            .order_by(User.id)
            .limit(2)
            .union_all(select(Keyword.word).order_by(Keyword.id.desc()).limit(1)),
        expect![[r#"
            -- sqlite
            SELECT * FROM (SELECT users.name FROM users ORDER BY users.id LIMIT ?) UNION ALL SELECT * FROM (SELECT keywords.word FROM keywords ORDER BY keywords.id DESC LIMIT ?)
            -- postgresql
            (SELECT users.name FROM users ORDER BY users.id LIMIT $1) UNION ALL (SELECT keywords.word FROM keywords ORDER BY keywords.id DESC LIMIT $2)
            -- mysql, mariadb
            (SELECT users.name FROM users ORDER BY users.id LIMIT ?) UNION ALL (SELECT keywords.word FROM keywords ORDER BY keywords.id DESC LIMIT ?)
        "#]],
    );
}

#[test]
fn a_member_with_an_offset() {
    check(
        select(User.name).union(select(Keyword.word).offset(1)),
        expect![[r#"
        -- sqlite
        SELECT users.name FROM users UNION SELECT * FROM (SELECT keywords.word FROM keywords LIMIT -1 OFFSET ?)
        -- postgresql
        SELECT users.name FROM users UNION (SELECT keywords.word FROM keywords LIMIT ALL OFFSET $1)
        -- mysql, mariadb
        SELECT users.name FROM users UNION (SELECT keywords.word FROM keywords LIMIT 18446744073709551615 OFFSET ?)
    "#]],
    );
}

#[test]
fn a_limited_compound_is_a_member() {
    check(
        select(User.name).union(select(Keyword.word)).limit(3).union(select(Address.email)),
        expect![[r#"
        -- sqlite
        SELECT * FROM (SELECT users.name FROM users UNION SELECT keywords.word FROM keywords LIMIT ?) UNION SELECT addresses.email FROM addresses
        -- postgresql
        (SELECT users.name FROM users UNION SELECT keywords.word FROM keywords LIMIT $1) UNION SELECT addresses.email FROM addresses
        -- mysql, mariadb
        (SELECT users.name FROM users UNION SELECT keywords.word FROM keywords LIMIT ?) UNION SELECT addresses.email FROM addresses
    "#]],
    );
}

#[test]
fn nulls_of_a_compound() {
    check(
        select(User.age).union(select(User.age)).order_by(User.age.nulls_first()),
        expect![[r#"
        -- sqlite, postgresql
        SELECT users.age FROM users UNION SELECT users.age FROM users ORDER BY age NULLS FIRST
        -- mysql, mariadb
        SELECT users.age FROM users UNION SELECT users.age FROM users ORDER BY age IS NULL DESC, age
    "#]],
    );
}

#[test]
fn a_compound_takes_no_condition() {
    check(
        select(User.name).union(select(Keyword.word)).filter(User.active),
        expect![[r#"
        -- all
        UNION takes no WHERE
        hint: say it of its members, or of a query over it: `.subquery("name")`, or `.cte("name")`
    "#]],
    );
}

#[test]
fn a_compound_takes_no_join() {
    check(
        select(User.name).union(select(Keyword.word)).join(User.addresses),
        expect![[r#"
        -- all
        UNION takes no JOIN
        hint: say it of its members, or of a query over it: `.subquery("name")`, or `.cte("name")`
    "#]],
    );
}

#[test]
fn a_compound_takes_no_groups() {
    check(
        select(User.name).union(select(Keyword.word)).group_by(User.name),
        expect![[r#"
        -- all
        UNION takes no GROUP BY
        hint: say it of its members, or of a query over it: `.subquery("name")`, or `.cte("name")`
    "#]],
    );
}

#[test]
fn a_compound_takes_no_lock() {
    check(
        select(User.name).union(select(Keyword.word)).for_update(),
        expect![[r#"
        -- all
        UNION takes no FOR UPDATE
        hint: say it of its members, or of a query over it: `.subquery("name")`, or `.cte("name")`
    "#]],
    );
}

#[test]
fn a_compound_stands_in_in() {
    check(
        select(User.id).filter(User.name.in_(select(Keyword.word).union(select(Address.email)))),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE users.name IN (SELECT keywords.word FROM keywords UNION SELECT addresses.email FROM addresses)
    "#]],
    );
}

#[test]
fn a_compound_stands_in_exists() {
    check(
        select(User.id).filter(func::exists(
            select(Keyword.id)
                .filter(Keyword.id.eq(User.id))
                .union(select(Address.id).filter(Address.user_id.eq(User.id))),
        )),
        expect![[r#"
            -- all
            SELECT users.id FROM users WHERE EXISTS (SELECT keywords.id FROM keywords WHERE keywords.id = users.id UNION SELECT addresses.id FROM addresses WHERE addresses.user_id = users.id)
        "#]],
    );
}

#[test]
fn a_compound_stands_in_from() {
    let words = select(User.name).union(select(Keyword.word)).subquery("words");
    check(
        select(words.0).select_from(&words).filter(words.0.like("e%")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT words.name FROM (SELECT users.name FROM users UNION SELECT keywords.word FROM keywords) AS words WHERE words.name LIKE ?
        -- postgresql
        SELECT words.name FROM (SELECT users.name FROM users UNION SELECT keywords.word FROM keywords) AS words WHERE words.name LIKE $1
    "#]],
    );
}

#[test]
fn each_operator_takes_three_values() {
    check(
        select(literal(1)).union(select(literal(2))).union(select(literal(3))),
        expect![[r#"
            -- sqlite, mariadb
            SELECT ? UNION SELECT ? UNION SELECT ?
            -- postgresql
            SELECT $1 UNION SELECT $2 UNION SELECT $3
            -- mysql
            SELECT CAST(? AS SIGNED) UNION SELECT CAST(? AS SIGNED) UNION SELECT CAST(? AS SIGNED)
        "#]],
    );
    check(
        select(literal(1)).union_all(select(literal(2))).union_all(select(literal(3))),
        expect![[r#"
            -- sqlite, mariadb
            SELECT ? UNION ALL SELECT ? UNION ALL SELECT ?
            -- postgresql
            SELECT $1 UNION ALL SELECT $2 UNION ALL SELECT $3
            -- mysql
            SELECT CAST(? AS SIGNED) UNION ALL SELECT CAST(? AS SIGNED) UNION ALL SELECT CAST(? AS SIGNED)
        "#]],
    );
    check(
        select(literal(1)).intersect(select(literal(2))).intersect(select(literal(3))),
        expect![[r#"
            -- sqlite, mariadb
            SELECT ? INTERSECT SELECT ? INTERSECT SELECT ?
            -- postgresql
            SELECT $1 INTERSECT SELECT $2 INTERSECT SELECT $3
            -- mysql
            SELECT CAST(? AS SIGNED) INTERSECT SELECT CAST(? AS SIGNED) INTERSECT SELECT CAST(? AS SIGNED)
        "#]],
    );
    check(
        select(literal(1)).intersect_all(select(literal(2))).intersect_all(select(literal(3))),
        expect![[r#"
            -- sqlite
            INTERSECT ALL is not supported on dialect sqlite
            -- postgresql
            SELECT $1 INTERSECT ALL SELECT $2 INTERSECT ALL SELECT $3
            -- mysql
            SELECT CAST(? AS SIGNED) INTERSECT ALL SELECT CAST(? AS SIGNED) INTERSECT ALL SELECT CAST(? AS SIGNED)
            -- mariadb
            SELECT ? INTERSECT ALL SELECT ? INTERSECT ALL SELECT ?
        "#]],
    );
    check(
        select(literal(1)).except(select(literal(2))).except(select(literal(3))),
        expect![[r#"
            -- sqlite, mariadb
            SELECT ? EXCEPT SELECT ? EXCEPT SELECT ?
            -- postgresql
            SELECT $1 EXCEPT SELECT $2 EXCEPT SELECT $3
            -- mysql
            SELECT CAST(? AS SIGNED) EXCEPT SELECT CAST(? AS SIGNED) EXCEPT SELECT CAST(? AS SIGNED)
        "#]],
    );
    check(
        select(literal(1)).except_all(select(literal(2))).except_all(select(literal(3))),
        expect![[r#"
            -- sqlite
            EXCEPT ALL is not supported on dialect sqlite
            -- postgresql
            SELECT $1 EXCEPT ALL SELECT $2 EXCEPT ALL SELECT $3
            -- mysql
            SELECT CAST(? AS SIGNED) EXCEPT ALL SELECT CAST(? AS SIGNED) EXCEPT ALL SELECT CAST(? AS SIGNED)
            -- mariadb
            SELECT ? EXCEPT ALL SELECT ? EXCEPT ALL SELECT ?
        "#]],
    );
}

#[test]
fn a_compound_of_ctes_is_ordered_by_their_columns() {
    let c = select(User.id).cte("c");
    let d = select(Address.id).cte("d");
    check(
        select(c.0).union(select(d.0)).order_by(c.0),
        expect![[r#"
        -- all
        WITH c AS (SELECT users.id FROM users), d AS (SELECT addresses.id FROM addresses) SELECT c.id FROM c UNION SELECT d.id FROM d ORDER BY 1
    "#]],
    );
}
