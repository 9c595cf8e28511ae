//! PostgreSQL.

use super::{Capabilities, GeneratedKeys, Returning, Upsert};
use crate::types::ColumnType;

pub(super) static CAPABILITIES: Capabilities = Capabilities {
    quote: '"',
    numbered_placeholders: true,
    returning: Returning { insert: true, update: true, delete: true },
    max_parameters: 65_535,
    upsert: Upsert::OnConflict,
    no_limit: "ALL",
    default_values: true,
    concat_operator: true,
    nulls_order: true,
    not_distinct: "IS NOT DISTINCT FROM",
    ilike: true,
    integer_division: "/",
    // PostgreSQL 18 has them, and the releases before it do not.
    virtual_columns: false,
    explain: "EXPLAIN ",
    generated_keys: GeneratedKeys::Sequence,
};

pub(super) fn type_name(column_type: &ColumnType) -> String {
    match column_type {
        ColumnType::Boolean => "BOOLEAN".into(),
        ColumnType::SmallInteger => "SMALLINT".into(),
        ColumnType::Integer => "INTEGER".into(),
        ColumnType::BigInteger => "BIGINT".into(),
        ColumnType::Real => "REAL".into(),
        ColumnType::Double => "DOUBLE PRECISION".into(),
        ColumnType::Text => "TEXT".into(),
        ColumnType::String(length) => format!("VARCHAR({length})"),
        ColumnType::LargeBinary => "BYTEA".into(),
        ColumnType::Date => "DATE".into(),
        ColumnType::Time => "TIME WITHOUT TIME ZONE".into(),
        ColumnType::DateTime => "TIMESTAMP WITHOUT TIME ZONE".into(),
        ColumnType::Timestamp => "TIMESTAMP WITH TIME ZONE".into(),
        ColumnType::Uuid => "UUID".into(),
        ColumnType::Numeric(None) => "NUMERIC".into(),
        ColumnType::Numeric(Some((precision, scale))) => format!("NUMERIC({precision}, {scale})"),
        ColumnType::Json => "JSONB".into(),
        ColumnType::Enum { labels, .. } => {
            format!("VARCHAR({})", labels.iter().map(|label| label.chars().count()).max().unwrap_or(1))
        }
        ColumnType::Custom(sql) => (*sql).into(),
    }
}

/// Words that cannot be names without quotes, of <https://www.postgresql.org/docs/current/sql-keywords-appendix.html>,
/// sorted.
pub(super) static RESERVED: &[&str] = &[
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization", "binary", "both",
    "case", "cast", "check", "collate", "collation", "column", "concurrently", "constraint", "create", "cross",
    "current_catalog", "current_date", "current_role", "current_schema", "current_time", "current_timestamp",
    "current_user", "default", "deferrable", "desc", "distinct", "do", "else", "end", "except", "false", "fetch",
    "for", "foreign", "freeze", "from", "full", "grant", "group", "having", "ilike", "in", "initially", "inner",
    "intersect", "into", "is", "isnull", "join", "lateral", "leading", "left", "like", "limit", "localtime",
    "localtimestamp", "natural", "not", "notnull", "null", "offset", "on", "only", "or", "order", "outer", "overlaps",
    "placing", "primary", "references", "returning", "right", "select", "session_user", "similar", "some",
    "symmetric", "table", "tablesample", "then", "to", "trailing", "true", "union", "unique", "user", "using",
    "variadic", "verbose", "when", "where", "window", "with",
];
