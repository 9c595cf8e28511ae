//! A transaction may be run again, so its closure does not own what it captured.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

async fn case(engine: Engine, user: User) -> Result<(), Error> {
    engine
        .transaction(async move |session| {
            session.add(user.clone());
            session.flush().await
        })
        .await
}

fn main() {}
