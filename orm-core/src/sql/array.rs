//! Arrays and ranges of PostgreSQL in expressions. On the other databases each fails when the statement is compiled.

use std::marker::PhantomData;

use super::expr::templated;
use super::func::ListOf;
use super::nullness::Like;
use super::template;
use super::{AsExpr, Containing, Expr, Node};
use crate::mapper::{Attribute, Model};
use crate::types::{ArrayElement, SqlType};

/// A type whose column is an array.
#[diagnostic::on_unimplemented(message = "`{Self}` is not an array")]
pub trait ArrayType: SqlType {
    /// What it holds.
    type Element: ArrayElement;
}
impl<T: ArrayElement> ArrayType for Vec<T> {
    type Element = T;
}
impl<T: ArrayType> ArrayType for Option<T> {
    type Element = T::Element;
}

impl<T: ArrayElement, A: AsExpr<Vec<T>>> Containing<A> for Vec<T> {
    fn __contains(operand: Node, other: A) -> Node {
        templated::<bool>(&template::ARRAY_CONTAINS, vec![operand, other.__node()]).node
    }
}

/// `ARRAY[…]` of expressions and values, the first of which is an expression.
///
/// ```
/// # use orm_core::{Dialect, func, literal, select};
/// let both = select(func::array((literal(1), 2)));
/// assert_eq!(both.to_sql(Dialect::Postgres), "SELECT ARRAY[$1, $2]");
/// assert!(both.to_sql(Dialect::Sqlite).contains("an array is not supported on dialect sqlite"));
/// ```
pub fn array<T: ArrayElement, L: ListOf<T>>(list: L) -> Expr<Vec<T>> {
    let mut elements = Vec::new();
    list.__list(&mut elements);
    templated(&template::ARRAY, elements)
}

macro_rules! methods {
    ($({$($generics:tt)*} $type:ty;)*) => { $(
        impl<$($generics)* T: ArrayType> $type {
            /// The element at this place, from 1, or NULL.
            pub fn element(self, place: impl AsExpr<i32>) -> Expr<Option<<T::Element as SqlType>::Plain>> {
                templated(&template::ARRAY_ELEMENT, vec![self.into(), place.__node()])
            }
            /// The elements from one place to another, counted from 1, both included.
            pub fn slice(self, from: impl AsExpr<i32>, to: impl AsExpr<i32>) -> Expr<T> {
                templated(&template::ARRAY_SLICE, vec![self.into(), from.__node(), to.__node()])
            }
            /// How many elements it has.
            pub fn cardinality(self) -> Expr<Like<T, i64>> {
                templated(&template::ARRAY_LENGTH, vec![self.into()])
            }
            /// Whether every element of this array is in another: `<@`.
            pub fn contained_by(self, other: impl AsExpr<Vec<T::Element>>) -> Expr<Like<T, bool>> {
                templated(&template::ARRAY_CONTAINED_BY, vec![self.into(), other.__node()])
            }
            /// Whether the arrays have an element in common: `&&`.
            pub fn overlaps(self, other: impl AsExpr<Vec<T::Element>>) -> Expr<Like<T, bool>> {
                templated(&template::ARRAY_OVERLAPS, vec![self.into(), other.__node()])
            }
            /// The elements of both: `||`.
            pub fn array_concat(self, other: impl AsExpr<Vec<T::Element>>) -> Expr<T> {
                templated(&template::ARRAY_CONCAT, vec![self.into(), other.__node()])
            }
            /// The array with another element at its end.
            pub fn append(self, element: impl AsExpr<T::Element>) -> Expr<T> {
                templated(&template::ARRAY_APPEND, vec![self.into(), element.__node()])
            }
            /// The array without the elements that equal this one.
            pub fn without(self, element: impl AsExpr<T::Element>) -> Expr<T> {
                templated(&template::ARRAY_REMOVE, vec![self.into(), element.__node()])
            }
        }

        impl<$($generics)* T: ArrayElement> $type {
            /// `= ANY` of an array: whether it is one of its elements.
            pub fn in_array<A: AsExpr<Vec<T>>>(self, array: A) -> Expr<Option<bool>> {
                let any = templated::<T>(&template::ANY_OF, vec![array.__node()]).node;
                Expr::new(Node::binary(super::Operator::Eq, self.into(), any))
            }
            /// `<> ALL` of an array: whether it is none of its elements.
            pub fn not_in_array<A: AsExpr<Vec<T>>>(self, array: A) -> Expr<Option<bool>> {
                let all = templated::<T>(&template::ALL_OF, vec![array.__node()]).node;
                Expr::new(Node::binary(super::Operator::Ne, self.into(), all))
            }
        }
    )* };
}
methods! {
    {} Expr<T>;
    {M: Model,} Attribute<M, T>;
}

/// A range of PostgreSQL as an expression: what [`func::range`](super::func::range) makes.
///
/// It is no column type: a row shows its text or its ends.
///
/// ```
/// # use orm_core::{Dialect, func, select};
/// let half = func::range(1i32, 5i32);
/// assert_eq!(select(half.includes(5)).to_sql(Dialect::Postgres), "SELECT int4range($1, $2) @> $3");
/// ```
#[derive(Clone, Debug)]
pub struct Range<T> {
    node: Node,
    types: PhantomData<fn() -> T>,
}

/// A type that PostgreSQL has ranges of.
#[diagnostic::on_unimplemented(message = "PostgreSQL has no range of `{Self}`")]
pub trait RangeElement: SqlType {
    #[doc(hidden)]
    const __TEMPLATE: &'static super::Template;
}
macro_rules! ranges {
    ($($type:ty => $template:ident;)*) => { $(
        impl RangeElement for $type { const __TEMPLATE: &'static super::Template = &template::$template; }
    )* };
}
ranges! {
    i32 => INT4RANGE;
    i64 => INT8RANGE;
}
#[cfg(feature = "rust_decimal")]
ranges! { rust_decimal::Decimal => NUMRANGE; }
#[cfg(feature = "chrono")]
ranges! {
    chrono::NaiveDate => DATERANGE;
    chrono::NaiveDateTime => TSRANGE;
    chrono::DateTime<chrono::Utc> => TSTZRANGE;
}

/// A range from one value to another, the first included and the second not; NULL is an open end.
pub fn range<T: RangeElement>(from: impl AsExpr<Option<T>>, to: impl AsExpr<Option<T>>) -> Range<T> {
    Range::of(T::__TEMPLATE, vec![from.__node(), to.__node()])
}

impl<T: SqlType> Range<T> {
    fn of(template: &'static super::Template, arguments: Vec<Node>) -> Self {
        Range { node: Node::Template { template, arguments }, types: PhantomData }
    }

    fn with<U>(self, template: &'static super::Template, other: Node) -> Expr<U> {
        templated(template, vec![self.node, other])
    }

    /// Whether the value is in the range.
    pub fn includes(self, value: impl AsExpr<T>) -> Expr<bool> {
        self.with(&template::RANGE_CONTAINS, value.__node())
    }

    /// Whether the whole other range is in this one.
    pub fn includes_range(self, other: Range<T>) -> Expr<bool> {
        self.with(&template::RANGE_CONTAINS, other.node)
    }

    /// Whether it is within another.
    pub fn within(self, other: Range<T>) -> Expr<bool> {
        self.with(&template::RANGE_CONTAINED_BY, other.node)
    }

    /// Whether they have a value in common.
    pub fn overlaps(self, other: Range<T>) -> Expr<bool> {
        self.with(&template::RANGE_OVERLAPS, other.node)
    }

    /// Whether every value is less than those of another.
    pub fn is_left_of(self, other: Range<T>) -> Expr<bool> {
        self.with(&template::RANGE_LEFT_OF, other.node)
    }

    /// Whether every value is greater than those of another.
    pub fn is_right_of(self, other: Range<T>) -> Expr<bool> {
        self.with(&template::RANGE_RIGHT_OF, other.node)
    }

    /// Whether it ends no later than another.
    pub fn is_not_right_of(self, other: Range<T>) -> Expr<bool> {
        self.with(&template::RANGE_NOT_RIGHT_OF, other.node)
    }

    /// Whether it begins no earlier than another.
    pub fn is_not_left_of(self, other: Range<T>) -> Expr<bool> {
        self.with(&template::RANGE_NOT_LEFT_OF, other.node)
    }

    /// Whether nothing lies between them, and they have nothing in common.
    pub fn is_adjacent_to(self, other: Range<T>) -> Expr<bool> {
        self.with(&template::RANGE_ADJACENT, other.node)
    }

    /// The values of either; PostgreSQL refuses ranges with a gap between them.
    #[must_use]
    pub fn union(self, other: Range<T>) -> Self {
        Range::of(&template::RANGE_UNION, vec![self.node, other.node])
    }

    /// The values of both.
    #[must_use]
    pub fn intersection(self, other: Range<T>) -> Self {
        Range::of(&template::RANGE_INTERSECTION, vec![self.node, other.node])
    }

    /// The values that the other does not have.
    #[must_use]
    pub fn difference(self, other: Range<T>) -> Self {
        Range::of(&template::RANGE_DIFFERENCE, vec![self.node, other.node])
    }

    /// Its lower end, or NULL where it is open or empty.
    pub fn lower(self) -> Expr<Option<T>> {
        templated(&template::RANGE_LOWER, vec![self.node])
    }

    /// Its upper end, or NULL where it is open or empty.
    pub fn upper(self) -> Expr<Option<T>> {
        templated(&template::RANGE_UPPER, vec![self.node])
    }

    /// Whether it has no value.
    pub fn is_empty(self) -> Expr<bool> {
        templated(&template::RANGE_IS_EMPTY, vec![self.node])
    }

    /// Its text, such as `[1,5)`.
    pub fn as_text(self) -> Expr<String> {
        templated(&template::RANGE_TEXT, vec![self.node])
    }
}

impl<T, E: super::Expression<Type = T>> From<E> for Range<T> {
    /// Takes a column of a range type, which a model declares as text, for the range that it is.
    fn from(expression: E) -> Self {
        Range { node: expression.__expression(), types: PhantomData }
    }
}
