//! INSERT of values, expressions and SELECTs, and what it gives back.

use orm::Dialect::{MySql, Postgres, Sqlite};
use orm::prelude::*;
use orm::{ErrorKind, literal};

use crate::support::{Address, Keyword, User, UserKeyword, dialect, empty_engine, engine, two_users};

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "tickets", metadata = none)]
struct Ticket {
    #[orm(primary_key)]
    id: i64,
    note: Option<String>,
    #[orm(server_default = "7")]
    weight: i64,
}

fn keyword(id: i64, word: &str) -> Keyword {
    Keyword { id, word: word.into(), users: ManyToMany::default() }
}

async fn words(engine: &Engine) -> Vec<String> {
    select(Keyword.word).order_by(Keyword.id).all(engine).await.unwrap()
}

#[tokio::test]
async fn a_row_without_columns_gets_every_default() {
    let engine = empty_engine().await;
    metadata![Ticket].create_all(&engine).await.unwrap();
    let inserted = insert(Ticket).values([Ticket::builder(), Ticket::builder()]).execute(&engine).await.unwrap();
    assert_eq!(inserted, 2);
    let rows: Vec<Ticket> = select(Ticket).order_by(Ticket.id).all(&engine).await.unwrap();
    assert_eq!(rows, [1, 2].map(|id| Ticket { id, note: None, weight: 7 }));
}

#[tokio::test]
async fn rows_of_several_shapes_are_inserted_in_one_transaction() {
    let engine = engine().await;
    let named = |name: &str| User::builder().name(name);
    let rows = insert(User).values(named("a")).values(named("b").fullname("B")).values(named("a"));
    let error = rows.execute(&engine).await.unwrap_err();
    assert!(error.is_unique_violation(), "{error}");
    assert_eq!(select(User).count(&engine).await.unwrap(), 0);
}

#[tokio::test]
async fn no_rows_are_no_statement() {
    let engine = engine().await;
    let inserted = crate::assert_statements!(engine, 0, insert(User).values(Vec::<User>::new()).execute(&engine).await);
    assert_eq!(inserted.unwrap(), 0);
}

#[tokio::test]
async fn a_column_is_set_to_an_expression() {
    let engine = engine().await;
    two_users(&engine).await;
    insert(Keyword).set(Keyword.word, func::lower(literal("RED".to_owned()))).execute(&engine).await.unwrap();
    insert(Keyword)
        .values([keyword(5, "x"), keyword(6, "y")])
        .set(Keyword.word, select(User.name).filter(User.id.eq(1)))
        .execute(&engine)
        .await
        .unwrap();
    assert_eq!(words(&engine).await, ["red", "ed", "ed"]);
}

#[tokio::test]
async fn a_select_gives_the_rows() {
    let engine = engine().await;
    two_users(&engine).await;
    let names = select((User.id + 10, User.name)).filter(User.active);
    let inserted = insert(Keyword).from_select((Keyword.id, Keyword.word), names).execute(&engine).await.unwrap();
    assert_eq!((inserted, words(&engine).await), (1, vec!["ed".to_owned()]));
    let mails = select(func::max(Address.email)).join(Address.user).group_by(User.id);
    assert_eq!(insert(Keyword).from_select(Keyword.word, mails).execute(&engine).await.unwrap(), 2);
    let mut all = words(&engine).await;
    all.sort();
    assert_eq!(all, ["ed", "ed@y.org", "wendy@x.org"]);
}

/// A model whose columns have defaults of several kinds.
#[derive(Clone, Debug, PartialEq, Embed)]
struct Audit {
    #[orm(length = 20)]
    author: String,
    edits: i32,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "notes", metadata = none)]
struct Note {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 40)]
    title: String,
    #[orm(default)]
    stars: i16,
    #[orm(default = true)]
    open: bool,
    #[orm(default = "plain", length = 20)]
    kind: Option<String>,
    #[orm(default = rust_decimal::Decimal::new(125, 2), precision = 10, scale = 2)]
    price: rust_decimal::Decimal,
    #[orm(default = chrono::DateTime::UNIX_EPOCH)]
    made: chrono::DateTime<chrono::Utc>,
    #[orm(default = serde_json::json!({"a": [1]}))]
    body: serde_json::Value,
    #[orm(json, default = vec![1, 2])]
    list: Vec<i32>,
    #[orm(server_default = "5")]
    size: i64,
    remark: Option<String>,
    #[orm(embed, default = Audit { author: "nobody".into(), edits: 3 })]
    audit: Audit,
}

#[tokio::test]
async fn a_select_gives_the_same_defaults_as_a_builder() {
    let engine = engine().await;
    two_users(&engine).await;
    metadata![Note].create_all(&engine).await.unwrap();
    insert(Note).values(Note::builder().title("ed")).execute(&engine).await.unwrap();
    let names = || select(User.name).filter(User.name.eq("ed"));
    assert_eq!(insert(Note).from_select(Note.title, names()).execute(&engine).await.unwrap(), 1);
    let both = names().union_all(names());
    assert_eq!(insert(Note).from_select(Note.title, both).execute(&engine).await.unwrap(), 2);
    let grouped = select(Address.email).join(Address.user).filter(User.name.eq("ed")).distinct().limit(1);
    insert(Note).from_select(Note.title, grouped).set(Note.title, "x").execute(&engine).await.unwrap_err();

    let notes = select(Note).order_by(Note.id).all(&engine).await.unwrap();
    assert_eq!(notes.len(), 4);
    let [built, selected @ ..] = notes.as_slice() else { panic!("there are four") };
    for note in selected {
        assert_eq!(*note, Note { id: note.id, ..built.clone() });
    }

    let given = select((User.name, User.id, !User.active)).filter(User.name.eq("wendy"));
    let statement = insert(Note).from_select((Note.title, Note.size, Note.open), given);
    statement.set(Note.remark, func::upper(User.name)).set(Note.stars, 4i16).execute(&engine).await.unwrap();
    let last = select(Note).order_by(Note.id.desc()).limit(1).one(&engine).await.unwrap();
    let expected = Note {
        id: last.id,
        title: "wendy".to_owned(),
        size: 2,
        open: true,
        remark: Some("WENDY".to_owned()),
        stars: 4,
        ..built.clone()
    };
    assert_eq!(last, expected);
    let error = insert(Note).from_select(Note.title, names()).include_defaults(false).execute(&engine).await;
    assert!(error.unwrap_err().is_not_null_violation(), "nothing else fills them in");
}

#[tokio::test]
async fn a_select_of_the_table_itself_gives_the_rows() {
    let engine = engine().await;
    insert(Keyword).values([keyword(0, "a"), keyword(0, "b")]).execute(&engine).await.unwrap();
    let again = select(func::upper(Keyword.word)).filter(Keyword.id.gt(1));
    assert_eq!(insert(Keyword).from_select(Keyword.word, again).execute(&engine).await.unwrap(), 1);
    assert_eq!(words(&engine).await, ["a", "b", "B"]);
}

#[tokio::test]
async fn a_select_may_meet_rows_that_are_there() {
    let engine = engine().await;
    two_users(&engine).await;
    insert(Keyword).values(keyword(1, "known")).execute(&engine).await.unwrap();
    let copy = || insert(Keyword).from_select((Keyword.id, Keyword.word), select((User.id, User.name)));
    copy().on_conflict(Keyword.id).do_nothing().execute(&engine).await.unwrap();
    assert_eq!(words(&engine).await, ["known", "wendy"]);
    copy().on_conflict(Keyword.id).do_update(Keyword.word).execute(&engine).await.unwrap();
    assert_eq!(words(&engine).await, ["ed", "wendy"]);
}

#[tokio::test]
async fn a_select_gives_rows_back_where_the_database_returns_them() {
    let engine = engine().await;
    two_users(&engine).await;
    let names = || insert(Keyword).from_select(Keyword.word, select(User.name).filter(User.active));
    let rows = names().returning((Keyword.id, Keyword.word)).all(&engine).await;
    match dialect() {
        MySql => assert_eq!(rows.unwrap_err().kind(), &ErrorKind::Compile),
        _ => assert_eq!(rows.unwrap(), [(1, "ed".to_owned())]),
    }
}

// --------------------------------------------------------------------------------------------------------- RETURNING

#[tokio::test]
async fn returning_gives_columns_tuples_and_models() {
    let engine = engine().await;
    let id: i64 = insert(Keyword).values(keyword(0, "a")).returning(Keyword.id).one(&engine).await.unwrap();
    assert_eq!(id, 1);
    let row: (i64, String) = insert(Keyword)
        .values(keyword(0, "b"))
        .returning((Keyword.id, func::upper(Keyword.word)))
        .one(&engine)
        .await
        .unwrap();
    assert_eq!(row, (2, "B".to_owned()));
    let model: Keyword = insert(Keyword).values(keyword(9, "c")).returning(Keyword).one(&engine).await.unwrap();
    assert_eq!(model, keyword(9, "c"));
    let pair = UserKeyword { user_id: 1, keyword_id: 9 };
    two_users(&engine).await;
    assert_eq!(insert(UserKeyword).values(pair.clone()).returning(UserKeyword).one(&engine).await.unwrap(), pair);
}

#[tokio::test]
async fn returning_gives_what_the_database_filled_in() {
    let engine = empty_engine().await;
    metadata![Ticket].create_all(&engine).await.unwrap();
    let rows = [Ticket::builder().note("a"), Ticket::builder().note("b")];
    let mut found = insert(Ticket).values(rows).returning((Ticket.note, Ticket.weight)).all(&engine).await.unwrap();
    found.sort();
    assert_eq!(found, [(Some("a".to_owned()), 7), (Some("b".to_owned()), 7)]);
}

#[tokio::test]
async fn returning_in_order_gives_the_rows_as_they_were_given() {
    let engine = engine().await;
    let given: Vec<String> = ["m", "a", "z", "b"].map(str::to_owned).to_vec();
    let rows = given.iter().map(|word| keyword(0, word)).collect::<Vec<_>>();
    let found: Vec<(i64, String)> =
        insert(Keyword).values(rows).returning_in_order((Keyword.id, Keyword.word)).all(&engine).await.unwrap();
    assert_eq!(found, (1..).zip(given).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_session_gets_handles_of_what_it_inserts() {
    let engine = engine().await;
    let mut session = Session::new(&engine);
    let red = insert(Keyword).values(keyword(0, "red")).returning(Keyword).one(&mut session).await.unwrap();
    assert_eq!(session[red].word, "red");
    session[red].word = "blue".into();
    session.commit().await.unwrap();
    assert_eq!(words(&engine).await, ["blue"]);
}

/// A URL of MySQL may lead to MariaDB, so the way without RETURNING can be walked there.
#[tokio::test]
async fn without_returning_a_row_is_read_again_by_its_key() {
    crate::only!(MariaDb);
    let engine = engine().await;
    let url = engine.url().to_string().replacen("mariadb", "mysql", 1);
    let mysql = Engine::new(&url).unwrap();
    assert_eq!(mysql.dialect(), MySql);
    let made = insert(Keyword).values([keyword(0, "a"), keyword(0, "b"), keyword(9, "c")]);
    let rows =
        crate::assert_statements!(mysql, 6, made.returning((Keyword.id, Keyword.word)).all(&mysql).await.unwrap());
    assert_eq!(rows, [(1, "a".to_owned()), (2, "b".to_owned()), (9, "c".to_owned())]);
    let mut session = Session::new(&mysql);
    let red = insert(Keyword).values(keyword(0, "red")).returning(Keyword).one(&mut session).await.unwrap();
    assert_eq!((session[red].id, session[red].word.as_str()), (10, "red"));
    session.rollback().await.unwrap();
    let again = insert(Keyword).values(keyword(9, "x")).on_conflict(Keyword.id).do_update(Keyword.word);
    let error = again.returning(Keyword.id).one(&mysql).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Compile);
    mysql.dispose().await;
}

// ----------------------------------------------------------------------------------------------------------- explain

#[tokio::test]
async fn every_statement_can_be_explained_and_is_not_run() {
    let engine = engine().await;
    two_users(&engine).await;
    let plans = [
        select(User).filter(User.id.eq(1)).explain(&engine).await.unwrap(),
        update(User).set(User.name, "x").filter(User.id.eq(1)).explain(&engine).await.unwrap(),
        delete(Address).filter(Address.id.eq(1)).explain(&engine).await.unwrap(),
        text("SELECT id FROM users WHERE id = :id").bind("id", 1i64).explain(&engine).await.unwrap(),
    ];
    let shows: &[&str] = match dialect() {
        Sqlite => &["USING INTEGER PRIMARY KEY"],
        Postgres => &["cost="],
        // Its eighth version writes the one, later ones the other.
        MySql => &["\"query_block\"", "\"query_plan\""],
        _ => &["\"table\""],
    };
    for plan in plans {
        assert!(shows.iter().any(|shows| plan.contains(shows)), "{plan}");
    }
    insert(User).values(User::builder().name("new")).explain(&engine).await.unwrap();
    insert(Keyword).from_select(Keyword.word, select(User.name)).explain(&engine).await.unwrap();
    assert_eq!(select(User).count(&engine).await.unwrap(), 2);
    assert_eq!(select(Address).count(&engine).await.unwrap(), 3);
    assert_eq!(select(User).filter(User.name.eq("x")).count(&engine).await.unwrap(), 0);
}

// -------------------------------------------------------------------------------------------------------------- WITH

#[tokio::test]
async fn ctes_go_with_statements_that_write() {
    let engine = engine().await;
    two_users(&engine).await;
    let idle = || select((User.id, User.name)).filter(!User.active).cte("idle");
    let named = idle();
    let rows = select((named.0, named.1)).select_from(&named);
    insert(Keyword).from_select((Keyword.id, Keyword.word), rows).execute(&engine).await.unwrap();
    assert_eq!(words(&engine).await, ["wendy"]);
    let named = idle();
    let of_idle = Address.user_id.in_(select(named.0).select_from(&named));
    let changed = update(Address).set(Address.email, "gone").filter(of_idle).execute(&engine).await;
    let named = idle();
    let of_idle = Address.user_id.in_(select(named.0).select_from(&named));
    let gone = delete(Address).filter(of_idle).execute(&engine).await;
    if dialect() == orm::Dialect::MariaDb {
        assert_eq!(changed.unwrap_err().kind(), &ErrorKind::Compile);
        assert_eq!(gone.unwrap_err().kind(), &ErrorKind::Compile);
    } else {
        assert_eq!((changed.unwrap(), gone.unwrap()), (1, 1));
    }
}
