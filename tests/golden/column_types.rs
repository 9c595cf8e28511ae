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
    check_with(shown, expect![[""]]);
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
    check_with(shown, expect![[""]]);
}
