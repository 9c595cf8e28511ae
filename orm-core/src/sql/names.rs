//! What the columns of a query are called when it stands inside another.

use super::from::FromItem;
use super::{JoinNode, Node, Output, OutputKind, SelectNode};

/// Names the columns of a query: by their column or label, a function by its name and a number, anything else `anon_1`.
///
/// A name that is taken gets a number as well: SQLAlchemy's rule.
pub(crate) fn output_names(outputs: &[Output], select: Option<&SelectNode>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for output in outputs {
        match &output.kind {
            OutputKind::Entity { mapper, .. } => {
                for column in mapper.definition().columns {
                    push(&mut names, column.name, false);
                }
            }
            OutputKind::Expression(node) => match natural_name(node, select) {
                Some(name) => push(&mut names, &name, false),
                None => push(&mut names, anonymous_name(node), true),
            },
        }
    }
    names
}

/// Lists the columns of a query one by one, with their names.
pub(crate) fn output_columns(outputs: &[Output], select: Option<&SelectNode>) -> Vec<(String, Output)> {
    let mut columns = Vec::new();
    for output in outputs {
        match output.kind {
            OutputKind::Entity { mapper, alias } => columns.extend((0..mapper.width() as u16).map(|column| {
                let nullable = output.nullable || mapper.definition().columns[usize::from(column)].nullable;
                Output::expression(Node::Column { mapper, column, alias }, nullable)
            })),
            OutputKind::Expression(_) => columns.push(output.clone()),
        }
    }
    output_names(outputs, select).into_iter().zip(columns).collect()
}

/// Returns what a database calls the column by itself, or the label.
pub(crate) fn natural_name(node: &Node, select: Option<&SelectNode>) -> Option<String> {
    match node.untyped() {
        Node::Column { mapper, column, .. } => Some(mapper.definition().columns[usize::from(*column)].name.to_owned()),
        Node::Label { name, .. } => Some((*name).to_owned()),
        Node::Field { source, index, .. } => {
            let select = select?;
            let mut items = select.from.iter().chain(select.joins.iter().filter_map(JoinNode::item));
            let derived = items.find(|item| item.reference().alias == *source).and_then(FromItem::derived)?;
            derived.columns.get(usize::from(*index)).cloned()
        }
        _ => None,
    }
}

fn anonymous_name(node: &Node) -> &str {
    match node {
        Node::Function { name, .. } if is_plain(name) => name,
        Node::Compared { call, .. } => anonymous_name(call),
        _ => "anon",
    }
}

fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Adds a name that is not taken.
fn push(names: &mut Vec<String>, name: &str, is_numbered: bool) {
    let is_free = |candidate: &str| !names.iter().any(|known| known == candidate);
    let name = if !is_numbered && is_free(name) {
        name.to_owned()
    } else {
        (1..).map(|number| format!("{name}_{number}")).find(|candidate| is_free(candidate)).unwrap_or_default()
    };
    names.push(name);
}
