//! What reads values takes no session, whose rows are handles.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

async fn names(db: impl Reader) -> Result<Vec<String>, Error> {
    select(User.name).all(db).await
}

async fn case(session: &mut Session) -> Result<(), Error> {
    names(session).await?;
    Ok(())
}

fn main() {}
