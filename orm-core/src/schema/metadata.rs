//! [`MetaData`]: the tables of several models, created and dropped in the order of their foreign keys.
//!
//! In: mappers. Out: statements for an executor, or their text.

use std::collections::HashSet;

use super::table::full_name;
use super::{ForeignKey, Table, naming};
use crate::compile::ddl::Ddl;
use crate::dialect::Dialect;
use crate::engine::{Exec, Executor};
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Mapper, Registered};
use crate::sql::{Statement, TextNode, TextPart};

/// Several tables that are created together. SQLAlchemy's `MetaData`.
///
/// [`global`](Self::global) has every derived model of the program; [`metadata!`](crate::metadata) those that it names.
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
    /// The models, in the order that they were given; `None` is every model of the program.
    mappers: Option<Vec<&'static Mapper>>,
}

static GLOBAL: MetaData = MetaData { mappers: None };

/// Tables such that each comes after those that it refers to, but for the foreign keys of cycles.
struct Sorted {
    tables: Vec<Table>,
    /// The foreign keys that refer to a table further on, by the positions of the table and the key.
    forward: Vec<(usize, usize)>,
}

impl MetaData {
    /// Returns the tables of every derived model of the program, but for those with `#[orm(metadata = none)]`.
    ///
    /// Nothing else asks for all models, so two models of one table only trouble those who create all tables.
    pub fn global() -> &'static MetaData {
        &GLOBAL
    }

    #[doc(hidden)]
    pub fn __of(mappers: Vec<&'static Mapper>) -> MetaData {
        MetaData { mappers: Some(mappers) }
    }

    /// Returns the tables: of [`global`](Self::global) by name, else in the order in which the models were given.
    ///
    /// # Errors
    ///
    /// Fails when two models have one table, when a foreign key refers to a table that is not among them, and as
    /// [`Table::of`] does.
    pub fn tables(&self) -> Result<Vec<Table>> {
        let mappers = self.mappers();
        check_tables(&mappers)?;
        let mut tables = mappers.iter().map(|mapper| Table::of(mapper)).collect::<Result<Vec<_>>>()?;
        for (mapper, table) in mappers.iter().zip(&tables) {
            check_targets(mapper, table, &tables)?;
        }
        tell_names_apart(&mut tables);
        Ok(tables)
    }

    /// Returns the tables such that each comes after those that it refers to; otherwise they keep their order.
    ///
    /// Where tables refer to each other in a cycle, one of them comes before a table that it refers to.
    ///
    /// # Errors
    ///
    /// As [`tables`](Self::tables).
    pub fn sorted_tables(&self) -> Result<Vec<Table>> {
        Ok(self.sorted()?.tables)
    }

    /// Creates all tables with their indexes, those first that others refer to. Tables that exist are left alone.
    ///
    /// An engine does it in one transaction; on a connection or a session it belongs to the one that is open. The foreign
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
    /// Fails as [`tables`](Self::tables) does, when a table cannot be written for the database, or when the database
    /// refuses it.
    pub fn create_all<E: Executor>(&self, mut db: E) -> impl Future<Output = Result<()>> + Send + use<E> {
        let statements = self.creating(&Ddl::new(dialect(&mut db)).leaving_alone());
        run(db, statements)
    }

    /// Drops all tables, those first that refer to others. Tables that do not exist are left out.
    ///
    /// # Errors
    ///
    /// As [`create_all`](Self::create_all); a database refuses when rows of a table that is not among these refer to them.
    pub fn drop_all<E: Executor>(&self, mut db: E) -> impl Future<Output = Result<()>> + Send + use<E> {
        let statements = self.dropping(&Ddl::new(dialect(&mut db)).leaving_alone());
        run(db, statements)
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
        script(self.creating(&Ddl::new(dialect)))
    }

    /// Returns the mappers, each once.
    fn mappers(&self) -> Vec<&'static Mapper> {
        let mut mappers = self.mappers.clone().unwrap_or_else(Registered::mappers);
        let mut known = HashSet::new();
        mappers.retain(|mapper| known.insert(mapper.id()));
        mappers
    }

    pub(super) fn creating(&self, ddl: &Ddl) -> Result<Vec<String>> {
        let Sorted { mut tables, forward } = self.sorted()?;
        let late = if ddl.takes_forward_references() { Vec::new() } else { take_out(&mut tables, &forward) };
        let mut statements = Vec::new();
        for table in &tables {
            statements.extend(ddl.create(table)?);
        }
        for (table, key) in late {
            statements.push(ddl.add_foreign_key(&tables[table], &key)?);
        }
        Ok(statements)
    }

    pub(super) fn dropping(&self, ddl: &Ddl) -> Result<Vec<String>> {
        let Sorted { mut tables, forward } = self.sorted()?;
        let mut statements = Vec::new();
        if ddl.takes_forward_references() {
            statements.extend((!forward.is_empty()).then(Ddl::defer_foreign_keys));
        } else {
            let late = take_out(&mut tables, &forward);
            statements.extend(late.iter().map(|(table, key)| ddl.drop_foreign_key(&tables[*table], key)));
        }
        statements.extend(tables.iter().rev().map(|table| ddl.drop(table)));
        Ok(statements)
    }

    fn sorted(&self) -> Result<Sorted> {
        let mut tables: Vec<Option<Table>> = self.tables()?.into_iter().map(Some).collect();
        let order = order(&parents(tables.iter().flatten()));
        let tables: Vec<Table> = order.into_iter().filter_map(|position| tables[position].take()).collect();
        let forward = forward(&tables);
        Ok(Sorted { tables, forward })
    }
}

/// Returns for each table the positions of the other tables that it refers to.
fn parents<'a>(tables: impl Iterator<Item = &'a Table> + Clone) -> Vec<Vec<usize>> {
    let of = |(child, table): (usize, &Table)| {
        let others = tables.clone().enumerate().filter(|(parent, _)| *parent != child);
        let parents = others.filter(|(_, other)| table.foreign_keys.iter().any(|key| key.refers_to(other)));
        parents.map(|(parent, _)| parent).collect()
    };
    tables.clone().enumerate().map(of).collect()
}

/// Orders tables by their parents: the next is the first that waits for no other, or else the first of a cycle.
fn order(parents: &[Vec<usize>]) -> Vec<usize> {
    let mut order = Vec::with_capacity(parents.len());
    let mut is_done = vec![false; parents.len()];
    while order.len() < parents.len() {
        let mut waiting = (0..parents.len()).filter(|table| !is_done[*table]);
        let free = waiting.clone().find(|table| parents[*table].iter().all(|parent| is_done[*parent]));
        let Some(next) = free.or_else(|| waiting.find(|table| reaches_itself(*table, parents, &is_done))) else {
            break;
        };
        is_done[next] = true;
        order.push(next);
    }
    order
}

/// Returns whether a table refers to itself through others that wait as well.
fn reaches_itself(table: usize, parents: &[Vec<usize>], is_done: &[bool]) -> bool {
    let mut is_reached = is_done.to_vec();
    let mut open = parents[table].clone();
    while let Some(next) = open.pop() {
        if !std::mem::replace(&mut is_reached[next], true) {
            open.extend(&parents[next]);
        }
    }
    is_reached[table]
}

/// Finds the foreign keys that refer to a table further on.
fn forward(tables: &[Table]) -> Vec<(usize, usize)> {
    let keys = tables.iter().enumerate().flat_map(|(at, table)| {
        let keys = table.foreign_keys.iter().enumerate();
        keys.map(move |(position, key)| (at, position, key))
    });
    let forward = keys.filter(|(at, _, key)| tables[at + 1..].iter().any(|table| key.refers_to(table)));
    forward.map(|(at, position, _)| (at, position)).collect()
}

/// Takes foreign keys out of their tables.
fn take_out(tables: &mut [Table], keys: &[(usize, usize)]) -> Vec<(usize, ForeignKey)> {
    // From the last one on, so that positions stay right.
    let mut taken: Vec<_> = keys.iter().rev().map(|&(at, key)| (at, tables[at].foreign_keys.remove(key))).collect();
    taken.reverse();
    taken
}

/// Refuses two models of one table.
fn check_tables(mappers: &[&'static Mapper]) -> Result<()> {
    for (position, mapper) in mappers.iter().enumerate() {
        let second = mapper.definition();
        let first = mappers[..position].iter().map(|first| first.definition());
        if let Some(first) =
            first.into_iter().find(|first| (first.schema, first.table) == (second.schema, second.table))
        {
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

/// Refuses a foreign key to a table that is not there.
fn check_targets(mapper: &Mapper, table: &Table, tables: &[Table]) -> Result<()> {
    let Some(key) = table.foreign_keys.iter().find(|key| !tables.iter().any(|table| key.refers_to(table))) else {
        return Ok(());
    };
    let target = full_name(key.target_schema.as_deref(), &key.target_table);
    let message = format!(
        "the foreign key on column `{}.{}` refers to the table `{target}`, which is not among these tables",
        table.full_name(),
        key.columns.join(", "),
    );
    let hint = format!("add `{}` to `metadata![…]`", target_model(mapper, key));
    Err(Error::new(ErrorKind::Configuration, message).hint(hint))
}

/// Returns the name of the model that a foreign key refers to.
fn target_model(mapper: &Mapper, key: &ForeignKey) -> &'static str {
    let definition = mapper.definition();
    let single = definition.columns.iter().filter_map(|column| column.foreign_key).map(|key| (key.target)());
    let several = definition.foreign_keys.iter().flat_map(|group| (group.targets)());
    let mut models = single.chain(several).map(|target| target.mapper.definition());
    let is_target = |definition: &&crate::mapper::Definition| {
        definition.table == key.target_table && definition.schema == key.target_schema.as_deref()
    };
    models.find(is_target).map_or("the model", |definition| definition.name)
}

/// Gives names that two constraints or indexes of a schema share a hash, since a database knows only one of them.
fn tell_names_apart(tables: &mut [Table]) {
    let mut known = HashSet::new();
    for Table { schema, name: table, uniques, foreign_keys, indexes, .. } in tables {
        let uniques = uniques.iter_mut().map(|unique| (&mut unique.name, &unique.columns));
        let foreign_keys = foreign_keys.iter_mut().map(|key| (&mut key.name, &key.columns));
        let indexes = indexes.iter_mut().map(|index| (&mut index.name, &index.columns));
        for (name, columns) in uniques.chain(foreign_keys).chain(indexes) {
            if !known.insert((schema.clone(), name.clone())) {
                let parts: Vec<&str> =
                    std::iter::once(table.as_str()).chain(columns.iter().map(String::as_str)).collect();
                *name = naming::apart(name, &parts);
            }
        }
    }
}

/// Returns the dialect that an executor speaks.
pub(super) fn dialect<E: Executor>(db: &mut E) -> Dialect {
    match db.again() {
        Exec::Engine(engine) => engine.dialect(),
        Exec::Connection(connection) => connection.engine().dialect(),
        Exec::Session(session, _) | Exec::NoAutoflush(session) => session.engine().dialect(),
    }
}

/// Runs statements as they stand.
pub(super) fn run<E: Executor>(
    db: E,
    statements: Result<Vec<String>>,
) -> impl Future<Output = Result<()>> + Send + use<E> {
    let text = |sql| Statement::Text(Box::new(TextNode { parts: vec![TextPart::Sql(sql)], model: None }));
    let statements = statements.map(|statements| statements.into_iter().map(text).collect());
    async move { db.__run(statements?).await.map(|_| ()) }
}

/// Returns statements as one text.
pub(super) fn script(statements: Result<Vec<String>>) -> String {
    match statements {
        Ok(statements) => statements.join(";\n\n"),
        Err(error) => error.to_string(),
    }
}
