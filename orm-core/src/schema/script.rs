//! What a file of a migration says: the SQL that leads from a database to its metadata, and the SQL that leads back.
//!
//! In: metadata, and the database. Out: [`Script`]s for `orm-migrate`, whose statements run without looking at the database again;
//! [`Diff::execute`] looks, and refuses more.

use super::copy::{
    OnViews, drops_cycle, free_name_among, name_home, statements, tables_to_copy, triggers, without_check,
};
use super::diff::is_history;
use super::operation::{ColumnChange, Operation, TableName};
use super::{Column, Diff, EnumType, Index, MetaData, Origin, RenameHint, Table, metadata, run};
use crate::compile::ddl::Ddl;
use crate::dialect::Dialect;
use crate::engine::Engine;
use crate::error::Result;
use crate::types::ColumnType;

/// Statements, in the order in which they run.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// The steps.
    pub steps: Vec<Step>,
    /// Whether SQLite is not to look at foreign keys meanwhile.
    pub is_without_foreign_keys: bool,
    /// What may be a new name.
    pub hints: Vec<RenameHint>,
}

/// One change, or those of a table that is copied.
#[derive(Clone, Debug)]
pub struct Step {
    /// What happens, in words, and what is to be known of it.
    pub words: Vec<String>,
    /// What does it.
    pub statements: Vec<String>,
    /// When it can be done.
    pub place: Place,
    /// The index that it creates or drops.
    pub index: Option<String>,
}

/// When a step can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the transaction of the revision.
    Within,
    /// Behind it, outside of any transaction: indexes that are created concurrently.
    After,
}

/// Returns what leads to the metadata, each with what leads back, in order; nothing where nothing differs. Labels of PostgreSQL that
/// the rest uses come first by themselves.
///
/// # Errors
///
/// As [`MetaData::diff`] and [`Operation::to_sql`], and when the database cannot be read.
pub async fn there_and_back(engine: &Engine, metadata: &MetaData) -> Result<Vec<(Script, Script)>> {
    let wanted = metadata.where_it_stands(&mut &*engine)?;
    let schemas = wanted.schemas()?;
    let schemas: Vec<&str> = schemas.iter().map(String::as_str).collect();
    let mut found = MetaData::reflect_schemas(engine, &schemas).await?;
    for table in found.tables()?.iter().filter(|table| is_history(table)) {
        found.remove(&table.full_name());
    }
    let mut diff = wanted.diff(&found)?;
    let mut pairs = Vec::new();
    if diff.is_empty() {
        return Ok(pairs);
    }
    let then = then(&wanted, &found)?;
    if uses_new_labels(&diff, engine.dialect())? {
        let is_label = |operation: &Operation| matches!(operation, Operation::AlterEnum { .. });
        let (labels, rest) = diff.operations.into_iter().partition(is_label);
        let labels = Diff { operations: labels, hints: Vec::new() };
        let middle = relabelled(&found, &labels)?;
        let back = found.diff_of_past(&middle)?;
        pairs.push((script(engine, labels, &found).await?, script(engine, back, &middle).await?));
        (diff.operations, found) = (rest, middle);
    }
    let mut back = found.diff_of_past(&then)?;
    undo_creations(&diff, &mut back, &found);
    pairs.push((script(engine, diff, &found).await?, script(engine, back, &then).await?));
    Ok(pairs)
}

/// Returns whether all that an engine does is one transaction, of a test.
pub fn is_of_test(engine: &Engine) -> bool {
    engine.is_of_test()
}

/// Returns whether something uses a label that is added: PostgreSQL lets nothing do that in the transaction that adds it.
fn uses_new_labels(diff: &Diff, dialect: Dialect) -> Result<bool> {
    if dialect != Dialect::Postgres {
        return Ok(false);
    }
    let added = diff.operations.iter().filter_map(|operation| match operation {
        Operation::AlterEnum { from, to } => Some(to.labels.iter().filter(|label| !from.labels.contains(label))),
        _ => None,
    });
    let added: Vec<String> = added.flatten().map(|label| format!("'{}'", label.replace('\'', "''"))).collect();
    for operation in diff.operations.iter().filter(|operation| !matches!(operation, Operation::AlterEnum { .. })) {
        let statements = operation.to_sql(dialect)?;
        if statements.iter().any(|sql| added.iter().any(|label| sql.contains(label.as_str()))) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns what will be found when labels have been added.
fn relabelled(found: &MetaData, labels: &Diff) -> Result<MetaData> {
    let added: Vec<&EnumType> = labels
        .operations
        .iter()
        .filter_map(|operation| match operation {
            Operation::AlterEnum { to, .. } => Some(to),
            _ => None,
        })
        .collect();
    let mut tables = found.tables()?;
    for column in tables.iter_mut().flat_map(|table| &mut table.columns) {
        let ColumnType::Enum { schema, name, labels, .. } = column.column_type.element_mut() else { continue };
        if let Some(to) = added.iter().find(|to| to.schema.as_deref() == schema.as_deref() && to.name == *name) {
            *labels = to.labels.iter().map(|label| label.clone().into()).collect();
        }
    }
    let metadata = MetaData::of_parts(tables, found.sequences().to_vec(), found.views().to_vec());
    let metadata = match found.origin().cloned() {
        None => metadata,
        Some(mut origin) => {
            for of in &mut origin.enums {
                if let Some(to) = added.iter().find(|to| (&to.schema, &to.name) == (&of.schema, &of.name)) {
                    of.labels.clone_from(&to.labels);
                }
            }
            metadata.read_from(origin)
        }
    };
    Ok(found.domains().iter().cloned().fold(metadata, MetaData::domain))
}

/// Returns what will be found when the metadata is there.
fn then(wanted: &MetaData, found: &MetaData) -> Result<MetaData> {
    let mut tables = wanted.told_tables()?;
    let Some(origin) = found.origin() else { return Ok(wanted.clone()) };
    let found_tables = found.tables()?;
    for (told, named) in tables.iter_mut().zip(wanted.named_tables()?) {
        let is_it = |found: &&Table| (&found.schema, &found.name) == (&told.schema, &told.name);
        if let Some(found) = found_tables.iter().find(is_it) {
            metadata::keep_names(told, &named, found, origin.dialect);
            if matches!(origin.dialect, Dialect::MySql | Dialect::MariaDb) {
                // What is not said of engine and characters stays as it is.
                let is_said = |name: &str| told.options.iter().any(|(said, _)| said == name);
                let kept: Vec<_> = found.options.iter().filter(|(name, _)| !is_said(name)).cloned().collect();
                told.options.extend(kept);
            }
        }
    }
    for table in &mut tables {
        // A check of labels is found as any other.
        let checks = Ddl::new(origin.dialect).label_checks(table);
        table.columns = table.columns.iter().map(without_check).collect();
        table.checks.extend(checks);
    }
    let mut enums: Vec<EnumType> = metadata::enums(&tables)?;
    let is_new = |of: &&EnumType| !enums.iter().any(|known| (&known.schema, &known.name) == (&of.schema, &of.name));
    let others: Vec<EnumType> = origin.enums.iter().filter(is_new).cloned().collect();
    enums.extend(others);
    let key_indexes = if matches!(origin.dialect, Dialect::MySql | Dialect::MariaDb) {
        tables.iter().flat_map(key_indexes).collect()
    } else {
        Vec::new()
    };
    let sequences = wanted.all_sequences(&tables, origin.dialect);
    let origin = Origin { enums, key_indexes, ..origin.clone() };
    let metadata = MetaData::of_parts(tables, sequences, wanted.views().to_vec()).read_from(origin);
    Ok(wanted.domains().iter().cloned().fold(metadata, MetaData::domain))
}

/// Returns the indexes that MySQL makes by itself for the foreign keys of a table: it leaves them when the key goes.
fn key_indexes(table: &Table) -> Vec<(Option<String>, String, Index)> {
    let begins = |columns: &[String], key: &[String]| columns.len() >= key.len() && columns[..key.len()] == *key;
    let is_bare = |key: &&super::ForeignKey| {
        let columns = key.columns.as_slice();
        !(begins(&table.primary_key.columns, columns)
            || table.uniques.iter().any(|unique| begins(&unique.columns, columns))
            || table.indexes.iter().any(|index| begins(&index.column_names(), columns)))
    };
    let made = table.foreign_keys.iter().filter(is_bare).filter_map(|key| {
        let index = Index::new(key.columns.iter().map(String::as_str)).name(key.name.clone()?);
        Some((table.schema.clone(), table.name.clone(), index))
    });
    made.collect()
}

/// Adds to the way back what no difference drops: types, domains, sequences and views may be there for others.
fn undo_creations(diff: &Diff, back: &mut Diff, found: &MetaData) {
    let mut first = Vec::new();
    let mut last = Vec::new();
    for operation in diff.operations.iter().rev() {
        match operation {
            Operation::CreateView(view) => {
                let is_it = |known: &&super::View| known.name == view.name && known.schema == view.schema;
                let is_dropped = |known: &Operation| matches!(known, Operation::DropView(of) if of.name == view.name);
                if !found.views().iter().any(|known| is_it(&known)) && !back.operations.iter().any(is_dropped) {
                    first.push(Operation::DropView(view.clone()));
                }
            }
            Operation::CreateSequence(of) => last.push(Operation::DropSequence(of.clone())),
            Operation::CreateDomain(of) => last.push(Operation::DropDomain(of.clone())),
            Operation::CreateEnum(of) => last.push(Operation::DropEnum(of.clone())),
            _ => {}
        }
    }
    first.append(&mut back.operations);
    first.append(&mut last);
    back.operations = first;
}

/// Writes operations for a database that is as `old` says.
async fn script(engine: &Engine, diff: Diff, old: &MetaData) -> Result<Script> {
    let dialect = engine.dialect();
    let home = run::home(&mut &*engine);
    let Diff { mut operations, hints } = diff;
    operations.iter_mut().for_each(|operation| name_home(operation, home.as_deref()));
    let on_views = OnViews::of(&operations, engine).await?;
    let copied = tables_to_copy(&operations, dialect);
    let is_without_foreign_keys = !copied.is_empty() || (dialect == Dialect::Sqlite && drops_cycle(&operations));
    let mut script = Script { steps: Vec::new(), is_without_foreign_keys, hints };
    let mut done: Vec<&TableName> = Vec::new();
    for operation in &operations {
        let Some(name) = operation.altered_table().filter(|table| copied.contains(table)) else {
            let statements = on_views.with(operation, dialect)?;
            let (words, place) = (words(operation, dialect), place(operation, dialect));
            let index = match operation {
                Operation::CreateIndex { index, .. } | Operation::DropIndex { index, .. } => index.name.clone(),
                _ => None,
            };
            script.steps.push(Step { words, statements, place, index });
            continue;
        };
        if done.contains(&name) {
            continue;
        }
        done.push(name);
        let of_table = || operations.iter().filter(|operation| operation.altered_table() == Some(name));
        let mut statements = statements(name, free_name_among(old, name)?, of_table(), old)?;
        statements.extend(triggers(engine, name).await?);
        let mut told = vec![format!("copy table `{name}`, since SQLite's ALTER does not do")];
        told.extend(of_table().flat_map(|operation| words(operation, dialect)));
        script.steps.push(Step { words: told, statements, place: Place::Within, index: None });
    }
    if !copied.is_empty() {
        // Views and keys that name a table are left as they are while its copy takes its place.
        let pragma = |value: &str| Step {
            words: Vec::new(),
            statements: vec![format!("PRAGMA legacy_alter_table = {value}")],
            place: Place::Within,
            index: None,
        };
        script.steps.insert(0, pragma("ON"));
        script.steps.push(pragma("OFF"));
    }
    Ok(script)
}

fn place(operation: &Operation, dialect: Dialect) -> Place {
    match operation {
        Operation::CreateIndex { index, .. } if index.is_concurrent && dialect == Dialect::Postgres => Place::After,
        _ => Place::Within,
    }
}

/// Says what an operation does, and what it may lose.
fn words(operation: &Operation, dialect: Dialect) -> Vec<String> {
    let mut words = vec![operation.to_string()];
    match operation {
        Operation::DropTable(_) => words.push("this loses data: all rows of the table".into()),
        Operation::DropColumn { column, .. } if column.computed.is_none() => {
            words.push("this loses data: all values of the column".into());
        }
        Operation::AlterColumn { changes, .. } if changes.contains(&ColumnChange::Type) => {
            words.push("this may lose data, or fail: values that the new type does not have".into());
        }
        Operation::ReplaceEnum { .. } => {
            words.push("this fails where rows have a label that goes: change them before".into())
        }
        Operation::AddColumn { column, .. } if !is_filled(column) => words.push(
            if matches!(dialect, Dialect::MySql | Dialect::MariaDb) {
                "rows that are there get an empty value that nobody wrote: say a server default, or fill it"
            } else {
                "this fails where there are rows: say a server default, or add it as NULL, fill it, and then change it"
            }
            .into(),
        ),
        _ => {}
    }
    words
}

/// Returns whether rows that are there have a value for a new column.
fn is_filled(column: &Column) -> bool {
    column.is_nullable
        || column.is_generated
        || column.server_default.is_some()
        || column.sequence.is_some()
        || column.computed.is_some()
}
