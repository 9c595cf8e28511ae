//! Does all that a diff says. What SQLite's ALTER cannot do is done by copying tables, as its manual says
//! (<https://sqlite.org/lang_altertable.html#otheralter>) and Alembic's batch mode does.
//!
//! In: operations, and the tables as they are. Out: statements that create each table anew, insert its rows, drop the old
//! one and rename the new one; they run in one transaction, while foreign keys are not looked at.

mod around;
mod on_views;
mod unreadable;

use self::around::Around;
pub(super) use self::around::triggers;
pub(super) use self::on_views::OnViews;
use super::operation::{ColumnChange, Constraint, Operation, TableName};
use super::{Diff, Index, MetaData, Table, run};
use crate::compile::ddl::Ddl;
use crate::dialect::Dialect;
use crate::engine::{Connection, Engine, ExecutionOptions, IsolationLevel};
use crate::error::{Error, ErrorKind, Result};
use crate::sql::text;
use crate::types::ColumnType;

impl Diff {
    /// Does all operations, in one transaction where the database has such for its schema (MySQL and MariaDB do not).
    /// Labels that a type of PostgreSQL gets are added before, in a transaction of their own: within one, nothing can use
    /// them yet. An index that is made [concurrently](Index::concurrent) comes after all else, by itself.
    ///
    /// SQLite can neither change a column nor add or drop a constraint, nor add a column of which each row computes its
    /// value: there the table is copied, with its rows, indexes and triggers, and it fails without effect if rows then refer to rows that are not there, or
    /// have values that are none of a column's new type, or if a trigger or a view then names what is no longer there. What a
    /// table has that is not reflected, such as `ON CONFLICT` clauses, a copy has not.
    ///
    /// A view that is made anew gets back what stood on it, which [`to_sql`](Self::to_sql) cannot know: triggers, and on PostgreSQL also
    /// rules, options, comments, defaults and what was granted on it.
    ///
    /// ```
    /// # use orm_core::{ColumnType, Engine, MetaData, schema::{Column, Table}, text};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// let users = |of: ColumnType| MetaData::new().table(Table::new("users").column(Column::new("name", of)));
    /// users(ColumnType::String(50)).create_all(&engine).await?;
    /// text("INSERT INTO users VALUES ('ed')").execute(&engine).await?;
    ///
    /// let wanted = users(ColumnType::String(80));
    /// wanted.diff(&MetaData::reflect(&engine).await?)?.execute(&engine).await?;
    /// wanted.check(&engine).await?;
    /// assert_eq!(text("SELECT name FROM users").columns::<String>().all(&engine).await?, ["ed"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Operation::to_sql`], but for what copying does; and when the database refuses.
    pub fn execute(&self, engine: &Engine) -> impl Future<Output = Result<()>> + Send + use<> {
        let (engine, mut operations) = (engine.clone(), self.operations.clone());
        async move {
            let home = run::home(&mut &engine);
            operations.iter_mut().for_each(|operation| name_home(operation, home.as_deref()));
            let on_views = OnViews::of(&operations, &engine).await?;
            let copied = tables_to_copy(&operations, engine.dialect());
            // What stood on a view may not fit what it has now, which is seen beside a copy alone.
            let is_around = || drops_cycle(&operations) || !on_views.is_empty();
            if !copied.is_empty() || (engine.dialect() == Dialect::Sqlite && is_around()) {
                return copy(&engine, &operations, &copied, &on_views).await;
            }
            // PostgreSQL takes no new label before the transaction that adds it is over.
            let is_first = |operation: &&Operation| matches!(operation, Operation::AlterEnum { .. });
            let (first, rest): (Vec<&Operation>, Vec<&Operation>) = operations.iter().partition(is_first);
            let is_postgres = engine.dialect() == Dialect::Postgres;
            let is_last = |operation: &&Operation| match operation {
                Operation::CreateIndex { index, .. } => is_postgres && index.is_concurrent,
                _ => false,
            };
            let (last, rest): (Vec<&Operation>, Vec<&Operation>) = rest.into_iter().partition(is_last);
            let sql = |operations: Vec<&Operation>| {
                let all = operations.into_iter().map(|operation| on_views.with(operation, engine.dialect()));
                all.collect::<Result<Vec<_>>>().map(|all| all.concat())
            };
            let (first, rest, last) = (sql(first)?, sql(rest)?, sql(last)?);
            for operation in &operations {
                operation.refuse_zeros(&engine).await?;
                operation.refuse_no_booleans(&engine).await?;
            }
            run::run(&engine, Ok(first)).await?;
            run::run(&engine, Ok(rest)).await?;
            for statement in last {
                run::run(&engine, Ok(vec![statement])).await?;
            }
            Ok(())
        }
    }
}

/// Does [`Table::name_home`] to an operation.
pub(super) fn name_home(operation: &mut Operation, home: Option<&str>) {
    match operation {
        Operation::CreateTable(table) => table.name_home(home),
        Operation::AddConstraint { table, constraint: Constraint::ForeignKey(key) } if table.schema.is_some() => {
            key.target_schema = key.target_schema.take().or_else(|| home.map(str::to_owned));
        }
        _ => {}
    }
}

/// Returns the tables for which ALTER does not do.
pub(super) fn tables_to_copy(operations: &[Operation], dialect: Dialect) -> Vec<TableName> {
    if dialect != Dialect::Sqlite {
        return Vec::new();
    }
    // Of these ALTER does some in a table without rows, which can have got some by then.
    let drops = |of: &TableName, name: &str| {
        let is_it = |operation: &Operation| match operation {
            Operation::DropColumn { table, column } => table == of && column.name.eq_ignore_ascii_case(name),
            _ => false,
        };
        operations.iter().any(is_it)
    };
    let is_refused = |operation: &&Operation| match operation {
        Operation::AddColumn { column, .. } if !Ddl::new(dialect).adds_beside_rows(column) => true,
        // Nor does it take a name that changes in case alone, before the old one is gone.
        Operation::AddColumn { table, column } if drops(table, &column.name) => true,
        other => other.to_sql(dialect).is_err(),
    };
    let refused = operations.iter().filter(is_refused);
    let mut tables: Vec<TableName> = refused.filter_map(Operation::altered_table).cloned().collect();
    tables.sort();
    tables.dedup();
    tables
}

/// Returns whether a table goes before one that refers to it and goes as well.
pub(super) fn drops_cycle(operations: &[Operation]) -> bool {
    let dropped = operations.iter().filter_map(|operation| match operation {
        Operation::DropTable(table) => Some(table),
        _ => None,
    });
    let dropped: Vec<_> = dropped.collect();
    dropped.iter().enumerate().any(|(position, table)| {
        let mut later = dropped[position + 1..].iter();
        later.any(|other| other.foreign_keys.iter().any(|key| key.refers_to(table)))
    })
}

async fn copy(engine: &Engine, operations: &[Operation], copied: &[TableName], on_views: &OnViews) -> Result<()> {
    let mut unchecked = Unchecked::begin(engine).await?;
    let done = copy_within(unchecked.connection()?, operations, copied, on_views).await;
    unchecked.end(done).await
}

/// Drops tables of SQLite that refer to each other: with foreign keys it would look, at each, for those that went before.
pub(super) async fn drop_unchecked(engine: &Engine, statements: Vec<String>) -> Result<()> {
    let mut unchecked = Unchecked::begin(engine).await?;
    let done = run::run(unchecked.connection()?, Ok(statements)).await;
    unchecked.end(done).await
}

/// A transaction on a connection that does not look at foreign keys: nobody else gets it if the future is dropped.
struct Unchecked {
    lent: Option<Connection>,
    had_foreign_keys: i64,
    /// How many rows referred to rows that were not there.
    dangling: i64,
}

impl Unchecked {
    async fn begin(engine: &Engine) -> Result<Unchecked> {
        if engine.is_of_test() {
            let message = "SQLite does this in a transaction of its own, while it does not look at foreign keys";
            return Err(Error::new(ErrorKind::InvalidRequest, message)
                .hint("change tables before a test transaction, with another engine"));
        }
        let mut connection = engine.connect().await?;
        connection.execution_options(ExecutionOptions::new().isolation_level(IsolationLevel::Autocommit))?;
        let had = text("PRAGMA foreign_keys").columns::<i64>().scalar(&mut connection).await?;
        let mut unchecked = Unchecked { lent: Some(connection), had_foreign_keys: had.unwrap_or(0), dangling: 0 };
        // These do nothing within a transaction.
        let words = ["PRAGMA foreign_keys = OFF", "PRAGMA legacy_alter_table = ON", "BEGIN IMMEDIATE"];
        each(unchecked.connection()?, &words).await?;
        unchecked.dangling = dangling(unchecked.connection()?).await?;
        Ok(unchecked)
    }

    fn connection(&mut self) -> Result<&mut Connection> {
        self.lent.as_mut().ok_or_else(|| Error::new(ErrorKind::InvalidRequest, "the connection was given back"))
    }

    /// Fails if more rows than before refer to rows that are not there.
    async fn refuse_dangling(&mut self) -> Result<()> {
        let (before, after) = (self.dangling, dangling(self.connection()?).await?);
        if after <= before {
            return Ok(());
        }
        let message = format!("{} rows of the changed tables refer to rows that are not there", after - before);
        Err(Error::new(ErrorKind::Data, message).hint("delete them, or set what they refer to, and try again"))
    }

    /// Commits what was done, or undoes it, and gives the connection back as it was.
    async fn end(mut self, done: Result<()>) -> Result<()> {
        let had_foreign_keys = self.had_foreign_keys;
        let done = if done.is_ok() { self.refuse_dangling().await } else { done };
        let connection = self.connection()?;
        let ended = each(connection, &[if done.is_ok() { "COMMIT" } else { "ROLLBACK" }]).await;
        let restore = format!("PRAGMA foreign_keys = {had_foreign_keys}");
        each(connection, &[&restore, "PRAGMA legacy_alter_table = OFF"]).await?;
        if let Some(connection) = self.lent.take() {
            connection.close().await?;
        }
        done.and(ended)
    }
}

impl Drop for Unchecked {
    fn drop(&mut self) {
        if let Some(connection) = self.lent.take() {
            connection.invalidate();
        }
    }
}

async fn each(connection: &mut Connection, statements: &[&str]) -> Result<()> {
    for statement in statements {
        run::run(&mut *connection, Ok(vec![(*statement).to_owned()])).await?;
    }
    Ok(())
}

async fn copy_within(
    connection: &mut Connection,
    operations: &[Operation],
    copied: &[TableName],
    on_views: &OnViews,
) -> Result<()> {
    let mut schemas: Vec<&str> = operations.iter().filter_map(Operation::schema).collect();
    schemas.sort_unstable();
    schemas.dedup();
    let mut found = MetaData::reflect_schemas(&mut *connection, &schemas).await?;
    let around = Around::before(operations, connection).await?;
    let mut done: Vec<&TableName> = Vec::new();
    for operation in operations {
        let table = operation.altered_table().filter(|table| copied.contains(table));
        let Some(name) = table else {
            let statements = on_views.with(operation, Dialect::Sqlite);
            // A copy takes the place of its table under a name which others refer to; they follow one that is given.
            let is_rename = matches!(operation, Operation::RenameTable { .. } | Operation::RenameColumn { .. });
            if is_rename {
                each(connection, &["PRAGMA legacy_alter_table = OFF"]).await?;
            }
            run::run(&mut *connection, statements).await?;
            if is_rename {
                each(connection, &["PRAGMA legacy_alter_table = ON"]).await?;
            }
            // Another table may be called so now.
            if matches!(operation, Operation::CreateTable(_) | Operation::DropTable(_) | Operation::RenameTable { .. })
            {
                found = MetaData::reflect_schemas(&mut *connection, &schemas).await?;
            }
            continue;
        };
        if done.contains(&name) {
            continue;
        }
        done.push(name);
        let triggers = triggers(&mut *connection, name).await?;
        let of_table = operations.iter().filter(|operation| operation.altered_table() == Some(name));
        let scratch = free_name(connection, name).await?;
        let mut statements = statements(name, scratch, of_table, &found)?;
        statements.extend(triggers);
        run::run(&mut *connection, Ok(statements)).await?;
        for operation in operations.iter().filter(|operation| operation.altered_table() == Some(name)) {
            refuse_unreadable(connection, operation).await?;
        }
    }
    around.refuse_broken(connection).await
}

/// Fails if a column of another type now has values that are none of it: SQLite takes any, and they could not be read.
async fn refuse_unreadable(connection: &mut Connection, operation: &Operation) -> Result<()> {
    let Operation::AlterColumn { table, to, changes, .. } = operation else { return Ok(()) };
    if !changes.contains(&ColumnChange::Type) {
        return Ok(());
    }
    let mut column = String::new();
    Dialect::Sqlite.write_identifier(&to.name, &mut column);
    let of = to.type_on(Dialect::Sqlite);
    let Some(condition) = unreadable::condition(of, &column) else { return Ok(()) };
    let of_table = Ddl::new(Dialect::Sqlite).qualified(table.schema.as_deref(), &table.name);
    let sql = format!("SELECT count(*) FROM {of_table} WHERE {condition}");
    let count = text(sql).columns::<i64>().scalar(connection).await?.unwrap_or(0);
    if count == 0 {
        return Ok(());
    }
    let message = format!("column `{table}.{}` cannot become {of}: {count} rows have another value in it", to.name);
    Err(Error::new(ErrorKind::Data, message).hint("change them by an UPDATE, before"))
}

/// Returns how many rows refer to rows that are not there.
async fn dangling(connection: &mut Connection) -> Result<i64> {
    let sql = "SELECT count(*) FROM pragma_foreign_key_check";
    Ok(text(sql).columns::<i64>().scalar(connection).await?.unwrap_or(0))
}

/// Returns a name for the copy of a table, which nothing else has.
async fn free_name(connection: &mut Connection, table: &TableName) -> Result<String> {
    let mut name = format!("_new_{}", table.name);
    let sql = format!("SELECT count(*) FROM {} WHERE name = :name COLLATE NOCASE", around::master(table));
    while text(sql.clone()).bind("name", name.clone()).columns::<i64>().one(&mut *connection).await? > 0 {
        name.insert(0, '_');
    }
    Ok(name)
}

/// Returns a name for the copy of a table, which no table of the metadata has.
pub(super) fn free_name_among(metadata: &MetaData, table: &TableName) -> Result<String> {
    let tables = metadata.tables()?;
    let mut name = format!("_new_{}", table.name);
    while tables.iter().any(|known| known.name.eq_ignore_ascii_case(&name)) {
        name.insert(0, '_');
    }
    Ok(name)
}

/// Returns what creates a table anew, changed, with its rows.
pub(super) fn statements<'o>(
    name: &TableName,
    scratch: String,
    operations: impl Iterator<Item = &'o Operation>,
    found: &MetaData,
) -> Result<Vec<String>> {
    let tables = found.tables()?;
    let Some(old) = tables.iter().find(|table| TableName::from(*table) == *name) else {
        return Err(Error::new(ErrorKind::InvalidRequest, format!("there is no table `{name}` to change")));
    };
    let mut new = old.clone();
    for operation in operations {
        change(&mut new, operation)?;
    }
    let indexes = std::mem::take(&mut new.indexes);
    let scratch = Table { name: scratch, ..new.clone() };
    let ddl = Ddl::new(Dialect::Sqlite);
    let mut statements = ddl.create(&scratch)?;
    statements.extend(ddl.copy_rows(old, &scratch));
    statements.push(ddl.drop(old));
    let rename = Operation::RenameTable { from: (&scratch).into(), to: new.name.clone() };
    statements.extend(ddl.operation(&rename)?);
    for index in &indexes {
        statements.push(ddl.create_index(&new, index)?);
    }
    Ok(statements)
}

/// Does to the data what an operation does to the table.
fn change(table: &mut Table, operation: &Operation) -> Result<()> {
    let count = |table: &Table| (table.columns.len(), table.indexes.len());
    let before = count(table);
    match operation {
        Operation::AddColumn { column, .. } => table.columns.push(without_check(column)),
        Operation::DropColumn { column, .. } => {
            table.columns.retain(|known| known.name != column.name);
            refuse_absent(count(table) != before, operation)?;
        }
        Operation::AlterColumn { from, to, .. } => {
            let known = table.columns.iter_mut().find(|known| known.name == from.name);
            refuse_absent(known.is_some(), operation)?;
            if let Some(known) = known {
                *known = without_check(to);
            }
        }
        Operation::AddConstraint { constraint, .. } => add(table, constraint.clone()),
        Operation::DropConstraint { constraint, .. } => refuse_absent(remove(table, constraint), operation)?,
        Operation::CreateIndex { index, .. } => table.indexes.push(index.clone()),
        Operation::DropIndex { index, .. } => {
            table.indexes.retain(|known: &Index| known.name != index.name);
            refuse_absent(count(table) != before, operation)?;
        }
        Operation::AlterOptions { changes, .. } => {
            for (name, _, to) in changes {
                table.options.retain(|(known, _)| known != name);
                table.options.push((name.clone(), to.clone()));
            }
        }
        // SQLite has no comments.
        Operation::CommentTable { .. } => {}
        other => {
            let message = format!("`{other}` cannot be done while the table is copied");
            return Err(Error::new(ErrorKind::Compile, message).hint("do it by itself, before"));
        }
    }
    Ok(())
}

fn refuse_absent(is_there: bool, operation: &Operation) -> Result<()> {
    if is_there {
        return Ok(());
    }
    let message = format!("`{operation}` cannot be done: there is no such thing");
    Err(Error::new(ErrorKind::InvalidRequest, message))
}

/// Leaves out the check of labels, which is an operation of its own.
pub(super) fn without_check(column: &super::Column) -> super::Column {
    let mut column = column.clone();
    if let ColumnType::Enum { has_check, .. } = &mut column.column_type {
        *has_check = false;
    }
    column.has_check = false;
    column
}

fn add(table: &mut Table, constraint: Constraint) {
    match constraint {
        Constraint::PrimaryKey(key) => table.primary_key = key,
        Constraint::Unique(unique) => table.uniques.push(unique),
        Constraint::ForeignKey(key) => table.foreign_keys.push(key),
        Constraint::Check(check) => table.checks.push(check),
        Constraint::Exclude(exclude) => table.excludes.push(exclude),
    }
}

/// Returns whether it was there.
fn remove(table: &mut Table, constraint: &Constraint) -> bool {
    let count = |table: &Table| {
        let Table { primary_key: key, uniques, foreign_keys, checks, excludes, .. } = table;
        [key.columns.len(), uniques.len(), foreign_keys.len(), checks.len(), excludes.len()]
    };
    let before = count(table);
    let is = |name: &Option<String>, is_same: bool| match (name.as_deref(), constraint.name()) {
        (Some(name), Some(gone)) => name == gone,
        _ => is_same,
    };
    match constraint {
        Constraint::PrimaryKey(_) => table.primary_key = super::PrimaryKey::default(),
        Constraint::Unique(gone) => table.uniques.retain(|of| !is(&of.name, of.columns == gone.columns)),
        Constraint::ForeignKey(gone) => table.foreign_keys.retain(|of| !is(&of.name, of.columns == gone.columns)),
        Constraint::Check(gone) => {
            let normal = |sql: &str| super::normal::sql(sql, Dialect::Sqlite);
            table.checks.retain(|of| !is(&of.name, normal(&of.sql) == normal(&gone.sql)));
        }
        Constraint::Exclude(gone) => table.excludes.retain(|of| of.name != gone.name),
    }
    count(table) != before
}
