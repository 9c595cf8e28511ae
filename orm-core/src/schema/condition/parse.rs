//! Reads an expression: by precedence, which each database has of its own.
//!
//! In: [`Token`]s. Out: a [`Node`], or nothing where there is something that is not known here.

use super::{Node, name_leaf, text_leaf, truth};
use crate::dialect::Dialect;
use crate::schema::condition::is_mysql;
use crate::schema::normal::{after_type, is_now, is_of_numbers};
use crate::schema::tokens::{Token, TokenKind, closing};

/// How tightly the operators bind that every database has in this order.
const OR: u8 = 1;
const XOR: u8 = 2;
const AND: u8 = 3;
const NOT: u8 = 4;

/// How tightly the others bind.
struct Levels {
    is: u8,
    equal: u8,
    less: u8,
    /// `IN`, `LIKE`, `BETWEEN` and their kin.
    predicate: u8,
    /// What PostgreSQL calls any other operator, which is also where `||`, `->` and bits are.
    other: u8,
    add: u8,
    multiply: u8,
    power: u8,
    zone: u8,
    collate: u8,
    unary: u8,
}

/// <https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-PRECEDENCE>
const POSTGRES: Levels = Levels {
    is: 5,
    equal: 6,
    less: 6,
    predicate: 7,
    other: 8,
    add: 9,
    multiply: 10,
    power: 11,
    zone: 12,
    collate: 13,
    unary: 14,
};

/// <https://sqlite.org/lang_expr.html#operators_and_parse_affecting_attributes>
const SQLITE: Levels = Levels {
    is: 5,
    equal: 5,
    less: 6,
    predicate: 5,
    other: 7,
    add: 8,
    multiply: 9,
    power: 10,
    zone: 10,
    collate: 11,
    unary: 12,
};

/// <https://mariadb.com/kb/en/operator-precedence/>, with a level for each kind of bits: 7 to 9.
const MYSQL: Levels = Levels {
    is: 5,
    equal: 5,
    less: 5,
    predicate: 6,
    other: 7,
    add: 10,
    multiply: 11,
    power: 12,
    zone: 12,
    collate: 14,
    unary: 13,
};

/// Words that are no names.
const KEYWORDS: &[&str] = &[
    "and", "any", "all", "array", "as", "between", "case", "cast", "collate", "distinct", "div", "else", "end",
    "escape", "exists", "from", "glob", "ilike", "in", "interval", "is", "isnull", "like", "match", "not", "notnull",
    "or", "regexp", "rlike", "row", "select", "similar", "some", "then", "when", "xor",
];

pub(super) fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word)
}

/// Reads all of it.
pub(super) fn expression(tokens: &[Token<'_>], dialect: Dialect) -> Option<Node> {
    let levels = match dialect {
        Dialect::Postgres => POSTGRES,
        Dialect::Sqlite => SQLITE,
        Dialect::MySql | Dialect::MariaDb => MYSQL,
    };
    let mut parser = Parser { tokens, at: 0, dialect, levels, depth: 0 };
    let node = parser.expression(OR)?;
    (parser.at == tokens.len()).then_some(node)
}

struct Parser<'t> {
    tokens: &'t [Token<'t>],
    at: usize,
    dialect: Dialect,
    levels: Levels,
    depth: u32,
}

/// Deeper than this nobody writes, and the stack is finite.
const DEEPEST: u32 = 200;

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t Token<'t>> {
        self.tokens.get(self.at)
    }

    fn is_at(&self, offset: usize, word: &str) -> bool {
        self.tokens.get(self.at + offset).is_some_and(|token| token.is(word))
    }

    /// Goes past a word, if it is the next.
    fn take(&mut self, word: &str) -> bool {
        let is_next = self.is_at(0, word);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, word: &str) -> Option<()> {
        self.take(word).then_some(())
    }

    fn is_mysql(&self) -> bool {
        is_mysql(self.dialect)
    }

    /// Reads operators that bind at least as tightly as `least`.
    fn expression(&mut self, least: u8) -> Option<Node> {
        self.depth += 1;
        let node = if self.depth > DEEPEST { None } else { self.operators(least) };
        self.depth -= 1;
        node
    }

    fn operators(&mut self, least: u8) -> Option<Node> {
        let mut left = self.prefixed()?;
        while let Some(token) = self.peek() {
            let before = self.at;
            left = match self.infix(left, token, least) {
                Ok(node) => node?,
                Err(left) => {
                    self.at = before;
                    return Some(left);
                }
            };
        }
        Some(left)
    }

    /// Reads one operator behind `left`, or gives `left` back where none stands that binds tightly enough.
    fn infix(&mut self, left: Node, token: &Token<'_>, least: u8) -> Result<Option<Node>, Node> {
        let dialect = self.dialect;
        let lower = token.text.to_ascii_lowercase();
        let word = match token.kind {
            TokenKind::Word | TokenKind::Sign => lower.as_str(),
            _ => return Err(left),
        };
        let is_negated = word == "not";
        let operator = if is_negated {
            match self.tokens.get(self.at + 1) {
                Some(next) if next.kind == TokenKind::Word => next.text.to_ascii_lowercase(),
                _ => return Err(left),
            }
        } else {
            word.to_owned()
        };
        let Some(level) = self.level(&operator, is_negated) else { return Err(left) };
        if level < least {
            return Err(left);
        }
        self.at += 1 + usize::from(is_negated);
        let negate = |node: Node| if is_negated { node.not() } else { node };
        Ok(match operator.as_str() {
            "or" | "||" if level == OR => {
                self.expression(OR + 1).map(|right| Node::any([truth(left, dialect), truth(right, dialect)]))
            }
            "and" | "&&" if level == AND => {
                self.expression(AND + 1).map(|right| Node::all([truth(left, dialect), truth(right, dialect)]))
            }
            "xor" => {
                self.expression(XOR + 1).map(|right| Node::apply("xor", [truth(left, dialect), truth(right, dialect)]))
            }
            "isnull" => Some(Node::apply("is null", [left])),
            "notnull" => Some(Node::apply("is not null", [left])),
            // SQLite's `x NOT NULL`.
            "null" => Some(Node::apply("is not null", [left])),
            "is" => self.is(left),
            "between" => self.between(left).map(negate),
            "in" => self.within(left).map(negate),
            "like" | "ilike" | "glob" | "match" | "regexp" | "rlike" | "similar" => {
                self.like(&operator, left).map(negate)
            }
            "collate" => self.collation(left),
            "at" => self.zone(left),
            _ => self.binary(&operator, level, left),
        })
    }

    /// Returns how tightly an operator binds, if it is one.
    fn level(&self, operator: &str, is_negated: bool) -> Option<u8> {
        let levels = &self.levels;
        let is_predicate =
            matches!(operator, "between" | "in" | "like" | "ilike" | "glob" | "match" | "regexp" | "rlike" | "similar");
        if is_negated {
            let is_null = self.dialect == Dialect::Sqlite && operator == "null";
            return (is_predicate || is_null).then_some(levels.predicate);
        }
        Some(match operator {
            "or" => OR,
            "||" if self.is_mysql() => OR,
            "xor" if self.is_mysql() => XOR,
            "and" => AND,
            "&&" if self.is_mysql() => AND,
            "is" | "isnull" | "notnull" => levels.is,
            "=" | "==" | "<>" | "!=" => levels.equal,
            "<" | ">" | "<=" | ">=" => levels.less,
            "<=>" if self.is_mysql() => levels.equal,
            _ if is_predicate => levels.predicate,
            "collate" => levels.collate,
            "at" if self.is_at(1, "time") && self.is_at(2, "zone") => levels.zone,
            "+" | "-" => levels.add,
            "*" | "/" | "%" => levels.multiply,
            "div" | "mod" if self.is_mysql() => levels.multiply,
            "^" if self.dialect != Dialect::Sqlite => levels.power,
            "&" if self.is_mysql() => 8,
            "<<" | ">>" if self.is_mysql() => 9,
            "||" | "->" | "->>" if self.dialect == Dialect::Sqlite => levels.power,
            "->" | "->>" if self.is_mysql() => levels.collate,
            "::" | "(" | ")" | "[" | "]" | "," | "." | ";" | ":" | "!" => return None,
            sign if sign.starts_with(|first: char| !first.is_alphanumeric() && first != '_') => levels.other,
            _ => return None,
        })
    }

    fn binary(&mut self, operator: &str, level: u8, left: Node) -> Option<Node> {
        let operator = match operator {
            "==" => "=",
            "!=" => "<>",
            "mod" => "%",
            "~~" => "like",
            "!~~" => "not like",
            "~~*" => "ilike",
            "!~~*" => "not ilike",
            other => other,
        };
        if let Some(list) = self.one_of_list(operator, &left) {
            return list;
        }
        let right = self.expression(level + 1)?;
        if self.is_mysql() && matches!(operator, "->" | "->>") {
            let value = Node::apply("json_extract", [left, right]);
            return Some(if operator == "->" { value } else { Node::apply("json_unquote", [value]) });
        }
        Some(Node::compare(operator, left, right))
    }

    /// Reads `= ANY (ARRAY[…])` and its kin behind the operator, which are alternatives.
    fn one_of_list(&mut self, operator: &str, left: &Node) -> Option<Option<Node>> {
        let is_all = self.is_at(0, "all");
        if !(is_all || self.is_at(0, "any") || self.is_at(0, "some")) || !self.is_at(1, "(") {
            return None;
        }
        self.at += 2;
        let Some(list) = self.expression(OR) else { return Some(None) };
        if !self.take(")") {
            return Some(None);
        }
        let Node::Apply(name, items) = &list else {
            let word = if is_all { "all" } else { "any" };
            return Some(Some(Node::apply(format!("{operator} {word}"), [left.clone(), list])));
        };
        if name != "array" {
            let word = if is_all { "all" } else { "any" };
            return Some(Some(Node::apply(format!("{operator} {word}"), [left.clone(), list])));
        }
        let each = items.iter().map(|item| Node::compare(operator, left.clone(), item.clone()));
        Some(Some(if is_all { Node::all(each) } else { Node::any(each) }))
    }

    fn is(&mut self, left: Node) -> Option<Node> {
        let is_not = self.take("not");
        let negate = |node: Node| if is_not { node.not() } else { node };
        for word in ["null", "true", "false", "unknown"] {
            // To SQLite, `IS 1` and `IS TRUE` are not the same.
            if self.take(word) {
                let asked = if word == "null" { left } else { truth(left, self.dialect) };
                return Some(negate(Node::apply(format!("is {word}"), [asked])));
            }
        }
        if self.take("distinct") {
            self.expect("from")?;
            let right = self.expression(self.levels.is + 1)?;
            return Some(negate(Node::apply("is distinct from", [left, right])));
        }
        if self.dialect != Dialect::Sqlite {
            return None;
        }
        let right = self.expression(self.levels.is + 1)?;
        Some(negate(Node::apply("is", [left, right])))
    }

    fn between(&mut self, left: Node) -> Option<Node> {
        let is_symmetric = self.take("symmetric");
        self.take("asymmetric");
        let least = self.expression(self.levels.predicate + 1)?;
        self.expect("and")?;
        let most = self.expression(self.levels.predicate + 1)?;
        let between = |least: Node, most: Node| {
            Node::all([Node::compare(">=", left.clone(), least), Node::compare("<=", left.clone(), most)])
        };
        if is_symmetric {
            return Some(Node::any([between(least.clone(), most.clone()), between(most, least)]));
        }
        Some(between(least, most))
    }

    fn within(&mut self, left: Node) -> Option<Node> {
        self.expect("(")?;
        let items = self.list(")")?;
        Some(Node::any(items.into_iter().map(|item| Node::compare("=", left.clone(), item))))
    }

    fn like(&mut self, operator: &str, left: Node) -> Option<Node> {
        if operator == "similar" {
            self.expect("to")?;
        }
        let tighter = self.levels.predicate + 1;
        let right = self.expression(tighter)?;
        let escape = if self.take("escape") { Some(self.expression(tighter)?) } else { None };
        let (operator, function) = match operator {
            "similar" => ("~", "similar_to_escape"),
            "rlike" => ("regexp", "like_escape"),
            other => (other, "like_escape"),
        };
        let right = match escape {
            Some(escape) => Node::apply(function, [right, escape]),
            None if function == "similar_to_escape" => Node::apply(function, [right]),
            None => right,
        };
        Some(Node::apply(operator, [left, right]))
    }

    fn collation(&mut self, left: Node) -> Option<Node> {
        let name = self.name()?;
        Some(Node::apply(format!("collate {name}"), [left]))
    }

    fn zone(&mut self, left: Node) -> Option<Node> {
        self.expect("time")?;
        self.expect("zone")?;
        let zone = self.expression(self.levels.zone + 1)?;
        Some(Node::apply("timezone", [zone, left]))
    }

    /// Reads a name, of which only the last part counts: PostgreSQL and MariaDB take the table away.
    fn name(&mut self) -> Option<String> {
        loop {
            let token = self.peek().filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::Quoted))?;
            self.at += 1;
            if !self.take(".") {
                return Some(name_leaf(&token.name(), token.kind, self.dialect));
            }
        }
    }

    fn prefixed(&mut self) -> Option<Node> {
        let unary = self.levels.unary;
        if self.take("not") {
            return self.expression(NOT).map(|node| truth(node, self.dialect).not());
        }
        if self.is_mysql() && self.take("binary") {
            return self.expression(unary).map(|node| Node::apply("cast binary", [node]));
        }
        if self.is_mysql() && self.take("!") {
            return self.expression(unary + 1).map(|node| truth(node, self.dialect).not());
        }
        if self.take("+") {
            return self.expression(unary);
        }
        if self.take("~") {
            return self.expression(unary).map(|node| Node::apply("~ of", [node]));
        }
        if self.take("-") {
            return self.expression(unary).map(minus);
        }
        let mut node = self.primary()?;
        loop {
            if self.is_at(0, "::") {
                node = self.cast_by_sign(node);
            } else if self.take("[") {
                let at = self.expression(OR)?;
                self.expect("]")?;
                node = Node::apply("[]", [node, at]);
            } else {
                return Some(node);
            }
        }
    }

    /// Goes past `::type`: PostgreSQL adds casts of its own, which say nothing.
    fn cast_by_sign(&mut self, node: Node) -> Node {
        let type_at = self.at + 1;
        self.at = after_type(self.tokens, type_at);
        let Some(of) = self.tokens.get(type_at) else { return node };
        match node {
            Node::Leaf(text) if text.starts_with('\'') && of.is("interval") => interval(),
            Node::Leaf(text) if text.starts_with('\'') && is_of_numbers(of) => {
                let number = text.trim_matches('\'');
                if crate::schema::is_number(number) { Node::Leaf(plain_number(number)) } else { Node::Leaf(text) }
            }
            other => other,
        }
    }

    fn primary(&mut self) -> Option<Node> {
        let token = self.peek()?;
        match token.kind {
            TokenKind::Number => {
                self.at += 1;
                Some(Node::Leaf(plain_number(&token.text.to_ascii_lowercase())))
            }
            TokenKind::Text => {
                self.at += 1;
                Some(self.text(&token.name()))
            }
            // MySQL takes either quote for a text.
            TokenKind::Quoted if self.is_mysql() && token.text.starts_with('"') => {
                self.at += 1;
                Some(self.text(&token.name()))
            }
            TokenKind::Quoted => self.named(),
            TokenKind::Sign if token.is("(") => {
                self.at += 1;
                self.row()
            }
            TokenKind::Sign => None,
            TokenKind::Word => self.word(token),
        }
    }

    fn text(&self, text: &str) -> Node {
        let text = if self.dialect == Dialect::Postgres { without_midnight(text) } else { text };
        text_leaf(text, self.dialect)
    }

    /// Reads what stands in parentheses, which are several values of a row.
    fn row(&mut self) -> Option<Node> {
        let mut items = self.list(")")?;
        if self.is_at(0, ".") {
            return None;
        }
        match items.len() {
            0 => None,
            1 => items.pop(),
            _ => Some(Node::Apply("row".to_owned(), items)),
        }
    }

    fn list(&mut self, close: &str) -> Option<Vec<Node>> {
        let mut items = Vec::new();
        if self.take(close) {
            return Some(items);
        }
        loop {
            items.push(self.expression(OR)?);
            if self.take(close) {
                return Some(items);
            }
            self.expect(",")?;
        }
    }

    fn word(&mut self, token: &Token<'_>) -> Option<Node> {
        let next_is_text = self.tokens.get(self.at + 1).is_some_and(|next| next.kind == TokenKind::Text);
        if is_now(token) {
            self.at += 1;
            if self.is_at(0, "(") {
                self.at = closing(self.tokens, self.at);
            }
            return Some(Node::leaf("current_timestamp"));
        }
        let lower = token.text.to_ascii_lowercase();
        match lower.as_str() {
            "true" | "false" if self.dialect != Dialect::Postgres => {
                self.at += 1;
                return Some(Node::leaf(if lower == "true" { "1" } else { "0" }));
            }
            "case" => return self.case(),
            "cast" if self.is_at(1, "(") => return self.cast(),
            "array" if self.is_at(1, "[") => {
                self.at += 2;
                return Some(Node::Apply("array".to_owned(), self.list("]")?));
            }
            "row" if self.is_at(1, "(") => {
                self.at += 2;
                return Some(Node::Apply("row".to_owned(), self.list(")")?));
            }
            "interval" => return self.interval(next_is_text),
            "x" | "b" | "n" if next_is_text => {
                let text = self.tokens.get(self.at + 1)?;
                self.at += 2;
                return Some(Node::Leaf(format!("{lower}{}", text.text)));
            }
            _ if is_keyword(&lower) => return None,
            // `_utf8mb4'text'`, `E'text'`, `DATE '2024-01-01'`.
            _ if next_is_text => {
                let text = self.tokens.get(self.at + 1)?.name();
                self.at += 2;
                let text = if lower == "e" { text.replace("\\\\", "\\") } else { text };
                return Some(self.text(&text));
            }
            _ => {}
        }
        self.named()
    }

    /// Reads a column, a keyword that is a value, or a function.
    fn named(&mut self) -> Option<Node> {
        let name = self.name()?;
        if !self.take("(") {
            return Some(Node::Leaf(name));
        }
        match name.as_str() {
            "extract" => self.extract(),
            "trim" => self.trim(),
            "position" | "locate" => self.position(&name),
            "substring" | "substr" | "mid" => self.substring(&name),
            "convert" | "overlay" | "group_concat" | "count" => None,
            _ => {
                let arguments = self.list(")")?;
                Some(self.function(&name, arguments))
            }
        }
    }

    /// Applies a function under the one of its names that the database shows.
    fn function(&self, name: &str, arguments: Vec<Node>) -> Node {
        if !self.is_mysql() {
            return Node::Apply(name.to_owned(), arguments);
        }
        let name = match (name, arguments.len()) {
            ("curdate" | "current_date", 0) => return Node::leaf("current_date"),
            ("mod", 2) => "%",
            ("regexp_like", 2) => "regexp",
            ("date", 1) => "cast date",
            ("upper", 1) => "ucase",
            ("lower", 1) => "lcase",
            ("length", 1) => "octet_length",
            ("character_length", 1) => "char_length",
            ("power", 2) => "pow",
            ("ceil", 1) => "ceiling",
            ("day", 1) => "dayofmonth",
            ("date_add" | "adddate", 2) => "+",
            ("date_sub" | "subdate", 2) => "-",
            ("isnull", 1) => "is null",
            (other, _) => other,
        };
        Node::Apply(name.to_owned(), arguments)
    }

    fn extract(&mut self) -> Option<Node> {
        let token = self.peek()?;
        let field = token.name().to_ascii_lowercase();
        self.at += 1;
        // What it has been written as is read as any function.
        if self.take(",") {
            let of = self.expression(OR)?;
            self.expect(")")?;
            return Some(Node::apply("extract", [Node::Leaf(field), of]));
        }
        self.expect("from")?;
        let of = self.expression(OR)?;
        self.expect(")")?;
        Some(Node::apply("extract", [Node::Leaf(field), of]))
    }

    fn trim(&mut self) -> Option<Node> {
        let plain = if self.dialect == Dialect::Postgres { "btrim" } else { "trim" };
        let function = match self.peek()?.text.to_ascii_lowercase().as_str() {
            "both" => plain,
            "leading" => "ltrim",
            "trailing" => "rtrim",
            _ => {
                let mut arguments = Vec::from([self.expression(OR)?]);
                if self.take("from") {
                    arguments.insert(0, self.expression(OR)?);
                } else if self.take(",") {
                    arguments.push(self.expression(OR)?);
                }
                self.expect(")")?;
                return Some(Node::Apply(plain.to_owned(), arguments));
            }
        };
        self.at += 1;
        let characters = if self.take("from") { None } else { Some(self.expression(OR)?) };
        if characters.is_some() {
            self.expect("from")?;
        }
        let of = self.expression(OR)?;
        self.expect(")")?;
        Some(Node::apply(function, std::iter::once(of).chain(characters)))
    }

    fn position(&mut self, name: &str) -> Option<Node> {
        let part = self.expression(self.levels.predicate + 1)?;
        if self.take("in") {
            let of = self.expression(OR)?;
            self.expect(")")?;
            return Some(Node::apply(if self.is_mysql() { "locate" } else { "position" }, [part, of]));
        }
        self.expect(",")?;
        let rest = self.list(")")?;
        Some(Node::apply(name, std::iter::once(part).chain(rest)))
    }

    fn substring(&mut self, name: &str) -> Option<Node> {
        let mut arguments = Vec::from([self.expression(OR)?]);
        while !self.take(")") {
            if !(self.take(",") || self.take("from") || self.take("for")) {
                return None;
            }
            arguments.push(self.expression(OR)?);
        }
        let name = if self.dialect == Dialect::Postgres { name } else { "substr" };
        Some(Node::Apply(name.to_owned(), arguments))
    }

    fn case(&mut self) -> Option<Node> {
        self.expect("case")?;
        let mut parts = Vec::new();
        let has_operand = !self.is_at(0, "when");
        if has_operand {
            parts.push(Node::apply("of", [self.expression(OR)?]));
        }
        while self.take("when") {
            let condition = self.expression(OR)?;
            let condition = if has_operand { condition } else { truth(condition, self.dialect) };
            self.expect("then")?;
            parts.push(Node::apply("when", [condition, self.expression(OR)?]));
        }
        if self.take("else") {
            let other = self.expression(OR)?;
            // NULL is what there is when nothing is said.
            if other != Node::leaf("null") {
                parts.push(Node::apply("else", [other]));
            }
        }
        self.expect("end")?;
        Some(Node::Apply("case".to_owned(), parts))
    }

    /// Reads CAST. PostgreSQL shows it like the casts that it adds itself, so there it says nothing.
    fn cast(&mut self) -> Option<Node> {
        self.at += 2;
        let of = self.expression(OR)?;
        self.expect("as")?;
        let type_at = self.at;
        let end = self.tokens[self.at..].iter().position(|token| token.is(")"));
        let open = self.tokens[self.at..].iter().position(|token| token.is("("));
        self.at = match (open, end?) {
            (Some(open), end) if open < end => closing(self.tokens, self.at + open),
            (_, end) => self.at + end,
        };
        while !self.take(")") {
            self.peek()?;
            self.at += 1;
        }
        let written = &self.tokens[type_at..self.at - 1];
        let name = if self.is_mysql() { mysql_type(written) } else { joined(written) };
        Some(if self.dialect == Dialect::Postgres { of } else { Node::apply(format!("cast {name}"), [of]) })
    }

    /// Reads an interval. PostgreSQL writes one in words of its own, so there any is like any other.
    fn interval(&mut self, next_is_text: bool) -> Option<Node> {
        self.at += 1;
        if self.dialect == Dialect::Postgres {
            self.at += usize::from(next_is_text);
            return next_is_text.then(interval);
        }
        let of = self.expression(self.levels.add)?;
        let unit = self.peek().filter(|token| token.kind == TokenKind::Word)?;
        self.at += 1;
        Some(Node::apply(format!("interval {}", unit.text.to_ascii_lowercase()), [of]))
    }
}

/// Returns a type as the target of a cast of MySQL is shown: without the characters that it has by itself.
fn mysql_type(tokens: &[Token<'_>]) -> String {
    let own = tokens.iter().position(|token| token.is("charset") || token.is("character"));
    let is_binary = own.is_some_and(|at| tokens[at..].iter().any(|token| token.is("binary")));
    let written = joined(&tokens[..own.unwrap_or(tokens.len())]);
    let (name, length) = written.split_at(written.find('(').unwrap_or(written.len()));
    match name {
        "char" if is_binary => format!("binary{length}"),
        "varchar" | "nchar" => format!("char{length}"),
        "int" | "integer" | "signed int" | "signed integer" => "signed".to_owned(),
        "unsigned int" | "unsigned integer" => "unsigned".to_owned(),
        "decimal" | "dec" if length.is_empty() => "decimal(10,0)".to_owned(),
        "decimal" | "dec" if !length.contains(',') => format!("decimal{},0)", length.trim_end_matches(')')),
        "dec" => format!("decimal{length}"),
        _ => written,
    }
}

/// Writes words in lower case, with a space between two of them and none elsewhere.
fn joined(tokens: &[Token<'_>]) -> String {
    let mut out = String::new();
    for (position, token) in tokens.iter().enumerate() {
        let are_words = position > 0 && token.kind == TokenKind::Word && tokens[position - 1].kind == TokenKind::Word;
        out.push_str(if are_words { " " } else { "" });
        out.push_str(&token.text.to_ascii_lowercase());
    }
    out
}

/// Turns a sign over: databases compute this of numbers.
fn minus(node: Node) -> Node {
    let is_number = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
    match node {
        Node::Leaf(number) if number == "0" => Node::Leaf(number),
        Node::Leaf(number) if is_number(&number) => Node::Leaf(format!("-{number}")),
        Node::Leaf(number) if number.strip_prefix('-').is_some_and(is_number) => Node::Leaf(number[1..].to_owned()),
        other => Node::apply("neg", [other]),
    }
}

fn interval() -> Node {
    Node::leaf("interval ''")
}

/// Takes the time from a moment which is at the beginning of a day, as PostgreSQL adds it to a date.
fn without_midnight(text: &str) -> &str {
    let is_date = |date: &str| date.len() == 10 && date.chars().all(|c| c.is_ascii_digit() || c == '-');
    let Some((date, time)) = text.split_at_checked(10) else { return text };
    let time = time.trim_start_matches([' ', 'T']);
    let time = time.strip_suffix("+00").unwrap_or(time);
    if is_date(date) && matches!(time, "00:00:00" | "00:00") { date } else { text }
}

/// Writes a number in one way: without zeros that mean nothing, and without an exponent.
fn plain_number(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |digits| ("-", digits));
    if digits.starts_with("0x") || digits.contains('_') {
        return number.to_owned();
    }
    let digits = match digits.parse::<f64>() {
        Ok(value) if digits.contains('e') && value.abs() < 1e15 => value.to_string(),
        _ => digits.to_owned(),
    };
    let digits = if digits.contains('.') && !digits.contains('e') {
        digits.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        digits
    };
    let whole = digits.trim_start_matches('0');
    match whole.chars().next() {
        None => "0".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("{sign}{whole}"),
        Some(_) => format!("{sign}0{whole}"),
    }
}
