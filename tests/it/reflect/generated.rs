//! Tables that nobody has thought of come back as they were created.

use orm::prelude::*;
use orm::schema::{Column, ForeignKey, Index, IndexColumn, ReferentialAction, Table};
use orm::{ColumnType, Dialect};
use proptest::prelude::*;
use proptest::sample::{Index as Pick, select as one_of};
use proptest::test_runner::{Config, TestRunner};

use super::{comes_back, types};
use crate::support::dialect;

/// A column without its name.
fn column() -> impl Strategy<Value = Column> {
    let types: Vec<ColumnType> = types().into_iter().map(|(_, column_type)| column_type).collect();
    (one_of(types), any::<bool>(), any::<bool>()).prop_map(|(column_type, is_nullable, has_default)| {
        let default = match &column_type {
            ColumnType::Integer | ColumnType::BigInteger | ColumnType::SmallInteger => Some("-3"),
            ColumnType::String(_) => Some("'it''s ( a ''default'''"),
            ColumnType::Boolean => Some("false"),
            ColumnType::Numeric(Some(_)) => Some("12.50"),
            ColumnType::DateTime => Some("CURRENT_TIMESTAMP"),
            _ => None,
        };
        let column = Column::new("", column_type);
        let column = if is_nullable { column.nullable() } else { column };
        match default.filter(|_| has_default) {
            Some(default) => column.server_default(default),
            None => column,
        }
    })
}

/// What is not the name of every day.
const NAMES: &[&str] =
    &["a", "order", "Mixed", "with space", "größe", "x1", "quo\"te", "back`tick", "pa(ren", "se;mi", "com,ma", "it's"];

#[derive(Clone, Debug)]
struct Shape {
    columns: Vec<Column>,
    key: Key,
    uniques: Vec<Vec<Pick>>,
    indexes: Vec<(Vec<Pick>, bool, bool)>,
    references: Vec<(Pick, Option<ReferentialAction>)>,
    check: Option<Pick>,
    is_odd: bool,
}

#[derive(Clone, Copy, Debug)]
enum Key {
    None,
    Generated,
    Given,
    Pair,
}

fn shape() -> impl Strategy<Value = Shape> {
    let some = |most: usize| prop::collection::vec(any::<Pick>(), 1..=most);
    let actions = vec![
        None,
        Some(ReferentialAction::Cascade),
        Some(ReferentialAction::SetNull),
        Some(ReferentialAction::NoAction),
    ];
    (
        prop::collection::vec(column(), 0..7),
        one_of(vec![Key::None, Key::Generated, Key::Given, Key::Pair]),
        prop::collection::vec(some(2), 0..3),
        prop::collection::vec((some(3), any::<bool>(), any::<bool>()), 0..3),
        prop::collection::vec((any::<Pick>(), one_of(actions)), 0..3),
        prop::option::of(any::<Pick>()),
        any::<bool>(),
    )
        .prop_map(|(columns, key, uniques, indexes, references, check, is_odd)| Shape {
            columns,
            key,
            uniques,
            indexes,
            references,
            check,
            is_odd,
        })
}

/// Returns whether every database can have it in a key.
fn can_be_indexed(column: &Column) -> bool {
    matches!(
        column.column_type,
        ColumnType::Integer
            | ColumnType::BigInteger
            | ColumnType::SmallInteger
            | ColumnType::String(_)
            | ColumnType::Date
    )
}

/// Makes tables of shapes; the later ones may refer to those before and to themselves.
fn metadata(shapes: &[Shape]) -> MetaData {
    let mut tables: Vec<Table> = Vec::new();
    for (number, shape) in shapes.iter().enumerate() {
        let name = |text: &str, at: usize| {
            if shape.is_odd {
                format!("{} {text}{at}", NAMES[(number * 5 + at) % NAMES.len()])
            } else {
                format!("{text}{at}")
            }
        };
        let mut table = Table::new(name("table", number));
        let id = |name: &str| Column::new(name, ColumnType::BigInteger);
        table = match shape.key {
            Key::None => table,
            Key::Generated => table.column(id("id").generated()).primary_key(["id"]),
            Key::Given => table.column(id("id")).primary_key(["id"]),
            Key::Pair => {
                table.column(id("one")).column(Column::new("Two", ColumnType::String(9))).primary_key(["Two", "one"])
            }
        };
        for (at, column) in shape.columns.iter().enumerate() {
            table = table.column(Column { name: name("column", at), ..column.clone() });
        }
        for (at, (target, action)) in shape.references.iter().enumerate() {
            let mut targets: Vec<String> = tables
                .iter()
                .filter(|table| table.primary_key.columns == ["id"])
                .map(|table| table.name.clone())
                .collect();
            targets.extend((table.primary_key.columns == ["id"]).then(|| table.name.clone()));
            if targets.is_empty() {
                continue;
            }
            let column = name("reference", at);
            table = table.column(id(&column).nullable());
            let key = ForeignKey::new([column], targets[target.index(targets.len())].clone(), ["id"]);
            table = table.foreign_key(ForeignKey { on_delete: *action, ..key });
        }
        let indexable: Vec<String> =
            table.columns.iter().filter(|column| can_be_indexed(column)).map(|column| column.name.clone()).collect();
        if indexable.is_empty() {
            tables.push(if table.columns.is_empty() { table.column(id("only")) } else { table });
            continue;
        }
        let pick = |picks: &[Pick]| {
            let mut columns: Vec<String> =
                picks.iter().map(|pick| indexable[pick.index(indexable.len())].clone()).collect();
            columns.sort();
            columns.dedup();
            columns
        };
        for unique in &shape.uniques {
            let unique = orm::schema::UniqueConstraint::new(pick(unique));
            if !table.uniques.contains(&unique) && table.primary_key.columns != unique.columns {
                table = table.unique(unique);
            }
        }
        for (position, (columns, is_unique, is_descending)) in shape.indexes.iter().enumerate() {
            // MariaDB 10.11 knows no descending index before 10.8, and takes the word.
            let column = |column: String| IndexColumn { is_descending: *is_descending, ..IndexColumn::column(column) };
            let index = Index::new(pick(columns).into_iter().map(column)).name(format!("index_{number}_{position}"));
            table = table.index(Index { is_unique: *is_unique, ..index });
        }
        if let Some(check) = &shape.check {
            let number = table
                .columns
                .iter()
                .filter(|column| column.column_type == ColumnType::BigInteger && !column.is_generated);
            let numbers: Vec<String> = number.map(|column| column.name.clone()).collect();
            // SQLite and PostgreSQL quote alike.
            let quote = if matches!(dialect(), Dialect::Sqlite | Dialect::Postgres) { '"' } else { '`' };
            // MySQL takes no check on the column of a foreign key that changes it.
            if !numbers.is_empty() && shape.references.is_empty() {
                let column = &numbers[check.index(numbers.len())];
                let column = column.replace(quote, &format!("{quote}{quote}"));
                table = table.check(format!("{quote}{column}{quote} > 7").as_str());
            }
        }
        tables.push(table);
    }
    tables.into_iter().fold(MetaData::new(), MetaData::table)
}

#[test]
fn generated_tables_come_back() {
    let cases = if dialect() == Dialect::Sqlite { 200 } else { 24 };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&prop::collection::vec(shape(), 1..4), |shapes| {
        runtime.block_on(comes_back(&metadata(&shapes)));
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}
