//! Many-to-many relationships over association tables that have no model.

use orm::prelude::*;

use crate::assert_statements;
use crate::support::{empty_engine, strategies};

#[derive(Clone, Debug, Model)]
#[orm(table = "posts", metadata = none)]
struct Post {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 20)]
    title: String,
    #[orm(secondary("post_tags", "post_id", "tag_word"), back_populates = posts, order_by = word)]
    tags: ManyToMany<Tag>,
    /// To the model itself: the columns say which end is which.
    #[orm(secondary("post_links", "from_id", "to_id"), back_populates = linked_by, order_by = id)]
    links: ManyToMany<Post>,
    #[orm(secondary("post_links", "to_id", "from_id"), back_populates = links, order_by = id)]
    linked_by: ManyToMany<Post>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "tags", metadata = none)]
struct Tag {
    #[orm(primary_key, length = 20)]
    word: String,
    #[orm(secondary("post_tags", "tag_word", "post_id"), back_populates = tags, order_by = id)]
    posts: ManyToMany<Post>,
}

async fn posts() -> Engine {
    let engine = empty_engine().await;
    metadata![Post, Tag].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let [rust, sql] = ["rust", "sql"].map(|word| session.add(Tag::builder().word(word)));
    let first = session.add(Post::builder().title("first").tags([rust, sql]));
    session.add(Post::builder().title("second").tags([sql]).links([first]));
    session.commit().await.unwrap();
    engine
}

#[tokio::test]
async fn a_bare_table_is_created_with_its_keys() {
    let engine = posts().await;
    let sql = metadata![Post, Tag].to_sql(engine.dialect());
    assert_eq!(sql.matches("CREATE TABLE").count(), 4, "{sql}");
    let table = sql.split("CREATE TABLE").find(|table| table.contains("post_tags")).unwrap();
    assert!(table.contains("PRIMARY KEY (post_id, tag_word)"), "{table}");
    assert_eq!(table.matches("FOREIGN KEY").count(), 2, "{table}");
    metadata![Post, Tag].drop_all(&engine).await.unwrap();
}

#[tokio::test]
async fn members_over_a_bare_table_are_loaded_by_every_strategy() {
    let engine = posts().await;
    for path in strategies(Post.tags) {
        let posts: Vec<Post> =
            select(Post).order_by(Post.id).options(path.selectinload(Tag.posts)).all(&engine).await.unwrap();
        let words = |post: &Post| post.tags.iter().map(|tag| tag.word.clone()).collect::<Vec<_>>();
        assert_eq!(posts.iter().map(words).collect::<Vec<_>>(), [vec!["rust", "sql"], vec!["sql"]]);
        assert_eq!(posts[1].tags.get()[0].posts.len(), 2);
    }
    for path in strategies(Post.links) {
        let posts: Vec<Post> =
            select(Post).order_by(Post.id).options(path.selectinload(Post.linked_by)).all(&engine).await.unwrap();
        assert_eq!((posts[0].links.len(), posts[1].links.len()), (0, 1));
        assert_eq!(posts[1].links.get()[0].linked_by.get()[0].title, "second");
    }
    let titles = select(Post.title).join(Post.tags).filter(Tag.word.eq("rust")).all(&engine).await.unwrap();
    assert_eq!(titles, ["first"]);
    let titles =
        select(Post.title).filter(Post.tags.any(Tag.word.eq("sql"))).order_by(Post.id).all(&engine).await.unwrap();
    assert_eq!(titles, ["first", "second"]);
}

#[tokio::test]
async fn rows_of_a_bare_table_are_inserted_and_deleted() {
    let engine = posts().await;
    let mut session = Session::new(&engine);
    let posts = session.query(Post).order_by(Post.id).options(selectinload(Post.tags)).all().await.unwrap();
    let [rust, sql] = [0, 1].map(|at| session.handles(posts[0], Post.tags)[at]);
    session.unlink(posts[0], Post.tags, sql);
    session.link(posts[1], Post.tags, rust);
    assert_statements!(engine, 2, session.flush().await.unwrap());
    session.commit().await.unwrap();
    session.load(&[rust, sql], Tag.posts).await.unwrap();
    assert_eq!((session.handles(rust, Tag.posts).len(), session.handles(sql, Tag.posts)), (2, vec![posts[1]]));
    session.delete(rust).await.unwrap();
    session.commit().await.unwrap();
    let left: Post = select(Post).filter(Post.id.eq(2)).options(selectinload(Post.tags)).one(&engine).await.unwrap();
    assert_eq!(left.tags.iter().map(|tag| tag.word.as_str()).collect::<Vec<_>>(), ["sql"]);
}

#[tokio::test]
async fn a_bare_table_is_not_made_by_hand_as_well() {
    let table = orm::schema::Table::new("post_tags");
    let error = metadata![Post, Tag].table(table).tables().unwrap_err().to_string();
    let words = "the table `post_tags` is given twice: by `secondary(…)` of the model at tests/it/bare_tables.rs:";
    assert!(error.starts_with(words), "{error}");
}
