//! An enum whose variants' fields are columns, as it was meant: one column for the tag, which says the variant, and one
//! for each name of a field, which is NULL where the variant has no such field.

use heck::ToSnakeCase;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::spanned::Spanned;
use syn::{
    Attribute, DataEnum, DeriveInput, Field, Fields, LitStr, Meta, Path, Type, parse_quote, parse_quote_spanned,
};

use crate::attr::{self, ColumnOptions, StructOptions, Written, equals, filled, flag, text, unknown};
use crate::labels::{labels, read_case};
use crate::mistakes::Mistakes;
use crate::model::{self, Column, FieldType, Model, Presence, Storage};
use crate::names::{bare, option_argument, plain};

const ENUM: &[&str] = &["tag", "rename_all", "index", "crate"];

/// How long a tag may be: longer than any label should be, so that a new variant changes no column.
const TAG_LENGTH: u32 = 64;

/// A variant.
pub(crate) struct Variant {
    pub(crate) ident: Ident,
    /// What the tag holds.
    pub(crate) label: String,
    pub(crate) fields: Vec<VariantField>,
    /// Whether its one field has no name of its own.
    pub(crate) is_tuple: bool,
}

/// A field of a variant.
pub(crate) struct VariantField {
    /// As its own variant has it.
    pub(crate) own: Column,
    /// The position of its column, which other variants may share.
    pub(crate) position: usize,
}

#[derive(Default)]
struct Options {
    tag: Option<LitStr>,
    rename_all: Option<LitStr>,
    index: Option<Ident>,
    library: Option<Path>,
}

/// Understands an enum; `None` when it has no variants to understand.
pub(crate) fn understand(input: &DeriveInput, data: &DataEnum, mistakes: &mut Mistakes) -> Option<Model> {
    let name = &input.ident;
    if !input.generics.params.is_empty() {
        mistakes
            .add(&input.generics, format!("what is embedded cannot be generic: `{name}` stands for certain columns"));
        return None;
    }
    if data.variants.is_empty() {
        mistakes.add(name, format!("`{name}` has no variants, so there is nothing to embed"));
        return None;
    }
    let options = Options::read(input, mistakes);
    let labels = labels(&data.variants, options.rename_all.as_ref(), None, mistakes);
    for label in labels.iter().filter(|label| label.label.chars().count() > TAG_LENGTH as usize) {
        let message = format!("the label `{}` is longer than the {TAG_LENGTH} characters of a tag", label.label);
        mistakes.add(label.variant, message);
    }
    let mut columns = vec![tag(input, &options, mistakes)];
    let mut variants = vec![];
    for (variant, label) in data.variants.iter().zip(labels) {
        let is_tuple = matches!(variant.fields, Fields::Unnamed(_));
        if is_tuple && variant.fields.len() != 1 {
            let hint = "name them: the names are those of the columns";
            mistakes.add(&variant.fields, format!("`{}` has several fields without names\n{hint}", variant.ident));
            continue;
        }
        let mut fields = vec![];
        for field in &variant.fields {
            let ident = field.ident.clone().unwrap_or_else(|| name_of_only(&variant.ident));
            let Some(own) = read_field(input, field, &ident, mistakes) else { continue };
            let position = column_of(&mut columns, &own, (input, field), mistakes);
            fields.push(VariantField { own, position });
        }
        variants.push(Variant { ident: variant.ident.clone(), label: label.label, fields, is_tuple });
    }
    let options = StructOptions { library: options.library, ..StructOptions::default() };
    Some(Model { columns, variants, ..Model::new(input, options) })
}

impl Options {
    fn read(input: &DeriveInput, mistakes: &mut Mistakes) -> Self {
        let mut options = Options::default();
        attr::each(&input.attrs, &[], mistakes, |name, tokens, _| {
            match name.to_string().as_str() {
                "tag" => options.tag = Some(filled(text(name, tokens)?)?),
                "rename_all" => options.rename_all = Some(read_case(name, tokens)?),
                "index" => options.index = Some(flag(name, tokens)?),
                "crate" => {
                    equals(name, "orm", tokens)?;
                    options.library = Some(tokens.call(Path::parse_mod_style)?);
                }
                _ => return Err(unknown(name, "tagged enum", ENUM)),
            }
            Ok(())
        });
        options
    }
}

/// Makes the column that says the variant.
fn tag(input: &DeriveInput, options: &Options, mistakes: &mut Mistakes) -> Column {
    let name = options.tag.as_ref().map_or_else(|| "kind".to_owned(), LitStr::value);
    let span = options.tag.as_ref().map_or_else(Span::call_site, LitStr::span);
    let ident = syn::parse_str::<Ident>(&name).or_else(|_| syn::parse_str(&format!("r#{name}")));
    let mut ident = ident.unwrap_or_else(|_| {
        let message = format!("`{name}` is no name of a field, and that of the tag is one: `{}.{name}`", input.ident);
        mistakes.add(&options.tag, message);
        format_ident!("kind")
    });
    ident.set_span(span);
    let doc = format!("The tag: which variant of [`{}`] a row has.", input.ident);
    let length = Written { name: ident.clone(), value: TAG_LENGTH };
    Column {
        name,
        vis: input.vis.clone(),
        docs: vec![parse_quote!(#[doc = #doc])],
        ty: quote!(::std::string::String),
        written: parse_quote!(String),
        is_deferrable: false,
        column_type: quote!(::std::string::String),
        storage: Storage::Plain,
        is_key: false,
        is_generated: false,
        presence: Presence::Required,
        on_update: None,
        options: ColumnOptions { length: Some(length), index: options.index.clone(), ..ColumnOptions::default() },
        ident,
    }
}

/// Names the field of a variant that is written `Number(i64)`.
fn name_of_only(variant: &Ident) -> Ident {
    let name = plain(variant).to_snake_case();
    let mut ident = syn::parse_str::<Ident>(&name).unwrap_or_else(|_| Ident::new_raw(&name, variant.span()));
    ident.set_span(variant.span());
    ident
}

fn read_field(input: &DeriveInput, field: &Field, ident: &Ident, mistakes: &mut Mistakes) -> Option<Column> {
    match model::relationship_type(&field.ty, mistakes) {
        FieldType::Relationship(..) => {
            let hint = "the variant holds its foreign key";
            mistakes.add(ident, format!("`{ident}` is a relationship, which stands in the model itself\n{hint}"));
            None
        }
        FieldType::Column if attr::is_embedded(&field.attrs) => {
            mistakes.add(&field.ty, format!("a variant embeds nothing: write what `{ident}` brings as its fields"));
            None
        }
        FieldType::Column => {
            let column = model::read_column(input, field, ident, mistakes);
            Some(Column { vis: input.vis.clone(), ..column })
        }
        FieldType::Unknown => None,
    }
}

/// Returns the position of a field's column: that of the fields of its name before it, or a new one.
fn column_of(
    columns: &mut Vec<Column>,
    own: &Column,
    (input, field): (&DeriveInput, &Field),
    mistakes: &mut Mistakes,
) -> usize {
    let name = plain(&own.ident);
    let Some(position) = columns.iter().position(|column| plain(&column.ident) == name) else {
        let again = read_field(input, field, &own.ident, &mut Mistakes::default());
        columns.extend(again.map(nullable));
        return columns.len() - 1;
    };
    let first = &columns[position];
    if position == 0 {
        let hint = "give the tag another name: `#[orm(tag = \"…\")]` at the enum";
        mistakes.add(&own.ident, format!("`{name}` is the name of the tag, which says the variant\n{hint}"));
    } else if nullable_type(own).to_string() != first.column_type.to_string() {
        let (here, there) = (shown(&own.written), shown(&first.written));
        let hint = "fields of one name are one column: give them one type, or one of them another name";
        mistakes.add(&field.ty, format!("`{name}` is `{here}` here, and `{there}` in a variant before\n{hint}"));
    } else if let Some(attribute) = field.attrs.iter().find(|attribute| says_more_than_json(attribute)) {
        let message = format!("what is to be said of the column `{name}` stands at the first field of that name");
        mistakes.add(attribute, message);
    }
    position
}

/// Returns whether an attribute says more than how the field's own value is stored.
fn says_more_than_json(attribute: &Attribute) -> bool {
    attribute.path().is_ident("orm")
        && !matches!(&attribute.meta, Meta::List(list) if list.tokens.to_string() == "json")
}

/// Returns the type without `Option`, as the user wrote it.
fn shown(ty: &Type) -> String {
    let inner = option_argument(ty).unwrap_or(ty);
    bare(inner).to_token_stream().to_string().replace(' ', "")
}

fn nullable_type(own: &Column) -> TokenStream {
    let ty = &own.column_type;
    match (option_argument(&own.written), own.storage) {
        (Some(inner), Storage::Plain) => quote!(::core::option::Option<#inner>),
        (Some(_), _) => ty.clone(),
        (None, _) => quote!(::core::option::Option<#ty>),
    }
}

/// Makes the column of a field that other variants do not have.
fn nullable(column: Column) -> Column {
    if column.is_option() {
        return Column { column_type: nullable_type(&column), ..column };
    }
    let (ty, written) = (&column.ty, &column.written);
    Column {
        ty: quote!(::core::option::Option<#ty>),
        written: parse_quote_spanned!(written.span()=> Option<#written>),
        column_type: nullable_type(&column),
        storage: if column.storage == Storage::Json { Storage::OptionalJson } else { column.storage },
        ..column
    }
}
