//! Five models with every kind of relationship, and what the test asks of each: its clauses, its relationships, its columns.

use orm::prelude::*;
use orm::{Attribute, Load, OrderItem, contains_eager, defaultload, lazyload, raiseload, subqueryload, undefer};

use super::plain::{Condition, Kind, Order, Rel, Seen, Step, Strategy};

#[derive(Clone, Debug, Model)]
#[orm(table = "loads_towns", metadata = none)]
pub(super) struct Town {
    #[orm(primary_key, length = 8)]
    pub(super) country: String,
    #[orm(primary_key, autoincrement = false)]
    pub(super) number: i64,
    pub(super) rank: i64,
    #[orm(deferred)]
    pub(super) note: Deferred<i64>,
    #[orm(back_populates = home)]
    pub(super) people: HasMany<Person>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "loads_people", metadata = none)]
#[orm(foreign_key((country, number) = (Town.country, Town.number)))]
pub(super) struct Person {
    #[orm(primary_key)]
    pub(super) id: i64,
    pub(super) rank: i64,
    #[orm(deferred)]
    pub(super) note: Deferred<i64>,
    #[orm(foreign_key = Person.id)]
    pub(super) mentor_id: Option<i64>,
    #[orm(length = 8)]
    pub(super) country: Option<String>,
    pub(super) number: Option<i64>,
    #[orm(back_populates = pupils)]
    pub(super) mentor: BelongsTo<Person>,
    #[orm(back_populates = mentor)]
    pub(super) pupils: HasMany<Person>,
    #[orm(back_populates = author, order_by = id)]
    pub(super) books: HasMany<Book>,
    #[orm(back_populates = person)]
    pub(super) profile: HasOne<Profile>,
    #[orm(back_populates = people)]
    pub(super) home: BelongsTo<Town>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "loads_profiles", metadata = none)]
pub(super) struct Profile {
    #[orm(primary_key)]
    pub(super) id: i64,
    pub(super) rank: i64,
    #[orm(deferred)]
    pub(super) note: Deferred<i64>,
    #[orm(foreign_key = Person.id, unique)]
    pub(super) person_id: i64,
    #[orm(back_populates = profile, lazy = joined)]
    pub(super) person: BelongsTo<Person>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "loads_books", metadata = none)]
pub(super) struct Book {
    #[orm(primary_key)]
    pub(super) id: i64,
    pub(super) rank: i64,
    #[orm(deferred)]
    pub(super) note: Deferred<i64>,
    #[orm(foreign_key = Person.id)]
    pub(super) author_id: Option<i64>,
    #[orm(back_populates = books)]
    pub(super) author: BelongsTo<Person>,
    #[orm(secondary = BookTag, back_populates = books)]
    pub(super) tags: ManyToMany<Tag>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "loads_tags", metadata = none)]
pub(super) struct Tag {
    #[orm(primary_key, length = 8)]
    pub(super) word: String,
    pub(super) rank: i64,
    #[orm(deferred)]
    pub(super) note: Deferred<i64>,
    #[orm(secondary = BookTag, back_populates = tags, order_by = id)]
    pub(super) books: ManyToMany<Book>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "loads_book_tags", metadata = none)]
pub(super) struct BookTag {
    #[orm(primary_key, foreign_key = Book.id)]
    pub(super) book_id: i64,
    #[orm(primary_key, length = 8, foreign_key = Tag.word)]
    pub(super) tag_word: String,
}

/// The key of a town, made of its number.
pub(super) fn town_key(id: i64) -> (String, i64) {
    (["a", "b"][id as usize % 2].to_owned(), id / 2)
}

pub(super) fn tag_key(id: i64) -> String {
    format!("t{id}")
}

/// The clauses of a query, whether it is to run by itself or in a session.
pub(super) trait Clauses<M: Model>: Sized {
    fn filtered(self, condition: orm::Expr<bool>) -> Self;
    fn ordered(self, order: Vec<OrderItem>) -> Self;
    fn cut(self, limit: Option<u64>, offset: Option<u64>) -> Self;
    fn told_apart(self) -> Self;
    fn joined(self, target: impl orm::JoinTarget, is_outer: bool) -> Self;
    fn loading<T: Model>(self, option: Load<M, T>) -> Self;
    fn with_note(self, note: Attribute<M, i64>) -> Self;
}

macro_rules! clauses {
    ($query:ty: $model:ty $(, $generic:ident)?) => {
        impl$(<$generic: Model>)? Clauses<$model> for $query {
            fn filtered(self, condition: orm::Expr<bool>) -> Self {
                self.filter(condition)
            }
            fn ordered(self, order: Vec<OrderItem>) -> Self {
                self.order_by(order)
            }
            fn cut(self, limit: Option<u64>, offset: Option<u64>) -> Self {
                let cut = match limit {
                    Some(limit) => self.limit(limit),
                    None => self,
                };
                match offset {
                    Some(offset) => cut.offset(offset),
                    None => cut,
                }
            }
            fn told_apart(self) -> Self {
                self.distinct()
            }
            fn joined(self, target: impl orm::JoinTarget, is_outer: bool) -> Self {
                if is_outer { self.outerjoin(target) } else { self.join(target) }
            }
            fn loading<T: Model>(self, option: Load<$model, T>) -> Self {
                self.options(option)
            }
            fn with_note(self, note: Attribute<$model, i64>) -> Self {
                self.options(undefer(note))
            }
        }
    };
}
clauses!(Select<M>: M, M);
clauses!(orm::Query<'_, M>: M, M);
clauses!(Select<(Person, Book)>: Person);
clauses!(Select<(Person, Book)>: Book);
clauses!(Select<(Person, Option<Book>)>: Person);
clauses!(Select<(Person, Option<Book>)>: Book);
clauses!(Select<(Person, Person)>: Person);

/// What the test asks of each model.
pub(super) trait Table: Model {
    const KIND: Kind;

    fn rank() -> Attribute<Self, i64>;
    fn note() -> Attribute<Self, i64>;
    fn key_order(is_descending: bool) -> Vec<OrderItem>;
    /// That a member of a certain relationship has this rank or more.
    fn has_related(rank: i64) -> orm::Expr<bool>;

    fn begin<Q: Clauses<Self>>(query: Q, path: &[Step]) -> Q;
    fn go_on<R: Model, Q: Clauses<R>>(query: Q, load: Load<R, Self>, path: &[Step]) -> Q;
    fn join<Q: Clauses<Self>>(query: Q, rel: Rel, is_outer: bool, condition: Option<Condition>) -> Q;

    fn id(&self) -> i64;
    fn own_rank(&self) -> i64;
    fn own_note(&self) -> Option<i64>;
    fn fields(&self) -> Vec<(Rel, Option<Vec<Seen>>)>;
    fn fields_in(session: &Session, handle: Handle<Self>) -> Vec<(Rel, Option<Vec<Known>>)>;
}

/// An object of a session.
#[derive(Clone, Copy, Debug)]
pub(super) enum Known {
    Person(Handle<Person>),
    Town(Handle<Town>),
    Profile(Handle<Profile>),
    Book(Handle<Book>),
    Tag(Handle<Tag>),
}

pub(super) fn condition<T: Table>(said: Condition) -> orm::Expr<bool> {
    match said {
        Condition::AtLeast(rank) => T::rank().ge(rank),
        Condition::Not(rank) => T::rank().ne(rank),
        Condition::Related(rank) => T::has_related(rank),
        Condition::OfOwner => unreachable!("it is about two models"),
    }
}

fn order<T: Table>(order: Order) -> Vec<OrderItem> {
    let mut items = Vec::new();
    if order.is_by_rank {
        items.push(if order.is_descending { T::rank().desc() } else { T::rank().asc() });
    }
    items.extend(T::key_order(order.is_descending));
    items
}

pub(super) fn order_of<T: Table, Q: Clauses<T>>(query: Q, said: Order) -> Q {
    query.ordered(order::<T>(said))
}

/// Says of a step what is wanted of its members.
fn constrained<R: Model, M: Table, T: Table>(load: Load<R, T>, step: &Step) -> Load<R, T> {
    let mut load = load;
    match step.said.filter {
        Some(Condition::OfOwner) => load = load.filter(T::rank().ge(M::rank())),
        Some(said) => load = load.filter(condition::<T>(said)),
        None => {}
    }
    if let Some(said) = step.said.order {
        load = load.order_by(order::<T>(said));
    }
    if let Some(limit) = step.said.limit {
        load = load.limit(limit);
    }
    if let Some(owners) = step.said.chunk {
        load = load.chunk_size(owners);
    }
    if step.said.recursion > 0 {
        load = load.recursive(step.said.recursion);
    }
    if step.said.with_note { load.undefer(T::note()) } else { load }
}

fn first<M: Table, T: Table, K>(relationship: orm::Relationship<M, T, K>, step: &Step) -> Load<M, T> {
    let load = match step.strategy {
        Strategy::Selectin => selectinload(relationship),
        Strategy::Joined => joinedload(relationship),
        Strategy::Subquery => subqueryload(relationship),
        Strategy::Default => defaultload(relationship),
        Strategy::Lazy => lazyload(relationship),
        Strategy::Raise => raiseload(relationship),
        Strategy::Contained => contains_eager(relationship),
    };
    constrained::<M, M, T>(load, step)
}

fn next<R: Model, M: Table, T: Table, K>(
    load: Load<R, M>,
    relationship: orm::Relationship<M, T, K>,
    step: &Step,
) -> Load<R, T> {
    let load = match step.strategy {
        Strategy::Selectin => load.selectinload(relationship),
        Strategy::Joined => load.joinedload(relationship),
        Strategy::Subquery => load.subqueryload(relationship),
        Strategy::Default => load.defaultload(relationship),
        Strategy::Lazy => load.lazyload(relationship),
        Strategy::Raise => load.raiseload(relationship),
        Strategy::Contained => load.contains_eager(relationship),
    };
    constrained::<R, M, T>(load, step)
}

pub(super) fn seen<T: Table>(object: &T) -> Seen {
    Seen { kind: T::KIND, id: object.id(), rank: object.own_rank(), note: object.own_note(), fields: object.fields() }
}

pub(super) fn seen_all<T: Table>(objects: &[T]) -> Vec<Seen> {
    objects.iter().map(seen).collect()
}

macro_rules! table {
    ($model:ident: key $key:expr, order $order:expr, related $related:expr; $($rel:ident $field:ident $target:ident),+) => {
        impl Table for $model {
            const KIND: Kind = Kind::$model;

            fn rank() -> Attribute<Self, i64> {
                $model.rank
            }
            fn note() -> Attribute<Self, i64> {
                $model.note
            }
            fn key_order(is_descending: bool) -> Vec<OrderItem> {
                $order(is_descending)
            }
            fn has_related(rank: i64) -> orm::Expr<bool> {
                $related(rank)
            }
            fn begin<Q: Clauses<Self>>(query: Q, path: &[Step]) -> Q {
                match path[0].rel {
                    $(Rel::$rel => $target::go_on(query, first($model.$field, &path[0]), &path[1..]),)+
                    other => unreachable!("{other:?} is of another model"),
                }
            }
            fn go_on<R: Model, Q: Clauses<R>>(query: Q, load: Load<R, Self>, path: &[Step]) -> Q {
                let Some(step) = path.first() else { return query.loading(load) };
                match step.rel {
                    $(Rel::$rel => $target::go_on(query, next(load, $model.$field, step), &path[1..]),)+
                    other => unreachable!("{other:?} is of another model"),
                }
            }
            fn join<Q: Clauses<Self>>(query: Q, rel: Rel, is_outer: bool, said: Option<Condition>) -> Q {
                match rel {
                    $(Rel::$rel => {
                        let query = query.joined($model.$field, is_outer);
                        match said {
                            Some(said) => query.filtered(condition::<$target>(said)),
                            None => query,
                        }
                    })+
                    other => unreachable!("{other:?} is of another model"),
                }
            }
            fn id(&self) -> i64 {
                $key(self)
            }
            fn own_rank(&self) -> i64 {
                self.rank
            }
            fn own_note(&self) -> Option<i64> {
                self.note.is_loaded().then(|| *self.note.get())
            }
            fn fields(&self) -> Vec<(Rel, Option<Vec<Seen>>)> {
                vec![$((Rel::$rel, self.$field.is_loaded().then(|| self.$field.list().into_iter().map(seen).collect()))),+]
            }
            fn fields_in(session: &Session, handle: Handle<Self>) -> Vec<(Rel, Option<Vec<Known>>)> {
                vec![$({
                    let is_loaded = session[handle].$field.is_loaded();
                    let handles = || session.handles(handle, $model.$field).into_iter().map(Known::$target).collect();
                    (Rel::$rel, is_loaded.then(handles))
                }),+]
            }
        }
    };
}

fn by<const N: usize>(columns: [OrderItem; N], is_descending: bool) -> Vec<OrderItem> {
    columns.into_iter().map(|item| if is_descending { item.desc() } else { item }).collect()
}

table! {
    Person: key |person: &Person| person.id, order |down| by([Person.id.asc()], down),
    related |rank| Person.books.any(Book.rank.ge(rank));
    Mentor mentor Person, Pupils pupils Person, Books books Book, Profile profile Profile, Home home Town
}
table! {
    Town: key |town: &Town| town.number * 2 + i64::from(town.country == "b"),
    order |down| by([Town.country.asc(), Town.number.asc()], down),
    related |rank| Town.people.any(Person.rank.ge(rank));
    People people Person
}
table! {
    Profile: key |profile: &Profile| profile.id, order |down| by([Profile.id.asc()], down),
    related |rank| Profile.person.has(Person.rank.ge(rank));
    Owner person Person
}
table! {
    Book: key |book: &Book| book.id, order |down| by([Book.id.asc()], down),
    related |rank| Book.tags.any(Tag.rank.ge(rank));
    Author author Person, Tags tags Tag
}
table! {
    Tag: key |tag: &Tag| tag.word[1..].parse().unwrap(), order |down| by([Tag.word.asc()], down),
    related |rank| Tag.books.any(Book.rank.ge(rank));
    Tagged books Book
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
