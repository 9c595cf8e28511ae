//! [`Expr`]: an expression that knows its Rust type, and what it has in common with [`Attribute`].

use std::marker::PhantomData;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Not, Rem, Sub};

use orm_pool::Value;

use super::node::{Nullability, Operator};
use super::{AsExpr, InList, Node, Nulls, OrderItem};
use crate::mapper::{Attribute, Model};
use crate::types::{Numeric, SqlType, Textual};

/// An expression of SQL that gives a `T`.
///
/// It has no `==` of Rust: comparisons are methods, since they give SQL and no `bool`. An [`Attribute`] has the same
/// methods.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Dialect, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String }
/// let query = select(User.name).filter(User.id.gt(3) & !User.name.like("e%"));
/// assert_eq!(
///     query.to_sql(Dialect::Sqlite),
///     "SELECT user.name FROM user WHERE user.id > ? AND user.name NOT LIKE ?"
/// );
/// ```
pub struct Expr<T> {
    pub(crate) node: Node,
    types: PhantomData<fn() -> T>,
}

impl<T> Expr<T> {
    pub(crate) fn new(node: Node) -> Self {
        Expr { node, types: PhantomData }
    }
}

impl<T> Clone for Expr<T> {
    fn clone(&self) -> Self {
        Expr::new(self.node.clone())
    }
}

impl<T> std::fmt::Debug for Expr<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.node.fmt(f)
    }
}

impl<T> From<Expr<T>> for Node {
    fn from(expression: Expr<T>) -> Node {
        expression.node
    }
}
impl<M: Model, T> From<Attribute<M, T>> for Node {
    fn from(attribute: Attribute<M, T>) -> Node {
        Node::column(attribute)
    }
}

/// A column or an expression, whatever its type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a SQL expression",
    note = "columns are written `User.name`; a Rust value becomes an expression by `literal(value)`"
)]
pub trait Expression {
    /// The Rust type.
    type Type;

    #[doc(hidden)]
    fn __expression(self) -> Node;
}
impl<T> Expression for Expr<T> {
    type Type = T;

    fn __expression(self) -> Node {
        self.node
    }
}
impl<M: Model, T> Expression for Attribute<M, T> {
    type Type = T;

    fn __expression(self) -> Node {
        self.into()
    }
}

/// A value as an expression, where only an expression fits.
///
/// ```
/// # use orm_core::{Dialect, literal, select};
/// assert_eq!(select(literal(1i64)).to_sql(Dialect::Postgres), "SELECT $1");
/// ```
pub fn literal<T: SqlType>(value: T) -> Expr<T> {
    Expr::new(Node::Bind(value.encode()))
}

/// A condition: what `filter` takes.
///
/// A Rust `bool` is none, since it is computed before the query runs: `delete(User).filter(user.id == 5)` would delete
/// every row or none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a SQL condition",
    label = "expected a condition such as `User.id.eq(1)`",
    note = "a Rust `bool` is computed before the query runs; write `literal(true)` if that is meant"
)]
pub trait Predicate {
    #[doc(hidden)]
    fn __predicate(self) -> Node;
}

macro_rules! predicates {
    ($({$($generics:tt)*} $type:ty;)*) => { $(
        impl<$($generics)*> Predicate for $type {
            fn __predicate(self) -> Node { self.into() }
        }
        impl<$($generics)* R: Predicate> BitAnd<R> for $type {
            type Output = Expr<bool>;
            fn bitand(self, right: R) -> Expr<bool> { Expr::new(Node::from(self).and(right.__predicate())) }
        }
        impl<$($generics)* R: Predicate> BitOr<R> for $type {
            type Output = Expr<bool>;
            fn bitor(self, right: R) -> Expr<bool> { Expr::new(Node::from(self).or(right.__predicate())) }
        }
        impl<$($generics)*> Not for $type {
            type Output = Expr<bool>;
            fn not(self) -> Expr<bool> { Expr::new(Node::from(self).negate()) }
        }
    )* };
}
predicates! {
    {} Expr<bool>;
    {} Expr<Option<bool>>;
    {M: Model,} Attribute<M, bool>;
    {M: Model,} Attribute<M, Option<bool>>;
}

fn compare<T>(operator: Operator, left: Node, right: impl AsExpr<T>) -> Expr<bool> {
    Expr::new(Node::binary(operator, left, right.__node()))
}

fn like(operand: Node, pattern: Node, ignore_case: bool, escape: bool) -> Expr<bool> {
    let (operand, pattern) = (Box::new(operand), Box::new(pattern));
    Expr::new(Node::Like { operand, pattern, negated: false, ignore_case, escape })
}

/// Makes a LIKE pattern of plain text: its wildcards are escaped.
fn pattern(before: &str, text: &str, after: &str) -> Node {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push_str(before);
    for character in text.chars() {
        // Not a backslash, which MySQL's literals may or may not take for an escape of their own.
        if matches!(character, '%' | '_' | '/') {
            pattern.push('/');
        }
        pattern.push(character);
    }
    pattern.push_str(after);
    Node::Bind(Value::Text(pattern))
}

macro_rules! methods {
    ($({$($generics:tt)*} $type:ty;)*) => { $(
        impl<$($generics)* T: SqlType> $type {
            /// `=`; with `None`, IS NULL.
            pub fn eq(self, other: impl AsExpr<T>) -> Expr<bool> {
                Expr::new(Node::equals(self.into(), other.__node()))
            }
            /// `<>`; with `None`, IS NOT NULL.
            pub fn ne(self, other: impl AsExpr<T>) -> Expr<bool> {
                match other.__node() {
                    Node::Bind(Value::Null(_)) => self.is_not_null(),
                    other => Expr::new(Node::binary(Operator::Ne, self.into(), other)),
                }
            }
            /// `>`.
            pub fn gt(self, other: impl AsExpr<T>) -> Expr<bool> { compare(Operator::Gt, self.into(), other) }
            /// `>=`.
            pub fn ge(self, other: impl AsExpr<T>) -> Expr<bool> { compare(Operator::Ge, self.into(), other) }
            /// `<`.
            pub fn lt(self, other: impl AsExpr<T>) -> Expr<bool> { compare(Operator::Lt, self.into(), other) }
            /// `<=`.
            pub fn le(self, other: impl AsExpr<T>) -> Expr<bool> { compare(Operator::Le, self.into(), other) }
            /// IS DISTINCT FROM: `<>` that takes NULL for a value.
            pub fn is_distinct_from(self, other: impl AsExpr<T>) -> Expr<bool> {
                compare(Operator::IsDistinctFrom, self.into(), other)
            }
            /// IS NOT DISTINCT FROM: `=` that takes NULL for a value.
            pub fn is_not_distinct_from(self, other: impl AsExpr<T>) -> Expr<bool> {
                compare(Operator::IsNotDistinctFrom, self.into(), other)
            }
            /// BETWEEN, both ends included.
            pub fn between(self, low: impl AsExpr<T>, high: impl AsExpr<T>) -> Expr<bool> {
                let (low, high) = (Box::new(low.__node()), Box::new(high.__node()));
                Expr::new(Node::Between { operand: Box::new(self.into()), low, high, negated: false })
            }
            /// IN of a list or of a subquery; of an empty list it is false.
            pub fn in_(self, list: impl InList<T>) -> Expr<bool> { Expr::new(list.__in(self.into())) }
            /// NOT IN of a list or of a subquery; of an empty list it is true.
            pub fn not_in(self, list: impl InList<T>) -> Expr<bool> { Expr::new(list.__in(self.into()).negate()) }
            /// IS NULL.
            pub fn is_null(self) -> Expr<bool> {
                Expr::new(Node::IsNull { operand: Box::new(self.into()), negated: false })
            }
            /// IS NOT NULL.
            pub fn is_not_null(self) -> Expr<bool> {
                Expr::new(Node::IsNull { operand: Box::new(self.into()), negated: true })
            }
            /// LIKE, where `%` and `_` of the pattern are wildcards.
            ///
            /// Whether case matters is the database's business, as it is for `=` and for a unique column: to PostgreSQL it
            /// does, to SQLite not for ASCII letters in LIKE, and to MySQL and MariaDB as the column's collation says,
            /// whose default ignores case in all three. Write [`ilike`](Self::ilike) to have it ignored everywhere.
            pub fn like(self, like_pattern: impl AsExpr<String>) -> Expr<bool> where T: Textual {
                like(self.into(), like_pattern.__node(), false, false)
            }
            /// LIKE that ignores case, on every database.
            pub fn ilike(self, like_pattern: impl AsExpr<String>) -> Expr<bool> where T: Textual {
                like(self.into(), like_pattern.__node(), true, false)
            }
            /// Whether the text contains this one: LIKE, in which `%` and `_` stand for themselves.
            ///
            /// Whether case matters is as for [`like`](Self::like).
            pub fn contains(self, text: &str) -> Expr<bool> where T: Textual {
                like(self.into(), pattern("%", text, "%"), false, true)
            }
            /// Whether the text starts with this one: LIKE, in which `%` and `_` stand for themselves.
            ///
            /// Whether case matters is as for [`like`](Self::like).
            pub fn starts_with(self, text: &str) -> Expr<bool> where T: Textual {
                like(self.into(), pattern("", text, "%"), false, true)
            }
            /// Whether the text ends with this one: LIKE, in which `%` and `_` stand for themselves.
            ///
            /// Whether case matters is as for [`like`](Self::like).
            pub fn ends_with(self, text: &str) -> Expr<bool> where T: Textual {
                like(self.into(), pattern("%", text, ""), false, true)
            }
            /// Joins two texts.
            pub fn concat(self, other: impl AsExpr<T>) -> Expr<T> where T: Textual {
                Expr::new(Node::binary(Operator::Concat, self.into(), other.__node()))
            }
            /// Sorts by it, least first.
            pub fn asc(self) -> OrderItem { OrderItem::new(self.into()) }
            /// Sorts by it, greatest first.
            pub fn desc(self) -> OrderItem { OrderItem::new(self.into()).descending() }
            /// Sorts by it, NULLs first.
            pub fn nulls_first(self) -> OrderItem { OrderItem::new(self.into()).nulls(Nulls::First) }
            /// Sorts by it, NULLs last.
            pub fn nulls_last(self) -> OrderItem { OrderItem::new(self.into()).nulls(Nulls::Last) }
            /// Names it in the result.
            pub fn label(self, name: &'static str) -> Expr<T> {
                Expr::new(Node::Label { node: Box::new(self.into()), name })
            }
            /// CAST to the type of the column that a `U` would have.
            pub fn cast<U: SqlType>(self) -> Expr<U> {
                Expr::new(Node::Cast { operand: Box::new(self.into()), column_type: U::column_type() })
            }
        }
        arithmetic!({$($generics)*} $type; Add add);
        arithmetic!({$($generics)*} $type; Sub sub);
        arithmetic!({$($generics)*} $type; Mul mul);
        arithmetic!({$($generics)*} $type; Div div);
        arithmetic!({$($generics)*} $type; Rem rem);
    )* };
}
macro_rules! arithmetic {
    ({$($generics:tt)*} $type:ty; $trait:ident $method:ident) => {
        impl<$($generics)* T: Numeric, R: AsExpr<T>> $trait<R> for $type {
            type Output = Expr<T>;
            fn $method(self, right: R) -> Expr<T> {
                Expr::new(Node::binary(Operator::$trait.of(T::KIND), self.into(), right.__node()))
            }
        }
    };
}
methods! {
    {} Expr<T>;
    {M: Model,} Attribute<M, T>;
}

/// Makes a function of a name and its arguments.
pub(crate) fn function(name: &'static str, arguments: Vec<Node>, nullability: Nullability) -> Node {
    Node::Function { name: name.into(), arguments, distinct: false, nullability }
}
