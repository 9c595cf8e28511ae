//! Resolves the foreign keys and relationships of one model, at its first use.
//!
//! In: definitions. Out: [`Configured`], or an error that names the place. It asks only the definitions of other models,
//! never their configuration, so that a cycle of models cannot wait for itself.

use orm_pool::Kind;

use super::{
    Alias, ColumnReference, Definition, Mapper, ReferentialAction, RelationshipDefinition, RelationshipKind, condition,
};
use crate::error::{Error, ErrorKind, Result};
use crate::sql::Node;

/// A model whose references are resolved.
pub(crate) struct Configured {
    pub(crate) foreign_keys: Vec<ForeignKey>,
    pub(crate) relationships: Vec<RelationshipInfo>,
}

/// A foreign key whose target is known.
#[derive(Clone, Debug)]
pub(crate) struct ForeignKey {
    /// The positions of the columns that refer.
    pub(crate) columns: Vec<u16>,
    pub(crate) target: &'static Mapper,
    /// The positions of the columns that are referred to, in the same order.
    pub(crate) target_columns: Vec<u16>,
    /// What the database does to the row when the key that it refers to changes.
    pub(crate) on_update: Option<ReferentialAction>,
}

impl ForeignKey {
    /// Returns whether these columns of its model are among those that refer.
    fn has_columns(&self, child: &Mapper, columns: &[ColumnReference]) -> bool {
        columns.iter().all(|column| column.mapper.is(child) && self.columns.contains(&column.column))
    }
}

/// Which way the foreign key of a relationship points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The target refers to the owner.
    OneToMany,
    /// The owner refers to the target.
    ManyToOne,
    /// An association table refers to both.
    ManyToMany,
}

/// A foreign key by its place: what both sides of a relationship have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    /// The model that has the foreign key's columns.
    pub(crate) child: &'static Mapper,
    /// The position among its foreign keys.
    pub(crate) foreign_key: usize,
}

/// A relationship whose join is known.
pub(crate) struct RelationshipInfo {
    pub(crate) definition: &'static RelationshipDefinition,
    pub(crate) index: u16,
    pub(crate) owner: &'static Mapper,
    pub(crate) target: &'static Mapper,
    pub(crate) direction: Direction,
    /// Columns that must be equal: of the owner, and of the target or, with a secondary table, of that.
    pub(crate) pairs: Vec<(u16, u16)>,
    /// The foreign key that a direct relationship writes.
    pub(crate) link: Option<Link>,
    pub(crate) secondary: Option<Secondary>,
    /// The condition of the join, where it is more than a foreign key; then the pairs are the owner's key with itself. To
    /// itself, the members' columns are those of [`Alias::REMOTE`].
    pub(crate) condition: Option<Node>,
    /// The position of the other side among the target's relationships.
    pub(crate) reverse: Option<u16>,
}

/// The association table of a many-to-many relationship.
pub(crate) struct Secondary {
    pub(crate) mapper: &'static Mapper,
    /// Columns that must be equal: of the association table and of the target.
    pub(crate) pairs: Vec<(u16, u16)>,
}

impl RelationshipInfo {
    /// Returns `User.addresses`.
    pub(crate) fn name(&self) -> String {
        name(self.owner, self.definition)
    }

    /// Returns the condition of the join between these aliases, where it is not a foreign key.
    pub(crate) fn condition_between(&self, owner: Alias, target: Alias) -> Option<Node> {
        let mut condition = self.condition.clone()?;
        condition.use_alias(self.owner, owner);
        match self.is_to_itself() {
            true => condition.replace_alias(Alias::REMOTE, target),
            false => condition.use_alias(self.target, target),
        }
        Some(condition)
    }

    /// Returns the condition of the join with values in the place of the owner's columns, or of the members'.
    pub(crate) fn condition_with(&self, is_owner_known: bool, value: impl Fn(u16) -> Node) -> Option<Node> {
        let mut condition = self.condition.clone()?;
        if self.is_to_itself() && !is_owner_known {
            condition.replace_alias(Alias::NONE, Alias::FOREIGN);
            condition.replace_alias(Alias::REMOTE, Alias::NONE);
        }
        let known = if is_owner_known { self.owner } else { self.target };
        condition.change_columns(&mut |mapper, alias, column| {
            (mapper.is(known) && alias == Alias::NONE).then(|| value(column))
        });
        condition.replace_alias(Alias::FOREIGN, Alias::NONE);
        condition.replace_alias(Alias::REMOTE, Alias::NONE);
        Some(condition)
    }

    /// Returns whether it leads from a model to itself.
    pub(crate) fn is_to_itself(&self) -> bool {
        self.owner.is(self.target)
    }

    /// Returns whether the field holds at most one member.
    pub(crate) fn is_to_one(&self) -> bool {
        matches!(self.definition.kind, RelationshipKind::HasOne | RelationshipKind::BelongsTo)
    }
}

fn name(owner: &Mapper, definition: &RelationshipDefinition) -> String {
    format!("{}.{}", owner.definition.name, definition.name)
}

/// Resolves a model.
pub(super) fn configure(mapper: &'static Mapper) -> Result<Configured> {
    check_key(mapper)?;
    let mut foreign_keys = foreign_keys(mapper)?;
    foreign_keys.extend(condition::keys(mapper));
    let relationships = mapper.definition.relationships.iter().enumerate();
    let relationships = relationships.map(|(index, definition)| relationship(mapper, index as u16, definition));
    Ok(Configured { relationships: relationships.collect::<Result<_>>()?, foreign_keys })
}

/// Refuses a key of documents: a database writes one otherwise than it was sent, and a row would not be known again by it.
fn check_key(mapper: &'static Mapper) -> Result<()> {
    let is_document = |kind: Kind| matches!(kind, Kind::Json | Kind::Array(Kind::Json));
    let Definition { key, columns, .. } = &mapper.definition;
    let columns = key.iter().map(|&column| &columns[usize::from(column)]);
    match columns.into_iter().find(|column| is_document(column.kind)) {
        None => Ok(()),
        Some(column) => {
            let message =
                format!("`{}.{}` is JSON, which cannot be a primary key", mapper.definition.name, column.field);
            let hint = "take a key of another type, and `#[orm(unique)]` for the document";
            Err(Error::new(ErrorKind::Configuration, message).hint(hint))
        }
    }
}

/// Resolves the foreign keys of a model: those on single columns first, in the order of the fields.
pub(super) fn foreign_keys(mapper: &'static Mapper) -> Result<Vec<ForeignKey>> {
    let single = mapper.definition.columns.iter().enumerate().filter_map(|(position, column)| {
        column.foreign_key.map(|key| {
            let target = (key.target)();
            ForeignKey {
                columns: vec![position as u16],
                target: target.mapper,
                target_columns: vec![target.column],
                on_update: key.on_update,
            }
        })
    });
    let mut keys: Vec<ForeignKey> = single.collect();
    for group in mapper.definition.foreign_keys {
        let targets = (group.targets)();
        let Some(first) = targets.first() else { continue };
        if targets.len() != group.columns.len() || targets.iter().any(|target| !target.mapper.is(first.mapper)) {
            let message = format!(
                "the foreign key over {} columns of `{}` does not refer to as many columns of one table",
                group.columns.len(),
                mapper.definition.name
            );
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        keys.push(ForeignKey {
            columns: group.columns.to_vec(),
            target: first.mapper,
            target_columns: targets.iter().map(|target| target.column).collect(),
            on_update: group.on_update,
        });
    }
    Ok(keys)
}

fn relationship(
    owner: &'static Mapper,
    index: u16,
    definition: &'static RelationshipDefinition,
) -> Result<RelationshipInfo> {
    let target = (definition.target)();
    let reverse = reverse(owner, index, definition, target)?;
    let bare = RelationshipInfo {
        definition,
        index,
        owner,
        target,
        direction: Direction::ManyToMany,
        pairs: vec![],
        link: None,
        secondary: None,
        condition: None,
        reverse,
    };
    if let Some(condition) = definition.primaryjoin {
        return condition::resolve(bare, condition());
    }
    match definition.kind {
        RelationshipKind::BelongsTo => {
            let (position, key) = foreign_key_between(owner, target, &bare)?;
            let pairs = key.columns.iter().copied().zip(key.target_columns).collect();
            let link = Some(Link { child: owner, foreign_key: position });
            Ok(RelationshipInfo { direction: Direction::ManyToOne, pairs, link, ..bare })
        }
        RelationshipKind::HasMany | RelationshipKind::HasOne => {
            let (position, key) = foreign_key_between(target, owner, &bare)?;
            let pairs = key.target_columns.into_iter().zip(key.columns).collect();
            let link = Some(Link { child: target, foreign_key: position });
            Ok(RelationshipInfo { direction: Direction::OneToMany, pairs, link, ..bare })
        }
        RelationshipKind::ManyToMany => many_to_many(bare),
    }
}

fn many_to_many(bare: RelationshipInfo) -> Result<RelationshipInfo> {
    let Some(secondary) = bare.definition.secondary else {
        let message = format!("relationship `{}` is many-to-many and names no association table", bare.name());
        return Err(Error::new(ErrorKind::Configuration, message).hint("add `secondary = …`, the model of that table"));
    };
    let secondary = secondary();
    let keys = foreign_keys(secondary)?;
    let (near, far) = keys_of_secondary(&bare, secondary, &keys)?;
    let pairs = near.target_columns.iter().copied().zip(near.columns.iter().copied()).collect();
    let far_pairs = far.columns.iter().copied().zip(far.target_columns.iter().copied()).collect();
    let secondary = Some(Secondary { mapper: secondary, pairs: far_pairs });
    Ok(RelationshipInfo { pairs, secondary, ..bare })
}

/// Finds the foreign keys of an association table to the owner of a relationship and to its target.
fn keys_of_secondary<'a>(
    relationship: &RelationshipInfo,
    secondary: &'static Mapper,
    keys: &'a [ForeignKey],
) -> Result<(&'a ForeignKey, &'a ForeignKey)> {
    let own = relationship.definition.foreign_key.map(|columns| columns());
    let of_reverse = reverse_definition(relationship).and_then(|reverse| reverse.foreign_key).map(|columns| columns());
    let to = |target: &'static Mapper, chosen: &Option<Vec<ColumnReference>>| -> Vec<usize> {
        let is_chosen = |key: &ForeignKey| chosen.as_ref().is_none_or(|columns| key.has_columns(secondary, columns));
        (0..keys.len()).filter(|&key| keys[key].target.is(target) && is_chosen(&keys[key])).collect()
    };
    let (mut near, mut far) = (to(relationship.owner, &own), to(relationship.target, &of_reverse));
    for (found, target) in [(&near, relationship.owner), (&far, relationship.target)] {
        if found.is_empty() {
            let message = format!(
                "relationship `{}` cannot be joined: the association table `{}` has no foreign key to `{}`",
                relationship.name(),
                secondary.definition.table,
                target.definition.table
            );
            return Err(Error::new(ErrorKind::Configuration, message));
        }
    }
    // To itself, what one side follows the other does not.
    match (near.as_slice(), far.as_slice()) {
        (&[only], _) => far.retain(|&key| key != only),
        (_, &[only]) => near.retain(|&key| key != only),
        // Nothing is said: the first key is the near one, unless the other side was declared first.
        (&[first, second], _) if relationship.owner.is(relationship.target) => {
            let is_second = relationship.reverse.is_some_and(|reverse| reverse < relationship.index);
            (near, far) = if is_second { (vec![second], vec![first]) } else { (vec![first], vec![second]) };
        }
        _ => {}
    }
    match (near.as_slice(), far.as_slice()) {
        (&[near], &[far]) => Ok((&keys[near], &keys[far])),
        _ => {
            let message = format!(
                "relationship `{}` can be joined in several ways: the association table `{}` has several foreign keys to one table",
                relationship.name(),
                secondary.definition.table
            );
            let hint = "say on each side which one leads to it by `foreign_key = …`";
            Err(Error::new(ErrorKind::Configuration, message).hint(hint))
        }
    }
}

/// Finds the one foreign key of `child` to `parent` that a relationship follows.
fn foreign_key_between(
    child: &'static Mapper,
    parent: &'static Mapper,
    relationship: &RelationshipInfo,
) -> Result<(usize, ForeignKey)> {
    let chosen = chosen_columns(relationship);
    let keys = foreign_keys(child)?;
    let mut candidates: Vec<(usize, ForeignKey)> = keys
        .into_iter()
        .enumerate()
        .filter(|(_, key)| key.target.is(parent))
        .filter(|(_, key)| chosen.as_ref().is_none_or(|columns| key.has_columns(child, columns)))
        .collect();
    match candidates.len() {
        1 => Ok(candidates.remove(0)),
        0 => {
            let message = format!(
                "could not determine the join condition of relationship `{}`: there are no foreign keys linking `{}` to `{}`",
                relationship.name(),
                child.definition.table,
                parent.definition.table
            );
            let hint = format!(
                "add `#[orm(foreign_key = {}.…)]` to a field of `{}`",
                parent.definition.name, child.definition.name
            );
            Err(Error::new(ErrorKind::Configuration, message).hint(hint))
        }
        _ => {
            let columns: Vec<String> = candidates
                .iter()
                .map(|(_, key)| {
                    let names = key.columns.iter().map(|c| child.definition.columns[usize::from(*c)].field);
                    format!("`{}.{}`", child.definition.name, names.collect::<Vec<_>>().join(", "))
                })
                .collect();
            let message = format!(
                "could not determine the join condition of relationship `{}`: there are several foreign keys linking `{}` to `{}`",
                relationship.name(),
                child.definition.table,
                parent.definition.table
            );
            let hint = format!("say which one by `foreign_key = …`: {}", columns.join(" or "));
            Err(Error::new(ErrorKind::Configuration, message).hint(hint))
        }
    }
}

/// Returns the columns that the relationship or its other side says to follow.
fn chosen_columns(relationship: &RelationshipInfo) -> Option<Vec<ColumnReference>> {
    let own = relationship.definition.foreign_key;
    let of_reverse = || reverse_definition(relationship)?.foreign_key;
    own.or_else(of_reverse).map(|columns| columns())
}

fn reverse_definition(relationship: &RelationshipInfo) -> Option<&'static RelationshipDefinition> {
    let reverse = usize::from(relationship.reverse?);
    Some(&relationship.target.definition.relationships[reverse])
}

/// Finds the other side: what this one names, or the one over there that names this one.
fn reverse(
    owner: &'static Mapper,
    index: u16,
    definition: &'static RelationshipDefinition,
    target: &'static Mapper,
) -> Result<Option<u16>> {
    let others = target.definition.relationships;
    let Some(back_populates) = definition.back_populates else {
        let named = others
            .iter()
            .position(|other| (other.target)().is(owner) && other.back_populates.is_some_and(|back| back() == index));
        return Ok(named.map(|position| position as u16));
    };
    let position = back_populates();
    let other = &others[usize::from(position)];
    if let Some(back) = other.back_populates.map(|back| back())
        && back != index
    {
        let message = format!(
            "relationship `{}` says `back_populates = {}`, but `{}` says `back_populates = {}`",
            name(owner, definition),
            other.name,
            name(target, other),
            owner.definition.relationships[usize::from(back)].name
        );
        return Err(Error::new(ErrorKind::Configuration, message));
    }
    let same_side = matches!(
        (definition.kind, other.kind),
        (RelationshipKind::BelongsTo, RelationshipKind::BelongsTo)
            | (
                RelationshipKind::HasMany | RelationshipKind::HasOne,
                RelationshipKind::HasMany | RelationshipKind::HasOne
            )
    );
    if same_side {
        let message = format!(
            "relationship `{}` and its other side `{}` both point the same way",
            name(owner, definition),
            name(target, other)
        );
        let hint = "one side is a `BelongsTo`, the other a `HasMany` or `HasOne`";
        return Err(Error::new(ErrorKind::Configuration, message).hint(hint));
    }
    Ok(Some(position))
}
