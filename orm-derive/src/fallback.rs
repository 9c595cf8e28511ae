//! Stubs for a model with mistakes.
//!
//! In: what was understood of it. Out: everything that other code may mention, with bodies that never run. So the
//! compiler reports the mistake and not fifty places that use the model.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Data, DeriveInput, Fields, Visibility};

use crate::expand::{self, hydrate, model};
use crate::model::{Model, Presence};
use crate::names;

/// Stands in for a struct with named fields. Its builder requires nothing: what does is not settled yet.
pub(crate) fn for_model(mut model: Model) -> TokenStream {
    for column in &mut model.columns {
        column.presence = Presence::Absent;
    }
    for embedded in &mut model.embedded {
        embedded.presence = Presence::Absent;
    }
    expand::expand_stub(&model)
}

/// Stands in for what is no struct with named fields: it is a model without columns.
pub(crate) fn for_shape(input: &DeriveInput) -> TokenStream {
    if !input.generics.params.is_empty() {
        return TokenStream::new();
    }
    let DeriveInput { ident, vis, .. } = input;
    let library = names::library();
    let attributes = names::quiet(&format_ident!("{ident}Attributes"));
    let constant = constant(input).then(|| constant_of(input, vis));
    let row_type = hydrate::row_type_stub(ident);
    let methods = model::stub_methods();
    quote! {
        #constant
        const _: () = {
            use #library::__private as __orm;
            #[derive(Clone, Copy)]
            #vis struct #attributes;
            impl __orm::Selectable for #attributes {
                type Row = #ident;
                fn __outputs(self, _: &mut ::std::vec::Vec<__orm::Output>) { ::core::unreachable!() }
            }
            impl __orm::Entity for #attributes {
                type Model = #ident;
                fn __alias_of(&self) -> __orm::Alias { ::core::unreachable!() }
            }
            #row_type
            impl __orm::Model for #ident {
                type Attributes = #attributes;
                type Key = i64;
                type Builder = ();
                const ATTRIBUTES: #attributes = #attributes;
                fn builder() {}
                #methods
            }
            impl __orm::NewInstance for #ident {
                type Model = #ident;
                fn __row(self) -> __orm::NewRow<#ident> { ::core::unreachable!() }
            }
            impl __orm::IntoMember<#ident> for #ident {
                fn __member(self) -> __orm::Member<#ident> { ::core::unreachable!() }
            }
        };
    }
}

/// Returns whether the name is free for a constant: tuple and unit structs have a value of their name already.
fn constant(input: &DeriveInput) -> bool {
    match &input.data {
        Data::Struct(data) => matches!(data.fields, Fields::Named(_)),
        Data::Enum(_) | Data::Union(_) => true,
    }
}

fn constant_of(input: &DeriveInput, vis: &Visibility) -> TokenStream {
    let (ident, library, name) = (&input.ident, names::library(), names::quiet(&input.ident));
    quote! {
        #[doc(hidden)]
        #vis const #name: <#ident as #library::__private::Model>::Attributes =
            <#ident as #library::__private::Model>::ATTRIBUTES;
    }
}
