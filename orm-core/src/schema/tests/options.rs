//! The options of tables.

use super::columns::CREATED;
use super::*;

models! {
    OPTIONS = {
        name: "Options", table: "options",
        columns: &[ID, Column::new::<String>("name", "name").length(5), CREATED],
        options: &[
            ("sqlite_autoincrement", "true"), ("sqlite_strict", "true"), ("mysql_engine", "InnoDB"),
            ("mysql_default_charset", "utf8mb4"), ("mysql_row_format", "DYNAMIC"), ("mariadb_page_compressed", "1"),
            ("postgres_tablespace", "fast"), ("postgresql_with", "fillfactor=70"), ("postgres_unlogged", "true"),
        ],
    };
    WITHOUT_ROWID = {
        table: "keyed", columns: &[Column::new::<String>("key", "key").primary_key()],
        options: &[("sqlite_without_rowid", "true"), ("sqlite_strict", "true")],
    };
    BOTH = { table: "both", options: &[("sqlite_without_rowid", "true")] };
    NO_KEY = { table: "bare", columns: &[Column::new::<i64>("id", "id")], options: &[("sqlite_autoincrement", "true")], key: &[] };
    MISSPELT = { table: "misspelt", options: &[("sqlite_rowid", "false")] };
    ORACLE = { table: "oracles", options: &[("oracle_compress", "true")] };
    PARTITIONED = { table: "parted", options: &[("postgres_partition", "x")] };
}

#[test]
fn options_are_for_their_database() {
    check(
        &OPTIONS,
        Dialect::Sqlite,
        "CREATE TABLE options (\n    id INTEGER PRIMARY KEY AUTOINCREMENT,\n    name TEXT NOT NULL,\n    created TEXT NOT NULL\n) STRICT",
    );
    let last =
        |mapper, dialect| Table::of(mapper).unwrap().to_sql(dialect).lines().last().unwrap_or_default().to_owned();
    assert_eq!(last(&OPTIONS, Dialect::MySql), ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 ROW_FORMAT=DYNAMIC");
    assert!(last(&OPTIONS, Dialect::MariaDb).ends_with(" PAGE_COMPRESSED=1"));
    assert_eq!(last(&OPTIONS, Dialect::Postgres), ") WITH (fillfactor=70) TABLESPACE fast");
    check_line(&OPTIONS, Dialect::Postgres, "CREATE UNLOGGED TABLE options (");
    assert_eq!(last(&WITHOUT_ROWID, Dialect::Sqlite), ") STRICT, WITHOUT ROWID");
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let to_sql = |mapper, dialect| Table::of(mapper).unwrap().to_sql(dialect);
    assert_eq!(
        to_sql(&BOTH, Dialect::Sqlite),
        "column `both.id` is a generated column in a table without rowid, which is not supported on dialect sqlite\n\
         hint: give its values yourself: `#[orm(autoincrement = false)]`"
    );
    assert_eq!(to_sql(&NO_KEY, Dialect::Sqlite), "table `bare` has `sqlite_autoincrement` and no generated key");
    assert_eq!(
        to_sql(&MISSPELT, Dialect::Sqlite),
        "table `misspelt` has the unknown option `sqlite_rowid`\n\
         hint: the known ones are `autoincrement`, `strict` and `without_rowid`"
    );
    assert_eq!(
        to_sql(&ORACLE, Dialect::MySql),
        "table `oracles` has the unknown option `oracle_compress`\n\
         hint: the known ones are `sqlite_…`, `postgres_…`, `mysql_…` and `mariadb_…`"
    );
    assert_eq!(
        to_sql(&PARTITIONED, Dialect::Postgres),
        "table `parted` has the unknown option `postgres_partition`\n\
         hint: the known ones are `inherits`, `partition_by`, `using`, `with`, `on_commit`, `tablespace` and `unlogged`"
    );
}
