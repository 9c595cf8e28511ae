//! What a database holds besides tables: [`Sequence`], [`View`], and the [`EnumType`]s of PostgreSQL.

use crate::types::ColumnType;

/// A sequence of PostgreSQL or MariaDB.
///
/// ```
/// # use orm_core::{Dialect, MetaData, schema::Sequence};
/// let metadata = MetaData::new().sequence(Sequence::new("order_numbers").start(1000).increment(10));
/// assert_eq!(
///     metadata.to_sql(Dialect::Postgres),
///     "CREATE SEQUENCE order_numbers INCREMENT BY 10 START WITH 1000"
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Sequence {
    /// Its schema, if not the default one.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
    /// The type of its numbers, of PostgreSQL: `SmallInteger`, `Integer`, or `BigInteger`, which is what there is when
    /// nothing is said, and all that MariaDB has before version 11.5.
    pub data_type: Option<ColumnType>,
    /// How it counts.
    pub options: Counting,
}

/// How a sequence or an identity column counts; what is `None` is left to the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Counting {
    /// The first value.
    pub start: Option<i64>,
    /// What is added each time.
    pub increment: Option<i64>,
    /// The least value.
    pub minimum: Option<i64>,
    /// The greatest value.
    pub maximum: Option<i64>,
    /// How many values a connection takes at once.
    pub cache: Option<i64>,
    /// Whether it begins again at its end.
    pub is_cycle: bool,
}

impl Counting {
    /// Leaves everything to the database.
    pub const DEFAULT: Counting =
        Counting { start: None, increment: None, minimum: None, maximum: None, cache: None, is_cycle: false };

    /// Leaves out what databases do by themselves: from 1 by 1, to the end of the type.
    pub(crate) fn without_defaults(self) -> Counting {
        let keep = |value: Option<i64>, usual: &[i64]| value.filter(|value| !usual.contains(value));
        let ascends = self.increment.is_none_or(|increment| increment > 0);
        let maxima = [i64::MAX, i64::MAX - 1, i32::MAX.into(), i16::MAX.into()];
        let first = if ascends { self.minimum.unwrap_or(1) } else { self.maximum.unwrap_or(-1) };
        Counting {
            start: keep(self.start, &[first]),
            increment: keep(self.increment, &[1]),
            minimum: if ascends { keep(self.minimum, &[1]) } else { keep(self.minimum, &[i64::MIN, i64::MIN + 1]) },
            maximum: if ascends { keep(self.maximum, &maxima) } else { keep(self.maximum, &[-1]) },
            // MariaDB caches a thousand unless told otherwise, PostgreSQL one.
            cache: keep(self.cache, &[1, 1000]),
            is_cycle: self.is_cycle,
        }
    }
}

impl Sequence {
    /// Returns whether both count the same way; what is left out is as databases do it by themselves.
    pub(crate) fn counts_as(&self, other: &Sequence) -> bool {
        let data_type = |of: &Sequence| of.data_type.clone().filter(|of| *of != ColumnType::BigInteger);
        data_type(self) == data_type(other) && self.options.without_defaults() == other.options.without_defaults()
    }

    /// A sequence from 1 by 1.
    pub fn new(name: impl Into<String>) -> Self {
        Sequence { name: name.into(), ..Sequence::default() }
    }

    /// Puts it into a schema.
    #[must_use]
    pub fn schema(self, schema: impl Into<String>) -> Self {
        Sequence { schema: Some(schema.into()), ..self }
    }

    /// Begins with this value.
    #[must_use]
    pub fn start(mut self, value: i64) -> Self {
        self.options.start = Some(value);
        self
    }

    /// Adds this each time.
    #[must_use]
    pub fn increment(mut self, value: i64) -> Self {
        self.options.increment = Some(value);
        self
    }

    /// Keeps within these values.
    #[must_use]
    pub fn between(mut self, minimum: i64, maximum: i64) -> Self {
        self.options.minimum = Some(minimum);
        self.options.maximum = Some(maximum);
        self
    }

    /// Returns its next value as an expression, as [`func::next_value`](crate::func::next_value) does.
    ///
    /// ```
    /// # use orm_core::{Dialect, schema::Sequence, select};
    /// let numbers = Sequence::new("Order Numbers").schema("shop");
    /// assert_eq!(
    ///     select(numbers.next_value()).to_sql(Dialect::Postgres),
    ///     "SELECT nextval('shop.\"Order Numbers\"')"
    /// );
    /// ```
    pub fn next_value(&self) -> crate::Expr<i64> {
        let (schema, name) = (self.schema.clone().map(Into::into), self.name.clone().into());
        crate::Expr::new(crate::sql::Node::NextValue { schema, name })
    }

    /// Goes no lower than this.
    #[must_use]
    pub fn minimum(mut self, value: i64) -> Self {
        self.options.minimum = Some(value);
        self
    }

    /// Goes no higher than this.
    #[must_use]
    pub fn maximum(mut self, value: i64) -> Self {
        self.options.maximum = Some(value);
        self
    }

    /// Has a connection take this many values at once.
    #[must_use]
    pub fn cache(mut self, values: i64) -> Self {
        self.options.cache = Some(values);
        self
    }

    /// Says the type of its numbers.
    ///
    /// ```
    /// # use orm_core::{ColumnType, Dialect, MetaData, schema::Sequence};
    /// let small = Sequence::new("numbers").data_type(ColumnType::SmallInteger).minimum(10).cache(5).cycle();
    /// assert_eq!(
    ///     MetaData::new().sequence(small).to_sql(Dialect::Postgres),
    ///     "CREATE SEQUENCE numbers AS SMALLINT MINVALUE 10 CACHE 5 CYCLE"
    /// );
    /// ```
    #[must_use]
    pub fn data_type(self, of: ColumnType) -> Self {
        Sequence { data_type: Some(of), ..self }
    }

    /// Begins again at its end.
    #[must_use]
    pub fn cycle(mut self) -> Self {
        self.options.is_cycle = true;
        self
    }
}

/// A view: a query under the name of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct View {
    /// Its schema, if not the default one.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
    /// The query, as SQL. What is read from a database is the text as that has it.
    pub sql: String,
    /// Whether its rows are kept until it is refreshed; of PostgreSQL.
    pub is_materialized: bool,
}

impl View {
    /// A view of a query.
    pub fn new(name: impl Into<String>, sql: impl Into<String>) -> Self {
        View { name: name.into(), sql: sql.into(), ..View::default() }
    }

    /// Puts it into a schema.
    #[must_use]
    pub fn schema(self, schema: impl Into<String>) -> Self {
        View { schema: Some(schema.into()), ..self }
    }

    /// Keeps its rows until it is refreshed.
    #[must_use]
    pub fn materialized(self) -> Self {
        View { is_materialized: true, ..self }
    }
}

/// A type of PostgreSQL whose values are labels. Columns say that they have one, so it is never added by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EnumType {
    /// Its schema, if not the default one: that of the tables which have it.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
    /// Its labels, in order.
    pub labels: Vec<String>,
}
