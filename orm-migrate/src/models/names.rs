//! Names of structs and fields, from those of tables and columns.

use heck::{ToSnakeCase, ToUpperCamelCase};

/// Words that a name in Rust may be, written as `r#type`.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Types that the source itself names.
const USED: &[&str] = &[
    "BelongsTo",
    "Clone",
    "Debug",
    "HasMany",
    "HasOne",
    "ManyToMany",
    "Model",
    "Option",
    "Self",
    "SqlEnum",
    "String",
    "Vec",
];

/// Returns the struct's name of a table: the singular, in camel case.
pub(super) fn type_name(table: &str) -> String {
    let name = identifier(singular(&table.to_snake_case()).to_upper_camel_case(), "Table");
    if USED.contains(&&*name) { format!("{name}Row") } else { name }
}

/// Returns the name of a variant for a label.
pub(super) fn variant_name(label: &str) -> String {
    let name = identifier(label.to_upper_camel_case(), "Variant");
    if name == "Self" { "Self_".to_owned() } else { name }
}

/// Returns the field's name of a column, as it is written.
pub(super) fn field_name(column: &str) -> String {
    raw(identifier(column.to_snake_case(), "column"))
}

/// Writes a name such that it is no keyword.
pub(super) fn raw(name: String) -> String {
    match &*name {
        "self" | "super" | "crate" => format!("{name}_"),
        word if KEYWORDS.contains(&word) => format!("r#{name}"),
        _ => name,
    }
}

/// Returns the name without the mark of a keyword.
pub(super) fn plain(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}

/// Returns a name as Rust can have it, which begins with `prefix` where it cannot begin as it does.
fn identifier(name: String, prefix: &str) -> String {
    let name: String =
        name.chars().filter(|&letter| letter == '_' || letter.is_alphabetic() || letter.is_ascii_digit()).collect();
    match name.chars().next() {
        None => prefix.to_owned(),
        Some(first) if first.is_numeric() => format!("{prefix}{}{name}", if prefix == "column" { "_" } else { "" }),
        Some(_) => name,
    }
}

/// Returns a name that is not among those taken, and takes it.
pub(super) fn unique(name: String, taken: &mut Vec<String>) -> String {
    let numbered = |number: usize| match number {
        1 => name.clone(),
        _ => format!("{name}{}{number}", if name.starts_with(char::is_uppercase) { "" } else { "_" }),
    };
    let free = (1..).map(numbered).find(|name| !taken.contains(name)).unwrap_or_else(|| name.clone());
    taken.push(free.clone());
    free
}

/// Words whose plural follows no rule.
const IRREGULAR: &[(&str, &str)] = &[
    ("person", "people"),
    ("child", "children"),
    ("man", "men"),
    ("woman", "women"),
    ("mouse", "mice"),
    ("status", "statuses"),
    ("bus", "buses"),
    ("address", "addresses"),
];

/// Returns what comes before the last word of a name, and the word.
fn last_word(name: &str) -> (&str, &str) {
    name.rfind('_').map_or(("", name), |at| name.split_at(at + 1))
}

/// Returns the singular of the last word of a name in snake case, by the common rules of English.
pub(super) fn singular(name: &str) -> String {
    let (before, last) = last_word(name);
    if let Some((one, _)) = IRREGULAR.iter().find(|(_, many)| *many == last) {
        return format!("{before}{one}");
    }
    let stem = |ending: &str| name.strip_suffix(ending).filter(|stem| stem.len() > 1);
    if let Some(stem) = stem("ies") {
        return format!("{stem}y");
    }
    for ending in ["sses", "xes", "ches", "shes", "zzes"] {
        if name.ends_with(ending) {
            return name[..name.len() - 2].to_owned();
        }
    }
    match stem("s") {
        Some(stem) if !["ss", "us", "is", "news", "series"].iter().any(|whole| name.ends_with(whole)) => {
            stem.to_owned()
        }
        _ => name.to_owned(),
    }
}

/// Returns the plural of the last word of a name in snake case, unless it is one already.
pub(super) fn plural(name: &str) -> String {
    if singular(name) != name {
        return name.to_owned();
    }
    let (before, last) = last_word(name);
    if let Some((_, many)) = IRREGULAR.iter().find(|(one, _)| *one == last) {
        return format!("{before}{many}");
    }
    let before = |letter: char| name.strip_suffix('y').is_some_and(|stem| stem.ends_with(letter));
    if name.ends_with('y') && !['a', 'e', 'i', 'o', 'u'].into_iter().any(before) {
        return format!("{}ies", &name[..name.len() - 1]);
    }
    if ["s", "x", "ch", "sh"].iter().any(|ending| name.ends_with(ending)) {
        return format!("{name}es");
    }
    format!("{name}s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structs_are_named_by_the_singular_of_their_table() {
        let names = [
            "users",
            "invoice_lines",
            "Categories",
            "addresses",
            "statuses",
            "boxes",
            "PlaylistTrack",
            "news",
            "2fa_codes",
            "options",
        ];
        let expected = [
            "User",
            "InvoiceLine",
            "Category",
            "Address",
            "Status",
            "Box",
            "PlaylistTrack",
            "News",
            "Table2faCode",
            "OptionRow",
        ];
        assert_eq!(names.map(type_name), expected);
    }

    #[test]
    fn fields_are_no_keywords_and_begin_with_a_letter() {
        assert_eq!(
            ["type", "self", "Unit Price", "1st", "größe"].map(field_name),
            ["r#type", "self_", "unit_price", "column_1st", "größe"]
        );
    }

    #[test]
    fn collections_are_named_by_the_plural() {
        assert_eq!(
            ["album", "category", "day", "box", "users"].map(plural),
            ["albums", "categories", "days", "boxes", "users"]
        );
    }

    #[test]
    fn no_two_things_have_one_name() {
        let mut taken = Vec::new();
        assert_eq!(["a", "a", "B", "B"].map(|name| unique(name.to_owned(), &mut taken)), ["a", "a_2", "B", "B2"]);
    }
}
