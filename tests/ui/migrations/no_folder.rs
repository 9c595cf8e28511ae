//! A folder of migrations that is not there.

use orm::migrate::Migrations;

static MIGRATIONS: Migrations = orm::migrations!("no/such/folder");

fn main() {
    let _ = &MIGRATIONS;
}
