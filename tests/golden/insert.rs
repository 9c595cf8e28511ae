//! INSERT: values, rows of several shapes, expressions, SELECT, RETURNING.

use expect_test::expect;
use orm::prelude::*;
use orm::{literal, values};

use crate::support::{Address, Keyword, User, UserKeyword, check};

/// A row without a column that must be given.
#[derive(Clone, Debug, Model)]
#[orm(table = "tickets", metadata = none)]
struct Ticket {
    #[orm(primary_key)]
    id: i64,
    note: Option<String>,
}

/// A table in a schema.
#[derive(Clone, Debug, Model)]
#[orm(table = "events", schema = "audit", metadata = none)]
struct Event {
    #[orm(primary_key)]
    id: i64,
    what: String,
    #[orm(server_default = "CURRENT_TIMESTAMP")]
    at: String,
    #[orm(computed = "upper(what)")]
    loud: String,
}

fn ed() -> impl orm::NewInstance<Model = User> + orm::IntoRows<User> {
    User::builder().name("ed")
}

fn keyword(id: i64, word: &str) -> Keyword {
    Keyword { id, word: word.into(), users: ManyToMany::default() }
}

#[test]
fn columns_that_are_not_set_are_left_out() {
    check(
        insert(User).values(User::builder().name("ed")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        INSERT INTO users (name, active) VALUES (?, ?)
        -- postgresql
        INSERT INTO users (name, active) VALUES ($1, $2)
    "#]],
    );
}

#[test]
fn a_literal_sets_every_column() {
    check(
        insert(Keyword).values(keyword(7, "red")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        INSERT INTO keywords (id, word) VALUES (?, ?)
        -- postgresql
        INSERT INTO keywords (id, word) VALUES ($1, $2)
    "#]],
    );
}

#[test]
fn a_generated_key_that_is_zero_is_left_to_the_database() {
    check(
        insert(Keyword).values(keyword(0, "red")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        INSERT INTO keywords (word) VALUES (?)
        -- postgresql
        INSERT INTO keywords (word) VALUES ($1)
    "#]],
    );
}

#[test]
fn rows_of_one_shape_share_a_statement() {
    check(
        insert(Keyword).values([keyword(1, "red"), keyword(2, "blue"), keyword(3, "green")]),
        expect![[r#"
        -- sqlite, mysql, mariadb
        INSERT INTO keywords (id, word) VALUES (?, ?), (?, ?), (?, ?)
        -- postgresql
        INSERT INTO keywords (id, word) VALUES ($1, $2), ($3, $4), ($5, $6)
    "#]],
    );
}

#[test]
fn many_rows_are_arrays_where_those_can_be_taken_apart() {
    let many = || (1..=5).map(|id| keyword(id, "x"));
    check(
        insert(Keyword).values(many()).returning(Keyword.id),
        expect![[r#"
        -- sqlite, mariadb
        INSERT INTO keywords (id, word) VALUES (?, ?), (?, ?), (?, ?), (?, ?), (?, ?) RETURNING id
        -- postgresql
        INSERT INTO keywords (id, word) SELECT * FROM unnest($1::BIGINT[], $2::TEXT[]) RETURNING id
        -- mysql
        INSERT INTO keywords (id, word) VALUES (?, ?);
        SELECT keywords.id FROM keywords WHERE keywords.id = ?;
        INSERT INTO keywords (id, word) VALUES (?, ?);
        SELECT keywords.id FROM keywords WHERE keywords.id = ?;
        INSERT INTO keywords (id, word) VALUES (?, ?);
        SELECT keywords.id FROM keywords WHERE keywords.id = ?;
        INSERT INTO keywords (id, word) VALUES (?, ?);
        SELECT keywords.id FROM keywords WHERE keywords.id = ?;
        INSERT INTO keywords (id, word) VALUES (?, ?);
        SELECT keywords.id FROM keywords WHERE keywords.id = ?
    "#]],
    );
    check(
        insert(Keyword).values(many()).on_conflict(Keyword.id).do_update(Keyword.word),
        expect![[r#"
        -- sqlite
        INSERT INTO keywords (id, word) VALUES (?, ?), (?, ?), (?, ?), (?, ?), (?, ?) ON CONFLICT (id) DO UPDATE SET word = excluded.word
        -- postgresql
        INSERT INTO keywords (id, word) SELECT * FROM unnest($1::BIGINT[], $2::TEXT[]) ON CONFLICT (id) DO UPDATE SET word = excluded.word
        -- mysql, mariadb
        INSERT INTO keywords (id, word) VALUES (?, ?), (?, ?), (?, ?), (?, ?), (?, ?) ON DUPLICATE KEY UPDATE word = VALUES(word)
    "#]],
    );
    check(
        insert(Keyword).values((1..=5).map(|_| Keyword::builder().word("x"))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        INSERT INTO keywords (word) VALUES (?), (?), (?), (?), (?)
        -- postgresql
        INSERT INTO keywords (word) SELECT * FROM unnest($1::TEXT[])
    "#]],
    );
}

#[test]
fn an_insert_of_arrays_is_the_same_for_every_number_of_rows() {
    let rendered = |rows| insert(Keyword).values((1..=rows).map(|id| keyword(id, "x"))).render(orm::Dialect::Postgres);
    let five = rendered(5).unwrap();
    assert_eq!(five[0].values.len(), 2);
    assert_eq!(five[0].sql, rendered(1_000).unwrap()[0].sql);
}

/// A table of which PostgreSQL could take no row out of arrays: text is not assigned to these types, and an array of arrays
/// would be taken apart to its elements.
#[derive(Clone, Debug, Model)]
#[orm(table = "hosts", metadata = none)]
struct Host {
    #[orm(primary_key)]
    id: i64,
    #[orm(sql_type = "citext")]
    name: String,
}

#[test]
fn rows_that_arrays_cannot_hold_stay_values() {
    check(
        insert(Host).values((1..=5).map(|id| Host { id, name: "h".into() })),
        expect![[r#"
            -- sqlite, mysql, mariadb
            INSERT INTO hosts (id, name) VALUES (?, ?), (?, ?), (?, ?), (?, ?), (?, ?)
            -- postgresql
            INSERT INTO hosts (id, name) VALUES ($1, CAST($2 AS citext)), ($3, CAST($4 AS citext)), ($5, CAST($6 AS citext)), ($7, CAST($8 AS citext)), ($9, CAST($10 AS citext))
        "#]],
    );
    check(
        insert(Keyword)
            .values((1..=5).map(|id| keyword(id, "x")))
            .set(Keyword.word, func::upper(literal("x".to_owned()))),
        expect![[r#"
            -- sqlite, mysql, mariadb
            INSERT INTO keywords (id, word) VALUES (?, upper(?)), (?, upper(?)), (?, upper(?)), (?, upper(?)), (?, upper(?))
            -- postgresql
            INSERT INTO keywords (id, word) VALUES ($1, upper($2)), ($3, upper($4)), ($5, upper($6)), ($7, upper($8)), ($9, upper($10))
        "#]],
    );
}

/// Types that PostgreSQL takes no text for, beside names of types that it does.
#[derive(Clone, Debug, Model)]
#[orm(table = "devices", metadata = none)]
struct Device {
    #[orm(primary_key, sql_type = "BIT(3)")]
    flags: String,
    #[orm(sql_type = "VARCHAR(20)")]
    name: String,
    #[orm(sql_type = "email")]
    domain: String,
    #[orm(postgres(sql_type = "MACADDR"), mysql(sql_type = "MEDIUMTEXT"))]
    address: Option<String>,
    #[orm(postgres(sql_type = "INTEGER"))]
    size: i64,
}

#[test]
fn a_text_goes_with_a_cast_where_a_column_takes_none() {
    let device = || Device { flags: "101".into(), name: "n".into(), domain: "d".into(), address: None, size: 1 };
    check(
        insert(Device).values(device()).on_conflict(Device.flags).do_update(Device.address),
        expect![[r#"
        -- sqlite
        INSERT INTO devices (flags, name, domain, address, size) VALUES (?, ?, ?, ?, ?) ON CONFLICT (flags) DO UPDATE SET address = excluded.address
        -- postgresql
        INSERT INTO devices (flags, name, domain, address, size) VALUES (CAST($1 AS BIT VARYING), $2, $3, CAST($4 AS MACADDR), $5) ON CONFLICT (flags) DO UPDATE SET address = excluded.address
        -- mysql, mariadb
        INSERT INTO devices (flags, name, domain, address, size) VALUES (?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE address = VALUES(address)
    "#]],
    );
    check(
        update(Device).set(Device.address, "a").set(Device.name, "b").filter(Device.flags.in_(["1", "2"])),
        expect![[r#"
            -- sqlite, mysql, mariadb
            UPDATE devices SET address = ?, name = ? WHERE devices.flags IN (?, ?)
            -- postgresql
            UPDATE devices SET address = CAST($1 AS MACADDR), name = $2 WHERE devices.flags IN (CAST($3 AS BIT VARYING), CAST($4 AS BIT VARYING))
        "#]],
    );
    check(
        select(Device.size)
            .filter(Device.address.eq("a") & Device.name.eq("b") & Device.domain.eq("c") & Device.size.eq(1))
            .filter(Device.address.in_((1..=9).map(|number| number.to_string()))),
        expect![[r#"
            -- sqlite, mysql, mariadb
            SELECT devices.size FROM devices WHERE devices.address = ? AND devices.name = ? AND devices.domain = ? AND devices.size = ? AND devices.address IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            -- postgresql
            SELECT devices.size FROM devices WHERE devices.address = CAST($1 AS MACADDR) AND devices.name = $2 AND devices.domain = $3 AND devices.size = $4 AND devices.address = ANY (CAST($5 AS MACADDR[]))
        "#]],
    );
}

#[test]
fn rows_of_several_shapes_are_several_statements() {
    let named = |name: &str| User::builder().name(name);
    check(
        insert(User).values(named("ed")).values(named("wendy").age(30)).values(named("mary")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        INSERT INTO users (name, active) VALUES (?, ?);
        INSERT INTO users (name, age, active) VALUES (?, ?, ?);
        INSERT INTO users (name, active) VALUES (?, ?)
        -- postgresql
        INSERT INTO users (name, active) VALUES ($1, $2);
        INSERT INTO users (name, age, active) VALUES ($1, $2, $3);
        INSERT INTO users (name, active) VALUES ($1, $2)
    "#]],
    );
}

#[test]
fn none_is_a_value() {
    check(
        insert(Ticket).values(Ticket { id: 1, note: None }),
        expect![[r#"
        -- sqlite, mysql, mariadb
        INSERT INTO tickets (id, note) VALUES (?, ?)
        -- postgresql
        INSERT INTO tickets (id, note) VALUES ($1, $2)
    "#]],
    );
}

#[test]
fn a_row_without_columns_is_default_values() {
    check(
        insert(Ticket).values(Ticket::builder()),
        expect![[r#"
        -- sqlite, postgresql
        INSERT INTO tickets DEFAULT VALUES
        -- mysql, mariadb
        INSERT INTO tickets () VALUES ()
    "#]],
    );
}

#[test]
fn several_rows_without_columns_are_a_statement_each() {
    check(
        insert(Ticket).values([Ticket::builder(), Ticket::builder()]),
        expect![[r#"
        -- sqlite, postgresql
        INSERT INTO tickets DEFAULT VALUES;
        INSERT INTO tickets DEFAULT VALUES
        -- mysql, mariadb
        INSERT INTO tickets () VALUES ();
        INSERT INTO tickets () VALUES ()
    "#]],
    );
}

#[test]
fn no_rows_are_no_statement() {
    check(
        insert(User).values(Vec::<User>::new()),
        expect![[r#"
        -- all

    "#]],
    );
}

#[test]
fn a_table_stands_in_its_schema() {
    check(
        insert(Event).values(Event::builder().what("login")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        INSERT INTO audit.events (what) VALUES (?)
        -- postgresql
        INSERT INTO audit.events (what) VALUES ($1)
    "#]],
    );
}

#[test]
fn what_the_database_computes_is_never_inserted() {
    let row = Event { id: 1, what: "login".into(), at: "now".into(), loud: "ignored".into() };
    check(
        insert(Event).values(row),
        expect![[r#"
        -- sqlite, mysql, mariadb
        INSERT INTO audit.events (id, what, at) VALUES (?, ?, ?)
        -- postgresql
        INSERT INTO audit.events (id, what, at) VALUES ($1, $2, $3)
    "#]],
    );
}

#[test]
fn values_take_an_iterator() {
    check(
        insert(UserKeyword).values((1..=2).map(|id| UserKeyword { user_id: id, keyword_id: 7 })),
        expect![[r#"
        -- sqlite, mysql, mariadb
        INSERT INTO user_keywords (user_id, keyword_id) VALUES (?, ?), (?, ?)
        -- postgresql
        INSERT INTO user_keywords (user_id, keyword_id) VALUES ($1, $2), ($3, $4)
    "#]],
    );
}

#[test]
fn values_are_bound_in_the_order_of_the_text() {
    let rows = [keyword(1, "red"), keyword(2, "blue")];
    let rendered = insert(Keyword).values(rows).render(orm::Dialect::Postgres).unwrap();
    expect![[r#"[Int64(1), Text("red"), Int64(2), Text("blue")]"#]].assert_eq(&format!("{:?}", rendered[0].values));
}

// ------------------------------------------------------------------------------------------------------- expressions

#[test]
fn a_column_is_set_to_an_expression() {
    check(
        insert(Keyword).set(Keyword.word, func::lower(literal("RED".to_owned()))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        INSERT INTO keywords (word) VALUES (lower(?))
        -- postgresql
        INSERT INTO keywords (word) VALUES (lower($1))
    "#]],
    );
}

#[test]
fn an_expression_goes_into_every_row() {
    check(
        insert(Keyword)
            .values([keyword(1, "red"), keyword(2, "blue")])
            .set(Keyword.word, func::upper(literal("x".to_owned()))),
        expect![[r#"
            -- sqlite, mysql, mariadb
            INSERT INTO keywords (id, word) VALUES (?, upper(?)), (?, upper(?))
            -- postgresql
            INSERT INTO keywords (id, word) VALUES ($1, upper($2)), ($3, upper($4))
        "#]],
    );
}

#[test]
fn an_expression_adds_its_column_to_rows_without_it() {
    check(
        insert(User).values(User::builder().name("ed")).set(User.age, literal(20) + 1),
        expect![[r#"
            -- sqlite, mariadb
            INSERT INTO users (name, active, age) VALUES (?, ?, ? + ?)
            -- postgresql
            INSERT INTO users (name, active, age) VALUES ($1, $2, $3 + $4)
            -- mysql
            INSERT INTO users (name, active, age) VALUES (?, ?, CAST(? AS SIGNED) + CAST(? AS SIGNED))
        "#]],
    );
}

#[test]
fn a_scalar_subquery_is_a_value() {
    let oldest = select(func::max(User.age));
    check(
        insert(User).values(User::builder().name("ed")).set(User.age, oldest),
        expect![[r#"
        -- sqlite, mysql, mariadb
        INSERT INTO users (name, active, age) VALUES (?, ?, (SELECT max(users.age) FROM users))
        -- postgresql
        INSERT INTO users (name, active, age) VALUES ($1, $2, (SELECT max(users.age) FROM users))
    "#]],
    );
}

#[test]
fn the_last_of_two_expressions_for_a_column_counts() {
    check(
        insert(Keyword).set(Keyword.word, "red").set(Keyword.word, "blue"),
        expect![[r#"
        -- sqlite, mysql, mariadb
        INSERT INTO keywords (word) VALUES (?)
        -- postgresql
        INSERT INTO keywords (word) VALUES ($1)
    "#]],
    );
}

// ------------------------------------------------------------------------------------------------------------ SELECT

#[test]
fn a_select_gives_the_rows() {
    let names = select((User.id, User.name)).filter(User.active);
    check(
        insert(Keyword).from_select((Keyword.id, Keyword.word), names),
        expect![[r#"
        -- all
        INSERT INTO keywords (id, word) SELECT users.id, users.name FROM users WHERE users.active
    "#]],
    );
}

#[test]
fn a_select_of_the_table_itself_is_about_that_table() {
    let names = select(User.name).filter(User.age.gt(5));
    check(
        insert(User).from_select(User.name, names),
        expect![[r#"
            -- sqlite, mariadb
            INSERT INTO users (name, active) SELECT users.name, ? FROM users WHERE users.age > ?
            -- postgresql
            INSERT INTO users (name, active) SELECT users.name, $1 FROM users WHERE users.age > $2
            -- mysql
            INSERT INTO users (name, active) SELECT users.name, CAST(? AS SIGNED) FROM users WHERE users.age > ?
        "#]],
    );
}

#[test]
fn a_select_gives_the_defaults_of_columns_that_are_not_named() {
    let names = || select(Keyword.word).filter(Keyword.id.gt(5));
    check(
        insert(User).from_select(User.name, names()),
        expect![[r#"
            -- sqlite, mariadb
            INSERT INTO users (name, active) SELECT keywords.word, ? FROM keywords WHERE keywords.id > ?
            -- postgresql
            INSERT INTO users (name, active) SELECT keywords.word, $1 FROM keywords WHERE keywords.id > $2
            -- mysql
            INSERT INTO users (name, active) SELECT keywords.word, CAST(? AS SIGNED) FROM keywords WHERE keywords.id > ?
        "#]],
    );
    check(
        insert(User).from_select(User.name, names()).include_defaults(false),
        expect![[r#"
        -- sqlite, mysql, mariadb
        INSERT INTO users (name) SELECT keywords.word FROM keywords WHERE keywords.id > ?
        -- postgresql
        INSERT INTO users (name) SELECT keywords.word FROM keywords WHERE keywords.id > $1
    "#]],
    );
    check(
        insert(User).from_select((User.name, User.active), select((Keyword.word, Keyword.id.gt(5)))),
        expect![[r#"
            -- sqlite, mysql, mariadb
            INSERT INTO users (name, active) SELECT keywords.word, keywords.id > ? FROM keywords
            -- postgresql
            INSERT INTO users (name, active) SELECT keywords.word, keywords.id > $1 FROM keywords
        "#]],
    );
    check(
        insert(User).from_select(User.name, names().union_all(names().limit(1))),
        expect![[r#"
            -- sqlite
            INSERT INTO users (name, active) SELECT keywords.word, ? FROM keywords WHERE keywords.id > ? UNION ALL SELECT * FROM (SELECT keywords.word, ? FROM keywords WHERE keywords.id > ? LIMIT ?)
            -- postgresql
            INSERT INTO users (name, active) SELECT keywords.word, $1 FROM keywords WHERE keywords.id > $2 UNION ALL (SELECT keywords.word, $3 FROM keywords WHERE keywords.id > $4 LIMIT $5)
            -- mysql
            INSERT INTO users (name, active) SELECT keywords.word, CAST(? AS SIGNED) FROM keywords WHERE keywords.id > ? UNION ALL (SELECT keywords.word, CAST(? AS SIGNED) FROM keywords WHERE keywords.id > ? LIMIT ?)
            -- mariadb
            INSERT INTO users (name, active) SELECT keywords.word, ? FROM keywords WHERE keywords.id > ? UNION ALL (SELECT keywords.word, ? FROM keywords WHERE keywords.id > ? LIMIT ?)
        "#]],
    );
    check(
        insert(User).from_select(User.name, names().distinct().order_by(Keyword.word)),
        expect![[r#"
            -- sqlite, mariadb
            INSERT INTO users (name, active) SELECT DISTINCT keywords.word, ? FROM keywords WHERE keywords.id > ? ORDER BY keywords.word
            -- postgresql
            INSERT INTO users (name, active) SELECT DISTINCT keywords.word, $1 FROM keywords WHERE keywords.id > $2 ORDER BY keywords.word
            -- mysql
            INSERT INTO users (name, active) SELECT DISTINCT keywords.word, CAST(? AS SIGNED) FROM keywords WHERE keywords.id > ? ORDER BY keywords.word
        "#]],
    );
}

#[test]
fn what_is_set_is_selected_with_the_rest() {
    let names = || select(Keyword.word).filter(Keyword.id.gt(5));
    check(
        insert(User).from_select(User.name, names()).set(User.age, 7).set(User.fullname, func::upper(Keyword.word)),
        expect![[r#"
            -- sqlite, mariadb
            INSERT INTO users (name, age, fullname, active) SELECT keywords.word, ?, upper(keywords.word), ? FROM keywords WHERE keywords.id > ?
            -- postgresql
            INSERT INTO users (name, age, fullname, active) SELECT keywords.word, $1, upper(keywords.word), $2 FROM keywords WHERE keywords.id > $3
            -- mysql
            INSERT INTO users (name, age, fullname, active) SELECT keywords.word, CAST(? AS SIGNED), upper(keywords.word), CAST(? AS SIGNED) FROM keywords WHERE keywords.id > ?
        "#]],
    );
    check(
        insert(User).set(User.active, false).from_select(User.name, names()),
        expect![[r#"
            -- sqlite, mariadb
            INSERT INTO users (name, active) SELECT keywords.word, ? FROM keywords WHERE keywords.id > ?
            -- postgresql
            INSERT INTO users (name, active) SELECT keywords.word, $1 FROM keywords WHERE keywords.id > $2
            -- mysql
            INSERT INTO users (name, active) SELECT keywords.word, CAST(? AS SIGNED) FROM keywords WHERE keywords.id > ?
        "#]],
    );
    check(
        insert(User).from_select(User.name, names()).set(User.name, "x"),
        expect![[r#"
        -- all
        `insert(User)` sets `User.name`, which its SELECT gives
    "#]],
    );
}

#[test]
fn rows_and_a_select_do_not_go_together() {
    let names = || select(Keyword.word);
    let row = || User::builder().name("ed");
    check(
        insert(User).values(row()).from_select(User.name, names()),
        expect![[r#"
        -- all
        `insert(User)` has rows beside its SELECT
    "#]],
    );
    check(
        insert(User).from_select(User.name, names()).values(row()),
        expect![[r#"
        -- all
        `insert(User)` has rows beside its SELECT
    "#]],
    );
}

#[test]
fn a_select_may_be_grouped_ordered_and_limited() {
    let words = select((Address.user_id, func::max(Address.email))).group_by(Address.user_id).order_by(Address.user_id);
    check(
        insert(Keyword).from_select((Keyword.id, Keyword.word), words.limit(3)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        INSERT INTO keywords (id, word) SELECT addresses.user_id, max(addresses.email) FROM addresses GROUP BY addresses.user_id ORDER BY addresses.user_id LIMIT ?
        -- postgresql
        INSERT INTO keywords (id, word) SELECT addresses.user_id, max(addresses.email) FROM addresses GROUP BY addresses.user_id ORDER BY addresses.user_id LIMIT $1
    "#]],
    );
}

#[test]
fn a_select_with_joins_gives_the_rows() {
    let mails = select((User.id, Address.email)).join(User.addresses);
    check(
        insert(Keyword).from_select((Keyword.id, Keyword.word), mails),
        expect![[r#"
        -- all
        INSERT INTO keywords (id, word) SELECT users.id, addresses.email FROM users JOIN addresses ON users.id = addresses.user_id
    "#]],
    );
}

#[test]
fn a_select_of_too_few_columns_is_refused() {
    check(
        insert(Keyword).from_select((Keyword.id, Keyword.word), select(User.name)),
        expect![[r#"
        -- all
        `insert(Keyword)` names 2 columns, and the SELECT gives 1
    "#]],
    );
}

#[test]
fn rows_beside_a_select_are_refused() {
    check(
        insert(Keyword).from_select(Keyword.word, select(User.name)).values(keyword(1, "x")),
        expect![[r#"
        -- all
        `insert(Keyword)` has rows beside its SELECT
    "#]],
    );
}

#[test]
fn a_conflict_after_a_select_is_no_join_condition() {
    let names = select(User.name);
    check(
        insert(Keyword).from_select(Keyword.word, names).on_conflict(Keyword.id).do_nothing(),
        expect![[r#"
            -- sqlite
            INSERT INTO keywords (word) SELECT users.name FROM users WHERE true ON CONFLICT (id) DO NOTHING
            -- postgresql
            INSERT INTO keywords (word) SELECT users.name FROM users ON CONFLICT (id) DO NOTHING
            -- mysql, mariadb
            INSERT INTO keywords (word) SELECT users.name FROM users ON DUPLICATE KEY UPDATE id = keywords.id
        "#]],
    );
}

#[test]
fn a_conflict_after_a_select_with_conditions_needs_no_more() {
    let names = select(User.name).filter(User.active);
    check(
        insert(Keyword).from_select(Keyword.word, names).on_conflict(Keyword.id).do_nothing(),
        expect![[r#"
            -- sqlite, postgresql
            INSERT INTO keywords (word) SELECT users.name FROM users WHERE users.active ON CONFLICT (id) DO NOTHING
            -- mysql, mariadb
            INSERT INTO keywords (word) SELECT users.name FROM users WHERE users.active ON DUPLICATE KEY UPDATE id = keywords.id
        "#]],
    );
}

// --------------------------------------------------------------------------------------------------------- RETURNING

#[test]
fn returning_gives_columns() {
    check(
        insert(User).values(ed()).returning(User.id),
        expect![[r#"
        -- sqlite, mariadb
        INSERT INTO users (name, active) VALUES (?, ?) RETURNING id
        -- postgresql
        INSERT INTO users (name, active) VALUES ($1, $2) RETURNING id
        -- mysql
        INSERT INTO users (name, active) VALUES (?, ?);
        SELECT users.id FROM users WHERE users.id = last_insert_id()
    "#]],
    );
}

#[test]
fn returning_gives_a_model() {
    check(
        insert(Keyword).values(keyword(0, "red")).returning(Keyword),
        expect![[r#"
        -- sqlite, mariadb
        INSERT INTO keywords (word) VALUES (?) RETURNING id, word
        -- postgresql
        INSERT INTO keywords (word) VALUES ($1) RETURNING id, word
        -- mysql
        INSERT INTO keywords (word) VALUES (?);
        SELECT keywords.id, keywords.word FROM keywords WHERE keywords.id = last_insert_id()
    "#]],
    );
}

#[test]
fn returning_gives_a_tuple_with_expressions() {
    check(
        insert(Keyword).values(keyword(0, "red")).returning((Keyword.id, func::upper(Keyword.word))),
        expect![[r#"
        -- sqlite, mariadb
        INSERT INTO keywords (word) VALUES (?) RETURNING id, upper(word)
        -- postgresql
        INSERT INTO keywords (word) VALUES ($1) RETURNING id, upper(word)
        -- mysql
        INSERT INTO keywords (word) VALUES (?);
        SELECT keywords.id, upper(keywords.word) FROM keywords WHERE keywords.id = last_insert_id()
    "#]],
    );
}

#[test]
fn returning_of_many_rows_is_a_row_each_where_there_is_none() {
    check(
        insert(Keyword).values([keyword(0, "red"), keyword(9, "blue")]).returning(Keyword.id),
        expect![[r#"
        -- sqlite, mariadb
        INSERT INTO keywords (word) VALUES (?) RETURNING id;
        INSERT INTO keywords (id, word) VALUES (?, ?) RETURNING id
        -- postgresql
        INSERT INTO keywords (word) VALUES ($1) RETURNING id;
        INSERT INTO keywords (id, word) VALUES ($1, $2) RETURNING id
        -- mysql
        INSERT INTO keywords (word) VALUES (?);
        SELECT keywords.id FROM keywords WHERE keywords.id = last_insert_id();
        INSERT INTO keywords (id, word) VALUES (?, ?);
        SELECT keywords.id FROM keywords WHERE keywords.id = ?
    "#]],
    );
}

#[test]
fn returning_in_order_is_a_statement_a_row() {
    check(
        insert(Keyword).values([keyword(0, "red"), keyword(0, "blue")]).returning_in_order(Keyword.id),
        expect![[r#"
        -- sqlite, mariadb
        INSERT INTO keywords (word) VALUES (?) RETURNING id;
        INSERT INTO keywords (word) VALUES (?) RETURNING id
        -- postgresql
        INSERT INTO keywords (word) VALUES ($1) RETURNING id;
        INSERT INTO keywords (word) VALUES ($1) RETURNING id
        -- mysql
        INSERT INTO keywords (word) VALUES (?);
        SELECT keywords.id FROM keywords WHERE keywords.id = last_insert_id();
        INSERT INTO keywords (word) VALUES (?);
        SELECT keywords.id FROM keywords WHERE keywords.id = last_insert_id()
    "#]],
    );
}

#[test]
fn returning_of_a_key_of_two_columns_is_read_by_both() {
    let row = UserKeyword { user_id: 1, keyword_id: 2 };
    check(
        insert(UserKeyword).values(row).returning(UserKeyword),
        expect![[r#"
        -- sqlite, mariadb
        INSERT INTO user_keywords (user_id, keyword_id) VALUES (?, ?) RETURNING user_id, keyword_id
        -- postgresql
        INSERT INTO user_keywords (user_id, keyword_id) VALUES ($1, $2) RETURNING user_id, keyword_id
        -- mysql
        INSERT INTO user_keywords (user_id, keyword_id) VALUES (?, ?);
        SELECT user_keywords.user_id, user_keywords.keyword_id FROM user_keywords WHERE user_keywords.user_id = ? AND user_keywords.keyword_id = ?
    "#]],
    );
}

#[test]
fn returning_of_a_select_is_refused_where_there_is_none() {
    check(
        insert(Keyword).from_select(Keyword.word, select(User.name)).returning(Keyword.id),
        expect![[r#"
        -- sqlite, postgresql, mariadb
        INSERT INTO keywords (word) SELECT users.name FROM users RETURNING id
        -- mysql
        INSERT … RETURNING of a SELECT, with ON CONFLICT or without a known key is not supported on dialect mysql
        hint: select the rows afterwards
    "#]],
    );
}

// ------------------------------------------------------------------------------------------------------------ blocks

#[test]
fn many_rows_are_blocks_of_a_thousand() {
    let statements =
        insert(Keyword).values((1..=2_500).map(|id| keyword(id, "x"))).render(orm::Dialect::Sqlite).unwrap();
    let values: Vec<usize> = statements.iter().map(|statement| statement.values.len()).collect();
    assert_eq!(values, [2_000, 2_000, 1_000]);
}

#[test]
fn long_values_make_smaller_blocks() {
    let megabyte = "x".repeat(1 << 20);
    let rows = (1..=10).map(|id| keyword(id, &megabyte));
    let statements = insert(Keyword).values(rows).render(orm::Dialect::MySql).unwrap();
    let rows: Vec<usize> = statements.iter().map(|statement| statement.values.len() / 2).collect();
    assert_eq!(rows, [3, 3, 3, 1]);
}

#[test]
fn a_row_that_is_longer_than_a_block_goes_alone() {
    let rows = [keyword(1, "x"), keyword(2, &"x".repeat(5 << 20)), keyword(3, "x")];
    assert_eq!(insert(Keyword).values(rows).render(orm::Dialect::MySql).unwrap().len(), 3);
}

#[test]
fn members_that_would_be_lost_are_refused() {
    let row = User::builder().name("ed").addresses([Address::builder().email("e")]);
    check(
        insert(User).values(row),
        expect![[r#"
        -- all
        `insert(User)` writes one table, and `User.addresses` holds 1 members
        hint: add the object with its members by `session.add(…)`
    "#]],
    );
}

// -------------------------------------------------------------------------------------------------------------- WITH

#[test]
fn a_cte_stands_before_an_insert_or_its_select() {
    let idle = select((User.id, User.name)).filter(!User.active).cte("idle");
    let rows = select((idle.0, idle.1)).select_from(&idle);
    check(
        insert(Keyword).from_select((Keyword.id, Keyword.word), rows),
        expect![[r#"
        -- sqlite, postgresql
        WITH idle AS (SELECT users.id, users.name FROM users WHERE NOT users.active) INSERT INTO keywords (id, word) SELECT idle.id, idle.name FROM idle
        -- mysql, mariadb
        INSERT INTO keywords (id, word) WITH idle AS (SELECT users.id, users.name FROM users WHERE NOT users.active) SELECT idle.id, idle.name FROM idle
    "#]],
    );
}

#[test]
fn a_compound_gives_the_rows() {
    check(
        insert(Keyword).from_select(
            (Keyword.id, Keyword.word),
            select((User.id, User.name)).union(select((Address.id, Address.email))),
        ),
        expect![[r#"
            -- all
            INSERT INTO keywords (id, word) SELECT users.id, users.name FROM users UNION SELECT addresses.id, addresses.email FROM addresses
        "#]],
    );
}

#[test]
fn a_list_of_values_gives_the_rows() {
    let words = values("words", ["id", "word"], [(1i64, "a".to_owned()), (2, "b".to_owned())]);
    check(
        insert(Keyword).from_select((Keyword.id, Keyword.word), select(words)),
        expect![[r#"
            -- sqlite
            INSERT INTO keywords (id, word) SELECT words.id, words.word FROM (SELECT column1 AS id, column2 AS word FROM (VALUES (?, ?), (?, ?))) AS words
            -- postgresql
            INSERT INTO keywords (id, word) SELECT words.id, words.word FROM (VALUES ($1, $2), ($3, $4)) AS words (id, word)
            -- mysql
            INSERT INTO keywords (id, word) SELECT words.id, words.word FROM (VALUES ROW(CAST(? AS SIGNED), ?), ROW(CAST(? AS SIGNED), ?)) AS words (id, word)
            -- mariadb
            INSERT INTO keywords (id, word) SELECT words.id, words.word FROM (SELECT ? AS id, ? AS word UNION ALL SELECT ?, ?) AS words
        "#]],
    );
}
