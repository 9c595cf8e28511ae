//! A commit that writes one statement: it commits itself, without BEGIN and COMMIT around it.

use std::time::Duration;

use orm::prelude::*;
use orm::{Dialect, ErrorKind, ExecutionOptions, IsolationLevel, SessionEvents, SessionMaker};

use crate::only;
use crate::support::{Address, Sent, User, dialect, empty_engine_with, two_users};

#[derive(Clone, Debug, Model)]
#[orm(table = "accounts", version = version, metadata = none)]
struct Account {
    #[orm(primary_key)]
    id: i64,
    balance: i64,
    #[orm(default = 1)]
    version: i64,
}

/// An engine with two users and one connection, which has just committed, and what is sent from then on.
async fn heard() -> (Engine, Sent) {
    heard_with(|settings| settings).await
}

async fn heard_with(settings: impl FnOnce(orm::EngineBuilder) -> orm::EngineBuilder) -> (Engine, Sent) {
    let sent = Sent::default();
    let listening = |engine: orm::EngineBuilder| engine.pool_size(1).on_statement(sent.listener());
    let engine = empty_engine_with(|engine| settings(listening(engine))).await;
    metadata![User, Address, Account].create_all(&engine).await.unwrap();
    two_users(&engine).await;
    just_committed(&engine).await;
    sent.take();
    (engine, sent)
}

/// Has the connection commit, as one does that is in use.
async fn just_committed(engine: &Engine) {
    let mut session = Session::new(engine);
    session.begin().await.unwrap();
    session.commit().await.unwrap();
}

/// The words of a transaction around these, but on a server of its own accord.
fn alone_or_within(words: &[&str]) -> Vec<String> {
    let words = words.iter().map(|word| (*word).to_owned());
    match dialect() {
        Dialect::Sqlite => {
            std::iter::once("BEGIN".to_owned()).chain(words).chain(std::iter::once("COMMIT".to_owned())).collect()
        }
        _ => words.collect(),
    }
}

#[tokio::test]
async fn a_row_is_written_by_the_statement_alone() {
    let (engine, sent) = heard().await;
    let mut session = Session::new(&engine);
    let user = session.add(User::builder().name("new"));
    session.commit().await.unwrap();
    assert!(!session.in_transaction());
    assert_eq!(sent.take(), alone_or_within(&["INSERT"]));
    assert_eq!(session[user].id, 3);

    session[user].fullname = Some("changed".into());
    session.commit().await.unwrap();
    assert_eq!(sent.take(), alone_or_within(&["UPDATE"]));
    let fullname = select(User.fullname).filter(User.id.eq(3)).one(&engine).await.unwrap();
    assert_eq!(fullname.as_deref(), Some("changed"));

    let account = session.add(Account::builder().balance(10));
    session.commit().await.unwrap();
    sent.take();
    session.delete(account).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(sent.take(), alone_or_within(&["DELETE"]));
    assert_eq!(select(Account).count(&engine).await.unwrap(), 0);
    session.commit().await.unwrap();
    assert!(sent.take().iter().all(|word| word == "SELECT"), "nothing is left to be written");
}

#[tokio::test]
async fn new_rows_of_one_model_are_written_by_the_statement_alone() {
    let (engine, sent) = heard().await;
    let mut session = Session::new(&engine);
    let three =
        |prefix: &str| (0..3).map(|number| User::builder().name(format!("{prefix}{number}"))).collect::<Vec<_>>();
    session.add_all(three("a")); // on PostgreSQL the sequence is looked for
    session.commit().await.unwrap();
    sent.take();
    let users = session.add_all(three("b"));
    session.commit().await.unwrap();
    let expected: &[&str] = match dialect() {
        Dialect::Sqlite => &["BEGIN", "SELECT", "INSERT", "COMMIT"],
        Dialect::MySql => &["SELECT", "INSERT"],
        _ => &["INSERT"],
    };
    assert_eq!(sent.take(), expected);
    assert_eq!(session.iter(&users).map(|user| user.id).collect::<Vec<_>>(), [6, 7, 8]);
    let names = select(User.name).filter(User.id.gt(5)).order_by(User.id).all(&engine).await.unwrap();
    assert_eq!(names, ["b0", "b1", "b2"]);
    // All of them or none.
    session.add_all(["c", "ed", "d"].map(|name| User::builder().name(name)));
    assert!(session.commit().await.unwrap_err().is_unique_violation());
    session.rollback().await.unwrap();
    assert_eq!(session.query(User).count().await.unwrap(), 8);
    // Rows that set other columns, where that takes several statements.
    session.add_all([User::builder().id(100).name("e"), User::builder().name("f")]);
    session.commit().await.unwrap();
    let sent = sent.take();
    assert_eq!(sent.last().unwrap(), "COMMIT", "{sent:?}");
    assert_eq!(select(User).count(&engine).await.unwrap(), 10);
}

#[tokio::test]
async fn what_takes_more_begins_and_commits() {
    let (engine, sent) = heard().await;
    let mut session = Session::new(&engine);
    // Two models.
    session.add(User::builder().name("a").addresses([Address::builder().email("e")]));
    session.commit().await.unwrap();
    assert_eq!(sent.take(), ["BEGIN", "INSERT", "INSERT", "COMMIT"]);
    // Two rows, of which one may be gone.
    let users = session.query(User).order_by(User.id).all().await.unwrap();
    users.iter().for_each(|&user| session[user].fullname = Some("x".into()));
    session.commit().await.unwrap();
    let written: Vec<String> = sent.take().into_iter().filter(|word| word != "SELECT").collect();
    assert_eq!(written, ["BEGIN", "UPDATE", "COMMIT"]);
    // A flush that no commit follows.
    session.add(User::builder().name("b"));
    session.flush().await.unwrap();
    session[users[0]].fullname = None;
    session.commit().await.unwrap();
    assert_eq!(sent.take(), ["BEGIN", "INSERT", "UPDATE", "COMMIT"]);
    // A transaction that was asked for, and a savepoint.
    session.begin().await.unwrap();
    session.add(User::builder().name("c"));
    session.commit().await.unwrap();
    assert_eq!(sent.take(), ["BEGIN", "INSERT", "COMMIT"]);
    let mut inner = session.begin_nested().await.unwrap();
    inner.add(User::builder().name("d"));
    inner.commit().await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(sent.take(), ["BEGIN", "SAVEPOINT", "INSERT", "RELEASE", "COMMIT"]);
    let expected = ["ed", "wendy", "a", "b", "c", "d"];
    assert_eq!(select(User.name).order_by(User.id).all(&engine).await.unwrap(), expected);
}

#[tokio::test]
async fn listeners_levels_and_options_have_a_transaction_begin() {
    only!(Postgres | MariaDb | MySql);
    let (engine, sent) = heard().await;
    let within = ["BEGIN", "INSERT", "COMMIT"];
    let add_one = async |name: &str, mut session: Session| {
        session.add(User::builder().name(name));
        session.commit().await.unwrap();
    };
    let begins = SessionEvents::new().after_begin(|_, _| Box::pin(async { Ok(()) }));
    add_one("a", SessionMaker::new(&engine).events(begins).session()).await;
    assert_eq!(sent.take(), within);
    // What a listener changes is written by the next flush.
    let changes = SessionEvents::new().after_insert(User, |user| {
        user.fullname = Some(format!("{} {}", user.name, user.id));
        Ok(())
    });
    add_one("b", SessionMaker::new(&engine).events(changes).session()).await;
    assert_eq!(sent.take(), ["BEGIN", "INSERT", "UPDATE", "COMMIT"]);
    let stricter = ExecutionOptions::new().isolation_level(IsolationLevel::Serializable);
    add_one("c", Session::new(&engine.execution_options(stricter))).await;
    assert!(sent.take().contains(&"COMMIT".to_owned()));
    let limited = ExecutionOptions::new().timeout(Duration::from_secs(5));
    add_one("d", Session::new(&engine.execution_options(limited))).await;
    assert!(sent.take().contains(&"COMMIT".to_owned()));
    let done = engine.transaction(async |session| {
        session.add(User::builder().name("new"));
        Ok(())
    });
    done.await.unwrap();
    assert!(sent.take().contains(&"COMMIT".to_owned()));
}

#[tokio::test]
async fn an_engine_can_be_told_to_begin_at_once() {
    let (engine, sent) = heard_with(|settings| settings.lazy_begin(false)).await;
    let mut session = Session::new(&engine);
    session.query(User).all().await.unwrap();
    session.commit().await.unwrap();
    session.add(User::builder().name("new"));
    session.commit().await.unwrap();
    assert_eq!(sent.take(), ["BEGIN", "SELECT", "COMMIT", "BEGIN", "INSERT", "COMMIT"]);
}

/// BEGIN tells whether a connection is alive before anything is at stake.
#[tokio::test]
async fn a_connection_that_was_not_heard_of_lately_begins() {
    only!(Postgres | MariaDb | MySql);
    let (engine, sent) = heard().await;
    engine.dispose().await;
    let mut session = Session::new(&engine);
    session.add(User::builder().name("a"));
    session.commit().await.unwrap();
    assert_eq!(sent.take(), ["BEGIN", "INSERT", "COMMIT"], "it is new");
    session.add(User::builder().name("b"));
    session.commit().await.unwrap();
    assert_eq!(sent.take(), ["INSERT"]);
    tokio::time::sleep(Duration::from_millis(2100)).await;
    session.add(User::builder().name("c"));
    session.commit().await.unwrap();
    assert_eq!(sent.take(), ["BEGIN", "INSERT", "COMMIT"], "it may have died");
}

#[tokio::test]
async fn a_refused_row_leaves_nothing_and_the_session_goes_on() {
    let (engine, sent) = heard().await;
    let mut session = Session::new(&engine);
    let user = session.add(User::builder().name("ed"));
    let error = session.commit().await.unwrap_err();
    assert_eq!(sent.take().contains(&"BEGIN".to_owned()), dialect() == Dialect::Sqlite);
    assert!(error.is_unique_violation(), "{error}");
    let error = session.query(User).count().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::PendingRollback);
    session.rollback().await.unwrap();
    assert_eq!(session[user].id, 0, "transient again");
    session[user].name = "other".into();
    session.add_again(user).unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(User.name).order_by(User.id).all(&engine).await.unwrap(), ["ed", "wendy", "other"]);
}

#[tokio::test]
async fn a_row_that_somebody_else_has_changed_is_stale() {
    let (engine, sent) = heard().await;
    insert(Account).values(Account::builder().balance(100)).execute(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let account = session.get_one(Account, 1).await.unwrap();
    session.commit().await.unwrap();
    update(Account).set(Account.version, 2i64).set(Account.balance, 70i64).execute(&engine).await.unwrap();
    just_committed(&engine).await;
    sent.take();
    session[account].balance = 50;
    let error = session.commit().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::StaleData, "{error}");
    session.rollback().await.unwrap();
    let account = session.get_one(Account, 1).await.unwrap();
    assert_eq!((session[account].balance, session[account].version), (70, 2));
    session[account].balance -= 50;
    session.commit().await.unwrap();
    let account = select(Account).one(&engine).await.unwrap();
    assert_eq!((account.balance, account.version), (20, 3));
}

/// What cannot be read has been written: the error says so instead of telling of a rollback.
#[tokio::test]
async fn a_key_that_its_field_does_not_take_is_told_as_written() {
    only!(Postgres | MariaDb | MySql);
    #[derive(Clone, Debug, Model)]
    #[orm(table = "narrow", metadata = none)]
    struct Narrow {
        #[orm(primary_key)]
        id: i16,
        name: String,
    }
    let (engine, _) = heard().await;
    let key = match dialect() {
        Dialect::Postgres => "BIGINT GENERATED BY DEFAULT AS IDENTITY (START 100000)",
        _ => "BIGINT AUTO_INCREMENT",
    };
    text(format!("CREATE TABLE narrow (id {key} PRIMARY KEY, name VARCHAR(20))")).execute(&engine).await.unwrap();
    if dialect() != Dialect::Postgres {
        text("ALTER TABLE narrow AUTO_INCREMENT = 100000").execute(&engine).await.unwrap();
    }
    just_committed(&engine).await;
    let mut session = Session::new(&engine);
    session.add(Narrow::builder().name("a"));
    let error = session.commit().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::CommitUnknown, "{error}");
    assert!(error.to_string().contains("100000"), "{error}");
    session.rollback().await.unwrap();
    let names = text("SELECT name FROM narrow").columns::<String>().all(&engine).await.unwrap();
    assert_eq!(names, ["a"]);
}

#[tokio::test]
async fn a_statement_whose_answer_is_lost_is_unknown() {
    only!(Postgres);
    let (engine, _) = heard().await;
    for words in [
        "CREATE FUNCTION ends() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$",
        "CREATE TRIGGER ends BEFORE INSERT ON users FOR EACH ROW WHEN (NEW.name = 'last') EXECUTE FUNCTION ends()",
    ] {
        text(words).execute(&engine).await.unwrap();
    }
    just_committed(&engine).await;
    let mut session = Session::new(&engine);
    session.add(User::builder().name("last"));
    let error = session.commit().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::CommitUnknown, "{error}");
    assert!(!error.is_retryable());
    assert_eq!(*session.commit().await.unwrap_err().kind(), ErrorKind::CommitUnknown, "nor is it believed");
    session.rollback().await.unwrap();
    assert_eq!(session.query(User).count().await.unwrap(), 2);
}

/// MySQL can be told that statements commit themselves no more.
#[tokio::test]
async fn autocommit_that_is_switched_off_is_seen() {
    only!(MariaDb | MySql);
    let (engine, sent) = heard().await;
    text("SET autocommit = 0").execute(&engine).await.unwrap();
    just_committed(&engine).await;
    sent.take();
    let mut session = Session::new(&engine);
    session.add(User::builder().name("new"));
    session.commit().await.unwrap();
    assert_eq!(sent.take(), ["BEGIN", "INSERT", "COMMIT"]);
    let other = Engine::new(&engine.url().render(false)).unwrap();
    assert_eq!(select(User).count(&other).await.unwrap(), 3);
    let error = Engine::new(&engine.url().with_query("autocommit", "0").render(false)).unwrap();
    let error = select(User).count(&error).await.unwrap_err();
    assert!(error.message().starts_with("`autocommit` is always on"), "{error}");
}
