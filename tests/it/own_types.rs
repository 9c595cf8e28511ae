//! Columns whose SQL type is the user's own, in a session: what is a change, what a condition means, what a flush sends.

use orm::prelude::*;
use orm::{Dialect, ErrorKind, Synchronize};

use crate::support::{dialect, empty_engine};

/// Each database has another idea of which words are equal: SQLite's whatever their case, PostgreSQL's whatever blanks
/// follow, MariaDB's and MySQL's both.
#[derive(Clone, Debug, Model)]
#[orm(table = "words", metadata = none)]
struct Word {
    #[orm(primary_key)]
    id: i64,
    #[orm(sqlite(sql_type = "TEXT COLLATE NOCASE"), postgres(sql_type = "CHAR(8)"), mysql(sql_type = "VARCHAR(8)"))]
    own: String,
    #[orm(sql_type = "CHAR(8)")]
    everywhere: String,
    #[orm(default = 0)]
    hits: i64,
}

async fn words() -> (Engine, Session, Vec<Handle<Word>>) {
    let engine = empty_engine().await;
    metadata![Word].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    session.add_all(["Ed", "Wendy"].map(|word| Word::builder().own(word).everywhere(word)));
    session.commit().await.unwrap();
    let words = session.query(Word).order_by(Word.id).all().await.unwrap();
    (engine, session, words)
}

/// Returns a word that is another text, and the same to the database.
fn alike() -> &'static str {
    if dialect() == Dialect::Postgres { "Ed   " } else { "eD" }
}

#[tokio::test]
async fn conditions_on_them_are_left_to_the_database() {
    let (_engine, mut session, words) = words().await;
    session.execute(update(Word).set(Word.hits, 1).filter(Word.own.eq(alike()))).await.unwrap();
    assert_eq!((session[words[0]].hits, session[words[1]].hits), (1, 0));
    session.execute(update(Word).set(Word.hits, 2).filter(Word.own.in_([alike(), "x"]))).await.unwrap();
    assert_eq!((session[words[0]].hits, session[words[1]].hits), (2, 0));
    session.execute(update(Word).set(Word.hits, 3).filter(Word.own.ne(alike()))).await.unwrap();
    assert_eq!((session[words[0]].hits, session[words[1]].hits), (2, 3));
    let everywhere = if dialect() == Dialect::Sqlite { "Ed" } else { alike() };
    session.execute(update(Word).set(Word.hits, 4).filter(Word.everywhere.eq(everywhere))).await.unwrap();
    assert_eq!((session[words[0]].hits, session[words[1]].hits), (4, 3));
    for condition in [Word.own.eq("Ed"), Word.everywhere.eq("Ed"), Word.everywhere.in_(["Ed"])] {
        let change = update(Word).set(Word.hits, 5).filter(condition);
        let error = session.execute_with(change, Synchronize::Evaluate).await.unwrap_err();
        assert_eq!(error.message(), "the condition cannot be evaluated in memory");
    }
}

#[tokio::test]
async fn another_text_is_a_change_although_the_database_holds_it_equal() {
    let (engine, mut session, words) = words().await;
    for word in &words {
        // As it was.
        let same = session[*word].own.clone();
        session[*word].own = same;
        assert!(!session.is_modified(*word).unwrap());
    }
    session[words[0]].own = "ED".into();
    session[words[0]].everywhere = "ED".into();
    assert!(session.is_modified(words[0]).unwrap());
    session.commit().await.unwrap();
    let stored = select((Word.own, Word.everywhere)).filter(Word.id.eq(1)).one(&engine).await.unwrap();
    assert_eq!((stored.0.trim_end(), stored.1.trim_end()), ("ED", "ED"));
}

/// The rows of one flush are one UPDATE where their types are known; one that is changed unread is compared with what it
/// was.
#[tokio::test]
async fn rows_are_changed_read_or_unread() {
    let (engine, mut session, words) = words().await;
    for is_read in [true, false] {
        if is_read {
            session.query(Word).all().await.unwrap();
        }
        for &word in &words {
            session[word].own.insert(0, 'x');
            session[word].everywhere.insert(0, 'x');
            session[word].own.truncate(8);
            session[word].everywhere.truncate(8);
        }
        session.commit().await.unwrap();
    }
    let stored = select((Word.own, Word.everywhere)).order_by(Word.id).all(&engine).await.unwrap();
    let stored: Vec<_> = stored.iter().map(|(own, everywhere)| (own.trim_end(), everywhere.trim_end())).collect();
    assert_eq!(stored, [("xxEd", "xxEd"), ("xxWendy", "xxWendy")]);

    update(Word).set(Word.own, "other").filter(Word.id.eq(2)).execute(&engine).await.unwrap();
    session[words[1]].own = "mine".into();
    let error = session.flush().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::StaleData);
}

#[tokio::test]
async fn rows_are_found_by_what_was_read_from_them() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "countries", metadata = none)]
    struct Country {
        #[orm(primary_key, sql_type = "CHAR(8)")]
        code: String,
        #[orm(primary_key, length = 8, postgres(sql_type = "character(8)"))]
        region: String,
        name: String,
        #[orm(back_populates = country)]
        towns: HasMany<Town>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "towns", metadata = none, foreign_key((code, region) = (Country.code, Country.region)))]
    struct Town {
        #[orm(primary_key, sql_type = "CHAR(8)")]
        name: String,
        #[orm(sql_type = "CHAR(8)")]
        code: Option<String>,
        #[orm(length = 8, postgres(sql_type = "character(8)"))]
        region: Option<String>,
        #[orm(back_populates = towns)]
        country: BelongsTo<Country>,
    }
    let engine = empty_engine().await;
    metadata![Country, Town].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    for code in ["de", "fr"] {
        let towns = ["a", "b"].map(|name| Town::builder().name(format!("{code}{name}")));
        session.add(Country::builder().code(code).region("eu").name(code).towns(towns));
    }
    session.commit().await.unwrap();

    let mut session = Session::new(&engine);
    let countries = session.query(Country).options(selectinload(Country.towns)).order_by(Country.code).all();
    let countries = countries.await.unwrap();
    for &country in &countries {
        assert_eq!(session[country].towns.len(), 2);
        session[country].name.push('!');
        let key = (session[country].code.clone(), session[country].region.clone());
        let found = session.query(Country).filter(Country.code.eq(key.0.as_str())).one().await.unwrap();
        assert_eq!(found, country);
        session.refresh(country).await.unwrap();
        assert_eq!(session.get(Country, key).await.unwrap(), Some(country));
    }
    session.commit().await.unwrap();
    let towns = session.query(Town).order_by(Town.name).all().await.unwrap();
    let names: Vec<String> = towns[..3].iter().map(|&town| session[town].name.clone()).collect();
    assert_eq!(session.query(Town).filter(Town.name.in_(names.clone())).count().await.unwrap(), 3);
    assert_eq!(session.query(Town).filter(Town.name.between(&*names[0], &*names[1])).count().await.unwrap(), 2);
    session.delete(towns[0]).await.unwrap();
    session.delete(towns[1]).await.unwrap();
    session[towns[2]].country.clear();
    session.commit().await.unwrap();
    let left = select((Town.name, Town.code)).order_by(Town.name).all(&engine).await.unwrap();
    let left: Vec<_> = left.iter().map(|(name, code)| (name.trim_end(), code.as_deref().map(str::trim_end))).collect();
    assert_eq!(left, [("fra", None), ("frb", Some("fr"))]);
    let names = select(Country.name).order_by(Country.name).all(&engine).await.unwrap();
    assert_eq!(names, ["de!", "fr!"]);
}
