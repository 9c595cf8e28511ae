//! Toasty's part of the bench, spoken to by [`harness::serve`].
//!
//! Toasty has no streams, so that it reads all rows at once where the others stream.

use harness::answer::{self, Row, under};
use harness::data::{self, CONNECTIONS, DIRTY, FILE_SETTINGS, TASKS};
use harness::{Contender, Kind, Place, Work, reading_in, writing_in};
use toasty::{Db, Deferred, Error, Executor};
use tokio::runtime::{Builder, Runtime};

// Keys are unsigned: with signed ones a nested include panics in Toasty 0.11.
#[derive(Debug, toasty::Model)]
#[table = "users"]
struct User {
    #[key]
    #[auto]
    id: u64,
    name: String,
    hair_color: Option<String>,
    #[has_many]
    posts: Deferred<Vec<Post>>,
}

#[derive(Debug, toasty::Model)]
#[table = "posts"]
struct Post {
    #[key]
    #[auto]
    id: u64,
    #[index]
    user_id: u64,
    #[belongs_to(key = user_id, references = id)]
    user: Deferred<User>,
    title: String,
    body: Option<String>,
    #[has_many]
    comments: Deferred<Vec<Comment>>,
    #[has_many]
    links: Deferred<Vec<PostTag>>,
    #[has_many(via = links.tag)]
    tags: Deferred<Vec<Tag>>,
}

#[derive(Debug, toasty::Model)]
#[table = "comments"]
struct Comment {
    #[key]
    #[auto]
    id: u64,
    #[index]
    post_id: u64,
    #[belongs_to(key = post_id, references = id)]
    post: Deferred<Post>,
    text: String,
}

#[derive(Debug, toasty::Model)]
#[table = "tags"]
struct Tag {
    #[key]
    #[auto]
    id: u64,
    name: String,
    #[has_many]
    links: Deferred<Vec<PostTag>>,
}

#[derive(Debug, toasty::Model)]
#[table = "post_tags"]
#[key(post_id, tag_id)]
struct PostTag {
    #[index]
    post_id: u64,
    #[belongs_to(key = post_id, references = id)]
    post: Deferred<Post>,
    #[index]
    tag_id: u64,
    #[belongs_to(key = tag_id, references = id)]
    tag: Deferred<Tag>,
}

impl Row for User {
    fn digest(&self) -> u64 {
        answer::user(self.id as i64, &self.name, self.hair_color.as_deref())
    }
}

fn post(post: &Post) -> u64 {
    answer::post(post.id as i64, post.user_id as i64, &post.title, post.body.as_deref())
}

fn comment(comment: &Comment) -> u64 {
    answer::comment(comment.id as i64, comment.post_id as i64, &comment.text)
}

fn main() {
    harness::serve::serve(|_, place, work| peer(place, work));
}

async fn connect(place: &Place, connections: usize) -> Result<Db, Error> {
    let url = match place.kind {
        Kind::Memory => "sqlite::memory:".into(),
        Kind::File => format!("sqlite://{}", place.url),
        // Its unsigned keys are read from no INTEGER of PostgreSQL, so that there is a database with BIGINT for it.
        Kind::Postgres => format!("{}_wide", place.url),
        Kind::Mysql => place.url.replacen("mysql:", "mariadb:", 1),
    };
    let mut db = Db::builder()
        .models(toasty::models!(User, Post, Comment, Tag, PostTag))
        .max_pool_size(connections)
        .connect(&url)
        .await?;
    let settings = FILE_SETTINGS.iter().filter(|_| place.kind == Kind::File).map(ToString::to_string);
    for statement in settings.chain(place.fill.iter().cloned()) {
        // A pragma may give a row, which only a query takes.
        if statement.starts_with("PRAGMA") {
            toasty::sql::query(statement).exec(&mut db).await?;
        } else {
            toasty::sql::statement(statement).exec(&mut db).await?;
        }
    }
    Ok(db)
}

/// Makes the contender. The settings of a file cannot be given to four connections, so that the tasks are missing there; and
/// the DELETE that Toasty 0.11 writes for what hangs on a row is no SQL for MariaDB 10.11.
fn peer(place: &Place, work: Work) -> Option<Contender> {
    let name = "Toasty";
    if let Work::Tasks(rows) = work {
        return (place.kind != Kind::File).then(|| tasks(place, rows));
    }
    if place.kind == Kind::Mysql && matches!(work, Work::Cascade(_)) {
        return None;
    }
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut db = match runtime.block_on(connect(place, 1)) {
        Ok(db) => db,
        Err(error) => panic!("Toasty connects: {error}"),
    };
    let mut key = 0;
    Some(match work {
        Work::Trivial(_) | Work::Stream(_) => {
            reading_in(name, runtime, async move || User::all().exec(&mut db).await.expect("users"))
        }
        Work::Medium(_) => reading_in(name, runtime, async move || {
            let users = User::filter(User::fields().hair_color().eq("black")).include(User::fields().posts());
            users.exec(&mut db).await.expect("users")
        }),
        Work::Get(rows) => reading_in(name, runtime, async move || {
            let id = data::next_key(&mut key, rows) as u64;
            Some(User::get_by_id(&mut db, id).await.expect("the user"))
        }),
        Work::Associations(_) => writing_in(name, runtime, async move |is_asked| {
            let users = User::all().include(User::fields().posts().comments());
            let users = users.exec(&mut db).await.expect("users");
            if is_asked { tree(&users) } else { 0 }
        }),
        Work::ManyToMany(_) => writing_in(name, runtime, async move |is_asked| {
            let posts = Post::all().include(Post::fields().tags());
            let posts = posts.exec(&mut db).await.expect("posts");
            if is_asked { tagged(&posts) } else { 0 }
        }),
        Work::Cascade(rows) => writing_in(name, runtime, async move |is_asked| {
            let id = data::next_key(&mut key, rows) as u64;
            let audit = is_asked.then(|| work.audit(""));
            delete_and_roll_back(&mut db, id, audit).await.expect("a delete")
        }),
        Work::Tasks(_) => return None,
        Work::Insert(_) | Work::Graph(_) | Work::Flush(_) => writer(name, runtime, db, work),
    })
}

fn tree(users: &[User]) -> u64 {
    let of_post = |p: &Post| p.comments.get().iter().fold(post(p), |sum, c| sum.wrapping_add(under(p.id, comment(c))));
    let of_user = |u: &User| u.posts.get().iter().fold(u.digest(), |sum, p| sum.wrapping_add(under(u.id, of_post(p))));
    users.iter().map(of_user).fold(0, u64::wrapping_add)
}

fn tagged(posts: &[Post]) -> u64 {
    let tag = |tag: &Tag| answer::tag(tag.id as i64, &tag.name);
    let of_post = |p: &Post| p.tags.get().iter().fold(post(p), |sum, t| sum.wrapping_add(under(p.id, tag(t))));
    posts.iter().map(of_post).fold(0, u64::wrapping_add)
}

fn writer(name: &str, runtime: Runtime, mut db: Db, work: Work) -> Contender {
    let (sql, name_of, mut run) = (work.audit(name), name.to_owned(), 0);
    let mut all = runtime.block_on(User::all().exec(&mut db)).expect("users");
    all.sort_by_key(|user| user.id);
    writing_in(name, runtime, async move |is_asked| {
        run += 1;
        let before = if is_asked { count(&mut db, &sql).await } else { 0 };
        write(&mut db, work, &mut all, &data::colour(&name_of, run)).await.expect("the rows are written");
        if is_asked { count(&mut db, &sql).await - before } else { 0 }
    })
}

async fn count(db: &mut dyn Executor, sql: &str) -> u64 {
    let rows = toasty::sql::query(sql).exec(db).await.expect("a count");
    let toasty::stmt::Value::Record(record) = &rows[0] else { panic!("a row, not {:?}", rows[0]) };
    match &record[0] {
        toasty::stmt::Value::I64(count) => *count as u64,
        value => panic!("a count, not {value:?}"),
    }
}

async fn write(db: &mut Db, work: Work, all: &mut [User], colour: &str) -> Result<(), Error> {
    match work {
        Work::Insert(size) => {
            let mut users = User::create_many();
            for user in data::fresh(size) {
                users = users.item(User::create().name(user.name).hair_color(user.hair_color));
            }
            users.exec(db).await?;
        }
        Work::Graph(size) => {
            // Toasty runs what belongs together in a transaction by itself.
            let mut users = User::create_many();
            for user in data::fresh(size) {
                users = users.item(aggregate(user));
            }
            users.exec(db).await?;
        }
        _ => {
            let mut transaction = db.transaction().await?;
            for user in all.iter_mut().step_by(work.size() / DIRTY) {
                user.update().hair_color(Some(colour.to_owned())).exec(&mut transaction).await?;
            }
            transaction.commit().await?;
        }
    }
    Ok(())
}

/// A user with its posts and their comments.
fn aggregate(user: data::NewUser) -> impl toasty::stmt::IntoInsert<Model = User> {
    let posts = data::titles(&user.name).map(|title| {
        let comments: Vec<_> = data::texts(&title).map(|text| Comment::create().text(text)).collect();
        Post::create().title(title).comments(comments)
    });
    let posts: Vec<_> = posts.collect();
    User::create().name(user.name).hair_color(user.hair_color).posts(posts)
}

/// Toasty deletes what cannot be without its owner.
async fn delete_and_roll_back(db: &mut Db, id: u64, audit: Option<String>) -> Result<u64, Error> {
    let mut transaction = db.transaction().await?;
    let before = if let Some(sql) = &audit { count(&mut transaction, sql).await } else { 0 };
    User::filter_by_id(id).delete().exec(&mut transaction).await?;
    let after = if let Some(sql) = &audit { count(&mut transaction, sql).await } else { 0 };
    transaction.rollback().await?;
    Ok(before - after)
}

fn tasks(place: &Place, rows: usize) -> Contender {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let db = runtime.block_on(connect(place, CONNECTIONS)).expect("Toasty connects");
    reading_in("Toasty", runtime, async move || {
        let task = |task| {
            let mut db = db.clone();
            tokio::spawn(async move {
                let mut users = Vec::new();
                for id in data::keys_of_task(task, rows) {
                    users.push(User::get_by_id(&mut db, id as u64).await.expect("the user"));
                }
                users
            })
        };
        let tasks: Vec<_> = (0..TASKS).map(task).collect();
        let mut users = Vec::new();
        for task in tasks {
            users.extend(task.await.expect("a task"));
        }
        users
    })
}
