//! WITH, run where the database has it, and its rows.

use orm::prelude::*;
use orm::{Cte, Dialect, literal};

use crate::only;
use crate::support::{Address, Keyword, Node, User, dialect, engine, two_users};

async fn all<R: orm::RowType>(engine: &Engine, query: Select<R>) -> Vec<R> {
    let sql = query.to_sql(dialect());
    query.all(engine).await.unwrap_or_else(|error| panic!("{sql}\n{error}"))
}

/// Saves `root` with `a` and `b`, and `deep` below `a`.
async fn tree(engine: &Engine) {
    let mut session = Session::new(engine);
    let a = Node::builder().name("a").children([Node::builder().name("deep")]);
    session.add(Node::builder().name("root").children([a, Node::builder().name("b")]));
    session.commit().await.unwrap();
}

#[tokio::test]
async fn a_cte_is_a_table_of_the_statement() {
    let engine = engine().await;
    two_users(&engine).await;
    let mails = select((Address.user_id, Address.email)).filter(Address.email.like("%@x.org")).cte("mails");
    let joined = select((User.name, mails.1)).join_on(&mails, mails.0.eq(User.id)).order_by(User.id);
    let expected = [("ed".to_owned(), "ed@x.org".to_owned()), ("wendy".to_owned(), "wendy@x.org".to_owned())];
    assert_eq!(all(&engine, joined).await, expected);
    let among = select(User.name).filter(User.id.in_(select(mails.0).select_from(&mails).filter(mails.1.like("w%"))));
    assert_eq!(all(&engine, among).await, ["wendy"]);
    let other = mails.alias("other");
    let pairs = select((mails.1, other.1)).join_from_on(&mails, &other, mails.0.lt(other.0));
    assert_eq!(all(&engine, pairs).await.len(), 1);
    let second = select(mails.0).select_from(&mails).filter(mails.0.gt(1)).cte("second");
    assert_eq!(all(&engine, select(second.0).select_from(&second)).await, [2]);
    assert_eq!(select(mails.clone()).count(&engine).await.unwrap(), 2);
    assert!(select(mails.clone()).exists(&engine).await.unwrap());
}

#[tokio::test]
async fn a_cte_of_a_model_gives_objects() {
    let engine = engine().await;
    two_users(&engine).await;
    let active = select(User).filter(User.active).cte("active");
    let mut session = Session::new(&engine);
    let found = select(active.clone()).options(selectinload(User.addresses)).all(&mut session).await.unwrap();
    assert_eq!(session[found[0]].name, "ed");
    assert_eq!(session.related(found[0], User.addresses).count(), 2);
}

#[tokio::test]
async fn a_recursive_cte_walks_a_tree() {
    let engine = engine().await;
    tree(&engine).await;
    let below = select((Node.id, literal(0i32).label("depth")))
        .filter(Node.name.eq("root"))
        .cte("below")
        .union_all(|below| select((Node.id, below.1 + 1)).join_on(below, Node.parent_id.eq(below.0)));
    let rows = select((Node.name, below.1)).join_on(&below, below.0.eq(Node.id)).order_by((below.1, Node.name));
    let expected = [("root", 0), ("a", 1), ("b", 1), ("deep", 2)].map(|(name, depth)| (name.to_owned(), depth));
    assert_eq!(all(&engine, rows).await, expected);

    let above = select(Node).filter(Node.name.eq("deep")).cte("above");
    let above = above.union(|above| select(Node).join_on(above, Node.id.eq(above.parent_id)));
    let names = select(above.name).select_from(&above).order_by(above.id);
    assert_eq!(all(&engine, names).await.len(), 3);
    let nodes = select(above.clone()).order_by(above.id).all(&engine).await.unwrap();
    assert_eq!(nodes.iter().filter(|node| node.parent_id.is_none()).count(), 1);
}

#[tokio::test]
async fn a_recursive_cte_counts() {
    let engine = engine().await;
    let numbers = select(literal(1i64).label("n")).cte("numbers");
    let numbers = numbers.union_all(|numbers| select(numbers.0 + 1).select_from(numbers).filter(numbers.0.lt(100)));
    assert_eq!(all(&engine, select(func::sum(numbers.0)).select_from(&numbers)).await, [Some(5050)]);
}

#[tokio::test]
async fn a_cte_may_be_computed_once() {
    let engine = engine().await;
    two_users(&engine).await;
    for cte in [select(User.id).cte("ids").materialized(), select(User.id).cte("ids").not_materialized()] {
        let query = select(cte.0).select_from(&cte).order_by(cte.0);
        match dialect() {
            Dialect::Sqlite | Dialect::Postgres => assert_eq!(all(&engine, query).await, [1, 2]),
            _ => assert!(query.all(&engine).await.is_err()),
        }
    }
}

#[tokio::test]
async fn a_cte_stands_before_statements_that_write() {
    let engine = engine().await;
    two_users(&engine).await;
    let ed = select((User.id, User.name)).filter(User.name.eq("ed")).cte("ed_alone");
    let words = select((ed.0, ed.1)).select_from(&ed);
    assert_eq!(insert(Keyword).from_select((Keyword.id, Keyword.word), words).execute(&engine).await.unwrap(), 1);
    assert_eq!(select(Keyword.word).one(&engine).await.unwrap(), "ed");
    let ids = select(ed.0).select_from(&ed);
    let changed = update(User).set(User.active, false).filter(User.id.in_(ids.clone())).execute(&engine).await;
    let deleted = delete(Address).filter(Address.user_id.in_(ids)).execute(&engine).await;
    match dialect() {
        Dialect::MariaDb => {
            assert_eq!(changed.unwrap_err().message(), "WITH before UPDATE is not supported on dialect mariadb");
            assert_eq!(deleted.unwrap_err().message(), "WITH before DELETE is not supported on dialect mariadb");
        }
        _ => assert_eq!((changed.unwrap(), deleted.unwrap()), (1, 2)),
    }
}

#[tokio::test]
async fn a_cte_that_writes_gives_what_it_wrote() {
    only!(Postgres);
    let engine = engine().await;
    two_users(&engine).await;
    let gone = delete(Address).filter(Address.email.like("ed%")).returning((Address.id, Address.user_id)).cte("gone");
    let query = select((User.name, func::count(gone.0))).join_on(&gone, gone.1.eq(User.id)).group_by(User.name);
    assert_eq!(all(&engine, query).await, [("ed".to_owned(), 2)]);
    assert_eq!(select(Address).count(&engine).await.unwrap(), 1);

    let new = insert(Keyword).values(Keyword::builder().word("rust")).returning(Keyword.word).cte("new");
    let mut session = Session::new(&engine);
    assert_eq!(session.all(select(new.0).select_from(&new)).await.unwrap(), ["rust"]);
    session.rollback().await.unwrap();
    assert_eq!(select(Keyword).count(&engine).await.unwrap(), 0, "it was part of the session's transaction");

    let words = ["go", "zig", "ada"].map(|word| Keyword::builder().word(word));
    let new = insert(Keyword).values(words).returning(Keyword.word).cte("new");
    assert!(select(new.0).select_from(&new).first(&engine).await.unwrap().is_some());
    assert_eq!(select(Keyword).count(&engine).await.unwrap(), 3, "all are written, however few are wanted back");

    let changed = update(User).set(User.active, true).filter(!User.active).returning(User.id).cte("changed");
    let mut transaction = engine.begin().await.unwrap();
    assert_eq!(select(User.name).order_by(User.id).add_cte(&changed).all(&mut transaction).await.unwrap().len(), 2);
    transaction.commit().await.unwrap();
    assert_eq!(select(User).filter(User.active).count(&engine).await.unwrap(), 2);
}

#[tokio::test]
async fn a_cte_that_writes_runs_before_what_does_not_use_it() {
    only!(Postgres);
    let engine = engine().await;
    two_users(&engine).await;
    let rust = || insert(Keyword).values(Keyword::builder().word("rust"));

    let gone = delete(Address).filter(Address.email.eq("ed@x.org")).returning(Address.id).cte("gone");
    assert_eq!(rust().add_cte(&gone).execute(&engine).await.unwrap(), 1, "rows of the INSERT alone are counted");
    assert_eq!(select(Address).count(&engine).await.unwrap(), 2);

    let new = rust().returning(Keyword.id).cte("new");
    assert_eq!(update(Keyword).set(Keyword.word, "sql").add_cte(&new).execute(&engine).await.unwrap(), 1);
    let words = select(Keyword.word).order_by(Keyword.id).all(&engine).await.unwrap();
    assert_eq!(words, ["sql", "rust"], "what a CTE inserts is not there for the statement");

    let changed = update(User).set(User.active, false).returning(User.id).cte("changed");
    let deleted = delete(Keyword).add_cte(&changed).returning(Keyword.word).all(&engine).await.unwrap();
    assert_eq!(deleted.len(), 2);
    assert_eq!(select(User).filter(User.active).count(&engine).await.unwrap(), 0);
}

#[tokio::test]
async fn what_a_cte_writes_decides_what_an_insert_writes() {
    only!(Postgres);
    let engine = engine().await;
    let new = insert(User).values(User::builder().name("ed")).returning(User.id).cte("new");
    let address = insert(Address).values(Address::builder().email("ed@x.org").user_id(0));
    let address = address.set(Address.user_id, select(new.0).select_from(&new));
    assert_eq!(address.execute(&engine).await.unwrap(), 1);
    let pairs = select((User.name, Address.email)).join(User.addresses);
    assert_eq!(all(&engine, pairs).await, [("ed".to_owned(), "ed@x.org".to_owned())]);

    for (name, inserted) in [("ed", 0), ("wendy", 1), ("wendy", 0)] {
        let changed =
            update(User).set(User.fullname, "seen").filter(User.name.eq(name)).returning(User.id).cte("changed");
        let row = select(literal(name.to_owned())).filter(!func::exists(select(changed.0).select_from(&changed)));
        assert_eq!(insert(User).from_select(User.name, row).execute(&engine).await.unwrap(), inserted, "{name}");
    }
    assert_eq!(select(User).filter(User.fullname.eq("seen")).count(&engine).await.unwrap(), 2);
}

#[tokio::test]
async fn a_cte_is_used_where_rows_conflict_and_in_returning() {
    let engine = engine().await;
    two_users(&engine).await;
    let longest = select((User.id, User.name)).filter(User.id.eq(2)).cte("longest");
    let name = select(longest.1).select_from(&longest);
    let again = insert(User).values(User::builder().id(1).name("again"));
    let changed = again.on_conflict(User.id).set(User.fullname, name.clone()).do_update(()).execute(&engine).await;
    let words =
        insert(Keyword).values(Keyword::builder().word("rust")).returning(name.scalar_subquery()).all(&engine).await;
    if matches!(dialect(), Dialect::MySql | Dialect::MariaDb) {
        let message = format!("WITH before INSERT of rows is not supported on dialect {}", dialect());
        assert_eq!(changed.unwrap_err().message(), message);
        match dialect() {
            // It reads the row again, by a SELECT.
            Dialect::MySql => assert_eq!(words.unwrap(), [Some("wendy".to_owned())]),
            _ => assert_eq!(words.unwrap_err().message(), message),
        }
        return;
    }
    assert_eq!(changed.unwrap(), 1);
    assert_eq!(select(User.fullname).filter(User.id.eq(1)).one(&engine).await.unwrap().as_deref(), Some("wendy"));
    assert_eq!(words.unwrap(), [Some("wendy".to_owned())]);
}

#[tokio::test]
async fn one_text_serves_every_value_of_a_cte() {
    let engine = engine().await;
    two_users(&engine).await;
    for (name, id) in [("ed", 1), ("wendy", 2), ("ed", 1)] {
        let named = select(User.id).filter(User.name.eq(name)).cte("named");
        let query =
            select(Address.user_id).join_on(&named, named.0.eq(Address.user_id)).filter(Address.id.gt(0)).distinct();
        assert_eq!(all(&engine, query).await, [id]);
    }
}

// ------------------------------------------------------------------------------------------------- SEARCH and CYCLE

/// Two branches with two leaves each; every node is known by its number.
async fn branches() -> Engine {
    let engine = engine().await;
    let nodes = [(1, None), (2, Some(1)), (3, Some(1)), (4, Some(3)), (5, Some(2)), (6, Some(3)), (7, Some(2))];
    let nodes = nodes.map(|(id, parent_id)| Node::builder().id(id).name(format!("{id}")).parent_id(parent_id));
    insert(Node).values(nodes).execute(&engine).await.unwrap();
    engine
}

fn below(first: i64) -> Cte<i64> {
    let below = select(Node.id).filter(Node.id.eq(first)).cte("below");
    below.union_all(|below| select(Node.id).join_on(below, Node.parent_id.eq(below.0)))
}

#[tokio::test]
async fn a_recursive_cte_is_sorted_by_how_it_went() {
    let engine = branches().await;
    let depth = below(1).search_depth_first(|below| below.0, "place");
    let by_depth = select(depth.0).order_by(depth.c::<String>("place"));
    let breadth = below(1).search_breadth_first(|below| below.0, "place");
    let by_breadth = select(breadth.0).order_by(breadth.c::<String>("place"));
    if dialect() != Dialect::Postgres {
        let message = by_depth.all(&engine).await.unwrap_err().message().to_owned();
        assert_eq!(message, format!("SEARCH of a recursive CTE is not supported on dialect {}", dialect()));
        return;
    }
    assert_eq!(all(&engine, by_depth).await, [1, 2, 5, 7, 3, 4, 6]);
    assert_eq!(all(&engine, by_breadth).await, [1, 2, 3, 4, 5, 6, 7]);
}

#[tokio::test]
async fn a_ring_ends_a_recursive_cte() {
    let engine = branches().await;
    update(Node).set(Node.parent_id, 6).filter(Node.id.eq(1)).execute(&engine).await.unwrap();
    let marked = below(3).cycle(|below| below.0, "is_cycle", "path");
    let again = select((marked.0, marked.c::<bool>("is_cycle"))).select_from(&marked);
    let once = below(3).cycle_restrict(|below| below.0);
    let once = select(once.0).order_by(once.0);
    match dialect() {
        Dialect::Postgres => {
            let mut rows = all(&engine, again).await;
            rows.sort_unstable();
            let expected =
                [(1, false), (2, false), (3, false), (3, true), (4, false), (5, false), (6, false), (7, false)];
            assert_eq!(rows, expected);
            assert!(once.all(&engine).await.unwrap_err().message().starts_with("CYCLE … RESTRICT"));
        }
        Dialect::MariaDb => {
            assert_eq!(all(&engine, once).await, [1, 2, 3, 4, 5, 6, 7]);
            assert!(again.all(&engine).await.unwrap_err().message().starts_with("CYCLE … SET"));
        }
        _ => {
            assert!(again.all(&engine).await.unwrap_err().message().starts_with("CYCLE … SET"));
            assert!(once.all(&engine).await.unwrap_err().message().starts_with("CYCLE … RESTRICT"));
        }
    }
}

#[tokio::test]
async fn two_members_of_a_recursive_cte_go_two_ways() {
    let engine = branches().await;
    let around = select((Node.id, Node.parent_id)).filter(Node.id.eq(3)).cte("around");
    let around = around.union(|around| select((Node.id, Node.parent_id)).join_on(around, Node.parent_id.eq(around.0)));
    let around = around.union(|around| select((Node.id, Node.parent_id)).join_on(around, Node.id.eq(around.1)));
    let query = select(around.0).select_from(&around).order_by(around.0);
    if dialect() == Dialect::Postgres {
        let expected = "a CTE with more than one recursive member is not supported on dialect postgresql";
        assert_eq!(query.all(&engine).await.unwrap_err().message(), expected);
        return;
    }
    assert_eq!(all(&engine, query).await, [1, 2, 3, 4, 5, 6, 7], "up to the root, and down every branch of it");
}
