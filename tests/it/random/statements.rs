//! Steps that write rows without objects, or by a condition; the session's objects follow.

use std::collections::BTreeSet;

use orm::prelude::*;
use orm::{ErrorKind, Synchronize, Update};

use super::model::{Named, Person, PersonTag, Tag, Task, Team, Thing};
use super::steps::{Done, Run};

impl Run {
    pub(super) async fn bulk_insert(&mut self, session: &mut Session, a: usize, b: usize, name: String) -> Done {
        let names = ["x", "y"].map(|end| format!("b{}{end}", self.next));
        if b.is_multiple_of(2) {
            let tags = names.clone().map(|word| Tag::builder().word(word).name(name.as_str()));
            assert_eq!(session.bulk_insert(tags).await?, 2);
            for word in names {
                let handle = session.get_one(Tag, word.as_str()).await?;
                self.new_tag(name.clone(), word, handle);
            }
            return Ok(());
        }
        let Some((team, handle)) = self.world.team(a) else { return Ok(()) };
        session.flush().await?;
        let id = session[handle].id;
        let people = names.clone().map(|name| Person::builder().name(name).motto("in bulk").team_id(id));
        assert_eq!(session.bulk_insert(people).await?, 2);
        session.expire_relationship(handle, Team.members)?;
        for name in names {
            let handle = session.query(Person).filter(Person.name.eq(name.as_str())).one().await?;
            // It may have the key of one that was rolled back, whose object has been expired since.
            session.refresh(handle).await?;
            let at = self.new_thing(name, Named::Person(handle));
            let thing = self.world.change(at);
            (thing.owner, thing.motto) = (Some(team), "in bulk".into());
        }
        Ok(())
    }

    pub(super) async fn bulk_update(&mut self, session: &mut Session, a: usize, b: usize, name: String) -> Done {
        let chosen: BTreeSet<usize> = (0..3).filter_map(|n| Some(self.world.person(a + n)?.0)).collect();
        session.flush().await?;
        let keys: Vec<i64> = chosen.iter().map(|&at| session[self.world.person_of(at)].id).collect();
        let mut values = select(Person).filter(Person.id.in_(keys)).all(session.connection().await?).await?;
        for value in &mut values {
            (value.name, value.nickname) = (name.clone(), None);
            value.motto.set("not among the columns");
        }
        assert_eq!(session.bulk_update((Person.name, Person.nickname), values).await?, chosen.len() as u64);
        for &at in &chosen {
            let person = self.world.person_of(at);
            assert!(session.is_expired(person)?);
            let thing = self.world.change(at);
            (thing.name, thing.nickname) = (name.clone(), None);
            if b.is_multiple_of(2) {
                session[person].motto.set("unread");
                thing.motto = "unread".into();
            }
        }
        session.query(Person).all().await.map(|_| ())
    }

    /// Updates people by a condition; whether it can be evaluated in memory or not, the objects are as their rows.
    pub(super) async fn update_where(&mut self, session: &mut Session, a: usize, b: usize, name: String) -> Done {
        let people = self.world.where_is(|thing| matches!(thing.handle, Named::Person(_)));
        let has = |is_it: &dyn Fn(&Thing) -> bool| -> Vec<usize> {
            people.iter().copied().filter(|at| is_it(&self.world.things[at])).collect()
        };
        let nickname = Some(name.clone());
        let update = update(Person).set(Person.nickname, nickname.clone());
        let (update, matched): (Update<Person>, Vec<usize>) = match a % 7 {
            0 => {
                let Some((team, handle)) = self.world.team(b) else { return Ok(()) };
                session.flush().await?;
                (update.filter(Person.team_id.eq(session[handle].id)), has(&|thing| thing.owner == Some(team)))
            }
            1 => (update.filter(Person.team_id.is_null()), has(&|thing| thing.owner.is_none())),
            2 => (update.filter(Person.name.eq(name.as_str())), has(&|thing| thing.name == name)),
            3 => (update.filter(Person.name.like("n1%")), has(&|thing| thing.name.starts_with("n1"))),
            4 => (update.filter(Person.note.is_not_null()), has(&|thing| thing.note.is_some())),
            5 => (update.filter(Person.motto.ne("kept")), has(&|thing| thing.motto != "kept")),
            _ => (update.filter(!Person.nickname.eq("n1")), {
                has(&|thing| thing.nickname.as_ref().is_some_and(|nickname| nickname != "n1"))
            }),
        };
        let count = matched.len() as u64;
        match session.execute_with(update.clone(), [Synchronize::Evaluate, Synchronize::Fetch][b % 2]).await {
            Err(error) if *error.kind() == ErrorKind::InvalidRequest => {
                assert_eq!(session.execute(update).await?, count);
            }
            done => assert_eq!(done?, count),
        }
        for at in matched {
            self.world.change(at).nickname.clone_from(&nickname);
        }
        Ok(())
    }

    /// Sets what only the database can compute, so that the objects are read again; or has nothing follow, and says so.
    pub(super) async fn update_unseen(&mut self, session: &mut Session, a: usize, b: usize) -> Done {
        let Some((at, person)) = self.world.person(a) else { return Ok(()) };
        session.flush().await?;
        let update = update(Person).filter(Person.id.eq(session[person].id));
        let update = update.set(Person.name, Person.name.concat("!")).set(Person.note, Person.name);
        match b % 2 {
            0 => assert_eq!(session.execute(update).await?, 1),
            _ => {
                assert_eq!(session.execute_with(update, Synchronize::No).await?, 1);
                session.expire(person)?;
            }
        }
        assert!(session.is_expired(person)?);
        session.load(person, Person.note).await?;
        assert!(session[person].note.is_loaded());
        let thing = self.world.change(at);
        thing.note = Some(thing.name.clone());
        thing.name.push('!');
        Ok(())
    }

    pub(super) async fn delete_where(&mut self, session: &mut Session, a: usize, b: usize) -> Done {
        let Some((at, person)) = self.world.person(a) else { return Ok(()) };
        session.flush().await?;
        let delete = delete(Task).filter(Task.person_id.eq(session[person].id));
        let tasks = self.world.tasks(at);
        let how = [Synchronize::Auto, Synchronize::Fetch][b % 2];
        assert_eq!(session.execute_with(delete, how).await?, tasks.len() as u64);
        tasks.into_iter().for_each(|task| self.world.delete(task));
        Ok(())
    }

    /// Deletes pairs, of which a session has no objects: the relationships over them have to be read again.
    pub(super) async fn delete_pairs(&mut self, session: &mut Session, a: usize) -> Done {
        let Some((tag, handle)) = self.world.tag(a) else { return Ok(()) };
        session.flush().await?;
        let people = self.world.where_is(|thing| thing.tags.contains(&tag));
        let delete = delete(PersonTag).filter(PersonTag.tag.eq(session[handle].word.as_str()));
        assert_eq!(session.execute(delete).await?, people.len() as u64);
        session.expire_relationship(handle, Tag.people)?;
        for at in people {
            session.expire_relationship(self.world.person_of(at), Person.tags)?;
            self.world.change(at).tags.remove(&tag);
        }
        Ok(())
    }
}
