//! Ranges, which PostgreSQL alone has: [`Range`] of whole and decimal numbers, days and moments.
//!
//! A row gives a range as PostgreSQL writes it, `[1,5)`; each end is read as a column of its type would be.

use std::fmt;
use std::ops::Bound::{self, Excluded, Included, Unbounded};

use orm_pool::{Kind, Value, ValueRef};

use super::array::decode_text;
use super::{ArrayElement, ColumnType, DecodeError, Placeholder, SqlType};
use crate::sql::{AsExpr, IntoValue, Node, NotNull};

/// A type that PostgreSQL has ranges of: `i32`, `i64`, `Decimal`, and the dates and moments of `chrono`, `time` and `jiff`.
#[diagnostic::on_unimplemented(
    message = "PostgreSQL has no range of `{Self}`",
    note = "it has ranges of `i32`, `i64`, decimal numbers, dates, dates with times, and moments"
)]
pub trait RangeElement: SqlType + Ord {
    /// Returns the value behind this one, where between the two is none; PostgreSQL ends such ranges before a value.
    #[doc(hidden)]
    fn __next(&self) -> Option<Self> {
        None
    }
}
impl RangeElement for i32 {
    fn __next(&self) -> Option<Self> {
        self.checked_add(1)
    }
}
impl RangeElement for i64 {
    fn __next(&self) -> Option<Self> {
        self.checked_add(1)
    }
}
#[cfg(feature = "rust_decimal")]
impl RangeElement for rust_decimal::Decimal {}
#[cfg(feature = "chrono")]
mod chrono {
    use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, Utc};

    impl super::RangeElement for NaiveDate {
        fn __next(&self) -> Option<Self> {
            self.succ_opt()
        }
    }
    impl super::RangeElement for NaiveDateTime {}
    impl super::RangeElement for DateTime<Utc> {}
    impl super::RangeElement for DateTime<FixedOffset> {}
}
#[cfg(feature = "time")]
mod time {
    use time::{Date, OffsetDateTime, PrimitiveDateTime};

    impl super::RangeElement for Date {
        fn __next(&self) -> Option<Self> {
            self.next_day()
        }
    }
    impl super::RangeElement for PrimitiveDateTime {}
    impl super::RangeElement for OffsetDateTime {}
}
#[cfg(feature = "jiff")]
mod jiff {
    use jiff::Timestamp;
    use jiff::civil::{Date, DateTime};

    impl super::RangeElement for Date {
        fn __next(&self) -> Option<Self> {
            self.tomorrow().ok()
        }
    }
    impl super::RangeElement for DateTime {}
    impl super::RangeElement for Timestamp {}
}

/// The values between two ends, each of which belongs to it, does not, or is open: a range of PostgreSQL.
///
/// It is made of Rust's own ranges, which a builder and a comparison take as they stand, or of two
/// [`Bound`]s. A range of whole numbers or of days is kept as PostgreSQL keeps it, without its end: `1..=4` equals `1..5`.
/// What has no value is [empty](Self::empty), whatever its ends were. Other databases refuse it.
///
/// ```
/// use std::ops::Bound;
///
/// # use orm_core as orm;
/// use orm::{Dialect, Range, select};
///
/// #[derive(Clone, Debug, orm_derive::Model)]
/// #[orm(table = "bookings", metadata = none)]
/// struct Booking { #[orm(primary_key)] id: i64, nights: Range<i32>, seats: Option<Range<i64>> }
///
/// let busy = select(Booking.id).filter(Booking.nights.overlaps(3..=5) & Booking.seats.contains(7));
/// assert_eq!(
///     busy.to_sql(Dialect::Postgres),
///     "SELECT bookings.id FROM bookings WHERE bookings.nights && $1 AND bookings.seats @> $2"
/// );
/// assert!(busy.to_sql(Dialect::Sqlite).contains("a range is not supported on dialect sqlite"));
///
/// let nights: Range<i32> = (1..=4).into();
/// assert_eq!((nights.lower(), nights.upper()), (Bound::Included(&1), Bound::Excluded(&5)));
/// assert!(nights.contains(&4) && !nights.contains(&5));
/// assert_eq!((nights.to_string(), Range::from(5..5).to_string()), ("[1,5)".to_owned(), "empty".to_owned()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(from = "Option<(Bound<T>, Bound<T>)>", into = "Option<(Bound<T>, Bound<T>)>"),
    serde(bound(
        serialize = "T: serde::Serialize + RangeElement",
        deserialize = "T: serde::Deserialize<'de> + RangeElement"
    ))
)]
pub struct Range<T> {
    /// The ends in PostgreSQL's form; none if there is no value.
    ends: Option<(Bound<T>, Bound<T>)>,
}

impl<T: RangeElement> Range<T> {
    /// Makes a range of its lower and its upper end.
    ///
    /// A lower end above the upper one is left for PostgreSQL to refuse.
    ///
    /// ```
    /// use std::ops::Bound::{Excluded, Unbounded};
    ///
    /// use orm_core::Range;
    ///
    /// assert_eq!(Range::new(Excluded(1), Unbounded).to_string(), "[2,)");
    /// ```
    pub fn new(lower: Bound<T>, upper: Bound<T>) -> Self {
        let lower = match &lower {
            Excluded(value) => value.__next().map_or(lower, Included),
            _ => lower,
        };
        let upper = match &upper {
            Included(value) => value.__next().map_or(upper, Excluded),
            _ => upper,
        };
        let is_empty = match (&lower, &upper) {
            (Included(lower), Excluded(upper))
            | (Excluded(lower), Included(upper))
            | (Excluded(lower), Excluded(upper)) => lower == upper,
            _ => false,
        };
        if is_empty { Range::empty() } else { Range { ends: Some((lower, upper)) } }
    }

    /// Makes the range that has no value.
    pub fn empty() -> Self {
        Range { ends: None }
    }

    /// Returns whether it has no value.
    pub fn is_empty(&self) -> bool {
        self.ends.is_none()
    }

    /// Returns the lower end; that of an empty range is open.
    pub fn lower(&self) -> Bound<&T> {
        self.ends.as_ref().map_or(Unbounded, |(lower, _)| lower.as_ref())
    }

    /// Returns the upper end; that of an empty range is open.
    pub fn upper(&self) -> Bound<&T> {
        self.ends.as_ref().map_or(Unbounded, |(_, upper)| upper.as_ref())
    }

    /// Returns whether a value is between the ends.
    pub fn contains(&self, value: &T) -> bool {
        let is_above = match self.lower() {
            Included(lower) => lower <= value,
            Excluded(lower) => lower < value,
            Unbounded => true,
        };
        let is_below = match self.upper() {
            Included(upper) => value <= upper,
            Excluded(upper) => value < upper,
            Unbounded => true,
        };
        !self.is_empty() && is_above && is_below
    }
}

impl<T: RangeElement> From<Option<(Bound<T>, Bound<T>)>> for Range<T> {
    /// Takes two ends, or none for the empty range.
    fn from(ends: Option<(Bound<T>, Bound<T>)>) -> Self {
        ends.map_or_else(Range::empty, |(lower, upper)| Range::new(lower, upper))
    }
}
impl<T> From<Range<T>> for Option<(Bound<T>, Bound<T>)> {
    fn from(range: Range<T>) -> Self {
        range.ends
    }
}
impl<T: RangeElement> From<std::ops::RangeFull> for Range<T> {
    fn from(_: std::ops::RangeFull) -> Self {
        Range::new(Unbounded, Unbounded)
    }
}

macro_rules! ranges_of_rust {
    ($($name:ident, |$range:ident| $lower:expr, $upper:expr;)*) => { $(
        impl<T: RangeElement> From<std::ops::$name<T>> for Range<T> {
            fn from($range: std::ops::$name<T>) -> Self { Range::new($lower, $upper) }
        }
        impl<T: RangeElement> IntoValue<Range<T>> for std::ops::$name<T> {
            fn into_value(self) -> Range<T> { self.into() }
        }
        impl<T: RangeElement> IntoValue<Option<Range<T>>> for std::ops::$name<T> {
            fn into_value(self) -> Option<Range<T>> { Some(self.into()) }
        }
        impl<T: RangeElement> AsExpr<Range<T>> for std::ops::$name<T> {
            type Null = NotNull;
            fn __node(self) -> Node { Node::Bind(Range::from(self).encode()) }
        }
        impl<T: RangeElement> AsExpr<Option<Range<T>>> for std::ops::$name<T> {
            type Null = NotNull;
            fn __node(self) -> Node { Node::Bind(Range::from(self).encode()) }
        }
    )* };
}
ranges_of_rust! {
    Range, |range| Included(range.start), Excluded(range.end);
    RangeInclusive, |range| Included(range.start().clone()), Included(range.end().clone());
    RangeFrom, |range| Included(range.start), Unbounded;
    RangeTo, |range| Unbounded, Excluded(range.end);
    RangeToInclusive, |range| Unbounded, Included(range.end);
}

/// Shows it as PostgreSQL does.
impl<T: fmt::Display> fmt::Display for Range<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((lower, upper)) = &self.ends else { return f.write_str("empty") };
        match lower {
            Included(value) => write!(f, "[{value},"),
            Excluded(value) => write!(f, "({value},"),
            Unbounded => f.write_str("(,"),
        }?;
        match upper {
            Included(value) => write!(f, "{value}]"),
            Excluded(value) => write!(f, "{value})"),
            Unbounded => f.write_str(")"),
        }
    }
}

crate::row_type!({T: RangeElement} Range<T>);

impl<T: RangeElement> ArrayElement for Range<T> {}

/// Is empty until the database has filled it.
impl<T: RangeElement> Placeholder for Range<T> {
    fn placeholder() -> Self {
        Range::empty()
    }
}

impl<T: RangeElement> SqlType for Range<T> {
    type Plain = Range<T>;
    type Null = NotNull;
    const KIND: Kind = Kind::Range(&T::KIND);

    fn column_type() -> ColumnType {
        ColumnType::Range(Box::new(T::column_type()))
    }

    fn encode(&self) -> Value {
        let encode = |end: &Bound<T>| end.as_ref().map(T::encode);
        Value::Range(&T::KIND, self.ends.as_ref().map(|(lower, upper)| Box::new((encode(lower), encode(upper)))))
    }

    fn decode(value: ValueRef<'_>) -> Result<Self, DecodeError> {
        let malformed = || DecodeError::mismatch("a range", value);
        let ValueRef::Text(text) = value else { return Err(malformed()) };
        let Some((lower, upper)) = ends(text).ok_or_else(malformed)? else { return Ok(Range::empty()) };
        Ok(Range::new(decode_end(lower)?, decode_end(upper)?))
    }
}

/// The ends of a range as PostgreSQL writes them.
type Ends = (Bound<String>, Bound<String>);

/// Takes a range of PostgreSQL apart; an empty one has no ends.
pub(crate) fn ends(text: &str) -> Option<Option<Ends>> {
    if text == "empty" {
        return Some(None);
    }
    let (has_lower, rest) = match text.split_at_checked(1)? {
        ("[", rest) => (true, rest),
        ("(", rest) => (false, rest),
        _ => return None,
    };
    let (lower, rest) = split_end(rest)?;
    let (upper, close) = split_end(rest.strip_prefix(',')?)?;
    let has_upper = match close {
        "]" => true,
        ")" => false,
        _ => return None,
    };
    let bound = |end: Option<String>, is_included| match end {
        None => Unbounded,
        Some(end) if is_included => Included(end),
        Some(end) => Excluded(end),
    };
    Some(Some((bound(lower, has_lower), bound(upper, has_upper))))
}

/// Takes an end up to the comma or bracket behind it; an open one is `None`.
fn split_end(text: &str) -> Option<(Option<String>, &str)> {
    let (mut end, mut is_quoted, mut is_open) = (String::new(), false, true);
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => end.push(characters.next()?.1),
            '"' if is_quoted && characters.next_if(|(_, next)| *next == '"').is_some() => end.push('"'),
            '"' => is_quoted = !is_quoted,
            ',' | ')' | ']' if !is_quoted => return Some(((!is_open).then_some(end), &text[at..])),
            other => end.push(other),
        }
        is_open = false;
    }
    None
}

fn decode_end<T: RangeElement>(end: Bound<String>) -> Result<Bound<T>, DecodeError> {
    Ok(match end {
        Included(text) => Included(decode_text(&text)?),
        Excluded(text) => Excluded(decode_text(&text)?),
        Unbounded => Unbounded,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: RangeElement>(text: &str) -> Result<Range<T>, DecodeError> {
        Range::decode(ValueRef::Text(text))
    }

    #[test]
    fn ranges_are_read_as_postgresql_writes_them() {
        assert_eq!(read::<i32>("[1,5)"), Ok((1..5).into()));
        assert_eq!(read::<i32>("(,5)"), Ok((..5).into()));
        assert_eq!(read::<i64>("[-3,)"), Ok((-3..).into()));
        assert_eq!(read::<i64>("(,)"), Ok((..).into()));
        assert_eq!(read::<i64>("empty"), Ok(Range::empty()));
        assert_eq!(split_end("\"a \"\"\\\\,\",5)"), Some((Some("a \"\\,".to_owned()), ",5)")));
        assert_eq!(split_end("\"\")"), Some((Some(String::new()), ")")));
    }

    #[test]
    fn what_is_no_range_is_an_error() {
        for text in ["", "1,5", "[1,5", "[1)", "[1,5)x", "[1,2,3)", "[x,5)", "[\"1,5)", "é"] {
            assert!(read::<i32>(text).is_err(), "{text}");
        }
        assert!(Range::<i32>::decode(ValueRef::Int(1)).is_err());
    }

    #[test]
    fn a_range_of_whole_numbers_has_one_form() {
        assert_eq!(Range::from(1..=4), Range::from(1..5));
        assert_eq!(Range::new(Excluded(1), Included(4)), Range::from(2..5));
        assert_eq!(Range::new(Included(1), Included(i32::MAX)).upper(), Included(&i32::MAX));
        assert_eq!(Range::new(Excluded(1), Excluded(2)), Range::empty());
        assert!(!Range::new(Included(5), Excluded(1)).contains(&3));
    }
}
