//! Values and names that try to break out: each goes through the text, and comes back as it went.

use orm::__private::Node;
use orm::Dialect::{Postgres, Sqlite};
use orm::prelude::*;
use orm::{Bind, Expr, RowType, SqlType, Text, Value, func, literal};
use rust_decimal::Decimal;

use crate::support::{Keyword, User, UserKeyword, dialect, empty_engine};

/// A value of any kind, as a driver takes it.
#[derive(Clone)]
struct Raw(Value);

impl Bind for Raw {
    fn __bind(self) -> Node {
        Node::Bind(self.0)
    }
}

/// Strings that mean something to some lexer.
const HOSTILE: [&str; 22] = [
    "",
    "'",
    "''",
    "\"",
    "`",
    "\\",
    "\\'",
    "'\\",
    "\\\\'; DROP TABLE users; --",
    "'; DROP TABLE users; --",
    "' OR '1' = '1",
    "/* comment",
    "-- comment\n",
    "# comment\n",
    "$1 $2 ? :name ::cast @var %s",
    "$$dollar$$",
    "E'\\x41'",
    "x'00'",
    "line\nbreak\r\n\ttab",
    "\u{1}\u{8}\u{1a}\u{7f}",
    "é ß 漢字 🦀 \u{202e}",
    "ends with a backslash \\",
];

/// Runs the literal form of a statement.
fn literally(statement: &Text) -> Text {
    text(statement.to_sql_literal(dialect()))
}

#[tokio::test]
async fn hostile_text_comes_back_as_it_went() {
    let engine = empty_engine().await;
    for hostile in HOSTILE {
        let statement = text("SELECT :value").bind("value", hostile);
        let bound: String = statement.clone().columns().one(&engine).await.unwrap();
        let literal: String = literally(&statement).columns().one(&engine).await.unwrap();
        assert_eq!((bound.as_str(), literal.as_str()), (hostile, hostile));
    }
}

/// A number of another kind would be divided, rounded and compared otherwise.
#[tokio::test]
async fn numbers_are_computed_with_as_if_they_were_bound() {
    async fn same<T>(engine: &Engine, value: Expr<T>) -> String
    where
        T: SqlType + RowType + std::fmt::Debug,
    {
        let statement = select(value);
        let literal = text(statement.to_sql_literal(dialect())).columns::<T>().one(engine).await.unwrap();
        let bound = statement.clone().all(engine).await.unwrap().remove(0);
        // MySQL says 2.5000 of 10 / 4, but not of parameters.
        let shown = |value: &T| match dialect() {
            orm::Dialect::MySql => format!("{value:?}").trim_end_matches('0').to_owned(),
            _ => format!("{value:?}"),
        };
        assert_eq!(shown(&bound), shown(&literal), "{}", statement.to_sql_literal(dialect()));
        format!("{bound:?}")
    }
    let engine = empty_engine().await;
    let decimal = |digits: &str| literal(digits.parse::<Decimal>().unwrap());
    assert!(same(&engine, decimal("10") / decimal("4")).await.starts_with("2.5"));
    same(&engine, decimal("-2000000000") * decimal("2")).await;
    same(&engine, literal(0.1f64) + 0.2f64).await;
    same(&engine, literal(1.0f64) / 3.0f64).await;
    same(&engine, func::round(literal(2.5f64), 0)).await;
    same(&engine, func::round(literal(-0.5f32), 0)).await;
    same(&engine, literal(-1.5e-7f64) * 1e20f64).await;
    for number in [f64::MAX, -f64::MIN_POSITIVE, 1e15 + 0.3, 0.1, -7.0] {
        if dialect() != Sqlite || number.abs() > 1e-15 && number.abs() < 1e16 {
            same(&engine, literal(number)).await;
        }
    }
    let sum = select(literal(1i64)).filter((literal(0.1f64) + 0.2f64).eq(0.3f64));
    assert!(text(sum.to_sql_literal(dialect())).columns::<i64>().all(&engine).await.unwrap().is_empty());
}

#[tokio::test]
async fn text_with_nul_comes_back_where_the_database_holds_it() {
    crate::only!(Sqlite | MySql | MariaDb);
    let engine = empty_engine().await;
    for hostile in ["\0", "a\0'b", "\\\0"] {
        let literal: String =
            literally(&text("SELECT :value").bind("value", hostile)).columns().one(&engine).await.unwrap();
        assert_eq!(literal, hostile);
    }
}

#[tokio::test]
async fn bytes_come_back_as_they_went() {
    let engine = empty_engine().await;
    let bytes: Vec<u8> = (0..=255).collect();
    for bytes in [bytes, Vec::new()] {
        let statement = text("SELECT :value").bind("value", bytes.clone());
        assert_eq!(literally(&statement).columns::<Vec<u8>>().one(&engine).await.unwrap(), bytes);
    }
}

#[tokio::test]
async fn numbers_come_back_as_they_went() {
    let engine = empty_engine().await;
    for number in [0, 1, -1, i64::MAX, i64::MIN, i64::from(i32::MIN)] {
        let statement = text("SELECT CAST(:value AS DECIMAL(30)) = CAST(:text AS DECIMAL(30))");
        let statement = statement.bind("value", number).bind("text", number.to_string());
        assert!(literally(&statement).columns::<bool>().one(&engine).await.unwrap(), "{number}");
    }
    for number in [0.0, -0.0, 0.1, -1.5, 1e300, 5e-324, f64::MAX, 1.0 / 3.0] {
        let cast = if dialect() == Postgres { "SELECT (:value)::double precision" } else { "SELECT :value + 0e0" };
        let literal: f64 = literally(&text(cast).bind("value", number)).columns().one(&engine).await.unwrap();
        assert_eq!(literal, number);
        // What is added to zero loses its sign.
        let is_as_it_stands = dialect() == Postgres;
        assert!(!is_as_it_stands || literal.is_sign_negative() == number.is_sign_negative(), "{number:?}");
    }
}

#[tokio::test]
async fn a_literal_is_the_value_that_would_have_been_bound() {
    let engine = empty_engine().await;
    let mut values = vec![
        Value::Bool(true),
        Value::Bool(false),
        Value::Int16(-7),
        Value::Float32(0.1),
        Value::Date(18_262),
        Value::Date(-141_427),
        Value::Time(3_723_000_004),
        Value::DateTime(1_577_836_800_000_001),
        Value::Timestamp(1_577_836_800_000_001),
        Value::Decimal("-12.50".into()),
    ];
    if dialect() != Postgres {
        // PostgreSQL binds JSON as `json`, which it does not compare.
        values.push(Value::Json(r#"{"a": ["it's", "b\\c"]}"#.into()));
    } else {
        values.push(Value::Float64(f64::INFINITY));
        values.push(Value::Uuid([7; 16]));
        values.push(Value::Array(&orm::Kind::Text, vec![Value::Text("it's".into()), Value::Null(orm::Kind::Text)]));
    }
    for value in values {
        // Both in one statement, one as text and one bound.
        let literal = text("SELECT :value").bind("value", Raw(value.clone())).to_sql_literal(dialect());
        let literal = literal.trim_start_matches("SELECT ");
        let statement = text(format!("SELECT {literal} = :value")).bind("value", Raw(value.clone()));
        assert_eq!(statement.columns::<Option<bool>>().one(&engine).await.unwrap(), Some(true), "{literal}");
    }
}

#[tokio::test]
async fn a_statement_of_every_kind_runs_in_its_literal_form() {
    #[derive(Clone, Debug, PartialEq, Model)]
    #[orm(table = "literals", metadata = none)]
    struct Row {
        #[orm(primary_key)]
        id: i64,
        #[orm(length = 100)]
        name: String,
        note: Option<String>,
        is_set: bool,
        share: f64,
        data: Vec<u8>,
    }
    let engine = empty_engine().await;
    metadata![Row].create_all(&engine).await.unwrap();
    let rows: Vec<Row> = (1..)
        .zip(&HOSTILE)
        .map(|(id, hostile)| Row {
            id,
            name: (*hostile).to_owned(),
            note: (id % 2 == 0).then(|| hostile.repeat(2)),
            is_set: id % 3 == 0,
            share: id as f64 / 7.0,
            data: hostile.as_bytes().to_vec(),
        })
        .collect();
    let run = async |sql: String| text(sql).execute(&engine).await.unwrap();
    run(insert(Row).values(rows.clone()).to_sql_literal(dialect())).await;
    assert_eq!(select(Row).order_by(Row.id).all(&engine).await.unwrap(), rows);
    for (hostile, row) in HOSTILE.iter().zip(&rows) {
        let found = select(Row.id).filter(Row.name.eq(*hostile) & Row.data.eq(&row.data)).to_sql_literal(dialect());
        assert_eq!(text(found).columns::<i64>().all(&engine).await.unwrap(), [row.id]);
        run(update(Row).set(Row.note, *hostile).filter(Row.id.eq(row.id)).to_sql_literal(dialect())).await;
        assert_eq!(select(Row.note).filter(Row.id.eq(row.id)).one(&engine).await.unwrap().as_deref(), Some(*hostile));
        // To MySQL's usual collation what is made of control characters is empty.
        run(delete(Row).filter(Row.note.eq(*hostile) & Row.id.eq(row.id)).to_sql_literal(dialect())).await;
    }
    assert_eq!(select(Row).count(&engine).await.unwrap(), 0);
}

// ------------------------------------------------------------------------------------------------------------- names

#[tokio::test]
async fn hostile_names_are_names() {
    #[derive(Clone, Debug, PartialEq, Model)]
    #[orm(table = "a `b` \"c\" 'd'; --", metadata = none)]
    struct Odd {
        #[orm(primary_key, column = "select")]
        id: i64,
        #[orm(column = "it's \"odd\" `here`")]
        quotes: i64,
        #[orm(column = "?")]
        question: i64,
        #[orm(column = "$1")]
        dollar: i64,
        #[orm(column = ":name")]
        colon: i64,
        #[orm(column = "back\\slash")]
        slash: i64,
        #[orm(column = "ünï 漢字")]
        unicode: i64,
        #[orm(column = "UPPER")]
        upper: i64,
        #[orm(column = "1st")]
        digit: i64,
    }
    let engine = empty_engine().await;
    metadata![Odd].create_all(&engine).await.unwrap();
    let row = Odd { id: 1, quotes: 2, question: 3, dollar: 4, colon: 5, slash: 6, unicode: 7, upper: 8, digit: 9 };
    insert(Odd).values(row.clone()).execute(&engine).await.unwrap();
    insert(Odd)
        .values(row.clone())
        .on_conflict(Odd.id)
        .do_update((Odd.quotes, Odd.question))
        .execute(&engine)
        .await
        .unwrap();
    update(Odd)
        .set(Odd.slash, Odd.slash + 1)
        .filter(Odd.quotes.eq(2) & Odd.question.eq(3))
        .execute(&engine)
        .await
        .unwrap();
    let odd = Odd.alias("an 'alias' \"with\" `quotes`; --");
    let found = select(odd).filter(odd.colon.eq(5)).order_by(odd.upper).all(&engine).await.unwrap();
    assert_eq!(found, [Odd { slash: 7, ..row }]);
    assert_eq!(delete(Odd).filter(Odd.dollar.eq(4)).execute(&engine).await.unwrap(), 1);
}

/// Every word that the database itself calls a keyword is a name once, which we quote where it must be.
#[tokio::test]
async fn every_keyword_can_be_a_name() {
    let engine = empty_engine().await;
    metadata![Keyword, User, UserKeyword].create_all(&engine).await.unwrap();
    let words: Vec<String> = match dialect() {
        Sqlite => SQLITE_KEYWORDS.split_whitespace().map(str::to_owned).collect(),
        Postgres => text("SELECT word FROM pg_get_keywords()").columns().all(&engine).await.unwrap(),
        _ => text("SELECT word FROM information_schema.keywords").columns().all(&engine).await.unwrap(),
    };
    assert!(words.len() > 100, "{words:?}");
    let mut reserved = Vec::new();
    for word in words {
        let other = Keyword.alias(&word.to_lowercase());
        let query = select(other.word).filter(other.id.gt(1)).order_by(other.id);
        if query.all(&engine).await.is_err() {
            reserved.push(word);
        }
    }
    assert!(reserved.is_empty(), "{reserved:?}");
}

/// <https://sqlite.org/lang_keywords.html>
const SQLITE_KEYWORDS: &str = "
    abort action add after all alter always analyze and as asc attach autoincrement before begin between by cascade case
    cast check collate column commit conflict constraint create cross current current_date current_time
    current_timestamp database default deferrable deferred delete desc detach distinct do drop each else end escape
    except exclude exclusive exists explain fail filter first following for foreign from full generated glob group
    groups having if ignore immediate in index indexed initially inner insert instead intersect into is isnull join key
    last left like limit match materialized natural no not nothing notnull null nulls of offset on or order others
    outer over partition plan pragma preceding primary query raise range recursive references regexp reindex release
    rename replace restrict returning right rollback row rows savepoint select set table temp temporary then ties to
    transaction trigger unbounded union unique update using vacuum values view virtual when where window with without";
