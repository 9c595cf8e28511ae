//! JSON documents in expressions: what is at a path, and what a document contains.
//!
//! A column of `serde_json::Value` or `Json<T>` has these methods. SQLite and MySQL write a path as text, `$."a"[0]`;
//! PostgreSQL as a key, an index or an array of both.

use orm_pool::{Kind, Value};

use super::expr::templated;
use super::nullness::Like;
use super::template::{self, Template};
use super::{AsExpr, Containing, DerivedColumn, Expr, Expression, Node, OrderBy, OrderItem, Output};
use crate::mapper::{Attribute, Model, Selectable};
use crate::types::{ColumnType, Json, SqlType};

/// A type whose column is a JSON document.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a JSON document")]
pub trait Document: SqlType {}
impl Document for serde_json::Value {}
impl<T> Document for Json<T> where Json<T>: SqlType {}
impl<T: Document> Document for Option<T> {}

/// A place within a JSON document, to be read as some type.
///
/// What is not there is NULL, and so is the `null` of JSON unless it is read [`as_json`](Self::as_json).
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Dialect, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # #[orm(table = "events")]
/// # struct Event { #[orm(primary_key)] id: i64, body: serde_json::Value }
/// let city = Event.body.key("address").key("city").as_text();
/// assert_eq!(select(city).to_sql(Dialect::Postgres), "SELECT events.body #>> $1 FROM events");
/// assert_eq!(
///     select(Event.body.key("at").as_integer()).to_sql(Dialect::Sqlite),
///     "SELECT whole(events.body ->> ?) FROM events"
/// );
/// ```
#[derive(Clone, Debug)]
pub struct JsonPath {
    document: Node,
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Index(u32),
}

impl JsonPath {
    /// The member of this name.
    #[must_use]
    pub fn key(mut self, name: impl Into<String>) -> Self {
        self.steps.push(Step::Key(name.into()));
        self
    }

    /// The element at this place, from 0.
    #[must_use]
    pub fn index(mut self, place: u32) -> Self {
        self.steps.push(Step::Index(place));
        self
    }

    /// Reads it as JSON.
    pub fn as_json(self) -> Expr<Option<serde_json::Value>> {
        self.read(&template::JSON_GET, &template::JSON_GET_PATH)
    }

    /// Reads it as text: of a text its characters, of everything else its JSON, an array or an object with such spaces and in
    /// such an order as the database has.
    pub fn as_text(self) -> Expr<Option<String>> {
        self.read(&template::JSON_TEXT, &template::JSON_TEXT_PATH)
    }

    /// Reads it as a whole number. One that does not fit is an error, when it is read or before.
    pub fn as_integer(self) -> Expr<Option<i64>> {
        templated(&template::JSON_INTEGER, vec![self.scalar().node])
    }

    /// Reads it as a float.
    pub fn as_float(self) -> Expr<Option<f64>> {
        cast(self.scalar(), ColumnType::Double)
    }

    /// Reads it as a decimal number of so many digits, so many of them behind the point.
    ///
    /// It is exact, and rounded where it has more places.
    ///
    /// ```
    /// # use orm_core as orm;
    /// # use orm_core::{Dialect, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "orders", metadata = none)]
    /// # struct Order { #[orm(primary_key)] id: i64, body: serde_json::Value }
    /// assert_eq!(
    ///     select(Order.body.key("total").as_numeric(10, 2)).to_sql(Dialect::Postgres),
    ///     "SELECT CAST(orders.body ->> $1 AS NUMERIC(10, 2)) FROM orders"
    /// );
    /// ```
    #[cfg(feature = "rust_decimal")]
    pub fn as_numeric(self, precision: u8, scale: u8) -> Expr<Option<rust_decimal::Decimal>> {
        let digits = Node::Sql(format!("{precision}, {scale}").into());
        let (text, scale) = (self.clone().as_text().node, Node::Sql(scale.to_string().into()));
        templated(&template::JSON_NUMERIC, vec![self.scalar().node, digits, text, scale])
    }

    /// The whole document without what is at this place; one that has nothing there stays as it is.
    ///
    /// ```
    /// # use orm_core as orm;
    /// # use orm_core::{Dialect, update};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "orders", metadata = none)]
    /// # struct Order { #[orm(primary_key)] id: i64, body: serde_json::Value }
    /// let forget = update(Order).set(Order.body, Order.body.key("lines").index(0).delete_path());
    /// assert_eq!(forget.to_sql(Dialect::Postgres), "UPDATE orders SET body = orders.body #- $1");
    /// assert_eq!(forget.to_sql(Dialect::Sqlite), "UPDATE orders SET body = json_remove(orders.body, ?)");
    /// ```
    pub fn delete_path(self) -> Expr<Option<serde_json::Value>> {
        let path = Node::Bind(Value::Text(self.written()));
        let steps = Node::Bind(self.words());
        templated(&template::JSON_DELETE, vec![self.document, path, steps])
    }

    /// The whole document with this value at this place: in the place of what is there, as a new member of an object, or behind the
    /// last element of an array. Where there is nothing that it could become a part of, the document stays as it is.
    ///
    /// So one UPDATE changes a part of a document, whatever others have made of the rest meanwhile. An index that leaves a gap is
    /// taken for that behind the last one, but on SQLite, where nothing changes then.
    ///
    /// ```
    /// # use orm_core as orm;
    /// # use orm_core::{Dialect, update};
    /// # use serde_json::json;
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "orders", metadata = none)]
    /// # struct Order { #[orm(primary_key)] id: i64, body: serde_json::Value }
    /// let paid = update(Order).set(Order.body, Order.body.key("state").set_path(json!("paid")));
    /// assert_eq!(
    ///     paid.to_sql(Dialect::Postgres),
    ///     "UPDATE orders SET body = jsonb_set(orders.body, $1, CAST($2 AS JSONB))"
    /// );
    /// ```
    pub fn set_path(self, value: impl AsExpr<serde_json::Value>) -> Expr<Option<serde_json::Value>> {
        let text = |path: String| Node::Bind(Value::Text(path));
        let (path, steps) = (text(self.written()), self.words());
        let around =
            JsonPath { document: Node::Star, steps: self.steps[..self.steps.len().saturating_sub(1)].to_vec() };
        let arguments = vec![self.document, path, Node::Bind(steps), value.__node(), text(around.written())];
        templated(&template::JSON_SET, arguments)
    }

    /// Reads it as a truth value.
    pub fn as_boolean(self) -> Expr<Option<bool>> {
        self.read(&template::JSON_BOOL, &template::JSON_BOOL_PATH)
    }

    /// IS NULL: there is nothing here, or the `null` of JSON.
    ///
    /// ```
    /// # use orm_core as orm;
    /// # use orm_core::{Dialect, Model, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "orders", metadata = none)]
    /// # struct Order { #[orm(primary_key)] id: i64, body: serde_json::Value }
    /// let unpaid = select(Order.id).filter(Order.body.key("paid_at").is_null());
    /// assert_eq!(
    ///     unpaid.to_sql(Dialect::Postgres),
    ///     "SELECT orders.id FROM orders WHERE orders.body ->> $1 IS NULL"
    /// );
    /// ```
    pub fn is_null(self) -> Expr<bool> {
        self.as_text().is_null()
    }

    /// IS NOT NULL: there is something here that is not the `null` of JSON.
    pub fn is_not_null(self) -> Expr<bool> {
        self.as_text().is_not_null()
    }

    fn scalar(self) -> Expr<Option<String>> {
        self.read(&template::JSON_SCALAR, &template::JSON_SCALAR_PATH)
    }

    fn read<T>(self, one: &'static Template, many: &'static Template) -> Expr<T> {
        let path = Node::Bind(Value::Text(self.written()));
        let (template, steps) = match self.steps.as_slice() {
            [Step::Key(name)] => (one, Value::Text(name.clone())),
            // PostgreSQL takes an index of 32 bits.
            [Step::Index(place)] => (one, Value::Int32(i32::try_from(*place).unwrap_or(i32::MAX))),
            _ => (many, self.words()),
        };
        templated(template, vec![self.document, path, Node::Bind(steps)])
    }

    /// Returns the path as PostgreSQL has it: an array of words.
    fn words(&self) -> Value {
        Value::Array(&Kind::Text, self.steps.iter().map(|step| Value::Text(step.word())).collect())
    }

    /// Returns the path as SQLite and MySQL write it.
    fn written(&self) -> String {
        let mut path = "$".to_owned();
        self.steps.iter().for_each(|step| match step {
            Step::Key(name) => path.push_str(&member(name)),
            Step::Index(place) => path.push_str(&format!("[{place}]")),
        });
        path
    }
}

/// What a path lacks, before it is read, to be selected, compared or ordered by. It is there for what the compiler says of that.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "what is at a path of a JSON document has no type before it is read as one",
    label = "expected `.as_text()` or another way to read it",
    note = "read it by `.as_text()`, `.as_integer()`, `.as_float()`, `.as_boolean()` or `.as_json()`, as in `User.body.key(\"name\").as_text().eq(\"ed\")`"
)]
pub trait HasType {
    #[doc(hidden)]
    fn __typed(self) -> Node;
}

// A bound that cannot hold is allowed where it has a lifetime.
macro_rules! unread {
    ($($method:ident)*) => { impl JsonPath { $(
        #[doc(hidden)]
        pub fn $method<T>(self, _: T) -> Expr<Option<bool>> where for<'a> &'a JsonPath: HasType {
            Expr::new(self.__typed())
        }
    )* } };
}
unread! { eq ne lt le gt ge like ilike contains in_ not_in is_distinct_from is_not_distinct_from }

#[doc(hidden)]
impl Expression for JsonPath
where
    for<'a> &'a JsonPath: HasType,
{
    type Type = Option<String>;

    fn __expression(self) -> Node {
        self.__typed()
    }
}

#[doc(hidden)]
impl OrderBy for JsonPath
where
    for<'a> &'a JsonPath: HasType,
{
    fn __order(self, order: &mut Vec<OrderItem>) {
        order.push(OrderItem::new(self.__typed()));
    }
}

#[doc(hidden)]
impl Selectable for JsonPath
where
    for<'a> &'a JsonPath: HasType,
{
    type Row = Option<String>;

    fn __outputs(self, outputs: &mut Vec<Output>) {
        outputs.push(Output::expression(self.__typed(), true));
    }
}

impl Step {
    fn word(&self) -> String {
        match self {
            Step::Key(name) => name.clone(),
            Step::Index(place) => place.to_string(),
        }
    }
}

/// Writes a member's name as a step of a path: a text of JSON.
fn member(name: &str) -> String {
    format!(".{}", serde_json::Value::from(name))
}

fn cast<T>(text: Expr<Option<String>>, column_type: ColumnType) -> Expr<T> {
    Expr::new(Node::Cast { operand: Box::new(text.node), column_type: Box::new(column_type) })
}

impl<A: AsExpr<serde_json::Value>> Containing<A> for serde_json::Value {
    fn __contains(operand: Node, other: A) -> Node {
        templated::<bool>(&template::JSON_CONTAINS, vec![operand, other.__node()]).node
    }
}
impl<T, A: AsExpr<serde_json::Value>> Containing<A> for Json<T> {
    fn __contains(operand: Node, other: A) -> Node {
        templated::<bool>(&template::JSON_CONTAINS, vec![operand, other.__node()]).node
    }
}

macro_rules! methods {
    ($({$($generics:tt)*} $type:ty;)*) => { $(
        impl<$($generics)* T: Document> $type {
            /// The member of this name in a JSON document.
            pub fn key(self, name: impl Into<String>) -> JsonPath {
                JsonPath { document: self.into(), steps: Vec::new() }.key(name)
            }
            /// The element at this place in a JSON array, from 0.
            pub fn index(self, place: u32) -> JsonPath {
                JsonPath { document: self.into(), steps: Vec::new() }.index(place)
            }
            /// Whether the document has a member of this name.
            pub fn has_key(self, name: &str) -> Expr<Like<T, bool>> {
                let path = Node::Bind(Value::Text(format!("${}", member(name))));
                templated(&template::JSON_HAS_KEY, vec![self.into(), path, Node::Bind(Value::Text(name.to_owned()))])
            }
            /// Whether it has some of these members; PostgreSQL alone can say.
            pub fn has_any_key<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Expr<Like<T, bool>> {
                templated(&template::JSON_HAS_ANY, vec![self.into(), texts(names)])
            }
            /// Whether it has all of these members; PostgreSQL alone can say.
            pub fn has_all_keys<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Expr<Like<T, bool>> {
                templated(&template::JSON_HAS_ALL, vec![self.into(), texts(names)])
            }
            /// Whether another document contains this one, which SQLite cannot say.
            pub fn contained_by_json(self, other: impl AsExpr<serde_json::Value>) -> Expr<Like<T, bool>> {
                templated(&template::JSON_CONTAINED_BY, vec![self.into(), other.__node()])
            }
            /// `@?`: whether PostgreSQL's JSON path finds something.
            pub fn path_exists(self, path: impl AsExpr<String>) -> Expr<Like<T, bool>> {
                templated(&template::JSON_PATH_EXISTS, vec![self.into(), path.__node()])
            }
            /// `@@`: what PostgreSQL's JSON path with a condition says.
            pub fn path_match(self, path: impl AsExpr<String>) -> Expr<Option<bool>> {
                templated(&template::JSON_PATH_MATCH, vec![self.into(), path.__node()])
            }
            /// `||`: the members of both documents, of the other where both have one; of arrays, the elements of both.
            /// PostgreSQL alone has it.
            pub fn json_concat(self, other: impl AsExpr<serde_json::Value>) -> Expr<T> {
                templated(&template::JSON_CONCAT, vec![self.into(), other.__node()])
            }
            /// How many elements the array has, or members the object; 1 for what is neither.
            pub fn json_length(self) -> Expr<Option<i64>> {
                templated(&template::JSON_LENGTH, vec![self.into()])
            }
            /// What kind of JSON it is, in the database's words.
            pub fn json_type(self) -> Expr<Option<String>> {
                templated(&template::JSON_TYPE, vec![self.into()])
            }
        }
    )* };
}
methods! {
    {} Expr<T>;
    {M: Model,} Attribute<M, T>;
    {} DerivedColumn<T>;
}

fn texts<'a>(names: impl IntoIterator<Item = &'a str>) -> Node {
    Node::Bind(Value::Array(&Kind::Text, names.into_iter().map(|name| Value::Text(name.to_owned())).collect()))
}
