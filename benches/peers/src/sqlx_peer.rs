//! Plain sqlx: one text for its three connections, placeholders apart.

#![expect(dead_code, reason = "rows are read whole, and nobody asks for every column")]

use std::collections::HashMap;

use sqlx::{AssertSqlSafe, Connection};

use crate::data::{self, Work};
use crate::ours::runtime;
use crate::rounds::contender;

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

const MEDIUM: &str = "SELECT users.id, users.name, users.hair_color, posts.id AS post_id, posts.user_id, posts.title, posts.body \
                      FROM users LEFT JOIN posts ON users.id = posts.user_id WHERE users.hair_color = ";

fn list(numbered: bool, count: usize) -> String {
    let one = |i: usize| if numbered { format!("${}", i + 1) } else { "?".to_owned() };
    (0..count).map(one).collect::<Vec<_>>().join(", ")
}

/// Writes the contender for a connection.
macro_rules! peer {
    ($function:ident, $connection:ty, $numbered:expr) => {
        pub fn $function(url: &str, fill: &[String], work: Work) -> crate::rounds::Contender {
            let runtime = runtime();
            let mut connection = runtime.block_on(async {
                let mut connection = <$connection>::connect(url).await.expect("sqlx connects");
                for statement in fill {
                    let statement = AssertSqlSafe(statement.clone());
                    sqlx::raw_sql(statement).execute(&mut connection).await.expect("a statement of the bench");
                }
                connection
            });
            let name = "sqlx";
            let first = list($numbered, 1);
            match work {
                Work::Trivial => contender(name, move || {
                    runtime.block_on(async {
                        let query = sqlx::query_as::<_, User>("SELECT id, name, hair_color FROM users");
                        query.fetch_all(&mut connection).await.expect("users").len()
                    })
                }),
                Work::Medium => {
                    let sql: std::sync::Arc<str> = format!("{MEDIUM}{first}").into();
                    contender(name, move || {
                        runtime.block_on(async {
                            let query = sqlx::query_as::<_, Both>(AssertSqlSafe(sql.clone())).bind("black");
                            let rows = query.fetch_all(&mut connection).await.expect("rows");
                            let both: Vec<(User, Option<Post>)> = rows.into_iter().map(split).collect();
                            both.len()
                        })
                    })
                }
                Work::Insert(size) => {
                    let pair = |i: usize| {
                        if $numbered { format!("(${}, ${})", 2 * i + 1, 2 * i + 2) } else { "(?, ?)".to_owned() }
                    };
                    let rows: Vec<String> = (0..size).map(pair).collect();
                    let sql: std::sync::Arc<str> =
                        format!("INSERT INTO users (name, hair_color) VALUES {}", rows.join(", ")).into();
                    contender(name, move || {
                        runtime.block_on(async {
                            let mut query = sqlx::query(AssertSqlSafe(sql.clone()));
                            for user in data::fresh(size) {
                                query = query.bind(user.name).bind(user.hair_color);
                            }
                            query.execute(&mut connection).await.expect("an insert");
                            size
                        })
                    })
                }
                Work::Associations => contender(name, move || {
                    runtime.block_on(async {
                        let users = sqlx::query_as::<_, User>("SELECT id, name, hair_color FROM users");
                        let users = users.fetch_all(&mut connection).await.expect("users");
                        let sql = format!(
                            "SELECT id, user_id, title, body FROM posts WHERE user_id IN ({})",
                            list($numbered, users.len())
                        );
                        let mut query = sqlx::query_as::<_, Post>(AssertSqlSafe(sql));
                        for user in &users {
                            query = query.bind(user.id);
                        }
                        let posts = query.fetch_all(&mut connection).await.expect("posts");
                        let sql = format!(
                            "SELECT id, post_id, text FROM comments WHERE post_id IN ({})",
                            list($numbered, posts.len())
                        );
                        let mut query = sqlx::query_as::<_, Comment>(AssertSqlSafe(sql));
                        for post in &posts {
                            query = query.bind(post.id);
                        }
                        let comments = query.fetch_all(&mut connection).await.expect("comments");
                        let tree = tree(users, posts, comments);
                        tree.iter().flat_map(|(_, posts)| posts).map(|(_, comments)| comments.len()).sum()
                    })
                }),
                Work::Get(rows) => {
                    let mut key = 0;
                    let sql: std::sync::Arc<str> =
                        format!("SELECT id, name, hair_color FROM users WHERE id = {first}").into();
                    contender(name, move || {
                        let id = data::next_key(&mut key, rows);
                        runtime.block_on(async {
                            let query = sqlx::query_as::<_, User>(AssertSqlSafe(sql.clone())).bind(id);
                            query.fetch_one(&mut connection).await.expect("the user");
                            1
                        })
                    })
                }
            }
        }
    };
}

peer!(sqlite, sqlx::SqliteConnection, false);
peer!(postgres, sqlx::PgConnection, true);
peer!(mysql, sqlx::MySqlConnection, false);

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
