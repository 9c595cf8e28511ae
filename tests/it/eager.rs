//! Loading options, one by one: the SQL of each strategy, constraints, wildcards, what is refused, and what a session does
//! about loads for one object after the other.

use orm::prelude::*;
use orm::{
    Dialect, ErrorKind, Load, LoadOption, NPlusOne, SessionMaker, contains_eager, defaultload, func, joinedload_all,
    lazyload, lazyload_all, raiseload, raiseload_all, selectinload_all, subqueryload,
};

use crate::assert_statements;
use crate::relationships::{SqlLog, echoing};
use crate::support::{
    Address, Keyword, Node, User, UserKeyword, emails, empty_engine, engine, expected, session, strategies,
    three_users, tree,
};

const USERS: &str = "users.id, users.name, users.fullname, users.active";
const ADDRESSES_1: &str = "addresses_1.id, addresses_1.email, addresses_1.user_id";

fn lists(users: &[User]) -> Vec<String> {
    users.iter().map(|user| emails(user).join(" ")).collect()
}

fn shown(query: Select<User>, option: impl LoadOption<User>) -> String {
    query.options(option).to_sql(Dialect::Sqlite)
}

// ---------------------------------------------------------------------------------------------------- joinedload: SQL

#[test]
fn a_collection_is_joined_to_an_alias_of_its_own_and_ordered_as_it_says() {
    assert_eq!(
        shown(select(User).filter(User.id.gt(1)).order_by(User.name), joinedload(User.addresses)),
        format!(
            "SELECT {USERS}, {ADDRESSES_1} FROM users LEFT OUTER JOIN addresses AS addresses_1 \
             ON users.id = addresses_1.user_id WHERE users.id > ? ORDER BY users.name, addresses_1.id"
        )
    );
}

#[test]
fn an_inner_join_is_asked_for_and_stays_an_outer_join_below_one() {
    let option = joinedload(User.addresses).innerjoin().joinedload(Address.user).innerjoin();
    assert_eq!(
        shown(select(User), option),
        format!(
            "SELECT {USERS}, {ADDRESSES_1}, users_1.id, users_1.name, users_1.fullname, users_1.active FROM users \
             JOIN addresses AS addresses_1 ON users.id = addresses_1.user_id \
             JOIN users AS users_1 ON addresses_1.user_id = users_1.id ORDER BY addresses_1.id"
        )
    );
    let option = joinedload(User.addresses).joinedload(Address.user).innerjoin();
    assert!(shown(select(User), option).contains("LEFT OUTER JOIN users AS users_1 ON addresses_1.user_id"));
}

#[test]
fn a_limit_makes_a_subquery_of_the_query_and_its_order_is_repeated_around_it() {
    assert_eq!(
        shown(select(User).order_by(User.name.desc()).limit(2).offset(1), joinedload(User.addresses)),
        format!(
            "SELECT anon_1.c0, anon_1.c1, anon_1.c2, anon_1.c3, {ADDRESSES_1} FROM (\
             SELECT users.id AS c0, users.name AS c1, users.fullname AS c2, users.active AS c3 FROM users \
             ORDER BY users.name DESC LIMIT ? OFFSET ?) AS anon_1 \
             LEFT OUTER JOIN addresses AS addresses_1 ON anon_1.c0 = addresses_1.user_id \
             ORDER BY anon_1.c1 DESC, addresses_1.id"
        )
    );
    // What is ordered by and not selected is added to the subquery.
    let ordered = select(User).order_by(func::length(User.name)).limit(2);
    let sql = shown(ordered, joinedload(User.addresses));
    assert!(sql.contains("users.active AS c3, length(users.name) AS c4 FROM users"), "{sql}");
    assert!(sql.ends_with("ORDER BY anon_1.c4, addresses_1.id"), "{sql}");
}

#[test]
fn a_reference_is_joined_under_a_limit_without_a_subquery() {
    assert_eq!(
        select(Address).limit(2).options(joinedload(Address.user)).to_sql(Dialect::Sqlite),
        "SELECT addresses.id, addresses.email, addresses.user_id, users_1.id, users_1.name, users_1.fullname, \
         users_1.active FROM addresses LEFT OUTER JOIN users AS users_1 ON addresses.user_id = users_1.id LIMIT ?"
    );
}

#[test]
fn distinct_and_groups_make_a_subquery() {
    let sql = shown(select(User).distinct(), joinedload(User.addresses));
    assert!(sql.contains("FROM (SELECT DISTINCT users.id AS c0"), "{sql}");
    let sql = select(Address).group_by(Address.id).options(joinedload(Address.user)).to_sql(Dialect::Sqlite);
    assert!(sql.contains("GROUP BY addresses.id) AS anon_1 LEFT OUTER JOIN users AS users_1"), "{sql}");
}

#[test]
fn a_join_of_the_users_own_is_left_alone_and_its_rows_are_numbered() {
    let query = select(User).join(User.addresses).filter(Address.email.like("ed%"));
    assert_eq!(
        shown(query, joinedload(User.addresses)),
        format!(
            "SELECT anon_1.c0, anon_1.c1, anon_1.c2, anon_1.c3, anon_1.place, {ADDRESSES_1} FROM (\
             SELECT numbered.*, row_number() OVER () AS place FROM (\
             SELECT users.id AS c0, users.name AS c1, users.fullname AS c2, users.active AS c3 FROM users \
             JOIN addresses ON users.id = addresses.user_id WHERE addresses.email LIKE ?) AS numbered) AS anon_1 \
             LEFT OUTER JOIN addresses AS addresses_1 ON anon_1.c0 = addresses_1.user_id ORDER BY addresses_1.id"
        )
    );
}

#[test]
fn two_joins_to_one_table_have_two_aliases_and_avoid_those_that_are_taken() {
    let nodes = select(Node).options(joinedload(Node.parent).joinedload(Node.parent)).to_sql(Dialect::Sqlite);
    assert!(
        nodes.ends_with(
            "FROM nodes LEFT OUTER JOIN nodes AS nodes_1 ON nodes.parent_id = nodes_1.id \
             LEFT OUTER JOIN nodes AS nodes_2 ON nodes_1.parent_id = nodes_2.id"
        ),
        "{nodes}"
    );
    let taken = Node.alias("nodes_1");
    let query = select(taken).options(joinedload(Node.parent)).to_sql(Dialect::Sqlite);
    assert!(
        query.ends_with("FROM nodes AS nodes_1 LEFT OUTER JOIN nodes AS nodes_2 ON nodes_1.parent_id = nodes_2.id"),
        "{query}"
    );
}

#[test]
fn a_many_to_many_relationship_is_joined_with_its_association_table() {
    let sql = shown(select(User), joinedload(User.keywords));
    assert!(
        sql.ends_with(
            "FROM users LEFT OUTER JOIN (user_keywords AS user_keywords_1 JOIN keywords AS keywords_1 \
             ON user_keywords_1.keyword_id = keywords_1.id) ON users.id = user_keywords_1.user_id"
        ),
        "{sql}"
    );
}

#[test]
fn a_condition_on_members_stands_in_the_join() {
    let option = joinedload(User.addresses).filter(Address.email.like("%x")).order_by(Address.email.desc());
    let sql = shown(select(User), option);
    assert!(
        sql.ends_with(
            "LEFT OUTER JOIN addresses AS addresses_1 ON users.id = addresses_1.user_id AND addresses_1.email LIKE ? \
             ORDER BY addresses_1.email DESC"
        ),
        "{sql}"
    );
    let option = joinedload(User.addresses).filter(Address.user.has(User.name.eq("ed")));
    let sql = shown(select(User), option);
    let exists =
        "AND EXISTS (SELECT 1 FROM users AS users_1 WHERE addresses_1.user_id = users_1.id AND users_1.name = ?)";
    assert!(sql.contains(exists), "{sql}");
}

#[test]
fn contained_members_are_selected_and_nothing_is_joined() {
    let query = select(User).join(User.addresses).filter(Address.id.gt(1)).order_by(Address.id);
    assert_eq!(
        shown(query, contains_eager(User.addresses)),
        format!(
            "SELECT {USERS}, addresses.id, addresses.email, addresses.user_id FROM users \
             JOIN addresses ON users.id = addresses.user_id WHERE addresses.id > ? ORDER BY addresses.id"
        )
    );
}

// ------------------------------------------------------------------------------------------------ joinedload: results

#[tokio::test]
async fn joined_members_come_with_their_owners_in_one_statement() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let query = || select(User).order_by(User.id).options((joinedload(User.addresses), joinedload(User.keywords)));
    let users: Vec<User> = assert_statements!(engine, 1, query().all(&engine).await.unwrap());
    // Two collections multiply the rows, and each member is there once all the same.
    assert_eq!(lists(&users), ["ed@x.org ed@y.org", "wendy@x.org", ""]);
    assert_eq!(users.iter().map(|user| user.keywords.len()).collect::<Vec<_>>(), [2, 1, 0]);
    let users = assert_statements!(engine, 1, query().all(&mut session).await.unwrap());
    let counts: Vec<usize> = users.iter().map(|&user| session.handles(user, User.addresses).len()).collect();
    assert_eq!(counts, [2, 1, 0]);
    let blue = session.handles(users[1], User.keywords)[0];
    assert!(session.handles(users[0], User.keywords).contains(&blue));
}

#[tokio::test]
async fn one_and_first_mean_objects_and_not_joined_rows() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let ed = || select(User).filter(User.name.eq("ed")).options(joinedload(User.addresses));
    assert_eq!(ed().one(&engine).await.unwrap().addresses.len(), 2);
    assert_eq!(ed().first(&engine).await.unwrap().unwrap().addresses.len(), 2);
    let handle = ed().one(&mut session).await.unwrap();
    assert_eq!(session.handles(handle, User.addresses).len(), 2);
    let all = select(User).options(joinedload(User.addresses)).one(&engine).await.unwrap_err();
    assert_eq!(*all.kind(), ErrorKind::MultipleResultsFound);
    let contained = || select(User).join(User.addresses).order_by(User.id).options(contains_eager(User.addresses));
    assert_eq!(contained().first(&engine).await.unwrap().unwrap().addresses.len(), 2);
    assert_eq!(*contained().one(&engine).await.unwrap_err().kind(), ErrorKind::MultipleResultsFound);
    let first = contained().first(&mut session).await.unwrap().unwrap();
    assert_eq!(session.handles(first, User.addresses).len(), 2);
}

#[tokio::test]
async fn joined_targets_are_shared_and_a_null_reference_is_none() {
    let (engine, mut session) = session().await;
    tree(&engine).await;
    let query = || select(Node).order_by(Node.id).options(joinedload(Node.parent));
    let nodes: Vec<Node> = assert_statements!(engine, 1, query().all(&engine).await.unwrap());
    assert_eq!(nodes[0].parent.get(), None);
    let [a, b] = [3, 4].map(|leaf| nodes[leaf].parent.get().unwrap());
    assert!(std::ptr::eq(a, b));
    let handles = query().all(&mut session).await.unwrap();
    assert_eq!(session[handles[3]].parent.handle(), Some(handles[1]));
}

#[tokio::test]
async fn an_inner_join_drops_owners_without_a_member() {
    let engine = engine().await;
    three_users(&engine).await;
    let users = select(User).order_by(User.id).options(joinedload(User.addresses).innerjoin());
    assert_eq!(lists(&users.all(&engine).await.unwrap()), ["ed@x.org ed@y.org", "wendy@x.org"]);
}

#[tokio::test]
async fn constraints_of_joined_members_hold_and_a_limit_per_owner_comes_by_a_select() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let query = |option| select(User).order_by(User.id).options(option);
    let filtered = || joinedload(User.addresses).filter(Address.email.like("%x.org"));
    let users = assert_statements!(engine, 1, query(filtered()).all(&engine).await.unwrap());
    assert_eq!(lists(&users), ["ed@x.org", "wendy@x.org", ""]);
    let limited = joinedload(User.addresses).order_by(Address.id.desc()).limit(1);
    let users = assert_statements!(engine, 2, query(limited).all(&engine).await.unwrap());
    assert_eq!(lists(&users), ["ed@y.org", "wendy@x.org", ""]);
    // What is there in part cannot be emptied as a whole.
    let users = query(filtered()).all(&mut session).await.unwrap();
    session[users[0]].addresses.clear();
    assert!(session.flush().await.unwrap_err().is_not_loaded());
}

#[tokio::test]
async fn every_strategy_takes_a_limit_per_owner() {
    let engine = engine().await;
    three_users(&engine).await;
    let options = [selectinload(User.addresses), joinedload(User.addresses), subqueryload(User.addresses)];
    for option in options {
        let option = option.order_by(Address.id.desc()).limit(1).joinedload(Address.user).selectinload(User.keywords);
        let users = select(User).order_by(User.id).options(option).all(&engine).await.unwrap();
        assert_eq!(lists(&users), ["ed@y.org", "wendy@x.org", ""]);
        let user = users[0].addresses.get()[0].user.get().unwrap();
        assert_eq!(user.keywords.len(), 2);
    }
}

#[tokio::test]
async fn options_work_on_each_object_of_a_tuple() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let query = || {
        select((User, optional(Address), User.name))
            .outerjoin(User.addresses)
            .order_by((User.id, Address.id))
            .options((joinedload(User.keywords), joinedload(Address.user)))
    };
    let rows = assert_statements!(engine, 1, query().all(&engine).await.unwrap());
    let found: Vec<(usize, Option<&str>)> = rows
        .iter()
        .map(|(user, address, _)| {
            let owner = address.as_ref().map(|address| address.user.get().unwrap().name.as_str());
            (user.keywords.len(), owner)
        })
        .collect();
    assert_eq!(found, [(2, Some("ed")), (2, Some("ed")), (1, Some("wendy")), (0, None)]);
    let rows = assert_statements!(engine, 1, query().all(&mut session).await.unwrap());
    assert_eq!(rows.len(), 4);
    assert_eq!(session[rows[2].1.unwrap()].user.handle(), Some(rows[2].0));
    assert!(rows[3].1.is_none() && session.handles(rows[3].0, User.keywords).is_empty());
}

#[tokio::test]
async fn what_a_session_has_changed_is_kept_when_it_is_joined_again() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let ed = session.query(User).filter(User.name.eq("ed")).options(joinedload(User.addresses)).one().await.unwrap();
    let mails = session.handles(ed, User.addresses);
    session[mails[0]].email = "new@x.org".into();
    let mut quiet = session.no_autoflush();
    let same = quiet.query(User).filter(User.name.eq("ed")).options(joinedload(User.addresses)).one().await.unwrap();
    assert_eq!((same, session[mails[0]].email.as_str()), (ed, "new@x.org"));
    let new = session.link(ed, User.addresses, Address::builder().email("third@x.org"));
    let mut quiet = session.no_autoflush();
    quiet.query(User).options(joinedload(User.addresses)).all().await.unwrap();
    assert_eq!(session.handles(ed, User.addresses), [mails[0], mails[1], new]);
}

#[tokio::test]
async fn chunks_of_a_query_have_their_joined_members() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let mut chunks = select(User).order_by(User.id).options(joinedload(User.addresses)).yield_per(2);
    let mut found = Vec::new();
    while let Some(users) = chunks.next(&mut session).await.unwrap() {
        found.push(users.iter().map(|&user| session.handles(user, User.addresses).len()).collect::<Vec<_>>());
    }
    assert_eq!(found, [vec![2, 1], vec![0]]);
}

// ------------------------------------------------------------------------------------------------------ contains_eager

#[tokio::test]
async fn contained_members_are_those_of_the_rows() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let query = || {
        select(User)
            .join(User.addresses)
            .filter(Address.email.like("%y.org"))
            .options(contains_eager(User.addresses).contains_eager(Address.user.of(User.alias("owner"))))
            .join(Address.user.of(User.alias("owner")))
    };
    let users: Vec<User> = assert_statements!(engine, 1, query().all(&engine).await.unwrap());
    assert_eq!(lists(&users), ["ed@y.org"]);
    assert_eq!(users[0].addresses.get()[0].user.get().unwrap().name, "ed");
    let users = assert_statements!(engine, 1, query().all(&mut session).await.unwrap());
    assert_eq!(session.handles(users[0], User.addresses).len(), 1);
    // They may not be all, and a load brings the others.
    session.load(users[0], User.addresses).await.unwrap();
    assert_eq!(session.handles(users[0], User.addresses).len(), 2);
}

#[tokio::test]
async fn below_what_is_contained_other_strategies_go_on() {
    let engine = engine().await;
    three_users(&engine).await;
    let query = |option| select(User).outerjoin(User.addresses).order_by((User.id, Address.id)).options(option);
    let options = [
        contains_eager(User.addresses).selectinload(Address.user).selectinload(User.keywords),
        contains_eager(User.addresses).joinedload(Address.user).selectinload(User.keywords),
        contains_eager(User.addresses).subqueryload(Address.user).subqueryload(User.keywords),
    ];
    for option in options {
        let users: Vec<User> = assert_statements!(engine, 3, query(option).all(&engine).await.unwrap());
        assert_eq!(lists(&users), ["ed@x.org ed@y.org", "wendy@x.org", ""]);
        assert_eq!(users[0].addresses.get()[1].user.get().unwrap().keywords.len(), 2);
    }
}

// -------------------------------------------------------------------------------------------------------- subqueryload

#[tokio::test]
async fn a_subquery_repeats_the_query_and_nests_level_by_level() {
    let log = SqlLog::start();
    let engine = echoing().await;
    metadata![User, Address, Keyword, UserKeyword].create_all(&engine).await.unwrap();
    three_users(&engine).await;
    let path = || subqueryload(User.addresses).subqueryload(Address.user).subqueryload(User.keywords);
    log.take();
    let users = select(User).filter(User.active).order_by(User.name).options(path()).all(&engine).await.unwrap();
    assert_eq!(lists(&users), ["ed@x.org ed@y.org", ""]);
    let sql = log.take();
    let addresses = "addresses.user_id IN (SELECT users.id FROM users WHERE users.active)";
    let owners = format!("users.id IN (SELECT addresses.user_id FROM addresses WHERE {addresses})");
    assert_eq!(
        sql[1..],
        [
            format!(
                "SELECT addresses.id, addresses.email, addresses.user_id FROM addresses WHERE {addresses} \
                 ORDER BY addresses.id"
            ),
            format!("SELECT {USERS} FROM users WHERE {owners}"),
            format!(
                "SELECT keywords.id, keywords.word, user_keywords.user_id FROM user_keywords \
                 JOIN keywords ON user_keywords.keyword_id = keywords.id \
                 WHERE user_keywords.user_id IN (SELECT users.id FROM users WHERE {owners})"
            ),
        ]
    );
    // Under a LIMIT the order stays; MySQL and MariaDB want such a subquery wrapped.
    let limited = select(User).order_by(User.id.desc()).limit(2).options(subqueryload(User.addresses));
    let users = limited.all(&engine).await.unwrap();
    assert_eq!(lists(&users), ["", "wendy@x.org"]);
    let sql = log.take();
    let wrapped = "IN (SELECT * FROM (SELECT users.id AS c0 FROM users ORDER BY users.id DESC LIMIT ?) AS limited)";
    let subquery = expected(
        "IN (SELECT users.id FROM users ORDER BY users.id DESC LIMIT ?)",
        [
            (Dialect::Sqlite, "ORDER BY users.id DESC LIMIT +?)", "a bare parameter has it prepared again"),
            (Dialect::MySql, wrapped, "no LIMIT in IN"),
            (Dialect::MariaDb, wrapped, "no LIMIT in IN"),
        ],
    );
    assert!(sql[1].contains(subquery), "{sql:?}");
}

#[tokio::test]
async fn a_subquery_does_not_mix_its_tables_with_those_around_it() {
    let engine = engine().await;
    three_users(&engine).await;
    // The condition names a table that is nowhere in FROM, and that the members are read from.
    let query = select(User).filter(Address.user_id.eq(User.id) & Address.email.eq("ed@y.org"));
    let users: Vec<User> = query.options(subqueryload(User.addresses)).all(&engine).await.unwrap();
    assert_eq!(lists(&users), ["ed@x.org ed@y.org"]);
}

#[tokio::test]
async fn where_a_query_cannot_be_repeated_its_owners_are_named() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let rows = text("SELECT * FROM users WHERE name = :name").bind("name", "ed").columns_of(User);
    let ed = rows.one(&mut session).await.unwrap();
    session.load(ed, User.addresses).await.unwrap();
    assert_eq!(session.handles(ed, User.addresses).len(), 2);
    let other = User.alias("other");
    let pairs = select((User, other)).join_on(other, other.id.gt(User.id)).order_by((User.id, other.id));
    let pairs = pairs.options(subqueryload(User.addresses)).all(&engine).await.unwrap();
    let found: Vec<(usize, usize)> =
        pairs.iter().map(|(one, other)| (one.addresses.len(), other.addresses.len())).collect();
    assert_eq!(found, [(2, 1), (2, 0), (1, 0)]);
}

#[tokio::test]
async fn a_reference_changed_in_memory_is_not_looked_for_by_the_old_query() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let mail = session.query(Address).filter(Address.email.eq("ed@x.org")).one().await.unwrap();
    session[mail].user_id = 2;
    let mut quiet = session.no_autoflush();
    let query = quiet.query(Address).filter(Address.email.eq("ed@x.org")).options(subqueryload(Address.user));
    query.one().await.unwrap();
    let owner = session[mail].user.handle().unwrap();
    assert_eq!(session[owner].name, "wendy");
}

// -------------------------------------------------------------------------------------------------------- selectinload

#[tokio::test]
async fn chunks_have_the_size_that_is_asked_for() {
    let engine = engine().await;
    let mut session = Session::new(&engine);
    session.add_all((0..5).map(|n| User::builder().name(format!("u{n}")).addresses([Address::builder().email("x")])));
    session.commit().await.unwrap();
    let query = |size| select(User).options(selectinload(User.addresses).chunk_size(size));
    for (size, statements) in [(1, 6), (2, 4), (4, 3), (5, 2), (6, 2)] {
        let users = assert_statements!(engine, statements, query(size).all(&engine).await.unwrap());
        assert!(users.iter().all(|user| user.addresses.len() == 1));
        let mut session = Session::new(&engine);
        assert_statements!(engine, statements, query(size).all(&mut session).await.unwrap());
    }
}

#[tokio::test]
async fn a_relationship_to_itself_goes_on_until_there_are_no_members() {
    let (engine, mut session) = session().await;
    tree(&engine).await;
    let roots = || select(Node).filter(Node.parent_id.is_null());
    let depth = |node: &Node| {
        let mut levels = 0;
        let mut level = vec![node];
        while level.iter().all(|node| node.children.is_loaded()) && !level.is_empty() {
            level = level.iter().flat_map(|node| node.children.iter()).collect();
            levels += 1;
        }
        levels
    };
    // Root, branches, leaves, and the statement that finds nothing below the leaves.
    let root = roots().options(selectinload(Node.children).recursive(100)).one(&engine);
    assert_eq!(depth(&assert_statements!(engine, 4, root.await.unwrap())), 3);
    let root = roots().options(selectinload(Node.children).recursive(1)).one(&engine);
    assert_eq!(depth(&assert_statements!(engine, 3, root.await.unwrap())), 2);
    let root = roots().options(subqueryload(Node.children).recursive(2)).one(&engine);
    assert_eq!(depth(&assert_statements!(engine, 4, root.await.unwrap())), 3);
    let root = roots().options(joinedload(Node.children).recursive(2)).one(&engine);
    assert_eq!(depth(&assert_statements!(engine, 3, root.await.unwrap())), 3);
    let path = selectinload(Node.children).recursive(9).selectinload(Node.parent);
    let root = roots().options(path).one(&mut session).await.unwrap();
    let leaf = session.handles(session.handles(root, Node.children)[1], Node.children)[0];
    assert_eq!(session[leaf].name, "b1");
    assert!(session[leaf].parent.handle().is_some());
}

#[test]
#[should_panic(expected = "only a relationship of a model to itself goes on")]
fn only_a_relationship_to_itself_goes_on() {
    let _ = selectinload(User.addresses).recursive(3);
}

// ------------------------------------------------------------------------------------------- defaults and wildcards

#[derive(Clone, Debug, Model)]
#[orm(table = "shops", metadata = none)]
struct Shop {
    #[orm(primary_key)]
    id: i64,
    #[orm(lazy = selectin, back_populates = shop, order_by = id)]
    goods: HasMany<Good>,
    #[orm(lazy = subquery, order_by = id)]
    carts: HasMany<Cart>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "goods", metadata = none)]
struct Good {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Shop.id)]
    shop_id: i64,
    #[orm(lazy = joined, back_populates = goods)]
    shop: BelongsTo<Shop>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "carts", metadata = none)]
struct Cart {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Shop.id)]
    shop_id: i64,
    shop: BelongsTo<Shop>,
}

async fn shop() -> Engine {
    let engine = empty_engine().await;
    metadata![Shop, Good, Cart].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    session.add(Shop::builder().goods([Good::builder(), Good::builder()]).carts([Cart::builder()]));
    session.commit().await.unwrap();
    engine
}

#[tokio::test]
async fn a_models_own_strategies_are_used_and_can_be_overridden() {
    let engine = shop().await;
    let shop: Shop = assert_statements!(engine, 3, select(Shop).one(&engine).await.unwrap());
    assert_eq!((shop.goods.len(), shop.carts.len()), (2, 1));
    // The way back is not gone again.
    assert!(shop.goods.get()[0].shop.is_unloaded());
    // The shop comes in the row of the first, its carts by a repetition of the query.
    let good: Good = assert_statements!(engine, 2, select(Good).first(&engine).await.unwrap().unwrap());
    assert_eq!(good.shop.get().unwrap().carts.len(), 1);
    let query = select(Shop).options((lazyload(Shop.goods), joinedload(Shop.carts)));
    let shop: Shop = assert_statements!(engine, 1, query.one(&engine).await.unwrap());
    assert!(shop.goods.is_unloaded() && shop.carts.len() == 1);
    let query = select(Good).options(defaultload(Good.shop).lazyload(Shop.carts));
    let good: Good = assert_statements!(engine, 1, query.first(&engine).await.unwrap().unwrap());
    assert!(good.shop.get().unwrap().carts.is_unloaded());
}

#[tokio::test]
async fn a_wildcard_is_for_all_that_no_other_option_names() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let user: User =
        select(User).order_by(User.id).options(selectinload_all(User)).first(&engine).await.unwrap().unwrap();
    assert!(user.addresses.is_loaded() && user.keywords.is_loaded());
    let query = select(User).order_by(User.id).options((joinedload_all(User), lazyload(User.keywords)));
    let user: User = assert_statements!(engine, 1, query.first(&engine).await.unwrap().unwrap());
    assert!(user.addresses.is_loaded() && user.keywords.is_unloaded());
    let query = select(User).order_by(User.id).options(selectinload(User.addresses).selectinload_all());
    let user: User = query.first(&engine).await.unwrap().unwrap();
    assert!(user.addresses.get()[0].user.is_loaded() && user.keywords.is_unloaded());
    let query = select(User).order_by(User.id).options((raiseload_all(User), selectinload(User.addresses)));
    let user = query.first(&mut session).await.unwrap().unwrap();
    assert_eq!(session.handles(user, User.addresses).len(), 2);
    let error = session.load(user, User.keywords).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "relationship `User.keywords` is not loaded on demand: a query said `raiseload`\n\
         hint: add `.options(selectinload(User.keywords))` to the query"
    );
    let shops = shop().await;
    let shop: Shop = assert_statements!(shops, 1, select(Shop).options(lazyload_all(Shop)).one(&shops).await.unwrap());
    assert!(shop.goods.is_unloaded() && shop.carts.is_unloaded());
}

#[tokio::test]
async fn what_raiseload_says_holds_for_the_objects_of_its_query_alone() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let ed =
        select(User).filter(User.name.eq("ed")).options(raiseload(User.addresses)).one(&mut session).await.unwrap();
    let wendy = session.query(User).filter(User.name.eq("wendy")).one().await.unwrap();
    assert!(session.load(ed, User.addresses).await.is_err());
    session.load(wendy, User.addresses).await.unwrap();
    // A query that asks for it loads it, and a flush that needs it is not refused.
    session.query(User).options(selectinload(User.addresses)).all().await.unwrap();
    assert_eq!(session.handles(ed, User.addresses).len(), 2);
    session.expire(ed).unwrap();
    session.delete(ed).await.unwrap();
    session.query(Keyword).all().await.unwrap();
    assert_eq!(select(Address).count(&mut session).await.unwrap(), 1);
}

#[tokio::test]
async fn nothing_can_be_loaded_below_what_is_not_loaded() {
    let engine = engine().await;
    for option in [lazyload(User.addresses), raiseload(User.addresses), defaultload(User.addresses)] {
        let error = select(User).options(option.selectinload(Address.user)).all(&engine).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Argument);
        assert_eq!(
            error.to_string(),
            "`User.addresses` is not loaded by this query, so that nothing can be loaded below it\n\
             hint: begin the path with `selectinload(User.addresses)`"
        );
    }
}

// --------------------------------------------------------------------------------------------------- one by one

#[tokio::test]
async fn loading_for_one_object_after_the_other_is_denied_where_asked() {
    let engine = engine().await;
    three_users(&engine).await;
    let mut session = SessionMaker::new(&engine).n_plus_one(NPlusOne::Deny).session();
    let users = session.query(User).order_by(User.id).all().await.unwrap();
    session.load(users[0], User.addresses).await.unwrap();
    // What is loaded asks nothing, and another relationship is another matter.
    session.load(users[0], User.addresses).await.unwrap();
    session.load(users[0], User.keywords).await.unwrap();
    let error = assert_statements!(engine, 0, session.load(users[1], User.addresses).await.unwrap_err());
    assert_eq!(
        error.to_string(),
        "relationship `User.addresses` is loaded for one object after the other, 2 times so far\n\
         hint: add `.options(selectinload(User.addresses))` to the query, or load for all: \
         `session.load(&users, User.addresses)`"
    );
    assert_statements!(engine, 1, session.load(&users, User.addresses).await.unwrap());
    assert_eq!(session.handles(users[1], User.addresses).len(), 1);
    // References that the session knows need no statement, however many there are.
    let addresses = session.query(Address).all().await.unwrap();
    for &address in &addresses {
        session.load(address, Address.user).await.unwrap();
    }
    // A commit expires the objects, and they are still of one query.
    session.commit().await.unwrap();
    session.load(users[0], User.keywords).await.unwrap_err();
    session.n_plus_one(NPlusOne::Allow);
    session.load(users[0], User.keywords).await.unwrap();
    session.load(users[1], User.keywords).await.unwrap();
}

#[tokio::test]
async fn objects_that_came_one_by_one_are_noticed_at_the_tenth() {
    let engine = engine().await;
    let mut session = Session::new(&engine);
    session.add_all((0..12).map(|n| User::builder().name(format!("u{n}"))));
    session.commit().await.unwrap();
    let mut session = SessionMaker::new(&engine).n_plus_one(NPlusOne::Deny).session();
    let mut failed = None;
    for id in 1..=12 {
        let user = session.get_one(User, id).await.unwrap();
        if session.load(user, User.addresses).await.is_err() {
            failed = failed.or(Some(id));
        }
    }
    assert_eq!(failed, Some(10));
}

#[tokio::test]
async fn a_session_warns_once_for_each_relationship() {
    let log = SqlLog::start();
    let engine = engine().await;
    three_users(&engine).await;
    let mut session = Session::new(&engine);
    let users = session.query(User).all().await.unwrap();
    log.take();
    for &user in &users {
        session.load(user, User.addresses).await.unwrap();
        session.load(user, User.keywords).await.unwrap();
    }
    let warnings: Vec<String> =
        log.lines().into_iter().filter(|line| line.contains("one object after the other")).collect();
    assert_eq!(warnings.len(), 2);
    assert!(warnings[0].contains("add `.options(selectinload(User.addresses))` to the query"), "{warnings:?}");
}

#[tokio::test]
async fn siblings_are_loaded_where_asked_and_counted() {
    let engine = engine().await;
    three_users(&engine).await;
    let mut session = Session::new(&engine);
    let wendy = session.query(User).filter(User.name.eq("wendy")).one().await.unwrap();
    let others = session.query(User).filter(User.name.ne("wendy")).order_by(User.id).all().await.unwrap();
    let loaded = assert_statements!(engine, 1, session.load_with_siblings(others[0], User.addresses).await.unwrap());
    assert_eq!(loaded, 2);
    assert!(session[others[1]].addresses.is_loaded() && session[wendy].addresses.is_unloaded());
    assert_eq!(session.load_with_siblings(others[1], User.addresses).await.unwrap(), 0);
    assert_eq!(session.load_with_siblings(wendy, User.addresses).await.unwrap(), 1);
}

// --------------------------------------------------------------------------------------------------- without loading

#[tokio::test]
async fn members_are_counted_without_being_loaded() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let users = session.query(User).order_by(User.id).all().await.unwrap();
    let mut counts = Vec::new();
    for &user in &users {
        counts.push((
            session.count(user, User.addresses).await.unwrap(),
            session.count(user, User.keywords).await.unwrap(),
        ));
    }
    assert_eq!(counts, [(2, 2), (1, 1), (0, 0)]);
    session.link(users[2], User.addresses, Address::builder().email("fred@x.org"));
    assert_eq!(session.count(users[2], User.addresses).await.unwrap(), 1);
    assert!(users.iter().all(|&user| session[user].addresses.is_unloaded()));
}

#[tokio::test]
async fn a_write_only_collection_is_changed_and_read_in_part() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "sensors", metadata = none)]
    struct Sensor {
        #[orm(primary_key)]
        id: i64,
        #[orm(lazy = write_only, order_by = id, cascade(all, delete_orphan), back_populates = sensor)]
        readings: HasMany<Reading>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "readings", metadata = none)]
    struct Reading {
        #[orm(primary_key)]
        id: i64,
        value: i64,
        #[orm(foreign_key = Sensor.id)]
        sensor_id: i64,
        #[orm(back_populates = readings)]
        sensor: BelongsTo<Sensor>,
    }
    let engine = empty_engine().await;
    metadata![Sensor, Reading].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let sensor = session.add(Sensor::builder());
    session.members(sensor, Sensor.readings).unwrap().add_all((1..=10).map(|value| Reading::builder().value(value)));
    assert_eq!(
        session.members(sensor, Sensor.readings).unwrap().select().unwrap_err().message(),
        "an object `Sensor` that has no row yet has no members in the database"
    );
    session.commit().await.unwrap();
    let mut session = Session::new(&engine);
    let sensor = session.get_one(Sensor, 1).await.unwrap();
    let error = session.load(sensor, Sensor.readings).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "relationship `Sensor.readings` is not loaded on demand: it says `lazy = write_only`\n\
         hint: read some of it by `session.members(sensor, Sensor.readings).select()`"
    );
    let mut readings = session.members(sensor, Sensor.readings).unwrap();
    assert_eq!(readings.count().await.unwrap(), 10);
    let query = readings.select().unwrap().filter(Reading.value.gt(7)).order_by(Reading.id).limit(2);
    let found = query.all(&mut session).await.unwrap();
    assert_eq!(session.iter(found.clone()).map(|reading| reading.value).collect::<Vec<_>>(), [8, 9]);
    let mut readings = session.members(sensor, Sensor.readings).unwrap();
    readings.add(Reading::builder().value(11));
    assert!(readings.remove(found[0]));
    session.commit().await.unwrap();
    assert!(session[sensor].readings.is_unloaded());
    let values = select(Reading.value).order_by(Reading.value).all(&engine).await.unwrap();
    assert_eq!(values, [1, 2, 3, 4, 5, 6, 7, 9, 10, 11]);
    // A delete has to know them all the same.
    session.delete(sensor).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Reading).count(&engine).await.unwrap(), 0);
}

// ------------------------------------------------------------------------------------------------------------ cascades

#[tokio::test]
async fn refreshing_and_expiring_follow_their_cascade_to_what_is_loaded() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    // `User.addresses` cascades all, `User.keywords` and `Address.user` do not.
    let ed = session.query(User).filter(User.name.eq("ed")).options(selectinload_all(User)).one().await.unwrap();
    let (mail, keyword) = (session.handles(ed, User.addresses)[0], session.handles(ed, User.keywords)[0]);
    // Behind the session's back, in its own transaction, which sees it everywhere.
    let connection = session.connection().await.unwrap();
    update(Address).set(Address.email, "elsewhere@x.org").execute(&mut *connection).await.unwrap();
    update(Keyword).set(Keyword.word, "green").execute(&mut *connection).await.unwrap();
    session[mail].email = "mine@x.org".into();
    assert_statements!(engine, 2, session.refresh(ed).await.unwrap());
    assert_eq!(session[mail].email, "elsewhere@x.org");
    assert_ne!(session[keyword].word, "green");
    session.load(ed, User.addresses).await.unwrap();
    session[mail].email = "mine@x.org".into();
    session.expire(ed).unwrap();
    assert_eq!(session[mail].email, "elsewhere@x.org");
    session.load(mail, Address.user).await.unwrap();
    assert!(!session.is_modified(mail).unwrap());
}

// -------------------------------------------------------------------------------------------- queries of every shape

#[tokio::test]
async fn compounds_ctes_and_subqueries_take_every_strategy() {
    let engine = engine().await;
    three_users(&engine).await;
    let of = |names: [&str; 2]| select(User).filter(User.name.in_(names));
    let union = || of(["ed", "wendy"]).union(of(["wendy", "fred"])).order_by(User.id);
    let active = select((User.id, User.name)).filter(User.active).cte("active");
    let by_cte = || select(User).join_on(&active, User.id.eq(active.0)).order_by(User.id);
    for option in [selectinload(User.addresses), joinedload(User.addresses), subqueryload(User.addresses)] {
        let users: Vec<User> = union().options(option.clone()).all(&engine).await.unwrap();
        assert_eq!(lists(&users), ["ed@x.org ed@y.org", "wendy@x.org", ""]);
        let users: Vec<User> = by_cte().options(option).all(&engine).await.unwrap();
        assert_eq!(lists(&users), ["ed@x.org ed@y.org", ""]);
    }
}

#[tokio::test]
async fn a_query_that_locks_its_rows_takes_every_strategy() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    for option in [selectinload(User.addresses), joinedload(User.addresses), subqueryload(User.addresses)] {
        let query = select(User).filter(User.name.eq("ed")).options(option).for_update();
        // SQLite locks the whole database instead, and has no word for it.
        match query.one(&mut session).await {
            Ok(ed) => assert_eq!(session.handles(ed, User.addresses).len(), 2),
            Err(error) => assert_eq!((engine.dialect(), error.kind()), (Dialect::Sqlite, &ErrorKind::Compile)),
        }
        session.rollback().await.unwrap();
    }
}

// ------------------------------------------------------------------------------------------------ several at once

#[tokio::test]
async fn several_options_go_on_from_one_step() {
    let engine = engine().await;
    three_users(&engine).await;
    let below = || (selectinload(Address.user).selectinload(User.keywords), selectinload(Address.user));
    for path in [selectinload(User.addresses), joinedload(User.addresses), subqueryload(User.addresses)] {
        let path = path.filter(Address.email.like("%@x.org")).options(below());
        let users: Vec<User> = select(User).order_by(User.id).options(path).all(&engine).await.unwrap();
        assert_eq!(lists(&users), ["ed@x.org", "wendy@x.org", ""]);
        assert_eq!(users[0].addresses.get()[0].user.get().unwrap().keywords.len(), 2);
    }
}

#[tokio::test]
async fn what_raises_on_sql_is_loaded_where_it_takes_none() {
    let engine = engine().await;
    three_users(&engine).await;
    let mut session = Session::new(&engine);
    let query = select(Address).order_by(Address.id).options(raiseload(Address.user).sql_only());
    let mail = query.first(&mut session).await.unwrap().unwrap();
    let error = session.load(mail, Address.user).await.unwrap_err();
    assert_eq!(error.message(), "relationship `Address.user` is not loaded on demand: a query said `raiseload`");
    let ed = session.get_one(User, 1).await.unwrap();
    assert_statements!(engine, 0, session.load(mail, Address.user).await.unwrap());
    assert_eq!(session[mail].user.handle(), Some(ed));

    #[derive(Clone, Debug, Model)]
    #[orm(table = "addresses", metadata = none)]
    struct Guarded {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = User.id)]
        user_id: i64,
        #[orm(lazy = raise_on_sql)]
        user: BelongsTo<User>,
    }
    let guarded = session.query(Guarded).order_by(Guarded.id).all().await.unwrap();
    assert_statements!(engine, 0, session.load(guarded[0], Guarded.user).await.unwrap());
    let error = session.load(guarded[2], Guarded.user).await.unwrap_err();
    assert_eq!(
        error.message(),
        "relationship `Guarded.user` is not loaded on demand: it says `lazy = raise_on_sql`, and it takes a statement"
    );
}

#[tokio::test]
async fn members_are_updated_and_deleted_without_being_loaded() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let ed = session.query(User).filter(User.name.eq("ed")).one().await.unwrap();
    let change = session.members(ed, User.addresses).unwrap().update().unwrap().set(Address.email, "ed@z.org");
    let change = change.filter(Address.email.like("%@x.org"));
    assert_eq!(assert_statements!(engine, 1, session.execute(change).await.unwrap()), 1);
    let gone = session.members(ed, User.addresses).unwrap().delete().unwrap().filter(Address.email.eq("ed@y.org"));
    assert_eq!(session.execute(gone).await.unwrap(), 1);
    session.load(ed, User.addresses).await.unwrap();
    let mails = session.related(ed, User.addresses).map(|(_, address)| address.email.clone());
    assert_eq!(mails.collect::<Vec<_>>(), ["ed@z.org"]);
    // Over an association table.
    let change = session.members(ed, User.keywords).unwrap().update().unwrap().set(Keyword.word, "same");
    assert_eq!(session.execute(change).await.unwrap(), 2);
    let new = session.add(User::builder().name("new"));
    let error = session.members(new, User.addresses).unwrap().delete().unwrap_err();
    assert_eq!(error.message(), "an object `User` that has no row yet has no members in the database");
    session.rollback().await.unwrap();
}

#[tokio::test]
async fn a_relationship_of_a_model_to_itself_that_is_always_loaded_is_loaded_one_level() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "nodes", metadata = none)]
    struct Post {
        #[orm(primary_key)]
        id: i64,
        name: String,
        #[orm(foreign_key = Post.id)]
        parent_id: Option<i64>,
        #[orm(back_populates = answers, lazy = joined)]
        parent: BelongsTo<Post>,
        #[orm(back_populates = parent, order_by = name, lazy = selectin)]
        answers: HasMany<Post>,
    }
    let engine = engine().await;
    tree(&engine).await;
    let a = select(Post).filter(Post.name.eq("a")).one(&engine).await.unwrap();
    let root = a.parent.get().unwrap();
    assert_eq!(root.name, "root");
    assert!(root.answers.try_get().is_err(), "one level");
    let answers = a.answers.get();
    assert_eq!(answers.iter().map(|answer| answer.name.as_str()).collect::<Vec<_>>(), ["a1", "a2"]);
    assert!(answers[0].answers.try_get().is_err(), "one level");
    let mut session = Session::new(&engine);
    let a = session.query(Post).filter(Post.name.eq("a")).one().await.unwrap();
    assert_eq!(session.handles(a, Post.answers).len(), 2);
}

#[tokio::test]
async fn several_rows_where_one_is_held_are_warned_of() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "users", metadata = none)]
    struct Owner {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = Only.user_id)]
        only: HasOne<Only>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "addresses", metadata = none)]
    struct Only {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = Owner.id)]
        user_id: i64,
    }
    let log = SqlLog::start();
    let engine = engine().await;
    three_users(&engine).await;
    let owners: Vec<Owner> = select(Owner).options(selectinload(Owner.only)).all(&engine).await.unwrap();
    assert!(owners.iter().any(|owner| owner.only.get().is_some()));
    let mut session = Session::new(&engine);
    session.query(Owner).options(joinedload(Owner.only)).all().await.unwrap();
    let is_warning = |line: &&String| line.contains("there are several rows for `Owner.only`, which holds one");
    assert_eq!(log.lines().iter().filter(is_warning).count(), 2);
}

// ---------------------------------------------------------------------------------------------------------- aliases

#[tokio::test]
async fn an_option_starts_at_an_alias_that_the_query_selects() {
    let (engine, mut session) = session().await;
    tree(&engine).await;
    let node = Node.alias("node");
    let query = select(node).filter(node.parent_id.is_null());
    for option in [selectinload(node.children), joinedload(node.children), selectinload(Node.children)] {
        let roots: Vec<Node> = query.clone().options(option).all(&engine).await.unwrap();
        assert!(roots.iter().all(|root| root.children.is_loaded()));
    }
    let other = Node.alias("other");
    let error = query.clone().options(selectinload(other.children)).all(&mut session).await.unwrap_err();
    assert_eq!(
        error.message(),
        "the option for `Node.children` starts at the alias `other`, which the query does not select"
    );
    let pairs = select((node, other)).join_on(other, node.id.eq(other.parent_id));
    let error = pairs.clone().options(selectinload(node.children)).all(&engine).await.unwrap_err();
    assert!(error.message().ends_with("starts at the alias `node`, which the query does not select alone"), "{error}");
    let found: Vec<(Node, Node)> = pairs.options(selectinload(Node.children)).all(&engine).await.unwrap();
    assert!(found.iter().all(|(upper, lower)| upper.children.is_loaded() && lower.children.is_loaded()));

    // The next step starts where the one before has led to.
    let query = select(Node).join(Node.children.of(node)).join(node.children.of(other)).order_by(Node.id);
    let path = contains_eager(Node.children.of(node));
    let roots: Vec<Node> =
        query.clone().options(path.clone().contains_eager(node.children.of(other))).all(&engine).await.unwrap();
    assert!(roots.iter().all(|root| root.children.iter().all(|child| !child.children.get().is_empty())));
    let error = query.options(path.contains_eager(other.children.of(node))).all(&engine).await.unwrap_err();
    assert!(error.message().ends_with("starts at the alias `other`, which the step before it does not lead to"));
}

// ------------------------------------------------------------------------------- members by what is known of their owner

/// Returns the addresses of users by each strategy.
async fn by_each_strategy(
    engine: &Engine,
    query: Select<User>,
    said: impl Fn(Load<User, Address>) -> Load<User, Address>,
) -> [Vec<String>; 3] {
    let mut found = [const { Vec::new() }; 3];
    for (found, option) in found.iter_mut().zip(strategies(User.addresses)) {
        *found = lists(&query.clone().options(said(option)).all(engine).await.unwrap());
    }
    found
}

/// The owners stood in FROM and nothing connected them to the members: each owner got all, and each member came several times.
#[tokio::test]
async fn a_condition_on_the_owner_leaves_members_out_by_every_strategy() {
    let engine = engine().await;
    three_users(&engine).await;
    let all = select(User).order_by(User.id);
    let found = by_each_strategy(&engine, all.clone(), |load| load.filter(User.name.eq("ed"))).await;
    assert_eq!(found, [(); 3].map(|()| vec!["ed@x.org ed@y.org", "", ""]));
    let found = by_each_strategy(&engine, all.clone(), |load| load.filter(User.id.gt(0))).await;
    assert_eq!(found, [(); 3].map(|()| vec!["ed@x.org ed@y.org", "wendy@x.org", ""]));
    let by_keyword = |load: Load<User, Address>| load.filter(User.keywords.any(Keyword.word.eq("red")));
    assert_eq!(
        by_each_strategy(&engine, all.clone(), by_keyword).await,
        [(); 3].map(|()| vec!["ed@x.org ed@y.org", "", ""])
    );
    let by_order = |load: Load<User, Address>| load.order_by((User.name, Address.id.desc()));
    assert_eq!(
        by_each_strategy(&engine, all.clone(), by_order).await,
        [(); 3].map(|()| vec!["ed@y.org ed@x.org", "wendy@x.org", ""])
    );
    let one_each = |load: Load<User, Address>| load.filter(User.name.ne("wendy")).order_by(Address.id.desc()).limit(1);
    assert_eq!(by_each_strategy(&engine, all, one_each).await, [(); 3].map(|()| vec!["ed@y.org", "", ""]));
    let mut session = Session::new(&engine);
    for option in strategies(User.addresses) {
        session.expunge_all();
        let query = select(User).order_by(User.id).options(option.filter(User.name.eq("wendy")));
        let users = query.all(&mut session).await.unwrap();
        assert_eq!(
            users.iter().map(|&user| session.handles(user, User.addresses).len()).collect::<Vec<_>>(),
            [0, 1, 0]
        );
    }
}

#[tokio::test]
async fn a_condition_on_the_owner_holds_across_an_association_and_below() {
    let engine = engine().await;
    three_users(&engine).await;
    for option in strategies(User.keywords) {
        let query = select(User).order_by(User.id).options(option.filter(User.name.eq("wendy")));
        let words = |user: &User| user.keywords.iter().map(|keyword| keyword.word.clone()).collect::<Vec<_>>();
        let found: Vec<_> = query.all(&engine).await.unwrap().iter().map(words).collect();
        assert_eq!(found, [vec![], vec!["blue"], vec![]]);
    }
    for option in strategies(User.addresses) {
        let option = option.joinedload(Address.user).filter(Address.email.like("%@x.org"));
        let ed = select(User).filter(User.name.eq("ed")).options(option).one(&engine).await.unwrap();
        assert_eq!(ed.addresses.iter().map(|address| address.user.get().is_some()).collect::<Vec<_>>(), [true, false]);
    }
}

#[tokio::test]
async fn an_owner_is_told_from_members_of_the_same_table_by_its_alias() {
    let engine = engine().await;
    tree(&engine).await;
    let node = Node.alias("node");
    for option in strategies(node.children) {
        let query = select(node).filter(node.parent_id.is_not_null()).order_by(node.id);
        let nodes: Vec<Node> = query.options(option.filter(node.name.eq("b"))).all(&engine).await.unwrap();
        let found = |name: &str| {
            let node = nodes.iter().find(|node| node.name == name).unwrap();
            node.children.iter().map(|child| child.name.as_str()).collect::<Vec<_>>()
        };
        assert_eq!((found("a"), found("b")), (vec![], vec!["b1", "b2"]));
    }
    three_users(&engine).await;
    let user = User.alias("person");
    for option in strategies(user.addresses) {
        for option in [option.clone().filter(user.name.eq("ed")), option.filter(User.name.eq("ed"))] {
            let users: Vec<User> = select(user).order_by(user.id).options(option).all(&engine).await.unwrap();
            assert_eq!(lists(&users), ["ed@x.org ed@y.org", "", ""]);
        }
    }
}

#[tokio::test]
async fn a_member_that_several_owners_share_is_not_chosen_by_what_they_are() {
    let engine = engine().await;
    three_users(&engine).await;
    let query = select(Address).order_by(Address.id);
    for option in [selectinload(Address.user), subqueryload(Address.user)] {
        let query = query.clone().options(option.filter(Address.email.like("%@x.org")));
        let error = query.all(&engine).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Argument);
        assert_eq!(
            error.message(),
            "what is said of `Address.user` is about `Address`, of which several may have one member"
        );
    }
    let query = query.options(joinedload(Address.user).filter(Address.email.like("%@x.org")));
    let addresses: Vec<Address> = query.all(&engine).await.unwrap();
    assert_eq!(addresses.iter().map(|address| address.user.get().is_some()).collect::<Vec<_>>(), [true, false, true]);
}

/// The association's columns were not those of the join: SQLite took them from anywhere, the others refused.
#[tokio::test]
async fn members_are_chosen_and_ordered_by_the_association_by_every_strategy() {
    let engine = engine().await;
    three_users(&engine).await;
    for query in [select(User).order_by(User.id), select(User).order_by(User.id).limit(3)] {
        for option in strategies(User.keywords) {
            let words = |user: &User| user.keywords.iter().map(|keyword| keyword.word.clone()).collect::<Vec<_>>();
            let ordered = query.clone().options(option.clone().order_by(UserKeyword.keyword_id.desc()));
            let found: Vec<_> = ordered.all(&engine).await.unwrap().iter().map(words).collect();
            assert_eq!(found, [vec!["blue", "red"], vec!["blue"], vec![]]);
            let chosen = query.clone().options(option.filter(UserKeyword.keyword_id.gt(1)));
            let found: Vec<_> = chosen.all(&engine).await.unwrap().iter().map(words).collect();
            assert_eq!(found, [vec!["blue"], vec!["blue"], vec![]]);
        }
    }
}

/// Around the subquery that a limit makes, the owner's table is not there.
#[tokio::test]
async fn a_condition_on_the_owner_holds_under_a_limit_too() {
    let engine = engine().await;
    three_users(&engine).await;
    let first = select(User).order_by(User.id).limit(2);
    let found = by_each_strategy(&engine, first.clone(), |load| load.filter(User.name.eq("wendy"))).await;
    assert_eq!(found, [(); 3].map(|()| vec!["", "wendy@x.org"]));
    let found = by_each_strategy(&engine, first, |load| load.order_by((User.name, Address.id.desc()))).await;
    assert_eq!(found, [(); 3].map(|()| vec!["ed@y.org ed@x.org", "wendy@x.org"]));
}

/// What the query is ordered by became a part of what is distinct, so that an owner came once for each member.
#[tokio::test]
async fn distinct_rows_are_ordered_by_what_they_have_or_not_at_all() {
    let engine = engine().await;
    three_users(&engine).await;
    let distinct = || select(User).distinct().join(User.addresses).options(joinedload(User.addresses));
    let error = distinct().order_by(Address.id).all(&engine).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Compile);
    assert_eq!(error.message(), "a SELECT DISTINCT with `joinedload` can be ordered only by what it selects");
    let users: Vec<User> = distinct().order_by(func::length(User.name).desc()).all(&engine).await.unwrap();
    assert_eq!(lists(&users), ["wendy@x.org", "ed@x.org ed@y.org"]);
    let query = select((User, func::lower(Address.email))).distinct().join(User.addresses);
    let query = query.order_by(func::lower(Address.email).desc()).options(joinedload(User.addresses));
    let found: Vec<(User, String)> = query.all(&engine).await.unwrap();
    assert_eq!(
        found.iter().map(|(_, email)| email.as_str()).collect::<Vec<_>>(),
        ["wendy@x.org", "ed@y.org", "ed@x.org"]
    );
}

#[tokio::test]
async fn members_cannot_be_taken_from_rows_that_do_not_have_them() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let query = || select(User).options(contains_eager(User.addresses));
    let error = query().all(&engine).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Argument);
    let message = error.to_string();
    let said = "`contains_eager(User.addresses)` takes members from the rows of a query that does not join `addresses`";
    assert!(message.contains(said) && message.contains("selectinload(User.addresses)"), "{message}");
    assert_eq!(query().all(&mut session).await.unwrap_err().kind(), &ErrorKind::Argument);
    let other = select(User).join(User.addresses).options(contains_eager(User.addresses.of(Address.alias("mail"))));
    let message = other.all(&engine).await.unwrap_err().to_string();
    assert!(message.contains("does not join `addresses` as `mail`"), "{message}");
    // A condition brings the two together as well as a join does.
    let brought = query().filter(Address.user_id.eq(User.id)).all(&engine).await.unwrap();
    assert_eq!(lists(&brought), ["ed@x.org ed@y.org", "wendy@x.org"]);
}
