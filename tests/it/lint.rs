//! What is said of tables that no condition brings together.

use orm::prelude::*;
use orm::{Dialect, Expr, Lint, TableFunction, literal, values};

use crate::support::{Address, Keyword, Node, User, UserKeyword, dialect, empty_engine_with};

/// An engine that refuses what would otherwise be warned of.
async fn denying() -> Engine {
    let engine = empty_engine_with(|settings| settings.from_linting(Lint::Deny)).await;
    metadata![User, Address, Keyword, UserKeyword, Node].create_all(&engine).await.unwrap();
    engine
}

/// Asserts that a query is refused, and between which tables it says that a condition is missing.
async fn refused<R: orm::RowType>(engine: &Engine, query: Select<R>, apart: &str, start: &str) {
    let sql = query.to_sql(dialect());
    let Err(error) = query.all(engine).await else { panic!("it is not refused: {sql}") };
    let expected = format!(
        "SELECT statement has a cartesian product between FROM element(s) {apart} and FROM element {start}.  \
         Apply join condition(s) between each element to resolve."
    );
    assert_eq!(error.message(), expected, "{sql}");
}

async fn accepted<R: orm::RowType>(engine: &Engine, query: Select<R>) {
    let sql = query.to_sql(dialect());
    query.all(engine).await.unwrap_or_else(|error| panic!("{sql}\n{error}"));
}

#[tokio::test]
async fn tables_without_a_condition_between_them_are_named() {
    let engine = denying().await;
    refused(&engine, select((User.name, Address.email)), "\"addresses\"", "\"users\"").await;
    let three = select((User.name, Address.email, Keyword.word));
    refused(&engine, three.clone(), "\"addresses\", \"keywords\"", "\"users\"").await;
    refused(&engine, three.filter(User.id.eq(Address.user_id)), "\"keywords\"", "\"users\"").await;
    let each_alone = select((User.name, Address.email)).filter(User.id.eq(1)).filter(Address.id.eq(2));
    refused(&engine, each_alone, "\"addresses\"", "\"users\"").await;
    let either_alone = select((User.name, Address.email)).filter(User.id.eq(1) | Address.id.eq(2));
    refused(&engine, either_alone, "\"addresses\"", "\"users\"").await;
    let other = User.alias("other");
    refused(&engine, select((User.name, other.name)), "\"other\"", "\"users\"").await;
    let joined = select((User.name, Keyword.word)).join(User.addresses);
    refused(&engine, joined, "\"keywords\"", "\"users\"").await;
    let behind = select((Keyword.word, Address.email)).select_from(Keyword).join(Address.user);
    refused(&engine, behind, "\"addresses\", \"users\"", "\"keywords\"").await;
    refused(&engine, select(User.name).order_by(Address.id), "\"addresses\"", "\"users\"").await;
}

#[tokio::test]
async fn derived_tables_are_named_too() {
    let engine = denying().await;
    let totals = || select((Address.user_id, func::count(Address.id))).group_by(Address.user_id);
    let sub = totals().subquery("totals");
    refused(&engine, select((User.name, sub.1)).select_from(User).select_from(&sub), "\"totals\"", "\"users\"").await;
    let cte = totals().cte("counted");
    refused(&engine, select((User.name, cte.1)).select_from(&cte), "\"users\"", "\"counted\"").await;
    let list = values("list", ["n"], [(1i64,)]);
    refused(&engine, select((User.name, list.0)).select_from(&list), "\"users\"", "\"list\"").await;
    accepted(&engine, select((User.name, sub.1)).select_from(&sub).filter(sub.0.eq(User.id))).await;
    accepted(&engine, select((User.name, list.0)).select_from(&list).filter(list.0.lt(User.id))).await;
    let inner = select((User.id, Address.id)).subquery("inner_pairs");
    refused(&engine, select(inner.0).select_from(&inner), "\"addresses\"", "\"users\"").await;
}

#[tokio::test]
async fn every_join_and_every_comparison_brings_tables_together() {
    let engine = denying().await;
    accepted(&engine, select(User.name)).await;
    accepted(&engine, select((User.name, Address.email)).join(User.addresses)).await;
    accepted(&engine, select((User.name, Keyword.word)).join(User.keywords)).await;
    accepted(&engine, select((User.name, Keyword.word)).join_on(Keyword, Expr::TRUE)).await;
    accepted(&engine, select((User.name, Keyword.word)).cross_join(Keyword)).await;
    accepted(&engine, select((User.name, Address.email)).filter(User.id.lt(Address.user_id))).await;
    accepted(&engine, select((User.name, Address.email)).filter(!User.id.eq(Address.user_id))).await;
    accepted(&engine, select((User.name, Address.email)).filter(User.name.in_([Address.email]))).await;
    let chain = Address.user_id.eq(User.id) & Keyword.id.eq(Address.id);
    accepted(&engine, select((User.name, Address.email, Keyword.word)).filter(chain)).await;
    let one_of_them = User.id.eq(Address.user_id) | User.id.eq(7);
    accepted(&engine, select((User.name, Address.email)).filter(one_of_them)).await;
    let through = func::exists(
        select(literal(1i64)).select_from(Keyword).filter(Keyword.id.eq(User.id) & Keyword.id.eq(Address.id)),
    );
    accepted(&engine, select((User.name, Address.email)).filter(through)).await;
    let parent = Node.alias("parent");
    accepted(&engine, select((Node.name, parent.name)).filter(Node.parent_id.eq(parent.id))).await;
}

#[tokio::test]
async fn only_the_two_sides_of_a_comparison_bring_tables_together() {
    let engine = denying().await;
    let pairs = || select((User.name, Address.email));
    let sum = || User.id + Address.id;
    refused(&engine, pairs().filter(sum().gt(3)), "\"addresses\"", "\"users\"").await;
    refused(&engine, pairs().filter(sum().between(1, 3) & !sum().in_([1, 2])), "\"addresses\"", "\"users\"").await;
    refused(&engine, pairs().filter(User.name.concat(Address.email).like("%x%")), "\"addresses\"", "\"users\"").await;
    refused(&engine, pairs().filter(User.name.concat(Address.email).is_null()), "\"addresses\"", "\"users\"").await;
    let same = || func::custom::<Option<i64>>("nullif", (User.id, Address.user_id));
    refused(&engine, pairs().filter(same().is_null()), "\"addresses\"", "\"users\"").await;
    refused(&engine, pairs().filter(User.id.op::<i64>("+", Address.id).gt(3)), "\"addresses\"", "\"users\"").await;

    accepted(&engine, pairs().filter(same().as_comparison(1, 2).is_null())).await;
    accepted(&engine, pairs().filter(User.id.bool_op("<", Address.user_id))).await;
    accepted(&engine, pairs().filter(sum().gt(User.id - Address.id))).await;
    accepted(&engine, pairs().filter(Address.id.between(0, User.id))).await;
    accepted(&engine, pairs().filter(User.name.icontains(Address.email))).await;
    let within = func::case(User.id.eq(Address.user_id), 1).otherwise(0);
    accepted(&engine, pairs().filter(within.gt(0))).await;
}

#[tokio::test]
async fn what_is_written_beside_other_tables_is_looked_at_too() {
    let engine = denying().await;
    let expected = |verb: &str| {
        format!(
            "{verb} statement has a cartesian product between FROM element(s) \"addresses\" and FROM element \"users\".  \
             Apply join condition(s) between each element to resolve."
        )
    };
    let sum = || (User.id + Address.id).gt(3);
    let updated = update(User).set(User.active, false).filter(sum()).execute(&engine).await;
    assert_eq!(updated.unwrap_err().message(), expected("UPDATE"));
    let deleted = delete(User).filter(sum()).execute(&engine).await;
    if dialect() == Dialect::Sqlite {
        // It asks whether there is a partner, and a row goes once.
        assert!(deleted.is_err());
    }
    let joined = update(User).join(User.addresses).set(User.active, false).filter(sum()).execute(&engine).await;
    assert_eq!(joined.unwrap(), 0);
    let joined = delete(User).join(User.keywords).filter(Keyword.word.eq("x")).execute(&engine).await;
    assert_eq!(joined.unwrap(), 0);
}

#[tokio::test]
async fn what_mentions_its_neighbours_belongs_to_them() {
    let engine = denying().await;
    if dialect() != Dialect::Postgres {
        return;
    }
    let last = select(Address.email).filter(Address.user_id.eq(User.id)).limit(1).lateral("last");
    accepted(&engine, select((User.name, last.0)).select_from(&last)).await;
    let words = TableFunction::new("regexp_split_to_table", (User.name, literal(" ".to_owned())));
    let words = words.columns::<(String,)>("words", ["word"]);
    accepted(&engine, select((User.name, words.0)).select_from(&words)).await;
    let numbers = func::generate_series("numbers", 1, 3);
    refused(&engine, select((User.name, numbers.0)).select_from(&numbers), "\"numbers\"", "\"users\"").await;
}
