//! Decimal numbers on SQLite, which keeps them as text, exact: where they are compared or put in order it is told to take
//! them for numbers.
//!
//! Text is compared by the collation `decimal`, and computed with by functions such as `decimal_add`, both of which the driver
//! brings; they have the names of those in SQLite's own shell. What is a float nonetheless, or may be, becomes text to be compared:
//! so whatever is a decimal number is compared in one way.

use orm_pool::{Kind, Value};

use super::Writer;
use crate::dialect::Dialect;
use crate::error::Result;
use crate::sql::{Node, Operator, Precedence, Template, template};
use crate::types::ColumnType;

/// What a decimal number is in an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    /// A number, or nobody knows which of the two: it becomes text, which is what a collation is for.
    Computed,
}

impl Writer {
    /// Writes what is compared with others. (What is compared with a decimal number is one too.)
    pub(super) fn operand(&mut self, operand: &Node, other: Option<&Node>, precedence: Precedence) -> Result<()> {
        if self.dialect != Dialect::Sqlite {
            return self.within(operand, precedence);
        }
        if let Node::Tuple(parts) = operand {
            let others = match other {
                Some(Node::Tuple(others)) => others.as_slice(),
                _ => &[],
            };
            self.push("(");
            self.separated(parts.iter().enumerate(), ", ", |this, (index, part)| {
                this.operand(part, others.get(index), Precedence::Or)
            })?;
            self.push(")");
            return Ok(());
        }
        match form_beside(operand, other) {
            None => self.within(operand, precedence),
            Some(form) => self.decimal(operand, form),
        }
    }

    /// Returns whether an operand has to become text, to be compared with a decimal number.
    pub(super) fn is_computed_beside(&self, operand: &Node, other: &Node) -> bool {
        self.dialect == Dialect::Sqlite && form_beside(operand, Some(other)) == Some(Form::Computed)
    }

    /// Writes a number as text.
    pub(super) fn as_text(&mut self, node: &Node) -> Result<()> {
        self.push("CAST(");
        self.node(node)?;
        self.push(" AS TEXT)");
        Ok(())
    }

    /// Writes what is cast to an integer, to which SQLite would cut a decimal number that the others round.
    pub(super) fn as_whole(&mut self, node: &Node) -> Result<()> {
        if !HAS_FUNCTIONS || self.decimal_form(node).is_none() {
            return self.node(node);
        }
        self.push("decimal_round(");
        self.node(node)?;
        self.push(", 0)");
        Ok(())
    }

    /// Writes an expression that is put in order or told apart.
    pub(super) fn told_apart(&mut self, node: &Node) -> Result<()> {
        match self.decimal_form(node) {
            None => self.node(node),
            Some(form) => self.decimal(node, form),
        }
    }

    /// Writes what is selected: so where it will be told apart or compared, or has a label to be ordered by, since the columns of
    /// a subquery are compared as what they were made of. Returns whether a column has lost its name by that.
    pub(super) fn selected(&mut self, node: &Node) -> Result<bool> {
        if !self.compares_outputs && !matches!(node, Node::Label { .. }) {
            self.node(node)?;
            return Ok(false);
        }
        match self.decimal_form(node) {
            None => self.value_of_column(node)?,
            Some(form) => self.decimal(node, form)?,
        }
        Ok(self.decimal_form(node) == Some(Form::Computed))
    }

    /// Writes the argument of a construct, as a decimal number where the construct compares its arguments and one of them is.
    pub(super) fn argument(
        &mut self,
        template: &'static Template,
        arguments: &[Node],
        argument: &Node,
        precedence: Precedence,
    ) -> Result<()> {
        let compares = || is_one_of(template, &COMPARING) && arguments.iter().any(|other| form(other).is_some());
        if self.dialect == Dialect::Sqlite && compares() {
            return self.decimal(argument, form(argument).unwrap_or(Form::Computed));
        }
        match argument {
            Node::Parameter { kind: Kind::Json, .. } if std::ptr::eq(template, &template::NULLIF) => {
                self.beside_others(argument)
            }
            Node::Parameter { kind: Kind::Text | Kind::Array(_), .. } if is_one_of(template, &COMPARING) => {
                let own_type = self.own_type_among(arguments);
                self.beside_own(argument, own_type.as_deref())
            }
            _ => self.within(argument, precedence),
        }
    }

    /// Returns the function that computes an expression of decimal numbers exactly, and its arguments.
    pub(super) fn exact<'n>(&self, node: &'n Node) -> Option<Exact<'n>> {
        if self.dialect == Dialect::Sqlite { exact(node) } else { None }
    }

    /// Writes the call of such a function.
    pub(super) fn exact_call(&mut self, call: &Exact<'_>) -> Result<()> {
        let Exact { function, is_distinct, arguments, places } = call;
        self.push(function);
        self.push(if *is_distinct { "(DISTINCT " } else { "(" });
        self.separated(*arguments, ", ", |this, argument| match is_distinct {
            true => this.told_apart(argument),
            false => this.node(argument),
        })?;
        if let Some(places) = places {
            self.push(", ");
            self.push(&places.to_string());
        }
        self.push(")");
        Ok(())
    }

    fn decimal(&mut self, node: &Node, form: Form) -> Result<()> {
        match form {
            Form::Text => self.within(node, Precedence::Sign)?,
            Form::Computed => self.as_text(node)?,
        }
        self.push(" COLLATE decimal");
        Ok(())
    }

    fn decimal_form(&self, node: &Node) -> Option<Form> {
        if self.dialect == Dialect::Sqlite { form(node) } else { None }
    }
}

/// Without the type there are no such functions, and none of its numbers.
const HAS_FUNCTIONS: bool = cfg!(feature = "rust_decimal");

/// A call of a function of the driver.
pub(super) struct Exact<'n> {
    function: &'static str,
    is_distinct: bool,
    arguments: &'n [Node],
    /// One more argument, a constant.
    places: Option<u8>,
}

/// Returns the call that computes an expression exactly, if it is computed of decimal numbers.
fn exact(node: &Node) -> Option<Exact<'_>> {
    if !HAS_FUNCTIONS {
        return None;
    }
    let call = |function, arguments| Some(Exact { function, is_distinct: false, arguments, places: None });
    match node {
        Node::Binary { operator, sides } => {
            let function = match operator {
                Operator::Add => "decimal_add",
                Operator::Sub => "decimal_sub",
                Operator::Mul => "decimal_mul",
                Operator::Div => "decimal_div",
                Operator::Rem => "decimal_rem",
                _ => return None,
            };
            sides.iter().find_map(form)?;
            call(function, sides.as_slice())
        }
        Node::Minus(operand) => {
            form(operand)?;
            call("decimal_neg", std::slice::from_ref(operand))
        }
        Node::Template { template, arguments } => {
            let (_, function) = COMPUTING.iter().find(|(known, _)| std::ptr::eq(*known, *template))?;
            form(arguments.first()?)?;
            call(function, arguments)
        }
        Node::Function { name, arguments, distinct, .. } => {
            let function = match &**name {
                "sum" => "decimal_sum",
                "avg" => "decimal_avg",
                _ => return None,
            };
            form(arguments.first()?)?;
            Some(Exact { function, is_distinct: *distinct, arguments, places: None })
        }
        Node::Cast { operand, column_type } => {
            let ColumnType::Numeric(size) = **column_type else { return None };
            let places = size.map(|(_, scale)| scale);
            let function = if places.is_some() { "decimal_round" } else { "decimal" };
            Some(Exact { function, is_distinct: false, arguments: std::slice::from_ref(operand), places })
        }
        _ => None,
    }
}

/// The constructs that compute of their first argument, and the functions that do it exactly.
static COMPUTING: [(&Template, &str); 5] = [
    (&template::ABS, "decimal_abs"),
    (&template::CEIL, "decimal_ceil"),
    (&template::FLOOR, "decimal_floor"),
    (&template::ROUND, "decimal_round"),
    (&template::ROUND_TO_TENS, "decimal_round"),
];

/// The constructs that compare their arguments.
static COMPARING: [&Template; 4] =
    [&template::GREATEST, &template::LEAST, &template::NULLIF, &template::BETWEEN_SYMMETRIC];

/// The constructs that give one of their arguments.
static CHOOSING: [&Template; 3] = [&template::GREATEST, &template::LEAST, &template::NULLIF];

/// Returns whether a construct gives one of its arguments.
pub(super) fn chooses(template: &'static Template) -> bool {
    is_one_of(template, &CHOOSING)
}

fn is_one_of(template: &'static Template, known: &[&'static Template]) -> bool {
    known.iter().any(|known| std::ptr::eq(*known, template))
}

/// Returns what an expression is beside another: what cannot be seen of itself is told by that.
fn form_beside(operand: &Node, other: Option<&Node>) -> Option<Form> {
    let Some(other) = other else { return form(operand) };
    // A column of an own type says by itself how a value is compared with it.
    if (is_own(operand) && is_value(other)) || (is_value(operand) && is_own(other)) {
        return None;
    }
    form(operand).or_else(|| form(other).map(|_| Form::Computed))
}

fn is_own(node: &Node) -> bool {
    matches!(node, Node::Column { .. }) && form(node).is_none()
}

fn is_value(node: &Node) -> bool {
    matches!(node, Node::Parameter { .. } | Node::Bind(_))
}

/// Returns what an expression is if it is a decimal number, as far as that can be seen.
fn form(node: &Node) -> Option<Form> {
    match node {
        // Other programs keep numbers in such columns, and a view computes floats.
        Node::Column { mapper, column, .. } | Node::Excluded { mapper, column } => {
            let definition = &mapper.definition().columns[usize::from(*column)];
            (definition.kind == Kind::Decimal && !definition.has_own_type()).then_some(Form::Computed)
        }
        Node::Decimal(_) => Some(Form::Computed),
        Node::Field { is_decimal, .. } => is_decimal.then_some(Form::Computed),
        Node::Parameter { kind: Kind::Decimal, .. } | Node::Bind(Value::Decimal(_)) => Some(Form::Text),
        Node::Label { node, .. } => form(node),
        Node::Template { template, arguments } if is_one_of(template, &CHOOSING) => one_of(arguments.iter()),
        #[cfg(all(feature = "json", feature = "rust_decimal"))]
        Node::Template { template, .. } if std::ptr::eq(*template, &template::JSON_NUMERIC) => Some(Form::Text),
        Node::Function { name, arguments, .. } => match &**name {
            "coalesce" => one_of(arguments.iter()),
            "min" | "max" | "lag" | "lead" | "first_value" | "last_value" | "nth_value" => {
                arguments.first().and_then(form)
            }
            _ => exact(node).map(|_| Form::Text),
        },
        Node::Case { whens, otherwise, .. } => one_of(whens.iter().map(|(_, then)| then).chain(otherwise.as_deref())),
        Node::Aggregate(aggregate) => form(&aggregate.call),
        Node::Over { call, .. } => form(call),
        Node::Select(select) => match select.outputs.as_slice() {
            [only] => only.node().and_then(form),
            _ => None,
        },
        _ => exact(node).map(|_| Form::Text),
    }
}

/// Returns what an expression is that is one of several: text, if all are.
fn one_of<'a>(mut nodes: impl Iterator<Item = &'a Node> + Clone) -> Option<Form> {
    nodes.clone().find_map(form)?;
    let is_text = nodes.all(|node| form(node) == Some(Form::Text));
    Some(if is_text { Form::Text } else { Form::Computed })
}
