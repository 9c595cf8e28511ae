//! Metadata as data: its tables with the names that they got, its sequences and its views.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Domain, MetaData, Sequence, Table, View};

#[derive(Serialize, Deserialize)]
struct Parts {
    tables: Vec<Table>,
    sequences: Vec<Sequence>,
    #[serde(default)]
    domains: Vec<Domain>,
    views: Vec<View>,
}

/// Writes the tables, those of models included; metadata that makes no sense is an error.
impl Serialize for MetaData {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tables = self.tables().map_err(serde::ser::Error::custom)?;
        let (sequences, views) = (self.sequences().to_vec(), self.views().to_vec());
        let parts = Parts { tables, sequences, domains: self.domains().to_vec(), views };
        parts.serialize(serializer)
    }
}

/// Reads tables as they stand: what has no name stays without one.
impl<'de> Deserialize<'de> for MetaData {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Parts { tables, sequences, domains, views } = Parts::deserialize(deserializer)?;
        Ok(domains.into_iter().fold(MetaData::of_parts(tables, sequences, views), MetaData::domain))
    }
}
