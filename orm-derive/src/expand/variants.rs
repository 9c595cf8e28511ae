//! `impl Embed` for an enum: the tag says which variant a row is read as, and each variant gives and takes its own columns.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::{hydrate, number};
use crate::model::{Column, Model, Storage};
use crate::names::{plain, quiet};
use crate::variants::{Variant, VariantField};

/// Writes the questions for variants: `is_card()`.
pub(super) fn questions(model: &Model) -> impl Iterator<Item = TokenStream> {
    let (vis, tag) = (&model.vis, &model.columns[0].ident);
    model.variants.iter().map(move |variant| {
        let name = quiet(&format_ident!("is_{}", heck::ToSnakeCase::to_snake_case(plain(&variant.ident).as_str())));
        let label = &variant.label;
        let doc = format!("Whether it is [`{0}::{1}`].", model.ident, variant.ident);
        quote! {
            #[doc = #doc]
            #vis fn #name(self) -> __orm::Expr<bool> {
                __orm::embed::is_variant::<__M>((self.#tag.__column(), self.#tag.__alias_of()), #label)
            }
        }
    })
}

/// Says what the columns of a row become.
pub(super) fn row_type(model: &Model) -> TokenStream {
    let (ident, name) = (&model.ident, plain(&model.ident));
    let width = number(model.columns.len());
    let labels: Vec<&str> = model.variants.iter().map(|variant| variant.label.as_str()).collect();
    let read = model.variants.iter().map(|variant| {
        let (label, fields) = (&variant.label, variant.fields.iter().map(read));
        let made = made(variant, fields);
        quote!(__orm::ValueRef::Text(#label) => __Ok(#made))
    });
    quote! {
        impl #ident {
            fn __read(__values: __orm::UnitValues<'_, '_>) -> __orm::Decoded<Self> {
                match __values(0) {
                    #(#read,)*
                    __tag => __orm::embed::unknown_tag(__tag, #name, &[#(#labels),*]),
                }
            }
        }
        impl __orm::RowType for #ident {
            type Managed = Self;
            fn __width() -> usize { #width }
            fn __value(__row: &__orm::Row<'_>, __at: usize) -> __orm::Decoded<Self> {
                __orm::embed::read_enum(__row, __at, Self::__read)
            }
            fn __managed(__row: &__orm::Row<'_>, __at: usize, _: &mut __orm::Objects) -> __orm::Decoded<Self> {
                <Self as __orm::RowType>::__value(__row, __at)
            }
            fn __is_null(__row: &__orm::Row<'_>, __at: usize) -> bool {
                __row.value(__at).is_null()
            }
        }
    }
}

/// The methods that give and set columns.
pub(super) fn methods(model: &Model) -> TokenStream {
    let width = number(model.columns.len());
    let no_column = format!("`{}` has no column of this number", model.ident);
    let tags = model.variants.iter().map(|variant| {
        let (ident, label) = (&variant.ident, &variant.label);
        quote!((Self::#ident { .. }, 0) => __orm::Value::Text(::std::string::String::from(#label)))
    });
    let given = arms(model, |column| {
        let (ty, value) = (&column.column_type, hydrate::as_stored(column, &quote!(__field)));
        quote!(<#ty as __orm::SqlType>::encode(#value))
    });
    let taken = arms(model, |column| {
        let ty = &column.column_type;
        match column.storage {
            Storage::Plain => quote!(__orm::set_column::<#ty>(__field, __value)),
            _ => {
                let decoded = quote!(<#ty as __orm::SqlType>::decode(__value));
                hydrate::or_return(&decoded, |value| {
                    let value = hydrate::as_field(column, value);
                    quote!({ *__field = #value; __Ok(()) })
                })
            }
        }
    });
    quote! {
        fn __column(&self, __column: usize) -> __orm::Value {
            match (self, __column) {
                #(#tags,)*
                #(#given,)*
                (_, 1..#width) => __orm::Value::Null(<Self as __orm::Embed>::__COLUMNS[__column].kind),
                _ => ::core::panic!(#no_column),
            }
        }
        fn __set_column(
            &mut self,
            __column: usize,
            __value: __orm::ValueRef<'_>,
        ) -> ::core::result::Result<(), __orm::DecodeError> {
            match (self, __column) {
                #(#taken,)*
                (__other, _) => __orm::embed::set_outside(__other, __column, __value),
            }
        }
        fn __set_unit(&mut self, _: usize, __values: __orm::UnitValues<'_, '_>) -> __orm::Decoded<()> {
            match Self::__read(__values) {
                __Ok(__value) => { *self = __value; __Ok(()) }
                __Err(__error) => __Err(__error),
            }
        }
        fn __of_columns(__values: __orm::UnitValues<'_, '_>) -> __orm::Decoded<Self> {
            Self::__read(__values)
        }
        fn __is_none(__values: __orm::UnitValues<'_, '_>) -> bool {
            __values(0).is_null()
        }
    }
}

/// Writes an arm for each field of each variant, with the field as `__field`.
fn arms(model: &Model, arm: impl Fn(&Column) -> TokenStream) -> impl Iterator<Item = TokenStream> {
    let fields = model.variants.iter().flat_map(|variant| variant.fields.iter().map(move |field| (variant, field)));
    fields.map(move |(variant, field)| {
        let (ident, member, position) = (&variant.ident, member(variant, field), number(field.position));
        let body = arm(&field.own);
        quote!((Self::#ident { #member: __field, .. }, #position) => #body)
    })
}

/// Writes a variant of these values of its fields.
fn made(variant: &Variant, values: impl Iterator<Item = TokenStream>) -> TokenStream {
    let ident = &variant.ident;
    let fields = variant.fields.iter().zip(values).map(|(field, value)| {
        let member = member(variant, field);
        quote!(#member: #value)
    });
    quote!(Self::#ident { #(#fields),* })
}

/// Names a field in a pattern or a literal with braces, in which the only one of a tuple is `0`.
fn member(variant: &Variant, field: &VariantField) -> TokenStream {
    let name: &Ident = &field.own.ident;
    if variant.is_tuple { quote!(0) } else { quote!(#name) }
}

/// Reads a field of a variant.
fn read(field: &VariantField) -> TokenStream {
    let (ty, position) = (&field.own.column_type, number(field.position));
    let decoded = quote!(__orm::embed::decode_in_variant::<#ty>(__values, #position));
    hydrate::or_return(&decoded, |value| hydrate::as_field(&field.own, value))
}
