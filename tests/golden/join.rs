//! Joins: along relationships, by foreign keys, on conditions; which table may be missing.

use expect_test::expect;
use orm::Expr;
use orm::prelude::*;

use crate::support::{Address, Keyword, Letter, Node, Unrelated, User, UserKeyword, check};

#[test]
fn a_join_follows_a_relationship() {
    check(
        select((User.name, Address.email)).join(User.addresses),
        expect![[r#"
        -- all
        SELECT users.name, addresses.email FROM users JOIN addresses ON users.id = addresses.user_id
    "#]],
    );
}

#[test]
fn a_join_follows_a_relationship_backwards() {
    check(
        select((User.name, Address.email)).join(Address.user),
        expect![[r#"
        -- all
        SELECT users.name, addresses.email FROM addresses JOIN users ON addresses.user_id = users.id
    "#]],
    );
}

#[test]
fn an_outer_join_follows_a_relationship() {
    check(
        select((User.name, optional(Address.email))).outerjoin(User.addresses),
        expect![[r#"
        -- all
        SELECT users.name, addresses.email FROM users LEFT OUTER JOIN addresses ON users.id = addresses.user_id
    "#]],
    );
}

#[test]
fn an_outer_join_may_be_selected_whole() {
    check(
        select((User.id, optional(Address))).outerjoin(User.addresses),
        expect![[r#"
        -- all
        SELECT users.id, addresses.id, addresses.email, addresses.user_id FROM users LEFT OUTER JOIN addresses ON users.id = addresses.user_id
    "#]],
    );
}

#[test]
fn a_right_join_keeps_the_other_side() {
    check(
        select((optional(User.name), Address.email)).right_join(User.addresses),
        expect![[r#"
        -- all
        SELECT users.name, addresses.email FROM users RIGHT OUTER JOIN addresses ON users.id = addresses.user_id
    "#]],
    );
}

#[test]
fn a_full_join_keeps_both() {
    check(
        select((optional(User.name), optional(Address.email))).full_join(User.addresses),
        expect![[r#"
        -- sqlite, postgresql
        SELECT users.name, addresses.email FROM users FULL OUTER JOIN addresses ON users.id = addresses.user_id
        -- mysql
        FULL OUTER JOIN is not supported on dialect mysql
        -- mariadb
        FULL OUTER JOIN is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn a_join_over_an_association_table() {
    check(
        select((User.name, Keyword.word)).join(User.keywords),
        expect![[r#"
        -- all
        SELECT users.name, keywords.word FROM users JOIN user_keywords ON users.id = user_keywords.user_id JOIN keywords ON user_keywords.keyword_id = keywords.id
    "#]],
    );
}

#[test]
fn an_outer_join_over_an_association_table_keeps_its_pair_together() {
    check(
        select((User.name, optional(Keyword.word))).outerjoin(User.keywords),
        expect![[r#"
        -- all
        SELECT users.name, keywords.word FROM users LEFT OUTER JOIN (user_keywords JOIN keywords ON user_keywords.keyword_id = keywords.id) ON users.id = user_keywords.user_id
    "#]],
    );
}

#[test]
fn a_right_join_over_an_association_table() {
    check(
        select((optional(User.name), Keyword.word)).right_join(User.keywords),
        expect![[r#"
            -- all
            SELECT users.name, keywords.word FROM users JOIN user_keywords ON users.id = user_keywords.user_id RIGHT OUTER JOIN keywords ON user_keywords.keyword_id = keywords.id
        "#]],
    );
}

#[test]
fn a_full_join_over_an_association_table() {
    check(
        select((optional(User.name), optional(Keyword.word))).full_join(User.keywords),
        expect![[r#"
        -- sqlite, postgresql
        SELECT users.name, keywords.word FROM users LEFT OUTER JOIN user_keywords ON users.id = user_keywords.user_id FULL OUTER JOIN keywords ON user_keywords.keyword_id = keywords.id
        -- mysql
        FULL OUTER JOIN is not supported on dialect mysql
        -- mariadb
        FULL OUTER JOIN is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn joins_follow_each_other() {
    check(
        select((User.name, Address.email, Keyword.word)).join(User.addresses).join(User.keywords),
        expect![[r#"
        -- all
        SELECT users.name, addresses.email, keywords.word FROM users JOIN addresses ON users.id = addresses.user_id JOIN user_keywords ON users.id = user_keywords.user_id JOIN keywords ON user_keywords.keyword_id = keywords.id
    "#]],
    );
}

#[test]
fn joins_go_on_from_what_was_joined() {
    check(
        select((Keyword.word, Address.email)).join(Keyword.users).join(User.addresses),
        expect![[r#"
        -- all
        SELECT keywords.word, addresses.email FROM keywords JOIN user_keywords ON keywords.id = user_keywords.keyword_id JOIN users ON user_keywords.user_id = users.id JOIN addresses ON users.id = addresses.user_id
    "#]],
    );
}

#[test]
fn a_join_may_be_said_before_what_it_starts_from() {
    check(
        select(Keyword.word).join(User.addresses).join(Keyword.users),
        expect![[r#"
        -- all
        SELECT keywords.word FROM keywords JOIN user_keywords ON keywords.id = user_keywords.keyword_id JOIN users ON user_keywords.user_id = users.id JOIN addresses ON users.id = addresses.user_id
    "#]],
    );
}

#[test]
fn a_foreign_key_says_how() {
    check(
        select((User.name, Address.email)).join(Address),
        expect![[r#"
        -- all
        SELECT users.name, addresses.email FROM users JOIN addresses ON users.id = addresses.user_id
    "#]],
    );
}

#[test]
fn a_foreign_key_says_how_backwards() {
    check(
        select((User.name, Address.email)).select_from(Address).join(User),
        expect![[r#"
        -- all
        SELECT users.name, addresses.email FROM addresses JOIN users ON addresses.user_id = users.id
    "#]],
    );
}

#[test]
fn an_outer_join_by_a_foreign_key() {
    check(
        select((User.name, optional(Address.email))).outerjoin(Address),
        expect![[r#"
        -- all
        SELECT users.name, addresses.email FROM users LEFT OUTER JOIN addresses ON users.id = addresses.user_id
    "#]],
    );
}

#[test]
fn a_full_join_by_a_foreign_key() {
    check(
        select((optional(User.name), optional(Address.email))).full_join(Address),
        expect![[r#"
        -- sqlite, postgresql
        SELECT users.name, addresses.email FROM users FULL OUTER JOIN addresses ON users.id = addresses.user_id
        -- mysql
        FULL OUTER JOIN is not supported on dialect mysql
        -- mariadb
        FULL OUTER JOIN is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn the_table_that_was_joined_last_is_asked_first() {
    check(
        select(User.name).join(UserKeyword).join(Keyword),
        expect![[r#"
        -- all
        SELECT users.name FROM users JOIN user_keywords ON users.id = user_keywords.user_id JOIN keywords ON user_keywords.keyword_id = keywords.id
    "#]],
    );
}

#[test]
fn a_foreign_key_may_lead_to_an_alias() {
    let mail = Address.alias("mail");
    check(
        select((User.name, mail.email)).join(mail),
        expect![[r#"
        -- all
        SELECT users.name, mail.email FROM users JOIN addresses AS mail ON users.id = mail.user_id
    "#]],
    );
}

#[test]
fn join_from_says_where_it_starts() {
    check(
        select((User.name, Address.email, Keyword.word))
            .join_from(User, Address)
            .join_from(User, UserKeyword)
            .join_from(UserKeyword, Keyword),
        expect![[r#"
            -- all
            SELECT users.name, addresses.email, keywords.word FROM users JOIN addresses ON users.id = addresses.user_id JOIN user_keywords ON users.id = user_keywords.user_id JOIN keywords ON user_keywords.keyword_id = keywords.id
        "#]],
    );
}

#[test]
fn outerjoin_from_says_where_it_starts() {
    check(
        select((User.name, optional(Address.email))).outerjoin_from(User, Address),
        expect![[r#"
        -- all
        SELECT users.name, addresses.email FROM users LEFT OUTER JOIN addresses ON users.id = addresses.user_id
    "#]],
    );
}

#[test]
fn join_from_on_a_condition() {
    check(
        select((User.name, Keyword.word)).join_from_on(User, Keyword, Keyword.word.eq(User.name)),
        expect![[r#"
        -- all
        SELECT users.name, keywords.word FROM users JOIN keywords ON keywords.word = users.name
    "#]],
    );
}

#[test]
fn no_foreign_key_is_refused() {
    check(
        select(User.name).join(Unrelated),
        expect![[r#"
        -- all
        there is no foreign key between `users` and `unrelated`
        hint: say how they are joined, by `.join_on(…)` or along a relationship
    "#]],
    );
}

#[test]
fn two_foreign_keys_are_refused() {
    check(
        select(User.name).join(Letter),
        expect![[r#"
        -- all
        several foreign keys lead between `users` and `letters`
        hint: say which, by `.join_on(…)` or along a relationship
    "#]],
    );
}

#[test]
fn two_tables_to_start_from_are_refused() {
    check(
        select((User.name, Keyword.word)).join(UserKeyword),
        expect![[r#"
        -- all
        `user_keywords` can be joined to several tables of FROM: `users`, `keywords`
        hint: say which by `.join_from(left, right)`, or join along a relationship
    "#]],
    );
}

#[test]
fn no_foreign_key_from_either_is_refused() {
    check(
        select((User.name, Keyword.word)).join(Unrelated),
        expect![[r#"
        -- all
        there is no foreign key between `users`, `keywords` and `unrelated`
        hint: say how they are joined, by `.join_on(…)` or along a relationship
    "#]],
    );
}

#[test]
fn a_table_and_its_alias_have_the_key_twice() {
    check(
        select(Node.name).join(Node.alias("other")),
        expect![[r#"
        -- all
        several foreign keys lead between `nodes` and `other`
        hint: say which, by `.join_on(…)` or along a relationship
    "#]],
    );
}

#[test]
fn a_join_on_a_condition() {
    check(
        select((User.name, Address.email))
            .join_on(Address, Address.user_id.eq(User.id) & Address.email.like("%@x.org")),
        expect![[r#"
            -- sqlite, mysql, mariadb
            SELECT users.name, addresses.email FROM users JOIN addresses ON addresses.user_id = users.id AND addresses.email LIKE ?
            -- postgresql
            SELECT users.name, addresses.email FROM users JOIN addresses ON addresses.user_id = users.id AND addresses.email LIKE $1
        "#]],
    );
}

#[test]
fn an_outer_join_on_a_condition() {
    check(
        select((User.name, optional(Address.email))).outerjoin_on(Address, Address.user_id.eq(User.id)),
        expect![[r#"
            -- all
            SELECT users.name, addresses.email FROM users LEFT OUTER JOIN addresses ON addresses.user_id = users.id
        "#]],
    );
}

#[test]
fn a_right_join_on_a_condition() {
    check(
        select((optional(User.name), Address.email)).right_join_on(Address, Address.user_id.eq(User.id)),
        expect![[r#"
            -- all
            SELECT users.name, addresses.email FROM users RIGHT OUTER JOIN addresses ON addresses.user_id = users.id
        "#]],
    );
}

#[test]
fn a_full_join_on_a_condition() {
    check(
        select((optional(User.name), optional(Address.email))).full_join_on(Address, Address.user_id.eq(User.id)),
        expect![[r#"
            -- sqlite, postgresql
            SELECT users.name, addresses.email FROM users FULL OUTER JOIN addresses ON addresses.user_id = users.id
            -- mysql
            FULL OUTER JOIN is not supported on dialect mysql
            -- mariadb
            FULL OUTER JOIN is not supported on dialect mariadb
        "#]],
    );
}

#[test]
fn a_condition_that_is_a_constant() {
    check(
        select((User.name, Address.email)).join_on(Address, Expr::TRUE),
        expect![[r#"
            -- all
            SELECT users.name, addresses.email FROM users JOIN addresses ON TRUE
        "#]],
    );
}

#[test]
fn every_row_with_every_row() {
    check(
        select((User.name, Keyword.word)).cross_join(Keyword),
        expect![[r#"
        -- all
        SELECT users.name, keywords.word FROM users CROSS JOIN keywords
    "#]],
    );
}

#[test]
fn one_of_two_roads_is_said() {
    check(
        select(User.name).join_on(Letter, Letter.sender_id.eq(User.id)),
        expect![[r#"
        -- all
        SELECT users.name FROM users JOIN letters ON letters.sender_id = users.id
    "#]],
    );
}

#[test]
fn a_table_joins_itself_under_an_alias() {
    let parent = Node.alias("parent");
    check(
        select((Node.name, parent.name)).join(Node.parent.of(parent)),
        expect![[r#"
        -- all
        SELECT nodes.name, parent.name FROM nodes JOIN nodes AS parent ON nodes.parent_id = parent.id
    "#]],
    );
}

#[test]
fn an_alias_joins_on() {
    let parent = Node.alias("parent");
    let grand = Node.alias("grand");
    check(
        select((Node.name, grand.name)).join(Node.parent.of(parent)).join(parent.parent.of(grand)),
        expect![[r#"
        -- all
        SELECT nodes.name, grand.name FROM nodes JOIN nodes AS parent ON nodes.parent_id = parent.id JOIN nodes AS grand ON parent.parent_id = grand.id
    "#]],
    );
}

#[test]
fn a_join_to_itself_without_an_alias_is_refused() {
    check(
        select(Node.name).join(Node.parent),
        expect![[r#"
        -- all
        the join along `Node.parent` leads from `Node` to itself
        hint: give the far end an alias: `let other = Node.alias("other")` and `.join(Node.parent.of(other))`
    "#]],
    );
}

#[test]
fn a_table_joined_twice_is_refused() {
    check(
        select(User.name).join(User.addresses).join_on(Address, Address.id.eq(User.id)),
        expect![[r#"
        -- all
        table `addresses` is in FROM twice
        hint: give one of them an alias, such as `Employee.manager.of(Employee.alias("manager"))`
    "#]],
    );
}

#[test]
fn each_chain_of_joins_stays_together() {
    check(
        select(User.name)
            .join_on(Address, Address.id.eq(User.id))
            .outerjoin(Node.alias("n").parent.of(Node.alias("m")))
            .join_from_on(User, Keyword, Keyword.id.eq(User.id)),
        expect![[r#"
            -- all
            SELECT users.name FROM users JOIN addresses ON addresses.id = users.id JOIN keywords ON keywords.id = users.id, nodes AS n LEFT OUTER JOIN nodes AS m ON n.parent_id = m.id
        "#]],
    );
}

#[test]
fn each_join_stands_behind_its_own_table() {
    check(
        select((User.name, Keyword.word, Address.email))
            .select_from(Keyword)
            .select_from(User)
            .join_on(Address, Address.user_id.eq(User.id)),
        expect![[r#"
            -- all
            SELECT users.name, keywords.word, addresses.email FROM keywords, users JOIN addresses ON addresses.user_id = users.id
        "#]],
    );
}

#[test]
fn a_join_that_needs_two_tables_that_nothing_joins_is_refused() {
    check(
        select((User.name, Keyword.word)).join_on(Address, Address.user_id.eq(User.id) & Address.id.eq(Keyword.id)),
        expect![[r#"
            -- all
            the join to `addresses` is about `users` and `keywords`, which nothing joins
            hint: join these first, by `.join_on(…)` or `.cross_join(…)`
        "#]],
    );
}

#[test]
fn what_an_outer_join_may_miss_must_be_optional() {
    check(
        select((User.name, Address.email)).outerjoin(User.addresses),
        expect![[r#"
        -- all
        column `Address.email` comes from an outer join and may be NULL
        hint: select `optional(Address.email)`, which gives an `Option`
    "#]],
    );
}

#[test]
fn an_alias_that_an_outer_join_may_miss_is_named() {
    let other = Address.alias("other");
    check(
        select((User.name, other)).outerjoin_on(other, other.user_id.eq(User.id)),
        expect![[r#"
        -- all
        `other` comes from an outer join, which may find none
        hint: select `optional(other)`, which gives an `Option<Address>`
    "#]],
    );
    check(
        select((User.name, other.email)).outerjoin_on(other, other.user_id.eq(User.id)),
        expect![[r#"
        -- all
        column `other.email` comes from an outer join and may be NULL
        hint: select `optional(other.email)`, which gives an `Option`
    "#]],
    );
}

#[test]
fn a_join_that_starts_from_what_is_not_in_from_names_it() {
    let sub = select(User).subquery("sub");
    check(
        select((sub.id, Address.id)).join_on(Address, Address.user_id.eq(sub.id)),
        expect![[r#"
        -- all
        the join to `addresses` starts from `sub`, which is not in FROM
        hint: name it by `.select_from(&sub)`, or join it first
    "#]],
    );
}

#[test]
fn a_model_that_an_outer_join_may_miss_must_be_optional() {
    check(
        select((User.name, Address)).outerjoin(User.addresses),
        expect![[r#"
        -- all
        `Address` comes from an outer join, which may find none
        hint: select `optional(Address)`, which gives an `Option<Address>`
    "#]],
    );
}

#[test]
fn an_expression_of_what_an_outer_join_may_miss_must_be_optional() {
    check(
        select((User.name, func::lower(Address.email))).outerjoin(User.addresses),
        expect![[r#"
        -- all
        column `Address.email` comes from an outer join and may be NULL
        hint: select `optional(Address.email)`, which gives an `Option`
    "#]],
    );
}

#[test]
fn count_takes_what_an_outer_join_may_miss() {
    check(
        select((User.name, func::count(Address.id))).outerjoin(User.addresses).group_by(User.name),
        expect![[r#"
        -- all
        SELECT users.name, count(addresses.id) FROM users LEFT OUTER JOIN addresses ON users.id = addresses.user_id GROUP BY users.name
    "#]],
    );
}

#[test]
fn a_right_join_makes_the_left_side_optional() {
    check(
        select((User.name, Address.email)).right_join(User.addresses),
        expect![[r#"
        -- all
        column `User.name` comes from an outer join and may be NULL
        hint: select `optional(User.name)`, which gives an `Option`
    "#]],
    );
}

#[test]
fn a_full_join_makes_the_left_side_optional() {
    check(
        select((User.name, optional(Address.email))).full_join(User.addresses),
        expect![[r#"
        -- all
        column `User.name` comes from an outer join and may be NULL
        hint: select `optional(User.name)`, which gives an `Option`
    "#]],
    );
}

#[test]
fn a_full_join_makes_the_right_side_optional() {
    check(
        select((optional(User.name), Address.email)).full_join(User.addresses),
        expect![[r#"
        -- all
        column `Address.email` comes from an outer join and may be NULL
        hint: select `optional(Address.email)`, which gives an `Option`
    "#]],
    );
}

#[test]
fn a_right_join_makes_all_before_it_optional() {
    check(
        select((User.name, optional(Address.email), Keyword.word)).join(User.addresses).right_join(User.keywords),
        expect![[r#"
            -- all
            column `User.name` comes from an outer join and may be NULL
            hint: select `optional(User.name)`, which gives an `Option`
        "#]],
    );
}

#[test]
fn what_is_joined_behind_a_right_join_is_there() {
    check(
        select((optional(User.name), Address.email, Keyword.word))
            .right_join(User.addresses)
            .join_on(Keyword, Keyword.id.eq(Address.id)),
        expect![[r#"
            -- all
            SELECT users.name, addresses.email, keywords.word FROM users RIGHT OUTER JOIN addresses ON users.id = addresses.user_id JOIN keywords ON keywords.id = addresses.id
        "#]],
    );
}

#[test]
fn a_right_join_by_a_foreign_key_makes_the_left_side_optional() {
    check(
        select((User.name, Address.email)).right_join(Address),
        expect![[r#"
        -- all
        column `User.name` comes from an outer join and may be NULL
        hint: select `optional(User.name)`, which gives an `Option`
    "#]],
    );
}

#[test]
fn a_right_join_on_a_condition_makes_the_left_side_optional() {
    check(
        select((User.name, Address.email)).right_join_on(Address, Address.user_id.eq(User.id)),
        expect![[r#"
        -- all
        column `User.name` comes from an outer join and may be NULL
        hint: select `optional(User.name)`, which gives an `Option`
    "#]],
    );
}

#[test]
fn other_columns_keep_the_joins() {
    check(
        select(User).join(Address).with_only_columns(Address.id),
        expect![[r#"
            -- all
            SELECT addresses.id FROM users JOIN addresses ON users.id = addresses.user_id
        "#]],
    );
    check(
        select(Keyword)
            .join(Keyword.users)
            .with_only_columns(User.id)
            .join(User.addresses)
            .with_only_columns(Address.id),
        expect![[r#"
            -- all
            SELECT addresses.id FROM keywords JOIN user_keywords ON keywords.id = user_keywords.keyword_id JOIN users ON user_keywords.user_id = users.id JOIN addresses ON users.id = addresses.user_id
        "#]],
    );
    check(
        select(User).join(Address).with_only_columns(Address.id).union(select(Address.id)),
        expect![[r#"
            -- all
            SELECT addresses.id FROM users JOIN addresses ON users.id = addresses.user_id UNION SELECT addresses.id FROM addresses
        "#]],
    );
}

#[test]
fn two_chains_of_joins_have_their_conditions() {
    check(
        select(User.id)
            .filter(User.name.eq("p1"))
            .join(User.addresses)
            .filter(Address.email.eq("c1"))
            .join_from_on(Keyword, Unrelated, Keyword.id.eq(Unrelated.id))
            .filter(Unrelated.id.eq(5)),
        expect![[r#"
            -- sqlite, mysql, mariadb
            SELECT users.id FROM keywords JOIN unrelated ON keywords.id = unrelated.id, users JOIN addresses ON users.id = addresses.user_id WHERE users.name = ? AND addresses.email = ? AND unrelated.id = ?
            -- postgresql
            SELECT users.id FROM keywords JOIN unrelated ON keywords.id = unrelated.id, users JOIN addresses ON users.id = addresses.user_id WHERE users.name = $1 AND addresses.email = $2 AND unrelated.id = $3
        "#]],
    );
}
