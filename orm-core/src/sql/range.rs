//! Ranges of PostgreSQL in expressions. On the other databases each fails when the statement is compiled.

use orm_pool::Kind;

use super::expr::templated;
use super::nullness::{Combined, Like};
use super::template::{self, Template};
use super::{AsExpr, Containing, DerivedColumn, Expr, Node};
use crate::mapper::{Attribute, Model};
use crate::types::{ArrayElement, Range, RangeElement, SqlType};

/// A type whose column is a range.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a range")]
pub trait RangeType: SqlType {
    /// What it is a range of.
    type Element: RangeElement;
}
impl<T: RangeElement> RangeType for Range<T> {
    type Element = T;
}
impl<T: RangeType> RangeType for Option<T> {
    type Element = T::Element;
}

/// A type whose values have values within: an array or a range.
#[diagnostic::on_unimplemented(message = "`{Self}` is neither an array nor a range")]
pub trait Container: SqlType {
    #[doc(hidden)]
    const __CONTAINED_BY: &'static Template;
    #[doc(hidden)]
    const __OVERLAPS: &'static Template;
}
impl<T: ArrayElement> Container for Vec<T> {
    const __CONTAINED_BY: &'static Template = &template::ARRAY_CONTAINED_BY;
    const __OVERLAPS: &'static Template = &template::ARRAY_OVERLAPS;
}
impl<T: RangeElement> Container for Range<T> {
    const __CONTAINED_BY: &'static Template = &template::RANGE_CONTAINED_BY;
    const __OVERLAPS: &'static Template = &template::RANGE_OVERLAPS;
}
impl<T: Container> Container for Option<T> {
    const __CONTAINED_BY: &'static Template = T::__CONTAINED_BY;
    const __OVERLAPS: &'static Template = T::__OVERLAPS;
}

/// What a range of `T` may contain: a value, or another range.
#[diagnostic::on_unimplemented(
    message = "a range of `{T}` cannot contain `{Self}`",
    label = "expected a value of type `{T}`, a range of such values, or an expression of either"
)]
pub trait RangePart<T> {
    #[doc(hidden)]
    fn __part(self) -> Node;
}
macro_rules! parts {
    ($({$($generics:tt)*} $type:ty => $bound:ty;)*) => { $(
        impl<$($generics)*> RangePart<T> for $type {
            fn __part(self) -> Node { AsExpr::<$bound>::__node(self) }
        }
    )* };
}
parts! {
    {T: RangeElement} T => T;
    {T: RangeElement} Range<T> => Range<T>;
    {T: RangeElement} &Range<T> => Range<T>;
    {T: RangeElement} std::ops::Range<T> => Range<T>;
    {T: RangeElement} std::ops::RangeInclusive<T> => Range<T>;
    {T: RangeElement} std::ops::RangeFrom<T> => Range<T>;
    {T: RangeElement} std::ops::RangeTo<T> => Range<T>;
    {T: RangeElement} std::ops::RangeToInclusive<T> => Range<T>;
    {T: RangeElement} Expr<T> => T;
    {T: RangeElement} Expr<Option<T>> => Option<T>;
    {T: RangeElement} Expr<Range<T>> => Range<T>;
    {T: RangeElement} Expr<Option<Range<T>>> => Option<Range<T>>;
    {M: Model, T: RangeElement} Attribute<M, T> => T;
    {M: Model, T: RangeElement} Attribute<M, Option<T>> => Option<T>;
    {M: Model, T: RangeElement} Attribute<M, Range<T>> => Range<T>;
    {M: Model, T: RangeElement} Attribute<M, Option<Range<T>>> => Option<Range<T>>;
    {T: RangeElement} DerivedColumn<T> => T;
    {T: RangeElement} DerivedColumn<Range<T>> => Range<T>;
}

impl<T: RangeElement, A: RangePart<T>> Containing<A> for Range<T> {
    fn __contains(operand: Node, other: A) -> Node {
        templated::<bool>(&template::RANGE_CONTAINS, vec![operand, other.__part()]).node
    }
}

/// A range from one value to another, the first included and the second not, of expressions; NULL is an open end.
///
/// ```
/// # use orm_core::{Dialect, func, select};
/// let half = func::range(1, 5);
/// assert_eq!(select(half.contains(5)).to_sql(Dialect::Postgres), "SELECT int4range($1, $2) @> $3");
/// ```
pub fn range<T: RangeElement>(from: impl AsExpr<Option<T>>, to: impl AsExpr<Option<T>>) -> Expr<Range<T>> {
    let template = match T::KIND {
        Kind::Int32 => &template::INT4RANGE,
        Kind::Int64 => &template::INT8RANGE,
        Kind::Decimal => &template::NUMRANGE,
        Kind::Date => &template::DATERANGE,
        Kind::DateTime => &template::TSRANGE,
        _ => &template::TSTZRANGE,
    };
    templated(template, vec![from.__node(), to.__node()])
}

macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident = $template:ident;)*) => { $(
        $(#[$doc])*
        pub fn $name<R: AsExpr<Range<T::Element>>>(self, other: R) -> Expr<Combined<T, R::Null, bool>> {
            templated(&template::$template, vec![self.into(), other.__node()])
        }
    )* };
}
macro_rules! combinations {
    ($($(#[$doc:meta])* $name:ident = $template:ident;)*) => { $(
        $(#[$doc])*
        pub fn $name<R: AsExpr<Range<T::Element>>>(self, other: R) -> Expr<Combined<T, R::Null, Range<T::Element>>> {
            templated(&template::$template, vec![self.into(), other.__node()])
        }
    )* };
}
macro_rules! questions {
    ($($(#[$doc:meta])* $name:ident = $template:ident;)*) => { $(
        $(#[$doc])*
        pub fn $name(self) -> Expr<Like<T, bool>> {
            templated(&template::$template, vec![self.into()])
        }
    )* };
}

macro_rules! methods {
    ($({$($generics:tt)*} $type:ty;)*) => { $(
        impl<$($generics)* T: Container> $type {
            /// `<@`: whether everything in this array or range is in another.
            pub fn contained_by(self, other: impl AsExpr<T::Plain>) -> Expr<Like<T, bool>> {
                templated(T::__CONTAINED_BY, vec![self.into(), other.__node()])
            }
            /// `&&`: whether the arrays or ranges have something in common.
            pub fn overlaps(self, other: impl AsExpr<T::Plain>) -> Expr<Like<T, bool>> {
                templated(T::__OVERLAPS, vec![self.into(), other.__node()])
            }
        }

        impl<$($generics)* T: RangeType> $type {
            comparisons! {
                /// `<<`: whether every value is less than those of another.
                is_left_of = RANGE_LEFT_OF;
                /// `>>`: whether every value is greater than those of another.
                is_right_of = RANGE_RIGHT_OF;
                /// `&<`: whether it ends no later than another.
                is_not_right_of = RANGE_NOT_RIGHT_OF;
                /// `&>`: whether it begins no earlier than another.
                is_not_left_of = RANGE_NOT_LEFT_OF;
                /// `-|-`: whether nothing lies between them, and they have nothing in common.
                is_adjacent_to = RANGE_ADJACENT;
            }
            combinations! {
                /// `+`: the values of either; PostgreSQL refuses ranges with a gap between them.
                union = RANGE_UNION;
                /// `*`: the values of both.
                intersection = RANGE_INTERSECTION;
                /// `-`: the values that the other does not have.
                difference = RANGE_DIFFERENCE;
            }
            questions! {
                /// Whether it has no value.
                is_empty = RANGE_IS_EMPTY;
                /// Whether its lower end belongs to it.
                lower_is_included = RANGE_LOWER_INCLUDED;
                /// Whether its upper end belongs to it.
                upper_is_included = RANGE_UPPER_INCLUDED;
                /// Whether its lower end is open.
                lower_is_open = RANGE_LOWER_OPEN;
                /// Whether its upper end is open.
                upper_is_open = RANGE_UPPER_OPEN;
            }
            /// Its lower end, or NULL where it is open or empty.
            pub fn lower(self) -> Expr<Option<T::Element>> {
                templated(&template::RANGE_LOWER, vec![self.into()])
            }
            /// Its upper end, or NULL where it is open or empty.
            pub fn upper(self) -> Expr<Option<T::Element>> {
                templated(&template::RANGE_UPPER, vec![self.into()])
            }
            /// Its text, such as `[1,5)`.
            pub fn range_text(self) -> Expr<Like<T, String>> {
                templated(&template::RANGE_TEXT, vec![self.into()])
            }
        }
    )* };
}
methods! {
    {} Expr<T>;
    {M: Model,} Attribute<M, T>;
    {} DerivedColumn<T>;
}
