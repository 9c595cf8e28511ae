//! Hostile text: whatever a value, a name or a pattern says, it comes back as it was and means only itself.

use orm::prelude::*;
use orm::{Dialect, literal};
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::support::{dialect, empty_engine};

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "strange \"table\" `of` [things]; --", metadata = none)]
struct Strange {
    #[orm(primary_key, autoincrement = false)]
    id: i64,
    #[orm(column = "sel\"ect * fr`om '?' :x $1 %s \\ é", length = 200)]
    body: String,
    #[orm(column = "order")]
    bytes: Vec<u8>,
}

/// Text that has broken quoting somewhere.
const KNOWN: [&str; 24] = [
    "'",
    "''",
    "'; DROP TABLE users; --",
    "\\",
    "\\'",
    "\\\\",
    "\"",
    "`",
    "?",
    "$1",
    ":name",
    "%s",
    "%",
    "_",
    "/",
    "-- ",
    "/* */",
    "\n\r\t",
    "\u{2028}\u{feff}",
    "é e\u{301}",
    "🦀𝄞",
    "\u{10ffff}",
    "NULL",
    " ",
];

fn hostile() -> impl Strategy<Value = String> {
    let known = (0..KNOWN.len()).prop_map(|at| KNOWN[at].to_owned());
    let symbols = r#"['"`\\%_/?$:;!x-]{0,12}"#.prop_map(|text: String| text);
    let any_text = any::<String>().prop_map(|text| text.replace('\0', "0"));
    let joined = (0..KNOWN.len(), 0..KNOWN.len()).prop_map(|(a, b)| format!("{}{}", KNOWN[a], KNOWN[b]));
    prop_oneof![known, symbols, any_text, joined].prop_map(|text| text.chars().take(60).collect())
}

fn run(
    strategy: impl Strategy<Value = String>,
    mut test: impl AsyncFnMut(&Engine, String) -> Result<(), TestCaseError>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let engine = runtime.block_on(async {
        let engine = empty_engine().await;
        metadata![Strange].create_all(&engine).await.unwrap();
        engine
    });
    let test = std::cell::RefCell::new(&mut test);
    let config = Config { failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&strategy, |text| runtime.block_on((test.borrow_mut())(&engine, text)));
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    runtime.block_on(engine.dispose());
}

fn failed(error: Error) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

#[test]
fn a_value_comes_back_as_it_was_bound_or_written_into_the_text() {
    let mut id = 0;
    run(hostile(), async |engine, text| {
        id += 1;
        let row = Strange { id, body: text.clone(), bytes: text.clone().into_bytes() };
        insert(Strange).values(row.clone()).execute(engine).await.map_err(failed)?;
        let found = select(Strange).filter(Strange.id.eq(id)).one(engine).await.map_err(failed)?;
        proptest::prop_assert_eq!(&found, &row);
        let by_value =
            select(Strange.id).filter(Strange.id.eq(id) & Strange.body.eq(&text) & Strange.bytes.eq(&row.bytes));
        proptest::prop_assert_eq!(by_value.clone().all(engine).await.map_err(failed)?, [id]);

        // The same statements with the values in their text.
        let written = orm::text(by_value.to_sql_literal(engine.dialect())).columns::<i64>();
        proptest::prop_assert_eq!(written.all(engine).await.map_err(failed)?, [id]);
        let values = select((literal(text.clone()), literal(text.clone().into_bytes()), literal(-id)));
        let written = orm::text(values.to_sql_literal(engine.dialect())).columns::<(String, Vec<u8>, i64)>();
        let answered = written.one(engine).await.map_err(failed)?;
        proptest::prop_assert_eq!(answered, (text.clone(), text.clone().into_bytes(), -id));
        let moved = Strange { id: -id, ..row.clone() };
        let written = orm::text(insert(Strange).values(moved.clone()).to_sql_literal(engine.dialect()));
        written.execute(engine).await.map_err(failed)?;
        proptest::prop_assert_eq!(select(Strange).filter(Strange.id.eq(-id)).one(engine).await.map_err(failed)?, moved);
        Ok(())
    });
}

#[test]
fn a_text_that_is_looked_for_means_only_itself() {
    let mut id = 0;
    // Symbols and one letter, which no collation takes for another.
    let symbols = r#"['"`\\%_/?$:;!x-]{1,10}"#.prop_map(|text: String| text);
    let mut known: Vec<(i64, String)> = Vec::new();
    run(symbols, async |engine, text| {
        id += 1;
        insert(Strange)
            .values(Strange { id, body: text.clone(), bytes: Vec::new() })
            .execute(engine)
            .await
            .map_err(failed)?;
        known.push((id, text.clone()));
        let piece: String = text.chars().skip(text.len() / 3).take(2).collect();
        type Test = fn(&str, &str) -> bool;
        let conditions: [(orm::Expr<bool>, Test); 6] = [
            (Strange.body.contains(&piece), |text, piece| text.contains(piece)),
            (Strange.body.starts_with(&piece), |text, piece| text.starts_with(piece)),
            (Strange.body.ends_with(&piece), |text, piece| text.ends_with(piece)),
            (Strange.body.icontains(&piece), |text, piece| text.contains(piece)),
            (Strange.body.contains(literal(piece.clone())), |text, piece| text.contains(piece)),
            (Strange.body.in_([&piece, &text]), |text, piece| text == piece),
        ];
        for (position, (condition, test)) in conditions.into_iter().enumerate() {
            let query = select(Strange.id).filter(condition).order_by(Strange.id);
            let wanted: Vec<i64> = known
                .iter()
                .filter(|(_, body)| test(body, &piece) || (position == 5 && *body == text))
                .map(|(id, _)| *id)
                .collect();
            proptest::prop_assert_eq!(query.clone().all(engine).await.map_err(failed)?, wanted.clone(), "{}", position);
            let written = orm::text(query.to_sql_literal(engine.dialect())).columns::<i64>();
            proptest::prop_assert_eq!(written.all(engine).await.map_err(failed)?, wanted, "{} written", position);
        }
        Ok(())
    });
}

#[test]
fn a_name_names_only_itself() {
    run(hostile(), async |engine, text| {
        let name = allowed(&text);
        let alias = Strange.alias(&name);
        insert(Strange)
            .values(Strange { id: 1, body: text.clone(), bytes: vec![] })
            .execute(engine)
            .await
            .map_err(failed)?;
        let label: &'static str = String::leak(name.clone());
        let found = select((alias.id, alias.body.label(label))).filter(alias.id.eq(1)).order_by(alias.body);
        proptest::prop_assert_eq!(found.one(engine).await.map_err(failed)?, (1, text));
        delete(Strange).filter(Strange.id.eq(1)).execute(engine).await.map_err(failed)?;
        Ok(())
    });
}

/// Takes away what a database takes in no name: NUL, and to MySQL what lies beyond 16 bits, and a space at the end.
fn allowed(text: &str) -> String {
    let is_mysql = matches!(dialect(), Dialect::MySql | Dialect::MariaDb);
    let mut name: String = text.chars().filter(|c| !is_mysql || (*c as u32) < 0x1_0000).take(15).collect();
    name.push('n');
    name
}
