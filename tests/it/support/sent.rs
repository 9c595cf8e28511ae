//! What an engine sends, with the words that begin and end transactions.

use std::sync::{Arc, Mutex};

use orm::StatementEvent;
use orm::prelude::*;

use super::User;

/// The first words of the statements that an engine has sent.
#[derive(Clone, Default)]
pub(crate) struct Sent(Arc<Mutex<Vec<String>>>);

impl Sent {
    pub(crate) fn listener(&self) -> impl Fn(&StatementEvent<'_>) + Send + Sync + 'static {
        let ears = self.0.clone();
        move |event| ears.lock().unwrap().push(event.sql().split_whitespace().next().unwrap_or_default().to_owned())
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    /// Returns what a session sends that queries once and rolls back.
    pub(crate) async fn by_a_query(&self, engine: &Engine) -> Vec<String> {
        let mut session = Session::new(engine);
        session.query(User).all().await.unwrap();
        session.rollback().await.unwrap();
        self.take()
    }
}
