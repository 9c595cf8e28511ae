//! The order of tables, and their names.

use super::text::ORDER;
use super::*;

models! {
    A = { name: "A", table: "a", columns: &[ID, Column::new::<i64>("b", "b").foreign_key(refers_to!(B))] };
    B = { name: "B", table: "b", columns: &[ID, Column::new::<i64>("c", "c").foreign_key(refers_to!(C))] };
    C = { name: "C", table: "c" };
    NODE = { name: "Node", table: "nodes", columns: &[ID, Column::new::<Option<i64>>("parent", "parent").foreign_key(refers_to!(NODE))] };
    LEAF = { name: "Leaf", table: "leaves", columns: &[ID, Column::new::<i64>("egg", "egg").foreign_key(refers_to!(EGG))] };
    HEN = { name: "Hen", table: "hens", columns: &[ID, Column::new::<i64>("egg", "egg").foreign_key(refers_to!(EGG)), Column::new::<i64>("c", "c").foreign_key(refers_to!(C))] };
    EGG = { name: "Egg", table: "eggs", columns: &[ID, Column::new::<i64>("hen", "hen").foreign_key(refers_to!(HEN))] };
}

#[test]
fn tables_come_after_those_that_they_refer_to() {
    let sorted = |metadata: MetaData| names(&metadata.sorted_tables().unwrap()).join(" ");
    assert_eq!(sorted(metadata([&A, &B, &C])), "c b a");
    assert_eq!(sorted(metadata([&C, &B, &A])), "c b a");
    assert_eq!(sorted(metadata([&USER, &A, &NODE, &C, &ADDRESS, &B])), "users nodes c addresses b a");
    assert_eq!(names(&metadata([&A, &B, &C]).tables().unwrap()), ["a", "b", "c"]);
    assert_eq!(sorted(metadata([])), "");
    assert_eq!(metadata([]).to_sql(Dialect::Sqlite), "");
}

/// A table that only refers to a cycle waits for it, wherever it was given.
#[test]
fn a_cycle_begins_with_its_first_table() {
    let sorted = metadata([&LEAF, &HEN, &EGG, &C]).sorted_tables().unwrap();
    assert_eq!(names(&sorted), ["c", "hens", "eggs", "leaves"]);
}

#[test]
fn sqlite_takes_a_cycle_within_the_tables() {
    let sql = metadata([&HEN, &EGG, &C]).to_sql(Dialect::Sqlite);
    assert!(!sql.contains("ALTER"), "{sql}");
    assert_eq!(sql.matches("REFERENCES").count(), 3);
}

#[test]
fn a_cycle_is_closed_at_the_end() {
    let sql = metadata([&HEN, &EGG, &C]).to_sql(Dialect::Postgres);
    let statements: Vec<&str> = sql.split(";\n\n").collect();
    assert_eq!(statements.len(), 4);
    assert!(statements[1].contains("fk_hens_c_c") && !statements[1].contains("fk_hens_egg_eggs"));
    assert_eq!(
        statements[3],
        "ALTER TABLE hens ADD CONSTRAINT fk_hens_egg_eggs FOREIGN KEY (egg) REFERENCES eggs (id)"
    );
}

#[test]
fn a_model_named_twice_is_one_table() {
    assert_eq!(names(&metadata([&C, &C]).tables().unwrap()), ["c"]);
}

#[test]
fn the_global_metadata_has_no_models_of_its_own() {
    assert!(MetaData::global().tables().is_ok());
}

models! {
    CHILD = { name: "Child", table: "a", columns: &[ID, Column::new::<i64>("b_c", "b_c").index()] };
    OTHER_CHILD = { name: "OtherChild", table: "a_b", columns: &[ID, Column::new::<i64>("c", "c").index()] };
}

/// Names of indexes are known to a whole schema: CREATE INDEX IF NOT EXISTS would leave the second out.
#[test]
fn indexes_of_one_name_are_told_apart() {
    let tables = metadata([&CHILD, &OTHER_CHILD]).tables().unwrap();
    let name = |table: usize| tables[table].indexes[0].name.clone().unwrap();
    assert_eq!(name(0), "ix_a_b_c");
    assert!(name(1).starts_with("ix_a_b_c_"), "{}", name(1));
}

models! {
    GROUP = {
        name: "Group", table: "groups",
        columns: &[Column::new::<i64>("x", "x").index().unique().foreign_key(refers_to!(USER)), Column::new::<i64>("y", "y")],
        foreign_keys: &[
            ForeignKeyGroup {
                columns: &[0, 1],
                targets: || vec![ColumnReference { mapper: &ORDER, column: 0 }, ColumnReference { mapper: &ORDER, column: 1 }],
                on_delete: Some(ReferentialAction::Restrict),
                on_update: None,
                deferrable: None,
                name: None,
            },
        ],
        indexes: &[IndexDefinition::new(&[0]), IndexDefinition::new(&[0, 1]), IndexDefinition::new(&[0, 1])], uniques: &[IndexDefinition::new(&[0, 1]), IndexDefinition::new(&[0, 1])], key: &[],
    };
    TORN = {
        name: "Torn", table: "torn",
        foreign_keys: &[ForeignKeyGroup {
            columns: &[0],
            targets: || vec![ColumnReference { mapper: &ORDER, column: 0 }, ColumnReference { mapper: &USER, column: 0 }],
            on_delete: None,
            on_update: None,
            deferrable: None,
            name: None,
        }],
    };
}

#[test]
fn constraints_over_several_columns() {
    check(
        &GROUP,
        Dialect::Postgres,
        "\
CREATE TABLE groups (
    x BIGINT NOT NULL,
    y BIGINT NOT NULL,
    CONSTRAINT uq_groups_x_y UNIQUE (x, y),
    CONSTRAINT fk_groups_x_users FOREIGN KEY (x) REFERENCES users (id),
    CONSTRAINT fk_groups_x_y_order FOREIGN KEY (x, y) REFERENCES \"Shop\".\"order\" (\"select\", \"Line\") ON DELETE RESTRICT
);

CREATE UNIQUE INDEX ix_groups_x ON groups (x);

CREATE INDEX ix_groups_x_y ON groups (x, y)",
    );
    check_refused(&TORN, "the foreign key on `torn.(id)` does not refer to as many columns of one table");
    assert_eq!(
        Table::of(&GROUP).unwrap().to_sql(Dialect::Sqlite),
        "column `groups.x, y` refers to another schema, which is not supported on dialect sqlite\n\
         hint: a foreign key of SQLite stays within one database file"
    );
}

models! {
    LONG = {
        name: "Long", table: "measurements_of_the_northern_observation_station",
        columns: &[ID, Column::new::<i64>("second", "second_calibration_value").unique()],
    };
}

#[test]
fn long_names_are_cut_where_the_database_would() {
    let name = "uq_measurements_of_the_northern_observation_station_second_calibration_value";
    check_line(&LONG, Dialect::Sqlite, &format!("CONSTRAINT {name} UNIQUE (second_calibration_value)"));
    for (dialect, length) in [(Dialect::Postgres, 63), (Dialect::MySql, 64)] {
        let sql = Table::of(&LONG).unwrap().to_sql(dialect);
        let start = sql.find("uq_").unwrap();
        let cut = sql[start..].split(' ').next().unwrap();
        assert_eq!(cut.len(), length);
        assert_eq!(cut[..length - 9], name[..length - 9]);
    }
}
