//! Reads the first words of statements: which of them write rows, and which begin or end a transaction.
//!
//! In: text on its way to PostgreSQL or MySQL. Out: [`Facts`] for each statement in it. Neither server's answer says
//! these things through sqlx: a count comes without the word for what was counted, and the transaction's state not at all.

/// The quoting rules of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flavour {
    #[cfg(feature = "postgres")]
    Postgres,
    #[cfg(feature = "mysql")]
    MySql,
}

/// What is known of a statement before it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    /// Whether the number that the server reports counts inserted, updated or deleted rows.
    pub(super) counts_rows: bool,
    /// What it does to the transaction.
    pub(super) effect: Effect,
    /// Whether nothing that it does can commit, as a procedure may.
    pub(super) cannot_commit: bool,
    /// Whether later transactions may begin at another isolation level.
    pub(super) changes_level: bool,
    /// Whether statements outside of transactions may commit themselves no more, or do so again.
    #[cfg(feature = "mysql")]
    pub(super) changes_autocommit: bool,
}

/// What a statement does to the transaction when it succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    None,
    /// One is open afterwards.
    Begin,
    /// It is committed; none is open afterwards.
    Commit,
    /// It is committed, and another is open afterwards.
    CommitAndChain,
    /// It is rolled back; none is open afterwards.
    Rollback,
    /// It is rolled back, and another is open afterwards.
    RollbackAndChain,
    /// It is rolled back to a savepoint.
    RollbackTo,
}

/// Returns what is known of the one statement of this text.
pub(super) fn facts(sql: &str, flavour: Flavour) -> Facts {
    let mut words = Words::new(sql, flavour);
    let first = words.next().unwrap_or_default();
    let cannot_commit = is(first, &["SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "SAVEPOINT", "RELEASE"]);
    Facts {
        counts_rows: counts_rows(first, &mut words),
        effect: effect(first, sql, flavour),
        cannot_commit,
        changes_level: match flavour {
            #[cfg(feature = "postgres")]
            Flavour::Postgres => names_level(sql),
            #[cfg(feature = "mysql")]
            Flavour::MySql => is(first, &["SET"]) && sets_level(sql),
        },
        #[cfg(feature = "mysql")]
        changes_autocommit: has_word(sql, "autocommit"),
    }
}

/// Returns whether a text names what isolation levels transactions begin at: a setting, or `SET SESSION CHARACTERISTICS`.
#[cfg(feature = "postgres")]
fn names_level(sql: &str) -> bool {
    // The setting's name may be a parameter.
    has_word(sql, "transaction_isolation") || has_word(sql, "characteristics") || has_word(sql, "set_config")
}

/// Returns whether a SET names the isolation level of the session; `SET TRANSACTION` names that of one transaction.
#[cfg(feature = "mysql")]
fn sets_level(sql: &str) -> bool {
    let is_of_session = has_word(sql, "session") || has_word(sql, "local") || has_word(sql, "_isolation");
    has_word(sql, "isolation") && is_of_session
}

/// Returns whether a word stands somewhere in a text, in whatever case.
fn has_word(sql: &str, word: &str) -> bool {
    sql.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// Returns whether this text is a query, by its first words.
#[cfg(feature = "mysql")]
pub(super) fn gives_rows(sql: &str, flavour: Flavour) -> bool {
    let first = sql.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
    let mut words = Words::new(first, flavour);
    let first = words.next().unwrap_or_default();
    if is(first, &["WITH"]) {
        return !words.any(|word| is(word, &["INSERT", "UPDATE", "DELETE", "REPLACE"]));
    }
    is(first, &["SELECT", "VALUES", "TABLE", "SHOW"])
}

/// Returns the highest number of PostgreSQL's parameters in this text: 2 for `$1 + $2`.
#[cfg(feature = "postgres")]
pub(super) fn parameter_count(sql: &str) -> usize {
    let mut words = Words::new(sql, Flavour::Postgres);
    let mut count = 0;
    loop {
        words.skip_space();
        let Some(byte) = words.peek() else { return count };
        let start = words.at;
        words.skip_token();
        if byte == b'$' && words.at == start + 1 {
            let digits = words.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
            count = count.max(sql[words.at..words.at + digits].parse().unwrap_or(0));
        }
    }
}

/// Returns what is known of each statement of this text.
///
/// Statements without a word are left out, as PostgreSQL answers nothing to them.
pub(super) fn all_facts(sql: &str, flavour: Flavour) -> Vec<Facts> {
    let mut words = Words::new(sql, flavour);
    let mut all = Vec::new();
    let mut start = 0;
    loop {
        let (end, is_blank) = words.skip_statement();
        if !is_blank {
            all.push(facts(&sql[start..end], flavour));
        }
        if end >= sql.len() {
            return all;
        }
        start = end + 1;
    }
}

fn counts_rows(first: &str, words: &mut Words<'_>) -> bool {
    if is(first, &["WITH"]) {
        // The word behind the named queries, which all are in parentheses.
        return words.any(|word| is(word, &["INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE"]));
    }
    is(first, &["INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "LOAD"])
}

fn effect(first: &str, sql: &str, flavour: Flavour) -> Effect {
    // Most statements are told by one comparison.
    if is(first, &["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "SAVEPOINT", "RELEASE", "SET"]) {
        return Effect::None;
    }
    let mut rest = Words::new(sql, flavour);
    rest.next();
    let mut rest: Vec<&str> = rest.take(6).collect();
    let has = |rest: &[&str], word: &str| rest.iter().any(|other| other.eq_ignore_ascii_case(word));
    let first_is = |word: &str| first.eq_ignore_ascii_case(word);
    let second_is = |word: &str| rest.first().is_some_and(|other| other.eq_ignore_ascii_case(word));
    if first_is("BEGIN") {
        // `BEGIN NOT ATOMIC` opens a block of MariaDB's procedural language.
        return if second_is("NOT") { Effect::None } else { Effect::Begin };
    }
    if first_is("START") {
        return if second_is("TRANSACTION") { Effect::Begin } else { Effect::None };
    }
    if first_is("COMMIT") || first_is("END") {
        return match () {
            () if second_is("PREPARED") => Effect::None,
            () if has(&rest, "CHAIN") && !has(&rest, "NO") => Effect::CommitAndChain,
            () => Effect::Commit,
        };
    }
    if first_is("ROLLBACK") || first_is("ABORT") {
        return match () {
            () if second_is("PREPARED") => Effect::None,
            () if has(&rest, "TO") => Effect::RollbackTo,
            () if has(&rest, "CHAIN") && !has(&rest, "NO") => Effect::RollbackAndChain,
            () => Effect::Rollback,
        };
    }
    if first_is("PREPARE") && second_is("TRANSACTION") {
        return Effect::Commit;
    }
    if first_is("XA") {
        rest.truncate(1);
        return match () {
            () if has(&rest, "START") || has(&rest, "BEGIN") => Effect::Begin,
            () if has(&rest, "COMMIT") || has(&rest, "ROLLBACK") => Effect::Commit,
            () => Effect::None,
        };
    }
    if commits_silently(flavour, first, &rest) { Effect::Commit } else { Effect::None }
}

/// Returns whether MySQL commits before it runs this
/// (<https://dev.mysql.com/doc/refman/8.4/en/implicit-commit.html>).
fn commits_silently(flavour: Flavour, first: &str, rest: &[&str]) -> bool {
    #[cfg(feature = "mysql")]
    if flavour == Flavour::MySql {
        let second = rest.first().copied().unwrap_or_default();
        let is_definition = is(first, &["CREATE", "ALTER", "DROP"]);
        let is_temporary = rest.iter().take(3).any(|word| word.eq_ignore_ascii_case("TEMPORARY"));
        return is_definition && !is_temporary
            || is(first, &["TRUNCATE", "RENAME", "GRANT", "REVOKE"])
            || is(first, &["LOCK"]) && is(second, &["TABLE", "TABLES"]);
    }
    _ = (flavour, first, rest);
    false
}

fn is(word: &str, any_of: &[&str]) -> bool {
    any_of.iter().any(|other| other.eq_ignore_ascii_case(word))
}

/// The words of a statement that stand outside of quotes, comments and parentheses.
struct Words<'a> {
    sql: &'a str,
    at: usize,
    flavour: Flavour,
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    /// Returns the next word, up to the end of the statement.
    fn next(&mut self) -> Option<&'a str> {
        let mut depth = 0_u32;
        loop {
            self.skip_space();
            let start = self.at;
            match self.peek()? {
                b';' if depth == 0 => return None,
                b'(' => depth += 1,
                b')' => depth = depth.saturating_sub(1),
                byte if is_word(byte) => {
                    self.skip_word();
                    if depth == 0 && !self.is_quoted_by_prefix(start) {
                        return Some(&self.sql[start..self.at]);
                    }
                    continue;
                }
                _ => {}
            }
            self.skip_token();
        }
    }
}

impl<'a> Words<'a> {
    fn new(sql: &'a str, flavour: Flavour) -> Self {
        Words { sql, at: 0, flavour }
    }

    fn peek(&self) -> Option<u8> {
        self.sql.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        &self.sql.as_bytes()[self.at..]
    }

    /// Goes behind the statement and its semicolon; returns where the semicolon is, and whether there was nothing but
    /// space and comments.
    fn skip_statement(&mut self) -> (usize, bool) {
        let mut is_blank = true;
        loop {
            self.skip_space();
            match self.peek() {
                None => return (self.sql.len(), is_blank),
                Some(b';') => {
                    self.at += 1;
                    return (self.at - 1, is_blank);
                }
                Some(_) => {
                    is_blank = false;
                    self.skip_token();
                }
            }
        }
    }

    /// Skips space and comments.
    fn skip_space(&mut self) {
        loop {
            let rest = self.rest();
            match rest {
                [byte, ..] if byte.is_ascii_whitespace() => self.at += 1,
                [b'-', b'-', ..] => self.skip_line(),
                [b'#', ..] if self.is_mysql() => self.skip_line(),
                // What stands in `/*! */` and `/*M! */` is run.
                [b'/', b'*', b'!', ..] | [b'/', b'*', b'M', b'!', ..] if self.is_mysql() => {
                    self.at += 3 + usize::from(rest[2] == b'M');
                    self.at += self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
                }
                [b'*', b'/', ..] if self.is_mysql() => self.at += 2,
                [b'/', b'*', ..] => self.skip_comment(),
                _ => return,
            }
        }
    }

    fn skip_line(&mut self) {
        self.at += self.rest().iter().take_while(|byte| **byte != b'\n').count();
    }

    /// Skips a comment, which nests in PostgreSQL.
    fn skip_comment(&mut self) {
        let mut depth = 0_u32;
        loop {
            match self.rest() {
                [] => return,
                [b'/', b'*', ..] if depth == 0 || !self.is_mysql() => {
                    depth += 1;
                    self.at += 2;
                }
                [b'*', b'/', ..] => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.at += 1,
            }
        }
    }

    /// Skips what is quoted, a word, or one byte.
    fn skip_token(&mut self) {
        let Some(byte) = self.peek() else { return };
        match byte {
            b'\'' => self.skip_quoted(b'\'', self.is_mysql()),
            b'"' => self.skip_quoted(b'"', self.is_mysql()),
            b'`' => self.skip_quoted(b'`', false),
            b'$' if !self.is_mysql() => self.skip_dollar_quoted(),
            _ if is_word(byte) => {
                let start = self.at;
                self.skip_word();
                self.is_quoted_by_prefix(start);
            }
            _ => self.at += 1,
        }
    }

    /// Skips a word; a dollar can be in it, but not begin it.
    fn skip_word(&mut self) {
        self.at += self.rest().iter().take_while(|byte| is_word(**byte) || **byte == b'$').count();
    }

    /// Skips the text behind PostgreSQL's prefix `E`, where a backslash escapes; returns whether it is there.
    fn is_quoted_by_prefix(&mut self, start: usize) -> bool {
        let is_prefix = !self.is_mysql() && self.sql[start..self.at].eq_ignore_ascii_case("e");
        if is_prefix && self.peek() == Some(b'\'') {
            self.skip_quoted(b'\'', true);
            return true;
        }
        false
    }

    fn skip_quoted(&mut self, quote: u8, has_escapes: bool) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'\\' if has_escapes => self.at = (self.at + 1).min(self.sql.len()),
                // A doubled quote opens the quotes again.
                _ if byte == quote => return,
                _ => {}
            }
        }
    }

    /// Skips `$tag$ … $tag$`, or the dollar of a parameter.
    fn skip_dollar_quoted(&mut self) {
        let rest = &self.sql[self.at..];
        let tag = rest[1..].find(|c: char| !(c.is_alphanumeric() || c == '_')).map(|length| &rest[..length + 1]);
        let is_quote =
            |tag: &&str| rest[tag.len()..].starts_with('$') && !rest[1..].starts_with(|c: char| c.is_ascii_digit());
        let Some(tag) = tag.filter(is_quote) else {
            self.at += 1;
            return;
        };
        let delimiter = &rest[..tag.len() + 1];
        let body = &rest[delimiter.len()..];
        self.at += delimiter.len() + body.find(delimiter).map_or(body.len(), |end| end + delimiter.len());
    }

    fn is_mysql(&self) -> bool {
        match self.flavour {
            #[cfg(feature = "postgres")]
            Flavour::Postgres => false,
            #[cfg(feature = "mysql")]
            Flavour::MySql => true,
        }
    }
}

/// Returns whether the byte can be in a word; every byte of a character beyond ASCII can.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

#[cfg(all(test, feature = "postgres", feature = "mysql"))]
mod tests {
    use super::Flavour::{MySql, Postgres};
    use super::*;

    fn effects(sql: &str, flavour: Flavour) -> Vec<Effect> {
        all_facts(sql, flavour).into_iter().map(|facts| facts.effect).collect()
    }

    #[test]
    fn the_first_words_tell_what_happens_to_the_transaction() {
        let check = |sql: &str, effect| {
            assert_eq!(facts(sql, Postgres).effect, effect, "{sql}");
            assert_eq!(facts(sql, MySql).effect, effect, "{sql}");
        };
        check("BEGIN", Effect::Begin);
        check(" /* c */ begin isolation level serializable", Effect::Begin);
        check("-- c\nSTART TRANSACTION READ ONLY", Effect::Begin);
        check("commit", Effect::Commit);
        check("COMMIT AND CHAIN", Effect::CommitAndChain);
        check("COMMIT AND NO CHAIN", Effect::Commit);
        check("ROLLBACK;", Effect::Rollback);
        check("rollback to savepoint a", Effect::RollbackTo);
        check("ROLLBACK WORK AND CHAIN", Effect::RollbackAndChain);
        check("ROLLBACK PREPARED 'x'", Effect::None);
        check("SAVEPOINT begin", Effect::None);
        check("SELECT 'BEGIN'", Effect::None);
        check("", Effect::None);
        assert_eq!(facts("CREATE TABLE t (a int)", MySql).effect, Effect::Commit);
        assert_eq!(facts("CREATE OR REPLACE TEMPORARY TABLE t (a int)", MySql).effect, Effect::None);
        assert_eq!(facts("CREATE TABLE t (a int)", Postgres).effect, Effect::None);
    }

    #[test]
    fn statements_are_taken_apart_outside_of_quotes() {
        use Effect::*;
        assert_eq!(effects("BEGIN; SELECT ';COMMIT;'; COMMIT", Postgres), [Begin, None, Commit]);
        assert_eq!(effects("SELECT $a$;COMMIT;$$;$a$; ;; COMMIT;", Postgres), [None, Commit]);
        assert_eq!(effects("SELECT E'\\';COMMIT'; ROLLBACK", Postgres), [None, Rollback]);
        assert_eq!(effects("SELECT '\\'; COMMIT", Postgres), [None, Commit]);
        assert_eq!(effects("SELECT '\\';COMMIT'; ROLLBACK", MySql), [None, Rollback]);
        assert_eq!(effects("SELECT 1 # ;COMMIT\n; COMMIT", MySql), [None, Commit]);
        assert_eq!(effects("SELECT `;`, \";\", 'it''s;'; COMMIT", MySql), [None, Commit]);
        assert_eq!(effects("/* ; /* ; */ ; */ BEGIN", Postgres), [Begin]);
        assert_eq!(effects("/* ; /* ; */ BEGIN", MySql), [Begin]);
        assert_eq!(effects("SELECT $1; COMMIT", Postgres), [None, Commit]);
        assert_eq!(effects("SELECT 'größe', $ä$;$ä$; COMMIT", Postgres), [None, Commit]);
        assert_eq!(effects("-- nothing", Postgres), []);
        assert_eq!(effects("SELECT 'open; COMMIT", Postgres), [None]);
    }

    #[test]
    fn parameters_are_counted_outside_of_quotes() {
        for (sql, expected) in [
            ("SELECT 1", 0),
            ("SELECT $1, $2::int, $1", 2),
            ("SELECT '$3', \"$4\", $a$ $5 $a$, a$6 /* $7 */ -- $8", 0),
            ("SELECT f($12)", 12),
            ("SELECT $", 0),
        ] {
            assert_eq!(parameter_count(sql), expected, "{sql}");
        }
    }

    #[test]
    fn rows_are_counted_for_what_writes_them() {
        let counts = |sql| facts(sql, Postgres).counts_rows;
        assert!(counts("insert into t values (1)"));
        assert!(counts("WITH x AS (SELECT 1) UPDATE t SET a = 1"));
        assert!(!counts("WITH x AS (INSERT INTO t VALUES (1) RETURNING a) SELECT a FROM x"));
        assert!(!counts("SELECT 1"));
        assert!(!counts("CREATE TABLE t AS SELECT 1"));
    }
}
