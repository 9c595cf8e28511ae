//! INSERT of values, builders and lists of them, with one way to say what happens on a conflict.

use super::{Columns, Node, Output, Returning, Statement, Write, executes};
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{ColumnSet, Entity, IntoRows, Mapper, Model, NewRow, Selectable};

/// An INSERT of rows of one shape.
#[derive(Clone, Debug)]
pub struct InsertNode {
    pub(crate) mapper: &'static Mapper,
    pub(crate) columns: Vec<u16>,
    pub(crate) rows: Vec<Vec<Node>>,
    /// Whether the keys given are for a column that otherwise takes none, of PostgreSQL's `GENERATED ALWAYS AS IDENTITY`.
    pub(crate) overrides: bool,
    pub(crate) on_conflict: Option<Conflict>,
    pub(crate) returning: Vec<Output>,
}

/// What happens when a row is there already.
#[derive(Clone, Debug)]
pub(crate) struct Conflict {
    pub(crate) columns: Vec<u16>,
    pub(crate) action: ConflictAction,
}

#[derive(Clone, Debug)]
pub(crate) enum ConflictAction {
    Nothing,
    Update(Vec<u16>),
}

/// How many values one statement binds at the most: SQLite's limit, the least of the three databases.
const PARAMETERS: usize = 32_766;

/// An INSERT into the table of `M`.
///
/// It writes that table alone; a graph of objects is for [`Session::add`](crate::Session::add).
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Engine, MetaData, insert, metadata, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, #[orm(unique)] name: String, fullname: Option<String> }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// let engine = Engine::new("sqlite::memory:")?;
/// metadata![User].create_all(&engine).await?;
/// let id = insert(User).values(User::builder().name("ed")).returning(User.id).one(&engine).await?;
/// assert_eq!(id, 1);
///
/// let again = User::builder().name("ed").fullname("Ed Jones");
/// insert(User).values(again).on_conflict(User.name).do_update(User.fullname).execute(&engine).await?;
/// assert_eq!(select(User.fullname).scalar(&engine).await?.as_deref(), Some("Ed Jones"));
/// # Ok(())
/// # }
/// # use orm_core::Model as _;
/// ```
pub struct Insert<M> {
    rows: Vec<NewRow<M>>,
    on_conflict: Option<Conflict>,
}

impl<M> std::fmt::Debug for Insert<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Insert({} rows)", self.rows.len())
    }
}

/// Starts an INSERT into the table of a model.
pub fn insert<A: Entity>(_entity: A) -> Insert<A::Model> {
    Insert { rows: Vec::new(), on_conflict: None }
}

impl<M: Model> Insert<M> {
    /// Adds rows: a value, a builder, or a list of either.
    #[must_use]
    pub fn values(mut self, rows: impl IntoRows<M>) -> Self {
        self.rows.extend(rows.__rows());
        self
    }

    /// Says which columns, unique together, tell that a row is there already.
    pub fn on_conflict(self, columns: impl Columns<M>) -> OnConflict<M> {
        let mut on = Vec::new();
        columns.__columns(&mut on);
        OnConflict { insert: self, columns: on }
    }

    /// Gives values of the inserted rows.
    pub fn returning<S: Selectable>(self, selected: S) -> Returning<S::Row> {
        let mut outputs = Vec::new();
        selected.__outputs(&mut outputs);
        let statements = self.nodes().map(|nodes| {
            nodes
                .into_iter()
                .map(|node| Statement::Insert(Box::new(InsertNode { returning: outputs.clone(), ..node })))
                .collect()
        });
        Returning::statements(statements)
    }

    pub(super) fn statements(&self) -> Result<Vec<Statement>> {
        Ok(self.nodes()?.into_iter().map(|node| Statement::Insert(Box::new(node))).collect())
    }

    /// Splits the rows into statements: neighbours of one shape, within the parameter limit.
    fn nodes(&self) -> Result<Vec<InsertNode>> {
        let mapper = M::__mapper();
        let width = mapper.width();
        let mut nodes: Vec<InsertNode> = Vec::new();
        let mut shape: Option<ColumnSet> = None;
        for row in &self.rows {
            reject_members(&row.value)?;
            let is_same_shape = shape.as_ref() == Some(&row.set);
            let columns: Vec<u16> =
                (0..width).filter(|&column| row.set.contains(column)).map(|column| column as u16).collect();
            let values = columns.iter().map(|&column| Node::Bind(row.value.__column(usize::from(column)))).collect();
            match nodes.last_mut() {
                Some(node)
                    if is_same_shape && !columns.is_empty() && (node.rows.len() + 1) * columns.len() <= PARAMETERS =>
                {
                    node.rows.push(values);
                }
                _ => nodes.push(InsertNode {
                    mapper,
                    columns,
                    rows: vec![values],
                    overrides: false,
                    on_conflict: self.on_conflict.clone(),
                    returning: Vec::new(),
                }),
            }
            shape = Some(row.set.clone());
        }
        Ok(nodes)
    }
}

/// Refuses a row that holds members: an INSERT would lose them.
fn reject_members<M: Model>(value: &M) -> Result<()> {
    let mapper = M::__mapper();
    for (index, relationship) in mapper.definition().relationships.iter().enumerate() {
        let mut copy = value.__copy();
        let changes = copy.__relation_mut(index).adopt(crate::session::ObjectId::NOWHERE, true);
        if !changes.is_empty() {
            let message = format!(
                "`insert({name})` writes one table, and `{name}.{}` holds {} members",
                relationship.name,
                changes.len(),
                name = mapper.definition().name
            );
            return Err(Error::new(ErrorKind::InvalidRequest, message)
                .hint("add the object with its members by `session.add(…)`"));
        }
    }
    Ok(())
}

impl<M: Model> Write for Insert<M> {
    fn __statements(self) -> Result<Vec<Statement>> {
        self.statements()
    }
}
executes! { {M: Model} Insert<M>; }

/// An INSERT that has said what a conflict is, and not yet what happens then.
#[derive(Debug)]
pub struct OnConflict<M> {
    insert: Insert<M>,
    columns: Vec<u16>,
}

impl<M> OnConflict<M> {
    /// Gives the row that is there these columns of the new one.
    pub fn do_update(self, columns: impl Columns<M>) -> Insert<M> {
        let mut update = Vec::new();
        columns.__columns(&mut update);
        self.with(ConflictAction::Update(update))
    }

    /// Leaves the row that is there as it is.
    pub fn do_nothing(self) -> Insert<M> {
        self.with(ConflictAction::Nothing)
    }

    fn with(self, action: ConflictAction) -> Insert<M> {
        Insert { on_conflict: Some(Conflict { columns: self.columns, action }), ..self.insert }
    }
}
