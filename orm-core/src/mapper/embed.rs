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
/// `Option` is implemented too: a field that may hold none, whose columns are then all NULL.
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
    note = "add `#[derive(Embed)]` to it"
)]
pub trait Embed: RowType<Managed = Self> + Clone + Sync {
    /// The type of its field in a model's constant: an attribute for each of its fields.
    type Attributes<M>: Copy + Send + Sync;

    /// The same where the field is an `Option`: each column may be NULL.
    type OptionalAttributes<M>: Copy + Send + Sync;

    #[doc(hidden)]
    const __COLUMNS: &'static [Column];

    #[doc(hidden)]
    const __IS_OPTIONAL: bool = false;

    #[doc(hidden)]
    fn __column(&self, column: usize) -> Value;

    #[doc(hidden)]
    fn __set_column(&mut self, column: usize, value: ValueRef<'_>) -> Result<(), DecodeError>;

    /// Sets columns that change together, of which this is the first: those of an enum, or of an `Option`.
    #[doc(hidden)]
    fn __set_unit(&mut self, _first: usize, _values: UnitValues<'_, '_>) -> Decoded<()> {
        unreachable!("a struct that embeds no enum and no `Option` has no columns that change together")
    }

    /// Makes a value of all its columns.
    #[doc(hidden)]
    fn __of_columns(values: UnitValues<'_, '_>) -> Decoded<Self>;

    /// Whether these columns are those of no value.
    #[doc(hidden)]
    fn __is_none(values: UnitValues<'_, '_>) -> bool {
        (0..Self::__COLUMNS.len()).all(|column| values(column).is_null())
    }
}

/// Its columns are NULL together.
impl<E: Embed> Embed for Option<E> {
    type Attributes<M> = E::OptionalAttributes<M>;
    type OptionalAttributes<M> = E::OptionalAttributes<M>;

    const __COLUMNS: &'static [Column] = E::__COLUMNS;
    const __IS_OPTIONAL: bool = true;

    fn __column(&self, column: usize) -> Value {
        match self {
            Some(value) => value.__column(column),
            None => Value::Null(E::__COLUMNS[column].kind),
        }
    }

    fn __set_column(&mut self, column: usize, value: ValueRef<'_>) -> Result<(), DecodeError> {
        match self {
            // The only column is all there is.
            _ if E::__COLUMNS.len() == 1 => {
                *self = Self::__of_columns(&|_| value).map_err(|misread| misread.reason)?;
                Ok(())
            }
            Some(inner) => inner.__set_column(column, value),
            None if value.is_null() => Ok(()),
            None => {
                let field = E::__COLUMNS[column].field;
                Err(DecodeError::new(format!("`{field}` is a part of what is `None`: give the whole of it")))
            }
        }
    }

    fn __set_unit(&mut self, _first: usize, values: UnitValues<'_, '_>) -> Decoded<()> {
        *self = Self::__of_columns(values)?;
        Ok(())
    }

    fn __of_columns(values: UnitValues<'_, '_>) -> Decoded<Self> {
        if E::__is_none(values) { Ok(None) } else { E::__of_columns(values).map(Some) }
    }
}

/// An embedded struct or enum in a model `M`: what `User.home` is. The derive makes it.
///
/// It can be selected, compared by `eq`, and named wherever columns are: in `do_update`, `bulk_update`, `refresh_attributes`,
/// `order_by` and `group_by`, which take its columns in their order; `set_embedded` sets all of them. One whose field is an
/// `Option` can be asked by `is_null` and `is_not_null` as well.
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
    is_optional: bool,
}

impl Embedded {
    /// One in this field, whose columns have this before their names.
    ///
    /// # Panics
    ///
    /// Panics, while the model is compiled, for an `Option` that could not be told from a value.
    pub const fn new<E: Embed>(field: &'static str, prefix: &'static str) -> Self {
        if E::__IS_OPTIONAL {
            assert_tells_none(E::__COLUMNS);
        }
        Embedded { columns: E::__COLUMNS, field, prefix, is_optional: E::__IS_OPTIONAL }
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
        let Embedded { columns, field, prefix, .. } = embedded[part];
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
        let is_optional = embedded[part].is_optional;
        let mut column = 0;
        while column < embedded[part].columns.len() {
            let (field, name) = embedded[part].lengths(column);
            all[at] = embedded[part].columns[column];
            if is_optional {
                all[at].nullable = true;
                all[at].unit = if column == 0 { embedded[part].columns.len() as u16 } else { 0 };
            }
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

/// Checks that no value has NULL in all columns, and that nothing but the program fills one.
const fn assert_tells_none(columns: &[Column]) {
    // That of a struct with mistakes, which has been told.
    if columns.is_empty() {
        return;
    }
    let (mut column, mut is_told) = (0, None);
    while column < columns.len() {
        if !columns[column].nullable {
            is_told = Some(());
        }
        let it = columns[column].extras;
        let is_filled = it.server_default.is_some()
            || it.computed.is_some()
            || it.sequence.is_some()
            || it.on_update.is_some()
            || it.server_onupdate;
        let is_free = if is_filled { None } else { Some(()) };
        is_free.expect(
            "a struct in an `Option` has a field with `server_default`, `computed`, `sequence` or `on_update`, which fills its column \
             in every row: also where there is none",
        );
        column += 1;
    }
    is_told.expect(
        "a struct in an `Option` has nothing but `Option`s, so that it cannot be told from none: embed it without `Option`",
    );
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

/// Compares each column with those of a value, or with those of none.
pub fn equals_optional<M: Model, E: Embed>(first: (u16, Alias), value: Option<&E>) -> Expr<Option<bool>> {
    match value {
        Some(value) => equals::<M, E>(first, value),
        None => Expr::new(is_missing::<M, E>(first, false).node),
    }
}

/// Asks whether there is a value, by the first column that each has.
pub fn is_missing<M: Model, E: Embed>((first, alias): (u16, Alias), negated: bool) -> Expr<bool> {
    let told = (first..).zip(E::__COLUMNS).find(|(_, column)| !column.nullable);
    let (column, _) = told.expect("checked when the model was compiled");
    let operand = Box::new(Node::Column { mapper: M::__mapper(), column, alias });
    Expr::new(Node::IsNull { operand, negated })
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

/// Reads a field of a struct.
pub fn decode_of_columns<T: SqlType>(values: UnitValues<'_, '_>, column: usize) -> Decoded<T> {
    T::decode(values(column)).map_err(|reason| Misread::new(column, reason))
}

/// Reads a struct or an enum in a struct, whose columns begin here.
pub fn embedded_of_columns<E: Embed>(values: UnitValues<'_, '_>, first: usize) -> Decoded<E> {
    E::__of_columns(&|column| values(first + column)).map_err(|misread| misread.behind(first))
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
