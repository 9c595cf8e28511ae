//! Has the server stop what nobody waits for any more.
//!
//! In: the number of the thread that works for a connection, which the server tells when it is opened. Out: nothing; what
//! cannot be stopped goes on.

use std::sync::Arc;

use sqlx::{Connection as _, Executor as _};

use super::{Options, Query, error, open};
use crate::driver::ask_to_stop;

/// The server's side of a connection.
#[derive(Clone)]
pub(super) struct Thread {
    options: Arc<Options>,
    number: u64,
}

impl Thread {
    pub(super) fn new(number: u64, options: &Options) -> Self {
        Thread { options: Arc::new(options.clone()), number }
    }

    /// Has it end the connection, and what is open in it.
    pub(super) async fn kill(&self) {
        self.ask("KILL").await;
    }

    /// Has it break off the query that it works on.
    pub(super) async fn stop(self) {
        self.ask("KILL QUERY").await;
    }

    async fn ask(&self, command: &str) {
        let asking = async {
            let mut connection = open::connect(&self.options).await?;
            let sql = format!("{command} {}", self.number).into();
            connection.execute(Query { sql, arguments: None }).await.map_err(error::from)?;
            connection.close().await.map_err(error::from)
        };
        ask_to_stop(asking).await;
    }
}
