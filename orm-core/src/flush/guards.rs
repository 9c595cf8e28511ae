//! Values that must still be what they were when they were read, as the database keeps them.
//!
//! What a database keeps is not always what it was sent, nor compared as that: SQLite's `CURRENT_TIMESTAMP` has neither
//! fraction nor zone, a `DECIMAL(10, 2)` keeps two digits of three, and `JSON` has no `=` on PostgreSQL. So where a
//! statement has not found all rows as they were, they are read, and only what differs by more than its form is stale.

use std::collections::HashMap;
use std::ops::ControlFlow;

use orm_pool::Value;

use super::update::{RowChange, row_filters};
use crate::engine::{Connection, OnRow};
use crate::error::Result;
use crate::mapper::{Alias, Mapper, Object, Row};
use crate::session::Key;
use crate::sql::{Lock, Output, SelectNode, Statement};
use crate::types::same;

/// Runs a statement that changes rows, each as it was read; returns how many it found so.
pub(super) async fn run(
    connection: &mut Connection,
    mapper: &'static Mapper,
    rows: &[RowChange],
    statement: impl Fn(&[RowChange]) -> Statement,
    take: &mut OnRow<'_>,
) -> Result<u64> {
    let has_own_type = |column: &u16| mapper.definition().columns[usize::from(*column)].has_own_type();
    let count = rows.len() as u64;
    let is_told = rows.iter().all(|row| !row.guards.iter().any(has_own_type));
    if !is_told && !are_kept(connection, mapper, rows).await? {
        return Ok(0);
    }
    let guarded = (!is_told).then(|| with_guards(rows, |column| !has_own_type(column)));
    let changed = connection.run(statement(guarded.as_deref().unwrap_or(rows)), take).await?.rows_affected;
    let is_guarded = rows.iter().any(|row| !row.guards.is_empty());
    if changed == count || !is_guarded || !are_kept(connection, mapper, rows).await? {
        return Ok(changed);
    }
    Ok(connection.run(statement(&with_guards(rows, |_| false)), take).await?.rows_affected)
}

/// The same for a statement that gives no rows.
pub(super) async fn change(
    connection: &mut Connection,
    mapper: &'static Mapper,
    rows: &[RowChange],
    statement: impl Fn(&[RowChange]) -> Statement,
) -> Result<u64> {
    run(connection, mapper, rows, statement, &mut |_| Ok(ControlFlow::Continue(()))).await
}

fn with_guards(rows: &[RowChange], stays: impl Fn(&u16) -> bool) -> Vec<RowChange> {
    let mut rows = rows.to_vec();
    rows.iter_mut().for_each(|row| row.guards.retain(&stays));
    rows
}

/// Reads rows against changes by others; returns whether each is there and is as it was read, or has been changed to what
/// it gets already.
async fn are_kept(connection: &mut Connection, mapper: &'static Mapper, rows: &[RowChange]) -> Result<bool> {
    let outputs = vec![Output::entity(mapper, Alias::NONE)];
    let filters = row_filters(mapper, rows.iter().map(|row| (&*row.base, &[] as &[u16])));
    let mut select = SelectNode { outputs, filters: filters.into_iter().collect(), ..SelectNode::default() };
    select.lock = Some(Lock::update());
    let mut found: HashMap<Key, Box<dyn Object>> = HashMap::new();
    let mut take = |row: Row<'_>| {
        let object = (mapper.read)(&row, 0)?;
        found.extend(Key::of_object(&*object).map(|key| (key, object)));
        Ok(ControlFlow::Continue(()))
    };
    connection.run(Statement::Select(Box::new(select)), &mut take).await?;
    Ok(rows.iter().all(|row| {
        let found = Key::of_object(&*row.base).and_then(|key| found.get(&key));
        found.is_some_and(|found| row.guards.iter().all(|&column| is_kept(row, column, &**found)))
    }))
}

fn is_kept(row: &RowChange, column: u16, found: &dyn Object) -> bool {
    let kept = found.column(usize::from(column));
    let next = row.sets.iter().find(|(set, _)| *set == column).map(|(_, value)| value);
    is_form_of(&kept, &row.base.column(usize::from(column))) || next.is_some_and(|next| is_form_of(&kept, next))
}

/// Returns whether a value is what a database may have made of one that it was sent: cut or rounded.
fn is_form_of(kept: &Value, sent: &Value) -> bool {
    match (kept, sent) {
        (Value::Decimal(kept), Value::Decimal(sent)) => is_rounded(kept, sent),
        (Value::Float64(kept), Value::Float64(sent)) => {
            kept.to_bits() == sent.to_bits() || *kept as f32 == *sent as f32
        }
        (Value::Time(kept), Value::Time(sent))
        | (Value::DateTime(kept), Value::DateTime(sent))
        | (Value::Timestamp(kept), Value::Timestamp(sent)) => {
            let is_cut =
                |unit: i64| kept % unit == 0 && is_one_of_two(i128::from(*kept), i128::from(*sent), i128::from(unit));
            kept == sent || (1..=6).map(|digits| 10_i64.pow(digits)).any(is_cut)
        }
        (Value::Text(kept), Value::Text(sent)) => kept.trim_end_matches(' ') == sent.trim_end_matches(' '),
        _ => same(kept, sent),
    }
}

/// Returns whether a decimal number is another one of fewer digits.
fn is_rounded(kept: &str, sent: &str) -> bool {
    let (Some((kept, places)), Some((sent, sent_places))) = (number(kept), number(sent)) else { return kept == sent };
    let power = |places: u32| 10_i128.checked_pow(places);
    match sent_places.checked_sub(places) {
        Some(more) => {
            power(more).is_some_and(|unit| kept.checked_mul(unit).is_some_and(|kept| is_one_of_two(kept, sent, unit)))
        }
        None => power(places - sent_places).and_then(|unit| sent.checked_mul(unit)) == Some(kept),
    }
}

/// Returns whether a number is the multiple of a unit just below another or just above it.
fn is_one_of_two(kept: i128, sent: i128, unit: i128) -> bool {
    kept == sent || (kept - sent).abs() < unit
}

/// The digits of a decimal number, and how many of them stand behind the point.
fn number(text: &str) -> Option<(i128, u32)> {
    let places = text.split_once('.').map_or(0, |(_, behind)| behind.len());
    Some((text.replace('.', "").parse().ok()?, u32::try_from(places).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Value {
        Value::Decimal(text.to_owned())
    }

    #[test]
    fn a_decimal_number_is_kept_with_fewer_digits_or_more_zeros() {
        for (kept, sent) in [("1.56", "1.555"), ("1.55", "1.555"), ("-1.56", "-1.555"), ("2.50", "2.5"), ("3", "2.6")] {
            assert!(is_form_of(&decimal(kept), &decimal(sent)), "{kept} of {sent}");
        }
        for (kept, sent) in [("1.57", "1.555"), ("1.54", "1.555"), ("2.51", "2.5"), ("2.5", "-2.5"), ("1.555", "1.56")]
        {
            assert!(!is_form_of(&decimal(kept), &decimal(sent)), "{kept} of {sent}");
        }
    }

    #[test]
    fn a_moment_is_kept_with_fewer_digits() {
        let second = 1_000_000;
        assert!(is_form_of(&Value::DateTime(7 * second), &Value::DateTime(7 * second + 600_000)));
        assert!(is_form_of(&Value::DateTime(8 * second), &Value::DateTime(7 * second + 600_000)));
        assert!(is_form_of(&Value::Timestamp(123_000), &Value::Timestamp(123_456)));
        assert!(!is_form_of(&Value::DateTime(9 * second), &Value::DateTime(7 * second + 600_000)));
        assert!(!is_form_of(&Value::Timestamp(123_456), &Value::Timestamp(123_000)));
        assert!(!is_form_of(&Value::Timestamp(124_456), &Value::Timestamp(123_456)));
    }

    #[test]
    fn floats_and_text_lose_what_their_column_cannot_hold() {
        assert!(is_form_of(&Value::Float64(f64::from(0.1_f32)), &Value::Float64(0.1)));
        assert!(!is_form_of(&Value::Float64(0.2), &Value::Float64(0.1)));
        assert!(is_form_of(&Value::Text("ab  ".to_owned()), &Value::Text("ab".to_owned())));
        assert!(!is_form_of(&Value::Int64(1), &Value::Int64(2)));
    }
}
