//! Steps that let objects go, take them in again, and merge values.

use std::collections::BTreeSet;

use orm::prelude::*;
use orm::{Handle, Member, undefer_all};

use super::checks::key;
use super::model::{Named, Person, Tag, Task, Team};
use super::steps::{Done, Run};

impl Run {
    /// Names the object of a key anew, wherever it was.
    pub(super) async fn find_again(&mut self, session: &mut Session, at: usize, key: (i64, String)) -> Done {
        let (id, word) = key;
        let thing = self.world.change(at);
        thing.handle = match thing.handle {
            Named::Team(_) => Named::Team(session.get_one(Team, id).await?),
            Named::Person(_) => Named::Person(session.get_one(Person, id).await?),
            Named::Task(_) => Named::Task(session.get_one(Task, id).await?),
            Named::Tag(_) => Named::Tag(session.get_one(Tag, word).await?),
        };
        self.found_again.insert(at, thing.handle);
        Ok(())
    }

    /// Lets go of everything that is clean, and finds it again.
    pub(super) async fn expunge_clean(&mut self, session: &mut Session) -> Done {
        session.flush().await?;
        let keys: Vec<_> = self.world.things.iter().map(|(&at, thing)| (at, key(session, thing.handle))).collect();
        session.expunge_clean();
        for (at, key) in keys {
            self.find_again(session, at, key).await?;
        }
        Ok(())
    }

    /// Lets go of one object with what follows it, and finds them again; some way by merging the value that it was.
    pub(super) async fn expunge(&mut self, session: &mut Session, a: usize, b: usize) -> Done {
        session.flush().await?;
        let Some(at) = self.any(a) else { return Ok(()) };
        let handle = self.world.things[&at].handle;
        let followers = self.world.tasks(at).into_iter().chain([at]);
        let keys: Vec<_> = followers.map(|at| (at, key(session, self.world.things[&at].handle))).collect();
        // A collection keeps what was deleted until it is read again, which would go along, and not come back with a savepoint.
        if let Named::Person(person) = handle
            && let Ok(tasks) = session.try_handles(person, Person.tasks)
            && tasks.len() > keys.len() - 1
        {
            session.expire_relationship(person, Person.tasks)?;
        }
        if b.is_multiple_of(2) {
            // A merge would add it.
            session.expire_all();
            if b.is_multiple_of(4) {
                self.read_everything(session).await?;
            }
        }
        match handle {
            Named::Team(handle) if b.is_multiple_of(2) => {
                let value = session.detach(handle)?;
                session.merge(value).await?;
            }
            Named::Tag(handle) if b.is_multiple_of(2) => {
                let value = session.detach(handle)?;
                session.merge(value).await?;
            }
            Named::Person(handle) if b.is_multiple_of(2) => {
                let value = session.detach(handle)?;
                session.merge(value).await?;
            }
            Named::Team(handle) => session.expunge(handle)?,
            Named::Person(handle) => session.expunge(handle)?,
            Named::Task(handle) => session.expunge(handle)?,
            Named::Tag(handle) => session.expunge(handle)?,
        }
        for (at, key) in keys {
            self.find_again(session, at, key).await?;
        }
        Ok(())
    }

    /// Merges values without relationships: what they do not have stays.
    pub(super) async fn merge_value(&mut self, session: &mut Session, a: usize, b: usize, name: String) -> Done {
        if b.is_multiple_of(4) {
            return self.merge_tag(session, a, b, name).await;
        }
        let Some((at, person)) = self.world.person(a) else { return Ok(()) };
        session.flush().await?;
        let id = session[person].id;
        let merged = match b % 4 {
            1 => session.merge(Person::builder().id(id).name(name.as_str()).note("merged")).await?,
            2 => {
                let mut value = select(Person).filter(Person.id.eq(id)).one(session.connection().await?).await?;
                value.name.clone_from(&name);
                value.note.set("merged");
                session.merge(value).await?
            }
            _ => {
                // What the value says of the foreign key is what was, the relationship says what will be.
                let mut value = select(Person).filter(Person.id.eq(id)).one(session.connection().await?).await?;
                value.name.clone_from(&name);
                value.note.set("merged");
                if let Some((team, handle)) = self.world.team(b) {
                    session.link(person, Person.team, handle);
                    self.world.change(at).owner = Some(team);
                }
                session.merge(value).await?
            }
        };
        assert_eq!(merged, person);
        let thing = self.world.change(at);
        (thing.name, thing.note) = (name, Some("merged".into()));
        Ok(())
    }

    async fn merge_tag(&mut self, session: &mut Session, a: usize, b: usize, name: String) -> Done {
        session.flush().await?;
        let known = self.world.tag(a).filter(|_| b.is_multiple_of(8));
        let word = known.map_or_else(|| format!("m{}", self.next), |(_, tag)| session[tag].word.clone());
        let merged = session.merge(Tag::builder().word(word.as_str()).name(name.as_str())).await?;
        match known {
            Some((at, tag)) => {
                assert_eq!(merged, tag);
                self.world.change(at).name = name;
            }
            None => {
                self.new_tag(name.clone(), word.clone(), merged);
                assert_eq!(session.merge(Tag::builder().word(word).name(name)).await?, merged);
            }
        }
        Ok(())
    }

    /// Merges a team whose members are some that there are, and a new one: who is not among them leaves.
    pub(super) async fn merge_team(&mut self, session: &mut Session, a: usize, b: usize, name: String) -> Done {
        let Some((team, handle)) = self.world.team(a) else { return Ok(()) };
        session.flush().await?;
        let known: BTreeSet<usize> = (0..2).filter_map(|n| Some(self.world.person(b + n)?.0)).collect();
        let named = |person: Handle<Person>| Person::builder().id(session[person].id).name(name.as_str());
        let new = Member::of(Person::builder().name(name.as_str()).motto("merged"));
        let members = known.iter().map(|&at| Member::of(named(self.world.person_of(at)))).chain([new]);
        let members: Vec<Member<Person>> = members.collect();
        let value = Team::builder().id(session[handle].id).name(name.as_str());
        assert_eq!(session.merge(value.members(members)).await?, handle);
        for at in self.world.members(team) {
            self.world.change(at).owner = None;
        }
        self.world.change(team).name.clone_from(&name);
        let there: Vec<_> = known.iter().map(|&at| self.world.person_of(at)).collect();
        for &at in &known {
            let thing = self.world.change(at);
            (thing.owner, thing.name) = (Some(team), name.clone());
        }
        let handles = session.handles(handle, Team.members);
        let [new] = handles.iter().filter(|member| !there.contains(member)).collect::<Vec<_>>()[..] else {
            panic!("one is new: {handles:?}, {there:?} are not")
        };
        let new = self.new_thing(name, Named::Person(*new));
        let thing = self.world.change(new);
        (thing.owner, thing.motto) = (Some(team), "merged".into());
        Ok(())
    }

    /// Merges a person whose one task is one that there is, maybe another's: the others go.
    pub(super) async fn merge_person(&mut self, session: &mut Session, a: usize, b: usize, name: String) -> Done {
        let (Some((person, handle)), Some((task, own))) = (self.world.person(a), self.world.task(b)) else {
            return Ok(());
        };
        session.flush().await?;
        let only = Task::builder().id(session[own].id).name(name.as_str());
        let value = Person::builder().id(session[handle].id).name(name.as_str()).tasks([only]);
        assert_eq!(session.merge(value).await?, handle);
        for at in self.world.tasks(person) {
            if at != task {
                self.world.delete(at);
            }
        }
        for at in [person, task] {
            self.world.change(at).name.clone_from(&name);
        }
        self.world.change(task).owner = Some(person);
        Ok(())
    }

    /// Takes a value for the row that it was read from: what was changed meanwhile is forgotten.
    pub(super) async fn merge_loaded(&mut self, session: &mut Session, a: usize) -> Done {
        let Some((_, team)) = self.world.team(a) else { return Ok(()) };
        session.flush().await?;
        let query = select(Team).filter(Team.id.eq(session[team].id));
        let value = query.one(session.connection().await?).await?;
        session[team].name = "never written".into();
        assert_eq!(session.merge_loaded(value)?, team);
        assert!(!session.is_modified(team)?);
        let Some((_, person)) = self.world.person(a) else { return Ok(()) };
        let query = select(Person).options(undefer_all(Person)).filter(Person.id.eq(session[person].id));
        let value = query.one(session.connection().await?).await?;
        session[person].motto.set("never written");
        assert_eq!(session.merge_loaded(value)?, person);
        assert!(session[person].note.is_loaded());
        Ok(())
    }

    /// Has a query overwrite what was changed and not flushed, columns and links.
    pub(super) async fn populate_existing(&mut self, session: &mut Session, a: usize, b: usize) -> Done {
        let (Some((_, person)), Some((_, team))) = (self.world.person(a), self.world.team(b)) else { return Ok(()) };
        session.flush().await?;
        session[person].name = "never written".into();
        session[person].note.set("never written");
        match b % 3 {
            0 => drop(session.link(person, Person.team, team)),
            1 => session[person].team.clear(),
            _ => {}
        }
        let query = session.no_autoflush().query(Person).populate_existing().all().await?;
        assert!(query.contains(&person));
        assert!(!session.is_modified(person)?);
        Ok(())
    }

    /// Reads an object again whose links were changed and not flushed: they are forgotten, on both sides. A relationship
    /// that is to be read again forgets nothing.
    pub(super) async fn refresh_linked(&mut self, session: &mut Session, a: usize, b: usize) -> Done {
        let (Some((at, person)), Some((owner, team))) = (self.world.person(a), self.world.team(b)) else {
            return Ok(());
        };
        session.flush().await?;
        if b % 4 > 1 {
            session.load(team, Team.members).await?;
        }
        match b % 2 {
            0 => drop(session.link(person, Person.team, team)),
            _ => drop(session.link(team, Team.members, person)),
        }
        match a % 3 {
            0 => session.refresh(person).await?,
            1 => session.expire(person)?,
            _ => {
                session.expire_relationship(person, Person.team)?;
                self.world.change(at).owner = Some(owner);
            }
        }
        Ok(())
    }
}
