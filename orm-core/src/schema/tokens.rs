//! SQL text cut into words, for reading what a database shows of a table: names, texts, numbers and signs.

/// What a piece of SQL is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A keyword, or a name without quotes.
    Word,
    /// A name in quotes.
    Quoted,
    /// A text in quotes.
    Text,
    /// A number.
    Number,
    /// One or several characters that are none of these.
    Sign,
}

/// A piece of SQL and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    pub(crate) kind: TokenKind,
    pub(crate) text: &'a str,
    pub(crate) start: usize,
}

impl Token<'_> {
    /// Returns where it ends.
    pub(crate) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Returns whether it is this keyword, in lower case, or this sign.
    pub(crate) fn is(&self, word: &str) -> bool {
        matches!(self.kind, TokenKind::Word | TokenKind::Sign) && self.text.eq_ignore_ascii_case(word)
    }

    /// Returns the name that it stands for, without quotes.
    pub(crate) fn name(&self) -> String {
        if self.kind != TokenKind::Quoted && self.kind != TokenKind::Text {
            return self.text.to_owned();
        }
        let close = if self.text.starts_with('[') { ']' } else { self.text.chars().next().unwrap_or('"') };
        let inner = self.text.get(1..self.text.len().saturating_sub(1)).unwrap_or_default();
        inner.replace(&format!("{close}{close}"), &close.to_string())
    }
}

/// Signs of several characters.
const SIGNS: &[&str] = &[
    "!~~*", "!~~", "!~*", "!~", "~~*", "~~", "~*", "<=>", "::", "<>", "!=", "<=", ">=", "||", "&&", "->>", "->", "#>>",
    "#>", "==", "@>", "<@", "<<", ">>", "?|", "?&",
];

/// Cuts text into pieces, without the space and comments between them.
pub(crate) fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = sql[at..].chars().next() {
        let rest = &sql[at..];
        let length = match first {
            c if c.is_whitespace() => {
                at += c.len_utf8();
                continue;
            }
            '-' if rest.starts_with("--") => {
                at += rest.find('\n').unwrap_or(rest.len());
                continue;
            }
            '/' if rest.starts_with("/*") => {
                at += rest.find("*/").map_or(rest.len(), |end| end + 2);
                continue;
            }
            '\'' | '"' | '`' => quoted(rest, first),
            '[' if rest.find(']').is_some_and(|end| is_name(&rest[1..end])) => {
                rest.find(']').map_or(rest.len(), |end| end + 1)
            }
            c if c.is_ascii_digit() || (c == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) => {
                number(rest)
            }
            c if c.is_alphanumeric() || c == '_' => {
                rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').unwrap_or(rest.len())
            }
            c => SIGNS.iter().find(|sign| rest.starts_with(**sign)).map_or(c.len_utf8(), |sign| sign.len()),
        };
        let kind = match first {
            '\'' => TokenKind::Text,
            '"' | '`' => TokenKind::Quoted,
            '[' if length > 1 => TokenKind::Quoted,
            c if c.is_ascii_digit() || (c == '.' && length > 1) => TokenKind::Number,
            c if c.is_alphanumeric() || c == '_' => TokenKind::Word,
            _ => TokenKind::Sign,
        };
        tokens.push(Token { kind, text: &rest[..length], start: at });
        at += length;
    }
    tokens
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(|c: char| c.is_ascii_digit()) && !text.contains(['\'', '(', ','])
}

fn number(rest: &str) -> usize {
    let mut end = 0;
    for (at, c) in rest.char_indices() {
        let is_sign_of_exponent = matches!(c, '+' | '-') && rest[..at].ends_with(['e', 'E']);
        if !c.is_ascii_alphanumeric() && c != '.' && !is_sign_of_exponent {
            break;
        }
        end = at + 1;
    }
    end
}

/// Returns how long a quoted text is; a quote within it is doubled.
fn quoted(rest: &str, quote: char) -> usize {
    let mut at = 1;
    while let Some(found) = rest[at..].find(quote) {
        at += found + 1;
        if !rest[at..].starts_with(quote) {
            return at;
        }
        at += 1;
    }
    rest.len()
}

/// Returns the position after the parenthesis that closes the one at `open`.
pub(crate) fn closing(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        if token.is("(") {
            depth += 1;
        } else if token.is(")") {
            depth -= 1;
            if depth == 0 {
                return at + 1;
            }
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_into_words() {
        let cut = |sql: &str| tokens(sql).iter().map(|token| token.text.to_owned()).collect::<Vec<_>>();
        assert_eq!(
            cut("a>=1.5e-3 -- b\nAND 'it''s' <> \"x\"\"y\""),
            ["a", ">=", "1.5e-3", "AND", "'it''s'", "<>", "\"x\"\"y\""]
        );
        assert_eq!(cut("x::text = ANY(ARRAY[1])"), ["x", "::", "text", "=", "ANY", "(", "ARRAY", "[", "1", "]", ")"]);
        assert_eq!(cut("[odd name] /* c */ `b`"), ["[odd name]", "`b`"]);
        let names: Vec<String> = tokens("\"x\"\"y\" [odd name] `b` c").iter().map(Token::name).collect();
        assert_eq!(names, ["x\"y", "odd name", "b", "c"]);
    }
}
