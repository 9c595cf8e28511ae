//! UPDATE with expressions, subqueries and other tables.

use orm::Dialect::{MariaDb, MySql, Postgres};
use orm::prelude::*;
use orm::{ErrorKind, excluded, func};

use crate::support::{Address, Keyword, Node, User, UserKeyword, dialect, empty_engine, engine, expected, two_users};

async fn fullnames(engine: &Engine) -> Vec<Option<String>> {
    select(User.fullname).order_by(User.id).all(engine).await.unwrap()
}

/// A root with two children, one of which has a child.
async fn tree() -> Engine {
    let engine = engine().await;
    let node = |id, name: &str, parent_id| Node {
        id,
        name: name.into(),
        parent_id,
        parent: BelongsTo::default(),
        children: HasMany::default(),
    };
    let rows = [node(1, "root", None), node(2, "a", Some(1)), node(3, "b", Some(1)), node(4, "aa", Some(2))];
    insert(Node).values(rows).execute(&engine).await.unwrap();
    engine
}

async fn names(engine: &Engine) -> Vec<String> {
    select(Node.name).order_by(Node.id).all(engine).await.unwrap()
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "notes", metadata = none)]
struct Note {
    #[orm(primary_key)]
    id: i64,
    text: String,
    #[orm(on_update = 5)]
    changed: i64,
}

#[tokio::test]
async fn a_column_of_on_update_is_set_as_well() {
    let engine = empty_engine().await;
    metadata![Note].create_all(&engine).await.unwrap();
    insert(Note).values(Note { id: 1, text: "a".into(), changed: 0 }).execute(&engine).await.unwrap();
    update(Note).set(Note.text, "b").execute(&engine).await.unwrap();
    assert_eq!(select(Note).one(&engine).await.unwrap(), Note { id: 1, text: "b".into(), changed: 5 });
    update(Note).set(Note.changed, 9).execute(&engine).await.unwrap();
    assert_eq!(select(Note.changed).one(&engine).await.unwrap(), 9);
}

#[tokio::test]
async fn a_join_takes_values_of_another_table() {
    let engine = engine().await;
    two_users(&engine).await;
    let changed = update(User)
        .join(User.addresses)
        .set(User.fullname, Address.email)
        .filter(Address.email.like("%@y.org"))
        .execute(&engine)
        .await
        .unwrap();
    assert_eq!(changed, 1);
    assert_eq!(fullnames(&engine).await, [Some("ed@y.org".to_owned()), None]);
}

#[tokio::test]
async fn a_table_that_is_mentioned_is_joined() {
    let engine = engine().await;
    two_users(&engine).await;
    let statement = update(User).set(User.fullname, Address.email);
    statement.filter(Address.user_id.eq(User.id) & User.name.eq("wendy")).execute(&engine).await.unwrap();
    assert_eq!(fullnames(&engine).await, [Some("Ed Jones".to_owned()), Some("wendy@x.org".to_owned())]);
}

#[tokio::test]
async fn a_join_goes_over_an_association_table() {
    let engine = engine().await;
    two_users(&engine).await;
    let word = Keyword { id: 1, word: "red".into(), users: ManyToMany::default() };
    insert(Keyword).values(word).execute(&engine).await.unwrap();
    insert(UserKeyword).values(UserKeyword { user_id: 2, keyword_id: 1 }).execute(&engine).await.unwrap();
    let changed = update(User).join(User.keywords).set(User.fullname, Keyword.word).execute(&engine).await.unwrap();
    assert_eq!(changed, 1);
    assert_eq!(fullnames(&engine).await, [Some("Ed Jones".to_owned()), Some("red".to_owned())]);
}

#[tokio::test]
async fn a_table_is_joined_to_itself_by_an_alias() {
    let engine = tree().await;
    let parent = Node.alias("parent");
    let changed = update(Node)
        .join(Node.parent.of(parent))
        .set(Node.name, parent.name.concat(Node.name))
        .execute(&engine)
        .await
        .unwrap();
    assert_eq!(changed, 3);
    assert_eq!(names(&engine).await, ["root", "roota", "rootb", "aaa"]);
}

#[tokio::test]
async fn an_alias_is_changed() {
    let engine = tree().await;
    let child = Node.alias("child");
    update(child).set(child.name, "x").filter(child.id.eq(4)).execute(&engine).await.unwrap();
    update(child)
        .join_on(Node, child.parent_id.eq(Node.id))
        .set(child.name, Node.name)
        .filter(Node.id.eq(1))
        .execute(&engine)
        .await
        .unwrap();
    assert_eq!(names(&engine).await, ["root", "root", "root", "x"]);
}

#[tokio::test]
async fn a_subquery_is_about_the_row_at_hand() {
    let engine = engine().await;
    two_users(&engine).await;
    let mail = select(func::max(Address.email)).filter(Address.user_id.eq(User.id));
    update(User).set(User.fullname, mail).execute(&engine).await.unwrap();
    assert_eq!(fullnames(&engine).await, [Some("ed@y.org".to_owned()), Some("wendy@x.org".to_owned())]);
    let two = func::exists(select(Address.id).filter(Address.user_id.eq(User.id) & Address.email.like("%y.org")));
    assert_eq!(update(User).set(User.fullname, "two").filter(two).execute(&engine).await.unwrap(), 1);
    let x = User.addresses.any(Address.email.like("wendy%"));
    assert_eq!(update(User).set(User.fullname, "one").filter(x).execute(&engine).await.unwrap(), 1);
    assert_eq!(fullnames(&engine).await, [Some("two".to_owned()), Some("one".to_owned())]);
}

#[tokio::test]
async fn order_and_limit_are_for_mysql_and_a_subquery_for_others() {
    let engine = tree().await;
    let limited = update(Node).set(Node.name, "x").order_by(Node.id.desc()).limit(2).execute(&engine).await;
    match dialect() {
        MySql | MariaDb => assert_eq!(limited.unwrap(), 2),
        _ => {
            assert_eq!(limited.unwrap_err().kind(), &ErrorKind::Compile);
            let last = select(Node.id).order_by(Node.id.desc()).limit(2);
            assert_eq!(update(Node).set(Node.name, "x").filter(Node.id.in_(last)).execute(&engine).await.unwrap(), 2);
        }
    }
    assert_eq!(names(&engine).await, ["root", "a", "x", "x"]);
}

#[tokio::test]
async fn returning_gives_rows_as_they_are_afterwards() {
    let engine = tree().await;
    let rows =
        update(Node).set(Node.name, func::upper(Node.name)).filter(Node.id.gt(2)).returning((Node.id, Node.name));
    let rows = rows.all(&engine).await;
    if matches!(dialect(), MySql | MariaDb) {
        assert_eq!(rows.unwrap_err().kind(), &ErrorKind::Compile);
        assert_eq!(names(&engine).await, ["root", "a", "b", "aa"]);
        return;
    }
    let mut rows = rows.unwrap();
    rows.sort();
    assert_eq!(rows, [(3, "B".to_owned()), (4, "AA".to_owned())]);
    let root: Node = update(Node).set(Node.name, "r").filter(Node.id.eq(1)).returning(Node).one(&engine).await.unwrap();
    assert_eq!((root.id, root.name.as_str(), root.parent_id), (1, "r", None));
}

#[tokio::test]
async fn returning_goes_with_a_join() {
    crate::only!(Sqlite | Postgres);
    let engine = engine().await;
    two_users(&engine).await;
    let statement = || update(User).join(User.addresses).set(User.fullname, Address.email).filter(Address.id.eq(3));
    assert_eq!(
        statement().returning((User.id, User.fullname)).one(&engine).await.unwrap(),
        (2, Some("wendy@x.org".into()))
    );
    let both = statement().returning((User.name, Address.email)).one(&engine).await;
    match dialect() {
        Postgres => assert_eq!(both.unwrap(), ("wendy".to_owned(), "wendy@x.org".to_owned())),
        _ => assert_eq!(both.unwrap_err().kind(), &ErrorKind::Compile),
    }
}

#[tokio::test]
async fn values_of_a_subquery_and_of_a_list_are_taken() {
    let engine = engine().await;
    two_users(&engine).await;
    let last =
        select((Address.user_id, func::max(Address.email).label("email"))).group_by(Address.user_id).subquery("last");
    update(User).set(User.fullname, last.1).filter(last.0.eq(User.id)).execute(&engine).await.unwrap();
    assert_eq!(fullnames(&engine).await, [Some("ed@y.org".to_owned()), Some("wendy@x.org".to_owned())]);

    let names = orm::values("names", ["id", "name"], [(1i64, "one".to_owned()), (2, "two".to_owned())]);
    let mut session = Session::new(&engine);
    let ed = session.get_one(User, 1).await.unwrap();
    let change = update(User).set(User.fullname, names.1).join_on(&names, names.0.eq(User.id)).filter(names.0.lt(2));
    assert_eq!(session.execute(change).await.unwrap(), 1);
    session.refresh(ed).await.unwrap();
    assert_eq!(session[ed].fullname.as_deref(), Some("one"));
    session.commit().await.unwrap();
    assert_eq!(fullnames(&engine).await, [Some("one".to_owned()), Some("wendy@x.org".to_owned())]);

    let few = select(User.id).order_by(User.id).limit(1).cte("few");
    let change = update(User).set(User.fullname, "few").filter(few.0.eq(User.id));
    match dialect() {
        MariaDb => assert!(change.execute(&engine).await.unwrap_err().to_string().contains("WITH before UPDATE")),
        _ => assert_eq!(change.execute(&engine).await.unwrap(), 1),
    }
}

#[tokio::test]
async fn columns_of_several_tables_are_set_where_the_database_can() {
    let engine = engine().await;
    two_users(&engine).await;
    let mut session = Session::new(&engine);
    let users = session.all(select(User).order_by(User.id)).await.unwrap();
    let addresses = session.all(select(Address).order_by(Address.id)).await.unwrap();
    let closed = update(User).set(User.active, false).set_joined(Address.email, User.name.concat("@gone"));
    let closed = session.execute(closed.join(User.addresses).filter(User.id.eq(1))).await;
    if !matches!(dialect(), MySql | MariaDb) {
        let expected = format!("UPDATE of columns of several tables is not supported on dialect {}", dialect());
        assert_eq!(closed.unwrap_err().message(), expected);
        return;
    }
    assert_eq!(closed.unwrap(), 3, "a user and two addresses");
    session.all(select(Address)).await.unwrap();
    session.all(select(User)).await.unwrap();
    assert!(!session[users[0]].active);
    let mails: Vec<&str> = addresses.iter().map(|&address| session[address].email.as_str()).collect();
    assert_eq!(mails, ["ed@gone", "ed@gone", "wendy@x.org"], "objects of the other table follow as well");
}

/// Two numbers that trade places.
#[derive(Clone, Debug, Model)]
#[orm(table = "swaps", metadata = none)]
struct Swap {
    #[orm(primary_key, autoincrement = false)]
    id: i64,
    left: i64,
    right: i64,
}

#[tokio::test]
async fn assignments_do_not_see_each_other() {
    let engine = empty_engine().await;
    metadata![Swap].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let swap = session.add(Swap { id: 1, left: 1, right: 2 });
    session.commit().await.unwrap();
    session.get_one(Swap, 1).await.unwrap();
    let swapped = session.execute(update(Swap).set(Swap.left, Swap.right).set(Swap.right, Swap.left)).await;
    if dialect() == MySql {
        // It has no order for this.
        let error = swapped.unwrap_err();
        let message = "the columns `left`, `right` are set to expressions of one another, ";
        assert!(error.message().starts_with(message) && *error.kind() == ErrorKind::Compile, "{error}");
        session.execute(update(Swap).set(Swap.right, 1).set(Swap.left, Swap.right)).await.unwrap();
    } else {
        swapped.unwrap();
    }
    session.get_one(Swap, 1).await.unwrap();
    assert_eq!((session[swap].left, session[swap].right), (2, 1));
    let upsert = insert(Swap)
        .values(Swap { id: 1, left: 5, right: 6 })
        .on_conflict(Swap.id)
        .set(Swap.left, Swap.right)
        .set(Swap.right, Swap.left)
        .do_update(());
    let swapped = session.execute(upsert).await;
    assert_eq!(swapped.is_err(), dialect() == MySql);
    let upsert = insert(Swap).values(Swap { id: 1, left: 5, right: 6 });
    let upsert = upsert.on_conflict(Swap.id).set(Swap.right, 7).set(Swap.left, Swap.right + excluded(Swap.right));
    session.execute(upsert.do_update(())).await.unwrap();
    session.commit().await.unwrap();
    let right = expected(2, [(MySql, 1, "nothing was swapped")]);
    assert_eq!(select((Swap.left, Swap.right)).one(&engine).await.unwrap(), (right + 6, 7));
}

#[tokio::test]
async fn a_subquery_may_read_the_rows_that_change() {
    let engine = tree().await;
    let other = Node.alias("other");
    let parents = select(func::coalesce(other.parent_id, 0));
    assert_eq!(update(Node).set(Node.name, "leaf").filter(!Node.id.in_(parents)).execute(&engine).await.unwrap(), 2);
    assert_eq!(names(&engine).await, ["root", "a", "leaf", "leaf"]);
    let first = select(other.name).filter(other.id.eq(1)).scalar_subquery();
    let changed = update(Node).set(Node.name, func::coalesce(first, "")).filter(Node.id.gt(2));
    assert_eq!(changed.execute(&engine).await.unwrap(), 2);
    assert_eq!(names(&engine).await, ["root", "a", "root", "root"]);
    // Each sees the others as they were.
    let has_root = func::exists(select(other.id).filter(other.id.eq(Node.id - 1) & other.name.eq("root")));
    assert_eq!(update(Node).set(Node.name, "root").filter(has_root).execute(&engine).await.unwrap(), 2);
    assert_eq!(names(&engine).await, ["root", "root", "root", "root"]);
    let mut session = Session::new(&engine);
    let mine = session.get(Node, 4).await.unwrap().unwrap();
    let last = Node.id.eq(select(func::max(other.id)).scalar_subquery());
    assert_eq!(session.execute(update(Node).set(Node.name, "last").filter(last)).await.unwrap(), 1);
    session.refresh(mine).await.unwrap();
    assert_eq!(session[mine].name, "last");
    session.commit().await.unwrap();
}

#[tokio::test]
async fn a_value_may_come_from_other_rows_of_the_table() {
    let engine = tree().await;
    let parent = Node.alias("parent");
    let of_parent = select(parent.name).filter(parent.id.eq(Node.parent_id)).scalar_subquery();
    // SQLite would see the rows that it has set before.
    let leaves = update(Node).set(Node.name, func::coalesce(of_parent, "none")).filter(Node.id.gt(2));
    let done = leaves.execute(&engine).await;
    if dialect() == MySql {
        let error = done.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Compile);
        assert!(error.to_string().contains("over the table that is written"), "{error}");
        return;
    }
    done.unwrap();
    assert_eq!(names(&engine).await, ["root", "a", "root", "a"]);
}
