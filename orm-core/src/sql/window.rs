//! Windows: the rows around each row that `func::…().over(…)` looks at.

use std::borrow::Cow;
use std::ops::{RangeFrom, RangeFull, RangeInclusive, RangeToInclusive};

use std::sync::atomic::{AtomicU64, Ordering};

use super::{GroupBy, Node, OrderBy, OrderItem};

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
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) unit: Unit,
    pub(crate) start: Bound,
    pub(crate) end: Bound,
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
        self.frame(Unit::Rows, range)
    }

    /// RANGE: a frame of the rows whose ordering value is at most so far from that of the current one.
    #[must_use]
    pub fn range(self, range: impl FrameRange) -> Self {
        self.frame(Unit::Range, range)
    }

    /// GROUPS: a frame of so many groups of equal rows before and after that of the current one.
    ///
    /// MySQL and MariaDB do not have it.
    #[must_use]
    pub fn groups(self, range: impl FrameRange) -> Self {
        self.frame(Unit::Groups, range)
    }

    /// EXCLUDE: what the frame leaves out. Without a frame, it is that of the default.
    ///
    /// MySQL and MariaDB do not have it.
    #[must_use]
    pub fn exclude(mut self, exclude: Exclude) -> Self {
        let default = Frame { unit: Unit::Range, start: Bound::Unbounded, end: Bound::At(0), exclude: None };
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

    fn frame(mut self, unit: Unit, range: impl FrameRange) -> Self {
        let (start, end) = range.__bounds();
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
        self.partition_by.iter().chain(self.order_by.iter().map(|item| &item.node)).collect()
    }

    pub(crate) fn parts_mut(&mut self) -> Vec<&mut Node> {
        self.partition_by.iter_mut().chain(self.order_by.iter_mut().map(|item| &mut item.node)).collect()
    }
}

impl From<&Window> for Window {
    fn from(window: &Window) -> Window {
        window.clone()
    }
}
