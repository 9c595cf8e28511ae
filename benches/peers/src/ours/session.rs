//! The road of objects: a session for each piece of work.

use harness::answer::{Row, under};
use harness::data::{self, CHUNK, DIRTY};
use harness::{Contender, Work, reading_in, writing_in};
use orm::SessionMaker;
use orm::prelude::*;
use tokio::runtime::Runtime;

use super::{Comment, Post, User, count, counted};
use crate::runtime::all_tasks;

pub fn contender(name: &str, runtime: Runtime, engine: Engine, work: Work) -> Contender {
    let mut key = 0;
    match work {
        Work::Flush(rows) => changing(name, runtime, &engine, rows),
        Work::Insert(size) => counted(name, runtime, engine, work, async move |engine| {
            let mut session = Session::new(engine);
            session.add_all(data::fresh(size).map(|user| User::builder().name(user.name).hair_color(user.hair_color)));
            session.commit().await
        }),
        Work::Graph(size) => counted(name, runtime, engine, work, async move |engine| {
            let mut session = Session::new(engine);
            session.add_all(data::fresh(size).map(aggregate));
            session.commit().await
        }),
        Work::Cascade(rows) => writing_in(name, runtime, async move |is_asked| {
            let id = data::next_key(&mut key, rows);
            let audit = is_asked.then(|| work.audit(""));
            delete_user(&engine, id, audit).await.expect("a delete")
        }),
        Work::Tasks(rows) => reading_in(name, runtime, async move || tasks(&engine, rows).await),
        _ => writing_in(name, runtime, async move |is_asked| {
            let mut session = Session::new(&engine);
            let seen = read(&mut session, work, &mut key, is_asked).await.expect("the rows are read");
            session.close().await.expect("an end");
            seen
        }),
    }
}

/// Does the work that only reads.
async fn read(session: &mut Session, work: Work, key: &mut i32, is_asked: bool) -> Result<u64, Error> {
    let rows = match work {
        Work::Trivial(_) => {
            let users = session.query(User).all().await?;
            if !is_asked { 0 } else { users.into_iter().map(|user| session[user].digest()).fold(0, u64::wrapping_add) }
        }
        Work::Medium(_) => {
            let query = select((User, optional(Post))).outerjoin(User.posts).filter(User.hair_color.eq("black"));
            let both = query.all(&mut *session).await?;
            let user = |(user, post): (Handle<User>, Option<Handle<Post>>)| {
                session[user].digest().wrapping_add(post.map_or(0, |post| session[post].digest()))
            };
            if !is_asked { 0 } else { both.into_iter().map(user).fold(0, u64::wrapping_add) }
        }
        Work::Associations(_) => {
            let tree = selectinload(User.posts).selectinload(Post.comments);
            let users = session.query(User).options(tree).all().await?;
            if is_asked { tree_of(session, users) } else { 0 }
        }
        Work::ManyToMany(_) => {
            let posts = session.query(Post).options(selectinload(Post.tags)).all().await?;
            if is_asked { posts.into_iter().map(|post| tagged(session, post)).fold(0, u64::wrapping_add) } else { 0 }
        }
        Work::Stream(_) => {
            let mut sum = 0_u64;
            let mut chunks = select(User).yield_per(CHUNK);
            while let Some(users) = chunks.next(&mut *session).await? {
                sum = users.iter().fold(sum, |sum, &user| sum.wrapping_add(super::seen(&session[user])));
            }
            sum
        }
        Work::Get(rows) => {
            let user = session.get_one(User, data::next_key(key, rows)).await?;
            if is_asked { session[user].digest() } else { 0 }
        }
        work => unreachable!("{work:?} writes"),
    };
    Ok(rows)
}

fn tree_of(session: &Session, users: Vec<Handle<User>>) -> u64 {
    let post = |post: &Post| {
        let comments = post.comments.handles().iter().map(|&comment| under(post.key(), session[comment].digest()));
        comments.fold(post.digest(), u64::wrapping_add)
    };
    let user = |user: Handle<User>| {
        let posts = session.related(user, User.posts).map(|(_, p)| under(session[user].key(), post(p)));
        posts.fold(session[user].digest(), u64::wrapping_add)
    };
    users.into_iter().map(user).fold(0, u64::wrapping_add)
}

fn tagged(session: &Session, post: Handle<Post>) -> u64 {
    let tags = session.related(post, Post.tags).map(|(_, tag)| under(session[post].key(), tag.digest()));
    tags.fold(session[post].digest(), u64::wrapping_add)
}

/// A user with its posts and their comments, as plain values.
fn aggregate(user: data::NewUser) -> impl orm::NewInstance<Model = User> {
    let posts = data::titles(&user.name).map(|title| {
        let comments: Vec<_> = data::texts(&title).map(|text| Comment::builder().text(text)).collect();
        Post::builder().title(title).comments(comments)
    });
    let posts: Vec<_> = posts.collect();
    User::builder().name(user.name).hair_color(user.hair_color).posts(posts)
}

/// One session that holds all users, of whom some are changed and committed each time.
fn changing(name: &str, runtime: Runtime, engine: &Engine, rows: usize) -> Contender {
    let mut session = SessionMaker::new(engine).expire_on_commit(false).session();
    let users = runtime.block_on(async { session.query(User).order_by(User.id.asc()).all().await }).expect("users");
    runtime.block_on(session.commit()).expect("a commit");
    let (name_of, audit) = (name.to_owned(), Work::Flush(rows).audit(name));
    let (engine, mut run) = (engine.clone(), 0);
    writing_in(name, runtime, async move |is_asked| {
        run += 1;
        let colour = data::colour(&name_of, run);
        let before = if is_asked { count(&engine, &audit).await } else { 0 };
        for &user in users.iter().step_by(rows / DIRTY) {
            session[user].hair_color = Some(colour.clone());
        }
        session.commit().await.expect("a commit");
        if is_asked { count(&engine, &audit).await - before } else { 0 }
    })
}

async fn delete_user(engine: &Engine, id: i32, audit: Option<String>) -> Result<u64, Error> {
    let mut session = Session::new(engine);
    let before = if let Some(audit) = &audit { count(session.connection().await?, audit).await } else { 0 };
    let user = session.get_one(User, id).await?;
    session.delete(user).await?;
    session.flush().await?;
    let after = if let Some(audit) = &audit { count(session.connection().await?, audit).await } else { 0 };
    session.rollback().await?;
    session.close().await?;
    Ok(before - after)
}

async fn tasks(engine: &Engine, rows: usize) -> Vec<User> {
    all_tasks(|task| {
        let engine = engine.clone();
        async move {
            let mut users = Vec::new();
            for id in data::keys_of_task(task, rows) {
                let mut session = Session::new(&engine);
                let user = session.get_one(User, id).await.expect("the user");
                users.push(session.detach(user).expect("a value"));
                session.close().await.expect("an end");
            }
            users
        }
    })
    .await
}
