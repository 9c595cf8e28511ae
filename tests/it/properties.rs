//! Columns that queries compute, `column_property`: wherever a model's columns stand, on both roads, and what a session does
//! about them when their object is written.

use orm::prelude::*;
use orm::{
    Dialect, ErrorKind, SessionEvents, contains_eager, defer, func, literal, load_only, subqueryload, undefer,
    undefer_all, with_expression,
};
use rust_decimal::Decimal;

use crate::assert_statements;
use crate::support::empty_engine;

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "users", metadata = none)]
struct User {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 40)]
    first: String,
    #[orm(length = 40)]
    last: Option<String>,
    #[orm(column_property = User.first.concat(" ").concat(func::coalesce(User.last, "?")))]
    fullname: Deferred<String>,
    #[orm(column_property = select(func::count_all()).select_from(Order).filter(Order.user_id.eq(User.id)).scalar_subquery())]
    order_count: Deferred<i64>,
    #[orm(deferred, column = "spent", column_property =
        select(func::sum(Order.total)).filter(Order.user_id.eq(User.id)).scalar_subquery())]
    total: Deferred<Option<Decimal>>,
    #[orm(query_expression)]
    score: Deferred<i64>,
    #[orm(back_populates = user, cascade(all, delete_orphan), order_by = id)]
    orders: HasMany<Order>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "orders", metadata = none)]
struct Order {
    #[orm(primary_key)]
    id: i64,
    quantity: i64,
    #[orm(precision = 10, scale = 2)]
    price: Decimal,
    #[orm(column_property = Order.price * Order.quantity.cast::<Decimal>())]
    total: Deferred<Decimal>,
    #[orm(column_property = Order.quantity.gt(2))]
    is_large: Deferred<bool>,
    #[orm(query_expression)]
    label: Deferred<Option<String>>,
    #[orm(foreign_key = User.id, index)]
    user_id: i64,
    #[orm(back_populates = orders)]
    user: BelongsTo<User>,
}

fn cents(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

async fn shop() -> Engine {
    let engine = empty_engine().await;
    metadata![User, Order].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    for (first, last, orders) in [
        ("Ada", Some("King"), vec![(1, 950), (3, 200)]),
        ("Bob", None, vec![(10, 5)]),
        ("Cyd", Some("Charisse"), vec![]),
    ] {
        let orders =
            orders.into_iter().map(|(quantity, price)| Order::builder().quantity(quantity).price(cents(price)));
        session.add(User::builder().first(first).last(last.map(str::to_owned)).orders(orders));
    }
    session.commit().await.unwrap();
    engine
}

/// What is computed of each user, in the order of keys.
fn computed(users: &[User]) -> Vec<(String, i64)> {
    users.iter().map(|user| (user.fullname.get().clone(), *user.order_count.get())).collect()
}

fn expected() -> Vec<(String, i64)> {
    [("Ada King", 2), ("Bob ?", 1), ("Cyd Charisse", 0)].map(|(name, count)| (name.to_owned(), count)).to_vec()
}

// ------------------------------------------------------------------------------------------------------------- tables

#[tokio::test]
async fn the_table_has_no_such_column() {
    let engine = shop().await;
    let all = metadata![User, Order];
    let tables = all.tables().unwrap();
    let users = tables.iter().find(|table| table.name == "users").unwrap();
    let names: Vec<&str> = users.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["id", "first", "last"]);
    all.check(&engine).await.unwrap();
}

// ------------------------------------------------------------------------------------------------------------- values

#[tokio::test]
async fn a_query_computes_them_wherever_the_model_stands() {
    let engine = shop().await;
    let users = assert_statements!(engine, 1, select(User).order_by(User.id).all(&engine).await.unwrap());
    assert_eq!(computed(&users), expected());
    assert!(users[0].total.is_unloaded());

    let users = select(User).options(undefer(User.total)).order_by(User.id).all(&engine).await.unwrap();
    let totals: Vec<Option<Decimal>> = users.iter().map(|user| *user.total.get()).collect();
    assert_eq!(totals, [Some(cents(1550)), Some(cents(50)), None]);

    // An alias, and both at once.
    let other = User.alias("other");
    let pairs = select((User, other)).join_on(other, other.id.eq(User.id + 1)).order_by(User.id);
    let (left, right): (Vec<User>, Vec<User>) = pairs.all(&engine).await.unwrap().into_iter().unzip();
    assert_eq!((computed(&left), computed(&right)), (expected()[..2].to_vec(), expected()[1..].to_vec()));

    // What an outer join does not find.
    let joined = select((User.id, optional(Order))).outerjoin(User.orders).order_by((User.id, Order.id));
    let found: Vec<Option<Decimal>> = joined
        .all(&engine)
        .await
        .unwrap()
        .into_iter()
        .map(|(_, order)| order.map(|order| *order.total.get()))
        .collect();
    assert_eq!(found, [Some(cents(950)), Some(cents(600)), Some(cents(50)), None]);
    let error = select((User.id, Order.total)).outerjoin(User.orders).all(&engine).await.unwrap_err();
    assert_eq!(error.message(), "column `Order.total` comes from an outer join and may be NULL");
}

#[tokio::test]
async fn they_are_columns_in_every_clause() {
    let engine = shop().await;
    let ids = |query: Select<User>| {
        let engine = engine.clone();
        async move { query.all(&engine).await.unwrap().iter().map(|user| user.id).collect::<Vec<_>>() }
    };
    assert_eq!(ids(select(User).filter(User.fullname.like("% ?"))).await, [2]);
    assert_eq!(ids(select(User).filter(User.order_count.ge(1)).order_by(User.order_count)).await, [2, 1]);
    assert_eq!(ids(select(User).filter(User.order_count.in_([0, 2])).order_by(User.fullname.desc())).await, [3, 1]);
    assert_eq!(ids(select(User).filter(User.orders.any(Order.is_large)).order_by(User.id)).await, [1, 2]);
    assert_eq!(ids(select(User).filter(!User.orders.any(!Order.is_large)).order_by(User.id)).await, [2, 3]);

    let large: Vec<(i64, Decimal)> =
        select((Order.id, Order.total)).filter(Order.total.gt(cents(550)) & Order.is_large).all(&engine).await.unwrap();
    assert_eq!(large, [(2, cents(600))]);
    // It is bound more tightly than what it is made of.
    let doubled = select((Order.total * Order.total, Order.quantity - Order.quantity)).order_by(Order.id).limit(1);
    assert_eq!(doubled.one(&engine).await.unwrap(), (cents(950) * cents(950), 0));

    let counted: Vec<(i64, i64)> = select((User.order_count, func::count_all()))
        .group_by(User.order_count)
        .order_by(User.order_count)
        .all(&engine)
        .await
        .unwrap();
    assert_eq!(counted, [(0, 1), (1, 1), (2, 1)]);
    let sizes: Vec<bool> = select(Order.is_large).distinct().order_by(Order.is_large).all(&engine).await.unwrap();
    assert_eq!(sizes, [false, true]);

    // A subquery has it as a column of its own.
    let counts = select((User.id, User.fullname, User.order_count)).subquery("counts");
    let names = select(counts.1).filter(counts.2.gt(0)).order_by(counts.0);
    assert_eq!(names.all(&engine).await.unwrap(), ["Ada King", "Bob ?"]);
    let whole = select(User).filter(User.order_count.lt(2)).subquery("few");
    let few = select(whole.clone()).filter(whole.fullname.ne("Bob ?")).all(&engine).await.unwrap();
    assert_eq!(computed(&few), [("Cyd Charisse".to_owned(), 0)]);
    let all = select(User).filter(User.id.eq(1)).union_all(select(User).filter(User.order_count.eq(0)));
    assert_eq!(
        computed(&all.order_by(User.fullname).all(&engine).await.unwrap()),
        [expected()[0].clone(), expected()[2].clone()]
    );
    assert_eq!(select(User).filter(User.order_count.gt(0)).count(&engine).await.unwrap(), 2);
}

#[tokio::test]
async fn statements_that_change_rows_compute_them_and_never_write_them() {
    let engine = shop().await;
    let renamed = update(User).set(User.last, User.fullname).filter(User.order_count.eq(1));
    assert_eq!(renamed.execute(&engine).await.unwrap(), 1);
    let name = select(User.fullname).filter(User.id.eq(2)).one(&engine).await.unwrap();
    assert_eq!(name, "Bob Bob ?");
    assert_eq!(delete(User).filter(User.order_count.eq(0)).execute(&engine).await.unwrap(), 1);
    assert_eq!(select(User).count(&engine).await.unwrap(), 2);

    let refused = |error: Error, column: &str| {
        assert_eq!(*error.kind(), ErrorKind::Argument);
        assert_eq!(error.message(), format!("`{column}` cannot be written: queries compute it"));
    };
    refused(update(User).set(User.fullname, "x").execute(&engine).await.unwrap_err(), "User.fullname");
    refused(update(User).set(User.order_count, 3).execute(&engine).await.unwrap_err(), "User.order_count");

    // A row as a value leaves it to the queries.
    let mut ada = select(User).filter(User.id.eq(1)).one(&engine).await.unwrap();
    (ada.id, ada.first) = (7, "Eve".to_owned());
    insert(User).values(ada).execute(&engine).await.unwrap();
    let eve = select(User).filter(User.id.eq(7)).one(&engine).await.unwrap();
    assert_eq!((eve.fullname.get().as_str(), *eve.order_count.get()), ("Eve King", 0));
}

#[tokio::test]
async fn what_was_written_is_given_back_with_them() {
    let engine = shop().await;
    if engine.dialect() == Dialect::MySql {
        return;
    }
    let order = Order::builder().quantity(4).price(cents(25)).user_id(3);
    let order = insert(Order).values(order).returning(Order).one(&engine).await.unwrap();
    assert_eq!((*order.total.get(), *order.is_large.get()), (cents(100), true));
    if engine.dialect() != Dialect::MariaDb {
        let counts =
            update(User).set(User.last, "X").filter(User.id.eq(1)).returning((User.fullname, User.order_count));
        assert_eq!(counts.all(&engine).await.unwrap(), [("Ada X".to_owned(), 2)]);
    }
}

#[tokio::test]
async fn members_have_them_by_every_strategy() {
    let engine = shop().await;
    let query = select(User).order_by(User.id);
    let totals = |users: &[User]| -> Vec<Vec<Decimal>> {
        users.iter().map(|user| user.orders.iter().map(|order| *order.total.get()).collect()).collect()
    };
    let wanted = vec![vec![cents(950), cents(600)], vec![cents(50)], vec![]];
    let joined = query.clone().options(joinedload(User.orders)).all(&engine).await.unwrap();
    assert_eq!((totals(&joined), computed(&joined)), (wanted.clone(), expected()));
    let selected = query.clone().options(selectinload(User.orders)).all(&engine).await.unwrap();
    assert_eq!(totals(&selected), wanted);
    let repeated = query.clone().options(subqueryload(User.orders)).all(&engine).await.unwrap();
    assert_eq!(totals(&repeated), wanted);
    let contained = query.clone().outerjoin(User.orders).options(contains_eager(User.orders));
    let contained = contained.order_by(Order.id).all(&engine).await.unwrap();
    assert_eq!((totals(&contained), computed(&contained)), (wanted.clone(), expected()));

    // A limit makes a subquery of the query, which the order of what is computed leaves.
    let first = select(User).order_by(User.order_count.desc()).limit(2).options(joinedload(User.orders));
    let first = assert_statements!(engine, 1, first.all(&engine).await.unwrap());
    assert_eq!((totals(&first), computed(&first)), (wanted[..2].to_vec(), expected()[..2].to_vec()));
    let owners = select(Order).order_by(Order.id).limit(2).options(joinedload(Order.user));
    let owners = owners.all(&engine).await.unwrap();
    assert_eq!(owners.iter().map(|order| *order.user.get().unwrap().order_count.get()).collect::<Vec<_>>(), [2, 2]);
    let owners = select(Order).order_by(Order.id).options(selectinload(Order.user).defer(User.fullname));
    let owners = owners.all(&engine).await.unwrap();
    assert!(
        owners.iter().all(|order| order.user.get().unwrap().fullname.is_unloaded()
            && order.user.get().unwrap().order_count.is_loaded())
    );
}

#[tokio::test]
async fn a_query_may_leave_them_out() {
    let engine = shop().await;
    let users = select(User).options(defer(User.order_count)).order_by(User.id).all(&engine).await.unwrap();
    assert!(users.iter().all(|user| user.order_count.is_unloaded() && user.fullname.is_loaded()));
    let query = select(User).options(load_only((User.first, User.last)));
    assert!(query.all(&engine).await.unwrap().iter().all(|user| user.fullname.is_unloaded()));
    let error = select(User).options(load_only(User.fullname)).all(&engine).await.unwrap_err();
    assert_eq!(error.message(), "`load_only` cannot leave out `User.first`: a plain field is always there");
}

// --------------------------------------------------------------------------------------------- expressions of the query

#[tokio::test]
async fn a_query_says_what_a_column_is() {
    let engine = shop().await;
    let scores = |users: &[User]| users.iter().map(|user| user.score.loaded().copied()).collect::<Vec<_>>();
    let query = select(User).order_by(User.id);
    let users = query.clone().all(&engine).await.unwrap();
    assert_eq!(scores(&users), [None, None, None]);
    let error = users[0].score.try_get().unwrap_err();
    let expected =
        "column `User.score` is not loaded\nhint: a query says what it is: `.options(with_expression(User.score, …))`";
    assert_eq!(error.to_string(), expected);

    // One statement for every value of its parameters.
    for factor in [10, 100] {
        let scored = query.clone().options(with_expression(User.score, User.id * factor + User.order_count));
        let users = assert_statements!(engine, 1, scored.all(&engine).await.unwrap());
        assert_eq!(scores(&users), [Some(factor + 2), Some(2 * factor + 1), Some(3 * factor)]);
    }
    // The last one holds, also in the other clauses.
    let said = (with_expression(User.score, 1), with_expression(User.score, User.id * User.id));
    let scored = select(User).options(said).filter(User.score.gt(1)).order_by(User.score.desc());
    assert_eq!(scores(&scored.all(&engine).await.unwrap()), [Some(9), Some(4)]);
    // A subquery that may be NULL, and an alias.
    let orders = || select(func::sum(Order.quantity)).filter(Order.user_id.eq(User.id)).scalar_subquery();
    let scored = query.clone().options(with_expression(User.score, func::coalesce(orders(), 0)));
    assert_eq!(scores(&scored.all(&engine).await.unwrap()), [Some(4), Some(10), Some(0)]);
    let other = User.alias("other");
    let scored = select(other).order_by(other.id).options(with_expression(User.score, orders())).limit(2);
    assert_eq!(scores(&scored.all(&engine).await.unwrap()), [Some(4), Some(10)]);
    // Where nothing says it.
    let undeferred = query.clone().options(undefer_all(User)).all(&engine).await.unwrap();
    assert_eq!(scores(&undeferred), [None, None, None]);
    let both = select(User).filter(User.id.eq(1)).union(select(User).filter(User.id.eq(3)));
    assert_eq!(scores(&both.clone().order_by(User.id).all(&engine).await.unwrap()), [None, None]);
    let subquery = select(User).filter(User.id.gt(1)).subquery("rest");
    let rest = select(subquery.clone()).order_by(subquery.id);
    assert_eq!(scores(&rest.clone().all(&engine).await.unwrap()), [None, None]);
    let said = rest.options(with_expression(User.score, User.id + 1));
    assert_eq!(scores(&said.all(&engine).await.unwrap()), [Some(3), Some(4)]);
    if engine.dialect() != Dialect::MySql {
        let eve = insert(User).values(User::builder().first("Eve")).returning(User).one(&engine).await.unwrap();
        assert!(eve.score.is_unloaded() && eve.fullname.is_loaded());
    }

    let error = both.options(with_expression(User.score, 1)).all(&engine).await.unwrap_err();
    assert_eq!(
        error.message(),
        "`with_expression` cannot say what a column of a compound is, whose members have it or not"
    );
    let error = select(User).filter(User.score.gt(1)).all(&engine).await.unwrap_err();
    assert_eq!(error.message(), "the query does not say what `User.score` is");
    let error = select(User).options(with_expression(User.order_count, 1)).all(&engine).await.unwrap_err();
    assert_eq!(error.message(), "`with_expression` is for a `query_expression`, and `User.order_count` is none");
    let error = select(User).options(with_expression(User.score, Order.quantity)).all(&engine).await.unwrap_err();
    assert_eq!(error.message(), "the expression for `User.score` mentions `orders`, which is another table");
    let error = update(User).set(User.score, 1).execute(&engine).await.unwrap_err();
    assert_eq!(error.message(), "`User.score` cannot be written: queries compute it");
}

#[tokio::test]
async fn a_query_says_what_a_column_of_members_is() {
    let engine = shop().await;
    let labels = |users: &[User]| -> Vec<Vec<Option<String>>> {
        users
            .iter()
            .map(|user| user.orders.iter().map(|order| order.label.loaded().cloned().flatten()).collect())
            .collect()
    };
    let label = |prefix: &'static str| literal(prefix.to_owned()).concat(Order.quantity.cast::<String>());
    let wanted = |prefix: &str| {
        let one = |quantity: i64| Some(format!("{prefix}{quantity}"));
        vec![vec![one(1), one(3)], vec![one(10)], vec![]]
    };
    let query = select(User).order_by(User.id);
    for prefix in ["a", "b"] {
        let strategies = [
            selectinload(User.orders).with_expression(Order.label, label(prefix)),
            joinedload(User.orders).with_expression(Order.label, label(prefix)),
            subqueryload(User.orders).with_expression(Order.label, label(prefix)),
        ];
        for strategy in strategies {
            let users = query.clone().options((strategy.clone(), with_expression(User.score, User.id + 1)));
            let users = users.all(&engine).await.unwrap();
            assert_eq!((labels(&users), *users[2].score.get()), (wanted(prefix), 4));
            // Under a limit the query is a subquery, or each owner has some members.
            let first = query.clone().limit(1).options(strategy.clone()).all(&engine).await.unwrap();
            assert_eq!(labels(&first), wanted(prefix)[..1]);
        }
        let contained = query.clone().join(User.orders).order_by(Order.id);
        let contained = contained.options(contains_eager(User.orders).with_expression(Order.label, label(prefix)));
        assert_eq!(labels(&contained.all(&engine).await.unwrap()), wanted(prefix)[..2]);
    }
    let each = selectinload(User.orders).order_by(Order.id.desc()).limit(1).with_expression(Order.label, label("x"));
    let users = query.clone().options(each).all(&engine).await.unwrap();
    assert_eq!(labels(&users), [vec![Some("x3".to_owned())], vec![Some("x10".to_owned())], vec![]]);
    assert_eq!(*users[0].orders.iter().next().unwrap().total.get(), cents(600));
}

#[tokio::test]
async fn a_sessions_object_has_what_the_query_said() {
    let engine = shop().await;
    let mut session = Session::new(&engine);
    let scored = |score: i64| select(User).filter(User.id.eq(1)).options(with_expression(User.score, score));
    let ada = scored(5).one(&mut session).await.unwrap();
    assert_eq!(*session[ada].score.get(), 5);
    // What is there stays, unless the query is to overwrite it.
    scored(6).one(&mut session).await.unwrap();
    assert_eq!(*session[ada].score.get(), 5);
    let options = with_expression(User.score, 7);
    let query = session.query(User).filter(User.id.eq(1)).options(options).populate_existing();
    query.one().await.unwrap();
    assert_eq!(*session[ada].score.get(), 7);
    session[ada].first = "Augusta".to_owned();
    session.flush().await.unwrap();
    assert!(session[ada].score.is_unloaded());
    scored(8).one(&mut session).await.unwrap();
    assert_eq!(*session[ada].score.get(), 8);
    session.refresh(ada).await.unwrap();
    assert!(session[ada].score.is_unloaded() && session[ada].fullname.is_loaded());
    let error = session.load(ada, User.score).await.unwrap_err();
    assert_eq!(error.message(), "`User.score` cannot be loaded by itself: it is what a query says");
    session.commit().await.unwrap();
}

// ----------------------------------------------------------------------------------------------------------- sessions

#[tokio::test]
async fn a_flush_forgets_what_may_have_changed() {
    let engine = shop().await;
    let mut session = Session::new(&engine);
    let users = session.query(User).order_by(User.id).all().await.unwrap();
    assert_eq!(session[users[0]].fullname.get(), "Ada King");

    session[users[0]].last = Some("Lovelace".to_owned());
    session.flush().await.unwrap();
    let error = session[users[0]].fullname.try_get().unwrap_err();
    assert_eq!(
        error.to_string(),
        "column `User.fullname` is not loaded\nhint: a query computes it, and a flush forgets it: call \
         `session.load(user, User.fullname)`, or read the object again"
    );
    // What was not written stays.
    assert_eq!(session[users[1]].fullname.get(), "Bob ?");
    assert_statements!(engine, 1, session.load(users[0], (User.fullname, User.order_count)).await.unwrap());
    assert_eq!((session[users[0]].fullname.get().as_str(), *session[users[0]].order_count.get()), ("Ada Lovelace", 2));

    // A new object has none before it is read.
    let dan = session.add(User::builder().first("Dan"));
    assert!(session[dan].fullname.is_unloaded());
    session.flush().await.unwrap();
    assert!(session[dan].fullname.is_unloaded() && session[dan].order_count.is_unloaded());
    session.refresh(dan).await.unwrap();
    assert_eq!((session[dan].fullname.get().as_str(), *session[dan].order_count.get()), ("Dan ?", 0));
    let order = session.add(Order::builder().quantity(2).price(cents(300)).user(dan));
    session.commit().await.unwrap();
    // After the commit all is read again.
    session.load(order, Order.total).await.unwrap();
    assert_eq!(*session[order].total.get(), cents(600));
    session.refresh(dan).await.unwrap();
    assert_eq!(*session[dan].order_count.get(), 1);

    // A rollback gives back what was read.
    let mut session = Session::new(&engine);
    let ada = session.get_one(User, 1).await.unwrap();
    session[ada].first = "Augusta".to_owned();
    session.flush().await.unwrap();
    session.rollback().await.unwrap();
    session.refresh(ada).await.unwrap();
    assert_eq!(session[ada].fullname.get(), "Ada Lovelace");
}

#[tokio::test]
async fn what_is_assigned_to_them_is_not_written() {
    let engine = shop().await;
    let mut session = Session::new(&engine);
    let ada = session.get_one(User, 1).await.unwrap();
    session[ada].fullname.set("Nobody");
    assert_statements!(engine, 0, session.flush().await.unwrap());
    assert!(session[ada].fullname.is_unloaded());
    session[ada].fullname.set("Nobody");
    session[ada].last = Some("Byron".to_owned());
    let sent = assert_statements!(engine, 1, session.flush().await);
    sent.unwrap();
    session.load(ada, User.fullname).await.unwrap();
    assert_eq!(session[ada].fullname.get(), "Ada Byron");
    session.rollback().await.unwrap();

    // A value that was read elsewhere, merged and bulk inserted.
    let mut stranger = select(User).filter(User.id.eq(1)).one(&engine).await.unwrap();
    stranger.last = Some("Stranger".to_owned());
    let merged = session.merge(stranger.clone()).await.unwrap();
    session.commit().await.unwrap();
    session.refresh(merged).await.unwrap();
    assert_eq!(session[merged].fullname.get(), "Ada Stranger");
    stranger.id = 0;
    session.bulk_insert([stranger]).await.unwrap();
    session.commit().await.unwrap();
    let last = select(User.fullname).order_by(User.id.desc()).first(&engine).await.unwrap();
    assert_eq!(last.as_deref(), Some("Ada Stranger"));
}

#[tokio::test]
async fn a_bulk_update_in_a_session_has_them_read_again() {
    let engine = shop().await;
    let mut session = Session::new(&engine);
    let users = session.query(User).order_by(User.id).all().await.unwrap();
    update(User).set(User.first, "Zoe").filter(User.id.le(2)).execute(&mut session).await.unwrap();
    session.load(&users, User.fullname).await.unwrap();
    let names: Vec<&str> = users.iter().map(|&user| session[user].fullname.get().as_str()).collect();
    assert_eq!(names, ["Zoe King", "Zoe ?", "Cyd Charisse"]);
    // A condition on what is computed is the database's.
    update(User).set(User.first, "Ann").filter(User.fullname.eq("Zoe ?")).execute(&mut session).await.unwrap();
    session.refresh(users[1]).await.unwrap();
    assert_eq!(session[users[1]].first, "Ann");
    session.refresh(users[0]).await.unwrap();
    assert_eq!(session[users[0]].first, "Zoe");
    delete(User).filter(User.order_count.eq(0)).execute(&mut session).await.unwrap();
    session.commit().await.unwrap();
    assert!(session.get(User, 3).await.unwrap().is_none());
}

#[tokio::test]
async fn a_sessions_filter_and_its_locks_go_with_them() {
    let engine = shop().await;
    let mut session = Session::new(&engine);
    session.listen(SessionEvents::new().filter(Order, Order.quantity.lt(5)));
    let users = session.query(User).order_by(User.id).all().await.unwrap();
    let counts: Vec<i64> = users.iter().map(|&user| *session[user].order_count.get()).collect();
    assert_eq!(counts, [2, 0, 0]); // the orders that the session does not see do not count
    let some = session.query(User).filter(User.order_count.eq(0) & User.first.ne("Cyd")).all().await.unwrap();
    assert_eq!(some, [users[1]]);
    session.rollback().await.unwrap();

    let mut session = Session::new(&engine);
    let locked = select(User).filter(User.id.eq(1)).for_update().one(&mut session).await.unwrap();
    assert_eq!(*session[locked].order_count.get(), 2);
    session.rollback().await.unwrap();
}

#[tokio::test]
async fn a_session_reads_in_their_order_a_piece_at_a_time() {
    let engine = shop().await;
    let mut session = Session::new(&engine);
    let mut names = Vec::new();
    let mut chunks = select(User).order_by(User.fullname.desc()).yield_per(1);
    while let Some(users) = chunks.next(&mut session).await.unwrap() {
        names.extend(users.iter().map(|&user| session[user].fullname.get().clone()));
    }
    assert_eq!(names, ["Cyd Charisse", "Bob ?", "Ada King"]);
}

// ------------------------------------------------------------------------------------------------ made of other things

#[derive(Clone, Debug, PartialEq, SqlEnum)]
enum Mood {
    Sad,
    Glad,
}

#[derive(Clone, Debug, PartialEq, Embed)]
struct Place {
    x: i64,
    y: i64,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "stops", metadata = none)]
struct Stop {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Stop.id)]
    line_id: Option<i64>,
    #[orm(length = 20)]
    name: String,
    #[orm(embed)]
    place: Place,
    mood: Mood,
    /// Made of what an embedded struct brings.
    #[orm(column_property = Stop.place.x + Stop.place.y)]
    distance: Deferred<i64>,
    /// Made of another one.
    #[orm(column_property = func::case(Stop.distance.gt(10), Mood::Glad).otherwise(Stop.mood))]
    shown: Deferred<Mood>,
    /// About other rows of the same table.
    #[orm(column_property = {
        let other = Stop.alias("other");
        select(func::max(other.distance)).filter(other.line_id.eq(Stop.id)).scalar_subquery()
    })]
    farthest: Deferred<Option<i64>>,
    #[orm(column_property = func::exists(select(Stop.alias("below").id).filter(Stop.alias("below").line_id.eq(Stop.id))))]
    is_line: Deferred<bool>,
    #[orm(back_populates = line, order_by = distance.desc())]
    stops: HasMany<Stop>,
    #[orm(back_populates = stops)]
    line: BelongsTo<Stop>,
}

#[tokio::test]
async fn a_property_is_made_of_others_of_embedded_columns_and_of_its_own_table() {
    let engine = empty_engine().await;
    metadata![Stop].create_all(&engine).await.unwrap();
    let stop = |name: &str, x, y| Stop::builder().name(name).place(Place { x, y }).mood(Mood::Sad);
    let mut session = Session::new(&engine);
    session.add(stop("line", 0, 0).stops([stop("a", 1, 2), stop("b", 30, 4), stop("c", 5, 6)]));
    session.commit().await.unwrap();

    let all = select(Stop).order_by(Stop.id).all(&engine).await.unwrap();
    let found: Vec<_> = all
        .iter()
        .map(|stop| (*stop.distance.get(), stop.shown.get().clone(), *stop.farthest.get(), *stop.is_line.get()))
        .collect();
    assert_eq!(
        found,
        [
            (0, Mood::Sad, Some(34), true),
            (3, Mood::Sad, None, false),
            (34, Mood::Glad, None, false),
            (11, Mood::Glad, None, false),
        ]
    );
    let glad = select(Stop.name).filter(Stop.shown.eq(Mood::Glad)).order_by(Stop.name).all(&engine).await.unwrap();
    assert_eq!(glad, ["b", "c"]);
    // The order of members, by every strategy.
    let lines = select(Stop).filter(Stop.is_line);
    for option in [selectinload(Stop.stops), joinedload(Stop.stops), subqueryload(Stop.stops)] {
        let lines = lines.clone().limit(1).options(option).all(&engine).await.unwrap();
        let stops: Vec<(&str, i64)> =
            lines[0].stops.iter().map(|stop| (stop.name.as_str(), *stop.distance.get())).collect();
        assert_eq!(stops, [("b", 34), ("c", 11), ("a", 3)]);
    }
    // Of an alias, beside the table.
    let above = Stop.alias("above");
    let pairs = select((Stop.name, above.farthest)).join(Stop.line.of(above)).filter(Stop.distance.eq(above.farthest));
    assert_eq!(pairs.all(&engine).await.unwrap(), [("b".to_owned(), Some(34))]);
    // A value goes back into a session as it was read.
    let mut session = Session::new(&engine);
    let line = session.merge_loaded(all[0].clone()).unwrap();
    assert_eq!(*session[line].farthest.get(), Some(34));
    session[line].place.x = 7;
    session.commit().await.unwrap();
    session.refresh(line).await.unwrap();
    assert_eq!(*session[line].distance.get(), 7);
}

// ------------------------------------------------------------------------------------------------------------- errors

#[derive(Clone, Debug, Model)]
#[orm(table = "loops", metadata = none)]
struct Loop {
    #[orm(primary_key)]
    id: i64,
    #[orm(column_property = Loop.right + 1)]
    left: Deferred<i64>,
    #[orm(column_property = Loop.left + 1)]
    right: Deferred<i64>,
    #[orm(column_property = Order.quantity)]
    foreign: Deferred<i64>,
}

#[tokio::test]
async fn what_cannot_be_computed_is_told() {
    let engine = empty_engine().await;
    metadata![User, Order, Loop].create_all(&engine).await.unwrap();
    let error = select(Loop.left).all(&engine).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (&ErrorKind::Configuration, "the column property `Loop.left` is made of itself")
    );
    let error = select(Loop.foreign).all(&engine).await.unwrap_err();
    let message = "the column property `Loop.foreign` mentions `orders`, which is another table";
    assert_eq!((error.kind(), error.message()), (&ErrorKind::Configuration, message));
}
