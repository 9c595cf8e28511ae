//! Triggers and views of SQLite around what changes: it looks only when they run at whether what they name is there.
//!
//! In: operations, and the database before and after. Out: the triggers that go with a table, and an error for what no longer
//! runs.

use super::super::operation::{Operation, TableName};
use super::super::tokens::tokens;
use super::super::{View, run};
use crate::compile::ddl::Ddl;
use crate::dialect::Dialect;
use crate::engine::{Connection, Reader};
use crate::error::{Error, Result};
use crate::sql::text;

/// Triggers and views of SQLite around what changes, of which some may not have run before either.
pub(super) struct Around {
    /// The tables and views that change.
    changing: Vec<TableName>,
    /// What did not run, by its kind and name.
    broken: Vec<(&'static str, TableName)>,
}

/// A statement of which SQLite is to say whether it could run.
struct Probe {
    /// What it would do, and with what.
    of: (&'static str, TableName),
    sql: String,
}

impl Around {
    /// Looks at what there is before the operations are done.
    pub(super) async fn before(operations: &[Operation], connection: &mut Connection) -> Result<Around> {
        let changing = operations.iter().filter_map(|operation| match operation {
            Operation::CreateView(view) => Some(name(view)),
            other => other.altered_table().cloned(),
        });
        let mut changing: Vec<TableName> = changing.collect();
        changing.sort();
        changing.dedup();
        let mut around = Around { changing, broken: Vec::new() };
        let broken = around.failing(connection).await?;
        around.broken = broken.into_iter().map(|(of, _)| of).collect();
        Ok(around)
    }

    /// Fails if something no longer runs.
    pub(super) async fn refuse_broken(&self, connection: &mut Connection) -> Result<()> {
        let failing = self.failing(connection).await?;
        let Some(((kind, of), error)) = failing.into_iter().find(|(of, _)| !self.broken.contains(of)) else {
            return Ok(());
        };
        let what = match kind {
            "SELECT" => format!("the view `{of}` reads what is no longer there"),
            kind => format!("a trigger on {kind} of `{of}` names what is no longer there"),
        };
        Err(error.hint(format!("{what}: drop it, or create it anew without that, before")))
    }

    async fn failing(&self, connection: &mut Connection) -> Result<Vec<((&'static str, TableName), Error)>> {
        let mut failing = Vec::new();
        for probe in self.probes(connection).await? {
            // Its plan is enough; SQLite 3.51 dies of showing the whole program of a trigger on a view.
            let sql = format!("EXPLAIN QUERY PLAN {}", probe.sql);
            if let Err(error) = run::run(&mut *connection, Ok(vec![sql])).await {
                failing.push((probe.of, error));
            }
        }
        Ok(failing)
    }

    async fn probes(&self, connection: &mut Connection) -> Result<Vec<Probe>> {
        let mut schemas: Vec<Option<&String>> = self.changing.iter().map(|table| table.schema.as_ref()).collect();
        schemas.dedup();
        let mut probes = Vec::new();
        let ddl = Ddl::new(Dialect::Sqlite);
        for schema in schemas {
            let called = |name: String| TableName { schema: schema.cloned(), name };
            let sql = format!(
                "SELECT type, tbl_name, sql FROM {} WHERE type IN ('trigger', 'view') ORDER BY tbl_name",
                master(&called(String::new()))
            );
            let all = text(sql).columns::<(String, String, String)>().all(&mut *connection).await?;
            let mut known = Vec::new();
            for (kind, of, _) in all.into_iter().filter(|(_, of, sql)| self.is_around(of, sql)) {
                let (name, of) = (ddl.qualified(schema.map(String::as_str), &of), called(of));
                if kind == "view" {
                    probes.push(Probe { sql: format!("SELECT * FROM {name}"), of: ("SELECT", of) });
                } else if !known.contains(&of) {
                    // A view that cannot be read says so itself.
                    let Ok(columns) = columns(connection, &of).await else { continue };
                    let set: Vec<String> = columns.iter().map(|column| format!("{column} = {column}")).collect();
                    let (set, values) = (set.join(", "), vec!["NULL"; columns.len()].join(", "));
                    let statements = [
                        ("INSERT", format!("INSERT INTO {name} ({}) VALUES ({values})", columns.join(", "))),
                        ("UPDATE", format!("UPDATE {name} SET {set}")),
                        ("DELETE", format!("DELETE FROM {name}")),
                    ];
                    probes.extend(statements.map(|(kind, sql)| Probe { of: (kind, of.clone()), sql }));
                    known.push(of);
                }
            }
        }
        Ok(probes)
    }

    /// Returns whether a view or trigger says the name of something that changes, or is of it.
    fn is_around(&self, of: &str, sql: &str) -> bool {
        let tokens = tokens(sql);
        self.changing.iter().any(|table| {
            let is_it = |name: &str| name.eq_ignore_ascii_case(&table.name);
            is_it(of) || tokens.iter().any(|token| is_it(&token.name()))
        })
    }
}

/// Returns the columns to which one can write, in quotes where they need them.
async fn columns(connection: &mut Connection, table: &TableName) -> Result<Vec<String>> {
    let sql = "SELECT name FROM pragma_table_xinfo(:table, :schema) WHERE hidden = 0";
    let schema = table.schema.clone().unwrap_or_else(|| "main".to_owned());
    let columns = text(sql).bind("table", table.name.clone()).bind("schema", schema);
    let names = columns.columns::<String>().all(connection).await?;
    let quoted = names.iter().map(|column| {
        let mut name = String::new();
        Dialect::Sqlite.write_identifier(column, &mut name);
        name
    });
    Ok(quoted.collect())
}

/// Returns what a view is called.
pub(super) fn name(view: &View) -> TableName {
    TableName { schema: view.schema.clone(), name: view.name.clone() }
}

/// Returns the SQL of the triggers of a table or view of SQLite, which go with it.
pub(in crate::schema) async fn triggers<E: Reader>(db: E, table: &TableName) -> Result<Vec<String>> {
    let sql = format!("SELECT sql FROM {} WHERE type = 'trigger' AND tbl_name = :name COLLATE NOCASE", master(table));
    text(sql).bind("name", table.name.clone()).columns::<String>().all(db).await
}

/// Returns the table of all that is in the schema of a table.
pub(super) fn master(table: &TableName) -> String {
    Ddl::new(Dialect::Sqlite).qualified(Some(table.schema.as_deref().unwrap_or("main")), "sqlite_master")
}
