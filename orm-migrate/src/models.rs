//! Models as Rust source, from the tables of a database: [`models`].
//!
//! In: metadata, mostly what was read by `MetaData::reflect`. Out: a file's text, to be put into a program and edited there.

mod attributes;
mod names;
mod relations;
mod types;

use orm_core::__private::script::is_history;
use orm_core::schema::{Column, ForeignKey, Table};
use orm_core::{Dialect, MetaData, Result};

use self::attributes::{Names, of_column, of_table};
use self::names::{field_name, type_name, unique};
use self::relations::{Relation, relate};
use self::types::{Known, RustType};

/// Writes the models of tables as Rust source: structs, enums of labels, and relationships on both sides of each foreign key.
/// SQLAlchemy's users know it as `sqlacodegen`.
///
/// ```
/// use orm::migrate::models;
/// use orm::prelude::*;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let engine = Engine::new("sqlite::memory:")?;
/// text("CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(50) NOT NULL)").execute(&engine).await?;
/// text("CREATE TABLE addresses (id INTEGER PRIMARY KEY, user_id BIGINT NOT NULL REFERENCES users)").execute(&engine).await?;
/// let source = models(&MetaData::reflect(&engine).await?)?;
/// assert!(source.contains("pub struct User {"));
/// assert!(source.contains("    #[orm(length = 50)]\n    pub name: String,\n"));
/// assert!(source.contains("    #[orm(back_populates = user)]\n    pub addresses: HasMany<Address>,\n"));
/// # Ok(())
/// # }
/// ```
///
/// A struct is named by the singular of its table's name, a field by its column, a relationship by the column that refers
/// (`user_id`: `user`) or by the table that does. A table of nothing but two foreign keys links two models many to many. Dates and
/// moments are `chrono`'s; the table of revisions is left out; what has no type of its own is a `String` with its `sql_type`.
///
/// What cannot be said of a model stands above it as a comment: a table without a primary key has none, as an object has to be told from
/// others.
///
/// # Errors
///
/// As [`MetaData::tables`].
pub fn models(metadata: &MetaData) -> Result<String> {
    let mut tables = metadata.tables()?;
    tables.retain(|table| !is_history(table));
    let (keyed, keyless): (Vec<&Table>, Vec<&Table>) =
        tables.iter().partition(|table| !table.primary_key.columns.is_empty());
    let names = Names::of(&tables);
    let mut known = Known::default();
    let mut entities: Vec<Entity<'_>> = keyed.iter().map(|table| Entity::of(table, names, &mut known.names)).collect();
    for entity in &mut entities {
        entity.type_fields(&mut known, metadata.dialect());
    }
    agree(&mut entities);
    relate(&mut entities);
    let mut source = String::from("use orm::prelude::*;\n");
    if names == Names::Postgres {
        source.push_str("\n// Keys and indexes have the names that PostgreSQL gives: `.naming_convention(NamingConvention::POSTGRES)`.\n");
    }
    known.enums.iter().for_each(|of| source.push_str(&of.source()));
    for at in 0..entities.len() {
        source.push_str(&entities[at].source(&entities));
    }
    for table in keyless {
        source.push_str(&format!("\n// The table `{}` has no primary key, which a model needs.\n", table.name));
    }
    Ok(source)
}

/// A table as a struct.
struct Entity<'t> {
    table: &'t Table,
    names: Names,
    name: String,
    fields: Vec<Field<'t>>,
    relations: Vec<Relation>,
}

/// A column as a field.
struct Field<'t> {
    column: &'t Column,
    name: String,
    rust: RustType,
    /// Whether it has the type of all that it refers to.
    agrees: bool,
}

impl<'t> Entity<'t> {
    fn of(table: &'t Table, names: Names, taken: &mut Vec<String>) -> Self {
        let name = unique(type_name(&table.name), taken);
        let mut known = Vec::new();
        let field = |column: &'t Column| Field {
            column,
            name: unique(field_name(&column.name), &mut known),
            rust: RustType::default(),
            agrees: true,
        };
        Entity { table, names, name, fields: table.columns.iter().map(field).collect(), relations: Vec::new() }
    }

    fn type_fields(&mut self, known: &mut Known, dialect: Option<Dialect>) {
        for field in &mut self.fields {
            let of = format!("{}_{}", self.table.name, field.column.name);
            let refers = self.table.foreign_keys.iter().any(|key| key.columns.contains(&field.column.name));
            field.rust = types::of(field.column, &of, known, dialect, refers);
        }
    }

    /// Returns the field of a column.
    fn field(&self, column: &str) -> Option<&Field<'t>> {
        self.fields.iter().find(|field| field.column.name == column)
    }

    /// Returns the names of the fields of columns, if all are there.
    fn field_names(&self, columns: &[String]) -> Option<Vec<&str>> {
        columns.iter().map(|column| self.field(column).map(|field| &*field.name)).collect()
    }

    /// Returns whether no two rows have the same in these columns.
    fn is_unique(&self, columns: &[String]) -> bool {
        let is_it = |other: &[String]| other.len() == columns.len() && other.iter().all(|one| columns.contains(one));
        let by_index = self.table.indexes.iter().any(|index| {
            let names: Vec<String> = index.column_names();
            index.is_unique && index.condition.is_none() && names.len() == index.columns.len() && is_it(&names)
        });
        is_it(&self.table.primary_key.columns)
            || self.table.uniques.iter().any(|unique| is_it(&unique.columns))
            || by_index
    }

    fn source(&self, entities: &[Entity<'_>]) -> String {
        let said = of_table(self, entities);
        let mut source = String::from("\n");
        said.notes.iter().for_each(|note| source.push_str(&format!("// {}\n", note.replace(['\n', '\r'], " "))));
        source.push_str("#[derive(Clone, Debug, Model)]\n");
        source.push_str(&attribute(&said.attributes, ""));
        source.push_str(&format!("pub struct {} {{\n", self.name));
        for field in &self.fields {
            source.push_str(&attribute(&of_column(self, field, entities), "    "));
            source.push_str(&format!("    pub {}: {},\n", field.name, field.rust.written(field.column.is_nullable)));
        }
        for relation in &self.relations {
            source.push_str(&attribute(&relation.attributes, "    "));
            source.push_str(&format!("    pub {}: {}<{}>,\n", relation.field, relation.kind, relation.target));
        }
        source.push_str("}\n");
        source
    }
}

/// Gives what refers to a key its Rust type, where the database lets an integer refer to one of another width.
fn agree(entities: &mut [Entity<'_>]) {
    for at in 0..entities.len() {
        for key in &entities[at].table.foreign_keys {
            let Some(target) = target_of(key, entities) else { continue };
            let types: Vec<Option<RustType>> =
                key.target_columns.iter().map(|column| target.field(column).map(|field| field.rust.clone())).collect();
            for (column, of_target) in key.columns.iter().zip(types) {
                let field = entities[at].fields.iter_mut().find(|field| field.column.name == *column);
                if let (Some(field), Some(of_target)) = (field, of_target) {
                    field.agrees &= field.rust.refer_to(&of_target, &field.column.column_type);
                }
            }
        }
    }
}

/// Returns the model that a foreign key leads to, if it is among these.
fn target_of<'e, 't>(key: &ForeignKey, entities: &'e [Entity<'t>]) -> Option<&'e Entity<'t>> {
    let is_it =
        |entity: &&Entity<'_>| entity.table.name == key.target_table && entity.table.schema == key.target_schema;
    entities.iter().find(is_it)
}

/// Writes `#[orm(…)]`: on one line where it fits, else each on its own.
fn attribute(said: &[String], indent: &str) -> String {
    const WIDEST: usize = 100;
    let line = format!("{indent}#[orm({})]\n", said.join(", "));
    match said {
        [] => String::new(),
        [_] => line,
        _ if line.chars().count() <= WIDEST => line,
        _ => {
            let each: String = said.iter().map(|one| format!("{indent}    {one},\n")).collect();
            format!("{indent}#[orm(\n{each}{indent})]\n")
        }
    }
}
