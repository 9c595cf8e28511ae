//! This library: values through `select`, objects through a session.

use orm::prelude::*;
use tokio::runtime::Runtime;

use crate::data::{self, Work};
use crate::rounds::{Contender, contender};

#[derive(Clone, Debug, Model)]
#[orm(table = "users")]
pub struct User {
    #[orm(primary_key)]
    pub id: i32,
    pub name: String,
    pub hair_color: Option<String>,
    #[orm(back_populates = user)]
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
    #[orm(back_populates = post)]
    pub comments: HasMany<Comment>,
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

/// A runtime of one thread, as the other asynchronous libraries get it.
pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Runs the statements, which bind nothing.
pub fn execute(runtime: &Runtime, engine: &Engine, statements: &[String]) {
    runtime.block_on(async {
        for statement in statements {
            text(statement.as_str()).execute(engine).await.expect("a statement of the bench");
        }
    });
}

/// The road of values: `select(…)` and `insert(…)` on the engine.
pub fn select_road(name: &'static str, runtime: Runtime, engine: Engine, work: Work) -> Contender {
    match work {
        Work::Trivial => {
            contender(name, move || runtime.block_on(async { select(User).all(&engine).await.expect("users").len() }))
        }
        Work::Medium => contender(name, move || {
            runtime.block_on(async {
                let query = select((User, optional(Post))).outerjoin(User.posts).filter(User.hair_color.eq("black"));
                let rows: Vec<(User, Option<Post>)> = query.all(&engine).await.expect("rows");
                rows.len()
            })
        }),
        Work::Insert(size) => contender(name, move || {
            runtime.block_on(async {
                let rows = data::fresh(size).map(|user| User::builder().name(user.name).hair_color(user.hair_color));
                insert(User).values(rows.collect::<Vec<_>>()).execute(&engine).await.expect("an insert");
                size
            })
        }),
        Work::Associations => contender(name, move || {
            runtime.block_on(async {
                let tree = selectinload(User.posts).selectinload(Post.comments);
                let users = select(User).options(tree).all(&engine).await.expect("users");
                users.iter().flat_map(|user| user.posts.iter()).map(|post| post.comments.iter().count()).sum()
            })
        }),
        Work::Get(rows) => {
            let mut key = 0;
            contender(name, move || {
                let id = data::next_key(&mut key, rows);
                runtime.block_on(async {
                    select(User).filter(User.id.eq(id)).one(&engine).await.expect("the user");
                    1
                })
            })
        }
    }
}

/// The road of objects: a session for each piece of work.
pub fn session_road(name: &'static str, runtime: Runtime, engine: Engine, work: Work) -> Contender {
    match work {
        Work::Trivial => contender(name, move || {
            runtime.block_on(async {
                let mut session = Session::new(&engine);
                let users = session.query(User).all().await.expect("users").len();
                session.close().await.expect("an end");
                users
            })
        }),
        Work::Medium => contender(name, move || {
            runtime.block_on(async {
                let mut session = Session::new(&engine);
                let query = select((User, optional(Post))).outerjoin(User.posts).filter(User.hair_color.eq("black"));
                let rows = query.all(&mut session).await.expect("rows").len();
                session.close().await.expect("an end");
                rows
            })
        }),
        Work::Insert(size) => contender(name, move || {
            runtime.block_on(async {
                let mut session = Session::new(&engine);
                session
                    .add_all(data::fresh(size).map(|user| User::builder().name(user.name).hair_color(user.hair_color)));
                session.commit().await.expect("a commit");
                size
            })
        }),
        Work::Associations => contender(name, move || {
            runtime.block_on(async {
                let mut session = Session::new(&engine);
                let tree = selectinload(User.posts).selectinload(Post.comments);
                let users = session.query(User).options(tree).all().await.expect("users");
                let mut comments = 0;
                for user in users {
                    for (_, post) in session.related(user, User.posts) {
                        comments += post.comments.handles().len();
                    }
                }
                session.close().await.expect("an end");
                comments
            })
        }),
        Work::Get(rows) => {
            let mut key = 0;
            contender(name, move || {
                let id = data::next_key(&mut key, rows);
                runtime.block_on(async {
                    let mut session = Session::new(&engine);
                    session.get_one(User, id).await.expect("the user");
                    session.close().await.expect("an end");
                    1
                })
            })
        }
    }
}
