//! Enums of models: the types that databases have for them, and their values wherever a statement may have one.

use orm::prelude::*;
use orm::schema::{Inspector, Table, View};
use orm::{ColumnType, Dialect, ErrorKind, func, literal, text};

use crate::only;
use crate::reflect::comes_back;
use crate::support::{dialect, empty_engine};

#[derive(Clone, Copy, Debug, PartialEq, SqlEnum)]
#[orm(rename_all = "snake_case")]
enum Status {
    Active,
    OnLeave,
    #[orm(rename = "it's \\ gone")]
    Gone,
}

#[derive(Clone, Copy, Debug, PartialEq, SqlEnum)]
#[orm(native = false, create_constraint, rename_all = "lowercase")]
enum Size {
    Small,
    Large,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "members", metadata = none)]
struct Member {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 30, unique)]
    name: String,
    #[orm(server_default = "'active'", index)]
    status: Status,
    before: Option<Status>,
    #[orm(default = Size::Small)]
    size: Size,
}

async fn members() -> Engine {
    let engine = empty_engine().await;
    metadata![Member].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    session.add(Member::builder().name("ed").status(Status::OnLeave).before(Status::Active));
    session.add(Member::builder().name("wendy").status(Status::Gone).size(Size::Large));
    session.add(Member::builder().name("mary"));
    session.commit().await.unwrap();
    engine
}

async fn names(engine: &Engine, condition: impl Fn() -> orm::Expr<bool>) -> Vec<String> {
    select(Member.name).filter(condition()).order_by(Member.id.asc()).all(engine).await.unwrap()
}

/// As several programs do that are started together: PostgreSQL's `IF NOT EXISTS` fails for what another is just creating.
#[tokio::test]
async fn several_create_types_and_tables_at_once() {
    for _ in 0..5 {
        let engine = empty_engine().await;
        let create = || {
            let engine = engine.clone();
            tokio::spawn(async move { metadata![Member].create_all(&engine).await })
        };
        let tasks = [create(), create(), create(), create()];
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        metadata![Member].check(&engine).await.unwrap();
        metadata![Member].drop_all(&engine).await.unwrap();
    }
}

#[tokio::test]
async fn a_column_of_labels_has_the_type_of_its_database() {
    let engine = members().await;
    metadata![Member].check(&engine).await.unwrap();
    let table = MetaData::reflect(&engine).await.unwrap().tables().unwrap().remove(0);
    let of = |name: &str| table.find_column(name).unwrap().column_type.clone();
    let name = if dialect() == Dialect::Postgres { "status" } else { "" };
    let native = ColumnType::labels(name, &["active", "on_leave", "it's \\ gone"]);
    let status = if dialect() == Dialect::Sqlite { ColumnType::String(11) } else { native };
    assert_eq!(of("status"), status);
    assert_eq!(of("before"), status);
    assert_eq!(of("size"), ColumnType::String(5));
    assert_eq!(table.checks.iter().map(|check| check.name.as_deref()).collect::<Vec<_>>(), [Some("ck_members_size")]);
}

#[tokio::test]
async fn what_is_no_label_is_refused_by_type_or_check() {
    let engine = members().await;
    let checked = text("UPDATE members SET size = 'huge'").execute(&engine).await.unwrap_err();
    assert!(matches!(checked.kind(), ErrorKind::Integrity { .. }), "{checked}");
    let typed = text("UPDATE members SET status = 'dead'").execute(&engine).await;
    assert_eq!(typed.is_err(), dialect() != Dialect::Sqlite);
}

#[tokio::test]
async fn labels_are_compared_wherever_a_value_may_stand() {
    let engine = members().await;
    assert_eq!(names(&engine, || Member.status.eq(Status::OnLeave)).await, ["ed"]);
    assert_eq!(names(&engine, || Member.status.ne(Status::OnLeave)).await, ["wendy", "mary"]);
    assert_eq!(names(&engine, || Member.before.is_not_distinct_from(None::<Status>)).await, ["wendy", "mary"]);
    assert_eq!(names(&engine, || Member.status.in_([Status::Gone, Status::Active])).await, ["wendy", "mary"]);
    assert_eq!(names(&engine, || Member.status.in_([Status::Gone; 20])).await, ["wendy"]);
    assert_eq!(names(&engine, || Member.status.not_in([Status::Gone; 20])).await, ["ed", "mary"]);
    assert_eq!(
        names(&engine, || func::coalesce(Member.before, Status::Gone).eq(Status::Gone)).await,
        ["wendy", "mary"]
    );
    let swapped = || func::case(Member.name.eq("ed"), literal(Status::Gone)).otherwise(literal(Status::Active));
    assert_eq!(names(&engine, || swapped().eq(Status::Gone)).await, ["ed"]);
    let all = select(swapped()).order_by(Member.id.asc()).all(&engine).await.unwrap();
    assert_eq!(all, [Status::Gone, Status::Active, Status::Active]);
    let found: Vec<(String, Status)> = text("SELECT name, status FROM members WHERE status = :status")
        .bind("status", Status::OnLeave)
        .columns::<(String, Status)>()
        .all(&engine)
        .await
        .unwrap();
    assert_eq!(found, [("ed".to_owned(), Status::OnLeave)]);
    let literal = select(Member.name).filter(Member.status.in_([Status::Gone])).to_sql_literal(dialect());
    let found: Vec<String> = text(literal).columns::<String>().all(&engine).await.unwrap();
    assert_eq!(found, ["wendy"]);
    let last = select(func::max(Member.status)).scalar(&engine).await.unwrap();
    assert!(last.is_some());
}

#[tokio::test]
async fn labels_are_written_by_every_statement() {
    let engine = members().await;
    let rows: Vec<_> = (0..40)
        .map(|n| Member::builder().name(format!("m{n}")).status(if n % 2 == 0 { Status::Gone } else { Status::Active }))
        .collect();
    insert(Member).values(rows).execute(&engine).await.unwrap();
    assert_eq!(select(Member).filter(Member.status.eq(Status::Gone)).count(&engine).await.unwrap(), 21);
    update(Member).set(Member.before, Member.status).set(Member.status, Status::Active).execute(&engine).await.unwrap();
    assert_eq!(select(Member).filter(Member.before.eq(Status::Gone)).count(&engine).await.unwrap(), 21);
    update(Member).set(Member.before, None::<Status>).execute(&engine).await.unwrap();
    assert_eq!(select(Member).filter(Member.before.is_null()).count(&engine).await.unwrap(), 43);
    let again = Member::builder().name("ed").status(Status::Gone);
    insert(Member).values(again).on_conflict(Member.name).do_update(Member.status).execute(&engine).await.unwrap();
    assert_eq!(names(&engine, || Member.status.eq(Status::Gone)).await, ["ed"]);
    delete(Member).filter(Member.status.eq(Status::Active)).execute(&engine).await.unwrap();
    assert_eq!(select(Member.status).all(&engine).await.unwrap(), [Status::Gone]);
}

#[tokio::test]
async fn a_flush_changes_labels_of_many_rows_at_once() {
    let engine = members().await;
    let mut session = Session::new(&engine);
    let all = session.query(Member).order_by(Member.id.asc()).all().await.unwrap();
    let wanted = [(Status::Gone, None), (Status::Active, Some(Status::OnLeave)), (Status::OnLeave, Some(Status::Gone))];
    for (handle, (status, before)) in all.into_iter().zip(wanted) {
        session[handle].status = status;
        session[handle].before = before;
        session[handle].size = Size::Large;
    }
    session.commit().await.unwrap();
    let found = select((Member.status, Member.before)).order_by(Member.id.asc()).all(&engine).await.unwrap();
    assert_eq!(found, wanted);
    session
        .execute(update(Member).set(Member.status, Status::Gone).filter(Member.status.eq(Status::Active)))
        .await
        .unwrap();
    let gone = session.query(Member).filter(Member.status.eq(Status::Gone)).count().await.unwrap();
    assert_eq!(gone, 2);
}

#[tokio::test]
async fn bulk_rows_have_labels() {
    let engine = members().await;
    let rows: Vec<_> = (0..300)
        .map(|n| {
            Member::builder().name(format!("m{n}")).status(Status::OnLeave).before((n % 3 == 0).then_some(Status::Gone))
        })
        .collect();
    let mut session = Session::new(&engine);
    session.bulk_insert(rows).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Member).filter(Member.before.eq(Status::Gone)).count(&engine).await.unwrap(), 100);
}

#[derive(Clone, Copy, Debug, PartialEq, SqlEnum)]
#[orm(name = "Odd kind")]
enum Kind {
    Book,
    Film,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "kinds", metadata = none)]
struct KindRow {
    #[orm(primary_key)]
    kind: Kind,
    note: String,
    #[orm(back_populates = kind_row)]
    things: HasMany<Thing>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "things", metadata = none)]
struct Thing {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = KindRow.kind)]
    kind: Kind,
    #[orm(back_populates = things)]
    kind_row: BelongsTo<KindRow>,
}

#[tokio::test]
async fn a_label_may_be_a_key() {
    comes_back(&metadata![KindRow, Thing]).await;
    let engine = empty_engine().await;
    metadata![KindRow, Thing].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    for kind in [Kind::Book, Kind::Film] {
        session.add(KindRow::builder().kind(kind).note("x").things([Thing::builder(), Thing::builder()]));
    }
    session.commit().await.unwrap();
    let mut session = Session::new(&engine);
    let film = session.get(KindRow, Kind::Film).await.unwrap().unwrap();
    session.load(film, KindRow.things).await.unwrap();
    assert_eq!(session.related(film, KindRow.things).count(), 2);
    session[film].note = "y".into();
    session.commit().await.unwrap();
    session.refresh(film).await.unwrap();
    session.rollback().await.unwrap();
    for option in [selectinload(KindRow.things), joinedload(KindRow.things)] {
        let all = select(KindRow).options(option).order_by(KindRow.note.asc()).all(&engine).await.unwrap();
        assert_eq!(all.iter().map(|row| row.things.len()).collect::<Vec<_>>(), [2, 2]);
    }
    let kinds = select(Thing.kind).order_by(Thing.id.asc()).all(&engine).await.unwrap();
    assert_eq!(kinds, [Kind::Book, Kind::Book, Kind::Film, Kind::Film]);
    metadata![KindRow, Thing].drop_all(&engine).await.unwrap();
    assert!(Inspector::of(&engine).await.unwrap().enums().is_empty());
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "histories", metadata = none)]
struct Story {
    #[orm(primary_key)]
    id: i64,
    steps: Vec<Status>,
    gaps: Option<Vec<Option<Status>>>,
}

#[tokio::test]
async fn labels_stand_in_arrays() {
    only!(Postgres);
    comes_back(&metadata![Story]).await;
    let engine = empty_engine().await;
    metadata![Story].create_all(&engine).await.unwrap();
    let stories = [
        Story { id: 1, steps: vec![Status::Active, Status::Gone], gaps: Some(vec![None, Some(Status::Gone)]) },
        Story { id: 2, steps: vec![], gaps: None },
    ];
    insert(Story).values(stories.clone()).execute(&engine).await.unwrap();
    assert_eq!(select(Story).order_by(Story.id.asc()).all(&engine).await.unwrap(), stories);
    let found = select(Story.id).filter(Story.steps.eq(vec![Status::Active, Status::Gone]));
    assert_eq!(found.all(&engine).await.unwrap(), [1]);
    update(Story).set(Story.steps, vec![Status::OnLeave]).execute(&engine).await.unwrap();
    assert_eq!(select(Story.steps).all(&engine).await.unwrap(), [[Status::OnLeave], [Status::OnLeave]]);
}

/// What a connection remembers of a statement is of the type that was there before.
#[tokio::test]
async fn statements_outlive_the_type_that_they_name() {
    let engine = members().await;
    let found = async || {
        let rows = select((Member.name, Member.status)).filter(Member.status.in_([Status::Gone; 12]));
        rows.all(&engine).await
    };
    let rows =
        || vec![Member::builder().name("a").status(Status::Gone), Member::builder().name("b").status(Status::Active)];
    assert_eq!(found().await.unwrap().len(), 1);
    for _ in 0..3 {
        metadata![Member].drop_all(&engine).await.unwrap();
        metadata![Member].create_all(&engine).await.unwrap();
        insert(Member).values(rows()).execute(&engine).await.unwrap();
        assert_eq!(found().await.unwrap(), [("a".to_owned(), Status::Gone)]);
    }
}

/// A type stays as long as a table of others has it.
#[tokio::test]
async fn a_type_that_others_use_is_not_dropped() {
    only!(Postgres);
    let engine = members().await;
    text("CREATE TABLE others (status status)").execute(&engine).await.unwrap();
    metadata![Member].drop_all(&engine).await.unwrap();
    assert_eq!(Inspector::of(&engine).await.unwrap().enums().len(), 1);
    metadata![Member].create_all(&engine).await.unwrap();
    text("DROP TABLE others").execute(&engine).await.unwrap();
    metadata![Member].drop_all(&engine).await.unwrap();
    assert!(Inspector::of(&engine).await.unwrap().enums().is_empty());
}

mod before {
    use orm::prelude::*;

    #[derive(Clone, Copy, Debug, PartialEq, SqlEnum)]
    #[orm(rename_all = "snake_case")]
    pub(super) enum Status {
        Active,
        OnLeave,
    }

    #[derive(Clone, Debug, PartialEq, Model)]
    #[orm(table = "members", metadata = none)]
    pub(super) struct Member {
        #[orm(primary_key)]
        pub(super) id: i64,
        #[orm(length = 30, unique)]
        pub(super) name: String,
        #[orm(server_default = "'active'", index)]
        pub(super) status: Status,
        pub(super) before: Option<Status>,
        #[orm(default = super::Size::Small)]
        pub(super) size: super::Size,
    }
}

#[tokio::test]
async fn a_new_variant_is_a_new_label() {
    only!(Postgres | MariaDb | MySql);
    let engine = empty_engine().await;
    metadata![before::Member].create_all(&engine).await.unwrap();
    let old = before::Member::builder().name("old").status(before::Status::OnLeave);
    insert(before::Member).values(old).execute(&engine).await.unwrap();
    let found = MetaData::reflect(&engine).await.unwrap();
    let diff = metadata![Member].diff(&found).unwrap();
    let first = if dialect() == Dialect::Postgres {
        "alter type `status`: (active, on_leave) -> (active, on_leave, it's \\ gone)"
    } else {
        "alter column `members.status`: type enum(active, on_leave) -> enum(active, on_leave, it's \\ gone)"
    };
    assert_eq!(diff.to_string().lines().next(), Some(first), "{diff}");
    for operation in &diff.operations {
        operation.execute(&engine).await.unwrap();
    }
    metadata![Member].check(&engine).await.unwrap();
    update(Member).set(Member.before, Status::Gone).execute(&engine).await.unwrap();
    let found = select((Member.status, Member.before)).all(&engine).await.unwrap();
    assert_eq!(found, [(Status::OnLeave, Some(Status::Gone))]);
}

/// PostgreSQL takes none away: the type is made anew, for all columns that have it, and the views that read them.
#[tokio::test]
async fn labels_go_and_change_places_unless_a_row_has_them() {
    only!(Postgres | MariaDb | MySql);
    let engine = empty_engine().await;
    let with = |labels: &[&'static str], default: Option<&str>| {
        let of = |name: &str| orm::schema::Column::new(name, ColumnType::labels("letter", labels));
        let first =
            Table::new("notes").column(orm::schema::Column { server_default: default.map(Into::into), ..of("main") });
        let first = first.column(of("side").nullable()).index(["main"]);
        let second = Table::new("others").column(of("main").nullable());
        let second = match dialect() {
            Dialect::Postgres => {
                let array = ColumnType::Array(Box::new(ColumnType::labels("letter", labels)));
                second.column(orm::schema::Column::new("list", array).server_default("'{b,a}'"))
            }
            _ => second,
        };
        MetaData::new().table(first).table(second).view(View::new("seen", "SELECT main FROM notes"))
    };
    with(&["a", "b", "c"], Some("'b'")).create_all(&engine).await.unwrap();
    text("INSERT INTO notes (side) VALUES ('c')").execute(&engine).await.unwrap();
    text("INSERT INTO others (main) VALUES ('b')").execute(&engine).await.unwrap();

    let without = with(&["b", "a"], Some("'a'"));
    let diff = without.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
    assert!(diff.execute(&engine).await.is_err(), "a row has what goes");
    if dialect() == Dialect::Postgres {
        // The others do each change by itself.
        with(&["a", "b", "c"], Some("'b'")).check(&engine).await.unwrap();
    }

    text("UPDATE notes SET side = NULL").execute(&engine).await.unwrap();
    let diff = without.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
    if dialect() == Dialect::Postgres {
        assert!(diff.to_string().contains("make type `letter` anew: (a, b, c) -> (b, a)"), "{diff}");
    }
    diff.execute(&engine).await.unwrap();
    without.check(&engine).await.unwrap();
    text("INSERT INTO notes (side) VALUES ('b')").execute(&engine).await.unwrap();
    let order = if dialect() == Dialect::Postgres { "main::text" } else { "CAST(main AS CHAR)" };
    let main = text(format!("SELECT CAST(main AS CHAR(1)) FROM seen ORDER BY {order}")).columns::<String>();
    assert_eq!(main.all(&engine).await.unwrap(), ["a", "b"]);
}

#[tokio::test]
async fn text_becomes_labels_and_labels_text() {
    only!(Postgres | MariaDb | MySql);
    let engine = empty_engine().await;
    let with = |of: ColumnType| {
        let status = orm::schema::Column::new("status", of).server_default("'b'");
        MetaData::new().table(Table::new("notes").column(status))
    };
    let labels = || ColumnType::labels("letter", &["a", "b"]);
    with(ColumnType::String(5)).create_all(&engine).await.unwrap();
    text("INSERT INTO notes (status) VALUES ('a')").execute(&engine).await.unwrap();
    for wanted in [with(labels()), with(ColumnType::String(5))] {
        let found = MetaData::reflect(&engine).await.unwrap();
        for operation in wanted.diff(&found).unwrap().operations {
            operation.execute(&engine).await.unwrap();
        }
        wanted.check(&engine).await.unwrap();
    }
}

#[derive(Clone, Copy, Debug, PartialEq, SqlEnum)]
#[orm(schema = "orm_test_labels")]
enum Colour {
    Red,
    Green,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "cars", metadata = none)]
struct Car {
    #[orm(primary_key)]
    id: i64,
    colour: Colour,
}

#[tokio::test]
async fn a_type_may_be_in_another_schema() {
    let script = metadata![Car].to_sql(Dialect::Postgres);
    assert!(script.starts_with("CREATE TYPE orm_test_labels.colour AS ENUM ('Red', 'Green');"), "{script}");
    assert!(script.contains("colour orm_test_labels.colour NOT NULL"), "{script}");
    only!(Postgres);
    let engine = empty_engine().await;
    text("DROP SCHEMA IF EXISTS orm_test_labels CASCADE").execute(&engine).await.unwrap();
    text("CREATE SCHEMA orm_test_labels").execute(&engine).await.unwrap();
    metadata![Car].create_all(&engine).await.unwrap();
    metadata![Car].check(&engine).await.unwrap();
    insert(Car)
        .values([Car::builder().colour(Colour::Red), Car::builder().colour(Colour::Green)])
        .execute(&engine)
        .await
        .unwrap();
    let found = select(Car.colour).filter(Car.colour.eq(Colour::Green)).all(&engine).await.unwrap();
    assert_eq!(found, [Colour::Green]);
    text("DROP SCHEMA orm_test_labels CASCADE").execute(&engine).await.unwrap();
}

/// A table without a model takes labels as text.
#[tokio::test]
async fn a_table_by_hand_takes_labels_as_text() {
    let engine = members().await;
    let members = Table::of_model(Member).unwrap();
    members.insert().set("name", "kim").set("status", "on_leave").set("size", "large").execute(&engine).await.unwrap();
    members
        .update()
        .set("before", "active")
        .filter(members.c::<String>("name").eq("kim"))
        .execute(&engine)
        .await
        .unwrap();
    let found = select((Member.status, Member.before)).filter(Member.name.eq("kim")).all(&engine).await.unwrap();
    assert_eq!(found, [(Status::OnLeave, Some(Status::Active))]);
    let by_label = select(members.c::<Status>("status")).filter(members.c::<Status>("status").eq(Status::OnLeave));
    assert_eq!(by_label.all(&engine).await.unwrap().len(), 2);
}
