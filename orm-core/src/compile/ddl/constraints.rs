//! Keys, unique constraints and foreign keys.

use super::Ddl;
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Deferrable, ForeignKey, Table, UniqueConstraint};

impl Ddl {
    pub(super) fn primary_key(&self, table: &Table, columns: &str) -> String {
        match self.dialect {
            Dialect::Postgres => {
                format!("{}PRIMARY KEY ({columns})", self.constraint(table.primary_key.name.as_deref()))
            }
            Dialect::Sqlite | Dialect::MySql | Dialect::MariaDb => format!("PRIMARY KEY ({columns})"),
        }
    }

    pub(super) fn unique(&self, table: &Table, unique: &UniqueConstraint) -> Result<String> {
        let mut sql = format!("{}UNIQUE ", self.constraint(unique.name.as_deref()));
        if unique.nulls_not_distinct {
            self.only_postgres(table, "a unique constraint with NULLS NOT DISTINCT")?;
            sql.push_str("NULLS NOT DISTINCT ");
        }
        sql.push_str(&format!("({})", self.list(&unique.columns)));
        if let Some(when) = unique.deferrable {
            self.only_postgres(table, "a deferrable unique constraint")?;
            sql.push_str(deferrable(when));
        }
        Ok(sql)
    }

    pub(super) fn foreign_key(&self, table: &Table, key: &ForeignKey) -> Result<String> {
        let target = match (self.dialect, &key.target_schema) {
            (Dialect::Sqlite, schema) if *schema != table.schema => {
                let columns = key.columns.join(", ");
                let message = format!("column `{}.{columns}` refers to another schema", table.full_name());
                let hint = "a foreign key of SQLite stays within one database file";
                return Err(Error::new(
                    ErrorKind::Compile,
                    format!("{message}, which is not supported on dialect sqlite"),
                )
                .hint(hint));
            }
            (Dialect::Sqlite, _) | (_, None) => self.identifier(&key.target_table),
            (_, Some(schema)) => format!("{}.{}", self.identifier(schema), self.identifier(&key.target_table)),
        };
        let mut sql = format!(
            "{}FOREIGN KEY ({}) REFERENCES {target} ({})",
            self.constraint(key.name.as_deref()),
            self.list(&key.columns),
            self.list(&key.target_columns)
        );
        if key.is_match_full {
            self.only_postgres(table, "a foreign key with MATCH FULL")?;
            sql.push_str(" MATCH FULL");
        }
        for (when, action) in [("DELETE", key.on_delete), ("UPDATE", key.on_update)] {
            if let Some(action) = action {
                sql.push_str(&format!(" ON {when} {}", action.sql()));
                if when == "DELETE" && !key.on_delete_columns.is_empty() {
                    self.only_postgres(table, "a foreign key that sets some of its columns")?;
                    sql.push_str(&format!(" ({})", self.list(&key.on_delete_columns)));
                }
            }
        }
        if let Some(when) = key.deferrable {
            if self.is_mysql() {
                let what = format!("a deferrable foreign key of table `{}`", table.full_name());
                return Err(self.unsupported(&what));
            }
            sql.push_str(deferrable(when));
        }
        Ok(sql)
    }

    /// Adds a foreign key to a table that exists.
    pub(crate) fn add_foreign_key(&self, table: &Table, key: &ForeignKey) -> Result<String> {
        let not_valid = self.not_valid(key.is_not_valid);
        let key = self.foreign_key(table, key)?;
        let alter = format!("ALTER TABLE {} ADD {key}{not_valid}", self.table_name(table));
        // PostgreSQL has no ADD CONSTRAINT IF NOT EXISTS.
        Ok(match self.dialect {
            Dialect::Postgres if self.leaves_alone => {
                format!("DO $$ BEGIN\n    {alter};\nEXCEPTION WHEN duplicate_object THEN NULL;\nEND $$")
            }
            Dialect::MariaDb if self.leaves_alone => alter.replacen("FOREIGN KEY (", "FOREIGN KEY IF NOT EXISTS (", 1),
            _ => alter,
        })
    }

    /// Adds a foreign key that a table may have already.
    pub(crate) fn add_late_foreign_key(&self, table: &Table, key: &ForeignKey) -> Result<Vec<String>> {
        let sql = self.add_foreign_key(table, key)?;
        Ok(match key.name.as_deref() {
            Some(name) if self.dialect == Dialect::MySql && self.leaves_alone => self.if_key(table, name, false, &sql),
            _ => vec![sql],
        })
    }

    /// Drops a foreign key that a table may not have.
    pub(crate) fn drop_late_foreign_key(&self, table: &Table, name: &str) -> Vec<String> {
        let sql = self.drop_constraint_if_exists(table, "FOREIGN KEY", name);
        match self.dialect {
            Dialect::MySql if self.leaves_alone => self.if_key(table, name, true, &sql),
            _ => vec![sql],
        }
    }

    /// Has MySQL, whose ALTER knows no IF EXISTS, do something by whether a table has a constraint.
    fn if_key(&self, table: &Table, name: &str, has: bool, sql: &str) -> Vec<String> {
        let schema = table.schema.as_deref().map_or_else(|| "database()".to_owned(), |schema| self.text(schema));
        let (of, name, sql) =
            (self.text(&table.name), self.text(&crate::schema::fit(name, self.dialect)), self.text(sql));
        let (there, absent) = if has { (sql.as_str(), "'DO 0'") } else { ("'DO 0'", sql.as_str()) };
        vec![
            format!(
                "SET @orm = IF(EXISTS (SELECT 1 FROM information_schema.table_constraints WHERE table_schema = {schema} \
                 AND table_name = {of} AND constraint_name = {name}), {there}, {absent})"
            ),
            "PREPARE orm FROM @orm".to_owned(),
            "EXECUTE orm".to_owned(),
            "DEALLOCATE PREPARE orm".to_owned(),
        ]
    }

    /// Leaves rows that are there unchecked, where the database can do that.
    pub(super) fn not_valid(&self, is_not_valid: bool) -> &'static str {
        if is_not_valid && self.dialect == Dialect::Postgres { " NOT VALID" } else { "" }
    }

    /// Drops a constraint; `kind` is what MySQL wants to know.
    pub(crate) fn drop_constraint_if_exists(&self, table: &Table, kind: &str, name: &str) -> String {
        let (of_table, of_key) = match self.dialect {
            // MySQL knows neither.
            Dialect::MySql => ("", ""),
            _ => (self.if_exists(), self.if_exists()),
        };
        let word = if self.is_mysql() { kind } else { "CONSTRAINT" };
        let (table, name) = (self.table_name(table), self.constraint_name(name));
        format!("ALTER TABLE {of_table}{table} DROP {word} {of_key}{name}")
    }
}

fn deferrable(when: Deferrable) -> &'static str {
    match when {
        Deferrable::InitiallyImmediate => " DEFERRABLE INITIALLY IMMEDIATE",
        Deferrable::InitiallyDeferred => " DEFERRABLE INITIALLY DEFERRED",
    }
}
