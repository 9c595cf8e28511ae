//! Rows in FROM that no table holds: lists of values, and functions that give rows.

use std::borrow::Cow;
use std::sync::Arc;

use super::from::Body;
use super::func::Arguments;
use super::{AsExpr, Cte, Derived, Expr, Expression, InList, Node, Shape, select};
use crate::types::{ColumnType, SqlType};

/// A list of values in FROM, under a name and with named columns.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Dialect, select, values};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String }
/// let prices = values("prices", ["user_id", "price"], [(1i64, 10i32), (2, 20)]);
/// let query = select((User.name, prices.1)).join_on(&prices, prices.0.eq(User.id));
/// assert_eq!(
///     query.to_sql(Dialect::Postgres),
///     "SELECT \"user\".name, prices.price FROM \"user\" \
///      JOIN (VALUES ($1, $2), ($3, $4)) AS prices (user_id, price) ON prices.user_id = \"user\".id"
/// );
/// ```
///
/// Without a row the statement is refused when it is compiled: no database has an empty VALUES.
pub fn values<R: ValuesRow>(name: &str, columns: impl ColumnNames<R>, rows: impl IntoIterator<Item = R>) -> Derived<R> {
    let rows = rows.into_iter().map(R::__values).collect();
    Derived::new(name, columns.__names(), Body::Values(rows))
}

impl<R: Shape> Derived<R> {
    /// Makes it a CTE: of a list of values, `WITH name (a, b) AS (VALUES …)`; of anything else, a SELECT of all of it.
    ///
    /// ```
    /// # use orm_core::{Dialect, select, values};
    /// let prices = values("prices", ["user_id", "price"], [(1i64, 10i32), (2, 20)]).cte("prices");
    /// assert_eq!(
    ///     select(prices.1).filter(prices.0.gt(1)).to_sql(Dialect::Sqlite),
    ///     "WITH prices(user_id, price) AS (VALUES (?, ?), (?, ?)) SELECT prices.price FROM prices WHERE prices.user_id > ?"
    /// );
    /// ```
    pub fn cte(&self, name: &str) -> Cte<R> {
        let cte = select(self.clone()).cte(name);
        if self.is_values() { cte.of_values() } else { cte }
    }
}

impl<T: SqlType> Derived<(T,)> {
    /// Makes it a value: its first row, or NULL where there is none. To `in_` it is a list, as it stands.
    ///
    /// ```
    /// # use orm_core as orm;
    /// # use orm_core::{Dialect, select, values};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "users", metadata = none)]
    /// # struct User { #[orm(primary_key)] id: i64 }
    /// let ids = values("ids", ["id"], [(1i64,), (2,)]);
    /// assert_eq!(
    ///     select(User.id).filter(User.id.in_(&ids)).to_sql(Dialect::Postgres),
    ///     "SELECT users.id FROM users WHERE users.id IN (SELECT ids.id FROM (VALUES ($1), ($2)) AS ids (id))"
    /// );
    /// ```
    pub fn scalar_values(&self) -> Expr<Option<T::Plain>> {
        Expr::new(Node::Select(select(self.clone()).node))
    }
}
impl<T: SqlType> InList<T> for &Derived<(T,)> {
    fn __in(self, operand: Node) -> Node {
        Node::InSelect { operand: Box::new(operand), select: select(self.clone()).node, negated: false }
    }
}

/// One row of [`values`]: a tuple of plain values.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a row of values",
    label = "expected a tuple of plain values, such as `(1i64, \"one\".to_owned())`"
)]
pub trait ValuesRow: Shape {
    #[doc(hidden)]
    fn __values(self) -> Vec<Node>;
}
macro_rules! rows {
    ($count:literal; $($name:ident $index:tt),*) => {
        impl<$($name: SqlType),*> ValuesRow for ($($name,)*) {
            fn __values(self) -> Vec<Node> {
                vec![$(Node::Bind(self.$index.encode())),*]
            }
        }
        impl<$($name: SqlType),*> ColumnPaths<($($name,)*)> for [(&str, &str); $count] {
            fn __paths(self) -> (Arc<[String]>, Vec<(String, ColumnType)>) {
                let types = [$($name::column_type()),*];
                let paths = self.iter().zip(types).map(|((_, path), column_type)| ((*path).to_owned(), column_type));
                (names(self.map(|(name, _)| name)), paths.collect())
            }
        }
        impl<$($name: SqlType),*> ColumnNames<($($name,)*)> for [&str; $count] {
            fn __names(self) -> Arc<[String]> {
                names(self)
            }
            fn __types() -> Vec<ColumnType> {
                vec![$($name::column_type()),*]
            }
        }
    };
}
rows!(1; A 0);
rows!(2; A 0, B 1);
rows!(3; A 0, B 1, C 2);
rows!(4; A 0, B 1, C 2, D 3);
rows!(5; A 0, B 1, C 2, D 3, E 4);
rows!(6; A 0, B 1, C 2, D 3, E 4, F 5);
rows!(7; A 0, B 1, C 2, D 3, E 4, F 5, G 6);
rows!(8; A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

/// A function that gives rows, before it has a name and columns.
///
/// ```
/// # use orm_core::{Dialect, Derived, TableFunction, func, literal, select};
/// let words: Derived<(String,)> =
///     TableFunction::new("regexp_split_to_table", (literal("a b".to_owned()), literal(" ".to_owned())))
///         .columns("words", ["word"]);
/// assert_eq!(
///     select(words.0).select_from(&words).to_sql(Dialect::Postgres),
///     "SELECT words.word FROM regexp_split_to_table($1, $2) AS words (word)"
/// );
/// ```
#[derive(Clone, Debug)]
pub struct TableFunction {
    name: Cow<'static, str>,
    arguments: Vec<Node>,
    with_ordinality: bool,
}

impl TableFunction {
    /// A function by its name, which is taken as it stands, with a tuple of arguments.
    pub fn new(name: &'static str, arguments: impl Arguments) -> Self {
        let mut list = Vec::new();
        arguments.__arguments(&mut list);
        TableFunction { name: name.into(), arguments: list, with_ordinality: false }
    }

    fn of(name: &'static str, arguments: Vec<Node>) -> Self {
        TableFunction { name: name.into(), arguments, with_ordinality: false }
    }

    /// Numbers the rows in a further column, the last: WITH ORDINALITY, of PostgreSQL.
    #[must_use]
    pub fn with_ordinality(mut self) -> Self {
        self.with_ordinality = true;
        self
    }

    /// Names the rows and their columns, and says what they become.
    ///
    /// PostgreSQL takes any names for the columns. SQLite takes none, so they must be the function's own.
    pub fn columns<S: Shape>(self, name: &str, columns: impl ColumnNames<S>) -> Derived<S> {
        self.named(name, columns.__names(), Vec::new())
    }

    /// As [`columns`](Self::columns), and tells the types of the columns, as PostgreSQL wants to hear of a function whose rows
    /// have any: `json_to_recordset` and its kin.
    ///
    /// SQLAlchemy's `render_derived(with_types=True)`.
    ///
    /// ```
    /// # use orm_core::{Derived, Dialect, TableFunction, literal, select};
    /// let people: Derived<(i64, Option<String>)> =
    ///     TableFunction::new("json_to_recordset", (literal("[{\"id\": 1}]".to_owned()),))
    ///         .typed_columns("people", ["id", "name"]);
    /// assert_eq!(
    ///     select(people.1).filter(people.0.eq(1)).to_sql(Dialect::Postgres),
    ///     "SELECT people.name FROM json_to_recordset($1) AS people (id BIGINT, name TEXT) WHERE people.id = $2"
    /// );
    /// ```
    pub fn typed_columns<S: Shape, C: ColumnNames<S>>(self, name: &str, columns: C) -> Derived<S> {
        self.named(name, columns.__names(), C::__types())
    }

    fn named<S: Shape>(self, name: &str, columns: Arc<[String]>, types: Vec<ColumnType>) -> Derived<S> {
        let TableFunction { name: function, arguments, with_ordinality } = self;
        Derived::new(name, columns, Body::Function { name: function, arguments, with_ordinality, types })
    }
}

/// As many names as a row has columns.
#[diagnostic::on_unimplemented(
    message = "these are not as many names as a row of `{S}` has columns",
    label = "expected an array with a name for each column"
)]
pub trait ColumnNames<S> {
    #[doc(hidden)]
    fn __names(self) -> Arc<[String]>;
    #[doc(hidden)]
    fn __types() -> Vec<ColumnType>;
}
impl<T: SqlType> ColumnNames<T> for [&str; 1] {
    fn __names(self) -> Arc<[String]> {
        names(self)
    }

    fn __types() -> Vec<ColumnType> {
        vec![T::column_type()]
    }
}

/// As many names as a row has columns, each with the path by which JSON_TABLE finds its value.
#[diagnostic::on_unimplemented(
    message = "these are not as many names and paths as a row of `{S}` has columns",
    label = "expected an array with a name and a path for each column, such as `[(\"id\", \"$.id\")]`"
)]
pub trait ColumnPaths<S> {
    #[doc(hidden)]
    fn __paths(self) -> (Arc<[String]>, Vec<(String, ColumnType)>);
}

fn names<const N: usize>(columns: [&str; N]) -> Arc<[String]> {
    columns.into_iter().map(str::to_owned).collect()
}

/// The whole numbers from one to another, both included: `generate_series`, of PostgreSQL. Its column is `value`.
///
/// ```
/// # use orm_core::{Dialect, func, select};
/// let days = func::generate_series("days", 1, 7);
/// assert_eq!(
///     select(days.0).select_from(&days).to_sql(Dialect::Postgres),
///     "SELECT days.value FROM generate_series($1, $2) AS days (value)"
/// );
/// ```
pub fn generate_series(name: &str, first: impl AsExpr<i64>, last: impl AsExpr<i64>) -> Derived<(i64,)> {
    TableFunction::of("generate_series", vec![first.__node(), last.__node()]).columns(name, ["value"])
}

/// The members of a JSON document with their keys: `json_each` of SQLite, `jsonb_each_text` of PostgreSQL.
///
/// Its columns are `key` and `value`. PostgreSQL takes an object and gives both as text; SQLite takes an array as well,
/// whose keys are numbers, and gives a number as a number.
pub fn json_each<K: SqlType, V: SqlType>(name: &str, document: impl Expression) -> Derived<(K, V)> {
    TableFunction::of("json_each", vec![document.__expression()]).columns(name, ["key", "value"])
}

/// The members of a JSON document that a path finds, as rows: `JSON_TABLE`, of MySQL and MariaDB.
///
/// A column is NULL where its path finds nothing, and is of the SQL type that its Rust type has in a table.
///
/// ```
/// # use orm_core::{Derived, Dialect, func, literal, select};
/// let document = literal(r#"[{"id": 1, "name": "ed"}, {"id": 2}]"#.to_owned());
/// let users: Derived<(i64, Option<String>)> =
///     func::json_table("users", document, "$[*]", [("id", "$.id"), ("name", "$.name")]);
/// assert_eq!(
///     select((users.0, users.1)).select_from(&users).to_sql(Dialect::MySql),
///     "SELECT users.id, users.name FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$.id', \
///      name TEXT PATH '$.name')) AS users"
/// );
/// ```
pub fn json_table<S: Shape>(
    name: &str,
    document: impl Expression,
    path: &str,
    columns: impl ColumnPaths<S>,
) -> Derived<S> {
    let (names, columns) = columns.__paths();
    let document = Box::new(document.__expression());
    Derived::new(name, names, Body::JsonTable { document, path: path.to_owned(), columns })
}

/// The elements of an array: `unnest`, of PostgreSQL. Its column is `value`.
pub fn unnest<T: SqlType>(name: &str, array: impl Expression) -> Derived<(T,)> {
    TableFunction::of("unnest", vec![array.__expression()]).columns(name, ["value"])
}
