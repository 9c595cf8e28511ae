//! What SQLite alone does: files, loose types, one writer.

use orm::ErrorKind;
use orm::prelude::*;

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
    assert!(!error.is_retryable());
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
