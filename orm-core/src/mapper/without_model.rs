//! Mappers of tables that no model stands for.
//!
//! In: the name of a table, the names and kinds of its columns. Out: a [`Mapper`] that is kept for the life of the program, one
//! for each different table, so that two copies of a table are one table in a statement.

use std::sync::LazyLock;

use orm_pool::Kind;
use parking_lot::Mutex;

use super::{Column, ColumnExtras, Definition, Mapper};
use crate::dialect::Dialect;

/// What a statement needs to know of a table.
#[derive(PartialEq)]
pub(crate) struct Shape {
    pub(crate) schema: Option<String>,
    pub(crate) name: String,
    pub(crate) columns: Vec<ColumnShape>,
    /// The positions of the primary key's columns.
    pub(crate) key: Vec<u16>,
    /// Whether only its names are known.
    pub(crate) is_light: bool,
}

/// What a statement needs to know of a column.
#[derive(PartialEq)]
pub(crate) struct ColumnShape {
    pub(crate) name: String,
    pub(crate) nullable: bool,
    pub(crate) kind: Kind,
    /// Its type on PostgreSQL, where no other type of this library stands for it.
    pub(crate) sql_type: Option<String>,
}

static MAPPERS: LazyLock<Mutex<Vec<(Shape, &'static Mapper)>>> = LazyLock::new(Mutex::default);

impl Mapper {
    /// Returns the mapper of a table without a model, whose rows never become objects.
    pub(crate) fn of_table(shape: Shape) -> &'static Mapper {
        let mut mappers = MAPPERS.lock();
        if let Some((_, mapper)) = mappers.iter().find(|(known, _)| *known == shape) {
            return mapper;
        }
        let mapper: &'static Mapper = Box::leak(Box::new(Mapper::without_model(definition(&shape), shape.is_light)));
        mappers.push((shape, mapper));
        mapper
    }
}

fn definition(shape: &Shape) -> Definition {
    let keep = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
    let column = |ColumnShape { name, nullable, kind, sql_type }: &ColumnShape| {
        let name = keep(name);
        let extras = sql_type.as_deref().map_or(&ColumnExtras::NONE, |sql| {
            let variants = Vec::leak(vec![(Dialect::Postgres, keep(sql))]);
            Box::leak(Box::new(ColumnExtras::NONE.variants(variants)))
        });
        Column { nullable: *nullable, kind: *kind, extras, ..Column::new::<String>(name, name) }
    };
    Definition {
        schema: shape.schema.as_deref().map(keep),
        columns: Vec::leak(shape.columns.iter().map(column).collect()),
        key: Vec::leak(shape.key.clone()),
        ..Definition::bare(keep(&shape.name), ("a table without a model", 0))
    }
}
