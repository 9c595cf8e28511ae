//! Points in time: which types have them, the present, and `+` and `-`, in the words of `plus`, `minus` and `since`.
//!
//! In: a column, an expression or a value, and a span or another such. Out: an expression of the type that this gives.

use std::marker::PhantomData;
#[cfg(any(feature = "chrono", feature = "time", feature = "jiff"))]
use std::ops::{Add, Sub};

use orm_pool::Kind;

use super::case::CaseValue;
use super::expr::templated;
#[cfg(any(feature = "chrono", feature = "time", feature = "jiff"))]
use super::func::Temporal;
use super::func::{Moment, Present};
#[cfg(any(feature = "chrono", feature = "time", feature = "jiff"))]
use super::nullness::Combined;
use super::template::{self, Template};
use super::{
    AsExpr, DerivedColumn, Expr, Expression, GroupBy, Node, NotNull, Nullness, Operand, OrderBy, OrderItem, Output,
};
use crate::mapper::{Attribute, Model, Selectable};
use crate::types::SqlType;

/// What can be taken from a point in time: a span of time, which gives another one, or such a point, which gives the span
/// between the two.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Dialect, select};
/// # use chrono::{DateTime, TimeDelta, Utc};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # #[orm(table = "tickets")]
/// # struct Ticket { #[orm(primary_key)] id: i64, opened: DateTime<Utc>, closed: Option<DateTime<Utc>> }
/// let slow = select(Ticket.closed - Ticket.opened).filter(Ticket.closed.gt(Ticket.opened + TimeDelta::days(2)));
/// assert_eq!(
///     slow.to_sql(Dialect::Postgres),
///     "SELECT tickets.closed - tickets.opened FROM tickets WHERE tickets.closed > tickets.opened + $1"
/// );
/// ```
#[diagnostic::on_unimplemented(
    message = "cannot subtract `{Self}` from a `{T}`",
    label = "expected a span of time, or a `{T}`"
)]
pub trait Subtrahend<T: Moment> {
    /// What comes out.
    type Gives: SqlType;

    /// Whether it may be NULL.
    type Null: Nullness;

    #[doc(hidden)]
    fn __from(self, moment: Node) -> Node;
}

/// What the type of a subtrahend says.
pub trait Between<T: Moment>: SqlType {
    #[doc(hidden)]
    type Gives: SqlType;

    #[doc(hidden)]
    const TEMPLATES: [&'static Template; 2];

    #[doc(hidden)]
    fn __from(moment: Node, own: Node) -> Node {
        let [of_moment, of_date] = Self::TEMPLATES;
        templated::<T>(if T::KIND == Kind::Date { of_date } else { of_moment }, vec![moment, own]).node
    }
}

#[cfg(any(feature = "chrono", feature = "time", feature = "jiff"))]
const EARLIER: [&Template; 2] = [&template::EARLIER, &template::EARLIER_DATE];
#[cfg(any(feature = "chrono", feature = "time", feature = "jiff"))]
const SINCE: [&Template; 2] = [&template::SINCE, &template::SINCE_DATE];

/// The present, as [`func::now`](crate::func::now) gives it: of the type of what it is compared with.
///
/// It is an expression as others are. It is a type of its own since of an [`Expr`] the compiler does not know whether it may be
/// NULL before it knows its type.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Dialect, func, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # #[orm(table = "jobs")]
/// # struct Job { #[orm(primary_key)] id: i64, day: chrono::NaiveDate }
/// let of_today = select(Job.id).filter(Job.day.eq(func::now())); // a date, since the column is one
/// assert_eq!(of_today.to_sql(Dialect::Sqlite), "SELECT jobs.id FROM jobs WHERE jobs.day = CURRENT_DATE");
/// ```
pub struct Now<T>(PhantomData<fn() -> T>);

impl<T> Now<T> {
    pub(super) fn new() -> Self {
        Now(PhantomData)
    }
}
impl<T> Clone for Now<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Now<T> {}
impl<T> std::fmt::Debug for Now<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Now")
    }
}
impl<T: SqlType> From<Now<T>> for Node {
    fn from(_: Now<T>) -> Node {
        let template = match T::KIND {
            Kind::Date => &template::DATE_OF_NOW,
            Kind::Time => &template::TIME_OF_NOW,
            Kind::DateTime => &template::NOW_WITHOUT_ZONE,
            _ => &template::NOW,
        };
        templated::<T>(template, Vec::new()).node
    }
}
impl<T: SqlType> From<Now<T>> for Expr<T> {
    fn from(now: Now<T>) -> Expr<T> {
        Expr::new(now.into())
    }
}
impl<T: Present> AsExpr<T> for Now<T> {
    type Null = NotNull;

    fn __node(self) -> Node {
        self.into()
    }
}
impl<T: Present> AsExpr<Option<T>> for Now<T> {
    type Null = NotNull;

    fn __node(self) -> Node {
        self.into()
    }
}
impl<T: SqlType> Expression for Now<T> {
    type Type = T;

    fn __expression(self) -> Node {
        self.into()
    }
}
impl<T: SqlType> Operand for Now<T> {
    fn __operand(self) -> Node {
        self.into()
    }
}
impl<T: SqlType> CaseValue for Now<T> {
    type Type = T;

    fn __case_value(self) -> Node {
        self.into()
    }
}
impl<T: SqlType> OrderBy for Now<T> {
    fn __order(self, order: &mut Vec<OrderItem>) {
        order.push(OrderItem::new(self.into()));
    }
}
impl<T: SqlType> GroupBy for Now<T> {
    fn __group(self, group: &mut Vec<Node>) {
        group.push(self.into());
    }
}
impl<T: SqlType> Selectable for Now<T> {
    type Row = T;

    fn __outputs(self, outputs: &mut Vec<Output>) {
        outputs.push(Output::typed::<T>(self.into()));
    }
}

macro_rules! subtrahends {
    ($({$($generics:tt)*} $type:ty;)*) => { $(
        impl<$($generics)* T: Moment, U: SqlType<Plain: Between<T>>> Subtrahend<T> for $type {
            type Gives = <U::Plain as Between<T>>::Gives;
            type Null = U::Null;

            fn __from(self, moment: Node) -> Node {
                <U::Plain as Between<T>>::__from(moment, self.into())
            }
        }
    )* };
}
subtrahends! {
    {} Expr<U>;
    {M: Model,} Attribute<M, U>;
    {} DerivedColumn<U>;
    {} Now<U>;
}

/// Values that are taken from a point in time.
#[cfg(any(feature = "chrono", feature = "time", feature = "jiff"))]
macro_rules! taken {
    ($moment:ty: $($value:ty),*) => { $(
        impl Subtrahend<$moment> for $value {
            type Gives = <$value as Between<$moment>>::Gives;
            type Null = NotNull;

            fn __from(self, moment: Node) -> Node {
                <$value as Between<$moment>>::__from(moment, Node::Bind(self.encode()))
            }
        }
    )* };
}

/// The operators of one type of points in time: of each by itself, since what is a number has them otherwise.
#[cfg(any(feature = "chrono", feature = "time", feature = "jiff"))]
macro_rules! operators {
    ($type:ty, $moment:ty, $span:ty) => {
        operators!({} Expr<$type>; $type, $moment, $span);
        operators!({M: Model,} Attribute<M, $type>; $type, $moment, $span);
        operators!({} DerivedColumn<$type>; $type, $moment, $span);
        operators!({} Now<$type>; $type, $moment, $span);
    };
    ({$($generics:tt)*} $left:ty; $type:ty, $moment:ty, $span:ty) => {
        impl<$($generics)* R: AsExpr<$span>> Add<R> for $left {
            type Output = Expr<Combined<$type, R::Null, $moment>>;
            fn add(self, span: R) -> Self::Output { self.plus(span) }
        }
        impl<$($generics)* R: Subtrahend<$moment>> Sub<R> for $left {
            type Output = Expr<Combined<$type, R::Null, R::Gives>>;
            fn sub(self, other: R) -> Self::Output { Expr::new(other.__from(self.into())) }
        }
    };
}

#[cfg(any(feature = "chrono", feature = "time", feature = "jiff"))]
macro_rules! temporals {
    ($time:ty; $span:ty: $($moment:ty),*) => {
        impl Temporal for $time {}
        impl Present for $time {}
        $(
            impl Temporal for $moment {}
            impl Present for $moment {}
            impl Moment for $moment {
                type Span = $span;
            }
            impl Between<$moment> for $moment {
                type Gives = $span;
                const TEMPLATES: [&'static Template; 2] = SINCE;
            }
            impl Between<$moment> for $span {
                type Gives = $moment;
                const TEMPLATES: [&'static Template; 2] = EARLIER;
            }
            taken!($moment: $moment, $span);
            operators!($moment, $moment, $span);
            operators!(Option<$moment>, $moment, $span);
        )*
    };
}
#[cfg(feature = "chrono")]
temporals!(chrono::NaiveTime; chrono::TimeDelta:
    chrono::NaiveDate, chrono::NaiveDateTime, chrono::DateTime<chrono::Utc>, chrono::DateTime<chrono::FixedOffset>);
#[cfg(feature = "time")]
temporals!(time::Time; time::Duration: time::Date, time::PrimitiveDateTime, time::OffsetDateTime);
#[cfg(feature = "jiff")]
temporals!(jiff::civil::Time; jiff::SignedDuration: jiff::civil::Date, jiff::civil::DateTime, jiff::Timestamp);
