//! What a statement selects ([`Selectable`]), one row of it ([`Row`]) and what that becomes ([`RowType`]).

use orm_pool::driver;

use super::{Attribute, Model};
use crate::session::Objects;
use crate::sql::{Expr, Node, Output};
use crate::types::{DecodeError, SqlType};

/// A row of a statement: what the driver gives, and which positions the statement has left empty.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    row: &'a driver::Row<'a>,
    /// In rising order.
    left_out: &'a [u32],
}

impl<'a> Row<'a> {
    /// A row of a statement that has left these positions empty.
    #[inline]
    pub(crate) fn new(row: &'a driver::Row<'a>, left_out: &'a [u32]) -> Self {
        Row { row, left_out }
    }

    /// Fails unless the row has so many columns: SQL text may give fewer than it was said to.
    pub(crate) fn has_columns(&self, wanted: usize) -> Decoded<()> {
        let given = self.row.len();
        if given >= wanted {
            return Ok(());
        }
        let reason = format!("the statement gives {given} of the {wanted} columns that a row takes");
        Err(Misread::new(given, DecodeError::new(reason)))
    }

    /// Returns whether there is NULL at this position because the column was not asked for.
    #[inline]
    pub fn is_left_out(&self, at: usize) -> bool {
        !self.left_out.is_empty() && self.left_out.binary_search(&(at as u32)).is_ok()
    }
}

impl<'a> std::ops::Deref for Row<'a> {
    type Target = driver::Row<'a>;

    #[inline]
    fn deref(&self) -> &driver::Row<'a> {
        self.row
    }
}

/// What a row becomes, or which of its columns could not be read and why.
pub type Decoded<T> = Result<T, Box<Misread>>;

/// A column of a row that does not become its Rust value.
#[derive(Debug)]
pub struct Misread {
    pub(crate) column: usize,
    pub(crate) reason: DecodeError,
}

impl Misread {
    #[cold]
    pub(crate) fn new(column: usize, reason: DecodeError) -> Box<Self> {
        Box::new(Misread { column, reason })
    }

    /// Says the column's place in a row, of which its place so far is behind this one.
    pub(crate) fn behind(mut self: Box<Self>, at: usize) -> Box<Self> {
        self.column += at;
        self
    }
}

/// Reads one column.
#[inline]
pub fn decode_column<T: SqlType>(row: &Row<'_>, at: usize) -> Decoded<T> {
    T::decode(row.value(at)).map_err(|reason| Misread::new(at, reason))
}

/// Readers of columns that follow each other. They are functions of so many types, rather than one of a tuple: the compiler
/// then says of which field the type is no column's.
macro_rules! decode_columns {
    ($decode:ident, $($name:ident $index:tt),*) => {
        /// Reads columns that follow each other.
        // A call for each would be seen in the time of a row.
        #[inline(always)]
        pub fn $decode<$($name: SqlType),*>(row: &Row<'_>, at: usize) -> Decoded<($($name,)*)> {
            Ok(($(decode_column::<$name>(row, at + $index)?,)*))
        }
    };
}
decode_columns!(decode_columns_1, A 0);
decode_columns!(decode_columns_2, A 0, B 1);
decode_columns!(decode_columns_3, A 0, B 1, C 2);
decode_columns!(decode_columns_4, A 0, B 1, C 2, D 3);
decode_columns!(decode_columns_5, A 0, B 1, C 2, D 3, E 4);
decode_columns!(decode_columns_6, A 0, B 1, C 2, D 3, E 4, F 5);

/// Changes a field to the value of its column.
pub fn set_column<T: SqlType>(field: &mut T, value: orm_pool::ValueRef<'_>) -> Result<(), DecodeError> {
    *field = T::decode(value)?;
    Ok(())
}

/// Reads one column that may be left out.
#[inline]
pub fn decode_deferred<T: SqlType>(row: &Row<'_>, at: usize) -> Decoded<Option<T>> {
    if row.is_left_out(at) { Ok(None) } else { decode_column(row, at).map(Some) }
}

/// Reads the next field of a struct with `#[derive(Row)]`.
#[inline]
pub fn next_value<R: RowType>(row: &Row<'_>, at: &mut usize) -> Decoded<R> {
    let value = R::__value(row, *at);
    *at += R::__width();
    value
}

/// Says so of the next field of a struct with `#[derive(Row)]`: an outer join found nothing there.
#[inline]
pub fn next_is_null<R: RowType>(row: &Row<'_>, at: &mut usize) -> bool {
    let is_null = R::__is_null(row, *at);
    *at += R::__width();
    is_null
}

/// What one row becomes: `Self` from an engine or a connection, `Managed` from a session.
///
/// Implemented for models, for the types that columns hold, for `Option` and for tuples of these.
///
/// ```
/// # use orm_core::{Engine, Error, RowType, Select, func, literal, metadata, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String }
/// async fn page<R: RowType>(query: Select<R>, engine: &Engine, number: u64) -> Result<Vec<R>, Error> {
///     query.limit(20).offset(20 * number).all(engine).await
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![User].create_all(&engine).await?;
/// let users: Vec<User> = page(select(User), &engine, 0).await?;
/// let pairs: Vec<(i64, Option<String>)> = page(select((func::count_all(), func::max(User.name))), &engine, 0).await?;
/// assert_eq!((users.len(), pairs), (0, vec![(0, None)]));
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(message = "a row does not become a `{Self}`")]
pub trait RowType: Sized + Send + 'static {
    /// What a session gives: a handle for a model, the value itself for a column.
    type Managed: Send + 'static;

    #[doc(hidden)]
    fn __width() -> usize;

    #[doc(hidden)]
    fn __value(row: &Row<'_>, at: usize) -> Decoded<Self>;

    #[doc(hidden)]
    fn __managed(row: &Row<'_>, at: usize, objects: &mut Objects) -> Decoded<Self::Managed>;

    /// Whether an outer join found nothing here.
    #[doc(hidden)]
    fn __is_null(row: &Row<'_>, at: usize) -> bool;

    /// Shows each object of the row, with its position among what is selected, to a loader of relationships.
    #[doc(hidden)]
    fn __objects<'a>(&'a mut self, _position: usize, _visit: &mut dyn FnMut(usize, &'a mut dyn super::Object)) {}
}

impl<R: RowType> RowType for Option<R> {
    type Managed = Option<R::Managed>;

    fn __width() -> usize {
        R::__width()
    }

    #[inline]
    fn __value(row: &Row<'_>, at: usize) -> Decoded<Self> {
        if R::__is_null(row, at) { Ok(None) } else { R::__value(row, at).map(Some) }
    }

    #[inline]
    fn __managed(row: &Row<'_>, at: usize, objects: &mut Objects) -> Decoded<Self::Managed> {
        if R::__is_null(row, at) { Ok(None) } else { R::__managed(row, at, objects).map(Some) }
    }

    fn __is_null(row: &Row<'_>, at: usize) -> bool {
        R::__is_null(row, at)
    }

    fn __objects<'a>(&'a mut self, position: usize, visit: &mut dyn FnMut(usize, &'a mut dyn super::Object)) {
        if let Some(inner) = self {
            inner.__objects(position, visit);
        }
    }
}

/// What can stand in `select(…)`: a model, a column, an expression, [`optional`] of these, or a tuple.
///
/// ```
/// # use orm_core::{Dialect, Select, Selectable, func, optional, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String }
/// fn newest<S: Selectable>(what: S) -> Select<S::Row> {
///     select(what).order_by(User.id.desc()).limit(1)
/// }
/// let model: Select<User> = newest(User);
/// let column: Select<String> = newest(User.name);
/// let tuple: Select<(User, String)> = newest((User, func::upper(User.name)));
/// # for sql in [model.to_sql(Dialect::Sqlite), column.to_sql(Dialect::Sqlite), tuple.to_sql(Dialect::Sqlite)] {
/// #     assert!(sql.ends_with("FROM user ORDER BY user.id DESC LIMIT ?"), "{sql}");
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be selected",
    label = "expected a model such as `User`, a column such as `User.name`, an expression, or a tuple of these",
    note = "what is selected is given as a value and not as a type: `select(User)`"
)]
pub trait Selectable: Send + 'static {
    /// What a row becomes.
    type Row: RowType;

    /// How many outputs there will be, as far as that is known.
    #[doc(hidden)]
    const __OUTPUTS: usize = 1;

    #[doc(hidden)]
    fn __outputs(self, outputs: &mut Vec<Output>);
}

impl<M: Model, T: SqlType> Selectable for Attribute<M, T> {
    type Row = T;

    fn __outputs(self, outputs: &mut Vec<Output>) {
        outputs.push(Output::typed::<T>(Node::column(self)));
    }
}

impl<T: SqlType> Selectable for Expr<T> {
    type Row = T;

    fn __outputs(self, outputs: &mut Vec<Output>) {
        outputs.push(Output::typed::<T>(self.node));
    }
}

/// What [`optional`] gives.
#[derive(Clone, Copy, Debug)]
pub struct Optional<S>(S);

/// Selects what an outer join may not find: a row becomes `Option<…>`.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{select, optional, HasMany, BelongsTo, Dialect, Select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, addresses: HasMany<Address> }
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Address { #[orm(primary_key)] id: i64, #[orm(foreign_key = User.id)] user_id: i64, user: BelongsTo<User> }
/// let pairs: Select<(User, Option<Address>)> = select((User, optional(Address))).outerjoin(User.addresses);
/// # let _ = pairs.to_sql(Dialect::Sqlite);
/// ```
pub fn optional<S: Selectable>(selected: S) -> Optional<S> {
    Optional(selected)
}

impl<S: Selectable> Selectable for Optional<S> {
    type Row = Option<S::Row>;

    const __OUTPUTS: usize = S::__OUTPUTS;

    fn __outputs(self, outputs: &mut Vec<Output>) {
        let first = outputs.len();
        self.0.__outputs(outputs);
        for output in &mut outputs[first..] {
            output.make_optional();
        }
    }
}

macro_rules! tuples {
    ($($name:ident $index:tt),*) => {
        impl<$($name: RowType),*> RowType for ($($name,)*) {
            type Managed = ($($name::Managed,)*);

            fn __width() -> usize {
                0 $(+ $name::__width())*
            }

            #[inline]
            #[allow(non_snake_case, unused_assignments, reason = "one variable per member, named after it")]
            fn __value(row: &Row<'_>, mut at: usize) -> Decoded<Self> {
                $( let $name = $name::__value(row, at)?; at += $name::__width(); )*
                Ok(($($name,)*))
            }

            #[inline]
            #[allow(non_snake_case, unused_assignments, reason = "one variable per member, named after it")]
            fn __managed(row: &Row<'_>, mut at: usize, objects: &mut Objects) -> Decoded<Self::Managed> {
                $( let $name = $name::__managed(row, at, objects)?; at += $name::__width(); )*
                Ok(($($name,)*))
            }

            #[allow(unused_assignments, reason = "the last width is not needed")]
            fn __is_null(row: &Row<'_>, mut at: usize) -> bool {
                $( if !$name::__is_null(row, at) { return false; } at += $name::__width(); )*
                true
            }

            fn __objects<'a>(&'a mut self, position: usize, visit: &mut dyn FnMut(usize, &'a mut dyn super::Object)) {
                $( self.$index.__objects(position + $index, visit); )*
            }
        }
        impl<$($name: Selectable),*> Selectable for ($($name,)*) {
            type Row = ($($name::Row,)*);

            const __OUTPUTS: usize = 0 $(+ $name::__OUTPUTS)*;

            fn __outputs(self, outputs: &mut Vec<Output>) {
                $( self.$index.__outputs(outputs); )*
            }
        }
    };
}
tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);
tuples!(A 0, B 1, C 2, D 3, E 4);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);
