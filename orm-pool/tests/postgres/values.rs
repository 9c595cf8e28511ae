//! Values of every type, with their extremes: what goes in comes out.

use super::*;

/// Binds the value where the statement, kept or not, knows its type by it alone; and reads it back.
async fn check(connection: &mut Connection, value: Value, type_name: &str, expected: Cell) {
    for sql in ["SELECT pg_typeof($1)::text, $1", "SELECT pg_typeof($1)::text, $1 AS again"] {
        let statement = if sql.ends_with("again") { kept(sql) } else { once(sql) };
        let found = rows(connection, &statement, std::slice::from_ref(&value)).await.unwrap();
        assert_eq!(found, [[text(type_name), expected.clone()]], "{value:?}");
    }
}

#[tokio::test]
async fn numbers_keep_their_extremes() {
    let Some(mut c) = connect().await else { return };
    check(&mut c, Value::Bool(true), "boolean", Cell::Bool(true)).await;
    check(&mut c, Value::Bool(false), "boolean", Cell::Bool(false)).await;
    check(&mut c, Value::Int16(i16::MIN), "smallint", Cell::Int(-32768)).await;
    check(&mut c, Value::Int32(i32::MAX), "integer", Cell::Int(2_147_483_647)).await;
    check(&mut c, Value::Int64(i64::MIN), "bigint", Cell::Int(i64::MIN)).await;
    check(&mut c, Value::Int64(i64::MAX), "bigint", Cell::Int(i64::MAX)).await;
    check(&mut c, Value::Float32(0.1), "real", Cell::Float32(0.1)).await;
    check(&mut c, Value::Float32(f32::MAX), "real", Cell::Float32(f32::MAX)).await;
    check(&mut c, Value::Float64(f64::MIN_POSITIVE), "double precision", Cell::Float64(f64::MIN_POSITIVE)).await;
    check(&mut c, Value::Float64(f64::INFINITY), "double precision", Cell::Float64(f64::INFINITY)).await;
    check(&mut c, Value::Float64(f64::NEG_INFINITY), "double precision", Cell::Float64(f64::NEG_INFINITY)).await;
    let nan = scalar(&mut c, "SELECT $1", &[Value::Float64(f64::NAN)]).await;
    assert!(matches!(nan, Cell::Float64(value) if value.is_nan()));
    assert_eq!(scalar(&mut c, "SELECT 4294967295::oid", &[]).await, Cell::Int(4_294_967_295));
    assert_eq!(scalar(&mut c, "SELECT '12.34'::money", &[]).await, Cell::Bytes(1234_i64.to_be_bytes().to_vec()));
}

#[tokio::test]
async fn text_and_bytes_keep_everything() {
    let Some(mut c) = connect().await else { return };
    let long = "é".repeat(1 << 19);
    for value in ["", "plain", "\u{1F980} crab", "'quoted' \"text\" \\ $1", &long] {
        check(&mut c, Value::Text(value.into()), "text", text(value)).await;
    }
    let megabyte: Vec<u8> = (0..1 << 20).map(|i| (i % 251) as u8).collect();
    for value in [vec![], vec![0], vec![0xff, 0, 0x80], b"text".to_vec(), megabyte] {
        check(&mut c, Value::Bytes(value.clone()), "bytea", Cell::Bytes(value)).await;
    }
    // PostgreSQL's text has no such character.
    let error = execute(&mut c, "SELECT $1", &[Value::Text("a\0b".into())]).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Database { code, .. } if code == "22021"), "{error:?}");
    for sql in ["SELECT 'a'::varchar(3)", "SELECT 'a'::name", "SELECT 'a'::\"char\"", "SELECT 'a'"] {
        assert_eq!(scalar(&mut c, sql, &[]).await, text("a"), "{sql}");
    }
    assert_eq!(scalar(&mut c, "SELECT 'a'::char(3)", &[]).await, text("a  "));
    assert_eq!(scalar(&mut c, "SELECT '<a/>'::xml", &[]).await, text("<a/>"));
}

#[tokio::test]
async fn dates_and_times_keep_their_extremes() {
    let Some(mut c) = connect().await else { return };
    // The years 1, 1969, 2000 and 9999, and the ends of PostgreSQL's range.
    for days in [0, -1, 10_957, -719_162, 2_932_896, -719_163] {
        check(&mut c, Value::Date(days), "date", Cell::Date(days)).await;
    }
    for time in [0, 1, 86_399_999_999] {
        check(&mut c, Value::Time(time), "time without time zone", Cell::Time(time)).await;
    }
    for value in [0, 1, -1, micros(-719_162, 0), micros(2_932_896, 86_399_999_999), micros(10_957, 0)] {
        check(&mut c, Value::DateTime(value), "timestamp without time zone", Cell::DateTime(value)).await;
        check(&mut c, Value::Timestamp(value), "timestamp with time zone", Cell::Timestamp(value)).await;
    }
    assert_eq!(scalar(&mut c, "SELECT '9999-12-31'::date", &[]).await, Cell::Date(2_932_896));
    assert_eq!(scalar(&mut c, "SELECT '0001-01-01'::date", &[]).await, Cell::Date(-719_162));
    assert_eq!(
        scalar(&mut c, "SELECT '2000-01-01 01:00:00.000001+01'::timestamptz", &[]).await,
        Cell::Timestamp(micros(10_957, 1))
    );
    assert_eq!(scalar(&mut c, "SELECT current_setting('TimeZone')", &[]).await, text("UTC"));
    assert_eq!(scalar(&mut c, "SELECT '5874897-12-31'::date", &[]).await, Cell::Date(2_145_042_905));
}

#[tokio::test]
async fn what_no_type_of_rust_holds_comes_as_text() {
    let Some(mut c) = connect().await else { return };
    for (sql, expected) in [
        ("SELECT 'infinity'::date", "infinity"),
        ("SELECT '-infinity'::date", "-infinity"),
        ("SELECT 'infinity'::timestamp", "infinity"),
        ("SELECT '-infinity'::timestamptz", "-infinity"),
        ("SELECT '24:00'::time", "24:00:00"),
        ("SELECT 'NaN'::numeric", "NaN"),
        ("SELECT '-Infinity'::numeric", "-Infinity"),
        ("SELECT '294276-12-31'::timestamp", "beyond the year 294246"),
        ("SELECT '1 year 2 mons 3 days 04:05:06.7'::interval", "1 year 2 mons 3 days 04:05:06.7"),
        ("SELECT '-1 mons -00:00:01'::interval", "-1 mons -00:00:01"),
        ("SELECT '12:00:00.5+05:30'::timetz", "12:00:00.5+05:30"),
        ("SELECT '12:00:00-08'::timetz", "12:00:00-08"),
        ("SELECT '192.168.0.1'::inet", "192.168.0.1"),
        ("SELECT '10.0.0.0/8'::cidr", "10.0.0.0/8"),
        ("SELECT '::1/64'::inet", "::1/64"),
        ("SELECT '08:00:2b:01:02:03'::macaddr", "08:00:2b:01:02:03"),
        ("SELECT B'1010000011'", "1010000011"),
        ("SELECT '$.a'::jsonpath", "$.\"a\""),
        ("SELECT '{1,NULL,-3}'::int[]", "{1,NULL,-3}"),
        ("SELECT '{{1.5,2},{3,NaN}}'::float8[]", "{{1.5,2},{3,NaN}}"),
        ("SELECT ARRAY['a', 'b c', '', 'NULL', 'd\"\\', '{}']", "{a,\"b c\",\"\",\"NULL\",\"d\\\"\\\\\",\"{}\"}"),
        ("SELECT ARRAY[1.50, 2]", "{1.50,2}"),
        ("SELECT ARRAY['2024-01-02 03:04:05'::timestamp]", "{\"2024-01-02 03:04:05\"}"),
        ("SELECT ARRAY[true, false]", "{t,f}"),
        ("SELECT '{}'::text[]", "{}"),
        ("SELECT int4range(1, 5)", "[1,5)"),
        ("SELECT 'empty'::numrange", "empty"),
    ] {
        let found = scalar(&mut c, sql, &[]).await;
        assert_eq!(found, text(expected), "{sql}");
        // What PostgreSQL itself shows.
        let shown = scalar(&mut c, &format!("SELECT format('%s', {})", &sql[7..]), &[]).await;
        if !sql.contains("294276") {
            assert_eq!(found, shown, "{sql}");
        }
    }
    // Types with bytes that mean something else than text.
    for sql in ["SELECT point(1, 2)", "SELECT ROW(1, 'a')", "SELECT 'a'::tsvector"] {
        assert!(matches!(scalar(&mut c, sql, &[]).await, Cell::Bytes(_)), "{sql}");
    }
}

#[tokio::test]
async fn decimals_are_exact() {
    let Some(mut c) = connect().await else { return };
    let long = format!("-{}.{}", "123456789".repeat(20), "000100020003".repeat(20));
    for value in ["0", "0.00", "-12.50", "10000", "0.00001", "99999999.9999", "1000000000000", &long] {
        check(&mut c, Value::Decimal(value.into()), "numeric", Cell::Decimal(value.into())).await;
        let shown = scalar(&mut c, "SELECT $1::text", &[Value::Decimal(value.into())]).await;
        assert_eq!(shown, text(value));
    }
    assert_eq!(scalar(&mut c, "SELECT $1", &[Value::Decimal("NaN".into())]).await, text("NaN"));
    let two =
        rows(&mut c, &once("SELECT 1.5, NULL::numeric, 2.25 UNION ALL SELECT 3.125, 4.0, NULL"), &[]).await.unwrap();
    let decimal = |value: &str| Cell::Decimal(value.into());
    assert_eq!(two, [[decimal("1.5"), Cell::Null, decimal("2.25")], [decimal("3.125"), decimal("4.0"), Cell::Null]]);
}

#[tokio::test]
async fn json_and_uuids_come_as_such() {
    let Some(mut c) = connect().await else { return };
    let document = r#"{"b": [1, "\u00e9"], "a": null}"#;
    check(&mut c, Value::Json(document.into()), "json", Cell::Json(document.into())).await;
    c.batch("CREATE TEMPORARY TABLE j (plain json, binary_ jsonb)").await.unwrap();
    let both = [Value::Json(document.into()), Value::Json(document.into())];
    execute(&mut c, "INSERT INTO j VALUES ($1, $2)", &both).await.unwrap();
    let found = rows(&mut c, &once("SELECT plain, binary_ FROM j"), &[]).await.unwrap();
    assert_eq!(found, [[Cell::Json(document.into()), Cell::Json(r#"{"a": null, "b": [1, "é"]}"#.into())]]);
    for uuid in [[0; 16], [0xff; 16], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]] {
        check(&mut c, Value::Uuid(uuid), "uuid", Cell::Uuid(uuid)).await;
    }
}

#[tokio::test]
async fn null_of_every_type_is_null() {
    let Some(mut c) = connect().await else { return };
    for (kind, name) in [
        (Kind::Bool, "boolean"),
        (Kind::Int16, "smallint"),
        (Kind::Int32, "integer"),
        (Kind::Int64, "bigint"),
        (Kind::Float32, "real"),
        (Kind::Float64, "double precision"),
        (Kind::Text, "text"),
        (Kind::Bytes, "bytea"),
        (Kind::Date, "date"),
        (Kind::Time, "time without time zone"),
        (Kind::DateTime, "timestamp without time zone"),
        (Kind::Timestamp, "timestamp with time zone"),
        (Kind::Uuid, "uuid"),
        (Kind::Decimal, "numeric"),
        (Kind::Json, "json"),
    ] {
        check(&mut c, Value::Null(kind), name, Cell::Null).await;
    }
}

#[tokio::test]
async fn types_of_the_users_own_come_as_what_they_are_made_of() {
    let Some(mut c) = connect().await else { return };
    let definitions = "CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE DOMAIN age AS int CHECK (VALUE > 0);
         CREATE TYPE pair AS (a int, b text); CREATE TABLE t (m mood, a age, ms mood[], p pair)";
    let schema = Schema::new(&mut c, definitions).await;
    let values = [Value::Text("happy".into()), Value::Int32(7), Value::Text("{sad,happy}".into())];
    execute(&mut c, "INSERT INTO t VALUES ($1::mood, $2, $3::mood[], ROW(1, 'x'))", &values).await.unwrap();
    for statement in [once("SELECT m, a, ms, p IS NULL FROM t"), kept("SELECT m, a, ms, p IS NULL FROM t")] {
        let found = rows(&mut c, &statement, &[]).await.unwrap();
        assert_eq!(found, [[text("happy"), Cell::Int(7), text("{sad,happy}"), Cell::Bool(false)]]);
    }
    schema.drop(c).await;
}

#[tokio::test]
async fn values_that_no_type_takes_are_refused_before_they_are_sent() {
    let Some(mut c) = connect().await else { return };
    for (value, message) in [
        (Value::Decimal("1e5".into()), "parameter $1: `1e5` is not a decimal number in plain notation"),
        (Value::Date(i32::MIN), "parameter $1: the date `-5877641-06-23` is out of range"),
        (Value::Time(-1), "parameter $1: -1 microseconds are not a time of day"),
        (Value::Timestamp(i64::MIN), "parameter $1: the time `-290308-12-21 19:59:05.224192` is out of range"),
    ] {
        let error = execute(&mut c, "SELECT $1", &[value]).await.unwrap_err();
        assert_eq!((error.kind(), error.message()), (&ErrorKind::Data, message));
        assert!(!c.is_in_flight() && !c.needs_discard());
    }
    let many = vec![Value::Int16(1); 65_536];
    let error = execute(&mut c, "SELECT $65536", &many).await.unwrap_err();
    assert_eq!(
        error.message(),
        "a statement of PostgreSQL takes at most 65535 parameters, not 65536\n\
         hint: split the list, or insert the values into a table and join it"
    );
    assert_eq!(scalar(&mut c, "SELECT 1", &[]).await, Cell::Int(1));
}

#[tokio::test]
async fn results_in_text_say_the_same() {
    let plain = options();
    let Some(mut binary) = connect_with(&plain).await else { return };
    let Some(mut c) = connect_with(&Options { transaction_pooler: true, ..plain }).await else { return };
    for sql in [
        "SELECT true, false, NULL::bool, 1::int2, -2::int4, 3::int8, 4::oid",
        "SELECT 1.5::float4, 'Infinity'::float8, 1e300::float8, 0.1::float8, -1.50::numeric, 'NaN'::numeric",
        "SELECT 'a'::text, ''::varchar, 'a'::bpchar, '\\x00ff61'::bytea, ''::bytea",
        "SELECT '2024-02-29'::date, 'infinity'::date, '23:59:59.25'::time, '24:00'::time",
        "SELECT '0001-01-01 00:00:00.5'::timestamp, '9999-12-31 23:59:59.999999+00'::timestamptz, '-infinity'::timestamp",
        "SELECT '00010203-0405-0607-0809-0a0b0c0d0e0f'::uuid, '{\"a\": 1}'::json, '[1]'::jsonb, '1 day'::interval",
        "SELECT '{1,2}'::int[], ARRAY['a b'], '10.0.0.0/8'::inet, 'a'::name",
    ] {
        let expected = rows(&mut binary, &once(sql), &[]).await.unwrap();
        assert_eq!(rows(&mut c, &once(sql), &[]).await.unwrap(), expected, "{sql}");
    }
    // Several results in one text, with other columns each.
    let found = rows(&mut c, &once("SELECT 1; SELECT 'a', true"), &[]).await.unwrap();
    assert_eq!(found, [vec![Cell::Int(1)], vec![text("a"), Cell::Bool(true)]]);
}
