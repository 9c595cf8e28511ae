//! What a session and its tables hold, compared with the model.

use orm::Handle;
use orm::prelude::*;
use orm::undefer;

use super::model::{Named, Person, PersonTag, Tag, Task, Team};
use super::steps::{Done, Run, Step};

impl Run {
    /// Compares what the session holds with the model: every column, and every relationship that is loaded.
    pub(super) fn compare_memory(&self, session: &Session, step: Step) {
        let world = &self.world;
        for (&at, thing) in &world.things {
            let what = || format!("{:?} after {step:?}", thing.handle);
            match thing.handle {
                Named::Team(handle) => {
                    assert_eq!(session[handle].name, thing.name, "the name of {}", what());
                    let members = world.members(at).into_iter().map(|at| world.person_of(at)).collect();
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
                    let pupils = world.where_is(|thing| thing.mentor == Some(at));
                    let pupils = pupils.into_iter().map(|at| world.person_of(at)).collect();
                    compare(session.try_handles(handle, Person.pupils), pupils, session, what);
                    let tasks = world.tasks(at).into_iter().map(|at| world.task_of(at)).collect();
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
                    let people = world.where_is(|thing| thing.tags.contains(&at));
                    let people = people.into_iter().map(|at| world.person_of(at)).collect();
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
                Named::Tag(handle) => rows.push(format!("tag {} {name}", session[handle].word)),
                Named::Person(handle) => {
                    let person = &session[handle];
                    let (team, mentor) = (id(thing.owner), id(thing.mentor));
                    let texts = (&thing.nickname, &thing.note, &thing.motto);
                    rows.push(format!("person {} {name} {texts:?} {team:?} {mentor:?}", person.id));
                    assert_eq!((person.team_id, person.mentor_id), (team, mentor), "the foreign keys of {handle:?}");
                    for &tag in &thing.tags {
                        rows.push(format!("pair {} {}", person.id, session[world.tag_of(tag)].word));
                    }
                }
            }
        }
        rows.sort();
        rows
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
    let deleted = session.deleted();
    found.retain(|&handle| {
        expected.contains(&handle) || (!deleted.iter().any(|gone| gone.is(handle)) && in_map(session, handle))
    });
    let mut expected = expected;
    let order = |handle: &Handle<T>| format!("{handle:?}");
    found.sort_by_key(order);
    expected.sort_by_key(order);
    let name = std::any::type_name::<T>();
    assert_eq!(found, expected, "the {name}s of {}", what());
}

fn in_map<T: Model>(session: &Session, handle: Handle<T>) -> bool {
    session.identity_map().iter().chain(&session.pending()).any(|known| known.is(handle))
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
