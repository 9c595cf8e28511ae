//! Sessions over several engines, over a connection that is lent to them, and sessions of a scope.

use std::sync::{Arc, Mutex};

use orm::prelude::*;
use orm::{Dialect, ErrorKind, JoinMode, ObjectState, ScopedSession, SessionMaker, StatementKind};

use crate::faults::kill;
use crate::support::{Address, Keyword, Node, User, engine, two_users};
use crate::{assert_statements, only};

#[tokio::test]
async fn models_go_to_engines_of_their_own() {
    let (main, words) = (engine().await, engine().await);
    let mut session = SessionMaker::new(&main).bind(Keyword, &words).session();
    session.add(User::builder().name("ed"));
    let word = session.add(Keyword::builder().word("rust"));
    session.flush().await.unwrap();
    assert_eq!(session.query(Keyword).all().await.unwrap(), [word], "within the transaction");
    session.commit().await.unwrap();
    assert_eq!((select(User).count(&main).await.unwrap(), select(Keyword).count(&main).await.unwrap()), (1, 0));
    assert_eq!((select(User).count(&words).await.unwrap(), select(Keyword).count(&words).await.unwrap()), (0, 1));

    session[word].word = "sql".into();
    session.add(User::builder().name("wendy"));
    session.flush().await.unwrap();
    session.rollback().await.unwrap();
    assert_eq!(select(Keyword.word).one(&words).await.unwrap(), "rust");
    assert_eq!(select(User).count(&main).await.unwrap(), 1);
    session.delete(word).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Keyword).count(&words).await.unwrap(), 0);
}

#[tokio::test]
async fn a_savepoint_is_on_every_engine_also_on_one_that_comes_later() {
    let (main, words) = (engine().await, engine().await);
    let mut session = SessionMaker::new(&main).bind(Keyword, &words).session();
    session.add(User::builder().name("ed"));
    let mut inner = session.begin_nested().await.unwrap();
    inner.add(Keyword::builder().word("undone"));
    inner.add(User::builder().name("undone"));
    inner.flush().await.unwrap();
    inner.rollback().await.unwrap();
    session.add(Keyword::builder().word("kept"));
    session.commit().await.unwrap();
    assert_eq!(select(User.name).all(&main).await.unwrap(), ["ed"]);
    assert_eq!(select(Keyword.word).all(&words).await.unwrap(), ["kept"]);
}

#[tokio::test]
async fn relationships_to_another_engine_are_loaded_after_the_query() {
    let (main, other) = (engine().await, engine().await);
    two_users(&main).await;
    two_users(&other).await;
    let mut session = SessionMaker::new(&main).bind(Address, &other).session();
    let error = session.query(User).options(selectinload(User.addresses)).all().await.unwrap_err();
    assert_eq!(error.message(), "relationship `User.addresses` leads to a model of another engine");
    let ed = session.get_one(User, 1).await.unwrap();
    let before = other.statement_count();
    session.load(ed, User.addresses).await.unwrap();
    assert_eq!((session.handles(ed, User.addresses).len(), other.statement_count() - before), (2, 1));
}

#[tokio::test]
async fn a_statement_takes_no_table_of_another_engine() {
    let (main, other) = (engine().await, engine().await);
    two_users(&main).await;
    let sessions = SessionMaker::new(&main).bind(Address, &other);
    let mut session = sessions.session();
    let far = "relationship `User.addresses` leads to a model of another engine";
    let error = session.all(select(User).filter(User.addresses.any(Address.id.eq(1)))).await.unwrap_err();
    assert_eq!(error.message(), far);
    let error = session.all(select((User.name, Address.email)).join(User.addresses)).await.unwrap_err();
    assert_eq!(error.message(), far);
    assert_eq!(session.query(User).join(User.addresses).count().await.unwrap_err().message(), far);
    let update = update(Address).set(Address.email, "x").filter(Address.user.has(User.name.eq("ed")));
    let error = session.execute(update).await.unwrap_err();
    assert_eq!(error.message(), "relationship `Address.user` leads to a model of another engine");
    let taken = "the statement takes `Address`, a model of another engine";
    let owners = || select(Address.user_id);
    for query in [
        select(User.id).filter(User.id.in_(owners())),
        select(User.id).union(owners()),
        select(User.id).join_on(owners().subquery("owners"), orm::literal(true).eq(true)),
        select(User.id).join_on(owners().cte("owners"), orm::literal(true).eq(true)),
        select(User.id).join_on(Address, Address.user_id.eq(User.id)),
        select(User.id).order_by(owners().limit(1).scalar_subquery()),
    ] {
        assert_eq!(session.all(query).await.unwrap_err().message(), taken);
    }
    let copied = insert(User).from_select(User.name, select(Address.email));
    assert_eq!(session.execute(copied).await.unwrap_err().message(), taken);
    assert_eq!(session.execute(delete(User).filter(User.id.in_(owners()))).await.unwrap_err().message(), taken);

    // What is bound where everything else goes is not elsewhere, whether that has replicas or not.
    let mut session = SessionMaker::new(&main).replicas([&other]).bind(Address, &main).session();
    assert_eq!(session.query(User).join(User.addresses).count().await.unwrap(), 0, "of the replica");
    let mut session = Session::join(main.connect().await.unwrap(), JoinMode::RollbackOnly);
    session.bind(Address, &other);
    assert_eq!(session.query(User).join(User.addresses).count().await.unwrap(), 3, "it has one connection");
}

#[tokio::test]
async fn reads_go_to_a_replica_until_the_session_writes() {
    let (primary, replica) = (engine().await, engine().await);
    two_users(&replica).await;
    let sessions = SessionMaker::new(&primary).replicas([&replica]);
    let mut session = sessions.session();
    assert_statements!(primary, 0, assert_eq!(session.query(User).count().await.unwrap(), 2));
    // What it has written it sees.
    session.add(User::builder().name("new"));
    assert_eq!(session.query(User).filter(User.name.eq("new")).count().await.unwrap(), 1);
    session.commit().await.unwrap();
    assert_eq!(session.query(User).count().await.unwrap(), 2, "the replica again");
    assert_eq!(select(User.name).all(&primary).await.unwrap(), ["new"]);
}

#[tokio::test]
async fn sessions_take_replicas_in_turn() {
    let (primary, one, two) = (engine().await, engine().await, engine().await);
    let sessions = SessionMaker::new(&primary).replicas([&one, &two]);
    let before = (one.statement_count(), two.statement_count());
    for _ in 0..4 {
        sessions.session().query(User).count().await.unwrap();
    }
    assert_eq!((one.statement_count() - before.0, two.statement_count() - before.1), (2, 2));
}

#[tokio::test]
async fn the_connection_of_a_session_is_that_of_the_primary_which_it_reads_from_afterwards() {
    let (primary, replica) = (engine().await, engine().await);
    let sessions = SessionMaker::new(&primary).replicas([&replica]);
    let mut session = sessions.session();
    session.begin().await.unwrap();
    assert_eq!(session.query(User).count().await.unwrap(), 0);
    let new = insert(User).values(User::builder().name("new"));
    new.execute(session.connection().await.unwrap()).await.unwrap();
    assert_eq!(session.query(User).count().await.unwrap(), 1);
    session.commit().await.unwrap();
    assert_eq!((select(User).count(&primary).await.unwrap(), select(User).count(&replica).await.unwrap()), (1, 0));
}

#[tokio::test]
async fn what_is_merged_or_deleted_is_read_from_the_primary() {
    let (primary, replica) = (engine().await, engine().await);
    two_users(&primary).await;
    insert(User).values(User::builder().id(2).name("wendy")).execute(&replica).await.unwrap();
    let sessions = SessionMaker::new(&primary).replicas([&replica]);
    // The replica lacks this one, and the addresses of the other.
    let mut session = sessions.session();
    let address = Address::builder().email("edward@x.org");
    session.merge(User::builder().id(1).name("edward").addresses([address])).await.unwrap();
    session.commit().await.unwrap();
    let mut session = sessions.session();
    let wendy = session.get_one(User, 2).await.unwrap();
    session.delete(wendy).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(User.name).all(&primary).await.unwrap(), ["edward"]);
    assert_eq!(select(Address.email).all(&primary).await.unwrap(), ["edward@x.org"]);
}

#[tokio::test]
async fn members_that_lose_a_deleted_owner_are_read_from_the_primary() {
    let (primary, replica) = (engine().await, engine().await);
    let root = || Node::builder().id(1).name("root");
    insert(Node).values(root()).execute(&replica).await.unwrap();
    let mut session = Session::new(&primary);
    session.add(root().children([Node::builder().id(2).name("leaf")]));
    session.commit().await.unwrap();
    let mut session = SessionMaker::new(&primary).replicas([&replica]).session();
    let root = session.get_one(Node, 1).await.unwrap();
    session.delete(root).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select((Node.id, Node.parent_id)).all(&primary).await.unwrap(), [(2, None)]);
}

/// Members that had been loaded from the replica were taken for all that there are.
#[tokio::test]
async fn members_that_were_loaded_elsewhere_are_read_again_for_a_delete() {
    let (primary, replica) = (engine().await, engine().await);
    let node = |id, parent: Option<i64>| Node::builder().id(id).name("node").parent_id(parent);
    insert(Node).values([node(1, None), node(2, Some(1)), node(3, Some(1))]).execute(&primary).await.unwrap();
    insert(Node).values([node(1, None), node(2, None)]).execute(&replica).await.unwrap();
    two_users(&primary).await;
    insert(User).values(User::builder().id(1).name("ed")).execute(&replica).await.unwrap();
    let mut session = SessionMaker::new(&primary).replicas([&replica]).session();
    // As the replica has it: two nodes apart, a third unknown, and a user without addresses.
    let nodes = session.query(Node).options(selectinload(Node.children)).order_by(Node.id).all().await.unwrap();
    let ed = session.query(User).options(joinedload(User.addresses)).one().await.unwrap();
    session.delete(nodes[0]).await.unwrap();
    session.delete(ed).await.unwrap();
    session.commit().await.unwrap();
    let left = select((Node.id, Node.parent_id)).order_by(Node.id).all(&primary).await.unwrap();
    assert_eq!(left, [(2, None), (3, None)]);
    assert_eq!(select(Address.email).all(&primary).await.unwrap(), ["wendy@x.org"]);
}

/// A value that was like what the replica has was taken for no change, and its members were compared with those there.
#[tokio::test]
async fn what_was_read_elsewhere_is_read_again_for_a_merge() {
    let (primary, replica) = (engine().await, engine().await);
    two_users(&primary).await;
    insert(User).values(User::builder().id(1).name("ed")).execute(&replica).await.unwrap();
    let mut session = SessionMaker::new(&primary).replicas([&replica]).session();
    let ed = session.query(User).options(selectinload(User.addresses)).one().await.unwrap();
    assert_eq!((&session[ed].fullname, session.handles(ed, User.addresses).len()), (&None, 0));
    let value = User::builder().id(1).name("ed").fullname(None::<String>).addresses([Address::builder().email("new")]);
    assert_eq!(session.merge(value).await.unwrap(), ed);
    session.commit().await.unwrap();
    assert_eq!(select(User.fullname).filter(User.id.eq(1)).one(&primary).await.unwrap(), None);
    let mut emails = select(Address.email).all(&primary).await.unwrap();
    emails.sort();
    assert_eq!(emails, ["new", "wendy@x.org"]);
}

/// Objects were taken for the rows that a statement means, and of them its values were made.
#[tokio::test]
async fn what_was_read_elsewhere_does_not_tell_which_rows_a_statement_changes() {
    let (primary, replica) = (engine().await, engine().await);
    let user = |id, name: &str| User::builder().id(id).name(name);
    insert(User).values([user(1, "new"), user(2, "gone")]).execute(&primary).await.unwrap();
    insert(User).values([user(1, "old"), user(2, "wendy")]).execute(&replica).await.unwrap();
    let sessions = SessionMaker::new(&primary).replicas([&replica]);
    let mut session = sessions.session();
    let users = session.query(User).order_by(User.id).all().await.unwrap();
    let sent = update(User).set(User.fullname, "Old").filter(User.name.eq("old"));
    assert_eq!(session.execute(sent).await.unwrap(), 0);
    assert_eq!(session[users[0]].fullname, None);
    assert_eq!(session.execute(delete(User).filter(User.name.eq("wendy"))).await.unwrap(), 0);
    assert_eq!(session.state(users[1]).unwrap(), ObjectState::Persistent);
    assert_eq!(session.execute(delete(User).filter(User.name.eq("gone"))).await.unwrap(), 1);
    assert_eq!(session.state(users[1]).unwrap(), ObjectState::Deleted);
    session.execute(update(User).set(User.fullname, User.name)).await.unwrap();
    session.query(User).all().await.unwrap();
    assert_eq!(session[users[0]].fullname.as_deref(), Some("new"));
}

#[tokio::test]
async fn what_was_read_from_a_replica_that_is_behind_does_not_overwrite_others() {
    let (primary, replica) = (engine().await, engine().await);
    two_users(&primary).await;
    two_users(&replica).await;
    update(User).set(User.fullname, "new").filter(User.id.eq(1)).execute(&primary).await.unwrap();
    let sessions = SessionMaker::new(&primary).replicas([&replica]);
    let mut session = sessions.session();
    let ed = session.get_one(User, 1).await.unwrap();
    session[ed].fullname = Some("mine".into());
    assert_eq!(*session.commit().await.unwrap_err().kind(), ErrorKind::StaleData);
    session.rollback().await.unwrap();
    // What nobody else has changed can be changed, and changed again.
    let users = session.query(User).order_by(User.id).all().await.unwrap();
    session[users[0]].name = "edward".into();
    session[users[1]].fullname = Some("Wendy".into());
    session.flush().await.unwrap();
    session[users[1]].fullname = Some("Wendy Williams".into());
    session.commit().await.unwrap();
    let rows = select((User.name, User.fullname)).order_by(User.id).all(&primary).await.unwrap();
    let row = |name: &str, fullname: &str| (name.to_owned(), Some(fullname.to_owned()));
    assert_eq!(rows, [row("edward", "new"), row("wendy", "Wendy Williams")]);

    // One that is read with a lock, or once the session has written, is the primary's.
    let mut session = sessions.session();
    let ed = session.get_for_update(User, 1).await.unwrap().unwrap();
    session[ed].fullname = Some("mine".into());
    session.commit().await.unwrap();
    assert_eq!(select(User.fullname).filter(User.id.eq(1)).one(&primary).await.unwrap().as_deref(), Some("mine"));
}

/// What a function that chooses engines was asked.
type Asked = Arc<Mutex<Vec<(StatementKind, Option<String>, bool)>>>;

#[tokio::test]
async fn a_function_chooses_the_engine_of_each_statement() {
    let (main, words) = (engine().await, engine().await);
    let asked = Asked::default();
    let (ear, to_words) = (asked.clone(), words.clone());
    let sessions = SessionMaker::new(&main).get_bind(move |request| {
        let writes = [StatementKind::Insert, StatementKind::Update, StatementKind::Delete].contains(&request.kind());
        assert_eq!(request.is_write(), writes);
        ear.lock().unwrap().push((request.kind(), request.table(), request.has_written()));
        request.is_of(Keyword).then(|| to_words.clone())
    });
    let heard = || {
        let mut list = std::mem::take(&mut *asked.lock().unwrap());
        list.dedup();
        list
    };
    let mut session = sessions.session();
    let rust = session.add(Keyword::builder().word("rust"));
    session.flush().await.unwrap();
    let table = || Some("keywords".to_owned());
    assert_eq!(heard(), [(StatementKind::Insert, table(), false)]);
    session[rust].word = "sql".into();
    session.flush().await.unwrap();
    assert_eq!(heard(), [(StatementKind::Update, table(), true)]);
    assert_eq!(session.query(Keyword).count().await.unwrap(), 1);
    assert_eq!(heard(), [(StatementKind::Select, table(), true)]);
    session.execute(update(Keyword).set(Keyword.word, "c")).await.unwrap();
    session.execute(delete(Keyword).filter(Keyword.word.eq("x"))).await.unwrap();
    let kinds: Vec<StatementKind> = heard().iter().map(|(kind, ..)| *kind).collect();
    match main.dialect() {
        // It has no RETURNING, so it is asked first for which rows the DELETE is.
        Dialect::MySql => {
            use StatementKind::{Delete, Select, Update};
            assert_eq!(kinds, [Update, Delete, Select, Delete]);
        }
        _ => assert_eq!(kinds, [StatementKind::Update, StatementKind::Delete]),
    }
    session.commit().await.unwrap();
    assert_eq!(
        (select(Keyword.word).all(&words).await.unwrap(), select(Keyword).count(&main).await.unwrap()),
        (vec!["c".to_owned()], 0)
    );
    heard();
    // What the function has no opinion of goes where it goes otherwise.
    session.add(User::builder().name("ed"));
    session.commit().await.unwrap();
    assert_eq!(heard(), [(StatementKind::Insert, Some("users".to_owned()), false)]);
    assert_eq!(select(User).count(&main).await.unwrap(), 1);
    text("SELECT 1").columns::<i64>().all(&mut session).await.unwrap();
    assert_eq!(heard(), [(StatementKind::Text, None, false)]);
    session.rollback().await.unwrap();
    session.begin().await.unwrap();
    assert_eq!(heard(), [(StatementKind::Transaction, None, false)]);
}

#[tokio::test]
async fn a_function_goes_before_binds_a_model_before_its_table_and_replicas_come_last() {
    let engines = [engine().await, engine().await, engine().await, engine().await];
    let [main, of_model, of_table, replica] = &engines;
    let sessions =
        SessionMaker::new(main).replicas([replica]).bind_table("users", of_table).bind_table("addresses", of_table);
    two_users(of_table).await;
    let mut session = sessions.session();
    assert_statements!(of_table, 2, {
        assert_eq!(session.query(User).count().await.unwrap(), 2);
        assert_eq!(session.query(Address).count().await.unwrap(), 3);
    });
    assert_statements!(replica, 1, session.query(Keyword).count().await.unwrap());

    let mut session = sessions.clone().bind(User, of_model).session();
    assert_statements!(of_model, 1, assert_eq!(session.query(User).count().await.unwrap(), 0));

    let chosen = main.clone();
    let mut session = sessions.bind(User, of_model).get_bind(move |_| Some(chosen.clone())).session();
    assert_statements!(main, 2, {
        session.query(User).count().await.unwrap();
        session.query(Keyword).count().await.unwrap();
    });
}

#[tokio::test]
async fn the_tables_of_a_metadata_have_an_engine_and_names_stand_for_tables_without_a_model() {
    let (main, other) = (engine().await, engine().await);
    two_users(&other).await;
    let mut session = SessionMaker::new(&main).bind_all(&metadata![User, Address], &other).unwrap().session();
    assert_eq!(session.query(User).count().await.unwrap(), 2);
    let users = orm::table("users", [orm::column("id"), orm::column("name")]);
    let names = select(users.c::<String>("name")).order_by(users.c::<i64>("id"));
    assert_eq!(session.all(names).await.unwrap(), ["ed", "wendy"]);
    session.add(Keyword::builder().word("rust"));
    session.commit().await.unwrap();
    assert_eq!(select(Keyword).count(&main).await.unwrap(), 1);
}

#[tokio::test]
async fn a_session_is_bound_by_itself_and_says_where_it_goes() {
    let (main, other) = (engine().await, engine().await);
    two_users(&other).await;
    let mut session = Session::new(&main);
    session.bind_table("addresses", &other);
    session.bind(User, &other);
    assert_statements!(other, 2, {
        assert_eq!(session.query(User).count().await.unwrap(), 2);
        assert_eq!(session.query(Address).count().await.unwrap(), 3);
    });
    let engine = session.get_bind(User);
    assert_statements!(other, 1, select(User).count(&engine).await.unwrap());
    let engine = session.get_bind(Keyword);
    assert_statements!(main, 1, select(Keyword).count(&engine).await.unwrap());
}

#[tokio::test]
async fn an_aggregate_alone_goes_where_its_conditions_are() {
    let (main, other) = (engine().await, engine().await);
    two_users(&other).await;
    let mut session = SessionMaker::new(&main).bind(User, &other).session();
    let count = select(func::count_all()).filter(User.name.eq("ed"));
    assert_eq!(session.one(count).await.unwrap(), 1);
}

#[tokio::test]
async fn a_statement_goes_where_the_first_of_its_models_is_wherever_that_stands() {
    let (main, other) = (engine().await, engine().await);
    two_users(&other).await;
    let mut session = SessionMaker::new(&main).bind(User, &other).bind(Address, &other).session();
    let alias = User.alias("u");
    assert_statements!(main, 0, {
        assert_eq!(session.all(select(alias.name).filter(alias.id.eq(1))).await.unwrap(), ["ed"]);
        assert_eq!(session.all(select(User.id).union(select(Address.id))).await.unwrap().len(), 3);
        let names = select((User.name, User.id)).subquery("names");
        assert_eq!(session.all(select(names.0).select_from(&names)).await.unwrap().len(), 2);
        let names = select((User.name, User.id)).cte("names");
        assert_eq!(session.all(select(names.0).select_from(&names)).await.unwrap().len(), 2);
        assert_eq!(
            session.one(select(select(User.id).filter(User.name.eq("ed")).scalar_subquery())).await.unwrap(),
            Some(1)
        );
        assert!(session.query(User).filter(User.name.eq("ed")).exists().await.unwrap());
        assert!(session.one(select(func::exists(select(User.id)))).await.unwrap());
        session.execute(update(User).set(User.fullname, "f")).await.unwrap();
        session.execute(insert(User).values(User::builder().name("new"))).await.unwrap();
        session.execute(delete(User).filter(User.name.eq("new"))).await.unwrap();
    });
    session.commit().await.unwrap();
}

/// Makes a table whose rows a COMMIT refuses.
async fn refusing_words(engine: &Engine) {
    let parts = [
        "DROP TABLE user_keywords",
        "DROP TABLE keywords",
        "CREATE TABLE words (word VARCHAR(50) PRIMARY KEY)",
        "CREATE TABLE keywords (id BIGINT PRIMARY KEY, word VARCHAR(50) REFERENCES words (word) DEFERRABLE INITIALLY DEFERRED)",
    ];
    for sql in parts {
        text(sql).execute(engine).await.unwrap();
    }
}

#[tokio::test]
async fn engines_of_which_some_have_committed_and_one_has_refused_are_commit_unknown() {
    only!(Sqlite | Postgres);
    let (main, words) = (engine().await, engine().await);
    refusing_words(&words).await;
    let sessions = SessionMaker::new(&main).bind(Keyword, &words);
    let mut session = sessions.session();
    let ed = session.add(User::builder().name("ed"));
    let word = session.add(Keyword { id: 1, word: "unknown".into(), users: Default::default() });
    session.flush().await.unwrap();
    let error = session.commit().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::CommitUnknown, "{error}");
    assert!(!error.is_retryable());
    assert_eq!(error.message(), "the transaction was committed on 1 engine(s) and failed on another");
    assert_eq!((select(User).count(&main).await.unwrap(), select(Keyword).count(&words).await.unwrap()), (1, 0));
    // Nothing is believed.
    assert_eq!(*session.query(User).count().await.unwrap_err().kind(), ErrorKind::PendingRollback);
    session.rollback().await.unwrap();
    assert!(session.object(ed).is_ok() && session.object(word).is_ok());
    assert_eq!(session.query(User.name).all().await.unwrap(), ["ed"]);

    // The first to refuse is an ordinary refusal: nothing is committed anywhere.
    let mut session = sessions.session();
    session.add(Keyword { id: 1, word: "unknown".into(), users: Default::default() });
    session.flush().await.unwrap();
    session.add(User::builder().name("wendy"));
    session.flush().await.unwrap();
    let error = session.commit().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Integrity { .. }), "{error}");
    assert_eq!(select(User).count(&main).await.unwrap(), 1);
}

#[tokio::test]
async fn an_engine_that_is_lost_when_another_has_committed_is_commit_unknown() {
    only!(Postgres | MariaDb | MySql);
    let (main, words) = (engine().await, engine().await);
    let mut session = SessionMaker::new(&words).bind(User, &main).session();
    session.add(User::builder().name("ed"));
    session.flush().await.unwrap();
    session.add(Keyword::builder().word("lost"));
    kill(session.connection().await.unwrap()).await;
    let error = session.commit().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::CommitUnknown, "{error}");
    assert_eq!((select(User).count(&main).await.unwrap(), select(Keyword).count(&words).await.unwrap()), (1, 0));
    session.rollback().await.unwrap();
    assert_eq!(session.query(User).count().await.unwrap(), 1);
}

// ------------------------------------------------------------------------------------------------- lent connections

async fn in_transaction(engine: &Engine) -> orm::Connection {
    let mut connection = engine.connect().await.unwrap();
    insert(User).values(User::builder().name("outer")).execute(&mut connection).await.unwrap();
    connection
}

#[tokio::test]
async fn a_session_in_a_savepoint_of_a_lent_connection_commits_and_rolls_back_by_itself() {
    let engine = engine().await;
    let mut session = Session::join(in_transaction(&engine).await, JoinMode::CreateSavepoint);
    session.add(User::builder().name("kept"));
    session.commit().await.unwrap();
    session.add(User::builder().name("undone"));
    session.flush().await.unwrap();
    session.rollback().await.unwrap();
    assert_eq!(session.query(User).count().await.unwrap(), 2);
    let mut connection = session.into_connection().await.unwrap();
    assert!(connection.in_transaction());
    assert_eq!(select(User).count(&mut connection).await.unwrap(), 2);
    connection.rollback().await.unwrap();
    assert_eq!(select(User).count(&engine).await.unwrap(), 0, "nothing stays of it");
}

#[tokio::test]
async fn a_joined_session_leaves_the_commit_to_its_owner_and_rolls_back_all() {
    let engine = engine().await;
    let mut session = Session::join(in_transaction(&engine).await, JoinMode::RollbackOnly);
    session.add(User::builder().name("inner"));
    session.commit().await.unwrap();
    let mut connection = session.into_connection().await.unwrap();
    assert!(connection.in_transaction(), "the commit was the session's alone");
    connection.commit().await.unwrap();
    assert_eq!(select(User).count(&engine).await.unwrap(), 2);

    let mut connection = engine.connect().await.unwrap();
    delete(User).execute(&mut connection).await.unwrap();
    let mut session = Session::join(connection, JoinMode::RollbackOnly);
    session.rollback().await.unwrap();
    drop(session);
    assert_eq!(select(User).count(&engine).await.unwrap(), 2);
}

/// What such a session has committed goes with the transaction around it: its objects showed it, and their next change was
/// taken for one of a row that others had changed.
#[tokio::test]
async fn a_rollback_of_a_joined_session_puts_back_what_it_had_committed() {
    let engine = engine().await;
    two_users(&engine).await;
    let mut connection = engine.connect().await.unwrap();
    connection.begin().await.unwrap();
    let mut session = Session::join(connection, JoinMode::RollbackOnly);
    let ed = session.get_one(User, 1).await.unwrap();
    let wendy = session.get_one(User, 2).await.unwrap();
    session[ed].fullname = Some("first".into());
    let new = session.add(User::builder().name("new"));
    session.delete(wendy).await.unwrap();
    session.commit().await.unwrap();
    session[ed].fullname = Some("second".into());
    session.commit().await.unwrap();
    session.rollback().await.unwrap();
    assert_eq!((session[ed].fullname.as_deref(), session[new].id), (Some("Ed Jones"), 0));
    assert_eq!(session.query(User).order_by(User.id).all().await.unwrap(), [ed, wendy]);
    session.rollback().await.unwrap();
    session[ed].fullname = Some("third".into());
    session.add_again(new).unwrap();
    session.commit().await.unwrap();
    assert!(!session.into_connection().await.unwrap().in_transaction(), "it was the session's own");
    let names = select((User.name, User.fullname)).order_by(User.id).all(&engine).await.unwrap();
    let row = |name: &str, fullname: Option<&str>| (name.to_owned(), fullname.map(str::to_owned));
    assert_eq!(names, [row("ed", Some("third")), row("wendy", None), row("new", None)]);
}

#[tokio::test]
async fn a_session_may_control_the_transaction_of_a_lent_connection() {
    let engine = engine().await;
    let mut session = Session::join(in_transaction(&engine).await, JoinMode::ControlFully);
    session.commit().await.unwrap();
    assert_eq!(select(User).count(&engine).await.unwrap(), 1);
    let connection = session.into_connection().await.unwrap();
    assert!(!connection.in_transaction());
    let error = Session::new(&engine).into_connection().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::InvalidRequest);
}

#[tokio::test]
async fn a_failed_flush_of_a_joined_session_undoes_its_savepoint_alone() {
    let engine = engine().await;
    let mut session = Session::join(in_transaction(&engine).await, JoinMode::CreateSavepoint);
    session.add(User::builder().name("outer"));
    assert!(session.flush().await.unwrap_err().is_unique_violation());
    assert_eq!(*session.flush().await.unwrap_err().kind(), ErrorKind::PendingRollback);
    session.rollback().await.unwrap();
    session.add(User::builder().name("other"));
    session.commit().await.unwrap();
    let mut connection = session.into_connection().await.unwrap();
    connection.commit().await.unwrap();
    assert_eq!(select(User.name).order_by(User.id).all(&engine).await.unwrap(), ["outer", "other"]);
}

// ------------------------------------------------------------------------------------------------- scoped sessions

#[tokio::test]
async fn a_scope_has_one_session_and_another_scope_another() {
    let engine = engine().await;
    let sessions = ScopedSession::new(SessionMaker::new(&engine));
    let ed = sessions.lend().unwrap().add(User::builder().name("ed"));
    assert_eq!(sessions.lend().unwrap()[ed].name, "ed", "the same session");
    sessions
        .scope(async {
            let session = sessions.lend().unwrap();
            assert!(session.object(ed).is_err(), "another session");
            assert!(session.pending().is_empty());
        })
        .await;
    assert_eq!(sessions.lend().unwrap().pending().len(), 1);
    assert!(sessions.remove());
    assert!(!sessions.remove());
    assert!(sessions.lend().unwrap().pending().is_empty(), "a new one");
}

#[tokio::test]
async fn what_a_scope_has_not_committed_ends_with_it() {
    let engine = engine().await;
    let sessions = ScopedSession::new(SessionMaker::new(&engine));
    for is_kept in [false, true] {
        sessions
            .scope(async {
                sessions.lend().unwrap().add(User::builder().name("ed"));
                sessions.lend().unwrap().flush().await.unwrap();
                if is_kept {
                    sessions.lend().unwrap().commit().await.unwrap();
                }
            })
            .await;
        assert_eq!(select(User).count(&engine).await.unwrap(), u64::from(is_kept));
    }
}

#[tokio::test]
async fn a_session_is_lent_to_one_at_a_time() {
    let engine = engine().await;
    let sessions = ScopedSession::new(SessionMaker::new(&engine));
    let guard = sessions.lend().unwrap();
    let error = sessions.lend().unwrap_err();
    assert_eq!(error.message(), "the session of this scope is lent already");
    sessions.remove();
    drop(guard);
    assert!(sessions.lend().is_ok());
}

/// Its guard put it over the one that had been lent since, with all that was to be saved.
#[tokio::test]
async fn a_session_that_is_removed_while_it_is_lent_ends_with_its_guard() {
    let engine = engine().await;
    let sessions = ScopedSession::new(SessionMaker::new(&engine));
    let take_turns = async || {
        for is_dropped_first in [true, false] {
            let mut removed = sessions.lend().unwrap();
            removed.add(User::builder().name("ed"));
            assert!(sessions.remove());
            let mut new = sessions.lend().unwrap();
            new.add(User::builder().name("wendy"));
            if is_dropped_first {
                drop(removed);
                assert!(sessions.lend().is_err(), "the new one is lent");
                drop(new);
            } else {
                drop(new);
                drop(removed);
            }
            let mut session = sessions.lend().unwrap();
            session.flush().await.unwrap();
            assert_eq!(session.scalars(select(User.name)).await.unwrap(), ["wendy"]);
            drop(session);
            assert!(sessions.remove());
        }
    };
    take_turns().await;
    sessions.scope(take_turns()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_with_scopes_of_their_own_do_not_meet() {
    let engine = engine().await;
    let sessions = std::sync::Arc::new(ScopedSession::new(SessionMaker::new(&engine)));
    let tasks = (0..8).map(|n| {
        let sessions = sessions.clone();
        tokio::spawn(async move {
            let work = async {
                let user = sessions.lend()?.add(User::builder().name(format!("user {n}")));
                tokio::task::yield_now().await;
                sessions.lend()?.commit().await?;
                Ok::<_, Error>(sessions.lend()?[user].name.clone())
            };
            sessions.scope(work).await
        })
    });
    for (n, task) in tasks.collect::<Vec<_>>().into_iter().enumerate() {
        assert_eq!(task.await.unwrap().unwrap(), format!("user {n}"));
    }
    assert_eq!(select(User).count(&engine).await.unwrap(), 8);
}
