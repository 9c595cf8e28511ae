//! Windows: the rows around each row that `func::…().over(…)` looks at.

use std::borrow::Cow;
use std::ops::{RangeFrom, RangeFull, RangeInclusive, RangeToInclusive};

use std::sync::atomic::{AtomicU64, Ordering};

use orm_pool::Value;

use super::{Expr, GroupBy, Node, OrderBy, OrderItem};
use crate::error::{Error, ErrorKind};
use crate::types::SqlType;

/// The rows that a window function looks at: PARTITION BY, ORDER BY and a frame.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Dialect, func, select, window};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # #[orm(table = "sales")]
/// # struct Sale { #[orm(primary_key)] id: i64, region: String, amount: i64 }
/// let place = func::rank().over(window().partition_by(Sale.region).order_by(Sale.amount.desc()));
/// let running = func::sum(Sale.amount).over(window().order_by(Sale.id).rows(..=0));
/// assert_eq!(
///     select((place, running)).to_sql(Dialect::Sqlite),
///     "SELECT rank() OVER (PARTITION BY sales.region ORDER BY sales.amount DESC), \
///      sum(sales.amount) OVER (ORDER BY sales.id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM sales"
/// );
/// ```
#[derive(Clone, Debug, Default)]
pub struct Window {
    pub(crate) partition_by: Vec<Node>,
    pub(crate) order_by: Vec<OrderItem>,
    pub(crate) frame: Option<Frame>,
    pub(crate) name: Option<WindowName>,
}

/// What a window is called, and which of that name it is.
#[derive(Clone, Debug)]
pub(crate) struct WindowName {
    pub(crate) name: Cow<'static, str>,
    pub(crate) id: u64,
}

/// Tells one window from another of the same name.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

fn next_id() -> u64 {
    NEXT_ID.fetch_add(1, Ordering::Relaxed)
}

/// Starts a window, which without more is all rows.
pub fn window() -> Window {
    Window::default()
}

/// The part of a window around the current row.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) unit: Unit,
    pub(crate) start: FrameEdge,
    pub(crate) end: FrameEdge,
    pub(crate) exclude: Option<Exclude>,
}

/// What a frame counts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    Rows,
    Range,
    Groups,
}

/// Where a frame begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// At the first row, or at the last.
    Unbounded,
    /// At the row so far from the current one: before it if negative, at it if 0.
    At(i64),
}

/// Where a frame of RANGE begins or ends: a [`Bound`], or so far from the current row's value as [`preceding`] and
/// [`following`] say.
#[derive(Clone, Debug)]
pub struct FrameEdge {
    pub(crate) place: Place,
}

#[derive(Clone, Debug)]
pub(crate) enum Place {
    Unbounded,
    CurrentRow,
    Preceding(Distance),
    Following(Distance),
}

/// How far a frame reaches; never negative.
#[derive(Clone, Debug)]
pub(crate) enum Distance {
    /// A number, which is part of the statement's structure: MariaDB binds none here.
    Number(Value),
    /// A span of time.
    Span(Box<Node>),
    /// What the user has written.
    Expression(Box<Node>),
}

impl From<Bound> for FrameEdge {
    fn from(bound: Bound) -> FrameEdge {
        match bound {
            Bound::Unbounded => FrameEdge { place: Place::Unbounded },
            Bound::At(distance) => following(distance),
        }
    }
}

/// The end of a RANGE frame whose value is so much less than that of the current row.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Bound, Dialect, func, preceding, select, text, window};
/// # use std::time::Duration;
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # #[orm(table = "visits")]
/// # struct Visit { #[orm(primary_key)] id: i64, page: String }
/// let in_an_hour = window().order_by(Visit.id).range((preceding(Duration::from_secs(3600)), Bound::At(0)));
/// assert_eq!(
///     select(func::count_all().over(in_an_hour)).to_sql_literal(Dialect::Postgres),
///     "SELECT count(*) OVER (ORDER BY visits.id \
///      RANGE BETWEEN INTERVAL '3600000000 microseconds' PRECEDING AND CURRENT ROW) FROM visits"
/// );
///
/// // A month has no fixed length, and so no Rust type: the database's own words say it.
/// let month = text("INTERVAL '1 month'").expression::<Duration>();
/// let in_a_month = window().order_by(Visit.id).range((preceding(month), Bound::At(0)));
/// assert_eq!(
///     select(func::count_all().over(in_a_month)).to_sql(Dialect::Postgres),
///     "SELECT count(*) OVER (ORDER BY visits.id RANGE BETWEEN INTERVAL '1 month' PRECEDING AND CURRENT ROW) FROM visits"
/// );
/// ```
pub fn preceding(distance: impl FrameOffset) -> FrameEdge {
    distance.__edge().mirrored()
}

/// The end of a RANGE frame whose value is so much greater than that of the current row; see [`preceding`].
pub fn following(distance: impl FrameOffset) -> FrameEdge {
    distance.__edge()
}

impl FrameEdge {
    fn at(distance: Distance, is_negative: bool) -> FrameEdge {
        FrameEdge { place: if is_negative { Place::Preceding(distance) } else { Place::Following(distance) } }
    }

    fn mirrored(self) -> FrameEdge {
        let place = match self.place {
            Place::Preceding(distance) => Place::Following(distance),
            Place::Following(distance) => Place::Preceding(distance),
            same => same,
        };
        FrameEdge { place }
    }

    /// So far behind a value: before it where the distance is negative.
    fn of(distance: Value) -> FrameEdge {
        match distance {
            Value::Int64(0) | Value::Interval(0) => FrameEdge { place: Place::CurrentRow },
            Value::Int64(rows) if rows < 0 => match rows.checked_neg() {
                Some(rows) => FrameEdge::at(Distance::Number(Value::Int64(rows)), true),
                None => FrameEdge { place: Place::Unbounded },
            },
            Value::Float64(distance) if !distance.is_finite() => {
                let message = format!("a window frame reaches a finite distance, and this is {distance}");
                let refused = Node::Refused(Box::new(Error::new(ErrorKind::Compile, message)));
                FrameEdge::at(Distance::Expression(Box::new(refused)), false)
            }
            Value::Float64(distance) => FrameEdge::at(Distance::Number(Value::Float64(distance.abs())), distance < 0.0),
            Value::Decimal(digits) => match digits.strip_prefix('-') {
                Some(digits) => FrameEdge::at(Distance::Number(Value::Decimal(digits.into())), true),
                None => FrameEdge::at(Distance::Number(Value::Decimal(digits)), false),
            },
            Value::Interval(micros) => {
                let span = Node::Bind(Value::Interval(micros.saturating_abs()));
                FrameEdge::at(Distance::Span(Box::new(span)), micros < 0)
            }
            number => FrameEdge::at(Distance::Number(number), false),
        }
    }

    fn node(&self) -> Option<&Node> {
        match &self.place {
            Place::Preceding(Distance::Span(node) | Distance::Expression(node))
            | Place::Following(Distance::Span(node) | Distance::Expression(node)) => Some(node),
            _ => None,
        }
    }

    fn node_mut(&mut self) -> Option<&mut Node> {
        match &mut self.place {
            Place::Preceding(Distance::Span(node) | Distance::Expression(node))
            | Place::Following(Distance::Span(node) | Distance::Expression(node)) => Some(node),
            _ => None,
        }
    }
}

/// How far a RANGE frame reaches: an integer, a float, a decimal number, a span of time, or an expression of these.
///
/// It is what may be added to the value that the window is ordered by. Spans of time are for windows that are ordered by dates
/// or times, and PostgreSQL and MySQL have them; decimal numbers are not for SQLite, which keeps them as text; expressions are
/// not for MariaDB.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not how far a window's frame reaches",
    label = "expected an `i64`, an `f64`, a `Decimal`, a span of time, or an expression of one of these"
)]
pub trait FrameOffset {
    #[doc(hidden)]
    fn __edge(self) -> FrameEdge;
}
impl<T: SqlType> FrameOffset for Expr<T> {
    fn __edge(self) -> FrameEdge {
        FrameEdge::at(Distance::Expression(Box::new(self.into())), false)
    }
}

/// What a frame leaves out: SQL's EXCLUDE, which SQLite and PostgreSQL have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exclude {
    /// The current row.
    CurrentRow,
    /// The current row and its peers.
    Group,
    /// The peers of the current row.
    Ties,
}

/// The ends of a frame, written as a range around the current row: `-1..=1`, `..=0`, `0..`, `..`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the frame of a window",
    label = "expected a range around the current row, such as `-1..=1`, `..=0`, `0..` or `..`"
)]
pub trait FrameRange {
    #[doc(hidden)]
    fn __bounds(self) -> (Bound, Bound);
}
impl FrameRange for RangeInclusive<i64> {
    fn __bounds(self) -> (Bound, Bound) {
        (Bound::At(*self.start()), Bound::At(*self.end()))
    }
}
impl FrameRange for RangeToInclusive<i64> {
    fn __bounds(self) -> (Bound, Bound) {
        (Bound::Unbounded, Bound::At(self.end))
    }
}
impl FrameRange for RangeFrom<i64> {
    fn __bounds(self) -> (Bound, Bound) {
        (Bound::At(self.start), Bound::Unbounded)
    }
}
impl FrameRange for RangeFull {
    fn __bounds(self) -> (Bound, Bound) {
        (Bound::Unbounded, Bound::Unbounded)
    }
}
impl FrameRange for (Bound, Bound) {
    fn __bounds(self) -> (Bound, Bound) {
        self
    }
}

/// The ends of a RANGE frame, written as a range around the current row's value, such as `-1.5..=1.5`, or as two
/// [`FrameEdge`]s or [`Bound`]s.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the RANGE of a window",
    label = "expected a range around the current row's value, such as `-1..=1`, `-0.5..=0.5`, `..=0` or `..`"
)]
pub trait FrameSpan {
    #[doc(hidden)]
    fn __edges(self) -> (FrameEdge, FrameEdge);
}
impl FrameSpan for RangeFull {
    fn __edges(self) -> (FrameEdge, FrameEdge) {
        (Bound::Unbounded.into(), Bound::Unbounded.into())
    }
}
impl<A: Into<FrameEdge>, B: Into<FrameEdge>> FrameSpan for (A, B) {
    fn __edges(self) -> (FrameEdge, FrameEdge) {
        (self.0.into(), self.1.into())
    }
}

macro_rules! distances {
    ($($(#[$attribute:meta])* $type:ty;)*) => { $(
        $(#[$attribute])*
        impl FrameOffset for $type {
            fn __edge(self) -> FrameEdge {
                FrameEdge::of(self.encode())
            }
        }
        $(#[$attribute])*
        impl FrameSpan for RangeInclusive<$type> {
            fn __edges(self) -> (FrameEdge, FrameEdge) {
                let (start, end) = self.into_inner();
                (following(start), following(end))
            }
        }
        $(#[$attribute])*
        impl FrameSpan for RangeToInclusive<$type> {
            fn __edges(self) -> (FrameEdge, FrameEdge) {
                (Bound::Unbounded.into(), following(self.end))
            }
        }
        $(#[$attribute])*
        impl FrameSpan for RangeFrom<$type> {
            fn __edges(self) -> (FrameEdge, FrameEdge) {
                (following(self.start), Bound::Unbounded.into())
            }
        }
    )* };
}
distances! {
    i64;
    f64;
    std::time::Duration;
    #[cfg(feature = "rust_decimal")]
    ::rust_decimal::Decimal;
    #[cfg(feature = "chrono")]
    ::chrono::TimeDelta;
    #[cfg(feature = "time")]
    ::time::Duration;
    #[cfg(feature = "jiff")]
    ::jiff::SignedDuration;
}

impl Window {
    /// PARTITION BY: only rows that have the same of these as the current row.
    #[must_use]
    pub fn partition_by(mut self, columns: impl GroupBy) -> Self {
        columns.__group(&mut self.partition_by);
        self.changed()
    }

    /// ORDER BY within the window; without a frame it ends at the current row and its peers.
    #[must_use]
    pub fn order_by(mut self, order: impl OrderBy) -> Self {
        order.__order(&mut self.order_by);
        self.changed()
    }

    /// ROWS: a frame of so many rows before and after the current one.
    #[must_use]
    pub fn rows(self, range: impl FrameRange) -> Self {
        self.frame_of_rows(Unit::Rows, range)
    }

    /// RANGE: a frame of the rows whose ordering value is at most so far from that of the current one.
    ///
    /// How far is said in integers, floats, decimal numbers or spans of time; what each database takes is told by
    /// [`FrameOffset`]. A span that is unsigned, or an expression, goes back by [`preceding`].
    ///
    /// ```
    /// # use orm_core as orm;
    /// # use orm_core::{Dialect, func, select, window};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "samples")]
    /// # struct Sample { #[orm(primary_key)] id: i64, weight: f64 }
    /// let alike = func::count_all().over(window().order_by(Sample.weight).range(-0.5..=0.5));
    /// assert_eq!(
    ///     select(alike).to_sql(Dialect::Sqlite),
    ///     "SELECT count(*) OVER (ORDER BY samples.weight RANGE BETWEEN 0.5 PRECEDING AND 0.5 FOLLOWING) FROM samples"
    /// );
    /// ```
    #[must_use]
    pub fn range(self, range: impl FrameSpan) -> Self {
        self.frame(Unit::Range, range.__edges())
    }

    /// GROUPS: a frame of so many groups of equal rows before and after that of the current one.
    ///
    /// MySQL and MariaDB do not have it.
    #[must_use]
    pub fn groups(self, range: impl FrameRange) -> Self {
        self.frame_of_rows(Unit::Groups, range)
    }

    /// EXCLUDE: what the frame leaves out. Without a frame, it is that of the default.
    ///
    /// MySQL and MariaDB do not have it.
    #[must_use]
    pub fn exclude(mut self, exclude: Exclude) -> Self {
        let (start, end) = (Bound::Unbounded.into(), Bound::At(0).into());
        let default = Frame { unit: Unit::Range, start, end, exclude: None };
        self.frame = Some(Frame { exclude: Some(exclude), ..self.frame.unwrap_or(default) });
        self.changed()
    }

    /// Names it: the statement says once what it is, in its WINDOW clause, and functions refer to it by `OVER name`.
    ///
    /// Name it last: what is changed afterwards is another window of that name, and a statement can have one.
    ///
    /// ```
    /// # use orm_core as orm;
    /// # use orm_core::{Dialect, func, select, window};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "sales")]
    /// # struct Sale { #[orm(primary_key)] id: i64, region: String, amount: i64 }
    /// let regional = window().partition_by(Sale.region).order_by(Sale.amount).named("regional");
    /// assert_eq!(
    ///     select((func::rank().over(&regional), func::sum(Sale.amount).over(&regional))).to_sql(Dialect::Sqlite),
    ///     "SELECT rank() OVER regional, sum(sales.amount) OVER regional FROM sales \
    ///      WINDOW regional AS (PARTITION BY sales.region ORDER BY sales.amount)"
    /// );
    /// ```
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(WindowName { name: name.into(), id: next_id() });
        self
    }

    fn frame_of_rows(self, unit: Unit, range: impl FrameRange) -> Self {
        let (start, end) = range.__bounds();
        self.frame(unit, (start.into(), end.into()))
    }

    fn frame(mut self, unit: Unit, (start, end): (FrameEdge, FrameEdge)) -> Self {
        let exclude = self.frame.and_then(|frame| frame.exclude);
        self.frame = Some(Frame { unit, start, end, exclude });
        self.changed()
    }

    /// Makes it another of its name than it was.
    fn changed(mut self) -> Self {
        if let Some(name) = &mut self.name {
            name.id = next_id();
        }
        self
    }

    pub(crate) fn parts(&self) -> Vec<&Node> {
        let ends = self.frame.iter().flat_map(|frame| [&frame.start, &frame.end]).filter_map(FrameEdge::node);
        self.partition_by.iter().chain(self.order_by.iter().map(|item| &item.node)).chain(ends).collect()
    }

    pub(crate) fn parts_mut(&mut self) -> Vec<&mut Node> {
        let ends = self.frame.iter_mut().flat_map(|frame| [&mut frame.start, &mut frame.end]);
        let ends = ends.filter_map(FrameEdge::node_mut);
        self.partition_by.iter_mut().chain(self.order_by.iter_mut().map(|item| &mut item.node)).chain(ends).collect()
    }
}

impl From<&Window> for Window {
    fn from(window: &Window) -> Window {
        window.clone()
    }
}
