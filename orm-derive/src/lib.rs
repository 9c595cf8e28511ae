//! The macros of `orm`; use them through that crate.
//!
//! In: the user's tokens. Out: implementations that call `orm::__private`. On the way `attr` reads what may be written,
//! `model` understands what was meant, `check` compares what must agree, and `expand` writes one item after the other.
//! All mistakes are reported at once, on the user's own tokens; then `fallback` writes stubs, so that each stays one.

mod attr;
mod check;
mod embed;
mod expand;
mod fallback;
mod labels;
mod map;
mod migrations;
mod mistakes;
mod model;
mod names;
mod row;
mod sql_enum;
mod sql_newtype;
mod sql_type;
#[cfg(test)]
mod tests;
mod variants;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct a model: its values are the rows of a table.
///
/// ```
/// use orm::prelude::*;
///
/// #[derive(Clone, Debug, Model)]
/// #[orm(table = "users")]
/// pub struct User {
///     #[orm(primary_key)]
///     pub id: i64,
///     #[orm(length = 50, unique)]
///     pub name: String,
///     #[orm(back_populates = user, cascade(all, delete_orphan), order_by = id)]
///     pub addresses: HasMany<Address>,
/// }
///
/// #[derive(Clone, Debug, Model)]
/// #[orm(table = "addresses")]
/// pub struct Address {
///     #[orm(primary_key)]
///     pub id: i64,
///     pub email: String,
///     #[orm(foreign_key = User.id, on_delete = cascade, index)]
///     pub user_id: i64,
///     #[orm(back_populates = addresses)]
///     pub user: BelongsTo<User>,
/// }
///
/// let query = select(User.name).filter(User.addresses.any(Address.email.like("%@x.org")));
/// assert!(query.to_sql(orm::Dialect::Sqlite).starts_with("SELECT users.name FROM users WHERE EXISTS"));
/// ```
///
/// Beside the implementation of `Model`, with its typed `builder()`, there is then a constant of the struct's name, whose
/// fields are the columns and relationships: `User.name`, `User.addresses`.
///
/// # The struct
///
/// | attribute | meaning |
/// |---|---|
/// | `table = "…"` | the table's name; the struct's name in snake case if it is not stated |
/// | `schema = "…"` | the table's schema |
/// | `comment = "…"` | a comment on the table |
/// | `primary_key(a, b)` | the primary key, where the order is not that of the fields |
/// | `unique(a, b)` | no two rows have the same values in these columns; may be repeated, and may end in `name = "…"`, and on PostgreSQL in `nulls_not_distinct`, `deferrable`, `initially_deferred` |
/// | `index(a, b)` | an index over these columns; may be repeated, and may end in `unique`, `name = "…"`, `condition = "…"`, `method = "gin"`, and on PostgreSQL in `include(c)`, `nulls_not_distinct` |
/// | `index(a.desc(), "lower(b)")` | an index with the greatest first, and over an expression, as SQL |
/// | `check("…", name = "…")` | a condition that each row must meet, as SQL, and its name; may be repeated |
/// | `foreign_key((a, b) = (Other.x, Other.y), on_delete = cascade)` | a foreign key over several columns; may be repeated, and takes all that one of a single column does |
/// | `version = field` | the column that counts changes, so that a stale object overwrites nothing |
/// | `validate = function` | a `fn(&Model) -> Result<(), E>` that each object must pass before it is written; may be repeated |
/// | `metadata = none` | `MetaData::global()` leaves the table out |
/// | `attributes = Name` | the constant's name, where the struct's name is taken |
/// | `mysql(engine = "InnoDB")`, `mariadb(…)`, `postgres(…)`, `sqlite(strict)` | options for one database |
/// | `crate = path` | where the library is, if not at `::orm` |
///
/// # A column
///
/// | attribute | meaning |
/// |---|---|
/// | `primary_key` | it is part of the primary key; a single integer key is made up by the database |
/// | `autoincrement = false` | the key is not made up by the database; with `true` it is, which a newtype around an integer has to say |
/// | `deferred`, `deferred(group = "…")` | a `Deferred<T>` that is left out unless a query asks for it |
/// | `identity`, `identity(always, start = 100)` | `GENERATED … AS IDENTITY`, where the database knows it; also `increment`, `minimum`, `maximum`, `cache`, `cycle` |
/// | `column = "…"` | the column's name, if not the field's |
/// | `length = 50` | the greatest length of text or bytes |
/// | `precision = 10`, `scale = 2` | the digits of a decimal number, and those after the point |
/// | `sql_type = "…"` | the type in SQL, taken as it stands |
/// | `mysql(sql_type = "…")`, `mariadb(…)`, `postgres(…)`, `sqlite(…)` | the type on one database |
/// | `sequence = "…"` | the sequence that fills it, created with the table; where the database has none, it generates a key by itself |
/// | `collation = "…"` | how its text is compared, in the database's word |
/// | `unique`, `index` | a unique constraint, an index |
/// | `default`, `default = value` | what a builder fills in: `Default::default()`, or this |
/// | `server_default = "…"` | what the database fills in, as SQL |
/// | `on_update = value` | what every UPDATE of the row sets, unless it sets another value |
/// | `server_onupdate` | the database itself changes it at every UPDATE, such as by a trigger: it is read back |
/// | `foreign_key = User.id` | the column that it refers to |
/// | `foreign_key(User.id, name = "…")` | the same with its name; also `deferrable`, which lets a transaction put off the check to its end, and `initially_deferred`, which puts it off: on SQLite and PostgreSQL |
/// | `on_delete = cascade`, `on_update = cascade` | what then happens; also `set_null`, `set_default`, `restrict`, `no_action` |
/// | `computed = "…"`, `computed("…", stored)` | the expression that the database computes it by, at each read or each write |
/// | `column_property = User.first.concat(User.last)` | a `Deferred<T>` that queries compute by this expression, and no table has |
/// | `query_expression` | a `Deferred<T>` that a query computes by what it says in `with_expression` |
/// | `validate = function` | a `fn(&T) -> Result<(), E>` that each value must pass before a session writes it; may be repeated |
/// | `comment = "…"` | a comment on the column |
/// | `json` | the value is stored as JSON |
/// | `embed`, `embed = "home_"`, `flatten` | the field is a struct with `#[derive(Embed)]`, whose fields are columns too: under names that begin with the field's name, with this text, or as they are |
///
/// An `Option` may be NULL. A builder may leave out an `Option`, a key that the database makes up, a field with a
/// default, a server default, `computed` or `identity`, what queries compute, a version that is an integer (1 then) or has `on_update`,
/// and a foreign key outside the primary key, which a relationship may fill. Another field that is not set does not compile.
///
/// # A relationship
///
/// A field of type `HasMany<T>`, `HasOne<T>`, `BelongsTo<T>` or `ManyToMany<T>`.
///
/// | attribute | meaning |
/// |---|---|
/// | `back_populates = field` | the relationship of `T` that leads back |
/// | `cascade(all, delete_orphan)` | what follows from one end to the other: `save_update`, `merge`, `delete`, `delete_orphan`, `expunge`, `refresh_expire`, `all`, `none`; without it `save_update` and `merge` |
/// | `secondary = Model` | the model of the association table, for `ManyToMany` |
/// | `secondary("table", "column", "column")` | an association table without a model, and its columns that refer here and there; several columns in parentheses |
/// | `foreign_key = field` | which foreign key to follow, where there are several: a field of the side that has it, a column such as `Address.billing_id`, or several in parentheses |
/// | `remote = field` | the column at the other end, for a relationship of a model to itself |
/// | `order_by = id`, `order_by = (name, id.desc())` | the order of the members; names are fields of `T` |
/// | `primaryjoin = User.id.eq(Address.user_id) & Address.active` | the condition of the join; `remote(…)` marks the members' columns where a model is joined to itself, `foreign(…)` the column that refers where it says no `foreign_key` |
/// | `lazy = selectin` | how it is loaded when a query does not say: `select`, `joined`, `selectin`, `subquery`, `raise`, `raise_on_sql`, `write_only` |
/// | `passive_deletes`, `passive_deletes = all` | deleting leaves members that are not loaded to the database, or all of them |
/// | `post_update` | its foreign key is set by an UPDATE of its own, for rows that refer to each other |
/// | `viewonly` | it is only read |
#[proc_macro_derive(Model, attributes(orm))]
pub fn derive_model(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::derive_model(&input).into()
}

/// Makes the fields of a struct, or of an enum's variants, columns of each model that holds it.
///
/// A model's field with `#[orm(embed)]` puts its own name before those of the columns, `#[orm(embed = "home_")]` puts this
/// text there, and `#[orm(flatten)]` leaves the names as they are. In the database the columns stand after the model's own.
///
/// ```
/// use orm::prelude::*;
///
/// #[derive(Clone, Debug, Embed)]
/// pub struct Place {
///     pub street: String,
///     #[orm(length = 80, index)]
///     pub city: String,
/// }
///
/// #[derive(Clone, Debug, Default, Embed)]
/// pub struct Audit {
///     pub author: Option<String>,
///     #[orm(column = "edits")]
///     pub changes: i32,
/// }
///
/// #[derive(Clone, Debug, Model)]
/// #[orm(table = "users")]
/// pub struct User {
///     #[orm(primary_key)]
///     pub id: i64,
///     #[orm(embed)]
///     pub home: Place,
///     #[orm(embed = "office_")]
///     pub work: Place,
///     #[orm(flatten, default)]
///     pub audit: Audit,
/// }
///
/// let query = select(User.home.city).filter(User.work.city.eq("Paris") & User.audit.changes.gt(0));
/// assert_eq!(
///     query.to_sql(orm::Dialect::Sqlite),
///     "SELECT users.home_city FROM users WHERE users.office_city = ? AND users.edits > ?"
/// );
/// ```
///
/// The attributes are those of a column (see [`Model`](macro@Model)), but those of the primary key and `default`, which
/// stands at the model's field: the struct is given as a whole. A struct may embed others. `User.home` itself can be
/// selected and, by `eq`, compared.
///
/// A field may be an `Option` of it: `None` is NULL in all columns, the attributes are those of nullable columns, and
/// `is_null` and `is_not_null` ask for it. A struct that is in an `Option` has a field that is none, which tells a value from
/// `None`, and nothing that fills a column in every row, such as `server_default`. A row that has only a part of its values
/// cannot be read.
///
/// # Enums
///
/// The fields of an enum's variants are columns too, NULL in rows of other variants, behind the tag, a column that says
/// which variant a row has. So one table holds values of several shapes: SQLAlchemy's single-table inheritance, with
/// `polymorphic_on` as the tag.
///
/// ```
/// use orm::prelude::*;
///
/// #[derive(Clone, Debug, PartialEq, Embed)]
/// #[orm(tag = "method", rename_all = "snake_case")]
/// pub enum Payment {
///     Card {
///         #[orm(length = 4)]
///         last4: String,
///         note: Option<String>,
///     },
///     #[orm(rename = "wire")]
///     Transfer { iban: String, note: Option<String> },
///     Voucher(i64),
///     Cash,
/// }
///
/// #[derive(Clone, Debug, Model)]
/// #[orm(table = "orders")]
/// pub struct Order {
///     #[orm(primary_key)]
///     pub id: i64,
///     #[orm(flatten)]
///     pub payment: Payment, // method, last4, note, iban, voucher
/// }
///
/// let query = select(Order.payment.last4).filter(Order.payment.is_card() & Order.payment.note.is_null());
/// assert_eq!(
///     query.to_sql(orm::Dialect::Sqlite),
///     "SELECT orders.last4 FROM orders WHERE orders.method = ? AND orders.note IS NULL"
/// );
/// ```
///
/// | of the enum | what it says |
/// |---|---|
/// | `tag = "kind"` | the name of the tag, as a column and as an attribute of `Order.payment`; `kind` unless it is said |
/// | `rename_all = "snake_case"` | the case of the labels that the tag holds, as for [`SqlEnum`](macro@SqlEnum): the variants' names unless it is said |
/// | `index` | adds an index on the tag |
///
/// A variant may say `rename = "…"`, its label. Fields of one name are one column, of which all that is said stands at the
/// first; the field of `Voucher(i64)` is named as the variant, `voucher`. Nothing but the program fills a variant's field,
/// so it has no `server_default` and nothing computed. A row whose tag is of no variant cannot be read, nor one that has
/// NULL where its variant needs a value; what stands in columns of other variants is not looked at.
#[proc_macro_derive(Embed, attributes(orm))]
pub fn derive_embed(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    embed::derive(&input).into()
}

/// Makes a struct what a row of several columns becomes, field by field.
///
/// With `#[orm(from = User)]` each field is filled by the column of that name, and the struct's name is a value that can
/// be selected. A name or a type that does not agree does not compile.
///
/// ```
/// use orm::prelude::*;
///
/// #[derive(Clone, Debug, Model)]
/// #[orm(table = "users")]
/// struct User {
///     #[orm(primary_key)]
///     id: i64,
///     name: String,
///     fullname: Option<String>,
///     addresses: HasMany<Address>,
/// }
///
/// #[derive(Clone, Debug, Model)]
/// #[orm(table = "addresses")]
/// struct Address {
///     #[orm(primary_key)]
///     id: i64,
///     #[orm(foreign_key = User.id)]
///     user_id: i64,
/// }
///
/// #[derive(Debug, Row)]
/// #[orm(from = User)]
/// struct Summary {
///     name: String,
///     #[orm(from = User.fullname)]
///     full: Option<String>,
///     #[orm(from = func::count(Address.id))]
///     addresses: i64,
/// }
///
/// let query: Select<Summary> = select(Summary).outerjoin(User.addresses).group_by(User.id);
/// assert_eq!(
///     query.to_sql(orm::Dialect::Sqlite),
///     "SELECT users.name, users.fullname, count(addresses.id) FROM users \
///      LEFT OUTER JOIN addresses ON users.id = addresses.user_id GROUP BY users.id"
/// );
/// ```
///
/// Without any `from` the fields are filled by position, `select(Summary.of(User.name, …))`, whose arguments are typed, or
/// by the names of what a query selects: `query.into_rows::<Summary>()`. A subquery of such rows has the fields as its
/// columns: `totals.user_id`. From a session too the struct is a value.
///
/// | attribute | of | meaning |
/// |---|---|---|
/// | `from = Model` | the struct | each field is the column of its name |
/// | `from = expression` | a field | what fills it: a column, `optional(…)` of one, an expression, a model for a nested field |
/// | `nested` | a field | it takes several columns: a model, another such struct, an `Option` of these |
/// | `crate = path` | the struct | where the library is, if not at `::orm` |
#[proc_macro_derive(Row, attributes(orm))]
pub fn derive_row(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    row::derive(&input).into()
}

/// Makes a model of a struct that is written elsewhere in the same module: SQLAlchemy's classical mapping.
///
/// The attributes are those of [`Model`](macro@Model), in brackets behind the field; those of the struct stand in front,
/// as `#[orm(…)]`. Fields are as visible as the name, unless they say otherwise.
///
/// ```
/// use orm::prelude::*;
///
/// pub struct Person {
///     pub id: i64,
///     pub name: String,
/// }
///
/// orm::map! { pub Person => "people" { id: i64 [primary_key], name: String [length = 50, unique] } }
///
/// assert_eq!(select(Person.name).to_sql(orm::Dialect::Sqlite), "SELECT people.name FROM people");
/// ```
#[proc_macro]
pub fn map(input: TokenStream) -> TokenStream {
    map::map(input.into()).into()
}

/// Stores an enum without fields in a column, by the names of its variants. SQLAlchemy's `Enum`.
///
/// PostgreSQL has a type of its own for it, which `create_all` creates before the tables and `drop_all` drops after them,
/// once for all columns that have it; MySQL and MariaDB have `ENUM('active', …)`, SQLite text. PostgreSQL sorts labels by
/// their order here, as MySQL does, and SQLite by their letters.
///
/// ```
/// use orm::{ColumnType, SqlEnum, SqlType};
///
/// #[derive(Clone, Copy, Debug, PartialEq, SqlEnum)]
/// #[orm(rename_all = "snake_case")]
/// pub enum Status {
///     Active,
///     OnLeave,
///     #[orm(rename = "gone")]
///     Retired,
/// }
///
/// assert_eq!(Status::OnLeave.encode().to_string(), "\"on_leave\"");
/// assert_eq!(Status::column_type(), ColumnType::labels("status", &["active", "on_leave", "gone"]));
/// ```
///
/// | attribute | meaning |
/// |---|---|
/// | `rename_all = "snake_case"` | how the labels are written; also `lowercase`, `UPPERCASE`, `PascalCase`, `camelCase`, `SCREAMING_SNAKE_CASE`, `kebab-case`, `SCREAMING-KEBAB-CASE` |
/// | `rename = "…"` | the label of one variant |
/// | `name = "…"` | the name of the type on PostgreSQL; the enum's name in snake case if it is not stated |
/// | `schema = "…"` | the schema of that type, if not the default one |
/// | `native = false` | every database keeps the labels as text: `VARCHAR`, as long as the longest; so must a column have it whose type is given by `sql_type` |
/// | `create_constraint` | where the labels are text, a check of the table refuses other text |
/// | `integer` | the variants are stored as their numbers |
/// | `crate = path` | where the library is, if not at `::orm` |
#[proc_macro_derive(SqlEnum, attributes(orm))]
pub fn derive_sql_enum(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    sql_enum::derive(&input).into()
}

/// Stores a struct around one value in a column, as that value.
///
/// ```
/// use orm::{SqlNewtype, SqlType, Value};
///
/// #[derive(Clone, Debug, PartialEq, SqlNewtype)]
/// pub struct Email(String);
///
/// assert_eq!(Email("ed@x.org".into()).encode(), Value::Text("ed@x.org".into()));
/// ```
///
/// A key may be of such a type, so that no key is taken for another model's; one that the database makes up says so:
/// `#[orm(primary_key, autoincrement = true)] id: UserId`.
#[proc_macro_derive(SqlNewtype, attributes(orm))]
pub fn derive_sql_newtype(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    sql_newtype::derive(&input).into()
}

/// Compiles a folder of migrations into the program: `orm::migrations!("migrations")`, with the feature `migrate`.
///
/// The path begins at the folder of the package's `Cargo.toml`. It makes a value of `orm::migrate::Migrations`, also for a `static`.
/// Cargo compiles again when a file is changed; to notice a new one it needs a `build.rs`:
///
/// ```
/// println!("cargo:rerun-if-changed=migrations"); // its `main`
/// ```
///
/// ```
/// use orm::migrate::Migrations;
///
/// static MIGRATIONS: Migrations = orm::migrations!("../examples/migrations");
///
/// assert_eq!(MIGRATIONS.revisions(orm::Dialect::Sqlite)?[0].name, "create_users");
/// # Ok::<(), orm::Error>(())
/// ```
///
/// It does not compile where the folder is not there, where the name of a `.sql` file does not begin with a revision, and where two
/// have the same.
#[proc_macro]
pub fn migrations(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as migrations::Input);
    migrations::expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}
