//! What is to be created, and what PostgreSQL has of it already.
//!
//! `CREATE INDEX IF NOT EXISTS` waits there until whoever writes to the table is done, although it then does nothing, and so does
//! all that is sent after it: a program that starts would stand still behind a transaction of another. So it is asked first.

use crate::compile::ddl::{Created, Ddl};
use crate::engine::Executor;
use crate::error::Result;
use crate::reflect::{Catalog, Cells, literals};
use crate::schema::{EnumType, ForeignKey, Table, fit};

/// A statement that creates something.
#[derive(Debug)]
pub(super) struct Creation {
    pub(super) sql: String,
    /// What is there once it has run, if that can be asked for.
    thing: Option<Thing>,
}

/// What a database has under a name.
#[derive(Clone, Debug)]
pub(super) struct Thing {
    kind: Kind,
    schema: Option<String>,
    name: String,
}

#[derive(Clone, Debug)]
enum Kind {
    /// A table, an index, a sequence or a view: their names are of one space.
    Relation,
    /// A type of labels, or a domain.
    Type,
    /// A constraint of the table of this name.
    Constraint(String),
}

impl Thing {
    pub(super) fn relation(schema: &Option<String>, name: &str) -> Self {
        Thing { kind: Kind::Relation, schema: schema.clone(), name: name.to_owned() }
    }

    pub(super) fn data_type(schema: &Option<String>, name: &str) -> Self {
        Thing { kind: Kind::Type, schema: schema.clone(), name: name.to_owned() }
    }

    pub(super) fn constraint(schema: &Option<String>, table: &str, name: &str) -> Self {
        Thing { kind: Kind::Constraint(table.to_owned()), schema: schema.clone(), name: name.to_owned() }
    }

    pub(super) fn created_by(self, sql: String) -> Creation {
        Creation { sql, thing: Some(self) }
    }

    /// Writes it as a row of literals, after its position.
    fn row(&self, at: usize) -> String {
        let (kind, table) = match &self.kind {
            Kind::Relation => ("relation", ""),
            Kind::Type => ("type", ""),
            Kind::Constraint(table) => ("constraint", table.as_str()),
        };
        let named = literals(&[kind.to_owned(), table.to_owned(), self.name.clone()]);
        let schema = self.schema.clone().map_or_else(|| "current_schema()".to_owned(), |schema| literals(&[schema]));
        format!("({at}, {schema}, {named})")
    }
}

/// Returns the statements alone.
pub(super) fn statements(creations: Vec<Creation>) -> Vec<String> {
    creations.into_iter().map(|creation| creation.sql).collect()
}

/// Creates the types of labels, where the database has such.
pub(super) fn of_enums(ddl: &Ddl, types: &[EnumType]) -> Vec<Creation> {
    let created = types.iter().zip(ddl.create_enums(types));
    created.map(|(of, sql)| Thing::data_type(&of.schema, &of.name).created_by(sql)).collect()
}

/// Creates a table, with its comments, and its indexes.
pub(super) fn of_table(ddl: &Ddl, table: &Table) -> Result<Vec<Creation>> {
    let Created { table: sql, indexes, comments } = ddl.create_apart(table)?;
    let relation = |name: &str, sql: String| {
        // Another schema has what is of the connection alone.
        let is_temporary = table.prefixes.iter().any(|word| word.to_ascii_uppercase().starts_with("TEMP"));
        let thing = (!is_temporary).then(|| Thing::relation(&table.schema, name));
        Creation { sql, thing }
    };
    let mut creations = vec![relation(&table.name, sql)];
    creations.extend(indexes.into_iter().map(|(name, sql)| relation(&name, sql)));
    creations.extend(comments.into_iter().map(|sql| relation(&table.name, sql)));
    Ok(creations)
}

/// Adds a foreign key to a table that may have it.
pub(super) fn of_late_key(ddl: &Ddl, table: &Table, key: &ForeignKey) -> Result<Vec<Creation>> {
    let thing =
        key.name.as_deref().map(|name| Thing::constraint(&table.schema, &table.name, &fit(name, ddl.dialect())));
    let statements = ddl.add_late_foreign_key(table, key)?;
    Ok(statements.into_iter().map(|sql| Creation { sql, thing: thing.clone() }).collect())
}

/// Leaves out what the database has, by one query.
///
/// It begins with WITH, so that a session asks the engine that it writes to.
pub(super) async fn missing<E: Executor>(db: &mut E, creations: Vec<Creation>) -> Result<Vec<Creation>> {
    let things = creations.iter().enumerate().filter_map(|(at, creation)| Some(creation.thing.as_ref()?.row(at)));
    let things: Vec<String> = things.collect();
    if things.is_empty() {
        return Ok(creations);
    }
    let sql = format!(
        "WITH thing (at, schema, kind, owner, name) AS (VALUES {}) \
         SELECT thing.at FROM thing JOIN pg_namespace n ON n.nspname = thing.schema::name WHERE CASE thing.kind \
         WHEN 'relation' THEN EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = thing.name::name) \
         WHEN 'type' THEN EXISTS (SELECT FROM pg_type t WHERE t.typnamespace = n.oid AND t.typname = thing.name::name) \
         ELSE EXISTS (SELECT FROM pg_constraint x JOIN pg_class c ON c.oid = x.conrelid \
         WHERE c.relnamespace = n.oid AND c.relname = thing.owner::name AND x.conname = thing.name::name) END",
        things.join(", ")
    );
    let mut rows = Catalog::through(db.again()).rows(sql).await?;
    let found: Vec<i64> = rows.iter_mut().filter_map(Cells::number).collect();
    let is_missing = |at: usize| !found.contains(&(at as i64));
    Ok(creations.into_iter().enumerate().filter(|(at, _)| is_missing(*at)).map(|(_, creation)| creation).collect())
}
