//! Objects that take keys and unique values from each other within one flush.

use expect_test::{Expect, expect};
use orm::prelude::*;
use orm::{Dialect, ErrorKind};

use crate::relationships::SqlLog;
use crate::support::{dialect, empty_engine_with};

/// A key of two columns, of which one says what the row is for.
#[derive(Clone, Debug, Model)]
#[orm(table = "editions", metadata = none)]
struct Edition {
    #[orm(primary_key, autoincrement = false)]
    code: i64,
    #[orm(primary_key, autoincrement = false)]
    status: i64,
    title: String,
}

const PUBLISHED: i64 = 1;
const EDITABLE: i64 = 2;
const ARCHIVED: i64 = 3;

/// A key of text, which members follow.
#[derive(Clone, Debug, Model)]
#[orm(table = "docks", metadata = none)]
struct Dock {
    #[orm(primary_key, length = 8)]
    code: String,
    #[orm(back_populates = dock, order_by = id)]
    boats: HasMany<Boat>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "boats", metadata = none)]
struct Boat {
    #[orm(primary_key, autoincrement = false)]
    id: i64,
    #[orm(foreign_key = Dock.code, on_update = cascade, length = 8)]
    dock_code: Option<String>,
    #[orm(back_populates = boats)]
    dock: BelongsTo<Dock>,
}

/// Unique columns, one of which may be NULL, and a version.
#[derive(Clone, Debug, Model)]
#[orm(table = "runners", version = version, metadata = none)]
struct Runner {
    #[orm(primary_key, autoincrement = false)]
    id: i64,
    #[orm(unique)]
    number: i64,
    #[orm(unique)]
    lane: Option<i64>,
    #[orm(default = 1)]
    version: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, orm::SqlEnum)]
enum Colour {
    Red,
    Green,
    Blue,
}

/// A key of which there are no more values than these.
#[derive(Clone, Debug, Model)]
#[orm(table = "lamps", metadata = none)]
struct Lamp {
    #[orm(primary_key)]
    colour: Colour,
    place: i64,
}

struct Trades {
    log: SqlLog,
    engine: Engine,
    session: Session,
}

impl Trades {
    async fn new(tables: orm::MetaData) -> Trades {
        let log = SqlLog::start();
        let engine = empty_engine_with(|settings| settings.echo(true)).await;
        tables.create_all(&engine).await.unwrap();
        let session = Session::new(&engine);
        Trades { log, engine, session }
    }

    /// Commits, and compares what was sent since the last time with what is expected on SQLite.
    async fn check(&mut self, expected: Expect) {
        self.session.commit().await.unwrap();
        let sent: String = self.log.take().iter().map(|sql| format!("{sql}\n")).collect();
        if dialect() == Dialect::Sqlite {
            expected.assert_eq(&sent);
        }
    }
}

async fn editions() -> (Trades, Handle<Edition>, Handle<Edition>) {
    let mut it = Trades::new(metadata![Edition]).await;
    let first = it.session.add(Edition { code: 1, status: PUBLISHED, title: "first".into() });
    let second = it.session.add(Edition { code: 1, status: EDITABLE, title: "second".into() });
    it.session.commit().await.unwrap();
    it.session.query(Edition).all().await.unwrap();
    it.log.take();
    (it, first, second)
}

async fn titles(engine: &Engine) -> Vec<(i64, String)> {
    select((Edition.status, Edition.title)).order_by(Edition.status).all(engine).await.unwrap()
}

fn strings<const N: usize>(rows: [(i64, &str); N]) -> Vec<(i64, String)> {
    rows.map(|(status, title)| (status, title.to_owned())).into()
}

#[tokio::test]
async fn a_key_is_taken_after_its_row_has_given_it_away_in_either_direction() {
    let (mut it, first, second) = editions().await;
    it.session[first].status = ARCHIVED;
    it.session[second].status = PUBLISHED;
    it.check(expect![[r#"
        UPDATE editions SET status = ? WHERE editions.code = ? AND editions.status = ?
        UPDATE editions SET status = ? WHERE editions.code = ? AND editions.status = ?
    "#]])
        .await;
    assert_eq!(titles(&it.engine).await, strings([(PUBLISHED, "second"), (ARCHIVED, "first")]));
    assert_eq!(it.session.get(Edition, (1, PUBLISHED)).await.unwrap(), Some(second));
    assert_eq!(it.session.get(Edition, (1, ARCHIVED)).await.unwrap(), Some(first));
    it.log.take();
    it.session[first].status = PUBLISHED;
    it.session[second].status = EDITABLE;
    it.check(expect![[r#"
        UPDATE editions SET status = ? WHERE editions.code = ? AND editions.status = ?
        UPDATE editions SET status = ? WHERE editions.code = ? AND editions.status = ?
    "#]])
        .await;
    assert_eq!(titles(&it.engine).await, strings([(PUBLISHED, "first"), (EDITABLE, "second")]));
    assert_eq!(it.session.get(Edition, (1, PUBLISHED)).await.unwrap(), Some(first));
    assert_eq!(it.session.get(Edition, (1, EDITABLE)).await.unwrap(), Some(second));
}

#[tokio::test]
async fn two_objects_trade_keys_by_a_value_that_no_row_has() {
    let (mut it, first, second) = editions().await;
    it.session[first].status = EDITABLE;
    it.session[first].title.push_str(", now in work");
    it.session[second].status = PUBLISHED;
    it.check(expect![[r#"
        SELECT editions.status FROM editions WHERE editions.status = ?
        UPDATE editions SET status = ? WHERE editions.code = ? AND editions.status = ?
        UPDATE editions SET status = ?, title = ? WHERE editions.code = ? AND editions.status = ?
        UPDATE editions SET status = ? WHERE editions.code = ? AND editions.status = ?
    "#]])
        .await;
    assert_eq!(titles(&it.engine).await, strings([(PUBLISHED, "second"), (EDITABLE, "first, now in work")]));
    assert_eq!(it.session.get(Edition, (1, PUBLISHED)).await.unwrap(), Some(second));
    assert_eq!(it.session.get(Edition, (1, EDITABLE)).await.unwrap(), Some(first));
    assert!(!it.session.is_modified(first).unwrap() && !it.session.is_modified(second).unwrap());
}

#[tokio::test]
async fn a_trade_in_a_savepoint_is_undone_with_the_transaction() {
    let (mut it, first, second) = editions().await;
    let mut inner = it.session.begin_nested().await.unwrap();
    inner[first].status = EDITABLE;
    inner[second].status = PUBLISHED;
    inner.commit().await.unwrap();
    assert_eq!(it.session.get(Edition, (1, PUBLISHED)).await.unwrap(), Some(second));
    it.session.rollback().await.unwrap();
    assert_eq!((it.session[first].status, it.session[second].status), (PUBLISHED, EDITABLE));
    assert_eq!(it.session.get(Edition, (1, PUBLISHED)).await.unwrap(), Some(first));
    assert_eq!(it.session.get(Edition, (1, EDITABLE)).await.unwrap(), Some(second));
    it.session.commit().await.unwrap();
    assert_eq!(titles(&it.engine).await, strings([(PUBLISHED, "first"), (EDITABLE, "second")]));
}

async fn docks() -> (Trades, [Handle<Dock>; 3]) {
    let mut it = Trades::new(metadata![Dock, Boat]).await;
    let boats = |first: i64| [first, first + 1].map(|id| Boat::builder().id(id));
    let docks = [("a", 1), ("b", 11), ("c", 21)];
    let docks = docks.map(|(code, first)| it.session.add(Dock::builder().code(code).boats(boats(first))));
    it.session.commit().await.unwrap();
    it.session.query(Dock).options(selectinload(Dock.boats)).all().await.unwrap();
    it.log.take();
    (it, docks)
}

async fn at(engine: &Engine) -> Vec<String> {
    let rows = select((Boat.id, Boat.dock_code)).order_by(Boat.id).all(engine).await.unwrap();
    rows.into_iter().map(|(id, code)| format!("{id}{}", code.unwrap_or_default())).collect()
}

#[tokio::test]
async fn what_refers_to_objects_that_trade_keys_in_a_ring_stays_with_its_own() {
    let (mut it, [a, b, c]) = docks().await;
    let boats = [a, b, c].map(|dock| it.session.handles(dock, Dock.boats));
    for (dock, code) in [(a, "b"), (b, "c"), (c, "a")] {
        it.session[dock].code = code.into();
    }
    it.session.flush().await.unwrap();
    let sent: String = it.log.take().iter().map(|sql| format!("{sql}\n")).collect();
    if dialect() == Dialect::Sqlite {
        expect![[r#"
            SELECT docks.code FROM docks WHERE docks.code = ?
            UPDATE docks SET code = ? WHERE docks.code = ?
            UPDATE docks SET code = ? WHERE docks.code = ?
            UPDATE docks SET code = ? WHERE docks.code = ?
            UPDATE docks SET code = ? WHERE docks.code = ?
        "#]]
        .assert_eq(&sent);
    }
    for (boats, code) in boats.iter().zip(["b", "c", "a"]) {
        assert!(boats.iter().all(|&boat| it.session[boat].dock_code.as_deref() == Some(code)), "memory follows");
    }
    assert_eq!([a, b, c].map(|dock| it.session.handles(dock, Dock.boats)), boats);
    assert!(it.session.dirty().is_empty());
    it.session.commit().await.unwrap();
    assert_eq!(at(&it.engine).await, ["1b", "2b", "11c", "12c", "21a", "22a"]);
}

#[tokio::test]
async fn what_followed_a_key_goes_back_with_it_in_a_rollback() {
    let (mut it, [a, b, _]) = docks().await;
    let boat = it.session.handles(a, Dock.boats)[0];
    let mut inner = it.session.begin_nested().await.unwrap();
    inner[a].code = "b".into();
    inner[b].code = "a".into();
    inner.flush().await.unwrap();
    assert_eq!(inner[boat].dock_code.as_deref(), Some("b"));
    inner.rollback().await.unwrap();
    assert_eq!((it.session[a].code.as_str(), it.session[boat].dock_code.as_deref()), ("a", Some("a")));
    it.session[a].code = "z".into();
    it.session.flush().await.unwrap();
    assert_eq!(it.session[boat].dock_code.as_deref(), Some("z"));
    it.session.rollback().await.unwrap();
    assert_eq!((it.session[a].code.as_str(), it.session[boat].dock_code.as_deref()), ("a", Some("a")));
    assert_eq!(at(&it.engine).await, ["1a", "2a", "11b", "12b", "21c", "22c"]);
}

#[tokio::test]
async fn a_key_is_taken_after_the_row_that_has_it_is_deleted() {
    let (mut it, [a, b, c]) = docks().await;
    it.session.delete(a).await.unwrap();
    it.session[b].code = "a".into();
    it.session[c].code = "b".into();
    it.check(expect![[r#"
        UPDATE boats SET dock_code = ? WHERE boats.id IN (?, ?)
        DELETE FROM docks WHERE docks.code = ?
        UPDATE docks SET code = ? WHERE docks.code = ?
        UPDATE docks SET code = ? WHERE docks.code = ?
    "#]])
        .await;
    assert_eq!(it.session.get(Dock, "a").await.unwrap(), Some(b));
    assert_eq!(it.session.get(Dock, "b").await.unwrap(), Some(c));
    assert_eq!(at(&it.engine).await, ["1", "2", "11a", "12a", "21b", "22b"]);
}

#[tokio::test]
async fn a_new_row_takes_a_key_that_another_gives_away() {
    let (mut it, [a, ..]) = docks().await;
    it.session[a].code = "z".into();
    let new = it.session.add(Dock::builder().code("a"));
    it.check(expect![[r#"
        UPDATE docks SET code = ? WHERE docks.code = ?
        INSERT INTO docks (code) VALUES (?)
    "#]])
        .await;
    assert_eq!(it.session.get(Dock, "a").await.unwrap(), Some(new));
    assert_eq!(it.session.get(Dock, "z").await.unwrap(), Some(a));
}

#[tokio::test]
async fn a_key_that_another_row_keeps_is_refused_and_everything_is_as_it_was() {
    let (mut it, [a, b, _]) = docks().await;
    it.session[a].code = "b".into();
    let error = it.session.commit().await.unwrap_err();
    assert!(error.is_unique_violation(), "{error}");
    it.session.rollback().await.unwrap();
    assert_eq!((it.session[a].code.as_str(), it.session[b].code.as_str()), ("a", "b"));
    assert_eq!(it.session.get(Dock, "b").await.unwrap(), Some(b));
    assert_eq!(it.session.get(Dock, "a").await.unwrap(), Some(a));
    it.session.commit().await.unwrap();
    assert_eq!(at(&it.engine).await, ["1a", "2a", "11b", "12b", "21c", "22c"]);
}

async fn runners() -> (Trades, Vec<Handle<Runner>>) {
    let mut it = Trades::new(metadata![Runner]).await;
    let runners = it.session.add_all((1..=3).map(|id| Runner::builder().id(id).number(id * 10).lane(id)));
    it.session.commit().await.unwrap();
    it.session.query(Runner).all().await.unwrap();
    it.log.take();
    (it, runners)
}

async fn numbers(engine: &Engine) -> Vec<(i64, Option<i64>, i64)> {
    select((Runner.number, Runner.lane, Runner.version)).order_by(Runner.id).all(engine).await.unwrap()
}

#[tokio::test]
async fn a_unique_value_is_null_for_the_time_being_where_it_may() {
    let (mut it, runners) = runners().await;
    it.session[runners[0]].lane = Some(2);
    it.session[runners[1]].lane = Some(1);
    it.check(expect![[r#"
        UPDATE runners SET lane = ? WHERE runners.id = ? AND runners.version = ?
        UPDATE runners SET lane = ?, version = ? WHERE runners.id = ? AND runners.version = ?
        UPDATE runners SET lane = ?, version = ? WHERE runners.id = ?
    "#]])
        .await;
    assert_eq!(numbers(&it.engine).await, [(10, Some(2), 2), (20, Some(1), 2), (30, Some(3), 1)]);
    assert_eq!(it.session[runners[0]].version, 2);
}

#[tokio::test]
async fn unique_values_go_round_in_two_columns_at_once() {
    let (mut it, runners) = runners().await;
    for (at, &runner) in runners.iter().enumerate() {
        let next = (at as i64 + 1) % 3 + 1;
        it.session[runner].number = next * 10;
        it.session[runner].lane = Some((at as i64 + 2) % 3 + 1);
    }
    it.session.commit().await.unwrap();
    assert_eq!(numbers(&it.engine).await, [(20, Some(3), 2), (30, Some(1), 2), (10, Some(2), 2)]);
}

#[tokio::test]
async fn a_row_that_was_changed_by_another_is_stale_before_it_is_moved_aside() {
    let (mut it, runners) = runners().await;
    it.session.commit().await.unwrap();
    update(Runner).set(Runner.version, 7).filter(Runner.id.eq(1)).execute(&it.engine).await.unwrap();
    it.session[runners[0]].number = 20;
    it.session[runners[1]].number = 10;
    let error = it.session.commit().await.unwrap_err();
    assert!(error.is_stale_data(), "{error}");
    it.session.rollback().await.unwrap();
    assert_eq!(numbers(&it.engine).await, [(10, Some(1), 7), (20, Some(2), 1), (30, Some(3), 1)]);
}

#[tokio::test]
async fn a_ring_without_a_value_to_spare_is_refused_in_words_and_goes_in_two_flushes() {
    let mut it = Trades::new(metadata![Lamp]).await;
    let red = it.session.add(Lamp { colour: Colour::Red, place: 1 });
    let green = it.session.add(Lamp { colour: Colour::Green, place: 2 });
    it.session.commit().await.unwrap();
    it.session.query(Lamp).all().await.unwrap();
    it.session[red].colour = Colour::Green;
    it.session[green].colour = Colour::Red;
    let error = it.session.flush().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::InvalidRequest);
    assert!(error.message().starts_with("the objects `Lamp` with keys "), "{error}");
    assert!(error.message().ends_with(" take unique values from each other in a ring"), "{error}");
    assert!(error.to_string().contains("\nhint: a database checks row by row"), "{error}");
    it.session.rollback().await.unwrap();
    assert_eq!((it.session[red].colour, it.session[green].colour), (Colour::Red, Colour::Green));
    it.session.query(Lamp).all().await.unwrap();
    it.session[red].colour = Colour::Blue;
    it.session.flush().await.unwrap();
    it.session[green].colour = Colour::Red;
    it.session[red].colour = Colour::Green;
    it.session.commit().await.unwrap();
    let lamps = select((Lamp.colour, Lamp.place)).order_by(Lamp.place).all(&it.engine).await.unwrap();
    assert_eq!(lamps, [(Colour::Green, 1), (Colour::Red, 2)]);
}

#[tokio::test]
async fn a_new_row_takes_unique_values_of_a_deleted_one() {
    let (mut it, runners) = runners().await;
    it.session.delete(runners[0]).await.unwrap();
    it.session.delete(runners[2]).await.unwrap();
    let new = it.session.add(Runner::builder().id(9).number(10));
    it.check(expect![[r#"
        DELETE FROM runners WHERE runners.id = ? AND runners.version = ?
        INSERT INTO runners (id, number, version) VALUES (?, ?, ?)
        DELETE FROM runners WHERE runners.id = ? AND runners.version = ?
    "#]])
        .await;
    assert_eq!(numbers(&it.engine).await, [(20, Some(2), 1), (10, None, 1)]);
    assert_eq!(it.session.get(Runner, 9).await.unwrap(), Some(new));
}

#[tokio::test]
async fn what_a_new_row_takes_of_a_deleted_one_comes_back_with_a_rollback() {
    let (mut it, runners) = runners().await;
    it.session.delete(runners[0]).await.unwrap();
    let new = it.session.add(Runner::builder().id(9).number(10));
    it.session.flush().await.unwrap();
    it.session.rollback().await.unwrap();
    assert_eq!(it.session.state(new).unwrap(), orm::ObjectState::Transient);
    assert_eq!(it.session.get(Runner, 1).await.unwrap(), Some(runners[0]));
    assert_eq!(numbers(&it.engine).await, [(10, Some(1), 1), (20, Some(2), 1), (30, Some(3), 1)]);
}

/// A member of a club has a number there: unique are the two together.
#[derive(Clone, Debug, Model)]
#[orm(table = "clubs", metadata = none)]
struct Club {
    #[orm(primary_key)]
    id: i64,
    #[orm(back_populates = club)]
    members: HasMany<Member>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "members", unique(club_id, place), metadata = none)]
struct Member {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Club.id)]
    club_id: i64,
    place: i64,
    #[orm(back_populates = members)]
    club: BelongsTo<Club>,
}

#[tokio::test]
async fn what_takes_the_place_of_one_that_moves_to_a_new_owner_waits_for_it() {
    let mut it = Trades::new(metadata![Club, Member]).await;
    let members = [1, 2].map(|place| Member::builder().place(place));
    let club = it.session.add(Club::builder().members(members));
    it.session.commit().await.unwrap();
    it.session.query(Club).options(selectinload(Club.members)).all().await.unwrap();
    let members = it.session.handles(club, Club.members);
    it.log.take();
    it.session[members[0]].place = 5;
    let new = it.session.add(Club::builder());
    it.session.link(new, Club.members, members[0]);
    it.session[members[1]].place = 1;
    it.check(expect![[r#"
        INSERT INTO clubs DEFAULT VALUES
        UPDATE members SET club_id = ?, place = ? WHERE members.id = ?
        UPDATE members SET place = ? WHERE members.id = ?
    "#]])
        .await;
    let rows = select((Member.club_id, Member.place)).order_by(Member.id).all(&it.engine).await.unwrap();
    assert_eq!(rows, [(2, 5), (1, 1)]);
}

async fn clubs() -> (Trades, [Handle<Club>; 2], Vec<Handle<Member>>) {
    let mut it = Trades::new(metadata![Club, Member]).await;
    let clubs =
        [(); 2].map(|()| it.session.add(Club::builder().members([0, 1, 2].map(|at| Member::builder().place(at)))));
    it.session.commit().await.unwrap();
    it.session.query(Club).options(selectinload(Club.members)).all().await.unwrap();
    let members = clubs.iter().flat_map(|&club| it.session.handles(club, Club.members)).collect();
    it.log.take();
    (it, clubs, members)
}

async fn places(engine: &Engine) -> Vec<(i64, i64, i64)> {
    select((Member.id, Member.club_id, Member.place)).order_by(Member.id).all(engine).await.unwrap()
}

#[tokio::test]
async fn the_first_of_a_list_goes_the_others_move_up_and_a_new_one_comes_to_the_end() {
    let (mut it, [club, _], members) = clubs().await;
    it.session.delete(members[0]).await.unwrap();
    it.session[members[1]].place = 0;
    it.session[members[2]].place = 1;
    it.session.add(Member::builder().club(club).place(2));
    it.check(expect![[r#"
        DELETE FROM members WHERE members.id = ?
        UPDATE members SET place = ? WHERE members.id = ?
        UPDATE members SET place = ? WHERE members.id = ?
        INSERT INTO members (club_id, place) VALUES (?, ?)
    "#]])
        .await;
    let own = select(Member.place).filter(Member.club_id.eq(1)).order_by(Member.id);
    assert_eq!(own.all(&it.engine).await.unwrap(), [0, 1, 2]);
}

#[tokio::test]
async fn what_takes_the_place_of_a_deleted_one_leaves_its_owner_before_that_goes() {
    for moves in [1, 2] {
        let (mut it, [from, to], members) = clubs().await;
        it.session.delete(members[0]).await.unwrap();
        for at in (0..3).take(moves) {
            it.session.link(members[1 + at], Member.club, to);
            it.session.delete(members[4 + at]).await.unwrap();
        }
        if moves == 1 {
            it.session.delete(members[2]).await.unwrap();
        }
        it.session.delete(from).await.unwrap();
        it.session.commit().await.unwrap();
        let rows =
            if moves == 1 { vec![(2, 2, 1), (4, 2, 0), (6, 2, 2)] } else { vec![(2, 2, 1), (3, 2, 2), (4, 2, 0)] };
        assert_eq!(places(&it.engine).await, rows);
    }
}

/// A passport is one person's, and a person has at most one.
#[derive(Clone, Debug, Model)]
#[orm(table = "people", metadata = none)]
struct Person {
    #[orm(primary_key)]
    id: i64,
    #[orm(back_populates = person)]
    passport: HasOne<Passport>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "passports", metadata = none)]
struct Passport {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Person.id, unique)]
    person_id: i64,
    #[orm(back_populates = passport)]
    person: BelongsTo<Person>,
}

#[tokio::test]
async fn what_is_linked_to_the_owner_of_a_deleted_row_waits_for_it() {
    for is_linked in [false, true] {
        let mut it = Trades::new(metadata![Person, Passport]).await;
        let people = [(); 2].map(|()| it.session.add(Person::builder().passport(Passport::builder())));
        it.session.commit().await.unwrap();
        let passports = it.session.query(Passport).order_by(Passport.id).all().await.unwrap();
        it.session.query(Person).all().await.unwrap();
        it.session.delete(passports[1]).await.unwrap();
        if is_linked {
            it.session.link(passports[0], Passport.person, people[1]);
        } else {
            it.session[passports[0]].person_id = 2;
        }
        it.session.commit().await.unwrap();
        let rows = select((Passport.id, Passport.person_id)).all(&it.engine).await.unwrap();
        assert_eq!(rows, [(1, 2)]);
    }
}

#[tokio::test]
async fn a_changed_key_that_rows_cannot_follow_is_told_with_what_would_have_them_follow() {
    let mut it = Trades::new(metadata![Person, Passport]).await;
    let person = it.session.add(Person::builder().passport(Passport::builder()));
    it.session.commit().await.unwrap();
    it.session[person].id = 99;
    let error = it.session.commit().await.unwrap_err();
    assert!(error.is_foreign_key_violation(), "{error}");
    assert!(error.to_string().contains("declare their foreign keys with `on_update = cascade`"), "{error}");
}

/// An object of the same flush that had nothing to do with it was blamed.
#[tokio::test]
async fn a_hint_is_about_the_statement_that_failed() {
    let mut it = Trades::new(metadata![Dock, Boat, Person, Passport]).await;
    let dock = it.session.add(Dock::builder().code("a").boats([Boat::builder().id(1)]));
    it.session.add(Person::builder().passport(Passport::builder()));
    it.session.commit().await.unwrap();

    // The boats follow their dock.
    it.session[dock].code = "b".into();
    it.session.add(Passport::builder().person_id(99));
    let error = it.session.commit().await.unwrap_err();
    assert!(error.is_foreign_key_violation() && !error.to_string().contains("on_update"), "{error}");
    it.session.rollback().await.unwrap();

    it.session[dock].code = "b".into();
    it.session.add(Dock::builder().code("a"));
    it.session.add(Passport::builder().person_id(1));
    let error = it.session.commit().await.unwrap_err();
    assert!(error.is_unique_violation() && !error.to_string().contains("already: change"), "{error}");
    it.session.rollback().await.unwrap();

    // The key of the row that refers is changed, to what is not there.
    let mut it = Trades::new(metadata![Dock, Berth]).await;
    it.session.add(Dock::builder().code("a"));
    let berth = it.session.add(Berth { dock_code: "a".into(), number: 1 });
    it.session.commit().await.unwrap();
    it.session[berth].dock_code = "nowhere".into();
    let error = it.session.commit().await.unwrap_err();
    assert!(error.is_foreign_key_violation() && !error.to_string().contains("on_update"), "{error}");
}

/// A key that refers.
#[derive(Clone, Debug, Model)]
#[orm(table = "berths", metadata = none)]
struct Berth {
    #[orm(primary_key, foreign_key = Dock.code, length = 8)]
    dock_code: String,
    #[orm(primary_key, autoincrement = false)]
    number: i64,
}

/// Whoever leads has a place of his own.
#[derive(Clone, Debug, Model)]
#[orm(table = "leads", version = version, metadata = none)]
struct Lead {
    #[orm(primary_key, autoincrement = false)]
    id: i64,
    #[orm(unique)]
    place: Option<i64>,
    #[orm(default = 1)]
    version: i64,
    #[orm(foreign_key = Lead.id)]
    upper_id: Option<i64>,
    #[orm(back_populates = lower)]
    upper: BelongsTo<Lead>,
    #[orm(back_populates = upper)]
    lower: HasMany<Lead>,
}

#[tokio::test]
async fn what_takes_a_value_of_the_row_that_it_refers_to_lets_go_of_that_first() {
    for is_linked in [false, true] {
        let mut it = Trades::new(metadata![Lead]).await;
        let vice = Lead::builder().id(2);
        let boss = it.session.add(Lead::builder().id(1).place(1).lower([vice, Lead::builder().id(3)]));
        it.session.commit().await.unwrap();
        let [vice, other] = *it.session.query(Lead).filter(Lead.id.gt(1)).order_by(Lead.id).all().await.unwrap() else {
            panic!("there are two");
        };
        it.session.delete(boss).await.unwrap();
        it.session[vice].place = Some(1);
        if is_linked {
            it.session.link(vice, Lead.upper, other);
        }
        it.session.commit().await.unwrap();
        let rows = select((Lead.id, Lead.place, Lead.upper_id)).order_by(Lead.id).all(&it.engine).await.unwrap();
        assert_eq!(rows, [(2, Some(1), is_linked.then_some(3)), (3, None, None)]);
        // Its row was updated twice.
        let version = select(Lead.version).filter(Lead.id.eq(2)).one(&it.engine).await.unwrap();
        assert!(version > 1 && version == it.session[vice].version, "{version}");
        it.session[vice].place = Some(2);
        it.session.commit().await.unwrap();
    }
}

/// A unique column that may be NULL, and which rows follow.
#[derive(Clone, Debug, Model)]
#[orm(table = "posts", metadata = none)]
struct Post {
    #[orm(primary_key, autoincrement = false)]
    id: i64,
    #[orm(unique, length = 8)]
    name: Option<String>,
    #[orm(back_populates = post)]
    guards: HasMany<Guard>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "guards", metadata = none)]
struct Guard {
    #[orm(primary_key, autoincrement = false)]
    id: i64,
    #[orm(foreign_key = Post.name, on_update = cascade, length = 8)]
    post_name: Option<String>,
    #[orm(back_populates = guards)]
    post: BelongsTo<Post>,
}

#[tokio::test]
async fn rows_follow_a_value_that_is_traded_although_it_may_be_null() {
    let mut it = Trades::new(metadata![Post, Guard]).await;
    let posts = [(1, "north"), (2, "south")]
        .map(|(id, name)| it.session.add(Post::builder().id(id).name(name).guards([Guard::builder().id(id)])));
    it.session.flush().await.unwrap();
    it.session[posts[0]].name = Some("south".into());
    it.session[posts[1]].name = Some("north".into());
    it.session.commit().await.unwrap();
    let rows = select((Guard.id, Guard.post_name)).order_by(Guard.id).all(&it.engine).await.unwrap();
    assert_eq!(rows, [(1, Some("south".to_owned())), (2, Some("north".to_owned()))]);
}

/// Whoever has a page has one, with pictures, of which it may show one, and tags.
#[derive(Clone, Debug, Model)]
#[orm(table = "authors", metadata = none)]
struct Author {
    #[orm(primary_key)]
    id: i64,
    #[orm(unique, length = 8)]
    name: Option<String>,
    #[orm(back_populates = author, cascade(all, delete_orphan))]
    page: HasOne<Page>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "pages", metadata = none)]
struct Page {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Author.id, unique)]
    author_id: i64,
    #[orm(length = 16)]
    text: String,
    #[orm(back_populates = page)]
    author: BelongsTo<Author>,
    #[orm(back_populates = page, cascade(all, delete_orphan))]
    pictures: HasMany<Picture>,
    #[orm(back_populates = page)]
    visits: HasMany<Visit>,
    #[orm(back_populates = page, passive_deletes = all)]
    marks: HasMany<Mark>,
    #[orm(secondary = PageTag)]
    tags: ManyToMany<Tag>,
}

/// What the database deletes with its page.
#[derive(Clone, Debug, Model)]
#[orm(table = "marks", metadata = none)]
struct Mark {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Page.id, on_delete = cascade)]
    page_id: i64,
    #[orm(back_populates = marks)]
    page: BelongsTo<Page>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "pictures", metadata = none)]
struct Picture {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Page.id)]
    page_id: i64,
    #[orm(back_populates = pictures)]
    page: BelongsTo<Page>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "visits", metadata = none)]
struct Visit {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Page.id)]
    page_id: Option<i64>,
    #[orm(default = 0)]
    seconds: i64,
    #[orm(back_populates = visits)]
    page: BelongsTo<Page>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "tags", metadata = none)]
struct Tag {
    #[orm(primary_key)]
    id: i64,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "page_tags", metadata = none)]
struct PageTag {
    #[orm(primary_key, foreign_key = Page.id)]
    page_id: i64,
    #[orm(primary_key, foreign_key = Tag.id)]
    tag_id: i64,
}

async fn author(page: impl orm::IntoMember<Page>) -> (Trades, Handle<Author>) {
    let mut it = Trades::new(metadata![Author, Page, Picture, Visit, Mark, Tag, PageTag]).await;
    let author = it.session.add(Author::builder().name("ann").page(page));
    it.session.commit().await.unwrap();
    it.session.query(Author).options(selectinload(Author.page)).all().await.unwrap();
    it.log.take();
    (it, author)
}

#[tokio::test]
async fn the_one_member_of_an_owner_is_replaced_by_a_new_one() {
    for way in 0..3 {
        let (mut it, author) = author(Page::builder().text("old")).await;
        let new = Page::builder().text("new");
        match way {
            0 => drop(it.session.replace(author, Author.page, [new])),
            1 => it.session[author].page.replace(new),
            _ => {
                it.session.merge(Author::builder().id(1).page(new)).await.unwrap();
            }
        }
        it.session.flush().await.unwrap();
        let sent: Vec<String> = it.log.take().iter().map(|sql| sql.to_string()).collect();
        if dialect() == Dialect::Sqlite {
            let written = ["DELETE FROM pages WHERE pages.id = ?", "INSERT INTO pages (author_id, text) VALUES (?, ?)"];
            assert_eq!(sent[sent.len() - 2..], written);
        }
        assert_eq!(
            it.session.related(author, Author.page).map(|(_, page)| page.text.clone()).collect::<Vec<_>>(),
            ["new"]
        );
        it.session.commit().await.unwrap();
        assert_eq!(select((Page.author_id, Page.text)).all(&it.engine).await.unwrap(), [(1, "new".to_owned())]);
    }
}

#[tokio::test]
async fn what_belongs_to_a_replaced_member_goes_or_lets_go_before_it() {
    let pictures = [(); 2].map(|()| Picture::builder());
    let visits = [(); 2].map(|()| Visit::builder());
    let tags = [(); 2].map(|()| Tag::builder());
    let page = Page::builder().text("old").pictures(pictures).visits(visits).tags(tags).marks([Mark::builder()]);
    let (mut it, author) = author(page).await;
    let visits = it.session.query(Visit).order_by(Visit.id).all().await.unwrap();
    let tags = it.session.query(Tag).order_by(Tag.id).all().await.unwrap();
    it.session.query(Mark).all().await.unwrap();
    it.session[visits[1]].seconds = 5;
    it.session.replace(author, Author.page, [Page::builder().text("new").tags([tags[1]])]);
    it.log.take();
    it.check(expect![[r#"
        SELECT pictures.id, pictures.page_id FROM pictures WHERE pictures.page_id IN (?)
        SELECT visits.id, visits.page_id, visits.seconds FROM visits WHERE visits.page_id IN (?)
        SELECT tags.id, page_tags.page_id FROM page_tags JOIN tags ON page_tags.tag_id = tags.id WHERE page_tags.page_id IN (?)
        UPDATE visits SET page_id = ? WHERE visits.id IN (?, ?)
        DELETE FROM page_tags WHERE page_tags.page_id = ? AND page_tags.tag_id = ? OR page_tags.page_id = ? AND page_tags.tag_id = ?
        DELETE FROM pictures WHERE pictures.id IN (?, ?)
        DELETE FROM pages WHERE pages.id = ?
        INSERT INTO pages (author_id, text) VALUES (?, ?)
        UPDATE visits SET seconds = ? WHERE visits.id = ?
        INSERT INTO page_tags (page_id, tag_id) VALUES (?, ?)
    "#]])
        .await;
    assert_eq!(select(Page.text).all(&it.engine).await.unwrap(), ["new"]);
    assert_eq!(select(Picture).count(&it.engine).await.unwrap(), 0);
    assert_eq!(select(Mark).count(&it.engine).await.unwrap(), 0);
    let rows = select((Visit.page_id, Visit.seconds)).order_by(Visit.id).all(&it.engine).await.unwrap();
    assert_eq!(rows, [(None, 0), (None, 5)]);
    assert_eq!(select(PageTag.tag_id).all(&it.engine).await.unwrap(), [2]);
}

/// Adds an author with a page, deletes the first one and adds another with the name of that.
async fn renewed(it: &mut Trades, ann: Handle<Author>, move_page: impl AsyncFnOnce(&mut Session, Handle<Author>)) {
    let bob = it.session.add(Author::builder().name("bob").page(Page::builder().text("of bob")));
    it.session.flush().await.unwrap();
    move_page(&mut it.session, bob).await;
    it.session.delete(ann).await.unwrap();
    it.session.add(Author::builder().name("ann"));
}

#[tokio::test]
async fn what_leaves_a_deleted_row_by_a_unique_column_leaves_it_first() {
    let (mut it, ann) = author(Page::builder().text("text")).await;
    let page = it.session.handles(ann, Author.page)[0];
    let cat = it.session.add(Author::builder().name("cat"));
    renewed(&mut it, ann, async |session, _| {
        session.link(page, Page.author, cat);
        session[page].text.push_str(" of cat");
    })
    .await;
    it.log.take();
    it.session.flush().await.unwrap();
    let sent = it.log.take();
    if dialect() == Dialect::Sqlite {
        assert_eq!(sent.len(), 4, "{sent:?}");
    }
    it.session.commit().await.unwrap();
    let names = select((Author.name, Page.text)).join(Page).order_by(Author.name).all(&it.engine).await.unwrap();
    let rows = [("bob", "of bob"), ("cat", "text of cat")];
    assert_eq!(names, rows.map(|(name, text)| (Some(name.to_owned()), text.to_owned())));
    assert_eq!(select(Author).count(&it.engine).await.unwrap(), 3);
}

#[tokio::test]
async fn a_new_row_with_a_value_of_a_deleted_one_that_others_leave_last_is_told_to_flush_between() {
    let (mut it, ann) = author(Page::builder().text("text")).await;
    let page = it.session.handles(ann, Author.page)[0];
    renewed(&mut it, ann, async |session, bob| {
        let former = session.handles(bob, Author.page)[0];
        session.delete(former).await.unwrap();
        session.link(page, Page.author, bob);
    })
    .await;
    let error = it.session.flush().await.unwrap_err();
    assert!(error.is_unique_violation(), "{error}");
    let hint = "hint: the object `Author` with key 1, which is to be deleted, has this value until then, and a flush \
                deletes last: call `flush` after `delete`";
    assert!(error.to_string().contains(hint), "{error}");
    it.session.rollback().await.unwrap();
    assert_eq!(select(Author.name).all(&it.engine).await.unwrap(), [Some("ann".to_owned())]);
}
