//! The type of the constant: a field for each column and relationship.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::embed;
use crate::model::Model;
use crate::names::{plain, quiet};

/// Defines the type, its `alias`, and what makes it the entity of its model.
pub(super) fn expand(model: &Model) -> TokenStream {
    let Model { ident, vis, .. } = model;
    let name = &model.names.attributes;
    let doc = format!("The columns and relationships of [`{ident}`].");
    let columns = model.columns.iter().map(|column| {
        let (docs, vis, field, ty) = (&column.docs, &column.vis, quiet(&column.ident), &column.column_type);
        quote!(#(#docs)* #vis #field: __orm::Attribute<#ident, #ty>)
    });
    let relationships = model.relationships.iter().map(|relationship| {
        let (docs, vis, field) = (&relationship.docs, &relationship.vis, quiet(&relationship.ident));
        let target = &relationship.target;
        let kind = if relationship.kind.is_many() { quote!(Many) } else { quote!(One) };
        quote!(#(#docs)* #vis #field: __orm::Relationship<#ident, #target, __orm::#kind>)
    });
    let attributes = format_ident!("Attributes");
    let fields = columns.chain(embed::fields(model, ident, &attributes)).chain(relationships);
    let field_names: Vec<_> = field_names(model).collect();
    let alias_doc = format!("Names the table for one statement: `{}.alias(\"other\")`.", plain(&model.constant));
    let alias_of = match model.key_columns().next().or(model.columns.first()) {
        Some(column) => {
            let field = &column.ident;
            quote!(self.#field.__alias_of())
        }
        None => quote!(__orm::Alias::NONE),
    };
    quote! {
        #[doc = #doc]
        #vis struct #name { #(#fields),* }

        #[automatically_derived]
        impl ::core::clone::Clone for #name {
            fn clone(&self) -> Self { *self }
        }
        #[automatically_derived]
        impl ::core::marker::Copy for #name {}

        impl #name {
            #[doc = #alias_doc]
            #[must_use]
            pub fn alias(self, alias: &str) -> Self {
                self.__of(__orm::Alias::new(alias))
            }

            fn __of(self, __alias: __orm::Alias) -> Self {
                Self { #(#field_names: self.#field_names.__alias(__alias)),* }
            }
        }

        impl __orm::Selectable for #name {
            type Row = #ident;
            fn __outputs(self, __outputs: &mut ::std::vec::Vec<__orm::Output>) {
                __outputs.push(__orm::Output::entity(<#ident as __orm::Model>::__mapper(), #alias_of));
            }
        }

        impl __orm::Entity for #name {
            type Model = #ident;
            fn __alias_of(&self) -> __orm::Alias { #alias_of }
        }
    }
}

/// Writes the value of the constant.
pub(super) fn value(model: &Model) -> TokenStream {
    let name = &model.names.attributes;
    let columns = model.columns.iter().enumerate().map(|(position, column)| {
        let (field, position) = (&column.ident, super::number(position));
        quote!(#field: __orm::Attribute::__new(#position))
    });
    let relationships = model.relationships.iter().enumerate().map(|(position, relationship)| {
        let (field, position) = (&relationship.ident, super::number(position));
        quote!(#field: __orm::Relationship::__new(#position))
    });
    let fields = columns.chain(embed::values(model)).chain(relationships);
    quote!(#name { #(#fields),* })
}

fn field_names(model: &Model) -> impl Iterator<Item = proc_macro2::Ident> {
    let columns = model.columns.iter().map(|column| quiet(&column.ident));
    let embedded = model.embedded.iter().map(|embedded| quiet(&embedded.ident));
    columns.chain(embedded).chain(model.relationships.iter().map(|relationship| quiet(&relationship.ident)))
}
