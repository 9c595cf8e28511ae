//! What stands on views that are made anew, and would go with them: triggers, and on PostgreSQL rules, comments, options,
//! defaults and what was granted.
//!
//! In: operations, and the database as it is. Out: statements that make it again.

use super::super::View;
use super::super::operation::{Operation, TableName};
use super::around::{name, triggers};
use crate::compile::ddl::Ddl;
use crate::dialect::Dialect;
use crate::engine::Engine;
use crate::error::Result;
use crate::sql::text;

/// What stood on views that are dropped and created again.
pub(in crate::schema) struct OnViews(Vec<(TableName, Vec<String>)>);

impl OnViews {
    /// Reads it.
    pub(in crate::schema) async fn of(operations: &[Operation], engine: &Engine) -> Result<OnViews> {
        let dropped = operations.iter().filter_map(|operation| match operation {
            Operation::DropView(view) => Some(view),
            _ => None,
        });
        let dropped: Vec<&View> = dropped.collect();
        let mut all = Vec::new();
        for operation in operations {
            let Operation::CreateView(to) = operation else { continue };
            // One of the two may name the schema in which the other is anyway.
            let is_it = |from: &&&View| {
                let is_same_schema = from.schema == to.schema || from.schema.is_none() || to.schema.is_none();
                from.name == to.name && is_same_schema && from.is_materialized == to.is_materialized
            };
            let Some(from) = dropped.iter().find(is_it) else { continue };
            let statements = match engine.dialect() {
                Dialect::Sqlite => triggers(engine, &name(from)).await?,
                Dialect::Postgres => {
                    let name = Ddl::new(Dialect::Postgres).qualified(from.schema.as_deref(), &from.name);
                    text(ON_POSTGRES).bind("view", name).columns::<String>().all(engine).await?
                }
                // Their views have no triggers, and keep what was granted.
                Dialect::MySql | Dialect::MariaDb => Vec::new(),
            };
            all.push((name(to), statements));
        }
        all.retain(|(_, statements)| !statements.is_empty());
        Ok(OnViews(all))
    }

    /// Returns whether there was nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the SQL of an operation, with what its view had before.
    pub(in crate::schema) fn with(&self, operation: &Operation, dialect: Dialect) -> Result<Vec<String>> {
        let mut statements = operation.to_sql(dialect)?;
        if let Operation::CreateView(view) = operation {
            let own = self.0.iter().filter(|(of, _)| *of == name(view));
            statements.extend(own.flat_map(|(_, statements)| statements.clone()));
        }
        Ok(statements)
    }
}

/// Reads the statements that make anew what stands on a view. What is of a column goes where the view no longer has that.
const ON_POSTGRES: &str = "\
    WITH view AS (SELECT pg_class.* FROM pg_class WHERE oid = to_regclass(CAST(:view AS TEXT))) \
    SELECT pg_get_triggerdef(pg_trigger.oid) FROM view JOIN pg_trigger ON tgrelid = view.oid WHERE NOT tgisinternal \
    UNION ALL \
    SELECT pg_get_ruledef(pg_rewrite.oid) FROM view JOIN pg_rewrite ON ev_class = view.oid WHERE rulename <> '_RETURN' \
    UNION ALL \
    SELECT format('ALTER VIEW %s SET (%s)', CAST(oid AS REGCLASS), option) FROM view, unnest(reloptions) option \
    WHERE relkind = 'v' AND option NOT LIKE 'check_option=%' \
    UNION ALL \
    SELECT format('GRANT %s ON %s TO %s%s', privilege_type, CAST(oid AS REGCLASS), \
        CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END, \
        CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) \
    FROM view, aclexplode(relacl) WHERE grantee <> relowner \
    UNION ALL \
    SELECT format('COMMENT ON %s %s IS %L', CASE relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, \
        CAST(oid AS REGCLASS), obj_description(oid, 'pg_class')) \
    FROM view WHERE obj_description(oid, 'pg_class') IS NOT NULL \
    UNION ALL \
    SELECT format('DO %L', 'BEGIN ' || words || '; EXCEPTION WHEN undefined_column THEN NULL; END') FROM ( \
        SELECT format('COMMENT ON COLUMN %s.%I IS %L', CAST(attrelid AS REGCLASS), attname, \
            col_description(attrelid, attnum)) AS words \
        FROM view JOIN pg_attribute ON attrelid = view.oid \
        WHERE attnum > 0 AND NOT attisdropped AND col_description(attrelid, attnum) IS NOT NULL \
        UNION ALL \
        SELECT format('ALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s', CAST(attrelid AS REGCLASS), attname, \
            pg_get_expr(adbin, adrelid)) \
        FROM view JOIN pg_attrdef ON adrelid = view.oid JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum \
    ) AS of_columns";
