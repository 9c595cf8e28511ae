//! The assignments of UPDATE and of ON DUPLICATE KEY UPDATE.
//!
//! Each sees the row as it was, but on MySQL, where it sees what those before it have set: there what is read is set after what
//! reads it. (MariaDB is told by `sql_mode`.)

use super::Writer;
use super::property::refuse_property;
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Alias, Mapper};
use crate::sql::{JoinedSet, Node};

/// A column and what it is set to.
pub(super) struct Assignment<'s> {
    pub(super) mapper: &'static Mapper,
    pub(super) alias: Alias,
    pub(super) column: u16,
    pub(super) value: &'s Node,
}

impl<'s> Assignment<'s> {
    pub(super) fn of(mapper: &'static Mapper, alias: Alias, (column, value): &'s (u16, Node)) -> Self {
        Assignment { mapper, alias, column: *column, value }
    }

    /// What is set in a table beside the first.
    pub(super) fn joined(JoinedSet { mapper, alias, column, value }: &'s JoinedSet) -> Self {
        Assignment { mapper, alias: *alias, column: *column, value }
    }
}

/// A column of a table that a statement has read.
#[derive(Clone, Copy)]
pub(super) struct ColumnRead {
    mapper: usize,
    alias: Alias,
    column: u16,
}

impl ColumnRead {
    pub(super) fn new(mapper: &Mapper, alias: Alias, column: u16) -> Self {
        ColumnRead { mapper: mapper.id(), alias, column }
    }

    fn is_of(self, assignment: &Assignment<'_>) -> bool {
        let Assignment { mapper, alias, column, .. } = assignment;
        (self.mapper, self.alias, self.column) == (mapper.id(), *alias, *column)
    }
}

/// The text of an assignment.
struct Piece<'s> {
    assignment: &'s Assignment<'s>,
    sql: String,
    placeholders: Vec<u32>,
    reads: Vec<ColumnRead>,
}

impl Writer {
    /// Writes assignments; only where several tables may be set does a column need its table.
    pub(super) fn assignments(&mut self, assignments: &[Assignment<'_>], with_tables: bool) -> Result<()> {
        if self.dialect != Dialect::MySql || assignments.len() < 2 {
            return self.separated(assignments, ", ", |this, assignment| this.assignment(assignment, with_tables));
        }
        let mut pieces = Vec::with_capacity(assignments.len());
        for assignment in assignments {
            let (sql, placeholders) = self.put_aside();
            self.reads = Some(Vec::new());
            let done = self.assignment(assignment, with_tables);
            let reads = self.reads.take().unwrap_or_default();
            let (sql, placeholders) = self.resume(sql, placeholders);
            pieces.push(Piece { assignment, sql, placeholders, reads });
            done?;
        }
        let mut is_first = true;
        while !pieces.is_empty() {
            let is_read = |piece: &Piece<'_>, others: &[Piece<'_>]| {
                let mut others = others.iter().filter(|other| !std::ptr::eq(other.assignment, piece.assignment));
                others.any(|other| other.reads.iter().any(|read| read.is_of(piece.assignment)))
            };
            let Some(next) = pieces.iter().position(|piece| !is_read(piece, &pieces)) else {
                return Err(read_each_other(&pieces));
            };
            let piece = pieces.remove(next);
            self.push(if is_first { "" } else { ", " });
            self.append(&piece.sql, &piece.placeholders);
            is_first = false;
        }
        Ok(())
    }

    fn assignment(&mut self, assignment: &Assignment<'_>, with_tables: bool) -> Result<()> {
        let Assignment { mapper, alias, column, value } = *assignment;
        let reads = self.reads.take();
        if with_tables {
            refuse_property(mapper, column)?;
            self.column(mapper, column, alias);
        } else {
            self.columns(mapper, &[column])?;
        }
        self.push(" = ");
        self.reads = reads;
        self.assigned(mapper, column, value)
    }
}

/// Says that there is no order in which each of these sees what it is to see.
fn read_each_other(pieces: &[Piece<'_>]) -> Error {
    let name = |piece: &Piece<'_>| {
        let Assignment { mapper, column, .. } = piece.assignment;
        format!("`{}`", mapper.definition().columns[usize::from(*column)].name)
    };
    let names: Vec<String> = pieces.iter().map(name).collect();
    let message = format!(
        "the columns {} are set to expressions of one another, of which dialect mysql would see what is set already",
        names.join(", ")
    );
    Error::new(ErrorKind::Compile, message)
        .hint("read the rows in a session and write the values, or set one of them in a statement of its own")
}
