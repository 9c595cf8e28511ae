//! The options of tables that a database tells again, compared.

use super::Table;
use crate::dialect::Dialect;

/// An option as it is and as it is to be.
type Change = (String, String, String);

/// Returns which options of a table differ. What MySQL's tables say of engine and characters counts where it is wanted.
pub(super) fn changes(wanted: &Table, found: &Table, dialect: Dialect) -> Vec<Change> {
    let flag = |name: &&str| {
        let (from, to) = (has(found, name), has(wanted, name));
        (from != to).then(|| ((*name).to_owned(), from.to_string(), to.to_string()))
    };
    match dialect {
        Dialect::Sqlite | Dialect::Postgres => flags(dialect).iter().filter_map(flag).collect(),
        Dialect::MySql | Dialect::MariaDb => {
            let engine = of_mysql(wanted, &["engine"]).map(|engine| (engine, of_mysql(found, &["engine"])));
            let engine = engine.filter(|(to, from)| !from.is_some_and(|from| from.eq_ignore_ascii_case(to)));
            let engine = engine.map(|(to, from)| change("mysql_engine", from, to));
            let collation = of_mysql(found, COLLATION);
            let charset = collation.and_then(|name| name.split('_').next());
            let to = of_mysql(wanted, CHARSET).filter(|to| !charset.is_some_and(|from| same_charset(from, to)));
            let to_charset = to.map(|to| change("mysql_charset", charset, to));
            let to =
                of_mysql(wanted, COLLATION).filter(|to| !collation.is_some_and(|from| from.eq_ignore_ascii_case(to)));
            engine.into_iter().chain(to_charset).chain(to.map(|to| change("mysql_collate", collation, to))).collect()
        }
    }
}

const CHARSET: &[&str] = &["charset", "default_charset", "character_set", "default_character_set"];
const COLLATION: &[&str] = &["collate", "default_collate"];

/// Returns the options that are on or off.
pub(super) fn flags(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Sqlite => &["sqlite_autoincrement", "sqlite_strict", "sqlite_without_rowid"],
        Dialect::Postgres => &["postgres_unlogged"],
        Dialect::MySql | Dialect::MariaDb => &[],
    }
}

/// Returns whether an option is on.
pub(super) fn has(table: &Table, option: &str) -> bool {
    let is_set = |value: &str| !matches!(value.to_ascii_lowercase().as_str(), "false" | "0" | "off");
    let long = option.replacen("postgres_", "postgresql_", 1);
    table.options.iter().any(|(name, value)| (name == option || *name == long) && is_set(value))
}

fn change(name: &str, from: Option<&str>, to: &str) -> Change {
    (name.to_owned(), from.unwrap_or("none").to_owned(), to.to_owned())
}

/// Returns an option of MySQL or MariaDB under one of its names.
fn of_mysql<'t>(table: &'t Table, names: &[&str]) -> Option<&'t str> {
    let is_it = |key: &str| {
        let name = key.strip_prefix("mysql_").or_else(|| key.strip_prefix("mariadb_"));
        name.is_some_and(|name| names.contains(&name))
    };
    table.options.iter().find(|(key, _)| is_it(key)).map(|(_, value)| value.as_str())
}

/// `utf8` is an alias.
fn same_charset(left: &str, right: &str) -> bool {
    let full = |name: &str| match name.to_ascii_lowercase() {
        name if name == "utf8" => "utf8mb3".to_owned(),
        name => name,
    };
    full(left) == full(right)
}
