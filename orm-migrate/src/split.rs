//! SQL text cut into statements, as each database reads it, and their checksum.
//!
//! In: the text of a file. Out: [`Piece`]s, which are statements and marker lines, for [`revision`](crate::revision).

use orm_core::Dialect;

/// One statement of a file, without the `;` behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) text: String,
    /// The line of the file in which it begins.
    pub(crate) line: usize,
}

/// What a file is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Statement(Statement),
    /// A line that is a comment of these words, in lower case, and the line in which it stands.
    Marker(Marker, usize),
}

/// A comment that says what the statements behind it are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marker {
    Upgrade,
    Downgrade,
    NoTransaction,
    ForeignKeysOff,
}

impl Marker {
    pub(crate) const ALL: [Marker; 4] =
        [Marker::Upgrade, Marker::Downgrade, Marker::NoTransaction, Marker::ForeignKeysOff];

    pub(crate) fn words(self) -> &'static str {
        match self {
            Marker::Upgrade => "upgrade",
            Marker::Downgrade => "downgrade",
            Marker::NoTransaction => "no transaction",
            Marker::ForeignKeysOff => "foreign keys off",
        }
    }

    /// Reads a line.
    pub(crate) fn of(line: &str) -> Option<Marker> {
        let words = line.trim().strip_prefix("--")?.trim().trim_end_matches(':').to_ascii_lowercase();
        let mut all = Marker::ALL.into_iter();
        all.find(|marker| words.split_whitespace().eq(marker.words().split(' ')))
    }
}

/// A quote or a comment that does not end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unclosed {
    pub(crate) what: String,
    pub(crate) line: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// White space and comments.
    Nothing,
    Word,
    /// A text or a name in quotes, or a comment that MySQL executes.
    Quoted,
    Sign,
}

/// Cuts SQL at the boundaries of words, quotes and comments.
struct Lexer<'a> {
    sql: &'a str,
    at: usize,
    dialect: Dialect,
}

impl<'a> Lexer<'a> {
    fn new(sql: &'a str, dialect: Dialect) -> Self {
        Lexer { sql, at: 0, dialect }
    }

    fn is_mysql(&self) -> bool {
        matches!(self.dialect, Dialect::MySql | Dialect::MariaDb)
    }

    /// Returns the next token, or what does not end.
    fn next(&mut self) -> Result<Option<(Kind, &'a str)>, Unclosed> {
        let rest = &self.sql[self.at..];
        let Some(first) = rest.chars().next() else { return Ok(None) };
        let (is_mysql, is_sqlite) = (self.is_mysql(), self.dialect == Dialect::Sqlite);
        let is_postgres = self.dialect == Dialect::Postgres;
        let line = || rest.find('\n').unwrap_or(rest.len());
        let (kind, length) = match first {
            c if c.is_whitespace() => (Kind::Nothing, rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len())),
            '-' if self.begins_comment(rest) => (Kind::Nothing, line()),
            '#' if is_mysql => (Kind::Nothing, line()),
            // MySQL and MariaDB execute what stands in these.
            '/' if is_mysql && (rest.starts_with("/*!") || rest.starts_with("/*M!")) => {
                (Kind::Quoted, self.closed(rest.find("*/").map(|at| at + 2), "comment `/*!`")?)
            }
            '/' if rest.starts_with("/*") => {
                (Kind::Nothing, self.closed(comment_end(rest, is_postgres), "comment `/*`")?)
            }
            '\'' => {
                let has_escapes = is_mysql || (is_postgres && self.is_behind_e());
                (Kind::Quoted, self.closed(quoted_end(rest, '\'', has_escapes), "quote `'`")?)
            }
            '"' => (Kind::Quoted, self.closed(quoted_end(rest, '"', is_mysql), "quote `\"`")?),
            '`' if !is_postgres => (Kind::Quoted, self.closed(quoted_end(rest, '`', false), "quote '`'")?),
            '[' if is_sqlite => (Kind::Quoted, self.closed(rest.find(']').map(|at| at + 1), "name in `[`")?),
            '$' if is_postgres => match dollar_tag(rest) {
                Some(tag) => {
                    let end = rest[tag.len()..].find(tag).map(|at| at + 2 * tag.len());
                    (Kind::Quoted, self.closed(end, &format!("quote `{tag}`"))?)
                }
                None => (Kind::Sign, 1),
            },
            c if is_of_word(c) => (Kind::Word, rest.find(|c| !is_of_word(c) && c != '$').unwrap_or(rest.len())),
            c => (Kind::Sign, c.len_utf8()),
        };
        self.at += length;
        Ok(Some((kind, &rest[..length])))
    }

    fn begins_comment(&self, rest: &str) -> bool {
        // To MySQL `1--1` is an expression.
        rest.starts_with("--") && (!self.is_mysql() || rest[2..].chars().next().is_none_or(char::is_whitespace))
    }

    /// Returns whether what comes is the quote of PostgreSQL's `E'…'`, in which a backslash escapes.
    fn is_behind_e(&self) -> bool {
        let before = &self.sql[..self.at];
        before.strip_suffix(['E', 'e']).is_some_and(|before| !before.ends_with(|c: char| is_of_word(c) || c == '$'))
    }

    fn closed(&self, end: Option<usize>, what: &str) -> Result<usize, Unclosed> {
        end.ok_or_else(|| Unclosed { what: what.to_owned(), line: line_of(self.sql, self.at) })
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || !c.is_ascii()
}

fn line_of(sql: &str, at: usize) -> usize {
    sql[..at].matches('\n').count() + 1
}

/// Returns the end of a quoted text, in which a quote is doubled or, with escapes, has a backslash before it.
fn quoted_end(text: &str, quote: char, has_escapes: bool) -> Option<usize> {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if has_escapes && character == '\\' {
            characters.next();
        } else if character == quote && characters.next_if(|(_, next)| *next == quote).is_none() {
            return Some(at + quote.len_utf8());
        }
    }
    None
}

/// Returns the end of a comment; PostgreSQL's nest.
fn comment_end(text: &str, nests: bool) -> Option<usize> {
    if !nests {
        return text[2..].find("*/").map(|at| at + 4);
    }
    let (mut depth, mut at) = (0, 0);
    loop {
        at += text[at..].find(['/', '*'])?;
        let step = match text.get(at..at + 2) {
            Some("/*") => 1,
            Some("*/") => -1,
            _ => 0,
        };
        depth += step;
        at += if step == 0 { 1 } else { 2 };
        if depth == 0 {
            return Some(at);
        }
    }
}

/// Returns PostgreSQL's `$tag$` at the beginning of a text.
fn dollar_tag(text: &str) -> Option<&str> {
    let end = text[1..].find(|c| !is_of_word(c))? + 1;
    let is_tag = text[end..].starts_with('$') && !text[1..].starts_with(|c: char| c.is_ascii_digit());
    is_tag.then(|| &text[..=end])
}

/// Cuts a file into statements and markers.
pub(crate) fn split(sql: &str, dialect: Dialect) -> Result<Vec<Piece>, Unclosed> {
    let mut pieces = Vec::new();
    let mut lexer = Lexer::new(sql, dialect);
    let mut open: Option<Open> = None;
    let mut delimiter = ";";
    loop {
        let at = lexer.at;
        if let Some((marker, length)) = marker_at(sql, at) {
            pieces.extend(open.take().map(|open| open.statement(sql)));
            pieces.push(Piece::Marker(marker, line_of(sql, at)));
            lexer.at += length;
            continue;
        }
        if open.is_none()
            && lexer.is_mysql()
            && let Some((new, length)) = new_delimiter(&sql[at..])
        {
            delimiter = new;
            lexer.at += length;
            continue;
        }
        if delimiter != ";" && sql[at..].starts_with(delimiter) {
            pieces.extend(open.take().map(|open| open.statement(sql)));
            lexer.at += delimiter.len();
            continue;
        }
        let Some((kind, mut token)) = lexer.next()? else { break };
        if kind == Kind::Nothing {
            // A marker may stand behind the end of a line.
            if let (true, Some(end)) = (token.trim().is_empty(), token.find('\n')) {
                lexer.at = at + end + 1;
            }
            continue;
        }
        // `END$$` is a word, and the delimiter behind it.
        if let (true, Kind::Word, Some(end)) = (delimiter != ";", kind, token.find(delimiter)) {
            (token, lexer.at) = (&token[..end], at + end);
        }
        if token == ";" && delimiter == ";" && open.as_ref().is_none_or(Open::ends) {
            pieces.extend(open.take().map(|open| open.statement(sql)));
            continue;
        }
        open.get_or_insert_with(|| Open::new(at, dialect)).take(kind, token, at);
    }
    pieces.extend(open.map(|open| open.statement(sql)));
    Ok(pieces)
}

/// Returns the marker of the line that begins here, and how long that is.
fn marker_at(sql: &str, at: usize) -> Option<(Marker, usize)> {
    if at > 0 && !sql[..at].ends_with('\n') {
        return None;
    }
    let length = sql[at..].find('\n').unwrap_or(sql.len() - at);
    Some((Marker::of(&sql[at..at + length])?, length))
}

/// Reads `DELIMITER //`, a line which is for MySQL's own client.
fn new_delimiter(text: &str) -> Option<(&str, usize)> {
    let line = text.lines().next()?;
    let (word, new) = line.split_once(char::is_whitespace)?;
    (word.eq_ignore_ascii_case("delimiter") && !new.trim().is_empty()).then_some((new.trim(), line.len()))
}

/// A statement that has begun.
struct Open {
    start: usize,
    end: usize,
    dialect: Dialect,
    body: Body,
    parentheses: usize,
    /// How many blocks are open.
    depth: usize,
    /// The last two words or signs, in lower case.
    last: [String; 2],
    is_first: bool,
}

/// What a statement may hold that has `;` in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    /// That is not seen yet.
    Unknown,
    /// Nothing.
    None,
    /// A trigger of SQLite, which ends by `; END;`.
    Trigger,
    /// `BEGIN ATOMIC … END` of PostgreSQL.
    Atomic,
    /// Compound statements of MySQL and MariaDB.
    Compound,
}

impl Open {
    fn new(start: usize, dialect: Dialect) -> Self {
        let last = [String::new(), String::new()];
        Open { start, end: start, dialect, body: Body::Unknown, parentheses: 0, depth: 0, last, is_first: true }
    }

    fn take(&mut self, kind: Kind, token: &str, at: usize) {
        self.end = at + token.len();
        let word = if kind == Kind::Quoted { String::new() } else { token.to_ascii_lowercase() };
        match word.as_str() {
            "(" => self.parentheses += 1,
            ")" => self.parentheses = self.parentheses.saturating_sub(1),
            _ => {}
        }
        if self.body == Body::Unknown {
            self.body = self.recognized(&word);
        }
        match self.body {
            Body::Atomic => self.take_of_atomic(&word),
            Body::Compound => self.take_of_compound(&word),
            Body::Unknown | Body::None | Body::Trigger => {}
        }
        self.is_first = false;
        let before = std::mem::replace(&mut self.last[1], word);
        self.last[0] = before;
    }

    /// Tells by a word at the beginning what may come.
    fn recognized(&self, word: &str) -> Body {
        if self.is_first {
            return match word {
                "create" => Body::Unknown,
                "alter" | "begin" if matches!(self.dialect, Dialect::MySql | Dialect::MariaDb) => Body::Unknown,
                _ => Body::None,
            };
        }
        match (self.dialect, word) {
            (Dialect::Sqlite, "trigger") => Body::Trigger,
            (Dialect::Sqlite, "temp" | "temporary") => Body::Unknown,
            (Dialect::Postgres, "function" | "procedure") => Body::Atomic,
            (Dialect::Postgres, "or" | "replace") => Body::Unknown,
            (Dialect::MySql | Dialect::MariaDb, _) if self.last[1] == "begin" => match word {
                "not" => Body::Compound,
                _ => Body::None,
            },
            (Dialect::MySql | Dialect::MariaDb, "trigger" | "procedure" | "function" | "event") => Body::Compound,
            (Dialect::MySql | Dialect::MariaDb, _) => match word {
                "or" | "replace" | "aggregate" | "definer" | "=" | "@" | "" => Body::Unknown,
                // The name of a user.
                _ if matches!(self.last[1].as_str(), "=" | "@") => Body::Unknown,
                // `CURRENT_USER()`.
                "(" | ")" if matches!(self.last[1].as_str(), "current_user" | "(") => Body::Unknown,
                _ => Body::None,
            },
            _ => Body::None,
        }
    }

    fn take_of_atomic(&mut self, word: &str) {
        match word {
            "begin" if self.parentheses == 0 => self.depth += 1,
            "case" if self.depth > 0 => self.depth += 1,
            "end" => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }

    fn take_of_compound(&mut self, word: &str) {
        let last = self.last[1].as_str();
        // `BEGIN NOT ATOMIC` is seen by its second word.
        if last == "begin" && word == "not" && self.depth == 0 {
            self.depth = 1;
            return;
        }
        // A column, or what an END is of.
        if last == "." || last == "end" {
            return;
        }
        let begins_statement =
            matches!(last, ";" | "then" | "else" | "do" | "loop" | "begin" | "repeat" | "row" | ":" | ")");
        match word {
            "begin" | "case" | "loop" | "while" => self.depth += 1,
            "if" | "for" | "repeat" if begins_statement => self.depth += 1,
            "end" => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }

    /// Returns whether a `;` ends it.
    fn ends(&self) -> bool {
        match self.body {
            Body::Trigger => self.last == [";", "end"],
            Body::Compound => self.depth == 0,
            // A rule has statements in parentheses.
            Body::Atomic | Body::Unknown | Body::None => {
                self.depth == 0 && (self.dialect != Dialect::Postgres || self.parentheses == 0)
            }
        }
    }

    fn statement(self, sql: &str) -> Piece {
        let text = sql[self.start..self.end].to_owned();
        Piece::Statement(Statement { text, line: line_of(sql, self.start) })
    }
}

impl Statement {
    /// Returns its first words, in lower case.
    pub(crate) fn first_words<const N: usize>(&self, dialect: Dialect) -> [String; N] {
        let mut lexer = Lexer::new(&self.text, dialect);
        let mut words = [const { String::new() }; N];
        let mut next = 0;
        while let (true, Ok(Some((kind, token)))) = (next < N, lexer.next()) {
            if kind != Kind::Nothing {
                words[next] = token.to_ascii_lowercase();
                next += 1;
            }
        }
        words
    }
}

/// Returns a number, as text, that changes when a statement does, but not with comments and white space. It is no protection
/// against who wants to deceive.
pub(crate) fn checksum<'s>(statements: impl IntoIterator<Item = &'s Statement>, dialect: Dialect) -> String {
    // FNV-1a, of 128 bits.
    let mut hash: u128 = 0x6c62272e07bb014262b821756295c58d;
    let mut feed = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u128::from(*byte)).wrapping_mul(0x0000000001000000000000000000013b);
        }
    };
    for statement in statements {
        let mut lexer = Lexer::new(&statement.text, dialect);
        while let Ok(Some((kind, token))) = lexer.next() {
            if kind != Kind::Nothing {
                feed(token.as_bytes());
                feed(&[0]);
            }
        }
        feed(&[1]);
    }
    format!("{hash:032x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sql: &str, dialect: Dialect) -> Vec<String> {
        let pieces = split(sql, dialect).unwrap();
        let texts = pieces.into_iter().map(|piece| match piece {
            Piece::Statement(statement) => statement.text,
            Piece::Marker(marker, line) => format!("<{} {line}>", marker.words()),
        });
        texts.collect()
    }

    #[track_caller]
    fn check(dialect: Dialect, sql: &str, expected: &[&str]) {
        assert_eq!(texts(sql, dialect), expected);
    }

    const ALL: [Dialect; 4] = [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql, Dialect::MariaDb];

    #[test]
    fn a_semicolon_ends_a_statement_and_nothing_is_none() {
        for dialect in ALL {
            check(dialect, "", &[]);
            check(dialect, " ; ;\n-- a\n;/* b */", &[]);
            check(dialect, "SELECT 1;;SELECT 2 ; SELECT 3", &["SELECT 1", "SELECT 2", "SELECT 3"]);
            check(dialect, "-- before\nSELECT 1 /* in */ + 2 -- behind\n;", &["SELECT 1 /* in */ + 2"]);
        }
    }

    #[test]
    fn quotes_and_comments_hide_semicolons() {
        for dialect in ALL {
            check(dialect, "SELECT 'a;''b', \"c;\"\"d\"; SELECT 2", &["SELECT 'a;''b', \"c;\"\"d\"", "SELECT 2"]);
            check(dialect, "SELECT 1 -- a; 'b\n, 2; SELECT 3", &["SELECT 1 -- a; 'b\n, 2", "SELECT 3"]);
            check(dialect, "SELECT 1 /* ; ' */ + 1; SELECT 2", &["SELECT 1 /* ; ' */ + 1", "SELECT 2"]);
            check(dialect, "SELECT ':name ?', 'ä;ö'; SELECT 'ü'", &["SELECT ':name ?', 'ä;ö'", "SELECT 'ü'"]);
        }
    }

    #[test]
    fn each_database_has_quotes_of_its_own() {
        check(
            Dialect::Postgres,
            r"SELECT '\'; SELECT E'\';', e'\\'; SELECT 1",
            &[r"SELECT '\'", r"SELECT E'\';', e'\\'", "SELECT 1"],
        );
        check(Dialect::Sqlite, r"SELECT '\'; SELECT 1", &[r"SELECT '\'", "SELECT 1"]);
        check(Dialect::MySql, r#"SELECT '\';', "\";"; SELECT 1"#, &[r#"SELECT '\';', "\";""#, "SELECT 1"]);
        check(Dialect::MySql, "SELECT `a;``b`; SELECT 1", &["SELECT `a;``b`", "SELECT 1"]);
        check(Dialect::Sqlite, "SELECT [a;'b], `c;`; SELECT 1", &["SELECT [a;'b], `c;`", "SELECT 1"]);
        check(Dialect::Postgres, "SELECT a[1], b['x;']; SELECT 1", &["SELECT a[1], b['x;']", "SELECT 1"]);
    }

    #[test]
    fn each_database_has_comments_of_its_own() {
        check(
            Dialect::Postgres,
            "SELECT 1 /* a /* b; */ c; */ + 1; SELECT 2",
            &["SELECT 1 /* a /* b; */ c; */ + 1", "SELECT 2"],
        );
        check(Dialect::Sqlite, "SELECT 1 /* a /* b; */ + 1; SELECT 2", &["SELECT 1 /* a /* b; */ + 1", "SELECT 2"]);
        check(Dialect::MySql, "SELECT 1 # a; b\n; SELECT 2", &["SELECT 1", "SELECT 2"]);
        check(
            Dialect::Postgres,
            "SELECT 1 # 2; SELECT '{}'::jsonb #> '{a}'",
            &["SELECT 1 # 2", "SELECT '{}'::jsonb #> '{a}'"],
        );
        check(Dialect::MySql, "SELECT 1--1; SELECT 2 --\n; SELECT 3", &["SELECT 1--1", "SELECT 2", "SELECT 3"]);
        check(Dialect::Sqlite, "SELECT 1--1; \n; SELECT 2", &["SELECT 1", "SELECT 2"]);
        let executed = "/*!50003 CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET NEW.b = 1; END */";
        check(Dialect::MariaDb, &format!("{executed}; SELECT 1"), &[executed, "SELECT 1"]);
        check(Dialect::MySql, "/* a */ /*+ b */ SELECT 1", &["SELECT 1"]);
    }

    #[test]
    fn dollar_quotes_are_those_of_postgresql() {
        let function = "CREATE FUNCTION f() RETURNS int AS $body$ BEGIN; RETURN $$;$$; END; $body$ LANGUAGE plpgsql";
        check(Dialect::Postgres, &format!("{function}; SELECT 1"), &[function, "SELECT 1"]);
        check(Dialect::Postgres, "DO $$ BEGIN END; $$; SELECT 1", &["DO $$ BEGIN END; $$", "SELECT 1"]);
        check(Dialect::Postgres, "SELECT $1; SELECT a$b$; SELECT 2", &["SELECT $1", "SELECT a$b$", "SELECT 2"]);
        check(Dialect::Sqlite, "SELECT $a; SELECT 2", &["SELECT $a", "SELECT 2"]);
    }

    #[test]
    fn a_function_of_postgresql_may_be_atomic_and_a_rule_in_parentheses() {
        let function = "CREATE OR REPLACE FUNCTION f(a int) RETURNS int BEGIN ATOMIC SELECT 1; \
                        SELECT CASE WHEN a = 1 THEN 2 END; END";
        check(Dialect::Postgres, &format!("{function}; SELECT 1"), &[function, "SELECT 1"]);
        let rule = "CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO u VALUES (1); INSERT INTO v VALUES (2))";
        check(Dialect::Postgres, &format!("{rule}; SELECT 1"), &[rule, "SELECT 1"]);
        check(Dialect::Postgres, "BEGIN; SELECT 1; END; SELECT 2", &["BEGIN", "SELECT 1", "END", "SELECT 2"]);
    }

    #[test]
    fn a_trigger_of_sqlite_ends_by_its_end() {
        let trigger = "CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN\n  UPDATE b SET c = CASE WHEN d THEN 1 END;\n  \
                       SELECT 1; /* ; end; */\nEND";
        check(Dialect::Sqlite, &format!("{trigger};\nSELECT 2;"), &[trigger, "SELECT 2"]);
        check(
            Dialect::Sqlite,
            "CREATE TABLE trigger_log (begin INT, end INT); SELECT 1",
            &["CREATE TABLE trigger_log (begin INT, end INT)", "SELECT 1"],
        );
    }

    #[test]
    fn compound_statements_of_mysql_stay_together() {
        let nested = "CREATE DEFINER=`root`@`localhost` TRIGGER t BEFORE INSERT ON a FOR EACH ROW\nBEGIN\n\
                      DECLARE n INT DEFAULT 0;\n\
                      DECLARE EXIT HANDLER FOR NOT FOUND BEGIN SET n = 1; END;\n\
                      IF NEW.b IS NULL THEN SET NEW.b = IF(NEW.c, 1, 2); ELSEIF NEW.b = 3 THEN SET n = 4; END IF;\n\
                      CASE NEW.b WHEN 1 THEN SET n = 2; ELSE SET n = CASE WHEN n THEN 3 ELSE 4 END; END CASE;\n\
                      one: LOOP SET n = n + 1; LEAVE one; END LOOP one;\n\
                      WHILE n > 5 DO SET n = n - 1; END WHILE;\n\
                      REPEAT SET n = n + 1; UNTIL n > 3 END REPEAT;\n\
                      SET NEW.d = REPEAT('x', NEW.end);\nEND";
        let single = "CREATE TRIGGER u BEFORE INSERT ON a FOR EACH ROW SET NEW.b = 1";
        let bare = "CREATE PROCEDURE p() IF 1 THEN SELECT 1; ELSE SELECT 2; END IF";
        let event = "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN DELETE FROM a; END";
        let block = "BEGIN NOT ATOMIC DECLARE n INT; SET n = 1; END";
        for dialect in [Dialect::MySql, Dialect::MariaDb] {
            let all = [nested, single, bare, event, block, "DROP TABLE IF EXISTS `end`", "SELECT 1"];
            check(dialect, &all.join(";\n"), &all);
            let plain = ["CREATE TABLE event (begin INT, end INT)", "BEGIN", "SELECT 1", "COMMIT"];
            check(dialect, &plain.join("; "), &plain);
        }
    }

    #[test]
    fn the_delimiter_of_mysqls_client_is_known() {
        let sql = "SELECT 1;\nDELIMITER //\nCREATE PROCEDURE p()\nBEGIN\n  SELECT ';', '//';\nEND//\nSELECT 2//\nDELIMITER ;\nSELECT 3; SELECT 4";
        let procedure = "CREATE PROCEDURE p()\nBEGIN\n  SELECT ';', '//';\nEND";
        check(Dialect::MySql, sql, &["SELECT 1", procedure, "SELECT 2", "SELECT 3", "SELECT 4"]);
    }

    #[test]
    fn a_marker_is_a_line_of_its_own() {
        let sql = "-- a file\n-- upgrade\nSELECT '\n-- downgrade\n'; -- upgrade\nSELECT 1 /*\n-- upgrade\n*/\n  --  Downgrade:\n-- no transaction\nSELECT 2";
        for dialect in ALL {
            check(
                dialect,
                sql,
                &[
                    "<upgrade 2>",
                    "SELECT '\n-- downgrade\n'",
                    "SELECT 1",
                    "<downgrade 9>",
                    "<no transaction 10>",
                    "SELECT 2",
                ],
            );
            check(
                dialect,
                "-- upgrade the users\r\n-- upgrade\r\nSELECT 1;\r\n-- downgrade\r\n",
                &["<upgrade 2>", "SELECT 1", "<downgrade 4>"],
            );
        }
    }

    #[test]
    fn what_does_not_end_is_told_with_its_line() {
        let unclosed = |sql: &str, dialect| split(sql, dialect).unwrap_err();
        assert_eq!(unclosed("SELECT 1;\nSELECT 'a", Dialect::Sqlite), Unclosed { what: "quote `'`".into(), line: 2 });
        assert_eq!(unclosed("/* a", Dialect::MySql), Unclosed { what: "comment `/*`".into(), line: 1 });
        assert_eq!(unclosed("/* a /* b */", Dialect::Postgres), Unclosed { what: "comment `/*`".into(), line: 1 });
        assert_eq!(unclosed("\n\nDO $a$ b", Dialect::Postgres), Unclosed { what: "quote `$a$`".into(), line: 3 });
    }

    #[test]
    fn a_checksum_is_over_what_is_executed() {
        let of = |sql: &str, dialect| {
            let pieces = split(sql, dialect).unwrap();
            let statements: Vec<Statement> = pieces
                .into_iter()
                .filter_map(|piece| match piece {
                    Piece::Statement(statement) => Some(statement),
                    Piece::Marker(..) => None,
                })
                .collect();
            checksum(&statements, dialect)
        };
        for dialect in ALL {
            let sum = of("CREATE TABLE t (a INTEGER DEFAULT 1+2);", dialect);
            assert_eq!(sum.len(), 32);
            assert_eq!(sum, of("-- a\nCREATE  TABLE t(\n  a INTEGER /* b */ DEFAULT 1 + 2\n)", dialect));
            assert_ne!(sum, of("CREATE TABLE t (a INTEGER DEFAULT 1+3)", dialect));
            assert_ne!(of("SELECT 'a b'", dialect), of("SELECT 'a  b'", dialect));
            assert_ne!(of("SELECT 1; SELECT 2", dialect), of("SELECT 1 SELECT 2", dialect));
        }
        assert_ne!(of("SELECT 1 /*! + 1 */", Dialect::MySql), of("SELECT 1", Dialect::MySql));
    }
}
