//! INSERT … ON CONFLICT: one API, and what each database makes of it.

use orm::Dialect::{MariaDb, MySql, Postgres, Sqlite};
use orm::prelude::*;
use orm::{ErrorKind, excluded};

use crate::support::{dialect, empty_engine};

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "pages", metadata = none, unique(site, path))]
struct Page {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 50)]
    site: String,
    #[orm(length = 50)]
    path: String,
    #[orm(unique, length = 50)]
    slug: String,
    visits: i64,
    title: Option<String>,
}

/// A page with its path as the slug.
fn page(path: &str, visits: i64, title: &str) -> Page {
    Page { id: 0, site: "x.org".into(), path: path.into(), slug: path.into(), visits, title: Some(title.into()) }
}

/// An engine with the page `/a`, of one visit and the title `first`.
async fn one_page() -> Engine {
    let engine = empty_engine().await;
    metadata![Page].create_all(&engine).await.unwrap();
    insert(Page).values(page("/a", 1, "first")).execute(&engine).await.unwrap();
    engine
}

/// The path, visits and title of every page.
async fn pages(engine: &Engine) -> Vec<(String, i64, Option<String>)> {
    select((Page.path, Page.visits, Page.title)).order_by(Page.id).all(engine).await.unwrap()
}

fn row(path: &str, visits: i64, title: &str) -> (String, i64, Option<String>) {
    (path.into(), visits, Some(title.into()))
}

#[tokio::test]
async fn what_is_set_is_all_that_happens() {
    let engine = one_page().await;
    let again = |visits: i64| {
        let insert = insert(Page).values(page("/a", visits, "second")).on_conflict((Page.site, Page.path));
        insert.set(Page.visits, Page.visits + excluded(Page.visits))
    };
    again(5).execute(&engine).await.unwrap();
    assert_eq!(pages(&engine).await, [row("/a", 6, "first")]);
    if dialect() != MySql {
        assert_eq!(again(4).returning((Page.id, Page.visits)).all(&engine).await.unwrap(), [(1, 10)]);
    }
    let nothing =
        insert(Page).values(page("/a", 1, "third")).on_conflict(Page.path).execute(&engine).await.unwrap_err();
    assert_eq!(*nothing.kind(), ErrorKind::Argument);
    assert!(nothing.to_string().contains("hint: name columns, or write `.do_nothing()`"), "{nothing}");
}

#[tokio::test]
async fn a_conflict_of_two_columns_updates_the_columns_that_are_named() {
    let engine = one_page().await;
    let rows = [page("/a", 5, "second"), page("/b", 7, "other")];
    insert(Page)
        .values(rows)
        .on_conflict((Page.site, Page.path))
        .do_update(Page.visits)
        .execute(&engine)
        .await
        .unwrap();
    assert_eq!(pages(&engine).await, [row("/a", 5, "first"), row("/b", 7, "other")]);
}

#[tokio::test]
async fn a_conflict_updates_by_expressions_of_both_rows() {
    let engine = one_page().await;
    for _ in 0..2 {
        insert(Page)
            .values([page("/a", 10, "second"), page("/b", 1, "other")])
            .on_conflict(Page.slug)
            .set(Page.visits, Page.visits + excluded(Page.visits))
            .do_update(Page.title)
            .execute(&engine)
            .await
            .unwrap();
    }
    assert_eq!(pages(&engine).await, [row("/a", 21, "second"), row("/b", 2, "other")]);
}

/// MySQL's own number counts those twice that it updates.
#[tokio::test]
async fn rows_that_are_inserted_and_updated_count_once() {
    let engine = one_page().await;
    let put =
        |rows: Vec<Page>| insert(Page).values(rows).on_conflict(Page.slug).do_update(Page.visits).execute(&engine);
    assert_eq!(put(vec![page("/a", 5, "first")]).await.unwrap(), 1);
    assert_eq!(put(vec![page("/a", 5, "first")]).await.unwrap(), 1);
    assert_eq!(put(vec![page("/a", 6, "first"), page("/b", 7, "other"), page("/c", 8, "more")]).await.unwrap(), 3);
    assert_eq!(put((0..9).map(|n| page(&format!("/{n}"), n, "many")).collect()).await.unwrap(), 9);
    let mut session = Session::new(&engine);
    let set = insert(Page).values(page("/a", 9, "first")).on_conflict(Page.slug);
    let set = set.set(Page.visits, Page.visits + excluded(Page.visits)).do_update(());
    assert_eq!(session.execute(set).await.unwrap(), 1);
    session.commit().await.unwrap();
    assert_eq!(pages(&engine).await[0], row("/a", 15, "first"));
}

#[tokio::test]
async fn an_upsert_that_meets_a_row_twice_is_a_programming_error_on_postgres() {
    let engine = one_page().await;
    let twice = [page("/b", 5, "second"), page("/b", 7, "third")];
    let put = insert(Page).values(twice).on_conflict((Page.site, Page.path)).do_update(Page.visits);
    let done = put.execute(&engine).await;
    if dialect() != Postgres {
        done.unwrap();
        assert_eq!(pages(&engine).await, [row("/a", 1, "first"), row("/b", 7, "second")]);
        return;
    }
    let error = done.unwrap_err();
    assert_eq!((error.kind(), error.code()), (&ErrorKind::Programming, Some("21000")), "{error}");
    assert!(error.message().contains("a second time"), "{error}");
}

#[tokio::test]
async fn do_update_all_leaves_the_key_and_the_target() {
    let engine = one_page().await;
    let again = Page { id: 99, ..page("/a", 3, "again") };
    insert(Page).values(again).on_conflict(Page.slug).do_update_all().execute(&engine).await.unwrap();
    assert_eq!(select(Page.id).one(&engine).await.unwrap(), 1);
    assert_eq!(pages(&engine).await, [row("/a", 3, "again")]);
}

#[tokio::test]
async fn do_nothing_leaves_the_row_and_inserts_the_others() {
    let engine = one_page().await;
    let rows = || [page("/a", 5, "second"), page("/b", 7, "other")];
    insert(Page).values(rows()).on_conflict(Page.slug).do_nothing().execute(&engine).await.unwrap();
    insert(Page).values(rows()).on_conflict(()).do_nothing().execute(&engine).await.unwrap();
    assert_eq!(pages(&engine).await, [row("/a", 1, "first"), row("/b", 7, "other")]);
}

#[tokio::test]
async fn do_nothing_does_not_hide_other_errors() {
    let engine = one_page().await;
    let long = Page { slug: "/c".into(), ..page(&"x".repeat(80), 1, "long") };
    let done = insert(Page).values(long).on_conflict(Page.slug).do_nothing().execute(&engine).await;
    // SQLite keeps no lengths.
    assert_eq!(done.is_err(), dialect() != Sqlite);
}

#[tokio::test]
async fn a_conflict_of_another_index_is_an_error_but_on_mysql() {
    let engine = one_page().await;
    let other = Page { site: "y.org".into(), ..page("/a", 5, "second") };
    let done = insert(Page).values(other).on_conflict((Page.site, Page.path)).do_nothing().execute(&engine).await;
    match dialect() {
        MySql | MariaDb => assert!(done.is_ok()),
        _ => assert!(done.unwrap_err().is_unique_violation()),
    }
    assert_eq!(pages(&engine).await, [row("/a", 1, "first")]);
}

#[tokio::test]
async fn a_condition_keeps_rows_from_being_updated() {
    let engine = one_page().await;
    let upsert = |visits: i64| {
        insert(Page)
            .values(page("/a", visits, "second"))
            .on_conflict(Page.slug)
            .filter(Page.visits.lt(excluded(Page.visits)))
            .do_update(Page.visits)
            .execute(&engine)
    };
    if matches!(dialect(), MySql | MariaDb) {
        let error = upsert(5).await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Compile);
        assert!(error.to_string().starts_with("a condition on DO UPDATE is not supported on dialect m"), "{error}");
        return;
    }
    assert_eq!(upsert(5).await.unwrap(), 1);
    assert_eq!(upsert(4).await.unwrap(), 0);
    assert_eq!(pages(&engine).await, [row("/a", 5, "first")]);
}

#[tokio::test]
async fn a_partial_index_is_found_by_its_condition() {
    crate::only!(Sqlite | Postgres);
    let engine = one_page().await;
    text("CREATE UNIQUE INDEX only_busy ON pages (title) WHERE visits > 3").execute(&engine).await.unwrap();
    let busy = |slug: &str| Page { slug: slug.into(), ..page(slug, 10, "busy") };
    let upsert = |slug: &str| {
        insert(Page)
            .values(busy(slug))
            .on_conflict(Page.title)
            .index_filter(Page.visits.gt(3))
            .set(Page.visits, Page.visits + 1)
            .do_update(())
            .execute(&engine)
    };
    upsert("/b").await.unwrap();
    upsert("/c").await.unwrap();
    assert_eq!(pages(&engine).await, [row("/a", 1, "first"), row("/b", 11, "busy")]);
}

#[tokio::test]
async fn a_constraint_is_found_by_its_name() {
    let engine = one_page().await;
    let upsert = insert(Page).values(page("/a", 5, "x")).on_conflict_constraint("uq_pages_slug").do_update(Page.visits);
    let done = upsert.execute(&engine).await;
    if dialect() == Sqlite {
        assert_eq!(done.unwrap_err().kind(), &ErrorKind::Compile);
    } else {
        done.unwrap();
        assert_eq!(pages(&engine).await, [row("/a", 5, "first")]);
    }
}

#[tokio::test]
async fn a_conflict_gives_the_row_back() {
    let engine = one_page().await;
    let upsert = insert(Page).values(page("/a", 5, "second")).on_conflict(Page.slug).do_update(Page.visits);
    let rows = upsert.returning((Page.id, Page.visits, Page.title)).all(&engine).await;
    match dialect() {
        MySql => assert_eq!(rows.unwrap_err().kind(), &ErrorKind::Compile),
        _ => assert_eq!(rows.unwrap(), [(1, 5, Some("first".to_owned()))]),
    }
}

#[tokio::test]
async fn several_conflicts_are_told_apart_where_the_database_can() {
    let engine = one_page().await;
    insert(Page).values(page("/b", 2, "other")).execute(&engine).await.unwrap();
    let put = |page: Page| {
        let put = insert(Page).values(page).on_conflict((Page.site, Page.path)).do_update(Page.visits);
        put.on_conflict(Page.slug).set(Page.title, "slug is taken").do_update(()).on_conflict(()).do_nothing()
    };
    if dialect() != Sqlite {
        let error = put(page("/a", 9, "x")).execute(&engine).await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Compile);
        let expected = format!("more than one ON CONFLICT of an INSERT is not supported on dialect {}", dialect());
        assert_eq!(error.message(), expected);
        return;
    }
    put(page("/a", 9, "x")).execute(&engine).await.unwrap();
    put(Page { path: "/new".into(), ..page("/b", 9, "x") }).execute(&engine).await.unwrap();
    put(Page { id: 1, ..page("/third", 9, "x") }).execute(&engine).await.unwrap();
    put(page("/fourth", 4, "new")).execute(&engine).await.unwrap();
    let expected = [row("/a", 9, "first"), row("/b", 2, "slug is taken"), row("/fourth", 4, "new")];
    assert_eq!(pages(&engine).await, expected);
}

/// SQLite took ON for that of a join behind the compound's last table.
#[tokio::test]
async fn the_rows_of_a_compound_may_conflict() {
    let engine = one_page().await;
    let copy = |suffix: &'static str| {
        select((Page.site, Page.path.concat(suffix), Page.slug.concat(suffix), Page.visits + 4)).filter(Page.id.eq(1))
    };
    let columns = (Page.site, Page.path, Page.slug, Page.visits);
    let upsert = || insert(Page).from_select(columns, copy("").union(copy("b"))).on_conflict(Page.slug);
    upsert().do_nothing().execute(&engine).await.unwrap();
    let paths = || async { select((Page.path, Page.visits)).order_by(Page.path).all(&engine).await.unwrap() };
    assert_eq!(paths().await, [("/a".to_owned(), 1), ("/ab".to_owned(), 5)]);
    upsert().do_update(Page.visits).execute(&engine).await.unwrap();
    assert_eq!(paths().await, [("/a".to_owned(), 5), ("/ab".to_owned(), 5)]);
}

/// Its columns are those of the SELECT and those of the table to MariaDB.
#[tokio::test]
async fn rows_of_the_table_itself_may_conflict_with_it() {
    let engine = one_page().await;
    let columns = (Page.id, Page.site, Page.path, Page.slug, Page.visits);
    let copied = || insert(Page).from_select(columns, select(columns)).on_conflict(Page.id);
    let title = || Page.title.concat("!");
    copied().set(Page.title, title()).set(Page.visits, Page.visits + 1).do_update(()).execute(&engine).await.unwrap();
    assert_eq!(pages(&engine).await, [row("/a", 2, "first!")]);
    copied().do_nothing().execute(&engine).await.unwrap();
    copied().set(Page.visits, Page.visits + excluded(Page.visits)).do_update(()).execute(&engine).await.unwrap();
    assert_eq!(pages(&engine).await, [row("/a", 4, "first!")]);
}
