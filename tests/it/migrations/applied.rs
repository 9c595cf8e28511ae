//! Revisions are applied in order and taken back, up to any of them.

use super::{applied, names, tables, three};
use crate::support::empty_engine;

#[tokio::test]
async fn what_is_pending_is_applied_once_in_order() {
    let (engine, folder) = (empty_engine().await, three());
    let migrations = folder.migrations();
    assert_eq!(names(&migrations.upgrade(&engine).await.unwrap()), ["users", "email", "pets"]);
    assert_eq!(tables(&engine).await, ["pets(id)", "users(id name email)"]);
    assert_eq!(applied(&engine).await, ["users", "email", "pets"]);
    assert!(migrations.upgrade(&engine).await.unwrap().is_empty());
    folder.write(4, "more.sql", "-- upgrade\nINSERT INTO pets VALUES (2);\n");
    assert_eq!(names(&folder.migrations().upgrade(&engine).await.unwrap()), ["more"]);
}
