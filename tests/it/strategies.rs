//! Every strategy on every kind of relationship, three levels deep, on both roads: the results are those of plain Rust
//! joins over the same data, and so is the number of statements.

use orm::prelude::*;
use orm::{Load, Relationship, subqueryload};

use crate::support::empty_engine;

#[derive(Clone, Debug, Model)]
#[orm(table = "authors", metadata = none)]
struct Author {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Author.id)]
    mentor_id: Option<i64>,
    #[orm(back_populates = pupils)]
    mentor: BelongsTo<Author>,
    #[orm(back_populates = mentor, order_by = id)]
    pupils: HasMany<Author>,
    #[orm(back_populates = author, order_by = id)]
    books: HasMany<Book>,
    #[orm(back_populates = author)]
    profile: HasOne<Profile>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "profiles", metadata = none)]
struct Profile {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Author.id, unique)]
    author_id: i64,
    #[orm(back_populates = profile)]
    author: BelongsTo<Author>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "books", metadata = none)]
struct Book {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Author.id)]
    author_id: Option<i64>,
    #[orm(back_populates = books)]
    author: BelongsTo<Author>,
    #[orm(back_populates = book, order_by = id)]
    chapters: HasMany<Chapter>,
    #[orm(secondary = BookTag, back_populates = books, order_by = id)]
    tags: ManyToMany<Tag>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "chapters", metadata = none)]
struct Chapter {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Book.id)]
    book_id: i64,
    #[orm(back_populates = chapters)]
    book: BelongsTo<Book>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "tags", metadata = none)]
struct Tag {
    #[orm(primary_key)]
    id: i64,
    #[orm(secondary = BookTag, back_populates = tags, order_by = id)]
    books: ManyToMany<Book>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "book_tags", metadata = none)]
struct BookTag {
    #[orm(primary_key, foreign_key = Book.id)]
    book_id: i64,
    #[orm(primary_key, foreign_key = Tag.id)]
    tag_id: i64,
}

// -------------------------------------------------------------------------------------------------------- the data

/// Authors and their mentors: two trees, one of them three levels high.
const AUTHORS: [(i64, Option<i64>); 6] = [(1, None), (2, Some(1)), (3, Some(1)), (4, Some(2)), (5, None), (6, Some(5))];
/// Profiles and their authors.
const PROFILES: [(i64, i64); 3] = [(1, 2), (2, 1), (3, 5)];
/// Books and their authors; one is anonymous.
const BOOKS: [(i64, Option<i64>); 7] =
    [(1, Some(1)), (2, Some(1)), (3, Some(2)), (4, Some(4)), (5, Some(4)), (6, None), (7, Some(6))];
/// Chapters and their books.
const CHAPTERS: [(i64, i64); 8] = [(1, 1), (2, 1), (3, 2), (4, 4), (5, 4), (6, 4), (7, 6), (8, 7)];
const TAGS: [i64; 4] = [1, 2, 3, 4];
/// Books and tags.
const PAIRS: [(i64, i64); 8] = [(1, 1), (1, 2), (2, 2), (3, 2), (4, 3), (6, 1), (6, 3), (7, 1)];

async fn library() -> Engine {
    let engine = empty_engine().await;
    metadata![Author, Profile, Book, Chapter, Tag, BookTag].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    session.add_all(AUTHORS.map(|(id, mentor)| Author::builder().id(id).mentor_id(mentor)));
    session.flush().await.unwrap();
    session.add_all(PROFILES.map(|(id, author)| Profile::builder().id(id).author_id(author)));
    session.add_all(BOOKS.map(|(id, author)| Book::builder().id(id).author_id(author)));
    session.add_all(CHAPTERS.map(|(id, book)| Chapter::builder().id(id).book_id(book)));
    session.add_all(TAGS.map(|id| Tag::builder().id(id)));
    session.add_all(PAIRS.map(|(book_id, tag_id)| BookTag { book_id, tag_id }));
    session.commit().await.unwrap();
    engine
}

/// The members of one object along one relationship, by plain loops over the data.
mod joined_in_rust {
    use super::{AUTHORS, BOOKS, CHAPTERS, PAIRS, PROFILES};

    type Ids = Vec<i64>;

    fn many(pairs: &[(i64, Option<i64>)], owner: i64) -> Ids {
        pairs.iter().filter(|pair| pair.1 == Some(owner)).map(|pair| pair.0).collect()
    }
    fn one(pairs: &[(i64, Option<i64>)], child: i64) -> Ids {
        pairs.iter().filter(|pair| pair.0 == child).filter_map(|pair| pair.1).collect()
    }
    fn sure<const N: usize>(pairs: [(i64, i64); N]) -> Vec<(i64, Option<i64>)> {
        pairs.into_iter().map(|(child, owner)| (child, Some(owner))).collect()
    }
    pub(super) fn author_mentor(id: i64) -> Ids {
        one(&AUTHORS, id)
    }
    pub(super) fn author_pupils(id: i64) -> Ids {
        many(&AUTHORS, id)
    }
    pub(super) fn author_books(id: i64) -> Ids {
        many(&BOOKS, id)
    }
    pub(super) fn author_profile(id: i64) -> Ids {
        many(&sure(PROFILES), id)
    }
    pub(super) fn profile_author(id: i64) -> Ids {
        one(&sure(PROFILES), id)
    }
    pub(super) fn book_author(id: i64) -> Ids {
        one(&BOOKS, id)
    }
    pub(super) fn book_chapters(id: i64) -> Ids {
        many(&sure(CHAPTERS), id)
    }
    pub(super) fn chapter_book(id: i64) -> Ids {
        one(&sure(CHAPTERS), id)
    }
    pub(super) fn book_tags(id: i64) -> Ids {
        PAIRS.iter().filter(|pair| pair.0 == id).map(|pair| pair.1).collect()
    }
    pub(super) fn tag_books(id: i64) -> Ids {
        PAIRS.iter().filter(|pair| pair.1 == id).map(|pair| pair.0).collect()
    }
}

// ------------------------------------------------------------------------------------------------------ the matrix

#[derive(Clone, Copy, Debug, PartialEq)]
enum Strategy {
    Selectin,
    Joined,
    Subquery,
}

impl Strategy {
    const ALL: [Strategy; 3] = [Strategy::Selectin, Strategy::Joined, Strategy::Subquery];

    fn first<M: Model, T: Model, K>(self, relationship: Relationship<M, T, K>) -> Load<M, T> {
        match self {
            Strategy::Selectin => selectinload(relationship),
            Strategy::Joined => joinedload(relationship),
            Strategy::Subquery => subqueryload(relationship),
        }
    }

    fn next<R: Model, M: Model, T: Model, K>(
        self,
        path: Load<R, M>,
        relationship: Relationship<M, T, K>,
    ) -> Load<R, T> {
        match self {
            Strategy::Selectin => path.selectinload(relationship),
            Strategy::Joined => path.joinedload(relationship),
            Strategy::Subquery => path.subqueryload(relationship),
        }
    }
}

/// The members of a field that holds values, whether many or one.
trait Members<T> {
    fn list(&self) -> Vec<&T>;
}
impl<T: Model> Members<T> for HasMany<T> {
    fn list(&self) -> Vec<&T> {
        self.iter().collect()
    }
}
impl<T: Model> Members<T> for BelongsTo<T> {
    fn list(&self) -> Vec<&T> {
        self.get().into_iter().collect()
    }
}

/// One object and what was found of it three levels down.
type Found = (i64, Vec<(i64, Vec<(i64, Vec<i64>)>)>);

/// Writes a test of one path: all combinations of strategies, over several queries, on both roads.
macro_rules! path {
    ($name:ident: $root:ident.$first:ident $second_model:ident.$second:ident $third_model:ident.$third:ident by
     $one:ident $two:ident $three:ident; $($query:expr => $ids:expr),+ $(,)?) => {
        #[tokio::test]
        async fn $name() {
            let engine = library().await;
            let expected = |ids: &[i64]| -> Vec<Found> {
                let third = |id| (id, joined_in_rust::$three(id));
                let second = |id| (id, joined_in_rust::$two(id).into_iter().map(third).collect());
                ids.iter().map(|&id| (id, joined_in_rust::$one(id).into_iter().map(second).collect())).collect()
            };
            let queries: Vec<(Select<$root>, Vec<i64>)> = vec![$(($query, $ids.to_vec())),+];
            for (query, ids) in queries {
                let expected = expected(&ids);
                for combination in combinations() {
                    let [first, second, third] = combination;
                    let option = third.next(second.next(first.first($root.$first), $second_model.$second),
                        $third_model.$third);
                    let query = query.clone().options(option);
                    let sent = engine.statement_count();
                    let values = query.clone().all(&engine).await
                        .unwrap_or_else(|error| panic!("{combination:?} of {query:?}: {error}"));
                    let sent = engine.statement_count() - sent;
                    let found: Vec<Found> = values.iter().map(|root| {
                        (root.id, root.$first.list().into_iter().map(|first| {
                            (first.id, first.$second.list().into_iter().map(|second| {
                                (second.id, second.$third.list().into_iter().map(|third| third.id).collect())
                            }).collect())
                        }).collect())
                    }).collect();
                    assert_eq!(found, expected, "{combination:?} of {query:?}, as values");
                    let own = combination.iter().filter(|&&strategy| strategy != Strategy::Joined).count();
                    assert_eq!(sent, 1 + own as u64, "{combination:?} of {query:?}: statements");

                    let mut session = Session::new(&engine);
                    let sent = engine.statement_count();
                    let handles = query.clone().all(&mut session).await.unwrap();
                    assert!(engine.statement_count() - sent <= 1 + own as u64, "{combination:?}: statements");
                    let found: Vec<Found> = handles.iter().map(|&root| {
                        (session[root].id, session.handles(root, $root.$first).into_iter().map(|first| {
                            (session[first].id, session.handles(first, $second_model.$second).into_iter().map(|second| {
                                let members = session.related(second, $third_model.$third);
                                (session[second].id, members.map(|(_, third)| third.id).collect())
                            }).collect())
                        }).collect())
                    }).collect();
                    assert_eq!(found, expected, "{combination:?} of {query:?}, as handles");
                }
            }
        }
    };
}

fn combinations() -> Vec<[Strategy; 3]> {
    let mut all = Vec::new();
    for first in Strategy::ALL {
        for second in Strategy::ALL {
            all.extend(Strategy::ALL.map(|third| [first, second, third]));
        }
    }
    all
}

path! {
    one_to_many_then_one_to_many_then_many_to_one:
    Author.books Book.chapters Chapter.book by author_books book_chapters chapter_book;
    select(Author).order_by(Author.id) => [1, 2, 3, 4, 5, 6],
    select(Author).order_by(Author.id.desc()).limit(3).offset(1) => [5, 4, 3],
    // A join of the user's own: an author for each book with a chapter, and each time with all books.
    select(Author).join(Author.books).filter(Book.chapters.is_not_empty()).order_by((Author.id, Book.id))
        => [1, 1, 4, 6],
}

path! {
    one_to_many_then_many_to_many_and_back:
    Author.books Book.tags Tag.books by author_books book_tags tag_books;
    select(Author).order_by(Author.id) => [1, 2, 3, 4, 5, 6],
    select(Author).filter(Author.mentor_id.is_not_null()).order_by(Author.id).limit(2) => [2, 3],
    select(Author).join(Author.books).join(Book.tags).filter(Tag.id.eq(2)).order_by((Author.id, Book.id)).limit(2)
        => [1, 1],
    select(Author).distinct().join(Author.books).order_by(Author.id) => [1, 2, 4, 6],
}

path! {
    one_to_one_and_back_then_one_to_many:
    Author.profile Profile.author Author.books by author_profile profile_author author_books;
    select(Author).order_by(Author.id) => [1, 2, 3, 4, 5, 6],
    select(Author).order_by(Author.id.desc()).limit(2) => [6, 5],
}

path! {
    to_itself_up_and_down_again:
    Author.mentor Author.pupils Author.books by author_mentor author_pupils author_books;
    select(Author).order_by(Author.id) => [1, 2, 3, 4, 5, 6],
    select(Author).filter(Author.books.any(Book.id.gt(3))).order_by(Author.id).limit(5) => [4, 6],
}

path! {
    to_itself_down_twice:
    Author.pupils Author.pupils Author.mentor by author_pupils author_pupils author_mentor;
    select(Author).filter(Author.mentor_id.is_null()).order_by(Author.id) => [1, 5],
    select(Author).order_by(Author.id).limit(4) => [1, 2, 3, 4],
}

path! {
    many_to_many_then_many_to_one_twice:
    Tag.books Book.author Author.mentor by tag_books book_author author_mentor;
    select(Tag).order_by(Tag.id) => [1, 2, 3, 4],
    select(Tag).order_by(Tag.id.desc()).limit(3) => [4, 3, 2],
    select(Tag).join(Tag.books).order_by((Tag.id, Book.id)) => [1, 1, 1, 2, 2, 2, 3, 3],
}

path! {
    many_to_one_then_one_to_many_then_many_to_many:
    Chapter.book Book.author Author.books by chapter_book book_author author_books;
    select(Chapter).order_by(Chapter.id) => [1, 2, 3, 4, 5, 6, 7, 8],
    select(Chapter).filter(Chapter.book.has(Book.author_id.is_not_null())).order_by(Chapter.id.desc()).limit(4)
        => [8, 6, 5, 4],
}
