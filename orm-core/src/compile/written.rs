//! Subqueries of UPDATE and DELETE that read the table that is written.
//!
//! MySQL refuses them, but in a derived table, whose rows it has before it writes any. One that takes columns from outside of the
//! derived table is made anew for each row and sees what has been written by then: so a subquery is put into one only where it
//! takes none, a condition that has others becomes a subquery for the keys, and the rest is refused.

use super::Writer;
use super::writer::Source;
use crate::error::{Error, Result};
use crate::mapper::Mapper;
use crate::sql::{ChangedRows, FromItem, Node, Output, SelectNode};

/// What a statement reads of the tables that it writes.
pub(crate) struct Written {
    tables: Vec<&'static Mapper>,
    /// How often one of them has been read.
    reads: usize,
    /// Whether one has been read outside of a derived table.
    is_exposed: bool,
    /// The number of the outermost statement of whose tables something has been read.
    reach: usize,
}

impl Written {
    pub(super) fn new(tables: Vec<&'static Mapper>) -> Self {
        Written { tables, reads: 0, is_exposed: false, reach: usize::MAX }
    }

    fn has(&self, mapper: &Mapper) -> bool {
        let name = |mapper: &Mapper| (mapper.definition().schema, mapper.definition().table);
        self.tables.iter().any(|table| name(table) == name(mapper))
    }
}

/// How a subquery stands in the text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// By itself, with so many columns.
    Plain(usize),
    /// As a derived table.
    Derived,
}

impl Writer {
    /// Writes a subquery by `write`, as a derived table where it must be one.
    pub(super) fn subquery(&mut self, shape: Shape, write: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let Some(written) = &mut self.rereads else { return write(self) };
        let is_exposed = std::mem::take(&mut written.is_exposed);
        let reach = std::mem::replace(&mut written.reach, usize::MAX);
        let (start, depth) = (self.sql.len(), self.scopes.len());
        write(self)?;
        let Some(written) = &mut self.rereads else { return Ok(()) };
        let is_closed = written.reach >= depth;
        let is_wrapped = written.is_exposed && is_closed;
        written.is_exposed = is_exposed || (written.is_exposed && !is_closed);
        written.reach = written.reach.min(reach);
        if let Shape::Plain(width) = shape
            && is_wrapped
        {
            self.sql.insert_str(start, "SELECT * FROM (");
            self.push(") AS own");
            // A derived table has no name twice.
            if width > 1 {
                let names: Vec<String> = (0..width).map(|column| format!("c{column}")).collect();
                self.push(&format!(" ({})", names.join(", ")));
            }
        }
        Ok(())
    }

    /// Notes that a table stands in FROM.
    pub(super) fn note_table(&mut self, mapper: &Mapper) {
        // The outermost is what the statement itself lists beside the table that it writes.
        let is_subquery = self.scopes.len() > 1;
        if let Some(written) = self.rereads.as_mut().filter(|written| is_subquery && written.has(mapper)) {
            written.reads += 1;
            written.is_exposed = true;
        }
    }

    /// Notes that a column is read of the innermost table in sight that `is_it` is true of.
    pub(super) fn note_column(&mut self, is_it: impl Fn(&Source) -> bool) {
        if let Some(written) = &mut self.rereads {
            let found = self.scopes.iter().rposition(|sources| sources.iter().any(&is_it));
            written.reach = written.reach.min(found.unwrap_or(usize::MAX));
        }
    }

    /// Notes that the user's own text is read, which may be about the statement around.
    pub(super) fn note_text(&mut self) {
        if let Some(written) = &mut self.rereads {
            written.reach = written.reach.min(self.scopes.len().saturating_sub(2));
        }
    }

    fn is_exposed(&self) -> bool {
        self.rereads.as_ref().is_some_and(|written| written.is_exposed)
    }

    /// Refuses what has been written where the database would read what it writes.
    pub(super) fn refuse_exposed(&self, place: &str) -> Result<()> {
        if self.is_exposed() { Err(self.rereading(place)) } else { Ok(()) }
    }

    fn rereading(&self, place: &str) -> Error {
        self.unsupported(&format!("a subquery over the table that is written, in {place},"))
            .hint("select the keys and values first and filter by them, or change the objects in a session")
    }

    /// Writes WHERE of UPDATE and DELETE. A condition with a subquery about the row at hand asks for the keys of the rows of which
    /// it holds.
    pub(super) fn where_of_changed(&mut self, rows: &ChangedRows, conditions: Vec<Node>) -> Result<()> {
        if self.rereads.is_none() {
            return self.where_clause(&conditions);
        }
        let conditions = conditions.into_iter().map(|condition| self.by_keys(rows, condition));
        let conditions = conditions.collect::<Result<Vec<_>>>()?;
        self.where_clause(&conditions)?;
        self.refuse_exposed("a condition about rows of other tables too or with text of SQL")
    }

    fn by_keys(&mut self, rows: &ChangedRows, condition: Node) -> Result<Node> {
        let (sql, placeholders) = self.put_aside();
        let done = self.node(&condition);
        self.resume(sql, placeholders);
        done?;
        let Some(written) = self.rereads.as_mut().filter(|written| written.is_exposed) else { return Ok(condition) };
        written.is_exposed = false;
        let key = rows.mapper.definition().key.iter();
        let key: Vec<Node> =
            key.map(|&column| Node::Column { mapper: rows.mapper, column, alias: rows.alias }).collect();
        let select = SelectNode {
            outputs: key.iter().map(|column| Output::expression(column.clone(), false)).collect(),
            from: vec![FromItem::table(rows.mapper, rows.alias)],
            filters: [condition].into(),
            ..SelectNode::default()
        };
        let operand = match <[Node; 1]>::try_from(key) {
            Ok([column]) => column,
            Err(columns) if columns.is_empty() => return Err(self.rereading("a condition of a model without a key")),
            Err(columns) => Node::Tuple(columns),
        };
        Ok(Node::InSelect { operand: Box::new(operand), select: Box::new(select), negated: false })
    }

    /// Runs `write`, and refuses what it has read of the table that is written, be it in a derived table.
    pub(super) fn without_reads(&mut self, place: &str, write: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let reads = |this: &Self| this.rereads.as_ref().map_or(0, |written| written.reads);
        let before = reads(self);
        write(self)?;
        if reads(self) > before { Err(self.rereading(place)) } else { Ok(()) }
    }
}
