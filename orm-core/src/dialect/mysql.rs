//! MySQL and MariaDB: one language with two sets of capabilities.

use super::{Capabilities, Dialect, GeneratedKeys, Returning, Upsert};
use crate::types::ColumnType;

pub(super) static MYSQL: Capabilities = Capabilities {
    quote: '`',
    numbered_placeholders: false,
    returning: Returning { insert: false, update: false, delete: false },
    max_parameters: 65_535,
    upsert: Upsert::OnDuplicateKey,
    no_limit: "18446744073709551615",
    default_values: false,
    concat_operator: false,
    nulls_order: false,
    not_distinct: "<=>",
    ilike: false,
    // `/` gives a decimal number.
    integer_division: "DIV",
    virtual_columns: true,
    explain: "EXPLAIN FORMAT=JSON ",
    generated_keys: GeneratedKeys::LastKey,
};

pub(super) static MARIADB: Capabilities = Capabilities {
    returning: Returning { insert: true, update: false, delete: true },
    generated_keys: GeneratedKeys::Rising,
    ..MYSQL
};

pub(super) fn type_name(dialect: Dialect, column_type: &ColumnType) -> Result<String, String> {
    Ok(match column_type {
        ColumnType::Boolean => "BOOL".into(),
        ColumnType::SmallInteger => "SMALLINT".into(),
        ColumnType::Integer => "INTEGER".into(),
        ColumnType::BigInteger => "BIGINT".into(),
        ColumnType::Real => "FLOAT".into(),
        ColumnType::Double => "DOUBLE".into(),
        ColumnType::Text => "TEXT".into(),
        ColumnType::String(length) => format!("VARCHAR({length})"),
        ColumnType::LargeBinary => "LONGBLOB".into(),
        ColumnType::Date => "DATE".into(),
        ColumnType::Time => "TIME(6)".into(),
        ColumnType::DateTime | ColumnType::Timestamp => "DATETIME(6)".into(),
        ColumnType::Uuid if dialect == Dialect::MariaDb => "UUID".into(),
        ColumnType::Uuid => "CHAR(36)".into(),
        // `NUMERIC` alone is `NUMERIC(10, 0)`, which rounds what is behind the point away.
        ColumnType::Numeric(None) => {
            return Err(format!("a decimal number needs `precision = …` and `scale = …` on dialect {dialect}"));
        }
        ColumnType::Numeric(Some((precision, scale))) => format!("NUMERIC({precision}, {scale})"),
        ColumnType::Json => "JSON".into(),
        ColumnType::Enum { labels, .. } => {
            let quoted: Vec<String> = labels.iter().map(|label| format!("'{}'", label.replace('\\', r"\\").replace('\'', "''"))).collect();
            format!("ENUM({})", quoted.join(", "))
        }
        ColumnType::Custom(sql) => (*sql).into(),
    })
}

/// Returns what CAST and CONVERT take, which is less than columns do
/// (<https://dev.mysql.com/doc/refman/8.4/en/cast-functions.html>).
pub(super) fn cast_name(dialect: Dialect, column_type: &ColumnType) -> String {
    match column_type {
        ColumnType::Boolean | ColumnType::SmallInteger | ColumnType::Integer | ColumnType::BigInteger => "SIGNED".into(),
        ColumnType::Real => "FLOAT".into(),
        ColumnType::Double => "DOUBLE".into(),
        ColumnType::Text | ColumnType::Enum { .. } => "CHAR".into(),
        ColumnType::String(length) => format!("CHAR({length})"),
        ColumnType::LargeBinary => "BINARY".into(),
        ColumnType::Date => "DATE".into(),
        ColumnType::Time => "TIME(6)".into(),
        ColumnType::DateTime | ColumnType::Timestamp => "DATETIME(6)".into(),
        ColumnType::Uuid if dialect == Dialect::MariaDb => "UUID".into(),
        ColumnType::Uuid => "CHAR(36)".into(),
        // As many places on both sides of the point as there can be without knowing more.
        ColumnType::Numeric(None) => "DECIMAL(65, 20)".into(),
        ColumnType::Numeric(Some((precision, scale))) => format!("DECIMAL({precision}, {scale})"),
        ColumnType::Json if dialect == Dialect::MySql => "JSON".into(),
        // MariaDB's JSON is text.
        ColumnType::Json => "CHAR".into(),
        ColumnType::Custom(sql) => (*sql).into(),
    }
}

/// Words that cannot be names without quotes, of <https://mariadb.com/kb/en/reserved-words/> and
/// <https://dev.mysql.com/doc/refman/8.4/en/keywords.html>, sorted.
pub(super) static RESERVED: &[&str] = &[
    "accessible", "add", "all", "alter", "analyze", "and", "as", "asc", "asensitive", "before", "between", "bigint",
    "binary", "blob", "both", "by", "call", "cascade", "case", "change", "char", "character", "check", "collate",
    "column", "condition", "constraint", "continue", "convert", "create", "cross", "current_date", "current_time",
    "current_timestamp", "current_user", "cursor", "database", "databases", "dec", "decimal", "declare", "default",
    "delayed", "delete", "desc", "describe", "deterministic", "distinct", "distinctrow", "div", "double", "drop",
    "dual", "each", "else", "elseif", "enclosed", "escaped", "except", "exists", "exit", "explain", "false", "fetch",
    "float", "for", "force", "foreign", "from", "fulltext", "generated", "get", "grant", "group", "groups", "having",
    "high_priority", "if", "ignore", "in", "index", "infile", "inner", "inout", "insensitive", "insert", "int",
    "integer", "intersect", "interval", "into", "is", "iterate", "join", "key", "keys", "kill", "lateral", "leading",
    "leave", "left", "like", "limit", "linear", "lines", "load", "localtime", "localtimestamp", "lock", "long",
    "longblob", "longtext", "loop", "low_priority", "match", "mediumblob", "mediumint", "mediumtext", "mod",
    "natural", "not", "null", "numeric", "offset", "on", "optimize", "option", "optionally", "or", "order", "out",
    "outer", "outfile", "over", "partition", "precision", "primary", "procedure", "purge", "range", "rank", "read",
    "reads", "real", "recursive", "references", "regexp", "release", "rename", "repeat", "replace", "require",
    "resignal", "restrict", "return", "returning", "revoke", "right", "rlike", "row", "row_number", "rows", "schema",
    "schemas", "select", "sensitive", "separator", "set", "show", "signal", "smallint", "spatial", "specific", "sql",
    "ssl", "starting", "straight_join", "system", "table", "terminated", "then", "tinyblob", "tinyint", "tinytext",
    "to", "trailing", "trigger", "true", "undo", "union", "unique", "unlock", "unsigned", "update", "usage", "use",
    "using", "utc_date", "utc_time", "utc_timestamp", "values", "varbinary", "varchar", "varying", "virtual", "when",
    "where", "while", "window", "with", "write", "xor", "year_month", "zerofill",
];
