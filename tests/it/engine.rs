//! What an engine is told when it is made, and how its statements are run.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use orm::prelude::*;
use orm::{
    Dialect, EngineBuilder, ErrorKind, ExecutionOptions, IsolationLevel, Lint, Plugin, PoolClass, ResetOnReturn, Url,
};

use crate::only;
use crate::support::{
    Address, ENDLESS, Node, User, dialect, empty_engine, empty_engine_with, engine, expected, two_users,
};

fn options() -> ExecutionOptions {
    ExecutionOptions::new()
}

// ---------------------------------------------------------------------------------------------- URL and configuration

#[test]
fn an_unknown_key_of_the_url_lists_the_known_ones() {
    let (url, known) = match dialect() {
        Dialect::Sqlite => ("sqlite::memory:?aplication_name=x", "`busy_timeout`, `foreign_keys`"),
        Dialect::Postgres => ("postgresql://scott@localhost/shop?aplication_name=x", "`host`, `port`, `sslmode`"),
        _ => ("mysql://scott@localhost/shop?aplication_name=x", "`socket`, `ssl_mode`"),
    };
    let error = Engine::new(url).unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (&ErrorKind::Argument, "the database URL has the unknown key `aplication_name`")
    );
    assert!(error.to_string().contains(&format!("hint: the known ones are {known}")), "{error}");
}

#[tokio::test]
async fn a_socket_is_a_key_of_the_url() {
    only!(Postgres);
    let (socket, own) = ("/var/run/postgresql", empty_engine().await);
    if !std::path::Path::new(socket).join(".s.PGSQL.5432").exists() {
        return;
    }
    let (user, database) = (own.url().username().unwrap_or("postgres"), own.url().database().unwrap_or("test"));
    let engine = Engine::new(&format!("postgresql://{user}@/{database}?host={socket}&port=5432")).unwrap();
    match text("SELECT inet_server_addr()::text").columns::<Option<String>>().one(&engine).await {
        Ok(address) => assert_eq!(address, None, "a socket has none"),
        // The server was reached, and asks who runs the tests.
        Err(error) => assert!(error.message().contains("Peer authentication failed"), "{error}"),
    }
    let error = Engine::new("postgresql:///shop?port=five").unwrap_err();
    assert_eq!(error.message(), "`port=five` in the database URL makes no sense");
}

/// What the consoles of hosted servers print as their URL.
#[tokio::test]
async fn urls_of_hosted_servers_are_understood_or_told() {
    let refused = |url: &str| Engine::new(url).unwrap_err().to_string();
    let error = refused("postgresql://me@localhost/shop?sslmode=require&channel_binding=require");
    assert!(error.contains("the driver binds no channel\nhint: leave it out"), "{error}");
    let error = refused("postgresql://me@localhost/shop?sslmode=require&sslrootcert=system");
    assert!(
        error.contains("`sslmode=require` in the database URL makes no sense\nhint: expected `verify-full`"),
        "{error}"
    );
    let asking = [
        "postgresql://me@localhost/shop?sslmode=require&channel_binding=prefer",
        "postgresql://me@localhost/shop?sslrootcert=system",
        "mysql://me@localhost/shop?ssl-mode=REQUIRED",
        "mariadb://me@localhost/shop?ssl-mode=VERIFY_CA&ssl-ca=/no/such/file.pem",
    ];
    for url in asking {
        let of_this_database = Engine::new(url).unwrap().dialect() == dialect();
        if !of_this_database || cfg!(feature = "tls") {
            continue;
        }
        let mut url: Url = url.parse().unwrap();
        let own = empty_engine().await;
        url = url.with_host(own.url().host().unwrap()).with_port(own.url().port().unwrap());
        let error = Engine::new(&url.render(false)).unwrap().connect().await.unwrap_err().to_string();
        assert!(error.contains("hint: enable the feature `tls`"), "{error}");
    }
}

#[tokio::test]
async fn keys_of_the_url_reach_the_session_of_the_database() {
    let engine = empty_engine_with(|settings| match dialect() {
        Dialect::Sqlite => settings.connect_arg("pragma.cache_size", -4321).connect_arg("foreign_keys", "off"),
        Dialect::Postgres => settings
            .connect_arg("options", "-c work_mem=5MB")
            .connect_arg("client_encoding", "utf8")
            .connect_arg("shop.branch", "north")
            .connect_arg("session.enable_hashjoin", "off"),
        _ => settings.connect_arg("lock_wait_timeout", 17).connect_arg("session.join_buffer_size", 524_288),
    })
    .await;
    let ask = async |sql: &str| {
        let mut connection = engine.connect().await.unwrap();
        connection.exec_driver_sql(sql, ()).await.unwrap().first().unwrap().get::<String>(0)
    };
    let number = async |sql: &str| {
        let mut connection = engine.connect().await.unwrap();
        connection.exec_driver_sql(sql, ()).await.unwrap().first().unwrap().get::<i64>(0).unwrap()
    };
    match dialect() {
        Dialect::Sqlite => {
            assert_eq!(number("PRAGMA cache_size").await, -4321);
            assert_eq!(number("PRAGMA foreign_keys").await, 0);
        }
        Dialect::Postgres => {
            assert_eq!(ask("SHOW work_mem").await.unwrap(), "5MB");
            assert_eq!(ask("SHOW client_encoding").await.unwrap(), "UTF8");
            assert_eq!(ask("SELECT current_setting('shop.branch')").await.unwrap(), "north");
            assert_eq!(ask("SHOW enable_hashjoin").await.unwrap(), "off");
        }
        _ => {
            assert_eq!(number("SELECT @@lock_wait_timeout").await, 17);
            assert_eq!(number("SELECT @@join_buffer_size").await, 524_288);
        }
    }
}

#[tokio::test]
async fn an_encoding_other_than_utf_8_is_refused() {
    only!(Postgres | MySql | MariaDb);
    let (scheme, expected) = match dialect() {
        Dialect::Postgres => ("postgresql", "the client encoding is UTF-8, not `latin1`"),
        _ => ("mysql", "`client_encoding=latin1` in the database URL makes no sense"),
    };
    let url = format!("{scheme}://nobody@127.0.0.1/x?client_encoding=latin1");
    let error = match Engine::new(&url) {
        Ok(engine) => engine.connect().await.unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(error.message(), expected);
}

#[test]
fn settings_are_read_from_words() {
    let config = [
        ("orm.url", "sqlite:///shop.db?busy_timeout=1000"),
        ("orm.pool_size", "3"),
        ("orm.max_overflow", "-1"),
        ("orm.pool_timeout", "0.25"),
        ("orm.pool_recycle", "-1"),
        ("orm.pool_pre_ping", "TRUE"),
        ("orm.pool_use_lifo", "no"),
        ("orm.poolclass", "QueuePool"),
        ("orm.pool_reset_on_return", "commit"),
        ("orm.isolation_level", "serializable"),
        ("orm.echo", "off"),
        ("orm.hide_parameters", "yes"),
        ("orm.enable_from_linting", "deny"),
        ("orm.query_cache_size", "10"),
        ("orm.connect_args.foreign_keys", "off"),
        ("other.url", "nonsense"),
    ];
    let engine = Engine::from_config(config, "orm.").unwrap();
    assert_eq!(engine.url().to_string(), "sqlite:///shop.db?busy_timeout=1000&foreign_keys=off");
    assert_eq!(format!("{:?}", engine.get_execution_options()), "ExecutionOptions { isolation_level: Serializable }");

    let wrong = |key: &str, value: &str| {
        Engine::from_config([("url", "sqlite::memory:"), (key, value)], "").unwrap_err().to_string()
    };
    assert_eq!(wrong("pool_size", "many"), "`pool_size = many` makes no sense\nhint: expected a number of connections");
    assert!(wrong("isolation_level", "total").ends_with("such as `REPEATABLE READ` or `AUTOCOMMIT`"));
    let unknown = wrong("pool_sise", "3");
    assert!(unknown.starts_with("the configuration has the unknown key `pool_sise`\nhint: the known ones are `url`, "));
    for known in ["echo", "max_overflow", "pool_recycle", "isolation_level", "query_cache_size"] {
        assert!(unknown.contains(&format!("`{known}`")), "{unknown}");
    }
    let none = Engine::from_config([("a", "b")], "orm.").unwrap_err();
    assert_eq!(none.message(), "the configuration has no `orm.url`");
}

#[tokio::test]
async fn settings_from_words_make_a_working_engine() {
    let url = empty_engine().await.url().render(false);
    let engine = Engine::from_config(
        [("url", url.as_str()), ("pool_size", "1"), ("max_overflow", "0"), ("pool_timeout", "0.02")],
        "",
    )
    .unwrap();
    let _held = engine.connect().await.unwrap();
    let error = engine.connect().await.unwrap_err();
    let words = "QueuePool limit of size 1 overflow 0 reached, connection timed out, timeout 0.02";
    assert!(error.message().starts_with(words), "{error}");
}

// ---------------------------------------------------------------------------------------------- plugins and creator

#[tokio::test]
async fn plugins_change_the_settings_in_their_order_and_see_the_engine() {
    struct Named(&'static str, Arc<Mutex<Vec<String>>>);
    impl Plugin for Named {
        fn configure(&self, settings: EngineBuilder) -> Result<EngineBuilder, Error> {
            self.1.lock().unwrap().push(format!("{} configures {}", self.0, settings.url()?.dialect()));
            Ok(settings.pool_size(1).max_overflow(0).pool_timeout(Duration::from_millis(10)))
        }

        fn engine_created(&self, engine: &Engine) {
            self.1.lock().unwrap().push(format!("{} sees {}", self.0, engine.dialect()));
        }
    }
    struct Refuses;
    impl Plugin for Refuses {
        fn configure(&self, _settings: EngineBuilder) -> Result<EngineBuilder, Error> {
            Err(Error::other("not today"))
        }
    }
    let told = Arc::new(Mutex::new(Vec::new()));
    let engine =
        empty_engine_with(|settings| settings.plugin(Named("one", told.clone())).plugin(Named("two", told.clone())))
            .await;
    let name = dialect().to_string();
    let all = ["one configures", "two configures", "one sees", "two sees"].map(|words| format!("{words} {name}"));
    assert_eq!(*told.lock().unwrap(), all);
    let _held = engine.connect().await.unwrap();
    assert_eq!(*engine.connect().await.unwrap_err().kind(), ErrorKind::Timeout, "the pool is as the plugin has it");
    let error = Engine::builder("sqlite::memory:").plugin(Refuses).build().unwrap_err();
    assert_eq!(error.message(), "not today");
}

#[tokio::test]
async fn a_creator_says_where_each_connection_goes() {
    let real = empty_engine().await;
    let asked = Arc::new(AtomicU32::new(0));
    let target = real.url().clone();
    let counter = asked.clone();
    // The engine's own URL leads nowhere.
    let engine =
        Engine::builder(&real.url().render(false).replace("127.0.0.1", "192.0.2.1").replace(":memory:", "/dev/null/x"))
            .pool_class(PoolClass::Null)
            .creator(move |_url: Url| {
                let (target, counter) = (target.clone(), counter.clone());
                async move {
                    tokio::task::yield_now().await;
                    match counter.fetch_add(1, Ordering::Relaxed) {
                        2 => Err(Error::other("the vault is sealed")),
                        _ => Ok(target),
                    }
                }
            })
            .build()
            .unwrap();
    for _ in 0..2 {
        assert_eq!(text("SELECT 1").columns::<i64>().one(&engine).await.unwrap(), 1);
    }
    let error = text("SELECT 1").columns::<i64>().one(&engine).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (&ErrorKind::Other, "the vault is sealed"));
    assert_eq!(text("SELECT 1").columns::<i64>().one(&engine).await.unwrap(), 1);
    assert_eq!(asked.load(Ordering::Relaxed), 4);

    let other = if dialect() == Dialect::Sqlite { "mysql://root@localhost/x" } else { "sqlite::memory:" };
    let engine = Engine::builder(&real.url().render(false)).creator(async move |_url| other.parse()).build().unwrap();
    let error = engine.connect().await.unwrap_err();
    assert!(error.message().starts_with("the creator gave a URL of dialect"), "{error}");
}

// ---------------------------------------------------------------------------------------------- statements

#[tokio::test]
async fn a_cartesian_product_is_refused_where_the_engine_asks() {
    let denying = empty_engine_with(|settings| settings.from_linting(Lint::Deny)).await;
    metadata![User, Address, crate::support::Keyword, crate::support::UserKeyword].create_all(&denying).await.unwrap();
    for _ in 0..2 {
        let error = select((User.name, Address.email)).all(&denying).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Compile);
        assert_eq!(
            error.message(),
            "SELECT statement has a cartesian product between FROM element(s) \"addresses\" and FROM element \"users\".  \
             Apply join condition(s) between each element to resolve."
        );
    }
    select((User.name, Address.email)).filter(Address.user_id.eq(User.id)).all(&denying).await.unwrap();
    select((User.name, Address.email)).join(User.addresses).all(&denying).await.unwrap();
    let quiet = empty_engine_with(|settings| settings.enable_from_linting(false)).await;
    metadata![User, Address, crate::support::Keyword, crate::support::UserKeyword].create_all(&quiet).await.unwrap();
    two_users(&quiet).await;
    assert_eq!(select((User.name, Address.email)).all(&quiet).await.unwrap().len(), 6);
}

#[tokio::test]
async fn statements_run_the_same_without_a_cache_and_with_a_small_one() {
    for size in [0, 1, 500] {
        let engine = empty_engine_with(|settings| settings.query_cache_size(size)).await;
        for round in 0..20i64 {
            let sql = format!("SELECT {round} + :n");
            let found = text(sql).bind("n", round).columns::<i64>().one(&engine).await.unwrap();
            assert_eq!(found, 2 * round);
            let uncached = engine.execution_options(options().compiled_cache(false));
            let same = text("SELECT 1 + :n").bind("n", round).columns::<i64>().one(&uncached).await.unwrap();
            assert_eq!(same, 1 + round);
        }
        engine.clear_compiled_cache();
        assert_eq!(text("SELECT 1").columns::<i64>().one(&engine).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn more_rows_than_allowed_are_an_error_and_not_a_part_of_the_answer() {
    let engine = engine().await;
    two_users(&engine).await;
    let few = engine.execution_options(options().max_rows(2));
    assert_eq!(select(User).all(&few).await.unwrap().len(), 2);
    let error = select(Address).all(&few).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(error.message(), "the statement gave more rows than `max_rows` allows, which is 2");
    assert_eq!(select(Address).limit(2).all(&few).await.unwrap().len(), 2);
    assert_eq!(select(Address).all(&engine).await.unwrap().len(), 3, "the engine itself is as it was");
    let users = ["a", "b", "c"].map(|name| User::builder().name(name));
    let mut session = Session::new(&few);
    session.add_all(users);
    session.commit().await.unwrap();
    assert_eq!(select(User).count(&engine).await.unwrap(), 5, "what is written is not counted");
}

#[tokio::test]
async fn a_read_only_engine_writes_nothing() {
    let engine = engine().await;
    two_users(&engine).await;
    let reader = engine.execution_options(options().read_only(true));
    let refused = expected(
        "attempt to write a readonly database",
        [
            (Dialect::Postgres, "cannot execute UPDATE in a read-only transaction", "its own words"),
            (Dialect::MariaDb, "Cannot execute statement in a READ ONLY transaction", "its own words"),
            (Dialect::MySql, "Cannot execute statement in a READ ONLY transaction", "its own words"),
        ],
    );
    let error = update(User).set(User.name, "x").execute(&reader).await.unwrap_err();
    assert!(error.message().starts_with(refused), "{error}");
    assert_eq!(select(User).count(&reader).await.unwrap(), 2);
    // The connections are the same, and can write for others.
    assert_eq!(update(User).set(User.active, true).execute(&engine).await.unwrap(), 2);
    let mut connection = reader.connect().await.unwrap();
    assert_eq!(select(User).count(&mut connection).await.unwrap(), 2);
    drop(connection);
    assert_eq!(update(User).set(User.active, false).execute(&engine).await.unwrap(), 2);
    let mut session = Session::new(&reader);
    session.add(User::builder().name("new"));
    let error = session.commit().await.unwrap_err();
    assert!(error.message().to_lowercase().replace('-', " ").contains("read"), "{error}");
    session.rollback().await.unwrap();
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_ended_by_the_database() {
    let engine = empty_engine_with(|settings| {
        settings.pool_size(1).max_overflow(0).execution_options(options().timeout(Duration::from_millis(100)))
    })
    .await;
    let slow = match dialect() {
        Dialect::Sqlite => "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c",
        Dialect::Postgres => "SELECT 1 FROM pg_sleep(60)",
        // There an interrupted SLEEP says so by its value, and is no error.
        Dialect::MySql => ENDLESS,
        _ => "SELECT sleep(60) FROM (SELECT 1) AS t WHERE sleep(60) = 0",
    };
    let began = Instant::now();
    let error = text(slow).columns::<Option<i64>>().all(&engine).await.unwrap_err();
    assert!(*error.kind() == ErrorKind::Operational && error.is_cancelled(), "{error}");
    assert!(began.elapsed() < Duration::from_secs(30), "it was not waited for");
    assert_eq!(text("SELECT 1").columns::<i64>().one(&engine).await.unwrap(), 1);
    let mut connection = engine.connect().await.unwrap();
    assert!(connection.execute(text(slow)).await.is_err());
    connection.rollback().await.unwrap();
    // Without a limit the same connection waits again.
    let patient = match dialect() {
        Dialect::Sqlite => "SELECT 7",
        Dialect::Postgres => "SELECT 7 FROM pg_sleep(0.3)",
        _ => "SELECT 7 FROM (SELECT 1) AS t WHERE sleep(0.3) = 0",
    };
    connection.execution_options(options().timeout(Duration::ZERO)).unwrap();
    assert_eq!(connection.scalar::<i64>(text(patient)).await.unwrap(), Some(7));
    connection.close().await.unwrap();
    let unlimited = engine.execution_options(options().timeout(Duration::ZERO));
    assert_eq!(text(patient).columns::<i64>().one(&unlimited).await.unwrap(), 7);
}

#[tokio::test]
async fn isolation_levels_are_those_that_were_asked_for() {
    let mut levels = vec![IsolationLevel::Serializable];
    if dialect() != Dialect::Sqlite {
        levels.extend([IsolationLevel::ReadCommitted, IsolationLevel::RepeatableRead, IsolationLevel::ReadUncommitted]);
    }
    for level in levels {
        let engine = empty_engine_with(|settings| settings.isolation_level(level)).await;
        let mut connection = engine.connect().await.unwrap();
        assert_eq!(connection.get_isolation_level().await.unwrap(), level);
        connection.rollback().await.unwrap();
        let other = engine.execution_options(options().isolation_level(IsolationLevel::Serializable));
        assert_eq!(other.connect().await.unwrap().get_isolation_level().await.unwrap(), IsolationLevel::Serializable);
    }
}

#[test]
fn a_level_that_the_database_does_not_have_is_refused() {
    let error = Engine::builder("sqlite::memory:").isolation_level(IsolationLevel::ReadCommitted).build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "dialect sqlite has no isolation level `READ COMMITTED`\nhint: it has `SERIALIZABLE` and `AUTOCOMMIT`"
    );
}

#[tokio::test]
async fn a_level_that_comes_later_is_refused_when_it_is_to_begin() {
    only!(Sqlite);
    let committed = options().isolation_level(IsolationLevel::ReadCommitted);
    let engine = empty_engine().await.execution_options(committed.clone());
    let error = engine.connect().await.unwrap().begin().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (&ErrorKind::Argument, "dialect sqlite has no isolation level `READ COMMITTED`")
    );
    let error = empty_engine().await.connect().await.unwrap().execution_options(committed).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Argument);
}

#[tokio::test]
async fn with_autocommit_each_statement_commits_itself() {
    let engine = engine().await;
    let auto = engine.execution_options(options().isolation_level(IsolationLevel::Autocommit));
    let mut connection = auto.connect().await.unwrap();
    insert(User).values(User::builder().name("ed")).execute(&mut connection).await.unwrap();
    assert!(connection.in_transaction(), "as far as the program is concerned");
    assert_eq!(select(User).count(&engine).await.unwrap(), 1);
    let error = connection.begin_nested().await.unwrap_err();
    assert_eq!(error.message(), "a savepoint needs a transaction, and the isolation level is AUTOCOMMIT");
    connection.rollback().await.unwrap();
    assert_eq!(select(User).count(&engine).await.unwrap(), 1, "nothing was left to be rolled back");
    assert_eq!(connection.get_isolation_level().await.unwrap(), IsolationLevel::Autocommit);
}

#[tokio::test]
async fn sqlite_does_the_same_on_a_thread_for_blocking_work() {
    only!(Sqlite);
    let engine = empty_engine_with(|settings| settings.connect_arg("threading", "blocking")).await;
    metadata![User, Address, crate::support::Keyword, crate::support::UserKeyword].create_all(&engine).await.unwrap();
    two_users(&engine).await;
    let users = select(User).options(selectinload(User.addresses)).order_by(User.name).all(&engine).await.unwrap();
    assert_eq!(users.iter().map(|user| user.addresses.get().len()).collect::<Vec<_>>(), [2, 1]);
    let mut session = Session::new(&engine);
    let ed = session.query(User).filter(User.name.eq("ed")).one().await.unwrap();
    session[ed].fullname = Some("Ed".into());
    session.flush().await.unwrap();
    session.rollback().await.unwrap();
    assert_eq!(
        select(User.fullname).filter(User.name.eq("ed")).one(&engine).await.unwrap().as_deref(),
        Some("Ed Jones")
    );
    let mut names = engine.stream(select(User.name).order_by(User.name)).await.unwrap();
    assert_eq!(names.next_chunk().await.unwrap().unwrap(), ["ed", "wendy"]);
    // What is given up is interrupted, and the connection comes back.
    let endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c";
    for _ in 0..20 {
        let query = text(endless).columns::<i64>();
        assert!(tokio::time::timeout(Duration::from_millis(5), query.all(&engine)).await.is_err());
    }
    assert_eq!(select(User).count(&engine).await.unwrap(), 2);
    let error = Engine::new("sqlite::memory:?threading=many").unwrap_err();
    assert_eq!(
        error.to_string(),
        "`threading=many` in the database URL makes no sense\nhint: expected `inline` or `blocking`"
    );
}

// ---------------------------------------------------------------------------------------------- pool

/// Lends a connection, begins a transaction by SQL text, which the connection knows nothing of, and writes in it.
async fn begin_by_hand(engine: &Engine) {
    metadata![Node].create_all(engine).await.unwrap();
    let auto = engine.execution_options(options().isolation_level(IsolationLevel::Autocommit));
    let mut connection = auto.connect().await.unwrap();
    connection.exec_driver_sql("BEGIN", ()).await.unwrap();
    insert(Node).values(Node::builder().name("n")).execute(&mut connection).await.unwrap();
}

#[tokio::test]
async fn what_is_left_open_is_rolled_back_or_committed_as_the_engine_says() {
    for (reset, kept) in [(ResetOnReturn::Rollback, 0), (ResetOnReturn::Commit, 1)] {
        let one = |settings: EngineBuilder| settings.pool_size(1).max_overflow(0);
        let engine = empty_engine_with(|settings| one(settings).pool_reset_on_return(reset)).await;
        begin_by_hand(&engine).await;
        assert_eq!(select(Node).count(&engine).await.unwrap(), kept, "{reset:?}");
        // What a connection has begun by itself and not committed is rolled back in any case.
        let mut connection = engine.connect().await.unwrap();
        insert(Node).values(Node::builder().name("n")).execute(&mut connection).await.unwrap();
        drop(connection);
        assert_eq!(select(Node).count(&engine).await.unwrap(), kept, "{reset:?}");
    }
}

#[tokio::test]
async fn a_transaction_that_is_not_reset_goes_on_with_the_next_user() {
    let one = |settings: EngineBuilder| settings.pool_size(1).max_overflow(0);
    let engine = empty_engine_with(|settings| one(settings).pool_reset_on_return(ResetOnReturn::None)).await;
    begin_by_hand(&engine).await;
    let mut connection = engine.connect().await.unwrap();
    assert_eq!(select(Node).count(&mut connection).await.unwrap(), 1);
    connection.rollback().await.unwrap();
    assert_eq!(select(Node).count(&mut connection).await.unwrap(), 0);
}

#[tokio::test]
async fn an_engine_is_used_again_after_it_is_disposed_of() {
    let engine = engine().await;
    two_users(&engine).await;
    let mut session = Session::new(&engine);
    let ed = session.get_one(User, 1).await.unwrap();
    session[ed].fullname = Some("kept".into());
    session.flush().await.unwrap();
    let status = || engine.pool().status();
    assert_eq!(status().checked_out, 1);
    engine.dispose().await;
    assert_eq!(status().idle, 0, "what was idle is closed");
    // What was lent out goes on, and is closed when it comes back.
    session.commit().await.unwrap();
    assert_eq!((status().checked_out, status().idle), (0, 0));
    assert_eq!(select(User.fullname).filter(User.id.eq(1)).one(&engine).await.unwrap().as_deref(), Some("kept"));
    assert_eq!((status().checked_out, status().idle), (0, 1), "a new one");
}
