//! Relationships with a `primaryjoin` that are written too, and those of a model to itself.

use orm::prelude::*;
use orm::{Dialect, ErrorKind, with_parent};

use crate::support::{empty_engine, strategies};

// ------------------------------------------------------------------------------------- a foreign key and a filter

#[derive(Clone, Debug, Model)]
#[orm(table = "people", metadata = none)]
struct Person {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 20)]
    name: String,
    #[orm(back_populates = person, order_by = id)]
    letters: HasMany<Letter>,
    /// Some of them.
    #[orm(primaryjoin = Letter.person_id.eq(Person.id) & Letter.city.eq("Boston"), order_by = id)]
    boston: HasMany<Letter>,
    #[orm(primaryjoin = Letter.person_id.eq(Person.id) & Letter.main)]
    main: HasOne<Letter>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "letters", metadata = none)]
struct Letter {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 20)]
    city: String,
    #[orm(default = false)]
    main: bool,
    #[orm(foreign_key = Person.id)]
    person_id: Option<i64>,
    /// The whole condition is the foreign key: a relationship like any other.
    #[orm(primaryjoin = Letter.person_id.eq(Person.id), back_populates = letters)]
    person: BelongsTo<Person>,
    #[orm(primaryjoin = foreign(Letter.person_id).eq(Person.id) & Letter.city.ne("Boston"))]
    outsider: BelongsTo<Person>,
}

async fn people() -> Engine {
    let engine = empty_engine().await;
    metadata![Person, Letter].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    for (name, cities) in [("ann", &["Boston", "Paris", "Boston"][..]), ("bob", &["Paris"]), ("cid", &[])] {
        let letters = cities.iter().enumerate().map(|(at, city)| Letter::builder().city(*city).main(at == 1));
        session.add(Person::builder().name(name).letters(letters));
        session.commit().await.unwrap();
    }
    engine
}

#[tokio::test]
async fn a_foreign_key_with_a_filter_is_loaded_by_every_strategy() {
    let engine = people().await;
    for path in strategies(Person.boston) {
        for limit in [3, 1] {
            let query = select(Person).order_by(Person.id).limit(limit).options(path.clone());
            let people: Vec<Person> = query.clone().all(&engine).await.unwrap();
            let ids = |person: &Person| person.boston.iter().map(|letter| letter.id).collect::<Vec<_>>();
            let expected = [vec![1, 3], vec![], vec![]];
            assert_eq!(people.iter().map(ids).collect::<Vec<_>>(), expected[..people.len()]);
            let mut session = Session::new(&engine);
            let handles = query.all(&mut session).await.unwrap();
            assert_eq!(session.handles(handles[0], Person.boston).len(), 2);
        }
    }
    for path in strategies(Letter.outsider) {
        let letters: Vec<Letter> = select(Letter).order_by(Letter.id).options(path).all(&engine).await.unwrap();
        let names = letters.iter().map(|letter| letter.outsider.get().map(|person| person.name.as_str()));
        assert_eq!(names.collect::<Vec<_>>(), [None, Some("ann"), None, Some("bob")]);
    }
    for path in strategies(Person.main) {
        let people: Vec<Person> = select(Person).order_by(Person.id).options(path).all(&engine).await.unwrap();
        let ids = people.iter().map(|person| person.main.get().map(|letter| letter.id));
        assert_eq!(ids.collect::<Vec<_>>(), [Some(2), None, None]);
    }
    let sql = select(Letter.id).join(Letter.person).to_sql(Dialect::Sqlite);
    assert_eq!(sql, "SELECT letters.id FROM letters JOIN people ON letters.person_id = people.id");
}

#[tokio::test]
async fn a_foreign_key_with_a_filter_is_written() {
    let engine = people().await;
    let mut session = Session::new(&engine);
    // A new object with members of both kinds: the foreign key is all that is written.
    let dan = session.add(
        Person::builder()
            .name("dan")
            .boston([Letter::builder().city("Boston")])
            .letters([Letter::builder().city("Rome")]),
    );
    session.commit().await.unwrap();
    session.load(dan, Person.boston).await.unwrap();
    session.load(dan, Person.letters).await.unwrap();
    assert_eq!((session.handles(dan, Person.boston).len(), session.handles(dan, Person.letters).len()), (1, 2));

    // Linked and unlinked, with the other side in step over the foreign key.
    let cid = session.get_one(Person, 3).await.unwrap();
    session.load(cid, Person.boston).await.unwrap();
    let letter = session.handles(dan, Person.boston)[0];
    session.link(cid, Person.boston, letter);
    assert_eq!(session.handles(cid, Person.boston), [letter]);
    assert!(!session.handles(dan, Person.letters).contains(&letter));
    session.commit().await.unwrap();
    assert_eq!(session[letter].person_id, Some(3));
    session.load(cid, Person.boston).await.unwrap();
    session.load(letter, Letter.person).await.unwrap();
    assert_eq!((session.handles(cid, Person.boston), session[letter].person.handle()), (vec![letter], Some(cid)));
    assert!(session.unlink(cid, Person.boston, letter));
    assert_eq!(session.handles(cid, Person.boston), []);
    session.commit().await.unwrap();
    assert_eq!(select(Letter.person_id).filter(Letter.id.eq(session[letter].id)).one(&engine).await.unwrap(), None);

    // A reference with a condition, set and cleared.
    session.link(letter, Letter.outsider, cid);
    session.commit().await.unwrap();
    assert_eq!(session[letter].person_id, Some(3));
    session.load(letter, Letter.outsider).await.unwrap();
    assert_eq!(session[letter].outsider.handle(), None); // it is in Boston
    session[letter].person.clear();
    session.commit().await.unwrap();
    assert_eq!(session[letter].person_id, None);
}

#[tokio::test]
async fn deleting_an_owner_parts_what_the_foreign_key_links() {
    let engine = people().await;
    let mut session = Session::new(&engine);
    let ann = session.get_one(Person, 1).await.unwrap();
    session.delete(ann).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Letter).filter(Letter.person_id.is_null()).count(&engine).await.unwrap(), 3);
}

// ---------------------------------------------------------------------------------------------- no constraint at all

#[derive(Clone, Debug, Model)]
#[orm(table = "towns", metadata = none)]
struct Town {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 4)]
    code: String,
    #[orm(primaryjoin = foreign(House.town_code).eq(Town.code), back_populates = town, order_by = id)]
    houses: HasMany<House>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "houses", metadata = none)]
struct House {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 4)]
    town_code: Option<String>,
    #[orm(primaryjoin = foreign(House.town_code).eq(Town.code), back_populates = houses)]
    town: BelongsTo<Town>,
}

#[tokio::test]
async fn a_column_that_is_marked_is_written_like_a_foreign_key() {
    let engine = empty_engine().await;
    metadata![Town, House].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let [aachen, bremen] = ["AC", "HB"].map(|code| session.add(Town::builder().code(code)));
    let house = session.add(House::builder().town(aachen));
    session.link(aachen, Town.houses, House::builder());
    session.commit().await.unwrap();
    assert_eq!(session[house].town_code.as_deref(), Some("AC"));
    session.load(aachen, Town.houses).await.unwrap();
    session.link(bremen, Town.houses, house);
    assert_eq!((session.handles(aachen, Town.houses).len(), session[house].town.handle()), (1, Some(bremen)));
    session.commit().await.unwrap();
    let codes = select(House.town_code).order_by(House.id).all(&engine).await.unwrap();
    assert_eq!(codes, [Some("HB".to_owned()), Some("AC".to_owned())]);
    for path in strategies(Town.houses) {
        let towns: Vec<Town> =
            select(Town).order_by(Town.id).options(path.selectinload(House.town)).all(&engine).await.unwrap();
        assert_eq!(towns.iter().map(|town| town.houses.len()).collect::<Vec<_>>(), [1, 1]);
        assert_eq!(towns[1].houses.get()[0].town.get().map(|town| town.id), Some(towns[1].id));
    }
}

#[tokio::test]
async fn a_condition_that_names_no_foreign_key_can_only_be_read() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "countries", metadata = none)]
    struct Country {
        #[orm(primary_key)]
        id: i64,
        #[orm(primaryjoin = Town.id.gt(Country.id))]
        towns: HasMany<Town>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "villages", metadata = none)]
    struct Village {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = Village.id)]
        parent_id: Option<i64>,
        #[orm(primaryjoin = Village.parent_id.eq(Village.id), viewonly)]
        parts: HasMany<Village>,
    }
    let engine = empty_engine().await;
    let error = select(Country).options(selectinload(Country.towns)).all(&engine).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Configuration);
    assert_eq!(
        error.message(),
        "relationship `Country.towns` has a `primaryjoin` that says of no foreign key what to write"
    );
    assert!(error.to_string().contains("add `viewonly`"), "{error}");
    let error = select(Village).options(selectinload(Village.parts)).all(&engine).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the `primaryjoin` of relationship `Village.parts` does not say which columns are of the members\n\
         hint: mark them: `remote(Node.id)`"
    );
}

// ------------------------------------------------------------------------------------------------------- to itself

#[derive(Clone, Debug, Model)]
#[orm(table = "parts", metadata = none)]
struct Part {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 20)]
    path: String,
    weight: i64,
    #[orm(foreign_key = Part.id)]
    whole_id: Option<i64>,
    #[orm(primaryjoin = remote(Part.path).like(Part.path.concat("/%")), viewonly, order_by = id)]
    below: HasMany<Part>,
    /// The tree by its key, and some of it.
    #[orm(primaryjoin = Part.whole_id.eq(remote(Part.id)), back_populates = parts)]
    whole: BelongsTo<Part>,
    #[orm(primaryjoin = Part.id.eq(remote(Part.whole_id)), back_populates = whole, order_by = id)]
    parts: HasMany<Part>,
    #[orm(primaryjoin = Part.id.eq(remote(Part.whole_id)) & remote(Part.weight).gt(5), order_by = id)]
    heavy: HasMany<Part>,
}

async fn parts() -> Engine {
    let engine = empty_engine().await;
    metadata![Part].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let part = |path: &str, weight: i64| Part::builder().path(path).weight(weight);
    let wheel = part("car/wheel", 9).parts([part("car/wheel/nut", 1)]);
    session.add(part("car", 100).parts([wheel, part("car/horn", 2)]));
    session.commit().await.unwrap();
    engine
}

#[tokio::test]
async fn a_model_is_joined_to_itself_by_a_condition() {
    let engine = parts().await;
    let paths = |parts: &HasMany<Part>| {
        let mut paths: Vec<String> = parts.iter().map(|part| part.path.clone()).collect();
        paths.sort();
        paths
    };
    let query = select(Part).order_by(Part.path);
    for path in strategies(Part.below) {
        for limit in [9, 1] {
            let parts: Vec<Part> = query.clone().limit(limit).options(path.clone()).all(&engine).await.unwrap();
            assert_eq!(paths(&parts[0].below), ["car/horn", "car/wheel", "car/wheel/nut"]);
            assert!(parts.get(2).is_none_or(|wheel| paths(&wheel.below) == ["car/wheel/nut"]));
        }
    }
    for path in strategies(Part.heavy) {
        let parts: Vec<Part> = query.clone().options(path).all(&engine).await.unwrap();
        assert_eq!(parts.iter().map(|part| part.heavy.len()).collect::<Vec<_>>(), [1, 0, 0, 0]);
    }
    for path in strategies(Part.parts) {
        let parts: Vec<Part> = query.clone().options(path.selectinload(Part.whole)).all(&engine).await.unwrap();
        assert_eq!(parts.iter().map(|part| part.parts.len()).collect::<Vec<_>>(), [2, 0, 1, 0]);
        assert_eq!(parts[2].parts.get()[0].whole.get().map(|part| part.path.as_str()), Some("car/wheel"));
    }
    // In statements.
    let lower = Part.alias("lower");
    let pairs =
        select((Part.path, lower.path)).join(Part.below.of(lower)).filter(lower.weight.lt(2)).order_by(Part.path);
    let found = pairs.all(&engine).await.unwrap();
    assert_eq!(found.iter().map(|(upper, _)| upper.as_str()).collect::<Vec<_>>(), ["car", "car/wheel"]);
    let with_nuts = select(Part.path).filter(Part.below.any(Part.weight.eq(1))).order_by(Part.path);
    assert_eq!(with_nuts.all(&engine).await.unwrap(), ["car", "car/wheel"]);
    let wheel: Part = select(Part).filter(Part.path.eq("car/wheel")).one(&engine).await.unwrap();
    let below = select(Part.path).filter(with_parent(&wheel, Part.below));
    assert_eq!(below.all(&engine).await.unwrap(), ["car/wheel/nut"]);
    let above = select(Part.path).filter(Part.below.contains(&wheel));
    assert_eq!(above.all(&engine).await.unwrap(), ["car"]);
}

#[tokio::test]
async fn a_condition_to_itself_is_written() {
    let engine = parts().await;
    let mut session = Session::new(&engine);
    let car = session.query(Part).filter(Part.path.eq("car")).one().await.unwrap();
    session.load(car, Part.heavy).await.unwrap();
    let engine_part = session.link(car, Part.heavy, Part::builder().path("car/engine").weight(70));
    assert_eq!(session.handles(car, Part.heavy).len(), 2);
    assert_eq!(session[engine_part].whole.handle(), Some(car));
    session.commit().await.unwrap();
    assert_eq!(session[engine_part].whole_id, Some(session[car].id));
    session.load(car, Part.parts).await.unwrap();
    assert_eq!(session.handles(car, Part.parts).len(), 3);
    session.unlink(car, Part.parts, engine_part);
    session.commit().await.unwrap();
    session.load(car, Part.heavy).await.unwrap();
    assert_eq!((session.handles(car, Part.heavy).len(), session[engine_part].whole_id), (1, None));
}
