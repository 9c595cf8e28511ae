//! Values of every type, with their extremes: what goes in comes out, and how it is stored.

use super::*;

/// Binds the value, checks how SQLite stores it, and reads it back.
async fn check(value: Value, stored_as: &str, expected: Cell) {
    let mut connection = memory().await;
    execute(&mut connection, "CREATE TABLE t (v)", &[]).await.unwrap();
    execute(&mut connection, "INSERT INTO t VALUES (?)", std::slice::from_ref(&value)).await.unwrap();
    let found = rows(&mut connection, &once("SELECT typeof(v), v FROM t"), &[]).await.unwrap();
    assert_eq!(found, [[text(stored_as), expected]], "{value:?}");
}

#[tokio::test]
async fn integers_keep_their_extremes() {
    check(Value::Int16(i16::MIN), "integer", Cell::Int(-32768)).await;
    check(Value::Int32(i32::MAX), "integer", Cell::Int(2_147_483_647)).await;
    check(Value::Int64(i64::MIN), "integer", Cell::Int(i64::MIN)).await;
    check(Value::Int64(i64::MAX), "integer", Cell::Int(i64::MAX)).await;
    check(Value::Int64(0), "integer", Cell::Int(0)).await;
    check(Value::Bool(true), "integer", Cell::Int(1)).await;
    check(Value::Bool(false), "integer", Cell::Int(0)).await;
}

#[tokio::test]
async fn floats_keep_their_extremes_and_nan_becomes_null() {
    check(Value::Float32(0.5), "real", Cell::Float(0.5)).await;
    check(Value::Float32(f32::MAX), "real", Cell::Float(f64::from(f32::MAX))).await;
    check(Value::Float64(f64::MIN_POSITIVE), "real", Cell::Float(f64::MIN_POSITIVE)).await;
    check(Value::Float64(f64::MAX), "real", Cell::Float(f64::MAX)).await;
    check(Value::Float64(f64::INFINITY), "real", Cell::Float(f64::INFINITY)).await;
    check(Value::Float64(f64::NEG_INFINITY), "real", Cell::Float(f64::NEG_INFINITY)).await;
    check(Value::Float64(-0.0), "real", Cell::Float(0.0)).await;
    check(Value::Float64(f64::NAN), "null", Cell::Null).await;
}

#[tokio::test]
async fn text_keeps_every_character() {
    let long = "é".repeat(1 << 19);
    for value in ["", "plain", "\u{1F980} crab", "a\0b\0", "'quoted' \"text\" `here`", &long] {
        check(Value::Text(value.into()), "text", text(value)).await;
    }
}

#[tokio::test]
async fn bytes_keep_every_byte() {
    let megabyte: Vec<u8> = (0..1 << 20).map(|i| (i % 251) as u8).collect();
    for value in [vec![], vec![0], vec![0xff, 0, 0x80], megabyte] {
        check(Value::Bytes(value.clone()), "blob", Cell::Bytes(value)).await;
    }
}

#[tokio::test]
async fn what_sqlite_has_no_type_for_is_stored_as_text() {
    check(Value::Date(0), "text", text("1970-01-01")).await;
    check(Value::Date(-1), "text", text("1969-12-31")).await;
    check(Value::Date(i32::MIN), "text", text(&orm_pool::text::date(i32::MIN))).await;
    check(Value::Time(0), "text", text("00:00:00")).await;
    check(Value::Time(86_399_999_999), "text", text("23:59:59.999999")).await;
    check(Value::DateTime(1), "text", text("1970-01-01 00:00:00.000001")).await;
    check(Value::Timestamp(-1), "text", text("1969-12-31 23:59:59.999999")).await;
    check(Value::Uuid([0xab; 16]), "text", text("abababab-abab-abab-abab-abababababab")).await;
    check(Value::Decimal("-12.50".into()), "text", text("-12.50")).await;
    check(Value::Json(r#"{"a":[1]}"#.into()), "text", text(r#"{"a":[1]}"#)).await;
}

#[tokio::test]
async fn null_of_every_type_is_null() {
    for kind in [Kind::Bool, Kind::Int64, Kind::Float64, Kind::Text, Kind::Bytes, Kind::Timestamp, Kind::Json] {
        check(Value::Null(kind), "null", Cell::Null).await;
    }
}

#[tokio::test]
async fn text_that_is_not_utf8_comes_as_bytes() {
    let mut connection = memory().await;
    assert_eq!(
        scalar(&mut connection, "SELECT CAST(x'61ff62' AS TEXT)", &[]).await,
        Cell::Bytes(vec![0x61, 0xff, 0x62])
    );
    assert_eq!(scalar(&mut connection, "SELECT CAST(x'6100' AS TEXT)", &[]).await, text("a\0"));
}

#[tokio::test]
async fn a_database_in_utf16_gives_utf8() {
    let options = Options { pragmas: vec![("encoding".into(), "UTF-16le".into())], ..Options::memory() };
    let mut connection = Connection::open(&options).await.unwrap();
    execute(&mut connection, "CREATE TABLE t (v)", &[]).await.unwrap();
    execute(&mut connection, "INSERT INTO t VALUES (?)", &[Value::Text("crab \u{1F980}".into())]).await.unwrap();
    let twice = |row: orm_pool::driver::Row<'_>| {
        let (first, second) = (row.value(0), row.value(0));
        assert_eq!((first, second), (ValueRef::Text("crab \u{1F980}"), ValueRef::Text("crab \u{1F980}")));
        ControlFlow::Continue(())
    };
    connection.run(&once("SELECT v FROM t"), &[], twice).await.unwrap();
    assert_eq!(scalar(&mut connection, "PRAGMA encoding", &[]).await, text("UTF-16le"));
}

#[tokio::test]
async fn values_of_one_run_do_not_leak_into_the_next() {
    let mut connection = memory().await;
    let statement = Statement { sql: "SELECT ?1, ?2".into(), id: 7 };
    for round in 0..50 {
        let values = [Value::Text(format!("first {round}")), Value::Bytes(vec![round; 40])];
        let found = rows(&mut connection, &statement, &values).await.unwrap();
        drop(values);
        assert_eq!(found, [[text(&format!("first {round}")), Cell::Bytes(vec![round; 40])]]);
    }
    assert_eq!(rows(&mut connection, &statement, &[NULL, NULL]).await.unwrap(), [[Cell::Null, Cell::Null]]);
}
