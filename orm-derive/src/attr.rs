//! What may be written in `#[orm(…)]`.
//!
//! In: the attributes of a struct, a field, an enum or a variant. Out: one plain struct for each of these, which keeps
//! the user's tokens; nothing is judged here but the words themselves.

use std::fmt::Display;
use std::str::FromStr;

use proc_macro2::{Ident, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Error, Expr, ExprPath, Lit, LitBool, LitInt, LitStr, Meta, Path, Result, Token, parenthesized, token,
};

use crate::mistakes::Mistakes;
use crate::names::{list, suggestion};

/// The attributes of a struct.
pub(crate) const STRUCT: &[&str] = &[
    "table",
    "schema",
    "comment",
    "unique",
    "index",
    "check",
    "primary_key",
    "foreign_key",
    "version",
    "validate",
    "metadata",
    "attributes",
    "crate",
    "mysql",
    "mariadb",
    "postgres",
    "sqlite",
];

/// What a unique constraint says behind its columns.
const UNIQUE: &[&str] = &["name", "nulls_not_distinct", "deferrable", "initially_deferred"];

/// What an index says behind its columns.
const INDEX: &[&str] = &["name", "unique", "condition", "method", "include", "nulls_not_distinct"];

/// The attributes of a column.
pub(crate) const COLUMN: &[&str] = &[
    "primary_key",
    "column",
    "length",
    "precision",
    "scale",
    "sql_type",
    "unique",
    "index",
    "default",
    "server_default",
    "on_update",
    "server_onupdate",
    "foreign_key",
    "on_delete",
    "comment",
    "computed",
    "column_property",
    "query_expression",
    "validate",
    "identity",
    "json",
    "autoincrement",
    "deferred",
    "collation",
    "sequence",
    "mysql",
    "mariadb",
    "postgres",
    "sqlite",
];

/// The attributes of a relationship.
pub(crate) const RELATIONSHIP: &[&str] = &[
    "back_populates",
    "cascade",
    "secondary",
    "foreign_key",
    "remote",
    "order_by",
    "lazy",
    "passive_deletes",
    "post_update",
    "primaryjoin",
    "viewonly",
];

/// The attributes of a field whose struct is embedded.
pub(crate) const EMBEDDED: &[&str] = &["embed", "flatten", "default"];

/// What databases do to a row when the row that it refers to goes, as written.
pub(crate) const ACTIONS: &[&str] = &["cascade", "set_null", "set_default", "restrict", "no_action"];

/// What may follow along a relationship, as written.
pub(crate) const CASCADES: &[&str] =
    &["save_update", "merge", "delete", "delete_orphan", "expunge", "refresh_expire", "all", "none"];

/// How a relationship is loaded, as written.
pub(crate) const STRATEGIES: &[&str] =
    &["select", "joined", "selectin", "subquery", "raise", "raise_on_sql", "write_only"];

/// What a struct says.
#[derive(Default)]
pub(crate) struct StructOptions {
    pub(crate) table: Option<LitStr>,
    pub(crate) schema: Option<LitStr>,
    pub(crate) comment: Option<LitStr>,
    pub(crate) uniques: Vec<IndexOptions>,
    pub(crate) indexes: Vec<IndexOptions>,
    pub(crate) checks: Vec<CheckOptions>,
    pub(crate) primary_key: Option<Vec<Ident>>,
    pub(crate) foreign_keys: Vec<CompositeKey>,
    pub(crate) version: Option<Ident>,
    /// What each object must fulfil.
    pub(crate) validators: Vec<Validate>,
    /// Whether `MetaData::global()` is to leave it out.
    pub(crate) unregistered: bool,
    pub(crate) attributes: Option<Ident>,
    pub(crate) library: Option<Path>,
    /// Options of single databases: `mysql_engine` and its value.
    pub(crate) dialects: Vec<(String, String)>,
}

/// A unique constraint or an index: `index(a, b.desc(), "lower(c)", unique, name = "…", condition = "…", include(d))`.
#[derive(Default)]
pub(crate) struct IndexOptions {
    pub(crate) fields: Vec<Ident>,
    /// The expressions, each with its place among all that the index is over.
    pub(crate) expressions: Vec<(u16, LitStr)>,
    /// The places of what has the greatest first.
    pub(crate) descending: Vec<u16>,
    pub(crate) name: Option<LitStr>,
    pub(crate) is_unique: bool,
    pub(crate) condition: Option<LitStr>,
    pub(crate) method: Option<LitStr>,
    pub(crate) include: Vec<Ident>,
    pub(crate) nulls_not_distinct: bool,
    pub(crate) deferrable: Option<Deferrable>,
}

/// When a constraint that may wait is checked, unless the transaction says otherwise.
#[derive(Clone, Copy)]
pub(crate) enum Deferrable {
    InitiallyImmediate,
    InitiallyDeferred,
}

impl Deferrable {
    /// What `deferrable` or `initially_deferred` adds to what is known.
    fn read(word: &Ident, known: Option<Self>) -> Option<Self> {
        match (word == "initially_deferred", known) {
            (false, None) => Some(Deferrable::InitiallyImmediate),
            (false, known) => known,
            (true, _) => Some(Deferrable::InitiallyDeferred),
        }
    }
}

/// What a foreign key says beside its columns and actions: `name = "…", initially_deferred`.
#[derive(Clone, Default)]
pub(crate) struct KeyOptions {
    pub(crate) name: Option<LitStr>,
    pub(crate) deferrable: Option<Deferrable>,
}

/// A check constraint: `check("price > 0", name = "…")`.
pub(crate) struct CheckOptions {
    pub(crate) sql: LitStr,
    pub(crate) name: Option<LitStr>,
}

/// What checks a value or an object: `validate = path::to::function`.
pub(crate) type Validate = Written<Expr>;

fn validate(name: &Ident, input: ParseStream<'_>) -> Result<Validate> {
    equals(name, "function", input)?;
    if input.peek(LitStr) {
        return Err(unquoted(name, "function", input, &input.error("")));
    }
    Ok(Written { name: name.clone(), value: input.parse()? })
}

/// How an identity column counts: `identity(always, start = 100, increment = 5)`.
pub(crate) struct IdentityOptions {
    pub(crate) name: Ident,
    pub(crate) is_always: bool,
    /// The settings, by the names of the fields that they are for.
    pub(crate) counting: Vec<(&'static str, i64)>,
    pub(crate) is_cycle: bool,
}

impl ToTokens for IdentityOptions {
    fn to_tokens(&self, tokens: &mut proc_macro2::TokenStream) {
        self.name.to_tokens(tokens);
    }
}

/// A foreign key over several columns: `foreign_key((a, b) = (Other.x, Other.y), on_delete = cascade)`.
pub(crate) struct CompositeKey {
    pub(crate) columns: Vec<Ident>,
    pub(crate) targets: Vec<Expr>,
    pub(crate) on_delete: Option<Ident>,
    pub(crate) on_update: Option<Ident>,
    pub(crate) options: KeyOptions,
}

/// What the field of a column says.
#[derive(Default)]
pub(crate) struct ColumnOptions {
    pub(crate) primary_key: Option<Ident>,
    pub(crate) column: Option<LitStr>,
    pub(crate) length: Option<Written<u32>>,
    pub(crate) precision: Option<Written<u8>>,
    pub(crate) scale: Option<Written<u8>>,
    pub(crate) sql_type: Option<LitStr>,
    pub(crate) unique: Option<Ident>,
    pub(crate) index: Option<Ident>,
    /// `None` inside: `default` alone.
    pub(crate) default: Option<Written<Option<Expr>>>,
    pub(crate) server_default: Option<LitStr>,
    pub(crate) on_update: Option<Written<Expr>>,
    pub(crate) server_onupdate: Option<Ident>,
    pub(crate) foreign_key: Option<Expr>,
    pub(crate) key_options: KeyOptions,
    pub(crate) on_delete: Option<Written<Ident>>,
    pub(crate) comment: Option<LitStr>,
    pub(crate) computed: Option<Computed>,
    pub(crate) column_property: Option<Written<Expr>>,
    pub(crate) query_expression: Option<Ident>,
    /// What each value must fulfil.
    pub(crate) validators: Vec<Validate>,
    pub(crate) identity: Option<IdentityOptions>,
    pub(crate) collation: Option<LitStr>,
    pub(crate) sequence: Option<LitStr>,
    /// The types on single databases.
    pub(crate) variants: Vec<(Ident, LitStr)>,
    pub(crate) json: Option<Ident>,
    pub(crate) autoincrement: Option<Written<bool>>,
    pub(crate) deferred: Option<DeferredOptions>,
}

impl ColumnOptions {
    /// Returns the word that says that queries compute it.
    pub(crate) fn property(&self) -> Option<&Ident> {
        self.column_property.as_ref().map(|written| &written.name).or(self.query_expression.as_ref())
    }

    /// Returns what is said of the column as one of the table.
    pub(crate) fn of_table(&self) -> Vec<&dyn ToTokens> {
        fn said<T: ToTokens>(option: &Option<T>) -> Option<&dyn ToTokens> {
            option.as_ref().map(|written| written as &dyn ToTokens)
        }
        fn named<T>(option: &Option<Written<T>>) -> Option<&dyn ToTokens> {
            option.as_ref().map(|written| &written.name as &dyn ToTokens)
        }
        let all = [
            said(&self.primary_key),
            named(&self.length),
            named(&self.precision),
            named(&self.scale),
            said(&self.sql_type),
            said(&self.unique),
            said(&self.index),
            named(&self.default),
            said(&self.server_default),
            named(&self.on_update),
            said(&self.server_onupdate),
            said(&self.foreign_key),
            named(&self.on_delete),
            said(&self.comment),
            self.computed.as_ref().map(|computed| &computed.name as &dyn ToTokens),
            said(&self.identity),
            said(&self.collation),
            said(&self.sequence),
            self.variants.first().map(|(name, _)| name as &dyn ToTokens),
            said(&self.json),
            named(&self.autoincrement),
        ];
        all.into_iter().flatten().collect()
    }
}

/// `deferred` or `deferred(group = "…")`.
pub(crate) struct DeferredOptions {
    pub(crate) name: Ident,
    pub(crate) group: Option<LitStr>,
}

/// What the field of an embedded struct says.
#[derive(Default)]
pub(crate) struct EmbedOptions {
    /// `flatten`: the columns keep their names.
    pub(crate) is_flat: bool,
    pub(crate) prefix: Option<LitStr>,
    /// `None` inside: `default` alone.
    pub(crate) default: Option<Written<Option<Expr>>>,
}

/// A value with the name that it was given to.
pub(crate) struct Written<T> {
    pub(crate) name: Ident,
    pub(crate) value: T,
}

/// `computed = "…"` or `computed("…", stored)`.
pub(crate) struct Computed {
    pub(crate) name: Ident,
    pub(crate) sql: LitStr,
    pub(crate) is_stored: bool,
}

/// The association table of a many-to-many relationship.
pub(crate) enum Secondary {
    /// `secondary = UserKeyword`.
    Model(Path),
    /// `secondary("user_keywords", "user_id", "keyword_id")`: its name, and the columns that refer here and there.
    Table { table: LitStr, near: Vec<LitStr>, far: Vec<LitStr> },
}

impl Secondary {
    fn read(name: &Ident, input: ParseStream<'_>) -> Result<Self> {
        if !input.peek(token::Paren) {
            equals(name, "Model", input)?;
            let model = input.call(Path::parse_mod_style).map_err(|error| unquoted(name, "Model", input, &error))?;
            return Ok(Secondary::Model(model));
        }
        let form = "`secondary(\"table\", \"column that refers here\", \"column that refers there\")`";
        let content = parentheses(name, form, input)?;
        let read = |input: ParseStream<'_>| {
            let table = filled(input.parse()?)?;
            input.parse::<Token![,]>()?;
            let near = column_names(name, form, input)?;
            input.parse::<Token![,]>()?;
            let far = column_names(name, form, input)?;
            input.parse::<Option<Token![,]>>()?;
            Ok(Secondary::Table { table, near, far })
        };
        let read = read(&content).map_err(|error: Error| Error::new(error.span(), format!("expected {form}")));
        drained(&content, read)
    }
}

/// Reads `"a"`, or `("a", "b")`.
fn column_names(name: &Ident, form: &str, input: ParseStream<'_>) -> Result<Vec<LitStr>> {
    if !input.peek(token::Paren) {
        return Ok(vec![filled(input.parse()?)?]);
    }
    let content = parentheses(name, form, input)?;
    let names = Punctuated::<LitStr, Token![,]>::parse_terminated(&content);
    Ok(drained(&content, names)?.into_iter().collect())
}

/// What the field of a relationship says.
#[derive(Default)]
pub(crate) struct RelationshipOptions {
    pub(crate) back_populates: Option<Ident>,
    pub(crate) cascade: Option<Vec<Ident>>,
    pub(crate) secondary: Option<Written<Secondary>>,
    pub(crate) foreign_key: Vec<Expr>,
    pub(crate) remote: Vec<Expr>,
    pub(crate) order_by: Option<Written<Vec<Expr>>>,
    pub(crate) lazy: Option<Ident>,
    pub(crate) passive_deletes: bool,
    /// `all`, where it is said.
    pub(crate) passive_deletes_all: Option<Ident>,
    pub(crate) post_update: bool,
    pub(crate) viewonly: bool,
    pub(crate) primaryjoin: Option<Expr>,
}

// ------------------------------------------------------------------------------------------------------------ readers

impl StructOptions {
    /// Reads the attributes of a struct.
    pub(crate) fn read(attributes: &[Attribute], mistakes: &mut Mistakes) -> Self {
        let mut options = StructOptions::default();
        let repeatable =
            ["unique", "index", "check", "foreign_key", "validate", "mysql", "mariadb", "postgres", "sqlite"];
        each(attributes, &repeatable, mistakes, |name, input, mistakes| options.option(name, input, mistakes));
        options
    }

    /// Reads the attributes of a struct that is embedded: it has no table of its own.
    pub(crate) fn read_embedded(attributes: &[Attribute], mistakes: &mut Mistakes) -> Self {
        let mut options = StructOptions::default();
        each(attributes, &[], mistakes, |name, input, mistakes| match name.to_string().as_str() {
            "crate" => options.option(name, input, mistakes),
            _ => Err(unknown(name, "struct to embed", &["crate"])),
        });
        options
    }

    fn option(&mut self, name: &Ident, input: ParseStream<'_>, mistakes: &mut Mistakes) -> Result<()> {
        match name.to_string().as_str() {
            "table" => self.table = Some(filled(text(name, input)?)?),
            "schema" => self.schema = Some(filled(text(name, input)?)?),
            "comment" => self.comment = Some(text(name, input)?),
            "unique" => self.uniques.push(IndexOptions::read(name, UNIQUE, input)?),
            "index" => self.indexes.push(IndexOptions::read(name, INDEX, input)?),
            "primary_key" => self.primary_key = Some(field_list(name, input)?),
            "check" => self.checks.push(CheckOptions::read(name, input)?),
            "foreign_key" => self.foreign_keys.push(CompositeKey::read(name, input, mistakes)?),
            "version" => self.version = Some(word(name, "field", input)?),
            "validate" => self.validators.push(validate(name, input)?),
            "metadata" => {
                let value = word(name, "none", input)?;
                one_of("metadata", &value, &["none"])?;
                self.unregistered = true;
            }
            "attributes" => self.attributes = Some(word(name, "Name", input)?),
            "crate" => {
                equals(name, "orm", input)?;
                self.library = Some(input.call(Path::parse_mod_style)?);
            }
            dialect @ ("mysql" | "mariadb" | "postgres" | "sqlite") => self.dialect(dialect, name, input)?,
            _ => return Err(unknown(name, "model", STRUCT)),
        }
        Ok(())
    }

    fn dialect(&mut self, dialect: &str, name: &Ident, input: ParseStream<'_>) -> Result<()> {
        let form = format!("`{dialect}(option = \"value\")`");
        let content = parentheses(name, &form, input)?;
        let options = Punctuated::<_, Token![,]>::parse_terminated_with(&content, dialect_option);
        let options = drained(&content, options)?.into_iter();
        self.dialects.extend(options.map(|(option, value)| (format!("{dialect}_{option}"), value)));
        Ok(())
    }
}

/// Reads `engine = "InnoDB"`, or `strict` alone.
fn dialect_option(input: ParseStream<'_>) -> Result<(Ident, String)> {
    let option = input.call(Ident::parse_any)?;
    let value = match input.parse::<Option<Token![=]>>()? {
        None => "true".to_owned(),
        Some(_) => match input.parse::<Lit>()? {
            Lit::Str(text) => text.value(),
            other => other.to_token_stream().to_string(),
        },
    };
    Ok((option, value))
}

impl CompositeKey {
    fn read(name: &Ident, input: ParseStream<'_>, mistakes: &mut Mistakes) -> Result<Self> {
        let form = "`foreign_key((a, b) = (Other.x, Other.y))`";
        if input.peek(Token![=]) {
            let hint = "on the struct it is over several columns; a foreign key of one column stands on its field";
            return Err(Error::new(name.span(), format!("expected {form}\n{hint}")));
        }
        let content = parentheses(name, form, input)?;
        let mut read = |input: ParseStream<'_>| {
            let columns = parentheses(name, form, input)?;
            let columns = drained(&columns, idents(&columns))?;
            input.parse::<Token![=]>().map_err(|error| Error::new(error.span(), format!("expected {form}")))?;
            let targets = expressions(input)?;
            let (mut on_delete, mut on_update, mut options) = (None, None, KeyOptions::default());
            while input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
                let option = input.call(Ident::parse_any)?;
                match option.to_string().as_str() {
                    "on_delete" => on_delete = mistakes.take(action(&option, input)),
                    "on_update" => on_update = mistakes.take(action(&option, input)),
                    _ => options.option(&option, input)?,
                }
            }
            Ok(CompositeKey { columns, targets, on_delete, on_update, options })
        };
        drained(&content, read(&content))
    }
}

impl KeyOptions {
    fn option(&mut self, option: &Ident, input: ParseStream<'_>) -> Result<()> {
        const KNOWN: &[&str] = &["on_delete", "on_update", "name", "deferrable", "initially_deferred"];
        match option.to_string().as_str() {
            "name" => self.name = Some(filled(text(option, input)?)?),
            "deferrable" | "initially_deferred" => {
                self.deferrable = Deferrable::read(&flag(option, input)?, self.deferrable);
            }
            _ => return Err(unknown(option, "foreign key", KNOWN)),
        }
        Ok(())
    }
}

impl ColumnOptions {
    /// Reads the attributes of a column's field.
    pub(crate) fn read(attributes: &[Attribute], mistakes: &mut Mistakes) -> Self {
        let mut options = ColumnOptions::default();
        each(attributes, &["validate"], mistakes, |name, input, _| options.option(name, input));
        options
    }

    fn option(&mut self, name: &Ident, input: ParseStream<'_>) -> Result<()> {
        match name.to_string().as_str() {
            "primary_key" => self.primary_key = Some(flag(name, input)?),
            "column" => self.column = Some(filled(text(name, input)?)?),
            "length" => self.length = Some(number(name, input)?),
            "precision" => self.precision = Some(number(name, input)?),
            "scale" => self.scale = Some(number(name, input)?),
            "sql_type" => self.sql_type = Some(filled(text(name, input)?)?),
            "unique" => self.unique = Some(flag(name, input)?),
            "index" => self.index = Some(flag(name, input)?),
            "default" => self.default = Some(default(name, input)?),
            "server_default" => self.server_default = Some(text(name, input)?),
            "on_delete" | "on_update" if self.has_action(name) => return Err(twice(name)),
            "on_update" => {
                let value = expression(name, "value", input)?;
                self.on_update = Some(Written { name: name.clone(), value });
            }
            "server_onupdate" => self.server_onupdate = Some(flag(name, input)?),
            "foreign_key" if input.peek(token::Paren) => {
                let form = "`foreign_key(User.id, name = \"…\")`";
                let content = parentheses(name, form, input)?;
                if content.is_empty() {
                    return Err(Error::new(name.span(), format!("expected {form}")));
                }
                drained(&content, self.foreign_key(&content))?;
            }
            "foreign_key" => self.foreign_key = Some(column_of_model(expression(name, "User.id", input)?)?),
            "on_delete" => {
                self.on_delete = Some(Written { name: name.clone(), value: action(name, input)? });
            }
            "comment" => self.comment = Some(text(name, input)?),
            "computed" => self.computed = Some(Computed::read(name, input)?),
            "column_property" => {
                equals(name, "expression", input)?;
                let value = input.parse().map_err(|error| unquoted(name, "expression", input, &error))?;
                self.column_property = Some(Written { name: name.clone(), value });
            }
            "query_expression" => self.query_expression = Some(flag(name, input)?),
            "validate" => self.validators.push(validate(name, input)?),
            "identity" => self.identity = Some(IdentityOptions::read(name, input)?),
            "sequence" => self.sequence = Some(filled(text(name, input)?)?),
            "collation" => self.collation = Some(filled(text(name, input)?)?),
            dialect @ ("mysql" | "mariadb" | "postgres" | "sqlite") => {
                let form = format!("`{dialect}(sql_type = \"…\")`");
                let content = parentheses(name, &form, input)?;
                let read = |input: ParseStream<'_>| {
                    let option = input.call(Ident::parse_any)?;
                    one_of(dialect, &option, &["sql_type"])?;
                    filled(text(&option, input)?)
                };
                self.variants.push((name.clone(), drained(&content, read(&content))?));
            }
            "json" => self.json = Some(flag(name, input)?),
            "deferred" => self.deferred = Some(DeferredOptions::read(name, input)?),
            "autoincrement" => {
                equals(name, "true", input)?;
                let value = input.parse::<LitBool>()?.value;
                self.autoincrement = Some(Written { name: name.clone(), value });
            }
            misplaced if RELATIONSHIP.contains(&misplaced) => {
                let hint = "relationships are the fields of type `HasMany`, `HasOne`, `BelongsTo` and `ManyToMany`";
                let message = format!("`{name}` is for relationships, and this field is a column\n{hint}");
                return Err(Error::new(name.span(), message));
            }
            _ => return Err(unknown(name, "column", COLUMN)),
        }
        Ok(())
    }

    /// Reads `User.id, name = "…", on_delete = cascade, initially_deferred`.
    fn foreign_key(&mut self, input: ParseStream<'_>) -> Result<()> {
        self.foreign_key = Some(column_of_model(input.parse()?)?);
        while input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
            let option = input.call(Ident::parse_any)?;
            match option.to_string().as_str() {
                "on_delete" | "on_update" if self.has_action(&option) => return Err(twice(&option)),
                "on_delete" => {
                    self.on_delete = Some(Written { value: action(&option, input)?, name: option });
                }
                "on_update" => {
                    let path = action(&option, input)?.into();
                    let value = Expr::Path(ExprPath { attrs: vec![], qself: None, path });
                    self.on_update = Some(Written { value, name: option });
                }
                _ => self.key_options.option(&option, input)?,
            }
        }
        Ok(())
    }

    /// Returns whether the foreign key has said already what happens then.
    fn has_action(&self, name: &Ident) -> bool {
        if name == "on_delete" { self.on_delete.is_some() } else { self.on_update.is_some() }
    }
}

impl DeferredOptions {
    fn read(name: &Ident, input: ParseStream<'_>) -> Result<Self> {
        if !input.peek(token::Paren) {
            return Ok(DeferredOptions { name: flag(name, input)?, group: None });
        }
        let content = parentheses(name, "`deferred(group = \"…\")`", input)?;
        let read = |input: ParseStream<'_>| {
            let option = input.call(Ident::parse_any)?;
            one_of("deferred", &option, &["group"])?;
            filled(text(&option, input)?)
        };
        Ok(DeferredOptions { name: name.clone(), group: Some(drained(&content, read(&content))?) })
    }
}

/// Returns whether a field says that its struct is embedded.
pub(crate) fn is_embedded(attributes: &[Attribute]) -> bool {
    let is_word = |token: TokenTree| matches!(token, TokenTree::Ident(word) if word == "embed" || word == "flatten");
    attributes.iter().filter(|attribute| attribute.path().is_ident("orm")).any(|attribute| match &attribute.meta {
        Meta::List(list) => list.tokens.clone().into_iter().any(is_word),
        _ => false,
    })
}

impl EmbedOptions {
    /// Reads the attributes of a field whose struct is embedded.
    pub(crate) fn read(attributes: &[Attribute], mistakes: &mut Mistakes) -> Self {
        let mut options = EmbedOptions::default();
        each(attributes, &[], mistakes, |name, input, _| options.option(name, input));
        options
    }

    fn option(&mut self, name: &Ident, input: ParseStream<'_>) -> Result<()> {
        match name.to_string().as_str() {
            "flatten" => {
                flag(name, input)?;
                self.is_flat = true;
            }
            "embed" if input.peek(Token![=]) => self.prefix = Some(filled(text(name, input)?)?),
            "embed" => drop(flag(name, input)?),
            "default" => self.default = Some(default(name, input)?),
            _ => return Err(unknown(name, "field of an embedded struct", EMBEDDED)),
        }
        Ok(())
    }
}

/// Reads `default`, or `default = value`.
fn default(name: &Ident, input: ParseStream<'_>) -> Result<Written<Option<Expr>>> {
    let value = input.peek(Token![=]).then(|| expression(name, "value", input)).transpose()?;
    Ok(Written { name: name.clone(), value })
}

impl IndexOptions {
    /// Reads what it is over, and then the options that there are.
    fn read(name: &Ident, known: &[&str], input: ParseStream<'_>) -> Result<Self> {
        let form = format!("fields in parentheses: `{name}(first, second)`");
        let content = parentheses(name, &form, input)?;
        let read = |input: ParseStream<'_>| {
            let mut options = IndexOptions::default();
            while !input.is_empty() {
                options.part(name, known, input)?;
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Ok(options)
        };
        let options = drained(&content, read(&content))?;
        if options.count() == 0 { Err(Error::new(name.span(), format!("expected {form}"))) } else { Ok(options) }
    }

    /// Returns how many columns and expressions it is over.
    fn count(&self) -> u16 {
        (self.fields.len() + self.expressions.len()) as u16
    }

    fn part(&mut self, name: &Ident, known: &[&str], input: ParseStream<'_>) -> Result<()> {
        let place = self.count();
        if input.peek(LitStr) {
            let sql: LitStr = filled(input.parse()?)?;
            if name == "unique" {
                let hint = format!("for an expression write `index({}, unique)`", sql.to_token_stream());
                return Err(Error::new(sql.span(), format!("a unique constraint is over columns\n{hint}")));
            }
            self.expressions.push((place, sql));
            return self.direction(name, place, input);
        }
        let word = input.call(Ident::parse_any)?;
        if input.peek(Token![=]) {
            one_of(&name.to_string(), &word, known)?;
            let value = match word.to_string().as_str() {
                "name" => &mut self.name,
                "condition" => &mut self.condition,
                "method" => &mut self.method,
                "include" => return Err(Error::new(word.span(), "expected `include(first, second)`")),
                _ => return flag(&word, input).map(drop),
            };
            *value = Some(filled(text(&word, input)?)?);
        } else if word == "include" && input.peek(token::Paren) {
            one_of(&name.to_string(), &word, known)?;
            self.include = field_list(&word, input)?;
        } else if place > 0 && known.iter().any(|known| word == known) && !input.peek(Token![.]) {
            self.flag(word);
        } else if place > 0 && name == "index" && ["deferrable", "initially_deferred"].iter().any(|flag| word == flag) {
            let hint = "a constraint can: `unique(first, second, deferrable)`";
            return Err(Error::new(word.span(), format!("an index cannot wait for the end of a transaction\n{hint}")));
        } else {
            self.fields.push(word);
            self.direction(name, place, input)?;
        }
        Ok(())
    }

    /// Notes a word that stands alone; `name`, without a value, is a field like any other.
    fn flag(&mut self, word: Ident) {
        match word.to_string().as_str() {
            "unique" => self.is_unique = true,
            "nulls_not_distinct" => self.nulls_not_distinct = true,
            "deferrable" | "initially_deferred" => self.deferrable = Deferrable::read(&word, self.deferrable),
            _ => self.fields.push(word),
        }
    }

    /// Reads the `.desc()` of a column or an expression.
    fn direction(&mut self, name: &Ident, place: u16, input: ParseStream<'_>) -> Result<()> {
        if input.parse::<Option<Token![.]>>()?.is_none() {
            return Ok(());
        }
        let word = input.call(Ident::parse_any)?;
        one_of(&name.to_string(), &word, &["desc"])?;
        let arguments = parentheses(&word, "`desc()`", input)?;
        drained(&arguments, Ok(()))?;
        if name == "unique" {
            let message =
                "the columns of a unique constraint have no direction\nan index has one: `index(first.desc(), unique)`";
            return Err(Error::new(word.span(), message));
        }
        self.descending.push(place);
        Ok(())
    }
}

impl CheckOptions {
    fn read(name: &Ident, input: ParseStream<'_>) -> Result<Self> {
        if input.peek(Token![=]) {
            return Ok(CheckOptions { sql: text(name, input)?, name: None });
        }
        let content = parentheses(name, &format!("`{name}(\"…\")`"), input)?;
        let read = |input: ParseStream<'_>| {
            let mut options = CheckOptions { sql: input.parse()?, name: None };
            while !input.is_empty() {
                input.parse::<Token![,]>()?;
                if !input.is_empty() {
                    let word = input.call(Ident::parse_any)?;
                    one_of("check", &word, &["name"])?;
                    options.name = Some(filled(text(&word, input)?)?);
                }
            }
            Ok(options)
        };
        drained(&content, read(&content))
    }
}

impl IdentityOptions {
    fn read(name: &Ident, input: ParseStream<'_>) -> Result<Self> {
        const NUMBERS: &[&str] = &["start", "increment", "minimum", "maximum", "cache"];
        let mut options = IdentityOptions { name: name.clone(), is_always: false, counting: vec![], is_cycle: false };
        if !input.peek(token::Paren) {
            flag(name, input)?;
            return Ok(options);
        }
        let content = parentheses(name, "`identity(always, start = 1)`", input)?;
        let mut read = |input: ParseStream<'_>| {
            while !input.is_empty() {
                let word = input.call(Ident::parse_any)?;
                match word.to_string().as_str() {
                    "always" => options.is_always = true,
                    "cycle" => options.is_cycle = true,
                    text => {
                        let Some(known) = NUMBERS.iter().find(|known| **known == text) else {
                            let known = ["always", "cycle"].iter().chain(NUMBERS).copied().collect::<Vec<_>>();
                            return Err(unknown(&word, "identity column", &known));
                        };
                        equals(&word, "1", input)?;
                        let is_negative = input.parse::<Option<Token![-]>>()?.is_some();
                        let number: i64 = input.parse::<LitInt>()?.base10_parse()?;
                        options.counting.push((known, if is_negative { -number } else { number }));
                    }
                }
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Ok(())
        };
        drained(&content, read(&content))?;
        Ok(options)
    }
}

impl Computed {
    fn read(name: &Ident, input: ParseStream<'_>) -> Result<Self> {
        let name = name.clone();
        if !input.peek(token::Paren) {
            return Ok(Computed { sql: text(&name, input)?, name, is_stored: false });
        }
        let content = parentheses(&name, "`computed(\"…\", stored)`", input)?;
        let read = |input: ParseStream<'_>| {
            let sql = input.parse::<LitStr>()?;
            let mut is_stored = false;
            if input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
                one_of("computed", &input.call(Ident::parse_any)?, &["stored"])?;
                is_stored = true;
            }
            Ok((sql, is_stored))
        };
        let (sql, is_stored) = drained(&content, read(&content))?;
        Ok(Computed { name, sql, is_stored })
    }
}

impl RelationshipOptions {
    /// Reads the attributes of a relationship's field.
    pub(crate) fn read(attributes: &[Attribute], mistakes: &mut Mistakes) -> Self {
        let mut options = RelationshipOptions::default();
        each(attributes, &[], mistakes, |name, input, mistakes| options.option(name, input, mistakes));
        options
    }

    fn option(&mut self, name: &Ident, input: ParseStream<'_>, mistakes: &mut Mistakes) -> Result<()> {
        match name.to_string().as_str() {
            "back_populates" => self.back_populates = Some(word(name, "field", input)?),
            "cascade" => self.cascade = Some(cascades(name, input, mistakes)?),
            "secondary" => {
                self.secondary = Some(Written { name: name.clone(), value: Secondary::read(name, input)? });
            }
            "foreign_key" => self.foreign_key = columns(name, input)?,
            "remote" => self.remote = columns(name, input)?,
            "order_by" => {
                equals(name, "field", input)?;
                let value = expressions(input).map_err(|error| unquoted(name, "field", input, &error))?;
                self.order_by = Some(Written { name: name.clone(), value });
            }
            "lazy" => {
                let value = word(name, "selectin", input)?;
                one_of("lazy", &value, STRATEGIES)?;
                self.lazy = Some(value);
            }
            "passive_deletes" if input.peek(Token![=]) => {
                let value = word(name, "all", input)?;
                one_of("passive_deletes", &value, &["all"])?;
                self.passive_deletes_all = Some(value);
            }
            "passive_deletes" => self.passive_deletes = flag(name, input).is_ok(),
            "post_update" => self.post_update = flag(name, input).is_ok(),
            "viewonly" => self.viewonly = flag(name, input).is_ok(),
            "primaryjoin" => {
                equals(name, "condition", input)?;
                self.primaryjoin = Some(input.parse().map_err(|error| unquoted(name, "condition", input, &error))?);
            }
            misplaced if COLUMN.contains(&misplaced) => {
                let message = format!(
                    "`{name}` is for columns, and this field is a relationship\na relationship takes {}",
                    list(RELATIONSHIP)
                );
                return Err(Error::new(name.span(), message));
            }
            _ => return Err(unknown(name, "relationship", RELATIONSHIP)),
        }
        Ok(())
    }
}

/// Reads `#[orm(…)]` option by option; after a mistake it goes on behind the next comma.
pub(crate) fn each(
    attributes: &[Attribute],
    repeatable: &[&str],
    mistakes: &mut Mistakes,
    mut read: impl FnMut(&Ident, ParseStream<'_>, &mut Mistakes) -> Result<()>,
) {
    let mut seen: Vec<String> = vec![];
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("orm")) {
        let Meta::List(content) = &attribute.meta else {
            mistakes.add(attribute, "expected `#[orm(…)]` with attributes in parentheses");
            continue;
        };
        let known = mistakes.count();
        let walk = |input: ParseStream<'_>| {
            while !input.is_empty() {
                if let Err(error) = option(input, repeatable, &mut seen, |name| read(name, input, mistakes)) {
                    mistakes.push(error);
                    skip_to_comma(input)?;
                }
            }
            Ok(())
        };
        let walked = walk.parse2(content.tokens.clone());
        // What a broken option left in its parentheses is not a mistake of its own.
        if let Err(error) = walked
            && mistakes.count() == known
        {
            mistakes.push(error);
        }
    }
}

fn option(
    input: ParseStream<'_>,
    repeatable: &[&str],
    seen: &mut Vec<String>,
    read: impl FnOnce(&Ident) -> Result<()>,
) -> Result<()> {
    let name =
        input.call(Ident::parse_any).map_err(|error| Error::new(error.span(), "expected the name of an attribute"))?;
    let text = name.to_string();
    if seen.contains(&text) && !repeatable.contains(&text.as_str()) {
        return Err(twice(&name));
    }
    seen.push(text);
    read(&name)?;
    if input.is_empty() {
        return Ok(());
    }
    let comma: Result<Token![,]> = input.parse();
    comma.map(drop).map_err(|error| Error::new(error.span(), format!("expected `,` after `{name}`")))
}

fn twice(name: &Ident) -> Error {
    Error::new(name.span(), format!("`{name}` is stated twice"))
}

fn skip_to_comma(input: ParseStream<'_>) -> Result<()> {
    while !input.is_empty() && input.parse::<Option<Token![,]>>()?.is_none() {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

// ------------------------------------------------------------------------------------------------------------- values

/// Reads a name that stands alone.
pub(crate) fn flag(name: &Ident, input: ParseStream<'_>) -> Result<Ident> {
    if input.peek(Token![=]) || input.peek(token::Paren) {
        return Err(Error::new(name.span(), format!("`{name}` stands alone, without a value")));
    }
    Ok(name.clone())
}

/// Reads `= "…"`.
pub(crate) fn text(name: &Ident, input: ParseStream<'_>) -> Result<LitStr> {
    equals(name, "\"…\"", input)?;
    input.parse().map_err(|error| Error::new(error.span(), format!("expected a text in quotes: `{name} = \"…\"`")))
}

pub(crate) fn filled(text: LitStr) -> Result<LitStr> {
    if text.value().is_empty() { Err(Error::new(text.span(), "this text must not be empty")) } else { Ok(text) }
}

fn number<N: FromStr<Err: Display>>(name: &Ident, input: ParseStream<'_>) -> Result<Written<N>> {
    equals(name, "10", input)?;
    let literal: LitInt =
        input.parse().map_err(|error| Error::new(error.span(), format!("expected a number: `{name} = 10`")))?;
    Ok(Written { name: name.clone(), value: literal.base10_parse()? })
}

/// Reads `= word`; `form` shows what kind of word.
pub(crate) fn word(name: &Ident, form: &str, input: ParseStream<'_>) -> Result<Ident> {
    equals(name, form, input)?;
    input.call(Ident::parse_any).map_err(|error| unquoted(name, form, input, &error))
}

fn expression(name: &Ident, form: &str, input: ParseStream<'_>) -> Result<Expr> {
    equals(name, form, input)?;
    input.parse()
}

/// Reads an expression, or several in parentheses.
fn expressions(input: ParseStream<'_>) -> Result<Vec<Expr>> {
    if input.peek(LitStr) {
        return Err(input.error("expected the name of a field"));
    }
    Ok(match input.parse()? {
        Expr::Tuple(tuple) => tuple.elems.into_iter().collect(),
        Expr::Paren(paren) => vec![*paren.expr],
        single => vec![single],
    })
}

/// Reads `= field`, `= Model.field` or several of these in parentheses.
fn columns(name: &Ident, input: ParseStream<'_>) -> Result<Vec<Expr>> {
    equals(name, "field", input)?;
    let columns = expressions(input).map_err(|error| unquoted(name, "field", input, &error))?;
    for column in &columns {
        if !matches!(column, Expr::Field(_)) && field_name(column).is_none() {
            let message = format!("expected a field or a column such as `Address.user_id`: `{name} = user_id`");
            return Err(Error::new_spanned(column, message));
        }
    }
    Ok(columns)
}

/// Returns the name that an expression consists of.
pub(crate) fn field_name(expression: &Expr) -> Option<&Ident> {
    match expression {
        Expr::Path(path) if path.qself.is_none() => path.path.get_ident(),
        Expr::Group(group) => field_name(&group.expr),
        _ => None,
    }
}

/// Checks that a foreign key is written as `Model.field`.
fn column_of_model(expression: Expr) -> Result<Expr> {
    match expression {
        Expr::Field(_) => Ok(expression),
        Expr::Group(group) => column_of_model(*group.expr),
        other => Err(Error::new_spanned(other, "expected a column of a model: `foreign_key = User.id`")),
    }
}

fn field_list(name: &Ident, input: ParseStream<'_>) -> Result<Vec<Ident>> {
    let form = format!("fields in parentheses: `{name}(first, second)`");
    let content = parentheses(name, &form, input)?;
    let fields = drained(&content, idents(&content))?;
    if fields.is_empty() { Err(Error::new(name.span(), format!("expected {form}"))) } else { Ok(fields) }
}

fn idents(input: ParseStream<'_>) -> Result<Vec<Ident>> {
    let idents = Punctuated::<Ident, Token![,]>::parse_terminated_with(input, Ident::parse_any)?;
    Ok(idents.into_iter().collect())
}

fn cascades(name: &Ident, input: ParseStream<'_>, mistakes: &mut Mistakes) -> Result<Vec<Ident>> {
    let content = parentheses(name, "`cascade(all, delete_orphan)`", input)?;
    let words = drained(&content, idents(&content))?;
    for word in &words {
        mistakes.take(one_of("cascade", word, CASCADES));
    }
    Ok(words)
}

fn action(name: &Ident, input: ParseStream<'_>) -> Result<Ident> {
    let action = word(name, "cascade", input)?;
    one_of(&name.to_string(), &action, ACTIONS)?;
    Ok(action)
}

/// Checks that a word is one of those that an attribute takes.
pub(crate) fn one_of(name: &str, word: &Ident, words: &[&str]) -> Result<()> {
    if words.iter().any(|known| word == known) {
        return Ok(());
    }
    let hint = suggestion(&word.to_string(), words.iter().copied());
    Err(Error::new(word.span(), format!("`{name}` does not know `{word}`{hint}\nit takes {}", list(words))))
}

/// The attribute does not exist.
pub(crate) fn unknown(name: &Ident, place: &str, known: &[&str]) -> Error {
    let hint = suggestion(&name.to_string(), known.iter().copied());
    Error::new(name.span(), format!("unknown attribute `{name}`{hint}\na {place} takes {}", list(known)))
}

pub(crate) fn equals(name: &Ident, form: &str, input: ParseStream<'_>) -> Result<()> {
    match input.parse::<Option<Token![=]>>()? {
        Some(_) if input.is_empty() => Err(Error::new(name.span(), format!("expected `{name} = {form}`"))),
        Some(_) => Ok(()),
        None => Err(Error::new(name.span(), format!("expected `{name} = {form}`"))),
    }
}

fn unquoted(name: &Ident, form: &str, input: ParseStream<'_>, error: &Error) -> Error {
    let hint = if input.peek(LitStr) { ", without quotes" } else { "" };
    Error::new(error.span(), format!("expected `{name} = {form}`{hint}"))
}

fn parentheses<'i>(name: &Ident, form: &str, input: ParseStream<'i>) -> Result<syn::parse::ParseBuffer<'i>> {
    if !input.peek(token::Paren) {
        return Err(Error::new(name.span(), format!("expected {form}")));
    }
    let content;
    parenthesized!(content in input);
    Ok(content)
}

/// Leaves nothing behind in the parentheses of a broken option, which would be reported as a mistake of its own.
fn drained<T>(content: ParseStream<'_>, result: Result<T>) -> Result<T> {
    let result = match result {
        Ok(_) if !content.is_empty() => Err(content.error("unexpected token")),
        result => result,
    };
    if result.is_err() {
        while content.parse::<TokenTree>().is_ok() {}
    }
    result
}
