//! MySQL and MariaDB: the keys of their clients by name; any other is a variable of the session.

use orm_pool::driver::mysql::Options;

use super::{seconds, wrong};
use crate::engine::Url;
use crate::error::Result;

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
        "ssl_mode" => options.ssl_mode = Some(value.to_owned()),
        "ssl_ca" => options.ssl_ca = Some(value.into()),
        "ssl_cert" => options.ssl_cert = Some(value.into()),
        "ssl_key" => options.ssl_key = Some(value.into()),
        "collation" => options.collation = Some(value.to_owned()),
        "sql_mode" => options.sql_mode = Some(value.to_owned()),
        "connect_timeout" => options.connect_timeout = seconds(key, value)?,
        "statement_cache" => match value.parse() {
            Ok(statements) => options.statement_cache = statements,
            Err(_) => return Err(wrong(key, value, "a number of statements")),
        },
        _ => options.parameters.push((key.to_owned(), value.to_owned())),
    }
    Ok(())
}
