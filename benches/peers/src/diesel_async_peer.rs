//! diesel-async, on a runtime of one thread. Its queries have the names of Diesel's, so the traits are imported apart.

use diesel::{BelongingToDsl, ExpressionMethods, GroupedBy, QueryDsl, QueryResult, SelectableHelper};
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::bb8::Pool;
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::TryStreamExt;
use harness::answer::Row;
use harness::data::{self, CONNECTIONS, DIRTY, FILE_SETTINGS};
use harness::{Contender, Kind, Place, Work, reading_in, writing_in};

use crate::diesel_peer::tables::{comments, posts, tags, users};
use crate::diesel_peer::{
    Comment, Count, Post, PostTag, Tag, Tree, User, audit, last_insert_id, new_comments, new_posts, new_users,
};
use crate::runtime::{all_tasks, one_thread, two_threads};

/// Makes the contender; on a file one connection cannot be set up in the pool, so that the tasks are missing there.
pub fn peer(name: &str, place: &Place, work: Work) -> Option<Contender> {
    match (place.kind, work) {
        (Kind::File, Work::Tasks(_)) => None,
        (Kind::Memory | Kind::File, _) => Some(sqlite::contender(name, place, work)),
        (Kind::Postgres, _) => Some(postgres::contender(name, place, work)),
        (Kind::Mysql, _) => Some(mysql::contender(name, place, work)),
    }
}

/// PostgreSQL is asked through tokio-postgres, which encrypts nothing by itself; MariaDB through mysql_async, which would leave
/// the loopback for a socket of the file system where the others do not.
fn address(place: &Place) -> String {
    match place.kind {
        Kind::Memory => ":memory:".into(),
        Kind::Mysql => format!("{}?prefer_socket=false", place.url),
        Kind::File | Kind::Postgres => place.url.clone(),
    }
}

/// Writes a module for a connection.
macro_rules! peer {
    ($module:ident, $connection:ty, $insert:ident, $insert_graph:ident) => {
        mod $module {
            use super::*;

            async fn connect(place: &Place) -> $connection {
                let mut connection = <$connection>::establish(&address(place)).await.expect("diesel-async connects");
                if place.kind == Kind::File {
                    connection.batch_execute(&FILE_SETTINGS.join(";")).await.expect("settings");
                }
                for statement in &place.fill {
                    connection.batch_execute(statement).await.expect("a statement of the bench");
                }
                connection
            }

            async fn count(connection: &mut $connection, sql: &str) -> u64 {
                let count: Count = diesel::sql_query(audit(sql)).get_result(connection).await.expect("a count");
                count.n as u64
            }

            pub fn contender(name: &str, place: &Place, work: Work) -> Contender {
                if let Work::Tasks(rows) = work {
                    return tasks(name, place, rows);
                }
                let runtime = one_thread();
                let mut db = runtime.block_on(connect(place));
                let mut key = 0;
                match work {
                    Work::Trivial(_) => reading_in(name, runtime, async move || -> Vec<User> {
                        users::table.select(User::as_select()).load(&mut db).await.expect("users")
                    }),
                    Work::Medium(_) => reading_in(name, runtime, async move || {
                        let query = users::table
                            .left_join(posts::table)
                            .filter(users::hair_color.eq("black"))
                            .select((User::as_select(), Option::<Post>::as_select()));
                        let rows: Vec<(User, Option<Post>)> = query.load(&mut db).await.expect("rows");
                        rows
                    }),
                    Work::Get(rows) => reading_in(name, runtime, async move || -> Option<User> {
                        let query = users::table.find(data::next_key(&mut key, rows)).select(User::as_select());
                        Some(query.first(&mut db).await.expect("the user"))
                    }),
                    Work::Associations(_) => {
                        reading_in(name, runtime, async move || tree(&mut db).await.expect("users"))
                    }
                    Work::ManyToMany(_) => {
                        reading_in(name, runtime, async move || tagged(&mut db).await.expect("posts"))
                    }
                    Work::Cascade(rows) => writing_in(name, runtime, async move |is_asked| {
                        let id = data::next_key(&mut key, rows);
                        let sql = is_asked.then(|| work.audit(""));
                        delete_and_roll_back(&mut db, id, sql).await
                    }),
                    Work::Stream(_) => reading_in(name, runtime, async move || {
                        let query = users::table.select(User::as_select());
                        let rows = query.load_stream::<User>(&mut db).await.expect("rows");
                        let sum = |sum: u64, user: User| async move { Ok(sum.wrapping_add(user.digest())) };
                        rows.try_fold(0_u64, sum).await.expect("a user")
                    }),
                    _ => writer(name, runtime, db, work),
                }
            }

            fn writer(name: &str, runtime: tokio::runtime::Runtime, mut db: $connection, work: Work) -> Contender {
                let (sql, name_of, mut run) = (work.audit(name), name.to_owned(), 0);
                writing_in(name, runtime, async move |is_asked| {
                    run += 1;
                    let before = if is_asked { count(&mut db, &sql).await } else { 0 };
                    write(&mut db, work, &data::colour(&name_of, run)).await.expect("the rows are written");
                    if is_asked { count(&mut db, &sql).await - before } else { 0 }
                })
            }

            async fn write(db: &mut $connection, work: Work, colour: &str) -> QueryResult<()> {
                match work {
                    Work::Insert(size) => $insert!(db, size),
                    Work::Graph(size) => db.transaction(async |db| $insert_graph!(db, size)).await,
                    Work::Flush(rows) => {
                        db.transaction(async |db| -> QueryResult<()> {
                            for id in (1..).step_by(rows / DIRTY).take(DIRTY) {
                                let user = diesel::update(users::table.find(id));
                                user.set(users::hair_color.eq(colour)).execute(db).await?;
                            }
                            Ok(())
                        })
                        .await
                    }
                    work => unreachable!("{work:?} reads"),
                }
            }

            async fn tree(db: &mut $connection) -> QueryResult<Tree> {
                let all: Vec<User> = users::table.select(User::as_select()).load(db).await?;
                let posts: Vec<Post> = Post::belonging_to(&all).select(Post::as_select()).load(db).await?;
                let comments = Comment::belonging_to(&posts).select(Comment::as_select());
                let comments: Vec<Comment> = comments.load(db).await?;
                let comments = comments.grouped_by(&posts);
                let posts: Vec<Vec<(Post, Vec<Comment>)>> = posts.into_iter().zip(comments).grouped_by(&all);
                Ok(all.into_iter().zip(posts).collect())
            }

            async fn tagged(db: &mut $connection) -> QueryResult<Vec<(Post, Vec<Tag>)>> {
                let all: Vec<Post> = posts::table.select(Post::as_select()).load(db).await?;
                let links: Vec<(PostTag, Tag)> = PostTag::belonging_to(&all)
                    .inner_join(tags::table)
                    .select((PostTag::as_select(), Tag::as_select()))
                    .load(db)
                    .await?;
                let tags = links.grouped_by(&all);
                let tags = tags.into_iter().map(|links| links.into_iter().map(|(_, tag)| tag).collect());
                Ok(all.into_iter().zip(tags).collect())
            }

            async fn delete_and_roll_back(db: &mut $connection, id: i32, sql: Option<String>) -> u64 {
                let mut gone = 0;
                let _ = db
                    .transaction(async |db| -> QueryResult<()> {
                        let before = if let Some(sql) = &sql { count(db, sql).await } else { 0 };
                        let of_user = posts::table.filter(posts::user_id.eq(id));
                        let of_posts = comments::post_id.eq_any(of_user.select(posts::id));
                        diesel::delete(comments::table.filter(of_posts)).execute(db).await?;
                        diesel::delete(of_user).execute(db).await?;
                        diesel::delete(users::table.find(id)).execute(db).await?;
                        gone = before - if let Some(sql) = &sql { count(db, sql).await } else { 0 };
                        Err(diesel::result::Error::RollbackTransaction)
                    })
                    .await;
                gone
            }

            fn tasks(name: &str, place: &Place, rows: usize) -> Contender {
                let runtime = two_threads();
                let manager = AsyncDieselConnectionManager::<$connection>::new(address(place));
                let pool = Pool::builder().max_size(CONNECTIONS as u32).test_on_check_out(false).build(manager);
                let pool = runtime.block_on(pool).expect("a pool");
                reading_in(name, runtime, async move || {
                    all_tasks(|task| {
                        let pool = pool.clone();
                        async move {
                            let mut users: Vec<User> = Vec::new();
                            for id in data::keys_of_task(task, rows) {
                                let mut db = pool.get().await.expect("a connection");
                                let query = users::table.find(id).select(User::as_select());
                                users.push(query.first(&mut *db).await.expect("the user"));
                            }
                            users
                        }
                    })
                    .await
                })
            }
        }
    };
}

/// One statement of many rows.
macro_rules! at_once {
    ($db:expr, $size:expr) => {
        diesel::insert_into(users::table).values(&new_users($size)).execute($db).await.map(|_| ())
    };
}

/// Diesel's inserts of many rows on SQLite are a matter of its synchronous connection: here each row is a statement.
macro_rules! one_by_one {
    ($db:expr, $size:expr) => {
        $db.transaction(async |db| -> QueryResult<()> {
            for user in &new_users($size) {
                diesel::insert_into(users::table).values(user).execute(db).await?;
            }
            Ok(())
        })
        .await
    };
}

/// The same for a graph; the keys come back.
macro_rules! returning_one_by_one {
    ($db:expr, $size:expr) => {{
        for user in new_users($size) {
            let written = diesel::insert_into(users::table).values(&user).returning(users::id);
            let id: i32 = written.get_result($db).await?;
            for post in new_posts(&[(id, user.name)]) {
                let written = diesel::insert_into(posts::table).values(&post).returning(posts::id);
                let id: i32 = written.get_result($db).await?;
                for comment in &new_comments(&[(id, post.title)]) {
                    diesel::insert_into(comments::table).values(comment).execute($db).await?;
                }
            }
        }
        QueryResult::Ok(())
    }};
}

/// Three statements of many rows, whose keys come back with their rows.
macro_rules! returning {
    ($db:expr, $size:expr) => {{
        let users: Vec<(i32, String)> = diesel::insert_into(users::table)
            .values(&new_users($size))
            .returning((users::id, users::name))
            .get_results($db)
            .await?;
        let posts: Vec<(i32, String)> = diesel::insert_into(posts::table)
            .values(&new_posts(&users))
            .returning((posts::id, posts::title))
            .get_results($db)
            .await?;
        diesel::insert_into(comments::table).values(&new_comments(&posts)).execute($db).await?;
        QueryResult::Ok(())
    }};
}

/// Diesel has no RETURNING on MySQL: one row at a time, and its key is asked for.
macro_rules! last_key {
    ($db:expr, $size:expr) => {{
        let mut written = Vec::new();
        for user in new_users($size) {
            diesel::insert_into(users::table).values(&user).execute($db).await?;
            let id: i32 = diesel::select(last_insert_id()).get_result($db).await?;
            for post in new_posts(&[(id, user.name)]) {
                diesel::insert_into(posts::table).values(&post).execute($db).await?;
                let id: i32 = diesel::select(last_insert_id()).get_result($db).await?;
                written.push((id, post.title));
            }
        }
        diesel::insert_into(comments::table).values(&new_comments(&written)).execute($db).await?;
        QueryResult::Ok(())
    }};
}

peer!(sqlite, SyncConnectionWrapper<diesel::SqliteConnection>, one_by_one, returning_one_by_one);
peer!(postgres, diesel_async::AsyncPgConnection, at_once, returning);
peer!(mysql, diesel_async::AsyncMysqlConnection, at_once, last_key);
