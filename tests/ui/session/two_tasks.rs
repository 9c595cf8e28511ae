//! One session does one thing at a time.
#[path = "../models.rs"]
mod models;

use models::*;
use orm::prelude::*;

async fn case(session: &mut Session) {
    let (first, second) = (session.query(User).all(), session.query(Address).all());
    let _ = (first.await, second.await);
}

fn main() {}
