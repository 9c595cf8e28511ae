//! Relationships, from foreign keys: both sides of each, and many to many where a table is nothing but two of them.

use heck::ToSnakeCase;
use orm_core::schema::{ForeignKey, ReferentialAction, Table};

use super::names::{plain, plural, raw, singular, unique};
use super::{Entity, target_of};

/// A relationship as a field.
pub(super) struct Relation {
    pub(super) field: String,
    /// `BelongsTo` and its kin.
    pub(super) kind: &'static str,
    pub(super) target: String,
    pub(super) attributes: Vec<String>,
}

/// One foreign key between two models, by position.
struct Link {
    child: usize,
    parent: usize,
    /// The fields of the key.
    fields: Vec<String>,
    /// What the key alone says of the relationship: `user` of `user_id`.
    role: Option<String>,
    is_unique: bool,
    goes_along: bool,
}

/// Gives the models their relationships.
pub(super) fn relate(entities: &mut [Entity<'_>]) {
    let between: Vec<bool> = entities.iter().map(|entity| is_association(entity, entities)).collect();
    let links: Vec<Link> = (0..entities.len())
        .filter(|&child| !between[child])
        .flat_map(|child| {
            let keys = entities[child].table.foreign_keys.iter();
            keys.filter_map(|key| link(child, key, entities)).collect::<Vec<_>>()
        })
        .collect();
    let mut taken: Vec<Vec<String>> =
        entities.iter().map(|entity| entity.fields.iter().map(|field| field.name.clone()).collect()).collect();
    let names: Vec<(String, String)> = links.iter().map(|link| name_both(link, &links, entities, &mut taken)).collect();
    for (link, names) in links.iter().zip(names) {
        let is_one_of_several = links.iter().filter(|other| link.is_between_the_same(other)).count() > 1;
        let (at_child, at_parent) = link.both_sides(names, is_one_of_several, entities);
        entities[link.child].relations.push(at_child);
        entities[link.parent].relations.push(at_parent);
    }
    for at in (0..entities.len()).filter(|&at| between[at]) {
        many_to_many(at, entities, &mut taken);
    }
}

impl Link {
    fn is_between_the_same(&self, other: &Link) -> bool {
        (self.child, self.parent) == (other.child, other.parent)
    }

    /// Returns the relationship at the side that refers, and that at the other; where there are several ways between the two models, each
    /// says by which foreign key it goes.
    fn both_sides(
        &self,
        (own, back): (String, String),
        is_one_of_several: bool,
        entities: &[Entity<'_>],
    ) -> (Relation, Relation) {
        let (child, parent) = (&entities[self.child].name, &entities[self.parent].name);
        let mut at_child = vec![format!("back_populates = {back}")];
        let mut at_parent = vec![format!("back_populates = {own}")];
        if self.goes_along {
            at_parent.extend(["cascade(all, delete_orphan)", "passive_deletes"].map(str::to_owned));
        }
        if is_one_of_several {
            let of_child = self.fields.iter().map(|field| format!("{child}.{field}")).collect();
            at_child.push(format!("foreign_key = {}", list(self.fields.clone())));
            at_parent.push(format!("foreign_key = {}", list(of_child)));
        }
        let kind = if self.is_unique { "HasOne" } else { "HasMany" };
        (
            Relation { field: own, kind: "BelongsTo", target: parent.clone(), attributes: at_child },
            Relation { field: back, kind, target: child.clone(), attributes: at_parent },
        )
    }
}

/// Writes names: one as it is, several in parentheses.
fn list(names: Vec<String>) -> String {
    match &*names {
        [one] => one.clone(),
        several => format!("({})", several.join(", ")),
    }
}

fn link(child: usize, key: &ForeignKey, entities: &[Entity<'_>]) -> Option<Link> {
    let target = target_of(key, entities)?;
    let parent = entities.iter().position(|entity| std::ptr::eq(entity, target))?;
    target.field_names(&key.target_columns)?;
    let own = &entities[child];
    // A column refers to one other, of its own type.
    let is_first = own.table.foreign_keys.iter().find(|first| first.columns == key.columns) == Some(key);
    let agrees = key.columns.iter().all(|column| own.field(column).is_some_and(|field| field.agrees));
    if !is_first || !agrees {
        return None;
    }
    let fields: Vec<String> = own.field_names(&key.columns)?.into_iter().map(str::to_owned).collect();
    let role = match &*key.columns {
        [one] => {
            let name = one.to_snake_case();
            let role = name.strip_suffix("_id").or_else(|| name.strip_suffix("_fk")).filter(|role| !role.is_empty());
            role.map(str::to_owned)
        }
        _ => None,
    };
    let is_required = key.columns.iter().all(|column| own.field(column).is_some_and(|field| !field.column.is_nullable));
    let goes_along = key.on_delete == Some(ReferentialAction::Cascade) && is_required;
    Some(Link { child, parent, fields, role, is_unique: own.is_unique(&key.columns), goes_along })
}

/// Names a relationship at the side that refers, and at the other.
fn name_both(link: &Link, links: &[Link], entities: &[Entity<'_>], taken: &mut [Vec<String>]) -> (String, String) {
    let (child, parent) = (&entities[link.child], &entities[link.parent]);
    let of_parent = singular(&parent.table.name.to_snake_case());
    let own = link.role.clone().unwrap_or_else(|| match &*link.fields {
        // A column such as `reports_to`, beside which the object needs another name.
        [one] if plain(one) != of_parent => format!("{}_{of_parent}", plain(one)),
        _ => of_parent.clone(),
    });
    let own = unique(raw(own), &mut taken[link.child]);
    let of_child = child.table.name.to_snake_case();
    let back = if link.is_unique { singular(&of_child) } else { plural(&of_child) };
    let several = links.iter().filter(|other| link.is_between_the_same(other)).count() > 1;
    let back = match (several, link.child == link.parent) {
        (false, true) if plain(&own) == "parent" => "children".to_owned(),
        (true, _) | (_, true) => format!("{back}_by_{}", plain(&own)),
        (false, false) => back,
    };
    (own, unique(raw(back), &mut taken[link.parent]))
}

/// Returns whether a table links two others, and has nothing to say itself.
fn is_association(entity: &Entity<'_>, entities: &[Entity<'_>]) -> bool {
    let table: &Table = entity.table;
    let [one, other] = &*table.foreign_keys else { return false };
    let is_of = |column: &String| one.columns.contains(column) != other.columns.contains(column);
    let is_referred_to =
        entities.iter().any(|other| other.table.foreign_keys.iter().any(|key| key.target_table == table.name));
    table.columns.iter().all(|column| is_of(&column.name))
        && table.primary_key.columns.len() == table.columns.len()
        && (one.target_table != other.target_table || one.target_schema != other.target_schema)
        && target_of(one, entities).is_some()
        && target_of(other, entities).is_some()
        && !is_referred_to
}

fn many_to_many(at: usize, entities: &mut [Entity<'_>], taken: &mut [Vec<String>]) {
    let ends: Vec<usize> = entities[at]
        .table
        .foreign_keys
        .iter()
        .filter_map(|key| {
            let target = target_of(key, entities)?;
            entities.iter().position(|entity| std::ptr::eq(entity, target))
        })
        .collect();
    let [one, other] = *ends else { return };
    let secondary = entities[at].name.clone();
    let name = |of: usize| raw(plural(&entities[of].table.name.to_snake_case()));
    let (at_one, at_other) = (unique(name(other), &mut taken[one]), unique(name(one), &mut taken[other]));
    for (own, back, of, target) in [(&at_one, &at_other, one, other), (&at_other, &at_one, other, one)] {
        let target = entities[target].name.clone();
        let attributes = vec![format!("secondary = {secondary}"), format!("back_populates = {back}")];
        entities[of].relations.push(Relation { field: own.clone(), kind: "ManyToMany", target, attributes });
    }
}
