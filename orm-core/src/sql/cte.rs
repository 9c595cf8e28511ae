//! WITH: a query under a name, written once before the statement, that may refer to itself.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::from::Body;
use super::{Derived, FromItem, FromTarget, Output, Select, SelectNode, SetOperator, Shape, Statement, output_names};
use crate::mapper::Selectable;

/// A CTE without its types.
#[derive(Clone, Debug)]
pub struct CteNode {
    /// SELECT, or a writing statement with RETURNING.
    pub(crate) statement: Statement,
    /// What refers to the CTE itself, and how it is added.
    pub(crate) recursion: Option<(SetOperator, Box<SelectNode>)>,
    /// Whether it is computed once or merged into the statement, where that is said.
    pub(crate) materialized: Option<bool>,
    /// Whether the statement selects all of a list of values, which is then written without it.
    pub(crate) is_values: bool,
    pub(crate) columns: Arc<[String]>,
}

impl CteNode {
    /// Returns whether it changes rows.
    pub(crate) fn writes(&self) -> bool {
        self.statement.is_write()
    }
}

/// Tells one CTE from another of the same name.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

fn next_id() -> u64 {
    NEXT_ID.fetch_add(1, Ordering::Relaxed)
}

/// A query under a name: a [`Derived`] table that is written once, in WITH.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Dialect, literal, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Node { #[orm(primary_key)] id: i64, name: String, #[orm(foreign_key = Node.id)] parent_id: Option<i64> }
/// let tree = select((Node.id, literal(0))).filter(Node.parent_id.is_null()).cte("tree").union_all(|tree| {
///     select((Node.id, tree.1 + 1)).join_on(tree, Node.parent_id.eq(tree.0))
/// });
/// let query = select((Node.name, tree.1)).join_on(&tree, Node.id.eq(tree.0));
/// assert_eq!(
///     query.to_sql(Dialect::Sqlite),
///     "WITH RECURSIVE tree(id, anon_1) AS (SELECT node.id, ? FROM node WHERE node.parent_id IS NULL \
///      UNION ALL SELECT node.id, tree.anon_1 + ? FROM node JOIN tree ON node.parent_id = tree.id) \
///      SELECT node.name, tree.anon_1 FROM node JOIN tree ON node.id = tree.id"
/// );
/// ```
pub struct Cte<S: Shape> {
    derived: Derived<S>,
}

impl<S: Shape> Clone for Cte<S> {
    fn clone(&self) -> Self {
        Cte { derived: self.derived.clone() }
    }
}

impl<S: Shape> std::fmt::Debug for Cte<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.derived.fmt(f)
    }
}

impl<S: Shape> Deref for Cte<S> {
    type Target = Derived<S>;

    fn deref(&self) -> &Derived<S> {
        &self.derived
    }
}

impl<S: Shape> Cte<S> {
    pub(crate) fn new(name: &str, statement: Statement, outputs: &[Output], select: Option<&SelectNode>) -> Self {
        let columns: Arc<[String]> = output_names(outputs, select).into();
        let definition =
            CteNode { statement, recursion: None, materialized: None, is_values: false, columns: columns.clone() };
        let body = Body::Cte {
            id: next_id(),
            name: crate::mapper::Alias::derived(name),
            definition: Some(Arc::new(definition)),
        };
        Cte { derived: Derived::new(name, columns, body) }
    }

    /// Adds what refers to the CTE itself, by UNION ALL.
    #[must_use]
    pub fn union_all(self, member: impl FnOnce(&Derived<S>) -> Select<S>) -> Self {
        self.recursive(SetOperator::UnionAll, member)
    }

    /// Adds what refers to the CTE itself, by UNION: rows that were there before end the recursion.
    #[must_use]
    pub fn union(self, member: impl FnOnce(&Derived<S>) -> Select<S>) -> Self {
        self.recursive(SetOperator::Union, member)
    }

    /// Says that it is a list of values.
    pub(super) fn of_values(mut self) -> Self {
        self.change(|definition| definition.is_values = true);
        self
    }

    fn recursive(mut self, operator: SetOperator, member: impl FnOnce(&Derived<S>) -> Select<S>) -> Self {
        self.change(|_| {});
        let mut own = self.derived.clone();
        own.change(|node| {
            if let Body::Cte { definition, .. } = &mut node.body {
                *definition = None;
            }
        });
        let member = member(&own).node;
        self.derived.change(|node| {
            if let Body::Cte { definition: Some(definition), .. } = &mut node.body {
                Arc::make_mut(definition).recursion = Some((operator, member));
            }
        });
        self
    }

    /// Has it computed once: AS MATERIALIZED. PostgreSQL and SQLite can.
    #[must_use]
    pub fn materialized(mut self) -> Self {
        self.change(|definition| definition.materialized = Some(true));
        self
    }

    /// Has it merged into the statement where that is faster: AS NOT MATERIALIZED. PostgreSQL and SQLite can.
    #[must_use]
    pub fn not_materialized(mut self) -> Self {
        self.change(|definition| definition.materialized = Some(false));
        self
    }

    /// Makes it another CTE than it was; what was made of it before stays what it was.
    fn change(&mut self, change: impl FnOnce(&mut CteNode)) {
        self.derived.change(|node| {
            if let Body::Cte { id, definition: Some(definition), .. } = &mut node.body {
                *id = next_id();
                change(Arc::make_mut(definition));
            }
        });
    }
}

impl<S: Shape> FromTarget for Cte<S> {
    fn __item(self) -> FromItem {
        self.derived.__item()
    }
}
impl<S: Shape> FromTarget for &Cte<S> {
    fn __item(self) -> FromItem {
        (&self.derived).__item()
    }
}
impl<S: Shape> Selectable for Cte<S> {
    type Row = S;

    fn __outputs(self, outputs: &mut Vec<Output>) {
        self.derived.__outputs(outputs);
    }
}
