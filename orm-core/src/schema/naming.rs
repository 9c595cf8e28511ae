//! Names of constraints and indexes: always given, by the conventions that SQLAlchemy's documentation recommends, so that
//! a later migration knows what to drop.

use std::borrow::Cow;

use crate::dialect::Dialect;

/// Returns `pk_users`.
pub(super) fn primary_key(table: &str) -> String {
    format!("pk_{table}")
}

/// Returns `uq_users_name`.
pub(super) fn unique(table: &str, columns: &[String]) -> String {
    format!("uq_{table}_{}", columns.join("_"))
}

/// Returns `fk_addresses_user_id_users`.
pub(super) fn foreign_key(table: &str, columns: &[String], target: &str) -> String {
    format!("fk_{table}_{}_{target}", columns.join("_"))
}

/// Returns `ck_users_1` for the first check of a table.
pub(super) fn check(table: &str, position: usize) -> String {
    format!("ck_{table}_{}", position + 1)
}

/// Returns `ix_addresses_user_id`.
pub(super) fn index(table: &str, columns: &[String]) -> String {
    format!("ix_{table}_{}", columns.join("_"))
}

/// Returns the name with a hash of `parts`, for names that would otherwise be the same: `ix_a_b_c` is what both an index
/// on `a_b.c` and one on `a.b_c` are called.
pub(super) fn apart(name: &str, parts: &[&str]) -> String {
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
