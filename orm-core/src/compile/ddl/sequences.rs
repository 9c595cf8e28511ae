//! Sequences: how they count.

use super::Ddl;
use crate::dialect::Dialect;
use crate::error::Result;
use crate::schema::{Counting, Sequence, full_name};
use crate::types::ColumnType;

impl Ddl {
    /// Creates a sequence.
    pub(crate) fn create_sequence(&self, sequence: &Sequence) -> Result<String> {
        let name = self.sequence_name(sequence)?;
        let if_not_exists = self.if_not_exists();
        let counting = self.counting(&sequence.options).concat();
        let of = self.sequence_type(sequence)?;
        Ok(format!("CREATE SEQUENCE {if_not_exists}{name}{of}{counting}"))
    }

    /// Drops a sequence.
    pub(crate) fn drop_sequence(&self, sequence: &Sequence) -> Result<String> {
        Ok(format!("DROP SEQUENCE {}{}", self.if_exists(), self.sequence_name(sequence)?))
    }

    /// Has a sequence count as it says; what it leaves out is as databases do it by themselves.
    pub(crate) fn alter_sequence(&self, sequence: &Sequence) -> Result<String> {
        let name = self.sequence_name(sequence)?;
        // What is left out is `BIGINT`.
        let of = match self.sequence_type(sequence)? {
            of if of.is_empty() && self.dialect == Dialect::Postgres => " AS BIGINT".to_owned(),
            of => of,
        };
        let counting = sequence.options;
        let increment = counting.increment.unwrap_or(1);
        let first = if increment > 0 { counting.minimum.unwrap_or(1) } else { counting.maximum.unwrap_or(-1) };
        let start = counting.start.unwrap_or(first);
        let bound =
            |word: &str, value: Option<i64>| value.map_or(format!("NO {word}"), |value| format!("{word} {value}"));
        let (minimum, maximum) = (bound("MINVALUE", counting.minimum), bound("MAXVALUE", counting.maximum));
        let usual = if self.dialect == Dialect::Postgres { 1 } else { 1000 };
        let cache = format!(" CACHE {}", counting.cache.unwrap_or(usual));
        let cycle = match (counting.is_cycle, self.dialect) {
            (true, _) => "CYCLE",
            (false, Dialect::Postgres) => "NO CYCLE",
            (false, _) => "NOCYCLE",
        };
        Ok(format!(
            "ALTER SEQUENCE {name}{of} INCREMENT BY {increment} {minimum} {maximum} START WITH {start}{cache} {cycle}"
        ))
    }

    /// Writes the type of a sequence's numbers behind a space, if it says one.
    fn sequence_type(&self, sequence: &Sequence) -> Result<String> {
        let is_integer =
            |of: &ColumnType| matches!(of, ColumnType::SmallInteger | ColumnType::Integer | ColumnType::BigInteger);
        match (&sequence.data_type, self.dialect) {
            (None, _) => Ok(String::new()),
            (Some(ColumnType::BigInteger), Dialect::MariaDb) => Ok(String::new()),
            (Some(of), Dialect::Postgres) if is_integer(of) => {
                let name = self.dialect.type_name(of).unwrap_or_default();
                Ok(format!(" AS {name}"))
            }
            (Some(of), _) => {
                let name = full_name(sequence.schema.as_deref(), &sequence.name);
                Err(self.unsupported(&format!("the type `{of}` of the sequence `{name}`")))
            }
        }
    }

    pub(super) fn sequence_name(&self, sequence: &Sequence) -> Result<String> {
        if matches!(self.dialect, Dialect::Sqlite | Dialect::MySql) {
            let name = full_name(sequence.schema.as_deref(), &sequence.name);
            return Err(self.unsupported(&format!("the sequence `{name}`")));
        }
        Ok(self.qualified(sequence.schema.as_deref(), &sequence.name))
    }

    /// Writes how a sequence counts, each word after a space.
    pub(super) fn counting(&self, counting: &Counting) -> Vec<String> {
        let of = |word: &str, value: Option<i64>| value.map(|value| format!(" {word} {value}"));
        let words = [
            of("INCREMENT BY", counting.increment),
            of("MINVALUE", counting.minimum),
            of("MAXVALUE", counting.maximum),
            of("START WITH", counting.start),
            of("CACHE", counting.cache),
            counting.is_cycle.then(|| " CYCLE".to_owned()),
        ];
        words.into_iter().flatten().collect()
    }
}
