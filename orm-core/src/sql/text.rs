//! SQL as text, with named parameters: `text("SELECT … WHERE name = :name").bind("name", "ed")`.

use orm_pool::{Kind, Value};

use super::{Expr, Node, Returning, Statement, Write, executes};
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Entity, Mapper, Model, RowType};
use crate::types::SqlType;

/// SQL text, cut at its parameters.
#[derive(Clone, Debug)]
pub struct TextNode {
    pub(crate) parts: Vec<TextPart>,
    /// Gives the columns of this model, by name.
    pub(crate) model: Option<&'static Mapper>,
}

/// A piece of SQL text.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub enum TextPart {
    Sql(String),
    Parameter(Node),
}

impl TextPart {
    pub(super) fn parameter(&self) -> Option<&Node> {
        match self {
            TextPart::Sql(_) => None,
            TextPart::Parameter(node) => Some(node),
        }
    }

    pub(super) fn parameter_mut(&mut self) -> Option<&mut Node> {
        match self {
            TextPart::Sql(_) => None,
            TextPart::Parameter(node) => Some(node),
        }
    }
}

impl TextNode {
    pub(super) fn is_write(&self) -> bool {
        let Some(TextPart::Sql(start)) = self.parts.first() else { return false };
        is_write(start)
    }
}

/// Returns whether a text may write, by its first word.
pub(crate) fn is_write(sql: &str) -> bool {
    let word: String = sql.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
    !["select", "values", "explain", "pragma", "show"].contains(&word.to_ascii_lowercase().as_str())
}

/// SQL as text.
///
/// `:name` is a parameter outside of quotes and comments; `::` is a cast and `\:` a plain colon. Quotes and comments are those of
/// standard SQL and of PostgreSQL: in a text that MySQL reads otherwise, with `\'` in quotes or `#` before a comment, write `\:`.
///
/// ```
/// # use orm_core::{Engine, text};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// let rows = text("SELECT :n + 1, ':n'").bind("n", 41).columns::<(i64, String)>().all(&engine).await?;
/// assert_eq!(rows, [(42, ":n".to_owned())]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Text {
    sql: String,
    values: Vec<(String, Given)>,
}

/// What a parameter is given.
#[derive(Clone, Debug)]
enum Given {
    One(Node),
    /// Values of this type.
    List(Vec<Node>, Kind),
}

/// Starts a statement from SQL text.
pub fn text(sql: impl Into<String>) -> Text {
    Text { sql: sql.into(), values: Vec::new() }
}

/// A value for a named parameter of text.
#[diagnostic::on_unimplemented(message = "`{Self}` cannot be bound to a parameter")]
pub trait Bind {
    #[doc(hidden)]
    const __KIND: Kind = Kind::Text;
    #[doc(hidden)]
    fn __bind(self) -> Node;
}
impl<T: SqlType> Bind for T {
    const __KIND: Kind = T::KIND;
    fn __bind(self) -> Node {
        Node::Bind(self.encode())
    }
}
impl Bind for &str {
    fn __bind(self) -> Node {
        Node::Bind(self.to_owned().encode())
    }
}
impl Bind for &String {
    fn __bind(self) -> Node {
        Node::Bind(self.encode())
    }
}

impl Text {
    /// Gives the parameter `:name` a value.
    #[must_use]
    pub fn bind(mut self, name: &str, value: impl Bind) -> Self {
        self.values.push((name.to_owned(), Given::One(value.__bind())));
        self
    }

    /// Gives the parameter `:name` of `IN (:name)` or `NOT IN (:name)` a list of values: it becomes as many placeholders.
    ///
    /// In an empty list there is no value, and outside of it is every one. PostgreSQL takes an array as well,
    /// `= ANY(:ids)` with [`bind`](Self::bind) of a `Vec`, which is one text for lists of all lengths.
    ///
    /// ```
    /// # use orm_core::{Engine, text};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// let count = |ids: Vec<i64>| text("SELECT 2 IN (:ids), 2 NOT IN (:ids)").bind_list("ids", ids).columns::<(bool, bool)>();
    /// assert_eq!(count(vec![1, 2, 3]).one(&engine).await?, (true, false));
    /// assert_eq!(count(vec![]).one(&engine).await?, (false, true));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn bind_list<T: Bind>(mut self, name: &str, values: impl IntoIterator<Item = T>) -> Self {
        let values = values.into_iter().map(Bind::__bind).collect();
        self.values.push((name.to_owned(), Given::List(values, T::__KIND)));
        self
    }

    /// Takes it for an expression inside of another statement, which gives a `T`.
    ///
    /// The text is taken as it stands, in parentheses where it stands beside an operator; its parameters are bound.
    ///
    /// ```
    /// # use orm_core as orm;
    /// # use orm_core::{Dialect, select, text};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "users")]
    /// # struct User { #[orm(primary_key)] id: i64, active: bool }
    /// let odd = text("users.id % :n = 1").bind("n", 2).expression::<bool>();
    /// assert_eq!(
    ///     select(User.id).filter(User.active & odd).to_sql(Dialect::Postgres),
    ///     "SELECT users.id FROM users WHERE users.active AND (users.id % $1 = 1)"
    /// );
    /// ```
    pub fn expression<T: SqlType>(self) -> Expr<T> {
        Expr::new(match self.parts() {
            Ok(parts) => Node::Text(parts).of_kind(T::KIND),
            Err(error) => Node::Refused(Box::new(error)),
        })
    }

    /// Says what a row becomes, column by column.
    pub fn columns<T: RowType>(self) -> Returning<T> {
        Returning::statements(self.statements(None))
    }

    /// Says that a row becomes an object; its columns are found by name.
    pub fn columns_of<A: Entity>(self, _entity: A) -> Returning<A::Model> {
        Returning::statements(self.statements(Some(A::Model::__mapper())))
    }

    pub(super) fn statements(&self, model: Option<&'static Mapper>) -> Result<Vec<Statement>> {
        let parts = self.parts()?;
        Ok(vec![Statement::Text(Box::new(TextNode { parts, model }))])
    }

    /// Cuts the text at its parameters and puts the values in.
    fn parts(&self) -> Result<Vec<TextPart>> {
        let mut parts = Vec::new();
        let mut used = vec![false; self.values.len()];
        let mut sql = String::new();
        let mut rest = self.sql.as_str();
        while let Some(next) = Lexeme::next(&self.sql[..self.sql.len() - rest.len()], rest) {
            rest = &rest[next.length()..];
            match next {
                Lexeme::Plain(plain) => sql.push_str(plain),
                Lexeme::Colon => sql.push(':'),
                Lexeme::Parameter(name) => {
                    let Some(position) = self.values.iter().position(|(known, _)| known == name) else {
                        let message = format!("a value is required for the parameter `:{name}`");
                        return Err(Error::new(ErrorKind::Compile, message)
                            .hint(format!("add `.bind(\"{name}\", …)`, or write `\\:{name}` for a plain colon")));
                    };
                    used[position] = true;
                    let before = std::mem::take(&mut sql);
                    match &self.values[position].1 {
                        Given::One(value) => {
                            parts.push(TextPart::Sql(before));
                            parts.push(TextPart::Parameter(value.clone()));
                        }
                        Given::List(values, kind) => sql = put_list(before, values, *kind, &mut parts),
                    }
                }
            }
        }
        parts.push(TextPart::Sql(sql));
        match used.iter().position(|used| !used) {
            None => Ok(parts),
            Some(position) => {
                let name = &self.values[position].0;
                Err(Error::new(ErrorKind::Compile, format!("this text has no parameter `:{name}`")))
            }
        }
    }
}

/// Puts a list behind a text; returns what stands behind it.
fn put_list(before: String, values: &[Node], kind: Kind, parts: &mut Vec<TextPart>) -> String {
    // `IN :name` means a list as well.
    let word = before.trim_end();
    let is_bare = word.len() >= 2
        && word.get(word.len() - 2..).is_some_and(|word| word.eq_ignore_ascii_case("in"))
        && !is_in_name(&word[..word.len() - 2]);
    let mut sql = before;
    sql.push_str(if is_bare { "(" } else { "" });
    let mut put = |sql: &mut String, value: Node| {
        parts.push(TextPart::Sql(std::mem::take(sql)));
        parts.push(TextPart::Parameter(value));
    };
    for (position, value) in values.iter().enumerate() {
        sql.push_str(if position > 0 { ", " } else { "" });
        put(&mut sql, value.clone());
    }
    if values.is_empty() {
        // No row, rather than NULL, in which and outside of which nothing is known to be.
        sql.push_str("SELECT v FROM (SELECT ");
        put(&mut sql, Node::Bind(Value::Null(kind)));
        sql.push_str(" AS v) AS no_values WHERE 1 = 0");
    }
    sql.push_str(if is_bare { ")" } else { "" });
    sql
}

/// A piece of SQL text as far as parameters are concerned.
enum Lexeme<'a> {
    /// Text to be copied: a quoted string, a comment, a cast, or what lies between.
    Plain(&'a str),
    /// `\:`.
    Colon,
    /// `:name`.
    Parameter(&'a str),
}

impl<'a> Lexeme<'a> {
    /// Returns the first piece of a text, which stands behind another.
    fn next(before: &str, text: &'a str) -> Option<Lexeme<'a>> {
        let first = text.chars().next()?;
        let upto = |end: Option<usize>| Lexeme::Plain(&text[..end.unwrap_or(text.len())]);
        let closing = |quote: char| text[1..].find(quote).map(|at| at + 2);
        Some(match first {
            '\'' if has_escapes(before) => upto(escaped_end(text)),
            '\'' | '"' | '`' => upto(closing(first)),
            '$' if !is_in_name(before) => upto(dollar_end(text).or(Some(1))),
            '-' if text.starts_with("--") => upto(text.find('\n')),
            '/' if text.starts_with("/*") => upto(nested_end(text).or_else(|| text.find("*/").map(|at| at + 2))),
            '\\' if text.starts_with("\\:") => Lexeme::Colon,
            ':' if text.starts_with("::") => upto(Some(2)),
            ':' => match name(&text[1..]) {
                "" => upto(Some(1)),
                name => Lexeme::Parameter(name),
            },
            _ => {
                let special = |c: char| matches!(c, '\'' | '"' | '`' | '$' | '-' | '/' | '\\' | ':');
                let width = first.len_utf8();
                upto(text[width..].find(special).map(|at| at + width))
            }
        })
    }

    fn length(&self) -> usize {
        match self {
            Lexeme::Plain(text) => text.len(),
            Lexeme::Colon => 2,
            Lexeme::Parameter(name) => name.len() + 1,
        }
    }
}

/// Returns whether a quote behind this text is that of PostgreSQL's `E'…'`, in which a backslash escapes.
fn has_escapes(before: &str) -> bool {
    before.strip_suffix(['E', 'e']).is_some_and(|before| !is_in_name(before))
}

/// Returns whether what stands behind this text goes on with a name.
fn is_in_name(before: &str) -> bool {
    before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$')
}

/// Returns the end of a string in which a backslash escapes.
fn escaped_end(text: &str) -> Option<usize> {
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => _ = characters.next(),
            '\'' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// Returns the end of PostgreSQL's `$tag$…$tag$`.
fn dollar_end(text: &str) -> Option<usize> {
    let tag = name(&text[1..]);
    let quote = text.get(..tag.len() + 2).filter(|quote| quote.ends_with('$'))?;
    text[quote.len()..].find(quote).map(|at| at + 2 * quote.len())
}

/// Returns the end of a comment, in which PostgreSQL counts the comments; `None` if those that begin do not all end.
fn nested_end(text: &str) -> Option<usize> {
    let (mut depth, mut at) = (0, 0);
    loop {
        let mark = at + text[at..].find(['/', '*'])?;
        let two = text.get(mark..mark + 2);
        depth += match two {
            Some("/*") => 1,
            Some("*/") => -1,
            _ => 0,
        };
        at = mark + if matches!(two, Some("/*" | "*/")) { 2 } else { 1 };
        if depth == 0 {
            return Some(at);
        }
    }
}

fn name(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    if text.starts_with(|c: char| c.is_ascii_digit()) { "" } else { &text[..end] }
}

impl Write for Text {
    fn __statements(self) -> Result<Vec<Statement>> {
        self.statements(None)
    }
}
executes! { {} Text; }

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(sql: &str) -> Vec<&str> {
        let (mut names, mut at) = (Vec::new(), 0);
        while let Some(next) = Lexeme::next(&sql[..at], &sql[at..]) {
            at += next.length();
            if let Lexeme::Parameter(name) = next {
                names.push(name);
            }
        }
        names
    }

    #[test]
    fn what_is_quoted_is_no_parameter() {
        assert_eq!(parameters("SELECT ':z', \":z\", `:z`, :a"), ["a"]);
        assert_eq!(parameters("SELECT $$:z$$, $x$ $y$ :z $$ $x$, :a"), ["a"]);
        assert_eq!(parameters(r"SELECT E'\' :z', e'\\', :a, type':z', 'b\', :b"), ["a", "b"]);
        assert_eq!(parameters("SELECT $1, a$b, :a, a$b$ :b $b$"), ["a", "b"]);
    }

    #[test]
    fn what_is_in_a_comment_is_no_parameter() {
        assert_eq!(parameters("SELECT /* :z */ :a -- :z\n, :b"), ["a", "b"]);
        assert_eq!(parameters("SELECT /* /* :z */ :z */ :a, /*/ :z */ :b"), ["a", "b"]);
        assert_eq!(parameters("SELECT /* /* :z */ :a"), ["a"]);
        assert_eq!(parameters("SELECT 6 / 2 * :a /* :z"), ["a"]);
    }
}
