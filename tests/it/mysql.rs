//! What MariaDB and MySQL alone do: rising keys, cancelled and killed connections, deadlocks.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use orm::prelude::*;
use orm::{EngineBuilder, ErrorKind, IsolationLevel, PoolClass};

use crate::only;
use crate::relationships::SqlLog;
use crate::support::{Node, User, empty_engine_with, engine, expected, two_users};

#[tokio::test]
async fn rows_get_the_keys_that_were_generated_for_them() {
    only!(MariaDb | MySql);
    let engine = engine().await;
    insert(User).values(User::builder().id(9).name("nine")).execute(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    // Keys go up by ten, and another session takes some in between.
    text("SET SESSION auto_increment_increment = 10").execute(session.connection().await.unwrap()).await.unwrap();
    let first = session.add_all((0..20).map(|n| User::builder().name(format!("a{n}"))));
    session.flush().await.unwrap();
    insert(User).values(User::builder().name("between")).execute(&engine).await.unwrap();
    let second = session.add_all((0..20).map(|n| User::builder().name(format!("b{n}"))));
    session.commit().await.unwrap();
    for user in session.iter(first).chain(session.iter(second)) {
        let name = select(User.name).filter(User.id.eq(user.id)).one(&engine).await.unwrap();
        assert_eq!(name, user.name);
    }
}

#[tokio::test]
async fn many_tasks_at_one_table_get_their_own_keys() {
    only!(MariaDb | MySql);
    let engine = engine().await;
    let task = |task: usize| {
        let engine = engine.clone();
        async move {
            for round in 0..5 {
                let mut session = Session::new(&engine);
                let users = session.add_all((0..10).map(|n| User::builder().name(format!("{task} {round} {n}"))));
                session.commit().await.unwrap();
                let known: Vec<(i64, String)> = session.iter(users).map(|user| (user.id, user.name.clone())).collect();
                for (id, name) in known {
                    assert_eq!(select(User.name).filter(User.id.eq(id)).one(&engine).await.unwrap(), name);
                }
            }
        }
    };
    let tasks: Vec<_> = (0..6).map(|number| tokio::spawn(task(number))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(select(User).count(&engine).await.unwrap(), 300);
}

/// Returns an engine that differs in nothing but the scheme of its URL.
fn by_scheme_of_mysql(engine: &Engine, settings: impl FnOnce(EngineBuilder) -> EngineBuilder) -> Engine {
    let url = engine.url().render(false);
    let (_, address) = url.split_once("://").unwrap();
    settings(Engine::builder(&format!("mysql://{address}"))).build().unwrap()
}

#[tokio::test]
async fn a_mariadb_behind_a_url_of_mysql_is_told_once_and_asked_as_mysql() {
    only!(MariaDb);
    let log = SqlLog::start();
    let engine = empty_engine_with(|settings| settings.pool_class(PoolClass::Null)).await;
    let told = |log: &SqlLog| log.lines().iter().filter(|line| line.contains("the server is MariaDB")).count();
    text("SELECT 1").columns::<i64>().one(&engine).await.unwrap();
    assert_eq!(told(&log), 0);
    let other = by_scheme_of_mysql(&engine, |settings| settings.pool_class(PoolClass::Null));
    for _ in 0..3 {
        text("SELECT 1").columns::<i64>().one(&other).await.unwrap(); // each by a connection of its own
    }
    assert_eq!(told(&log), 1);
    assert_eq!(crate::flush::statements_of_a_graph(&other).await, 5, "as MySQL: without RETURNING");
    let third = by_scheme_of_mysql(&engine, |settings| settings);
    text("SELECT 1").columns::<i64>().one(&third).await.unwrap();
    assert_eq!(told(&log), 1, "another engine");
}

#[tokio::test]
async fn a_mariadb_behind_a_url_of_mysql_is_reflected_as_what_it_is() {
    only!(MariaDb);
    let engine = engine().await;
    let other = by_scheme_of_mysql(&engine, |settings| settings);
    let (own, by_other) = (MetaData::reflect(&engine).await.unwrap(), MetaData::reflect(&other).await.unwrap());
    assert_eq!(by_other.to_string(), own.to_string());
    assert!(own.to_string().contains("user_keywords"));
}

#[tokio::test]
async fn a_query_that_is_given_up_leaves_no_connection_in_the_middle_of_it() {
    only!(MariaDb | MySql);
    let engine = empty_engine_with(|settings| settings.pool_size(2).max_overflow(0)).await;
    for _ in 0..3 {
        let slept = text("SELECT SLEEP(0.5)").columns::<i64>();
        tokio::time::timeout(Duration::from_millis(50), slept.all(&engine)).await.unwrap_err();
    }
    for number in 0..50i64 {
        let found = text("SELECT :a * 2").bind("a", number).columns::<i64>().one(&engine).await.unwrap();
        assert_eq!(found, number * 2);
    }
}

#[tokio::test]
async fn a_lock_that_is_not_had_in_time_says_what_to_do() {
    only!(MariaDb | MySql);
    let engine = engine().await;
    two_users(&engine).await;
    let mut holder = engine.begin().await.unwrap();
    update(User).set(User.active, true).execute(&mut holder).await.unwrap();
    let mut transaction = engine.begin().await.unwrap();
    text("SET SESSION innodb_lock_wait_timeout = 1").execute(&mut transaction).await.unwrap();
    let error = update(User).set(User.active, false).execute(&mut transaction).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (&ErrorKind::Operational, false));
    assert!(error.is_lock_timeout());
    assert!(error.to_string().contains("hint: commit or close the session, connection or transaction"), "{error}");
}

#[tokio::test]
async fn more_parameters_than_a_statement_takes_are_refused_with_what_helps() {
    only!(MariaDb | MySql);
    let engine = engine().await;
    let error = select(Node.id).filter(Node.id.in_(0..70_000)).all(&engine).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Data);
    assert_eq!(
        error.message(),
        "a statement of MySQL and MariaDB takes at most 65535 parameters, not 70000\n\
         hint: split the list, or insert the values into a table and join it"
    );
    assert!(select(Node.id).filter(Node.id.in_(0..65_535)).all(&engine).await.unwrap().is_empty());
}

#[tokio::test]
async fn of_two_transactions_that_wait_for_each_other_one_is_run_again() {
    only!(MariaDb | MySql);
    let engine = empty_engine_with(|settings| settings.isolation_level(IsolationLevel::Serializable)).await;
    metadata![Node].create_all(&engine).await.unwrap();
    insert(Node).values(Node::builder().name("")).execute(&engine).await.unwrap();
    let tries = AtomicU32::new(0);
    let both_have_read = tokio::sync::Barrier::new(2);
    let append = async |letter: &str| {
        engine
            .transaction(async |session| {
                let node = session.get_one(Node, 1).await?;
                if tries.fetch_add(1, Ordering::Relaxed) < 2 {
                    both_have_read.wait().await;
                }
                session[node].name.push_str(letter);
                Ok(())
            })
            .await
    };
    let (one, two) = tokio::join!(append("a"), append("b"));
    one.unwrap();
    two.unwrap();
    let name = select(Node.name).one(&engine).await.unwrap();
    assert!(["ab", "ba"].contains(&name.as_str()), "{name}");
    assert_eq!(tries.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn merge_finds_the_row_by_a_key_that_the_server_holds_equal() {
    only!(MariaDb | MySql);
    #[derive(Clone, Debug, Model)]
    #[orm(table = "tags", metadata = none)]
    struct Tag {
        #[orm(primary_key, length = 20)]
        word: String,
        n: i64,
    }
    let engine = empty_engine_with(|settings| settings).await;
    metadata![Tag].create_all(&engine).await.unwrap();
    insert(Tag).values(Tag { word: "ed".to_owned(), n: 1 }).execute(&engine).await.unwrap();
    for (is_known, n) in [(true, 2), (false, 3)] {
        let mut session = Session::new(&engine);
        if is_known {
            session.get_one(Tag, "ed").await.unwrap();
        }
        let merged = session.merge(Tag { word: "ED".to_owned(), n }).await.unwrap();
        assert_eq!(session[merged].word, "ed");
        session.commit().await.unwrap();
        let rows = select((Tag.word, Tag.n)).all(&engine).await.unwrap();
        assert_eq!(rows, [("ed".to_owned(), n)]);
    }
}

#[tokio::test]
async fn a_collation_decides_whether_case_matters() {
    only!(MariaDb | MySql);
    let engine = engine().await;
    two_users(&engine).await;
    assert_eq!(select(User).filter(User.name.like("E%")).count(&engine).await.unwrap(), 1);
    assert_eq!(select(User).filter(User.name.eq("ED")).count(&engine).await.unwrap(), 1);
    text("ALTER TABLE users CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin").execute(&engine).await.unwrap();
    assert_eq!(select(User).filter(User.name.like("E%")).count(&engine).await.unwrap(), 0);
    assert_eq!(select(User).filter(User.name.ilike("E%")).count(&engine).await.unwrap(), 1);
}

#[tokio::test]
async fn what_the_server_fills_in_comes_home_by_a_select_where_insert_does_not_return_it() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "jobs", metadata = none)]
    struct Job {
        #[orm(primary_key, length = 20)]
        name: String,
        #[orm(server_default = "7")]
        priority: i64,
    }
    only!(MariaDb | MySql);
    let engine = empty_engine_with(|settings| settings).await;
    metadata![Job].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let jobs = session.add_all((0..600).map(|n| Job::builder().name(format!("job {n}"))));
    let selects = (orm::Dialect::MySql, 3, "one INSERT, and a SELECT for each 500 rows");
    crate::assert_statements!(engine, expected(1, [selects]), session.flush().await.unwrap());
    assert!(session.iter(&jobs).all(|job| job.priority == 7));
}

#[derive(Clone, Debug, Model)]
#[orm(table = "blobs", metadata = none)]
struct Blob {
    #[orm(primary_key)]
    id: i64,
    bytes: Vec<u8>,
}

/// The server's `max_allowed_packet`, in bytes.
async fn packet(engine: &Engine) -> usize {
    text("SELECT @@max_allowed_packet").columns::<i64>().one(engine).await.unwrap().try_into().unwrap()
}

#[tokio::test]
async fn many_long_rows_go_in_statements_that_the_server_takes() {
    only!(MariaDb | MySql);
    let engine = engine().await;
    metadata![Blob].create_all(&engine).await.unwrap();
    let packet = packet(&engine).await;
    let count = 24;
    let bytes = vec![7; (packet / 20).min(1 << 20)];
    let rows = || (0..count).map(|_| Blob::builder().bytes(bytes.clone()));
    let mut session = Session::new(&engine);
    let blobs = session.add_all(rows());
    session.commit().await.unwrap();
    insert(Blob).values(rows()).execute(&engine).await.unwrap();
    session.bulk_insert(rows()).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Blob).filter(Blob.bytes.eq(bytes)).count(&engine).await.unwrap(), 3 * count as u64);
    let keys: std::collections::HashSet<i64> = session.iter(blobs).map(|blob| blob.id).collect();
    assert_eq!(keys.len(), count);
}

#[tokio::test]
async fn a_row_that_the_server_does_not_take_is_refused_before_it_is_sent() {
    only!(MariaDb | MySql);
    let engine = engine().await;
    metadata![Blob].create_all(&engine).await.unwrap();
    let packet = packet(&engine).await;
    let mut connection = engine.connect().await.unwrap();
    let row = |length| Blob::builder().bytes(vec![7; length]);
    let error = insert(Blob).values(row(packet)).execute(&mut connection).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Data);
    let words = format!("is more than the server takes, which is {packet} bytes");
    assert!(error.to_string().contains(&words), "{error}");
    assert!(error.to_string().contains("max_allowed_packet"), "{error}");
    // The connection is as good as before, and what fits is taken.
    insert(Blob).values(row(packet - 64)).execute(&mut connection).await.unwrap();
    assert_eq!(select(Blob.bytes).one(&mut connection).await.unwrap().len(), packet - 64);
    connection.rollback().await.unwrap();
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "notes", metadata = none)]
struct Note {
    #[orm(primary_key)]
    id: i64,
    body: String,
}

#[tokio::test]
async fn statements_are_cut_for_a_server_that_takes_little() {
    only!(MariaDb | MySql);
    let most = 64 << 10;
    let engine = empty_engine_with(|builder| builder.connect_arg("max_allowed_packet", most)).await;
    metadata![Note].create_all(&engine).await.unwrap();
    let note = |n: i64, letter: &str| Note { id: n, body: letter.repeat(4000) };
    let notes = |letter: &'static str| (1..=50).map(move |n| note(n, letter));

    // Fourteen rows of some 4,000 bytes fit into seven eighths of the packet.
    let mut session = Session::new(&engine);
    session.add_all(notes("a"));
    session.connection().await.unwrap();
    crate::assert_statements!(engine, 0, session.flush().await.unwrap());
    let handles = session.add_all((51..=100).map(|n| note(n, "a")));
    crate::assert_statements!(engine, 4, session.flush().await.unwrap());
    for &handle in &handles {
        session[handle].body = "b".repeat(4000);
    }
    crate::assert_statements!(engine, 4, session.flush().await.unwrap());
    let count = crate::assert_statements!(engine, 4, session.bulk_update(Note.body, notes("c")).await.unwrap());
    assert_eq!(count, 50);
    session.commit().await.unwrap();
    assert_eq!(select(Note).order_by(Note.id).limit(50).all(&engine).await.unwrap(), notes("c").collect::<Vec<_>>());

    let before = engine.statement_count();
    insert(Note).values(notes("d").map(|note| Note { id: note.id + 1000, ..note })).execute(&engine).await.unwrap();
    assert_eq!(engine.statement_count() - before, 4);
    let error = insert(Note).values(Note { id: 0, body: "x".repeat(most) }).execute(&engine).await.unwrap_err();
    assert!(error.to_string().contains(&format!("more than the server takes, which is {most} bytes")), "{error}");
    let error = Engine::new("mysql://localhost/x?max_allowed_packet=12").unwrap_err().to_string();
    assert!(error.contains("a number of bytes, 1024 at least"), "{error}");
}
