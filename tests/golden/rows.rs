//! Structs with `#[derive(Row)]`: by the names of a model's columns, by position, by the names of what is selected.

use expect_test::expect;
use orm::prelude::*;

use crate::support::{Address, Keyword, User, check};

// Only the text of their queries is looked at here, so nothing reads their fields.
#[expect(dead_code)]
#[derive(Debug, Row)]
#[orm(from = User)]
struct Name {
    id: i64,
    name: String,
}

#[expect(dead_code)]
#[derive(Debug, Row)]
#[orm(from = User)]
struct Summary {
    name: String,
    #[orm(from = User.fullname)]
    full: Option<String>,
    #[orm(from = func::count(Address.id))]
    addresses: i64,
}

#[expect(dead_code)]
#[derive(Debug, Row)]
struct Total {
    user_id: i64,
    total: i64,
}

#[expect(dead_code)]
#[derive(Debug, Row)]
struct Both {
    #[orm(nested, from = User)]
    user: User,
    #[orm(nested, from = optional(Address))]
    address: Option<Address>,
    #[orm(from = User.id + 1)]
    next: i64,
}

#[test]
fn fields_are_columns_of_a_model() {
    check(
        select(Name).filter(User.active),
        expect![[r#"
        -- all
        SELECT users.id, users.name FROM users WHERE users.active
    "#]],
    );
}

#[test]
fn fields_may_say_what_fills_them() {
    check(
        select(Summary).outerjoin(User.addresses).group_by(User.id),
        expect![[r#"
        -- all
        SELECT users.name, users.fullname, count(addresses.id) FROM users LEFT OUTER JOIN addresses ON users.id = addresses.user_id GROUP BY users.id
    "#]],
    );
}

#[test]
fn fields_may_take_several_columns() {
    check(
        select(Both).outerjoin(User.addresses),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id, users.name, users.fullname, users.age, users.active, addresses.id, addresses.email, addresses.user_id, users.id + ? FROM users LEFT OUTER JOIN addresses ON users.id = addresses.user_id
        -- postgresql
        SELECT users.id, users.name, users.fullname, users.age, users.active, addresses.id, addresses.email, addresses.user_id, users.id + $1 FROM users LEFT OUTER JOIN addresses ON users.id = addresses.user_id
    "#]],
    );
}

#[test]
fn a_struct_may_stand_in_a_tuple() {
    check(
        select((Name, Address.email)).join(User.addresses),
        expect![[r#"
        -- all
        SELECT users.id, users.name, addresses.email FROM users JOIN addresses ON users.id = addresses.user_id
    "#]],
    );
}

#[test]
fn a_struct_may_be_optional() {
    check(
        select((Address.email, optional(Name))).outerjoin(Address.user),
        expect![[r#"
        -- all
        SELECT addresses.email, users.id, users.name FROM addresses LEFT OUTER JOIN users ON addresses.user_id = users.id
    "#]],
    );
}

#[test]
fn a_struct_that_may_be_missing_must_be_optional() {
    check(
        select((Address.email, Name)).outerjoin(Address.user),
        expect![[r#"
        -- all
        column `User.id` comes from an outer join and may be NULL
        hint: select `optional(User.id)`, which gives an `Option`
    "#]],
    );
}

#[test]
fn fields_are_filled_by_position() {
    check(
        select(Total.of(Address.user_id, func::count(Address.id))).group_by(Address.user_id),
        expect![[r#"
        -- all
        SELECT addresses.user_id, count(addresses.id) FROM addresses GROUP BY addresses.user_id
    "#]],
    );
}

#[test]
fn fields_are_found_by_name() {
    let query: Select<Total> =
        select((func::count(Address.id).label("total"), Address.user_id)).group_by(Address.user_id).into_rows();
    check(
        query,
        expect![[r#"
        -- all
        SELECT addresses.user_id, count(addresses.id) AS total FROM addresses GROUP BY addresses.user_id
    "#]],
    );
}

#[test]
fn fields_are_found_among_those_of_a_model() {
    let query: Select<Name> = select(User).into_rows();
    check(
        query,
        expect![[r#"
        -- all
        SELECT users.id, users.name FROM users
    "#]],
    );
}

#[test]
fn fields_are_found_among_the_columns_of_a_subquery() {
    let sub =
        select((Address.user_id, func::count(Address.id).label("total"))).group_by(Address.user_id).subquery("sub");
    let query: Select<Total> = select((sub.1, sub.0)).select_from(&sub).into_rows();
    check(
        query,
        expect![[r#"
        -- all
        SELECT sub.user_id, sub.total FROM (SELECT addresses.user_id, count(addresses.id) AS total FROM addresses GROUP BY addresses.user_id) AS sub
    "#]],
    );
}

#[test]
fn a_field_that_is_not_there_is_refused() {
    let query: Select<Total> = select((Address.user_id, func::count(Address.id))).group_by(Address.user_id).into_rows();
    check(
        query,
        expect![[r#"
        -- all
        nothing that is selected is called `total`, as a field of `Total` is
        hint: there is `user_id`, `count_1`; `.label("total")` gives an expression that name
    "#]],
    );
}

#[test]
fn a_field_of_another_type_is_refused() {
    let query: Select<Total> = select((Address.user_id, Address.email.label("total"))).into_rows();
    check(
        query,
        expect![[r#"
            -- all
            the field `total` of `Total` is a `i64`, and what is selected under that name is a `String`
        "#]],
    );
}

#[test]
fn a_field_that_cannot_be_null_is_refused() {
    let query: Select<Total> = select((Address.user_id, func::max(Address.id).label("total"))).into_rows();
    check(
        query,
        expect![[r#"
        -- all
        the field `total` of `Total` is a `i64`, and what is selected under that name is a `Option<i64>`
    "#]],
    );
}

#[test]
fn a_subquery_has_the_fields_for_columns() {
    let totals = select(Total.of(Address.user_id, func::count(Address.id).label("total")))
        .group_by(Address.user_id)
        .subquery("totals");
    check(
        select((User.name, totals.total)).join_on(&totals, totals.user_id.eq(User.id)),
        expect![[r#"
        -- all
        SELECT users.name, totals.total FROM users JOIN (SELECT addresses.user_id, count(addresses.id) AS total FROM addresses GROUP BY addresses.user_id) AS totals ON totals.user_id = users.id
    "#]],
    );
}

#[test]
fn a_cte_has_the_fields_for_columns() {
    let names = select(Name).cte("names");
    check(
        select(names.clone()).order_by(names.name),
        expect![[r#"
        -- all
        WITH names AS (SELECT users.id, users.name FROM users) SELECT names.id, names.name FROM names ORDER BY names.name
    "#]],
    );
}

#[test]
fn a_compound_gives_them() {
    let query: Select<Total> =
        select((User.id.label("user_id"), User.id.label("total"))).union(select((Keyword.id, Keyword.id))).into_rows();
    check(
        query,
        expect![[r#"
        -- all
        SELECT users.id AS user_id, users.id AS total FROM users UNION SELECT keywords.id, keywords.id FROM keywords
    "#]],
    );
}

#[test]
fn a_compound_gives_them_only_in_their_order() {
    let query: Select<Total> =
        select((User.id.label("total"), User.id.label("user_id"))).union(select((Keyword.id, Keyword.id))).into_rows();
    check(
        query,
        expect![[r#"
            -- all
            the fields of `Total` are not in the order of what a compound selects
            hint: select from the compound as a subquery, whose columns can be put into any order
        "#]],
    );
}
