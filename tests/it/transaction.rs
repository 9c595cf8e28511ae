//! `engine.transaction`: committed, rolled back, run again; many tasks at one balance.

use std::sync::atomic::{AtomicU32, Ordering};

use orm::prelude::*;
use orm::{Dialect, ErrorKind, IsolationLevel, SessionEvents, SessionMaker};

use crate::only;
use crate::support::{dialect, empty_engine, empty_engine_with};

#[derive(Clone, Debug, Model)]
#[orm(table = "accounts", metadata = none)]
struct Account {
    #[orm(primary_key)]
    id: i64,
    balance: i64,
}

async fn engine_with(balance: i64) -> Engine {
    fill(empty_engine().await, balance).await
}

/// An engine whose sessions begin at this level.
async fn engine_at(level: IsolationLevel, balance: i64) -> Engine {
    fill(empty_engine_with(|settings| settings.isolation_level(level)).await, balance).await
}

async fn fill(engine: Engine, balance: i64) -> Engine {
    metadata![Account].create_all(&engine).await.unwrap();
    insert(Account).values(Account { id: 1, balance }).execute(&engine).await.unwrap();
    engine
}

async fn balance(engine: &Engine) -> i64 {
    select(Account.balance).one(engine).await.unwrap()
}

#[tokio::test]
async fn ok_commits_and_err_rolls_back() {
    let engine = engine_with(100).await;
    let left = engine
        .transaction(async |session| {
            let account = session.get_one(Account, 1).await?;
            session[account].balance -= 10;
            Ok(session[account].balance)
        })
        .await
        .unwrap();
    assert_eq!((left, balance(&engine).await), (90, 90));
    let refused: Result<(), Error> = engine
        .transaction(async |session| {
            let account = session.get_one(Account, 1).await?;
            session[account].balance = 0;
            session.flush().await?;
            Err(Error::other("no"))
        })
        .await;
    assert_eq!((refused.unwrap_err().to_string(), balance(&engine).await), ("no".to_owned(), 90));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_two_tasks_at_one_balance_lose_nothing() {
    let engine = engine_with(32 * 10).await;
    let tasks: Vec<_> = (0..32)
        .map(|_| {
            let engine = engine.clone();
            tokio::spawn(async move {
                for _ in 0..5 {
                    engine
                        .transaction(async |session| {
                            let account = session.get_one(Account, 1).await?;
                            session[account].balance -= 2;
                            Ok(())
                        })
                        .await?;
                }
                Ok::<(), Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(balance(&engine).await, 0);
}

/// Has a session read and then write when another has written this balance between, which is refused at SERIALIZABLE.
async fn conflict(engine: &Engine, balance: i64) -> Error {
    let mut session = Session::new(engine);
    let account = session.get_one(Account, 1).await.unwrap();
    update(Account).set(Account.balance, balance).execute(engine).await.unwrap();
    session[account].balance -= 1;
    let error = session.commit().await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    error
}

#[tokio::test]
async fn a_conflict_with_another_writer_is_run_again_with_a_fresh_session() {
    // MariaDB lets the later writer win below SERIALIZABLE, and has it wait there: see `mysql`.
    only!(Sqlite | Postgres);
    let engine = engine_at(IsolationLevel::Serializable, 100).await;
    let error = conflict(&engine, 50).await;
    let tries = AtomicU32::new(0);
    let left = engine
        .transaction(async |session| {
            if tries.fetch_add(1, Ordering::Relaxed) == 0 {
                // The same conflict, made inside, where nobody holds the write lock from the beginning.
                if dialect() == Dialect::Sqlite {
                    return Err(error.clone());
                }
                let account = session.get_one(Account, 1).await?;
                update(Account).set(Account.balance, 40).execute(&engine).await?;
                session[account].balance -= 1;
                session.flush().await?;
            }
            let account = session.get_one(Account, 1).await?;
            session[account].balance -= 1;
            Ok(session[account].balance)
        })
        .await
        .unwrap();
    let expected = if dialect() == Dialect::Sqlite { 49 } else { 39 };
    assert_eq!((left, tries.load(Ordering::Relaxed), balance(&engine).await), (expected, 2, expected));
}

async fn tries_to_end_its_transaction(session: &mut Session) -> Result<(), Error> {
    let assert_refused = |done: Result<(), Error>| {
        let error = done.unwrap_err();
        let message = "this session's transaction ends with the closure that it runs in";
        assert_eq!((error.kind(), error.message()), (&ErrorKind::InvalidRequest, message));
    };
    let account = session.get_one(Account, 1).await?;
    session[account].balance -= 10;
    assert_refused(session.commit().await);
    assert_refused(session.rollback().await);
    assert_refused(session.close().await);
    let mut kept = session.begin_nested().await?;
    kept[account].balance -= 10;
    assert_refused(Session::commit(&mut kept).await);
    kept.commit().await?;
    let mut undone = session.begin_nested().await?;
    undone[account].balance = 0;
    undone.rollback().await
}

/// What was committed inside would be committed again where the closure is run again.
#[tokio::test]
async fn a_closure_does_not_end_the_transaction_that_it_runs_in() {
    let engine = engine_with(100).await;
    engine.transaction(tries_to_end_its_transaction).await.unwrap();
    assert_eq!(balance(&engine).await, 80);
    engine.transaction_once(tries_to_end_its_transaction).await.unwrap();
    assert_eq!(balance(&engine).await, 60);
    // A flush that has failed fails the whole, and says what helps.
    let done = engine.transaction(async |session| {
        session.add(Account { id: 1, balance: 7 });
        assert!(session.flush().await.unwrap_err().is_unique_violation());
        assert_eq!(*session.rollback().await.unwrap_err().kind(), ErrorKind::InvalidRequest);
        let error = session.get_one(Account, 1).await.unwrap_err();
        assert!(error.to_string().contains("hint: return the error from the closure"), "{error}");
        Ok(())
    });
    assert_eq!(*done.await.unwrap_err().kind(), ErrorKind::PendingRollback);
    assert_eq!(balance(&engine).await, 60);
}

#[derive(Debug)]
enum Refused {
    TooPoor,
    Orm(Error),
}
impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Refused::Orm(error)
    }
}

#[tokio::test]
async fn a_transaction_takes_the_users_own_error_type() {
    let engine = engine_with(5).await;
    let withdraw = async |amount: i64| -> Result<i64, Refused> {
        engine
            .try_transaction(async |session| {
                let account = session.get_one(Account, 1).await?;
                if session[account].balance < amount {
                    return Err(Refused::TooPoor);
                }
                session[account].balance -= amount;
                Ok(session[account].balance)
            })
            .await
    };
    assert_eq!(withdraw(3).await.unwrap(), 2);
    assert!(matches!(withdraw(3).await, Err(Refused::TooPoor)));
    delete(Account).execute(&engine).await.unwrap();
    let Err(Refused::Orm(error)) = withdraw(1).await else { panic!("there is no account") };
    assert!(error.is_no_result_found());
}

#[tokio::test]
async fn a_transaction_that_runs_once_may_give_away_what_it_captured() {
    let engine = engine_with(0).await;
    let account = Account { id: 2, balance: 7 };
    engine
        .transaction_once(async move |session| {
            session.add(account);
            session.flush().await
        })
        .await
        .unwrap();
    assert_eq!(select(Account).count(&engine).await.unwrap(), 2);
}

#[tokio::test]
async fn a_makers_transactions_have_its_filters_and_go_to_its_primary_engine() {
    let engine = engine_at(IsolationLevel::Serializable, 5).await;
    // Elsewhere the second writer waits for the first.
    let has_conflicts = matches!(dialect(), Dialect::Sqlite | Dialect::Postgres);
    let conflict = if has_conflicts { Some(conflict(&engine, 4).await) } else { None };
    let empty = Engine::new("sqlite::memory:").unwrap();
    let events = SessionEvents::new().filter(Account, Account.balance.gt(0));
    let sessions = SessionMaker::new(&engine).replicas([&empty]).events(events);
    let tries = AtomicU32::new(0);
    let left = sessions
        .transaction(async |session| {
            let account = session.get_one(Account, 1).await?;
            session[account].balance = 0;
            session.flush().await?;
            match (tries.fetch_add(1, Ordering::Relaxed), &conflict) {
                (0, Some(conflict)) => Err(conflict.clone()),
                _ => session.query(Account).count().await,
            }
        })
        .await
        .unwrap();
    let expected = if has_conflicts { 2 } else { 1 };
    assert_eq!((left, tries.load(Ordering::Relaxed)), (0, expected), "the filter hides what is empty");
    assert_eq!(balance(&engine).await, 0);

    let missing = sessions.try_transaction(async |session| {
        session.get_one(Account, 1).await.map_err(Refused::Orm)?;
        Ok(())
    });
    assert!(matches!(missing.await, Err(Refused::Orm(error)) if error.is_no_result_found()));
    let account = Account { id: 2, balance: 7 };
    let task = tokio::spawn(async move {
        sessions
            .transaction_once(async move |session| {
                session.add(account);
                session.flush().await
            })
            .await?;
        sessions.transaction(async |session| session.query(Account.balance).one().await).await
    });
    assert_eq!(task.await.unwrap().unwrap(), 7);
}

/// What is begun on another connection is as serializable as what went with the first.
#[tokio::test]
async fn a_closure_that_gives_up_its_connection_goes_on_as_serializably() {
    only!(Postgres);
    let engine = engine_with(0).await;
    let level = async |session: &mut Session| {
        session.invalidate();
        let connection = session.connection().await?;
        text("SHOW transaction_isolation").columns::<String>().one(connection).await
    };
    assert_eq!(engine.transaction(level).await.unwrap(), "serializable");
}
