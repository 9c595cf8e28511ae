//! Embedded structs: their columns among those of a model, and `#[derive(Embed)]` itself.
//!
//! What a struct brings is known when the model is compiled, not when this runs: positions behind the model's own columns
//! are constants, `__EMBEDDED_0` and so on, the last of which is the number of all columns.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};

use super::{hydrate, model, number, variants};
use crate::model::{Model, Presence, Storage};
use crate::names::{plain, quiet};

/// Writes the struct's own items, at the type that the user wrote: so what is wrong with it is said there, and once.
fn embed(ty: &TokenStream) -> TokenStream {
    quote_spanned!(super::quiet_span(ty)=> <#ty as __orm::Embed>)
}

/// Writes the position of the first column of an embedded struct.
pub(super) fn first(index: usize) -> Ident {
    format_ident!("__EMBEDDED_{index}")
}

/// Writes how many columns there are.
pub(super) fn width(model: &Model) -> TokenStream {
    match model.embedded.len() {
        0 => number(model.columns.len()).into_token_stream(),
        parts => first(parts).into_token_stream(),
    }
}

/// Defines the positions.
pub(super) fn positions(model: &Model) -> TokenStream {
    if model.embedded.is_empty() {
        return TokenStream::new();
    }
    let (begin, own) = (first(0), number(model.columns.len()));
    let next = model.embedded.iter().enumerate().map(|(index, embedded)| {
        let (at, next, embed) = (first(index), first(index + 1), embed(&embedded.ty));
        quote!(const #next: usize = #at + #embed::__COLUMNS.len();)
    });
    quote!(const #begin: usize = #own; #(#next)*)
}

/// Writes the definitions of all columns.
pub(super) fn definitions(model: &Model) -> TokenStream {
    let own = model.columns.iter().enumerate().map(|(position, column)| {
        let definition = model::column_definition(model, column);
        let is_tag = position == 0 && !model.variants.is_empty();
        let columns = is_tag.then(|| number(model.columns.len())).into_iter();
        quote!(#definition #(.tag_of(#columns))*)
    });
    if model.embedded.is_empty() {
        return quote!(&[#(#own),*]);
    }
    let embedded = model.embedded.iter().map(|embedded| {
        let (field, prefix, ty) = (plain(&embedded.ident), &embedded.prefix, &embedded.ty);
        quote_spanned!(super::quiet_span(ty)=> __orm::embed::Embedded::new::<#ty>(#field, #prefix))
    });
    let width = width(model);
    quote! {{
        const __OWN: &[__orm::Column] = &[#(#own),*];
        const __EMBEDDED: &[__orm::embed::Embedded] = &[#(#embedded),*];
        const __TEXT: &[u8] = &__orm::embed::text::<{ __orm::embed::text_length(__EMBEDDED) }>(__EMBEDDED);
        &__orm::embed::columns::<#width>(__OWN, __EMBEDDED, __TEXT)
    }}
}

/// Writes the fields of the attributes' type.
pub(super) fn fields(model: &Model, of: &Ident, attributes: &Ident) -> impl Iterator<Item = TokenStream> {
    model.embedded.iter().map(move |embedded| {
        let (docs, vis, field, embed) = (&embedded.docs, &embedded.vis, quiet(&embedded.ident), embed(&embedded.ty));
        quote!(#(#docs)* #vis #field: #embed::#attributes<#of>)
    })
}

/// Writes the values of these fields, for a model.
pub(super) fn values(model: &Model) -> impl Iterator<Item = TokenStream> {
    model.embedded.iter().enumerate().map(move |(index, embedded)| {
        let (field, embed, at) = (&embedded.ident, embed(&embedded.ty), first(index));
        let of = &model.ident;
        quote!(#field: <#embed::Attributes<#of>>::__new(#at as u16))
    })
}

/// Reads the embedded structs of a row.
pub(super) fn read(model: &Model) -> impl Iterator<Item = TokenStream> {
    model.embedded.iter().enumerate().map(|(index, embedded)| {
        let (field, ty, at) = (&embedded.ident, &embedded.ty, first(index));
        let value = hydrate::or_return(&quote!(<#ty as __orm::RowType>::__value(__row, __at + #at)), |value| value);
        quote!(#field: #value)
    })
}

/// Writes the arm that gives a column of an embedded struct.
pub(super) fn encode(model: &Model) -> impl Iterator<Item = TokenStream> {
    arms(model, |embedded, column| quote!(__orm::Embed::__column(&self.#embedded, #column)))
}

/// Writes the arm that sets a column of an embedded struct.
pub(super) fn decode(model: &Model) -> impl Iterator<Item = TokenStream> {
    arms(model, |embedded, column| quote!(__orm::Embed::__set_column(&mut self.#embedded, #column, __value)))
}

/// Writes the arm that sets what an enum among them brings.
pub(super) fn decode_units(model: &Model) -> impl Iterator<Item = TokenStream> {
    arms(model, |embedded, column| quote!(__orm::Embed::__set_unit(&mut self.#embedded, #column, __values)))
}

/// Writes the arms that give what a builder fills the columns of embedded structs with.
pub(super) fn defaults(model: &Model) -> impl Iterator<Item = TokenStream> {
    model.embedded.iter().enumerate().filter_map(|(index, embedded)| {
        let Presence::Default(value) = &embedded.presence else { return None };
        let (at, next, ty) = (first(index), first(index + 1), &embedded.ty);
        let value = value.clone().unwrap_or_else(|| quote!(::core::default::Default::default()));
        Some(quote! {
            #at..#next => {
                let __value: #ty = #value;
                __Some(__orm::Embed::__column(&__value, __column - #at))
            }
        })
    })
}

fn arms(model: &Model, arm: impl Fn(&Ident, TokenStream) -> TokenStream) -> impl Iterator<Item = TokenStream> {
    model.embedded.iter().enumerate().map(move |(index, embedded)| {
        let (at, next) = (first(index), first(index + 1));
        let body = arm(&embedded.ident, quote!(__column - #at));
        quote!(#at..#next => #body)
    })
}

/// Implements `Embed` for a struct or an enum.
pub(crate) fn expand(model: &Model) -> TokenStream {
    let ident = &model.ident;
    let attributes = attributes(model);
    let (name, optional) = (&model.names.attributes, &model.names.optional_attributes);
    let columns = definitions(model);
    let (row_type, methods) = match model.variants.is_empty() {
        true => {
            let (methods, of_columns) = (hydrate::column_methods(model), of_columns(model));
            (row_type(model), quote!(#methods #of_columns))
        }
        false => (variants::row_type(model), variants::methods(model)),
    };
    let items = quote! {
        #attributes
        #row_type
        impl __orm::Embed for #ident {
            type Attributes<__M> = #name<__M>;
            type OptionalAttributes<__M> = #optional<__M>;
            const __COLUMNS: &'static [__orm::Column] = #columns;
            #methods
        }
    };
    in_constant(model, &items)
}

/// Implements it for a struct with mistakes: what other code may mention, and nothing that runs.
pub(crate) fn expand_stub(model: &Model) -> TokenStream {
    let ident = &model.ident;
    let (attributes, row_type) = (attributes(model), hydrate::stub(ident, &quote!(Self)));
    let (name, optional) = (&model.names.attributes, &model.names.optional_attributes);
    let items = quote! {
        #attributes
        #row_type
        impl __orm::Embed for #ident {
            type Attributes<__M> = #name<__M>;
            type OptionalAttributes<__M> = #optional<__M>;
            const __COLUMNS: &'static [__orm::Column] = &[];
            fn __of_columns(_: __orm::UnitValues<'_, '_>) -> __orm::Decoded<Self> { ::core::unreachable!() }
            fn __column(&self, _: usize) -> __orm::Value { ::core::unreachable!() }
            fn __set_column(
                &mut self,
                _: usize,
                _: __orm::ValueRef<'_>,
            ) -> ::core::result::Result<(), __orm::DecodeError> {
                ::core::unreachable!()
            }
        }
    };
    in_constant(model, &items)
}

fn in_constant(model: &Model, items: &TokenStream) -> TokenStream {
    let (opening, positions) = (super::opening(model), positions(model));
    quote! {
        const _: () = {
            #opening
            #positions
            #items
        };
    }
}

/// Writes the method that makes a struct of all its columns.
fn of_columns(model: &Model) -> TokenStream {
    let columns = model.columns.iter().enumerate().map(|(position, column)| {
        let (field, ty, position) = (&column.ident, &column.column_type, number(position));
        let decoded = quote!(__orm::embed::decode_of_columns::<#ty>(__values, #position));
        let value = hydrate::or_return(&decoded, |value| hydrate::as_field(column, value));
        quote!(#field: #value)
    });
    let embedded = model.embedded.iter().enumerate().map(|(index, embedded)| {
        let (field, ty, at) = (&embedded.ident, &embedded.ty, first(index));
        let decoded = quote!(__orm::embed::embedded_of_columns::<#ty>(__values, #at));
        let value = hydrate::or_return(&decoded, |value| value);
        quote!(#field: #value)
    });
    let fields = columns.chain(embedded);
    quote! {
        fn __of_columns(__values: __orm::UnitValues<'_, '_>) -> __orm::Decoded<Self> {
            __Ok(Self { #(#fields),* })
        }
    }
}

/// Defines the attributes of whichever model holds the struct, and of one that holds an `Option` of it.
fn attributes(model: &Model) -> TokenStream {
    let Model { ident, vis, .. } = model;
    let always = attributes_of(
        model,
        &Holder {
            name: &model.names.attributes,
            doc: format!("The columns of [`{ident}`] in a model `M`."),
            is_option: false,
            value: quote!(#ident),
            questions: quote! {
                /// `=` of each column; with `None`, IS NULL.
                #vis fn eq(self, value: &#ident) -> __orm::Expr<__Option<bool>> {
                    __orm::embed::equals::<__M, #ident>(self.__first(), value)
                }
            },
        },
    );
    let optional = attributes_of(
        model,
        &Holder {
            name: &model.names.optional_attributes,
            doc: format!("The columns of an `Option` of [`{ident}`] in a model `M`."),
            is_option: true,
            value: quote!(__Option<#ident>),
            questions: quote! {
                /// `=` of each column; with `None`, IS NULL.
                #vis fn eq<'__v>(
                    self,
                    value: impl ::core::convert::Into<__Option<&'__v #ident>>,
                ) -> __orm::Expr<__Option<bool>> {
                    __orm::embed::equals_optional::<__M, #ident>(self.__first(), ::core::convert::Into::into(value))
                }
                /// IS NULL: there is none.
                #vis fn is_null(self) -> __orm::Expr<bool> {
                    __orm::embed::is_missing::<__M, #ident>(self.__first(), false)
                }
                /// IS NOT NULL: there is one.
                #vis fn is_not_null(self) -> __orm::Expr<bool> {
                    __orm::embed::is_missing::<__M, #ident>(self.__first(), true)
                }
            },
        },
    );
    quote!(#always #optional)
}

/// What differs between the attributes of a struct and those of an `Option` of it.
struct Holder<'a> {
    name: &'a Ident,
    doc: String,
    is_option: bool,
    /// The type of the field.
    value: TokenStream,
    /// What can be asked of the whole.
    questions: TokenStream,
}

fn attributes_of(model: &Model, holder: &Holder<'_>) -> TokenStream {
    let Model { ident, vis, .. } = model;
    let Holder { name, doc, value, questions, .. } = holder;
    let of = match holder.is_option {
        true => format_ident!("OptionalAttributes"),
        false => format_ident!("Attributes"),
    };
    let columns = model.columns.iter().map(|column| {
        let (docs, vis, field, ty) = (&column.docs, &column.vis, quiet(&column.ident), &column.column_type);
        let is_nullable = column.is_option() || column.storage == Storage::OptionalJson;
        let ty = if holder.is_option && !is_nullable { quote!(__Option<#ty>) } else { ty.clone() };
        quote!(#(#docs)* #vis #field: __orm::Attribute<__M, #ty>)
    });
    let any_model = format_ident!("__M");
    let declared = columns.chain(fields(model, &any_model, &of));
    let made = model.columns.iter().enumerate().map(|(position, column)| {
        let (field, position) = (&column.ident, number(position));
        quote!(#field: __orm::Attribute::__new(__at + #position))
    });
    let embedded = model.embedded.iter().enumerate().map(|(index, embedded)| {
        let (field, embed, at) = (&embedded.ident, embed(&embedded.ty), first(index));
        quote!(#field: <#embed::#of<__M>>::__new(__at + #at as u16))
    });
    let made = made.chain(embedded);
    let names: Vec<Ident> = field_names(model).collect();
    let first = names.first().map(|field| match model.columns.is_empty() {
        true => quote!(self.#field.__first()),
        false => quote!((self.#field.__column(), self.#field.__alias_of())),
    });
    let variants = (!model.variants.is_empty()).then(|| variants::questions(model)).into_iter().flatten();
    quote! {
        #[doc = #doc]
        #vis struct #name<__M> { #(#declared),* }

        #[automatically_derived]
        impl<__M> ::core::clone::Clone for #name<__M> {
            fn clone(&self) -> Self { *self }
        }
        #[automatically_derived]
        impl<__M> ::core::marker::Copy for #name<__M> {}

        #[doc(hidden)]
        impl<__M> #name<__M> {
            #vis const fn __new(__at: u16) -> Self {
                Self { #(#made),* }
            }
            #vis fn __alias(self, __alias: __orm::Alias) -> Self {
                Self { #(#names: self.#names.__alias(__alias)),* }
            }
            #vis fn __first(self) -> (u16, __orm::Alias) { #first }
        }

        impl<__M: __orm::Model> #name<__M> {
            #questions
            #(#variants)*
        }

        impl<__M> __orm::Embedding<__M> for #name<__M> {
            type Value = #value;
            fn __start(self) -> (u16, __orm::Alias) { self.__first() }
        }
        impl<__M> __orm::Columns<__M> for #name<__M> {
            fn __columns(self, __columns: &mut ::std::vec::Vec<u16>) {
                __orm::embed::list::<#ident>(self.__first(), __columns)
            }
        }
        impl<__M: __orm::Model> __orm::OrderBy for #name<__M> {
            fn __order(self, __order: &mut ::std::vec::Vec<__orm::OrderItem>) {
                __orm::embed::order::<__M, #ident>(self.__first(), __order)
            }
        }
        impl<__M: __orm::Model> __orm::GroupBy for #name<__M> {
            fn __group(self, __group: &mut ::std::vec::Vec<__orm::Node>) {
                __orm::embed::group::<__M, #ident>(self.__first(), __group)
            }
        }

        impl<__M: __orm::Model> __orm::Selectable for #name<__M> {
            type Row = #value;
            fn __outputs(self, __outputs: &mut ::std::vec::Vec<__orm::Output>) {
                #(__orm::Selectable::__outputs(self.#names, __outputs);)*
            }
        }
    }
}

fn field_names(model: &Model) -> impl Iterator<Item = Ident> {
    let columns = model.columns.iter().map(|column| quiet(&column.ident));
    columns.chain(model.embedded.iter().map(|embedded| quiet(&embedded.ident)))
}

/// Says what the columns of a row become.
fn row_type(model: &Model) -> TokenStream {
    let ident = &model.ident;
    let (width, (found, read)) = (width(model), hydrate::fields_read(model));
    let own = (0..model.columns.len()).map(number).map(|position| quote!(__row.value(__at + #position).is_null()));
    let embedded = model.embedded.iter().enumerate().map(|(index, embedded)| {
        let (ty, at) = (&embedded.ty, first(index));
        quote!(<#ty as __orm::RowType>::__is_null(__row, __at + #at))
    });
    let is_null = own.chain(embedded);
    quote! {
        impl __orm::RowType for #ident {
            type Managed = Self;
            fn __width() -> usize { #width }
            fn __value(__row: &__orm::Row<'_>, __at: usize) -> __orm::Decoded<Self> {
                #found
                __Ok(Self { #(#read,)* })
            }
            fn __managed(__row: &__orm::Row<'_>, __at: usize, _: &mut __orm::Objects) -> __orm::Decoded<Self> {
                <Self as __orm::RowType>::__value(__row, __at)
            }
            fn __is_null(__row: &__orm::Row<'_>, __at: usize) -> bool {
                #(#is_null)&&*
            }
        }
    }
}
