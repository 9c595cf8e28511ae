//! Functions of SQL with their types: `func::count(Address.id)`.
//!
//! An argument is a column, an expression or, where it comes second, a plain value. A function whose argument may be NULL
//! gives an `Option`. What a database does not have fails when the statement is compiled, naming function and dialect.

use orm_pool::{Kind, Value};

pub use super::array::array;
pub use super::range::range;
pub use super::search::{
    match_against, phraseto_tsquery, plainto_tsquery, plainto_tsquery_in, relevance, to_tsquery, to_tsquery_in,
    to_tsvector, to_tsvector_in, ts_headline, websearch_to_tsquery, websearch_to_tsquery_in,
};

use super::case::{CaseOf, CaseWhen};
use super::expr::{function, templated};
pub use super::moments::Now;
use super::node::Constant;
use super::node::Nullability::Own;
use super::nullness::{Combined, Like, MaybeNull};
pub use super::rowset::{generate_series, json_each, json_table, unnest};
use super::template::{self, Template};
use super::{AsExpr, Expr, Expression, GroupBy, Node, Predicate, Select};
use crate::error::{Error, ErrorKind};
use crate::mapper::RowType;
use crate::types::{Numeric, SqlType, Textual};

// ------------------------------------------------------------------------------------------------------- aggregates

fn aggregate<T>(name: &'static str, argument: Node) -> Expr<T> {
    Expr::new(function(name, vec![argument], Own))
}

/// `count(x)`: how many rows have a value that is not NULL.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Dialect, func, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # #[orm(table = "users")]
/// # struct User { #[orm(primary_key)] id: i64, name: String, age: Option<i64> }
/// let adults = select((func::count(User.id), func::count(User.id).filter(User.age.ge(18))));
/// assert_eq!(
///     adults.to_sql(Dialect::Postgres),
///     "SELECT count(users.id), count(users.id) FILTER (WHERE users.age >= $1) FROM users"
/// );
/// ```
pub fn count<E: Expression>(expression: E) -> Expr<i64> {
    aggregate("count", expression.__expression())
}

/// `count(*)`: how many rows there are.
pub fn count_all() -> Expr<i64> {
    aggregate("count", Node::Star)
}

/// `count(DISTINCT x)`: how many different values there are.
pub fn count_distinct<E: Expression>(expression: E) -> Expr<i64> {
    count(expression).distinct()
}

/// `max(x)`: the greatest value, or NULL where there is none.
pub fn max<E: Expression<Type: SqlType>>(expression: E) -> Expr<Option<<E::Type as SqlType>::Plain>> {
    aggregate("max", expression.__expression())
}

/// `min(x)`: the least value, or NULL where there is none.
pub fn min<E: Expression<Type: SqlType>>(expression: E) -> Expr<Option<<E::Type as SqlType>::Plain>> {
    aggregate("min", expression.__expression())
}

/// A number whose sum has a type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be added up",
    label = "expected a number",
    note = "a number that is kept as something else becomes one by `.cast::<f64>()`"
)]
pub trait Summable: SqlType {
    /// The type of the sum.
    type Sum: SqlType;
}
macro_rules! sums {
    ($($type:ty => $sum:ty),*) => { $( impl Summable for $type { type Sum = $sum; } )* };
}
sums!(i8 => i64, i16 => i64, i32 => i64, i64 => i64, u8 => i64, u16 => i64, u32 => i64, f32 => f64, f64 => f64);
#[cfg(feature = "rust_decimal")]
sums!(rust_decimal::Decimal => rust_decimal::Decimal);
impl<T: Summable> Summable for Option<T> {
    type Sum = T::Sum;
}

/// `sum(x)`, or NULL where there is nothing to add up.
pub fn sum<E: Expression<Type: Summable>>(expression: E) -> Expr<Option<<E::Type as Summable>::Sum>> {
    aggregate("sum", expression.__expression())
}

/// What has an average: numbers and spans of time.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a number",
    label = "expected a number or a span of time",
    note = "a number that is kept as something else becomes one by `.cast::<f64>()`"
)]
pub trait Averaged: SqlType {
    /// The type of the average.
    type Average: SqlType;
}
impl<T: Numeric> Averaged for T {
    type Average = T::Mean;
}

/// Lets spans of time be added up.
macro_rules! spans {
    ($($type:ty),*) => { $(
        impl Summable for $type {
            type Sum = $type;
        }
        impl Averaged for $type {
            type Average = $type;
        }
        impl Averaged for Option<$type> {
            type Average = $type;
        }
    )* };
}
spans!(std::time::Duration);
#[cfg(feature = "chrono")]
spans!(chrono::TimeDelta);
#[cfg(feature = "time")]
spans!(time::Duration);
#[cfg(feature = "jiff")]
spans!(jiff::SignedDuration);

/// `avg(x)`, or NULL where there is nothing: a float; of decimal numbers one with as many digits as the database gives it; of spans of
/// time one to the microsecond.
pub fn avg<E: Expression<Type: Averaged>>(expression: E) -> Expr<Option<<E::Type as Averaged>::Average>> {
    let is_whole = matches!(<E::Type as SqlType>::KIND, Kind::Int16 | Kind::Int32 | Kind::Int64)
        && <<E::Type as Averaged>::Average as SqlType>::KIND == Kind::Float64;
    let argument = expression.__expression();
    let argument = match is_whole {
        true => Node::Template { template: &template::AVERAGED_INTEGER, arguments: vec![argument] },
        false => argument,
    };
    aggregate("avg", argument)
}

/// All texts that are not NULL, with a separator between them: `string_agg`, and `group_concat` on SQLite and MySQL.
///
/// The separator is a constant of the program, since MySQL binds none there. Say in which order they come by
/// [`ordered_by`](Expr::ordered_by).
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Dialect, func, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # #[orm(table = "users")]
/// # struct User { #[orm(primary_key)] id: i64, name: String }
/// let names = select(func::string_agg(User.name, ", ").ordered_by(User.name));
/// assert_eq!(
///     names.to_sql(Dialect::Postgres),
///     "SELECT string_agg(users.name, ', ' ORDER BY users.name) FROM users"
/// );
/// assert_eq!(
///     names.to_sql(Dialect::MySql),
///     "SELECT group_concat(users.name ORDER BY users.name SEPARATOR ', ') FROM users"
/// );
/// ```
pub fn string_agg<E: Expression<Type: Textual>>(expression: E, separator: &'static str) -> Expr<Option<String>> {
    templated(&template::STRING_AGG, vec![expression.__expression(), Node::Quoted(separator)])
}

/// All values as an array, which PostgreSQL has; NULL where there are no rows.
pub fn array_agg<E: Expression<Type: crate::types::ArrayElement>>(expression: E) -> Expr<Option<Vec<E::Type>>> {
    templated(&template::ARRAY_AGG, vec![expression.__expression()])
}

/// All values as a JSON array, or NULL where there is none: `jsonb_agg`, `json_group_array` on SQLite, `json_arrayagg` on MySQL. Of
/// bytes only PostgreSQL makes one.
#[cfg(feature = "json")]
pub fn json_agg<E: Expression<Type: SqlType>>(expression: E) -> Expr<Option<serde_json::Value>> {
    let value = expression.__expression();
    let element = match E::Type::KIND {
        Kind::Bool => templated::<()>(&template::JSON_TRUTH, vec![value]).node,
        Kind::Json | Kind::Decimal => templated::<()>(&template::JSON_ELEMENT, vec![value]).node,
        Kind::Bytes => templated::<()>(&template::JSON_BYTES, vec![value]).node,
        _ => value,
    };
    templated(&template::JSON_AGG, vec![element])
}

/// Whether a condition is true for every row where it is not NULL: `bool_and`, elsewhere `min`.
pub fn bool_and(condition: impl Predicate) -> Expr<Option<bool>> {
    templated(&template::BOOL_AND, vec![condition.__predicate()])
}

/// Whether a condition is true for some row: `bool_or`, elsewhere `max`.
pub fn bool_or(condition: impl Predicate) -> Expr<Option<bool>> {
    templated(&template::BOOL_OR, vec![condition.__predicate()])
}

/// The standard deviation of a sample; of one value there is none.
pub fn stddev<E: Expression<Type: Numeric>>(expression: E) -> Expr<Option<f64>> {
    templated(&template::STDDEV, vec![expression.__expression()])
}

/// The variance of a sample; of one value there is none.
pub fn variance<E: Expression<Type: Numeric>>(expression: E) -> Expr<Option<f64>> {
    templated(&template::VARIANCE, vec![expression.__expression()])
}

/// `percentile_cont(p) WITHIN GROUP (ORDER BY …)`, interpolated between two values; PostgreSQL has it. Say of what by
/// [`within_group`](Expr::within_group).
pub fn percentile_cont(fraction: f64) -> Expr<Option<f64>> {
    templated(&template::PERCENTILE_CONT, vec![Node::Bind(Value::Float64(fraction))])
}

/// `percentile_disc(p) WITHIN GROUP (ORDER BY …)`, one of the values; PostgreSQL has it.
pub fn percentile_disc<T: SqlType>(fraction: f64) -> Expr<Option<T>> {
    templated(&template::PERCENTILE_DISC, vec![Node::Bind(Value::Float64(fraction))])
}

/// `mode() WITHIN GROUP (ORDER BY …)`: the most frequent value; PostgreSQL has it.
pub fn mode<T: SqlType>() -> Expr<Option<T>> {
    templated(&template::MODE, Vec::new())
}

// ------------------------------------------------------------------------------------------------- window functions

fn window_function<T>(name: &'static str, arguments: Vec<Node>) -> Expr<T> {
    Expr::new(function(name, arguments, Own))
}

/// `row_number()`: the number of the row in its window, from 1. Give it one by [`over`](Expr::over).
pub fn row_number() -> Expr<i64> {
    window_function("row_number", Vec::new())
}

/// `rank()`: the number of the row in its window, the same for peers, with gaps behind them.
pub fn rank() -> Expr<i64> {
    window_function("rank", Vec::new())
}

/// `dense_rank()`: as [`rank`], without gaps.
pub fn dense_rank() -> Expr<i64> {
    window_function("dense_rank", Vec::new())
}

/// `percent_rank()`: the rank as a share of the window, from 0 to 1.
pub fn percent_rank() -> Expr<f64> {
    window_function("percent_rank", Vec::new())
}

/// `cume_dist()`: the share of the window up to the row and its peers.
pub fn cume_dist() -> Expr<f64> {
    window_function("cume_dist", Vec::new())
}

/// `ntile(n)`: the number of the row's part when the window is cut into `n` parts. The number is part of the text.
pub fn ntile(parts: u32) -> Expr<i64> {
    window_function("ntile", vec![Node::Sql(parts.to_string().into())])
}

/// `lag(x, rows)`: the value so many rows before, or NULL. The number is part of the text.
pub fn lag<E: Expression<Type: SqlType>>(expression: E, rows: u32) -> Expr<Option<<E::Type as SqlType>::Plain>> {
    window_function("lag", vec![expression.__expression(), Node::Sql(rows.to_string().into())])
}

/// `lead(x, rows)`: the value so many rows behind, or NULL. The number is part of the text.
pub fn lead<E: Expression<Type: SqlType>>(expression: E, rows: u32) -> Expr<Option<<E::Type as SqlType>::Plain>> {
    window_function("lead", vec![expression.__expression(), Node::Sql(rows.to_string().into())])
}

/// `first_value(x)`: the value at the beginning of the frame, which may be empty.
pub fn first_value<E: Expression<Type: SqlType>>(expression: E) -> Expr<Option<<E::Type as SqlType>::Plain>> {
    window_function("first_value", vec![expression.__expression()])
}

/// `last_value(x)`: the value at the end of the frame, which is the current row and its peers unless told otherwise.
pub fn last_value<E: Expression<Type: SqlType>>(expression: E) -> Expr<Option<<E::Type as SqlType>::Plain>> {
    window_function("last_value", vec![expression.__expression()])
}

/// `nth_value(x, n)`: the value of the frame's `n`th row, from 1, or NULL. The number is part of the text.
pub fn nth_value<E: Expression<Type: SqlType>>(expression: E, n: u32) -> Expr<Option<<E::Type as SqlType>::Plain>> {
    window_function("nth_value", vec![expression.__expression(), Node::Sql(n.to_string().into())])
}

// ------------------------------------------------------------------------------------------------------------- text

macro_rules! same_type {
    ($($(#[$doc:meta])* $name:ident: $bound:ident = $template:ident;)*) => { $(
        $(#[$doc])*
        pub fn $name<E: Expression<Type: $bound>>(expression: E) -> Expr<E::Type> {
            templated(&template::$template, vec![expression.__expression()])
        }
    )* };
}
same_type! {
    /// `lower(x)`. SQLite lowers ASCII letters only.
    lower: Textual = LOWER;
    /// `upper(x)`. SQLite raises ASCII letters only.
    upper: Textual = UPPER;
    /// `trim(x)`: without the spaces at both ends.
    trim: Textual = TRIM;
    /// `ltrim(x)`: without the spaces at the beginning.
    ltrim: Textual = LTRIM;
    /// `rtrim(x)`: without the spaces at the end.
    rtrim: Textual = RTRIM;
    /// `reverse(x)`.
    reverse: Textual = REVERSE;
    /// `abs(x)`.
    abs: Numeric = ABS;
}

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident: $bound:ident -> $type:ty = $template:ident;)*) => { $(
        $(#[$doc])*
        pub fn $name<E: Expression<Type: $bound>>(expression: E) -> Expr<Like<E::Type, $type>> {
            templated(&template::$template, vec![expression.__expression()])
        }
    )* };
}
counts! {
    /// How many characters it has: `char_length(x)`, `length(x)` on SQLite.
    length: Textual -> i64 = CHAR_LENGTH;
    /// How many bytes it has in the database's encoding.
    octet_length: Textual -> i64 = OCTET_LENGTH;
    /// -1, 0 or 1.
    sign: Numeric -> i32 = SIGN;
    /// `sqrt(x)`. What has no result is NULL on SQLite and MySQL, and an error on PostgreSQL.
    sqrt: Numeric -> f64 = SQRT;
    /// `exp(x)`.
    exp: Numeric -> f64 = EXP;
    /// `ln(x)`.
    ln: Numeric -> f64 = LN;
    /// `sin(x)`.
    sin: Numeric -> f64 = SIN;
    /// `cos(x)`.
    cos: Numeric -> f64 = COS;
    /// `tan(x)`.
    tan: Numeric -> f64 = TAN;
    /// `degrees(x)`.
    degrees: Numeric -> f64 = DEGREES;
    /// `radians(x)`.
    radians: Numeric -> f64 = RADIANS;
}

/// `replace(x, from, to)`: every `from` becomes `to`.
pub fn replace<E: Expression<Type: Textual>>(
    expression: E,
    from: impl AsExpr<String>,
    to: impl AsExpr<String>,
) -> Expr<E::Type> {
    templated(&template::REPLACE, vec![expression.__expression(), from.__node(), to.__node()])
}

/// `substr(x, start, length)`: the characters from the `start`th on, counted from 1.
pub fn substr<E: Expression<Type: Textual>>(
    expression: E,
    start: impl AsExpr<i64>,
    length: impl AsExpr<i64>,
) -> Expr<E::Type> {
    templated(&template::SUBSTRING, vec![expression.__expression(), start.__node(), length.__node()])
}

/// `substr(x, start)`: the characters from the `start`th on, counted from 1.
pub fn substr_from<E: Expression<Type: Textual>>(expression: E, start: impl AsExpr<i64>) -> Expr<E::Type> {
    templated(&template::SUBSTRING_FROM, vec![expression.__expression(), start.__node()])
}

/// The first characters.
pub fn left<E: Expression<Type: Textual>>(expression: E, characters: impl AsExpr<i64>) -> Expr<E::Type> {
    templated(&template::LEFT, vec![expression.__expression(), characters.__node()])
}

/// The last characters.
pub fn right<E: Expression<Type: Textual>>(expression: E, characters: impl AsExpr<i64>) -> Expr<E::Type> {
    templated(&template::RIGHT, vec![expression.__expression(), characters.__node()])
}

/// Where a text begins in another, counted in characters from 1; 0 if it does not. Whether case matters is the database's
/// business.
pub fn position<E: Expression<Type: Textual>>(expression: E, text: impl AsExpr<String>) -> Expr<Like<E::Type, i64>> {
    templated(&template::POSITION, vec![expression.__expression(), text.__node()])
}

/// `lpad(x, length, with)`: so many characters, filled up at the beginning or cut off at the end.
pub fn lpad<E: Expression<Type: Textual>>(
    expression: E,
    length: impl AsExpr<i64>,
    with: impl AsExpr<String>,
) -> Expr<E::Type> {
    templated(&template::PAD_LEFT, vec![expression.__expression(), length.__node(), with.__node()])
}

/// `rpad(x, length, with)`: so many characters, filled up or cut off at the end.
pub fn rpad<E: Expression<Type: Textual>>(
    expression: E,
    length: impl AsExpr<i64>,
    with: impl AsExpr<String>,
) -> Expr<E::Type> {
    templated(&template::PAD_RIGHT, vec![expression.__expression(), length.__node(), with.__node()])
}

/// `repeat(x, times)`.
pub fn repeat<E: Expression<Type: Textual>>(expression: E, times: impl AsExpr<i64>) -> Expr<E::Type> {
    templated(&template::REPEATED, vec![expression.__expression(), times.__node()])
}

/// `concat_ws(separator, …)`: all texts that are not NULL, with a separator between them.
pub fn concat_ws(separator: impl AsExpr<String>, texts: impl Arguments) -> Expr<String> {
    let mut arguments = vec![separator.__node()];
    texts.__arguments(&mut arguments);
    templated(&template::CONCAT_WS, arguments)
}

// ---------------------------------------------------------------------------------------------------------- numbers

/// `ceil(x)`: the least whole number that is not less.
pub fn ceil<E: Expression<Type: Numeric>>(expression: E) -> Expr<E::Type> {
    whole(&template::CEIL, is_whole::<E>(), expression.__expression())
}

/// `floor(x)`: the greatest whole number that is not greater.
pub fn floor<E: Expression<Type: Numeric>>(expression: E) -> Expr<E::Type> {
    whole(&template::FLOOR, is_whole::<E>(), expression.__expression())
}

/// A whole number is that already, and would come back as a float from PostgreSQL.
fn whole<T>(template: &'static Template, is_whole: bool, number: Node) -> Expr<T> {
    if is_whole { Expr::new(number) } else { templated(template, vec![number]) }
}

fn is_whole<E: Expression<Type: Numeric>>() -> bool {
    matches!(E::Type::KIND, Kind::Int16 | Kind::Int32 | Kind::Int64)
}

/// `round(x, places)`; fewer than no places round to tens, hundreds and so on. Halves go away from zero, but which floats are halves is for the database to say: 0.25 becomes 0.3
/// on SQLite and PostgreSQL and 0.2 on MariaDB.
pub fn round<E: Expression<Type: Numeric>>(expression: E, places: impl AsExpr<i32>) -> Expr<E::Type> {
    rounded(is_whole::<E>(), expression.__expression(), places.__node())
}

fn rounded<T>(is_whole: bool, number: Node, places: Node) -> Expr<T> {
    let to_fractions = matches!(places, Node::Bind(Value::Int32(0..)));
    match (is_whole, to_fractions) {
        (true, true) => Expr::new(number),
        (true, false) => templated(&template::ROUND_WHOLE, vec![number, places]),
        (false, true) => templated(&template::ROUND, vec![number, places]),
        (false, false) => templated(&template::ROUND_TO_TENS, vec![number, places]),
    }
}

/// `power(x, y)`.
pub fn power<E, R>(expression: E, exponent: R) -> Expr<Combined<E::Type, R::Null, f64>>
where
    E: Expression<Type: Numeric>,
    R: AsExpr<E::Type>,
{
    templated(&template::POWER, vec![expression.__expression(), exponent.__node()])
}

/// A random number of at least 0 and less than 1, another for each row.
pub fn random() -> Expr<f64> {
    templated(&template::RANDOM, Vec::new())
}

// ------------------------------------------------------------------------------------------------------------- NULL

/// `coalesce(x, y)`: `x` where it is not NULL, else `y`.
///
/// `y` is never NULL here; for one that may be, chain: `func::first_of((User.nickname, User.fullname))`.
pub fn coalesce<E, O>(expression: E, otherwise: impl AsExpr<O::Value>) -> Expr<O::Value>
where
    E: Expression<Type = O>,
    O: MaybeNull,
{
    Expr::new(function("coalesce", vec![expression.__expression(), otherwise.__node()], Own))
}

/// `coalesce(…)` of several that may be NULL: the first that is not.
pub fn first_of<T: SqlType, L: ListOf<Option<T>>>(list: L) -> Expr<Option<T>> {
    let mut arguments = Vec::new();
    list.__list(&mut arguments);
    Expr::new(function("coalesce", arguments, Own))
}

/// `nullif(x, y)`: NULL where `x` is `y`, else `x`.
pub fn nullif<E: Expression<Type: SqlType>>(
    expression: E,
    other: impl AsExpr<E::Type>,
) -> Expr<Option<<E::Type as SqlType>::Plain>> {
    templated(&template::NULLIF, vec![expression.__expression(), other.__node()])
}

/// The greatest of several values: `greatest(…)`, `max(…)` on SQLite.
///
/// With a NULL among them PostgreSQL takes the greatest of the others, and the others give NULL; so does the type.
pub fn greatest<T: SqlType, L: ListOf<T>>(list: L) -> Expr<T> {
    let mut arguments = Vec::new();
    list.__list(&mut arguments);
    templated(&template::GREATEST, arguments)
}

/// The least of several values: `least(…)`, `min(…)` on SQLite. Of NULLs see [`greatest`].
pub fn least<T: SqlType, L: ListOf<T>>(list: L) -> Expr<T> {
    let mut arguments = Vec::new();
    list.__list(&mut arguments);
    templated(&template::LEAST, arguments)
}

/// `NULL`, as a word and not as a bound value.
pub fn null<T: SqlType>() -> Expr<Option<T>> {
    Expr::new(Node::Constant(Constant::Null))
}

// --------------------------------------------------------------------------------------------------- dates and times

/// A type that has a date, a time or both.
#[diagnostic::on_unimplemented(message = "`{Self}` has no date and no time")]
pub trait Temporal: SqlType {}
impl<T: Temporal> Temporal for Option<T> {}

/// A type that the present has: of a date, a time or both, and not an `Option`.
#[diagnostic::on_unimplemented(message = "`{Self}` has no date and no time, or is an `Option`")]
pub trait Present: Temporal {}

/// A type of points in time, by whole days or finer: a date, or a date with a time.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no point in time",
    label = "expected a date, or a date with a time"
)]
pub trait Moment: Temporal {
    /// What lies between two of them, in the same library.
    type Span: SqlType;
}
impl<T: Moment> Moment for Option<T> {
    type Span = T::Span;
}

/// A part of a date or a time, for [`extract`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The year.
    Year,
    /// The quarter of the year, 1 to 4.
    Quarter,
    /// The month, 1 to 12.
    Month,
    /// The week of the year by ISO 8601, 1 to 53.
    Week,
    /// The day of the month, from 1.
    Day,
    /// The day of the week, 0 for Sunday.
    DayOfWeek,
    /// The day of the year, from 1.
    DayOfYear,
    /// The hour, 0 to 23.
    Hour,
    /// The minute, 0 to 59.
    Minute,
    /// The whole seconds, 0 to 59.
    Second,
    /// The whole seconds since 1970-01-01, rounded down; of a time without a date, since midnight.
    Epoch,
}

impl Part {
    fn is_of_time(self) -> bool {
        matches!(self, Part::Hour | Part::Minute | Part::Second)
    }
}

/// `EXTRACT(part FROM x)`. A date has no part of a time, and a time none of a date: these are refused when the statement is
/// compiled. The [epoch](Part::Epoch) of a time is the seconds of the day.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Dialect, func, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # #[orm(table = "users")]
/// # struct User { #[orm(primary_key)] id: i64, born: chrono::NaiveDate }
/// let years = select(func::extract(func::Part::Year, User.born));
/// assert_eq!(years.to_sql(Dialect::MySql), "SELECT EXTRACT(YEAR FROM users.born) FROM users");
/// assert_eq!(years.to_sql(Dialect::Sqlite), "SELECT CAST(strftime('%Y', users.born) AS INTEGER) FROM users");
/// ```
pub fn extract<E: Expression<Type: Temporal>>(part: Part, expression: E) -> Expr<Like<E::Type, i64>> {
    let kind = E::Type::KIND;
    if part != Part::Epoch && kind == if part.is_of_time() { Kind::Date } else { Kind::Time } {
        let what = if part.is_of_time() { "date" } else { "time" };
        return refused(format!("a {what} has no part `{part:?}`"));
    }
    let template: &'static Template = match part {
        Part::Year => &template::YEAR,
        Part::Quarter => &template::QUARTER,
        Part::Month => &template::MONTH,
        Part::Week => &template::WEEK,
        Part::Day => &template::DAY,
        Part::DayOfWeek => &template::DAY_OF_WEEK,
        Part::DayOfYear => &template::DAY_OF_YEAR,
        Part::Hour => &template::HOUR,
        Part::Minute => &template::MINUTE,
        Part::Second => &template::SECOND,
        Part::Epoch if kind == Kind::Time => &template::SECONDS_OF_DAY,
        Part::Epoch => &template::EPOCH,
    };
    templated(template, vec![expression.__expression()])
}

/// The beginning of the year, month, week … that a point in time is in: `date_trunc`. A week begins on Monday.
///
/// It has the type of what it is of, and is that of the connection's time zone, which is UTC unless told otherwise. A
/// [day of the week](Part::DayOfWeek), a [day of the year](Part::DayOfYear) and the [epoch](Part::Epoch) have no beginning, and
/// a date has no hours: these are refused when the statement is compiled. The years reach from 0 to 9999.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Dialect, func, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # #[orm(table = "orders")]
/// # struct Order { #[orm(primary_key)] id: i64, placed: chrono::NaiveDateTime }
/// let month = func::date_trunc(func::Part::Month, Order.placed);
/// let monthly = select((month.clone(), func::count_all())).group_by(month);
/// assert_eq!(
///     monthly.to_sql(Dialect::Postgres),
///     "SELECT date_trunc('month', orders.placed), count(*) FROM orders GROUP BY date_trunc('month', orders.placed)"
/// );
/// ```
pub fn date_trunc<E: Expression<Type: Moment>>(part: Part, expression: E) -> Expr<E::Type> {
    let (of_moment, of_date): (&'static Template, &'static Template) = match part {
        Part::Year => (&template::TRUNC_YEAR, &template::TRUNC_YEAR_OF_DATE),
        Part::Quarter => (&template::TRUNC_QUARTER, &template::TRUNC_QUARTER_OF_DATE),
        Part::Month => (&template::TRUNC_MONTH, &template::TRUNC_MONTH_OF_DATE),
        Part::Week => (&template::TRUNC_WEEK, &template::TRUNC_WEEK_OF_DATE),
        Part::Day => (&template::TRUNC_DAY, &template::TRUNC_DAY_OF_DATE),
        Part::Hour => (&template::TRUNC_HOUR, &template::TRUNC_HOUR_OF_DATE),
        Part::Minute => (&template::TRUNC_MINUTE, &template::TRUNC_MINUTE_OF_DATE),
        Part::Second => (&template::TRUNC_SECOND, &template::TRUNC_SECOND_OF_DATE),
        Part::DayOfWeek | Part::DayOfYear | Part::Epoch => {
            return refused(format!("`{part:?}` has no beginning that a point in time could be cut to"));
        }
    };
    let is_date = E::Type::KIND == Kind::Date;
    if is_date && part.is_of_time() {
        return refused(format!("a date has no part `{part:?}`"));
    }
    templated(if is_date { of_date } else { of_moment }, vec![expression.__expression()])
}

fn refused<T>(message: String) -> Expr<T> {
    Expr::new(Node::Refused(Box::new(Error::new(ErrorKind::Compile, message))))
}

/// The moment at which the statement or its transaction began, in UTC.
///
/// Its type is that of the column that it is compared with, or put into.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Dialect, func, update};
/// # use chrono::{DateTime, Utc};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # #[orm(table = "jobs")]
/// # struct Job { #[orm(primary_key)] id: i64, due: DateTime<Utc>, started: Option<DateTime<Utc>> }
/// let start = update(Job).set(Job.started, func::now()).filter(Job.due.le(func::now()) & Job.started.is_null());
/// assert_eq!(
///     start.to_sql(Dialect::Postgres),
///     "UPDATE jobs SET started = CURRENT_TIMESTAMP WHERE jobs.due <= CURRENT_TIMESTAMP AND jobs.started IS NULL"
/// );
/// ```
pub fn now<T: Present>() -> Now<T> {
    Now::new()
}

/// Today: in UTC on SQLite, elsewhere in the time zone of the connection.
pub fn current_date<T: Temporal>() -> Expr<T> {
    templated(&template::CURRENT_DATE, Vec::new())
}

/// The time of day: in UTC on SQLite, elsewhere in the time zone of the connection.
pub fn current_time<T: Temporal>() -> Expr<T> {
    templated(&template::CURRENT_TIME, Vec::new())
}

/// The time of day in the time zone of the connection; on SQLite, of the machine.
pub fn localtime<T: Temporal>() -> Expr<T> {
    templated(&template::LOCALTIME, Vec::new())
}

/// The date and time in the time zone of the connection; on SQLite, of the machine.
///
/// ```
/// # use orm_core::{Dialect, func, select};
/// let here = select(func::localtimestamp::<chrono::NaiveDateTime>());
/// assert_eq!(here.to_sql(Dialect::Postgres), "SELECT LOCALTIMESTAMP");
/// ```
pub fn localtimestamp<T: Temporal>() -> Expr<T> {
    templated(&template::LOCALTIMESTAMP, Vec::new())
}

/// The moment at which the database comes to it, which [`now`] is not: `clock_timestamp()` of PostgreSQL, `SYSDATE(6)` of
/// MySQL, there in the time zone of the connection. SQLite has but one moment for a statement.
pub fn sysdate<T: Temporal>() -> Expr<T> {
    templated(&template::SYSDATE, Vec::new())
}

/// Who has connected, whoever they act as: `SESSION_USER`, which SQLite does not know.
pub fn session_user() -> Expr<String> {
    templated(&template::SESSION_USER, Vec::new())
}

/// The next value of a sequence, which it counts: `nextval('name')` of PostgreSQL, `NEXT VALUE FOR name` of MariaDB.
///
/// [`Sequence::next_value`](crate::schema::Sequence::next_value) is the same of a sequence in a schema.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Dialect, func, insert};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # #[orm(table = "orders", metadata = none)]
/// # struct Order { #[orm(primary_key)] id: i64, number: i64 }
/// let order = insert(Order).set(Order.number, func::next_value("order_numbers"));
/// assert_eq!(order.to_sql(Dialect::Postgres), "INSERT INTO orders (number) VALUES (nextval('order_numbers'))");
/// assert_eq!(order.to_sql(Dialect::MariaDb), "INSERT INTO orders (number) VALUES (NEXT VALUE FOR order_numbers)");
/// assert_eq!(
///     order.to_sql(Dialect::Sqlite),
///     "the sequence `order_numbers` is not supported on dialect sqlite"
/// );
/// ```
pub fn next_value(sequence: impl Into<std::borrow::Cow<'static, str>>) -> Expr<i64> {
    Expr::new(Node::NextValue { schema: None, name: sequence.into() })
}

/// Who is connected, which SQLite does not know.
pub fn current_user() -> Expr<String> {
    templated(&template::CURRENT_USER, Vec::new())
}

// ------------------------------------------------------------------------------------------------------- conditions

/// EXISTS of a query, as a condition.
///
/// The terminal [`exists`](Select::exists) runs a query; this one stands inside another.
pub fn exists<S: RowType>(select: Select<S>) -> Expr<bool> {
    Expr::new(Node::Exists { select: select.node, negated: false })
}

/// AND of all conditions of a list; true if there are none.
pub fn all<P: Predicate>(conditions: impl IntoIterator<Item = P>) -> Expr<<P::Null as super::Nullness>::Of<bool>> {
    let conditions = conditions.into_iter().map(Predicate::__predicate);
    Expr::new(conditions.reduce(Node::and).unwrap_or(Node::Constant(Constant::True)))
}

/// OR of all conditions of a list; false if there are none.
pub fn any<P: Predicate>(conditions: impl IntoIterator<Item = P>) -> Expr<<P::Null as super::Nullness>::Of<bool>> {
    let conditions = conditions.into_iter().map(Predicate::__predicate);
    Expr::new(conditions.reduce(Node::or).unwrap_or(Node::Constant(Constant::False)))
}

/// CASE WHEN: the first value whose condition is true.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Dialect, func, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # #[orm(table = "users")]
/// # struct User { #[orm(primary_key)] id: i64, age: i64 }
/// let group = func::case(User.age.lt(18), "child").when(User.age.gt(65), "elder").otherwise("adult");
/// assert_eq!(
///     select(group).to_sql(Dialect::Sqlite),
///     "SELECT CASE WHEN users.age < ? THEN ? WHEN users.age > ? THEN ? ELSE ? END FROM users"
/// );
/// ```
pub fn case<V: super::case::CaseValue>(condition: impl Predicate, value: V) -> CaseWhen<V::Type> {
    CaseWhen::new(condition.__predicate(), value.__case_value())
}

/// CASE of an expression: the first value whose key equals it.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Dialect, func, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # #[orm(table = "users")]
/// # struct User { #[orm(primary_key)] id: i64, state: String }
/// let place = func::case_of(User.state).when("new", 1).when("done", 3).otherwise(2);
/// assert_eq!(
///     select(place).to_sql(Dialect::Sqlite),
///     "SELECT CASE users.state WHEN ? THEN ? WHEN ? THEN ? ELSE ? END FROM users"
/// );
/// ```
pub fn case_of<E: Expression>(expression: E) -> CaseOf<E::Type> {
    CaseOf::new(expression.__expression())
}

// --------------------------------------------------------------------------------------------------------- GROUP BY

/// ROLLUP of columns in GROUP BY: also groups of all but the last, all but the last two, …, and of all rows.
///
/// PostgreSQL writes `ROLLUP (a, b)`, MySQL and MariaDB `a, b WITH ROLLUP`, which must be the whole GROUP BY.
pub fn rollup(columns: impl GroupBy) -> Expr<()> {
    grouping_set(&template::ROLLUP, columns)
}

/// CUBE of columns in GROUP BY: groups of every choice of them; PostgreSQL has it.
pub fn cube(columns: impl GroupBy) -> Expr<()> {
    grouping_set(&template::CUBE, columns)
}

/// GROUPING SETS in GROUP BY: groups of each of these lists of columns; PostgreSQL has it.
pub fn grouping_sets<G: GroupBy>(sets: impl IntoIterator<Item = G>) -> Expr<()> {
    let sets = sets.into_iter().map(|set| {
        let mut columns = Vec::new();
        set.__group(&mut columns);
        Node::Tuple(columns)
    });
    templated(&template::GROUPING_SETS, sets.collect())
}

fn grouping_set(template: &'static Template, columns: impl GroupBy) -> Expr<()> {
    let mut arguments = Vec::new();
    columns.__group(&mut arguments);
    templated(template, arguments)
}

/// `GROUPING(x)`: 1 in a row whose group is not by `x`, else 0; PostgreSQL and MySQL have it.
pub fn grouping<E: Expression>(expression: E) -> Expr<i64> {
    templated(&template::GROUPING, vec![expression.__expression()])
}

// --------------------------------------------------------------------------------------------------- any other name

/// Any function by its name, which is taken as it stands, with the type that it gives. The arguments are a tuple.
///
/// ```
/// # use orm_core::{Dialect, Expr, func, literal, select};
/// let version: Expr<String> = func::custom("sqlite_version", ());
/// assert_eq!(select(version).to_sql(Dialect::Sqlite), "SELECT sqlite_version()");
/// let padded: Expr<String> = func::custom("printf", (literal("%5d".to_owned()), literal(7i64)));
/// assert_eq!(select(padded).to_sql(Dialect::Sqlite), "SELECT printf(?, ?)");
/// ```
pub fn custom<T: SqlType>(name: &'static str, arguments: impl Arguments) -> Expr<T> {
    let mut list = Vec::new();
    arguments.__arguments(&mut list);
    Expr::new(function(name, list, Own))
}

/// The arguments of a function: a tuple of columns and expressions.
pub trait Arguments {
    #[doc(hidden)]
    fn __arguments(self, list: &mut Vec<Node>);
}

/// Expressions and values of one type: a tuple, the first of which is a column or an expression.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a list of expressions of type `{T}`")]
pub trait ListOf<T> {
    #[doc(hidden)]
    fn __list(self, list: &mut Vec<Node>);
}

macro_rules! arguments {
    ($($name:ident $index:tt),*) => {
        impl<$($name: Expression),*> Arguments for ($($name,)*) {
            fn __arguments(self, _list: &mut Vec<Node>) { $( _list.push(self.$index.__expression()); )* }
        }
    };
}
macro_rules! lists {
    ($first:ident 0 $(, $name:ident $index:tt)+) => {
        impl<$first: Expression<Type: SqlType> $(, $name: AsExpr<$first::Type>)+> ListOf<$first::Type> for ($first, $($name,)+) {
            fn __list(self, list: &mut Vec<Node>) {
                list.push(self.0.__expression());
                $( list.push(self.$index.__node()); )+
            }
        }
    };
}
arguments!();
arguments!(A 0);
arguments!(A 0, B 1);
arguments!(A 0, B 1, C 2);
arguments!(A 0, B 1, C 2, D 3);
arguments!(A 0, B 1, C 2, D 3, E 4);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
lists!(A 0, B 1);
lists!(A 0, B 1, C 2);
lists!(A 0, B 1, C 2, D 3);
lists!(A 0, B 1, C 2, D 3, E 4);
