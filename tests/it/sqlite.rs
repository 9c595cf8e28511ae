//! What SQLite alone does: files, loose types, one writer.

use orm::ErrorKind;
use orm::prelude::*;
use rust_decimal::Decimal;

use crate::only;
use crate::support::{Node, User};

#[tokio::test]
async fn an_unreadable_database_file_names_the_path_and_the_reason() {
    only!(Sqlite);
    let engine = Engine::new("sqlite:////no/such/folder/shop.db").unwrap();
    let error = select(User).all(&engine).await.unwrap_err();
    assert!(error.is_disconnect());
    assert!(error.message().contains("/no/such/folder/shop.db"), "{error}");
    let path = std::env::temp_dir().join(format!("orm-not-a-database-{}.db", std::process::id()));
    std::fs::write(&path, "this is plain text and no database, long enough to be read as a header of one.......")
        .unwrap();
    let engine = Engine::new(&format!("sqlite:///{}", path.display())).unwrap();
    let error = select(User).all(&engine).await.unwrap_err();
    std::fs::remove_file(&path).unwrap();
    assert!(error.message().contains("not a database"), "{error}");
}

#[tokio::test]
async fn text_in_an_integer_column_says_what_was_found() {
    only!(Sqlite);
    #[derive(Clone, Debug, Model)]
    #[orm(table = "loose", metadata = none)]
    struct Loose {
        #[orm(primary_key)]
        id: i64,
        number: i64,
    }
    let engine = Engine::new("sqlite::memory:").unwrap();
    metadata![Loose].create_all(&engine).await.unwrap();
    text("INSERT INTO loose VALUES (1, 'seven')").execute(&engine).await.unwrap();
    let error = select(Loose).all(&engine).await.unwrap_err();
    assert_eq!(error.message(), "column `loose.number` cannot be read: expected an integer, found the text \"seven\"");
    let small = select(Loose.id).all(&engine).await.unwrap();
    assert_eq!(small, [1]);
    text("UPDATE loose SET number = 1 << 40").execute(&engine).await.unwrap();
    let error = text("SELECT number FROM loose").columns::<i32>().all(&engine).await.unwrap_err();
    assert_eq!(error.message(), "column `#1` cannot be read: 1099511627776 does not fit into i32");
}

#[tokio::test]
async fn a_lock_that_is_not_had_in_time_says_what_to_do() {
    only!(Sqlite);
    let engine = Engine::new("sqlite::memory:?busy_timeout=30").unwrap();
    metadata![Node].create_all(&engine).await.unwrap();
    let mut holder = Session::new(&engine);
    holder.add(Node::builder().name("n"));
    holder.flush().await.unwrap();
    let error = engine.transaction(async |session| session.flush().await).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Operational);
    assert!(error.is_lock_timeout() && !error.is_retryable());
    let text = error.to_string();
    let (waited, rest) = text.split_once(" s)\n").unwrap();
    let waited: f64 = waited.strip_prefix("database is locked (waited ").unwrap().parse().unwrap();
    // On a busy machine it is more.
    assert!(waited >= 0.03, "{text}");
    assert_eq!(
        rest,
        "hint: commit or close the session, connection or transaction that holds the lock\n\
         [SQL: BEGIN IMMEDIATE]"
    );
}

#[tokio::test]
async fn text_with_a_collation_of_its_own_is_compared_by_the_database() {
    only!(Sqlite);
    #[derive(Clone, Debug, Model)]
    #[orm(table = "colours", metadata = none)]
    struct Colour {
        #[orm(primary_key)]
        id: i64,
        #[orm(collation = "NOCASE")]
        word: String,
        seen: bool,
    }
    let engine = Engine::new("sqlite::memory:").unwrap();
    metadata![Colour].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let colours = session.add_all(["red", "blue"].map(|word| Colour::builder().word(word).seen(false)));
    session.flush().await.unwrap();
    let seen = update(Colour).set(Colour.seen, true).filter(Colour.word.in_(["RED", "green"]));
    assert_eq!(session.execute(seen).await.unwrap(), 1);
    assert_eq!(colours.iter().map(|&colour| session[colour].seen).collect::<Vec<_>>(), [true, false]);
    session.execute(delete(Colour).filter(Colour.word.ne("BLUE"))).await.unwrap();
    assert_eq!(session.get(Colour, 1).await.unwrap(), None);
    assert_eq!(session.get(Colour, 2).await.unwrap(), Some(colours[1]));
}

// ------------------------------------------------------------------------------------------------------ generated keys

#[derive(Clone, Debug, Model)]
#[orm(table = "notes", metadata = none)]
struct Note {
    #[orm(primary_key)]
    id: i64,
    #[orm(default = "?")]
    text: String,
    level: Option<i64>,
}

/// A database with a table of notes, in which these words were run.
async fn notes(words: &[&str]) -> Engine {
    let engine = Engine::new("sqlite::memory:").unwrap();
    metadata![Note].create_all(&engine).await.unwrap();
    for words in words {
        text(*words).execute(&engine).await.unwrap();
    }
    engine
}

/// Adds notes of these texts in one flush, and asserts that each object has the key of the row with its text.
async fn keys_of(engine: &Engine, texts: &[&str]) -> Vec<i64> {
    let mut session = Session::new(engine);
    let added = session.add_all(texts.iter().map(|text| Note::builder().text(*text)));
    session.commit().await.unwrap();
    let mut keys = Vec::new();
    for (&note, text) in added.iter().zip(texts) {
        let stored = select(Note.id).filter(Note.text.eq(*text)).one(engine).await.unwrap();
        assert_eq!(session[note].id, stored, "of {text}");
        keys.push(stored);
    }
    keys
}

#[tokio::test]
async fn keys_that_are_not_sent_are_those_that_sqlite_generates() {
    only!(Sqlite);
    assert_eq!(keys_of(&notes(&[]).await, &["a", "b", "c"]).await, [1, 2, 3]);
    let gap = notes(&["INSERT INTO notes VALUES (7, 'x', 1), (9, 'y', 1)", "DELETE FROM notes WHERE id = 9"]).await;
    assert_eq!(keys_of(&gap, &["a", "b"]).await, [8, 9]);
    assert_eq!(keys_of(&gap, &["c", "d"]).await, [10, 11]);
    let negative = notes(&["INSERT INTO notes VALUES (-5, 'x', 1)"]).await;
    assert_eq!(keys_of(&negative, &["a", "b"]).await, [1, 2]);
    let logged = notes(&[
        "CREATE TABLE log (line TEXT)",
        "CREATE TRIGGER log_notes AFTER INSERT ON notes BEGIN INSERT INTO log VALUES (NEW.text); END",
    ])
    .await;
    assert_eq!(keys_of(&logged, &["a", "b", "c"]).await, [1, 2, 3]);
}

#[tokio::test]
async fn new_rows_that_set_other_columns_have_keys_in_the_order_in_which_they_were_added() {
    only!(Sqlite);
    let engine = notes(&[]).await;
    let mut session = Session::new(&engine);
    let text = |text: &str| Note::builder().text(text);
    let (a, b, c, d) = (
        session.add(text("a")),
        session.add(text("b").level(2)),
        session.add(text("c").id(10)),
        session.add(text("d")),
    );
    session.commit().await.unwrap();
    assert_eq!([a, b, c, d].map(|note| session[note].id), [1, 2, 10, 11]);
    let stored = select((Note.id, Note.text)).order_by(Note.id).all(&engine).await.unwrap();
    assert_eq!(stored, [(1, "a".into()), (2, "b".into()), (10, "c".into()), (11, "d".into())]);
}

#[tokio::test]
async fn a_trigger_that_takes_keys_of_the_same_table_is_told_and_nothing_is_kept() {
    only!(Sqlite);
    let copy = |when: &str| {
        format!(
            "CREATE TRIGGER copy {when} INSERT ON notes WHEN NEW.level IS NULL \
             BEGIN INSERT INTO notes (text, level) VALUES ('copy of ' || NEW.text, 1); END"
        )
    };
    for when in ["BEFORE", "AFTER"] {
        let engine = notes(&[&copy(when)]).await;
        let mut session = Session::new(&engine);
        let added = session.add_all(["a", "b"].map(|text| Note::builder().text(text)));
        let error = session.commit().await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::StaleData, "{error}");
        let given = if when == "BEFORE" { 4 } else { 3 };
        let told = format!("the INSERT of 2 rows of `Note` gave the last one the key {given} instead of 2");
        assert_eq!(error.message(), told);
        assert!(error.to_string().contains("hint: a trigger inserts into the table as well"), "{error}");
        session.rollback().await.unwrap();
        assert_eq!(select(Note.id).count(&engine).await.unwrap(), 0);
        // As the hint says.
        for &note in &added {
            session.add_again(note).unwrap();
            session.flush().await.unwrap();
        }
        session.commit().await.unwrap();
        for (note, text) in added.into_iter().zip(["a", "b"]) {
            assert_eq!(session[note].text, text);
            assert_eq!(select(Note.text).filter(Note.id.eq(session[note].id)).one(&engine).await.unwrap(), text);
        }
    }
}

/// What the database's own words write is what a value is, in rows of this library and of other programs.
#[tokio::test]
async fn a_value_is_equal_to_what_the_database_has_written() {
    only!(Sqlite);
    #[derive(Clone, Debug, Model)]
    #[orm(table = "moments", metadata = none)]
    struct Moment {
        #[orm(primary_key)]
        id: i64,
        #[orm(server_default = "CURRENT_TIMESTAMP")]
        at: chrono::DateTime<chrono::Utc>,
        #[orm(server_default = "CURRENT_TIME")]
        time: chrono::NaiveTime,
    }
    let engine = Engine::new("sqlite::memory:").unwrap();
    metadata![Moment].create_all(&engine).await.unwrap();
    metadata![Moment].check(&engine).await.unwrap();
    insert(Moment).values(Moment::builder()).execute(&engine).await.unwrap();
    text("INSERT INTO moments (at, time) VALUES (datetime('now'), time('now'))").execute(&engine).await.unwrap();
    let now = insert(Moment)
        .set(Moment.at, func::now::<chrono::DateTime<chrono::Utc>>())
        .set(Moment.time, func::now::<chrono::NaiveTime>());
    now.execute(&engine).await.unwrap();
    for row in select(Moment).all(&engine).await.unwrap() {
        let same = select(Moment).filter(Moment.id.eq(row.id) & Moment.at.eq(row.at) & Moment.time.eq(row.time));
        assert_eq!(same.count(&engine).await.unwrap(), 1, "{row:?}");
    }
}

/// With and without a fraction, moments have the order of their texts.
#[tokio::test]
async fn moments_with_and_without_a_fraction_are_in_order() {
    only!(Sqlite);
    #[derive(Clone, Debug, Model)]
    #[orm(table = "instants", metadata = none)]
    struct Instant {
        #[orm(primary_key)]
        id: i64,
        at: chrono::NaiveDateTime,
    }
    let engine = Engine::new("sqlite::memory:").unwrap();
    metadata![Instant].create_all(&engine).await.unwrap();
    let times = ["00:00:00", "00:00:00.000001", "00:00:00.5", "00:00:01", "00:00:01.999999", "00:00:02", "00:01:00"];
    let times = times.map(|time| format!("2024-01-01T{time}").parse::<chrono::NaiveDateTime>().unwrap());
    let rows: Vec<Instant> = times.iter().rev().map(|&at| Instant { id: 0, at }).collect();
    insert(Instant).values(rows).execute(&engine).await.unwrap();
    assert_eq!(select(Instant.at).order_by(Instant.at).all(&engine).await.unwrap(), times);
    for (position, time) in times.into_iter().enumerate() {
        let before = select(Instant).filter(Instant.at.lt(time)).count(&engine).await.unwrap();
        assert_eq!(before, position as u64, "{time}");
    }
}

#[tokio::test]
async fn a_transaction_that_reads_an_old_state_is_told_to_repeat() {
    only!(Sqlite);
    let engine = Engine::new("sqlite::memory:").unwrap();
    metadata![Node].create_all(&engine).await.unwrap();
    let mut late = Session::new(&engine);
    late.query(Node).all().await.unwrap();
    insert(Node).values(Node::builder().name("first")).execute(&engine).await.unwrap();
    late.add(Node::builder().name("second"));
    let error = late.commit().await.unwrap_err();
    assert!(error.is_retryable());
    let text = error.to_string();
    assert!(
        text.contains("hint: another transaction has written since this one read: roll back and repeat it"),
        "{text}"
    );
}

#[tokio::test]
async fn moments_that_sqlite_orders_by_their_signs_are_not_compared_in_memory() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "eras", metadata = none)]
    struct Era {
        #[orm(primary_key)]
        id: i64,
        day: chrono::NaiveDate,
        hit: bool,
    }
    only!(Sqlite);
    let engine = Engine::new("sqlite::memory:").unwrap();
    metadata![Era].create_all(&engine).await.unwrap();
    let day = |year| chrono::NaiveDate::from_ymd_opt(year, 3, 15).unwrap();
    let mut session = Session::new(&engine);
    let eras = session.add_all([-44, -500, 9, 12_000].map(|year| Era::builder().day(day(year)).hit(false)));
    session.commit().await.unwrap();
    session.query(Era).all().await.unwrap();
    for bound in [-100, 10, 2000] {
        session.execute(update(Era).set(Era.hit, false)).await.unwrap();
        session.execute(update(Era).set(Era.hit, true).filter(Era.day.ge(day(bound)))).await.unwrap();
        session.query(Era).all().await.unwrap();
        let known: Vec<(i64, bool)> = session.iter(&eras).map(|era| (era.id, era.hit)).collect();
        let stored = session.all(select((Era.id, Era.hit)).order_by(Era.id)).await.unwrap();
        assert_eq!(known, stored, "{bound}");
    }
    let refused = update(Era).set(Era.hit, true).filter(Era.day.lt(day(2000)));
    assert!(session.execute_with(refused, orm::Synchronize::Evaluate).await.is_err());
}

/// A column that another program has declared: SQLite keeps integers and floats in it.
#[derive(Clone, Debug, Model)]
#[orm(table = "goods", metadata = none)]
struct Good {
    #[orm(primary_key)]
    id: i64,
    price: Decimal,
    old: Option<Decimal>,
}

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

async fn goods() -> Engine {
    let engine = Engine::new("sqlite::memory:").unwrap();
    let table = "CREATE TABLE goods (id INTEGER PRIMARY KEY, price DECIMAL(10,2) NOT NULL, old DECIMAL(10,2))";
    text(table).execute(&engine).await.unwrap();
    let rows = "INSERT INTO goods VALUES (1, 9.5, 10), (2, 10, NULL), (3, 100.25, 9), (4, -2.50, 9.50), (5, 100, 7)";
    text(rows).execute(&engine).await.unwrap();
    engine
}

#[tokio::test]
async fn decimals_of_another_program_are_compared_as_numbers_wherever_they_stand() {
    only!(Sqlite);
    let engine = goods().await;
    let found = async |condition: orm::Expr<bool>| {
        select(Good.id).filter(condition).order_by(Good.id).all(&engine).await.unwrap()
    };
    let old = || func::coalesce(Good.old, number("8"));
    assert_eq!(found(old().gt(number("8.5"))).await, [1, 3, 4]);
    assert_eq!(found(old().lt(number("8.5"))).await, [2, 5]);
    assert_eq!(found(Good.price.gt(number("9.5"))).await, [2, 3, 5]);
    assert_eq!(found(Good.price.in_([number("10"), number("-2.5")])).await, [2, 4]);
    let most = select(func::greatest((Good.price, number("50")))).order_by(Good.id).all(&engine).await.unwrap();
    assert_eq!(most, ["50", "50", "100.25", "50", "100"].map(number));
    let least = select(func::least((Good.price, number("50")))).order_by(Good.id).all(&engine).await.unwrap();
    assert_eq!(least, ["9.5", "10", "50", "-2.50", "50"].map(number));
    let priced = select(func::count_all()).having(func::max(Good.price).gt(number("50")));
    assert_eq!(priced.all(&engine).await.unwrap(), [5]);
    assert_eq!(select(func::max(old())).one(&engine).await.unwrap(), Some(number("10")));
    let ordered = select(Good.id).order_by(old()).order_by(Good.id).all(&engine).await.unwrap();
    assert_eq!(ordered, [5, 2, 3, 4, 1]);
    let chosen = func::case(Good.id.gt(0), Good.price).otherwise(number("0"));
    assert_eq!(found(chosen.gt(number("50"))).await, [3, 5]);
    let same = select(Good.price).filter(Good.id.eq(1)).union(select(Good.price + Decimal::ZERO).filter(Good.id.eq(1)));
    assert_eq!(same.all(&engine).await.unwrap(), [number("9.5")]);
    let inner = select((Good.id, Good.price)).subquery("inner");
    let dear = select(inner.0).filter(inner.1.gt(number("50"))).order_by(inner.1.desc());
    assert_eq!(dear.all(&engine).await.unwrap(), [3, 5]);
    assert_eq!(select(func::sum(Good.price)).one(&engine).await.unwrap(), Some(number("217.25")));
}

/// A view over rows of this library, which adds up as SQLite does: in floats.
#[derive(Clone, Debug, Model)]
#[orm(table = "totals", metadata = none)]
struct Total {
    #[orm(primary_key)]
    customer: i64,
    total: Decimal,
}

#[tokio::test]
async fn decimals_that_a_view_computes_are_compared_as_numbers() {
    only!(Sqlite);
    let engine = goods().await;
    text("CREATE VIEW totals AS SELECT id % 2 AS customer, sum(price) AS total FROM goods GROUP BY 1")
        .execute(&engine)
        .await
        .unwrap();
    let found = async |condition: orm::Expr<bool>| select(Total.customer).filter(condition).all(&engine).await.unwrap();
    // 0 has 7.5, and 1 has 209.75.
    assert_eq!(found(Total.total.gt(number("100"))).await, [1]);
    assert_eq!(found(Total.total.lt(number("100"))).await, [0]);
    assert_eq!(found(Total.total.eq(number("7.50"))).await, [0]);
}

#[tokio::test]
async fn a_date_beyond_the_years_of_four_digits_is_one() {
    only!(Sqlite);
    let engine = Engine::new("sqlite::memory:").unwrap();
    let day = |text: &str| text.parse::<chrono::NaiveDate>().unwrap();
    let span = chrono::TimeDelta::days(10);
    let far = select(orm::literal(day("9999-12-30")).plus(span)).one(&engine).await.unwrap();
    assert_eq!(far, day("+10000-01-09"));
    let early = orm::literal(day("1000-01-01")).minus(chrono::TimeDelta::days(400_000));
    assert_eq!(select(early).one(&engine).await.unwrap(), day("1000-01-01") - chrono::Days::new(400_000));
    let moment = orm::literal(day("+12024-05-06").and_hms_opt(1, 2, 3).unwrap());
    assert_eq!(select(moment.cast::<chrono::NaiveDate>()).one(&engine).await.unwrap(), day("+12024-05-06"));
    let least = chrono::TimeDelta::microseconds(i64::MIN);
    let error = select(orm::literal(day("2024-01-01")).minus(least)).one(&engine).await.unwrap_err();
    assert!(error.message().contains("the moment is too far away"), "{error}");
}
