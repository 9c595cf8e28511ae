//! Servers that do not let in, and what the user is told: where, as whom and why.

use std::time::Instant;

use super::instance::Instance;
use super::*;

const PASSWORD: &str = "open sesame";

/// Asks a pool for a connection that is not to be had, and returns why.
async fn refusal(target: &Target, within: Duration) -> Error {
    let pool = target.pool(options(2));
    let start = Instant::now();
    let Err(error) = in_time(pool.acquire()).await else { panic!("{target:?} lets everybody in") };
    // Generously more, for a machine that does other things as well.
    assert!(start.elapsed() < within + Duration::from_secs(20), "{:?}: {error}", start.elapsed());
    let status = pool.status();
    assert_eq!((status.idle, status.checked_out, status.waiting), (0, 0, 0), "{error}");
    let mut told = format!("{error}\n{error:?}\n{target:?}\n{pool:?}");
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        told += &format!("\n{cause}\n{cause:?}");
        source = cause.source();
    }
    assert!(!told.contains("sesame"), "the password is told: {told}");
    error
}

/// Checks the kind of a refusal, and that it names the place, the user and these words.
fn assert_told(error: &Error, kind: &ErrorKind, target: &Target, words: &[&str]) {
    let (host, port) = target.place();
    let user = match target {
        Target::Postgres(options) => &options.user,
        Target::MySql(options) => &options.user,
    };
    assert_eq!(error.kind(), kind, "{error}");
    for words in [&*format!("{host}:{port}"), &*format!("`{user}`")].into_iter().chain(words.iter().copied()) {
        assert!(error.message().contains(words), "`{words}` is not in: {error}");
    }
}

/// Changes what both kinds of options have.
fn with(target: &Target, change: impl Fn(&mut String, &mut u16, &mut String, &mut Option<String>)) -> Target {
    let mut target = target.clone();
    match &mut target {
        Target::Postgres(o) => change(&mut o.host, &mut o.port, &mut o.user, &mut o.password),
        Target::MySql(o) => change(&mut o.host, &mut o.port, &mut o.user, &mut o.password),
    }
    target
}

/// Tries all that may be wrong besides the password.
async fn who_is_kept_out_knows_why(target: &Target, no_such_database: &str) {
    let within = Duration::from_secs(10);
    let target = &target.connect_timeout(within);
    let free = process::free_port();
    let closed = with(target, |_, port, _, _| *port = free);
    assert_told(&refusal(&closed, within).await, &ErrorKind::Connect, &closed, &["connection refused", "hint: "]);

    let nowhere = with(target, |host, _, _, _| *host = "no-such-host.invalid".into());
    assert_told(&refusal(&nowhere, within).await, &ErrorKind::Connect, &nowhere, &[]);

    let mut absent = target.clone();
    match &mut absent {
        Target::Postgres(options) => options.database = Some("absent".into()),
        Target::MySql(options) => options.database = Some("absent".into()),
    }
    assert_told(&refusal(&absent, within).await, &ErrorKind::Connect, &absent, &[no_such_database, "hint: create"]);

    let mut encrypted = target.clone();
    match &mut encrypted {
        Target::Postgres(options) => options.ssl_mode = Some("require".into()),
        Target::MySql(options) => options.ssl_mode = Some("required".into()),
    }
    let kind = if cfg!(feature = "tls") { ErrorKind::Connect } else { ErrorKind::Configuration };
    assert_told(&refusal(&encrypted, within).await, &kind, &encrypted, &["TLS"]);

    // It accepts, and says nothing; or does not even accept, since nobody has taken those who came before.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let hole = with(target, |_, own, _, _| *own = port).connect_timeout(Duration::from_millis(300));
    let error = refusal(&hole, Duration::from_millis(300)).await;
    assert_told(&error, &ErrorKind::Connect, &hole, &["no answer within 300ms"]);

    // It says a little, and then nothing.
    let (host, port) = target.place();
    for bytes in [1, 5, 20, 60] {
        let relay = relay::Relay::new(&host, port, move |way| {
            let mut left = if way == relay::Way::ToClient { bytes } else { usize::MAX };
            move |count| {
                let part = count.min(left);
                left -= part;
                ControlFlow::Continue(part)
            }
        });
        let hole = target.by_way_of(relay.port).connect_timeout(Duration::from_millis(300));
        let error = refusal(&hole, Duration::from_millis(300)).await;
        assert_told(&error, &ErrorKind::Connect, &hole, &["no answer within 300ms"]);
    }
}

#[tokio::test]
async fn who_is_kept_out_of_postgresql_is_told_why() {
    let Some((_instance, target)) = Instance::postgres(Some(PASSWORD)).await else { return };
    who_is_kept_out_knows_why(&target, "\"absent\" does not exist").await;

    let within = Duration::from_secs(10);
    let wrong = with(&target, |_, _, _, password| *password = Some("close sesame".into()));
    let error = refusal(&wrong, within).await;
    assert_told(&error, &ErrorKind::Connect, &wrong, &["password authentication failed", "hint: check the user"]);
    for password in [None, Some(String::new())] {
        let none = with(&target, |_, _, _, own| own.clone_from(&password));
        let error = refusal(&none, within).await;
        assert_told(&error, &ErrorKind::Connect, &none, &[]);
    }
    let stranger = with(&target, |_, _, user, _| *user = "stranger".into());
    assert_told(&refusal(&stranger, within).await, &ErrorKind::Connect, &stranger, &["hint: check the user"]);
    assert_whole(&target.pool(options(2)), "the right password").await;
}

#[tokio::test]
async fn who_is_kept_out_of_mysql_is_told_why() {
    let Some((_instance, root)) = Instance::mariadb().await else { return };
    let create = format!("CREATE USER alibaba@'%' IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON *.* TO alibaba@'%'");
    root.connection().await.batch(&create).await.unwrap();
    let target = with(&root, |_, _, user, password| {
        (*user, *password) = ("alibaba".into(), Some(PASSWORD.into()));
    });
    who_is_kept_out_knows_why(&target, "Unknown database 'absent'").await;

    let within = Duration::from_secs(10);
    for password in [None, Some(""), Some("close sesame")] {
        let wrong = with(&target, |_, _, _, own| *own = password.map(str::to_owned));
        let error = refusal(&wrong, within).await;
        assert_told(&error, &ErrorKind::Connect, &wrong, &["Access denied for user 'alibaba'", "hint: check the user"]);
    }
    let stranger = with(&target, |_, _, user, _| *user = "stranger".into());
    assert_told(&refusal(&stranger, within).await, &ErrorKind::Connect, &stranger, &["hint: check the user"]);
    assert_whole(&target.pool(options(2)), "the right password").await;
}
