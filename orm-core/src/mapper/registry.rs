//! The derived models of the program, collected at link time for [`MetaData::global`](crate::MetaData::global) alone.
//!
//! Queries and sessions never ask here: they need only types, so that one broken model breaks no other.

use super::Mapper;

/// A derived model, as the linker collects it.
#[derive(Clone, Copy)]
pub struct Registration(pub fn() -> &'static Mapper);

/// Every derived model of the program, in no order.
#[linkme::distributed_slice]
pub static MODELS: [Registration];

/// The mappers of the program, ordered by table and then by where they stand.
pub(crate) struct Registered;

impl Registered {
    pub(crate) fn mappers() -> Vec<&'static Mapper> {
        let mut mappers: Vec<_> = MODELS.iter().map(|registration| (registration.0)()).collect();
        mappers.sort_by_key(|mapper| {
            let definition = mapper.definition();
            (definition.schema, definition.table, definition.location)
        });
        mappers
    }
}
