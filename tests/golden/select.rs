//! What is selected, WHERE, GROUP BY, HAVING, ORDER BY, LIMIT, locks.

use expect_test::expect;
use orm::prelude::*;
use orm::{Dialect, Lock, label, literal};

use crate::support::{Address, User, check, check_with};

#[test]
fn a_model_is_its_columns() {
    check(
        select(User),
        expect![[r#"
        -- all
        SELECT users.id, users.name, users.fullname, users.age, users.active FROM users
    "#]],
    );
}

#[test]
fn a_column_is_itself() {
    check(
        select(User.name),
        expect![[r#"
        -- all
        SELECT users.name FROM users
    "#]],
    );
}

#[test]
fn a_tuple_is_its_members() {
    check(
        select((User.id, Address, User.name)).join(User.addresses),
        expect![[r#"
        -- all
        SELECT users.id, addresses.id, addresses.email, addresses.user_id, users.name FROM users JOIN addresses ON users.id = addresses.user_id
    "#]],
    );
}

#[test]
fn a_tuple_has_up_to_twelve_members() {
    check(
        select((
            User.id,
            User.name,
            User.fullname,
            User.age,
            User.active,
            User.id,
            User.name,
            User.fullname,
            User.age,
            User.active,
            User.id,
            User.name,
        )),
        expect![[r#"
            -- all
            SELECT users.id, users.name, users.fullname, users.age, users.active, users.id, users.name, users.fullname, users.age, users.active, users.id, users.name FROM users
        "#]],
    );
}

#[test]
fn a_value_is_bound() {
    check(
        select((User.id, literal(7i64))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id, ? FROM users
        -- postgresql
        SELECT users.id, $1 FROM users
    "#]],
    );
}

#[test]
fn a_label_names_an_output() {
    check(
        select((User.id, (User.id + 1).label("next"))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id, users.id + ? AS next FROM users
        -- postgresql
        SELECT users.id, users.id + $1 AS next FROM users
    "#]],
    );
}

#[test]
fn a_label_may_need_quotes() {
    check(
        select((User.id + 1).label("Next One")),
        expect![[r#"
        -- sqlite
        SELECT users.id + ? AS "Next One" FROM users
        -- postgresql
        SELECT users.id + $1 AS "Next One" FROM users
        -- mysql, mariadb
        SELECT users.id + ? AS `Next One` FROM users
    "#]],
    );
}

#[test]
fn distinct_rows() {
    check(
        select(User.name).distinct(),
        expect![[r#"
        -- all
        SELECT DISTINCT users.name FROM users
    "#]],
    );
}

#[test]
fn distinct_on_some_columns() {
    check(
        select(User).distinct_on(User.name).order_by((User.name, User.id.desc())),
        expect![[r#"
        -- sqlite
        DISTINCT ON is not supported on dialect sqlite
        -- postgresql
        SELECT DISTINCT ON (users.name) users.id, users.name, users.fullname, users.age, users.active FROM users ORDER BY users.name, users.id DESC
        -- mysql
        DISTINCT ON is not supported on dialect mysql
        -- mariadb
        DISTINCT ON is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn distinct_on_several_columns() {
    check(
        select(User.id).distinct_on((User.name, User.age)),
        expect![[r#"
        -- sqlite
        DISTINCT ON is not supported on dialect sqlite
        -- postgresql
        SELECT DISTINCT ON (users.name, users.age) users.id FROM users
        -- mysql
        DISTINCT ON is not supported on dialect mysql
        -- mariadb
        DISTINCT ON is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn filters_are_joined_by_and() {
    check(
        select(User.id).filter(User.active).filter(User.age.gt(18)).filter(User.name.eq("ed") | User.name.eq("wendy")),
        expect![[r#"
            -- sqlite, mysql, mariadb
            SELECT users.id FROM users WHERE users.active AND users.age > ? AND (users.name = ? OR users.name = ?)
            -- postgresql
            SELECT users.id FROM users WHERE users.active AND users.age > $1 AND (users.name = $2 OR users.name = $3)
        "#]],
    );
}

#[test]
fn groups_and_their_conditions() {
    check(
        select((User.name, func::count_all()))
            .group_by(User.name)
            .having(func::count_all().gt(1))
            .having(func::max(User.age).lt(90)),
        expect![[r#"
            -- sqlite, mysql, mariadb
            SELECT users.name, count(*) FROM users GROUP BY users.name HAVING count(*) > ? AND max(users.age) < ?
            -- postgresql
            SELECT users.name, count(*) FROM users GROUP BY users.name HAVING count(*) > $1 AND max(users.age) < $2
        "#]],
    );
}

#[test]
fn groups_follow_each_other() {
    check(
        select(func::count_all()).group_by(User.name).group_by((User.age, User.active)),
        expect![[r#"
        -- all
        SELECT count(*) FROM users GROUP BY users.name, users.age, users.active
    "#]],
    );
}

#[test]
fn groups_by_an_expression() {
    check(
        select(func::count_all()).select_from(User).group_by(func::lower(User.name)),
        expect![[r#"
        -- all
        SELECT count(*) FROM users GROUP BY lower(users.name)
    "#]],
    );
}

#[test]
fn groups_by_a_label() {
    check(
        select((func::lower(User.name).label("low"), func::count_all())).group_by("low"),
        expect![[r#"
        -- all
        SELECT lower(users.name) AS low, count(*) FROM users GROUP BY low
    "#]],
    );
}

#[test]
fn a_label_that_is_not_there_is_refused() {
    check(
        select((func::lower(User.name).label("low"), func::count_all())).group_by("lowest"),
        expect![[r#"
        -- all
        nothing that is selected has the label `lowest`
        hint: there is `low`
    "#]],
    );
}

#[test]
fn orders_follow_each_other() {
    check(
        select(User.id).order_by(User.name).order_by((User.age.desc(), User.id.asc())),
        expect![[r#"
        -- all
        SELECT users.id FROM users ORDER BY users.name, users.age DESC, users.id
    "#]],
    );
}

#[test]
fn order_by_an_expression() {
    check(
        select(User.id).order_by((User.id + 1).desc()),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users ORDER BY users.id + ? DESC
        -- postgresql
        SELECT users.id FROM users ORDER BY users.id + $1 DESC
    "#]],
    );
}

#[test]
fn order_by_a_label() {
    check(
        select((User.name, func::count_all().label("total"))).group_by(User.name).order_by("total"),
        expect![[r#"
        -- all
        SELECT users.name, count(*) AS total FROM users GROUP BY users.name ORDER BY total
    "#]],
    );
}

#[test]
fn order_by_a_label_downwards() {
    check(
        select((User.name, func::count_all().label("total")))
            .group_by(User.name)
            .order_by((label("total").desc(), User.name)),
        expect![[r#"
            -- all
            SELECT users.name, count(*) AS total FROM users GROUP BY users.name ORDER BY total DESC, users.name
        "#]],
    );
}

#[test]
fn order_by_what_has_a_label() {
    let total = func::count_all().label("total");
    check(
        select((User.name, total.clone())).group_by(User.name).order_by(total.desc()),
        expect![[r#"
        -- all
        SELECT users.name, count(*) AS total FROM users GROUP BY users.name ORDER BY total DESC
    "#]],
    );
}

#[test]
fn order_by_what_has_a_label_but_is_not_selected() {
    let total = func::count_all().label("total");
    check(
        select(User.name).group_by(User.name).order_by(total.desc()),
        expect![[r#"
        -- all
        SELECT users.name FROM users GROUP BY users.name ORDER BY count(*) DESC
    "#]],
    );
}

#[test]
fn order_by_a_label_that_is_not_there_is_refused() {
    check(
        select(User.name).order_by("total"),
        expect![[r#"
        -- all
        nothing that is selected has the label `total`
        hint: give it to an expression by `.label("total")`
    "#]],
    );
}

#[test]
fn nulls_first() {
    check(
        select(User.id).order_by(User.age.nulls_first()),
        expect![[r#"
        -- sqlite, postgresql
        SELECT users.id FROM users ORDER BY users.age NULLS FIRST
        -- mysql, mariadb
        SELECT users.id FROM users ORDER BY users.age IS NULL DESC, users.age
    "#]],
    );
}

#[test]
fn nulls_last_downwards() {
    check(
        select(User.id).order_by(User.age.desc().nulls_last()),
        expect![[r#"
        -- sqlite, postgresql
        SELECT users.id FROM users ORDER BY users.age DESC NULLS LAST
        -- mysql, mariadb
        SELECT users.id FROM users ORDER BY users.age IS NULL, users.age DESC
    "#]],
    );
}

#[test]
fn nulls_of_a_label() {
    check(
        select((User.id, User.age.label("years"))).order_by(label("years").nulls_last()),
        expect![[r#"
        -- sqlite, postgresql
        SELECT users.id, users.age AS years FROM users ORDER BY years NULLS LAST
        -- mysql, mariadb
        SELECT users.id, users.age AS years FROM users ORDER BY years IS NULL, years
    "#]],
    );
}

#[test]
fn limit_and_offset_are_bound() {
    check(
        select(User.id).order_by(User.name.desc()).limit(5).offset(10),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users ORDER BY users.name DESC LIMIT ? OFFSET ?
        -- postgresql
        SELECT users.id FROM users ORDER BY users.name DESC LIMIT $1 OFFSET $2
    "#]],
    );
}

#[test]
fn a_limit_alone() {
    check(
        select(User.id).limit(5),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users LIMIT ?
        -- postgresql
        SELECT users.id FROM users LIMIT $1
    "#]],
    );
}

#[test]
fn an_offset_alone() {
    check(
        select(User.id).offset(10),
        expect![[r#"
        -- sqlite
        SELECT users.id FROM users LIMIT -1 OFFSET ?
        -- postgresql
        SELECT users.id FROM users LIMIT ALL OFFSET $1
        -- mysql, mariadb
        SELECT users.id FROM users LIMIT 18446744073709551615 OFFSET ?
    "#]],
    );
}

#[test]
fn the_last_limit_counts() {
    check(
        select(User.id).limit(5).limit(6),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users LIMIT ?
        -- postgresql
        SELECT users.id FROM users LIMIT $1
    "#]],
    );
}

#[test]
fn fetch_with_ties() {
    check(
        select(User.id).order_by(User.age).fetch_with_ties(3),
        expect![[r#"
        -- sqlite
        FETCH FIRST … WITH TIES is not supported on dialect sqlite
        -- postgresql
        SELECT users.id FROM users ORDER BY users.age FETCH FIRST $1 ROWS WITH TIES
        -- mysql
        FETCH FIRST … WITH TIES is not supported on dialect mysql
        -- mariadb
        SELECT users.id FROM users ORDER BY users.age FETCH FIRST ? ROWS WITH TIES
    "#]],
    );
}

#[test]
fn fetch_with_ties_behind_an_offset() {
    check(
        select(User.id).order_by(User.age).offset(2).fetch_with_ties(3),
        expect![[r#"
        -- sqlite
        FETCH FIRST … WITH TIES is not supported on dialect sqlite
        -- postgresql
        SELECT users.id FROM users ORDER BY users.age OFFSET $1 ROWS FETCH FIRST $2 ROWS WITH TIES
        -- mysql
        FETCH FIRST … WITH TIES is not supported on dialect mysql
        -- mariadb
        SELECT users.id FROM users ORDER BY users.age OFFSET ? ROWS FETCH FIRST ? ROWS WITH TIES
    "#]],
    );
}

#[test]
fn for_update() {
    check(
        select(User).filter(User.id.eq(1)).for_update(),
        expect![[r#"
        -- sqlite
        SELECT users.id, users.name, users.fullname, users.age, users.active FROM users WHERE users.id = ?
        -- postgresql
        SELECT users.id, users.name, users.fullname, users.age, users.active FROM users WHERE users.id = $1 FOR UPDATE
        -- mysql, mariadb
        SELECT users.id, users.name, users.fullname, users.age, users.active FROM users WHERE users.id = ? FOR UPDATE
    "#]],
    );
}

#[test]
fn for_share() {
    check(
        select(User.id).for_share(),
        expect![[r#"
        -- sqlite
        SELECT users.id FROM users
        -- postgresql, mysql
        SELECT users.id FROM users FOR SHARE
        -- mariadb
        SELECT users.id FROM users LOCK IN SHARE MODE
    "#]],
    );
}

#[test]
fn for_update_of_a_table() {
    check(
        select((User.id, Address.id)).join(User.addresses).lock(Lock::update().of(User)),
        expect![[r#"
        -- sqlite
        SELECT users.id, addresses.id FROM users JOIN addresses ON users.id = addresses.user_id
        -- postgresql, mysql
        SELECT users.id, addresses.id FROM users JOIN addresses ON users.id = addresses.user_id FOR UPDATE OF users
        -- mariadb
        FOR UPDATE OF is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn for_update_of_several_tables() {
    let mail = Address.alias("mail");
    check(
        select((User.id, mail.id)).join(User.addresses.of(mail)).lock(Lock::update().of((User, mail))),
        expect![[r#"
            -- sqlite
            SELECT users.id, mail.id FROM users JOIN addresses AS mail ON users.id = mail.user_id
            -- postgresql, mysql
            SELECT users.id, mail.id FROM users JOIN addresses AS mail ON users.id = mail.user_id FOR UPDATE OF users, mail
            -- mariadb
            FOR UPDATE OF is not supported on dialect mariadb
        "#]],
    );
}

#[test]
fn for_update_without_waiting() {
    check(
        select(User.id).lock(Lock::update().nowait()),
        expect![[r#"
            -- sqlite
            NOWAIT is not supported on dialect sqlite
            -- postgresql, mysql, mariadb
            SELECT users.id FROM users FOR UPDATE NOWAIT
        "#]],
    );
}

#[test]
fn for_update_of_what_is_free() {
    check(
        select(User.id).limit(1).lock(Lock::update().skip_locked()),
        expect![[r#"
            -- sqlite
            SKIP LOCKED is not supported on dialect sqlite
            -- postgresql
            SELECT users.id FROM users LIMIT $1 FOR UPDATE SKIP LOCKED
            -- mysql, mariadb
            SELECT users.id FROM users LIMIT ? FOR UPDATE SKIP LOCKED
        "#]],
    );
}

#[test]
fn what_is_locked_by_others_is_left_out_or_an_error() {
    check(
        select(User.id).for_update().skip_locked(),
        expect![[r#"
            -- sqlite
            SKIP LOCKED is not supported on dialect sqlite
            -- postgresql, mysql, mariadb
            SELECT users.id FROM users FOR UPDATE SKIP LOCKED
        "#]],
    );
    check(
        select(User.id).for_share().nowait(),
        expect![[r#"
            -- sqlite
            NOWAIT is not supported on dialect sqlite
            -- postgresql, mysql
            SELECT users.id FROM users FOR SHARE NOWAIT
            -- mariadb
            SELECT users.id FROM users LOCK IN SHARE MODE NOWAIT
        "#]],
    );
    assert_eq!(
        select(User.id).skip_locked().to_sql(Dialect::Postgres),
        "SELECT users.id FROM users FOR UPDATE SKIP LOCKED"
    );
}

#[test]
fn for_share_of_what_is_free() {
    check(
        select(User.id).lock(Lock::share().of(User).skip_locked()),
        expect![[r#"
            -- sqlite
            SKIP LOCKED is not supported on dialect sqlite
            -- postgresql, mysql
            SELECT users.id FROM users FOR SHARE OF users SKIP LOCKED
            -- mariadb
            LOCK IN SHARE MODE OF is not supported on dialect mariadb
        "#]],
    );
}

#[test]
fn for_no_key_update() {
    check(
        select(User.id).lock(Lock::no_key_update()),
        expect![[r#"
        -- sqlite
        SELECT users.id FROM users
        -- postgresql
        SELECT users.id FROM users FOR NO KEY UPDATE
        -- mysql
        FOR NO KEY UPDATE is not supported on dialect mysql
        -- mariadb
        FOR NO KEY UPDATE is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn for_key_share() {
    check(
        select(User.id).lock(Lock::key_share().nowait()),
        expect![[r#"
            -- sqlite
            NOWAIT is not supported on dialect sqlite
            -- postgresql
            SELECT users.id FROM users FOR KEY SHARE NOWAIT
            -- mysql
            FOR KEY SHARE is not supported on dialect mysql
            -- mariadb
            FOR KEY SHARE is not supported on dialect mariadb
        "#]],
    );
}

#[test]
fn other_columns_with_the_same_clauses() {
    check(
        select(User).filter(User.active).order_by(User.id).with_only_columns((User.id, User.name)),
        expect![[r#"
        -- all
        SELECT users.id, users.name FROM users WHERE users.active ORDER BY users.id
    "#]],
    );
}

#[test]
fn further_columns() {
    check(
        select((User.id, User.name)).filter(User.active).add_columns(User.age),
        expect![[r#"
        -- all
        SELECT users.id, users.name, users.age FROM users WHERE users.active
    "#]],
    );
}

#[test]
fn further_columns_of_a_joined_table() {
    check(
        select(User.id).join(User.addresses).add_columns((Address.email, func::length(Address.email))),
        expect![[r#"
            -- sqlite
            SELECT users.id, addresses.email, length(addresses.email) FROM users JOIN addresses ON users.id = addresses.user_id
            -- postgresql, mysql, mariadb
            SELECT users.id, addresses.email, char_length(addresses.email) FROM users JOIN addresses ON users.id = addresses.user_id
        "#]],
    );
}

#[test]
fn a_slice_is_a_limit_and_an_offset() {
    check(
        select(User.id).order_by(User.id).slice(20..30),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users ORDER BY users.id LIMIT ? OFFSET ?
        -- postgresql
        SELECT users.id FROM users ORDER BY users.id LIMIT $1 OFFSET $2
    "#]],
    );
    #[allow(clippy::reversed_empty_ranges, reason = "a slice that ends before it begins has no rows")]
    let backwards = select(User.id).slice(5..3);
    check_with(
        |dialect| backwards.to_sql_literal(dialect),
        expect![[r#"
        -- all
        SELECT users.id FROM users LIMIT 0 OFFSET 5
    "#]],
    );
}
