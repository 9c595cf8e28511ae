//! The next revision, from what differs between the models and a database: `generate`.
//!
//! In: metadata, and a database that has all revisions. Out: files.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use orm_core::__private::script::{Place, Script, Step, there_and_back};
use orm_core::{Dialect, Engine, MetaData, Result};

use crate::errors::{Told, argument, configuration, invalid_request};
use crate::migrations::Migrations;
use crate::revision::{DATABASE, FileName, Revision, is_name};
use crate::split::Marker;

impl Migrations {
    /// Writes the revision that leads from the database to the metadata, and back, into the folder, and returns its path; none
    /// where nothing differs.
    ///
    /// It is a draft, in the words of this database, to be read before it is committed: what loses data is marked in it, and a column
    /// that has got another name is dropped and added, since nothing tells that. What cannot be done in one transaction becomes
    /// several revisions: an index that is created concurrently, and labels of PostgreSQL that are used at once. Its first line names
    /// the database, `-- database: sqlite`, and another one refuses it.
    ///
    /// ```
    /// use orm::migrate::Migrations;
    /// use orm::prelude::*;
    ///
    /// #[derive(Clone, Debug, Model)]
    /// #[orm(table = "users", metadata = none)]
    /// struct User {
    ///     #[orm(primary_key)]
    ///     id: i64,
    ///     name: String,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # let folder = std::env::temp_dir().join(format!("orm_generate_{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// let engine = Engine::new("sqlite::memory:")?;
    /// let files = Migrations::read(&folder)?.generate(&engine, &metadata![User], "create_users").await?;
    /// assert!(std::fs::read_to_string(&files[0]).unwrap().contains("CREATE TABLE users"));
    ///
    /// let migrations = Migrations::read(&folder)?;
    /// migrations.upgrade(&engine).await?;
    /// migrations.check(&engine, &metadata![User]).await?;
    /// assert!(migrations.generate(&engine, &metadata![User], "nothing").await?.is_empty());
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails when the database does not have all revisions of the folder, or has others; when the folder is not there, as where a
    /// program with embedded revisions runs elsewhere; when the name is no name of a file; and as [`MetaData::diff`] does.
    pub fn generate(
        &self,
        engine: &Engine,
        metadata: &MetaData,
        name: &str,
    ) -> impl Future<Output = Result<Vec<PathBuf>>> + Send {
        let (engine, metadata, name) = (engine.clone(), metadata.clone(), name.to_owned());
        async move {
            check_name(&name)?;
            let migrations = self.of_now()?;
            let status = migrations.status(&engine).await?;
            if let Some(of) = status.pending().next() {
                return Err(invalid_request(format!("the database does not have all revisions: {of}"))
                    .hint("`upgrade` it before, so that what differs is what the models have more"));
            }
            if let Some(of) = status.unknown().next() {
                return Err(invalid_request(format!("the database has a revision of which there is no file: {of}"))
                    .hint("get the file, or `downgrade` with the program that has it"));
            }
            let pairs = there_and_back(&engine, &metadata).await?;
            let last = pairs.len().saturating_sub(1);
            let drafts = pairs.into_iter().enumerate().flat_map(|(position, (there, back))| {
                // Only labels come before the last.
                let name = if position < last { format!("{name}_labels") } else { name.clone() };
                drafts(there, back, &name)
            });
            let drafts: Vec<Draft> = drafts.collect();
            let dialect = engine.dialect();
            let revisions = migrations.next_revisions(drafts.len())?;
            // A folder with files of one database each gets another such.
            let has_databases = names(&migrations.files()).any(|of| of.dialect.is_some());
            let (header, ending) = match has_databases {
                true => (String::new(), format!(".{dialect}")),
                false => (format!("-- {DATABASE} {dialect}\n\n"), String::new()),
            };
            let mut files = Vec::new();
            for (draft, revision) in drafts.iter().zip(revisions) {
                let text = format!("{header}{}", draft.text());
                let file = format!("{revision}_{}{ending}.sql", draft.name);
                draft.verify(&file, &text, dialect)?;
                files.push((migrations.folder().join(file), text));
            }
            for (path, text) in &files {
                write(path, text)?;
            }
            Ok(files.into_iter().map(|(path, _)| path).collect())
        }
    }

    /// Writes a revision that does nothing yet into the folder, and returns its path.
    ///
    /// # Errors
    ///
    /// Fails when the folder is not there, and when the name is no name of a file.
    pub fn generate_empty(&self, name: &str) -> Result<PathBuf> {
        check_name(name)?;
        let migrations = self.of_now()?;
        let revisions = migrations.next_revisions(1)?;
        let path = migrations.folder().join(format!("{}_{name}.sql", revisions[0]));
        write(&path, "-- upgrade\n\n-- downgrade\n")?;
        Ok(path)
    }

    /// Returns the same with the files that the folder has now.
    fn of_now(&self) -> Result<Migrations> {
        self.read_again().map_err(|error| match self.is_embedded() {
            true => error.hint("files are written where the program was compiled: run it there, or make the folder"),
            false => error,
        })
    }

    /// Returns numbers for new revisions: the time, behind all that there are.
    fn next_revisions(&self, count: usize) -> Result<Vec<String>> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let last = names(&self.files()).map(|of| of.revision.to_owned()).max().unwrap_or_default();
        let mut next = now;
        let mut revisions = Vec::new();
        // A clock that is behind: a number that is no time, but behind the last.
        if moment(now) <= last {
            let last: u64 = last.parse().unwrap_or_default();
            revisions.extend((1..=count as u64).map(|step| format!("{:014}", last + step)));
            let is_full = revisions.iter().any(|revision| revision.len() > 14);
            return if is_full {
                Err(configuration("there is no number behind that of the last revision"))
            } else {
                Ok(revisions)
            };
        }
        while revisions.len() < count {
            revisions.push(moment(next));
            next += 1;
        }
        Ok(revisions)
    }
}

fn check_name(name: &str) -> Result<()> {
    if is_name(name) {
        return Ok(());
    }
    let message = format!("`{name}` is no name of a revision");
    Err(argument(message).hint("write letters, digits, `_` and `-`, as in `add_email`"))
}

fn write(path: &std::path::Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(|error| argument(format!("`{}` cannot be written: {error}", path.display())))
}

/// Returns a moment, in seconds since 1970, as 14 digits.
fn moment(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // The days since 0000-03-01, in years that end in February, after Howard Hinnant's `civil_from_days`.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, is_next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = year + era * 400 + is_next_year;
    format!("{year:04}{month:02}{day:02}{:02}{:02}{:02}", second / 3_600, second / 60 % 60, second % 60)
}

/// A file to be.
struct Draft {
    name: String,
    is_without_transaction: bool,
    upgrade: Half,
    downgrade: Half,
    hints: Vec<String>,
}

/// One of its sections.
struct Half {
    steps: Vec<Step>,
    is_without_foreign_keys: bool,
}

/// Cuts what is to be done in two where something of it cannot be in a transaction.
fn drafts(there: Script, back: Script, name: &str) -> Vec<Draft> {
    let hints: Vec<String> = there.hints.iter().map(|hint| hint.to_string()).collect();
    let half = |steps, is_without_foreign_keys| Half { steps, is_without_foreign_keys };
    let (within, after): (Vec<Step>, Vec<Step>) = there.steps.into_iter().partition(|step| step.place == Place::Within);
    // On the way back one transaction does it all: an index may as well be created otherwise.
    let back_steps = back.steps.into_iter().map(not_concurrent);
    let is_of_after = |step: &Step| step.index.is_some() && after.iter().any(|made| made.index == step.index);
    let (mut of_after, mut of_within): (Vec<Step>, Vec<Step>) = back_steps.partition(is_of_after);
    if within.is_empty() {
        of_after.append(&mut of_within);
    }
    let mut drafts = Vec::new();
    let is_first = !within.is_empty();
    let last = if is_first { format!("{name}_indexes") } else { name.to_owned() };
    if is_first {
        drafts.push(Draft {
            name: name.to_owned(),
            is_without_transaction: false,
            upgrade: half(within, there.is_without_foreign_keys),
            downgrade: half(of_within, back.is_without_foreign_keys),
            hints,
        });
    }
    if !after.is_empty() {
        let (upgrade, downgrade) = (half(after, false), half(of_after, false));
        drafts.push(Draft { name: last, is_without_transaction: true, upgrade, downgrade, hints: Vec::new() });
    }
    drafts
}

/// Returns what the names of files say.
fn names<'f>(files: &[(&'f str, &'f str)]) -> impl Iterator<Item = FileName<'f>> {
    files.iter().filter_map(|(file, _)| FileName::parse(file).ok().flatten())
}

/// Creates an index within a transaction.
fn not_concurrent(mut step: Step) -> Step {
    if step.place == Place::After {
        for statement in &mut step.statements {
            *statement = statement.replacen(" CONCURRENTLY", "", 1);
        }
    }
    step
}

impl Draft {
    fn text(&self) -> String {
        let mut text = String::new();
        for (marker, half) in [(Marker::Upgrade, &self.upgrade), (Marker::Downgrade, &self.downgrade)] {
            if !text.is_empty() {
                text.push('\n');
            }
            line(&mut text, marker.words());
            if self.is_without_transaction {
                line(&mut text, Marker::NoTransaction.words());
            }
            if half.is_without_foreign_keys {
                line(&mut text, Marker::ForeignKeysOff.words());
            }
            if marker == Marker::Upgrade && !self.hints.is_empty() {
                text.push('\n');
                self.hints.iter().for_each(|hint| line(&mut text, &format!("{hint}: then rename it instead")));
            }
            for step in &half.steps {
                text.push('\n');
                step.words.iter().for_each(|words| line(&mut text, words));
                for statement in &step.statements {
                    text.push_str(statement.trim().trim_end_matches(';'));
                    text.push_str(";\n");
                }
            }
        }
        text
    }

    /// Sees that the file is read as it was meant.
    fn verify(&self, file: &str, text: &str, dialect: Dialect) -> Result<()> {
        let Some(name) = FileName::parse(file)? else { return Ok(()) };
        let read = Revision::parse(&name, text, dialect)?;
        let trimmed = |half: &Half| {
            let statements = half.steps.iter().flat_map(|step| &step.statements);
            statements.map(|statement| statement.trim().trim_end_matches(';').to_owned()).collect::<Vec<_>>()
        };
        let texts = |section: &crate::revision::Section| {
            section.statements.iter().map(|of| of.text.clone()).collect::<Vec<_>>()
        };
        let is_same = texts(&read.upgrade) == trimmed(&self.upgrade)
            && read.downgrade.as_ref().map(texts) == Some(trimmed(&self.downgrade));
        if is_same {
            return Ok(());
        }
        Err(configuration(format!(
            "what differs cannot be written as a file: its statements would be read otherwise\n{text}"
        ))
        .hint("write the file by hand, as `generate --empty` begins it"))
    }
}

/// Adds a comment, on as many lines as it has.
fn line(text: &mut String, words: &str) {
    for line in words.lines() {
        text.push_str("-- ");
        text.push_str(line);
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_14_digits() {
        assert_eq!(moment(0), "19700101000000");
        assert_eq!(moment(951_782_399), "20000228235959");
        assert_eq!(moment(951_782_400), "20000229000000");
        assert_eq!(moment(1_709_251_199), "20240229235959");
        assert_eq!(moment(1_709_251_200), "20240301000000");
        assert_eq!(moment(1_795_451_402), "20261123163002");
        assert_eq!(moment(4_102_444_799), "20991231235959");
    }
}
