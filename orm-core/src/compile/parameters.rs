//! Parameters whose type MySQL does not see.
//!
//! It takes a parameter for what stands beside it, and where nothing but parameters is computed with, for a float: `? + ?` of two
//! whole numbers is `3.0` there, and of two decimals it loses digits. So in such a place a number is cast to what it is; so is a value
//! in a row of values or in a member of a compound, where a NULL would otherwise be text, and the others with it.
//! (<https://dev.mysql.com/doc/refman/8.4/en/prepare.html>)

use orm_pool::Kind;

use super::Writer;
use crate::dialect::Dialect;
use crate::error::Result;
use crate::sql::{Constant, Node, Precedence};

impl Writer {
    /// Returns whether what is computed from these operands has no type but that of its parameters.
    pub(super) fn are_untyped<'n>(&self, operands: impl IntoIterator<Item = &'n Node>) -> bool {
        let is_untyped =
            |node: &Node| matches!(node.untyped(), Node::Parameter { .. } | Node::Constant(Constant::Null));
        self.dialect == Dialect::MySql && !self.writes_literals() && operands.into_iter().all(is_untyped)
    }

    /// Writes an operand; one of those without a type with the cast that says what it is.
    pub(super) fn typed(&mut self, node: &Node, are_untyped: bool, precedence: Precedence) -> Result<()> {
        if are_untyped && let Node::Parameter { index, kind } = node.untyped() {
            match kind {
                Kind::Int16 | Kind::Int32 | Kind::Int64 => return self.padded(*index, *kind, "SIGNED"),
                // As many digits behind the point as there can be.
                Kind::Decimal => return self.padded(*index, *kind, "DECIMAL(65, 30)"),
                _ => {}
            }
        }
        self.within(node, precedence)
    }

    /// Writes a value that others will stand beside, in VALUES, in a member of a compound or in a subquery, with the cast that says what
    /// it is. There the NULL of one row would make the others text; and a document would be none, on PostgreSQL too.
    pub(super) fn value_of_column(&mut self, node: &Node) -> Result<()> {
        let value = node.unlabelled().untyped();
        let (Node::Parameter { index, kind }, false) = (value, self.writes_literals()) else {
            return self.node(node);
        };
        let name = match kind {
            Kind::Json => return self.beside_others(value),
            _ if self.dialect != Dialect::MySql => return self.node(node),
            Kind::Bool | Kind::Int16 | Kind::Int32 | Kind::Int64 | Kind::Interval => "SIGNED",
            Kind::Float32 => "FLOAT",
            Kind::Float64 => "DOUBLE",
            Kind::Bytes => "BINARY",
            Kind::Date => "DATE",
            Kind::Time => "TIME(6)",
            Kind::DateTime | Kind::Timestamp => "DATETIME(6)",
            _ => return self.node(node),
        };
        self.padded(*index, *kind, name)
    }

    /// Returns whether it chooses among texts that are parameters all: the greatest of such is compared as a number.
    pub(super) fn is_text_of_parameters(&self, node: &Node) -> bool {
        let Node::Case { whens, otherwise, .. } = node else { return false };
        let has_text = |node: &Node| matches!(node, Node::Parameter { kind: Kind::Text | Kind::Enum(_), .. });
        let mut results = whens.iter().map(|(_, then)| then).chain(otherwise.as_deref());
        self.are_untyped(results.clone()) && results.any(has_text)
    }

    /// Writes a text such that it is one. A cast would have a collation, and might not be compared with a column of another.
    pub(super) fn joined_text(&mut self, node: &Node) -> Result<()> {
        self.push("concat(");
        self.node(node)?;
        self.push(")");
        Ok(())
    }
}
