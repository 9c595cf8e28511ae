//! What stands in FROM: tables, and [`Derived`] tables, whose columns are typed: subqueries, CTEs, lists of values,
//! functions that give rows.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use orm_pool::Kind;

use super::known::Place;
use super::node::{RelationReference, RustType};
use super::{CteNode, Node, Output, SelectNode};
use crate::error::{Error, ErrorKind};
use crate::mapper::{Alias, Entity, Mapper, Model, RowType, Selectable};
use crate::types::{ColumnType, SqlType};

// -------------------------------------------------------------------------------------------------------- untyped

/// A table, an alias of one, or a derived table, as columns refer to it.
#[derive(Clone, Copy, Debug)]
pub struct TableRef {
    /// The model, unless it is a derived table with columns of its own.
    pub(crate) mapper: Option<&'static Mapper>,
    pub(crate) alias: Alias,
}

impl TableRef {
    pub(crate) fn table(mapper: &'static Mapper, alias: Alias) -> Self {
        TableRef { mapper: Some(mapper), alias }
    }

    /// A derived table, whose name says enough.
    pub(crate) fn derived(alias: Alias) -> Self {
        TableRef { mapper: None, alias }
    }

    pub(crate) fn is(&self, other: TableRef) -> bool {
        let same_table = || match (self.mapper, other.mapper) {
            (Some(own), Some(other)) => own.is(other),
            (None, None) => true,
            _ => false,
        };
        self.alias == other.alias && (self.alias.is_derived() || same_table())
    }

    /// Returns how it is called in the statement.
    pub(crate) fn name(&self) -> &'static str {
        let table = || self.mapper.map_or("", |mapper| mapper.definition().table);
        self.alias.name().unwrap_or_else(table)
    }
}

/// Something in FROM.
#[derive(Clone, Debug)]
pub enum FromItem {
    /// A table or an alias of one.
    Table(TableRef),
    /// Rows of another kind.
    Derived(Box<DerivedNode>),
}

impl FromItem {
    pub(crate) fn table(mapper: &'static Mapper, alias: Alias) -> Self {
        FromItem::Table(TableRef::table(mapper, alias))
    }

    pub(crate) fn reference(&self) -> TableRef {
        match self {
            FromItem::Table(table) => *table,
            FromItem::Derived(derived) => TableRef { mapper: derived.mapper, alias: derived.alias },
        }
    }

    pub(crate) fn derived(&self) -> Option<&DerivedNode> {
        match self {
            FromItem::Table(_) => None,
            FromItem::Derived(derived) => Some(derived),
        }
    }

    /// Returns whether it is in FROM only for a column of it that is selected.
    pub(crate) fn is_implied(&self) -> bool {
        self.derived().is_some_and(|derived| derived.is_implied)
    }

    /// Returns whether it writes: a CTE around an INSERT, UPDATE or DELETE.
    pub(crate) fn writes(&self) -> bool {
        match self.derived().map(|derived| &derived.body) {
            Some(Body::Select(select)) => select.writes,
            Some(Body::Cte { definition: Some(definition), .. }) => definition.writes(),
            Some(Body::Values(rows)) => rows.iter().flatten().any(Node::writes),
            _ => false,
        }
    }
}

/// Rows that are no table's.
#[derive(Clone, Debug)]
pub struct DerivedNode {
    pub(crate) alias: Alias,
    /// The model whose columns it has, if it has those of one.
    pub(crate) mapper: Option<&'static Mapper>,
    pub(crate) columns: Arc<[String]>,
    /// Whether it may mention what stands before it in FROM.
    pub(crate) is_lateral: bool,
    /// Whether it is in FROM only for a column of it that is selected.
    pub(crate) is_implied: bool,
    pub(crate) body: Body,
}

impl DerivedNode {
    /// Returns the SELECT that it is, if it is one.
    pub(crate) fn select(&self) -> Option<&Arc<SelectNode>> {
        match &self.body {
            Body::Select(select) => Some(select),
            _ => None,
        }
    }
}

/// Where the rows come from.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Select(Arc<SelectNode>),
    /// Rows of values; there is at least one.
    Values(Vec<Vec<Node>>),
    Function {
        name: Cow<'static, str>,
        arguments: Vec<Node>,
        with_ordinality: bool,
        /// The types of its columns, where they are told.
        types: Vec<ColumnType>,
    },
    /// JSON_TABLE: the members of a document that a path finds, each a row, with columns found by paths of their own.
    JsonTable {
        document: Box<Node>,
        path: String,
        columns: Vec<(String, ColumnType)>,
    },
    /// A CTE, which is written once however often it is used. One use of a statement has the definition, and a use inside of
    /// the definition never has.
    Cte {
        id: u64,
        name: Alias,
        definition: Option<Arc<CteNode>>,
    },
}

impl Body {
    /// Returns the arguments of a function, which may be about what stands before it in FROM.
    pub(crate) fn arguments(&self) -> Option<&[Node]> {
        match self {
            Body::Function { arguments, .. } => Some(arguments),
            Body::JsonTable { document, .. } => Some(std::slice::from_ref(document)),
            Body::Select(_) | Body::Values(_) | Body::Cte { .. } => None,
        }
    }
}

/// One JOIN.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub enum JoinNode {
    /// Along a relationship; the target, where it is no table.
    Relation { kind: JoinKind, relation: RelationReference },
    /// On a condition.
    On { kind: JoinKind, left: Option<TableRef>, right: FromItem, on: Box<Node> },
    /// On the foreign keys between two tables.
    Inferred { kind: JoinKind, left: Option<TableRef>, right: FromItem },
    /// With every row.
    Cross { right: FromItem },
}

impl JoinNode {
    /// Returns what it joins, where that is not said by a relationship.
    pub(crate) fn item(&self) -> Option<&FromItem> {
        match self {
            JoinNode::Relation { .. } => None,
            JoinNode::On { right, .. } | JoinNode::Inferred { right, .. } | JoinNode::Cross { right } => Some(right),
        }
    }
}

/// How rows without a partner are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinKind {
    /// They go.
    Inner,
    /// Those on the left stay.
    Left,
    /// Those on the right stay.
    Right,
    /// All stay.
    Full,
}

// ---------------------------------------------------------------------------------------------------------- typed

/// Which derived table a column is of.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct DerivedSource {
    alias: Alias,
    id: u64,
}

impl DerivedSource {
    #[doc(hidden)]
    pub fn __alias(self) -> Alias {
        self.alias
    }
}

/// A column of a subquery, a CTE, a list of values or a function in FROM: what `totals.1` is.
///
/// It has the methods of an [`Expr`](crate::Expr) and may be copied.
pub struct DerivedColumn<T> {
    source: DerivedSource,
    index: u16,
    types: PhantomData<fn() -> T>,
}

impl<T> Clone for DerivedColumn<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for DerivedColumn<T> {}

impl<T> std::fmt::Debug for DerivedColumn<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DerivedColumn({}, {})", self.source.alias.name().unwrap_or_default(), self.index)
    }
}

impl<T> DerivedColumn<T> {
    #[doc(hidden)]
    pub fn __new(source: DerivedSource, index: u16) -> Self {
        DerivedColumn { source, index, types: PhantomData }
    }
}

impl<T: SqlType> From<DerivedColumn<T>> for Node {
    fn from(column: DerivedColumn<T>) -> Node {
        let DerivedColumn { source, index, .. } = column;
        Node::Field { source: source.alias, index, table: source.id, is_decimal: T::KIND == Kind::Decimal }
    }
}

impl<T: SqlType> Selectable for DerivedColumn<T> {
    type Row = T;

    fn __outputs(self, outputs: &mut Vec<Output>) {
        outputs.push(Output::typed::<T>(self.into()));
    }
}

/// A row whose columns a derived table can have: a model, a column, a tuple of columns, a struct with `#[derive(Row)]`.
#[diagnostic::on_unimplemented(
    message = "rows of `{Self}` have no typed columns to be a subquery's",
    label = "expected a model, a column, a tuple of columns, or a struct with `#[derive(Row)]`",
    note = "a tuple with a model in it cannot be one: select the columns that are wanted"
)]
pub trait Shape: RowType {
    /// The columns: the attributes of a model, a tuple, or a struct with the fields of the row.
    type Columns: Clone + Send + Sync + 'static;

    #[doc(hidden)]
    fn __columns(source: DerivedSource) -> Self::Columns;

    /// The model, if its columns are those.
    #[doc(hidden)]
    fn __model() -> Option<&'static Mapper> {
        None
    }

    /// The types of the columns, unless it is a model.
    #[doc(hidden)]
    fn __types() -> Vec<RustType> {
        Vec::new()
    }
}

impl<T: SqlType> Shape for T {
    type Columns = (DerivedColumn<T>,);

    fn __columns(source: DerivedSource) -> Self::Columns {
        (DerivedColumn::__new(source, 0),)
    }

    fn __types() -> Vec<RustType> {
        vec![RustType::of::<T>()]
    }
}

macro_rules! shapes {
    ($($name:ident $index:tt),*) => {
        impl<$($name: SqlType),*> Shape for ($($name,)*) {
            type Columns = ($(DerivedColumn<$name>,)*);

            fn __columns(source: DerivedSource) -> Self::Columns {
                ($(DerivedColumn::<$name>::__new(source, $index),)*)
            }

            fn __types() -> Vec<RustType> {
                vec![$(RustType::of::<$name>()),*]
            }
        }
    };
}
shapes!(A 0);
shapes!(A 0, B 1);
shapes!(A 0, B 1, C 2);
shapes!(A 0, B 1, C 2, D 3);
shapes!(A 0, B 1, C 2, D 3, E 4);
shapes!(A 0, B 1, C 2, D 3, E 4, F 5);
shapes!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
shapes!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
shapes!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
shapes!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
shapes!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
shapes!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);

/// Rows in FROM that are no table's: a subquery, a CTE, a list of values, a function that gives rows.
///
/// Its columns are fields: `totals.0` where the rows are tuples, `adults.name` where they are those of a model, and the
/// fields of a struct with `#[derive(Row)]`. It is in FROM when it, or a column of it that is a field of such a struct or
/// tuple, is selected, or stands in a condition, an order or a group, while it is there (has not been dropped), when it is joined,
/// and when it is named by [`select_from`](crate::Select::select_from), as one must that has the columns of a model.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Dialect, func, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String }
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64 }
/// let totals =
///     select((Address.user_id, func::count(Address.id).label("total"))).group_by(Address.user_id).subquery("totals");
/// let query = select((User.name, totals.1)).join_on(&totals, totals.0.eq(User.id)).filter(totals.1.gt(2));
/// assert_eq!(
///     query.to_sql(Dialect::Sqlite),
///     "SELECT user.name, totals.total FROM user JOIN (SELECT address.user_id, count(address.id) AS total FROM address \
///      GROUP BY address.user_id) AS totals ON totals.user_id = user.id WHERE totals.total > ?"
/// );
/// ```
pub struct Derived<S: Shape> {
    node: Arc<DerivedNode>,
    columns: S::Columns,
    place: Arc<Place>,
}

impl<S: Shape> Clone for Derived<S> {
    fn clone(&self) -> Self {
        Derived { node: self.node.clone(), columns: self.columns.clone(), place: self.place.clone() }
    }
}

impl<S: Shape> std::fmt::Debug for Derived<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Derived({})", self.node.alias.name().unwrap_or_default())
    }
}

impl<S: Shape> Deref for Derived<S> {
    type Target = S::Columns;

    fn deref(&self) -> &S::Columns {
        &self.columns
    }
}

impl<S: Shape> Derived<S> {
    pub(crate) fn new(name: &str, columns: Arc<[String]>, body: Body) -> Self {
        let alias = Alias::derived(name);
        let mapper = S::__model();
        Derived::of(DerivedNode { alias, mapper, columns, is_lateral: false, is_implied: false, body })
    }

    fn of(node: DerivedNode) -> Self {
        let node = Arc::new(node);
        let place = Place::of(&node);
        let columns = S::__columns(DerivedSource { alias: node.alias, id: place.id() });
        Derived { node, columns, place: Arc::new(place) }
    }

    /// Names it again, for a statement that has it in FROM twice.
    #[must_use]
    pub fn alias(&self, name: &str) -> Self {
        Derived::of(DerivedNode { alias: Alias::derived(name), ..(*self.node).clone() })
    }

    /// Lets it mention what stands before it in FROM: LATERAL.
    ///
    /// PostgreSQL and MySQL can; SQLite and MariaDB refuse when the statement is compiled.
    #[must_use]
    pub fn lateral(mut self) -> Self {
        self.change(|node| node.is_lateral = true);
        self
    }

    /// Returns whether it is a list of values.
    pub(super) fn is_values(&self) -> bool {
        matches!(self.node.body, Body::Values(_))
    }

    /// Makes it another than it was; columns that were taken from it before are those of what it was.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut DerivedNode)) {
        let mut node = (*self.node).clone();
        change(&mut node);
        *self = Derived::of(node);
    }

    /// Returns the name of a column of it.
    pub(super) fn name_of(&self, node: &Node) -> Option<&str> {
        match node {
            Node::Field { source, index, .. } if *source == self.node.alias => {
                self.node.columns.get(usize::from(*index)).map(String::as_str)
            }
            Node::Column { mapper, column, alias } if *alias == self.node.alias => {
                Some(mapper.definition().columns[usize::from(*column)].name)
            }
            _ => None,
        }
    }

    /// Returns its column of this name.
    pub(super) fn named_field(&self, name: &str, kind: Kind) -> Node {
        let position = self.node.columns.iter().position(|known| known == name);
        let Some(index) = position.and_then(|position| u16::try_from(position).ok()) else {
            let table = self.node.alias.name().unwrap_or_default();
            let error = Error::new(ErrorKind::Compile, format!("`{table}` has no column `{name}`"));
            return Node::Refused(Box::new(error));
        };
        self.field(index, kind)
    }

    fn field(&self, index: u16, kind: Kind) -> Node {
        Node::Field { source: self.node.alias, index, table: self.place.id(), is_decimal: kind == Kind::Decimal }
    }

    fn item(&self) -> FromItem {
        FromItem::Derived(Box::new((*self.node).clone()))
    }

    fn outputs(&self, outputs: &mut Vec<Output>) {
        let source = Some(Box::new(self.item()));
        if let Some(mapper) = self.node.mapper {
            outputs.push(Output { source, ..Output::entity(mapper, self.node.alias) });
            return;
        }
        let first = outputs.len();
        for (index, rust) in (0..).zip(S::__types()) {
            let facts = rust.facts();
            outputs
                .push(Output { rust: Some(rust), ..Output::expression(self.field(index, facts.kind), facts.nullable) });
        }
        if let Some(output) = outputs.get_mut(first) {
            output.source = source;
        }
    }
}

impl<S: Shape> Selectable for Derived<S> {
    type Row = S;

    fn __outputs(self, outputs: &mut Vec<Output>) {
        self.outputs(outputs);
    }
}

/// What can stand in FROM: a model, an alias of one, or a [`Derived`] table.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand in FROM",
    label = "expected a model such as `User`, an alias of one, or a subquery"
)]
pub trait FromTarget {
    #[doc(hidden)]
    fn __item(self) -> FromItem;
}
impl<A: Entity> FromTarget for A {
    fn __item(self) -> FromItem {
        FromItem::table(A::Model::__mapper(), self.__alias_of())
    }
}
impl<S: Shape> FromTarget for Derived<S> {
    fn __item(self) -> FromItem {
        self.item()
    }
}
impl<S: Shape> FromTarget for &Derived<S> {
    fn __item(self) -> FromItem {
        self.item()
    }
}

/// What can be named in a list of tables, as `correlate` and the `of` of a lock take: one, or a tuple.
pub trait FromTargets {
    #[doc(hidden)]
    fn __references(self, tables: &mut Vec<TableRef>);
}
impl<A: FromTarget> FromTargets for A {
    fn __references(self, tables: &mut Vec<TableRef>) {
        tables.push(self.__item().reference());
    }
}
impl FromTargets for () {
    fn __references(self, _tables: &mut Vec<TableRef>) {}
}
macro_rules! targets {
    ($($name:ident $index:tt),*) => {
        impl<$($name: FromTarget),*> FromTargets for ($($name,)*) {
            fn __references(self, tables: &mut Vec<TableRef>) { $( tables.push(self.$index.__item().reference()); )* }
        }
    };
}
targets!(A 0);
targets!(A 0, B 1);
targets!(A 0, B 1, C 2);
targets!(A 0, B 1, C 2, D 3);
