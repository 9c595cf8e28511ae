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
use crate::mapper::{Alias, Column, Mapper, Object, Row};
use crate::session::Key;
use crate::sql::{Lock, Output, SelectNode, Statement};
use crate::types::{ColumnType, same};

/// Runs a statement that changes rows, each as it was read; returns how many it found so.
pub(super) async fn run(
    connection: &mut Connection,
    mapper: &'static Mapper,
    rows: &[RowChange],
    statement: impl Fn(&[RowChange]) -> Statement,
    take: &mut OnRow<'_>,
) -> Result<u64> {
    let has_own_type = |column: &u16| mapper.definition().columns[usize::from(*column)].has_own_type();
    let count = rows.len();
    let is_told = rows.iter().all(|row| !row.guards.iter().any(has_own_type));
    if !is_told && kept(connection, mapper, rows).await?.len() < count {
        return Ok(0);
    }
    let guarded = (!is_told).then(|| with_guards(rows, |column| !has_own_type(column)));
    let changed = connection.run(statement(guarded.as_deref().unwrap_or(rows)), take).await?.rows_affected;
    if changed == count as u64 || rows.iter().all(|row| row.guards.is_empty()) {
        return Ok(changed);
    }
    // What it has changed is no more as it was read.
    let kept = kept(connection, mapper, rows).await?;
    if kept.is_empty() || changed + kept.len() as u64 != count as u64 {
        return Ok(changed);
    }
    Ok(changed + connection.run(statement(&with_guards(&kept, |_| false)), take).await?.rows_affected)
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

/// Reads rows against changes by others; returns those that are as they were read.
async fn kept(connection: &mut Connection, mapper: &'static Mapper, rows: &[RowChange]) -> Result<Vec<RowChange>> {
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
    let is_kept = |row: &&RowChange| {
        let found = Key::of_object(&*row.base).and_then(|key| found.get(&key));
        found.is_some_and(|found| {
            let mut guards = row.guards.iter().map(|&column| usize::from(column));
            guards.all(|column| {
                let definition = &mapper.definition().columns[column];
                is_form_of(&found.column(column), &row.base.column(column), definition)
            })
        })
    };
    Ok(rows.iter().filter(is_kept).cloned().collect())
}

/// Returns whether a column may keep less than a value of its Rust type has, beside digits of a decimal number.
fn is_coarse(column: &Column) -> bool {
    column.has_own_type() || matches!((column.column_type)(), ColumnType::Char(_))
}

/// Returns whether a value is what a database may have made of one that it was sent: cut or rounded.
fn is_form_of(kept: &Value, sent: &Value, column: &Column) -> bool {
    let is_coarse = is_coarse(column);
    match (kept, sent) {
        // SQLite keeps all digits, whatever the scale.
        (Value::Decimal(digits), Value::Decimal(others)) => {
            same(kept, sent) || is_rounded(digits, others, column.scale)
        }
        (Value::Float64(kept), Value::Float64(sent)) if is_coarse => *kept as f32 == *sent as f32,
        (Value::Time(kept), Value::Time(sent))
        | (Value::DateTime(kept), Value::DateTime(sent))
        | (Value::Timestamp(kept), Value::Timestamp(sent))
            if is_coarse =>
        {
            let is_cut =
                |unit: i64| kept % unit == 0 && is_one_of_two(i128::from(*kept), i128::from(*sent), i128::from(unit));
            kept == sent || (1..=6).map(|digits| 10_i64.pow(digits)).any(is_cut)
        }
        (Value::Text(kept), Value::Text(sent)) if is_coarse => kept.trim_end_matches(' ') == sent.trim_end_matches(' '),
        _ => same(kept, sent),
    }
}

/// Returns whether a decimal number is another one, rounded to so many digits behind the point if there are more.
fn is_rounded(kept: &str, sent: &str, scale: Option<u8>) -> bool {
    let (Some(kept), Some(sent)) = (Number::of(kept), Number::of(sent)) else { return kept == sent };
    let places = scale.map_or(sent.places, |scale| u32::from(scale).min(sent.places));
    match (kept.with(places), 10_i128.checked_pow(sent.places - places)) {
        (Some(whole), Some(unit)) => whole.checked_mul(unit).is_some_and(|kept| is_one_of_two(kept, sent.digits, unit)),
        _ => false,
    }
}

/// Returns whether a number is the multiple of a unit just below another or just above it.
fn is_one_of_two(kept: i128, sent: i128, unit: i128) -> bool {
    kept == sent || (kept - sent).abs() < unit
}

/// A decimal number: its digits, and how many of them stand behind the point.
struct Number {
    digits: i128,
    places: u32,
}

impl Number {
    fn of(text: &str) -> Option<Self> {
        let places = text.split_once('.').map_or(0, |(_, behind)| behind.len());
        Some(Number { digits: text.replace('.', "").parse().ok()?, places: u32::try_from(places).ok()? })
    }

    /// The digits with so many behind the point; none if there are more that are not zero.
    fn with(&self, places: u32) -> Option<i128> {
        match self.places.checked_sub(places) {
            Some(more) => {
                let unit = 10_i128.checked_pow(more)?;
                (self.digits % unit == 0).then_some(self.digits / unit)
            }
            None => self.digits.checked_mul(10_i128.checked_pow(places - self.places)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapper::ColumnExtras;

    const COARSE: Column = Column {
        extras: &ColumnExtras { scale: Some(2), sql_type: Some("…"), ..ColumnExtras::NONE },
        ..Column::new::<i64>("own", "own")
    };
    const FINE: Column = Column::new::<i64>("own", "own");

    fn decimal(text: &str) -> Value {
        Value::Decimal(text.to_owned())
    }

    #[test]
    fn a_decimal_number_is_kept_with_fewer_digits_or_more_zeros() {
        let kept_of_sent = [
            ("1.56", "1.555"),
            ("1.55", "1.555"),
            ("-1.56", "-1.555"),
            ("2.50", "2.5"),
            ("3", "2.999"),
            ("1.555", "1.555"),
        ];
        for (kept, sent) in kept_of_sent {
            assert!(is_form_of(&decimal(kept), &decimal(sent), &COARSE), "{kept} of {sent}");
        }
        for (kept, sent) in
            [("1.57", "1.555"), ("1.54", "1.555"), ("2.51", "2.5"), ("2.5", "-2.5"), ("1.555", "1.56"), ("2", "1.555")]
        {
            assert!(!is_form_of(&decimal(kept), &decimal(sent), &COARSE), "{kept} of {sent}");
        }
    }

    #[test]
    fn a_moment_is_kept_with_fewer_digits() {
        let second = 1_000_000;
        assert!(is_form_of(&Value::DateTime(7 * second), &Value::DateTime(7 * second + 600_000), &COARSE));
        assert!(is_form_of(&Value::DateTime(8 * second), &Value::DateTime(7 * second + 600_000), &COARSE));
        assert!(is_form_of(&Value::Timestamp(123_000), &Value::Timestamp(123_456), &COARSE));
        assert!(!is_form_of(&Value::DateTime(9 * second), &Value::DateTime(7 * second + 600_000), &COARSE));
        assert!(!is_form_of(&Value::Timestamp(123_456), &Value::Timestamp(123_000), &COARSE));
        assert!(!is_form_of(&Value::Timestamp(124_456), &Value::Timestamp(123_456), &COARSE));
    }

    #[test]
    fn floats_and_text_lose_what_their_column_cannot_hold() {
        assert!(is_form_of(&Value::Float64(f64::from(0.1_f32)), &Value::Float64(0.1), &COARSE));
        assert!(!is_form_of(&Value::Float64(f64::from(0.1_f32)), &Value::Float64(0.1), &FINE));
        assert!(!is_form_of(&Value::Float64(0.2), &Value::Float64(0.1), &COARSE));
        assert!(is_form_of(&Value::Text("ab  ".to_owned()), &Value::Text("ab".to_owned()), &COARSE));
        assert!(!is_form_of(&Value::Int64(1), &Value::Int64(2), &COARSE));
    }
}
