//! CASE, of conditions and of an expression; [`func::case`](super::func::case) and
//! [`func::case_of`](super::func::case_of) start it.

use std::marker::PhantomData;

use super::expr::Expr;
use super::{AsExpr, Node, Predicate};
use crate::mapper::{Attribute, Model};
use crate::types::SqlType;

/// The first value of a CASE, which says what the others are.
#[diagnostic::on_unimplemented(message = "`{Self}` is neither a SQL expression nor a value for one")]
pub trait CaseValue {
    /// What the CASE gives.
    type Type: SqlType;

    #[doc(hidden)]
    fn __case_value(self) -> Node;
}
impl<T: SqlType> CaseValue for T {
    type Type = T;

    fn __case_value(self) -> Node {
        Node::Bind(self.encode())
    }
}
impl CaseValue for &str {
    type Type = String;

    fn __case_value(self) -> Node {
        Node::Bind(orm_pool::Value::Text(self.to_owned()))
    }
}
impl<T: SqlType> CaseValue for Expr<T> {
    type Type = T;

    fn __case_value(self) -> Node {
        self.node
    }
}
impl<M: Model, T: SqlType> CaseValue for Attribute<M, T> {
    type Type = T;

    fn __case_value(self) -> Node {
        self.into()
    }
}

/// A CASE of an expression that has no value yet.
#[derive(Clone, Debug)]
pub struct CaseOf<K> {
    operand: Node,
    types: PhantomData<fn() -> K>,
}

impl<K> CaseOf<K> {
    pub(super) fn new(operand: Node) -> Self {
        CaseOf { operand, types: PhantomData }
    }

    /// WHEN it equals `key`, THEN this value.
    pub fn when<V: CaseValue>(self, key: impl AsExpr<K>, value: V) -> CaseOfWhen<K, V::Type> {
        let whens = vec![(key.__node(), value.__case_value())];
        CaseOfWhen { operand: self.operand, whens, types: PhantomData }
    }
}

/// A CASE of an expression with its values.
#[derive(Clone, Debug)]
pub struct CaseOfWhen<K, T> {
    operand: Node,
    whens: Vec<(Node, Node)>,
    types: PhantomData<fn() -> (K, T)>,
}

impl<K, T: SqlType> CaseOfWhen<K, T> {
    /// WHEN it equals `key`, THEN this value.
    #[must_use]
    pub fn when(mut self, key: impl AsExpr<K>, value: impl AsExpr<T>) -> Self {
        self.whens.push((key.__node(), value.__node()));
        self
    }

    /// ELSE this value.
    pub fn otherwise(self, value: impl AsExpr<T>) -> Expr<T> {
        finish(Some(self.operand), self.whens, Some(value.__node()))
    }

    /// Without ELSE, which is NULL.
    pub fn end(self) -> Expr<Option<T::Plain>> {
        finish(Some(self.operand), self.whens, None)
    }
}

/// A CASE of conditions.
#[derive(Clone, Debug)]
pub struct CaseWhen<T> {
    whens: Vec<(Node, Node)>,
    types: PhantomData<fn() -> T>,
}

impl<T> CaseWhen<T> {
    pub(super) fn new(condition: Node, value: Node) -> Self {
        CaseWhen { whens: vec![(condition, value)], types: PhantomData }
    }
}

impl<T: SqlType> CaseWhen<T> {
    /// WHEN the condition is true, THEN this value.
    #[must_use]
    pub fn when(mut self, condition: impl Predicate, value: impl AsExpr<T>) -> Self {
        self.whens.push((condition.__predicate(), value.__node()));
        self
    }

    /// ELSE this value.
    pub fn otherwise(self, value: impl AsExpr<T>) -> Expr<T> {
        finish(None, self.whens, Some(value.__node()))
    }

    /// Without ELSE, which is NULL.
    pub fn end(self) -> Expr<Option<T::Plain>> {
        finish(None, self.whens, None)
    }
}

fn finish<T>(operand: Option<Node>, whens: Vec<(Node, Node)>, otherwise: Option<Node>) -> Expr<T> {
    Expr::new(Node::Case { operand: operand.map(Box::new), whens, otherwise: otherwise.map(Box::new) })
}
