//! Whether a query gives the same alone as within a transaction in which each statement sees what is committed.
//!
//! In: the text of a query. Out: whether nothing in it knows of transactions. What is not known to be so is taken not to be: locks,
//! what gives the time at which the transaction began, functions that may write or that read what is set for a transaction.

/// What may stand before a parenthesis: keywords, types, and functions of which nothing but their arguments counts.
const KNOWN: &[&str] = &[
    "all",
    "and",
    "any",
    "as",
    "between",
    "by",
    "case",
    "cast",
    "char",
    "distinct",
    "else",
    "escape",
    "except",
    "exists",
    "filter",
    "from",
    "having",
    "ilike",
    "in",
    "intersect",
    "is",
    "join",
    "lateral",
    "like",
    "limit",
    "materialized",
    "not",
    "numeric",
    "offset",
    "on",
    "or",
    "over",
    "select",
    "then",
    "union",
    "using",
    "values",
    "varchar",
    "when",
    "where",
    // Functions.
    "abs",
    "array_agg",
    "avg",
    "char_length",
    "coalesce",
    "concat",
    "count",
    "dense_rank",
    "greatest",
    "least",
    "length",
    "lower",
    "max",
    "min",
    "nullif",
    "rank",
    "round",
    "row_number",
    "sum",
    "trim",
    "unnest",
    "upper",
];

/// What no query has that gives the same alone, whatever follows.
const TRANSACTIONAL: &[&str] = &[
    "current_date",
    "current_time",
    "current_timestamp",
    "delete",
    "for",
    "insert",
    "into",
    "localtime",
    "localtimestamp",
    "lock",
    "merge",
    "update",
    // A text that is cast to one of these may be `now`, the time at which the transaction began.
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
];

/// Returns whether a query gives the same alone as it would in a transaction in which each statement sees what is committed.
pub(super) fn gives_the_same_alone(sql: &str) -> bool {
    // Escapes and comments, which only text of a user's own has.
    if sql.contains('\\') || sql.contains("--") || sql.contains("/*") {
        return false;
    }
    let is_of_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
    let bytes = sql.as_bytes();
    let mut at = 0;
    while let Some(&first) = bytes.get(at) {
        let start = at;
        let is_known = match first {
            b'\'' | b'"' | b'`' => {
                let Some(length) = sql[start + 1..].find(char::from(first)) else { return false };
                at += length + 2;
                // What is quoted and called is a function.
                first == b'\''
            }
            // A parameter; anything else behind it begins a quote.
            b'$' => {
                at += 1 + bytes[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                if at == start + 1 {
                    return false;
                }
                true
            }
            _ if is_of_word(first) => {
                at += bytes[at..].iter().take_while(|&&byte| is_of_word(byte)).count();
                let is_one_of = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(&sql[start..at]));
                if is_one_of(TRANSACTIONAL) {
                    return false;
                }
                // In a schema there may be another of the same name.
                is_one_of(KNOWN) && !sql[..start].ends_with('.')
            }
            _ => {
                at += 1;
                true
            }
        };
        let is_called = sql[at..].trim_start().starts_with('(');
        if is_called && !is_known {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::gives_the_same_alone;

    #[test]
    fn queries_of_columns_and_values_give_the_same_alone() {
        for sql in [
            "SELECT users.id, users.name FROM users WHERE users.id = $1",
            "SELECT users.id FROM users WHERE users.id IN ($1, $2) AND (users.name = $3 OR NOT (users.age > 4)) LIMIT $4",
            "SELECT count(*) FROM (SELECT users.id FROM users) AS a WHERE a.note = 'now() ''for update''' ",
            "SELECT \"order\".id, coalesce(\"order\".\"group\", '') FROM shop.\"order\" ORDER BY lower(\"order\".name)",
            "SELECT u.id FROM users AS u JOIN \"größe\" AS g ON (g.a = u.a) WHERE EXISTS (SELECT 1 FROM b WHERE b.x = u.x)",
            "SELECT row_number() OVER (ORDER BY a.b), CAST(a.c AS VARCHAR(20)) FROM a WHERE a.id = ANY ($1)",
        ] {
            assert!(gives_the_same_alone(sql), "{sql}");
        }
    }

    #[test]
    fn whatever_may_know_of_a_transaction_does_not() {
        for sql in [
            "SELECT users.id FROM users FOR UPDATE",
            "SELECT users.id FROM users WHERE users.id = $1 FOR NO KEY UPDATE SKIP LOCKED",
            "SELECT users.id FROM users FOR SHARE",
            "SELECT users.id FROM users LOCK IN SHARE MODE",
            "SELECT now()",
            "SELECT CAST($1 AS TIMESTAMP WITH TIME ZONE)",
            "SELECT $1::date",
            "SELECT own.count($1)",
            "SELECT a.b FROM a WHERE a.at < CURRENT_TIMESTAMP",
            "SELECT a.b FROM a WHERE a.at < current_date",
            "SELECT nextval('ids')",
            "SELECT current_setting('app.user')",
            "SELECT own.\"draw\" (1)",
            "SELECT \"Draw\"(1)",
            "SELECT größe(1)",
            "SELECT draw\n\t(1)",
            "WITH a AS (DELETE FROM b RETURNING b.id) SELECT a.id FROM a",
            "SELECT E'\\'', draw(1) '",
            "SELECT 1 -- ' \n, draw(1) '",
            "SELECT $$ ' $$, draw(1) '",
            "SELECT $a$ ' $a$, draw(1) '",
            "SELECT a.b INTO c FROM a",
            "SELECT 'unended",
        ] {
            assert!(!gives_the_same_alone(sql), "{sql}");
        }
    }
}
