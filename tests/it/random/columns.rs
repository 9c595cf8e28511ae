//! Steps with columns that may not be loaded, and with single columns.

use orm::prelude::*;
use orm::{defer, load_only, undefer, undefer_all};

use super::model::{Person, Team};
use super::steps::{Done, Run};

impl Run {
    /// Sets what may never have been read.
    pub(super) fn set_note(&mut self, session: &mut Session, a: usize, b: usize, name: String) {
        let Some((at, person)) = self.world.person(a) else { return };
        let note = (!b.is_multiple_of(3)).then_some(name);
        session[person].note.set(note.clone());
        self.world.change(at).note = note;
    }

    pub(super) fn set_motto(&mut self, session: &mut Session, a: usize, name: String) {
        let Some((at, person)) = self.world.person(a) else { return };
        session[person].motto.set(name.as_str());
        self.world.change(at).motto = name;
    }

    pub(super) async fn change_note(&mut self, session: &mut Session, a: usize, name: String) -> Done {
        let Some((at, person)) = self.world.person(a) else { return Ok(()) };
        session.load(person, Person.note).await?;
        session[person].note.get_mut().get_or_insert_default().push_str(&name);
        self.world.change(at).note.get_or_insert_default().push_str(&name);
        Ok(())
    }

    pub(super) async fn load_column(&self, session: &mut Session, a: usize, b: usize) -> Done {
        let Some((_, person)) = self.world.person(a) else { return Ok(()) };
        match b % 3 {
            0 => session.load(person, Person.note).await?,
            1 => session.load(person, Person.motto).await?,
            _ => session.load(person, (Person.note, Person.motto)).await?,
        }
        assert!(b % 3 == 1 || session[person].note.is_loaded());
        assert!(b.is_multiple_of(3) || session[person].motto.is_loaded());
        Ok(())
    }

    pub(super) async fn query_columns(&self, session: &mut Session, a: usize) -> Done {
        let plain = (Person.name, Person.nickname);
        let people = session.query(Person);
        let (people, is_note_loaded) = match a % 6 {
            0 => (people.options(load_only(plain)).all().await?, false),
            1 => (people.options(defer(Person.motto)).all().await?, false),
            2 => (people.options(undefer(Person.note)).all().await?, true),
            3 => (people.options((undefer_all(Person), defer(Person.motto))).all().await?, true),
            4 => {
                let way = selectinload(Team.members).load_only(plain);
                session.query(Team).options(way).all().await?;
                (Vec::new(), false)
            }
            _ => {
                let way = joinedload(Team.members).undefer(Person.note).defer(Person.motto);
                session.query(Team).options(way).all().await?;
                (Vec::new(), false)
            }
        };
        assert!(people.iter().all(|&person| session[person].note.is_loaded() || !is_note_loaded));
        Ok(())
    }

    /// Forgets what is loaded, which is no change; or what was not flushed of it.
    pub(super) async fn forget_column(&self, session: &mut Session, a: usize, b: usize) -> Done {
        let Some((_, person)) = self.world.person(a) else { return Ok(()) };
        session.flush().await?;
        match b % 3 {
            0 => session[person].note = Deferred::unloaded(),
            1 => session.expire_attributes(person, (Person.note, Person.motto))?,
            _ => {
                session[person].note.set("never written");
                session.expire_attributes(person, Person.note)?;
            }
        }
        assert!(session[person].note.is_unloaded());
        assert!(!session.is_modified(person)?);
        Ok(())
    }

    /// Reads one column again: what was changed in it is lost, what was changed beside it is not.
    pub(super) async fn refresh_column(&mut self, session: &mut Session, a: usize, b: usize) -> Done {
        let Some((at, person)) = self.world.person(a) else { return Ok(()) };
        session.flush().await?;
        session[person].name = "never written".into();
        session[person].note.set("never written");
        let kept = format!("kept {b}");
        session[person].nickname = Some(kept.clone());
        match b % 2 {
            0 => session.refresh_attributes(person, (Person.name, Person.note)).await?,
            _ => {
                session.refresh_attributes(person, Person.note).await?;
                session.refresh_attributes(person, Person.name).await?;
            }
        }
        assert!(session[person].note.is_loaded());
        self.world.change(at).nickname = Some(kept);
        Ok(())
    }

    /// Has one column read again by the next query: its change is lost, another is kept.
    pub(super) async fn expire_name(&mut self, session: &mut Session, a: usize, b: usize) -> Done {
        let Some((at, person)) = self.world.person(a) else { return Ok(()) };
        session.flush().await?;
        session[person].name = "never written".into();
        session[person].motto.set("kept");
        session.expire_attributes(person, Person.name)?;
        self.world.change(at).motto = "kept".into();
        if b.is_multiple_of(2) {
            session.no_autoflush().query(Person).all().await?;
        }
        Ok(())
    }
}
