//! What a session and its tables hold, compared with the model.

use std::collections::{HashMap, HashSet};

use orm::prelude::*;
use orm::{AnyHandle, Handle, undefer};

use super::model::{Named, Person, PersonTag, Tag, Task, Team, World};
use super::steps::{Done, Run, Step};

impl Run {
    /// Compares what the session holds with the model: every column, and every relationship that is loaded.
    pub(super) fn compare_memory(&self, session: &Session, step: Step) {
        let world = &self.world;
        let others = Others::of(world);
        for (&at, thing) in &world.things {
            let what = || format!("{:?} after {step:?}", thing.handle);
            match thing.handle {
                Named::Team(handle) => {
                    assert_eq!(session[handle].name, thing.name, "the name of {}", what());
                    let members = others.members.of(at).map(|at| world.person_of(at)).collect();
                    compare(session.try_handles(handle, Team.members), members, session, what);
                }
                Named::Person(handle) => {
                    assert_eq!(session[handle].name, thing.name, "the name of {}", what());
                    assert_eq!(session[handle].nickname, thing.nickname, "the nickname of {}", what());
                    let (note, motto) = (session[handle].note.loaded(), session[handle].motto.loaded());
                    assert!(note.is_none_or(|note| *note == thing.note), "the note of {}: {note:?}", what());
                    assert!(motto.is_none_or(|motto| *motto == thing.motto), "the motto of {}: {motto:?}", what());
                    let team = thing.owner.map(|at| world.team_of(at)).into_iter().collect();
                    compare(session.try_handles(handle, Person.team), team, session, what);
                    let mentor = thing.mentor.map(|at| world.person_of(at)).into_iter().collect();
                    compare(session.try_handles(handle, Person.mentor), mentor, session, what);
                    let pupils = others.pupils.of(at).map(|at| world.person_of(at)).collect();
                    compare(session.try_handles(handle, Person.pupils), pupils, session, what);
                    let tasks = others.tasks.of(at).map(|at| world.task_of(at)).collect();
                    compare(session.try_handles(handle, Person.tasks), tasks, session, what);
                    let tags = thing.tags.iter().map(|&at| world.tag_of(at)).collect();
                    compare(session.try_handles(handle, Person.tags), tags, session, what);
                }
                Named::Task(handle) => {
                    assert_eq!(session[handle].name, thing.name, "the name of {}", what());
                    let person = thing.owner.map(|at| world.person_of(at)).into_iter().collect();
                    compare(session.try_handles(handle, Task.person), person, session, what);
                }
                Named::Tag(handle) => {
                    assert_eq!(session[handle].name, thing.name, "the name of {}", what());
                    assert_eq!(session[handle].word, thing.word, "the word of {}", what());
                    let people = others.tagged.of(at).map(|at| world.person_of(at)).collect();
                    compare(session.try_handles(handle, Tag.people), people, session, what);
                }
            }
        }
    }

    pub(super) async fn compare_rows(&self, session: &mut Session, step: Step) -> Done {
        let rows = rows(session.connection().await?).await?;
        assert_eq!(rows, self.expected(session), "the rows after {step:?}");
        Ok(())
    }

    /// The rows that there should be.
    pub(super) fn expected(&self, session: &Session) -> Vec<String> {
        let world = &self.world;
        let id = |at: Option<usize>| at.map(|at| key(session, world.things[&at].handle).0);
        let mut rows = Vec::new();
        for thing in world.things.values() {
            let name = &thing.name;
            match thing.handle {
                Named::Team(handle) => {
                    rows.push(format!("team {} {name} {}", session[handle].id, session[handle].version));
                }
                Named::Task(handle) => {
                    rows.push(format!("task {} {name} {:?}", session[handle].id, id(thing.owner).unwrap_or_default()));
                    assert_eq!(Some(session[handle].person_id), id(thing.owner), "the foreign key of {handle:?}");
                }
                Named::Tag(_) => rows.push(format!("tag {} {name}", thing.word)),
                Named::Person(handle) => {
                    let person = &session[handle];
                    let (team, mentor) = (id(thing.owner), id(thing.mentor));
                    let texts = (&thing.nickname, &thing.note, &thing.motto);
                    rows.push(format!("person {} {name} {texts:?} {team:?} {mentor:?}", person.id));
                    assert_eq!((person.team_id, person.mentor_id), (team, mentor), "the foreign keys of {handle:?}");
                    for &tag in &thing.tags {
                        rows.push(format!("pair {} {}", person.id, world.things[&tag].word));
                    }
                }
            }
        }
        rows.sort();
        rows
    }
}

/// Who refers to whom, by whom they refer to: looked up for each thing after each step.
#[derive(Default)]
struct Others {
    members: Referring,
    tasks: Referring,
    pupils: Referring,
    tagged: Referring,
}

#[derive(Default)]
struct Referring(HashMap<usize, Vec<usize>>);

impl Referring {
    fn of(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        self.0.get(&at).into_iter().flatten().copied()
    }

    fn add(&mut self, to: Option<usize>, at: usize) {
        to.into_iter().for_each(|to| self.0.entry(to).or_default().push(at));
    }
}

impl Others {
    fn of(world: &World) -> Others {
        let mut others = Others::default();
        for (&at, thing) in &world.things {
            match thing.handle {
                Named::Person(_) => others.members.add(thing.owner, at),
                Named::Task(_) => others.tasks.add(thing.owner, at),
                Named::Team(_) | Named::Tag(_) => {}
            }
            others.pupils.add(thing.mentor, at);
            thing.tags.iter().for_each(|&tag| others.tagged.add(Some(tag), at));
        }
        others
    }
}

/// The keys of an object: a number or a word.
pub(super) fn key(session: &Session, handle: Named) -> (i64, String) {
    match handle {
        Named::Team(handle) => (session[handle].id, String::new()),
        Named::Person(handle) => (session[handle].id, String::new()),
        Named::Task(handle) => (session[handle].id, String::new()),
        Named::Tag(handle) => (0, session[handle].word.clone()),
    }
}

/// Compares the members that a relationship has with those that it should have, if it is loaded.
fn compare<T: Model>(
    found: Result<Vec<Handle<T>>, Error>,
    expected: Vec<Handle<T>>,
    session: &Session,
    what: impl Fn() -> String,
) {
    let Ok(mut found) = found else { return };
    // What was deleted stays in a collection until it is read again.
    found.retain(|handle| expected.contains(handle) || stays(session, *handle));
    let expected: HashSet<Handle<T>> = expected.into_iter().collect();
    let name = std::any::type_name::<T>();
    assert!(found.len() == expected.len(), "the {name}s of {}: {found:?}, {expected:?}", what());
    let found: HashSet<Handle<T>> = found.into_iter().collect();
    assert_eq!(found, expected, "the {name}s of {}", what());
}

/// Returns whether an object has a row, or will have one, after the next flush.
fn stays<T: Model>(session: &Session, handle: Handle<T>) -> bool {
    let is_here = |list: Vec<AnyHandle>| list.iter().any(|known| known.is(handle));
    !is_here(session.deleted()) && (is_here(session.identity_map()) || is_here(session.pending()))
}

/// Every row of every table, as text.
pub(super) async fn rows(db: &mut orm::Connection) -> Result<Vec<String>, Error> {
    let mut rows = Vec::new();
    for (id, name, version) in select((Team.id, Team.name, Team.version)).all(&mut *db).await? {
        rows.push(format!("team {id} {name} {version}"));
    }
    for person in select(Person).options(undefer(Person.note)).all(&mut *db).await? {
        let Person { id, name, nickname, team_id, mentor_id, .. } = &person;
        let texts = (nickname, person.note.get(), person.motto.get());
        rows.push(format!("person {id} {name} {texts:?} {team_id:?} {mentor_id:?}"));
    }
    for (id, name, person) in select((Task.id, Task.name, Task.person_id)).all(&mut *db).await? {
        rows.push(format!("task {id} {name} {person}"));
    }
    for (word, name) in select((Tag.word, Tag.name)).all(&mut *db).await? {
        rows.push(format!("tag {word} {name}"));
    }
    for (person, tag) in select((PersonTag.person_id, PersonTag.tag)).all(&mut *db).await? {
        rows.push(format!("pair {person} {tag}"));
    }
    rows.sort();
    Ok(rows)
}
