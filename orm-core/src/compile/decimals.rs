//! Decimal numbers on SQLite, which keeps them as text, exact: where they are compared or put in order it is told to take
//! them for numbers.
//!
//! Text is compared by the collation `decimal`, which the driver brings; it has the name of the one in SQLite's own shell.
//! What SQLite computes of decimal numbers is a float, and what that is compared with becomes one.

use orm_pool::{Kind, Value};

use super::Writer;
use crate::dialect::Dialect;
use crate::error::Result;
use crate::sql::{Node, Operator, Precedence};

/// What a decimal number is in an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Float,
}

impl Writer {
    /// Writes what is compared with others. (What is compared with a decimal number is one too.)
    pub(super) fn operand(&mut self, operand: &Node, other: Option<&Node>, precedence: Precedence) -> Result<()> {
        match self.common_form(operand, other) {
            None => self.within(operand, precedence),
            Some(Form::Float) => self.float(operand),
            Some(Form::Text) => {
                self.within(operand, Precedence::Sign)?;
                self.push(" COLLATE decimal");
                Ok(())
            }
        }
    }

    /// Returns whether what is compared with an operand has to be written as a float.
    pub(super) fn is_beside_float(&self, operand: &Node, other: &Node) -> bool {
        self.common_form(operand, Some(other)) == Some(Form::Float)
    }

    /// Says, after an expression that is put in order or told apart, that it is a decimal number.
    pub(super) fn as_decimal(&mut self, node: &Node) {
        if self.dialect == Dialect::Sqlite && form(node) == Some(Form::Text) {
            self.push(" COLLATE decimal");
        }
    }

    /// Says so after what is selected, where it will be told apart or compared, or has a label to be ordered by: the columns
    /// of a subquery are compared as what they were made of.
    pub(super) fn output_as_decimal(&mut self, node: &Node) {
        if self.compares_outputs || matches!(node, Node::Label { .. }) {
            self.as_decimal(node);
        }
    }

    fn common_form(&self, operand: &Node, other: Option<&Node>) -> Option<Form> {
        if self.dialect != Dialect::Sqlite {
            return None;
        }
        match (form(operand), other.and_then(form)) {
            (None, None) => None,
            // What it is compared with may say by itself how: a CAST makes a number of it.
            (Some(Form::Text), None) if is_value(operand) => None,
            (None, Some(Form::Text)) if other.is_some_and(is_value) => None,
            (Some(Form::Float), _) | (_, Some(Form::Float)) => Some(Form::Float),
            _ => Some(Form::Text),
        }
    }

    pub(super) fn float(&mut self, node: &Node) -> Result<()> {
        self.push("CAST(");
        self.node(node)?;
        self.push(" AS REAL)");
        Ok(())
    }
}

fn is_value(node: &Node) -> bool {
    matches!(node, Node::Parameter { .. } | Node::Bind(_))
}

/// Returns what an expression is if it is a decimal number, as far as that can be seen.
fn form(node: &Node) -> Option<Form> {
    match node {
        Node::Column { mapper, column, .. } | Node::Excluded { mapper, column } => {
            let definition = &mapper.definition().columns[usize::from(*column)];
            (definition.kind == Kind::Decimal && !definition.has_own_type()).then_some(Form::Text)
        }
        Node::Parameter { kind: Kind::Decimal, .. } | Node::Bind(Value::Decimal(_)) => Some(Form::Text),
        Node::Label { node, .. } => form(node),
        Node::Minus(operand) => form(operand).map(|_| Form::Float),
        Node::Binary { operator: Operator::Add | Operator::Sub | Operator::Mul | Operator::Div, sides } => {
            sides.iter().find_map(form).map(|_| Form::Float)
        }
        Node::Function { name, arguments, .. } => match &**name {
            "coalesce" | "nullif" | "min" | "max" => arguments.iter().find_map(form),
            "count" => None,
            _ => arguments.iter().find_map(form).map(|_| Form::Float),
        },
        Node::Case { whens, otherwise, .. } => {
            let results = whens.iter().map(|(_, then)| then).chain(otherwise.as_deref());
            results.filter_map(form).max_by_key(|form| *form == Form::Float)
        }
        Node::Aggregate(aggregate) => form(&aggregate.call),
        Node::Over { call, .. } => form(call),
        Node::Select(select) => match select.outputs.as_slice() {
            [only] => only.node().and_then(form),
            _ => None,
        },
        _ => None,
    }
}
