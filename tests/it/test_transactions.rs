//! Engines all of whose work is one transaction that is never committed, for tests of code that takes an engine.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use orm::prelude::*;
use orm::{Dialect, EngineBuilder, ErrorKind, ExecutionOptions, IsolationLevel, MetaData, PoolClass};

use crate::faults::polled;
use crate::only;
use crate::support::{ENDLESS, dialect, empty_engine};

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "shops", metadata = none)]
struct Shop {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 50, unique)]
    name: String,
    #[orm(back_populates = shop, cascade(all, delete_orphan), order_by = id)]
    orders: HasMany<Order>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "orders", metadata = none)]
struct Order {
    #[orm(primary_key)]
    id: i64,
    amount: i64,
    #[orm(foreign_key = Shop.id)]
    shop_id: i64,
    #[orm(back_populates = orders)]
    shop: BelongsTo<Shop>,
}

/// A database with tables that outlives the engines over it.
struct Database {
    engine: Engine,
    file: Option<PathBuf>,
}

impl Database {
    async fn new(tables: &MetaData) -> Database {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let (engine, file) = match dialect() {
            Dialect::Sqlite => {
                let name =
                    format!("orm-test-transactions-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
                let file = std::env::temp_dir().join(name);
                (Engine::new(&format!("sqlite:///{}", file.display())).unwrap(), Some(file))
            }
            _ => (empty_engine().await, None),
        };
        tables.create_all(&engine).await.unwrap();
        Database { engine, file }
    }

    fn settings(&self) -> EngineBuilder {
        Engine::builder(&self.engine.url().render(false)).test_transaction(true)
    }

    fn test(&self) -> Engine {
        self.settings().build().unwrap()
    }

    /// Returns the names of the shops that were committed.
    async fn shops(&self) -> Vec<String> {
        names(&self.engine).await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            for ending in ["", "-journal", "-wal", "-shm"] {
                _ = std::fs::remove_file(format!("{}{ending}", file.display()));
            }
        }
    }
}

async fn shops() -> Database {
    Database::new(&metadata![Shop, Order]).await
}

async fn names(engine: &Engine) -> Vec<String> {
    select(Shop.name).order_by(Shop.name).all(engine).await.unwrap()
}

async fn open(engine: &Engine, name: &str) -> Result<(), Error> {
    let mut session = Session::new(engine);
    session.add(Shop::builder().name(name).orders([Order::builder().amount(1), Order::builder().amount(2)]));
    session.commit().await
}

#[tokio::test]
async fn what_is_committed_is_seen_by_all_and_kept_by_none() {
    let database = shops().await;
    insert(Shop).values(Shop::builder().name("old")).execute(&database.engine).await.unwrap();
    let test = database.test();
    open(&test, "session").await.unwrap();
    insert(Shop).values(Shop::builder().name("engine")).execute(&test).await.unwrap();
    let mut connection = test.connect().await.unwrap();
    insert(Shop).values(Shop::builder().name("connection")).execute(&mut connection).await.unwrap();
    connection.commit().await.unwrap();
    connection.close().await.unwrap();
    let mut transaction = test.begin().await.unwrap();
    insert(Shop).values(Shop::builder().name("begun")).execute(&mut transaction).await.unwrap();
    transaction.commit().await.unwrap();
    test.transaction(async |session| {
        session.add(Shop::builder().name("closure"));
        session.flush().await
    })
    .await
    .unwrap();
    let level = ExecutionOptions::new().isolation_level(IsolationLevel::Autocommit);
    let each = test.execution_options(level);
    insert(Shop).values(Shop::builder().name("autocommit")).execute(&each).await.unwrap();

    assert_eq!(names(&test).await, ["autocommit", "begun", "closure", "connection", "engine", "old", "session"]);
    let mut orders = test.stream(select(Order)).await.unwrap();
    let mut amounts = Vec::new();
    while let Some(order) = orders.next().await.unwrap() {
        amounts.push(order.amount);
    }
    drop(orders);
    assert_eq!(amounts, [1, 2]);
    let shop =
        select(Shop).filter(Shop.name.eq("session")).options(selectinload(Shop.orders)).one(&test).await.unwrap();
    assert_eq!(shop.orders.len(), 2);

    test.dispose().await;
    assert_eq!(database.shops().await, ["old"]);
}

#[tokio::test]
async fn what_is_rolled_back_is_undone_and_no_more() {
    let database = shops().await;
    let test = database.test();
    open(&test, "first").await.unwrap();

    let mut session = Session::new(&test);
    session.add(Shop::builder().name("undone"));
    session.flush().await.unwrap();
    session.rollback().await.unwrap();
    drop(session);
    let mut connection = test.connect().await.unwrap();
    insert(Shop).values(Shop::builder().name("dropped")).execute(&mut connection).await.unwrap();
    drop(connection);
    assert_eq!(names(&test).await, ["first"]);

    // Whatever fails leaves what was before it, and what comes behind it runs.
    let twice = insert(Shop).values(Shop::builder().name("first")).execute(&test).await.unwrap_err();
    assert!(twice.is_unique_violation(), "{twice}");
    let failed = open(&test, "first").await.unwrap_err();
    assert!(failed.is_unique_violation(), "{failed}");
    let nonsense = text("SELECT nothing FROM nowhere").columns::<i64>().all(&test).await;
    assert!(nonsense.is_err());
    let refused: Result<(), Error> = test
        .transaction(async |session| {
            session.add(Shop::builder().name("refused"));
            session.flush().await?;
            Err(Error::other("no"))
        })
        .await;
    assert_eq!(refused.unwrap_err().message(), "no");

    let mut session = Session::new(&test);
    session.add(Shop::builder().name("second"));
    session.flush().await.unwrap();
    let mut nested = session.begin_nested().await.unwrap();
    nested.add(Shop::builder().name("nested"));
    nested.flush().await.unwrap();
    nested.rollback().await.unwrap();
    session.commit().await.unwrap();
    drop(session);
    assert_eq!(names(&test).await, ["first", "second"]);
    assert_eq!(select(Order).count(&test).await.unwrap(), 2);
    drop(test);
}

#[tokio::test]
async fn a_future_that_is_dropped_undoes_its_transaction_alone() {
    let database = shops().await;
    let test = database.test();
    open(&test, "first").await.unwrap();
    for _ in 0..3 {
        let never = test.transaction(async |session| {
            session.add(Shop::builder().name("never"));
            session.flush().await?;
            std::future::pending::<Result<(), Error>>().await
        });
        tokio::time::timeout(Duration::from_millis(20), never).await.unwrap_err();
    }
    assert_eq!(names(&test).await, ["first"]);
    open(&test, "second").await.unwrap();
    assert_eq!(names(&test).await, ["first", "second"]);
}

#[tokio::test]
async fn tests_run_beside_each_other() {
    only!(Postgres | MariaDb | MySql);
    let database = shops().await;
    let tests = [database.test(), database.test(), database.test()];
    for (number, test) in tests.iter().enumerate() {
        // Rows of one name would wait for each other, in any transaction.
        open(test, &format!("shop {number}")).await.unwrap();
    }
    for (number, test) in tests.iter().enumerate() {
        assert_eq!(names(test).await, [format!("shop {number}")]);
    }
    assert!(database.shops().await.is_empty());
}

#[tokio::test]
async fn whoever_comes_while_another_has_the_connection_waits() {
    let database = shops().await;
    let test = database.settings().pool_timeout(Duration::from_millis(50)).build().unwrap();
    let mut session = Session::new(&test);
    session.add(Shop::builder().name("first"));
    session.flush().await.unwrap();
    let error = select(Shop).count(&test).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Timeout);
    session.commit().await.unwrap();
    assert_eq!(select(Shop).count(&test).await.unwrap(), 1);
}

#[tokio::test]
async fn a_session_that_has_only_read_is_in_nobodys_way() {
    let database = shops().await;
    let test = database.settings().pool_timeout(Duration::from_millis(50)).build().unwrap();
    open(&test, "first").await.unwrap();
    let mut session = Session::new(&test);
    let first = session.query(Shop).filter(Shop.name.eq("first")).one().await.unwrap();
    session.load(first, Shop.orders).await.unwrap();
    let orders = session[first].orders.len();
    open(&test, "second").await.unwrap();
    update(Shop).set(Shop.name, "one").filter(Shop.name.eq("first")).execute(&test).await.unwrap();
    session.refresh(first).await.unwrap();
    let last = select(func::max(Order.amount)).one(&mut session).await.unwrap();
    assert_eq!((orders, session[first].name.as_str(), last), (2, "one", Some(2)));
    open(&test, "third").await.unwrap();
    session[first].name = "first again".into();
    session.flush().await.unwrap();
    assert_eq!(session.query(Shop).count().await.unwrap(), 3);
    assert_eq!(*select(Shop).count(&test).await.unwrap_err().kind(), ErrorKind::Timeout);
    session.rollback().await.unwrap();
    assert_eq!(names(&test).await, ["one", "second", "third"]);
}

#[tokio::test]
async fn settings_of_transactions_hold_where_they_can() {
    let database = shops().await;
    let test = database.test();
    let levels = test.execution_options(ExecutionOptions::new().isolation_level(IsolationLevel::Serializable));
    open(&levels, "first").await.unwrap();
    let reads = test.execution_options(ExecutionOptions::new().read_only(true));
    assert_eq!(names(&reads).await, ["first"]);
    let written = open(&reads, "written").await;
    assert_eq!(written.is_err(), !matches!(dialect(), Dialect::MySql | Dialect::MariaDb), "{written:?}");
    open(&test, "second").await.unwrap();

    let hurried = test.execution_options(ExecutionOptions::new().timeout(Duration::from_millis(50)));
    let slow = match dialect() {
        Dialect::Sqlite => {
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000) SELECT count(*) FROM n"
        }
        Dialect::Postgres => "SELECT count(*) FROM (SELECT pg_sleep(5)) AS slow",
        _ => ENDLESS,
    };
    let cut_off = text(slow).columns::<i64>().one(&hurried).await.unwrap_err();
    assert_eq!(*cut_off.kind(), ErrorKind::Operational);
    let mut expected = vec!["first", "second"];
    if written.is_ok() {
        expected.push("written");
    }
    assert_eq!(names(&hurried).await, expected);
    if dialect() == Dialect::Postgres {
        let limit = text("SHOW statement_timeout").columns::<String>().one(&test).await.unwrap();
        assert_eq!(limit, "0");
    }
}

#[tokio::test]
async fn what_is_deferred_is_looked_at_when_a_transaction_is_committed() {
    only!(Postgres);
    let database = shops().await;
    let make = "ALTER TABLE orders ADD CONSTRAINT late FOREIGN KEY (amount) REFERENCES shops (id) \
                DEFERRABLE INITIALLY DEFERRED";
    text(make).execute(&database.engine).await.unwrap();
    let test = database.test();
    insert(Shop).values(Shop { id: 1, name: "first".into(), orders: HasMany::default() }).execute(&test).await.unwrap();
    let order = |amount| insert(Order).values(Order::builder().amount(amount).shop_id(1));
    for amount in [2, 1, 3] {
        let done = order(amount).execute(&test).await;
        assert_eq!(done.is_ok(), amount == 1, "{done:?}");
    }
    let mut session = Session::new(&test);
    session.add(Order::builder().amount(7).shop_id(1));
    session.flush().await.unwrap();
    let error = session.commit().await.unwrap_err();
    assert!(error.is_foreign_key_violation(), "{error}");
    session.rollback().await.unwrap();
    // What is put right before the end is right.
    let late = session.add(Order::builder().amount(8).shop_id(1));
    session.flush().await.unwrap();
    session[late].amount = 1;
    session.commit().await.unwrap();
    assert_eq!(select(Order.amount).all(&test).await.unwrap(), [1, 1]);
}

#[tokio::test]
async fn a_test_whose_transaction_is_gone_says_so() {
    let database = shops().await;
    let ended = "the test's transaction was ended: by a COMMIT or ROLLBACK in SQL text, by a definition, with which MySQL \
                 commits, or by the database, as after a deadlock";
    let test = database.test();
    open(&test, "first").await.unwrap();
    let mut connection = test.connect().await.unwrap();
    connection.exec_driver_sql("ROLLBACK", ()).await.unwrap();
    let error = select(Shop).count(&mut connection).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (&ErrorKind::InvalidRequest, ended));
    drop(connection);
    assert_eq!(open(&test, "second").await.unwrap_err().message(), ended);

    let test = database.test();
    open(&test, "first").await.unwrap();
    test.connect().await.unwrap().invalidate();
    let error = select(Shop).count(&test).await.unwrap_err();
    let gone = "the test's transaction has been rolled back, since its connection was lost, disposed of, or closed with a \
                statement whose future was dropped, as by a time limit";
    assert_eq!((error.kind(), error.message()), (&ErrorKind::InvalidRequest, gone));

    // PostgreSQL and SQLite go on.
    let test = database.test();
    open(&test, "first").await.unwrap();
    _ = polled(select(Shop).count(&test), 1).await;
    match select(Shop).count(&test).await {
        Ok(count) => assert_eq!(count, 1),
        Err(error) => {
            assert!(matches!(dialect(), Dialect::MySql | Dialect::MariaDb), "{error}");
            assert_eq!(error.message(), gone);
        }
    }
    drop(test);

    let made = {
        let test = database.test();
        metadata![Other].create_all(&test).await.and(select(Other).count(&test).await.map(|_| ()))
    };
    match dialect() {
        Dialect::MySql | Dialect::MariaDb => assert_eq!(made.unwrap_err().message(), ended),
        _ => {
            made.unwrap();
            assert!(select(Other).count(&database.engine).await.is_err());
        }
    }
    assert!(database.shops().await.is_empty());
}

#[derive(Clone, Debug, Model)]
#[orm(table = "others", metadata = none)]
struct Other {
    #[orm(primary_key)]
    id: i64,
}

#[tokio::test]
async fn settings_that_make_no_sense_with_it_are_refused() {
    let settings = Engine::builder("sqlite::memory:").test_transaction(true);
    let error = settings.clone().pool_class(PoolClass::Null).build().unwrap_err();
    assert_eq!(error.message(), "an engine with `test_transaction` has one connection, and no Null pool");
    assert!(settings.pool_size(20).pool_recycle(Duration::ZERO).build().is_ok());
    let words = [("url", "sqlite::memory:"), ("test_transaction", "on")];
    let engine = Engine::from_config(words, "").unwrap();
    metadata![Shop, Order].create_all(&engine).await.unwrap();
    open(&engine, "first").await.unwrap();
    assert_eq!(names(&engine).await, ["first"]);
    assert_eq!(engine.pool().status().checked_out, 0);
}
