//! What models say of their values by `validate`: asked before a flush writes anything, so that nothing is undone.
//!
//! In: new and changed objects. Out: all that is wrong with them, as one error.

use super::collect;
use crate::error::{Error, Result, Violation};
use crate::mapper::{Mapper, Model, Object, Validator, is_changed};
use crate::session::{Moment, Objects, State};

/// Checks a value of a model by all that the model says of it: what a flush does with the objects of a session, for a value that is
/// in none, such as what a request has brought.
///
/// ```
/// # use orm_core::{Model, validate};
/// fn is_in_order(period: &Period) -> Result<(), String> {
///     match period.first <= period.last {
///         true => Ok(()),
///         false => Err(format!("ends at {} before it begins", period.last)),
///     }
/// }
///
/// #[derive(Clone, Debug, orm_derive::Model)]
/// # #[orm(crate = orm_core)]
/// #[orm(validate = is_in_order)]
/// struct Period {
///     #[orm(primary_key)]
///     id: i64,
///     first: i64,
///     last: i64,
/// }
///
/// assert!(validate(&Period { id: 0, first: 1, last: 2 }).is_ok());
/// let error = validate(&Period { id: 0, first: 3, last: 2 }).unwrap_err();
/// assert_eq!(error.message(), "`Period` ends at 2 before it begins");
/// ```
///
/// # Errors
///
/// [`ErrorKind::Validation`](crate::ErrorKind::Validation), with all that is wrong.
pub fn validate<M: Model>(value: &M) -> Result<()> {
    let mut violations = Vec::new();
    check(M::__mapper(), value, |_| true, &mut violations);
    told(violations)
}

/// Checks what a flush is to write, but for objects that a listener may change before.
pub(crate) fn validate_all(objects: &Objects) -> Result<()> {
    let mut violations = Vec::new();
    let has = |&slot: &u32| has_validators(objects, slot) && !objects.get(slot).is_doomed && !is_heard(objects, slot);
    let new = objects.pending.iter().copied().filter(has);
    let new = new.filter(|&slot| objects.get(slot).state == State::Pending);
    let changed = objects.touched.iter().copied().filter(has);
    let changed = changed.filter(|&slot| collect::needs_update(objects, slot));
    new.chain(changed).for_each(|slot| check_object(objects, slot, &mut violations));
    told(violations)
}

/// Checks an object that a listener may have changed.
pub(super) fn validate_heard(objects: &Objects, slot: u32) -> Result<()> {
    let mut violations = Vec::new();
    if has_validators(objects, slot) {
        check_object(objects, slot, &mut violations);
    }
    told(violations)
}

fn has_validators(objects: &Objects, slot: u32) -> bool {
    !objects.get(slot).mapper.definition().validators.is_empty()
}

/// Returns whether a listener is told of the object before it is written.
fn is_heard(objects: &Objects, slot: u32) -> bool {
    let moment = match objects.get(slot).state {
        State::Pending => Moment::BeforeInsert,
        _ => Moment::BeforeUpdate,
    };
    objects.events.listens(moment, objects.get(slot).mapper)
}

/// Checks an object as a whole, and those of its values that are to be written.
fn check_object(objects: &Objects, slot: u32, violations: &mut Vec<Violation>) {
    let (entry, object) = (objects.get(slot), objects.object(slot));
    let is_written = |column: usize| {
        let definition = &entry.mapper.definition().columns[column];
        let has_changed = || entry.base.as_deref().is_some_and(|base| is_changed(object, base, column));
        // What nobody has set in a new one is filled by the database, is found missing by its own error, or is NULL.
        let is_null = || entry.state == State::Pending && definition.nullable && definition.server_default.is_none();
        (entry.state == State::Pending && entry.set.contains(column)) || has_changed() || is_null()
    };
    check(entry.mapper, object, is_written, violations);
}

fn check(mapper: &Mapper, object: &dyn Object, is_written: impl Fn(usize) -> bool, violations: &mut Vec<Violation>) {
    let definition = mapper.definition();
    for Validator { of, check } in definition.validators {
        if of.is_some_and(|(_, column)| !is_written(usize::from(column))) {
            continue;
        }
        if let Err(message) = check(object) {
            violations.push(Violation { model: definition.name, field: of.map(|(field, _)| field), message });
        }
    }
}

fn told(violations: Vec<Violation>) -> Result<()> {
    if violations.is_empty() { Ok(()) } else { Err(Error::invalid(violations)) }
}
