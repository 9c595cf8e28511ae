//! Relationships whose join is a condition of their own: what the condition says of foreign keys.
//!
//! In: a `primaryjoin`, with columns that may be marked by [`remote`](super::remote) and [`foreign`](super::foreign). Out:
//! a relationship over a foreign key, if the condition is no more than that; else one with the condition, which has a
//! foreign key to write all the same if some of its terms are one.

use super::configure::{Direction, ForeignKey, Link, RelationshipInfo, foreign_keys};
use super::{Alias, Mapper, RelationshipKind};
use crate::error::{Error, ErrorKind, Result};
use crate::sql::{Node, Operator};

/// A term of a condition that says a column of the owner equals one of the target.
#[derive(Clone, Copy)]
struct Equality {
    own: u16,
    other: u16,
    /// Whether one of them is marked as the one that refers.
    is_marked: bool,
}

/// Resolves a relationship by condition: the owners are told apart by their keys.
pub(super) fn resolve(bare: RelationshipInfo, mut condition: Node) -> Result<RelationshipInfo> {
    let name = bare.name();
    let refuse = |why: String, hint: &str| Err(Error::new(ErrorKind::Configuration, why).hint(hint));
    if bare.definition.secondary.is_some() || bare.owner.definition.key.is_empty() {
        let why = format!("relationship `{name}` cannot have a `primaryjoin`");
        return refuse(why, "it joins a model with a primary key to another model, without an association table");
    }
    if bare.is_to_itself() && !has_mark(&condition, Alias::REMOTE) {
        let why = format!("the `primaryjoin` of relationship `{name}` does not say which columns are of the members");
        return refuse(why, "mark them: `remote(Node.id)`");
    }
    let (equalities, has_more) = equalities(bare.owner, bare.target, &condition);
    condition.replace_alias(Alias::FOREIGN, Alias::NONE);
    condition.replace_alias(Alias::REMOTE_FOREIGN, Alias::REMOTE);
    if !bare.is_to_itself() {
        condition.replace_alias(Alias::REMOTE, Alias::NONE);
    }
    let keys: Vec<(u16, u16)> = bare.owner.definition.key.iter().map(|&column| (column, column)).collect();
    if bare.definition.viewonly {
        return Ok(RelationshipInfo {
            direction: Direction::OneToMany,
            pairs: keys,
            condition: Some(condition),
            ..bare
        });
    }
    let is_here = bare.definition.kind == RelationshipKind::BelongsTo;
    let Some((link, used)) = link(&bare, &equalities, is_here)? else {
        let why = format!("relationship `{name}` has a `primaryjoin` that says of no foreign key what to write");
        return refuse(
            why,
            "let it equate the columns of one, or mark the column that refers by `foreign(…)`, on a `BelongsTo` and its \
             other side; or add `viewonly`",
        );
    };
    let direction = if is_here { Direction::ManyToOne } else { Direction::OneToMany };
    if !has_more && used == equalities.len() {
        let pairs = equalities.iter().map(|equality| (equality.own, equality.other)).collect();
        return Ok(RelationshipInfo { direction, pairs, link: Some(link), ..bare });
    }
    if bare.definition.cascade.delete_orphan {
        let why = format!("relationship `{name}` has a condition beside its foreign key and cannot delete orphans");
        return refuse(why, "say `delete_orphan` on a relationship over the foreign key alone");
    }
    Ok(RelationshipInfo { direction, pairs: keys, link: Some(link), condition: Some(condition), ..bare })
}

/// Returns the foreign keys that only the conditions of a model's own relationships say, in the order of these.
pub(super) fn keys(mapper: &'static Mapper) -> Vec<ForeignKey> {
    let mut keys: Vec<ForeignKey> = Vec::new();
    for definition in mapper.definition.relationships {
        let (RelationshipKind::BelongsTo, Some(condition), false) =
            (definition.kind, definition.primaryjoin, definition.viewonly)
        else {
            continue;
        };
        let target = (definition.target)();
        let (equalities, _) = equalities(mapper, target, &condition());
        let marked = || equalities.iter().filter(|equality| equality.is_marked);
        let columns: Vec<u16> = marked().map(|equality| equality.own).collect();
        let target_columns: Vec<u16> = marked().map(|equality| equality.other).collect();
        let is_same =
            |key: &ForeignKey| key.target.is(target) && key.columns == columns && key.target_columns == target_columns;
        let is_declared = foreign_keys(mapper).is_ok_and(|declared| declared.iter().any(is_same));
        if !columns.is_empty() && !is_declared && !keys.iter().any(is_same) {
            keys.push(ForeignKey { columns, target, target_columns, on_update: None });
        }
    }
    keys
}

/// Finds the foreign key that a condition is over: the marked one, else the declared one whose columns it equates; and
/// how many of its terms that takes.
fn link(bare: &RelationshipInfo, equalities: &[Equality], is_here: bool) -> Result<Option<(Link, usize)>> {
    let (child, parent) = if is_here { (bare.owner, bare.target) } else { (bare.target, bare.owner) };
    let mut candidates = foreign_keys(child)?;
    candidates.extend(keys(child));
    let is_marked = equalities.iter().any(|equality| equality.is_marked);
    let terms: Vec<(u16, u16)> = equalities
        .iter()
        .filter(|equality| equality.is_marked || !is_marked)
        .map(|equality| if is_here { (equality.own, equality.other) } else { (equality.other, equality.own) })
        .collect();
    let is_covered = |key: &ForeignKey| {
        let mut pairs = key.columns.iter().copied().zip(key.target_columns.iter().copied());
        key.target.is(parent) && pairs.all(|pair| terms.contains(&pair))
    };
    let found = candidates.iter().position(is_covered);
    Ok(found.map(|foreign_key| (Link { child, foreign_key }, candidates[foreign_key].columns.len())))
}

/// Returns the terms that equate a column of the owner with one of the target, and whether there are others.
fn equalities(owner: &Mapper, target: &Mapper, condition: &Node) -> (Vec<Equality>, bool) {
    let mut terms = Vec::new();
    flatten(condition, &mut terms);
    let is_to_itself = owner.is(target);
    let equality = |term: &&Node| {
        let Node::Binary { operator: Operator::Eq, sides } = term else { return None };
        let [
            Node::Column { mapper: first, column: left, alias: left_alias },
            Node::Column { mapper: second, column: right, alias: right_alias },
        ] = &**sides
        else {
            return None;
        };
        let is_of_members = |mapper: &Mapper, alias: Alias| match is_to_itself {
            true => alias.has_mark(Alias::REMOTE),
            false => mapper.is(target),
        };
        let is_known = |mapper: &Mapper| mapper.is(owner) || mapper.is(target);
        let is_marked = left_alias.has_mark(Alias::FOREIGN) || right_alias.has_mark(Alias::FOREIGN);
        match (is_of_members(first, *left_alias), is_of_members(second, *right_alias)) {
            _ if !is_known(first) || !is_known(second) => None,
            (false, true) => Some(Equality { own: *left, other: *right, is_marked }),
            (true, false) => Some(Equality { own: *right, other: *left, is_marked }),
            _ => None,
        }
    };
    let equalities: Vec<Equality> = terms.iter().filter_map(equality).collect();
    let has_more = equalities.len() < terms.len();
    (equalities, has_more)
}

fn flatten<'n>(condition: &'n Node, terms: &mut Vec<&'n Node>) {
    match condition {
        Node::All(list) => list.iter().for_each(|term| flatten(term, terms)),
        term => terms.push(term),
    }
}

fn has_mark(condition: &Node, mark: Alias) -> bool {
    let mut found = false;
    condition.visit(&mut |node| {
        if let Node::Column { alias, .. } = node {
            found |= alias.has_mark(mark);
        }
    });
    found
}
