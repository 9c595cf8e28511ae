//! Definitions become tables, and tables become DDL; no database is asked.

use orm_pool::{Kind, Value, ValueRef};

use super::{Identity, MetaData, Table};
use crate::dialect::Dialect;
use crate::error::ErrorKind;
use crate::mapper::{
    Alias, CheckDefinition, Column, ColumnExtras, ColumnReference, Decoded, Definition, Entity, ForeignKeyColumn,
    ForeignKeyGroup, IndexDefinition, Mapper, Model, ReferentialAction, RelationField, Row, RowType, Selectable,
};
use crate::session::{Handle, Objects};
use crate::sql::Output;
use crate::types::{ColumnType, DecodeError};

const EMPTY: Definition = Definition { columns: &[ID], key: &[0], ..Definition::bare("things", ("src/shop.rs", 1)) };
const ID: Column = Column::new::<i64>("id", "id").primary_key().generated();

/// A foreign key of one column to the first column of a model.
macro_rules! refers_to {
    ($mapper:expr) => {
        ForeignKeyColumn {
            target: || ColumnReference { mapper: &$mapper, column: 0 },
            on_delete: None,
            on_update: None,
            deferrable: None,
        }
    };
}

macro_rules! models {
    ($($name:ident = { $($field:ident: $value:expr),* $(,)? };)*) => { $(
        pub(super) static $name: Mapper = Mapper::new::<Dummy>(Definition { $($field: $value,)* ..EMPTY });
    )* };
}

// Behind the macros, which they use.
mod columns;
mod errors;
#[cfg(feature = "sqlite")]
mod on_sqlite;
mod options;
mod order;
mod statements;
mod text;

models! {
    USER = {
        name: "User", table: "users", location: ("src/shop.rs", 7),
        columns: &[ID, Column::new::<String>("name", "name").length(50).unique(), Column::new::<Option<String>>("fullname", "fullname")],
    };
    ADDRESS = {
        name: "Address", table: "addresses", location: ("src/shop.rs", 20),
        columns: &[
            ID,
            Column::new::<String>("email", "email"),
            Column::new::<i64>("user_id", "user_id").index().foreign_key(ForeignKeyColumn {
                on_delete: Some(ReferentialAction::Cascade),
                on_update: Some(ReferentialAction::SetNull),
                ..refers_to!(USER)
            }),
        ],
        checks: &[CheckDefinition::new("email LIKE '%@%'")],
    };
}

fn metadata<const N: usize>(mappers: [&'static Mapper; N]) -> MetaData {
    MetaData::__of(mappers.to_vec())
}

/// Checks the DDL of one model.
#[track_caller]
fn check(mapper: &'static Mapper, dialect: Dialect, expected: &str) {
    assert_eq!(Table::of(mapper).unwrap().to_sql(dialect), expected);
}

/// Checks that the DDL of one model contains a line.
#[track_caller]
fn check_line(mapper: &'static Mapper, dialect: Dialect, line: &str) {
    let sql = Table::of(mapper).unwrap().to_sql(dialect);
    let has_line = sql.lines().any(|found| found.trim().trim_end_matches(',') == line);
    assert!(has_line, "{line}\nis not a line of\n{sql}");
}

/// Checks that a model, alone, is refused with this text.
#[track_caller]
fn check_refused(mapper: &'static Mapper, text: &str) {
    let error = Table::of(mapper).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Configuration);
    assert_eq!(error.to_string(), text);
}

fn names(tables: &[Table]) -> Vec<&str> {
    tables.iter().map(|table| table.name.as_str()).collect()
}

/// A model whose definition is written by hand, and which has no rows.
#[derive(Clone, Copy)]
struct Dummy;

impl RowType for Dummy {
    type Managed = Handle<Dummy>;

    fn __width() -> usize {
        0
    }

    fn __value(_: &Row<'_>, _: usize) -> Decoded<Self> {
        unreachable!()
    }

    fn __managed(_: &Row<'_>, _: usize, _: &mut Objects) -> Decoded<Handle<Dummy>> {
        unreachable!()
    }

    fn __is_null(_: &Row<'_>, _: usize) -> bool {
        unreachable!()
    }
}

impl Selectable for Dummy {
    type Row = Dummy;

    fn __outputs(self, _: &mut Vec<Output>) {}
}

impl Entity for Dummy {
    type Model = Dummy;

    fn __alias_of(&self) -> Alias {
        Alias::NONE
    }
}

impl Model for Dummy {
    type Attributes = Dummy;
    type Key = i64;
    type Builder = ();
    const ATTRIBUTES: Dummy = Dummy;

    fn builder() {}

    fn __mapper() -> &'static Mapper {
        &USER
    }

    fn __column(&self, _: usize) -> Value {
        unreachable!()
    }

    fn __set_column(&mut self, _: usize, _: ValueRef<'_>) -> Result<(), DecodeError> {
        unreachable!()
    }

    fn __copy(&self) -> Self {
        *self
    }

    fn __relation(&self, _: usize) -> &dyn RelationField {
        unreachable!()
    }

    fn __relation_mut(&mut self, _: usize) -> &mut dyn RelationField {
        unreachable!()
    }
}
