//! Expressions with values of GROUP BY, DISTINCT ON and SELECT DISTINCT that stand elsewhere in the statement as well.
//!
//! PostgreSQL takes two parameters for two values, so that `coalesce(n, $1)` is not grouped by `coalesce(n, $2)`: the same
//! expression takes the same parameters.

use super::structure::{Fingerprint, fingerprint};
use crate::sql::{Node, Output, OutputKind, SelectNode};

/// Has `lift` take the values out of such expressions, each once, and puts what is left of it wherever the same expression
/// stands with the same values.
pub(super) fn share_parameters(select: &mut SelectNode, mut lift: impl FnMut(&mut Node)) {
    let selected = select.outputs.iter().filter_map(Output::unlabelled).filter(|_| select.distinct);
    let mut known: Vec<(Fingerprint, Node)> = Vec::new();
    for node in select.group_by.iter().chain(&select.distinct_on).chain(selected) {
        if !has_value(node) || !node.selects().is_empty() {
            continue;
        }
        let own = fingerprint(node);
        if !known.iter().any(|(other, _)| other.is(&own)) {
            let mut node = node.clone();
            lift(&mut node);
            known.push((own, node));
        }
    }
    if known.is_empty() {
        return;
    }
    for output in &mut select.outputs {
        if let OutputKind::Expression(node) = &mut output.kind {
            share(node, &known);
        }
    }
    select.group_by.iter_mut().for_each(|node| share(node, &known));
    select.distinct_on.iter_mut().for_each(|node| share(node, &known));
    select.having.iter_mut().for_each(|node| share(node, &known));
    select.order_by.iter_mut().for_each(|item| share(&mut item.node, &known));
}

fn share(node: &mut Node, known: &[(Fingerprint, Node)]) {
    if !has_value(node) {
        return;
    }
    let own = fingerprint(node);
    match known.iter().find(|(other, _)| other.is(&own)) {
        Some((_, lifted)) => *node = lifted.clone(),
        None => node.parts_mut().into_iter().for_each(|part| share(part, known)),
    }
}

fn has_value(node: &Node) -> bool {
    let mut found = false;
    node.visit(&mut |node| found |= matches!(node, Node::Bind(_)));
    found
}
