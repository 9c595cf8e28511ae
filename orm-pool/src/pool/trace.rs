//! Which calls led to a checkout: a backtrace, of which the functions of the user are shown.

use std::backtrace::Backtrace;
use std::fmt;
use std::path::Path;

/// A backtrace that is read only when it has to be shown.
pub(super) struct Trace(Backtrace);

/// How many calls are shown.
const SHOWN: usize = 3;

/// Where the code of others is.
const OTHERS_FILES: [&str; 2] = ["/rustc/", "/.cargo/"];

/// How the functions of others begin, for programs that do not know where their code came from.
const OTHERS_FUNCTIONS: [&str; 9] =
    ["orm", "std::", "core::", "alloc::", "tokio::", "test::", "futures", "tracing", "__"];

/// A call, as a backtrace names it.
struct Call<'a> {
    function: &'a str,
    /// File, line and column.
    place: Option<&'a str>,
}

impl Trace {
    pub(super) fn capture() -> Self {
        Trace(Backtrace::force_capture())
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        users_calls(&self.0.to_string()).iter().try_for_each(|call| write!(f, " < {call}"))
    }
}

/// Finds the innermost of the user's calls in the text of a backtrace: function and place.
fn users_calls(text: &str) -> Vec<String> {
    let mut shown: Vec<String> = Vec::new();
    for call in calls(text).iter().filter(|call| call.is_users()) {
        let words = call.to_string();
        // An async function and its body may be a frame each.
        if shown.last() != Some(&words) {
            shown.push(words);
        }
    }
    shown.truncate(SHOWN);
    shown
}

/// Reads a backtrace: a call has one line with its number and its function, and mostly another with `at` and its place.
fn calls(text: &str) -> Vec<Call<'_>> {
    let mut calls: Vec<Call<'_>> = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(place) = line.strip_prefix("at ") {
            if let Some(call) = calls.last_mut() {
                call.place = Some(place);
            }
        } else if let Some((_, function)) = line.split_once(": ") {
            calls.push(Call { function, place: None });
        }
    }
    calls
}

impl Call<'_> {
    fn is_users(&self) -> bool {
        match self.place {
            Some(place) => !OTHERS_FILES.iter().any(|part| place.contains(part)) && !is_our_file(place),
            None => {
                let function = self.function.trim_start_matches('<');
                function.contains("::") && !OTHERS_FUNCTIONS.iter().any(|start| function.starts_with(start))
            }
        }
    }
}

/// Returns whether this is code of ours, where we are not a package among others in Cargo's folder.
fn is_our_file(place: &str) -> bool {
    let file = match (place.strip_prefix("./"), std::env::current_dir()) {
        (Some(file), Ok(folder)) => folder.join(file),
        _ => Path::new(place).to_owned(),
    };
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ours = ["orm-pool/src", "orm-core/src"].map(|part| own.with_file_name(part));
    ours.iter().any(|folder| file.starts_with(folder))
}

impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.function.replace("::{{closure}}", ""))?;
        self.place.map_or(Ok(()), |place| write!(f, " ({place})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_calls_are_told_from_those_of_the_runtime() {
        let own = env!("CARGO_MANIFEST_DIR");
        let text = format!(
            "   0: orm_pool::pool::trace::Trace::capture\n             at {own}/src/pool/trace.rs:40:15\n   \
             1: <orm_core::engine::Engine as orm_core::engine::Executor>::__fetch::{{{{closure}}}}\n   \
             2: shop::report::totals::{{{{closure}}}}\n             at /home/u/shop/src/report.rs:12:5\n   \
             3: {{async_fn#0}}\n             at /home/u/shop/src/main.rs:40:20\n   \
             4: poll<dyn Future>\n             at /rustc/5980/library/core/src/future/future.rs:133:9\n   \
             5: tokio::runtime::task::core::poll\n   6: start_thread\n   7: clone3\n"
        );
        assert_eq!(
            users_calls(&text),
            ["shop::report::totals (/home/u/shop/src/report.rs:12:5)", "{async_fn#0} (/home/u/shop/src/main.rs:40:20)"]
        );
    }
}
