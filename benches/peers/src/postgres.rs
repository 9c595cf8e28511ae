//! PostgreSQL: everyone on one database, by loopback.

use orm::Engine;
use tokio_postgres::{Client, NoTls, Row, Statement};

use crate::data::{self, Work};
use crate::rounds::{Contender, Settings, contender};
use crate::server::{self, Server};
use crate::sqlx_peer::{Comment, Post, User, tree};
use crate::{diesel_async_peer, diesel_peer, ours, seaorm, sqlx_peer};

const TABLES: [&str; 5] = [
    "CREATE TABLE users (id SERIAL PRIMARY KEY, name VARCHAR NOT NULL, hair_color VARCHAR)",
    "CREATE TABLE posts (id SERIAL PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id), title VARCHAR NOT NULL, body TEXT)",
    "CREATE TABLE comments (id SERIAL PRIMARY KEY, post_id INTEGER NOT NULL REFERENCES posts (id), text TEXT NOT NULL)",
    "CREATE INDEX ON posts (user_id)",
    "CREATE INDEX ON comments (post_id)",
];

const NAMES: [&str; 7] = ["Diesel", "tokio-postgres", "orm select", "orm session", "diesel-async", "sqlx", "SeaORM"];

/// Runs the workloads.
pub fn run(settings: &Settings) {
    let server = Server {
        variable: "ORM_BENCH_POSTGRES",
        url: "postgresql://postgres@127.0.0.1:5432",
        administration: "postgres",
        drop: "DROP DATABASE IF EXISTS orm_bench WITH (FORCE)",
        tables: &TABLES,
        afterwards: &["ANALYZE"],
        names: &NAMES,
        contenders,
    };
    server::run(&server, settings);
}

fn contenders(url: &str, work: Work) -> Vec<Contender> {
    let engine = || Engine::new(url).expect("an engine");
    vec![
        diesel_peer::postgres(url, &[], work),
        raw(url, work),
        ours::select_road("orm select", ours::runtime(), engine(), work),
        ours::session_road("orm session", ours::runtime(), engine(), work),
        diesel_async_peer::postgres(url, work),
        sqlx_peer::postgres(url, &[], work),
        seaorm::peer(url, &[], work),
    ]
}

/// tokio-postgres with prepared statements.
fn raw(url: &str, work: Work) -> Contender {
    let runtime = ours::runtime();
    let (client, connection) = runtime.block_on(tokio_postgres::connect(url, NoTls)).expect("tokio-postgres connects");
    runtime.spawn(connection);
    let prepare = |sql: &str| -> Statement { runtime.block_on(client.prepare(sql)).expect("a statement") };
    let name = "tokio-postgres";
    match work {
        Work::Trivial => {
            let statement = prepare("SELECT id, name, hair_color FROM users");
            contender(name, move || runtime.block_on(users(&client, &statement)).len())
        }
        Work::Medium => {
            let statement = prepare(
                "SELECT users.id, users.name, users.hair_color, posts.id, posts.user_id, posts.title, posts.body \
                 FROM users LEFT JOIN posts ON users.id = posts.user_id WHERE users.hair_color = $1",
            );
            contender(name, move || {
                let rows = runtime.block_on(client.query(&statement, &[&"black"])).expect("rows");
                let both: Vec<(User, Option<Post>)> = rows
                    .iter()
                    .map(|row| {
                        let post = row.get::<_, Option<i32>>(3).map(|id| Post {
                            id,
                            user_id: row.get(4),
                            title: row.get(5),
                            body: row.get(6),
                        });
                        (user(row), post)
                    })
                    .collect();
                both.len()
            })
        }
        Work::Insert(size) => {
            let rows: Vec<String> = (0..size).map(|i| format!("(${}, ${})", 2 * i + 1, 2 * i + 2)).collect();
            let statement = prepare(&format!("INSERT INTO users (name, hair_color) VALUES {}", rows.join(", ")));
            contender(name, move || {
                let users: Vec<data::NewUser> = data::fresh(size).collect();
                let mut values: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> = Vec::with_capacity(2 * size);
                for user in &users {
                    values.push(&user.name);
                    values.push(&user.hair_color);
                }
                runtime.block_on(client.execute(&statement, &values)).expect("an insert");
                size
            })
        }
        Work::Associations => {
            let all = prepare("SELECT id, name, hair_color FROM users");
            let of_users = prepare("SELECT id, user_id, title, body FROM posts WHERE user_id = ANY($1)");
            let of_posts = prepare("SELECT id, post_id, text FROM comments WHERE post_id = ANY($1)");
            contender(name, move || {
                runtime.block_on(async {
                    let users = users(&client, &all).await;
                    let keys: Vec<i32> = users.iter().map(|user| user.id).collect();
                    let rows = client.query(&of_users, &[&keys]).await.expect("posts");
                    let post =
                        |row: &Row| Post { id: row.get(0), user_id: row.get(1), title: row.get(2), body: row.get(3) };
                    let posts: Vec<Post> = rows.iter().map(post).collect();
                    let keys: Vec<i32> = posts.iter().map(|post| post.id).collect();
                    let rows = client.query(&of_posts, &[&keys]).await.expect("comments");
                    let comment = |row: &Row| Comment { id: row.get(0), post_id: row.get(1), text: row.get(2) };
                    let comments: Vec<Comment> = rows.iter().map(comment).collect();
                    let tree = tree(users, posts, comments);
                    tree.iter().flat_map(|(_, posts)| posts).map(|(_, comments)| comments.len()).sum()
                })
            })
        }
        Work::Get(rows) => {
            let statement = prepare("SELECT id, name, hair_color FROM users WHERE id = $1");
            let mut key = 0;
            contender(name, move || {
                let id = data::next_key(&mut key, rows);
                let row = runtime.block_on(client.query_one(&statement, &[&id])).expect("the user");
                std::hint::black_box(user(&row));
                1
            })
        }
    }
}

fn user(row: &Row) -> User {
    User { id: row.get(0), name: row.get(1), hair_color: row.get(2) }
}

async fn users(client: &Client, statement: &Statement) -> Vec<User> {
    client.query(statement, &[]).await.expect("users").iter().map(user).collect()
}
