//! Diesel: its schema and structs, and one text for its three synchronous connections.

pub mod tables {
    diesel::table! {
        users (id) {
            id -> Integer,
            name -> Text,
            hair_color -> Nullable<Text>,
        }
    }

    diesel::table! {
        posts (id) {
            id -> Integer,
            user_id -> Integer,
            title -> Text,
            body -> Nullable<Text>,
        }
    }

    diesel::table! {
        comments (id) {
            id -> Integer,
            post_id -> Integer,
            text -> Text,
        }
    }

    diesel::table! {
        tags (id) {
            id -> Integer,
            name -> Text,
        }
    }

    diesel::table! {
        post_tags (post_id, tag_id) {
            post_id -> Integer,
            tag_id -> Integer,
        }
    }

    diesel::joinable!(posts -> users (user_id));
    diesel::joinable!(comments -> posts (post_id));
    diesel::joinable!(post_tags -> posts (post_id));
    diesel::joinable!(post_tags -> tags (tag_id));
    diesel::allow_tables_to_appear_in_same_query!(users, posts, comments, tags, post_tags);
}

use crate::runtime::{all_tasks, two_threads};
use diesel::connection::{DefaultLoadingMode, SimpleConnection};
use diesel::pg::PgRowByRowLoadingMode;
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, Pool};
use diesel::sql_types::BigInt;
use harness::answer::Row;
use harness::data::{self, CONNECTIONS, DIRTY, FILE_SETTINGS};
use harness::{Contender, Kind, Place, Work, reading, reading_in, writing};
use tables::{comments, post_tags, posts, tags, users};

#[derive(Queryable, Selectable, Identifiable, Debug)]
#[diesel(table_name = users)]
pub struct User {
    pub id: i32,
    pub name: String,
    pub hair_color: Option<String>,
}

#[derive(Queryable, Selectable, Identifiable, Associations, Debug)]
#[diesel(table_name = posts, belongs_to(User))]
pub struct Post {
    pub id: i32,
    pub user_id: i32,
    pub title: String,
    pub body: Option<String>,
}

#[derive(Queryable, Selectable, Identifiable, Associations, Debug)]
#[diesel(table_name = comments, belongs_to(Post))]
pub struct Comment {
    pub id: i32,
    pub post_id: i32,
    pub text: String,
}

#[derive(Queryable, Selectable, Identifiable, Debug)]
#[diesel(table_name = tags)]
pub struct Tag {
    pub id: i32,
    pub name: String,
}

#[derive(Queryable, Selectable, Identifiable, Associations, Debug)]
#[diesel(table_name = post_tags, primary_key(post_id, tag_id), belongs_to(Post), belongs_to(Tag))]
pub struct PostTag {
    pub post_id: i32,
    pub tag_id: i32,
}

// Without defaults of the database, as the Diesel project's suite has it: else SQLite gets a statement for each row.
#[derive(Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
pub struct NewUser {
    pub name: String,
    pub hair_color: Option<String>,
}

#[derive(Insertable)]
#[diesel(table_name = posts, treat_none_as_default_value = false)]
pub struct NewPost {
    pub user_id: i32,
    pub title: String,
}

#[derive(Insertable)]
#[diesel(table_name = comments, treat_none_as_default_value = false)]
pub struct NewComment {
    pub post_id: i32,
    pub text: String,
}

#[derive(QueryableByName)]
pub struct Count {
    #[diesel(sql_type = BigInt)]
    pub n: i64,
}

harness::rows_of!(User, Post, Comment, Tag);

/// Users with their posts with their comments.
pub type Tree = Vec<(User, Vec<(Post, Vec<Comment>)>)>;

pub fn new_users(size: usize) -> Vec<NewUser> {
    data::fresh(size).map(|user| NewUser { name: user.name, hair_color: user.hair_color }).collect()
}

pub fn new_posts(users: &[(i32, String)]) -> Vec<NewPost> {
    let posts = |(id, name): &(i32, String)| {
        let user_id = *id;
        data::titles(name).map(move |title| NewPost { user_id, title }).collect::<Vec<_>>()
    };
    users.iter().flat_map(posts).collect()
}

pub fn new_comments(posts: &[(i32, String)]) -> Vec<NewComment> {
    let comments = |(id, title): &(i32, String)| {
        let post_id = *id;
        data::texts(title).map(move |text| NewComment { post_id, text }).collect::<Vec<_>>()
    };
    posts.iter().flat_map(comments).collect()
}

/// The query of an audit, its one column named.
pub fn audit(sql: &str) -> String {
    format!("SELECT ({sql}) AS n")
}

/// Returns what Diesel's own C libraries want to be told: libpq would encrypt where the others do not.
pub fn address(place: &Place) -> String {
    match place.kind {
        Kind::Memory => ":memory:".into(),
        Kind::Postgres => format!("{}?sslmode=disable", place.url),
        Kind::File | Kind::Mysql => place.url.clone(),
    }
}

/// Makes the contender.
pub fn peer(name: &str, place: &Place, work: Work) -> Contender {
    match place.kind {
        Kind::Memory | Kind::File => sqlite::contender(name, place, work),
        Kind::Postgres => postgres::contender(name, place, work),
        Kind::Mysql => mysql::contender(name, place, work),
    }
}

#[derive(Debug)]
struct FileSettings;

impl<C: SimpleConnection> diesel::r2d2::CustomizeConnection<C, diesel::r2d2::Error> for FileSettings {
    fn on_acquire(&self, connection: &mut C) -> Result<(), diesel::r2d2::Error> {
        connection.batch_execute(&FILE_SETTINGS.join(";")).map_err(diesel::r2d2::Error::QueryError)
    }
}

/// Writes a module for a connection.
macro_rules! peer {
    ($module:ident, $connection:ty, $loading:ty, $insert_graph:ident) => {
        mod $module {
            use super::*;

            fn connect(place: &Place) -> $connection {
                let mut connection = <$connection>::establish(&address(place)).expect("Diesel connects");
                if place.kind == Kind::File {
                    connection.batch_execute(&FILE_SETTINGS.join(";")).expect("settings");
                }
                for statement in &place.fill {
                    connection.batch_execute(statement).expect("a statement of the bench");
                }
                connection
            }

            fn count(connection: &mut $connection, sql: &str) -> u64 {
                let count: Count = diesel::sql_query(audit(sql)).get_result(connection).expect("a count");
                count.n as u64
            }

            pub fn contender(name: &str, place: &Place, work: Work) -> Contender {
                if let Work::Tasks(rows) = work {
                    return tasks(name, place, rows);
                }
                let mut db = connect(place);
                let mut key = 0;
                match work {
                    Work::Trivial(_) => reading(name, move || -> Vec<User> {
                        users::table.select(User::as_select()).load(&mut db).expect("users")
                    }),
                    Work::Medium(_) => reading(name, move || {
                        let query = users::table
                            .left_join(posts::table)
                            .filter(users::hair_color.eq("black"))
                            .select((User::as_select(), Option::<Post>::as_select()));
                        let rows: Vec<(User, Option<Post>)> = query.load(&mut db).expect("rows");
                        rows
                    }),
                    Work::Get(rows) => reading(name, move || -> Option<User> {
                        let id = data::next_key(&mut key, rows);
                        Some(users::table.find(id).select(User::as_select()).first(&mut db).expect("the user"))
                    }),
                    Work::Associations(_) => reading(name, move || tree(&mut db).expect("users")),
                    Work::ManyToMany(_) => reading(name, move || tagged(&mut db).expect("posts")),
                    Work::Insert(size) => counted(name, db, work, move |db| {
                        diesel::insert_into(users::table).values(&new_users(size)).execute(db).map(|_| ())
                    }),
                    Work::Graph(size) => {
                        counted(name, db, work, move |db| db.transaction(|db| $insert_graph!(db, size)))
                    }
                    Work::Flush(rows) => {
                        let all: Vec<User> =
                            users::table.select(User::as_select()).order(users::id).load(&mut db).expect("users");
                        let (name_of, mut run) = (name.to_owned(), 0);
                        counted(name, db, work, move |db| {
                            run += 1;
                            update(db, all.iter().step_by(rows / DIRTY), &data::colour(&name_of, run))
                        })
                    }
                    Work::Cascade(rows) => writing(name, move |is_asked| {
                        let id = data::next_key(&mut key, rows);
                        let sql = is_asked.then(|| work.audit(""));
                        let mut gone = 0;
                        let _ = db.transaction(|db| -> QueryResult<()> {
                            let before = sql.as_ref().map_or(0, |sql| count(db, sql));
                            delete_user(db, id)?;
                            gone = before - sql.as_ref().map_or(0, |sql| count(db, sql));
                            Err(diesel::result::Error::RollbackTransaction)
                        });
                        gone
                    }),
                    Work::Stream(_) => reading(name, move || {
                        let query = users::table.select(User::as_select());
                        let rows = query.load_iter::<User, $loading>(&mut db).expect("rows");
                        rows.fold(0_u64, |sum, user| sum.wrapping_add(user.expect("a user").digest()))
                    }),
                    Work::Tasks(_) => unreachable!("they have a pool"),
                }
            }

            fn counted(
                name: &str,
                mut db: $connection,
                work: Work,
                mut write: impl FnMut(&mut $connection) -> QueryResult<()> + 'static,
            ) -> Contender {
                let sql = work.audit(name);
                writing(name, move |is_asked| {
                    let before = if is_asked { count(&mut db, &sql) } else { 0 };
                    write(&mut db).expect("the rows are written");
                    if is_asked { count(&mut db, &sql) - before } else { 0 }
                })
            }

            fn tree(db: &mut $connection) -> QueryResult<Tree> {
                let all: Vec<User> = users::table.select(User::as_select()).load(db)?;
                let posts: Vec<Post> = Post::belonging_to(&all).select(Post::as_select()).load(db)?;
                let comments: Vec<Comment> = Comment::belonging_to(&posts).select(Comment::as_select()).load(db)?;
                let comments = comments.grouped_by(&posts);
                let posts: Vec<Vec<(Post, Vec<Comment>)>> = posts.into_iter().zip(comments).grouped_by(&all);
                Ok(all.into_iter().zip(posts).collect())
            }

            fn tagged(db: &mut $connection) -> QueryResult<Vec<(Post, Vec<Tag>)>> {
                let all: Vec<Post> = posts::table.select(Post::as_select()).load(db)?;
                let links: Vec<(PostTag, Tag)> = PostTag::belonging_to(&all)
                    .inner_join(tags::table)
                    .select((PostTag::as_select(), Tag::as_select()))
                    .load(db)?;
                let tags = links.grouped_by(&all);
                let tags = tags.into_iter().map(|links| links.into_iter().map(|(_, tag)| tag).collect());
                Ok(all.into_iter().zip(tags).collect())
            }

            fn update<'a>(
                db: &mut $connection,
                dirty: impl Iterator<Item = &'a User>,
                colour: &str,
            ) -> QueryResult<()> {
                db.transaction(|db| {
                    for user in dirty {
                        diesel::update(user).set(users::hair_color.eq(colour)).execute(db)?;
                    }
                    Ok(())
                })
            }

            fn delete_user(db: &mut $connection, id: i32) -> QueryResult<()> {
                let of_user = posts::table.filter(posts::user_id.eq(id));
                diesel::delete(comments::table.filter(comments::post_id.eq_any(of_user.select(posts::id))))
                    .execute(db)?;
                diesel::delete(of_user).execute(db)?;
                diesel::delete(users::table.find(id)).execute(db)?;
                Ok(())
            }

            /// A pool of r2d2, from threads that may block.
            fn tasks(name: &str, place: &Place, rows: usize) -> Contender {
                let manager = ConnectionManager::<$connection>::new(address(place));
                let pool = Pool::builder().max_size(CONNECTIONS as u32).test_on_check_out(false);
                let pool =
                    if place.kind == Kind::File { pool.connection_customizer(Box::new(FileSettings)) } else { pool };
                let pool = pool.build(manager).expect("a pool");
                let runtime = two_threads();
                reading_in(name, runtime, async move || {
                    all_tasks(|task| {
                        let pool = pool.clone();
                        let get = move |id: i32| -> User {
                            let mut db = pool.get().expect("a connection");
                            users::table.find(id).select(User::as_select()).first(&mut db).expect("the user")
                        };
                        let all = move || data::keys_of_task(task, rows).map(get).collect();
                        async move { tokio::task::spawn_blocking(all).await.expect("a thread") }
                    })
                    .await
                })
            }
        }
    };
}

/// Three statements of many rows, whose keys come back with their rows.
macro_rules! returning {
    ($db:expr, $size:expr) => {{
        let users: Vec<(i32, String)> = diesel::insert_into(users::table)
            .values(&new_users($size))
            .returning((users::id, users::name))
            .get_results($db)?;
        let posts: Vec<(i32, String)> = diesel::insert_into(posts::table)
            .values(&new_posts(&users))
            .returning((posts::id, posts::title))
            .get_results($db)?;
        diesel::insert_into(comments::table).values(&new_comments(&posts)).execute($db)?;
        QueryResult::Ok(())
    }};
}

diesel::define_sql_function! {
    /// The key of the last row inserted on this connection.
    fn last_insert_id() -> diesel::sql_types::Integer;
}

/// Diesel has no RETURNING on MySQL: one row at a time, and its key is asked for.
macro_rules! last_key {
    ($db:expr, $size:expr) => {{
        let mut written = Vec::new();
        for user in new_users($size) {
            diesel::insert_into(users::table).values(&user).execute($db)?;
            let id: i32 = diesel::select(last_insert_id()).get_result($db)?;
            for post in new_posts(&[(id, user.name)]) {
                diesel::insert_into(posts::table).values(&post).execute($db)?;
                let id: i32 = diesel::select(last_insert_id()).get_result($db)?;
                written.push((id, post.title));
            }
        }
        diesel::insert_into(comments::table).values(&new_comments(&written)).execute($db)?;
        QueryResult::Ok(())
    }};
}

peer!(sqlite, diesel::SqliteConnection, DefaultLoadingMode, returning);
peer!(postgres, diesel::PgConnection, PgRowByRowLoadingMode, returning);
peer!(mysql, diesel::MysqlConnection, DefaultLoadingMode, last_key);
