//! Enums embedded in models: the tag says the variant, and each variant has its columns. Single-table inheritance.

use orm::prelude::*;
use orm::{Dialect, Expr, Json};
use rust_decimal::Decimal;

use crate::assert_statements;
use crate::support::empty_engine;

#[derive(Clone, Debug, PartialEq, Embed)]
#[orm(tag = "method", rename_all = "snake_case", index)]
pub(crate) enum Payment {
    Card {
        #[orm(length = 4)]
        last4: String,
        #[orm(column = "card_holder")]
        holder: Option<String>,
        note: String,
    },
    #[orm(rename = "wire")]
    Transfer {
        #[orm(length = 34, unique)]
        iban: String,
        #[orm(foreign_key = Bank.id)]
        bank_id: i64,
        note: Option<String>,
    },
    Voucher(#[orm(precision = 10, scale = 2)] Decimal),
    Cash,
}

#[derive(Clone, Debug, PartialEq, Embed)]
pub(crate) enum Shape {
    Circle {
        radius: f64,
    },
    Polygon {
        #[orm(json)]
        corners: Vec<(i32, i32)>,
        #[orm(json)]
        names: Option<Vec<String>>,
    },
    #[orm(rename = "")]
    Point,
}

/// An enum in a struct in a model.
#[derive(Clone, Debug, PartialEq, Embed)]
pub(crate) struct Place {
    pub(crate) title: String,
    #[orm(embed)]
    pub(crate) shape: Shape,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "banks", metadata = none)]
pub(crate) struct Bank {
    #[orm(primary_key)]
    pub(crate) id: i64,
    pub(crate) name: String,
    #[orm(back_populates = bank)]
    pub(crate) orders: HasMany<Purchase>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "purchases", metadata = none)]
pub(crate) struct Purchase {
    #[orm(primary_key)]
    pub(crate) id: i64,
    pub(crate) total: i64,
    #[orm(embed, default = Payment::Cash)]
    pub(crate) payment: Payment,
    #[orm(flatten)]
    pub(crate) place: Place,
    #[orm(back_populates = orders, foreign_key = Purchase.payment.bank_id)]
    pub(crate) bank: BelongsTo<Bank>,
}

fn card(last4: &str) -> Payment {
    Payment::Card { last4: last4.into(), holder: None, note: "n".into() }
}

fn wire(iban: &str, bank_id: i64) -> Payment {
    Payment::Transfer { iban: iban.into(), bank_id, note: None }
}

fn place(shape: Shape) -> Place {
    Place { title: "here".into(), shape }
}

fn polygon() -> Shape {
    Shape::Polygon { corners: vec![(0, 0), (1, 2)], names: Some(vec!["a".into()]) }
}

fn tables() -> MetaData {
    metadata![Bank, Purchase]
}

async fn prepared() -> Engine {
    let engine = empty_engine().await;
    tables().create_all(&engine).await.unwrap();
    insert(Bank).values(Bank::builder().name("first")).execute(&engine).await.unwrap();
    engine
}

async fn with_purchases() -> Engine {
    let engine = prepared().await;
    let builder = |total: i64, payment: Payment, shape: Shape| {
        Purchase::builder().total(total).payment(payment).place(place(shape))
    };
    let rows = [
        builder(1, card("4242"), Shape::Circle { radius: 0.5 }),
        builder(2, wire("DE1", 1), polygon()),
        builder(3, Payment::Voucher("12.5".parse().unwrap()), Shape::Point),
        builder(4, Payment::Cash, Shape::Polygon { corners: vec![], names: None }),
    ];
    for row in rows {
        insert(Purchase).values(row).execute(&engine).await.unwrap();
    }
    engine
}

async fn payments(engine: &Engine) -> Vec<Payment> {
    select(Purchase.payment).order_by(Purchase.id).all(engine).await.unwrap()
}

#[test]
fn the_tag_and_the_fields_of_all_variants_are_columns() {
    expect_test::expect![[r#"
        CREATE TABLE banks (
            id INTEGER NOT NULL,
            name TEXT NOT NULL,
            PRIMARY KEY (id)
        );

        CREATE TABLE purchases (
            id INTEGER NOT NULL,
            total BIGINT NOT NULL,
            payment_method VARCHAR(64) NOT NULL,
            payment_last4 VARCHAR(4),
            payment_card_holder TEXT,
            payment_note TEXT,
            payment_iban VARCHAR(34),
            payment_bank_id BIGINT,
            payment_voucher TEXT,
            title TEXT NOT NULL,
            shape_kind VARCHAR(64) NOT NULL,
            shape_radius DOUBLE,
            shape_corners TEXT,
            shape_names TEXT,
            PRIMARY KEY (id),
            CONSTRAINT uq_purchases_payment_iban UNIQUE (payment_iban),
            CONSTRAINT fk_purchases_payment_bank_id_banks FOREIGN KEY (payment_bank_id) REFERENCES banks (id)
        );

        CREATE INDEX ix_purchases_payment_method ON purchases (payment_method)"#]]
    .assert_eq(&metadata![Bank, Purchase].to_sql(Dialect::Sqlite));
}

#[tokio::test]
async fn values_are_written_and_read_as_variants() {
    let engine = with_purchases().await;
    let read = select(Purchase).order_by(Purchase.id).all(&engine).await.unwrap();
    let payments: Vec<&Payment> = read.iter().map(|purchase| &purchase.payment).collect();
    let voucher = Payment::Voucher("12.5".parse().unwrap());
    assert_eq!(payments, [&card("4242"), &wire("DE1", 1), &voucher, &Payment::Cash]);
    let shapes: Vec<&Shape> = read.iter().map(|purchase| &purchase.place.shape).collect();
    let empty = Shape::Polygon { corners: vec![], names: None };
    assert_eq!(shapes, [&Shape::Circle { radius: 0.5 }, &polygon(), &Shape::Point, &empty]);
    let left_out = Purchase::builder().total(5).place(place(Shape::Point));
    insert(Purchase).values(left_out).execute(&engine).await.unwrap();
    let fifth = select(Purchase.payment).filter(Purchase.total.eq(5)).one(&engine).await.unwrap();
    assert_eq!(fifth, Payment::Cash);
}

#[tokio::test]
async fn queries_ask_for_variants_and_their_fields() {
    let engine = with_purchases().await;
    let totals = async |condition: Expr<bool>| {
        select(Purchase.total).filter(condition).order_by(Purchase.total).all(&engine).await.unwrap()
    };
    assert_eq!(totals(Purchase.payment.is_card()).await, [1]);
    assert_eq!(totals(Purchase.payment.is_transfer()).await, [2]);
    assert_eq!(totals(Purchase.place.shape.is_polygon()).await, [2, 4]);
    assert_eq!(totals(Purchase.place.shape.is_point()).await, [3]);
    assert_eq!(totals(Purchase.payment.method.in_(["card", "cash"])).await, [1, 4]);
    let noted = select(Purchase.total).filter(Purchase.payment.note.eq("n")).all(&engine).await.unwrap();
    assert_eq!(noted, [1]);
    let same = select(Purchase.total).filter(Purchase.payment.eq(&wire("DE1", 1))).all(&engine).await.unwrap();
    assert_eq!(same, [2]);
    let other = Purchase.alias("other");
    let pairs = select((Purchase.total, other.total))
        .join_on(other, Purchase.total.lt(other.total))
        .filter(Purchase.payment.is_card() & other.payment.is_cash());
    assert_eq!(pairs.all(&engine).await.unwrap(), [(1, 4)]);
    let corners = select(Purchase.place.shape.corners).filter(Purchase.total.eq(2)).one(&engine).await.unwrap();
    assert_eq!(corners, Some(Json(vec![(0, 0), (1, 2)])));
}

#[tokio::test]
async fn a_session_updates_what_changed_and_empties_what_went() {
    let engine = with_purchases().await;
    let mut session = Session::new(&engine);
    let all = session.query(Purchase).order_by(Purchase.id).all().await.unwrap();
    let Payment::Card { last4, .. } = &mut session[all[0]].payment else { panic!("a card") };
    "1111".clone_into(last4);
    let history = session.history(all[0], Purchase.payment.last4).unwrap();
    assert_eq!((history.added, history.deleted), (vec![Some("1111".into())], vec![Some("4242".into())]));
    assert!(!session.history(all[0], Purchase.payment.method).unwrap().has_changes());
    assert_statements!(engine, 1, session.flush().await.unwrap());
    session[all[1]].payment = card("2222");
    session[all[3]].payment = wire("DE2", 1);
    session.commit().await.unwrap();
    let voucher = Payment::Voucher("12.5".parse().unwrap());
    assert_eq!(payments(&engine).await, [card("1111"), card("2222"), voucher, wire("DE2", 1)]);
    let left: Vec<(Option<String>, Option<i64>)> = select((Purchase.payment.iban, Purchase.payment.bank_id))
        .filter(Purchase.total.eq(2))
        .all(&engine)
        .await
        .unwrap();
    assert_eq!(left, [(None, None)]);
}

#[tokio::test]
async fn an_expired_object_becomes_the_variant_that_its_row_has() {
    let engine = with_purchases().await;
    let mut session = Session::new(&engine);
    let all = session.query(Purchase).order_by(Purchase.id).all().await.unwrap();
    session.commit().await.unwrap();
    let changed = update(Purchase)
        .set(Purchase.payment.method, "wire")
        .set(Purchase.payment.iban, "FR1")
        .set(Purchase.payment.bank_id, 1)
        .set(Purchase.payment.note, None::<String>)
        .filter(Purchase.total.eq(1));
    // What is left in the columns of other variants is not looked at.
    assert_eq!(changed.execute(&engine).await.unwrap(), 1);
    session.query(Purchase).all().await.unwrap();
    assert_eq!(session[all[0]].payment, wire("FR1", 1));
    session.refresh(all[0]).await.unwrap();
    assert_eq!(session[all[0]].payment, wire("FR1", 1));
}

#[tokio::test]
async fn an_update_that_the_session_runs_is_followed() {
    let engine = with_purchases().await;
    let mut session = Session::new(&engine);
    let all = session.query(Purchase).order_by(Purchase.id).all().await.unwrap();
    let changed = update(Purchase).set(Purchase.payment.method, "cash").filter(Purchase.payment.is_card());
    assert_eq!(changed.execute(&mut session).await.unwrap(), 1);
    session.refresh(all[0]).await.unwrap();
    assert_eq!(session[all[0]].payment, Payment::Cash);
    assert_eq!(session[all[1]].payment, wire("DE1", 1));
}

#[tokio::test]
async fn a_statement_sets_a_variant_as_a_whole() {
    let engine = with_purchases().await;
    let mut session = Session::new(&engine);
    let all = session.query(Purchase).order_by(Purchase.id).all().await.unwrap();
    let wired = update(Purchase).set_embedded(Purchase.payment, wire("NL7", 1)).filter(Purchase.id.eq(1));
    assert_eq!(wired.execute(&mut session).await.unwrap(), 1);
    let drawn = update(Purchase).set_embedded(Purchase.place.shape, polygon()).filter(Purchase.id.eq(3));
    assert_eq!(drawn.execute(&mut session).await.unwrap(), 1);
    session.refresh(all[0]).await.unwrap();
    session.refresh(all[2]).await.unwrap();
    assert_eq!((&session[all[0]].payment, &session[all[2]].place.shape), (&wire("NL7", 1), &polygon()));
    session.commit().await.unwrap();
    assert_eq!(payments(&engine).await[..2], [wire("NL7", 1), wire("DE1", 1)]);

    let row = Purchase::builder().id(1).total(5).payment(Payment::Cash).place(place(Shape::Point));
    let upsert = insert(Purchase).values(row).on_conflict(Purchase.id).do_update((Purchase.payment, Purchase.total));
    upsert.execute(&engine).await.unwrap();
    let first = select(Purchase).filter(Purchase.id.eq(1)).one(&engine).await.unwrap();
    assert_eq!((first.total, first.payment, first.place.shape), (5, Payment::Cash, Shape::Circle { radius: 0.5 }));
}

#[tokio::test]
async fn what_was_changed_is_kept_as_a_whole_when_the_row_is_read_again() {
    let engine = with_purchases().await;
    let mut session = Session::new(&engine);
    let all = session.query(Purchase).order_by(Purchase.id).all().await.unwrap();
    session.commit().await.unwrap();
    let Payment::Card { last4, .. } = &mut session[all[0]].payment else { panic!("a card") };
    "9999".clone_into(last4);
    session[all[1]].total = 22;
    let elsewhere = update(Purchase).set(Purchase.payment.note, "new").set(Purchase.place.title, "there");
    elsewhere.execute(&engine).await.unwrap();
    session.no_autoflush().query(Purchase).all().await.unwrap();
    assert_eq!(session[all[0]].payment, card("9999"));
    let second = &session[all[1]];
    let noted = Payment::Transfer { iban: "DE1".into(), bank_id: 1, note: Some("new".into()) };
    assert_eq!((second.total, &second.payment, second.place.title.as_str()), (22, &noted, "there"));
}

#[tokio::test]
async fn single_fields_are_refreshed_and_expired_with_their_variant() {
    let engine = with_purchases().await;
    let mut session = Session::new(&engine);
    let all = session.query(Purchase).order_by(Purchase.id).all().await.unwrap();
    session[all[0]].payment = Payment::Cash;
    session[all[0]].total = 11;
    session.refresh_attributes(all[0], Purchase.payment.last4).await.unwrap();
    assert_eq!((session[all[0]].total, &session[all[0]].payment), (11, &card("4242")));
    session[all[1]].payment = Payment::Cash;
    session.expire_attributes(all[1], Purchase.payment.iban).unwrap();
    assert_eq!(session[all[1]].payment, wire("DE1", 1));
    session.commit().await.unwrap();
    assert_eq!(payments(&engine).await[..2], [card("4242"), wire("DE1", 1)]);
}

#[tokio::test]
async fn a_merged_value_brings_its_variant() {
    let engine = with_purchases().await;
    let mut value = select(Purchase).filter(Purchase.total.eq(1)).one(&engine).await.unwrap();
    value.payment = Payment::Transfer { iban: "IT1".into(), bank_id: 1, note: Some("n".into()) };
    let mut session = Session::new(&engine);
    let merged = session.merge(value.clone()).await.unwrap();
    assert_eq!(session[merged].payment, value.payment);
    session.commit().await.unwrap();
    assert_eq!(payments(&engine).await[0], value.payment);
}

#[tokio::test]
async fn a_rollback_brings_the_variant_back() {
    let engine = with_purchases().await;
    let mut session = Session::new(&engine);
    let first = session.query(Purchase).filter(Purchase.total.eq(1)).one().await.unwrap();
    session[first].payment = Payment::Cash;
    session.flush().await.unwrap();
    session.rollback().await.unwrap();
    assert_eq!(session[first].payment, card("4242"));
}

#[tokio::test]
async fn a_relationship_may_go_by_the_foreign_key_of_a_variant() {
    let engine = with_purchases().await;
    let banks = select(Bank).options(selectinload(Bank.orders)).all(&engine).await.unwrap();
    let totals: Vec<i64> = banks[0].orders.iter().map(|order| order.total).collect();
    assert_eq!(totals, [2]);
    let mut session = Session::new(&engine);
    let second = session.add(Bank::builder().name("second"));
    let wired = session.query(Purchase).filter(Purchase.payment.is_transfer()).one().await.unwrap();
    session.link(wired, Purchase.bank, second);
    session.flush().await.unwrap();
    let id = session[second].id;
    assert_eq!(session[wired].payment, wire("DE1", id));
    let cash = session.query(Purchase).filter(Purchase.payment.is_cash()).one().await.unwrap();
    session.link(cash, Purchase.bank, second);
    let error = session.flush().await.unwrap_err();
    assert!(error.to_string().contains("the variant `cash` has no `bank_id`"), "{error}");
}

#[tokio::test]
async fn what_cannot_be_read_is_told_by_its_column() {
    let engine = with_purchases().await;
    update(Purchase).set(Purchase.payment.method, "boat").filter(Purchase.total.eq(1)).execute(&engine).await.unwrap();
    let error = select(Purchase).all(&engine).await.unwrap_err().to_string();
    assert!(error.contains("`purchases.payment_method` cannot be read"), "{error}");
    let known = "\"boat\" is no variant of `Payment`, which has `card`, `wire`, `voucher`, `cash`";
    assert!(error.contains(known), "{error}");
    update(Purchase).set(Purchase.payment.method, "wire").filter(Purchase.total.eq(1)).execute(&engine).await.unwrap();
    let error = select(Purchase).all(&engine).await.unwrap_err().to_string();
    assert!(error.contains("`purchases.payment_iban` cannot be read: it is NULL"), "{error}");
    assert!(error.contains("in a row of the variant `wire`, whose field is not an `Option`"), "{error}");
    assert!(!error.contains("optional("), "{error}");
}

#[tokio::test]
async fn many_rows_of_different_variants_are_inserted_and_changed_at_once() {
    let engine = prepared().await;
    let mut session = Session::new(&engine);
    let payment = |number: usize| match number % 3 {
        0 => card(&format!("{number:04}")),
        1 => wire(&format!("DE{number}"), 1),
        _ => Payment::Cash,
    };
    let added: Vec<_> = (0..30)
        .map(|number| {
            let builder = Purchase::builder().total(number as i64).payment(payment(number));
            session.add(builder.place(place(Shape::Circle { radius: number as f64 })))
        })
        .collect();
    session.commit().await.unwrap();
    assert_eq!(payments(&engine).await, (0..30).map(payment).collect::<Vec<_>>());
    // The unique numbers of accounts go round, from one row to the next of its kind.
    for number in 0..30 {
        session[added[number]].payment = payment((number + 3) % 30);
    }
    session.commit().await.unwrap();
    assert_eq!(payments(&engine).await, (0..30).map(|number| payment((number + 3) % 30)).collect::<Vec<_>>());
}
