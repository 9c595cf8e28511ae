//! Conditions that hold for every row of a model in one query, and in what is loaded with it.
//!
//! Of the two users `wendy` does not count, and of ed's two addresses `ed@y.org` does not.

use orm::prelude::*;
use orm::{ErrorKind, SessionEvents, SessionMaker, subqueryload};

use crate::support::{Address, Node, User, emails, engine, session, strategies, tree, two_users};

fn narrowed() -> Select<User> {
    select(User).with_loader_criteria(User, User.active).with_loader_criteria(Address, Address.email.ne("ed@y.org"))
}

#[tokio::test]
async fn it_holds_wherever_the_table_stands_in_the_query() {
    let engine = engine().await;
    two_users(&engine).await;
    let names = async |query: Select<User>| {
        let users = query.order_by(User.id).all(&engine).await.unwrap();
        users.into_iter().map(|user| user.name).collect::<Vec<_>>()
    };
    assert_eq!(names(narrowed()).await, ["ed"]);
    let of_address = |email: &str| User.addresses.any(Address.email.eq(email));
    assert_eq!(names(narrowed().filter(of_address("ed@x.org"))).await, ["ed"]);
    assert!(names(narrowed().filter(of_address("ed@y.org"))).await.is_empty());
    assert_eq!(narrowed().join(User.addresses).count(&engine).await.unwrap(), 1);
    let with_none = select(User).with_loader_criteria(Address, Address.email.like("nobody%"));
    assert_eq!(
        with_none.outerjoin(User.addresses).all(&engine).await.unwrap().len(),
        2,
        "an outer join keeps its rows"
    );
    let other = User.alias("other");
    let pairs = select((User.name, other.name)).with_loader_criteria(User, User.active).join_on(other, other.id.ge(0));
    assert_eq!(pairs.all(&engine).await.unwrap(), [("ed".to_owned(), "ed".to_owned())], "aliases too");
    // Inside of another query it goes along.
    let people = narrowed().subquery("people");
    assert_eq!(select(people).all(&engine).await.unwrap().len(), 1);
    let both = select(User.name).with_loader_criteria(User, User.active).union_all(select(User.name));
    assert_eq!(both.all(&engine).await.unwrap().len(), 3, "of its own member of a set");
}

#[tokio::test]
async fn it_holds_in_what_is_loaded_with_the_query() {
    let engine = engine().await;
    two_users(&engine).await;
    for strategy in strategies(User.addresses) {
        let users = narrowed().options(strategy.clone()).all(&engine).await.unwrap();
        assert_eq!((users.len(), emails(&users[0])), (1, vec!["ed@x.org"]));
        let mut session = Session::new(&engine);
        let [ed] = narrowed().options(strategy).all(&mut session).await.unwrap()[..] else { panic!("one user") };
        let loaded: Vec<&str> = session.related(ed, User.addresses).map(|(_, address)| &*address.email).collect();
        assert_eq!(loaded, ["ed@x.org"]);
    }
    // Members that are found by their keys.
    for strategy in strategies(Address.user) {
        let query = select(Address).with_loader_criteria(User, User.active).options(strategy).order_by(Address.id);
        let addresses = query.all(&engine).await.unwrap();
        let users: Vec<Option<&str>> =
            addresses.iter().map(|address| address.user.get().map(|user| &*user.name)).collect();
        assert_eq!(users, [Some("ed"), Some("ed"), None]);
    }
    let mut session = Session::new(&engine);
    session.query(User).all().await.unwrap();
    let query = session.query(Address).with_loader_criteria(User, User.active).options(selectinload(Address.user));
    let addresses = query.order_by(Address.id).all().await.unwrap();
    let users: Vec<bool> = addresses.iter().map(|&address| session[address].user.handle().is_some()).collect();
    assert_eq!(users, [true, true, false], "also where the session knows the object");
}

#[tokio::test]
async fn it_holds_at_every_depth_of_a_tree() {
    let engine = engine().await;
    tree(&engine).await;
    let few = select(Node).with_loader_criteria(Node, Node.name.ne("a")).filter(Node.name.eq("root"));
    let roots = few.options(selectinload(Node.children).recursive(3)).all(&engine).await.unwrap();
    let [b] = roots[0].children.get() else { panic!("one branch") };
    let leaves: Vec<&str> = b.children.iter().map(|leaf| &*leaf.name).collect();
    assert_eq!((&*b.name, leaves), ("b", vec!["b1", "b2"]));
}

#[tokio::test]
async fn members_that_it_leaves_out_are_neither_removed_nor_orphans() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let [ed] = narrowed().options(selectinload(User.addresses)).all(&mut session).await.unwrap()[..] else {
        panic!("one user")
    };
    session[ed].addresses.push(Address::builder().email("ed@z.org"));
    session[ed].fullname = None;
    session.commit().await.unwrap();
    let left = select(Address.email).filter(Address.user_id.eq(1)).order_by(Address.id).all(&engine).await.unwrap();
    assert_eq!(left, ["ed@x.org", "ed@y.org", "ed@z.org"]);
}

#[tokio::test]
async fn it_is_added_to_what_a_session_says() {
    let engine = engine().await;
    two_users(&engine).await;
    let events = SessionEvents::new().filter(User, User.active);
    let mut session = SessionMaker::new(&engine).events(events).session();
    let own = |email: &'static str| select(User).with_loader_criteria(Address, Address.email.eq(email));
    let in_both = own("wendy@x.org").options(subqueryload(User.addresses)).all(&mut session).await.unwrap();
    assert_eq!(in_both.len(), 1, "wendy is not active");
    assert_eq!(session.handles(in_both[0], User.addresses).len(), 0);
    let within = select(Address.email)
        .filter(Address.user_id.in_(select(User.id).with_loader_criteria(Address, Address.email.eq("x"))))
        .order_by(Address.id);
    assert_eq!(
        session.all(within).await.unwrap(),
        ["ed@x.org", "ed@y.org"],
        "in a query of its own within another too"
    );
    assert_eq!(own("x").count(&engine).await.unwrap(), 2);
}

#[tokio::test]
async fn what_cannot_be_such_a_condition_is_an_error() {
    let engine = engine().await;
    let error = select(User).with_loader_criteria(User, Address.id.gt(1)).all(&engine).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Argument);
    assert_eq!(error.message(), "the condition on every `User` mentions `addresses`, which is another table");
}
