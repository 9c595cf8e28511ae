//! Queries that a session reads a chunk at a time.
//!
//! In: the page of rows that is wanted, and what the last row before it was ordered by. Out: the page. Where all that orders
//! the rows are columns of the one model that is selected, its key last, the next page is what lies behind those values, so that the
//! database need not count through what was read, and rows that are deleted meanwhile shift nothing. Else it is what lies behind so
//! many rows.

use orm_pool::Value;

use super::{BindRequest, Session};
use crate::dialect::Dialect;
use crate::engine::{Request, Source};
use crate::error::Result;
use crate::load;
use crate::mapper::{Alias, Mapper, Row, RowType};
use crate::sql::{Node, Nulls, Operator, OrderItem, Output, OutputKind, SelectNode, Statement};
use crate::types::ColumnType;

impl Session {
    /// Reads the next rows of a query that is read in chunks.
    pub(crate) async fn fetch_chunk<S: RowType>(
        &mut self,
        mut page: Request,
        source: &mut Source,
    ) -> Result<Vec<S::Managed>> {
        let dialect = self.connections.engine_of(BindRequest::of(&page.statements)).dialect();
        if let (Source::After(last), [Statement::Select(select)]) = (&*source, page.statements.as_mut_slice())
            && last.len() == select.order_by.len()
        {
            if select.offset.is_some() {
                select.offset = None;
            }
            let behind = behind(&select.order_by, last, dialect);
            select.filters.push(behind);
        }
        let rows = self.fetch_managed::<S>(page).await?;
        if let Some(last) = self.chunk_ends_with.take() {
            *source = Source::After(last);
        }
        Ok(rows)
    }
}

/// Where in a row of a chunk stands what it is ordered by, and with which row the chunk is full.
pub(super) struct ChunkEnding {
    positions: Vec<usize>,
    rows: usize,
}

impl ChunkEnding {
    /// Returns it for a query that gives one model and nothing else, each row once, in an order that its columns tell.
    pub(super) fn of(statements: &[Statement]) -> Option<Self> {
        let [Statement::Select(select)] = statements else { return None };
        let [Output { kind: OutputKind::Entity { mapper, alias }, .. }] = select.outputs.as_slice() else {
            return None;
        };
        let Some(Node::Bind(Value::Int64(rows))) = &select.limit else { return None };
        let is_plain = select.joins.is_empty()
            && select.group_by.is_empty()
            && !select.distinct
            && select.distinct_on.is_empty()
            && select.limit_per.is_none()
            // Another table, in a condition too, gives a row several times, of which a page may end between two.
            && load::is_alone(select);
        let positions = positions(select, mapper, *alias).filter(|_| is_plain)?;
        Some(ChunkEnding { positions, rows: usize::try_from(*rows).ok()? })
    }

    /// Returns what this row is ordered by, if it is the one with which the chunk is full and has all of it.
    #[inline]
    pub(super) fn read(&self, row: &Row<'_>, rows: usize) -> Option<Vec<Value>> {
        if rows != self.rows || self.positions.iter().any(|&at| row.is_left_out(at)) {
            return None;
        }
        Some(self.positions.iter().map(|&at| row.value(at).to_value()).collect())
    }
}

/// Returns where in a row of this model all stands that it is ordered by, the last of which are its keys, as reading in chunks
/// has them.
fn positions(select: &SelectNode, mapper: &Mapper, alias: Alias) -> Option<Vec<usize>> {
    let of_item = |item: &OrderItem| match &item.node {
        Node::Column { mapper: its, column, alias: name } if its.is(mapper) && *name == alias => {
            let column_type = (mapper.definition().columns[usize::from(*column)].column_type)();
            is_compared_in_order(&column_type).then_some(usize::from(*column))
        }
        _ => None,
    };
    let positions: Vec<usize> = select.order_by.iter().map(of_item).collect::<Option<_>>()?;
    let mut key = mapper.definition().key.iter().map(|&column| usize::from(column));
    key.all(|column| positions.contains(&column)).then_some(positions)
}

/// Returns whether values of a type, as a row gives them, are compared as they are ordered.
///
/// MariaDB compares a label as the text that it is, and puts it where its type has it. PostgreSQL compares a text with a CHAR
/// without the spaces behind it, which a row has. A float of 32 bits is not equal to itself where it is compared with one of 64. What
/// a type does that the user has named is not known.
fn is_compared_in_order(column_type: &ColumnType) -> bool {
    matches!(
        column_type,
        ColumnType::Boolean
            | ColumnType::SmallInteger
            | ColumnType::Integer
            | ColumnType::BigInteger
            | ColumnType::Double
            | ColumnType::Text
            | ColumnType::String(_)
            | ColumnType::Varchar
            | ColumnType::LargeBinary
            | ColumnType::Date
            | ColumnType::Time
            | ColumnType::DateTime
            | ColumnType::Timestamp
            | ColumnType::Uuid
            | ColumnType::Numeric(_)
    )
}

/// The condition of rows behind the one that had these values in what the rows are ordered by.
fn behind(order: &[OrderItem], last: &[Value], dialect: Dialect) -> Node {
    let later = (0..last.len()).filter_map(|at| {
        let later = comes_later(&order[at], &last[at], dialect)?;
        let same = order[..at]
            .iter()
            .zip(last)
            .map(|(item, value)| Node::equals(item.node.clone(), Node::Bind(value.clone())));
        Some(Node::All(same.chain([later]).collect()))
    });
    Node::Any(later.collect())
}

/// The condition of what comes later in this order than a value, if anything can.
fn comes_later(item: &OrderItem, value: &Value, dialect: Dialect) -> Option<Node> {
    let nulls_are_last = match item.nulls {
        Some(nulls) => nulls == Nulls::Last,
        // PostgreSQL takes NULL for greater than all else, and the others for less.
        None => (dialect == Dialect::Postgres) != item.is_descending,
    };
    let is_null = |negated| Node::IsNull { operand: Box::new(item.node.clone()), negated };
    if value.is_null() {
        return (!nulls_are_last).then(|| is_null(true));
    }
    let operator = if item.is_descending { Operator::Lt } else { Operator::Gt };
    let later = Node::binary(operator, item.node.clone(), Node::Bind(value.clone()));
    Some(if nulls_are_last && may_be_null(&item.node) { Node::Any(vec![later, is_null(false)]) } else { later })
}

fn may_be_null(node: &Node) -> bool {
    match node {
        Node::Column { mapper, column, .. } => mapper.definition().columns[usize::from(*column)].nullable,
        _ => true,
    }
}
