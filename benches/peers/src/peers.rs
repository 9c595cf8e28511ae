//! Who is measured, in the order of the columns, and where each one's work is.

use std::path::PathBuf;
use std::process::Command;

use harness::serve::Servant;
use harness::{Contender, Kind, Place, Work};

use crate::rounds::Settings;
use crate::{diesel_async_peer, diesel_peer, ours, rusqlite_peer, seaorm, sqlx_peer, tokio_postgres_peer};

/// Returns the names of those who can work there; ratios are to the first.
pub fn names(kind: Kind) -> Vec<&'static str> {
    let all = [
        "Diesel",
        "rusqlite",
        "tokio-postgres",
        "orm select",
        "orm session",
        "diesel-async",
        "sqlx",
        "SeaORM",
        "Toasty",
        "SQLAlchemy",
    ];
    let works_there = |name: &&str| match *name {
        "rusqlite" | "SQLAlchemy" => matches!(kind, Kind::Memory | Kind::File),
        "tokio-postgres" => kind == Kind::Postgres,
        _ => true,
    };
    all.into_iter().filter(works_there).collect()
}

/// Makes a contender in this process; `None` when the peer has no such work.
pub fn here(name: &str, place: &Place, work: Work) -> Option<Contender> {
    match name {
        "Diesel" => Some(diesel_peer::peer(name, place, work)),
        "rusqlite" => rusqlite_peer::peer(name, place, work),
        "tokio-postgres" => tokio_postgres_peer::peer(name, place, work),
        "orm select" | "orm session" => ours::peer(name, place, work),
        "diesel-async" => diesel_async_peer::peer(name, place, work),
        "sqlx" => Some(sqlx_peer::peer(name, place, work)),
        "SeaORM" => Some(seaorm::peer(name, place, work)),
        _ => None,
    }
}

/// The programs beside this one: Toasty links another SQLite, and SQLAlchemy is no Rust.
pub struct Programs {
    toasty: Option<PathBuf>,
    python: Option<PathBuf>,
}

impl Programs {
    /// Builds those of the peers that are wanted, or all; one that cannot be built is missing from the tables, and it is said why.
    pub fn build(settings: &Settings) -> Self {
        Self {
            toasty: settings.wants_peer("Toasty").then(build_toasty).flatten(),
            python: settings.wants_peer("SQLAlchemy").then(build_python).flatten(),
        }
    }

    /// Makes a contender wherever the peer lives; with `is_apart` always in a process of its own.
    pub fn make(&self, name: &str, place: &Place, work: Work, is_apart: bool) -> Option<Contender> {
        let command = match name {
            "Toasty" => Command::new(self.toasty.as_ref()?),
            "SQLAlchemy" => {
                let mut command = Command::new(self.python.as_ref()?);
                command.arg(beside("sqlalchemy/serve.py"));
                command
            }
            _ if is_apart => {
                let mut command = Command::new(std::env::current_exe().expect("this program"));
                command.arg("serve");
                command
            }
            _ => return here(name, place, work),
        };
        Some(Contender::elsewhere(name, Servant::open(command, name, place, work)?))
    }
}

fn beside(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(path)
}

/// Builds Toasty's part in the profile of this program.
fn build_toasty() -> Option<PathBuf> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--manifest-path"]).arg(beside("toasty/Cargo.toml"));
    let profile = if cfg!(debug_assertions) {
        "debug"
    } else {
        cargo.arg("--release");
        "release"
    };
    cargo.env("CARGO_TARGET_DIR", beside("toasty/target"));
    run(cargo, "Toasty")?;
    Some(beside("toasty/target").join(profile).join("orm-bench-toasty"))
}

/// Makes an environment for Python in the target folder.
fn build_python() -> Option<PathBuf> {
    let folder = beside("peers/target/python");
    let python = folder.join("bin/python");
    if !python.exists() {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv"]).arg(&folder);
        run(venv, "SQLAlchemy")?;
    }
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]);
    pip.arg(beside("sqlalchemy/requirements.txt"));
    run(pip, "SQLAlchemy")?;
    Some(python)
}

fn run(mut command: Command, peer: &str) -> Option<()> {
    let status = command.status();
    if status.as_ref().is_ok_and(std::process::ExitStatus::success) {
        return Some(());
    }
    eprintln!("{peer} is missing from the tables: {command:?}: {status:?}");
    None
}
