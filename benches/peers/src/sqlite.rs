//! SQLite: each contender has an in-memory database and one connection of its own.

use orm::{Engine, PoolClass};
use rusqlite::Connection;

use crate::data::{self, INSERTS, SIZES, Work};
use crate::rounds::{Contender, Settings, compare, contender, head};
use crate::sqlx_peer::{Comment, Post, User, tree};
use crate::{diesel_peer, ours, seaorm, sqlx_peer};

const TABLES: [&str; 3] = [
    "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name VARCHAR NOT NULL, hair_color VARCHAR)",
    "CREATE TABLE posts (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, user_id INTEGER NOT NULL, title VARCHAR NOT NULL, body TEXT)",
    "CREATE TABLE comments (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, post_id INTEGER NOT NULL, text TEXT NOT NULL)",
];

const NAMES: [&str; 6] = ["Diesel", "rusqlite", "orm select", "orm session", "sqlx", "SeaORM"];

/// Runs the workloads.
pub fn run(settings: &Settings) {
    let works: [(&str, &[usize], fn(usize) -> Work); 5] = [
        ("trivial", &SIZES, |_| Work::Trivial),
        ("medium", &SIZES, |_| Work::Medium),
        ("insert", &INSERTS, Work::Insert),
        ("associations", &[9], |_| Work::Associations),
        ("get", &[1000], |rows| Work::Get(rows as i32)),
    ];
    for (title, sizes, work) in works {
        if settings.only.as_ref().is_some_and(|only| !title.contains(only.as_str())) {
            continue;
        }
        head(title, &NAMES);
        for &size in sizes {
            compare(settings, &size.to_string(), &NAMES, contenders(work(size), size));
        }
    }
}

fn contenders(work: Work, size: usize) -> Vec<Contender> {
    let fill: Vec<String> = TABLES.iter().map(ToString::to_string).chain(work.fill(size)).collect();
    vec![
        diesel_peer::sqlite(":memory:", &fill, work),
        raw(&fill, work),
        ours(&fill, |runtime, engine| ours::select_road("orm select", runtime, engine, work)),
        ours(&fill, |runtime, engine| ours::session_road("orm session", runtime, engine, work)),
        sqlx_peer::sqlite("sqlite::memory:", &fill, work),
        seaorm::peer("sqlite::memory:", &fill, work),
    ]
}

/// The literal single connection, which is what the peers use.
fn ours(fill: &[String], road: impl FnOnce(tokio::runtime::Runtime, Engine) -> Contender) -> Contender {
    let runtime = ours::runtime();
    let engine = Engine::builder("sqlite::memory:").pool_class(PoolClass::Static).build().expect("an engine");
    ours::execute(&runtime, &engine, fill);
    road(runtime, engine)
}

/// rusqlite with cached statements: the floor.
fn raw(fill: &[String], work: Work) -> Contender {
    let connection = Connection::open_in_memory().expect("rusqlite opens");
    for statement in fill {
        connection.execute_batch(statement).expect("a statement of the bench");
    }
    let name = "rusqlite";
    match work {
        Work::Trivial => contender(name, move || users(&connection).len()),
        Work::Medium => contender(name, move || {
            let sql = "SELECT users.id, users.name, users.hair_color, posts.id, posts.user_id, posts.title, posts.body \
                       FROM users LEFT JOIN posts ON users.id = posts.user_id WHERE users.hair_color = ?";
            let mut statement = connection.prepare_cached(sql).expect("a statement");
            let rows = statement.query_map(["black"], |row| {
                let user = User { id: row.get(0)?, name: row.get(1)?, hair_color: row.get(2)? };
                let post = match row.get::<_, Option<i32>>(3)? {
                    Some(id) => Some(Post { id, user_id: row.get(4)?, title: row.get(5)?, body: row.get(6)? }),
                    None => None,
                };
                Ok((user, post))
            });
            let both: Vec<(User, Option<Post>)> = rows.expect("rows").map(|row| row.expect("a row")).collect();
            both.len()
        }),
        Work::Insert(size) => {
            let sql = format!("INSERT INTO users (name, hair_color) VALUES {}", vec!["(?, ?)"; size].join(", "));
            contender(name, move || {
                let users: Vec<data::NewUser> = data::fresh(size).collect();
                let mut statement = connection.prepare_cached(&sql).expect("a statement");
                for (i, user) in users.iter().enumerate() {
                    statement.raw_bind_parameter(2 * i + 1, &user.name).expect("a value");
                    statement.raw_bind_parameter(2 * i + 2, &user.hair_color).expect("a value");
                }
                statement.raw_execute().expect("an insert");
                size
            })
        }
        Work::Associations => contender(name, move || {
            let users = users(&connection);
            let sql = format!(
                "SELECT id, user_id, title, body FROM posts WHERE user_id IN ({})",
                vec!["?"; users.len()].join(", ")
            );
            let mut statement = connection.prepare_cached(&sql).expect("a statement");
            let keys = rusqlite::params_from_iter(users.iter().map(|user| user.id));
            let posts: Vec<Post> = statement
                .query_map(keys, |row| {
                    Ok(Post { id: row.get(0)?, user_id: row.get(1)?, title: row.get(2)?, body: row.get(3)? })
                })
                .expect("posts")
                .map(|post| post.expect("a post"))
                .collect();
            let sql = format!(
                "SELECT id, post_id, text FROM comments WHERE post_id IN ({})",
                vec!["?"; posts.len()].join(", ")
            );
            let mut statement = connection.prepare_cached(&sql).expect("a statement");
            let keys = rusqlite::params_from_iter(posts.iter().map(|post| post.id));
            let comments: Vec<Comment> = statement
                .query_map(keys, |row| Ok(Comment { id: row.get(0)?, post_id: row.get(1)?, text: row.get(2)? }))
                .expect("comments")
                .map(|comment| comment.expect("a comment"))
                .collect();
            tree(users, posts, comments).iter().flat_map(|(_, posts)| posts).map(|(_, comments)| comments.len()).sum()
        }),
        Work::Get(rows) => {
            let mut key = 0;
            contender(name, move || {
                let id = data::next_key(&mut key, rows);
                let mut statement = connection
                    .prepare_cached("SELECT id, name, hair_color FROM users WHERE id = ?")
                    .expect("a statement");
                statement.query_row([id], user).expect("the user");
                1
            })
        }
    }
}

fn user(row: &rusqlite::Row<'_>) -> rusqlite::Result<User> {
    Ok(User { id: row.get(0)?, name: row.get(1)?, hair_color: row.get(2)? })
}

fn users(connection: &Connection) -> Vec<User> {
    let mut statement = connection.prepare_cached("SELECT id, name, hair_color FROM users").expect("a statement");
    statement.query_map([], user).expect("users").map(|user| user.expect("a user")).collect()
}
