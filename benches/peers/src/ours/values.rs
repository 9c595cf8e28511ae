//! The road of values: `select(…)`, `insert(…)`, `update(…)` and `delete(…)` on the engine or in its transaction.

use harness::data::{self, CHUNK, DIRTY};
use harness::{Contender, Work, reading_in, writing_in};
use orm::prelude::*;
use tokio::runtime::Runtime;

use super::{Comment, Post, User, count, counted, tagged, tree};
use crate::runtime::all_tasks;

pub fn contender(name: &str, runtime: Runtime, engine: Engine, work: Work) -> Contender {
    let mut key = 0;
    match work {
        Work::Trivial(_) => reading_in(name, runtime, async move || select(User).all(&engine).await.expect("users")),
        Work::Medium(_) => reading_in(name, runtime, async move || {
            let query = select((User, optional(Post))).outerjoin(User.posts).filter(User.hair_color.eq("black"));
            let rows: Vec<(User, Option<Post>)> = query.all(&engine).await.expect("rows");
            rows
        }),
        Work::Get(rows) => reading_in(name, runtime, async move || {
            let id = data::next_key(&mut key, rows);
            Some(select(User).filter(User.id.eq(id)).one(&engine).await.expect("the user"))
        }),
        Work::Associations(_) => told(
            name,
            runtime,
            |users: &Vec<User>| tree(users),
            async move || {
                let tree = selectinload(User.posts).selectinload(Post.comments);
                select(User).options(tree).all(&engine).await.expect("users")
            },
        ),
        Work::ManyToMany(_) => told(
            name,
            runtime,
            |posts: &Vec<Post>| tagged(posts),
            async move || select(Post).options(selectinload(Post.tags)).all(&engine).await.expect("posts"),
        ),
        Work::Insert(size) => {
            counted(name, runtime, engine, work, async move |engine| insert_users(engine, size).await)
        }
        Work::Graph(size) => counted(name, runtime, engine, work, async move |engine| insert_graph(engine, size).await),
        Work::Flush(rows) => {
            let name_of = name.to_owned();
            let mut run = 0;
            counted(name, runtime, engine, work, async move |engine| {
                run += 1;
                update_users(engine, &data::colour(&name_of, run), rows).await
            })
        }
        Work::Cascade(rows) => writing_in(name, runtime, async move |is_asked| {
            let id = data::next_key(&mut key, rows);
            let audit = is_asked.then(|| work.audit(""));
            delete_user(&engine, id, audit).await.expect("a delete")
        }),
        Work::Tasks(rows) => reading_in(name, runtime, async move || tasks(&engine, rows).await),
        Work::Stream(_) => reading_in(name, runtime, async move || stream(&engine).await.expect("rows")),
    }
}

/// Makes a contender whose rows have a number only together.
fn told<T: 'static>(
    name: &str,
    runtime: Runtime,
    number: fn(&T) -> u64,
    mut work: impl AsyncFnMut() -> T + 'static,
) -> Contender {
    writing_in(name, runtime, async move |is_asked| {
        let rows = std::hint::black_box(work().await);
        if is_asked { number(&rows) } else { 0 }
    })
}

async fn insert_users(engine: &Engine, size: usize) -> Result<(), Error> {
    let rows = data::fresh(size).map(|user| User::builder().name(user.name).hair_color(user.hair_color));
    insert(User).values(rows.collect::<Vec<_>>()).execute(engine).await?;
    Ok(())
}

/// Three INSERTs of many rows, the keys of one being wanted for the next. RETURNING promises no order, so the rows that come
/// back are told by their own text.
async fn insert_graph(engine: &Engine, size: usize) -> Result<(), Error> {
    let mut transaction = engine.begin().await?;
    let users = data::fresh(size).map(|user| User::builder().name(user.name).hair_color(user.hair_color));
    let users = insert(User).values(users.collect::<Vec<_>>()).returning((User.id, User.name));
    let users: Vec<(i32, String)> = users.all(&mut transaction).await?;
    let posts =
        users.iter().flat_map(|(id, name)| data::titles(name).map(|title| Post::builder().user_id(*id).title(title)));
    let posts = insert(Post).values(posts.collect::<Vec<_>>()).returning((Post.id, Post.title));
    let posts: Vec<(i32, String)> = posts.all(&mut transaction).await?;
    let comments =
        posts.iter().flat_map(|(id, title)| data::texts(title).map(|text| Comment::builder().post_id(*id).text(text)));
    insert(Comment).values(comments.collect::<Vec<_>>()).execute(&mut transaction).await?;
    transaction.commit().await
}

async fn update_users(engine: &Engine, colour: &str, rows: usize) -> Result<(), Error> {
    let mut transaction = engine.begin().await?;
    for id in (1..).step_by(rows / DIRTY).take(DIRTY) {
        update(User).set(User.hair_color, colour).filter(User.id.eq(id)).execute(&mut transaction).await?;
    }
    transaction.commit().await
}

async fn delete_user(engine: &Engine, id: i32, audit: Option<String>) -> Result<u64, Error> {
    let mut transaction = engine.begin().await?;
    let before = if let Some(audit) = &audit { count(&mut transaction, audit).await } else { 0 };
    let posts = || select(Post.id).filter(Post.user_id.eq(id));
    delete(Comment).filter(Comment.post_id.in_(posts())).execute(&mut transaction).await?;
    delete(Post).filter(Post.user_id.eq(id)).execute(&mut transaction).await?;
    delete(User).filter(User.id.eq(id)).execute(&mut transaction).await?;
    let after = if let Some(audit) = &audit { count(&mut transaction, audit).await } else { 0 };
    transaction.rollback().await?;
    Ok(before - after)
}

async fn tasks(engine: &Engine, rows: usize) -> Vec<User> {
    all_tasks(|task| {
        let engine = engine.clone();
        async move {
            let mut users = Vec::new();
            for id in data::keys_of_task(task, rows) {
                users.push(select(User).filter(User.id.eq(id)).one(&engine).await.expect("the user"));
            }
            users
        }
    })
    .await
}

async fn stream(engine: &Engine) -> Result<u64, Error> {
    let mut sum = 0_u64;
    let mut chunks = select(User).yield_per(CHUNK);
    while let Some(users) = chunks.next(engine).await? {
        sum = users.iter().fold(sum, |sum, user| sum.wrapping_add(super::seen(user)));
    }
    Ok(sum)
}
