//! Servers that answer and servers that do not; the settings that a new connection has.

use std::time::Duration;

use super::*;

/// Opens with these options and returns why that fails.
async fn refusal(options: Options) -> Error {
    let error = Connection::open(&options).await.unwrap_err();
    assert!(!error.to_string().contains("secret"), "{error}");
    assert!(!format!("{error:?} {options:?}").contains("secret"));
    error
}

const FIXED: &str = "`time_zone` is fixed, since the driver reads values by it";

#[tokio::test]
async fn who_cannot_connect_is_told_where_as_whom_and_why() {
    let Some(_) = connect().await else { return };
    let good = options();
    let place = format!("{}:{}", good.host, good.port);

    let error = refusal(Options { port: 1, ..good.clone() }).await;
    assert_eq!(error.kind(), &ErrorKind::Connect);
    let start = format!(
        "cannot connect to MySQL at {}:1 as user `{}`, database `test`: connection refused",
        good.host, good.user
    );
    assert!(error.message().starts_with(&start), "{error}");

    let error = refusal(Options { host: "no-such-host.invalid".into(), ..good.clone() }).await;
    assert_eq!(error.kind(), &ErrorKind::Connect);
    assert!(error.message().contains("no-such-host.invalid:"), "{error}");

    let error = refusal(Options { database: Some("absent".into()), ..good.clone() }).await;
    assert_eq!(error.kind(), &ErrorKind::Connect);
    assert!(error.message().contains(&place) && error.message().contains("Unknown database 'absent'"), "{error}");

    let wrong = Options { user: "nobody_here".into(), password: Some("secret".into()), ..good.clone() };
    let error = refusal(wrong).await;
    assert_eq!(error.kind(), &ErrorKind::Connect);
    assert!(error.message().contains("Access denied for user 'nobody_here'"), "{error}");
    assert!(error.is_disconnect());

    let error = refusal(Options { socket: Some("/no/such/socket".into()), ..good.clone() }).await;
    assert!(error.message().contains("there is no such socket"), "{error}");
}

#[tokio::test]
async fn options_that_make_no_sense_are_refused() {
    let with = |name: &str, value: &str| Options { parameters: vec![(name.into(), value.into())], ..options() };
    for (options, message) in [
        (Options { ssl_mode: Some("on".into()), ..options() }, "`on` is not an SSL mode of MySQL"),
        (Options { collation: Some("a b".into()), ..options() }, "`a b` is not the name of a collation"),
        (Options { sql_mode: Some("A';".into()), ..options() }, "`A';` is not an SQL mode"),
        (
            Options { sql_mode: Some("ansi,no_backslash_escapes".into()), ..options() },
            "the SQL mode `NO_BACKSLASH_ESCAPES` is not supported",
        ),
        (with("a = 1, b", "x"), "`a = 1, b` is not the name of a variable"),
        (with("time_zone", "CET"), "`time_zone` is fixed"),
        (with("init_connect", "a\\'"), "the value of `init_connect` contains a backslash"),
    ] {
        let error = refusal(options).await;
        assert_eq!(error.kind(), &ErrorKind::Configuration);
        assert!(error.message().starts_with(message), "{error}");
    }
}

#[cfg(not(feature = "tls"))]
#[tokio::test]
async fn tls_that_was_not_built_in_is_told() {
    let Some(_) = connect().await else { return };
    let error = refusal(Options { ssl_mode: Some("required".into()), ..options() }).await;
    assert_eq!(error.kind(), &ErrorKind::Configuration);
    assert!(error.message().contains("TLS") && error.message().contains("hint: enable the feature `tls`"), "{error}");
}

#[tokio::test]
async fn the_session_is_in_utc_in_utf8_and_strict() {
    let parameters = vec![("lock_wait_timeout".into(), "12".into()), ("lc_time_names".into(), "de_DE".into())];
    let options = Options { parameters, collation: Some("utf8mb4_bin".into()), ..options() };
    let Some(mut c) = connect_with(&options).await else { return };
    for (name, expected) in [
        ("time_zone", text("+00:00")),
        ("character_set_client", text("utf8mb4")),
        ("character_set_results", text("utf8mb4")),
        ("collation_connection", text("utf8mb4_bin")),
        ("lock_wait_timeout", Cell::Int(12)),
        ("lc_time_names", text("de_DE")),
    ] {
        assert_eq!(scalar(&mut c, &format!("SELECT @@session.{name}"), &[]).await, expected, "{name}");
    }
    let Cell::Text(mode) = scalar(&mut c, "SELECT @@session.sql_mode", &[]).await else { panic!() };
    assert!(mode.contains("STRICT_TRANS_TABLES") && mode.contains("NO_ENGINE_SUBSTITUTION"), "{mode}");
    for set in [
        "SET time_zone = 'SYSTEM'",
        "set @@session.TIME_ZONE='+01:00'",
        "SET sql_safe_updates = 0, SESSION `time_zone` := '+01:00'",
    ] {
        let error = execute(&mut c, set, &[]).await.unwrap_err();
        assert_eq!((error.kind(), error.message()), (&ErrorKind::Configuration, FIXED), "{set}");
    }
    execute(&mut c, "SET @time = 'time_zone', sql_safe_updates = 0", &[]).await.unwrap();
    assert_eq!(scalar(&mut c, "SELECT @@session.time_zone", &[]).await, text("+00:00"));
    c.close().await.unwrap();
    let Some(mut c) = connect_with(&Options { sql_mode: Some("ANSI".into()), ..options }).await else { return };
    let Cell::Text(mode) = scalar(&mut c, "SELECT @@session.sql_mode", &[]).await else { panic!() };
    assert!(mode.contains("ANSI_QUOTES") && !mode.contains("STRICT"), "{mode}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    // It accepts, and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let options = Options { port, connect_timeout: Duration::from_millis(100), ..Options::new("127.0.0.1", "me") };
    let error = refusal(options).await;
    assert_eq!(
        error.message(),
        format!("cannot connect to MySQL at 127.0.0.1:{port} as user `me`: no answer within 100ms")
    );
}

/// Returns what the connection is encrypted by: nothing, if it is not.
#[cfg(feature = "tls")]
async fn cipher(c: &mut Connection) -> Cell {
    rows(c, &once("SHOW STATUS LIKE 'Ssl_cipher'"), &[]).await.unwrap().remove(0).remove(1)
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn tls_that_the_server_lacks_is_told() {
    let Some(mut plain) = connect_with(&Options { ssl_mode: Some("disabled".into()), ..options() }).await else {
        return;
    };
    let required = Options { ssl_mode: Some("required".into()), ..options() };
    // MySQL always has it; MariaDB says so.
    if !plain.is_mariadb() || scalar(&mut plain, "SELECT @@have_ssl", &[]).await == text("YES") {
        let mut c = connect_with(&required).await.unwrap();
        assert_ne!(cipher(&mut c).await, text(""));
        assert_eq!(cipher(&mut plain).await, text(""));
        return;
    }
    let error = refusal(required).await;
    assert_eq!(error.kind(), &ErrorKind::Connect);
    assert!(error.message().ends_with("server does not support TLS"), "{error}");
}

/// How the server's question for the password itself is answered.
#[cfg(feature = "tls")]
const CANNOT_BE_TOLD: &str = "the server asks for the password itself, which is sent through TLS alone\n\
                              hint: let `ssl_mode` be `preferred` or `required`, or check the password";

/// MySQL keeps a password that it has once been told by `caching_sha2_password`, and then is content with a proof of it.
#[cfg(feature = "tls")]
#[tokio::test]
async fn a_password_is_proved_and_never_sent_in_the_clear() {
    let Some(mut root) = connect().await else { return };
    let user = format!("orm_pool_{}", std::process::id());
    root.batch(&format!("CREATE USER {user} IDENTIFIED BY 'the secret'; GRANT ALL ON *.* TO {user}")).await.unwrap();
    let with = |password: &str, mode: Option<&str>| Options {
        user: user.clone(),
        password: Some(password.into()),
        ssl_mode: mode.map(Into::into),
        ..options()
    };
    if !root.is_mariadb() {
        let error = refusal(with("the secret", Some("disabled"))).await;
        assert_eq!(error.kind(), &ErrorKind::Configuration);
        assert!(error.message().ends_with(CANNOT_BE_TOLD), "{error}");
    }
    for mode in [None, Some("preferred"), Some("required"), Some("disabled")] {
        let has_tls = !root.is_mariadb() || scalar(&mut root, "SELECT @@have_ssl", &[]).await == text("YES");
        if mode == Some("required") && !has_tls {
            continue;
        }
        let mut c =
            Connection::open(&with("the secret", mode)).await.unwrap_or_else(|error| panic!("{mode:?}: {error}"));
        let Cell::Text(who) = scalar(&mut c, "SELECT CURRENT_USER()", &[]).await else { panic!() };
        assert!(who.starts_with(&user), "{who}");
        assert_eq!(cipher(&mut c).await != text(""), has_tls && mode != Some("disabled"), "{mode:?}");
        c.close().await.unwrap();
        for wrong in ["a secret", ""] {
            let error = refusal(with(wrong, mode)).await;
            if !root.is_mariadb() && mode == Some("disabled") && !wrong.is_empty() {
                // It is not the one that the server keeps a proof of, so it asks for the password itself.
                assert!(error.message().ends_with(CANNOT_BE_TOLD), "{error}");
                continue;
            }
            assert_eq!(error.kind(), &ErrorKind::Connect);
            assert!(error.message().contains(&format!("Access denied for user '{user}'")), "{error}");
            assert!(error.message().contains("hint: check the user, the password"), "{error}");
        }
    }
    root.batch(&format!("DROP USER {user}")).await.unwrap();
}
