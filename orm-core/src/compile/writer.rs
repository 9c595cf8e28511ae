//! The text that a walk writes, and what it must remember on the way: placeholders, names, the tables in sight.

use std::sync::Arc;

use orm_pool::{EnumName, Kind, Value, driver};

use super::Compiled;
use super::assigned::ColumnRead;
use super::written::Written;
use crate::dialect::{Capabilities, Dialect};
use crate::engine::SchemaMap;
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Alias, Definition, Mapper};
use crate::schema::fit;
use crate::sql::{Criterion, Given, SelectNode, Statement, TableRef};
use crate::types::{ColumnType, is_of_database};

/// A table, an alias or a derived table in FROM.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) table: TableRef,
    /// Whether an outer join may leave it empty.
    pub(crate) is_optional: bool,
    /// The names of the columns of a derived table.
    pub(crate) columns: Option<Arc<[String]>>,
    /// What a derived table selects.
    pub(crate) select: Option<Arc<SelectNode>>,
}

/// What writes a statement.
pub(crate) struct Writer {
    pub(crate) sql: String,
    pub(crate) dialect: Dialect,
    /// Which schemas are others.
    pub(super) schemas: SchemaMap,
    /// For each placeholder, the number of its value.
    order: Vec<u32>,
    /// For each value, the number of its placeholder, where placeholders have numbers; 0 before it is written.
    placed: Vec<u32>,
    /// What is written in place of placeholders, by the number of the value.
    literals: Option<Vec<String>>,
    pub(crate) labels: Vec<String>,
    /// The tables of the statements around the one that is being written, outermost first.
    pub(crate) scopes: Vec<Vec<Source>>,
    /// How many of them a subquery takes nothing from unless it names the table.
    pub(crate) sealed: usize,
    /// Whether columns are written without their table, as in SET and in RETURNING.
    pub(crate) bare_columns: bool,
    /// The table whose columns are written without its schema.
    pub(super) unqualified: Option<&'static Mapper>,
    /// What the next RETURNING calls its columns, where a statement around refers to them.
    pub(crate) returned_names: Option<Arc<[String]>>,
    /// What is suspicious about the statement.
    pub(crate) warning: Option<String>,
    /// Whether the text goes to the database, rather than to a reader.
    pub(super) is_executed: bool,
    /// Whether rows are skipped somewhere.
    pub(super) has_offset: bool,
    /// Whether SQLite or MySQL is kept from joining what EXISTS asks for.
    pub(super) keeps_exists: bool,
    /// The table that the statement writes.
    pub(crate) written: Option<&'static Mapper>,
    /// What holds for every row of some models.
    pub(super) criteria: Vec<Criterion>,
    /// The models whose condition is being written.
    pub(super) spared: Vec<&'static Mapper>,
    /// Whether the CTEs that stand before the next SELECT itself have been written.
    pub(super) has_nested: bool,
    /// Whether what is being selected is told apart, or is what a statement around compares.
    pub(super) compares_outputs: bool,
    /// Whether the SELECT that is being written is a member of a compound.
    pub(super) is_member: bool,
    /// What the statement computes columns by.
    pub(super) given: Vec<Given>,
    /// The columns whose expressions are being written.
    pub(super) properties: Vec<(&'static Mapper, u16)>,
    /// The columns that were written, while anybody wants to know.
    pub(super) reads: Option<Vec<ColumnRead>>,
    /// What subqueries read of the tables that are written, where that is not as good as any other.
    pub(super) rereads: Option<Written>,
    /// Whether derived tables that are grouped are to be made once, however often the rows around are joined to them.
    pub(super) settles_groups: bool,
}

impl Writer {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Writer {
            sql: String::with_capacity(256),
            dialect,
            schemas: SchemaMap::default(),
            order: Vec::new(),
            placed: Vec::new(),
            literals: None,
            labels: Vec::new(),
            scopes: Vec::new(),
            sealed: 0,
            bare_columns: false,
            unqualified: None,
            returned_names: None,
            warning: None,
            is_executed: false,
            has_offset: false,
            keeps_exists: false,
            written: None,
            criteria: Vec::new(),
            spared: Vec::new(),
            has_nested: false,
            compares_outputs: false,
            is_member: false,
            given: Vec::new(),
            properties: Vec::new(),
            reads: None,
            rereads: None,
            settles_groups: false,
        }
    }

    /// Returns what was written, under a number that no other text has.
    pub(crate) fn finish(self, id: u64) -> Compiled {
        let statement = driver::Statement { sql: Arc::from(self.sql), id };
        let Writer { order, labels, warning, written, .. } = self;
        let is_in_order = order.iter().enumerate().all(|(position, &number)| position == number as usize);
        let (left_out, needs_transaction) = (Vec::new(), true);
        Compiled { statement, hash: 0, order, is_in_order, labels, warning, left_out, written, needs_transaction }
    }

    pub(crate) fn capabilities(&self) -> &'static Capabilities {
        self.dialect.capabilities()
    }

    pub(crate) fn push(&mut self, text: &str) {
        self.sql.push_str(text);
    }

    pub(crate) fn identifier(&mut self, name: &str) {
        self.dialect.write_identifier(name, &mut self.sql);
    }

    /// Writes a name that a statement gives, cut to the length that the database keeps of it.
    pub(crate) fn label(&mut self, name: &str) {
        self.identifier(&fit(name, self.dialect));
    }

    /// Writes values into the text from now on.
    pub(crate) fn write_literals(&mut self, values: &[Value]) -> Result<()> {
        let dialect = self.dialect;
        self.literals = Some(values.iter().map(|value| dialect.parameter(value)).collect::<Result<_>>()?);
        Ok(())
    }

    /// Returns whether values are written into the text.
    pub(crate) fn writes_literals(&self) -> bool {
        self.literals.is_some()
    }

    /// Writes the placeholder of a lifted value of this type.
    ///
    /// PostgreSQL is told which type of labels it has, always: where nothing else tells, as in CASE, it would take text.
    pub(crate) fn parameter(&mut self, number: u32, kind: Kind) {
        let (Some(name), Dialect::Postgres, None) = (kind.enum_name(), self.dialect, &self.literals) else {
            return self.placeholder(number);
        };
        self.push("CAST(");
        self.placeholder(number);
        self.push(" AS ");
        self.type_of_labels(name);
        self.push(if matches!(kind, Kind::Array(_)) { "[])" } else { ")" });
    }

    /// Takes out what was written, with its placeholders, so that what is written next stands alone.
    pub(super) fn put_aside(&mut self) -> (String, Vec<u32>) {
        (std::mem::take(&mut self.sql), std::mem::take(&mut self.order))
    }

    /// Puts back what was put aside, and returns what was written meanwhile.
    pub(super) fn resume(&mut self, sql: String, placeholders: Vec<u32>) -> (String, Vec<u32>) {
        (std::mem::replace(&mut self.sql, sql), std::mem::replace(&mut self.order, placeholders))
    }

    /// Writes a text with its placeholders, which have no numbers.
    pub(super) fn append(&mut self, sql: &str, placeholders: &[u32]) {
        self.sql.push_str(sql);
        self.order.extend_from_slice(placeholders);
    }

    /// Runs `write` with nothing of the statements around in sight.
    pub(crate) fn apart(&mut self, write: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let around = (std::mem::take(&mut self.scopes), std::mem::take(&mut self.sealed), self.rereads.take());
        let done = write(self);
        (self.scopes, self.sealed, self.rereads) = around;
        done
    }

    /// Writes the placeholder of a lifted value: where it has a number, the same one wherever the value stands.
    fn placeholder(&mut self, number: u32) {
        if let Some(literals) = &self.literals {
            return self.sql.push_str(&literals[number as usize]);
        }
        if !self.capabilities().numbered_placeholders {
            self.order.push(number);
            self.sql.push('?');
            return;
        }
        let value = number as usize;
        if self.placed.len() <= value {
            self.placed.resize(value + 1, 0);
        }
        if self.placed[value] == 0 {
            self.order.push(number);
            self.placed[value] = self.order.len() as u32;
        }
        self.sql.push('$');
        self.sql.push_str(&self.placed[value].to_string());
    }

    /// Writes `each` for every item, with `separator` between.
    pub(crate) fn separated<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        separator: &str,
        mut each: impl FnMut(&mut Self, T) -> Result<()>,
    ) -> Result<()> {
        for (position, item) in items.into_iter().enumerate() {
            if position > 0 {
                self.push(separator);
            }
            each(self, item)?;
        }
        Ok(())
    }

    /// Writes a table's name with its schema.
    pub(crate) fn table_name(&mut self, mapper: &Mapper) {
        let Definition { schema, table, .. } = *mapper.definition();
        let schema = if mapper.is_light() { schema } else { self.schemas.of(schema) };
        self.dialect.write_qualified(schema, table, &mut self.sql);
    }

    /// Writes the name of a type of labels, with its schema.
    fn type_of_labels(&mut self, name: &EnumName) {
        let schema = if is_of_database(name) { name.schema } else { self.schemas.of(name.schema) };
        self.dialect.write_qualified(schema, name.name, &mut self.sql);
    }

    /// Writes what a column of this type is declared as.
    pub(super) fn type_name(&mut self, column_type: &ColumnType) -> Result<()> {
        let name = self.dialect.type_name(&self.schemas.of_type(column_type));
        self.push(&name.map_err(|why| Error::new(ErrorKind::Compile, why))?);
        Ok(())
    }

    /// Returns what a value is cast to, so that it becomes what a column of this type holds.
    pub(super) fn cast_name(&self, column_type: &ColumnType) -> Result<String> {
        let name = self.dialect.cast_name(&self.schemas.of_type(column_type));
        name.map_err(|why| Error::new(ErrorKind::Compile, why))
    }

    /// Writes a value into the text, where the database would take a label for text otherwise.
    pub(super) fn literal(&mut self, value: &Value, as_parameter: bool) -> Result<()> {
        match value {
            Value::Enum(name, label) if self.dialect == Dialect::Postgres => {
                self.push(&self.dialect.literal(&Value::Text(label.to_string()))?);
                self.push("::");
                self.type_of_labels(name);
            }
            Value::Array(Kind::Enum(name), labels) if self.dialect == Dialect::Postgres => {
                self.push("ARRAY[");
                self.separated(labels, ", ", |this, label| this.literal(label, false))?;
                self.push("]::");
                self.type_of_labels(name);
                self.push("[]");
            }
            _ if as_parameter => self.push(&self.dialect.parameter(value)?),
            _ => self.push(&self.dialect.literal(value)?),
        }
        Ok(())
    }

    /// Writes a table as FROM wants it: with its alias.
    pub(crate) fn table(&mut self, mapper: &Mapper, alias: Alias) {
        self.note_table(mapper);
        self.table_name(mapper);
        if let Some(name) = alias.name() {
            self.push(" AS ");
            self.label(name);
        }
    }

    /// Writes a column with its table or alias.
    pub(crate) fn column(&mut self, mapper: &Mapper, column: u16, alias: Alias) {
        self.note_column(|source| source.table.alias == alias && source.table.mapper.is_some_and(|its| its.is(mapper)));
        if let Some(reads) = &mut self.reads {
            reads.push(ColumnRead::new(mapper, alias, column));
        }
        if !self.bare_columns {
            match alias.name() {
                Some(name) => self.label(name),
                None if self.unqualified.is_some_and(|known| known.is(mapper)) => {
                    self.identifier(mapper.definition().table);
                }
                None => self.table_name(mapper),
            }
            self.sql.push('.');
        }
        self.identifier(mapper.definition().columns[usize::from(column)].name);
    }

    /// Writes a whole statement.
    pub(crate) fn statement(&mut self, statement: &Statement) -> Result<()> {
        self.under(statement.criteria(), |this| this.unrestricted(statement))
    }

    fn unrestricted(&mut self, statement: &Statement) -> Result<()> {
        let is_later = match statement {
            Statement::Explain(_) => true,
            Statement::Insert(_) => !self.dialect.clauses().with_insert,
            _ => false,
        };
        if !is_later {
            self.with(statement)?;
        }
        if let Statement::Select(select) | Statement::Count(select) | Statement::Exists(select) = statement {
            self.given.clone_from(&select.given);
        }
        match statement {
            Statement::Select(select) => self.select(select, true),
            Statement::Count(select) => self.count(select),
            Statement::Exists(select) => {
                self.push("SELECT EXISTS (");
                self.select_exists(select)?;
                self.push(")");
                self.labels = vec!["exists".to_owned()];
                Ok(())
            }
            Statement::Explain(inner) => {
                let explain = self.capabilities().explain;
                self.push(explain);
                self.statement(inner)
            }
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(update) => self.update(update),
            Statement::Delete(delete) => self.delete(delete),
            Statement::Text(text) => self.text(text),
        }
    }

    /// Says that the dialect has no such construct.
    pub(crate) fn unsupported(&self, construct: &str) -> Error {
        Error::new(ErrorKind::Compile, format!("{construct} is not supported on dialect {}", self.dialect))
    }
}
