//! What is written down of each relationship, and how its field is reached.
//!
//! What a relationship says of the other model stands in functions, where the compiler checks it: a constant that named
//! the other model's constant would be a cycle.

use heck::ToUpperCamelCase;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Expr;

use super::{attributes_of, column, number, quiet_span};
use crate::attr::{self, Secondary, Written};
use crate::model::{Kind, Model, Relationship};
use crate::names::plain;

/// Writes the definition of each relationship.
pub(super) fn definitions(model: &Model) -> impl Iterator<Item = TokenStream> {
    model.relationships.iter().map(|relationship| definition(model, relationship))
}

fn definition(model: &Model, relationship: &Relationship) -> TokenStream {
    let Relationship { target, options, .. } = relationship;
    let name = plain(&relationship.ident);
    let kind = format_ident!("{}", relationship.kind.name());
    let span = quiet_span(target);
    let mapper = quote_spanned!(span=> <#target as __orm::Model>::__mapper);
    let mut settings = TokenStream::new();
    if let Some(other) = &options.back_populates {
        settings.extend(back_populates(model, relationship, other));
    }
    if let Some(secondary) = &options.secondary {
        settings.extend(match &secondary.value {
            Secondary::Model(model) => {
                let mapper = quote_spanned!(quiet_span(model)=> <#model as __orm::Model>::__mapper);
                quote!(.secondary(#mapper))
            }
            Secondary::Table { table, near, far } => {
                let (ident, span) = (&model.ident, quiet_span(target));
                let models = quote_spanned!(span=> <#ident, #target>);
                let names = quote!(#table, &[#(#near),*], &[#(#far),*]);
                quote! {
                    .bare_secondary(|| __orm::association::#models(#names))
                    .foreign_key(|| __orm::association_columns::#models(#names))
                }
            }
        });
    }
    if !options.foreign_key.is_empty() {
        let holder = holder(model, relationship);
        let columns = references(&options.foreign_key, &holder, model);
        settings.extend(quote!(.foreign_key(|| #columns)));
    }
    if !options.remote.is_empty() {
        let columns = references(&options.remote, target, model);
        settings.extend(quote!(.remote(|| #columns)));
    }
    if let Some(condition) = &options.primaryjoin {
        let node = quote_spanned!(quiet_span(condition)=> __orm::condition(#condition));
        settings.extend(quote!(.primaryjoin(|| #node)));
    }
    if let Some(order) = &options.order_by {
        let items = order.value.iter().map(|item| order_item(item, target, model));
        settings.extend(match order.value.as_slice() {
            [_] => quote!(.order_by(|| __orm::order_items(#(#items)*))),
            _ => quote!(.order_by(|| __orm::order_items((#(#items,)*)))),
        });
    }
    if let Some(words) = &options.cascade {
        let cascade = cascade(words);
        settings.extend(quote!(.cascade(#cascade)));
    }
    if let Some(lazy) = &options.lazy {
        let lazy = format_ident!("{}", lazy.to_string().to_upper_camel_case());
        settings.extend(quote!(.lazy(__orm::Lazy::#lazy)));
    }
    let flags = [
        options.passive_deletes.then(|| quote!(.passive_deletes())),
        options.passive_deletes_all.as_ref().map(|_| quote!(.passive_deletes_all())),
        options.post_update.then(|| quote!(.post_update())),
        options.viewonly.then(|| quote!(.viewonly())),
    ];
    quote! {
        __orm::RelationshipDefinition::new(#name, __orm::RelationshipKind::#kind, #mapper) #settings #(#flags)*
    }
}

/// Finds the other side, which must be a relationship of the target that leads back.
fn back_populates(model: &Model, relationship: &Relationship, other: &Ident) -> TokenStream {
    let (ident, target) = (&model.ident, &relationship.target);
    let span = quiet_span(other);
    let attributes = attributes_of(target, span);
    let field = quote_spanned!(span=> #attributes.#other);
    quote! {
        .back_populates(|| {
            let __other: __orm::Relationship<#target, #ident, _> = #field;
            __other.__index()
        })
    }
}

/// Returns the model that has the foreign key, whose fields are meant by bare names.
fn holder(model: &Model, relationship: &Relationship) -> TokenStream {
    match (relationship.kind, &relationship.options.secondary) {
        (Kind::BelongsTo, _) => {
            let ident = &model.ident;
            quote!(#ident)
        }
        (Kind::ManyToMany, Some(Written { value: Secondary::Model(secondary), .. })) => quote!(#secondary),
        _ => relationship.target.clone(),
    }
}

fn references(columns: &[Expr], of: &TokenStream, model: &Model) -> TokenStream {
    let columns = columns.iter().map(|expression| {
        let column = column(expression, of, model);
        quote_spanned!(quiet_span(expression)=> __orm::Attribute::__reference(#column))
    });
    quote!(::std::vec![#(#columns),*])
}

/// Writes what orders the members: in `id.desc()` and `id`, the name is a field of the target.
fn order_item(expression: &Expr, target: &TokenStream, model: &Model) -> TokenStream {
    match expression {
        Expr::MethodCall(call) => {
            let receiver = order_item(&call.receiver, target, model);
            let (method, turbofish, arguments) = (&call.method, &call.turbofish, &call.args);
            quote_spanned!(quiet_span(expression)=> #receiver.#method #turbofish (#arguments))
        }
        Expr::Paren(paren) => order_item(&paren.expr, target, model),
        other => column(other, target, model),
    }
}

fn cascade(words: &[Ident]) -> TokenStream {
    let has = |name: &str| words.iter().any(|word| word == name);
    let fields = attr::CASCADES.iter().filter(|name| !matches!(**name, "all" | "none")).map(|name| {
        let field = format_ident!("{name}");
        let is_set = has(name) || (has("all") && *name != "delete_orphan");
        quote!(#field: #is_set)
    });
    quote!(__orm::Cascade { #(#fields),* })
}

/// The methods of `Model` that reach the fields of relationships.
pub(super) fn methods(model: &Model) -> TokenStream {
    let fields: Vec<_> = model.relationships.iter().map(|relationship| &relationship.ident).collect();
    let indexes: Vec<_> = (0..fields.len()).map(number).collect();
    let message = format!("`{}` has no relationship of this number", model.ident);
    quote! {
        fn __relation(&self, __relationship: usize) -> &dyn __orm::RelationField {
            match __relationship { #(#indexes => self.#fields.__field(),)* _ => ::core::panic!(#message) }
        }
        fn __relation_mut(&mut self, __relationship: usize) -> &mut dyn __orm::RelationField {
            match __relationship { #(#indexes => self.#fields.__field_mut(),)* _ => ::core::panic!(#message) }
        }
    }
}
