//! [`Model`]: what `#[derive(Model)]` implements, and the constant of its attributes, an [`Entity`].

use orm_pool::{Value, ValueRef};

use super::{Decoded, Mapper, Misread, RelationField, Row, RowType, Selectable, UnitValues};
use crate::session::Handle;
use crate::sql::IntoValue;
use crate::types::{DecodeError, SqlType};

/// A struct whose values are rows of a table.
///
/// Derive it; the hidden items are for generated code alone and change without notice.
///
/// ```
/// # use orm_core as orm;
/// use orm_core::{Model, select, Dialect};
///
/// #[derive(Clone, Debug, orm_derive::Model)]
/// struct User {
///     #[orm(primary_key)]
///     id: i64,
///     name: String,
/// }
///
/// assert_eq!(select(User.name).to_sql(Dialect::Sqlite), "SELECT user.name FROM user");
/// ```
#[diagnostic::on_unimplemented(message = "`{Self}` is not a model", note = "add `#[derive(Model)]` to it")]
pub trait Model: RowType<Managed = Handle<Self>> + Sized + Send + Sync + 'static {
    /// The type of the constant that bears the struct's name.
    type Attributes: Entity<Model = Self> + Copy + Send + Sync;
    /// The type of the primary key: the column's type, or a tuple of them.
    type Key: Key;
    /// What [`builder`](Self::builder) gives.
    type Builder;
    /// The attributes, for generic code; elsewhere write the struct's name.
    ///
    /// ```
    /// # use orm_core::{Engine, Error, Model, metadata, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// async fn everything<M: Model>(engine: &Engine) -> Result<Vec<M>, Error> {
    ///     select(M::ATTRIBUTES).all(engine).await
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// assert!(everything::<User>(&engine).await?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    const ATTRIBUTES: Self::Attributes;

    /// Starts a new object, whose fields are then set by name.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, insert, metadata, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String, fullname: Option<String> }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let wendy = User::builder().name("wendy").fullname("Wendy Weathersmith");
    /// let ed = User::builder().name("ed"); // `id` is generated, and an `Option` may be left out as well
    /// insert(User).values(vec![ed]).execute(&engine).await?;
    /// insert(User).values(wendy).execute(&engine).await?;
    /// assert_eq!(select(User.id).filter(User.fullname.is_null()).all(&engine).await?, [1]);
    /// # Ok(())
    /// # }
    /// ```
    fn builder() -> Self::Builder;

    #[doc(hidden)]
    fn __mapper() -> &'static Mapper;

    #[doc(hidden)]
    fn __column(&self, column: usize) -> Value;

    #[doc(hidden)]
    fn __set_column(&mut self, column: usize, value: ValueRef<'_>) -> Result<(), DecodeError>;

    /// Sets columns that change together, of which this is the first.
    #[doc(hidden)]
    fn __set_unit(&mut self, _first: usize, _values: UnitValues<'_, '_>) -> Decoded<()> {
        unreachable!("a model that embeds no enum and no `Option` has no columns that change together")
    }

    /// What a builder fills a column with that is not set.
    #[doc(hidden)]
    fn __default(_column: usize) -> Option<Value> {
        None
    }

    /// Whether a column is not here; one that is not has no value, and `__column` gives NULL for it.
    #[doc(hidden)]
    fn __is_left_out(&self, _column: usize) -> bool {
        false
    }

    /// Forgets the value of a column that may be left out.
    #[doc(hidden)]
    fn __leave_out(&mut self, _column: usize) {}

    #[doc(hidden)]
    fn __copy(&self) -> Self;

    #[doc(hidden)]
    fn __relation(&self, relationship: usize) -> &dyn RelationField;

    #[doc(hidden)]
    fn __relation_mut(&mut self, relationship: usize) -> &mut dyn RelationField;
}

/// The constant of a model: what `User` is as a value.
///
/// ```
/// # use orm_core::{Engine, Entity, Error, metadata, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String }
/// async fn is_empty(model: impl Entity, engine: &Engine) -> Result<bool, Error> {
///     Ok(!select(model).exists(engine).await?)
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![User].create_all(&engine).await?;
/// assert!(is_empty(User, &engine).await?);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a model",
    label = "expected the name of a model, such as `User`",
    note = "the name is given as a value and not as a type: `session.get(User, 1)` and `select(User)`",
    note = "code for any model takes it as `entity: A`, where `A: Entity`"
)]
pub trait Entity: Selectable<Row = <Self as Entity>::Model> {
    /// The model.
    type Model: Model<Attributes = Self>;

    #[doc(hidden)]
    fn __alias_of(&self) -> super::Alias;
}

/// The type of a primary key.
pub trait Key: Send + 'static {
    #[doc(hidden)]
    fn __values(self) -> Vec<Value>;
}

/// A value for a primary key: the key itself, or what a column of its type takes.
///
/// ```
/// # use orm_core::{Engine, Session, metadata};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Country { #[orm(primary_key)] code: String, name: String }
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Seat { #[orm(primary_key)] hall: i64, #[orm(primary_key)] number: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![Country, Seat].create_all(&engine).await?;
/// let mut session = Session::new(&engine);
/// session.add(Country { code: "nl".into(), name: "the Netherlands".into() });
/// session.add(Seat { hall: 1, number: 7 });
/// session.flush().await?;
/// assert!(session.get(Country, "nl").await?.is_some()); // a `&str` for a `String`
/// assert!(session.get(Seat, (1, 7)).await?.is_some()); // a tuple for a key of two columns
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(message = "`{Self}` is not a key of type `{K}`")]
pub trait IntoKey<K> {
    #[doc(hidden)]
    fn __into_key(self) -> Vec<Value>;
}

impl<K: SqlType> Key for K {
    fn __values(self) -> Vec<Value> {
        vec![self.encode()]
    }
}

impl<K: SqlType, V: IntoValue<K>> IntoKey<K> for V {
    fn __into_key(self) -> Vec<Value> {
        vec![self.into_value().encode()]
    }
}

macro_rules! tuple_keys {
    ($($key:ident $value:ident $index:tt),*) => {
        impl<$($key: SqlType),*> Key for ($($key,)*) {
            fn __values(self) -> Vec<Value> {
                vec![$(self.$index.encode()),*]
            }
        }
        impl<$($key: SqlType, $value: IntoValue<$key>),*> IntoKey<($($key,)*)> for ($($value,)*) {
            fn __into_key(self) -> Vec<Value> {
                vec![$(self.$index.into_value().encode()),*]
            }
        }
    };
}
tuple_keys!(A VA 0, B VB 1);
tuple_keys!(A VA 0, B VB 1, C VC 2);
tuple_keys!(A VA 0, B VB 1, C VC 2, D VD 3);
tuple_keys!(A VA 0, B VB 1, C VC 2, D VD 3, E VE 4);
tuple_keys!(A VA 0, B VB 1, C VC 2, D VD 3, E VE 4, F VF 5);

/// Reads every column of a row into an object that exists, and leaves its relationships alone. What the row has left out
/// is not known any more.
pub(crate) fn reload<M: Model>(object: &mut M, row: &Row<'_>, at: usize) -> Decoded<()> {
    for columns in M::__mapper().definition().units() {
        let first = columns.start;
        if row.is_left_out(at + first) {
            object.__leave_out(first);
        } else if columns.len() == 1 {
            object.__set_column(first, row.value(at + first)).map_err(|reason| Misread::new(at + first, reason))?;
        } else {
            let set = object.__set_unit(first, &|column| row.value(at + first + column));
            set.map_err(|misread| misread.behind(at + first))?;
        }
    }
    Ok(())
}
