//! Values of every type, with their extremes: what goes in comes out.

use super::*;

/// Stores the value in a column of this type, and reads it back.
async fn check(connection: &mut Connection, value: Value, column: &str, expected: Cell) {
    connection
        .batch(&format!("DROP TEMPORARY TABLE IF EXISTS v; CREATE TEMPORARY TABLE v (v {column})"))
        .await
        .unwrap();
    for insert in [once("INSERT INTO v VALUES (?)"), kept("INSERT INTO v VALUES (?)")] {
        connection.run(&insert, std::slice::from_ref(&value), |_| ControlFlow::Continue(())).await.unwrap();
    }
    for select in [once("SELECT v FROM v"), kept("SELECT v FROM v")] {
        let found = rows(connection, &select, &[]).await.unwrap();
        assert_eq!(found, [[expected.clone()], [expected.clone()]], "{value:?} in {column}");
    }
}

#[tokio::test]
async fn numbers_keep_their_extremes() {
    let Some(mut c) = connect().await else { return };
    check(&mut c, Value::Bool(true), "BOOLEAN", Cell::Int(1)).await;
    check(&mut c, Value::Bool(false), "TINYINT(1)", Cell::Int(0)).await;
    check(&mut c, Value::Bool(true), "BIGINT", Cell::Int(1)).await;
    check(&mut c, Value::Int16(-128), "TINYINT", Cell::Int(-128)).await;
    check(&mut c, Value::Int16(200), "TINYINT(1) UNSIGNED", Cell::Int(200)).await;
    check(&mut c, Value::Int16(-100), "TINYINT(1)", Cell::Int(-100)).await;
    check(&mut c, Value::Int16(i16::MIN), "SMALLINT", Cell::Int(-32768)).await;
    check(&mut c, Value::Int32(65535), "SMALLINT UNSIGNED", Cell::Int(65535)).await;
    check(&mut c, Value::Int32(-8_388_608), "MEDIUMINT", Cell::Int(-8_388_608)).await;
    check(&mut c, Value::Int32(16_777_215), "MEDIUMINT UNSIGNED", Cell::Int(16_777_215)).await;
    check(&mut c, Value::Int32(i32::MIN), "INT", Cell::Int(i32::MIN.into())).await;
    check(&mut c, Value::Int64(4_294_967_295), "INT UNSIGNED", Cell::Int(4_294_967_295)).await;
    check(&mut c, Value::Int64(i64::MIN), "BIGINT", Cell::Int(i64::MIN)).await;
    check(&mut c, Value::Int64(i64::MAX), "BIGINT UNSIGNED", Cell::Int(i64::MAX)).await;
    let most = "18446744073709551615";
    check(&mut c, Value::Decimal(most.into()), "BIGINT UNSIGNED", Cell::Decimal(most.into())).await;
    check(&mut c, Value::Int16(2155), "YEAR", Cell::Int(2155)).await;
    check(&mut c, Value::Int16(5), "BIT(3)", Cell::Int(5)).await;
    check(&mut c, Value::Decimal(most.into()), "BIT(64)", Cell::Decimal(most.into())).await;
    check(&mut c, Value::Float32(0.1), "FLOAT", Cell::Float32(0.1)).await;
    check(&mut c, Value::Float64(f64::MAX), "DOUBLE", Cell::Float64(f64::MAX)).await;
    check(&mut c, Value::Float64(-0.1), "DOUBLE", Cell::Float64(-0.1)).await;
    assert_eq!(scalar(&mut c, "SELECT ?", &[Value::Bool(true)]).await, Cell::Int(1));
    assert_eq!(scalar(&mut c, "SELECT 1 WHERE ?", &[Value::Bool(true)]).await, Cell::Int(1));
    assert_eq!(
        scalar(&mut c, "SELECT COUNT(*) = 0 FROM v WHERE ? AND v = 1", &[Value::Bool(false)]).await,
        Cell::Int(1)
    );
}

#[tokio::test]
async fn text_and_bytes_keep_everything() {
    let Some(mut c) = connect().await else { return };
    let long = "é".repeat(1 << 19);
    for value in ["", "plain", "\u{1F980} crab", "a\0b", "'quoted' \"text\" \\ `?`", &long] {
        check(&mut c, Value::Text(value.into()), "LONGTEXT", text(value)).await;
        check(&mut c, Value::Text(value.into()), "LONGTEXT COLLATE utf8mb4_bin", text(value)).await;
    }
    for column in [
        "VARCHAR(9)",
        "CHAR(9)",
        "TINYTEXT",
        "MEDIUMTEXT",
        "VARCHAR(9) COLLATE utf8mb4_bin",
        "VARCHAR(9) CHARACTER SET latin1",
    ] {
        check(&mut c, Value::Text("größe".into()), column, text("größe")).await;
    }
    check(&mut c, Value::Text("b".into()), "ENUM('a', 'b')", text("b")).await;
    check(&mut c, Value::Text("a,c".into()), "SET('a', 'b', 'c')", text("a,c")).await;
    let megabyte: Vec<u8> = (0..1 << 20).map(|i| (i % 251) as u8).collect();
    for value in [vec![], vec![0], vec![0xff, 0, 0x80], b"text".to_vec(), megabyte] {
        check(&mut c, Value::Bytes(value.clone()), "LONGBLOB", Cell::Bytes(value)).await;
    }
    for column in ["VARBINARY(9)", "TINYBLOB", "BLOB", "BINARY(2)"] {
        check(&mut c, Value::Bytes(vec![0xff, 1]), column, Cell::Bytes(vec![0xff, 1])).await;
    }
    // The lengths at which the way to write them changes.
    for length in [250, 251, 65_535, 65_536] {
        let value = "x".repeat(length);
        check(&mut c, Value::Text(value.clone()), "LONGTEXT", text(&value)).await;
    }
}

#[tokio::test]
async fn dates_and_times_keep_their_extremes() {
    let Some(mut c) = connect().await else { return };
    // The years 1970, 1969, 2000, 1, 9999.
    for days in [0, -1, 10_957, -719_162, 2_932_896] {
        check(&mut c, Value::Date(days), "DATE", Cell::Date(days)).await;
    }
    for time in [0, 1, 1_000_000, 86_399_999_999] {
        check(&mut c, Value::Time(time), "TIME(6)", Cell::Time(time)).await;
    }
    for value in [0, 1, -1, 1_000_000, micros(-719_162, 0), micros(2_932_896, 86_399_999_999), micros(10_957, 0)] {
        check(&mut c, Value::DateTime(value), "DATETIME(6)", Cell::DateTime(value)).await;
        check(&mut c, Value::Timestamp(value), "DATETIME(6)", Cell::DateTime(value)).await;
    }
    // MySQL's begin a second after 1970 did.
    let first = if c.is_mariadb() { 1 } else { 1_000_000 };
    for value in [first, 2_000_000, micros(10_957, 1), micros(24_855, 11_647_999_999)] {
        check(&mut c, Value::Timestamp(value), "TIMESTAMP(6) NULL", Cell::Timestamp(value)).await;
    }
    assert_eq!(scalar(&mut c, "SELECT CAST('9999-12-31' AS DATE)", &[]).await, Cell::Date(2_932_896));
    assert_eq!(scalar(&mut c, "SELECT @@session.time_zone", &[]).await, text("+00:00"));
    assert_eq!(
        scalar(&mut c, "SELECT ? = TIMESTAMP '2000-01-01 00:00:00'", &[Value::DateTime(micros(10_957, 0))]).await,
        Cell::Int(1)
    );
    assert_eq!(scalar(&mut c, "SELECT ? + INTERVAL 1 DAY", &[Value::Date(0)]).await, Cell::Date(1));
}

#[tokio::test]
async fn what_no_type_of_rust_holds_comes_as_text() {
    let Some(mut c) = connect().await else { return };
    c.batch("SET sql_mode = 'ALLOW_INVALID_DATES'").await.unwrap();
    for (column, value) in [
        ("DATE", "0000-00-00"),
        ("DATE", "2024-00-00"),
        ("DATE", "2023-02-31"),
        ("DATETIME", "0000-00-00 00:00:00"),
        ("TIMESTAMP", "0000-00-00 00:00:00"),
        ("DATETIME(6)", "2024-00-00 01:02:03.000004"),
        ("TIME(6)", "-01:00:00.500000"),
        ("TIME", "838:59:59"),
        ("TIME", "24:00:00"),
    ] {
        check(&mut c, Value::Text(value.into()), column, text(value)).await;
    }
    // One row's oddity is not the next one's.
    c.batch("DROP TEMPORARY TABLE v; CREATE TEMPORARY TABLE v (n INT, d DATE); INSERT INTO v VALUES (1, '0000-00-00'), (2, '2024-00-01'), (3, '1970-01-02')").await.unwrap();
    let found = rows(&mut c, &once("SELECT d FROM v ORDER BY n"), &[]).await.unwrap();
    assert_eq!(found, [[text("0000-00-00")], [text("2024-00-01")], [Cell::Date(1)]]);
}

#[tokio::test]
async fn decimals_are_exact() {
    let Some(mut c) = connect().await else { return };
    for value in ["0.00", "-12.50", "99999999999999999999999999999999.99", "0.01"] {
        check(&mut c, Value::Decimal(value.into()), "DECIMAL(65, 2)", Cell::Decimal(value.into())).await;
    }
    // Sent as text, the two would be compared as floats.
    let close = [Value::Decimal("12345678901234567890.1".into())];
    assert_eq!(
        scalar(&mut c, "SELECT CAST('12345678901234567890.2' AS DECIMAL(30, 1)) = ?", &close).await,
        Cell::Int(0)
    );
}

#[tokio::test]
async fn json_uuids_and_addresses_come_as_such() {
    let Some(mut c) = connect().await else { return };
    let is_mariadb =
        matches!(scalar(&mut c, "SELECT VERSION()", &[]).await, Cell::Text(version) if version.contains("MariaDB"));
    let document = r#"{"a": [1, "é"]}"#;
    let json = if is_mariadb { text(document) } else { Cell::Json(document.into()) };
    check(&mut c, Value::Json(document.into()), "JSON", json).await;
    let uuid = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
    let words = "01020304-0506-0708-090a-0b0c0d0e0f10";
    check(&mut c, Value::Uuid(uuid), "CHAR(36)", text(words)).await;
    check(&mut c, Value::Bytes(uuid.to_vec()), "BINARY(16)", Cell::Bytes(uuid.to_vec())).await;
    if is_mariadb {
        check(&mut c, Value::Uuid(uuid), "UUID", text(words)).await;
        check(&mut c, Value::Uuid([0; 16]), "UUID", text("00000000-0000-0000-0000-000000000000")).await;
        check(&mut c, Value::Uuid([0xff; 16]), "UUID", text("ffffffff-ffff-ffff-ffff-ffffffffffff")).await;
        check(&mut c, Value::Text("::1".into()), "INET6", text("::1")).await;
        check(&mut c, Value::Text("10.0.0.1".into()), "INET4", text("10.0.0.1")).await;
    }
    let Cell::Bytes(_) = scalar(&mut c, "SELECT POINT(1, 2)", &[]).await else { panic!("a point is bytes") };
}

#[tokio::test]
async fn null_of_every_type_is_null() {
    let Some(mut c) = connect().await else { return };
    for (kind, column) in [
        (Kind::Bool, "BOOLEAN"),
        (Kind::Int16, "SMALLINT"),
        (Kind::Int32, "INT"),
        (Kind::Int64, "BIGINT"),
        (Kind::Float32, "FLOAT"),
        (Kind::Float64, "DOUBLE"),
        (Kind::Text, "TEXT"),
        (Kind::Bytes, "BLOB"),
        (Kind::Date, "DATE"),
        (Kind::Time, "TIME"),
        (Kind::DateTime, "DATETIME"),
        (Kind::Timestamp, "TIMESTAMP NULL"),
        (Kind::Uuid, "CHAR(36)"),
        (Kind::Decimal, "DECIMAL(5, 2)"),
        (Kind::Json, "JSON"),
    ] {
        check(&mut c, Value::Null(kind), column, Cell::Null).await;
        assert_eq!(scalar(&mut c, "SELECT ?", &[Value::Null(kind)]).await, Cell::Null);
    }
}

#[tokio::test]
async fn values_that_no_type_takes_are_refused_before_they_are_sent() {
    let Some(mut c) = connect().await else { return };
    for (value, message) in [
        (Value::Decimal("1e5".into()), "parameter 1: `1e5` is not a decimal number in plain notation"),
        (Value::Float64(f64::NAN), "parameter 1: MySQL cannot hold the float NaN"),
        (Value::Float32(f32::INFINITY), "parameter 1: MySQL cannot hold the float inf"),
        (Value::Date(2_932_897), "parameter 1: the date `+10000-01-01` is out of range"),
        (Value::Date(-719_529), "parameter 1: the date `-0001-12-31` is out of range"),
        (Value::Time(86_400_000_000), "parameter 1: 86400000000 microseconds are not a time of day"),
    ] {
        let error = execute(&mut c, "SELECT ?", &[value]).await.unwrap_err();
        assert_eq!((error.kind(), error.message()), (&ErrorKind::Data, message));
        assert!(!c.is_in_flight() && !c.needs_discard());
    }
    assert_eq!(scalar(&mut c, "SELECT 1", &[]).await, Cell::Int(1));
}

/// MySQL gives the parameters of a prepared statement the types of the first values, and makes others into those.
#[tokio::test]
async fn the_same_text_takes_values_of_any_type() {
    let Some(mut c) = connect().await else { return };
    // Where nothing tells its type, a string of bytes is of the connection's encoding to MySQL.
    let bytes = if c.is_mariadb() { Cell::Bytes(vec![b'1'; 8]) } else { text("11111111") };
    let values = [
        (Value::Int64(7), Cell::Int(7), "7"),
        (Value::Text("ABCDEFGH".into()), text("ABCDEFGH"), "ABCDEFGH"),
        (Value::Bytes(vec![b'1'; 8]), bytes, "11111111"),
        (Value::Float64(1.5), Cell::Float64(1.5), "1.5"),
        (Value::Date(1), Cell::Date(1), "1970-01-02"),
        (Value::Time(1), Cell::Time(1), "00:00:00.000001"),
        (Value::DateTime(1), Cell::DateTime(1), "1970-01-01 00:00:00.000001"),
        (Value::Decimal("1.25".into()), Cell::Decimal("1.25".into()), "1.25"),
        (Value::Bool(true), Cell::Int(1), "1"),
        (Value::Int64(i64::MAX), Cell::Int(i64::MAX), "9223372036854775807"),
    ];
    let (plain, joined) = (kept("SELECT ? AS a"), kept("SELECT CAST(CONCAT(?, '') AS CHAR)"));
    for (first, ..) in &values {
        for (value, expected, shown) in &values {
            for statement in [&plain, &once("SELECT ? AS a")] {
                _ = rows(&mut c, statement, std::slice::from_ref(first)).await.unwrap();
                let found = rows(&mut c, statement, std::slice::from_ref(value)).await.unwrap();
                assert_eq!(found, [[expected.clone()]], "{value:?} after {first:?}");
                assert_eq!(rows(&mut c, statement, &[Value::Null(value.kind())]).await.unwrap(), [[Cell::Null]]);
            }
            _ = rows(&mut c, &joined, std::slice::from_ref(first)).await.unwrap();
            let found = rows(&mut c, &joined, std::slice::from_ref(value)).await.unwrap();
            assert_eq!(found, [[text(shown)]], "{value:?} after {first:?}");
        }
    }
    // However a text ends.
    for sql in ["SELECT ?;", "SELECT ? -- what?", "SELECT ? # what?\n", "SELECT ? /* what? */ ; "] {
        for (value, expected, _) in &values {
            assert_eq!(rows(&mut c, &kept(sql), std::slice::from_ref(value)).await.unwrap(), [[expected.clone()]]);
        }
    }
}
