//! The command line of migrations, with the program's own models:
//! `DATABASE_URL=sqlite:///shop.db cargo run --features migrate --example migrate upgrade`.

use orm::migrate::{self, Migrations};
use orm::prelude::*;

static MIGRATIONS: Migrations = orm::migrations!("examples/migrations");

/// What `check` and `generate` compare the database with.
#[derive(Clone, Debug, Model)]
#[orm(table = "users")]
struct User {
    #[orm(primary_key, autoincrement = false)]
    id: i32,
    #[orm(length = 50)]
    name: String,
    email: Option<String>,
}

fn main() -> std::process::ExitCode {
    migrate::run(&MIGRATIONS, MetaData::global())
}
