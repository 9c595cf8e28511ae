//! A session against a plain model of it: random steps over four related models, with everything compared on the way.
//!
//! Each run is made by a seed. What fails is made as short as it gets and told with its seed and its steps:
//! `ORM_SEED=… ORM_STEPS=…` runs it again, `ORM_RUNS=…` runs more of them.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;

use orm::Handle;
use orm::prelude::*;

use crate::support::empty_engine;

#[derive(Clone, Debug, Model)]
#[orm(table = "random_teams", metadata = none)]
struct Team {
    #[orm(primary_key)]
    id: i64,
    name: String,
    #[orm(back_populates = team)]
    members: HasMany<Person>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "random_people", metadata = none)]
struct Person {
    #[orm(primary_key)]
    id: i64,
    name: String,
    nickname: Option<String>,
    #[orm(foreign_key = Team.id)]
    team_id: Option<i64>,
    #[orm(back_populates = members)]
    team: BelongsTo<Team>,
    #[orm(foreign_key = Person.id)]
    mentor_id: Option<i64>,
    #[orm(back_populates = pupils)]
    mentor: BelongsTo<Person>,
    #[orm(back_populates = mentor)]
    pupils: HasMany<Person>,
    #[orm(back_populates = person, cascade(all, delete_orphan))]
    tasks: HasMany<Task>,
    #[orm(secondary = PersonTag, back_populates = people)]
    tags: ManyToMany<Tag>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "random_tasks", metadata = none)]
struct Task {
    #[orm(primary_key)]
    id: i64,
    name: String,
    #[orm(foreign_key = Person.id)]
    person_id: i64,
    #[orm(back_populates = tasks)]
    person: BelongsTo<Person>,
}

/// A tag has a key of the user's own, so that one may be deleted and added again.
#[derive(Clone, Debug, Model)]
#[orm(table = "random_tags", metadata = none)]
struct Tag {
    #[orm(primary_key, length = 20)]
    word: String,
    name: String,
    #[orm(secondary = PersonTag, back_populates = tags)]
    people: ManyToMany<Person>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "random_people_tags", metadata = none)]
struct PersonTag {
    #[orm(primary_key, foreign_key = Person.id)]
    person_id: i64,
    #[orm(primary_key, foreign_key = Tag.word, length = 20)]
    tag: String,
}

/// One step: which, and numbers that choose what it is done to.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Step {
    what: What,
    a: usize,
    b: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    AddTeam,
    AddPerson,
    AddGraph,
    AddTask,
    AddTag,
    Rename,
    Nickname,
    Join,
    Leave,
    PushMember,
    RemoveMember,
    JoinByKey,
    Mentor,
    Unmentor,
    MoveTask,
    DropTask,
    LinkTag,
    PushTag,
    Untag,
    Replace,
    Delete,
    DeleteAndAddTag,
    Assign,
    Query,
    QueryEager,
    Load,
    Get,
    Refresh,
    ExpireAll,
    ExpungeClean,
    Flush,
    Begin,
    Release,
    Undo,
    Commit,
    Rollback,
}
use What::*;

/// What is likely is here more often.
const WHATS: &[What] = &[
    AddTeam,
    AddPerson,
    AddPerson,
    AddGraph,
    AddTask,
    AddTask,
    AddTag,
    Rename,
    Rename,
    Nickname,
    Join,
    Join,
    Leave,
    PushMember,
    RemoveMember,
    JoinByKey,
    Mentor,
    Mentor,
    Unmentor,
    MoveTask,
    DropTask,
    LinkTag,
    LinkTag,
    PushTag,
    Untag,
    Replace,
    Delete,
    Delete,
    DeleteAndAddTag,
    Assign,
    Query,
    QueryEager,
    Load,
    Load,
    Get,
    Refresh,
    ExpireAll,
    ExpungeClean,
    Flush,
    Flush,
    Flush,
    Begin,
    Begin,
    Release,
    Undo,
    Undo,
    Commit,
    Commit,
    Rollback,
];

/// An object as the model knows it.
#[derive(Clone, Debug, PartialEq)]
struct Thing {
    name: String,
    nickname: Option<String>,
    /// The team of a person, the person of a task.
    owner: Option<usize>,
    mentor: Option<usize>,
    tags: BTreeSet<usize>,
    handle: Named,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Named {
    Team(Handle<Team>),
    Person(Handle<Person>),
    Task(Handle<Task>),
    Tag(Handle<Tag>),
}

/// Everything that is, by a number that is never used again.
#[derive(Clone, Debug, Default)]
struct World {
    things: BTreeMap<usize, Thing>,
}

macro_rules! chosen {
    ($($name:ident $handle:ident $kind:ident $model:ident;)*) => { $(
        fn $name(&self, number: usize) -> Option<(usize, Handle<$model>)> {
            let all: Vec<(usize, Handle<$model>)> = self.things.iter().filter_map(|(&at, thing)| match thing.handle {
                Named::$kind(handle) => Some((at, handle)),
                _ => None,
            }).collect();
            (!all.is_empty()).then(|| all[number % all.len()])
        }

        fn $handle(&self, at: usize) -> Handle<$model> {
            match self.things[&at].handle {
                Named::$kind(handle) => handle,
                other => panic!("{at} is {other:?}"),
            }
        }
    )* };
}

impl World {
    chosen! {
        team team_of Team Team;
        person person_of Person Person;
        task task_of Task Task;
        tag tag_of Tag Tag;
    }

    fn where_is(&self, is_wanted: impl Fn(&Thing) -> bool) -> BTreeSet<usize> {
        self.things.iter().filter(|(_, thing)| is_wanted(thing)).map(|(&at, _)| at).collect()
    }

    fn members(&self, team: usize) -> BTreeSet<usize> {
        self.where_is(|thing| matches!(thing.handle, Named::Person(_)) && thing.owner == Some(team))
    }

    fn tasks(&self, person: usize) -> BTreeSet<usize> {
        self.where_is(|thing| matches!(thing.handle, Named::Task(_)) && thing.owner == Some(person))
    }

    fn is_above(&self, person: usize, other: usize) -> bool {
        let mut at = Some(other);
        while let Some(now) = at {
            if now == person {
                return true;
            }
            at = self.things[&now].mentor;
        }
        false
    }

    fn change(&mut self, at: usize) -> &mut Thing {
        self.things.get_mut(&at).expect("it is there")
    }

    fn delete(&mut self, at: usize) {
        let gone = self.things.remove(&at).expect("it is there");
        let goes = |thing: &Thing| matches!(thing.handle, Named::Task(_)) && matches!(gone.handle, Named::Person(_));
        self.things.retain(|_, thing| !(goes(thing) && thing.owner == Some(at)));
        for thing in self.things.values_mut() {
            thing.owner = thing.owner.filter(|&owner| owner != at);
            thing.mentor = thing.mentor.filter(|&mentor| mentor != at);
            thing.tags.remove(&at);
        }
    }
}

struct Run {
    engine: Engine,
    world: World,
    /// What a rollback goes back to.
    committed: World,
    /// The handles of what was expunged and found again.
    found_again: BTreeMap<usize, Named>,
    next: usize,
}

/// How a savepoint ends.
enum End {
    Release,
    Undo,
    Drop,
}

type Done = Result<(), Error>;

/// How many steps a walk took, and how it ended.
type Walked<'f> = Pin<Box<dyn Future<Output = Result<(usize, End), Error>> + Send + 'f>>;

impl Run {
    fn new_thing(&mut self, name: String, handle: Named) -> usize {
        let thing = Thing { name, nickname: None, owner: None, mentor: None, tags: BTreeSet::new(), handle };
        self.next += 1;
        self.world.things.insert(self.next, thing);
        self.next
    }

    /// Runs steps until they, or the savepoint, end; returns how many it took.
    fn walk<'f>(&'f mut self, session: &'f mut Session, steps: &'f [Step], depth: usize) -> Walked<'f> {
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
    async fn go_back(&mut self, session: &mut Session, before: World) -> Done {
        self.world = before;
        for (at, thing) in &mut self.world.things {
            thing.handle = self.found_again.get(at).copied().unwrap_or(thing.handle);
        }
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
            AddTeam => {
                let handle = session.add(Team::builder().name(name.as_str()));
                self.new_thing(name, Named::Team(handle));
            }
            AddPerson => {
                let handle = session.add(Person::builder().name(name.as_str()));
                let at = self.new_thing(name, Named::Person(handle));
                if let Some((team, known)) = self.world.team(a).filter(|_| b.is_multiple_of(2)) {
                    session.link(handle, Person.team, known);
                    self.world.change(at).owner = Some(team);
                }
            }
            AddGraph => {
                let tasks = (0..b % 3).map(|_| Task::builder().name(name.as_str()));
                let handle = session.add(
                    Person::builder()
                        .name(name.as_str())
                        .team(Team::builder().name(name.as_str()))
                        .tasks(tasks.collect::<Vec<_>>()),
                );
                let person = self.new_thing(name.clone(), Named::Person(handle));
                let team = session.handles(handle, Person.team)[0];
                let team = self.new_thing(name.clone(), Named::Team(team));
                self.world.change(person).owner = Some(team);
                for task in session.handles(handle, Person.tasks) {
                    let task = self.new_thing(name.clone(), Named::Task(task));
                    self.world.change(task).owner = Some(person);
                }
            }
            AddTask => {
                if let Some((person, owner)) = self.world.person(a) {
                    let handle = match b % 3 {
                        0 => session.link(owner, Person.tasks, Task::builder().name(name.as_str())),
                        1 => session.add(Task::builder().name(name.as_str()).person(owner)),
                        _ => {
                            let task = session.add(Task::builder().name(name.as_str()));
                            session[owner].tasks.push(task);
                            session.no_autoflush().query(Team).count().await?;
                            task
                        }
                    };
                    let task = self.new_thing(name, Named::Task(handle));
                    self.world.change(task).owner = Some(person);
                }
            }
            AddTag => {
                let handle = session.add(Tag {
                    word: format!("w{}", self.next),
                    name: name.clone(),
                    people: ManyToMany::default(),
                });
                self.new_thing(name, Named::Tag(handle));
            }
            Rename => self.rename(session, a, name),
            Nickname => {
                if let Some((at, person)) = self.world.person(a) {
                    let nickname = (!b.is_multiple_of(3)).then_some(name);
                    session[person].nickname.clone_from(&nickname);
                    self.world.change(at).nickname = nickname;
                }
            }
            Join => {
                if let (Some((at, person)), Some((team, handle))) = (self.world.person(a), self.world.team(b)) {
                    session.link(person, Person.team, handle);
                    self.world.change(at).owner = Some(team);
                }
            }
            Leave => {
                if let Some((at, person)) = self.world.person(a) {
                    if let Some(team) = self.world.things[&at].owner {
                        session.unlink(person, Person.team, self.world.team_of(team));
                    }
                    self.world.change(at).owner = None;
                }
            }
            PushMember => {
                if let (Some((at, person)), Some((team, handle))) = (self.world.person(a), self.world.team(b)) {
                    session[handle].members.push(person);
                    session.no_autoflush().query(Team).count().await?;
                    self.world.change(at).owner = Some(team);
                }
            }
            RemoveMember => {
                if let Some((team, handle)) = self.world.team(a) {
                    session.load(handle, Team.members).await?;
                    let members: Vec<usize> = self.world.members(team).into_iter().collect();
                    if let Some(&member) = members.get(b % members.len().max(1)) {
                        assert!(session[handle].members.remove(self.world.person_of(member)));
                        session.no_autoflush().query(Team).count().await?;
                        self.world.change(member).owner = None;
                    }
                }
            }
            JoinByKey => {
                if let (Some((at, person)), Some((team, handle))) = (self.world.person(a), self.world.team(b)) {
                    session.flush().await?;
                    session[person].team_id = Some(session[handle].id);
                    session.flush().await?;
                    self.world.change(at).owner = Some(team);
                }
            }
            Mentor => {
                if let (Some((pupil, handle)), Some((mentor, other))) = (self.world.person(a), self.world.person(b))
                    && !self.world.is_above(pupil, mentor)
                {
                    session.link(handle, Person.mentor, other);
                    self.world.change(pupil).mentor = Some(mentor);
                }
            }
            Unmentor => {
                if let Some((at, person)) = self.world.person(a) {
                    session[person].mentor.clear();
                    session.no_autoflush().query(Team).count().await?;
                    self.world.change(at).mentor = None;
                }
            }
            MoveTask => {
                if let (Some((at, task)), Some((person, handle))) = (self.world.task(a), self.world.person(b)) {
                    session.link(task, Task.person, handle);
                    self.world.change(at).owner = Some(person);
                }
            }
            DropTask => {
                if let Some((at, task)) = self.world.task(a) {
                    let owner = self.world.person_of(self.world.things[&at].owner.expect("a task has an owner"));
                    session.load(owner, Person.tasks).await?;
                    assert!(session[owner].tasks.remove(task));
                    self.world.delete(at);
                    session.no_autoflush().query(Team).count().await?;
                }
            }
            LinkTag => {
                if let (Some((at, person)), Some((tag, handle))) = (self.world.person(a), self.world.tag(b))
                    && !self.world.things[&at].tags.contains(&tag)
                {
                    session.link(handle, Tag.people, person);
                    self.world.change(at).tags.insert(tag);
                }
            }
            PushTag => {
                if let (Some((at, person)), Some((tag, handle))) = (self.world.person(a), self.world.tag(b))
                    && !self.world.things[&at].tags.contains(&tag)
                {
                    session[person].tags.push(handle);
                    session.no_autoflush().query(Team).count().await?;
                    self.world.change(at).tags.insert(tag);
                }
            }
            Untag => {
                if let Some((at, person)) = self.world.person(a) {
                    let tags: Vec<usize> = self.world.things[&at].tags.iter().copied().collect();
                    if let Some(&tag) = tags.get(b % tags.len().max(1)) {
                        session.unlink(person, Person.tags, self.world.tag_of(tag));
                        self.world.change(at).tags.remove(&tag);
                    }
                }
            }
            Replace => {
                if let Some((team, handle)) = self.world.team(a) {
                    session.load(handle, Team.members).await?;
                    let new: BTreeSet<usize> = (0..2).filter_map(|n| Some(self.world.person(b + n)?.0)).collect();
                    let handles: Vec<_> = new.iter().map(|&at| self.world.person_of(at)).collect();
                    session.replace(handle, Team.members, handles);
                    for at in self.world.members(team) {
                        self.world.change(at).owner = None;
                    }
                    new.into_iter().for_each(|at| self.world.change(at).owner = Some(team));
                }
            }
            Delete => {
                session.flush().await?;
                let all: Vec<usize> = self.world.things.keys().copied().collect();
                if let Some(&at) = all.get(a % all.len().max(1)) {
                    match self.world.things[&at].handle {
                        Named::Team(handle) => session.delete(handle).await?,
                        Named::Person(handle) => session.delete(handle).await?,
                        Named::Task(handle) => session.delete(handle).await?,
                        Named::Tag(handle) => session.delete(handle).await?,
                    }
                    self.world.delete(at);
                }
            }
            DeleteAndAddTag => {
                session.flush().await?;
                if let Some((at, tag)) = self.world.tag(a) {
                    let word = session[tag].word.clone();
                    session.delete(tag).await?;
                    self.world.delete(at);
                    let handle = session.add(Tag { word, name: name.clone(), people: ManyToMany::default() });
                    let at = self.new_thing(name, Named::Tag(handle));
                    if let Some((person, other)) = self.world.person(b) {
                        session.link(other, Person.tags, handle);
                        self.world.change(person).tags.insert(at);
                    }
                }
            }
            Assign => {
                if let Some((at, team)) = self.world.team(a) {
                    session.flush().await?;
                    let id = session[team].id;
                    session[team] = Team { id, name: name.clone(), members: HasMany::default() };
                    session.no_autoflush().query(Team).count().await?;
                    self.world.change(at).name = name;
                }
            }
            Query => {
                session.query(Person).all().await?;
                session.query(Tag).all().await?;
            }
            QueryEager => {
                let people = session
                    .query(Person)
                    .options(selectinload(Person.tasks))
                    .options(selectinload(Person.tags))
                    .options(selectinload(Person.team).selectinload(Team.members))
                    .all()
                    .await?;
                assert_eq!(people.len(), self.world.where_is(|thing| matches!(thing.handle, Named::Person(_))).len());
            }
            Load => {
                if let Some((_, team)) = self.world.team(a) {
                    session.load(team, Team.members).await?;
                }
                if let Some((_, person)) = self.world.person(b) {
                    match a % 5 {
                        0 => session.load(person, Person.team).await?,
                        1 => session.load(person, Person.tasks).await?,
                        2 => session.load(person, Person.tags).await?,
                        3 => session.load(person, Person.pupils).await?,
                        _ => session.load(person, Person.mentor).await?,
                    }
                }
            }
            Get => {
                if let Some((_, team)) = self.world.team(a) {
                    session.flush().await?;
                    let id = session[team].id;
                    assert_eq!(session.get(Team, id).await?, Some(team));
                }
            }
            Refresh => {
                if let Some((_, person)) = self.world.person(a) {
                    session.flush().await?;
                    session.refresh(person).await?;
                }
            }
            ExpireAll => {
                session.flush().await?;
                session.expire_all();
            }
            ExpungeClean => self.expunge_clean(session).await?,
            Flush => {
                session.flush().await?;
                self.compare_rows(session, step).await?;
            }
            Commit if depth == 0 => {
                session.commit().await?;
                let mut other = Session::new(&self.engine);
                let rows = rows(other.connection().await?).await?;
                assert_eq!(rows, self.expected(session), "the rows after {step:?}");
                self.committed = self.world.clone();
            }
            Rollback if depth == 0 => {
                session.rollback().await?;
                self.go_back(session, self.committed.clone()).await?;
                self.compare_memory(session, step);
                self.compare_rows(session, step).await?;
            }
            Commit | Rollback => {}
            Begin | Release | Undo => unreachable!("`walk` does them"),
        }
        Ok(())
    }

    fn rename(&mut self, session: &mut Session, number: usize, name: String) {
        let all: Vec<usize> = self.world.things.keys().copied().collect();
        let Some(&at) = all.get(number % all.len().max(1)) else { return };
        match self.world.things[&at].handle {
            Named::Team(handle) => session[handle].name.clone_from(&name),
            Named::Person(handle) => session[handle].name.clone_from(&name),
            Named::Task(handle) => session[handle].name.clone_from(&name),
            Named::Tag(handle) => session[handle].name.clone_from(&name),
        }
        self.world.change(at).name = name;
    }

    /// Lets go of everything that is clean, and finds it again.
    async fn expunge_clean(&mut self, session: &mut Session) -> Done {
        session.flush().await?;
        let keys: BTreeMap<usize, (i64, String)> =
            self.world.things.iter().map(|(&at, thing)| (at, key(session, thing.handle))).collect();
        session.expunge_clean();
        for (at, (id, word)) in keys {
            let thing = self.world.change(at);
            thing.handle = match thing.handle {
                Named::Team(_) => Named::Team(session.get_one(Team, id).await?),
                Named::Person(_) => Named::Person(session.get_one(Person, id).await?),
                Named::Task(_) => Named::Task(session.get_one(Task, id).await?),
                Named::Tag(_) => Named::Tag(session.get_one(Tag, word).await?),
            };
            self.found_again.insert(at, thing.handle);
        }
        Ok(())
    }

    /// Compares what the session holds with the model: every column, and every relationship that is loaded.
    fn compare_memory(&self, session: &Session, step: Step) {
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

    async fn compare_rows(&self, session: &mut Session, step: Step) -> Done {
        let rows = rows(session.connection().await?).await?;
        assert_eq!(rows, self.expected(session), "the rows after {step:?}");
        Ok(())
    }

    /// The rows that there should be.
    fn expected(&self, session: &Session) -> Vec<String> {
        let world = &self.world;
        let id = |at: Option<usize>| at.map(|at| key(session, world.things[&at].handle).0);
        let mut rows = Vec::new();
        for thing in world.things.values() {
            let name = &thing.name;
            match thing.handle {
                Named::Team(handle) => rows.push(format!("team {} {name}", session[handle].id)),
                Named::Task(handle) => {
                    rows.push(format!("task {} {name} {:?}", session[handle].id, id(thing.owner).unwrap_or_default()));
                    assert_eq!(Some(session[handle].person_id), id(thing.owner), "the foreign key of {handle:?}");
                }
                Named::Tag(handle) => rows.push(format!("tag {} {name}", session[handle].word)),
                Named::Person(handle) => {
                    let person = &session[handle];
                    let (team, mentor) = (id(thing.owner), id(thing.mentor));
                    rows.push(format!("person {} {name} {:?} {team:?} {mentor:?}", person.id, thing.nickname));
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
fn key(session: &Session, handle: Named) -> (i64, String) {
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
async fn rows(db: &mut orm::Connection) -> Result<Vec<String>, Error> {
    let mut rows = Vec::new();
    for (id, name) in select((Team.id, Team.name)).all(&mut *db).await? {
        rows.push(format!("team {id} {name}"));
    }
    let people = select((Person.id, Person.name, Person.nickname, Person.team_id, Person.mentor_id));
    for (id, name, nickname, team, mentor) in people.all(&mut *db).await? {
        rows.push(format!("person {id} {name} {nickname:?} {team:?} {mentor:?}"));
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

// ------------------------------------------------------------------------------------------------------- runs of steps

/// Numbers from a seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> usize {
        // SplitMix64: <https://prng.di.unimi.it/splitmix64.c>
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as usize >> 8
    }

    fn steps(&mut self, count: usize) -> Vec<Step> {
        (0..count)
            .map(|_| Step { what: WHATS[self.next() % WHATS.len()], a: self.next() % 64, b: self.next() % 64 })
            .collect()
    }
}

/// Runs steps over empty tables; what a panic said is an error too.
async fn run(engine: &Engine, steps: &[Step]) -> Result<(), String> {
    let (engine, steps) = (engine.clone(), steps.to_vec());
    let task = tokio::spawn(async move {
        delete(PersonTag).execute(&engine).await?;
        delete(Task).execute(&engine).await?;
        update(Person).set(Person.mentor_id, None).execute(&engine).await?;
        delete(Person).execute(&engine).await?;
        delete(Team).execute(&engine).await?;
        delete(Tag).execute(&engine).await?;
        let mut session = Session::new(&engine);
        let mut run =
            Run { engine, world: World::default(), committed: World::default(), found_again: BTreeMap::new(), next: 0 };
        run.walk(&mut session, &steps, 0).await?;
        session.commit().await?;
        run.compare_rows(&mut session, Step { what: Commit, a: 0, b: 0 }).await?;
        Ok::<(), Error>(())
    });
    match task.await {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(panic) => {
            let panic = panic.into_panic();
            let text = panic.downcast_ref::<String>().cloned();
            Err(text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default())
        }
    }
}

/// Leaves out whatever the failure does not need.
async fn shrunk(engine: &Engine, steps: Vec<Step>, failure: String) -> (Vec<Step>, String) {
    let (mut steps, mut failure) = (steps, failure);
    let mut size = steps.len() / 2;
    while size > 0 {
        let mut at = 0;
        while at < steps.len() {
            let shorter = [&steps[..at], &steps[(at + size).min(steps.len())..]].concat();
            match run(engine, &shorter).await {
                Err(other) => (steps, failure) = (shorter, other),
                Ok(()) => at += size,
            }
        }
        size /= 2;
    }
    (steps, failure)
}

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(usual)
}

#[tokio::test]
async fn a_session_does_what_a_plain_model_of_it_does() {
    let engine = empty_engine().await;
    metadata![Team, Person, Task, Tag, PersonTag].create_all(&engine).await.unwrap();
    let count = setting("ORM_STEPS", 60) as usize;
    let (first, runs) = match setting("ORM_SEED", 0) {
        0 => (1, setting("ORM_RUNS", 60)),
        seed => (seed, 1),
    };
    for seed in first..first + runs {
        let steps = Random(seed).steps(count);
        if let Err(failure) = run(&engine, &steps).await {
            let (steps, failure) = shrunk(&engine, steps, failure).await;
            let steps: String = steps.iter().map(|step| format!("    {step:?},\n")).collect();
            panic!("ORM_SEED={seed} ORM_STEPS={count}: {failure}\n{steps}");
        }
    }
}
