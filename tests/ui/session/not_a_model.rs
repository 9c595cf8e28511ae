//! What is asked for is a model.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

async fn case(session: &mut Session) -> Result<(), Error> {
    session.get(User.name, 5).await?;
    Ok(())
}

fn main() {}
