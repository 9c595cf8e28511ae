//! `#[derive(Embed)]`: a struct, or an enum, whose fields are columns of the models that hold it.
//!
//! It is read and checked as a model without a table, a key and relationships; of an enum `variants` makes one first.

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::check::check_embedded;
use crate::expand::embed;
use crate::mistakes::Mistakes;
use crate::model::understand_embedded;

/// Expands `#[derive(Embed)]`.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let Some(model) = understand_embedded(input, &mut mistakes) else { return mistakes.to_compile_errors() };
    check_embedded(&model, &mut mistakes);
    if mistakes.is_empty() {
        return embed::expand(&model);
    }
    if model.columns.is_empty() && model.embedded.is_empty() {
        return mistakes.to_compile_errors();
    }
    let (errors, stub) = (mistakes.to_compile_errors(), embed::expand_stub(&model));
    quote!(#errors #stub)
}
