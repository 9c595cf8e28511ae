//! What six hot paths allocate, so that a change which makes one of them dearer is seen on any machine.
//!
//! Counts do not depend on how busy a machine is. Each bound leaves about a third above what was counted when it was set; a
//! path that has become cheaper may have its bound lowered.

use allocation_counter::{AllocationInfo, measure};
use orm::prelude::*;
use orm::{Dialect, PoolClass};
use tokio::runtime::Runtime;

#[derive(Clone, Debug, Model)]
#[orm(table = "users")]
struct User {
    #[orm(primary_key)]
    id: i64,
    name: String,
    fullname: Option<String>,
}

/// A database with so many users, on a runtime that does everything on the thread that is measured.
fn users(count: i64) -> (Runtime, Engine) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let engine = Engine::builder("sqlite::memory:").pool_class(PoolClass::Static).build().expect("an engine");
    runtime.block_on(async {
        metadata![User].create_all(&engine).await.expect("a table");
        let rows: Vec<_> = (1..=count).map(|id| User::builder().id(id).name(format!("user {id}"))).collect();
        insert(User).values(rows).execute(&engine).await.expect("the users");
    });
    (runtime, engine)
}

/// Does the work twice and returns what the second time allocates: the first may fill caches.
fn second_time(mut work: impl FnMut()) -> AllocationInfo {
    work();
    measure(work)
}

fn at_most(what: &str, bound: u64, counted: AllocationInfo) {
    println!("{what}: {} allocations, {} bytes", counted.count_total, counted.bytes_total);
    assert!(counted.count_total > 0, "{what} has been measured on the thread that does the work");
    assert!(counted.count_total <= bound, "{what} takes {} allocations, and not at most {bound}", counted.count_total);
}

#[test]
fn a_query_is_built_and_shown() {
    let counted = second_time(|| {
        let query = select(User).filter(User.name.eq("ed") & User.id.gt(10)).order_by(User.name.asc()).limit(5);
        std::hint::black_box(query.to_sql(Dialect::Sqlite));
    });
    at_most("a query with two conditions, and its text", 72, counted);
}

#[test]
fn one_row_is_selected() {
    let (runtime, engine) = users(10);
    let counted = second_time(|| {
        runtime.block_on(async {
            select(User).filter(User.id.eq(5)).one(&engine).await.expect("the user");
        });
    });
    at_most("one row by key", 15, counted);
}

#[test]
fn a_thousand_rows_are_selected() {
    let (runtime, engine) = users(1000);
    let counted = second_time(|| {
        runtime.block_on(async {
            assert_eq!(select(User).all(&engine).await.expect("users").len(), 1000);
        });
    });
    // One text in each row.
    at_most("a thousand rows of one text", 1030, counted);
}

#[test]
fn a_session_reads_a_hundred_objects() {
    let (runtime, engine) = users(100);
    let counted = second_time(|| {
        runtime.block_on(async {
            let mut session = Session::new(&engine);
            assert_eq!(session.query(User).all().await.expect("users").len(), 100);
            session.close().await.expect("an end");
        });
    });
    at_most("a hundred objects", 330, counted);
}

#[test]
fn a_session_writes_a_hundred_objects() {
    let (runtime, engine) = users(1);
    let counted = second_time(|| {
        runtime.block_on(async {
            let mut session = Session::new(&engine);
            session.add_all((0..100).map(|_| User::builder().name("ed")));
            session.commit().await.expect("a commit");
        });
    });
    at_most("a hundred new objects", 460, counted);
}

#[test]
fn a_session_updates_one_object_of_a_hundred() {
    let (runtime, engine) = users(100);
    let mut turn = 0;
    let counted = second_time(|| {
        turn += 1;
        runtime.block_on(async {
            let mut session = Session::new(&engine);
            let users = session.query(User).all().await.expect("users");
            session[users[50]].fullname = Some(format!("turn {turn}"));
            session.commit().await.expect("a commit");
        });
    });
    at_most("a hundred objects of which one has changed", 390, counted);
}
