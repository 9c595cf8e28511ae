//! PostgreSQL: libpq's keys by name, and the settings of a session that one would set.

use std::path::Path;

use orm_pool::driver::postgres::Options;

use super::{seconds, unknown, wrong};
use crate::engine::Url;
use crate::error::{Error, ErrorKind, Result};

/// The keys of the connection.
const KEYS: &[&str] = &[
    "host",
    "port",
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "channel_binding",
    "application_name",
    "client_encoding",
    "connect_timeout",
    "options",
    "pool_mode",
    "statement_cache",
];

/// The settings of the session that can be set without `session.` in front.
const SETTINGS: &[&str] = &[
    "default_transaction_deferrable",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "extra_float_digits",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "jit",
    "lock_timeout",
    "role",
    "search_path",
    "statement_timeout",
    "synchronous_commit",
    "tcp_user_timeout",
    "temp_buffers",
    "work_mem",
];

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
    trust_known_authorities(&mut options)?;
    Ok(options)
}

/// Takes `sslrootcert=system` as libpq does: no file, but the authorities that are known, against which the name is checked too.
fn trust_known_authorities(options: &mut Options) -> Result<()> {
    if options.ssl_root_cert.as_deref() != Some(Path::new("system")) {
        return Ok(());
    }
    options.ssl_root_cert = None;
    match options.ssl_mode.get_or_insert_with(|| "verify-full".to_owned()).as_str() {
        "verify-full" => Ok(()),
        mode => {
            Err(wrong("sslmode", mode, "`verify-full` beside `sslrootcert=system`, whose authorities sign for anybody"))
        }
    }
}

fn apply(options: &mut Options, key: &str, value: &str) -> Result<()> {
    match key {
        // Before the `?` the directory of a socket would have its slashes encoded.
        "host" => options.host = value.to_owned(),
        "port" => options.port = value.parse().map_err(|_| wrong(key, value, "a number up to 65535"))?,
        "sslmode" => options.ssl_mode = Some(value.to_owned()),
        "sslrootcert" => options.ssl_root_cert = Some(value.into()),
        "sslcert" => options.ssl_cert = Some(value.into()),
        "sslkey" => options.ssl_key = Some(value.into()),
        // The driver does not bind the password's proof to the channel.
        "channel_binding" => match value {
            "disable" | "prefer" => {}
            "require" => {
                let message =
                    "`channel_binding=require` in the database URL cannot be fulfilled: the driver binds no channel";
                return Err(Error::new(ErrorKind::Argument, message)
                    .hint("leave it out, and have the server's certificate checked by `sslmode=verify-full`"));
            }
            _ => return Err(wrong(key, value, "`prefer` or `disable`")),
        },
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
        "options" => options.parameters.extend(switches(value)?),
        // The driver reads and writes text as UTF-8, and takes no other word.
        "client_encoding" => options.parameters.push((key.to_owned(), value.to_owned())),
        _ => match key.strip_prefix("session.") {
            Some(name) => options.parameters.push((name.to_owned(), value.to_owned())),
            // A setting of the application's own has a dot in its name.
            None if SETTINGS.contains(&key) || key.contains('.') => {
                options.parameters.push((key.to_owned(), value.to_owned()));
            }
            None => {
                let known = [KEYS, SETTINGS].concat();
                return Err(unknown(key, &known, "`session.NAME` for any other setting of the session"));
            }
        },
    }
    Ok(())
}

/// Reads libpq's `options`: `-c name=value` or `--name=value`, one after the other; a backslash keeps a space.
fn switches(text: &str) -> Result<Vec<(String, String)>> {
    let mut words = vec![String::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, words.last_mut()) {
            ('\\', Some(word)) => word.extend(characters.next()),
            (space, _) if space.is_whitespace() => words.push(String::new()),
            (other, Some(word)) => word.push(other),
            (_, None) => {}
        }
    }
    let mut words = words.into_iter().filter(|word| !word.is_empty());
    let mut settings = Vec::new();
    while let Some(word) = words.next() {
        let setting = match word.strip_prefix("--").or_else(|| word.strip_prefix("-c")) {
            Some("") => words.next(),
            Some(setting) => Some(setting.to_owned()),
            None => None,
        };
        match setting.as_deref().and_then(|setting| setting.split_once('=')) {
            Some((name, value)) => settings.push((name.replace('-', "_"), value.to_owned())),
            None => {
                let message = format!("`options={text}` in the database URL makes no sense");
                return Err(Error::new(ErrorKind::Argument, message).hint("write `-c name=value`, as often as needed"));
            }
        }
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_are_those_of_libpq() {
        let pairs = switches("-c work_mem=8MB  --lock-timeout=5s -cname=a\\ b").unwrap();
        let own = |pair: (&str, &str)| (pair.0.to_owned(), pair.1.to_owned());
        assert_eq!(pairs, [("work_mem", "8MB"), ("lock_timeout", "5s"), ("name", "a b")].map(own));
        assert!(switches("-x 1").is_err() && switches("-c").is_err() && switches("-c a").is_err());
    }
}
