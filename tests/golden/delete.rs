//! DELETE.

use expect_test::expect;
use orm::literal;
use orm::prelude::*;

use crate::support::{Address, Keyword, Node, User, UserKeyword, check};

#[test]
fn without_a_filter_every_row_goes() {
    check(
        delete(User),
        expect![[r#"
        -- all
        DELETE FROM users
    "#]],
    );
}

#[test]
fn rows_that_fulfil_conditions_go() {
    check(
        delete(User).filter(User.id.eq(1)).filter(User.name.ne("ed")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        DELETE FROM users WHERE users.id = ? AND users.name <> ?
        -- postgresql
        DELETE FROM users WHERE users.id = $1 AND users.name <> $2
    "#]],
    );
}

#[test]
fn an_alias_of_the_table_loses_rows() {
    let other = User.alias("other");
    check(
        delete(other).filter(other.id.eq(1)),
        expect![[r#"
        -- sqlite
        DELETE FROM users AS other WHERE other.id = ?
        -- postgresql
        DELETE FROM users AS other WHERE other.id = $1
        -- mysql, mariadb
        DELETE FROM other USING users AS other WHERE other.id = ?
    "#]],
    );
}

#[test]
fn exists_is_about_the_row_at_hand() {
    check(
        delete(User).filter(!func::exists(select(Address.id).filter(Address.user_id.eq(User.id)))),
        expect![[r#"
        -- all
        DELETE FROM users WHERE NOT EXISTS (SELECT addresses.id FROM addresses WHERE addresses.user_id = users.id)
    "#]],
    );
}

#[test]
fn members_of_a_relationship_are_asked_about() {
    check(
        delete(User).filter(!User.addresses.is_not_empty()),
        expect![[r#"
        -- all
        DELETE FROM users WHERE NOT EXISTS (SELECT 1 FROM addresses WHERE users.id = addresses.user_id)
    "#]],
    );
}

#[test]
fn a_list_from_a_subquery_names_the_rows() {
    let idle = select(User.id).filter(!User.active);
    check(
        delete(Address).filter(Address.user_id.in_(idle)),
        expect![[r#"
        -- all
        DELETE FROM addresses WHERE addresses.user_id IN (SELECT users.id FROM users WHERE NOT users.active)
    "#]],
    );
}

#[test]
fn a_join_follows_a_relationship() {
    check(
        delete(Address).join(Address.user).filter(!User.active),
        expect![[r#"
        -- sqlite
        DELETE FROM addresses WHERE EXISTS (SELECT 1 FROM users WHERE addresses.user_id = users.id AND NOT users.active)
        -- postgresql
        DELETE FROM addresses USING users WHERE addresses.user_id = users.id AND NOT users.active
        -- mysql, mariadb
        DELETE FROM addresses USING addresses, users WHERE addresses.user_id = users.id AND NOT users.active
    "#]],
    );
}

#[test]
fn a_join_follows_a_relationship_over_an_association_table() {
    check(
        delete(User).join(User.keywords).filter(Keyword.word.eq("spam")),
        expect![[r#"
        -- sqlite
        DELETE FROM users WHERE EXISTS (SELECT 1 FROM user_keywords, keywords WHERE user_keywords.keyword_id = keywords.id AND users.id = user_keywords.user_id AND keywords.word = ?)
        -- postgresql
        DELETE FROM users USING user_keywords, keywords WHERE user_keywords.keyword_id = keywords.id AND users.id = user_keywords.user_id AND keywords.word = $1
        -- mysql, mariadb
        DELETE FROM users USING users, user_keywords, keywords WHERE user_keywords.keyword_id = keywords.id AND users.id = user_keywords.user_id AND keywords.word = ?
    "#]],
    );
}

#[test]
fn conditions_on_the_table_itself_stay_outside_of_exists() {
    check(
        delete(Address).join(Address.user).filter(Address.id.gt(10)).filter(User.name.eq("ed")),
        expect![[r#"
        -- sqlite
        DELETE FROM addresses WHERE addresses.id > ? AND EXISTS (SELECT 1 FROM users WHERE addresses.user_id = users.id AND users.name = ?)
        -- postgresql
        DELETE FROM addresses USING users WHERE addresses.user_id = users.id AND addresses.id > $1 AND users.name = $2
        -- mysql, mariadb
        DELETE FROM addresses USING addresses, users WHERE addresses.user_id = users.id AND addresses.id > ? AND users.name = ?
    "#]],
    );
}

#[test]
fn a_join_has_a_condition_of_its_own() {
    check(
        delete(UserKeyword).join_on(Keyword, UserKeyword.keyword_id.eq(Keyword.id)),
        expect![[r#"
        -- sqlite
        DELETE FROM user_keywords WHERE EXISTS (SELECT 1 FROM keywords WHERE user_keywords.keyword_id = keywords.id)
        -- postgresql
        DELETE FROM user_keywords USING keywords WHERE user_keywords.keyword_id = keywords.id
        -- mysql, mariadb
        DELETE FROM user_keywords USING user_keywords, keywords WHERE user_keywords.keyword_id = keywords.id
    "#]],
    );
}

#[test]
fn a_table_that_is_mentioned_is_joined() {
    check(
        delete(Address).filter(Address.user_id.eq(User.id) & User.name.eq("ed")),
        expect![[r#"
        -- sqlite
        DELETE FROM addresses WHERE EXISTS (SELECT 1 FROM users WHERE addresses.user_id = users.id AND users.name = ?)
        -- postgresql
        DELETE FROM addresses USING users WHERE addresses.user_id = users.id AND users.name = $1
        -- mysql, mariadb
        DELETE FROM addresses USING addresses, users WHERE addresses.user_id = users.id AND users.name = ?
    "#]],
    );
}

#[test]
fn a_table_is_joined_to_itself_by_an_alias() {
    let parent = Node.alias("parent");
    check(
        delete(Node).join(Node.parent.of(parent)).filter(parent.name.eq("gone")),
        expect![[r#"
        -- sqlite
        DELETE FROM nodes WHERE EXISTS (SELECT 1 FROM nodes AS parent WHERE nodes.parent_id = parent.id AND parent.name = ?)
        -- postgresql
        DELETE FROM nodes USING nodes AS parent WHERE nodes.parent_id = parent.id AND parent.name = $1
        -- mysql, mariadb
        DELETE FROM nodes USING nodes, nodes AS parent WHERE nodes.parent_id = parent.id AND parent.name = ?
    "#]],
    );
}

#[test]
fn an_alias_loses_rows_by_the_table() {
    let child = Node.alias("child");
    check(
        delete(child).join_on(Node, child.parent_id.eq(Node.id)),
        expect![[r#"
        -- sqlite
        DELETE FROM nodes AS child WHERE EXISTS (SELECT 1 FROM nodes WHERE child.parent_id = nodes.id)
        -- postgresql
        DELETE FROM nodes AS child USING nodes WHERE child.parent_id = nodes.id
        -- mysql, mariadb
        DELETE FROM child USING nodes AS child, nodes WHERE child.parent_id = nodes.id
    "#]],
    );
}

#[test]
fn order_and_limit_are_for_mysql() {
    check(
        delete(User).order_by(User.id).limit(10),
        expect![[r#"
        -- sqlite
        DELETE … ORDER BY … LIMIT is not supported on dialect sqlite
        hint: filter by a subquery: `.filter(User.id.in_(select(User.id).order_by(…).limit(…)))`
        -- postgresql
        DELETE … ORDER BY … LIMIT is not supported on dialect postgresql
        hint: filter by a subquery: `.filter(User.id.in_(select(User.id).order_by(…).limit(…)))`
        -- mysql, mariadb
        DELETE FROM users ORDER BY users.id LIMIT ?
    "#]],
    );
}

#[test]
fn order_and_limit_do_not_go_with_joins() {
    check(
        delete(Address).join(Address.user).order_by(Address.id).limit(10),
        expect![[r#"
        -- sqlite
        DELETE … ORDER BY … LIMIT is not supported on dialect sqlite
        hint: filter by a subquery: `.filter(User.id.in_(select(User.id).order_by(…).limit(…)))`
        -- postgresql
        DELETE … ORDER BY … LIMIT is not supported on dialect postgresql
        hint: filter by a subquery: `.filter(User.id.in_(select(User.id).order_by(…).limit(…)))`
        -- mysql
        DELETE … ORDER BY … LIMIT with a join or an alias is not supported on dialect mysql
        -- mariadb
        DELETE … ORDER BY … LIMIT with a join or an alias is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn returning_gives_what_has_gone() {
    check(
        delete(User).filter(User.id.eq(1)).returning((User.id, User.name)),
        expect![[r#"
        -- sqlite, mariadb
        DELETE FROM users WHERE users.id = ? RETURNING id, name
        -- postgresql
        DELETE FROM users WHERE users.id = $1 RETURNING id, name
        -- mysql
        DELETE … RETURNING is not supported on dialect mysql
    "#]],
    );
}

#[test]
fn returning_gives_models() {
    check(
        delete(Keyword).returning(Keyword),
        expect![[r#"
        -- sqlite, postgresql, mariadb
        DELETE FROM keywords RETURNING id, word
        -- mysql
        DELETE … RETURNING is not supported on dialect mysql
    "#]],
    );
}

#[test]
fn returning_of_another_table_is_for_postgres() {
    check(
        delete(Address).join(Address.user).returning((Address.id, User.name)),
        expect![[r#"
            -- sqlite
            RETURNING of a table that is not the one that is written is not supported on dialect sqlite
            -- postgresql
            DELETE FROM addresses USING users WHERE addresses.user_id = users.id RETURNING addresses.id, users.name
            -- mysql
            DELETE … RETURNING is not supported on dialect mysql
            -- mariadb
            DELETE … RETURNING with a join or an alias is not supported on dialect mariadb
        "#]],
    );
}

// -------------------------------------------------------------------------------------------------------------- WITH

#[test]
fn a_cte_stands_before_a_delete() {
    let idle = select((User.id, User.name)).filter(!User.active).cte("idle");
    check(
        delete(Address).filter(Address.user_id.in_(select(idle.0).select_from(&idle))),
        expect![[r#"
            -- sqlite, postgresql, mysql
            WITH idle AS (SELECT users.id, users.name FROM users WHERE NOT users.active) DELETE FROM addresses WHERE addresses.user_id IN (SELECT idle.id FROM idle)
            -- mariadb
            WITH before DELETE is not supported on dialect mariadb
        "#]],
    );
}

#[test]
fn a_subquery_beside_a_joined_table_says_what_is_its_own() {
    let totals = select((Address.user_id, func::count(Address.id))).group_by(Address.user_id).subquery("totals");
    check(
        delete(User).filter(User.id.eq(Address.user_id)).filter(!func::exists(
            select(literal(1)).correlate(Address).filter(Address.user_id.eq(User.id) & Address.email.eq("x")),
        )),
        expect![[r#"
            -- sqlite
            DELETE FROM users WHERE EXISTS (SELECT 1 FROM addresses WHERE users.id = addresses.user_id AND NOT EXISTS (SELECT ? FROM users WHERE addresses.user_id = users.id AND addresses.email = ?))
            -- postgresql
            DELETE FROM users USING addresses WHERE users.id = addresses.user_id AND NOT EXISTS (SELECT $1 FROM users WHERE addresses.user_id = users.id AND addresses.email = $2)
            -- mysql
            a subquery over the table that is written, in a condition about rows of other tables too or with text of SQL, is not supported on dialect mysql
            hint: select the keys and values first and filter by them, or change the objects in a session
            -- mariadb
            DELETE FROM users USING users, addresses WHERE users.id = addresses.user_id AND NOT EXISTS (SELECT ? FROM users WHERE addresses.user_id = users.id AND addresses.email = ?)
        "#]],
    );
    check(
        delete(User).filter(User.id.eq(Address.user_id)).filter(!func::exists(
            select(literal(1)).correlate(()).filter(Address.user_id.eq(User.id) & Address.email.eq("x")),
        )),
        expect![[r#"
            -- sqlite
            DELETE FROM users WHERE EXISTS (SELECT 1 FROM addresses WHERE users.id = addresses.user_id AND NOT EXISTS (SELECT ? FROM addresses, users WHERE addresses.user_id = users.id AND addresses.email = ?))
            -- postgresql
            DELETE FROM users USING addresses WHERE users.id = addresses.user_id AND NOT EXISTS (SELECT $1 FROM addresses, users WHERE addresses.user_id = users.id AND addresses.email = $2)
            -- mysql
            DELETE FROM users USING users, addresses WHERE users.id = addresses.user_id AND NOT EXISTS (SELECT * FROM (SELECT CAST(? AS SIGNED) FROM addresses, users WHERE addresses.user_id = users.id AND addresses.email = ?) AS own)
            -- mariadb
            DELETE FROM users USING users, addresses WHERE users.id = addresses.user_id AND NOT EXISTS (SELECT ? FROM addresses, users WHERE addresses.user_id = users.id AND addresses.email = ?)
        "#]],
    );
    check(
        delete(User)
            .filter(User.id.eq(Address.user_id))
            .filter(!func::exists(select(literal(1)).filter(Address.user_id.eq(User.id) & Address.email.eq("x")))),
        expect![[r#"
            -- all
            a subquery has no table left in FROM: all that it mentions are those of the statement around it
            hint: say by `.correlate(…)` which tables it takes from there, or give its own an alias
        "#]],
    );
    check(
        delete(User).filter(User.name.eq(select(Address.email).filter(Address.id.eq(7)).scalar_subquery())),
        expect![[r#"
            -- sqlite, mysql, mariadb
            DELETE FROM users WHERE users.name = (SELECT addresses.email FROM addresses WHERE addresses.id = ?)
            -- postgresql
            DELETE FROM users WHERE users.name = (SELECT addresses.email FROM addresses WHERE addresses.id = $1)
        "#]],
    );
    check(
        delete(User).filter(totals.0.eq(User.id)),
        expect![[r#"
            -- sqlite
            DELETE FROM users WHERE EXISTS (SELECT 1 FROM (SELECT addresses.user_id, count(addresses.id) AS count_1 FROM addresses GROUP BY addresses.user_id) AS totals WHERE totals.user_id = users.id)
            -- postgresql
            DELETE FROM users USING (SELECT addresses.user_id, count(addresses.id) AS count_1 FROM addresses GROUP BY addresses.user_id) AS totals WHERE totals.user_id = users.id
            -- mysql
            DELETE FROM users USING users, (SELECT addresses.user_id, count(addresses.id) AS count_1 FROM addresses GROUP BY addresses.user_id) AS totals WHERE totals.user_id = users.id
            -- mariadb
            DELETE FROM users USING users, (SELECT * FROM (SELECT addresses.user_id, count(addresses.id) AS count_1 FROM addresses GROUP BY addresses.user_id) AS settled LIMIT 18446744073709551615) AS totals WHERE totals.user_id = users.id
        "#]],
    );
}

#[test]
fn a_subquery_stands_beside_the_table() {
    let totals = select((Address.user_id, func::count(Address.id))).group_by(Address.user_id).subquery("totals");
    let ages = orm::values("ages", ["id", "age"], [(1i64, 30), (2, 41)]);
    let few = select(User.id).limit(3).cte("few");
    check(
        delete(User).join_on(&totals, totals.0.eq(User.id)).filter(totals.1.gt(2)),
        expect![[r#"
            -- sqlite
            DELETE FROM users WHERE EXISTS (SELECT 1 FROM (SELECT addresses.user_id, count(addresses.id) AS count_1 FROM addresses GROUP BY addresses.user_id) AS totals WHERE totals.user_id = users.id AND totals.count_1 > ?)
            -- postgresql
            DELETE FROM users USING (SELECT addresses.user_id, count(addresses.id) AS count_1 FROM addresses GROUP BY addresses.user_id) AS totals WHERE totals.user_id = users.id AND totals.count_1 > $1
            -- mysql
            DELETE FROM users USING users, (SELECT addresses.user_id, count(addresses.id) AS count_1 FROM addresses GROUP BY addresses.user_id) AS totals WHERE totals.user_id = users.id AND totals.count_1 > ?
            -- mariadb
            DELETE FROM users USING users, (SELECT * FROM (SELECT addresses.user_id, count(addresses.id) AS count_1 FROM addresses GROUP BY addresses.user_id) AS settled LIMIT 18446744073709551615) AS totals WHERE totals.user_id = users.id AND totals.count_1 > ?
        "#]],
    );
    check(
        delete(User).filter(ages.0.eq(User.id)),
        expect![[r#"
            -- sqlite
            DELETE FROM users WHERE EXISTS (SELECT 1 FROM (SELECT column1 AS id, column2 AS age FROM (VALUES (?, ?), (?, ?))) AS ages WHERE ages.id = users.id)
            -- postgresql
            DELETE FROM users USING (VALUES ($1, $2), ($3, $4)) AS ages (id, age) WHERE ages.id = users.id
            -- mysql
            DELETE FROM users USING users, (VALUES ROW(CAST(? AS SIGNED), CAST(? AS SIGNED)), ROW(CAST(? AS SIGNED), CAST(? AS SIGNED))) AS ages (id, age) WHERE ages.id = users.id
            -- mariadb
            DELETE FROM users USING users, (SELECT ? AS id, ? AS age UNION ALL SELECT ?, ?) AS ages WHERE ages.id = users.id
        "#]],
    );
    check(
        delete(User).filter(few.0.eq(User.id) & User.name.eq(Address.email)),
        expect![[r#"
            -- sqlite
            WITH few AS (SELECT users.id FROM users LIMIT ?) DELETE FROM users WHERE EXISTS (SELECT 1 FROM addresses, few WHERE few.id = users.id AND users.name = addresses.email)
            -- postgresql
            WITH few AS (SELECT users.id FROM users LIMIT $1) DELETE FROM users USING addresses, few WHERE few.id = users.id AND users.name = addresses.email
            -- mysql
            WITH few AS (SELECT users.id FROM users LIMIT ?) DELETE FROM users USING users, addresses, few WHERE few.id = users.id AND users.name = addresses.email
            -- mariadb
            WITH before DELETE is not supported on dialect mariadb
        "#]],
    );
    check(
        delete(User).filter(few.0.eq(User.id)).returning((User.id, few.0)),
        expect![[r#"
            -- sqlite
            RETURNING of a table that is not the one that is written is not supported on dialect sqlite
            -- postgresql
            WITH few AS (SELECT users.id FROM users LIMIT $1) DELETE FROM users USING few WHERE few.id = users.id RETURNING users.id, few.id
            -- mysql
            DELETE … RETURNING is not supported on dialect mysql
            -- mariadb
            WITH before DELETE is not supported on dialect mariadb
        "#]],
    );
}
