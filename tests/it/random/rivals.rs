//! Steps in which another session commits in between.

use orm::prelude::*;
use orm::{ErrorKind, Handle};

use super::model::{Named, Person, Tag, Task, Team};
use super::steps::{Done, Run, Step};

impl Run {
    /// Commits, has another session commit something, and goes on with what is expired.
    pub(super) async fn rival(&mut self, session: &mut Session, step: Step) -> Done {
        let Step { a, b, .. } = step;
        // A name that no row has, so that the other session changes something.
        self.next += 1;
        let name = format!("r{}", self.next);
        self.commit(session, step).await?;
        match b % 8 {
            0 => self.team_is_stale(session, a, name).await,
            1 => self.team_is_read_again(session, a, name).await,
            2 => self.team_changes_behind_a_read(session, a, name).await,
            3 => self.other_column_of_a_person(session, a, name).await,
            4 => self.same_column_of_a_person(session, a, name).await,
            5 => self.task_is_gone(session, a, name).await,
            6 => self.person_comes(session, a, name).await,
            _ => self.person_moves(session, a, b).await,
        }
    }

    /// Another session changes one team.
    async fn rename_elsewhere(&mut self, at: usize, id: i64, name: &str) -> Done {
        let mut other = Session::new(&self.engine);
        let team = other.get_one(Team, id).await?;
        other[team].name = name.into();
        other.commit().await?;
        self.world.change(at).name = name.into();
        self.committed = self.world.clone();
        Ok(())
    }

    /// Flushes what cannot be, and rolls back.
    async fn is_refused(&mut self, session: &mut Session) -> Done {
        let error = session.flush().await.expect_err("somebody else has changed the row");
        let is_stale = *error.kind() == ErrorKind::StaleData;
        assert!(is_stale || error.is_retryable(), "{error}");
        let error = session.flush().await.expect_err("the session waits for a rollback");
        assert_eq!(*error.kind(), ErrorKind::PendingRollback);
        session.rollback().await?;
        self.go_back(session, self.committed.clone()).await
    }

    /// A versioned object that is changed without being read again.
    async fn team_is_stale(&mut self, session: &mut Session, a: usize, name: String) -> Done {
        let Some((at, team)) = self.world.team(a) else { return Ok(()) };
        self.rename_elsewhere(at, session[team].id, &name).await?;
        session[team].name = "never written".into();
        self.is_refused(session).await
    }

    async fn team_is_read_again(&mut self, session: &mut Session, a: usize, name: String) -> Done {
        let Some((at, team)) = self.world.team(a) else { return Ok(()) };
        let id = session[team].id;
        self.rename_elsewhere(at, id, &name).await?;
        match a % 3 {
            0 => session.refresh(team).await?,
            1 => assert_eq!(session.get(Team, id).await?, Some(team)),
            _ => assert!(session.query(Team).all().await?.contains(&team)),
        }
        assert_eq!(session[team].name, name);
        session[team].name.push('!');
        self.world.change(at).name.push('!');
        session.flush().await
    }

    /// The row changes after this transaction has read it.
    async fn team_changes_behind_a_read(&mut self, session: &mut Session, a: usize, name: String) -> Done {
        let Some((at, team)) = self.world.team(a) else { return Ok(()) };
        session.refresh(team).await?;
        self.rename_elsewhere(at, session[team].id, &name).await?;
        session[team].name = "never written".into();
        self.is_refused(session).await
    }

    /// Two sessions change two columns of a row without a version: both are kept.
    async fn other_column_of_a_person(&mut self, session: &mut Session, a: usize, name: String) -> Done {
        let Some((at, person)) = self.world.person(a) else { return Ok(()) };
        self.change_elsewhere(session[person].id, |person| person.nickname = Some(name.clone())).await?;
        self.world.change(at).nickname = Some(name.clone());
        self.committed = self.world.clone();
        session[person].name.clone_from(&name);
        session[person].note.set("unread");
        session.flush().await?;
        let thing = self.world.change(at);
        (thing.name, thing.note) = (name, Some("unread".into()));
        session.refresh(person).await
    }

    /// Two sessions change one column of a row without a version: the second is told.
    async fn same_column_of_a_person(&mut self, session: &mut Session, a: usize, name: String) -> Done {
        let Some((at, person)) = self.world.person(a) else { return Ok(()) };
        self.change_elsewhere(session[person].id, |person| person.name.clone_from(&name)).await?;
        self.world.change(at).name = name;
        self.committed = self.world.clone();
        session[person].name = "never written".into();
        self.is_refused(session).await
    }

    async fn change_elsewhere(&self, id: i64, change: impl FnOnce(&mut Person)) -> Done {
        let mut other = Session::new(&self.engine);
        let person = other.get_one(Person, id).await?;
        change(&mut other[person]);
        other.commit().await
    }

    async fn task_is_gone(&mut self, session: &mut Session, a: usize, name: String) -> Done {
        let Some((at, task)) = self.world.task(a) else { return Ok(()) };
        let id = session[task].id;
        let mut other = Session::new(&self.engine);
        let theirs = other.get_one(Task, id).await?;
        other.delete(theirs).await?;
        other.commit().await?;
        self.world.delete(at);
        self.committed = self.world.clone();
        if a.is_multiple_of(2) {
            session[task].name = name;
            return self.is_refused(session).await;
        }
        assert_eq!(session.get(Task, id).await?, None);
        self.read_everything(session).await
    }

    /// Another session adds a person to a team, with a tag.
    async fn person_comes(&mut self, session: &mut Session, a: usize, name: String) -> Done {
        let Some((team, handle)) = self.world.team(a) else { return Ok(()) };
        let mut other = Session::new(&self.engine);
        let theirs = other.get_one(Team, session[handle].id).await?;
        let person = other.add(Person::builder().name(name.as_str()).team(theirs));
        let tag = self.world.tag(a);
        if let Some((_, tag)) = tag {
            let theirs = other.get_one(Tag, session[tag].word.clone()).await?;
            other.link(person, Person.tags, theirs);
        }
        other.commit().await?;
        let person = session.get_one(Person, other[person].id).await?;
        let at = self.new_thing(name, Named::Person(person));
        let thing = self.world.change(at);
        thing.owner = Some(team);
        thing.tags.extend(tag.map(|(tag, _)| tag));
        self.committed = self.world.clone();
        self.read_everything(session).await
    }

    /// Another session takes a person out of a team, or into one.
    async fn person_moves(&mut self, session: &mut Session, a: usize, b: usize) -> Done {
        let Some((at, person)) = self.world.person(a) else { return Ok(()) };
        let team: Option<(usize, Handle<Team>)> = self.world.team(b).filter(|_| b.is_multiple_of(2));
        let mut other = Session::new(&self.engine);
        let theirs = other.get_one(Person, session[person].id).await?;
        match team {
            Some((_, team)) => {
                let team = other.get_one(Team, session[team].id).await?;
                other.link(theirs, Person.team, team);
            }
            None => other[theirs].team.clear(),
        }
        other.commit().await?;
        self.world.change(at).owner = team.map(|(team, _)| team);
        self.committed = self.world.clone();
        self.read_everything(session).await
    }
}
