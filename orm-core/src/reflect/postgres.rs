//! Reads the catalogs of PostgreSQL: nine queries.

use super::{Catalog, Cells, Context, Found, FoundView, names_of};
use crate::dialect::Dialect;
use crate::engine::Executor;
use crate::error::Result;
use crate::mapper::ReferentialAction;
use crate::schema::tokens::tokens;
use crate::schema::{
    CheckConstraint, Column, Computed, Deferrable, Domain, EnumType, ExcludeConstraint, ForeignKey, Identity, Index,
    IndexColumn, IndexPart, PrimaryKey, Sequence, Table, UniqueConstraint, View, parse_type,
};
use crate::types::ColumnType;

pub(super) async fn read<E: Executor>(catalog: &mut Catalog<E>, schemas: &[String]) -> Result<(String, Found)> {
    let mut found = Found::default();
    let sql = "SELECT n.nspname::text, (n.nspname = current_schema())::text FROM pg_namespace n \
               WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1";
    let mut cx = Context::of(catalog, Dialect::Postgres, schemas, sql, &mut found).await?;
    let sql = "SELECT nspname::text FROM pg_namespace WHERE oid = pg_my_temp_schema()";
    let temporary = catalog.rows(sql.to_owned()).await?.first_mut().map(Cells::text);
    if let Some(schema) = &temporary {
        cx.wanted.push_str(&format!(", '{schema}'"));
    }
    read_relations(catalog, &cx, &mut found).await?;
    let types = read_enums(catalog, &cx, &mut found).await?;
    let types = read_domains(catalog, &cx, types, &mut found).await?;
    read_columns(catalog, &cx, &types, &mut found).await?;
    read_constraints(catalog, &cx, &mut found).await?;
    read_indexes(catalog, &cx, &mut found).await?;
    read_sequences(catalog, &cx, &mut found).await?;
    if let Some(schema) = &temporary {
        found.set_temporary_apart(schema);
    }
    Ok((cx.default, found))
}

async fn read_relations<E: Executor>(catalog: &mut Catalog<E>, cx: &Context, found: &mut Found) -> Result<()> {
    let sql = format!(
        "SELECT n.nspname::text, c.relname::text, c.relkind::text, obj_description(c.oid, 'pg_class'), \
         CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END, c.relpersistence::text, \
         array_to_string(c.reloptions, ', ') \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT c.relispartition AND n.nspname IN ({}) ORDER BY 1, 2",
        cx.wanted
    );
    for mut row in catalog.rows(sql).await? {
        let (schema, name, kind) = (cx.schema(&mut row), row.text(), row.text());
        let comment = row.filled();
        let query = row.text();
        let (persistence, with) = (row.text(), row.filled());
        if matches!(kind.as_str(), "v" | "m") {
            let sql = query.trim().trim_end_matches(';').to_owned();
            let view = View { schema, name, sql, is_materialized: kind == "m" };
            found.views.push(FoundView { view, columns: Vec::new() });
            continue;
        }
        let unlogged = (persistence == "u").then(|| ("postgres_unlogged".to_owned(), "true".to_owned()));
        let with = with.map(|with| ("postgres_with".to_owned(), with));
        let options = unlogged.into_iter().chain(with).collect();
        let table = Table { schema, comment, options, ..Table::new(name) };
        if kind == "f" { &mut found.foreign } else { &mut found.tables }.push(table);
    }
    Ok(())
}

/// Returns the types of labels by what columns call them.
async fn read_enums<E: Executor>(catalog: &mut Catalog<E>, cx: &Context, found: &mut Found) -> Result<Types> {
    let sql = format!(
        "SELECT n.nspname::text, t.typname::text, format_type(t.oid, NULL), \
         string_agg(e.enumlabel::text, chr(31) ORDER BY e.enumsortorder), (n.nspname IN ({}))::text \
         FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace JOIN pg_enum e ON e.enumtypid = t.oid \
         GROUP BY 1, 2, 3, 5 ORDER BY 1, 2",
        cx.wanted
    );
    let mut types = Vec::new();
    for mut row in catalog.rows(sql).await? {
        let (schema, name, written) = (cx.schema(&mut row), row.text(), row.text());
        let of = EnumType { schema, name, labels: row.list() };
        let column_type = ColumnType::Enum {
            schema: of.schema.clone().map(Into::into),
            name: of.name.clone().into(),
            labels: of.labels.iter().cloned().map(Into::into).collect(),
            is_native: true,
            has_check: false,
        };
        types.push((written, column_type));
        if row.flag() {
            found.enums.push(of);
        }
    }
    Ok(types)
}

/// Reads domains, those first that others are based on, and the names of all types.
async fn read_domains<E: Executor>(
    catalog: &mut Catalog<E>,
    cx: &Context,
    mut types: Types,
    found: &mut Found,
) -> Result<Types> {
    let sql = format!(
        "SELECT n.nspname::text, t.typname::text, (t.typtype = 'd')::text, (n.nspname IN ({}))::text, \
         format_type(t.oid, NULL), CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END, \
         t.typnotnull::text, t.typdefault, CASE WHEN t.typtype = 'd' AND t.typcollation <> b.typcollation THEN \
         (SELECT collname::text FROM pg_collation WHERE oid = t.typcollation) END, \
         (SELECT string_agg(x.conname::text, chr(31) ORDER BY x.conname) FROM pg_constraint x \
         WHERE x.contypid = t.oid AND x.contype = 'c'), \
         (SELECT string_agg(pg_get_expr(x.conbin, 0), chr(31) ORDER BY x.conname) FROM pg_constraint x \
         WHERE x.contypid = t.oid AND x.contype = 'c') \
         FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_type b ON b.oid = t.typbasetype \
         LEFT JOIN pg_class c ON c.oid = t.typrelid \
         WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND (t.typtype = 'd' OR n.nspname IN ({})) \
         AND (t.typrelid = 0 OR c.relkind = 'c') AND t.typcategory <> 'A' ORDER BY t.oid",
        cx.wanted, cx.wanted
    );
    for mut row in catalog.rows(sql).await? {
        let (schema, name, is_domain, is_wanted) = (cx.schema(&mut row), row.text(), row.flag(), row.flag());
        if is_wanted {
            found.types.push((schema.clone(), name.clone()));
        }
        if !is_domain {
            continue;
        }
        let (written, base) = (row.text(), column_type(&row.text(), &types));
        let is_nullable = !row.flag();
        let (default, collation) = (row.filled(), row.filled());
        let (names, conditions) = (row.list(), row.list());
        let checks =
            names.into_iter().zip(conditions).map(|(name, sql)| CheckConstraint::new(sql).name(name)).collect();
        let of = ColumnType::domain(name.clone(), base.clone());
        types.push((written, schema.iter().fold(of, |of, schema| of.in_schema(schema.clone()))));
        if is_wanted {
            found.domains.push(Domain { schema, name, base, is_nullable, default, collation, checks });
        }
    }
    found.domains.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
    Ok(types)
}

/// Types of users, by what columns call them.
type Types = Vec<(String, ColumnType)>;

async fn read_columns<E: Executor>(
    catalog: &mut Catalog<E>,
    cx: &Context,
    types: &[(String, ColumnType)],
    found: &mut Found,
) -> Result<()> {
    let sql = format!(
        "SELECT n.nspname::text, c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), \
         a.attnotnull::text, pg_get_expr(d.adbin, d.adrelid), a.attgenerated::text, a.attidentity::text, \
         col_description(c.oid, a.attnum), \
         CASE WHEN a.attcollation <> t.typcollation THEN (SELECT collname::text FROM pg_collation \
         WHERE oid = a.attcollation) END, \
         s.seqstart::text, s.seqincrement::text, s.seqmin::text, s.seqmax::text, s.seqcache::text, s.seqcycle::text \
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_type t ON t.oid = a.atttypid \
         LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
         LEFT JOIN pg_depend o ON o.refobjid = c.oid AND o.refobjsubid = a.attnum AND o.deptype IN ('a', 'i') \
         AND o.classid = 'pg_class'::regclass AND o.refclassid = 'pg_class'::regclass \
         AND EXISTS (SELECT 1 FROM pg_sequence q WHERE q.seqrelid = o.objid) \
         LEFT JOIN pg_sequence s ON s.seqrelid = o.objid \
         WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT c.relispartition \
         AND n.nspname IN ({}) ORDER BY 1, 2, a.attnum",
        cx.wanted
    );
    for mut row in catalog.rows(sql).await? {
        let (schema, table, name, written) = (cx.schema(&mut row), row.text(), row.text(), row.text());
        let mut column = Column::new(name, column_type(&written, types));
        column.is_nullable = !row.flag();
        let expression = row.option();
        let (generated, identity) = (row.text(), row.text());
        column.comment = row.filled();
        column.collation = row.filled();
        let counting = row.counting();
        let owns_sequence = counting.start.is_some();
        match (generated.as_str(), identity.as_str(), expression) {
            (_, "a" | "d", _) => {
                let counting = counting.without_defaults();
                column = column.identity(Identity { is_always: identity == "a", counting });
            }
            ("s" | "v", _, Some(sql)) => {
                column.computed = Some(Computed { sql, is_stored: generated == "s" });
            }
            (_, _, Some(sql)) if owns_sequence && sequence_of(&sql).is_some() => column.is_generated = true,
            (_, _, Some(sql)) => match sequence_of(&sql) {
                Some((schema, sequence)) => {
                    (column.sequence_schema, column.sequence) = (schema.filter(|of| *of != cx.default), Some(sequence));
                }
                None => column.server_default = Some(sql),
            },
            (_, _, None) => {}
        }
        // A column that owns several sequences comes once for each.
        if let Some(columns) = found.columns(&schema, &table)
            && columns.last().is_none_or(|last| last.name != column.name)
        {
            columns.push(column);
        }
    }
    Ok(())
}

fn column_type(written: &str, types: &[(String, ColumnType)]) -> ColumnType {
    if let Some(item) = written.strip_suffix("[]") {
        return ColumnType::Array(Box::new(column_type(item, types)));
    }
    match types.iter().find(|(name, _)| name == written) {
        Some((_, of)) => of.clone(),
        None => parse_type(Dialect::Postgres, written),
    }
}

/// Returns the schema, if it is named, and the name in `nextval('schema.name'::regclass)`.
fn sequence_of(sql: &str) -> Option<(Option<String>, String)> {
    let name = sql.strip_prefix("nextval('")?.strip_suffix("'::regclass)")?.replace("''", "'");
    names_of(&name)
}

async fn read_constraints<E: Executor>(catalog: &mut Catalog<E>, cx: &Context, found: &mut Found) -> Result<()> {
    let names = |columns: &str, table: &str| {
        format!(
            "(SELECT string_agg(a.attname::text, chr(31) ORDER BY k.position) \
             FROM unnest({columns}) WITH ORDINALITY AS k(number, position) \
             JOIN pg_attribute a ON a.attrelid = {table} AND a.attnum = k.number)"
        )
    };
    let sql = format!(
        "SELECT n.nspname::text, c.relname::text, x.conname::text, x.contype::text, {}, \
         pg_get_constraintdef(x.oid), pg_get_expr(x.conbin, x.conrelid), (NOT x.convalidated)::text, x.condeferrable::text, x.condeferred::text, \
         m.nspname::text, f.relname::text, {}, x.confdeltype::text, x.confupdtype::text, x.confmatchtype::text \
         FROM pg_constraint x JOIN pg_class c ON c.oid = x.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_class f ON f.oid = x.confrelid LEFT JOIN pg_namespace m ON m.oid = f.relnamespace \
         WHERE x.contype IN ('p', 'u', 'f', 'c', 'x') AND x.conislocal AND n.nspname IN ({}) ORDER BY 1, 2, 3",
        names("x.conkey", "x.conrelid"),
        names("x.confkey", "x.confrelid"),
        cx.wanted
    );
    for mut row in catalog.rows(sql).await? {
        let (schema, table, name, kind) = (cx.schema(&mut row), row.text(), row.text(), row.text());
        let Some(table) = found.table(&schema, &table) else { continue };
        let (columns, written, expression) = (row.list(), row.text(), row.text());
        let is_not_valid = row.flag();
        let deferrable = match (row.flag(), row.flag()) {
            (false, _) => None,
            (true, true) => Some(Deferrable::InitiallyDeferred),
            (true, false) => Some(Deferrable::InitiallyImmediate),
        };
        match kind.as_str() {
            "p" => table.primary_key = PrimaryKey { name: Some(name), columns },
            "u" => {
                let nulls_not_distinct = written.starts_with("UNIQUE NULLS NOT DISTINCT");
                let unique =
                    UniqueConstraint { columns, deferrable, nulls_not_distinct, ..UniqueConstraint::default() };
                table.uniques.push(unique.name(name));
            }
            "f" => {
                let (target_schema, target_table, target_columns) = (cx.schema(&mut row), row.text(), row.list());
                let (on_delete, on_update) = (action_of(&row.text()), action_of(&row.text()));
                table.foreign_keys.push(ForeignKey {
                    name: Some(name),
                    target_schema,
                    on_delete,
                    on_update,
                    deferrable,
                    is_not_valid,
                    is_match_full: row.text() == "f",
                    on_delete_columns: set_columns(&written),
                    ..ForeignKey::new(columns, target_table, target_columns)
                });
            }
            "x" => {
                let sql = written.trim_start_matches("EXCLUDE ").to_owned();
                table.excludes.push(ExcludeConstraint { name, sql });
            }
            _ => table.checks.push(CheckConstraint { is_not_valid, ..CheckConstraint::new(expression).name(name) }),
        }
    }
    Ok(())
}

/// Returns the columns in `ON DELETE SET NULL (a, b)`, which no catalog has before PostgreSQL 15.
fn set_columns(written: &str) -> Vec<String> {
    let tokens = tokens(written);
    let is_set = |at: usize| tokens[at].is("set") && tokens.get(at + 2).is_some_and(|open| open.is("("));
    let Some(at) = (0..tokens.len()).find(|at| is_set(*at)) else { return Vec::new() };
    let within = tokens[at + 3..].iter().take_while(|token| !token.is(")"));
    within.filter(|token| !token.is(",")).map(|token| token.name()).collect()
}

fn action_of(letter: &str) -> Option<ReferentialAction> {
    match letter {
        "c" => Some(ReferentialAction::Cascade),
        "n" => Some(ReferentialAction::SetNull),
        "d" => Some(ReferentialAction::SetDefault),
        "r" => Some(ReferentialAction::Restrict),
        // What there is when nothing is said.
        _ => None,
    }
}

/// Reads the indexes that belong to no constraint, a row for each of their columns.
async fn read_indexes<E: Executor>(catalog: &mut Catalog<E>, cx: &Context, found: &mut Found) -> Result<()> {
    let sql = format!(
        "SELECT n.nspname::text, c.relname::text, i.relname::text, x.indisunique::text, am.amname::text, \
         pg_get_expr(x.indpred, x.indrelid), pg_get_indexdef(x.indexrelid), (k.number > x.indnkeyatts)::text, \
         CASE WHEN l.collname IS NULL THEN a.attname::text END, \
         CASE WHEN l.collname IS NULL THEN pg_get_indexdef(x.indexrelid, k.number, false) \
         ELSE quote_ident(a.attname) || ' COLLATE ' || quote_ident(l.collname) END, \
         CASE WHEN k.number <= x.indnkeyatts THEN x.indoption[k.number - 1]::text END, \
         CASE WHEN k.number <= x.indnkeyatts AND NOT o.opcdefault THEN o.opcname::text END \
         FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid \
         JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am am ON am.oid = i.relam \
         CROSS JOIN LATERAL generate_series(1, x.indnatts::int) AS k(number) \
         LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = x.indkey[k.number - 1] AND a.attnum > 0 \
         LEFT JOIN pg_opclass o ON k.number <= x.indnkeyatts AND o.oid = x.indclass[k.number - 1] \
         LEFT JOIN pg_collation l ON k.number <= x.indnkeyatts AND l.oid = x.indcollation[k.number - 1] \
         AND l.oid <> a.attcollation \
         WHERE NOT x.indisprimary AND n.nspname IN ({}) \
         AND NOT EXISTS (SELECT 1 FROM pg_constraint y WHERE y.conindid = x.indexrelid AND y.contype IN ('p', 'u', 'x')) \
         ORDER BY 1, 2, 3, k.number",
        cx.wanted
    );
    let mut parts = Vec::new();
    for mut row in catalog.rows(sql).await? {
        let (schema, table, name) = (cx.schema(&mut row), row.text(), row.text());
        let Some(table) = found.table(&schema, &table) else { continue };
        let (is_unique, method, condition, written) = (row.flag(), row.text(), row.filled(), row.text());
        if table.indexes.last().is_none_or(|last| last.name.as_deref() != Some(name.as_str())) {
            let method = Some(method).filter(|method| method != "btree");
            let nulls_not_distinct = written.contains(" NULLS NOT DISTINCT");
            let index = Index { is_unique, condition, method, nulls_not_distinct, ..Index::default() };
            parts = super::ddl_text::index(&written).0;
            table.indexes.push(index.name(name));
        }
        let Some(index) = table.indexes.last_mut() else { continue };
        let is_included = row.flag();
        let (column, expression) = (row.option(), row.text());
        if is_included {
            index.include.extend(column);
            continue;
        }
        let bits = row.number().unwrap_or(0);
        let (is_descending, has_nulls_first) = (bits & 1 != 0, bits & 2 != 0);
        let part = match (column, parts.get(index.columns.len()).and_then(|part| super::ddl_text::collation_of(part))) {
            (Some(column), _) => IndexPart::Column(column),
            (None, Some(collation)) if !expression.ends_with(collation) => {
                IndexPart::Expression(format!("{expression} {collation}"))
            }
            (None, _) => IndexPart::Expression(expression),
        };
        index.columns.push(IndexColumn {
            part,
            is_descending,
            // NULLs come first by themselves where the greatest does.
            nulls_first: (has_nulls_first != is_descending).then_some(has_nulls_first),
            length: None,
            operator_class: row.filled(),
        });
    }
    Ok(())
}

/// Reads the sequences that no column owns, and those that something else than counting their column uses.
async fn read_sequences<E: Executor>(catalog: &mut Catalog<E>, cx: &Context, found: &mut Found) -> Result<()> {
    let sql = format!(
        "SELECT n.nspname::text, c.relname::text, s.seqstart::text, s.seqincrement::text, s.seqmin::text, \
         s.seqmax::text, s.seqcache::text, s.seqcycle::text, format_type(s.seqtypid, NULL) \
         FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname IN ({}) AND NOT EXISTS (SELECT 1 FROM pg_depend o WHERE o.objid = c.oid AND o.classid = 'pg_class'::regclass \
         AND o.refobjsubid > 0 AND (o.deptype = 'i' OR (o.deptype = 'a' AND NOT EXISTS (SELECT 1 FROM pg_depend u \
         JOIN pg_attrdef d ON d.oid = u.objid WHERE u.classid = 'pg_attrdef'::regclass AND u.refobjid = c.oid \
         AND u.refclassid = 'pg_class'::regclass AND (d.adrelid <> o.refobjid OR d.adnum <> o.refobjsubid \
         OR pg_get_expr(d.adbin, d.adrelid) NOT LIKE 'nextval(''%''::regclass)'))))) ORDER BY 1, 2",
        cx.wanted
    );
    for mut row in catalog.rows(sql).await? {
        let (schema, name) = (cx.schema(&mut row), row.text());
        let options = row.counting().without_defaults();
        let data_type = Some(parse_type(Dialect::Postgres, &row.text())).filter(|of| *of != ColumnType::BigInteger);
        found.sequences.push(Sequence { schema, name, data_type, options });
    }
    Ok(())
}
