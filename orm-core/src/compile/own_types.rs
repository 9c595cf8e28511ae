//! Values beside columns whose type on PostgreSQL is not that of their parameter.
//!
//! To PostgreSQL the parameter of a text is text. No text is assigned to a `MACADDR` or a `BIT(3)`, nothing compares the two, and
//! beside a text a `CITEXT` is a text as well, whose case counts. So such a value goes with a cast to what the column has. The cast
//! names no length: one to `BIT(3)` would cut what is too long without a word, and an assignment refuses it.
//!
//! A name that is neither PostgreSQL's nor that of an extension listed here may be a domain over text. A cast to that would cut as
//! well, and refuse to compare with what the domain's conditions exclude; so it stays text, unless a Rust type says by
//! `ColumnType::custom` that it is a type of its own.

use std::borrow::Cow;

use orm_pool::Kind;

use super::Writer;
use super::decimals::chooses;
use crate::dialect::Dialect;
use crate::error::Result;
use crate::mapper::{Column, Mapper};
use crate::schema::parse_type;
use crate::sql::{Node, OutputKind, Precedence, SelectNode};
use crate::types::ColumnType;

/// Types of PostgreSQL and of its extensions that no type of this library stands for; in order.
const NAMED: &[&str] = &[
    "bit",
    "bit varying",
    "box",
    "box2d",
    "box3d",
    "circle",
    "citext",
    "cube",
    "datemultirange",
    "ean13",
    "geography",
    "geometry",
    "halfvec",
    "hstore",
    "int4multirange",
    "int8multirange",
    "isbn",
    "isbn13",
    "ismn",
    "ismn13",
    "issn",
    "issn13",
    "json",
    "jsonpath",
    "line",
    "lquery",
    "lseg",
    "ltree",
    "ltxtquery",
    "macaddr",
    "macaddr8",
    "money",
    "nummultirange",
    "oid",
    "path",
    "pg_lsn",
    "pg_snapshot",
    "point",
    "polygon",
    "raster",
    "regclass",
    "regcollation",
    "regconfig",
    "regdictionary",
    "regnamespace",
    "regoper",
    "regoperator",
    "regproc",
    "regprocedure",
    "regrole",
    "regtype",
    "seg",
    "sparsevec",
    "time with time zone",
    "timetz",
    "tsmultirange",
    "tsquery",
    "tstzmultirange",
    "tsvector",
    "upc",
    "varbit",
    "vector",
    "xid",
    "xid8",
    "xml",
];

impl Writer {
    /// Writes a value that a column is set to.
    pub(super) fn assigned(&mut self, mapper: &Mapper, column: u16, value: &Node) -> Result<()> {
        let Some(name) = self.own_type_of(mapper, column) else { return self.node(value) };
        // A choice among values alone is text; beside a column they are what the column is.
        let is_text = match value {
            Node::Case { .. } => self.own_type(value).is_none(),
            Node::Function { name, .. } => name == "coalesce" && self.own_type(value).is_none(),
            _ => false,
        };
        if !is_text {
            return self.of_own_type(value, &name, Precedence::Or);
        }
        self.push("CAST(");
        self.node(value)?;
        self.push(" AS ");
        self.push(&name);
        self.push(")");
        Ok(())
    }

    /// Writes an expression; a text or a list of texts with a cast to this type.
    pub(super) fn of_own_type(&mut self, node: &Node, name: &str, precedence: Precedence) -> Result<()> {
        match node.unlabelled() {
            Node::Parameter { index, kind } if is_text_of(*kind, name) => self.padded(*index, *kind, name),
            _ => self.within(node, precedence),
        }
    }

    /// Writes a value that has to be of one type with others, of which one may have such a type.
    pub(super) fn beside_own(&mut self, node: &Node, name: Option<&str>) -> Result<()> {
        match (node, name) {
            (Node::Parameter { kind: Kind::Text | Kind::Array(_), .. }, Some(name)) => {
                self.of_own_type(node, name, Precedence::Or)
            }
            _ => self.beside_others(node),
        }
    }

    /// Returns the type that a text is cast to where it is compared with an expression.
    pub(super) fn compared_type(&self, node: &Node) -> Option<Cow<'static, str>> {
        match self.own_type(node)? {
            // There is no `=` of JSON.
            name if name.eq_ignore_ascii_case("json") => Some("JSONB".into()),
            name => Some(name),
        }
    }

    /// Returns whether PostgreSQL keeps a document as its text, which it compares with nothing.
    pub(super) fn is_text_of_json(&self, node: &Node) -> bool {
        self.own_type(node).is_some_and(|name| name.eq_ignore_ascii_case("json"))
    }

    /// Returns the type of an expression where that is one which no text is assigned to or compared with.
    pub(super) fn own_type(&self, node: &Node) -> Option<Cow<'static, str>> {
        if self.dialect != Dialect::Postgres || self.writes_literals() {
            return None;
        }
        match node {
            Node::Column { mapper, column, .. } | Node::Excluded { mapper, column } => {
                self.own_type_of(mapper, *column)
            }
            Node::Cast { column_type, .. } => of_type(column_type),
            Node::Label { node, .. } => self.own_type(node),
            Node::Collate { operand, .. } => self.own_type(operand),
            Node::Function { name, arguments, .. } if matches!(&**name, "coalesce" | "min" | "max") => {
                self.own_type_among(arguments)
            }
            Node::Template { template, arguments } if chooses(template) => self.own_type_among(arguments),
            Node::Aggregate(aggregate) => self.own_type(&aggregate.call),
            Node::Over { call, .. } => self.own_type(call),
            Node::Case { whens, otherwise, .. } => {
                self.own_type_among(whens.iter().map(|(_, then)| then).chain(otherwise.as_deref()))
            }
            Node::Select(select) => self.own_type_selected(select),
            Node::Field { source, index, .. } => {
                let select = self.source(*source)?.select.as_deref()?;
                self.own_type_at(select, usize::from(*index))
            }
            _ => None,
        }
    }

    /// Returns the first such type among expressions that are to be of one type.
    pub(super) fn own_type_among<'n>(&self, nodes: impl IntoIterator<Item = &'n Node>) -> Option<Cow<'static, str>> {
        nodes.into_iter().find_map(|node| self.own_type(node))
    }

    /// Returns such a type of the only thing that is selected.
    pub(super) fn own_type_selected(&self, select: &SelectNode) -> Option<Cow<'static, str>> {
        if select.outputs.len() == 1 { self.own_type_at(select, 0) } else { None }
    }

    /// Returns such a type of what is selected at this position.
    fn own_type_at(&self, select: &SelectNode, mut position: usize) -> Option<Cow<'static, str>> {
        for output in &select.outputs {
            match &output.kind {
                OutputKind::Expression(node) if position == 0 => return self.own_type(node),
                OutputKind::Expression(_) => position -= 1,
                OutputKind::Entity { mapper, .. } if position < mapper.width() => {
                    return self.own_type_of(mapper, u16::try_from(position).ok()?);
                }
                OutputKind::Entity { mapper, .. } => position -= mapper.width(),
            }
        }
        None
    }

    fn own_type_of(&self, mapper: &Mapper, column: u16) -> Option<Cow<'static, str>> {
        match self.dialect {
            Dialect::Postgres if !self.writes_literals() => {
                of_column(&mapper.definition().columns[usize::from(column)])
            }
            _ => None,
        }
    }
}

/// Returns whether a parameter is what such a type takes as a text, of one value or of a list.
fn is_text_of(kind: Kind, name: &str) -> bool {
    match kind {
        Kind::Text => !name.ends_with("[]"),
        Kind::Array(Kind::Text) => name.ends_with("[]"),
        _ => false,
    }
}

fn of_column(column: &Column) -> Option<Cow<'static, str>> {
    let variant = column.variants.iter().find(|(dialect, _)| *dialect == Dialect::Postgres);
    match variant.map(|(_, sql)| *sql).or(column.sql_type) {
        Some(sql) => named(sql, false),
        None => of_type(&(column.column_type)()),
    }
}

fn of_type(column_type: &ColumnType) -> Option<Cow<'static, str>> {
    match column_type {
        ColumnType::Custom(sql) => named(sql, true),
        ColumnType::Domain { base, .. } => of_type(base),
        ColumnType::Array(item) => of_type(item).map(|name| format!("{name}[]").into()),
        _ => None,
    }
}

/// Returns what a text is cast to for a column that is declared so; `None` if it needs no cast.
fn named(sql: &str, is_type: bool) -> Option<Cow<'static, str>> {
    let plain = without_length(sql);
    if let Some(item) = plain.strip_suffix("[]") {
        return named(item, is_type).map(|name| format!("{name}[]").into());
    }
    let name = plain.rsplit('.').next().unwrap_or_default().replace('"', "").to_ascii_lowercase();
    let is_textual = matches!(name.as_str(), "name" | "nchar" | "national character" | "bpchar" | "char")
        || name.starts_with("national char")
        || matches!(
            parse_type(Dialect::Postgres, &name),
            ColumnType::Text | ColumnType::Varchar | ColumnType::String(_) | ColumnType::Char(_)
        );
    match name.as_str() {
        _ if is_textual => None,
        // Without a length it is of one bit.
        "bit" => Some("BIT VARYING".into()),
        _ if is_type || NAMED.binary_search(&name.as_str()).is_ok() || name.starts_with("interval ") => {
            Some(plain.into())
        }
        _ if !matches!(parse_type(Dialect::Postgres, &name), ColumnType::Custom(_)) => Some(plain.into()),
        _ => None,
    }
}

/// Takes away what stands in parentheses behind a name, and a collation.
fn without_length(sql: &str) -> String {
    let (mut plain, mut depth) = (String::with_capacity(sql.len()), 0_u32);
    for letter in sql.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => plain.push(letter),
            _ => {}
        }
    }
    let words: Vec<&str> = plain.split_whitespace().take_while(|word| !word.eq_ignore_ascii_case("collate")).collect();
    words.join(" ").replace(" []", "[]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_in_order() {
        assert!(NAMED.is_sorted());
    }

    #[test]
    fn a_cast_names_the_type_without_its_length() {
        let casts = [
            ("CITEXT", "CITEXT"),
            ("public.citext", "public.citext"),
            ("citext COLLATE \"C\"", "citext"),
            ("BIT(3)", "BIT VARYING"),
            ("bit varying(5)", "bit varying"),
            ("MACADDR[]", "MACADDR[]"),
            ("bit(3) []", "BIT VARYING[]"),
            ("geometry(Point, 4326)", "geometry"),
            ("TIMESTAMP(3)  WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE"),
            ("NUMERIC(10, 2)", "NUMERIC"),
            ("INET", "INET"),
        ];
        for (sql, cast) in casts {
            assert_eq!(named(sql, false).as_deref(), Some(cast), "{sql}");
        }
        for textual in
            ["VARCHAR(20)", "text", "CHAR(8)", "character varying", "\"char\"", "TEXT COLLATE \"C\"", "text[]"]
        {
            assert_eq!((named(textual, false), named(textual, true)), (None, None), "{textual}");
        }
        assert_eq!((named("email", false), named("email", true).as_deref()), (None, Some("email")));
    }
}
