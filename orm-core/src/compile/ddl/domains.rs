//! The domains of PostgreSQL. Other databases have the types beneath, and nothing is written for them.

use super::Ddl;
use crate::dialect::Dialect;
use crate::error::Result;
use crate::schema::{CheckConstraint, Domain, full_name};

impl Ddl {
    /// Creates domains.
    pub(crate) fn create_domains(&self, domains: &[Domain]) -> Result<Vec<String>> {
        if self.dialect != Dialect::Postgres {
            return Ok(Vec::new());
        }
        let create = |domain: &Domain| {
            let create = self.create_domain(domain)?;
            // There is no CREATE DOMAIN IF NOT EXISTS.
            Ok(if self.leaves_alone { guarded(&create, "duplicate_object") } else { create })
        };
        domains.iter().map(create).collect()
    }

    fn create_domain(&self, domain: &Domain) -> Result<String> {
        let base = self.dialect.type_name(&domain.base).map_err(|reason| {
            let name = full_name(domain.schema.as_deref(), &domain.name);
            crate::Error::new(crate::ErrorKind::Compile, format!("the domain `{name}` cannot be declared: {reason}"))
        })?;
        let mut sql = format!("CREATE DOMAIN {} AS {base}", self.domain_name(domain));
        if let Some(collation) = &domain.collation {
            sql.push_str(&format!(" COLLATE {}", self.identifier(collation)));
        }
        if let Some(default) = &domain.default {
            sql.push_str(&format!(" DEFAULT {default}"));
        }
        if !domain.is_nullable {
            sql.push_str(" NOT NULL");
        }
        for check in &domain.checks {
            sql.push(' ');
            sql.push_str(&self.domain_check(check));
        }
        Ok(sql)
    }

    fn domain_check(&self, check: &CheckConstraint) -> String {
        format!("{}CHECK ({})", self.constraint(check.name.as_deref()), check.sql)
    }

    fn domain_name(&self, domain: &Domain) -> String {
        self.qualified(domain.schema.as_deref(), &domain.name)
    }

    /// Drops domains, the last first.
    pub(crate) fn drop_domains(&self, domains: &[Domain]) -> Vec<String> {
        if self.dialect != Dialect::Postgres {
            return Vec::new();
        }
        let drop = |domain: &Domain| {
            let drop = format!("DROP DOMAIN {}{}", self.if_exists(), self.domain_name(domain));
            // Tables of others may have it as well.
            if self.leaves_alone { guarded(&drop, "dependent_objects_still_exist") } else { drop }
        };
        domains.iter().rev().map(drop).collect()
    }

    /// Changes what a domain says of its values; PostgreSQL does not change the type beneath.
    pub(crate) fn alter_domain(&self, from: &Domain, to: &Domain) -> Result<Vec<String>> {
        let (old, new) = (from.normal(), to.normal());
        if old.base != new.base || old.collation != new.collation {
            let what = format!("changing the type of domain `{}`", full_name(to.schema.as_deref(), &to.name));
            let hint = "make a new domain, change the columns to it, and drop the old one";
            return Err(self.unsupported(&what).hint(hint));
        }
        let alter = |words: &str| format!("ALTER DOMAIN {} {words}", self.domain_name(to));
        let mut statements = Vec::new();
        for check in old.checks.iter().filter(|check| !new.checks.contains(check)) {
            let Some(name) = &check.name else { continue };
            statements.push(alter(&format!("DROP CONSTRAINT {}", self.constraint_name(name))));
        }
        if old.default != new.default {
            statements.push(alter(&match &to.default {
                Some(default) => format!("SET DEFAULT {default}"),
                None => "DROP DEFAULT".to_owned(),
            }));
        }
        if old.is_nullable != new.is_nullable {
            statements.push(alter(if to.is_nullable { "DROP NOT NULL" } else { "SET NOT NULL" }));
        }
        let is_new = |given: &&CheckConstraint| {
            let normal = new.checks.iter().find(|check| check.name == given.name);
            normal.is_some_and(|check| !old.checks.contains(check))
        };
        statements
            .extend(to.checks.iter().filter(is_new).map(|check| alter(&format!("ADD {}", self.domain_check(check)))));
        Ok(statements)
    }
}

/// Runs a statement and takes one way in which it may fail for its being done.
fn guarded(sql: &str, condition: &str) -> String {
    format!("DO $orm$ BEGIN\n    {sql};\nEXCEPTION WHEN {condition} THEN NULL;\nEND $orm$")
}
