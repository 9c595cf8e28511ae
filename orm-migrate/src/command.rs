//! The command line: [`run`], for a program of a few lines that knows its own models.

use std::io::Write;
use std::process::ExitCode;

use orm_core::schema::Table;
use orm_core::{Engine, Error, MetaData, Result};

use crate::apply::Direction;
use crate::errors::{Told, argument, configuration, count};
use crate::migrations::Migrations;
use crate::models::models;
use crate::revision::Revision;

const USAGE: &str = "\
usage: [--url URL] COMMAND

  status                       lists the revisions, and whether the database has them
  upgrade [REVISION|+N]        applies what is pending: all, up to one, or so many
  downgrade REVISION|-N|base   takes back what is behind one, so many, or all
  check                        fails unless the database has all revisions, and is as the models say
  generate NAME [--empty]      writes the next revision, from what the models have more
  stamp REVISION|head|base     writes down what the database has, without running it
  repair                       takes changed revisions as they are written now
  sql [FROM:TO]                prints what would be run
  models [TABLE...]            prints the models of the tables that the database has, or of these

the database is `--url`, or else the variable DATABASE_URL";

/// Runs the program's command line, and says how it went: a `main` of one line, with the program's own models.
///
/// ```no_run
/// use orm::migrate::{self, Migrations};
/// use orm::prelude::*;
///
/// static MIGRATIONS: Migrations = orm::migrations!("../examples/migrations");
///
/// fn main() -> std::process::ExitCode {
///     migrate::run(&MIGRATIONS, MetaData::global())
/// }
/// ```
///
/// It knows `status`, `upgrade [REVISION|+N]`, `downgrade REVISION|-N|base`, `check`, `generate NAME [--empty]`,
/// `stamp REVISION`, `repair`, `sql [FROM:TO]` and `models [TABLE...]`. The database is `--url`, or else the variable `DATABASE_URL`. What fails is told on
/// the standard error, and the exit code is 1.
///
/// It makes a runtime of its own; within one, call [`command`].
pub fn run(migrations: &Migrations, metadata: &MetaData) -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let has_url = arguments.iter().any(|argument| argument == "--url" || argument.starts_with("--url="));
    if let (false, Ok(url)) = (has_url, std::env::var("DATABASE_URL")) {
        arguments.extend(["--url".to_owned(), url]);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(command(migrations, metadata, &arguments, &mut std::io::stdout())),
        Err(error) => Err(Error::other(error)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Who has closed the standard error wants to hear nothing.
            _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Does what the arguments say, as [`run`] does, and writes what it has to say to `out`. The database is `--url` alone.
///
/// ```
/// # use orm::prelude::*;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let migrations = orm::migrations!("../examples/migrations");
/// let mut out = Vec::new();
/// let arguments = ["--url", "sqlite::memory:", "upgrade"];
/// orm::migrate::command(&migrations, MetaData::global(), arguments, &mut out).await?;
/// let lines = "upgrade 20261101120000_create_users\nupgrade 20261108093000_add_email\n2 revisions applied\n";
/// assert_eq!(String::from_utf8(out).unwrap(), lines);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Fails when the arguments are none of a command, and as what they ask for does.
pub async fn command<A: AsRef<str>>(
    migrations: &Migrations,
    metadata: &MetaData,
    arguments: impl IntoIterator<Item = A>,
    out: &mut (dyn Write + Send),
) -> Result<()> {
    let mut arguments: Vec<String> = arguments.into_iter().map(|argument| argument.as_ref().to_owned()).collect();
    let url = take_url(&mut arguments)?;
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if matches!(words.as_slice(), [] | ["help" | "--help" | "-h"]) {
        return print(out, USAGE);
    }
    let engine = || {
        let url = url.as_deref().ok_or_else(|| {
            argument("no database is named").hint("write `--url URL`, or set the variable DATABASE_URL")
        })?;
        Engine::new(url)
    };
    let mut does_print = |direction: Direction, revision: &Revision| {
        // What cannot be printed is done all the same.
        _ = writeln!(out, "{} {revision}", direction.words());
        _ = out.flush();
    };
    let done = match words.as_slice() {
        ["upgrade"] | ["upgrade", _] => {
            migrations.refuse_older()?;
            let target = words.get(1).copied().unwrap_or("head");
            let done = migrations.go(&engine()?, Direction::Upgrade, target, &mut does_print).await?;
            told(&done, "applied")
        }
        ["downgrade", target] => {
            migrations.refuse_older()?;
            let done = migrations.go(&engine()?, Direction::Downgrade, target, &mut does_print).await?;
            told(&done, "taken back")
        }
        ["status"] => {
            migrations.refuse_older()?;
            let status = migrations.status(&engine()?).await?;
            if status.revisions.is_empty() { "there are no revisions".to_owned() } else { status.to_string() }
        }
        ["check"] => {
            migrations.refuse_older()?;
            migrations.check(&engine()?, metadata).await?;
            "the database has all revisions, and is as the models say".to_owned()
        }
        ["generate", name, "--empty"] | ["generate", "--empty", name] => {
            format!("wrote {}", migrations.generate_empty(name)?.display())
        }
        ["generate", name] => {
            let files = migrations.generate(&engine()?, metadata, name).await?;
            let lines: Vec<String> = files.iter().map(|file| format!("wrote {}", file.display())).collect();
            if lines.is_empty() { "nothing differs: no file was written".to_owned() } else { lines.join("\n") }
        }
        ["stamp", target] => {
            migrations.refuse_older()?;
            migrations.stamp(&engine()?, target).await?;
            format!("stamped {target}")
        }
        ["repair"] => {
            migrations.refuse_older()?;
            let done = migrations.repair(&engine()?).await?;
            let lines: Vec<String> = done.iter().map(|of| format!("took {of} as it is written")).collect();
            if lines.is_empty() { "nothing was changed since it was applied".to_owned() } else { lines.join("\n") }
        }
        ["sql"] | ["sql", _] => {
            let range = words.get(1).copied().unwrap_or("");
            migrations.to_sql(engine()?.dialect(), range)?.trim_end().to_owned()
        }
        ["models", tables @ ..] => models_of(&engine()?, tables).await?.trim_end().to_owned(),
        _ => return Err(argument(format!("`{}` is no command", words.join(" "))).hint(USAGE)),
    };
    print(out, &done)
}

impl Migrations {
    /// Refuses to go by revisions that were compiled in, where the folder has others by now: cargo does not notice new files.
    fn refuse_older(&self) -> Result<()> {
        if !self.is_embedded() || !self.folder().is_dir() {
            return Ok(());
        }
        let now = self.read_again()?;
        let (old, new) = (self.files(), now.files());
        let is_in = |files: &[(&str, &str)], file: &(&str, &str)| files.contains(file);
        let differing =
            new.iter().filter(|file| !is_in(&old, file)).chain(old.iter().filter(|file| !is_in(&new, file)));
        let mut names: Vec<&str> = differing.map(|(name, _)| *name).collect();
        names.dedup();
        if names.is_empty() {
            return Ok(());
        }
        let message =
            format!("this program was compiled before `{}` became what it is now in its folder", names.join("`, `"));
        let hint = "compile it again; cargo notices a new file by itself with a `build.rs` that prints \
                    `cargo:rerun-if-changed=migrations`";
        Err(configuration(message).hint(hint))
    }
}

/// Writes the models of the tables of these names, or of all.
async fn models_of(engine: &Engine, names: &[&str]) -> Result<String> {
    let mut found = MetaData::reflect(engine).await?;
    let tables: Vec<String> = found.tables()?.iter().map(Table::full_name).collect();
    if let Some(unknown) = names.iter().find(|name| !tables.iter().any(|table| table == *name)) {
        return Err(argument(format!("the database has no table `{unknown}`")));
    }
    for table in tables.iter().filter(|table| !names.is_empty() && !names.contains(&table.as_str())) {
        found.remove(table);
    }
    models(&found)
}

fn told(done: &[Revision], what: &str) -> String {
    match done.len() {
        0 => "nothing to do".to_owned(),
        number => format!("{} {what}", count(number, "revision")),
    }
}

fn print(out: &mut (dyn Write + Send), text: &str) -> Result<()> {
    writeln!(out, "{text}").map_err(Error::other)
}

/// Takes `--url URL` or `--url=URL` out.
fn take_url(arguments: &mut Vec<String>) -> Result<Option<String>> {
    let Some(at) = arguments.iter().position(|argument| argument == "--url" || argument.starts_with("--url=")) else {
        return Ok(None);
    };
    let option = arguments.remove(at);
    if let Some((_, url)) = option.split_once('=') {
        return Ok(Some(url.to_owned()));
    }
    if at == arguments.len() {
        return Err(argument("`--url` has no URL behind it"));
    }
    Ok(Some(arguments.remove(at)))
}
