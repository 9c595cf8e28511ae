//! Which revisions a database has: the table `orm_migrations`, a row for each.
//!
//! Its statements are text, since `sql` prints them as well; what they hold are digits, names of files and checksums.

use orm_core::{Connection, Dialect, ExecutionOptions, IsolationLevel, Result, ResultSet};

use crate::revision::Revision;

/// The table of a database.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) table: String,
    pub(crate) schema: Option<String>,
    pub(crate) dialect: Dialect,
}

/// A row of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) revision: String,
    pub(crate) name: String,
    pub(crate) checksum: String,
    pub(crate) applied_at: String,
}

impl History {
    fn is_mysql(&self) -> bool {
        matches!(self.dialect, Dialect::MySql | Dialect::MariaDb)
    }

    /// Returns the name, quoted where it has to be.
    pub(crate) fn name(&self) -> String {
        let quoted = |name: &str| {
            let is_plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') && name.contains('_');
            let quote = if self.is_mysql() { "`" } else { "\"" };
            if is_plain { name.to_owned() } else { format!("{quote}{}{quote}", name.replace(quote, &quote.repeat(2))) }
        };
        let schema = self.schema.as_deref().map(|schema| format!("{}.", quoted(schema)));
        format!("{}{}", schema.unwrap_or_default(), quoted(&self.table))
    }

    /// Returns a text as a literal.
    fn text(&self, text: &str) -> String {
        let text = if self.is_mysql() { text.replace('\\', "\\\\") } else { text.to_owned() };
        format!("'{}'", text.replace('\'', "''"))
    }

    pub(crate) fn create(&self) -> String {
        let moment = match self.dialect {
            Dialect::Postgres => "TIMESTAMP WITH TIME ZONE",
            Dialect::MySql | Dialect::MariaDb => "DATETIME(6)",
            _ => "DATETIME",
        };
        format!(
            "CREATE TABLE IF NOT EXISTS {} (revision VARCHAR(14) NOT NULL PRIMARY KEY, name VARCHAR(200) NOT NULL, \
             checksum VARCHAR(32) NOT NULL, applied_at {moment} NOT NULL)",
            self.name()
        )
    }

    pub(crate) fn insert(&self, revision: &Revision) -> String {
        let now = if self.is_mysql() { "UTC_TIMESTAMP(6)" } else { "CURRENT_TIMESTAMP" };
        let Revision { revision, name, checksum, .. } = revision;
        format!(
            "INSERT INTO {} (revision, name, checksum, applied_at) VALUES ('{revision}', '{name}', '{checksum}', {now})",
            self.name()
        )
    }

    pub(crate) fn delete(&self, revision: &str) -> String {
        format!("DELETE FROM {} WHERE revision = {}", self.name(), self.text(revision))
    }

    pub(crate) fn update(&self, revision: &Revision) -> String {
        let Revision { revision, name, checksum, .. } = revision;
        format!("UPDATE {} SET name = '{name}', checksum = '{checksum}' WHERE revision = '{revision}'", self.name())
    }

    /// Returns a query whose one value says whether the table is there.
    fn is_there(&self) -> String {
        let table = self.text(&self.table);
        let schema = self.schema.as_deref().map(|schema| self.text(schema));
        match self.dialect {
            Dialect::Postgres => {
                let schema = schema.map_or_else(String::new, |schema| format!("quote_ident({schema}) || '.' || "));
                format!("SELECT CASE WHEN to_regclass({schema}quote_ident({table})) IS NULL THEN 0::BIGINT ELSE 1 END")
            }
            Dialect::MySql | Dialect::MariaDb => {
                let schema = schema.unwrap_or_else(|| "DATABASE()".to_owned());
                format!(
                    "SELECT count(*) FROM information_schema.tables WHERE table_schema = {schema} AND table_name = {table}"
                )
            }
            _ => {
                let schema = self.schema.as_deref().unwrap_or("main").replace('"', "\"\"");
                format!(
                    "SELECT count(*) FROM \"{schema}\".sqlite_master WHERE type = 'table' AND name = {table} COLLATE NOCASE"
                )
            }
        }
    }

    /// Returns a query of all rows.
    fn select(&self) -> String {
        let applied_at = match self.dialect {
            Dialect::Postgres => "to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')",
            Dialect::MySql | Dialect::MariaDb => "DATE_FORMAT(applied_at, '%Y-%m-%d %H:%i:%s')",
            _ => "strftime('%Y-%m-%d %H:%M:%S', applied_at)",
        };
        format!("SELECT revision, name, checksum, {applied_at} FROM {} ORDER BY revision", self.name())
    }

    /// Reads the rows; none where there is no table yet. A transaction that is open is used, and otherwise none is begun.
    pub(crate) async fn read(&self, connection: &mut Connection) -> Result<Vec<Applied>> {
        if run(connection, &self.is_there()).await?.scalar::<i64>()? == Some(0) {
            return Ok(Vec::new());
        }
        let mut rows = run(connection, &self.select()).await?;
        let applied = rows.fetch_all().into_iter().map(|row| {
            Ok(Applied {
                revision: row.get(0)?,
                name: row.get(1)?,
                checksum: row.get(2)?,
                applied_at: row.get::<Option<String>>(3)?.unwrap_or_default(),
            })
        });
        applied.collect()
    }
}

/// Runs a statement as it stands: in the transaction that is open, or by itself.
pub(crate) async fn run(connection: &mut Connection, sql: &str) -> Result<ResultSet> {
    if connection.in_transaction() {
        return connection.exec_driver_sql(sql, ()).await;
    }
    let mut lent = connection.with_options(ExecutionOptions::new().isolation_level(IsolationLevel::Autocommit))?;
    let result = lent.exec_driver_sql(sql, ()).await;
    // There is no transaction; the connection forgets that it took this for one.
    lent.rollback().await?;
    result
}
