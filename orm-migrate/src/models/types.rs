//! The Rust type of a column, and what has to be said beside it.

use heck::ToSnakeCase;
use orm_core::schema::Column;
use orm_core::{ColumnType, Dialect};

use super::attribute;
use super::names::{type_name, unique, variant_name};

/// A type as it is written, and the attributes that make a column of it what it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct RustType {
    name: String,
    pub(super) attributes: Vec<String>,
}

impl RustType {
    fn new(name: impl Into<String>) -> Self {
        RustType { name: name.into(), attributes: Vec::new() }
    }

    /// A type whose column is of another SQL type than its own.
    fn with_sql(name: impl Into<String>, sql: &str) -> Self {
        RustType { name: name.into(), attributes: vec![format!("sql_type = {sql:?}")] }
    }

    fn with(mut self, attribute: String) -> Self {
        self.attributes.push(attribute);
        self
    }

    /// Takes the integer type of what a column refers to, where it is another; both are integers.
    pub(super) fn refer_to(&mut self, target: &RustType, own: &ColumnType) -> bool {
        let sql = match own {
            _ if self.name == target.name => return true,
            ColumnType::SmallInteger => "SMALLINT",
            ColumnType::Integer => "INTEGER",
            ColumnType::BigInteger => "BIGINT",
            _ => return false,
        };
        if !matches!(&*target.name, "i16" | "i32" | "i64") {
            return false;
        }
        *self = RustType::with_sql(target.name.clone(), sql);
        true
    }

    /// Returns the type of a field.
    pub(super) fn written(&self, is_nullable: bool) -> String {
        if is_nullable { format!("Option<{}>", self.name) } else { self.name.clone() }
    }
}

/// What the source has so far.
#[derive(Default)]
pub(super) struct Known {
    pub(super) enums: Vec<EnumSource>,
    /// The names of structs and enums.
    pub(super) names: Vec<String>,
}

/// An enum of the labels that a column may have.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct EnumSource {
    name: String,
    /// What tells it from others.
    of: ColumnType,
}

impl EnumSource {
    pub(super) fn source(&self) -> String {
        let ColumnType::Enum { schema, name, labels, is_native, has_check } = &self.of else { return String::new() };
        let mut said = Vec::new();
        if *is_native {
            said.extend(schema.iter().map(|schema| format!("schema = {schema:?}")));
            if !name.is_empty() && **name != self.name.to_snake_case() {
                said.push(format!("name = {name:?}"));
            }
        } else {
            said.push("native = false".to_owned());
            if *has_check {
                said.push("create_constraint".to_owned());
            }
        }
        let mut taken = Vec::new();
        let variants: Vec<String> = labels.iter().map(|label| unique(variant_name(label), &mut taken)).collect();
        let are_snakes = variants.iter().zip(labels).all(|(variant, label)| variant.to_snake_case() == **label);
        said.extend(are_snakes.then(|| "rename_all = \"snake_case\"".to_owned()));
        let mut source = format!("\n#[derive(Clone, Copy, Debug, PartialEq, SqlEnum)]\n{}", attribute(&said, ""));
        source.push_str(&format!("pub enum {} {{\n", self.name));
        for (variant, label) in variants.iter().zip(labels) {
            if !are_snakes && *variant != **label {
                source.push_str(&format!("    #[orm(rename = {label:?})]\n"));
            }
            source.push_str(&format!("    {variant},\n"));
        }
        source.push_str("}\n");
        source
    }
}

/// Returns the type of a column; enums are named by `of` where the database has no name for them.
pub(super) fn of(column: &Column, of: &str, known: &mut Known, dialect: Option<Dialect>, refers: bool) -> RustType {
    let mut rust = match (dialect, &column.column_type) {
        // SQLite's numbers have 64 bits, whatever they are declared as, and a key that it generates is one of these.
        (Some(Dialect::Sqlite), ColumnType::Integer) if column.is_generated && !refers => RustType::new("i64"),
        (Some(Dialect::Sqlite), ColumnType::Integer) => RustType::with_sql("i64", "INTEGER"),
        (Some(Dialect::Sqlite), ColumnType::Real) => RustType::with_sql("f64", "REAL"),
        (Some(Dialect::Sqlite), ColumnType::Custom(sql)) if sql.is_empty() => RustType::new("Vec<u8>"),
        // A key is counted, and so is what refers to it.
        (_, ColumnType::Custom(sql))
            if sql.eq_ignore_ascii_case("bigint unsigned") && (refers || column.is_generated) =>
        {
            RustType::with_sql("i64", sql)
        }
        (Some(Dialect::Sqlite | Dialect::MySql | Dialect::MariaDb), ColumnType::Custom(sql)) => {
            RustType::with_sql(by_affinity(sql), sql)
        }
        (Some(Dialect::Postgres), ColumnType::Custom(sql)) => RustType::with_sql(of_postgres(sql), sql),
        (_, column_type) => of_type(column_type, of, known),
    };
    if let (Some(length), ColumnType::LargeBinary) = (column.length, &column.column_type) {
        rust.attributes.push(format!("length = {length}"));
    }
    rust
}

/// Returns the Rust type for a type's name by the parts of it that tell what values it has: SQLite's rules, and MySQL's names.
fn by_affinity(sql: &str) -> &'static str {
    let name = sql.to_ascii_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    match () {
        () if has(&["char", "text", "clob", "enum", "set("]) => "String",
        () if has(&["blob", "binary"]) => "Vec<u8>",
        () if has(&["datetime"]) => "chrono::NaiveDateTime",
        () if has(&["timestamp"]) => "chrono::DateTime<chrono::Utc>",
        () if has(&["date"]) => "chrono::NaiveDate",
        () if has(&["time"]) => "chrono::NaiveTime",
        () if has(&["bigint unsigned", "decimal", "numeric", "money"]) => "rust_decimal::Decimal",
        () if has(&["bool"]) => "bool",
        () if has(&["int", "year"]) && !has(&["point"]) => "i64",
        () if has(&["real", "floa", "doub"]) => "f64",
        () => "String",
    }
}

/// Returns the Rust type for a type of PostgreSQL that has a precision, or is kept as it was written.
fn of_postgres(sql: &str) -> &'static str {
    let has_zone = sql.contains("with time zone") || sql.starts_with("timestamptz");
    match sql.split(['(', ' ']).next().unwrap_or_default() {
        "timestamp" | "timestamptz" if has_zone => "chrono::DateTime<chrono::Utc>",
        "timestamp" => "chrono::NaiveDateTime",
        "time" if !has_zone => "chrono::NaiveTime",
        "json" => "serde_json::Value",
        _ => "String",
    }
}

fn of_type(of_column: &ColumnType, of: &str, known: &mut Known) -> RustType {
    match of_column {
        ColumnType::Boolean => RustType::new("bool"),
        ColumnType::SmallInteger => RustType::new("i16"),
        ColumnType::Integer => RustType::new("i32"),
        ColumnType::BigInteger => RustType::new("i64"),
        ColumnType::Real => RustType::new("f32"),
        ColumnType::Double => RustType::new("f64"),
        ColumnType::Float(Some(digits)) if *digits <= 24 => RustType::with_sql("f32", &format!("FLOAT({digits})")),
        ColumnType::Float(Some(digits)) => RustType::with_sql("f64", &format!("FLOAT({digits})")),
        ColumnType::Float(None) => RustType::with_sql("f64", "FLOAT"),
        ColumnType::Text => RustType::new("String"),
        ColumnType::String(length) => RustType::new("String").with(format!("length = {length}")),
        ColumnType::Char(length) => RustType::with_sql("String", &format!("CHAR({length})")),
        ColumnType::Varchar => RustType::with_sql("String", "VARCHAR"),
        ColumnType::LargeBinary => RustType::new("Vec<u8>"),
        ColumnType::Date => RustType::new("chrono::NaiveDate"),
        ColumnType::Time => RustType::new("chrono::NaiveTime"),
        ColumnType::DateTime => RustType::new("chrono::NaiveDateTime"),
        ColumnType::Timestamp => RustType::new("chrono::DateTime<chrono::Utc>"),
        ColumnType::Interval => RustType::new("chrono::TimeDelta"),
        ColumnType::Inet => RustType::new("std::net::IpAddr"),
        ColumnType::Cidr => RustType::with_sql("String", "CIDR"),
        ColumnType::Uuid => RustType::new("uuid::Uuid"),
        ColumnType::Numeric(digits) => {
            let mut rust = RustType::new("rust_decimal::Decimal");
            if let Some((precision, scale)) = digits {
                rust.attributes.extend([format!("precision = {precision}"), format!("scale = {scale}")]);
            }
            rust
        }
        ColumnType::Json => RustType::new("serde_json::Value"),
        ColumnType::Enum { name, .. } => {
            if let Some(same) = known.enums.iter().find(|other| other.of == *of_column && !name.is_empty()) {
                return RustType::new(&same.name);
            }
            let named = type_name(if name.is_empty() { of } else { name });
            let name = unique(named, &mut known.names);
            known.enums.push(EnumSource { name, of: of_column.clone() });
            known.enums.last().map(|added| RustType::new(&added.name)).unwrap_or_default()
        }
        ColumnType::Domain { schema, name, base } => {
            let full = schema.iter().map(|schema| format!("{schema}.")).collect::<String>() + name;
            RustType::with_sql(of_type(base, of, known).name, &full)
        }
        ColumnType::Array(element) => {
            let element = of_type(element, of, known);
            RustType::new(format!("Vec<{}>", element.name))
        }
        ColumnType::Range(element) => {
            let element = of_type(element, of, known);
            RustType { name: format!("orm::Range<{}>", element.name), attributes: Vec::new() }
        }
        ColumnType::Custom(sql) => RustType::with_sql("String", sql),
        other => RustType::with_sql("String", &other.to_string()),
    }
}
