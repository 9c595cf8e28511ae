//! Whether an expression may be NULL, as a type: `Option<T>` on either side of an operator makes an `Option` of its result.

use crate::types::SqlType;

/// Whether a type takes NULL: [`Nullable`] for `Option<T>`, [`NotNull`] for every other [`SqlType`].
///
/// The idea is SQL's own: an operator gives NULL when one of its operands is.
pub trait Nullness: Send + Sync + 'static {
    /// What an operator with another operand gives.
    type Or<Other: Nullness>: Nullness;

    /// `T` if it is never NULL, else `Option<T>`.
    type Of<T: SqlType>: SqlType;
}

/// A type with NULL: `Option<T>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is never NULL",
    label = "expected what may be NULL, such as a column of an `Option`",
    note = "what is never NULL needs nothing in its place; where an outer join makes it NULL, say so: `.type_coerce::<Option<i64>>()`"
)]
pub trait MaybeNull: SqlType {
    /// The type of what is not NULL.
    type Value: SqlType;
}
impl<T: SqlType> MaybeNull for Option<T> {
    type Value = T;
}

/// Never NULL.
#[derive(Clone, Copy, Debug)]
pub struct NotNull;

/// Perhaps NULL.
#[derive(Clone, Copy, Debug)]
pub struct Nullable;

impl Nullness for NotNull {
    type Or<Other: Nullness> = Other;
    type Of<T: SqlType> = T;
}
impl Nullness for Nullable {
    type Or<Other: Nullness> = Nullable;
    type Of<T: SqlType> = Option<T>;
}

/// A `T`, or an `Option<T>` if the operand `L` may be NULL.
pub type Like<L, T> = <<L as SqlType>::Null as Nullness>::Of<T>;

/// What an operator over an `L` and an operand of nullness `R` gives: a `T` or an `Option<T>`.
pub type Combined<L, R, T> = <<<L as SqlType>::Null as Nullness>::Or<R> as Nullness>::Of<T>;
