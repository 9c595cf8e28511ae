//! Unique values that rows take from rows that go, in the same flush: a single member of an owner that is replaced, lists
//! with unique places in which rows go, move and come, and names that are used again.

use std::collections::{BTreeMap, HashSet};

use orm::prelude::*;
use orm::{Handle, SessionMaker};

use crate::random::{Random, Step, check_runs, told};
use crate::support::empty_engine;

#[derive(Clone, Debug, Model)]
#[orm(table = "placed_teams", metadata = none)]
struct Team {
    #[orm(primary_key)]
    id: i64,
    #[orm(unique, length = 16)]
    name: String,
    #[orm(back_populates = team, cascade(all, delete_orphan))]
    badge: HasOne<Badge>,
    #[orm(back_populates = team, cascade(all, delete_orphan))]
    seats: HasMany<Seat>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "placed_badges", metadata = none)]
struct Badge {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Team.id, unique)]
    team_id: i64,
    number: i64,
    #[orm(back_populates = badge)]
    team: BelongsTo<Team>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "placed_seats", unique(team_id, place), metadata = none)]
struct Seat {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Team.id)]
    team_id: i64,
    place: i64,
    number: i64,
    #[orm(back_populates = seats)]
    team: BelongsTo<Team>,
    #[orm(back_populates = seat)]
    notes: HasMany<Note>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "placed_notes", metadata = none)]
struct Note {
    #[orm(primary_key)]
    id: i64,
    number: i64,
    text: String,
    #[orm(foreign_key = Seat.id)]
    seat_id: Option<i64>,
    #[orm(back_populates = notes)]
    seat: BelongsTo<Seat>,
}

#[derive(Clone, Copy, Debug)]
enum What {
    AddTeam,
    Rename,
    TradeNames,
    DeleteTeam,
    ReplaceBadge,
    TakeBadge,
    AddSeat,
    RemoveSeat,
    MoveSeat,
    AddNote,
    MoveNote,
    ChangeNote,
    DeleteNote,
    Flush,
    Commit,
    Rollback,
}

const WHATS: [What; 26] = [
    What::AddTeam,
    What::AddTeam,
    What::Rename,
    What::TradeNames,
    What::DeleteTeam,
    What::DeleteTeam,
    What::ReplaceBadge,
    What::ReplaceBadge,
    What::ReplaceBadge,
    What::TakeBadge,
    What::TakeBadge,
    What::AddSeat,
    What::AddSeat,
    What::AddSeat,
    What::AddSeat,
    What::RemoveSeat,
    What::RemoveSeat,
    What::MoveSeat,
    What::MoveSeat,
    What::AddNote,
    What::MoveNote,
    What::ChangeNote,
    What::DeleteNote,
    What::Flush,
    What::Commit,
    What::Rollback,
];

/// A row as it is to be, with the numbers of what belongs to it.
#[derive(Clone, Debug)]
struct Place {
    handle: Handle<Team>,
    name: String,
    badge: Option<usize>,
    seats: Vec<usize>,
}

/// All rows, by numbers that are never used again.
#[derive(Clone, Debug, Default)]
struct World {
    teams: BTreeMap<usize, Place>,
    badges: BTreeMap<usize, Handle<Badge>>,
    seats: BTreeMap<usize, Handle<Seat>>,
    /// Each with its seat and its text.
    notes: BTreeMap<usize, (Handle<Note>, Option<usize>, String)>,
    /// What has a row.
    stored: Vec<usize>,
    /// Badges that have another owner than their rows say: those cannot go back before a flush, since there is no team that
    /// they could be of meanwhile.
    moved: Vec<usize>,
    /// The teams that something has left which tells rows apart by its team. Where such a one goes, its name is free after
    /// the flush only.
    left: Vec<usize>,
    /// Names that nobody may take before a flush.
    kept: Vec<String>,
    /// The teams that have another name than their rows, which have the former until they go.
    renamed: Vec<usize>,
}

fn chosen<T>(things: &BTreeMap<usize, T>, number: usize) -> Option<usize> {
    (!things.is_empty()).then(|| *things.keys().nth(number % things.len()).expect("it is below their number"))
}

impl World {
    fn free_name(&self, number: usize) -> String {
        let is_free = |name: &String| !self.kept.contains(name) && self.teams.values().all(|team| team.name != *name);
        let free: Vec<String> = ('a'..='e').map(String::from).filter(is_free).collect();
        if free.is_empty() { format!("name {number}") } else { free[number % free.len()].clone() }
    }

    fn forget_seat(&mut self, seat: usize) {
        self.seats.remove(&seat);
        self.notes.values_mut().filter(|note| note.1 == Some(seat)).for_each(|note| note.1 = None);
    }

    fn flushed(&mut self) {
        let (teams, badges, seats, notes) =
            (self.teams.keys(), self.badges.keys(), self.seats.keys(), self.notes.keys());
        self.stored = teams.chain(badges).chain(seats).chain(notes).copied().collect();
        self.moved.clear();
        self.left.clear();
        self.kept.clear();
        self.renamed.clear();
    }
}

struct Run {
    session: Session,
    world: World,
    committed: World,
    next: usize,
}

impl Run {
    async fn step(&mut self, Step { what, a, b }: Step<What>) -> Result<(), Error> {
        self.next += 1;
        let at = &self.next.clone();
        let Run { session, world, .. } = self;
        let team = chosen(&world.teams, a);
        match (what, team) {
            (What::AddTeam, _) => {
                let name = world.free_name(b + 100 * *at);
                let handle = session.add(Team::builder().name(&*name));
                world.teams.insert(*at, Place { handle, name, badge: None, seats: Vec::new() });
            }
            (What::Rename, Some(team)) => {
                let name = world.free_name(b + 100 * *at);
                let own = world.teams.get_mut(&team).unwrap();
                if own.name.len() == 1 && world.left.contains(&team) {
                    return Ok(()); // it may go yet, and then its name does not come free
                }
                session[own.handle].name.clone_from(&name);
                own.name = name;
                world.renamed.push(team);
            }
            (What::TradeNames, Some(one)) => {
                let other = chosen(&world.teams, b).unwrap();
                let names = [world.teams[&other].name.clone(), world.teams[&one].name.clone()];
                if !world.stored.contains(&one) || !world.stored.contains(&other) {
                    return Ok(());
                }
                world.renamed.extend([one, other]);
                for (team, name) in [one, other].into_iter().zip(names) {
                    let team = world.teams.get_mut(&team).unwrap();
                    session[team.handle].name.clone_from(&name);
                    team.name = name;
                }
            }
            (What::DeleteTeam, Some(team)) => self.delete_team(team).await?,
            (What::ReplaceBadge, Some(team)) => {
                let own = world.teams.get_mut(&team).unwrap();
                if own.badge.is_some_and(|badge| !world.stored.contains(&badge)) {
                    return Ok(());
                }
                session.load(own.handle, Team.badge).await?;
                let new = Badge::builder().number(*at as i64);
                session.replace(own.handle, Team.badge, [new]);
                world.badges.insert(*at, session.handles(own.handle, Team.badge)[0]);
                if let Some(former) = own.badge.replace(*at) {
                    world.badges.remove(&former);
                }
            }
            (What::TakeBadge, Some(team)) => self.take_badge(team, b).await?,
            (What::AddSeat, Some(team)) => {
                let own = world.teams.get_mut(&team).unwrap();
                let place = own.seats.len() as i64;
                let seat = Seat::builder().number(*at as i64).place(place).team(own.handle);
                world.seats.insert(*at, session.add(seat));
                own.seats.insert(b % (own.seats.len() + 1), *at);
                self.put_in_order(team);
            }
            (What::RemoveSeat, Some(team)) => {
                let own = world.teams.get_mut(&team).unwrap();
                let Some(seat) = own.seats.get(b % own.seats.len().max(1)).copied() else { return Ok(()) };
                if world.stored.contains(&seat) {
                    own.seats.retain(|&other| other != seat);
                    session.delete(world.seats[&seat]).await?;
                    world.forget_seat(seat);
                    self.put_in_order(team);
                }
            }
            (What::MoveSeat, Some(team)) => {
                let to = chosen(&world.teams, b).unwrap();
                let own = world.teams.get_mut(&team).unwrap();
                if to != team && !own.seats.is_empty() {
                    let seat = own.seats.remove(b % own.seats.len());
                    let next = world.teams.get_mut(&to).unwrap();
                    session.link(world.seats[&seat], Seat.team, next.handle);
                    next.seats.insert(a % (next.seats.len() + 1), seat);
                    world.left.push(team);
                    self.put_in_order(team);
                    self.put_in_order(to);
                }
            }
            (What::AddNote, _) => {
                let handle = session.add(Note::builder().number(*at as i64).text(""));
                world.notes.insert(*at, (handle, None, String::new()));
                self.move_note(*at, b);
            }
            (What::MoveNote, _) => {
                if let Some(note) = chosen(&world.notes, a) {
                    self.move_note(note, b);
                }
            }
            (What::ChangeNote, _) => {
                let Some(note) = chosen(&world.notes, a) else { return Ok(()) };
                let (handle, _, text) = world.notes.get_mut(&note).unwrap();
                *text = format!("text {b}");
                session[*handle].text.clone_from(text);
            }
            (What::DeleteNote, _) => {
                let Some(note) = chosen(&world.notes, a).filter(|note| world.stored.contains(note)) else {
                    return Ok(());
                };
                let (handle, ..) = world.notes.remove(&note).unwrap();
                session.delete(handle).await?;
            }
            (What::Flush, _) => {
                session.flush().await?;
                world.flushed();
                self.check().await?;
            }
            (What::Commit, _) => {
                session.commit().await?;
                world.flushed();
                self.committed = world.clone();
                self.check().await?;
            }
            (What::Rollback, _) => {
                session.rollback().await?;
                self.world = self.committed.clone();
                self.check().await?;
            }
            (_, None) => {}
        }
        Ok(())
    }

    /// Deletes a team with all that it has, if that has rows.
    async fn delete_team(&mut self, team: usize) -> Result<(), Error> {
        let world = &mut self.world;
        let own = world.teams[&team].clone();
        if world.left.contains(&team) && world.renamed.contains(&team) {
            return Ok(()); // somebody may have taken the name that its row keeps
        }
        let mut all = own.seats.iter().chain(&own.badge).chain([&team]);
        if all.all(|thing| world.stored.contains(thing)) {
            self.session.delete(own.handle).await?;
            world.teams.remove(&team);
            own.seats.iter().for_each(|&seat| world.forget_seat(seat));
            world.badges.retain(|badge, _| own.badge != Some(*badge));
            if world.left.contains(&team) {
                world.kept.push(own.name);
            }
        }
        Ok(())
    }

    /// Gives a team the badge of another, whose own is deleted.
    async fn take_badge(&mut self, to: usize, b: usize) -> Result<(), Error> {
        let Run { session, world, .. } = self;
        let from = chosen(&world.teams, b).unwrap();
        let (Some(badge), former) = (world.teams[&from].badge, world.teams[&to].badge) else { return Ok(()) };
        let is_fixed = |badge: usize| world.moved.contains(&badge) || !world.stored.contains(&badge);
        if from == to || is_fixed(badge) || former.is_some_and(|former| !world.stored.contains(&former)) {
            return Ok(());
        }
        if let Some(former) = former {
            session.delete(world.badges[&former]).await?;
            world.badges.remove(&former);
        }
        session.link(world.badges[&badge], Badge.team, world.teams[&to].handle);
        world.teams.get_mut(&from).unwrap().badge = None;
        world.teams.get_mut(&to).unwrap().badge = Some(badge);
        world.moved.push(badge);
        world.left.push(from);
        Ok(())
    }

    fn put_in_order(&mut self, team: usize) {
        let Run { session, world, .. } = self;
        for (place, seat) in world.teams[&team].seats.iter().enumerate() {
            let seat = world.seats[seat];
            if session[seat].place != place as i64 {
                session[seat].place = place as i64;
            }
        }
    }

    /// Links a note to a seat that has a row.
    fn move_note(&mut self, note: usize, b: usize) {
        let Run { session, world, .. } = self;
        if let Some(seat) = chosen(&world.seats, b).filter(|seat| world.stored.contains(seat)) {
            let note = world.notes.get_mut(&note).unwrap();
            session.link(note.0, Note.seat, world.seats[&seat]);
            note.1 = Some(seat);
        }
    }

    /// Compares rows with what they are to be, and objects with rows.
    async fn check(&mut self) -> Result<(), Error> {
        let Run { session, world, .. } = self;
        let teams = session.query(Team).options((selectinload(Team.badge), selectinload(Team.seats))).all().await?;
        session.query(Note).options(selectinload(Note.seat)).all().await?;
        assert_eq!(set(teams), set(world.teams.values().map(|team| team.handle)), "teams");
        for team in world.teams.values() {
            let names = select(Team.name).filter(Team.id.eq(session[team.handle].id));
            assert_eq!(names.one(&mut *session).await?, team.name, "name");
            let badge: Vec<Handle<Badge>> = team.badge.map(|badge| world.badges[&badge]).into_iter().collect();
            assert_eq!(session.handles(team.handle, Team.badge), badge, "badge");
            let seats = team.seats.iter().map(|seat| world.seats[seat]);
            assert_eq!(set(session.handles(team.handle, Team.seats)), set(seats), "seats");
            let rows = select(Seat.number).filter(Seat.team_id.eq(session[team.handle].id)).order_by(Seat.place);
            let numbers: Vec<i64> = team.seats.iter().map(|&seat| seat as i64).collect();
            assert_eq!(rows.all(&mut *session).await?, numbers, "the order of seats");
        }
        let count = (select(Badge).count(&mut *session).await?, select(Seat).count(&mut *session).await?);
        assert_eq!(count, (world.badges.len() as u64, world.seats.len() as u64));
        let found = select((Note.number, Note.text, Note.seat_id)).order_by(Note.number).all(&mut *session).await?;
        let row = |(&at, (_, seat, text)): (&usize, &(Handle<Note>, Option<usize>, String))| {
            (at as i64, text.clone(), seat.map(|seat| session[world.seats[&seat]].id))
        };
        assert_eq!(found, world.notes.iter().map(row).collect::<Vec<_>>(), "notes");
        Ok(())
    }
}

fn set<M>(handles: impl IntoIterator<Item = Handle<M>>) -> HashSet<Handle<M>> {
    handles.into_iter().collect()
}

async fn run(engine: &Engine, steps: &[Step<What>]) -> Result<(), String> {
    let (engine, steps) = (engine.clone(), steps.to_vec());
    let task = tokio::spawn(async move {
        delete(Note).execute(&engine).await?;
        delete(Seat).execute(&engine).await?;
        delete(Badge).execute(&engine).await?;
        delete(Team).execute(&engine).await?;
        let session = SessionMaker::new(&engine).autoflush(false).session();
        let mut run = Run { session, world: World::default(), committed: World::default(), next: 0 };
        for &step in &steps {
            run.step(step).await?;
        }
        run.step(Step { what: What::Commit, a: 0, b: 0 }).await
    });
    told(task).await
}

#[tokio::test]
async fn unique_values_are_taken_from_rows_that_go_together_with_anything_else() {
    let engine = empty_engine().await;
    metadata![Team, Badge, Seat, Note].create_all(&engine).await.unwrap();
    let steps_of = |random: &mut Random, count| random.steps_of(&WHATS, count);
    check_runs(steps_of, async |steps: &[Step<What>]| run(&engine, steps).await).await;
}
