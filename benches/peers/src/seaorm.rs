//! SeaORM 2, which speaks to all three databases by one type.

use sea_orm::{ColumnTrait, ConnectOptions, Database, DatabaseConnection, EntityTrait, QueryFilter, Set};

use crate::data::{self, Work};
use crate::ours::runtime;
use crate::rounds::{Contender, contender};

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

/// Connects with one connection that is not pinged, which is the best that SeaORM offers, and fills the database.
pub fn peer(url: &str, fill: &[String], work: Work) -> Contender {
    let runtime = runtime();
    let database: DatabaseConnection = runtime.block_on(async {
        let mut options = ConnectOptions::new(url);
        options.max_connections(1).min_connections(1).test_before_acquire(false).sqlx_logging(false);
        let database = Database::connect(options).await.expect("SeaORM connects");
        for statement in fill {
            sea_orm::ConnectionTrait::execute_unprepared(&database, statement).await.expect("a statement of the bench");
        }
        database
    });
    let name = "SeaORM";
    match work {
        Work::Trivial => contender(name, move || {
            runtime.block_on(async { users::Entity::find().all(&database).await.expect("users").len() })
        }),
        Work::Medium => contender(name, move || {
            runtime.block_on(async {
                let query = users::Entity::find().find_also_related(posts::Entity);
                query.filter(users::Column::HairColor.eq("black")).all(&database).await.expect("rows").len()
            })
        }),
        Work::Insert(size) => contender(name, move || {
            runtime.block_on(async {
                let rows = data::fresh(size).map(|user| users::ActiveModel {
                    name: Set(user.name),
                    hair_color: Set(user.hair_color),
                    ..Default::default()
                });
                users::Entity::insert_many(rows).exec(&database).await.expect("an insert");
                size
            })
        }),
        Work::Associations => contender(name, move || {
            runtime.block_on(async {
                use sea_orm::LoaderTrait;
                let users = users::Entity::find().all(&database).await.expect("users");
                let posts = users.load_many(posts::Entity, &database).await.expect("posts");
                let flat: Vec<posts::Model> = posts.into_iter().flatten().collect();
                let comments = flat.load_many(comments::Entity, &database).await.expect("comments");
                comments.iter().map(Vec::len).sum()
            })
        }),
        Work::Get(rows) => {
            let mut key = 0;
            contender(name, move || {
                let id = data::next_key(&mut key, rows);
                runtime.block_on(async {
                    users::Entity::find_by_id(id).one(&database).await.expect("an answer").expect("the user");
                    1
                })
            })
        }
    }
}
