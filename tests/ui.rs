//! What the compiler says of misuse. Each case has its words beside it, as `.stderr`.
//!
//! After a change of words, `TRYBUILD=overwrite cargo test --test ui` writes them anew; read the difference.

#[test]
fn the_compiler_speaks_our_language() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/model/*.rs");
    cases.compile_fail("tests/ui/types/*.rs");
    cases.compile_fail("tests/ui/relationship/*.rs");
    cases.compile_fail("tests/ui/builder/*.rs");
    cases.compile_fail("tests/ui/embed/*.rs");
    cases.compile_fail("tests/ui/statement/*.rs");
    cases.compile_fail("tests/ui/row/*.rs");
    cases.compile_fail("tests/ui/session/*.rs");
    cases.compile_fail("tests/ui/migrations/*.rs");
}
