//! Reads the `information_schema` of MySQL and MariaDB: seven queries, the last one only if there are sequences; before them,
//! by a URL of MySQL, one for what the server is.

use super::{Catalog, Context, Found, FoundView, action, names_of};
use crate::dialect::Dialect;
use crate::engine::Executor;
use crate::error::Result;
use crate::mapper::ReferentialAction;
use crate::schema::tokens::{Token, TokenKind};
use crate::schema::{
    CheckConstraint, Column, Computed, ForeignKey, Index, IndexColumn, IndexPart, PrimaryKey, Sequence, Table,
    UniqueConstraint, View, parse_type,
};
use crate::types::ColumnType;

pub(super) async fn read<E: Executor>(
    catalog: &mut Catalog<E>,
    schemas: &[String],
    dialect: Dialect,
) -> Result<(String, Found)> {
    let mut found = Found::default();
    let sql = "SELECT schema_name, schema_name = DATABASE() FROM information_schema.schemata WHERE schema_name \
               NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys') ORDER BY 1";
    let dialect = of_server(catalog, dialect).await?;
    let cx = Context::of(catalog, dialect, schemas, sql, &mut found).await?;
    let sequences = read_tables(catalog, &cx, &mut found).await?;
    read_columns(catalog, &cx, &mut found).await?;
    read_checks(catalog, &cx, &mut found).await?;
    read_foreign_keys(catalog, &cx, &mut found).await?;
    read_indexes(catalog, &cx, &mut found).await?;
    read_sequences(catalog, &cx, sequences, &mut found).await?;
    Ok((cx.default, found))
}

/// Returns what the server is. A MariaDB by the URL of a MySQL has the catalog of a MariaDB all the same.
async fn of_server<E: Executor>(catalog: &mut Catalog<E>, dialect: Dialect) -> Result<Dialect> {
    if dialect != Dialect::MySql {
        return Ok(dialect);
    }
    let version = catalog.rows("SELECT version()".to_owned()).await?.pop().map(|mut row| row.text());
    let is_mariadb = version.is_some_and(|version| version.contains("MariaDB"));
    Ok(if is_mariadb { Dialect::MariaDb } else { dialect })
}

/// Reads tables and views, and returns the sequences of MariaDB, which are tables as well.
async fn read_tables<E: Executor>(
    catalog: &mut Catalog<E>,
    cx: &Context,
    found: &mut Found,
) -> Result<Vec<(Option<String>, String)>> {
    let sql = format!(
        "SELECT t.table_schema, t.table_name, t.table_type, t.engine, t.table_collation, t.table_comment, \
         v.view_definition FROM information_schema.tables t LEFT JOIN information_schema.views v \
         ON v.table_schema = t.table_schema AND v.table_name = t.table_name \
         WHERE t.table_schema IN ({}) ORDER BY 1, 2",
        cx.wanted
    );
    let mut sequences = Vec::new();
    for mut row in catalog.rows(sql).await? {
        let (schema, name, kind) = (cx.schema(&mut row), row.text(), row.text());
        let (engine, collation, comment, query) = (row.filled(), row.filled(), row.filled(), row.text());
        match kind.as_str() {
            "SEQUENCE" => sequences.push((schema, name)),
            "VIEW" => {
                let sql = if schema.is_none() { without_schema(&query, &cx.default) } else { query };
                let view = View { schema, name, sql, is_materialized: false };
                found.views.push(FoundView { view, columns: Vec::new() });
            }
            _ => {
                let engine = engine.map(|engine| ("mysql_engine".to_owned(), engine));
                let collation = collation.map(|collation| ("mysql_collate".to_owned(), collation));
                let options = engine.into_iter().chain(collation).collect();
                found.tables.push(Table { schema, comment, options, ..Table::new(name) });
            }
        }
    }
    Ok(sequences)
}

/// Takes the name of the default schema away, which the query of a view has before each table.
fn without_schema(query: &str, schema: &str) -> String {
    let tokens = crate::schema::tokens::tokens(query);
    let (mut sql, mut from) = (String::with_capacity(query.len()), 0);
    for (at, token) in tokens.iter().enumerate() {
        let is_first = at == 0 || !tokens[at - 1].is(".");
        let is_it = token.kind == TokenKind::Quoted && token.name() == schema;
        // A column of a table that is called as the schema has no more names behind it.
        let is_before_table = tokens.get(at + 1).is_some_and(|dot| dot.is("."))
            && (tokens.get(at + 3).is_some_and(|dot| dot.is(".")) || is_after_from(&tokens, at));
        if is_first && is_it && is_before_table {
            sql.push_str(&query[from..token.start]);
            from = tokens[at + 1].end();
        }
    }
    sql.push_str(&query[from..]);
    sql
}

/// Returns whether a table stands here.
fn is_after_from(tokens: &[Token<'_>], at: usize) -> bool {
    let before = tokens[..at].iter().rev().find(|token| !token.is("("));
    before.is_some_and(|token| ["from", "join", "straight_join", ","].iter().any(|word| token.is(word)))
}

async fn read_columns<E: Executor>(catalog: &mut Catalog<E>, cx: &Context, found: &mut Found) -> Result<()> {
    let sql = format!(
        "SELECT table_schema, table_name, column_name, column_type, is_nullable, column_default, extra, \
         generation_expression, column_comment, collation_name FROM information_schema.columns \
         WHERE table_schema IN ({}) ORDER BY 1, 2, ordinal_position",
        cx.wanted
    );
    for mut row in catalog.rows(sql).await? {
        let (schema, table, name, written) = (cx.schema(&mut row), row.text(), row.text(), row.text());
        let mut column = Column::new(name, parse_type(cx.dialect, &written));
        column.is_nullable = row.flag();
        let (default, extra, expression) = (row.option(), row.text(), row.filled());
        let extra = extra.to_ascii_lowercase();
        column.comment = row.filled();
        column.collation = row.filled();
        column.is_generated = extra.contains("auto_increment");
        column.is_invisible = extra.contains("invisible");
        match expression {
            Some(sql) => {
                column.computed = Some(Computed {
                    sql: as_written(sql, cx.dialect),
                    is_stored: extra.contains("stored") || extra.contains("persistent"),
                });
            }
            None => match default.map(|default| default_of(default, &extra, &column.column_type, cx.dialect)) {
                Some(sql) if sql.eq_ignore_ascii_case("null") => {}
                Some(sql) => match sequence_of(&sql) {
                    Some((schema, sequence)) => {
                        (column.sequence_schema, column.sequence) =
                            (schema.filter(|of| *of != cx.default), Some(sequence));
                    }
                    None => column.server_default = Some(sql),
                },
                None => {}
            },
        }
        // The schema of a table is in what it calls its collation.
        let same = |table: &Table, name: &str| {
            table.options.iter().any(|(key, value)| key == "mysql_collate" && value == name)
        };
        if let (Some(table), Some(collation)) = (found.table(&schema, &table), &column.collation)
            && (same(table, collation) || matches!(column.column_type, ColumnType::Json))
        {
            column.collation = None;
        }
        if let Some(columns) = found.columns(&schema, &table) {
            columns.push(column);
        }
    }
    Ok(())
}

/// Returns a default as SQL. MariaDB shows it so; MySQL shows a text without its quotes, and bytes in hexadecimal digits.
fn default_of(default: String, extra: &str, column_type: &ColumnType, dialect: Dialect) -> String {
    let is_expression = extra.contains("default_generated");
    let of_type = |words: &[&str]| match column_type {
        ColumnType::Custom(name) => words.iter().any(|word| name.to_ascii_lowercase().starts_with(word)),
        _ => false,
    };
    let holds_text = matches!(column_type, ColumnType::String(_) | ColumnType::Char(_) | ColumnType::Enum { .. })
        || of_type(&["varchar", "char", "set"]);
    let is_written = (crate::schema::is_number(&default) && !holds_text) || of_type(&["bit"]);
    let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"));
    let mut sql = match dialect {
        Dialect::MySql if is_expression => as_written(default, dialect),
        Dialect::MySql if of_type(&["binary", "varbinary"]) => {
            text_of_digits(&default).map_or(default, |text| quoted(&text))
        }
        Dialect::MySql if !is_written => quoted(&default),
        _ => default,
    };
    if let Some(at) = extra.find("on update ") {
        sql.push(' ');
        sql.push_str(&extra[at..]);
    }
    sql
}

/// Returns the text that `0x6162` stands for, if it is one.
fn text_of_digits(sql: &str) -> Option<String> {
    let digits = sql.strip_prefix("0x")?;
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(byte).collect();
    String::from_utf8(bytes?).ok().filter(|text| !text.contains(char::is_control))
}

/// Returns an expression as it is written. MySQL shows it as it would stand within a text, and says of each text in it of
/// which characters that is: those of the connection that wrote it.
fn as_written(sql: String, dialect: Dialect) -> String {
    if dialect == Dialect::MySql { without_introducers(&unescaped(&sql)) } else { sql }
}

fn unescaped(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql.chars();
    while let Some(next) = rest.next() {
        match if next == '\\' { rest.next() } else { None } {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('0') => out.push('\0'),
            Some('Z') => out.push('\u{1a}'),
            Some(other) => out.push(other),
            None => out.push(next),
        }
    }
    out
}

/// Takes `_utf8mb4` away in front of texts; any other character set says what the bytes of a text mean.
fn without_introducers(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut within: Option<char> = None;
    let mut rest = sql.chars();
    while let Some(next) = rest.next() {
        if within.is_none() && next == '\'' {
            for introducer in ["_utf8mb4", "_utf8mb3"] {
                if let Some(before) = out.strip_suffix(introducer)
                    && !before.ends_with(|last: char| last.is_alphanumeric() || matches!(last, '_' | '$'))
                {
                    out.truncate(before.len());
                }
            }
        }
        within = match within {
            None if matches!(next, '\'' | '"' | '`') => Some(next),
            Some(quote) if quote == next => None,
            within => within,
        };
        out.push(next);
        if next == '\\' && matches!(within, Some('\'' | '"')) {
            out.extend(rest.next());
        }
    }
    out
}

/// Returns the schema and the name in ``nextval(`schema`.`name`)``.
fn sequence_of(sql: &str) -> Option<(Option<String>, String)> {
    names_of(sql.strip_prefix("nextval(")?.strip_suffix(')')?)
}

/// Reads checks. MariaDB's JSON is text with a check that it is JSON, which says nothing more than the type.
async fn read_checks<E: Executor>(catalog: &mut Catalog<E>, cx: &Context, found: &mut Found) -> Result<()> {
    let sql = match cx.dialect {
        Dialect::MySql => format!(
            "SELECT t.table_schema, t.table_name, c.constraint_name, c.check_clause \
             FROM information_schema.check_constraints c JOIN information_schema.table_constraints t \
             ON t.constraint_schema = c.constraint_schema AND t.constraint_name = c.constraint_name \
             AND t.constraint_type = 'CHECK' WHERE t.table_schema IN ({}) ORDER BY 1, 2, 3",
            cx.wanted
        ),
        _ => format!(
            "SELECT constraint_schema, table_name, constraint_name, check_clause, level \
             FROM information_schema.check_constraints WHERE constraint_schema IN ({}) ORDER BY 1, 2, 3",
            cx.wanted
        ),
    };
    for mut row in catalog.rows(sql).await? {
        let (schema, table, name, sql) = (cx.schema(&mut row), row.text(), row.text(), row.text());
        let Some(table) = found.table(&schema, &table) else { continue };
        let is_of_json = sql == format!("json_valid(`{}`)", name.replace('`', "``"));
        match table.columns.iter_mut().find(|column| is_of_json && column.name == name) {
            Some(column) => {
                column.column_type = ColumnType::Json;
                column.collation = None;
            }
            None => {
                let sql = as_written(sql, cx.dialect);
                let is_of_column = row.text() == "Column";
                let beside = table.columns.iter_mut().find(|column| is_of_column && column.name == name);
                if let Some(column) = beside {
                    column.check = Some(sql.clone());
                }
                table.checks.push(CheckConstraint::new(sql).name(name));
            }
        }
    }
    Ok(())
}

/// Reads foreign keys, a row for each of their columns.
async fn read_foreign_keys<E: Executor>(catalog: &mut Catalog<E>, cx: &Context, found: &mut Found) -> Result<()> {
    let sql = format!(
        "SELECT k.table_schema, k.table_name, k.constraint_name, k.referenced_table_schema, k.referenced_table_name, \
         r.delete_rule, r.update_rule, k.column_name, k.referenced_column_name \
         FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r \
         ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name \
         AND r.table_name = k.table_name \
         WHERE k.table_schema IN ({}) AND k.referenced_table_name IS NOT NULL ORDER BY 1, 2, 3, k.ordinal_position",
        cx.wanted
    );
    for mut row in catalog.rows(sql).await? {
        let (schema, table, name) = (cx.schema(&mut row), row.text(), row.text());
        let Some(table) = found.table(&schema, &table) else { continue };
        if table.foreign_keys.last().is_none_or(|last| last.name.as_deref() != Some(name.as_str())) {
            table.foreign_keys.push(ForeignKey {
                target_schema: cx.schema(&mut row),
                target_table: row.text(),
                on_delete: action_of(&row.text()),
                on_update: action_of(&row.text()),
                ..ForeignKey::default().name(name)
            });
        } else {
            (0..4).for_each(|_| drop(row.option()));
        }
        if let Some(key) = table.foreign_keys.last_mut() {
            key.columns.push(row.text());
            key.target_columns.push(row.text());
        }
    }
    Ok(())
}

/// InnoDB refuses at once either way, and MariaDB shows RESTRICT for nothing said.
fn action_of(words: &str) -> Option<ReferentialAction> {
    action(words).filter(|action| *action != ReferentialAction::Restrict)
}

/// Reads keys, unique constraints and indexes, a row for each of their columns. A unique index over plain columns is a
/// unique constraint: MySQL has no other.
async fn read_indexes<E: Executor>(catalog: &mut Catalog<E>, cx: &Context, found: &mut Found) -> Result<()> {
    let expression = if cx.dialect == Dialect::MySql { "expression" } else { "NULL" };
    let sql = format!(
        "SELECT table_schema, table_name, index_name, non_unique, index_type, column_name, collation, sub_part, \
         {expression} FROM information_schema.statistics WHERE table_schema IN ({}) ORDER BY 1, 2, 3, seq_in_index",
        cx.wanted
    );
    for mut row in catalog.rows(sql).await? {
        let (schema, table, name) = (cx.schema(&mut row), row.text(), row.text());
        let Some(table) = found.table(&schema, &table) else { continue };
        let (is_unique, method) = (!row.flag(), row.text());
        let (column, is_descending) = (row.option(), row.text() == "D");
        if name == "PRIMARY" {
            let columns = std::mem::take(&mut table.primary_key.columns).into_iter().chain(column).collect();
            table.primary_key = PrimaryKey { name: None, columns };
            continue;
        }
        if table.indexes.last().is_none_or(|last| last.name.as_deref() != Some(name.as_str())) {
            let method = Some(method.to_ascii_lowercase()).filter(|method| method != "btree");
            table.indexes.push(Index { is_unique, method, ..Index::default() }.name(name));
        }
        let length = row.number().and_then(|length| u32::try_from(length).ok());
        let part = column.map_or_else(|| IndexPart::Expression(as_written(row.text(), cx.dialect)), IndexPart::Column);
        let Some(index) = table.indexes.last_mut() else { continue };
        // What FULLTEXT and SPATIAL say of lengths is their own.
        let length = if matches!(index.method.as_deref(), Some("fulltext" | "spatial")) { None } else { length };
        index.columns.push(IndexColumn { part, is_descending, length, ..IndexColumn::column("") });
    }
    for table in &mut found.tables {
        let (uniques, indexes): (Vec<Index>, Vec<Index>) =
            std::mem::take(&mut table.indexes).into_iter().partition(|index| index.is_unique && index.is_plain());
        let of =
            |index: Index| UniqueConstraint { name: index.name.clone(), ..UniqueConstraint::new(index.column_names()) };
        table.uniques = uniques.into_iter().map(of).collect();
        let keys = &table.foreign_keys;
        let is_made = |index: &Index| keys.iter().any(|key| made_for(index, key));
        let (made, indexes): (Vec<Index>, Vec<Index>) = indexes.into_iter().partition(is_made);
        table.indexes = indexes;
        found.key_indexes.extend(made.into_iter().map(|index| (table.schema.clone(), table.name.clone(), index)));
    }
    Ok(())
}

/// Returns whether InnoDB has made an index by itself, for a foreign key that had none.
fn made_for(index: &Index, key: &ForeignKey) -> bool {
    let is_named = index.name == key.name || index.name.as_ref() == key.columns.first();
    is_named && !index.is_unique && index.column_names() == key.columns
}

async fn read_sequences<E: Executor>(
    catalog: &mut Catalog<E>,
    cx: &Context,
    sequences: Vec<(Option<String>, String)>,
    found: &mut Found,
) -> Result<()> {
    let quoted = |name: &str| format!("`{}`", name.replace('`', "``"));
    let one = |(position, (schema, name)): (usize, &(Option<String>, String))| {
        let schema = schema.as_ref().unwrap_or(&cx.default);
        format!(
            "SELECT {position}, start_value, increment, minimum_value, maximum_value, cache_size, cycle_option FROM {}.{}",
            quoted(schema),
            quoted(name)
        )
    };
    if sequences.is_empty() {
        return Ok(());
    }
    let sql = sequences.iter().enumerate().map(one).collect::<Vec<_>>().join(" UNION ALL ");
    for mut row in catalog.rows(sql).await? {
        let position = row.number().and_then(|position| usize::try_from(position).ok());
        let Some((schema, name)) = position.and_then(|position| sequences.get(position)).cloned() else { continue };
        found.sequences.push(Sequence { schema, name, data_type: None, options: row.counting().without_defaults() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_of_mysql_are_read_as_they_were_written() {
        for (shown, expected) in [
            (r"lower(_utf8mb4\'X\')", "lower('X')"),
            (r"_utf8mb3\'it\\\'s \\\\ new\'", r"'it\'s \\ new'"),
            (
                r"((`a` <> _latin1\'x\') and (`_utf8mb4` = a_utf8mb4\'\'))",
                "((`a` <> _latin1'x') and (`_utf8mb4` = a_utf8mb4''))",
            ),
            (r"concat(_utf8mb4\'_utf8mb4\',_utf8mb4\'\')", "concat('_utf8mb4','')"),
            ("(1 + 1)", "(1 + 1)"),
        ] {
            assert_eq!(as_written(shown.to_owned(), Dialect::MySql), expected);
        }
    }

    #[test]
    fn defaults_of_mysql_are_values() {
        let of = |default: &str, name: &str| {
            default_of(default.to_owned(), "", &parse_type(Dialect::MySql, name), Dialect::MySql)
        };
        assert_eq!(of("7", "int"), "7");
        assert_eq!(of("7", "varchar(9)"), "'7'");
        assert_eq!(of("1", "enum('1','2')"), "'1'");
        assert_eq!(of("1", "set('1','2')"), "'1'");
        assert_eq!(of(r"a\b's", "varchar(9)"), r"'a\\b''s'");
        assert_eq!(of("b'101'", "bit(3)"), "b'101'");
        assert_eq!(of("0x616263", "varbinary(8)"), "'abc'");
        assert_eq!(of("0xFF01", "varbinary(8)"), "0xFF01");
    }
}
