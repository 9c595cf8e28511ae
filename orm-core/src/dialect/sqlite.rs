//! SQLite: one writer, types by affinity, everything in this process.

use super::{Capabilities, DeleteJoin, GeneratedKeys, Rereads, Returning, Upsert};
use crate::types::ColumnType;

pub(super) static CAPABILITIES: Capabilities = Capabilities {
    quote: '"',
    numbered_placeholders: false,
    returning: Returning { insert: true, update: true, delete: true },
    last_key: "last_insert_rowid()",
    max_parameters: 32_766,
    upsert: Upsert::OnConflict,
    upsert_wants_where: true,
    upsert_of_any: true,
    upsert_of_constraint: false,
    update_lists_tables: false,
    delete_join: DeleteJoin::Exists,
    changes_in_order: false,
    rereads: Rereads::AsItWas,
    returns_other_tables: false,
    no_limit: "-1",
    default_values: true,
    concat_operator: true,
    nulls_order: true,
    not_distinct: "IS",
    ilike: false,
    integer_division: "/",
    virtual_columns: true,
    checks_each_row: false,
    explain: "EXPLAIN QUERY PLAN ",
    generated_keys: GeneratedKeys::NextOnes,
};

/// The moment, as the text that a parameter is, which has six digits of a fraction or none.
pub(crate) const NOW: &str = "replace(strftime('%Y-%m-%d %H:%M:%f000', 'now'), '.000000', '')";

/// The same of the time of day.
pub(crate) const TIME_OF_NOW: &str = "replace(strftime('%H:%M:%f000', 'now'), '.000000', '')";

pub(super) fn type_name(column_type: &ColumnType) -> Result<String, String> {
    Ok(match column_type {
        ColumnType::Boolean => "BOOLEAN".into(),
        ColumnType::SmallInteger => "SMALLINT".into(),
        ColumnType::Integer => "INTEGER".into(),
        ColumnType::BigInteger | ColumnType::Interval => "BIGINT".into(),
        ColumnType::Real => "REAL".into(),
        ColumnType::Double => "DOUBLE".into(),
        ColumnType::Float(_) => "FLOAT".into(),
        ColumnType::Text => "TEXT".into(),
        ColumnType::String(length) => format!("VARCHAR({length})"),
        ColumnType::Char(length) => format!("CHAR({length})"),
        ColumnType::Varchar => "VARCHAR".into(),
        ColumnType::LargeBinary => "BLOB".into(),
        ColumnType::Date => "DATE".into(),
        ColumnType::Time => "TIME".into(),
        ColumnType::DateTime | ColumnType::Timestamp => "DATETIME".into(),
        ColumnType::Inet | ColumnType::Cidr => "VARCHAR(45)".into(),
        ColumnType::Uuid => "CHAR(36)".into(),
        // NUMERIC affinity would turn the text into a float: decimals are kept as the text that they are.
        // The same goes for a document that is a bare number.
        ColumnType::Numeric(_) | ColumnType::Json => "TEXT".into(),
        ColumnType::Enum { labels, .. } => format!("VARCHAR({})", ColumnType::longest_label(labels)),
        ColumnType::Domain { base, .. } => return type_name(base),
        ColumnType::Array(_) => return Err("arrays are not supported on dialect sqlite".to_owned()),
        ColumnType::Range(item) => return Err(item.no_range(crate::dialect::Dialect::Sqlite)),
        ColumnType::Custom(sql) => sql.to_string(),
    })
}

/// Returns the type whose affinity keeps the value: `DATE` and its like would make the number 2020 of a date.
pub(super) fn cast_name(column_type: &ColumnType) -> Result<String, String> {
    match column_type {
        ColumnType::Date | ColumnType::Time | ColumnType::DateTime | ColumnType::Timestamp => Ok("TEXT".into()),
        _ => type_name(column_type),
    }
}

/// Words that cannot be names without quotes, of <https://sqlite.org/lang_keywords.html>, sorted.
pub(super) static RESERVED: &[&str] = &[
    "add",
    "all",
    "alter",
    "and",
    "as",
    "autoincrement",
    "between",
    "case",
    "cast",
    "check",
    "collate",
    "commit",
    "constraint",
    "create",
    "current_date",
    "current_time",
    "current_timestamp",
    "default",
    "deferrable",
    "delete",
    "distinct",
    "drop",
    "else",
    "escape",
    "except",
    "exists",
    "foreign",
    "from",
    "group",
    "having",
    "if",
    "in",
    "index",
    "insert",
    "intersect",
    "into",
    "is",
    "isnull",
    "join",
    "limit",
    "not",
    "nothing",
    "notnull",
    "null",
    "on",
    "or",
    "order",
    "primary",
    "raise",
    "references",
    "returning",
    "select",
    "set",
    "table",
    "then",
    "to",
    "transaction",
    "union",
    "unique",
    "update",
    "using",
    "values",
    "when",
    "where",
];
