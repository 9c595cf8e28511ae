//! `#[derive(SqlNewtype)]`: a struct around one value, stored as that value.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Data, DeriveInput, Field, Fields, Member, Path, Token, Type};

use crate::attr::{each, unknown};
use crate::mistakes::Mistakes;
use crate::names::{is_written_as, library, option_argument, without_self};
use crate::sql_type::SqlType;

/// Expands `#[derive(SqlNewtype)]`.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let library = read_library(input, &mut mistakes);
    let inner = inner(input, &mut mistakes);
    let errors = mistakes.to_compile_errors();
    let Some((member, field)) = inner else { return errors };
    let inner = without_self(&field.ty, &input.ident);
    let parts = SqlType {
        kind: quote!(<#inner as __orm::SqlType>::KIND),
        nullable: quote!(<#inner as __orm::SqlType>::NULLABLE),
        null: quote!(<#inner as __orm::SqlType>::Null),
        column_type: quote!(<#inner as __orm::SqlType>::column_type()),
        encode: quote!(__orm::SqlType::encode(&self.#member)),
        decode: quote! {
            ::core::result::Result::Ok(Self { #member: __orm::SqlType::decode(__value)? })
        },
        placeholder: quote!(Self { #member: __orm::Placeholder::placeholder() }),
    };
    let implementations = parts.implement(&input.ident, &library);
    let operators = operators(&input.ident, &field.ty, &library);
    quote!(#errors #implementations #operators)
}

/// Lets a column have the operators of its value's type, as far as the written type tells: `like` of a text, `+` of a number.
fn operators(ident: &Ident, inner: &Type, library: &Path) -> TokenStream {
    if is_written_as(inner, &["String"]) {
        quote!(impl #library::Textual for #ident {})
    } else if is_written_as(inner, &["i8", "i16", "i32", "i64", "u8", "u16", "u32", "f32", "f64", "Decimal"]) {
        quote! {
            impl #library::Numeric for #ident {
                type Mean = <#inner as #library::Numeric>::Mean;
            }
            impl #library::func::Summable for #ident {
                type Sum = <#inner as #library::func::Summable>::Sum;
            }
        }
    } else {
        TokenStream::new()
    }
}

fn read_library(input: &DeriveInput, mistakes: &mut Mistakes) -> Path {
    let mut found = None;
    each(&input.attrs, &[], mistakes, |name, tokens, _| {
        if name != "crate" {
            return Err(unknown(name, "newtype", &["crate"]));
        }
        tokens.parse::<Token![=]>()?;
        found = Some(tokens.call(Path::parse_mod_style)?);
        Ok(())
    });
    found.unwrap_or_else(library)
}

/// Returns the one field.
fn inner<'i>(input: &'i DeriveInput, mistakes: &mut Mistakes) -> Option<(Member, &'i Field)> {
    let name = &input.ident;
    if !input.generics.params.is_empty() {
        mistakes.add(&input.generics, format!("`{name}` cannot be generic: it stands for one type of the database"));
        return None;
    }
    let fields = match &input.data {
        Data::Struct(data) => &data.fields,
        Data::Enum(_) => {
            mistakes.add(name, format!("`{name}` is an enum\nderive `SqlEnum`"));
            return None;
        }
        Data::Union(_) => {
            mistakes.add(name, format!("`SqlNewtype` is for structs, and `{name}` is a union"));
            return None;
        }
    };
    let mut only = fields.iter();
    let (Some(field), None) = (only.next(), only.next()) else {
        let message =
            format!("`SqlNewtype` is for a struct around one value, and `{name}` has {} fields", fields.len());
        mistakes.add(name, message);
        return None;
    };
    if option_argument(&field.ty).is_some() {
        let hint = format!("take the `Option` away here, and write `Option<{name}>` in the model");
        mistakes.add(&field.ty, format!("`{name}` around an `Option` would hide that the column may be NULL\n{hint}"));
        return None;
    }
    let member = match (&field.ident, fields) {
        (Some(ident), Fields::Named(_)) => Member::Named(ident.clone()),
        _ => Member::from(0),
    };
    Some((member, field))
}
