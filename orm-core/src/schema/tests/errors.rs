//! What makes no sense is told.

use super::columns::PRICE;
use super::*;

models! {
    OTHER_USER = { name: "Account", table: "users", location: ("src/bank.rs", 3) };
    MAPPED_TWICE = {
        name: "Person", table: "people",
        columns: &[ID, Column::new::<String>("name", "name"), Column::new::<String>("full_name", "name")],
    };
    WORD = { table: "words", columns: &[ID, Column::new::<String>("state", "state").extras(const { &ColumnExtras::NONE.server_default("it's new") })] };
    BARE_WORD = { table: "words", columns: &[ID, Column::new::<String>("state", "state").extras(const { &ColumnExtras::NONE.server_default("active") })] };
    LENGTH = { table: "lengths", columns: &[ID.length(5)] };
    PRECISION = { table: "digits", columns: &[ID.extras(const { &ColumnExtras::NONE.precision(5) })] };
    SCALE = { table: "scales", columns: &[PRICE.extras(const { &ColumnExtras::NONE.scale(5) })] };
}

#[test]
fn two_models_of_one_table_are_told_with_their_places() {
    let error = metadata([&USER, &OTHER_USER]).tables().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Configuration);
    assert_eq!(
        error.to_string(),
        "two models have the table `users`: `User` at src/shop.rs:7 and `Account` at src/bank.rs:3\n\
         hint: name the models that are wanted by `metadata![…]`, or leave one out of `MetaData::global()` by \
         `#[orm(metadata = none)]`"
    );
}

#[test]
fn a_missing_table_is_told_with_its_model() {
    let error = metadata([&ADDRESS]).tables().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Configuration);
    assert_eq!(
        error.to_string(),
        "the foreign key on column `addresses.user_id` refers to the table `users`, which is not among these tables\n\
         hint: add `User` to `metadata![…]`"
    );
    assert!(metadata([&ADDRESS, &OTHER_USER]).tables().is_ok(), "another model of the table will do");
}

#[test]
fn a_column_of_two_fields_is_told() {
    check_refused(
        &MAPPED_TWICE,
        "the fields `Person.name` and `Person.full_name` are both the column `people.name`\n\
         hint: name another column for one of them: `#[orm(column = \"…\")]`",
    );
}

#[test]
fn a_default_without_quotes_is_told() {
    check_refused(
        &BARE_WORD,
        "`server_default` of column `words.state` is SQL, and `active` is no number, text, function or keyword\n\
         hint: for the text, write it in quotes: `server_default = \"'active'\"`",
    );
    // An apostrophe makes it look like SQL; the database tells.
    assert!(Table::of(&WORD).is_ok());
}

#[test]
fn settings_that_do_not_fit_the_type_are_told() {
    let hint = "hint: leave it out, or give the type by `sql_type = \"…\"`";
    let check_refused = |mapper, message: &str| check_refused(mapper, &format!("{message}\n{hint}"));
    check_refused(&LENGTH, "`length` is set for column `lengths.id`, which is neither text nor bytes");
    check_refused(&PRECISION, "`precision` is set for column `digits.id`, which is not a decimal number");
    check_refused(&SCALE, "`scale` is set for column `scales.price`, which is without a `precision`");
}

models! {
    TEXT_KEY = { table: "texts", columns: &[Column::new::<String>("id", "id").primary_key()] };
    TEXT_UNIQUE = { table: "texts", columns: &[ID, Column::new::<String>("name", "name").unique()] };
    TEXT_INDEX = { table: "texts", columns: &[ID, Column::new::<String>("name", "name").extras(const { &ColumnExtras::NONE.sql_type("longtext") })], indexes: &[IndexDefinition::new(&[0, 1])] };
    BYTES_INDEX = { table: "texts", columns: &[ID, Column::new::<Vec<u8>>("name", "name").index()] };
    VARCHAR = { table: "texts", columns: &[ID, Column::new::<String>("name", "name").extras(const { &ColumnExtras::NONE.sql_type("VARCHAR") })] };
    FINE = {
        table: "texts",
        columns: &[
            ID, Column::new::<String>("a", "a").length(5).index(), Column::new::<String>("b", "b").extras(const { &ColumnExtras::NONE.sql_type("VARCHAR(5)") }).index(),
            Column::new::<Vec<u8>>("c", "c").length(5).unique(), Column::new::<String>("d", "d"),
        ],
    };
}

#[test]
fn mysql_wants_the_length_of_text_in_keys() {
    for (mapper, column) in [(&TEXT_KEY, "id"), (&TEXT_UNIQUE, "name"), (&TEXT_INDEX, "name"), (&BYTES_INDEX, "name")] {
        for dialect in [Dialect::MySql, Dialect::MariaDb] {
            let expected = format!(
                "column `texts.{column}` is part of a key, unique constraint or index, so it needs a length on dialect \
                 {dialect}\nhint: add `length = …` to the field's `#[orm(…)]`"
            );
            check(mapper, dialect, &expected);
        }
        assert!(Table::of(mapper).unwrap().to_sql(Dialect::Postgres).starts_with("CREATE"));
    }
    check(
        &VARCHAR,
        Dialect::MySql,
        "column `texts.name` cannot be declared: VARCHAR requires a length on dialect mysql\n\
         hint: add `length = …` to the field's `#[orm(…)]`",
    );
    assert!(Table::of(&FINE).unwrap().to_sql(Dialect::MySql).starts_with("CREATE"));
}
