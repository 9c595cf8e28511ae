//! Bad input: each a clear error, and nothing lost.

use orm::Dialect::{MariaDb, MySql, Postgres, Sqlite};
use orm::prelude::*;
use orm::{DatabaseErrorKind, ErrorKind};

use crate::support::{User, empty_engine_with, engine, expected, two_users};

#[test]
fn an_unknown_scheme_names_itself_and_the_known_ones() {
    let error = Engine::new("oracle://scott:tiger@localhost/xe").unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Argument);
    assert_eq!(
        error.to_string(),
        "the database URL names the unknown dialect `oracle`\n\
         hint: the known ones are `sqlite`, `postgresql`, `mysql` and `mariadb`"
    );
    assert!(Engine::new("shop.db").unwrap_err().to_string().contains("it has no scheme"));
    let key = Engine::new("sqlite::memory:?jurnal=wal").unwrap_err();
    assert!(key.to_string().starts_with("the database URL has the unknown key `jurnal`"), "{key}");
    let value = Engine::new("sqlite::memory:?busy_timeout=soon").unwrap_err();
    assert!(value.to_string().contains("expected a number of milliseconds"), "{value}");
}

#[test]
fn a_url_never_shows_its_password() {
    let engine = Engine::new("sqlite:///x.db?password=secret").map(|engine| engine.url().to_string());
    assert!(!format!("{engine:?}").contains("secret"));
}

#[tokio::test]
async fn null_in_a_column_that_is_no_option_names_the_column() {
    let engine = engine().await;
    two_users(&engine).await;
    let error = text("SELECT id, NULL FROM users").columns::<(i64, String)>().all(&engine).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Data);
    assert_eq!(error.message(), "column `#2` cannot be read: it is NULL, and the Rust type is not an `Option`");

    #[derive(Clone, Debug, Model)]
    #[orm(table = "users", metadata = none)]
    struct Strict {
        #[orm(primary_key)]
        id: i64,
        fullname: String,
    }
    let error = select(Strict).order_by(Strict.id).all(&engine).await.unwrap_err();
    assert_eq!(
        error.message(),
        "column `users.fullname` cannot be read: it is NULL, and the Rust type is not an `Option`"
    );
    assert!(error.statement().unwrap().starts_with("SELECT users.id, users.fullname"));
}

#[tokio::test]
async fn a_unique_violation_names_the_column_and_the_statement() {
    let engine = engine().await;
    two_users(&engine).await;
    let error = insert(User).values(User::builder().name("ed")).execute(&engine).await.unwrap_err();
    assert!(error.is_unique_violation() && !error.is_retryable());
    assert_eq!(error.columns(), ["name"]);
    assert!(matches!(
        error.kind(),
        ErrorKind::Integrity { kind: DatabaseErrorKind::UniqueViolation, table: Some(table), .. } if table == "users"
    ));
    let sqlite = "UNIQUE constraint failed: users.name\n[SQL: INSERT INTO users (name, active) VALUES (?, ?)]";
    let postgres = "duplicate key value violates unique constraint \"uq_users_name\"\n\
                    detail: Key (name)=(ed) already exists.\n\
                    [SQL: INSERT INTO users (name, active) VALUES ($1, $2)]";
    let mysql = "Duplicate entry 'ed' for key 'uq_users_name'\n\
                 [SQL: INSERT INTO users (name, active) VALUES (?, ?)]";
    let words = "the words are the database's, the SQL and the parameters ours";
    let known = expected(sqlite, [(Postgres, postgres, words), (MariaDb, mysql, words), (MySql, mysql, words)]);
    assert_eq!(error.to_string(), format!("{known}\n[parameters: (\"ed\", true)]"));
}

#[tokio::test]
async fn hidden_parameters_are_in_no_error() {
    let engine = empty_engine_with(|settings| settings.hide_parameters(true)).await;
    metadata![User, crate::support::Address, crate::support::Keyword, crate::support::UserKeyword]
        .create_all(&engine)
        .await
        .unwrap();
    let twice = vec![User::builder().name("secret"), User::builder().name("secret")];
    let error = insert(User).values(twice).execute(&engine).await.unwrap_err();
    assert!(error.to_string().contains("[parameters: hidden"), "{error}");
    assert!(!error.to_string().contains("secret"));
}

#[tokio::test]
async fn bad_sql_is_a_programming_error_with_the_text() {
    let engine = engine().await;
    let error = text("SELEC 1").columns::<i64>().all(&engine).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Programming);
    assert!(error.to_string().contains("SELEC 1"), "{error}");
    let error = text("SELECT * FROM nowhere").columns::<i64>().all(&engine).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Programming);
    assert!(error.message().contains("nowhere"), "{error}");
}

#[tokio::test]
async fn a_pool_that_is_exhausted_says_who_holds_it() {
    let short = std::time::Duration::from_millis(50);
    let engine = empty_engine_with(|settings| settings.pool_size(1).max_overflow(0).pool_timeout(short)).await;
    let _held = engine.connect().await.unwrap();
    let error = text("SELECT 1").columns::<i64>().one(&engine).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Timeout);
    assert!(
        error.message().starts_with("QueuePool limit of size 1 overflow 0 reached, connection timed out, timeout 0.05"),
        "{error}"
    );
}

#[tokio::test]
async fn a_model_that_cannot_be_configured_breaks_no_other() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "broken", metadata = none)]
    struct Broken {
        #[orm(primary_key)]
        id: i64,
        users: HasMany<User>,
    }
    let engine = engine().await;
    let mut session = Session::new(&engine);
    let error = session.query(Broken).options(selectinload(Broken.users)).all().await.unwrap_err();
    assert!(
        error.message().starts_with("could not determine the join condition of relationship `Broken.users`"),
        "{error}"
    );
    assert_eq!(session.query(User).count().await.unwrap(), 0);
}

#[tokio::test]
async fn each_constraint_tells_its_kind_and_what_the_database_names() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "parcels", check("weight > 0"), metadata = none)]
    struct Parcel {
        #[orm(primary_key)]
        id: i64,
        weight: i64,
        label: Option<String>,
        #[orm(foreign_key = User.id)]
        user_id: i64,
    }
    let engine = engine().await;
    metadata![User, Parcel].create_all(&engine).await.unwrap();
    two_users(&engine).await;
    let parcel = |id| Parcel { id, weight: 1, label: None, user_id: 1 };
    let add = |parcel| insert(Parcel).values(parcel).execute(&engine);
    add(parcel(7)).await.unwrap();

    let twice = add(parcel(7)).await.unwrap_err();
    assert!(twice.is_unique_violation(), "{twice}");
    assert_eq!(twice.columns(), ["id"]);
    let orphan = add(Parcel { user_id: 99, ..parcel(8) }).await.unwrap_err();
    assert!(orphan.is_foreign_key_violation(), "{orphan}");
    let columns: &[&str] = expected(&["user_id"], [(Sqlite, &[], "SQLite says that there is one, not which")]);
    assert_eq!(orphan.columns(), columns);
    let light = add(Parcel { weight: 0, ..parcel(8) }).await.unwrap_err();
    assert!(light.is_check_violation(), "{light}");
    assert!(light.message().contains("ck_parcels_"), "{light}");
    let null =
        text("INSERT INTO parcels (id, weight, user_id) VALUES (8, NULL, 1)").execute(&engine).await.unwrap_err();
    assert!(null.is_not_null_violation(), "{null}");
    assert_eq!(null.columns(), ["weight"]);
    let used = delete(User).filter(User.id.eq(1)).execute(&engine).await.unwrap_err();
    assert!(used.is_foreign_key_violation(), "{used}");
    assert_eq!(select(Parcel).count(&engine).await.unwrap(), 1);
}

#[tokio::test]
async fn a_missing_table_is_told_with_what_makes_it() {
    let engine = empty_engine_with(|settings| settings).await;
    let mut session = Session::new(&engine);
    session.add(User::builder().name("ed"));
    for error in [select(User).all(&engine).await.unwrap_err(), session.commit().await.unwrap_err()] {
        assert_eq!(*error.kind(), ErrorKind::Programming, "{error}");
        assert!(error.to_string().contains("users"), "{error}");
        assert!(
            error.to_string().contains("\nhint: create the tables by `metadata![…].create_all(&engine)`"),
            "{error}"
        );
    }
    let other = text("SELECT nothing FROM (SELECT 1 AS one) AS t").columns::<i64>().one(&engine).await.unwrap_err();
    assert!(!other.to_string().contains("create_all"), "{other}");
}
