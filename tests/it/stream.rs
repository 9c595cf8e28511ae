//! Queries that are read piece by piece: what is in memory, what is left behind, what else runs meanwhile.

use std::time::Duration;

use futures_util::{Stream, StreamExt, TryStreamExt};
use orm::prelude::*;
use orm::{Dialect, ErrorKind, ExecutionOptions, IsolationLevel, OrderItem, Record, contains_eager, func};
use rust_decimal::Decimal;

use crate::faults::polled;
use crate::only;
use crate::support::{
    Address, User, dialect, emails, empty_engine, empty_engine_with, engine, expected, three_users, two_users,
};

/// A query of so many rows that no table holds.
fn numbers(count: u64) -> String {
    match dialect() {
        Dialect::Sqlite => format!(
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {count}) \
             SELECT n, 'row number ' || n AS word FROM c"
        ),
        Dialect::Postgres => format!("SELECT n, 'row number ' || n AS word FROM generate_series(1, {count}) AS n"),
        // Each round has twice the rows of the one before: there are 1,000 at most.
        Dialect::MySql => format!(
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT c.n * 2 + b.b FROM c \
             JOIN (SELECT 0 AS b UNION ALL SELECT 1) AS b WHERE c.n * 2 + b.b <= {count}) \
             SELECT n, concat('row number ', n) AS word FROM c ORDER BY n"
        ),
        _ => format!("SELECT seq AS n, concat('row number ', seq) AS word FROM seq_1_to_{count}"),
    }
}

type Row = (i64, String);

#[test]
fn a_million_rows_are_read_in_little_memory() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // Everything happens on this thread, whose memory is counted apart from what other tests take meanwhile.
    let counted = allocation_counter::measure(|| runtime.block_on(read_a_million_rows()));
    // All rows at once are some 280 MB.
    assert!(counted.bytes_max < 20_000_000, "{} bytes at one time", counted.bytes_max);
    assert!(counted.bytes_total > 250_000_000, "the rows were read on the thread that was looked at");
}

async fn read_a_million_rows() {
    const ROWS: u64 = 1_000_000;
    let wide = match dialect() {
        Dialect::Sqlite => "printf('%0250d', n)",
        Dialect::Postgres => "lpad(n::text, 250, '0')",
        _ => "lpad(n, 250, '0')",
    };
    let sql = format!("SELECT n, {wide} AS wide FROM ({}) AS numbers", numbers(ROWS));
    let engine = empty_engine_with(|settings| settings.pool_size(1).max_overflow(0)).await;
    let mut stream = engine.stream(text(sql).columns::<Row>()).await.unwrap();
    let mut next = 1;
    while let Some(rows) = stream.next_chunk().await.unwrap() {
        assert!(rows.len() <= 1_000, "{} rows at a time", rows.len());
        for (n, wide) in rows {
            assert_eq!((n, wide.len(), wide.ends_with(&n.to_string())), (next, 250, true));
            next += 1;
        }
    }
    assert_eq!(next, 1_000_001);
    assert_eq!(stream.next().await.unwrap(), None);
    assert_eq!(text("SELECT 1").columns::<i64>().one(&engine).await.unwrap(), 1, "the connection has come back");
}

#[tokio::test]
async fn a_stream_that_is_dropped_leaves_a_connection_that_gives_right_answers() {
    let engine = empty_engine_with(|settings| settings.pool_size(1).max_overflow(0)).await;
    for taken in [0, 1, 1_000, 1_001, 5_000] {
        let mut stream = engine.stream(text(numbers(200_000)).columns::<Row>()).await.unwrap();
        for n in 1..=taken {
            assert_eq!(stream.next().await.unwrap().unwrap().0, n);
        }
        drop(stream);
        for n in 0..20i64 {
            let sum = text("SELECT :n + 1").bind("n", n).columns::<i64>().one(&engine).await.unwrap();
            assert_eq!(sum, n + 1);
        }
    }
}

#[tokio::test]
async fn in_a_transaction_a_dropped_stream_leaves_the_transaction() {
    let engine = engine().await;
    let mut transaction = engine.begin().await.unwrap();
    insert(User).values(User::builder().name("ed")).execute(&mut transaction).await.unwrap();
    for close in [false, true] {
        let mut stream = transaction.stream(text(numbers(50_000)).columns::<Row>()).await.unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap().0, 1);
        if close {
            stream.close().await.unwrap();
        } else {
            drop(stream);
        }
        assert_eq!(select(User).count(&mut transaction).await.unwrap(), 1);
    }
    transaction.commit().await.unwrap();
    assert_eq!(select(User.name).all(&engine).await.unwrap(), ["ed"]);
}

/// A query of 27 million rows, which takes a minute to be read.
fn far_too_many() -> orm::Text {
    let few = numbers(300);
    text(format!("SELECT a.n, a.word FROM ({few}) AS a, ({few}) AS b, ({few}) AS c"))
}

/// Rows that have come are read without a wait: a runtime of one thread came to nothing else before the last one.
#[tokio::test]
async fn a_timeout_ends_a_query_of_many_rows() {
    let engine = empty_engine_with(|settings| settings.pool_size(1).max_overflow(0)).await;
    for _ in 0..3 {
        let all = far_too_many().columns::<Row>().all(&engine);
        assert!(tokio::time::timeout(Duration::from_millis(500), all).await.is_err());
        let next = text("SELECT 7").columns::<i64>().one(&engine);
        assert_eq!(tokio::time::timeout(Duration::from_secs(20), next).await.expect("in time").unwrap(), 7);
    }
}

#[tokio::test]
async fn after_a_dropped_stream_nobody_waits_for_its_last_row() {
    let engine = empty_engine().await;
    let mut connection = engine.connect().await.unwrap();
    for taken in [0, 10, 3_000] {
        let mut stream = connection.stream(far_too_many().columns::<Row>()).await.unwrap();
        for _ in 0..taken {
            assert!(stream.next().await.unwrap().is_some());
        }
        drop(stream);
        for n in 0..20i64 {
            let sum = text("SELECT :n + 1").bind("n", n).columns::<i64>().one(&mut connection);
            assert_eq!(tokio::time::timeout(Duration::from_secs(20), sum).await.expect("in time").unwrap(), n + 1);
        }
    }
}

#[tokio::test]
async fn a_stream_that_is_given_up_in_a_transaction_keeps_no_locks() {
    let engine = engine().await;
    two_users(&engine).await;
    let lock = |name: &str| update(User).set(User.fullname, name).filter(User.id.eq(1));
    let work = async {
        let mut transaction = engine.begin().await?;
        lock("first").execute(&mut transaction).await?;
        let mut stream = transaction.stream(far_too_many().columns::<Row>()).await?;
        while stream.next().await?.is_some() {
            tokio::task::yield_now().await;
        }
        Ok::<_, Error>(())
    };
    assert!(tokio::time::timeout(Duration::from_millis(200), work).await.is_err());
    let other = async {
        // SQLite's own patience is shorter than the time in which a connection is given up.
        while let Err(error) = lock("second").execute(&engine).await {
            assert!(error.is_retryable(), "{error}");
        }
    };
    tokio::time::timeout(Duration::from_secs(20), other).await.expect("in time");
    assert_eq!(select(User.fullname).filter(User.id.eq(1)).one(&engine).await.unwrap().as_deref(), Some("second"));
}

#[tokio::test]
async fn futures_that_are_dropped_make_an_error_and_never_a_gap() {
    let engine = empty_engine_with(|settings| settings.pool_size(1).max_overflow(0)).await;
    let mut has_been_cut = false;
    for round in 0..60u64 {
        let mut stream = engine.stream(text(numbers(30_000)).columns::<Row>()).await.unwrap();
        let mut next = 1;
        loop {
            let patience = Duration::from_micros(round * 37);
            match tokio::time::timeout(patience, stream.next_chunk()).await {
                Ok(Ok(Some(rows))) => {
                    for (n, _) in rows {
                        assert_eq!(n, next);
                        next += 1;
                    }
                }
                Ok(Ok(None)) => {
                    assert_eq!(next, 30_001);
                    break;
                }
                Ok(Err(error)) => {
                    assert_eq!(*error.kind(), ErrorKind::InvalidRequest, "{error}");
                    has_been_cut = true;
                    break;
                }
                Err(_) => {}
            }
        }
        drop(stream);
        assert_eq!(text("SELECT 7").columns::<i64>().one(&engine).await.unwrap(), 7);
    }
    // PostgreSQL is asked for each chunk, so the first round cuts one off for sure; SQLite answers at once, and MariaDB's rows are
    // read by a task that a dropped future does not stop.
    assert!(has_been_cut || dialect() != Dialect::Postgres, "no future was ever dropped halfway");
}

#[tokio::test]
async fn rows_become_a_stream_of_the_ecosystem() {
    let engine = empty_engine_with(|settings| settings.pool_size(1).max_overflow(0)).await;
    let rows = engine.stream(text(numbers(5_000)).columns::<Row>()).await.unwrap().into_stream();
    // As the body of a response takes it.
    fn boxed<T>(rows: impl Stream<Item = T> + Send + 'static) -> std::pin::Pin<Box<dyn Stream<Item = T> + Send>> {
        Box::pin(rows)
    }
    let all: Vec<i64> = boxed(rows).map_ok(|(n, _)| n).try_collect().await.unwrap();
    assert_eq!(all, (1..=5_000).collect::<Vec<_>>());
    assert_eq!(text("SELECT 1").columns::<i64>().one(&engine).await.unwrap(), 1, "the connection has come back");

    // Its rows may be taken before and after, its end is the end, and a connection's own is lent.
    let mut connection = engine.connect().await.unwrap();
    let mut rows = connection.stream(text(numbers(3)).columns::<Row>()).await.unwrap();
    assert_eq!(rows.next().await.unwrap().unwrap().0, 1);
    let mut rows = rows.into_stream();
    assert_eq!(StreamExt::next(&mut rows).await.unwrap().unwrap().0, 2);
    assert_eq!(rows.try_next().await.unwrap().unwrap().0, 3);
    assert!(rows.try_next().await.unwrap().is_none() && rows.try_next().await.unwrap().is_none());
    drop(rows);
    assert_eq!(text("SELECT 2").columns::<i64>().one(&mut connection).await.unwrap(), 2);
}

#[tokio::test]
async fn a_stream_of_the_ecosystem_ends_with_an_error() {
    let engine = empty_engine().await;
    let sql = format!("SELECT n, CASE WHEN n < 4 THEN word END AS word FROM ({}) AS numbers", numbers(9));
    let mut rows = engine.stream(text(sql).columns::<Row>()).await.unwrap().into_stream();
    let error = rows.try_next().await.unwrap_err();
    assert!(error.message().contains("it is NULL"), "{error}");
    assert!(rows.try_next().await.unwrap().is_none());
}

/// A connection to MariaDB is of no use then, which is told.
#[tokio::test]
async fn a_stream_that_is_dropped_while_it_opens_or_ends_leaves_the_transaction() {
    let engine = engine().await;
    two_users(&engine).await;
    for (way, times) in (0..3).flat_map(|way| (1..8).map(move |times| (way, times))) {
        let mut transaction = engine.begin().await.unwrap();
        insert(User).values(User::builder().name("new")).execute(&mut transaction).await.unwrap();
        let mut chunks = select(User).order_by(User.id).yield_per(1);
        let reads = async {
            match way {
                0 => drop(transaction.stream(select(User)).await?),
                1 => {
                    let mut stream = transaction.stream(select(User)).await?;
                    while stream.next().await?.is_some() {}
                }
                _ => while chunks.next(&mut transaction).await?.is_some() {},
            }
            Ok::<(), Error>(())
        };
        let is_done = polled(reads, times).await.is_some_and(|read| read.is_ok());
        drop(chunks);
        let counted = select(User).count(&mut transaction).await;
        let ended = transaction.commit().await;
        let is_told = match counted.and_then(|count| ended.map(|()| count)) {
            Ok(count) => count != 3,
            Err(error) => {
                let is_lost = matches!(dialect(), Dialect::MySql | Dialect::MariaDb) && error.is_disconnect();
                assert!(is_lost && !is_done, "way {way}, {times} polls: {error}");
                true
            }
        };
        assert_eq!(delete(User).filter(User.name.eq("new")).execute(&engine).await.unwrap(), u64::from(!is_told));
    }
}

#[tokio::test]
async fn objects_and_their_relationships_come_piece_by_piece() {
    let engine = engine().await;
    two_users(&engine).await;
    let small = engine.execution_options(ExecutionOptions::new().yield_per(1));
    let mut stream = small.stream(select(User).order_by(User.name)).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap().name, "ed");
    assert_eq!(stream.next_chunk().await.unwrap().unwrap()[0].name, "wendy");
    assert!(stream.next_chunk().await.unwrap().is_none());
    let loading = select(User).order_by(User.name).options(selectinload(User.addresses));
    if matches!(dialect(), Dialect::MySql | Dialect::MariaDb) {
        let error = small.stream(loading).await.unwrap_err();
        assert_eq!(
            error.message(),
            "this statement cannot be streamed, since a connection of MySQL cannot load relationships while it reads rows"
        );
        return;
    }
    let mut stream = small.stream(loading).await.unwrap();
    for addresses in [2, 1] {
        assert_eq!(stream.next().await.unwrap().unwrap().addresses.get().len(), addresses);
    }
}

#[tokio::test]
async fn what_is_no_query_is_refused() {
    let engine = engine().await;
    let mut connection = engine.connect().await.unwrap();
    let deleting = text("DELETE FROM users").columns::<i64>();
    let error = connection.stream(deleting).await.unwrap_err();
    let refused = "only a query can be read piece by piece";
    let expected = expected(refused, [(Dialect::Postgres, "syntax error at or near \"DELETE\"", "its own words")]);
    assert_eq!(error.message(), expected);
    connection.rollback().await.unwrap();
    assert_eq!(
        *connection.stream(text("SELECT * FROM nowhere").columns::<i64>()).await.unwrap_err().kind(),
        ErrorKind::Programming
    );
    connection.rollback().await.unwrap();
    let wrong = text("SELECT 'x' AS x").columns::<i64>();
    let error = connection.stream(wrong).await.unwrap().next().await.unwrap_err();
    assert_eq!(error.message(), "column `#1` cannot be read: expected an integer, found the text \"x\"");
    let records = text("SELECT 'x' AS x").columns::<Record>();
    let record = connection.stream(records).await.unwrap().next().await.unwrap().unwrap();
    assert_eq!(record.get::<String>("x").unwrap(), "x");
}

#[tokio::test]
async fn with_autocommit_a_stream_reads_as_well() {
    let engine = engine().await;
    let auto =
        engine.execution_options(ExecutionOptions::new().isolation_level(IsolationLevel::Autocommit).yield_per(7));
    let mut connection = auto.connect().await.unwrap();
    let mut stream = connection.stream(text(numbers(20)).columns::<Row>()).await.unwrap();
    let mut sum = 0;
    while let Some((n, _)) = stream.next().await.unwrap() {
        sum += n;
    }
    assert_eq!(sum, 210);
    drop(stream);
    let mut stream = connection.stream(text(numbers(20)).columns::<Row>()).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap().0, 1);
    drop(stream);
    drop(connection);
    assert_eq!(text("SELECT 1").columns::<i64>().one(&engine).await.unwrap(), 1);
}

// ---------------------------------------------------------------------------------------------- yield_per

/// Saves users with the names `n1` to `n25`.
async fn many_users(engine: &Engine) {
    let users = (1..=25).map(|n| User::builder().name(format!("n{n}"))).collect::<Vec<_>>();
    insert(User).values(users).execute(engine).await.unwrap();
}

#[tokio::test]
async fn chunks_are_one_statement_through_a_cursor_and_one_a_page_without() {
    let engine = engine().await;
    many_users(&engine).await;
    for (stream, statements) in [(true, 1), (false, 3)] {
        let engine = engine.execution_options(ExecutionOptions::new().stream_results(stream));
        let mut connection = engine.connect().await.unwrap();
        let before = engine.statement_count();
        let mut chunks = select(User).order_by(User.id).yield_per(10);
        let mut sizes = Vec::new();
        while let Some(users) = chunks.next(&mut connection).await.unwrap() {
            sizes.push(users.len());
        }
        assert_eq!(sizes, [10, 10, 5]);
        assert_eq!(engine.statement_count() - before, statements);
    }
}

#[tokio::test]
async fn chunks_of_an_engine_take_one_connection_until_their_end() {
    let engine = engine().await;
    many_users(&engine).await;
    let mut chunks = select(User.id).order_by(User.id).yield_per(10);
    assert_eq!(chunks.next(&engine).await.unwrap().unwrap().len(), 10);
    assert_eq!(select(User).count(&engine).await.unwrap(), 25);
    assert_eq!(chunks.next(&engine).await.unwrap().unwrap()[0], 11);
    assert_eq!(chunks.next(&engine).await.unwrap().unwrap().len(), 5);
    assert!(chunks.next(&engine).await.unwrap().is_none());
    let exhausted = empty_engine_with(|settings| settings.pool_size(1).max_overflow(0)).await;
    let mut chunks = select(orm::literal(1i64)).yield_per(5);
    assert_eq!(chunks.next(&exhausted).await.unwrap().unwrap(), [1]);
    assert!(chunks.next(&exhausted).await.unwrap().is_none());
    assert_eq!(text("SELECT 1").columns::<i64>().one(&exhausted).await.unwrap(), 1);
}

#[tokio::test]
async fn a_session_reads_on_behind_the_last_key_whatever_has_gone_before_it() {
    let engine = engine().await;
    many_users(&engine).await;
    let mut session = Session::new(&engine);
    for is_quiet in [false, true] {
        let mut chunks = select(User).yield_per(10);
        let mut names = Vec::new();
        loop {
            let chunk = match is_quiet {
                false => chunks.next(&mut session).await.unwrap(),
                true => chunks.next(&mut session.no_autoflush()).await.unwrap(),
            };
            let Some(users) = chunk else { break };
            names.extend(users.iter().map(|&user| session[user].name.clone()));
            // Pages counted from the start would now leave rows out.
            let first = session[users[0]].id;
            delete(User).filter(User.id.eq(first)).execute(&mut session).await.unwrap();
        }
        let gone = if is_quiet { vec![1, 11, 21] } else { vec![] };
        let wanted = (1..=25).filter(|n| !gone.contains(n)).map(|n| format!("n{n}"));
        assert_eq!(names, wanted.collect::<Vec<_>>());
    }
}

/// Chunks counted joined rows, and owners were told apart in each of them: objects were lost, and collections cut.
#[tokio::test]
async fn chunks_have_whole_collections_or_are_refused() {
    let engine = engine().await;
    three_users(&engine).await;
    let joined = select(User).outerjoin(User.addresses).order_by((User.id, Address.id));
    let chunks = || joined.clone().options(contains_eager(User.addresses)).yield_per(2);
    let mut transaction = engine.begin().await.unwrap();
    let mut session = Session::new(&engine);
    for error in [
        chunks().next(&engine).await.unwrap_err(),
        chunks().next(&mut transaction).await.unwrap_err(),
        chunks().next(&mut session).await.unwrap_err(),
    ] {
        assert_eq!(*error.kind(), ErrorKind::InvalidRequest);
        assert_eq!(error.message(), "`yield_per` would cut `User.addresses`, whose members come in rows of their own");
    }
    for rows in [1, 2, 3] {
        let mut chunks = select(User).order_by(User.id).options(joinedload(User.addresses)).yield_per(rows);
        let mut found = Vec::new();
        while let Some(users) = chunks.next(&mut transaction).await.unwrap() {
            found.extend(users.iter().map(|user| emails(user).join(" ")));
        }
        assert_eq!(found, ["ed@x.org ed@y.org", "wendy@x.org", ""], "{rows} a chunk");
    }
}

#[tokio::test]
async fn chunks_have_the_one_member_that_a_join_brings() {
    let engine = engine().await;
    two_users(&engine).await;
    let joined = select(Address).join(Address.user).order_by(Address.id).options(contains_eager(Address.user));
    let mut chunks = joined.yield_per(2);
    let mut names = Vec::new();
    while let Some(addresses) = chunks.next(&engine).await.unwrap() {
        names.extend(addresses.iter().map(|address| address.user.get().unwrap().name.clone()));
    }
    assert_eq!(names, ["ed", "ed", "wendy"]);
}

/// A page was taken to end with the last row of its last key, of which there may be others.
#[tokio::test]
async fn a_session_reads_all_rows_of_a_key_that_another_table_gives_several_times() {
    let engine = engine().await;
    two_users(&engine).await;
    let members = select(Address).subquery("members");
    let owners = select(Address.user_id).subquery("owners");
    let queries = [
        select(User).filter(Address.user_id.eq(User.id)),
        select(User).select_from(&members).filter(members.user_id.eq(User.id)),
        select(User).filter(owners.0.eq(User.id)),
    ];
    let mut session = Session::new(&engine);
    for query in queries {
        let ed_twice = query.clone().order_by(User.id).all(&mut session).await.unwrap();
        assert_eq!(ed_twice.len(), 3);
        for rows in [1, 2, 3] {
            let mut chunks = query.clone().yield_per(rows).keep();
            let mut users = Vec::new();
            while let Some(some) = chunks.next(&mut session).await.unwrap() {
                users.extend(some);
            }
            assert_eq!(users, ed_twice, "{rows} a chunk");
        }
    }
}

/// MariaDB orders labels by their places, and compares them as text.
#[tokio::test]
async fn a_session_reads_all_rows_whose_keys_are_labels() {
    #[derive(Clone, Copy, Debug, PartialEq, SqlEnum)]
    enum Step {
        Third,
        Second,
        First,
    }

    #[derive(Clone, Debug, Model)]
    #[orm(table = "steps", metadata = none)]
    struct Done {
        #[orm(primary_key)]
        step: Step,
        #[orm(primary_key)]
        number: i64,
    }

    let engine = empty_engine().await;
    metadata![Done].create_all(&engine).await.unwrap();
    let steps = [Step::First, Step::Second, Step::Third];
    let rows = steps.into_iter().flat_map(|step| [1, 2].map(|number| Done { step, number })).collect::<Vec<_>>();
    insert(Done).values(rows).execute(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    for rows in [1, 2, 4] {
        let mut chunks = select(Done).yield_per(rows);
        let mut found = Vec::new();
        while let Some(some) = chunks.next(&mut session).await.unwrap() {
            found.extend(some.iter().map(|&done| (session[done].step, session[done].number)));
        }
        for row in steps.into_iter().flat_map(|step| [1, 2].map(|number| (step, number))) {
            assert_eq!(found.iter().filter(|&&other| other == row).count(), 1, "{row:?}, {rows} a chunk");
        }
    }
}

/// What the rows are ordered by has ties, NULL and every type whose values are compared as they are ordered.
#[tokio::test]
async fn a_session_reads_in_an_order_of_its_own_and_may_delete_what_it_has_read() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "visits", metadata = none)]
    struct Visit {
        #[orm(primary_key)]
        id: i64,
        place: Option<String>,
        day: Option<chrono::NaiveDate>,
        moment: chrono::DateTime<chrono::Utc>,
        #[orm(precision = 10, scale = 2)]
        price: Option<Decimal>,
        weight: Option<f64>,
        is_paid: bool,
        code: uuid::Uuid,
        small: Option<i16>,
        ratio: f32,
    }

    let engine = empty_engine().await;
    metadata![Visit].create_all(&engine).await.unwrap();
    let some = |n: i64, of: i64| (n * 7 % of != 0).then_some(n * 7 % of);
    let start = chrono::DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap();
    let visits: Vec<_> = (1..=40)
        .map(|n| Visit {
            id: n,
            place: some(n, 5).map(|k| ["é", "Zoo", "abc", "", "Abc "][k as usize].to_owned()),
            day: some(n, 4).map(|k| start.date_naive() - chrono::Days::new(k as u64)),
            moment: start - chrono::TimeDelta::microseconds(n * 3 % 7),
            price: some(n, 6).map(|k| Decimal::new(995 * k, 2)),
            weight: some(n, 3).map(|k| k as f64 / 3.0),
            is_paid: n % 3 == 0,
            code: uuid::Uuid::from_u128(n as u128 * 5 % 8),
            small: some(n, 9).map(|k| k as i16),
            ratio: (n % 4) as f32 / 10.0,
        })
        .collect();
    let orders: Vec<Vec<OrderItem>> = vec![
        vec![Visit.place.asc()],
        vec![Visit.place.desc(), Visit.day.asc()],
        vec![Visit.day.nulls_last(), Visit.price.desc().nulls_last()],
        vec![Visit.price.asc(), Visit.small.desc().nulls_first()],
        vec![Visit.weight.desc(), Visit.moment.desc()],
        vec![Visit.is_paid.desc(), Visit.code.asc(), Visit.id.desc()],
        vec![Visit.small.nulls_first(), Visit.weight.nulls_last()],
        vec![Visit.ratio.desc(), Visit.small.asc()],
        vec![func::length(Visit.place).asc()],
    ];
    for (number, order) in orders.iter().enumerate() {
        let deletes = number < 7; // the others go by OFFSET
        for rows in [1, 3, 7] {
            delete(Visit).execute(&engine).await.unwrap();
            insert(Visit).values(visits.clone()).execute(&engine).await.unwrap();
            let whole = select(Visit.id).order_by(order.clone()).order_by(Visit.id).all(&engine).await.unwrap();
            let mut session = Session::new(&engine);
            let query = select(Visit).filter(Visit.id.gt(2)).order_by(order.clone()).limit(33).offset(2);
            let mut chunks = query.yield_per(rows);
            let mut found = Vec::new();
            while let Some(some) = chunks.next(&mut session).await.unwrap() {
                found.extend(some.iter().map(|&visit| session[visit].id));
                if deletes {
                    for visit in some {
                        session.delete(visit).await.unwrap();
                    }
                    session.commit().await.unwrap();
                }
            }
            let expected: Vec<_> = whole.into_iter().filter(|id| *id > 2).skip(2).take(33).collect();
            assert_eq!(found, expected, "order {number}, {rows} a chunk");
        }
    }
}

#[tokio::test]
async fn other_statements_run_between_two_chunks() {
    let engine = engine().await;
    many_users(&engine).await;
    let mut transaction = engine.begin().await.unwrap();
    let mut chunks = select(User).order_by(User.id).yield_per(10);
    let mut seen = 0;
    while let Some(users) = chunks.next(&mut transaction).await.unwrap() {
        for user in users {
            seen += 1;
            assert_eq!(user.name, format!("n{seen}"));
            update(User)
                .set(User.fullname, user.name)
                .filter(User.id.eq(user.id))
                .execute(&mut transaction)
                .await
                .unwrap();
        }
    }
    transaction.commit().await.unwrap();
    assert_eq!(seen, 25);
    assert_eq!(select(User).filter(User.fullname.eq(User.name)).count(&engine).await.unwrap(), 25);
}

#[tokio::test]
async fn chunks_go_on_after_a_commit_between_them() {
    let engine = engine().await;
    many_users(&engine).await;
    let mut connection = engine.connect().await.unwrap();
    let mut chunks = select(User.id).order_by(User.id).yield_per(10);
    let mut ids = Vec::new();
    while let Some(some) = chunks.next(&mut connection).await.unwrap() {
        ids.extend(some);
        connection.commit().await.unwrap();
    }
    assert_eq!(ids, (1..=25).collect::<Vec<i64>>());
}

#[tokio::test]
async fn chunks_load_relationships_on_every_database() {
    let engine = engine().await;
    two_users(&engine).await;
    let mut chunks = select(User).options(selectinload(User.addresses)).order_by(User.name).yield_per(1);
    let mut counts = Vec::new();
    while let Some(users) = chunks.next(&engine).await.unwrap() {
        counts.extend(users.iter().map(|user| user.addresses.get().len()));
    }
    assert_eq!(counts, [2, 1]);
}

// ---------------------------------------------------------------------------------------------- several sets of rows

#[tokio::test]
async fn a_procedure_gives_its_sets_of_rows_one_after_the_other() {
    only!(MySql | MariaDb);
    let engine = engine().await;
    two_users(&engine).await;
    let mut connection = engine.connect().await.unwrap();
    let body = "BEGIN SELECT name FROM users ORDER BY name; SELECT email, user_id FROM addresses WHERE 1 = 0; \
                UPDATE users SET active = TRUE; SELECT count(*) AS addresses, low AS low FROM addresses; END";
    connection.exec_driver_sql(&format!("CREATE PROCEDURE report (IN low INTEGER) {body}"), ()).await.unwrap();
    let mut result = connection.exec_driver_sql("CALL report(?)", (7,)).await.unwrap();
    assert_eq!(result.keys(), ["name"]);
    assert_eq!(result.by_ref().map(|row| row.get(0).unwrap()).collect::<Vec<String>>(), ["ed", "wendy"]);
    assert!(result.next_set());
    assert_eq!(result.fetch_all(), []);
    assert!(result.next_set());
    let row = result.fetch_one().unwrap();
    assert_eq!((row.get::<i64>("addresses").unwrap(), row.get::<i64>("low").unwrap()), (3, 7));
    assert!(!result.next_set() && !result.returns_rows());
    assert_eq!(connection.scalar::<i64>(text("SELECT 1")).await.unwrap(), Some(1));
}

#[tokio::test]
async fn cursors_that_a_function_has_opened_are_read_by_name() {
    only!(Postgres);
    let engine = engine().await;
    two_users(&engine).await;
    let mut connection = engine.connect().await.unwrap();
    let body = "DECLARE users refcursor := 'users'; addresses refcursor := 'addresses'; BEGIN \
                OPEN users FOR SELECT name FROM users ORDER BY name; RETURN NEXT users; \
                OPEN addresses FOR SELECT email FROM addresses ORDER BY email; RETURN NEXT addresses; END";
    let sql = format!("CREATE FUNCTION report() RETURNS SETOF refcursor LANGUAGE plpgsql AS $$ {body} $$");
    connection.exec_driver_sql(&sql, ()).await.unwrap();
    let mut result = connection.exec_driver_sql("SELECT report()", ()).await.unwrap();
    let mut sets = Vec::new();
    while result.next_set() {
        sets.push((result.keys()[0].clone(), result.by_ref().count()));
    }
    assert_eq!(sets, [("name".to_owned(), 2), ("email".to_owned(), 3)]);
    assert_eq!(connection.scalar::<i64>(text("SELECT 1")).await.unwrap(), Some(1));
}
