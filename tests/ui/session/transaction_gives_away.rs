//! A transaction may be run again, so its closure keeps what it captured.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

async fn case(engine: Engine, user: User) -> Result<(), Error> {
    engine
        .transaction(async |session| {
            session.add(user);
            session.flush().await
        })
        .await
}

fn main() {}
