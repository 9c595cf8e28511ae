//! The paths of a query's options become a tree per model, with the relationships that are always loaded.

use super::options::{LoadPath, LoadStep};
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Lazy, Mapper, RelationshipInfo};
use crate::sql::{Node, OrderItem};

/// A relationship to load, and what is loaded of its members.
#[derive(Clone, Debug)]
pub(crate) struct LoadNode {
    pub(crate) owner: &'static Mapper,
    pub(crate) index: u16,
    pub(crate) filters: Vec<Node>,
    pub(crate) order_by: Vec<OrderItem>,
    pub(crate) limit: Option<u64>,
    pub(crate) children: Vec<LoadNode>,
}

/// What is loaded with the objects of one model.
pub(crate) struct Plan {
    pub(crate) root: &'static Mapper,
    pub(crate) nodes: Vec<LoadNode>,
}

impl Plan {
    /// Makes the plans for a query that selects these models.
    pub(crate) fn of(roots: &[&'static Mapper], paths: &[LoadPath]) -> Result<Vec<Plan>> {
        let mut plans: Vec<Plan> = Vec::new();
        for &root in roots {
            if !plans.iter().any(|plan| plan.root.is(root)) {
                plans.push(Plan { root, nodes: Vec::new() });
            }
        }
        for path in paths {
            let Some(first) = path.steps.first() else { continue };
            let Some(plan) = plans.iter_mut().find(|plan| plan.root.is(first.owner)) else {
                return Err(missing_root(first));
            };
            merge(&mut plan.nodes, &path.steps);
        }
        for plan in &mut plans {
            add_defaults(plan.root, &mut plan.nodes, &mut Vec::new())?;
        }
        plans.retain(|plan| !plan.nodes.is_empty());
        Ok(plans)
    }
}

fn missing_root(step: &LoadStep) -> Error {
    let name = step.owner.definition.name;
    let field = step.owner.definition.relationships[usize::from(step.index)].name;
    let message = format!("the option for `{name}.{field}` does not start at what the query selects");
    Error::new(ErrorKind::Argument, message)
        .hint(format!("select `{name}`, or begin the path with a relationship of a model that the query selects"))
}

/// Adds a path to a tree; the constraints of the last mention of a relationship hold.
fn merge(nodes: &mut Vec<LoadNode>, steps: &[LoadStep]) {
    let [step, rest @ ..] = steps else { return };
    let known = nodes.iter().position(|node| node.index == step.index && node.owner.is(step.owner));
    let position = known.unwrap_or_else(|| {
        nodes.push(LoadNode::bare(step.owner, step.index));
        nodes.len() - 1
    });
    let node = &mut nodes[position];
    if !step.filters.is_empty() || !step.order_by.is_empty() || step.limit.is_some() {
        node.filters.clone_from(&step.filters);
        node.order_by.clone_from(&step.order_by);
        node.limit = step.limit;
    }
    merge(&mut node.children, rest);
}

/// Adds the relationships that a model always loads, and those of the members, without going round in a ring.
fn add_defaults(mapper: &'static Mapper, nodes: &mut Vec<LoadNode>, above: &mut Vec<usize>) -> Result<()> {
    above.push(mapper.id());
    for (index, definition) in mapper.definition.relationships.iter().enumerate() {
        let index = index as u16;
        let is_eager = matches!(definition.lazy, Lazy::Joined | Lazy::Selectin | Lazy::Subquery);
        let is_known = nodes.iter().any(|node| node.index == index && node.owner.is(mapper));
        if is_eager && !is_known && !above.contains(&(definition.target)().id()) {
            nodes.push(LoadNode::bare(mapper, index));
        }
    }
    add_below(nodes, above)?;
    above.pop();
    Ok(())
}

fn add_below(nodes: &mut [LoadNode], above: &mut Vec<usize>) -> Result<()> {
    for node in nodes {
        // What cannot be joined is told before anything is sent.
        node.info()?;
        let target = (node.owner.definition.relationships[usize::from(node.index)].target)();
        add_defaults(target, &mut node.children, above)?;
    }
    Ok(())
}

impl LoadNode {
    /// A relationship without constraints and without anything below.
    pub(crate) fn bare(owner: &'static Mapper, index: u16) -> Self {
        LoadNode { owner, index, filters: vec![], order_by: vec![], limit: None, children: vec![] }
    }

    /// A relationship without constraints, and what its members always load.
    pub(crate) fn plain(owner: &'static Mapper, index: u16) -> Result<Self> {
        let mut nodes = vec![LoadNode::bare(owner, index)];
        add_below(&mut nodes, &mut vec![owner.id()])?;
        Ok(nodes.remove(0))
    }

    /// Returns whether it leaves members out.
    pub(crate) fn is_partial(&self) -> bool {
        !self.filters.is_empty() || self.limit.is_some()
    }

    pub(crate) fn info(&self) -> Result<&'static RelationshipInfo> {
        Ok(&self.owner.configured()?.relationships[usize::from(self.index)])
    }
}
