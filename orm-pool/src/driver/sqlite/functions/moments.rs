//! Dates and times, to the microsecond: SQLite's own functions round to milliseconds, and write another form than values have.

use super::{Answer, Function, shown};
use crate::{Kind, ValueRef, text};

pub(super) static FUNCTIONS: [Function; 5] = [
    Function { name: c"date_of", arguments: 1, call: date },
    Function { name: c"date_trunc", arguments: 2, call: truncate },
    Function { name: c"add_micros", arguments: 2, call: |values| moved(values, i64::checked_add) },
    Function { name: c"sub_micros", arguments: 2, call: |values| moved(values, i64::checked_sub) },
    Function { name: c"micros_between", arguments: 2, call: between },
];

/// Microseconds of a second.
const SECOND: i64 = 1_000_000;

/// Reads a moment, or a date as its midnight, in microseconds since 1970; NULL is nothing.
fn read(value: ValueRef<'_>) -> Result<Option<i64>, String> {
    let parts = match value {
        ValueRef::Null => return Ok(None),
        ValueRef::Text(text) => text::parse(Kind::Timestamp, text),
        _ => None,
    };
    match parts.and_then(text::joined) {
        Some(micros) => Ok(Some(micros)),
        None => Err(format!("{} is no date and time", shown(value))),
    }
}

/// `date_trunc('month', x)`: the beginning of the month, as PostgreSQL's function of that name.
fn truncate(values: &[ValueRef<'_>]) -> Result<Answer, String> {
    let [ValueRef::Text(unit), value] = *values else { return Ok(Answer::Null) };
    let Some(micros) = read(value)? else { return Ok(Answer::Null) };
    let (days, _) = text::split(micros);
    let (year, month, day) = text::civil(days.into());
    let midnight = |days: i32| i64::from(days) * text::DAY;
    let beginning = match unit {
        "year" => midnight(text::days(year, 1, 1)),
        "quarter" => midnight(text::days(year, (month - 1) / 3 * 3 + 1, 1)),
        "month" => midnight(text::days(year, month, 1)),
        // Monday; 1970 began on a Thursday.
        "week" => midnight(days - (days + 3).rem_euclid(7)),
        "day" => midnight(text::days(year, month, day)),
        "hour" => micros - micros.rem_euclid(3600 * SECOND),
        "minute" => micros - micros.rem_euclid(60 * SECOND),
        "second" => micros - micros.rem_euclid(SECOND),
        _ => return Err(format!("`{unit}` is no unit of time")),
    };
    Ok(Answer::Text(text::date_time(beginning)))
}

/// `date_of(x)`: the date alone.
fn date(values: &[ValueRef<'_>]) -> Result<Answer, String> {
    let [value] = *values else { return Ok(Answer::Null) };
    Ok(read(value)?.map_or(Answer::Null, |micros| Answer::Text(text::date(text::split(micros).0))))
}

/// `add_micros(x, n)` and `sub_micros(x, n)`: the moment so many microseconds later, or earlier.
fn moved(values: &[ValueRef<'_>], by: fn(i64, i64) -> Option<i64>) -> Result<Answer, String> {
    let [value, span] = *values else { return Ok(Answer::Null) };
    let Some(micros) = read(value)? else { return Ok(Answer::Null) };
    let span = match span {
        ValueRef::Int(span) => span,
        ValueRef::Null => return Ok(Answer::Null),
        other => return Err(format!("{} is no number of microseconds", shown(other))),
    };
    match by(micros, span) {
        Some(later) => Ok(Answer::Text(text::date_time(later))),
        None => Err("the moment is too far away".into()),
    }
}

/// `micros_between(x, y)`: how many microseconds `x` is later than `y`.
fn between(values: &[ValueRef<'_>]) -> Result<Answer, String> {
    let [later, earlier] = *values else { return Ok(Answer::Null) };
    let (Some(later), Some(earlier)) = (read(later)?, read(earlier)?) else { return Ok(Answer::Null) };
    later.checked_sub(earlier).map(Answer::Int).ok_or_else(|| "the moments are too far from each other".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(answer: Result<Answer, String>) -> String {
        match answer {
            Ok(Answer::Text(text)) => text,
            Ok(Answer::Int(number)) => number.to_string(),
            Ok(_) => "NULL".into(),
            Err(message) => message,
        }
    }

    #[test]
    fn a_moment_is_cut_to_the_beginning_of_its_unit() {
        for (unit, expected) in [
            ("year", "1969-01-01 00:00:00"),
            ("quarter", "1969-10-01 00:00:00"),
            ("month", "1969-12-01 00:00:00"),
            ("week", "1969-12-29 00:00:00"),
            ("day", "1969-12-31 00:00:00"),
            ("hour", "1969-12-31 23:00:00"),
            ("minute", "1969-12-31 23:58:00"),
            ("second", "1969-12-31 23:58:59"),
            ("era", "`era` is no unit of time"),
        ] {
            let found = truncate(&[ValueRef::Text(unit), ValueRef::Text("1969-12-31 23:58:59.999999")]);
            assert_eq!(text_of(found), expected);
        }
    }

    #[test]
    fn moments_are_added_to_and_compared_by_microseconds() {
        let moment = ValueRef::Text("2024-02-28T23:59:59.999999Z");
        let add = |value, span| text_of(moved(&[value, span], i64::checked_add));
        assert_eq!(add(moment, ValueRef::Int(1)), "2024-02-29 00:00:00");
        assert_eq!(add(ValueRef::Text("2024-03-01"), ValueRef::Int(-1)), "2024-02-29 23:59:59.999999");
        assert_eq!(add(ValueRef::Text("9999-12-31"), ValueRef::Int(text::DAY)), "+10000-01-01 00:00:00");
        assert_eq!(add(ValueRef::Null, ValueRef::Int(1)), "NULL");
        assert_eq!(add(moment, ValueRef::Null), "NULL");
        assert_eq!(add(moment, ValueRef::Float64(0.5)), "0.5 is no number of microseconds");
        assert_eq!(add(ValueRef::Text("noon"), ValueRef::Int(1)), "`noon` is no date and time");
        assert_eq!(add(moment, ValueRef::Int(i64::MAX)), "the moment is too far away");
        let earlier = moved(&[moment, ValueRef::Int(i64::MIN)], i64::checked_sub);
        assert_eq!(text_of(earlier), "the moment is too far away");
        assert_eq!(text_of(date(&[ValueRef::Text("-0096-11-05 23:00:00")])), "-0096-11-05");
        assert_eq!(text_of(between(&[moment, ValueRef::Text("2024-02-28 23:59:59.5")])), "499999");
    }
}
