//! The types of labels of PostgreSQL, and the checks of labels that are text.

use super::Ddl;
use crate::dialect::Dialect;
use crate::schema::{CheckConstraint, Column, EnumType, Table};
use crate::types::ColumnType;

impl Ddl {
    /// Creates the types of labels, where the database has such.
    pub(crate) fn create_enums(&self, types: &[EnumType]) -> Vec<String> {
        if self.dialect != Dialect::Postgres {
            return Vec::new();
        }
        let create = |of: &EnumType| {
            let labels: Vec<String> = of.labels.iter().map(|label| self.text(label)).collect();
            let name = self.qualified(of.schema.as_deref(), &of.name);
            let create = format!("CREATE TYPE {name} AS ENUM ({})", labels.join(", "));
            // There is no CREATE TYPE IF NOT EXISTS.
            if !self.leaves_alone {
                return create;
            }
            format!("DO $orm$ BEGIN\n    {create};\nEXCEPTION WHEN duplicate_object THEN NULL;\nEND $orm$")
        };
        types.iter().map(create).collect()
    }

    /// Drops the types of labels.
    pub(crate) fn drop_enums(&self, types: &[EnumType]) -> Vec<String> {
        if self.dialect != Dialect::Postgres {
            return Vec::new();
        }
        let drop = |of: &EnumType| {
            let drop = format!("DROP TYPE {}{}", self.if_exists(), self.qualified(of.schema.as_deref(), &of.name));
            if !self.leaves_alone {
                return drop;
            }
            // Tables of others may have it as well.
            format!("DO $orm$ BEGIN\n    {drop};\nEXCEPTION WHEN dependent_objects_still_exist THEN NULL;\nEND $orm$")
        };
        types.iter().rev().map(drop).collect()
    }

    /// Returns the checks that refuse what is no label, where labels are text, and what is no truth value, where those are
    /// numbers.
    pub(crate) fn label_checks(&self, table: &Table) -> Vec<CheckConstraint> {
        let check = |column: &Column| match column.type_on(self.dialect) {
            ColumnType::Enum { labels, has_check: true, is_native, .. }
                if !is_native || self.dialect == Dialect::Sqlite =>
            {
                let labels: Vec<String> = labels.iter().map(|label| self.text(label)).collect();
                let sql = format!("{} IN ({})", self.identifier(&column.name), labels.join(", "));
                Some(CheckConstraint::new(sql).name(format!("ck_{}_{}", table.name, column.name)))
            }
            ColumnType::Boolean if column.has_check && self.dialect != Dialect::Postgres => {
                let sql = format!("{} IN (0, 1)", self.identifier(&column.name));
                Some(CheckConstraint::new(sql).name(format!("ck_{}_{}", table.name, column.name)))
            }
            _ => None,
        };
        table.columns.iter().filter_map(check).collect()
    }
}
