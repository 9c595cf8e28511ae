//! What was meant: the model that the attributes describe.
//!
//! In: the struct and what its attributes say. Out: [`Model`], with positions in the place of names. Mistakes are noted
//! and what can be understood is kept, so that one mistake does not hide the others.

use heck::ToSnakeCase;
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, Data, DeriveInput, Expr, Field, Fields, Path, Type, Visibility};

use crate::attr::{
    self, ColumnOptions, CompositeKey, EmbedOptions, KeyOptions, RelationshipOptions, StructOptions, Written,
};
use crate::mistakes::Mistakes;
use crate::names::{self, Names, list, plain, suggestion};
use crate::variants::{self, Variant};

/// A model.
pub(crate) struct Model {
    /// Where the library's exports are.
    pub(crate) library: Path,
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    /// The constant of the attributes.
    pub(crate) constant: Ident,
    pub(crate) names: Names,
    pub(crate) table: String,
    pub(crate) columns: Vec<Column>,
    /// The structs whose columns come after its own.
    pub(crate) embedded: Vec<Embedded>,
    /// Of an embedded enum: its variants, which share out the columns behind the first, the tag.
    pub(crate) variants: Vec<Variant>,
    pub(crate) relationships: Vec<Relationship>,
    /// The positions of the primary key's columns.
    pub(crate) key: Vec<u16>,
    pub(crate) uniques: Vec<Vec<u16>>,
    pub(crate) indexes: Vec<Vec<u16>>,
    /// Of each index the columns whose values it holds beside.
    pub(crate) included: Vec<Vec<u16>>,
    pub(crate) foreign_keys: Vec<ForeignKey>,
    pub(crate) version: Option<u16>,
    pub(crate) options: StructOptions,
    /// Whether the struct or a field is `#[deprecated]`, of which the generated code is to say nothing.
    pub(crate) is_deprecated: bool,
}

/// A column.
pub(crate) struct Column {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) docs: Vec<Attribute>,
    /// The field's type, without `Deferred`.
    pub(crate) ty: TokenStream,
    /// The same as the user wrote it.
    pub(crate) written: Type,
    /// Whether the field is a `Deferred`.
    pub(crate) is_deferrable: bool,
    /// What the column holds: the field's type, or `Json` of it.
    pub(crate) column_type: TokenStream,
    pub(crate) storage: Storage,
    /// The column's name.
    pub(crate) name: String,
    pub(crate) is_key: bool,
    pub(crate) is_generated: bool,
    pub(crate) presence: Presence,
    pub(crate) on_update: Option<OnUpdate>,
    pub(crate) options: ColumnOptions,
}

/// A struct whose fields are columns too.
pub(crate) struct Embedded {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) docs: Vec<Attribute>,
    pub(crate) ty: TokenStream,
    pub(crate) is_option: bool,
    /// What stands before the names of its columns.
    pub(crate) prefix: String,
    pub(crate) presence: Presence,
}

/// How a field's value is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Storage {
    /// As it is.
    Plain,
    /// As a JSON document.
    Json,
    /// As a JSON document, or NULL: the field is an `Option`.
    OptionalJson,
}

/// What a builder does about a field that is not set.
pub(crate) enum Presence {
    /// It does not compile.
    Required,
    /// It takes this value, or `Default::default()`.
    Default(Option<TokenStream>),
    /// It leaves the column out: the database or a relationship fills it, or it is NULL.
    Absent,
}

/// What `on_update` says, which depends on the field's being a foreign key.
pub(crate) enum OnUpdate {
    /// What the database does when the row that is referred to changes its key.
    Action(Ident),
    /// What every UPDATE of the row sets.
    Value(TokenStream),
}

/// A foreign key over several columns.
pub(crate) struct ForeignKey {
    pub(crate) columns: Vec<u16>,
    pub(crate) targets: Vec<Expr>,
    pub(crate) on_delete: Option<Ident>,
    pub(crate) on_update: Option<Ident>,
    pub(crate) options: KeyOptions,
}

/// A relationship.
pub(crate) struct Relationship {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) docs: Vec<Attribute>,
    pub(crate) kind: Kind,
    /// The other model.
    pub(crate) target: TokenStream,
    pub(crate) options: RelationshipOptions,
}

/// Which kind of relationship.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    HasMany,
    HasOne,
    BelongsTo,
    ManyToMany,
}

impl Kind {
    /// Returns the name of the field's type.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::HasMany => "HasMany",
            Kind::HasOne => "HasOne",
            Kind::BelongsTo => "BelongsTo",
            Kind::ManyToMany => "ManyToMany",
        }
    }

    /// Returns whether the field holds a collection.
    pub(crate) fn is_many(self) -> bool {
        matches!(self, Kind::HasMany | Kind::ManyToMany)
    }

    fn of(name: &Ident) -> Option<Self> {
        [Kind::HasMany, Kind::HasOne, Kind::BelongsTo, Kind::ManyToMany].into_iter().find(|kind| name == kind.name())
    }
}

impl Model {
    /// What is said of the struct itself, without fields.
    pub(crate) fn new(input: &DeriveInput, options: StructOptions) -> Self {
        Model {
            library: options.library.clone().unwrap_or_else(names::library),
            ident: input.ident.clone(),
            vis: input.vis.clone(),
            constant: names::quiet(options.attributes.as_ref().unwrap_or(&input.ident)),
            names: Names::new(&input.ident, input.to_token_stream()),
            table: options.table.as_ref().map_or_else(|| plain(&input.ident).to_snake_case(), syn::LitStr::value),
            columns: vec![],
            embedded: vec![],
            variants: vec![],
            relationships: vec![],
            key: vec![],
            uniques: vec![],
            indexes: vec![],
            included: vec![],
            foreign_keys: vec![],
            version: None,
            options,
            is_deprecated: is_deprecated(&input.attrs),
        }
    }

    /// Returns the names of the columns' fields.
    pub(crate) fn field_names(&self) -> Vec<String> {
        self.columns.iter().map(|column| plain(&column.ident)).collect()
    }

    /// Returns the columns of the primary key.
    pub(crate) fn key_columns(&self) -> impl Iterator<Item = &Column> {
        self.key.iter().map(|position| &self.columns[usize::from(*position)])
    }

    /// Returns the fields that a builder requires.
    pub(crate) fn required(&self) -> impl Iterator<Item = &Ident> {
        let columns = self.columns.iter().map(|column| (&column.ident, &column.presence));
        let embedded = self.embedded.iter().map(|embedded| (&embedded.ident, &embedded.presence));
        columns.chain(embedded).filter(|(_, presence)| matches!(presence, Presence::Required)).map(|(ident, _)| ident)
    }
}

impl Column {
    /// Returns whether the field is an `Option`.
    pub(crate) fn is_option(&self) -> bool {
        names::option_argument(&self.written).is_some()
    }
}

/// Understands a struct; `None` when it has no named fields to understand.
pub(crate) fn understand(input: &DeriveInput, mistakes: &mut Mistakes) -> Option<Model> {
    let fields = named_fields(input, ("a model", "one table"), mistakes)?;
    let options = StructOptions::read(&input.attrs, mistakes);
    let mut model = with_fields(input, options, &fields, mistakes);
    resolve_names(&mut model, mistakes);
    settle_keys(&mut model);
    settle_presence(&mut model);
    Some(model)
}

/// Understands a struct or an enum that is embedded in models: a model without a table.
pub(crate) fn understand_embedded(input: &DeriveInput, mistakes: &mut Mistakes) -> Option<Model> {
    if let Data::Enum(data) = &input.data {
        return variants::understand(input, data, mistakes);
    }
    let fields = named_fields(input, ("what is embedded", "certain columns"), mistakes)?;
    let options = StructOptions::read_embedded(&input.attrs, mistakes);
    Some(with_fields(input, options, &fields, mistakes))
}

fn with_fields(input: &DeriveInput, options: StructOptions, fields: &[&Field], mistakes: &mut Mistakes) -> Model {
    let (columns, embedded, relationships) = read_fields(input, fields, mistakes);
    let model = Model::new(input, options);
    let is_deprecated = model.is_deprecated || fields.iter().any(|field| is_deprecated(&field.attrs));
    Model { columns, embedded, relationships, is_deprecated, ..model }
}

fn named_fields<'i>(
    input: &'i DeriveInput,
    (what, stands_for): (&str, &str),
    mistakes: &mut Mistakes,
) -> Option<Vec<&'i Field>> {
    let name = &input.ident;
    let before = mistakes.count();
    if !input.generics.params.is_empty() {
        mistakes.add(&input.generics, format!("{what} cannot be generic: `{name}` stands for {stands_for}"));
    }
    let shape = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) if mistakes.count() == before => return Some(fields.named.iter().collect()),
            Fields::Named(_) => return None,
            Fields::Unnamed(_) => "a tuple struct",
            Fields::Unit => "a unit struct",
        },
        Data::Enum(_) => "an enum",
        Data::Union(_) => "a union",
    };
    let mut message = format!("{what} is a struct with named fields, and `{name}` is {shape}");
    if matches!(input.data, Data::Enum(_)) {
        message.push_str("\nto store its values in a column, derive `SqlEnum`");
    } else if shape == "a tuple struct" {
        message.push_str("\nto store it in a column, derive `SqlNewtype`");
    }
    mistakes.add(name, message);
    None
}

fn is_deprecated(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident("deprecated"))
}

// -------------------------------------------------------------------------------------------------------------- fields

fn read_fields(
    input: &DeriveInput,
    fields: &[&Field],
    mistakes: &mut Mistakes,
) -> (Vec<Column>, Vec<Embedded>, Vec<Relationship>) {
    let (mut columns, mut embedded, mut relationships) = (vec![], vec![], vec![]);
    for field in fields {
        let Some(ident) = &field.ident else { continue };
        match relationship_type(&field.ty, mistakes) {
            FieldType::Relationship(kind, target) => relationships.push(Relationship {
                ident: ident.clone(),
                vis: field.vis.clone(),
                docs: docs(field),
                kind,
                target: names::without_self(target, &input.ident),
                options: RelationshipOptions::read(&field.attrs, mistakes),
            }),
            FieldType::Column if attr::is_embedded(&field.attrs) => {
                embedded.push(read_embedded(input, field, ident, mistakes));
            }
            FieldType::Column => columns.push(read_column(input, field, ident, mistakes)),
            FieldType::Unknown => {}
        }
    }
    for relationship in &mut relationships {
        if relationship.kind == Kind::HasMany && relationship.options.secondary.is_some() {
            relationship.kind = Kind::ManyToMany;
        }
    }
    (columns, embedded, relationships)
}

fn read_embedded(input: &DeriveInput, field: &Field, ident: &Ident, mistakes: &mut Mistakes) -> Embedded {
    let options = EmbedOptions::read(&field.attrs, mistakes);
    let is_option = names::option_argument(&field.ty).is_some();
    let prefix = match (options.is_flat, &options.prefix) {
        (true, _) => String::new(),
        (false, Some(prefix)) => prefix.value(),
        (false, None) => format!("{}_", plain(ident)),
    };
    Embedded {
        ident: ident.clone(),
        vis: field.vis.clone(),
        docs: docs(field),
        ty: names::without_self(&field.ty, &input.ident),
        is_option,
        prefix,
        presence: match presence(options.default.as_ref(), &input.ident) {
            Presence::Required if is_option => Presence::Default(None),
            presence => presence,
        },
    }
}

/// What a field's type says about the field.
pub(crate) enum FieldType<'t> {
    Column,
    Relationship(Kind, &'t Type),
    /// A relationship to nothing, which is a mistake.
    Unknown,
}

/// Returns what a field is by its type; a relationship in a wrapper is a mistake, but it is clear what was meant.
pub(crate) fn relationship_type<'t>(ty: &'t Type, mistakes: &mut Mistakes) -> FieldType<'t> {
    let Some(segment) = names::last_segment(ty) else { return FieldType::Column };
    let arguments = names::type_arguments(segment);
    if let Some(kind) = Kind::of(&segment.ident) {
        let [target] = arguments.as_slice() else {
            let name = kind.name();
            mistakes.add(ty, format!("`{name}` needs the model that it leads to: `{name}<Address>`"));
            return FieldType::Unknown;
        };
        let Some(model) = names::option_argument(target) else { return FieldType::Relationship(kind, target) };
        let meant = model.to_token_stream().to_string().replace(' ', "");
        let reason = match kind {
            Kind::BelongsTo => "may be empty if its foreign key is an `Option`",
            Kind::HasOne => "may be empty as it is",
            Kind::HasMany | Kind::ManyToMany => "holds any number of members as it is",
        };
        mistakes.add(ty, format!("write `{}<{meant}>` without `Option`: it {reason}", kind.name()));
        return FieldType::Relationship(kind, model);
    }
    let is_wrapper = ["Option", "Vec", "Box", "Arc", "Rc"].iter().any(|wrapper| segment.ident == wrapper);
    let ([inner], true) = (arguments.as_slice(), is_wrapper) else { return FieldType::Column };
    let meant = relationship_type(inner, mistakes);
    if let FieldType::Relationship(kind, target) = meant {
        let target = target.to_token_stream().to_string().replace(' ', "");
        let reason = if kind.is_many() { "holds any number of members" } else { "may be empty" };
        let message = format!("write `{}<{target}>` without `{}`: it {reason} as it is", kind.name(), segment.ident);
        mistakes.add(ty, message);
    }
    meant
}

fn docs(field: &Field) -> Vec<Attribute> {
    field.attrs.iter().filter(|attribute| attribute.path().is_ident("doc")).cloned().collect()
}

pub(crate) fn read_column(input: &DeriveInput, field: &Field, ident: &Ident, mistakes: &mut Mistakes) -> Column {
    let options = ColumnOptions::read(&field.attrs, mistakes);
    let deferred = names::argument_of(&field.ty, "Deferred");
    if deferred.is_none() {
        misplaced_deferred(&field.ty, mistakes);
    }
    let written = deferred.unwrap_or(&field.ty);
    let ty = names::without_self(written, &input.ident);
    let (storage, column_type) = match (&options.json, names::option_argument(written)) {
        (None, _) => (Storage::Plain, ty.clone()),
        (Some(_), None) => (Storage::Json, quote!(__orm::Json<#ty>)),
        // NULL is NULL, and not the JSON document `null`.
        (Some(_), Some(inner)) => {
            let inner = names::without_self(inner, &input.ident);
            (Storage::OptionalJson, quote!(::core::option::Option<__orm::Json<#inner>>))
        }
    };
    Column {
        ident: ident.clone(),
        vis: field.vis.clone(),
        docs: docs(field),
        ty,
        written: written.clone(),
        is_deferrable: deferred.is_some(),
        column_type,
        storage,
        name: options.column.as_ref().map_or_else(|| plain(ident), syn::LitStr::value),
        is_key: options.primary_key.is_some(),
        is_generated: false,
        presence: presence(options.default.as_ref(), &input.ident),
        on_update: on_update_of(&options, &input.ident),
        options,
    }
}

fn misplaced_deferred(ty: &Type, mistakes: &mut Mistakes) {
    if let Some(inner) = names::option_argument(ty).and_then(|inner| names::argument_of(inner, "Deferred")) {
        let inner = inner.to_token_stream().to_string().replace(' ', "");
        mistakes.add(ty, format!("write `Deferred<Option<{inner}>>`: the column may be NULL, and may be left out"));
    }
}

fn presence(default: Option<&Written<Option<Expr>>>, model: &Ident) -> Presence {
    match default {
        Some(default) => Presence::Default(default.value.as_ref().map(|value| names::without_self(value, model))),
        None => Presence::Required,
    }
}

fn on_update_of(options: &ColumnOptions, model: &Ident) -> Option<OnUpdate> {
    let value = &options.on_update.as_ref()?.value;
    match attr::field_name(value) {
        Some(word) if attr::ACTIONS.iter().any(|action| word == action) => Some(OnUpdate::Action(word.clone())),
        _ => Some(OnUpdate::Value(names::without_self(value, model))),
    }
}

// --------------------------------------------------------------------------------------------------------------- names

/// Puts positions in the place of the fields' names that the struct's attributes mention.
fn resolve_names(model: &mut Model, mistakes: &mut Mistakes) {
    let names = Fieldnames {
        model: model.ident.to_string(),
        columns: model.field_names(),
        relationships: model.relationships.iter().map(|relationship| plain(&relationship.ident)).collect(),
    };
    let options = &model.options;
    let mut positions = |fields: &[Ident]| names.positions(fields, mistakes);
    model.uniques = options.uniques.iter().map(|unique| positions(&unique.fields)).collect();
    model.indexes = options.indexes.iter().map(|index| positions(&index.fields)).collect();
    model.included = options.indexes.iter().map(|index| positions(&index.include)).collect();
    model.key = options.primary_key.as_deref().map_or_else(Vec::new, &mut positions);
    let foreign_key = |key: &CompositeKey| ForeignKey {
        columns: positions(&key.columns),
        targets: key.targets.clone(),
        on_delete: key.on_delete.clone(),
        on_update: key.on_update.clone(),
        options: key.options.clone(),
    };
    model.foreign_keys = options.foreign_keys.iter().map(foreign_key).collect();
    model.version = options.version.as_ref().and_then(|field| names.position(field, mistakes));
}

struct Fieldnames {
    model: String,
    columns: Vec<String>,
    relationships: Vec<String>,
}

impl Fieldnames {
    fn positions(&self, fields: &[Ident], mistakes: &mut Mistakes) -> Vec<u16> {
        let mut found = vec![];
        for field in fields {
            let Some(position) = self.position(field, mistakes) else { continue };
            if found.contains(&position) {
                mistakes.add(field, format!("`{field}` is named twice"));
            } else {
                found.push(position);
            }
        }
        found
    }

    fn position(&self, field: &Ident, mistakes: &mut Mistakes) -> Option<u16> {
        let name = plain(field);
        let found = self.columns.iter().position(|column| *column == name);
        if found.is_none() {
            let Fieldnames { model, columns, relationships } = self;
            let message = if relationships.contains(&name) {
                format!(
                    "`{model}.{name}` is a relationship and has no column\nthe columns of `{model}` are {}",
                    list(columns)
                )
            } else {
                let hint = suggestion(&name, columns.iter().map(String::as_str));
                format!("`{model}` has no field `{name}`{hint}\nits columns are {}", list(columns))
            };
            mistakes.add(field, message);
        }
        found.and_then(|position| u16::try_from(position).ok())
    }
}

// ---------------------------------------------------------------------------------------------------------------- keys

/// Types for which the database makes up a key without being told to.
const GENERATED: &[&str] = &["i16", "i32", "i64", "u16", "u32"];

fn settle_keys(model: &mut Model) {
    if model.options.primary_key.is_none() {
        let keys = model.columns.iter().enumerate().filter(|(_, column)| column.is_key);
        model.key = keys.filter_map(|(position, _)| u16::try_from(position).ok()).collect();
    }
    let composite: Vec<u16> = model.foreign_keys.iter().flat_map(|key| key.columns.clone()).collect();
    for &position in &model.key {
        model.columns[usize::from(position)].is_key = true;
    }
    let [only] = model.key.as_slice() else { return };
    let column = &mut model.columns[usize::from(*only)];
    let options = &column.options;
    let autoincrement = options.autoincrement.as_ref().map(|written| written.value);
    column.is_generated = autoincrement.unwrap_or_else(|| names::is_written_as(&column.written, GENERATED))
        && options.foreign_key.is_none()
        && !composite.contains(only)
        && options.default.is_none()
        && options.server_default.is_none()
        && options.computed.is_none()
        && options.identity.is_none();
}

/// Returns the last name of a path: `Order` of `crate::shop::Order`.
fn last_name(path: impl ToTokens) -> Option<String> {
    let tokens = path.to_token_stream().into_iter();
    tokens.filter_map(|token| if let TokenTree::Ident(ident) = token { Some(plain(&ident)) } else { None }).last()
}

/// Gathers the fields of a model that a condition marks as those that refer: `foreign(House.town_code)`.
fn marked_fields(condition: TokenStream, model: &Ident, fields: &mut Vec<String>) {
    let mut is_marked = false;
    for token in condition {
        if let TokenTree::Group(group) = &token {
            let first = group.stream().into_iter().next();
            let is_own = matches!(&first, Some(TokenTree::Ident(owner)) if owner == model || owner == "Self");
            if is_marked && is_own {
                fields.extend(last_name(group.stream()));
            }
            marked_fields(group.stream(), model, fields);
        }
        is_marked = matches!(&token, TokenTree::Ident(word) if word == "foreign");
    }
}

/// Lets a builder leave out what something else fills.
///
/// A foreign key of the primary key may be left out too where a `BelongsTo` can fill it: so an association object is made
/// from what it links.
fn settle_presence(model: &mut Model) {
    let owners: Vec<String> = model
        .relationships
        .iter()
        .filter(|relationship| relationship.kind == Kind::BelongsTo)
        .filter_map(|relationship| last_name(&relationship.target))
        .collect();
    let has_owner = |target: &Expr| match target {
        Expr::Field(field) => last_name(&field.base).is_some_and(|name| owners.contains(&name)),
        _ => false,
    };
    let composite: Vec<(u16, bool)> = model
        .foreign_keys
        .iter()
        .flat_map(|key| key.columns.iter().map(|&column| (column, key.targets.iter().any(has_owner))))
        .collect();
    let mut marked = Vec::new();
    for relationship in model.relationships.iter().filter(|relationship| relationship.kind == Kind::BelongsTo) {
        marked_fields(relationship.options.primaryjoin.to_token_stream(), &model.ident, &mut marked);
    }
    for (position, column) in model.columns.iter_mut().enumerate() {
        let options = &column.options;
        let is_marked = marked.contains(&plain(&column.ident));
        let part = composite.iter().find(|(part, _)| usize::from(*part) == position);
        let is_foreign = options.foreign_key.is_some() || part.is_some() || is_marked;
        let is_linked =
            is_marked || options.foreign_key.as_ref().is_some_and(has_owner) || part.is_some_and(|(_, linked)| *linked);
        let is_filled = column.is_generated
            || column.is_option()
            || options.server_default.is_some()
            || options.computed.is_some()
            || options.property().is_some()
            || options.identity.is_some()
            || options.sequence.is_some()
            || (is_foreign && (!column.is_key || is_linked));
        if is_filled && matches!(column.presence, Presence::Required) {
            column.presence = Presence::Absent;
        }
    }
    if let Some(position) = model.version {
        let column = &mut model.columns[usize::from(position)];
        if matches!(column.presence, Presence::Required) {
            column.presence = first_version(column);
        }
    }
}

/// Says what a builder gives a version column: what each change gives it, or the first number.
fn first_version(column: &Column) -> Presence {
    match &column.on_update {
        Some(OnUpdate::Value(value)) => Presence::Default(Some(value.clone())),
        _ if names::is_written_as(&column.written, GENERATED) => Presence::Default(Some(quote!(1))),
        _ => Presence::Required,
    }
}
