//! Migrations for `orm`: revisions on disk, which of them a database has, and the next one from the models.
//!
//! Applications use it as `orm::migrate`, with the feature `migrate`. A revision is a file of plain SQL in a folder,
//! `migrations/20261123164002_add_email.sql`, which begins with the time at which it was written:
//!
//! ```sql
//! -- upgrade
//! ALTER TABLE users ADD COLUMN email TEXT;
//!
//! -- downgrade
//! ALTER TABLE users DROP COLUMN email;
//! ```
//!
//! ```
//! use orm::migrate::Migrations;
//! use orm::prelude::*;
//!
//! static MIGRATIONS: Migrations = orm::migrations!("../examples/migrations"); // compiled in
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! let engine = Engine::new("sqlite::memory:")?;
//! MIGRATIONS.upgrade(&engine).await?;
//! assert!(MIGRATIONS.status(&engine).await?.is_current());
//! # Ok(())
//! # }
//! ```
//!
//! In reading order: [`Migrations`], a folder of [`Revision`]s; what a database has of them, [`Status`]; the command line, [`run`].

mod errors;
mod history;
mod locked;
mod migrations;
mod revision;
mod split;
mod target;

mod apply;
mod generate;
mod offline;
mod status;

mod command;
mod models;

pub use command::{command, run};
pub use migrations::Migrations;
pub use models::models;
pub use revision::Revision;
pub use status::{RevisionState, RevisionStatus, Status};
