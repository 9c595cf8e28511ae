//! Settings of an engine as words, from a file or the environment: SQLAlchemy's `engine_from_config`.

use std::time::Duration;

use orm_pool::pool::ResetOnReturn;

use super::{EngineBuilder, IsolationLevel, PoolClass};
use crate::compile::Lint;
use crate::error::{Error, ErrorKind, Result};

/// One setting: its name, what it takes, and how it is applied.
struct Setting {
    name: &'static str,
    expected: &'static str,
    apply: fn(EngineBuilder, &str) -> Option<EngineBuilder>,
}

/// The settings, by the names of the builder's methods and of SQLAlchemy's keywords.
const SETTINGS: &[Setting] = &[
    Setting { name: "echo", expected: "`true` or `false`", apply: |it, word| Some(it.echo(truth(word)?)) },
    Setting {
        name: "hide_parameters",
        expected: "`true` or `false`",
        apply: |it, word| Some(it.hide_parameters(truth(word)?)),
    },
    Setting {
        name: "enable_from_linting",
        expected: "`true`, `false` or `deny`",
        apply: |it, word| match word {
            "deny" => Some(it.from_linting(Lint::Deny)),
            _ => Some(it.enable_from_linting(truth(word)?)),
        },
    },
    Setting {
        name: "pool_size",
        expected: "a number of connections",
        apply: |it, word| Some(it.pool_size(word.parse().ok()?)),
    },
    Setting {
        name: "max_overflow",
        expected: "a number of connections, or `-1` for no limit",
        apply: |it, word| match word {
            "-1" => Some(it.unlimited_overflow()),
            _ => Some(it.max_overflow(word.parse().ok()?)),
        },
    },
    Setting {
        name: "pool_timeout",
        expected: "a number of seconds",
        apply: |it, word| Some(it.pool_timeout(seconds(word)?)),
    },
    Setting {
        name: "pool_recycle",
        expected: "a number of seconds, or `-1` for never",
        apply: |it, word| match word {
            "-1" => Some(it),
            _ => Some(it.pool_recycle(seconds(word)?)),
        },
    },
    Setting {
        name: "pool_pre_ping",
        expected: "`true` or `false`",
        apply: |it, word| Some(it.pool_pre_ping(truth(word)?)),
    },
    Setting {
        name: "pool_use_lifo",
        expected: "`true` or `false`",
        apply: |it, word| Some(it.pool_use_lifo(truth(word)?)),
    },
    Setting { name: "pool_trace", expected: "`true` or `false`", apply: |it, word| Some(it.pool_trace(truth(word)?)) },
    Setting {
        name: "pool_class",
        expected: "`queue`, `null`, `static`, `singleton` or `assertion`",
        apply: |it, word| Some(it.pool_class(pool_class(word)?)),
    },
    Setting {
        name: "pool_reset_on_return",
        expected: "`rollback`, `commit` or `none`",
        apply: |it, word| {
            let reset = match word {
                "rollback" | "true" => ResetOnReturn::Rollback,
                "commit" => ResetOnReturn::Commit,
                "none" | "false" => ResetOnReturn::None,
                _ => return None,
            };
            Some(it.pool_reset_on_return(reset))
        },
    },
    Setting {
        name: "isolation_level",
        expected: "the name of an isolation level, such as `REPEATABLE READ` or `AUTOCOMMIT`",
        apply: |it, word| Some(it.isolation_level(IsolationLevel::from_words(word)?)),
    },
    Setting { name: "lazy_begin", expected: "`true` or `false`", apply: |it, word| Some(it.lazy_begin(truth(word)?)) },
    Setting {
        name: "test_transaction",
        expected: "`true` or `false`",
        apply: |it, word| Some(it.test_transaction(truth(word)?)),
    },
    Setting {
        name: "query_cache_size",
        expected: "a number of statements",
        apply: |it, word| Some(it.query_cache_size(word.parse().ok()?)),
    },
];

/// Names of SQLAlchemy's that are written in another way here.
const SYNONYMS: &[(&str, &str)] = &[("poolclass", "pool_class"), ("from_linting", "enable_from_linting")];

/// Makes the settings of an engine from words; keys without the prefix are somebody else's.
pub(super) fn read<K: AsRef<str>, V: AsRef<str>>(
    config: impl IntoIterator<Item = (K, V)>,
    prefix: &str,
) -> Result<EngineBuilder> {
    let mut url = None;
    let mut given = Vec::new();
    for (key, value) in config {
        let Some(name) = key.as_ref().strip_prefix(prefix) else { continue };
        match name {
            "url" => url = Some(value.as_ref().trim().to_owned()),
            _ => given.push((name.to_owned(), value.as_ref().trim().to_owned())),
        }
    }
    let Some(url) = url else {
        let message = format!("the configuration has no `{prefix}url`");
        return Err(Error::new(ErrorKind::Argument, message));
    };
    given.into_iter().try_fold(EngineBuilder::new(&url), |builder, (name, value)| apply(builder, prefix, &name, &value))
}

fn apply(builder: EngineBuilder, prefix: &str, name: &str, value: &str) -> Result<EngineBuilder> {
    if let Some(key) = name.strip_prefix("connect_args.") {
        return Ok(builder.connect_arg(key, value));
    }
    let own = SYNONYMS.iter().find(|(other, _)| *other == name).map_or(name, |(_, own)| own);
    let Some(setting) = SETTINGS.iter().find(|setting| setting.name == own) else {
        let known: Vec<String> = SETTINGS.iter().map(|setting| format!("`{}`", setting.name)).collect();
        let message = format!("the configuration has the unknown key `{prefix}{name}`");
        return Err(Error::new(ErrorKind::Argument, message)
            .hint(format!("the known ones are `url`, `connect_args.…`, {}", known.join(", "))));
    };
    (setting.apply)(builder, &value.to_ascii_lowercase()).ok_or_else(|| {
        let message = format!("`{prefix}{name} = {value}` makes no sense");
        Error::new(ErrorKind::Argument, message).hint(format!("expected {}", setting.expected))
    })
}

/// Reads a truth value by SQLAlchemy's words.
fn truth(word: &str) -> Option<bool> {
    match word {
        "true" | "yes" | "on" | "y" | "t" | "1" => Some(true),
        "false" | "no" | "off" | "n" | "f" | "0" => Some(false),
        _ => None,
    }
}

fn seconds(word: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(word.parse().ok()?).ok()
}

fn pool_class(word: &str) -> Option<PoolClass> {
    let word = word.strip_suffix("pool").unwrap_or(word);
    Some(match word {
        "queue" | "asyncadaptedqueue" => PoolClass::Queue,
        "null" => PoolClass::Null,
        "static" => PoolClass::Static,
        "singleton" | "singletonthread" => PoolClass::Singleton,
        "assertion" => PoolClass::Assertion,
        _ => return None,
    })
}
