//! MySQL and MariaDB: the keys of their clients by name, and the variables of a session that one would set.

use orm_pool::driver::mysql::Options;

use super::{seconds, unknown, wrong};
use crate::engine::Url;
use crate::error::Result;

/// The keys of the connection.
const KEYS: &[&str] = &[
    "socket",
    "ssl_mode",
    "ssl_ca",
    "ssl_cert",
    "ssl_key",
    "charset",
    "client_encoding",
    "collation",
    "sql_mode",
    "connect_timeout",
    "statement_cache",
    "max_allowed_packet",
];

/// The variables of the session that can be set without `session.` in front.
const VARIABLES: &[&str] = &[
    "autocommit",
    "foreign_key_checks",
    "group_concat_max_len",
    "innodb_lock_wait_timeout",
    "interactive_timeout",
    "lock_wait_timeout",
    "max_execution_time",
    "max_statement_time",
    "net_read_timeout",
    "net_write_timeout",
    "optimizer_switch",
    "sql_select_limit",
    "transaction_isolation",
    "tx_isolation",
    "unique_checks",
    "wait_timeout",
];

pub(super) fn options(url: &Url) -> Result<Options> {
    let host = url.host.clone().unwrap_or_else(|| "localhost".to_owned());
    let user = url.user.clone().unwrap_or_else(|| "root".to_owned());
    let mut options = Options::new(host, user);
    options.port = url.port.unwrap_or(options.port);
    options.password.clone_from(&url.password);
    options.database.clone_from(&url.database);
    for (key, value) in &url.query {
        apply(&mut options, key, value)?;
    }
    Ok(options)
}

fn apply(options: &mut Options, key: &str, value: &str) -> Result<()> {
    match key {
        "socket" => options.socket = Some(value.into()),
        "ssl_mode" | "ssl-mode" => options.ssl_mode = Some(value.to_owned()),
        "ssl_ca" | "ssl-ca" => options.ssl_ca = Some(value.into()),
        "ssl_cert" | "ssl-cert" => options.ssl_cert = Some(value.into()),
        "ssl_key" | "ssl-key" => options.ssl_key = Some(value.into()),
        // The driver reads and writes text as UTF-8.
        "charset" | "client_encoding" => match value.to_ascii_lowercase().as_str() {
            "utf8mb4" | "utf8" | "utf-8" => {}
            _ => return Err(wrong(key, value, "`utf8mb4`, in which the driver reads and writes all text")),
        },
        "collation" => options.collation = Some(value.to_owned()),
        "sql_mode" => options.sql_mode = Some(value.to_owned()),
        "connect_timeout" => options.connect_timeout = seconds(key, value)?,
        "statement_cache" => match value.parse() {
            Ok(statements) => options.statement_cache = statements,
            Err(_) => return Err(wrong(key, value, "a number of statements")),
        },
        "max_allowed_packet" => match value.parse() {
            Ok(bytes) if bytes >= 1024 => options.max_allowed_packet = Some(bytes),
            _ => return Err(wrong(key, value, "a number of bytes, 1024 at least")),
        },
        _ => match key.strip_prefix("session.") {
            Some(name) => options.parameters.push((name.to_owned(), value.to_owned())),
            None if VARIABLES.contains(&key) => options.parameters.push((key.to_owned(), value.to_owned())),
            None => {
                let known = [KEYS, VARIABLES].concat();
                return Err(unknown(key, &known, "`session.NAME` for any other variable of the session"));
            }
        },
    }
    Ok(())
}
