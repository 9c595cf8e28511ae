//! INSERT, UPDATE and DELETE statements.

use orm::Dialect::{MariaDb, MySql};
use orm::ErrorKind;
use orm::prelude::*;

use crate::support::{Address, User, empty_engine, engine, expected, two_users};

#[tokio::test]
async fn insert_takes_values_builders_and_lists() {
    let engine = engine().await;
    assert_eq!(insert(User).values(User::builder().name("ed")).execute(&engine).await.unwrap(), 1);
    let rows = vec![User::builder().name("a"), User::builder().name("b")];
    assert_eq!(insert(User).values(rows).execute(&engine).await.unwrap(), 2);
    let literal = User {
        id: 0,
        name: "c".into(),
        fullname: None,
        active: false,
        addresses: HasMany::default(),
        keywords: ManyToMany::default(),
    };
    insert(User).values([literal]).execute(&engine).await.unwrap();
    let rows: Vec<(i64, String)> = select((User.id, User.name)).order_by(User.id).all(&engine).await.unwrap();
    let known = ["ed", "a", "b", "c"];
    assert_eq!(rows, (1..).zip(known.map(str::to_owned)).collect::<Vec<_>>());
}

#[tokio::test]
async fn insert_refuses_members_that_it_would_lose() {
    let engine = engine().await;
    let user = User::builder().name("ed").addresses([Address::builder().email("e")]);
    let error = insert(User).values(user).execute(&engine).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`insert(User)` writes one table, and `User.addresses` holds 1 members\n\
         hint: add the object with its members by `session.add(…)`"
    );
}

#[tokio::test]
async fn a_conflict_updates_or_does_nothing() {
    let engine = engine().await;
    two_users(&engine).await;
    let again = || User::builder().name("ed").fullname("Edward");
    insert(User).values(again()).on_conflict(User.name).do_nothing().execute(&engine).await.unwrap();
    let fullname = || select(User.fullname).filter(User.name.eq("ed")).scalar(&engine);
    assert_eq!(fullname().await.unwrap().as_deref(), Some("Ed Jones"));
    insert(User)
        .values(again())
        .on_conflict(User.name)
        .do_update((User.fullname, User.active))
        .execute(&engine)
        .await
        .unwrap();
    assert_eq!(fullname().await.unwrap().as_deref(), Some("Edward"));
    assert_eq!(select(User).count(&engine).await.unwrap(), 2);
}

#[tokio::test]
async fn update_sets_values_and_expressions() {
    let engine = engine().await;
    two_users(&engine).await;
    let changed = update(User)
        .set(User.fullname, "Ed")
        .set(User.active, false)
        .filter(User.id.eq(1))
        .execute(&engine)
        .await
        .unwrap();
    assert_eq!(changed, 1);
    update(User).set(User.fullname, None).execute(&engine).await.unwrap();
    assert_eq!(select(User.fullname).filter(User.id.eq(1)).one(&engine).await.unwrap(), None);
    let changed = update(Address).set(Address.id, Address.id + 10).filter(Address.user_id.eq(1)).execute(&engine).await;
    assert_eq!(changed.unwrap(), 2);
    let ids = select(Address.id).filter(Address.user_id.eq(1)).order_by(Address.id).all(&engine).await.unwrap();
    assert_eq!(ids, [11, 12]);
    let error = update(User).filter(User.id.eq(1)).execute(&engine).await.unwrap_err();
    assert!(error.to_string().starts_with("`update(User)` sets no column"), "{error}");
}

#[tokio::test]
async fn rows_count_as_updated_that_were_so_before() {
    let engine = engine().await;
    two_users(&engine).await;
    let again = || update(User).set(User.active, true).execute(&engine);
    assert_eq!((again().await.unwrap(), again().await.unwrap()), (2, 2));
}

#[tokio::test]
async fn returning_is_refused_where_the_database_has_none() {
    let engine = engine().await;
    two_users(&engine).await;
    let names = |user: User| user.name;
    let inserted = insert(User).values(User::builder().name("new")).returning(User).one(&engine).await.map(names);
    let updated = update(User).set(User.name, "newer").filter(User.name.eq("new")).returning(User).one(&engine).await;
    let deleted = delete(User).filter(User.id.eq(3)).returning(User).one(&engine).await.map(names);
    let compare = |construct: &str, found: Result<String, Error>, known: &str, has_it: bool| match found {
        Ok(name) => assert!(has_it && name == known, "{construct} gave {name}"),
        Err(error) => {
            let message = format!("{construct} … RETURNING is not supported on dialect {}", engine.dialect());
            assert!(!has_it && *error.kind() == ErrorKind::Compile && error.message() == message, "{error}");
        }
    };
    let (maria, mysql) =
        ((MariaDb, "MariaDB returns rows of INSERT and DELETE alone"), (MySql, "MySQL has no RETURNING"));
    // MySQL's row is read again by its key.
    compare("INSERT", inserted, "new", true);
    compare(
        "UPDATE",
        updated.map(names),
        "newer",
        expected(true, [(maria.0, false, maria.1), (mysql.0, false, mysql.1)]),
    );
    compare(
        "DELETE",
        deleted,
        expected("newer", [(maria.0, "new", maria.1)]),
        expected(true, [(mysql.0, false, mysql.1)]),
    );
}

#[tokio::test]
async fn delete_deletes_what_it_says() {
    let engine = engine().await;
    two_users(&engine).await;
    assert_eq!(delete(Address).filter(Address.user_id.eq(1)).execute(&engine).await.unwrap(), 2);
    assert_eq!(delete(User).filter(User.id.eq(1)).execute(&engine).await.unwrap(), 1);
    assert_eq!(select(User).count(&engine).await.unwrap(), 1);
}

#[tokio::test]
async fn a_connection_commits_as_it_goes_and_forgets_what_is_not_committed() {
    let engine = engine().await;
    let mut connection = engine.connect().await.unwrap();
    insert(User).values(User::builder().name("kept")).execute(&mut connection).await.unwrap();
    connection.commit().await.unwrap();
    insert(User).values(User::builder().name("lost")).execute(&mut connection).await.unwrap();
    drop(connection);
    assert_eq!(select(User.name).all(&engine).await.unwrap(), ["kept"]);
    let mut transaction = engine.begin().await.unwrap();
    insert(User).values(User::builder().name("also kept")).execute(&mut transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(select(User).count(&engine).await.unwrap(), 2);
}

#[tokio::test]
async fn a_list_over_the_parameter_limit_is_split_and_still_one_transaction() {
    let engine = engine().await;
    let rows: Vec<_> = (0..20_000).map(|n| User::builder().name(format!("u{n}")).fullname("x")).collect();
    assert_eq!(insert(User).values(rows).execute(&engine).await.unwrap(), 20_000);
    let mut rows: Vec<_> = (0..20_000).map(|n| User::builder().name(format!("v{n}")).fullname("x")).collect();
    rows.push(User::builder().name("v0").fullname("twice"));
    insert(User).values(rows).execute(&engine).await.unwrap_err();
    assert_eq!(select(User).count(&engine).await.unwrap(), 20_000);
}

#[tokio::test]
async fn every_type_comes_back_as_it_went() {
    use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

    #[derive(Clone, Debug, PartialEq, Model)]
    #[orm(table = "samples", metadata = none)]
    struct Sample {
        #[orm(primary_key)]
        id: i32,
        truth: bool,
        small: i16,
        big: i64,
        single: f32,
        double: f64,
        long: String,
        #[orm(length = 20)]
        short: String,
        bytes: Vec<u8>,
        day: NaiveDate,
        clock: NaiveTime,
        local: NaiveDateTime,
        moment: DateTime<Utc>,
        maybe: Option<NaiveDateTime>,
        nothing: Option<f64>,
    }
    let engine = empty_engine().await;
    metadata![Sample].create_all(&engine).await.unwrap();
    let day = NaiveDate::from_ymd_opt(1999, 12, 31).unwrap();
    let clock = NaiveTime::from_hms_micro_opt(23, 59, 58, 123_456).unwrap();
    let sample = Sample {
        id: 1,
        truth: true,
        small: i16::MIN,
        big: i64::MAX,
        single: 0.1,
        double: -1.0 / 3.0,
        long: "ä\u{1F600}'\"\\%\n".repeat(500),
        short: String::new(),
        bytes: (0..=255).collect(),
        day,
        clock,
        local: day.and_time(clock),
        moment: day.and_time(clock).and_utc(),
        maybe: Some(day.and_time(clock)),
        nothing: None,
    };
    insert(Sample).values(sample.clone()).execute(&engine).await.unwrap();
    assert_eq!(select(Sample).one(&engine).await.unwrap(), sample);
    let found = select(Sample.id)
        .filter(
            Sample.moment.eq(sample.moment) & Sample.day.eq(day) & Sample.truth & Sample.bytes.eq(sample.bytes.clone()),
        )
        .filter(Sample.clock.eq(clock) & Sample.local.le(sample.local) & Sample.double.lt(0.0) & Sample.big.gt(0));
    assert_eq!(found.all(&engine).await.unwrap(), [1]);
    let mut session = Session::new(&engine);
    let same = session.get_one(Sample, 1).await.unwrap();
    session[same] = sample.clone();
    assert!(!session.is_modified(same).unwrap(), "what was read is what was written");
}

#[tokio::test]
async fn reserved_words_and_odd_names_are_quoted() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "order", metadata = none)]
    struct Order {
        #[orm(primary_key)]
        id: i64,
        #[orm(column = "group", length = 20, index)]
        group: String,
        #[orm(column = "Mixed Case", server_default = "'x'")]
        mixed: String,
        #[orm(back_populates = order, order_by = key)]
        lines: HasMany<Line>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "Select From", metadata = none)]
    struct Line {
        #[orm(primary_key, length = 20)]
        key: String,
        #[orm(column = "order", foreign_key = Order.id)]
        order_id: i64,
        #[orm(back_populates = lines)]
        order: BelongsTo<Order>,
    }
    let engine = empty_engine().await;
    metadata![Order, Line].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let lines = |letter: &str| ["1", "2"].map(|n| Line::builder().key(format!("{letter}{n}")));
    let orders = session.add_all(["a", "b"].map(|group| Order::builder().group(group).lines(lines(group))));
    session.commit().await.unwrap();
    assert_eq!(session[orders[1]].mixed, "x");
    session[orders[0]].mixed = "y".into();
    session.commit().await.unwrap();
    let again = || Line::builder().key("a1").order_id(session[orders[1]].id);
    insert(Line).values(again()).on_conflict(Line.key).do_update(Line.order_id).execute(&engine).await.unwrap();
    let read: Vec<Order> =
        select(Order).order_by(Order.group.desc()).options(selectinload(Order.lines)).all(&engine).await.unwrap();
    let keys = |order: &Order| order.lines.iter().map(|line| line.key.clone()).collect::<Vec<_>>();
    assert_eq!(
        (keys(&read[0]), keys(&read[1])),
        (["a1", "b1", "b2"].map(str::to_owned).to_vec(), vec!["a2".to_owned()])
    );
    let mixed = select(Order.mixed).join(Order.lines).filter(Line.key.eq("a2")).one(&engine).await.unwrap();
    assert_eq!(mixed, "y");
}
