//! What is written so that it may be run again.

use super::order::{C, EGG, HEN};
use super::*;

pub(super) fn script(statements: crate::Result<Vec<String>>) -> String {
    statements.unwrap().join("\n")
}

#[test]
fn what_exists_is_left_alone() {
    let ddl = crate::compile::ddl::Ddl::new(Dialect::Sqlite).leaving_alone();
    let sql = script(ddl.create(&Table::of(&ADDRESS).unwrap()));
    assert!(sql.starts_with("CREATE TABLE IF NOT EXISTS addresses ("), "{sql}");
    assert!(sql.ends_with("\nCREATE INDEX IF NOT EXISTS ix_addresses_user_id ON addresses (user_id)"), "{sql}");
}

#[test]
fn tables_are_dropped_in_reverse() {
    let sql = |metadata: MetaData, dialect| {
        script(metadata.dropping(&crate::compile::ddl::Ddl::new(dialect).leaving_alone()))
    };
    assert_eq!(
        sql(metadata([&USER, &ADDRESS]), Dialect::Sqlite),
        "DROP TABLE IF EXISTS addresses\nDROP TABLE IF EXISTS users"
    );
    let cycle = || metadata([&HEN, &EGG, &C]);
    assert_eq!(
        sql(cycle(), Dialect::Sqlite),
        "PRAGMA defer_foreign_keys = ON\nDROP TABLE IF EXISTS eggs\nDROP TABLE IF EXISTS hens\nDROP TABLE IF EXISTS c"
    );
    assert_eq!(
        sql(cycle(), Dialect::Postgres).lines().next(),
        Some("ALTER TABLE IF EXISTS hens DROP CONSTRAINT IF EXISTS fk_hens_egg_eggs")
    );
    assert_eq!(
        sql(cycle(), Dialect::MariaDb).lines().next(),
        Some("ALTER TABLE IF EXISTS hens DROP FOREIGN KEY IF EXISTS fk_hens_egg_eggs")
    );
    let of_mysql = sql(cycle(), Dialect::MySql);
    let lines: Vec<&str> = of_mysql.lines().take(4).collect();
    let asked = "SET @orm = IF(EXISTS (SELECT 1 FROM information_schema.table_constraints WHERE table_schema = \
                 database() AND table_name = 'hens' AND constraint_name = 'fk_hens_egg_eggs'), \
                 'ALTER TABLE hens DROP FOREIGN KEY fk_hens_egg_eggs', 'DO 0')";
    assert_eq!(lines, [asked, "PREPARE orm FROM @orm", "EXECUTE orm", "DEALLOCATE PREPARE orm"]);
}

#[test]
fn a_cycle_may_be_closed_again() {
    let sql = |dialect| {
        let ddl = crate::compile::ddl::Ddl::new(dialect).leaving_alone();
        script(metadata([&HEN, &EGG, &C]).creating(&ddl, None).map(crate::schema::creation::statements))
    };
    assert!(sql(Dialect::Postgres).ends_with(
        "DO $$ BEGIN\n    ALTER TABLE hens ADD CONSTRAINT fk_hens_egg_eggs FOREIGN KEY (egg) REFERENCES eggs (id);\n\
         EXCEPTION WHEN duplicate_object THEN NULL;\nEND $$"
    ));
    assert!(sql(Dialect::MariaDb).ends_with("FOREIGN KEY IF NOT EXISTS (egg) REFERENCES eggs (id)"));
}
