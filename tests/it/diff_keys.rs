//! What changes around foreign keys: keys that are referred to, their types and names, the indexes that MySQL makes for them,
//! and tables that refer to each other.

use orm::prelude::*;
use orm::schema::{Column, Diff, ForeignKey, Index, IndexColumn, PrimaryKey, ReferentialAction, Table};
use orm::{ColumnType, Dialect, text};

use crate::only;
use crate::support::{dialect, empty_engine};

fn owners(key: ColumnType) -> Table {
    Table::new("owners")
        .column(Column::new("id", key).generated())
        .column(Column::new("code", ColumnType::String(20)))
        .primary_key(["id"])
        .unique(["code"])
}

fn pets(key: ColumnType) -> Table {
    Table::new("pets")
        .column(Column::new("id", key.clone()).generated())
        .column(Column::new("owner_id", key).nullable())
        .column(Column::new("owner_code", ColumnType::String(20)).nullable())
        .primary_key(["id"])
        .foreign_key(ForeignKey::new(["owner_id"], "owners", ["id"]).on_delete(ReferentialAction::Cascade))
        .foreign_key(ForeignKey::new(["owner_code"], "owners", ["code"]))
}

fn of(tables: [Table; 2]) -> MetaData {
    tables.into_iter().fold(MetaData::new(), MetaData::table)
}

fn both(key: ColumnType) -> MetaData {
    of([owners(key.clone()), pets(key)])
}

async fn filled(metadata: &MetaData) -> Engine {
    let engine = empty_engine().await;
    metadata.create_all(&engine).await.unwrap();
    for sql in [
        "INSERT INTO owners (code) VALUES ('ed'), ('wendy')",
        "INSERT INTO pets (owner_id, owner_code) VALUES (1, 'ed'), (2, NULL), (NULL, 'wendy')",
    ] {
        text(sql).execute(&engine).await.unwrap();
    }
    engine
}

/// Does what must happen so that the database is like this, with all rows.
async fn migrate(engine: &Engine, wanted: &MetaData) -> Diff {
    let diff = wanted.diff(&MetaData::reflect(engine).await.unwrap()).unwrap();
    diff.execute(engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
    wanted.check(engine).await.unwrap();
    diff
}

async fn counts(engine: &Engine) -> (i64, i64) {
    let sql = "SELECT (SELECT count(*) FROM owners), (SELECT count(*) FROM pets)";
    text(sql).columns::<(i64, i64)>().one(engine).await.unwrap()
}

async fn is_refused(engine: &Engine, sql: &str) -> bool {
    text(sql).execute(engine).await.is_err_and(|error| error.is_foreign_key_violation())
}

#[tokio::test]
async fn keys_get_more_bits_with_all_that_refer_to_them() {
    only!(Postgres | MariaDb | MySql);
    let engine = filled(&both(ColumnType::Integer)).await;
    migrate(&engine, &both(ColumnType::BigInteger)).await;
    assert_eq!(counts(&engine).await, (2, 3));
    assert!(is_refused(&engine, "INSERT INTO pets (owner_id) VALUES (77)").await);
    // The counter goes on beyond 32 bits.
    match dialect() {
        Dialect::Postgres => {
            text("SELECT setval('owners_id_seq', 2147483647)").columns::<i64>().one(&engine).await.unwrap();
        }
        _ => {
            text("ALTER TABLE owners AUTO_INCREMENT = 2147483648").execute(&engine).await.unwrap();
        }
    }
    text("INSERT INTO owners (code) VALUES ('late')").execute(&engine).await.unwrap();
    let id = text("SELECT id FROM owners WHERE code = 'late'").columns::<i64>().one(&engine).await.unwrap();
    assert_eq!(id, 2_147_483_648);
    text("DELETE FROM owners WHERE code = 'late'").execute(&engine).await.unwrap();
    if dialect() != Dialect::Postgres {
        // A counter that is too far for the type is MySQL's alone to take back.
        migrate(&engine, &both(ColumnType::Integer)).await;
        assert_eq!(counts(&engine).await, (2, 3));
    }
}

/// PostgreSQL refuses a foreign key between a text and a number or a UUID, as there would be while one of the two has its new
/// type.
#[tokio::test]
async fn keys_change_to_another_kind_of_type_with_all_that_refer_to_them() {
    let tables = |key: ColumnType| {
        let mut tables = [owners(key.clone()), pets(key)];
        tables.iter_mut().for_each(|table| table.columns[0].is_generated = false);
        of(tables)
    };
    let numbers = both(ColumnType::BigInteger);
    let engine = filled(&numbers).await;
    for key in [ColumnType::String(36), ColumnType::Text, ColumnType::String(36)] {
        if key == ColumnType::Text && matches!(dialect(), Dialect::MariaDb | Dialect::MySql) {
            continue; // A key of TEXT wants a length there.
        }
        migrate(&engine, &tables(key)).await;
        let sql = "SELECT owner_id FROM pets WHERE owner_id IS NOT NULL ORDER BY owner_id";
        assert_eq!(text(sql).columns::<String>().all(&engine).await.unwrap(), ["1", "2"]);
        assert!(is_refused(&engine, "UPDATE pets SET owner_id = '77' WHERE owner_id = '1'").await);
    }
    text("DELETE FROM pets").execute(&engine).await.unwrap();
    text("DELETE FROM owners").execute(&engine).await.unwrap();
    let id = "bd3dcf63-8d43-4ec5-9d09-6d8bd0a8d6ee";
    text(format!("INSERT INTO owners (id, code) VALUES ('{id}', 'ed')")).execute(&engine).await.unwrap();
    text(format!("INSERT INTO pets (id, owner_id) VALUES ('{id}', '{id}')")).execute(&engine).await.unwrap();
    if dialect() != Dialect::Sqlite {
        migrate(&engine, &tables(ColumnType::Uuid)).await;
        migrate(&engine, &tables(ColumnType::String(36))).await;
        assert_eq!(counts(&engine).await, (1, 1));
        assert!(is_refused(&engine, "UPDATE owners SET id = '0d3dcf63-8d43-4ec5-9d09-6d8bd0a8d6ee'").await);
    }
}

#[tokio::test]
async fn a_key_that_others_refer_to_gets_another_name_or_place() {
    let engine = filled(&both(ColumnType::BigInteger)).await;
    let renamed = Table { primary_key: PrimaryKey::new(["id"]).name("owners_key"), ..owners(ColumnType::BigInteger) };
    let anew = Table { uniques: Vec::new(), ..renamed }.index(Index::new(["code"]).name("by_code").unique());
    migrate(&engine, &of([anew, pets(ColumnType::BigInteger)])).await;
    assert_eq!(counts(&engine).await, (2, 3));
    assert!(is_refused(&engine, "UPDATE pets SET owner_code = 'nobody'").await);
    text("DELETE FROM owners WHERE id = 2 AND code <> 'wendy'").execute(&engine).await.unwrap();
    text("UPDATE pets SET owner_code = NULL").execute(&engine).await.unwrap();
    text("DELETE FROM owners WHERE id = 2").execute(&engine).await.unwrap();
    assert_eq!(counts(&engine).await, (1, 2));
}

#[tokio::test]
async fn a_foreign_key_goes_with_the_index_that_was_made_for_it() {
    let engine = filled(&both(ColumnType::BigInteger)).await;
    let mut alone = pets(ColumnType::BigInteger);
    alone.foreign_keys.clear();
    let diff = migrate(&engine, &of([owners(ColumnType::BigInteger), alone.clone()])).await;
    let dropped = diff.to_string().lines().filter(|line| line.contains("the index")).count();
    assert_eq!(dropped, if matches!(dialect(), Dialect::MySql | Dialect::MariaDb) { 2 } else { 0 }, "{diff}");
    assert_eq!(counts(&engine).await, (2, 3));

    // One that was asked for stays, and one that a foreign key is found by can be changed.
    migrate(&engine, &both(ColumnType::BigInteger)).await;
    let indexed = |columns: &[&str]| {
        let index = Index::new(columns.iter().copied()).name("by_owner");
        of([owners(ColumnType::BigInteger), pets(ColumnType::BigInteger).index(index)])
    };
    migrate(&engine, &indexed(&["owner_id"])).await;
    migrate(&engine, &indexed(&["owner_id", "owner_code"])).await;
    migrate(&engine, &indexed(&["owner_code"])).await;
    assert_eq!(counts(&engine).await, (2, 3));
    assert!(is_refused(&engine, "INSERT INTO pets (owner_id) VALUES (77)").await);
}

#[tokio::test]
async fn a_new_table_refers_to_what_becomes_unique_at_the_same_time() {
    let engine = filled(&both(ColumnType::BigInteger)).await;
    let known = owners(ColumnType::BigInteger).column(Column::new("badge", ColumnType::String(9)).nullable());
    let visits = Table::new("visits")
        .column(Column::new("id", ColumnType::BigInteger).generated())
        .column(Column::new("badge", ColumnType::String(9)))
        .primary_key(["id"])
        .foreign_key(ForeignKey::new(["badge"], "owners", ["badge"]));
    let wanted = of([known.unique(["badge"]), pets(ColumnType::BigInteger)]).table(visits);
    migrate(&engine, &wanted).await;
    assert!(is_refused(&engine, "INSERT INTO visits (badge) VALUES ('none')").await);
    assert_eq!(counts(&engine).await, (2, 3));
}

#[tokio::test]
async fn tables_that_refer_to_each_other_are_dropped() {
    let part = |name: &str, others: [&str; 2]| {
        let table = Table::new(name).column(Column::new("id", ColumnType::BigInteger)).primary_key(["id"]);
        others.into_iter().fold(table, |table, other| {
            let key = ForeignKey::new([other], other, ["id"]).on_delete(ReferentialAction::SetNull);
            table.column(Column::new(other, ColumnType::BigInteger).nullable()).foreign_key(key)
        })
    };
    let ring = || of([part("a", ["b", "c"]), part("b", ["c", "a"])]).table(part("c", ["a", "b"]));
    let engine = empty_engine().await;
    for by_diff in [true, false] {
        ring().create_all(&engine).await.unwrap();
        for sql in [
            "INSERT INTO a (id) VALUES (1)",
            "INSERT INTO b (id, a) VALUES (2, 1)",
            "INSERT INTO c (id, a, b) VALUES (3, 1, 2)",
            "UPDATE a SET b = 2, c = 3",
        ] {
            text(sql).execute(&engine).await.unwrap();
        }
        match by_diff {
            true => drop(migrate(&engine, &MetaData::new()).await),
            false => ring().drop_all(&engine).await.unwrap(),
        }
        assert!(MetaData::reflect(&engine).await.unwrap().tables().unwrap().is_empty());
    }
}

#[derive(Clone, Copy, Debug, PartialEq, SqlEnum)]
enum Colour {
    Red,
    Blue,
}

#[derive(Clone, Copy, Debug, PartialEq, SqlEnum)]
enum Length {
    Short,
    Long,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "ribbons", metadata = none)]
struct Ribbon {
    #[orm(primary_key)]
    id: i64,
    colour: Colour,
    length: Length,
}

#[tokio::test]
async fn what_is_reflected_of_two_types_of_labels_is_used_again() {
    let engine = empty_engine().await;
    metadata![Ribbon].create_all(&engine).await.unwrap();
    let found = MetaData::reflect(&engine).await.unwrap();
    found.drop_all(&engine).await.unwrap();
    found.create_all(&engine).await.unwrap();
    metadata![Ribbon].check(&engine).await.unwrap();
    insert(Ribbon).values(Ribbon { id: 1, colour: Colour::Blue, length: Length::Long }).execute(&engine).await.unwrap();
    let read = select((Ribbon.colour, Ribbon.length)).one(&engine).await.unwrap();
    assert_eq!(read, (Colour::Blue, Length::Long));
    _ = (Colour::Red, Length::Short);
}

// ------------------------------------------------------------------------------------------------ generated keys

/// A table of words with another key.
fn keyed(columns: &[&str], is_generated: bool) -> Table {
    let id = Column { is_generated, ..Column::new("id", ColumnType::BigInteger) };
    let table = Table::new("words");
    let table = if columns.contains(&"id") || is_generated { table.column(id) } else { table };
    table.column(Column::new("word", ColumnType::String(20))).primary_key(PrimaryKey::new(columns.iter().copied()))
}

/// MySQL generates values of a column alone with which a key begins: neither comes or goes without the other.
#[tokio::test]
async fn a_generated_key_comes_and_goes_with_the_key_of_its_table() {
    let mut tables = vec![keyed(&[], false), keyed(&["word"], false), keyed(&["id"], false), keyed(&["id"], true)];
    if dialect() != Dialect::Sqlite {
        // There only a column that is the whole key is generated.
        tables.push(keyed(&["id", "word"], true));
    }
    let has_id = |table: &Table| table.find_column("id").is_some();
    let generates = |table: &Table| table.find_column("id").is_some_and(|id| id.is_generated);
    for from in &tables {
        for to in &tables {
            let engine = empty_engine().await;
            let wanted = MetaData::new().table(to.clone());
            MetaData::new().table(from.clone()).create_all(&engine).await.unwrap();
            // Nobody knows the keys of rows that had none.
            let has_rows = has_id(from) || !has_id(to) || generates(to);
            let values = |number: i64| match has_id(from) && !generates(from) {
                true => format!("INSERT INTO words (id, word) VALUES ({number}, 'word {number}')"),
                false => format!("INSERT INTO words (word) VALUES ('word {number}')"),
            };
            for number in (1..=2).filter(|_| has_rows) {
                text(values(number)).execute(&engine).await.unwrap();
            }
            let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
            diff.execute(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
            wanted.check(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
            if generates(to) {
                text("INSERT INTO words (word) VALUES ('new')").execute(&engine).await.unwrap();
                let ids = text("SELECT id FROM words ORDER BY id").columns::<i64>().all(&engine).await.unwrap();
                assert_eq!(ids, [1, 2, 3], "{from}\n{to}\n{diff}");
            } else {
                let words =
                    text("SELECT word FROM words ORDER BY word").columns::<String>().all(&engine).await.unwrap();
                assert_eq!(words, ["word 1", "word 2"][..if has_rows { 2 } else { 0 }], "{diff}");
            }
        }
    }
}

/// MySQL lets no column to which a foreign key refers begin or stop to generate.
#[tokio::test]
async fn a_key_that_others_refer_to_begins_and_stops_to_be_generated() {
    let with = |words: Table| {
        let uses = Table::new("uses")
            .column(Column::new("id", ColumnType::BigInteger).generated())
            .column(Column::new("word_id", ColumnType::BigInteger))
            .primary_key(["id"])
            .foreign_key(ForeignKey::new(["word_id"], "words", ["id"]));
        MetaData::new().table(words).table(uses)
    };
    for is_generated in [false, true] {
        let engine = empty_engine().await;
        with(keyed(&["id"], is_generated)).create_all(&engine).await.unwrap();
        text("INSERT INTO words (id, word) VALUES (7, 'seven')").execute(&engine).await.unwrap();
        text("INSERT INTO uses (word_id) VALUES (7)").execute(&engine).await.unwrap();
        let wanted = with(keyed(&["id"], !is_generated));
        let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
        diff.execute(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
        wanted.check(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
        let used = "SELECT word FROM words JOIN uses ON words.id = word_id";
        assert_eq!(text(used).columns::<String>().one(&engine).await.unwrap(), "seven");
        assert!(text("INSERT INTO uses (word_id) VALUES (8)").execute(&engine).await.is_err(), "{diff}");
    }
}

// ------------------------------------------------------------------------------------------------ characters

/// A foreign key compares no texts of two collations, and MySQL changes neither of its columns.
#[tokio::test]
async fn columns_of_a_foreign_key_get_another_collation() {
    only!(MySql | MariaDb);
    let code = || Column::new("code", ColumnType::String(20));
    let with = |collation: Option<&str>, of_table: Option<&str>| {
        let code = || match collation {
            Some(name) => Column { collation: Some(name.to_owned()), ..code() },
            None => code(),
        };
        let shops = Table::new("shops").column(code()).primary_key(["code"]);
        let tills = Table::new("tills").column(code()).foreign_key(ForeignKey::new(["code"], "shops", ["code"]));
        let tables = [shops, tills].map(|table| match of_table {
            Some(name) => table.option("mysql_collate", name),
            None => table,
        });
        tables.into_iter().fold(MetaData::new(), MetaData::table)
    };
    for (from, to) in [
        (with(Some("utf8mb4_bin"), None), with(Some("utf8mb4_unicode_ci"), None)),
        (with(None, Some("utf8mb4_bin")), with(None, Some("utf8mb4_unicode_ci"))),
    ] {
        let engine = empty_engine().await;
        from.create_all(&engine).await.unwrap();
        from.check(&engine).await.unwrap();
        for sql in ["INSERT INTO shops VALUES ('a')", "INSERT INTO tills VALUES ('a')"] {
            text(sql).execute(&engine).await.unwrap();
        }
        let diff = to.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
        diff.execute(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
        to.check(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
        assert!(text("INSERT INTO tills VALUES ('b')").execute(&engine).await.is_err(), "{diff}");
    }
}

/// To MySQL and MariaDB names of columns that differ in case are one, so the new one cannot be added beside the old one.
#[tokio::test]
async fn a_column_whose_name_changes_in_case_is_renamed() {
    only!(MySql | MariaDb);
    let with = |id: &str, word: &str| {
        let words = Table::new("words")
            .column(Column::new(id, ColumnType::BigInteger).generated())
            .column(Column::new(word, ColumnType::String(20)))
            .primary_key([id])
            .unique([word])
            .index([word, id]);
        let uses = Table::new("uses")
            .column(Column::new("word_id", ColumnType::BigInteger))
            .foreign_key(ForeignKey::new(["word_id"], "words", [id]));
        MetaData::new().table(words).table(uses)
    };
    let engine = empty_engine().await;
    with("id", "word").create_all(&engine).await.unwrap();
    text("INSERT INTO words (word) VALUES ('kept')").execute(&engine).await.unwrap();
    let wanted = with("ID", "Word");
    let diff = wanted.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
    assert!(
        diff.to_string().starts_with("rename column `words.id` to `ID`\nrename column `words.word` to `Word`"),
        "{diff}"
    );
    diff.execute(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
    wanted.check(&engine).await.unwrap_or_else(|error| panic!("{diff}: {error}"));
    assert_eq!(text("SELECT Word FROM words").columns::<String>().one(&engine).await.unwrap(), "kept");
    let found = MetaData::reflect(&engine).await.unwrap().tables().unwrap();
    let names: Vec<&str> = found[1].columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["ID", "Word"]);
}

/// MariaDB gives such an index the most that it can take, and says so.
#[tokio::test]
async fn an_index_of_text_needs_no_length() {
    only!(MariaDb);
    for (of, words) in [
        (ColumnType::Text, "TEXT"),
        (ColumnType::LargeBinary, "LONGBLOB"),
        (ColumnType::custom("MEDIUMTEXT"), "MEDIUMTEXT"),
    ] {
        let with = |index: Index| {
            let table = Table::new("pages").column(Column::new("body", of.clone())).index(index.name("by_body"));
            MetaData::new().table(table)
        };
        let engine = empty_engine().await;
        let wanted = with(Index::new(["body"]));
        let create = format!("CREATE TABLE pages (body {words} NOT NULL, INDEX by_body (body))");
        text(create).execute(&engine).await.unwrap();
        wanted.check(&engine).await.unwrap();
        let shorter = with(Index::new([IndexColumn::from("body").length(20)]));
        let diff = shorter.diff(&MetaData::reflect(&engine).await.unwrap()).unwrap();
        assert_eq!(diff.operations.len(), 2, "{diff}");
        diff.execute(&engine).await.unwrap();
        shorter.check(&engine).await.unwrap();
        assert!(wanted.check(&engine).await.is_err());
    }
}
