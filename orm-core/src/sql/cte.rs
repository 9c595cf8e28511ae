//! WITH: a query under a name, written once before the statement, that may refer to itself.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::from::Body;
use super::{
    Derived, Expr, FromItem, FromTarget, GroupBy, Hint, HintDialect, HintPlace, Output, Select, SelectNode,
    SetOperator, Shape, Statement, hints, output_names,
};
use crate::mapper::Selectable;
use crate::types::SqlType;

/// A CTE without its types.
#[derive(Clone, Debug)]
pub struct CteNode {
    /// SELECT, or a writing statement with RETURNING.
    pub(crate) statement: Statement,
    /// What refers to the CTE itself, and how it is added.
    pub(crate) recursion: Vec<(SetOperator, SelectNode)>,
    /// Whether it is computed once or merged into the statement, where that is said.
    pub(crate) materialized: Option<bool>,
    /// Whether the statement selects all of a list of values, which is then written without it.
    pub(crate) is_values: bool,
    pub(crate) columns: Arc<[String]>,
    pub(crate) search: Option<CteSearch>,
    pub(crate) cycle: Option<CteCycle>,
    /// Words before its query and behind it.
    pub(crate) hints: Vec<Hint>,
}

/// SEARCH: in which order a recursive CTE has found its rows.
#[derive(Clone, Debug)]
pub(crate) struct CteSearch {
    pub(crate) is_breadth_first: bool,
    pub(crate) columns: Vec<String>,
    /// The column that it adds, to sort by.
    pub(crate) order: String,
}

/// CYCLE: by which columns a recursive CTE knows a row that it has come from.
#[derive(Clone, Debug)]
pub(crate) struct CteCycle {
    pub(crate) columns: Vec<String>,
    /// The columns that it adds, which mark the row and tell the way; otherwise there is no such row.
    pub(crate) added: Option<[String; 2]>,
}

impl CteNode {
    /// Returns whether it changes rows.
    pub(crate) fn writes(&self) -> bool {
        self.statement.is_write() || self.recursion.iter().any(|(_, member)| member.writes)
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
        let definition = CteNode {
            statement,
            recursion: Vec::new(),
            materialized: None,
            is_values: false,
            columns: columns.clone(),
            search: None,
            cycle: None,
            hints: Vec::new(),
        };
        let body = Body::Cte {
            id: next_id(),
            name: crate::mapper::Alias::derived(name),
            definition: Some(Arc::new(definition)),
        };
        Cte { derived: Derived::new(name, columns, body) }
    }

    /// Adds what refers to the CTE itself, by UNION ALL. PostgreSQL takes one such member, the others several.
    #[must_use]
    pub fn union_all(self, member: impl FnOnce(&Derived<S>) -> Select<S>) -> Self {
        self.recursive(SetOperator::UnionAll, member)
    }

    /// Adds what refers to the CTE itself, by UNION: rows that were there before end the recursion. PostgreSQL takes one such
    /// member, the others several.
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
                Arc::make_mut(definition).recursion.push((operator, *member));
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

    /// Says in which order a recursive CTE has found its rows: SEARCH DEPTH FIRST BY of PostgreSQL. It has one more column then,
    /// found by [`c`](Self::c), and rows that are sorted by it stand below that which they come from. It is for sorting alone, so that
    /// any type will do for it.
    ///
    /// ```
    /// # use orm_core as orm;
    /// # use orm_core::{Dialect, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "nodes", metadata = none)]
    /// # struct Node { #[orm(primary_key)] id: i64, #[orm(foreign_key = Node.id)] parent_id: Option<i64> }
    /// let tree = select(Node.id).filter(Node.parent_id.is_null()).cte("tree");
    /// let tree = tree.union_all(|tree| select(Node.id).join_on(tree, Node.parent_id.eq(tree.0)));
    /// let tree = tree.search_depth_first(|tree| tree.0, "place");
    /// assert_eq!(
    ///     select(tree.0).order_by(tree.c::<String>("place")).to_sql(Dialect::Postgres),
    ///     "WITH RECURSIVE tree(id) AS (SELECT nodes.id FROM nodes WHERE nodes.parent_id IS NULL \
    ///      UNION ALL SELECT nodes.id FROM nodes JOIN tree ON nodes.parent_id = tree.id) \
    ///      SEARCH DEPTH FIRST BY id SET place SELECT tree.id FROM tree ORDER BY tree.place"
    /// );
    /// ```
    #[must_use]
    pub fn search_depth_first<C: GroupBy>(self, columns: impl FnOnce(&Derived<S>) -> C, order: &str) -> Self {
        self.search(false, columns, order)
    }

    /// Says in which order a recursive CTE has found its rows: SEARCH BREADTH FIRST BY of PostgreSQL. Rows that are sorted by its
    /// column, as of [`search_depth_first`](Self::search_depth_first), stand level by level.
    #[must_use]
    pub fn search_breadth_first<C: GroupBy>(self, columns: impl FnOnce(&Derived<S>) -> C, order: &str) -> Self {
        self.search(true, columns, order)
    }

    fn search<C: GroupBy>(
        mut self,
        is_breadth_first: bool,
        columns: impl FnOnce(&Derived<S>) -> C,
        order: &str,
    ) -> Self {
        let search = CteSearch { is_breadth_first, columns: self.names(columns), order: order.to_owned() };
        self.change(|definition| definition.search = Some(search));
        self.add_columns(&[order]);
        self
    }

    /// Ends a recursion where it comes back to a row, which these columns tell: CYCLE … SET … USING of PostgreSQL. It has two more
    /// columns then, found by [`c`](Self::c): whether a row is such a one, and the way to it.
    ///
    /// ```
    /// # use orm_core as orm;
    /// # use orm_core::{Dialect, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "links", metadata = none)]
    /// # struct Link { #[orm(primary_key)] source: i64, #[orm(primary_key)] target: i64 }
    /// let reached = select(Link.target).filter(Link.source.eq(1)).cte("reached");
    /// let reached = reached.union_all(|reached| select(Link.target).join_on(reached, Link.source.eq(reached.0)));
    /// let reached = reached.cycle(|reached| reached.0, "is_cycle", "path");
    /// assert_eq!(
    ///     select(reached.0).filter(!reached.c::<bool>("is_cycle")).to_sql(Dialect::Postgres),
    ///     "WITH RECURSIVE reached(target) AS (SELECT links.target FROM links WHERE links.source = $1 \
    ///      UNION ALL SELECT links.target FROM links JOIN reached ON links.source = reached.target) \
    ///      CYCLE target SET is_cycle USING path SELECT reached.target FROM reached WHERE NOT reached.is_cycle"
    /// );
    /// ```
    #[must_use]
    pub fn cycle<C: GroupBy>(mut self, columns: impl FnOnce(&Derived<S>) -> C, mark: &str, path: &str) -> Self {
        let added = Some([mark.to_owned(), path.to_owned()]);
        let cycle = CteCycle { columns: self.names(columns), added };
        self.change(|definition| definition.cycle = Some(cycle));
        self.add_columns(&[mark, path]);
        self
    }

    /// Ends a recursion by UNION where it comes back to a row, which these columns tell, and leaves that row out: CYCLE … RESTRICT
    /// of MariaDB.
    #[must_use]
    pub fn cycle_restrict<C: GroupBy>(mut self, columns: impl FnOnce(&Derived<S>) -> C) -> Self {
        let cycle = CteCycle { columns: self.names(columns), added: None };
        self.change(|definition| definition.cycle = Some(cycle));
        self
    }

    /// The column of this name: one that SEARCH or CYCLE adds, or any other.
    pub fn c<T: SqlType>(&self, name: &str) -> Expr<T> {
        Expr::new(self.derived.named_field(name, T::KIND))
    }

    /// Words between AS and the query, taken as they stand, for one database or several, or for `()`, which is all.
    #[must_use]
    pub fn prefix_with(mut self, sql: impl Into<Cow<'static, str>>, dialects: impl HintDialect) -> Self {
        self.change(|definition| definition.hints.extend(hints(HintPlace::Prefix, sql.into(), dialects)));
        self
    }

    /// Words behind the query, taken as they stand, for one database or several, or for `()`, which is all.
    #[must_use]
    pub fn suffix_with(mut self, sql: impl Into<Cow<'static, str>>, dialects: impl HintDialect) -> Self {
        self.change(|definition| definition.hints.extend(hints(HintPlace::Suffix, sql.into(), dialects)));
        self
    }

    /// Returns the names of columns of it; what is none has no name.
    fn names<C: GroupBy>(&self, columns: impl FnOnce(&Derived<S>) -> C) -> Vec<String> {
        let mut nodes = Vec::new();
        columns(&self.derived).__group(&mut nodes);
        nodes.iter().map(|node| self.derived.name_of(node).unwrap_or_default().to_owned()).collect()
    }

    fn add_columns(&mut self, names: &[&str]) {
        self.derived.change(|node| {
            let added = names.iter().map(|name| (*name).to_owned());
            node.columns = node.columns.iter().cloned().chain(added).collect();
        });
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
