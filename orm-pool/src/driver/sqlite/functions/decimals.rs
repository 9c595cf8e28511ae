//! What is computed of decimal numbers, which SQLite keeps as text.
//!
//! Sums and differences are exact or an error. A product is rounded to what 28 digits hold, and an error where 15 of them would
//! not be left; a quotient has 16 significant digits, or as many behind the point as its operands, as on PostgreSQL.
//!
//! `decimal_add`, `decimal_sub`, `decimal_mul` and `decimal_sum` have the names and the results of those in SQLite's own shell,
//! so that a statement which uses them can be tried there.

use rust_decimal::{Decimal, RoundingStrategy};

use super::{Aggregate, Answer, Function, Total, shown};
use crate::{ValueRef, text};

pub(super) static FUNCTIONS: [Function; 11] = [
    Function { name: c"decimal", arguments: 1, call: |values| unary(values, Some) },
    Function { name: c"decimal_abs", arguments: 1, call: |values| unary(values, |number| Some(number.abs())) },
    Function { name: c"decimal_ceil", arguments: 1, call: |values| unary(values, |number| Some(number.ceil())) },
    Function { name: c"decimal_floor", arguments: 1, call: |values| unary(values, |number| Some(number.floor())) },
    // Not `-number`, which makes a zero with a sign.
    Function {
        name: c"decimal_neg",
        arguments: 1,
        call: |values| unary(values, |number| subtract(Decimal::ZERO, number)),
    },
    Function { name: c"decimal_add", arguments: 2, call: |values| binary(values, add_up) },
    Function { name: c"decimal_sub", arguments: 2, call: |values| binary(values, subtract) },
    Function { name: c"decimal_mul", arguments: 2, call: |values| binary(values, multiply) },
    Function { name: c"decimal_div", arguments: 2, call: |values| quotient(values, divide) },
    Function { name: c"decimal_rem", arguments: 2, call: |values| quotient(values, Decimal::checked_rem) },
    Function { name: c"decimal_round", arguments: 2, call: round },
];

pub(super) static AGGREGATES: [Aggregate; 2] = [
    Aggregate {
        name: c"decimal_sum",
        step: add,
        inverse: remove,
        value: |total| Ok(total.finished(|sum, _| Some(sum))),
    },
    Aggregate { name: c"decimal_avg", step: add, inverse: remove, value: |total| Ok(total.finished(divide)) },
];

fn add(total: &mut Total, value: ValueRef<'_>) -> Result<(), String> {
    total.change(value, 1, add_up)
}

fn remove(total: &mut Total, value: ValueRef<'_>) -> Result<(), String> {
    total.change(value, -1, subtract)
}

impl Total {
    /// Finishes a sum with the number of its rows, of which there must be some.
    fn finished(&self, finish: fn(Decimal, Decimal) -> Option<Decimal>) -> Answer {
        match self.count {
            0 => Answer::Null,
            rows => finish(Decimal::deserialize(self.sum), rows.into()).map_or(Answer::Null, number),
        }
    }

    fn change(
        &mut self,
        value: ValueRef<'_>,
        rows: i64,
        add: fn(Decimal, Decimal) -> Option<Decimal>,
    ) -> Result<(), String> {
        let Some(number) = read(value)? else { return Ok(()) };
        let sum = add(Decimal::deserialize(self.sum), number).ok_or_else(|| too_long("a sum"))?;
        self.sum = sum.serialize();
        self.count = self.count.wrapping_add_signed(rows);
        Ok(())
    }
}

/// Returns a sum if no digit of it was lost.
fn whole_sum(left: Decimal, right: Decimal, add: fn(Decimal, Decimal) -> Option<Decimal>) -> Option<Decimal> {
    let exact =
        |left: Decimal, right: Decimal| add(left, right).filter(|sum| sum.scale() >= left.scale().max(right.scale()));
    // Zeros at the end take digits which the sum may need.
    exact(left, right).or_else(|| exact(left.normalize(), right.normalize()))
}

fn add_up(left: Decimal, right: Decimal) -> Option<Decimal> {
    whole_sum(left, right, Decimal::checked_add)
}

fn subtract(left: Decimal, right: Decimal) -> Option<Decimal> {
    whole_sum(left, right, Decimal::checked_sub)
}

fn multiply(left: Decimal, right: Decimal) -> Option<Decimal> {
    let product = left.checked_mul(right)?;
    let (left, right) = (left.normalize(), right.normalize());
    let is_rounded = product.scale() < left.scale() + right.scale();
    (!is_rounded || digits(product) >= 15).then_some(product)
}

fn divide(left: Decimal, right: Decimal) -> Option<Decimal> {
    let quotient = left.checked_div(right)?;
    // Behind the point: 16, and one more for each zero that comes first there.
    let places = 16 + quotient.scale().saturating_sub(digits(quotient));
    let places = places.max(left.scale()).max(right.scale());
    Some(quotient.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero))
}

/// Counts the significant digits of a number.
fn digits(number: Decimal) -> u32 {
    number.mantissa().unsigned_abs().checked_ilog10().map_or(0, |digits| digits + 1)
}

fn number(number: Decimal) -> Answer {
    Answer::Text(number.to_string())
}

fn too_long(what: &str) -> String {
    format!("{what} does not fit into a decimal number, which has 28 digits")
}

/// Reads a number, or NULL.
fn read(value: ValueRef<'_>) -> Result<Option<Decimal>, String> {
    let number = match value {
        ValueRef::Null => return Ok(None),
        ValueRef::Int(number) => Some(Decimal::from(number)),
        // The shortest text that means this float is the number meant.
        ValueRef::Float64(number) => text::decimal(&number.to_string()),
        ValueRef::Text(text) => text::decimal(text),
        _ => None,
    };
    match number {
        Some(number) => Ok(Some(number)),
        None => Err(format!("{} is not a decimal number of at most 28 digits", shown(value))),
    }
}

fn unary(values: &[ValueRef<'_>], compute: fn(Decimal) -> Option<Decimal>) -> Result<Answer, String> {
    match values {
        [value] => match read(*value)? {
            Some(value) => compute(value).map(number).ok_or_else(|| too_long("a result")),
            None => Ok(Answer::Null),
        },
        _ => Ok(Answer::Null),
    }
}

fn binary(values: &[ValueRef<'_>], compute: fn(Decimal, Decimal) -> Option<Decimal>) -> Result<Answer, String> {
    of_pair(pair(values)?, compute)
}

/// Divides. By nothing there is no result, as in SQLite's own division.
fn quotient(values: &[ValueRef<'_>], compute: fn(Decimal, Decimal) -> Option<Decimal>) -> Result<Answer, String> {
    of_pair(pair(values)?.filter(|(_, divisor)| !divisor.is_zero()), compute)
}

/// Reads two numbers, unless one of them is NULL.
fn pair(values: &[ValueRef<'_>]) -> Result<Option<(Decimal, Decimal)>, String> {
    match values {
        [left, right] => Ok(read(*left)?.zip(read(*right)?)),
        _ => Ok(None),
    }
}

fn of_pair(
    pair: Option<(Decimal, Decimal)>,
    compute: fn(Decimal, Decimal) -> Option<Decimal>,
) -> Result<Answer, String> {
    match pair {
        Some((left, right)) => compute(left, right).map(number).ok_or_else(|| too_long("a result")),
        None => Ok(Answer::Null),
    }
}

/// Rounds to so many digits behind the point, or before it where they are fewer than none. Halves go away from zero.
fn round(values: &[ValueRef<'_>]) -> Result<Answer, String> {
    let [value, places] = values else { return Ok(Answer::Null) };
    let (Some(value), ValueRef::Int(places)) = (read(*value)?, *places) else { return Ok(Answer::Null) };
    let rounded = match u32::try_from(places) {
        Ok(places) => Some(to_places(value, places.min(Decimal::MAX_SCALE))),
        Err(_) => to_tens(value, places.unsigned_abs()),
    };
    rounded.map(number).ok_or_else(|| too_long("a result"))
}

fn to_places(value: Decimal, places: u32) -> Decimal {
    let mut rounded = value.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
    // As many zeroes as others write.
    rounded.rescale(places);
    rounded
}

fn to_tens(value: Decimal, digits: u64) -> Option<Decimal> {
    if digits > u64::from(Decimal::MAX_SCALE) {
        return Some(Decimal::ZERO);
    }
    let unit = Decimal::from_i128_with_scale(10_i128.pow(digits as u32), 0);
    to_places(value.checked_div(unit)?, 0).checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn computed(name: &std::ffi::CStr, values: &[&str]) -> Result<String, String> {
        let function = FUNCTIONS.iter().find(|function| function.name == name).expect("there is such a function");
        let values: Vec<_> = values
            .iter()
            .map(|value| match value.parse() {
                Ok(whole) => ValueRef::Int(whole),
                Err(_) => ValueRef::Text(value),
            })
            .collect();
        (function.call)(&values).map(|answer| match answer {
            Answer::Text(text) => text,
            Answer::Null => "NULL".into(),
            _ => "another type".into(),
        })
    }

    #[test]
    fn numbers_are_computed_exactly() {
        for (name, values, expected) in [
            (c"decimal_add", ["0.1", "0.2"], "0.3"),
            (c"decimal_add", ["-10.05", "9.95"], "-0.10"),
            (c"decimal_sub", ["1", "0.9"], "0.1"),
            (c"decimal_mul", ["1.10", "3"], "3.30"),
            (c"decimal_div", ["10.00", "4"], "2.50"),
            (c"decimal_div", ["1", "3"], "0.3333333333333333"),
            (c"decimal_div", ["0.001", "3"], "0.0003333333333333333"),
            (c"decimal_mul", ["0.333333333333333333", "0.333333333333333333"], "0.1111111111111111108888888889"),
            (c"decimal_add", ["7922816251426433759354395033.0", "0.4"], "7922816251426433759354395033.4"),
            (c"decimal_div", ["1.5", "0"], "NULL"),
            (c"decimal_rem", ["7.5", "2"], "1.5"),
            (c"decimal_rem", ["-7.5", "2"], "-1.5"),
            (c"decimal_round", ["9.85", "1"], "9.9"),
            (c"decimal_round", ["-2.5", "0"], "-3"),
            (c"decimal_round", ["2.5", "3"], "2.500"),
            (c"decimal_round", ["1250.5", "-2"], "1300"),
            (c"decimal_round", ["-1249.9", "-2"], "-1200"),
            (c"decimal_round", ["5", "-30"], "0"),
        ] {
            assert_eq!(computed(name, &values).as_deref(), Ok(expected), "{name:?} {values:?}");
        }
        assert_eq!(computed(c"decimal_neg", &["0.0"]).as_deref(), Ok("0.0"));
        assert_eq!(computed(c"decimal_ceil", &["-1.5"]).as_deref(), Ok("-1"));
        assert_eq!(computed(c"decimal_floor", &["-1.5"]).as_deref(), Ok("-2"));
        assert_eq!(computed(c"decimal", &["1.0e+20"]).as_deref(), Ok("100000000000000000000"));
    }

    #[test]
    fn what_is_no_number_or_too_long_is_an_error() {
        let message = "`x` is not a decimal number of at most 28 digits";
        assert_eq!(computed(c"decimal_add", &["x", "1.5"]), Err(message.into()));
        let most = "79228162514264337593543950335";
        let message = "a result does not fit into a decimal number, which has 28 digits";
        assert_eq!(computed(c"decimal_add", &[most, "1.0"]), Err(message.into()));
        assert_eq!(computed(c"decimal_add", &["7922816251426433759354395033", "0.44"]), Err(message.into()));
        let small = ["0.00000000000001234567", "0.000000000000001"];
        assert_eq!(computed(c"decimal_mul", &small), Err(message.into()));
    }

    #[test]
    fn what_leaves_a_sum_was_in_it_as_it_was() {
        let mut total = Total::default();
        let value = |text| ValueRef::Text(text);
        add(&mut total, value("7922816251426433759354395033")).expect("a number");
        assert!(add(&mut total, value("0.44")).is_err());
        remove(&mut total, value("7922816251426433759354395033")).expect("a number");
        add(&mut total, value("0.44")).expect("a number");
        assert!(matches!((AGGREGATES[0].value)(&total), Ok(Answer::Text(sum)) if sum == "0.44"));
    }
}
