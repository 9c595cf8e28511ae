//! Whether a database has already what an operation does: SQLAlchemy's `checkfirst`.

use super::{Constraint, Inspector, Operation, Table, TableName, fit};
use crate::dialect::Dialect;
use crate::engine::Executor;
use crate::error::Result;

impl Operation {
    /// Does it, unless the database says that it is done: what is there is not created, and what is not is not dropped.
    /// Returns whether it was done now.
    ///
    /// Things are known by their names, as those without one by their columns. SQLAlchemy's `checkfirst`.
    ///
    /// ```
    /// # use orm_core::{ColumnType, Engine, schema::{Column, Index, Operation, Table}};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// let users = Table::new("users").column(Column::new("name", ColumnType::Text));
    /// users.create(&engine).await?;
    /// let index = Operation::CreateIndex { table: (&users).into(), index: Index::new(["name"]).name("by_name") };
    /// assert!(index.execute_unless_done(&engine).await?);
    /// assert!(!index.execute_unless_done(&engine).await?);
    /// assert!(index.execute(&engine).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute), and when the catalogs cannot be read.
    pub fn execute_unless_done<E: Executor>(&self, mut db: E) -> impl Future<Output = Result<bool>> + Send + use<E> {
        let operation = self.clone();
        async move {
            let schemas: Vec<&str> = operation.schema().into_iter().collect();
            let inspector = Inspector::of_schemas(db.again(), &schemas).await?;
            if operation.is_done(&inspector) {
                return Ok(false);
            }
            operation.execute(db).await?;
            Ok(true)
        }
    }

    /// Returns the table that it changes, but for one that is created, dropped or renamed.
    pub(super) fn altered_table(&self) -> Option<&TableName> {
        match self {
            Operation::AddColumn { table, .. }
            | Operation::DropColumn { table, .. }
            | Operation::AlterColumn { table, .. }
            | Operation::RenameColumn { table, .. }
            | Operation::AddConstraint { table, .. }
            | Operation::DropConstraint { table, .. }
            | Operation::CreateIndex { table, .. }
            | Operation::DropIndex { table, .. }
            | Operation::AlterOptions { table, .. }
            | Operation::CommentTable { table, .. } => Some(table),
            _ => None,
        }
    }

    /// Returns the schema of what it is about.
    pub(super) fn schema(&self) -> Option<&str> {
        let schema = match self {
            Operation::CreateEnum(of) | Operation::DropEnum(of) => &of.schema,
            Operation::AlterEnum { to: of, .. } | Operation::ReplaceEnum { to: of, .. } => &of.schema,
            Operation::CreateSequence(of) | Operation::DropSequence(of) | Operation::AlterSequence { to: of, .. } => {
                &of.schema
            }
            Operation::CreateDomain(of) | Operation::DropDomain(of) | Operation::AlterDomain { to: of, .. } => {
                &of.schema
            }
            Operation::CreateTable(table) | Operation::DropTable(table) => &table.schema,
            Operation::RenameTable { from, .. } => &from.schema,
            Operation::CreateView(view) | Operation::DropView(view) => &view.schema,
            _ => &self.altered_table()?.schema,
        };
        schema.as_deref()
    }

    fn is_done(&self, inspector: &Inspector) -> bool {
        let home = |schema: &Option<String>| schema.clone().filter(|schema| schema != inspector.default_schema());
        let tables = inspector.tables();
        let find = |name: &TableName| {
            tables.iter().find(|table| table.name == name.name && table.schema == home(&name.schema))
        };
        let has_enum = |of: &super::EnumType| {
            inspector.enums().iter().any(|known| known.name == of.name && known.schema == home(&of.schema))
        };
        let has_labels = |of: &super::EnumType| {
            let is_it = |known: &&super::EnumType| known.name == of.name && known.schema == home(&of.schema);
            let known = inspector.enums().iter().find(is_it);
            known.is_some_and(|known| of.labels.iter().all(|label| known.labels.contains(label)))
        };
        let has_domain = |of: &super::Domain| {
            inspector.domains().iter().any(|known| known.name == of.name && known.schema == home(&of.schema))
        };
        let has_sequence = |of: &super::Sequence| {
            inspector.sequences().iter().any(|known| known.name == of.name && known.schema == home(&of.schema))
        };
        let fitting = |name: Option<&str>| name.map(|name| fit(name, inspector.dialect()).into_owned());
        match self {
            Operation::CreateEnum(of) => inspector.dialect() != Dialect::Postgres || has_enum(of),
            Operation::DropEnum(of) => !has_enum(of),
            Operation::AlterEnum { to, .. } => inspector.dialect() != Dialect::Postgres || has_labels(to),
            Operation::CreateDomain(of) => inspector.dialect() != Dialect::Postgres || has_domain(of),
            Operation::DropDomain(of) => !has_domain(of),
            Operation::CreateSequence(of) => has_sequence(of),
            Operation::DropSequence(of) => !has_sequence(of),
            Operation::CreateTable(table) => find(&(&**table).into()).is_some(),
            Operation::DropTable(table) => find(&(&**table).into()).is_none(),
            Operation::RenameTable { from, to } => {
                let to = TableName { name: to.clone(), ..from.clone() };
                find(from).is_none() && find(&to).is_some()
            }
            Operation::CreateView(view) => inspector.has_view(&home(&view.schema), &view.name),
            Operation::DropView(view) => !inspector.has_view(&home(&view.schema), &view.name),
            Operation::AddColumn { table, column } => {
                find(table).is_some_and(|table| table.find_column(&column.name).is_some())
            }
            Operation::DropColumn { table, column } => {
                find(table).is_none_or(|table| table.find_column(&column.name).is_none())
            }
            Operation::RenameColumn { table, from, to } => {
                find(table).is_some_and(|table| table.find_column(from).is_none() && table.find_column(to).is_some())
            }
            Operation::AddConstraint { table, constraint } => {
                find(table).is_some_and(|table| has_constraint(table, constraint, inspector.dialect()))
            }
            Operation::DropConstraint { table, constraint } => {
                find(table).is_none_or(|table| !has_constraint(table, constraint, inspector.dialect()))
            }
            Operation::CreateIndex { table, index } => {
                find(table).is_some_and(|table| has_index(table, fitting(index.name.as_deref())))
            }
            Operation::DropIndex { table, index } => {
                find(table).is_none_or(|table| !has_index(table, fitting(index.name.as_deref())))
            }
            Operation::AlterColumn { .. }
            | Operation::ReplaceEnum { .. }
            | Operation::AlterDomain { .. }
            | Operation::AlterSequence { .. }
            | Operation::AlterOptions { .. }
            | Operation::CommentTable { .. } => false,
        }
    }
}

/// Returns whether there is an index of this name; MySQL has unique ones among the constraints.
fn has_index(table: &Table, name: Option<String>) -> bool {
    let names = table.indexes.iter().map(|index| &index.name).chain(table.uniques.iter().map(|unique| &unique.name));
    name.is_some() && names.into_iter().any(|known| *known == name)
}

fn has_constraint(table: &Table, constraint: &Constraint, dialect: Dialect) -> bool {
    let wanted = constraint.name().map(|name| fit(name, dialect).into_owned());
    let is = |name: &Option<String>, is_same: bool| match (&wanted, name) {
        (Some(wanted), Some(name)) => wanted == name,
        _ => is_same,
    };
    match constraint {
        Constraint::PrimaryKey(_) => !table.primary_key.columns.is_empty(),
        Constraint::Unique(of) => table.uniques.iter().any(|known| is(&known.name, known.columns == of.columns)),
        Constraint::ForeignKey(of) => table
            .foreign_keys
            .iter()
            .any(|known| is(&known.name, known.columns == of.columns && known.target_table == of.target_table)),
        Constraint::Check(of) => table.checks.iter().any(|known| {
            is(&known.name, super::normal::sql(&known.sql, dialect) == super::normal::sql(&of.sql, dialect))
        }),
        Constraint::Exclude(of) => table.excludes.iter().any(|known| known.name == of.name),
    }
}
