//! What stands in FROM, and which tables a subquery takes from around it.

use expect_test::expect;
use orm::prelude::*;
use orm::{Dialect, literal};

use crate::support::{Address, Keyword, Node, User, check};

#[test]
fn tables_are_those_of_what_is_selected() {
    check(
        select((User.name, Address.email)).filter(Address.user_id.eq(User.id)),
        expect![[r#"
        -- all
        SELECT users.name, addresses.email FROM users, addresses WHERE addresses.user_id = users.id
    "#]],
    );
}

#[test]
fn a_condition_brings_its_table() {
    check(
        select(User.name).filter(Address.user_id.eq(User.id) & Address.email.eq("ed@x.org")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.name FROM users, addresses WHERE addresses.user_id = users.id AND addresses.email = ?
        -- postgresql
        SELECT users.name FROM users, addresses WHERE addresses.user_id = users.id AND addresses.email = $1
    "#]],
    );
}

#[test]
fn an_order_brings_its_table() {
    check(
        select(User.name).filter(Address.user_id.eq(User.id)).order_by(Address.email),
        expect![[r#"
        -- all
        SELECT users.name FROM users, addresses WHERE addresses.user_id = users.id ORDER BY addresses.email
    "#]],
    );
}

#[test]
fn a_table_may_be_named_alone() {
    check(
        select(func::count_all()).select_from(User),
        expect![[r#"
        -- all
        SELECT count(*) FROM users
    "#]],
    );
}

#[test]
fn a_named_table_comes_first() {
    check(
        select(Address.email).select_from(User).filter(Address.user_id.eq(User.id)),
        expect![[r#"
        -- all
        SELECT addresses.email FROM users, addresses WHERE addresses.user_id = users.id
    "#]],
    );
}

#[test]
fn a_table_named_twice_is_there_once() {
    check(
        select(User.id).select_from(User).select_from(User),
        expect![[r#"
        -- all
        SELECT users.id FROM users
    "#]],
    );
}

#[test]
fn an_alias_is_a_table_of_its_own() {
    let other = User.alias("other");
    check(
        select((User.name, other.name)).filter(User.name.lt(other.name)),
        expect![[r#"
        -- all
        SELECT users.name, other.name FROM users, users AS other WHERE users.name < other.name
    "#]],
    );
}

#[test]
fn an_alias_may_be_selected_whole() {
    check(
        select(Node.alias("leaf")),
        expect![[r#"
        -- all
        SELECT leaf.id, leaf.name, leaf.parent_id FROM nodes AS leaf
    "#]],
    );
}

#[test]
fn an_alias_may_need_quotes() {
    check(
        select(User.alias("Other User").id),
        expect![[r#"
        -- sqlite, postgresql
        SELECT "Other User".id FROM users AS "Other User"
        -- mysql, mariadb
        SELECT `Other User`.id FROM users AS `Other User`
    "#]],
    );
}

#[test]
fn without_a_table_there_is_no_from() {
    check(
        select(literal(1i64)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT ?
        -- postgresql
        SELECT $1
    "#]],
    );
}

#[test]
fn a_scalar_subquery_takes_what_only_its_conditions_mention() {
    let last = select(func::max(Address.id)).filter(Address.user_id.eq(User.id)).scalar_subquery();
    check(
        select((User.name, last)).order_by(User.name),
        expect![[r#"
        -- all
        SELECT users.name, (SELECT max(addresses.id) FROM addresses WHERE addresses.user_id = users.id) FROM users ORDER BY users.name
    "#]],
    );
}

#[test]
fn a_scalar_subquery_stands_in_a_condition() {
    check(
        select(User.name).filter(User.id.eq(select(func::max(Address.user_id)).scalar_subquery())),
        expect![[r#"
        -- all
        SELECT users.name FROM users WHERE users.id = (SELECT max(addresses.user_id) FROM addresses)
    "#]],
    );
}

#[test]
fn a_scalar_subquery_keeps_the_table_that_it_selects() {
    let oldest = select(func::max(User.age)).scalar_subquery();
    check(
        select(User.name).filter(User.age.eq(oldest)),
        expect![[r#"
        -- all
        SELECT users.name FROM users WHERE users.age = (SELECT max(users.age) FROM users)
    "#]],
    );
}

#[test]
fn an_alias_tells_a_row_from_those_of_a_subquery() {
    let same = User.alias("same");
    let oldest = select(func::max(same.age)).filter(same.active.eq(User.active)).scalar_subquery();
    check(
        select(User.name).filter(User.age.eq(oldest)),
        expect![[r#"
        -- all
        SELECT users.name FROM users WHERE users.age = (SELECT max(same.age) FROM users AS same WHERE same.active = users.active)
    "#]],
    );
}

#[test]
fn exists_takes_what_only_its_conditions_mention() {
    check(
        select(User.name).filter(func::exists(select(Address.id).filter(Address.user_id.eq(User.id)))),
        expect![[r#"
            -- all
            SELECT users.name FROM users WHERE EXISTS (SELECT addresses.id FROM addresses WHERE addresses.user_id = users.id)
        "#]],
    );
}

#[test]
fn not_exists_is_one_word_more() {
    check(
        select(User.name).filter(!func::exists(select(Address.id).filter(Address.user_id.eq(User.id)))),
        expect![[r#"
            -- all
            SELECT users.name FROM users WHERE NOT EXISTS (SELECT addresses.id FROM addresses WHERE addresses.user_id = users.id)
        "#]],
    );
}

#[test]
fn correlation_reaches_through_two_statements() {
    let deepest = select(Keyword.id).filter(Keyword.id.eq(Address.id) & Keyword.id.eq(User.id));
    let inner = select(Address.id).filter(Address.user_id.eq(User.id) & func::exists(deepest));
    check(
        select(User.name).filter(func::exists(inner)),
        expect![[r#"
        -- all
        SELECT users.name FROM users WHERE EXISTS (SELECT addresses.id FROM addresses WHERE addresses.user_id = users.id AND EXISTS (SELECT keywords.id FROM keywords WHERE keywords.id = addresses.id AND keywords.id = users.id))
    "#]],
    );
}

#[test]
fn correlate_says_which_tables_are_theirs() {
    let inner = select((User.id, Address.id)).filter(Address.user_id.eq(User.id)).correlate(User);
    check(
        select((User.name, Address.email)).filter(func::exists(inner)),
        expect![[r#"
        -- all
        SELECT users.name, addresses.email FROM users, addresses WHERE EXISTS (SELECT users.id, addresses.id FROM addresses WHERE addresses.user_id = users.id)
    "#]],
    );
}

#[test]
fn correlate_may_name_several() {
    let inner = select((Keyword.id, User.id)).filter(Keyword.id.eq(Address.id)).correlate((User, Address));
    check(
        select((User.name, Address.email)).filter(func::exists(inner)),
        expect![[r#"
        -- all
        SELECT users.name, addresses.email FROM users, addresses WHERE EXISTS (SELECT keywords.id, users.id FROM keywords WHERE keywords.id = addresses.id)
    "#]],
    );
}

#[test]
fn correlate_may_name_none() {
    let inner = select(Address.id).filter(Address.user_id.eq(User.id)).correlate(());
    check(
        select(User.name).filter(func::exists(inner)),
        expect![[r#"
        -- all
        SELECT users.name FROM users WHERE EXISTS (SELECT addresses.id FROM addresses, users WHERE addresses.user_id = users.id)
    "#]],
    );
}

#[test]
fn correlate_except_says_which_are_not() {
    let inner = select((User.id, Address.id)).filter(Address.user_id.eq(User.id)).correlate_except(Address);
    check(
        select((User.name, Address.email)).filter(func::exists(inner)),
        expect![[r#"
        -- all
        SELECT users.name, addresses.email FROM users, addresses WHERE EXISTS (SELECT users.id, addresses.id FROM addresses WHERE addresses.user_id = users.id)
    "#]],
    );
}

#[test]
fn what_is_not_around_cannot_be_correlated() {
    let inner = select(User.id).filter(User.id.eq(Keyword.id)).correlate((User, Keyword));
    check(
        select(Keyword.word).filter(func::exists(inner)),
        expect![[r#"
        -- all
        SELECT keywords.word FROM keywords WHERE EXISTS (SELECT users.id FROM users WHERE users.id = keywords.id)
    "#]],
    );
}

#[test]
fn a_subquery_without_a_table_of_its_own_is_refused() {
    check(
        select(User.name).filter(func::exists(select(literal(1i64)).filter(User.id.gt(1)))),
        expect![[r#"
        -- all
        a subquery has no table left in FROM: all that it mentions are those of the statement around it
        hint: say by `.correlate(…)` which tables it takes from there, or give its own an alias
    "#]],
    );
}

#[test]
fn correlating_every_table_is_refused() {
    check(
        select(User.name).filter(func::exists(select(User.id).correlate(User))),
        expect![[r#"
        -- all
        a subquery has no table left in FROM: all that it mentions are those of the statement around it
        hint: say by `.correlate(…)` which tables it takes from there, or give its own an alias
    "#]],
    );
}

#[test]
fn prefixes_stand_behind_select() {
    check(
        select(User.id).distinct().prefix_with("/*+ NO_INDEX_MERGE(users) */", Dialect::MySql),
        expect![[r#"
        -- sqlite, postgresql, mariadb
        SELECT DISTINCT users.id FROM users
        -- mysql
        SELECT /*+ NO_INDEX_MERGE(users) */ DISTINCT users.id FROM users
    "#]],
    );
}

#[test]
fn a_prefix_may_be_for_all() {
    check(
        select(User.id).prefix_with("ALL", ()),
        expect![[r#"
        -- all
        SELECT ALL users.id FROM users
    "#]],
    );
}

#[test]
fn suffixes_stand_at_the_end() {
    check(
        select(User.id).limit(1).suffix_with("-- report", [Dialect::Postgres, Dialect::Sqlite]),
        expect![[r#"
        -- sqlite
        SELECT users.id FROM users LIMIT ? -- report
        -- postgresql
        SELECT users.id FROM users LIMIT $1 -- report
        -- mysql, mariadb
        SELECT users.id FROM users LIMIT ?
    "#]],
    );
}

#[test]
fn a_hint_stands_behind_its_table() {
    check(
        select((User.id, Address.id))
            .join(User.addresses)
            .with_hint(Address, "USE INDEX (by_user)", [Dialect::MySql, Dialect::MariaDb])
            .with_hint(User, "NOT INDEXED", Dialect::Sqlite),
        expect![[r#"
            -- sqlite
            SELECT users.id, addresses.id FROM users NOT INDEXED JOIN addresses ON users.id = addresses.user_id
            -- postgresql
            SELECT users.id, addresses.id FROM users JOIN addresses ON users.id = addresses.user_id
            -- mysql, mariadb
            SELECT users.id, addresses.id FROM users JOIN addresses USE INDEX (by_user) ON users.id = addresses.user_id
        "#]],
    );
}
