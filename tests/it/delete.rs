//! DELETE with subqueries and other tables.

use orm::Dialect::{MariaDb, MySql, Postgres};
use orm::prelude::*;
use orm::{ErrorKind, func, tuple};

use crate::support::{Address, Node, User, dialect, engine, two_users};

async fn emails(engine: &Engine) -> Vec<String> {
    select(Address.email).order_by(Address.id).all(engine).await.unwrap()
}

#[tokio::test]
async fn without_a_filter_every_row_goes() {
    let engine = engine().await;
    two_users(&engine).await;
    assert_eq!(delete(Address).execute(&engine).await.unwrap(), 3);
    assert!(emails(&engine).await.is_empty());
}

#[tokio::test]
async fn a_join_follows_a_relationship() {
    let engine = engine().await;
    two_users(&engine).await;
    let gone = delete(Address).join(Address.user).filter(User.name.eq("ed") & Address.id.gt(1)).execute(&engine).await;
    assert_eq!(gone.unwrap(), 1);
    assert_eq!(emails(&engine).await, ["ed@x.org", "wendy@x.org"]);
}

#[tokio::test]
async fn a_row_with_several_partners_goes_once() {
    let engine = engine().await;
    two_users(&engine).await;
    text("CREATE TABLE copies AS SELECT * FROM users").execute(&engine).await.unwrap();
    #[derive(Clone, Debug, Model)]
    #[orm(table = "copies", metadata = none)]
    struct Copy {
        #[orm(primary_key)]
        id: i64,
        name: String,
    }
    assert_eq!(delete(Copy).join_on(Address, Address.user_id.eq(Copy.id)).execute(&engine).await.unwrap(), 2);
}

#[tokio::test]
async fn a_table_that_is_mentioned_is_joined() {
    let engine = engine().await;
    two_users(&engine).await;
    let of_wendy = Address.user_id.eq(User.id) & User.name.eq("wendy");
    assert_eq!(delete(Address).filter(of_wendy).execute(&engine).await.unwrap(), 1);
    assert_eq!(emails(&engine).await, ["ed@x.org", "ed@y.org"]);
}

#[tokio::test]
async fn a_subquery_is_about_the_row_at_hand() {
    let engine = engine().await;
    two_users(&engine).await;
    let idle = func::exists(select(User.id).filter(User.id.eq(Address.user_id) & !User.active));
    assert_eq!(delete(Address).filter(idle).execute(&engine).await.unwrap(), 1);
    assert_eq!(delete(User).filter(!User.addresses.is_not_empty()).execute(&engine).await.unwrap(), 1);
    assert_eq!(select(User.name).all(&engine).await.unwrap(), ["ed"]);
}

#[tokio::test]
async fn an_alias_loses_rows() {
    let engine = engine().await;
    two_users(&engine).await;
    let mail = Address.alias("mail");
    assert_eq!(delete(mail).filter(mail.id.eq(1)).execute(&engine).await.unwrap(), 1);
    let gone = delete(mail).join_on(User, mail.user_id.eq(User.id)).filter(!User.active).execute(&engine).await;
    assert_eq!(gone.unwrap(), 1);
    assert_eq!(emails(&engine).await, ["ed@y.org"]);
}

#[tokio::test]
async fn a_table_is_joined_to_itself() {
    let engine = engine().await;
    let node = |id, name: &str, parent_id| Node {
        id,
        name: name.into(),
        parent_id,
        parent: BelongsTo::default(),
        children: HasMany::default(),
    };
    insert(Node)
        .values([node(1, "root", None), node(2, "a", Some(1)), node(3, "b", Some(1))])
        .execute(&engine)
        .await
        .unwrap();
    let parent = Node.alias("parent");
    let gone = delete(Node).join(Node.parent.of(parent)).filter(parent.name.eq("root")).execute(&engine).await.unwrap();
    assert_eq!(gone, 2);
    assert_eq!(select(Node.name).all(&engine).await.unwrap(), ["root"]);
}

#[tokio::test]
async fn order_and_limit_are_for_mysql() {
    let engine = engine().await;
    two_users(&engine).await;
    let gone = delete(Address).order_by(Address.id.desc()).limit(2).execute(&engine).await;
    match dialect() {
        MySql | MariaDb => {
            assert_eq!(gone.unwrap(), 2);
            assert_eq!(emails(&engine).await, ["ed@x.org"]);
        }
        _ => assert_eq!(gone.unwrap_err().kind(), &ErrorKind::Compile),
    }
}

#[tokio::test]
async fn returning_gives_what_has_gone() {
    let engine = engine().await;
    two_users(&engine).await;
    let rows = delete(Address).filter(Address.id.lt(3)).returning((Address.id, Address.email)).all(&engine).await;
    if dialect() == MySql {
        assert_eq!(rows.unwrap_err().kind(), &ErrorKind::Compile);
        return;
    }
    let mut rows = rows.unwrap();
    rows.sort();
    assert_eq!(rows, [(1, "ed@x.org".to_owned()), (2, "ed@y.org".to_owned())]);
    let last: Address = delete(Address).returning(Address).one(&engine).await.unwrap();
    assert_eq!((last.id, last.email.as_str()), (3, "wendy@x.org"));
}

#[tokio::test]
async fn returning_goes_with_a_join_where_the_database_can() {
    let engine = engine().await;
    two_users(&engine).await;
    let statement = || delete(Address).join(Address.user).filter(!User.active);
    let both = statement().returning((Address.email, User.name)).all(&engine).await;
    match dialect() {
        Postgres => assert_eq!(both.unwrap(), [("wendy@x.org".to_owned(), "wendy".to_owned())]),
        _ => assert_eq!(both.unwrap_err().kind(), &ErrorKind::Compile),
    }
    let own = statement().returning(Address.email).all(&engine).await;
    match dialect() {
        Postgres => assert_eq!(own.unwrap(), Vec::<String>::new()),
        MySql | MariaDb => assert_eq!(own.unwrap_err().kind(), &ErrorKind::Compile),
        _ => assert_eq!(own.unwrap(), ["wendy@x.org"]),
    }
}

#[tokio::test]
async fn rows_that_a_subquery_or_a_list_has_go() {
    let engine = engine().await;
    two_users(&engine).await;
    let before = emails(&engine).await;
    let owners = select((Address.user_id, func::count(Address.id))).group_by(Address.user_id).subquery("owners");
    let several = delete(Address).filter(owners.0.eq(Address.user_id) & owners.1.gt(1));
    let gone = several.execute(&engine).await.unwrap();
    assert!(gone > 1, "{before:?}");
    let list = orm::values("list", ["email"], [("wendy@x.org".to_owned(),), ("nobody".to_owned(),)]);
    assert_eq!(delete(Address).join_on(&list, list.0.eq(Address.email)).execute(&engine).await.unwrap(), 1);
    assert_eq!(emails(&engine).await.len() as u64, before.len() as u64 - gone - 1);
}

#[tokio::test]
async fn a_subquery_may_read_the_rows_that_go() {
    let engine = engine().await;
    two_users(&engine).await;
    let other = Address.alias("other");
    let gone = delete(Address).filter(Address.id.eq(select(func::max(other.id)).scalar_subquery()));
    assert_eq!(gone.execute(&engine).await.unwrap(), 1);
    assert_eq!(emails(&engine).await, ["ed@x.org", "ed@y.org"]);
    let gone = delete(Address)
        .filter(tuple((Address.id, Address.id)).in_(select((other.id, other.id)).filter(other.id.gt(1))));
    assert_eq!(gone.execute(&engine).await.unwrap(), 1);
    let of_ed = select(User.id).filter(User.id.in_(select(other.user_id)));
    assert_eq!(delete(Address).filter(Address.user_id.in_(of_ed)).execute(&engine).await.unwrap(), 1);
    assert!(emails(&engine).await.is_empty());
}

#[tokio::test]
async fn a_subquery_about_the_row_at_hand_sees_the_rows_that_have_gone() {
    let engine = engine().await;
    two_users(&engine).await;
    // Of each user the first address stays; each that goes has been seen by the one behind it.
    let rows = [(7, "ed@z.org"), (8, "ed@zz.org")];
    let rows =
        rows.map(|(id, email)| insert(Address).set(Address.id, id).set(Address.email, email).set(Address.user_id, 1));
    for row in rows {
        row.execute(&engine).await.unwrap();
    }
    let other = Address.alias("other");
    let before = select(func::max(other.id)).filter(other.id.lt(Address.id) & other.user_id.eq(Address.user_id));
    let is_behind = func::exists(select(other.id).filter(other.id.eq(before.scalar_subquery())));
    assert_eq!(delete(Address).filter(is_behind).execute(&engine).await.unwrap(), 3);
    assert_eq!(emails(&engine).await, ["ed@x.org", "wendy@x.org"]);
}

#[tokio::test]
async fn members_of_the_same_table_are_asked_for() {
    let engine = engine().await;
    let row =
        |id, parent_id: Option<i64>| insert(Node).set(Node.id, id).set(Node.name, "n").set(Node.parent_id, parent_id);
    for (id, parent) in [(1, None), (2, Some(1)), (3, Some(2))] {
        row(id, parent).execute(&engine).await.unwrap();
    }
    assert_eq!(delete(Node).filter(!Node.children.is_not_empty()).execute(&engine).await.unwrap(), 1);
    assert_eq!(select(Node.id).order_by(Node.id).all(&engine).await.unwrap(), [1, 2]);
    let mut session = Session::new(&engine);
    let other = Node.alias("other");
    let is_parent = Node.id.in_(select(func::coalesce(other.parent_id, 0)));
    assert!(session.get(Node, 2).await.unwrap().is_some());
    assert_eq!(session.execute(delete(Node).filter(!is_parent)).await.unwrap(), 1);
    session.commit().await.unwrap();
    assert_eq!(select(Node.id).all(&engine).await.unwrap(), [1]);
}

/// MariaDB 11 made such a table anew for each row that it came to, by when the rows before had gone: one of two was left.
#[tokio::test]
async fn groups_of_the_table_itself_are_those_of_before() {
    let engine = engine().await;
    two_users(&engine).await;
    let counts = || select((Address.user_id, func::count(Address.id))).group_by(Address.user_id).subquery("counts");
    let of_window = || {
        let count = func::count(Address.id).over(orm::window().partition_by(Address.user_id));
        select((Address.user_id, count)).subquery("counts")
    };
    let (joined, within, by_window) = (counts(), counts(), of_window());
    let any = func::exists(select(within.0).filter(within.0.eq(Address.user_id) & within.1.gt(1)));
    let statements = [
        delete(Address).filter(joined.0.eq(Address.user_id) & joined.1.gt(1)),
        delete(Address).filter(by_window.0.eq(Address.user_id) & by_window.1.gt(1)),
        delete(Address).filter(any),
    ];
    for statement in statements {
        let mut transaction = engine.begin().await.unwrap();
        let sql = statement.to_sql(dialect()).to_string();
        let gone = statement.execute(&mut transaction).await.unwrap();
        let left = select(Address.email).all(&mut transaction).await.unwrap();
        assert_eq!((gone, left), (2, vec!["wendy@x.org".to_owned()]), "{sql}");
        transaction.rollback().await.unwrap();
    }
    let moved = counts();
    let change = update(Address).set(Address.user_id, 2).filter(moved.0.eq(Address.user_id) & moved.1.gt(1));
    assert_eq!(change.execute(&engine).await.unwrap(), 2);
}
