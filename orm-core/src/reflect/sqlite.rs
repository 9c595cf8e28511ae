//! Reads the schema of SQLite: five queries, by the table-valued forms of its pragmas
//! (<https://sqlite.org/pragma.html#pragfunc>), and the text of CREATE TABLE for what those do not know.

use super::ddl_text::{self, TableText};
use super::{Catalog, Cells, Found, FoundView, action};
use crate::dialect::Dialect;
use crate::engine::Executor;
use crate::error::Result;
use crate::schema::{
    Column, ForeignKey, Index, IndexColumn, IndexPart, PrimaryKey, Table, UniqueConstraint, View, parse_type,
};

pub(super) async fn read<E: Executor>(catalog: &mut Catalog<E>, schemas: &[String]) -> Result<(String, Found)> {
    let mut found = Found::default();
    for mut row in catalog.rows("SELECT name FROM pragma_database_list ORDER BY seq".to_owned()).await? {
        found.schemas.push(row.text());
    }
    let has_temporary = found.schemas.iter().any(|schema| schema == "temp");
    found.schemas.retain(|schema| schema != "temp");
    let attached = schemas.iter().filter(|schema| *schema != "main" && found.schemas.contains(schema));
    let temporary = has_temporary.then_some("temp");
    let read: Vec<&str> = std::iter::once("main").chain(attached.map(String::as_str)).chain(temporary).collect();
    let texts = read_tables(catalog, &read, &mut found).await?;
    read_columns(catalog, &read, &texts, &mut found).await?;
    read_indexes(catalog, &read, &texts, &mut found).await?;
    read_foreign_keys(catalog, &read, &texts, &mut found).await?;
    if has_temporary {
        found.set_temporary_apart("temp");
    }
    Ok(("main".to_owned(), found))
}

/// What the text of each table says.
type Texts = Vec<((Option<String>, String), TableText)>;

fn text_of<'t>(texts: &'t Texts, schema: &Option<String>, table: &str) -> Option<&'t TableText> {
    texts.iter().find(|((of, name), _)| of == schema && name == table).map(|(_, text)| text)
}

/// Repeats a query for each schema: `{schema}` is its name as a text, `{master}` the table of its tables.
fn for_each(schemas: &[&str], sql: &str) -> String {
    let of = |schema: &&str| {
        let text = format!("'{}'", schema.replace('\'', "''"));
        let master = format!("\"{}\".sqlite_master", schema.replace('"', "\"\""));
        sql.replace("{schema}", &text).replace("{master}", &master)
    };
    schemas.iter().map(of).collect::<Vec<_>>().join(" UNION ALL ")
}

fn schema(row: &mut Cells) -> Option<String> {
    row.option().filter(|schema| schema != "main")
}

async fn read_tables<E: Executor>(catalog: &mut Catalog<E>, schemas: &[&str], found: &mut Found) -> Result<Texts> {
    let sql = "SELECT {schema}, m.type, m.name, m.sql, (SELECT l.type FROM pragma_table_list(m.name) l \
               WHERE l.schema = {schema} AND l.name = m.name) FROM {master} m WHERE m.type IN ('table', 'view') \
               AND m.name NOT LIKE 'sqlite/_%' ESCAPE '/'";
    let mut texts = Vec::new();
    for mut row in catalog.rows(for_each(schemas, sql)).await? {
        let (schema, kind, name, sql) = (schema(&mut row), row.text(), row.text(), row.text());
        if kind == "view" {
            let view = View { schema, name, sql: query_of(&sql), is_materialized: false };
            found.views.push(FoundView { view, columns: Vec::new() });
            continue;
        }
        match row.text().as_str() {
            "virtual" => {
                found.virtual_tables.push(Table { schema, ..Table::new(name) });
                continue;
            }
            // The rows of a virtual table, which makes and drops it.
            "shadow" => continue,
            _ => {}
        }
        let text = ddl_text::read(&sql);
        let flags = [
            ("sqlite_autoincrement", text.has_autoincrement),
            ("sqlite_strict", text.is_strict),
            ("sqlite_without_rowid", text.is_without_rowid),
        ];
        let flags = flags.into_iter().filter(|(_, is_set)| *is_set);
        let options = flags.map(|(option, _)| (option.to_owned(), "true".to_owned())).collect();
        let checks = text.checks.clone();
        found.tables.push(Table { schema: schema.clone(), checks, options, ..Table::new(name.clone()) });
        texts.push(((schema, name), text));
    }
    Ok(texts)
}

/// Returns what follows AS in a CREATE VIEW.
fn query_of(sql: &str) -> String {
    let tokens = crate::schema::tokens::tokens(sql);
    let at = tokens.iter().find(|token| token.is("as"));
    at.map_or(sql, |token| sql[token.end()..].trim()).to_owned()
}

async fn read_columns<E: Executor>(
    catalog: &mut Catalog<E>,
    schemas: &[&str],
    texts: &Texts,
    found: &mut Found,
) -> Result<()> {
    let sql = "SELECT {schema}, m.name, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk, c.hidden \
               FROM {master} m, pragma_table_xinfo(m.name, {schema}) c WHERE m.type IN ('table', 'view') \
               AND m.name NOT LIKE 'sqlite/_%' ESCAPE '/'";
    let mut keys: Vec<(Option<String>, String, i64, String)> = Vec::new();
    let rows = match catalog.rows(for_each(schemas, sql)).await {
        Ok(rows) => rows,
        // A view that refers to what is gone keeps SQLite from telling of any.
        Err(_) => each_columns(catalog, schemas, sql, found).await?,
    };
    for mut row in rows {
        let (schema, table, name, written) = (schema(&mut row), row.text(), row.text(), row.text());
        let mut column = Column::new(name.clone(), parse_type(Dialect::Sqlite, &written));
        column.is_nullable = !row.flag();
        column.server_default = row.option().filter(|sql| !sql.eq_ignore_ascii_case("null"));
        let (position, hidden) = (row.number().unwrap_or(0), row.number().unwrap_or(0));
        // 1 is a hidden column of a virtual table; 2 and 3 are computed.
        if hidden == 1 {
            continue;
        }
        let text = text_of(texts, &schema, &table);
        if let Some(text) = text.and_then(|text| text.columns.iter().find(|text| text.name.eq_ignore_ascii_case(&name)))
        {
            column.collation.clone_from(&text.collation);
            if hidden > 1 {
                column.computed.clone_from(&text.computed);
            }
        }
        if position > 0 {
            column.is_nullable = false;
            keys.push((schema.clone(), table.clone(), position, name));
        }
        if let Some(columns) = found.columns(&schema, &table) {
            columns.push(column);
        }
    }
    keys.sort_by_key(|(_, _, position, _)| *position);
    for (schema, table, _, column) in keys {
        if let Some(table) = found.table(&schema, &table) {
            table.primary_key.columns.push(column);
        }
    }
    for table in &mut found.tables {
        let Some(text) = text_of(texts, &table.schema, &table.name) else { continue };
        table.primary_key =
            PrimaryKey { name: text.primary_key_name.clone(), ..std::mem::take(&mut table.primary_key) };
        if let ([key], false) = (table.primary_key.columns.as_slice(), text.is_without_rowid)
            && let Some(column) = table.columns.iter_mut().find(|column| column.name == *key)
        {
            // `INTEGER PRIMARY KEY` is the rowid, which SQLite makes up.
            column.is_generated = column.column_type == crate::types::ColumnType::Integer;
        }
    }
    Ok(())
}

/// Reads the columns of tables, and of those views of which they can be read.
async fn each_columns<E: Executor>(
    catalog: &mut Catalog<E>,
    schemas: &[&str],
    sql: &str,
    found: &Found,
) -> Result<Vec<Cells>> {
    let tables = sql.replace("IN ('table', 'view')", "= 'table'");
    let mut rows = catalog.rows(for_each(schemas, &tables)).await?;
    for FoundView { view, .. } in &found.views {
        let name = view.name.replace('\'', "''");
        let of_view = sql.replace("IN ('table', 'view')", &format!("= 'view' AND m.name = '{name}'"));
        let schema = view.schema.as_deref().unwrap_or("main");
        match catalog.rows(for_each(&[schema], &of_view)).await {
            Ok(columns) => rows.extend(columns),
            Err(error) => {
                tracing::warn!(target: "orm::reflect", %error, "the columns of view `{}` cannot be read", view.name);
            }
        }
    }
    Ok(rows)
}

/// Reads unique constraints and indexes, a row for each of their columns.
async fn read_indexes<E: Executor>(
    catalog: &mut Catalog<E>,
    schemas: &[&str],
    texts: &Texts,
    found: &mut Found,
) -> Result<()> {
    let sql = "SELECT {schema}, m.name, i.name, i.\"unique\", i.origin, x.name, x.\"desc\", x.coll, \
               (SELECT s.sql FROM {master} s WHERE s.type = 'index' AND s.name = i.name), x.seqno, i.seq \
               FROM {master} m, pragma_index_list(m.name, {schema}) i, pragma_index_xinfo(i.name, {schema}) x \
               WHERE m.type = 'table' AND x.key = 1 AND i.origin <> 'pk'";
    let mut indexes: Vec<(Option<String>, String, i64, bool, Index)> = Vec::new();
    for mut row in catalog.rows(for_each(schemas, sql)).await? {
        let (schema, table, name) = (schema(&mut row), row.text(), row.text());
        let (is_unique, origin) = (row.flag(), row.text());
        let (column, is_descending, collation) = (row.option(), row.flag(), row.text());
        let (sql, position, order) = (row.text(), row.number().unwrap_or(0), row.number().unwrap_or(0));
        let (parts, condition) = ddl_text::index(&sql);
        let known = indexes.last().is_some_and(|(of_schema, of, _, _, index)| {
            *of_schema == schema && *of == table && index.name.as_deref() == Some(name.as_str())
        });
        if !known {
            let index = Index { is_unique, condition, ..Index::default() }.name(name);
            indexes.push((schema, table, order, origin == "u", index));
        }
        let Some((schema, table, _, is_constraint, index)) = indexes.last_mut() else { continue };
        let (is_constraint, of_table) = (*is_constraint, found.table(schema, table));
        let expression = || parts.get(usize::try_from(position).unwrap_or(0)).cloned().unwrap_or_default();
        let part = match column {
            None => IndexPart::Expression(expression()),
            Some(column) if is_constraint || is_usual(of_table, &column, &collation) => IndexPart::Column(column),
            Some(column) => {
                let mut sql = String::new();
                Dialect::Sqlite.write_identifier(&column, &mut sql);
                IndexPart::Expression(format!("{sql} COLLATE {collation}"))
            }
        };
        index.columns.push(IndexColumn { part, is_descending, ..IndexColumn::column("") });
    }
    // The list begins with what was made last.
    indexes.sort_by(|a, b| (&a.0, &a.1, -a.2).cmp(&(&b.0, &b.1, -b.2)));
    for (schema, table_name, _, is_constraint, index) in indexes {
        let Some(table) = found.table(&schema, &table_name) else { continue };
        if !is_constraint {
            table.indexes.push(index);
            continue;
        }
        let columns = index.column_names();
        let text = text_of(texts, &schema, &table_name);
        let name = text
            .and_then(|text| text.uniques.iter().find(|(_, of)| same(of, &columns)).and_then(|(name, _)| name.clone()));
        table.uniques.push(UniqueConstraint { name, ..UniqueConstraint::new(columns) });
    }
    Ok(())
}

/// Returns whether an index compares a column as its table does.
fn is_usual(table: Option<&mut Table>, column: &str, collation: &str) -> bool {
    let column = table.and_then(|table| table.columns.iter().find(|known| known.name.eq_ignore_ascii_case(column)));
    let usual = column.and_then(|column| column.collation.as_deref()).unwrap_or("BINARY");
    usual.eq_ignore_ascii_case(collation)
}

/// Returns whether these are the same names; SQLite's ignore case.
fn same(left: &[String], right: &[String]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.eq_ignore_ascii_case(right))
}

async fn read_foreign_keys<E: Executor>(
    catalog: &mut Catalog<E>,
    schemas: &[&str],
    texts: &Texts,
    found: &mut Found,
) -> Result<()> {
    let sql = "SELECT {schema}, m.name, f.id, f.\"table\", f.\"from\", f.\"to\", f.on_update, f.on_delete \
               FROM {master} m, pragma_foreign_key_list(m.name, {schema}) f WHERE m.type = 'table'";
    let mut keys: Vec<(Option<String>, String, i64, ForeignKey)> = Vec::new();
    for mut row in catalog.rows(for_each(schemas, sql)).await? {
        let (schema, table, id, target) = (schema(&mut row), row.text(), row.number().unwrap_or(0), row.text());
        let (column, target_column, on_update, on_delete) = (row.text(), row.option(), row.text(), row.text());
        let is_known = |(of_schema, of, known, _): &(Option<String>, String, i64, ForeignKey)| {
            *of_schema == schema && *of == table && *known == id
        };
        if !keys.last().is_some_and(is_known) {
            let key = ForeignKey {
                target_schema: schema.clone(),
                target_table: target,
                on_delete: action(&on_delete),
                on_update: action(&on_update),
                ..ForeignKey::default()
            };
            keys.push((schema, table, id, key));
        }
        let Some((.., key)) = keys.last_mut() else { continue };
        key.columns.push(column);
        key.target_columns.extend(target_column);
    }
    // The list begins with what was written last.
    keys.sort_by(|a, b| (&a.0, &a.1, -a.2).cmp(&(&b.0, &b.1, -b.2)));
    for (schema, table_name, _, mut key) in keys {
        if key.target_columns.is_empty() {
            // Without columns it refers to the primary key.
            let target = found.tables.iter().find(|table| table.schema == schema && table.name == key.target_table);
            key.target_columns = target.map(|table| table.primary_key.columns.clone()).unwrap_or_default();
        }
        let text = text_of(texts, &schema, &table_name);
        let text = text.and_then(|text| text.foreign_keys.iter().find(|text| same(&text.columns, &key.columns)));
        if let Some(text) = text {
            key.name.clone_from(&text.name);
            key.deferrable = text.deferrable;
        }
        if let Some(table) = found.table(&schema, &table_name) {
            table.foreign_keys.push(key);
        }
    }
    Ok(())
}
