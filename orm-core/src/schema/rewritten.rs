//! Whether SQL that a database has rewritten may be what was written: checks, defaults, conditions and views.
//!
//! Expressions are compared by their [structure](super::condition). What cannot be read as one, and views, of which MariaDB
//! names every table, are compared by what must be in both: names, values and operators. Their order is not.

use super::condition::canonical;
use super::normal::words;
use super::tokens::{Token, TokenKind, tokens};
use crate::dialect::Dialect;

/// Words that are neither names nor values.
const KEYWORDS: &[&str] = &[
    "all",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "between",
    "by",
    "case",
    "cross",
    "desc",
    "distinct",
    "else",
    "end",
    "except",
    "from",
    "group",
    "having",
    "in",
    "inner",
    "intersect",
    "is",
    "join",
    "left",
    "like",
    "limit",
    "not",
    "null",
    "offset",
    "on",
    "or",
    "order",
    "outer",
    "right",
    "select",
    "then",
    "union",
    "using",
    "when",
    "where",
    "with",
];

/// Returns whether two expressions in normal form may mean the same: equal, or, where one cannot be read, of the same names,
/// values and operators.
pub(super) fn may_be_same(left: &str, right: &str, dialect: Dialect) -> bool {
    let is_read = |sql: &str| canonical(sql, dialect).is_some();
    if left == right || dialect == Dialect::Sqlite || (is_read(left) && is_read(right)) {
        return left == right;
    }
    let (left, right) = (&words(left, dialect), &words(right, dialect));
    let (left, right) = (tokens(left), tokens(right));
    operands(&left) == operands(&right) && same_operators(operators(&left, dialect), operators(&right, dialect))
}

/// Returns whether a view that was written may be of the query that the database tells: it gives as many columns, of the same
/// names as far as they are told, each name of it is there, and values and comparisons are the same.
pub(super) fn may_be_same_query(written: &str, found: &str, dialect: Dialect) -> bool {
    if let (Some(written), Some(found)) = (selected(&tokens(written)), selected(&tokens(found)))
        && (written.len() != found.len()
            || written.iter().zip(&found).any(|pair| matches!(pair, (Some(a), Some(b)) if a != b)))
    {
        return false;
    }
    let (written, found) = (words(written, dialect), words(found, dialect));
    if written == found || dialect == Dialect::Sqlite {
        return written == found;
    }
    let (written, found) = (tokens(&written), tokens(&found));
    let (names, known) = (operands(&written), operands(&found));
    let values = |tokens: &[Token<'_>]| {
        let is_value = |token: &&Token<'_>| matches!(token.kind, TokenKind::Text | TokenKind::Number);
        // MariaDB writes `count(*)` as `count(0)`.
        let values = tokens.iter().filter(is_value).map(|token| token.text.to_owned()).filter(|value| value != "0");
        sorted(values.collect())
    };
    // The words of a join by names become those of a join by a condition.
    let is_by_names = written.iter().any(|token| token.is("using") || token.is("natural"));
    names.iter().all(|name| known.contains(name))
        && values(&written) == values(&found)
        && (is_by_names || same_operators(comparisons(&written, dialect), comparisons(&found, dialect)))
}

/// Returns the names of what a query selects, as far as each tells its own, in lower case; `None` where it is not told how many
/// there are.
fn selected(tokens: &[Token<'_>]) -> Option<Vec<Option<String>>> {
    let (first, rest) = tokens.split_first()?;
    let rest = if rest.first()?.is("distinct") { &rest[1..] } else { rest };
    if !first.is("select") || rest.first()?.is("on") {
        return None;
    }
    let mut depth = 0usize;
    let mut items = vec![Vec::new()];
    for token in rest {
        match token.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            "," if depth == 0 => {
                items.push(Vec::new());
                continue;
            }
            _ if depth == 0 && token.is("from") => break,
            _ => {}
        }
        items.last_mut()?.push(token);
    }
    let name = |item: &Vec<&Token<'_>>| match item.as_slice() {
        [.., sign] if sign.is("*") => None,
        [name] | [.., _, name] if is_name(name) && (item.len() == 1 || is_before_name(item[item.len() - 2])) => {
            Some(Some(name.name().to_lowercase()))
        }
        _ => Some(None),
    };
    items.iter().map(name).collect()
}

fn is_name(token: &Token<'_>) -> bool {
    matches!(token.kind, TokenKind::Word | TokenKind::Quoted)
}

fn is_before_name(token: &Token<'_>) -> bool {
    token.is("as") || token.is(".")
}

fn operands(tokens: &[Token<'_>]) -> Vec<String> {
    let is_operand = |token: &&Token<'_>| token.kind != TokenKind::Sign && !KEYWORDS.contains(&token.text);
    let is_operator = |token: &&Token<'_>| token.is("mod") || token.is("ilike") || token.is("natural");
    sorted(
        tokens
            .iter()
            .filter(is_operand)
            .filter(|token| !is_operator(token))
            .map(|token| token.text.to_owned())
            .collect(),
    )
}

fn sorted(mut words: Vec<String>) -> Vec<String> {
    words.sort();
    words.dedup();
    words
}

/// Returns the operators in order of their names, each as often as it is there; none where NOT may have turned them over.
fn operators<'a>(tokens: &[Token<'a>], dialect: Dialect) -> Option<Vec<&'a str>> {
    let mut operators = Vec::new();
    let mut is_negated = false;
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1);
        let negates = |words: &[&str]| next.is_some_and(|next| words.iter().any(|word| next.is(word)));
        if token.is("not") {
            let is_part = negates(&["in", "like", "ilike", "between"]);
            // MySQL writes `NOT a > 1` as `a <= 1`.
            if !is_part && !negates(&["null"]) && dialect != Dialect::Postgres {
                return None;
            }
            is_negated = is_part;
            continue;
        }
        match (token.text, is_negated) {
            ("in", false) => operators.push("="),
            ("in", true) => operators.push("<>"),
            ("between", false) => operators.extend([">=", "<="]),
            ("between", true) => operators.extend(["<", ">", "or"]),
            ("like", _) => operators.push(if is_negated { "not like" } else { "like" }),
            ("ilike", _) => operators.push(if is_negated { "not ilike" } else { "ilike" }),
            ("mod", _) => operators.push("%"),
            ("or", _) => operators.push("or"),
            (sign, _) if token.kind == TokenKind::Sign && !matches!(sign, "," | "." | ";") => operators.push(sign),
            _ => {}
        }
        is_negated = false;
    }
    operators.sort_unstable();
    Some(operators)
}

/// As [`operators`], without arithmetic, and with the words that say which rows there are.
fn comparisons<'a>(tokens: &[Token<'a>], dialect: Dialect) -> Option<Vec<&'a str>> {
    const WORDS: &[&str] = &["desc", "distinct", "group", "having", "limit", "union", "except", "intersect"];
    let mut found = operators(tokens, dialect)?;
    found.retain(|operator| !matches!(*operator, "*" | "+" | "-" | "/"));
    found.extend(tokens.iter().map(|token| token.text).filter(|word| WORDS.contains(word)));
    found.sort_unstable();
    Some(found)
}

fn same_operators(left: Option<Vec<&str>>, right: Option<Vec<&str>>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => left == right,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::super::normal::sql;
    use super::*;

    #[test]
    fn a_rewritten_condition_may_be_the_same() {
        let may = |left: &str, right: &str| {
            may_be_same(&sql(left, Dialect::Postgres), &sql(right, Dialect::Postgres), Dialect::Postgres)
        };
        assert!(may("a BETWEEN 1 AND 5", "((a >= 1) AND (a <= 5))"));
        assert!(!may("a BETWEEN 1 AND 5", "((a >= 1) AND (a <= 6))"));
        assert!(!may("a BETWEEN 1 AND 5", "((a > 1) AND (a <= 5))"));
        assert!(may("a NOT BETWEEN 1 AND 5", "((a < 1) OR (a > 5))"));
        assert!(may("a IN ('x')", "((a)::text = 'x'::text)"));
        assert!(may("a NOT IN (1, 2)", "(a <> ALL (ARRAY[1, 2]))"));
        assert!(!may("a > 1 AND b > 1", "((a > 1) OR (b > 1))"));
        assert!(!may("a > 1", "(a >= 1)"));
        assert!(!may("a LIKE 'x'", "((a)::text !~~ 'x'::text)"));
    }

    #[test]
    fn a_rewritten_query_may_be_the_same() {
        let written = "SELECT id, count(*) AS n FROM users WHERE age > 18 GROUP BY id";
        let postgres =
            " SELECT users.id,\n    count(*) AS n\n   FROM users\n  WHERE (users.age > 18)\n  GROUP BY users.id";
        let mariadb = "select `d`.`users`.`id` AS `id`,count(0) AS `n` from `d`.`users` where `d`.`users`.`age` > 18 group by `d`.`users`.`id`";
        for (dialect, found) in [(Dialect::Postgres, postgres), (Dialect::MariaDb, mariadb)] {
            assert!(may_be_same_query(written, found, dialect));
            for other in [
                "SELECT id, count(*) AS n FROM users WHERE age > 21 GROUP BY id",
                "SELECT id, count(*) AS n FROM users WHERE age >= 18 GROUP BY id",
                "SELECT id, count(*) AS n FROM people WHERE age > 18 GROUP BY id",
                "SELECT id, count(*) AS m FROM users WHERE age > 18 GROUP BY id",
            ] {
                assert!(!may_be_same_query(other, found, dialect), "{other}");
            }
        }
    }

    #[test]
    fn what_a_query_selects_is_known_by_its_names() {
        let names = |sql: &str| {
            let all = selected(&tokens(sql))?;
            Some(all.into_iter().map(|name| name.unwrap_or_else(|| "?".to_owned())).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(names("SELECT id, t.\"Name\", a + b, f(x, y) AS z FROM t").as_deref(), Some("id name ? z"));
        assert_eq!(names("select `d`.`t`.`id` AS `Key`,(select 1 from u) from `t`").as_deref(), Some("key ?"));
        assert_eq!(names("SELECT DISTINCT a FROM t").as_deref(), Some("a"));
        assert_eq!(names("SELECT 1").as_deref(), Some("?"));
        let unknown = [
            "SELECT * FROM t",
            "SELECT id, t.* FROM t",
            "SELECT DISTINCT ON (a) a FROM t",
            "WITH t AS (SELECT 1) SELECT 2",
        ];
        assert!(unknown.iter().all(|sql| names(sql).is_none()));
    }
}
