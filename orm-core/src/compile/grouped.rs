//! Expressions with values of GROUP BY, DISTINCT ON and SELECT DISTINCT that stand elsewhere in the statement as well.
//!
//! PostgreSQL takes two parameters for two values, so that `coalesce(n, $1)` is not grouped by `coalesce(n, $2)`: the same
//! expression takes the same parameters. MySQL has no parameter that stands twice: there it is said that the expression has one
//! value for each group.

use super::property::property;
use super::structure::{Fingerprint, fingerprint};
use crate::mapper::Property;
use crate::sql::{Node, Nullability, Output, OutputKind, SelectNode};

/// Has MariaDB and MySQL know expressions of GROUP BY in HAVING, where they know columns and aggregates alone: the least of a group's
/// equal values is each of them.
pub(super) fn aggregate_having(select: &mut SelectNode) {
    if select.having.is_empty() {
        return;
    }
    let is_expression = |node: &&Node| match node {
        Node::LabelName(_) | Node::Bind(_) => false,
        Node::Column { .. } => property_name(node).is_some(),
        _ => true,
    };
    let grouped: Vec<Fingerprint> = select.group_by.iter().filter(is_expression).map(fingerprint).collect();
    if !grouped.is_empty() {
        select.having.iter_mut().for_each(|node| wrap(node, &grouped, "min"));
    }
}

/// Has MySQL take an expression of GROUP BY with values, or with a subquery, for what has one value for each group wherever else it
/// stands.
pub(super) fn take_any_value(select: &mut SelectNode) {
    let is_unsure = |node: &&Node| has_value(node) || has_subquery(node, 0);
    let grouped: Vec<Fingerprint> = select.group_by.iter().filter(is_unsure).map(fingerprint).collect();
    if !grouped.is_empty() {
        for output in &mut select.outputs {
            if let OutputKind::Expression(node) = &mut output.kind {
                let name = property_name(node);
                wrap(node, &grouped, "any_value");
                if let (Some(name), Node::Function { .. }) = (name, &*node) {
                    let named = std::mem::replace(node, Node::Star);
                    *node = Node::Label { node: Box::new(named), name };
                }
            }
        }
    }
    let selected =
        select.outputs.iter().filter_map(Output::unlabelled).filter(|node| select.distinct && is_unsure(node));
    let known: Vec<Fingerprint> = selected.map(fingerprint).chain(grouped).collect();
    if !known.is_empty() {
        select.order_by.iter_mut().for_each(|item| wrap(&mut item.node, &known, "any_value"));
    }
}

/// Puts each of the known expressions into a call of a function, but where it is in an aggregate, which takes any.
fn wrap(node: &mut Node, known: &[Fingerprint], function: &'static str) {
    if node.is_aggregate() {
        return;
    }
    if let Node::Over { call, window } = node {
        // An aggregate over a window sees the groups.
        let parts = call.parts_mut().into_iter().chain(window.parts_mut());
        return parts.for_each(|part| wrap(part, known, function));
    }
    if !matches!(node, Node::Bind(_)) {
        let own = fingerprint(node);
        if known.iter().any(|other| other.is(&own)) {
            let inner = std::mem::replace(node, Node::Star);
            *node = Node::Function {
                name: function.into(),
                arguments: vec![inner],
                distinct: false,
                nullability: Nullability::Strict,
            };
            return;
        }
    }
    node.parts_mut().into_iter().for_each(|part| wrap(part, known, function));
}

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

/// How deep columns that queries compute are looked into: one that is made of itself is refused where it is written.
const DEEPEST: usize = 8;

/// Returns whether a subquery is in it, also by a column that queries compute.
fn has_subquery(node: &Node, depth: usize) -> bool {
    let mut found = !node.selects().is_empty();
    node.visit(&mut |node| {
        if let Node::Column { mapper, column, alias } = node
            && let Some(Property::Of(expression)) = property(mapper, *column, *alias)
        {
            found |= depth < DEEPEST && has_subquery(&expression(), depth + 1);
        }
    });
    found
}

/// Returns the name under which a column is selected that queries compute.
fn property_name(node: &Node) -> Option<&'static str> {
    let Node::Column { mapper, column, alias } = node else { return None };
    property(mapper, *column, *alias).map(|_| mapper.definition().columns[usize::from(*column)].name)
}

fn has_value(node: &Node) -> bool {
    let mut found = false;
    node.visit(&mut |node| found |= matches!(node, Node::Bind(_)));
    found
}
