//! DELETE of the rows that fulfil conditions.

use std::marker::PhantomData;

use super::{DeleteNode, Predicate, Returning, Statement, Write, executes};
use crate::error::Result;
use crate::mapper::{Entity, Model, Selectable};

/// A DELETE from the table of `M`.
///
/// It deletes rows, and what the database's own foreign keys delete with them; the cascades of relationships are for
/// [`Session::delete`](crate::Session::delete).
pub struct Delete<M> {
    node: DeleteNode,
    model: PhantomData<fn() -> M>,
}

impl<M> std::fmt::Debug for Delete<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Delete({})", self.node.mapper.definition().name)
    }
}

/// Starts a DELETE from a model's table. Without a filter it deletes every row.
pub fn delete<A: Entity>(_entity: A) -> Delete<A::Model> {
    let node = DeleteNode { mapper: A::Model::__mapper(), filters: vec![], returning: vec![] };
    Delete { node, model: PhantomData }
}

impl<M: Model> Delete<M> {
    /// WHERE; several are joined by AND.
    #[must_use]
    pub fn filter(mut self, condition: impl Predicate) -> Self {
        self.node.filters.push(condition.__predicate());
        self
    }

    /// Gives values of the deleted rows.
    pub fn returning<S: Selectable>(mut self, selected: S) -> Returning<S::Row> {
        selected.__outputs(&mut self.node.returning);
        Returning::statements(self.__statements())
    }
}

impl<M: Model> Delete<M> {
    pub(super) fn statements(&self) -> Vec<Statement> {
        vec![Statement::Delete(Box::new(self.node.clone()))]
    }
}

impl<M: Model> Write for Delete<M> {
    fn __statements(self) -> Result<Vec<Statement>> {
        Ok(self.statements())
    }
}
executes! { {M: Model} Delete<M>; }
