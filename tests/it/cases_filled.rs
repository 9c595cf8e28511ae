//! What the database fills in, counts or refuses: triggers, defaults that others refer to, versions of rows in a ring, keys of
//! other types.

use orm::prelude::*;
use orm::{Dialect, ErrorKind};

use crate::support::{dialect, empty_engine, expected};

async fn run(engine: &Engine, statements: &[&str]) {
    let mut connection = engine.connect().await.unwrap();
    for statement in statements {
        text(*statement).execute(&mut connection).await.unwrap();
    }
    connection.commit().await.unwrap();
}

// ------------------------------------------------------------------------------------------------ triggers and defaults

#[tokio::test]
async fn what_triggers_fill_in_comes_home_with_insert_and_update() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "filled", metadata = none)]
    struct Filled {
        #[orm(primary_key)]
        id: i64,
        own: Option<String>,
        #[orm(server_default = "'none'", length = 10)]
        at_insert: String,
        #[orm(server_onupdate, length = 10)]
        at_update: Option<String>,
        #[orm(server_default = "'none'", server_onupdate, length = 10)]
        at_both: String,
    }
    let engine = empty_engine().await;
    metadata![Filled].create_all(&engine).await.unwrap();
    let statements: &[&str] = match dialect() {
        // RETURNING tells what stands in the row before a trigger AFTER the statement has run, so it is not asked here.
        Dialect::Sqlite => &["CREATE TRIGGER up AFTER UPDATE OF own ON filled BEGIN \
             UPDATE filled SET at_update = 'up', at_both = 'up' WHERE id = OLD.id; END"],
        Dialect::Postgres => &[
            "CREATE FUNCTION ins() RETURNS trigger LANGUAGE plpgsql AS \
             'BEGIN NEW.at_insert := ''ins''; NEW.at_both := ''ins''; RETURN NEW; END'",
            "CREATE FUNCTION up() RETURNS trigger LANGUAGE plpgsql AS \
             'BEGIN NEW.at_update := ''up''; NEW.at_both := ''up''; RETURN NEW; END'",
            "CREATE TRIGGER ins BEFORE INSERT ON filled FOR EACH ROW EXECUTE FUNCTION ins()",
            "CREATE TRIGGER up BEFORE UPDATE ON filled FOR EACH ROW EXECUTE FUNCTION up()",
        ],
        _ => &[
            "CREATE TRIGGER ins BEFORE INSERT ON filled FOR EACH ROW SET NEW.at_insert = 'ins', NEW.at_both = 'ins'",
            "CREATE TRIGGER up BEFORE UPDATE ON filled FOR EACH ROW SET NEW.at_update = 'up', NEW.at_both = 'up'",
        ],
    };
    run(&engine, statements).await;
    let inserted = expected("ins", [(Dialect::Sqlite, "none", "no trigger changes a row before it is there")]);
    let mut session = Session::new(&engine);
    for count in [1, 3] {
        let rows = session.add_all((0..count).map(|_| Filled::builder()));
        session.flush().await.unwrap();
        for &row in &rows {
            let row = &session[row];
            let found = (&row.own, row.at_insert.as_str(), &row.at_update, row.at_both.as_str());
            assert_eq!(found, (&None, inserted, &None, inserted));
            assert!(row.id > 0);
        }
        rows.iter().for_each(|&row| session[row].own = Some("set".into()));
        session.flush().await.unwrap();
        for &row in &rows {
            let row = &session[row];
            let found = (row.own.as_deref(), row.at_insert.as_str(), row.at_update.as_deref(), row.at_both.as_str());
            assert_eq!(found, (Some("set"), inserted, Some("up"), "up"));
        }
        assert!(session.dirty().is_empty());
    }
}

#[tokio::test]
async fn a_column_that_the_database_fills_is_what_others_refer_to() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "holders", metadata = none)]
    struct Holder {
        #[orm(primary_key)]
        id: i64,
        #[orm(server_default = "'im hoho'", unique, length = 30)]
        code: String,
        #[orm(back_populates = holder, order_by = id)]
        seconds: HasMany<Second>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "seconds", metadata = none)]
    struct Second {
        #[orm(primary_key)]
        id: i64,
        data: String,
        #[orm(foreign_key = Holder.code, length = 30)]
        holder_code: Option<String>,
        #[orm(back_populates = seconds)]
        holder: BelongsTo<Holder>,
    }
    let engine = empty_engine().await;
    metadata![Holder, Second].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let second = |data: &str| Second::builder().data(data);
    session.add(Holder::builder().seconds([second("s1")]));
    session.add(Holder::builder().code("other").seconds([second("o1")]));
    session.commit().await.unwrap();
    let codes = select((Second.data, Second.holder_code)).order_by(Second.data);
    let row = |data: &str, code: &str| (data.to_owned(), Some(code.to_owned()));
    assert_eq!(codes.clone().all(&engine).await.unwrap(), [row("o1", "other"), row("s1", "im hoho")]);
    session.expunge_all();
    let holder = session.query(Holder).filter(Holder.code.eq("im hoho")).one().await.unwrap();
    session.link(holder, Holder.seconds, second("s2"));
    session.commit().await.unwrap();
    assert_eq!(codes.all(&engine).await.unwrap()[2], row("s2", "im hoho"));
    session.load(holder, Holder.seconds).await.unwrap();
    assert_eq!(session.handles(holder, Holder.seconds).len(), 2);
}

#[tokio::test]
async fn rows_that_a_trigger_keeps_out_fail_the_flush() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "kept_out", metadata = none)]
    struct KeptOut {
        #[orm(primary_key)]
        id: i64,
        #[orm(length = 10)]
        name: String,
    }
    let statements: &[&str] = match dialect() {
        Dialect::Sqlite => {
            &["CREATE TRIGGER skip BEFORE INSERT ON kept_out WHEN NEW.name = 'skip' BEGIN SELECT RAISE(IGNORE); END"]
        }
        Dialect::Postgres => &[
            "CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS \
             'BEGIN IF NEW.name = ''skip'' THEN RETURN NULL; END IF; RETURN NEW; END'",
            "CREATE TRIGGER skip BEFORE INSERT ON kept_out FOR EACH ROW EXECUTE FUNCTION skip()",
        ],
        _ => return, // its triggers keep no row out
    };
    let engine = empty_engine().await;
    metadata![KeptOut].create_all(&engine).await.unwrap();
    run(&engine, statements).await;
    for names in [&["skip"][..], &["a", "skip", "b"]] {
        let mut session = Session::new(&engine);
        let rows = session.add_all(names.iter().map(|&name| KeptOut::builder().name(name)));
        let error = session.flush().await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::StaleData, "{error}");
        assert!(error.to_string().contains("check the triggers of the table"), "{error}");
        session.rollback().await.unwrap();
        for row in rows {
            assert_eq!(session.state(row).unwrap(), orm::ObjectState::Transient);
        }
    }
    assert_eq!(select(KeptOut).count(&engine).await.unwrap(), 0);
}

#[tokio::test]
async fn an_update_by_condition_brings_what_goes_with_it_to_the_objects() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "employees", metadata = none)]
    struct Employee {
        #[orm(primary_key)]
        id: i64,
        #[orm(length = 30)]
        name: String,
        #[orm(default = 1, on_update = 2)]
        counted: i64,
        #[orm(length = 60, computed("upper(name)", stored))]
        loud: String,
    }
    let engine = empty_engine().await;
    metadata![Employee].create_all(&engine).await.unwrap();
    for (synchronize, is_returning) in [
        (orm::Synchronize::Auto, false),
        (orm::Synchronize::Evaluate, false),
        (orm::Synchronize::Fetch, false),
        (orm::Synchronize::Auto, true),
    ] {
        let mut session = Session::new(&engine);
        let ed = session.add(Employee::builder().name("old"));
        session.flush().await.unwrap();
        assert_eq!((session[ed].counted, session[ed].loud.as_str()), (1, "OLD"));
        let statement = update(Employee).set(Employee.name, "new").filter(Employee.id.eq(session[ed].id));
        if is_returning {
            if dialect() != Dialect::Postgres && dialect() != Dialect::Sqlite {
                continue; // no UPDATE … RETURNING
            }
            assert_eq!(session.all(statement.returning(Employee)).await.unwrap(), [ed]);
        } else {
            session.execute_with(statement, synchronize).await.unwrap();
            session.get_one(Employee, session[ed].id).await.unwrap();
        }
        let found = (session[ed].name.as_str(), session[ed].counted, session[ed].loud.as_str());
        assert_eq!(found, ("new", 2, "NEW"), "{synchronize:?} {is_returning}");
        session[ed].name = "third".into();
        session.flush().await.unwrap();
        assert_eq!((session[ed].counted, session[ed].loud.as_str()), (2, "THIRD"));
        session.rollback().await.unwrap();
    }
}

// ------------------------------------------------------------------------------------------------ versions in a ring

#[derive(Clone, Debug, Model)]
#[orm(table = "nodes", version = version, metadata = none)]
struct Node {
    #[orm(primary_key, autoincrement = false)]
    id: i64,
    #[orm(default = 1)]
    version: i64,
    #[orm(foreign_key = Node.id)]
    related_id: Option<i64>,
    #[orm(foreign_key = related_id, post_update)]
    related: BelongsTo<Node>,
}

async fn versions(engine: &Engine) -> Vec<i64> {
    select(Node.version).order_by(Node.id).all(engine).await.unwrap()
}

#[tokio::test]
async fn what_is_linked_afterwards_counts_the_version_of_its_row_and_is_stale_where_another_has_changed_it() {
    let engine = empty_engine().await;
    metadata![Node].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let [one, two] = [1, 2].map(|id| session.add(Node::builder().id(id)));
    session.commit().await.unwrap();
    session.query(Node).all().await.unwrap();
    session.link(one, Node.related, two);
    session.commit().await.unwrap();
    assert_eq!(versions(&engine).await, [2, 1]);
    session.query(Node).all().await.unwrap();
    update(Node).set(Node.version, 5).filter(Node.id.eq(1)).execute(session.connection().await.unwrap()).await.unwrap();
    session.unlink(one, Node.related, two);
    assert!(session.flush().await.unwrap_err().is_stale_data());
    session.rollback().await.unwrap();
    // A ring of rows that are new, and its end.
    session.query(Node).all().await.unwrap();
    session.link(two, Node.related, one);
    session.commit().await.unwrap();
    let [three, four] = [3, 4].map(|id| session.add(Node::builder().id(id)));
    session.link(three, Node.related, four);
    session.link(four, Node.related, three);
    session.commit().await.unwrap();
    let rows = select((Node.id, Node.related_id)).order_by(Node.id).all(&engine).await.unwrap();
    assert_eq!(rows, [(1, Some(2)), (2, Some(1)), (3, Some(4)), (4, Some(3))]);
    assert_eq!(versions(&engine).await[2..], [2, 2], "each was linked by an UPDATE of its own row");
    session.query(Node).all().await.unwrap();
    for node in [one, two, three, four] {
        session.delete(node).await.unwrap();
    }
    session.commit().await.unwrap();
    assert!(versions(&engine).await.is_empty());
}

#[tokio::test]
async fn rows_of_a_ring_go_although_the_database_counts_their_versions() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "counted", version = version, metadata = none)]
    struct Counted {
        #[orm(primary_key, autoincrement = false)]
        id: i64,
        #[orm(server_default = "1", server_onupdate)]
        version: i64,
        #[orm(foreign_key = Counted.id)]
        related_id: Option<i64>,
        #[orm(foreign_key = related_id, post_update)]
        related: BelongsTo<Counted>,
    }
    let engine = empty_engine().await;
    metadata![Counted].create_all(&engine).await.unwrap();
    let statements: &[&str] = match dialect() {
        Dialect::Sqlite => &["CREATE TRIGGER up AFTER UPDATE OF related_id ON counted BEGIN \
                              UPDATE counted SET version = version + 1 WHERE id = NEW.id; END"],
        Dialect::Postgres => &[
            "CREATE FUNCTION up() RETURNS trigger LANGUAGE plpgsql AS \
             'BEGIN NEW.version = OLD.version + 1; RETURN NEW; END'",
            "CREATE TRIGGER up BEFORE UPDATE ON counted FOR EACH ROW EXECUTE FUNCTION up()",
        ],
        _ => &["CREATE TRIGGER up BEFORE UPDATE ON counted FOR EACH ROW SET NEW.version = OLD.version + 1"],
    };
    run(&engine, statements).await;
    let mut session = Session::new(&engine);
    let [one, two] = [1, 2].map(|id| session.add(Counted::builder().id(id)));
    session.link(one, Counted.related, two);
    session.link(two, Counted.related, one);
    session.commit().await.unwrap();
    session.query(Counted).all().await.unwrap();
    for node in [one, two] {
        session.delete(node).await.unwrap();
    }
    session.commit().await.unwrap();
    assert_eq!(select(Counted).count(&engine).await.unwrap(), 0);
}

// ------------------------------------------------------------------------------------------------ keys of other types

#[derive(Clone, Copy, Debug, PartialEq, SqlEnum)]
enum Colour {
    Red,
    Green,
    Blue,
}

#[cfg(feature = "rust_decimal")]
#[derive(Clone, Debug, PartialEq, SqlNewtype)]
struct Price(rust_decimal::Decimal);

macro_rules! keyed {
    ($name:ident, $key:ty $(, $option:ident = $value:literal)*; $keys:expr $(; only $database:ident)?) => {
        #[tokio::test]
        async fn $name() {
            $( crate::only!($database); )?
            #[derive(Clone, Debug, Model)]
            #[orm(table = "keyed", version = version, metadata = none)]
            struct Keyed {
                #[orm(primary_key $(, $option = $value)*)]
                id: $key,
                #[orm(default = 1)]
                version: i64,
                #[orm(server_default = "7")]
                filled: i64,
                #[orm(length = 10)]
                data: String,
                #[orm(back_populates = keyed)]
                parts: HasMany<Part>,
            }
            #[derive(Clone, Debug, Model)]
            #[orm(table = "parts", metadata = none)]
            struct Part {
                #[orm(primary_key)]
                id: i64,
                #[orm(foreign_key = Keyed.id $(, $option = $value)*)]
                keyed_id: Option<$key>,
                #[orm(back_populates = parts)]
                keyed: BelongsTo<Keyed>,
            }
            let engine = empty_engine().await;
            metadata![Keyed, Part].create_all(&engine).await.unwrap();
            let mut session = Session::new(&engine);
            let keys: [$key; 3] = $keys;
            let rows = keys.clone().map(|key| {
                session.add(Keyed::builder().id(key).data("a").parts([Part::builder(), Part::builder()]))
            });
            session.commit().await.unwrap();
            for (row, key) in rows.into_iter().zip(keys.clone()) {
                assert_eq!(session.get_one(Keyed, key).await.unwrap(), row);
                assert_eq!((session[row].filled, session[row].version), (7, 1));
            }
            let mut found = session.query(Keyed).all().await.unwrap();
            found.sort_by_key(|row| rows.iter().position(|other| other == row));
            assert_eq!(found, rows, "one row is one object");
            rows.into_iter().for_each(|row| session[row].data = "b".into());
            session.commit().await.unwrap();
            let versions = select((Keyed.version, Keyed.data)).all(&engine).await.unwrap();
            assert!(versions.iter().all(|row| *row == (2, "b".to_owned())), "{versions:?}");
            // Members are found, let go of, and go.
            session.query(Keyed).all().await.unwrap();
            session.load(&rows, Keyed.parts).await.unwrap();
            assert!(rows.into_iter().all(|row| session.handles(row, Keyed.parts).len() == 2));
            session.delete(rows[0]).await.unwrap();
            session.commit().await.unwrap();
            assert_eq!(select(Part).filter(Part.keyed_id.is_null()).count(&engine).await.unwrap(), 2);
            session.expunge_all();
            let left = session.query(Keyed).options(selectinload(Keyed.parts)).all().await.unwrap();
            assert_eq!(left.len(), 2);
            for row in left {
                assert_eq!(session.handles(row, Keyed.parts).len(), 2);
                session.delete(row).await.unwrap();
            }
            session.commit().await.unwrap();
            assert_eq!(select(Keyed).count(&engine).await.unwrap(), 0);
        }
    };
}

keyed!(rows_are_found_by_a_key_of_an_enum, Colour; [Colour::Green, Colour::Red, Colour::Blue]);
keyed!(rows_are_found_by_a_key_of_text, String, length = 30; ["b", "Ä", "a'\\\""].map(str::to_owned));
#[cfg(feature = "uuid")]
keyed!(rows_are_found_by_a_key_of_a_uuid, uuid::Uuid; [3, 1, 2].map(uuid::Uuid::from_u128));
#[cfg(feature = "chrono")]
keyed!(rows_are_found_by_a_key_of_a_date, chrono::NaiveDate;
    [3, 1, 2].map(|day| chrono::NaiveDate::from_ymd_opt(2024, 2, day).unwrap()));
#[cfg(feature = "chrono")]
keyed!(rows_are_found_by_a_key_of_a_moment, chrono::DateTime<chrono::Utc>;
    [3, 1, 2].map(|n| chrono::DateTime::from_timestamp(n, 123_456_789).unwrap()));
#[cfg(feature = "rust_decimal")]
keyed!(rows_are_found_by_a_key_of_a_decimal_number, rust_decimal::Decimal, precision = 10, scale = 2;
    ["1.5", "2", "3.25"].map(|text| text.parse().unwrap()));
#[cfg(feature = "rust_decimal")]
keyed!(rows_are_found_by_a_decimal_number_in_a_column_of_its_own_type, Price, sql_type = "NUMERIC(10, 3)";
    ["1.5", "2", "3.25"].map(|text| Price(text.parse().unwrap())));
keyed!(rows_are_found_by_a_key_of_a_span_of_time, std::time::Duration;
    [1_500, 90_000_000, 0].map(std::time::Duration::from_millis));
keyed!(rows_are_found_by_a_key_of_an_array, Vec<i32>; [vec![1, -2], vec![], vec![3]]; only Postgres);
keyed!(rows_are_found_by_a_key_of_an_array_of_texts, Vec<Option<String>>;
    [vec![Some("a b".into()), None], vec![Some("x,\"\\{}".into())], vec![Some("NULL".into())]]; only Postgres);
keyed!(rows_are_found_by_a_key_of_an_array_of_floats, Vec<f64>; [vec![0.1, 1e300], vec![-2.0], vec![]]; only Postgres);
keyed!(rows_are_found_by_a_key_of_a_range, orm::Range<i32>; [(1..=5).into(), (7..).into(), (3..3).into()]; only Postgres);
#[cfg(feature = "chrono")]
keyed!(rows_are_found_by_a_key_of_a_range_of_moments, orm::Range<chrono::DateTime<chrono::Utc>>;
    [0, 1, 2].map(|n| (..=chrono::DateTime::from_timestamp(n, 123_456_000).unwrap()).into()); only Postgres);
#[cfg(feature = "rust_decimal")]
keyed!(rows_are_found_by_a_key_of_a_range_of_decimal_numbers, orm::Range<rust_decimal::Decimal>;
    ["1.50", "2", "-3"].map(|text| (text.parse().unwrap()..).into()); only Postgres);
keyed!(rows_are_found_by_a_key_of_bytes, Vec<u8>, length = 8; [vec![0, 255], vec![1], vec![2; 8]]);

#[tokio::test]
async fn values_that_are_assigned_as_they_are_send_nothing() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "values_of_kinds", metadata = none)]
    struct Kinds {
        #[orm(primary_key)]
        id: i64,
        bytes: Vec<u8>,
        flag: bool,
        number: f64,
        colour: Option<Colour>,
        book_id: String,
    }
    let engine = empty_engine().await;
    metadata![Kinds].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let kinds = || Kinds::builder().bytes(vec![109, 24, 0, 255]).flag(true).number(0.1).book_id("abc");
    let row = session.add(kinds().colour(Colour::Blue));
    let other = session.add(kinds().flag(false));
    session.commit().await.unwrap();
    session.query(Kinds).all().await.unwrap();
    let sent = engine.statement_count();
    let object = &mut session[row];
    (object.bytes, object.flag, object.number) = (vec![109, 24, 0, 255], true, 0.1);
    (object.colour, object.book_id) = (Some(Colour::Blue), "abc".into());
    assert!(!session.is_modified(row).unwrap());
    session.flush().await.unwrap();
    assert_eq!(engine.statement_count(), sent);
    session[row].flag = false;
    session[other].flag = true;
    session[other].colour = Some(Colour::Red);
    session[row].colour = None;
    session[row].bytes.push(1);
    session.commit().await.unwrap();
    let rows = select((Kinds.bytes, Kinds.flag, Kinds.colour)).order_by(Kinds.id).all(&engine).await.unwrap();
    assert_eq!(rows, [(vec![109, 24, 0, 255, 1], false, None), (vec![109, 24, 0, 255], true, Some(Colour::Red))]);
    assert_eq!(select(Kinds.id).filter(Kinds.flag.eq(true)).all(&engine).await.unwrap(), [2]);
}

// ------------------------------------------------------------------------------------------------ keys that are alike

/// Towns are found by their codes without regard to case where the database compares them so.
#[derive(Clone, Debug, Model)]
#[orm(table = "towns", metadata = none)]
struct Town {
    #[orm(primary_key, length = 20, sqlite(sql_type = "VARCHAR(20) COLLATE NOCASE"))]
    code: String,
    #[orm(back_populates = town, order_by = id)]
    roads: HasMany<Road>,
    #[orm(secondary = Membership)]
    clubs: ManyToMany<Club>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "roads", metadata = none)]
struct Road {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Town.code, length = 20, sqlite(sql_type = "VARCHAR(20) COLLATE NOCASE"))]
    town_code: Option<String>,
    #[orm(back_populates = roads)]
    town: BelongsTo<Town>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "clubs", metadata = none)]
struct Club {
    #[orm(primary_key)]
    id: i64,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "memberships", metadata = none)]
struct Membership {
    #[orm(primary_key, foreign_key = Town.code, length = 20, sqlite(sql_type = "VARCHAR(20) COLLATE NOCASE"))]
    town_code: String,
    #[orm(primary_key, foreign_key = Club.id)]
    club_id: i64,
}

/// An engine with two towns, roads that name them in several ways, and a club. PostgreSQL holds `ed` and `ED` apart, and has
/// both.
async fn towns() -> Engine {
    let engine = empty_engine().await;
    metadata![Town, Road, Club, Membership].create_all(&engine).await.unwrap();
    let codes = expected(vec!["ed", "wendy"], [(Dialect::Postgres, vec!["ED", "ed", "wendy"], "they differ")]);
    insert(Town).values(codes.into_iter().map(|code| Town::builder().code(code))).execute(&engine).await.unwrap();
    let roads = ["ED", "ed", "wendy", "ED"].map(|code| Road::builder().town_code(code));
    insert(Road).values(roads).execute(&engine).await.unwrap();
    insert(Club).values(Club::builder()).execute(&engine).await.unwrap();
    insert(Membership).values(Membership::builder().town_code("ED").club_id(1)).execute(&engine).await.unwrap();
    engine
}

#[tokio::test]
async fn members_are_those_that_the_database_finds_whatever_the_case_of_their_key() {
    let engine = towns().await;
    let is_apart = dialect() == Dialect::Postgres;
    for option in [selectinload(Town.roads), joinedload(Town.roads), orm::subqueryload(Town.roads)] {
        let towns: Vec<Town> = select(Town).options(option).all(&engine).await.unwrap();
        let mut counts: Vec<(&str, usize)> = towns.iter().map(|town| (&*town.code, town.roads.len())).collect();
        counts.sort_unstable();
        let both = if is_apart { vec![("ED", 2), ("ed", 1)] } else { vec![("ed", 3)] };
        assert_eq!(counts, [both, vec![("wendy", 1)]].concat());
    }
    for option in [selectinload(Road.town), joinedload(Road.town), orm::subqueryload(Road.town)] {
        let roads: Vec<Road> = select(Road).order_by(Road.id).options(option).all(&engine).await.unwrap();
        let towns: Vec<&str> = roads.iter().map(|road| &*road.town.get().unwrap().code).collect();
        assert_eq!(towns, if is_apart { ["ED", "ed", "wendy", "ED"] } else { ["ed", "ed", "wendy", "ed"] });
    }
    let mut session = Session::new(&engine);
    for is_known in [false, true] {
        let roads = session.query(Road).order_by(Road.id).all().await.unwrap();
        if is_known {
            session.query(Town).all().await.unwrap();
        }
        session.load(&roads, Road.town).await.unwrap();
        let towns: Vec<&str> = roads.iter().map(|&road| &*session[session.handles(road, Road.town)[0]].code).collect();
        assert_eq!(towns, if is_apart { ["ED", "ed", "wendy", "ED"] } else { ["ed", "ed", "wendy", "ed"] });
        session.expunge_all();
    }
}

#[tokio::test]
async fn members_leave_and_go_with_their_owner_whatever_the_case_of_their_key() {
    let engine = towns().await;
    for is_unlinked in [true, false] {
        let mut session = Session::new(&engine);
        let town = session.get_one(Town, "ED").await.unwrap();
        session.load(town, Town.roads).await.unwrap();
        session.load(town, Town.clubs).await.unwrap();
        let [roads, clubs] = [session.handles(town, Town.roads).len(), session.handles(town, Town.clubs).len()];
        assert_eq!((roads, clubs), (if dialect() == Dialect::Postgres { 2 } else { 3 }, 1));
        if is_unlinked {
            for road in session.handles(town, Town.roads) {
                assert!(session.unlink(town, Town.roads, road));
            }
            assert_eq!(session.handles(town, Town.roads), []);
            let club = session.handles(town, Town.clubs)[0];
            session.unlink(town, Town.clubs, club);
        } else {
            session.delete(town).await.unwrap();
        }
        session.flush().await.unwrap();
        let left = select(Road.town_code).filter(Road.town_code.is_not_null()).order_by(Road.town_code);
        let wendy = || Some("wendy".to_owned());
        let others = expected(vec![wendy()], [(Dialect::Postgres, vec![Some("ed".into()), wendy()], "they differ")]);
        assert_eq!(left.all(&mut session).await.unwrap(), others);
        assert_eq!(select(Membership).count(&mut session).await.unwrap(), 0);
        session.rollback().await.unwrap();
    }
}
