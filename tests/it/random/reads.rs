//! Steps that read: queries, loads, and what is read again.

use orm::prelude::*;

use super::model::{Named, Person, Tag, Team};
use super::steps::{Done, Run};

impl Run {
    pub(super) async fn query(&self, session: &mut Session) -> Done {
        session.query(Person).all().await?;
        session.query(Tag).all().await?;
        Ok(())
    }

    pub(super) async fn query_eager(&self, session: &mut Session) -> Done {
        let people = session
            .query(Person)
            .options(selectinload(Person.tasks))
            .options(selectinload(Person.tags))
            .options(selectinload(Person.team).selectinload(Team.members))
            .all()
            .await?;
        assert_eq!(people.len(), self.world.where_is(|thing| matches!(thing.handle, Named::Person(_))).len());
        Ok(())
    }

    pub(super) async fn load(&self, session: &mut Session, a: usize, b: usize) -> Done {
        if let Some((_, team)) = self.world.team(a) {
            session.load(team, Team.members).await?;
        }
        let Some((_, person)) = self.world.person(b) else { return Ok(()) };
        match a % 5 {
            0 => session.load(person, Person.team).await,
            1 => session.load(person, Person.tasks).await,
            2 => session.load(person, Person.tags).await,
            3 => session.load(person, Person.pupils).await,
            _ => session.load(person, Person.mentor).await,
        }
    }

    pub(super) async fn get(&self, session: &mut Session, a: usize) -> Done {
        let Some((_, team)) = self.world.team(a) else { return Ok(()) };
        session.flush().await?;
        let id = session[team].id;
        assert_eq!(session.get(Team, id).await?, Some(team));
        Ok(())
    }

    pub(super) async fn refresh(&self, session: &mut Session, a: usize) -> Done {
        let Some((_, person)) = self.world.person(a) else { return Ok(()) };
        session.flush().await?;
        session.refresh(person).await
    }
}
