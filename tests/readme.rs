//! What the documents say of the code is so: the README's first screen, and the tests that ARCHITECTURE.md names.

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
