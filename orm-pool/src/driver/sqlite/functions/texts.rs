//! What is done with text, counted in characters.

use super::{Answer, Function};
use crate::ValueRef;

/// How many bytes SQLite takes for one value.
const LONGEST: usize = 1_000_000_000;

pub(super) static FUNCTIONS: [Function; 4] = [
    Function { name: c"lpad", arguments: 3, call: |values| pad(values, |text, padding| padding + text) },
    Function { name: c"rpad", arguments: 3, call: |values| pad(values, |text, padding| text.to_owned() + &padding) },
    Function { name: c"repeat", arguments: 2, call: repeat },
    Function { name: c"reverse", arguments: 1, call: reverse },
];

/// Makes a text so long: what is behind is cut off, what is missing is filled up.
fn pad(values: &[ValueRef<'_>], put: fn(&str, String) -> String) -> Result<Answer, String> {
    let [ValueRef::Text(text), ValueRef::Int(length), ValueRef::Text(filling)] = *values else {
        return Ok(Answer::Null);
    };
    let length = usize::try_from(length.max(0)).unwrap_or(usize::MAX);
    let there = text.chars().count();
    if length <= there || filling.is_empty() {
        return Ok(Answer::Text(text.chars().take(length).collect()));
    }
    let missing = length - there;
    if missing > LONGEST / 4 {
        return Err(too_long());
    }
    Ok(Answer::Text(put(text, filling.chars().cycle().take(missing).collect())))
}

fn repeat(values: &[ValueRef<'_>]) -> Result<Answer, String> {
    let [ValueRef::Text(text), ValueRef::Int(times)] = *values else { return Ok(Answer::Null) };
    let times = usize::try_from(times.max(0)).unwrap_or(usize::MAX);
    match text.len().checked_mul(times) {
        Some(length) if length <= LONGEST => Ok(Answer::Text(text.repeat(times))),
        _ => Err(too_long()),
    }
}

fn reverse(values: &[ValueRef<'_>]) -> Result<Answer, String> {
    Ok(match values {
        [ValueRef::Text(text)] => Answer::Text(text.chars().rev().collect()),
        _ => Answer::Null,
    })
}

fn too_long() -> String {
    "a text of more than a billion bytes is too long".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_padded_cut_and_turned_by_characters() {
        let call = |index: usize, values: &[ValueRef<'_>]| match (FUNCTIONS[index].call)(values) {
            Ok(Answer::Text(text)) => text,
            Ok(_) => "NULL".into(),
            Err(message) => message,
        };
        let text = ValueRef::Text;
        assert_eq!(call(0, &[text("é"), ValueRef::Int(4), text("ab")]), "abaé");
        assert_eq!(call(1, &[text("é"), ValueRef::Int(4), text("ab")]), "éaba");
        assert_eq!(call(0, &[text("long"), ValueRef::Int(2), text("ab")]), "lo");
        assert_eq!(call(0, &[text("long"), ValueRef::Int(-2), text("ab")]), "");
        assert_eq!(call(0, &[text("x"), ValueRef::Int(i64::MAX), text("ab")]), too_long());
        assert_eq!(call(0, &[text("x"), ValueRef::Int(5), text("")]), "x");
        assert_eq!(call(2, &[text("ab"), ValueRef::Int(3)]), "ababab");
        assert_eq!(call(2, &[text("ab"), ValueRef::Int(-3)]), "");
        assert_eq!(call(2, &[text("ab"), ValueRef::Int(i64::MAX)]), too_long());
        assert_eq!(call(3, &[text("aé")]), "éa");
        assert_eq!(call(3, &[ValueRef::Null]), "NULL");
    }
}
