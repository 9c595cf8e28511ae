//! Names of constraints and indexes: always given, by the conventions that SQLAlchemy's documentation recommends, so that
//! a later migration knows what to drop.

use std::borrow::Cow;

use super::{IndexColumn, Table};
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};

/// How the constraints and indexes of a metadata are called that have no name of their own.
///
/// Tokens of SQLAlchemy stand in a template: `%(table_name)s`, `%(referred_table_name)s`, `%(column_0_name)s` (and
/// `column_1_name` …), `%(column_0N_name)s` for all columns together, `%(column_0_N_name)s` with `_` between,
/// `%(column_0_label)s` for table and column, `%(referred_column_0_name)s`, `%(constraint_name)s` for the name that was
/// given, and `%(position)s` for the number of a check within its table. `column_0_key` is `column_0_name`. What is
/// longer than the database takes is cut, and ends in a hash.
///
/// ```
/// # use orm_core::{ColumnType, MetaData, schema::{Column, NamingConvention, Table}};
/// let convention = NamingConvention { unique: Some("%(table_name)s_%(column_0_N_name)s_key".into()), ..NamingConvention::DEFAULT };
/// let users = Table::new("users").column(Column::new("name", ColumnType::String(50))).unique(["name"]);
/// let metadata = MetaData::new().naming_convention(convention).table(users);
/// assert_eq!(metadata.tables()?[0].uniques[0].name.as_deref(), Some("users_name_key"));
/// # Ok::<(), orm_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NamingConvention {
    /// For primary keys.
    pub primary_key: Option<Cow<'static, str>>,
    /// For unique constraints.
    pub unique: Option<Cow<'static, str>>,
    /// For foreign keys.
    pub foreign_key: Option<Cow<'static, str>>,
    /// For checks.
    pub check: Option<Cow<'static, str>>,
    /// For indexes; without one the default stands, since a database wants a name.
    pub index: Option<Cow<'static, str>>,
}

impl NamingConvention {
    /// Gives every constraint a name, so that a later migration knows what to drop: `pk_users`, `uq_users_name`,
    /// `fk_addresses_user_id_users`, `ck_users_1`, `ix_addresses_user_id`.
    pub const DEFAULT: NamingConvention = NamingConvention {
        primary_key: Some(Cow::Borrowed("pk_%(table_name)s")),
        unique: Some(Cow::Borrowed("uq_%(table_name)s_%(column_0_N_name)s")),
        foreign_key: Some(Cow::Borrowed("fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s")),
        check: Some(Cow::Borrowed("ck_%(table_name)s_%(position)s")),
        index: Some(Cow::Borrowed(INDEX)),
    };

    /// The names that PostgreSQL gives by itself, as a database has them that was made by hand: `users_pkey`, `users_name_key`,
    /// `addresses_user_id_fkey`, `addresses_user_id_idx`. Checks keep the names that are stated, and PostgreSQL names the others.
    pub const POSTGRES: NamingConvention = NamingConvention {
        primary_key: Some(Cow::Borrowed("%(table_name)s_pkey")),
        unique: Some(Cow::Borrowed("%(table_name)s_%(column_0_N_name)s_key")),
        foreign_key: Some(Cow::Borrowed("%(table_name)s_%(column_0_N_name)s_fkey")),
        check: None,
        index: Some(Cow::Borrowed("%(table_name)s_%(column_0_N_name)s_idx")),
    };

    /// Leaves what has no name without one; what is read from a database has this.
    pub const NONE: NamingConvention =
        NamingConvention { primary_key: None, unique: None, foreign_key: None, check: None, index: None };
}

const INDEX: &str = "ix_%(table_name)s_%(column_0_N_name)s";

impl Default for NamingConvention {
    fn default() -> Self {
        NamingConvention::DEFAULT
    }
}

/// Gives every constraint and index of a table its name.
pub(super) fn name(table: &mut Table, convention: &NamingConvention) -> Result<()> {
    let owner = table.name.clone();
    let words = |columns: &[String]| Words { table: owner.clone(), columns: columns.to_vec(), ..Words::default() };
    if !table.primary_key.columns.is_empty() {
        let words = words(&table.primary_key.columns);
        give(&mut table.primary_key.name, convention.primary_key.as_deref(), words)?;
    }
    for unique in &mut table.uniques {
        let words = words(&unique.columns);
        give(&mut unique.name, convention.unique.as_deref(), words)?;
    }
    for key in &mut table.foreign_keys {
        let referred = (key.target_table.clone(), key.target_columns.clone());
        let words = Words { referred: Some(referred), ..words(&key.columns) };
        give(&mut key.name, convention.foreign_key.as_deref(), words)?;
    }
    for (position, check) in table.checks.iter_mut().enumerate() {
        let words = Words { position: position + 1, ..words(&[]) };
        give(&mut check.name, convention.check.as_deref(), words)?;
    }
    for index in &mut table.indexes {
        let named = |column: &IndexColumn| column.name().unwrap_or("expression").to_owned();
        let columns: Vec<String> = index.columns.iter().map(named).collect();
        give(&mut index.name, convention.index.as_deref().or(Some(INDEX)), words(&columns))?;
    }
    Ok(())
}

/// What the tokens of a template stand for.
#[derive(Default)]
struct Words {
    table: String,
    columns: Vec<String>,
    referred: Option<(String, Vec<String>)>,
    position: usize,
}

/// Gives a name, unless there is one that the template does not ask for.
fn give(name: &mut Option<String>, template: Option<&str>, words: Words) -> Result<()> {
    let Some(template) = template else { return Ok(()) };
    let given = name.take();
    *name = match given {
        Some(given) if !template.contains("%(constraint_name)s") => Some(given),
        given => Some(words.fill(template, given.as_deref())?),
    };
    Ok(())
}

impl Words {
    fn fill(&self, template: &str, given: Option<&str>) -> Result<String> {
        let mut name = String::with_capacity(template.len() + 16);
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("%(") {
            let Some((token, after)) = after.split_once(")s") else { return Err(unknown(template, rest)) };
            name.push_str(before);
            name.push_str(&self.word(token, given).ok_or_else(|| unknown(template, token))?);
            rest = after;
        }
        name.push_str(rest);
        Ok(name)
    }

    fn word(&self, token: &str, given: Option<&str>) -> Option<String> {
        let column = |token: &str, columns: &[String]| -> Option<String> {
            let token = token.strip_prefix("column_")?;
            let (number, kind) = token.split_once('_')?;
            match (number, kind) {
                ("0N", "name" | "key") => return Some(columns.concat()),
                ("0", "N_name" | "N_key") => return Some(columns.join("_")),
                ("0", "N_label") => {
                    let labels: Vec<String> = columns.iter().map(|column| format!("{}_{column}", self.table)).collect();
                    return Some(labels.join("_"));
                }
                _ => {}
            }
            let column = columns.get(number.parse::<usize>().ok()?)?;
            match kind {
                "name" | "key" => Some(column.clone()),
                "label" => Some(format!("{}_{column}", self.table)),
                _ => None,
            }
        };
        match (token, &self.referred) {
            ("table_name", _) => Some(self.table.clone()),
            ("referred_table_name", Some((table, _))) => Some(table.clone()),
            ("constraint_name", _) => Some(given.map_or_else(|| self.position.max(1).to_string(), str::to_owned)),
            ("position", _) => Some(self.position.max(1).to_string()),
            (token, Some((_, columns))) if token.starts_with("referred_") => {
                column(&token["referred_".len()..], columns)
            }
            (token, _) => column(token, &self.columns),
        }
    }
}

#[cold]
fn unknown(template: &str, token: &str) -> Error {
    let message = format!("the naming convention `{template}` has the unknown token `{token}`");
    let hint = "the known ones are `table_name`, `referred_table_name`, `column_0_name`, `column_0N_name`, \
                `column_0_N_name`, `column_0_label`, `referred_column_0_name`, `constraint_name` and `position`, each as \
                `%(…)s`; columns and the referred table are known where the constraint has them";
    Error::new(ErrorKind::Configuration, message).hint(hint)
}

/// Returns the name with a hash of `parts`, for names that would otherwise be the same: `ix_a_b_c` is what both an index
/// on `a_b.c` and one on `a.b_c` are called.
pub(super) fn apart(name: &str, parts: &[String]) -> String {
    format!("{name}_{:08x}", hash(&parts.join(".")))
}

/// Returns the name as the dialect can hold it: a longer one is cut, and ends in a hash of the whole.
pub(crate) fn fit(name: &str, dialect: Dialect) -> Cow<'_, str> {
    let (length, limit) = match dialect {
        Dialect::Sqlite => return name.into(),
        Dialect::Postgres => (name.len(), 63),
        Dialect::MySql | Dialect::MariaDb => (name.chars().count(), 64),
    };
    if length <= limit {
        return name.into();
    }
    let suffix = format!("_{:08x}", hash(name));
    let mut end = limit - suffix.len();
    if dialect != Dialect::Postgres {
        end = name.char_indices().nth(end).map_or(name.len(), |(at, _)| at);
    }
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{suffix}", &name[..end]).into()
}

/// Hashes by FNV-1a (<http://www.isthe.com/chongo/tech/comp/fnv/>): it must never change, since names depend on it.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_fits_stays() {
        for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql, Dialect::MariaDb] {
            assert_eq!(fit(&"x".repeat(63), dialect), "x".repeat(63));
        }
        assert_eq!(fit(&"x".repeat(64), Dialect::MySql), "x".repeat(64));
        assert_eq!(fit(&"x".repeat(500), Dialect::Sqlite), "x".repeat(500));
    }

    #[test]
    fn a_long_name_is_cut_and_told_apart() {
        let [first, second] = ["a", "b"].map(|end| format!("{}{end}", "x".repeat(70)));
        for (dialect, limit) in [(Dialect::Postgres, 63), (Dialect::MySql, 64)] {
            assert_eq!(fit(&first, dialect).len(), limit);
            assert_ne!(fit(&first, dialect), fit(&second, dialect));
        }
        assert_eq!(fit(&"x".repeat(64), Dialect::Postgres), format!("{}_{}", "x".repeat(54), "d19b1ac5"));
    }

    /// PostgreSQL counts bytes, MySQL characters; a character is never cut in two.
    #[test]
    fn a_name_of_wide_characters_is_cut_between_them() {
        let name = format!("x{}", "é".repeat(70));
        assert!(fit(&name, Dialect::Postgres).len() <= 63);
        assert_eq!(fit(&name, Dialect::MySql).chars().count(), 64);
        let fits = "é".repeat(64);
        assert_eq!(fit(&fits, Dialect::MySql), fits);
    }
}
