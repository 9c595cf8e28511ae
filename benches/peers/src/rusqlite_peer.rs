//! rusqlite with cached statements: the floor on SQLite.

use harness::answer::Row;
use harness::data::{self, DIRTY, FILE_SETTINGS};
use harness::{Contender, Kind, Place, Work, reading, writing};
use rusqlite::types::ToSql;
use rusqlite::{Connection, Result};

use crate::sqlx_peer::{Comment, Post, User, tree, with_tags};

/// Makes the contender; it has no pool, and so no tasks.
pub fn peer(name: &str, place: &Place, work: Work) -> Option<Contender> {
    let mut db = match place.kind {
        Kind::Memory => Connection::open_in_memory(),
        Kind::File => Connection::open(&place.url),
        Kind::Postgres | Kind::Mysql => return None,
    }
    .expect("rusqlite opens");
    if place.kind == Kind::File {
        db.execute_batch(&FILE_SETTINGS.join(";")).expect("settings");
    }
    for statement in &place.fill {
        db.execute_batch(statement).expect("a statement of the bench");
    }
    let mut key = 0;
    Some(match work {
        Work::Trivial(_) => reading(name, move || users(&db).expect("users")),
        Work::Medium(_) => reading(name, move || medium(&db).expect("rows")),
        Work::Get(rows) => reading(name, move || {
            let id = data::next_key(&mut key, rows);
            Some(by_key(&db, id).expect("the user"))
        }),
        Work::Associations(_) => reading(name, move || tree_of(&db).expect("users")),
        Work::ManyToMany(_) => reading(name, move || tagged(&db).expect("posts")),
        Work::Stream(_) => reading(name, move || {
            let mut statement = db.prepare_cached("SELECT id, name, hair_color FROM users").expect("a statement");
            let rows = statement.query_map([], user).expect("users");
            rows.fold(0_u64, |sum, user| sum.wrapping_add(user.expect("a user").digest()))
        }),
        Work::Cascade(rows) => writing(name, move |is_asked| {
            let id = data::next_key(&mut key, rows);
            delete_and_roll_back(&mut db, id, is_asked.then(|| work.audit(""))).expect("a delete")
        }),
        Work::Tasks(_) => return None,
        Work::Insert(_) | Work::Graph(_) | Work::Flush(_) => {
            let (sql, name_of, mut run) = (work.audit(name), name.to_owned(), 0);
            writing(name, move |is_asked| {
                run += 1;
                let before = if is_asked { count(&db, &sql) } else { 0 };
                write(&mut db, work, &data::colour(&name_of, run)).expect("the rows are written");
                if is_asked { count(&db, &sql) - before } else { 0 }
            })
        }
    })
}

fn write(db: &mut Connection, work: Work, colour: &str) -> Result<()> {
    match work {
        Work::Insert(size) => {
            let users: Vec<data::NewUser> = data::fresh(size).collect();
            let sql = format!("INSERT INTO users (name, hair_color) VALUES {}", marks("(?, ?)", size));
            db.prepare_cached(&sql)?
                .execute(&pairs(users.iter().map(|user| (&user.name as _, &user.hair_color as _)))[..])?;
        }
        Work::Graph(size) => insert_graph(db, size)?,
        _ => {
            let transaction = db.transaction()?;
            {
                let mut update = transaction.prepare_cached("UPDATE users SET hair_color = ? WHERE id = ?")?;
                for id in (1..).step_by(work.size() / DIRTY).take(DIRTY) {
                    update.execute((colour, id))?;
                }
            }
            transaction.commit()?;
        }
    }
    Ok(())
}

fn insert_graph(db: &mut Connection, size: usize) -> Result<()> {
    let transaction = db.transaction()?;
    let users: Vec<data::NewUser> = data::fresh(size).collect();
    let values = pairs(users.iter().map(|user| (&user.name as _, &user.hair_color as _)));
    let users = written(&transaction, "INSERT INTO users (name, hair_color)", "name", &values)?;
    let posts: Vec<(i32, String)> =
        users.iter().flat_map(|(id, name)| data::titles(name).map(move |title| (*id, title))).collect();
    let values = pairs(posts.iter().map(|(id, title)| (id as _, title as _)));
    let posts = written(&transaction, "INSERT INTO posts (user_id, title)", "title", &values)?;
    let comments: Vec<(i32, String)> =
        posts.iter().flat_map(|(id, title)| data::texts(title).map(move |text| (*id, text))).collect();
    let values = pairs(comments.iter().map(|(id, text)| (id as _, text as _)));
    let sql = format!("INSERT INTO comments (post_id, text) VALUES {}", marks("(?, ?)", comments.len()));
    transaction.prepare_cached(&sql)?.execute(&values[..])?;
    transaction.commit()
}

/// Inserts rows of two values each and returns their keys with a text of theirs.
fn written(db: &Connection, insert: &str, text: &str, values: &[&dyn ToSql]) -> Result<Vec<(i32, String)>> {
    let sql = format!("{insert} VALUES {} RETURNING id, {text}", marks("(?, ?)", values.len() / 2));
    let mut statement = db.prepare_cached(&sql)?;
    statement.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

fn pairs<'v>(rows: impl Iterator<Item = (&'v dyn ToSql, &'v dyn ToSql)>) -> Vec<&'v dyn ToSql> {
    rows.flat_map(|(first, second)| [first, second]).collect()
}

fn marks(one: &str, count: usize) -> String {
    vec![one; count].join(", ")
}

fn user(row: &rusqlite::Row<'_>) -> Result<User> {
    Ok(User { id: row.get(0)?, name: row.get(1)?, hair_color: row.get(2)? })
}

fn post(row: &rusqlite::Row<'_>) -> Result<Post> {
    Ok(Post { id: row.get(0)?, user_id: row.get(1)?, title: row.get(2)?, body: row.get(3)? })
}

fn users(db: &Connection) -> Result<Vec<User>> {
    db.prepare_cached("SELECT id, name, hair_color FROM users")?.query_map([], user)?.collect()
}

fn by_key(db: &Connection, id: i32) -> Result<User> {
    db.prepare_cached("SELECT id, name, hair_color FROM users WHERE id = ?")?.query_row([id], user)
}

fn medium(db: &Connection) -> Result<Vec<(User, Option<Post>)>> {
    let sql = "SELECT users.id, users.name, users.hair_color, posts.id, posts.user_id, posts.title, posts.body \
               FROM users LEFT JOIN posts ON users.id = posts.user_id WHERE users.hair_color = ?";
    let both = |row: &rusqlite::Row<'_>| {
        let post = match row.get::<_, Option<i32>>(3)? {
            Some(id) => Some(Post { id, user_id: row.get(4)?, title: row.get(5)?, body: row.get(6)? }),
            None => None,
        };
        Ok((user(row)?, post))
    };
    db.prepare_cached(sql)?.query_map(["black"], both)?.collect()
}

fn tree_of(db: &Connection) -> Result<Vec<(User, Vec<(Post, Vec<Comment>)>)>> {
    let users = users(db)?;
    let sql = format!("SELECT id, user_id, title, body FROM posts WHERE user_id IN ({})", marks("?", users.len()));
    let keys = rusqlite::params_from_iter(users.iter().map(|user| user.id));
    let posts: Vec<Post> = db.prepare_cached(&sql)?.query_map(keys, post)?.collect::<Result<_>>()?;
    let sql = format!("SELECT id, post_id, text FROM comments WHERE post_id IN ({})", marks("?", posts.len()));
    let keys = rusqlite::params_from_iter(posts.iter().map(|post| post.id));
    let comment = |row: &rusqlite::Row<'_>| Ok(Comment { id: row.get(0)?, post_id: row.get(1)?, text: row.get(2)? });
    let comments: Vec<Comment> = db.prepare_cached(&sql)?.query_map(keys, comment)?.collect::<Result<_>>()?;
    Ok(tree(users, posts, comments))
}

fn tagged(db: &Connection) -> Result<Vec<(Post, Vec<crate::sqlx_peer::Tag>)>> {
    let posts: Vec<Post> =
        db.prepare_cached("SELECT id, user_id, title, body FROM posts")?.query_map([], post)?.collect::<Result<_>>()?;
    let sql = format!(
        "SELECT post_id, tags.id, tags.name FROM post_tags JOIN tags ON tags.id = tag_id WHERE post_id IN ({})",
        marks("?", posts.len())
    );
    let keys = rusqlite::params_from_iter(posts.iter().map(|post| post.id));
    let link = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let links: Vec<(i32, i32, String)> = db.prepare_cached(&sql)?.query_map(keys, link)?.collect::<Result<_>>()?;
    Ok(with_tags(posts, links))
}

fn delete_and_roll_back(db: &mut Connection, id: i32, sql: Option<String>) -> Result<u64> {
    let transaction = db.transaction()?;
    let before = sql.as_ref().map_or(0, |sql| count(&transaction, sql));
    transaction
        .prepare_cached("DELETE FROM comments WHERE post_id IN (SELECT id FROM posts WHERE user_id = ?)")?
        .execute([id])?;
    transaction.prepare_cached("DELETE FROM posts WHERE user_id = ?")?.execute([id])?;
    transaction.prepare_cached("DELETE FROM users WHERE id = ?")?.execute([id])?;
    let after = sql.as_ref().map_or(0, |sql| count(&transaction, sql));
    transaction.rollback()?;
    Ok(before - after)
}

fn count(db: &Connection, sql: &str) -> u64 {
    db.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a count") as u64
}
