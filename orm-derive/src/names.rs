//! Names: those that the macro makes up, those that the user may have meant, and where the library is.

use std::collections::HashSet;

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::{GenericArgument, Path, PathArguments, PathSegment, Type, parse_quote};

/// The types that the macro makes up for one model.
pub(crate) struct Names {
    /// The type of the constant.
    pub(crate) attributes: Ident,
    /// The type of an embedded struct's attributes where its field is an `Option`.
    pub(crate) optional_attributes: Ident,
    /// The builder.
    pub(crate) builder: Ident,
    /// What the builder holds.
    pub(crate) fields: Ident,
}

impl Names {
    /// Makes up names that nothing in the user's tokens bears: a field may be of the user's own type `UserAttributes`.
    pub(crate) fn new(model: &Ident, tokens: TokenStream) -> Self {
        let mut taken = HashSet::new();
        collect_idents(tokens, &mut taken);
        let free = |role: &str| {
            let mut name = format_ident!("{model}{role}");
            while taken.contains(&name.to_string()) {
                name = format_ident!("{name}_");
            }
            quiet(&name)
        };
        Names {
            attributes: free("Attributes"),
            optional_attributes: free("OptionalAttributes"),
            builder: free("Builder"),
            fields: free("Fields"),
        }
    }
}

fn collect_idents(tokens: TokenStream, found: &mut HashSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => drop(found.insert(ident.to_string())),
            TokenTree::Group(group) => collect_idents(group.stream(), found),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// Returns the name at its place, but as written by the macro: lints about names and unused items stay quiet, and no
/// `#[allow]` is needed, which `forbid` would refuse.
pub(crate) fn quiet(ident: &Ident) -> Ident {
    let mut ident = ident.clone();
    ident.set_span(ident.span().resolved_at(Span::call_site()));
    ident
}

/// Returns the name without `r#`.
pub(crate) fn plain(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// Returns where the library's exports are: `::orm`, but in the library's own core, which cannot depend on it.
pub(crate) fn library() -> Path {
    match std::env::var("CARGO_PKG_NAME").as_deref() {
        Ok("orm-core") => parse_quote!(::orm_core),
        _ => parse_quote!(::orm),
    }
}

/// Writes the model's name for `Self`, which means something else in the generated items.
pub(crate) fn without_self(tokens: impl ToTokens, model: &Ident) -> TokenStream {
    let replace = |token: TokenTree| match token {
        TokenTree::Ident(ident) if ident == "Self" => {
            let mut model = model.clone();
            model.set_span(ident.span());
            TokenTree::Ident(model)
        }
        TokenTree::Group(group) => {
            let mut replaced = Group::new(group.delimiter(), without_self(group.stream(), model));
            replaced.set_span(group.span());
            TokenTree::Group(replaced)
        }
        other => other,
    };
    tokens.into_token_stream().into_iter().map(replace).collect()
}

/// Takes off what a `macro_rules!` puts around a type.
pub(crate) fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        other => other,
    }
}

/// Returns the last part of a type's path: `Option<i64>` of `std::option::Option<i64>`.
pub(crate) fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match bare(ty) {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

/// Returns the types between the angle brackets of a path's part.
pub(crate) fn type_arguments(segment: &PathSegment) -> Vec<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return vec![] };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.collect()
}

/// Returns `T` of `Option<T>`.
pub(crate) fn option_argument(ty: &Type) -> Option<&Type> {
    argument_of(ty, "Option")
}

/// Returns `T` of a type with this name, such as `Deferred<T>`.
pub(crate) fn argument_of<'t>(ty: &'t Type, name: &str) -> Option<&'t Type> {
    last_segment(ty)
        .filter(|segment| segment.ident == name)
        .and_then(|segment| type_arguments(segment).first().copied())
}

/// Returns whether the type is written as one of these names, without arguments.
pub(crate) fn is_written_as(ty: &Type, names: &[&str]) -> bool {
    last_segment(ty).is_some_and(|segment| {
        matches!(segment.arguments, PathArguments::None) && names.iter().any(|name| segment.ident == name)
    })
}

/// Returns the candidate that the user may have meant.
pub(crate) fn similar<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let length = name.chars().count();
    let close = |distance: usize| distance <= (length / 3).max(1) && distance < length;
    let distances = candidates.into_iter().map(|candidate| (distance(name, candidate), candidate));
    distances.filter(|(distance, _)| close(*distance)).min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// Counts the letters to add, drop, change or swap.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    // Row 0 and column 0 count what is to be added or dropped; the others are overwritten.
    let mut rows: Vec<Vec<usize>> = (0..=left.len()).map(|i| (i..=i + right.len()).collect()).collect();
    for i in 1..=left.len() {
        for j in 1..=right.len() {
            let changed = usize::from(left[i - 1] != right[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + changed);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[left.len()][right.len()]
}

/// Writes a list for a message: `a`, `b` and `c`, each in back quotes.
pub(crate) fn list<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match quoted.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// Writes `, did you mean …?` where a candidate is close.
pub(crate) fn suggestion<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> String {
    similar(name, candidates).map_or_else(String::new, |meant| format!(", did you mean `{meant}`?"))
}

/// Writes an `Option` as tokens, for a model's unnamed constant.
pub(crate) fn option(value: Option<impl ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote!(__Some(#value)),
        None => quote!(__None),
    }
}
