//! ON CONFLICT: what happens to a row of an INSERT that is there already.

use std::borrow::{Borrow, Cow};

use super::{AsExpr, Columns, Expr, Insert, Node, Predicate, Returning, Statement, Write, executes};
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Attribute, Embedding, Mapper, Model, Selectable, embed};
use crate::types::SqlType;

/// What happens when a row is there already.
#[derive(Clone, Debug)]
pub(crate) struct Conflict {
    pub(crate) target: ConflictTarget,
    /// Which rows the unique index is about.
    pub(crate) index_filter: Vec<Node>,
    pub(crate) action: ConflictAction,
}

/// What tells that a row is there already.
#[derive(Clone, Debug)]
pub(crate) enum ConflictTarget {
    /// Columns that are unique together; none stand for any unique index.
    Columns(Vec<u16>),
    /// A constraint, by name.
    Constraint(Cow<'static, str>),
}

#[derive(Clone, Debug)]
pub(crate) enum ConflictAction {
    Nothing,
    Update {
        /// Columns that take the value of the new row.
        columns: Vec<u16>,
        /// Whether every other column that the INSERT sets does so too, but the key and the columns of the target.
        all: bool,
        sets: Vec<(u16, Node)>,
        filters: Vec<Node>,
    },
}

/// The value of the row that could not be inserted, within [`OnConflict::set`] and [`OnConflict::filter`].
///
/// `excluded.visits` of SQLite and PostgreSQL, `VALUES(visits)` of MySQL.
pub fn excluded<M: Model, T>(attribute: Attribute<M, T>) -> Expr<T> {
    Expr::new(Node::Excluded { mapper: M::__mapper(), column: attribute.__column() })
}

/// An INSERT that has said what a conflict is, and not yet what happens then.
///
/// ```
/// # use orm_core::{Engine, Model, excluded, insert, metadata, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Page { #[orm(primary_key)] id: i64, #[orm(unique, length = 50)] path: String, visits: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![Page].create_all(&engine).await?;
/// for visits in [1, 4] {
///     insert(Page)
///         .values(Page::builder().path("/").visits(visits))
///         .on_conflict(Page.path)
///         .set(Page.visits, Page.visits + excluded(Page.visits))
///         .execute(&engine)
///         .await?;
/// }
/// assert_eq!(select(Page.visits).one(&engine).await?, 5);
/// # Ok(())
/// # }
/// ```
#[must_use = "say what happens on a conflict: `.set(…)`, `.do_update(…)` or `.do_nothing()`"]
pub struct OnConflict<M> {
    insert: Insert<M>,
    target: ConflictTarget,
    index_filter: Vec<Node>,
    sets: Vec<(u16, Node)>,
    filters: Vec<Node>,
}

impl<M> std::fmt::Debug for OnConflict<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OnConflict").field("insert", &self.insert).field("target", &self.target).finish_non_exhaustive()
    }
}

impl<M> OnConflict<M> {
    pub(super) fn new(insert: Insert<M>, target: ConflictTarget) -> Self {
        OnConflict { insert, target, index_filter: Vec::new(), sets: Vec::new(), filters: Vec::new() }
    }

    /// Says which rows the unique index is about, where that is a partial one.
    ///
    /// Its values are written into the text, as they are in the index, since a database finds the index before it has any.
    /// MySQL has no partial indexes.
    pub fn index_filter(mut self, condition: impl Predicate) -> Self {
        self.index_filter.push(condition.__predicate());
        self
    }

    /// Sets a column of the row that is there to a value or an expression; [`excluded`] is the new row's value.
    pub fn set<T: SqlType>(mut self, attribute: Attribute<M, T>, value: impl AsExpr<T>) -> Self {
        self.sets.push((attribute.__column(), value.__node()));
        self
    }

    /// Sets all columns of an embedded struct or enum of the row that is there.
    pub fn set_embedded<A: Embedding<M>>(mut self, attributes: A, value: impl Borrow<A::Value>) -> Self {
        self.sets.extend(embed::sets(attributes, value.borrow()));
        self
    }

    /// Updates the row that is there only if it fulfils a condition.
    ///
    /// MySQL has no such condition; there `CASE` in [`set`](Self::set) does the same.
    pub fn filter(mut self, condition: impl Predicate) -> Self {
        self.filters.push(condition.__predicate());
        self
    }

    /// Gives the row that is there these columns of the new one, beside what was [`set`](Self::set).
    pub fn do_update(self, columns: impl Columns<M>) -> Insert<M> {
        let mut update = Vec::new();
        columns.__columns(&mut update);
        self.update(update, false)
    }

    /// Gives the row that is there every column that the INSERT sets, but the key, what the conflict is about, and what was
    /// [`set`](Self::set) otherwise.
    pub fn do_update_all(self) -> Insert<M> {
        self.update(Vec::new(), true)
    }

    /// Leaves the row that is there as it is.
    pub fn do_nothing(self) -> Insert<M> {
        self.with(|_, _| ConflictAction::Nothing)
    }

    /// Does what was [`set`](Self::set), and gives values of the rows that are there then; see [`Insert::returning`].
    pub fn returning<S: Selectable>(self, selected: S) -> Returning<S::Row>
    where
        M: Model,
    {
        self.update(Vec::new(), false).returning(selected)
    }

    fn update(self, columns: Vec<u16>, all: bool) -> Insert<M> {
        self.with(|sets, filters| ConflictAction::Update { columns, all, sets, filters })
    }

    fn with(self, action: impl FnOnce(Vec<(u16, Node)>, Vec<Node>) -> ConflictAction) -> Insert<M> {
        let OnConflict { insert, target, index_filter, sets, filters } = self;
        insert.with_conflict(Conflict { target, index_filter, action: action(sets, filters) })
    }
}

/// Does what was [`set`](OnConflict::set).
impl<M: Model> Write for OnConflict<M> {
    fn __statements(self) -> Result<Vec<Statement>> {
        self.update(Vec::new(), false).__statements()
    }
}
executes! { {M: Model} OnConflict<M>; }

impl Conflict {
    /// Returns whether any unique index will do.
    pub(crate) fn is_any(&self) -> bool {
        matches!(&self.target, ConflictTarget::Columns(columns) if columns.is_empty())
    }

    /// Says which columns are updated when these are inserted.
    pub(super) fn for_columns(mut self, mapper: &Mapper, inserted: &[u16]) -> Result<Self> {
        let target = match &self.target {
            ConflictTarget::Columns(columns) => columns.as_slice(),
            ConflictTarget::Constraint(_) => &[],
        };
        let ConflictAction::Update { columns, all, sets, .. } = &mut self.action else { return Ok(self) };
        if std::mem::take(all) {
            let is_kept = |column: &u16| target.contains(column) || mapper.definition().key.contains(column);
            columns.extend(inserted.iter().filter(|column| !is_kept(column)));
        }
        columns.retain(|column| sets.iter().all(|(set, _)| set != column));
        if columns.is_empty() && sets.is_empty() {
            let name = mapper.definition().name;
            let message = format!("`insert({name})` updates no column on a conflict");
            return Err(Error::new(ErrorKind::Argument, message).hint("name columns, or write `.do_nothing()`"));
        }
        Ok(self)
    }
}
