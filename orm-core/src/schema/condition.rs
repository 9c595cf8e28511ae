//! What an expression says, whatever the words in which a database shows it: a tree in one form, written as SQL.
//!
//! In: SQL of a check, a default, a computed column or a part of an index. Out: SQL with every parenthesis that tells which
//! operator belongs to which operands, in which `BETWEEN` is two comparisons, `IN` and `= ANY (ARRAY[…])` are
//! alternatives, `NOT` stands as far inside as it can, and the order of `AND` and `OR` is none. It is compared, and never
//! executed. What cannot be read, such as a subquery, has no such form, and [`normal`](super::normal) takes its words.

mod parse;

use super::tokens::{TokenKind, tokens};
use crate::dialect::Dialect;

/// Brings an expression into the one form, if it can be read.
pub(super) fn canonical(sql: &str, dialect: Dialect) -> Option<String> {
    let sql = if is_mysql(dialect) { without_escapes(sql) } else { sql.to_owned() };
    let tokens = tokens(&sql);
    let node = parse::expression(&tokens, dialect)?;
    let mut out = String::with_capacity(sql.len() + 16);
    truth(node, dialect).write(dialect, &mut out);
    Some(out)
}

pub(super) fn is_mysql(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::MySql | Dialect::MariaDb)
}

/// What an expression is made of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    /// A name, a value or a keyword, as it is written.
    Leaf(String),
    /// An operator, a function or a construct, and what it is applied to.
    Apply(String, Vec<Node>),
    /// Each of these, sorted.
    All(Vec<Node>),
    /// One of these, sorted.
    Any(Vec<Node>),
}

/// Operators that say the opposite of each other.
const OPPOSITES: &[(&str, &str)] = &[
    ("=", "<>"),
    ("like", "not like"),
    ("ilike", "not ilike"),
    ("glob", "not glob"),
    ("match", "not match"),
    ("regexp", "not regexp"),
    ("~", "!~"),
    ("~*", "!~*"),
    ("is", "is not"),
    ("is null", "is not null"),
    ("is true", "is not true"),
    ("is false", "is not false"),
    ("is unknown", "is not unknown"),
    ("is distinct from", "is not distinct from"),
];

impl Node {
    fn leaf(text: impl Into<String>) -> Node {
        Node::Leaf(text.into())
    }

    fn apply(name: impl Into<String>, nodes: impl IntoIterator<Item = Node>) -> Node {
        Node::Apply(name.into(), nodes.into_iter().collect())
    }

    /// Joins conditions that must all hold.
    fn all(nodes: impl IntoIterator<Item = Node>) -> Node {
        let mut parts = Vec::new();
        for node in nodes {
            match node {
                Node::All(inner) => parts.extend(inner),
                other => parts.push(other),
            }
        }
        Node::joined(parts, Node::All)
    }

    /// Joins conditions of which one must hold.
    fn any(nodes: impl IntoIterator<Item = Node>) -> Node {
        let mut parts = Vec::new();
        for node in nodes {
            match node {
                Node::Any(inner) => parts.extend(inner),
                other => parts.push(other),
            }
        }
        Node::joined(parts, Node::Any)
    }

    fn joined(mut parts: Vec<Node>, join: fn(Vec<Node>) -> Node) -> Node {
        parts.sort();
        parts.dedup();
        match <[Node; 1]>::try_from(parts) {
            Ok([only]) => only,
            Err(parts) => join(parts),
        }
    }

    /// Compares two operands: the lesser stands first, and rows are compared column by column where that says the same.
    fn compare(operator: &str, left: Node, right: Node) -> Node {
        match (operator, left, right) {
            ("=", Node::Apply(row, left), Node::Apply(other, right))
                if row == "row" && other == "row" && left.len() == right.len() =>
            {
                Node::all(left.into_iter().zip(right).map(|(left, right)| Node::compare("=", left, right)))
            }
            ("<>", Node::Apply(row, left), Node::Apply(other, right))
                if row == "row" && other == "row" && left.len() == right.len() =>
            {
                Node::any(left.into_iter().zip(right).map(|(left, right)| Node::compare("<>", left, right)))
            }
            (">", left, right) => Node::apply("<", [right, left]),
            (">=", left, right) => Node::apply("<=", [right, left]),
            ("=" | "<>", left, right) if right < left => Node::apply(operator, [right, left]),
            (_, left, right) => Node::apply(operator, [left, right]),
        }
    }

    /// Turns a condition over.
    fn not(self) -> Node {
        match self {
            Node::All(parts) => Node::any(parts.into_iter().map(Node::not)),
            Node::Any(parts) => Node::all(parts.into_iter().map(Node::not)),
            Node::Apply(name, nodes) => match (name.as_str(), <[Node; 2]>::try_from(nodes)) {
                ("<", Ok([left, right])) => Node::apply("<=", [right, left]),
                ("<=", Ok([left, right])) => Node::apply("<", [right, left]),
                (_, nodes) => {
                    let mut nodes = nodes.map_or_else(|nodes| nodes, Vec::from);
                    let is = |(word, other): &&(&str, &str)| *word == name || *other == name;
                    match OPPOSITES.iter().find(is) {
                        Some((word, other)) => {
                            Node::Apply((if *word == name { other } else { word }).to_string(), nodes)
                        }
                        None if name == "not" && nodes.len() == 1 => nodes.remove(0),
                        None => Node::apply("not", [Node::Apply(name, nodes)]),
                    }
                }
            },
            leaf @ Node::Leaf(_) => Node::apply("not", [leaf]),
        }
    }

    /// Returns whether it is true or false, rather than a value that MySQL takes for such.
    fn is_condition(&self) -> bool {
        match self {
            Node::All(_) | Node::Any(_) => true,
            Node::Leaf(text) => text == "0" || text == "1",
            Node::Apply(name, _) => {
                matches!(name.as_str(), "<" | "<=" | "<=>" | "not" | "xor")
                    || OPPOSITES.iter().any(|(word, other)| word == name || other == name)
            }
        }
    }

    fn write(&self, dialect: Dialect, out: &mut String) {
        match self {
            Node::Leaf(text) => out.push_str(text),
            Node::All(parts) if parts.is_empty() => {
                out.push_str(if dialect == Dialect::Postgres { "true" } else { "1" })
            }
            Node::Any(parts) if parts.is_empty() => {
                out.push_str(if dialect == Dialect::Postgres { "false" } else { "0" })
            }
            Node::All(parts) => write_list("(", parts, " and ", ")", dialect, out),
            Node::Any(parts) => write_list("(", parts, " or ", ")", dialect, out),
            Node::Apply(name, nodes) => write_applied(name, nodes, dialect, out),
        }
    }
}

fn write_list(open: &str, nodes: &[Node], between: &str, close: &str, dialect: Dialect, out: &mut String) {
    out.push_str(open);
    for (position, node) in nodes.iter().enumerate() {
        out.push_str(if position == 0 { "" } else { between });
        node.write(dialect, out);
    }
    out.push_str(close);
}

/// Writes what the parser reads as the same again.
fn write_applied(name: &str, nodes: &[Node], dialect: Dialect, out: &mut String) {
    let write = |node: &Node, out: &mut String| node.write(dialect, out);
    match (name, nodes) {
        (
            "is null" | "is not null" | "is true" | "is not true" | "is false" | "is not false" | "is unknown"
            | "is not unknown",
            [node],
        ) => {
            out.push('(');
            write(node, out);
            out.push_str(&format!(" {name})"));
        }
        ("not" | "neg" | "~ of", [node]) => {
            out.push_str(match name {
                "not" => "(not ",
                "neg" => "(- ",
                _ => "(~ ",
            });
            write(node, out);
            out.push(')');
        }
        ("array", items) => write_list("array[", items, ", ", "]", dialect, out),
        ("[]", [node, at]) => {
            write(node, out);
            out.push('[');
            write(at, out);
            out.push(']');
        }
        ("case", parts) => {
            out.push_str("case");
            for part in parts {
                let Node::Apply(word, inner) = part else { continue };
                for (position, node) in inner.iter().enumerate() {
                    out.push_str(match (word.as_str(), position) {
                        ("of", _) => " ",
                        ("else", _) => " else ",
                        (_, 0) => " when ",
                        (_, _) => " then ",
                    });
                    write(node, out);
                }
            }
            out.push_str(" end");
        }
        (_, [node]) if name.starts_with("cast ") => {
            out.push_str("cast(");
            write(node, out);
            out.push_str(&format!(" as {})", &name[5..]));
        }
        (_, [node]) if name.starts_with("collate ") => {
            out.push('(');
            write(node, out);
            out.push_str(&format!(" {name})"));
        }
        (_, [node]) if name.starts_with("interval ") => {
            out.push_str("(interval ");
            write(node, out);
            out.push_str(&format!(" {})", &name[9..]));
        }
        (_, [left, right]) if is_operator(name) => {
            out.push('(');
            write(left, out);
            out.push_str(&format!(" {name} "));
            let is_list = name.ends_with(" any") || name.ends_with(" all");
            out.push_str(if is_list { "(" } else { "" });
            write(right, out);
            out.push_str(if is_list { "))" } else { ")" });
        }
        (_, arguments) => write_list(&format!("{name}("), arguments, ", ", ")", dialect, out),
    }
}

fn is_operator(name: &str) -> bool {
    let is_sign = name.starts_with(|first: char| !first.is_alphanumeric() && !matches!(first, '_' | '"' | '`'));
    is_sign || matches!(name, "div" | "xor") || OPPOSITES.iter().any(|(word, other)| *word == name || *other == name)
}

/// Makes a condition of what stands where one is wanted: to MySQL, a number is one.
fn truth(node: Node, dialect: Dialect) -> Node {
    if is_mysql(dialect) && !node.is_condition() { Node::compare("<>", node, Node::leaf("0")) } else { node }
}

/// Writes the texts of MySQL with doubled quotes alone: what follows a backslash is what it stands for. Two signs in a row,
/// which are no comment without a space behind them, stand apart.
fn without_escapes(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut within: Option<char> = None;
    let mut rest = sql.chars();
    while let Some(next) = rest.next() {
        match (within, next) {
            (None, '\'' | '"' | '`') => within = Some(next),
            (Some(quote), _) if next == quote => within = None,
            (None, '-') if rest.as_str().starts_with('-') && !rest.as_str().starts_with("- ") => {
                out.push_str("- ");
                continue;
            }
            (Some('\'' | '"'), '\\') => {
                match rest.next() {
                    Some('n') => out.push('\n'),
                    Some('t') => out.push('\t'),
                    Some('r') => out.push('\r'),
                    Some('0') => out.push('\0'),
                    Some('b') => out.push('\u{8}'),
                    Some('Z') => out.push('\u{1a}'),
                    // Patterns of LIKE keep these.
                    Some(other @ ('%' | '_')) => out.extend(['\\', other]),
                    Some(other) if Some(other) == within => out.extend([other, other]),
                    Some(other) => out.push(other),
                    None => {}
                }
                continue;
            }
            _ => {}
        }
        out.push(next);
    }
    out
}

/// Writes a text such that it is read as the same text again.
fn text_leaf(text: &str, dialect: Dialect) -> Node {
    let text = text.replace('\'', "''");
    Node::Leaf(format!("'{}'", if is_mysql(dialect) { text.replace('\\', "\\\\") } else { text }))
}

/// Writes a name without quotes where it needs none. Names differ by case on PostgreSQL alone.
fn name_leaf(name: &str, kind: TokenKind, dialect: Dialect) -> String {
    let folds = kind != TokenKind::Quoted || dialect != Dialect::Postgres;
    let name = if folds { name.to_lowercase() } else { name.to_owned() };
    let is_plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && name.starts_with(|c: char| !c.is_ascii_digit())
        && !parse::is_keyword(&name);
    match (is_plain, is_mysql(dialect)) {
        (true, _) => name,
        (false, true) => format!("`{}`", name.replace('`', "``")),
        (false, false) => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each written condition and how the database shows it.
    const SHOWN: &[(Dialect, &str, &str)] = &[
        (
            Dialect::Postgres,
            "a + b > 1 AND (c < 5 OR d = 'x')",
            "(((a + b) > 1) AND ((c < 5) OR ((d)::text = 'x'::text)))",
        ),
        (Dialect::Postgres, "a IN (1,2,3)", "(a = ANY (ARRAY[1, 2, 3]))"),
        (
            Dialect::Postgres,
            "d NOT IN ('x','it''s')",
            "((d)::text <> ALL ((ARRAY['x'::character varying, 'it''s'::character varying])::text[]))",
        ),
        (Dialect::Postgres, "a IN (1,b)", "((a = 1) OR (a = b))"),
        (Dialect::Postgres, "a NOT BETWEEN 1 AND b", "((a < 1) OR (a > b))"),
        (Dialect::Postgres, "NOT d LIKE 'x%'", "(NOT ((d)::text ~~ 'x%'::text))"),
        (Dialect::Postgres, "d NOT LIKE 'x%'", "((d)::text !~~ 'x%'::text)"),
        (Dialect::Postgres, "d LIKE 'a!%' ESCAPE '!'", "((d)::text ~~ like_escape('a!%'::text, '!'::text))"),
        (Dialect::Postgres, "substring(d, 1, 2) = 'ab'", "(\"substring\"((d)::text, 1, 2) = 'ab'::text)"),
        (Dialect::Postgres, "substring(d from 1 for 2) = 'ab'", "(\"substring\"((d)::text, 1, 2) = 'ab'::text)"),
        (Dialect::Postgres, "trim(d) <> ''", "(TRIM(BOTH FROM d) <> ''::text)"),
        (
            Dialect::Postgres,
            "CASE a WHEN 1 THEN b END > 0",
            "(\nCASE a\n    WHEN 1 THEN b\n    ELSE NULL::integer\nEND > 0)",
        ),
        (Dialect::Postgres, "abs(a) > -1", "(abs(a) > '-1'::integer)"),
        (Dialect::Postgres, "a + -b > 1", "((a + (- b)) > 1)"),
        (Dialect::Postgres, "x > 1e3", "(x > '1000'::numeric)"),
        (Dialect::Postgres, "x > .5", "(x > 0.5)"),
        (Dialect::Postgres, "t > '2020-01-01'", "(t > '2020-01-01 00:00:00'::timestamp without time zone)"),
        (Dialect::Postgres, "extract(year from t) > 2000", "(EXTRACT(year FROM t) > (2000)::numeric)"),
        (Dialect::Postgres, "position('x' in d) > 0", "(POSITION(('x'::text) IN (d)) > 0)"),
        (Dialect::Postgres, "(a,b) <> (1,2)", "((a <> 1) OR (b <> 2))"),
        (Dialect::Postgres, "(a, b) IN ((1,2),(3,4))", "(((a = 1) AND (b = 2)) OR ((a = 3) AND (b = 4)))"),
        (Dialect::Postgres, "d COLLATE \"C\" = 'x'", "(((d)::text COLLATE \"C\") = 'x'::text)"),
        (Dialect::Postgres, "u.a > 1", "(a > 1)"),
        (Dialect::Postgres, "a & 3 = 1", "((a & 3) = 1)"),
        (Dialect::Postgres, "j -> 'a' IS NOT NULL", "((j -> 'a'::text) IS NOT NULL)"),
        (Dialect::Postgres, "t + interval '1 day' > t", "((t + '1 day'::interval) > t)"),
        (Dialect::MariaDb, "d NOT IN ('x','it''s')", "`d` not in ('x','it\\'s')"),
        (Dialect::MariaDb, "NOT (a > 1 OR b > 2)", "`a` <= 1 and `b` <= 2"),
        (Dialect::MariaDb, "NOT d LIKE 'x%'", "`d`  not like 'x%'"),
        (Dialect::MariaDb, "a - (b - c) > 1", "`a` - (`b` - `c`) > 1"),
        (Dialect::MariaDb, "length(d) > 3 AND upper(d) = d", "octet_length(`d`) > 3 and ucase(`d`) = `d`"),
        (Dialect::MariaDb, "mod(a,2)=0", "`a` MOD 2 = 0"),
        (Dialect::MariaDb, "e OR NOT e", "`e` <> 0 or `e` = 0"),
        (Dialect::MariaDb, "d || 'x' <> 'y'", "`d` <> 0 or 'x' <> 'y'"),
        (Dialect::MariaDb, "(a > 1) = (b > 1)", "`a` > 1 = (`b` > 1)"),
        (Dialect::MariaDb, "position('x' in d) > 0", "locate('x',`d`) > 0"),
        (Dialect::MariaDb, "CAST(a AS CHAR(5)) = 'x'", "cast(`a` as char(5) charset utf8mb3) = 'x'"),
        (Dialect::MariaDb, "date(t) > '2020-01-01'", "cast(`t` as date) > '2020-01-01'"),
        (Dialect::MariaDb, "a = -(-b) AND a > -1", "`a` = --`b` and `a` > -1"),
        (Dialect::MariaDb, "t + interval 1 day > t", "`t` + interval 1 day > `t`"),
        (Dialect::MariaDb, "d = \"x\" AND Mixed > 1", "`d` = 'x' and `Mixed` > 1"),
        (Dialect::MySql, "j->'$.a' = 1", "(json_extract(`j`,_utf8mb4'$.a') = 1)"),
        (Dialect::MySql, "a IN ('x') AND b", "((`a` = _utf8mb4'x') and (0 <> `b`))"),
        (Dialect::Sqlite, "\"a\" > 1 AND b = TRUE", "(A>1)  and [b] == 1"),
    ];

    #[test]
    fn what_a_database_shows_is_what_was_written() {
        for (dialect, written, shown) in SHOWN {
            let form = canonical(written, *dialect);
            assert!(form.is_some(), "{written}");
            assert_eq!(form, canonical(shown, *dialect), "{written}");
            let form = form.unwrap();
            assert_eq!(canonical(&form, *dialect).as_ref(), Some(&form), "{written}");
        }
    }

    #[test]
    fn another_grouping_is_another_expression() {
        let pairs = [
            ("(a = 1 OR b = 1) AND c = 1", "a = 1 OR (b = 1 AND c = 1)"),
            ("(a - b) - c > 1", "a - (b - c) > 1"),
            ("(a + b) * c > 1", "a + b * c > 1"),
            ("NOT (a = 1 OR b = 1)", "(NOT a = 1) OR b = 1"),
            ("a > 1 AND b > 2", "a > 2 AND b > 1"),
            ("a - b > 1", "b - a > 1"),
            ("a < b", "b < a"),
            ("abs(a - b) > 1", "abs(a) - b > 1"),
            ("CASE WHEN a > 1 THEN b ELSE c END > 0", "CASE WHEN a > 1 THEN c ELSE b END > 0"),
        ];
        for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql, Dialect::MariaDb] {
            for (left, right) in pairs {
                let (left, right) = (canonical(left, dialect), canonical(right, dialect));
                assert!(left.is_some() && right.is_some());
                assert_ne!(left, right);
            }
        }
    }

    #[test]
    fn what_cannot_be_read_has_no_form() {
        let deep = format!("{}a{}", "(".repeat(5000), ")".repeat(5000));
        for sql in
            ["", "a >", "a IN (SELECT b FROM c)", "(a).b > 1", "CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP", &deep]
        {
            assert_eq!(canonical(sql, Dialect::Postgres), None);
        }
    }
}
