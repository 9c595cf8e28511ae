//! Runs cargo on a generated crate and reads off what it cost.
//!
//! In: the crate's folder and a task. Out: a [`Cost`], or nothing when the crate does not compile.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// What is asked of cargo.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// `cargo check` of the whole crate, nothing kept from before.
    Check,
    /// `cargo check` after the body of one function has changed.
    Incremental,
    /// `cargo build`.
    Build,
    /// `cargo build --release`.
    Release,
    /// `cargo build --release` of a program that keeps every query, and how large it is.
    Program,
}

impl Task {
    pub fn of(word: &str) -> Option<Self> {
        Some(match word {
            "check" => Self::Check,
            "incremental" => Self::Incremental,
            "build" => Self::Build,
            "release" => Self::Release,
            "program" => Self::Program,
            _ => return None,
        })
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Check => "cargo check",
            Self::Incremental => "incremental cargo check, one body changed",
            Self::Build => "cargo build (dev)",
            Self::Release => "cargo build --release",
            Self::Program => "cargo build --release, a program without symbols",
        }
    }

    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Check | Self::Incremental => &["check", "--lib"],
            Self::Build => &["build", "--lib"],
            Self::Release => &["build", "--release", "--lib"],
            Self::Program => &["build", "--release", "--bins"],
        }
    }
}

/// What one run of cargo cost.
#[derive(Clone)]
pub struct Cost {
    pub wall: f64,
    /// User and system seconds of cargo and all below it.
    pub processor: f64,
    pub peak_mib: u64,
    /// What was built, where it is a program.
    pub size_mib: f64,
}

impl Cost {
    /// Returns the median of each figure, if there is any.
    pub fn median(costs: &[Self]) -> Option<Self> {
        let middle = |of: fn(&Self) -> f64| {
            let mut figures: Vec<f64> = costs.iter().map(of).collect();
            figures.sort_by(f64::total_cmp);
            figures.get(figures.len() / 2).copied()
        };
        Some(Self {
            wall: middle(|cost| cost.wall)?,
            processor: middle(|cost| cost.processor)?,
            peak_mib: costs.iter().map(|cost| cost.peak_mib).max()?,
            size_mib: middle(|cost| cost.size_mib)?,
        })
    }
}

/// Times the crate's own compilation; its dependencies are built before.
pub fn measure(folder: &Path, task: Task) -> Option<Cost> {
    let is_incremental = task == Task::Incremental;
    let prepared = folder.join(format!(".prepared-{}", task.title().replace(' ', "-")));
    if !prepared.exists() {
        cargo(folder, task, is_incremental)?;
        fs::write(&prepared, "").expect("a writable folder");
    }
    if is_incremental {
        change_one_body(folder);
    } else {
        let library = folder.join("src/lib.rs");
        let text = fs::read(&library).expect("the generated crate");
        fs::write(&library, text).expect("a writable folder");
    }
    cargo(folder, task, is_incremental)
}

fn cargo(folder: &Path, task: Task, is_incremental: bool) -> Option<Cost> {
    let report = folder.join("time.txt");
    let begun = Instant::now();
    // GNU time reads the resources of all children that were waited for.
    let status = Command::new("/usr/bin/time")
        .args(["-o".as_ref(), report.as_os_str()])
        .args(["-f", "%U %S %M", "cargo"])
        .args(task.words())
        .arg("--quiet")
        .env("CARGO_INCREMENTAL", if is_incremental { "1" } else { "0" })
        .env("CARGO_TARGET_DIR", target(folder))
        .current_dir(folder)
        .stderr(Stdio::piped())
        .spawn()
        .and_then(std::process::Child::wait_with_output)
        .expect("/usr/bin/time and cargo (Debian: `apt-get install time`)");
    let wall = begun.elapsed().as_secs_f64();
    if !status.status.success() {
        let words = String::from_utf8_lossy(&status.stderr);
        eprintln!("{}: {}", folder.display(), words.lines().take(4).collect::<Vec<_>>().join(" / "));
        return None;
    }
    let words = fs::read_to_string(report).expect("what time wrote");
    let mut figures = words.split_whitespace().map(|figure| figure.parse::<f64>().expect("a number"));
    let mut next = || figures.next().expect("three numbers");
    let size_mib = if task == Task::Program { size(folder) } else { 0.0 };
    Some(Cost { wall, processor: next() + next(), peak_mib: next() as u64 / 1024, size_mib })
}

/// Returns the size of the program that was built.
fn size(folder: &Path) -> f64 {
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("the generated crate");
    let name = manifest.split('"').nth(1).expect("its name");
    let program = target(folder).join("release").join(name);
    fs::metadata(program).expect("the program").len() as f64 / f64::from(1 << 20)
}

/// All sizes of a peer share their built dependencies.
fn target(folder: &Path) -> std::path::PathBuf {
    folder.parent().expect("a folder for each peer").join("target")
}

/// Changes one literal in the middle model's `find`.
fn change_one_body(folder: &Path) {
    let is_model = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with('m') && name != "main.rs";
    let files = fs::read_dir(folder.join("src")).expect("the generated crate");
    let models = files.filter_map(Result::ok).filter(|file| is_model(&file.file_name())).count();
    let path = folder.join(format!("src/m{}.rs", models / 2));
    let text = fs::read_to_string(&path).expect("the middle model");
    let (before, after) = if text.contains("20 + 1") { ("20 + 1", "20 + 0") } else { ("20 + 0", "20 + 1") };
    assert!(text.contains(before), "the middle model has a body to change");
    fs::write(&path, text.replacen(before, after, 1)).expect("a writable folder");
}
