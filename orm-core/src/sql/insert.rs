//! INSERT of values, builders and lists of them, of expressions and of what a SELECT gives, with one way to say what
//! happens on a conflict.
//!
//! In: rows. Out: one [`InsertNode`] for neighbours that set the same columns, each within what every server takes.

use std::borrow::Cow;
use std::marker::PhantomData;

use orm_pool::{Kind, Value};

use super::{
    AsExpr, Columns, Conflict, ConflictAction, ConflictTarget, FromItem, FromTarget, Node, OnConflict, Output,
    Returning, Select, SelectNode, Statement, Write, executes,
};
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Attribute, ColumnSet, Entity, IntoRows, Mapper, Model, Object, RowType, Selectable};
use crate::types::SqlType;

/// An INSERT of rows of one shape.
#[derive(Clone, Debug)]
pub struct InsertNode {
    pub(crate) mapper: &'static Mapper,
    /// CTEs that it does not use itself.
    pub(crate) ctes: Vec<FromItem>,
    pub(crate) columns: Vec<u16>,
    pub(crate) source: InsertSource,
    /// Whether the keys given are for a column that otherwise takes none, of PostgreSQL's `GENERATED ALWAYS AS IDENTITY`.
    pub(crate) overrides: bool,
    /// Whether the rows are inserted in the order in which they stand, so that the keys that are generated for them follow each
    /// other as they do; for rows of which [`can_be_gathered`](crate::compile::can_be_gathered) says so.
    pub(crate) in_order: bool,
    /// What is tried in this order.
    pub(crate) on_conflict: Vec<Conflict>,
    pub(crate) returning: Vec<Output>,
    /// What holds for every row of some models, in its subqueries.
    pub(crate) criteria: Vec<super::Criterion>,
}

impl InsertNode {
    /// An INSERT of rows, and nothing else.
    pub(crate) fn rows(mapper: &'static Mapper, columns: Vec<u16>, rows: Vec<Vec<Node>>) -> Self {
        let source = InsertSource::Rows(rows);
        InsertNode {
            mapper,
            ctes: Vec::new(),
            columns,
            source,
            overrides: false,
            in_order: false,
            on_conflict: Vec::new(),
            returning: Vec::new(),
            criteria: Vec::new(),
        }
    }
}

impl InsertNode {
    /// Returns whether a CTE changes rows that stands before it.
    pub(crate) fn has_writing_cte(&self) -> bool {
        let of_source = match &self.source {
            InsertSource::Rows(rows) => rows.iter().flatten().any(Node::writes),
            InsertSource::Plain(_) | InsertSource::Arrays(_) => false,
            InsertSource::Select(select) => select.writes,
        };
        of_source
            || self.ctes.iter().any(FromItem::writes)
            || self.on_conflict.iter().any(|conflict| match &conflict.action {
                ConflictAction::Update { sets, filters, .. } => {
                    sets.iter().map(|(_, value)| value).chain(filters).any(Node::writes)
                }
                ConflictAction::Nothing => false,
            })
    }
}

/// Where the rows come from.
#[derive(Clone, Debug)]
pub(crate) enum InsertSource {
    /// VALUES, in the order of the columns.
    Rows(Vec<Vec<Node>>),
    /// VALUES of plain values, as most are.
    Plain(PlainRows),
    /// An array of values for each column, which the database takes apart.
    Arrays(Vec<Node>),
    /// A SELECT of as many columns.
    Select(Box<SelectNode>),
}

/// Rows whose values in one column are all of one type.
#[derive(Clone, Debug)]
pub(crate) struct PlainRows {
    pub(crate) kinds: Vec<Kind>,
    pub(crate) count: usize,
    /// Row after row; once they are lifted out, the number of the first says which they are.
    pub(crate) values: Vec<Value>,
    pub(crate) first: u32,
}

impl PlainRows {
    /// Takes rows of so many columns; gives them back if a column has values of several types.
    pub(crate) fn of(values: Vec<Value>, width: usize) -> std::result::Result<Self, Vec<Value>> {
        let kinds: Vec<Kind> = values.iter().take(width).map(Value::kind).collect();
        let is_like_the_first = |row: &[Value]| row.iter().zip(&kinds).all(|(value, kind)| value.kind() == *kind);
        if width == 0 || !values.chunks(width).all(is_like_the_first) {
            return Err(values);
        }
        Ok(PlainRows { kinds, count: values.len() / width, values, first: 0 })
    }
}

impl InsertSource {
    /// Rows of so many columns, one after another.
    pub(crate) fn of_values(values: Vec<Value>, width: usize) -> Self {
        match PlainRows::of(values, width) {
            Ok(plain) => InsertSource::Plain(plain),
            Err(values) => InsertSource::Rows(rows_of(values, width)),
        }
    }

    /// Returns its rows one by one, where they are values.
    pub(crate) fn rows(&self) -> Option<Cow<'_, [Vec<Node>]>> {
        match self {
            InsertSource::Rows(rows) => Some(Cow::Borrowed(rows)),
            InsertSource::Plain(plain) => Some(Cow::Owned(rows_of(plain.values.clone(), plain.kinds.len()))),
            InsertSource::Arrays(_) | InsertSource::Select(_) => None,
        }
    }

    /// Returns how many rows it has, where that can be seen.
    pub(crate) fn count(&self) -> Option<usize> {
        match self {
            InsertSource::Rows(rows) => Some(rows.len()),
            InsertSource::Plain(plain) => Some(plain.count),
            InsertSource::Arrays(_) | InsertSource::Select(_) => None,
        }
    }

    /// Makes it rows that stand one by one, where they are values.
    fn into_rows(self) -> Self {
        match self {
            InsertSource::Plain(plain) => InsertSource::Rows(rows_of(plain.values, plain.kinds.len())),
            other => other,
        }
    }
}

/// Makes rows of so many columns, which is not 0, of their values one after another.
fn rows_of(values: Vec<Value>, width: usize) -> Vec<Vec<Node>> {
    let mut values = values.into_iter().map(Node::Bind).peekable();
    let mut rows = Vec::new();
    while width > 0 && values.peek().is_some() {
        rows.push(values.by_ref().take(width).collect());
    }
    rows
}

/// How many values one statement binds at the most: SQLite's limit, the least of the three databases.
const PARAMETERS: usize = 32_766;
/// How many rows one statement inserts at the most: SQLAlchemy's page. More in one text gain nothing.
const ROWS: usize = 1_000;
/// How many bytes of values one statement sends at about the most: the least `max_allowed_packet` that MySQL had by default.
const BYTES: usize = 4 * 1024 * 1024;

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
    draft: Draft,
    model: PhantomData<fn() -> M>,
}

/// An INSERT without its types, before it is cut into statements.
#[derive(Clone, Debug)]
struct Draft {
    mapper: &'static Mapper,
    source: Source,
    /// Columns that every row sets to an expression.
    sets: Vec<(u16, Node)>,
    ctes: Vec<FromItem>,
    on_conflict: Vec<Conflict>,
    /// What was wrong with a row.
    error: Option<Error>,
}

#[derive(Clone, Debug)]
enum Source {
    Rows(Vec<Group>),
    Select { columns: Vec<u16>, select: Box<SelectNode>, with_defaults: bool },
}

/// Neighbours that set the same columns.
#[derive(Clone, Debug)]
struct Group {
    set: ColumnSet,
    columns: Vec<u16>,
    /// Row after row.
    values: Vec<Value>,
    count: usize,
}

impl<M> Clone for Insert<M> {
    fn clone(&self) -> Self {
        Insert { draft: self.draft.clone(), model: PhantomData }
    }
}

impl<M> std::fmt::Debug for Insert<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.draft.mapper.definition().name;
        match &self.draft.source {
            Source::Rows(groups) => {
                let rows: usize = groups.iter().map(|group| group.count).sum();
                write!(f, "Insert({name}, {rows} rows)")
            }
            Source::Select { .. } => write!(f, "Insert({name}, from a SELECT)"),
        }
    }
}

/// Starts an INSERT into the table of a model.
pub fn insert<A: Entity>(_entity: A) -> Insert<A::Model> {
    Insert { draft: Draft::of(A::Model::__mapper()), model: PhantomData }
}

/// Starts an INSERT of a model that is known by its type.
pub(crate) fn insert_into<M: Model>() -> Insert<M> {
    Insert { draft: Draft::of(M::__mapper()), model: PhantomData }
}

impl<M: Model> Insert<M> {
    /// Adds rows: a value, a builder, or a list or iterator of either (collect one of an unusual type into a `Vec`).
    ///
    /// As many rows as there are become as many statements as they need: neighbours that set the same columns share one, of
    /// at most 1,000 rows, 32,766 values and about 4 MiB, or less where a server of MySQL takes less
    /// (`max_allowed_packet`). PostgreSQL has more than a few rows as an array for each column, which is one statement for every
    /// number of rows. Given an engine, several statements run in one transaction. Without a
    /// row nothing is sent.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, insert, metadata, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let users = (1..=2_500).map(|number| User::builder().name(format!("user {number}")));
    /// assert_eq!(insert(User).values(users).execute(&engine).await?, 2_500); // three statements
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn values(mut self, rows: impl IntoRows<M>) -> Self {
        let rows = rows.__rows();
        let mut left = rows.len();
        for row in rows {
            left -= 1;
            // Each row goes at once, so that the next one's texts find its memory.
            self.draft.add(&row.value, row.set.all, left);
        }
        self
    }

    /// Sets a column of every row to an expression; without rows it is a row of its own.
    ///
    /// ```
    /// # use orm_core::{Dialect, Model, func, insert, literal};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "users")]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// let statement = insert(User).set(User.name, func::lower(literal("ED".to_owned())));
    /// assert_eq!(statement.to_sql(Dialect::Postgres), "INSERT INTO users (name) VALUES (lower($1))");
    /// ```
    #[must_use]
    pub fn set<T: SqlType>(mut self, attribute: Attribute<M, T>, value: impl AsExpr<T>) -> Self {
        let column = attribute.__column();
        self.draft.sets.retain(|(known, _)| *known != column);
        self.draft.sets.push((column, value.__node()));
        self
    }

    /// Inserts what a SELECT gives, into these columns in this order.
    ///
    /// Columns that are not named and have a `default = …` get it in every row, as from a builder, unless
    /// [`include_defaults`](Self::include_defaults) says otherwise; it is computed once for the statement, which selects it. What is
    /// [`set`](Self::set) is selected as well, for every row. What has neither is left to the database.
    ///
    /// ```
    /// # use orm_core::{Dialect, Model, insert, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "users")]
    /// # struct User { #[orm(primary_key)] id: i64, name: String, active: bool }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "archive")]
    /// # struct Archived { #[orm(primary_key)] id: i64, name: String }
    /// let idle = select((User.id, User.name)).filter(!User.active);
    /// assert_eq!(
    ///     insert(Archived).from_select((Archived.id, Archived.name), idle).to_sql(Dialect::Sqlite),
    ///     "INSERT INTO archive (id, name) SELECT users.id, users.name FROM users WHERE NOT users.active"
    /// );
    /// ```
    #[must_use]
    pub fn from_select<S: RowType>(mut self, columns: impl Columns<M>, select: Select<S>) -> Self {
        let mut names = Vec::new();
        columns.__columns(&mut names);
        if matches!(&self.draft.source, Source::Rows(groups) if !groups.is_empty()) {
            self.draft.refuse("rows beside its SELECT");
        }
        if names.len() != S::__width() {
            let message = format!(
                "`insert({})` names {} columns, and the SELECT gives {}",
                self.draft.mapper.definition().name,
                names.len(),
                S::__width()
            );
            self.draft.error.get_or_insert(Error::new(ErrorKind::Argument, message));
        }
        self.draft.source = Source::Select { columns: names, select: select.node, with_defaults: true };
        self
    }

    /// Says whether an INSERT [of a SELECT](Self::from_select) fills in what a builder fills in; it does, unless this says no.
    ///
    /// ```
    /// # use orm_core::{Dialect, Model, insert, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "users", metadata = none)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String, #[orm(default = true)] active: bool }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "guests", metadata = none)]
    /// # struct Guest { #[orm(primary_key)] id: i64, name: String }
    /// let statement = insert(User).from_select(User.name, select(Guest.name));
    /// assert_eq!(
    ///     statement.to_sql(Dialect::Postgres),
    ///     "INSERT INTO users (name, active) SELECT guests.name, $1 FROM guests"
    /// );
    /// assert_eq!(
    ///     statement.include_defaults(false).to_sql(Dialect::Postgres),
    ///     "INSERT INTO users (name) SELECT guests.name FROM guests"
    /// );
    /// ```
    #[must_use]
    pub fn include_defaults(mut self, include: bool) -> Self {
        if let Source::Select { with_defaults, .. } = &mut self.draft.source {
            *with_defaults = include;
        }
        self
    }

    /// Writes a CTE before the statement although it does not use it: one that changes rows, on PostgreSQL.
    ///
    /// Each of them sees the rows as they were before the whole statement. Rows that need several statements, since they set
    /// different columns or are more than a thousand, take none that changes rows.
    ///
    /// ```
    /// # use orm_core::{Dialect, Model, delete, insert};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "users", metadata = none)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "guests", metadata = none)]
    /// # struct Guest { #[orm(primary_key)] id: i64, name: String }
    /// let gone = delete(Guest).filter(Guest.name.eq("ed")).returning(Guest.id).cte("gone");
    /// assert_eq!(
    ///     insert(User).values(User::builder().name("ed")).add_cte(&gone).to_sql(Dialect::Postgres),
    ///     "WITH gone AS (DELETE FROM guests WHERE guests.name = $1 RETURNING id) INSERT INTO users (name) VALUES ($2)"
    /// );
    /// ```
    #[must_use]
    pub fn add_cte(mut self, cte: impl FromTarget) -> Self {
        self.draft.ctes.push(cte.__item());
        self
    }

    /// Says which columns, unique together, tell that a row is there already; `()` stands for any that are.
    ///
    /// The three databases have one language here, with two limits. MySQL and MariaDB look at every unique index, whichever
    /// columns are named. PostgreSQL wants the columns of a unique index, and updates only where they are named.
    ///
    /// | | SQLite, PostgreSQL | MySQL, MariaDB |
    /// |---|---|---|
    /// | [`do_nothing`](OnConflict::do_nothing) | `ON CONFLICT (name) DO NOTHING` | `ON DUPLICATE KEY UPDATE name = name` |
    /// | [`do_update`](OnConflict::do_update) | `DO UPDATE SET a = excluded.a` | `ON DUPLICATE KEY UPDATE a = VALUES(a)` |
    /// | [`filter`](OnConflict::filter), [`index_filter`](OnConflict::index_filter) | `WHERE …` | an error |
    ///
    /// SQLite takes several of them, each about another unique index; the first that a row conflicts with says what happens. The
    /// others look at one.
    ///
    /// ```
    /// # use orm_core::{Dialect, Model, insert};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "users", metadata = none)]
    /// # struct User { #[orm(primary_key)] id: i64, #[orm(unique)] name: String, #[orm(unique)] email: String }
    /// let user = User { id: 1, name: "ed".into(), email: "ed@x.org".into() };
    /// let statement = insert(User).values(user).on_conflict(User.id).do_update(User.email).on_conflict(User.name).do_nothing();
    /// assert_eq!(
    ///     statement.to_sql(Dialect::Sqlite),
    ///     "INSERT INTO users (id, name, email) VALUES (?, ?, ?) \
    ///      ON CONFLICT (id) DO UPDATE SET email = excluded.email ON CONFLICT (name) DO NOTHING"
    /// );
    /// ```
    ///
    /// `VALUES(a)` rather than a row alias, which MariaDB has not: a URL of MySQL may lead to either. MySQL counts a row that it
    /// updates twice, and RETURNING of MariaDB gives the row that is there also where nothing is done.
    pub fn on_conflict(self, columns: impl Columns<M>) -> OnConflict<M> {
        let mut on = Vec::new();
        columns.__columns(&mut on);
        OnConflict::new(self, ConflictTarget::Columns(on))
    }

    /// Says by which constraint a row is there already: `ON CONFLICT ON CONSTRAINT` of PostgreSQL.
    ///
    /// SQLite has no such words, and MySQL looks at every unique index, whatever the name.
    pub fn on_conflict_constraint(self, name: impl Into<Cow<'static, str>>) -> OnConflict<M> {
        OnConflict::new(self, ConflictTarget::Constraint(name.into()))
    }

    /// Gives values of the inserted rows: columns, expressions, a tuple, or the model.
    ///
    /// PostgreSQL, SQLite and MariaDB have RETURNING. MySQL has not: there a single row is read again by its key, and several
    /// rows or an [`on_conflict`](Self::on_conflict) are an error.
    ///
    /// Rows come back in no order that a database promises. Return the key as well to tell them apart, or ask for
    /// [`returning_in_order`](Self::returning_in_order).
    pub fn returning<S: Selectable>(self, selected: S) -> Returning<S::Row> {
        let mut outputs = Vec::new();
        selected.__outputs(&mut outputs);
        Returning::statements(self.draft.into_nodes(false, M::__default).map(|nodes| returning(nodes, &outputs)))
    }

    /// Gives values of the inserted rows in the order in which they were given, by a statement for each row.
    ///
    /// No database promises an order of RETURNING, and this one is never guessed. It is slower on a network than
    /// [`returning`](Self::returning) with the key in it.
    pub fn returning_in_order<S: Selectable>(self, selected: S) -> Returning<S::Row> {
        let mut outputs = Vec::new();
        selected.__outputs(&mut outputs);
        Returning::statements(self.draft.into_nodes(true, M::__default).map(|nodes| returning(nodes, &outputs)))
    }

    pub(super) fn statements(self) -> Result<Vec<Statement>> {
        Ok(returning(self.draft.into_nodes(false, M::__default)?, &[]))
    }
}

impl<M> Insert<M> {
    pub(super) fn with_conflict(mut self, conflict: Conflict) -> Self {
        self.draft.on_conflict.push(conflict);
        self
    }
}

impl Draft {
    fn of(mapper: &'static Mapper) -> Self {
        let source = Source::Rows(Vec::new());
        Draft { mapper, source, sets: Vec::new(), ctes: Vec::new(), on_conflict: Vec::new(), error: None }
    }

    fn refuse(&mut self, what: &str) {
        let message = format!("`insert({})` has {what}", self.mapper.definition().name);
        self.error.get_or_insert(Error::new(ErrorKind::Argument, message));
    }

    /// Adds a row of which these columns are set. So many are left to come, which mostly set the same.
    fn add(&mut self, row: &dyn Object, set: ColumnSet, left: usize) {
        if let Err(error) = reject_members(row) {
            self.error.get_or_insert(error);
        }
        let Source::Rows(groups) = &mut self.source else {
            return self.refuse("rows beside its SELECT");
        };
        if groups.last().is_none_or(|group| group.set != set) {
            let width = self.mapper.width();
            let columns: Vec<u16> =
                (0..width).filter(|&column| set.contains(column)).map(|column| column as u16).collect();
            let values = Vec::with_capacity(columns.len() * (left + 1));
            groups.push(Group { columns, set, values, count: 0 });
        }
        if let Some(group) = groups.last_mut() {
            row.push_columns(&group.columns, &mut group.values);
            group.count += 1;
        }
    }

    /// Splits the rows into statements, if it is so said into one for each.
    fn into_nodes(self, singly: bool, defaults: fn(usize) -> Option<Value>) -> Result<Vec<InsertNode>> {
        let Draft { mapper, source, sets, ctes, on_conflict, error } = self;
        if let Some(error) = error {
            return Err(error);
        }
        let mut nodes = match source {
            Source::Rows(groups) if sets.is_empty() => {
                groups.into_iter().flat_map(|group| of_group(mapper, group)).collect()
            }
            Source::Rows(groups) => {
                let groups = with_sets(groups, &sets).into_iter();
                groups.flat_map(|(columns, rows)| of_rows(mapper, &columns, rows)).collect()
            }
            Source::Select { columns, select, with_defaults } => {
                let defaults = if with_defaults { defaults } else { |_| None };
                let (columns, select) = with_constants(mapper, columns, select, sets, defaults)?;
                vec![InsertNode {
                    source: InsertSource::Select(select),
                    ..InsertNode::rows(mapper, columns, Vec::new())
                }]
            }
        };
        for node in &mut nodes {
            let conflicts = on_conflict.iter().map(|conflict| conflict.clone().for_columns(mapper, &node.columns));
            node.on_conflict = conflicts.collect::<Result<_>>()?;
        }
        if singly {
            nodes = nodes.into_iter().flat_map(one_by_one).collect();
        }
        with_ctes(nodes, &ctes)
    }
}

/// Puts CTEs before statements; what changes rows stands before one.
fn with_ctes(mut nodes: Vec<InsertNode>, ctes: &[FromItem]) -> Result<Vec<InsertNode>> {
    if nodes.len() > 1 && ctes.iter().any(FromItem::writes) {
        let message = format!("these rows are {} INSERTs, and a CTE that changes rows stands before one", nodes.len());
        return Err(Error::new(ErrorKind::Compile, message).hint("set the same columns in each of up to 1,000 rows"));
    }
    nodes.iter_mut().for_each(|node| node.ctes = ctes.to_vec());
    Ok(nodes)
}

/// Has a SELECT give columns that it does not give itself: those that are set, and then those that have a default.
fn with_constants(
    mapper: &'static Mapper,
    mut columns: Vec<u16>,
    mut select: Box<SelectNode>,
    sets: Vec<(u16, Node)>,
    default: fn(usize) -> Option<Value>,
) -> Result<(Vec<u16>, Box<SelectNode>)> {
    if let Some((column, _)) = sets.iter().find(|(column, _)| columns.contains(column)) {
        let definition = mapper.definition();
        let (name, field) = (definition.name, definition.columns[usize::from(*column)].field);
        let message = format!("`insert({name})` sets `{name}.{field}`, which its SELECT gives");
        return Err(Error::new(ErrorKind::Argument, message));
    }
    let mut constants = sets;
    for column in (0..).take(mapper.width()) {
        let is_given = columns.contains(&column) || constants.iter().any(|(known, _)| *known == column);
        if !is_given && let Some(value) = default(usize::from(column)) {
            constants.push((column, Node::Bind(value)));
        }
    }
    for (column, node) in constants {
        columns.push(column);
        select.give_as_well(&Output::expression(node, true));
    }
    Ok((columns, select))
}

/// The columns of rows, and the rows one by one.
type Rows = (Vec<u16>, Vec<Vec<Node>>);

impl Group {
    fn into_rows(self) -> Rows {
        let Group { columns, values, count, .. } = self;
        let rows = if columns.is_empty() { vec![Vec::new(); count] } else { rows_of(values, columns.len()) };
        (columns, rows)
    }
}

/// Sets columns of every row to expressions.
fn with_sets(groups: Vec<Group>, sets: &[(u16, Node)]) -> Vec<Rows> {
    let mut groups: Vec<Rows> = groups.into_iter().map(Group::into_rows).collect();
    if groups.is_empty() && !sets.is_empty() {
        groups.push((Vec::new(), vec![Vec::new()]));
    }
    for (columns, rows) in &mut groups {
        for (column, node) in sets {
            match columns.iter().position(|known| known == column) {
                Some(position) => rows.iter_mut().for_each(|row| row[position] = node.clone()),
                None => {
                    columns.push(*column);
                    rows.iter_mut().for_each(|row| row.push(node.clone()));
                }
            }
        }
    }
    groups
}

/// Returns how many rows of so many columns every server takes at once. One without columns is DEFAULT VALUES, which is one.
fn most_rows(width: usize) -> usize {
    PARAMETERS.checked_div(width).map_or(1, |rows| rows.clamp(1, ROWS))
}

/// Cuts a group of rows into statements that every server takes.
fn of_group(mapper: &'static Mapper, group: Group) -> Vec<InsertNode> {
    let width = group.columns.len();
    if width == 0 {
        let (columns, rows) = group.into_rows();
        return of_rows(mapper, &columns, rows);
    }
    let Group { columns, values, .. } = group;
    let sizes = values.chunks(width).map(|row| row.iter().map(value_size).sum());
    let lengths = lengths(sizes, most_rows(width), BYTES);
    let node = |columns, values| {
        let source = InsertSource::of_values(values, width);
        InsertNode { source, ..InsertNode::rows(mapper, columns, Vec::new()) }
    };
    if lengths.len() == 1 {
        return vec![node(columns, values)];
    }
    let mut values = values.into_iter();
    lengths.iter().map(|rows| node(columns.clone(), values.by_ref().take(rows * width).collect())).collect()
}

/// Cuts rows into statements that every server takes.
fn of_rows(mapper: &'static Mapper, columns: &[u16], rows: Vec<Vec<Node>>) -> Vec<InsertNode> {
    let blocks = blocks(rows, most_rows(columns.len()), BYTES).into_iter();
    blocks.map(|block| InsertNode::rows(mapper, columns.to_vec(), block)).collect()
}

/// Cuts rows into blocks of so many rows and bytes; a row that has more bytes is a block of its own.
fn blocks(rows: Vec<Vec<Node>>, most: usize, most_bytes: usize) -> Vec<Vec<Vec<Node>>> {
    let lengths = lengths(rows.iter().map(|row| row_size(row)), most, most_bytes);
    let mut rows = rows.into_iter();
    lengths.into_iter().map(|length| rows.by_ref().take(length).collect()).collect()
}

/// Returns how many rows of these sizes each block has.
fn lengths(sizes: impl Iterator<Item = usize>, most: usize, most_bytes: usize) -> Vec<usize> {
    let mut lengths: Vec<usize> = Vec::new();
    let mut bytes = 0;
    for size in sizes {
        match lengths.last_mut() {
            Some(length) if *length < most && bytes + size <= most_bytes => *length += 1,
            _ => {
                bytes = 0;
                lengths.push(1);
            }
        }
        bytes += size;
    }
    lengths
}

/// Returns about how many bytes a row takes on its way to a server.
pub(crate) fn row_size(row: &[Node]) -> usize {
    let size = |node: &Node| match node {
        Node::Bind(value) => value_size(value),
        _ => 16,
    };
    row.iter().map(size).sum()
}

/// As [`row_size`], of one value.
pub(crate) fn value_size(value: &Value) -> usize {
    match value {
        Value::Text(text) | Value::Json(text) | Value::Decimal(text) => text.len() + 12,
        Value::Enum(_, label) => label.len() + 12,
        Value::Bytes(bytes) => bytes.len() + 12,
        Value::Uuid(_) => 40,
        _ => 16,
    }
}

/// Returns how many bytes of values one statement should send to a server that takes statements of so many bytes.
pub(crate) fn bytes_at_once(limit: Option<usize>) -> usize {
    // The statement has other parts than its values.
    limit.map_or(BYTES, |limit| BYTES.min(limit - limit / 8))
}

/// Returns whether a server takes fewer bytes than an INSERT may have by itself.
pub(crate) fn is_limited(limit: Option<usize>) -> bool {
    bytes_at_once(limit) < BYTES
}

/// Cuts INSERTs of many rows into such as a server takes that takes statements of so many bytes.
pub(crate) fn within(statements: Vec<Statement>, limit: Option<usize>) -> Vec<Statement> {
    if !is_limited(limit) {
        return statements;
    }
    let most_bytes = bytes_at_once(limit);
    statements.into_iter().flat_map(|statement| one_within(statement, most_bytes)).collect()
}

fn one_within(statement: Statement, most_bytes: usize) -> Vec<Statement> {
    let mut insert = match statement {
        Statement::Insert(insert) => insert,
        other => return vec![other],
    };
    let source = std::mem::replace(&mut insert.source, InsertSource::Rows(Vec::new()));
    let rows = match source.into_rows() {
        InsertSource::Rows(rows) if rows.len() > 1 => rows,
        source => {
            insert.source = source;
            return vec![Statement::Insert(insert)];
        }
    };
    let of_block = |block| {
        let source = InsertSource::Rows(block);
        Statement::Insert(Box::new(InsertNode { source, ..(*insert).clone() }))
    };
    blocks(rows, usize::MAX, most_bytes).into_iter().map(of_block).collect()
}

/// Cuts an INSERT into one for each of its rows.
fn one_by_one(node: InsertNode) -> Vec<InsertNode> {
    match node.source.into_rows() {
        InsertSource::Rows(rows) => {
            let (mapper, columns, on_conflict) = (node.mapper, node.columns, node.on_conflict);
            let of_row = |row| InsertNode {
                on_conflict: on_conflict.clone(),
                ..InsertNode::rows(mapper, columns.clone(), vec![row])
            };
            rows.into_iter().map(of_row).collect()
        }
        source => vec![InsertNode { source, ..node }],
    }
}

fn returning(nodes: Vec<InsertNode>, outputs: &[Output]) -> Vec<Statement> {
    let statement = |node| Statement::Insert(Box::new(InsertNode { returning: outputs.to_vec(), ..node }));
    nodes.into_iter().map(statement).collect()
}

/// Refuses a row that holds members: an INSERT would lose them.
fn reject_members(value: &dyn Object) -> Result<()> {
    let mapper = value.mapper();
    for (index, relationship) in mapper.definition().relationships.iter().enumerate() {
        let members = value.relation(index).given();
        if members > 0 {
            let message = format!(
                "`insert({name})` writes one table, and `{name}.{}` holds {members} members",
                relationship.name,
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

#[cfg(test)]
mod tests {
    use super::{BYTES, InsertNode, InsertSource, Node, Statement, Value, within};
    use crate::mapper::Model as _;

    #[derive(Clone, Debug, orm_derive::Model)]
    #[orm(metadata = none)]
    struct Word {
        #[orm(primary_key)]
        id: i64,
        text: String,
    }

    /// Returns how many rows the statements have for such a limit.
    fn rows(sizes: &[usize], limit: Option<usize>) -> Vec<usize> {
        let rows = sizes.iter().map(|&size| vec![Node::Bind(Value::Text("x".repeat(size)))]).collect();
        let insert = Statement::Insert(Box::new(InsertNode::rows(Word::__mapper(), vec![1], rows)));
        let rows = |statement: &Statement| match statement {
            Statement::Insert(insert) => match &insert.source {
                InsertSource::Rows(rows) => rows.len(),
                _ => 0,
            },
            _ => 0,
        };
        within(vec![insert], limit).iter().map(rows).collect()
    }

    #[test]
    fn rows_are_cut_for_a_server_that_takes_less() {
        let sizes = [100, 500, 500, 100, 2_000, 100];
        assert_eq!(rows(&sizes, None), [6]);
        assert_eq!(rows(&sizes, Some(BYTES * 2)), [6]);
        assert_eq!(rows(&sizes, Some(1_024)), [2, 2, 1, 1]);
        assert_eq!(rows(&[], Some(1_024)), [0]);
    }
}
