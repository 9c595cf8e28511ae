//! Makes long lists of values such that lists of many lengths have one text, and so one prepared statement.
//!
//! In: a list of IN, or the rows of an INSERT, and the dialect. Out: the same in the form that serves every length there, or
//! as it was. Who calls: [`structure`](super::structure), before it lifts the values out.

use orm_pool::{Kind, Value};

use super::expr::is_padded;
use crate::dialect::Dialect;
use crate::mapper::Mapper;
use crate::sql::{InsertNode, InsertSource, Node, TextPart};
use crate::types::ColumnType;

/// The longest list of IN that is written as long as it is.
const SHORT_LIST: usize = 8;
/// The longest list of IN that is lengthened to a power of two; MariaDB reads lists of more than 1,000 as tables.
const LONGEST_DOUBLED: usize = 512;
/// Longer lists are lengthened to a multiple of this.
const STEP: usize = 1_000;
/// The longest list of IN that is lengthened, far within the number of parameters of any database.
const LONGEST_PADDED: usize = 8_000;
/// The most rows of an INSERT that are VALUES on PostgreSQL: so few are planned and run faster than arrays are taken apart.
const FEW_ROWS: usize = 4;

/// Returns the type of a value.
pub(super) fn kind(node: &Node) -> Option<Kind> {
    match node {
        Node::Bind(value) => Some(value.kind()),
        _ => None,
    }
}

/// Evens out a long list of IN: an array on PostgreSQL, elsewhere a list of the next of few lengths whose last value
/// is repeated, which neither IN nor NOT IN can tell from the list without. A very long one of integers or texts, which may
/// have more values than SQLite has parameters, is one document there.
///
/// A long list of tuples is an array for each of their parts on PostgreSQL, which would take each tuple for a condition of its
/// own, one within the other, and give up at some thousands.
pub(super) fn even_out(operand: &Node, list: &mut Vec<Node>, dialect: Dialect) {
    if let (Node::Tuple(parts), Dialect::Postgres) = (operand, dialect)
        && list.len() > LONGEST_DOUBLED
        && let Some(rows) = arrays_of_tuples(parts, list)
    {
        *list = vec![rows];
        return;
    }
    let Some(element) = list.first().and_then(kind) else { return };
    let is_plain = |node: &Node| matches!(node, Node::Bind(value) if value.kind() == element);
    if list.len() <= SHORT_LIST || !list.iter().all(is_plain) || matches!(element, Kind::Array(_) | Kind::Json) {
        return;
    }
    if dialect == Dialect::Postgres {
        let values = std::mem::take(list).into_iter().filter_map(bound).collect();
        *list = array(element, values).into_iter().collect();
    } else if dialect == Dialect::Sqlite && list.len() > LONGEST_PADDED {
        if let Some(members) = document(list) {
            *list = vec![rows_of(members)];
        }
    } else if list.len() <= LONGEST_PADDED
        && let Some(last) = list.last().cloned()
    {
        let length = match list.len() {
            few if few <= LONGEST_DOUBLED => few.next_power_of_two(),
            many => many.next_multiple_of(STEP),
        };
        list.resize(length, last);
    }
}

/// Writes integers or texts as a JSON array; `None` if it would not give them back as they are.
fn document(list: &[Node]) -> Option<String> {
    let mut document = String::from("[");
    for node in list {
        document.push(if document.len() == 1 { ' ' } else { ',' });
        match node {
            Node::Bind(Value::Int16(value)) => document.push_str(&value.to_string()),
            Node::Bind(Value::Int32(value)) => document.push_str(&value.to_string()),
            Node::Bind(Value::Int64(value)) => document.push_str(&value.to_string()),
            Node::Bind(Value::Text(text)) if !text.contains('\0') => put_quoted(text, &mut document),
            _ => return None,
        }
    }
    document.push(']');
    Some(document)
}

fn put_quoted(text: &str, document: &mut String) {
    document.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => document.extend(['\\', letter]),
            '\u{1}'..='\u{1f}' => document.push_str(&format!("\\u{:04x}", u32::from(letter))),
            other => document.push(other),
        }
    }
    document.push('"');
}

/// Makes the members of a JSON array rows, on SQLite.
fn rows_of(document: String) -> Node {
    let parameter = TextPart::Parameter(Node::Bind(Value::Json(document)));
    Node::Text(vec![TextPart::Sql("SELECT value FROM json_each(".into()), parameter, TextPart::Sql(")".into())])
}

/// Makes tuples of values the rows of arrays, where `unnest` gives what the columns are compared with.
fn arrays_of_tuples(columns: &[Node], list: &[Node]) -> Option<Node> {
    let tuple = |node: &Node| match node {
        Node::Tuple(values) => Some(values.clone()),
        _ => None,
    };
    let rows: Vec<Vec<Node>> = list.iter().map(tuple).collect::<Option<_>>()?;
    let kinds = uniform_kinds(&rows)?;
    let takes = |(column, kind): (&Node, &Kind)| match column.untyped() {
        Node::Column { mapper, column, .. } => is_gathered(mapper, *column, *kind) && *kind != Kind::Json,
        _ => false,
    };
    if kinds.len() != columns.len() || !columns.iter().zip(&kinds).all(takes) || columns.iter().any(is_padded) {
        return None;
    }
    let values = columns_of(rows.into_iter().flatten().filter_map(bound).collect(), kinds.len());
    let mut parts = vec![TextPart::Sql("SELECT * FROM unnest(".into())];
    for (position, (kind, values)) in kinds.into_iter().zip(values).enumerate() {
        // That of labels says its type by itself.
        let name = if kind.enum_name().is_some() { None } else { Some(Dialect::Postgres.array_name(kind).ok()?) };
        parts.extend((position > 0).then(|| TextPart::Sql(", ".into())));
        parts.push(TextPart::Parameter(array(kind, values)?));
        parts.extend(name.map(|name| TextPart::Sql(format!("::{name}"))));
    }
    parts.push(TextPart::Sql(")".into()));
    Some(Node::Text(parts))
}

/// Makes the rows of an INSERT an array for each column, where PostgreSQL can take them apart again by `unnest`.
pub(super) fn gather(insert: &mut InsertNode, dialect: Dialect) {
    if dialect != Dialect::Postgres || insert.columns.is_empty() {
        return;
    }
    let few = if insert.in_order { 1 } else { FEW_ROWS };
    let kinds = match &insert.source {
        InsertSource::Rows(rows) if rows.len() > few => uniform_kinds(rows),
        InsertSource::Plain(plain) if plain.count > few => Some(plain.kinds.clone()),
        _ => None,
    };
    let Some(kinds) = kinds else { return };
    if !can_be_gathered(insert.mapper, &insert.columns, &kinds) {
        return;
    }
    let values = match &mut insert.source {
        InsertSource::Rows(rows) => std::mem::take(rows).into_iter().flatten().filter_map(bound).collect(),
        InsertSource::Plain(plain) => std::mem::take(&mut plain.values),
        _ => return,
    };
    let columns = columns_of(values, kinds.len());
    insert.source =
        InsertSource::Arrays(kinds.into_iter().zip(columns).filter_map(|(k, column)| array(k, column)).collect());
}

/// Returns whether values of these types become arrays for the columns of an INSERT on PostgreSQL.
pub(crate) fn can_be_gathered(mapper: &Mapper, columns: &[u16], kinds: &[Kind]) -> bool {
    columns.iter().zip(kinds).all(|(&column, &kind)| is_gathered(mapper, column, kind))
}

/// Makes rows of so many columns, one after another, a list for each column.
fn columns_of(values: Vec<Value>, width: usize) -> Vec<Vec<Value>> {
    let mut columns: Vec<Vec<Value>> = (0..width).map(|_| Vec::with_capacity(values.len() / width)).collect();
    let mut values = values.into_iter().peekable();
    while values.peek().is_some() {
        columns.iter_mut().zip(&mut values).for_each(|(column, value)| column.push(value));
    }
    columns
}

/// Returns the types of the columns, if every row has plain values of the same.
pub(super) fn uniform_kinds(rows: &[Vec<Node>]) -> Option<Vec<Kind>> {
    let kinds: Vec<Kind> = rows.first()?.iter().map(kind).collect::<Option<_>>()?;
    let is_like_the_first = |row: &Vec<Node>| row.iter().zip(&kinds).all(|(node, known)| kind(node) == Some(*known));
    rows.iter().all(is_like_the_first).then_some(kinds)
}

/// Returns whether a column takes what `unnest` makes of an array: not where that would take an array apart too far, nor
/// where a parameter's text becomes the value of a type that no text is assigned to.
fn is_gathered(mapper: &Mapper, column: u16, kind: Kind) -> bool {
    let definition = &mapper.definition().columns[usize::from(column)];
    let is_plain_type = || {
        let own =
            matches!((definition.column_type)(), ColumnType::Custom(_) | ColumnType::Enum { is_native: true, .. });
        !own && !definition.has_own_type()
    };
    match kind {
        Kind::Array(_) => false,
        // Labels say which type they are of.
        Kind::Enum(_) => true,
        _ => is_plain_type(),
    }
}

/// Makes an array of values of one type.
fn array(element: Kind, values: Vec<Value>) -> Option<Node> {
    let Kind::Array(element) = element.array() else { return None };
    Some(Node::Bind(Value::Array(element, values)))
}

fn bound(node: Node) -> Option<Value> {
    match node {
        Node::Bind(value) => Some(value),
        _ => None,
    }
}
