//! Four related models, and what is known of their objects without a session.

use std::collections::{BTreeMap, BTreeSet};

use orm::Handle;
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
#[orm(table = "random_teams", version = version, metadata = none)]
pub(super) struct Team {
    #[orm(primary_key)]
    pub(super) id: i64,
    pub(super) name: String,
    #[orm(default = 1)]
    pub(super) version: i64,
    #[orm(back_populates = team)]
    pub(super) members: HasMany<Person>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "random_people", metadata = none)]
pub(super) struct Person {
    #[orm(primary_key)]
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) nickname: Option<String>,
    /// Left out unless a query asks for it.
    #[orm(deferred)]
    pub(super) note: Deferred<Option<String>>,
    /// Loaded unless a query leaves it out.
    #[orm(default = "")]
    pub(super) motto: Deferred<String>,
    #[orm(foreign_key = Team.id)]
    pub(super) team_id: Option<i64>,
    #[orm(back_populates = members)]
    pub(super) team: BelongsTo<Team>,
    #[orm(foreign_key = Person.id)]
    pub(super) mentor_id: Option<i64>,
    #[orm(back_populates = pupils)]
    pub(super) mentor: BelongsTo<Person>,
    #[orm(back_populates = mentor)]
    pub(super) pupils: HasMany<Person>,
    #[orm(back_populates = person, cascade(all, delete_orphan))]
    pub(super) tasks: HasMany<Task>,
    #[orm(secondary = PersonTag, back_populates = people)]
    pub(super) tags: ManyToMany<Tag>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "random_tasks", metadata = none)]
pub(super) struct Task {
    #[orm(primary_key)]
    pub(super) id: i64,
    pub(super) name: String,
    #[orm(foreign_key = Person.id)]
    pub(super) person_id: i64,
    #[orm(back_populates = tasks)]
    pub(super) person: BelongsTo<Person>,
}

/// A tag has a key of the user's own, so that one may be deleted and added again.
#[derive(Clone, Debug, Model)]
#[orm(table = "random_tags", metadata = none)]
pub(super) struct Tag {
    #[orm(primary_key, length = 20)]
    pub(super) word: String,
    pub(super) name: String,
    #[orm(secondary = PersonTag, back_populates = tags)]
    pub(super) people: ManyToMany<Person>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "random_people_tags", metadata = none)]
pub(super) struct PersonTag {
    #[orm(primary_key, foreign_key = Person.id)]
    pub(super) person_id: i64,
    #[orm(primary_key, foreign_key = Tag.word, on_update = cascade, length = 20)]
    pub(super) tag: String,
}

/// An object as the model knows it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Thing {
    pub(super) name: String,
    pub(super) nickname: Option<String>,
    pub(super) note: Option<String>,
    pub(super) motto: String,
    /// The key of a tag.
    pub(super) word: String,
    /// The team of a person, the person of a task.
    pub(super) owner: Option<usize>,
    pub(super) mentor: Option<usize>,
    pub(super) tags: BTreeSet<usize>,
    pub(super) handle: Named,
}

impl Thing {
    pub(super) fn new(name: String, handle: Named) -> Thing {
        let (note, motto, word) = (None, String::new(), String::new());
        Thing { name, nickname: None, note, motto, word, owner: None, mentor: None, tags: BTreeSet::new(), handle }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Named {
    Team(Handle<Team>),
    Person(Handle<Person>),
    Task(Handle<Task>),
    Tag(Handle<Tag>),
}

/// Everything that is, by a number that is never used again.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub(super) things: BTreeMap<usize, Thing>,
}

macro_rules! chosen {
    ($($name:ident $handle:ident $kind:ident $model:ident;)*) => { $(
        pub(super) fn $name(&self, number: usize) -> Option<(usize, Handle<$model>)> {
            let all: Vec<(usize, Handle<$model>)> = self.things.iter().filter_map(|(&at, thing)| match thing.handle {
                Named::$kind(handle) => Some((at, handle)),
                _ => None,
            }).collect();
            (!all.is_empty()).then(|| all[number % all.len()])
        }

        pub(super) fn $handle(&self, at: usize) -> Handle<$model> {
            match self.things[&at].handle {
                Named::$kind(handle) => handle,
                other => panic!("{at} is {other:?}"),
            }
        }
    )* };
}

impl World {
    chosen! {
        team team_of Team Team;
        person person_of Person Person;
        task task_of Task Task;
        tag tag_of Tag Tag;
    }

    pub(super) fn where_is(&self, is_wanted: impl Fn(&Thing) -> bool) -> BTreeSet<usize> {
        self.things.iter().filter(|(_, thing)| is_wanted(thing)).map(|(&at, _)| at).collect()
    }

    pub(super) fn members(&self, team: usize) -> BTreeSet<usize> {
        self.where_is(|thing| matches!(thing.handle, Named::Person(_)) && thing.owner == Some(team))
    }

    pub(super) fn tasks(&self, person: usize) -> BTreeSet<usize> {
        self.where_is(|thing| matches!(thing.handle, Named::Task(_)) && thing.owner == Some(person))
    }

    pub(super) fn is_above(&self, person: usize, other: usize) -> bool {
        let mut at = Some(other);
        while let Some(now) = at {
            if now == person {
                return true;
            }
            at = self.things[&now].mentor;
        }
        false
    }

    pub(super) fn change(&mut self, at: usize) -> &mut Thing {
        self.things.get_mut(&at).expect("it is there")
    }

    pub(super) fn delete(&mut self, at: usize) {
        let gone = self.things.remove(&at).expect("it is there");
        let goes = |thing: &Thing| matches!(thing.handle, Named::Task(_)) && matches!(gone.handle, Named::Person(_));
        self.things.retain(|_, thing| !(goes(thing) && thing.owner == Some(at)));
        for thing in self.things.values_mut() {
            thing.owner = thing.owner.filter(|&owner| owner != at);
            thing.mentor = thing.mentor.filter(|&mentor| mentor != at);
            thing.tags.remove(&at);
        }
    }
}
