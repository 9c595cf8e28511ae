//! What the documents say of the code is so: the README's first screen, and the tests that ARCHITECTURE.md and the tables of
//! SQLAlchemy's tests name.

use std::path::{Path, PathBuf};

#[test]
fn the_readme_shows_the_quickstart() {
    let readme = include_str!("../README.md");
    let (_, code) = include_str!("../examples/quickstart.rs").split_once("\n\n").expect("a heading and code");
    assert!(readme.contains(&format!("```rust\n{code}```\n")), "README.md and examples/quickstart.rs differ");
}

#[test]
fn the_architecture_names_tests_that_exist() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let text = include_str!("../ARCHITECTURE.md");
    let (_, table) = text.split_once("state × event\n").expect("the table of states and events");
    let named: Vec<(&str, &str)> = table.split('`').filter_map(|name| name.split_once("::")).collect();
    assert!(named.len() > 30, "the table has lost its cells");
    for (module, test) in named {
        let code = std::fs::read_to_string(folder.join(format!("{module}.rs"))).unwrap_or_default();
        assert!(code.contains(&format!("fn {test}(")), "there is no test `{module}::{test}`");
    }
}

/// The files in which a test of this path may stand: `it::cte`, `cte`, or a file of the source.
fn files(path: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if path.ends_with(".rs") {
        return vec![root.join(path)];
    }
    let (folders, module): (&[&str], &str) = match path.strip_prefix("it::") {
        Some(module) => (&["tests/it"], module),
        None => (&["tests/golden", "tests/it", "orm-core/src"], path),
    };
    let files = |module: &str| -> Vec<PathBuf> {
        let file = format!("{}.rs", module.replace("::", "/"));
        folders.iter().map(|folder| root.join(folder).join(&file)).collect()
    };
    let mut of_module = files(module);
    // A module within a file is looked for in that.
    let mut outer = module;
    while let Some((above, _)) = outer.rsplit_once("::").filter(|_| !of_module.iter().any(|file| file.exists())) {
        (of_module, outer) = (files(above), above);
    }
    of_module
}

/// Returns the last cells of a document's tables.
fn last_cells(text: &str) -> String {
    let rows = text.lines().filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'));
    rows.filter_map(|row| row.rsplit('|').next()).collect::<Vec<_>>().join("\n")
}

/// Returns whether a file has such a test, one that a macro makes (`name:` on a line of its own), or a module of tests; `*`
/// stands for any end of a name.
fn has_test(file: &Path, name: &str) -> bool {
    let Ok(code) = std::fs::read_to_string(file) else { return false };
    let made = |line: &str| {
        line.trim().strip_suffix(':').is_some_and(|made| match name.strip_suffix('*') {
            Some(start) => !start.is_empty() && made.starts_with(start),
            None => made == name,
        })
    };
    let written = match name.strip_suffix('*') {
        Some(start) => code.contains(&format!("fn {start}")),
        None => code.contains(&format!("fn {name}(")) || code.contains(&format!("mod {name} {{")),
    };
    written || code.lines().any(made)
}

/// Asserts that every test that a document names is there, and that it names so many at least.
fn every_test_exists(document: &str, text: &str, at_least: usize) {
    let (mut module, mut count, mut missing) = (String::new(), 0, Vec::new());
    for name in text.split('`').skip(1).step_by(2) {
        let is_path = |part: char| part.is_ascii_lowercase() || part.is_ascii_digit() || "_:*/.-".contains(part);
        let test = match name.rsplit_once("::") {
            Some((path, test)) if name.chars().all(is_path) => {
                module = path.to_owned();
                test
            }
            // A module alone; what is named behind it is of it.
            None if files(&format!("it::{name}")).iter().any(|file| file.exists()) => {
                module = format!("it::{name}");
                continue;
            }
            // A test of the module that was named last: its name is a sentence.
            None if name.matches('_').count() >= 3
                && !name.starts_with("test_")
                && name.chars().all(|part| part.is_ascii_lowercase() || part.is_ascii_digit() || part == '_') =>
            {
                name
            }
            _ => continue,
        };
        count += 1;
        let is_there = files(&module).iter().any(|file| has_test(file, test));
        let is_module = test != "*" && files(&format!("{module}::{test}")).iter().any(|file| file.exists());
        if !is_there && !is_module {
            missing.push(format!("{module}::{test}"));
        }
    }
    assert!(missing.is_empty(), "{document} names tests that there are not: {missing:#?}");
    assert!(count >= at_least, "{document} has lost its tests: it names {count}");
}

#[test]
fn the_tables_of_tests_name_tests_that_exist() {
    every_test_exists("sqlalchemy_sql_tests.md", include_str!("../docs/sqlalchemy_sql_tests.md"), 200);
    every_test_exists("sqlalchemy_schema_tests.md", include_str!("../docs/sqlalchemy_schema_tests.md"), 100);
    // The cells before have the names of SQLAlchemy's cases.
    let cases = last_cells(include_str!("../docs/sqlalchemy_session_cases.md"));
    every_test_exists("sqlalchemy_session_cases.md", &cases, 35);
    every_test_exists("sqlalchemy_session_tests.md", include_str!("../docs/sqlalchemy_session_tests.md"), 90);
    every_test_exists("session_rules.md", &last_cells(include_str!("../docs/session_rules.md")), 90);
    every_test_exists("sqlalchemy_loading_tests.md", include_str!("../docs/sqlalchemy_loading_tests.md"), 70);
}
