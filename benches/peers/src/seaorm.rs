//! SeaORM 2, which speaks to all three databases by one type.

use futures_util::TryStreamExt;
use harness::answer::Row;
use harness::data::{self, CONNECTIONS, DIRTY, FILE_SETTINGS};
use harness::{Contender, Kind, Place, Work, reading_in, writing_in};
use sea_orm::sea_query::Query;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction,
    DbErr, EntityTrait, IntoActiveModel, LoaderTrait, QueryFilter, QueryOrder, Set, Statement, TransactionTrait,
};
use tokio::runtime::Runtime;

use crate::runtime::{all_tasks, one_thread, two_threads};

mod users {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "users")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub hair_color: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(has_many = "super::posts::Entity")]
        Posts,
    }

    impl Related<super::posts::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Posts.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod posts {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "posts")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub user_id: i32,
        pub title: String,
        pub body: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(belongs_to = "super::users::Entity", from = "Column::UserId", to = "super::users::Column::Id")]
        Users,
        #[sea_orm(has_many = "super::comments::Entity")]
        Comments,
    }

    impl Related<super::tags::Entity> for Entity {
        fn to() -> RelationDef {
            super::post_tags::Relation::Tags.def()
        }

        fn via() -> Option<RelationDef> {
            Some(super::post_tags::Relation::Posts.def().rev())
        }
    }

    impl Related<super::users::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Users.def()
        }
    }

    impl Related<super::comments::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Comments.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod comments {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "comments")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub post_id: i32,
        pub text: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(belongs_to = "super::posts::Entity", from = "Column::PostId", to = "super::posts::Column::Id")]
        Posts,
    }

    impl Related<super::posts::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Posts.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod tags {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "tags")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl Related<super::posts::Entity> for Entity {
        fn to() -> RelationDef {
            super::post_tags::Relation::Posts.def()
        }

        fn via() -> Option<RelationDef> {
            Some(super::post_tags::Relation::Tags.def().rev())
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod post_tags {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "post_tags")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub post_id: i32,
        #[sea_orm(primary_key, auto_increment = false)]
        pub tag_id: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(belongs_to = "super::posts::Entity", from = "Column::PostId", to = "super::posts::Column::Id")]
        Posts,
        #[sea_orm(belongs_to = "super::tags::Entity", from = "Column::TagId", to = "super::tags::Column::Id")]
        Tags,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

harness::rows_of!(users::Model, posts::Model, comments::Model, tags::Model);

/// Connects with connections that are not pinged, which is the best that SeaORM offers, and fills the database.
async fn connect(place: &Place, connections: usize) -> DatabaseConnection {
    let url = match place.kind {
        Kind::Memory => "sqlite::memory:".into(),
        Kind::File => format!("sqlite://{}", place.url),
        Kind::Postgres | Kind::Mysql => place.url.clone(),
    };
    let mut options = ConnectOptions::new(url);
    let connections = connections as u32;
    options.max_connections(connections).min_connections(connections).test_before_acquire(false).sqlx_logging(false);
    if place.kind == Kind::File {
        // What it runs on a new connection, as pragmas of its own words.
        options.map_sqlx_sqlite_opts(|options| {
            let word = |setting: &str| {
                setting.trim_start_matches("PRAGMA ").split_once(" = ").map(|(a, b)| (a.to_owned(), b.to_owned()))
            };
            FILE_SETTINGS
                .iter()
                .filter_map(|setting| word(setting))
                .fold(options, |options, (name, value)| options.pragma(name, value))
        });
    }
    let database = Database::connect(options).await.expect("SeaORM connects");
    for statement in &place.fill {
        database.execute_unprepared(statement).await.expect("a statement of the bench");
    }
    database
}

async fn count(db: &impl ConnectionTrait, sql: &str) -> u64 {
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.expect("a count");
    row.expect("a count").try_get_by_index::<i64>(0).expect("a count") as u64
}

/// Makes the contender.
pub fn peer(name: &str, place: &Place, work: Work) -> Contender {
    if let Work::Tasks(rows) = work {
        return tasks(name, place, rows);
    }
    let runtime = one_thread();
    let db = runtime.block_on(connect(place, 1));
    let mut key = 0;
    match work {
        Work::Trivial(_) => {
            reading_in(name, runtime, async move || users::Entity::find().all(&db).await.expect("users"))
        }
        Work::Medium(_) => reading_in(name, runtime, async move || {
            let query = users::Entity::find().find_also_related(posts::Entity);
            query.filter(users::Column::HairColor.eq("black")).all(&db).await.expect("rows")
        }),
        Work::Get(rows) => reading_in(name, runtime, async move || {
            let id = data::next_key(&mut key, rows);
            users::Entity::find_by_id(id).one(&db).await.expect("an answer")
        }),
        Work::Associations(_) => reading_in(name, runtime, async move || tree(&db).await.expect("users")),
        Work::ManyToMany(_) => reading_in(name, runtime, async move || {
            let posts = posts::Entity::find().all(&db).await.expect("posts");
            let tags = posts.load_many_to_many(tags::Entity, post_tags::Entity, &db).await.expect("tags");
            posts.into_iter().zip(tags).collect::<Vec<_>>()
        }),
        Work::Cascade(rows) => writing_in(name, runtime, async move |is_asked| {
            let id = data::next_key(&mut key, rows);
            let audit = is_asked.then(|| work.audit(""));
            delete_and_roll_back(&db, id, audit).await.expect("a delete")
        }),
        Work::Stream(_) => reading_in(name, runtime, async move || {
            let rows = users::Entity::find().stream(&db).await.expect("rows");
            let sum = |sum: u64, user: users::Model| async move { Ok(sum.wrapping_add(user.digest())) };
            rows.try_fold(0_u64, sum).await.expect("a user")
        }),
        _ => writer(name, runtime, db, work),
    }
}

fn writer(name: &str, runtime: Runtime, db: DatabaseConnection, work: Work) -> Contender {
    let (sql, name_of, mut run) = (work.audit(name), name.to_owned(), 0);
    let all = runtime.block_on(users::Entity::find().order_by_asc(users::Column::Id).all(&db)).expect("users");
    writing_in(name, runtime, async move |is_asked| {
        run += 1;
        let before = if is_asked { count(&db, &sql).await } else { 0 };
        write(&db, work, &all, &data::colour(&name_of, run)).await.expect("the rows are written");
        if is_asked { count(&db, &sql).await - before } else { 0 }
    })
}

async fn write(db: &DatabaseConnection, work: Work, all: &[users::Model], colour: &str) -> Result<(), DbErr> {
    match work {
        Work::Insert(size) => {
            users::Entity::insert_many(new_users(size)).exec(db).await?;
            Ok(())
        }
        Work::Graph(size) => {
            let transaction = db.begin().await?;
            if db.support_returning() {
                insert_graph(&transaction, size).await?;
            } else {
                insert_graph_one_by_one(&transaction, size).await?;
            }
            transaction.commit().await
        }
        Work::Flush(rows) => {
            let transaction = db.begin().await?;
            for user in all.iter().step_by(rows / DIRTY) {
                let mut user = user.clone().into_active_model();
                user.hair_color = Set(Some(colour.to_owned()));
                user.update(&transaction).await?;
            }
            transaction.commit().await
        }
        work => unreachable!("{work:?} reads"),
    }
}

fn new_users(size: usize) -> impl Iterator<Item = users::ActiveModel> {
    data::fresh(size).map(|user| users::ActiveModel {
        name: Set(user.name),
        hair_color: Set(user.hair_color),
        ..Default::default()
    })
}

fn new_posts(user: &users::Model) -> impl Iterator<Item = posts::ActiveModel> {
    let titles = data::titles(&user.name);
    titles.map(|title| posts::ActiveModel { user_id: Set(user.id), title: Set(title), ..Default::default() })
}

fn new_comments(post: &posts::Model) -> impl Iterator<Item = comments::ActiveModel> {
    let texts = data::texts(&post.title);
    texts.map(|text| comments::ActiveModel { post_id: Set(post.id), text: Set(text), ..Default::default() })
}

/// Three statements of many rows, which give their rows back.
async fn insert_graph(db: &DatabaseTransaction, size: usize) -> Result<(), DbErr> {
    let users = users::Entity::insert_many(new_users(size)).exec_with_returning(db).await?;
    let posts = users.iter().flat_map(new_posts).collect::<Vec<_>>();
    let posts = posts::Entity::insert_many(posts).exec_with_returning(db).await?;
    let comments = posts.iter().flat_map(new_comments).collect::<Vec<_>>();
    comments::Entity::insert_many(comments).exec(db).await?;
    Ok(())
}

/// SeaORM has no RETURNING on MySQL: one row at a time, which is read again.
async fn insert_graph_one_by_one(db: &DatabaseTransaction, size: usize) -> Result<(), DbErr> {
    let mut comments = Vec::new();
    for user in new_users(size) {
        let user = user.insert(db).await?;
        for post in new_posts(&user) {
            comments.extend(new_comments(&post.insert(db).await?));
        }
    }
    comments::Entity::insert_many(comments).exec(db).await?;
    Ok(())
}

/// Users with their posts with their comments.
type Tree = Vec<(users::Model, Vec<(posts::Model, Vec<comments::Model>)>)>;

async fn tree(db: &DatabaseConnection) -> Result<Tree, DbErr> {
    let users = users::Entity::find().all(db).await?;
    let posts = users.load_many(posts::Entity, db).await?;
    let counts: Vec<usize> = posts.iter().map(Vec::len).collect();
    let posts: Vec<posts::Model> = posts.into_iter().flatten().collect();
    let comments = posts.load_many(comments::Entity, db).await?;
    let mut posts = posts.into_iter().zip(comments);
    let tree = users.into_iter().zip(counts).map(|(user, count)| (user, posts.by_ref().take(count).collect()));
    Ok(tree.collect())
}

async fn delete_and_roll_back(db: &DatabaseConnection, id: i32, audit: Option<String>) -> Result<u64, DbErr> {
    let transaction = db.begin().await?;
    let before = if let Some(sql) = &audit { count(&transaction, sql).await } else { 0 };
    let mut of_user = Query::select();
    of_user.column(posts::Column::Id).from(posts::Entity).and_where(posts::Column::UserId.eq(id));
    let of_posts = comments::Column::PostId.in_subquery(of_user);
    comments::Entity::delete_many().filter(of_posts).exec(&transaction).await?;
    posts::Entity::delete_many().filter(posts::Column::UserId.eq(id)).exec(&transaction).await?;
    users::Entity::delete_by_id(id).exec(&transaction).await?;
    let after = if let Some(sql) = &audit { count(&transaction, sql).await } else { 0 };
    transaction.rollback().await?;
    Ok(before - after)
}

fn tasks(name: &str, place: &Place, rows: usize) -> Contender {
    let runtime = two_threads();
    let db = runtime.block_on(connect(place, CONNECTIONS));
    reading_in(name, runtime, async move || {
        all_tasks(|task| {
            let db = db.clone();
            async move {
                let mut users = Vec::new();
                for id in data::keys_of_task(task, rows) {
                    let user = users::Entity::find_by_id(id).one(&db).await.expect("an answer");
                    users.push(user.expect("the user"));
                }
                users
            }
        })
        .await
    })
}
