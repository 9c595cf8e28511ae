//! Values written into the text.

use expect_test::{Expect, expect};
use orm::__private::Node;
use orm::prelude::*;
use orm::{Bind, Dialect, Render, Text, Value, literal};

use crate::support::{Keyword, Number, User, check_with};

/// Checks a statement in its literal form.
fn check_literal(statement: impl Render, expected: Expect) {
    check_with(|dialect| statement.to_sql_literal(dialect), expected);
}

/// A value of any kind, as a driver takes it.
struct Raw(Value);

impl Bind for Raw {
    fn __bind(self) -> Node {
        Node::Bind(self.0)
    }
}

fn value(value: Value) -> Text {
    text("SELECT :value").bind("value", Raw(value))
}

#[test]
fn a_select_shows_its_values() {
    check_literal(
        select(User.id).filter(User.name.eq("ed") & User.id.in_([1, 2])).limit(5).offset(10),
        expect![[r#"
        -- all
        SELECT users.id FROM users WHERE users.name = 'ed' AND users.id IN (1, 2) LIMIT 5 OFFSET 10
    "#]],
    );
}

#[test]
fn an_insert_shows_its_values() {
    check_literal(
        insert(User).values(User::builder().name("ed").age(30)),
        expect![[r#"
        -- sqlite
        INSERT INTO users (name, age, active) VALUES ('ed', 30, 1)
        -- postgresql, mysql, mariadb
        INSERT INTO users (name, age, active) VALUES ('ed', 30, true)
    "#]],
    );
}

#[test]
fn an_upsert_shows_its_values() {
    let row = Keyword { id: 1, word: "red".into(), users: ManyToMany::default() };
    check_literal(
        insert(Keyword).values(row).on_conflict(Keyword.id).set(Keyword.word, "known").do_update(()),
        expect![[r#"
            -- sqlite, postgresql
            INSERT INTO keywords (id, word) VALUES (1, 'red') ON CONFLICT (id) DO UPDATE SET word = 'known'
            -- mysql, mariadb
            INSERT INTO keywords (id, word) VALUES (1, 'red') ON DUPLICATE KEY UPDATE word = 'known'
        "#]],
    );
}

#[test]
fn an_update_shows_its_values() {
    check_literal(
        update(User).set(User.fullname, "Ed").set(User.age, None::<i32>).filter(User.id.eq(1)),
        expect![[r#"
        -- all
        UPDATE users SET fullname = 'Ed', age = NULL WHERE users.id = 1
    "#]],
    );
}

#[test]
fn a_delete_shows_its_values() {
    check_literal(
        delete(User).filter(User.active.eq(false)),
        expect![[r#"
        -- sqlite
        DELETE FROM users WHERE users.active = 0
        -- postgresql, mysql, mariadb
        DELETE FROM users WHERE users.active = false
    "#]],
    );
}

#[test]
fn returning_shows_its_values() {
    check_literal(
        delete(User).filter(User.id.eq(7)).returning(User.id),
        expect![[r#"
        -- sqlite, postgresql, mariadb
        DELETE FROM users WHERE users.id = 7 RETURNING id
        -- mysql
        DELETE … RETURNING is not supported on dialect mysql
    "#]],
    );
}

#[test]
fn text_shows_its_values() {
    check_literal(
        text("SELECT :n, :name").bind("n", 1).bind("name", "o'hara"),
        expect![[r#"
        -- all
        SELECT 1, 'o''hara'
    "#]],
    );
}

#[test]
fn quotes_are_doubled() {
    check_literal(
        select(literal("it's ''quoted'' \"twice\"".to_owned())),
        expect![[r#"
        -- all
        SELECT 'it''s ''''quoted'''' "twice"'
    "#]],
    );
}

#[test]
fn backslashes_stay_what_they_are() {
    check_literal(
        select(literal(r"\' OR 1 = 1; -- \".to_owned())),
        expect![[r#"
        -- sqlite
        SELECT '\'' OR 1 = 1; -- \'
        -- postgresql
        SELECT E'\\'' OR 1 = 1; -- \\'
        -- mysql, mariadb
        SELECT '\\'' OR 1 = 1; -- \\'
    "#]],
    );
}

#[test]
fn a_nul_character_has_no_literal_on_postgres() {
    check_literal(
        select(literal("a\0b".to_owned())),
        expect![[r#"
        -- sqlite
        SELECT CAST(x'610062' AS TEXT)
        -- postgresql
        the value "a\0b" has no literal on dialect postgresql
        -- mysql, mariadb
        SELECT 'a\0b'
    "#]],
    );
}

#[test]
fn line_breaks_and_unicode_stay_as_they_are() {
    check_literal(
        select(literal("a\nb\té🦀".to_owned())),
        expect![[r#"
        -- all
        SELECT 'a
        b	é🦀'
    "#]],
    );
}

#[test]
fn a_question_mark_in_a_value_is_no_placeholder() {
    check_literal(
        select((literal("?".to_owned()), literal("$1".to_owned()))),
        expect![[r#"
        -- all
        SELECT '?', '$1'
    "#]],
    );
}

#[test]
fn numbers_are_plain() {
    check_literal(
        select(Number.id)
            .filter(Number.small.eq(-1) & Number.int.eq(i32::MAX) & Number.big.eq(i64::MIN) & Number.double.eq(0.1)),
        expect![[r#"
            -- sqlite
            SELECT numbers.id FROM numbers WHERE numbers.small = -1 AND numbers.int = 2147483647 AND numbers.big = -9223372036854775808 AND numbers.double = 0.1
            -- postgresql
            SELECT numbers.id FROM numbers WHERE numbers.small = -1 AND numbers.int = 2147483647 AND numbers.big = -9223372036854775808 AND numbers.double = '0.1'::double precision
            -- mysql, mariadb
            SELECT numbers.id FROM numbers WHERE numbers.small = -1 AND numbers.`int` = 2147483647 AND numbers.big = -9223372036854775808 AND numbers.`double` = 1e-1
        "#]],
    );
}

#[test]
fn floats_keep_their_precision() {
    check_literal(
        select((literal(0.1f32), literal(0.1f64), literal(1e300), literal(5e-324))),
        expect![[r#"
            -- sqlite
            SELECT 0.10000000149011612, 0.1, 1e300, 5e-324
            -- postgresql
            SELECT '0.1'::real, '0.1'::double precision, '1e300'::double precision, '5e-324'::double precision
            -- mysql, mariadb
            SELECT 1.0000000149011612e-1, 1e-1, 1e300, 5e-324
        "#]],
    );
}

#[test]
fn floats_that_are_no_numbers_are_named_where_they_can_be() {
    check_literal(
        select(literal(f64::NAN)),
        expect![[r#"
        -- sqlite
        SELECT NULL
        -- postgresql
        SELECT 'NaN'::double precision
        -- mysql
        the value NaN has no literal on dialect mysql
        -- mariadb
        the value NaN has no literal on dialect mariadb
    "#]],
    );
    check_literal(
        select(literal(f64::INFINITY)),
        expect![[r#"
        -- sqlite
        SELECT 9e999
        -- postgresql
        SELECT 'Infinity'::double precision
        -- mysql
        the value Infinity has no literal on dialect mysql
        -- mariadb
        the value Infinity has no literal on dialect mariadb
    "#]],
    );
    check_literal(
        select(literal(f64::NEG_INFINITY)),
        expect![[r#"
        -- sqlite
        SELECT -9e999
        -- postgresql
        SELECT '-Infinity'::double precision
        -- mysql
        the value -Infinity has no literal on dialect mysql
        -- mariadb
        the value -Infinity has no literal on dialect mariadb
    "#]],
    );
}

#[test]
fn a_negative_number_after_a_minus_is_no_comment() {
    check_literal(
        select(User.id - -5),
        expect![[r#"
        -- all
        SELECT users.id - -5 FROM users
    "#]],
    );
}

#[test]
fn truth_values_are_words_or_numbers() {
    check_literal(
        select((literal(true), literal(false))),
        expect![[r#"
        -- sqlite
        SELECT 1, 0
        -- postgresql, mysql, mariadb
        SELECT true, false
    "#]],
    );
}

#[test]
fn bytes_are_hexadecimal() {
    check_literal(
        select(literal(vec![0u8, 39, 92, 255])),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT x'00275cff'
        -- postgresql
        SELECT '\x00275cff'::bytea
    "#]],
    );
}

#[test]
fn dates_and_times_have_their_types() {
    check_literal(
        value(Value::Date(18_262)),
        expect![[r#"
        -- sqlite
        SELECT '2020-01-01'
        -- postgresql, mysql, mariadb
        SELECT DATE '2020-01-01'
    "#]],
    );
    check_literal(
        value(Value::Time(3_723_000_004)),
        expect![[r#"
        -- sqlite
        SELECT '01:02:03.000004'
        -- postgresql, mysql, mariadb
        SELECT TIME '01:02:03.000004'
    "#]],
    );
    check_literal(
        value(Value::DateTime(1_577_836_800_000_000)),
        expect![[r#"
            -- sqlite
            SELECT '2020-01-01 00:00:00'
            -- postgresql, mysql, mariadb
            SELECT TIMESTAMP '2020-01-01 00:00:00'
        "#]],
    );
    check_literal(
        value(Value::Timestamp(1_577_836_800_000_001)),
        expect![[r#"
        -- sqlite
        SELECT '2020-01-01 00:00:00.000001'
        -- postgresql
        SELECT TIMESTAMP WITH TIME ZONE '2020-01-01 00:00:00.000001+00'
        -- mysql, mariadb
        SELECT TIMESTAMP '2020-01-01 00:00:00.000001'
    "#]],
    );
}

#[test]
fn a_year_beyond_9999_has_no_literal_on_servers() {
    check_literal(
        value(Value::Date(10_000_000)),
        expect![[r#"
        -- sqlite
        SELECT '+29349-01-26'
        -- postgresql
        the value +29349-01-26 has no literal on dialect postgresql
        -- mysql
        the value +29349-01-26 has no literal on dialect mysql
        -- mariadb
        the value +29349-01-26 has no literal on dialect mariadb
    "#]],
    );
}

#[test]
fn identifiers_and_documents_have_their_types() {
    check_literal(
        value(Value::Uuid([7; 16])),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT '07070707-0707-0707-0707-070707070707'
        -- postgresql
        SELECT '07070707-0707-0707-0707-070707070707'::uuid
    "#]],
    );
    check_literal(
        value(Value::Json(r#"{"a": "it's"}"#.into())),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT '{"a": "it''s"}'
        -- postgresql
        SELECT '{"a": "it''s"}'::jsonb
    "#]],
    );
}

#[test]
fn decimals_are_digits() {
    check_literal(
        value(Value::Decimal("-12.50".into())),
        expect![[r#"
        -- sqlite
        SELECT '-12.50'
        -- postgresql, mysql, mariadb
        SELECT -12.50
    "#]],
    );
}

#[test]
fn a_decimal_that_is_none_never_becomes_sql() {
    check_literal(
        value(Value::Decimal("1; DROP TABLE users".into())),
        expect![[r#"
        -- sqlite
        SELECT '1; DROP TABLE users'
        -- postgresql
        SELECT '1; DROP TABLE users'::numeric
        -- mysql
        the value "1; DROP TABLE users" has no literal on dialect mysql
        -- mariadb
        the value "1; DROP TABLE users" has no literal on dialect mariadb
    "#]],
    );
}

#[test]
fn arrays_are_for_postgres() {
    check_literal(
        select(literal(vec![1i64, 2])),
        expect![[r#"
            -- sqlite
            an array is not supported on dialect sqlite
            -- postgresql
            SELECT ARRAY[1, 2]::BIGINT[]
            -- mysql
            an array is not supported on dialect mysql
            -- mariadb
            an array is not supported on dialect mariadb
        "#]],
    );
    check_literal(
        select(literal(vec!["it's".to_owned(), "b".to_owned()])),
        expect![[r#"
            -- sqlite
            an array is not supported on dialect sqlite
            -- postgresql
            SELECT ARRAY['it''s', 'b']::TEXT[]
            -- mysql
            an array is not supported on dialect mysql
            -- mariadb
            an array is not supported on dialect mariadb
        "#]],
    );
}

#[test]
fn what_cannot_be_rendered_says_why() {
    check_literal(
        update(User).set(User.age, 1).returning(User.id),
        expect![[r#"
        -- sqlite, postgresql
        UPDATE users SET age = 1 RETURNING id
        -- mysql
        UPDATE … RETURNING is not supported on dialect mysql
        -- mariadb
        UPDATE … RETURNING is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn a_rendered_statement_has_its_values_beside_it() {
    let rendered = select(User.id).filter(User.name.eq("ed")).render(Dialect::Postgres).unwrap();
    assert_eq!(rendered[0].values, [Value::Text("ed".into())]);
    assert_eq!(rendered[0].sql, "SELECT users.id FROM users WHERE users.name = $1");
}
