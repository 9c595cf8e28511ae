//! What is generated for a model.
//!
//! In: a model without mistakes. Out: the constant that bears the struct's name, and in an unnamed constant everything
//! else, so that nothing else gets a name in the user's module.
//!
//! `__orm` is the library's `__private`; the short names beside it are Rust's own, whatever the user's module calls so:
//! fewer tokens are a tenth of what a model costs. What is defined here has the macro's spans, which keeps the user's lints quiet;
//! what the user wrote keeps its own, so that the compiler's messages point there. No value bears a field's name, since
//! a constant of that name would turn a binding into a pattern; locals begin with `__`, out of reach of the user's own
//! expressions.

mod attributes;
mod builder;
pub(crate) mod embed;
pub(crate) mod hydrate;
pub(crate) mod model;
mod relationships;
mod variants;

use proc_macro2::{Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Expr};

use crate::mistakes::Mistakes;
use crate::model::Model;
use crate::{check, fallback};

/// Expands `#[derive(Model)]`.
pub(crate) fn derive_model(input: &DeriveInput) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let Some(model) = crate::model::understand(input, &mut mistakes) else {
        let errors = mistakes.to_compile_errors();
        let stub = fallback::for_shape(input);
        return quote!(#errors #stub);
    };
    check::check(&model, &mut mistakes);
    if mistakes.is_empty() {
        return expand(&model);
    }
    let errors = mistakes.to_compile_errors();
    let stub = fallback::for_model(model);
    quote!(#errors #stub)
}

fn expand(model: &Model) -> TokenStream {
    let items = [
        attributes::expand(model),
        hydrate::row_type(model),
        model::expand(model),
        builder::expand(model, &builder::finish(model)),
        (!model.options.unregistered).then(|| registration(model)).into_token_stream(),
    ];
    in_constants(model, &items)
}

/// Puts the items into an unnamed constant, beside the one that bears the struct's name.
fn in_constants(model: &Model, items: &[TokenStream]) -> TokenStream {
    let Model { ident, vis, constant, library, .. } = model;
    let allow = model.is_deprecated.then(|| quote!(#[allow(deprecated)]));
    let (opening, positions) = (opening(model), embed::positions(model));
    quote! {
        #[doc(hidden)]
        #allow
        #vis const #constant: <#ident as #library::__private::Model>::Attributes =
            <#ident as #library::__private::Model>::ATTRIBUTES;
        #allow
        const _: () = {
            #opening
            #positions
            #(#items)*
        };
    }
}

/// Writes the short names.
fn opening(model: &Model) -> TokenStream {
    let library = &model.library;
    quote! {
        use #library::__private as __orm;
        use ::core::clone::Clone as __Clone;
        use ::core::marker::PhantomData as __PhantomData;
        use ::core::option::Option::{self as __Option, None as __None, Some as __Some};
        use ::core::result::Result::{Err as __Err, Ok as __Ok};
    }
}

/// Expands a model with mistakes: everything that other code may mention, and nothing that runs.
pub(crate) fn expand_stub(model: &Model) -> TokenStream {
    let finish = quote!(::core::unreachable!("this model has mistakes"));
    let items = [
        attributes::expand(model),
        hydrate::row_type_stub(&model.ident),
        model::expand_stub(model),
        builder::expand(model, &finish),
    ];
    in_constants(model, &items)
}

/// Tells the linker of the model, for `MetaData::global()`.
fn registration(model: &Model) -> TokenStream {
    let Model { ident, library, .. } = model;
    quote! {
        #[#library::__private::linkme::distributed_slice(#library::__private::MODELS)]
        #[linkme(crate = #library::__private::linkme)]
        static __REGISTRATION: __orm::Registration = __orm::Registration(<#ident as __orm::Model>::__mapper);
    }
}

/// Returns the span at its place, as written by the macro.
fn quiet_span(tokens: impl ToTokens) -> Span {
    tokens.span().resolved_at(Span::call_site())
}

/// Writes a position.
fn number(position: usize) -> Literal {
    Literal::usize_unsuffixed(position)
}

/// Writes positions: `&[0, 2]`.
fn positions(positions: &[u16]) -> TokenStream {
    let positions = positions.iter().map(|position| Literal::u16_unsuffixed(*position));
    quote!(&[#(#positions),*])
}

/// Writes the attributes of a model whose constant may have any name.
fn attributes_of(model: impl ToTokens, at: Span) -> TokenStream {
    quote_spanned!(at=> <#model as __orm::Model>::ATTRIBUTES)
}

/// Writes a column that the user named: `User.id` as it stands, `Self.id` and the bare `id` as those of a model.
fn column(expression: &Expr, of: impl ToTokens, model: &Model) -> TokenStream {
    let span = quiet_span(expression);
    if let Some(field) = crate::attr::field_name(expression) {
        let attributes = attributes_of(of, span);
        return quote_spanned!(span=> #attributes.#field);
    }
    match expression {
        Expr::Field(field) if field.base.to_token_stream().to_string() == "Self" => {
            let attributes = attributes_of(&model.ident, span);
            let member = &field.member;
            quote_spanned!(span=> #attributes.#member)
        }
        other => other.to_token_stream(),
    }
}
