//! What must happen to a database so that it has what the metadata says: [`Diff`].
//!
//! In: metadata as it is wanted, and as it was reflected. Out: [`Operation`]s in an order in which they can run, and hints
//! where a drop and an addition may be a new name. Both sides are compared in the [`normal`] form of the database.

mod anew;
mod foreign_keys;
mod generated;
mod names;
mod recased;
mod retyped;

use std::borrow::Cow;
use std::fmt;

use super::operation::{ColumnChange, Constraint, Operation, TableName};
use super::tokens::tokens;
use super::{
    CheckConstraint, Column, Computed, Domain, EnumType, ExcludeConstraint, ForeignKey, Identity, Index, IndexColumn,
    IndexPart, MetaData, Sequence, Table, UniqueConstraint, View, metadata, normal, options, order, rewritten,
};
use crate::compile::ddl::Ddl;
use crate::dialect::Dialect;
use crate::engine::Executor;
use crate::error::{Error, ErrorKind, Result};
use crate::reflect::Inspector;
use crate::types::ColumnType;

/// What must happen to a database so that it has what the metadata says. `Display` lists it, a line each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Diff {
    /// The changes, in an order in which they can run.
    pub operations: Vec<Operation>,
    /// Drops and additions among them that may be a new name of one thing, which the two sides alone cannot tell.
    pub hints: Vec<RenameHint>,
}

/// Something that is dropped, and something like it that is added.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum RenameHint {
    /// Two tables with the same columns.
    Table {
        /// The one that is dropped.
        from: TableName,
        /// The one that is added.
        to: TableName,
    },
    /// Two columns of one table with the same type.
    Column {
        /// The table.
        table: TableName,
        /// The one that is dropped.
        from: String,
        /// The one that is added.
        to: String,
    },
}

impl Diff {
    /// Returns whether nothing must happen.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// Returns the SQL of all operations. What SQLite adds as a column to an empty table alone, such as one with the default
    /// `CURRENT_TIMESTAMP`, stands there as such; [`execute`](Self::execute) copies the table.
    ///
    /// # Errors
    ///
    /// As [`Operation::to_sql`].
    pub fn to_sql(&self, dialect: Dialect) -> Result<Vec<String>> {
        let statements = self.operations.iter().map(|operation| operation.to_sql(dialect));
        Ok(statements.collect::<Result<Vec<_>>>()?.concat())
    }
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operations = self.operations.iter().map(Operation::to_string);
        let hints = self.hints.iter().map(RenameHint::to_string);
        f.write_str(&operations.chain(hints).collect::<Vec<_>>().join("\n"))
    }
}

impl fmt::Display for RenameHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RenameHint::Table { from, to } => write!(f, "perhaps the table `{from}` is now called `{to}`"),
            RenameHint::Column { table, from, to } => {
                write!(f, "perhaps the column `{table}.{from}` is now called `{to}`")
            }
        }
    }
}

impl MetaData {
    /// Returns what must happen to the database that `found` was [reflected](Self::reflect) from so that it has what this
    /// metadata says.
    ///
    /// Compared are tables, columns (type, nullability, default, generation, computed expression, collation, comment),
    /// keys, constraints, indexes, comments, options that the database tells again (of MySQL, engine and characters where they
    /// are wanted), types of labels, domains, sequences by how they count, and views; no sequence,
    /// domain or view is dropped, nor the table in which migrations note what they have done, however it is called. Names of constraints count where both sides have one. Databases rewrite expressions:
    /// checks, defaults, computed columns and conditions are compared by what they say, grouping included, whatever the
    /// words; where they hold what cannot be read, such as a subquery, by their names, values and operators. A view counts
    /// as changed when it gives other columns, as far as it names them, has a name that the other has not, or other values or
    /// comparisons.
    ///
    /// ```
    /// # use orm_core::{ColumnType, Engine, MetaData, schema::{Column, Table}};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// let users = || Table::new("users").column(Column::new("name", ColumnType::String(50)));
    /// MetaData::new().table(users()).create_all(&engine).await?;
    ///
    /// let wanted = MetaData::new().table(users().column(Column::new("age", ColumnType::Integer).nullable()));
    /// let diff = wanted.diff(&MetaData::reflect(&engine).await?)?;
    /// assert_eq!(diff.to_string(), "add column `users.age`: age integer");
    /// for operation in &diff.operations {
    ///     operation.execute(&engine).await?;
    /// }
    /// assert!(wanted.diff(&MetaData::reflect(&engine).await?)?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`tables`](Self::tables).
    pub fn diff(&self, found: &MetaData) -> Result<Diff> {
        self.diff_by_names(found, self.told_tables()?)
    }

    /// Does the same where all of it was read from this database: it is called as the database takes it.
    pub(super) fn diff_of_past(&self, found: &MetaData) -> Result<Diff> {
        self.diff_by_names(found, self.named_tables()?)
    }

    fn diff_by_names(&self, found: &MetaData, called: Vec<Table>) -> Result<Diff> {
        let origin = found.origin().or(self.origin());
        let dialect = origin.map(|origin| origin.dialect);
        let home = origin.map(|origin| origin.default_schema.as_str());
        let at_home = |tables: Vec<Table>| tables.into_iter().map(|table| at_home(table, home)).collect::<Vec<_>>();
        let (mut wanted_tables, named) = (at_home(called), at_home(self.named_tables()?));
        let mut found_tables = at_home(found.tables()?);
        let is_wanted = |table: &Table| {
            wanted_tables.iter().any(|wanted| (&wanted.schema, &wanted.name) == (&table.schema, &table.name))
        };
        found_tables.retain(|table| !is_history(table) || is_wanted(table));
        if self.is_away(home) {
            found_tables.retain(|table| table.schema.is_some());
        }
        for (told, named) in wanted_tables.iter_mut().zip(&named) {
            let is_it = |found: &&Table| (&found.schema, &found.name) == (&told.schema, &told.name);
            if let (Some(found), Some(dialect)) = (found_tables.iter().find(is_it), dialect) {
                metadata::keep_names(told, named, found, dialect);
            }
        }
        let mut diff = Diff::default();
        if matches!(dialect, Some(Dialect::MySql | Dialect::MariaDb)) {
            diff.operations = recased::renames(&wanted_tables, &mut found_tables);
        }
        let (wanted_tables, found_tables) = (order::sorted(wanted_tables), order::sorted(found_tables));
        let mut replaced = Vec::new();
        if dialect.is_none_or(|dialect| dialect == Dialect::Postgres) {
            let known = origin.map(|origin| origin.enums.as_slice()).unwrap_or_default();
            let (wanted, found) = (&wanted_tables.tables, &found_tables.tables);
            replaced = diff.enums(&metadata::enums(wanted)?, &metadata::enums(found)?, known);
        }
        if dialect.is_none_or(|dialect| dialect == Dialect::Postgres) {
            diff.domains(self.domains(), found.domains(), home);
        }
        let is_home = |wanted: &Option<String>, found: &Option<String>| {
            let away = |schema: &Option<String>| schema.clone().filter(|schema| Some(schema.as_str()) != home);
            away(wanted) == away(found)
        };
        for to in self.all_sequences(&wanted_tables.tables, dialect.unwrap_or(Dialect::Sqlite)) {
            let is_it = |from: &&Sequence| from.name == to.name && is_home(&to.schema, &from.schema);
            match found.sequences().iter().find(is_it) {
                None => diff.operations.push(Operation::CreateSequence(to)),
                Some(from) if from.counts_as(&to) => {}
                Some(from) => diff.operations.push(Operation::AlterSequence { from: from.clone(), to }),
            }
        }
        let views = self.views().iter().map(|to| {
            let is_it = |from: &&View| from.name == to.name && is_home(&to.schema, &from.schema);
            (found.views().iter().find(is_it), to)
        });
        let views: Vec<(Option<&View>, &View)> = views.collect();
        let is_changed = |(from, to): &(Option<&View>, &View)| !from.is_some_and(|from| same_view(from, to, dialect));
        let mut is_changed: Vec<bool> = views.iter().map(is_changed).collect();
        let key_indexes = origin.map(|origin| origin.key_indexes.as_slice()).unwrap_or_default();
        let mut of_tables = Diff::default();
        of_tables.tables(wanted_tables, found_tables, &Comparison { dialect, key_indexes, replaced: &replaced });
        if matches!(dialect, Some(Dialect::Postgres | Dialect::Sqlite)) {
            take_dependents(&views, &mut is_changed, of_tables.operations.iter());
        }
        // What depends on a table goes before that changes, and comes after it.
        let changed: Vec<_> = views.into_iter().zip(is_changed).filter(|(_, is_changed)| *is_changed).collect();
        let dropped = changed.iter().rev().filter_map(|((from, _), _)| *from);
        diff.operations.extend(dropped.cloned().map(Operation::DropView));
        diff.operations.extend(of_tables.operations);
        diff.hints = of_tables.hints;
        diff.operations.extend(changed.into_iter().map(|((_, to), _)| Operation::CreateView(to.clone())));
        Ok(diff)
    }

    /// Fails unless the database has what this metadata says, with a list of what differs.
    ///
    /// Read are the default schema and those that tables name.
    ///
    /// ```
    /// # use orm_core::{Engine, metadata, text};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "users")]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// metadata![User].create_all(&engine).await?;
    /// metadata![User].check(&engine).await?;
    /// text("ALTER TABLE users DROP COLUMN name").execute(&engine).await?;
    /// let error = metadata![User].check(&engine).await.unwrap_err();
    /// assert!(error.to_string().contains("add column `users.name`"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when something differs, when the catalogs cannot be read, and as [`tables`](Self::tables) does.
    pub fn check<E: Executor>(&self, mut db: E) -> impl Future<Output = Result<()>> + Send {
        let wanted = self.where_it_stands(&mut db);
        async move {
            let wanted = wanted?;
            let schemas = wanted.schemas()?;
            let schemas: Vec<&str> = schemas.iter().map(String::as_str).collect();
            let found = Inspector::of_schemas(db, &schemas).await?.into_metadata();
            let diff = wanted.diff(&found)?;
            if diff.is_empty() {
                return Ok(());
            }
            let count = diff.operations.len();
            let differences = if count == 1 { "difference" } else { "differences" };
            let list = diff.to_string().replace('\n', "\n  ");
            let message = format!("the database is not as the metadata says: {count} {differences}\n  {list}");
            Err(Error::new(ErrorKind::Configuration, message).hint("migrate the database, or change the models"))
        }
    }
}

impl MetaData {
    /// Returns the schemas that something of it names.
    pub(super) fn schemas(&self) -> Result<Vec<String>> {
        let tables = self.tables()?;
        let types = metadata::enums(&tables)?;
        let of_tables = tables.iter().map(|table| &table.schema);
        let of_others = types.iter().map(|of| &of.schema).chain(self.sequences().iter().map(|of| &of.schema));
        let of_others = of_others.chain(self.domains().iter().map(|of| &of.schema));
        let all = of_tables.chain(of_others).chain(self.views().iter().map(|view| &view.schema));
        let mut schemas: Vec<String> = all.flatten().cloned().collect();
        schemas.sort_unstable();
        schemas.dedup();
        Ok(schemas)
    }
}

/// Returns whether a table is the one in which migrations note what they have done: it is known by its columns, since it may be
/// called otherwise.
pub fn is_history(table: &Table) -> bool {
    let columns = table.columns.iter().map(|column| column.name.as_str());
    columns.eq(["revision", "name", "checksum", "applied_at"]) && table.primary_key.columns == ["revision"]
}

/// Returns whether two views may be of one query.
fn same_view(from: &View, to: &View, dialect: Option<Dialect>) -> bool {
    from.is_materialized == to.is_materialized
        && dialect.map_or(from.sql == to.sql, |dialect| rewritten::may_be_same_query(&to.sql, &from.sql, dialect))
}

/// Takes the views that have to be made anew since they read what changes: PostgreSQL drops no column and changes no type of one
/// that a view reads, and drops no view that another reads; SQLite alters no table while a view reads what is not there. One that keeps
/// its rows is left alone, since its indexes would go.
fn take_dependents<'o>(
    views: &[(Option<&View>, &View)],
    is_changed: &mut [bool],
    operations: impl Iterator<Item = &'o Operation>,
) {
    let retypes = |change: &ColumnChange| matches!(change, ColumnChange::Type | ColumnChange::Collation);
    let of_tables = |operation: &Operation| match operation {
        Operation::DropColumn { table, .. } => vec![table.name.clone()],
        Operation::AlterColumn { table, changes, .. } if changes.iter().any(retypes) => vec![table.name.clone()],
        Operation::ReplaceEnum { columns, .. } => columns.iter().map(|(table, _)| table.name.clone()).collect(),
        _ => Vec::new(),
    };
    let mut changing: Vec<String> = operations.flat_map(of_tables).collect();
    let dropped = views.iter().zip(&*is_changed).filter(|((from, _), is_changed)| **is_changed && from.is_some());
    changing.extend(dropped.map(|((_, to), _)| to.name.clone()));
    let mut is_growing = true;
    while is_growing {
        is_growing = false;
        for ((from, to), is_changed) in views.iter().zip(&mut *is_changed).filter(|(_, is_changed)| !**is_changed) {
            let reads = |from: &&View| tokens(&from.sql).iter().any(|token| changing.contains(&token.name()));
            if !to.is_materialized && from.as_ref().is_some_and(reads) {
                *is_changed = true;
                changing.push(to.name.clone());
                is_growing = true;
            }
        }
    }
}

/// Returns whether two columns take their values from one sequence. PostgreSQL names the schema of none that it finds without.
fn same_sequence(found: &Column, wanted: &Column) -> bool {
    let is_there = found.sequence_schema.is_none() || found.sequence_schema == wanted.sequence_schema;
    found.sequence == wanted.sequence && is_there
}

/// Takes the name of the default schema away.
fn at_home(mut table: Table, home: Option<&str>) -> Table {
    let leave = |schema: &mut Option<String>| {
        if schema.is_some() && schema.as_deref() == home {
            *schema = None;
        }
    };
    leave(&mut table.schema);
    table.foreign_keys.iter_mut().for_each(|key| leave(&mut key.target_schema));
    for column in &mut table.columns {
        if let ColumnType::Enum { schema, .. } | ColumnType::Domain { schema, .. } = column.column_type.element_mut()
            && schema.as_deref() == home
        {
            *schema = None;
        }
        leave(&mut column.sequence_schema);
    }
    table
}

/// A table as it was given and in its normal form.
#[derive(Clone)]
struct Side {
    given: Table,
    normal: Table,
}

impl Side {
    fn of(mut given: Table, dialect: Option<Dialect>) -> Side {
        if let Some(dialect) = dialect {
            let checks = Ddl::new(dialect).label_checks(&given);
            given.checks.extend(checks);
        }
        let normal = dialect.map_or_else(|| given.clone(), |dialect| normal::table(&given, dialect));
        Side { given, normal }
    }

    fn is(&self, other: &Side) -> bool {
        other.is_called(self.given.schema.as_deref(), &self.given.name)
    }

    /// Returns the column beside which a check stands.
    fn column_of_check(&self, check: &CheckConstraint) -> Option<&Column> {
        let column = self.given.find_column(check.name.as_deref()?)?;
        column.check.is_some().then_some(column)
    }

    fn is_called(&self, schema: Option<&str>, name: &str) -> bool {
        (self.given.schema.as_deref(), self.given.name.as_str()) == (schema, name)
    }
}

impl Diff {
    /// Returns those that lose labels, or have them in another order.
    fn enums(&mut self, wanted: &[EnumType], used: &[EnumType], known: &[EnumType]) -> Vec<(EnumType, EnumType)> {
        let mut replaced = Vec::new();
        for to in wanted {
            let is_it = |of: &&EnumType| (&of.schema, &of.name) == (&to.schema, &to.name);
            match used.iter().chain(known).find(is_it) {
                None => self.operations.push(Operation::CreateEnum(to.clone())),
                Some(from) if from.labels == to.labels => {}
                Some(from) => {
                    let kept = to.labels.iter().filter(|label| from.labels.contains(label));
                    match kept.eq(&from.labels) {
                        true => self.operations.push(Operation::AlterEnum { from: from.clone(), to: to.clone() }),
                        false => replaced.push((from.clone(), to.clone())),
                    }
                }
            }
        }
        replaced
    }

    fn domains(&mut self, wanted: &[Domain], found: &[Domain], home: Option<&str>) {
        let away = |schema: &Option<String>| schema.clone().filter(|schema| Some(schema.as_str()) != home);
        for to in wanted {
            let is_it = |from: &&Domain| from.name == to.name && away(&from.schema) == away(&to.schema);
            match found.iter().find(is_it) {
                None => self.operations.push(Operation::CreateDomain(to.clone())),
                Some(from) if from.normal() == to.normal() => {}
                Some(from) => self.operations.push(Operation::AlterDomain { from: from.clone(), to: to.clone() }),
            }
        }
    }

    fn tables(&mut self, wanted: order::Sorted, found: order::Sorted, cx: &Comparison<'_>) {
        let dialect = cx.dialect;
        let mut wanted_tables = wanted.tables;
        let sides = |tables: &[Table]| tables.iter().map(|table| Side::of(table.clone(), dialect)).collect::<Vec<_>>();
        let (all_wanted, all_found) = (sides(&wanted_tables), sides(&found.tables));
        let late = order::take_out(&mut wanted_tables, &cx.late(&wanted.forward, &all_wanted, &all_found));
        let is_new = |position: usize| !all_found.iter().any(|found| found.is(&all_wanted[position]));
        let mut created = Vec::new();
        for (position, table) in wanted_tables.iter().enumerate().filter(|(position, _)| is_new(*position)) {
            created.push(Operation::CreateTable(Box::new(table.clone())));
            let dropped = all_found.iter().filter(|found| !all_wanted.iter().any(|wanted| wanted.is(found)));
            let twin = dropped.filter(|found| found.normal.columns == all_wanted[position].normal.columns);
            let hints = twin.map(|found| RenameHint::Table { from: (&found.given).into(), to: table.into() });
            self.hints.extend(hints);
        }
        let mut parts = Parts::default();
        for (position, key) in late.into_iter().filter(|(position, _)| is_new(*position)) {
            parts.add_key((&all_wanted[position].given).into(), key);
        }
        let in_the_way = cx.in_the_way(&all_wanted, &all_found);
        for wanted in &all_wanted {
            if let Some((found, keys)) = all_found.iter().zip(&in_the_way).find(|(found, _)| found.is(wanted)) {
                parts.table(wanted, found, keys, cx, &mut self.hints);
            }
        }
        let is_dropped = |found: &&Side| !all_wanted.iter().any(|wanted| wanted.is(found));
        for (position, (from, keys)) in all_found.iter().zip(in_the_way).enumerate() {
            if is_dropped(&from) {
                let keys = cx.with_those_of_cycles(keys, (position, &found.forward), &all_wanted, &all_found);
                keys.into_iter().for_each(|key| parts.drop_key((&from.given).into(), key));
            }
        }
        let dropped: Vec<&Side> = all_found.iter().rev().filter(is_dropped).collect();
        parts.free_names(&created, &dropped, cx);
        // A type that is made anew is no longer that of tables which go.
        let has_old_type = |table: &&Side| table.given.columns.iter().any(|column| cx.is_replaced(&column.column_type));
        let is_early = dropped.iter().any(has_old_type);
        let drops = dropped.iter().map(|found| Operation::DropTable(Box::new(found.given.clone()))).collect();
        let (early, last) = if is_early { (drops, Vec::new()) } else { (Vec::new(), drops) };
        let replaced = cx.replacements(&all_wanted, &all_found);
        for part in [parts.dropped_keys, parts.dropping, early, replaced, created, parts.rest, parts.added_keys, last] {
            self.operations.extend(part);
        }
    }
}

/// The changes of tables that are on both sides: constraints and indexes go first, since others may depend on them or take their
/// names, and of these foreign keys, which come last.
#[derive(Default)]
struct Parts {
    dropped_keys: Vec<Operation>,
    dropping: Vec<Operation>,
    rest: Vec<Operation>,
    /// Columns of the table at hand that generate when their key is there.
    generating: Vec<Operation>,
    added_keys: Vec<Operation>,
}

impl Parts {
    fn drop_key(&mut self, table: TableName, key: ForeignKey) {
        self.dropped_keys.push(Operation::DropConstraint { table, constraint: Constraint::ForeignKey(key) });
    }

    fn add_key(&mut self, table: TableName, key: ForeignKey) {
        self.added_keys.push(Operation::AddConstraint { table, constraint: Constraint::ForeignKey(key) });
    }

    /// Changes a table, with foreign keys of it that are in the way.
    fn table(
        &mut self,
        wanted: &Side,
        found: &Side,
        in_the_way: &[ForeignKey],
        cx: &Comparison<'_>,
        hints: &mut Vec<RenameHint>,
    ) {
        let dialect = cx.dialect;
        let table: TableName = (&wanted.given).into();
        let (anew, retyped) = (cx.made_anew(wanted, found), cx.retyped(wanted, found));
        let without = |side: &Side| side.without(&anew).without_conditions(&retyped).without_keys(in_the_way, cx);
        let found = &self.stop_generating(&table, wanted, found.clone(), cx);
        self.constraints(&table, &without(wanted), found, cx);
        self.key_indexes(&table, wanted, found, cx);
        self.columns(&table, wanted, found, &anew, cx, hints);
        let left = self.with_key_of_new(&table, wanted, without(found), cx);
        self.additions(&table, wanted, &left, cx);
        self.rest.append(&mut self.generating);
        let (from, to) = (found.normal.comment.clone(), wanted.normal.comment.clone());
        if from != to {
            self.rest.push(Operation::CommentTable { table: table.clone(), from, to });
        }
        let changes = dialect.map(|dialect| options::changes(&wanted.given, &found.given, dialect)).unwrap_or_default();
        if !changes.is_empty() {
            self.rest.push(Operation::AlterOptions { table, changes });
        }
    }

    /// Drops what is not wanted, or not as it is.
    fn constraints(&mut self, table: &TableName, wanted: &Side, found: &Side, cx: &Comparison<'_>) {
        let (to, from) = (&wanted.normal, &found.normal);
        for key in from.foreign_keys.iter().filter(|key| !to.foreign_keys.iter().any(|to| cx.same_foreign_key(to, key)))
        {
            self.drop_key(table.clone(), key.clone());
        }
        let of_table = |constraint: Constraint| Operation::DropConstraint { table: table.clone(), constraint };
        for check in from.checks.iter().filter(|check| !to.checks.iter().any(|to| cx.same_check(to, check))) {
            if let Some(column) = found.column_of_check(check) {
                // It goes with its column, or by changing that.
                if to.find_column(&column.name).is_some() {
                    let (from, to) = (Box::new(column.clone()), Box::new(Column { check: None, ..column.clone() }));
                    let changes = vec![ColumnChange::Check];
                    self.dropping.push(Operation::AlterColumn { table: table.clone(), from, to, changes });
                }
                continue;
            }
            let given = found.given.checks.iter().find(|given| given.name == check.name && check.name.is_some());
            self.dropping.push(of_table(Constraint::Check(given.unwrap_or(check).clone())));
        }
        for exclude in from.excludes.iter().filter(|exclude| !to.excludes.iter().any(|to| cx.same_exclude(to, exclude)))
        {
            self.dropping.push(of_table(Constraint::Exclude(exclude.clone())));
        }
        for unique in from.uniques.iter().filter(|unique| !to.uniques.iter().any(|to| cx.same_unique(to, unique))) {
            self.dropping.push(of_table(Constraint::Unique(unique.clone())));
        }
        if !from.primary_key.columns.is_empty() && !cx.same_key(to, from) {
            self.dropping.push(of_table(Constraint::PrimaryKey(from.primary_key.clone())));
        }
        for index in &from.indexes {
            if !to.indexes.iter().any(|to| cx.same_index(to, index)) {
                self.dropping.push(Operation::DropIndex { table: table.clone(), index: index.clone() });
            }
        }
    }

    /// Drops the indexes that MySQL has made for foreign keys which go.
    fn key_indexes(&mut self, table: &TableName, wanted: &Side, found: &Side, cx: &Comparison<'_>) {
        for (_, _, index) in cx.key_indexes.iter().filter(|(schema, name, _)| found.is_called(schema.as_deref(), name))
        {
            let columns = index.column_names();
            let is_of = |key: &&ForeignKey| key.columns == columns;
            let mut kept = wanted.normal.foreign_keys.iter().filter(is_of);
            let is_kept = kept.any(|to| {
                found.normal.foreign_keys.iter().any(|from| same_name(to.name.as_deref(), from.name.as_deref()))
            });
            if !is_kept {
                self.dropping.push(Operation::DropIndex { table: table.clone(), index: index.clone() });
            }
        }
    }

    /// Changes columns, such that what a column is computed of is there as long as it is.
    fn columns(
        &mut self,
        table: &TableName,
        wanted: &Side,
        found: &Side,
        anew: &[String],
        cx: &Comparison<'_>,
        hints: &mut Vec<RenameHint>,
    ) {
        let (mut freed, mut plain, mut computed) = (Vec::new(), Vec::new(), Vec::new());
        let is_gone = |column: &&Column| wanted.normal.find_column(&column.name).is_none();
        let (gone, gone_plain): (Vec<&Column>, Vec<&Column>) = found
            .given
            .columns
            .iter()
            .filter(|column| is_gone(column) || anew.contains(&column.name))
            .partition(|column| column.computed.is_some());
        let drop = |column: &Column| Operation::DropColumn { table: table.clone(), column: column.clone() };
        // One may be computed of one before it.
        self.dropping.extend(gone.into_iter().rev().map(drop));
        for (given, to) in wanted.given.columns.iter().zip(&wanted.normal.columns) {
            let of_kind = if to.computed.is_some() { &mut computed } else { &mut plain };
            let is_found = |from: &&Column| from.name == to.name && !anew.contains(&from.name);
            let unkept = found.normal.find_column(&to.name).filter(|from| cx.is_unkept(from, to));
            if let Some((from, as_found)) = unkept.zip(found.given.find_column(&to.name)) {
                let computed = as_found.computed.clone().map(|computed| Computed { is_stored: true, ..computed });
                let stored = Column { computed, ..as_found.clone() };
                let changes = cx.changes(&found.given, from, to);
                freed.push(Operation::AddColumn { table: table.clone(), column: stored.clone() });
                let (from, to) = (Box::new(stored), Box::new(given.clone()));
                freed.push(Operation::AlterColumn { table: table.clone(), from, to, changes });
                continue;
            }
            let Some(from) = found.normal.columns.iter().find(is_found) else {
                of_kind.push(Operation::AddColumn { table: table.clone(), column: as_declared(given, &wanted.given) });
                continue;
            };
            let mut changes = cx.changes(&found.given, from, to);
            let mut given = Cow::Borrowed(given);
            if given.is_generated && changes.contains(&ColumnChange::Generation) && cx.changes_key(wanted, found) {
                given = Cow::Owned(self.generate_later(table, &given));
                changes.retain(|change| *change != ColumnChange::Generation);
            }
            if !changes.is_empty() {
                let as_found = found.given.find_column(&to.name).unwrap_or(from);
                let is_kept = |check: &&CheckConstraint| wanted.normal.checks.iter().any(|to| cx.same_check(to, check));
                let mut checks = found.normal.checks.iter().filter(is_kept);
                let has_check = checks.any(|check| found.column_of_check(check).is_some_and(|of| of.name == to.name));
                let check = as_found.check.clone().filter(|_| has_check);
                let from = Column { check: check.clone(), ..as_found.clone() };
                let to = Column { check, is_invisible: as_found.is_invisible, ..given.into_owned() };
                // What is no longer computed leaves what it was computed of free to change.
                let is_freed = from.computed.is_some() && to.computed.is_none();
                let of_kind = if is_freed { &mut freed } else { of_kind };
                let (from, to) = (Box::new(from), Box::new(to));
                of_kind.push(Operation::AlterColumn { table: table.clone(), from, to, changes });
            }
        }
        self.rest.append(&mut freed);
        self.rest.append(&mut plain);
        self.rest.extend(gone_plain.into_iter().map(drop));
        self.rest.append(&mut computed);
        let is_kept = |column: &&Column| column.computed.is_none();
        for from in found.normal.columns.iter().filter(is_gone).filter(is_kept) {
            let new = wanted.normal.columns.iter().filter(|to| found.normal.find_column(&to.name).is_none());
            let new = new.filter(is_kept);
            let like = new.filter(|to| to.column_type == from.column_type && to.is_nullable == from.is_nullable);
            let hint =
                |to: &Column| RenameHint::Column { table: table.clone(), from: from.name.clone(), to: to.name.clone() };
            hints.extend(like.map(hint));
        }
    }

    /// Adds what is wanted and not there.
    fn additions(&mut self, table: &TableName, wanted: &Side, found: &Side, cx: &Comparison<'_>) {
        let (to, from) = (&wanted.normal, &found.normal);
        let mut added = Vec::new();
        if !to.primary_key.columns.is_empty() && !cx.same_key(to, from) {
            added.push(Constraint::PrimaryKey(wanted.given.primary_key.clone()));
        }
        let uniques = to.uniques.iter().filter(|to| !from.uniques.iter().any(|from| cx.same_unique(to, from)));
        added.extend(uniques.cloned().map(Constraint::Unique));
        for (given, normal) in wanted.given.checks.iter().map(|given| (given, cx.normal_check(given))) {
            if !from.checks.iter().any(|from| cx.same_check(&normal, from)) {
                added.push(Constraint::Check(given.clone()));
            }
        }
        let excludes = to.excludes.iter().filter(|to| !from.excludes.iter().any(|from| cx.same_exclude(to, from)));
        let given = |to: &ExcludeConstraint| wanted.given.excludes.iter().find(|given| given.name == to.name).cloned();
        added.extend(excludes.filter_map(given).map(Constraint::Exclude));
        let keys =
            to.foreign_keys.iter().filter(|to| !from.foreign_keys.iter().any(|from| cx.same_foreign_key(to, from)));
        keys.for_each(|key| self.add_key(table.clone(), key.clone()));
        let add = |constraint| Operation::AddConstraint { table: table.clone(), constraint };
        self.rest.extend(added.into_iter().map(add));
        for to in to.indexes.iter().filter(|to| !from.indexes.iter().any(|from| cx.same_index(to, from))) {
            let given = wanted.given.indexes.iter().find(|given| cx.normal_name(given.name.as_deref()) == to.name);
            self.rest.push(Operation::CreateIndex { table: table.clone(), index: given.unwrap_or(to).clone() });
        }
    }
}

/// Returns a column as it is added to a table that is there: to one of SQLite that is STRICT, whose types an operation cannot know,
/// with the type that such tables have for it.
fn as_declared(column: &Column, table: &Table) -> Column {
    let is_strict = table.options.iter().any(|(name, _)| name == "sqlite_strict");
    match Ddl::new(Dialect::Sqlite).declared_type(table, column) {
        Ok(declared) if is_strict => column.clone().variant(Dialect::Sqlite, ColumnType::custom(declared)),
        _ => column.clone(),
    }
}

/// How two things in normal form are compared.
struct Comparison<'a> {
    dialect: Option<Dialect>,
    /// Indexes that MySQL has made by itself for foreign keys, with the schemas and names of their tables.
    key_indexes: &'a [(Option<String>, String, Index)],
    /// Types of labels that are made anew, as they are and as they are to be.
    replaced: &'a [(EnumType, EnumType)],
}

impl Comparison<'_> {
    fn sql(&self, sql: &str) -> String {
        self.dialect.map_or_else(|| sql.to_owned(), |dialect| normal::sql(sql, dialect))
    }

    fn normal_name(&self, name: Option<&str>) -> Option<String> {
        name.map(|name| self.dialect.map_or_else(|| name.to_owned(), |dialect| super::fit(name, dialect).into_owned()))
    }

    fn normal_check(&self, check: &CheckConstraint) -> CheckConstraint {
        CheckConstraint { name: self.normal_name(check.name.as_deref()), sql: self.sql(&check.sql), ..check.clone() }
    }

    fn may_be_same(&self, left: &str, right: &str) -> bool {
        self.dialect.map_or(left == right, |dialect| rewritten::may_be_same(left, right, dialect))
    }

    fn may_both(&self, left: Option<&str>, right: Option<&str>) -> bool {
        match (left, right) {
            (Some(left), Some(right)) => self.may_be_same(left, right),
            (left, right) => left == right,
        }
    }

    fn same_key(&self, left: &Table, right: &Table) -> bool {
        let (left, right) = (&left.primary_key, &right.primary_key);
        left.columns == right.columns && same_name(left.name.as_deref(), right.name.as_deref())
    }

    fn same_unique(&self, left: &UniqueConstraint, right: &UniqueConstraint) -> bool {
        let names = (left.name.as_deref(), right.name.as_deref());
        same_name(names.0, names.1) && UniqueConstraint { name: left.name.clone(), ..right.clone() } == *left
    }

    /// `left` is what is wanted, and `right` what is found.
    fn same_foreign_key(&self, left: &ForeignKey, right: &ForeignKey) -> bool {
        let names = (left.name.as_deref(), right.name.as_deref());
        // What is valid is more than what may not be.
        let is_valid = left.is_not_valid || !right.is_not_valid;
        let (name, is_not_valid) = (left.name.clone(), left.is_not_valid);
        same_name(names.0, names.1) && is_valid && ForeignKey { name, is_not_valid, ..right.clone() } == *left
    }

    fn same_check(&self, left: &CheckConstraint, right: &CheckConstraint) -> bool {
        let is_valid = left.is_not_valid || !right.is_not_valid;
        same_name(left.name.as_deref(), right.name.as_deref()) && is_valid && self.may_be_same(&left.sql, &right.sql)
    }

    fn same_exclude(&self, left: &ExcludeConstraint, right: &ExcludeConstraint) -> bool {
        left.name == right.name && self.may_be_same(&left.sql, &right.sql)
    }

    fn same_index(&self, left: &Index, right: &Index) -> bool {
        let same_column = |left: &IndexColumn, right: &IndexColumn| match (&left.part, &right.part) {
            (IndexPart::Expression(a), IndexPart::Expression(b)) => {
                self.may_be_same(a, b) && IndexColumn { part: left.part.clone(), ..right.clone() } == *left
            }
            _ => left == right,
        };
        let same_columns = left.columns.len() == right.columns.len()
            && left.columns.iter().zip(&right.columns).all(|(left, right)| same_column(left, right));
        let without = |index: &Index| Index { columns: Vec::new(), condition: None, ..index.clone() };
        same_columns
            && self.may_both(left.condition.as_deref(), right.condition.as_deref())
            && without(left) == without(right)
    }

    /// Returns what differs between a column as it is found and as it is wanted.
    fn changes(&self, found: &Table, from: &Column, to: &Column) -> Vec<ColumnChange> {
        let mut changes = Vec::new();
        let mut note = |is_changed: bool, change: ColumnChange| {
            if is_changed {
                changes.push(change);
            }
        };
        note(!same_type(&from.column_type, &to.column_type), ColumnChange::Type);
        note(from.is_nullable != to.is_nullable, ColumnChange::Nullability);
        let same_default = self.may_both(from.server_default.as_deref(), to.server_default.as_deref());
        note(!same_default || !same_sequence(from, to), ColumnChange::Default);
        note(!same_generation(from, to), ColumnChange::Generation);
        let same_computed = match (&from.computed, &to.computed) {
            (Some(from), Some(to)) => from.is_stored == to.is_stored && self.may_be_same(&from.sql, &to.sql),
            (from, to) => from == to,
        };
        note(!same_computed, ColumnChange::Computed);
        // MySQL does not tell a column's collation from its table's.
        let is_of_table =
            |name: &String| found.options.iter().any(|(key, value)| key == "mysql_collate" && value == name);
        let collation = to.collation.clone().filter(|name| !is_of_table(name));
        note(from.collation != collation, ColumnChange::Collation);
        note(from.comment != to.comment, ColumnChange::Comment);
        changes
    }
}

/// Names count where both sides have one.
fn same_name(left: Option<&str>, right: Option<&str>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => left == right,
        _ => true,
    }
}

/// Returns whether the database makes up values as it is wanted. PostgreSQL does it by a serial or an identity column, which
/// are the same where nothing more is said.
fn same_generation(from: &Column, to: &Column) -> bool {
    let is_fulfilled = match (from.identity, to.identity) {
        (Some(_), None) => true,
        (None, Some(wanted)) => wanted == Identity::DEFAULT,
        (found, wanted) => found == wanted,
    };
    from.is_generated == to.is_generated && is_fulfilled
}

/// Returns whether two types are one; the labels of a type with a name are its own matter.
fn same_type(left: &ColumnType, right: &ColumnType) -> bool {
    match (left, right) {
        (
            ColumnType::Enum { schema, name, labels, is_native: true, .. },
            ColumnType::Enum { schema: other_schema, name: other, labels: other_labels, is_native: true, .. },
        ) => {
            let is_without_name = name.is_empty() && other.is_empty();
            (schema, name) == (other_schema, other) && (!is_without_name || labels == other_labels)
        }
        // The type beneath is the domain's own matter.
        (ColumnType::Domain { schema, name, .. }, ColumnType::Domain { schema: other_schema, name: other, .. }) => {
            (schema, name) == (other_schema, other)
        }
        // A model names it by `sql_type`.
        (ColumnType::Domain { schema, name, .. }, ColumnType::Custom(sql))
        | (ColumnType::Custom(sql), ColumnType::Domain { schema, name, .. }) => {
            sql.eq_ignore_ascii_case(&super::full_name(schema.as_deref(), name))
        }
        (ColumnType::Array(left), ColumnType::Array(right)) => same_type(left, right),
        // PostgreSQL's ranges of numbers have any precision.
        (ColumnType::Range(left), ColumnType::Range(right)) => left.range_name() == right.range_name(),
        _ => left == right,
    }
}
