//! What may stand where a value is wanted: [`IntoValue`] for plain values, [`AsExpr`] for values and expressions,
//! [`InList`] for lists.
//!
//! The implementations are few on purpose: one integer implementation per comparison lets literals infer.

use super::expr::Expr;
use super::nullness::{NotNull, Nullable, Nullness};
use super::{DerivedColumn, Node, Select};
use crate::mapper::{Attribute, Model};
use crate::types::{ArrayElement, SqlType};

/// A plain value for a column or a builder's field of type `T`.
#[diagnostic::on_unimplemented(
    message = "a column of type `{T}` takes no `{Self}`",
    label = "this is `{Self}`",
    note = "a plain value needs no `Some`: write `\"text\"`; an `Option<&str>` is given by `.map(str::to_owned)`"
)]
pub trait IntoValue<T> {
    /// Returns the value.
    fn into_value(self) -> T;
}

impl<T: SqlType> IntoValue<T> for T {
    fn into_value(self) -> T {
        self
    }
}
impl<T: SqlType> IntoValue<Option<T>> for T {
    fn into_value(self) -> Option<T> {
        Some(self)
    }
}
impl<T: SqlType> IntoValue<T> for &T {
    fn into_value(self) -> T {
        self.clone()
    }
}
impl<T: SqlType> IntoValue<Option<T>> for &T {
    fn into_value(self) -> Option<T> {
        Some(self.clone())
    }
}

/// A value or an expression of type `T`.
#[diagnostic::on_unimplemented(
    message = "cannot compare or combine a `{T}` with `{Self}`",
    label = "expected a value or an expression of type `{T}`",
    note = "a column or an expression of another type is made one of this by `.cast()`, such as `.cast::<f64>()`",
    note = "a value for an `Option` is written without `Some`, as in `eq(\"x\")`; `is_null()` asks for none"
)]
pub trait AsExpr<T> {
    /// Whether it may be NULL.
    type Null: Nullness;

    #[doc(hidden)]
    fn __node(self) -> Node;
}

fn bind<T: SqlType>(value: &T) -> Node {
    Node::Bind(value.encode())
}

impl<T: SqlType> AsExpr<T> for T {
    type Null = T::Null;

    fn __node(self) -> Node {
        bind(&self)
    }
}
impl<T: SqlType> AsExpr<Option<T>> for T {
    type Null = T::Null;

    fn __node(self) -> Node {
        bind(&self)
    }
}
impl<T: SqlType> AsExpr<T> for &T {
    type Null = T::Null;

    fn __node(self) -> Node {
        bind(self)
    }
}
impl<T: SqlType> AsExpr<Option<T>> for &T {
    type Null = T::Null;

    fn __node(self) -> Node {
        bind(self)
    }
}

macro_rules! borrowed {
    ($($borrowed:ty => $owned:ty, |$value:ident| $convert:expr;)*) => { $(
        impl IntoValue<$owned> for $borrowed {
            fn into_value(self) -> $owned { let $value = self; $convert }
        }
        impl IntoValue<Option<$owned>> for $borrowed {
            fn into_value(self) -> Option<$owned> { let $value = self; Some($convert) }
        }
        impl AsExpr<$owned> for $borrowed {
            type Null = NotNull;
            fn __node(self) -> Node { let $value = self; bind::<$owned>(&$convert) }
        }
        impl AsExpr<Option<$owned>> for $borrowed {
            type Null = NotNull;
            fn __node(self) -> Node { let $value = self; bind::<$owned>(&$convert) }
        }
    )* };
}
borrowed! {
    &str => String, |value| value.to_owned();
    &&str => String, |value| (*value).to_owned();
    std::borrow::Cow<'_, str> => String, |value| value.into_owned();
    Box<str> => String, |value| value.into_string();
    &[u8] => Vec<u8>, |value| value.to_vec();
}
impl<const N: usize> IntoValue<Vec<u8>> for &[u8; N] {
    fn into_value(self) -> Vec<u8> {
        self.to_vec()
    }
}

macro_rules! expressions {
    ($({$($generics:tt)*} $type:ty;)*) => { $(
        impl<$($generics)* T: SqlType> AsExpr<T> for $type {
            type Null = T::Null;
            fn __node(self) -> Node { self.into() }
        }
        impl<$($generics)* T: SqlType> AsExpr<Option<T>> for $type {
            type Null = T::Null;
            fn __node(self) -> Node { self.into() }
        }
    )* };
}
expressions! {
    {} Expr<T>;
    {M: Model,} Attribute<M, T>;
    {} DerivedColumn<T>;
}
impl<T: SqlType> AsExpr<T> for DerivedColumn<Option<T>> {
    type Null = Nullable;

    fn __node(self) -> Node {
        self.into()
    }
}
impl<T: SqlType> AsExpr<T> for Expr<Option<T>> {
    type Null = Nullable;

    fn __node(self) -> Node {
        self.into()
    }
}
impl<M: Model, T: SqlType> AsExpr<T> for Attribute<M, Option<T>> {
    type Null = Nullable;

    fn __node(self) -> Node {
        self.into()
    }
}
/// A scalar subquery, which is NULL where it has no row.
impl<T: SqlType> AsExpr<T> for Select<T> {
    type Null = Nullable;

    fn __node(self) -> Node {
        Node::Select(self.node)
    }
}
impl<T: SqlType> AsExpr<T> for Select<Option<T>> {
    type Null = Nullable;

    fn __node(self) -> Node {
        Node::Select(self.node)
    }
}
impl<T: SqlType> AsExpr<Option<T>> for Select<T> {
    type Null = Nullable;

    fn __node(self) -> Node {
        Node::Select(self.node)
    }
}
/// An array of PostgreSQL.
impl<T: ArrayElement, const N: usize> AsExpr<Vec<T>> for [T; N] {
    type Null = NotNull;

    fn __node(self) -> Node {
        bind(&self.to_vec())
    }
}

/// What `in_` takes: a list of values or a subquery.
#[diagnostic::on_unimplemented(
    message = "`in_` on a column of type `{T}` takes a list of such values or a subquery, not `{Self}`"
)]
pub trait InList<T> {
    #[doc(hidden)]
    fn __in(self, operand: Node) -> Node;
}

impl<T, I: IntoIterator<Item: AsExpr<T>>> InList<T> for I {
    fn __in(self, operand: Node) -> Node {
        let list = self.into_iter().map(AsExpr::__node).collect();
        Node::In { operand: Box::new(operand), list, negated: false }
    }
}
impl<T: SqlType> InList<T> for Select<T> {
    fn __in(self, operand: Node) -> Node {
        Node::InSelect { operand: Box::new(operand), select: self.node, negated: false }
    }
}
impl<T: SqlType> InList<T> for Select<Option<T>> {
    fn __in(self, operand: Node) -> Node {
        Node::InSelect { operand: Box::new(operand), select: self.node, negated: false }
    }
}
impl<T: SqlType> InList<Option<T>> for Select<T> {
    fn __in(self, operand: Node) -> Node {
        Node::InSelect { operand: Box::new(operand), select: self.node, negated: false }
    }
}
