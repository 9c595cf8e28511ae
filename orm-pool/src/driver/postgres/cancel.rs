//! Has the server stop what nobody waits for any more.
//!
//! In: the number of the process that works for a connection, which the server tells when it is opened, with what else is asked
//! then. Out: nothing; what
//! cannot be stopped goes on. sqlx keeps the key to itself by which the protocol cancels a statement, so another connection
//! asks for it, as the same role may.

use std::num::ParseIntError;
use std::sync::Arc;

use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Executor as _, Row as _};

use super::{Options, Query, error, open};
use crate::driver::ask_to_stop;

/// The server's side of a connection.
#[derive(Clone)]
pub(super) struct Backend {
    options: Arc<Options>,
    process: i32,
}

/// What a server says of itself when a connection is new.
#[derive(Default)]
pub(super) struct Greeting {
    pub(super) backend: Option<Backend>,
    /// Whether transactions begin at READ COMMITTED unless they say otherwise.
    pub(super) reads_committed: bool,
}

impl Greeting {
    /// Asks who works for a connection, and how; what only speaks like PostgreSQL may not tell.
    pub(super) async fn of(connection: &mut PgConnection, options: &Options) -> Result<Self, sqlx::Error> {
        // As text, which leaves no prepared statement behind.
        let sql = "SELECT pg_backend_pid(), current_setting('default_transaction_isolation')".into();
        let row = match connection.fetch_one(Query { sql, arguments: None, is_kept: false }).await {
            Ok(row) => row,
            Err(sqlx::Error::Database(_)) => return Ok(Greeting::default()),
            Err(error) => return Err(error),
        };
        let process = row.try_get_raw(0)?.as_str().map_err(sqlx::Error::Decode)?.parse();
        let process = process.map_err(|error: ParseIntError| sqlx::Error::Decode(error.into()))?;
        let level = row.try_get_raw(1)?.as_str().map_err(sqlx::Error::Decode)?;
        let backend = Backend { options: Arc::new(options.clone()), process };
        Ok(Greeting { backend: Some(backend), reads_committed: level == "read committed" })
    }
}

impl Backend {
    /// Has it give up the statement that it works on; a server that works on none takes no notice.
    pub(super) async fn cancel(self) {
        self.ask("pg_cancel_backend").await;
    }

    /// Has it end the connection, and what is open in it.
    pub(super) async fn terminate(self) {
        self.ask("pg_terminate_backend").await;
    }

    async fn ask(self, function: &str) {
        let asking = async {
            let mut connection = open::connect(&self.options).await?;
            let sql = format!("SELECT {function}({})", self.process).into();
            connection.execute(Query { sql, arguments: None, is_kept: false }).await.map_err(error::from)?;
            connection.close().await.map_err(error::from)
        };
        ask_to_stop(asking).await;
    }
}
