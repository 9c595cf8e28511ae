//! tokio-postgres with prepared statements: the floor on PostgreSQL.

use futures_util::TryStreamExt;
use harness::answer::Row as _;
use harness::data::{self, DIRTY};
use harness::{Contender, Kind, Place, Work, reading_in, writing_in};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, NoTls, Row, Statement};

use crate::runtime::one_thread;
use crate::sqlx_peer::{Comment, Post, User, tree, with_tags};

/// What is prepared once, in the order in which it is used.
fn texts(work: Work) -> Vec<String> {
    let users = "SELECT id, name, hair_color FROM users";
    let texts: Vec<String> = match work {
        Work::Trivial(_) | Work::Stream(_) => vec![users.into()],
        Work::Medium(_) => vec![
            "SELECT users.id, users.name, users.hair_color, posts.id, posts.user_id, posts.title, posts.body \
             FROM users LEFT JOIN posts ON users.id = posts.user_id WHERE users.hair_color = $1"
                .into(),
        ],
        Work::Get(_) => vec![format!("{users} WHERE id = $1")],
        Work::Associations(_) => vec![
            users.into(),
            "SELECT id, user_id, title, body FROM posts WHERE user_id = ANY($1)".into(),
            "SELECT id, post_id, text FROM comments WHERE post_id = ANY($1)".into(),
        ],
        Work::ManyToMany(_) => vec![
            "SELECT id, user_id, title, body FROM posts".into(),
            "SELECT post_id, tags.id, tags.name FROM post_tags JOIN tags ON tags.id = tag_id WHERE post_id = ANY($1)"
                .into(),
        ],
        Work::Insert(size) => vec![format!("INSERT INTO users (name, hair_color) VALUES {}", pairs(size))],
        Work::Graph(size) => vec![
            format!("INSERT INTO users (name, hair_color) VALUES {} RETURNING id, name", pairs(size)),
            format!("INSERT INTO posts (user_id, title) VALUES {} RETURNING id, title", pairs(size * data::OF_GRAPH)),
            format!("INSERT INTO comments (post_id, text) VALUES {}", pairs(size * data::OF_GRAPH * data::OF_GRAPH)),
        ],
        Work::Flush(_) => vec!["UPDATE users SET hair_color = $1 WHERE id = $2".into()],
        Work::Cascade(_) => vec![
            "DELETE FROM comments WHERE post_id IN (SELECT id FROM posts WHERE user_id = $1)".into(),
            "DELETE FROM posts WHERE user_id = $1".into(),
            "DELETE FROM users WHERE id = $1".into(),
        ],
        Work::Tasks(_) => Vec::new(),
    };
    texts
}

fn pairs(size: usize) -> String {
    (0..size).map(|i| format!("(${}, ${})", 2 * i + 1, 2 * i + 2)).collect::<Vec<_>>().join(", ")
}

/// Makes the contender; it has no pool, and so no tasks.
pub fn peer(name: &str, place: &Place, work: Work) -> Option<Contender> {
    if place.kind != Kind::Postgres || matches!(work, Work::Tasks(_)) {
        return None;
    }
    let runtime = one_thread();
    let (mut db, connection) = runtime.block_on(tokio_postgres::connect(&place.url, NoTls)).expect("it connects");
    runtime.spawn(connection);
    let prepared: Vec<Statement> =
        texts(work).iter().map(|sql| runtime.block_on(db.prepare(sql)).expect("a statement")).collect();
    let mut key = 0;
    Some(match work {
        Work::Trivial(_) => reading_in(name, runtime, async move || users(&db, &prepared[0]).await.expect("users")),
        Work::Medium(_) => reading_in(name, runtime, async move || {
            let rows = db.query(&prepared[0], &[&"black"]).await.expect("rows");
            rows.iter().map(both).collect::<Vec<_>>()
        }),
        Work::Get(rows) => reading_in(name, runtime, async move || {
            let id = data::next_key(&mut key, rows);
            Some(user(&db.query_one(&prepared[0], &[&id]).await.expect("the user")))
        }),
        Work::Associations(_) => reading_in(name, runtime, async move || tree_of(&db, &prepared).await.expect("users")),
        Work::ManyToMany(_) => reading_in(name, runtime, async move || tagged(&db, &prepared).await.expect("posts")),
        Work::Stream(_) => reading_in(name, runtime, async move || stream(&db, &prepared[0]).await.expect("users")),
        Work::Cascade(rows) => writing_in(name, runtime, async move |is_asked| {
            let id = data::next_key(&mut key, rows);
            let audit = is_asked.then(|| work.audit(""));
            delete_and_roll_back(&mut db, &prepared, id, audit).await.expect("a delete")
        }),
        _ => {
            let (sql, name_of, mut run) = (work.audit(name), name.to_owned(), 0);
            writing_in(name, runtime, async move |is_asked| {
                run += 1;
                let before = if is_asked { count(&db, &sql).await } else { 0 };
                let colour = data::colour(&name_of, run);
                write(&mut db, &prepared, work, &colour).await.expect("the rows are written");
                if is_asked { count(&db, &sql).await - before } else { 0 }
            })
        }
    })
}

/// A value for PostgreSQL.
type Bound<'v> = &'v (dyn ToSql + Sync);

async fn write(db: &mut Client, prepared: &[Statement], work: Work, colour: &str) -> Result<(), Error> {
    match work {
        Work::Insert(size) => {
            let users: Vec<data::NewUser> = data::fresh(size).collect();
            let values: Vec<Bound> = users.iter().flat_map(|user| [&user.name as Bound, &user.hair_color]).collect();
            db.execute(&prepared[0], &values).await?;
        }
        Work::Graph(size) => insert_graph(db, prepared, size).await?,
        _ => {
            let transaction = db.transaction().await?;
            for id in (1..).step_by(work.size() / DIRTY).take(DIRTY) {
                transaction.execute(&prepared[0], &[&colour, &id]).await?;
            }
            transaction.commit().await?;
        }
    }
    Ok(())
}

async fn insert_graph(db: &mut Client, prepared: &[Statement], size: usize) -> Result<(), Error> {
    let key = |row: &Row| -> (i32, String) { (row.get(0), row.get(1)) };
    let transaction = db.transaction().await?;
    let users: Vec<data::NewUser> = data::fresh(size).collect();
    let values: Vec<Bound> = users.iter().flat_map(|user| [&user.name as Bound, &user.hair_color]).collect();
    let users: Vec<_> = transaction.query(&prepared[0], &values).await?.iter().map(key).collect();
    let posts: Vec<(i32, String)> =
        users.iter().flat_map(|(id, name)| data::titles(name).map(move |title| (*id, title))).collect();
    let values: Vec<Bound> = posts.iter().flat_map(|(id, title)| [id as Bound, title]).collect();
    let posts: Vec<_> = transaction.query(&prepared[1], &values).await?.iter().map(key).collect();
    let comments: Vec<(i32, String)> =
        posts.iter().flat_map(|(id, title)| data::texts(title).map(move |text| (*id, text))).collect();
    let values: Vec<Bound> = comments.iter().flat_map(|(id, text)| [id as Bound, text]).collect();
    transaction.execute(&prepared[2], &values).await?;
    transaction.commit().await
}

async fn delete_and_roll_back(
    db: &mut Client,
    prepared: &[Statement],
    id: i32,
    audit: Option<String>,
) -> Result<u64, Error> {
    let transaction = db.transaction().await?;
    let before = if let Some(sql) = &audit { count(transaction.client(), sql).await } else { 0 };
    for delete in prepared {
        transaction.execute(delete, &[&id]).await?;
    }
    let after = if let Some(sql) = &audit { count(transaction.client(), sql).await } else { 0 };
    transaction.rollback().await?;
    Ok(before - after)
}

async fn count(db: &Client, sql: &str) -> u64 {
    db.query_one(sql, &[]).await.expect("a count").get::<_, i64>(0) as u64
}

fn user(row: &Row) -> User {
    User { id: row.get(0), name: row.get(1), hair_color: row.get(2) }
}

fn post(row: &Row) -> Post {
    Post { id: row.get(0), user_id: row.get(1), title: row.get(2), body: row.get(3) }
}

fn both(row: &Row) -> (User, Option<Post>) {
    let post = |id| Post { id, user_id: row.get(4), title: row.get(5), body: row.get(6) };
    (user(row), row.get::<_, Option<i32>>(3).map(post))
}

async fn users(db: &Client, statement: &Statement) -> Result<Vec<User>, Error> {
    Ok(db.query(statement, &[]).await?.iter().map(user).collect())
}

async fn tree_of(db: &Client, prepared: &[Statement]) -> Result<Vec<(User, Vec<(Post, Vec<Comment>)>)>, Error> {
    let users = users(db, &prepared[0]).await?;
    let keys: Vec<i32> = users.iter().map(|user| user.id).collect();
    let posts: Vec<Post> = db.query(&prepared[1], &[&keys]).await?.iter().map(post).collect();
    let keys: Vec<i32> = posts.iter().map(|post| post.id).collect();
    let comment = |row: &Row| Comment { id: row.get(0), post_id: row.get(1), text: row.get(2) };
    let comments: Vec<Comment> = db.query(&prepared[2], &[&keys]).await?.iter().map(comment).collect();
    Ok(tree(users, posts, comments))
}

async fn tagged(db: &Client, prepared: &[Statement]) -> Result<Vec<(Post, Vec<crate::sqlx_peer::Tag>)>, Error> {
    let posts: Vec<Post> = db.query(&prepared[0], &[]).await?.iter().map(post).collect();
    let keys: Vec<i32> = posts.iter().map(|post| post.id).collect();
    let links = db.query(&prepared[1], &[&keys]).await?;
    Ok(with_tags(posts, links.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()))
}

async fn stream(db: &Client, statement: &Statement) -> Result<u64, Error> {
    let rows = db.query_raw(statement, std::iter::empty::<i32>()).await?;
    let sum = |sum: u64, row: Row| async move { Ok(sum.wrapping_add(user(&row).digest())) };
    rows.try_fold(0, sum).await
}
