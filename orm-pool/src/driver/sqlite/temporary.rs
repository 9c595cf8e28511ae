//! A database that several connections share and nobody keeps: what an engine means by a database in memory.
//!
//! A literal `:memory:` belongs to one connection, and SQLite's shared cache locks whole tables against readers. A file
//! in memory-backed storage has neither trouble: in WAL mode readers go on while a transaction writes.

use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use super::Options;
use crate::{Error, ErrorKind};

/// A private directory with one database file in it. Dropping it removes both.
#[derive(Debug)]
pub struct TemporaryDatabase {
    directory: PathBuf,
}

impl TemporaryDatabase {
    /// Makes the directory, in `/dev/shm` where there is one, else where temporary files go.
    ///
    /// # Errors
    ///
    /// Fails when no directory can be made.
    pub fn new() -> Result<Self, Error> {
        let places = [PathBuf::from("/dev/shm"), std::env::temp_dir()];
        let [first, second] = &places;
        let directory = make_directory(first).or_else(|_| make_directory(second)).map_err(|error| {
            let place = second.display();
            Error::with_source(
                ErrorKind::Connect,
                format!("no temporary database could be made in `{place}`: {error}"),
                error,
            )
        })?;
        Ok(TemporaryDatabase { directory })
    }

    /// Returns the options that open it: WAL, and no waiting for the disk, since nothing is to survive.
    pub fn options(&self) -> Options {
        Options { synchronous: Some("OFF".into()), ..Options::file(self.path()) }
    }

    /// Returns where the database file is.
    pub fn path(&self) -> PathBuf {
        self.directory.join("temporary.db")
    }
}

impl Drop for TemporaryDatabase {
    fn drop(&mut self) {
        // Nobody is left to be told, and what stays behind lies where temporary files are cleared.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Makes a directory that did not exist and that only this user may enter.
fn make_directory(place: &Path) -> io::Result<PathBuf> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    if !place.is_dir() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    loop {
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        // A process that died may have had our number and left its directory behind.
        let nanos = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |now| now.subsec_nanos());
        let directory = place.join(format!("orm-{}-{count}-{nanos:08x}", std::process::id()));
        match builder.create(&directory) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => return result.map(|()| directory),
        }
    }
}
