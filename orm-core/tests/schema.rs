//! Tables of derived models, as an application sees them.

use orm_core as orm;
use orm_core::{BelongsTo, Dialect, Engine, ErrorKind, HasMany, MetaData, metadata, text};
use orm_derive::Model;

#[derive(Clone, Debug, Model)]
#[orm(crate = orm, table = "users", comment = "who may log in", mysql(engine = "InnoDB"), check("length(name) > 0"))]
struct User {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 50, unique)]
    name: String,
    fullname: Option<String>,
    #[orm(server_default = "'new'")]
    state: String,
    addresses: HasMany<Address>,
}

#[derive(Clone, Debug, Model)]
#[orm(crate = orm, table = "addresses", unique(user_id, email))]
struct Address {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 100)]
    email: String,
    #[orm(foreign_key = User.id, on_delete = cascade, index)]
    user_id: i64,
    user: BelongsTo<User>,
}

/// A second model of a table, which the global metadata leaves out.
#[derive(Clone, Debug, Model)]
#[orm(crate = orm, table = "users", metadata = none)]
struct Name {
    #[orm(primary_key)]
    id: i64,
    name: String,
}

fn run(test: impl Future<Output = Result<(), orm::Error>>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(test).unwrap();
}

#[test]
fn the_ddl_is_printed_without_a_database() {
    assert_eq!(
        metadata![Address, User].to_sql(Dialect::Sqlite),
        "\
CREATE TABLE users (
    id INTEGER NOT NULL,
    name VARCHAR(50) NOT NULL,
    fullname TEXT,
    state TEXT DEFAULT 'new' NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_1 CHECK (length(name) > 0)
);

CREATE TABLE addresses (
    id INTEGER NOT NULL,
    email VARCHAR(100) NOT NULL,
    user_id BIGINT NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT uq_addresses_user_id_email UNIQUE (user_id, email),
    CONSTRAINT fk_addresses_user_id_users FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX ix_addresses_user_id ON addresses (user_id)"
    );
    assert!(metadata![User].to_sql(Dialect::MySql).ends_with(") ENGINE=InnoDB COMMENT='who may log in'"));
}

#[test]
fn the_global_metadata_has_every_model() {
    let tables = MetaData::global().sorted_tables().unwrap();
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["users", "addresses"]);
}

#[test]
fn tables_are_created_from_models() {
    run(async {
        let engine = Engine::new("sqlite::memory:")?;
        MetaData::global().create_all(&engine).await?;
        metadata![User, Address].create_all(&engine).await?;
        text("INSERT INTO users (name) VALUES ('ed')").execute(&engine).await?;
        assert_eq!(text("SELECT state FROM users").columns::<String>().one(&engine).await?, "new");
        let error = text("INSERT INTO users (name) VALUES ('')").execute(&engine).await.unwrap_err();
        assert!(error.is_check_violation());
        MetaData::global().drop_all(&engine).await
    });
}

#[test]
fn two_models_of_one_table_are_told_with_their_places() {
    let error = metadata![User, Name].tables().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Configuration);
    assert!(error.message().starts_with("two models have the table `users`: `User` at "), "{error}");
    assert_eq!(error.message().matches(file!()).count(), 2, "{error}");
}

#[test]
fn the_model_that_is_missing_is_named() {
    let error = metadata![Address].tables().unwrap_err();
    assert!(error.to_string().ends_with("hint: add `User` to `metadata![…]`"), "{error}");
}

/// `create_all` runs in a task of its own: its future can be sent.
#[test]
fn the_future_of_create_all_is_send() {
    fn is_send<F: Future + Send>(_: &F) {}
    let engine = Engine::new("sqlite::memory:").unwrap();
    is_send(&metadata![User, Address].create_all(&engine));
    is_send(&MetaData::global().drop_all(&engine));
}
