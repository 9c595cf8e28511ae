//! ALTER: one [`Operation`] becomes the statements that do it.
//!
//! SQLite can add, drop and rename columns, and rename tables; the rest it can only do by copying the table.

use super::Ddl;
use super::options::Options;
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Column, ColumnChange, Constraint, EnumType, Operation, Table, TableName, full_name};
use crate::types::ColumnType;

impl Ddl {
    /// Writes the statements of an operation.
    pub(crate) fn operation(&self, operation: &Operation) -> Result<Vec<String>> {
        let one = |sql: String| Ok(vec![sql]);
        match operation {
            Operation::CreateEnum(of) => Ok(self.create_enums(std::slice::from_ref(of))),
            Operation::DropEnum(of) => Ok(self.drop_enums(std::slice::from_ref(of))),
            Operation::AlterEnum { from, to } => self.alter_enum(from, to),
            Operation::ReplaceEnum { from, to, columns } => Ok(self.replace_enum(from, to, columns)),
            Operation::CreateDomain(domain) => self.create_domains(std::slice::from_ref(domain)),
            Operation::DropDomain(domain) => Ok(self.drop_domains(std::slice::from_ref(domain))),
            Operation::AlterDomain { from, to } => self.alter_domain(from, to),
            Operation::CreateSequence(sequence) => one(self.create_sequence(sequence)?),
            Operation::DropSequence(sequence) => one(self.drop_sequence(sequence)?),
            Operation::AlterSequence { to, .. } => one(self.alter_sequence(to)?),
            Operation::CreateTable(table) => self.create(table),
            Operation::DropTable(table) => one(self.drop(table)),
            Operation::RenameTable { from, to } => {
                self.check_length(to, || format!("of table `{to}`"))?;
                one(format!("ALTER TABLE {} RENAME TO {}", self.name_of(from), self.renamed(from, to)))
            }
            Operation::AddColumn { table, column } => self.add_column(table, column),
            Operation::DropColumn { table, column } => {
                one(format!("ALTER TABLE {} DROP COLUMN {}", self.name_of(table), self.identifier(&column.name)))
            }
            Operation::AlterColumn { table, from, to, changes } => self.alter_column(table, from, to, changes),
            Operation::RenameColumn { table, from, to } => {
                self.check_length(to, || format!("of column `{table}.{to}`"))?;
                let (table, from, to) = (self.name_of(table), self.identifier(from), self.identifier(to));
                one(format!("ALTER TABLE {table} RENAME COLUMN {from} TO {to}"))
            }
            Operation::AddConstraint { table, constraint } => one(self.add_constraint(table, constraint)?),
            Operation::DropConstraint { table, constraint } => one(self.drop_constraint(table, constraint)?),
            Operation::CreateIndex { table, index } => one(self.create_index(&stub(table), index)?),
            Operation::DropIndex { table, index } => {
                let name = index.name.as_deref().ok_or_else(|| self.no_name(table, "index"))?;
                one(self.drop_index(&stub(table), name))
            }
            Operation::CommentTable { table, to, .. } => self.comment_table(table, to.as_deref()),
            Operation::AlterOptions { table, changes } => self.alter_options(table, changes),
            Operation::CreateView(view) => one(self.create_view(view)?),
            Operation::DropView(view) => one(self.drop_view(view)),
        }
    }

    /// Takes the rows of a table of SQLite over into another, in the columns that both have, and where it counts on.
    pub(crate) fn copy_rows(&self, from: &Table, to: &Table) -> Vec<String> {
        let given = || to.columns.iter().filter(|column| column.computed.is_none());
        // To SQLite names that differ in case are one.
        let is_kept = |column: &&Column| from.columns.iter().any(|old| old.name.eq_ignore_ascii_case(&column.name));
        let kept = given().filter(is_kept);
        let columns: Vec<String> = kept.map(|column| column.name.clone()).collect();
        let (new, old) = (self.table_name(to), self.table_name(from));
        let mut statements = Vec::new();
        if !columns.is_empty() {
            let columns = self.list(&columns);
            statements.push(format!("INSERT INTO {new} ({columns}) SELECT {columns} FROM {old}"));
        } else if let Some(column) = given().next() {
            // Each row stays, with what its new columns have by themselves; an INSERT has to name one of them.
            let default = column.server_default.as_ref();
            let value = default.map_or_else(|| "NULL".to_owned(), |default| self.default(column, default.trim()));
            statements.push(format!("INSERT INTO {new} ({}) SELECT {value} FROM {old}", self.identifier(&column.name)));
        }
        let counts = |table: &Table| table.options.iter().any(|(option, _)| option == "sqlite_autoincrement");
        if counts(from) && counts(to) {
            let sequences = self.qualified(to.schema.as_deref(), "sqlite_sequence");
            let (new, old) = (self.text(&to.name), self.text(&from.name));
            statements.push(format!("DELETE FROM {sequences} WHERE name = {new}"));
            statements.push(format!(
                "INSERT INTO {sequences} (name, seq) SELECT {new}, seq FROM {sequences} WHERE name = {old}"
            ));
        }
        statements
    }

    fn name_of(&self, table: &TableName) -> String {
        self.qualified(table.schema.as_deref(), &table.name)
    }

    /// MySQL would otherwise move the table to the schema of the connection.
    fn renamed(&self, from: &TableName, to: &str) -> String {
        if self.is_mysql() { self.qualified(from.schema.as_deref(), to) } else { self.identifier(to) }
    }

    fn add_column(&self, table: &TableName, column: &Column) -> Result<Vec<String>> {
        let stub = Table { columns: vec![column.clone()], ..stub(table) };
        let mut stub = Table { checks: Vec::new(), ..self.resolved(&stub) };
        // MySQL wants it to be a key at once.
        let key = if column.is_generated && self.is_mysql() {
            stub.primary_key.columns.push(column.name.clone());
            format!(", ADD PRIMARY KEY ({})", self.identifier(&column.name))
        } else {
            String::new()
        };
        let mut statements = Vec::new();
        for column in &stub.columns {
            if self.dialect == Dialect::Sqlite && column.is_generated {
                return Err(self.only_by_copying(table, "adding a generated column"));
            }
            let line = self.column(&stub, column, &Options::default())?;
            statements.push(format!("ALTER TABLE {} ADD COLUMN {line}{key}", self.name_of(table)));
        }
        if self.dialect == Dialect::Postgres {
            statements.extend(self.comments(&stub));
        }
        Ok(statements)
    }

    /// Returns whether SQLite can add a column to a table with rows: it puts one value, known beforehand, into all.
    pub(crate) fn adds_beside_rows(&self, column: &Column) -> bool {
        let is_stored = column.computed.as_ref().is_some_and(|computed| computed.is_stored);
        let is_constant = |default: &String| self.is_constant(default.trim());
        !is_stored && column.server_default.as_ref().is_none_or(is_constant)
    }

    fn alter_column(
        &self,
        table: &TableName,
        from: &Column,
        to: &Column,
        changes: &[ColumnChange],
    ) -> Result<Vec<String>> {
        let stub = self.resolved(&Table { columns: vec![to.clone()], ..stub(table) });
        let [to] = stub.columns.as_slice() else { return Ok(Vec::new()) };
        match self.dialect {
            Dialect::Sqlite => Err(self.only_by_copying(table, &format!("changing column `{}`", to.name))),
            Dialect::Postgres => self.alter_postgres(&stub, from, to, changes),
            // MySQL wants to hear all of the column again.
            Dialect::MySql | Dialect::MariaDb => {
                let mut key = stub.clone();
                key.primary_key.columns.extend(to.is_generated.then(|| to.name.clone()));
                let line = self.column(&key, to, &Options::default())?;
                // A check that stands beside the column goes where it is not said again.
                let check = to.check.as_ref().map_or_else(String::new, |sql| format!(" CHECK ({sql})"));
                Ok(vec![format!("ALTER TABLE {} MODIFY COLUMN {line}{check}", self.name_of(table))])
            }
        }
    }

    fn alter_postgres(
        &self,
        table: &Table,
        from: &Column,
        to: &Column,
        changes: &[ColumnChange],
    ) -> Result<Vec<String>> {
        let name = self.identifier(&to.name);
        let alter = |words: &str| format!("ALTER TABLE {} ALTER COLUMN {name} {words}", self.table_name(table));
        let mut statements = Vec::new();
        if changes.contains(&ColumnChange::Computed) {
            if from.computed.is_none() || to.computed.is_some() {
                let what = format!("changing the expression of column `{}.{}`", table.full_name(), to.name);
                return Err(self.unsupported(&what).hint("drop the column and add it again"));
            }
            // The values stay. A computed column takes no default, and its type changes by no cast that is written.
            statements.push(alter("DROP EXPRESSION"));
        }
        // A default of the old type would have to be cast, which PostgreSQL does not do for every type.
        let has_type = changes.contains(&ColumnChange::Type) && from.server_default.is_some();
        statements.extend(has_type.then(|| alter("DROP DEFAULT")));
        // What counts goes first: it is a default itself, and only integers have it.
        if changes.contains(&ColumnChange::Generation) {
            if from.identity.is_some() {
                statements.push(alter("DROP IDENTITY IF EXISTS"));
            } else if from.is_generated {
                statements.push(alter("DROP DEFAULT"));
                statements.push(self.each_serial(table, &to.name, "DROP SEQUENCE ' || counter"));
            }
        }
        for change in changes {
            match change {
                ColumnChange::Type | ColumnChange::Collation => {
                    let of =
                        self.column_type(table, &Column { is_generated: false, ..to.clone() }, &Options::default())?;
                    let collation = to
                        .collation
                        .as_ref()
                        .map_or_else(String::new, |name| format!(" COLLATE {}", self.identifier(name)));
                    let (found, wanted) = (from.type_on(self.dialect), &to.column_type);
                    let using =
                        using(&name, found, wanted, &of).map_or_else(String::new, |value| format!(" USING {value}"));
                    statements.push(alter(&format!("TYPE {of}{collation}{using}")));
                    let counts = |column: &Column| column.is_generated && column.identity.is_none();
                    if counts(from) && counts(to) && from.column_type != to.column_type {
                        statements.push(self.alter_serial(table, &to.name, &of));
                    }
                }
                ColumnChange::Nullability if to.is_nullable => statements.push(alter("DROP NOT NULL")),
                ColumnChange::Nullability => statements.push(alter("SET NOT NULL")),
                ColumnChange::Default => statements.push(alter(&self.set_default(to))),
                ColumnChange::Comment => {
                    let text = to.comment.as_ref().map_or_else(|| "NULL".to_owned(), |text| self.text(text));
                    statements.push(format!("COMMENT ON COLUMN {}.{name} IS {text}", self.table_name(table)));
                }
                ColumnChange::Generation if to.is_generated => {
                    statements.push(alter(&format!("ADD {}", self.identity(to))));
                    statements.push(self.count_on(table, to));
                }
                ColumnChange::Generation | ColumnChange::Check | ColumnChange::Computed => {}
            }
        }
        if has_type && !changes.contains(&ColumnChange::Default) {
            statements.push(alter(&self.set_default(to)));
        }
        Ok(statements)
    }

    /// Lets the sequence of a serial column count as far as its new type goes: that of an identity column does by itself.
    fn alter_serial(&self, table: &Table, column: &str, of: &str) -> String {
        self.each_serial(table, column, &format!("ALTER SEQUENCE ' || counter || ' AS {of}'"))
    }

    /// Does something to the sequence of a serial column, if it has one.
    fn each_serial(&self, table: &Table, column: &str, words: &str) -> String {
        let (table, column) = (self.text(&self.table_name(table)), self.text(column));
        format!(
            "DO $orm$ DECLARE counter text := pg_get_serial_sequence({table}, {column}); BEGIN\n    \
             IF counter IS NOT NULL THEN EXECUTE '{words}; END IF;\nEND $orm$"
        )
    }

    /// Lets a new identity column count on behind the rows that there are.
    fn count_on(&self, table: &Table, column: &Column) -> String {
        let counting = column.identity.unwrap_or_default().counting;
        let is_falling = counting.increment.is_some_and(|increment| increment < 0);
        let (last, behind) = if is_falling { ("min", "<=") } else { ("max", ">=") };
        let first = counting.start.unwrap_or(if is_falling { -1 } else { 1 });
        let (name, of) = (self.identifier(&column.name), self.table_name(table));
        let (table, column) = (self.text(&of), self.text(&column.name));
        format!(
            "SELECT setval(pg_get_serial_sequence({table}, {column}), {last}({name})) FROM {of} \
             HAVING {last}({name}) {behind} {first}"
        )
    }

    fn set_default(&self, column: &Column) -> String {
        match (&column.server_default, &column.sequence) {
            (Some(default), _) => format!("SET DEFAULT {default}"),
            (None, Some(sequence)) => {
                let sequence = self.qualified(column.sequence_schema.as_deref(), sequence);
                format!("SET DEFAULT nextval({})", self.text(&sequence))
            }
            (None, None) => "DROP DEFAULT".to_owned(),
        }
    }

    pub(crate) fn add_constraint(&self, table: &TableName, constraint: &Constraint) -> Result<String> {
        if self.dialect == Dialect::Sqlite {
            return Err(self.only_by_copying(table, "adding a constraint"));
        }
        let stub = stub(table);
        let words = match constraint {
            Constraint::PrimaryKey(key) => {
                let named = Table { primary_key: key.clone(), ..stub.clone() };
                self.primary_key(&named, &self.list(&key.columns))
            }
            Constraint::Unique(unique) => self.unique(&stub, unique)?,
            Constraint::ForeignKey(key) => return self.add_foreign_key(&stub, key),
            Constraint::Check(check) => {
                let not_valid = self.not_valid(check.is_not_valid);
                format!("{}CHECK ({}){not_valid}", self.constraint(check.name.as_deref()), check.sql)
            }
            Constraint::Exclude(exclude) => {
                self.only_postgres(&stub, "an exclude constraint")?;
                format!("{}EXCLUDE {}", self.constraint(Some(&exclude.name)), exclude.sql)
            }
        };
        Ok(format!("ALTER TABLE {} ADD {words}", self.name_of(table)))
    }

    pub(crate) fn drop_constraint(&self, table: &TableName, constraint: &Constraint) -> Result<String> {
        if self.dialect == Dialect::Sqlite {
            return Err(self.only_by_copying(table, "dropping a constraint"));
        }
        let name = constraint.name();
        let kind = match constraint {
            Constraint::PrimaryKey(_) if self.is_mysql() => {
                return Ok(format!("ALTER TABLE {} DROP PRIMARY KEY", self.name_of(table)));
            }
            Constraint::Unique(_) => "INDEX",
            Constraint::ForeignKey(_) => "FOREIGN KEY",
            Constraint::Check(_) if self.dialect == Dialect::MySql => "CHECK",
            Constraint::PrimaryKey(_) | Constraint::Check(_) | Constraint::Exclude(_) => "CONSTRAINT",
        };
        let name = name.ok_or_else(|| self.no_name(table, &constraint.to_string()))?;
        Ok(self.drop_constraint_if_exists(&stub(table), kind, name))
    }

    fn comment_table(&self, table: &TableName, text: Option<&str>) -> Result<Vec<String>> {
        let name = self.name_of(table);
        Ok(match self.dialect {
            Dialect::Sqlite => Vec::new(),
            Dialect::Postgres => {
                let text = text.map_or_else(|| "NULL".to_owned(), |text| self.text(text));
                vec![format!("COMMENT ON TABLE {name} IS {text}")]
            }
            Dialect::MySql | Dialect::MariaDb => {
                vec![format!("ALTER TABLE {name} COMMENT = {}", self.text(text.unwrap_or_default()))]
            }
        })
    }

    /// Changes options; MySQL takes the rows over into the other engine or character set.
    fn alter_options(&self, table: &TableName, changes: &[(String, String, String)]) -> Result<Vec<String>> {
        let alter = |words: &str| format!("ALTER TABLE {} {words}", self.name_of(table));
        if self.dialect == Dialect::Sqlite {
            return Err(self.only_by_copying(table, "changing options"));
        }
        let to = |wanted: &str| changes.iter().find(|(name, ..)| name == wanted).map(|(.., to)| to.as_str());
        let mut statements = Vec::new();
        statements.extend(to("mysql_engine").map(|engine| alter(&format!("ENGINE={engine}"))));
        statements.extend(match (to("mysql_charset"), to("mysql_collate")) {
            (None, None) => None,
            (Some(charset), None) => Some(alter(&format!("CONVERT TO CHARACTER SET {charset}"))),
            (charset, Some(collation)) => {
                // A collation begins with its character set.
                let charset = charset.or_else(|| collation.split('_').next()).unwrap_or_default();
                Some(alter(&format!("CONVERT TO CHARACTER SET {charset} COLLATE {collation}")))
            }
        });
        let unlogged = to("postgres_unlogged").map(|to| if to == "true" { "SET UNLOGGED" } else { "SET LOGGED" });
        statements.extend(unlogged.map(alter));
        Ok(statements)
    }

    /// Makes a type anew under its name, and drops the one that was there.
    fn replace_enum(&self, from: &EnumType, to: &EnumType, columns: &[(TableName, Column)]) -> Vec<String> {
        if self.dialect != Dialect::Postgres {
            return Vec::new();
        }
        let old = crate::schema::fit(&format!("_old_{}", from.name), self.dialect).into_owned();
        let (from_name, to_name) =
            (self.qualified(from.schema.as_deref(), &from.name), self.qualified(to.schema.as_deref(), &to.name));
        let mut statements = vec![format!("ALTER TYPE {from_name} RENAME TO {}", self.identifier(&old))];
        statements.extend(Ddl::new(self.dialect).create_enums(std::slice::from_ref(to)));
        for (table, column) in columns {
            let array = if matches!(column.column_type, ColumnType::Array(_)) { "[]" } else { "" };
            let name = self.identifier(&column.name);
            let has_it = matches!(column.type_on(self.dialect).element(), ColumnType::Enum { .. });
            let of = if has_it { to_name.as_str() } else { "text" };
            let default = column.server_default.as_ref();
            let default =
                default.map(|default| format!(", ALTER COLUMN {name} SET DEFAULT {default}")).unwrap_or_default();
            statements.push(format!(
                "ALTER TABLE {} ALTER COLUMN {name} DROP DEFAULT, \
                 ALTER COLUMN {name} TYPE {of}{array} USING {name}::text{array}::{of}{array}{default}",
                self.name_of(table)
            ));
        }
        statements.push(format!("DROP TYPE {}", self.qualified(from.schema.as_deref(), &old)));
        statements
    }

    /// Adds labels; PostgreSQL takes none away.
    fn alter_enum(&self, from: &EnumType, to: &EnumType) -> Result<Vec<String>> {
        if self.dialect != Dialect::Postgres {
            return Ok(Vec::new());
        }
        let kept: Vec<&String> = to.labels.iter().filter(|label| from.labels.contains(label)).collect();
        if !kept.iter().copied().eq(from.labels.iter()) {
            let name = full_name(from.schema.as_deref(), &from.name);
            let what = format!("taking labels of type `{name}` away, or putting them into another order,");
            let hint = "`Operation::ReplaceEnum` makes the type anew, which `diff` does where it has to";
            return Err(self.unsupported(&what).hint(hint));
        }
        let name = self.qualified(to.schema.as_deref(), &to.name);
        let mut statements = Vec::new();
        for (position, label) in to.labels.iter().enumerate().filter(|(_, label)| !from.labels.contains(label)) {
            let place = match position.checked_sub(1).and_then(|before| to.labels.get(before)) {
                Some(before) => format!("AFTER {}", self.text(before)),
                None => from.labels.first().map_or_else(String::new, |first| format!("BEFORE {}", self.text(first))),
            };
            statements.push(format!("ALTER TYPE {name} ADD VALUE {} {place}", self.text(label)).trim_end().to_owned());
        }
        Ok(statements)
    }

    #[cold]
    fn only_by_copying(&self, table: &TableName, what: &str) -> Error {
        let hint = "SQLite does it by copying the table: `Diff::execute` does that, for all changes at once";
        self.unsupported(&format!("{what} on table `{table}`")).hint(hint)
    }

    #[cold]
    fn no_name(&self, table: &TableName, what: &str) -> Error {
        let message = format!("what has no name cannot be dropped: the {what} of table `{table}`");
        Error::new(ErrorKind::Compile, message)
    }
}

/// Returns what makes a value of the second type, called `of`, of one of the first, unless PostgreSQL does it by itself.
fn using(name: &str, from: &ColumnType, to: &ColumnType, of: &str) -> Option<String> {
    let is_number = |of: &ColumnType| kind(of) == Some(Kind::Number);
    let is_text = |of: &ColumnType| kind(of) == Some(Kind::Text);
    Some(match (from, to) {
        (ColumnType::Domain { base, .. }, to) => return using(name, base, to, of),
        (from, ColumnType::Domain { base, .. }) => return using(name, from, base, of),
        // Casts between truth values and numbers are there for 32 bits alone.
        (from, ColumnType::Boolean) if is_number(from) => format!("{name} <> 0"),
        (ColumnType::Boolean, to) if is_number(to) => format!("{name}::INTEGER::{of}"),
        // Casts read and write bytes in the form in which they are shown.
        (ColumnType::LargeBinary, to) if is_text(to) => format!("convert_from({name}, 'UTF8')"),
        (from, ColumnType::LargeBinary) if is_text(from) => format!("convert_to({name}::TEXT, 'UTF8')"),
        (from, to) if has_assignment_cast(from, to) => return None,
        (from, to) => format!("{name}{}::{of}", by_text(from, to)),
    })
}

/// Returns the cast on the way between two types of labels, which PostgreSQL does not know.
fn by_text(from: &ColumnType, to: &ColumnType) -> &'static str {
    let is_native = |of: &ColumnType| matches!(of, ColumnType::Enum { is_native: true, .. });
    match (from, to) {
        (ColumnType::Array(from), ColumnType::Array(to)) if is_native(from) && is_native(to) => "::text[]",
        (from, to) if is_native(from) && is_native(to) => "::text",
        _ => "",
    }
}

/// Returns whether PostgreSQL takes values of the first type into a column of the second by itself. Where it does, it refuses
/// what does not fit; an explicit cast would cut a text that is too long.
fn has_assignment_cast(from: &ColumnType, to: &ColumnType) -> bool {
    match (from, to) {
        (ColumnType::Domain { base, .. }, to) => has_assignment_cast(base, to),
        (from, ColumnType::Domain { base, .. }) => has_assignment_cast(from, base),
        (ColumnType::Array(from), ColumnType::Array(to)) => has_assignment_cast(from, to),
        // `bit(5)` and `bit(3)`.
        (ColumnType::Custom(from), ColumnType::Custom(to)) => is_same_word(from, to),
        (from, to) => match (kind(from), kind(to)) {
            (_, Some(Kind::Text)) => true,
            (Some(Kind::Moment), Some(Kind::Time)) => *from != ColumnType::Date && *to == ColumnType::Time,
            (from_kind, to_kind) => from == to || (from_kind.is_some() && from_kind == to_kind),
        },
    }
}

fn kind(of: &ColumnType) -> Option<Kind> {
    Some(match of {
        ColumnType::Text | ColumnType::String(_) | ColumnType::Char(_) | ColumnType::Varchar => Kind::Text,
        ColumnType::Enum { is_native: false, .. } => Kind::Text,
        ColumnType::SmallInteger | ColumnType::Integer | ColumnType::BigInteger => Kind::Number,
        ColumnType::Real | ColumnType::Double | ColumnType::Float(_) | ColumnType::Numeric(_) => Kind::Number,
        ColumnType::Date | ColumnType::DateTime | ColumnType::Timestamp => Kind::Moment,
        ColumnType::Time | ColumnType::Interval => Kind::Time,
        ColumnType::Inet | ColumnType::Cidr => Kind::Address,
        _ => return None,
    })
}

/// Types among which PostgreSQL has assignment casts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Moment,
    Time,
    Address,
}

/// Returns whether two types are one but for what stands in parentheses.
fn is_same_word(from: &str, to: &str) -> bool {
    let word = |sql: &str| sql.split('(').next().unwrap_or_default().trim().to_ascii_lowercase();
    word(from) == word(to)
}

/// A table of which the name is all that counts.
fn stub(name: &TableName) -> Table {
    Table { schema: name.schema.clone(), ..Table::new(name.name.clone()) }
}
