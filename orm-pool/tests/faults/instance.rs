//! Servers of a test's own, to be killed and started again.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::process::{Folder, Process, User, find, free_port, skip};
use super::*;

/// A server with its data in a temporary folder.
pub(super) struct Instance {
    pub(super) port: u16,
    program: PathBuf,
    arguments: Vec<String>,
    process: Option<Process>,
    // After the process, which writes into it.
    folder: Folder,
}

impl Instance {
    /// Makes and starts a PostgreSQL server that lets the user `postgres` in with a password, or without.
    pub(super) async fn postgres(password: Option<&str>) -> Option<(Self, Target)> {
        let folders = || std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let places: Vec<String> = folders().map(|entry| format!("{}/bin", entry.path().display())).collect();
        let places: Vec<&str> = places.iter().map(String::as_str).collect();
        let (initdb, program) = (find("initdb", &places), find("postgres", &places));
        let (Some(initdb), Some(program), Some(user)) = (initdb, program, User::find("postgres")) else {
            skip("there is no PostgreSQL to start");
            return None;
        };
        let folder = Folder::new(user);
        let data = folder.path.join("data");
        let mut command = user.command(initdb);
        command.args(["--no-sync", "-E", "UTF8", "--locale=C", "-U", "postgres", "-D"]).arg(&data);
        match password {
            None => _ = command.args(["-A", "trust"]),
            Some(password) => {
                let file = folder.path.join("password");
                std::fs::write(&file, password).unwrap();
                command.args(["-A", "scram-sha-256", "--pwfile"]).arg(file);
            }
        }
        run(&mut command);
        let port = free_port();
        // Without `fsync` it still survives being killed, if not the machine.
        let settings = ["fsync=off", "listen_addresses=127.0.0.1", "unix_socket_directories=", "shared_buffers=16MB"];
        let mut arguments = vec!["-D".into(), data.display().to_string(), "-p".into(), port.to_string()];
        arguments.extend(settings.iter().flat_map(|setting| ["-c".to_owned(), (*setting).to_owned()]));
        let mut options = postgres::Options::new("127.0.0.1", "postgres");
        (options.port, options.password) = (port, password.map(str::to_owned));
        options.connect_timeout = Duration::from_secs(10);
        let mut instance = Instance { port, program, arguments, process: None, folder };
        let target = Target::Postgres(options);
        instance.start(&target).await;
        Some((instance, target))
    }

    /// Makes and starts a MariaDB server that lets the user `root` in without a password.
    pub(super) async fn mariadb() -> Option<(Self, Target)> {
        let (install, program) = (find("mariadb-install-db", &["/usr/bin"]), find("mariadbd", &["/usr/sbin"]));
        let (Some(install), Some(program), Some(user)) = (install, program, User::find("mysql")) else {
            skip("there is no MariaDB to start");
            return None;
        };
        let folder = Folder::new(user);
        let data = format!("--datadir={}", folder.path.join("data").display());
        let small = ["--innodb-buffer-pool-size=16M", "--innodb-log-file-size=8M"];
        let mut command = user.command(install);
        command
            .args(["--no-defaults", &data, "--auth-root-authentication-method=normal", "--skip-test-db"])
            .args(small);
        run(&mut command);
        let port = free_port();
        let socket = format!("--socket={}", folder.path.join("socket").display());
        let (port_is, pid) = (format!("--port={port}"), format!("--pid-file={}", folder.path.join("pid").display()));
        let mut arguments: Vec<String> =
            ["--no-defaults", &data, &socket, &port_is, &pid, "--bind-address=127.0.0.1", "--skip-name-resolve"]
                .map(str::to_owned)
                .into();
        // What is committed goes to the system at once, and so survives being killed, if not the machine.
        arguments.extend(small.map(str::to_owned));
        arguments.push("--innodb-flush-log-at-trx-commit=2".to_owned());
        let mut options = mysql::Options::new("127.0.0.1", "root");
        (options.port, options.connect_timeout) = (port, Duration::from_secs(10));
        let mut instance = Instance { port, program, arguments, process: None, folder };
        let target = Target::MySql(options);
        instance.start(&target).await;
        let mut connection = target.connection().await;
        connection.batch("CREATE DATABASE own").await.unwrap();
        let Target::MySql(options) = target else { unreachable!() };
        Some((instance, Target::MySql(mysql::Options { database: Some("own".into()), ..options })))
    }

    /// Starts the server, and waits until it lets somebody in; returns how long that took.
    pub(super) async fn start(&mut self, target: &Target) -> Duration {
        let start = Instant::now();
        // What is left of a killed server may be in the way of the next for a moment.
        for _ in 0..6 {
            self.process = Some(Process::start(&self.folder, &self.program, &self.arguments));
            let attempt = Instant::now();
            while attempt.elapsed() < Duration::from_secs(10) {
                let connect = tokio::time::timeout(Duration::from_secs(5), pool::Connector::connect(target));
                if let Ok(Ok(_)) = connect.await {
                    return start.elapsed();
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            self.kill();
        }
        panic!("the server on port {} does not start:\n{}", self.port, self.folder.read("log"));
    }

    /// Kills the server as by `kill -9`.
    pub(super) fn kill(&mut self) {
        self.process = None;
    }
}

/// Runs a command, whose words matter only if it fails.
fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let words = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}: {}{}", words(&output.stdout), words(&output.stderr));
}
