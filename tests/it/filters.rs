//! Conditions that hold for every row of a model: wherever its table stands in a statement of a session.
//!
//! Of the two users `wendy` does not count, and of ed's two addresses `ed@y.org` does not.

use orm::prelude::*;
use orm::{
    Dialect, ErrorKind, Lock, ObjectState, SessionEvents, SessionMaker, StatementKind, contains_eager, joinedload,
    lazyload, optional, subqueryload,
};

use crate::only;
use crate::relationships::{SqlLog, echoing};
use crate::support::{Address, Keyword, Node, User, UserKeyword, dialect, engine, two_users};

/// A session in whose statements only some users and addresses count.
async fn narrowed() -> (Engine, Session) {
    let engine = engine().await;
    two_users(&engine).await;
    let events = SessionEvents::new().filter(User, User.active).filter(Address, Address.email.ne("ed@y.org"));
    let session = SessionMaker::new(&engine).events(events).session();
    (engine, session)
}

fn strings<const N: usize>(list: [&str; N]) -> Vec<String> {
    list.map(str::to_owned).to_vec()
}

// ------------------------------------------------------------------------------------------------------ in queries

#[tokio::test]
async fn a_filter_holds_in_subqueries_of_what_is_selected_and_of_conditions() {
    let (_, mut session) = narrowed().await;
    let count = select(func::count(Address.id)).filter(Address.user_id.eq(User.id)).scalar_subquery();
    assert_eq!(session.all(select((User.name, count))).await.unwrap(), [("ed".to_owned(), Some(1))]);
    let among = select(Keyword.word).filter(Keyword.id.in_(select(User.id)));
    session.add_all(["one", "two"].map(|word| Keyword::builder().word(word)));
    assert_eq!(session.all(among).await.unwrap(), ["one"]);
    let exists = select(Keyword.word).filter(func::exists(select(User.id).filter(User.id.eq(Keyword.id))));
    assert_eq!(session.all(exists).await.unwrap(), ["one"]);
    let without = select(Keyword.word).filter(!func::exists(select(User.id).filter(User.id.eq(Keyword.id))));
    assert_eq!(session.all(without).await.unwrap(), ["two"]);
    let most = select(Keyword.word).filter(Keyword.id.eq(select(func::max(User.id)).scalar_subquery()));
    assert_eq!(session.all(most).await.unwrap(), ["one"]);
    let ordered =
        select(func::count(User.id)).having(func::count(User.id).eq(select(func::count(User.id)).scalar_subquery()));
    assert_eq!(session.all(ordered).await.unwrap(), [1]);
}

#[tokio::test]
async fn a_filter_holds_in_derived_tables_ctes_and_sets() {
    let (_, mut session) = narrowed().await;
    let derived =
        select((Address.user_id, func::count(Address.id).label("total"))).group_by(Address.user_id).subquery("totals");
    let totals = select((derived.0, derived.1)).select_from(&derived).order_by(derived.0);
    assert_eq!(session.all(totals).await.unwrap(), [(1, 1), (2, 1)]);
    let cte = select((User.id, User.name)).cte("people");
    assert_eq!(session.all(select(cte.1).select_from(&cte)).await.unwrap(), ["ed"]);
    let whole = select(User).subquery("whole");
    let people = session.all(select(whole)).await.unwrap();
    assert_eq!(people.len(), 1);
    let both = select(User.name).union_all(select(Address.email));
    let mut both = session.all(both).await.unwrap();
    both.sort();
    assert_eq!(both, ["ed", "ed@x.org", "wendy@x.org"]);
    assert_eq!(session.query(User).count().await.unwrap(), 1);
    assert!(!session.query(User).filter(User.name.eq("wendy")).exists().await.unwrap());
}

#[tokio::test]
async fn a_filter_holds_in_every_step_of_a_recursive_cte() {
    let engine = engine().await;
    let mut session = Session::new(&engine);
    let hidden = Node::builder().name("hidden").children([Node::builder().name("below")]);
    session.add(Node::builder().name("root").children([hidden, Node::builder().name("seen")]));
    session.commit().await.unwrap();
    session.listen(SessionEvents::new().filter(Node, Node.name.ne("hidden")));
    let tree = select((Node.id, Node.name)).filter(Node.parent_id.is_null()).cte("tree");
    let tree = tree.union_all(|tree| select((Node.id, Node.name)).join_on(tree, Node.parent_id.eq(tree.0)));
    let names = select(tree.1).select_from(&tree).order_by(tree.0);
    assert_eq!(session.all(names).await.unwrap(), ["root", "seen"]);
}

#[tokio::test]
async fn a_filter_holds_for_aliases_alone_joined_and_correlated() {
    let (_, mut session) = narrowed().await;
    let other = User.alias("other");
    assert_eq!(session.all(select(other.name)).await.unwrap(), ["ed"]);
    let pairs = select((User.name, other.name)).join_on(other, other.id.ge(User.id));
    assert_eq!(session.all(pairs).await.unwrap(), [("ed".to_owned(), "ed".to_owned())]);
    let mail = Address.alias("mail");
    let has_later = func::exists(select(mail.id).filter(mail.user_id.eq(Address.user_id) & mail.id.gt(Address.id)));
    let emails = select(Address.email).filter(has_later);
    assert_eq!(session.all(emails).await.unwrap(), Vec::<String>::new(), "what is later does not count");
}

#[tokio::test]
async fn a_filter_holds_in_any_has_and_is_some() {
    let (engine, mut session) = narrowed().await;
    let y = select(User.name).filter(User.addresses.any(Address.email.eq("ed@y.org")));
    assert_eq!(session.all(y).await.unwrap(), Vec::<String>::new());
    let x = select(User.name).filter(User.addresses.any(Address.email.eq("ed@x.org")));
    assert_eq!(session.all(x).await.unwrap(), ["ed"]);
    let of_somebody = select(Address.email).filter(Address.user.is_some()).order_by(Address.id);
    assert_eq!(session.all(of_somebody).await.unwrap(), ["ed@x.org"]);
    let of_wendy = select(Address.email).filter(Address.user.has(User.name.eq("wendy")));
    assert_eq!(session.all(of_wendy).await.unwrap(), Vec::<String>::new());
    let of_nobody = select(Address.email).filter(Address.user.is_none());
    assert_eq!(session.all(of_nobody).await.unwrap(), ["wendy@x.org"]);
    assert_eq!(select(Address).filter(!Address.user.is_some()).count(&engine).await.unwrap(), 0, "without a session");
}

#[tokio::test]
async fn a_filter_holds_in_joins_and_keeps_the_rows_of_outer_ones() {
    let (_, mut session) = narrowed().await;
    let joined = select((User.name, Address.email)).join(User.addresses);
    assert_eq!(session.all(joined).await.unwrap(), [("ed".to_owned(), "ed@x.org".to_owned())]);
    let crossed = select((User.name, Address.email)).cross_join(Address).order_by(Address.id);
    let expected = [("ed", "ed@x.org"), ("ed", "wendy@x.org")].map(|(name, email)| (name.to_owned(), email.to_owned()));
    assert_eq!(session.all(crossed).await.unwrap(), expected);
    let inferred = select((User.name, Address.email)).join(Address);
    assert_eq!(session.all(inferred).await.unwrap().len(), 1);
    let along = select((Address.email, optional(User.name))).outerjoin(Address.user).order_by(Address.id);
    let left = [("ed@x.org".to_owned(), Some("ed".to_owned())), ("wendy@x.org".to_owned(), None)];
    assert_eq!(session.all(along).await.unwrap(), left, "the address stays, without its user");
    let on = select((Address.email, optional(User.name))).outerjoin_on(User, User.id.eq(Address.user_id));
    assert_eq!(session.all(on.order_by(Address.id)).await.unwrap(), left);
    let inferred = select((Address.email, optional(User.name))).outerjoin(User).order_by(Address.id);
    assert_eq!(session.all(inferred).await.unwrap(), left);
}

#[tokio::test]
async fn a_filter_on_what_a_right_or_full_join_keeps_is_refused() {
    let (_, mut session) = narrowed().await;
    let right = select((optional(User.name), Address.email)).right_join(User.addresses);
    let error = session.all(right).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(error.message(), "the condition on every `User` cannot be added to a RIGHT or FULL OUTER JOIN");
}

#[tokio::test]
async fn a_filter_on_an_association_model_takes_its_pairs_away() {
    let engine = engine().await;
    let mut session = Session::new(&engine);
    let words = session.add_all(["one", "two"].map(|word| Keyword::builder().word(word)));
    let ed = session.add(User::builder().name("ed"));
    for word in words {
        session.link(ed, User.keywords, word);
    }
    session.commit().await.unwrap();
    session.listen(SessionEvents::new().filter(UserKeyword, UserKeyword.keyword_id.ne(2)));
    let joined = select((User.name, Keyword.word)).join(User.keywords);
    assert_eq!(session.all(joined).await.unwrap(), [("ed".to_owned(), "one".to_owned())]);
    let outer = select((Keyword.word, optional(User.name))).outerjoin(Keyword.users).order_by(Keyword.id);
    let expected = [("one".to_owned(), Some("ed".to_owned())), ("two".to_owned(), None)];
    assert_eq!(session.all(outer).await.unwrap(), expected);
    let of_two = select(User.name).filter(User.keywords.any(Keyword.word.eq("two")));
    assert_eq!(session.all(of_two).await.unwrap(), Vec::<String>::new());
    for load in [selectinload(User.keywords), joinedload(User.keywords), subqueryload(User.keywords)] {
        session.expunge_all();
        let ed = session.query(User).options(load).one().await.unwrap();
        assert_eq!(session.handles(ed, User.keywords).len(), 1);
    }
}

// ------------------------------------------------------------------------------------------------- in relationships

#[tokio::test]
async fn a_filter_holds_in_relationships_however_they_are_loaded() {
    let (_, mut session) = narrowed().await;
    for load in [selectinload(User.addresses), joinedload(User.addresses), subqueryload(User.addresses)] {
        session.expunge_all();
        let ed = session.query(User).options(load).one().await.unwrap();
        let emails: Vec<String> =
            session.related(ed, User.addresses).map(|(_, address)| address.email.clone()).collect();
        assert_eq!(emails, ["ed@x.org"]);
    }
    session.expunge_all();
    let joined = session.query(User).join(User.addresses).options(contains_eager(User.addresses));
    let ed = joined.one().await.unwrap();
    assert_eq!(session.handles(ed, User.addresses).len(), 1);
    session.expunge_all();
    let ed = session.query(User).options(lazyload(User.addresses)).one().await.unwrap();
    session.load(ed, User.addresses).await.unwrap();
    assert_eq!(session.handles(ed, User.addresses).len(), 1);
    // The other way: the object of a key that does not count is not there.
    for load in [selectinload(Address.user), joinedload(Address.user), subqueryload(Address.user)] {
        session.expunge_all();
        let addresses = session.query(Address).order_by(Address.id).options(load).all().await.unwrap();
        let users: Vec<bool> = addresses.iter().map(|&address| session[address].user.handle().is_some()).collect();
        assert_eq!(users, [true, false]);
    }
}

#[tokio::test]
async fn a_filter_holds_two_levels_down_and_in_limited_queries() {
    let (_, mut session) = narrowed().await;
    let deep = selectinload(Address.user).joinedload(User.addresses);
    let first = session.query(Address).order_by(Address.id).limit(1).options(deep).one().await.unwrap();
    let user = session[first].user.handle().unwrap();
    assert_eq!(session.handles(user, User.addresses).len(), 1);
    session.expunge_all();
    let wrapped = session.query(User).order_by(User.id.desc()).limit(1).options(joinedload(User.addresses));
    let ed = wrapped.one().await.unwrap();
    assert_eq!((session[ed].name.as_str(), session.handles(ed, User.addresses).len()), ("ed", 1));
}

#[tokio::test]
async fn a_filter_holds_for_a_key_that_is_in_the_identity_map() {
    let (_, mut session) = narrowed().await;
    let quiet = session.query(Address).filter(Address.id.eq(1)).one().await.unwrap();
    let ed = session.get_one(User, 1).await.unwrap();
    session[ed].active = false;
    session.flush().await.unwrap();
    session.load(quiet, Address.user).await.unwrap();
    assert_eq!(session[quiet].user.handle(), None, "the row does not count any more");
    assert_eq!(session.get(User, 1).await.unwrap(), Some(ed), "`get` asks the identity map");
    assert_eq!(session.get(User, 2).await.unwrap(), None);
}

// --------------------------------------------------------------------------------------------------- in other statements

#[tokio::test]
async fn a_filter_holds_in_updates_and_deletes_in_their_subqueries_and_joined_tables() {
    let (engine, mut session) = narrowed().await;
    let everyone = session.query(User).all().await.unwrap();
    assert_eq!(session.execute(update(User).set(User.fullname, "changed")).await.unwrap(), 1);
    assert_eq!(session[everyone[0]].fullname.as_deref(), Some("changed"));
    let with_y = User.id.in_(select(Address.user_id).filter(Address.email.eq("ed@y.org")));
    assert_eq!(session.execute(update(User).set(User.fullname, "y").filter(with_y)).await.unwrap(), 0);
    let joined = update(User).set(User.fullname, "joined").join(User.addresses).filter(Address.email.eq("ed@y.org"));
    assert_eq!(session.execute(joined).await.unwrap(), 0);
    let mentioned = delete(Address).filter(Address.user_id.eq(User.id) & User.name.eq("wendy"));
    assert_eq!(session.execute(mentioned).await.unwrap(), 0);
    assert_eq!(session.execute(delete(Address)).await.unwrap(), 2);
    session.commit().await.unwrap();
    assert_eq!(select(Address.email).all(&engine).await.unwrap(), ["ed@y.org"]);
    let names = select(User.fullname).order_by(User.id).all(&engine).await.unwrap();
    assert_eq!(names, [Some("changed".to_owned()), None]);
}

#[tokio::test]
async fn a_filter_holds_in_what_an_insert_selects() {
    let (engine, mut session) = narrowed().await;
    session.execute(insert(Keyword).from_select(Keyword.word, select(User.name))).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Keyword.word).all(&engine).await.unwrap(), ["ed"]);
}

#[tokio::test]
async fn a_filter_holds_in_a_cte_that_writes() {
    only!(Postgres);
    let (engine, mut session) = narrowed().await;
    let changed = update(User).set(User.fullname, "changed").returning(User.name).cte("changed");
    assert_eq!(session.all(select(changed.0).select_from(&changed)).await.unwrap(), ["ed"]);
    session.commit().await.unwrap();
    assert_eq!(select(User.name).filter(User.fullname.eq("changed")).all(&engine).await.unwrap(), ["ed"]);
}

#[tokio::test]
async fn what_a_flush_writes_and_what_is_refreshed_is_not_filtered() {
    let (engine, mut session) = narrowed().await;
    let ed = session.get_one(User, 1).await.unwrap();
    session[ed].active = false;
    session.commit().await.unwrap();
    session[ed].fullname = Some("still there".into());
    session.refresh(ed).await.unwrap();
    session[ed].fullname = Some("written".into());
    session.commit().await.unwrap();
    assert_eq!(select(User.fullname).filter(User.id.eq(1)).one(&engine).await.unwrap().as_deref(), Some("written"));
}

// ------------------------------------------------------------------------------------------------------- what they say

#[tokio::test]
async fn the_condition_stands_behind_each_table() {
    let log = SqlLog::start();
    let engine = echoing().await;
    metadata![User, Address, Keyword, UserKeyword].create_all(&engine).await.unwrap();
    let events = SessionEvents::new().filter(User, User.active).filter(Address, Address.email.ne("x"));
    let mut session = SessionMaker::new(&engine).events(events).session();
    log.take();
    session.all(select(User.name)).await.unwrap();
    session.all(select((User.name, optional(Address.email))).outerjoin(User.addresses)).await.unwrap();
    session.all(select(User.name).filter(User.addresses.any(Address.id.gt(1)))).await.unwrap();
    let other = User.alias("other");
    session.all(select(Address.id).join(Address.user.of(other))).await.unwrap();
    session.execute(update(User).set(User.fullname, "x").filter(User.id.in_(select(Address.user_id)))).await.unwrap();
    let expected = [
        "SELECT users.name FROM users WHERE users.active",
        "SELECT users.name, addresses.email FROM users LEFT OUTER JOIN addresses \
         ON users.id = addresses.user_id AND addresses.email <> ? WHERE users.active",
        "SELECT users.name FROM users WHERE EXISTS (SELECT 1 FROM addresses WHERE users.id = addresses.user_id \
         AND addresses.id > ? AND addresses.email <> ?) AND users.active",
        "SELECT addresses.id FROM addresses JOIN users AS other ON addresses.user_id = other.id AND other.active \
         WHERE addresses.email <> ?",
        "UPDATE users SET fullname = ? WHERE users.id IN \
         (SELECT addresses.user_id FROM addresses WHERE addresses.email <> ?) AND users.active",
    ];
    let sent = log.take();
    match dialect() {
        Dialect::Sqlite => assert_eq!(
            sent.iter().map(|line| line.split(" -- ").next().unwrap_or_default()).collect::<Vec<_>>(),
            expected
        ),
        _ => assert_eq!(sent.len(), expected.len(), "{sent:?}"),
    }
}

#[tokio::test]
async fn a_condition_with_a_subquery_follows_an_alias_and_does_not_hold_in_itself() {
    let engine = engine().await;
    two_users(&engine).await;
    // Whoever has an address that counts, and who is not the last.
    let has_mail = func::exists(select(Address.id).filter(Address.user_id.eq(User.id)));
    let last = User.alias("last");
    let is_first = User.id.lt(select(func::max(last.id)));
    let events = SessionEvents::new().filter(User, has_mail & is_first).filter(Address, Address.email.ne("ed@y.org"));
    let mut session = SessionMaker::new(&engine).events(events).session();
    assert_eq!(session.all(select(User.name)).await.unwrap(), ["ed"]);
    let other = User.alias("other");
    assert_eq!(session.all(select(other.name)).await.unwrap(), ["ed"]);
    let mails = delete(Address).filter(Address.email.eq("ed@x.org"));
    assert_eq!(session.execute(mails).await.unwrap(), 1);
    assert_eq!(session.all(select(User.name)).await.unwrap(), strings([]), "the other address does not count");
}

#[tokio::test]
async fn a_condition_that_mentions_another_table_is_an_error_of_each_statement() {
    let engine = engine().await;
    let events = SessionEvents::new().filter(User, Address.user_id.eq(User.id));
    let mut session = SessionMaker::new(&engine).events(events).session();
    let error = session.query(User).all().await.unwrap_err();
    assert_eq!(error.message(), "the condition on every `User` mentions `addresses`, which is another table");
    assert_eq!(*error.kind(), ErrorKind::Argument);
}

#[tokio::test]
async fn text_is_out_of_reach_and_can_be_refused() {
    let (_, mut session) = narrowed().await;
    let names = || text("SELECT name FROM users ORDER BY id").columns::<String>();
    assert_eq!(names().all(&mut session).await.unwrap(), ["ed", "wendy"]);
    session.listen(SessionEvents::new().before_statement(|execution| match execution.kind() {
        StatementKind::Text => Err(Error::other("text goes by the filters")),
        _ => Ok(()),
    }));
    assert!(names().all(&mut session).await.unwrap_err().to_string().contains("text goes by the filters"));
    assert_eq!(session.query(User).count().await.unwrap(), 1);
}

// ------------------------------------------------------------------------------------------------------ what is merged

#[tokio::test]
async fn a_merged_value_does_not_take_a_row_that_is_hidden() {
    let (engine, mut session) = narrowed().await;
    let wendy = select(User.id).filter(User.name.eq("wendy")).one(&engine).await.unwrap();
    assert_eq!(session.get(User, wendy).await.unwrap(), None);
    session.merge(User::builder().id(wendy).name("mallory")).await.unwrap();
    let error = session.commit().await.unwrap_err();
    assert!(error.is_unique_violation(), "{error}");
    session.rollback().await.unwrap();
    let mut value = select(User).filter(User.id.eq(wendy)).one(&engine).await.unwrap();
    value.fullname = Some("Mallory".into());
    let error = session.bulk_update(User.fullname, [value]).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::StaleData, "{error}");
    session.rollback().await.unwrap();
    let rows = select((User.name, User.fullname)).filter(User.id.eq(wendy)).all(&engine).await.unwrap();
    assert_eq!(rows[0].0, "wendy");
    assert_ne!(rows[0].1.as_deref(), Some("Mallory"));
}

#[tokio::test]
async fn what_a_filter_has_hidden_of_a_detached_value_stays_when_that_is_merged() {
    let (engine, mut session) = narrowed().await;
    let query = session.query(User).options(selectinload(User.addresses)).filter(User.name.eq("ed"));
    let ed = query.one().await.unwrap();
    let value = session.detach(ed).unwrap();
    assert_eq!(value.addresses.len(), 1);
    let address = session.query(Address).options(selectinload(Address.user)).order_by(Address.id.desc()).first();
    let of_wendy = address.await.unwrap().unwrap();
    let hidden = session.detach(of_wendy).unwrap();
    assert_eq!(hidden.user.get().map(|user| user.id), None);
    let mut other = Session::new(&engine);
    other.merge(value).await.unwrap();
    other.merge(hidden).await.unwrap();
    other.commit().await.unwrap();
    let mails = select((Address.email, User.name)).join(Address.user).order_by(Address.id).all(&engine).await.unwrap();
    let expected = [("ed@x.org", "ed"), ("ed@y.org", "ed"), ("wendy@x.org", "wendy")];
    assert_eq!(mails, expected.map(|(mail, name)| (mail.to_owned(), name.to_owned())));
}

#[tokio::test]
async fn merge_of_a_hidden_row_is_told_of_the_filter() {
    let (_, mut session) = narrowed().await;
    session.merge(User::builder().id(2).name("Wendy").active(true)).await.unwrap();
    let error = session.commit().await.unwrap_err().to_string();
    assert!(error.contains("a filter of the session hides"), "{error}");
    assert!(error.contains("without the filter of `User`"), "{error}");
}

// ------------------------------------------------------------------------------------- what the session has, and is hidden

/// An object whose row a filter hides was taken for deleted, and what was changed in it was never written.
#[tokio::test]
async fn an_object_whose_row_is_hidden_stays_and_is_written() {
    for locks in [false, true] {
        let (engine, mut session) = narrowed().await;
        let ed = session.get_one(User, 1).await.unwrap();
        session[ed].active = false;
        match locks {
            true => session.flush().await.unwrap(),
            false => session.commit().await.unwrap(),
        }
        for _ in 0..2 {
            let found = match locks {
                true => session.get_for_update(User, 1).await.unwrap(),
                false => session.get(User, 1).await.unwrap(),
            };
            assert_eq!(found, None, "it does not count");
        }
        assert_eq!(session.state(ed).unwrap(), ObjectState::Persistent);
        session.refresh(ed).await.unwrap();
        session.refresh_locked(ed, Lock::update()).await.unwrap();
        session[ed].active = true;
        session[ed].fullname = Some("back".into());
        session.commit().await.unwrap();
        assert_eq!(session.get(User, 1).await.unwrap(), Some(ed));
        let row = select((User.active, User.fullname)).filter(User.id.eq(1)).one(&engine).await.unwrap();
        assert_eq!(row, (true, Some("back".to_owned())));
    }
}

#[tokio::test]
async fn a_filter_of_another_model_hides_nothing() {
    let (engine, mut session) = narrowed().await;
    let word = session.add(Keyword::builder().word("word"));
    session.commit().await.unwrap();
    delete(Keyword).execute(&engine).await.unwrap();
    assert_eq!(session.get(Keyword, 1).await.unwrap(), None);
    assert_eq!(session.state(word).unwrap(), ObjectState::Deleted);
    session.rollback().await.unwrap();

    let word = session.add(Keyword::builder().word("word"));
    session.commit().await.unwrap();
    session.listen(SessionEvents::new().before_statement(|execution| execution.filter(Keyword, Keyword.id.lt(0))));
    let id = session[word].id;
    assert_eq!(session.get(Keyword, id).await.unwrap(), None);
    assert_eq!(session.state(word).unwrap(), ObjectState::Persistent, "a listener hides it");
}

/// Such a value became a second object, whose INSERT was refused.
#[tokio::test]
async fn a_merged_value_is_the_object_that_the_session_has_of_a_hidden_row() {
    let (engine, mut session) = narrowed().await;
    let ed = session.get_one(User, 1).await.unwrap();
    session[ed].active = false;
    session.commit().await.unwrap();
    let merged = session.merge(User::builder().id(1).name("edward").active(true)).await.unwrap();
    assert_eq!(merged, ed);
    session.commit().await.unwrap();
    let row = select((User.name, User.active)).filter(User.id.eq(1)).one(&engine).await.unwrap();
    assert_eq!(row, ("edward".to_owned(), true));
}
