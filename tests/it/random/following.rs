//! Steps with statements whose rows become objects, upserts, CTEs that write, keys that change, rows in chunks, and savepoints
//! in which a statement fails.

use std::collections::{BTreeMap, HashSet};

use orm::prelude::*;
use orm::{Dialect, Handle, Synchronize};

use super::checks::key;
use super::model::{Named, Person, Tag, Task, Team};
use super::steps::{Done, Run};

impl Run {
    fn gives_updated_rows(&self) -> bool {
        !matches!(self.engine.dialect(), Dialect::MySql | Dialect::MariaDb)
    }

    /// Changes a key that pairs refer to, before or after more is linked to it.
    pub(super) async fn change_key(&mut self, session: &mut Session, a: usize, b: usize) -> Done {
        let Some((at, tag)) = self.world.tag(a) else { return Ok(()) };
        session.flush().await?;
        self.next += 1;
        let word = format!("k{}", self.next);
        session[tag].word.clone_from(&word);
        self.world.change(at).word.clone_from(&word);
        if b.is_multiple_of(2)
            && let Some((person, handle)) = self.world.person(b)
            && !self.world.things[&person].tags.contains(&at)
        {
            session.link(handle, Person.tags, tag);
            self.world.change(person).tags.insert(at);
        }
        match b % 5 {
            0 | 1 => session.flush().await?,
            2 => {
                session.flush().await?;
                let name = format!("after {word}");
                assert_eq!(session.merge(Tag::builder().word(word.as_str()).name(name.as_str())).await?, tag);
                self.world.change(at).name = name;
            }
            3 => assert_eq!(session.query(Tag).filter(Tag.word.eq(word)).one().await?, tag),
            _ => {}
        }
        Ok(())
    }

    /// Moves all members of a team to another, or out of any, by a statement; it may give the rows.
    pub(super) async fn move_members(&mut self, session: &mut Session, a: usize, b: usize) -> Done {
        let (Some((from, one)), Some((to, other))) = (self.world.team(a), self.world.team(b)) else { return Ok(()) };
        session.flush().await?;
        let (to, id) = if b.is_multiple_of(3) { (None, None) } else { (Some(to), Some(session[other].id)) };
        let update = update(Person).set(Person.team_id, id).filter(Person.team_id.eq(session[one].id));
        let members = self.world.members(from);
        match b % 4 {
            0 if self.gives_updated_rows() => {
                let found: HashSet<_> = session.all(update.returning(Person)).await?.into_iter().collect();
                let expected: HashSet<_> = members.iter().map(|&at| self.world.person_of(at)).collect();
                assert_eq!(found, expected);
            }
            1 if self.gives_updated_rows() => {
                let found = session.all(update.returning(Person.id)).await?;
                assert_eq!(found.len(), members.len());
            }
            2 => assert_eq!(session.execute_with(update, Synchronize::Fetch).await?, members.len() as u64),
            _ => assert_eq!(session.execute(update).await?, members.len() as u64),
        }
        members.into_iter().for_each(|at| self.world.change(at).owner = to);
        // Collections that may have changed, and what is expired, keep what they had until they are read again.
        session.query(Person).all().await?;
        session.load(one, Team.members).await?;
        session.load(other, Team.members).await
    }

    /// Deletes tasks by a statement that gives their rows.
    pub(super) async fn delete_returning(&mut self, session: &mut Session, a: usize, b: usize) -> Done {
        let Some((at, person)) = self.world.person(a) else { return Ok(()) };
        if self.engine.dialect() == Dialect::MySql {
            return Ok(());
        }
        session.flush().await?;
        let delete = delete(Task).filter(Task.person_id.eq(session[person].id));
        let tasks = self.world.tasks(at);
        match b % 2 {
            0 => {
                let found: HashSet<_> = session.all(delete.returning(Task)).await?.into_iter().collect();
                assert_eq!(found, tasks.iter().map(|&at| self.world.task_of(at)).collect());
            }
            _ => {
                assert_eq!(session.all(delete.returning((Task.id, Task.name))).await?.len(), tasks.len());
                // Of expired objects only the database knew whether they were meant.
                session.load(person, Person.tasks).await?;
            }
        }
        self.tasks_are_gone(session, at);
        Ok(())
    }

    fn tasks_are_gone(&mut self, session: &Session, person: usize) {
        for task in self.world.tasks(person) {
            self.gone.insert(task, session[self.world.task_of(task)].id);
            self.world.delete(task);
        }
    }

    /// Inserts a tag that is new and one that there is, which gets another name.
    pub(super) async fn upsert(&mut self, session: &mut Session, a: usize, b: usize, name: String) -> Done {
        let known = self.world.tag(a);
        let new = format!("u{}", self.next);
        let name = format!("{name} upserted");
        let mut words = vec![new.clone()];
        words.extend(known.map(|(_, tag)| session[tag].word.clone()));
        let rows: Vec<_> = words.iter().map(|word| Tag::builder().word(word.as_str()).name(name.as_str())).collect();
        let upsert = insert(Tag).values(rows).on_conflict(Tag.word).do_update(Tag.name);
        if b.is_multiple_of(2) && self.engine.dialect() != Dialect::MySql {
            let found = session.all(upsert.returning(Tag)).await?;
            assert_eq!(found.len(), words.len());
            assert!(known.is_none_or(|(_, tag)| found.contains(&tag)));
        } else {
            session.execute(upsert).await?;
        }
        if let Some((at, tag)) = known {
            session.get_one(Tag, session[tag].word.clone()).await?;
            self.world.change(at).name.clone_from(&name);
        }
        let handle = session.get_one(Tag, new.as_str()).await?;
        self.new_tag(name, new, handle);
        Ok(())
    }

    /// Has a CTE change what another query reads beside it, or what it reads itself.
    pub(super) async fn write_by_cte(&mut self, session: &mut Session, a: usize, b: usize, name: String) -> Done {
        let Some((at, person)) = self.world.person(a).filter(|_| self.engine.dialect() == Dialect::Postgres) else {
            return Ok(());
        };
        session.flush().await?;
        let id = session[person].id;
        let renamed = update(Person).set(Person.name, name.as_str()).filter(Person.id.eq(id)).returning(Person.id);
        let tasks = delete(Task).filter(Task.person_id.eq(id)).returning(Task.id);
        match b % 3 {
            0 => drop(session.query(Person).add_cte(renamed.cte("renamed")).all().await?),
            1 => drop(session.query(Team).add_cte(renamed.cte("renamed")).add_cte(tasks.cte("tasks")).all().await?),
            _ => {
                let noted = update(Person).set(Person.nickname, "by cte").filter(Person.id.eq(id));
                assert_eq!(session.execute(noted.add_cte(tasks.cte("tasks"))).await?, 1);
                self.world.change(at).nickname = Some("by cte".into());
            }
        }
        if b % 3 < 2 {
            self.world.change(at).name = name;
        }
        if !b.is_multiple_of(3) {
            self.tasks_are_gone(session, at);
        }
        session.load(person, Person.tasks).await?;
        session.query(Person).all().await.map(|_| ())
    }

    /// Changes by a statement what waits for no flush, in an object of which another column waits for one.
    pub(super) async fn change_beside(&mut self, session: &mut Session, a: usize, b: usize, name: String) -> Done {
        let Some((at, person)) = self.world.person(a) else { return Ok(()) };
        session.flush().await?;
        if session.is_expired(person)? {
            session.refresh(person).await?;
        }
        let id = session[person].id;
        session[person].nickname = Some(format!("waits {b}"));
        let update = update(Person).set(Person.name, name.as_str()).filter(Person.id.eq(id));
        let how = [Synchronize::Auto, Synchronize::Fetch, Synchronize::No][b % 3];
        assert_eq!(session.no_autoflush().execute_with(update, how).await?, 1);
        if how == Synchronize::No {
            session.flush().await?;
            session.expire(person)?;
            session.refresh(person).await?;
        }
        let thing = self.world.change(at);
        (thing.name, thing.nickname) = (name, Some(format!("waits {b}")));
        Ok(())
    }

    /// Changes a row that counts versions by a statement, which counts or does not.
    pub(super) async fn update_version(&mut self, session: &mut Session, a: usize, b: usize, name: String) -> Done {
        let Some((at, team)) = self.world.team(a) else { return Ok(()) };
        session.flush().await?;
        let update = update(Team).set(Team.name, name.as_str()).filter(Team.id.eq(session[team].id));
        let how = [Synchronize::Auto, Synchronize::Fetch][b / 2 % 2];
        match b % 2 {
            0 => assert_eq!(session.execute_with(update, how).await?, 1),
            _ => assert_eq!(session.execute_with(update.set(Team.version, Team.version + 1), how).await?, 1),
        }
        let is_more = b.is_multiple_of(3);
        if is_more {
            session[team].name = format!("{name}!");
        }
        self.world.change(at).name = if is_more { format!("{name}!") } else { name };
        session.query(Team).all().await.map(|_| ())
    }

    /// Reads people in chunks, each of which lets the one before go, but for what was changed in it.
    pub(super) async fn chunks(&mut self, session: &mut Session, b: usize, name: String) -> Done {
        session.flush().await?;
        let keys: Vec<_> = self.world.things.iter().map(|(&at, thing)| (at, key(session, thing.handle))).collect();
        let is_person = |at: &usize| matches!(self.world.things[at].handle, Named::Person(_));
        let ids: BTreeMap<i64, usize> =
            keys.iter().filter(|(at, _)| is_person(at)).map(|(at, (id, _))| (*id, *at)).collect();
        let mut chunks = select(Person).yield_per(1 + b % 4);
        let (mut count, mut seen) = (0, HashSet::new());
        while let Some(people) = chunks.next(&mut *session).await? {
            count += people.len();
            seen.extend(people.iter().map(|&person| session[person].id));
            let last: Handle<Person> = people[people.len() - 1];
            if b.is_multiple_of(3) {
                session[last].nickname = Some(name.clone());
                self.world.change(ids[&session[last].id]).nickname = Some(name.clone());
            }
        }
        assert_eq!((count, seen.len()), (ids.len(), ids.len()));
        for (at, key) in keys {
            self.find_again(session, at, key).await?;
        }
        Ok(())
    }

    /// Fails in a savepoint, by a flush or by a statement, and goes on after its rollback.
    pub(super) async fn fail_within(&mut self, session: &mut Session, a: usize, b: usize, name: String) -> Done {
        let Some((at, tag)) = self.world.tag(a) else { return Ok(()) };
        session.flush().await?;
        let before = self.world.clone();
        let mut inner = session.begin_nested().await?;
        let word = inner[tag].word.clone();
        self.rename(&mut inner, b, name.clone());
        self.add_graph(&mut inner, b, name.clone());
        self.join(&mut inner, a, b);
        self.link_tag(&mut inner, b, a);
        if a.is_multiple_of(2) {
            self.delete(&mut inner, a + b).await?;
        }
        self.move_task(&mut inner, a, b);
        if !b.is_multiple_of(3) {
            inner.flush().await?;
        }
        let same = Tag::builder().word(word).name(name.as_str());
        if self.world.things.contains_key(&at) {
            let error = match b % 2 {
                0 => {
                    inner.add(same);
                    inner.flush().await
                }
                _ => inner.execute(insert(Tag).values(same)).await.map(|_| ()),
            };
            let error = error.expect_err("there is one with that key");
            assert!(error.is_unique_violation(), "{error}");
        }
        if b.is_multiple_of(4) {
            drop(inner)
        } else {
            inner.rollback().await?
        }
        self.go_back(session, before).await
    }
}
