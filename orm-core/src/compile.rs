//! Statements become text: one walk for every dialect, which asks the dialect for the words that differ.
//!
//! In: a [`Statement`]. First its values are lifted out ([`lift`](structure::lift)), which leaves the structure and a key
//! that tells it from every other; then, unless the key is known, the walk renders it as a [`Compiled`].

mod alone;
mod assigned;
mod criteria;
mod cte;
pub(crate) mod ddl;
mod decimals;
mod dml;
mod eager;
mod expr;
mod from;
mod grouped;
mod lint;
mod lists;
mod own_types;
mod parameters;
mod property;
pub(crate) mod read_back;
mod select;
pub(crate) mod structure;
#[cfg(test)]
mod structure_tests;
mod writer;
mod written;

use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) use cte::writing_ctes;
pub(crate) use eager::width;
pub use lint::Lint;
pub(crate) use lists::can_be_gathered;
use orm_pool::Value;
use orm_pool::driver;
pub(crate) use writer::Writer;

use crate::dialect::Dialect;
use crate::engine::SchemaMap;
use crate::error::Result;
use crate::mapper::Mapper;
use crate::sql::Statement;

/// A statement as a driver takes it, for every set of values that its structure takes.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) statement: driver::Statement,
    /// The hash of the key by which it is found.
    pub(crate) hash: u64,
    /// For each placeholder in order, the number of the lifted value.
    order: Vec<u32>,
    /// Whether these are 0, 1, 2 and so on.
    is_in_order: bool,
    /// What each column of a row is called, for messages.
    pub(crate) labels: Vec<String>,
    /// What is suspicious about the statement.
    pub(crate) warning: Option<String>,
    /// The positions in a row at which NULL stands for a column that was not asked for, in rising order.
    pub(crate) left_out: Vec<u32>,
    /// The table that it writes.
    pub(crate) written: Option<&'static Mapper>,
    /// Whether it may give something else, or do more, in a transaction than alone, even where each statement of that sees what is
    /// committed.
    pub(crate) needs_transaction: bool,
}

impl Compiled {
    /// Takes text as the database has it; its values are in the order of its placeholders.
    pub(crate) fn raw(sql: &str) -> Self {
        let statement = driver::Statement { sql: sql.into(), id: 0 };
        let (order, labels, left_out, is_in_order) = (Vec::new(), Vec::new(), Vec::new(), true);
        let (warning, written, needs_transaction) = (None, None, true);
        Compiled { statement, hash: 0, order, is_in_order, labels, warning, left_out, written, needs_transaction }
    }

    /// Puts the lifted values in the order of the placeholders.
    #[inline]
    pub(crate) fn arrange(&self, values: &mut Vec<Value>) {
        if !self.is_in_order || self.order.len() != values.len() {
            *values = self.order.iter().map(|&number| values[number as usize].clone()).collect();
        }
    }
}

/// Numbers the texts of the program; 0 is for text that is not kept.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// Renders a statement whose values have been lifted.
pub(crate) fn compile(statement: &Statement, dialect: Dialect) -> Result<Compiled> {
    compile_with(statement, dialect, None)
}

/// Renders one in which schemas are others.
pub(crate) fn compile_with(statement: &Statement, dialect: Dialect, schemas: Option<&SchemaMap>) -> Result<Compiled> {
    let write = |keeps_exists| -> Result<Writer> {
        let mut writer = Writer::new(dialect);
        writer.schemas = schemas.cloned().unwrap_or_default();
        (writer.is_executed, writer.keeps_exists) = (true, keeps_exists);
        writer.statement(statement)?;
        Ok(writer)
    };
    let mut writer = write(false)?;
    if writer.has_offset && dialect == Dialect::Sqlite {
        writer = write(true)?;
    }
    let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
    let left_out = eager::left_out(statement)?;
    let is_query = matches!(statement, Statement::Select(_) | Statement::Count(_) | Statement::Exists(_));
    let needs_transaction = !is_query || dialect == Dialect::Sqlite || !alone::gives_the_same_alone(&writer.sql);
    Ok(Compiled { left_out, needs_transaction, ..writer.finish(id) })
}

/// A statement as text, and the values of its placeholders.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Rendered {
    /// The SQL.
    pub sql: String,
    /// The values in the order of the placeholders; none where they are written into the SQL.
    pub values: Vec<Value>,
}

/// Renders statements for a person or another program, with their values in the text or beside it.
pub(crate) fn render(statements: Vec<Statement>, dialect: Dialect, literal: bool) -> Result<Vec<Rendered>> {
    let statements = statements.into_iter().flat_map(|statement| read_back::for_dialect(statement, dialect));
    statements.map(|statement| render_one(statement, dialect, literal)).collect()
}

fn render_one(mut statement: Statement, dialect: Dialect, literal: bool) -> Result<Rendered> {
    let mut values = Vec::new();
    let purpose = match literal {
        true => structure::Purpose::Literals(dialect),
        false => structure::Purpose::Prepared(dialect),
    };
    structure::lift(&mut statement, &mut values, purpose);
    let mut writer = Writer::new(dialect);
    if literal {
        writer.write_literals(&values)?;
    }
    writer.statement(&statement)?;
    let compiled = writer.finish(0);
    if literal {
        values.clear();
    } else {
        compiled.arrange(&mut values);
    }
    Ok(Rendered { sql: compiled.statement.sql.to_string(), values })
}

/// Renders a statement for a person; an error gives its text.
pub(crate) fn display(statement: &Statement, dialect: Dialect) -> String {
    match render_one(statement.clone(), dialect, false) {
        Ok(rendered) => rendered.sql,
        Err(error) => error.to_string(),
    }
}
