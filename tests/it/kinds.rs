//! Kinds of relationships: by a condition of their own, over several columns, over an object with data of its own; and
//! the errors of those that cannot be joined.

use orm::prelude::*;
use orm::{Contains, ErrorKind, Relationship, contains_eager, with_parent};

use crate::assert_statements;
use crate::support::{empty_engine, strategies};

// ------------------------------------------------------------------------------------------ a condition of its own

#[derive(Clone, Debug, Model)]
#[orm(table = "cities", metadata = none)]
struct City {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 20)]
    name: String,
    south: i64,
    north: i64,
    /// Where the column is no foreign key at all.
    #[orm(primaryjoin = Station.latitude.between(City.south, City.north), viewonly, order_by = id)]
    stations: HasMany<Station>,
    /// The same, and only one of them.
    #[orm(primaryjoin = Station.latitude.between(City.south, City.north) & Station.main, viewonly)]
    main_station: HasOne<Station>,
    /// Where a function compares.
    #[orm(
        primaryjoin = func::custom::<Option<i64>>("nullif", (Station.latitude, City.north)).as_comparison(1, 2).is_null(),
        viewonly
    )]
    northern_stations: HasMany<Station>,
    /// Where an operator of the user's own does.
    #[orm(primaryjoin = Station.latitude.bool_op("<", City.south), viewonly, order_by = id)]
    stations_outside: HasMany<Station>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "stations", metadata = none)]
struct Station {
    #[orm(primary_key)]
    id: i64,
    latitude: i64,
    main: bool,
}

async fn cities() -> Engine {
    let engine = empty_engine().await;
    metadata![City, Station].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    for (name, south, north) in [("Aachen", 0, 9), ("Bremen", 5, 20), ("Celle", 50, 60)] {
        session.add(City::builder().name(name).south(south).north(north));
    }
    for (latitude, main) in [(1, true), (7, false), (15, true), (30, true)] {
        session.add(Station::builder().latitude(latitude).main(main));
    }
    session.commit().await.unwrap();
    engine
}

#[tokio::test]
async fn a_condition_joins_what_no_foreign_key_does() {
    let engine = cities().await;
    let latitudes = |city: &City| city.stations.iter().map(|station| station.latitude).collect::<Vec<_>>();
    for (path, statements) in strategies(City.stations).into_iter().zip([2, 1, 2]) {
        for limit in [10, 2] {
            let query = select(City).order_by(City.id).limit(limit).options(path.clone());
            let cities: Vec<City> = assert_statements!(engine, statements, query.clone().all(&engine).await.unwrap());
            let expected = [vec![1, 7], vec![7, 15], vec![]];
            assert_eq!(cities.iter().map(latitudes).collect::<Vec<_>>(), expected[..cities.len()], "{query:?}");
            let mut session = Session::new(&engine);
            let handles = query.all(&mut session).await.unwrap();
            for (handle, expected) in handles.into_iter().zip(expected) {
                let found = session.related(handle, City.stations).map(|(_, station)| station.latitude);
                assert_eq!(found.collect::<Vec<_>>(), expected);
            }
        }
    }
    for path in strategies(City.main_station) {
        let cities: Vec<City> = select(City).order_by(City.id).options(path).all(&engine).await.unwrap();
        let mains = cities.iter().map(|city| city.main_station.get().map(|station| station.latitude));
        assert_eq!(mains.collect::<Vec<_>>(), [Some(1), Some(15), None]);
    }
    let mut session = Session::new(&engine);
    let cities = session.query(City).order_by(City.id).all().await.unwrap();
    assert_statements!(engine, 1, session.load(&cities, City.stations).await.unwrap());
    assert_eq!(session.handles(cities[1], City.stations).len(), 2);
    assert_eq!(session.count(cities[0], City.stations).await.unwrap(), 2);
}

#[tokio::test]
async fn a_condition_is_joined_and_asked_about_like_a_foreign_key() {
    let engine = cities().await;
    let pairs = select((City.name, Station.latitude)).join(City.stations).order_by((City.id, Station.id));
    let pairs = pairs.all(&engine).await.unwrap();
    let pairs: Vec<(&str, i64)> = pairs.iter().map(|(name, latitude)| (name.as_str(), *latitude)).collect();
    assert_eq!(pairs, [("Aachen", 1), ("Aachen", 7), ("Bremen", 7), ("Bremen", 15)]);
    let query = select(City.name).filter(City.stations.any(Station.latitude.gt(10)));
    assert_eq!(query.all(&engine).await.unwrap(), ["Bremen"]);
    let query = select(City.name).filter(City.stations.is_empty());
    assert_eq!(query.all(&engine).await.unwrap(), ["Celle"]);
    // The members of one object, and the owners of one member.
    let aachen: City = select(City).filter(City.name.eq("Aachen")).one(&engine).await.unwrap();
    let query = select(Station.latitude).filter(with_parent(&aachen, City.stations)).order_by(Station.id);
    assert_eq!(query.all(&engine).await.unwrap(), [1, 7]);
    let station: Station = select(Station).filter(Station.latitude.eq(7)).one(&engine).await.unwrap();
    let query = select(City.name).filter(City.stations.contains(&station)).order_by(City.id);
    assert_eq!(query.all(&engine).await.unwrap(), ["Aachen", "Bremen"]);
    let near = Station.alias("near");
    let query = select(City).join(City.stations.of(near)).filter(near.latitude.eq(7)).order_by(City.id);
    let cities = query.options(contains_eager(City.stations.of(near))).all(&engine).await.unwrap();
    assert_eq!(cities.iter().map(|city| city.stations.len()).collect::<Vec<_>>(), [1, 1]);
}

#[tokio::test]
async fn functions_and_operators_of_ones_own_join_as_well() {
    let engine = cities().await;
    let mut session = Session::new(&engine);
    session.add(Station::builder().latitude(20).main(false));
    session.commit().await.unwrap();
    let latitudes = |stations: &HasMany<Station>| stations.iter().map(|station| station.latitude).collect::<Vec<_>>();
    for path in strategies(City.northern_stations) {
        let cities: Vec<City> = select(City).order_by(City.id).options(path).all(&engine).await.unwrap();
        let found: Vec<Vec<i64>> = cities.iter().map(|city| latitudes(&city.northern_stations)).collect();
        assert_eq!(found, [vec![], vec![20], vec![]]);
    }
    for path in strategies(City.stations_outside) {
        let cities: Vec<City> = select(City).order_by(City.id).options(path).all(&engine).await.unwrap();
        let found: Vec<Vec<i64>> = cities.iter().map(|city| latitudes(&city.stations_outside)).collect();
        assert_eq!(found, [vec![], vec![1], vec![1, 7, 15, 30, 20]]);
    }
    let query = select((City.name, Station.latitude)).join(City.northern_stations);
    assert_eq!(query.all(&engine).await.unwrap(), [("Bremen".to_owned(), 20)]);
    let query = select(City.name).filter(City.stations_outside.any(Station.latitude.gt(20)));
    assert_eq!(query.all(&engine).await.unwrap(), ["Celle"]);
}

#[tokio::test]
async fn a_condition_cannot_be_written() {
    let engine = cities().await;
    let mut session = Session::new(&engine);
    let city = session.get_one(City, 1).await.unwrap();
    session[city].stations.push(Station::builder().latitude(3).main(false));
    let error = session.flush().await.unwrap_err();
    assert_eq!(error.message(), "relationship `City.stations` is viewonly and cannot be changed");
    session.rollback().await.unwrap();
    session.delete(city).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Station).count(&engine).await.unwrap(), 4);

    #[derive(Clone, Debug, Model)]
    #[orm(table = "countries", metadata = none)]
    struct Country {
        #[orm(primary_key)]
        id: i64,
        #[orm(primaryjoin = Station.latitude.eq(Country.id))]
        stations: HasMany<Station>,
    }
    let error = select(Country).options(selectinload(Country.stations)).all(&engine).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "relationship `Country.stations` has a `primaryjoin` that says of no foreign key what to write\n\
         hint: let it equate the columns of one, or mark the column that refers by `foreign(…)`, on a `BelongsTo` and \
         its other side; or add `viewonly`"
    );
}

// --------------------------------------------------------------------------------------------- an object in between

#[derive(Clone, Debug, Model)]
#[orm(table = "orders", metadata = none)]
struct Order {
    #[orm(primary_key)]
    id: i64,
    #[orm(back_populates = order, cascade(all, delete_orphan), order_by = item_id)]
    lines: HasMany<Line>,
    /// The same way without what stands in between.
    #[orm(secondary = Line, viewonly, order_by = id)]
    items: ManyToMany<Item>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "items", metadata = none)]
struct Item {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 20)]
    name: String,
    #[orm(back_populates = item)]
    lines: HasMany<Line>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "order_lines", metadata = none)]
struct Line {
    #[orm(primary_key, foreign_key = Order.id)]
    order_id: i64,
    #[orm(primary_key, foreign_key = Item.id)]
    item_id: i64,
    quantity: i64,
    #[orm(back_populates = lines)]
    order: BelongsTo<Order>,
    #[orm(back_populates = lines)]
    item: BelongsTo<Item>,
}

#[tokio::test]
async fn an_association_object_has_data_of_its_own() {
    let engine = empty_engine().await;
    metadata![Order, Item, Line].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let [pen, ink] = ["pen", "ink"].map(|name| session.add(Item::builder().name(name)));
    // The relationships fill in the key.
    let line = |item, quantity| Line::builder().quantity(quantity).item(item);
    let order = session.add(Order::builder().lines([line(pen, 3), line(ink, 1)]));
    session.commit().await.unwrap();
    for path in strategies(Order.lines) {
        let order: Order = select(Order).options(path.joinedload(Line.item)).one(&engine).await.unwrap();
        let found = order.lines.iter().map(|line| (line.quantity, line.item.get().unwrap().name.as_str()));
        assert_eq!(found.collect::<Vec<_>>(), [(3, "pen"), (1, "ink")]);
    }
    for path in strategies(Order.items) {
        let order: Order = select(Order).options(path).one(&engine).await.unwrap();
        assert_eq!(order.items.iter().map(|item| item.name.as_str()).collect::<Vec<_>>(), ["pen", "ink"]);
    }
    let lost = session.add(Line::builder().quantity(1).order(order));
    let error = session.flush().await.unwrap_err();
    assert_eq!(error.message(), "`Line.item_id` is NOT NULL, and nothing has filled it");
    session.rollback().await.unwrap();
    session.expunge(lost).unwrap();
    // The way between is changed by its object alone, and its row goes with its owner's list.
    session.load(order, Order.lines).await.unwrap();
    let first = session.handles(order, Order.lines)[0];
    session[first].quantity = 5;
    let second = session.handles(order, Order.lines)[1];
    assert!(session.unlink(order, Order.lines, second));
    session.commit().await.unwrap();
    let lines = select((Line.item_id, Line.quantity)).all(&engine).await.unwrap();
    assert_eq!(lines, [(session[pen].id, 5)]);
    session.load(order, Order.items).await.unwrap();
    assert_eq!(session.handles(order, Order.items), [pen]);
    session.delete(order).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!((select(Line).count(&engine).await.unwrap(), select(Item).count(&engine).await.unwrap()), (0, 2));
}

// ------------------------------------------------------------------------------------------------- several columns

#[derive(Clone, Debug, Model)]
#[orm(table = "rooms", metadata = none)]
struct Room {
    #[orm(primary_key, length = 10)]
    house: String,
    #[orm(primary_key)]
    number: i64,
    #[orm(secondary = RoomGuest, back_populates = rooms, order_by = id)]
    guests: ManyToMany<Guest>,
    #[orm(back_populates = room, order_by = id)]
    beds: HasMany<Bed>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "guests", metadata = none)]
struct Guest {
    #[orm(primary_key)]
    id: i64,
    #[orm(secondary = RoomGuest, back_populates = guests, order_by = (house, number))]
    rooms: ManyToMany<Room>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "room_guests", metadata = none, foreign_key((house, number) = (Room.house, Room.number)))]
struct RoomGuest {
    #[orm(primary_key, length = 10)]
    house: String,
    #[orm(primary_key)]
    number: i64,
    #[orm(primary_key, foreign_key = Guest.id)]
    guest_id: i64,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "beds", metadata = none, foreign_key((house, number) = (Room.house, Room.number)))]
struct Bed {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 10)]
    house: Option<String>,
    number: Option<i64>,
    #[orm(back_populates = beds)]
    room: BelongsTo<Room>,
}

#[tokio::test]
async fn keys_of_several_columns_are_loaded_by_every_strategy() {
    let engine = empty_engine().await;
    metadata![Room, Guest, RoomGuest, Bed].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let guests = session.add_all((1..=3).map(|id| Guest::builder().id(id)));
    for (house, number, who) in [("a", 1, &guests[..2]), ("a", 2, &guests[1..]), ("b", 1, &guests[..0])] {
        let beds = [Bed::builder(), Bed::builder()];
        session.add(Room::builder().house(house).number(number).guests(who.to_vec()).beds(beds));
    }
    session.add(Bed::builder());
    session.commit().await.unwrap();
    let query = || select(Room).order_by((Room.house, Room.number)).limit(3);
    for path in strategies(Room.guests) {
        let rooms: Vec<Room> = query().options(path.selectinload(Guest.rooms)).all(&engine).await.unwrap();
        let ids = |room: &Room| room.guests.iter().map(|guest| guest.id).collect::<Vec<_>>();
        assert_eq!(rooms.iter().map(ids).collect::<Vec<_>>(), [vec![1, 2], vec![2, 3], vec![]]);
        assert_eq!(rooms[0].guests.get()[1].rooms.iter().map(|room| room.number).collect::<Vec<_>>(), [1, 2]);
    }
    for path in strategies(Room.beds) {
        let rooms: Vec<Room> = query().options(path.subqueryload(Bed.room)).all(&engine).await.unwrap();
        assert_eq!(rooms.iter().map(|room| room.beds.len()).collect::<Vec<_>>(), [2, 2, 2]);
        assert_eq!(rooms[2].beds.get()[0].room.get().unwrap().house, "b");
    }
    for path in strategies(Bed.room) {
        let mut session = Session::new(&engine);
        let beds = select(Bed).order_by(Bed.id).options(path).all(&mut session).await.unwrap();
        let room = session[beds[2]].room.handle().unwrap();
        assert_eq!((session[room].house.as_str(), session[room].number), ("a", 2));
        assert_eq!(session[beds[6]].room.handle(), None);
    }
}

// ------------------------------------------------------------------------------------- what cannot be configured

/// Returns the error of a query that loads a relationship.
async fn error_of<M: Model + Contains<M>, T: Model, K>(relationship: Relationship<M, T, K>) -> Error {
    let engine = empty_engine().await;
    let error = select(M::ATTRIBUTES).options(selectinload(relationship)).to_sql(orm::Dialect::Sqlite);
    let failed = select(M::ATTRIBUTES).options(joinedload(relationship)).all(&engine).await;
    let failed = failed.err().expect("it cannot be configured");
    assert_eq!(error, failed.to_string(), "without a database it says the same");
    assert_eq!(*failed.kind(), ErrorKind::Configuration);
    failed
}

#[tokio::test]
async fn what_no_foreign_key_links_cannot_be_joined() {
    #[derive(Clone, Debug, Model)]
    #[orm(metadata = none)]
    struct Left {
        #[orm(primary_key)]
        id: i64,
        rights: HasMany<Right>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(metadata = none)]
    struct Right {
        #[orm(primary_key)]
        id: i64,
        left: BelongsTo<Left>,
    }
    assert_eq!(
        error_of(Left.rights).await.to_string(),
        "could not determine the join condition of relationship `Left.rights`: there are no foreign keys linking \
         `right` to `left`\nhint: add `#[orm(foreign_key = Left.…)]` to a field of `Right`"
    );
    assert_eq!(
        error_of(Right.left).await.message(),
        "could not determine the join condition of relationship `Right.left`: there are no foreign keys linking `right` \
         to `left`"
    );
}

#[tokio::test]
async fn several_foreign_keys_need_a_choice_and_then_each_is_a_way_of_its_own() {
    #[derive(Clone, Debug, Model)]
    #[orm(metadata = none)]
    struct Team {
        #[orm(primary_key)]
        id: i64,
        games: HasMany<Game>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(metadata = none)]
    struct Game {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = Team.id)]
        home_id: i64,
        #[orm(foreign_key = Team.id)]
        guest_id: i64,
        #[orm(foreign_key = home_id)]
        home: BelongsTo<Team>,
        #[orm(foreign_key = guest_id)]
        guest: BelongsTo<Team>,
    }
    let error = error_of(Team.games).await;
    assert_eq!(
        error.to_string(),
        "could not determine the join condition of relationship `Team.games`: there are several foreign keys linking \
         `game` to `team`\nhint: say which one by `foreign_key = …`: `Game.home_id` or `Game.guest_id`"
    );
    let sql = select(Game).options((joinedload(Game.home), joinedload(Game.guest))).to_sql(orm::Dialect::Sqlite);
    assert!(sql.contains("team AS team_1 ON game.home_id = team_1.id"), "{sql}");
    assert!(sql.contains("team AS team_2 ON game.guest_id = team_2.id"), "{sql}");
}

#[tokio::test]
async fn sides_that_do_not_agree_are_both_named() {
    #[derive(Clone, Debug, Model)]
    #[orm(metadata = none)]
    struct Boss {
        #[orm(primary_key)]
        id: i64,
        #[orm(back_populates = boss)]
        clerks: HasMany<Clerk>,
        #[orm(back_populates = boss)]
        others: HasMany<Clerk>,
        #[orm(back_populates = wrong_way)]
        rivals: HasMany<Clerk>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(metadata = none)]
    struct Clerk {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = Boss.id)]
        boss_id: i64,
        #[orm(back_populates = clerks)]
        boss: BelongsTo<Boss>,
        #[orm(back_populates = rivals)]
        wrong_way: HasMany<Boss>,
    }
    assert_eq!(
        error_of(Boss.others).await.message(),
        "relationship `Boss.others` says `back_populates = boss`, but `Clerk.boss` says `back_populates = clerks`"
    );
    assert_eq!(
        error_of(Clerk.wrong_way).await.to_string(),
        "relationship `Clerk.wrong_way` and its other side `Boss.rivals` both point the same way\n\
         hint: one side is a `BelongsTo`, the other a `HasMany` or `HasOne`"
    );
}

#[tokio::test]
async fn an_association_table_needs_one_way_to_each_side() {
    #[derive(Clone, Debug, Model)]
    #[orm(metadata = none)]
    struct Poem {
        #[orm(primary_key)]
        id: i64,
        #[orm(secondary = PoemWord)]
        words: ManyToMany<Word>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(metadata = none)]
    struct Word {
        #[orm(primary_key)]
        id: i64,
        #[orm(secondary = WordWord)]
        poems: ManyToMany<Poem>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(metadata = none)]
    struct PoemWord {
        #[orm(primary_key, foreign_key = Poem.id)]
        poem_id: i64,
        #[orm(primary_key)]
        word_id: i64,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(metadata = none)]
    struct WordWord {
        #[orm(primary_key, foreign_key = Word.id)]
        first_id: i64,
        #[orm(primary_key, foreign_key = Word.id)]
        second_id: i64,
        #[orm(primary_key, foreign_key = Poem.id)]
        poem_id: i64,
    }
    assert_eq!(
        error_of(Poem.words).await.message(),
        "relationship `Poem.words` cannot be joined: the association table `poem_word` has no foreign key to `word`"
    );
    assert_eq!(
        error_of(Word.poems).await.to_string(),
        "relationship `Word.poems` can be joined in several ways: the association table `word_word` has several foreign \
         keys to one table\nhint: say on each side which one leads to it by `foreign_key = …`"
    );
}
