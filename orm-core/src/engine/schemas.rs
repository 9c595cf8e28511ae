//! [`SchemaMap`]: under which schema the tables of a schema stand, as
//! [`schema_translate_map`](super::ExecutionOptions::schema_translate_map) says.
//!
//! In: the schema that a model or a table names, or none. Out: the one that is written. Compiled statements, DDL and the
//! statements that a flush writes itself ask it; nothing else knows that there is one.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::types::ColumnType;

/// The name of a schema, or none for the default one.
type Name = Option<Box<str>>;

/// Which schemas are others. One that it does not name stays what it is.
#[derive(Clone, Default)]
pub(crate) struct SchemaMap {
    /// Each schema once, in the order of their names, so that equal maps are equal lists; none for a map of nothing.
    entries: Option<Arc<[(Name, Name)]>>,
}

impl SchemaMap {
    pub(crate) fn new<'a, V: Into<Option<&'a str>>>(map: impl IntoIterator<Item = (Option<&'a str>, V)>) -> Self {
        let mut entries: Vec<(Name, Name)> = Vec::new();
        for (from, to) in map {
            let (from, to) = (from.map(Box::from), to.into().map(Box::from));
            // As in a dictionary, what is said last counts.
            entries.retain(|(known, _)| *known != from);
            entries.push((from, to));
        }
        entries.sort();
        SchemaMap { entries: if entries.is_empty() { None } else { Some(entries.into()) } }
    }

    /// Returns whether every schema stays what it is.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_none()
    }

    fn entries(&self) -> &[(Name, Name)] {
        self.entries.as_deref().unwrap_or_default()
    }

    /// Returns the schema to be written for this one.
    pub(crate) fn of<'a>(&'a self, schema: Option<&'a str>) -> Option<&'a str> {
        match self.entries().iter().find(|(from, _)| from.as_deref() == schema) {
            Some((_, to)) => to.as_deref(),
            None => schema,
        }
    }

    /// Puts the schema to be written into the place of this one.
    pub(crate) fn translate(&self, schema: &mut Option<String>) {
        if !self.is_empty() {
            *schema = self.of(schema.as_deref()).map(str::to_owned);
        }
    }

    /// Puts the schemas to be written into a type that has a name of its own.
    pub(crate) fn translate_type(&self, column_type: &mut ColumnType) {
        if let ColumnType::Enum { schema, .. } | ColumnType::Domain { schema, .. } = column_type.element_mut() {
            *schema = self.of(schema.as_deref()).map(|schema| Cow::Owned(schema.to_owned()));
        }
        if let ColumnType::Domain { base, .. } = column_type.element_mut() {
            self.translate_type(base);
        }
    }

    /// Returns a type with the schemas to be written.
    pub(crate) fn of_type<'t>(&self, column_type: &'t ColumnType) -> Cow<'t, ColumnType> {
        match column_type.element() {
            ColumnType::Enum { .. } | ColumnType::Domain { .. } if !self.is_empty() => {
                let mut translated = column_type.clone();
                self.translate_type(&mut translated);
                Cow::Owned(translated)
            }
            _ => Cow::Borrowed(column_type),
        }
    }

    /// Refuses a schema without a name.
    pub(crate) fn check(&self) -> Result<()> {
        let is_empty = |name: &Name| name.as_deref() == Some("");
        let Some((from, to)) = self.entries().iter().find(|(from, to)| is_empty(from) || is_empty(to)) else {
            return Ok(());
        };
        let shown = |name: &Name| name.as_deref().map_or_else(|| "`None`".to_owned(), |name| format!("`{name}`"));
        let message = format!("`schema_translate_map` has an empty name of a schema: {} -> {}", shown(from), shown(to));
        Err(Error::new(ErrorKind::Argument, message).hint("write `None` for tables that say no schema"))
    }

    /// Adds what tells this map from others to the key of a statement, such that it can be told from the end what is it.
    pub(super) fn note(&self, key: &mut Vec<u8>) {
        let before = key.len();
        for (from, to) in self.entries() {
            for name in [from, to] {
                key.push(u8::from(name.is_some()));
                let name = name.as_deref().unwrap_or_default();
                key.extend_from_slice(&name.len().to_ne_bytes());
                key.extend_from_slice(name.as_bytes());
            }
        }
        let added = key.len() - before;
        key.extend_from_slice(&added.to_ne_bytes());
    }
}

impl PartialEq for SchemaMap {
    fn eq(&self, other: &Self) -> bool {
        self.entries() == other.entries()
    }
}

impl fmt::Debug for SchemaMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries().iter().map(|(from, to)| (from, to))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::SchemaMap;

    #[test]
    fn what_is_said_last_counts_and_what_is_not_said_stays() {
        let map = SchemaMap::new([(None, "a"), (Some("shared"), "common"), (None, "b")]);
        assert_eq!(map.of(None), Some("b"));
        assert_eq!(map.of(Some("shared")), Some("common"));
        assert_eq!(map.of(Some("other")), Some("other"));
        assert_eq!(map, SchemaMap::new([(Some("shared"), "common"), (None, "b")]));
        assert_ne!(map, SchemaMap::new([(None, "b")]));
        let home = SchemaMap::new([(Some("shared"), None::<&str>)]);
        assert_eq!((home.of(Some("shared")), home.of(None)), (None, None));
        assert!(SchemaMap::new([(None, ""); 0]).is_empty());
    }

    #[test]
    fn a_schema_is_taken_once_not_one_after_the_other() {
        let map = SchemaMap::new([(None, "a"), (Some("a"), "b"), (Some("b"), "a")]);
        assert_eq!([None, Some("a"), Some("b")].map(|schema| map.of(schema)), [Some("a"), Some("b"), Some("a")]);
    }

    #[test]
    fn an_empty_name_is_refused() {
        for map in [SchemaMap::new([(None, "")]), SchemaMap::new([(Some(""), "a")])] {
            assert!(map.check().unwrap_err().message().starts_with("`schema_translate_map` has an empty name"));
        }
        SchemaMap::new([(None, "a")]).check().unwrap();
    }

    #[test]
    fn different_maps_are_noted_differently() {
        let maps = [
            SchemaMap::new([(None, "a"), (Some("b"), "c")]),
            SchemaMap::new([(None, "a")]),
            SchemaMap::new([(None, None::<&str>)]),
            SchemaMap::new([(Some("a"), None::<&str>)]),
            SchemaMap::new([(Some("a"), "b")]),
            SchemaMap::new([(Some("ab"), "")]),
        ];
        let notes: Vec<Vec<u8>> = maps
            .iter()
            .map(|map| {
                let mut key = vec![1, 2, 3];
                map.note(&mut key);
                key
            })
            .collect();
        for (position, note) in notes.iter().enumerate() {
            assert!(!notes[..position].contains(note), "{:?}", maps[position]);
        }
    }
}
