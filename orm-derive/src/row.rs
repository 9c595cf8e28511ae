//! `#[derive(Row)]`: a struct that a row of several columns becomes, with what fills each of its fields.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Expr, Fields, Path, Token, Type};

use crate::attr::{each, flag, unknown};
use crate::expand::hydrate;
use crate::mistakes::Mistakes;
use crate::names::{library, plain, quiet};

const STRUCT: &[&str] = &["from", "crate"];
const FIELD: &[&str] = &["from", "nested"];

/// What the struct says.
#[derive(Default)]
struct Options {
    from: Option<Expr>,
    library: Option<Path>,
}

/// One field, and what fills it if that is said.
struct Field<'i> {
    ident: &'i Ident,
    ty: &'i Type,
    vis: &'i syn::Visibility,
    from: Option<TokenStream>,
    is_nested: bool,
}

/// Expands `#[derive(Row)]`.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let options = Options::read(&input.attrs, &mut mistakes);
    let fields = fields(input, &options, &mut mistakes);
    let library = options.library.clone().unwrap_or_else(library);
    let errors = mistakes.to_compile_errors();
    let Some(fields) = fields else { return errors };
    let items = if mistakes.is_empty() { items(input, &fields) } else { stub(input) };
    let constant = constant(input, &library);
    quote! {
        #errors
        #constant
        const _: () = {
            use #library::__private as __orm;
            #items
        };
    }
}

/// Returns the messages, for tests.
#[cfg(test)]
pub(crate) fn check(input: &DeriveInput, mistakes: &mut Mistakes) {
    let options = Options::read(&input.attrs, mistakes);
    fields(input, &options, mistakes);
}

impl Options {
    fn read(attributes: &[Attribute], mistakes: &mut Mistakes) -> Self {
        let mut options = Options::default();
        each(attributes, &[], mistakes, |name, input, _| {
            match name.to_string().as_str() {
                "from" => options.from = Some(value(input)?),
                "crate" => {
                    input.parse::<Token![=]>()?;
                    options.library = Some(input.call(Path::parse_mod_style)?);
                }
                _ => return Err(unknown(name, "row", STRUCT)),
            }
            Ok(())
        });
        options
    }
}

fn value(input: syn::parse::ParseStream<'_>) -> syn::Result<Expr> {
    input.parse::<Token![=]>()?;
    input.parse()
}

fn fields<'i>(input: &'i DeriveInput, options: &Options, mistakes: &mut Mistakes) -> Option<Vec<Field<'i>>> {
    let name = &input.ident;
    if !input.generics.params.is_empty() {
        mistakes.add(&input.generics, format!("`{name}` cannot be generic: its fields are the columns of one query"));
        return None;
    }
    let named = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(named) if !named.named.is_empty() => named,
            _ => {
                mistakes.add(name, format!("`{name}` has no named fields, which are what `Row` fills by name"));
                return None;
            }
        },
        Data::Enum(_) | Data::Union(_) => {
            mistakes.add(name, format!("`Row` is for structs, and `{name}` is none"));
            return None;
        }
    };
    let mut fields: Vec<Field<'i>> = named.named.iter().filter_map(|field| Field::read(field, mistakes)).collect();
    match &options.from {
        Some(from) => {
            for field in &mut fields {
                let ident = field.ident;
                // An error about the name or the type points at the field.
                let from = placed_at(from.to_token_stream(), ident.span());
                field.from.get_or_insert_with(|| quote_spanned!(ident.span()=> #from.#ident));
            }
        }
        None if fields.iter().any(|field| field.from.is_some()) => {
            for field in fields.iter().filter(|field| field.from.is_none()) {
                let message = format!(
                    "nothing says what fills `{}`\nadd `#[orm(from = …)]` to it, or `#[orm(from = Model)]` to the struct",
                    plain(field.ident)
                );
                mistakes.add(field.ident, message);
            }
        }
        None => {}
    }
    Some(fields)
}

/// Gives tokens another place in the user's text.
fn placed_at(tokens: TokenStream, span: Span) -> TokenStream {
    let place = |token: TokenTree| match token {
        TokenTree::Group(group) => TokenTree::Group(Group::new(group.delimiter(), placed_at(group.stream(), span))),
        mut token => {
            token.set_span(span);
            token
        }
    };
    tokens.into_iter().map(place).collect()
}

impl<'i> Field<'i> {
    fn read(field: &'i syn::Field, mistakes: &mut Mistakes) -> Option<Self> {
        let (mut from, mut is_nested) = (None, false);
        each(&field.attrs, &[], mistakes, |name, input, _| {
            match name.to_string().as_str() {
                "from" => from = Some(value(input)?.into_token_stream()),
                "nested" => {
                    flag(name, input)?;
                    is_nested = true;
                }
                _ => return Err(unknown(name, "field of a row", FIELD)),
            }
            Ok(())
        });
        Some(Field { ident: field.ident.as_ref()?, ty: &field.ty, vis: &field.vis, from, is_nested })
    }
}

/// Writes the constant that bears the struct's name.
fn constant(input: &DeriveInput, library: &Path) -> TokenStream {
    let (ident, vis, constant) = (&input.ident, &input.vis, quiet(&input.ident));
    quote! {
        #[doc(hidden)]
        #vis const #constant: <#ident as #library::__private::RowStruct>::Selection =
            <#ident as #library::__private::RowStruct>::SELECTION;
    }
}

fn items(input: &DeriveInput, fields: &[Field<'_>]) -> TokenStream {
    let row_type = row_type(input, fields);
    let selection = selection(input, fields);
    let shape = fields.iter().all(|field| !field.is_nested).then(|| shape(input, fields));
    quote!(#row_type #selection #shape)
}

fn row_type(input: &DeriveInput, fields: &[Field<'_>]) -> TokenStream {
    let ident = &input.ident;
    let types: Vec<&Type> = fields.iter().map(|field| field.ty).collect();
    let read = fields.iter().map(|field| {
        let (name, ty) = (field.ident, field.ty);
        quote! {
            #name: match __orm::next_value::<#ty>(__row, &mut __at) {
                ::core::result::Result::Ok(__value) => __value,
                ::core::result::Result::Err(__error) => return ::core::result::Result::Err(__error),
            }
        }
    });
    let objects = fields.iter().enumerate().filter(|(_, field)| field.is_nested).map(|(position, field)| {
        let (name, ty) = (field.ident, field.ty);
        quote!(<#ty as __orm::RowType>::__objects(&mut self.#name, __position + #position, __visit);)
    });
    quote! {
        impl __orm::RowType for #ident {
            type Managed = Self;
            fn __width() -> usize { 0 #(+ <#types as __orm::RowType>::__width())* }
            fn __value(__row: &__orm::Row<'_>, mut __at: usize) -> __orm::Decoded<Self> {
                ::core::result::Result::Ok(Self { #(#read),* })
            }
            fn __managed(__row: &__orm::Row<'_>, __at: usize, _: &mut __orm::Objects) -> __orm::Decoded<Self> {
                <Self as __orm::RowType>::__value(__row, __at)
            }
            fn __is_null(__row: &__orm::Row<'_>, mut __at: usize) -> bool {
                #(__orm::next_is_null::<#types>(__row, &mut __at))&&*
            }
            fn __objects<'__a>(
                &'__a mut self,
                __position: usize,
                __visit: &mut dyn ::core::ops::FnMut(usize, &'__a mut dyn __orm::Object),
            ) {
                #(#objects)*
            }
        }
    }
}

fn selection(input: &DeriveInput, fields: &[Field<'_>]) -> TokenStream {
    let (ident, vis) = (&input.ident, &input.vis);
    let selection = quiet(&format_ident!("{}Selection", ident.unraw()));
    let doc = format!("What `{}` selects.", plain(ident));
    let of_doc = format!("Selects what fills the fields of `{}`, in their order.", plain(ident));
    let names: Vec<Ident> = fields.iter().map(|field| format_ident!("__{}", field.ident.unraw())).collect();
    let parameters = fields.iter().map(|field| {
        let (name, ty) = (quiet(field.ident), field.ty);
        quote!(#name: impl __orm::Fills<#ty>)
    });
    let arguments: Vec<Ident> = fields.iter().map(|field| quiet(field.ident)).collect();
    let types: Vec<&Type> = fields.iter().map(|field| field.ty).collect();
    let filled: Option<Vec<&TokenStream>> = fields.iter().map(|field| field.from.as_ref()).collect();
    let selectable = filled.map(|sources| {
        let fills = types.iter().zip(sources).map(|(ty, source)| {
            let span = source.span().resolved_at(Span::call_site());
            quote_spanned!(span=> __orm::fill::<#ty, _>(#source, __outputs);)
        });
        quote! {
            impl __orm::Selectable for #selection {
                type Row = #ident;
                fn __outputs(self, __outputs: &mut ::std::vec::Vec<__orm::Output>) {
                    #(#fills)*
                }
            }
        }
    });
    quote! {
        #[doc = #doc]
        #[derive(Clone, Copy)]
        #vis struct #selection;

        impl __orm::RowStruct for #ident {
            type Selection = #selection;
            const SELECTION: #selection = #selection;
        }

        impl #selection {
            #[doc = #of_doc]
            #vis fn of(self, #(#parameters),*) -> __orm::Projection<#ident> {
                let mut __outputs = ::std::vec::Vec::new();
                #( let #names = #arguments; __orm::fill::<#types, _>(#names, &mut __outputs); )*
                __orm::Projection::__new(__outputs)
            }
        }

        #selectable
    }
}

/// Writes the columns that a subquery of such rows has, and the names by which a query finds the fields.
fn shape(input: &DeriveInput, fields: &[Field<'_>]) -> TokenStream {
    let (ident, vis) = (&input.ident, &input.vis);
    let columns = quiet(&format_ident!("{}Columns", ident.unraw()));
    let doc = format!("The columns of a subquery whose rows are `{}`.", plain(ident));
    let declared = fields.iter().map(|field| {
        let (vis, name, ty) = (field.vis, quiet(field.ident), field.ty);
        quote!(#vis #name: __orm::DerivedColumn<#ty>)
    });
    let made = (0u16..).zip(fields).map(|(position, field)| {
        let name = quiet(field.ident);
        quote!(#name: __orm::DerivedColumn::__new(__source, #position))
    });
    let names = fields.iter().map(|field| plain(field.ident));
    let types: Vec<TokenStream> = fields
        .iter()
        .map(|field| {
            let ty = field.ty;
            quote_spanned!(ty.span()=> __orm::RustType::of::<#ty>())
        })
        .collect();
    quote! {
        #[doc = #doc]
        #[derive(Clone, Copy)]
        #vis struct #columns { #(#declared),* }

        impl __orm::Shape for #ident {
            type Columns = #columns;
            fn __columns(__source: __orm::DerivedSource) -> #columns { #columns { #(#made),* } }
            fn __types() -> ::std::vec::Vec<__orm::RustType> { <Self as __orm::NamedRow>::__field_types() }
        }

        impl __orm::NamedRow for #ident {
            const FIELDS: &'static [&'static str] = &[#(#names),*];
            fn __field_types() -> ::std::vec::Vec<__orm::RustType> { ::std::vec![#(#types),*] }
        }
    }
}

/// Stands in for a struct with mistakes, so that each of them is one.
fn stub(input: &DeriveInput) -> TokenStream {
    let (ident, vis) = (&input.ident, &input.vis);
    let selection = quiet(&format_ident!("{}Selection", ident.unraw()));
    let row_type = hydrate::stub(ident, &quote!(Self));
    quote! {
        #[derive(Clone, Copy)]
        #vis struct #selection;
        impl __orm::RowStruct for #ident {
            type Selection = #selection;
            const SELECTION: #selection = #selection;
        }
        impl __orm::Selectable for #selection {
            type Row = #ident;
            fn __outputs(self, _: &mut ::std::vec::Vec<__orm::Output>) { ::core::unreachable!() }
        }
        #row_type
    }
}
