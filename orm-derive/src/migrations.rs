//! `migrations!("migrations")`: the files of a folder, compiled in.
//!
//! In: the path of a folder. Out: a value of `orm::migrate::Migrations` with the name and the text of each file, which cargo
//! watches since they come by `include_str!`.

use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{Error, LitStr, Path as RustPath, Result, Token};

/// What is written between the parentheses.
pub(crate) struct Input {
    folder: LitStr,
    krate: Option<RustPath>,
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let form = "expected the path of a folder, as in `migrations!(\"migrations\")`";
        let folder = input.parse().map_err(|error: Error| Error::new(error.span(), form))?;
        let mut krate = None;
        if input.peek(Token![,]) && !input.peek2(syn::parse::End) {
            input.parse::<Token![,]>()?;
            input.parse::<Token![crate]>()?;
            input.parse::<Token![=]>()?;
            krate = Some(input.call(RustPath::parse_mod_style)?);
        }
        input.parse::<Option<Token![,]>>()?;
        Ok(Input { folder, krate })
    }
}

pub(crate) fn expand(input: &Input) -> Result<TokenStream> {
    let root = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let given = input.folder.value();
    let folder = root.join(&given);
    let wrong = |message: String| Error::new(input.folder.span(), message);
    let names = file_names(&folder).map_err(|error| {
        wrong(format!(
            "the folder `{given}`, whose path begins where the package's `Cargo.toml` is, cannot be read: {error}"
        ))
    })?;
    let mistakes: Vec<String> = names.iter().enumerate().filter_map(|(at, name)| mistake(name, &names[..at])).collect();
    if !mistakes.is_empty() {
        return Err(wrong(format!("the folder `{given}` has files that are no revisions\n{}", mistakes.join("\n"))));
    }
    let krate = input.krate.as_ref().map_or_else(|| quote!(::orm::migrate), |path| quote!(#path));
    let texts = names.iter().map(|name| folder.join(name).display().to_string());
    let folder = folder.display().to_string();
    Ok(quote!(#krate::Migrations::__embedded(#folder, &[#((#names, ::core::include_str!(#texts))),*])))
}

/// Returns the names of the `.sql` files in a folder, in order.
fn file_names(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".sql") && !entry.path().is_dir() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Returns what is wrong with the name of a file, as `orm-migrate` would say it when it reads the folder.
fn mistake(file: &str, before: &[String]) -> Option<String> {
    let (revision, name, dialect) = parts(file);
    if dialect.is_some_and(|of| !["sqlite", "postgresql", "postgres", "mysql", "mariadb"].contains(&of)) {
        return Some(format!("`{file}`: its database is none of `sqlite`, `postgresql`, `mysql` and `mariadb`"));
    }
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let is_revision = revision.len() == 14 && revision.bytes().all(|byte| byte.is_ascii_digit());
    if !is_revision || name.is_empty() || name.len() > 200 || !name.bytes().all(is_of_name) {
        return Some(format!(
            "`{file}`: its name does not begin with 14 digits, the time in UTC, as `20261123164002_add_email.sql`"
        ));
    }
    let is_twin = |other: &&String| {
        let (other, called, _) = parts(other);
        other == revision && called != name
    };
    before.iter().find(is_twin).map(|other| format!("`{file}`: it has the same revision as `{other}`"))
}

/// Cuts `20261123164002_add_email.postgresql.sql` into revision, name and database.
fn parts(file: &str) -> (&str, &str, Option<&str>) {
    let stem = file.strip_suffix(".sql").unwrap_or(file);
    let (stem, dialect) = stem.split_once('.').map_or((stem, None), |(stem, dialect)| (stem, Some(dialect)));
    let (revision, name) = stem.split_once('_').unwrap_or((stem, ""));
    (revision, name, dialect)
}
