//! Models and helpers that several modules share.

mod database;

use orm::Dialect;
use orm::prelude::*;

pub(crate) use database::{dialect, empty_engine, empty_engine_with};

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "users", metadata = none)]
pub struct User {
    #[orm(primary_key)]
    pub id: i64,
    #[orm(length = 50, unique)]
    pub name: String,
    pub fullname: Option<String>,
    #[orm(default = true)]
    pub active: bool,
    #[orm(back_populates = user, cascade(all, delete_orphan), order_by = id)]
    pub addresses: HasMany<Address>,
    #[orm(secondary = UserKeyword, back_populates = users)]
    pub keywords: ManyToMany<Keyword>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "addresses", metadata = none)]
pub struct Address {
    #[orm(primary_key)]
    pub id: i64,
    pub email: String,
    #[orm(foreign_key = User.id, index)]
    pub user_id: i64,
    #[orm(back_populates = addresses)]
    pub user: BelongsTo<User>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "keywords", metadata = none)]
pub struct Keyword {
    #[orm(primary_key)]
    pub id: i64,
    pub word: String,
    #[orm(secondary = UserKeyword, back_populates = keywords)]
    pub users: ManyToMany<User>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "user_keywords", metadata = none)]
pub struct UserKeyword {
    #[orm(primary_key, foreign_key = User.id)]
    pub user_id: i64,
    #[orm(primary_key, foreign_key = Keyword.id)]
    pub keyword_id: i64,
}

/// A tree: each node may have a parent, whose removal leaves it without one.
#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "nodes", metadata = none)]
pub struct Node {
    #[orm(primary_key)]
    pub id: i64,
    pub name: String,
    #[orm(foreign_key = Node.id)]
    pub parent_id: Option<i64>,
    #[orm(back_populates = children)]
    pub parent: BelongsTo<Node>,
    #[orm(back_populates = parent, order_by = name)]
    pub children: HasMany<Node>,
}

/// An engine over a new database that has the tables.
pub async fn engine() -> Engine {
    let engine = empty_engine().await;
    metadata![User, Address, Keyword, UserKeyword, Node].create_all(&engine).await.expect("the tables can be made");
    engine
}

/// An engine and a session over it.
pub async fn session() -> (Engine, Session) {
    let engine = engine().await;
    let session = Session::new(&engine);
    (engine, session)
}

/// Saves `ed` with two addresses and `wendy` with one.
pub async fn two_users(engine: &Engine) {
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
