//! Checks are compared by what they say: not by the words of a database, and not by names, values and operators alone.

use orm::prelude::*;
use orm::schema::{CheckConstraint, Column, Index, Table};
use orm::{ColumnType, Dialect};
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestRunner};

use crate::only;
use crate::support::{dialect, empty_engine};

fn facts() -> Table {
    let number = |name: &str| Column::new(name, ColumnType::Integer).nullable();
    Table::new("facts")
        .column(number("a"))
        .column(number("b"))
        .column(number("c"))
        .column(Column::new("word", ColumnType::String(20)).nullable())
        .column(Column::new("Mixed", ColumnType::Boolean).nullable())
        .column(Column::new("price", ColumnType::Numeric(Some((10, 2)))).nullable())
        .column(Column::new("made", ColumnType::DateTime).nullable())
}

fn with(checks: &[String]) -> MetaData {
    let add = |table: Table, (number, sql): (usize, &String)| {
        table.check(CheckConstraint::new(sql.clone()).name(format!("check_{number}")))
    };
    MetaData::new().table(checks.iter().enumerate().fold(facts(), add))
}

/// Returns which of the checks are reported when a database has those others.
async fn reported(engine: &Engine, checks: &[String]) -> Vec<usize> {
    let diff = with(checks).diff(&MetaData::reflect(engine).await.unwrap()).unwrap().to_string();
    let of_line = |line: &str| line.strip_prefix("add to `facts` the check `check_")?.split('`').next()?.parse().ok();
    diff.lines().filter_map(of_line).collect()
}

/// Each is given to the database, and another grouping of the same words to the metadata.
#[tokio::test]
async fn another_grouping_is_a_difference() {
    let pairs = [
        ("(a = 1 OR b = 2) AND c = 3", "a = 1 OR (b = 2 AND c = 3)"),
        ("NOT (a = 1 OR b = 2)", "(NOT a = 1) OR b = 2"),
        ("(a - b) - c > 1", "a - (b - c) > 1"),
        ("(a + b) * c > 1", "a + (b * c) > 1"),
        ("a > 1 AND b > 2", "a > 2 AND b > 1"),
        ("a < b", "b < a"),
        ("a BETWEEN 1 AND 2 OR b > 3", "a BETWEEN 1 AND 3 OR b > 2"),
        ("abs(a - b) > 1", "abs(a) - b > 1"),
        ("CASE WHEN a > 1 THEN b ELSE c END > 0", "CASE WHEN a > 1 THEN c ELSE b END > 0"),
    ];
    let engine = empty_engine().await;
    let of = |at: fn(&(&str, &str)) -> String| pairs.iter().map(at).collect::<Vec<_>>();
    let (made, other) = (of(|pair| pair.0.to_owned()), of(|pair| pair.1.to_owned()));
    with(&made).create_all(&engine).await.unwrap();
    with(&made).check(&engine).await.unwrap();
    assert_eq!(reported(&engine, &other).await, (0..pairs.len()).collect::<Vec<_>>());
    with(&other).diff(&MetaData::reflect(&engine).await.unwrap()).unwrap().execute(&engine).await.unwrap();
    with(&other).check(&engine).await.unwrap();
}

#[tokio::test]
async fn the_words_of_the_database_are_no_difference() {
    let common = [
        "a IN (1, 2, 3)",
        "word NOT IN ('x', 'it''s', 'a, b')",
        "a IN (1, b)",
        "a NOT BETWEEN 1 AND b",
        "NOT (a > 1 OR NOT b > 2)",
        "NOT word LIKE 'x%'",
        "word LIKE 'a!%' ESCAPE '!'",
        "a - (b - c) > 1 OR -a < -5 OR - (a + b) > 1",
        "length(word) > 3 AND upper(word) = word AND trim(word) <> ''",
        "coalesce(a, 0) >= 0 AND nullif(a, 0) > 1",
        "a % 2 = 0",
        "a IS NULL OR b IS NOT NULL",
        "CASE WHEN a > 1 THEN b ELSE c END > 0 AND CASE a WHEN 1 THEN b END > 0",
        "price > 1.50 AND price < 1e3 AND price <> .5",
        "made > '2020-01-01' AND made < '2030-12-31 23:59:59'",
        "(a > 1) = (b > 1)",
        "word = ''",
        "facts.a > 1",
        "(a, b) <> (1, 2)",
        "word IN ('a', 'b') AND (a > 1 OR (b > 1 AND c > 1))",
        "substr(word, 1, 2) = 'ab' AND replace(word, 'a', 'b') <> ''",
        "CAST(a AS CHAR(5)) <> 'x'",
    ];
    let own: &[&str] = match dialect() {
        Dialect::Postgres => &[
            "\"Mixed\" AND NOT \"Mixed\" = true",
            "\"Mixed\" IS NOT TRUE",
            "(a, b) IN ((1, 2), (3, 4))",
            "word ~ '^x' OR word !~* 'y' OR word ILIKE 'z' OR word SIMILAR TO 'a|b'",
            "word || 'x' <> 'y'",
            "word IS DISTINCT FROM 'x' OR a IS NOT DISTINCT FROM b",
            "extract(year FROM made) > 2000",
            "position('x' IN word) > 0 AND substring(word FROM 1 FOR 2) = 'ab'",
            "made + interval '24 hours' > made",
            "word COLLATE \"C\" > 'x'",
            "a & 3 = 1 AND a = ANY (ARRAY[1, 2]) AND a ^ 2 > 1",
            "a::text <> '1'",
            "a BETWEEN SYMMETRIC 5 AND 1 AND b NOT BETWEEN SYMMETRIC 7 AND c",
        ],
        Dialect::Sqlite => {
            &["\"Mixed\" AND NOT [Mixed]", "word GLOB 'x*'", "a IS b", "word || 'x' <> 'y'", "a & 3 = 1"]
        }
        _ => &[
            "Mixed AND NOT Mixed = TRUE",
            "Mixed IS NOT TRUE",
            "word REGEXP '^x' OR word NOT RLIKE 'y'",
            "word <> \"a\\\"b\" AND word <> 'back\\\\slash' AND word <> 'a\\nb'",
            "concat(word, 'x') <> 'y' AND char_length(word) > 1 AND lower(word) <> 'x'",
            "a <=> b OR a DIV 2 > 1 OR mod(a, 2) = 1 OR a XOR b",
            "word || a && b",
            "position('x' IN word) > 0 AND date(made) > '2020-01-01'",
            "made + interval 1 day > made AND extract(year FROM made) > 2000",
            "if(a > 1, b, c) > 1 AND ifnull(a, 0) > 1 AND power(a, 2) > 4",
            "a & 3 = 1 AND a | 3 = 3 AND a ^ 1 > 0 AND a << 1 > 0",
            "binary word = 'x' AND CAST(word AS BINARY(5)) = 'y'",
            "CAST(price AS SIGNED INTEGER) > 1 AND CAST(price AS SIGNED) > 1 AND CAST(word AS DECIMAL) > 1 AND CAST(word AS DECIMAL(9)) > 1",
        ],
    };
    let checks: Vec<String> = common.iter().chain(own).map(|sql| (*sql).to_owned()).collect();
    let engine = empty_engine().await;
    with(&checks).create_all(&engine).await.unwrap();
    let numbers = reported(&engine, &checks).await;
    let sql: Vec<&String> = numbers.iter().map(|number| &checks[*number]).collect();
    assert!(sql.is_empty(), "{sql:#?}\n{:#?}", MetaData::reflect(&engine).await.unwrap().tables().unwrap()[0].checks);
}

#[tokio::test]
async fn a_cast_to_another_length_is_a_difference() {
    only!(Sqlite | MySql | MariaDb);
    let engine = empty_engine().await;
    let made = ["CAST(a AS CHAR(5)) <> 'x'".to_owned(), "CAST(word AS DECIMAL(9, 2)) > 1".to_owned()];
    with(&made).create_all(&engine).await.unwrap();
    with(&made).check(&engine).await.unwrap();
    let other = ["CAST(a AS CHAR(1)) <> 'x'".to_owned(), "CAST(word AS DECIMAL(9, 3)) > 1".to_owned()];
    assert_eq!(reported(&engine, &other).await, [0, 1]);
}

#[tokio::test]
async fn conditions_of_indexes_and_computed_columns_are_compared_as_well() {
    let engine = empty_engine().await;
    let of = |condition: &str, computed: &str| {
        let table = facts().column(Column::new("sum", ColumnType::Integer).nullable().computed_stored(computed));
        let is_partial = matches!(dialect(), Dialect::Sqlite | Dialect::Postgres);
        let index = Index::new(["a"]).name("some");
        let table = table.index(if is_partial { index.condition(condition) } else { index });
        MetaData::new().table(table)
    };
    let made = || of("(a = 1 OR b = 2) AND c = 3", "a - (b - c)");
    made().create_all(&engine).await.unwrap();
    made().check(&engine).await.unwrap();
    let other = of("a = 1 OR (b = 2 AND c = 3)", "(a - b) - c");
    let diff = other.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap().to_string();
    let words: &[&str] = match dialect() {
        Dialect::Sqlite => &["alter column `facts.sum`"],
        _ => &["drop column `facts.sum`", "add column `facts.sum`"],
    };
    assert!(words.iter().all(|word| diff.contains(word)), "{diff}");
    assert_eq!(diff.contains("the index some"), matches!(dialect(), Dialect::Sqlite | Dialect::Postgres), "{diff}");
}

// ------------------------------------------------------------------------------------------------------------- random

#[derive(Clone, Debug)]
enum Number {
    Column(usize),
    Value(i64),
    Minus(Box<Number>),
    Abs(Box<Number>),
    First(Box<Number>, Box<Number>),
    Two(char, Box<Number>, Box<Number>),
    Case(Box<Condition>, Box<Number>, Box<Number>),
}

#[derive(Clone, Debug)]
enum Condition {
    Compare(&'static str, Number, Number),
    Between(bool, Number, Number, Number),
    In(bool, Number, Vec<Number>),
    IsNull(bool, Number),
    Not(Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
}

const COMPARISONS: [&str; 6] = ["=", "<>", "<", "<=", ">", ">="];

fn number(depth: u32) -> BoxedStrategy<Number> {
    let leaf = prop_oneof![(0..3usize).prop_map(Number::Column), (-2..4i64).prop_map(Number::Value)];
    if depth == 0 {
        return leaf.boxed();
    }
    let inner = || number(depth - 1).prop_map(Box::new);
    prop_oneof![
        4 => leaf,
        1 => inner().prop_map(Number::Minus),
        1 => inner().prop_map(Number::Abs),
        1 => (inner(), inner()).prop_map(|(a, b)| Number::First(a, b)),
        4 => (prop_oneof![Just('+'), Just('-'), Just('*')], inner(), inner()).prop_map(|(sign, a, b)| Number::Two(sign, a, b)),
        1 => (condition(depth - 1).prop_map(Box::new), inner(), inner()).prop_map(|(when, a, b)| Number::Case(when, a, b)),
    ]
    .boxed()
}

fn condition(depth: u32) -> BoxedStrategy<Condition> {
    let of = move || number(depth.min(2));
    let simple = prop_oneof![
        4 => (0..6usize, of(), of()).prop_map(|(at, a, b)| Condition::Compare(COMPARISONS[at], a, b)),
        1 => (any::<bool>(), of(), of(), of()).prop_map(|(is, a, b, c)| Condition::Between(is, a, b, c)),
        1 => (any::<bool>(), of(), proptest::collection::vec(of(), 1..4)).prop_map(|(is, a, list)| Condition::In(is, a, list)),
        1 => (any::<bool>(), of()).prop_map(|(is, a)| Condition::IsNull(is, a)),
    ];
    if depth == 0 {
        return simple.boxed();
    }
    let inner = || condition(depth - 1).prop_map(Box::new);
    prop_oneof![
        2 => simple,
        1 => inner().prop_map(Condition::Not),
        3 => (inner(), inner()).prop_map(|(a, b)| Condition::And(a, b)),
        3 => (inner(), inner()).prop_map(|(a, b)| Condition::Or(a, b)),
    ]
    .boxed()
}

/// A row: `a`, `b` and `c`.
type Facts = [Option<i64>; 3];

impl Number {
    /// Writes it with as few parentheses as there must be; `least` is how tightly the operator around it binds.
    fn sql(&self, least: u8) -> String {
        let (level, text) = match self {
            Number::Column(at) => (9, ["a", "b", "c"][*at].to_owned()),
            Number::Value(value) if *value < 0 => (3, value.to_string()),
            Number::Value(value) => (9, value.to_string()),
            Number::Minus(of) => (3, format!("-{}", of.sql(4))),
            Number::Abs(of) => (9, format!("abs({})", of.sql(0))),
            Number::First(a, b) => (9, format!("coalesce({}, {})", a.sql(0), b.sql(0))),
            Number::Two(sign, a, b) => {
                let level = if *sign == '*' { 2 } else { 1 };
                (level, format!("{} {sign} {}", a.sql(level), b.sql(level + 1)))
            }
            Number::Case(when, a, b) => {
                (9, format!("CASE WHEN {} THEN {} ELSE {} END", when.sql(0), a.sql(0), b.sql(0)))
            }
        };
        if level < least { format!("({text})") } else { text }
    }

    fn value(&self, row: &Facts) -> Option<i64> {
        match self {
            Number::Column(at) => row[*at],
            Number::Value(value) => Some(*value),
            Number::Minus(of) => of.value(row).map(|value| -value),
            Number::Abs(of) => of.value(row).map(i64::abs),
            Number::First(a, b) => a.value(row).or_else(|| b.value(row)),
            Number::Two(sign, a, b) => {
                let (a, b) = (a.value(row)?, b.value(row)?);
                Some(match sign {
                    '+' => a + b,
                    '-' => a - b,
                    _ => a * b,
                })
            }
            Number::Case(when, a, b) => {
                if when.value(row) == Some(true) {
                    a.value(row)
                } else {
                    b.value(row)
                }
            }
        }
    }
}

impl Condition {
    fn sql(&self, least: u8) -> String {
        let not = |is: &bool| if *is { "" } else { "NOT " };
        let (level, text) = match self {
            Condition::Compare(sign, a, b) => (4, format!("{} {sign} {}", a.sql(1), b.sql(1))),
            Condition::Between(is, a, b, c) => {
                (4, format!("{} {}BETWEEN {} AND {}", a.sql(1), not(is), b.sql(1), c.sql(1)))
            }
            Condition::In(is, a, list) => {
                let list: Vec<String> = list.iter().map(|of| of.sql(0)).collect();
                (4, format!("{} {}IN ({})", a.sql(1), not(is), list.join(", ")))
            }
            Condition::IsNull(is, a) => (4, format!("{} IS {}NULL", a.sql(9), not(is))),
            Condition::Not(of) => (3, format!("NOT {}", of.sql(3))),
            Condition::And(a, b) => (2, format!("{} AND {}", a.sql(2), b.sql(2))),
            Condition::Or(a, b) => (1, format!("{} OR {}", a.sql(1), b.sql(1))),
        };
        if level < least { format!("({text})") } else { text }
    }

    /// Returns what it says of a row, of which unknown is nothing.
    fn value(&self, row: &Facts) -> Option<bool> {
        let compare = |sign: &str, a: Option<i64>, b: Option<i64>| {
            let order = a?.cmp(&b?);
            Some(match sign {
                "=" => order.is_eq(),
                "<>" => order.is_ne(),
                "<" => order.is_lt(),
                "<=" => order.is_le(),
                ">" => order.is_gt(),
                _ => order.is_ge(),
            })
        };
        match self {
            Condition::Compare(sign, a, b) => compare(sign, a.value(row), b.value(row)),
            Condition::Between(is, a, b, c) => {
                let a = a.value(row);
                let within = and(compare(">=", a, b.value(row)), compare("<=", a, c.value(row)));
                within.map(|within| within == *is)
            }
            Condition::In(is, a, list) => {
                let a = a.value(row);
                let each: Vec<Option<bool>> = list.iter().map(|of| compare("=", a, of.value(row))).collect();
                let is_unknown = each.contains(&None);
                let found = if each.contains(&Some(true)) { Some(true) } else { (!is_unknown).then_some(false) };
                found.map(|found| found == *is)
            }
            Condition::IsNull(is, a) => Some(a.value(row).is_none() == *is),
            Condition::Not(of) => of.value(row).map(|is| !is),
            Condition::And(a, b) => and(a.value(row), b.value(row)),
            Condition::Or(a, b) => or(a.value(row), b.value(row)),
        }
    }

    /// Groups the same words otherwise, if they can be.
    fn regrouped(&self) -> Option<Condition> {
        let two = |a: &Condition, b: &Condition, with: fn(Box<Condition>, Box<Condition>) -> Condition| {
            with(Box::new(a.clone()), Box::new(b.clone()))
        };
        match self {
            Condition::And(a, b) => match (&**a, &**b) {
                (Condition::Or(x, y), b) => Some(two(x, &two(y, b, Condition::And), Condition::Or)),
                (a, Condition::Or(x, y)) => Some(two(&two(a, x, Condition::And), y, Condition::Or)),
                (a, b) => match a.regrouped() {
                    Some(other) => Some(two(&other, b, Condition::And)),
                    None => b.regrouped().map(|other| two(a, &other, Condition::And)),
                },
            },
            Condition::Or(a, b) => match (&**a, &**b) {
                (Condition::And(x, y), b) => Some(two(x, &two(y, b, Condition::Or), Condition::And)),
                (a, Condition::And(x, y)) => Some(two(&two(a, x, Condition::Or), y, Condition::And)),
                (a, b) => match a.regrouped() {
                    Some(other) => Some(two(&other, b, Condition::Or)),
                    None => b.regrouped().map(|other| two(a, &other, Condition::Or)),
                },
            },
            Condition::Not(of) => match &**of {
                Condition::And(a, b) => Some(two(&Condition::Not(a.clone()), b, Condition::And)),
                Condition::Or(a, b) => Some(two(&Condition::Not(a.clone()), b, Condition::Or)),
                of => of.regrouped().map(|other| Condition::Not(Box::new(other))),
            },
            Condition::Compare(sign, Number::Two(outer, a, b), right) => match (&**a, outer) {
                (Number::Two(inner, x, y), outer) => {
                    let inside = Number::Two(*outer, y.clone(), b.clone());
                    Some(Condition::Compare(sign, Number::Two(*inner, x.clone(), Box::new(inside)), right.clone()))
                }
                _ => None,
            },
            _ => None,
        }
    }
}

fn and(left: Option<bool>, right: Option<bool>) -> Option<bool> {
    match (left, right) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn or(left: Option<bool>, right: Option<bool>) -> Option<bool> {
    and(left.map(|is| !is), right.map(|is| !is)).map(|is| !is)
}

fn rows() -> impl Iterator<Item = Facts> {
    let values = [None, Some(-2), Some(0), Some(1), Some(2), Some(3)];
    values
        .into_iter()
        .flat_map(move |a| values.into_iter().flat_map(move |b| values.into_iter().map(move |c| [a, b, c])))
}

/// What was created is never reported, and what a row tells apart always is.
#[test]
fn random_checks_are_reported_when_they_say_something_else() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let cases = if dialect() == Dialect::Sqlite { 60 } else { 12 };
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&proptest::collection::vec(condition(3), 1..12), |conditions| {
        runtime.block_on(async {
            let engine = empty_engine().await;
            let made: Vec<String> = conditions.iter().map(|of| of.sql(0)).collect();
            with(&made).create_all(&engine).await.unwrap();
            let unfounded = reported(&engine, &made).await;
            let unfounded: Vec<&String> = unfounded.iter().map(|number| &made[*number]).collect();
            let found = || async { MetaData::reflect(&engine).await.unwrap().tables().unwrap()[0].checks.clone() };
            assert!(unfounded.is_empty(), "{unfounded:#?}\n{:#?}", found().await);

            let others: Vec<Condition> =
                conditions.iter().map(|of| of.regrouped().unwrap_or_else(|| of.clone())).collect();
            let sql: Vec<String> = others.iter().map(|of| of.sql(0)).collect();
            let seen = reported(&engine, &sql).await;
            for (number, (made, other)) in conditions.iter().zip(&others).enumerate() {
                let is_other = rows().any(|row| made.value(&row) != other.value(&row));
                assert!(!is_other || seen.contains(&number), "{} | {}", made.sql(0), other.sql(0));
            }
        });
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}
