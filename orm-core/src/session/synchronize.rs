//! The session's objects after an UPDATE or a DELETE of rows by condition: changed, gone or expired as their rows are.
//!
//! Which rows a condition means is found in memory where that is what the database would find ([`Truth`]), else by asking
//! for their keys: by RETURNING, or by a SELECT before.

use std::collections::HashSet;
use std::ops::ControlFlow;

use orm_pool::{Kind, Value};

use super::{BindRequest, Busy, Key, Session, State, WRITING};
use crate::compile::writing_ctes;
use crate::dialect::{DeleteJoin, Dialect};
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Alias, Mapper, Object, Row, is_changed};
use crate::sql::{ChangedRows, InsertNode, Node, Operator, Output, OutputKind, SelectNode, Statement, UpdateNode};
use crate::types::RowValue;

/// How the session's objects follow an UPDATE or DELETE by condition. SQLAlchemy's `synchronize_session`.
///
/// None of these runs cascades, checks or counts versions, or calls listeners: the statement does what it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Synchronize {
    /// [`Evaluate`](Self::Evaluate) where that can be done, else [`Fetch`](Self::Fetch).
    #[default]
    Auto,
    /// The condition is evaluated in memory; one that cannot be is an error, whatever objects there are.
    Evaluate,
    /// The database tells the keys of the rows: by RETURNING, or by a SELECT before the statement.
    Fetch,
    /// The objects stay as they are.
    No,
}

/// What a condition is of a row, with SQL's three values.
type Truth = Option<bool>;

/// Which objects a statement is about.
enum Matched {
    /// These.
    Slots(Vec<u32>),
    /// Those with these keys, which the statement will give back.
    Returned,
}

/// The objects that follow a statement when it has run and has given its rows.
pub(super) struct Foreseen {
    mapper: &'static Mapper,
    slots: Vec<u32>,
    /// What an UPDATE sets; none for a DELETE.
    sets: Option<Vec<(u16, Node)>>,
    /// Whether the objects that were read are among those that are deleted.
    gives_deleted: bool,
}

impl Session {
    /// Runs an INSERT, UPDATE or DELETE as [`execute`](Self::execute) does, and says how objects follow it.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, Session, Synchronize, metadata, update};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// let ed = session.add(User::builder().name("ed"));
    /// let renamed = update(User).set(User.name, "edward").filter(User.name.like("e%"));
    /// session.execute_with(renamed, Synchronize::Fetch).await?;
    /// assert_eq!(session[ed].name, "edward");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute), and when [`Synchronize::Evaluate`] meets what only the database can evaluate.
    pub fn execute_with(
        &mut self,
        statement: impl crate::sql::Write,
        synchronize: Synchronize,
    ) -> impl Future<Output = Result<u64>> + Send {
        let statements = statement.__statements();
        async move { self.change_with(statements?, synchronize).await }
    }

    /// Runs statements for their effect, and has the objects follow.
    pub(super) async fn change_with(&mut self, statements: Vec<Statement>, synchronize: Synchronize) -> Result<u64> {
        self.check()?;
        self.flush_before_query().await?;
        let mut statements = statements;
        self.rewrite(&mut statements)?;
        let written = if synchronize == Synchronize::No { Vec::new() } else { written_by_ctes(&statements) };
        self.busy = WRITING;
        let changed = self.change_each(statements, synchronize).await;
        self.busy = Busy::No;
        self.doubt_written(&written)?;
        match changed {
            Ok(count) => Ok(count),
            Err((error, 0)) => Err(error),
            // What the statements before it have changed would stay alone.
            Err((error, _)) => Err(self.flush_failed(error).await),
        }
    }

    /// An error comes with how many statements were run before the one that failed.
    async fn change_each(
        &mut self,
        statements: Vec<Statement>,
        synchronize: Synchronize,
    ) -> Result<u64, (Error, usize)> {
        let mut changed = 0;
        for (before, statement) in statements.into_iter().enumerate() {
            changed += self.change_one(statement, synchronize).await.map_err(|error| (error, before))?;
        }
        Ok(changed)
    }

    async fn change_one(&mut self, statement: Statement, synchronize: Synchronize) -> Result<u64> {
        match &statement {
            Statement::Update(_) | Statement::Delete(_) if synchronize != Synchronize::No => {
                self.change_and_follow(statement, synchronize).await
            }
            _ => self.send_change(statement).await,
        }
    }

    async fn send_change(&mut self, statement: Statement) -> Result<u64> {
        use crate::engine::Executor;
        if let Statement::Insert(insert) = &statement {
            self.doubt_inserted(insert)?;
        }
        let bind = BindRequest::of(std::slice::from_ref(&statement));
        let changed = self.connected_for(bind).await?.__run(Ok(vec![statement])).await;
        self.noted(changed)
    }

    async fn change_and_follow(&mut self, statement: Statement, synchronize: Synchronize) -> Result<u64> {
        if let Statement::Update(update) = &statement {
            self.doubt_joined(update)?;
        }
        let (rows, sets) = match &statement {
            Statement::Update(update) => (update.rows.clone(), Some(update.sets.clone())),
            Statement::Delete(delete) => (delete.rows.clone(), None),
            _ => return self.send_change(statement).await,
        };
        let mapper = rows.mapper;
        let bind = BindRequest::of(std::slice::from_ref(&statement));
        let dialect = self.connected_for(bind).await?.engine.dialect();
        if synchronize == Synchronize::Evaluate && !can_be_evaluated(&rows, dialect) {
            return Err(not_evaluated());
        }
        let matched = match (self.evaluate(&rows, dialect), synchronize) {
            (Some(slots), Synchronize::Auto | Synchronize::Evaluate) => Matched::Slots(slots),
            // Of an object that is expired, or lacks a column.
            (None, Synchronize::Evaluate) => return Err(not_evaluated()),
            _ => self.fetch_matched(&rows, sets.as_deref(), dialect).await?,
        };
        let (changed, slots) = match matched {
            Matched::Slots(slots) => (self.send_change(statement).await?, slots),
            Matched::Returned => self.send_returning(statement, mapper).await?,
        };
        match sets {
            Some(sets) => {
                self.follow_update(mapper, &slots, &sets, dialect);
                self.objects.doubt_members(mapper, |column| sets.iter().any(|(set, _)| *set == column))?;
            }
            None => {
                self.follow_delete(&slots);
                self.objects.doubt_deleted_members(mapper)?;
            }
        }
        Ok(changed)
    }

    /// Returns the objects that a condition means, or `None` if only the database can tell.
    fn evaluate(&self, rows: &ChangedRows, dialect: Dialect) -> Option<Vec<u32>> {
        if !rows.is_alone() || rows.limit.is_some() {
            return None;
        }
        let filters = conditions(rows);
        let mut slots = Vec::new();
        for slot in self.objects.in_use() {
            let entry = self.objects.get(slot);
            if !entry.mapper.is(rows.mapper) || entry.state != State::Persistent {
                continue;
            }
            // What waits for a flush is not in the row.
            let object = self.objects.stored(slot);
            let scope = Scope { mapper: rows.mapper, alias: rows.alias, dialect, object };
            let mut is_all = Some(true);
            for filter in &filters {
                is_all = and(is_all, scope.truth(filter)?);
            }
            // What may have changed, or may never have been so where it is written, cannot be judged.
            if (entry.is_expired || entry.was_elsewhere()) && !filters.is_empty() {
                return None;
            }
            if is_all == Some(true) {
                slots.push(slot);
            }
        }
        Some(slots)
    }

    /// Says before a statement with RETURNING runs which objects will follow it. What its rows will be read into is expired,
    /// as is what only the database can tell.
    pub(super) fn foresee(&mut self, statements: &[Statement], dialect: Dialect) -> Result<Option<Foreseen>> {
        match statements {
            [Statement::Update(update)] => self.foresee_update(update, dialect),
            [Statement::Delete(delete)] => self.foresee_delete(&delete.rows, dialect).map(Some),
            _ => {
                for statement in statements {
                    if let Statement::Insert(insert) = statement {
                        self.doubt_inserted(insert)?;
                    }
                }
                Ok(None)
            }
        }
    }

    fn foresee_update(&mut self, update: &UpdateNode, dialect: Dialect) -> Result<Option<Foreseen>> {
        let mapper = update.rows.mapper;
        let slots = self.evaluate(&update.rows, dialect);
        self.objects.doubt_members(mapper, |column| update.sets.iter().any(|(set, _)| *set == column))?;
        self.doubt_joined(update)?;
        let Some(slots) = slots else {
            self.expire_all_of(mapper);
            return Ok(None);
        };
        if aliases_given(&update.rows).next().is_some() {
            slots.into_iter().for_each(|slot| self.objects.expire(slot));
            return Ok(None);
        }
        Ok(Some(Foreseen { mapper, slots, sets: Some(update.sets.clone()), gives_deleted: false }))
    }

    fn foresee_delete(&mut self, rows: &ChangedRows, dialect: Dialect) -> Result<Foreseen> {
        self.objects.doubt_deleted_members(rows.mapper)?;
        let slots = self.evaluate(rows, dialect);
        if slots.is_none() {
            self.expire_all_of(rows.mapper);
        }
        let gives_deleted = aliases_given(rows).all(|alias| alias == rows.alias);
        Ok(Foreseen { mapper: rows.mapper, slots: slots.unwrap_or_default(), sets: None, gives_deleted })
    }

    /// Has objects follow a statement that has given its rows, and with them the objects that were read.
    pub(super) fn follow(&mut self, foreseen: Foreseen, read: &[u32], dialect: Dialect) {
        let Foreseen { mapper, mut slots, sets, gives_deleted } = foreseen;
        match sets {
            Some(sets) => self.follow_update(mapper, &slots, &sets, dialect),
            None => {
                let is_deleted = |&slot: &u32| gives_deleted && self.objects.get(slot).mapper.is(mapper);
                slots.extend(read.iter().copied().filter(is_deleted));
                self.follow_delete(&slots);
            }
        }
    }

    /// Has the collections read again that new rows are members of, and the rows that were there instead.
    fn doubt_inserted(&mut self, insert: &InsertNode) -> Result<()> {
        if !insert.on_conflict.is_empty() {
            self.expire_all_of(insert.mapper);
        }
        self.objects.doubt_members(insert.mapper, |_| true)
    }

    /// Has everything read again that the CTEs of a statement may have changed: which rows, the database alone knows.
    pub(super) fn doubt_written(&mut self, written: &[Statement]) -> Result<()> {
        for statement in written {
            match statement {
                Statement::Insert(insert) => self.doubt_inserted(insert)?,
                Statement::Update(update) => {
                    let mapper = update.rows.mapper;
                    self.expire_all_of(mapper);
                    self.objects.doubt_members(mapper, |column| update.sets.iter().any(|(set, _)| *set == column))?;
                    self.doubt_joined(update)?;
                }
                Statement::Delete(delete) => {
                    let mapper = delete.rows.mapper;
                    self.expire_all_of(mapper);
                    self.objects.doubt_deleted_members(mapper)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Has the rows of tables that an UPDATE sets beside its own read again.
    fn doubt_joined(&mut self, update: &UpdateNode) -> Result<()> {
        for set in &update.joined_sets {
            self.expire_all_of(set.mapper);
            self.objects.doubt_members(set.mapper, |column| column == set.column)?;
        }
        Ok(())
    }

    fn expire_all_of(&mut self, mapper: &Mapper) {
        let of_model = |&slot: &u32| self.objects.get(slot).mapper.is(mapper);
        let slots: Vec<u32> = self.objects.in_use().filter(of_model).collect();
        slots.into_iter().for_each(|slot| self.objects.expire(slot));
    }

    /// Finds the rows in the database, or says that the statement will tell them.
    async fn fetch_matched(
        &mut self,
        rows: &ChangedRows,
        sets: Option<&[(u16, Node)]>,
        dialect: Dialect,
    ) -> Result<Matched> {
        let capabilities = dialect.capabilities();
        let can_return = match sets {
            // A key that is set comes back as it is afterwards.
            Some(sets) => capabilities.returning.update && !sets.iter().any(|(column, _)| is_key(rows.mapper, *column)),
            None if matches!(capabilities.delete_join, DeleteJoin::UsingAll) => {
                capabilities.returning.delete && rows.alias == Alias::NONE && !mentions_others(rows)
            }
            None => capabilities.returning.delete,
        };
        if can_return && rows.returning.is_empty() && rows.is_alone() {
            return Ok(Matched::Returned);
        }
        if !rows.is_alone() || rows.limit.is_some() || rows.has_writing_cte() {
            // The rows are chosen by more than a condition on them, or by what is not to run twice: any may be among them.
            self.expire_all_of(rows.mapper);
            return Ok(Matched::Slots(Vec::new()));
        }
        let mapper = rows.mapper;
        let mut select = SelectNode {
            outputs: key_outputs(mapper, rows.alias),
            filters: rows.filters.as_slice().into(),
            ..SelectNode::default()
        };
        select.criteria = rows.criteria.clone();
        let keys = self.read_keys(Statement::Select(Box::new(select)), mapper).await?.1;
        Ok(Matched::Slots(self.slots_of(mapper, &keys)))
    }

    async fn send_returning(&mut self, statement: Statement, mapper: &'static Mapper) -> Result<(u64, Vec<u32>)> {
        let mut statement = statement;
        match &mut statement {
            Statement::Update(update) => update.rows.returning = key_outputs(mapper, update.rows.alias),
            Statement::Delete(delete) => delete.rows.returning = key_outputs(mapper, delete.rows.alias),
            _ => {}
        }
        let (changed, keys) = self.read_keys(statement, mapper).await?;
        Ok((changed, self.slots_of(mapper, &keys)))
    }

    async fn read_keys(&mut self, statement: Statement, mapper: &'static Mapper) -> Result<(u64, Vec<Key>)> {
        let connection = self.connected_for(BindRequest::of(std::slice::from_ref(&statement))).await?;
        let (mut keys, mut count) = (Vec::new(), 0);
        let mut take = |row: Row<'_>| {
            keys.extend(Key::of_first_columns(&row, mapper));
            count += 1;
            Ok(ControlFlow::Continue(()))
        };
        let done = connection.run(statement, &mut take).await;
        let done = self.noted(done)?;
        Ok((done.rows_affected.max(count), keys))
    }

    fn slots_of(&self, mapper: &'static Mapper, keys: &[Key]) -> Vec<u32> {
        let keys: HashSet<&Key> = keys.iter().collect();
        keys.into_iter().filter_map(|key| self.objects.find(mapper, key)).collect()
    }

    /// Gives objects what an UPDATE has set where memory knows it; what was changed and not flushed stays.
    fn follow_update(&mut self, mapper: &'static Mapper, slots: &[u32], sets: &[(u16, Node)], dialect: Dialect) {
        let has_more = mapper
            .definition()
            .columns
            .iter()
            .any(|column| !column.is_written() || column.on_update.is_some() || column.server_onupdate);
        for &slot in slots {
            if self.objects.get(slot).state != State::Persistent {
                continue;
            }
            self.objects.save(slot);
            let references = self.objects.references(slot);
            // The values are those of before the statement, all of them, and those of the row.
            let stored = self.objects.get(slot).base.as_deref();
            let before = stored.unwrap_or_else(|| self.objects.object(slot)).copy();
            // What a value is made of may be another one in the row.
            let mut is_known = !has_more && !self.objects.get(slot).was_elsewhere();
            for (position, (column, node)) in sets.iter().enumerate() {
                let scope = Scope { mapper, alias: Alias::NONE, dialect, object: &*before };
                // MySQL sets one column after the other, and shows it to those that follow; MariaDB does where a user's own
                // `sql_mode` does not say otherwise.
                let is_moved =
                    matches!(dialect, Dialect::MySql | Dialect::MariaDb) && mentions_set(node, &sets[..position]);
                // What an enum brings is read again as a whole.
                let is_alone = mapper.definition().unit_of(*column).len() == 1;
                match scope.value(node).filter(|_| is_alone && !is_moved && !is_key(mapper, *column)) {
                    Some(value) => is_known &= self.set_stored(slot, usize::from(*column), &value),
                    None => is_known = false,
                }
            }
            self.objects.follow_references(slot, references);
            if !is_known {
                self.objects.expire(slot);
            }
        }
    }

    /// Sets a column as if it had been read; `false` if it was changed and waits for a flush, or takes no such value.
    fn set_stored(&mut self, slot: u32, column: usize, value: &Value) -> bool {
        let is_changed = match &self.objects.get(slot).base {
            Some(base) => is_changed(self.objects.object(slot), &**base, column),
            None => false,
        };
        if is_changed {
            return false;
        }
        let put = |object: &mut dyn Object| object.set_column(column, RowValue::of(value).get()).is_ok();
        if let Some(base) = self.objects.get(slot).base.clone() {
            let mut base = base.copy();
            if !put(&mut *base) {
                return false;
            }
            self.objects.get_mut(slot).base = Some(base.into());
        }
        put(self.objects.object_mut(slot))
    }

    fn follow_delete(&mut self, slots: &[u32]) {
        for &slot in slots {
            if self.objects.get(slot).state == State::Persistent {
                self.objects.save(slot);
                self.objects.forget_identity(slot);
                self.objects.get_mut(slot).is_doomed = false;
                self.objects.set_state(slot, State::Deleted);
            }
        }
    }
}

/// Returns the statements that change rows as CTEs of others.
pub(super) fn written_by_ctes(statements: &[Statement]) -> Vec<Statement> {
    let with = statements.iter().filter(|statement| statement.has_writing_cte());
    with.flat_map(writing_ctes).cloned().collect()
}

fn key_outputs(mapper: &'static Mapper, alias: Alias) -> Vec<Output> {
    let key = mapper.definition().key.iter();
    key.map(|&column| Output::expression(Node::Column { mapper, column, alias }, false)).collect()
}

fn is_key(mapper: &Mapper, column: u16) -> bool {
    mapper.definition().key.contains(&column)
}

/// Returns under which aliases a statement gives whole rows of the model that it changes.
fn aliases_given(rows: &ChangedRows) -> impl Iterator<Item = Alias> + '_ {
    rows.returning.iter().filter_map(|output| match &output.kind {
        OutputKind::Entity { mapper, alias } if mapper.is(rows.mapper) => Some(*alias),
        _ => None,
    })
}

/// Returns whether conditions bring in other tables than the one whose rows they are about.
fn mentions_others(rows: &ChangedRows) -> bool {
    let mut has_others = false;
    for filter in &rows.filters {
        filter.visit(&mut |node| {
            if let Node::Column { mapper, alias, .. } = node {
                has_others |= !mapper.is(rows.mapper) || *alias != rows.alias;
            }
        });
    }
    has_others
}

/// Returns whether an expression is about columns that were set before.
fn mentions_set(node: &Node, before: &[(u16, Node)]) -> bool {
    let mut mentions = false;
    node.visit(&mut |part| {
        if let Node::Column { column, .. } = part {
            mentions |= before.iter().any(|(set, _)| set == column);
        }
    });
    mentions
}

/// Returns all the conditions on the rows that a statement changes.
fn conditions(rows: &ChangedRows) -> Vec<Node> {
    let criteria = rows.criteria.iter().filter(|criterion| criterion.mapper.is(rows.mapper));
    rows.filters.iter().cloned().chain(criteria.map(|criterion| criterion.on(rows.alias))).collect()
}

/// Returns whether memory can tell which rows a statement is about, whatever objects there are.
fn can_be_evaluated(rows: &ChangedRows, dialect: Dialect) -> bool {
    let kinds = Kinds { mapper: rows.mapper, alias: rows.alias, dialect };
    rows.is_alone() && rows.limit.is_none() && conditions(rows).iter().all(|condition| kinds.have_truth(condition))
}

#[cold]
fn not_evaluated() -> Error {
    let message = "the condition cannot be evaluated in memory";
    Error::new(ErrorKind::InvalidRequest, message).hint("say `Synchronize::Fetch`, `Auto` or `No`")
}

/// What can be known of expressions from the types of columns and values alone: the rules of [`Scope`] before there is an
/// object.
struct Kinds {
    mapper: &'static Mapper,
    alias: Alias,
    dialect: Dialect,
}

impl Kinds {
    fn have_truth(&self, node: &Node) -> bool {
        match node {
            Node::All(list) | Node::Any(list) => list.iter().all(|part| self.have_truth(part)),
            Node::Not(inner) => self.have_truth(inner),
            Node::IsNull { operand, .. } => self.value(operand).is_some(),
            Node::Between { operand, low, high, .. } => {
                self.compare(Operator::Ge, operand, low) && self.compare(Operator::Le, operand, high)
            }
            Node::In { operand, list, .. } => {
                self.operand(operand).is_some() && list.iter().all(|item| self.compare(Operator::Eq, operand, item))
            }
            Node::Binary { operator, sides } => self.compare(*operator, &sides[0], &sides[1]),
            Node::Bind(Value::Null(_)) => true,
            Node::Column { .. } | Node::Bind(_) => self.value(node) == Some(Kind::Bool),
            _ => false,
        }
    }

    fn value(&self, node: &Node) -> Option<Kind> {
        match node {
            Node::Bind(value) => Some(value.kind()),
            Node::Column { mapper, column, alias } => {
                let is_own = mapper.is(self.mapper) && (*alias == self.alias || *alias == Alias::NONE);
                let column = &mapper.definition().columns[usize::from(*column)];
                (is_own && column.property.is_none()).then_some(column.kind)
            }
            Node::Binary { operator: Operator::Add | Operator::Sub | Operator::Mul, sides } => {
                (is_integer(self.value(&sides[0])?) && is_integer(self.value(&sides[1])?)).then_some(Kind::Int64)
            }
            _ => None,
        }
    }

    fn operand(&self, node: &Node) -> Option<Kind> {
        self.value(node).filter(|kind| !(has_rules(node) && *kind == Kind::Text))
    }

    fn compare(&self, operator: Operator, left: &Node, right: &Node) -> bool {
        let (Some(left_kind), Some(right_kind)) = (self.operand(left), self.operand(right)) else { return false };
        let is_null = |node: &Node| matches!(node, Node::Bind(Value::Null(_)));
        is_null(left) || is_null(right) || are_comparable(self.dialect, operator, left_kind, right_kind)
    }
}

/// Returns whether a column says how its text is compared.
fn has_rules(node: &Node) -> bool {
    match node {
        Node::Column { mapper, column, .. } => {
            let column = &mapper.definition().columns[usize::from(*column)];
            column.collation.is_some() || column.has_own_type()
        }
        _ => false,
    }
}

/// Returns whether values are compared in memory as the database compares them.
fn are_comparable(dialect: Dialect, operator: Operator, left: Kind, right: Kind) -> bool {
    use Operator::{Eq, Ge, Gt, IsDistinctFrom, IsNotDistinctFrom, Le, Lt, Ne};
    let is_equality = matches!(operator, Eq | Ne | IsDistinctFrom | IsNotDistinctFrom);
    let is_comparison = is_equality || matches!(operator, Lt | Le | Gt | Ge);
    match (left, right) {
        // Collations order texts, and those of MySQL and MariaDB also say which are equal.
        (Kind::Text, Kind::Text) => is_equality && matches!(dialect, Dialect::Sqlite | Dialect::Postgres),
        // Labels are in an order of their own.
        (Kind::Enum(_), Kind::Enum(_)) => is_equality,
        // MariaDB orders them by their last bytes, unless their version says that they are in order as they stand.
        (Kind::Uuid, Kind::Uuid) if dialect == Dialect::MariaDb => is_equality,
        (Kind::Bool, Kind::Bool)
        | (Kind::Float64, Kind::Float64)
        | (Kind::Float32, Kind::Float32)
        | (Kind::Date, Kind::Date)
        | (Kind::DateTime, Kind::DateTime)
        | (Kind::Timestamp, Kind::Timestamp)
        | (Kind::Uuid, Kind::Uuid) => is_comparison,
        (left, right) => is_comparison && is_integer(left) && is_integer(right),
    }
}

fn is_integer(kind: Kind) -> bool {
    matches!(kind, Kind::Int16 | Kind::Int32 | Kind::Int64)
}

/// An object as the row that expressions are about.
struct Scope<'o> {
    mapper: &'static Mapper,
    alias: Alias,
    dialect: Dialect,
    object: &'o dyn Object,
}

impl Scope<'_> {
    /// Returns what a condition is; the outer `None` where only the database knows.
    fn truth(&self, node: &Node) -> Option<Truth> {
        Some(match node {
            Node::All(list) => list.iter().try_fold(Some(true), |all, part| Some(and(all, self.truth(part)?)))?,
            Node::Any(list) => {
                let none = list.iter().try_fold(Some(true), |all, part| Some(and(all, not(self.truth(part)?))))?;
                not(none)
            }
            Node::Not(inner) => not(self.truth(inner)?),
            Node::IsNull { operand, negated } => Some(self.value(operand)?.is_null() != *negated),
            Node::Between { operand, low, high, negated } => {
                let (operand, low, high) = (self.operand(operand)?, self.operand(low)?, self.operand(high)?);
                let is_between =
                    and(self.compare(Operator::Ge, &operand, &low)?, self.compare(Operator::Le, &operand, &high)?);
                if *negated { not(is_between) } else { is_between }
            }
            Node::In { operand, list, negated } => {
                let operand = self.operand(operand)?;
                let mut is_in = Some(false);
                for item in list {
                    let is_equal = self.compare(Operator::Eq, &operand, &self.operand(item)?)?;
                    is_in = not(and(not(is_in), not(is_equal)));
                }
                if *negated { not(is_in) } else { is_in }
            }
            Node::Binary { operator, sides } => {
                self.compare(*operator, &self.operand(&sides[0])?, &self.operand(&sides[1])?)?
            }
            Node::Column { .. } | Node::Bind(_) => match self.value(node)? {
                Value::Bool(value) => Some(value),
                Value::Null(_) => None,
                _ => return None,
            },
            _ => return None,
        })
    }

    /// Returns the value of an expression, or `None` where only the database knows it.
    fn value(&self, node: &Node) -> Option<Value> {
        match node {
            Node::Bind(value) => Some(value.clone()),
            Node::Column { mapper, column, alias } => {
                let is_own = mapper.is(self.mapper) && (*alias == self.alias || *alias == Alias::NONE);
                let (column, definition) = (usize::from(*column), &mapper.definition().columns[usize::from(*column)]);
                // What a query has computed may be something else by now.
                let is_known = is_own && definition.property.is_none() && !self.object.is_left_out(column);
                is_known.then(|| self.object.column(column))
            }
            Node::Binary { operator, sides } => {
                let (left, right) = (integer(&self.value(&sides[0])?)?, integer(&self.value(&sides[1])?)?);
                let result = match operator {
                    Operator::Add => left.checked_add(right),
                    Operator::Sub => left.checked_sub(right),
                    Operator::Mul => left.checked_mul(right),
                    _ => None,
                };
                result.map(Value::Int64)
            }
            _ => None,
        }
    }

    /// Returns the value of what is compared, or `None` where its column says how its text is.
    fn operand(&self, node: &Node) -> Option<Value> {
        self.value(node).filter(|value| !(has_rules(node) && matches!(value, Value::Text(_))))
    }

    /// Compares values as the database does; the outer `None` where it may do so by rules of its own.
    fn compare(&self, operator: Operator, left: &Value, right: &Value) -> Option<Truth> {
        if left.is_null() || right.is_null() {
            return match operator {
                Operator::IsDistinctFrom => Some(Some(left.is_null() != right.is_null())),
                Operator::IsNotDistinctFrom => Some(Some(left.is_null() == right.is_null())),
                _ => Some(None),
            };
        }
        if !are_comparable(self.dialect, operator, left.kind(), right.kind()) {
            return None;
        }
        let order = match (left, right) {
            (Value::Text(left), Value::Text(right)) => left.cmp(right),
            (Value::Enum(_, left), Value::Enum(_, right)) => left.cmp(right),
            (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
            (Value::Float64(left), Value::Float64(right)) => left.partial_cmp(right)?,
            (Value::Float32(left), Value::Float32(right)) => left.partial_cmp(right)?,
            (Value::Date(left), Value::Date(right)) => left.cmp(right),
            (Value::DateTime(left), Value::DateTime(right)) => left.cmp(right),
            (Value::Timestamp(left), Value::Timestamp(right)) => left.cmp(right),
            (Value::Uuid(left), Value::Uuid(right)) => left.cmp(right),
            _ => integer(left)?.cmp(&integer(right)?),
        };
        let has_order = self.dialect != Dialect::Sqlite || (is_in_order_as_text(left) && is_in_order_as_text(right));
        let is_order = matches!(operator, Operator::Lt | Operator::Le | Operator::Gt | Operator::Ge);
        if is_order && !has_order {
            return None;
        }
        Some(Some(match operator {
            Operator::Eq | Operator::IsNotDistinctFrom => order.is_eq(),
            Operator::Ne | Operator::IsDistinctFrom => order.is_ne(),
            Operator::Lt => order.is_lt(),
            Operator::Le => order.is_le(),
            Operator::Gt => order.is_gt(),
            Operator::Ge => order.is_ge(),
            _ => return None,
        }))
    }
}

/// Returns whether SQLite, which keeps it as text, orders a moment as time does: not with a year of more or fewer than four
/// digits, which has a sign.
fn is_in_order_as_text(value: &Value) -> bool {
    const FIRST: i64 = -719_528; // 0000-01-01
    const LAST: i64 = 2_932_896; // 9999-12-31
    const DAY: i64 = 86_400_000_000;
    match value {
        Value::Date(days) => (FIRST..=LAST).contains(&i64::from(*days)),
        Value::DateTime(micros) | Value::Timestamp(micros) => (FIRST..=LAST).contains(&micros.div_euclid(DAY)),
        _ => true,
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Int16(value) => Some((*value).into()),
        Value::Int32(value) => Some((*value).into()),
        Value::Int64(value) => Some(*value),
        _ => None,
    }
}

fn and(left: Truth, right: Truth) -> Truth {
    match (left, right) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn not(truth: Truth) -> Truth {
    truth.map(|truth| !truth)
}
