//! [`Operation`]: one change of a schema, as plain data: the ground for migrations.

use std::fmt;

use super::{
    CheckConstraint, Column, Domain, EnumType, ExcludeConstraint, ForeignKey, Index, PrimaryKey, Sequence, Table,
    UniqueConstraint, View, full_name, run,
};
use crate::compile::ddl::Ddl;
use crate::dialect::Dialect;
use crate::engine::Executor;
use crate::error::{Error, ErrorKind, Result};
use crate::sql::text;
use crate::types::ColumnType;

/// One change of a schema. Its `Display` says it in words.
///
/// ```
/// # use orm_core::{ColumnType, Dialect, Engine, schema::{Column, Index, Operation, Table}};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// let users = Table::new("users").column(Column::new("name", ColumnType::Text));
/// users.create(&engine).await?;
/// let add = Operation::AddColumn { table: (&users).into(), column: Column::new("nick", ColumnType::Text).nullable() };
/// assert_eq!(add.to_sql(Dialect::Sqlite)?, ["ALTER TABLE users ADD COLUMN nick TEXT"]);
/// add.execute(&engine).await?;
/// let index = Operation::CreateIndex { table: (&users).into(), index: Index::new(["nick"]).name("by_nick") };
/// index.execute(&engine).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Operation {
    /// Creates a type of labels, of PostgreSQL.
    CreateEnum(EnumType),
    /// Drops a type of labels.
    DropEnum(EnumType),
    /// Gives a type of labels more of them.
    AlterEnum {
        /// As it is.
        from: EnumType,
        /// As it is to be.
        to: EnumType,
    },
    /// Makes a type of labels anew and gives it to the columns that have it: PostgreSQL takes no label away, and puts none elsewhere.
    /// It refuses rows that have a label which goes.
    ReplaceEnum {
        /// As it is.
        from: EnumType,
        /// As it is to be.
        to: EnumType,
        /// The columns that have it, with the defaults that they are to have; one that leaves it, as text.
        columns: Vec<(TableName, Column)>,
    },
    /// Creates a domain, of PostgreSQL.
    CreateDomain(Domain),
    /// Drops a domain.
    DropDomain(Domain),
    /// Changes what a domain says of its values.
    AlterDomain {
        /// As it is.
        from: Domain,
        /// As it is to be.
        to: Domain,
    },
    /// Creates a sequence.
    CreateSequence(Sequence),
    /// Drops a sequence.
    DropSequence(Sequence),
    /// Has a sequence count otherwise.
    AlterSequence {
        /// As it is.
        from: Sequence,
        /// As it is to be.
        to: Sequence,
    },
    /// Creates a table with its indexes.
    CreateTable(Box<Table>),
    /// Drops a table.
    DropTable(Box<Table>),
    /// Gives a table another name.
    RenameTable {
        /// As it is called.
        from: TableName,
        /// As it is to be called.
        to: String,
    },
    /// Adds a column. On MySQL and MariaDB, one that the database generates comes with the primary key that it is.
    AddColumn {
        /// The table.
        table: TableName,
        /// The column.
        column: Column,
    },
    /// Drops a column.
    DropColumn {
        /// The table.
        table: TableName,
        /// The column, as it is.
        column: Column,
    },
    /// Changes type, nullability, default, comment or the like of a column.
    AlterColumn {
        /// The table.
        table: TableName,
        /// As it is.
        from: Box<Column>,
        /// As it is to be.
        to: Box<Column>,
        /// What differs.
        changes: Vec<ColumnChange>,
    },
    /// Gives a column another name.
    RenameColumn {
        /// The table.
        table: TableName,
        /// As it is called.
        from: String,
        /// As it is to be called.
        to: String,
    },
    /// Adds a constraint.
    AddConstraint {
        /// The table.
        table: TableName,
        /// The constraint.
        constraint: Constraint,
    },
    /// Drops a constraint.
    DropConstraint {
        /// The table.
        table: TableName,
        /// The constraint, as it is.
        constraint: Constraint,
    },
    /// Creates an index.
    CreateIndex {
        /// The table.
        table: TableName,
        /// The index.
        index: Index,
    },
    /// Drops an index.
    DropIndex {
        /// The table.
        table: TableName,
        /// The index, as it is.
        index: Index,
    },
    /// Comments on a table.
    CommentTable {
        /// The table.
        table: TableName,
        /// As it is.
        from: Option<String>,
        /// As it is to be.
        to: Option<String>,
    },
    /// Changes options of a table: each with its value as it is, and as it is to be.
    AlterOptions {
        /// The table.
        table: TableName,
        /// As `("mysql_engine", "MyISAM", "InnoDB")`.
        changes: Vec<(String, String, String)>,
    },
    /// Creates a view.
    CreateView(View),
    /// Drops a view.
    DropView(View),
}

/// A table, named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TableName {
    /// Its schema, if not the default one.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
}

impl From<&Table> for TableName {
    fn from(table: &Table) -> Self {
        TableName { schema: table.schema.clone(), name: table.name.clone() }
    }
}

impl From<&str> for TableName {
    fn from(name: &str) -> Self {
        TableName { schema: None, name: name.to_owned() }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&full_name(self.schema.as_deref(), &self.name))
    }
}

/// What differs between a column as it is and as it is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ColumnChange {
    /// What it is declared as.
    Type,
    /// Whether it may hold NULL.
    Nullability,
    /// What the database fills in.
    Default,
    /// Whether and how the database makes up its values.
    Generation,
    /// The expression that it is computed by.
    Computed,
    /// How its text is compared.
    Collation,
    /// The comment on it.
    Comment,
    /// The check that stands beside it, which goes; of MariaDB.
    Check,
}

/// A constraint of any kind.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Constraint {
    /// The primary key.
    PrimaryKey(PrimaryKey),
    /// A unique constraint.
    Unique(UniqueConstraint),
    /// A foreign key.
    ForeignKey(ForeignKey),
    /// A check.
    Check(CheckConstraint),
    /// An exclude constraint.
    Exclude(ExcludeConstraint),
}

impl Constraint {
    /// Returns its name, if it has one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Constraint::PrimaryKey(key) => key.name.as_deref(),
            Constraint::Unique(unique) => unique.name.as_deref(),
            Constraint::ForeignKey(key) => key.name.as_deref(),
            Constraint::Check(check) => check.name.as_deref(),
            Constraint::Exclude(exclude) => Some(&exclude.name),
        }
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name().map_or_else(String::new, |name| format!(" `{name}`"));
        match self {
            Constraint::PrimaryKey(key) => write!(f, "primary key{name} ({})", key.columns.join(", ")),
            Constraint::Unique(unique) => write!(f, "unique constraint{name} ({})", unique.columns.join(", ")),
            Constraint::ForeignKey(key) => {
                let (columns, targets) = (key.columns.join(", "), key.target_columns.join(", "));
                let not_valid = if key.is_not_valid { " not valid" } else { "" };
                write!(f, "foreign key{name} ({columns}) to {} ({targets}){not_valid}", key.target_name())
            }
            Constraint::Check(check) => {
                let not_valid = if check.is_not_valid { " not valid" } else { "" };
                write!(f, "check{name} ({}){not_valid}", check.sql)
            }
            Constraint::Exclude(exclude) => write!(f, "exclude constraint{name} ({})", exclude.sql),
        }
    }
}

impl Operation {
    /// Returns the SQL that does it, which may be several statements.
    ///
    /// # Errors
    ///
    /// Fails when the database cannot do it, as SQLite cannot change a column that exists.
    pub fn to_sql(&self, dialect: Dialect) -> Result<Vec<String>> {
        Ddl::new(dialect).operation(self)
    }

    /// Does it. The schemas that it names are the real ones, whatever
    /// [`schema_translate_map`](crate::ExecutionOptions::schema_translate_map) says.
    ///
    /// # Errors
    ///
    /// As [`to_sql`](Self::to_sql), and when the database refuses.
    pub fn execute<E: Executor>(&self, mut db: E) -> impl Future<Output = Result<()>> + Send + use<E> {
        let operation = self.clone();
        async move {
            let statements = operation.to_sql(run::dialect(&mut db));
            operation.refuse_zeros(db.again()).await?;
            operation.refuse_no_booleans(db.again()).await?;
            run::run(db, statements).await
        }
    }

    /// Refuses to add a column without a default to rows: MySQL and MariaDB would put values into them that nobody wrote, and
    /// some of which are none, such as `0000-00-00` or an empty text for JSON.
    pub(super) async fn refuse_zeros<E: Executor>(&self, mut db: E) -> Result<()> {
        let dialect = run::dialect(&mut db);
        let Operation::AddColumn { table, column } = self else { return Ok(()) };
        let is_filled = column.is_nullable
            || column.is_generated
            || column.server_default.is_some()
            || column.sequence.is_some()
            || column.computed.is_some();
        if is_filled || !matches!(dialect, Dialect::MySql | Dialect::MariaDb) {
            return Ok(());
        }
        let of_table = Ddl::new(dialect).qualified(table.schema.as_deref(), &table.name);
        // Where the table cannot be read, adding the column will tell why.
        let rows = text(format!("SELECT 1 FROM {of_table} LIMIT 1")).columns::<i64>().all(db).await;
        if !rows.is_ok_and(|rows| !rows.is_empty()) {
            return Ok(());
        }
        let message =
            format!("column `{table}.{}` cannot be added: there are rows, which have no value for it", column.name);
        Err(Error::new(ErrorKind::Data, message).hint("give it a server default, or let it be NULL"))
    }

    /// Refuses to make a Boolean of a column with other numbers than 0 and 1: to MySQL and MariaDB it is one of a byte, which
    /// takes them, and they could not be read.
    pub(super) async fn refuse_no_booleans<E: Executor>(&self, mut db: E) -> Result<()> {
        let dialect = run::dialect(&mut db);
        let Operation::AlterColumn { table, from, to, changes } = self else { return Ok(()) };
        let is_boolean = changes.contains(&ColumnChange::Type) && *to.type_on(dialect) == ColumnType::Boolean;
        if !is_boolean || !matches!(dialect, Dialect::MySql | Dialect::MariaDb) {
            return Ok(());
        }
        let of_table = Ddl::new(dialect).qualified(table.schema.as_deref(), &table.name);
        let mut column = String::new();
        dialect.write_identifier(&from.name, &mut column);
        // Where they cannot be compared, changing the column will tell why.
        let sql = format!("SELECT count(*) FROM {of_table} WHERE {column} NOT IN (0, 1)");
        let count = text(sql).columns::<i64>().scalar(db).await.ok().flatten().unwrap_or(0);
        if count == 0 {
            return Ok(());
        }
        let of = &to.column_type;
        let message = format!("column `{table}.{}` cannot become {of}: {count} rows have another value in it", to.name);
        Err(Error::new(ErrorKind::Data, message).hint("change them by an UPDATE, before"))
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_enum = |of: &EnumType| full_name(of.schema.as_deref(), &of.name);
        match self {
            Operation::CreateEnum(of) => write!(f, "create type `{}` ({})", of_enum(of), of.labels.join(", ")),
            Operation::DropEnum(of) => write!(f, "drop type `{}`", of_enum(of)),
            Operation::AlterEnum { from, to } => {
                write!(f, "alter type `{}`: ({}) -> ({})", of_enum(from), from.labels.join(", "), to.labels.join(", "))
            }
            Operation::ReplaceEnum { from, to, .. } => {
                write!(
                    f,
                    "make type `{}` anew: ({}) -> ({})",
                    of_enum(from),
                    from.labels.join(", "),
                    to.labels.join(", ")
                )
            }
            Operation::CreateDomain(domain) => write!(f, "create {domain}"),
            Operation::DropDomain(domain) => write!(f, "drop {domain}"),
            Operation::AlterDomain { from, to } => write!(f, "alter {from}: now {to}"),
            Operation::CreateSequence(sequence) => write!(f, "create {sequence}"),
            Operation::DropSequence(sequence) => write!(f, "drop {sequence}"),
            Operation::AlterSequence { from, to } => write!(f, "alter {from}: now {to}"),
            Operation::CreateTable(table) => write!(f, "create table `{}`", table.full_name()),
            Operation::DropTable(table) => write!(f, "drop table `{}`", table.full_name()),
            Operation::RenameTable { from, to } => write!(f, "rename table `{from}` to `{to}`"),
            Operation::AddColumn { table, column } => write!(f, "add column `{table}.{}`: {column}", column.name),
            Operation::DropColumn { table, column } => write!(f, "drop column `{table}.{}`", column.name),
            Operation::AlterColumn { table, from, to, changes } => {
                write!(f, "alter column `{table}.{}`", to.name)?;
                for (position, change) in changes.iter().enumerate() {
                    f.write_str(if position == 0 { ": " } else { ", " })?;
                    change.write(from, to, f)?;
                }
                Ok(())
            }
            Operation::RenameColumn { table, from, to } => write!(f, "rename column `{table}.{from}` to `{to}`"),
            Operation::AddConstraint { table, constraint } => write!(f, "add to `{table}` the {constraint}"),
            Operation::DropConstraint { table, constraint } => write!(f, "drop from `{table}` the {constraint}"),
            Operation::CreateIndex { table, index } => write!(f, "create on `{table}` the {index}"),
            Operation::DropIndex { table, index } => write!(f, "drop from `{table}` the {index}"),
            Operation::CommentTable { table, from, to } => {
                write!(f, "comment on table `{table}`: {} -> {}", shown(from.as_deref()), shown(to.as_deref()))
            }
            Operation::AlterOptions { table, changes } => {
                let changes = changes.iter().map(|(name, from, to)| format!("{name} `{from}` -> `{to}`"));
                write!(f, "alter options of table `{table}`: {}", changes.collect::<Vec<_>>().join(", "))
            }
            Operation::CreateView(view) => write!(f, "create {view}"),
            Operation::DropView(view) => write!(f, "drop {view}"),
        }
    }
}

impl ColumnChange {
    fn write(self, from: &Column, to: &Column, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let null = |column: &Column| if column.is_nullable { "null" } else { "not null" };
        let generated = |column: &Column| match (column.is_generated, column.identity) {
            (false, _) => "given",
            (true, None) => "generated",
            (true, Some(identity)) if identity.is_always => "identity always",
            (true, Some(_)) => "identity",
        };
        let default = |column: &Column| column.server_default.clone().or_else(|| column.sequence.clone());
        let computed = |column: &Column| column.computed.as_ref().map(|computed| computed.sql.clone());
        match self {
            ColumnChange::Type => {
                let (from, to) = (from.column_type.to_string(), to.column_type.to_string());
                // What another program calls `TIMESTAMP` need not be what is declared for one here.
                let declared = if from == to { ", as it is declared here" } else { "" };
                write!(f, "type {from} -> {to}{declared}")
            }
            ColumnChange::Nullability => write!(f, "{} -> {}", null(from), null(to)),
            ColumnChange::Default => {
                write!(f, "default {} -> {}", shown(default(from).as_deref()), shown(default(to).as_deref()))
            }
            // Only SQLite tells a key that is the rowid from one that is not, and gives it values if none come.
            ColumnChange::Generation if generated(from) == generated(to) => f.write_str("whether it is the rowid"),
            ColumnChange::Generation => write!(f, "{} -> {}", generated(from), generated(to)),
            ColumnChange::Computed => {
                write!(f, "computed by {} -> {}", shown(computed(from).as_deref()), shown(computed(to).as_deref()))
            }
            ColumnChange::Collation => {
                write!(f, "collation {} -> {}", shown(from.collation.as_deref()), shown(to.collation.as_deref()))
            }
            ColumnChange::Comment => {
                let comment = |of: &Column| shown(of.comment.as_deref().filter(|text| !text.is_empty()));
                write!(f, "comment {} -> {}", comment(from), comment(to))
            }
            ColumnChange::Check => {
                write!(f, "check {} -> {}", shown(from.check.as_deref()), shown(to.check.as_deref()))
            }
        }
    }
}

fn shown(text: Option<&str>) -> String {
    text.map_or_else(|| "none".to_owned(), |text| format!("`{text}`"))
}
