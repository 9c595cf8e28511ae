//! What a query says about columns: [`load_only`], [`defer`], [`undefer`], [`with_expression`]; and which columns it then leaves
//! out, or computes by what.

use std::marker::PhantomData;

use super::options::{Contains, LoadOption, LoadPath};
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Attribute, Entity, Mapper, Model};
use crate::sql::{AsExpr, Columns, Node};

/// What an option says about the columns of a model.
#[derive(Clone, Debug)]
pub(crate) enum ColumnRule {
    /// Of those that may be left out, only these are loaded; no other may be named but a plain field.
    Only(Vec<u16>),
    /// These are left out.
    Defer(Vec<u16>),
    /// These are loaded.
    Undefer(Vec<u16>),
    /// Those of this group are loaded.
    UndeferGroup(String),
    /// All are loaded.
    UndeferAll,
    /// This one is loaded, as what the expression computes.
    Expression(u16, Node),
}

fn list<M>(columns: impl Columns<M>) -> Vec<u16> {
    let mut list = Vec::new();
    columns.__columns(&mut list);
    list
}

impl ColumnRule {
    pub(super) fn only<M>(columns: impl Columns<M>) -> Self {
        ColumnRule::Only(list(columns))
    }

    pub(super) fn defer<M>(columns: impl Columns<M>) -> Self {
        ColumnRule::Defer(list(columns))
    }

    pub(super) fn undefer<M>(columns: impl Columns<M>) -> Self {
        ColumnRule::Undefer(list(columns))
    }
}

/// Returns the columns that a query leaves out unless it asks for them.
pub(crate) fn deferred(mapper: &Mapper) -> impl Iterator<Item = u16> + '_ {
    mapper.deferrable().filter(|&column| mapper.definition.columns[usize::from(column)].deferred)
}

/// Returns the columns that a query leaves out: those that say `deferred`, as far as these rules do not say otherwise.
pub(crate) fn left_out(mapper: &Mapper, rules: &[ColumnRule]) -> Result<Vec<u16>> {
    let columns = mapper.definition.columns;
    let mut left_out: Vec<u16> = deferred(mapper).collect();
    for rule in rules {
        match rule {
            ColumnRule::Only(only) => {
                refuse_plain(mapper, "load_only", needless(mapper, only))?;
                left_out = mapper.deferrable().filter(|column| !only.contains(column)).collect();
            }
            ColumnRule::Defer(defer) => {
                let is_plain = |column: &u16| !columns[usize::from(*column)].deferrable;
                refuse_plain(mapper, "defer", defer.iter().copied().find(is_plain))?;
                left_out.extend(defer);
            }
            ColumnRule::Undefer(undefer) => left_out.retain(|column| !undefer.contains(column)),
            ColumnRule::UndeferGroup(group) => {
                let is_of_group = |column: u16| columns[usize::from(column)].deferred_group == Some(group);
                if !mapper.deferrable().any(is_of_group) {
                    return Err(no_such_group(mapper, group));
                }
                left_out.retain(|&column| !is_of_group(column));
            }
            ColumnRule::UndeferAll => left_out.clear(),
            ColumnRule::Expression(column, _) => left_out.retain(|other| other != column),
        }
    }
    let is_without = |column: &u16| {
        let is_it = |rule: &ColumnRule| matches!(rule, ColumnRule::Expression(given, _) if given == column);
        columns[usize::from(*column)].is_of_query() && !rules.iter().any(is_it)
    };
    left_out.extend(mapper.deferrable().filter(is_without));
    left_out.sort_unstable();
    left_out.dedup();
    Ok(left_out)
}

/// Returns what a query says that columns are computed by, the last for each.
pub(crate) fn expressions(mapper: &'static Mapper, rules: &[ColumnRule]) -> Result<Vec<(u16, Node)>> {
    let mut found: Vec<(u16, Node)> = Vec::new();
    for rule in rules {
        let ColumnRule::Expression(column, node) = rule else { continue };
        let (model, definition) = (mapper.definition.name, &mapper.definition.columns[usize::from(*column)]);
        let field = definition.field;
        if !definition.is_of_query() {
            let message = format!("`with_expression` is for a `query_expression`, and `{model}.{field}` is none");
            return Err(Error::new(ErrorKind::Argument, message)
                .hint(format!("mark the field: `#[orm(query_expression)] {field}: Deferred<…>`")));
        }
        if let Some(other) = node.other_table(mapper) {
            let message =
                format!("the expression for `{model}.{field}` mentions `{}`, which is another table", other.name());
            return Err(Error::new(ErrorKind::Argument, message)
                .hint(format!("write it of the columns of `{model}` itself, and of others in a subquery")));
        }
        found.retain(|(known, _)| known != column);
        found.push((*column, node.clone()));
    }
    Ok(found)
}

/// Returns a plain field that `load_only` does not name, although nothing needs it: keys and versions always come.
fn needless(mapper: &Mapper, only: &[u16]) -> Option<u16> {
    let definition = &mapper.definition;
    let is_needed = |column: u16| {
        let own = &definition.columns[usize::from(column)];
        let is_foreign =
            own.foreign_key.is_some() || definition.foreign_keys.iter().any(|key| key.columns.contains(&column));
        own.deferrable || own.primary_key || is_foreign || definition.version == Some(column)
    };
    (0..mapper.width() as u16).find(|column| !only.contains(column) && !is_needed(*column))
}

fn refuse_plain(mapper: &Mapper, option: &str, column: Option<u16>) -> Result<()> {
    let Some(column) = column else { return Ok(()) };
    let (model, field) = (mapper.definition.name, mapper.definition.columns[usize::from(column)].field);
    let message = format!("`{option}` cannot leave out `{model}.{field}`: a plain field is always there");
    Err(Error::new(ErrorKind::Argument, message).hint(format!(
        "make the field a `Deferred<…>`, which may be left out, or select single columns: `select(({model}.id, …))`, \
         as a tuple or a struct with `#[derive(Row)]`"
    )))
}

fn no_such_group(mapper: &Mapper, group: &str) -> Error {
    let message = format!("no column of `{}` says `deferred(group = \"{group}\")`", mapper.definition.name);
    let mut groups: Vec<String> = mapper
        .definition
        .columns
        .iter()
        .filter_map(|column| column.deferred_group)
        .map(|group| format!("`{group}`"))
        .collect();
    groups.dedup();
    let error = Error::new(ErrorKind::Argument, message);
    if groups.is_empty() { error } else { error.hint(format!("its groups are {}", groups.join(", "))) }
}

/// Which columns of a model a query loads.
///
/// Made by [`load_only`], [`defer`], [`undefer`], [`undefer_group`] and [`undefer_all`]. Several hold one after the other.
#[derive(Clone, Debug)]
pub struct LoadColumns<M> {
    path: LoadPath,
    model: PhantomData<fn() -> M>,
}

impl<M: Model> LoadColumns<M> {
    fn new(rule: ColumnRule) -> Self {
        LoadColumns { path: LoadPath::here(M::__mapper(), rule), model: PhantomData }
    }
}

impl<M: Model, S: Contains<M>> LoadOption<S> for LoadColumns<M> {
    fn __paths(self, paths: &mut Vec<LoadPath>) {
        paths.push(self.path);
    }
}

/// Loads only these columns of the query's model, and its keys: SQLAlchemy's `load_only`.
///
/// What it leaves out must be a [`Deferred`](crate::Deferred): a plain field of a struct is always there. For members of a
/// relationship: [`Load::load_only`](crate::Load::load_only).
///
/// ```
/// # use orm_core::{Deferred, Dialect, Engine, Model, load_only, metadata, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Page { #[orm(primary_key)] id: i64, title: String, text: Deferred<String>, notes: Deferred<Option<String>> }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![Page].create_all(&engine).await?;
/// let query = select(Page).options(load_only((Page.title, Page.text)));
/// assert_eq!(query.to_sql(Dialect::Sqlite), "SELECT page.id, page.title, page.text, NULL AS notes FROM page");
///
/// let error = select(Page).options(load_only(Page.text)).all(&engine).await.unwrap_err();
/// assert_eq!(error.message(), "`load_only` cannot leave out `Page.title`: a plain field is always there");
/// # Ok(())
/// # }
/// ```
pub fn load_only<M: Model>(columns: impl Columns<M>) -> LoadColumns<M> {
    LoadColumns::new(ColumnRule::only(columns))
}

/// Leaves columns of the query's model out, which must be [`Deferred`](crate::Deferred): SQLAlchemy's `defer`.
///
/// ```
/// # use orm_core::{Deferred, Dialect, defer, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Page { #[orm(primary_key)] id: i64, text: Deferred<String> }
/// assert_eq!(select(Page).options(defer(Page.text)).to_sql(Dialect::Sqlite), "SELECT page.id, NULL AS text FROM page");
/// ```
pub fn defer<M: Model>(columns: impl Columns<M>) -> LoadColumns<M> {
    LoadColumns::new(ColumnRule::defer(columns))
}

/// Loads columns of the query's model that it would leave out: SQLAlchemy's `undefer`.
///
/// ```
/// # use orm_core::{Deferred, Dialect, select, undefer};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Page { #[orm(primary_key)] id: i64, #[orm(deferred)] text: Deferred<String> }
/// assert_eq!(select(Page).to_sql(Dialect::Sqlite), "SELECT page.id, NULL AS text FROM page");
/// assert_eq!(select(Page).options(undefer(Page.text)).to_sql(Dialect::Sqlite), "SELECT page.id, page.text FROM page");
/// ```
pub fn undefer<M: Model>(columns: impl Columns<M>) -> LoadColumns<M> {
    LoadColumns::new(ColumnRule::undefer(columns))
}

/// Loads the columns of the query's model that say `deferred(group = "…")`: SQLAlchemy's `undefer_group`.
///
/// ```
/// # use orm_core::{Deferred, Dialect, select, undefer_group};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Photo {
/// #     #[orm(primary_key)]
/// #     id: i64,
/// #     #[orm(deferred(group = "pixels"))]
/// #     thumbnail: Deferred<Vec<u8>>,
/// #     #[orm(deferred(group = "pixels"))]
/// #     picture: Deferred<Vec<u8>>,
/// # }
/// let query = select(Photo).options(undefer_group(Photo, "pixels"));
/// assert_eq!(query.to_sql(Dialect::Sqlite), "SELECT photo.id, photo.thumbnail, photo.picture FROM photo");
/// ```
pub fn undefer_group<A: Entity>(_entity: A, group: impl Into<String>) -> LoadColumns<A::Model> {
    LoadColumns::new(ColumnRule::UndeferGroup(group.into()))
}

/// Says by what a query computes a column of its model that is a `query_expression`: SQLAlchemy's `with_expression`.
///
/// The expression is about the model itself, and may have subqueries; an alias that the query selects has it about the alias.
/// An object of a session that has the column already keeps what it has, unless the query says `populate_existing`. For
/// members of a relationship: [`Load::with_expression`](crate::Load::with_expression).
///
/// ```
/// # use orm_core::{Deferred, Engine, Model, func, metadata, select, with_expression};
/// #[derive(Clone, Debug, orm_derive::Model)]
/// struct Town {
///     #[orm(primary_key)]
///     id: i64,
///     x: i64,
///     #[orm(query_expression)]
///     distance: Deferred<i64>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![Town].create_all(&engine).await?;
/// # orm_core::insert(Town).values(Town::builder().x(3)).execute(&engine).await?;
/// let here = 10;
/// let query = select(Town).options(with_expression(Town.distance, func::abs(Town.x - here)));
/// assert_eq!(*query.order_by(Town.distance).one(&engine).await?.distance.get(), 7);
/// assert!(select(Town).one(&engine).await?.distance.is_unloaded());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// The query fails where the column is no `query_expression`, or the expression is about another table.
pub fn with_expression<M: Model, T>(column: Attribute<M, T>, expression: impl AsExpr<T>) -> LoadColumns<M> {
    LoadColumns::new(ColumnRule::Expression(column.__column(), expression.__node()))
}

/// Loads every column of the query's model: SQLAlchemy's `undefer("*")`.
pub fn undefer_all<A: Entity>(_entity: A) -> LoadColumns<A::Model> {
    LoadColumns::new(ColumnRule::UndeferAll)
}
