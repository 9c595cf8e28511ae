//! Files whose names are none of revisions, each of them told. The case is compiled in a folder of its own.

use orm::migrate::Migrations;

static MIGRATIONS: Migrations = orm::migrations!("../../../../tests/ui/migrations/wrong_name");

fn main() {
    let _ = &MIGRATIONS;
}
