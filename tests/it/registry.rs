//! Two models of one name in one program, and what `MetaData::global` says of the program's models.

use orm::prelude::*;
use orm::schema::{Index, Inspector, Table};

use crate::support::empty_engine;

#[tokio::test]
async fn two_functions_may_each_have_a_local_user() {
    let (one, two) = (first().await, second().await);
    assert_eq!((one, two), ("ed".to_owned(), 7));
}

async fn first() -> String {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "local_users", metadata = none)]
    struct User {
        #[orm(primary_key)]
        id: i64,
        name: String,
    }
    let engine = empty_engine().await;
    metadata![User].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    session.add(User { id: 1, name: "ed".into() });
    session.commit().await.unwrap();
    select(User.name).one(&engine).await.unwrap()
}

async fn second() -> i64 {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "local_users", metadata = none)]
    struct User {
        #[orm(primary_key)]
        id: i64,
        age: i64,
        friends: HasMany<Friend>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "friends", metadata = none)]
    struct Friend {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = User.id)]
        user_id: i64,
        user: BelongsTo<User>,
    }
    let engine = empty_engine().await;
    metadata![User, Friend].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let user = session.add(User::builder().age(7).friends([Friend::builder()]));
    session.commit().await.unwrap();
    assert_eq!(session.related(user, User.friends).count(), 1);
    select(User.age).one(&engine).await.unwrap()
}

mod twins {
    use orm::prelude::*;

    #[derive(Clone, Debug, Model)]
    #[orm(table = "twins")]
    pub(super) struct Twin {
        #[orm(primary_key)]
        pub(super) id: i64,
    }

    pub(super) mod other {
        use orm::prelude::*;

        #[derive(Clone, Debug, Model)]
        #[orm(table = "twins")]
        pub(in super::super) struct OtherTwin {
            #[orm(primary_key)]
            pub(in super::super) id: i64,
        }
    }
}

#[tokio::test]
async fn two_definitions_of_one_table_are_an_error_that_names_both_places() {
    use twins::Twin;
    use twins::other::OtherTwin;
    let engine = empty_engine().await;
    let error = MetaData::global().create_all(&engine).await.unwrap_err().to_string();
    assert!(error.contains("`Twin`") && error.contains("`OtherTwin`"), "{error}");
    assert_eq!(error.matches("registry.rs:").count(), 2, "{error}");
    // Queries and sessions never ask the registry.
    metadata![Twin].create_all(&engine).await.unwrap();
    insert(Twin).values(Twin { id: 3 }).execute(&engine).await.unwrap();
    assert_eq!(select(OtherTwin.id).one(&engine).await.unwrap(), 3);
}

/// The table of a model gets what the derive cannot say in place of the model.
#[tokio::test]
async fn a_table_may_stand_in_place_of_its_model_among_all() {
    use twins::Twin;
    let engine = empty_engine().await;
    let mut metadata = MetaData::global().clone();
    assert!(metadata.remove("twins"));
    assert!(!metadata.remove("twins"));
    assert!(metadata.tables().unwrap().iter().all(|table| table.name != "twins"));
    let count = metadata.tables().unwrap().len();
    let table = Table::of_model(Twin).unwrap().index(Index::new(["id"]).name("ix_of_hand"));
    let metadata = metadata.table(table);
    metadata.create_all(&engine).await.unwrap();
    let inspector = Inspector::of(&engine).await.unwrap();
    assert!(inspector.has_index("twins", "ix_of_hand"));
    assert_eq!(inspector.table_names().len(), count + 1);
    // All models are as they were.
    assert!(MetaData::global().tables().is_err());
}
