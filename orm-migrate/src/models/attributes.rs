//! What is said of a struct and of its fields, so that its table is the one that was read.

use heck::ToSnakeCase;
use orm_core::schema::{
    CheckConstraint, Deferrable, ForeignKey, Identity, Index, IndexColumn, IndexPart, ReferentialAction, Table,
    UniqueConstraint,
};

use super::names::plain;
use super::{Entity, Field, target_of};

/// How constraints and indexes are called that have no name of their own in the source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Names {
    /// As the library calls them.
    Default,
    /// As PostgreSQL calls them.
    Postgres,
}

impl Names {
    /// Returns whose names these tables have. A primary key's cannot be stated, so it decides.
    pub(super) fn of(tables: &[Table]) -> Names {
        let is_own = |table: &Table| table.primary_key.name.as_deref() == Some(&format!("{}_pkey", table.name));
        if tables.iter().any(is_own) { Names::Postgres } else { Names::Default }
    }

    fn unique(self, table: &Table, columns: &[String]) -> String {
        match self {
            Names::Default => format!("uq_{}_{}", table.name, columns.join("_")),
            Names::Postgres => format!("{}_{}_key", table.name, columns.join("_")),
        }
    }

    fn index(self, table: &Table, columns: &[String]) -> String {
        match self {
            Names::Default => format!("ix_{}_{}", table.name, columns.join("_")),
            Names::Postgres => format!("{}_{}_idx", table.name, columns.join("_")),
        }
    }

    fn foreign_key(self, table: &Table, key: &ForeignKey) -> String {
        match self {
            Names::Default => format!("fk_{}_{}_{}", table.name, key.columns.join("_"), key.target_table),
            Names::Postgres => format!("{}_{}_fkey", table.name, key.columns.join("_")),
        }
    }

    fn check(self, table: &Table, position: usize) -> Option<String> {
        (self == Names::Default).then(|| format!("ck_{}_{position}", table.name))
    }
}

/// Returns a name unless it is the usual one.
fn stated<'n>(name: &'n Option<String>, usual: &str) -> Option<&'n String> {
    name.as_ref().filter(|name| **name != usual)
}

/// What stands at a struct.
pub(super) struct Said {
    pub(super) attributes: Vec<String>,
    /// What a model cannot say.
    pub(super) notes: Vec<String>,
}

/// Returns what is said of a struct.
pub(super) fn of_table(entity: &Entity<'_>, entities: &[Entity<'_>]) -> Said {
    let table = entity.table;
    let mut said = Said { attributes: Vec::new(), notes: Vec::new() };
    if table.name != entity.name.to_snake_case() {
        said.attributes.push(format!("table = {:?}", table.name));
    }
    said.attributes.extend(table.schema.iter().map(|schema| format!("schema = {schema:?}")));
    said.attributes.extend(table.comment.iter().map(|comment| format!("comment = {comment:?}")));
    said.attributes.extend(key_order(entity));
    let uniques = table.uniques.iter().filter(|unique| !is_of_field(unique, entity));
    said.attributes.extend(uniques.filter_map(|unique| unique_of(unique, entity)));
    for index in table.indexes.iter().filter(|index| !is_index_of_field(index, entity)) {
        match index_of(index, entity) {
            Some(written) => said.attributes.push(written),
            None => said.notes.push(format!(
                "An index of the table is left out, which no attribute says: {}",
                index.name.as_deref().unwrap_or("one without a name")
            )),
        }
    }
    said.attributes.extend(table.checks.iter().enumerate().map(|(at, check)| check_of(check, at + 1, entity)));
    for key in &table.foreign_keys {
        let own: Vec<&Field<'_>> = key.columns.iter().filter_map(|column| entity.field(column)).collect();
        if own.iter().any(|field| !field.agrees) {
            let columns = key.columns.join(", ");
            said.notes.push(format!("{columns} refers to `{}`, whose key is of another type", key.target_table));
            continue;
        }
        let first = table.foreign_keys.iter().find(|first| first.columns == key.columns);
        if first.is_some_and(|first| !std::ptr::eq(first, key)) {
            let columns = key.columns.join(", ");
            said.notes.push(format!("{columns} refers to `{}` as well", key.target_table));
            continue;
        }
        match (target_of(key, entities), &*key.columns) {
            (None, columns) => {
                said.notes.push(format!(
                    "{} refers to `{}`, which is no model here",
                    columns.join(", "),
                    key.target_table
                ));
            }
            (Some(_), [_]) => {}
            (Some(target), _) => said.attributes.extend(composite_key(key, entity, target)),
        }
    }
    let excludes = table.excludes.iter().map(|exclude| &exclude.name);
    said.notes.extend(excludes.map(|name| format!("An exclude constraint of the table is left out: {name}")));
    said
}

/// Returns what is said of a field.
pub(super) fn of_column(entity: &Entity<'_>, field: &Field<'_>, entities: &[Entity<'_>]) -> Vec<String> {
    let (table, column) = (entity.table, field.column);
    let mut said = Vec::new();
    let key = &table.primary_key.columns;
    if key.contains(&column.name) {
        if key_order(entity).is_none() {
            said.push("primary_key".to_owned());
        }
        let refers = table.foreign_keys.iter().any(|key| key.columns.contains(&column.name));
        let would_be = key.len() == 1 && is_integer(field) && !refers;
        if !refers && column.is_generated != would_be && column.identity.is_none() && is_integer(field) {
            said.push(format!("autoincrement = {}", column.is_generated));
        }
    }
    if column.name != plain(&field.name) {
        said.push(format!("column = {:?}", column.name));
    }
    said.extend(field.rust.attributes.iter().cloned());
    let is_own = |unique: &&UniqueConstraint| is_of_field(unique, entity) && unique.columns == [column.name.clone()];
    said.extend(table.uniques.iter().find(is_own).map(|_| "unique".to_owned()));
    let has_index = |index: &&Index| is_index_of_field(index, entity) && index.column_names() == [column.name.clone()];
    said.extend(table.indexes.iter().find(has_index).map(|_| "index".to_owned()));
    said.extend(column.identity.as_ref().map(identity_of));
    said.extend(column.sequence.iter().map(|sequence| format!("sequence = {sequence:?}")));
    said.extend(column.server_default.iter().map(|sql| format!("server_default = {sql:?}")));
    said.extend(column.computed.iter().map(|computed| match computed.is_stored {
        true => format!("computed({:?}, stored)", computed.sql),
        false => format!("computed = {:?}", computed.sql),
    }));
    said.extend(column.collation.iter().map(|collation| format!("collation = {collation:?}")));
    // A column refers to one other.
    let keys = table.foreign_keys.iter().filter(|key| key.columns == [column.name.clone()] && field.agrees);
    said.extend(keys.map(|key| foreign_key(key, entity, entities)).find(|said| !said.is_empty()).unwrap_or_default());
    said.extend(column.comment.iter().map(|comment| format!("comment = {comment:?}")));
    said
}

fn is_integer(field: &Field<'_>) -> bool {
    matches!(&*field.rust.written(false), "i16" | "i32" | "i64")
}

/// Returns the order of the key's columns, where it is not that of the fields.
fn key_order(entity: &Entity<'_>) -> Option<String> {
    let key = &entity.table.primary_key.columns;
    let in_order: Vec<&String> =
        entity.table.columns.iter().map(|column| &column.name).filter(|name| key.contains(name)).collect();
    let is_usual = key.iter().eq(in_order);
    (!is_usual).then(|| entity.field_names(key).map(|fields| format!("primary_key({})", fields.join(", "))))?
}

// ---------------------------------------------------------------------------------------------------- foreign keys

fn foreign_key(key: &ForeignKey, entity: &Entity<'_>, entities: &[Entity<'_>]) -> Vec<String> {
    let Some(target) = target_of(key, entities) else { return Vec::new() };
    let [column] = &*key.target_columns else { return Vec::new() };
    let Some(field) = target.field(column) else { return Vec::new() };
    let to = format!("{}.{}", target.name, field.name);
    let options = key_options(key, entity);
    let said = match options.is_empty() {
        true => format!("foreign_key = {to}"),
        false => format!("foreign_key({to}, {})", options.join(", ")),
    };
    std::iter::once(said).chain(actions(key)).collect()
}

/// Returns a foreign key over several columns.
fn composite_key(key: &ForeignKey, entity: &Entity<'_>, target: &Entity<'_>) -> Option<String> {
    let own = entity.field_names(&key.columns)?.join(", ");
    let others: Vec<String> =
        target.field_names(&key.target_columns)?.iter().map(|field| format!("{}.{field}", target.name)).collect();
    let rest = actions(key).chain(key_options(key, entity)).map(|one| format!(", {one}"));
    Some(format!("foreign_key(({own}) = ({}){})", others.join(", "), rest.collect::<String>()))
}

fn key_options(key: &ForeignKey, entity: &Entity<'_>) -> Vec<String> {
    let usual = entity.names.foreign_key(entity.table, key);
    let name = stated(&key.name, &usual).map(|name| format!("name = {name:?}"));
    name.into_iter().chain(waits(key.deferrable)).collect()
}

fn actions(key: &ForeignKey) -> impl Iterator<Item = String> {
    let word = |action: ReferentialAction| match action {
        ReferentialAction::Cascade => "cascade",
        ReferentialAction::SetNull => "set_null",
        ReferentialAction::SetDefault => "set_default",
        ReferentialAction::Restrict => "restrict",
        _ => "no_action",
    };
    let on_delete = key.on_delete.map(|action| format!("on_delete = {}", word(action)));
    let on_update = key.on_update.map(|action| format!("on_update = {}", word(action)));
    on_delete.into_iter().chain(on_update)
}

fn waits(deferrable: Option<Deferrable>) -> Option<String> {
    deferrable.map(|when| match when {
        Deferrable::InitiallyDeferred => "initially_deferred".to_owned(),
        _ => "deferrable".to_owned(),
    })
}

// --------------------------------------------------------------------------------- unique constraints, indexes, checks

/// Returns whether `unique` at the field says all of it.
fn is_of_field(unique: &UniqueConstraint, entity: &Entity<'_>) -> bool {
    let usual = entity.names.unique(entity.table, &unique.columns);
    unique.columns.len() == 1
        && stated(&unique.name, &usual).is_none()
        && unique.deferrable.is_none()
        && !unique.nulls_not_distinct
}

/// Returns whether `index` at the field says all of it.
fn is_index_of_field(index: &Index, entity: &Entity<'_>) -> bool {
    let names = index.column_names();
    let plain = Index::new(names.iter().map(|name| IndexColumn::column(name.as_str())));
    names.len() == 1
        && stated(&index.name, &entity.names.index(entity.table, &names)).is_none()
        && *index == Index { name: index.name.clone(), ..plain }
}

fn unique_of(unique: &UniqueConstraint, entity: &Entity<'_>) -> Option<String> {
    let mut parts: Vec<String> = entity.field_names(&unique.columns)?.into_iter().map(str::to_owned).collect();
    let usual = entity.names.unique(entity.table, &unique.columns);
    parts.extend(stated(&unique.name, &usual).map(|name| format!("name = {name:?}")));
    parts.extend(unique.nulls_not_distinct.then(|| "nulls_not_distinct".to_owned()));
    parts.extend(waits(unique.deferrable));
    Some(format!("unique({})", parts.join(", ")))
}

fn index_of(index: &Index, entity: &Entity<'_>) -> Option<String> {
    let mut parts = Vec::new();
    for part in &index.columns {
        if part.length.is_some() || part.operator_class.is_some() || part.nulls_first.is_some() {
            return None;
        }
        let written = match &part.part {
            IndexPart::Column(column) => entity.field(column)?.name.clone(),
            IndexPart::Expression(sql) => format!("{sql:?}"),
        };
        parts.push(if part.is_descending { format!("{written}.desc()") } else { written });
    }
    parts.extend(index.is_unique.then(|| "unique".to_owned()));
    let usual = entity.names.index(entity.table, &index.column_names());
    parts.extend(stated(&index.name, &usual).map(|name| format!("name = {name:?}")));
    parts.extend(index.condition.iter().map(|sql| format!("condition = {sql:?}")));
    parts.extend(index.method.iter().map(|method| format!("method = {method:?}")));
    if !index.include.is_empty() {
        parts.push(format!("include({})", entity.field_names(&index.include)?.join(", ")));
    }
    parts.extend(index.nulls_not_distinct.then(|| "nulls_not_distinct".to_owned()));
    Some(format!("index({})", parts.join(", ")))
}

fn check_of(check: &CheckConstraint, position: usize, entity: &Entity<'_>) -> String {
    let usual = entity.names.check(entity.table, position).unwrap_or_default();
    let name = stated(&check.name, &usual).map(|name| format!(", name = {name:?}")).unwrap_or_default();
    format!("check({:?}{name})", check.sql)
}

fn identity_of(identity: &Identity) -> String {
    let counting = identity.counting;
    let numbers = [
        ("start", counting.start),
        ("increment", counting.increment),
        ("minimum", counting.minimum),
        ("maximum", counting.maximum),
        ("cache", counting.cache),
    ];
    let numbers = numbers.into_iter().filter_map(|(word, number)| number.map(|number| format!("{word} = {number}")));
    let always = identity.is_always.then(|| "always".to_owned());
    let said: Vec<String> =
        always.into_iter().chain(numbers).chain(counting.is_cycle.then(|| "cycle".to_owned())).collect();
    if said.is_empty() { "identity".to_owned() } else { format!("identity({})", said.join(", ")) }
}
