//! One step of the schema's history: [`Revision`], a file with what upgrades a database and what takes it back.
//!
//! In: files, by name and text. Out: the revisions of one database, in order.

use std::fmt;

use orm_core::{Dialect, Result};

use crate::errors::{Told, argument};
use crate::split::{Marker, Piece, Statement, checksum, split};

/// One step of the schema's history, as its file says it. It is shown as `20261123164002_add_email`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Revision {
    /// When it was written, in UTC, as 14 digits: its place in the order.
    pub revision: String,
    /// What it is called.
    pub name: String,
    /// The name of its file.
    pub file: String,
    /// What changes when its statements do; comments and white space do not count.
    pub checksum: String,
    pub(crate) upgrade: Section,
    pub(crate) downgrade: Option<Section>,
}

/// The statements of one direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) statements: Vec<Statement>,
    pub(crate) is_without_transaction: bool,
    pub(crate) is_without_foreign_keys: bool,
}

impl Revision {
    /// Returns whether its file says how to take it back.
    pub fn is_reversible(&self) -> bool {
        self.downgrade.is_some()
    }

    /// Reads a file for a database.
    pub(crate) fn parse(name: &FileName<'_>, text: &str, dialect: Dialect) -> Result<Revision> {
        let file = name.file;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        check_database(name, text, dialect)?;
        let pieces = split(text, dialect).map_err(|unclosed| {
            argument(format!("`{file}`, line {}: the {} does not end", unclosed.line, unclosed.what))
        })?;
        let (mut upgrade, mut downgrade) = (None::<Section>, None::<Section>);
        let mut general = Section::default();
        let mut current = None;
        for piece in pieces {
            let section = match current {
                None => &mut general,
                Some(Marker::Downgrade) => downgrade.get_or_insert_default(),
                Some(_) => upgrade.get_or_insert_default(),
            };
            match piece {
                Piece::Statement(statement) if current.is_none() => {
                    let message =
                        format!("`{file}`, line {}: a statement before the line `-- upgrade`", statement.line);
                    return Err(argument(message).hint(FORM));
                }
                Piece::Statement(statement) => section.statements.push(statement),
                Piece::Marker(Marker::NoTransaction, _) => section.is_without_transaction = true,
                Piece::Marker(Marker::ForeignKeysOff, _) => section.is_without_foreign_keys = true,
                Piece::Marker(marker @ (Marker::Upgrade | Marker::Downgrade), line) => {
                    let of = if marker == Marker::Upgrade { &mut upgrade } else { &mut downgrade };
                    if of.is_some() {
                        return Err(argument(format!("`{file}`, line {line}: a second line `-- {}`", marker.words())));
                    }
                    *of = Some(general.clone());
                    current = Some(marker);
                }
            }
        }
        let Some(upgrade) = upgrade else {
            return Err(argument(format!("`{file}` has no line `-- upgrade`")).hint(FORM));
        };
        for section in [Some(&upgrade), downgrade.as_ref()].into_iter().flatten() {
            section.refuse_transactions(file, dialect)?;
        }
        let checksum = checksum(&upgrade.statements, dialect);
        let (revision, name) = (name.revision.to_owned(), name.name.to_owned());
        Ok(Revision { revision, name, file: file.to_owned(), checksum, upgrade, downgrade })
    }
}

const FORM: &str = "a file has a line `-- upgrade` with statements below it, and then, unless it cannot be taken back, a line \
                    `-- downgrade` with those that do that";

impl Section {
    /// Refuses what would end the transaction in which it runs.
    fn refuse_transactions(&self, file: &str, dialect: Dialect) -> Result<()> {
        if self.is_without_transaction {
            return Ok(());
        }
        for statement in &self.statements {
            let [first, second, third] = statement.first_words(dialect);
            let ends = match first.as_str() {
                "begin" => second != "not",
                "start" => second == "transaction",
                "rollback" => second != "to" && third != "to",
                "commit" | "end" | "abort" => true,
                _ => false,
            };
            if ends {
                let first = first.to_ascii_uppercase();
                let message = format!(
                    "`{file}`, line {}: `{first}` within the transaction in which the revision runs",
                    statement.line
                );
                return Err(
                    argument(message).hint("leave it out, or write `-- no transaction` below the line of its section")
                );
            }
        }
        Ok(())
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.revision, self.name)
    }
}

/// What the name of a file says: `20261123164002_add_email.postgresql.sql`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileName<'f> {
    pub(crate) file: &'f str,
    pub(crate) revision: &'f str,
    pub(crate) name: &'f str,
    pub(crate) dialect: Option<Dialect>,
}

impl<'f> FileName<'f> {
    /// Reads a name; files that are not of SQL are none of revisions.
    pub(crate) fn parse(file: &'f str) -> Result<Option<Self>> {
        let Some(stem) = file.strip_suffix(".sql") else { return Ok(None) };
        let (stem, dialect) = match stem.split_once('.') {
            None => (stem, None),
            Some((stem, database)) => (stem, Some(known(file, database)?)),
        };
        match stem.split_once('_') {
            Some((revision, name)) if is_revision(revision) && is_name(name) => {
                Ok(Some(FileName { file, revision, name, dialect }))
            }
            _ => Err(argument(format!("`{file}` is no name of a revision")).hint(
                "it begins with 14 digits, the time in UTC, as `20261123164002_add_email.sql`; `generate` makes one",
            )),
        }
    }

    /// Returns how well it fits a database: not at all, or the greater the better.
    fn fits(&self, dialect: Dialect) -> Option<u8> {
        self.dialect.map_or(Some(0), |own| fits(own, dialect))
    }
}

/// Returns how well what is for one database fits another.
fn fits(own: Dialect, dialect: Dialect) -> Option<u8> {
    match (own, dialect) {
        (Dialect::MySql, Dialect::MariaDb) => Some(1),
        _ => (own == dialect).then_some(2),
    }
}

/// Reads the name of the database that a file is for.
fn known(file: &str, database: &str) -> Result<Dialect> {
    match database {
        "sqlite" => Ok(Dialect::Sqlite),
        "postgresql" | "postgres" => Ok(Dialect::Postgres),
        "mysql" => Ok(Dialect::MySql),
        "mariadb" => Ok(Dialect::MariaDb),
        _ => Err(argument(format!("`{file}` is for the database `{database}`, which is unknown"))
            .hint("there are `sqlite`, `postgresql`, `mysql` and `mariadb`")),
    }
}

/// Refuses a file that says, above its sections, that it is for another database: `-- database: sqlite`.
fn check_database(name: &FileName<'_>, text: &str, dialect: Dialect) -> Result<()> {
    let comments = text.lines().map(str::trim).take_while(|line| line.is_empty() || line.starts_with("--"));
    let above = comments.take_while(|line| !matches!(Marker::of(line), Some(Marker::Upgrade | Marker::Downgrade)));
    for line in above {
        let words = line.trim_start_matches('-').trim().to_ascii_lowercase();
        let Some(database) = words.strip_prefix(DATABASE).map(str::trim) else { continue };
        let (FileName { file, revision, name, .. }, own) = (name, known(name.file, database)?);
        if fits(own, dialect).is_none() {
            let message =
                format!("`{file}` is for {own}, as its line `-- {DATABASE} {database}` says, and not for {dialect}");
            return Err(argument(message).hint(format!(
                "call it `{revision}_{name}.{database}.sql`, and write what {dialect} needs beside it, as \
                 `{revision}_{name}.{dialect}.sql`; or take the line out, if the statements are right for both"
            )));
        }
    }
    Ok(())
}

/// What stands before the database's name, in the first lines of a file.
pub(crate) const DATABASE: &str = "database:";

fn is_revision(text: &str) -> bool {
    text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns whether a revision may be called so: its file can then be on every system, and its row be written as it is.
pub(crate) fn is_name(text: &str) -> bool {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    !text.is_empty() && text.len() <= 200 && text.bytes().all(is_of_name)
}

/// Reads the revisions that a database has, in order, of files by name and text.
pub(crate) fn revisions<'f>(
    files: impl IntoIterator<Item = (&'f str, &'f str)>,
    dialect: Dialect,
) -> Result<Vec<Revision>> {
    let mut all: Vec<(FileName<'_>, &str)> = Vec::new();
    for (file, text) in files {
        if let Some(name) = FileName::parse(file)? {
            let known = all.iter().find(|(known, _)| known.revision == name.revision && known.name != name.name);
            if let Some((known, _)) = known {
                let message = format!("`{}` and `{file}` have the same revision", known.file);
                return Err(argument(message).hint("give one of them another time, with its file's name"));
            }
            all.push((name, text));
        }
    }
    all.sort_by_key(|(name, _)| (name.revision, std::cmp::Reverse(name.fits(dialect))));
    all.retain(|(name, _)| name.fits(dialect).is_some());
    all.dedup_by_key(|(name, _)| name.revision);
    all.into_iter().map(|(name, text)| Revision::parse(&name, text, dialect)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Revision> {
        let name = FileName::parse("20261123164002_add_email.sql")?.unwrap();
        Revision::parse(&name, text, Dialect::Sqlite)
    }

    #[test]
    fn a_file_has_sections() {
        let revision = parse("-- adds it\n-- upgrade\nA; B;\n-- downgrade\n-- no transaction\nC;").unwrap();
        let texts = |section: &Section| section.statements.iter().map(|of| of.text.clone()).collect::<Vec<_>>();
        assert_eq!(texts(&revision.upgrade), ["A", "B"]);
        assert!(!revision.upgrade.is_without_transaction);
        let downgrade = revision.downgrade.unwrap();
        assert_eq!(texts(&downgrade), ["C"]);
        assert!(downgrade.is_without_transaction);
        assert!(!parse("-- upgrade\nA").unwrap().is_reversible());
        // Before the sections it is said of both.
        let both = parse("-- no transaction\n-- upgrade\nA;\n-- downgrade\n").unwrap();
        assert!(both.upgrade.is_without_transaction && both.downgrade.unwrap().is_without_transaction);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_with_its_line() {
        let told = |text: &str| parse(text).unwrap_err().message().to_owned();
        assert_eq!(
            told("SELECT 1"),
            "`20261123164002_add_email.sql`, line 1: a statement before the line `-- upgrade`"
        );
        assert_eq!(told("-- nothing"), "`20261123164002_add_email.sql` has no line `-- upgrade`");
        assert_eq!(
            told("-- upgrade\n-- upgrade"),
            "`20261123164002_add_email.sql`, line 2: a second line `-- upgrade`"
        );
        assert_eq!(told("-- upgrade\nSELECT '"), "`20261123164002_add_email.sql`, line 2: the quote `'` does not end");
        assert_eq!(
            told("-- upgrade\nSELECT 1;\nCOMMIT"),
            "`20261123164002_add_email.sql`, line 3: `COMMIT` within the transaction in which the revision runs"
        );
        assert!(parse("-- upgrade\nSAVEPOINT a; ROLLBACK TO a").is_ok());
        assert!(parse("-- upgrade\n-- no transaction\nBEGIN; COMMIT").is_ok());
    }

    #[test]
    fn a_file_of_one_database_goes_before_the_general_one() {
        let files = [
            ("README.md", "-"),
            ("20260102000000_b.sql", "-- upgrade\ngeneral"),
            ("20260102000000_b.mysql.sql", "-- upgrade\nmysql"),
            ("20260102000000_b.mariadb.sql", "-- upgrade\nmariadb"),
            ("20260101000000_a.mysql.sql", "-- upgrade\nmysql"),
            ("20260103000000_c.postgresql.sql", "-- upgrade\npostgresql"),
        ];
        let of = |dialect| {
            let revisions = revisions(files, dialect).unwrap();
            revisions.iter().map(|of| format!("{} {}", of.name, of.upgrade.statements[0].text)).collect::<Vec<_>>()
        };
        assert_eq!(of(Dialect::Sqlite), ["b general"]);
        assert_eq!(of(Dialect::Postgres), ["b general", "c postgresql"]);
        assert_eq!(of(Dialect::MySql), ["a mysql", "b mysql"]);
        assert_eq!(of(Dialect::MariaDb), ["a mysql", "b mariadb"]);
    }

    #[test]
    fn wrong_names_are_refused() {
        let told = |files: &[&'static str]| {
            let files = files.iter().map(|file| (*file, "-- upgrade"));
            revisions(files, Dialect::Sqlite).unwrap_err().message().to_owned()
        };
        assert_eq!(told(&["add_email.sql"]), "`add_email.sql` is no name of a revision");
        assert_eq!(told(&["2026_add_email.sql"]), "`2026_add_email.sql` is no name of a revision");
        assert_eq!(told(&["20260101000000_.sql"]), "`20260101000000_.sql` is no name of a revision");
        assert_eq!(told(&["20260101000000_a b.sql"]), "`20260101000000_a b.sql` is no name of a revision");
        assert_eq!(
            told(&["20260101000000_a.oracle.sql"]),
            "`20260101000000_a.oracle.sql` is for the database `oracle`, which is unknown"
        );
        assert_eq!(
            told(&["20260101000000_a.sql", "20260101000000_b.sqlite.sql"]),
            "`20260101000000_a.sql` and `20260101000000_b.sqlite.sql` have the same revision"
        );
    }
}
