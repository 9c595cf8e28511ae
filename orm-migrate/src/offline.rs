//! What an upgrade would run, as text, for who runs it by hand: `sql`.

use orm_core::{Dialect, Result};

use crate::apply::Direction;
use crate::errors::{Told, argument, invalid_request};
use crate::history::History;
use crate::migrations::Migrations;
use crate::revision::{Revision, Section};
use crate::target;

impl Migrations {
    /// Returns the SQL that leads from one revision to another, `FROM:TO`, with the rows of `orm_migrations`; it needs no database.
    /// What is left out is `base` and `head`, so that an empty text stands for all; a TO before FROM goes back.
    ///
    /// ```
    /// let migrations = orm::migrations!("../examples/migrations");
    /// let sql = migrations.to_sql(orm::Dialect::Postgres, "create_users:add_email")?;
    /// assert!(sql.contains("ALTER TABLE users ADD COLUMN email TEXT;\nINSERT INTO orm_migrations "));
    /// assert!(!sql.contains("CREATE TABLE users"));
    /// let back = migrations.to_sql(orm::Dialect::Postgres, "head:base")?;
    /// assert!(back.contains("DROP TABLE users;\nDELETE FROM orm_migrations "));
    /// # Ok::<(), orm::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails as [`revisions`](Self::revisions) does, when there is no such revision, and when one cannot be taken back.
    pub fn to_sql(&self, dialect: Dialect, range: &str) -> Result<String> {
        let revisions = self.revisions(dialect)?;
        let (from, to) = match range.split_once(':') {
            None => ("base", range),
            Some((from, to)) => (if from.is_empty() { "base" } else { from }, to),
        };
        let to = if to.is_empty() { "head" } else { to };
        if [from, to].iter().any(|word| word.starts_with(['+', '-'])) {
            let message = format!("`{range}` counts from where a database is, and none is asked");
            return Err(argument(message).hint("name revisions, as in `FROM:TO`"));
        }
        let (from, to) = (target::up_to(&revisions, from)?.len(), target::up_to(&revisions, to)?.len());
        let history = self.history(dialect);
        let mut script = Text { history, text: String::new() };
        if from <= to {
            let create = script.history.create();
            script.statement(&create);
            for revision in &revisions[from..to] {
                script.revision(revision, &revision.upgrade, Direction::Upgrade);
            }
            return Ok(script.text);
        }
        for revision in revisions[to..from].iter().rev() {
            let Some(downgrade) = &revision.downgrade else {
                return Err(invalid_request(format!(
                    "`{}` cannot be taken back: no line `-- downgrade`",
                    revision.file
                )));
            };
            script.revision(revision, downgrade, Direction::Downgrade);
        }
        Ok(script.text)
    }
}

/// A script that is being written.
struct Text {
    history: History,
    text: String,
}

impl Text {
    fn revision(&mut self, revision: &Revision, section: &Section, direction: Direction) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(&format!("-- {} {revision}\n", direction.words()));
        let is_unchecked = section.is_without_foreign_keys && self.history.dialect == Dialect::Sqlite;
        let begin = match self.history.dialect {
            Dialect::Sqlite => "BEGIN IMMEDIATE",
            _ => "BEGIN",
        };
        if is_unchecked {
            self.statement("PRAGMA foreign_keys = OFF");
        }
        if !section.is_without_transaction {
            self.statement(begin);
        }
        for statement in &section.statements {
            self.statement(&statement.text);
        }
        self.statement(&match direction {
            Direction::Upgrade => self.history.insert(revision),
            Direction::Downgrade => self.history.delete(&revision.revision),
        });
        if !section.is_without_transaction {
            self.statement("COMMIT");
        }
        if is_unchecked {
            self.statement("PRAGMA foreign_keys = ON");
        }
    }

    fn statement(&mut self, sql: &str) {
        // The client of MySQL and MariaDB would end a body at its first `;`.
        let is_mysql = matches!(self.history.dialect, Dialect::MySql | Dialect::MariaDb);
        if is_mysql && sql.contains(';') {
            let delimiter = ["//", "$$", "@@"].into_iter().find(|mark| !sql.contains(mark)).unwrap_or("|~|");
            self.text.push_str(&format!("DELIMITER {delimiter}\n{sql}{delimiter}\nDELIMITER ;\n"));
        } else {
            self.text.push_str(&format!("{sql};\n"));
        }
    }
}
