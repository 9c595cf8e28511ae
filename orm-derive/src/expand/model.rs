//! `impl Model`: the types, the constant's value, and the definition that the mapper keeps.

use heck::ToUpperCamelCase;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::LitStr;

use super::{attributes, column, embed, hydrate, positions, quiet_span, relationships};
use crate::attr::{CheckOptions, Deferrable, IdentityOptions, IndexOptions, Validate};
use crate::model::{Column, ForeignKey, Model, OnUpdate, Storage};
use crate::names::{option, plain, without_self};

/// Implements `Model`.
pub(super) fn expand(model: &Model) -> TokenStream {
    let definition = definition(model);
    let ident = &model.ident;
    let methods = [hydrate::methods(model), relationships::methods(model)];
    let body = quote! {
        fn __mapper() -> &'static __orm::Mapper {
            const __DEFINITION: __orm::Definition = #definition;
            static __MAPPER: __orm::Mapper = __orm::Mapper::new::<#ident>(__DEFINITION);
            &__MAPPER
        }
        #(#methods)*
    };
    implementation(model, &body)
}

/// Implements `Model` for a model with mistakes.
pub(super) fn expand_stub(model: &Model) -> TokenStream {
    implementation(model, &stub_methods())
}

/// The methods of a model that has no rows.
pub(crate) fn stub_methods() -> TokenStream {
    quote! {
        fn __mapper() -> &'static __orm::Mapper { ::core::unreachable!() }
        fn __column(&self, _: usize) -> __orm::Value { ::core::unreachable!() }
        fn __set_column(
            &mut self,
            _: usize,
            _: __orm::ValueRef<'_>,
        ) -> ::core::result::Result<(), __orm::DecodeError> {
            ::core::unreachable!()
        }
        fn __copy(&self) -> Self { ::core::unreachable!() }
        fn __relation(&self, _: usize) -> &dyn __orm::RelationField { ::core::unreachable!() }
        fn __relation_mut(&mut self, _: usize) -> &mut dyn __orm::RelationField { ::core::unreachable!() }
    }
}

fn implementation(model: &Model, methods: &TokenStream) -> TokenStream {
    let Model { ident, .. } = model;
    let (attributes, builder) = (&model.names.attributes, &model.names.builder);
    let value = attributes::value(model);
    let key = key(model);
    let builder_value = super::builder::empty(model);
    quote! {
        impl __orm::Model for #ident {
            type Attributes = #attributes;
            type Key = #key;
            type Builder = #builder;
            const ATTRIBUTES: #attributes = #value;
            fn builder() -> #builder { #builder_value }
            #methods
        }
    }
}

/// Returns the type of the primary key: that of its column, or a tuple.
fn key(model: &Model) -> TokenStream {
    let types: Vec<_> = model.key_columns().map(|column| &column.column_type).collect();
    match types.as_slice() {
        [] => quote!(i64),
        [only] => quote!(#only),
        several => quote!((#(#several,)*)),
    }
}

fn definition(model: &Model) -> TokenStream {
    let options = &model.options;
    let name = plain(&model.ident);
    let table = &model.table;
    let columns = embed::definitions(model);
    let key = positions(&model.key);
    let relationships = relationships::definitions(model);
    let uniques = model.uniques.iter().zip(&options.uniques).map(|(columns, unique)| index(columns, &[], unique));
    let indexes = model.indexes.iter().zip(&model.included).zip(&options.indexes);
    let indexes = indexes.map(|((columns, included), listed)| index(columns, included, listed));
    let checks = options.checks.iter().map(check);
    let foreign_keys = model.foreign_keys.iter().map(|key| composite_key(model, key));
    let validators = validators(model);
    let dialects = options.dialects.iter().map(|(option, value)| quote!((#option, #value)));
    let rest = [
        some("schema", options.schema.as_ref()),
        list("relationships", relationships),
        list("uniques", uniques),
        list("indexes", indexes),
        list("checks", checks),
        list("foreign_keys", foreign_keys),
        some("version", model.version.map(Literal::u16_unsuffixed)),
        some("comment", options.comment.as_ref()),
        list("validators", validators),
        list("options", dialects),
    ];
    quote! {
        __orm::Definition {
            name: #name,
            table: #table,
            location: (::core::file!(), ::core::line!()),
            columns: #columns,
            key: #key,
            #(#rest)*
            ..__orm::Definition::EMPTY
        }
    }
}

/// Writes what checks the values of fields, and then whole objects.
fn validators(model: &Model) -> Vec<TokenStream> {
    let ident = &model.ident;
    let check = |validate: &Validate, field: Option<&Ident>| {
        let (function, span) = (without_self(&validate.value, ident), quiet_span(&validate.value));
        let value = match field {
            Some(field) => quote_spanned!(span=> &__object.#field),
            None => quote_spanned!(span=> __object),
        };
        let call = quote_spanned!(span=> __orm::validated((#function)(#value)));
        quote!(|__object| match __orm::object_of::<#ident>(__object) {
            __Some(__object) => #call,
            __None => __Ok(()),
        })
    };
    let mut written = Vec::new();
    for (position, column) in (0..).zip(&model.columns) {
        let (name, position) = (plain(&column.ident), Literal::u16_unsuffixed(position));
        for validate in &column.options.validators {
            let check = check(validate, Some(&column.ident));
            written.push(quote!(__orm::Validator { of: __Some((#name, #position)), check: #check }));
        }
    }
    for validate in &model.options.validators {
        let check = check(validate, None);
        written.push(quote!(__orm::Validator { of: __None, check: #check }));
    }
    written
}

fn check(check: &CheckOptions) -> TokenStream {
    let (sql, name) = (&check.sql, check.name.iter());
    quote!(__orm::CheckDefinition::new(#sql) #(.name(#name))*)
}

/// Writes a field that is `None` for most models, unless it is.
fn some(field: &str, value: Option<impl ToTokens>) -> Option<TokenStream> {
    let (field, value) = (format_ident!("{field}"), value?);
    Some(quote!(#field: __Some(#value),))
}

/// Writes a field that is empty for most models, unless it is.
fn list(field: &str, items: impl IntoIterator<Item = impl ToTokens>) -> Option<TokenStream> {
    let (field, items) = (format_ident!("{field}"), items.into_iter().collect::<Vec<_>>());
    (!items.is_empty()).then(|| quote!(#field: &[#(#items),*],))
}

fn index(columns: &[u16], included: &[u16], options: &IndexOptions) -> TokenStream {
    let columns = positions(columns);
    let expressions = options.expressions.iter().map(|(place, sql)| {
        let place = Literal::u16_unsuffixed(*place);
        quote!((#place, #sql))
    });
    let expressions = (!options.expressions.is_empty()).then(|| quote!(.expressions(&[#(#expressions),*])));
    let lists = [("descending", options.descending.as_slice()), ("include", included)];
    let lists = lists.into_iter().filter(|(_, list)| !list.is_empty()).map(|(method, list)| {
        let (method, list) = (format_ident!("{method}"), positions(list));
        quote!(.#method(#list))
    });
    let texts = [("name", &options.name), ("condition", &options.condition), ("method", &options.method)];
    let texts = texts.into_iter().filter_map(|(method, text)| {
        let (method, text) = (format_ident!("{method}"), text.as_ref()?);
        Some(quote!(.#method(#text)))
    });
    let unique = options.is_unique.then(|| quote!(.unique()));
    let nulls = options.nulls_not_distinct.then(|| quote!(.nulls_not_distinct()));
    let deferrable = options.deferrable.map(|when| {
        let when = deferrable(when);
        quote!(.deferrable(#when))
    });
    quote!(__orm::IndexDefinition::new(#columns) #expressions #(#lists)* #(#texts)* #unique #nulls #deferrable)
}

/// Writes how an identity column counts.
fn identity(options: &IdentityOptions) -> TokenStream {
    if !options.is_always && options.counting.is_empty() && !options.is_cycle {
        return quote!(__orm::Identity::DEFAULT);
    }
    let (is_always, is_cycle) = (options.is_always, options.is_cycle);
    let counting = options.counting.iter().map(|(name, value)| {
        let name = format_ident!("{name}");
        quote!(#name: ::core::option::Option::Some(#value))
    });
    quote! {
        __orm::Identity {
            is_always: #is_always,
            counting: __orm::Counting { #(#counting,)* is_cycle: #is_cycle, ..__orm::Counting::DEFAULT },
        }
    }
}

pub(super) fn column_definition(model: &Model, column: &Column) -> TokenStream {
    let options = &column.options;
    let (field, name, ty) = (plain(&column.ident), &column.name, &column.column_type);
    let (mut settings, extras) = (TokenStream::new(), column_extras(&model.ident, column));
    let mut set = |method: &str, argument| set(&mut settings, method, argument);
    let is_generated = column.is_generated || options.identity.is_some() || options.sequence.is_some();
    // Whether the type is an integer shows where it is known.
    let is_told = column.is_generated && options.autoincrement.is_some();
    let flags = [
        ("primary_key", column.is_key),
        ("generated", is_generated && !is_told),
        ("autoincrement", is_told),
        ("unique", options.unique.is_some()),
        ("index", options.index.is_some()),
        ("deferrable", column.is_deferrable),
        ("deferred", options.deferred.is_some() || options.query_expression.is_some()),
    ];
    flags.iter().filter(|(_, is_set)| *is_set).for_each(|(method, _)| set(method, None));
    if let Some(length) = &options.length {
        let length = Literal::u32_unsuffixed(length.value);
        set("length", Some(quote!(#length)));
    }
    if options.foreign_key.is_some() {
        set("foreign_key", Some(foreign_key(model, column)));
    }
    if !extras.is_empty() {
        set("extras", Some(quote!(const { &__orm::ColumnExtras::NONE #extras })));
    }
    quote!(__orm::Column::new::<#ty>(#field, #name) #settings)
}

/// Calls one more method on a definition.
fn set(settings: &mut TokenStream, method: &str, argument: Option<TokenStream>) {
    let method = format_ident!("{method}");
    settings.extend(quote!(.#method(#argument)));
}

/// Writes what few columns say.
fn column_extras(model: &Ident, column: &Column) -> TokenStream {
    let options = &column.options;
    let mut settings = TokenStream::new();
    let mut set = |method: &str, argument| set(&mut settings, method, argument);
    if options.server_onupdate.is_some() {
        set("server_onupdate", None);
    }
    if let Some(options) = &options.identity {
        set("identity", Some(identity(options)));
    }
    if !options.variants.is_empty() {
        let variants = options.variants.iter().map(|(dialect, sql)| {
            let dialect = match dialect.to_string().as_str() {
                "mysql" => quote!(MySql),
                "mariadb" => quote!(MariaDb),
                "postgres" => quote!(Postgres),
                _ => quote!(Sqlite),
            };
            quote!((__orm::Dialect::#dialect, #sql))
        });
        set("variants", Some(quote!(&[#(#variants),*])));
    }
    for (method, size) in [("precision", &options.precision), ("scale", &options.scale)] {
        if let Some(size) = size {
            let size = Literal::u8_unsuffixed(size.value);
            set(method, Some(quote!(#size)));
        }
    }
    let mut text = |method: &str, text: Option<&LitStr>| {
        if let Some(text) = text {
            set(method, Some(quote!(#text)));
        }
    };
    text("sql_type", options.sql_type.as_ref());
    text("server_default", options.server_default.as_ref());
    text("comment", options.comment.as_ref());
    text("collation", options.collation.as_ref());
    text("deferred_group", options.deferred.as_ref().and_then(|deferred| deferred.group.as_ref()));
    text("sequence", options.sequence.as_ref());
    text("foreign_key_name", options.key_options.name.as_ref());
    if let Some(computed) = &options.computed {
        text(if computed.is_stored { "computed_stored" } else { "computed" }, Some(&computed.sql));
    }
    if let Some(property) = &options.column_property {
        let (expression, ty) = (without_self(&property.value, model), &column.column_type);
        let node = quote_spanned!(quiet_span(&property.value)=> __orm::column_property::<#ty>(#expression));
        set("column_property", Some(quote!(|| #node)));
    }
    if options.query_expression.is_some() {
        set("query_expression", None);
    }
    if let Some(OnUpdate::Value(value)) = &column.on_update {
        let value = encoded(column, value);
        set("on_update", Some(quote!(|| #value)));
    }
    settings
}

/// Writes a value of a field as its column keeps it.
pub(super) fn encoded(column: &Column, value: &TokenStream) -> TokenStream {
    let ty = &column.ty;
    match column.storage {
        Storage::Plain => quote!(__orm::SqlType::encode(&__orm::IntoValue::<#ty>::into_value(#value))),
        Storage::Json => quote!(__orm::SqlType::encode(&__orm::Json::<#ty>(#value))),
        Storage::OptionalJson => quote!({
            let __value: #ty = #value;
            __orm::SqlType::encode(&__value.map(__orm::Json))
        }),
    }
}

fn foreign_key(model: &Model, field: &Column) -> TokenStream {
    let ty = &field.column_type;
    let target = field.options.foreign_key.as_ref().map(|expression| {
        let column = column(expression, &model.ident, model);
        quote_spanned!(quiet_span(expression)=> __orm::foreign_key::<#ty, _, _>(#column))
    });
    let on_delete = action(field.options.on_delete.as_ref().map(|written| &written.value));
    let on_update = action(match &field.on_update {
        Some(OnUpdate::Action(action)) => Some(action),
        _ => None,
    });
    let deferrable = option(field.options.key_options.deferrable.map(deferrable));
    quote! {
        __orm::ForeignKeyColumn {
            target: || #target,
            on_delete: #on_delete,
            on_update: #on_update,
            deferrable: #deferrable,
        }
    }
}

fn composite_key(model: &Model, key: &ForeignKey) -> TokenStream {
    let columns = positions(&key.columns);
    let targets = key.columns.iter().zip(&key.targets).map(|(position, expression)| {
        let ty = &model.columns[usize::from(*position)].column_type;
        let column = column(expression, &model.ident, model);
        quote_spanned!(quiet_span(expression)=> __orm::foreign_key::<#ty, _, _>(#column))
    });
    let (on_delete, on_update) = (action(key.on_delete.as_ref()), action(key.on_update.as_ref()));
    let deferrable = option(key.options.deferrable.map(deferrable));
    let name = option(key.options.name.as_ref().map(ToTokens::to_token_stream));
    quote! {
        __orm::ForeignKeyGroup {
            columns: #columns,
            targets: || ::std::vec![#(#targets),*],
            on_delete: #on_delete,
            on_update: #on_update,
            deferrable: #deferrable,
            name: #name,
        }
    }
}

fn deferrable(when: Deferrable) -> TokenStream {
    match when {
        Deferrable::InitiallyImmediate => quote!(__orm::Deferrable::InitiallyImmediate),
        Deferrable::InitiallyDeferred => quote!(__orm::Deferrable::InitiallyDeferred),
    }
}

fn action(word: Option<&Ident>) -> TokenStream {
    option(word.map(|word| {
        let action = format_ident!("{}", word.to_string().to_upper_camel_case());
        quote!(__orm::ReferentialAction::#action)
    }))
}
