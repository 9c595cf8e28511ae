//! [`RowValue`]: a value of an object as a row would give it, to be read into another.

use std::ops::Bound;

use orm_pool::{Value, ValueRef};

/// A value as it would come in a row; an array and a range as PostgreSQL writes them.
pub(crate) struct RowValue<'v> {
    value: &'v Value,
    text: Option<String>,
}

impl<'v> RowValue<'v> {
    /// The value of an object's column.
    #[inline]
    pub(crate) fn of(value: &'v Value) -> Self {
        let text = match value {
            Value::Array(_, elements) => Some(array(elements)),
            Value::Range(_, ends) => Some(range(ends.as_deref())),
            _ => None,
        };
        RowValue { value, text }
    }

    /// Returns what the row would give.
    #[inline]
    pub(crate) fn get(&self) -> ValueRef<'_> {
        match &self.text {
            Some(text) => ValueRef::Text(text),
            None => self.value.as_ref().unwrap_or(ValueRef::Null),
        }
    }
}

fn array(elements: &[Value]) -> String {
    let mut written = String::from("{");
    for (position, element) in elements.iter().enumerate() {
        if position > 0 {
            written.push(',');
        }
        match element {
            Value::Null(_) => written.push_str("NULL"),
            element => quoted(element, &mut written),
        }
    }
    written.push('}');
    written
}

fn range(ends: Option<&(Bound<Value>, Bound<Value>)>) -> String {
    let Some((lower, upper)) = ends else { return "empty".to_owned() };
    let mut written = String::from(if matches!(lower, Bound::Included(_)) { "[" } else { "(" });
    let end = |end: &Bound<Value>, written: &mut String| match end {
        Bound::Included(value) | Bound::Excluded(value) => quoted(value, written),
        Bound::Unbounded => {}
    };
    end(lower, &mut written);
    written.push(',');
    end(upper, &mut written);
    written.push(if matches!(upper, Bound::Included(_)) { ']' } else { ')' });
    written
}

/// Writes an element in quotes, with a backslash before what would end them.
fn quoted(element: &Value, written: &mut String) {
    let text = match element {
        Value::Bool(value) => if *value { "t" } else { "f" }.to_owned(),
        Value::Text(text) | Value::Json(text) => text.clone(),
        Value::Enum(_, label) => label.to_string(),
        // Numbers, moments and UUIDs show themselves as a row has them.
        other => other.to_string(),
    };
    written.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            written.push('\\');
        }
        written.push(character);
    }
    written.push('"');
}
