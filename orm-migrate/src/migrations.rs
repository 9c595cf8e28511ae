//! Where revisions come from: [`Migrations`], a folder that was read or compiled in.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use orm_core::{Dialect, Result};

use crate::errors::argument;
use crate::history::History;
use crate::revision::{self, Revision};

/// The revisions of a folder, and the table in which a database notes those that it has.
///
/// `orm::migrations!("migrations")` compiles a folder into the program; [`read`](Self::read) reads one.
///
/// ```
/// use orm::migrate::Migrations;
/// use orm::prelude::*;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// # let folder = std::env::temp_dir().join(format!("orm_migrations_{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// std::fs::write(
///     folder.join("20261123164002_add_users.sql"),
///     "-- upgrade\n\
///      CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n\
///      INSERT INTO users (name) VALUES ('ed');\n\
///      -- downgrade\n\
///      DROP TABLE users;\n",
/// ).unwrap();
///
/// let engine = Engine::new("sqlite::memory:")?;
/// let migrations = Migrations::read(&folder)?;
/// let done = migrations.upgrade(&engine).await?;
/// assert_eq!(done[0].to_string(), "20261123164002_add_users");
/// assert!(migrations.upgrade(&engine).await?.is_empty()); // nothing is left to do
///
/// migrations.downgrade(&engine, "base").await?;
/// assert!(text("SELECT * FROM users").execute(&engine).await.is_err());
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Migrations {
    /// As the program was compiled or as it was given.
    folder: Cow<'static, str>,
    files: Files,
    table: Cow<'static, str>,
    schema: Option<String>,
}

/// Files by name and text.
#[derive(Clone, Debug)]
enum Files {
    Embedded(&'static [(&'static str, &'static str)]),
    Read(Arc<[(String, String)]>),
}

impl Migrations {
    /// What the macro makes.
    #[doc(hidden)]
    pub const fn __embedded(folder: &'static str, files: &'static [(&'static str, &'static str)]) -> Self {
        Migrations {
            folder: Cow::Borrowed(folder),
            files: Files::Embedded(files),
            table: Cow::Borrowed("orm_migrations"),
            schema: None,
        }
    }

    /// Reads a folder. What is no `.sql` file is left alone, and so are folders in it.
    ///
    /// # Errors
    ///
    /// Fails when the folder or a file cannot be read. What is wrong with the files is told by [`revisions`](Self::revisions), and by all
    /// that asks for them.
    pub fn read(folder: impl AsRef<Path>) -> Result<Migrations> {
        let folder = folder.as_ref();
        let cannot =
            |what: &Path, error: std::io::Error| argument(format!("`{}` cannot be read: {error}", what.display()));
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(|error| cannot(folder, error))? {
            let path = entry.map_err(|error| cannot(folder, error))?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if path.extension().is_none_or(|extension| extension != "sql") || path.is_dir() {
                continue;
            }
            let text = std::fs::read_to_string(&path).map_err(|error| cannot(&path, error))?;
            files.push((name.to_owned(), text));
        }
        files.sort();
        let folder = folder.display().to_string().into();
        let files = Files::Read(files.into());
        Ok(Migrations { folder, files, table: Cow::Borrowed("orm_migrations"), schema: None })
    }

    /// Names the table in which a database notes the revisions that it has: else it is `orm_migrations`.
    #[must_use]
    pub fn table(self, name: impl Into<String>) -> Self {
        Migrations { table: Cow::Owned(name.into()), ..self }
    }

    /// Names the schema of that table, which has to be there: else it is the default one.
    #[must_use]
    pub fn schema(self, schema: impl Into<String>) -> Self {
        Migrations { schema: Some(schema.into()), ..self }
    }

    /// Returns the revisions of a database, in order. A file of one database goes before the general one; a revision that has
    /// only files of others is none of this one's.
    ///
    /// # Errors
    ///
    /// Fails when a file has a wrong name, or has no `-- upgrade`, or a quote in it does not end; and when two files have the
    /// same revision.
    pub fn revisions(&self, dialect: Dialect) -> Result<Vec<Revision>> {
        match &self.files {
            Files::Embedded(files) => revision::revisions(files.iter().copied(), dialect),
            Files::Read(files) => revision::revisions(files.iter().map(|(name, text)| (&**name, &**text)), dialect),
        }
    }

    /// Returns the folder, as the program was compiled or as it was given.
    pub(crate) fn folder(&self) -> &Path {
        Path::new(&*self.folder)
    }

    /// Returns whether they were compiled in.
    pub(crate) fn is_embedded(&self) -> bool {
        matches!(self.files, Files::Embedded(_))
    }

    /// Returns the same over the folder as it is now.
    pub(crate) fn read_again(&self) -> Result<Migrations> {
        let Migrations { folder, files, .. } = Migrations::read(self.folder())?;
        Ok(Migrations { folder, files, ..self.clone() })
    }

    /// Returns the files, by name and text.
    pub(crate) fn files(&self) -> Vec<(&str, &str)> {
        match &self.files {
            Files::Embedded(files) => files.to_vec(),
            Files::Read(files) => files.iter().map(|(name, text)| (&**name, &**text)).collect(),
        }
    }

    pub(crate) fn history(&self, dialect: Dialect) -> History {
        History { table: self.table.clone().into_owned(), schema: self.schema.clone(), dialect }
    }
}
