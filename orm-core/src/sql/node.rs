//! The untyped core: one enum for every expression, walked by the compiler with one `match`.

use std::any::TypeId;
use std::borrow::Cow;

use orm_pool::{Kind, Value};

use super::template::{Form, Template};
use super::text::TextPart;
use super::window::Window;
use super::{FromItem, OrderItem, SelectNode};
use crate::dialect::Dialect;
use crate::error::Error;
use crate::mapper::{Alias, Attribute, Mapper, Model};
use crate::types::SqlType;

/// An expression without its type.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub enum Node {
    /// A column of a model's table or of its alias.
    Column { mapper: &'static Mapper, column: u16, alias: Alias },
    /// A value, to be bound.
    Bind(Value),
    /// A value that has been lifted out: its number and its type.
    Parameter { index: u32, kind: Kind },
    /// SQL taken as it stands.
    Sql(Cow<'static, str>),
    /// Two operands, in one place, since most conditions are one of these.
    Binary { operator: Operator, sides: Box<[Node; 2]> },
    /// NOT.
    Not(Box<Node>),
    /// AND of all; true when there are none.
    All(Vec<Node>),
    /// OR of all; false when there are none.
    Any(Vec<Node>),
    /// A list in parentheses.
    Tuple(Vec<Node>),
    /// IN of a list.
    In { operand: Box<Node>, list: Vec<Node>, negated: bool },
    /// IN of a subquery.
    InSelect { operand: Box<Node>, select: Box<SelectNode>, negated: bool },
    /// BETWEEN.
    Between { operand: Box<Node>, low: Box<Node>, high: Box<Node>, negated: bool },
    /// IS NULL.
    IsNull { operand: Box<Node>, negated: bool },
    /// LIKE, with the character that makes a wildcard stand for itself.
    Like { operand: Box<Node>, pattern: Box<Node>, negated: bool, ignore_case: bool, escape: Option<char> },
    /// A function.
    Function { name: Cow<'static, str>, arguments: Vec<Node>, distinct: bool, nullability: Nullability },
    /// CASE, of an operand or of conditions.
    Case { operand: Option<Box<Node>>, whens: Vec<(Node, Node)>, otherwise: Option<Box<Node>> },
    /// CAST.
    Cast { operand: Box<Node>, column_type: Box<crate::types::ColumnType> },
    /// A name for an output.
    Label { node: Box<Node>, name: &'static str },
    /// A scalar subquery.
    Select(Box<SelectNode>),
    /// EXISTS.
    Exists { select: Box<SelectNode>, negated: bool },
    /// EXISTS over the members of a relationship.
    Related { relation: RelationReference, filter: Option<Box<Node>>, negated: bool },
    /// A column of the row that an INSERT could not insert.
    Excluded { mapper: &'static Mapper, column: u16 },
    /// `*`.
    Star,

    // Operators and functions beyond those.
    /// NULL, TRUE or FALSE.
    Constant(Constant),
    /// A constant text of the program, such as a separator.
    Quoted(&'static str),
    /// SQL text with parameters in it.
    Text(Vec<TextPart>),
    /// What holds decimal numbers by its Rust type, where nothing else tells so: a column of a table without a model, or text.
    Decimal(Box<Node>),
    /// Minus.
    Minus(Box<Node>),
    /// An operator of the user's own.
    Infix {
        operator: Cow<'static, str>,
        left: Box<Node>,
        right: Box<Node>,
        is_condition: bool,
        precedence: Option<Precedence>,
    },
    /// A function that compares two of its arguments.
    Compared { call: Box<Node>, left: usize, right: usize },
    /// COLLATE.
    Collate { operand: Box<Node>, collation: Cow<'static, str> },
    /// CAST that gives NULL where it fails.
    TryCast { operand: Box<Node>, column_type: Box<crate::types::ColumnType> },
    /// What each database writes in its own way.
    Template { template: &'static Template, arguments: Vec<Node> },
    /// An aggregate with more than its arguments.
    Aggregate(Box<Aggregate>),
    /// OVER.
    Over { call: Box<Node>, window: Box<Window> },
    /// A comparison with ANY or ALL of a subquery.
    Quantified { operator: Operator, every: bool, operand: Box<Node>, select: Box<SelectNode> },

    // ------------------------------------------------------------------------------------------------- of SELECT
    /// A column of a derived table, by position.
    Field { source: Alias, index: u16, table: u64, is_decimal: bool },
    /// What is selected under this name.
    LabelName(Cow<'static, str>),
    /// What holds for every row of a model.
    Criterion { mapper: &'static Mapper, condition: Box<Node> },
    /// The next value of a sequence.
    NextValue { schema: Option<Cow<'static, str>>, name: Cow<'static, str> },
    /// What cannot be rendered, and why.
    Refused(Box<Error>),
}

/// A word that is a value.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constant {
    Null,
    True,
    False,
}

/// An aggregate with more than its arguments.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// The function.
    pub(crate) call: Node,
    /// The order in which it sees the rows.
    pub(crate) order_by: Vec<OrderItem>,
    /// Whether the order is that of WITHIN GROUP.
    pub(crate) is_within_group: bool,
    /// Which rows it sees.
    pub(crate) filter: Option<Node>,
}

/// What a function makes of NULL arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nullability {
    /// NULL in, NULL out.
    Strict,
    /// It decides for itself, such as `count` and `coalesce`.
    Own,
}

/// A relationship from the table or alias that it starts at.
#[derive(Clone, Copy, Debug)]
pub struct RelationReference {
    pub(crate) owner: &'static Mapper,
    pub(crate) index: u16,
    pub(crate) alias: Alias,
    pub(crate) target_alias: Alias,
}

/// What an expression refers to by itself: every walk that looks for tables or subqueries asks this one.
pub(crate) enum Reference<'a> {
    /// A model's table.
    Table(&'static Mapper, Alias),
    /// A derived table.
    Derived(Alias),
    /// The members of a relationship, which a condition is about.
    Members(&'a RelationReference, Option<&'a Node>),
    /// A subquery.
    Select(&'a SelectNode),
    /// No table.
    Nothing,
}

/// An operator between two operands, by rising precedence.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    IsDistinctFrom,
    IsNotDistinctFrom,
    Add,
    Sub,
    Mul,
    Div,
    /// Of integers, which gives an integer.
    IntegerDiv,
    Rem,
    /// Of floats.
    FloatRem,
    Concat,
}

/// How tightly an expression binds, loosest first: the one table for all databases.
///
/// Where they disagree, as about `||` beside `+` or about `&` beside `|`, both are [`Other`](Precedence::Other), and two
/// different operators of that rank keep their parentheses.
///
/// An [operator of one's own](super::CustomOperator) may have any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precedence {
    /// OR.
    Or,
    /// AND.
    And,
    /// NOT.
    Not,
    /// `=`, LIKE, IN, BETWEEN, IS: they do not chain.
    Comparison,
    /// `||`, `&`, `|`, `<<`, `->`, `@>` and every operator of a user's own.
    Other,
    /// `+` and `-`.
    Sum,
    /// `*`, `/` and `%`.
    Product,
    /// Minus, `~`, COLLATE.
    Sign,
    /// Columns, parameters, calls, and what is in parentheses.
    Primary,
}

impl Precedence {
    /// Returns what the operands of an operator of a user's own have to bind as tightly as: the left one, and the right one.
    ///
    /// Comparisons do not chain, and what is not known of an operator is not guessed; others go from left to right.
    pub(crate) fn of_operands(self) -> (Precedence, Precedence) {
        match self {
            Precedence::Or => (Precedence::Or, Precedence::And),
            Precedence::And => (Precedence::And, Precedence::Not),
            Precedence::Not | Precedence::Comparison => (Precedence::Other, Precedence::Other),
            Precedence::Other => (Precedence::Sign, Precedence::Sign),
            Precedence::Sum => (Precedence::Sum, Precedence::Product),
            Precedence::Product => (Precedence::Product, Precedence::Sign),
            Precedence::Sign => (Precedence::Sign, Precedence::Primary),
            Precedence::Primary => (Precedence::Primary, Precedence::Primary),
        }
    }
}

impl Operator {
    /// Returns the operator for operands of this type.
    pub(crate) fn of(self, kind: Kind) -> Operator {
        match (self, kind) {
            (Operator::Div, Kind::Int16 | Kind::Int32 | Kind::Int64) => Operator::IntegerDiv,
            (Operator::Rem, Kind::Float32 | Kind::Float64) => Operator::FloatRem,
            _ => self,
        }
    }

    /// Returns how tightly it binds.
    pub(crate) fn precedence(self) -> Precedence {
        match self {
            Operator::Eq
            | Operator::Ne
            | Operator::Lt
            | Operator::Le
            | Operator::Gt
            | Operator::Ge
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom => Precedence::Comparison,
            Operator::Concat => Precedence::Other,
            Operator::Add | Operator::Sub => Precedence::Sum,
            Operator::Mul | Operator::Div | Operator::IntegerDiv | Operator::Rem | Operator::FloatRem => {
                Precedence::Product
            }
        }
    }

    /// Returns whether `a op (b op c)` needs no parentheses.
    ///
    /// Sums and products do: in another order they overflow elsewhere, and floats round otherwise.
    pub(crate) fn is_associative(self) -> bool {
        self == Operator::Concat
    }

    /// Returns the comparison that is true where this one is false, and NULL where this one is NULL.
    fn opposite(self) -> Option<Operator> {
        Some(match self {
            Operator::Eq => Operator::Ne,
            Operator::Ne => Operator::Eq,
            Operator::Lt => Operator::Ge,
            Operator::Ge => Operator::Lt,
            Operator::Gt => Operator::Le,
            Operator::Le => Operator::Gt,
            Operator::IsDistinctFrom => Operator::IsNotDistinctFrom,
            Operator::IsNotDistinctFrom => Operator::IsDistinctFrom,
            _ => return None,
        })
    }
}

impl Node {
    pub(crate) fn column<M: Model, T>(attribute: Attribute<M, T>) -> Node {
        Node::Column { mapper: M::__mapper(), column: attribute.__column(), alias: attribute.__alias_of() }
    }

    pub(crate) fn binary(operator: Operator, left: Node, right: Node) -> Node {
        Node::Binary { operator, sides: Box::new([left, right]) }
    }

    /// Compares with `=`, or with IS NULL where the value is NULL.
    pub(crate) fn equals(left: Node, right: Node) -> Node {
        if matches!(right, Node::Bind(Value::Null(_)) | Node::Constant(Constant::Null)) {
            return Node::IsNull { operand: Box::new(left), negated: false };
        }
        Node::binary(Operator::Eq, left, right)
    }

    /// Joins by AND, without nesting what is AND already.
    pub(crate) fn and(self, other: Node) -> Node {
        match (self, other) {
            (Node::Constant(Constant::True), other) | (other, Node::Constant(Constant::True)) => other,
            (Node::Constant(Constant::False), _) | (_, Node::Constant(Constant::False)) => {
                Node::Constant(Constant::False)
            }
            (Node::All(mut left), Node::All(right)) => {
                left.extend(right);
                Node::All(left)
            }
            (Node::All(mut left), right) => {
                left.push(right);
                Node::All(left)
            }
            (left, Node::All(mut right)) => {
                right.insert(0, left);
                Node::All(right)
            }
            (left, right) => Node::All(vec![left, right]),
        }
    }

    /// Joins by OR, without nesting what is OR already.
    pub(crate) fn or(self, other: Node) -> Node {
        match (self, other) {
            (Node::Constant(Constant::False), other) | (other, Node::Constant(Constant::False)) => other,
            (Node::Constant(Constant::True), _) | (_, Node::Constant(Constant::True)) => Node::Constant(Constant::True),
            (Node::Any(mut left), Node::Any(right)) => {
                left.extend(right);
                Node::Any(left)
            }
            (Node::Any(mut left), right) => {
                left.push(right);
                Node::Any(left)
            }
            (left, Node::Any(mut right)) => {
                right.insert(0, left);
                Node::Any(right)
            }
            (left, right) => Node::Any(vec![left, right]),
        }
    }

    /// Negates, taking a NOT that is there away.
    pub(crate) fn negate(self) -> Node {
        match self {
            // A value keeps its NOTs: `= NULL` would be taken for `IS NULL`.
            Node::Not(inner) if !matches!(*inner, Node::Bind(_)) => *inner,
            Node::Constant(Constant::True) => Node::Constant(Constant::False),
            Node::Constant(Constant::False) => Node::Constant(Constant::True),
            Node::Binary { operator, sides } if operator.opposite().is_some() && !sides[1].is_several() => {
                Node::Binary { operator: operator.opposite().unwrap_or(operator), sides }
            }
            Node::In { operand, list, negated } => Node::In { operand, list, negated: !negated },
            Node::InSelect { operand, select, negated } => Node::InSelect { operand, select, negated: !negated },
            Node::Between { operand, low, high, negated } => Node::Between { operand, low, high, negated: !negated },
            Node::IsNull { operand, negated } => Node::IsNull { operand, negated: !negated },
            Node::Like { operand, pattern, negated, ignore_case, escape } => {
                Node::Like { operand, pattern, negated: !negated, ignore_case, escape }
            }
            Node::Exists { select, negated } => Node::Exists { select, negated: !negated },
            Node::Related { relation, filter, negated } => Node::Related { relation, filter, negated: !negated },
            other => Node::Not(Box::new(other)),
        }
    }

    /// Returns the expressions that it is directly made of, but not those of subqueries.
    fn parts(&self) -> Vec<&Node> {
        match self {
            Node::Binary { sides, .. } => sides.iter().collect(),
            Node::Not(inner)
            | Node::Label { node: inner, .. }
            | Node::Decimal(inner)
            | Node::Criterion { condition: inner, .. } => vec![inner],
            Node::All(list) | Node::Any(list) | Node::Tuple(list) => list.iter().collect(),
            Node::In { operand, list, .. } => std::iter::once(&**operand).chain(list).collect(),
            Node::InSelect { operand, .. } | Node::IsNull { operand, .. } | Node::Cast { operand, .. } => vec![operand],
            Node::Between { operand, low, high, .. } => vec![operand, low, high],
            Node::Like { operand, pattern, .. } => vec![operand, pattern],
            Node::Function { arguments, .. } => arguments.iter().collect(),
            Node::Case { operand, whens, otherwise } => operand
                .as_deref()
                .into_iter()
                .chain(whens.iter().flat_map(|(when, then)| [when, then]))
                .chain(otherwise.as_deref())
                .collect(),
            Node::Minus(operand) | Node::Collate { operand, .. } | Node::TryCast { operand, .. } => vec![operand],
            Node::Quantified { operand, .. } | Node::Compared { call: operand, .. } => vec![operand],
            Node::Infix { left, right, .. } => vec![left, right],
            Node::Template { arguments, .. } => arguments.iter().collect(),
            Node::Text(parts) => parts.iter().filter_map(TextPart::parameter).collect(),
            Node::Aggregate(aggregate) => {
                let Aggregate { call, order_by, filter, .. } = &**aggregate;
                let items = order_by.iter().map(|item| &item.node);
                std::iter::once(call).chain(items).chain(filter).collect()
            }
            Node::Over { call, window } => std::iter::once(&**call).chain(window.parts()).collect(),
            Node::Column { .. }
            | Node::Bind(_)
            | Node::Parameter { .. }
            | Node::Sql(_)
            | Node::Select(_)
            | Node::Exists { .. }
            | Node::Related { .. }
            | Node::Excluded { .. }
            | Node::Constant(_)
            | Node::Quoted(_)
            | Node::Star
            | Node::Field { .. }
            | Node::LabelName(_)
            | Node::NextValue { .. }
            | Node::Refused(_) => Vec::new(),
        }
    }

    /// The same, to be changed.
    pub(crate) fn parts_mut(&mut self) -> Vec<&mut Node> {
        match self {
            Node::Binary { sides, .. } => sides.iter_mut().collect(),
            Node::Not(inner)
            | Node::Label { node: inner, .. }
            | Node::Decimal(inner)
            | Node::Criterion { condition: inner, .. } => vec![inner],
            Node::All(list) | Node::Any(list) | Node::Tuple(list) => list.iter_mut().collect(),
            Node::In { operand, list, .. } => std::iter::once(&mut **operand).chain(list).collect(),
            Node::InSelect { operand, .. } | Node::IsNull { operand, .. } | Node::Cast { operand, .. } => vec![operand],
            Node::Between { operand, low, high, .. } => vec![operand, low, high],
            Node::Like { operand, pattern, .. } => vec![operand, pattern],
            Node::Function { arguments, .. } => arguments.iter_mut().collect(),
            Node::Case { operand, whens, otherwise } => operand
                .as_deref_mut()
                .into_iter()
                .chain(whens.iter_mut().flat_map(|(when, then)| [when, then]))
                .chain(otherwise.as_deref_mut())
                .collect(),
            Node::Minus(operand) | Node::Collate { operand, .. } | Node::TryCast { operand, .. } => vec![operand],
            Node::Quantified { operand, .. } | Node::Compared { call: operand, .. } => vec![operand],
            Node::Infix { left, right, .. } => vec![left, right],
            Node::Template { arguments, .. } => arguments.iter_mut().collect(),
            Node::Text(parts) => parts.iter_mut().filter_map(TextPart::parameter_mut).collect(),
            Node::Aggregate(aggregate) => {
                let Aggregate { call, order_by, filter, .. } = &mut **aggregate;
                let items = order_by.iter_mut().map(|item| &mut item.node);
                std::iter::once(call).chain(items).chain(filter).collect()
            }
            Node::Over { call, window } => std::iter::once(&mut **call).chain(window.parts_mut()).collect(),
            Node::Column { .. }
            | Node::Bind(_)
            | Node::Parameter { .. }
            | Node::Sql(_)
            | Node::Select(_)
            | Node::Exists { .. }
            | Node::Related { .. }
            | Node::Excluded { .. }
            | Node::Constant(_)
            | Node::Quoted(_)
            | Node::Star
            | Node::Field { .. }
            | Node::LabelName(_)
            | Node::NextValue { .. }
            | Node::Refused(_) => Vec::new(),
        }
    }

    /// Returns whether it is ANY or ALL of an array: what is not equal to one of them may be equal to another.
    fn is_several(&self) -> bool {
        let Node::Template { template, .. } = self else { return false };
        [&super::template::ANY_OF, &super::template::ALL_OF].into_iter().any(|known| std::ptr::eq(known, *template))
    }

    /// Returns whether it makes one row of many.
    pub(crate) fn is_aggregate(&self) -> bool {
        match self {
            Node::Function { name, .. } => matches!(name.as_ref(), "count" | "sum" | "avg" | "min" | "max"),
            Node::Template { template, .. } => template.is_aggregate(),
            Node::Aggregate(_) => true,
            _ => false,
        }
    }

    /// Returns the subqueries in it.
    pub(crate) fn selects(&self) -> Vec<&SelectNode> {
        let mut selects: Vec<&SelectNode> = Vec::new();
        self.collect_selects(&mut selects);
        selects
    }

    fn collect_selects<'n>(&'n self, selects: &mut Vec<&'n SelectNode>) {
        match self.refers_to() {
            Reference::Select(select) => selects.push(select),
            Reference::Members(_, Some(filter)) => filter.collect_selects(selects),
            Reference::Members(_, None) | Reference::Table(..) | Reference::Derived(_) | Reference::Nothing => {}
        }
        self.parts().into_iter().for_each(|part| part.collect_selects(selects));
    }

    /// Returns whether a CTE of a SELECT in it changes rows. Conditions are asked that as they are built, so the usual ones
    /// allocate nothing.
    pub(crate) fn writes(&self) -> bool {
        match self {
            Node::Column { .. } | Node::Bind(_) => false,
            Node::Binary { sides, .. } => sides.iter().any(Node::writes),
            Node::All(list) | Node::Any(list) => list.iter().any(Node::writes),
            Node::Not(inner) | Node::IsNull { operand: inner, .. } => inner.writes(),
            node => {
                let has_writing = match node.refers_to() {
                    Reference::Select(select) => select.writes,
                    Reference::Members(_, Some(filter)) => filter.writes(),
                    Reference::Members(_, None) | Reference::Table(..) | Reference::Derived(_) | Reference::Nothing => {
                        false
                    }
                };
                has_writing || node.parts().into_iter().any(Node::writes)
            }
        }
    }

    /// Returns what it refers to by itself, without its parts.
    pub(crate) fn refers_to(&self) -> Reference<'_> {
        match self {
            Node::Column { mapper, alias, .. } => Reference::Table(mapper, *alias),
            Node::Field { source, .. } => Reference::Derived(*source),
            Node::Related { relation, filter, .. } => Reference::Members(relation, filter.as_deref()),
            Node::Select(select)
            | Node::Exists { select, .. }
            | Node::InSelect { select, .. }
            | Node::Quantified { select, .. } => Reference::Select(select),
            Node::Bind(_)
            | Node::Parameter { .. }
            | Node::Sql(_)
            | Node::Binary { .. }
            | Node::Not(_)
            | Node::All(_)
            | Node::Any(_)
            | Node::Tuple(_)
            | Node::In { .. }
            | Node::Between { .. }
            | Node::IsNull { .. }
            | Node::Like { .. }
            | Node::Function { .. }
            | Node::Case { .. }
            | Node::Cast { .. }
            | Node::Label { .. }
            // Of the row of the INSERT itself.
            | Node::Excluded { .. }
            | Node::Star
            | Node::Constant(_)
            | Node::Quoted(_)
            | Node::Text(_)
            | Node::Decimal(_)
            | Node::Minus(_)
            | Node::Infix { .. }
            | Node::Compared { .. }
            | Node::Collate { .. }
            | Node::TryCast { .. }
            | Node::Template { .. }
            | Node::Aggregate(_)
            | Node::Over { .. }
            | Node::LabelName(_)
            | Node::NextValue { .. }
            | Node::Criterion { .. }
            | Node::Refused(_) => Reference::Nothing,
        }
    }

    /// Returns the model of the first column in it.
    pub(crate) fn model(&self) -> Option<&'static Mapper> {
        let mut found = None;
        self.visit(&mut |node| {
            if let (None, Node::Column { mapper, .. }) = (found, node) {
                found = Some(*mapper);
            }
        });
        found
    }

    /// Says that it holds what a type of this kind does.
    pub(crate) fn of_kind(self, kind: Kind) -> Node {
        if kind == Kind::Decimal { Node::Decimal(Box::new(self)) } else { self }
    }

    /// Returns it without its label.
    pub(crate) fn unlabelled(&self) -> &Node {
        match self {
            Node::Label { node, .. } => node,
            other => other,
        }
    }

    /// Returns it without what only tells of its type.
    pub(crate) fn untyped(&self) -> &Node {
        match self {
            Node::Decimal(inner) => inner,
            other => other,
        }
    }

    /// Calls `each` for an expression and all that it is made of, but not for subqueries.
    pub(crate) fn visit(&self, each: &mut impl FnMut(&Node)) {
        each(self);
        self.parts().into_iter().for_each(|part| part.visit(each));
    }

    /// As [`visit`](Self::visit), for what keeps references.
    pub(crate) fn visit_all<'a>(&'a self, each: &mut impl FnMut(&'a Node)) {
        each(self);
        self.parts().into_iter().for_each(|part| part.visit_all(each));
    }

    /// Puts others in the place of columns, where a function gives them.
    pub(crate) fn change_columns(&mut self, change: &mut impl FnMut(&Mapper, Alias, u16) -> Option<Node>) {
        match self {
            Node::Column { mapper, column, alias } => {
                if let Some(other) = change(mapper, *alias, *column) {
                    *self = other;
                }
            }
            other => other.parts_mut().into_iter().for_each(|part| part.change_columns(change)),
        }
    }

    /// Makes the columns of one alias those of another.
    pub(crate) fn replace_alias(&mut self, from: Alias, to: Alias) {
        match self {
            Node::Column { alias, .. } if *alias == from => *alias = to,
            other => other.parts_mut().into_iter().for_each(|part| part.replace_alias(from, to)),
        }
    }

    /// Makes the columns and relationships of a table those of an alias of it.
    pub(crate) fn use_alias(&mut self, table: &Mapper, alias: Alias) {
        match self {
            Node::Column { mapper, alias: own, .. } if *own == Alias::NONE && mapper.is(table) => *own = alias,
            Node::Related { relation, filter, .. } => {
                if relation.alias == Alias::NONE && relation.owner.is(table) {
                    relation.alias = alias;
                }
                // Its condition is about the members; where those are of the same table, about nothing else.
                let target = (relation.owner.definition().relationships[usize::from(relation.index)].target)();
                if relation.target_alias != Alias::NONE || !target.is(table) {
                    filter.iter_mut().for_each(|filter| filter.use_alias(table, alias));
                }
            }
            other => {
                if let Some(select) = other.select_mut() {
                    select.use_outer_alias(table, alias);
                }
                other.parts_mut().into_iter().for_each(|part| part.use_alias(table, alias));
            }
        }
    }

    /// Returns the subquery that it has itself.
    fn select_mut(&mut self) -> Option<&mut SelectNode> {
        match self {
            Node::Select(select)
            | Node::Exists { select, .. }
            | Node::InSelect { select, .. }
            | Node::Quantified { select, .. } => Some(select),
            _ => None,
        }
    }

    /// Returns how tightly the outermost operator binds on a dialect; what binds less tightly than its surroundings gets
    /// parentheses.
    pub(crate) fn precedence(&self, dialect: Dialect) -> Precedence {
        match self {
            Node::Any(list) if list.len() > 1 => Precedence::Or,
            // Nobody knows what is in it.
            Node::Text(_) => Precedence::Or,
            Node::All(list) if list.len() > 1 => Precedence::And,
            Node::Not(_) => Precedence::Not,
            Node::In { .. }
            | Node::InSelect { .. }
            | Node::Between { .. }
            | Node::IsNull { .. }
            | Node::Quantified { .. }
            | Node::Infix { is_condition: true, precedence: None, .. }
            | Node::Like { .. } => Precedence::Comparison,
            // It is written as a call.
            Node::Binary { operator: Operator::Concat, .. } if !dialect.capabilities().concat_operator => {
                Precedence::Primary
            }
            Node::Binary { operator, .. } => operator.precedence(),
            Node::Any(list) | Node::All(list) => {
                list.first().map_or(Precedence::Comparison, |only| only.precedence(dialect))
            }
            Node::Label { node, .. } | Node::Decimal(node) | Node::Criterion { condition: node, .. } => {
                node.precedence(dialect)
            }
            Node::Infix { precedence, .. } => precedence.unwrap_or(Precedence::Other),
            Node::Compared { call, .. } => call.precedence(dialect),
            Node::Minus(_) | Node::Collate { .. } => Precedence::Sign,
            Node::Template { template, .. } => match template.form(dialect) {
                Form::Infix(_) => Precedence::Other,
                Form::Condition(_) => Precedence::Comparison,
                Form::Call(_) | Form::Missing => Precedence::Primary,
            },
            _ => Precedence::Primary,
        }
    }
}

/// One thing that a statement selects.
#[derive(Clone, Debug)]
pub struct Output {
    pub(crate) kind: OutputKind,
    /// Whether the row's type can take NULL for it.
    pub(crate) nullable: bool,
    /// The derived table that is selected whole, for the SELECT to take into its FROM.
    pub(crate) source: Option<Box<FromItem>>,
    /// The Rust type that it becomes, where it is one column.
    pub(crate) rust: Option<RustType>,
    /// The columns of a model that are not asked for: NULL stands in their place.
    pub(crate) left_out: Box<[u16]>,
}

/// The Rust type of a column: one pointer, since every column that is selected has it and few are asked for it.
#[derive(Clone, Copy, Debug)]
pub struct RustType(fn() -> TypeFacts);

/// A type up to `Option`, and how it is called in messages.
#[derive(Clone, Copy)]
pub(crate) struct TypeFacts {
    pub(crate) plain: TypeId,
    pub(crate) kind: Kind,
    pub(crate) nullable: bool,
    pub(crate) name: &'static str,
}

impl RustType {
    /// The type `T`.
    pub fn of<T: SqlType>() -> Self {
        RustType(|| {
            let name = std::any::type_name::<T::Plain>();
            TypeFacts { plain: TypeId::of::<T::Plain>(), kind: T::KIND, nullable: T::NULLABLE, name }
        })
    }

    pub(crate) fn facts(self) -> TypeFacts {
        (self.0)()
    }
}

#[derive(Clone, Debug)]
pub(crate) enum OutputKind {
    /// Every column of a model.
    Entity { mapper: &'static Mapper, alias: Alias },
    /// One expression.
    Expression(Node),
}

impl Output {
    /// A model.
    pub fn entity(mapper: &'static Mapper, alias: Alias) -> Self {
        let kind = OutputKind::Entity { mapper, alias };
        Output { kind, nullable: false, source: None, rust: None, left_out: Box::default() }
    }

    /// A model without some of its columns.
    pub(crate) fn leaving_out(self, columns: Vec<u16>) -> Self {
        Output { left_out: columns.into(), ..self }
    }

    /// An expression.
    pub(crate) fn expression(node: Node, nullable: bool) -> Self {
        Output { kind: OutputKind::Expression(node), nullable, source: None, rust: None, left_out: Box::default() }
    }

    /// An expression that becomes a `T`.
    pub(crate) fn typed<T: SqlType>(node: Node) -> Self {
        Output { rust: Some(RustType::of::<T>()), ..Output::expression(node, T::NULLABLE) }
    }

    /// Returns the expression, if it is one.
    pub(crate) fn node(&self) -> Option<&Node> {
        match &self.kind {
            OutputKind::Expression(node) => Some(node),
            OutputKind::Entity { .. } => None,
        }
    }

    /// Returns the expression without its label.
    pub(crate) fn unlabelled(&self) -> Option<&Node> {
        self.node().map(Node::unlabelled)
    }

    /// Returns the label of the expression, if it has one.
    pub(crate) fn label(&self) -> Option<&'static str> {
        match self.node() {
            Some(Node::Label { name, .. }) => Some(name),
            _ => None,
        }
    }

    /// Returns the model and its alias, if it is one.
    pub(crate) fn model(&self) -> Option<(&'static Mapper, Alias)> {
        match self.kind {
            OutputKind::Entity { mapper, alias } => Some((mapper, alias)),
            OutputKind::Expression(_) => None,
        }
    }

    /// Lets the row's type take NULL for it.
    pub(crate) fn make_optional(&mut self) {
        self.nullable = true;
    }
}

/// Where NULLs sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nulls {
    /// Before all others.
    First,
    /// After all others.
    Last,
}
