//! What a query and its options are to bring, by plain loops over the rows.

use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Town,
    Person,
    Profile,
    Book,
    Tag,
}

impl Kind {
    pub(super) const ALL: [Kind; 5] = [Kind::Town, Kind::Person, Kind::Profile, Kind::Book, Kind::Tag];

    pub(super) fn rels(self) -> &'static [Rel] {
        match self {
            Kind::Town => &[Rel::People],
            Kind::Person => &[Rel::Mentor, Rel::Pupils, Rel::Books, Rel::Profile, Rel::Home],
            Kind::Profile => &[Rel::Owner],
            Kind::Book => &[Rel::Author, Rel::Tags],
            Kind::Tag => &[Rel::Tagged],
        }
    }

    /// The relationship that [`Condition::Related`] is about.
    fn related(self) -> Rel {
        match self {
            Kind::Town => Rel::People,
            Kind::Person => Rel::Books,
            Kind::Profile => Rel::Owner,
            Kind::Book => Rel::Tags,
            Kind::Tag => Rel::Tagged,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Rel {
    People,
    Mentor,
    Pupils,
    Books,
    Profile,
    Home,
    Owner,
    Author,
    Tags,
    Tagged,
}

impl Rel {
    pub(super) fn target(self) -> Kind {
        match self {
            Rel::People | Rel::Mentor | Rel::Pupils | Rel::Owner | Rel::Author => Kind::Person,
            Rel::Books | Rel::Tagged => Kind::Book,
            Rel::Profile => Kind::Profile,
            Rel::Home => Kind::Town,
            Rel::Tags => Kind::Tag,
        }
    }

    pub(super) fn is_to_itself(self) -> bool {
        matches!(self, Rel::Mentor | Rel::Pupils)
    }

    /// Returns whether it is by a foreign key of the owner's.
    pub(super) fn is_reference(self) -> bool {
        matches!(self, Rel::Mentor | Rel::Home | Rel::Owner | Rel::Author)
    }

    pub(super) fn is_to_one(self) -> bool {
        self.is_reference() || self == Rel::Profile
    }

    fn is_ordered(self) -> bool {
        self.is_to_one() || matches!(self, Rel::Books | Rel::Tagged)
    }

    fn always(self) -> Strategy {
        if self == Rel::Owner { Strategy::Joined } else { Strategy::Lazy }
    }
}

/// A row of any table; what it refers to is named by numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Thing {
    pub(super) rank: i64,
    /// Of a person.
    pub(super) mentor: Option<i64>,
    /// Of a person.
    pub(super) home: Option<i64>,
    /// Of a book or a profile.
    pub(super) person: Option<i64>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub(super) things: BTreeMap<(Kind, i64), Thing>,
    /// Books and tags.
    pub(super) pairs: BTreeSet<(i64, i64)>,
    /// Books of this rank do not count.
    pub(super) hidden: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Condition {
    AtLeast(i64),
    Not(i64),
    /// A member of a certain relationship has this rank or more.
    Related(i64),
    /// The member's rank is its owner's or more.
    OfOwner,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Order {
    pub(super) is_by_rank: bool,
    pub(super) is_descending: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Strategy {
    Selectin,
    Joined,
    Subquery,
    Default,
    Lazy,
    Raise,
    Contained,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Said {
    pub(super) filter: Option<Condition>,
    pub(super) order: Option<Order>,
    pub(super) limit: Option<u64>,
    pub(super) chunk: Option<usize>,
    pub(super) recursion: u32,
    pub(super) with_note: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) rel: Rel,
    pub(super) strategy: Strategy,
    pub(super) said: Said,
}

/// A relationship to be loaded: what the last mention of it says holds.
#[derive(Clone, Debug)]
pub(super) struct Node {
    rel: Rel,
    strategy: Strategy,
    said: Said,
    children: Vec<Node>,
}

/// Options as a tree; none where something is to be loaded below what is not.
pub(super) fn tree(root: Kind, paths: &[Vec<Step>]) -> Option<Vec<Node>> {
    let mut nodes = Vec::new();
    paths.iter().for_each(|path| merge(&mut nodes, path));
    resolve(root, &mut nodes, &mut Vec::new()).then_some(nodes)
}

fn merge(nodes: &mut Vec<Node>, path: &[Step]) {
    let [step, rest @ ..] = path else { return };
    let at = nodes.iter().position(|node| node.rel == step.rel).unwrap_or_else(|| {
        nodes.push(Node { rel: step.rel, strategy: Strategy::Default, said: Said::default(), children: Vec::new() });
        nodes.len() - 1
    });
    let node = &mut nodes[at];
    if step.strategy != Strategy::Default {
        node.strategy = step.strategy;
    }
    let said = step.said;
    if said.filter.is_some() || said.order.is_some() || said.limit.is_some() {
        (node.said.filter, node.said.order, node.said.limit) = (said.filter, said.order, said.limit);
    }
    node.said.recursion = node.said.recursion.max(said.recursion);
    node.said.with_note |= said.with_note;
    merge(&mut node.children, rest);
}

fn resolve(kind: Kind, nodes: &mut Vec<Node>, above: &mut Vec<Kind>) -> bool {
    above.push(kind);
    for &rel in kind.rels() {
        let is_named = nodes.iter().any(|node| node.rel == rel);
        if !is_named && rel.always() != Strategy::Lazy && !above.contains(&rel.target()) {
            nodes.push(Node { rel, strategy: rel.always(), said: Said::default(), children: Vec::new() });
        }
    }
    for node in nodes {
        if node.strategy == Strategy::Default {
            node.strategy = node.rel.always();
        }
        if node.is_left_out() {
            if node.children.iter().any(|child| !child.is_left_out()) {
                return false;
            }
            node.children.clear();
        } else if !resolve(node.rel.target(), &mut node.children, above) {
            return false;
        }
    }
    above.pop();
    true
}

impl Node {
    fn is_left_out(&self) -> bool {
        matches!(self.strategy, Strategy::Lazy | Strategy::Raise)
    }

    /// What is loaded of its members, in this order.
    fn below(&self) -> Vec<Node> {
        let mut children = self.children.clone();
        if let Some(recursion) = self.said.recursion.checked_sub(1) {
            let said = Said { recursion, ..self.said };
            children.push(Node { said, strategy: Strategy::Selectin, ..self.clone() });
        }
        children
    }

    pub(super) fn is_contained(&self) -> bool {
        self.strategy == Strategy::Contained
    }
}

/// A query without its options.
#[derive(Clone, Debug, Default)]
pub(super) struct Base {
    pub(super) kind: Option<Kind>,
    pub(super) filters: Vec<Condition>,
    pub(super) join: Option<(Rel, bool, Option<Condition>)>,
    /// Which relationship is joined, of those that there are.
    pub(super) joins: usize,
    pub(super) order: Option<Order>,
    pub(super) limit: Option<u64>,
    pub(super) offset: Option<u64>,
    pub(super) is_distinct: bool,
    pub(super) with_note: bool,
}

/// An object as a value, with what is loaded of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) kind: Kind,
    pub(super) id: i64,
    pub(super) rank: i64,
    pub(super) note: Option<i64>,
    pub(super) fields: Vec<(Rel, Option<Vec<Seen>>)>,
}

/// Members as they are to be loaded.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Share {
    pub(super) ids: Vec<i64>,
    /// Whether they are to come in this order.
    pub(super) is_ordered: bool,
}

impl Share {
    pub(super) fn is(&self, found: &[i64]) -> bool {
        if self.is_ordered {
            return self.ids == found;
        }
        let (mut ids, mut found) = (self.ids.clone(), found.to_vec());
        ids.sort_unstable();
        found.sort_unstable();
        ids == found
    }
}

/// The rows that a query gives: its objects, and of each the members that the query has joined.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    pub(super) roots: Share,
    joined: BTreeMap<i64, Share>,
}

impl World {
    pub(super) fn thing(&self, kind: Kind, id: i64) -> &Thing {
        &self.things[&(kind, id)]
    }

    pub(super) fn counts(&self, kind: Kind, id: i64) -> bool {
        let thing = self.things.get(&(kind, id));
        thing.is_some_and(|thing| kind != Kind::Book || Some(thing.rank) != self.hidden)
    }

    pub(super) fn ids(&self, kind: Kind) -> Vec<i64> {
        self.things.keys().filter(|key| key.0 == kind && self.counts(kind, key.1)).map(|key| key.1).collect()
    }

    fn having(&self, kind: Kind, is_it: impl Fn(&Thing) -> bool) -> Vec<i64> {
        self.ids(kind).into_iter().filter(|&id| is_it(self.thing(kind, id))).collect()
    }

    /// All members of an object, by their keys.
    pub(super) fn members(&self, rel: Rel, id: i64) -> Vec<i64> {
        let one = |kind, referred: Option<i64>| referred.filter(|&id| self.counts(kind, id)).into_iter().collect();
        match rel {
            Rel::People => self.having(Kind::Person, |person| person.home == Some(id)),
            Rel::Mentor => one(Kind::Person, self.thing(Kind::Person, id).mentor),
            Rel::Pupils => self.having(Kind::Person, |person| person.mentor == Some(id)),
            Rel::Books => self.having(Kind::Book, |book| book.person == Some(id)),
            Rel::Profile => self.having(Kind::Profile, |profile| profile.person == Some(id)),
            Rel::Home => one(Kind::Town, self.thing(Kind::Person, id).home),
            Rel::Owner => one(Kind::Person, self.thing(Kind::Profile, id).person),
            Rel::Author => one(Kind::Person, self.thing(Kind::Book, id).person),
            Rel::Tags => self.pairs.iter().filter(|pair| pair.0 == id).map(|pair| pair.1).collect(),
            Rel::Tagged => {
                let books = self.pairs.iter().filter(|pair| pair.1 == id && self.counts(Kind::Book, pair.0));
                books.map(|pair| pair.0).collect()
            }
        }
    }

    pub(super) fn fulfils(&self, kind: Kind, id: i64, condition: Condition, owner: Option<(Kind, i64)>) -> bool {
        let rank = self.thing(kind, id).rank;
        match condition {
            Condition::AtLeast(least) => rank >= least,
            Condition::Not(other) => rank != other,
            Condition::Related(least) => {
                let rel = kind.related();
                self.members(rel, id).iter().any(|&member| self.thing(rel.target(), member).rank >= least)
            }
            Condition::OfOwner => owner.is_some_and(|(kind, id)| rank >= self.thing(kind, id).rank),
        }
    }

    /// Where an object stands: towns are in the order of both columns of their keys.
    fn key(kind: Kind, id: i64) -> (i64, i64) {
        if kind == Kind::Town { (id % 2, id / 2) } else { (0, id) }
    }

    fn sort(&self, kind: Kind, ids: &mut [i64], order: Order) {
        ids.sort_by_key(|&id| {
            let rank = if order.is_by_rank { self.thing(kind, id).rank } else { 0 };
            (rank, Self::key(kind, id))
        });
        if order.is_descending {
            ids.reverse();
        }
    }

    /// The members of an object that a node wants.
    pub(super) fn share(&self, node: &Node, owner: (Kind, i64), rows: Option<&Rows>) -> Share {
        if let (true, Some(rows)) = (node.is_contained(), rows) {
            let none = || Share { ids: Vec::new(), is_ordered: true };
            return rows.joined.get(&owner.1).cloned().unwrap_or_else(none);
        }
        let (rel, said) = (node.rel, node.said);
        let target = rel.target();
        let mut ids = self.members(rel, owner.1);
        ids.retain(|&id| said.filter.is_none_or(|filter| self.fulfils(target, id, filter, Some(owner))));
        let by_key = Order { is_by_rank: false, is_descending: false };
        self.sort(target, &mut ids, said.order.unwrap_or(by_key));
        if let Some(limit) = said.limit {
            ids.truncate(limit as usize);
        }
        Share { ids, is_ordered: said.order.is_some() || said.limit.is_some() || rel.is_ordered() }
    }

    /// The rows of a query, which contains the members that it joins or not.
    pub(super) fn rows(&self, base: &Base, is_contained: bool) -> Rows {
        let kind = base.kind.expect("a query selects something");
        let mut roots = self.ids(kind);
        roots.retain(|&id| base.filters.iter().all(|&filter| self.fulfils(kind, id, filter, None)));
        let by_key = Order { is_by_rank: false, is_descending: false };
        self.sort(kind, &mut roots, base.order.unwrap_or(by_key));
        let mut rows: Vec<(i64, Option<i64>)> = Vec::new();
        for root in roots {
            let Some((rel, is_outer, condition)) = base.join else {
                rows.push((root, None));
                continue;
            };
            let mut members = self.members(rel, root);
            let has_none = members.is_empty();
            members.retain(|&id| condition.is_none_or(|said| self.fulfils(rel.target(), id, said, None)));
            self.sort(rel.target(), &mut members, by_key);
            rows.extend(members.into_iter().map(|member| (root, Some(member))));
            if is_outer && has_none && condition.is_none() {
                rows.push((root, None));
            }
        }
        if base.is_distinct && !is_contained {
            rows.iter_mut().for_each(|row| row.1 = None);
            rows.dedup();
        }
        let rows: Vec<(i64, Option<i64>)> = rows
            .into_iter()
            .skip(base.offset.unwrap_or(0) as usize)
            .take(base.limit.map_or(usize::MAX, |limit| limit as usize))
            .collect();
        let is_ordered = base.order.is_some();
        let mut joined: BTreeMap<i64, Share> = BTreeMap::new();
        for &(root, member) in rows.iter().filter(|_| is_contained) {
            let share = joined.entry(root).or_insert_with(|| Share { ids: Vec::new(), is_ordered });
            share.ids.extend(member);
        }
        let mut roots: Vec<i64> = rows.iter().map(|row| row.0).collect();
        // Rows that bring several members of one object are one object.
        if is_contained && base.join.is_some_and(|(rel, ..)| !rel.is_to_one()) {
            roots.dedup();
        }
        Rows { roots: Share { ids: roots, is_ordered }, joined }
    }

    /// The rows of a query that selects people and the members of one of their relationships.
    pub(super) fn pairs(&self, base: &Base, rel: Rel, is_outer: bool) -> Vec<(i64, Option<i64>)> {
        let mut people = self.ids(Kind::Person);
        people.retain(|&id| base.filters.iter().all(|&filter| self.fulfils(Kind::Person, id, filter, None)));
        self.sort(Kind::Person, &mut people, base.order.expect("the rows have an order"));
        let of_person = |id| {
            let mut members: Vec<Option<i64>> = self.members(rel, id).into_iter().map(Some).collect();
            if members.is_empty() && is_outer {
                members.push(None);
            }
            members.into_iter().map(move |member| (id, member))
        };
        let rows = people.into_iter().flat_map(of_person).skip(base.offset.unwrap_or(0) as usize);
        rows.take(base.limit.map_or(usize::MAX, |limit| limit as usize)).collect()
    }

    // ------------------------------------------------------------------------------------------------------ as values

    /// Says where an object that was read differs from what it is to be.
    pub(super) fn compare(
        &self,
        found: &Seen,
        nodes: &[Node],
        with_note: bool,
        rows: Option<&Rows>,
    ) -> Result<(), String> {
        let (kind, id) = (found.kind, found.id);
        let rank = self.thing(kind, id).rank;
        if found.rank != rank {
            return Err(format!("{kind:?} {id} has the rank {}, not {rank}", found.rank));
        }
        let note = with_note.then(|| note(kind, id));
        if found.note != note {
            return Err(format!("{kind:?} {id} has the note {:?}, not {note:?}", found.note));
        }
        for (rel, members) in &found.fields {
            // The last of them comes last.
            let node = nodes.iter().rfind(|node| node.rel == *rel && !node.is_left_out());
            let (Some(node), Some(members)) = (node, members) else {
                if node.is_some() || members.is_some() {
                    let is = if members.is_some() { "is" } else { "is not" };
                    return Err(format!("{rel:?} of {kind:?} {id} {is} loaded"));
                }
                continue;
            };
            let share = self.share(node, (kind, id), rows);
            let ids: Vec<i64> = members.iter().map(|member| member.id).collect();
            if !share.is(&ids) {
                return Err(format!("{rel:?} of {kind:?} {id} are {ids:?}, not {share:?}"));
            }
            let below = node.below();
            for member in members {
                self.compare(member, &below, node.said.with_note, None)
                    .map_err(|error| format!("{rel:?} of {kind:?} {id}: {error}"))?;
            }
        }
        Ok(())
    }

    // ----------------------------------------------------------------------------------------------------- as handles

    /// What each node brings to each object that it reaches: one object may be reached by several.
    pub(super) fn brought(&self, kind: Kind, owners: &[i64], nodes: &[Node], rows: Option<&Rows>, all: &mut Brought) {
        for node in nodes {
            if node.is_left_out() {
                continue;
            }
            let target = node.rel.target();
            let mut members = BTreeSet::new();
            for &owner in owners {
                let share = self.share(node, (kind, owner), rows);
                members.extend(share.ids.iter().copied());
                all.shares.entry((kind, owner, node.rel)).or_default().push(share);
            }
            let members: Vec<i64> = members.into_iter().collect();
            for &member in &members {
                *all.members.entry((target, member)).or_default() |= node.said.with_note;
            }
            self.brought(target, &members, &node.below(), None, all);
        }
    }
}

/// What the options of a query bring.
#[derive(Debug, Default)]
pub(super) struct Brought {
    pub(super) shares: BTreeMap<(Kind, i64, Rel), Vec<Share>>,
    /// Members, and whether their notes come too.
    pub(super) members: BTreeMap<(Kind, i64), bool>,
}

/// The note of an object, which never changes.
pub(super) fn note(kind: Kind, id: i64) -> i64 {
    100 * (kind as i64 + 1) + id
}
