//! Which revisions a word means: `head`, `base`, `+1`, `-2`, a number, the beginning of one, or a name.

use orm_core::{Error, Result};

use crate::apply::is_applied;
use crate::errors::{Told, argument, invalid_request};
use crate::history::Applied;
use crate::revision::Revision;

/// Returns the revision that a word names.
pub(crate) fn find<'r>(revisions: &'r [Revision], word: &str) -> Result<&'r Revision> {
    let is_exactly =
        |revision: &&Revision| revision.revision == word || revision.name == word || revision.to_string() == word;
    let is_digits = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let begins = |revision: &&Revision| is_digits && revision.revision.starts_with(word);
    let mut found: Vec<&Revision> = revisions.iter().filter(is_exactly).collect();
    if found.is_empty() {
        found = revisions.iter().filter(begins).collect();
    }
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(argument(format!("there is no revision `{word}`")).hint("`status` lists them")),
        several => {
            let names: Vec<String> = several.iter().map(|revision| format!("`{revision}`")).collect();
            Err(argument(format!("`{word}` may be {}", names.join(" or "))).hint("write more digits"))
        }
    }
}

/// Reads `+1`.
fn number(word: &str, sign: char) -> Result<Option<usize>> {
    let Some(digits) = word.strip_prefix(sign) else { return Ok(None) };
    match digits.parse::<usize>() {
        Ok(number) if number > 0 => Ok(Some(number)),
        _ => Err(argument(format!("`{word}` is no number of revisions")).hint(format!("write `{sign}1`"))),
    }
}

/// Returns the revisions up to one: `head` are all, `base` is none.
pub(crate) fn up_to(revisions: &[Revision], word: &str) -> Result<Vec<Revision>> {
    let last = match word {
        "head" => return Ok(revisions.to_vec()),
        "base" => return Ok(Vec::new()),
        word => &find(revisions, word)?.revision,
    };
    Ok(revisions.iter().filter(|revision| revision.revision <= *last).cloned().collect())
}

/// Returns what is to be applied, in order.
pub(crate) fn to_apply(revisions: &[Revision], rows: &[Applied], word: &str) -> Result<Vec<Revision>> {
    let pending = |of: Vec<Revision>| of.into_iter().filter(|revision| !is_applied(rows, revision));
    match number(word, '+')? {
        Some(number) => Ok(pending(revisions.to_vec()).take(number).collect()),
        None => Ok(pending(up_to(revisions, word)?).collect()),
    }
}

/// Returns what is to be taken back, the last first.
pub(crate) fn to_take_back(revisions: &[Revision], rows: &[Applied], word: &str) -> Result<Vec<Revision>> {
    let mut gone: Vec<&Applied> = match (word, number(word, '-')?) {
        ("base", _) => rows.iter().collect(),
        (_, Some(number)) => rows.iter().skip(rows.len().saturating_sub(number)).collect(),
        (word, None) => {
            let last = find(revisions, word)?;
            if !is_applied(rows, last) {
                return Err(invalid_request(format!(
                    "revision {last} has not been applied: there is no going back to it"
                )));
            }
            rows.iter().filter(|row| row.revision > last.revision).collect()
        }
    };
    gone.reverse();
    let gone: Vec<Revision> = gone.into_iter().map(|row| of_row(revisions, row)).collect::<Result<_>>()?;
    let fixed: Vec<String> = gone.iter().filter(|of| !of.is_reversible()).map(|of| format!("`{}`", of.file)).collect();
    if fixed.is_empty() {
        return Ok(gone);
    }
    let message = format!("{} cannot be taken back: no line `-- downgrade`", fixed.join(", "));
    Err(invalid_request(message).hint("write below such a line what takes it back; nothing has been changed"))
}

/// Returns the revision that a row is of.
fn of_row(revisions: &[Revision], row: &Applied) -> Result<Revision> {
    let found = revisions.iter().find(|revision| revision.revision == row.revision).cloned();
    found.ok_or_else(|| no_file(row))
}

fn no_file(row: &Applied) -> Error {
    let message =
        format!("revision {}_{} has been applied, and there is no file of it to take it back", row.revision, row.name);
    invalid_request(message).hint("do this with the program, or the folder, that has it; nothing has been changed")
}
