//! UPDATE.

use expect_test::expect;
use orm::literal;
use orm::prelude::*;

use crate::support::{Address, Keyword, Node, User, check};

/// A row that notes when it was changed.
#[derive(Clone, Debug, Model)]
#[orm(table = "notes", metadata = none)]
struct Note {
    #[orm(primary_key)]
    id: i64,
    text: String,
    #[orm(on_update = 5)]
    changed: i64,
}

#[test]
fn a_column_is_set_to_a_value() {
    check(
        update(User).set(User.fullname, "Ed Jones").filter(User.id.eq(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        UPDATE users SET fullname = ? WHERE users.id = ?
        -- postgresql
        UPDATE users SET fullname = $1 WHERE users.id = $2
    "#]],
    );
}

#[test]
fn without_a_filter_every_row_is_changed() {
    check(
        update(User).set(User.active, false),
        expect![[r#"
        -- sqlite, mysql, mariadb
        UPDATE users SET active = ?
        -- postgresql
        UPDATE users SET active = $1
    "#]],
    );
}

#[test]
fn nothing_to_set_is_refused() {
    check(
        update(User).filter(User.id.eq(1)),
        expect![[r#"
        -- all
        `update(User)` sets no column
        hint: add `.set(column, value)`
    "#]],
    );
}

#[test]
fn a_column_is_set_to_null() {
    check(
        update(User).set(User.fullname, None::<String>).filter(User.id.eq(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        UPDATE users SET fullname = ? WHERE users.id = ?
        -- postgresql
        UPDATE users SET fullname = $1 WHERE users.id = $2
    "#]],
    );
}

#[test]
fn a_column_is_set_to_an_expression_of_the_row() {
    check(
        update(User).set(User.age, User.age + 1).set(User.name, func::lower(User.name)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        UPDATE users SET age = users.age + ?, name = lower(users.name)
        -- postgresql
        UPDATE users SET age = users.age + $1, name = lower(users.name)
    "#]],
    );
}

#[test]
fn the_last_of_two_values_for_a_column_counts() {
    check(
        update(User).set(User.name, "a").set(User.age, 1).set(User.name, "b"),
        expect![[r#"
        -- sqlite, mysql, mariadb
        UPDATE users SET age = ?, name = ?
        -- postgresql
        UPDATE users SET age = $1, name = $2
    "#]],
    );
}

#[test]
fn filters_are_joined_by_and() {
    check(
        update(User).set(User.age, 1).filter(User.id.gt(1)).filter(User.id.lt(9) | User.active),
        expect![[r#"
        -- sqlite, mysql, mariadb
        UPDATE users SET age = ? WHERE users.id > ? AND (users.id < ? OR users.active)
        -- postgresql
        UPDATE users SET age = $1 WHERE users.id > $2 AND (users.id < $3 OR users.active)
    "#]],
    );
}

#[test]
fn values_are_bound_in_the_order_of_the_text() {
    let statement = update(User).filter(User.id.eq(3)).set(User.name, "ed").set(User.age, 4);
    for dialect in [orm::Dialect::Postgres, orm::Dialect::MySql] {
        let rendered = statement.render(dialect).unwrap();
        assert_eq!(format!("{:?}", rendered[0].values), r#"[Text("ed"), Int32(4), Int64(3)]"#);
    }
}

#[test]
fn a_column_of_on_update_is_set_as_well() {
    check(
        update(Note).set(Note.text, "x"),
        expect![[r#"
        -- sqlite, mysql, mariadb
        UPDATE notes SET text = ?, changed = ?
        -- postgresql
        UPDATE notes SET text = $1, changed = $2
    "#]],
    );
}

#[test]
fn a_column_of_on_update_that_is_set_is_set_to_that() {
    check(
        update(Note).set(Note.changed, 9),
        expect![[r#"
        -- sqlite, mysql, mariadb
        UPDATE notes SET changed = ?
        -- postgresql
        UPDATE notes SET changed = $1
    "#]],
    );
}

#[test]
fn an_alias_of_the_table_is_changed() {
    let other = User.alias("other");
    check(
        update(other).set(other.name, "x").filter(other.id.eq(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        UPDATE users AS other SET name = ? WHERE other.id = ?
        -- postgresql
        UPDATE users AS other SET name = $1 WHERE other.id = $2
    "#]],
    );
}

// -------------------------------------------------------------------------------------------------------- subqueries

#[test]
fn a_scalar_subquery_is_about_the_row_at_hand() {
    let mail = select(func::max(Address.email)).filter(Address.user_id.eq(User.id));
    check(
        update(User).set(User.fullname, mail),
        expect![[r#"
        -- all
        UPDATE users SET fullname = (SELECT max(addresses.email) FROM addresses WHERE addresses.user_id = users.id)
    "#]],
    );
}

#[test]
fn exists_is_about_the_row_at_hand() {
    let has_mail = func::exists(select(Address.id).filter(Address.user_id.eq(User.id)));
    check(
        update(User).set(User.active, true).filter(has_mail),
        expect![[r#"
        -- sqlite, mysql, mariadb
        UPDATE users SET active = ? WHERE EXISTS (SELECT addresses.id FROM addresses WHERE addresses.user_id = users.id)
        -- postgresql
        UPDATE users SET active = $1 WHERE EXISTS (SELECT addresses.id FROM addresses WHERE addresses.user_id = users.id)
    "#]],
    );
}

#[test]
fn members_of_a_relationship_are_asked_about() {
    check(
        update(User).set(User.active, true).filter(User.addresses.any(Address.email.like("%@x.org"))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        UPDATE users SET active = ? WHERE EXISTS (SELECT 1 FROM addresses WHERE users.id = addresses.user_id AND addresses.email LIKE ?)
        -- postgresql
        UPDATE users SET active = $1 WHERE EXISTS (SELECT 1 FROM addresses WHERE users.id = addresses.user_id AND addresses.email LIKE $2)
    "#]],
    );
}

#[test]
fn a_list_from_a_subquery_is_not_about_the_row_at_hand() {
    let ids = select(Address.user_id).filter(Address.email.eq("e"));
    check(
        update(User).set(User.active, true).filter(User.id.in_(ids)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        UPDATE users SET active = ? WHERE users.id IN (SELECT addresses.user_id FROM addresses WHERE addresses.email = ?)
        -- postgresql
        UPDATE users SET active = $1 WHERE users.id IN (SELECT addresses.user_id FROM addresses WHERE addresses.email = $2)
    "#]],
    );
}

// ------------------------------------------------------------------------------------------------------ other tables

#[test]
fn a_join_follows_a_relationship() {
    check(
        update(User).join(User.addresses).set(User.fullname, Address.email).filter(Address.id.eq(1)),
        expect![[r#"
        -- sqlite
        UPDATE users SET fullname = addresses.email FROM addresses WHERE users.id = addresses.user_id AND addresses.id = ?
        -- postgresql
        UPDATE users SET fullname = addresses.email FROM addresses WHERE users.id = addresses.user_id AND addresses.id = $1
        -- mysql, mariadb
        UPDATE users, addresses SET users.fullname = addresses.email WHERE users.id = addresses.user_id AND addresses.id = ?
    "#]],
    );
}

#[test]
fn a_join_follows_a_relationship_over_an_association_table() {
    check(
        update(User).join(User.keywords).set(User.fullname, Keyword.word),
        expect![[r#"
        -- sqlite, postgresql
        UPDATE users SET fullname = keywords.word FROM user_keywords, keywords WHERE user_keywords.keyword_id = keywords.id AND users.id = user_keywords.user_id
        -- mysql, mariadb
        UPDATE users, user_keywords, keywords SET users.fullname = keywords.word WHERE user_keywords.keyword_id = keywords.id AND users.id = user_keywords.user_id
    "#]],
    );
}

#[test]
fn two_joins_follow_each_other() {
    let statement = update(Address).join(Address.user).join(User.keywords);
    check(
        statement.set(Address.email, Keyword.word),
        expect![[r#"
        -- sqlite, postgresql
        UPDATE addresses SET email = keywords.word FROM users, user_keywords, keywords WHERE addresses.user_id = users.id AND user_keywords.keyword_id = keywords.id AND users.id = user_keywords.user_id
        -- mysql, mariadb
        UPDATE addresses, users, user_keywords, keywords SET addresses.email = keywords.word WHERE addresses.user_id = users.id AND user_keywords.keyword_id = keywords.id AND users.id = user_keywords.user_id
    "#]],
    );
}

#[test]
fn a_join_has_a_condition_of_its_own() {
    let on = Address.user_id.eq(User.id) & Address.email.like("a%");
    check(
        update(User).join_on(Address, on).set(User.fullname, Address.email),
        expect![[r#"
        -- sqlite
        UPDATE users SET fullname = addresses.email FROM addresses WHERE addresses.user_id = users.id AND addresses.email LIKE ?
        -- postgresql
        UPDATE users SET fullname = addresses.email FROM addresses WHERE addresses.user_id = users.id AND addresses.email LIKE $1
        -- mysql, mariadb
        UPDATE users, addresses SET users.fullname = addresses.email WHERE addresses.user_id = users.id AND addresses.email LIKE ?
    "#]],
    );
}

#[test]
fn a_table_that_is_mentioned_is_joined() {
    check(
        update(User).set(User.fullname, Address.email).filter(Address.user_id.eq(User.id)),
        expect![[r#"
        -- sqlite, postgresql
        UPDATE users SET fullname = addresses.email FROM addresses WHERE addresses.user_id = users.id
        -- mysql, mariadb
        UPDATE users, addresses SET users.fullname = addresses.email WHERE addresses.user_id = users.id
    "#]],
    );
}

#[test]
fn a_table_is_joined_to_itself_by_an_alias() {
    let parent = Node.alias("parent");
    check(
        update(Node).join(Node.parent.of(parent)).set(Node.name, parent.name),
        expect![[r#"
        -- sqlite, postgresql
        UPDATE nodes SET name = parent.name FROM nodes AS parent WHERE nodes.parent_id = parent.id
        -- mysql, mariadb
        UPDATE nodes, nodes AS parent SET nodes.name = parent.name WHERE nodes.parent_id = parent.id
    "#]],
    );
}

#[test]
fn an_alias_is_changed_from_the_table() {
    let child = Node.alias("child");
    check(
        update(child).join_on(Node, child.parent_id.eq(Node.id)).set(child.name, Node.name),
        expect![[r#"
        -- sqlite, postgresql
        UPDATE nodes AS child SET name = nodes.name FROM nodes WHERE child.parent_id = nodes.id
        -- mysql, mariadb
        UPDATE nodes AS child, nodes SET child.name = nodes.name WHERE child.parent_id = nodes.id
    "#]],
    );
}

#[test]
fn a_table_is_not_joined_to_itself_under_one_name() {
    check(
        update(Node).join(Node.parent).set(Node.name, "x"),
        expect![[r#"
        -- all
        the table of `Node` is joined to itself under one name
        hint: give one of them an alias: `let other = Node.alias("other")`
    "#]],
    );
}

#[test]
fn the_same_table_is_joined_twice_under_two_names() {
    let (home, work) = (Address.alias("home"), Address.alias("work"));
    check(
        update(User)
            .join(User.addresses.of(home))
            .join(User.addresses.of(work))
            .set(User.fullname, home.email)
            .filter(home.id.lt(work.id)),
        expect![[r#"
            -- sqlite, postgresql
            UPDATE users SET fullname = home.email FROM addresses AS home, addresses AS work WHERE users.id = home.user_id AND users.id = work.user_id AND home.id < work.id
            -- mysql, mariadb
            UPDATE users, addresses AS home, addresses AS work SET users.fullname = home.email WHERE users.id = home.user_id AND users.id = work.user_id AND home.id < work.id
        "#]],
    );
}

// ----------------------------------------------------------------------------------------------- order and RETURNING

#[test]
fn order_and_limit_are_for_mysql() {
    check(
        update(User).set(User.active, false).order_by(User.age.desc()).limit(3),
        expect![[r#"
        -- sqlite
        UPDATE … ORDER BY … LIMIT is not supported on dialect sqlite
        hint: filter by a subquery: `.filter(User.id.in_(select(User.id).order_by(…).limit(…)))`
        -- postgresql
        UPDATE … ORDER BY … LIMIT is not supported on dialect postgresql
        hint: filter by a subquery: `.filter(User.id.in_(select(User.id).order_by(…).limit(…)))`
        -- mysql, mariadb
        UPDATE users SET active = ? ORDER BY users.age DESC LIMIT ?
    "#]],
    );
}

#[test]
fn order_and_limit_do_not_go_with_joins() {
    check(
        update(User).join(User.addresses).set(User.active, false).limit(3),
        expect![[r#"
        -- sqlite
        UPDATE … ORDER BY … LIMIT is not supported on dialect sqlite
        hint: filter by a subquery: `.filter(User.id.in_(select(User.id).order_by(…).limit(…)))`
        -- postgresql
        UPDATE … ORDER BY … LIMIT is not supported on dialect postgresql
        hint: filter by a subquery: `.filter(User.id.in_(select(User.id).order_by(…).limit(…)))`
        -- mysql
        UPDATE … ORDER BY … LIMIT with a join or an alias is not supported on dialect mysql
        -- mariadb
        UPDATE … ORDER BY … LIMIT with a join or an alias is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn returning_gives_columns_as_they_are_afterwards() {
    check(
        update(User).set(User.age, 1).filter(User.id.eq(1)).returning((User.id, User.age)),
        expect![[r#"
        -- sqlite
        UPDATE users SET age = ? WHERE users.id = ? RETURNING id, age
        -- postgresql
        UPDATE users SET age = $1 WHERE users.id = $2 RETURNING id, age
        -- mysql
        UPDATE … RETURNING is not supported on dialect mysql
        -- mariadb
        UPDATE … RETURNING is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn returning_gives_a_model() {
    check(
        update(Keyword).set(Keyword.word, "x").returning(Keyword),
        expect![[r#"
        -- sqlite
        UPDATE keywords SET word = ? RETURNING id, word
        -- postgresql
        UPDATE keywords SET word = $1 RETURNING id, word
        -- mysql
        UPDATE … RETURNING is not supported on dialect mysql
        -- mariadb
        UPDATE … RETURNING is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn returning_of_another_table_is_for_postgres() {
    check(
        update(User).join(User.addresses).set(User.fullname, Address.email).returning((User.id, Address.email)),
        expect![[r#"
            -- sqlite
            RETURNING of a table that is not the one that is written is not supported on dialect sqlite
            -- postgresql
            UPDATE users SET fullname = addresses.email FROM addresses WHERE users.id = addresses.user_id RETURNING users.id, addresses.email
            -- mysql
            UPDATE … RETURNING is not supported on dialect mysql
            -- mariadb
            UPDATE … RETURNING is not supported on dialect mariadb
        "#]],
    );
}

#[test]
fn returning_of_the_table_itself_goes_with_a_join() {
    check(
        update(User).join(User.addresses).set(User.fullname, Address.email).returning(User.id),
        expect![[r#"
        -- sqlite
        UPDATE users SET fullname = addresses.email FROM addresses WHERE users.id = addresses.user_id RETURNING id
        -- postgresql
        UPDATE users SET fullname = addresses.email FROM addresses WHERE users.id = addresses.user_id RETURNING users.id
        -- mysql
        UPDATE … RETURNING is not supported on dialect mysql
        -- mariadb
        UPDATE … RETURNING is not supported on dialect mariadb
    "#]],
    );
}

// -------------------------------------------------------------------------------------------------------------- WITH

#[test]
fn a_cte_stands_before_an_update() {
    let idle = select((User.id, User.name)).filter(!User.active).cte("idle");
    check(
        update(Address).set(Address.email, "gone").filter(Address.user_id.in_(select(idle.0).select_from(&idle))),
        expect![[r#"
            -- sqlite, mysql
            WITH idle AS (SELECT users.id, users.name FROM users WHERE NOT users.active) UPDATE addresses SET email = ? WHERE addresses.user_id IN (SELECT idle.id FROM idle)
            -- postgresql
            WITH idle AS (SELECT users.id, users.name FROM users WHERE NOT users.active) UPDATE addresses SET email = $1 WHERE addresses.user_id IN (SELECT idle.id FROM idle)
            -- mariadb
            WITH before UPDATE is not supported on dialect mariadb
        "#]],
    );
}

#[test]
fn a_subquery_beside_a_joined_table_says_what_is_its_own() {
    let totals = select((Address.user_id, func::count(Address.id))).group_by(Address.user_id).subquery("totals");
    check(
        update(User).set(User.age, 1).filter(User.id.eq(Address.user_id)).filter(!func::exists(
            select(literal(1)).correlate(Address).filter(Address.user_id.eq(User.id) & Address.email.eq("x")),
        )),
        expect![[r#"
            -- sqlite
            UPDATE users SET age = ? FROM addresses WHERE users.id = addresses.user_id AND NOT EXISTS (SELECT ? FROM users WHERE addresses.user_id = users.id AND addresses.email = ?)
            -- postgresql
            UPDATE users SET age = $1 FROM addresses WHERE users.id = addresses.user_id AND NOT EXISTS (SELECT $2 FROM users WHERE addresses.user_id = users.id AND addresses.email = $3)
            -- mysql
            a subquery over the table that is written, in a condition about rows of other tables too or with text of SQL, is not supported on dialect mysql
            hint: select the keys and values first and filter by them, or change the objects in a session
            -- mariadb
            UPDATE users, addresses SET users.age = ? WHERE users.id = addresses.user_id AND NOT EXISTS (SELECT ? FROM users WHERE addresses.user_id = users.id AND addresses.email = ?)
        "#]],
    );
    check(
        update(User).set(User.age, 1).filter(User.id.eq(Address.user_id)).filter(!func::exists(
            select(literal(1)).correlate(()).filter(Address.user_id.eq(User.id) & Address.email.eq("x")),
        )),
        expect![[r#"
            -- sqlite
            UPDATE users SET age = ? FROM addresses WHERE users.id = addresses.user_id AND NOT EXISTS (SELECT ? FROM addresses, users WHERE addresses.user_id = users.id AND addresses.email = ?)
            -- postgresql
            UPDATE users SET age = $1 FROM addresses WHERE users.id = addresses.user_id AND NOT EXISTS (SELECT $2 FROM addresses, users WHERE addresses.user_id = users.id AND addresses.email = $3)
            -- mysql
            UPDATE users, addresses SET users.age = ? WHERE users.id = addresses.user_id AND NOT EXISTS (SELECT * FROM (SELECT CAST(? AS SIGNED) FROM addresses, users WHERE addresses.user_id = users.id AND addresses.email = ?) AS own)
            -- mariadb
            UPDATE users, addresses SET users.age = ? WHERE users.id = addresses.user_id AND NOT EXISTS (SELECT ? FROM addresses, users WHERE addresses.user_id = users.id AND addresses.email = ?)
        "#]],
    );
    check(
        update(User)
            .set(User.age, 1)
            .filter(User.id.eq(Address.user_id))
            .filter(!func::exists(select(literal(1)).filter(Address.user_id.eq(User.id) & Address.email.eq("x")))),
        expect![[r#"
            -- all
            a subquery has no table left in FROM: all that it mentions are those of the statement around it
            hint: say by `.correlate(…)` which tables it takes from there, or give its own an alias
        "#]],
    );
    check(
        update(User)
            .set(User.age, 1)
            .filter(User.name.eq(select(Address.email).filter(Address.id.eq(7)).scalar_subquery())),
        expect![[r#"
            -- sqlite, mysql, mariadb
            UPDATE users SET age = ? WHERE users.name = (SELECT addresses.email FROM addresses WHERE addresses.id = ?)
            -- postgresql
            UPDATE users SET age = $1 WHERE users.name = (SELECT addresses.email FROM addresses WHERE addresses.id = $2)
        "#]],
    );
    check(
        update(User).set(User.age, 1).filter(totals.0.eq(User.id)),
        expect![[r#"
            -- sqlite
            UPDATE users SET age = ? FROM (SELECT addresses.user_id, count(addresses.id) AS count_1 FROM addresses GROUP BY addresses.user_id) AS totals WHERE totals.user_id = users.id
            -- postgresql
            UPDATE users SET age = $1 FROM (SELECT addresses.user_id, count(addresses.id) AS count_1 FROM addresses GROUP BY addresses.user_id) AS totals WHERE totals.user_id = users.id
            -- mysql
            UPDATE users, (SELECT addresses.user_id, count(addresses.id) AS count_1 FROM addresses GROUP BY addresses.user_id) AS totals SET users.age = ? WHERE totals.user_id = users.id
            -- mariadb
            UPDATE users, (SELECT * FROM (SELECT addresses.user_id, count(addresses.id) AS count_1 FROM addresses GROUP BY addresses.user_id) AS settled LIMIT 18446744073709551615) AS totals SET users.age = ? WHERE totals.user_id = users.id
        "#]],
    );
}

#[test]
fn a_subquery_stands_beside_the_table() {
    let totals = select((Address.user_id, func::count(Address.id))).group_by(Address.user_id).subquery("totals");
    let ages = orm::values("ages", ["id", "age"], [(1i64, 30), (2, 41)]);
    let few = select(User.id).limit(3).cte("few");
    check(
        update(User).set(User.age, 1).join_on(&totals, totals.0.eq(User.id)).filter(totals.1.gt(2)),
        expect![[r#"
            -- sqlite
            UPDATE users SET age = ? FROM (SELECT addresses.user_id, count(addresses.id) AS count_1 FROM addresses GROUP BY addresses.user_id) AS totals WHERE totals.user_id = users.id AND totals.count_1 > ?
            -- postgresql
            UPDATE users SET age = $1 FROM (SELECT addresses.user_id, count(addresses.id) AS count_1 FROM addresses GROUP BY addresses.user_id) AS totals WHERE totals.user_id = users.id AND totals.count_1 > $2
            -- mysql
            UPDATE users, (SELECT addresses.user_id, count(addresses.id) AS count_1 FROM addresses GROUP BY addresses.user_id) AS totals SET users.age = ? WHERE totals.user_id = users.id AND totals.count_1 > ?
            -- mariadb
            UPDATE users, (SELECT * FROM (SELECT addresses.user_id, count(addresses.id) AS count_1 FROM addresses GROUP BY addresses.user_id) AS settled LIMIT 18446744073709551615) AS totals SET users.age = ? WHERE totals.user_id = users.id AND totals.count_1 > ?
        "#]],
    );
    check(
        update(User).set(User.age, ages.1).filter(ages.0.eq(User.id)),
        expect![[r#"
            -- sqlite
            UPDATE users SET age = ages.age FROM (SELECT column1 AS id, column2 AS age FROM (VALUES (?, ?), (?, ?))) AS ages WHERE ages.id = users.id
            -- postgresql
            UPDATE users SET age = ages.age FROM (VALUES ($1, $2), ($3, $4)) AS ages (id, age) WHERE ages.id = users.id
            -- mysql
            UPDATE users, (VALUES ROW(CAST(? AS SIGNED), CAST(? AS SIGNED)), ROW(CAST(? AS SIGNED), CAST(? AS SIGNED))) AS ages (id, age) SET users.age = ages.age WHERE ages.id = users.id
            -- mariadb
            UPDATE users, (SELECT ? AS id, ? AS age UNION ALL SELECT ?, ?) AS ages SET users.age = ages.age WHERE ages.id = users.id
        "#]],
    );
    check(
        update(User).set(User.age, 1).filter(few.0.eq(User.id) & User.name.eq(Address.email)),
        expect![[r#"
            -- sqlite
            WITH few AS (SELECT users.id FROM users LIMIT ?) UPDATE users SET age = ? FROM addresses, few WHERE few.id = users.id AND users.name = addresses.email
            -- postgresql
            WITH few AS (SELECT users.id FROM users LIMIT $1) UPDATE users SET age = $2 FROM addresses, few WHERE few.id = users.id AND users.name = addresses.email
            -- mysql
            WITH few AS (SELECT users.id FROM users LIMIT ?) UPDATE users, addresses, few SET users.age = ? WHERE few.id = users.id AND users.name = addresses.email
            -- mariadb
            WITH before UPDATE is not supported on dialect mariadb
        "#]],
    );
    check(
        update(User).set(User.age, 1).filter(few.0.eq(User.id)).returning((User.id, few.0)),
        expect![[r#"
            -- sqlite
            RETURNING of a table that is not the one that is written is not supported on dialect sqlite
            -- postgresql
            WITH few AS (SELECT users.id FROM users LIMIT $1) UPDATE users SET age = $2 FROM few WHERE few.id = users.id RETURNING users.id, few.id
            -- mysql
            UPDATE … RETURNING is not supported on dialect mysql
            -- mariadb
            WITH before UPDATE is not supported on dialect mariadb
        "#]],
    );
}

#[test]
fn columns_of_several_tables_are_set_at_once() {
    let closed = || update(User).set(User.active, false).set_joined(Address.email, "gone");
    check(
        closed().filter(Address.user_id.eq(User.id)),
        expect![[r#"
        -- sqlite
        UPDATE of columns of several tables is not supported on dialect sqlite
        -- postgresql
        UPDATE of columns of several tables is not supported on dialect postgresql
        -- mysql, mariadb
        UPDATE users, addresses SET users.active = ?, addresses.email = ? WHERE addresses.user_id = users.id
    "#]],
    );
    check(
        closed().join(User.addresses).filter(User.id.gt(3)),
        expect![[r#"
        -- sqlite
        UPDATE of columns of several tables is not supported on dialect sqlite
        -- postgresql
        UPDATE of columns of several tables is not supported on dialect postgresql
        -- mysql, mariadb
        UPDATE users, addresses SET users.active = ?, addresses.email = ? WHERE users.id = addresses.user_id AND users.id > ?
    "#]],
    );
    let other = User.alias("other");
    check(
        update(User).set_joined(other.name, User.name.concat("!")).filter(other.id.gt(User.id)),
        expect![[r#"
            -- sqlite
            UPDATE of columns of several tables is not supported on dialect sqlite
            -- postgresql
            UPDATE of columns of several tables is not supported on dialect postgresql
            -- mysql, mariadb
            UPDATE users, users AS other SET other.name = concat(users.name, ?) WHERE other.id > users.id
        "#]],
    );
}
