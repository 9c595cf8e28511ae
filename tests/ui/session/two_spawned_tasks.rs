//! One session is in one task.
use orm::prelude::*;

async fn case(mut session: Session) {
    let first = tokio::spawn(async move { session.commit().await });
    let second = tokio::spawn(async move { session.commit().await });
    let _ = (first.await, second.await);
}

fn main() {}
