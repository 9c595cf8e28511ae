//! Random queries with random options, on both roads, against plain loops over the rows.
//!
//! A run is a list of parts: rows, the clauses and options of a query one by one, what a session does meanwhile. So what
//! fails becomes short by itself: `ORM_SEED=…` runs one again, `ORM_RUNS=…` runs more.

mod models;
mod plain;

use std::collections::{BTreeMap, BTreeSet};

use orm::prelude::*;
use orm::{NPlusOne, SessionEvents, SessionMaker};

use crate::random::{Random, check_runs, told};
use crate::support::empty_engine;
use models::{
    Book, BookTag, Clauses, Known, Person, Profile, Table, Tag, Town, order_of, seen, seen_all, tag_key, town_key,
};
use plain::{
    Base, Brought, Condition, Kind, Node, Order, Rel, Rows, Said, Seen, Step, Strategy, Thing, World, note, tree,
};

/// A step of a path: which of the relationships that there are, and what is said of it.
#[derive(Clone, Copy, Debug)]
struct Choice {
    which: usize,
    strategy: Strategy,
    said: Said,
}

#[derive(Clone, Debug)]
enum Part {
    Row(Kind, i64, Thing),
    Pair(i64, i64),
    /// Books of this rank do not count in the session.
    Hide(i64),
    Filter(Condition),
    Join(usize, bool, Option<Condition>),
    Order(Order),
    Limit(u64),
    Offset(u64),
    Distinct,
    Note,
    /// What is joined is contained, and this comes with it.
    Contain(Vec<Choice>),
    Load(Vec<Choice>),
    /// The query runs, by itself.
    Values(Kind, Option<usize>),
    /// The query runs in the session.
    Handles(Kind, Option<usize>),
    /// The same, and overwrites what is there.
    Populate(Kind),
    /// The query gives people and their books, or books if there are any, or people and their mentors.
    Pairs(usize, bool),
    Rank(Kind, usize, i64),
    /// Somebody else changes a row.
    RankElsewhere(Kind, usize, i64),
    Relate(Rel, usize, usize, bool),
    Demand(Kind, usize),
    Expire,
    Commit,
    Rollback,
}

// ------------------------------------------------------------------------------------------------------ what happens

fn number(random: &mut Random, below: usize) -> i64 {
    (random.next() % below) as i64
}

fn one_in(random: &mut Random, of: usize) -> bool {
    random.next().is_multiple_of(of)
}

fn kind(random: &mut Random) -> Kind {
    Kind::ALL[[0, 1, 1, 1, 2, 3, 3, 4][random.next() % 8]]
}

fn condition(random: &mut Random) -> Condition {
    match random.next() % 4 {
        0 => Condition::AtLeast(number(random, 4)),
        1 => Condition::Not(number(random, 4)),
        2 => Condition::OfOwner,
        _ => Condition::Related(number(random, 4)),
    }
}

fn order(random: &mut Random) -> Order {
    Order { is_by_rank: one_in(random, 2), is_descending: one_in(random, 2) }
}

fn choice(random: &mut Random) -> Choice {
    let strategy = match random.next() % 44 {
        0..12 => Strategy::Selectin,
        12..24 => Strategy::Joined,
        24..36 => Strategy::Subquery,
        36..40 => Strategy::Default,
        40..43 => Strategy::Lazy,
        _ => Strategy::Raise,
    };
    let said = match strategy {
        Strategy::Default | Strategy::Lazy | Strategy::Raise => Said::default(),
        _ => Said {
            filter: one_in(random, 4).then(|| condition(random)),
            order: one_in(random, 4).then(|| order(random)),
            limit: one_in(random, 6).then(|| 1 + random.next() as u64 % 2),
            chunk: one_in(random, 8).then(|| 1 + random.next() % 2),
            recursion: if one_in(random, 5) { 1 + random.next() as u32 % 3 } else { 0 },
            with_note: one_in(random, 6),
        },
    };
    Choice { which: random.next() % 60, strategy, said }
}

fn path(random: &mut Random) -> Vec<Choice> {
    let mut path = Vec::new();
    for _ in 0..1 + random.next() % 3 {
        path.push(choice(random));
        // Nothing comes below what does not come.
        if matches!(path[path.len() - 1].strategy, Strategy::Default | Strategy::Lazy | Strategy::Raise) {
            break;
        }
    }
    path
}

fn rows(random: &mut Random, parts: &mut Vec<Part>) {
    let maybe = |random: &mut Random, below| (!one_in(random, 4)).then(|| number(random, below));
    for (kind, count) in [(Kind::Town, 4), (Kind::Person, 6), (Kind::Profile, 4), (Kind::Book, 7), (Kind::Tag, 4)] {
        for id in 1..=number(random, count + 1) {
            let thing = Thing {
                rank: number(random, 4),
                mentor: maybe(random, 7),
                home: maybe(random, 5),
                person: maybe(random, 7),
            };
            parts.push(Part::Row(kind, id, thing));
        }
    }
    for _ in 0..random.next() % 8 {
        parts.push(Part::Pair(1 + number(random, 7), 1 + number(random, 4)));
    }
}

fn query(random: &mut Random, parts: &mut Vec<Part>) {
    if one_in(random, 4) {
        parts.push(Part::Filter(condition(random)));
    }
    if one_in(random, 4) {
        parts.push(Part::Join(random.next() % 60, one_in(random, 2), one_in(random, 3).then(|| condition(random))));
    }
    if one_in(random, 2) {
        parts.push(Part::Order(order(random)));
    }
    if one_in(random, 5) {
        parts.push(Part::Limit(1 + random.next() as u64 % 3));
    }
    if one_in(random, 8) {
        parts.push(Part::Offset(random.next() as u64 % 3));
    }
    if one_in(random, 8) {
        parts.push(Part::Distinct);
    }
    if one_in(random, 6) {
        parts.push(Part::Note);
    }
    if one_in(random, 4) {
        parts.push(Part::Contain(if one_in(random, 2) { path(random) } else { Vec::new() }));
    }
    for _ in 0..random.next() % 4 {
        parts.push(Part::Load(path(random)));
    }
    let chunk = one_in(random, 6).then(|| 1 + random.next() % 3);
    let kind = kind(random);
    parts.push(match random.next() % 6 {
        5 => Part::Pairs(random.next() % 3, one_in(random, 2)),
        0 | 1 => Part::Values(kind, chunk),
        2 | 3 => Part::Handles(kind, chunk),
        _ => Part::Populate(kind),
    });
}

fn meanwhile(random: &mut Random, parts: &mut Vec<Part>) {
    let rels = [Rel::Mentor, Rel::Home, Rel::Author, Rel::Tags];
    parts.push(match random.next() % 12 {
        0 | 1 => Part::Rank(kind(random), random.next() % 60, number(random, 4)),
        2 | 3 => Part::RankElsewhere(kind(random), random.next() % 60, number(random, 4)),
        4..=6 => Part::Relate(rels[random.next() % 4], random.next() % 60, random.next() % 60, one_in(random, 2)),
        7 | 8 => Part::Demand(kind(random), random.next() % 60),
        9 => Part::Expire,
        10 => Part::Commit,
        _ => Part::Rollback,
    });
}

fn parts(random: &mut Random, _count: usize) -> Vec<Part> {
    let mut parts = Vec::new();
    rows(random, &mut parts);
    if one_in(random, 4) {
        parts.push(Part::Hide(number(random, 4)));
    }
    for _ in 0..8 {
        query(random, &mut parts);
        for _ in 0..random.next() % 3 {
            meanwhile(random, &mut parts);
        }
    }
    parts
}

// -------------------------------------------------------------------------------------------------------------- rows

/// Leaves out what refers to nothing.
fn world(parts: &[Part]) -> World {
    let mut world = World::default();
    for part in parts {
        match part {
            Part::Row(kind, id, thing) => _ = world.things.insert((*kind, *id), thing.clone()),
            Part::Pair(book, tag) => _ = world.pairs.insert((*book, *tag)),
            _ => {}
        }
    }
    let there: BTreeSet<(Kind, i64)> = world.things.keys().copied().collect();
    let has = |kind, id: i64| there.contains(&(kind, id));
    let mut of_profiles = BTreeSet::new();
    world.things.retain(|&(kind, _), thing| {
        let person = thing.person.filter(|&id| has(Kind::Person, id));
        kind != Kind::Profile || person.is_some_and(|person| of_profiles.insert(person))
    });
    for thing in world.things.values_mut() {
        thing.mentor = thing.mentor.filter(|&id| has(Kind::Person, id));
        thing.home = thing.home.filter(|&id| has(Kind::Town, id));
        thing.person = thing.person.filter(|&id| has(Kind::Person, id));
    }
    world.pairs.retain(|&(book, tag)| has(Kind::Book, book) && has(Kind::Tag, tag));
    world
}

async fn write_rows(engine: &Engine, world: &World) -> Result<(), Error> {
    delete(BookTag).execute(engine).await?;
    delete(Book).execute(engine).await?;
    delete(Profile).execute(engine).await?;
    update(Person).set(Person.mentor_id, None).execute(engine).await?;
    delete(Person).execute(engine).await?;
    delete(Town).execute(engine).await?;
    delete(Tag).execute(engine).await?;
    let mut session = Session::new(engine);
    for (&(kind, id), thing) in &world.things {
        let (rank, note) = (thing.rank, note(kind, id));
        match kind {
            Kind::Town => {
                let (country, number) = town_key(id);
                session.add(Town::builder().country(country).number(number).rank(rank).note(note));
            }
            Kind::Person => {
                let (country, number) = thing.home.map(town_key).unzip();
                session.add(Person::builder().id(id).rank(rank).note(note).country(country).number(number));
            }
            Kind::Profile => {
                let person = thing.person.expect("a profile is of a person");
                session.add(Profile::builder().id(id).rank(rank).note(note).person_id(person));
            }
            Kind::Book => {
                session.add(Book::builder().id(id).rank(rank).note(note).author_id(thing.person));
            }
            Kind::Tag => {
                session.add(Tag::builder().word(tag_key(id)).rank(rank).note(note));
            }
        }
    }
    session.add_all(world.pairs.iter().map(|&(book_id, tag)| BookTag { book_id, tag_word: tag_key(tag) }));
    session.flush().await?;
    for (&(_, id), thing) in
        world.things.iter().filter(|((kind, _), thing)| *kind == Kind::Person && thing.mentor.is_some())
    {
        session.execute(update(Person).set(Person.mentor_id, thing.mentor).filter(Person.id.eq(id))).await?;
    }
    session.commit().await
}

// -------------------------------------------------------------------------------------------------------- the session

/// What the session knows of an object.
#[derive(Clone, Copy, Debug)]
struct Memory {
    rank: i64,
    is_expired: bool,
}

/// A query on its way.
#[derive(Default)]
struct Pending {
    base: Base,
    contained: Option<Vec<Choice>>,
    paths: Vec<Vec<Choice>>,
}

struct Run {
    engine: Engine,
    session: Session,
    world: World,
    /// As others see it.
    committed: World,
    pending: Pending,
    memory: BTreeMap<(Kind, i64), Memory>,
    handles: BTreeMap<(Kind, i64), Known>,
    refused: BTreeSet<Rel>,
}

/// Runs code with the model of a kind.
macro_rules! of_kind {
    ($kind:expr, $model:ident => $code:expr) => {
        match $kind {
            Kind::Town => {
                use models::Town as $model;
                $code
            }
            Kind::Person => {
                use models::Person as $model;
                $code
            }
            Kind::Profile => {
                use models::Profile as $model;
                $code
            }
            Kind::Book => {
                use models::Book as $model;
                $code
            }
            Kind::Tag => {
                use models::Tag as $model;
                $code
            }
        }
    };
}

/// Runs code with the handle of an object.
macro_rules! of_known {
    ($known:expr, $handle:ident => $code:expr) => {
        match $known {
            Known::Town($handle) => $code,
            Known::Person($handle) => $code,
            Known::Profile($handle) => $code,
            Known::Book($handle) => $code,
            Known::Tag($handle) => $code,
        }
    };
}

trait ToKnown: Table {
    fn known(handle: Handle<Self>) -> Known;
}
macro_rules! to_known {
    ($($model:ident)+) => { $(impl ToKnown for $model {
        fn known(handle: Handle<Self>) -> Known {
            Known::$model(handle)
        }
    })+ };
}
to_known!(Town Person Profile Book Tag);

fn path_from(kind: Kind, choices: &[Choice]) -> Vec<Step> {
    let mut kind = kind;
    let mut path = Vec::new();
    for Choice { which, strategy, said } in choices {
        let rel = kind.rels()[which % kind.rels().len()];
        let mut said = *said;
        if !rel.is_to_itself() {
            said.recursion = 0;
        }
        // The owner cannot be told from the member, or may be several.
        if said.filter == Some(Condition::OfOwner) && (rel.is_to_itself() || rel.is_reference()) {
            said.filter = None;
        }
        path.push(Step { rel, strategy: *strategy, said });
        kind = rel.target();
    }
    path
}

/// A query as it is to run.
struct Asked {
    base: Base,
    paths: Vec<Vec<Step>>,
    nodes: Option<Vec<Node>>,
    rows: Rows,
    is_contained: bool,
}

impl Asked {
    fn of(kind: Kind, pending: Pending, is_chunked: bool, world: &World) -> Self {
        let Pending { mut base, contained, paths } = pending;
        base.kind = Some(kind);
        base.filters.retain(|filter| *filter != Condition::OfOwner);
        base.join = base.join.map(|(_, is_outer, said)| {
            let which = base.joins;
            (kind.rels()[which % kind.rels().len()], is_outer, said.filter(|said| *said != Condition::OfOwner))
        });
        // A table that is joined to itself is another instance, which only an alias names.
        base.join = base.join.filter(|(rel, ..)| !rel.is_to_itself());
        if base.limit.is_some() || base.offset.is_some() || (is_chunked && base.is_distinct) {
            base.order.get_or_insert(Order { is_by_rank: false, is_descending: false });
        }
        let mut paths: Vec<Vec<Step>> = paths.iter().map(|path| path_from(kind, path)).collect();
        if let (Some((rel, ..)), Some(below)) = (base.join, contained) {
            let contained = Step { rel, strategy: Strategy::Contained, said: Said::default() };
            let path = std::iter::once(contained).chain(path_from(rel.target(), &below)).collect();
            paths.insert(0, path);
        }
        let nodes = tree(kind, &paths);
        let is_contained = nodes.iter().flatten().any(Node::is_contained);
        let rows = world.rows(&base, is_contained);
        Asked { base, paths, nodes, rows, is_contained }
    }

    fn build<T: Table, Q: Clauses<T>>(&self, query: Q) -> Q {
        let base = &self.base;
        let mut query = base.filters.iter().fold(query, |query, &said| query.filtered(models::condition::<T>(said)));
        if let Some(order) = base.order {
            query = order_of(query, order);
        }
        if let Some((rel, is_outer, said)) = base.join {
            query = T::join(query, rel, is_outer, said);
            if base.order.is_some() && (self.is_contained || !base.is_distinct) {
                query = of_kind!(rel.target(), Model => query.ordered(Model::key_order(false)));
            }
        }
        query = query.cut(base.limit, base.offset);
        if base.is_distinct {
            query = query.told_apart();
        }
        if base.with_note {
            query = query.with_note(T::note());
        }
        self.paths.iter().fold(query, |query, path| T::begin(query, path))
    }

    /// What is wrong with it, if something is.
    fn mistake(&self, is_chunked: bool) -> Option<&'static str> {
        let is_cut = || self.is_contained && self.base.join.is_some_and(|(rel, ..)| !rel.is_to_one());
        match &self.nodes {
            None => Some("nothing can be loaded below it"),
            Some(_) if is_chunked && is_cut() => Some("would cut"),
            Some(_) => None,
        }
    }

    fn check_roots(&self, found: &[i64]) -> Result<(), String> {
        if self.rows.roots.is(found) {
            Ok(())
        } else {
            Err(format!("the query gives {found:?}, not {:?}", self.rows.roots))
        }
    }
}

fn agree(compared: Result<(), String>) {
    compared.unwrap_or_else(|difference| panic!("{difference}"));
}

/// Compares a refusal with the one that is to come; nothing else is to be done then.
fn is_refused<T>(found: &Result<T, Error>, mistake: Option<&str>) -> bool {
    match (found, mistake) {
        (Err(error), Some(mistake)) => {
            assert!(error.to_string().contains(mistake), "{error}");
            true
        }
        (Ok(_), Some(mistake)) => panic!("it is not refused: {mistake}"),
        (_, None) => false,
    }
}

impl Run {
    async fn part(&mut self, part: &Part) -> Result<(), Error> {
        match part {
            Part::Row(..) | Part::Pair(..) | Part::Hide(_) => {}
            Part::Filter(said) => self.pending.base.filters.push(*said),
            Part::Join(which, is_outer, said) => {
                self.pending.base.joins = *which;
                self.pending.base.join = Some((Rel::Mentor, *is_outer, *said));
            }
            Part::Order(order) => self.pending.base.order = Some(*order),
            Part::Limit(rows) => self.pending.base.limit = Some(*rows),
            Part::Offset(rows) => self.pending.base.offset = Some(*rows),
            Part::Distinct => self.pending.base.is_distinct = true,
            Part::Note => self.pending.base.with_note = true,
            Part::Contain(below) => self.pending.contained = Some(below.clone()),
            Part::Load(path) => self.pending.paths.push(path.clone()),
            Part::Values(kind, chunk) => self.values(*kind, *chunk).await?,
            Part::Handles(kind, chunk) => of_kind!(*kind, Model => {
                let asked = Asked::of(*kind, std::mem::take(&mut self.pending), chunk.is_some(), &self.world);
                let query = asked.build(select(Model));
                let found: Result<Vec<Handle<Model>>, Error> = match chunk {
                    None => query.all(&mut self.session).await,
                    Some(rows) => {
                        let mut chunks = query.yield_per(*rows).keep();
                        let mut all = Vec::new();
                        loop {
                            match chunks.next(&mut self.session).await {
                                Ok(Some(some)) => all.extend(some),
                                Ok(None) => break Ok(all),
                                Err(error) => break Err(error),
                            }
                        }
                    }
                };
                if !is_refused(&found, asked.mistake(chunk.is_some())) {
                    self.found(&asked, &found?, false);
                }
            }),
            Part::Populate(kind) => of_kind!(*kind, Model => {
                let asked = Asked::of(*kind, std::mem::take(&mut self.pending), false, &self.world);
                let found = asked.build(self.session.query(Model)).populate_existing().all().await;
                if !is_refused(&found, asked.mistake(false)) {
                    self.found(&asked, &found?, true);
                }
            }),
            Part::Pairs(shape, is_managed) => self.pairs(*shape, *is_managed).await?,
            Part::Rank(kind, which, rank) => {
                let Some(known) = self.chosen(*kind, *which) else { return Ok(()) };
                let id = self.key_of(known).1;
                if self.memory[&(*kind, id)].rank != *rank {
                    of_known!(known, handle => self.session[handle].rank = *rank);
                    self.memory.get_mut(&(*kind, id)).unwrap().rank = *rank;
                    self.world.things.get_mut(&(*kind, id)).unwrap().rank = *rank;
                }
            }
            Part::RankElsewhere(kind, which, rank) => self.rank_elsewhere(*kind, *which, *rank).await?,
            Part::Relate(rel, which, other, is_by_column) => {
                // What was linked and waits for the flush would win over a column.
                self.session.flush().await?;
                self.relate(*rel, *which, *other, *is_by_column);
            }
            Part::Demand(kind, which) => {
                let rel = kind.rels()[which % kind.rels().len()];
                self.demand(rel, *kind).await?;
            }
            Part::Expire => {
                self.session.flush().await?;
                self.expire();
            }
            Part::Commit => {
                self.session.commit().await?;
                self.committed = self.world.clone();
            }
            Part::Rollback => {
                self.session.rollback().await?;
                self.world = self.committed.clone();
                self.expire();
            }
        }
        Ok(())
    }

    fn expire(&mut self) {
        self.session.expire_all();
        self.memory.values_mut().for_each(|memory| memory.is_expired = true);
    }

    fn key_of(&self, known: Known) -> (Kind, i64) {
        fn key<T: Table>(object: &T) -> (Kind, i64) {
            (T::KIND, object.id())
        }
        of_known!(known, handle => key(&self.session[handle]))
    }

    /// Chooses an object that is as the session has read it.
    fn chosen(&self, kind: Kind, which: usize) -> Option<Known> {
        let is_it = |key: &(Kind, i64)| key.0 == kind && !self.memory[key].is_expired;
        let known: Vec<Known> = self.handles.iter().filter(|(key, _)| is_it(key)).map(|(_, known)| *known).collect();
        (!known.is_empty()).then(|| known[which % known.len()])
    }

    async fn rank_elsewhere(&mut self, kind: Kind, which: usize, rank: i64) -> Result<(), Error> {
        self.session.commit().await?;
        self.committed = self.world.clone();
        let ids: Vec<i64> = self.world.things.keys().filter(|key| key.0 == kind).map(|key| key.1).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let id = ids[which % ids.len()];
        let engine = &self.engine;
        match kind {
            Kind::Town => {
                let is_it = Town.country.eq(town_key(id).0) & Town.number.eq(town_key(id).1);
                update(Town).set(Town.rank, rank).filter(is_it).execute(engine).await?
            }
            Kind::Person => update(Person).set(Person.rank, rank).filter(Person.id.eq(id)).execute(engine).await?,
            Kind::Profile => update(Profile).set(Profile.rank, rank).filter(Profile.id.eq(id)).execute(engine).await?,
            Kind::Book => update(Book).set(Book.rank, rank).filter(Book.id.eq(id)).execute(engine).await?,
            Kind::Tag => update(Tag).set(Tag.rank, rank).filter(Tag.word.eq(tag_key(id))).execute(engine).await?,
        };
        self.world.things.get_mut(&(kind, id)).unwrap().rank = rank;
        self.committed = self.world.clone();
        Ok(())
    }

    fn relate(&mut self, rel: Rel, which: usize, other: usize, is_by_column: bool) {
        let kind = if matches!(rel, Rel::Author | Rel::Tags) { Kind::Book } else { Kind::Person };
        let (Some(own), Some(to)) = (self.chosen(kind, which), self.chosen(rel.target(), other)) else { return };
        let ((_, id), (_, other)) = (self.key_of(own), self.key_of(to));
        let session = &mut self.session;
        let thing = self.world.things.get_mut(&(kind, id)).unwrap();
        match (rel, own, to) {
            (Rel::Mentor, Known::Person(own), Known::Person(to)) => {
                if is_by_column {
                    session[own].mentor_id = Some(other);
                } else {
                    session.link(own, Person.mentor, to);
                }
                thing.mentor = Some(other);
            }
            (Rel::Home, Known::Person(own), Known::Town(to)) => {
                if is_by_column {
                    session[own].country = None;
                    session[own].number = None;
                } else {
                    session.link(own, Person.home, to);
                }
                thing.home = (!is_by_column).then_some(other);
            }
            (Rel::Author, Known::Book(own), Known::Person(to)) => {
                if is_by_column {
                    session[own].author_id = None;
                } else {
                    session.link(own, Book.author, to);
                }
                thing.person = (!is_by_column).then_some(other);
            }
            (Rel::Tags, Known::Book(own), Known::Tag(to)) => {
                if self.world.pairs.remove(&(id, other)) {
                    session.unlink(own, Book.tags, to);
                } else {
                    session.link(own, Book.tags, to);
                    self.world.pairs.insert((id, other));
                }
            }
            other => unreachable!("{other:?}"),
        }
    }

    // --------------------------------------------------------------------------------------------------- what is read

    async fn values(&mut self, kind: Kind, chunk: Option<usize>) -> Result<(), Error> {
        let world = World { hidden: None, ..self.committed.clone() };
        let asked = Asked::of(kind, std::mem::take(&mut self.pending), chunk.is_some(), &world);
        let found: Result<Vec<Seen>, Error> = of_kind!(kind, Model => {
            let query = asked.build(select(Model));
            match chunk {
                None => query.all(&self.engine).await.map(|found| seen_all(&found)),
                Some(rows) => {
                    let mut chunks = query.yield_per(rows);
                    let mut all = Vec::new();
                    loop {
                        match chunks.next(&self.engine).await {
                            Ok(Some(some)) => all.extend(seen_all(&some)),
                            Ok(None) => break Ok(all),
                            Err(error) => break Err(error),
                        }
                    }
                }
            }
        });
        if is_refused(&found, asked.mistake(chunk.is_some())) {
            return Ok(());
        }
        let found = found?;
        let ids: Vec<i64> = found.iter().map(|root| root.id).collect();
        agree(asked.check_roots(&ids));
        let nodes = asked.nodes.as_deref().unwrap();
        for root in &found {
            agree(world.compare(root, nodes, asked.base.with_note, Some(&asked.rows)));
        }
        Ok(())
    }

    /// Reads people together with what one of their relationships joins.
    async fn pairs(&mut self, shape: usize, is_managed: bool) -> Result<(), Error> {
        let Pending { mut base, paths, .. } = std::mem::take(&mut self.pending);
        base.filters.retain(|filter| *filter != Condition::OfOwner);
        base.order.get_or_insert(Order { is_by_rank: false, is_descending: false });
        let (rel, other) = if shape == 2 { (Rel::Mentor, Kind::Person) } else { (Rel::Books, Kind::Book) };
        let world = if is_managed { self.world.clone() } else { World { hidden: None, ..self.committed.clone() } };
        let rows = world.pairs(&base, rel, shape == 1);
        // Every other path begins at what is joined.
        let (mut of_people, mut of_others) = (Vec::new(), Vec::new());
        for (number, path) in paths.iter().enumerate() {
            match number % 2 == 0 || other == Kind::Person {
                true => of_people.push(path_from(Kind::Person, path)),
                false => of_others.push(path_from(other, path)),
            }
        }
        for path in of_people.iter().chain(&of_others) {
            self.refused.extend(path.iter().filter(|step| step.strategy == Strategy::Raise).map(|step| step.rel));
        }
        let nodes = tree(Kind::Person, &of_people).zip(tree(other, &of_others));
        let mistake = nodes.is_none().then_some("nothing can be loaded below it");
        let nodes = nodes.map(|(of_people, own)| match other {
            Kind::Person => (of_people.clone(), of_people),
            _ => (of_people, own),
        });
        let notes = (base.with_note, base.with_note && other == Kind::Person);

        macro_rules! built {
            ($query:expr, $order:expr) => {{
                let filters = base.filters.iter().map(|&said| models::condition::<Person>(said));
                let query = filters.fold($query, |query, said| query.filter(said));
                let query = order_of::<Person, _>(query, base.order.unwrap()).order_by($order);
                let mut query = Clauses::<Person>::cut(query, base.limit, base.offset);
                if base.with_note {
                    query = Clauses::<Person>::with_note(query, Person.note);
                }
                of_people.iter().fold(query, |query, path| Person::begin(query, path))
            }};
        }
        macro_rules! run {
            ($query:expr, $value:expr, $handle:expr) => {{
                let query = $query;
                if is_managed {
                    let found = query.all(&mut self.session).await;
                    if is_refused(&found, mistake) {
                        return Ok(());
                    }
                    let known: Vec<(Known, Option<Known>)> = found?.into_iter().map($handle).collect();
                    let id = |known| self.key_of(known).1;
                    let ids: Vec<(i64, Option<i64>)> = known.iter().map(|&(one, two)| (id(one), two.map(id))).collect();
                    assert_eq!(ids, rows, "the rows of pairs");
                    let roots = known.into_iter().flat_map(|(one, two)| [Some(one), two]).flatten().collect();
                    self.found_pairs(&rows, nodes.unwrap(), other, notes, roots);
                } else {
                    let found = query.all(&self.engine).await;
                    if is_refused(&found, mistake) {
                        return Ok(());
                    }
                    let seen: Vec<(Seen, Option<Seen>)> = found?.iter().map($value).collect();
                    let ids: Vec<(i64, Option<i64>)> =
                        seen.iter().map(|(one, two)| (one.id, two.as_ref().map(|two| two.id))).collect();
                    assert_eq!(ids, rows, "the rows of pairs");
                    let (of_people, of_others) = nodes.unwrap();
                    for (one, two) in &seen {
                        agree(world.compare(one, &of_people, notes.0, None));
                        two.iter().for_each(|two| agree(world.compare(two, &of_others, notes.1, None)));
                    }
                }
            }};
        }
        match shape {
            0 => {
                let query = built!(select((Person, Book)).join(Person.books), Book.id);
                let query = of_others.iter().fold(query, |query, path| Book::begin(query, path));
                run!(query, |(one, two)| (seen(one), Some(seen(two))), |(one, two)| {
                    (Known::Person(one), Some(Known::Book(two)))
                });
            }
            1 => {
                let query = built!(select((Person, optional(Book))).outerjoin(Person.books), Book.id);
                let query = of_others.iter().fold(query, |query, path| Book::begin(query, path));
                run!(query, |(one, two)| (seen(one), two.as_ref().map(seen)), |(one, two)| {
                    (Known::Person(one), two.map(Known::Book))
                });
            }
            _ => {
                let mentor = Person.alias("mentor");
                let query = built!(select((Person, mentor)).join(Person.mentor.of(mentor)), mentor.id);
                run!(query, |(one, two)| (seen(one), Some(seen(two))), |(one, two)| {
                    (Known::Person(one), Some(Known::Person(two)))
                });
            }
        }
        Ok(())
    }

    fn found_pairs(
        &mut self,
        rows: &[(i64, Option<i64>)],
        (of_people, of_others): (Vec<Node>, Vec<Node>),
        other: Kind,
        notes: (bool, bool),
        roots: Vec<Known>,
    ) {
        let mut brought = Brought::default();
        let mut people: BTreeSet<i64> = rows.iter().map(|row| row.0).collect();
        let others: BTreeSet<i64> = rows.iter().filter_map(|row| row.1).collect();
        if other == Kind::Person {
            people.extend(&others);
        } else {
            let others: Vec<i64> = others.iter().copied().collect();
            self.world.brought(other, &others, &of_others, None, &mut brought);
        }
        let owners: Vec<i64> = people.iter().copied().collect();
        self.world.brought(Kind::Person, &owners, &of_people, None, &mut brought);
        for (kind, ids, with_note) in [(Kind::Person, people, notes.0), (other, others, notes.1)] {
            for id in ids {
                *brought.members.entry((kind, id)).or_default() |= with_note;
            }
        }
        self.compare(&brought, roots, false);
    }

    /// Compares what a query has read into the session.
    fn found<T: ToKnown>(&mut self, asked: &Asked, roots: &[Handle<T>], overwrites: bool) {
        let kind = T::KIND;
        let ids: Vec<i64> = roots.iter().map(|&root| self.session[root].id()).collect();
        agree(asked.check_roots(&ids));
        for path in &asked.paths {
            self.refused.extend(path.iter().filter(|step| step.strategy == Strategy::Raise).map(|step| step.rel));
        }
        let mut brought = Brought::default();
        let owners: Vec<i64> = ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        self.world.brought(kind, &owners, asked.nodes.as_deref().unwrap(), Some(&asked.rows), &mut brought);
        for &root in &owners {
            *brought.members.entry((kind, root)).or_default() |= asked.base.with_note;
        }
        self.compare(&brought, roots.iter().map(|&root| T::known(root)).collect(), overwrites);
    }

    /// Compares objects with what was brought to them.
    fn compare(&mut self, brought: &Brought, roots: Vec<Known>, overwrites: bool) {
        let known_before: BTreeSet<(Kind, i64)> = self.memory.keys().copied().collect();
        for &(kind, id) in brought.members.keys() {
            let rank = self.world.thing(kind, id).rank;
            let fresh = Memory { rank, is_expired: false };
            let memory = self.memory.entry((kind, id)).or_insert(fresh);
            if memory.is_expired || overwrites {
                *memory = fresh;
            }
        }
        self.gather(roots);
        for (&(kind, id), &with_note) in &brought.members {
            let Some(&known) = self.handles.get(&(kind, id)) else { continue };
            let is_new = !known_before.contains(&(kind, id));
            let (rank, own_note) = of_known!(known, handle => {
                (self.session[handle].rank, self.session[handle].own_note())
            });
            assert_eq!(rank, self.memory[&(kind, id)].rank, "the rank of {kind:?} {id}");
            assert!(own_note.is_none_or(|own| own == note(kind, id)), "the note of {kind:?} {id} is {own_note:?}");
            assert!(own_note.is_some() || !with_note, "the note of {kind:?} {id} is not loaded");
            assert!(own_note.is_none() || with_note || !is_new, "the note of {kind:?} {id} is loaded");
            for (rel, members) in self.fields(known) {
                let members: Option<Vec<i64>> =
                    members.map(|members| members.into_iter().map(|member| self.key_of(member).1).collect());
                match (brought.shares.get(&(kind, id, rel)), members) {
                    (Some(shares), Some(members)) => {
                        let is_it = shares.iter().any(|share| share.is(&members));
                        assert!(is_it, "{rel:?} of {kind:?} {id} are {members:?}, not {shares:?}");
                    }
                    (Some(_), None) => panic!("{rel:?} of {kind:?} {id} is not loaded"),
                    (None, members) => assert!(!is_new || members.is_none(), "{rel:?} of {kind:?} {id} is loaded"),
                }
            }
        }
    }

    fn fields(&self, known: Known) -> Vec<(Rel, Option<Vec<Known>>)> {
        fn fields<T: Table>(session: &Session, handle: Handle<T>) -> Vec<(Rel, Option<Vec<Known>>)> {
            T::fields_in(session, handle)
        }
        of_known!(known, handle => fields(&self.session, handle))
    }

    /// Takes the handles of objects, and of all that they lead to.
    fn gather(&mut self, roots: Vec<Known>) {
        let mut seen = BTreeSet::new();
        let mut open = roots;
        while let Some(known) = open.pop() {
            let key = self.key_of(known);
            if !seen.insert(key) {
                continue;
            }
            self.handles.insert(key, known);
            let memory = Memory { rank: self.world.thing(key.0, key.1).rank, is_expired: false };
            self.memory.entry(key).or_insert(memory);
            open.extend(self.fields(known).into_iter().flat_map(|(_, members)| members.unwrap_or_default()));
        }
    }

    /// Loads a relationship of all objects that have it.
    async fn demand(&mut self, rel: Rel, kind: Kind) -> Result<(), Error> {
        let owners: Vec<Known> =
            self.handles.iter().filter(|(key, _)| key.0 == kind).map(|(_, known)| *known).collect();
        macro_rules! load {
            ($model:ident $field:ident) => {{
                let of = |known: &Known| match known {
                    Known::$model(handle) => *handle,
                    _ => unreachable!("it is of another kind"),
                };
                let handles: Vec<Handle<$model>> = owners.iter().map(of).collect();
                self.session.load(&handles, $model.$field).await
            }};
        }
        let loaded = match rel {
            Rel::People => load!(Town people),
            Rel::Mentor => load!(Person mentor),
            Rel::Pupils => load!(Person pupils),
            Rel::Books => load!(Person books),
            Rel::Profile => load!(Person profile),
            Rel::Home => load!(Person home),
            Rel::Owner => load!(Profile person),
            Rel::Author => load!(Book author),
            Rel::Tags => load!(Book tags),
            Rel::Tagged => load!(Tag books),
        };
        match loaded {
            Err(error) if self.refused.contains(&rel) && error.to_string().contains("raiseload") => return Ok(()),
            loaded => loaded?,
        }
        let owned: Vec<(Kind, i64)> = owners.iter().map(|&known| self.key_of(known)).collect();
        for &(kind, id) in &owned {
            let memory = self.memory.get_mut(&(kind, id)).unwrap();
            if memory.is_expired {
                *memory = Memory { rank: self.world.thing(kind, id).rank, is_expired: false };
            }
        }
        for (&known, &(kind, id)) in owners.iter().zip(&owned) {
            let members = self.fields(known).into_iter().find(|field| field.0 == rel).and_then(|field| field.1);
            let members = members.unwrap_or_else(|| panic!("{rel:?} of {kind:?} {id} is not loaded"));
            let mut found: Vec<i64> = members.iter().map(|&member| self.key_of(member).1).collect();
            found.sort_unstable();
            // What was loaded before is not asked whether it counts since then.
            if self.world.hidden.is_none() || rel.target() != Kind::Book {
                assert_eq!(found, self.world.members(rel, id), "{rel:?} of {kind:?} {id} on demand");
            }
            for member in members {
                let key = self.key_of(member);
                // What was expired is read, unless it was among the members already.
                let is_expired = of_known!(member, handle => self.session.is_expired(handle))?;
                let fresh = Memory { rank: self.world.thing(key.0, key.1).rank, is_expired };
                let memory = self.memory.entry(key).or_insert(fresh);
                if memory.is_expired && !is_expired {
                    *memory = fresh;
                }
                self.handles.insert(key, member);
            }
        }
        Ok(())
    }
}

async fn run(engine: &Engine, parts: &[Part]) -> Result<(), String> {
    let (engine, parts) = (engine.clone(), parts.to_vec());
    let task = tokio::spawn(async move {
        let mut world = world(&parts);
        write_rows(&engine, &world).await?;
        let mut maker = SessionMaker::new(&engine).expire_on_commit(false).n_plus_one(NPlusOne::Allow);
        for part in &parts {
            if let Part::Hide(rank) = part {
                world.hidden = Some(*rank);
                maker = maker.events(SessionEvents::new().filter(Book, Book.rank.ne(*rank)));
            }
        }
        let (session, committed) = (maker.session(), world.clone());
        let (memory, handles) = (BTreeMap::new(), BTreeMap::new());
        let (pending, refused) = (Pending::default(), BTreeSet::new());
        let mut run = Run { engine, session, world, committed, pending, memory, handles, refused };
        for part in &parts {
            run.part(part).await?;
        }
        run.session.rollback().await
    });
    told(task).await
}

#[tokio::test]
async fn every_query_and_option_brings_what_plain_loops_bring() {
    let engine = empty_engine().await;
    metadata![Town, Person, Profile, Book, Tag, BookTag].create_all(&engine).await.unwrap();
    check_runs(parts, async |parts: &[Part]| run(&engine, parts).await).await;
}
