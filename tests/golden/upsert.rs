//! INSERT … ON CONFLICT.

use expect_test::expect;
use orm::excluded;
use orm::prelude::*;

use crate::support::{Keyword, User, UserKeyword, check};

fn keyword(id: i64, word: &str) -> Keyword {
    Keyword { id, word: word.into(), users: ManyToMany::default() }
}

#[test]
fn a_conflict_gives_the_row_the_new_columns() {
    let row = User::builder().name("ed").fullname("Ed Jones");
    check(
        insert(User).values(row).on_conflict(User.name).do_update(User.fullname),
        expect![[r#"
        -- sqlite
        INSERT INTO users (name, fullname, active) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET fullname = excluded.fullname
        -- postgresql
        INSERT INTO users (name, fullname, active) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET fullname = excluded.fullname
        -- mysql, mariadb
        INSERT INTO users (name, fullname, active) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE fullname = VALUES(fullname)
    "#]],
    );
}

#[test]
fn a_conflict_gives_the_row_several_columns() {
    let row = User::builder().name("ed").fullname("Ed Jones");
    check(
        insert(User).values(row).on_conflict(User.name).do_update((User.fullname, User.active)),
        expect![[r#"
        -- sqlite
        INSERT INTO users (name, fullname, active) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET fullname = excluded.fullname, active = excluded.active
        -- postgresql
        INSERT INTO users (name, fullname, active) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET fullname = excluded.fullname, active = excluded.active
        -- mysql, mariadb
        INSERT INTO users (name, fullname, active) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE fullname = VALUES(fullname), active = VALUES(active)
    "#]],
    );
}

#[test]
fn a_conflict_is_left_alone() {
    check(
        insert(User).values(User::builder().name("ed")).on_conflict(User.name).do_nothing(),
        expect![[r#"
            -- sqlite
            INSERT INTO users (name, active) VALUES (?, ?) ON CONFLICT (name) DO NOTHING
            -- postgresql
            INSERT INTO users (name, active) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING
            -- mysql, mariadb
            INSERT INTO users (name, active) VALUES (?, ?) ON DUPLICATE KEY UPDATE name = users.name
        "#]],
    );
}

#[test]
fn any_conflict_is_left_alone() {
    check(
        insert(User).values(User::builder().name("ed")).on_conflict(()).do_nothing(),
        expect![[r#"
            -- sqlite
            INSERT INTO users (name, active) VALUES (?, ?) ON CONFLICT DO NOTHING
            -- postgresql
            INSERT INTO users (name, active) VALUES ($1, $2) ON CONFLICT DO NOTHING
            -- mysql, mariadb
            INSERT INTO users (name, active) VALUES (?, ?) ON DUPLICATE KEY UPDATE id = users.id
        "#]],
    );
}

#[test]
fn an_update_on_any_conflict_is_for_databases_that_look_at_every_index() {
    check(
        insert(Keyword).values(keyword(1, "red")).on_conflict(()).do_update(Keyword.word),
        expect![[r#"
        -- sqlite
        INSERT INTO keywords (id, word) VALUES (?, ?) ON CONFLICT DO UPDATE SET word = excluded.word
        -- postgresql
        DO UPDATE on a conflict of any columns is not supported on dialect postgresql
        hint: name the columns that are unique together: `.on_conflict(User.name)`
        -- mysql, mariadb
        INSERT INTO keywords (id, word) VALUES (?, ?) ON DUPLICATE KEY UPDATE word = VALUES(word)
    "#]],
    );
}

#[test]
fn a_conflict_is_told_by_two_columns() {
    let row = UserKeyword { user_id: 1, keyword_id: 2 };
    let on = (UserKeyword.user_id, UserKeyword.keyword_id);
    check(
        insert(UserKeyword).values(row).on_conflict(on).do_nothing(),
        expect![[r#"
            -- sqlite
            INSERT INTO user_keywords (user_id, keyword_id) VALUES (?, ?) ON CONFLICT (user_id, keyword_id) DO NOTHING
            -- postgresql
            INSERT INTO user_keywords (user_id, keyword_id) VALUES ($1, $2) ON CONFLICT (user_id, keyword_id) DO NOTHING
            -- mysql, mariadb
            INSERT INTO user_keywords (user_id, keyword_id) VALUES (?, ?) ON DUPLICATE KEY UPDATE user_id = user_keywords.user_id
        "#]],
    );
}

#[test]
fn a_conflict_is_told_by_a_constraint() {
    check(
        insert(Keyword).values(keyword(1, "red")).on_conflict_constraint("keywords_pkey").do_nothing(),
        expect![[r#"
            -- sqlite
            ON CONFLICT ON CONSTRAINT is not supported on dialect sqlite
            hint: name the columns of the constraint: `.on_conflict(User.name)`
            -- postgresql
            INSERT INTO keywords (id, word) VALUES ($1, $2) ON CONFLICT ON CONSTRAINT keywords_pkey DO NOTHING
            -- mysql, mariadb
            INSERT INTO keywords (id, word) VALUES (?, ?) ON DUPLICATE KEY UPDATE id = keywords.id
        "#]],
    );
}

#[test]
fn the_name_of_a_constraint_is_quoted_and_cut() {
    let name = format!("A{}", "x".repeat(70));
    check(
        insert(Keyword).values(keyword(1, "red")).on_conflict_constraint(name).do_update(Keyword.word),
        expect![[r#"
        -- sqlite
        ON CONFLICT ON CONSTRAINT is not supported on dialect sqlite
        hint: name the columns of the constraint: `.on_conflict(User.name)`
        -- postgresql
        INSERT INTO keywords (id, word) VALUES ($1, $2) ON CONFLICT ON CONSTRAINT "Axxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_d50c0b6c" DO UPDATE SET word = excluded.word
        -- mysql, mariadb
        INSERT INTO keywords (id, word) VALUES (?, ?) ON DUPLICATE KEY UPDATE word = VALUES(word)
    "#]],
    );
}

#[test]
fn a_column_is_set_to_a_value() {
    check(
        insert(Keyword).values(keyword(1, "red")).on_conflict(Keyword.id).set(Keyword.word, "known").do_update(()),
        expect![[r#"
            -- sqlite
            INSERT INTO keywords (id, word) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET word = ?
            -- postgresql
            INSERT INTO keywords (id, word) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET word = $3
            -- mysql, mariadb
            INSERT INTO keywords (id, word) VALUES (?, ?) ON DUPLICATE KEY UPDATE word = ?
        "#]],
    );
}

#[test]
fn a_column_is_set_to_an_expression_of_both_rows() {
    check(
        insert(User)
            .values(User::builder().name("ed").age(3))
            .on_conflict(User.name)
            .set(User.age, User.age + excluded(User.age))
            .do_update(()),
        expect![[r#"
            -- sqlite
            INSERT INTO users (name, age, active) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET age = users.age + excluded.age
            -- postgresql
            INSERT INTO users (name, age, active) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET age = users.age + excluded.age
            -- mysql, mariadb
            INSERT INTO users (name, age, active) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE age = users.age + VALUES(age)
        "#]],
    );
}

#[test]
fn columns_and_expressions_go_together() {
    check(
        insert(User)
            .values(User::builder().name("ed").age(3).fullname("Ed"))
            .on_conflict(User.name)
            .set(User.age, User.age + 1)
            .do_update(User.fullname),
        expect![[r#"
            -- sqlite
            INSERT INTO users (name, fullname, age, active) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET fullname = excluded.fullname, age = users.age + ?
            -- postgresql
            INSERT INTO users (name, fullname, age, active) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO UPDATE SET fullname = excluded.fullname, age = users.age + $5
            -- mysql, mariadb
            INSERT INTO users (name, fullname, age, active) VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE fullname = VALUES(fullname), age = users.age + ?
        "#]],
    );
}

#[test]
fn an_expression_counts_before_the_new_rows_value() {
    check(
        insert(User)
            .values(User::builder().name("ed").age(3))
            .on_conflict(User.name)
            .set(User.age, 0)
            .do_update((User.age, User.active)),
        expect![[r#"
            -- sqlite
            INSERT INTO users (name, age, active) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET active = excluded.active, age = ?
            -- postgresql
            INSERT INTO users (name, age, active) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET active = excluded.active, age = $4
            -- mysql, mariadb
            INSERT INTO users (name, age, active) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE active = VALUES(active), age = ?
        "#]],
    );
}

#[test]
fn every_column_that_is_inserted_is_updated_but_the_key_and_the_target() {
    check(
        insert(User).values(User::builder().id(1).name("ed").age(3)).on_conflict(User.name).do_update_all(),
        expect![[r#"
            -- sqlite
            INSERT INTO users (id, name, age, active) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET age = excluded.age, active = excluded.active
            -- postgresql
            INSERT INTO users (id, name, age, active) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO UPDATE SET age = excluded.age, active = excluded.active
            -- mysql, mariadb
            INSERT INTO users (id, name, age, active) VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE age = VALUES(age), active = VALUES(active)
        "#]],
    );
}

#[test]
fn do_update_all_follows_the_shape_of_the_rows() {
    check(
        insert(User)
            .values(vec![User::builder().name("ed").age(3)])
            .values(vec![User::builder().name("wendy").fullname("Wendy")])
            .on_conflict(User.name)
            .do_update_all(),
        expect![[r#"
            -- sqlite
            INSERT INTO users (name, age, active) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET age = excluded.age, active = excluded.active;
            INSERT INTO users (name, fullname, active) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET fullname = excluded.fullname, active = excluded.active
            -- postgresql
            INSERT INTO users (name, age, active) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET age = excluded.age, active = excluded.active;
            INSERT INTO users (name, fullname, active) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET fullname = excluded.fullname, active = excluded.active
            -- mysql, mariadb
            INSERT INTO users (name, age, active) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE age = VALUES(age), active = VALUES(active);
            INSERT INTO users (name, fullname, active) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE fullname = VALUES(fullname), active = VALUES(active)
        "#]],
    );
}

#[test]
fn an_update_of_nothing_is_refused() {
    check(
        insert(Keyword).values(keyword(1, "red")).on_conflict(Keyword.id).do_update(()),
        expect![[r#"
        -- all
        `insert(Keyword)` updates no column on a conflict
        hint: name columns, or write `.do_nothing()`
    "#]],
    );
}

#[test]
fn do_update_all_of_a_row_that_is_all_key_is_refused() {
    let row = UserKeyword { user_id: 1, keyword_id: 2 };
    check(
        insert(UserKeyword).values(row).on_conflict(UserKeyword.user_id).do_update_all(),
        expect![[r#"
        -- all
        `insert(UserKeyword)` updates no column on a conflict
        hint: name columns, or write `.do_nothing()`
    "#]],
    );
}

#[test]
fn only_rows_that_fulfil_a_condition_are_updated() {
    check(
        insert(User)
            .values(User::builder().name("ed").fullname("Ed"))
            .on_conflict(User.name)
            .filter(User.active & User.fullname.is_distinct_from(excluded(User.fullname)))
            .do_update(User.fullname),
        expect![[r#"
            -- sqlite
            INSERT INTO users (name, fullname, active) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET fullname = excluded.fullname WHERE users.active AND users.fullname IS NOT excluded.fullname
            -- postgresql
            INSERT INTO users (name, fullname, active) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET fullname = excluded.fullname WHERE users.active AND users.fullname IS DISTINCT FROM excluded.fullname
            -- mysql
            a condition on DO UPDATE is not supported on dialect mysql
            hint: set the column to `func::case(condition, excluded(column)).otherwise(column)`
            -- mariadb
            a condition on DO UPDATE is not supported on dialect mariadb
            hint: set the column to `func::case(condition, excluded(column)).otherwise(column)`
        "#]],
    );
}

#[test]
fn a_partial_index_is_told_by_its_condition() {
    check(
        insert(User)
            .values(User::builder().name("ed"))
            .on_conflict(User.name)
            .index_filter(User.active & User.age.gt(17) & User.fullname.ne("it's"))
            .do_update(User.active),
        expect![[r#"
            -- sqlite
            INSERT INTO users (name, active) VALUES (?, ?) ON CONFLICT (name) WHERE active AND age > 17 AND fullname <> 'it''s' DO UPDATE SET active = excluded.active
            -- postgresql
            INSERT INTO users (name, active) VALUES ($1, $2) ON CONFLICT (name) WHERE active AND age > 17 AND fullname <> 'it''s' DO UPDATE SET active = excluded.active
            -- mysql
            a condition on the index of ON CONFLICT is not supported on dialect mysql
            -- mariadb
            a condition on the index of ON CONFLICT is not supported on dialect mariadb
        "#]],
    );
}

#[test]
fn values_of_the_condition_come_after_those_of_the_rows() {
    let statement = insert(User)
        .values(User::builder().name("ed"))
        .on_conflict(User.name)
        .set(User.age, 7)
        .filter(User.id.gt(100))
        .do_update(());
    let rendered = statement.render(orm::Dialect::Postgres).unwrap();
    expect![[r#"
        INSERT INTO users (name, active) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET age = $3 WHERE users.id > $4
        [Text("ed"), Bool(true), Int32(7), Int64(100)]"#]]
    .assert_eq(&format!("{}\n{:?}", rendered[0].sql, rendered[0].values));
}

#[test]
fn many_rows_may_conflict() {
    check(
        insert(Keyword).values([keyword(1, "red"), keyword(2, "blue")]).on_conflict(Keyword.id).do_update(Keyword.word),
        expect![[r#"
            -- sqlite
            INSERT INTO keywords (id, word) VALUES (?, ?), (?, ?) ON CONFLICT (id) DO UPDATE SET word = excluded.word
            -- postgresql
            INSERT INTO keywords (id, word) VALUES ($1, $2), ($3, $4) ON CONFLICT (id) DO UPDATE SET word = excluded.word
            -- mysql, mariadb
            INSERT INTO keywords (id, word) VALUES (?, ?), (?, ?) ON DUPLICATE KEY UPDATE word = VALUES(word)
        "#]],
    );
}

#[test]
fn a_conflict_gives_rows_back_where_the_database_can() {
    check(
        insert(Keyword)
            .values(keyword(1, "red"))
            .on_conflict(Keyword.id)
            .do_update(Keyword.word)
            .returning((Keyword.id, Keyword.word)),
        expect![[r#"
            -- sqlite
            INSERT INTO keywords (id, word) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET word = excluded.word RETURNING id, word
            -- postgresql
            INSERT INTO keywords (id, word) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET word = excluded.word RETURNING id, word
            -- mysql
            INSERT … RETURNING of a SELECT, with ON CONFLICT or without a known key is not supported on dialect mysql
            hint: select the rows afterwards
            -- mariadb
            INSERT INTO keywords (id, word) VALUES (?, ?) ON DUPLICATE KEY UPDATE word = VALUES(word) RETURNING id, word
        "#]],
    );
}

#[test]
fn several_conflicts_are_tried_in_their_order() {
    let row = || insert(User).values(User::builder().id(1).name("ed").age(7));
    check(
        row().on_conflict(User.id).do_update(User.name).on_conflict(User.name).do_nothing(),
        expect![[r#"
            -- sqlite
            INSERT INTO users (id, name, age, active) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name ON CONFLICT (name) DO NOTHING
            -- postgresql
            more than one ON CONFLICT of an INSERT is not supported on dialect postgresql
            -- mysql
            more than one ON CONFLICT of an INSERT is not supported on dialect mysql
            -- mariadb
            more than one ON CONFLICT of an INSERT is not supported on dialect mariadb
        "#]],
    );
    check(
        row()
            .on_conflict(User.id)
            .set(User.age, excluded(User.age) + 1)
            .filter(User.active)
            .do_update(())
            .on_conflict(User.name)
            .index_filter(User.age.gt(5))
            .do_update_all()
            .on_conflict(())
            .do_nothing()
            .returning(User.id),
        expect![[r#"
            -- sqlite
            INSERT INTO users (id, name, age, active) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET age = excluded.age + ? WHERE users.active ON CONFLICT (name) WHERE age > 5 DO UPDATE SET age = excluded.age, active = excluded.active ON CONFLICT DO NOTHING RETURNING id
            -- postgresql
            more than one ON CONFLICT of an INSERT is not supported on dialect postgresql
            -- mysql
            INSERT … RETURNING of a SELECT, with ON CONFLICT or without a known key is not supported on dialect mysql
            hint: select the rows afterwards
            -- mariadb
            more than one ON CONFLICT of an INSERT is not supported on dialect mariadb
        "#]],
    );
    check(
        insert(Keyword)
            .from_select((Keyword.id, Keyword.word), select((User.id, User.name)))
            .on_conflict(Keyword.id)
            .do_nothing()
            .on_conflict(())
            .do_update(Keyword.word),
        expect![[r#"
            -- sqlite
            INSERT INTO keywords (id, word) SELECT users.id, users.name FROM users WHERE true ON CONFLICT (id) DO NOTHING ON CONFLICT DO UPDATE SET word = excluded.word
            -- postgresql
            more than one ON CONFLICT of an INSERT is not supported on dialect postgresql
            -- mysql
            more than one ON CONFLICT of an INSERT is not supported on dialect mysql
            -- mariadb
            more than one ON CONFLICT of an INSERT is not supported on dialect mariadb
        "#]],
    );
}

#[test]
fn only_the_last_conflict_may_be_any() {
    let row = insert(User).values(User::builder().id(1).name("ed"));
    check(
        row.on_conflict(()).do_nothing().on_conflict(User.name).do_nothing(),
        expect![[r#"
        -- sqlite
        only the last ON CONFLICT of an INSERT may name no columns
        -- postgresql
        more than one ON CONFLICT of an INSERT is not supported on dialect postgresql
        -- mysql
        more than one ON CONFLICT of an INSERT is not supported on dialect mysql
        -- mariadb
        more than one ON CONFLICT of an INSERT is not supported on dialect mariadb
    "#]],
    );
}
