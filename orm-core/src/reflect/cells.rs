//! A row of a catalog: texts, numbers and truth values, all as text.

use orm_pool::ValueRef;

use crate::mapper::{Decoded, Row, RowType};
use crate::schema::Counting;
use crate::session::Objects;

/// The columns of a row, of which each is taken in turn.
#[derive(Debug)]
pub(crate) struct Cells(std::vec::IntoIter<Option<String>>);

impl Cells {
    /// Returns the next column, of which NULL is empty.
    pub(super) fn text(&mut self) -> String {
        self.option().unwrap_or_default()
    }

    /// Returns the next column.
    pub(super) fn option(&mut self) -> Option<String> {
        self.0.next().flatten()
    }

    /// Returns the next column, of which no text is nothing.
    pub(super) fn filled(&mut self) -> Option<String> {
        self.option().filter(|text| !text.is_empty())
    }

    /// Returns whether the next column is true.
    pub(super) fn flag(&mut self) -> bool {
        matches!(self.text().as_str(), "1" | "t" | "true" | "YES" | "yes")
    }

    /// Returns the next column as a number.
    pub(crate) fn number(&mut self) -> Option<i64> {
        self.option()?.parse().ok()
    }

    /// Returns how something counts: the next six columns.
    pub(super) fn counting(&mut self) -> Counting {
        Counting {
            start: self.number(),
            increment: self.number(),
            minimum: self.number(),
            maximum: self.number(),
            cache: self.number(),
            is_cycle: self.flag(),
        }
    }

    /// Returns the next column as a list, whose items are kept apart by a character that no name has.
    pub(super) fn list(&mut self) -> Vec<String> {
        self.filled().map_or_else(Vec::new, |text| text.split('\u{1f}').map(str::to_owned).collect())
    }
}

fn shown(value: ValueRef<'_>) -> Option<String> {
    Some(match value {
        ValueRef::Text(text) | ValueRef::Json(text) | ValueRef::Decimal(text) => text.to_owned(),
        ValueRef::Int(number) => number.to_string(),
        ValueRef::Bool(is) => if is { "1" } else { "0" }.to_owned(),
        // MySQL's catalogs have texts of binary collation.
        ValueRef::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        ValueRef::Float64(number) => number.to_string(),
        _ => return None,
    })
}

impl RowType for Cells {
    type Managed = Cells;

    fn __width() -> usize {
        1
    }

    fn __value(row: &Row<'_>, _at: usize) -> Decoded<Self> {
        let cells: Vec<Option<String>> = (0..row.len()).map(|at| shown(row.value(at))).collect();
        Ok(Cells(cells.into_iter()))
    }

    fn __managed(row: &Row<'_>, at: usize, _objects: &mut Objects) -> Decoded<Self> {
        Self::__value(row, at)
    }

    fn __is_null(_row: &Row<'_>, _at: usize) -> bool {
        false
    }
}
