//! Comparisons with ANY and ALL.

use expect_test::expect;
use orm::prelude::*;

use crate::support::{Address, Document, Number, User, check};

#[test]
fn every_comparison_goes_with_any_and_all() {
    let ids = || select(Address.user_id);
    check(
        select((
            User.id.eq_any(ids()),
            User.id.ne_any(ids()),
            User.id.gt_any(ids()),
            User.id.ge_any(ids()),
            User.id.lt_any(ids()),
            User.id.le_any(ids()),
        )),
        expect![[r#"
            -- sqlite
            ANY of a subquery is not supported on dialect sqlite
            -- postgresql, mysql, mariadb
            SELECT users.id = ANY (SELECT addresses.user_id FROM addresses), users.id <> ANY (SELECT addresses.user_id FROM addresses), users.id > ANY (SELECT addresses.user_id FROM addresses), users.id >= ANY (SELECT addresses.user_id FROM addresses), users.id < ANY (SELECT addresses.user_id FROM addresses), users.id <= ANY (SELECT addresses.user_id FROM addresses) FROM users
        "#]],
    );
    check(
        select((
            User.id.eq_all(ids()),
            User.id.ne_all(ids()),
            User.id.gt_all(ids()),
            User.id.ge_all(ids()),
            User.id.lt_all(ids()),
            User.id.le_all(ids()),
        )),
        expect![[r#"
            -- sqlite
            ALL of a subquery is not supported on dialect sqlite
            -- postgresql, mysql, mariadb
            SELECT users.id = ALL (SELECT addresses.user_id FROM addresses), users.id <> ALL (SELECT addresses.user_id FROM addresses), users.id > ALL (SELECT addresses.user_id FROM addresses), users.id >= ALL (SELECT addresses.user_id FROM addresses), users.id < ALL (SELECT addresses.user_id FROM addresses), users.id <= ALL (SELECT addresses.user_id FROM addresses) FROM users
        "#]],
    );
}

#[test]
fn any_and_all_take_what_may_be_null() {
    let other = User.alias("other");
    check(
        select(User.id).filter(User.age.gt_all(select(other.age)) & !User.age.lt_any(select(Number.int))),
        expect![[r#"
        -- sqlite
        ALL of a subquery is not supported on dialect sqlite
        -- postgresql
        SELECT users.id FROM users WHERE users.age > ALL (SELECT other.age FROM users AS other) AND NOT users.age < ANY (SELECT numbers.int FROM numbers)
        -- mysql, mariadb
        SELECT users.id FROM users WHERE users.age > ALL (SELECT other.age FROM users AS other) AND NOT users.age < ANY (SELECT numbers.`int` FROM numbers)
    "#]],
    );
    check(
        select(User.id).filter((User.id + 1).ge_any(select(other.id)).eq(true)),
        expect![[r#"
        -- sqlite
        ANY of a subquery is not supported on dialect sqlite
        -- postgresql
        SELECT users.id FROM users WHERE (users.id + $1 >= ANY (SELECT other.id FROM users AS other)) = $2
        -- mysql, mariadb
        SELECT users.id FROM users WHERE (users.id + ? >= ANY (SELECT other.id FROM users AS other)) = ?
    "#]],
    );
}

#[test]
fn any_and_all_take_arrays() {
    check(
        select(User.id).filter(User.age.gt_any(vec![30, 40]) | User.id.le_all(vec![7i64])),
        expect![[r#"
        -- sqlite
        ANY of an array is not supported on dialect sqlite
        -- postgresql
        SELECT users.id FROM users WHERE users.age > ANY ($1) OR users.id <= ALL ($2)
        -- mysql
        ANY of an array is not supported on dialect mysql
        -- mariadb
        ANY of an array is not supported on dialect mariadb
    "#]],
    );
    check(
        select(Document.id).filter(Document.name.ne_all(Document.tags)),
        expect![[r#"
        -- sqlite
        ALL of an array is not supported on dialect sqlite
        -- postgresql
        SELECT documents.id FROM documents WHERE documents.name <> ALL (documents.tags)
        -- mysql
        ALL of an array is not supported on dialect mysql
        -- mariadb
        ALL of an array is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn what_is_not_equal_to_any_is_not_negated_by_its_operator() {
    let tagged = || Document.name.in_array(Document.tags);
    check(
        select(Document.id).filter(!tagged() & !Document.name.not_in_array(Document.tags)),
        expect![[r#"
        -- sqlite
        ANY of an array is not supported on dialect sqlite
        -- postgresql
        SELECT documents.id FROM documents WHERE NOT documents.name = ANY (documents.tags) AND NOT documents.name <> ALL (documents.tags)
        -- mysql
        ANY of an array is not supported on dialect mysql
        -- mariadb
        ANY of an array is not supported on dialect mariadb
    "#]],
    );
    check(
        select(User.id).filter(!User.age.ge_all(vec![30, 40])),
        expect![[r#"
        -- sqlite
        ALL of an array is not supported on dialect sqlite
        -- postgresql
        SELECT users.id FROM users WHERE NOT users.age >= ALL ($1)
        -- mysql
        ALL of an array is not supported on dialect mysql
        -- mariadb
        ALL of an array is not supported on dialect mariadb
    "#]],
    );
    check(
        select(User.id).filter(!User.id.eq_any(select(Address.user_id))),
        expect![[r#"
        -- sqlite
        ANY of a subquery is not supported on dialect sqlite
        -- postgresql, mysql, mariadb
        SELECT users.id FROM users WHERE NOT users.id = ANY (SELECT addresses.user_id FROM addresses)
    "#]],
    );
}
