//! Random expressions of decimal numbers and of points in time: what the database answers is what `rust_decimal` and `chrono`
//! compute, to the last digit and the microsecond, NULL included.
//!
//! As in [`random_expressions`](super::random_expressions), `PROPTEST_CASES` says how many.

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike as _};
use orm::prelude::*;
use orm::{Expr, func::Part, literal};
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::test_runner::{TestCaseError, TestRunner};
use rust_decimal::{Decimal, RoundingStrategy};

use crate::random_expressions::config;
use crate::support::empty_engine;

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "amounts", metadata = none)]
struct Amount {
    #[orm(primary_key, autoincrement = false)]
    id: i64,
    #[orm(precision = 12, scale = 2)]
    a: Option<Decimal>,
    #[orm(precision = 12, scale = 3)]
    b: Option<Decimal>,
    day: Option<NaiveDate>,
    at: Option<NaiveDateTime>,
}

/// An expression that gives a decimal number.
#[derive(Clone, Debug)]
enum Number {
    A,
    B,
    Value(Option<Decimal>),
    Minus(Box<Number>),
    Abs(Box<Number>),
    Ceil(Box<Number>),
    Floor(Box<Number>),
    Round(Box<Number>, i32),
    Sum(Box<Number>, Box<Number>),
    Difference(Box<Number>, Box<Number>),
    Product(Box<Number>, Box<Number>),
    Remainder(Box<Number>, Decimal),
    FirstOf(Box<Number>, Box<Number>),
    NullIf(Box<Number>, Box<Number>),
    Case(Box<Truth>, Box<Number>, Box<Number>),
}

/// An expression that gives a date with a time.
#[derive(Clone, Debug)]
enum Moment {
    At,
    Value(NaiveDateTime),
    Plus(Box<Moment>, TimeDelta),
    Minus(Box<Moment>, TimeDelta),
    Trunc(Part, Box<Moment>),
    Case(Box<Truth>, Box<Moment>, Box<Moment>),
}

/// An expression that gives a date.
#[derive(Clone, Debug)]
enum Day {
    Column,
    Plus(Box<Day>, TimeDelta),
    Trunc(Part, Box<Day>),
}

/// An expression that gives a truth value.
#[derive(Clone, Debug)]
enum Truth {
    Less(Box<Number>, Box<Number>),
    Equal(Box<Number>, Box<Number>),
    Between(Box<Number>, Decimal, Decimal),
    In(Box<Number>, Vec<Decimal>),
    Earlier(Box<Moment>, Box<Moment>),
    Apart(Box<Moment>, Box<Moment>, TimeDelta),
}

/// What the types here do not hold, but perhaps the database, or the other way round.
#[derive(Debug)]
struct TooLong;

// --------------------------------------------------------------------------------------------------- as a statement

impl Number {
    fn sql(&self) -> Expr<Option<Decimal>> {
        match self {
            Number::A => Amount.a.type_coerce(),
            Number::B => Amount.b.type_coerce(),
            Number::Value(value) => literal(*value),
            Number::Minus(x) => -x.sql(),
            Number::Abs(x) => func::abs(x.sql()),
            Number::Ceil(x) => func::ceil(x.sql()),
            Number::Floor(x) => func::floor(x.sql()),
            Number::Round(x, places) => func::round(x.sql(), *places),
            Number::Sum(x, y) => x.sql() + y.sql(),
            Number::Difference(x, y) => x.sql() - y.sql(),
            Number::Product(x, y) => x.sql() * y.sql(),
            Number::Remainder(x, y) => x.sql() % *y,
            Number::FirstOf(x, y) => func::first_of((x.sql(), y.sql())),
            Number::NullIf(x, y) => func::nullif(x.sql(), y.sql()),
            Number::Case(when, x, y) => func::case(when.sql(), x.sql()).otherwise(y.sql()),
        }
    }

    fn value(&self, row: &Amount) -> Result<Option<Decimal>, TooLong> {
        let both = |x: &Number, y: &Number, f: fn(Decimal, Decimal) -> Result<Decimal, TooLong>| {
            let (x, y) = (x.value(row)?, y.value(row)?);
            x.zip(y).map(|(x, y)| f(x, y)).transpose()
        };
        Ok(match self {
            Number::A => row.a,
            Number::B => row.b,
            Number::Value(value) => *value,
            Number::Minus(x) => x.value(row)?.map(|x| -x),
            Number::Abs(x) => x.value(row)?.map(|x| x.abs()),
            Number::Ceil(x) => x.value(row)?.map(|x| x.ceil()),
            Number::Floor(x) => x.value(row)?.map(|x| x.floor()),
            Number::Round(x, places) => x.value(row)?.map(|x| rounded(x, *places)),
            Number::Sum(x, y) => both(x, y, |x, y| exact(x.checked_add(y), x.scale().max(y.scale())))?,
            Number::Difference(x, y) => both(x, y, |x, y| exact(x.checked_sub(y), x.scale().max(y.scale())))?,
            Number::Product(x, y) => both(x, y, |x, y| exact(x.checked_mul(y), x.scale() + y.scale()))?,
            Number::Remainder(x, y) => x.value(row)?.map(|x| remainder(x, *y)).transpose()?,
            Number::FirstOf(x, y) => x.value(row)?.or(y.value(row)?),
            Number::NullIf(x, y) => {
                let (x, y) = (x.value(row)?, y.value(row)?);
                x.filter(|_| x != y)
            }
            Number::Case(when, x, y) => {
                let (when, x, y) = (when.value(row)?, x.value(row)?, y.value(row)?);
                if when == Some(true) { x } else { y }
            }
        })
    }
}

/// Returns a result that was not rounded, and has digits to spare for what a database keeps beside it.
fn exact(result: Option<Decimal>, scale: u32) -> Result<Decimal, TooLong> {
    let result = result.filter(|result| result.scale() == scale && scale <= 18).ok_or(TooLong)?;
    if result.mantissa().unsigned_abs() < 10_u128.pow(26) { Ok(result) } else { Err(TooLong) }
}

/// MariaDB makes a zero with a sign of what is negative and divisible, which is not equal to zero.
fn remainder(x: Decimal, y: Decimal) -> Result<Decimal, TooLong> {
    let rest = x % y;
    if rest.is_zero() && x < Decimal::ZERO { Err(TooLong) } else { Ok(rest) }
}

fn rounded(x: Decimal, places: i32) -> Decimal {
    let unit = Decimal::from(10_i64.pow(places.unsigned_abs()));
    let away = |x: Decimal, places| x.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
    if places < 0 { away(x / unit, 0) * unit } else { away(x, places.unsigned_abs()) }
}

impl Moment {
    fn sql(&self) -> Expr<Option<NaiveDateTime>> {
        match self {
            Moment::At => Amount.at.type_coerce(),
            Moment::Value(value) => literal(Some(*value)),
            Moment::Plus(x, span) => x.sql().plus(*span),
            Moment::Minus(x, span) => x.sql().minus(*span),
            Moment::Trunc(part, x) => func::date_trunc(*part, x.sql()),
            Moment::Case(when, x, y) => func::case(when.sql(), x.sql()).otherwise(y.sql()),
        }
    }

    fn value(&self, row: &Amount) -> Result<Option<NaiveDateTime>, TooLong> {
        Ok(match self {
            Moment::At => row.at,
            Moment::Value(value) => Some(*value),
            Moment::Plus(x, span) => x.value(row)?.map(|x| x + *span),
            Moment::Minus(x, span) => x.value(row)?.map(|x| x - *span),
            Moment::Trunc(part, x) => x.value(row)?.map(|x| beginning(*part, x)),
            Moment::Case(when, x, y) => {
                let (when, x, y) = (when.value(row)?, x.value(row)?, y.value(row)?);
                if when == Some(true) { x } else { y }
            }
        })
    }
}

fn beginning(part: Part, at: NaiveDateTime) -> NaiveDateTime {
    let (day, time) = (at.date(), at.time());
    let on = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).expect("there is such a day");
    let to = |hour, minute, second| NaiveTime::from_hms_opt(hour, minute, second).expect("there is such a time");
    let midnight = to(0, 0, 0);
    match part {
        Part::Year => on(day.year(), 1, 1).and_time(midnight),
        Part::Quarter => on(day.year(), day.month0() / 3 * 3 + 1, 1).and_time(midnight),
        Part::Month => on(day.year(), day.month(), 1).and_time(midnight),
        Part::Week => (day - Days::new(day.weekday().num_days_from_monday().into())).and_time(midnight),
        Part::Day => day.and_time(midnight),
        Part::Hour => day.and_time(to(time.hour(), 0, 0)),
        Part::Minute => day.and_time(to(time.hour(), time.minute(), 0)),
        _ => day.and_time(to(time.hour(), time.minute(), time.second())),
    }
}

impl Day {
    fn sql(&self) -> Expr<Option<NaiveDate>> {
        match self {
            Day::Column => Amount.day.type_coerce(),
            Day::Plus(x, span) => x.sql().plus(*span),
            Day::Trunc(part, x) => func::date_trunc(*part, x.sql()),
        }
    }

    fn value(&self, row: &Amount) -> Option<NaiveDate> {
        let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN);
        match self {
            Day::Column => row.day,
            Day::Plus(x, span) => x.value(row).map(|x| (midnight(x) + *span).date()),
            Day::Trunc(part, x) => x.value(row).map(|x| beginning(*part, midnight(x)).date()),
        }
    }
}

impl Truth {
    fn sql(&self) -> Expr<Option<bool>> {
        match self {
            Truth::Less(x, y) => x.sql().lt(y.sql()),
            Truth::Equal(x, y) => x.sql().eq(y.sql()),
            Truth::Between(x, low, high) => x.sql().between(*low, *high),
            Truth::In(x, list) => x.sql().in_(list.clone()),
            Truth::Earlier(x, y) => x.sql().lt(y.sql()),
            Truth::Apart(x, y, span) => x.sql().since(y.sql()).gt(*span),
        }
    }

    fn value(&self, row: &Amount) -> Result<Option<bool>, TooLong> {
        Ok(match self {
            Truth::Less(x, y) => x.value(row)?.zip(y.value(row)?).map(|(x, y)| x < y),
            // What equals a NULL of the program's is NULL.
            Truth::Equal(x, y) if matches!(**y, Number::Value(None)) => Some(x.value(row)?.is_none()),
            Truth::Equal(x, y) => x.value(row)?.zip(y.value(row)?).map(|(x, y)| x == y),
            Truth::Between(x, low, high) => x.value(row)?.map(|x| (*low..=*high).contains(&x)),
            Truth::In(x, list) => x.value(row)?.map(|x| list.contains(&x)),
            Truth::Earlier(x, y) => x.value(row)?.zip(y.value(row)?).map(|(x, y)| x < y),
            Truth::Apart(x, y, span) => x.value(row)?.zip(y.value(row)?).map(|(x, y)| x - y > *span),
        })
    }
}

// ---------------------------------------------------------------------------------------------------------- at random

fn decimal() -> BoxedStrategy<Decimal> {
    let small = (-200i64..200, 0u32..3).prop_map(|(digits, scale)| Decimal::new(digits, scale));
    let wide = (any::<i32>(), 0u32..5).prop_map(|(digits, scale)| Decimal::new(digits.into(), scale));
    prop_oneof![3 => small, 1 => wide].boxed()
}

fn divisor() -> BoxedStrategy<Decimal> {
    decimal().prop_filter("nothing divides by zero", |number| !number.is_zero()).boxed()
}

fn span() -> BoxedStrategy<TimeDelta> {
    let micros = -40_000_000_000_000i64..40_000_000_000_000;
    prop_oneof![micros.prop_map(TimeDelta::microseconds), (-90i64..90).prop_map(TimeDelta::days)].boxed()
}

fn moment() -> BoxedStrategy<NaiveDateTime> {
    let micros = -2_000_000_000_000_000i64..4_000_000_000_000_000;
    let at = |micros| DateTime::from_timestamp_micros(micros).expect("there is such a moment").naive_utc();
    prop_oneof![micros.prop_map(at), (-20_000i64..40_000).prop_map(move |days| at(days * 86_400_000_000))].boxed()
}

fn part(of_date: bool) -> BoxedStrategy<Part> {
    let dates =
        prop_oneof![Just(Part::Year), Just(Part::Quarter), Just(Part::Month), Just(Part::Week), Just(Part::Day)];
    let times = prop_oneof![Just(Part::Hour), Just(Part::Minute), Just(Part::Second)];
    if of_date { dates.boxed() } else { prop_oneof![dates, times].boxed() }
}

struct Random {
    number: BoxedStrategy<Number>,
    moment: BoxedStrategy<Moment>,
    day: BoxedStrategy<Day>,
    truth: BoxedStrategy<Truth>,
}

impl Random {
    fn leaf() -> Self {
        let value = proptest::option::weighted(0.9, decimal()).prop_map(Number::Value);
        let number = prop_oneof![Just(Number::A), Just(Number::B), value].boxed();
        let moments = prop_oneof![2 => Just(Moment::At), 1 => moment().prop_map(Moment::Value)].boxed();
        let truth = (decimal(), decimal()).prop_map(|(low, high)| Truth::Between(Box::new(Number::A), low, high));
        Random { number, moment: moments, day: Just(Day::Column).boxed(), truth: truth.boxed() }
    }

    /// Returns expressions one level deeper than these.
    fn deeper(self) -> Self {
        let number = || self.number.clone().prop_map(Box::new);
        let moment = || self.moment.clone().prop_map(Box::new);
        let day = || self.day.clone().prop_map(Box::new);
        let truth = || self.truth.clone().prop_map(Box::new);
        Random {
            number: prop_oneof![
                2 => self.number.clone(),
                1 => number().prop_map(Number::Minus),
                1 => number().prop_map(Number::Abs),
                1 => number().prop_map(Number::Ceil),
                1 => number().prop_map(Number::Floor),
                2 => (number(), -2i32..4).prop_map(|(x, places)| Number::Round(x, places)),
                3 => (number(), number()).prop_map(|(x, y)| Number::Sum(x, y)),
                3 => (number(), number()).prop_map(|(x, y)| Number::Difference(x, y)),
                2 => (number(), number()).prop_map(|(x, y)| Number::Product(x, y)),
                1 => (number(), divisor()).prop_map(|(x, y)| Number::Remainder(x, y)),
                1 => (number(), number()).prop_map(|(x, y)| Number::FirstOf(x, y)),
                1 => (number(), number()).prop_map(|(x, y)| Number::NullIf(x, y)),
                1 => (truth(), number(), number()).prop_map(|(when, x, y)| Number::Case(when, x, y)),
            ]
            .boxed(),
            moment: prop_oneof![
                1 => self.moment.clone(),
                2 => (moment(), span()).prop_map(|(x, span)| Moment::Plus(x, span)),
                2 => (moment(), span()).prop_map(|(x, span)| Moment::Minus(x, span)),
                2 => (part(false), moment()).prop_map(|(part, x)| Moment::Trunc(part, x)),
                1 => (truth(), moment(), moment()).prop_map(|(when, x, y)| Moment::Case(when, x, y)),
            ]
            .boxed(),
            day: prop_oneof![
                1 => self.day.clone(),
                2 => (day(), span()).prop_map(|(x, span)| Day::Plus(x, span)),
                2 => (part(true), day()).prop_map(|(part, x)| Day::Trunc(part, x)),
            ]
            .boxed(),
            truth: prop_oneof![
                1 => self.truth.clone(),
                2 => (number(), number()).prop_map(|(x, y)| Truth::Less(x, y)),
                2 => (number(), number()).prop_map(|(x, y)| Truth::Equal(x, y)),
                1 => (number(), proptest::collection::vec(decimal(), 1..5)).prop_map(|(x, list)| Truth::In(x, list)),
                2 => (moment(), moment()).prop_map(|(x, y)| Truth::Earlier(x, y)),
                1 => (moment(), moment(), span()).prop_map(|(x, y, span)| Truth::Apart(x, y, span)),
            ]
            .boxed(),
        }
    }
}

/// The rows that every expression is computed for.
fn amounts() -> Vec<Amount> {
    let numbers = [None, Some("0"), Some("0.10"), Some("-9.5"), Some("12345678.90"), Some("2.50")];
    let moments =
        [None, Some("2024-02-29T23:59:59.999999"), Some("1969-12-31T00:00:00"), Some("2000-01-01T12:00:00.5")];
    let number = |at: usize| numbers[at % 6].map(|number| number.parse::<Decimal>().expect("a number"));
    let moment = |at: usize| moments[at % 4].map(|moment| moment.parse::<NaiveDateTime>().expect("a moment"));
    (0..12)
        .map(|id| Amount {
            id: id as i64,
            a: number(id),
            b: number(id / 2 + 2),
            day: moment(id / 3).map(|moment| moment.date()),
            at: moment(id),
        })
        .collect()
}

#[test]
fn the_database_computes_what_the_libraries_of_rust_compute() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let amounts = amounts();
    let engine = runtime.block_on(async {
        let engine = empty_engine().await;
        metadata![Amount].create_all(&engine).await.unwrap();
        insert(Amount).values(amounts.clone()).execute(&engine).await.unwrap();
        engine
    });
    let Random { number, moment, day, truth } = Random::leaf().deeper().deeper().deeper();
    let outcome = TestRunner::new(config()).run(&(number, moment, day, truth), |(number, moment, day, truth)| {
        let mut known = Vec::new();
        for row in &amounts {
            let values = (|| {
                Ok::<_, TooLong>((row.id, number.value(row)?, moment.value(row)?, day.value(row), truth.value(row)?))
            })();
            known.push(values.map_err(|TooLong| TestCaseError::reject("too long"))?);
        }
        let statement = || select((Amount.id, number.sql(), moment.sql(), day.sql(), truth.sql())).order_by(Amount.id);
        let sql = statement().to_sql_literal(engine.dialect());
        let answered = runtime
            .block_on(statement().all(&engine))
            .map_err(|error| TestCaseError::fail(format!("{error}\n{sql}")))?;
        let differing: Vec<_> = known.iter().zip(&answered).filter(|(known, answered)| known != answered).collect();
        proptest::prop_assert!(differing.is_empty(), "expected and answered: {differing:#?}\n{sql}");
        let passing = select(Amount.id).filter(truth.sql()).order_by(Amount.id);
        let passing = runtime.block_on(passing.all(&engine)).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let wanted: Vec<i64> = known.iter().filter(|row| row.4 == Some(true)).map(|row| row.0).collect();
        proptest::prop_assert_eq!(passing, wanted, "{}", sql);
        let added = select(func::sum(number.sql())).filter(Amount.id.ge(0)).one(&engine);
        let added = runtime.block_on(added).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let numbers: Vec<Decimal> = known.iter().filter_map(|row| row.1).collect();
        let sum = (!numbers.is_empty()).then(|| numbers.iter().sum::<Decimal>());
        proptest::prop_assert_eq!(added, sum, "{}", sql);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    runtime.block_on(engine.dispose());
}
