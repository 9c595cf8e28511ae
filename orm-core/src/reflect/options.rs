//! [`Reflection`]: which tables are read, and as what.

use std::fmt;
use std::sync::Arc;

use super::Inspector;
use crate::engine::Executor;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{MetaData, PrimaryKey, Table};

/// Which tables [`MetaData::reflect_with`] reads: the options of SQLAlchemy's `MetaData.reflect`.
///
/// ```
/// # use orm_core::{Engine, MetaData, schema::Reflection, text};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// for sql in [
///     "CREATE TABLE users (id INTEGER PRIMARY KEY)",
///     "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id))",
///     "CREATE TABLE log (line TEXT)",
/// ] {
///     text(sql).execute(&engine).await?;
/// }
/// let names = |metadata: MetaData| metadata.tables().unwrap().into_iter().map(|table| table.name).collect::<Vec<_>>();
/// // What a table refers to comes along.
/// let orders = MetaData::reflect_with(&engine, Reflection::new().only(["orders"])).await?;
/// assert_eq!(names(orders), ["orders", "users"]);
/// let some = Reflection::new().only_if(|name| name.starts_with('o')).without_targets();
/// assert_eq!(names(MetaData::reflect_with(&engine, some).await?), ["orders"]);
/// let error = MetaData::reflect_with(&engine, Reflection::new().only(["logs"])).await.unwrap_err();
/// assert!(error.to_string().starts_with("could not reflect: requested table(s) not available in schema `main`: (logs)"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Reflection {
    schema: Option<String>,
    only: Only,
    has_views: bool,
    leaves_targets: bool,
}

#[derive(Clone, Default)]
enum Only {
    #[default]
    All,
    Names(Vec<String>),
    If(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

impl fmt::Debug for Reflection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let only = match &self.only {
            Only::All => "all".to_owned(),
            Only::Names(names) => names.join(", "),
            Only::If(_) => "by a function".to_owned(),
        };
        let mut shown = f.debug_struct("Reflection");
        shown.field("schema", &self.schema).field("only", &only).field("has_views", &self.has_views);
        shown.field("leaves_targets", &self.leaves_targets).finish()
    }
}

impl Reflection {
    /// Reads all tables of the default schema.
    pub fn new() -> Self {
        Reflection::default()
    }

    /// Reads this schema rather than the default one.
    #[must_use]
    pub fn schema(self, name: impl Into<String>) -> Self {
        Reflection { schema: Some(name.into()), ..self }
    }

    /// Reads these tables alone, and those that they refer to.
    #[must_use]
    pub fn only<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        Reflection { only: Only::Names(names.into_iter().map(Into::into).collect()), ..self }
    }

    /// Reads the tables for whose names this is true, and those that they refer to.
    #[must_use]
    pub fn only_if(self, is_wanted: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Reflection { only: Only::If(Arc::new(is_wanted)), ..self }
    }

    /// Reads views as tables too, with their columns, for statements. As views they are read where all tables are.
    #[must_use]
    pub fn views(self) -> Self {
        Reflection { has_views: true, ..self }
    }

    /// Leaves out what the tables refer to, unless it is wanted itself.
    #[must_use]
    pub fn without_targets(self) -> Self {
        Reflection { leaves_targets: true, ..self }
    }

    /// Takes what is wanted of all that there is.
    fn choose(&self, inspector: Inspector) -> Result<MetaData> {
        let schema = self.schema.clone().filter(|schema| schema != inspector.default_schema());
        let is_here = |of: &Option<String>| *of == schema;
        let views = inspector.found.views.iter().filter(|found| self.has_views && is_here(&found.view.schema));
        let as_table = |found: &super::FoundView| Table {
            schema: found.view.schema.clone(),
            columns: found.columns.clone(),
            primary_key: PrimaryKey::default(),
            ..Table::new(found.view.name.clone())
        };
        let views: Vec<Table> = views.map(as_table).collect();
        let here = inspector.found.tables.iter().filter(|table| is_here(&table.schema));
        let here: Vec<&Table> = here.chain(&views).collect();
        let is_wanted = |table: &&&Table| match &self.only {
            Only::All => true,
            Only::Names(names) => names.contains(&table.name),
            Only::If(is_wanted) => is_wanted(&table.name),
        };
        if let Only::Names(names) = &self.only {
            let missing: Vec<&str> = names.iter().map(String::as_str).collect();
            let missing: Vec<&str> =
                missing.into_iter().filter(|name| !here.iter().any(|table| table.name == *name)).collect();
            if !missing.is_empty() {
                let of = schema.as_deref().unwrap_or(inspector.default_schema());
                return Err(not_available(of, &missing, &here));
            }
        }
        let mut chosen: Vec<Table> = here.iter().filter(is_wanted).map(|table| (*table).clone()).collect();
        let mut at = 0;
        while let Some(table) = chosen.get(at).filter(|_| !self.leaves_targets).cloned() {
            for key in &table.foreign_keys {
                let target = inspector.found.tables.iter().find(|table| key.refers_to(table));
                let target = target
                    .filter(|target| !chosen.iter().any(|known| key.refers_to(known) && known.name == target.name));
                chosen.extend(target.cloned());
            }
            at += 1;
        }
        chosen.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
        let is_all = matches!(self.only, Only::All);
        let mut inspector = inspector;
        let found = &mut inspector.found;
        found.tables = chosen;
        found.views.retain(|found| is_all && !self.has_views && is_here(&found.view.schema));
        found.sequences.retain(|sequence| is_all && is_here(&sequence.schema));
        found.domains.retain(|domain| is_all && is_here(&domain.schema));
        Ok(inspector.into_metadata())
    }
}

#[cold]
fn not_available(schema: &str, missing: &[&str], here: &[&Table]) -> Error {
    let missing = missing.join(", ");
    let message = format!("could not reflect: requested table(s) not available in schema `{schema}`: ({missing})");
    let known: Vec<&str> = here.iter().map(|table| table.name.as_str()).take(20).collect();
    let error = Error::new(ErrorKind::InvalidRequest, message);
    if known.is_empty() { error } else { error.hint(format!("there are `{}`", known.join("`, `"))) }
}

impl MetaData {
    /// Reads the tables that the [options](Reflection) ask for.
    ///
    /// # Errors
    ///
    /// As [`reflect`](Self::reflect), and when a table that is asked for by name is not there.
    pub fn reflect_with<E: Executor>(
        db: E,
        options: Reflection,
    ) -> impl Future<Output = Result<MetaData>> + Send + use<E> {
        let schemas: Vec<String> = options.schema.iter().cloned().collect();
        let schemas: Vec<&str> = schemas.iter().map(String::as_str).collect();
        let reading = Inspector::of_schemas(db, &schemas);
        async move { options.choose(reading.await?) }
    }
}
