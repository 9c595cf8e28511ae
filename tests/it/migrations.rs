//! Revisions applied to a database and taken back: `orm::migrate`.

mod applied;
mod commands;
mod failed;
mod generated;
mod rivals;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use orm::migrate::Migrations;
use orm::prelude::*;

/// A folder of revisions that goes with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("orm_migrations_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// Writes a file, whose number has so many days.
    fn write(&self, day: u32, name: &str, text: &str) -> &Self {
        std::fs::write(self.0.join(format!("202601{day:02}000000_{name}")), text).unwrap();
        self
    }

    fn remove(&self, day: u32, name: &str) {
        std::fs::remove_file(self.0.join(format!("202601{day:02}000000_{name}"))).unwrap();
    }

    pub(crate) fn migrations(&self) -> Migrations {
        Migrations::read(&self.0).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Users, then their emails, then pets.
fn three() -> Folder {
    let folder = Folder::new();
    folder
        .write(1, "users.sql", "-- upgrade\nCREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(50));\n-- downgrade\nDROP TABLE users;\n")
        .write(2, "email.sql", "-- upgrade\nALTER TABLE users ADD COLUMN email VARCHAR(50);\n-- downgrade\nALTER TABLE users DROP COLUMN email;\n")
        .write(3, "pets.sql", "-- upgrade\nCREATE TABLE pets (id INTEGER NOT NULL PRIMARY KEY);\nINSERT INTO pets VALUES (1);\n-- downgrade\nDROP TABLE pets;\n");
    folder
}

/// The tables of a database with their columns, as `users(id name)`.
async fn tables(engine: &Engine) -> Vec<String> {
    let tables = MetaData::reflect(engine).await.unwrap().tables().unwrap();
    let shown = tables.iter().filter(|table| !table.name.ends_with("migrations")).map(|table| {
        let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        format!("{}({})", table.name, columns.join(" "))
    });
    shown.collect()
}

/// Which revisions a database has, by name.
async fn applied(engine: &Engine) -> Vec<String> {
    text("SELECT name FROM orm_migrations ORDER BY revision").columns::<String>().all(engine).await.unwrap()
}

fn names(revisions: &[orm::migrate::Revision]) -> Vec<&str> {
    revisions.iter().map(|revision| revision.name.as_str()).collect()
}
