//! The steps, and how a run takes them: through savepoints and back.

use std::collections::BTreeMap;
use std::pin::Pin;

use orm::Handle;
use orm::prelude::*;

use super::checks::rows;
use super::model::{Named, Person, Tag, Task, Team, Thing, World};

pub(super) type Step = super::Step<What>;

macro_rules! steps {
    ($($what:ident $times:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum What { $($what),* }

        /// What is likely is here more often.
        pub(super) const WHATS: &[(What, usize)] = &[$((What::$what, $times)),*];
    };
}

steps! {
    AddTeam 2,
    AddPerson 3,
    AddGraph 2,
    AddTask 3,
    AddTag 2,
    Rename 2,
    Nickname 1,
    Join 2,
    Leave 1,
    PushMember 1,
    RemoveMember 1,
    JoinByKey 1,
    Mentor 2,
    Unmentor 1,
    MoveTask 1,
    DropTask 1,
    LinkTag 2,
    PushTag 1,
    Untag 1,
    Replace 1,
    Delete 1,
    DeleteAndAddTag 1,
    Assign 1,
    SetNote 1,
    ChangeNote 1,
    SetMotto 1,
    LoadColumn 2,
    QueryColumns 2,
    ForgetColumn 1,
    RefreshColumn 1,
    ExpireName 1,
    Query 1,
    QueryEager 1,
    Load 2,
    Get 1,
    Refresh 1,
    ExpireAll 1,
    RefreshLinked 1,
    PopulateExisting 1,
    ExpungeClean 1,
    Expunge 2,
    MergeValue 2,
    MergeTeam 1,
    MergePerson 1,
    MergeLoaded 1,
    BulkInsert 1,
    BulkUpdate 1,
    UpdateWhere 2,
    UpdateUnseen 1,
    DeleteWhere 1,
    DeletePairs 1,
    ChangeKey 2,
    MoveMembers 2,
    DeleteReturning 1,
    Upsert 1,
    WriteByCte 1,
    ChangeBeside 1,
    UpdateVersion 1,
    Chunks 1,
    FailWithin 2,
    Rival 3,
    Flush 3,
    Begin 2,
    Release 1,
    Undo 2,
    Commit 2,
    Rollback 1,
}
use What::*;

pub(super) struct Run {
    pub(super) engine: Engine,
    pub(super) world: World,
    /// What a rollback goes back to.
    pub(super) committed: World,
    /// The handles of what was expunged and found again.
    pub(super) found_again: BTreeMap<usize, Named>,
    /// The keys of what a statement has deleted, of which the session may know nothing and let go the object.
    pub(super) gone: BTreeMap<usize, i64>,
    pub(super) next: usize,
}

/// How a savepoint ends.
pub(super) enum End {
    Release,
    Undo,
    Drop,
}

pub(super) type Done = Result<(), Error>;

/// How many steps a walk took, and how it ended.
type Walked<'f> = Pin<Box<dyn Future<Output = Result<(usize, End), Error>> + Send + 'f>>;

impl Run {
    pub(super) fn new(engine: Engine) -> Run {
        let (world, committed) = (World::default(), World::default());
        Run { engine, world, committed, found_again: BTreeMap::new(), gone: BTreeMap::new(), next: 0 }
    }

    pub(super) fn new_thing(&mut self, name: String, handle: Named) -> usize {
        self.next += 1;
        self.world.things.insert(self.next, Thing::new(name, handle));
        self.next
    }

    pub(super) fn new_tag(&mut self, name: String, word: String, handle: Handle<Tag>) -> usize {
        let at = self.new_thing(name, Named::Tag(handle));
        self.world.change(at).word = word;
        at
    }

    /// Runs steps until they, or the savepoint, end; returns how many it took.
    pub(super) fn walk<'f>(&'f mut self, session: &'f mut Session, steps: &'f [Step], depth: usize) -> Walked<'f> {
        Box::pin(async move {
            let mut at = 0;
            while let Some(&step) = steps.get(at) {
                at += 1;
                match step.what {
                    Begin if depth < 3 => {
                        let mut inner = session.begin_nested().await?;
                        let before = self.world.clone();
                        let (took, end) = self.walk(&mut inner, &steps[at..], depth + 1).await?;
                        at += took;
                        match end {
                            End::Release => inner.commit().await?,
                            End::Undo => inner.rollback().await?,
                            End::Drop => drop(inner),
                        }
                        if !matches!(end, End::Release) {
                            self.go_back(session, before).await?;
                        }
                    }
                    Begin => {}
                    Release if depth > 0 => return Ok((at, End::Release)),
                    Undo if depth > 0 => return Ok((at, if step.a.is_multiple_of(3) { End::Drop } else { End::Undo })),
                    Release | Undo => {}
                    _ => self.step(session, step, depth).await?,
                }
                self.compare_memory(session, step);
            }
            Ok((at, End::Release))
        })
    }

    /// Goes back to what was. What was read since is expired: it may be what nobody has committed, so it is read again.
    pub(super) async fn go_back(&mut self, session: &mut Session, before: World) -> Done {
        self.world = before;
        for (at, thing) in &mut self.world.things {
            thing.handle = self.found_again.get(at).copied().unwrap_or(thing.handle);
        }
        // What was found again by a key that is not its own any more has gone with that.
        for at in self.world.where_is(|thing| matches!(thing.handle, Named::Tag(_))) {
            let word = self.world.things[&at].word.clone();
            if session[self.world.tag_of(at)].word != word {
                self.find_again(session, at, (0, word)).await?;
            }
        }
        for at in self.world.where_is(|thing| matches!(thing.handle, Named::Task(_))) {
            if session.object(self.world.task_of(at)).is_err() {
                self.find_again(session, at, (self.gone[&at], String::new())).await?;
            }
        }
        self.read_everything(session).await
    }

    /// Reads every row and every relationship.
    pub(super) async fn read_everything(&self, session: &mut Session) -> Done {
        session.query(Team).all().await?;
        session.query(Person).all().await?;
        session.query(Task).all().await?;
        session.query(Tag).all().await?;
        for thing in self.world.things.values() {
            match thing.handle {
                Named::Team(handle) => session.load(handle, Team.members).await?,
                Named::Person(handle) => {
                    session.load(handle, Person.team).await?;
                    session.load(handle, Person.mentor).await?;
                    session.load(handle, Person.pupils).await?;
                    session.load(handle, Person.tasks).await?;
                    session.load(handle, Person.tags).await?;
                }
                Named::Task(handle) => session.load(handle, Task.person).await?,
                Named::Tag(handle) => session.load(handle, Tag.people).await?,
            }
        }
        Ok(())
    }

    async fn step(&mut self, session: &mut Session, step: Step, depth: usize) -> Done {
        let Step { what, a, b } = step;
        let name = format!("n{}", b % 100);
        match what {
            AddTeam => self.add_team(session, name),
            AddPerson => self.add_person(session, a, b, name),
            AddGraph => self.add_graph(session, b, name),
            AddTask => self.add_task(session, a, b, name).await?,
            AddTag => self.add_tag(session, name),
            Rename => self.rename(session, a, name),
            Nickname => self.nickname(session, a, b, name),
            Assign => self.assign(session, a, name).await?,
            SetNote => self.set_note(session, a, b, name),
            ChangeNote => self.change_note(session, a, name).await?,
            SetMotto => self.set_motto(session, a, name),
            LoadColumn => self.load_column(session, a, b).await?,
            QueryColumns => self.query_columns(session, a).await?,
            ForgetColumn => self.forget_column(session, a, b).await?,
            RefreshColumn => self.refresh_column(session, a, b).await?,
            ExpireName => self.expire_name(session, a, b).await?,
            Delete => self.delete(session, a).await?,
            DeleteAndAddTag => self.delete_and_add_tag(session, a, b, name).await?,
            Join => self.join(session, a, b),
            Leave => self.leave(session, a),
            PushMember => self.push_member(session, a, b).await?,
            RemoveMember => self.remove_member(session, a, b).await?,
            JoinByKey => self.join_by_key(session, a, b).await?,
            Replace => self.replace(session, a, b).await?,
            Mentor => self.mentor(session, a, b),
            Unmentor => self.unmentor(session, a).await?,
            MoveTask => self.move_task(session, a, b),
            DropTask => self.drop_task(session, a).await?,
            LinkTag => self.link_tag(session, a, b),
            PushTag => self.push_tag(session, a, b).await?,
            Untag => self.untag(session, a, b),
            Query => self.query(session).await?,
            QueryEager => self.query_eager(session).await?,
            Load => self.load(session, a, b).await?,
            Get => self.get(session, a).await?,
            Refresh => self.refresh(session, a).await?,
            ExpireAll => {
                session.flush().await?;
                session.expire_all();
            }
            RefreshLinked => self.refresh_linked(session, a, b).await?,
            PopulateExisting => self.populate_existing(session, a, b).await?,
            ExpungeClean => self.expunge_clean(session).await?,
            Expunge => self.expunge(session, a, b).await?,
            MergeValue => self.merge_value(session, a, b, name).await?,
            MergeTeam => self.merge_team(session, a, b, name).await?,
            MergePerson => self.merge_person(session, a, b, name).await?,
            MergeLoaded => self.merge_loaded(session, a).await?,
            BulkInsert => self.bulk_insert(session, a, b, name).await?,
            BulkUpdate => self.bulk_update(session, a, b, name).await?,
            UpdateWhere => self.update_where(session, a, b, name).await?,
            UpdateUnseen => self.update_unseen(session, a, b).await?,
            DeleteWhere => self.delete_where(session, a, b).await?,
            DeletePairs => self.delete_pairs(session, a).await?,
            ChangeKey => self.change_key(session, a, b).await?,
            MoveMembers => self.move_members(session, a, b).await?,
            DeleteReturning => self.delete_returning(session, a, b).await?,
            Upsert => self.upsert(session, a, b, name).await?,
            WriteByCte => self.write_by_cte(session, a, b, name).await?,
            ChangeBeside => self.change_beside(session, a, b, name).await?,
            UpdateVersion => self.update_version(session, a, b, name).await?,
            Chunks => self.chunks(session, b, name).await?,
            FailWithin => self.fail_within(session, a, b, name).await?,
            Rival if depth == 0 => self.rival(session, step).await?,
            Flush => {
                session.flush().await?;
                self.compare_rows(session, step).await?;
            }
            Commit if depth == 0 => self.commit(session, step).await?,
            Rollback if depth == 0 => self.rollback(session, step).await?,
            Commit | Rollback | Rival => {}
            Begin | Release | Undo => unreachable!("`walk` does them"),
        }
        Ok(())
    }

    pub(super) async fn commit(&mut self, session: &mut Session, step: Step) -> Done {
        session.commit().await?;
        let mut other = Session::new(&self.engine);
        let rows = rows(other.connection().await?).await?;
        assert_eq!(rows, self.expected(session), "the rows after {step:?}");
        self.committed = self.world.clone();
        Ok(())
    }

    pub(super) async fn rollback(&mut self, session: &mut Session, step: Step) -> Done {
        session.rollback().await?;
        self.go_back(session, self.committed.clone()).await?;
        self.compare_memory(session, step);
        self.compare_rows(session, step).await
    }
}
