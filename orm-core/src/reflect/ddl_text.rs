//! What only the text of a CREATE TABLE says: SQLite's pragmas know neither the names of constraints nor checks,
//! collations and the expressions of computed columns.

use crate::schema::tokens::{Token, TokenKind, closing, tokens};
use crate::schema::{CheckConstraint, Computed, Deferrable};

/// What the text says of a table.
#[derive(Debug, Default)]
pub(super) struct TableText {
    pub(super) columns: Vec<ColumnText>,
    pub(super) primary_key_name: Option<String>,
    pub(super) has_autoincrement: bool,
    /// Names of unique constraints, by columns.
    pub(super) uniques: Vec<(Option<String>, Vec<String>)>,
    /// What is said of foreign keys, by columns.
    pub(super) foreign_keys: Vec<ForeignKeyText>,
    pub(super) checks: Vec<CheckConstraint>,
    pub(super) is_strict: bool,
    pub(super) is_without_rowid: bool,
}

#[derive(Debug, Default)]
pub(super) struct ColumnText {
    pub(super) name: String,
    pub(super) collation: Option<String>,
    pub(super) computed: Option<Computed>,
}

#[derive(Debug, Default)]
pub(super) struct ForeignKeyText {
    pub(super) name: Option<String>,
    pub(super) columns: Vec<String>,
    pub(super) deferrable: Option<Deferrable>,
}

/// Words that end a column's type.
const CONSTRAINTS: &[&str] =
    &["constraint", "primary", "not", "null", "unique", "check", "default", "collate", "references", "generated", "as"];

/// Reads the text of a CREATE TABLE.
pub(super) fn read(sql: &str) -> TableText {
    let mut text = TableText::default();
    let tokens = tokens(sql);
    let Some(open) = tokens.iter().position(|token| token.is("(")) else { return text };
    let end = closing(&tokens, open);
    for item in items(&tokens[open + 1..end.saturating_sub(1)]) {
        text.item(sql, item);
    }
    let after = &tokens[end..];
    text.is_strict = after.iter().any(|token| token.is("strict"));
    text.is_without_rowid = after.windows(2).any(|pair| pair[0].is("without") && pair[1].is("rowid"));
    text
}

/// Cuts a list at its commas.
fn items<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let (mut items, mut start, mut at) = (Vec::new(), 0, 0);
    while at < tokens.len() {
        if tokens[at].is("(") {
            at = closing(tokens, at);
            continue;
        }
        if tokens[at].is(",") {
            items.push(&tokens[start..at]);
            start = at + 1;
        }
        at += 1;
    }
    items.push(&tokens[start..]);
    items
}

/// Returns the names in the parenthesis at the first of these tokens.
fn names(tokens: &[Token<'_>]) -> Vec<String> {
    if !tokens.first().is_some_and(|token| token.is("(")) {
        return Vec::new();
    }
    let end = closing(tokens, 0);
    items(&tokens[1..end.saturating_sub(1)]).iter().filter_map(|item| item.first()).map(Token::name).collect()
}

/// Returns the text within the parenthesis at the first of these tokens.
fn within<'a>(sql: &'a str, tokens: &[Token<'_>]) -> &'a str {
    let end = closing(tokens, 0);
    match (tokens.first(), tokens.get(end.saturating_sub(1))) {
        (Some(open), Some(close)) if open.is("(") => sql[open.end()..close.start].trim(),
        _ => "",
    }
}

fn deferrable(tokens: &[Token<'_>]) -> Option<Deferrable> {
    let at = tokens.iter().position(|token| token.is("deferrable"))?;
    if at > 0 && tokens[at - 1].is("not") {
        return None;
    }
    let is_deferred = tokens[at..].iter().any(|token| token.is("deferred"));
    Some(if is_deferred { Deferrable::InitiallyDeferred } else { Deferrable::InitiallyImmediate })
}

impl TableText {
    /// Reads a column or a constraint of the table.
    fn item(&mut self, sql: &str, tokens: &[Token<'_>]) {
        let Some(first) = tokens.first() else { return };
        let (name, rest) = match first.is("constraint") {
            true => (tokens.get(1).map(Token::name), tokens.get(2..).unwrap_or_default()),
            false => (None, tokens),
        };
        let Some(word) = rest.first() else { return };
        let open = rest.iter().position(|token| token.is("(")).unwrap_or(rest.len());
        let is_constraint = name.is_some() || matches!(word.kind, TokenKind::Word);
        let lower = word.text.to_ascii_lowercase();
        match lower.as_str() {
            "primary" if is_constraint && rest.get(1).is_some_and(|token| token.is("key")) => {
                self.primary_key_name = name
            }
            "unique" if is_constraint => self.uniques.push((name, names(&rest[open..]))),
            "check" if is_constraint => self.check(name, sql, &rest[open..]),
            "foreign" if is_constraint && rest.get(1).is_some_and(|token| token.is("key")) => {
                self.foreign_keys.push(ForeignKeyText {
                    name,
                    columns: names(&rest[open..]),
                    deferrable: deferrable(rest),
                });
            }
            _ => self.column(sql, tokens),
        }
    }

    fn check(&mut self, name: Option<String>, sql: &str, tokens: &[Token<'_>]) {
        self.checks.push(CheckConstraint { name, ..CheckConstraint::new(within(sql, tokens)) });
    }

    /// Reads a column with the constraints that stand beside it.
    fn column(&mut self, sql: &str, tokens: &[Token<'_>]) {
        let mut column = ColumnText { name: tokens[0].name(), ..ColumnText::default() };
        let is_end = |token: &Token<'_>| token.kind == TokenKind::Word && CONSTRAINTS.iter().any(|word| token.is(word));
        let mut at = tokens.iter().skip(1).position(is_end).map_or(tokens.len(), |at| at + 1);
        let mut name = None;
        while let Some(token) = tokens.get(at) {
            let rest = &tokens[at..];
            at += 1;
            if token.is("constraint") {
                name = tokens.get(at).map(Token::name);
                at += 1;
                continue;
            }
            if token.is("(") {
                at = closing(tokens, at - 1);
                continue;
            }
            if token.is("primary") {
                self.primary_key_name = name.take();
            } else if token.is("autoincrement") {
                self.has_autoincrement = true;
            } else if token.is("unique") {
                self.uniques.push((name.take(), vec![column.name.clone()]));
            } else if token.is("check") {
                self.check(name.take(), sql, &rest[1..]);
            } else if token.is("collate") {
                column.collation = rest.get(1).map(Token::name);
                at += 1;
            } else if token.is("references") {
                let columns = vec![column.name.clone()];
                self.foreign_keys.push(ForeignKeyText { name: name.take(), columns, deferrable: deferrable(rest) });
            } else if token.is("as") && rest.get(1).is_some_and(|token| token.is("(")) {
                let is_stored = rest.get(closing(rest, 1)).is_some_and(|token| token.is("stored"));
                column.computed = Some(Computed { sql: within(sql, &rest[1..]).to_owned(), is_stored });
            } else if token.is("default") || token.is("not") || token.is("null") {
                name = None;
            }
        }
        self.columns.push(column);
    }
}

/// Returns the parts of a CREATE INDEX as they are written, and its condition.
pub(super) fn index(sql: &str) -> (Vec<String>, Option<String>) {
    let tokens = tokens(sql);
    let Some(on) = tokens.iter().position(|token| token.is("on")) else { return (Vec::new(), None) };
    let Some(open) = tokens[on..].iter().position(|token| token.is("(")).map(|at| on + at) else {
        return (Vec::new(), None);
    };
    let end = closing(&tokens, open);
    let part = |item: &&[Token<'_>]| {
        let mut item = *item;
        if let [rest @ .., last] = item
            && (last.is("asc") || last.is("desc"))
        {
            item = rest;
        }
        let (first, last) = (item.first()?, item.last()?);
        Some(sql[first.start..last.end()].to_owned())
    };
    let parts = items(&tokens[open + 1..end.saturating_sub(1)]).iter().filter_map(part).collect();
    let condition = tokens.get(end).filter(|token| token.is("where")).map(|token| sql[token.end()..].trim().to_owned());
    (parts, condition)
}

/// Returns the words of a part of an index that name its collation, such as `COLLATE "C"`.
pub(super) fn collation_of(part: &str) -> Option<&str> {
    let tokens = tokens(part);
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if token.is("(") {
            at = closing(&tokens, at);
            continue;
        }
        if token.is("collate") {
            let last = if tokens.get(at + 2).is_some_and(|dot| dot.is(".")) { at + 3 } else { at + 1 };
            return Some(&part[token.start..tokens.get(last)?.end()]);
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_tells_what_pragmas_do_not() {
        let text = read(
            "CREATE TABLE \"odd (name\" (\n  id INTEGER PRIMARY KEY AUTOINCREMENT, -- a comment, with a comma\n  \
             [first name] VARCHAR(5) COLLATE NOCASE CONSTRAINT short CHECK (length([first name]) < 5),\n  \
             twice INT AS (id * 2) STORED, x INT CONSTRAINT fk_x REFERENCES other (id) DEFERRABLE INITIALLY DEFERRED,\n  \
             CONSTRAINT uq UNIQUE (\"first name\", x), CHECK (x IN (1, 2)), FOREIGN KEY (x, id) REFERENCES t\n) STRICT",
        );
        assert!(text.has_autoincrement && text.is_strict && !text.is_without_rowid);
        let names: Vec<&str> = text.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["id", "first name", "twice", "x"]);
        assert_eq!(text.columns[1].collation.as_deref(), Some("NOCASE"));
        assert_eq!(text.columns[2].computed, Some(Computed { sql: "id * 2".to_owned(), is_stored: true }));
        assert_eq!(text.checks[0].name.as_deref(), Some("short"));
        assert_eq!(text.checks[1].sql, "x IN (1, 2)");
        assert_eq!(text.uniques, [(Some("uq".to_owned()), vec!["first name".to_owned(), "x".to_owned()])]);
        assert_eq!(text.foreign_keys[0].deferrable, Some(Deferrable::InitiallyDeferred));
        assert_eq!(text.foreign_keys[0].name.as_deref(), Some("fk_x"));
        assert_eq!(text.foreign_keys[1].columns, ["x", "id"]);
    }

    #[test]
    fn an_index_tells_its_expressions() {
        let (parts, condition) = index("CREATE INDEX i ON t (lower(name) DESC, \"odd\") WHERE a > 'where'");
        assert_eq!(parts, ["lower(name)", "\"odd\""]);
        assert_eq!(condition.as_deref(), Some("a > 'where'"));
        assert_eq!(collation_of("lower((v COLLATE \"x\")) COLLATE \"C\" DESC"), Some("COLLATE \"C\""));
        assert_eq!(collation_of("v COLLATE s.c text_ops"), Some("COLLATE s.c"));
        assert_eq!(collation_of("(v COLLATE \"x\")"), None);
    }
}
