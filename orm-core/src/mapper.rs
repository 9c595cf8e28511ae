//! What is known of a model: its table, its columns, its relationships, and how to read and write its objects.
//!
//! In: the constant [`Definition`] that the derive writes. Out: a [`Mapper`] per model, configured at its first use:
//! foreign keys and relationships are resolved then, so that one broken model breaks no other.

mod association;
mod attribute;
mod condition;
mod configure;
mod deferred;
mod definition;
pub(crate) mod embed;
mod members;
mod model;
mod new_row;
mod object;
mod registry;
mod relationship;
mod row;
#[cfg(feature = "serde")]
mod serde;
mod shares;
mod without_model;

use once_cell::sync::OnceCell;
use orm_pool::Value;

pub use association::{association, association_columns};
pub use attribute::{Alias, Attribute, foreign, remote};
pub(crate) use configure::{Configured, Direction, ForeignKey, Link, RelationshipInfo};
pub use deferred::Deferred;
pub use definition::{
    Cascade, CheckDefinition, Column, ColumnExtras, ColumnReference, Definition, ForeignKeyColumn, ForeignKeyGroup,
    IndexDefinition, Lazy, Property, ReferentialAction, RelationshipDefinition, RelationshipKind, Validator, object_of,
    validated,
};
pub use embed::{Embed, Embedding, UnitValues};
pub use members::{BelongsTo, HasMany, HasOne, ManyToMany};
pub use members::{Change, RelationField};
pub use model::{Entity, IntoKey, Key, Model};
pub use new_row::{
    ColumnSet, Incoming, IntoMember, IntoRows, Member, Missing, NewInstance, NewObject, NewRow, Set, SetColumns,
};
pub(crate) use new_row::{is_zero, literal_set};
pub use object::{Object, ObjectVec, Values};
pub(crate) use object::{Shared, copy_columns, downcast, is_changed, set_columns};
pub(crate) use registry::Registered;
pub use registry::{MODELS, Registration};
pub use relationship::{Many, One, Relationship};
pub use row::{
    Decoded, Misread, Optional, Row, RowType, Selectable, decode_column, decode_columns_1, decode_columns_2,
    decode_columns_3, decode_columns_4, decode_columns_5, decode_columns_6, decode_deferred, next_is_null, next_value,
    optional, set_column,
};
pub(crate) use shares::{Lists, Shares};
pub(crate) use without_model::{ColumnShape, Shape};

use crate::error::Error;

/// What is known of one model. There is one per model, behind a `static`.
pub struct Mapper {
    pub(crate) definition: Definition,
    /// Gives this mapper itself.
    pub(crate) this: fn() -> &'static Mapper,
    /// Makes an empty list of the model's values, to be filled and shared out without knowing the type.
    pub(crate) new_vec: fn() -> Box<dyn ObjectVec>,
    /// Reads an object of the model.
    pub(crate) read: fn(&Row<'_>, usize) -> Decoded<Box<dyn Object>>,
    /// Gives what a builder fills a column with that is not set.
    pub(crate) default: fn(usize) -> Option<Value>,
    /// Whether it is a table of which only names are known, so that its schema is meant as it stands.
    is_light: bool,
    has_deferrable: bool,
    loads_by_itself: bool,
    configured: OnceCell<Result<Configured, Error>>,
}

impl Mapper {
    /// Makes the mapper of a model; the derive puts it into a `static`.
    pub const fn new<M: Model>(definition: Definition) -> Self {
        let has_deferrable = has_deferrable(definition.columns);
        let loads_by_itself = loads_by_itself(&definition);
        Mapper {
            definition,
            this: M::__mapper,
            new_vec: object::new_vec::<M>,
            read: object::read::<M>,
            default: M::__default,
            is_light: false,
            has_deferrable,
            loads_by_itself,
            configured: OnceCell::new(),
        }
    }

    /// Makes the mapper of a table without a model, whose rows never become objects.
    const fn without_model(definition: Definition, is_light: bool) -> Self {
        Mapper {
            definition,
            this: || unreachable!("a table without a model is not named by objects"),
            new_vec: || unreachable!("a table without a model has no objects"),
            read: |_, _| unreachable!("a row of a table without a model becomes no object"),
            default: |_| None,
            is_light,
            has_deferrable: false,
            loads_by_itself: false,
            configured: OnceCell::new(),
        }
    }

    /// Returns what the derive wrote down.
    pub fn definition(&self) -> &Definition {
        &self.definition
    }

    /// Returns the foreign keys and relationships, resolved at the first call.
    pub(crate) fn configured(&'static self) -> Result<&'static Configured, Error> {
        self.configured.get_or_init(|| configure::configure(self)).as_ref().map_err(Clone::clone)
    }

    /// Returns how many columns a row of the model has.
    pub(crate) fn width(&self) -> usize {
        self.definition.columns.len()
    }

    /// Returns whether two mappers are the same model: there is one `static` for each.
    pub(crate) fn is(&self, other: &Mapper) -> bool {
        std::ptr::eq(self, other)
    }

    /// Returns whether it is a table of which only names are known.
    pub(crate) fn is_light(&self) -> bool {
        self.is_light
    }

    /// Returns whether some column may be left out of a row.
    pub(crate) fn has_deferrable(&self) -> bool {
        self.has_deferrable
    }

    /// Returns whether a query loads something with the model without being told to, or leaves some column out.
    #[inline]
    pub(crate) fn loads_by_itself(&self) -> bool {
        self.loads_by_itself
    }

    /// Returns the columns that may be left out of a row.
    pub(crate) fn deferrable(&self) -> impl Iterator<Item = u16> + '_ {
        let columns = self.definition.columns.iter().enumerate().filter(|(_, column)| column.deferrable);
        columns.map(|(position, _)| position as u16)
    }

    /// Returns the columns that queries compute.
    pub(crate) fn properties(&self) -> impl Iterator<Item = u16> + '_ {
        let may_have = self.has_deferrable;
        let columns = self.definition.columns.iter().enumerate().filter(move |_| may_have);
        columns.filter(|(_, column)| column.property.is_some()).map(|(position, _)| position as u16)
    }

    /// Returns a number that no other model of the program has.
    pub(crate) fn id(&self) -> usize {
        std::ptr::from_ref(self) as usize
    }
}

const fn has_deferrable(columns: &[Column]) -> bool {
    let mut position = 0;
    while position < columns.len() {
        if columns[position].deferrable {
            return true;
        }
        position += 1;
    }
    false
}

const fn loads_by_itself(definition: &Definition) -> bool {
    let mut position = 0;
    while position < definition.columns.len() {
        if definition.columns[position].deferred {
            return true;
        }
        position += 1;
    }
    position = 0;
    while position < definition.relationships.len() {
        if !definition.relationships[position].lazy.is_on_demand() {
            return true;
        }
        position += 1;
    }
    false
}

impl std::fmt::Debug for Mapper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mapper({})", self.definition.name)
    }
}
