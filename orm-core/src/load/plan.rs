//! The paths of a query's options become a tree per model, with the relationships that are always loaded.

use super::columns::{ColumnRule, deferred, expressions, left_out};
use super::options::{LoadPath, LoadStep, Strategy};
use super::select::owner_join;
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Alias, Lazy, Mapper, RelationshipInfo};
use crate::sql::{Criterion, Given, Node, OrderItem};

/// A relationship to load, and what is loaded of its members.
#[derive(Clone, Debug)]
pub(crate) struct LoadNode {
    pub(crate) owner: &'static Mapper,
    pub(crate) index: u16,
    pub(crate) strategy: Strategy,
    /// The alias by which the conditions and the order name the owner.
    pub(crate) start: Alias,
    pub(crate) filters: Vec<Node>,
    pub(crate) order_by: Vec<OrderItem>,
    pub(crate) limit: Option<u64>,
    pub(crate) chunk: Option<usize>,
    pub(crate) recursion: u32,
    /// What is said of the members' columns.
    rules: Vec<ColumnRule>,
    /// The columns of the members that are not asked for.
    pub(crate) left_out: Vec<u16>,
    /// What the query computes columns of the members by.
    pub(crate) given: Vec<(u16, Node)>,
    /// What the query says of every row of some models.
    pub(crate) criteria: Vec<Criterion>,
    pub(crate) children: Vec<LoadNode>,
}

/// What is loaded with the objects of one model.
pub(crate) struct Plan {
    pub(crate) root: &'static Mapper,
    pub(crate) nodes: Vec<LoadNode>,
    /// The columns that are not asked for.
    pub(crate) left_out: Vec<u16>,
    /// What the query computes columns by.
    pub(crate) given: Vec<(u16, Node)>,
}

impl Plan {
    /// Has conditions hold for every row of some models in all that is loaded.
    pub(crate) fn restrict(&mut self, criteria: &[Criterion]) {
        self.nodes.iter_mut().for_each(|node| node.restrict(criteria));
    }

    /// Makes the plans for a query that selects these models.
    pub(crate) fn of(roots: &[(&'static Mapper, Alias)], paths: &[LoadPath]) -> Result<Vec<Plan>> {
        let mut plans: Vec<Plan> = Vec::new();
        paths.iter().try_for_each(|path| check_aliases(roots, path))?;
        for &(root, _) in roots {
            if !plans.iter().any(|plan| plan.root.is(root)) {
                let rules: Vec<ColumnRule> = rules_of(root, paths).cloned().collect();
                let (left_out, given) = (left_out(root, &rules)?, expressions(root, &rules)?);
                plans.push(Plan { root, nodes: Vec::new(), left_out, given });
            }
        }
        // What stands for all relationships yields to what names one, wherever it was written.
        let is_wild = |path: &&LoadPath| path.steps.last().is_some_and(|step| step.index.is_none());
        for path in paths.iter().filter(|path| !is_wild(path)).chain(paths.iter().filter(is_wild)) {
            let Some(plan) = plans.iter_mut().find(|plan| plan.root.is(path.root)) else {
                return Err(missing_root(path));
            };
            merge(&mut plan.nodes, &path.steps);
        }
        for plan in &mut plans {
            resolve(plan.root, &mut plan.nodes, &mut Vec::new())?;
        }
        plans.retain(|plan| plan.loads() || !plan.left_out.is_empty() || !plan.given.is_empty());
        Ok(plans)
    }

    /// Returns whether it loads relationships.
    pub(crate) fn loads(&self) -> bool {
        !self.nodes.is_empty()
    }

    /// Refuses members that a join of the user's own brings, where several rows are one object with several members.
    pub(crate) fn refuse_contained_members(&self) -> Result<()> {
        refuse_contained_members(&self.nodes)
    }
}

fn refuse_contained_members(nodes: &[LoadNode]) -> Result<()> {
    for node in nodes.iter().filter(|node| matches!(node.strategy, Strategy::Contained(_))) {
        let info = node.info()?;
        if !info.is_to_one() {
            let name = info.name();
            let message = format!("`yield_per` would cut `{name}`, whose members come in rows of their own");
            return Err(Error::new(ErrorKind::InvalidRequest, message)
                .hint(format!("use `selectinload({name})` instead of `contains_eager({name})`")));
        }
        refuse_contained_members(&node.children)?;
    }
    Ok(())
}

fn rules_of<'p>(root: &'static Mapper, paths: &'p [LoadPath]) -> impl Iterator<Item = &'p ColumnRule> {
    paths.iter().filter(move |path| path.root.is(root)).flat_map(|path| &path.columns)
}

/// Refuses a path that starts at, or goes on from, an alias that is not there.
fn check_aliases(roots: &[(&'static Mapper, Alias)], path: &LoadPath) -> Result<()> {
    let Some(first) = path.steps.first() else { return Ok(()) };
    let mut aliases = roots.iter().filter(|(root, _)| root.is(path.root)).map(|&(_, alias)| alias);
    if first.start != Alias::NONE && aliases.clone().next().is_some() {
        if aliases.clone().all(|alias| alias != first.start) {
            return Err(missing_alias(first, "the query does not select"));
        }
        if aliases.any(|alias| alias != first.start) {
            let name = path.root.definition.name;
            return Err(missing_alias(first, "the query does not select alone").hint(format!(
                "an option holds for every `{name}` that a query selects: begin the path with `{name}.…`"
            )));
        }
    }
    for pair in path.steps.windows(2) {
        let is_there = matches!(pair[0].strategy, Strategy::Contained(alias) if alias == pair[1].start);
        if pair[1].start != Alias::NONE && !is_there {
            let name = pair[1].owner.definition.name;
            return Err(missing_alias(&pair[1], "the step before it does not lead to").hint(format!(
                "lead there by `contains_eager(….of(alias))`, which names a join of the query, or go on with `{name}.…`"
            )));
        }
    }
    Ok(())
}

fn missing_alias(step: &LoadStep, why: &str) -> Error {
    let name = step.owner.definition.name;
    let field = step.index.map_or("*", |index| step.owner.definition.relationships[usize::from(index)].name);
    let alias = step.start.name().unwrap_or_default();
    let message = format!("the option for `{name}.{field}` starts at the alias `{alias}`, which {why}");
    Error::new(ErrorKind::Argument, message)
}

fn missing_root(path: &LoadPath) -> Error {
    let name = path.root.definition.name;
    let step = path.steps.first().and_then(|step| step.index);
    let field = step.map_or("*", |index| path.root.definition.relationships[usize::from(index)].name);
    let message = format!("the option for `{name}.{field}` does not start at what the query selects");
    Error::new(ErrorKind::Argument, message)
        .hint(format!("select `{name}`, or begin the path with a relationship of a model that the query selects"))
}

/// Adds a path to a tree; what the last mention of a relationship says of it holds.
fn merge(nodes: &mut Vec<LoadNode>, steps: &[LoadStep]) {
    let [step, rest @ ..] = steps else { return };
    let Some(index) = step.index else {
        for index in 0..step.owner.definition.relationships.len() as u16 {
            if position(nodes, step.owner, index).is_none() {
                nodes.push(LoadNode { strategy: step.strategy, ..LoadNode::bare(step.owner, index) });
            }
        }
        return;
    };
    let position = position(nodes, step.owner, index).unwrap_or_else(|| {
        nodes.push(LoadNode { strategy: Strategy::Default, ..LoadNode::bare(step.owner, index) });
        nodes.len() - 1
    });
    let node = &mut nodes[position];
    if step.strategy != Strategy::Default {
        node.strategy = step.strategy;
    }
    if step.is_constrained() {
        node.start = step.start;
        node.filters.clone_from(&step.filters);
        node.order_by.clone_from(&step.order_by);
        node.limit = step.limit;
    }
    node.chunk = step.chunk.or(node.chunk);
    node.recursion = node.recursion.max(step.recursion);
    node.rules.extend(step.columns.iter().cloned());
    merge(&mut node.children, rest);
}

fn position(nodes: &[LoadNode], owner: &Mapper, index: u16) -> Option<usize> {
    nodes.iter().position(|node| node.index == index && node.owner.is(owner))
}

/// Adds the relationships that a model always loads, and those of the members, without going round in a ring; decides on
/// what options have left to the model.
fn resolve(mapper: &'static Mapper, nodes: &mut Vec<LoadNode>, above: &mut Vec<usize>) -> Result<()> {
    above.push(mapper.id());
    for (index, definition) in mapper.definition.relationships.iter().enumerate() {
        let index = index as u16;
        let Some(strategy) = always(definition.lazy) else { continue };
        let target = (definition.target)().id();
        // Of a relationship of a model to itself there is one level.
        let most = usize::from(target == mapper.id());
        let is_ring = above.iter().filter(|&&model| model == target).count() > most;
        if position(nodes, mapper, index).is_none() && !is_ring {
            nodes.push(LoadNode { strategy, ..LoadNode::bare(mapper, index) });
        }
    }
    resolve_below(nodes, above)?;
    above.pop();
    Ok(())
}

fn resolve_below(nodes: &mut [LoadNode], above: &mut Vec<usize>) -> Result<()> {
    for node in nodes {
        // What cannot be joined is told before anything is sent.
        let info = node.info()?;
        if node.strategy == Strategy::Default {
            node.strategy = always(info.definition.lazy).unwrap_or(Strategy::Lazy);
        }
        if node.is_left_out() {
            node.refuse_children(info)?;
            continue;
        }
        if !node.is_in_rows() {
            owner_join(node, info)?;
        }
        node.left_out = left_out(info.target, &node.rules)?;
        node.given = expressions(info.target, &node.rules)?;
        resolve(info.target, &mut node.children, above)?;
    }
    Ok(())
}

/// How a relationship is loaded with every query, if it is.
fn always(lazy: Lazy) -> Option<Strategy> {
    match lazy {
        Lazy::Select | Lazy::Raise | Lazy::RaiseOnSql | Lazy::WriteOnly => None,
        Lazy::Joined => Some(Strategy::Joined { inner: false }),
        Lazy::Selectin => Some(Strategy::Selectin),
        Lazy::Subquery => Some(Strategy::Subquery),
    }
}

impl LoadNode {
    /// A relationship without constraints and without anything below.
    pub(crate) fn bare(owner: &'static Mapper, index: u16) -> Self {
        LoadNode {
            owner,
            index,
            strategy: Strategy::Selectin,
            start: Alias::NONE,
            filters: vec![],
            order_by: vec![],
            limit: None,
            chunk: None,
            recursion: 0,
            rules: vec![],
            left_out: vec![],
            given: vec![],
            criteria: vec![],
            children: vec![],
        }
    }

    /// Leaves out the columns that its members' model says are left out.
    pub(crate) fn without_deferred(mut self) -> Self {
        let definition = &self.owner.definition.relationships[usize::from(self.index)];
        self.left_out = deferred((definition.target)()).collect();
        self
    }

    /// A relationship without constraints, and what its members always load.
    pub(crate) fn plain(owner: &'static Mapper, index: u16) -> Result<Self> {
        let mut nodes = vec![LoadNode::bare(owner, index)];
        resolve_below(&mut nodes, &mut vec![owner.id()])?;
        Ok(nodes.remove(0))
    }

    /// Returns whether a table is the owner's, as the conditions and the order name it.
    fn is_owner(&self, mapper: &Mapper, alias: Alias, info: &RelationshipInfo) -> bool {
        let is_target = alias == Alias::NONE && info.is_to_itself();
        mapper.is(info.owner) && (alias == self.start || alias == Alias::NONE) && !is_target
    }

    /// Returns whether the conditions or the order of the members are about their owner too.
    pub(super) fn mentions_owner(&self, info: &RelationshipInfo) -> bool {
        let mut mentions = false;
        for node in self.filters.iter().chain(self.order_by.iter().map(|item| &item.node)) {
            node.visit(&mut |node| match node {
                Node::Column { mapper, alias, .. } => mentions |= self.is_owner(mapper, *alias, info),
                Node::Related { relation, .. } => mentions |= self.is_owner(relation.owner, relation.alias, info),
                _ => {}
            });
        }
        mentions
    }

    /// Returns what columns of the members, under an alias, are computed by.
    pub(super) fn given_to(&self, target: &'static Mapper, alias: Alias) -> Vec<Given> {
        self.given.iter().map(|(column, node)| Given::new(target, alias, *column, node)).collect()
    }

    /// Returns whether it leaves members out.
    pub(crate) fn is_partial(&self) -> bool {
        !self.filters.is_empty()
            || self.limit.is_some()
            || self.criteria.iter().any(|criterion| self.leads_to(criterion.mapper))
            || matches!(self.strategy, Strategy::Contained(_))
    }

    fn leads_to(&self, mapper: &Mapper) -> bool {
        let info = self.info().ok();
        info.is_some_and(|info| {
            info.target.is(mapper) || info.secondary.as_ref().is_some_and(|between| between.mapper.is(mapper))
        })
    }

    fn restrict(&mut self, criteria: &[Criterion]) {
        self.criteria = criteria.to_vec();
        self.children.iter_mut().for_each(|child| child.restrict(criteria));
    }

    /// Returns whether the query is not to load it.
    pub(crate) fn is_left_out(&self) -> bool {
        matches!(self.strategy, Strategy::Lazy | Strategy::Raise { .. })
    }

    /// Returns whether it is to come in the rows of its owners.
    pub(crate) fn is_in_rows(&self) -> bool {
        matches!(self.strategy, Strategy::Joined { .. } | Strategy::Contained(_))
    }

    /// Returns whether it, or something below it, is loaded by a repetition of the query.
    pub(crate) fn repeats_query(&self) -> bool {
        self.strategy == Strategy::Subquery || self.children.iter().any(LoadNode::repeats_query)
    }

    pub(crate) fn info(&self) -> Result<&'static RelationshipInfo> {
        Ok(&self.owner.configured()?.relationships[usize::from(self.index)])
    }

    fn refuse_children(&mut self, info: &RelationshipInfo) -> Result<()> {
        self.children.retain(|child| !child.is_left_out());
        if self.children.is_empty() {
            return Ok(());
        }
        let name = info.name();
        let message = format!("`{name}` is not loaded by this query, so that nothing can be loaded below it");
        Err(Error::new(ErrorKind::Argument, message).hint(format!("begin the path with `selectinload({name})`")))
    }

    /// Returns what is loaded of its members along the same relationship, where that goes on.
    pub(crate) fn deeper(&self) -> Option<LoadNode> {
        let recursion = self.recursion.checked_sub(1)?;
        let strategy = if self.strategy == Strategy::Subquery { Strategy::Subquery } else { Strategy::Selectin };
        Some(LoadNode { recursion, strategy, ..self.clone() })
    }
}
