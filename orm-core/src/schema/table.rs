//! [`Table`]: columns, constraints and indexes as plain data, from a model or by hand.

use super::creation::{self, Creation};
use super::{
    CheckConstraint, Column, ExcludeConstraint, ForeignKey, Index, NamingConvention, PrimaryKey, UniqueConstraint,
    mapper_of, model, naming, run,
};
use crate::compile::ddl::Ddl;
use crate::dialect::Dialect;
use crate::engine::{Executor, SchemaMap};
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Entity, Mapper};

/// A table: its columns, constraints and indexes, as plain data.
///
/// SQLAlchemy's `Table`. It is made from a model, of which it knows nothing afterwards, or by hand, or is read from a
/// database by [`MetaData::reflect`](super::MetaData::reflect). `Display` lists what it has.
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
/// assert_eq!(table.find_column("email").and_then(|column| column.length), Some(100));
/// assert_eq!(table.primary_key.columns, ["id"]);
/// assert_eq!(table.uniques[0].name.as_deref(), Some("uq_addresses_email"));
/// assert_eq!(table.foreign_keys[0].target_table, "user");
/// assert_eq!(table.indexes[0].name.as_deref(), Some("ix_addresses_user_id"));
/// assert_eq!(table.checks[0].sql, "email <> ''");
/// # Ok::<(), orm_core::Error>(())
/// ```
///
/// By hand it is the same data:
///
/// ```
/// # use orm_core::{ColumnType, Dialect, schema::{Column, ForeignKey, Table}};
/// let addresses = Table::new("addresses")
///     .column(Column::new("id", ColumnType::BigInteger).generated())
///     .column(Column::new("email", ColumnType::String(100)))
///     .column(Column::new("user_id", ColumnType::BigInteger).nullable())
///     .primary_key(["id"])
///     .unique(["email"])
///     .foreign_key(ForeignKey::new(["user_id"], "users", ["id"]))
///     .check("email <> ''")
///     .index(["user_id"]);
/// assert!(addresses.to_sql(Dialect::Postgres).contains("CONSTRAINT uq_addresses_email UNIQUE (email)"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Table {
    /// Its schema, if not the default one.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// Its primary key.
    pub primary_key: PrimaryKey,
    /// Its unique constraints.
    pub uniques: Vec<UniqueConstraint>,
    /// Its foreign keys: of a model first those of single columns, in the order of the fields.
    pub foreign_keys: Vec<ForeignKey>,
    /// Its check constraints.
    pub checks: Vec<CheckConstraint>,
    /// Its exclude constraints, of PostgreSQL.
    pub excludes: Vec<ExcludeConstraint>,
    /// Its indexes.
    pub indexes: Vec<Index>,
    /// A comment on the table.
    pub comment: Option<String>,
    /// Words between CREATE and TABLE, such as `TEMPORARY`.
    pub prefixes: Vec<String>,
    /// Options for single databases, such as `("mysql_engine", "InnoDB")`.
    pub options: Vec<(String, String)>,
}

impl Table {
    /// A table without columns.
    pub fn new(name: impl Into<String>) -> Self {
        Table { name: name.into(), ..Table::default() }
    }

    /// Makes the table of a mapper.
    ///
    /// # Errors
    ///
    /// Fails when two fields have one column, when `length`, `precision` or `scale` do not fit a column's type, when a
    /// `server_default` is not SQL, or when a foreign key over several columns does not refer to as many of one table.
    pub fn of(mapper: &'static Mapper) -> Result<Table> {
        model::table(mapper.definition())?.named()
    }

    /// Makes the table of a model: `Table::of_model(User)`.
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of).
    pub fn of_model<A: Entity>(model: A) -> Result<Table> {
        Table::of(mapper_of(model))
    }

    /// Puts it into a schema.
    #[must_use]
    pub fn schema(self, schema: impl Into<String>) -> Self {
        Table { schema: Some(schema.into()), ..self }
    }

    /// Adds a column.
    #[must_use]
    pub fn column(mut self, column: Column) -> Self {
        self.columns.push(column);
        self
    }

    /// Says which columns tell its rows apart.
    #[must_use]
    pub fn primary_key(self, key: impl Into<PrimaryKey>) -> Self {
        Table { primary_key: key.into(), ..self }
    }

    /// Adds a unique constraint.
    #[must_use]
    pub fn unique(mut self, unique: impl Into<UniqueConstraint>) -> Self {
        self.uniques.push(unique.into());
        self
    }

    /// Adds a foreign key.
    #[must_use]
    pub fn foreign_key(mut self, key: ForeignKey) -> Self {
        self.foreign_keys.push(key);
        self
    }

    /// Adds a check constraint.
    #[must_use]
    pub fn check(mut self, check: impl Into<CheckConstraint>) -> Self {
        self.checks.push(check.into());
        self
    }

    /// Adds an exclude constraint, of PostgreSQL: what follows EXCLUDE, as SQL.
    #[must_use]
    pub fn exclude(mut self, name: impl Into<String>, sql: impl Into<String>) -> Self {
        self.excludes.push(ExcludeConstraint { name: name.into(), sql: sql.into() });
        self
    }

    /// Adds an index.
    #[must_use]
    pub fn index(mut self, index: impl Into<Index>) -> Self {
        self.indexes.push(index.into());
        self
    }

    /// Comments it.
    #[must_use]
    pub fn comment(self, text: impl Into<String>) -> Self {
        Table { comment: Some(text.into()), ..self }
    }

    /// Adds a word between CREATE and TABLE, such as `TEMPORARY`.
    #[must_use]
    pub fn prefix(mut self, word: impl Into<String>) -> Self {
        self.prefixes.push(word.into());
        self
    }

    /// Sets an option for one database, such as `("mysql_engine", "InnoDB")`.
    #[must_use]
    pub fn option(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.push((name.into(), value.into()));
        self
    }

    /// Returns the column with this name.
    pub fn find_column(&self, name: &str) -> Option<&Column> {
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
        let ddl = Ddl::new(run::dialect(&mut db)).leaving_alone();
        let home = run::home(&mut db);
        let statements = self.where_it_stands(&mut db).and_then(|mut table| {
            table.name_home(home.as_deref());
            table.creating(&ddl)
        });
        run::create(db, statements)
    }

    /// Drops the table, if it exists.
    ///
    /// # Errors
    ///
    /// Fails when the database refuses, such as when rows of another table refer to it.
    pub fn drop<E: Executor>(&self, mut db: E) -> impl Future<Output = Result<()>> + Send + use<E> {
        let ddl = Ddl::new(run::dialect(&mut db)).leaving_alone();
        let statements = self.where_it_stands(&mut db).map(|table| vec![ddl.drop(&table)]);
        run::run(db, statements)
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
        run::script(self.creating(&Ddl::new(dialect)).map(creation::statements))
    }

    /// Returns the table in the schema in which it is for an executor.
    fn where_it_stands<E: Executor>(&self, db: &mut E) -> Result<Table> {
        let mut table = self.clone();
        if let Some(schemas) = run::schemas(db)? {
            table.translate(&schemas);
        }
        Ok(table)
    }

    /// Puts it, and all that it names, into the schemas where they are.
    pub(super) fn translate(&mut self, schemas: &SchemaMap) {
        schemas.translate(&mut self.schema);
        self.foreign_keys.iter_mut().for_each(|key| schemas.translate(&mut key.target_schema));
        for column in &mut self.columns {
            schemas.translate_type(&mut column.column_type);
            column.variants.iter_mut().for_each(|(_, of)| schemas.translate_type(of));
            if column.sequence.is_some() {
                schemas.translate(&mut column.sequence_schema);
            }
        }
    }

    /// Has foreign keys that lead out of its schema name the one of tables without one.
    pub(super) fn name_home(&mut self, home: Option<&str>) {
        let Some(home) = home.filter(|_| self.schema.is_some()) else { return };
        for key in &mut self.foreign_keys {
            key.target_schema.get_or_insert_with(|| home.to_owned());
        }
    }

    /// The types, the table and its indexes.
    fn creating(&self, ddl: &Ddl) -> Result<Vec<Creation>> {
        let table = self.clone().named()?;
        let types = super::metadata::enums(std::slice::from_ref(&table))?;
        let mut creations = creation::of_enums(ddl, &types);
        creations.extend(creation::of_table(ddl, &table)?);
        Ok(creations)
    }

    /// Gives what has no name one by the default convention.
    pub(crate) fn named(mut self) -> Result<Table> {
        naming::name(&mut self, &NamingConvention::DEFAULT)?;
        Ok(self)
    }

    /// Returns the name with its schema, for messages.
    pub fn full_name(&self) -> String {
        full_name(self.schema.as_deref(), &self.name)
    }

    /// Checks that columns have different names and that constraints and indexes name columns that exist.
    pub(crate) fn verify(&self) -> Result<()> {
        let name = self.full_name();
        for (position, column) in self.columns.iter().enumerate() {
            if self.columns[..position].iter().any(|first| first.name == column.name) {
                return Err(wrong(format!("table `{name}` has two columns `{}`", column.name)));
            }
        }
        let indexed: Vec<Vec<String>> = self.indexes.iter().map(Index::column_names).collect();
        let lists = std::iter::once(("primary key", &self.primary_key.columns))
            .chain(self.uniques.iter().map(|unique| ("unique constraint", &unique.columns)))
            .chain(self.foreign_keys.iter().map(|key| ("foreign key", &key.columns)))
            .chain(indexed.iter().map(|columns| ("index", columns)))
            .chain(self.indexes.iter().map(|index| ("index", &index.include)));
        for (what, columns) in lists {
            if let Some(missing) = columns.iter().find(|column| self.find_column(column).is_none()) {
                let list = columns.join(", ");
                let message =
                    format!("the {what} on `{name}.({list})` names the column `{missing}`, which is not there");
                let known: Vec<String> = self.columns.iter().map(|column| format!("`{}`", column.name)).collect();
                return Err(wrong(message).hint(format!("the table has {}", known.join(", "))));
            }
        }
        let mut keys = self.foreign_keys.iter();
        if let Some(key) = keys.find(|key| key.columns.len() != key.target_columns.len()) {
            let columns = key.columns.join(", ");
            let message =
                format!("the foreign key on `{name}.({columns})` does not refer to as many columns of one table");
            return Err(wrong(message));
        }
        Ok(())
    }
}

impl ForeignKey {
    /// Returns whether it refers to this table.
    pub(crate) fn refers_to(&self, table: &Table) -> bool {
        self.target_table == table.name && self.target_schema == table.schema
    }

    /// Returns the name of the table that it refers to, with its schema.
    pub(crate) fn target_name(&self) -> String {
        full_name(self.target_schema.as_deref(), &self.target_table)
    }
}

fn wrong(message: String) -> Error {
    Error::new(ErrorKind::Configuration, message)
}

/// Returns `shop.users` or `users`.
pub(crate) fn full_name(schema: Option<&str>, table: &str) -> String {
    match schema {
        Some(schema) => format!("{schema}.{table}"),
        None => table.to_owned(),
    }
}
