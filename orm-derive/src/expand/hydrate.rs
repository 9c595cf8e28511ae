//! Between rows and objects: reading, encoding, changing and copying one column after the other.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::{embed, model, number};
use crate::model::{Column, Kind, Model, Presence, Relationship, Storage};

/// Says what a row of the model becomes.
pub(super) fn row_type(model: &Model) -> TokenStream {
    let Model { ident, key, .. } = model;
    let width = embed::width(model);
    let (found, read) = fields_read(model);
    let unloaded = model.relationships.iter().enumerate().map(|(index, relationship)| unloaded(index, relationship));
    let key = key.iter().map(|position| number(usize::from(*position)));
    quote! {
        impl __orm::RowType for #ident {
            type Managed = __orm::Handle<#ident>;
            fn __width() -> usize { #width }
            fn __value(__row: &__orm::Row<'_>, __at: usize) -> __orm::Decoded<Self> {
                #found
                __Ok(Self { #(#read,)* #(#unloaded,)* })
            }
            fn __managed(
                __row: &__orm::Row<'_>,
                __at: usize,
                __objects: &mut __orm::Objects,
            ) -> __orm::Decoded<__orm::Handle<#ident>> {
                __objects.__load::<#ident>(__row, __at)
            }
            fn __is_null(__row: &__orm::Row<'_>, __at: usize) -> bool {
                #(__row.value(__at + #key).is_null())&&*
            }
            fn __objects<'__a>(
                &'__a mut self,
                __position: usize,
                __visit: &mut dyn ::core::ops::FnMut(usize, &'__a mut dyn __orm::Object),
            ) {
                __visit(__position, self);
            }
        }
        impl __orm::Shape for #ident {
            type Columns = <#ident as __orm::Model>::Attributes;
            fn __columns(__source: __orm::DerivedSource) -> Self::Columns {
                <#ident as __orm::Model>::ATTRIBUTES.__of(__source.__alias())
            }
            fn __model() -> __Option<&'static __orm::Mapper> {
                __Some(<#ident as __orm::Model>::__mapper())
            }
        }
    }
}

/// Says so of a model with mistakes.
pub(crate) fn row_type_stub(model: &Ident) -> TokenStream {
    stub(model, &quote!(__orm::Handle<#model>))
}

/// What a row becomes that is never read; `managed` is what a session would give.
pub(crate) fn stub(ident: &Ident, managed: &TokenStream) -> TokenStream {
    quote! {
        impl __orm::RowType for #ident {
            type Managed = #managed;
            fn __width() -> usize { ::core::unreachable!() }
            fn __value(_: &__orm::Row<'_>, _: usize) -> __orm::Decoded<Self> { ::core::unreachable!() }
            fn __managed(_: &__orm::Row<'_>, _: usize, _: &mut __orm::Objects) -> __orm::Decoded<Self::Managed> {
                ::core::unreachable!()
            }
            fn __is_null(_: &__orm::Row<'_>, _: usize) -> bool { ::core::unreachable!() }
        }
    }
}

/// The methods of `Model` that go through the columns.
pub(super) fn methods(model: &Model) -> TokenStream {
    let deferred = deferred(model);
    let columns = column_methods(model);
    let defaults = defaults(model);
    let fields = model.columns.iter().map(|column| &column.ident);
    let copied = fields
        .chain(model.embedded.iter().map(|embedded| &embedded.ident))
        .map(|field| quote!(#field: __Clone::clone(&self.#field)));
    let copied_relationships = model.relationships.iter().map(|relationship| {
        let field = &relationship.ident;
        quote!(#field: self.#field.__copy())
    });
    quote! {
        #columns
        #deferred
        #defaults
        fn __copy(&self) -> Self {
            Self { #(#copied,)* #(#copied_relationships,)* }
        }
    }
}

/// How many columns are read at once.
const AT_ONCE: usize = 6;

/// Writes what reads the columns, and each field that a row fills with what was read for it.
///
/// Columns that follow each other are read together, which costs the compiler half of what one after the other does.
pub(super) fn fields_read(model: &Model) -> (TokenStream, Vec<TokenStream>) {
    let (mut found, mut fields) = (TokenStream::new(), Vec::new());
    let columns: Vec<_> = model.columns.iter().enumerate().collect();
    for run in columns.chunk_by(|(_, left), (_, right)| left.is_deferrable == right.is_deferrable) {
        if run[0].1.is_deferrable {
            fields.extend(run.iter().map(|(position, column)| read_deferrable(&model.ident, *position, column)));
            continue;
        }
        for several in run.chunks(AT_ONCE) {
            let first = number(several[0].0);
            let types = several.iter().map(|(_, column)| &column.column_type);
            let names: Vec<_> = several.iter().map(|(position, _)| format_ident!("__{position}")).collect();
            let decode = format_ident!("decode_columns_{}", several.len());
            let tuple = quote!(__orm::#decode::<#(#types),*>(__row, __at + #first));
            let tuple = or_return(&tuple, |value| value);
            found.extend(quote!(let (#(#names,)*) = #tuple;));
            fields.extend(several.iter().zip(&names).map(|((_, column), name)| {
                let (field, value) = (&column.ident, as_field(column, quote!(#name)));
                quote!(#field: #value)
            }));
        }
    }
    fields.extend(embed::read(model));
    (found, fields)
}

/// The methods that give and set a column by its position.
pub(super) fn column_methods(model: &Model) -> TokenStream {
    let encode = model.columns.iter().enumerate().map(|(position, column)| {
        let (position, value) = (number(position), encode(column));
        quote!(#position => #value)
    });
    let decode = model.columns.iter().enumerate().map(|(position, column)| {
        let (position, change) = (number(position), decode(column));
        quote!(#position => #change)
    });
    let (encode_embedded, decode_embedded) = (embed::encode(model), embed::decode(model));
    let no_column = format!("`{}` has no column of this number", model.ident);
    let units = embed::decode_units(model);
    let set_unit = (!model.embedded.is_empty()).then(|| {
        quote! {
            fn __set_unit(&mut self, __column: usize, __values: __orm::UnitValues<'_, '_>) -> __orm::Decoded<()> {
                match __column { #(#units,)* _ => ::core::panic!(#no_column) }
            }
        }
    });
    quote! {
        fn __column(&self, __column: usize) -> __orm::Value {
            match __column { #(#encode,)* #(#encode_embedded,)* _ => ::core::panic!(#no_column) }
        }
        fn __set_column(
            &mut self,
            __column: usize,
            __value: __orm::ValueRef<'_>,
        ) -> ::core::result::Result<(), __orm::DecodeError> {
            match __column { #(#decode,)* #(#decode_embedded,)* _ => ::core::panic!(#no_column) }
        }
        #set_unit
    }
}

/// The method that gives what a builder fills a column with; many models have none.
fn defaults(model: &Model) -> Option<TokenStream> {
    let columns = model.columns.iter().enumerate().filter_map(|(position, column)| {
        let Presence::Default(value) = &column.presence else { return None };
        let (position, ty) = (number(position), &column.ty);
        let value = value.clone().unwrap_or_else(|| quote!(<#ty as ::core::default::Default>::default()));
        let value = model::encoded(column, &value);
        Some(quote!(#position => __Some(#value)))
    });
    let arms: Vec<TokenStream> = columns.chain(embed::defaults(model)).collect();
    (!arms.is_empty()).then(|| {
        quote! {
            fn __default(__column: usize) -> ::core::option::Option<__orm::Value> {
                match __column { #(#arms,)* _ => __None }
            }
        }
    })
}

/// The methods that say and change what is not loaded; most models have none.
fn deferred(model: &Model) -> Option<TokenStream> {
    let columns = || model.columns.iter().enumerate().filter(|(_, column)| column.is_deferrable);
    columns().next()?;
    let asked = columns().map(|(position, column)| {
        let (field, position) = (&column.ident, number(position));
        quote!(#position => self.#field.is_unloaded())
    });
    let left_out = columns().map(|(position, column)| {
        let (field, value, position) = (&column.ident, left_out(&model.ident, position), number(position));
        quote!(#position => self.#field = #value)
    });
    Some(quote! {
        fn __is_left_out(&self, __column: usize) -> bool {
            match __column { #(#asked,)* _ => false }
        }
        fn __leave_out(&mut self, __column: usize) {
            match __column { #(#left_out,)* _ => {} }
        }
    })
}

/// Writes a field whose column is not loaded.
pub(super) fn left_out(model: &Ident, position: usize) -> TokenStream {
    let position = number(position);
    quote!(__orm::Deferred::__unloaded(<#model as __orm::Model>::__mapper, #position))
}

fn read_deferrable(model: &Ident, position: usize, column: &Column) -> TokenStream {
    let (field, left_out, position, ty) =
        (&column.ident, left_out(model, position), number(position), &column.column_type);
    let loaded = as_written(column, as_field(column, quote!(__value)));
    quote! {
        #field: match __orm::decode_deferred::<#ty>(__row, __at + #position) {
            __Ok(__Some(__value)) => #loaded,
            __Ok(__None) => #left_out,
            __Err(__error) => return __Err(__error),
        }
    }
}

fn decode(column: &Column) -> TokenStream {
    let (field, ty) = (&column.ident, &column.column_type);
    if column.storage == Storage::Plain && !column.is_deferrable {
        return quote!(__orm::set_column::<#ty>(&mut self.#field, __value));
    }
    let value = or_return(&quote!(<#ty as __orm::SqlType>::decode(__value)), |value| {
        as_written(column, as_field(column, value))
    });
    quote!({ self.#field = #value; __Ok(()) })
}

/// Goes on with a value or returns the error: what `?` does, without the traits that it asks the compiler to solve,
/// which are a tenth of what a model costs.
pub(super) fn or_return(result: &TokenStream, with: impl FnOnce(TokenStream) -> TokenStream) -> TokenStream {
    let with = with(quote!(__value));
    quote! {
        match #result {
            __Ok(__value) => #with,
            __Err(__error) => return __Err(__error),
        }
    }
}

/// Makes what the field holds of what the column holds.
pub(super) fn as_field(column: &Column, value: TokenStream) -> TokenStream {
    match column.storage {
        Storage::Plain => value,
        Storage::Json => quote!(#value.0),
        Storage::OptionalJson => quote!(#value.map(|__json| __json.0)),
    }
}

/// Makes what the column holds of a reference to what the field holds.
pub(super) fn as_stored(column: &Column, field: &TokenStream) -> TokenStream {
    match column.storage {
        Storage::Plain => field.clone(),
        Storage::Json => quote!(&__orm::Json(__Clone::clone(#field))),
        Storage::OptionalJson => quote!(&__Clone::clone(#field).map(__orm::Json)),
    }
}

/// Puts the value into a `Deferred`, if the field is one.
pub(super) fn as_written(column: &Column, value: TokenStream) -> TokenStream {
    if column.is_deferrable { quote!(__orm::Deferred::new(#value)) } else { value }
}

fn encode(column: &Column) -> TokenStream {
    let (field, ty) = (&column.ident, &column.column_type);
    let value = as_stored(column, &if column.is_deferrable { quote!(__value) } else { quote!(&self.#field) });
    let encoded = quote!(<#ty as __orm::SqlType>::encode(#value));
    if !column.is_deferrable {
        return encoded;
    }
    quote! {
        match self.#field.loaded() {
            __Some(__value) => #encoded,
            __None => __orm::Value::Null(<#ty as __orm::SqlType>::KIND),
        }
    }
}

fn unloaded(index: usize, relationship: &Relationship) -> TokenStream {
    let (field, index, ty) = (&relationship.ident, number(index), field_type(relationship.kind));
    quote!(#field: __orm::#ty::__unloaded(<Self as __orm::Model>::__mapper, #index))
}

/// Returns the type of a relationship's field; the other two names are aliases.
pub(super) fn field_type(kind: Kind) -> TokenStream {
    if kind.is_many() { quote!(HasMany) } else { quote!(BelongsTo) }
}
