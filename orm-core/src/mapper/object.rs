//! Objects and lists of objects without their type: one small table of functions per model, plain code behind it.

use std::any::Any;
use std::sync::Arc;

use orm_pool::{Value, ValueRef};

use super::{Decoded, Mapper, Model, RelationField, Row, Shares, model};
use crate::types::{DecodeError, same};

/// A value of some model.
pub trait Object: Any + Send + Sync {
    /// Returns what is known of its model.
    fn mapper(&self) -> &'static Mapper;
    /// Returns a column as a parameter.
    fn column(&self, column: usize) -> Value;
    /// Sets a column to what a row holds.
    fn set_column(&mut self, column: usize, value: ValueRef<'_>) -> Result<(), DecodeError>;
    /// Returns whether a column is not loaded; NULL stands for it then.
    fn is_left_out(&self, column: usize) -> bool;
    /// Forgets the value of a column, if that may be left out.
    fn leave_out(&mut self, column: usize);
    /// Reads every column of a row and leaves the relationships alone.
    fn reload(&mut self, row: &Row<'_>, at: usize) -> Decoded<()>;
    /// Returns the field of a relationship.
    fn relation(&self, relationship: usize) -> &dyn RelationField;
    /// Returns the field of a relationship, to be changed.
    fn relation_mut(&mut self, relationship: usize) -> &mut dyn RelationField;
    /// Returns a copy, relationships and all.
    fn copy(&self) -> Box<dyn Object>;
}

impl<M: Model> Object for M {
    fn mapper(&self) -> &'static Mapper {
        M::__mapper()
    }

    fn column(&self, column: usize) -> Value {
        self.__column(column)
    }

    fn set_column(&mut self, column: usize, value: ValueRef<'_>) -> Result<(), DecodeError> {
        self.__set_column(column, value)
    }

    fn is_left_out(&self, column: usize) -> bool {
        self.__is_left_out(column)
    }

    fn leave_out(&mut self, column: usize) {
        self.__leave_out(column);
    }

    fn reload(&mut self, row: &Row<'_>, at: usize) -> Decoded<()> {
        model::reload(self, row, at)
    }

    fn relation(&self, relationship: usize) -> &dyn RelationField {
        self.__relation(relationship)
    }

    fn relation_mut(&mut self, relationship: usize) -> &mut dyn RelationField {
        self.__relation_mut(relationship)
    }

    fn copy(&self) -> Box<dyn Object> {
        Box::new(self.__copy())
    }
}

/// Returns whether a column differs from what it was. What is not loaded has not changed; what was not and is has.
pub(crate) fn is_changed(object: &dyn Object, base: &dyn Object, column: usize) -> bool {
    let (was, is) = (base.column(column), object.column(column));
    match same(&was, &is) {
        false => !object.is_left_out(column),
        // NULL stands for what is not loaded.
        true => is.is_null() && base.is_left_out(column) && !object.is_left_out(column),
    }
}

/// Returns the object as its type, which the caller knows.
pub(crate) fn downcast<M: Model>(object: Box<dyn Object>) -> Option<M> {
    let any: Box<dyn Any> = object;
    any.downcast::<M>().ok().map(|model| *model)
}

/// Reads an object of a model.
pub(super) fn read<M: Model>(row: &Row<'_>, at: usize) -> Decoded<Box<dyn Object>> {
    Ok(Box::new(M::__value(row, at)?))
}

/// What a relationship's field holds on the value road: a `Vec<T>` in a box.
pub(crate) type Erased = Box<dyn Any + Send + Sync>;
/// What a to-one field holds on the value road: a `T`, stored once for all who share it.
pub(crate) type Shared = Arc<dyn Any + Send + Sync>;

/// A list of values of some model, read from rows and then shared out among their owners.
pub trait ObjectVec: Send {
    /// Reads one more value.
    fn push_row(&mut self, row: &Row<'_>, at: usize) -> Decoded<()>;
    /// Takes in a value, which must be of this model.
    fn push(&mut self, object: Box<dyn Object>);
    /// Returns how many values there are.
    fn count(&self) -> usize;
    /// Returns the value at this position.
    fn get(&self, index: usize) -> &dyn Object;
    /// Returns every value, to be changed.
    fn objects(&mut self) -> Vec<&mut dyn Object>;
    /// Shares the values out to each owner; a value with several owners is copied.
    fn split(self: Box<Self>, members: &Shares) -> Vec<Erased>;
    /// Puts each value behind a shared pointer.
    fn share(self: Box<Self>) -> Vec<Shared>;
}

impl<M: Model> ObjectVec for Vec<M> {
    fn push_row(&mut self, row: &Row<'_>, at: usize) -> Decoded<()> {
        Vec::push(self, M::__value(row, at)?);
        Ok(())
    }

    fn push(&mut self, object: Box<dyn Object>) {
        if let Some(model) = downcast::<M>(object) {
            Vec::push(self, model);
        }
    }

    fn count(&self) -> usize {
        self.len()
    }

    fn get(&self, index: usize) -> &dyn Object {
        &self[index]
    }

    fn objects(&mut self) -> Vec<&mut dyn Object> {
        self.iter_mut().map(|object| object as &mut dyn Object).collect()
    }

    fn split(self: Box<Self>, members: &Shares) -> Vec<Erased> {
        let mut uses = vec![0u32; self.len()];
        for &index in members.iter().flatten() {
            uses[index as usize] += 1;
        }
        let mut values: Vec<Option<M>> = self.into_iter().map(Some).collect();
        let mut take = |index: u32| {
            let index = index as usize;
            uses[index] -= 1;
            if uses[index] == 0 { values[index].take() } else { values[index].as_ref().map(M::__copy) }
        };
        let mut list_of = |positions: &[u32]| {
            let mut list = Vec::with_capacity(positions.len());
            list.extend(positions.iter().filter_map(|&index| take(index)));
            Box::new(list) as Erased
        };
        members.iter().map(&mut list_of).collect()
    }

    fn share(self: Box<Self>) -> Vec<Shared> {
        self.into_iter().map(|value| Arc::new(value) as Shared).collect()
    }
}

/// Makes an empty list of a model's values.
pub(super) fn new_vec<M: Model>() -> Box<dyn ObjectVec> {
    Box::new(Vec::<M>::new())
}
