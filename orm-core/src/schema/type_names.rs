//! What a type is called in a database, read back as a [`ColumnType`].
//!
//! In: what DDL writes, and what a catalog shows. Out: the generic type, or else the text in lower case, so that two
//! spellings of one type are equal.

use super::tokens::{TokenKind, tokens};
use crate::dialect::Dialect;
use crate::types::ColumnType;

/// Reads the name of a type.
pub(crate) fn parse_type(dialect: Dialect, sql: &str) -> ColumnType {
    if let (Dialect::Postgres, Some(item)) = (dialect, sql.trim().strip_suffix("[]")) {
        return ColumnType::Array(Box::new(parse_type(dialect, item)));
    }
    let name = Name::of(sql);
    let known = match dialect {
        Dialect::Sqlite => sqlite(&name),
        Dialect::Postgres => postgres(&name),
        Dialect::MySql | Dialect::MariaDb => mysql(dialect, &name),
    };
    known.unwrap_or_else(|| ColumnType::custom(name.canonical(dialect)))
}

/// A name cut at its parenthesis: the words around it, and the arguments within.
struct Name {
    words: String,
    arguments: Vec<String>,
    text: String,
}

impl Name {
    fn of(sql: &str) -> Name {
        let (mut words, mut arguments, mut is_within) = (Vec::new(), Vec::new(), false);
        for token in tokens(sql) {
            match token.text {
                "(" => is_within = true,
                ")" => is_within = false,
                "," if is_within => {}
                _ if is_within && token.kind == TokenKind::Text => arguments.push(token.name()),
                text if is_within => arguments.push(text.to_ascii_lowercase()),
                text if token.kind == TokenKind::Quoted => words.push(text.to_owned()),
                text => words.push(text.to_ascii_lowercase()),
            }
        }
        Name { words: words.join(" "), arguments, text: sql.trim().to_owned() }
    }

    fn number(&self) -> Option<u32> {
        match self.arguments.as_slice() {
            [only] => only.parse().ok(),
            _ => None,
        }
    }

    fn digits(&self) -> Option<Option<(u8, u8)>> {
        match self.arguments.as_slice() {
            [] => Some(None),
            [precision] => Some(Some((precision.parse().ok()?, 0))),
            [precision, scale] => Some(Some((precision.parse().ok()?, scale.parse().ok()?))),
            _ => None,
        }
    }

    /// Returns the words with the arguments behind the first, in lower case.
    fn canonical(&self, dialect: Dialect) -> String {
        // The widths that MySQL shows of integers mean nothing: https://mariadb.com/kb/en/numeric-data-type-overview/
        let first = self.words.split(' ').next().unwrap_or_default();
        let is_integer = matches!(first, "tinyint" | "smallint" | "mediumint" | "int" | "integer" | "bigint");
        if matches!(dialect, Dialect::MySql | Dialect::MariaDb) && is_integer {
            return if first == "integer" { self.words.replacen("integer", "int", 1) } else { self.words.clone() };
        }
        if first == "year" {
            return first.to_owned();
        }
        let mut name = String::with_capacity(self.text.len());
        for token in tokens(&self.text) {
            let is_tight = matches!(token.text, "(" | ")" | "," | "[" | "]" | ".") || name.ends_with(['(', ',', '.']);
            if !name.is_empty() && !is_tight {
                name.push(' ');
            }
            match token.kind {
                TokenKind::Quoted | TokenKind::Text => name.push_str(token.text),
                TokenKind::Word | TokenKind::Number | TokenKind::Sign => {
                    name.push_str(&token.text.to_ascii_lowercase())
                }
            }
        }
        name
    }

    fn is_bare(&self) -> bool {
        self.arguments.is_empty()
    }
}

fn sqlite(name: &Name) -> Option<ColumnType> {
    Some(match (name.words.as_str(), name.number()) {
        ("varchar", Some(length)) => ColumnType::String(length),
        ("char", Some(length)) => ColumnType::Char(length),
        _ if !name.is_bare() => return None,
        ("boolean", _) => ColumnType::Boolean,
        ("smallint", _) => ColumnType::SmallInteger,
        ("integer", _) => ColumnType::Integer,
        ("bigint", _) => ColumnType::BigInteger,
        ("real", _) => ColumnType::Real,
        ("double", _) => ColumnType::Double,
        ("float", _) => ColumnType::Float(None),
        ("text", _) => ColumnType::Text,
        ("varchar", _) => ColumnType::Varchar,
        ("blob", _) => ColumnType::LargeBinary,
        ("date", _) => ColumnType::Date,
        ("time", _) => ColumnType::Time,
        ("datetime", _) => ColumnType::DateTime,
        _ => return None,
    })
}

fn postgres(name: &Name) -> Option<ColumnType> {
    Some(match (name.words.as_str(), name.number()) {
        ("character varying" | "varchar", Some(length)) => ColumnType::String(length),
        ("character" | "char" | "bpchar", Some(length)) => ColumnType::Char(length),
        ("numeric" | "decimal", _) => ColumnType::Numeric(name.digits()?),
        ("float", Some(precision)) => float(precision),
        _ if !name.is_bare() => return None,
        ("boolean" | "bool", _) => ColumnType::Boolean,
        ("smallint" | "int2" | "smallserial", _) => ColumnType::SmallInteger,
        ("integer" | "int" | "int4" | "serial", _) => ColumnType::Integer,
        ("bigint" | "int8" | "bigserial", _) => ColumnType::BigInteger,
        ("real" | "float4", _) => ColumnType::Real,
        ("double precision" | "float8" | "float", _) => ColumnType::Double,
        ("text", _) => ColumnType::Text,
        ("character varying" | "varchar", _) => ColumnType::Varchar,
        ("character" | "char", _) => ColumnType::Char(1),
        ("bytea", _) => ColumnType::LargeBinary,
        ("date", _) => ColumnType::Date,
        ("time without time zone" | "time", _) => ColumnType::Time,
        ("timestamp without time zone" | "timestamp", _) => ColumnType::DateTime,
        ("timestamp with time zone" | "timestamptz", _) => ColumnType::Timestamp,
        ("interval", _) => ColumnType::Interval,
        ("inet", _) => ColumnType::Inet,
        ("cidr", _) => ColumnType::Cidr,
        ("uuid", _) => ColumnType::Uuid,
        ("jsonb", _) => ColumnType::Json,
        ("int4range", _) => ColumnType::Range(Box::new(ColumnType::Integer)),
        ("int8range", _) => ColumnType::Range(Box::new(ColumnType::BigInteger)),
        ("numrange", _) => ColumnType::Range(Box::new(ColumnType::Numeric(None))),
        ("daterange", _) => ColumnType::Range(Box::new(ColumnType::Date)),
        ("tsrange", _) => ColumnType::Range(Box::new(ColumnType::DateTime)),
        ("tstzrange", _) => ColumnType::Range(Box::new(ColumnType::Timestamp)),
        _ => return None,
    })
}

fn mysql(dialect: Dialect, name: &Name) -> Option<ColumnType> {
    Some(match (name.words.as_str(), name.number()) {
        ("tinyint", Some(1)) | ("bool" | "boolean", None) => ColumnType::Boolean,
        ("smallint", _) => ColumnType::SmallInteger,
        ("int" | "integer", _) => ColumnType::Integer,
        ("bigint", _) => ColumnType::BigInteger,
        ("varchar", Some(length)) => ColumnType::String(length),
        ("char", Some(length)) => ColumnType::Char(length),
        ("decimal" | "numeric", _) => ColumnType::Numeric(Some(name.digits()?.unwrap_or((10, 0)))),
        ("float", Some(precision)) => float(precision),
        ("time", Some(6)) => ColumnType::Time,
        ("datetime", Some(6)) => ColumnType::DateTime,
        ("enum", _) if !name.is_bare() => ColumnType::Enum {
            schema: None,
            name: "".into(),
            labels: name.arguments.iter().map(|label| unescaped(label).into()).collect(),
            is_native: true,
            has_check: false,
        },
        _ if !name.is_bare() => return None,
        ("float", _) => ColumnType::Real,
        ("double" | "double precision" | "real", _) => ColumnType::Double,
        ("text", _) => ColumnType::Text,
        ("char", _) => ColumnType::Char(1),
        ("longblob", _) => ColumnType::LargeBinary,
        ("date", _) => ColumnType::Date,
        ("json", _) => ColumnType::Json,
        ("uuid", _) if dialect == Dialect::MariaDb => ColumnType::Uuid,
        _ => return None,
    })
}

/// Returns what `FLOAT(precision)` is, of PostgreSQL and of MySQL.
fn float(precision: u32) -> ColumnType {
    if precision <= 24 { ColumnType::Real } else { ColumnType::Double }
}

/// Returns a text as it was before MySQL escaped it.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(match (character, character == '\\') {
            (_, true) => match characters.next() {
                Some('0') => '\0',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some('Z') => '\u{1a}',
                Some(other) => other,
                None => '\\',
            },
            (other, false) => other,
        });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_one_type_are_one() {
        let same = [
            (Dialect::Postgres, "character varying(50)", "VARCHAR(50)"),
            (Dialect::Postgres, "numeric(10,2)[]", "NUMERIC(10, 2)[]"),
            (Dialect::Postgres, "timestamp(3) with time zone", "TIMESTAMP(3)  WITH TIME ZONE"),
            (Dialect::MariaDb, "int(10) unsigned", "INTEGER UNSIGNED"),
            (Dialect::MariaDb, "bigint(20)", "BIGINT"),
            (Dialect::MariaDb, "enum('a','b')", "ENUM('a', 'b')"),
            (Dialect::Sqlite, "VarChar (5)", "VARCHAR(5)"),
            (Dialect::Sqlite, "DECIMAL(10,5)", "decimal(10, 5)"),
        ];
        for (dialect, left, right) in same {
            assert_eq!(parse_type(dialect, left), parse_type(dialect, right));
        }
        assert_eq!(parse_type(Dialect::MariaDb, "INTEGER UNSIGNED"), ColumnType::custom("int unsigned"));
        assert_eq!(parse_type(Dialect::Postgres, "TSVECTOR"), ColumnType::custom("tsvector"));
        let labels = ColumnType::labels("", &["it's", "B"]);
        assert_eq!(parse_type(Dialect::MySql, "enum('it''s','B')"), labels);
    }
}
