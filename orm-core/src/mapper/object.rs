//! Objects and lists of objects without their type: one small table of functions per model, plain code behind it.

use std::any::Any;
use std::ops::Range;
use std::sync::Arc;

use orm_pool::{Value, ValueRef};

use super::embed::UnitValues;
use super::{Decoded, Mapper, Misread, Model, RelationField, Row, model};
use crate::types::{DecodeError, RowValue, same};

/// A value of some model.
pub trait Object: Any + Send + Sync {
    /// Returns what is known of its model.
    fn mapper(&self) -> &'static Mapper;
    /// Returns a column as a parameter.
    fn column(&self, column: usize) -> Value;
    /// Adds columns to a list of parameters: what a row takes, in one call.
    fn push_columns(&self, columns: &[u16], values: &mut Vec<Value>);
    /// Sets a column to what a row holds.
    fn set_column(&mut self, column: usize, value: ValueRef<'_>) -> Result<(), DecodeError>;
    /// Sets the columns that change together of which this is the first.
    fn set_unit(&mut self, first: usize, values: UnitValues<'_, '_>) -> Decoded<()>;
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
    /// Takes it out of its shared pointer, or copies it where others hold it too.
    fn unshare(self: Arc<Self>) -> Box<dyn Object>;
}

impl<M: Model> Object for M {
    fn mapper(&self) -> &'static Mapper {
        M::__mapper()
    }

    fn column(&self, column: usize) -> Value {
        self.__column(column)
    }

    fn push_columns(&self, columns: &[u16], values: &mut Vec<Value>) {
        values.extend(columns.iter().map(|&column| self.__column(usize::from(column))));
    }

    fn set_column(&mut self, column: usize, value: ValueRef<'_>) -> Result<(), DecodeError> {
        self.__set_column(column, value)
    }

    fn set_unit(&mut self, first: usize, values: UnitValues<'_, '_>) -> Decoded<()> {
        self.__set_unit(first, values)
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

    fn unshare(self: Arc<Self>) -> Box<dyn Object> {
        Box::new(Arc::try_unwrap(self).unwrap_or_else(|shared| shared.__copy()))
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

/// Sets columns that change together; what cannot be read is told by its place among them.
pub(crate) fn set_columns(object: &mut dyn Object, columns: Range<usize>, values: UnitValues<'_, '_>) -> Decoded<()> {
    if columns.len() == 1 {
        return object.set_column(columns.start, values(0)).map_err(|reason| Misread::new(0, reason));
    }
    object.set_unit(columns.start, values)
}

/// Gives columns that change together the values that another object of the model has there.
pub(crate) fn copy_columns(from: &dyn Object, to: &mut dyn Object, columns: Range<usize>) -> Decoded<()> {
    if columns.len() == 1 {
        let value = from.column(columns.start);
        let value = RowValue::of(&value);
        return set_columns(to, columns, &|_| value.get());
    }
    let values: Vec<Value> = columns.clone().map(|column| from.column(column)).collect();
    let values: Vec<RowValue<'_>> = values.iter().map(RowValue::of).collect();
    set_columns(to, columns, &|column| values[column].get())
}

/// Returns the object as its type, which the caller knows.
pub(crate) fn downcast<M: Model>(object: Box<dyn Object>) -> Option<M> {
    let any: Box<dyn Any> = object;
    any.downcast::<M>().ok().map(|model| *model)
}

/// Reads an object of a model.
pub(super) fn read<M: Model>(row: &Row<'_>, at: usize) -> Decoded<Box<dyn Object>> {
    // `?` would move it once more.
    M::__value(row, at).map(|object| Box::new(object) as Box<dyn Object>)
}

/// What a to-one field holds on the value road: a `T`, stored once for all who share it.
pub(crate) type Shared = Arc<dyn Object>;

/// What a to-many field holds on the value road: a `Vec` of some model's values.
pub trait Values: Any + Send + Sync {
    /// Returns how many values there are.
    fn count(&self) -> usize;
    /// Returns a copy, relationships and all.
    fn copy(&self) -> Box<dyn Values>;
    /// Shows every value, to be changed.
    fn visit<'a>(&'a mut self, visit: &mut dyn FnMut(&'a mut dyn Object));
    /// Takes the last value out.
    fn pop(&mut self) -> Option<Box<dyn Object>>;
}

impl dyn Values {
    /// Returns each value, taken out.
    pub(crate) fn into_objects(mut self: Box<Self>) -> Vec<Box<dyn Object>> {
        let mut objects = Vec::with_capacity(self.count());
        while let Some(object) = self.pop() {
            objects.push(object);
        }
        objects.reverse();
        objects
    }
}

impl<M: Model> Values for Vec<M> {
    fn count(&self) -> usize {
        self.len()
    }

    fn copy(&self) -> Box<dyn Values> {
        let mut copies = Vec::with_capacity(self.len());
        for value in self {
            copies.push(value.__copy());
        }
        Box::new(copies)
    }

    fn visit<'a>(&'a mut self, visit: &mut dyn FnMut(&'a mut dyn Object)) {
        for object in self {
            visit(object);
        }
    }

    fn pop(&mut self) -> Option<Box<dyn Object>> {
        match Vec::pop(self) {
            Some(value) => Some(Box::new(value)),
            None => None,
        }
    }
}

/// A list of values of some model, read from rows and then shared out among their owners.
pub trait ObjectVec: Send {
    /// Reads one more value.
    fn push_row(&mut self, row: &Row<'_>, at: usize) -> Decoded<()>;
    /// Takes in a value, which must be of this model.
    fn push(&mut self, object: Box<dyn Object>);
    /// Returns how many values there are.
    fn count(&self) -> usize;
    /// Shows every value, to be changed.
    fn visit<'a>(&'a mut self, visit: &mut dyn FnMut(&'a mut dyn Object));
    /// Moves all values to the end of an owner's list, which is made if there is none.
    fn move_to(&mut self, list: &mut Option<Box<dyn Values>>);
    /// Gives each owner the values at some positions as a list; a value with several owners is copied.
    fn split(self: Box<Self>, owners: &[&[u32]]) -> Vec<Box<dyn Values>>;
    /// Puts each value behind a shared pointer.
    fn share(self: Box<Self>) -> Vec<Shared>;
}

impl dyn ObjectVec {
    /// Returns every value, to be changed.
    pub(crate) fn objects(&mut self) -> Vec<&mut dyn Object> {
        let mut objects = Vec::with_capacity(self.count());
        self.visit(&mut |object| objects.push(object));
        objects
    }
}

impl<M: Model> ObjectVec for Vec<M> {
    fn push_row(&mut self, row: &Row<'_>, at: usize) -> Decoded<()> {
        // `?` would move it once more.
        M::__value(row, at).map(|value| Vec::push(self, value))
    }

    fn push(&mut self, object: Box<dyn Object>) {
        self.extend(downcast::<M>(object));
    }

    fn count(&self) -> usize {
        self.len()
    }

    fn visit<'a>(&'a mut self, visit: &mut dyn FnMut(&'a mut dyn Object)) {
        Values::visit(self, visit);
    }

    fn move_to(&mut self, list: &mut Option<Box<dyn Values>>) {
        if let Some(list) = list {
            let list: &mut dyn Any = &mut **list;
            list.downcast_mut::<Self>().into_iter().for_each(|list| list.append(self));
        } else {
            let mut new = Vec::with_capacity(self.len());
            new.append(self);
            *list = Some(Box::new(new));
        }
    }

    fn split(self: Box<Self>, owners: &[&[u32]]) -> Vec<Box<dyn Values>> {
        let mut left = uses(self.len(), owners);
        let mut values: Vec<Option<M>> = self.into_iter().map(Some).collect();
        let mut lists: Vec<Box<dyn Values>> = Vec::with_capacity(owners.len());
        for positions in owners {
            let mut list = Vec::with_capacity(positions.len());
            for &position in *positions {
                let (value, left) = (&mut values[position as usize], &mut left[position as usize]);
                *left -= 1;
                list.extend(if *left == 0 { value.take() } else { value.as_ref().map(M::__copy) });
            }
            lists.push(Box::new(list));
        }
        lists
    }

    fn share(self: Box<Self>) -> Vec<Shared> {
        let mut shared: Vec<Shared> = Vec::with_capacity(self.len());
        for value in *self {
            shared.push(Arc::new(value));
        }
        shared
    }
}

/// Returns how often each of so many values is had.
fn uses(values: usize, owners: &[&[u32]]) -> Vec<u32> {
    let mut uses = vec![0; values];
    owners.iter().copied().flatten().for_each(|&value| uses[value as usize] += 1);
    uses
}

/// Makes an empty list of a model's values.
pub(super) fn new_vec<M: Model>() -> Box<dyn ObjectVec> {
    Box::new(Vec::<M>::new())
}
