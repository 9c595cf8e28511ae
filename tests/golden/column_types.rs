//! What each type of a column is called by each database.

use expect_test::expect;
use orm::schema::{Column, Table};
use orm::{ColumnType, Dialect};

use crate::support::check_with;

fn declared(column: &Column, dialect: Dialect) -> String {
    let sql = Table::new("t").column(column.clone()).to_sql(dialect);
    let Some((_, line)) = sql.split_once("(\n    ") else { return format!("error: {sql}") };
    let line = line.split_once(" NOT NULL").map_or(line, |(line, _)| line);
    let types = sql.split_once(";\n\n").map_or(String::new(), |(first, _)| format!("   -- {first}"));
    format!("{}{types}", line.trim_start_matches("c "))
}

fn labels() -> ColumnType {
    ColumnType::labels("mood", &["sad", "it's fine"])
}

#[test]
fn every_type_has_a_name_in_every_database() {
    let array = |of: ColumnType| ColumnType::Array(Box::new(of));
    let types = [
        ColumnType::Boolean,
        ColumnType::SmallInteger,
        ColumnType::Integer,
        ColumnType::BigInteger,
        ColumnType::Real,
        ColumnType::Double,
        ColumnType::Float(None),
        ColumnType::Float(Some(30)),
        ColumnType::Numeric(None),
        ColumnType::Numeric(Some((10, 2))),
        ColumnType::String(50),
        ColumnType::Char(5),
        ColumnType::Varchar,
        ColumnType::Text,
        ColumnType::LargeBinary,
        ColumnType::Date,
        ColumnType::Time,
        ColumnType::DateTime,
        ColumnType::Timestamp,
        ColumnType::Interval,
        ColumnType::Inet,
        ColumnType::Cidr,
        ColumnType::domain("amount", ColumnType::Integer),
        ColumnType::Uuid,
        ColumnType::Json,
        labels(),
        labels().as_text(),
        ColumnType::labels("", &["a"]),
        array(ColumnType::Integer),
        array(labels()),
        ColumnType::custom("TSVECTOR"),
        ColumnType::custom(""),
    ];
    let shown = |dialect| {
        let line = |of: &ColumnType| format!("{of}: {}", declared(&Column::new("c", of.clone()), dialect));
        types.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    check_with(
        shown,
        expect![[r#"
        -- sqlite
        boolean: BOOLEAN
        small_integer: SMALLINT
        integer: INTEGER
        big_integer: BIGINT
        real: REAL
        double: DOUBLE
        float: FLOAT
        float(30): FLOAT
        numeric: TEXT
        numeric(10, 2): TEXT
        string(50): VARCHAR(50)
        char(5): CHAR(5)
        varchar: VARCHAR
        text: TEXT
        large_binary: BLOB
        date: DATE
        time: TIME
        date_time: DATETIME
        timestamp: DATETIME
        interval: BIGINT
        inet: VARCHAR(45)
        cidr: VARCHAR(45)
        amount (integer): INTEGER
        uuid: CHAR(36)
        json: TEXT
        enum(sad, it's fine): VARCHAR(9)
        enum(sad, it's fine): VARCHAR(9)
        enum(a): VARCHAR(1)
        integer[]: error: column `t.c` cannot be declared: arrays are not supported on dialect sqlite
        enum(sad, it's fine)[]: error: column `t.c` cannot be declared: arrays are not supported on dialect sqlite
        TSVECTOR: TSVECTOR
        : 
        -- postgresql
        boolean: BOOLEAN
        small_integer: SMALLINT
        integer: INTEGER
        big_integer: BIGINT
        real: REAL
        double: DOUBLE PRECISION
        float: FLOAT
        float(30): FLOAT(30)
        numeric: NUMERIC
        numeric(10, 2): NUMERIC(10, 2)
        string(50): VARCHAR(50)
        char(5): CHAR(5)
        varchar: VARCHAR
        text: TEXT
        large_binary: BYTEA
        date: DATE
        time: TIME WITHOUT TIME ZONE
        date_time: TIMESTAMP WITHOUT TIME ZONE
        timestamp: TIMESTAMP WITH TIME ZONE
        interval: INTERVAL
        inet: INET
        cidr: CIDR
        amount (integer): amount
        uuid: UUID
        json: JSONB
        enum(sad, it's fine): mood   -- CREATE TYPE mood AS ENUM ('sad', 'it''s fine')
        enum(sad, it's fine): VARCHAR(9)
        enum(a): error: column `t.c` cannot be declared: a type of labels of PostgreSQL needs a name
        integer[]: INTEGER[]
        enum(sad, it's fine)[]: mood[]   -- CREATE TYPE mood AS ENUM ('sad', 'it''s fine')
        TSVECTOR: TSVECTOR
        : error: column `t.c` cannot be declared: it has no type
        hint: give it a type other than an empty `ColumnType::Custom`
        -- mysql
        boolean: BOOL
        small_integer: SMALLINT
        integer: INTEGER
        big_integer: BIGINT
        real: FLOAT
        double: DOUBLE
        float: FLOAT
        float(30): FLOAT(30)
        numeric: error: column `t.c` cannot be declared: a decimal number needs `precision = …` and `scale = …` on dialect mysql
        numeric(10, 2): NUMERIC(10, 2)
        string(50): VARCHAR(50)
        char(5): CHAR(5)
        varchar: error: column `t.c` cannot be declared: VARCHAR requires a length on dialect mysql
        hint: add `length = …` to the field's `#[orm(…)]`
        text: TEXT
        large_binary: LONGBLOB
        date: DATE
        time: TIME(6)
        date_time: DATETIME(6)
        timestamp: DATETIME(6)
        interval: BIGINT
        inet: VARCHAR(45)
        cidr: VARCHAR(45)
        amount (integer): INTEGER
        uuid: CHAR(36)
        json: JSON
        enum(sad, it's fine): ENUM('sad', 'it''s fine')
        enum(sad, it's fine): VARCHAR(9)
        enum(a): ENUM('a')
        integer[]: error: column `t.c` cannot be declared: arrays are not supported on dialect mysql
        enum(sad, it's fine)[]: error: column `t.c` cannot be declared: arrays are not supported on dialect mysql
        TSVECTOR: TSVECTOR
        : error: column `t.c` cannot be declared: it has no type
        hint: give it a type other than an empty `ColumnType::Custom`
        -- mariadb
        boolean: BOOL
        small_integer: SMALLINT
        integer: INTEGER
        big_integer: BIGINT
        real: FLOAT
        double: DOUBLE
        float: FLOAT
        float(30): FLOAT(30)
        numeric: error: column `t.c` cannot be declared: a decimal number needs `precision = …` and `scale = …` on dialect mariadb
        numeric(10, 2): NUMERIC(10, 2)
        string(50): VARCHAR(50)
        char(5): CHAR(5)
        varchar: error: column `t.c` cannot be declared: VARCHAR requires a length on dialect mariadb
        hint: add `length = …` to the field's `#[orm(…)]`
        text: TEXT
        large_binary: LONGBLOB
        date: DATE
        time: TIME(6)
        date_time: DATETIME(6)
        timestamp: DATETIME(6)
        interval: BIGINT
        inet: VARCHAR(45)
        cidr: VARCHAR(45)
        amount (integer): INTEGER
        uuid: UUID
        json: JSON
        enum(sad, it's fine): ENUM('sad', 'it''s fine')
        enum(sad, it's fine): VARCHAR(9)
        enum(a): ENUM('a')
        integer[]: error: column `t.c` cannot be declared: arrays are not supported on dialect mariadb
        enum(sad, it's fine)[]: error: column `t.c` cannot be declared: arrays are not supported on dialect mariadb
        TSVECTOR: TSVECTOR
        : error: column `t.c` cannot be declared: it has no type
        hint: give it a type other than an empty `ColumnType::Custom`
    "#]],
    );
}

#[test]
fn generated_and_sized_columns_have_types_of_their_own() {
    let id = |of: ColumnType| Column::new("c", of).generated();
    let columns = [
        id(ColumnType::SmallInteger),
        id(ColumnType::Integer),
        id(ColumnType::BigInteger),
        Column { length: Some(16), ..Column::new("c", ColumnType::LargeBinary) },
    ];
    let shown = |dialect| {
        let line = |column: &Column| {
            let sql = Table::new("t").column(column.clone()).primary_key(["c"]).to_sql(dialect);
            sql.lines().nth(1).unwrap_or_default().trim().to_owned()
        };
        columns.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    check_with(
        shown,
        expect![[r#"
        -- sqlite
        c INTEGER NOT NULL,
        c INTEGER NOT NULL,
        c INTEGER NOT NULL,
        c BLOB NOT NULL,
        -- postgresql
        c SMALLSERIAL NOT NULL,
        c SERIAL NOT NULL,
        c BIGSERIAL NOT NULL,
        c BYTEA NOT NULL,
        -- mysql, mariadb
        c SMALLINT NOT NULL AUTO_INCREMENT,
        c INTEGER NOT NULL AUTO_INCREMENT,
        c BIGINT NOT NULL AUTO_INCREMENT,
        c VARBINARY(16) NOT NULL,
    "#]],
    );
}
