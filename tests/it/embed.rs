//! Structs embedded in models: their columns, under the names that the model gives them, in every place where columns stand.

use orm::prelude::*;
use orm::{Dialect, Model};

use crate::assert_statements;
use crate::support::{empty_engine, expected};

#[derive(Clone, Debug, PartialEq, Embed)]
pub(crate) struct Place {
    #[orm(column = "line")]
    pub(crate) street: String,
    #[orm(length = 80, index)]
    pub(crate) city: String,
    pub(crate) zip: Option<String>,
    #[orm(embed)]
    pub(crate) at: Point,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Embed)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Embed)]
pub(crate) struct Audit {
    pub(crate) author: Option<String>,
    pub(crate) edits: i32,
}

#[derive(Clone, Debug, PartialEq, Embed)]
pub(crate) struct Named {
    #[orm(length = 40, unique)]
    pub(crate) name: String,
    #[orm(foreign_key = Country.code, length = 2)]
    pub(crate) country: Option<String>,
    #[orm(computed = "upper(name)")]
    pub(crate) shouted: String,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "countries", metadata = none)]
pub(crate) struct Country {
    #[orm(primary_key, length = 2)]
    pub(crate) code: String,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "firms", metadata = none)]
pub(crate) struct Firm {
    #[orm(embed)]
    pub(crate) office: Place,
    #[orm(embed = "mail_")]
    pub(crate) letters: Place,
    #[orm(primary_key)]
    pub(crate) id: i64,
    #[orm(flatten)]
    pub(crate) named: Named,
    #[orm(flatten, default)]
    pub(crate) audit: Audit,
    pub(crate) parent_id: Option<i64>,
    #[orm(back_populates = firm)]
    pub(crate) workers: HasMany<Worker>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "workers", metadata = none)]
pub(crate) struct Worker {
    #[orm(primary_key)]
    pub(crate) id: i64,
    #[orm(foreign_key = Firm.id)]
    pub(crate) firm_id: i64,
    #[orm(back_populates = workers)]
    pub(crate) firm: BelongsTo<Firm>,
    #[orm(embed, default = Point { x: 1.0, y: 1.0 })]
    pub(crate) desk: Point,
}

#[derive(Debug, PartialEq, Row)]
#[orm(from = Firm)]
struct Card {
    id: i64,
    #[orm(nested)]
    office: Place,
    #[orm(from = Firm.named.name)]
    name: String,
}

fn place(street: &str, city: &str) -> Place {
    Place { street: street.into(), city: city.into(), zip: None, at: Point { x: 0.5, y: -0.5 } }
}

fn named(name: &str) -> Named {
    Named { name: name.into(), country: None, shouted: String::new() }
}

async fn prepared() -> Engine {
    let engine = empty_engine().await;
    tables().create_all(&engine).await.unwrap();
    engine
}

fn tables() -> MetaData {
    metadata![Country, Firm, Worker]
}

async fn with_firms(engine: &Engine) {
    let builder = Firm::builder().named(named("acme")).office(place("Rue 1", "Paris")).letters(place("PO 7", "Lyon"));
    let literal = Firm {
        id: 0,
        named: named("umbrella"),
        office: place("High St", "London"),
        letters: place("Low St", "London"),
        audit: Audit { author: Some("ed".into()), edits: 3 },
        parent_id: None,
        workers: HasMany::default(),
    };
    insert(Firm).values(builder).execute(engine).await.unwrap();
    insert(Firm).values(literal).execute(engine).await.unwrap();
}

#[test]
fn the_columns_come_after_the_models_own_under_the_names_that_it_gives_them() {
    expect_test::expect![[r#"
        CREATE TABLE countries (
            code VARCHAR(2) NOT NULL,
            PRIMARY KEY (code)
        );

        CREATE TABLE firms (
            id INTEGER NOT NULL,
            parent_id BIGINT,
            office_line TEXT NOT NULL,
            office_city VARCHAR(80) NOT NULL,
            office_zip TEXT,
            office_at_x DOUBLE NOT NULL,
            office_at_y DOUBLE NOT NULL,
            mail_line TEXT NOT NULL,
            mail_city VARCHAR(80) NOT NULL,
            mail_zip TEXT,
            mail_at_x DOUBLE NOT NULL,
            mail_at_y DOUBLE NOT NULL,
            name VARCHAR(40) NOT NULL,
            country VARCHAR(2),
            shouted TEXT GENERATED ALWAYS AS (upper(name)) VIRTUAL NOT NULL,
            author TEXT,
            edits INTEGER NOT NULL,
            PRIMARY KEY (id),
            CONSTRAINT uq_firms_name UNIQUE (name),
            CONSTRAINT fk_firms_country_countries FOREIGN KEY (country) REFERENCES countries (code)
        );

        CREATE INDEX ix_firms_office_city ON firms (office_city);

        CREATE INDEX ix_firms_mail_city ON firms (mail_city)"#]]
    .assert_eq(&metadata![Country, Firm].to_sql(Dialect::Sqlite));
}

#[tokio::test]
async fn values_are_written_and_read_as_structs() {
    let engine = prepared().await;
    with_firms(&engine).await;
    let firms = select(Firm).order_by(Firm.id).all(&engine).await.unwrap();
    assert_eq!(firms[0].office, place("Rue 1", "Paris"));
    assert_eq!(firms[0].letters, place("PO 7", "Lyon"));
    assert_eq!(firms[0].audit, Audit::default());
    assert_eq!(firms[1].named, Named { shouted: "UMBRELLA".into(), ..named("umbrella") });
    assert_eq!(firms[1].audit, Audit { author: Some("ed".into()), edits: 3 });
}

#[tokio::test]
async fn their_columns_are_attributes_like_others() {
    let engine = prepared().await;
    with_firms(&engine).await;
    let query = select((Firm.named.name, Firm.office.at.x)).filter(Firm.office.city.like("P%"));
    assert_eq!(query.all(&engine).await.unwrap(), [("acme".to_owned(), 0.5)]);
    let other = Firm.alias("other");
    let pairs = select((Firm.named.name, other.named.name))
        .join_on(other, Firm.office.city.ne(other.office.city) & Firm.letters.city.ne(other.office.city))
        .filter(other.audit.author.eq("ed"));
    assert_eq!(pairs.all(&engine).await.unwrap(), [("acme".to_owned(), "umbrella".to_owned())]);
    let changed = update(Firm).set(Firm.office.city, "Nice").set(Firm.audit.edits, Firm.audit.edits + 1);
    assert_eq!(changed.filter(Firm.named.name.eq("acme")).execute(&engine).await.unwrap(), 1);
    let read = select((Firm.office.city, Firm.audit.edits)).order_by(Firm.id).all(&engine).await.unwrap();
    assert_eq!(read, [("Nice".to_owned(), 1), ("London".to_owned(), 3)]);
}

#[tokio::test]
async fn a_struct_is_selected_and_compared_as_a_whole() {
    let engine = prepared().await;
    with_firms(&engine).await;
    let pairs: Vec<(i64, Place)> =
        select((Firm.id, Firm.letters)).filter(Firm.office.eq(&place("Rue 1", "Paris"))).all(&engine).await.unwrap();
    assert_eq!(pairs, [(1, place("PO 7", "Lyon"))]);
    let sql = select(Firm.id).filter(Firm.office.eq(&place("a", "b"))).to_sql(Dialect::Sqlite);
    assert_eq!(
        sql,
        "SELECT firms.id FROM firms WHERE firms.office_line = ? AND firms.office_city = ? \
         AND firms.office_zip IS NULL AND firms.office_at_x = ? AND firms.office_at_y = ?"
    );
    let cards: Vec<Card> = select(Card).order_by(Firm.id).limit(1).all(&engine).await.unwrap();
    assert_eq!(cards, [Card { id: 1, office: place("Rue 1", "Paris"), name: "acme".into() }]);
}

#[tokio::test]
async fn a_struct_is_set_ordered_and_grouped_by_as_a_whole() {
    let engine = prepared().await;
    with_firms(&engine).await;
    let home = Place { zip: Some("75001".into()), ..place("Quai 2", "Paris") };
    let mut session = Session::new(&engine);
    let firms = session.query(Firm).order_by(Firm.id).all().await.unwrap();
    let moved = update(Firm).set_embedded(Firm.office, &home).set_embedded(Firm.named, named("acne"));
    assert_eq!(moved.filter(Firm.id.eq(1)).execute(&mut session).await.unwrap(), 1);
    session.refresh(firms[0]).await.unwrap();
    assert_eq!((&session[firms[0]].office, session[firms[0]].named.shouted.as_str()), (&home, "ACNE"));
    assert_eq!(session[firms[1]].office, place("High St", "London"));
    session.commit().await.unwrap();

    let later = home.clone();
    let worker = |firm_id: i64, x: f64, y: f64| Worker::builder().firm_id(firm_id).desk(Point { x, y });
    let workers = [worker(1, 2.0, 1.0), worker(1, 1.0, 5.0), worker(2, 1.0, 3.0), worker(2, 2.0, 1.0)];
    insert(Worker).values(workers).execute(&engine).await.unwrap();
    let by_desk = select(Worker.id).order_by((Worker.desk, Worker.id));
    assert_eq!(by_desk.all(&engine).await.unwrap(), [3, 2, 1, 4]);
    let desks = select((Worker.desk, func::count(Worker.id))).group_by(Worker.desk).order_by(Worker.desk);
    let point = |x, y| Point { x, y };
    let expected = [(point(1.0, 3.0), 1), (point(1.0, 5.0), 1), (point(2.0, 1.0), 2)];
    assert_eq!(desks.all(&engine).await.unwrap(), expected);

    let row = || Worker::builder().id(4).firm_id(1).desk(point(7.0, 7.0));
    insert(Worker).values(row()).on_conflict(Worker.id).do_update(Worker.desk).execute(&engine).await.unwrap();
    let fourth = || select((Worker.firm_id, Worker.desk)).filter(Worker.id.eq(4));
    assert_eq!(fourth().one(&engine).await.unwrap(), (2, point(7.0, 7.0)));
    let set = insert(Worker).values(row()).on_conflict(Worker.id).set_embedded(Worker.desk, point(8.0, 9.0));
    set.do_update(Worker.firm_id).execute(&engine).await.unwrap();
    assert_eq!(fourth().one(&engine).await.unwrap(), (1, point(8.0, 9.0)));

    let mut values = select(Firm).filter(Firm.id.eq(2)).all(&engine).await.unwrap();
    values[0].office = later;
    values[0].audit.edits = 99;
    let mut session = Session::new(&engine);
    session.bulk_update(Firm.office, values).await.unwrap();
    let second = session.get(Firm, 2).await.unwrap().unwrap();
    assert_eq!((&session[second].office, session[second].audit.edits), (&home, 3));
    session[second].office.city = "Lyon".into();
    session.expire_attributes(second, Firm.office).unwrap();
    session.refresh_attributes(second, Firm.office).await.unwrap();
    assert_eq!(session[second].office, home);
}

#[tokio::test]
async fn a_session_updates_the_columns_that_changed() {
    let engine = prepared().await;
    with_firms(&engine).await;
    let mut session = Session::new(&engine);
    let acme = session.query(Firm).filter(Firm.named.name.eq("acme")).one().await.unwrap();
    session[acme].office.city = "Nice".into();
    assert_eq!(session.history(acme, Firm.office.city).unwrap().added, ["Nice"]);
    assert!(session.history(acme, Firm.office.street).unwrap().added.is_empty());
    let why = "it reads what the database computes by a SELECT";
    let statements = expected(1, [(Dialect::MariaDb, 2, why), (Dialect::MySql, 2, why)]);
    assert_statements!(engine, statements, session.flush().await.unwrap());
    let office: Place =
        select(Firm.office).filter(Firm.id.eq(1)).one(session.connection().await.unwrap()).await.unwrap();
    assert_eq!(office, place("Rue 1", "Nice"));
    session.rollback().await.unwrap();
    session.refresh(acme).await.unwrap();
    assert_eq!(session[acme].office.city, "Paris");
}

#[tokio::test]
async fn new_objects_have_what_the_database_computes_and_what_the_builder_fills_in() {
    let engine = prepared().await;
    let mut session = Session::new(&engine);
    let acme = session.add(
        Firm::builder()
            .named(named("acme"))
            .office(place("Rue 1", "Paris"))
            .letters(place("PO 7", "Lyon"))
            .workers([Worker::builder(), Worker::builder().desk(Point { x: 2.0, y: 3.0 })]),
    );
    session.commit().await.unwrap();
    session.refresh(acme).await.unwrap();
    assert_eq!(session[acme].named.shouted, "ACME");
    let firms = select(Firm).options(selectinload(Firm.workers)).all(&engine).await.unwrap();
    let desks: Vec<Point> = firms[0].workers.iter().map(|worker| worker.desk).collect();
    assert_eq!(desks, [Point { x: 1.0, y: 1.0 }, Point { x: 2.0, y: 3.0 }]);
}

#[tokio::test]
async fn constraints_inside_hold_and_errors_name_the_column() {
    let engine = prepared().await;
    with_firms(&engine).await;
    let again = Firm::builder().named(named("acme")).office(place("a", "b")).letters(place("a", "b"));
    let error = insert(Firm).values(again).execute(&engine).await.unwrap_err();
    assert!(error.is_unique_violation(), "{error}");
    let names: Vec<&str> = Firm::__mapper().definition().columns.iter().map(|column| column.field).collect();
    assert_eq!(names[2..7], ["office.street", "office.city", "office.zip", "office.at.x", "office.at.y"]);
}
