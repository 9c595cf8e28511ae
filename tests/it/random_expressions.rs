//! Random expressions: what the database answers is what an evaluator here answers, NULL included.
//!
//! The three databases run the same seeds against the same evaluator, so they agree with each other. `PROPTEST_CASES` says
//! how many expressions; a failure shows the least one that still fails, with its SQL.

use orm::prelude::*;
use orm::{Expr, literal};
use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::support::empty_engine;

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "facts", metadata = none)]
struct Fact {
    #[orm(primary_key, autoincrement = false)]
    id: i64,
    a: Option<i64>,
    b: Option<i64>,
    #[orm(length = 50)]
    s: Option<String>,
    #[orm(length = 50)]
    t: Option<String>,
    p: Option<bool>,
    q: Option<bool>,
}

/// An expression that gives an integer.
#[derive(Clone, Debug)]
enum Int {
    A,
    B,
    Value(Option<i64>),
    Minus(Box<Int>),
    Abs(Box<Int>),
    Sum(Box<Int>, Box<Int>),
    Difference(Box<Int>, Box<Int>),
    Product(Box<Int>, Box<Int>),
    Quotient(Box<Int>, i64),
    Remainder(Box<Int>, i64),
    BitAnd(Box<Int>, Box<Int>),
    BitOr(Box<Int>, Box<Int>),
    BitXor(Box<Int>, Box<Int>),
    BitNot(Box<Int>),
    ShiftRight(Box<Int>, i64),
    FirstOf(Box<Int>, Box<Int>),
    NullIf(Box<Int>, Box<Int>),
    Case(Box<Truth>, Box<Int>, Box<Int>),
    CaseOf(Box<Int>, Box<Int>, Box<Int>),
    Length(Box<Text>),
    Position(Box<Text>, Box<Text>),
}

/// An expression that gives a truth value.
#[derive(Clone, Debug)]
enum Truth {
    P,
    Q,
    Value(Option<bool>),
    Compare(Comparison, Box<Int>, Box<Int>),
    CompareText(bool, Box<Text>, Box<Text>),
    Distinct(bool, Box<Int>, Box<Int>),
    DistinctText(bool, Box<Text>, Box<Text>),
    Equal(Box<Truth>, Box<Truth>),
    Between(bool, Box<Int>, Box<Int>, Box<Int>),
    In(bool, Box<Int>, Vec<Option<i64>>),
    InTexts(bool, Box<Text>, Vec<Option<String>>),
    IsNull(bool, Box<Int>),
    TextIsNull(bool, Box<Text>),
    IsUnknown(Box<Truth>),
    Not(Box<Truth>),
    And(Box<Truth>, Box<Truth>),
    Or(Box<Truth>, Box<Truth>),
    Like(bool, Box<Text>, Box<Text>),
    Contains(Box<Text>, Box<Text>),
    StartsWith(Box<Text>, Box<Text>),
    EndsWith(bool, Box<Text>, Box<Text>),
    Case(Box<Truth>, Box<Truth>, Box<Truth>),
}

/// An expression that gives a text.
#[derive(Clone, Debug)]
enum Text {
    S,
    T,
    Value(Option<String>),
    Concat(Box<Text>, Box<Text>),
    Lower(Box<Text>),
    Replace(Box<Text>, String, Box<Text>),
    Substr(Box<Text>, i64, i64),
    Left(Box<Text>, i64),
    Right(Box<Text>, i64),
    FirstOf(Box<Text>, Box<Text>),
    Of(Box<Int>),
    Case(Box<Truth>, Box<Text>, Box<Text>),
}

#[derive(Clone, Copy, Debug)]
enum Comparison {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

// --------------------------------------------------------------------------------------------------- as a statement

impl Int {
    fn sql(&self) -> Expr<Option<i64>> {
        match self {
            Int::A => Fact.a.type_coerce(),
            Int::B => Fact.b.type_coerce(),
            Int::Value(value) => literal(*value),
            Int::Minus(x) => -x.sql(),
            Int::Abs(x) => func::abs(x.sql()),
            Int::Sum(x, y) => x.sql() + y.sql(),
            Int::Difference(x, y) => x.sql() - y.sql(),
            Int::Product(x, y) => x.sql() * y.sql(),
            Int::Quotient(x, n) => x.sql() / *n,
            Int::Remainder(x, n) => x.sql() % *n,
            Int::BitAnd(x, y) => x.sql().bit_and(y.sql()),
            Int::BitOr(x, y) => x.sql().bit_or(y.sql()),
            Int::BitXor(x, y) => x.sql().bit_xor(y.sql()),
            Int::BitNot(x) => x.sql().bit_not(),
            Int::ShiftRight(x, n) => x.sql().shift_right(*n),
            Int::FirstOf(x, y) => func::first_of((x.sql(), y.sql())),
            Int::NullIf(x, y) => func::nullif(x.sql(), y.sql()),
            Int::Case(when, x, y) => func::case(when.sql(), x.sql()).otherwise(y.sql()),
            Int::CaseOf(x, key, y) => func::case_of(x.sql()).when(key.sql(), y.sql()).end(),
            Int::Length(x) => func::length(x.sql()),
            Int::Position(x, y) => func::position(x.sql(), y.sql()),
        }
    }

    /// Returns the value, or an error where 64 bits do not hold one on the way.
    fn value(&self, row: &Fact) -> Result<Option<i64>, TooLarge> {
        fn both(x: &Int, y: &Int, row: &Fact, f: impl Fn(i64, i64) -> Option<i64>) -> Result<Option<i64>, TooLarge> {
            match (x.value(row)?, y.value(row)?) {
                (Some(x), Some(y)) => f(x, y).map(Some).ok_or(TooLarge),
                _ => Ok(None),
            }
        }
        let one = |x: &Int, f: fn(i64) -> Option<i64>| x.value(row)?.map(|x| f(x).ok_or(TooLarge)).transpose();
        match self {
            Int::A => Ok(row.a),
            Int::B => Ok(row.b),
            Int::Value(value) => Ok(*value),
            Int::Minus(x) => one(x, i64::checked_neg),
            Int::Abs(x) => one(x, i64::checked_abs),
            Int::Sum(x, y) => both(x, y, row, i64::checked_add),
            Int::Difference(x, y) => both(x, y, row, i64::checked_sub),
            Int::Product(x, y) => both(x, y, row, i64::checked_mul),
            Int::Quotient(x, n) => Ok(x.value(row)?.map(|x| x.checked_div(*n).ok_or(TooLarge)).transpose()?),
            Int::Remainder(x, n) => Ok(x.value(row)?.map(|x| x.checked_rem(*n).ok_or(TooLarge)).transpose()?),
            Int::BitAnd(x, y) => both(x, y, row, |x, y| Some(x & y)),
            Int::BitOr(x, y) => both(x, y, row, |x, y| Some(x | y)),
            Int::BitXor(x, y) => both(x, y, row, |x, y| Some(x ^ y)),
            Int::BitNot(x) => one(x, |x| Some(!x)),
            Int::ShiftRight(x, n) => Ok(x.value(row)?.map(|x| x >> n)),
            Int::FirstOf(x, y) => {
                let (x, y) = (x.value(row)?, y.value(row)?);
                Ok(x.or(y))
            }
            Int::NullIf(x, y) => {
                let (x, y) = (x.value(row)?, y.value(row)?);
                Ok(if x == y { None } else { x })
            }
            Int::Case(when, x, y) => {
                let (when, x, y) = (when.value(row)?, x.value(row)?, y.value(row)?);
                Ok(if when == Some(true) { x } else { y })
            }
            Int::CaseOf(x, key, y) => {
                let (x, key, y) = (x.value(row)?, key.value(row)?, y.value(row)?);
                Ok(if x.is_some() && x == key { y } else { None })
            }
            Int::Length(x) => Ok(x.value(row)?.map(|x| x.chars().count() as i64)),
            Int::Position(x, y) => Ok(match (x.value(row)?, y.value(row)?) {
                (Some(x), Some(y)) => Some(x.find(&y).map_or(0, |at| x[..at].chars().count() as i64 + 1)),
                _ => None,
            }),
        }
    }
}

impl Truth {
    fn sql(&self) -> Expr<Option<bool>> {
        let not_if = |negated: bool, x: Expr<Option<bool>>| if negated { !x } else { x };
        match self {
            Truth::P => Fact.p.type_coerce(),
            Truth::Q => Fact.q.type_coerce(),
            Truth::Value(value) => literal(*value),
            Truth::Compare(comparison, x, y) => match comparison {
                Comparison::Eq => x.sql().eq(y.sql()),
                Comparison::Ne => x.sql().ne(y.sql()),
                Comparison::Lt => x.sql().lt(y.sql()),
                Comparison::Le => x.sql().le(y.sql()),
                Comparison::Gt => x.sql().gt(y.sql()),
                Comparison::Ge => x.sql().ge(y.sql()),
            },
            Truth::CompareText(negated, x, y) => not_if(*negated, x.sql().eq(y.sql())),
            Truth::Distinct(negated, x, y) if *negated => x.sql().is_not_distinct_from(y.sql()).type_coerce(),
            Truth::Distinct(_, x, y) => x.sql().is_distinct_from(y.sql()).type_coerce(),
            Truth::DistinctText(negated, x, y) if *negated => x.sql().is_not_distinct_from(y.sql()).type_coerce(),
            Truth::DistinctText(_, x, y) => x.sql().is_distinct_from(y.sql()).type_coerce(),
            Truth::Equal(x, y) => x.sql().eq(y.sql()),
            Truth::Between(negated, x, low, high) => not_if(*negated, x.sql().between(low.sql(), high.sql())),
            Truth::In(negated, x, list) if *negated => x.sql().not_in(list.clone()),
            Truth::In(_, x, list) => x.sql().in_(list.clone()),
            Truth::InTexts(negated, x, list) if *negated => x.sql().not_in(list.clone()),
            Truth::InTexts(_, x, list) => x.sql().in_(list.clone()),
            Truth::IsNull(negated, x) if *negated => x.sql().is_not_null().type_coerce(),
            Truth::IsNull(_, x) => x.sql().is_null().type_coerce(),
            Truth::TextIsNull(negated, x) if *negated => x.sql().is_not_null().type_coerce(),
            Truth::TextIsNull(_, x) => x.sql().is_null().type_coerce(),
            Truth::IsUnknown(x) => x.sql().is_null().type_coerce(),
            Truth::Not(x) => !x.sql(),
            Truth::And(x, y) => x.sql() & y.sql(),
            Truth::Or(x, y) => x.sql() | y.sql(),
            Truth::Like(negated, x, y) => {
                let pattern: Expr<String> = y.sql().type_coerce();
                not_if(*negated, x.sql().like(pattern))
            }
            Truth::Contains(x, y) => x.sql().contains(y.sql()),
            Truth::StartsWith(x, y) => x.sql().starts_with(y.sql()),
            Truth::EndsWith(negated, x, y) => not_if(*negated, x.sql().ends_with(y.sql())),
            Truth::Case(when, x, y) => func::case(when.sql(), x.sql()).otherwise(y.sql()),
        }
    }

    fn value(&self, row: &Fact) -> Result<Option<bool>, TooLarge> {
        let not_if = |negated: bool, x: Option<bool>| x.map(|x| x != negated);
        fn texts(x: &Text, y: &Text, row: &Fact, f: fn(&str, &str) -> bool) -> Result<Option<bool>, TooLarge> {
            let (x, y) = (x.value(row)?, y.value(row)?);
            Ok(x.zip(y).map(|(x, y)| f(&x, &y)))
        }
        Ok(match self {
            Truth::P => row.p,
            Truth::Q => row.q,
            Truth::Value(value) => *value,
            // `None` as the right side means IS NULL.
            Truth::Compare(Comparison::Eq, x, y) if matches!(**y, Int::Value(None)) => Some(x.value(row)?.is_none()),
            Truth::Compare(Comparison::Ne, x, y) if matches!(**y, Int::Value(None)) => Some(x.value(row)?.is_some()),
            Truth::Compare(comparison, x, y) => {
                let (x, y) = (x.value(row)?, y.value(row)?);
                x.zip(y).map(|(x, y)| match comparison {
                    Comparison::Eq => x == y,
                    Comparison::Ne => x != y,
                    Comparison::Lt => x < y,
                    Comparison::Le => x <= y,
                    Comparison::Gt => x > y,
                    Comparison::Ge => x >= y,
                })
            }
            Truth::CompareText(negated, x, y) if matches!(**y, Text::Value(None)) => {
                Some(x.value(row)?.is_none() != *negated)
            }
            Truth::CompareText(negated, x, y) => not_if(*negated, texts(x, y, row, |x, y| x == y)?),
            Truth::Distinct(negated, x, y) => Some((x.value(row)? != y.value(row)?) != *negated),
            Truth::DistinctText(negated, x, y) => Some((x.value(row)? != y.value(row)?) != *negated),
            Truth::Equal(x, y) if matches!(**y, Truth::Value(None)) => Some(x.value(row)?.is_none()),
            Truth::Equal(x, y) => {
                let (x, y) = (x.value(row)?, y.value(row)?);
                x.zip(y).map(|(x, y)| x == y)
            }
            Truth::Between(negated, x, low, high) => {
                let (x, low, high) = (x.value(row)?, low.value(row)?, high.value(row)?);
                let (above, below) = (x.zip(low).map(|(x, low)| x >= low), x.zip(high).map(|(x, high)| x <= high));
                not_if(*negated, and(above, below))
            }
            Truth::In(negated, x, list) => not_if(*negated, is_in(x.value(row)?, list)),
            Truth::InTexts(negated, x, list) => not_if(*negated, is_in(x.value(row)?, list)),
            Truth::IsNull(negated, x) => Some(x.value(row)?.is_none() != *negated),
            Truth::TextIsNull(negated, x) => Some(x.value(row)?.is_none() != *negated),
            Truth::IsUnknown(x) => Some(x.value(row)?.is_none()),
            Truth::Not(x) => x.value(row)?.map(|x| !x),
            Truth::And(x, y) => {
                let (x, y) = (x.value(row)?, y.value(row)?);
                and(x, y)
            }
            Truth::Or(x, y) => {
                let (x, y) = (x.value(row)?, y.value(row)?);
                and(x.map(|x| !x), y.map(|y| !y)).map(|neither| !neither)
            }
            Truth::Like(negated, x, y) => not_if(*negated, texts(x, y, row, is_like)?),
            Truth::Contains(x, y) => texts(x, y, row, |x, y| x.contains(y))?,
            Truth::StartsWith(x, y) => texts(x, y, row, |x, y| x.starts_with(y))?,
            Truth::EndsWith(negated, x, y) => not_if(*negated, texts(x, y, row, |x, y| x.ends_with(y))?),
            Truth::Case(when, x, y) => {
                let (when, x, y) = (when.value(row)?, x.value(row)?, y.value(row)?);
                if when == Some(true) { x } else { y }
            }
        })
    }
}

impl Text {
    fn sql(&self) -> Expr<Option<String>> {
        match self {
            Text::S => Fact.s.type_coerce(),
            Text::T => Fact.t.type_coerce(),
            Text::Value(value) => literal(value.clone()),
            Text::Concat(x, y) => x.sql().concat(y.sql()),
            Text::Lower(x) => func::lower(x.sql()),
            Text::Replace(x, from, to) => {
                let to: Expr<String> = to.sql().type_coerce();
                func::replace(x.sql(), from, to)
            }
            Text::Substr(x, start, length) => func::substr(x.sql(), *start, *length),
            Text::Left(x, n) => func::left(x.sql(), *n),
            Text::Right(x, n) => func::right(x.sql(), *n),
            Text::FirstOf(x, y) => func::first_of((x.sql(), y.sql())),
            Text::Of(x) => x.sql().cast::<String>(),
            Text::Case(when, x, y) => func::case(when.sql(), x.sql()).otherwise(y.sql()),
        }
    }

    fn value(&self, row: &Fact) -> Result<Option<String>, TooLarge> {
        let part = |text: String, skip: i64, take: i64| text.chars().skip(skip as usize).take(take as usize).collect();
        Ok(match self {
            Text::S => row.s.clone(),
            Text::T => row.t.clone(),
            Text::Value(value) => value.clone(),
            Text::Concat(x, y) => {
                let (x, y) = (x.value(row)?, y.value(row)?);
                x.zip(y).map(|(x, y)| x + &y)
            }
            Text::Lower(x) => x.value(row)?.map(|x| x.to_lowercase()),
            Text::Replace(x, from, to) => {
                let (x, to) = (x.value(row)?, to.value(row)?);
                x.zip(to).map(|(x, to)| x.replace(from, &to))
            }
            Text::Substr(x, start, length) => x.value(row)?.map(|x| part(x, start - 1, *length)),
            Text::Left(x, n) => x.value(row)?.map(|x| part(x, 0, *n)),
            Text::Right(x, n) => x.value(row)?.map(|x| {
                let skip = (x.chars().count() as i64 - n).max(0);
                part(x, skip, *n)
            }),
            Text::FirstOf(x, y) => {
                let (x, y) = (x.value(row)?, y.value(row)?);
                x.or(y)
            }
            Text::Of(x) => x.value(row)?.map(|x| x.to_string()),
            Text::Case(when, x, y) => {
                let (when, x, y) = (when.value(row)?, x.value(row)?, y.value(row)?);
                if when == Some(true) { x } else { y }
            }
        })
    }
}

/// 64 bits do not hold a value on the way; databases say so or not.
struct TooLarge;

fn and(x: Option<bool>, y: Option<bool>) -> Option<bool> {
    match (x, y) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn is_in<T: PartialEq>(x: Option<T>, list: &[Option<T>]) -> Option<bool> {
    if list.is_empty() {
        return Some(false);
    }
    let x = x?;
    if list.iter().flatten().any(|item| *item == x) {
        return Some(true);
    }
    if list.contains(&None) { None } else { Some(false) }
}

/// LIKE, with `%` and `_` as wildcards and nothing to escape them.
fn is_like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut ends = vec![false; text.len() + 1];
    ends[0] = true;
    for wanted in pattern.chars() {
        if wanted == '%' {
            let first = ends.iter().position(|end| *end).unwrap_or(ends.len());
            ends.iter_mut().skip(first).for_each(|end| *end = true);
            continue;
        }
        let matched: Vec<bool> =
            text.iter().zip(&ends).map(|(c, end)| *end && (wanted == '_' || wanted == *c)).collect();
        ends[0] = false;
        ends[1..].copy_from_slice(&matched);
    }
    ends[text.len()]
}

// ---------------------------------------------------------------------------------------------------------- at random

fn number() -> BoxedStrategy<i64> {
    prop_oneof![4 => -3i64..12, 1 => any::<i32>().prop_map(i64::from)].boxed()
}

fn divisor() -> BoxedStrategy<i64> {
    prop_oneof![1i64..9, -9i64..0].boxed()
}

/// Letters of one case, and what patterns, escapes and literals might stumble upon.
fn word() -> BoxedStrategy<String> {
    "[ab%_/'0-]{0,5}".prop_map(|word: String| word).boxed()
}

struct Random {
    int: BoxedStrategy<Int>,
    truth: BoxedStrategy<Truth>,
    text: BoxedStrategy<Text>,
}

impl Random {
    fn leaf() -> Self {
        Random {
            int: prop_oneof![
                Just(Int::A),
                Just(Int::B),
                proptest::option::weighted(0.9, number()).prop_map(Int::Value)
            ]
            .boxed(),
            truth: prop_oneof![
                3 => Just(Truth::P),
                3 => Just(Truth::Q),
                1 => any::<Option<bool>>().prop_map(Truth::Value)
            ]
            .boxed(),
            text: prop_oneof![
                Just(Text::S),
                Just(Text::T),
                proptest::option::weighted(0.9, word()).prop_map(Text::Value)
            ]
            .boxed(),
        }
    }

    /// Returns expressions one level deeper than these.
    fn deeper(self) -> Self {
        let int = || self.int.clone().prop_map(Box::new);
        let truth = || self.truth.clone().prop_map(Box::new);
        let text = || self.text.clone().prop_map(Box::new);
        let yes = any::<bool>;
        let comparison = prop_oneof![
            Just(Comparison::Eq),
            Just(Comparison::Ne),
            Just(Comparison::Lt),
            Just(Comparison::Le),
            Just(Comparison::Gt),
            Just(Comparison::Ge)
        ];
        let numbers = vec(proptest::option::weighted(0.9, number()), 0..14);
        let words = vec(proptest::option::weighted(0.9, word()), 0..12);
        Random {
            int: prop_oneof![
                2 => self.int.clone(),
                1 => int().prop_map(Int::Minus),
                1 => int().prop_map(Int::Abs),
                2 => (int(), int()).prop_map(|(x, y)| Int::Sum(x, y)),
                2 => (int(), int()).prop_map(|(x, y)| Int::Difference(x, y)),
                2 => (int(), int()).prop_map(|(x, y)| Int::Product(x, y)),
                1 => (int(), divisor()).prop_map(|(x, n)| Int::Quotient(x, n)),
                1 => (int(), divisor()).prop_map(|(x, n)| Int::Remainder(x, n)),
                1 => (int(), int()).prop_map(|(x, y)| Int::BitAnd(x, y)),
                1 => (int(), int()).prop_map(|(x, y)| Int::BitOr(x, y)),
                1 => (int(), int()).prop_map(|(x, y)| Int::BitXor(x, y)),
                1 => int().prop_map(Int::BitNot),
                // A database shifts in the width that it has for the number; that of a length is 32 bits on PostgreSQL.
                1 => (int(), 0i64..31).prop_map(|(x, n)| Int::ShiftRight(x, n)),
                1 => (int(), int()).prop_map(|(x, y)| Int::FirstOf(x, y)),
                1 => (int(), int()).prop_map(|(x, y)| Int::NullIf(x, y)),
                1 => (truth(), int(), int()).prop_map(|(when, x, y)| Int::Case(when, x, y)),
                1 => (int(), int(), int()).prop_map(|(x, key, y)| Int::CaseOf(x, key, y)),
                1 => text().prop_map(Int::Length),
                1 => (text(), text()).prop_map(|(x, y)| Int::Position(x, y)),
            ]
            .boxed(),
            truth: prop_oneof![
                2 => self.truth.clone(),
                4 => (comparison, int(), int()).prop_map(|(comparison, x, y)| Truth::Compare(comparison, x, y)),
                1 => (yes(), text(), text()).prop_map(|(negated, x, y)| Truth::CompareText(negated, x, y)),
                1 => (yes(), int(), int()).prop_map(|(negated, x, y)| Truth::Distinct(negated, x, y)),
                1 => (yes(), text(), text()).prop_map(|(negated, x, y)| Truth::DistinctText(negated, x, y)),
                1 => (truth(), truth()).prop_map(|(x, y)| Truth::Equal(x, y)),
                1 => (yes(), int(), int(), int()).prop_map(|(negated, x, y, z)| Truth::Between(negated, x, y, z)),
                2 => (yes(), int(), numbers).prop_map(|(negated, x, list)| Truth::In(negated, x, list)),
                1 => (yes(), text(), words).prop_map(|(negated, x, list)| Truth::InTexts(negated, x, list)),
                1 => (yes(), int()).prop_map(|(negated, x)| Truth::IsNull(negated, x)),
                1 => (yes(), text()).prop_map(|(negated, x)| Truth::TextIsNull(negated, x)),
                1 => truth().prop_map(Truth::IsUnknown),
                2 => truth().prop_map(Truth::Not),
                3 => (truth(), truth()).prop_map(|(x, y)| Truth::And(x, y)),
                3 => (truth(), truth()).prop_map(|(x, y)| Truth::Or(x, y)),
                2 => (yes(), text(), text()).prop_map(|(negated, x, y)| Truth::Like(negated, x, y)),
                1 => (text(), text()).prop_map(|(x, y)| Truth::Contains(x, y)),
                1 => (text(), text()).prop_map(|(x, y)| Truth::StartsWith(x, y)),
                1 => (yes(), text(), text()).prop_map(|(negated, x, y)| Truth::EndsWith(negated, x, y)),
                1 => (truth(), truth(), truth()).prop_map(|(when, x, y)| Truth::Case(when, x, y)),
            ]
            .boxed(),
            text: prop_oneof![
                2 => self.text.clone(),
                2 => (text(), text()).prop_map(|(x, y)| Text::Concat(x, y)),
                1 => text().prop_map(Text::Lower),
                1 => (text(), "[ab%_/'0-]{1,2}", text()).prop_map(|(x, from, y)| Text::Replace(x, from, y)),
                1 => (text(), 1i64..5, 0i64..5).prop_map(|(x, start, length)| Text::Substr(x, start, length)),
                1 => (text(), 0i64..5).prop_map(|(x, n)| Text::Left(x, n)),
                1 => (text(), 0i64..5).prop_map(|(x, n)| Text::Right(x, n)),
                1 => (text(), text()).prop_map(|(x, y)| Text::FirstOf(x, y)),
                1 => int().prop_map(Text::Of),
                1 => (truth(), text(), text()).prop_map(|(when, x, y)| Text::Case(when, x, y)),
            ]
            .boxed(),
        }
    }
}

/// As many cases as the environment says; a failure is not kept in a file.
pub(crate) fn config() -> Config {
    let cases = Config::default().cases.clamp(1, 100_000);
    Config {
        cases,
        failure_persistence: None,
        max_global_rejects: cases * 20,
        max_shrink_iters: 5_000,
        ..Config::default()
    }
}

/// The rows that every expression is computed for.
fn facts() -> Vec<Fact> {
    let ints = [None, Some(0), Some(1), Some(-7), Some(i64::from(i32::MAX)), Some(5)];
    let texts = [None, Some(""), Some("ab"), Some("a%b_"), Some("/'0-"), Some("bba")];
    let truths = [None, Some(true), Some(false)];
    let text = |at: usize| texts[at % 6].map(str::to_owned);
    (0..18usize)
        .map(|id| Fact {
            id: id as i64,
            a: ints[id % 6],
            b: ints[(id / 3 + 2) % 6],
            s: text(id + 1),
            t: text(id / 2 + 3),
            p: truths[id % 3],
            q: truths[id / 3 % 3],
        })
        .collect()
}

#[test]
fn the_database_answers_what_the_evaluator_answers() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let facts = facts();
    let engine = runtime.block_on(async {
        let engine = empty_engine().await;
        metadata![Fact].create_all(&engine).await.unwrap();
        insert(Fact).values(facts.clone()).execute(&engine).await.unwrap();
        engine
    });
    let Random { int, truth, text } = Random::leaf().deeper().deeper().deeper();
    let outcome = TestRunner::new(config()).run(&(int, truth, text), |(int, truth, text)| {
        let mut known = Vec::new();
        for fact in &facts {
            let values = (|| Ok::<_, TooLarge>((fact.id, int.value(fact)?, truth.value(fact)?, text.value(fact)?)))();
            known.push(values.map_err(|TooLarge| TestCaseError::reject("too large"))?);
        }
        let statement = || select((Fact.id, int.sql(), truth.sql(), text.sql())).order_by(Fact.id);
        let sql = statement().to_sql_literal(engine.dialect());
        let answered = runtime
            .block_on(statement().all(&engine))
            .map_err(|error| TestCaseError::fail(format!("{error}\n{sql}")))?;
        let differing: Vec<_> = known.iter().zip(&answered).filter(|(known, answered)| known != answered).collect();
        proptest::prop_assert!(differing.is_empty(), "expected and answered: {differing:#?}\n{sql}");
        let passing = select(Fact.id).filter(truth.sql()).order_by(Fact.id);
        let passing = runtime.block_on(passing.all(&engine)).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let wanted: Vec<i64> = known.iter().filter(|(_, _, truth, _)| *truth == Some(true)).map(|row| row.0).collect();
        proptest::prop_assert_eq!(passing, wanted, "{}", sql);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    runtime.block_on(engine.dispose());
}
