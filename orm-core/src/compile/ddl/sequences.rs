//! Sequences: how they count.

use super::Ddl;
use crate::dialect::Dialect;
use crate::error::Result;
use crate::schema::{Counting, Sequence, full_name};

impl Ddl {
    /// Creates a sequence.
    pub(crate) fn create_sequence(&self, sequence: &Sequence) -> Result<String> {
        let name = self.sequence_name(sequence)?;
        let if_not_exists = self.if_not_exists();
        let counting = self.counting(&sequence.options).concat();
        Ok(format!("CREATE SEQUENCE {if_not_exists}{name}{counting}"))
    }

    /// Drops a sequence.
    pub(crate) fn drop_sequence(&self, sequence: &Sequence) -> Result<String> {
        Ok(format!("DROP SEQUENCE {}{}", self.if_exists(), self.sequence_name(sequence)?))
    }

    /// Has a sequence count as it says; what it leaves out is as databases do it by themselves.
    pub(crate) fn alter_sequence(&self, sequence: &Sequence) -> Result<String> {
        let name = self.sequence_name(sequence)?;
        let counting = sequence.options;
        let increment = counting.increment.unwrap_or(1);
        let first = if increment > 0 { counting.minimum.unwrap_or(1) } else { counting.maximum.unwrap_or(-1) };
        let start = counting.start.unwrap_or(first);
        let bound =
            |word: &str, value: Option<i64>| value.map_or(format!("NO {word}"), |value| format!("{word} {value}"));
        let (minimum, maximum) = (bound("MINVALUE", counting.minimum), bound("MAXVALUE", counting.maximum));
        let cache = counting.cache.map_or_else(String::new, |cache| format!(" CACHE {cache}"));
        let cycle = match (counting.is_cycle, self.dialect) {
            (true, _) => "CYCLE",
            (false, Dialect::Postgres) => "NO CYCLE",
            (false, _) => "NOCYCLE",
        };
        Ok(format!(
            "ALTER SEQUENCE {name} INCREMENT BY {increment} {minimum} {maximum} START WITH {start}{cache} {cycle}"
        ))
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
