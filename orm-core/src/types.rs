//! Which Rust types a column can hold: [`SqlType`], and the implementations for the types of the standard library.
//!
//! In: a Rust value, or a [`ValueRef`] of a row. Out: a [`Value`] for a parameter, or the Rust value. The types of other
//! crates stand in `types/`, each behind its feature.

mod array;
#[cfg(feature = "chrono")]
mod chrono;
#[cfg(any(feature = "chrono", feature = "time", feature = "jiff"))]
mod civil;
mod column_type;
#[cfg(feature = "rust_decimal")]
mod decimal;
#[cfg(feature = "jiff")]
mod jiff;
#[cfg(feature = "json")]
mod json;
mod net;
mod range;
mod row_value;
mod span;
#[cfg(feature = "time")]
mod time;
#[cfg(feature = "uuid")]
mod uuid;

pub use array::ArrayElement;
pub(crate) use array::elements as array_elements;
pub use column_type::ColumnType;
#[cfg(feature = "json")]
pub use json::Json;
pub(crate) use net::is_of_database;
use orm_pool::{Kind, Value, ValueRef};
pub(crate) use range::ends as range_ends;
pub use range::{Range, RangeElement};
pub(crate) use row_value::RowValue;
pub(crate) use span::micros as span_micros;

use crate::mapper::RowType;
use crate::sql::{NotNull, Nullable, Nullness};

/// What is wrong with NULL in a row.
pub(crate) const IS_NULL: &str = "it is NULL, and the Rust type is not an `Option`";

/// Why a value of a row does not become a Rust value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError(Box<str>);

impl DecodeError {
    /// Says why, such as `expected text, found integer 7`.
    pub fn new(reason: impl Into<String>) -> Self {
        DecodeError(reason.into().into_boxed_str())
    }

    /// The value is of another type than the Rust type can take.
    #[cold]
    pub fn mismatch(expected: &str, found: ValueRef<'_>) -> Self {
        match found {
            ValueRef::Null => DecodeError::new(IS_NULL),
            ValueRef::Int(value) => DecodeError::new(format!("expected {expected}, found the integer {value}")),
            ValueRef::Text(value) => {
                let shown: String = value.chars().take(40).collect();
                DecodeError::new(format!("expected {expected}, found the text {shown:?}"))
            }
            other => DecodeError::new(format!("expected {expected}, found a value of type {}", other.type_name())),
        }
    }

    /// Returns the reason.
    pub fn reason(&self) -> &str {
        &self.0
    }
}

/// A Rust type that a column can hold.
///
/// Implemented for integers, floats, `bool`, `String`, `Vec<u8>`, `std::time::Duration`, `std::net::IpAddr`, `Option` of each,
/// and behind features for `chrono`,
/// `time`, `jiff`, `uuid`, `rust_decimal` and JSON. Derive `SqlEnum` for an enum without fields
/// and `SqlNewtype` for a wrapper. The idea is SQLAlchemy's `TypeDecorator`.
///
/// ```
/// use orm_core::{SqlType, Value};
///
/// assert_eq!(7i64.encode(), Value::Int64(7));
/// assert!(Option::<i64>::None.encode().is_null());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a type that a column can hold",
    note = "derive `SqlEnum` or `SqlNewtype`, or wrap it as `Json<{Self}>`",
    note = "a struct or enum that derives `Embed` is a field with `#[orm(embed)]` or `#[orm(flatten)]`; another model is one as `BelongsTo<{Self}>`, `HasOne<{Self}>` or `HasMany<{Self}>`",
    note = "integers are of 8, 16, 32 or 64 bits with a sign, or of 8, 16 or 32 without: `i64` stands for `u64` and `usize`, and `String` for `char`"
)]
pub trait SqlType: RowType<Managed = Self> + Clone + Send + Sync + 'static {
    /// The type without `Option`, so that `max` and `scalar` of a nullable column do not nest it.
    type Plain: SqlType;

    /// [`Nullable`](crate::Nullable) for `Option`, [`NotNull`](crate::NotNull) for every other type.
    type Null: Nullness;

    /// Whether the column may hold NULL.
    const NULLABLE: bool = false;

    /// The type of the parameter, for NULL.
    const KIND: Kind;

    /// Returns what the column is declared as.
    fn column_type() -> ColumnType;

    /// Returns the value as a parameter.
    fn encode(&self) -> Value;

    /// Makes the value of what a row holds.
    ///
    /// # Errors
    ///
    /// Fails when the row holds something else, with a reason that says what was expected and what was found.
    fn decode(value: ValueRef<'_>) -> Result<Self, DecodeError>;
}

/// What a field holds until the database has filled it: a generated key, a server default, a foreign key that a
/// relationship fills.
///
/// Implemented for every built-in type, and by the derives for enums (their first variant) and newtypes.
#[diagnostic::on_unimplemented(
    message = "a builder cannot leave out a field of type `{Self}`",
    note = "implement `orm::Placeholder` for it: the value that the field shows until the database has filled it"
)]
pub trait Placeholder {
    /// Returns the value.
    fn placeholder() -> Self;
}

impl<T> Placeholder for Option<T> {
    fn placeholder() -> Self {
        None
    }
}

/// A number, for arithmetic.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a number",
    note = "a number that is kept as something else becomes one by `.cast::<f64>()`"
)]
pub trait Numeric: SqlType {
    /// The type of an average of them.
    type Mean: SqlType;
}
impl<T: Numeric> Numeric for Option<T> {
    type Mean = T::Mean;
}

/// A whole number, for `bit_and` and its kin.
pub trait Integer: Numeric {}
impl<T: Integer> Integer for Option<T> {}

/// Text, for `like` and its kin.
pub trait Textual: SqlType {}
impl Textual for String {}
impl<T: Textual> Textual for Option<T> {}

impl<T: SqlType> SqlType for Option<T> {
    type Plain = T::Plain;
    type Null = Nullable;
    const NULLABLE: bool = true;
    const KIND: Kind = T::KIND;

    fn column_type() -> ColumnType {
        T::column_type()
    }

    fn encode(&self) -> Value {
        match self {
            Some(value) => value.encode(),
            None => Value::Null(T::KIND),
        }
    }

    #[inline]
    fn decode(value: ValueRef<'_>) -> Result<Self, DecodeError> {
        if value.is_null() { Ok(None) } else { T::decode(value).map(Some) }
    }
}

/// Implements [`RowType`] for a type that fills one column; every [`SqlType`] needs it.
///
/// A blanket implementation would overlap with the one for `Option`.
#[macro_export]
macro_rules! row_type {
    ($({$($generics:tt)*})? $type:ty) => {
        impl$(<$($generics)*>)? $crate::RowType for $type {
            type Managed = $type;
            fn __width() -> usize {
                1
            }
            #[inline]
            fn __value(row: &$crate::__private::Row<'_>, at: usize) -> $crate::__private::Decoded<Self> {
                $crate::__private::decode_column(row, at)
            }
            #[inline]
            fn __managed(
                row: &$crate::__private::Row<'_>,
                at: usize,
                _objects: &mut $crate::__private::Objects,
            ) -> $crate::__private::Decoded<Self> {
                $crate::__private::decode_column(row, at)
            }
            #[inline]
            fn __is_null(row: &$crate::__private::Row<'_>, at: usize) -> bool {
                row.value(at).is_null()
            }
        }
    };
}

macro_rules! integers {
    ($($type:ty, $column:ident, $kind:ident, $name:literal;)*) => { $(
        row_type!($type);
        impl Numeric for $type {
            type Mean = f64;
        }
        impl Integer for $type {}
        impl Placeholder for $type {
            fn placeholder() -> Self { 0 }
        }
        impl SqlType for $type {
            type Plain = $type;
            type Null = NotNull;
            const KIND: Kind = Kind::$kind;
            fn column_type() -> ColumnType { ColumnType::$column }
            fn encode(&self) -> Value { Value::$kind((*self).into()) }
            #[inline]
            fn decode(value: ValueRef<'_>) -> Result<Self, DecodeError> {
                match value {
                    ValueRef::Int(value) => <$type>::try_from(value).map_err(|_| {
                        DecodeError::new(format!("{value} does not fit into {}", $name))
                    }),
                    // PostgreSQL and MySQL add integers up to a decimal number.
                    ValueRef::Decimal(value) => value.parse().map_err(|_| {
                        DecodeError::new(format!("{value} does not fit into {}", $name))
                    }),
                    other => Err(DecodeError::mismatch("an integer", other)),
                }
            }
        }
    )* };
}
integers! {
    i8, SmallInteger, Int16, "i8";
    i16, SmallInteger, Int16, "i16";
    i32, Integer, Int32, "i32";
    i64, BigInteger, Int64, "i64";
    u8, SmallInteger, Int16, "u8";
    u16, Integer, Int32, "u16";
    u32, BigInteger, Int64, "u32";
}

macro_rules! floats {
    ($($type:ty, $column:ident, $kind:ident;)*) => { $(
        row_type!($type);
        impl Numeric for $type {
            type Mean = f64;
        }
        impl Placeholder for $type {
            fn placeholder() -> Self { 0.0 }
        }
        impl SqlType for $type {
            type Plain = $type;
            type Null = NotNull;
            const KIND: Kind = Kind::$kind;
            fn column_type() -> ColumnType { ColumnType::$column }
            fn encode(&self) -> Value { Value::$kind(*self) }
            #[inline]
            fn decode(value: ValueRef<'_>) -> Result<Self, DecodeError> {
                match value {
                    // A `REAL` column comes as it was stored; SQLite has 64 bits only, and whole numbers may come as integers.
                    ValueRef::Float64(value) => Ok(value as $type),
                    ValueRef::Float32(value) => Ok(value.into()),
                    ValueRef::Int(value) => Ok(value as $type),
                    ValueRef::Decimal(value) => {
                        value.parse().map_err(|_| DecodeError::new(format!("{value} is not a float")))
                    }
                    other => Err(DecodeError::mismatch("a float", other)),
                }
            }
        }
    )* };
}
floats! {
    f32, Real, Float32;
    f64, Double, Float64;
}

row_type!(bool);
impl Placeholder for bool {
    fn placeholder() -> Self {
        false
    }
}
impl SqlType for bool {
    type Plain = bool;
    type Null = NotNull;
    const KIND: Kind = Kind::Bool;

    fn column_type() -> ColumnType {
        ColumnType::Boolean
    }

    fn encode(&self) -> Value {
        Value::Bool(*self)
    }

    #[inline]
    fn decode(value: ValueRef<'_>) -> Result<Self, DecodeError> {
        match value {
            ValueRef::Bool(value) => Ok(value),
            ValueRef::Int(value @ (0 | 1)) => Ok(value == 1),
            other => Err(DecodeError::mismatch("a boolean", other)),
        }
    }
}

row_type!(String);
impl Placeholder for String {
    fn placeholder() -> Self {
        String::new()
    }
}
impl SqlType for String {
    type Plain = String;
    type Null = NotNull;
    const KIND: Kind = Kind::Text;

    fn column_type() -> ColumnType {
        ColumnType::Text
    }

    fn encode(&self) -> Value {
        Value::Text(self.clone())
    }

    #[inline]
    fn decode(value: ValueRef<'_>) -> Result<Self, DecodeError> {
        match value {
            ValueRef::Text(value) => Ok(value.to_owned()),
            ValueRef::Bytes(_) => Err(DecodeError::new("expected text, found bytes")),
            other => Err(DecodeError::mismatch("text", other)),
        }
    }
}

row_type!(Vec<u8>);
impl Placeholder for Vec<u8> {
    fn placeholder() -> Self {
        Vec::new()
    }
}
impl SqlType for Vec<u8> {
    type Plain = Vec<u8>;
    type Null = NotNull;
    const KIND: Kind = Kind::Bytes;

    fn column_type() -> ColumnType {
        ColumnType::LargeBinary
    }

    fn encode(&self) -> Value {
        Value::Bytes(self.clone())
    }

    #[inline]
    fn decode(value: ValueRef<'_>) -> Result<Self, DecodeError> {
        match value {
            ValueRef::Bytes(value) => Ok(value.to_vec()),
            ValueRef::Text(value) => Ok(value.as_bytes().to_vec()),
            other => Err(DecodeError::mismatch("bytes", other)),
        }
    }
}

/// Returns whether two encoded values are the same to the database: floats by their bits, so that NaN equals itself.
pub(crate) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Float64(left), Value::Float64(right)) => left.to_bits() == right.to_bits(),
        (Value::Float32(left), Value::Float32(right)) => left.to_bits() == right.to_bits(),
        _ => left == right,
    }
}

/// Reads a date or a time that a database has written as text.
pub(crate) fn moment(kind: Kind, text: &str) -> Option<Value> {
    #[cfg(any(feature = "chrono", feature = "time", feature = "jiff"))]
    return civil::decode(kind, ValueRef::Text(text)).ok().map(|parts| civil::encode(kind, parts));
    #[cfg(not(any(feature = "chrono", feature = "time", feature = "jiff")))]
    {
        let _ = (kind, text);
        None
    }
}
