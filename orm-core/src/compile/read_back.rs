//! RETURNING where a database has none: each row is inserted alone and read again by its key.
//!
//! In: a statement. Out: the statements that do the same on this dialect, often itself alone. Who calls: whatever runs a
//! request, and whatever shows a statement.

use crate::dialect::Dialect;
use crate::mapper::{Alias, Mapper};
use crate::sql::{FromItem, InsertNode, Node, Operator, SelectNode, Statement};

/// Returns whether [`for_dialect`] may make anything else of a statement.
pub(crate) fn may_be_several(statement: &Statement, dialect: Dialect) -> bool {
    match statement {
        Statement::Insert(insert) => !insert.returning.is_empty() && !dialect.capabilities().returning.insert,
        Statement::Explain(_) => true,
        _ => false,
    }
}

/// Returns the statements that do what this one does.
pub(crate) fn for_dialect(statement: Statement, dialect: Dialect) -> Vec<Statement> {
    let capabilities = dialect.capabilities();
    match statement {
        Statement::Insert(insert) if !insert.returning.is_empty() && !capabilities.returning.insert => {
            match read_back(&insert, capabilities.last_key) {
                Some(statements) => statements,
                // The walk says that there is no RETURNING.
                None => vec![Statement::Insert(insert)],
            }
        }
        Statement::Explain(inner) => {
            for_dialect(*inner, dialect).into_iter().map(|inner| Statement::Explain(Box::new(inner))).collect()
        }
        other => vec![other],
    }
}

/// Returns an INSERT and a SELECT for each row, or none if the key of a row cannot be known.
fn read_back(insert: &InsertNode, last_key: &'static str) -> Option<Vec<Statement>> {
    let rows = insert.source.rows()?;
    if !insert.on_conflict.is_empty() {
        // Whether the row was inserted is not known.
        return None;
    }
    let mut statements = Vec::with_capacity(rows.len() * 2);
    for row in rows.iter() {
        let select = SelectNode {
            outputs: insert.returning.clone(),
            from: vec![FromItem::table(insert.mapper, Alias::NONE)],
            filters: key_of(insert.mapper, &insert.columns, row, last_key)?.into(),
            ..SelectNode::default()
        };
        let alone = InsertNode {
            overrides: insert.overrides,
            ctes: insert.ctes.clone(),
            ..InsertNode::rows(insert.mapper, insert.columns.clone(), vec![row.clone()])
        };
        statements.push(Statement::Insert(Box::new(alone)));
        statements.push(Statement::Select(Box::new(select)));
    }
    Some(statements)
}

/// Returns the conditions that name a row that was just inserted.
fn key_of(mapper: &'static Mapper, columns: &[u16], row: &[Node], last_key: &'static str) -> Option<Vec<Node>> {
    let is_generated = |column: u16| mapper.definition().columns[usize::from(column)].generated;
    let equals = |column, value| Node::binary(Operator::Eq, Node::Column { mapper, column, alias: Alias::NONE }, value);
    let key = mapper.definition().key.iter().map(|&column| {
        match columns.iter().position(|known| *known == column).map(|position| &row[position]) {
            Some(Node::Bind(value)) if !value.is_null() => Some(equals(column, Node::Bind(value.clone()))),
            None if is_generated(column) => Some(equals(column, Node::Sql(last_key.into()))),
            _ => None,
        }
    });
    key.collect()
}
