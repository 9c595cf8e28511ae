//! [`MetaData`]: tables and what goes with them, created and dropped in the order of their foreign keys.
//!
//! In: mappers, and tables made by hand. Out: statements for an executor, or their text.

use std::collections::HashSet;

use super::creation::{self, Creation, Thing};
use super::order::{self, Sorted};
use super::table::full_name;
use super::{Domain, EnumType, ForeignKey, Index, NamingConvention, Sequence, Table, View, copy, model, naming, run};
use crate::compile::ddl::Ddl;
use crate::dialect::Dialect;
use crate::engine::{Exec, Executor, SchemaMap};
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Definition, Mapper, Registered};
use crate::types::ColumnType;

/// Several tables that are created together, with the sequences and views that go with them. SQLAlchemy's `MetaData`.
///
/// [`global`](Self::global) has every derived model of the program; [`metadata!`](crate::metadata) those that it names;
/// [`new`](Self::new) what is added by hand; [`reflect`](Self::reflect) what a database has. Models and hand-made tables
/// can be mixed. Two are equal when they have equal tables, sequences, domains and views.
///
/// ```standalone_crate
/// # use orm_core::{Engine, MetaData, metadata};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String,
/// #     #[orm(back_populates = user)] addresses: HasMany<Address> }
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Address { #[orm(primary_key)] id: i64, email: String,
/// #     #[orm(foreign_key = User.id)] user_id: Option<i64>,
/// #     #[orm(back_populates = addresses)] user: BelongsTo<User> }
/// # use orm_core::{BelongsTo, HasMany};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// let all: &MetaData = MetaData::global();
/// assert_eq!(all.tables()?.len(), 2); // every derived model of this program
/// all.create_all(&engine).await?;
///
/// let some: MetaData = metadata![Address, User];
/// let names: Vec<String> = some.sorted_tables()?.into_iter().map(|table| table.name).collect();
/// assert_eq!(names, ["user", "address"]); // those first that others refer to
/// some.drop_all(&engine).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MetaData {
    models: Models,
    tables: Vec<Table>,
    sequences: Vec<Sequence>,
    domains: Vec<Domain>,
    views: Vec<View>,
    convention: NamingConvention,
    schema: Option<String>,
    origin: Option<Origin>,
    /// Under which schemas all of it is.
    translated: Option<SchemaMap>,
}

/// Where metadata was read.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) dialect: Dialect,
    pub(crate) default_schema: String,
    /// The types of labels, whether a column has them or not.
    pub(crate) enums: Vec<EnumType>,
    /// Indexes that MySQL has made by itself for foreign keys, with the schemas and names of their tables.
    pub(crate) key_indexes: Vec<(Option<String>, String, Index)>,
}

/// Which models' tables it has.
#[derive(Clone, Debug)]
enum Models {
    /// Those of the program.
    All,
    /// These, in the order that they were given.
    Some(Vec<&'static Mapper>),
}

impl Models {
    fn mappers(&self) -> Vec<&'static Mapper> {
        match self {
            Models::All => Registered::mappers(),
            Models::Some(mappers) => mappers.clone(),
        }
    }
}

static GLOBAL: MetaData = MetaData {
    models: Models::All,
    tables: Vec::new(),
    sequences: Vec::new(),
    domains: Vec::new(),
    views: Vec::new(),
    convention: NamingConvention::DEFAULT,
    schema: None,
    origin: None,
    translated: None,
};

impl Default for MetaData {
    fn default() -> Self {
        MetaData::EMPTY
    }
}

impl PartialEq for MetaData {
    fn eq(&self, other: &Self) -> bool {
        let (Ok(tables), Ok(others)) = (self.tables(), other.tables()) else { return false };
        let beside = |of: &MetaData| (of.sequences.clone(), of.domains.clone(), of.views.clone());
        tables == others && beside(self) == beside(other)
    }
}

impl MetaData {
    const EMPTY: MetaData = MetaData {
        models: Models::Some(Vec::new()),
        tables: Vec::new(),
        sequences: Vec::new(),
        domains: Vec::new(),
        views: Vec::new(),
        convention: NamingConvention::DEFAULT,
        schema: None,
        origin: None,
        translated: None,
    };

    /// No tables yet.
    ///
    /// ```
    /// # use orm_core::{ColumnType, Engine, MetaData, schema::{Column, ForeignKey, Table}};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// let id = || Column::new("id", ColumnType::BigInteger).generated();
    /// let users = Table::new("users").column(id()).primary_key(["id"]);
    /// let addresses = Table::new("addresses")
    ///     .column(id())
    ///     .column(Column::new("user_id", ColumnType::BigInteger))
    ///     .primary_key(["id"])
    ///     .foreign_key(ForeignKey::new(["user_id"], "users", ["id"]));
    /// let metadata = MetaData::new().table(addresses).table(users);
    /// metadata.create_all(&engine).await?;
    /// assert_eq!(metadata.sorted_tables()?[0].name, "users");
    /// # Ok(())
    /// # }
    /// ```
    pub fn new() -> Self {
        MetaData::EMPTY
    }

    /// Adds a table.
    #[must_use]
    pub fn table(mut self, table: Table) -> Self {
        self.tables.push(self.in_schema(table));
        self
    }

    /// Adds a sequence, which is created before the tables.
    #[must_use]
    pub fn sequence(mut self, sequence: Sequence) -> Self {
        let schema = self.schema_of(sequence.schema);
        self.sequences.push(Sequence { schema, ..sequence });
        self
    }

    /// Adds a domain, which PostgreSQL creates before the tables; other databases have the type beneath.
    #[must_use]
    pub fn domain(mut self, domain: Domain) -> Self {
        let schema = self.schema_of(domain.schema);
        let mut domain = Domain { schema, ..domain };
        if let Some(schemas) = &self.translated {
            schemas.translate_type(&mut domain.base);
        }
        self.domains.push(domain);
        self
    }

    /// Adds a view, which is created after the tables.
    #[must_use]
    pub fn view(mut self, view: View) -> Self {
        let schema = self.schema_of(view.schema);
        self.views.push(View { schema, ..view });
        self
    }

    /// Takes a table out, by its name with its schema, if it has one: one that was added or read, or that of a model.
    /// Returns whether it was there.
    ///
    /// ```
    /// # use orm_core::{ColumnType, MetaData, schema::{Column, Table}};
    /// let word = |name: &str| Table::new(name).column(Column::new("word", ColumnType::Text));
    /// let mut metadata = MetaData::new().table(word("nouns")).table(word("verbs"));
    /// assert!(metadata.remove("verbs"));
    /// assert!(!metadata.remove("verbs"));
    /// assert_eq!(metadata.tables()?.len(), 1);
    /// metadata.clear();
    /// assert!(metadata.tables()?.is_empty());
    /// # Ok::<(), orm_core::Error>(())
    /// ```
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.tables.len();
        self.tables.retain(|table| table.full_name() != name);
        let mut is_removed = self.tables.len() < before;
        // An association table without a model of its own goes with the models that it lies between.
        let mut mappers = self.models.mappers();
        let before = mappers.len();
        mappers.retain(|mapper| full_name(mapper.definition().schema, mapper.definition().table) != name);
        if mappers.len() < before {
            self.models = Models::Some(mappers);
            is_removed = true;
        }
        is_removed
    }

    /// Takes everything out: tables, sequences, domains and views. The naming convention and the schema stay.
    pub fn clear(&mut self) {
        let (convention, schema) = (std::mem::take(&mut self.convention), self.schema.take());
        *self = MetaData { convention, schema, ..MetaData::EMPTY };
    }

    /// Says how constraints and indexes are called that have no name of their own.
    #[must_use]
    pub fn naming_convention(self, convention: NamingConvention) -> Self {
        MetaData { convention, ..self }
    }

    /// Puts what is added by hand from now on into this schema, unless it names one. Models name theirs themselves.
    #[must_use]
    pub fn schema(self, schema: impl Into<String>) -> Self {
        MetaData { schema: Some(schema.into()), ..self }
    }

    /// Returns where something stands that says this schema, or none.
    fn schema_of(&self, said: Option<String>) -> Option<String> {
        let mut schema = said.or_else(|| self.schema.clone());
        if let Some(schemas) = &self.translated {
            schemas.translate(&mut schema);
        }
        schema
    }

    fn in_schema(&self, mut table: Table) -> Table {
        if let (Some(schema), None) = (&self.schema, &table.schema) {
            table.schema = Some(schema.clone());
            for key in &mut table.foreign_keys {
                key.target_schema.get_or_insert_with(|| schema.clone());
            }
            for column in &mut table.columns {
                if let ColumnType::Enum { schema: of @ None, .. } | ColumnType::Domain { schema: of @ None, .. } =
                    column.column_type.element_mut()
                {
                    *of = Some(schema.clone().into());
                }
            }
        }
        table
    }

    /// Puts all of it, and what is added later, into the schemas where it is for an engine with such
    /// [options](crate::ExecutionOptions::schema_translate_map). It is to be said once.
    ///
    /// It is for [`diff`](Self::diff), which knows no engine. [`check`](Self::check), [`create_all`](Self::create_all) and
    /// [`drop_all`](Self::drop_all) take the map of the engine, unless this has one.
    ///
    /// ```
    /// # use orm_core::{Engine, MetaData, PoolClass, metadata, text};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "users", metadata = none)]
    /// # struct User { #[orm(primary_key)] id: i64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// let engine = Engine::builder("sqlite::memory:").pool_class(PoolClass::Static).build()?;
    /// text("ATTACH ':memory:' AS tenant_7").execute(&engine).await?;
    /// let wanted = metadata![User].schema_translate_map([(None, "tenant_7")]);
    /// let diff = wanted.diff(&MetaData::reflect_schemas(&engine, &["tenant_7"]).await?)?;
    /// assert_eq!(diff.to_string(), "create table `tenant_7.users`");
    /// diff.execute(&engine).await?;
    /// wanted.check(&engine).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn schema_translate_map<'a, V: Into<Option<&'a str>>>(
        self,
        map: impl IntoIterator<Item = (Option<&'a str>, V)>,
    ) -> Self {
        self.translated(SchemaMap::new(map))
    }

    fn translated(mut self, schemas: SchemaMap) -> MetaData {
        self.sequences.iter_mut().for_each(|sequence| schemas.translate(&mut sequence.schema));
        self.views.iter_mut().for_each(|view| schemas.translate(&mut view.schema));
        for domain in &mut self.domains {
            schemas.translate(&mut domain.schema);
            schemas.translate_type(&mut domain.base);
        }
        MetaData { translated: Some(schemas), ..self }
    }

    /// Returns it in the schemas in which it is for an executor.
    pub(super) fn where_it_stands<E: Executor>(&self, db: &mut E) -> Result<MetaData> {
        let schemas = run::schemas(db)?.filter(|_| self.translated.is_none());
        Ok(match schemas {
            Some(schemas) => self.clone().translated(schemas),
            None => self.clone(),
        })
    }

    /// Returns whether tables without a schema are elsewhere than in the default one.
    pub(super) fn is_away(&self, home: Option<&str>) -> bool {
        let away = self.translated.as_ref().and_then(|schemas| schemas.of(None));
        away.is_some() && away != home
    }

    /// Returns the tables of every derived model of the program, but for those with `#[orm(metadata = none)]`.
    ///
    /// Nothing else asks for all models, so two models of one table only trouble those who create all tables.
    pub fn global() -> &'static MetaData {
        &GLOBAL
    }

    #[doc(hidden)]
    pub fn __of(mappers: Vec<&'static Mapper>) -> MetaData {
        MetaData { models: Models::Some(mappers), ..MetaData::EMPTY }
    }

    /// Takes tables as they stand, names included.
    pub(crate) fn of_parts(tables: Vec<Table>, sequences: Vec<Sequence>, views: Vec<View>) -> MetaData {
        MetaData { tables, sequences, views, convention: NamingConvention::NONE, ..MetaData::EMPTY }
    }

    /// Notes where it was read.
    pub(crate) fn read_from(self, origin: Origin) -> MetaData {
        MetaData { origin: Some(origin), ..self }
    }

    /// Returns where it was read, if it was.
    /// Returns the kind of database that it was read from, if it was.
    pub fn dialect(&self) -> Option<Dialect> {
        self.origin().map(|origin| origin.dialect)
    }

    pub(crate) fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// Returns the tables: of [`global`](Self::global) by name, else in the order in which the models were given; then
    /// those made by hand.
    ///
    /// # Errors
    ///
    /// Fails when two models or tables are one table, when a foreign key refers to a table or a column that is not among
    /// them, when a table has two columns of one name or a constraint names a column that is not there, and as
    /// [`Table::of`] does.
    pub fn tables(&self) -> Result<Vec<Table>> {
        // What was read is called what it is called.
        if self.origin.is_some() { self.named_tables() } else { self.told_tables() }
    }

    /// Returns the tables as they are created: what was read may be for another database, which knows a name only once.
    pub(super) fn told_tables(&self) -> Result<Vec<Table>> {
        let mut tables = self.named_tables()?;
        tell_names_apart(&mut tables);
        Ok(tables)
    }

    /// Returns the tables, of which two may have a constraint of the same name.
    pub(super) fn named_tables(&self) -> Result<Vec<Table>> {
        let mappers = self.mappers();
        let definitions: Vec<&Definition> = mappers.iter().map(|mapper| mapper.definition()).collect();
        check_models(&definitions)?;
        let of_models = definitions.iter().map(|definition| model::table(definition));
        let mut tables = of_models.collect::<Result<Vec<_>>>()?;
        tables.extend(self.tables.iter().cloned());
        check_tables(&tables, &definitions)?;
        for (position, table) in tables.iter().enumerate() {
            table.verify()?;
            // A database may refer to what was not read, and SQLite to what is not there.
            if self.origin.is_none() {
                check_targets(table, &tables, definitions.get(position).copied())?;
            }
        }
        for table in &mut tables {
            naming::name(table, &self.convention)?;
        }
        match &self.translated {
            Some(schemas) => translated(tables, schemas),
            None => Ok(tables),
        }
    }

    /// Returns the tables such that each comes after those that it refers to; otherwise they keep their order.
    ///
    /// Where tables refer to each other in a cycle, one of them comes before a table that it refers to.
    ///
    /// ```
    /// # use orm_core::metadata;
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "users", metadata = none)]
    /// # struct User { #[orm(primary_key)] id: i64 }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "addresses", metadata = none)]
    /// # struct Address { #[orm(primary_key)] id: i64, #[orm(foreign_key = User.id)] user_id: i64 }
    /// let metadata = metadata![Address, User];
    /// let names: Vec<_> = metadata.sorted_tables()?.iter().map(|table| table.name.clone()).collect();
    /// assert_eq!(names, ["users", "addresses"]);
    /// # Ok::<(), orm_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`tables`](Self::tables).
    pub fn sorted_tables(&self) -> Result<Vec<Table>> {
        Ok(self.sorted()?.tables)
    }

    /// Returns the sequences that were added.
    pub fn sequences(&self) -> &[Sequence] {
        &self.sequences
    }

    /// Returns the domains that were added.
    pub fn domains(&self) -> &[Domain] {
        &self.domains
    }

    /// Returns the views that were added.
    pub fn views(&self) -> &[View] {
        &self.views
    }

    /// Returns the types of labels that PostgreSQL has for columns of the tables, each once.
    ///
    /// # Errors
    ///
    /// As [`tables`](Self::tables), and when two columns give one type different labels.
    pub fn enum_types(&self) -> Result<Vec<EnumType>> {
        enums(&self.tables()?)
    }

    /// Creates all tables with their indexes, those first that others refer to; before them the types of labels, the domains
    /// and the sequences, after them the views. What exists is left alone.
    ///
    /// An engine does it in one transaction, and waits for others that do it at the same time, as when several programs are
    /// started; on a connection or a session it belongs to the transaction that is open. The foreign
    /// keys of a cycle are added last, where the database does not take them before the other table exists.
    ///
    /// ```
    /// # use orm_core::{Engine, Session, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// metadata![User].create_all(&engine).await?;
    /// metadata![User].create_all(&engine).await?; // what exists is left alone
    ///
    /// let mut session = Session::new(&engine);
    /// metadata![User].drop_all(&mut session).await?;
    /// session.rollback().await?; // SQLite and PostgreSQL take it back
    /// assert_eq!(session.query(User).count().await?, 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails as [`tables`](Self::tables) does, when a relationship of a model has no foreign key to follow, when a table cannot be written for the database, or when the database
    /// refuses it.
    pub fn create_all<E: Executor>(&self, mut db: E) -> impl Future<Output = Result<()>> + Send + use<E> {
        let home = run::home(&mut db);
        let ddl = Ddl::new(run::dialect(&mut db)).leaving_alone();
        let statements = self.where_it_stands(&mut db).and_then(|all| all.creating(&ddl, home.as_deref()));
        run::create(db, statements)
    }

    /// Drops all tables, those first that refer to others. Tables that do not exist are left out.
    ///
    /// ```
    /// # use orm_core::{Engine, Error, Model, Session, insert, metadata, select, text};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "users", metadata = none)]
    /// # struct User { #[orm(primary_key)] id: i64, #[orm(unique)] name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// metadata![User].drop_all(&engine).await?;
    /// assert!(select(User).all(&engine).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`create_all`](Self::create_all); when tables refer to each other in a cycle by a foreign key without a name,
    /// since only a name can be dropped; and a database refuses when rows of a table that is not among these refer to them.
    pub fn drop_all<E: Executor>(&self, mut db: E) -> impl Future<Output = Result<()>> + Send + use<E> {
        let ddl = Ddl::new(run::dialect(&mut db)).leaving_alone();
        let statements = self.where_it_stands(&mut db).and_then(|all| all.dropping(&ddl));
        let has_cycle =
            ddl.dialect() == Dialect::Sqlite && self.sorted().is_ok_and(|sorted| !sorted.forward.is_empty());
        // Within a transaction SQLite has to look at foreign keys.
        let alone = match db.again() {
            Exec::Engine(engine) if has_cycle && !engine.is_of_test() => Some(engine.clone()),
            _ => None,
        };
        async move {
            match alone {
                Some(engine) => copy::drop_unchecked(&engine, statements?).await,
                None => run::run(db, statements).await,
            }
        }
    }

    /// Returns the SQL that creates all tables, without a database: statements separated by `;` and an empty line.
    ///
    /// An error gives its text.
    ///
    /// ```
    /// # use orm_core::{Dialect, MetaData, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String,
    /// #     #[orm(back_populates = user)] addresses: HasMany<Address> }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct Address { #[orm(primary_key)] id: i64, email: String,
    /// #     #[orm(foreign_key = User.id)] user_id: Option<i64>,
    /// #     #[orm(back_populates = addresses)] user: BelongsTo<User> }
    /// # use orm_core::{BelongsTo, HasMany};
    /// let script = metadata![User, Address].to_sql(Dialect::Postgres);
    /// let statements: Vec<&str> = script.split(";\n\n").collect();
    /// assert!(statements[0].starts_with("CREATE TABLE \"user\" ("));
    /// assert!(statements[1].contains("FOREIGN KEY (user_id) REFERENCES \"user\" (id)"));
    /// ```
    pub fn to_sql(&self, dialect: Dialect) -> String {
        run::script(self.creating(&Ddl::new(dialect), None).map(creation::statements))
    }

    /// Returns the SQL that drops all tables, without a database, as [`to_sql`](Self::to_sql) does for creating them.
    pub fn to_drop_sql(&self, dialect: Dialect) -> String {
        run::script(self.dropping(&Ddl::new(dialect)))
    }

    /// Returns the mappers and those of the association tables between them that have no model, each once.
    fn mappers(&self) -> Vec<&'static Mapper> {
        let mut mappers = self.models.mappers();
        let relationships = mappers.iter().flat_map(|mapper| mapper.definition().relationships);
        let bare = relationships.filter(|relationship| relationship.is_secondary_bare);
        let associations: Vec<_> = bare.filter_map(|relationship| Some(relationship.secondary?())).collect();
        mappers.extend(associations);
        let mut known = HashSet::new();
        mappers.retain(|mapper| known.insert(mapper.id()));
        mappers
    }

    pub(super) fn creating(&self, ddl: &Ddl, home: Option<&str>) -> Result<Vec<Creation>> {
        // A relationship that cannot be joined is told now, rather than by the first query that follows it.
        for mapper in self.mappers() {
            mapper.configured()?;
        }
        let Sorted { mut tables, forward } = order::sorted(self.told_tables()?);
        tables.iter_mut().for_each(|table| table.name_home(home));
        let mut creations = creation::of_enums(ddl, &enums(&tables)?);
        for (domain, sql) in self.domains.iter().zip(ddl.create_domains(&self.domains)?) {
            creations.push(Thing::data_type(&domain.schema, &domain.name).created_by(sql));
        }
        for sequence in &self.all_sequences(&tables, ddl.dialect()) {
            creations
                .push(Thing::relation(&sequence.schema, &sequence.name).created_by(ddl.create_sequence(sequence)?));
        }
        let late = if ddl.takes_forward_references() { Vec::new() } else { order::take_out(&mut tables, &forward) };
        for table in &tables {
            creations.extend(creation::of_table(ddl, table)?);
        }
        for (table, key) in late {
            creations.extend(creation::of_late_key(ddl, &tables[table], &key)?);
        }
        for view in &self.views {
            creations.push(Thing::relation(&view.schema, &view.name).created_by(ddl.create_view(view)?));
        }
        Ok(creations)
    }

    pub(super) fn dropping(&self, ddl: &Ddl) -> Result<Vec<String>> {
        let Sorted { mut tables, forward } = self.sorted()?;
        let types = enums(&tables)?;
        let mut statements: Vec<String> = self.views.iter().rev().map(|view| ddl.drop_view(view)).collect();
        if ddl.takes_forward_references() {
            statements.extend((!forward.is_empty()).then(Ddl::defer_foreign_keys));
        } else {
            let late = order::take_out(&mut tables, &forward);
            if late.iter().any(|(_, key)| key.name.is_none()) {
                return Err(unnamed_cycle(&tables, &late));
            }
            for (table, key) in &late {
                let names = key.name.iter();
                statements.extend(names.flat_map(|name| ddl.drop_late_foreign_key(&tables[*table], name)));
            }
        }
        statements.extend(tables.iter().rev().map(|table| ddl.drop(table)));
        for sequence in self.all_sequences(&tables, ddl.dialect()).iter().rev() {
            statements.push(ddl.drop_sequence(sequence)?);
        }
        statements.extend(ddl.drop_domains(&self.domains));
        statements.extend(ddl.drop_enums(&types));
        Ok(statements)
    }

    /// Returns the sequences that were added, and those that columns name besides, where the database has such.
    pub(super) fn all_sequences(&self, tables: &[Table], dialect: Dialect) -> Vec<Sequence> {
        let mut all = self.sequences.clone();
        if !matches!(dialect, Dialect::Postgres | Dialect::MariaDb) {
            return all;
        }
        for column in tables.iter().flat_map(|table| &table.columns) {
            let Some(name) = &column.sequence else { continue };
            if !all.iter().any(|known| known.name == *name) {
                all.push(Sequence { schema: column.sequence_schema.clone(), ..Sequence::new(name.clone()) });
            }
        }
        all
    }

    fn sorted(&self) -> Result<Sorted> {
        Ok(order::sorted(self.tables()?))
    }
}

/// Puts tables into the schemas where they are.
fn translated(mut tables: Vec<Table>, schemas: &SchemaMap) -> Result<Vec<Table>> {
    schemas.check()?;
    let names: Vec<String> = tables.iter().map(Table::full_name).collect();
    tables.iter_mut().for_each(|table| table.translate(schemas));
    for (position, second) in tables.iter().enumerate() {
        let mut first = tables[..position].iter();
        if let Some(first) = first.position(|first| (&first.schema, &first.name) == (&second.schema, &second.name)) {
            let (name, one, other) = (second.full_name(), &names[first], &names[position]);
            let message = format!("`schema_translate_map` makes the tables `{one}` and `{other}` one table, `{name}`");
            return Err(Error::new(ErrorKind::Configuration, message));
        }
    }
    Ok(tables)
}

/// Collects the native types of labels of some tables, each once.
pub(super) fn enums(tables: &[Table]) -> Result<Vec<EnumType>> {
    let mut types: Vec<(EnumType, String)> = Vec::new();
    for table in tables {
        for column in &table.columns {
            let ColumnType::Enum { schema, name, labels, is_native: true, .. } =
                column.type_on(Dialect::Postgres).element()
            else {
                continue;
            };
            // What is read from MySQL has none: there a type is its labels.
            if name.is_empty() {
                continue;
            }
            let labels = labels.iter().map(|label| label.clone().into_owned()).collect();
            let schema = schema.as_ref().map(|schema| schema.clone().into_owned());
            let found = EnumType { schema, name: name.clone().into_owned(), labels };
            let place = format!("{}.{}", table.full_name(), column.name);
            match types.iter().find(|(known, _)| (&known.schema, &known.name) == (&found.schema, &found.name)) {
                None => types.push((found, place)),
                Some((known, _)) if known.labels == found.labels => {}
                Some((known, first)) => {
                    let message = format!(
                        "the type `{}` has the labels `{}` for column `{first}` and `{}` for column `{place}`",
                        full_name(known.schema.as_deref(), &known.name),
                        known.labels.join("`, `"),
                        found.labels.join("`, `")
                    );
                    return Err(Error::new(ErrorKind::Configuration, message).hint("name one of the types otherwise"));
                }
            }
        }
    }
    Ok(types.into_iter().map(|(found, _)| found).collect())
}

#[cold]
fn unnamed_cycle(tables: &[Table], late: &[(usize, ForeignKey)]) -> Error {
    let mut names: Vec<String> = Vec::new();
    for (table, key) in late {
        names.extend([tables[*table].full_name(), key.target_name()]);
    }
    names.sort();
    names.dedup();
    let keys = late.iter().filter(|(_, key)| key.name.is_none());
    let keys: Vec<String> =
        keys.map(|(table, key)| format!("`{}.({})`", tables[*table].full_name(), key.columns.join(", "))).collect();
    let message =
        format!("the tables `{}` refer to each other, so they cannot be sorted to be dropped", names.join("`, `"));
    let hint = format!("give the foreign key on {} a name, by which it can be dropped first", keys.join(", "));
    Error::new(ErrorKind::Configuration, message).hint(hint)
}

/// Refuses two models of one table.
fn check_models(definitions: &[&Definition]) -> Result<()> {
    for (position, second) in definitions.iter().enumerate() {
        let mut first = definitions[..position].iter();
        if let Some(first) = first.find(|first| (first.schema, first.table) == (second.schema, second.table)) {
            let place = |location: (&str, u32)| format!("{}:{}", location.0, location.1);
            let message = format!(
                "two models have the table `{}`: `{}` at {} and `{}` at {}",
                full_name(first.schema, first.table),
                first.name,
                place(first.location),
                second.name,
                place(second.location)
            );
            let hint = "name the models that are wanted by `metadata![…]`, or leave one out of `MetaData::global()` by \
                        `#[orm(metadata = none)]`";
            return Err(Error::new(ErrorKind::Configuration, message).hint(hint));
        }
    }
    Ok(())
}

/// Refuses a table that is there twice.
fn check_tables(tables: &[Table], definitions: &[&Definition]) -> Result<()> {
    for (position, second) in tables.iter().enumerate() {
        let mut first = tables[..position].iter();
        let Some(first) = first.position(|first| (&first.schema, &first.name) == (&second.schema, &second.name)) else {
            continue;
        };
        let message = format!("the table `{}` is given twice", second.full_name());
        let message = match definitions.get(first) {
            None => message,
            Some(model) => {
                // A table between two models has no model, and is called by its own name.
                let is_association = model.name == model.table;
                let of = if is_association {
                    "`secondary(…)` of the model"
                } else {
                    &*format!("the model `{}`", model.name)
                };
                format!("{message}: by {of} at {}:{} and by hand", model.location.0, model.location.1)
            }
        };
        return Err(Error::new(ErrorKind::Configuration, message));
    }
    Ok(())
}

/// Refuses a foreign key to a table or to columns that are not there.
fn check_targets(table: &Table, tables: &[Table], model: Option<&Definition>) -> Result<()> {
    for key in &table.foreign_keys {
        let place = format!("the foreign key on column `{}.{}`", table.full_name(), key.columns.join(", "));
        let target = key.target_name();
        let Some(found) = tables.iter().find(|table| key.refers_to(table)) else {
            let message = format!("{place} refers to the table `{target}`, which is not among these tables");
            let hint = match model {
                Some(model) => format!("add `{}` to `metadata![…]`", target_model(model, key)),
                None => format!("add it by `.table(Table::new(\"{}\")…)`", key.target_table),
            };
            return Err(Error::new(ErrorKind::Configuration, message).hint(hint));
        };
        if let Some(column) = key.target_columns.iter().find(|column| found.find_column(column).is_none()) {
            let message = format!("{place} refers to the column `{target}.{column}`, which is not there");
            let known: Vec<String> = found.columns.iter().map(|column| format!("`{}`", column.name)).collect();
            return Err(
                Error::new(ErrorKind::Configuration, message).hint(format!("the table has {}", known.join(", ")))
            );
        }
    }
    Ok(())
}

/// Returns the name of the model that a foreign key refers to.
fn target_model(definition: &Definition, key: &ForeignKey) -> &'static str {
    let single = definition.columns.iter().filter_map(|column| column.foreign_key).map(|key| (key.target)());
    let several = definition.foreign_keys.iter().flat_map(|group| (group.targets)());
    let mut models = single.chain(several).map(|target| target.mapper.definition());
    let is_target = |definition: &&Definition| {
        definition.table == key.target_table && definition.schema == key.target_schema.as_deref()
    };
    models.find(is_target).map_or("the model", |definition| definition.name)
}

/// Gives names that two constraints or indexes of a schema share a hash, since a database may know only one of them.
fn tell_names_apart(tables: &mut [Table]) {
    let mut known = HashSet::new();
    for Table { schema, name: table, uniques, foreign_keys, indexes, .. } in tables {
        let uniques = uniques.iter_mut().map(|unique| (&mut unique.name, unique.columns.clone()));
        let foreign_keys = foreign_keys.iter_mut().map(|key| (&mut key.name, key.columns.clone()));
        let indexes = indexes.iter_mut().map(|index| {
            let columns = index.column_names();
            (&mut index.name, columns)
        });
        for (name, columns) in uniques.chain(foreign_keys).chain(indexes) {
            let Some(name) = name else { continue };
            let plain = name.clone();
            let mut parts = vec![table.clone()];
            parts.extend(columns);
            let mut count = 1;
            while !known.insert((schema.clone(), name.clone())) {
                *name = naming::apart(&plain, &parts);
                // Several over the same columns are counted: by condition, expression or order alone they differ too.
                count += 1;
                parts.push(count.to_string());
            }
        }
    }
}

/// Leaves names that were told apart as they are in the table that is there, where the database knows them by their tables.
pub(super) fn keep_names(told: &mut Table, named: &Table, found: &Table, dialect: Dialect) {
    let is_mysql = matches!(dialect, Dialect::MySql | Dialect::MariaDb);
    // What is there under the name may be another of the same table, which bears it rightly.
    let uniques = told.uniques.iter().map(|unique| &unique.name);
    let indexes = told.indexes.iter().map(|index| &index.name);
    let keys = told.foreign_keys.iter().map(|key| &key.name);
    let own: Vec<Option<String>> = uniques.chain(indexes).chain(keys).cloned().collect();
    let keep = |told: &mut Option<String>, named: &Option<String>| {
        let is_it = |name: &Option<String>| name == named;
        let is_known = found.uniques.iter().any(|unique| is_it(&unique.name))
            || found.indexes.iter().any(|index| is_it(&index.name))
            || found.foreign_keys.iter().any(|key| is_it(&key.name));
        if told != named && named.is_some() && is_known && !own.contains(named) {
            told.clone_from(named);
        }
    };
    if dialect != Dialect::Postgres {
        told.uniques.iter_mut().zip(&named.uniques).for_each(|(told, named)| keep(&mut told.name, &named.name));
    }
    if is_mysql {
        told.indexes.iter_mut().zip(&named.indexes).for_each(|(told, named)| keep(&mut told.name, &named.name));
    } else {
        told.foreign_keys
            .iter_mut()
            .zip(&named.foreign_keys)
            .for_each(|(told, named)| keep(&mut told.name, &named.name));
    }
}
