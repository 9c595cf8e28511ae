//! [`Embed`]: a struct whose fields are columns of the models that hold it, SQLAlchemy's composite and mixin, or an enum
//! with those of its variants, its single-table inheritance.
//!
//! A model's columns are constant data, so those of an embedded struct are joined to them by `const` functions: their
//! names, with the prefix that the model gives them, are parts of one constant text.

use orm_pool::{Value, ValueRef};

use super::{Alias, Column, Decoded, Misread, Model, Row, RowType};
use crate::sql::{Expr, Node, OrderItem};
use crate::types::{DecodeError, IS_NULL, SqlType};

/// A struct whose fields are columns of each model that holds it, with `#[orm(embed)]` or `#[orm(flatten)]`, or an enum
/// whose variants are told apart by a column.
///
/// Derive it; the hidden items are for generated code alone. `embed` puts the field's name before the columns' names,
/// `embed = "home_"` puts this before them, and `flatten` leaves them as they are. SQLAlchemy's `composite`, and its mixins.
///
/// ```
/// # use orm_core::{Dialect, Embed, Engine, Model, Session, metadata, select};
/// #[derive(Clone, Debug, PartialEq, orm_derive::Embed)]
/// struct Place {
///     street: String,
///     #[orm(length = 80, index)]
///     city: String,
/// }
///
/// #[derive(Clone, Debug, orm_derive::Model)]
/// struct User {
///     #[orm(primary_key)]
///     id: i64,
///     #[orm(embed)]
///     home: Place,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// let query = select(User.id).filter(User.home.city.eq("Paris"));
/// assert_eq!(query.to_sql(Dialect::Sqlite), "SELECT user.id FROM user WHERE user.home_city = ?");
///
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![User].create_all(&engine).await?;
/// let mut session = Session::new(&engine);
/// let ed = session.add(User::builder().home(Place { street: "Rue 1".into(), city: "Paris".into() }));
/// session.commit().await?;
/// session[ed].home.city = "Lyon".into();
/// session.commit().await?; // UPDATE user SET home_city = …
///
/// let homes: Vec<Place> = select(User.home).all(&engine).await?; // the struct itself
/// assert_eq!(homes, [Place { street: "Rue 1".into(), city: "Lyon".into() }]);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be embedded in a model",
    note = "add `#[derive(Embed)]` to it; an `Option` stands around its fields rather than around it"
)]
pub trait Embed: RowType<Managed = Self> + Clone + Sync {
    /// The type of its field in a model's constant: an attribute for each of its fields.
    type Attributes<M>: Copy + Send + Sync;

    #[doc(hidden)]
    const __COLUMNS: &'static [Column];

    #[doc(hidden)]
    fn __column(&self, column: usize) -> Value;

    #[doc(hidden)]
    fn __set_column(&mut self, column: usize, value: ValueRef<'_>) -> Result<(), DecodeError>;

    /// Sets all columns of an enum, of which this is the first.
    #[doc(hidden)]
    fn __set_unit(&mut self, _first: usize, _values: UnitValues<'_, '_>) -> Decoded<()> {
        unreachable!("a struct that embeds no enum has no columns that change together")
    }
}

/// An embedded struct or enum in a model `M`: what `User.home` is. The derive makes it.
///
/// It can be selected, compared by `eq`, and named wherever columns are: in `do_update`, `bulk_update`, `refresh_attributes`,
/// `order_by` and `group_by`, which take its columns in their order; `set_embedded` sets all of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no embedded struct of `{M}`",
    label = "expected a field of `{M}` with `#[orm(embed)]` or `#[orm(flatten)]`"
)]
pub trait Embedding<M>: Copy {
    /// The struct or enum.
    type Value: Embed;

    #[doc(hidden)]
    fn __start(self) -> (u16, Alias);
}

/// The values of columns that change together, by their places among them.
pub type UnitValues<'f, 'v> = &'f dyn Fn(usize) -> ValueRef<'v>;

/// An embedded struct among the columns of a model, or of another embedded struct.
#[derive(Debug)]
pub struct Embedded {
    columns: &'static [Column],
    field: &'static str,
    prefix: &'static str,
}

impl Embedded {
    /// One in this field, whose columns have this before their names.
    pub const fn new<E: Embed>(field: &'static str, prefix: &'static str) -> Self {
        Embedded { columns: E::__COLUMNS, field, prefix }
    }

    /// Returns how long the new names of a column are: `home.city` and `home_city`.
    const fn lengths(&self, column: usize) -> (usize, usize) {
        let column = &self.columns[column];
        (self.field.len() + 1 + column.field.len(), self.prefix.len() + column.name.len())
    }
}

/// Returns how many columns there are in all.
pub const fn width(own: &[Column], embedded: &[Embedded]) -> usize {
    let mut width = own.len();
    let mut part = 0;
    while part < embedded.len() {
        width += embedded[part].columns.len();
        part += 1;
    }
    width
}

/// Returns how long the text of all new names is.
pub const fn text_length(embedded: &[Embedded]) -> usize {
    let mut length = 0;
    let mut part = 0;
    while part < embedded.len() {
        let mut column = 0;
        while column < embedded[part].columns.len() {
            let (field, name) = embedded[part].lengths(column);
            length += field + name;
            column += 1;
        }
        part += 1;
    }
    length
}

/// Writes all new names, one after the other.
pub const fn text<const LENGTH: usize>(embedded: &[Embedded]) -> [u8; LENGTH] {
    let mut text = [0; LENGTH];
    let mut at = 0;
    let mut part = 0;
    while part < embedded.len() {
        let Embedded { columns, field, prefix } = embedded[part];
        let mut column = 0;
        while column < columns.len() {
            let words = [field, ".", columns[column].field, prefix, columns[column].name];
            let mut word = 0;
            while word < words.len() {
                at = write(&mut text, at, words[word].as_bytes());
                word += 1;
            }
            column += 1;
        }
        part += 1;
    }
    text
}

const fn write(text: &mut [u8], mut at: usize, word: &[u8]) -> usize {
    let mut byte = 0;
    while byte < word.len() {
        text[at] = word[byte];
        at += 1;
        byte += 1;
    }
    at
}

/// Returns a model's own columns and then those of what it embeds, under their new names.
///
/// # Panics
///
/// Panics, while the model is compiled, when two columns have one name.
pub const fn columns<const WIDTH: usize>(
    own: &[Column],
    embedded: &[Embedded],
    mut text: &'static [u8],
) -> [Column; WIDTH] {
    let first = if own.is_empty() { embedded[0].columns[0] } else { own[0] };
    let mut all = [first; WIDTH];
    let mut at = 0;
    while at < own.len() {
        all[at] = own[at];
        at += 1;
    }
    let mut part = 0;
    while part < embedded.len() {
        let mut column = 0;
        while column < embedded[part].columns.len() {
            let (field, name) = embedded[part].lengths(column);
            all[at] = embedded[part].columns[column];
            (all[at].field, text) = take(text, field);
            (all[at].name, text) = take(text, name);
            assert_new(&all, at);
            at += 1;
            column += 1;
        }
        part += 1;
    }
    all
}

/// Takes a name from the front of the text.
const fn take(text: &'static [u8], length: usize) -> (&'static str, &'static [u8]) {
    let (name, rest) = text.split_at(length);
    match std::str::from_utf8(name) {
        Ok(name) => (name, rest),
        Err(_) => panic!("the text was made of texts"),
    }
}

const fn assert_new(columns: &[Column], new: usize) {
    let mut known = 0;
    while known < new {
        // Not `panic!`, with which the compiler's error shows lines of the standard library where their source is installed.
        let is_new = if is_same(columns[known].name, columns[new].name) { None } else { Some(()) };
        is_new
            .expect("an embedded struct brings a column whose name is taken: give its field `embed = \"…\"`, a prefix");
        known += 1;
    }
}

const fn is_same(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len() != right.len() {
        return false;
    }
    let mut at = 0;
    while at < left.len() {
        if left[at] != right[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// Compares each column of an embedded struct, of which the first is given, with those of a value.
pub fn equals<M: Model, E: Embed>(first: (u16, Alias), value: &E) -> Expr<Option<bool>> {
    let values = (0..E::__COLUMNS.len()).map(|column| Node::Bind(value.__column(column)));
    let columns = nodes::<M, E>(first).zip(values).map(|(column, value)| Node::equals(column, value));
    Expr::new(columns.reduce(Node::and).expect("an embedded struct has columns"))
}

/// Lists the columns of an embedded struct.
fn positions<E: Embed>((first, _): (u16, Alias)) -> std::ops::Range<u16> {
    #[expect(clippy::cast_possible_truncation, reason = "a table's columns are counted in 16 bits")]
    let width = E::__COLUMNS.len() as u16;
    first..first + width
}

fn nodes<M: Model, E: Embed>(first: (u16, Alias)) -> impl Iterator<Item = Node> {
    positions::<E>(first).map(move |column| Node::Column { mapper: M::__mapper(), column, alias: first.1 })
}

/// Names the columns of an embedded struct where columns of its model are named.
pub fn list<E: Embed>(first: (u16, Alias), columns: &mut Vec<u16>) {
    columns.extend(positions::<E>(first));
}

/// Orders by the columns of an embedded struct.
pub fn order<M: Model, E: Embed>(first: (u16, Alias), order: &mut Vec<OrderItem>) {
    order.extend(nodes::<M, E>(first).map(OrderItem::new));
}

/// Groups by the columns of an embedded struct.
pub fn group<M: Model, E: Embed>(first: (u16, Alias), group: &mut Vec<Node>) {
    group.extend(nodes::<M, E>(first));
}

/// Gives each column of an embedded struct the one of a value, but what the database computes.
pub(crate) fn sets<M, A: Embedding<M>>(attributes: A, value: &A::Value) -> impl Iterator<Item = (u16, Node)> {
    let first = attributes.__start();
    positions::<A::Value>(first).filter_map(move |column| {
        let place = usize::from(column - first.0);
        let is_computed = A::Value::__COLUMNS[place].computed.is_some();
        (!is_computed).then(|| (column, Node::Bind(value.__column(place))))
    })
}

// --------------------------------------------------------------------------------------------------------------- enums

/// Reads the columns of an enum in a row.
pub fn read_enum<E>(row: &Row<'_>, at: usize, read: fn(UnitValues<'_, '_>) -> Decoded<E>) -> Decoded<E> {
    read(&|column| row.value(at + column)).map_err(|misread| misread.behind(at))
}

/// Reads a field of a variant.
pub fn decode_in_variant<T: SqlType>(values: UnitValues<'_, '_>, column: usize) -> Decoded<T> {
    T::decode(values(column)).map_err(|reason| Misread::new(column, in_variant(reason, values(0))))
}

/// Says of NULL whose it is: not of the query, but of a row whose variant has no such value.
#[cold]
fn in_variant(reason: DecodeError, tag: ValueRef<'_>) -> DecodeError {
    match tag {
        ValueRef::Text(tag) if reason.reason() == IS_NULL => {
            DecodeError::new(format!("it is NULL in a row of the variant `{tag}`, whose field is not an `Option`"))
        }
        _ => reason,
    }
}

/// Says that a tag is of no variant.
#[cold]
pub fn unknown_tag<T>(tag: ValueRef<'_>, name: &str, labels: &[&str]) -> Decoded<T> {
    let reason = match tag {
        ValueRef::Text(tag) => {
            let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
            DecodeError::new(format!("{tag:?} is no variant of `{name}`, which has {}", labels.join(", ")))
        }
        other => DecodeError::mismatch(&format!("the tag of a variant of `{name}`"), other),
    };
    Err(Misread::new(0, reason))
}

/// Sets a column of an enum that the variant at hand does not have: the tag, which can only stay, or that of another
/// variant's field, which is NULL.
pub fn set_outside<E: Embed>(value: &E, column: usize, new: ValueRef<'_>) -> Result<(), DecodeError> {
    let Value::Text(tag) = value.__column(0) else { unreachable!("a tag is text") };
    let is_kept = match new {
        ValueRef::Text(new) => column == 0 && new == tag,
        ValueRef::Null => column != 0,
        _ => false,
    };
    if is_kept {
        return Ok(());
    }
    let field = E::__COLUMNS[column].field;
    Err(DecodeError::new(match column {
        0 => format!("`{field}` changes with the fields of the variant, by giving another value of the enum"),
        _ => format!("the variant `{tag}` has no `{field}`"),
    }))
}

/// Compares the tag of an enum.
pub fn is_variant<M: Model>((column, alias): (u16, Alias), label: &'static str) -> Expr<bool> {
    let tag = Node::Column { mapper: M::__mapper(), column, alias };
    Expr::new(Node::equals(tag, Node::Bind(Value::Text(label.to_owned()))))
}
