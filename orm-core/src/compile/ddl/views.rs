//! Views.

use super::Ddl;
use crate::dialect::Dialect;
use crate::error::Result;
use crate::schema::{View, full_name};

impl Ddl {
    /// Creates a view.
    pub(crate) fn create_view(&self, view: &View) -> Result<String> {
        let (name, query) = (self.qualified(view.schema.as_deref(), &view.name), view.sql.trim().trim_end_matches(';'));
        let words = match (self.dialect, view.is_materialized) {
            (Dialect::Postgres, true) => format!("MATERIALIZED VIEW {}", self.if_not_exists()),
            (_, true) => {
                let name = full_name(view.schema.as_deref(), &view.name);
                return Err(self.unsupported(&format!("the materialized view `{name}`")));
            }
            // PostgreSQL has no IF NOT EXISTS for views; replacing it by itself leaves it as it is.
            (Dialect::Postgres, false) if self.leaves_alone => {
                return Ok(format!("CREATE OR REPLACE VIEW {name} AS {query}"));
            }
            (Dialect::MySql, false) if self.leaves_alone => {
                return Ok(format!("CREATE OR REPLACE VIEW {name} AS {query}"));
            }
            (_, false) => format!("VIEW {}", self.if_not_exists()),
        };
        Ok(format!("CREATE {words}{name} AS {query}"))
    }

    /// Drops a view.
    pub(crate) fn drop_view(&self, view: &View) -> String {
        let word = if view.is_materialized { "MATERIALIZED VIEW" } else { "VIEW" };
        format!("DROP {word} {}{}", self.if_exists(), self.qualified(view.schema.as_deref(), &view.name))
    }
}
