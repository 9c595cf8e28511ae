//! `#[derive(SqlEnum)]`: an enum without fields, stored by its variants' names or by their numbers.

use heck::ToSnakeCase;
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::parse::ParseStream;
use syn::{Data, DeriveInput, Expr, Fields, Lit, LitBool, LitStr, Path, Token, Variant};

use crate::attr::{each, filled, flag, text, unknown};
use crate::labels::{Label, labels, read_case};
use crate::mistakes::Mistakes;
use crate::names::{library, list, plain};
use crate::sql_type::SqlType;

const ENUM: &[&str] = &["name", "schema", "rename_all", "native", "create_constraint", "integer", "crate"];
#[derive(Default)]
struct Options {
    name: Option<LitStr>,
    schema: Option<LitStr>,
    native: Option<LitBool>,
    create_constraint: Option<Ident>,
    rename_all: Option<LitStr>,
    integer: Option<Ident>,
    library: Option<Path>,
}

/// Expands `#[derive(SqlEnum)]`.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let variants = variants(input, &mut mistakes);
    let options = read(input, &mut mistakes);
    let refusal = options
        .integer
        .is_some()
        .then_some("`rename` changes a label, and with `integer` the variants are stored as numbers");
    let labels = labels(variants.iter().copied(), options.rename_all.as_ref(), refusal, &mut mistakes);
    check_numbers(&variants, &options, &mut mistakes);
    check_labels(&labels, &options, &mut mistakes);
    let Some(first) = labels.first() else { return mistakes.to_compile_errors() };
    let parts = if options.integer.is_some() { as_integer(input, &labels) } else { as_text(input, &labels, &options) };
    let first = first.variant;
    let parts =
        SqlType { placeholder: quote!(Self::#first), nullable: quote!(false), null: quote!(__orm::NotNull), ..parts };
    let library = options.library.unwrap_or_else(library);
    let errors = mistakes.to_compile_errors();
    let implementations = parts.implement(&input.ident, &library);
    let ident = &input.ident;
    quote! {
        #errors
        #implementations
        impl #library::ArrayElement for #ident {}
    }
}

fn variants<'i>(input: &'i DeriveInput, mistakes: &mut Mistakes) -> Vec<&'i Variant> {
    let name = &input.ident;
    if !input.generics.params.is_empty() {
        mistakes.add(&input.generics, format!("`{name}` cannot be generic: its labels are one type of the database"));
        return vec![];
    }
    let Data::Enum(data) = &input.data else {
        let hint = "for a struct with one field, derive `SqlNewtype`";
        mistakes.add(name, format!("`SqlEnum` is for enums, and `{name}` is none\n{hint}"));
        return vec![];
    };
    if data.variants.is_empty() {
        mistakes.add(name, format!("`{name}` has no variants, so a column of it could hold nothing"));
    }
    for variant in data.variants.iter().filter(|variant| !matches!(variant.fields, Fields::Unit)) {
        let hint = "for a value with fields, derive `Embed`, or use `Json` of the whole enum";
        mistakes
            .add(&variant.fields, format!("`{name}::{}` has fields, which a label cannot hold\n{hint}", variant.ident));
    }
    if mistakes.is_empty() { data.variants.iter().collect() } else { vec![] }
}

fn read(input: &DeriveInput, mistakes: &mut Mistakes) -> Options {
    let mut options = Options::default();
    each(&input.attrs, &[], mistakes, |name, tokens, _| {
        match name.to_string().as_str() {
            "name" => options.name = Some(filled(text(name, tokens)?)?),
            "rename_all" => options.rename_all = Some(read_case(name, tokens)?),
            "schema" => options.schema = Some(filled(text(name, tokens)?)?),
            "native" => options.native = Some(yes_or_no(tokens)?),
            "create_constraint" => options.create_constraint = Some(flag(name, tokens)?),
            "integer" => options.integer = Some(flag(name, tokens)?),
            "crate" => {
                tokens.parse::<Token![=]>()?;
                options.library = Some(tokens.call(Path::parse_mod_style)?);
            }
            _ => return Err(unknown(name, "database enum", ENUM)),
        }
        Ok(())
    });
    if let (Some(rename), Some(_)) = (&options.rename_all, &options.integer) {
        mistakes.add(rename, "`rename_all` changes labels, and with `integer` the variants are stored as numbers");
    }
    if options.integer.is_some() {
        let native = options.native.as_ref().map(|native| native.span());
        let places = [
            ("name", options.name.as_ref().map(LitStr::span)),
            ("schema", options.schema.as_ref().map(LitStr::span)),
            ("native", native),
            ("create_constraint", options.create_constraint.as_ref().map(Ident::span)),
        ];
        for (setting, span) in places.into_iter().filter_map(|(setting, span)| Some((setting, span?))) {
            let message =
                format!("`{setting}` is for a type of labels, and with `integer` the variants are stored as numbers");
            mistakes.push(syn::Error::new(span, message));
        }
    }
    options
}

/// Reads `= true` or `= false`.
fn yes_or_no(tokens: ParseStream<'_>) -> syn::Result<LitBool> {
    tokens.parse::<Token![=]>()?;
    tokens.parse()
}

/// Checks that the stated numbers fit into the column.
fn check_numbers(variants: &[&Variant], options: &Options, mistakes: &mut Mistakes) {
    let literals = variants.iter().filter_map(|variant| match &variant.discriminant {
        Some((_, Expr::Lit(literal))) => Some(&literal.lit),
        _ => None,
    });
    for literal in literals.filter(|_| options.integer.is_some()) {
        if let Lit::Int(number) = literal
            && number.base10_parse::<i32>().is_err()
        {
            mistakes.add(number, "this number does not fit into 32 bits, in which the variants are stored");
        }
    }
}

/// Refuses a label of a type of the database that cannot be told from NULL where PostgreSQL lists the type's labels.
fn check_labels(labels: &[Label<'_>], options: &Options, mistakes: &mut Mistakes) {
    let is_native = options.integer.is_none() && options.native.as_ref().is_none_or(LitBool::value);
    for label in labels.iter().filter(|label| is_native && label.label == "NULL") {
        let hint = "rename it by `#[orm(rename = \"…\")]`, or keep the labels as text by `#[orm(native = false)]`";
        mistakes.add(label.variant, format!("the label `NULL` of a database's enum cannot be read\n{hint}"));
    }
}

fn as_text(input: &DeriveInput, labels: &[Label<'_>], options: &Options) -> SqlType {
    let ident = plain(&input.ident);
    let name = options.name.as_ref().map_or_else(|| ident.to_snake_case(), LitStr::value);
    let variants: Vec<_> = labels.iter().map(|label| label.variant).collect();
    let texts: Vec<_> = labels.iter().map(|label| &label.label).collect();
    let unknown =
        format!("{{:?}} is not a label of `{ident}`, which has {}", list(&texts).replace('{', "{{").replace('}', "}}"));
    let expected = format!("a label of `{ident}`");
    let is_native = options.native.as_ref().is_none_or(LitBool::value);
    let schema = options.schema.as_ref().map(|schema| quote!(.in_schema(#schema)));
    let checked = options.create_constraint.as_ref().map(|_| quote!(.checked()));
    let as_text = (!is_native).then(|| quote!(.as_text()));
    let label = quote!(match self { #(Self::#variants => #texts),* });
    let of_schema = match &options.schema {
        Some(schema) => quote!(::core::option::Option::Some(#schema)),
        None => quote!(::core::option::Option::None),
    };
    let type_name = quote!(&__orm::EnumName { schema: #of_schema, name: #name });
    let (kind, encode) = if is_native {
        (quote!(__orm::Kind::Enum(#type_name)), quote!(__orm::Value::Enum(#type_name, ::std::boxed::Box::from(#label))))
    } else {
        (quote!(__orm::Kind::Text), quote!(__orm::Value::Text(::std::string::String::from(#label))))
    };
    SqlType {
        kind,
        column_type: quote!(__orm::ColumnType::labels(#name, &[#(#texts),*]) #schema #checked #as_text),
        encode,
        decode: quote! {
            match __value {
                #(__orm::ValueRef::Text(#texts) => ::core::result::Result::Ok(Self::#variants),)*
                __orm::ValueRef::Text(__text) => {
                    ::core::result::Result::Err(__orm::DecodeError::new(::std::format!(#unknown, __text)))
                }
                __other => ::core::result::Result::Err(__orm::DecodeError::mismatch(#expected, __other)),
            }
        },
        nullable: TokenStream::new(),
        null: TokenStream::new(),
        placeholder: TokenStream::new(),
    }
}

fn as_integer(input: &DeriveInput, labels: &[Label<'_>]) -> SqlType {
    let ident = plain(&input.ident);
    let variants: Vec<_> = labels.iter().map(|label| label.variant).collect();
    let names: Vec<String> = variants.iter().map(|variant| plain(variant)).collect();
    let unknown = format!("{{}} is not a number of `{ident}`, which has {}", list(&names));
    let expected = format!("a number of `{ident}`");
    SqlType {
        kind: quote!(__orm::Kind::Int32),
        column_type: quote!(__orm::ColumnType::Integer),
        encode: quote!(__orm::Value::Int32(match self { #(Self::#variants => Self::#variants as i32),* })),
        decode: quote! {
            match __value {
                #(__orm::ValueRef::Int(__number) if __number == i64::from(Self::#variants as i32) => {
                    ::core::result::Result::Ok(Self::#variants)
                })*
                __orm::ValueRef::Int(__number) => {
                    ::core::result::Result::Err(__orm::DecodeError::new(::std::format!(#unknown, __number)))
                }
                __other => ::core::result::Result::Err(__orm::DecodeError::mismatch(#expected, __other)),
            }
        },
        nullable: TokenStream::new(),
        null: TokenStream::new(),
        placeholder: TokenStream::new(),
    }
}
