//! INSERT, UPDATE and DELETE become text.

use super::Writer;
use crate::dialect::Upsert;
use crate::error::Result;
use crate::mapper::Alias;
use crate::sql::{ConflictAction, DeleteNode, InsertNode, Node, UpdateNode};

impl Writer {
    pub(super) fn insert(&mut self, insert: &InsertNode) -> Result<()> {
        if !insert.returning.is_empty() && !self.capabilities().returning.insert {
            return Err(self.unsupported("INSERT … RETURNING"));
        }
        self.written = Some(insert.mapper);
        self.push("INSERT INTO ");
        self.table_name(insert.mapper);
        if insert.columns.is_empty() {
            let default_values = self.capabilities().default_values;
            self.push(if default_values { " DEFAULT VALUES" } else { " () VALUES ()" });
        } else {
            self.push(" (");
            self.bare(|this| {
                this.separated(&insert.columns, ", ", |this, &column| {
                    this.column(insert.mapper, column, Alias::NONE);
                    Ok(())
                })
            })?;
            self.push(if insert.overrides { ") OVERRIDING SYSTEM VALUE VALUES " } else { ") VALUES " });
            self.separated(&insert.rows, ", ", |this, row| {
                this.push("(");
                this.separated(row, ", ", |this, value| this.node(value))?;
                this.push(")");
                Ok(())
            })?;
        }
        self.on_conflict(insert)?;
        self.returning(&insert.returning)
    }

    fn on_conflict(&mut self, insert: &InsertNode) -> Result<()> {
        let Some(conflict) = &insert.on_conflict else { return Ok(()) };
        let upsert = self.capabilities().upsert;
        let column = |this: &mut Self, column: u16| {
            this.bare(|this| {
                this.column(insert.mapper, column, Alias::NONE);
                Ok(())
            })
        };
        let columns = match (upsert, &conflict.action) {
            (Upsert::OnConflict, action) => {
                self.push(" ON CONFLICT (");
                self.separated(&conflict.columns, ", ", |this, &name| column(this, name))?;
                match action {
                    ConflictAction::Nothing => {
                        self.push(") DO NOTHING");
                        return Ok(());
                    }
                    ConflictAction::Update(columns) => {
                        self.push(") DO UPDATE SET ");
                        columns
                    }
                }
            }
            // MySQL has no DO NOTHING that leaves other errors alone: a column set to itself changes nothing.
            (Upsert::OnDuplicateKey, ConflictAction::Nothing) => {
                self.push(" ON DUPLICATE KEY UPDATE ");
                return self.separated(conflict.columns.iter().take(1), ", ", |this, &name| {
                    column(this, name)?;
                    this.push(" = ");
                    column(this, name)
                });
            }
            (Upsert::OnDuplicateKey, ConflictAction::Update(columns)) => {
                self.push(" ON DUPLICATE KEY UPDATE ");
                columns
            }
        };
        self.separated(columns, ", ", |this, &name| {
            column(this, name)?;
            match upsert {
                Upsert::OnConflict => {
                    this.push(" = excluded.");
                    column(this, name)
                }
                Upsert::OnDuplicateKey => {
                    this.push(" = VALUES(");
                    column(this, name)?;
                    this.push(")");
                    Ok(())
                }
            }
        })
    }

    pub(super) fn update(&mut self, update: &UpdateNode) -> Result<()> {
        if !update.returning.is_empty() && !self.capabilities().returning.update {
            return Err(self.unsupported("UPDATE … RETURNING"));
        }
        self.written = Some(update.mapper);
        self.push("UPDATE ");
        self.table_name(update.mapper);
        self.push(" SET ");
        self.separated(&update.sets, ", ", |this, (column, value): &(u16, Node)| {
            this.bare(|this| {
                this.column(update.mapper, *column, Alias::NONE);
                Ok(())
            })?;
            this.push(" = ");
            this.node(value)
        })?;
        self.where_clause(&update.filters)?;
        self.returning(&update.returning)
    }

    pub(super) fn delete(&mut self, delete: &DeleteNode) -> Result<()> {
        if !delete.returning.is_empty() && !self.capabilities().returning.delete {
            return Err(self.unsupported("DELETE … RETURNING"));
        }
        self.written = Some(delete.mapper);
        self.push("DELETE FROM ");
        self.table_name(delete.mapper);
        self.where_clause(&delete.filters)?;
        self.returning(&delete.returning)
    }

    /// Writes columns without their table.
    fn bare(&mut self, write: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let was_bare = std::mem::replace(&mut self.bare_columns, true);
        let done = write(self);
        self.bare_columns = was_bare;
        done
    }
}
