//! This library: values through `select`, objects through a session.

pub mod session;
pub mod values;

use harness::answer::{self, Row, under};
use harness::data::CONNECTIONS;
use harness::{Contender, Kind, Place, Work, writing_in};
use orm::PoolClass;
use orm::prelude::*;
use tokio::runtime::Runtime;

use crate::runtime::{one_thread, two_threads};

#[derive(Clone, Debug, Model)]
#[orm(table = "users")]
pub struct User {
    #[orm(primary_key)]
    pub id: i32,
    pub name: String,
    pub hair_color: Option<String>,
    #[orm(back_populates = user, cascade(all))]
    pub posts: HasMany<Post>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "posts")]
pub struct Post {
    #[orm(primary_key)]
    pub id: i32,
    #[orm(foreign_key = User.id)]
    pub user_id: i32,
    pub title: String,
    pub body: Option<String>,
    #[orm(back_populates = posts)]
    pub user: BelongsTo<User>,
    #[orm(back_populates = post, cascade(all))]
    pub comments: HasMany<Comment>,
    #[orm(secondary = PostTag)]
    pub tags: ManyToMany<Tag>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "comments")]
pub struct Comment {
    #[orm(primary_key)]
    pub id: i32,
    #[orm(foreign_key = Post.id)]
    pub post_id: i32,
    pub text: String,
    #[orm(back_populates = comments)]
    pub post: BelongsTo<Post>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "tags")]
pub struct Tag {
    #[orm(primary_key)]
    pub id: i32,
    pub name: String,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "post_tags")]
pub struct PostTag {
    #[orm(primary_key, foreign_key = Post.id)]
    pub post_id: i32,
    #[orm(primary_key, foreign_key = Tag.id)]
    pub tag_id: i32,
}

harness::rows_of!(User, Post, Comment, Tag);

/// Runs the statements, which bind nothing.
pub fn execute(runtime: &Runtime, engine: &Engine, statements: &[String]) {
    runtime.block_on(async {
        for statement in statements {
            text(statement.as_str()).execute(engine).await.expect("a statement of the bench");
        }
    });
}

/// Makes the contender for a road.
pub fn peer(name: &str, place: &Place, work: Work) -> Option<Contender> {
    let runtime = if matches!(work, Work::Tasks(_)) { two_threads() } else { one_thread() };
    let engine = match place.kind {
        // The literal single connection, which is what the peers use.
        Kind::Memory => Engine::builder("sqlite::memory:").pool_class(PoolClass::Static),
        Kind::File => Engine::builder(&format!("sqlite:///{}?journal_mode=wal&synchronous=normal", place.url)),
        Kind::Postgres => Engine::builder(&place.url),
        // The name tells that the server has RETURNING.
        Kind::Mysql => Engine::builder(&place.url.replacen("mysql://", "mariadb://", 1)),
    };
    let engine = engine.pool_size(CONNECTIONS as u32).max_overflow(0).build().expect("an engine");
    execute(&runtime, &engine, &place.fill);
    Some(match name {
        "orm select" => values::contender(name, runtime, engine, work),
        _ => session::contender(name, runtime, engine, work),
    })
}

/// Makes a contender of work that writes for good; what it wrote is counted around it.
fn counted(
    name: &str,
    runtime: Runtime,
    engine: Engine,
    work: Work,
    mut write: impl AsyncFnMut(&Engine) -> Result<(), Error> + 'static,
) -> Contender {
    let audit = work.audit(name);
    writing_in(name, runtime, async move |is_asked| {
        let before = if is_asked { count(&engine, &audit).await } else { 0 };
        write(&engine).await.expect("the rows are written");
        if is_asked { count(&engine, &audit).await - before } else { 0 }
    })
}

async fn count(mut db: impl Reader, sql: &str) -> u64 {
    let counted = text(sql).columns::<i64>().one(db.again()).await;
    counted.expect("a count") as u64
}

/// The number for users with posts with comments.
fn tree(users: &[User]) -> u64 {
    let post = |post: &Post| {
        post.comments.iter().fold(post.digest(), |sum, c| sum.wrapping_add(under(post.key(), c.digest())))
    };
    let user =
        |user: &User| user.posts.iter().fold(user.digest(), |sum, p| sum.wrapping_add(under(user.key(), post(p))));
    users.iter().map(user).fold(0, u64::wrapping_add)
}

/// The number for posts with tags.
fn tagged(posts: &[Post]) -> u64 {
    let post = |post: &Post| {
        post.tags.iter().fold(post.digest(), |sum, tag| sum.wrapping_add(under(post.key(), tag.digest())))
    };
    posts.iter().map(post).fold(0, u64::wrapping_add)
}

/// A user who is counted as it goes by.
fn seen(user: &User) -> u64 {
    answer::user(user.id.into(), &user.name, user.hair_color.as_deref())
}
