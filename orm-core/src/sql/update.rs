//! UPDATE of the rows that fulfil conditions.

use std::marker::PhantomData;

use super::{AsExpr, Node, Output, Predicate, Returning, Statement, Write, executes};
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Attribute, Entity, Mapper, Model, Selectable};
use crate::types::SqlType;

/// An UPDATE without its types.
#[derive(Clone, Debug)]
pub struct UpdateNode {
    pub(crate) mapper: &'static Mapper,
    pub(crate) sets: Vec<(u16, Node)>,
    pub(crate) filters: Vec<Node>,
    pub(crate) returning: Vec<Output>,
}

/// A DELETE without its types.
#[derive(Clone, Debug)]
pub struct DeleteNode {
    pub(crate) mapper: &'static Mapper,
    pub(crate) filters: Vec<Node>,
    pub(crate) returning: Vec<Output>,
}

/// An UPDATE of the table of `M`.
///
/// Given a session it runs in the session's transaction, after a flush, and expires the objects of `M`.
pub struct Update<M> {
    node: UpdateNode,
    model: PhantomData<fn() -> M>,
}

impl<M> std::fmt::Debug for Update<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Update({})", self.node.mapper.definition().name)
    }
}

/// Starts an UPDATE of a model's table.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Engine, insert, metadata, select, update};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String, visits: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![User].create_all(&engine).await?;
/// # insert(User).values(User { id: 1, name: "ed".into(), visits: 1 }).execute(&engine).await?;
/// let changed = update(User).set(User.visits, User.visits + 1).filter(User.id.eq(1)).execute(&engine).await?;
/// assert_eq!(changed, 1);
/// # assert_eq!(select(User.visits).scalar(&engine).await?, Some(2));
/// # Ok(())
/// # }
/// ```
pub fn update<A: Entity>(_entity: A) -> Update<A::Model> {
    let node = UpdateNode { mapper: A::Model::__mapper(), sets: vec![], filters: vec![], returning: vec![] };
    Update { node, model: PhantomData }
}

impl<M: Model> Update<M> {
    /// Sets a column to a value or an expression.
    #[must_use]
    pub fn set<T: SqlType>(mut self, attribute: Attribute<M, T>, value: impl AsExpr<T>) -> Self {
        self.node.sets.push((attribute.__column(), value.__node()));
        self
    }

    /// WHERE; several are joined by AND.
    #[must_use]
    pub fn filter(mut self, condition: impl Predicate) -> Self {
        self.node.filters.push(condition.__predicate());
        self
    }

    /// Gives values of the changed rows.
    pub fn returning<S: Selectable>(mut self, selected: S) -> Returning<S::Row> {
        selected.__outputs(&mut self.node.returning);
        Returning::statements(self.__statements())
    }
}

impl<M: Model> Update<M> {
    pub(super) fn statements(&self) -> Result<Vec<Statement>> {
        if self.node.sets.is_empty() {
            let name = self.node.mapper.definition().name;
            let message = format!("`update({name})` sets no column");
            return Err(Error::new(ErrorKind::Argument, message).hint("add `.set(column, value)`"));
        }
        Ok(vec![Statement::Update(Box::new(self.node.clone()))])
    }
}

impl<M: Model> Write for Update<M> {
    fn __statements(self) -> Result<Vec<Statement>> {
        self.statements()
    }
}
executes! { {M: Model} Update<M>; }
