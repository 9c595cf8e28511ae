//! Servers that answer and servers that do not; settings, TLS.

use std::time::Duration;

use super::*;

/// Opens with these options and returns why that fails.
async fn refusal(options: Options) -> Error {
    let error = Connection::open(&options).await.unwrap_err();
    assert!(!error.to_string().contains("secret"), "{error}");
    assert!(!format!("{error:?} {options:?}").contains("secret"));
    error
}

#[tokio::test]
async fn who_cannot_connect_is_told_where_as_whom_and_why() {
    let Some(_) = connect().await else { return };
    let good = Options { password: Some("secret".into()), ..options() };
    let place = format!("{}:{}", good.host, good.port);

    let error = refusal(Options { port: 1, ..good.clone() }).await;
    assert_eq!(error.kind(), &ErrorKind::Connect);
    let start = format!(
        "cannot connect to PostgreSQL at {}:1 as user `{}`, database `test`: connection refused",
        good.host, good.user
    );
    assert!(error.message().starts_with(&start), "{error}");

    let error = refusal(Options { host: "no-such-host.invalid".into(), ..good.clone() }).await;
    assert_eq!(error.kind(), &ErrorKind::Connect);
    assert!(error.message().contains("no-such-host.invalid:"), "{error}");

    let error = refusal(Options { database: Some("absent".into()), ..good.clone() }).await;
    assert_eq!(error.kind(), &ErrorKind::Connect);
    assert!(error.message().contains(&place) && error.message().contains("\"absent\" does not exist"), "{error}");

    let error = refusal(Options { user: "nobody_here".into(), ..good.clone() }).await;
    assert_eq!(error.kind(), &ErrorKind::Connect);
    assert!(error.message().contains("nobody_here"), "{error}");

    let error = refusal(Options { host: "/no/such/directory".into(), ..good.clone() }).await;
    assert!(error.message().contains("there is no such socket"), "{error}");
    assert!(error.is_disconnect());
}

#[tokio::test]
async fn options_that_make_no_sense_are_refused() {
    let with = |name: &str, value: &str| Options { parameters: vec![(name.into(), value.into())], ..options() };
    for (options, message) in [
        (Options { ssl_mode: Some("on".into()), ..options() }, "`on` is not an SSL mode of PostgreSQL"),
        (with("search path", "x"), "`search path` is not the name of a setting"),
        (with("client_encoding", "latin1"), "the client encoding is UTF-8, not `latin1`"),
        (with("TimeZone", "CET"), "`TimeZone` is fixed"),
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
    let error = refusal(Options { ssl_mode: Some("require".into()), ..options() }).await;
    assert_eq!(error.kind(), &ErrorKind::Configuration);
    assert!(error.message().contains("TLS") && error.message().contains("hint: enable the feature `tls`"), "{error}");
}

#[tokio::test]
async fn settings_reach_the_server() {
    let parameters = vec![("statement_timeout".into(), "12345".into()), ("orm.note".into(), "a b's \\c".into())];
    let options = Options { application_name: Some("the tests".into()), parameters, ..options() };
    let Some(mut c) = connect_with(&options).await else { return };
    for (name, expected) in [
        ("application_name", "the tests"),
        ("statement_timeout", "12345ms"),
        ("orm.note", "a b's \\c"),
        ("client_encoding", "UTF8"),
        ("TimeZone", "UTC"),
        ("extra_float_digits", "2"),
    ] {
        assert_eq!(scalar(&mut c, &format!("SHOW {name}"), &[]).await, text(expected), "{name}");
    }
    c.close().await.unwrap();
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
        format!("cannot connect to PostgreSQL at 127.0.0.1:{port} as user `me`: no answer within 100ms")
    );
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn tls_encrypts_and_verifies() {
    let Some(mut plain) = connect_with(&Options { ssl_mode: Some("disable".into()), ..options() }).await else {
        return;
    };
    let is_encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert_eq!(scalar(&mut plain, is_encrypted, &[]).await, Cell::Bool(false));
    let required = Options { ssl_mode: Some("require".into()), ..options() };
    if scalar(&mut plain, "SHOW ssl", &[]).await == text("off") {
        let error = refusal(required).await;
        assert!(error.message().ends_with("server does not support TLS"), "{error}");
        return;
    }
    let mut c = connect_with(&required).await.unwrap();
    assert_eq!(scalar(&mut c, is_encrypted, &[]).await, Cell::Bool(true));
    assert_eq!(scalar(&mut c, "SELECT $1", &[Value::Text("x".repeat(1 << 20))]).await, text(&"x".repeat(1 << 20)));
    // No authority that is known by default has signed for a server at home.
    let verifying = |mode: &str| Options { ssl_mode: Some(mode.into()), ..options() };
    assert_eq!(refusal(verifying("verify-full")).await.kind(), &ErrorKind::Connect);
    // What the system trusts may have it: Debian makes one for each machine.
    #[cfg(not(feature = "tls-native-roots"))]
    {
        let error = refusal(verifying("verify-ca")).await;
        assert_eq!(error.kind(), &ErrorKind::Connect, "{error}");
        assert!(
            error.message().contains("hint: name the file with its authority's certificate: `sslrootcert`"),
            "{error}"
        );
    }
    // One that has signed its own is its own authority.
    let Cell::Text(file) = scalar(&mut plain, "SHOW ssl_cert_file", &[]).await else { panic!() };
    if std::fs::exists(&file).unwrap_or_default() {
        let trusting = Options { ssl_root_cert: Some(file.into()), ..verifying("verify-ca") };
        let mut c = connect_with(&trusting).await.unwrap();
        assert_eq!(scalar(&mut c, is_encrypted, &[]).await, Cell::Bool(true));
    }
}
