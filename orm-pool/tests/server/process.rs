//! A server of a test's own: a program that runs as its own user, in a folder of its own, and outlives nobody.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A user of the system, for servers that refuse to run as root.
#[derive(Clone, Copy, Debug)]
pub(super) struct User {
    uid: u32,
    gid: u32,
}

impl User {
    /// Returns the user of this name if this process is root's, and else the one that it belongs to.
    pub(super) fn find(name: &str) -> Option<Self> {
        let id = |arguments: &[&str]| {
            let output = Command::new("id").args(arguments).stderr(Stdio::null()).output().ok()?;
            String::from_utf8(output.stdout).ok()?.trim().parse().ok()
        };
        let own: u32 = id(&["-u"])?;
        if own == 0 {
            return Some(User { uid: id(&["-u", name])?, gid: id(&["-g", name])? });
        }
        Some(User { uid: own, gid: id(&["-g"])? })
    }

    /// Returns a command that runs as this user.
    pub(super) fn command(self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.uid(self.uid).gid(self.gid).current_dir("/");
        command
    }
}

/// Finds a program on the path, or where else it may be.
pub(super) fn find(program: &str, places: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = places.iter().map(PathBuf::from);
    let all = std::env::split_paths(&path).chain(places).chain([PathBuf::from("/usr/sbin")]);
    all.map(|place| place.join(program)).find(|file| file.is_file())
}

/// Says that a test is skipped, which it must not be where `CI` is set.
pub(super) fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{why}");
    eprintln!("skipped: {why}");
}

/// Finds a free port that no client is given: one that is, and tries to connect to it while the server is down, may end up
/// connected to itself.
pub(super) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = std::process::id().wrapping_mul(37).wrapping_add(NEXT.fetch_add(1, Ordering::SeqCst));
        let port = 20_000 + (number % 12_000) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A folder that a user owns; dropping it removes it.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) user: User,
}

impl Folder {
    pub(super) fn new(user: User) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("orm_server_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        std::os::unix::fs::chown(&path, Some(user.uid), Some(user.gid)).unwrap();
        Folder { path, user }
    }

    /// Returns the text of a file in here that may not be there.
    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path.join(name)).unwrap_or_default()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.path);
    }
}

/// A running server, whose output is the file `log` of its folder. Dropping it kills it.
pub(super) struct Process(Child);

/// Runs a server until its input ends, which it does however this process ends; then the folder goes, too.
/// A line of input before that kills the server alone.
const KEEPER: &str = r#"folder=$1; shift; "$@" >>"$folder/log" 2>&1 & server=$!
if read -r _; then keep=yes; else keep=; fi
kill -9 $server; wait $server; [ $keep ] || rm -rf "$folder""#;

impl Process {
    pub(super) fn start(folder: &Folder, program: &Path, arguments: &[String]) -> Self {
        let mut command = folder.user.command("/bin/sh");
        command.args(["-c", KEEPER, "sh"]).arg(&folder.path).arg(program).args(arguments);
        Process(command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut input) = self.0.stdin.take() {
            _ = input.write_all(b"\n");
        }
        _ = self.0.wait();
    }
}
