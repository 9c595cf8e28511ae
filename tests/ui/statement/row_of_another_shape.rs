//! The rows are not what the annotation says.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

async fn case(engine: &Engine) -> Result<(), Error> {
    let _: Vec<Address> = select(User).all(engine).await?;
    Ok(())
}

fn main() {}
