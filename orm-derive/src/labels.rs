//! The labels of an enum's variants: their names, in the case that the enum says, or what a variant says itself.

use heck::{ToKebabCase, ToLowerCamelCase, ToShoutyKebabCase, ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};
use proc_macro2::Ident;
use syn::parse::ParseStream;
use syn::{LitStr, Variant};

use crate::attr::{each, text, unknown};
use crate::mistakes::Mistakes;
use crate::names::{list, plain, suggestion};

const CASES: &[&str] = &[
    "lowercase",
    "UPPERCASE",
    "PascalCase",
    "camelCase",
    "snake_case",
    "SCREAMING_SNAKE_CASE",
    "kebab-case",
    "SCREAMING-KEBAB-CASE",
];

const VARIANT: &[&str] = &["rename"];

/// A variant and the label that the database knows it by.
pub(crate) struct Label<'i> {
    pub(crate) variant: &'i Ident,
    pub(crate) label: String,
}

/// Reads `rename_all = "snake_case"`.
pub(crate) fn read_case(name: &Ident, tokens: ParseStream<'_>) -> syn::Result<LitStr> {
    let case = text(name, tokens)?;
    if CASES.contains(&case.value().as_str()) {
        return Ok(case);
    }
    let hint = suggestion(&case.value(), CASES.iter().copied());
    let message = format!("`rename_all` does not know `{}`{hint}\nit takes {}", case.value(), list(CASES));
    Err(syn::Error::new(case.span(), message))
}

/// Returns the label of each variant; `refusal` says why none may be renamed, if so.
pub(crate) fn labels<'i>(
    variants: impl IntoIterator<Item = &'i Variant>,
    case: Option<&LitStr>,
    refusal: Option<&str>,
    mistakes: &mut Mistakes,
) -> Vec<Label<'i>> {
    let mut labels: Vec<Label<'i>> = vec![];
    for variant in variants {
        let renamed = rename(variant, refusal, mistakes);
        let name = plain(&variant.ident);
        let label = renamed.map_or_else(
            || case.map_or_else(|| name.clone(), |case| in_case(&name, &case.value())),
            |renamed| renamed.value(),
        );
        if let Some(other) = labels.iter().find(|other| other.label == label) {
            let message = format!("`{}` and `{}` are both stored as `{label}`", other.variant, variant.ident);
            mistakes.add(&variant.ident, message);
        }
        labels.push(Label { variant: &variant.ident, label });
    }
    labels
}

fn rename(variant: &Variant, refusal: Option<&str>, mistakes: &mut Mistakes) -> Option<LitStr> {
    let mut rename = None;
    each(&variant.attrs, &[], mistakes, |name, tokens, _| {
        if name != "rename" {
            return Err(unknown(name, "variant", VARIANT));
        }
        if let Some(refusal) = refusal {
            return Err(syn::Error::new(name.span(), refusal));
        }
        rename = Some(text(name, tokens)?);
        Ok(())
    });
    rename
}

fn in_case(name: &str, case: &str) -> String {
    match case {
        "lowercase" => name.to_lowercase(),
        "UPPERCASE" => name.to_uppercase(),
        "PascalCase" => name.to_upper_camel_case(),
        "camelCase" => name.to_lower_camel_case(),
        "snake_case" => name.to_snake_case(),
        "SCREAMING_SNAKE_CASE" => name.to_shouty_snake_case(),
        "kebab-case" => name.to_kebab_case(),
        "SCREAMING-KEBAB-CASE" => name.to_shouty_kebab_case(),
        _ => name.to_owned(),
    }
}
