//! Loads relationships of values: the members are read, loaded further themselves, and then shared out.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;

use orm_pool::driver;

use super::groups::Groups;
use super::joined::Joined;
use super::select::{Repeated, key_of_row, owner_key, selects};
use super::{Joins, LoadNode, Plan};
use crate::engine::Engine;
use crate::error::Result;
use crate::mapper::{Decoded, Lists, Object, ObjectVec, RelationshipInfo, Row, Shared, Shares, Values};
use crate::session::Key;
use crate::sql::{SelectNode, Statement};

/// What a statement is run on.
type On<'a> = (&'a Engine, &'a mut driver::Connection);

/// Fills the fields of objects outside a session, except those that came `with` their rows.
pub(crate) async fn values(
    (engine, connection): On<'_>,
    objects: Vec<&mut dyn Object>,
    plans: &[Plan],
    with: Option<&Joins<'_>>,
    query: Option<&SelectNode>,
) -> Result<()> {
    let mut objects = objects;
    for plan in plans {
        let mut owners: Vec<&mut dyn Object> =
            objects.iter_mut().filter(|object| object.mapper().is(plan.root)).map(|object| &mut **object).collect();
        let query = query.and_then(|select| Repeated::of(select, plan.root));
        for node in plan.nodes.iter().filter(|node| !with.is_some_and(|joins| joins.has(node))) {
            load((engine, connection), &mut owners, node, query.as_ref()).await?;
        }
    }
    Ok(())
}

/// Fills one field of the owners, and what is loaded below it.
fn load<'a>(
    (engine, connection): On<'a>,
    owners: &'a mut [&mut dyn Object],
    node: &'a LoadNode,
    query: Option<&'a Repeated>,
) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>> {
    Box::pin(async move {
        if node.is_left_out() || owners.is_empty() {
            return Ok(());
        }
        let info = node.info()?;
        let mut groups = Groups::with_capacity(owners.len());
        let mut keys = Vec::with_capacity(owners.len());
        let mut group_of = Vec::with_capacity(owners.len());
        for owner in owners.iter() {
            let key = owner_key(&**owner, info);
            let group = key.as_ref().map(|key| groups.number(&key.key));
            group_of.push(group.map(|(group, _)| group));
            keys.extend(group.filter(|&(_, is_new)| is_new).map(|(group, _)| group).zip(key));
        }
        let keys = groups.in_turns(keys);
        let mut found = Found::of(node, info, groups.count());
        for (turn, mut select) in selects(node, info, &keys, query, engine.dialect())? {
            groups.begin_turn(turn);
            let joins = Joins::attach_children(&mut select, node)?;
            let mut read =
                |row: Row<'_>| found.take(&row, info, &mut groups, joins.as_ref()).map(ControlFlow::Continue);
            engine.run(connection, Statement::Select(Box::new(select)), &mut read).await?;
        }
        let deeper = node.deeper();
        let query = Repeated::below(query, (node, info), node.children.iter().chain(&deeper))?;
        match found {
            Found::Listed(mut lists) => {
                lists.end_run();
                if !node.children.is_empty() || deeper.is_some() {
                    let mut objects = lists.objects();
                    for child in node.children.iter().chain(&deeper) {
                        load((engine, connection), &mut objects, child, query.as_ref()).await?;
                    }
                }
                lists.share_among(owners, (node, info), &group_of);
            }
            Found::Placed { mut found, rows } => {
                let mut objects = found.objects();
                let mut joined = Vec::new();
                for part in rows.nodes {
                    joined.push(part.node);
                    let members = settle((engine, connection), part, objects.len(), query.as_ref()).await?;
                    members.share_among(objects.iter_mut().enumerate().map(|(row, object)| (row, &mut **object)));
                }
                let is_joined = |child: &&LoadNode| joined.iter().any(|&node| std::ptr::eq(node, *child));
                for child in node.children.iter().filter(|child| !is_joined(child)).chain(&deeper) {
                    load((engine, connection), &mut objects, child, query.as_ref()).await?;
                }
                let members = Members::of(found, (node, info), &Shares::new(groups.finish(), group_of));
                members.share_among(owners.iter_mut().enumerate().map(|(row, owner)| (row, &mut **owner)));
            }
        }
        Ok(())
    })
}

/// What the SELECTs bring of the members of one relationship.
enum Found<'p> {
    /// To many, with which nothing is joined: each row is a member of one group.
    Listed(MemberLists),
    /// All others, told by their positions.
    Placed { found: Box<dyn ObjectVec>, rows: ValueRows<'p> },
}

impl<'p> Found<'p> {
    fn of(node: &LoadNode, info: &RelationshipInfo, groups: usize) -> Self {
        let found = (info.target.new_vec)();
        if info.is_to_one() || node.children.iter().any(LoadNode::is_in_rows) {
            return Found::Placed { found, rows: ValueRows::default() };
        }
        let lists = std::iter::repeat_with(|| None).take(groups).collect();
        Found::Listed(MemberLists { run: found, group: 0, lists })
    }

    fn take(
        &mut self,
        row: &Row<'_>,
        info: &RelationshipInfo,
        groups: &mut Groups,
        joins: Option<&Joins<'p>>,
    ) -> Decoded<()> {
        match self {
            Found::Listed(lists) => match groups.of(key_of_row(row, info)) {
                Some(group) => lists.take(row, group),
                None => Ok(()),
            },
            Found::Placed { found, rows } => {
                let at = joins.map(|joins| rows.begin(row, joins));
                if at.is_none_or(|(_, is_new)| is_new) {
                    found.push_row(row, 0)?;
                    groups.add(key_of_row(row, info), found.count() as u32 - 1);
                }
                match (joins, at) {
                    (Some(joins), Some((position, _))) => rows.gather(row, joins, position),
                    _ => Ok(()),
                }
            }
        }
    }
}

/// Members in a list for each group, where they stay: what is moved once more is no longer near by then.
struct MemberLists {
    /// Those that came last, which are of one group: mostly all of it, so that its list is made as long as it has to be.
    run: Box<dyn ObjectVec>,
    group: u32,
    lists: Vec<Option<Box<dyn Values>>>,
}

impl MemberLists {
    fn take(&mut self, row: &Row<'_>, group: u32) -> Decoded<()> {
        if group != self.group {
            self.end_run();
            self.group = group;
        }
        self.run.push_row(row, 0)
    }

    fn end_run(&mut self) {
        if self.run.count() > 0 {
            self.run.move_to(&mut self.lists[self.group as usize]);
        }
    }

    /// Returns all members.
    fn objects(&mut self) -> Vec<&mut dyn Object> {
        let mut objects = Vec::new();
        for list in self.lists.iter_mut().flatten() {
            list.visit(&mut |object| objects.push(object));
        }
        objects
    }

    /// Gives each owner the list of its group, if it has one; of several owners the last gets it, and the others copies.
    fn share_among(
        mut self,
        owners: &mut [&mut dyn Object],
        (node, info): (&LoadNode, &RelationshipInfo),
        group_of: &[Option<u32>],
    ) {
        let is_all = !node.is_partial();
        let mut left = vec![0_u32; self.lists.len()];
        group_of.iter().flatten().for_each(|&group| left[group as usize] += 1);
        for (owner, group) in owners.iter_mut().zip(group_of) {
            let mut values = group.and_then(|group| {
                let (list, left) = (&mut self.lists[group as usize], &mut left[group as usize]);
                *left -= 1;
                if *left == 0 { list.take() } else { list.as_deref().map(Values::copy) }
            });
            if values.is_none() {
                // The run has ended, and makes an empty list.
                self.run.move_to(&mut values);
            }
            let field = owner.relation_mut(usize::from(info.index));
            values.into_iter().for_each(|values| field.set_values(values, is_all));
        }
    }
}

/// The members that come in the rows of a SELECT, taken apart.
#[derive(Default)]
pub(crate) struct ValueRows<'p> {
    known: HashMap<Key, u32, foldhash::fast::RandomState>,
    rows: u32,
    /// Which objects each row has, where an outer join may have found none.
    present: Vec<Vec<usize>>,
    nodes: Vec<Gathered<'p>>,
}

/// The members of one relationship, each once, and who has them.
struct Gathered<'p> {
    node: &'p LoadNode,
    others: Vec<&'p LoadNode>,
    info: &'static RelationshipInfo,
    entity: usize,
    found: Box<dyn ObjectVec>,
    known: HashMap<Key, u32, foldhash::fast::RandomState>,
    pairs: HashSet<(u32, u32), foldhash::fast::RandomState>,
    /// The same in order.
    shares: Vec<(u32, u32)>,
    children: Vec<Gathered<'p>>,
}

impl<'p> ValueRows<'p> {
    /// Returns the position of the row among those of the SELECT itself, and whether it is new.
    pub(crate) fn begin(&mut self, row: &Row<'_>, joins: &Joins<'p>) -> (u32, bool) {
        let next = self.rows;
        let position = match joins.identity(row) {
            None => next,
            Some(key) => *self.known.entry(key).or_insert(next),
        };
        if position == next {
            self.rows += 1;
            // The only object of a row is the first.
            if joins.entities.len() > 1 {
                let entities = joins.entities.iter().enumerate();
                let present = entities.filter(|(_, entity)| !entity.is_null(row));
                self.present.push(present.map(|(index, _)| index).collect());
            }
        }
        (position, position == next)
    }

    /// Returns which objects a row has.
    pub(crate) fn entities(&self, row: usize) -> impl Iterator<Item = usize> + use<> {
        self.present.get(row).cloned().unwrap_or_default().into_iter()
    }

    /// Takes the members of a row.
    pub(crate) fn gather(&mut self, row: &Row<'_>, joins: &Joins<'p>, position: u32) -> Decoded<()> {
        if self.nodes.is_empty() {
            self.nodes = joins.nodes().iter().map(Gathered::of).collect();
        }
        for (gathered, joined) in self.nodes.iter_mut().zip(joins.nodes()) {
            if !joins.entities[joined.entity].is_null(row) {
                gathered.take(row, joined, position)?;
            }
        }
        Ok(())
    }

    /// Fills the fields of the objects, each with its row and its position among what a row has.
    pub(crate) async fn share(
        self,
        (engine, connection): On<'_>,
        objects: &mut [(usize, usize, &mut dyn Object)],
        query: Option<&SelectNode>,
    ) -> Result<()> {
        for part in self.nodes {
            let entity = part.entity;
            let query = query.and_then(|select| Repeated::of(select, part.node.owner));
            let members = settle((engine, connection), part, self.rows as usize, query.as_ref()).await?;
            let owners = objects.iter_mut().filter(|(_, own, _)| *own == entity);
            members.share_among(owners.map(|(row, _, object)| (*row, &mut **object)));
        }
        Ok(())
    }
}

impl<'p> Gathered<'p> {
    fn of(joined: &Joined<'p>) -> Self {
        Gathered {
            node: joined.node,
            others: joined.others().collect(),
            info: joined.info,
            entity: joined.entity,
            found: (joined.info.target.new_vec)(),
            known: HashMap::default(),
            pairs: HashSet::default(),
            shares: Vec::new(),
            children: joined.children.iter().map(Gathered::of).collect(),
        }
    }

    fn take(&mut self, row: &Row<'_>, joined: &Joined<'p>, owner: u32) -> Decoded<()> {
        let Some(key) = joined.key(row) else { return Ok(()) };
        let next = self.found.count() as u32;
        let position = *self.known.entry(key).or_insert(next);
        if position == next {
            self.found.push_row(row, joined.at)?;
        }
        if self.pairs.insert((owner, position)) {
            self.shares.push((owner, position));
        }
        for (child, joined) in self.children.iter_mut().zip(&joined.children) {
            child.take(row, joined, position)?;
        }
        Ok(())
    }
}

/// Loads what is below some members, and shares them out among so many owners.
fn settle<'a, 'p: 'a>(
    (engine, connection): On<'a>,
    gathered: Gathered<'p>,
    owners: usize,
    query: Option<&'a Repeated>,
) -> Pin<Box<dyn Future<Output = Result<Members>> + Send + 'a>> {
    Box::pin(async move {
        let Gathered { node, others, info, mut found, shares, children, .. } = gathered;
        let deeper = node.deeper();
        let query = Repeated::below(query, (node, info), node.children.iter().chain(&deeper))?;
        {
            let mut objects = found.objects();
            for child in children {
                let members = settle((engine, connection), child, objects.len(), query.as_ref()).await?;
                members.share_among(objects.iter_mut().enumerate().map(|(row, object)| (row, &mut **object)));
            }
            for child in others.into_iter().chain(&deeper) {
                load((engine, connection), &mut objects, child, query.as_ref()).await?;
            }
        }
        let shares = Shares::new(Lists::of(owners, &shares), (0..owners as u32).map(Some).collect());
        Ok(Members::of(found, (node, info), &shares))
    })
}

/// Says that there are several rows for a field that holds one: the first is taken.
pub(super) fn warn_of_several(info: &RelationshipInfo, rows: usize) {
    if rows > 1 {
        let name = info.name();
        tracing::warn!(target: "orm::load", rows, "there are several rows for `{name}`, which holds one: the first is taken");
    }
}

/// The members of one relationship, shared out by the position of the owner.
struct Members {
    index: usize,
    /// Whether there are no others.
    is_all: bool,
    held: Held,
}

enum Held {
    One(Vec<Option<Shared>>),
    Many(Vec<Option<Box<dyn Values>>>),
}

impl Members {
    fn of(found: Box<dyn ObjectVec>, (node, info): (&LoadNode, &RelationshipInfo), shares: &Shares) -> Self {
        let held = if info.is_to_one() {
            shares.iter().for_each(|share| warn_of_several(info, share.len()));
            let found = found.share();
            Held::One(shares.iter().map(|share| share.first().map(|&at| found[at as usize].clone())).collect())
        } else {
            Held::Many(found.split(&shares.iter().collect::<Vec<_>>()).into_iter().map(Some).collect())
        };
        Members { index: usize::from(info.index), is_all: !node.is_partial(), held }
    }

    /// Gives each owner, named by its position, its members.
    fn share_among<'o>(mut self, owners: impl Iterator<Item = (usize, &'o mut dyn Object)>) {
        for (position, owner) in owners {
            let field = owner.relation_mut(self.index);
            match &mut self.held {
                Held::One(values) => field.set_value(values[position].clone(), self.is_all),
                Held::Many(values) => {
                    values[position].take().into_iter().for_each(|values| field.set_values(values, self.is_all));
                }
            }
        }
    }
}
