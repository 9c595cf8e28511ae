//! Embedded structs and enums that may be missing: fields that are an `Option`, whose columns are NULL together.

use orm::prelude::*;
use orm::{Dialect, ErrorKind};

use crate::assert_statements;
use crate::support::{empty_engine, expected};

#[derive(Clone, Debug, PartialEq, Embed)]
struct Place {
    street: String,
    #[orm(length = 40, index)]
    city: String,
    zip: Option<String>,
    #[orm(embed)]
    at: Option<Point>,
}

#[derive(Clone, Copy, Debug, PartialEq, Embed)]
struct Point {
    x: f64,
    y: f64,
}

#[derive(Clone, Debug, PartialEq, Embed)]
struct Weight {
    grams: i64,
}

#[derive(Clone, Debug, PartialEq, Embed)]
enum Proof {
    Signature { name: String },
    Photo { link: String, note: Option<String> },
    Neighbour,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "parcels", metadata = none)]
struct Parcel {
    #[orm(primary_key)]
    id: i64,
    name: String,
    #[orm(embed)]
    pickup: Option<Place>,
    #[orm(flatten)]
    weight: Option<Weight>,
    #[orm(embed)]
    proof: Option<Proof>,
    #[orm(embed = "at_", default = Some(Point { x: 1.0, y: 2.0 }))]
    seen: Option<Point>,
}

#[derive(Debug, PartialEq, Row)]
#[orm(from = Parcel)]
struct Card {
    name: String,
    #[orm(nested)]
    pickup: Option<Place>,
    #[orm(from = Parcel.pickup.city)]
    city: Option<String>,
}

fn place(city: &str) -> Place {
    Place { street: "Rue 1".into(), city: city.into(), zip: None, at: Some(Point { x: 0.5, y: -0.5 }) }
}

fn parcel(name: &str) -> Parcel {
    Parcel { id: 0, name: name.into(), pickup: None, weight: None, proof: None, seen: None }
}

fn full(name: &str) -> Parcel {
    Parcel {
        pickup: Some(place("Paris")),
        weight: Some(Weight { grams: 500 }),
        proof: Some(Proof::Photo { link: "a.jpg".into(), note: None }),
        seen: Some(Point { x: 3.0, y: 4.0 }),
        ..parcel(name)
    }
}

async fn prepared() -> Engine {
    let engine = empty_engine().await;
    metadata![Parcel].create_all(&engine).await.unwrap();
    insert(Parcel).values([parcel("none"), full("all")]).execute(&engine).await.unwrap();
    engine
}

async fn all(engine: &Engine) -> Vec<Parcel> {
    select(Parcel).order_by(Parcel.id).all(engine).await.unwrap()
}

#[test]
fn the_columns_may_all_be_null() {
    expect_test::expect![[r#"
        CREATE TABLE parcels (
            id INTEGER NOT NULL,
            name TEXT NOT NULL,
            pickup_street TEXT,
            pickup_city VARCHAR(40),
            pickup_zip TEXT,
            pickup_at_x DOUBLE,
            pickup_at_y DOUBLE,
            grams BIGINT,
            proof_kind VARCHAR(64),
            proof_name TEXT,
            proof_link TEXT,
            proof_note TEXT,
            at_x DOUBLE,
            at_y DOUBLE,
            PRIMARY KEY (id)
        );

        CREATE INDEX ix_parcels_pickup_city ON parcels (pickup_city)"#]]
    .assert_eq(&metadata![Parcel].to_sql(Dialect::Sqlite));
}

#[tokio::test]
async fn what_is_written_is_read() {
    let engine = prepared().await;
    assert_eq!(all(&engine).await, [Parcel { id: 1, ..parcel("none") }, Parcel { id: 2, ..full("all") }]);
    let cards: Vec<Card> = select(Card).order_by(Parcel.id).all(&engine).await.unwrap();
    let none = Card { name: "none".into(), pickup: None, city: None };
    let of_all = Card { name: "all".into(), pickup: Some(place("Paris")), city: Some("Paris".into()) };
    assert_eq!(cards, [none, of_all]);
    let weights: Vec<Option<Weight>> = select(Parcel.weight).order_by(Parcel.id).all(&engine).await.unwrap();
    assert_eq!(weights, [None, Some(Weight { grams: 500 })]);
}

#[tokio::test]
async fn a_builder_may_leave_it_out_and_takes_it_with_and_without_option() {
    let engine = empty_engine().await;
    metadata![Parcel].create_all(&engine).await.unwrap();
    let seen = Some(Point { x: 1.0, y: 2.0 });
    let mut session = Session::new(&engine);
    session.add(Parcel::builder().name("a"));
    session.add(Parcel::builder().name("b").pickup(place("Lyon")).weight(Some(Weight { grams: 1 })).seen(None));
    session.commit().await.unwrap();
    let a = Parcel { id: 1, seen, ..parcel("a") };
    let b = Parcel { id: 2, pickup: Some(place("Lyon")), weight: Some(Weight { grams: 1 }), ..parcel("b") };
    assert_eq!(all(&engine).await, [a, b]);
}

#[tokio::test]
async fn a_session_writes_what_comes_what_goes_and_what_changes_in_it() {
    let engine = prepared().await;
    let mut session = Session::new(&engine);
    let found = session.query(Parcel).order_by(Parcel.id).all().await.unwrap();
    let [none, some] = found[..] else { panic!("two parcels") };
    session[none].pickup = Some(place("Nice"));
    session[none].weight = Some(Weight { grams: 7 });
    session[none].proof = Some(Proof::Neighbour);
    session[some].pickup = None;
    session[some].weight = None;
    session[some].proof = None;
    session[some].seen.as_mut().unwrap().y = 9.0;
    assert_eq!(session.history(some, Parcel.seen.y).unwrap().added, [Some(9.0)]);
    assert!(session.history(some, Parcel.seen.x).unwrap().added.is_empty());
    session.commit().await.unwrap();
    let first = Parcel {
        id: 1,
        pickup: Some(place("Nice")),
        weight: Some(Weight { grams: 7 }),
        proof: Some(Proof::Neighbour),
        ..parcel("none")
    };
    let second = Parcel { id: 2, seen: Some(Point { x: 3.0, y: 9.0 }), ..parcel("all") };
    assert_eq!(all(&engine).await, [first.clone(), second.clone()]);
    session.refresh(none).await.unwrap();
    session.refresh(some).await.unwrap();
    assert_eq!((&session[none], &session[some]), (&first, &second));
}

#[tokio::test]
async fn only_what_has_changed_is_written() {
    let engine = prepared().await;
    let mut session = Session::new(&engine);
    let some = session.get_one(Parcel, 2).await.unwrap();
    session[some].pickup.as_mut().unwrap().city = "Brest".into();
    session[some].pickup.as_mut().unwrap().at = None;
    assert_statements!(engine, expected(1, []), session.flush().await.unwrap());
    session.commit().await.unwrap();
    let changed = Place { at: None, ..place("Brest") };
    assert_eq!(all(&engine).await[1].pickup, Some(changed));
}

#[tokio::test]
async fn a_rollback_brings_back_what_was_there() {
    let engine = prepared().await;
    let mut session = Session::new(&engine);
    let none = session.get_one(Parcel, 1).await.unwrap();
    let some = session.get_one(Parcel, 2).await.unwrap();
    let mut nested = session.begin_nested().await.unwrap();
    nested[none].pickup = Some(place("Nice"));
    nested[some].pickup = None;
    nested[some].proof = Some(Proof::Signature { name: "ed".into() });
    nested.flush().await.unwrap();
    nested.rollback().await.unwrap();
    session.refresh(none).await.unwrap();
    session.refresh(some).await.unwrap();
    assert_eq!(session[none], Parcel { id: 1, ..parcel("none") });
    assert_eq!(session[some], Parcel { id: 2, ..full("all") });

    // One attribute brings the whole with it.
    session[none].pickup = Some(place("Nice"));
    session.expire_attributes(none, Parcel.pickup.city).unwrap();
    session.refresh_attributes(none, Parcel.pickup.city).await.unwrap();
    assert_eq!(session[none].pickup, None);
}

#[tokio::test]
async fn a_merge_takes_what_is_given() {
    let engine = prepared().await;
    let mut session = Session::new(&engine);
    let merged = session.merge(Parcel { id: 1, ..full("none") }).await.unwrap();
    let gone = session.merge(Parcel { id: 2, ..parcel("all") }).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(all(&engine).await, [Parcel { id: 1, ..full("none") }, Parcel { id: 2, ..parcel("all") }]);
    assert_eq!((session[merged].id, session[gone].id), (1, 2));
}

#[tokio::test]
async fn it_is_asked_for_compared_and_set() {
    let engine = prepared().await;
    let ids = async |condition: orm::Expr<Option<bool>>| {
        select(Parcel.id).filter(condition).order_by(Parcel.id).all(&engine).await.unwrap()
    };
    assert_eq!(ids(Parcel.pickup.eq(&place("Paris"))).await, [2]);
    assert_eq!(ids(Parcel.pickup.eq(&Some(place("Paris")))).await, [2]);
    assert_eq!(ids(Parcel.pickup.eq(None)).await, [1]);
    assert_eq!(ids(Parcel.pickup.city.eq("Paris")).await, [2]);
    let of = |query: Select<i64>| query.to_sql(Dialect::Sqlite);
    assert_eq!(
        of(select(Parcel.id).filter(Parcel.pickup.is_null() & Parcel.proof.is_not_null() & Parcel.pickup.at.is_null())),
        "SELECT parcels.id FROM parcels WHERE parcels.pickup_street IS NULL AND parcels.proof_kind IS NOT NULL \
         AND parcels.pickup_at_x IS NULL"
    );
    assert_eq!(select(Parcel.id).filter(Parcel.proof.is_photo()).all(&engine).await.unwrap(), [2]);

    update(Parcel).set_embedded(Parcel.pickup, None).filter(Parcel.id.eq(2)).execute(&engine).await.unwrap();
    update(Parcel)
        .set_embedded(Parcel.pickup, Some(place("Metz")))
        .filter(Parcel.id.eq(1))
        .execute(&engine)
        .await
        .unwrap();
    let pickups: Vec<Option<Place>> = select(Parcel.pickup).order_by(Parcel.id).all(&engine).await.unwrap();
    assert_eq!(pickups, [Some(place("Metz")), None]);
}

#[tokio::test]
async fn a_row_that_has_a_part_of_it_is_told() {
    let engine = prepared().await;
    update(Parcel).set(Parcel.pickup.city, None).filter(Parcel.id.eq(2)).execute(&engine).await.unwrap();
    let error = select(Parcel).filter(Parcel.id.eq(2)).all(&engine).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Data);
    assert!(error.message().contains("parcels.pickup_city"), "{error}");
}
