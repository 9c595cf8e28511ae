//! What a database has, read back as plain data: [`Inspector`].
//!
//! In: the catalogs of a database, by a number of queries that does not depend on the number of tables. Out: [`Table`]s,
//! views, sequences and types, of which [`MetaData::reflect`] makes metadata. The same file name plays the same role for
//! each database as in [`dialect`](crate::dialect).

mod cells;
mod ddl_text;
mod mysql;
mod options;
mod postgres;
mod sqlite;

pub(crate) use cells::Cells;
pub use options::Reflection;

use crate::dialect::Dialect;
use crate::engine::{Executor, Request};
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::ReferentialAction;
use crate::schema::{
    CheckConstraint, Column, Domain, EnumType, ForeignKey, Index, MetaData, Origin, PrimaryKey, Sequence, Table,
    UniqueConstraint, View, full_name, order, run, tokens::tokens,
};

/// What a database has: its tables, views, sequences, types and schemas, read at once. SQLAlchemy's `Inspector`.
///
/// It is a picture of one moment: the getters ask the database nothing. Names are as the database has them. Tables of the
/// default schema have no schema; to name one, write `schema.table`.
///
/// ```
/// # use orm_core::{Engine, schema::Inspector, text};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// text("CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(50) NOT NULL UNIQUE)").execute(&engine).await?;
/// let inspector = Inspector::of(&engine).await?;
/// assert_eq!(inspector.table_names(), ["users"]);
/// assert_eq!(inspector.columns("users")?[1].to_string(), "name string(50) not null");
/// assert_eq!(inspector.unique_constraints("users")?[0].columns, ["name"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Inspector {
    dialect: Dialect,
    default_schema: String,
    found: Found,
}

/// What the catalogs say.
#[derive(Clone, Debug, Default)]
struct Found {
    schemas: Vec<String>,
    tables: Vec<Table>,
    views: Vec<FoundView>,
    sequences: Vec<Sequence>,
    enums: Vec<EnumType>,
    domains: Vec<Domain>,
    /// Every type by schema and name.
    types: Vec<(Option<String>, String)>,
    /// Indexes that MySQL has made by itself for foreign keys, with the schemas and names of their tables.
    key_indexes: Vec<(Option<String>, String, Index)>,
    /// Tables of other servers.
    foreign: Vec<Table>,
    /// Tables of SQLite that a module makes, without those that it keeps their rows in.
    virtual_tables: Vec<Table>,
    /// Tables of this connection alone, without a schema.
    temporary: Vec<Table>,
    temporary_views: Vec<FoundView>,
}

#[derive(Clone, Debug)]
struct FoundView {
    view: View,
    columns: Vec<Column>,
}

impl Found {
    fn table(&mut self, schema: &Option<String>, name: &str) -> Option<&mut Table> {
        let mut tables = self.tables.iter_mut().chain(&mut self.foreign);
        tables.find(|table| table.schema == *schema && table.name == name)
    }

    /// Puts what is in the schema of temporary things apart.
    fn set_temporary_apart(&mut self, schema: &str) {
        let is_it = |of: &Option<String>| of.as_deref() == Some(schema);
        let (temporary, tables) = std::mem::take(&mut self.tables).into_iter().partition(|table| is_it(&table.schema));
        let (views, others) = std::mem::take(&mut self.views).into_iter().partition(|found| is_it(&found.view.schema));
        (self.tables, self.temporary) = (tables, temporary);
        (self.views, self.temporary_views) = (others, views);
        for table in &mut self.temporary {
            table.schema = None;
            table.prefixes = vec!["TEMPORARY".to_owned()];
            table
                .foreign_keys
                .iter_mut()
                .filter(|key| is_it(&key.target_schema))
                .for_each(|key| key.target_schema = None);
        }
        self.temporary_views.iter_mut().for_each(|found| found.view.schema = None);
        self.sequences.retain(|sequence| !is_it(&sequence.schema));
    }

    /// Returns the columns of a table or a view.
    fn columns(&mut self, schema: &Option<String>, name: &str) -> Option<&mut Vec<Column>> {
        let mut tables = self.tables.iter_mut().chain(&mut self.foreign).chain(&mut self.virtual_tables);
        if let Some(table) = tables.find(|table| table.schema == *schema && table.name == name) {
            return Some(&mut table.columns);
        }
        let mut views = self.views.iter_mut();
        let found = views.find(|found| found.view.schema == *schema && found.view.name == name);
        found.map(|found| &mut found.columns)
    }
}

impl Inspector {
    /// Reads what the default schema has: that in which tables without a schema are created.
    ///
    /// # Errors
    ///
    /// Fails when the catalogs cannot be read.
    pub fn of<E: Executor>(db: E) -> impl Future<Output = Result<Inspector>> + Send {
        Inspector::of_schemas(db, &[])
    }

    /// Reads what the default schema and these have; of SQLite, attached databases.
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of); a schema that does not exist has nothing.
    pub fn of_schemas<E: Executor>(db: E, schemas: &[&str]) -> impl Future<Output = Result<Inspector>> + Send + use<E> {
        let schemas: Vec<String> = schemas.iter().map(|schema| (*schema).to_owned()).collect();
        let mut catalog = Catalog::through(db);
        async move {
            let dialect = run::dialect(&mut catalog.db);
            let (default_schema, mut found) = match dialect {
                Dialect::Sqlite => sqlite::read(&mut catalog, &schemas).await?,
                Dialect::Postgres => postgres::read(&mut catalog, &schemas).await?,
                Dialect::MySql | Dialect::MariaDb => mysql::read(&mut catalog, &schemas, dialect).await?,
            };
            found.tables.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
            Ok(Inspector { dialect, default_schema, found })
        }
    }

    /// Returns which kind of database it is.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Returns the name of the schema in which tables without a schema are.
    pub fn default_schema(&self) -> &str {
        &self.default_schema
    }

    /// Returns the names of all schemas but those of the system, whether they were read or not.
    pub fn schema_names(&self) -> Vec<&str> {
        self.found.schemas.iter().map(String::as_str).collect()
    }

    /// Returns the names of the tables, sorted; those outside the default schema with theirs.
    pub fn table_names(&self) -> Vec<String> {
        self.found.tables.iter().map(Table::full_name).collect()
    }

    /// Returns the names of the views that are no materialized ones.
    pub fn view_names(&self) -> Vec<String> {
        self.views(false)
    }

    /// Returns the names of the materialized views, of PostgreSQL.
    pub fn materialized_view_names(&self) -> Vec<String> {
        self.views(true)
    }

    /// Returns the names of the temporary tables of the connection, of SQLite and PostgreSQL. [`table`](Self::table) and its
    /// kin find them where no other table has the name; metadata has none of them.
    pub fn temp_table_names(&self) -> Vec<&str> {
        self.found.temporary.iter().map(|table| table.name.as_str()).collect()
    }

    /// Returns the names of the temporary views of the connection, of SQLite and PostgreSQL.
    pub fn temp_view_names(&self) -> Vec<&str> {
        self.found.temporary_views.iter().map(|found| found.view.name.as_str()).collect()
    }

    /// Returns the names of the foreign tables of PostgreSQL, whose rows another server has. As with temporary tables,
    /// [`table`](Self::table) finds them, and metadata has none of them.
    pub fn foreign_table_names(&self) -> Vec<String> {
        self.found.foreign.iter().map(Table::full_name).collect()
    }

    /// Returns the names of the virtual tables of SQLite, which a module such as `fts5` makes, without the tables that it keeps
    /// their rows in. As with foreign tables, [`table`](Self::table) finds them, and metadata has none of them.
    ///
    /// ```
    /// # use orm_core::{Engine, schema::Inspector, text};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// text("CREATE VIRTUAL TABLE places USING rtree (id, x1, x2)").execute(&engine).await?;
    /// let inspector = Inspector::of(&engine).await?;
    /// assert_eq!(inspector.virtual_table_names(), ["places"]);
    /// assert!(inspector.table_names().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn virtual_table_names(&self) -> Vec<String> {
        self.found.virtual_tables.iter().map(Table::full_name).collect()
    }

    fn views(&self, is_materialized: bool) -> Vec<String> {
        let views = self.found.views.iter().map(|found| &found.view);
        let views = views.filter(|view| view.is_materialized == is_materialized);
        views.map(|view| full_name(view.schema.as_deref(), &view.name)).collect()
    }

    /// Returns the sequences, without those that do nothing but count the column that owns them.
    pub fn sequences(&self) -> &[Sequence] {
        &self.found.sequences
    }

    /// Returns the names of the sequences, as [`sequences`](Self::sequences) has them.
    pub fn sequence_names(&self) -> Vec<String> {
        self.found.sequences.iter().map(|of| full_name(of.schema.as_deref(), &of.name)).collect()
    }

    /// Returns the domains, of PostgreSQL.
    pub fn domains(&self) -> &[Domain] {
        &self.found.domains
    }

    /// Returns whether PostgreSQL has a type of this name beside its own: of labels, a domain, a range, or of several fields.
    pub fn has_type(&self, name: &str) -> bool {
        self.found.types.iter().any(|(schema, of)| full_name(schema.as_deref(), of) == name)
    }

    /// Returns the types of labels, of PostgreSQL.
    pub fn enums(&self) -> &[EnumType] {
        &self.found.enums
    }

    /// Returns all tables.
    pub fn tables(&self) -> &[Table] {
        &self.found.tables
    }

    /// Returns the names of the tables such that each comes after those that it refers to, and then the foreign keys of
    /// cycles, as table and name, which are to be added last.
    ///
    /// ```
    /// # use orm_core::{Engine, schema::Inspector, text};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// text("CREATE TABLE users (id INTEGER PRIMARY KEY)").execute(&engine).await?;
    /// text("CREATE TABLE orders (user_id INTEGER REFERENCES users (id))").execute(&engine).await?;
    /// let inspector = Inspector::of(&engine).await?;
    /// assert_eq!(inspector.table_names(), ["orders", "users"]);
    /// assert_eq!(inspector.sorted_table_names().0, ["users", "orders"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn sorted_table_names(&self) -> (Vec<String>, Vec<(String, Option<String>)>) {
        let mut sorted = order::sorted(self.found.tables.clone());
        let late = order::take_out(&mut sorted.tables, &sorted.forward);
        let late = late.into_iter().map(|(table, key)| (sorted.tables[table].full_name(), key.name)).collect();
        (sorted.tables.iter().map(Table::full_name).collect(), late)
    }

    /// Returns whether there is such a table, also a temporary or a foreign one.
    pub fn has_table(&self, name: &str) -> bool {
        self.table(name).is_ok()
    }

    /// Returns whether there is such a view, materialized or not.
    pub(crate) fn has_view(&self, schema: &Option<String>, name: &str) -> bool {
        self.found.views.iter().any(|found| found.view.schema == *schema && found.view.name == name)
    }

    /// Returns whether a table has an index of this name.
    pub fn has_index(&self, table: &str, index: &str) -> bool {
        self.table(table).is_ok_and(|table| table.indexes.iter().any(|found| found.name.as_deref() == Some(index)))
    }

    /// Returns whether there is such a sequence.
    pub fn has_sequence(&self, name: &str) -> bool {
        self.found.sequences.iter().any(|found| full_name(found.schema.as_deref(), &found.name) == name)
    }

    /// Returns whether there is such a schema.
    pub fn has_schema(&self, name: &str) -> bool {
        self.found.schemas.iter().any(|schema| schema == name)
    }

    /// Returns a table with all that it has.
    ///
    /// # Errors
    ///
    /// Fails when there is no such table, with the names of those that there are.
    pub fn table(&self, name: &str) -> Result<&Table> {
        let Found { tables, foreign, virtual_tables, temporary, .. } = &self.found;
        let found =
            tables.iter().chain(foreign).chain(virtual_tables).chain(temporary).find(|table| table.full_name() == name);
        found.ok_or_else(|| self.no_such("table", name, &self.table_names()))
    }

    /// Returns the columns of a table or a view, in order.
    ///
    /// # Errors
    ///
    /// Fails when there is neither.
    pub fn columns(&self, name: &str) -> Result<&[Column]> {
        let mut views = self.found.views.iter().chain(&self.found.temporary_views);
        match views.find(|found| full_name(found.view.schema.as_deref(), &found.view.name) == name) {
            Some(found) => Ok(&found.columns),
            None => Ok(&self.table(name)?.columns),
        }
    }

    /// Returns the primary key of a table, which may have no columns.
    ///
    /// # Errors
    ///
    /// Fails when there is no such table.
    pub fn primary_key(&self, table: &str) -> Result<&PrimaryKey> {
        Ok(&self.table(table)?.primary_key)
    }

    /// Returns the foreign keys of a table.
    ///
    /// # Errors
    ///
    /// Fails when there is no such table.
    pub fn foreign_keys(&self, table: &str) -> Result<&[ForeignKey]> {
        Ok(&self.table(table)?.foreign_keys)
    }

    /// Returns the indexes of a table, but for those that belong to a constraint.
    ///
    /// # Errors
    ///
    /// Fails when there is no such table.
    pub fn indexes(&self, table: &str) -> Result<&[Index]> {
        Ok(&self.table(table)?.indexes)
    }

    /// Returns the unique constraints of a table; MySQL's unique indexes are such.
    ///
    /// # Errors
    ///
    /// Fails when there is no such table.
    pub fn unique_constraints(&self, table: &str) -> Result<&[UniqueConstraint]> {
        Ok(&self.table(table)?.uniques)
    }

    /// Returns the check constraints of a table, as SQL in the words of the database.
    ///
    /// # Errors
    ///
    /// Fails when there is no such table.
    pub fn check_constraints(&self, table: &str) -> Result<&[CheckConstraint]> {
        Ok(&self.table(table)?.checks)
    }

    /// Returns the comment on a table.
    ///
    /// # Errors
    ///
    /// Fails when there is no such table.
    pub fn table_comment(&self, table: &str) -> Result<Option<&str>> {
        Ok(self.table(table)?.comment.as_deref())
    }

    /// Returns the options of a table, such as `("mysql_engine", "InnoDB")`.
    ///
    /// # Errors
    ///
    /// Fails when there is no such table.
    pub fn table_options(&self, table: &str) -> Result<&[(String, String)]> {
        Ok(&self.table(table)?.options)
    }

    /// Returns the query of a view, in the words of the database.
    ///
    /// # Errors
    ///
    /// Fails when there is no such view.
    pub fn view_definition(&self, name: &str) -> Result<&str> {
        let mut views = self.found.views.iter().chain(&self.found.temporary_views).map(|found| &found.view);
        match views.find(|view| full_name(view.schema.as_deref(), &view.name) == name) {
            Some(view) => Ok(&view.sql),
            None => Err(self.no_such("view", name, &self.view_names())),
        }
    }

    /// Makes metadata of the tables, sequences, domains and views.
    pub fn into_metadata(self) -> MetaData {
        let Found { tables, views, sequences, enums, domains, key_indexes, .. } = self.found;
        let views = views.into_iter().map(|found| found.view).collect();
        let origin = Origin { dialect: self.dialect, default_schema: self.default_schema, enums, key_indexes };
        let metadata = MetaData::of_parts(tables, sequences, views).read_from(origin);
        domains.into_iter().fold(metadata, MetaData::domain)
    }

    #[cold]
    fn no_such(&self, what: &str, name: &str, names: &[String]) -> Error {
        let message = format!("there is no {what} `{name}` in schema `{}`", self.default_schema);
        let error = Error::new(ErrorKind::InvalidRequest, message);
        if names.is_empty() {
            return error;
        }
        let shown: Vec<&str> = names.iter().map(String::as_str).take(20).collect();
        error.hint(format!("there are `{}`", shown.join("`, `")))
    }
}

impl MetaData {
    /// Reads the tables, sequences and views of the default schema; equal to the metadata that created them, as far as the
    /// database can tell. Compare by [`diff`](Self::diff).
    ///
    /// ```
    /// # use orm_core::{Engine, MetaData, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "users")]
    /// # struct User { #[orm(primary_key)] id: i64, #[orm(length = 50, unique)] name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// metadata![User].create_all(&engine).await?;
    /// let found = MetaData::reflect(&engine).await?;
    /// assert_eq!(found.tables()?[0].uniques[0].name.as_deref(), Some("uq_users_name"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when the catalogs cannot be read.
    pub fn reflect<E: Executor>(db: E) -> impl Future<Output = Result<MetaData>> + Send {
        MetaData::reflect_schemas(db, &[])
    }

    /// Reads the default schema and these as well.
    ///
    /// # Errors
    ///
    /// As [`reflect`](Self::reflect).
    pub fn reflect_schemas<E: Executor>(
        db: E,
        schemas: &[&str],
    ) -> impl Future<Output = Result<MetaData>> + Send + use<E> {
        let reading = Inspector::of_schemas(db, schemas);
        async move { Ok(reading.await?.into_metadata()) }
    }
}

/// What the catalogs are read through.
pub(crate) struct Catalog<E> {
    db: E,
}

impl<E: Executor> Catalog<E> {
    pub(crate) fn through(db: E) -> Self {
        Catalog { db }
    }

    /// Runs a query and takes its rows as texts.
    pub(crate) async fn rows(&mut self, sql: String) -> Result<Vec<Cells>> {
        let request = Request::new(vec![run::statement(sql)], Vec::new());
        self.db.again().__values::<Cells>(request).await
    }
}

/// Which schemas are read.
struct Context {
    default: String,
    /// All of them, as literals.
    wanted: String,
    dialect: Dialect,
}

impl Context {
    /// Finds the schemas of the database by a query of names, each with whether it is the default one.
    async fn of<E: Executor>(
        catalog: &mut Catalog<E>,
        dialect: Dialect,
        schemas: &[String],
        sql: &str,
        found: &mut Found,
    ) -> Result<Context> {
        let mut default = if dialect == Dialect::Postgres { "public".to_owned() } else { String::new() };
        for mut row in catalog.rows(sql.to_owned()).await? {
            let name = row.text();
            if row.flag() {
                default.clone_from(&name);
            }
            found.schemas.push(name);
        }
        let read: Vec<String> = schemas.iter().chain([&default]).cloned().collect();
        Ok(Context { wanted: literals(&read), default, dialect })
    }

    /// Returns the schema of the next column, of which the default one is none.
    fn schema(&self, row: &mut Cells) -> Option<String> {
        row.option().filter(|schema| *schema != self.default)
    }
}

/// Reads what a foreign key does, in the words of SQL.
fn action(words: &str) -> Option<ReferentialAction> {
    match words {
        "CASCADE" => Some(ReferentialAction::Cascade),
        "SET NULL" => Some(ReferentialAction::SetNull),
        "SET DEFAULT" => Some(ReferentialAction::SetDefault),
        "RESTRICT" => Some(ReferentialAction::Restrict),
        // What there is when nothing is said.
        _ => None,
    }
}

/// Returns the schema, if there is one, and the name in `schema.name`.
fn names_of(written: &str) -> Option<(Option<String>, String)> {
    let mut names = tokens(written).into_iter().filter(|token| token.text != ".").map(|token| token.name()).rev();
    let name = names.next()?;
    Some((names.next(), name))
}

/// Writes texts as a list of literals.
pub(crate) fn literals(texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| format!("'{}'", text.replace('\'', "''"))).collect();
    quoted.join(", ")
}
