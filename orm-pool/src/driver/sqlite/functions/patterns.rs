//! Regular expressions, in the syntax of the crate `regex`.

use std::cell::RefCell;
use std::collections::VecDeque;

use regex::{Captures, Regex};

use super::{Answer, Function};
use crate::ValueRef;

/// How many expressions a thread has at hand, so that one is not read anew for each row.
const KEPT: usize = 16;

thread_local! {
    static RECENT: RefCell<VecDeque<Regex>> = const { RefCell::new(VecDeque::new()) };
}

pub(super) static FUNCTIONS: [Function; 2] = [
    // SQLite calls this for `text REGEXP pattern`.
    Function { name: c"regexp", arguments: 2, call: matches },
    Function { name: c"regexp_replace", arguments: 3, call: replace },
];

/// Runs something with an expression, which is the last that was used then.
fn with<R>(pattern: &str, run: impl FnOnce(&Regex) -> R) -> Result<R, String> {
    let take = |recent: &RefCell<VecDeque<Regex>>| {
        let mut recent = recent.borrow_mut();
        let place = recent.iter().position(|regex| regex.as_str() == pattern)?;
        recent.remove(place)
    };
    // A thread that ends has no list any more.
    let known = RECENT.try_with(take).unwrap_or_default();
    let regex = match known {
        Some(regex) => regex,
        None => Regex::new(pattern).map_err(|error| error.to_string())?,
    };
    let result = run(&regex);
    _ = RECENT.try_with(|recent| {
        let mut recent = recent.borrow_mut();
        recent.push_front(regex);
        recent.truncate(KEPT);
    });
    Ok(result)
}

fn matches(values: &[ValueRef<'_>]) -> Result<Answer, String> {
    let [ValueRef::Text(pattern), ValueRef::Text(text)] = *values else { return Ok(Answer::Null) };
    with(pattern, |regex| Answer::Int(regex.is_match(text).into()))
}

/// Replaces every match. A group is `\1`, as on the other databases, and the whole match `\0`.
fn replace(values: &[ValueRef<'_>]) -> Result<Answer, String> {
    let [ValueRef::Text(text), ValueRef::Text(pattern), ValueRef::Text(with_this)] = *values else {
        return Ok(Answer::Null);
    };
    with(pattern, |regex| {
        let replaced = regex.replace_all(text, |groups: &Captures<'_>| written(with_this, groups));
        Answer::Text(replaced.into_owned())
    })
}

/// Writes what replaces a match.
fn written(replacement: &str, groups: &Captures<'_>) -> String {
    let mut out = String::new();
    let mut rest = replacement.chars();
    while let Some(next) = rest.next() {
        match (next, rest.clone().next()) {
            ('\\', Some(digit)) if digit.is_ascii_digit() => {
                rest.next();
                let group = groups.get(digit as usize - '0' as usize);
                out.push_str(group.map_or("", |group| group.as_str()));
            }
            ('\\', Some('\\')) => {
                rest.next();
                out.push('\\');
            }
            _ => out.push(next),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_are_found_and_replaced() {
        let text = ValueRef::Text;
        for (pattern, expected) in [("^a.c$", 1), ("^b", 0), ("(?i)ABC", 1)] {
            assert!(matches!(matches(&[text(pattern), text("abc")]), Ok(Answer::Int(found)) if found == expected));
        }
        assert!(matches!(matches(&[text("a"), ValueRef::Null]), Ok(Answer::Null)));
        let Err(message) = matches(&[text("("), text("abc")]) else { panic!("it is no expression") };
        assert!(message.contains("unclosed group"), "{message}");
        let Ok(Answer::Text(found)) = replace(&[text("a1b22"), text("([a-z])([0-9]+)"), text(r"\2\\\1;$1")]) else {
            panic!("it is text");
        };
        assert_eq!(found, r"1\a;$122\b;$1");
    }

    #[test]
    fn a_thread_forgets_what_it_has_not_used_for_long() {
        for number in 0..100 {
            let pattern = format!("^{number}$");
            assert!(matches!(matches(&[ValueRef::Text(&pattern), ValueRef::Text("7")]), Ok(Answer::Int(_))));
        }
        RECENT.with(|recent| assert_eq!(recent.borrow().len(), KEPT));
    }
}
