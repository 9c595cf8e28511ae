//! Models and helpers that several modules share.

mod database;
mod sent;

use orm::prelude::*;
use orm::{Dialect, Load, Relationship, subqueryload};

pub(crate) use database::{another_on_server, dialect, empty_engine, empty_engine_with};
pub(crate) use sent::Sent;

/// What MySQL and MariaDB count at for hours.
pub(crate) const ENDLESS: &str = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 500) \
                                  SELECT count(*) FROM n a, n b, n c, n d, n e";

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "users", metadata = none)]
pub(crate) struct User {
    #[orm(primary_key)]
    pub(crate) id: i64,
    #[orm(length = 50, unique)]
    pub(crate) name: String,
    pub(crate) fullname: Option<String>,
    #[orm(default = true)]
    pub(crate) active: bool,
    #[orm(back_populates = user, cascade(all, delete_orphan), order_by = id)]
    pub(crate) addresses: HasMany<Address>,
    #[orm(secondary = UserKeyword, back_populates = users)]
    pub(crate) keywords: ManyToMany<Keyword>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "addresses", metadata = none)]
pub(crate) struct Address {
    #[orm(primary_key)]
    pub(crate) id: i64,
    pub(crate) email: String,
    #[orm(foreign_key = User.id, index)]
    pub(crate) user_id: i64,
    #[orm(back_populates = addresses)]
    pub(crate) user: BelongsTo<User>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "keywords", metadata = none)]
pub(crate) struct Keyword {
    #[orm(primary_key)]
    pub(crate) id: i64,
    pub(crate) word: String,
    #[orm(secondary = UserKeyword, back_populates = keywords)]
    pub(crate) users: ManyToMany<User>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "user_keywords", metadata = none)]
pub(crate) struct UserKeyword {
    #[orm(primary_key, foreign_key = User.id)]
    pub(crate) user_id: i64,
    #[orm(primary_key, foreign_key = Keyword.id)]
    pub(crate) keyword_id: i64,
}

/// A tree: each node may have a parent, whose removal leaves it without one.
#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "nodes", metadata = none)]
pub(crate) struct Node {
    #[orm(primary_key)]
    pub(crate) id: i64,
    pub(crate) name: String,
    #[orm(foreign_key = Node.id)]
    pub(crate) parent_id: Option<i64>,
    #[orm(back_populates = children)]
    pub(crate) parent: BelongsTo<Node>,
    #[orm(back_populates = parent, order_by = name)]
    pub(crate) children: HasMany<Node>,
}

/// A relationship by each strategy.
pub(crate) fn strategies<M: Model, T: Model, K>(relationship: Relationship<M, T, K>) -> [Load<M, T>; 3] {
    [selectinload(relationship), joinedload(relationship), subqueryload(relationship)]
}

/// An engine over a new database that has the tables.
pub(crate) async fn engine() -> Engine {
    let engine = empty_engine().await;
    metadata![User, Address, Keyword, UserKeyword, Node].create_all(&engine).await.expect("the tables can be made");
    engine
}

/// An engine and a session over it.
pub(crate) async fn session() -> (Engine, Session) {
    let engine = engine().await;
    let session = Session::new(&engine);
    (engine, session)
}

/// Saves `ed` with two addresses and `wendy` with one.
pub(crate) async fn two_users(engine: &Engine) {
    let mut session = Session::new(engine);
    session.add(
        User::builder()
            .name("ed")
            .fullname("Ed Jones")
            .addresses([Address::builder().email("ed@x.org"), Address::builder().email("ed@y.org")]),
    );
    session.add(User::builder().name("wendy").active(false).addresses([Address::builder().email("wendy@x.org")]));
    session.commit().await.expect("two users can be saved");
}

/// `ed` has two addresses and the keywords red and blue, `wendy` has one address and blue, `fred` has nothing.
pub(crate) async fn three_users(engine: &Engine) {
    two_users(engine).await;
    let mut session = Session::new(engine);
    let [red, blue] = ["red", "blue"].map(|word| session.add(Keyword::builder().word(word)));
    let users = session.query(User).order_by(User.id).all().await.expect("the users can be read");
    session.link(users[0], User.keywords, red);
    session.link(users[0], User.keywords, blue);
    session.link(users[1], User.keywords, blue);
    session.add(User::builder().name("fred"));
    session.commit().await.expect("three users can be saved");
}

/// A tree of two branches with two leaves each.
pub(crate) async fn tree(engine: &Engine) {
    let leaves = |name: &str| ["1", "2"].map(|number| Node::builder().name(format!("{name}{number}")));
    let mut session = Session::new(engine);
    session.add(
        Node::builder().name("root").children(["a", "b"].map(|name| Node::builder().name(name).children(leaves(name)))),
    );
    session.commit().await.expect("a tree can be saved");
}

/// The addresses of a user, as they are loaded.
pub(crate) fn emails(user: &User) -> Vec<&str> {
    user.addresses.iter().map(|address| address.email.as_str()).collect()
}

/// Returns what is expected on the database of this binary: the first, unless it is among those that differ, each of which
/// says why.
pub(crate) fn expected<T, const N: usize>(usual: T, others: [(Dialect, T, &str); N]) -> T {
    let own = others.into_iter().find(|(other, ..)| *other == dialect());
    own.map_or(usual, |(_, value, _)| value)
}

/// Asserts how many statements a piece of code sends.
#[macro_export]
macro_rules! assert_statements {
    ($engine:expr, $count:expr, $code:expr) => {{
        let before = $engine.statement_count();
        let value = $code;
        assert_eq!($engine.statement_count() - before, $count, "statements sent");
        value
    }};
}
