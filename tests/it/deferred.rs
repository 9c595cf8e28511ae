//! Columns that may be left out: `deferred`, `load_only`, `defer`, `undefer`, groups; on both roads, and what a session
//! does about a column that is not there.

use orm::prelude::*;
use orm::{
    Dialect, ErrorKind, History, Load, Synchronize, contains_eager, defer, func, load_only, subqueryload, undefer,
    undefer_all, undefer_group,
};

use crate::assert_statements;
use crate::support::empty_engine;

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "authors", metadata = none)]
struct Author {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 50)]
    name: String,
    /// Loaded unless a query says otherwise.
    life: Deferred<Option<String>>,
    #[orm(back_populates = author, order_by = id, cascade(all, delete_orphan))]
    books: HasMany<Book>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "books", metadata = none)]
struct Book {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 50)]
    title: String,
    #[orm(deferred)]
    summary: Deferred<Option<String>>,
    #[orm(deferred(group = "pages"))]
    text: Deferred<String>,
    #[orm(deferred(group = "pages"), default = 0)]
    pages: Deferred<i64>,
    #[orm(foreign_key = Author.id, index)]
    author_id: i64,
    #[orm(back_populates = books)]
    author: BelongsTo<Author>,
}

async fn library() -> Engine {
    let engine = empty_engine().await;
    metadata![Author, Book].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    for (name, life) in [("Ada", Some("long")), ("Bob", None)] {
        let book = |number: i64| {
            let book = Book::builder().title(format!("{name} {number}")).text(format!("text of {name} {number}"));
            book.pages(100 * number).summary((number == 1).then(|| "short".to_owned()))
        };
        session.add(Author::builder().name(name).life(life.map(str::to_owned)).books([book(1), book(2)]));
        session.commit().await.unwrap();
    }
    engine
}

/// Which of the deferrable columns of a book are here.
fn here(book: &Book) -> [bool; 3] {
    [book.summary.is_loaded(), book.text.is_loaded(), book.pages.is_loaded()]
}

// ------------------------------------------------------------------------------------------------------------- values

#[tokio::test]
async fn what_is_deferred_is_left_out_unless_a_query_asks_for_it() {
    let engine = library().await;
    let query = select(Book).order_by(Book.id);
    let cases = [
        (query.clone(), [false, false, false]),
        (query.clone().options(undefer(Book.summary)), [true, false, false]),
        (query.clone().options((undefer(Book.summary), undefer(Book.text))), [true, true, false]),
        (query.clone().options(undefer_group(Book, "pages")), [false, true, true]),
        (query.clone().options((undefer_group(Book, "pages"), defer(Book.pages))), [false, true, false]),
        (query.clone().options(undefer_all(Book)), [true, true, true]),
        (query.clone().options((undefer_all(Book), defer((Book.text, Book.summary)))), [false, false, true]),
        (query.clone().options(load_only((Book.title, Book.pages))), [false, false, true]),
        (query.clone().options((load_only(Book.title), undefer(Book.text))), [false, true, false]),
    ];
    for (query, expected) in cases {
        let sql = query.to_sql(engine.dialect());
        let books: Vec<Book> = assert_statements!(engine, 1, query.clone().all(&engine).await.unwrap());
        assert_eq!(books.iter().map(here).collect::<Vec<_>>(), [expected; 4], "{sql}");
        let mut session = Session::new(&engine);
        let handles = assert_statements!(engine, 1, query.all(&mut session).await.unwrap());
        assert_eq!(handles.iter().map(|&book| here(&session[book])).collect::<Vec<_>>(), [expected; 4], "{sql}");
    }
}

#[tokio::test]
async fn null_is_not_what_is_not_loaded() {
    let engine = library().await;
    let books = select(Book).order_by(Book.id).options(undefer(Book.summary)).all(&engine).await.unwrap();
    let summaries: Vec<Option<&str>> = books.iter().map(|book| book.summary.get().as_deref()).collect();
    assert_eq!(summaries, [Some("short"), None, Some("short"), None]);
    let error = books[1].text.try_get().unwrap_err();
    assert!(error.is_not_loaded());
    assert_eq!(
        error.to_string(),
        "column `Book.text` is not loaded\nhint: add `.options(undefer(Book.text))` to the query, or call \
         `session.load(book, Book.text)`"
    );
    assert_eq!(books[1].text, Deferred::unloaded());
    assert_eq!(format!("{:?}", books[1].text), "<not loaded>");
}

#[test]
fn null_stands_in_the_place_of_what_is_left_out() {
    let sql = |query: Select<Book>| query.to_sql(Dialect::Sqlite);
    assert_eq!(
        sql(select(Book)),
        "SELECT books.id, books.title, NULL AS summary, NULL AS text, NULL AS pages, books.author_id FROM books"
    );
    assert_eq!(
        sql(select(Book).options(undefer(Book.text)).filter(Book.summary.is_null()).order_by(Book.pages)),
        "SELECT books.id, books.title, NULL AS summary, books.text, NULL AS pages, books.author_id FROM books \
         WHERE books.summary IS NULL ORDER BY books.pages"
    );
    // A column is a column, wherever it is named.
    assert_eq!(select(Book.text).to_sql(Dialect::Sqlite), "SELECT books.text FROM books");
}

#[tokio::test]
async fn a_subquery_and_a_compound_have_every_column() {
    let engine = library().await;
    let all = select(Book).filter(Book.id.lt(3)).union_all(select(Book).filter(Book.id.gt(3)));
    let books: Vec<Book> = all.all(&engine).await.unwrap();
    assert_eq!(books.iter().map(here).collect::<Vec<_>>(), [[true; 3]; 3]);
    let table = select(Book).filter(Book.id.lt(3)).subquery("few");
    let texts = select(table.text).select_from(&table).order_by(table.id).all(&engine).await.unwrap();
    assert_eq!(texts, ["text of Ada 1", "text of Ada 2"]);
}

#[tokio::test]
async fn what_a_query_orders_by_may_be_left_out() {
    let engine = library().await;
    for path in [joinedload(Author.books), selectinload(Author.books), subqueryload(Author.books)] {
        let path = path.order_by(Book.pages.desc());
        let query = select(Author).order_by(Author.life.desc()).limit(2);
        let query = query.options((defer(Author.life), path)).filter(Author.life.is_null() | Author.life.ne("x"));
        let authors = query.all(&engine).await.unwrap();
        assert_eq!(authors.len(), 2);
        assert!(authors.iter().all(|author| author.life.is_unloaded()));
        for author in &authors {
            let titles = author.books.iter().map(|book| book.title.trim_start_matches(&author.name).trim().to_owned());
            assert_eq!(titles.collect::<Vec<_>>(), ["2", "1"]);
        }
    }
}

#[tokio::test]
async fn tuples_optional_objects_aliases_and_streams_leave_out_too() {
    let engine = library().await;
    let other = Book.alias("other");
    let query = select((Author, optional(Book), func::count_all()))
        .outerjoin(Author.books)
        .group_by((Author.id, Author.name, Author.life, Book.id, Book.title, Book.author_id, Book.text))
        .order_by(Book.id)
        .options((defer(Author.life), undefer(Book.text)));
    for (author, book, count) in query.all(&engine).await.unwrap() {
        let book = book.unwrap();
        assert_eq!((author.life.is_loaded(), here(&book), count), (false, [false, true, false], 1));
    }
    let query = select((other.title, other)).order_by(other.id).options(undefer(Book.pages));
    let pairs: Vec<(String, Book)> = query.all(&engine).await.unwrap();
    assert_eq!(here(&pairs[3].1), [false, false, true]);
    assert_eq!(*pairs[3].1.pages.get(), 200);
    let mut connection = engine.connect().await.unwrap();
    let mut stream = connection.stream(select(Book).options(undefer(Book.text)).order_by(Book.id)).await.unwrap();
    let book = stream.next().await.unwrap().unwrap();
    assert_eq!((here(&book), book.text.get().as_str()), ([false, true, false], "text of Ada 1"));
}

// --------------------------------------------------------------------------------------------------- below a relationship

fn strategies() -> [Load<Author, Book>; 3] {
    [selectinload(Author.books), joinedload(Author.books), subqueryload(Author.books)]
}

#[tokio::test]
async fn options_reach_the_members_of_a_relationship_whatever_loads_it() {
    let engine = library().await;
    for path in strategies() {
        for limit in [None, Some(2)] {
            let mut query = select(Author).order_by(Author.id);
            query = limit.into_iter().fold(query, Select::limit);
            let cases: [(Load<Author, Book>, [bool; 3]); 4] = [
                (path.clone(), [false, false, false]),
                (path.clone().load_only((Book.title, Book.summary)), [true, false, false]),
                (path.clone().undefer(Book.text), [false, true, false]),
                (path.clone().undefer_group("pages").defer(Book.text), [false, false, true]),
            ];
            for (path, expected) in cases {
                // Back from the book to its author, whose column is left out there alone.
                let path = path.selectinload(Book.author).defer(Author.life);
                let authors: Vec<Author> = query.clone().options(path.clone()).all(&engine).await.unwrap();
                for author in &authors {
                    assert!(author.life.is_loaded());
                    assert_eq!(author.books.iter().map(here).collect::<Vec<_>>(), [expected; 2]);
                    assert!(author.books.iter().all(|book| book.author.get().unwrap().life.is_unloaded()));
                }
                let mut session = Session::new(&engine);
                for author in query.clone().options(path).all(&mut session).await.unwrap() {
                    let books = session.handles(author, Author.books);
                    assert_eq!(books.iter().map(|&book| here(&session[book])).collect::<Vec<_>>(), [expected; 2]);
                    assert!(session[author].life.is_loaded());
                }
            }
        }
    }
}

#[tokio::test]
async fn contained_members_leave_out_columns() {
    let engine = library().await;
    let query = select(Author).join(Author.books).filter(Book.title.like("% 2")).order_by(Author.id);
    let query = query.options(contains_eager(Author.books).load_only((Book.title, Book.text)));
    let authors: Vec<Author> = assert_statements!(engine, 1, query.all(&engine).await.unwrap());
    let books: Vec<&Book> = authors.iter().flat_map(|author| author.books.iter()).collect();
    assert_eq!(
        books.iter().map(|book| book.text.get().as_str()).collect::<Vec<_>>(),
        ["text of Ada 2", "text of Bob 2"]
    );
    assert_eq!(books.iter().map(|book| here(book)).collect::<Vec<_>>(), [[false, true, false]; 2]);
}

#[tokio::test]
async fn a_known_target_without_a_column_is_read_for_it() {
    let engine = library().await;
    let mut session = Session::new(&engine);
    let author = session.query(Author).options(defer(Author.life)).filter(Author.id.eq(1)).one().await.unwrap();
    let book = session.get_one(Book, 1).await.unwrap();
    // The author is known by the key, and its other columns are enough.
    let query = session.query(Book).options(selectinload(Book.author).defer(Author.life)).filter(Book.id.eq(1));
    assert_statements!(engine, 1, query.one().await.unwrap());
    assert!(session[author].life.is_unloaded());
    let query = session.query(Book).options(selectinload(Book.author)).filter(Book.id.eq(1));
    assert_eq!(assert_statements!(engine, 2, query.one().await.unwrap()), book);
    assert_eq!(session[author].life.get().as_deref(), Some("long"));
}

// ------------------------------------------------------------------------------------------------------------- errors

#[tokio::test]
async fn a_plain_field_cannot_be_left_out() {
    let engine = library().await;
    let error = select(Book).options(load_only(Book.text)).all(&engine).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Argument);
    assert_eq!(error.message(), "`load_only` cannot leave out `Book.title`: a plain field is always there");
    assert!(error.to_string().contains("make the field a `Deferred<…>`"), "{error}");
    let error = select(Book).options(defer(Book.title)).all(&engine).await.unwrap_err();
    assert_eq!(error.message(), "`defer` cannot leave out `Book.title`: a plain field is always there");
    let query = select(Author).options(selectinload(Author.books).load_only(Book.text));
    let error = query.all(&engine).await.unwrap_err();
    assert_eq!(error.message(), "`load_only` cannot leave out `Book.title`: a plain field is always there");
    let error = select(Book).options(undefer_group(Book, "page")).all(&engine).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no column of `Book` says `deferred(group = \"page\")`\nhint: its groups are `pages`"
    );
    // An option for what the query does not select, in a tuple, which the compiler does not look into.
    let query = select((Book.id, Author)).join(Book.author).options(undefer(Book.text));
    let error = query.all(&engine).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Argument);
}

// ------------------------------------------------------------------------------------------------------ in a session

#[tokio::test]
async fn a_column_is_loaded_on_demand_for_one_or_for_many() {
    let engine = library().await;
    let mut session = Session::new(&engine);
    let books = session.query(Book).order_by(Book.id).all().await.unwrap();
    assert_statements!(engine, 1, session.load(books[0], Book.summary).await.unwrap());
    assert_eq!(session[books[0]].summary.get().as_deref(), Some("short"));
    assert_eq!(here(&session[books[0]]), [true, false, false]);
    // One SELECT for all that lack it; its group comes along.
    assert_statements!(engine, 1, session.load(&books, Book.text).await.unwrap());
    assert_eq!(books.iter().map(|&book| here(&session[book])[1..].to_vec()).collect::<Vec<_>>(), [[true; 2]; 4]);
    assert_statements!(engine, 0, session.load(&books, (Book.text, Book.pages)).await.unwrap());
    assert_statements!(engine, 1, session.load(&books, (Book.summary, Book.pages)).await.unwrap());
    assert_eq!(session[books[1]].summary.get(), &None);
    // What is always there needs nothing.
    assert_statements!(engine, 0, session.load(&books, Book.title).await.unwrap());
}

#[tokio::test]
async fn a_column_of_a_row_that_is_gone_cannot_be_loaded() {
    let engine = library().await;
    let mut session = Session::new(&engine);
    let book = session.get_one(Book, 1).await.unwrap();
    session.commit().await.unwrap();
    let book_again = session.get_one(Book, 1).await.unwrap();
    assert_eq!(book, book_again);
    session.rollback().await.unwrap();
    delete(Book).filter(Book.id.eq(1)).execute(&engine).await.unwrap();
    let error = session.load(book, Book.text).await.unwrap_err();
    assert_eq!(error.message(), "a column of object `Book` with key 1 cannot be loaded: its row is gone");
}

#[tokio::test]
async fn a_later_query_fills_in_what_is_missing_and_leaves_the_rest() {
    let engine = library().await;
    let mut session = Session::new(&engine);
    let book = session.query(Book).filter(Book.id.eq(1)).one().await.unwrap();
    session[book].title = "changed".into();
    let found =
        session.no_autoflush().query(Book).filter(Book.id.eq(1)).options(undefer(Book.text)).one().await.unwrap();
    assert_eq!(found, book);
    assert_eq!((session[book].title.as_str(), session[book].text.get().as_str()), ("changed", "text of Ada 1"));
    // A query that leaves it out takes nothing away.
    session.flush().await.unwrap();
    session.query(Book).all().await.unwrap();
    assert!(session[book].text.is_loaded());
    assert!(!session.is_modified(book).unwrap());
}

#[tokio::test]
async fn what_is_not_loaded_is_not_written_and_what_is_assigned_is() {
    let engine = library().await;
    let mut session = Session::new(&engine);
    let book = session.get_one(Book, 1).await.unwrap();
    session[book].title = "changed".into();
    session.commit().await.unwrap();
    let stored =
        |engine: Engine| async move { select(Book).options(undefer_all(Book)).order_by(Book.id).first(&engine).await };
    let found: Book = stored(engine.clone()).await.unwrap().unwrap();
    assert_eq!((found.title.as_str(), found.text.get().as_str()), ("changed", "text of Ada 1"));
    assert_eq!(found.summary.get().as_deref(), Some("short"));

    // NULL over what was never read: nobody knows that it is not NULL already, so it is written.
    let book = session.get_one(Book, 1).await.unwrap();
    session[book].summary.set(None);
    assert_eq!(
        session.history(book, Book.summary).unwrap(),
        History { added: vec![None], unchanged: vec![], deleted: vec![] }
    );
    session[book].text.set("new");
    assert_statements!(engine, 1, session.flush().await.unwrap());
    assert_eq!(here(&session[book]), [true, true, false]);
    session.commit().await.unwrap();
    let found = stored(engine.clone()).await.unwrap().unwrap();
    assert_eq!((found.summary.get(), found.text.get().as_str(), found.pages.get()), (&None, "new", &100));

    // Forgetting is not a change.
    let book = session.query(Book).options(undefer_all(Book)).filter(Book.id.eq(1)).one().await.unwrap();
    session[book].text = Deferred::unloaded();
    assert_statements!(engine, 0, session.flush().await.unwrap());
    assert_eq!(
        session.history(book, Book.text).unwrap(),
        History { added: vec![], unchanged: vec![], deleted: vec![] }
    );
    session.load(book, Book.text).await.unwrap();
    assert_eq!(session[book].text.get(), "new");
}

#[tokio::test]
async fn a_new_object_has_what_it_was_given_and_its_unloaded_columns_are_left_to_the_database() {
    let engine = library().await;
    let mut session = Session::new(&engine);
    let author = session.get_one(Author, 1).await.unwrap();
    let book = session.add(Book::builder().title("new").text("words").author(author));
    session.flush().await.unwrap();
    assert_eq!(here(&session[book]), [true, true, true]);
    assert_eq!((session[book].pages.get(), session[book].summary.get()), (&0, &None));
    let cora = Author { id: 0, name: "Cora".into(), life: Deferred::unloaded(), books: HasMany::default() };
    let cora = session.add(cora);
    session.flush().await.unwrap();
    assert!(session[cora].life.is_unloaded());
    session.load(cora, Author.life).await.unwrap();
    assert_eq!(session[cora].life.get(), &None);
    session.rollback().await.unwrap();
}

#[tokio::test]
async fn what_was_loaded_is_loaded_again_after_it_expired() {
    let engine = library().await;
    let mut session = Session::new(&engine);
    let books = session.query(Book).order_by(Book.id).all().await.unwrap();
    session.load(books[0], Book.summary).await.unwrap();
    session.commit().await.unwrap();
    update(Book).set(Book.summary, "other").execute(&engine).await.unwrap();
    // By key: with what it had.
    assert_statements!(engine, 1, session.get(Book, 1).await.unwrap());
    assert_eq!(session[books[0]].summary.get().as_deref(), Some("other"));
    assert_statements!(engine, 1, session.refresh(books[0]).await.unwrap());
    assert_eq!(here(&session[books[0]]), [true, false, false]);
    // By a query that leaves it out: what is stale is not taken for fresh.
    session.commit().await.unwrap();
    session.query(Book).all().await.unwrap();
    assert_eq!(here(&session[books[0]]), [false, false, false]);
    // By a load: the row and the column.
    session.commit().await.unwrap();
    session.load(&books, Book.summary).await.unwrap();
    assert!(books.iter().all(|&book| session[book].summary.get().as_deref() == Some("other")));
}

#[tokio::test]
async fn a_column_is_expired_and_refreshed_by_itself() {
    let engine = library().await;
    let mut session = Session::new(&engine);
    let book = session.query(Book).options(undefer_all(Book)).filter(Book.id.eq(1)).one().await.unwrap();
    session[book].text.set("mine");
    session.expire_attributes(book, Book.text).unwrap();
    assert_eq!((here(&session[book]), session.is_expired(book).unwrap()), ([true, false, true], false));
    assert_statements!(engine, 0, session.flush().await.unwrap());
    session.refresh_attributes(book, Book.text).await.unwrap();
    assert_eq!(session[book].text.get(), "text of Ada 1");
}

#[tokio::test]
async fn a_rollback_takes_back_what_was_assigned_and_reads_again_what_was_loaded() {
    let engine = library().await;
    let mut session = Session::new(&engine);
    let book = session.get_one(Book, 1).await.unwrap();
    session[book].text.set("mine");
    session.flush().await.unwrap();
    session.rollback().await.unwrap();
    let found = session.get_one(Book, 1).await.unwrap();
    session.load(found, Book.text).await.unwrap();
    assert_eq!(session[found].text.get(), "text of Ada 1");
    let mut inner = session.begin_nested().await.unwrap();
    inner[found].text.set("inner");
    inner.flush().await.unwrap();
    inner.rollback().await.unwrap();
    session.load(found, Book.text).await.unwrap();
    assert_eq!(session[found].text.get(), "text of Ada 1");
}

#[tokio::test]
async fn merging_copies_what_is_loaded() {
    let engine = library().await;
    let value: Book =
        select(Book).options(undefer(Book.summary)).order_by(Book.id).first(&engine).await.unwrap().unwrap();
    let mut session = Session::new(&engine);
    let book = session.merge(value.clone()).await.unwrap();
    assert_eq!(here(&session[book]), [true, false, false]);
    assert_statements!(engine, 0, session.flush().await.unwrap()); // it is as it was read
    let mut other = value;
    other.text.set("merged");
    let merged = session.merge(other).await.unwrap();
    assert_eq!(merged, book);
    assert_statements!(engine, 1, session.flush().await.unwrap());
    let detached: Book = session.detach(book).unwrap();
    assert_eq!((detached.text.get().as_str(), detached.pages.is_loaded()), ("merged", false));
    session.rollback().await.unwrap();
}

#[tokio::test]
async fn statements_that_objects_follow_do_not_guess_what_is_not_loaded() {
    let engine = library().await;
    let mut session = Session::new(&engine);
    let books = session.query(Book).order_by(Book.id).all().await.unwrap();
    // Only the database knows the pages.
    let error = session
        .execute_with(update(Book).set(Book.title, "thick").filter(Book.pages.gt(150)), Synchronize::Evaluate)
        .await
        .unwrap_err();
    assert_eq!(error.message(), "the condition cannot be evaluated in memory");
    session.execute(update(Book).set(Book.title, "thick").filter(Book.pages.gt(150))).await.unwrap();
    let titles: Vec<&str> = books.iter().map(|&book| session[book].title.as_str()).collect();
    assert_eq!(titles, ["Ada 1", "thick", "Bob 1", "thick"]);
    session.execute(update(Book).set(Book.pages, 7).filter(Book.id.eq(1))).await.unwrap();
    assert_eq!(session[books[0]].pages.get(), &7);
    session.rollback().await.unwrap();
}

#[tokio::test]
async fn rows_in_bulk_need_what_they_write() {
    let engine = library().await;
    let values: Vec<Book> = select(Book).options(undefer(Book.text)).order_by(Book.id).all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let error = session.bulk_update(Book.pages, values.clone()).await.unwrap_err();
    assert_eq!(error.message(), "`Book.pages` is to be updated and is not loaded");
    assert_eq!(session.bulk_update(Book.text, values).await.unwrap(), 4);
    let more = Author { id: 9, name: "Ira".into(), life: Deferred::unloaded(), books: HasMany::default() };
    let known = Author { id: 10, name: "Jo".into(), life: Some("short".to_owned()).into(), books: HasMany::default() };
    assert_eq!(session.bulk_insert([more, known]).await.unwrap(), 2);
    let lives = session.scalars(select(Author.life).filter(Author.id.gt(8)).order_by(Author.id)).await.unwrap();
    assert_eq!(lives, [None, Some("short".to_owned())]);
    session.rollback().await.unwrap();
}

#[tokio::test]
async fn a_delete_does_not_read_what_is_deferred() {
    let engine = library().await;
    let mut session = Session::new(&engine);
    let author = session.get_one(Author, 1).await.unwrap();
    session.delete(author).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Book).count(&engine).await.unwrap(), 2);
}

/// A column that a subquery leaves out is NULL there.
#[tokio::test]
async fn members_are_chosen_by_a_column_that_their_owner_leaves_out() {
    let engine = library().await;
    for query in [select(Author).order_by(Author.id), select(Author).order_by(Author.id).limit(2)] {
        for option in strategies() {
            let option = option.filter(Author.life.eq("long"));
            let authors: Vec<Author> = query.clone().options((defer(Author.life), option)).all(&engine).await.unwrap();
            assert_eq!(authors.iter().map(|author| author.books.len()).collect::<Vec<_>>(), [2, 0]);
            assert!(!authors[0].life.is_loaded());
        }
    }
}
