//! Statements as a user writes them: a typed shell, [`Expr<T>`] and [`Select<S>`], over one untyped core, [`Node`].
//!
//! In: attributes, values and functions. Out: a statement for [`compile`](crate::compile), free of any database.

pub mod func;

mod array;
#[cfg(feature = "json")]
mod document;
mod search;

pub(crate) mod case;
mod change;
mod compound;
mod conflict;
mod criterion;
mod cte;
mod delete;
mod eager;
mod expr;
mod from;
mod insert;
mod known;
mod lightweight;
mod lock;
mod models;
mod moments;
mod names;
mod node;
mod nullness;
mod operator;
mod quantified;
mod range;
mod relation;
mod render;
mod row;
mod rowset;
mod select;
pub(crate) mod template;
mod text;
mod tuple;
mod update;
mod value;
mod window;

pub use array::ArrayType;
pub(crate) use change::{Joined, Rows as ChangedRows};
pub(crate) use compound::{Compound, SetOperator};
pub(crate) use conflict::{Conflict, ConflictAction, ConflictTarget};
pub use conflict::{OnConflict, excluded};
pub(crate) use criterion::Criterion;
pub use cte::{Cte, CteNode};
pub(crate) use cte::{CteCycle, CteSearch};
pub(crate) use delete::DeleteNode;
pub use delete::{Delete, delete};
#[cfg(feature = "json")]
pub use document::{Document, JsonPath};
pub(crate) use eager::{EagerJoin, EagerNode, Wrap};
pub use expr::{Containing, Expr, Expression, Operand, Predicate, column_property, condition, literal};
pub(crate) use from::Body;
pub use from::{
    Derived, DerivedColumn, DerivedNode, DerivedSource, FromItem, FromTarget, FromTargets, JoinKind, JoinNode, Shape,
    TableRef,
};
pub use insert::{Insert, insert};
pub(crate) use insert::{
    InsertNode, InsertSource, bytes_at_once, insert_into, is_limited, row_size, value_size, within,
};
pub use lightweight::{Call, LightColumn, LightDelete, LightInsert, LightTable, LightUpdate, call, column, table};
pub use lock::Lock;
pub(crate) use lock::{Strength, Wait};
pub(crate) use models::Taken;
pub use moments::Subtrahend;
pub(crate) use names::{natural_name, output_columns, output_names};
pub(crate) use node::{Aggregate, Constant, Nulls, OutputKind, Reference};
pub use node::{Node, Nullability, Operator, Output, Precedence, RelationReference, RustType};
pub use nullness::{Combined, Like, MaybeNull, NotNull, Nullable, Nullness};
pub use operator::CustomOperator;
pub use quantified::Several;
pub use range::{Container, RangePart, RangeType};
pub use relation::{ComparedByValue, JoinTarget, RelationshipTo, ToMany, ToOne, with_parent};
pub(crate) use relation::{condition_join, join_from, put_into_from};
pub use render::Render;
pub(crate) use row::into_named;
pub use row::{FieldOf, Fills, NamedRow, Projection, RowStruct, fill};
pub use rowset::{ColumnNames, ColumnPaths, TableFunction, ValuesRow, values};
pub use search::{Search, TsQuery, TsVector};
pub use select::{
    Chunks, Columns, GroupBy, HintDialect, OrderBy, OrderItem, Returning, Rows, Select, SelectNode, label, order_items,
    select,
};
pub(crate) use select::{Correlation, Given, Hint, HintPlace, clauses, hints};
pub(crate) use template::{Form, Template};
pub use text::{Bind, Text, text};
pub(crate) use text::{TextNode, TextPart, is_write};
pub use tuple::{RowList, RowOf, Tuple, tuple};
pub(crate) use update::{JoinedSet, UpdateNode};
pub use update::{Update, update};
pub use value::{AsExpr, InList, IntoValue};
pub use window::{Bound, Exclude, FrameEdge, FrameOffset, FrameRange, FrameSpan, Window, following, preceding, window};
pub(crate) use window::{Distance, Frame, Place, Unit, WindowName};

use crate::mapper::Mapper;

/// A number of rows, to be bound.
pub(crate) fn number(rows: u64) -> Node {
    Node::Bind(orm_pool::Value::Int64(i64::try_from(rows).unwrap_or(i64::MAX)))
}

/// A statement without its types.
#[derive(Clone, Debug)]
pub enum Statement {
    /// SELECT.
    Select(Box<SelectNode>),
    /// SELECT count(*) of another.
    Count(Box<SelectNode>),
    /// SELECT EXISTS of another.
    Exists(Box<SelectNode>),
    /// What the database plans to do for another.
    Explain(Box<Statement>),
    /// INSERT of rows of one shape.
    Insert(Box<InsertNode>),
    /// UPDATE.
    Update(Box<UpdateNode>),
    /// DELETE.
    Delete(Box<DeleteNode>),
    /// SQL text.
    Text(Box<TextNode>),
}

impl Statement {
    /// Returns the model that it is about first of all.
    pub(crate) fn model(&self) -> Option<&'static Mapper> {
        match self {
            Statement::Select(select) | Statement::Count(select) | Statement::Exists(select) => model_of(select),
            Statement::Explain(inner) => inner.model(),
            Statement::Insert(insert) => Some(insert.mapper),
            Statement::Update(update) => Some(update.rows.mapper),
            Statement::Delete(delete) => Some(delete.rows.mapper),
            Statement::Text(text) => text.model,
        }
    }

    /// Returns whether it may change rows, so that a transaction which begins with it takes the write lock.
    pub(crate) fn is_write(&self) -> bool {
        match self {
            Statement::Select(select) | Statement::Count(select) | Statement::Exists(select) => select.writes,
            Statement::Explain(_) => false,
            Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_) => true,
            Statement::Text(text) => text.is_write(),
        }
    }

    /// Returns whether a CTE changes rows that stands before it.
    pub(crate) fn has_writing_cte(&self) -> bool {
        match self {
            Statement::Select(select) | Statement::Count(select) | Statement::Exists(select) => select.writes,
            Statement::Insert(insert) => insert.has_writing_cte(),
            Statement::Update(update) => {
                let joined = update.joined_sets.iter().map(|set| &set.value);
                update.rows.has_writing_cte()
                    || update.sets.iter().map(|(_, value)| value).chain(joined).any(Node::writes)
            }
            Statement::Delete(delete) => delete.rows.has_writing_cte(),
            Statement::Explain(_) | Statement::Text(_) => false,
        }
    }

    /// Returns whether a transaction that begins with it takes the write lock, where a database has but one.
    pub(crate) fn takes_write_lock(&self) -> bool {
        let locks = match self {
            Statement::Select(select) => select.lock.is_some(),
            _ => false,
        };
        locks || self.is_write()
    }
}

/// Returns the model that a SELECT is about first of all: of its own tables, else of its subqueries.
fn model_of(select: &SelectNode) -> Option<&'static Mapper> {
    let of_output = |output: &Output| match &output.kind {
        OutputKind::Entity { mapper, .. } => Some(*mapper),
        OutputKind::Expression(node) => node.model(),
    };
    let listed = select.from.first().and_then(|item| item.reference().mapper);
    let named = listed.or_else(|| select.outputs.iter().find_map(of_output));
    let named = named.or_else(|| select.filters.iter().find_map(Node::model));
    named.or_else(|| {
        let items = select.from.iter().chain(select.joins.iter().filter_map(JoinNode::item));
        let expressions = select.outputs.iter().filter_map(|output| match &output.kind {
            OutputKind::Expression(node) => Some(node),
            OutputKind::Entity { .. } => None,
        });
        let of_item = |item: &FromItem| match item.derived().map(|derived| &derived.body)? {
            Body::Select(select) => model_of(select),
            Body::Cte { definition: Some(definition), .. } => definition.statement.model(),
            _ => None,
        };
        items.map(of_item).chain(expressions.chain(&select.filters).map(model_of_subquery)).flatten().next()
    })
}

fn model_of_subquery(node: &Node) -> Option<&'static Mapper> {
    let mut found = None;
    node.visit(&mut |node| match node {
        Node::Select(select)
        | Node::Exists { select, .. }
        | Node::InSelect { select, .. }
        | Node::Quantified { select, .. } => found = found.or_else(|| model_of(select)),
        _ => {}
    });
    found
}

/// A statement that gives a number of rows, for `session.execute(…)`.
pub trait Write {
    #[doc(hidden)]
    fn __statements(self) -> crate::Result<Vec<Statement>>;
}

/// Gives the writing statements their terminal.
macro_rules! executes {
    ($({$($generics:tt)*} $type:ty;)*) => { $(
        impl<$($generics)*> $type {
            /// Runs it and returns how many rows it inserted, updated or deleted.
            ///
            /// # Errors
            ///
            /// Fails when the statement cannot be rendered for the database, or when the database refuses it.
            #[track_caller]
            pub fn execute<E: $crate::engine::Executor>(
                self,
                db: E,
            ) -> impl Future<Output = $crate::Result<u64>> + Send {
                db.__run($crate::sql::Write::__statements(self))
            }
        }
    )* };
}
pub(crate) use executes;
