//! Relationships that come in the rows of a SELECT: the joins that bring them, and where in a row they are.
//!
//! In: a SELECT and the relationships of what it selects. Out: the SELECT with joins, wrapped as a subquery where they
//! would change which rows it gives, and [`Joins`], by which [`values`](super::values) and [`managed`](super::managed)
//! take the rows apart.

use super::options::Strategy;
use super::{LoadNode, Plan};
use crate::compile::width;
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Alias, Mapper, RelationshipInfo, Row};
use crate::session::{Key, places};
use crate::sql::{
    EagerJoin, EagerNode, FromItem, Given, JoinKind, JoinNode, Node, OrderItem, Output, OutputKind, RelationReference,
    SelectNode, Statement, Wrap,
};

/// Adds to a statement what its plans want joined, and keeps it as it was where one of them repeats it.
pub(crate) fn attach<'p>(
    statement: &mut Statement,
    plans: &'p [Plan],
    query: &mut Option<SelectNode>,
) -> Result<Option<Joins<'p>>> {
    let Statement::Select(select) = statement else { return Ok(None) };
    if plans.is_empty() {
        return Ok(None);
    }
    leave_out(select, plans)?;
    if plans.iter().flat_map(|plan| &plan.nodes).any(LoadNode::repeats_query) {
        *query = Some((**select).clone());
    }
    Joins::attach(select, plans)
}

/// Leaves out the columns of what a SELECT selects that are not asked for; those of a compound's members have to agree.
fn leave_out(select: &mut SelectNode, plans: &[Plan]) -> Result<()> {
    if select.set.is_some() {
        if plans.iter().all(|plan| plan.given.is_empty()) {
            return Ok(());
        }
        let message = "`with_expression` cannot say what a column of a compound is, whose members have it or not";
        return Err(Error::new(ErrorKind::Argument, message)
            .hint("say it of a query over the compound: `select(compound.subquery(\"all\"))`"));
    }
    let mut given = Vec::new();
    for output in &mut select.outputs {
        let Some((mapper, alias)) = output.model() else { continue };
        let Some(plan) = plans.iter().find(|plan| plan.root.is(mapper)) else { continue };
        output.left_out = plan.left_out.as_slice().into();
        given.extend(plan.given.iter().map(|(column, node)| Given::new(mapper, alias, *column, node)));
    }
    give(select, given);
    Ok(())
}

/// Says what the SELECT computes columns by.
fn give(select: &mut SelectNode, given: Vec<Given>) {
    if !given.is_empty() {
        select.given.extend(given);
    }
}

/// Where in the rows of a SELECT its objects are, and the relationships that come with them.
pub(crate) struct Joins<'p> {
    /// The objects that the SELECT itself selects.
    pub(crate) entities: Vec<EntityAt>,
    /// What tells one row of the SELECT itself from another, where joins multiply them.
    identity: Identity,
    nodes: Vec<Joined<'p>>,
}

/// An object of a row.
#[derive(Clone, Copy)]
pub(crate) struct EntityAt {
    pub(crate) mapper: &'static Mapper,
    alias: Alias,
    pub(crate) at: usize,
}

enum Identity {
    /// The rows are not multiplied.
    Row,
    /// By these columns.
    Columns(Vec<usize>),
}

/// A relationship in the rows.
pub(crate) struct Joined<'p> {
    pub(crate) node: &'p LoadNode,
    pub(crate) info: &'static RelationshipInfo,
    /// The position of the owner among the entities, for the relationships of what the SELECT itself selects.
    pub(crate) entity: usize,
    pub(crate) at: usize,
    pub(crate) children: Vec<Joined<'p>>,
}

impl EntityAt {
    /// Returns whether an outer join found nothing here.
    pub(crate) fn is_null(&self, row: &Row<'_>) -> bool {
        is_null(row, self.at, self.mapper)
    }
}

/// Says that members cannot be taken from rows that do not have them.
fn not_joined(info: &RelationshipInfo, alias: Alias) -> Error {
    let (name, table) = (info.name(), info.target.definition.table);
    let under = alias.name().map_or_else(String::new, |alias| format!(" as `{alias}`"));
    let message =
        format!("`contains_eager({name})` takes members from the rows of a query that does not join `{table}`{under}");
    Error::new(ErrorKind::Argument, message).hint(format!(
        "join them by `.join({name})` or `.outerjoin({name})`, or use `selectinload({name})`, which asks for them itself"
    ))
}

fn is_null(row: &Row<'_>, at: usize, mapper: &Mapper) -> bool {
    mapper.definition.key.iter().all(|&column| row.value(at + usize::from(column)).is_null())
}

impl<'p> Joins<'p> {
    /// Adds to a SELECT what its plans want joined; none where that is nothing, or cannot be.
    fn attach(select: &mut SelectNode, plans: &'p [Plan]) -> Result<Option<Self>> {
        let is_alone = is_alone(select);
        Joins::attach_to(select, is_alone, &|mapper| {
            plans.iter().find(|plan| plan.root.is(mapper)).map_or(&[], |plan| plan.nodes.as_slice())
        })
    }

    /// The same for a SELECT of members, where only they have relationships to be loaded.
    pub(super) fn attach_children(select: &mut SelectNode, node: &'p LoadNode) -> Result<Option<Self>> {
        // A member comes once for each owner, whose key is among the columns.
        Joins::attach_to(select, true, &|_| node.children.as_slice())
    }

    fn attach_to(
        select: &mut SelectNode,
        is_alone: bool,
        nodes_of: &dyn Fn(&Mapper) -> &'p [LoadNode],
    ) -> Result<Option<Self>> {
        let entities = entities(select);
        let wanted = |entity: &EntityAt| nodes_of(entity.mapper).iter().any(LoadNode::is_in_rows);
        if select.limit_per.is_some() || !entities.iter().any(wanted) {
            return Ok(None);
        }
        let mut building = Building::of(select);
        let own = identity(select);
        let mut nodes = building.contained(select, &entities, nodes_of)?;
        let multiplies = nodes.iter().any(Joined::is_many);
        let mut identity = if multiplies { Identity::Columns(own) } else { Identity::Row };
        // What an outer join may not find cannot be locked.
        if nodes.is_empty() && select.lock.is_none() {
            nodes = building.joined(select, &entities, nodes_of)?;
            identity = building.place(select, &entities, is_alone, nodes.iter().any(Joined::is_many));
            shift(&mut nodes, usize::from(building.eager.wrap == Wrap::Numbered));
        }
        building.finish(select);
        Ok((!nodes.is_empty()).then_some(Joins { entities, identity, nodes }))
    }

    /// Returns whether this relationship of what the SELECT selects comes in its rows.
    pub(crate) fn has(&self, node: &LoadNode) -> bool {
        self.nodes.iter().any(|joined| std::ptr::eq(joined.node, node))
    }

    pub(crate) fn nodes(&self) -> &[Joined<'p>] {
        &self.nodes
    }

    /// Returns what tells this row of the SELECT itself from another; nothing where each row is one.
    pub(crate) fn identity(&self, row: &Row<'_>) -> Option<Key> {
        match &self.identity {
            Identity::Row => None,
            Identity::Columns(columns) => Some(Key::of_row_with_null(row, columns)),
        }
    }
}

impl<'p> Joined<'p> {
    /// Returns whether a row has no member here.
    pub(crate) fn is_null(&self, row: &Row<'_>) -> bool {
        is_null(row, self.at, self.info.target)
    }

    /// Returns the key of the member in a row.
    pub(crate) fn key(&self, row: &Row<'_>) -> Option<Key> {
        Key::of_row(row, self.at, self.info.target)
    }

    /// Returns what is loaded of the members by statements of their own.
    pub(crate) fn others(&self) -> impl Iterator<Item = &'p LoadNode> {
        let is_here = |node: &LoadNode| self.children.iter().any(|child| std::ptr::eq(child.node, node));
        self.node.children.iter().filter(move |node| !is_here(node))
    }

    fn is_many(&self) -> bool {
        !self.info.is_to_one() || self.children.iter().any(Joined::is_many)
    }
}

/// A relationship comes behind what is inserted before it.
fn shift(nodes: &mut [Joined<'_>], by: usize) {
    for node in nodes {
        node.at += by;
        shift(&mut node.children, by);
    }
}

fn entities(select: &SelectNode) -> Vec<EntityAt> {
    let mut at = 0;
    let mut entities = Vec::new();
    for output in &select.outputs {
        if let OutputKind::Entity { mapper, alias } = output.kind {
            entities.push(EntityAt { mapper, alias, at });
        }
        at += width(std::slice::from_ref(output));
    }
    entities
}

/// Returns the columns that tell rows apart which differ in what is selected: of objects, their keys.
fn identity(select: &SelectNode) -> Vec<usize> {
    let mut columns = Vec::new();
    let mut at = 0;
    for output in &select.outputs {
        match output.kind {
            OutputKind::Entity { mapper, .. } if mapper.definition.key.is_empty() => {
                columns.extend(at..at + mapper.width());
            }
            OutputKind::Entity { mapper, .. } => {
                columns.extend(mapper.definition.key.iter().map(|&column| at + usize::from(column)));
            }
            OutputKind::Expression(_) => columns.push(at),
        }
        at += width(std::slice::from_ref(output));
    }
    columns
}

/// Joins on their way into a SELECT.
struct Building {
    eager: EagerNode,
    /// The names of aliases that are taken.
    names: Vec<Alias>,
    /// The columns so far.
    width: usize,
    /// What the query computes columns of members by.
    given: Vec<Given>,
}

impl Building {
    fn of(select: &SelectNode) -> Self {
        Building {
            eager: EagerNode::default(),
            names: aliases(select),
            width: width(&select.outputs),
            given: Vec::new(),
        }
    }

    // ------------------------------------------------------------------------------- by joins that are there already

    fn contained<'p>(
        &mut self,
        select: &mut SelectNode,
        entities: &[EntityAt],
        nodes_of: &dyn Fn(&Mapper) -> &'p [LoadNode],
    ) -> Result<Vec<Joined<'p>>> {
        let mut found = Vec::new();
        for (position, entity) in entities.iter().enumerate() {
            found.extend(self.contained_in(select, nodes_of(entity.mapper), position)?);
        }
        Ok(found)
    }

    fn contained_in<'p>(
        &mut self,
        select: &mut SelectNode,
        nodes: &'p [LoadNode],
        entity: usize,
    ) -> Result<Vec<Joined<'p>>> {
        let mut found = Vec::new();
        for node in nodes {
            let Strategy::Contained(alias) = node.strategy else { continue };
            let info = node.info()?;
            if !alias.is_derived() && !places(select, info.target).contains(&alias) {
                return Err(not_joined(info, alias));
            }
            let at = self.width;
            self.width += info.target.width();
            let mut output = Output::entity(info.target, alias).leaving_out(node.left_out.clone());
            output.make_optional();
            select.outputs.push(output);
            give(select, node.given_to(info.target, alias));
            let children = self.contained_in(select, &node.children, entity)?;
            found.push(Joined { node, info, entity, at, children });
        }
        Ok(found)
    }

    // ------------------------------------------------------------------------------------------- by joins of its own

    fn joined<'p>(
        &mut self,
        select: &SelectNode,
        entities: &[EntityAt],
        nodes_of: &dyn Fn(&Mapper) -> &'p [LoadNode],
    ) -> Result<Vec<Joined<'p>>> {
        let mut found = Vec::new();
        for (entity, &EntityAt { mapper, alias, at }) in entities.iter().enumerate() {
            let is_it = |output: &Output| match output.kind {
                OutputKind::Entity { mapper: other, alias: name } => other.is(mapper) && name == alias,
                OutputKind::Expression(_) => false,
            };
            let is_optional = select.outputs.iter().any(|output| output.nullable && is_it(output));
            let owner = Owner { entity, alias, at: Some(at), is_optional };
            found.extend(self.joined_to(owner, nodes_of(mapper))?);
        }
        Ok(found)
    }

    fn joined_to<'p>(&mut self, owner: Owner, nodes: &'p [LoadNode]) -> Result<Vec<Joined<'p>>> {
        let mut found = Vec::new();
        for node in nodes {
            let Strategy::Joined { inner } = node.strategy else { continue };
            let info = node.info()?;
            if !can_be_joined(node, info) {
                continue;
            }
            let alias = self.free_alias(info.target);
            let secondary = info.secondary.as_ref().map_or(Alias::NONE, |secondary| self.free_alias(secondary.mapper));
            let is_inner = inner && !owner.is_optional;
            let names = Names { target: alias, secondary, owner: owner.alias };
            let mut filters = node.filters.clone();
            filters.iter_mut().for_each(|filter| names.put_into(filter, info));
            self.eager.joins.push(EagerJoin {
                kind: if is_inner { JoinKind::Inner } else { JoinKind::Left },
                relation: RelationReference {
                    owner: info.owner,
                    index: info.index,
                    alias: owner.alias,
                    target_alias: alias,
                },
                owner_at: owner.at,
                secondary,
                filters,
                left_out: node.left_out.clone(),
            });
            self.given.extend(node.given_to(info.target, alias));
            self.order(node, info, names);
            let at = self.width;
            self.width += info.target.width();
            let below = Owner { entity: owner.entity, alias, at: None, is_optional: !is_inner };
            let children = self.joined_to(below, &node.children)?;
            found.push(Joined { node, info, entity: owner.entity, at, children });
        }
        Ok(found)
    }

    fn order(&mut self, node: &LoadNode, info: &RelationshipInfo, names: Names) {
        let mut order: Vec<OrderItem> = match info.definition.order_by {
            _ if !node.order_by.is_empty() => node.order_by.clone(),
            Some(order) => order(),
            None => Vec::new(),
        };
        order.iter_mut().for_each(|item| names.put_into(&mut item.node, info));
        self.eager.order_by.extend(order);
    }

    /// Makes the first of `addresses_1`, `addresses_2`, … that nobody has.
    fn free_alias(&mut self, mapper: &Mapper) -> Alias {
        let table = mapper.definition.table;
        let mut names = (1u32..).map(|number| Alias::new(&format!("{table}_{number}")));
        let alias = names.find(|alias| !self.names.contains(alias)).unwrap_or(Alias::NONE);
        self.names.push(alias);
        alias
    }

    /// Decides whether the SELECT becomes a subquery, and says what then tells its rows apart.
    fn place(&mut self, select: &SelectNode, entities: &[EntityAt], is_alone: bool, has_many: bool) -> Identity {
        let has_groups = select.distinct
            || select.set.is_some()
            || select.with_ties
            || !select.distinct_on.is_empty()
            || !select.group_by.is_empty()
            || !select.having.is_empty();
        let is_cut = has_many && (select.limit.is_some() || select.offset.is_some());
        let is_keyed = entities.iter().all(|entity| !entity.mapper.definition.key.is_empty());
        self.eager.wrap = match () {
            () if self.eager.joins.is_empty() => Wrap::No,
            () if has_many && !(is_alone && is_keyed) => Wrap::Numbered,
            () if has_groups || is_cut || !is_alone => Wrap::Subquery,
            () => Wrap::No,
        };
        match self.eager.wrap {
            _ if !has_many => Identity::Row,
            Wrap::Numbered => Identity::Columns(vec![width(&select.outputs)]),
            Wrap::No | Wrap::Subquery => Identity::Columns(identity(select)),
        }
    }

    fn finish(mut self, select: &mut SelectNode) {
        if self.eager.joins.is_empty() {
            return;
        }
        if self.eager.wrap == Wrap::No {
            let targets = self.eager.joins.iter().filter_map(|join| {
                let info =
                    join.relation.owner.configured().ok()?.relationships.get(usize::from(join.relation.index))?;
                let output = Output::entity(info.target, join.relation.target_alias);
                let mut output = output.leaving_out(join.left_out.clone());
                output.make_optional();
                Some(output)
            });
            select.outputs.extend(targets);
            select.order_by.append(&mut self.eager.order_by);
        }
        give(select, self.given);
        select.eager = Some(Box::new(self.eager));
    }
}

/// Where a join starts from.
#[derive(Clone, Copy)]
struct Owner {
    entity: usize,
    alias: Alias,
    /// Its first column, if the SELECT itself selects it.
    at: Option<usize>,
    /// Whether an outer join may have found none.
    is_optional: bool,
}

/// What the tables of a join are called.
#[derive(Clone, Copy)]
struct Names {
    target: Alias,
    secondary: Alias,
    owner: Alias,
}

impl Names {
    /// Puts the names into what is said of the members. Where the owner is of the same table, that is about the members.
    fn put_into(self, said: &mut Node, info: &RelationshipInfo) {
        said.use_alias(info.target, self.target);
        if let Some(secondary) = &info.secondary {
            said.use_alias(secondary.mapper, self.secondary);
        }
        said.use_alias(info.owner, self.owner);
    }
}

/// Returns whether members can come by a join: as many as there are, known by a key, on a condition that an alias can be
/// put into.
fn can_be_joined(node: &LoadNode, info: &RelationshipInfo) -> bool {
    let mut has_subquery = false;
    for filter in &node.filters {
        filter.visit(&mut |node| {
            has_subquery |= matches!(node, Node::Select(_) | Node::Exists { .. } | Node::InSelect { .. });
        });
    }
    node.limit.is_none() && !has_subquery && !info.target.definition.key.is_empty()
}

/// Returns whether a SELECT gives each row of one table at most once, and names no other beside it in FROM.
pub(crate) fn is_alone(select: &SelectNode) -> bool {
    let [Output { kind: OutputKind::Entity { mapper, alias }, .. }] = select.outputs.as_slice() else {
        return false;
    };
    // What a compound or a derived table gives may be there twice.
    if select.set.is_some() || alias.is_derived() {
        return false;
    }
    let joined = |join: &JoinNode| match join {
        JoinNode::Relation { relation, .. } => {
            let info = relation.owner.configured().ok().map(|known| &known.relationships[usize::from(relation.index)]);
            info.filter(|info| info.is_to_one()).map(|info| (info.target, relation.target_alias))
        }
        _ => None,
    };
    let Some(joined) = select.joins.iter().map(joined).collect::<Option<Vec<_>>>() else { return false };
    let is_known = |other: &Mapper, its: Alias| {
        (other.is(mapper) && its == *alias) || joined.iter().any(|(table, name)| table.is(other) && *name == its)
    };
    let mut mentions_others = select
        .from
        .iter()
        .map(FromItem::reference)
        .any(|table| table.mapper.is_none_or(|mapper| !is_known(mapper, table.alias)));
    let order = select.order_by.iter().map(|item| &item.node);
    for node in select.filters.iter().chain(order) {
        node.visit(&mut |node| match node {
            Node::Column { mapper, alias, .. } => mentions_others |= !is_known(mapper, *alias),
            Node::Related { relation, .. } => mentions_others |= !is_known(relation.owner, relation.alias),
            _ => {}
        });
    }
    !mentions_others
}

/// Returns the aliases that a SELECT has.
fn aliases(select: &SelectNode) -> Vec<Alias> {
    let outputs = select.outputs.iter().filter_map(|output| match output.kind {
        OutputKind::Entity { alias, .. } => Some(alias),
        OutputKind::Expression(_) => None,
    });
    let joins = select.joins.iter().map(|join| match join {
        JoinNode::Relation { relation, .. } => relation.target_alias,
        JoinNode::On { right, .. } | JoinNode::Inferred { right, .. } | JoinNode::Cross { right } => {
            right.reference().alias
        }
    });
    let mut aliases: Vec<Alias> =
        outputs.chain(joins).chain(select.from.iter().map(|item| item.reference().alias)).collect();
    for filter in &select.filters {
        filter.visit(&mut |node| {
            if let Node::Column { alias, .. } = node {
                aliases.push(*alias);
            }
        });
    }
    aliases
}
