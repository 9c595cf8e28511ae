//! `map!`: the implementations of the derive for a struct that is written elsewhere in the module.
//!
//! In: `pub Person => "people" { id: i64 [primary_key], name: String }`. Out: the struct that the derive would have seen.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, DeriveInput, Ident, LitStr, Result, Token, Type, Visibility, braced, bracketed, token};

use crate::expand;

/// Expands `map!`.
pub(crate) fn map(input: TokenStream) -> TokenStream {
    match parse.parse2(input) {
        Ok(input) => expand::derive_model(&input),
        Err(error) => error.to_compile_error(),
    }
}

fn parse(input: ParseStream<'_>) -> Result<DeriveInput> {
    let attributes = input.call(Attribute::parse_outer)?;
    let vis: Visibility = input.parse()?;
    let name: Ident = input.parse()?;
    input.parse::<Token![=>]>()?;
    let table: LitStr = input.parse()?;
    let content;
    braced!(content in input);
    let fields = content.call(Punctuated::<MappedField, Token![,]>::parse_terminated)?;
    let fields = fields.iter().map(|MappedField { docs, vis: own, name, ty, options }| {
        let vis = if matches!(own, Visibility::Inherited) { &vis } else { own };
        quote!(#(#docs)* #[orm(#options)] #vis #name: #ty)
    });
    syn::parse2(quote!(#(#attributes)* #[orm(table = #table)] #vis struct #name { #(#fields),* }))
}

/// `id: i64 [primary_key]`.
struct MappedField {
    docs: Vec<Attribute>,
    vis: Visibility,
    name: Ident,
    ty: Type,
    options: TokenStream,
}

impl Parse for MappedField {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let docs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let name = input.parse()?;
        input.parse::<Token![:]>()?;
        let ty = input.parse()?;
        let mut options = TokenStream::new();
        if input.peek(token::Bracket) {
            let content;
            bracketed!(content in input);
            options = content.parse()?;
        }
        Ok(MappedField { docs, vis, name, ty, options })
    }
}
