//! The builder: a setter per field, and in its type which required fields are set.
//!
//! Only required fields are in the type, as one parameter each: `Missing` until the field is set, then `Set`.
//! The traits for a complete builder ask every parameter for a trait of its own, whose message names the field.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::{embed, hydrate, number};
use crate::model::{Column, Embedded, Model, Presence, Relationship, Storage};
use crate::names::{plain, quiet};

/// Defines the builder, and lets it and the struct become rows and members; `finish` makes the row.
pub(super) fn expand(model: &Model, finish: &TokenStream) -> TokenStream {
    let definition = definition(model);
    let required = required_fields(model);
    let setters = setters(model);
    let conversions = conversions(model, finish);
    quote!(#definition #required #setters #conversions)
}

/// Writes a builder of which nothing is set.
pub(super) fn empty(model: &Model) -> TokenStream {
    let (builder, fields) = (&model.names.builder, &model.names.fields);
    let columns = written_columns(model).map(|column| &column.ident);
    let optional = columns.chain(model.embedded.iter().map(|embedded| &embedded.ident));
    let relationships = model.relationships.iter().map(|relationship| &relationship.ident);
    quote! {
        #builder(
            #fields {
                #(#optional: __None,)*
                #(#relationships: ::core::default::Default::default(),)*
            },
            __PhantomData,
        )
    }
}

/// Returns the columns that a program writes.
fn written_columns(model: &Model) -> impl Iterator<Item = &Column> {
    model.columns.iter().filter(|column| column.options.property().is_none())
}

fn parameters(model: &Model) -> Vec<Ident> {
    model.required().map(|field| quiet(&format_ident!("__{}", field))).collect()
}

fn requirement(field: &Ident) -> Ident {
    quiet(&format_ident!("__requires_{}", field))
}

fn definition(model: &Model) -> TokenStream {
    let Model { vis, .. } = model;
    let (builder, fields) = (&model.names.builder, &model.names.fields);
    let parameters = parameters(model);
    let columns = written_columns(model).map(|column| (&column.ident, &column.ty));
    let embedded = model.embedded.iter().map(|embedded| (&embedded.ident, &embedded.ty));
    let columns = columns.chain(embedded).map(|(field, ty)| {
        let field = quiet(field);
        quote!(#field: __Option<#ty>)
    });
    let relationships = model.relationships.iter().map(|relationship| {
        let (field, target, ty) =
            (quiet(&relationship.ident), &relationship.target, hydrate::field_type(relationship.kind));
        quote!(#field: __orm::#ty<#target>)
    });
    let unused = format!("a builder of `{}` does nothing until it is added or inserted", model.ident);
    quote! {
        #[must_use = #unused]
        #vis struct #builder<#(#parameters = __orm::Missing),*>(
            #fields,
            __PhantomData<fn() -> (#(#parameters,)*)>,
        );
        #vis struct #fields { #(#columns,)* #(#relationships,)* }
    }
}

/// Returns whether a field is the key of a model, alone.
fn is_only_key(model: &Model, field: &Ident) -> bool {
    let mut keys = model.columns.iter().filter(|column| column.options.primary_key.is_some());
    keys.next().is_some_and(|key| key.ident == *field) && keys.next().is_none()
}

/// One trait per required field: the compiler says its message when the field is not set.
fn required_fields(model: &Model) -> TokenStream {
    let vis = &model.vis;
    let note = "a field may be left out when it has a `default` or a `server_default`, or is an `Option`";
    let of_key = "a key may be left out when it is an integer, or a newtype of one that says `autoincrement = true`, or has a \
                  `server_default`";
    let traits = model.required().map(|field| {
        let name = plain(field);
        let requirement = requirement(field);
        let message = format!("the required field `{name}` of `{}` is not set", model.ident);
        let label = format!("`.{name}(…)` is missing in this builder");
        let note = if is_only_key(model, field) { of_key } else { note };
        quote! {
            #[diagnostic::on_unimplemented(message = #message, label = #label, note = #note)]
            #vis trait #requirement {}
            impl #requirement for __orm::Set {}
        }
    });
    traits.collect()
}

fn setters(model: &Model) -> TokenStream {
    let builder = &model.names.builder;
    let parameters = parameters(model);
    let mut position = 0;
    let mut result = |presence: &Presence| match presence {
        Presence::Required => {
            let states = parameters
                .iter()
                .enumerate()
                .map(|(index, parameter)| if index == position { quote!(__orm::Set) } else { quote!(#parameter) });
            let result = quote!(#builder<#(#states),*>);
            position += 1;
            result
        }
        Presence::Default(_) | Presence::Absent => quote!(Self),
    };
    let mut columns = TokenStream::new();
    columns.extend(written_columns(model).map(|column| setter(column, &result(&column.presence), builder)));
    columns
        .extend(model.embedded.iter().map(|embedded| embedded_setter(embedded, &result(&embedded.presence), builder)));
    let relationships = model.relationships.iter().map(relationship_setter);
    quote!(impl<#(#parameters),*> #builder<#(#parameters),*> { #columns #(#relationships)* })
}

fn setter(column: &Column, result: &TokenStream, builder: &Ident) -> TokenStream {
    let (vis, field, ty) = (&column.vis, quiet(&column.ident), &column.ty);
    let done = done(&column.presence, builder);
    let (bound, value) = match column.storage {
        Storage::Plain => (quote!(__orm::IntoValue<#ty>), quote!(__orm::IntoValue::into_value(value))),
        Storage::Json | Storage::OptionalJson => {
            (quote!(::core::convert::Into<#ty>), quote!(::core::convert::Into::into(value)))
        }
    };
    quote! {
        #vis fn #field(mut self, value: impl #bound) -> #result {
            self.0.#field = __Some(#value);
            #done
        }
    }
}

fn embedded_setter(embedded: &Embedded, result: &TokenStream, builder: &Ident) -> TokenStream {
    let (vis, field, ty) = (&embedded.vis, quiet(&embedded.ident), &embedded.ty);
    let done = done(&embedded.presence, builder);
    let (taken, value) = match embedded.is_option {
        true => (quote!(impl ::core::convert::Into<#ty>), quote!(::core::convert::Into::into(value))),
        false => (ty.clone(), quote!(value)),
    };
    quote! {
        #vis fn #field(mut self, value: #taken) -> #result {
            self.0.#field = __Some(#value);
            #done
        }
    }
}

/// Writes the builder whose field is set: of another type, if the field is required.
fn done(presence: &Presence, builder: &Ident) -> TokenStream {
    match presence {
        Presence::Required => quote!(#builder(self.0, __PhantomData)),
        Presence::Default(_) | Presence::Absent => quote!(self),
    }
}

fn relationship_setter(relationship: &Relationship) -> TokenStream {
    let (vis, field, target) = (&relationship.vis, quiet(&relationship.ident), &relationship.target);
    if relationship.kind.is_many() {
        quote! {
            #vis fn #field(mut self, members: impl ::core::iter::IntoIterator<Item: __orm::IntoMember<#target>>) -> Self {
                for member in members { self.0.#field.push(member); }
                self
            }
        }
    } else {
        quote! {
            #vis fn #field(mut self, member: impl __orm::IntoMember<#target>) -> Self {
                self.0.#field.replace(member);
                self
            }
        }
    }
}

/// Lets a value of the model and its complete builder become rows and members.
fn conversions(model: &Model, finish: &TokenStream) -> TokenStream {
    let Model { ident, .. } = model;
    let (builder, fields) = (&model.names.builder, &model.names.fields);
    let parameters = parameters(model);
    let requirements: Vec<_> = model.required().map(requirement).collect();
    let generics = quote!(<#(#parameters: #requirements),*>);
    let complete = quote!(#builder<#(#parameters),*>);
    let of_value = conversion(&quote!(), &quote!(#ident), ident, &quote!(__orm::NewRow::literal(self)));
    let of_builder = conversion(&generics, &complete, ident, &quote!(self.0.__finish()));
    quote! {
        impl #fields {
            fn __finish(self) -> __orm::NewRow<#ident> { #finish }
        }
        #of_value
        #of_builder
    }
}

/// Writes the three conversions of one type.
///
/// The trait and the type have the user's spans: the compiler explains a failed bound of an implementation by where these
/// stand, and would otherwise advise to write it by hand.
fn conversion(generics: &TokenStream, from: &TokenStream, model: &Ident, row: &TokenStream) -> TokenStream {
    let span = model.span();
    let from = at(from.clone(), span);
    let new_instance = quote_spanned!(span=> __orm::NewInstance);
    let into_member = quote_spanned!(span=> __orm::IntoMember<#model>);
    let into_rows = quote_spanned!(span=> __orm::IntoRows<#model>);
    quote! {
        impl #generics #new_instance for #from {
            type Model = #model;
            fn __row(self) -> __orm::NewRow<#model> { #row }
        }
        impl #generics #into_member for #from {
            fn __member(self) -> __orm::Member<#model> { __orm::Member::__new(#row) }
        }
        impl #generics #into_rows for #from {
            fn __rows(self) -> ::std::vec::Vec<__orm::NewRow<#model>> { __orm::NewRow::alone(#row) }
        }
    }
}

/// Sets the span of each token.
fn at(tokens: TokenStream, span: Span) -> TokenStream {
    let moved = tokens.into_iter().map(|mut token| {
        token.set_span(span);
        token
    });
    moved.collect()
}

/// Makes the row of a complete builder, and notes which columns were set.
pub(super) fn finish(model: &Model) -> TokenStream {
    let ident = &model.ident;
    let columns = model.columns.iter().enumerate().map(|(position, column)| {
        let (field, value) = match column.options.property() {
            Some(_) => (&column.ident, hydrate::left_out(ident, position)),
            None => (&column.ident, hydrate::as_written(column, finished(position, column))),
        };
        quote!(#field: #value)
    });
    let embedded = model.embedded.iter().enumerate().map(|(index, embedded)| {
        let (field, value) = (&embedded.ident, finished_embedded(embedded, &embed::first(index)));
        quote!(#field: #value)
    });
    let relationships = model.relationships.iter().map(|relationship| &relationship.ident);
    quote! {
        let mut __set = __orm::SetColumns::new();
        __orm::NewRow::new(#ident { #(#columns,)* #(#embedded,)* #(#relationships: self.#relationships,)* }, __set)
    }
}

/// Writes what a builder holds for an embedded struct, or its default.
fn finished_embedded(embedded: &Embedded, at: &Ident) -> TokenStream {
    let (field, span) = (&embedded.ident, super::quiet_span(&embedded.ty));
    let (embed, embed_or) = (quote_spanned!(span=> embed), quote_spanned!(span=> embed_or));
    match &embedded.presence {
        Presence::Default(Some(value)) => quote!(__set.#embed_or(#at, self.#field, || #value)),
        Presence::Default(None) => quote!(__set.#embed_or(#at, self.#field, ::core::default::Default::default)),
        Presence::Required | Presence::Absent => quote!(__set.#embed(#at, self.#field)),
    }
}

fn finished(position: usize, column: &Column) -> TokenStream {
    let (field, position, ty) = (&column.ident, number(position), &column.ty);
    let is_json = column.storage != Storage::Plain;
    match &column.presence {
        Presence::Required => quote!(__set.require(#position, self.#field)),
        Presence::Default(None) => quote!(__set.fill(#position, self.#field, ::core::default::Default::default)),
        Presence::Default(Some(value)) if is_json => quote!(__set.fill(#position, self.#field, || #value)),
        Presence::Default(Some(value)) => {
            quote!(__set.fill(#position, self.#field, || __orm::IntoValue::<#ty>::into_value(#value)))
        }
        Presence::Absent if is_json => quote!(__set.take(#position, self.#field, ::core::default::Default::default)),
        Presence::Absent => quote!(__set.take(#position, self.#field, __orm::Placeholder::placeholder)),
    }
}
