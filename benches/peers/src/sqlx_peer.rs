//! Plain sqlx: one text for its three connections, placeholders apart.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::TryStreamExt;
use harness::answer::Row;
use harness::data::{self, CONNECTIONS, DIRTY, FILE_SETTINGS};
use harness::{Contender, Kind, Place, Work, reading_in, writing_in};
use sqlx::{AssertSqlSafe, Connection, QueryBuilder};

use crate::runtime::{all_tasks, one_thread, two_threads};

#[derive(sqlx::FromRow)]
pub struct User {
    pub id: i32,
    pub name: String,
    pub hair_color: Option<String>,
}

#[derive(sqlx::FromRow)]
pub struct Post {
    pub id: i32,
    pub user_id: i32,
    pub title: String,
    pub body: Option<String>,
}

#[derive(sqlx::FromRow)]
pub struct Comment {
    pub id: i32,
    pub post_id: i32,
    pub text: String,
}

#[derive(sqlx::FromRow)]
pub struct Tag {
    pub id: i32,
    pub name: String,
}

harness::rows_of!(User, Post, Comment, Tag);

/// A user with a post that may be missing, column by column.
#[derive(sqlx::FromRow)]
struct Both {
    id: i32,
    name: String,
    hair_color: Option<String>,
    post_id: Option<i32>,
    user_id: Option<i32>,
    title: Option<String>,
    body: Option<String>,
}

const ALL: &str = "SELECT id, name, hair_color FROM users";
const POSTS: &str = "SELECT id, user_id, title, body FROM posts";
const MEDIUM: &str = "SELECT users.id, users.name, users.hair_color, posts.id AS post_id, posts.user_id, posts.title, posts.body \
                      FROM users LEFT JOIN posts ON users.id = posts.user_id WHERE users.hair_color = ";

/// Returns the SQLs of a delete with what hangs on it.
fn deletes(mark: &str) -> [String; 3] {
    [
        format!("DELETE FROM comments WHERE post_id IN (SELECT id FROM posts WHERE user_id = {mark})"),
        format!("DELETE FROM posts WHERE user_id = {mark}"),
        format!("DELETE FROM users WHERE id = {mark}"),
    ]
}

fn list(is_numbered: bool, count: usize) -> String {
    let one = |i: usize| if is_numbered { format!("${}", i + 1) } else { "?".to_owned() };
    (0..count).map(one).collect::<Vec<_>>().join(", ")
}

/// Makes the contender.
pub fn peer(name: &str, place: &Place, work: Work) -> Contender {
    match place.kind {
        Kind::Memory | Kind::File => sqlite::contender(name, place, work),
        Kind::Postgres => postgres::contender(name, place, work),
        Kind::Mysql => mysql::contender(name, place, work),
    }
}

fn address(place: &Place) -> String {
    match place.kind {
        Kind::Memory => "sqlite::memory:".into(),
        Kind::File => format!("sqlite://{}", place.url),
        Kind::Postgres | Kind::Mysql => place.url.clone(),
    }
}

/// Writes a module for a database.
macro_rules! peer {
    ($module:ident, $database:ty, $connection:ty, $numbered:expr) => {
        mod $module {
            use super::*;

            async fn connect(place: &Place) -> $connection {
                let mut db = <$connection>::connect(&address(place)).await.expect("sqlx connects");
                let settings = FILE_SETTINGS.iter().filter(|_| place.kind == Kind::File).map(ToString::to_string);
                for statement in settings.chain(place.fill.iter().cloned()) {
                    let statement = AssertSqlSafe(statement);
                    sqlx::raw_sql(statement).execute(&mut db).await.expect("a statement of the bench");
                }
                db
            }

            async fn count(db: &mut $connection, sql: &str) -> u64 {
                let counted: i64 =
                    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(db).await.expect("a count");
                counted as u64
            }

            pub fn contender(name: &str, place: &Place, work: Work) -> Contender {
                if let Work::Tasks(rows) = work {
                    return tasks(name, place, rows);
                }
                let runtime = one_thread();
                let mut db = runtime.block_on(connect(place));
                let mut key = 0;
                let first = list($numbered, 1);
                match work {
                    Work::Trivial(_) => reading_in(name, runtime, async move || {
                        sqlx::query_as::<_, User>(ALL).fetch_all(&mut db).await.expect("users")
                    }),
                    Work::Medium(_) => {
                        let sql: Arc<str> = format!("{MEDIUM}{first}").into();
                        reading_in(name, runtime, async move || {
                            let query = sqlx::query_as::<_, Both>(AssertSqlSafe(sql.clone())).bind("black");
                            let rows = query.fetch_all(&mut db).await.expect("rows");
                            rows.into_iter().map(split).collect::<Vec<_>>()
                        })
                    }
                    Work::Get(rows) => {
                        let sql: Arc<str> = format!("{ALL} WHERE id = {first}").into();
                        reading_in(name, runtime, async move || {
                            let id = data::next_key(&mut key, rows);
                            let query = sqlx::query_as::<_, User>(AssertSqlSafe(sql.clone())).bind(id);
                            Some(query.fetch_one(&mut db).await.expect("the user"))
                        })
                    }
                    Work::Associations(_) => reading_in(name, runtime, async move || tree_of(&mut db).await.expect("users")),
                    Work::ManyToMany(_) => reading_in(name, runtime, async move || tagged(&mut db).await.expect("posts")),
                    Work::Cascade(rows) => writing_in(name, runtime, async move |is_asked| {
                        let id = data::next_key(&mut key, rows);
                        let sql = is_asked.then(|| work.audit(""));
                        delete_and_roll_back(&mut db, id, sql).await.expect("a delete")
                    }),
                    Work::Stream(_) => reading_in(name, runtime, async move || {
                        let rows = sqlx::query_as::<_, User>(ALL).fetch(&mut db);
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

            async fn write(db: &mut $connection, work: Work, colour: &str) -> sqlx::Result<()> {
                match work {
                    Work::Insert(size) => {
                        let mut insert = QueryBuilder::<$database>::new("INSERT INTO users (name, hair_color) ");
                        insert.push_values(data::fresh(size), |mut row, user| {
                            row.push_bind(user.name).push_bind(user.hair_color);
                        });
                        insert.build().execute(db).await.map(|_| ())
                    }
                    Work::Graph(size) => insert_graph(db, size).await,
                    Work::Flush(rows) => {
                        let both: Vec<String> = list($numbered, 2).split(", ").map(str::to_owned).collect();
                        let sql: Arc<str> =
                            format!("UPDATE users SET hair_color = {} WHERE id = {}", both[0], both[1]).into();
                        let mut transaction = db.begin().await?;
                        for id in (1_i32..).step_by(rows / DIRTY).take(DIRTY) {
                            let update = sqlx::query(AssertSqlSafe(sql.clone())).bind(colour).bind(id);
                            update.execute(&mut *transaction).await?;
                        }
                        transaction.commit().await
                    }
                    work => unreachable!("{work:?} reads"),
                }
            }

            async fn insert_graph(db: &mut $connection, size: usize) -> sqlx::Result<()> {
                let mut transaction = db.begin().await?;
                let mut insert = QueryBuilder::<$database>::new("INSERT INTO users (name, hair_color) ");
                insert.push_values(data::fresh(size), |mut row, user| {
                    row.push_bind(user.name).push_bind(user.hair_color);
                });
                insert.push(" RETURNING id, name");
                let users: Vec<(i32, String)> = insert.build_query_as().fetch_all(&mut *transaction).await?;
                let titles = users.iter().flat_map(|(id, name)| data::titles(name).map(move |title| (*id, title)));
                let mut insert = QueryBuilder::<$database>::new("INSERT INTO posts (user_id, title) ");
                insert.push_values(titles, |mut row, (id, title)| {
                    row.push_bind(id).push_bind(title);
                });
                insert.push(" RETURNING id, title");
                let posts: Vec<(i32, String)> = insert.build_query_as().fetch_all(&mut *transaction).await?;
                let texts = posts.iter().flat_map(|(id, title)| data::texts(title).map(move |text| (*id, text)));
                let mut insert = QueryBuilder::<$database>::new("INSERT INTO comments (post_id, text) ");
                insert.push_values(texts, |mut row, (id, text)| {
                    row.push_bind(id).push_bind(text);
                });
                insert.build().execute(&mut *transaction).await?;
                transaction.commit().await
            }

            async fn tree_of(db: &mut $connection) -> sqlx::Result<Vec<(User, Vec<(Post, Vec<Comment>)>)>> {
                let users = sqlx::query_as::<_, User>(ALL).fetch_all(&mut *db).await?;
                let sql = format!("{POSTS} WHERE user_id IN ({})", list($numbered, users.len()));
                let mut query = sqlx::query_as::<_, Post>(AssertSqlSafe(sql));
                for user in &users {
                    query = query.bind(user.id);
                }
                let posts = query.fetch_all(&mut *db).await?;
                let marks = list($numbered, posts.len());
                let sql = format!("SELECT id, post_id, text FROM comments WHERE post_id IN ({marks})");
                let mut query = sqlx::query_as::<_, Comment>(AssertSqlSafe(sql));
                for post in &posts {
                    query = query.bind(post.id);
                }
                let comments = query.fetch_all(&mut *db).await?;
                Ok(tree(users, posts, comments))
            }

            async fn tagged(db: &mut $connection) -> sqlx::Result<Vec<(Post, Vec<Tag>)>> {
                let posts = sqlx::query_as::<_, Post>(POSTS).fetch_all(&mut *db).await?;
                let marks = list($numbered, posts.len());
                let sql = format!(
                    "SELECT post_id, tags.id, tags.name FROM post_tags JOIN tags ON tags.id = tag_id WHERE post_id IN ({marks})"
                );
                let mut query = sqlx::query_as::<_, (i32, i32, String)>(AssertSqlSafe(sql));
                for post in &posts {
                    query = query.bind(post.id);
                }
                let links = query.fetch_all(&mut *db).await?;
                Ok(with_tags(posts, links))
            }

            async fn delete_and_roll_back(db: &mut $connection, id: i32, sql: Option<String>) -> sqlx::Result<u64> {
                let mut transaction = db.begin().await?;
                let before = if let Some(sql) = &sql { count(&mut transaction, sql).await } else { 0 };
                for delete in deletes(if $numbered { "$1" } else { "?" }) {
                    sqlx::query(AssertSqlSafe(delete)).bind(id).execute(&mut *transaction).await?;
                }
                let after = if let Some(sql) = &sql { count(&mut transaction, sql).await } else { 0 };
                transaction.rollback().await?;
                Ok(before - after)
            }

            fn tasks(name: &str, place: &Place, rows: usize) -> Contender {
                let runtime = two_threads();
                let is_file = place.kind == Kind::File;
                let pool = sqlx::pool::PoolOptions::<$database>::new()
                    .max_connections(CONNECTIONS as u32)
                    .test_before_acquire(false)
                    .after_connect(move |db, _| {
                        Box::pin(async move {
                            for setting in FILE_SETTINGS.iter().filter(|_| is_file) {
                                sqlx::raw_sql(*setting).execute(&mut *db).await?;
                            }
                            Ok(())
                        })
                    });
                let pool = runtime.block_on(pool.connect(&address(place))).expect("a pool");
                let sql: Arc<str> = format!("{ALL} WHERE id = {}", list($numbered, 1)).into();
                reading_in(name, runtime, async move || {
                    all_tasks(|task| {
                            let (pool, sql) = (pool.clone(), sql.clone());
                            async move {
                                let mut users = Vec::new();
                                for id in data::keys_of_task(task, rows) {
                                    let query = sqlx::query_as::<_, User>(AssertSqlSafe(sql.clone())).bind(id);
                                    users.push(query.fetch_one(&pool).await.expect("the user"));
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

peer!(sqlite, sqlx::Sqlite, sqlx::SqliteConnection, false);
peer!(postgres, sqlx::Postgres, sqlx::PgConnection, true);
peer!(mysql, sqlx::MySql, sqlx::MySqlConnection, false);

fn split(row: Both) -> (User, Option<Post>) {
    let user = User { id: row.id, name: row.name, hair_color: row.hair_color };
    let post = match (row.post_id, row.user_id, row.title) {
        (Some(id), Some(user_id), Some(title)) => Some(Post { id, user_id, title, body: row.body }),
        _ => None,
    };
    (user, post)
}

/// Groups what was loaded, as one writes it by hand.
pub fn tree(users: Vec<User>, posts: Vec<Post>, comments: Vec<Comment>) -> Vec<(User, Vec<(Post, Vec<Comment>)>)> {
    let mut of_post: HashMap<i32, Vec<Comment>> = HashMap::new();
    for comment in comments {
        of_post.entry(comment.post_id).or_default().push(comment);
    }
    let mut of_user: HashMap<i32, Vec<(Post, Vec<Comment>)>> = HashMap::new();
    for post in posts {
        let comments = of_post.remove(&post.id).unwrap_or_default();
        of_user.entry(post.user_id).or_default().push((post, comments));
    }
    users
        .into_iter()
        .map(|user| {
            let posts = of_user.remove(&user.id).unwrap_or_default();
            (user, posts)
        })
        .collect()
}

/// Gives posts their tags, each as a value of its own.
pub fn with_tags(posts: Vec<Post>, links: Vec<(i32, i32, String)>) -> Vec<(Post, Vec<Tag>)> {
    let mut of_post: HashMap<i32, Vec<Tag>> = HashMap::new();
    for (post_id, id, name) in links {
        of_post.entry(post_id).or_default().push(Tag { id, name });
    }
    posts
        .into_iter()
        .map(|post| {
            let tags = of_post.remove(&post.id).unwrap_or_default();
            (post, tags)
        })
        .collect()
}
