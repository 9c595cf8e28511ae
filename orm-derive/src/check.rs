//! What must agree: the parts of a model with each other.
//!
//! In: a model as it was understood. Out: mistakes, each on the tokens that do not fit. What concerns another model is
//! checked by the compiler, in the functions that are generated.

use std::collections::HashMap;

use proc_macro2::Ident;
use quote::ToTokens;
use syn::Expr;

use crate::attr::{ACTIONS, Secondary, Written};
use crate::mistakes::Mistakes;
use crate::model::{Column, Kind, Model, OnUpdate, Relationship};
use crate::names::{is_written_as, list, plain};

const INTEGERS: &[&str] = &["i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128", "usize"];
const FLOATS: &[&str] = &["f32", "f64"];

/// Checks a model.
pub(crate) fn check(model: &Model, mistakes: &mut Mistakes) {
    primary_key(model, mistakes);
    column_names(model, mistakes);
    for column in &model.columns {
        sizes(column, mistakes);
        defaults(column, mistakes);
        foreign_key(column, mistakes);
        autoincrement(column, &model.key, mistakes);
    }
    deferred(model, mistakes);
    column_properties(model, mistakes);
    version(model, mistakes);
    composite_keys(model, mistakes);
    for relationship in &model.relationships {
        cascade(relationship, mistakes);
        shape(relationship, mistakes);
    }
}

/// Checks a struct or an enum that is embedded in models.
pub(crate) fn check_embedded(model: &Model, mistakes: &mut Mistakes) {
    let name = &model.ident;
    let (what, whose) = match model.variants.is_empty() {
        true => ("an embedded struct", "the struct"),
        false => ("an embedded enum", "the enum"),
    };
    if model.columns.is_empty() && model.embedded.is_empty() && mistakes.is_empty() {
        mistakes.add(name, format!("`{name}` has no fields, so it brings no columns"));
    }
    column_names(model, mistakes);
    for column in &model.columns {
        sizes(column, mistakes);
        defaults(column, mistakes);
        foreign_key(column, mistakes);
        let options = &column.options;
        let autoincrement = options.autoincrement.as_ref().map(|written| &written.name);
        let identity = options.identity.as_ref().map(|identity| &identity.name);
        for word in [options.primary_key.as_ref(), identity, autoincrement].into_iter().flatten() {
            mistakes.add(word, format!("`{word}` stands in the model: {what} is not what tells rows apart"));
        }
        for validator in &options.validators {
            let message = format!("`{}` stands in the model itself, which checks {what} as a whole", validator.name);
            mistakes.add(&validator.name, message);
        }
        if let Some(property) = options.property() {
            let message = format!("`{property}` stands in the model itself: {what} is written as a whole");
            mistakes.add(property, message);
        } else if column.is_deferrable {
            let message = format!("`{}` cannot be left out of a row: {what} is read as a whole", column.ident);
            mistakes.add(&column.written, message);
        }
        if let Some(default) = &options.default {
            let hint = format!("say `default` at the field that embeds {whose}, and implement `Default` for it");
            mistakes.add(&default.name, format!("{what} is given as a whole, so `default` has no use\n{hint}"));
        }
        if !model.variants.is_empty() {
            of_variant(column, mistakes);
        }
    }
    for relationship in &model.relationships {
        let message = format!("`{}` is a relationship, which stands in the model itself", relationship.ident);
        mistakes.add(&relationship.ident, message);
    }
}

/// Checks a field of a variant: nothing but the program fills it, since the variant would not.
fn of_variant(column: &Column, mistakes: &mut Mistakes) {
    let options = &column.options;
    let mut refuse = |word: &dyn ToTokens, name: &str| {
        let message =
            format!("`{name}` fills a column in every row, and only some have the variant of `{}`", column.ident);
        mistakes.add(word, message);
    };
    if let Some(text) = &options.server_default {
        refuse(text, "server_default");
    }
    if let Some(computed) = &options.computed {
        refuse(&computed.name, "computed");
    }
    if let Some(sequence) = &options.sequence {
        refuse(sequence, "sequence");
    }
    if let Some(word) = &options.server_onupdate {
        refuse(word, "server_onupdate");
    }
    if let (Some(written), Some(OnUpdate::Value(_))) = (&options.on_update, &column.on_update) {
        refuse(&written.name, "on_update");
    }
}

fn primary_key(model: &Model, mistakes: &mut Mistakes) {
    let name = &model.ident;
    if let Some(listed) = &model.options.primary_key {
        for marked in model.columns.iter().filter_map(|column| column.options.primary_key.as_ref()) {
            let message = format!("the primary key is stated twice: `{name}` lists {}", list(&texts(listed)));
            mistakes.add(marked, message);
        }
    } else if model.key.is_empty() {
        let hint = "add `#[orm(primary_key)]` to the field that tells its rows apart, such as `id: i64`";
        mistakes.add(name, format!("`{name}` has no primary key\n{hint}"));
    }
    if model.key.len() > 6 {
        mistakes
            .add(name, format!("a primary key has at most 6 columns, and that of `{name}` has {}", model.key.len()));
    }
    for column in model.key_columns().filter(|column| column.is_option()) {
        let hint = "a generated key of 0 is left to the database, so no `Option` is needed";
        let message = format!("the primary key `{}` cannot be an `Option`: it is never NULL\n{hint}", column.ident);
        mistakes.add(&column.written, message);
    }
}

fn column_names(model: &Model, mistakes: &mut Mistakes) {
    let mut seen: HashMap<&str, &Ident> = HashMap::new();
    for column in &model.columns {
        let Some(first) = seen.insert(&column.name, &column.ident) else { continue };
        let message = format!("`{}` and `{first}` are both stored in the column `{}`", column.ident, column.name);
        match &column.options.column {
            Some(written) => mistakes.add(written, message),
            None => mistakes.add(&column.ident, message),
        }
    }
}

/// Checks that a length or a precision is given to a type that has one, as far as the written type tells.
fn sizes(column: &Column, mistakes: &mut Mistakes) {
    let ty = crate::names::option_argument(&column.written).unwrap_or(&column.written);
    let is_integer = is_written_as(ty, INTEGERS);
    let is_number_or_bool = is_integer || is_written_as(ty, FLOATS) || is_written_as(ty, &["bool"]);
    if let (Some(length), true) = (&column.options.length, is_number_or_bool) {
        mistakes.add(&length.name, "`length` is for text and bytes");
    }
    let is_exact = is_integer || is_written_as(ty, &["bool", "String"]);
    for size in [&column.options.precision, &column.options.scale].into_iter().flatten() {
        if is_exact {
            mistakes.add(&size.name, format!("`{}` is for decimal numbers", size.name));
        }
    }
    if let (Some(sequence), false) = (&column.options.sequence, is_integer || !is_number_or_bool && !is_exact) {
        mistakes.add(sequence, "`sequence` is for integers");
    }
    if let (Some(identity), false) = (&column.options.identity, is_integer || !is_number_or_bool && !is_exact) {
        mistakes.add(identity, "`identity` is for integers");
    }
}

fn defaults(column: &Column, mistakes: &mut Mistakes) {
    let Some(computed) = &column.options.computed else { return };
    if let Some(default) = &column.options.default {
        let message = format!("the database computes `{}`, so it takes no `default`", column.ident);
        mistakes.add(&default.name, message);
    }
    if let Some(default) = &column.options.server_default {
        let message = format!("`{}` is `{}`, so it takes no `server_default`", column.ident, computed.name);
        mistakes.add(default, message);
    }
}

fn foreign_key(column: &Column, mistakes: &mut Mistakes) {
    if column.options.foreign_key.is_some() {
        return;
    }
    if let Some(action) = &column.options.on_delete {
        let message =
            "`on_delete` needs a `foreign_key`\nadd `foreign_key = User.id`, the column that this one refers to";
        mistakes.add(&action.name, message);
    }
    if let (Some(OnUpdate::Action(action)), Some(written)) = (&column.on_update, &column.options.on_update) {
        let message = format!(
            "`on_update = {action}` needs a `foreign_key`\n{} say what happens to a foreign key; another column takes a value",
            list(ACTIONS)
        );
        mistakes.add(&written.name, message);
    }
}

fn autoincrement(column: &Column, key: &[u16], mistakes: &mut Mistakes) {
    let Some(written) = &column.options.autoincrement else { return };
    let name = &column.ident;
    let message = match (column.is_key, key.len()) {
        (false, _) => format!("`autoincrement` is for the primary key, and `{name}` is not of it"),
        (true, 2..) if written.value => {
            format!("the database makes up a key of one column, and `{name}` is one of {}", key.len())
        }
        (true, _) if written.value && !column.is_generated => {
            format!("`autoincrement` has the database make up `{name}`, and something else fills it as well")
        }
        _ => return,
    };
    mistakes.add(&written.name, message);
}

/// Checks that what may be left out is a `Deferred`, and that the session does not need it.
fn deferred(model: &Model, mistakes: &mut Mistakes) {
    for (position, column) in model.columns.iter().enumerate() {
        let name = &column.ident;
        if let (Some(options), false) = (&column.options.deferred, column.is_deferrable) {
            let ty = column.written.to_token_stream().to_string().replace(' ', "");
            let message =
                format!("a plain field is always there\nwrite `{name}: Deferred<{ty}>`, which may be left out");
            mistakes.add(&options.name, message);
        }
        let is_here = |part: &u16| usize::from(*part) == position;
        let role = match () {
            () if !column.is_deferrable => continue,
            () if column.is_key => "of the primary key, which tells objects apart",
            () if column.options.foreign_key.is_some() => "a foreign key, which relationships are loaded by",
            () if model.foreign_keys.iter().any(|key| key.columns.iter().any(is_here)) => {
                "of a foreign key, which relationships are loaded by"
            }
            () if model.version.as_ref().is_some_and(is_here) => "the version, which each UPDATE needs",
            () => continue,
        };
        mistakes.add(&column.written, format!("`{name}` cannot be left out: it is {role}"));
    }
}

/// Checks that what queries compute is a `Deferred`, since what has been written has not been read yet, and is taken for no
/// column of the table.
fn column_properties(model: &Model, mistakes: &mut Mistakes) {
    let lists = model
        .uniques
        .iter()
        .chain(&model.indexes)
        .chain(&model.included)
        .chain(model.foreign_keys.iter().map(|key| &key.columns));
    let listed: Vec<u16> = lists.flatten().chain(&model.key).chain(&model.version).copied().collect();
    for (position, column) in (0..).zip(&model.columns) {
        let Some(property) = column.options.property() else { continue };
        let name = &column.ident;
        if !column.is_deferrable {
            let ty = column.written.to_token_stream().to_string().replace(' ', "");
            let message = format!(
                "a new object has no `{name}` until a query computes it\nwrite `{name}: Deferred<{ty}>`, which may not be there"
            );
            mistakes.add(&column.written, message);
        }
        if let Some(option) = column.options.of_table().first() {
            let message = format!(
                "the table has no column `{name}`, which queries compute: only `column` and `deferred` go with `{property}`"
            );
            mistakes.add(option, message);
        } else if listed.contains(&position) {
            let message = format!("the table has no column `{name}`, so it is in no key, constraint or index");
            mistakes.add(property, message);
        }
        if let Some(validator) = column.options.validators.first() {
            mistakes.add(&validator.name, format!("`{name}` is never written, so there is nothing to validate"));
        }
        if let (Some(_), Some(second)) = (&column.options.column_property, &column.options.query_expression) {
            mistakes.add(second, format!("`{name}` is computed by what the model says, or by what each query says"));
        }
    }
}

fn version(model: &Model, mistakes: &mut Mistakes) {
    let (Some(position), Some(written)) = (model.version, &model.options.version) else { return };
    let column = &model.columns[usize::from(position)];
    let other = ["bool", "String", "char"].iter().chain(FLOATS).copied().collect::<Vec<_>>();
    let is_list = crate::names::last_segment(&column.written).is_some_and(|segment| segment.ident == "Vec");
    let is_given = matches!(column.on_update, Some(OnUpdate::Value(_))) || column.options.server_onupdate.is_some();
    if (is_written_as(&column.written, &other) || is_list) && !is_given || column.is_option() {
        let message = format!(
            "the version `{written}` must be an integer or a time, and never NULL\na text says by `on_update = …` what each change gives it"
        );
        mistakes.add(written, message);
    }
}

fn composite_keys(model: &Model, mistakes: &mut Mistakes) {
    for (key, written) in model.foreign_keys.iter().zip(&model.options.foreign_keys) {
        for target in &key.targets {
            if !matches!(target, Expr::Field(_)) {
                mistakes.add(target, "expected a column of a model, such as `Other.x`");
            }
        }
        if written.columns.len() != written.targets.len() {
            let (here, there) = (written.columns.len(), written.targets.len());
            let message = format!("{here} columns cannot refer to {there}");
            match written.columns.first() {
                Some(first) => mistakes.add(first, message),
                None => mistakes.add(&model.ident, message),
            }
        }
    }
}

fn cascade(relationship: &Relationship, mistakes: &mut Mistakes) {
    let Some(words) = &relationship.options.cascade else { return };
    let find = |name: &str| words.iter().find(|word| *word == name);
    if let Some(all) = &relationship.options.passive_deletes_all
        && ["delete", "delete_orphan", "all"].iter().any(|word| find(word).is_some())
    {
        let message = "`passive_deletes = all` leaves every member to the database, and the cascade deletes them\n\
                       write `passive_deletes` alone, which leaves those that are not loaded";
        mistakes.add(all, message);
    }
    let Some(orphan) = find("delete_orphan") else { return };
    if find("delete").is_none() && find("all").is_none() {
        let message = "`delete_orphan` needs `delete`: a member whose owner is deleted has no owner either\n\
                       write `cascade(all, delete_orphan)`";
        mistakes.add(orphan, message);
    }
    if matches!(relationship.kind, Kind::BelongsTo | Kind::ManyToMany) {
        let kind = relationship.kind.name();
        let message =
            format!("`delete_orphan` is for `HasMany` and `HasOne`: what a `{kind}` leads to may have other owners");
        mistakes.add(orphan, message);
    }
}

fn shape(relationship: &Relationship, mistakes: &mut Mistakes) {
    let Relationship { ident, kind, options, .. } = relationship;
    if *kind == Kind::ManyToMany && options.secondary.is_none() {
        let hint = "add `secondary = …`, the model of the association table, or, for a table without one, \
                    `secondary(\"table\", \"column that refers here\", \"column that refers there\")`";
        mistakes.add(ident, format!("the many-to-many relationship `{ident}` names no association table\n{hint}"));
    }
    if let (Some(Written { value: Secondary::Table { .. }, .. }), Some(key)) =
        (&options.secondary, options.foreign_key.first())
    {
        mistakes.add(key, "`secondary` says already which columns refer here");
    }
    if let (Some(secondary), false) = (&options.secondary, kind.is_many()) {
        let message = format!("`secondary` is for `ManyToMany`, and `{ident}` is a `{}`", kind.name());
        mistakes.add(&secondary.name, message);
    }
    if let (Some(order), false) = (&options.order_by, kind.is_many()) {
        mistakes.add(&order.name, format!("`order_by` is for collections, and `{ident}` has at most one member"));
    }
}

fn texts(idents: &[Ident]) -> Vec<String> {
    idents.iter().map(plain).collect()
}
