//! Mathematics and statistics with floats, which the embedded SQLite was compiled without.
//!
//! What has no result, such as the root of -1, is NULL, as in SQLite's own functions; what is too large is an error.

use super::{Aggregate, Answer, Function, Total, shown};
use crate::ValueRef;

macro_rules! functions {
    ($($name:literal = $compute:expr;)*) => {
        [$(Function { name: $name, arguments: 1, call: |values| unary(values, $compute) },)*]
    };
}

pub(super) static FUNCTIONS: [Function; 10] = functions();

const fn functions() -> [Function; 10] {
    let [sqrt, exp, ln, sin, cos, tan, degrees, radians] = functions! {
        c"sqrt" = f64::sqrt;
        c"exp" = f64::exp;
        // Of zero it is no number to the others either.
        c"ln" = |number| if number == 0.0 { f64::NAN } else { number.ln() };
        c"sin" = f64::sin;
        c"cos" = f64::cos;
        c"tan" = f64::tan;
        c"degrees" = f64::to_degrees;
        c"radians" = f64::to_radians;
    };
    let power = Function { name: c"power", arguments: 2, call: power };
    let whole = Function { name: c"whole", arguments: 1, call: whole };
    [sqrt, exp, ln, sin, cos, tan, degrees, radians, power, whole]
}

pub(super) static AGGREGATES: [Aggregate; 2] = [
    Aggregate { name: c"var_samp", step: add, inverse: remove, value: |total| variance(total, |variance| variance) },
    Aggregate { name: c"stddev_samp", step: add, inverse: remove, value: |total| variance(total, f64::sqrt) },
];

/// Reads a number; NULL and what is none is nothing.
fn read(value: ValueRef<'_>) -> Option<f64> {
    match value {
        ValueRef::Int(number) => Some(number as f64),
        ValueRef::Float64(number) => Some(number),
        ValueRef::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn answer(number: f64) -> Result<Answer, String> {
    if number.is_infinite() {
        return Err("the result is out of the range of a float".into());
    }
    Ok(if number.is_nan() { Answer::Null } else { Answer::Float(number) })
}

fn unary(values: &[ValueRef<'_>], compute: fn(f64) -> f64) -> Result<Answer, String> {
    match values {
        [value] => read(*value).map_or(Ok(Answer::Null), |number| answer(compute(number))),
        _ => Ok(Answer::Null),
    }
}

/// `whole(x)`: an integer of what a text says, without what is behind the point.
fn whole(values: &[ValueRef<'_>]) -> Result<Answer, String> {
    /// The least float that is beyond 64 bits.
    const END: f64 = 9_223_372_036_854_775_808.0;
    let [value] = *values else { return Ok(Answer::Null) };
    let number = match value {
        ValueRef::Null => return Ok(Answer::Null),
        ValueRef::Int(number) => return Ok(Answer::Int(number)),
        ValueRef::Text(text) => match text.trim().parse() {
            Ok(number) => return Ok(Answer::Int(number)),
            Err(_) => text.trim().parse().ok(),
        },
        ValueRef::Float64(number) => Some(number),
        _ => None,
    };
    match number {
        Some(number) if (-END..END).contains(&number) => Ok(Answer::Int(number as i64)),
        Some(_) => Err(format!("{} does not fit into 64 bits", shown(value))),
        None => Err(format!("{} is no number", shown(value))),
    }
}

fn power(values: &[ValueRef<'_>]) -> Result<Answer, String> {
    match values {
        [base, exponent] => match (read(*base), read(*exponent)) {
            (Some(base), Some(exponent)) => answer(base.powf(exponent)),
            _ => Ok(Answer::Null),
        },
        _ => Ok(Answer::Null),
    }
}

/// Welford's way, which does not lose the difference of two large sums.
fn add(total: &mut Total, value: ValueRef<'_>) -> Result<(), String> {
    let Some(number) = read(value) else { return Ok(()) };
    total.count += 1;
    let distance = number - total.mean;
    total.mean += distance / total.count as f64;
    total.spread += distance * (number - total.mean);
    Ok(())
}

/// What a row has added cannot be taken out again without losing digits.
fn remove(_: &mut Total, _: ValueRef<'_>) -> Result<(), String> {
    Err("there is no variance or standard deviation of a frame whose beginning moves".into())
}

/// Of one row there is none.
fn variance(total: &Total, finish: fn(f64) -> f64) -> Result<Answer, String> {
    if total.count < 2 {
        return Ok(Answer::Null);
    }
    answer(finish((total.spread / (total.count - 1) as f64).max(0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn float(answer: Result<Answer, String>) -> Option<f64> {
        match answer.expect("it is no error") {
            Answer::Float(number) => Some(number),
            _ => None,
        }
    }

    #[test]
    fn the_variance_does_not_lose_what_is_small_beside_what_is_great() {
        let mut total = Total::default();
        assert_eq!(float((AGGREGATES[0].value)(&total)), None);
        for number in [1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0] {
            add(&mut total, ValueRef::Float64(number)).expect("a number");
        }
        add(&mut total, ValueRef::Null).expect("nothing");
        assert_eq!(float((AGGREGATES[0].value)(&total)), Some(30.0));
        assert_eq!(float((AGGREGATES[1].value)(&total)), Some(30.0_f64.sqrt()));
    }

    #[test]
    fn what_has_no_result_is_null_and_what_is_too_large_an_error() {
        let call = |name: &std::ffi::CStr, values: &[ValueRef<'_>]| {
            let function = FUNCTIONS.iter().find(|function| function.name == name).expect("there is such a function");
            (function.call)(values)
        };
        assert_eq!(float(call(c"sqrt", &[ValueRef::Int(9)])), Some(3.0));
        assert_eq!(float(call(c"power", &[ValueRef::Text("1.5"), ValueRef::Int(2)])), Some(2.25));
        for (name, value) in [(c"sqrt", ValueRef::Int(-1)), (c"ln", ValueRef::Int(0)), (c"exp", ValueRef::Null)] {
            assert_eq!(float(call(name, &[value])), None, "{name:?}");
        }
        assert!(call(c"exp", &[ValueRef::Int(1000)]).is_err());
    }
}
