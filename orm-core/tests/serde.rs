//! Models beside serde: plain data in, plain data out, relationships as far as they are loaded.

#![cfg(feature = "serde")]

use orm_core::{BelongsTo, Engine, HasMany, metadata, select, selectinload};
use orm_derive::Model;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Clone, Debug, PartialEq, Model, Serialize, Deserialize)]
#[orm(table = "users", metadata = none)]
struct User {
    #[orm(primary_key)]
    id: i64,
    name: String,
    #[orm(back_populates = user)]
    #[serde(default, skip_serializing_if = "HasMany::is_unloaded")]
    addresses: HasMany<Address>,
}

#[derive(Clone, Debug, PartialEq, Model, Serialize, Deserialize)]
#[orm(table = "addresses", metadata = none)]
struct Address {
    #[orm(primary_key)]
    id: i64,
    email: String,
    #[orm(foreign_key = User.id)]
    user_id: i64,
    #[orm(back_populates = addresses)]
    user: BelongsTo<User>,
}

#[tokio::test]
async fn what_is_loaded_is_written_and_what_is_not_is_null_or_left_out() {
    let text = json!({"id": 1, "name": "ed", "addresses": [{"id": 1, "email": "e", "user_id": 1, "user": null}]});
    let user: User = serde_json::from_value(text.clone()).unwrap();
    assert_eq!(user.addresses.get()[0].email, "e");
    assert!(user.addresses.get()[0].user.is_unloaded());
    assert_eq!(serde_json::to_value(&user).unwrap(), text);

    let engine = Engine::new("sqlite::memory:").unwrap();
    metadata![User, Address].create_all(&engine).await.unwrap();
    engine
        .transaction_once(async move |session| {
            session.add(user);
            Ok(())
        })
        .await
        .unwrap();
    let plain = select(User).one(&engine).await.unwrap();
    assert_eq!(serde_json::to_value(&plain).unwrap(), json!({"id": 1, "name": "ed"}));
    let loaded =
        select(User).options(selectinload(User.addresses).selectinload(Address.user)).one(&engine).await.unwrap();
    assert_eq!(
        serde_json::to_value(&loaded).unwrap(),
        json!({"id": 1, "name": "ed", "addresses": [
            {"id": 1, "email": "e", "user_id": 1, "user": {"id": 1, "name": "ed"}}
        ]})
    );
}

/// Tables are data: written down and read again they are the same, and create the same.
#[test]
fn metadata_is_written_and_read() {
    use orm_core::schema::{Column, ForeignKey, Identity, Index, IndexColumn, Sequence, Table, View};
    use orm_core::{ColumnType, Dialect, MetaData};

    let likes = Table::new("likes")
        .column(Column::new("id", ColumnType::Integer).identity(Identity::DEFAULT))
        .column(Column::new("user_id", ColumnType::BigInteger).comment("who"))
        .column(
            Column::new("mood", ColumnType::labels("mood", &["happy", "sad"]))
                .variant(Dialect::MySql, ColumnType::Text),
        )
        .column(Column::new("score", ColumnType::Numeric(Some((5, 2)))).nullable().computed_stored("id * 2"))
        .primary_key(["id"])
        .foreign_key(
            ForeignKey::new(["user_id"], "users", ["id"]).on_delete(orm_core::schema::ReferentialAction::Cascade),
        )
        .check("id > 0")
        .index(Index::new([IndexColumn::expression("lower(mood)").descending()]).condition("id > 7").name("by_mood"));
    let metadata =
        metadata![User].table(likes).sequence(Sequence::new("numbers").start(5)).view(View::new("v", "SELECT 1"));
    let written = serde_json::to_string(&metadata).unwrap();
    let read: MetaData = serde_json::from_str(&written).unwrap();
    assert_eq!(read, metadata);
    assert_eq!(read.to_sql(Dialect::Postgres), metadata.to_sql(Dialect::Postgres));
    assert_eq!(read.tables().unwrap()[1].to_string(), metadata.tables().unwrap()[1].to_string());
    assert!(written.contains(r#""name":"fk_likes_user_id_users""#), "{written}");
    assert_ne!(read, metadata![User]);
}
