//! [`Table`], built from a model.

use super::{CheckConstraint, Column, ForeignKey, Index, PrimaryKey, UniqueConstraint, mapper_of, metadata, naming};
use crate::compile::ddl::Ddl;
use crate::dialect::Dialect;
use crate::engine::Executor;
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{ColumnReference, Definition, Entity, Mapper, ReferentialAction};

/// A table: its columns, constraints and indexes, as plain data.
///
/// SQLAlchemy's `Table`. It is made from a model, and knows nothing of it afterwards.
///
/// ```
/// # use orm_core::{HasMany, BelongsTo, schema};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String }
/// #[derive(Clone, Debug, orm_derive::Model)]
/// #[orm(table = "addresses", check("email <> ''"))]
/// struct Address {
///     #[orm(primary_key)]
///     id: i64,
///     #[orm(length = 100, unique)]
///     email: String,
///     #[orm(foreign_key = User.id, index)]
///     user_id: i64,
/// }
/// let table = schema::Table::of_model(Address)?;
/// assert_eq!(table.column("email").and_then(|column| column.length), Some(100));
/// assert_eq!(table.primary_key.columns, ["id"]);
/// assert_eq!(table.uniques[0].name, "uq_addresses_email");
/// assert_eq!(table.foreign_keys[0].target_table, "user");
/// assert_eq!(table.indexes[0].name, "ix_addresses_user_id");
/// assert_eq!(table.checks[0].sql, "email <> ''");
/// # Ok::<(), orm_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its schema, if not the default one.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
    /// Its columns, in the order of the model's fields.
    pub columns: Vec<Column>,
    /// Its primary key.
    pub primary_key: PrimaryKey,
    /// Its unique constraints.
    pub uniques: Vec<UniqueConstraint>,
    /// Its foreign keys: first those of single columns, in the order of the fields.
    pub foreign_keys: Vec<ForeignKey>,
    /// Its check constraints.
    pub checks: Vec<CheckConstraint>,
    /// Its indexes.
    pub indexes: Vec<Index>,
    /// A comment on the table.
    pub comment: Option<String>,
    /// Options for single databases, such as `("mysql_engine", "InnoDB")`.
    pub options: Vec<(String, String)>,
}

impl Table {
    /// Makes the table of a mapper.
    ///
    /// # Errors
    ///
    /// Fails when two fields have one column, when `length`, `precision` or `scale` do not fit a column's type, when a
    /// `server_default` is not SQL, or when a foreign key over several columns does not refer to as many of one table.
    pub fn of(mapper: &'static Mapper) -> Result<Table> {
        let definition = mapper.definition();
        check_names(definition)?;
        let table = definition.table;
        let columns = definition.columns.iter().map(|column| Column::of(definition, column));
        let checks = definition.checks.iter().enumerate();
        Ok(Table {
            schema: definition.schema.map(str::to_owned),
            name: table.to_owned(),
            columns: columns.collect::<Result<_>>()?,
            primary_key: PrimaryKey { name: naming::primary_key(table), columns: names(definition, definition.key) },
            uniques: uniques(definition),
            foreign_keys: foreign_keys(definition)?,
            checks: checks
                .map(|(position, sql)| CheckConstraint { name: naming::check(table, position), sql: (*sql).to_owned() })
                .collect(),
            indexes: indexes(definition),
            comment: definition.comment.map(str::to_owned),
            options: definition.options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        })
    }

    /// Makes the table of a model: `Table::of_model(User)`.
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of).
    pub fn of_model<A: Entity>(model: A) -> Result<Table> {
        Table::of(mapper_of(model))
    }

    /// Returns the column with this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Creates the table with its indexes, unless it exists.
    ///
    /// Tables that it refers to are not created; [`MetaData::create_all`](super::MetaData::create_all) does that.
    ///
    /// ```
    /// # use orm_core::{Engine, schema::Table};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// let table = Table::of_model(User)?;
    /// table.create(&engine).await?;
    /// table.create(&engine).await?; // it exists: nothing happens
    /// table.drop(&engine).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when the table cannot be written for the database, or when the database refuses it.
    pub fn create<E: Executor>(&self, mut db: E) -> impl Future<Output = Result<()>> + Send + use<E> {
        let statements = Ddl::new(metadata::dialect(&mut db)).leaving_alone().create(self);
        metadata::run(db, statements)
    }

    /// Drops the table, if it exists.
    ///
    /// # Errors
    ///
    /// Fails when the database refuses, such as when rows of another table refer to it.
    pub fn drop<E: Executor>(&self, mut db: E) -> impl Future<Output = Result<()>> + Send + use<E> {
        let statement = Ddl::new(metadata::dialect(&mut db)).leaving_alone().drop(self);
        metadata::run(db, Ok(vec![statement]))
    }

    /// Returns the SQL that creates it, statements separated by `;` and an empty line; an error gives its text.
    ///
    /// ```
    /// # use orm_core::{Dialect, schema::Table};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// assert_eq!(
    ///     Table::of_model(User)?.to_sql(Dialect::MySql),
    ///     "CREATE TABLE user (\n    id BIGINT NOT NULL AUTO_INCREMENT,\n    name TEXT NOT NULL,\n    \
    ///      PRIMARY KEY (id)\n)"
    /// );
    /// # Ok::<(), orm_core::Error>(())
    /// ```
    pub fn to_sql(&self, dialect: Dialect) -> String {
        metadata::script(Ddl::new(dialect).create(self))
    }

    /// Returns the name with its schema, for messages.
    pub(crate) fn full_name(&self) -> String {
        full_name(self.schema.as_deref(), &self.name)
    }
}

impl ForeignKey {
    /// Returns whether it refers to this table.
    pub(super) fn refers_to(&self, table: &Table) -> bool {
        self.target_table == table.name && self.target_schema == table.schema
    }
}

/// Returns `shop.users` or `users`.
pub(super) fn full_name(schema: Option<&str>, table: &str) -> String {
    match schema {
        Some(schema) => format!("{schema}.{table}"),
        None => table.to_owned(),
    }
}

/// Refuses two fields with one column.
fn check_names(definition: &Definition) -> Result<()> {
    for (position, column) in definition.columns.iter().enumerate() {
        if let Some(first) = definition.columns[..position].iter().find(|first| first.name == column.name) {
            let message = format!(
                "the fields `{0}.{1}` and `{0}.{2}` are both the column `{3}.{4}`",
                definition.name, first.field, column.field, definition.table, column.name
            );
            let hint = "name another column for one of them: `#[orm(column = \"…\")]`";
            return Err(Error::new(ErrorKind::Configuration, message).hint(hint));
        }
    }
    Ok(())
}

/// Returns the names of the columns at these positions.
fn names(definition: &Definition, positions: &[u16]) -> Vec<String> {
    positions.iter().map(|position| definition.columns[usize::from(*position)].name.to_owned()).collect()
}

/// Those of single columns, then those of several. A column that is also indexed has a unique index instead.
fn uniques(definition: &Definition) -> Vec<UniqueConstraint> {
    let single = definition.columns.iter().filter(|column| column.unique && !column.index);
    let single = single.map(|column| vec![column.name.to_owned()]);
    let several = definition.uniques.iter().map(|positions| names(definition, positions));
    without_repeats(single.chain(several), Vec::clone)
        .map(|columns| UniqueConstraint { name: naming::unique(definition.table, &columns), columns })
        .collect()
}

/// Those of single columns, then those of several.
fn indexes(definition: &Definition) -> Vec<Index> {
    let single = definition.columns.iter().filter(|column| column.index);
    let single = single.map(|column| (vec![column.name.to_owned()], column.unique));
    let several = definition.indexes.iter().map(|positions| (names(definition, positions), false));
    without_repeats(single.chain(several), |(columns, _)| columns.clone())
        .map(|(columns, is_unique)| Index { name: naming::index(definition.table, &columns), columns, is_unique })
        .collect()
}

/// Those of single columns, then those of several.
fn foreign_keys(definition: &Definition) -> Result<Vec<ForeignKey>> {
    let mut keys = Vec::new();
    for column in definition.columns {
        if let Some(key) = column.foreign_key {
            let columns = vec![column.name.to_owned()];
            keys.push(foreign_key(definition, columns, &[(key.target)()], key.on_delete, key.on_update)?);
        }
    }
    for group in definition.foreign_keys {
        let columns = names(definition, group.columns);
        keys.push(foreign_key(definition, columns, &(group.targets)(), group.on_delete, group.on_update)?);
    }
    Ok(without_repeats(keys.into_iter(), |key| key.name.clone()).collect())
}

fn foreign_key(
    definition: &Definition,
    columns: Vec<String>,
    targets: &[ColumnReference],
    on_delete: Option<ReferentialAction>,
    on_update: Option<ReferentialAction>,
) -> Result<ForeignKey> {
    let of_one_table = |first: &Mapper| targets.iter().all(|target| target.mapper.is(first));
    let Some(target) = targets.first().filter(|first| targets.len() == columns.len() && of_one_table(first.mapper))
    else {
        let message = format!(
            "the foreign key on `{}.({})` does not refer to as many columns of one table",
            definition.table,
            columns.join(", ")
        );
        return Err(Error::new(ErrorKind::Configuration, message));
    };
    let target = target.mapper.definition();
    let positions: Vec<u16> = targets.iter().map(|target| target.column).collect();
    Ok(ForeignKey {
        name: naming::foreign_key(definition.table, &columns, target.table),
        columns,
        target_schema: target.schema.map(str::to_owned),
        target_table: target.table.to_owned(),
        target_columns: names(target, &positions),
        on_delete,
        on_update,
    })
}

/// Leaves out what was there before by its key: two constraints of one table cannot have one name.
fn without_repeats<T, K: PartialEq>(items: impl Iterator<Item = T>, key: impl Fn(&T) -> K) -> impl Iterator<Item = T> {
    let mut known = Vec::new();
    items.filter(move |item| {
        let key = key(item);
        let is_new = !known.contains(&key);
        if is_new {
            known.push(key);
        }
        is_new
    })
}
