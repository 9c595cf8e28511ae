//! Expressions of GROUP BY, DISTINCT ON and ORDER BY that are selected as well, by their position among what is selected.
//!
//! PostgreSQL takes two parameters for two values, so that `coalesce(n, $1)` is not grouped by `coalesce(n, $2)`.

use super::eager::width;
use super::structure::{Fingerprint, fingerprint};
use crate::sql::{Node, SelectNode};

/// Puts positions in the place of expressions with values, where the very same are selected with the same values.
pub(super) fn by_position(select: &mut SelectNode) {
    if select.group_by.is_empty() && select.distinct_on.is_empty() && !select.distinct {
        return;
    }
    if select.eager.is_some() || select.set.is_some() {
        // What is selected stands elsewhere in the text then.
        return;
    }
    let mut selected: Vec<(usize, Fingerprint)> = Vec::new();
    for (index, output) in select.outputs.iter().enumerate() {
        if let Some(node) = output.unlabelled().filter(|node| has_value(node)) {
            selected.push((width(&select.outputs[..index]) + 1, fingerprint(node)));
        }
    }
    if selected.is_empty() {
        return;
    }
    let put = |node: &mut Node| {
        if !has_value(node) {
            return;
        }
        let own = fingerprint(node);
        if let Some((position, _)) = selected.iter().find(|(_, known)| known.is(&own)) {
            *node = Node::Sql(position.to_string().into());
        }
    };
    select.group_by.iter_mut().for_each(put);
    select.distinct_on.iter_mut().for_each(put);
    select.order_by.iter_mut().for_each(|item| put(&mut item.node));
}

fn has_value(node: &Node) -> bool {
    let mut found = false;
    node.visit(&mut |node| found |= matches!(node, Node::Bind(_)));
    found
}
