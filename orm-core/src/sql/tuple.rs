//! Rows of values in conditions: `tuple((User.name, User.age)).in_([("ed", 7), ("wendy", 8)])`.

use std::marker::PhantomData;

use super::node::Operator;
use super::{AsExpr, Expr, Expression, Node, Select};
use crate::mapper::RowType;

/// Several expressions that are compared as one; [`tuple()`] makes it.
#[derive(Clone, Debug)]
pub struct Tuple<T> {
    nodes: Vec<Node>,
    types: PhantomData<fn() -> T>,
}

/// Makes several columns or expressions one, to be compared with tuples of values or with a subquery of as many columns.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Dialect, select, tuple};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # #[orm(table = "users")]
/// # struct User { #[orm(primary_key)] id: i64, name: String }
/// let query = select(User.id).filter(tuple((User.id, User.name)).in_([(1, "ed"), (2, "wendy")]));
/// assert_eq!(
///     query.to_sql(Dialect::Postgres),
///     "SELECT users.id FROM users WHERE (users.id, users.name) IN (($1, $2), ($3, $4))"
/// );
/// ```
pub fn tuple<E: Columns>(columns: E) -> Tuple<E::Types> {
    let mut nodes = Vec::new();
    columns.__nodes(&mut nodes);
    Tuple { nodes, types: PhantomData }
}

/// A tuple of two to six columns or expressions.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a tuple of two to six SQL expressions")]
pub trait Columns {
    /// Their types.
    type Types;

    #[doc(hidden)]
    fn __nodes(self, nodes: &mut Vec<Node>);
}

/// A tuple of values or expressions of these types.
#[diagnostic::on_unimplemented(message = "cannot compare a row of `{T}` with `{Self}`")]
pub trait RowOf<T> {
    #[doc(hidden)]
    fn __row(self) -> Node;
}

macro_rules! tuples {
    ($($name:ident $type:ident $index:tt),*) => {
        impl<$($name: Expression),*> Columns for ($($name,)*) {
            type Types = ($($name::Type,)*);

            fn __nodes(self, nodes: &mut Vec<Node>) { $( nodes.push(self.$index.__expression()); )* }
        }
        impl<$($type, $name: AsExpr<$type>),*> RowOf<($($type,)*)> for ($($name,)*) {
            fn __row(self) -> Node { Node::Tuple(vec![$( self.$index.__node() ),*]) }
        }
    };
}
tuples!(A T0 0, B T1 1);
tuples!(A T0 0, B T1 1, C T2 2);
tuples!(A T0 0, B T1 1, C T2 2, D T3 3);
tuples!(A T0 0, B T1 1, C T2 2, D T3 3, E T4 4);
tuples!(A T0 0, B T1 1, C T2 2, D T3 3, E T4 4, F T5 5);

impl<T> Tuple<T> {
    /// `=` of every part.
    pub fn eq(self, row: impl RowOf<T>) -> Expr<Option<bool>> {
        self.compare(Operator::Eq, row)
    }

    /// `<>`: some part differs.
    pub fn ne(self, row: impl RowOf<T>) -> Expr<Option<bool>> {
        self.compare(Operator::Ne, row)
    }

    /// `<`: the first part that differs is less.
    pub fn lt(self, row: impl RowOf<T>) -> Expr<Option<bool>> {
        self.compare(Operator::Lt, row)
    }

    /// `<=`.
    pub fn le(self, row: impl RowOf<T>) -> Expr<Option<bool>> {
        self.compare(Operator::Le, row)
    }

    /// `>`: the first part that differs is greater, as a page after a known row wants it.
    pub fn gt(self, row: impl RowOf<T>) -> Expr<Option<bool>> {
        self.compare(Operator::Gt, row)
    }

    /// `>=`.
    pub fn ge(self, row: impl RowOf<T>) -> Expr<Option<bool>> {
        self.compare(Operator::Ge, row)
    }

    /// IN of a list of tuples or of a subquery of as many columns; of an empty list it is false.
    pub fn in_(self, rows: impl RowList<T>) -> Expr<Option<bool>> {
        Expr::new(rows.__in(Node::Tuple(self.nodes)))
    }

    /// NOT IN of a list of tuples or of a subquery of as many columns; of an empty list it is true.
    pub fn not_in(self, rows: impl RowList<T>) -> Expr<Option<bool>> {
        Expr::new(rows.__in(Node::Tuple(self.nodes)).negate())
    }

    fn compare(self, operator: Operator, row: impl RowOf<T>) -> Expr<Option<bool>> {
        Expr::new(Node::binary(operator, Node::Tuple(self.nodes), row.__row()))
    }
}

/// What `in_` of a tuple takes: a list of tuples or a subquery.
#[diagnostic::on_unimplemented(
    message = "`in_` of a row of `{T}` takes a list of such tuples or a subquery, not `{Self}`"
)]
pub trait RowList<T> {
    #[doc(hidden)]
    fn __in(self, operand: Node) -> Node;
}
impl<T, I: IntoIterator<Item: RowOf<T>>> RowList<T> for I {
    fn __in(self, operand: Node) -> Node {
        let list = self.into_iter().map(RowOf::__row).collect();
        Node::In { operand: Box::new(operand), list, negated: false }
    }
}
impl<T: RowType> RowList<T> for Select<T> {
    fn __in(self, operand: Node) -> Node {
        Node::InSelect { operand: Box::new(operand), select: self.node, negated: false }
    }
}
