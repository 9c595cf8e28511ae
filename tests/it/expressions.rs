//! Every operator and function, run on the database of this binary, and its rows.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _, Utc};
use orm::prelude::*;
use orm::schema::Sequence;
use orm::{
    CustomOperator, Derived, Exclude, Expr, Precedence, Search, Selectable, SqlType, TableFunction, call, column,
    literal, table, tuple, window,
};
use rust_decimal::Decimal;
use serde_json::json;

use crate::only;
use crate::support::{User, empty_engine, empty_engine_with, expected};

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "things", metadata = none)]
struct Thing {
    #[orm(primary_key)]
    id: i64,
    n: i64,
    m: Option<i64>,
    small: i32,
    x: f64,
    #[orm(length = 50)]
    name: String,
    #[orm(length = 50)]
    note: Option<String>,
    flag: bool,
    day: NaiveDate,
    at: DateTime<Utc>,
    body: serde_json::Value,
}

async fn things() -> Engine {
    let engine = empty_engine().await;
    metadata![Thing].create_all(&engine).await.unwrap();
    let rows = [
        (1, 7, None, 1, 2.5, "Ed", Some("a%b"), true, "2024-02-29"),
        (2, -7, Some(3), 2, -2.5, "wendy", None, false, "2023-12-31"),
        (3, 12, Some(12), 3, 0.25, "Ünïcode 'q'", Some("x/y_z"), true, "2024-01-01"),
    ];
    let rows = rows.map(|(id, n, m, small, x, name, note, flag, day)| {
        let day: NaiveDate = day.parse().unwrap();
        Thing {
            id,
            n,
            m,
            small,
            x,
            name: name.to_owned(),
            note: note.map(str::to_owned),
            flag,
            day,
            at: Utc.from_utc_datetime(&day.and_time(NaiveTime::from_hms_micro_opt(23, 59, 58, 500_000).unwrap())),
            body: json!({"a": {"b": [1, "two", null, true]}, "n": id, "f": 1.5, "t": "te\"xt", "q\"\\k": flag, "0": "zero"}),
        }
    });
    insert(Thing).values(rows).execute(&engine).await.unwrap();
    engine
}

/// Returns what an expression gives for the rows in the order of their keys.
async fn each<T: SqlType>(engine: &Engine, expression: Expr<T>) -> Vec<T>
where
    Expr<T>: Selectable<Row = T>,
{
    let statement = select(expression).order_by(Thing.id);
    let sql = statement.to_sql(crate::support::dialect());
    statement.all(engine).await.unwrap_or_else(|error| panic!("{error}\n{sql}"))
}

/// Returns the keys of the rows that pass.
async fn found(engine: &Engine, condition: impl orm::Predicate) -> Vec<i64> {
    let statement = select(Thing.id).filter(condition).order_by(Thing.id);
    let sql = statement.to_sql(crate::support::dialect());
    statement.all(engine).await.unwrap_or_else(|error| panic!("{error}\n{sql}"))
}

async fn value<T: SqlType>(engine: &Engine, expression: Expr<T>) -> T
where
    Expr<T>: Selectable<Row = T>,
{
    let statement = select(expression);
    let sql = statement.to_sql(crate::support::dialect());
    statement.one(engine).await.unwrap_or_else(|error| panic!("{error}\n{sql}"))
}

/// Asserts that an expression is refused for this database before anything is sent.
async fn refused<T: SqlType + std::fmt::Debug>(engine: &Engine, expression: Expr<T>)
where
    Expr<T>: Selectable<Row = T>,
{
    let before = engine.statement_count();
    let error = select(expression).all(engine).await.unwrap_err().to_string();
    let dialect = crate::support::dialect();
    assert!(error.contains(&format!("is not supported on dialect {dialect}")), "{error}");
    assert_eq!(engine.statement_count(), before);
}

fn some<T: Clone>(values: &[T]) -> Vec<Option<T>> {
    values.iter().cloned().map(Some).collect()
}

#[tokio::test]
async fn arithmetic_is_rusts() {
    let engine = things().await;
    assert_eq!(each(&engine, Thing.n + 1).await, [8, -6, 13]);
    assert_eq!(each(&engine, Thing.n - Thing.id * 2).await, [5, -11, 6]);
    assert_eq!(each(&engine, (Thing.n - Thing.id) * 2).await, [12, -18, 18]);
    assert_eq!(each(&engine, Thing.n / 2).await, [7i64 / 2, -7 / 2, 12 / 2]);
    assert_eq!(each(&engine, Thing.n % 4).await, [7i64 % 4, -7 % 4, 12 % 4]);
    assert_eq!(each(&engine, -Thing.n).await, [-7, 7, -12]);
    assert_eq!(each(&engine, -(-Thing.n)).await, [7, -7, 12]);
    assert_eq!(each(&engine, Thing.n - (Thing.n - Thing.id)).await, [1, 2, 3]);
    assert_eq!(each(&engine, Thing.n.true_div(2)).await, [3.5, -3.5, 6.0]);
    assert_eq!(each(&engine, Thing.x * 2.0 + 1.0).await, [6.0, -4.0, 1.5]);
    assert_eq!(each(&engine, Thing.n + Thing.m).await, [None, Some(-4), Some(24)]);
    assert_eq!(each(&engine, Thing.m + 1).await, [None, Some(4), Some(13)]);
    assert_eq!(each(&engine, Thing.small * 100_000).await, [100_000, 200_000, 300_000]);
}

#[tokio::test]
async fn bits_are_those_of_two_s_complement() {
    let engine = things().await;
    let numbers = [7i64, -7, 12];
    assert_eq!(each(&engine, Thing.n.bit_and(6)).await, numbers.map(|n| n & 6));
    assert_eq!(each(&engine, Thing.n.bit_or(6)).await, numbers.map(|n| n | 6));
    assert_eq!(each(&engine, Thing.n.bit_xor(6)).await, numbers.map(|n| n ^ 6));
    assert_eq!(each(&engine, Thing.n.bit_not()).await, numbers.map(|n| !n));
    assert_eq!(each(&engine, Thing.n.shift_left(3)).await, numbers.map(|n| n << 3));
    assert_eq!(each(&engine, Thing.n.shift_right(2)).await, numbers.map(|n| n >> 2));
    assert_eq!(each(&engine, Thing.n.bit_and(3).bit_or(8) + 1).await, numbers.map(|n| (n & 3 | 8) + 1));
    assert_eq!(each(&engine, Thing.m.bit_and(1)).await, [None, Some(1), Some(0)]);
}

#[tokio::test]
async fn comparisons_know_null() {
    let engine = things().await;
    assert_eq!(each(&engine, Thing.m.gt(5)).await, [None, Some(false), Some(true)]);
    assert_eq!(each(&engine, Thing.n.eq(Thing.m)).await, [None, Some(false), Some(true)]);
    assert_eq!(each(&engine, Thing.n.gt(0)).await, [true, false, true]);
    assert_eq!(each(&engine, Thing.m.is_distinct_from(3)).await, [true, false, true]);
    assert_eq!(each(&engine, Thing.m.is_not_distinct_from(None)).await, [true, false, false]);
    assert_eq!(found(&engine, Thing.m.eq(None)).await, [1]);
    assert_eq!(found(&engine, Thing.m.ne(None)).await, [2, 3]);
    assert_eq!(found(&engine, !Thing.m.gt(5)).await, [2]);
    assert_eq!(found(&engine, Thing.m.gt(5) | Thing.flag).await, [1, 3]);
    assert_eq!(each(&engine, Thing.m.gt(5) & Thing.flag).await, [None, Some(false), Some(true)]);
    assert_eq!(found(&engine, Thing.n.between(-7, 7)).await, [1, 2]);
    assert_eq!(found(&engine, !Thing.n.between(-7, 7)).await, [3]);
    assert_eq!(found(&engine, Thing.n.between_symmetric(7, -7)).await, [1, 2]);
    assert_eq!(found(&engine, Expr::TRUE).await, [1, 2, 3]);
    assert_eq!(found(&engine, Expr::FALSE).await, [0i64; 0]);
    assert_eq!(found(&engine, func::any([Thing.id.eq(1), Thing.id.eq(3)])).await, [1, 3]);
    assert_eq!(found(&engine, func::all([Thing.id.gt(1), Thing.id.lt(3)])).await, [2]);
    assert_eq!(value(&engine, func::null::<i64>()).await, None);
    assert!(value(&engine, literal(true) & Expr::TRUE).await);
}

#[tokio::test]
async fn in_takes_lists_tuples_and_subqueries() {
    let engine = things().await;
    assert_eq!(found(&engine, Thing.id.in_([1, 3, 9])).await, [1, 3]);
    assert_eq!(found(&engine, Thing.id.not_in([1, 3, 9])).await, [2]);
    assert_eq!(found(&engine, Thing.m.in_([3])).await, [2]);
    assert_eq!(found(&engine, Thing.m.not_in([3])).await, [3]);
    assert_eq!(found(&engine, Thing.id.in_(Vec::<i64>::new())).await, [0i64; 0]);
    assert_eq!(found(&engine, Thing.m.not_in(Vec::<i64>::new())).await, [1, 2, 3]);
    assert_eq!(found(&engine, Thing.n.in_(select(Thing.m).filter(Thing.m.is_not_null()))).await, [3]);
    assert_eq!(found(&engine, tuple((Thing.id, Thing.n)).in_([(1, 7), (2, 7), (3, 12)])).await, [1, 3]);
    assert_eq!(found(&engine, tuple((Thing.id, Thing.n)).not_in([(1, 7)])).await, [2, 3]);
    assert_eq!(found(&engine, tuple((Thing.id, Thing.n)).in_(Vec::<(i64, i64)>::new())).await, [0i64; 0]);
    let many: Vec<(i64, i64)> = (3..10_000).map(|id| (id, 12)).collect();
    assert_eq!(found(&engine, tuple((Thing.id, Thing.n)).in_(many.clone())).await, [3]);
    assert_eq!(found(&engine, tuple((Thing.id, Thing.n)).not_in(many)).await, [1, 2]);
    let named: Vec<(String, i32)> = (0..1_000).map(|small| ("Ed".to_owned(), small)).collect();
    assert_eq!(found(&engine, tuple((Thing.name, Thing.small)).in_(named)).await, [1]);
    assert_eq!(found(&engine, tuple((Thing.n, Thing.id)).gt((7, 0))).await, [1, 3]);
    assert_eq!(found(&engine, tuple((Thing.n, Thing.id)).le((7, 1))).await, [1, 2]);
    assert_eq!(found(&engine, tuple((Thing.id, Thing.n)).eq((2, -7))).await, [2]);
    let pairs = select((Thing.id, Thing.n)).filter(Thing.flag);
    assert_eq!(found(&engine, tuple((Thing.id, Thing.n)).in_(pairs)).await, [1, 3]);
    assert_eq!(found(&engine, Thing.n.eq(select(func::max(Thing.n)))).await, [3]);
    if crate::support::dialect() == orm::Dialect::Sqlite {
        refused(&engine, Thing.n.ge_all(select(Thing.n))).await;
        return;
    }
    let other = Thing.alias("other");
    assert_eq!(found(&engine, Thing.n.ge_all(select(other.n))).await, [3]);
    assert_eq!(found(&engine, Thing.n.lt_all(select(other.n).filter(other.id.ne(2)))).await, [2]);
    assert_eq!(found(&engine, Thing.id.eq_any(select(other.id).filter(other.flag))).await, [1, 3]);
    let ns = || select(other.n).filter(other.id.ne(2));
    assert_eq!(found(&engine, Thing.n.gt_any(ns())).await, [3]);
    assert_eq!(found(&engine, Thing.n.ge_any(ns())).await, [1, 3]);
    assert_eq!(found(&engine, Thing.n.lt_any(ns())).await, [1, 2]);
    assert_eq!(found(&engine, Thing.n.le_any(ns())).await, [1, 2, 3]);
    assert_eq!(found(&engine, Thing.n.ne_any(ns())).await, [1, 2, 3]);
    assert_eq!(found(&engine, !Thing.n.eq_any(ns())).await, [2]);
    assert_eq!(found(&engine, Thing.n.ne_all(ns())).await, [2]);
    assert_eq!(found(&engine, Thing.n.eq_all(select(other.n).filter(other.id.eq(2)))).await, [2]);
    assert_eq!(found(&engine, Thing.m.gt_all(select(other.id).filter(other.id.lt(3)))).await, [2, 3]);
}

#[tokio::test]
async fn lists_of_every_length_answer_alike_and_share_their_texts() {
    let engine = things().await;
    for length in [8i64, 9, 15, 16, 17, 100, 1_000] {
        assert_eq!(found(&engine, Thing.id.in_(2..2 + length)).await, [2, 3], "{length}");
        assert_eq!(found(&engine, Thing.id.not_in(2..2 + length)).await, [1], "{length}");
        assert_eq!(found(&engine, Thing.m.not_in((0..length).map(|n| n + 4))).await.len(), 1 + usize::from(length < 9));
        let names = (0..length).map(|n| format!("it's {n}")).chain(["wendy".to_owned()]);
        assert_eq!(found(&engine, Thing.name.in_(names)).await, [2], "{length}");
        let days = (0..length).map(|n| NaiveDate::from_ymd_opt(2024, 1, 1).unwrap() + chrono::Days::new(n as u64));
        let within = if length > 59 { vec![1, 3] } else { vec![3] };
        assert_eq!(found(&engine, Thing.day.in_(days)).await, within, "{length}");
        let nulls = (0..length).map(|n| if n == 3 { None } else { Some(n + 3) });
        assert_eq!(found(&engine, Thing.m.in_(nulls.clone())).await.first(), Some(&2));
        assert_eq!(found(&engine, Thing.m.not_in(nulls)).await, [0i64; 0], "NOT IN of a list with NULL is never true");
    }
    let texts: std::collections::HashSet<String> = (9..=64)
        .map(|length| select(Thing.id).filter(Thing.id.in_(0..length)).to_sql(crate::support::dialect()))
        .collect();
    assert_eq!(texts.len(), expected(3, [(orm::Dialect::Postgres, 1, "it takes an array")]));
}

#[tokio::test]
async fn patterns_match_what_they_say() {
    let engine = things().await;
    assert_eq!(
        found(&engine, Thing.name.like("%d%")).await,
        expected(vec![1, 2, 3], [(orm::Dialect::Postgres, vec![1, 2, 3], "all have a d"),])
    );
    assert_eq!(found(&engine, Thing.name.ilike("ED")).await, [1]);
    assert_eq!(found(&engine, !Thing.name.ilike("ed")).await, [2, 3]);
    assert_eq!(found(&engine, Thing.note.contains("%")).await, [1]);
    assert_eq!(found(&engine, !Thing.note.contains("%")).await, [3]);
    assert_eq!(found(&engine, Thing.note.contains("/y_")).await, [3]);
    assert_eq!(found(&engine, Thing.note.starts_with("a%")).await, [1]);
    assert_eq!(found(&engine, Thing.note.ends_with("_z")).await, [3]);
    assert_eq!(found(&engine, Thing.name.icontains("END")).await, [2]);
    assert_eq!(found(&engine, Thing.name.istarts_with("WEN")).await, [2]);
    assert_eq!(found(&engine, Thing.name.iends_with("DY")).await, [2]);
    assert_eq!(found(&engine, Thing.note.like_escape("a!%b", '!')).await, [1]);
    assert_eq!(found(&engine, Thing.note.like_escape(r"a\%b", '\\')).await, [1]);
    assert_eq!(found(&engine, Thing.note.like_escape("a'%b", '\'')).await, [1]);
    assert_eq!(found(&engine, Thing.note.ilike_escape("A!%B", '!')).await, [1]);
    assert_eq!(each(&engine, Thing.note.like("a%")).await, [Some(true), None, Some(false)]);
    // What is looked for is a column: its wildcards stand for themselves as well.
    assert_eq!(found(&engine, literal("a%b".to_owned()).contains(Thing.note)).await, [1]);
    assert_eq!(found(&engine, literal("axb".to_owned()).contains(Thing.note)).await, [0i64; 0]);
    assert_eq!(found(&engine, literal("x/y_z!".to_owned()).starts_with(Thing.note)).await, [3]);
    assert_eq!(found(&engine, literal("!x/yaz".to_owned()).ends_with(Thing.note)).await, [0i64; 0]);
    assert_eq!(found(&engine, Thing.name.concat("!").like("wen%!")).await, [2]);
}

#[tokio::test]
async fn regular_expressions_mind_case_unless_told_otherwise() {
    let engine = things().await;
    if crate::support::dialect() == orm::Dialect::Sqlite {
        assert_eq!(found(&engine, Thing.name.glob("w*")).await, [2]);
        assert_eq!(found(&engine, Thing.name.glob("W*")).await, [0i64; 0]);
    } else {
        refused(&engine, Thing.name.glob("w*")).await;
    }
    assert_eq!(found(&engine, Thing.name.regexp("^[Ee]d$")).await, [1]);
    assert_eq!(found(&engine, Thing.name.regexp("^ed$")).await, [0i64; 0]);
    assert_eq!(found(&engine, Thing.name.iregexp("^ed$")).await, [1]);
    assert_eq!(found(&engine, !Thing.name.regexp("^E")).await, [2, 3]);
    assert_eq!(each(&engine, Thing.note.regexp("b$")).await, [Some(true), None, Some(false)]);
    assert_eq!(each(&engine, Thing.name.regexp_replace("[dE]", "_")).await[..2], ["__", "wen_y"]);
    assert_eq!(found(&engine, Thing.name.concat("!").iregexp(Thing.name.concat("!$"))).await, [1, 2, 3]);
    let error = select(Thing.name.regexp("(")).all(&engine).await.unwrap_err();
    assert_eq!(*error.kind(), orm::ErrorKind::Data, "{error}");
}

#[tokio::test]
async fn a_collation_decides_what_is_equal() {
    let engine = things().await;
    let ignoring = match crate::support::dialect() {
        orm::Dialect::Sqlite => "NOCASE",
        orm::Dialect::Postgres => return assert_eq!(found(&engine, Thing.name.collate("C").lt("a")).await, [1]),
        _ => "utf8mb4_general_ci",
    };
    assert_eq!(found(&engine, Thing.name.collate(ignoring).eq("eD")).await, [1]);
    let sorted = select(Thing.id).order_by(Thing.name.collate(ignoring).desc()).limit(2);
    assert_eq!(sorted.all(&engine).await.unwrap()[1..], [expected(3, [(orm::Dialect::Sqlite, 2, "Ü is behind w")])]);
}

#[tokio::test]
async fn cases_casts_and_choices() {
    let engine = things().await;
    let sign = func::case(Thing.n.lt(0), "minus").when(Thing.n.gt(10), "much").otherwise("plus");
    assert_eq!(each(&engine, sign).await, ["plus", "minus", "much"]);
    assert_eq!(each(&engine, func::case(Thing.m.gt(5), Thing.n).end()).await, [None, None, Some(12)]);
    let word = func::case_of(Thing.id).when(1, "one").when(2, "two").otherwise(Thing.name);
    assert_eq!(each(&engine, word).await[..2], ["one", "two"]);
    assert_eq!(each(&engine, func::case_of(Thing.m).when(3, 30i64).end()).await, [None, Some(30), None]);
    assert_eq!(each(&engine, Thing.n.cast::<String>()).await, ["7", "-7", "12"]);
    assert_eq!(each(&engine, Thing.m.cast::<String>()).await, [None, Some("3".to_owned()), Some("12".to_owned())]);
    assert_eq!(each(&engine, Thing.n.cast::<f64>() / 2.0).await, [3.5, -3.5, 6.0]);
    assert_eq!(value(&engine, literal("42".to_owned()).cast::<i64>()).await, 42);
    assert_eq!(value(&engine, literal("2024-02-29".to_owned()).cast::<NaiveDate>()).await.to_string(), "2024-02-29");
    assert!(value(&engine, literal(5i32).cast::<bool>()).await);
    assert_eq!(value(&engine, literal("ab".to_owned()).cast::<Vec<u8>>()).await, b"ab");
    refused(&engine, Thing.name.try_cast::<i64>()).await;
    assert_eq!(each(&engine, func::coalesce(Thing.m, 0)).await, [0, 3, 12]);
    assert_eq!(each(&engine, func::coalesce(Thing.m, Thing.n)).await, [7, 3, 12]);
    assert_eq!(each(&engine, func::first_of((func::null::<i64>(), Thing.m, 5))).await, some(&[5, 3, 12]));
    assert_eq!(each(&engine, func::nullif(Thing.n, Thing.m)).await, [Some(7), Some(-7), None]);
    assert_eq!(each(&engine, func::greatest((Thing.n, 8))).await, [8, 8, 12]);
    assert_eq!(each(&engine, func::least((Thing.n, 8, Thing.id))).await, [1, -7, 3]);
}

#[tokio::test]
async fn functions_of_text() {
    let engine = things().await;
    assert_eq!(each(&engine, func::lower(Thing.name)).await[..2], ["ed", "wendy"]);
    assert_eq!(each(&engine, func::upper(Thing.name)).await[..2], ["ED", "WENDY"]);
    assert_eq!(each(&engine, func::length(Thing.name)).await, [2, 5, 11]);
    assert_eq!(each(&engine, func::octet_length(Thing.name)).await, [2, 5, 13]);
    assert_eq!(each(&engine, func::length(Thing.note)).await, [Some(3), None, Some(5)]);
    assert_eq!(value(&engine, func::trim(literal("  a b ".to_owned()))).await, "a b");
    assert_eq!(value(&engine, func::ltrim(literal("  a ".to_owned()))).await, "a ");
    assert_eq!(value(&engine, func::rtrim(literal(" a  ".to_owned()))).await, " a");
    assert_eq!(each(&engine, func::replace(Thing.name, "d", "dd")).await[..2], ["Edd", "wenddy"]);
    assert_eq!(each(&engine, func::substr(Thing.name, 2, 3)).await, ["d", "end", "nïc"]);
    assert_eq!(each(&engine, func::substr_from(Thing.name, 2)).await[..2], ["d", "endy"]);
    assert_eq!(each(&engine, func::left(Thing.name, 3)).await, ["Ed", "wen", "Ünï"]);
    assert_eq!(each(&engine, func::right(Thing.name, 3)).await, ["Ed", "ndy", "'q'"]);
    assert_eq!(each(&engine, func::position(Thing.name, "d")).await, [2, 4, 6]);
    let joined = func::concat_ws("-", (Thing.name, Thing.note));
    assert_eq!(each(&engine, joined).await[..2], ["Ed-a%b", "wendy"]);
    assert_eq!(each(&engine, Thing.name.concat("!").concat("?")).await[..2], ["Ed!?", "wendy!?"]);
    assert_eq!(each(&engine, Thing.name.concat(Thing.note)).await[1], None);
    assert_eq!(each(&engine, func::reverse(Thing.name)).await, ["dE", "ydnew", "'q' edocïnÜ"]);
    assert_eq!(each(&engine, func::lpad(Thing.name, 4, "*+*")).await, ["*+Ed", "wend", "Ünïc"]);
    assert_eq!(each(&engine, func::rpad(Thing.name, 4, "*+*")).await, ["Ed*+", "wend", "Ünïc"]);
    assert_eq!(each(&engine, func::lpad(Thing.note, 1, "*")).await, [Some("a".into()), None, Some("x".to_owned())]);
    assert_eq!(each(&engine, func::repeat(Thing.name, 2)).await[..1], ["EdEd"]);
    assert_eq!(each(&engine, func::repeat(Thing.name, -2)).await, ["", "", ""]);
    if crate::support::dialect() == orm::Dialect::Sqlite {
        return refused(&engine, func::current_user()).await;
    }
    assert!(!value(&engine, func::current_user()).await.is_empty());
}

#[tokio::test]
async fn functions_of_numbers() {
    let engine = things().await;
    assert_eq!(each(&engine, func::abs(Thing.n)).await, [7, 7, 12]);
    assert_eq!(each(&engine, func::sign(Thing.n)).await, [1, -1, 1]);
    assert_eq!(each(&engine, func::ceil(Thing.x)).await, [3.0, -2.0, 1.0]);
    assert_eq!(each(&engine, func::floor(Thing.x)).await, [2.0, -3.0, 0.0]);
    assert_eq!(each(&engine, func::floor(Thing.x + 1.0) * 2.0).await, [6.0, -4.0, 2.0]);
    assert_eq!(each(&engine, func::round(Thing.x + 0.01, 1)).await, [2.5, -2.5, 0.3]);
    let random = value(&engine, func::random()).await;
    assert!((0.0..1.0).contains(&random), "{random}");
    assert_eq!(each(&engine, func::sqrt(Thing.x * Thing.x)).await, [2.5, 2.5, 0.25]);
    assert_eq!(each(&engine, func::power(Thing.x, 2.0)).await, [6.25, 6.25, 0.0625]);
    assert_eq!(value(&engine, func::exp(literal(0.0))).await, 1.0);
    assert_eq!(value(&engine, func::ln(literal(1.0))).await, 0.0);
    assert_eq!(value(&engine, func::cos(func::radians(literal(0.0)))).await, 1.0);
    assert_eq!(value(&engine, func::sin(literal(0.0)) + func::tan(literal(0.0))).await, 0.0);
    assert_eq!(value(&engine, func::degrees(func::radians(literal(90.0)))).await, 90.0);
    assert_eq!(value(&engine, func::power(literal(Some(2.0)), None)).await, None);
    let far = select(func::exp(literal(1000.0))).one(&engine).await.unwrap_err();
    assert_eq!(*far.kind(), orm::ErrorKind::Data, "{far}");
}

#[tokio::test]
async fn parts_of_dates_and_times() {
    use func::Part::*;
    let engine = things().await;
    assert_eq!(each(&engine, func::extract(Year, Thing.day)).await, [2024, 2023, 2024]);
    assert_eq!(each(&engine, func::extract(Year, Thing.at)).await, [2024, 2023, 2024]);
    assert_eq!(each(&engine, func::extract(Quarter, Thing.day)).await, [1, 4, 1]);
    assert_eq!(each(&engine, func::extract(Month, Thing.day)).await, [2, 12, 1]);
    assert_eq!(each(&engine, func::extract(Week, Thing.day)).await, [9, 52, 1]);
    assert_eq!(each(&engine, func::extract(Day, Thing.day)).await, [29, 31, 1]);
    assert_eq!(each(&engine, func::extract(DayOfWeek, Thing.day)).await, [4, 0, 1]);
    assert_eq!(each(&engine, func::extract(DayOfYear, Thing.day)).await, [60, 365, 1]);
    assert_eq!(each(&engine, func::extract(Hour, Thing.at)).await, [23, 23, 23]);
    assert_eq!(each(&engine, func::extract(Minute, Thing.at)).await, [59, 59, 59]);
    assert_eq!(each(&engine, func::extract(Second, Thing.at)).await, [58, 58, 58]);
    assert_eq!(each(&engine, func::extract(Epoch, Thing.at)).await[2], 1_704_153_598);
    assert_eq!(found(&engine, func::extract(Year, Thing.day).eq(2023)).await, [2]);
    let now: DateTime<Utc> = value(&engine, func::now().into()).await;
    assert!((Utc::now() - now).num_minutes().abs() < 5, "{now}");
    let today: NaiveDate = value(&engine, func::current_date()).await;
    assert!((Utc::now().date_naive() - today).num_days().abs() <= 1, "{today}");
    let _: NaiveTime = value(&engine, func::current_time()).await;
    assert_eq!(found(&engine, Thing.at.lt(func::now::<DateTime<Utc>>())).await, [1, 2, 3]);
}

#[tokio::test]
async fn the_moment_is_of_the_type_that_is_asked_for() {
    let engine = things().await;
    let now = Utc::now().naive_utc();
    let (moment, day, time): (NaiveDateTime, NaiveDate, NaiveTime) =
        select((func::now(), func::now(), func::now())).one(&engine).await.unwrap();
    assert!((now - moment).num_minutes().abs() < 5, "{moment} {now}");
    assert!((now.date() - day).num_days().abs() <= 1, "{day} {now}");
    let apart = (now.time() - time).num_seconds().abs();
    assert!(!(300..86_100).contains(&apart), "{time} {now}");
}

#[tokio::test]
async fn numbers_and_nulls_of_documents_are_what_they_say() {
    let engine = things().await;
    let document =
        r#"{"nil": null, "yes": true, "e": 1e3, "big": 12345678901234567890, "dec": 12345678901234567.89, "p": 1.005}"#;
    let value = match crate::support::dialect() {
        orm::Dialect::Postgres => "CAST(:body AS JSONB)",
        _ => ":body",
    };
    let put = text(format!("UPDATE things SET body = {value} WHERE id = 1")).bind("body", document);
    put.execute(&engine).await.unwrap();
    let of = |key: &str| Thing.body.key(key);
    let read = select((
        of("nil").as_boolean(),
        of("yes").as_boolean(),
        of("e").as_integer(),
        of("none").as_integer(),
        of("dec").as_numeric(25, 4),
        of("big").as_numeric(25, 4),
        of("p").as_numeric(10, 2),
        of("nil").as_numeric(10, 2),
    ));
    let (null, yes, thousand, none, dec, big, p, no) = read.filter(Thing.id.eq(1)).one(&engine).await.unwrap();
    assert_eq!((null, yes, thousand, none, no), (None, Some(true), Some(1000), None, None));
    let number = |text: &str| text.parse::<Decimal>().ok();
    // A number with a point is a float in MySQL's documents, of which its eighth version writes a digit less than later ones.
    let precise: &[&str] = match crate::support::dialect() {
        orm::Dialect::MySql => &["12345678901234570", "12345678901234568"],
        _ => &["12345678901234567.89"],
    };
    assert!(precise.iter().any(|precise| dec == number(precise)), "{dec:?}");
    assert_eq!((big, p), (number("12345678901234567890"), number("1.01")));
    assert_eq!(found(&engine, of("nil").as_boolean().eq(false)).await, [0i64; 0]);
    let far = select(of("big").as_integer()).filter(Thing.id.eq(1)).one(&engine).await.unwrap_err();
    assert_eq!(*far.kind(), orm::ErrorKind::Data, "{far}");
}

/// What `CURRENT_TIMESTAMP` and `func::now()` write was a text of its own on SQLite, which no value was equal to.
#[tokio::test]
async fn a_moment_that_the_database_wrote_is_found_by_the_value_that_was_read() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "written", metadata = none)]
    struct Written {
        #[orm(primary_key)]
        id: i64,
        #[orm(server_default = "CURRENT_TIMESTAMP")]
        at: DateTime<Utc>,
        #[orm(server_default = "CURRENT_TIMESTAMP")]
        local: NaiveDateTime,
        seen: Option<DateTime<Utc>>,
        noted: Option<NaiveDateTime>,
    }
    let engine = empty_engine().await;
    metadata![Written].create_all(&engine).await.unwrap();
    metadata![Written].check(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    session.add(Written::builder());
    session.commit().await.unwrap();
    let seen = update(Written)
        .set(Written.seen, func::now::<DateTime<Utc>>())
        .set(Written.noted, func::now::<NaiveDateTime>());
    assert_eq!(seen.execute(&engine).await.unwrap(), 1);
    let row = select(Written).one(&engine).await.unwrap();
    assert!((Utc::now() - row.seen.unwrap()).num_minutes().abs() < 5, "{row:?}");
    let both = Written.at.eq(row.at) & Written.local.eq(row.local);
    assert_eq!(select(Written.id).filter(both).all(&engine).await.unwrap(), [row.id]);
    let both = Written.seen.eq(row.seen.unwrap()) & Written.noted.eq(row.noted.unwrap());
    assert_eq!(select(Written.id).filter(both).all(&engine).await.unwrap(), [row.id]);
    assert_eq!(select(Written.id).filter(Written.at.le(Written.seen)).all(&engine).await.unwrap(), [row.id]);
    let later = row.at + chrono::TimeDelta::microseconds(1);
    assert_eq!(select(Written).filter(Written.at.ge(later)).count(&engine).await.unwrap(), 0);
}

/// SQLite keeps text, of which a cast to its own types would be the whole.
#[tokio::test]
async fn a_cast_takes_a_part_of_a_date_with_time() {
    let engine = things().await;
    let last = "2024-01-31T23:59:59.999999Z".parse::<DateTime<Utc>>().unwrap();
    update(Thing).set(Thing.at, last).filter(Thing.id.eq(3)).execute(&engine).await.unwrap();
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let days = ["2024-02-29", "2023-12-31", "2024-01-31"].map(day);
    assert_eq!(each(&engine, Thing.at.cast::<NaiveDate>()).await, days);
    assert_eq!(found(&engine, Thing.at.cast::<NaiveDate>().eq(days[2])).await, [3]);
    assert_eq!(each(&engine, Thing.day.cast::<NaiveDate>()).await[..2], days[..2]);
    let times = each(&engine, Thing.at.cast::<NaiveTime>()).await;
    assert_eq!(times[0], "23:59:58.5".parse::<NaiveTime>().unwrap());
    assert_eq!(times[2], last.time());
    assert_eq!(found(&engine, Thing.at.cast::<NaiveTime>().eq(last.time())).await, [3]);
    let midnight = days[1].and_time(NaiveTime::MIN);
    assert_eq!(each(&engine, Thing.day.cast::<NaiveDateTime>()).await[1], midnight);
    assert_eq!(found(&engine, Thing.day.cast::<NaiveDateTime>().eq(midnight)).await, [2]);
    assert_eq!(each(&engine, Thing.at.cast::<NaiveDateTime>()).await[2], last.naive_utc());
    let nothing = func::nullif(Thing.day, day("2023-12-31"));
    assert_eq!(each(&engine, nothing.cast::<NaiveDateTime>()).await[1], None);
}

/// They were floats on PostgreSQL or SQLite, which no integer is read from.
#[tokio::test]
async fn whole_numbers_are_rounded_to_whole_numbers() {
    let engine = things().await;
    assert_eq!(each(&engine, func::floor(Thing.n)).await, [7, -7, 12]);
    assert_eq!(each(&engine, func::ceil(Thing.m)).await, [None, Some(3), Some(12)]);
    assert_eq!(each(&engine, func::floor(Thing.small + 1) * 2).await, [4, 6, 8]);
    assert_eq!(each(&engine, func::round(Thing.n, 0)).await, [7, -7, 12]);
    assert_eq!(each(&engine, func::round(Thing.n, 2)).await, [7, -7, 12]);
    assert_eq!(each(&engine, func::round(Thing.n, -1)).await, [10, -10, 10]);
    assert_eq!(each(&engine, func::round(Thing.m, -1)).await, [None, Some(0), Some(10)]);
    assert_eq!(each(&engine, func::round(Thing.n * 100 + 50, -2)).await, [800, -700, 1300]);
    assert_eq!(each(&engine, func::round(Thing.n, Thing.small - 2)).await, [10, -7, 12]);
    assert_eq!(each(&engine, func::round(Thing.x * 10.0 + 1.0, -1)).await, [30.0, -20.0, 0.0]);
    assert_eq!(each(&engine, func::round(Thing.x + 0.01, Thing.small - 2)).await, [0.0, -2.0, 0.3]);
}

#[tokio::test]
async fn aggregates_see_what_they_are_told_to() {
    let engine = things().await;
    assert_eq!(value(&engine, func::count_all() + func::count(Thing.m)).await, 5);
    assert_eq!(value(&engine, func::count_all().filter(Thing.flag)).await, 2);
    assert_eq!(value(&engine, func::count(Thing.m).filter(Thing.flag)).await, 1);
    assert_eq!(value(&engine, func::sum(Thing.n).filter(Thing.id.gt(1)).filter(Thing.flag)).await, Some(12));
    assert_eq!(value(&engine, func::count_distinct(Thing.flag)).await, 2);
    assert_eq!(value(&engine, func::count_distinct(Thing.flag).filter(Thing.flag)).await, 1);
    assert_eq!(value(&engine, func::sum(func::abs(Thing.n)).distinct()).await, Some(19));
    assert_eq!(value(&engine, func::max(Thing.m)).await, Some(12));
    assert_eq!(value(&engine, func::min(Thing.name)).await.as_deref(), Some("Ed"));
    assert_eq!(value(&engine, func::avg(Thing.n)).await, Some(4.0));
    assert_eq!(value(&engine, func::avg(func::abs(Thing.n)).distinct()).await, Some(9.5));
    let average = value(&engine, func::avg(Thing.n * Thing.n)).await.unwrap();
    assert!((average - 242.0 / 3.0).abs() < 1e-9, "{average} is not all of 242 / 3");
    assert_eq!(value(&engine, func::bool_and(Thing.flag)).await, Some(false));
    assert_eq!(value(&engine, func::bool_or(Thing.n.gt(10))).await, Some(true));
    let names = func::string_agg(Thing.name, ", ").ordered_by(Thing.id.desc()).filter(Thing.id.lt(3));
    assert_eq!(value(&engine, names).await.as_deref(), Some("wendy, Ed"));
    let odd = func::string_agg(Thing.name, r"it's\").ordered_by(Thing.id).filter(Thing.id.lt(3));
    assert_eq!(value(&engine, odd).await.as_deref(), Some(r"Edit's\wendy"));
    let numbers = value(&engine, func::json_agg(Thing.small)).await.unwrap();
    let mut numbers: Vec<i64> = serde_json::from_value(numbers).unwrap();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3]);
    assert_eq!(value(&engine, func::variance(Thing.small)).await, Some(1.0));
    assert_eq!(value(&engine, func::stddev(Thing.small)).await, Some(1.0));
    assert_eq!(value(&engine, func::stddev(Thing.small).filter(Thing.id.eq(1))).await, None);
    let running = func::variance(Thing.small).over(window().order_by(Thing.id));
    assert_eq!(each(&engine, running).await, [None, Some(0.5), Some(1.0)]);
    if crate::support::dialect() != orm::Dialect::Postgres {
        refused(&engine, func::array_agg(Thing.n)).await;
        return refused(&engine, func::percentile_cont(0.5).within_group(Thing.x)).await;
    }
    let array = func::array_agg(Thing.n).ordered_by(Thing.n);
    assert_eq!(value(&engine, array).await, Some(vec![-7, 7, 12]));
    assert_eq!(value(&engine, func::percentile_cont(0.5).within_group(Thing.x)).await, Some(0.25));
    assert_eq!(value(&engine, func::percentile_disc::<i64>(1.0).within_group(Thing.n)).await, Some(12));
    assert_eq!(value(&engine, func::mode::<bool>().within_group(Thing.flag)).await, Some(true));
}

#[tokio::test]
async fn groups_of_groups() {
    let engine = things().await;
    let rolled = select((func::max(Thing.flag.cast::<i32>()), func::count_all())).group_by(func::rollup(Thing.flag));
    if crate::support::dialect() == orm::Dialect::Sqlite {
        let error = rolled.all(&engine).await.unwrap_err().to_string();
        return assert!(error.contains("ROLLUP is not supported on dialect sqlite"), "{error}");
    }
    let mut counts: Vec<i64> = rolled.all(&engine).await.unwrap().into_iter().map(|(_, count)| count).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 2, 3]);
    if crate::support::dialect() == orm::Dialect::Postgres {
        let cube = select(func::count_all()).group_by(func::cube((Thing.flag, Thing.id)));
        assert_eq!(cube.all(&engine).await.unwrap().len(), 3 + 3 + 2 + 1);
        let sets = func::grouping_sets([(Thing.flag,)]);
        assert_eq!(select(func::count_all()).group_by(sets).all(&engine).await.unwrap().len(), 2);
        let grouping = select(func::grouping(Thing.flag)).group_by(func::rollup(Thing.flag));
        let mut marks = grouping.all(&engine).await.unwrap();
        marks.sort_unstable();
        assert_eq!(marks, [0, 0, 1]);
    }
}

#[tokio::test]
async fn windows_with_a_name_are_those_that_the_statement_says() {
    let engine = things().await;
    let by_n = window().order_by(Thing.n + 0).named("by n");
    let all = window().named("select");
    let query = select((
        Thing.id,
        func::row_number().over(&by_n),
        func::sum(Thing.n).over(&by_n),
        func::count_all().over(&all),
    ));
    let rows = query.order_by((func::row_number().over(&by_n).desc(), Thing.id)).all(&engine).await.unwrap();
    assert_eq!(rows, [(3, 3, Some(12), 3), (1, 2, Some(0), 3), (2, 1, Some(-7), 3)]);
}

#[tokio::test]
async fn windows_look_around() {
    let engine = things().await;
    let by_n = || window().order_by(Thing.n);
    let by_id = || window().order_by(Thing.id);
    assert_eq!(each(&engine, func::row_number().over(by_n())).await, [2, 1, 3]);
    assert_eq!(each(&engine, func::rank().over(window().order_by(Thing.flag.desc()))).await, [1, 3, 1]);
    assert_eq!(each(&engine, func::dense_rank().over(window().order_by(Thing.flag.desc()))).await, [1, 2, 1]);
    assert_eq!(each(&engine, func::percent_rank().over(by_id())).await, [0.0, 0.5, 1.0]);
    // MariaDB gives ten digits.
    let share = each(&engine, func::cume_dist().over(window().order_by(Thing.flag))).await[1];
    assert!((share - 1.0 / 3.0).abs() < 1e-9, "{share}");
    assert_eq!(each(&engine, func::ntile(2).over(by_id())).await, [1, 1, 2]);
    assert_eq!(each(&engine, func::lag(Thing.n, 1).over(by_id())).await, [None, Some(7), Some(-7)]);
    assert_eq!(each(&engine, func::lead(Thing.m, 1).over(by_id())).await, [Some(3), Some(12), None]);
    assert_eq!(each(&engine, func::first_value(Thing.n).over(by_id())).await, some(&[7, 7, 7]));
    assert_eq!(each(&engine, func::last_value(Thing.n).over(by_id().rows(..))).await, some(&[12, 12, 12]));
    assert_eq!(each(&engine, func::nth_value(Thing.n, 2).over(by_id())).await, [None, Some(-7), Some(-7)]);
    assert_eq!(each(&engine, func::sum(Thing.n).over(window())).await, some(&[12, 12, 12]));
    let in_groups = func::sum(Thing.n).over(window().partition_by(Thing.flag));
    assert_eq!(each(&engine, in_groups).await, some(&[19, -7, 19]));
    assert_eq!(each(&engine, func::sum(Thing.n).over(by_id().rows(..=0))).await, some(&[7, 0, 12]));
    assert_eq!(each(&engine, func::sum(Thing.n).over(by_id().rows(0..))).await, some(&[12, 5, 12]));
    assert_eq!(each(&engine, func::sum(Thing.n).over(by_id().rows(-1..=-1))).await, [None, Some(7), Some(-7)]);
    assert_eq!(each(&engine, func::sum(Thing.n).over(by_id().rows(1..=2))).await, [Some(5), Some(12), None]);
    assert_eq!(each(&engine, func::count_all().over(window().order_by(Thing.n).range(-5..=5))).await, [2, 1, 2]);
    assert_eq!(each(&engine, func::count_all().filter(Thing.flag).over(window())).await, [2, 2, 2]);
    assert_eq!(each(&engine, func::row_number().over(by_id()) * 10).await, [10, 20, 30]);
    let groups = func::count_all().over(window().order_by(Thing.flag).groups(0..=0));
    let others = func::sum(Thing.id).over(window().order_by(Thing.id).rows(..).exclude(Exclude::CurrentRow));
    if matches!(crate::support::dialect(), orm::Dialect::MySql | orm::Dialect::MariaDb) {
        refused(&engine, groups).await;
        return refused(&engine, others).await;
    }
    assert_eq!(each(&engine, groups).await, [2, 1, 2]);
    assert_eq!(each(&engine, others).await, some(&[5, 4, 3]));
    let peers = func::count_all().over(window().order_by(Thing.flag).rows(..).exclude(Exclude::Ties));
    assert_eq!(each(&engine, peers).await, [2, 3, 2]);
    let apart = func::count_all().over(window().order_by(Thing.flag).rows(..).exclude(Exclude::Group));
    assert_eq!(each(&engine, apart).await, [1, 2, 1]);
}

#[tokio::test]
async fn json_of_a_subquery_is_read_at_a_path() {
    let engine = things().await;
    let things = select((Thing.id, Thing.body)).subquery("inner_things");
    let read = select((things.1.key("n").as_integer(), things.1.key("a").key("b").index(1).as_text()))
        .filter(things.1.has_key("n") & things.1.key("n").as_integer().gt(1))
        .order_by(things.0);
    let two = || Some("two".to_owned());
    assert_eq!(read.all(&engine).await.unwrap(), [(Some(2), two()), (Some(3), two())]);
    let things = select((Thing.id, Thing.body)).cte("cte_things");
    let lengths = select(things.1.json_length()).order_by(things.1.key("n").as_integer().desc()).all(&engine).await;
    assert_eq!(lengths.unwrap(), some(&[6, 6, 6]));
    let listed = orm::values("listed", ["id", "body"], [(1i64, json!([5, 6])), (2, json!([7]))]);
    let firsts = select(listed.1.index(0).as_integer()).order_by(listed.0);
    assert_eq!(firsts.all(&engine).await.unwrap(), some(&[5, 7]));
}

#[tokio::test]
async fn json_is_read_at_a_path() {
    let engine = things().await;
    assert_eq!(each(&engine, Thing.body.key("n").as_integer()).await, some(&[1, 2, 3]));
    assert_eq!(each(&engine, Thing.body.key("f").as_float()).await, some(&[1.5; 3]));
    assert_eq!(each(&engine, Thing.body.key("t").as_text()).await[0].as_deref(), Some("te\"xt"));
    assert_eq!(each(&engine, Thing.body.key("0").as_text()).await[0].as_deref(), Some("zero"));
    assert_eq!(each(&engine, Thing.body.key("q\"\\k").as_boolean()).await, some(&[true, false, true]));
    let list = || Thing.body.key("a").key("b");
    assert_eq!(each(&engine, list().index(0).as_integer()).await[0], Some(1));
    assert_eq!(each(&engine, list().index(1).as_text()).await[0].as_deref(), Some("two"));
    assert_eq!(each(&engine, list().index(2).as_text()).await[0], None);
    assert_eq!(each(&engine, list().index(2).as_json()).await[0], Some(json!(null)));
    assert_eq!(each(&engine, list().index(3).as_boolean()).await[0], Some(true));
    assert_eq!(each(&engine, list().index(9).as_json()).await[0], None);
    assert_eq!(each(&engine, list().as_json()).await[0], Some(json!([1, "two", null, true])));
    assert_eq!(each(&engine, Thing.body.key("nobody").as_text()).await, [None, None, None]);
    assert_eq!(found(&engine, Thing.body.key("nobody").is_null()).await, [1, 2, 3]);
    assert_eq!(found(&engine, Thing.body.key("nobody").is_not_null()).await, [0i64; 0]);
    assert!(found(&engine, list().index(2).is_null()).await.contains(&1), "the null of JSON");
    assert!(found(&engine, list().index(0).is_not_null()).await.contains(&1));
    assert_eq!(found(&engine, Thing.body.key("n").as_integer().gt(1)).await, [2, 3]);
    assert_eq!(found(&engine, Thing.body.key("q\"\\k").as_boolean()).await, [1, 3]);
    assert_eq!(found(&engine, Thing.body.has_key("n")).await, [1, 2, 3]);
    assert_eq!(found(&engine, Thing.body.has_key("q\"\\k")).await, [1, 2, 3]);
    assert_eq!(found(&engine, Thing.body.has_key("nobody")).await, [0i64; 0]);
    assert_eq!(each(&engine, list().as_json().json_length()).await, some(&[4, 4, 4]));
    assert_eq!(each(&engine, Thing.body.json_length()).await, some(&[6, 6, 6]));
    assert_eq!(each(&engine, Thing.body.key("a").as_json().json_length()).await, some(&[1, 1, 1]));
    assert_eq!(each(&engine, Thing.body.key("n").as_json().json_length()).await, some(&[1, 1, 1]));
    assert_eq!(each(&engine, Thing.body.key("nobody").as_json().json_length()).await, [None, None, None]);
    assert_eq!(value(&engine, func::json_agg(Thing.id).json_length()).await, Some(3));
    assert_eq!(each(&engine, Thing.body.json_type()).await[0].clone().unwrap().to_lowercase(), "object");
    if crate::support::dialect() == orm::Dialect::Sqlite {
        return refused(&engine, Thing.body.contains(json!({"n": 2}))).await;
    }
    assert_eq!(found(&engine, Thing.body.contains(json!({"n": 2}))).await, [2]);
    assert_eq!(found(&engine, !Thing.body.contains(json!({"n": 2}))).await, [1, 3]);
    assert_eq!(found(&engine, list().as_json().contained_by_json(json!([1, "two", null, true, 5]))).await, [1, 2, 3]);
    if crate::support::dialect() != orm::Dialect::Postgres {
        return refused(&engine, Thing.body.has_any_key(["n"])).await;
    }
    assert_eq!(found(&engine, Thing.body.has_any_key(["x", "n"])).await, [1, 2, 3]);
    assert_eq!(found(&engine, Thing.body.has_all_keys(["x", "n"])).await, [0i64; 0]);
    assert_eq!(found(&engine, Thing.body.path_exists("$.a.b[*] ? (@ == \"two\")")).await, [1, 2, 3]);
    assert_eq!(found(&engine, Thing.body.path_match("$.n > 2")).await, [3]);
}

/// On SQLite a number was a number and `true` was 1, on MariaDB as well, where an object was NULL.
#[tokio::test]
async fn what_is_in_json_has_one_text_on_every_database() {
    let engine = things().await;
    let body = json!({"i": -7, "f": 1.25, "t": true, "n": false, "z": null, "s": "null", "o": {"b": [1, "é\n"]}, "e": "", "l": []});
    update(Thing).set(Thing.body, body).filter(Thing.id.eq(1)).execute(&engine).await.unwrap();
    let text = async |name: &str| each(&engine, Thing.body.key(name).as_text()).await.swap_remove(0);
    for (name, expected) in
        [("i", "-7"), ("f", "1.25"), ("t", "true"), ("n", "false"), ("s", "null"), ("e", ""), ("l", "[]")]
    {
        assert_eq!(text(name).await.as_deref(), Some(expected), "{name}");
        assert_eq!(found(&engine, Thing.body.key(name).as_text().eq(expected)).await, [1], "{name}");
    }
    assert_eq!(text("z").await, None);
    assert_eq!(text("nothing").await, None);
    let object: serde_json::Value = serde_json::from_str(&text("o").await.unwrap()).unwrap();
    assert_eq!(object, json!({"b": [1, "é\n"]}));
    let inner = each(&engine, Thing.body.key("o").key("b").index(1).as_text()).await.swap_remove(0);
    assert_eq!(inner.as_deref(), Some("é\n"));
    assert_eq!(found(&engine, Thing.body.key("t").as_text().eq("TRUE")).await, [0i64; 0]);
    let texts = value(&engine, func::json_agg(Thing.body.key("f").as_text())).await.unwrap();
    assert!(texts.as_array().unwrap().iter().all(serde_json::Value::is_string), "{texts}");
    let mut words = each(&engine, Thing.body.key("f").as_text().concat("!")).await;
    assert_eq!(words.swap_remove(0).as_deref(), Some("1.25!"));
}

#[tokio::test]
async fn arrays_and_ranges_are_postgresqls() {
    let engine = things().await;
    if crate::support::dialect() != orm::Dialect::Postgres {
        refused(&engine, func::array((Thing.n, 1))).await;
        return refused(&engine, func::range(1, 5).contains(3)).await;
    }
    let pair = || func::array((Thing.n, Thing.id));
    assert_eq!(each(&engine, pair()).await, [[7, 1], [-7, 2], [12, 3]]);
    assert_eq!(each(&engine, pair().element(2)).await, some(&[1, 2, 3]));
    assert_eq!(each(&engine, pair().element(3)).await, [None, None, None]);
    assert_eq!(each(&engine, pair().slice(1, 1)).await, [[7], [-7], [12]]);
    assert_eq!(each(&engine, pair().cardinality()).await, [2, 2, 2]);
    assert_eq!(each(&engine, pair().append(9)).await[0], [7, 1, 9]);
    assert_eq!(each(&engine, pair().without(7)).await[0], [1]);
    assert_eq!(each(&engine, pair().array_concat(vec![8, 9])).await[0], [7, 1, 8, 9]);
    assert_eq!(found(&engine, pair().contains([7i64])).await, [1]);
    assert_eq!(found(&engine, pair().contained_by(vec![1, 2, 7, -7])).await, [1, 2]);
    assert_eq!(found(&engine, pair().overlaps(vec![12, -7])).await, [2, 3]);
    assert_eq!(found(&engine, Thing.n.in_array(vec![7, 12])).await, [1, 3]);
    assert_eq!(found(&engine, Thing.n.not_in_array(vec![7, 12])).await, [2]);
    assert_eq!(found(&engine, !Thing.n.in_array(vec![7, 12])).await, [2]);
    assert_eq!(found(&engine, !Thing.n.not_in_array(vec![7, 12])).await, [1, 3]);
    let pairs = select((Thing.id, pair(), Thing.n)).subquery("pairs");
    let read = select((pairs.1.cardinality(), pairs.1.element(2), pairs.1.append(9)))
        .filter(pairs.2.in_array(pairs.1))
        .order_by(pairs.0);
    assert_eq!(read.limit(1).all(&engine).await.unwrap(), [(2, Some(1), vec![7, 1, 9])]);
    assert_eq!(found(&engine, Thing.n.gt_any(vec![7, 12])).await, [3]);
    assert_eq!(found(&engine, !Thing.n.ge_all(vec![-7, 7])).await, [2]);
    assert_eq!(found(&engine, func::range(1, 3).contains(Thing.small)).await, [1, 2]);
    let (low, high) = (|| func::range(1, 5), || func::range(5, 9));
    assert!(value(&engine, low().is_left_of(high())).await);
    assert!(value(&engine, high().is_right_of(low())).await);
    assert!(value(&engine, low().is_not_right_of(high()) & high().is_not_left_of(low())).await);
    assert!(value(&engine, low().is_adjacent_to(high())).await);
    assert!(!value(&engine, low().overlaps(high())).await);
    assert!(value(&engine, low().contains(func::range(2, 3)) & func::range(2, 3).contained_by(low())).await);
    assert_eq!(value(&engine, low().union(high()).range_text()).await, "[1,9)");
    assert_eq!(value(&engine, low().intersection(func::range(3, 9)).lower()).await, Some(3));
    assert_eq!(value(&engine, low().difference(func::range(3, 9)).upper()).await, Some(3));
    assert!(value(&engine, func::range(1, 1).is_empty()).await);
    assert_eq!(value(&engine, func::range::<i32>(None, 5).lower()).await, None);
    let february =
        func::range(NaiveDate::from_ymd_opt(2024, 2, 1).unwrap(), NaiveDate::from_ymd_opt(2024, 3, 1).unwrap());
    assert_eq!(found(&engine, february.contains(Thing.day)).await, [1]);
}

#[tokio::test]
async fn full_text_search_of_postgresql() {
    only!(Postgres);
    let engine = things().await;
    update(Thing).set(Thing.note, "the quick brown foxes jump").filter(Thing.id.eq(2)).execute(&engine).await.unwrap();
    let words = || func::to_tsvector_in("english", Thing.note);
    assert_eq!(found(&engine, words().search(func::to_tsquery_in("english", "fox & !dog"))).await, [2]);
    assert_eq!(found(&engine, words().search(func::plainto_tsquery_in("english", "jumping fox"))).await, [2]);
    assert_eq!(found(&engine, words().search(func::websearch_to_tsquery_in("english", "fox -quick"))).await, [0i64; 0]);
    assert_eq!(found(&engine, Thing.note.matches("quick brown")).await, [2]);
    assert_eq!(
        found(&engine, func::to_tsvector(Thing.note).search(func::phraseto_tsquery("brown quick"))).await,
        [0i64; 0]
    );
    let either = func::to_tsquery("nothing").or(func::websearch_to_tsquery("quick"));
    assert_eq!(found(&engine, func::to_tsvector(Thing.note).search(either)).await, [2]);
    let both = func::to_tsvector(Thing.name).weight('A').join(func::to_tsvector(Thing.note));
    assert_eq!(
        found(&engine, both.search(func::plainto_tsquery("wendy").and(func::plainto_tsquery("quick")))).await,
        [2]
    );
    let ranked = select(Thing.id).order_by(words().rank(func::to_tsquery_in("english", "fox")).desc().nulls_last());
    assert_eq!(ranked.first(&engine).await.unwrap(), Some(2));
    let shown = select(func::ts_headline(Thing.note, func::to_tsquery("quick"))).filter(Thing.id.eq(2));
    assert_eq!(shown.one(&engine).await.unwrap().as_deref(), Some("the <b>quick</b> brown foxes jump"));
    let none = words().search(func::to_tsquery_in("english", "fox").negate()) & Thing.note.is_not_null();
    assert_eq!(found(&engine, none).await, [1, 3]);
}

#[tokio::test]
async fn full_text_search_of_mysql() {
    only!(MySql | MariaDb);
    let engine = things().await;
    text("ALTER TABLE things ADD FULLTEXT INDEX words (name, note)").execute(&engine).await.unwrap();
    text("ALTER TABLE things ADD FULLTEXT INDEX word (note)").execute(&engine).await.unwrap();
    update(Thing).set(Thing.note, "the quick brown foxes jump").filter(Thing.id.eq(2)).execute(&engine).await.unwrap();
    let both = || (Thing.name, Thing.note);
    assert_eq!(found(&engine, func::match_against(both(), "wendy", Search::NaturalLanguage)).await, [2]);
    assert_eq!(found(&engine, func::match_against(both(), "+quick -brown", Search::Boolean)).await, [0i64; 0]);
    assert_eq!(found(&engine, func::match_against(both(), "quick", Search::QueryExpansion)).await, [2]);
    assert_eq!(found(&engine, Thing.note.matches("+quick +foxes")).await, [2]);
    let ranked = select(Thing.id).order_by(func::relevance(both(), "quick", Search::NaturalLanguage).desc());
    assert_eq!(ranked.first(&engine).await.unwrap(), Some(2));
}

#[tokio::test]
async fn full_text_search_of_sqlite() {
    only!(Sqlite);
    #[derive(Clone, Debug, Model)]
    #[orm(table = "posts", metadata = none)]
    struct Post {
        #[orm(primary_key, column = "rowid")]
        id: i64,
        body: String,
    }
    let engine = empty_engine().await;
    text("CREATE VIRTUAL TABLE posts USING fts5(body)").execute(&engine).await.unwrap();
    text("INSERT INTO posts (rowid, body) VALUES (1, 'a quick fox'), (2, 'a lazy dog')")
        .execute(&engine)
        .await
        .unwrap();
    let found = select(Post.id).filter(Post.body.matches("quick"));
    assert_eq!(found.all(&engine).await.unwrap(), [1]);
}

#[tokio::test]
async fn operators_of_ones_own_bind_as_they_say() {
    let engine = things().await;
    let rest = || CustomOperator::new("%").precedence(Precedence::Product);
    let product: Expr<i64> = (Thing.n * 3).op(rest(), 5);
    assert_eq!(each(&engine, product + 1).await, [21 % 5 + 1, -21 % 5 + 1, 36 % 5 + 1]);
    let left_to_right: Expr<i64> = Thing.n.op::<i64>(rest(), 5).op(rest(), 2);
    assert_eq!(each(&engine, left_to_right).await, [7 % 5 % 2, -7 % 5 % 2, 12 % 5 % 2]);
    let right_first: Expr<i64> = Thing.n.op(rest(), Thing.id + 3);
    assert_eq!(each(&engine, Thing.id * right_first).await, [3, -4, 0]);
    let either = CustomOperator::new("OR").precedence(Precedence::Or);
    let either = Thing.n.gt(10).bool_op(either, Thing.id.eq(1));
    assert_eq!(found(&engine, either & Thing.flag).await, [1, 3]);
}

#[tokio::test]
async fn what_the_library_does_not_know_has_a_name() {
    let engine = things().await;
    let upper: Expr<String> = func::custom("upper", (Thing.name,));
    assert_eq!(each(&engine, upper).await[0], "ED");
    let sum: Expr<i64> = Thing.n.op("+", Thing.id);
    assert_eq!(each(&engine, sum * 2).await, [16, -10, 30]);
    assert_eq!(found(&engine, Thing.n.bool_op(">=", 7i64) & Thing.flag).await, [1, 3]);
    assert_eq!(each(&engine, Thing.n.type_coerce::<i64>()).await, [7, -7, 12]);
}

#[tokio::test]
async fn a_table_without_a_model_is_read_and_written() {
    let engine = things().await;
    text("CREATE TABLE \"order\" (id BIGINT, \"Group\" VARCHAR(20))".replace('"', quote()))
        .execute(&engine)
        .await
        .unwrap();
    let order = table("order", [column("id"), column("Group")]);
    order.insert().set("id", 1i64).set("Group", "it's").execute(&engine).await.unwrap();
    order.insert().set("id", literal(1i64) + 1).set("Group", None::<String>).execute(&engine).await.unwrap();
    let id = || order.c::<i64>("id");
    let all = select((id(), order.c::<Option<String>>("Group"))).order_by(id());
    assert_eq!(all.all(&engine).await.unwrap(), [(1, Some("it's".to_owned())), (2, None)]);
    assert_eq!(order.update().set("Group", "x").filter(id().gt(1)).execute(&engine).await.unwrap(), 1);
    let joined = select((Thing.name, order.c::<String>("Group"))).join_on(order, id().eq(Thing.id)).filter(id().eq(2));
    assert_eq!(joined.one(&engine).await.unwrap(), ("wendy".to_owned(), "x".to_owned()));
    let other = order.alias("other");
    let pairs = select((id(), other.c::<i64>("id"))).filter(id().lt(other.c::<i64>("id")));
    assert_eq!(pairs.all(&engine).await.unwrap(), [(1, 2)]);
    assert_eq!(order.delete().filter(id().eq(1)).execute(&engine).await.unwrap(), 1);
    assert_eq!(select(id()).all(&engine).await.unwrap(), [2]);
    let error = select(order.c::<i64>("ID")).all(&engine).await.unwrap_err().to_string();
    assert!(error.contains("table `order` has no column `ID`\nhint: its columns are `id`, `Group`"), "{error}");
    let error = order.insert().set("x", 1).execute(&engine).await.unwrap_err().to_string();
    assert!(error.contains("table `order` has no column `x`"), "{error}");
}

fn quote() -> &'static str {
    if matches!(crate::support::dialect(), orm::Dialect::MySql | orm::Dialect::MariaDb) { "`" } else { "\"" }
}

#[tokio::test]
async fn a_stored_procedure_is_called() {
    let engine = things().await;
    let rename = call("rename", (literal(1i64), literal("it's".to_owned())));
    let body = match crate::support::dialect() {
        orm::Dialect::Sqlite => {
            let error = rename.execute(&engine).await.unwrap_err().to_string();
            return assert!(error.contains("CALL is not supported on dialect sqlite"), "{error}");
        }
        orm::Dialect::Postgres => {
            "CREATE PROCEDURE rename(thing BIGINT, called TEXT) LANGUAGE sql \
             AS 'UPDATE things SET name = called WHERE id = thing'"
        }
        _ => {
            "CREATE PROCEDURE `rename`(thing BIGINT, called TEXT) \
             UPDATE things SET name = called WHERE id = thing"
        }
    };
    text(body).execute(&engine).await.unwrap();
    let rename = match crate::support::dialect() {
        orm::Dialect::Postgres => rename,
        _ => call("`rename`", (literal(1i64), literal("it's".to_owned()))),
    };
    rename.execute(&engine).await.unwrap();
    assert_eq!(select(Thing.name).filter(Thing.id.eq(1)).one(&engine).await.unwrap(), "it's");
}

#[tokio::test]
async fn exact_numbers_of_documents_and_their_members_deleted() {
    let engine = things().await;
    let half = each(&engine, Thing.body.key("f").as_numeric(10, 2)).await;
    assert_eq!(half, some(&[Decimal::new(15, 1); 3]));
    assert_eq!(each(&engine, Thing.body.key("nothing").as_numeric(10, 2)).await, [None, None, None]);
    let wide =
        || update(Thing).set(Thing.body, json!({"price": "12345678901234567.89", "n": 19.996})).filter(Thing.id.eq(1));
    wide().execute(&engine).await.unwrap();
    let (price, n) = select((Thing.body.key("price").as_numeric(20, 2), Thing.body.key("n").as_numeric(10, 3)))
        .filter(Thing.id.eq(1))
        .one(&engine)
        .await
        .unwrap();
    assert_eq!(n, Some(Decimal::new(19_996, 3)));
    assert_eq!(price, Some(Decimal::new(1_234_567_890_123_456_789, 2)));
    let text = select(Thing.body.key("price").as_text()).filter(Thing.id.eq(1)).one(&engine).await.unwrap();
    assert_eq!(text.as_deref(), Some("12345678901234567.89"));
    for digits in ["123456789012.345", "0.000000000000001", "999999999999999", "-0.10"] {
        let body = json!({"n": digits});
        update(Thing).set(Thing.body, body).filter(Thing.id.eq(1)).execute(&engine).await.unwrap();
        let n = select(Thing.body.key("n").as_numeric(32, 16)).filter(Thing.id.eq(1)).one(&engine).await.unwrap();
        assert_eq!(n, digits.parse().ok(), "15 digits are exact");
    }
    wide().execute(&engine).await.unwrap();
    assert_eq!(found(&engine, Thing.body.key("n").as_numeric(10, 2).gt(Decimal::new(25, 1))).await, [1, 3]);

    let whole = each(&engine, Thing.body.key("a").key("b").index(1).delete_path()).await;
    assert_eq!(whole[1].as_ref().unwrap()["a"], json!({"b": [1, null, true]}));
    assert_eq!(whole[1].as_ref().unwrap()["n"], json!(2));
    assert_eq!(whole[0], Some(json!({"price": "12345678901234567.89", "n": 19.996})));
    let rest = each(&engine, Thing.body.key("q\"\\k").delete_path()).await;
    assert!(rest[2].as_ref().unwrap().get("q\"\\k").is_none());

    if crate::support::dialect() != orm::Dialect::Postgres {
        return refused(&engine, Thing.body.json_concat(json!({}))).await;
    }
    let joined = each(&engine, Thing.body.json_concat(json!({"n": 9, "z": [1]}))).await;
    assert_eq!((&joined[1]["n"], &joined[1]["z"], &joined[1]["f"]), (&json!(9), &json!([1]), &json!(1.5)));
    update(Thing)
        .set(Thing.body, Thing.body.json_concat(json!({"z": 1})))
        .filter(Thing.id.eq(2))
        .execute(&engine)
        .await
        .unwrap();
    assert_eq!(each(&engine, Thing.body.key("z").as_integer()).await, [None, Some(1), None]);
}

#[tokio::test]
async fn a_member_of_a_document_is_set() {
    let engine = things().await;
    let engine = &engine;
    let set = async |document: Expr<Option<serde_json::Value>>| {
        select(document).filter(Thing.id.eq(2)).one(engine).await.unwrap().unwrap()
    };
    let of = |key: &str| Thing.body.key(key);
    let was = set(of("a").key("b").index(9).delete_path()).await;
    assert_eq!(was["a"], json!({"b": [1, "two", null, true]}));
    let with = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut other = was.clone();
        change(&mut other);
        other
    };
    let values = [
        json!("it's \"x\" \\ 🦀"),
        json!(2),
        json!(1.5),
        json!(true),
        json!(null),
        json!([1, {"x": null}]),
        json!({"k": "v"}),
    ];
    for value in values {
        assert_eq!(set(of("n").set_path(value.clone())).await, with(&|body| body["n"] = value.clone()));
        assert_eq!(set(of("q\"\\k").set_path(value.clone())).await, with(&|body| body["q\"\\k"] = value.clone()));
        assert_eq!(set(of("new").set_path(value.clone())).await, with(&|body| body["new"] = value.clone()));
        let element = of("a").key("b").index(1).set_path(value.clone());
        assert_eq!(set(element).await, with(&|body| body["a"]["b"][1] = value.clone()));
        let last = set(of("a").key("b").index(4).set_path(value.clone())).await;
        assert_eq!(last["a"]["b"], json!([1, "two", null, true, value]));
    }
    assert_eq!(set(of("a").key("c").set_path(json!(1))).await["a"], json!({"b": [1, "two", null, true], "c": 1}));
    // There is nothing that it could become a part of.
    assert_eq!(set(of("none").key("c").set_path(json!(1))).await, was);
    assert_eq!(set(of("none").key("c").key("d").set_path(json!(1))).await, was);
    // Of what another column holds.
    assert_eq!(set(of("n").set_path(Thing.body)).await, with(&|body| body["n"] = was.clone()));

    let paid = update(Thing).set(Thing.body, of("n").set_path(json!({"paid": true}))).filter(Thing.id.eq(2));
    assert_eq!(paid.execute(engine).await.unwrap(), 1);
    assert_eq!(select(Thing.body).filter(Thing.id.eq(2)).one(engine).await.unwrap()["n"], json!({"paid": true}));
    // Of an object in a session, whose document is read again.
    let mut session = Session::new(engine);
    let thing = session.get_one(Thing, 2).await.unwrap();
    session.execute(update(Thing).set(Thing.body, of("n").set_path(json!(7))).filter(Thing.id.eq(2))).await.unwrap();
    assert_eq!(session.get_one(Thing, 2).await.unwrap(), thing);
    assert_eq!(session[thing].body["n"], json!(7));
}

#[tokio::test]
async fn dates_and_times_of_the_place_and_who_has_connected() {
    let engine = things().await;
    let (time, at): (NaiveTime, NaiveDateTime) =
        select((func::localtime(), func::localtimestamp())).one(&engine).await.unwrap();
    // The machines of these tests and their databases are in UTC.
    let now = Utc::now().naive_utc();
    let minutes = (now - at).num_minutes().abs();
    assert!(minutes < 10, "{at} {now}");
    let of_day = (at.time() - time).num_seconds().abs();
    assert!(!(10..86_390).contains(&of_day), "{at} {time}");
    if crate::support::dialect() == orm::Dialect::Sqlite {
        refused(&engine, func::session_user()).await;
        return refused(&engine, func::sysdate::<NaiveDateTime>()).await;
    }
    let moments: (DateTime<Utc>, DateTime<Utc>) = select((func::now(), func::sysdate())).one(&engine).await.unwrap();
    assert!((moments.1 - moments.0).num_minutes().abs() < 10, "{moments:?}");
    assert!(!value(&engine, func::session_user()).await.is_empty());
}

#[tokio::test]
async fn sequences_count() {
    let engine = empty_engine().await;
    let numbers = Sequence::new("Order Numbers").start(1000).increment(10);
    if !matches!(crate::support::dialect(), orm::Dialect::Postgres | orm::Dialect::MariaDb) {
        return refused(&engine, numbers.next_value()).await;
    }
    MetaData::new().sequence(numbers.clone()).create_all(&engine).await.unwrap();
    metadata![Thing].create_all(&engine).await.unwrap();
    assert_eq!(value(&engine, numbers.next_value()).await, 1000);
    assert_eq!(value(&engine, func::next_value("Order Numbers") + 1).await, 1011);
    let thing = insert(Thing)
        .set(Thing.n, numbers.next_value())
        .set(Thing.small, 1)
        .set(Thing.x, 1.0)
        .set(Thing.name, "x")
        .set(Thing.flag, true)
        .set(Thing.day, NaiveDate::default())
        .set(Thing.at, DateTime::<Utc>::default())
        .set(Thing.body, json!({}));
    thing.execute(&engine).await.unwrap();
    assert_eq!(select(Thing.n).one(&engine).await.unwrap(), 1020);
    assert_eq!(each(&engine, func::next_value("Order Numbers")).await, [1030]);
}

#[tokio::test]
async fn lists_of_values_are_ctes_and_lists() {
    let engine = things().await;
    let prices = orm::values("prices", ["id", "price"], [(1i64, 10i64), (3, 30)]).cte("prices");
    let priced = select((Thing.name, prices.1)).join_on(&prices, prices.0.eq(Thing.id)).order_by(Thing.id);
    assert_eq!(priced.all(&engine).await.unwrap(), [("Ed".to_owned(), 10), ("Ünïcode 'q'".to_owned(), 30)]);
    assert_eq!(select(prices.1).filter(prices.0.gt(1)).all(&engine).await.unwrap(), [30]);
    let ids = orm::values("ids", ["id"], [(1i64,), (2,)]);
    assert_eq!(found(&engine, Thing.id.in_(&ids)).await, [1, 2]);
    assert_eq!(found(&engine, Thing.id.not_in(&ids)).await, [3]);
    let one = orm::values("one", ["n"], [(12i64,)]);
    assert_eq!(found(&engine, Thing.n.eq(one.scalar_values())).await, [3]);
}

#[tokio::test]
async fn a_cte_stands_before_the_select_that_it_is_nested_in() {
    let engine = things().await;
    let outer = select(Thing.id).filter(Thing.id.gt(1)).cte("c");
    let c = select((Thing.id, Thing.name)).filter(Thing.id.lt(3)).cte("c");
    let inner = select((c.0, c.1)).nest_cte(&c).subquery("inner_c");
    let both = select((outer.0, inner.1)).select_from(&outer).join_on(&inner, outer.0.eq(inner.0));
    assert_eq!(both.all(&engine).await.unwrap(), [(2, "wendy".to_owned())]);
    assert_eq!(found(&engine, Thing.id.in_(select(c.0).nest_cte(&c))).await, [1, 2]);
    let named = select(c.1).nest_cte(&c).cte("named");
    assert_eq!(select(named.0).order_by(named.0).all(&engine).await.unwrap(), ["Ed", "wendy"]);
    assert_eq!(select(c.0).nest_cte(&c).count(&engine).await.unwrap(), 2);
    let either = select(c.0).nest_cte(&c).union(select(Thing.id).filter(Thing.id.eq(3)));
    assert_eq!(either.order_by(c.0).all(&engine).await.unwrap(), [1, 2, 3]);
    let either = select(Thing.id).filter(Thing.id.eq(3)).union(select(c.0).nest_cte(&c));
    assert_eq!(either.order_by(Thing.id).all(&engine).await.unwrap(), [1, 2, 3]);
    let counted = select(c.0)
        .nest_cte(&c)
        .cte("counted")
        .union_all(|counted| select(counted.0 + 2).select_from(counted).filter(counted.0.lt(5)));
    assert_eq!(select(counted.0).order_by(counted.0).all(&engine).await.unwrap(), [1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn a_function_in_from_tells_the_types_of_its_columns() {
    only!(Postgres);
    let engine = things().await;
    let document = literal(json!([{"id": 1, "Word": "a"}, {"id": 3}]));
    let rows: Derived<(i64, Option<String>)> =
        TableFunction::new("jsonb_to_recordset", (document.cast::<serde_json::Value>(),))
            .typed_columns("rows_of_json", ["id", "Word"]);
    let joined = select((Thing.id, rows.1)).join_on(&rows, rows.0.eq(Thing.id)).order_by(Thing.id);
    assert_eq!(joined.all(&engine).await.unwrap(), [(1, Some("a".to_owned())), (3, None)]);
}

#[tokio::test]
async fn a_condition_on_a_subquery_brings_it() {
    let engine = things().await;
    let most = select(func::max(Thing.n).label("n")).subquery("most");
    assert_eq!(found(&engine, most.0.eq(Thing.n)).await, [3]);
    let ordered = select(Thing.id).order_by((most.0 - Thing.n).desc());
    assert_eq!(ordered.all(&engine).await.unwrap(), [2, 1, 3]);
}

#[tokio::test]
async fn a_subquery_from_the_table_around_it_has_it_to_itself() {
    let engine = things().await;
    for c in [select((Thing.id, Thing.n)).cte("c"), select((Thing.id, Thing.n)).cte("d")] {
        let most = || select(func::max(c.1)).scalar_subquery();
        assert_eq!(select(c.0).filter(c.1.eq(most())).all(&engine).await.unwrap(), [3]);
        let both = select((c.0, most())).order_by(c.0);
        assert_eq!(both.all(&engine).await.unwrap(), [(1, Some(12)), (2, Some(12)), (3, Some(12))]);
        let none = select(c.0).filter(!func::exists(select(c.1).filter(c.1.gt(3))));
        assert!(none.all(&engine).await.unwrap().is_empty());
        assert_eq!(select(c.1).filter(c.1.in_(select(c.1).filter(c.0.eq(1)))).all(&engine).await.unwrap(), [7]);
    }
}

#[tokio::test]
async fn documents_stand_beside_documents() {
    let engine = things().await;
    let (n, other) = (|| Thing.body.key("n").as_json(), || literal(json!({"none": true})));
    assert_eq!(found(&engine, n().eq(json!(2))).await, [2]);
    assert_eq!(found(&engine, n().ne(json!(2))).await, [1, 3]);
    assert_eq!(found(&engine, n().in_([json!(1), json!(3)])).await, [1, 3]);
    let missing = func::coalesce(Thing.body.key("missing").as_json(), json!({"none": true}));
    assert_eq!(select(missing).filter(Thing.id.eq(1)).one(&engine).await.unwrap(), json!({"none": true}));
    let either = func::case(Thing.flag, other()).otherwise(n());
    assert_eq!(select(either).filter(Thing.id.eq(1)).one(&engine).await.unwrap(), json!({"none": true}));

    // A row whose document was changed while it was expired is found by the document that it had.
    let mut session = Session::new(&engine);
    let thing = session.get_one(Thing, 1).await.unwrap();
    for number in [10, 11] {
        session[thing].body = json!({"n": number});
        session.commit().await.unwrap();
    }
    assert_eq!(select(Thing.body).filter(Thing.id.eq(1)).one(&engine).await.unwrap(), json!({"n": 11}));
}

#[tokio::test]
async fn rows_are_grouped_by_an_expression_with_a_value() {
    let engine = things().await;
    let m = || func::coalesce(Thing.m, 3);
    let counted = select((m(), func::count_all())).group_by(m()).order_by(m());
    assert_eq!(counted.clone().count(&engine).await.unwrap(), 2);
    assert!(counted.clone().exists(&engine).await.unwrap());
    assert!(select(Thing.id).filter(func::exists(counted.clone())).exists(&engine).await.unwrap());
    assert_eq!(counted.all(&engine).await.unwrap(), [(3, 2), (12, 1)]);
    assert_eq!(select(m()).distinct().order_by(m().desc()).all(&engine).await.unwrap(), [12, 3]);
    let sign = || func::case(Thing.n.lt(0), "below").otherwise("above");
    let named = select((sign().label("sign"), func::count_all())).group_by(sign()).order_by(sign());
    assert_eq!(named.all(&engine).await.unwrap(), [("above".to_owned(), 2), ("below".to_owned(), 1)]);
    // Within something else, in HAVING, in ORDER BY alone, and beside the same value elsewhere.
    let next = select((m() + 3, func::count_all())).group_by(m()).order_by(m().desc());
    assert_eq!(next.clone().all(&engine).await.unwrap(), [(15, 1), (6, 2)]);
    assert_eq!(next.clone().having(m().gt(3)).all(&engine).await.unwrap(), [(15, 1)]);
    assert_eq!(next.clone().having((m() * 2).lt(3)).all(&engine).await.unwrap(), []);
    let inner = next.subquery("inner_counts");
    assert_eq!(select(inner.0).order_by(inner.0).all(&engine).await.unwrap(), [6, 15]);
    let signs = select(func::count_all()).group_by(sign()).order_by(sign().desc()).having(sign().ne("none"));
    assert_eq!(signs.all(&engine).await.unwrap(), [1, 2]);
    let first = select((m() + Thing.id, Thing.id)).distinct_on(m()).order_by((m(), Thing.id));
    if crate::support::dialect() == orm::Dialect::Postgres {
        assert_eq!(first.all(&engine).await.unwrap(), [(4, 1), (15, 3)]);
    }
    let running = func::sum(func::count_all()).over(window().order_by(m()));
    let running = select((m(), running)).group_by(m()).order_by(m());
    let running = running.all(&engine).await.unwrap().into_iter().map(|(m, sum)| (m, sum.map(|sum| sum.to_string())));
    assert_eq!(running.collect::<Vec<_>>(), [(3, Some("2".into())), (12, Some("3".into()))]);
    // The values are others, and so is the statement.
    let other = select(m() + 3).group_by(func::coalesce(Thing.m, 4));
    let is_strict = matches!(crate::support::dialect(), orm::Dialect::Postgres | orm::Dialect::MySql);
    assert_eq!(other.all(&engine).await.is_err(), is_strict);
}

/// SQLite takes a chain of them for a tree as deep as it is long, and none deeper than 1,000.
#[tokio::test]
async fn conditions_may_be_many() {
    let engine = things().await;
    let many = |from: i64| (from..from + 5000).map(|n| Thing.n.ne(n));
    assert_eq!(found(&engine, func::all(many(8))).await, [1, 2]);
    assert_eq!(found(&engine, !func::any((8..5008).map(|n| Thing.n.eq(n) | Thing.n.eq(-n)))).await, [1, 2]);
    assert_eq!(found(&engine, func::any((8..5008).map(|n| Thing.n.eq(n) & Thing.id.eq(3)))).await, [3]);
    let mut query = select(Thing.id);
    for condition in many(-2000) {
        query = query.filter(condition);
    }
    assert_eq!(query.all(&engine).await.unwrap(), [0; 0]);
}

#[tokio::test]
async fn whole_numbers_beside_a_fraction() {
    let engine = things().await;
    for (number, floor, ceil) in [
        (1e20, 1e20, 1e20),
        (-1e300, -1e300, -1e300),
        (9_007_199_254_740_993.0, 9_007_199_254_740_992.0, 9_007_199_254_740_992.0),
        (2.5, 2.0, 3.0),
        (-2.5, -3.0, -2.0),
        (2.7, 2.0, 3.0),
        (-2.2, -3.0, -2.0),
        (0.499_999_999_999_999_94, 0.0, 1.0),
        (7.0, 7.0, 7.0),
    ] {
        assert_eq!(value(&engine, func::floor(literal(number))).await, floor, "{number}");
        assert_eq!(value(&engine, func::ceil(literal(number))).await, ceil, "{number}");
    }
    assert_eq!(each(&engine, func::floor(Thing.x)).await, [2.0, -3.0, 0.0]);
    assert_eq!(each(&engine, func::ceil(Thing.x)).await, [3.0, -2.0, 1.0]);
    assert_eq!(value(&engine, func::floor(func::null::<f64>())).await, None);
}

#[tokio::test]
async fn truth_values_become_numbers() {
    let engine = things().await;
    assert_eq!(each(&engine, Thing.flag.cast::<i32>()).await, [1, 0, 1]);
    assert_eq!(each(&engine, Thing.flag.cast::<i64>()).await, [1, 0, 1]);
    assert_eq!(each(&engine, Thing.flag.cast::<f64>()).await, [1.0, 0.0, 1.0]);
    assert_eq!(each(&engine, Thing.n.gt(7).cast::<i64>()).await, [0, 0, 1]);
    assert_eq!(each(&engine, Thing.m.gt(5).cast::<i64>()).await, [None, Some(0), Some(1)]);
    assert_eq!(value(&engine, func::sum(Thing.flag.cast::<i64>())).await, Some(2));
}

#[tokio::test]
async fn parts_of_times_and_of_moments_before_1970() {
    use func::Part::*;
    let engine = things().await;
    let time = NaiveTime::from_hms_micro_opt(23, 59, 58, 999_900).unwrap();
    assert_eq!(value(&engine, func::extract(Hour, literal(time).cast::<NaiveTime>())).await, 23);
    assert_eq!(value(&engine, func::extract(Epoch, literal(time).cast::<NaiveTime>())).await, 86_398);
    assert_eq!(value(&engine, func::extract(Epoch, literal(NaiveTime::MIN).cast::<NaiveTime>())).await, 0);
    let before: NaiveDateTime = "1969-12-31T23:59:58.500".parse().unwrap();
    assert_eq!(value(&engine, func::extract(Epoch, literal(before).cast::<NaiveDateTime>())).await, -2);
    let first: NaiveDate = "1969-12-31".parse().unwrap();
    assert_eq!(value(&engine, func::extract(Epoch, literal(first).cast::<NaiveDate>())).await, -86_400);
    let statements = engine.statement_count();
    let error = select(func::extract(Year, literal(time))).all(&engine).await.unwrap_err().to_string();
    assert_eq!(error, "a time has no part `Year`");
    let error = select(func::extract(Minute, Thing.day)).all(&engine).await.unwrap_err().to_string();
    assert_eq!(error, "a date has no part `Minute`");
    assert_eq!(engine.statement_count(), statements);
}

#[tokio::test]
async fn arrays_of_json_are_of_values_of_any_type_in_turn() {
    let engine = empty_engine_with(|settings| settings.pool_size(1)).await;
    let ask = async {
        let time: NaiveTime = "10:11:12".parse().unwrap();
        let times = select(func::json_agg(literal(time))).one(&engine).await.unwrap().unwrap();
        let text = select(func::json_agg(literal("67e55044-10b1-426f".to_owned()))).one(&engine).await.unwrap();
        let float = select(func::json_agg(literal(0.5))).one(&engine).await.unwrap();
        let word = select(func::json_agg(literal("abc".to_owned()))).one(&engine).await.unwrap();
        (times[0].as_str().map(|text| text[..8].to_owned()), text, float, word)
    };
    // A server that takes one value for another's type may leave its answer unfinished.
    let answers = tokio::time::timeout(Duration::from_secs(20), ask).await.expect("the server answers");
    let one = |value: serde_json::Value| Some(json!([value]));
    let expected = (Some("10:11:12".to_owned()), one(json!("67e55044-10b1-426f")), one(json!(0.5)), one(json!("abc")));
    assert_eq!(answers, expected);
}

#[tokio::test]
async fn bytes_are_in_no_array_of_json_but_on_postgres() {
    let engine = things().await;
    let bytes = select(func::json_agg(literal(vec![0u8, 255]))).one(&engine).await;
    match crate::support::dialect() {
        orm::Dialect::Postgres => assert_eq!(bytes.unwrap(), Some(json!(["\\x00ff"]))),
        dialect => {
            let error = bytes.unwrap_err();
            assert_eq!(error.kind(), &orm::ErrorKind::Compile);
            assert_eq!(error.to_string(), format!("json_agg of bytes is not supported on dialect {dialect}"));
        }
    }
}

#[tokio::test]
async fn arrays_of_json_have_what_the_values_are() {
    let engine = things().await;
    let engine = &engine;
    let first =
        async |array: Expr<Option<serde_json::Value>>| select(array).filter(Thing.id.eq(1)).one(engine).await.unwrap();
    assert_eq!(first(func::json_agg(Thing.body)).await.unwrap()[0]["a"], json!({"b": [1, "two", null, true]}));
    assert_eq!(first(func::json_agg(Thing.body.key("n").as_json())).await, Some(json!([1])));
    assert_eq!(first(func::json_agg(Thing.flag)).await, Some(json!([true])));
    assert_eq!(first(func::json_agg(Thing.n.lt(0))).await, Some(json!([false])));
    assert_eq!(first(func::json_agg(Thing.m.gt(0))).await, Some(json!([null])));
    assert_eq!(first(func::json_agg(Thing.note)).await, Some(json!(["a%b"])));
    let price = literal("9.85".parse::<Decimal>().unwrap());
    assert_eq!(first(func::json_agg(price.cast::<Decimal>())).await.unwrap()[0].to_string().parse(), Ok(9.85));
    let none = select(func::json_agg(Thing.n)).filter(Thing.id.gt(9)).one(engine).await.unwrap();
    assert_eq!(none, None);
    let one = func::json_agg(Thing.id).filter(Thing.id.eq(2));
    if matches!(crate::support::dialect(), orm::Dialect::MariaDb | orm::Dialect::MySql) {
        refused(engine, one).await;
    } else {
        assert_eq!(value(engine, one).await, Some(json!([2])));
        let running = func::json_agg(Thing.id).over(window().order_by(Thing.id));
        assert_eq!(each(engine, running).await, some(&[json!([1]), json!([1, 2]), json!([1, 2, 3])]));
    }
}

#[tokio::test]
async fn documents_at_a_path_are_compared_as_documents() {
    let engine = things().await;
    let inner = || Thing.body.key("a").as_json();
    assert_eq!(found(&engine, inner().eq(json!({"b": [1, "two", null, true]}))).await, [1, 2, 3]);
    assert_eq!(found(&engine, inner().ne(json!({"b": [1, "two", null, true]}))).await, [0; 0]);
    assert_eq!(found(&engine, inner().ne(json!({"b": [1]}))).await, [1, 2, 3]);
    assert_eq!(found(&engine, !inner().eq(json!([]))).await, [1, 2, 3]);
    let list = Thing.body.key("a").key("b").as_json();
    assert_eq!(found(&engine, list.clone().in_([json!([]), json!([1, "two", null, true])])).await, [1, 2, 3]);
    assert_eq!(found(&engine, list.clone().not_in([json!([]), json!([1, "two", null, true])])).await, [0; 0]);
    assert_eq!(found(&engine, list.is_distinct_from(json!([1, "two", null, true]))).await, [0; 0]);
    assert_eq!(found(&engine, Thing.body.key("0").as_json().eq(json!("zero"))).await, [1, 2, 3]);
    assert_eq!(found(&engine, Thing.body.key("n").as_json().in_([json!(1), json!(3), json!("2")])).await, [1, 3]);
    assert_eq!(found(&engine, Thing.body.key("none").as_json().eq(json!(1))).await, [0; 0]);
    assert_eq!(found(&engine, Thing.body.key("none").as_json().is_not_distinct_from(json!(1))).await, [0; 0]);
    assert_eq!(found(&engine, Thing.body.key("none").as_json().is_distinct_from(json!(1))).await, [1, 2, 3]);
    assert_eq!(found(&engine, Thing.body.key("n").as_json().is_not_distinct_from(json!(2))).await, [2]);
}

#[tokio::test]
async fn statements_that_differ_in_which_values_are_the_same_are_told_apart() {
    let (engine, _) = crate::support::session().await;
    let mut session = Session::new(&engine);
    session.add_all(["a", "b", "c"].map(|name| User::builder().name(name)));
    session.commit().await.unwrap();
    let named = |missing: &str| func::coalesce(User.fullname, missing);
    for (grouped, selected) in [("x", "x"), ("x", "y"), ("y", "y"), ("y", "x"), ("x", "x")] {
        let query = select(func::count(User.id))
            .group_by(named(grouped))
            .having(func::max(named(selected)).eq(selected))
            .order_by(named(grouped));
        assert_eq!(query.all(&engine).await.unwrap(), [3], "{grouped} {selected}");
        let none =
            select(func::count(User.id)).group_by(named(grouped)).having(func::max(named(selected)).ne(selected));
        assert_eq!(none.all(&engine).await.unwrap(), [0; 0], "{grouped} {selected}");
    }
}
