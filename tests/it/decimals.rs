//! Decimal numbers are compared as numbers, whatever a database keeps them as.

use orm::prelude::*;
use orm::schema::MetaData;
use orm::{Expr, LightTable, Predicate, column, func, literal, table, tuple, window};
use rust_decimal::Decimal;

use crate::support::empty_engine;

#[derive(Clone, Debug, Model)]
#[orm(table = "prices", metadata = none)]
struct Price {
    #[orm(primary_key, autoincrement = false)]
    id: i64,
    #[orm(precision = 12, scale = 2)]
    amount: Decimal,
    #[orm(precision = 12, scale = 2)]
    rebate: Option<Decimal>,
    count: i64,
}

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// The amounts are in the order of keys.
async fn prices() -> Engine {
    let engine = empty_engine().await;
    metadata![Price].create_all(&engine).await.unwrap();
    let rows =
        [(1, "-10", None), (2, "-1", Some("1")), (3, "9.50", Some("10")), (4, "10", Some("9")), (5, "100", None)];
    let rows =
        rows.map(|(id, amount, rebate)| Price { id, amount: number(amount), rebate: rebate.map(number), count: 1 });
    insert(Price).values(rows).execute(&engine).await.unwrap();
    engine
}

async fn ids(engine: &Engine, condition: impl Predicate) -> Vec<i64> {
    select(Price.id).filter(condition).order_by(Price.id).all(engine).await.unwrap()
}

#[tokio::test]
async fn conditions_take_them_for_numbers() {
    let engine = prices().await;
    assert_eq!(ids(&engine, Price.amount.gt(number("9"))).await, [3, 4, 5]);
    assert_eq!(ids(&engine, Price.amount.le(number("-1"))).await, [1, 2]);
    assert_eq!(ids(&engine, Price.amount.eq(number("9.5"))).await, [3]);
    assert_eq!(ids(&engine, Price.amount.ne(number("10.00"))).await, [1, 2, 3, 5]);
    assert_eq!(ids(&engine, Price.amount.between(number("-1.0"), number("10"))).await, [2, 3, 4]);
    assert_eq!(ids(&engine, Price.amount.in_([number("9.5"), number("100.0")])).await, [3, 5]);
    assert_eq!(ids(&engine, Price.amount.not_in([number("9.5"), number("100.0")])).await, [1, 2, 4]);
    assert_eq!(ids(&engine, Price.rebate.is_not_distinct_from(number("9.0"))).await, [4]);
    assert_eq!(ids(&engine, Price.amount.lt(Price.rebate)).await, [2, 3]);
    assert_eq!(ids(&engine, func::coalesce(Price.rebate, number("2")).lt(number("10"))).await, [1, 2, 4, 5]);
    let other = Price.alias("other");
    let rebates = select(other.rebate).filter(other.rebate.is_not_null());
    assert_eq!(ids(&engine, Price.amount.in_(rebates.clone())).await, [4]);
    assert_eq!(ids(&engine, Price.amount.gt(select(func::max(other.rebate)).scalar_subquery())).await, [5]);
}

#[tokio::test]
async fn what_is_computed_of_them_is_a_number_too() {
    let engine = prices().await;
    assert_eq!(ids(&engine, (Price.amount * number("2")).gt(number("19"))).await, [4, 5]);
    assert_eq!(ids(&engine, (Price.amount + Price.amount).le(number("-2"))).await, [1, 2]);
    assert_eq!(ids(&engine, (-Price.amount).gt(number("1"))).await, [1]);
    let sums = select(Price.count).group_by(Price.count).having(func::sum(Price.amount).gt(number("108")));
    assert_eq!(sums.all(&engine).await.unwrap(), [1]);
    let sums = select(Price.count).group_by(Price.count).having(func::sum(Price.amount).gt(number("109")));
    assert_eq!(sums.all(&engine).await.unwrap(), [0; 0]);
}

#[tokio::test]
async fn they_are_in_the_order_of_numbers() {
    let engine = prices().await;
    let ids = select(Price.id).order_by(Price.amount).all(&engine).await.unwrap();
    assert_eq!(ids, [1, 2, 3, 4, 5]);
    let ids =
        select(Price.id).order_by((Price.rebate.desc().nulls_last(), Price.amount.desc())).all(&engine).await.unwrap();
    assert_eq!(ids, [3, 4, 2, 5, 1]);
    let ends = select((func::min(Price.amount), func::max(Price.amount))).one(&engine).await.unwrap();
    assert_eq!(ends, (Some(number("-10")), Some(number("100"))));
    let first = func::row_number().over(window().order_by(Price.amount.desc()));
    let ranks = select((Price.id, first)).order_by(Price.id).all(&engine).await.unwrap();
    assert_eq!(ranks, [(1, 5), (2, 4), (3, 3), (4, 2), (5, 1)]);
    let mut session = Session::new(&engine);
    let mut found = Vec::new();
    let query = select(Price).order_by(Price.amount.desc());
    for price in query.all(&mut session).await.unwrap() {
        found.push(session[price].id);
    }
    assert_eq!(found, [5, 4, 3, 2, 1]);
}

#[tokio::test]
async fn rows_are_grouped_by_the_number() {
    let engine = prices().await;
    // Another program may have written it so.
    text("UPDATE prices SET amount = '9.5', rebate = '9.50' WHERE id = 4").execute(&engine).await.unwrap();
    let groups = select((func::min(Price.id), func::count(Price.id))).group_by(Price.amount).order_by(Price.amount);
    let groups = groups.all(&engine).await.unwrap();
    assert_eq!(groups, [(Some(1), 1), (Some(2), 1), (Some(3), 2), (Some(5), 1)]);
    assert_eq!(ids(&engine, Price.amount.eq(Price.rebate)).await, [4]);
    assert_eq!(select(func::count(Price.amount).distinct()).one(&engine).await.unwrap(), 4);
}

#[tokio::test]
async fn they_are_told_apart_as_numbers() {
    let engine = prices().await;
    text("UPDATE prices SET amount = '9.5', rebate = '9.500' WHERE id = 4").execute(&engine).await.unwrap();
    let amounts = select(Price.amount).distinct().order_by(Price.amount).all(&engine).await.unwrap();
    assert_eq!(amounts, ["-10", "-1", "9.5", "100"].map(number));
    let pairs = select((Price.amount, Price.count)).distinct().all(&engine).await.unwrap();
    assert_eq!(pairs.len(), 4);
    let rebates = || select(func::coalesce(Price.rebate, number("100.000")));
    let mut both = select(Price.amount).union(rebates()).all(&engine).await.unwrap();
    both.sort_unstable();
    assert_eq!(both, ["-10", "-1", "1", "9.5", "10", "100"].map(number));
    let mut common = select(Price.amount).intersect(rebates()).all(&engine).await.unwrap();
    common.sort_unstable();
    assert_eq!(common, ["9.5", "100"].map(number));
    let mut rest = select(Price.amount).except(rebates()).all(&engine).await.unwrap();
    rest.sort_unstable();
    assert_eq!(rest, ["-10", "-1"].map(number));
    let other = Price.alias("other");
    assert_eq!(select(Price).distinct().union(select(other)).count(&engine).await.unwrap(), 5);
}

/// A column of a subquery was text there, and so was a label.
#[tokio::test]
async fn what_stands_for_them_is_a_number_too() {
    let engine = prices().await;
    let inner = select((Price.id, Price.amount)).subquery("inner_prices");
    let sorted = select(inner.0).order_by(inner.1).all(&engine).await.unwrap();
    assert_eq!(sorted, [1, 2, 3, 4, 5]);
    let found = select(inner.0).filter(inner.1.gt(number("9"))).order_by(inner.0).all(&engine).await.unwrap();
    assert_eq!(found, [3, 4, 5]);
    let found = select(inner.0).filter(inner.1.eq(number("9.500"))).all(&engine).await.unwrap();
    assert_eq!(found, [3]);
    let ends = select((func::min(inner.1), func::max(inner.1))).one(&engine).await.unwrap();
    assert_eq!(ends, (Some(number("-10")), Some(number("100"))));
    let cte = select((Price.id, func::coalesce(Price.rebate, number("2")).label("rebate"))).cte("rebates");
    let sorted =
        select(cte.0).filter(cte.1.lt(number("10"))).order_by((cte.1.desc(), cte.0)).all(&engine).await.unwrap();
    assert_eq!(sorted, [4, 1, 5, 2]);
    let limited = select(Price).order_by(Price.amount.desc()).limit(3).subquery("limited");
    let joined = select(Price.id).join_on(&limited, Price.amount.eq(limited.amount)).order_by(Price.id);
    assert_eq!(joined.all(&engine).await.unwrap(), [3, 4, 5]);
    let labelled = select((Price.id, Price.amount.label("much"))).order_by("much");
    let ids: Vec<i64> = labelled.all(&engine).await.unwrap().into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5]);
}

/// What a subquery computed was a float there, which is less than every text.
#[tokio::test]
async fn what_a_subquery_computes_of_them_is_a_number_too() {
    let engine = prices().await;
    let computed = select((Price.id, Price.amount + number("1"), func::abs(Price.amount))).subquery("computed");
    let more = select(computed.0).filter(computed.1.gt(number("9"))).order_by(computed.0);
    assert_eq!(more.all(&engine).await.unwrap(), [3, 4, 5]);
    let exact = select(computed.0).filter(computed.1.in_([number("10.5"), number("101")])).order_by(computed.0);
    assert_eq!(exact.all(&engine).await.unwrap(), [3, 5]);
    let sorted = select(computed.0).order_by((computed.2.desc(), computed.0)).all(&engine).await.unwrap();
    assert_eq!(sorted, [5, 1, 4, 3, 2]);
    let own =
        select(computed.0).filter(func::coalesce(func::nullif(computed.2, number("1")), number("0")).le(number("9.5")));
    assert_eq!(own.order_by(computed.0).all(&engine).await.unwrap(), [2, 3]);
    let sums = select((Price.count, func::sum(Price.amount).label("total"))).group_by(Price.count).cte("sums");
    assert_eq!(select(sums.0).filter(sums.1.gt(number("108"))).all(&engine).await.unwrap(), [1]);
    assert_eq!(select(sums.1).filter(sums.1.eq(number("108.5"))).all(&engine).await.unwrap(), [Some(number("108.5"))]);
    assert_eq!(select(sums.0).filter(sums.1.gt(number("109"))).all(&engine).await.unwrap(), [0; 0]);
    let running = func::sum(Price.amount).over(window().order_by(Price.id));
    let running = select((Price.id, running)).subquery("running");
    let low = select(running.0).filter(running.1.lt(number("5"))).order_by(running.0);
    assert_eq!(low.all(&engine).await.unwrap(), [1, 2, 3]);
    let steps = select((Price.id, Price.amount + number("0")))
        .filter(Price.id.eq(3))
        .cte("steps")
        .union_all(|steps| select((steps.0, steps.1 + number("1"))).filter(steps.1.lt(number("12"))));
    let steps = select(steps.1).order_by(steps.1).all(&engine).await.unwrap();
    assert_eq!(steps, ["9.5", "10.5", "11.5", "12.5"].map(number));
}

#[tokio::test]
async fn functions_compare_them_as_numbers() {
    let engine = prices().await;
    let greatest = select(func::greatest((Price.amount, number("9.0")))).order_by(Price.id).all(&engine).await.unwrap();
    assert_eq!(greatest, ["9", "9", "9.5", "10", "100"].map(number));
    let least = func::least((Price.amount, number("9.0")));
    assert_eq!(
        select(least.clone()).order_by(Price.id).all(&engine).await.unwrap(),
        ["-10", "-1", "9", "9", "9"].map(number)
    );
    assert_eq!(ids(&engine, least.clone().lt(number("9"))).await, [1, 2]);
    let sorted = select(Price.id).order_by((least, Price.id.desc())).all(&engine).await.unwrap();
    assert_eq!(sorted, [1, 2, 5, 4, 3]);
    assert_eq!(ids(&engine, func::abs(Price.amount).gt(number("9.6"))).await, [1, 4, 5]);
    assert_eq!(ids(&engine, func::round(Price.amount, 0).eq(number("10"))).await, [3, 4]);
    assert_eq!(ids(&engine, func::floor(Price.amount).eq(number("9.0"))).await, [3]);
    assert_eq!(ids(&engine, func::ceil(Price.amount).in_([number("10.0")])).await, [3, 4]);
    assert_eq!(ids(&engine, func::nullif(Price.amount, number("9.500")).is_null()).await, [3]);
    assert_eq!(ids(&engine, func::nullif(Price.amount, number("9.500")).gt(number("9"))).await, [4, 5]);
    assert_eq!(ids(&engine, Price.id.cast::<Decimal>().gt(number("3"))).await, [4, 5]);
    let named = func::case_of(Price.amount).when(number("9.500"), 1).when(number("100.0"), 2).otherwise(0);
    assert_eq!(select(named).order_by(Price.id).all(&engine).await.unwrap(), [0, 0, 1, 0, 2]);
}

#[tokio::test]
async fn tuples_of_them_are_compared_as_numbers() {
    let engine = prices().await;
    let row = || tuple((Price.amount, Price.id));
    assert_eq!(ids(&engine, row().gt((number("9.5"), 3))).await, [4, 5]);
    assert_eq!(ids(&engine, row().gt((number("9.500"), 2))).await, [3, 4, 5]);
    assert_eq!(ids(&engine, row().le((number("10.0"), 4))).await, [1, 2, 3, 4]);
    assert_eq!(ids(&engine, row().eq((number("10.0"), 4))).await, [4]);
    assert_eq!(ids(&engine, row().in_([(number("10.0"), 4), (number("9.50"), 3), (number("1"), 1)])).await, [3, 4]);
    let other = Price.alias("other");
    let rows = select((other.amount * number("1"), other.id)).filter(other.id.gt(2));
    assert_eq!(ids(&engine, row().in_(rows)).await, [3, 4, 5]);
    let computed = tuple((Price.amount * number("2"), Price.id));
    assert_eq!(ids(&engine, computed.gt((number("19.0"), 3))).await, [4, 5]);
}

#[tokio::test]
async fn stored_and_computed_ones_are_mixed() {
    let engine = prices().await;
    let listed = orm::values("listed", ["id", "n"], [(1i64, number("9.5")), (2, number("9.50")), (3, number("10"))]);
    assert_eq!(select(listed.1).distinct().all(&engine).await.unwrap().len(), 2);
    let groups = select(func::count(listed.0)).group_by(listed.1).order_by(listed.1).all(&engine).await.unwrap();
    assert_eq!(groups, [2, 1]);
    let mixed = || func::case(Price.id.gt(3), Price.amount * number("1")).otherwise(Price.amount);
    assert_eq!(select(Price.id).order_by(mixed().desc()).all(&engine).await.unwrap(), [5, 4, 3, 2, 1]);
    assert_eq!(ids(&engine, mixed().between(number("9.5"), number("10.0"))).await, [3, 4]);
    let both = select(Price.amount).union(select(Price.amount * number("1")));
    let mut both = both.all(&engine).await.unwrap();
    both.sort_unstable();
    assert_eq!(both, ["-10", "-1", "9.5", "10", "100"].map(number));
    let great = number("123456789012345678");
    assert_eq!(ids(&engine, (Price.amount * great).gt(great)).await, [3, 4, 5]);
    // Neither is the quotient of two whole numbers a whole one.
    assert_eq!(ids(&engine, (Price.amount / number("4")).eq(number("2.5"))).await, [4]);
}

#[tokio::test]
async fn they_are_computed_exactly() {
    let engine = prices().await;
    let one = |expression: orm::Expr<Decimal>| {
        let engine = engine.clone();
        async move { select(expression).filter(Price.id.eq(3)).one(&engine).await.unwrap() }
    };
    assert_eq!(one(Price.amount + number("0.1") + number("0.2")).await, number("9.80"));
    assert_eq!(one(Price.amount - number("9.49")).await, number("0.01"));
    assert_eq!(one(Price.amount * number("1.1")).await, number("10.45"));
    assert_eq!(one(Price.amount / number("4")).await, number("2.375"));
    assert_eq!(one(Price.amount % number("7")).await, number("2.5"));
    assert_eq!(one(-Price.amount % number("7")).await, number("-2.5"));
    assert_eq!(one(-(Price.amount - number("10"))).await, number("0.5"));
    assert_eq!(one(func::abs(Price.amount - number("10.3"))).await, number("0.8"));
    assert_eq!(one(func::round(Price.amount * number("1.01"), 1)).await, number("9.6"));
    assert_eq!(one(func::round(literal(number("9.85")), 1)).await, number("9.9"));
    assert_eq!(one(func::round(literal(number("-2.5")), 0)).await, number("-3"));
    assert_eq!(one(func::round(literal(number("1250.5")), -2)).await, number("1300"));
    assert_eq!(one(func::ceil(Price.amount)).await, number("10"));
    assert_eq!(one(func::floor(-Price.amount)).await, number("-10"));
    assert_eq!(one((Price.amount + number("0.1")) * (Price.amount - number("0.1"))).await, number("90.24"));
    assert_eq!(one(literal(number("12345678901234567.89")) + number("0.01")).await, number("12345678901234567.90"));
    assert_eq!(ids(&engine, (Price.amount + number("0.2")).eq(number("9.7"))).await, [3]);
    assert_eq!(ids(&engine, (-Price.amount).gt(number("0.5"))).await, [1, 2]);
    let quotient = select((Price.amount / Price.rebate, Price.rebate - number("0.9"))).order_by(Price.id);
    let quotients = quotient.all(&engine).await.unwrap();
    assert_eq!(quotients[1], (Some(number("-1")), Some(number("0.1"))));
    assert_eq!(quotients[0], (None, None));
}

#[tokio::test]
async fn they_are_added_up_exactly() {
    let engine = prices().await;
    let tenth = update(Price).set(Price.amount, Price.amount + number("0.1")).filter(Price.id.le(4));
    assert_eq!(tenth.execute(&engine).await.unwrap(), 4);
    let sums = (
        func::sum(Price.amount),
        func::sum(Price.amount).filter(Price.id.in_([1, 3])),
        func::sum(Price.amount).filter(Price.id.gt(5)),
        func::sum(Price.rebate),
        func::sum(Price.amount * Price.count.cast::<Decimal>()) - number("0.9"),
    );
    let sums = select(sums).one(&engine).await.unwrap();
    // -9.9, -0.9, 9.6, 10.1 and 100.
    assert_eq!(sums, (Some(number("108.9")), Some(number("-0.3")), None, Some(number("20")), Some(number("108"))));
    assert_eq!(ids(&engine, Price.amount.eq(number("9.6"))).await, [3]);
    update(Price).set(Price.amount, number("9.60")).filter(Price.id.eq(4)).execute(&engine).await.unwrap();
    let apart = select(func::sum(Price.amount).distinct()).one(&engine).await.unwrap();
    assert_eq!(apart, Some(number("98.8")));
    let groups = select((func::round(Price.amount, -1), func::sum(Price.amount)))
        .group_by(func::round(Price.amount, -1))
        .having(func::sum(Price.amount).gt(number("1")))
        .order_by(func::sum(Price.amount).desc());
    let groups = groups.all(&engine).await.unwrap();
    assert_eq!(groups, [(number("100"), Some(number("100"))), (number("10"), Some(number("19.2")))]);
}

#[tokio::test]
async fn their_average_is_one_of_them() {
    let engine = prices().await;
    let averages = (
        func::avg(Price.amount),
        func::avg(Price.rebate),
        func::avg(Price.amount).filter(Price.id.gt(5)),
        func::avg(Price.count),
    );
    let (amount, rebate, none, count) = select(averages).one(&engine).await.unwrap();
    assert_eq!((amount, none, count), (Some(number("21.7")), None, Some(1.0)));
    // A third has more digits than a database gives it.
    assert_eq!(rebate.map(|rebate| rebate.round_dp(4)), Some(number("6.6667")));
    let above = Price.amount.gt(select(func::avg(Price.alias("other").amount)).scalar_subquery());
    assert_eq!(ids(&engine, above).await, [5]);
}

/// An amount of money.
#[derive(Clone, Copy, Debug, PartialEq, SqlNewtype)]
struct Money(Decimal);

#[derive(Clone, Debug, Model)]
#[orm(table = "bills", metadata = none)]
struct Bill {
    #[orm(primary_key)]
    id: i64,
    #[orm(precision = 12, scale = 2)]
    total: Money,
}

#[tokio::test]
async fn a_type_around_one_is_computed_with_as_well() {
    let engine = empty_engine().await;
    metadata![Bill].create_all(&engine).await.unwrap();
    let bills = ["0.10", "0.20", "10.05"].map(|total| Bill { id: 0, total: Money(number(total)) });
    insert(Bill).values(bills).execute(&engine).await.unwrap();
    let sums = (func::sum(Bill.total), func::avg(Bill.total));
    assert_eq!(select(sums).one(&engine).await.unwrap(), (Some(number("10.35")), Some(number("3.45"))));
    let more = select(Bill.total + Money(number("0.2"))).filter(Bill.id.eq(1)).one(&engine).await.unwrap();
    assert_eq!(more, Money(number("0.3")));
    let equal = select(Bill.id).filter((Bill.total + Money(number("0.2"))).eq(Money(number("0.3"))));
    assert_eq!(equal.all(&engine).await.unwrap(), [1]);
}

#[tokio::test]
async fn they_are_added_up_exactly_in_windows() {
    let engine = prices().await;
    let by_id = || window().order_by(Price.id);
    let sums = (
        func::sum(Price.amount + number("0.1")).over(by_id()),
        func::sum(Price.rebate).over(by_id().rows(-1..=0)),
        func::sum(Price.amount).over(window()),
    );
    let sums = select(sums).order_by(Price.id).all(&engine).await.unwrap();
    let expected =
        [("-9.9", None), ("-10.8", Some("1")), ("-1.2", Some("11")), ("8.9", Some("19")), ("109", Some("9"))];
    let total = Some(number("108.50"));
    assert_eq!(sums, expected.map(|(running, two)| (Some(number(running)), two.map(number), total)));
}

#[tokio::test]
async fn a_cast_makes_a_decimal_number_of_text_and_of_floats() {
    let engine = prices().await;
    let one = select((literal("0.30".to_owned()).cast::<Decimal>(), literal(0.3).cast::<Decimal>()));
    let (of_text, of_float): (Decimal, Decimal) = one.one(&engine).await.unwrap();
    assert_eq!((of_text, of_float.round_dp(10)), (number("0.3"), number("0.3")));
    let whole = select(Price.amount.cast::<i64>()).order_by(Price.id).all(&engine).await.unwrap();
    assert_eq!(whole, [-10, -1, 10, 10, 100]);
    let sum = literal("0.1".to_owned()).cast::<Decimal>() + number("0.2");
    assert!(select(sum.eq(number("0.3"))).one(&engine).await.unwrap());
}

/// The columns `id` and `amount` of no model, in several words.
async fn columns_of_no_model(engine: &Engine) -> [(Expr<i64>, Expr<Decimal>); 3] {
    let tables = MetaData::reflect(engine).await.unwrap().tables().unwrap();
    let reflected = tables.into_iter().find(|table| table.name == "prices").unwrap();
    let light = light_prices();
    [
        (light.c("id"), light.c("amount")),
        (reflected.c("id"), reflected.c("amount")),
        (light.c("id"), text("prices.amount").expression()),
    ]
}

fn light_prices() -> LightTable {
    table("prices", [column("id"), column("amount"), column("rebate")])
}

#[tokio::test]
async fn what_is_said_to_be_one_is_compared_as_a_number() {
    let engine = prices().await;
    for (id, amount) in columns_of_no_model(&engine).await {
        let ids = async |condition: Expr<bool>| {
            select(id.clone()).filter(condition).order_by(id.clone()).all(&engine).await.unwrap()
        };
        let amount = || amount.clone();
        assert_eq!(ids(amount().gt(number("9"))).await, [3, 4, 5]);
        assert_eq!(ids(amount().eq(number("9.5"))).await, [3]);
        assert_eq!(ids(amount().between(number("-1.0"), number("10"))).await, [2, 3, 4]);
        assert_eq!(ids(amount().in_([number("9.5"), number("100.0")])).await, [3, 5]);
        assert_eq!(ids(amount().in_((95..=105).map(Decimal::from).collect::<Vec<_>>())).await, [5]);
        assert_eq!(ids(amount().is_distinct_from(number("9.5"))).await, [1, 2, 4, 5]);
        assert_eq!(ids((amount() * number("3")).gt(number("30"))).await, [5]);
        let pairs = [(3, number("9.5")), (4, number("9.5"))];
        assert_eq!(ids(tuple((id.clone(), amount())).in_(pairs).type_coerce()).await, [3]);
        let greater = select(func::case(amount().gt(number("9.75")), 1).otherwise(0)).order_by(id.clone());
        assert_eq!(greater.all(&engine).await.unwrap(), [0, 0, 0, 1, 1]);
    }
}

#[tokio::test]
async fn what_is_said_to_be_one_is_ordered_and_grouped_as_a_number() {
    let engine = prices().await;
    let ten = Price { id: 6, amount: number("10.0"), rebate: None, count: 1 };
    insert(Price).values(ten).execute(&engine).await.unwrap();
    if engine.dialect() == orm::Dialect::Sqlite {
        // As another program may have written it.
        text("UPDATE prices SET amount = '10' WHERE id = 6").execute(&engine).await.unwrap();
    }
    for (id, amount) in columns_of_no_model(&engine).await {
        let amount = || amount.clone();
        let ordered = select(id.clone()).order_by((amount().desc(), id.clone())).all(&engine).await.unwrap();
        assert_eq!(ordered, [5, 4, 6, 3, 2, 1]);
        let ranks = select((id.clone(), func::rank().over(window().order_by(amount())))).order_by(id.clone());
        assert_eq!(ranks.all(&engine).await.unwrap(), [(1, 1), (2, 2), (3, 3), (4, 4), (5, 6), (6, 4)]);
        let ends =
            select((func::min(amount()), func::max(amount()), func::count_distinct(amount()))).filter(id.clone().gt(0));
        assert_eq!(ends.one(&engine).await.unwrap(), (Some(number("-10")), Some(number("100")), 5));
        let sum = select(func::sum(amount())).filter(id.clone().gt(0));
        assert_eq!(sum.one(&engine).await.unwrap(), Some(number("118.50")));
        let distinct = select(amount()).distinct().filter(id.clone().gt(0));
        assert_eq!(distinct.all(&engine).await.unwrap().len(), 5);
        let groups =
            select((amount(), func::count_all())).filter(id.clone().gt(0)).group_by(amount()).order_by(amount());
        let counts: Vec<i64> = groups.all(&engine).await.unwrap().into_iter().map(|(_, count)| count).collect();
        assert_eq!(counts, [1, 1, 1, 2, 1]);
        let one = |of: i64| select(amount()).filter(id.clone().eq(of));
        assert_eq!(one(4).union(one(6)).all(&engine).await.unwrap(), [number("10")]);
        let within = select((id.clone(), amount())).subquery("within");
        assert_eq!(select(within.0).order_by((within.1, within.0)).all(&engine).await.unwrap(), [1, 2, 3, 4, 6, 5]);
    }
}

#[tokio::test]
async fn rows_of_a_table_without_a_model_are_changed_by_the_number() {
    let engine = prices().await;
    let prices = light_prices();
    let (amount, rebate) = (|| prices.c::<Decimal>("amount"), || prices.c::<Option<Decimal>>("rebate"));
    let change = prices.update().set("amount", amount() + number("0.5")).filter(amount().ge(number("9.5")));
    assert_eq!(change.execute(&engine).await.unwrap(), 3);
    assert_eq!(ids(&engine, Price.amount.in_([number("10"), number("10.5"), number("100.5")])).await, [3, 4, 5]);
    assert_eq!(prices.delete().filter(rebate().lt(number("9.00"))).execute(&engine).await.unwrap(), 1);
    assert_eq!(prices.delete().filter(amount().gt(number("20"))).execute(&engine).await.unwrap(), 1);
    assert_eq!(ids(&engine, Price.id.gt(0)).await, [1, 3, 4]);
}
