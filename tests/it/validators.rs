//! `validate`: what a model says of its values, asked before a session writes them.

use orm::prelude::*;
use orm::{ErrorKind, SessionEvents, Violation, validate};

use crate::support::empty_engine;

fn has_at(email: &str) -> Result<(), &'static str> {
    if email.contains('@') { Ok(()) } else { Err("has no `@`") }
}

fn is_short(email: &str) -> Result<(), String> {
    match email.len() {
        0..=20 => Ok(()),
        length => Err(format!("has {length} characters, and 20 at most are taken")),
    }
}

fn is_positive(number: &Option<i64>) -> Result<(), std::num::TryFromIntError> {
    number.map_or(Ok(()), |number| u64::try_from(number).map(|_| ()))
}

fn is_in_order(period: &Period) -> Result<(), String> {
    match period.first <= period.last {
        true => Ok(()),
        false => Err(format!("ends at {} before it begins at {}", period.last, period.first)),
    }
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "validated_users", metadata = none)]
struct User {
    #[orm(primary_key)]
    id: i64,
    #[orm(validate = has_at, validate = is_short)]
    email: String,
    #[orm(validate = is_positive)]
    age: Option<i64>,
    #[orm(server_default = "'none'", validate = |word: &String| if word.is_empty() { Err("is empty") } else { Ok(()) })]
    word: String,
    #[orm(back_populates = user, cascade(all, delete_orphan))]
    periods: HasMany<Period>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "validated_periods", metadata = none, validate = is_in_order)]
struct Period {
    #[orm(primary_key)]
    id: i64,
    first: i64,
    last: i64,
    #[orm(foreign_key = User.id)]
    user_id: i64,
    #[orm(back_populates = periods)]
    user: BelongsTo<User>,
}

async fn users() -> Engine {
    let engine = empty_engine().await;
    metadata![User, Period].create_all(&engine).await.unwrap();
    engine
}

fn told(error: &Error) -> Vec<(&'static str, Option<&'static str>, &str)> {
    let mut told = Vec::new();
    for Violation { model, field, message, .. } in error.violations() {
        told.push((*model, *field, message.as_str()));
    }
    told
}

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once_and_nothing_is_lost() {
    let engine = users().await;
    let mut session = Session::new(&engine);
    let good = session.add(User::builder().email("ed@x.org"));
    let bad = session.add(User::builder().email("a.long.address.without.it").age(-1));
    let period = session.add(Period::builder().first(3).last(1).user(bad));
    let before = engine.statement_count();
    let error = session.commit().await.unwrap_err();
    assert_eq!(engine.statement_count(), before, "nothing was sent");
    let positive = u64::try_from(-1i64).unwrap_err().to_string();
    assert_eq!(
        told(&error),
        [
            ("User", Some("email"), "has no `@`"),
            ("User", Some("email"), "has 25 characters, and 20 at most are taken"),
            ("User", Some("age"), positive.as_str()),
            ("Period", None, "ends at 1 before it begins at 3"),
        ]
    );
    assert!(matches!(error.kind(), ErrorKind::Validation { violations } if violations.len() == 4));
    let first = "`User.email` has no `@`; `User.email` has 25 characters, and 20 at most are taken; `User.age` ";
    assert!(error.message().starts_with(first), "{error}");
    assert!(error.message().ends_with("; `Period` ends at 1 before it begins at 3"), "{error}");

    // The session goes on where it was.
    session[bad].email = "wendy@x.org".into();
    session[bad].age = None;
    session[period].last = 4;
    session.commit().await.unwrap();
    let saved = select((User.email, User.word)).order_by(User.id).all(&engine).await.unwrap();
    assert_eq!(saved, [("ed@x.org".to_owned(), "none".to_owned()), ("wendy@x.org".to_owned(), "none".to_owned())]);
    assert!(session[good].id != 0 && session[period].user_id == session[bad].id);
}

#[tokio::test]
async fn what_is_not_changed_is_not_asked_about() {
    let engine = users().await;
    // A statement is not asked about; nor is a row that was there before.
    insert(User).values(User::builder().email("old").age(1)).execute(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let old = session.query(User).one().await.unwrap();
    session[old].age = Some(2);
    session.commit().await.unwrap();
    session[old].age = Some(-2);
    let error = session.flush().await.unwrap_err();
    assert_eq!(told(&error).len(), 1, "{error}");
    session[old].age = Some(3);
    session[old].email = "older".into();
    assert_eq!(told(&session.flush().await.unwrap_err()), [("User", Some("email"), "has no `@`")]);
    // What goes is not asked about either.
    session.delete(old).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(User).count(&engine).await.unwrap(), 0);
}

#[tokio::test]
async fn a_model_is_asked_as_a_whole_whatever_changes() {
    let engine = users().await;
    let mut session = Session::new(&engine);
    let user = session.add(User::builder().email("ed@x.org").periods([Period::builder().first(1).last(2)]));
    session.commit().await.unwrap();
    let period = session.query(Period).one().await.unwrap();
    session[period].first = 5;
    // Autoflush asks as well.
    let error = session.query(Period).all().await.unwrap_err();
    assert_eq!(told(&error), [("Period", None, "ends at 2 before it begins at 5")]);
    session[period].last = 5;
    assert_eq!(session.query(Period).all().await.unwrap(), [period]);
    session.rollback().await.unwrap();
    assert_eq!((session[period].last, session[user].email.as_str()), (2, "ed@x.org"));
}

#[tokio::test]
async fn listeners_come_first() {
    let engine = users().await;
    let mut session = Session::new(&engine);
    let tidy = |user: &mut User| {
        user.email = user.email.replace(" at ", "@");
        Ok(())
    };
    session.listen(SessionEvents::new().before_insert(User, tidy).before_update(User, tidy));
    let user = session.add(User::builder().email("ed at x.org"));
    session.commit().await.unwrap();
    assert_eq!(session[user].email, "ed@x.org");
    session[user].email = "wendy at x.org".into();
    session.commit().await.unwrap();
    session[user].email = "wendy".into();
    let error = session.commit().await.unwrap_err();
    assert_eq!(told(&error), [("User", Some("email"), "has no `@`")]);
    // Others may have been written by then: it is as any flush that fails.
    session.rollback().await.unwrap();
    assert_eq!(session[user].email, "wendy@x.org");
    session.add(User::builder().email("fred"));
    assert_eq!(told(&session.commit().await.unwrap_err()).len(), 1);
}

#[test]
fn a_value_is_asked_about_without_a_session() {
    let user = |email: &str| User {
        id: 0,
        email: email.to_owned(),
        age: None,
        word: "w".to_owned(),
        periods: HasMany::default(),
    };
    validate(&user("ed@x.org")).unwrap();
    assert_eq!(told(&validate(&user("ed")).unwrap_err()), [("User", Some("email"), "has no `@`")]);
}
