//! PostgreSQL: libpq's keys by name; any other is a setting of the session, such as `search_path`.

use orm_pool::driver::postgres::Options;

use super::{seconds, wrong};
use crate::engine::Url;
use crate::error::Result;

pub(super) fn options(url: &Url) -> Result<Options> {
    let host = url.host.clone().unwrap_or_else(|| "localhost".to_owned());
    let user = url.user.clone().unwrap_or_else(|| "postgres".to_owned());
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
        "sslmode" => options.ssl_mode = Some(value.to_owned()),
        "sslrootcert" => options.ssl_root_cert = Some(value.into()),
        "sslcert" => options.ssl_cert = Some(value.into()),
        "sslkey" => options.ssl_key = Some(value.into()),
        "application_name" => options.application_name = Some(value.to_owned()),
        "connect_timeout" => options.connect_timeout = seconds(key, value)?,
        "statement_cache" => match value.parse() {
            Ok(statements) => options.statement_cache = statements,
            Err(_) => return Err(wrong(key, value, "a number of statements")),
        },
        "pool_mode" => match value {
            "transaction" => options.transaction_pooler = true,
            "session" => options.transaction_pooler = false,
            _ => return Err(wrong(key, value, "`transaction` or `session`, as the pooler in between has it")),
        },
        _ => options.parameters.push((key.to_owned(), value.to_owned())),
    }
    Ok(())
}
