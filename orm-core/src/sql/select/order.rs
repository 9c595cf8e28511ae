//! What stands in ORDER BY and GROUP BY, and lists of columns.

use crate::mapper::{Attribute, Model};
use crate::sql::{DerivedColumn, Expr, Node, Nulls};
use crate::types::SqlType;

/// What is selected under a label, to order by: `label("total").desc()`.
///
/// A bare text in `order_by("total")` is the same in rising order. A name that nothing of the query has is an error of the
/// statement.
pub fn label(name: &'static str) -> OrderItem {
    OrderItem::new(Node::LabelName(name.into()))
}

/// One item of ORDER BY.
#[derive(Clone, Debug)]
pub struct OrderItem {
    pub(crate) node: Node,
    pub(crate) is_descending: bool,
    pub(crate) nulls: Option<Nulls>,
}

impl OrderItem {
    pub(crate) fn new(node: Node) -> Self {
        OrderItem { node, is_descending: false, nulls: None }
    }

    pub(crate) fn descending(mut self) -> Self {
        self.is_descending = true;
        self
    }

    pub(crate) fn nulls(mut self, nulls: Nulls) -> Self {
        self.nulls = Some(nulls);
        self
    }

    /// Sorts greatest first.
    #[must_use]
    pub fn desc(self) -> Self {
        self.descending()
    }

    /// Sorts NULLs first.
    #[must_use]
    pub fn nulls_first(self) -> Self {
        self.nulls(Nulls::First)
    }

    /// Sorts NULLs last.
    #[must_use]
    pub fn nulls_last(self) -> Self {
        self.nulls(Nulls::Last)
    }
}

/// What `order_by` takes: a column, `.asc()` or `.desc()` of it, an expression, or a tuple.
#[diagnostic::on_unimplemented(
    message = "a query cannot be ordered by `{Self}`",
    label = "expected a column, such as `User.name`, or `User.name.desc()`, or a tuple of these"
)]
pub trait OrderBy {
    #[doc(hidden)]
    fn __order(self, order: &mut Vec<OrderItem>);
}
impl OrderBy for OrderItem {
    fn __order(self, order: &mut Vec<OrderItem>) {
        order.push(self);
    }
}
impl<M: Model, T> OrderBy for Attribute<M, T> {
    fn __order(self, order: &mut Vec<OrderItem>) {
        order.push(OrderItem::new(self.into()));
    }
}
impl<T> OrderBy for Expr<T> {
    fn __order(self, order: &mut Vec<OrderItem>) {
        order.push(OrderItem::new(self.into()));
    }
}
impl<T: SqlType> OrderBy for DerivedColumn<T> {
    fn __order(self, order: &mut Vec<OrderItem>) {
        order.push(OrderItem::new(self.into()));
    }
}
/// What is selected under this label.
impl OrderBy for &'static str {
    fn __order(self, order: &mut Vec<OrderItem>) {
        order.push(OrderItem::new(Node::LabelName(self.into())));
    }
}
impl OrderBy for Vec<OrderItem> {
    fn __order(self, order: &mut Vec<OrderItem>) {
        order.extend(self);
    }
}

/// Lists what a relationship is ordered by; the derive calls it.
pub fn order_items(order: impl OrderBy) -> Vec<OrderItem> {
    let mut items = Vec::new();
    order.__order(&mut items);
    items
}

/// What `group_by` takes: a column, an expression, or a tuple.
#[diagnostic::on_unimplemented(message = "rows cannot be grouped by `{Self}`")]
pub trait GroupBy {
    #[doc(hidden)]
    fn __group(self, group: &mut Vec<Node>);
}
impl<M: Model, T> GroupBy for Attribute<M, T> {
    fn __group(self, group: &mut Vec<Node>) {
        group.push(self.into());
    }
}
impl<T> GroupBy for Expr<T> {
    fn __group(self, group: &mut Vec<Node>) {
        group.push(self.into());
    }
}
impl<T: SqlType> GroupBy for DerivedColumn<T> {
    fn __group(self, group: &mut Vec<Node>) {
        group.push(self.into());
    }
}
/// What is selected under this label.
impl GroupBy for &'static str {
    fn __group(self, group: &mut Vec<Node>) {
        group.push(Node::LabelName(self.into()));
    }
}

/// Columns of one model: one attribute or a tuple of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name columns of `{M}`",
    label = "expected a column of `{M}`, or a tuple of its columns"
)]
pub trait Columns<M> {
    #[doc(hidden)]
    fn __columns(self, columns: &mut Vec<u16>);
}
impl<M, T> Columns<M> for Attribute<M, T> {
    fn __columns(self, columns: &mut Vec<u16>) {
        columns.push(self.__column());
    }
}

/// No column.
impl<M> Columns<M> for () {
    fn __columns(self, _columns: &mut Vec<u16>) {}
}

macro_rules! lists {
    ($($name:ident $index:tt),*) => {
        impl<$($name: OrderBy),*> OrderBy for ($($name,)*) {
            fn __order(self, order: &mut Vec<OrderItem>) { $( self.$index.__order(order); )* }
        }
        impl<$($name: GroupBy),*> GroupBy for ($($name,)*) {
            fn __group(self, group: &mut Vec<Node>) { $( self.$index.__group(group); )* }
        }
        impl<Model, $($name: Columns<Model>),*> Columns<Model> for ($($name,)*) {
            fn __columns(self, columns: &mut Vec<u16>) { $( self.$index.__columns(columns); )* }
        }
    };
}
lists!(A 0);
lists!(A 0, B 1);
lists!(A 0, B 1, C 2);
lists!(A 0, B 1, C 2, D 3);
lists!(A 0, B 1, C 2, D 3, E 4);
lists!(A 0, B 1, C 2, D 3, E 4, F 5);
lists!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
lists!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
