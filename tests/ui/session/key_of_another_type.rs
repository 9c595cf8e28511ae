//! A key has the type of the model's key.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

async fn case(session: &mut Session) -> Result<(), Error> {
    session.get(User, "ed").await?;
    Ok(())
}

fn main() {}
