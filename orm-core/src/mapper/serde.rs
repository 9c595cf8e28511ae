//! Fields that may be unloaded, through serde: what is loaded is written as its values, what is not as `null`.
//!
//! A field's own implementation cannot leave the field out; say
//! `#[serde(default, skip_serializing_if = "HasMany::is_unloaded")]` for that.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{BelongsTo, Deferred, HasMany, IntoMember, Model};
use crate::error::Error;

/// Says how members are written that stand in a session.
fn are_handles<E: serde::ser::Error>(error: Error) -> E {
    E::custom(format!(
        "{}; `session.value_of(…)` gives the object with the values of all that is loaded",
        error.message()
    ))
}

impl<T: Model + Serialize> Serialize for HasMany<T> {
    /// Writes the values, or `null` where they are not loaded. What an object of a session has loaded are handles, which is an
    /// error.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.try_get() {
            Err(error) if self.is_loaded() => Err(are_handles(error)),
            members => members.ok().serialize(serializer),
        }
    }
}

impl<'de, T: Model + Deserialize<'de>> Deserialize<'de> for HasMany<T> {
    /// Reads values, or `null` as not loaded.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<Vec<T>>::deserialize(deserializer)?.map_or_else(HasMany::default, HasMany::from))
    }
}

impl<T: Model + Serialize> Serialize for BelongsTo<T> {
    /// Writes the value, or `null` where there is none or where it is not loaded. What an object of a session has loaded is a
    /// handle, which is an error.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.try_get() {
            Err(error) if self.is_loaded() => Err(are_handles(error)),
            member => member.ok().flatten().serialize(serializer),
        }
    }
}

impl<'de, T: Model + IntoMember<T> + Deserialize<'de>> Deserialize<'de> for BelongsTo<T> {
    /// Reads a value, or `null` as not loaded.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<T>::deserialize(deserializer)?.map_or_else(BelongsTo::default, BelongsTo::from))
    }
}

impl<T: Serialize> Serialize for Deferred<T> {
    /// Writes the value, or `null` where it is not loaded.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.try_get().ok().serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Deferred<T> {
    /// Reads a value, or `null` as not loaded.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<T>::deserialize(deserializer)?.map_or_else(Deferred::unloaded, Deferred::new))
    }
}
