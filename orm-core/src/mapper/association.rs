//! Association tables without a model: `secondary("user_keywords", "user_id", "keyword_id")`.
//!
//! In: the table's name, and on each side the columns that refer to a model's primary key. Out: a [`Mapper`] that is kept
//! for the life of the program, one for both sides of the relationship.

use std::sync::LazyLock;

use parking_lot::Mutex;

use super::{Column, ColumnExtras, ColumnReference, Definition, ForeignKeyGroup, Mapper, Model};

/// One side: the columns of the association table, and the key that they refer to.
struct Side {
    mapper: &'static Mapper,
    columns: &'static [&'static str],
    key: fn() -> Vec<ColumnReference>,
}

impl Side {
    fn of<M: Model>(columns: &'static [&'static str]) -> Self {
        Side { mapper: M::__mapper(), columns, key: key_of::<M> }
    }

    /// The columns, as the key that they refer to has them.
    fn definitions(&self) -> impl Iterator<Item = Column> + '_ {
        let definition = &self.mapper.definition;
        self.columns.iter().enumerate().map(|(position, name)| {
            let own = Column { primary_key: true, ..Column::new::<i64>(name, name) };
            let Some(&key) = definition.key.get(position) else { return own };
            let like = &definition.columns[usize::from(key)];
            let ColumnExtras { precision, scale, sql_type, variants, collation, .. } = *like.extras;
            let extras = ColumnExtras { precision, scale, sql_type, variants, collation, ..ColumnExtras::NONE };
            let Column { column_type, kind, length, .. } = *like;
            Column { column_type, kind, length, extras: Box::leak(Box::new(extras)), ..own }
        })
    }
}

fn key_of<M: Model>() -> Vec<ColumnReference> {
    let mapper = M::__mapper();
    mapper.definition.key.iter().map(|&column| ColumnReference { mapper, column }).collect()
}

static TABLES: LazyLock<Mutex<Vec<&'static Mapper>>> = LazyLock::new(Mutex::default);

/// Returns the mapper of an association table; `near` refers to the model `M`, `far` to the model `T`.
pub fn association<M: Model, T: Model>(
    table: &'static str,
    near: &'static [&'static str],
    far: &'static [&'static str],
) -> &'static Mapper {
    let sides = [Side::of::<M>(near), Side::of::<T>(far)];
    let mut tables = TABLES.lock();
    if let Some(known) = tables.iter().find(|known| is_of(known, table, &sides)) {
        return known;
    }
    let mapper: &'static Mapper = Box::leak(Box::new(Mapper::without_model(definition(table, &sides), false)));
    tables.push(mapper);
    mapper
}

/// Returns the columns of an association table that refer to the model `M`.
pub fn association_columns<M: Model, T: Model>(
    table: &'static str,
    near: &'static [&'static str],
    far: &'static [&'static str],
) -> Vec<ColumnReference> {
    let mapper = association::<M, T>(table, near, far);
    let columns = mapper.definition.columns.iter().enumerate();
    let columns = columns.filter(|(_, column)| near.contains(&column.name));
    columns.map(|(position, _)| ColumnReference { mapper, column: position as u16 }).collect()
}

/// Returns whether this is the mapper of the table, made from this side or from the other.
fn is_of(known: &Mapper, table: &str, sides: &[Side; 2]) -> bool {
    let definition = &known.definition;
    let has_side = |side: &Side| {
        definition.foreign_keys.iter().any(|group| {
            let names = group.columns.iter().map(|&column| definition.columns[usize::from(column)].name);
            names.eq(side.columns.iter().copied())
                && (group.targets)().first().is_none_or(|target| target.mapper.is(side.mapper))
        })
    };
    definition.table == table && definition.schema == sides[0].mapper.definition.schema && sides.iter().all(has_side)
}

fn definition(table: &'static str, sides: &[Side; 2]) -> Definition {
    let owner = &sides[0].mapper.definition;
    let columns: &'static [Column] = Vec::leak(sides.iter().flat_map(Side::definitions).collect());
    let mut first = 0;
    let group = |side: &Side| {
        let positions: Vec<u16> = (first..).take(side.columns.len()).collect();
        first += side.columns.len() as u16;
        ForeignKeyGroup {
            columns: positions.leak(),
            targets: side.key,
            on_delete: None,
            on_update: None,
            deferrable: None,
            name: None,
        }
    };
    let foreign_keys: &'static [ForeignKeyGroup] = Vec::leak(sides.iter().map(group).collect());
    let key: Vec<u16> = (0..columns.len() as u16).collect();
    Definition {
        schema: owner.schema,
        columns,
        key: key.leak(),
        foreign_keys,
        ..Definition::bare(table, owner.location)
    }
}
