//! Keys of a type of their own, around the integer that the database makes up: no key is taken for another model's.

use orm::SqlNewtype;
use orm::prelude::*;

use crate::support::empty_engine;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, SqlNewtype)]
struct AuthorId(i64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, SqlNewtype)]
struct BookId(i32);

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "authors", metadata = none)]
struct Author {
    #[orm(primary_key, autoincrement = true)]
    id: AuthorId,
    name: String,
    #[orm(back_populates = author, cascade(all, delete_orphan), order_by = id)]
    books: HasMany<Book>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "books", metadata = none)]
struct Book {
    #[orm(primary_key, autoincrement = true)]
    id: BookId,
    title: String,
    #[orm(foreign_key = Author.id)]
    author_id: AuthorId,
    #[orm(back_populates = books)]
    author: BelongsTo<Author>,
}

async fn prepared() -> Engine {
    let engine = empty_engine().await;
    metadata![Author, Book].create_all(&engine).await.unwrap();
    engine
}

#[tokio::test]
async fn the_database_makes_them_up() {
    let engine = prepared().await;
    let mut session = Session::new(&engine);
    let books = |author: i32| (0..author).map(|number| Book::builder().title(format!("{number}"))).collect::<Vec<_>>();
    let authors = session.add_all((1..4).map(|n| Author::builder().name(format!("{n}")).books(books(n))));
    session.commit().await.unwrap();
    let ids: Vec<AuthorId> = authors.iter().map(|author| session[*author].id).collect();
    assert_eq!(ids, [AuthorId(1), AuthorId(2), AuthorId(3)]);
    let books: Vec<(BookId, AuthorId)> =
        select((Book.id, Book.author_id)).order_by(Book.author_id).all(&engine).await.unwrap();
    let owners: Vec<i64> = books.iter().map(|(_, author)| author.0).collect();
    assert_eq!(owners, [1, 2, 2, 3, 3, 3]);
    let single = insert(Author).values(Author::builder().name("x")).returning(Author.id).one(&engine).await.unwrap();
    assert_eq!(single, AuthorId(4));
    let literal = Author { id: AuthorId(0), name: "y".into(), books: HasMany::default() };
    insert(Author).values(literal).execute(&engine).await.unwrap();
    assert_eq!(select(func::max(Author.id)).one(&engine).await.unwrap(), Some(AuthorId(5)));
}

#[tokio::test]
async fn objects_and_members_are_found_by_them() {
    let engine = prepared().await;
    let mut session = Session::new(&engine);
    let added =
        session.add(Author::builder().name("ed").books([Book::builder().title("a"), Book::builder().title("b")]));
    session.commit().await.unwrap();
    let ed = session.get(Author, AuthorId(1)).await.unwrap().unwrap();
    assert_eq!(ed, added);
    session.load(ed, Author.books).await.unwrap();
    let titles: Vec<&str> = session.related(ed, Author.books).map(|(_, book)| book.title.as_str()).collect();
    assert_eq!(titles, ["a", "b"]);
    let read = select(Book).options(joinedload(Book.author)).filter(Book.id.eq(BookId(2))).one(&engine).await.unwrap();
    assert_eq!((read.title.as_str(), read.author.get().map(|author| author.id)), ("b", Some(AuthorId(1))));
    session.delete(ed).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Book).count(&engine).await.unwrap(), 0);
}
