//! Steps that add, change, link and delete objects.

use std::collections::BTreeSet;

use orm::prelude::*;

use super::model::{Named, Person, Tag, Task, Team};
use super::steps::{Done, Run};

/// Has a session look at the fields that were changed in its objects, as its next query would.
async fn sync(session: &mut Session) -> Done {
    session.no_autoflush().query(Team).count().await.map(|_| ())
}

impl Run {
    // ------------------------------------------------------------------------------------------------ adding

    pub(super) fn add_team(&mut self, session: &mut Session, name: String) {
        let handle = session.add(Team::builder().name(name.as_str()));
        self.new_thing(name, Named::Team(handle));
    }

    pub(super) fn add_person(&mut self, session: &mut Session, a: usize, b: usize, name: String) {
        let handle = session.add(Person::builder().name(name.as_str()));
        let at = self.new_thing(name, Named::Person(handle));
        if let Some((team, known)) = self.world.team(a).filter(|_| b.is_multiple_of(2)) {
            session.link(handle, Person.team, known);
            self.world.change(at).owner = Some(team);
        }
    }

    pub(super) fn add_graph(&mut self, session: &mut Session, b: usize, name: String) {
        let tasks: Vec<_> = (0..b % 3).map(|_| Task::builder().name(name.as_str())).collect();
        let team = Team::builder().name(name.as_str());
        let handle = session.add(Person::builder().name(name.as_str()).team(team).tasks(tasks));
        let person = self.new_thing(name.clone(), Named::Person(handle));
        let team = session.handles(handle, Person.team)[0];
        let team = self.new_thing(name.clone(), Named::Team(team));
        self.world.change(person).owner = Some(team);
        for task in session.handles(handle, Person.tasks) {
            let task = self.new_thing(name.clone(), Named::Task(task));
            self.world.change(task).owner = Some(person);
        }
    }

    pub(super) async fn add_task(&mut self, session: &mut Session, a: usize, b: usize, name: String) -> Done {
        let Some((person, owner)) = self.world.person(a) else { return Ok(()) };
        let handle = match b % 3 {
            0 => session.link(owner, Person.tasks, Task::builder().name(name.as_str())),
            1 => session.add(Task::builder().name(name.as_str()).person(owner)),
            _ => {
                let task = session.add(Task::builder().name(name.as_str()));
                session[owner].tasks.push(task);
                sync(session).await?;
                task
            }
        };
        let task = self.new_thing(name, Named::Task(handle));
        self.world.change(task).owner = Some(person);
        Ok(())
    }

    pub(super) fn add_tag(&mut self, session: &mut Session, name: String) {
        let word = format!("w{}", self.next);
        let handle = session.add(Tag { word: word.clone(), name: name.clone(), people: ManyToMany::default() });
        self.new_tag(name, word, handle);
    }

    // ------------------------------------------------------------------------------------------------ changing

    pub(super) fn rename(&mut self, session: &mut Session, a: usize, name: String) {
        let Some(at) = self.any(a) else { return };
        match self.world.things[&at].handle {
            Named::Team(handle) => session[handle].name.clone_from(&name),
            Named::Person(handle) => session[handle].name.clone_from(&name),
            Named::Task(handle) => session[handle].name.clone_from(&name),
            Named::Tag(handle) => session[handle].name.clone_from(&name),
        }
        self.world.change(at).name = name;
    }

    pub(super) fn nickname(&mut self, session: &mut Session, a: usize, b: usize, name: String) {
        let Some((at, person)) = self.world.person(a) else { return };
        let nickname = (!b.is_multiple_of(3)).then_some(name);
        session[person].nickname.clone_from(&nickname);
        self.world.change(at).nickname = nickname;
    }

    pub(super) async fn assign(&mut self, session: &mut Session, a: usize, name: String) -> Done {
        let Some((at, team)) = self.world.team(a) else { return Ok(()) };
        session.flush().await?;
        let Team { id, version, .. } = session[team];
        session[team] = Team { id, name: name.clone(), version, members: HasMany::default() };
        sync(session).await?;
        self.world.change(at).name = name;
        Ok(())
    }

    // ------------------------------------------------------------------------------------------------ linking

    pub(super) fn join(&mut self, session: &mut Session, a: usize, b: usize) {
        let (Some((at, person)), Some((team, handle))) = (self.world.person(a), self.world.team(b)) else { return };
        session.link(person, Person.team, handle);
        self.world.change(at).owner = Some(team);
    }

    pub(super) fn leave(&mut self, session: &mut Session, a: usize) {
        let Some((at, person)) = self.world.person(a) else { return };
        if let Some(team) = self.world.things[&at].owner {
            session.unlink(person, Person.team, self.world.team_of(team));
        }
        self.world.change(at).owner = None;
    }

    pub(super) async fn push_member(&mut self, session: &mut Session, a: usize, b: usize) -> Done {
        let people = (self.world.person(a), self.world.team(b));
        let (Some((at, person)), Some((team, handle))) = people else { return Ok(()) };
        session[handle].members.push(person);
        sync(session).await?;
        self.world.change(at).owner = Some(team);
        Ok(())
    }

    pub(super) async fn remove_member(&mut self, session: &mut Session, a: usize, b: usize) -> Done {
        let Some((team, handle)) = self.world.team(a) else { return Ok(()) };
        session.load(handle, Team.members).await?;
        let members: Vec<usize> = self.world.members(team).into_iter().collect();
        if let Some(&member) = members.get(b % members.len().max(1)) {
            assert!(session[handle].members.remove(self.world.person_of(member)));
            sync(session).await?;
            self.world.change(member).owner = None;
        }
        Ok(())
    }

    pub(super) async fn join_by_key(&mut self, session: &mut Session, a: usize, b: usize) -> Done {
        let people = (self.world.person(a), self.world.team(b));
        let (Some((at, person)), Some((team, handle))) = people else { return Ok(()) };
        session.flush().await?;
        session[person].team_id = Some(session[handle].id);
        session.flush().await?;
        self.world.change(at).owner = Some(team);
        Ok(())
    }

    pub(super) async fn replace(&mut self, session: &mut Session, a: usize, b: usize) -> Done {
        let Some((team, handle)) = self.world.team(a) else { return Ok(()) };
        session.load(handle, Team.members).await?;
        let new: BTreeSet<usize> = (0..2).filter_map(|n| Some(self.world.person(b + n)?.0)).collect();
        let handles: Vec<_> = new.iter().map(|&at| self.world.person_of(at)).collect();
        session.replace(handle, Team.members, handles);
        for at in self.world.members(team) {
            self.world.change(at).owner = None;
        }
        new.into_iter().for_each(|at| self.world.change(at).owner = Some(team));
        Ok(())
    }

    pub(super) fn mentor(&mut self, session: &mut Session, a: usize, b: usize) {
        let (Some((pupil, handle)), Some((mentor, other))) = (self.world.person(a), self.world.person(b)) else {
            return;
        };
        if !self.world.is_above(pupil, mentor) {
            session.link(handle, Person.mentor, other);
            self.world.change(pupil).mentor = Some(mentor);
        }
    }

    pub(super) async fn unmentor(&mut self, session: &mut Session, a: usize) -> Done {
        let Some((at, person)) = self.world.person(a) else { return Ok(()) };
        session[person].mentor.clear();
        sync(session).await?;
        self.world.change(at).mentor = None;
        Ok(())
    }

    pub(super) fn move_task(&mut self, session: &mut Session, a: usize, b: usize) {
        let (Some((at, task)), Some((person, handle))) = (self.world.task(a), self.world.person(b)) else { return };
        session.link(task, Task.person, handle);
        self.world.change(at).owner = Some(person);
    }

    pub(super) async fn drop_task(&mut self, session: &mut Session, a: usize) -> Done {
        let Some((at, task)) = self.world.task(a) else { return Ok(()) };
        let owner = self.world.person_of(self.world.things[&at].owner.expect("a task has an owner"));
        session.load(owner, Person.tasks).await?;
        assert!(session[owner].tasks.remove(task));
        self.world.delete(at);
        sync(session).await
    }

    pub(super) fn link_tag(&mut self, session: &mut Session, a: usize, b: usize) {
        let (Some((at, person)), Some((tag, handle))) = (self.world.person(a), self.world.tag(b)) else { return };
        if !self.world.things[&at].tags.contains(&tag) {
            session.link(handle, Tag.people, person);
            self.world.change(at).tags.insert(tag);
        }
    }

    pub(super) async fn push_tag(&mut self, session: &mut Session, a: usize, b: usize) -> Done {
        let both = (self.world.person(a), self.world.tag(b));
        let (Some((at, person)), Some((tag, handle))) = both else { return Ok(()) };
        if !self.world.things[&at].tags.contains(&tag) {
            session[person].tags.push(handle);
            sync(session).await?;
            self.world.change(at).tags.insert(tag);
        }
        Ok(())
    }

    pub(super) fn untag(&mut self, session: &mut Session, a: usize, b: usize) {
        let Some((at, person)) = self.world.person(a) else { return };
        let tags: Vec<usize> = self.world.things[&at].tags.iter().copied().collect();
        if let Some(&tag) = tags.get(b % tags.len().max(1)) {
            session.unlink(person, Person.tags, self.world.tag_of(tag));
            self.world.change(at).tags.remove(&tag);
        }
    }

    // ------------------------------------------------------------------------------------------------ deleting

    pub(super) async fn delete(&mut self, session: &mut Session, a: usize) -> Done {
        session.flush().await?;
        let Some(at) = self.any(a) else { return Ok(()) };
        match self.world.things[&at].handle {
            Named::Team(handle) => session.delete(handle).await?,
            Named::Person(handle) => session.delete(handle).await?,
            Named::Task(handle) => session.delete(handle).await?,
            Named::Tag(handle) => session.delete(handle).await?,
        }
        self.world.delete(at);
        Ok(())
    }

    pub(super) async fn delete_and_add_tag(&mut self, session: &mut Session, a: usize, b: usize, name: String) -> Done {
        session.flush().await?;
        let Some((at, tag)) = self.world.tag(a) else { return Ok(()) };
        let word = session[tag].word.clone();
        session.delete(tag).await?;
        self.world.delete(at);
        let handle = session.add(Tag { word: word.clone(), name: name.clone(), people: ManyToMany::default() });
        let at = self.new_tag(name, word, handle);
        if let Some((person, other)) = self.world.person(b) {
            session.link(other, Person.tags, handle);
            self.world.change(person).tags.insert(at);
        }
        Ok(())
    }

    /// Chooses one of all things.
    pub(super) fn any(&self, number: usize) -> Option<usize> {
        let all: Vec<usize> = self.world.things.keys().copied().collect();
        all.get(number % all.len().max(1)).copied()
    }
}
