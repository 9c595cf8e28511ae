//! What a table looks like when it comes back from a database: the form in which a model and a reflected table are
//! compared.
//!
//! Databases forget some of what they are told, and say the rest in their own words: MySQL knows no name of a primary
//! key and calls `BOOLEAN` `tinyint(1)`, PostgreSQL writes `LIKE` as `~~` and adds casts and parentheses. Both sides are
//! brought into one form, which is never executed.

mod default;

use super::tokens::{Token, TokenKind, closing, tokens};
use super::{
    CheckConstraint, Column, Computed, ForeignKey, Identity, Index, IndexColumn, IndexPart, Table, UniqueConstraint,
    condition, fit, options, parse_type,
};
use crate::compile::ddl::Ddl;
use crate::dialect::Dialect;
use crate::mapper::ReferentialAction;
use crate::types::ColumnType;

/// Brings a table into the form of this database.
pub(crate) fn table(table: &Table, dialect: Dialect) -> Table {
    let mut normal = Table {
        columns: table.columns.iter().map(|of| column(table, of, dialect)).collect(),
        primary_key: table.primary_key.clone(),
        uniques: table.uniques.iter().map(|of| unique(of, dialect)).collect(),
        foreign_keys: table.foreign_keys.iter().map(|of| foreign_key(of, dialect)).collect(),
        checks: table.checks.iter().map(|of| check(of, dialect)).collect(),
        indexes: table.indexes.iter().map(|of| index(table, of, dialect)).collect(),
        options: options(table, dialect),
        comment: table.comment.clone().filter(|text| is_comment(text, dialect)),
        prefixes: Vec::new(),
        ..table.clone()
    };
    normal.primary_key.name = match dialect {
        Dialect::Postgres => normal.primary_key.name.map(|name| fit(&name, dialect).into_owned()),
        // SQLite could tell, and DDL does not say it; MySQL calls each `PRIMARY`.
        Dialect::Sqlite | Dialect::MySql | Dialect::MariaDb => None,
    };
    if is_mysql(dialect) {
        unique_indexes_are_constraints(&mut normal);
    }
    for exclude in &mut normal.excludes {
        exclude.sql = sql(&exclude.sql, dialect);
    }
    normal.uniques.sort_by(|a, b| (&a.name, &a.columns).cmp(&(&b.name, &b.columns)));
    normal.foreign_keys.sort_by(|a, b| (&a.name, &a.columns).cmp(&(&b.name, &b.columns)));
    normal.checks.sort_by(|a, b| (&a.name, &a.sql).cmp(&(&b.name, &b.sql)));
    normal.excludes.sort_by(|a, b| a.name.cmp(&b.name));
    normal.indexes.sort_by(|a, b| a.name.cmp(&b.name));
    normal
}

/// Returns whether the database keeps a comment: SQLite none, and no other an empty one.
fn is_comment(text: &str, dialect: Dialect) -> bool {
    dialect != Dialect::Sqlite && !text.is_empty()
}

fn is_mysql(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::MySql | Dialect::MariaDb)
}

fn column(table: &Table, column: &Column, dialect: Dialect) -> Column {
    let mut settled = column.clone();
    settled.settle_sequence(dialect);
    let column = &settled;
    let mut normal = Column {
        variants: Vec::new(),
        length: None,
        has_check: false,
        check: None,
        is_invisible: false,
        comment: column.comment.clone().filter(|text| is_comment(text, dialect)),
        ..column.clone()
    };
    normal.column_type = column_type(table, column, dialect);
    let default = |of: &str| default::default(of, &normal.column_type, dialect);
    normal.server_default = column.server_default.as_deref().and_then(default);
    normal.computed = column.computed.as_ref().map(|of| Computed {
        sql: sql(&of.sql, dialect),
        is_stored: of.is_stored || !dialect.capabilities().virtual_columns,
    });
    let is_key = table.primary_key.columns.contains(&column.name);
    normal.is_nullable = (column.is_nullable && !is_key) || (is_mysql(dialect) && column.computed.is_some());
    normal.identity = match dialect {
        // What is generated and has no serial type is an identity column.
        Dialect::Postgres if column.is_generated => {
            let is_serial =
                matches!(normal.column_type, ColumnType::SmallInteger | ColumnType::Integer | ColumnType::BigInteger);
            let identity = column.identity.or(if is_serial { None } else { Some(Identity::DEFAULT) });
            identity.map(|identity| Identity { counting: identity.counting.without_defaults(), ..identity })
        }
        _ => None,
    };
    if dialect == Dialect::Sqlite {
        normal.collation = column.collation.as_ref().map(|name| name.to_ascii_uppercase());
        let is_rowid = table.primary_key.columns == [column.name.as_str()]
            && normal.column_type == ColumnType::Integer
            && !options::has(table, "sqlite_without_rowid");
        normal.is_generated = column.is_generated || is_rowid;
    }
    normal
}

/// Returns what the type is called here, read back.
fn column_type(table: &Table, column: &Column, dialect: Dialect) -> ColumnType {
    let native = |of: &ColumnType| matches!(of, ColumnType::Enum { is_native: true, .. });
    let of = column.type_on(dialect);
    match of {
        of if dialect == Dialect::Postgres && native(of.element()) => {
            let mut of = of.clone();
            if let ColumnType::Enum { has_check, .. } = of.element_mut() {
                *has_check = false;
            }
            return of;
        }
        ColumnType::Enum { labels, is_native: true, .. } if is_mysql(dialect) => {
            return ColumnType::Enum {
                schema: None,
                name: "".into(),
                labels: labels.clone(),
                is_native: true,
                has_check: false,
            };
        }
        _ => {}
    }
    match Ddl::new(dialect).declared_type(table, column) {
        Ok(written) => parse_type(dialect, &written),
        // It cannot be created here, so it is never found here.
        Err(_) => of.clone(),
    }
}

fn unique(unique: &UniqueConstraint, dialect: Dialect) -> UniqueConstraint {
    UniqueConstraint { name: name(unique.name.as_deref(), dialect), ..unique.clone() }
}

fn name(name: Option<&str>, dialect: Dialect) -> Option<String> {
    name.map(|name| fit(name, dialect).into_owned())
}

fn foreign_key(key: &ForeignKey, dialect: Dialect) -> ForeignKey {
    // Nothing said is NO ACTION, and InnoDB takes RESTRICT for the same.
    let action = |action: Option<ReferentialAction>| match action {
        Some(ReferentialAction::NoAction) => None,
        Some(ReferentialAction::Restrict) if is_mysql(dialect) => None,
        other => other,
    };
    ForeignKey {
        name: name(key.name.as_deref(), dialect),
        on_delete: action(key.on_delete),
        on_update: action(key.on_update),
        use_alter: false,
        ..key.clone()
    }
}

fn check(check: &CheckConstraint, dialect: Dialect) -> CheckConstraint {
    CheckConstraint { name: name(check.name.as_deref(), dialect), sql: sql(&check.sql, dialect), ..check.clone() }
}

fn index(table: &Table, index: &Index, dialect: Dialect) -> Index {
    let column = |column: &IndexColumn| {
        let part = match &column.part {
            IndexPart::Column(name) => IndexPart::Column(name.clone()),
            IndexPart::Expression(text) => IndexPart::Expression(sql(text, dialect)),
        };
        IndexColumn {
            part,
            length: column.length.filter(|length| is_mysql(dialect) && !is_most(table, column, *length)),
            operator_class: column.operator_class.clone().filter(|_| dialect == Dialect::Postgres),
            nulls_first: column
                .nulls_first
                .filter(|first| dialect == Dialect::Postgres && *first != column.is_descending),
            ..column.clone()
        }
    };
    Index {
        name: name(index.name.as_deref(), dialect),
        columns: index.columns.iter().map(column).collect(),
        condition: index.condition.as_deref().map(|of| sql(of, dialect)),
        method: index.method.as_ref().map(|method| method.to_ascii_lowercase()).filter(|method| method != "btree"),
        is_concurrent: false,
        ..index.clone()
    }
}

/// Returns whether an index takes as much of a text as it can, in 3,072 bytes of one to four for each character: MariaDB gives
/// this length to an index of TEXT that says none.
fn is_most(table: &Table, column: &IndexColumn, length: u32) -> bool {
    let IndexPart::Column(name) = &column.part else { return false };
    let is_long = |of: &ColumnType| match of {
        ColumnType::Text | ColumnType::LargeBinary => true,
        ColumnType::Custom(sql) => {
            let sql = sql.to_ascii_lowercase();
            ["tinytext", "text", "mediumtext", "longtext", "tinyblob", "blob", "mediumblob"].contains(&sql.as_str())
        }
        _ => false,
    };
    table.find_column(name).is_some_and(|column| is_long(&column.column_type)) && matches!(length, 768 | 1024 | 3072)
}

/// MySQL has no unique constraint beside the unique index.
fn unique_indexes_are_constraints(table: &mut Table) {
    let (uniques, indexes): (Vec<Index>, Vec<Index>) =
        std::mem::take(&mut table.indexes).into_iter().partition(|index| index.is_unique && index.is_plain());
    table.indexes = indexes;
    let of =
        |index: Index| UniqueConstraint { name: index.name.clone(), ..UniqueConstraint::new(index.column_names()) };
    table.uniques.extend(uniques.into_iter().map(of));
}

/// Keeps the options that a database tells again.
fn options(table: &Table, dialect: Dialect) -> Vec<(String, String)> {
    let kept = options::flags(dialect).iter().filter(|option| options::has(table, option));
    kept.map(|option| ((*option).to_owned(), "true".to_owned())).collect()
}

// --------------------------------------------------------------------------------------------------------------- SQL

/// Brings an expression into one form: that of its structure, or else that of its words.
pub(crate) fn sql(text: &str, dialect: Dialect) -> String {
    condition::canonical(text, dialect).unwrap_or_else(|| words(text, dialect))
}

/// Brings SQL into words in lower case with one space between, without parentheses, casts and quotes that are not needed.
/// So a difference in parentheses alone is not seen.
pub(super) fn words(text: &str, dialect: Dialect) -> String {
    let tokens = tokens(text);
    let mut words: Vec<String> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        if token.is("::") {
            at = after_type(&tokens, at);
            continue;
        }
        if token.is("(") || token.is(")") || token.is("[") || token.is("]") {
            continue;
        }
        let next = tokens.get(at);
        let is_before_text = next.is_some_and(|next| next.kind == TokenKind::Text);
        // `_utf8mb4'text'`, `INTERVAL '1 day'`, `E'text'`.
        if token.kind == TokenKind::Word && is_before_text && is_introducer(token.text) {
            continue;
        }
        // `'-1'::integer`.
        let is_number = next.is_some_and(|next| next.is("::")) && tokens.get(at + 1).is_some_and(is_of_numbers);
        if token.kind == TokenKind::Text && is_number && super::is_number(&token.name()) {
            let number = token.name();
            words.extend(number.strip_prefix('-').map(|_| "-".to_owned()));
            words.push(plain_number(number.trim_start_matches('-')));
            continue;
        }
        if is_now(token) {
            words.push("current_timestamp".to_owned());
            // Its digits are those of the column.
            if next.is_some_and(|next| next.is("(")) {
                at = closing(&tokens, at);
            }
            continue;
        }
        words.push(word(token, dialect));
    }
    let text = words.join(" ");
    let text = text.replace("= any array ", "in ").replace("<> all array ", "not in ");
    text.replace("in ( ", "in ").trim().to_owned()
}

fn is_introducer(word: &str) -> bool {
    word.starts_with('_') || word.eq_ignore_ascii_case("interval") || word.eq_ignore_ascii_case("e")
}

pub(super) fn is_of_numbers(token: &Token<'_>) -> bool {
    ["smallint", "integer", "bigint", "numeric", "real", "double"].iter().any(|word| token.is(word))
}

pub(super) fn is_now(token: &Token<'_>) -> bool {
    token.kind == TokenKind::Word
        && ["now", "current_timestamp", "localtimestamp", "localtime"].iter().any(|word| token.is(word))
}

fn word(token: &Token<'_>, dialect: Dialect) -> String {
    let lower = token.text.to_ascii_lowercase();
    match (token.kind, lower.as_str()) {
        (TokenKind::Text, _) => format!("'{}'", token.name()),
        (TokenKind::Number, _) => plain_number(&lower),
        (TokenKind::Quoted, _) => {
            let name = token.name();
            let is_plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            if is_plain { name } else { format!("\"{name}\"") }
        }
        (_, "true") if dialect != Dialect::Postgres => "1".to_owned(),
        (_, "false") if dialect != Dialect::Postgres => "0".to_owned(),
        (_, "~~") => "like".to_owned(),
        (_, "!~~") => "not like".to_owned(),
        (_, "~~*") => "ilike".to_owned(),
        (_, "!~~*") => "not ilike".to_owned(),
        (_, "!=") => "<>".to_owned(),
        (_, "==") => "=".to_owned(),
        _ => lower,
    }
}

/// Writes a number without the zeros that mean nothing.
fn plain_number(number: &str) -> String {
    if number.contains('.') && !number.contains('e') {
        return number.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    number.to_owned()
}

/// Returns the position after the name of a type.
pub(super) fn after_type(tokens: &[Token<'_>], mut at: usize) -> usize {
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is(word));
    at += 1;
    while is(at, ".") {
        at += 2;
    }
    if is(at, "varying") || is(at, "precision") {
        at += 1;
    }
    if is(at, "(") {
        at = closing(tokens, at);
    }
    if (is(at, "with") || is(at, "without")) && is(at + 1, "time") {
        at += 3;
    }
    while is(at, "[") && is(at + 1, "]") {
        at += 2;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_databases_are_one() {
        let same = [
            (Dialect::Postgres, "email LIKE '%@%'", "((email)::text ~~ '%@%'::text)"),
            (
                Dialect::Postgres,
                "state IN ('a', 'b')",
                "((state)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))",
            ),
            (Dialect::Postgres, "-1", "'-1'::integer"),
            (Dialect::Postgres, "'new'", "'new'::character varying(5)"),
            (Dialect::Postgres, "now()", "CURRENT_TIMESTAMP"),
            (Dialect::MariaDb, "CURRENT_TIMESTAMP", "current_timestamp(6)"),
            (Dialect::MariaDb, "number * 2", "`number` * 2"),
            (Dialect::MariaDb, "true", "1"),
            (Dialect::MariaDb, "1.5", "1.50"),
            (Dialect::MySql, "name <> 'x'", "(`name` <> _utf8mb4'x')"),
            (Dialect::Sqlite, "(a  +  1)", "A + 1"),
        ];
        for (dialect, left, right) in same {
            assert_eq!(sql(left, dialect), sql(right, dialect));
        }
        assert_ne!(sql("a > 1", Dialect::Postgres), sql("a > 2", Dialect::Postgres));
    }
}
