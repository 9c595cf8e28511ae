//! What the macros say of mistakes, and that what they write is Rust.
//!
//! Where each message points is pinned by the `trybuild` cases of the workspace.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::DeriveInput;

use crate::mistakes::Mistakes;
use crate::model::Presence;
use crate::{check, expand, map, model, names, row, sql_enum, sql_newtype};

/// Checks the first line of each message about a struct.
#[track_caller]
fn check(source: &str, expected: &[&str]) {
    let messages = messages(source);
    let first_lines: Vec<&str> = messages.iter().filter_map(|message| message.lines().next()).collect();
    assert_eq!(first_lines, expected);
}

/// Checks the messages about a field of a model that is otherwise right.
#[track_caller]
fn check_field(field: &str, expected: &[&str]) {
    check(&format!("struct User {{ #[orm(primary_key)] id: i64, {field} }}"), expected);
}

/// Checks the messages about attributes of a struct with the columns `id`, `name` and the relationship `addresses`.
#[track_caller]
fn check_struct(attributes: &str, expected: &[&str]) {
    let fields = "#[orm(primary_key)] id: i64, name: String, addresses: HasMany<Address>";
    check(&format!("#[orm({attributes})] struct User {{ {fields} }}"), expected);
}

fn messages(source: &str) -> Vec<String> {
    let input = parse(source);
    let mut mistakes = Mistakes::default();
    if let Some(model) = model::understand(&input, &mut mistakes) {
        check::check(&model, &mut mistakes);
    }
    mistakes.messages()
}

fn understood(source: &str) -> model::Model {
    let mut mistakes = Mistakes::default();
    let model = model::understand(&parse(source), &mut mistakes).expect("a struct with named fields");
    assert_eq!(mistakes.messages(), Vec::<String>::new());
    model
}

fn parse(source: &str) -> DeriveInput {
    syn::parse_str(source).expect("a struct, enum or union")
}

#[track_caller]
fn items(tokens: TokenStream) -> String {
    let file: syn::File = syn::parse2(tokens).expect("the macro writes items");
    file.into_token_stream().to_string()
}

/// Returns how often one text stands in another.
fn count(text: &str, part: &str) -> usize {
    text.matches(part).count()
}

// -------------------------------------------------------------------------------------------------------------- shapes

#[test]
fn only_a_struct_with_named_fields_is_a_model() {
    check("struct User(i64);", &["a model is a struct with named fields, and `User` is a tuple struct"]);
    check("struct User;", &["a model is a struct with named fields, and `User` is a unit struct"]);
    check("enum User { A }", &["a model is a struct with named fields, and `User` is an enum"]);
    check("union User { a: i64 }", &["a model is a struct with named fields, and `User` is a union"]);
}

#[test]
fn a_model_is_not_generic() {
    check("struct User<T> { #[orm(primary_key)] id: T }", &["a model cannot be generic: `User` stands for one table"]);
    check("struct User<'a> { name: &'a str }", &["a model cannot be generic: `User` stands for one table"]);
    check("struct User<const N: usize> { id: i64 }", &["a model cannot be generic: `User` stands for one table"]);
}

#[test]
fn a_model_has_a_primary_key() {
    check("struct User { id: i64 }", &["`User` has no primary key"]);
    assert!(messages("struct User { id: i64 }")[0].contains("add `#[orm(primary_key)]`"));
    check(
        "#[orm(primary_key(id))] struct User { #[orm(primary_key)] id: i64 }",
        &["the primary key is stated twice: `User` lists `id`"],
    );
    check(
        "struct User { #[orm(primary_key)] id: Option<i64> }",
        &["the primary key `id` cannot be an `Option`: it is never NULL"],
    );
}

// ---------------------------------------------------------------------------------------------------------- attributes

#[test]
fn an_unknown_attribute_brings_a_suggestion_and_the_list() {
    check_field("#[orm(lenght = 5)] name: String", &["unknown attribute `lenght`, did you mean `length`?"]);
    check_field("#[orm(colour)] name: String", &["unknown attribute `colour`"]);
    let message = &messages("struct User { #[orm(primary_key)] id: i64, #[orm(lenght = 5)] name: String }")[0];
    assert!(message.contains("a column takes `primary_key`, `column`, `length`"), "{message}");
    check_field(
        "#[orm(back_populate = user)] addresses: HasMany<Address>",
        &["unknown attribute `back_populate`, did you mean `back_populates`?"],
    );
    check_struct("tabel = \"users\"", &["unknown attribute `tabel`, did you mean `table`?"]);
}

#[test]
fn an_attribute_stands_where_it_belongs() {
    check_field(
        "#[orm(default)] addresses: HasMany<Address>",
        &["`default` is for columns, and this field is a relationship"],
    );
    check_field("#[orm(cascade(all))] name: String", &["`cascade` is for relationships, and this field is a column"]);
}

#[test]
fn an_attribute_is_stated_once() {
    check_field("#[orm(unique, unique)] name: String", &["`unique` is stated twice"]);
    check_field("#[orm(length = 1)] #[orm(length = 2)] name: String", &["`length` is stated twice"]);
    check_struct("table = \"a\", table = \"b\"", &["`table` is stated twice"]);
    check_struct("unique(id, name), unique(name)", &[]);
}

#[test]
fn what_may_be_left_out_is_a_deferred() {
    check_field("#[orm(deferred)] name: Deferred<String>", &[]);
    check_field("#[orm(deferred(group = \"long\"))] name: Deferred<Option<String>>", &[]);
    check_field("#[orm(deferred)] name: Vec<u8>", &["a plain field is always there"]);
    check_field(
        "name: Option<Deferred<String>>",
        &["write `Deferred<Option<String>>`: the column may be NULL, and may be left out"],
    );
    check_field(
        "#[orm(foreign_key = Other.id)] other_id: Deferred<i64>",
        &["`other_id` cannot be left out: it is a foreign key, which relationships are loaded by"],
    );
    check_field("#[orm(deferred = 1)] name: Deferred<String>", &["`deferred` stands alone, without a value"]);
}

#[test]
fn an_association_table_without_a_model_names_its_columns() {
    check_field("#[orm(secondary(\"user_keywords\", \"user_id\", \"keyword_id\"))] all: ManyToMany<Keyword>", &[]);
    check_field("#[orm(secondary(\"rooms\", (\"house\", \"number\"), \"guest_id\"))] all: HasMany<Guest>", &[]);
    let form = "expected `secondary(\"table\", \"column that refers here\", \"column that refers there\")`";
    check_field("#[orm(secondary(\"user_keywords\"))] all: HasMany<Keyword>", &[form]);
    check_field(
        "#[orm(secondary(\"t\", \"a\", \"b\"), foreign_key = a)] all: ManyToMany<Keyword>",
        &["`secondary` says already which columns refer here"],
    );
}

#[test]
fn a_key_that_a_reference_fills_may_be_left_out() {
    let key = "#[orm(primary_key, foreign_key = Order.id)] order_id: i64";
    let presence = |rest: &str| {
        let model = understood(&format!("struct Line {{ {key}, #[orm(primary_key)] number: i64{rest} }}"));
        matches!(model.columns[0].presence, Presence::Required)
    };
    assert!(presence(""));
    assert!(presence(", item: BelongsTo<Item>"));
    assert!(!presence(", order: BelongsTo<Order>"));
    assert!(!presence(", order: BelongsTo<crate::shop::Order>"));
}

#[test]
fn a_column_that_a_condition_marks_may_be_left_out() {
    let presence = |condition: &str| {
        let town = format!("#[orm(primaryjoin = {condition})] town: BelongsTo<Town>");
        let model = understood(&format!("struct House {{ #[orm(primary_key)] id: i64, town_code: String, {town} }}"));
        matches!(model.columns[1].presence, Presence::Required)
    };
    assert!(!presence("foreign(House.town_code).eq(Town.code)"));
    assert!(!presence("Town.open & (Town.code.eq(foreign(House.town_code)))"));
    assert!(presence("House.town_code.eq(Town.code)"));
    assert!(presence("foreign(Town.town_code).eq(House.town_code)"));
}

#[test]
fn a_value_has_its_form() {
    check_field("#[orm(length)] name: String", &["expected `length = 10`"]);
    check_field("#[orm(length = \"5\")] name: String", &["expected a number: `length = 10`"]);
    check_field("#[orm(length = )] name: String", &["expected `length = 10`"]);
    check_field("#[orm(precision = 300)] name: Decimal", &["number too large to fit in target type"]);
    check_field("#[orm(column = name)] name: String", &["expected a text in quotes: `column = \"…\"`"]);
    check_field("#[orm(column = \"\")] name: String", &["this text must not be empty"]);
    check_field("#[orm(unique = true)] name: String", &["`unique` stands alone, without a value"]);
    check_field(
        "#[orm(back_populates = \"user\")] addresses: HasMany<Address>",
        &["expected `back_populates = field`, without quotes"],
    );
    check_field(
        "#[orm(order_by = \"id\")] addresses: HasMany<Address>",
        &["expected `order_by = field`, without quotes"],
    );
    check_field("#[orm(unique index)] name: String", &["expected `,` after `unique`"]);
    check_field("#[orm] name: String", &["expected `#[orm(…)]` with attributes in parentheses"]);
    check_struct("table = users", &["expected a text in quotes: `table = \"…\"`"]);
    check_struct("unique = name", &["expected fields in parentheses: `unique(first, second)`"]);
    check_struct("unique()", &["expected fields in parentheses: `unique(first, second)`"]);
    check_struct("check(5)", &["expected string literal"]);
    check_struct("metadata = some", &["`metadata` does not know `some`"]);
    check_struct("mysql = 5", &["expected `mysql(option = \"value\")`"]);
}

#[test]
fn a_word_is_one_of_those_that_are_known() {
    check_field(
        "#[orm(lazy = selectinn)] addresses: HasMany<Address>",
        &["`lazy` does not know `selectinn`, did you mean `selectin`?"],
    );
    check_field(
        "#[orm(cascade(al, delete_orphans))] addresses: HasMany<Address>",
        &[
            "`cascade` does not know `al`, did you mean `all`?",
            "`cascade` does not know `delete_orphans`, did you mean `delete_orphan`?",
        ],
    );
    check_field(
        "#[orm(foreign_key = User.id, on_delete = cascad)] user_id: i64",
        &["`on_delete` does not know `cascad`, did you mean `cascade`?"],
    );
}

#[test]
fn all_mistakes_are_reported_at_once() {
    check(
        "#[orm(tabel = \"x\", unique(nam))]
         struct User {
             id: i64,
             #[orm(lenght = 5, uniqe)] name: String,
             #[orm(length = 5)] age: i32,
             #[orm(cascade(delete_orphan))] addresses: HasMany<Address>,
         }",
        &[
            "unknown attribute `tabel`, did you mean `table`?",
            "unknown attribute `lenght`, did you mean `length`?",
            "unknown attribute `uniqe`, did you mean `unique`?",
            "`User` has no field `nam`, did you mean `name`?",
            "`User` has no primary key",
            "`length` is for text and bytes",
            "`delete_orphan` needs `delete`: a member whose owner is deleted has no owner either",
        ],
    );
}

// --------------------------------------------------------------------------------------------------------------- names

#[test]
fn a_struct_names_its_own_fields() {
    check_struct("unique(nme)", &["`User` has no field `nme`, did you mean `name`?"]);
    check_struct("index(id, x)", &["`User` has no field `x`"]);
    check_struct("check(\"id > 0\", nme = \"ck\")", &["`check` does not know `nme`, did you mean `name`?"]);
    check_struct("check(\"id > 0\", name = \"\")", &["this text must not be empty"]);
    check_struct("unique(addresses)", &["`User.addresses` is a relationship and has no column"]);
    check_struct("unique(name, name)", &["`name` is named twice"]);
    check_struct("index(id, include(x))", &["`User` has no field `x`"]);
    check_struct("version = revision", &["`User` has no field `revision`"]);
    check_struct("version = name", &["the version `name` must be an integer or a time, and never NULL"]);
    let marked =
        "#[orm(version = mark)] struct Page { #[orm(primary_key)] id: i64, #[orm(on_update = mark())] mark: String }";
    check(marked, &[]);
}

#[test]
fn two_columns_have_two_names() {
    check_field(
        "name: String, #[orm(column = \"name\")] title: String",
        &["`title` and `name` are both stored in the column `name`"],
    );
}

#[test]
fn a_foreign_key_over_several_columns_has_as_many_on_both_sides() {
    let fields = "#[orm(primary_key)] id: i64, a: i64, b: i64";
    let check = |key: &str, expected: &[&str]| check(&format!("#[orm({key})] struct User {{ {fields} }}"), expected);
    check("foreign_key((a, b) = (Other.x, Other.y), on_delete = cascade)", &[]);
    check("foreign_key((a, b) = Other.x)", &["2 columns cannot refer to 1"]);
    check("foreign_key((a, c) = (Other.x, Other.y))", &["`User` has no field `c`"]);
    check("foreign_key((a, b) = (x, y))", &["expected a column of a model, such as `Other.x`"; 2]);
    check("foreign_key = Other.x", &["expected `foreign_key((a, b) = (Other.x, Other.y))`"]);
    check("foreign_key((a, b) = (Other.x, Other.y), on_remove = cascade)", &["unknown attribute `on_remove`"]);
}

// -------------------------------------------------------------------------------------------------------------- fields

#[test]
fn a_size_is_given_to_what_has_one() {
    check_field("#[orm(length = 5)] age: i32", &["`length` is for text and bytes"]);
    check_field("#[orm(length = 5)] age: Option<bool>", &["`length` is for text and bytes"]);
    check_field(
        "#[orm(precision = 5, scale = 2)] age: i32",
        &["`precision` is for decimal numbers", "`scale` is for decimal numbers"],
    );
    check_field("#[orm(precision = 5, scale = 2)] price: Decimal", &[]);
    check_field("#[orm(identity)] name: String", &["`identity` is for integers"]);
}

#[test]
fn a_column_is_filled_by_one_side() {
    check_field(
        "#[orm(computed = \"1\", default = 1)] one: i32",
        &["the database computes `one`, so it takes no `default`"],
    );
    check_field(
        "#[orm(autoincrement = false)] one: i32",
        &["`autoincrement` is for the primary key, and `one` is not of it"],
    );
    let filled_twice = "struct User { #[orm(primary_key, autoincrement = true, default = 1)] id: i64 }";
    check(filled_twice, &["`autoincrement` has the database make up `id`, and something else fills it as well"]);
    let one_of_two = "struct User { #[orm(primary_key, autoincrement = true)] a: i64, #[orm(primary_key)] b: i64 }";
    check(one_of_two, &["the database makes up a key of one column, and `a` is one of 2"]);
}

#[test]
fn functions_validate_what_is_written() {
    check_field("#[orm(validate = is_short)] word: String", &[]);
    check_field("#[orm(validate = text::is_short, validate = |word| Ok::<(), String>(()))] word: String", &[]);
    check_struct("validate = is_whole, validate = is_new", &[]);
    check_field("#[orm(validate)] word: String", &["expected `validate = function`"]);
    check_field("#[orm(validate = \"is_short\")] word: String", &["expected `validate = function`, without quotes"]);
    check_field(
        "#[orm(query_expression, validate = is_short)] word: Deferred<String>",
        &["`word` is never written, so there is nothing to validate"],
    );
}

#[test]
fn what_queries_compute_is_deferred_and_no_column_of_the_table() {
    check_field("#[orm(column_property = User.id + 1)] next: Deferred<i64>", &[]);
    check_field("#[orm(column_property = User.id + 1, deferred, column = \"following\")] next: Deferred<i64>", &[]);
    check_field("#[orm(query_expression)] score: Deferred<Option<f64>>", &[]);
    check_field(
        "#[orm(column_property = User.id + 1)] next: i64",
        &["a new object has no `next` until a query computes it"],
    );
    let no_column = "the table has no column `next`, which queries compute: only `column` and `deferred` go with";
    check_field(
        "#[orm(column_property = User.id + 1, index)] next: Deferred<i64>",
        &[&format!("{no_column} `column_property`")],
    );
    check_field("#[orm(query_expression, default)] next: Deferred<i64>", &[&format!("{no_column} `query_expression`")]);
    check_field(
        "#[orm(column_property = 1, query_expression)] next: Deferred<i64>",
        &["`next` is computed by what the model says, or by what each query says"],
    );
    let listed = "#[orm(unique(next))] struct User { #[orm(primary_key)] id: i64, #[orm(query_expression)] next: Deferred<i64> }";
    check(listed, &["the table has no column `next`, so it is in no key, constraint or index"]);
}

#[test]
fn what_happens_to_a_foreign_key_needs_one() {
    check_field("#[orm(on_delete = cascade)] user_id: i64", &["`on_delete` needs a `foreign_key`"]);
    check_field("#[orm(on_update = set_null)] user_id: i64", &["`on_update = set_null` needs a `foreign_key`"]);
    check_field("#[orm(on_update = now())] changed: Time", &[]);
    check_field(
        "#[orm(foreign_key = \"users.id\")] user_id: i64",
        &["expected a column of a model: `foreign_key = User.id`"],
    );
}

// ------------------------------------------------------------------------------------------------------- relationships

#[test]
fn a_relationship_leads_to_one_model() {
    check_field("addresses: HasMany", &["`HasMany` needs the model that it leads to: `HasMany<Address>`"]);
    check_field("user: BelongsTo<A, B>", &["`BelongsTo` needs the model that it leads to: `BelongsTo<Address>`"]);
    check_field(
        "addresses: Option<HasMany<Address>>",
        &["write `HasMany<Address>` without `Option`: it holds any number of members as it is"],
    );
    check_field(
        "user: Option<BelongsTo<User>>",
        &["write `BelongsTo<User>` without `Option`: it may be empty as it is"],
    );
    check_field(
        "user: BelongsTo<Option<User>>",
        &["write `BelongsTo<User>` without `Option`: it may be empty if its foreign key is an `Option`"],
    );
    check_field(
        "addresses: HasMany<Option<Address>>",
        &["write `HasMany<Address>` without `Option`: it holds any number of members as it is"],
    );
    check_field("users: Vec<BelongsTo<User>>", &["write `BelongsTo<User>` without `Vec`: it may be empty as it is"]);
}

#[test]
fn orphans_are_deleted_where_a_member_has_one_owner() {
    check_field(
        "#[orm(cascade(delete_orphan))] addresses: HasMany<Address>",
        &["`delete_orphan` needs `delete`: a member whose owner is deleted has no owner either"],
    );
    check_field("#[orm(cascade(delete, delete_orphan))] addresses: HasMany<Address>", &[]);
    check_field(
        "#[orm(cascade(all, delete_orphan))] user: BelongsTo<User>",
        &["`delete_orphan` is for `HasMany` and `HasOne`: what a `BelongsTo` leads to may have other owners"],
    );
}

#[test]
fn members_are_left_to_the_database_or_deleted() {
    check_field("#[orm(passive_deletes = all)] addresses: HasMany<Address>", &[]);
    check_field("#[orm(passive_deletes = all, cascade(save_update, merge))] addresses: HasMany<Address>", &[]);
    check_field(
        "#[orm(passive_deletes = some)] addresses: HasMany<Address>",
        &["`passive_deletes` does not know `some`"],
    );
    check_field(
        "#[orm(passive_deletes = all, cascade(all))] addresses: HasMany<Address>",
        &["`passive_deletes = all` leaves every member to the database, and the cascade deletes them"],
    );
}

#[test]
fn an_association_table_belongs_to_a_many_to_many_relationship() {
    check_field(
        "keywords: ManyToMany<Keyword>",
        &["the many-to-many relationship `keywords` names no association table"],
    );
    check_field(
        "#[orm(secondary = UserKeyword)] keyword: BelongsTo<Keyword>",
        &["`secondary` is for `ManyToMany`, and `keyword` is a `BelongsTo`"],
    );
    check_field(
        "#[orm(order_by = id)] user: BelongsTo<User>",
        &["`order_by` is for collections, and `user` has at most one member"],
    );
    let model = understood("struct U { #[orm(primary_key)] id: i64, #[orm(secondary = X)] all: HasMany<K> }");
    assert_eq!(model.relationships[0].kind, model::Kind::ManyToMany);
}

// ------------------------------------------------------------------------------------------------------------- meaning

#[test]
fn a_single_integer_key_is_generated() {
    let is_generated = |fields: &str| {
        let model = understood(&format!("struct User {{ {fields} }}"));
        model.columns.iter().any(|column| column.is_generated)
    };
    assert!(is_generated("#[orm(primary_key)] id: i64"));
    assert!(is_generated("#[orm(primary_key)] id: u32"));
    assert!(!is_generated("#[orm(primary_key)] id: String"));
    assert!(!is_generated("#[orm(primary_key)] id: UserId"));
    assert!(is_generated("#[orm(primary_key, autoincrement = true)] id: UserId"));
    assert!(!is_generated("#[orm(primary_key, autoincrement = false)] id: i64"));
    assert!(!is_generated("#[orm(primary_key, default = 1)] id: i64"));
    assert!(!is_generated("#[orm(primary_key, foreign_key = Other.id)] id: i64"));
    assert!(!is_generated("#[orm(primary_key)] a: i64, #[orm(primary_key)] b: i64"));
}

#[test]
fn a_builder_requires_what_nothing_else_fills() {
    let model = understood(
        "#[orm(foreign_key((x, y) = (Other.x, Other.y)))]
         struct User {
             #[orm(primary_key)] id: i64,
             name: String,
             fullname: Option<String>,
             #[orm(default = 1)] age: i32,
             #[orm(server_default = \"1\")] count: i32,
             #[orm(computed = \"1\")] one: i32,
             #[orm(foreign_key = Other.id)] other_id: i64,
             x: i64,
             y: i64,
             #[orm(identity)] number: i64,
             email: String,
         }",
    );
    let required: Vec<String> = model.required().map(names::plain).collect();
    assert_eq!(required, ["name", "email"]);
    assert!(matches!(model.columns[3].presence, Presence::Default(Some(_))));
}

#[test]
fn a_foreign_key_in_the_primary_key_is_required() {
    let model = understood(
        "struct UserKeyword {
             #[orm(primary_key, foreign_key = User.id)] user_id: i64,
             #[orm(primary_key, foreign_key = Keyword.id)] keyword_id: i64,
         }",
    );
    assert_eq!(model.required().count(), 2);
}

#[test]
fn the_table_is_named_after_the_struct() {
    assert_eq!(understood("struct UserKeyword { #[orm(primary_key)] id: i64 }").table, "user_keyword");
    assert_eq!(understood("#[orm(table = \"x\")] struct User { #[orm(primary_key)] id: i64 }").table, "x");
}

#[test]
fn a_listed_primary_key_has_the_order_of_the_list() {
    let model = understood("#[orm(primary_key(b, a))] struct User { a: i64, b: i64 }");
    assert_eq!(model.key, [1, 0]);
    assert!(model.columns.iter().all(|column| column.is_key && !column.is_generated));
}

#[test]
fn raw_names_lose_their_prefix() {
    let model = understood("struct User { #[orm(primary_key)] id: i64, r#type: String }");
    assert_eq!(model.columns[1].name, "type");
}

#[test]
fn a_name_that_the_user_has_taken_is_left_to_them() {
    let model = understood("struct User { #[orm(primary_key)] id: i64, #[orm(json)] x: UserAttributes }");
    assert_eq!(model.names.attributes, "UserAttributes_");
    assert_eq!(model.names.builder, "UserBuilder");
}

#[test]
fn suggestions_are_close() {
    let words = ["length", "unique", "index", "default"];
    assert_eq!(names::similar("lenght", words), Some("length"));
    assert_eq!(names::similar("uniqe", words), Some("unique"));
    assert_eq!(names::similar("idx", words), None);
    assert_eq!(names::similar("colour", words), None);
}

// ----------------------------------------------------------------------------------------------------------- expansion

const USER: &str = r#"
    #[orm(table = "users", schema = "app", comment = "people", unique(name, status), index(status), check("id > 0", name = "ck_id"),
          version = version, mysql(engine = "InnoDB"), sqlite(strict), postgres(fillfactor = 70), attributes = Users)]
    #[orm(foreign_key((a, b) = (Other.x, Self.id), on_delete = set_null, on_update = no_action))]
    pub struct User {
        #[orm(primary_key)]
        pub id: i64,
        #[orm(length = 50, unique, comment = "as they say")]
        pub name: String,
        pub fullname: Option<String>,
        #[orm(default = Status::Active, column = "state")]
        pub(crate) status: Status,
        #[orm(default)]
        flag: bool,
        #[orm(server_default = "CURRENT_TIMESTAMP", on_update = Utc::now())]
        pub created_at: DateTime<Utc>,
        #[orm(precision = 10, scale = 2, sql_type = "MONEY")]
        pub price: Option<Decimal>,
        #[orm(json, default = Self::tags())]
        pub tags: Vec<String>,
        #[orm(json, on_update = None)]
        pub more: Option<Vec<Self>>,
        #[orm(computed("a + b", stored))]
        pub sum: i32,
        #[orm(identity)]
        pub number: i32,
        #[orm(foreign_key = models::Country.code, on_delete = restrict, on_update = cascade)]
        pub country: Option<String>,
        pub a: Option<i64>,
        pub b: Option<i64>,
        pub version: i32,
        #[orm(back_populates = user, cascade(all, delete_orphan), order_by = (name, id.desc(), Address.x.asc()),
              foreign_key = (user_id, Address.b), lazy = selectin, passive_deletes)]
        pub addresses: HasMany<Address>,
        #[orm(secondary = models::UserKeyword, back_populates = users, viewonly)]
        pub keywords: ManyToMany<Keyword>,
        #[orm(remote = id, post_update)]
        pub parent: BelongsTo<Self>,
        pub r#type: HasOne<Type>,
    }
"#;

#[test]
fn a_model_with_every_attribute_expands_to_items() {
    assert_eq!(messages(USER), Vec::<String>::new());
    let written = items(expand::derive_model(&parse(USER)));
    assert_eq!(count(&written, "compile_error"), 0);
    assert!(
        written
            .contains(r#"("mysql_engine" , "InnoDB") , ("sqlite_strict" , "true") , ("postgres_fillfactor" , "70")"#)
    );
    assert!(written.contains(r#"Column :: new :: < Status > ("status" , "state")"#));
    assert!(written.contains("pub const Users : < User as :: orm :: __private :: Model > :: Attributes"));
    assert!(written.contains("< Address as __orm :: Model > :: ATTRIBUTES . id . desc ()"));
    assert_eq!(count(&written, "distributed_slice"), 1);
}

#[test]
fn the_generated_code_never_says_self_for_the_model() {
    let written = items(expand::derive_model(&parse(USER)));
    assert!(written.contains("Relationship < User , User , __orm :: One >"));
    assert!(written.contains("User :: tags ()"));
}

#[test]
fn a_model_outside_of_the_metadata_is_not_registered() {
    let source = "#[orm(metadata = none)] struct User { #[orm(primary_key)] id: i64 }";
    assert_eq!(count(&items(expand::derive_model(&parse(source))), "distributed_slice"), 0);
}

#[test]
fn the_library_may_be_elsewhere() {
    let source = "#[orm(crate = crate::orm)] struct User { #[orm(primary_key)] id: i64 }";
    let written = items(expand::derive_model(&parse(source)));
    assert!(written.contains("use crate :: orm :: __private as __orm"));
    assert!(!written.contains(":: orm :: __private :: Model > :: Attributes") || !written.contains("< User as :: orm"));
}

#[test]
fn a_model_with_mistakes_still_is_one() {
    let source = "struct User { id: i64, #[orm(lenght = 5)] name: String, addresses: HasMany<Address> }";
    let written = items(expand::derive_model(&parse(source)));
    assert_eq!(count(&written, "compile_error"), 2);
    assert!(written.contains("const User"));
    assert!(written.contains("Model for User"));
    assert!(written.contains("Relationship < User , Address , __orm :: Many >"));
    assert_eq!(count(&written, "distributed_slice"), 0);
}

#[test]
fn an_enum_is_a_stub_of_a_model() {
    let written = items(expand::derive_model(&parse("enum Shape { Round }")));
    assert_eq!(count(&written, "compile_error"), 1);
    assert!(written.contains("const Shape"));
    let written = items(expand::derive_model(&parse("struct Shape(i64);")));
    assert!(!written.contains("const Shape"), "a tuple struct has a value of its name already");
}

#[test]
fn a_mapping_expands_as_the_derive_does() {
    let mapping = r#"
        #[orm(unique(name))]
        pub Person => "people" { id: i64 [primary_key], /// Theirs.
            name: String [length = 50], pub(crate) age: i32 }
    "#;
    let written = items(map::map(mapping.parse().expect("tokens")));
    assert_eq!(count(&written, "compile_error"), 0);
    assert!(written.contains("pub const Person"));
    assert!(written.contains(r#"table : "people""#));
    assert!(written.contains("pub name : __orm :: Attribute < Person , String >"));
    assert!(written.contains("pub (crate) age : __orm :: Attribute < Person , i32 >"));
    assert!(!written.contains("struct Person {"));
}

// --------------------------------------------------------------------------------------------------- enums and newtypes

#[test]
fn an_enum_is_stored_by_its_variants_names() {
    let written = items(sql_enum::derive(&parse("enum Status { Active, OnLeave }")));
    assert!(written.contains(r#"labels ("status" , & ["Active" , "OnLeave"])"#), "{written}");
    let source =
        r#"#[orm(rename_all = "snake_case", name = "state")] enum Status { OnLeave, #[orm(rename = "x")] Gone }"#;
    let written = items(sql_enum::derive(&parse(source)));
    assert!(written.contains(r#"labels ("state" , & ["on_leave" , "x"])"#), "{written}");
}

#[test]
fn a_label_is_not_null() {
    let written = |source: &str| items(sql_enum::derive(&parse(source)));
    let refused = "the label `NULL` of a database's enum cannot be read";
    assert!(written(r#"enum Status { #[orm(rename = "NULL")] Unknown, On }"#).contains(refused));
    assert!(written(r#"#[orm(rename_all = "UPPERCASE")] enum Status { Null, On }"#).contains(refused));
    assert!(
        !written(r#"#[orm(native = false)] enum Status { #[orm(rename = "NULL")] Unknown, On }"#).contains(refused)
    );
    assert!(!written(r#"enum Status { Null, On }"#).contains(refused));
}

#[test]
fn an_enum_is_stored_by_its_numbers() {
    let written = items(sql_enum::derive(&parse("#[orm(integer)] enum Level { Low = 1, High = 10 }")));
    assert!(written.contains("ColumnType :: Integer"));
    assert!(written.contains("Self :: High as i32"));
}

#[test]
fn an_enum_with_mistakes_says_them() {
    let mistakes = |source: &str| {
        let written = items(sql_enum::derive(&parse(source)));
        count(&written, "compile_error")
    };
    assert_eq!(mistakes("enum Status { Active(i32), Gone { x: i32 } }"), 2);
    assert_eq!(mistakes("enum Status {}"), 1);
    assert_eq!(mistakes("struct Status { x: i32 }"), 1);
    assert_eq!(mistakes("enum Status<T> { A }"), 1);
    assert_eq!(mistakes(r#"#[orm(rename_all = "snake")] enum Status { A }"#), 1);
    assert_eq!(mistakes(r#"enum Status { A, #[orm(rename = "A")] B }"#), 1);
    assert_eq!(mistakes(r#"#[orm(integer)] enum Status { A, #[orm(rename = "A")] B }"#), 1);
    assert_eq!(mistakes("#[orm(int)] enum Status { A }"), 1);
    assert_eq!(mistakes("#[orm(integer)] enum Status { A = 5_000_000_000 }"), 1);
}

#[test]
fn a_newtype_is_stored_as_its_value() {
    let written = items(sql_newtype::derive(&parse("struct Email(String);")));
    assert!(written.contains("< String as __orm :: SqlType > :: column_type ()"));
    assert!(written.contains("impl :: orm :: Textual for Email"));
    let written = items(sql_newtype::derive(&parse("struct Email { text: String }")));
    assert!(written.contains("Self { text : __orm :: SqlType :: decode (__value) ? }"));
    for source in ["struct A(i32, i32);", "struct A;", "enum A { B }", "struct A<T>(T);", "struct A(Option<i32>);"] {
        let written = items(sql_newtype::derive(&parse(source)));
        assert_eq!(count(&written, "compile_error"), 1, "{source}");
    }
}

#[test]
fn a_row_says_what_its_fields_lack() {
    let check = |source: &str, expected: &[&str]| {
        let mut mistakes = Mistakes::default();
        row::check(&parse(source), &mut mistakes);
        let messages = mistakes.messages();
        let first_lines: Vec<&str> = messages.iter().filter_map(|message| message.lines().next()).collect();
        assert_eq!(first_lines, expected);
    };
    check("struct Total { user_id: i64, total: i64 }", &[]);
    check("#[orm(from = User)] struct Name { id: i64, #[orm(from = User.fullname)] full: Option<String> }", &[]);
    check("struct Total { #[orm(from = User.id)] id: i64, total: i64 }", &["nothing says what fills `total`"]);
    check("struct Pair(i64, i64);", &["`Pair` has no named fields, which are what `Row` fills by name"]);
    check(
        "#[orm(table = \"x\")] struct Total { #[orm(length = 3)] id: i64 }",
        &["unknown attribute `table`", "unknown attribute `length`"],
    );
}
