//! CREATE and DROP: one walk over a [`Table`] for every dialect.
//!
//! In: tables as plain data. Out: statements as text, since DDL takes no parameters. Who calls:
//! [`MetaData`](crate::schema::MetaData) and [`Table`].

mod alter;

use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{
    CheckConstraint, Column, Counting, Deferrable, EnumType, ForeignKey, Index, IndexColumn, IndexPart, Sequence,
    Table, UniqueConstraint, View, fit, full_name,
};
use crate::types::ColumnType;

/// Writes DDL for a dialect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ddl {
    dialect: Dialect,
    /// Whether what exists is left alone when it is created, and what does not exist when it is dropped.
    leaves_alone: bool,
}

impl Ddl {
    /// Writes plain statements.
    pub(crate) fn new(dialect: Dialect) -> Self {
        Ddl { dialect, leaves_alone: false }
    }

    /// Writes statements that may be run again.
    pub(crate) fn leaving_alone(self) -> Self {
        Ddl { leaves_alone: true, ..self }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Returns whether a foreign key may be declared before the table exists that it refers to.
    pub(crate) fn takes_forward_references(&self) -> bool {
        self.dialect == Dialect::Sqlite
    }

    fn is_mysql(&self) -> bool {
        matches!(self.dialect, Dialect::MySql | Dialect::MariaDb)
    }

    /// Creates a table, its indexes and its comments.
    pub(crate) fn create(&self, table: &Table) -> Result<Vec<String>> {
        table.verify()?;
        let table = &self.resolved(table);
        if self.is_mysql() {
            self.check_key_lengths(table)?;
        }
        let mut statements = vec![self.create_table(table)?];
        // MySQL has no CREATE INDEX IF NOT EXISTS: its indexes stand within the table.
        if !self.is_mysql() {
            for index in &table.indexes {
                statements.push(self.create_index(table, index)?);
            }
        }
        if self.dialect == Dialect::Postgres {
            statements.extend(self.comments(table));
        }
        Ok(statements)
    }

    /// Drops a table, and with it its indexes.
    pub(crate) fn drop(&self, table: &Table) -> String {
        format!("DROP TABLE {}{}", self.if_exists(), self.table_name(table))
    }

    /// Adds a foreign key to a table that exists.
    pub(crate) fn add_foreign_key(&self, table: &Table, key: &ForeignKey) -> Result<String> {
        let key = self.foreign_key(table, key)?;
        let alter = format!("ALTER TABLE {} ADD {key}", self.table_name(table));
        // PostgreSQL has no ADD CONSTRAINT IF NOT EXISTS.
        Ok(match self.dialect {
            Dialect::Postgres if self.leaves_alone => {
                format!("DO $$ BEGIN\n    {alter};\nEXCEPTION WHEN duplicate_object THEN NULL;\nEND $$")
            }
            Dialect::MariaDb if self.leaves_alone => alter.replacen("FOREIGN KEY (", "FOREIGN KEY IF NOT EXISTS (", 1),
            _ => alter,
        })
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

    /// Creates the types of labels, where the database has such.
    pub(crate) fn create_enums(&self, types: &[EnumType]) -> Vec<String> {
        if self.dialect != Dialect::Postgres {
            return Vec::new();
        }
        let create = |of: &EnumType| {
            let labels: Vec<String> = of.labels.iter().map(|label| self.text(label)).collect();
            let name = self.qualified(of.schema.as_deref(), &of.name);
            let create = format!("CREATE TYPE {name} AS ENUM ({})", labels.join(", "));
            // There is no CREATE TYPE IF NOT EXISTS.
            if !self.leaves_alone {
                return create;
            }
            format!("DO $orm$ BEGIN\n    {create};\nEXCEPTION WHEN duplicate_object THEN NULL;\nEND $orm$")
        };
        types.iter().map(create).collect()
    }

    /// Drops the types of labels.
    pub(crate) fn drop_enums(&self, types: &[EnumType]) -> Vec<String> {
        if self.dialect != Dialect::Postgres {
            return Vec::new();
        }
        let drop = |of: &EnumType| {
            let drop = format!("DROP TYPE {}{}", self.if_exists(), self.qualified(of.schema.as_deref(), &of.name));
            if !self.leaves_alone {
                return drop;
            }
            // Tables of others may have it as well.
            format!("DO $orm$ BEGIN\n    {drop};\nEXCEPTION WHEN dependent_objects_still_exist THEN NULL;\nEND $orm$")
        };
        types.iter().rev().map(drop).collect()
    }

    /// Creates a sequence.
    pub(crate) fn create_sequence(&self, sequence: &Sequence) -> Result<String> {
        let name = self.sequence_name(sequence)?;
        let if_not_exists = self.if_not_exists();
        let counting = self.counting(&sequence.options).concat();
        Ok(format!("CREATE SEQUENCE {if_not_exists}{name}{counting}"))
    }

    /// Drops a sequence.
    pub(crate) fn drop_sequence(&self, sequence: &Sequence) -> Result<String> {
        Ok(format!("DROP SEQUENCE {}{}", self.if_exists(), self.sequence_name(sequence)?))
    }

    /// Has a sequence count as it says; what it leaves out is as databases do it by themselves.
    pub(crate) fn alter_sequence(&self, sequence: &Sequence) -> Result<String> {
        let name = self.sequence_name(sequence)?;
        let counting = sequence.options;
        let increment = counting.increment.unwrap_or(1);
        let first = if increment > 0 { counting.minimum.unwrap_or(1) } else { counting.maximum.unwrap_or(-1) };
        let start = counting.start.unwrap_or(first);
        let bound =
            |word: &str, value: Option<i64>| value.map_or(format!("NO {word}"), |value| format!("{word} {value}"));
        let (minimum, maximum) = (bound("MINVALUE", counting.minimum), bound("MAXVALUE", counting.maximum));
        let cache = counting.cache.map_or_else(String::new, |cache| format!(" CACHE {cache}"));
        let cycle = match (counting.is_cycle, self.dialect) {
            (true, _) => "CYCLE",
            (false, Dialect::Postgres) => "NO CYCLE",
            (false, _) => "NOCYCLE",
        };
        Ok(format!(
            "ALTER SEQUENCE {name} INCREMENT BY {increment} {minimum} {maximum} START WITH {start}{cache} {cycle}"
        ))
    }

    fn sequence_name(&self, sequence: &Sequence) -> Result<String> {
        if matches!(self.dialect, Dialect::Sqlite | Dialect::MySql) {
            let name = full_name(sequence.schema.as_deref(), &sequence.name);
            return Err(self.unsupported(&format!("the sequence `{name}`")));
        }
        Ok(self.qualified(sequence.schema.as_deref(), &sequence.name))
    }

    /// Writes how a sequence counts, each word after a space.
    fn counting(&self, counting: &Counting) -> Vec<String> {
        let of = |word: &str, value: Option<i64>| value.map(|value| format!(" {word} {value}"));
        let words = [
            of("INCREMENT BY", counting.increment),
            of("MINVALUE", counting.minimum),
            of("MAXVALUE", counting.maximum),
            of("START WITH", counting.start),
            of("CACHE", counting.cache),
            counting.is_cycle.then(|| " CYCLE".to_owned()),
        ];
        words.into_iter().flatten().collect()
    }

    /// Creates a view.
    pub(crate) fn create_view(&self, view: &View) -> Result<String> {
        let (name, query) = (self.qualified(view.schema.as_deref(), &view.name), view.sql.trim().trim_end_matches(';'));
        let words = match (self.dialect, view.is_materialized) {
            (Dialect::Postgres, true) => format!("MATERIALIZED VIEW {}", self.if_not_exists()),
            (_, true) => {
                let name = full_name(view.schema.as_deref(), &view.name);
                return Err(self.unsupported(&format!("the materialized view `{name}`")));
            }
            // PostgreSQL has no IF NOT EXISTS for views; replacing it by itself leaves it as it is.
            (Dialect::Postgres, false) if self.leaves_alone => {
                return Ok(format!("CREATE OR REPLACE VIEW {name} AS {query}"));
            }
            (Dialect::MySql, false) if self.leaves_alone => {
                return Ok(format!("CREATE OR REPLACE VIEW {name} AS {query}"));
            }
            (_, false) => format!("VIEW {}", self.if_not_exists()),
        };
        Ok(format!("CREATE {words}{name} AS {query}"))
    }

    /// Drops a view.
    pub(crate) fn drop_view(&self, view: &View) -> String {
        let word = if view.is_materialized { "MATERIALIZED VIEW" } else { "VIEW" };
        format!("DROP {word} {}{}", self.if_exists(), self.qualified(view.schema.as_deref(), &view.name))
    }

    /// Gives each column the type that it has on this database, and labels that are text here their check.
    fn resolved(&self, table: &Table) -> Table {
        let mut table = table.clone();
        table.checks.extend(self.label_checks(&table));
        for column in &mut table.columns {
            column.column_type = column.type_on(self.dialect).clone();
            column.variants.clear();
            column.settle_sequence(self.dialect);
        }
        table
    }

    /// Returns the checks that refuse what is no label, where labels are text.
    pub(crate) fn label_checks(&self, table: &Table) -> Vec<CheckConstraint> {
        let check = |column: &Column| match column.type_on(self.dialect) {
            ColumnType::Enum { labels, has_check: true, is_native, .. }
                if !is_native || self.dialect == Dialect::Sqlite =>
            {
                let labels: Vec<String> = labels.iter().map(|label| self.text(label)).collect();
                let sql = format!("{} IN ({})", self.identifier(&column.name), labels.join(", "));
                Some(CheckConstraint::new(sql).name(format!("ck_{}_{}", table.name, column.name)))
            }
            _ => None,
        };
        table.columns.iter().filter_map(check).collect()
    }

    fn unsupported(&self, what: &str) -> Error {
        Error::new(ErrorKind::Compile, format!("{what} is not supported on dialect {}", self.dialect))
    }

    /// Has SQLite check foreign keys at COMMIT, by when all tables of a cycle are gone; it is for one transaction.
    pub(crate) fn defer_foreign_keys() -> String {
        "PRAGMA defer_foreign_keys = ON".to_owned()
    }

    fn create_table(&self, table: &Table) -> Result<String> {
        let options = Options::of(table, self.dialect)?;
        let mut lines = Vec::with_capacity(table.columns.len() + 2);
        for column in &table.columns {
            lines.push(self.column(table, column, &options)?);
        }
        if !table.primary_key.columns.is_empty() && !options.autoincrement {
            let columns = self.list(&table.primary_key.columns);
            lines.push(self.primary_key(table, &columns));
        }
        for unique in &table.uniques {
            lines.push(self.unique(table, unique)?);
        }
        for key in &table.foreign_keys {
            lines.push(self.foreign_key(table, key)?);
        }
        for check in &table.checks {
            lines.push(format!("{}CHECK ({})", self.constraint(check.name.as_deref()), check.sql));
        }
        for exclude in &table.excludes {
            if self.dialect != Dialect::Postgres {
                return Err(self.unsupported(&format!("the exclude constraint `{}`", exclude.name)));
            }
            lines.push(format!("{}EXCLUDE {}", self.constraint(Some(&exclude.name)), exclude.sql));
        }
        if self.is_mysql() {
            for index in &table.indexes {
                lines.push(self.index_line(table, index)?);
            }
        }
        let Options { before, after, .. } = options;
        let prefixes: String = table.prefixes.iter().map(|word| format!("{word} ")).collect();
        let (name, lines, if_not_exists) = (self.table_name(table), lines.join(",\n    "), self.if_not_exists());
        Ok(format!("CREATE {before}{prefixes}TABLE {if_not_exists}{name} (\n    {lines}\n){after}"))
    }

    fn primary_key(&self, table: &Table, columns: &str) -> String {
        match self.dialect {
            Dialect::Postgres => {
                format!("{}PRIMARY KEY ({columns})", self.constraint(table.primary_key.name.as_deref()))
            }
            Dialect::Sqlite | Dialect::MySql | Dialect::MariaDb => format!("PRIMARY KEY ({columns})"),
        }
    }

    fn unique(&self, table: &Table, unique: &UniqueConstraint) -> Result<String> {
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

    /// Refuses what PostgreSQL alone has.
    fn only_postgres(&self, table: &Table, what: &str) -> Result<()> {
        match self.dialect {
            Dialect::Postgres => Ok(()),
            _ => Err(self.unsupported(&format!("{what} of table `{}`", table.full_name()))),
        }
    }

    /// Writes an index within a table, as MySQL takes it.
    fn index_line(&self, table: &Table, index: &Index) -> Result<String> {
        let (word, using) = self.index_words(index);
        let name = self.constraint_name(index.name.as_deref().unwrap_or_default());
        Ok(format!("{word} {name} ({}){using}", self.index_columns(table, index)?))
    }

    /// Returns what stands before an index's name and after its columns.
    fn index_words(&self, index: &Index) -> (String, String) {
        let method = index.method.as_deref().unwrap_or_default();
        let unique = if index.is_unique { "UNIQUE " } else { "" };
        if self.is_mysql() && ["fulltext", "spatial"].contains(&method.to_ascii_lowercase().as_str()) {
            return (format!("{} INDEX", method.to_ascii_uppercase()), String::new());
        }
        let using = if method.is_empty() || !self.is_mysql() { String::new() } else { format!(" USING {method}") };
        (format!("{unique}INDEX"), using)
    }

    /// Writes what an index is over.
    fn index_columns(&self, table: &Table, index: &Index) -> Result<String> {
        let refuse = |what: &str| {
            let name = index.name.as_deref().unwrap_or_default();
            Err(self.unsupported(&format!("{what} of index `{name}` on table `{}`", table.full_name())))
        };
        if self.is_mysql() && index.condition.is_some() {
            return refuse("the condition");
        }
        if self.dialect != Dialect::Postgres && (!index.include.is_empty() || index.nulls_not_distinct) {
            return refuse(if index.include.is_empty() { "`NULLS NOT DISTINCT`" } else { "`INCLUDE`" });
        }
        if self.dialect == Dialect::Sqlite && index.method.is_some() {
            return refuse("`USING`");
        }
        if self.dialect == Dialect::MariaDb && index.columns.iter().any(|column| column.name().is_none()) {
            return refuse("an expression");
        }
        let columns: Vec<String> = index.columns.iter().map(|column| self.index_column(column)).collect();
        Ok(columns.join(", "))
    }

    fn index_column(&self, column: &IndexColumn) -> String {
        let mut sql = match &column.part {
            IndexPart::Column(name) => self.identifier(name),
            IndexPart::Expression(sql) if is_in_parentheses(sql) => sql.clone(),
            IndexPart::Expression(sql) => format!("({sql})"),
        };
        if let (Some(length), true) = (column.length, self.is_mysql()) {
            sql.push_str(&format!("({length})"));
        }
        if let (Some(class), Dialect::Postgres) = (&column.operator_class, self.dialect) {
            sql.push_str(&format!(" {class}"));
        }
        if column.is_descending {
            sql.push_str(" DESC");
        }
        if let (Some(first), Dialect::Postgres) = (column.nulls_first, self.dialect) {
            sql.push_str(if first { " NULLS FIRST" } else { " NULLS LAST" });
        }
        sql
    }

    /// Creates an index of a table that exists.
    pub(crate) fn create_index(&self, table: &Table, index: &Index) -> Result<String> {
        let (word, using) = self.index_words(index);
        let concurrently = if index.is_concurrent && self.dialect == Dialect::Postgres { "CONCURRENTLY " } else { "" };
        // MySQL has no IF NOT EXISTS here.
        let if_not_exists = if self.dialect == Dialect::MySql { "" } else { self.if_not_exists() };
        let (name, columns) =
            (self.constraint_name(index.name.as_deref().unwrap_or_default()), self.index_columns(table, index)?);
        let (name, of) = match (self.dialect, &table.schema) {
            // SQLite wants the schema before the index, and the table without one.
            (Dialect::Sqlite, Some(schema)) => {
                (format!("{}.{name}", self.identifier(schema)), self.identifier(&table.name))
            }
            _ => (name, self.table_name(table)),
        };
        let method = match (&index.method, self.dialect) {
            (Some(method), Dialect::Postgres) => format!("USING {method} "),
            _ => String::new(),
        };
        let mut sql = format!("CREATE {word} {concurrently}{if_not_exists}{name} ON {of} {method}({columns}){using}");
        if !index.include.is_empty() {
            sql.push_str(&format!(" INCLUDE ({})", self.list(&index.include)));
        }
        if index.nulls_not_distinct {
            sql.push_str(" NULLS NOT DISTINCT");
        }
        if let Some(condition) = &index.condition {
            sql.push_str(&format!(" WHERE {condition}"));
        }
        Ok(sql)
    }

    /// Drops an index of a table.
    pub(crate) fn drop_index(&self, table: &Table, name: &str) -> String {
        let name = self.constraint_name(name);
        match (self.dialect, &table.schema) {
            (Dialect::MySql, _) => format!("DROP INDEX {name} ON {}", self.table_name(table)),
            (Dialect::MariaDb, _) => format!("DROP INDEX {}{name} ON {}", self.if_exists(), self.table_name(table)),
            (_, Some(schema)) => format!("DROP INDEX {}{}.{name}", self.if_exists(), self.identifier(schema)),
            (_, None) => format!("DROP INDEX {}{name}", self.if_exists()),
        }
    }

    /// Comments on a table and its columns, as PostgreSQL wants them.
    fn comments(&self, table: &Table) -> Vec<String> {
        let name = self.table_name(table);
        let of_table = table.comment.iter().map(|text| format!("COMMENT ON TABLE {name} IS {}", self.text(text)));
        let of_columns = table.columns.iter().filter_map(|column| {
            let text = self.text(column.comment.as_ref()?);
            Some(format!("COMMENT ON COLUMN {name}.{} IS {text}", self.identifier(&column.name)))
        });
        of_table.chain(of_columns).collect()
    }

    fn foreign_key(&self, table: &Table, key: &ForeignKey) -> Result<String> {
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

    /// Writes a column: name, type, what the database fills in, NOT NULL, and MySQL's words.
    fn column(&self, table: &Table, column: &Column, options: &Options) -> Result<String> {
        if column.is_generated {
            self.check_generated(table, column, options)?;
        }
        let mut words = vec![self.identifier(&column.name), self.column_type(table, column, options)?];
        words.extend(column.collation.iter().map(|name| format!("COLLATE {}", self.identifier(name))));
        if column.is_generated && self.dialect == Dialect::Postgres && !is_serial(column) {
            words.push(self.identity(column));
        }
        if let Some(computed) = &column.computed {
            let is_stored = computed.is_stored || !self.dialect.capabilities().virtual_columns;
            let kept = if is_stored { "STORED" } else { "VIRTUAL" };
            words.push(format!("GENERATED ALWAYS AS ({}) {kept}", computed.sql));
        }
        if let Some(default) = &column.server_default {
            words.push(format!("DEFAULT {}", self.default(column, default.trim())));
        } else if let Some(sequence) = &column.sequence {
            words.push(match self.dialect {
                Dialect::Postgres => format!("DEFAULT nextval({})", self.text(&self.identifier(sequence))),
                Dialect::MariaDb => format!("DEFAULT nextval({})", self.identifier(sequence)),
                Dialect::Sqlite | Dialect::MySql => {
                    let what = format!("the sequence of column `{}.{}`", table.full_name(), column.name);
                    return Err(self.unsupported(&what));
                }
            });
        }
        // MariaDB refuses NOT NULL on a computed column, and may be the server behind a URL of MySQL.
        let takes_not_null = !self.is_mysql() || column.computed.is_none();
        if column.is_generated && options.autoincrement {
            words.push("PRIMARY KEY AUTOINCREMENT".to_owned());
        } else if !column.is_nullable && takes_not_null {
            words.push("NOT NULL".to_owned());
        }
        if self.is_mysql() {
            words.extend(column.is_generated.then(|| "AUTO_INCREMENT".to_owned()));
            words.extend(column.comment.iter().map(|text| format!("COMMENT {}", self.text(text))));
        }
        Ok(words.join(" "))
    }

    /// Writes how PostgreSQL makes up the values of a column that is no serial.
    fn identity(&self, column: &Column) -> String {
        let identity = column.identity.unwrap_or_default();
        let when = if identity.is_always { "ALWAYS" } else { "BY DEFAULT" };
        let counting = self.counting(&identity.counting).concat();
        let counting = if counting.is_empty() { counting } else { format!(" ({})", counting.trim_start()) };
        format!("GENERATED {when} AS IDENTITY{counting}")
    }

    /// Refuses a generated column where the database would not generate it.
    fn check_generated(&self, table: &Table, column: &Column, options: &Options) -> Result<()> {
        let key = &table.primary_key.columns;
        let place = match self.dialect {
            Dialect::Postgres => return Ok(()),
            Dialect::Sqlite if options.without_rowid => "in a table without rowid",
            // Only a column that is the whole key is the rowid.
            Dialect::Sqlite if *key == [column.name.as_str()] => return Ok(()),
            Dialect::MySql | Dialect::MariaDb if key.contains(&column.name) => return Ok(()),
            Dialect::Sqlite => "that is not the whole primary key",
            Dialect::MySql | Dialect::MariaDb => "outside of the primary key",
        };
        let message = format!(
            "column `{}.{}` is a generated column {place}, which is not supported on dialect {}",
            table.full_name(),
            column.name,
            self.dialect
        );
        Err(Error::new(ErrorKind::Compile, message).hint("give its values yourself: `#[orm(autoincrement = false)]`"))
    }

    /// Returns what a column is declared as.
    pub(crate) fn declared_type(&self, table: &Table, column: &Column) -> Result<String> {
        let column = Column { column_type: column.type_on(self.dialect).clone(), ..column.clone() };
        self.column_type(table, &column, &Options::of(table, self.dialect)?)
    }

    fn column_type(&self, table: &Table, column: &Column, options: &Options) -> Result<String> {
        let type_name = || {
            self.dialect.type_name(&column.column_type).map_err(|reason| {
                let message = format!("column `{}.{}` cannot be declared: {reason}", table.full_name(), column.name);
                let error = Error::new(ErrorKind::Compile, message);
                if column.column_type == ColumnType::Varchar { error.hint(LENGTH) } else { error }
            })
        };
        match (self.dialect, &column.column_type, column.length) {
            // Only `INTEGER`, word for word, makes the key the rowid: https://sqlite.org/lang_createtable.html#rowid
            (Dialect::Sqlite, _, _) if column.is_generated => Ok("INTEGER".to_owned()),
            (Dialect::Sqlite, column_type, _) if options.strict => {
                strict_type(column_type).map_or_else(type_name, |name| Ok(name.to_owned()))
            }
            (Dialect::Postgres, column_type, _) if column.is_generated && is_serial(column) => Ok(match column_type {
                ColumnType::SmallInteger => "SMALLSERIAL",
                ColumnType::Integer => "SERIAL",
                _ => "BIGSERIAL",
            }
            .to_owned()),
            // SQLite takes a column without a type, and reflects one.
            (Dialect::Postgres | Dialect::MySql | Dialect::MariaDb, ColumnType::Custom(sql), _)
                if sql.trim().is_empty() =>
            {
                let message =
                    format!("column `{}.{}` cannot be declared: it has no type", table.full_name(), column.name);
                Err(Error::new(ErrorKind::Compile, message))
            }
            (Dialect::MySql | Dialect::MariaDb, ColumnType::LargeBinary, Some(length)) => {
                Ok(format!("VARBINARY({length})"))
            }
            (Dialect::MySql | Dialect::MariaDb, ColumnType::Custom(sql), _)
                if is_bare(sql, &["varchar", "nvarchar"]) =>
            {
                let (name, word) = (table.full_name(), sql.trim().to_ascii_uppercase());
                let message = format!(
                    "column `{name}.{}` cannot be declared: {word} requires a length on dialect {}",
                    column.name, self.dialect
                );
                Err(Error::new(ErrorKind::Compile, message).hint(LENGTH))
            }
            _ => type_name(),
        }
    }

    /// Writes a default; an expression stands in parentheses where the database wants them.
    fn default(&self, column: &Column, sql: &str) -> String {
        let is_long = column.length.is_none()
            && matches!(column.column_type, ColumnType::Text | ColumnType::LargeBinary | ColumnType::Json);
        let is_simple = is_in_quotes(sql) || is_word_or_number(sql) || is_in_parentheses(sql);
        match self.dialect {
            Dialect::Postgres => sql.to_owned(),
            Dialect::Sqlite if is_simple => sql.to_owned(),
            Dialect::Sqlite => format!("({sql})"),
            Dialect::MySql | Dialect::MariaDb => match now(column, sql) {
                Some(now) => now,
                // Long columns take only expressions; an expression is known by its parentheses.
                None if is_simple && (!is_long || is_in_parentheses(sql)) => sql.to_owned(),
                None => format!("({sql})"),
            },
        }
    }

    /// Refuses columns in keys whose values MySQL cannot hold in an index: it wants to know how long they get.
    fn check_key_lengths(&self, table: &Table) -> Result<()> {
        let lists = std::iter::once(&table.primary_key.columns)
            .chain(table.uniques.iter().map(|unique| &unique.columns))
            .chain(table.foreign_keys.iter().map(|key| &key.columns));
        let is_fulltext =
            |index: &&Index| index.method.as_deref().is_some_and(|method| method.eq_ignore_ascii_case("fulltext"));
        let indexed = table.indexes.iter().filter(|index| !is_fulltext(index)).flat_map(|index| &index.columns);
        let indexed = indexed.filter(|column| column.length.is_none()).filter_map(IndexColumn::name);
        for name in lists.flatten().map(String::as_str).chain(indexed) {
            let Some(column) = table.find_column(name) else { continue };
            let is_endless = match &column.column_type {
                ColumnType::Text | ColumnType::Json | ColumnType::Varchar => true,
                ColumnType::LargeBinary => column.length.is_none(),
                ColumnType::Custom(sql) => is_bare(sql, LONG_TYPES),
                _ => false,
            };
            if is_endless {
                return Err(self.needs_length(table, name, "is part of a key, unique constraint or index"));
            }
        }
        Ok(())
    }

    #[cold]
    fn needs_length(&self, table: &Table, column: &str, why: &str) -> Error {
        let message =
            format!("column `{}.{column}` {why}, so it needs a length on dialect {}", table.full_name(), self.dialect);
        Error::new(ErrorKind::Compile, message).hint(LENGTH)
    }

    fn if_not_exists(&self) -> &'static str {
        if self.leaves_alone { "IF NOT EXISTS " } else { "" }
    }

    fn if_exists(&self) -> &'static str {
        if self.leaves_alone { "IF EXISTS " } else { "" }
    }

    fn table_name(&self, table: &Table) -> String {
        self.qualified(table.schema.as_deref(), &table.name)
    }

    fn qualified(&self, schema: Option<&str>, name: &str) -> String {
        let name = self.identifier(name);
        match schema {
            Some(schema) => format!("{}.{name}", self.identifier(schema)),
            None => name,
        }
    }

    /// Writes the words that give a constraint its name, if it has one.
    fn constraint(&self, name: Option<&str>) -> String {
        name.map_or_else(String::new, |name| format!("CONSTRAINT {} ", self.constraint_name(name)))
    }

    fn constraint_name(&self, name: &str) -> String {
        self.identifier(&fit(name, self.dialect))
    }

    fn list(&self, columns: &[String]) -> String {
        columns.iter().map(|column| self.identifier(column)).collect::<Vec<_>>().join(", ")
    }

    fn identifier(&self, name: &str) -> String {
        let mut out = String::with_capacity(name.len() + 2);
        self.dialect.write_identifier(name, &mut out);
        out
    }

    /// Writes a text in quotes.
    fn text(&self, text: &str) -> String {
        quoted(text, self.dialect)
    }
}

/// What is done about a missing length.
const LENGTH: &str = "add `length = …` to the field's `#[orm(…)]`";

fn deferrable(when: Deferrable) -> &'static str {
    match when {
        Deferrable::InitiallyImmediate => " DEFERRABLE INITIALLY IMMEDIATE",
        Deferrable::InitiallyDeferred => " DEFERRABLE INITIALLY DEFERRED",
    }
}

fn quoted(text: &str, dialect: Dialect) -> String {
    let text = text.replace('\'', "''");
    // A backslash of MySQL begins an escape.
    let text = if matches!(dialect, Dialect::MySql | Dialect::MariaDb) { text.replace('\\', "\\\\") } else { text };
    format!("'{text}'")
}

/// What the options of a table come to.
#[derive(Debug, Default)]
struct Options {
    /// Words before TABLE.
    before: &'static str,
    /// Words after the parenthesis.
    after: String,
    autoincrement: bool,
    strict: bool,
    without_rowid: bool,
}

/// PostgreSQL's options in the order of its grammar: the name, the words before the value, and those after it.
const POSTGRES_OPTIONS: [(&str, &str, &str); 6] = [
    ("inherits", " INHERITS (", ")"),
    ("partition_by", " PARTITION BY ", ""),
    ("using", " USING ", ""),
    ("with", " WITH (", ")"),
    ("on_commit", " ON COMMIT ", ""),
    ("tablespace", " TABLESPACE ", ""),
];

impl Options {
    /// Reads the options of a table that are for this dialect, and checks the names of the others.
    fn of(table: &Table, dialect: Dialect) -> Result<Options> {
        let mut options = Options::default();
        let mut ours: Vec<(&str, &str)> = Vec::new();
        for (key, value) in &table.options {
            let (owner, name) = key.split_once('_').unwrap_or((key, ""));
            let is_ours = match owner {
                "sqlite" => dialect == Dialect::Sqlite,
                "postgres" | "postgresql" => dialect == Dialect::Postgres,
                "mysql" => matches!(dialect, Dialect::MySql | Dialect::MariaDb),
                "mariadb" => dialect == Dialect::MariaDb,
                _ => return Err(unknown_option(table, key, "`sqlite_…`, `postgres_…`, `mysql_…` and `mariadb_…`")),
            };
            if is_ours {
                ours.push((name, value));
            }
        }
        match dialect {
            Dialect::Sqlite => options.sqlite(table, &ours)?,
            Dialect::Postgres => options.postgres(table, &ours)?,
            Dialect::MySql | Dialect::MariaDb => options.mysql(table, &ours, dialect),
        }
        Ok(options)
    }

    fn sqlite(&mut self, table: &Table, options: &[(&str, &str)]) -> Result<()> {
        for (name, value) in options {
            let flag = match *name {
                "autoincrement" => &mut self.autoincrement,
                "strict" => &mut self.strict,
                "without_rowid" => &mut self.without_rowid,
                _ => {
                    let known = "`autoincrement`, `strict` and `without_rowid`";
                    return Err(unknown_option(table, &format!("sqlite_{name}"), known));
                }
            };
            *flag = !matches!(value.to_ascii_lowercase().as_str(), "false" | "0" | "off");
        }
        if self.autoincrement && !table.columns.iter().any(|column| column.is_generated) {
            let message = format!("table `{}` has `sqlite_autoincrement` and no generated key", table.full_name());
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        let words = [(self.strict, "STRICT"), (self.without_rowid, "WITHOUT ROWID")];
        let words: Vec<&str> = words.into_iter().filter(|(is_set, _)| *is_set).map(|(_, word)| word).collect();
        if !words.is_empty() {
            self.after = format!(" {}", words.join(", "));
        }
        Ok(())
    }

    fn postgres(&mut self, table: &Table, options: &[(&str, &str)]) -> Result<()> {
        for (name, value) in options {
            if *name == "unlogged" {
                self.before = if *value == "false" { "" } else { "UNLOGGED " };
            } else if !POSTGRES_OPTIONS.iter().any(|(known, ..)| known == name) {
                let known: Vec<String> = POSTGRES_OPTIONS.iter().map(|(known, ..)| format!("`{known}`")).collect();
                let known = format!("{} and `unlogged`", known.join(", "));
                return Err(unknown_option(table, &format!("postgres_{name}"), &known));
            }
        }
        for (known, before, after) in POSTGRES_OPTIONS {
            for (_, value) in options.iter().filter(|(name, _)| *name == known) {
                self.after.push_str(&format!("{before}{value}{after}"));
            }
        }
        Ok(())
    }

    /// Passes every option on: `mysql_row_format` is `ROW_FORMAT=…`, whichever the version knows.
    fn mysql(&mut self, table: &Table, options: &[(&str, &str)], dialect: Dialect) {
        for (name, value) in options {
            let word = name.to_ascii_uppercase();
            // These are two words; the others keep their `_`, as `ROW_FORMAT` does.
            let is_two_words = word.starts_with("DEFAULT_") || word.ends_with("_DIRECTORY") || word == "CHARACTER_SET";
            let word = if is_two_words { word.replace('_', " ") } else { word };
            self.after.push_str(&format!(" {word}={value}"));
        }
        if let Some(comment) = &table.comment {
            self.after.push_str(&format!(" COMMENT={}", quoted(comment, dialect)));
        }
    }
}

#[cold]
fn unknown_option(table: &Table, name: &str, known: &str) -> Error {
    let message = format!("table `{}` has the unknown option `{name}`", table.full_name());
    Error::new(ErrorKind::Configuration, message).hint(format!("the known ones are {known}"))
}

/// Returns whether PostgreSQL has a serial type for a generated column; the others are identity columns.
fn is_serial(column: &Column) -> bool {
    let is_integer =
        matches!(column.column_type, ColumnType::SmallInteger | ColumnType::Integer | ColumnType::BigInteger);
    is_integer && column.identity.is_none()
}

/// Returns the type in a STRICT table of SQLite, which knows only these (<https://sqlite.org/stricttables.html>).
fn strict_type(column_type: &ColumnType) -> Option<&'static str> {
    match column_type {
        ColumnType::Boolean | ColumnType::SmallInteger | ColumnType::Integer | ColumnType::BigInteger => {
            Some("INTEGER")
        }
        ColumnType::Real | ColumnType::Double | ColumnType::Float(_) => Some("REAL"),
        ColumnType::LargeBinary => Some("BLOB"),
        ColumnType::Text
        | ColumnType::String(_)
        | ColumnType::Char(_)
        | ColumnType::Varchar
        | ColumnType::Date
        | ColumnType::Time
        | ColumnType::DateTime
        | ColumnType::Timestamp
        | ColumnType::Uuid
        | ColumnType::Numeric(_)
        | ColumnType::Json
        | ColumnType::Enum { .. } => Some("TEXT"),
        ColumnType::Array(_) | ColumnType::Interval | ColumnType::Custom(_) => None,
    }
}

/// Types of MySQL that have no length, or not as they are written here.
const LONG_TYPES: &[&str] = &[
    "text",
    "tinytext",
    "mediumtext",
    "longtext",
    "blob",
    "tinyblob",
    "mediumblob",
    "longblob",
    "json",
    "varchar",
    "nvarchar",
];

/// Returns whether SQL text is one of these types without a length.
fn is_bare(sql: &str, types: &[&str]) -> bool {
    let word: String = sql.trim_start().chars().take_while(char::is_ascii_alphanumeric).collect();
    types.contains(&word.to_ascii_lowercase().as_str()) && !sql.contains('(')
}

/// Returns MySQL's words for the current time, with the digits that the type has: it refuses a default with others.
fn now(column: &Column, sql: &str) -> Option<String> {
    let lower = sql.to_ascii_lowercase();
    let is_moment = matches!(column.column_type, ColumnType::DateTime | ColumnType::Timestamp);
    match lower.as_str() {
        "current_timestamp" | "current_timestamp()" | "now()" | "localtimestamp" if is_moment => {
            Some("CURRENT_TIMESTAMP(6)".to_owned())
        }
        _ => lower.starts_with("current_timestamp").then(|| sql.to_owned()),
    }
}

fn is_word_or_number(sql: &str) -> bool {
    crate::schema::is_number(sql) || sql.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// Returns whether the whole is one text, such as `'it''s'` or `x'00'`.
fn is_in_quotes(sql: &str) -> bool {
    let text = sql.strip_prefix(['x', 'X']).unwrap_or(sql);
    let Some(inner) = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) else { return false };
    !inner.replace("''", "").contains('\'')
}

/// Returns whether the first parenthesis closes at the end.
fn is_in_parentheses(sql: &str) -> bool {
    let (mut depth, mut is_text) = (0, false);
    for (at, character) in sql.char_indices() {
        match character {
            '\'' => is_text = !is_text,
            '(' if !is_text => depth += 1,
            ')' if !is_text => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at > 0 && at + 1 == sql.len();
        }
    }
    false
}
