//! Lifts the values out of a statement, and writes a key that is the same for two statements exactly when their
//! structure is: what the cache of compiled statements compares.
//!
//! In: a statement with values. Out: the statement with numbered parameters in their place, its [`Structure`], the values.

use std::cell::Cell;
use std::sync::Arc;

use orm_pool::{Kind, Value};

use super::grouped::{aggregate_having, share_parameters, take_any_value};
use super::lists::{even_out, gather, uniform_kinds};
use crate::dialect::Dialect;
use crate::mapper::{Alias, Mapper};
use crate::sql::{
    Body, ChangedRows, Conflict, ConflictAction, ConflictTarget, Correlation, Criterion, CteNode, DeleteNode,
    DerivedNode, Distance, Frame, FrameEdge, FromItem, Hint, HintPlace, InsertNode, InsertSource, Joined, Lock, Place,
    TableRef, UpdateNode,
};
use crate::sql::{EagerNode, OutputKind, TextPart};
use crate::sql::{JoinNode, Node, OrderItem, Output, RelationReference, SelectNode, Statement, TextNode, WindowName};
use crate::types::same;

/// What tells one statement from another whatever their values.
#[derive(Debug)]
pub(crate) struct Structure {
    pub(crate) key: Vec<u8>,
    /// How many rows of values its INSERT has.
    pub(crate) rows: usize,
}

/// What a statement is made ready for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// To be compared with others.
    Key,
    /// A text that has its values in it.
    Literals(Dialect),
    /// A prepared statement: long lists of values are made such that those of other lengths share it.
    Prepared(Dialect),
}

/// What is on its way through a statement.
struct Lifted<'v> {
    key: Vec<u8>,
    /// What was taken out. They stay where the caller wants them: what has just been written is slow to be moved.
    values: &'v mut Vec<Value>,
    rows: usize,
    /// The CTEs that were met.
    ctes: Vec<u64>,
    /// The named windows that were met.
    windows: Vec<u64>,
    purpose: Purpose,
}

/// Lifts the values out of a statement.
#[inline(always)]
pub(crate) fn lift(statement: &mut Statement, values: &mut Vec<Value>, purpose: Purpose) -> Structure {
    let mut lifted = Lifted::new(KEY.take(), values, purpose);
    lifted.statement(statement);
    Structure { key: lifted.key, rows: lifted.rows }
}

/// What tells one expression from another: its structure, and its values.
pub(super) struct Fingerprint {
    key: Vec<u8>,
    values: Vec<Value>,
}

impl Fingerprint {
    pub(super) fn is(&self, other: &Fingerprint) -> bool {
        let is_same = |(own, other): (&Value, &Value)| same(own, other);
        self.key == other.key
            && self.values.len() == other.values.len()
            && self.values.iter().zip(&other.values).all(is_same)
    }
}

pub(super) fn fingerprint(node: &Node) -> Fingerprint {
    let (mut node, mut values) = (node.clone(), Vec::new());
    let mut lifted = Lifted::new(Vec::new(), &mut values, Purpose::Key);
    lifted.node(&mut node);
    let key = lifted.key;
    Fingerprint { key, values }
}

thread_local! {
    /// Memory for the next key: most are compared with what is known, and then of no more use.
    static KEY: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// How many values there is place for from the first one on.
const FEW: usize = 4;

/// The longest key whose memory is kept.
const KEPT: usize = 4096;

/// Keeps the memory of a key that is of no more use.
pub(crate) fn let_go_of(mut key: Vec<u8>) {
    if key.capacity() <= KEPT {
        key.clear();
        KEY.set(key);
    }
}

impl<'v> Lifted<'v> {
    fn new(key: Vec<u8>, values: &'v mut Vec<Value>, purpose: Purpose) -> Self {
        Lifted { key, values, rows: 0, ctes: Vec::new(), windows: Vec::new(), purpose }
    }

    #[inline]
    fn tag(&mut self, tag: u8) {
        self.key.push(tag);
    }

    /// Notes a type; a type of labels by its name, which stands in the text.
    fn kind(&mut self, kind: Kind) {
        self.tag(kind.code());
        if let Some(name) = kind.enum_name() {
            self.text(name.schema.unwrap_or_default());
            self.text(name.name);
        }
    }

    #[inline]
    fn flag(&mut self, flag: bool) {
        self.key.push(u8::from(flag));
    }

    /// Notes a number: in one byte if it is small, as most are.
    #[inline]
    fn number(&mut self, number: usize) {
        match u8::try_from(number) {
            Ok(small) if small != u8::MAX => self.key.push(small),
            _ => {
                self.key.push(u8::MAX);
                self.key.extend_from_slice(&number.to_ne_bytes());
            }
        }
    }

    #[inline]
    fn column(&mut self, column: u16) {
        self.key.extend_from_slice(&column.to_ne_bytes());
    }

    #[inline]
    fn columns(&mut self, columns: &[u16]) {
        self.number(columns.len());
        columns.iter().for_each(|&column| self.column(column));
    }

    fn text(&mut self, text: &str) {
        self.number(text.len());
        self.key.extend_from_slice(text.as_bytes());
    }

    /// Notes a table, in one step.
    #[inline]
    fn table(&mut self, mapper: &'static Mapper, alias: Alias) {
        let mut bytes = [0; size_of::<usize>() + 2];
        let (id, number) = bytes.split_at_mut(size_of::<usize>());
        id.copy_from_slice(&mapper.id().to_ne_bytes());
        number.copy_from_slice(&alias.number().to_ne_bytes());
        self.key.extend_from_slice(&bytes);
    }

    #[inline]
    fn list<T>(&mut self, list: &mut [T], mut each: impl FnMut(&mut Self, &mut T)) {
        self.number(list.len());
        list.iter_mut().for_each(|item| each(self, item));
    }

    #[inline]
    fn nodes(&mut self, list: &mut [Node]) {
        self.list(list, Self::node);
    }

    fn optional(&mut self, node: Option<&mut Node>) {
        self.flag(node.is_some());
        if let Some(node) = node {
            self.node(node);
        }
    }

    fn statement(&mut self, statement: &mut Statement) {
        match statement {
            Statement::Select(select) => {
                self.tag(1);
                self.select(select);
            }
            Statement::Count(select) => {
                self.tag(2);
                self.select(select);
            }
            Statement::Exists(select) => {
                self.tag(3);
                self.select(select);
            }
            Statement::Explain(inner) => {
                self.tag(4);
                self.statement(inner);
            }
            Statement::Insert(insert) => {
                self.tag(5);
                self.insert(insert);
            }
            Statement::Update(update) => {
                self.tag(6);
                self.update(update);
            }
            Statement::Delete(delete) => {
                self.tag(7);
                self.delete(delete);
            }
            Statement::Text(text) => {
                self.tag(8);
                self.sql_text(text);
            }
        }
    }

    fn select(&mut self, select: &mut SelectNode) {
        // Which of the clauses that it may have it has, in one byte.
        let is_plain = select.is_plain();
        if !is_plain {
            self.group(select);
        }
        let has = u8::from(!select.from.is_empty())
            | u8::from(!select.joins.is_empty()) << 1
            | u8::from(!select.order_by.is_empty()) << 2
            | u8::from(select.limit.is_some()) << 3
            | u8::from(!is_plain) << 4;
        self.tag(has);
        self.list(&mut select.outputs, Self::output);
        self.nodes(&mut select.filters);
        if has != 0 {
            self.clauses_of_select(select, is_plain);
        }
    }

    /// Has the database know what is grouped by wherever it stands.
    fn group(&mut self, select: &mut SelectNode) {
        match self.purpose {
            Purpose::Prepared(Dialect::Postgres) => self.share_parameters(select),
            Purpose::Prepared(Dialect::MariaDb) | Purpose::Literals(Dialect::MariaDb) => aggregate_having(select),
            Purpose::Prepared(Dialect::MySql) | Purpose::Literals(Dialect::MySql) => {
                aggregate_having(select);
                take_any_value(select);
            }
            _ => {}
        }
    }

    /// Takes the values out of what is grouped by and stands elsewhere too. The key is written where it is met.
    fn share_parameters(&mut self, select: &mut SelectNode) {
        let key = std::mem::take(&mut self.key);
        share_parameters(select, |node| self.node(node));
        self.key = key;
    }

    fn clauses_of_select(&mut self, select: &mut SelectNode, is_plain: bool) {
        self.list(&mut select.from, Self::item);
        self.list(&mut select.joins, Self::join);
        self.list(&mut select.order_by, Self::order_item);
        self.optional(select.limit.as_mut());
        if !is_plain {
            self.rest_of_select(select);
        }
    }

    /// Notes what most queries have nothing of.
    fn rest_of_select(&mut self, select: &mut SelectNode) {
        self.flag(select.distinct);
        self.nodes(&mut select.distinct_on);
        self.list(&mut select.ctes, Self::item);
        self.list(&mut select.nested, Self::item);
        self.nodes(&mut select.group_by);
        self.nodes(&mut select.having);
        self.optional(select.offset.as_mut());
        self.flag(select.with_ties);
        self.lock(select.lock.as_ref());
        self.flag(select.set.is_some());
        if let Some(set) = &mut select.set {
            self.tag(set.operator as u8);
            self.list(&mut set.members, Self::select);
        }
        self.correlation(&select.correlation);
        self.list(&mut select.hints, Self::hint);
        self.flag(select.limit_per.is_some());
        if let Some((columns, limit)) = &mut select.limit_per {
            self.nodes(columns);
            self.node(limit);
        }
        self.criteria(&mut select.criteria);
        self.flag(!select.given.is_empty());
        if !select.given.is_empty() {
            self.list(&mut select.given, |this, given| {
                this.table(given.mapper, given.alias);
                this.column(given.column);
                this.node(&mut given.node);
            });
        }
        self.flag(select.eager.is_some());
        if let Some(eager) = &mut select.eager {
            self.eager(eager);
        }
    }

    fn criteria(&mut self, criteria: &mut [Criterion]) {
        self.flag(!criteria.is_empty());
        if !criteria.is_empty() {
            self.list(criteria, |this, criterion| {
                this.table(criterion.mapper, Alias::NONE);
                this.node(&mut criterion.condition);
            });
        }
    }

    fn eager(&mut self, eager: &mut EagerNode) {
        self.tag(eager.wrap as u8);
        self.list(&mut eager.joins, |this, join| {
            this.tag(join.kind as u8);
            this.relation(&join.relation);
            this.number(join.owner_at.map_or(0, |at| at + 1));
            this.column(join.secondary.number());
            this.nodes(&mut join.filters);
            this.columns(&join.left_out);
        });
        self.list(&mut eager.order_by, Self::order_item);
    }

    fn output(&mut self, output: &mut Output) {
        // Whether NULL may come decides whether an outer join is refused, so it is part of the structure.
        let nullable = u8::from(output.nullable) << 1;
        match &mut output.kind {
            OutputKind::Entity { mapper, alias } => {
                self.tag(nullable);
                self.table(mapper, *alias);
                self.columns(&output.left_out);
            }
            OutputKind::Expression(node) => {
                self.tag(nullable | 1);
                self.node(node);
            }
        }
    }

    fn join(&mut self, join: &mut JoinNode) {
        match join {
            JoinNode::Relation { kind, relation } => {
                self.tag(1);
                self.tag(*kind as u8);
                self.relation(relation);
            }
            JoinNode::On { kind, left, right, on } => {
                self.tag(2);
                self.tag(*kind as u8);
                self.left(*left);
                self.item(right);
                self.node(on);
            }
            JoinNode::Inferred { kind, left, right } => {
                self.tag(3);
                self.tag(*kind as u8);
                self.left(*left);
                self.item(right);
            }
            JoinNode::Cross { right } => {
                self.tag(4);
                self.item(right);
            }
        }
    }

    fn left(&mut self, left: Option<TableRef>) {
        self.flag(left.is_some());
        left.into_iter().for_each(|table| self.reference(table));
    }

    fn reference(&mut self, table: TableRef) {
        self.number(table.mapper.map_or(0, Mapper::id));
        self.column(table.alias.number());
    }

    fn item(&mut self, item: &mut FromItem) {
        match item {
            FromItem::Table(table) => {
                self.tag(1);
                self.reference(*table);
            }
            FromItem::Derived(derived) => {
                self.tag(2);
                self.derived(derived);
            }
        }
    }

    fn derived(&mut self, derived: &mut DerivedNode) {
        self.reference(TableRef { mapper: derived.mapper, alias: derived.alias });
        self.flag(derived.is_lateral);
        self.number(derived.columns.len());
        derived.columns.iter().for_each(|column| self.text(column));
        match &mut derived.body {
            Body::Select(select) => {
                self.tag(1);
                self.select(Arc::make_mut(select));
            }
            Body::Values(rows) => {
                self.tag(2);
                self.list(rows, |this, row| this.nodes(row));
            }
            Body::Function { name, arguments, with_ordinality, types } => {
                self.tag(3);
                self.number(types.len());
                types.iter().for_each(|column_type| self.text(&format!("{column_type:?}")));
                self.text(name);
                self.flag(*with_ordinality);
                self.nodes(arguments);
            }
            Body::JsonTable { document, path, columns } => {
                self.tag(5);
                self.node(document);
                self.text(path);
                self.text(&format!("{columns:?}"));
            }
            Body::Cte { id, name, definition } => {
                self.tag(4);
                self.column(name.number());
                self.cte(*id, definition);
            }
        }
    }

    /// A CTE is written into the key, and its values are lifted, where it is first met; elsewhere its number stands.
    fn cte(&mut self, id: u64, definition: &mut Option<Arc<CteNode>>) {
        let known = self.ctes.iter().position(|known| *known == id);
        match (known, &mut *definition) {
            (None, Some(node)) => {
                self.tag(1);
                self.ctes.push(id);
                let node = Arc::make_mut(node);
                self.walk_of(node);
                let CteNode { statement, recursion, materialized, is_values, .. } = node;
                self.flag(*is_values);
                self.tag(materialized.map_or(0, |is_materialized| u8::from(is_materialized) + 1));
                self.statement(statement);
                self.list(recursion, |this, (operator, member)| {
                    this.tag(*operator as u8);
                    this.select(member);
                });
            }
            (Some(number), _) => {
                self.tag(2);
                self.number(number);
                *definition = None;
            }
            (None, None) => self.tag(3),
        }
    }

    /// Notes how a recursive CTE goes, and what words it has.
    fn walk_of(&mut self, cte: &mut CteNode) {
        self.flag(cte.search.is_some());
        if let Some(search) = &cte.search {
            self.flag(search.is_breadth_first);
            self.texts(&search.columns);
            self.text(&search.order);
        }
        self.flag(cte.cycle.is_some());
        if let Some(cycle) = &cte.cycle {
            self.texts(&cycle.columns);
            self.flag(cycle.added.is_some());
            cycle.added.iter().for_each(|added| self.texts(added));
        }
        self.list(&mut cte.hints, Self::hint);
    }

    fn texts(&mut self, texts: &[String]) {
        self.number(texts.len());
        texts.iter().for_each(|text| self.text(text));
    }

    fn frame(&mut self, frame: &mut Frame) {
        self.tag(frame.unit as u8);
        self.edge(&mut frame.start);
        self.edge(&mut frame.end);
        self.tag(frame.exclude.map_or(0, |exclude| exclude as u8 + 1));
    }

    /// A number of a frame is part of the structure; a span of time is lifted.
    fn edge(&mut self, edge: &mut FrameEdge) {
        let distance = match &mut edge.place {
            Place::Unbounded => return self.tag(0),
            Place::CurrentRow => return self.tag(1),
            Place::Preceding(distance) => {
                self.tag(2);
                distance
            }
            Place::Following(distance) => {
                self.tag(3);
                distance
            }
        };
        match distance {
            Distance::Number(number) => {
                self.tag(0);
                self.text(&format!("{number:?}"));
            }
            Distance::Span(node) => {
                self.tag(1);
                self.node(node);
            }
            Distance::Expression(node) => {
                self.tag(2);
                self.node(node);
            }
        }
    }

    /// A named window is known by its name and by which of that name it is in the statement.
    fn window_name(&mut self, name: Option<&WindowName>) {
        self.flag(name.is_some());
        let Some(name) = name else { return };
        self.text(&name.name);
        let known = self.windows.iter().position(|known| *known == name.id).unwrap_or_else(|| {
            self.windows.push(name.id);
            self.windows.len() - 1
        });
        self.number(known);
    }

    fn lock(&mut self, lock: Option<&Lock>) {
        self.flag(lock.is_some());
        let Some(lock) = lock else { return };
        self.tag(lock.strength as u8);
        self.tag(lock.wait as u8);
        self.number(lock.of.len());
        lock.of.iter().for_each(|table| self.reference(*table));
    }

    fn correlation(&mut self, correlation: &Correlation) {
        let (tag, tables) = match correlation {
            Correlation::Automatic => (0, [].as_slice()),
            Correlation::Only(tables) => (1, tables.as_slice()),
            Correlation::Except(tables) => (2, tables.as_slice()),
        };
        self.tag(tag);
        self.number(tables.len());
        tables.iter().for_each(|table| self.reference(*table));
    }

    fn hint(&mut self, hint: &mut Hint) {
        self.text(hint.dialect.map_or("", Dialect::name));
        match hint.place {
            HintPlace::Prefix => self.tag(0),
            HintPlace::Suffix => self.tag(1),
            HintPlace::Table(table) => {
                self.tag(2);
                self.reference(table);
            }
        }
        self.text(&hint.sql);
    }

    fn relation(&mut self, relation: &RelationReference) {
        self.table(relation.owner, relation.alias);
        self.column(relation.index);
        self.column(relation.target_alias.number());
    }

    fn order_item(&mut self, item: &mut OrderItem) {
        self.flag(item.is_descending);
        self.tag(item.nulls.map_or(0, |nulls| nulls as u8 + 1));
        self.node(&mut item.node);
    }

    fn insert(&mut self, insert: &mut InsertNode) {
        self.table(insert.mapper, Alias::NONE);
        self.list(&mut insert.ctes, Self::item);
        self.list(&mut insert.columns, |this, column| this.column(*column));
        if let Purpose::Prepared(dialect) = self.purpose {
            gather(insert, dialect);
        }
        match &mut insert.source {
            InsertSource::Arrays(arrays) => {
                self.tag(3);
                self.nodes(arrays);
            }
            InsertSource::Rows(rows) => {
                self.tag(1);
                self.insert_rows(rows);
            }
            InsertSource::Plain(plain) => {
                self.tag(4);
                self.rows = self.rows.max(plain.count);
                self.number(plain.count);
                plain.kinds.iter().for_each(|kind| self.kind(*kind));
                plain.first = self.values.len() as u32;
                match self.values.is_empty() {
                    true => *self.values = std::mem::take(&mut plain.values),
                    false => self.values.append(&mut plain.values),
                }
            }
            InsertSource::Select(select) => {
                self.tag(2);
                self.select(select);
            }
        }
        self.flag(insert.overrides);
        self.flag(insert.in_order);
        self.list(&mut insert.on_conflict, Self::conflict);
        self.list(&mut insert.returning, Self::output);
        self.criteria(&mut insert.criteria);
    }

    /// Many rows of values have a key that is as short as that of one: their number and the types of the first.
    fn insert_rows(&mut self, rows: &mut [Vec<Node>]) {
        self.rows = self.rows.max(rows.len());
        self.number(rows.len());
        let kinds = uniform_kinds(rows);
        self.flag(kinds.is_some());
        let Some(kinds) = kinds else {
            return self.list(rows, |this, row| this.nodes(row));
        };
        kinds.iter().for_each(|kind| self.kind(*kind));
        self.values.reserve(rows.len() * kinds.len());
        for node in rows.iter_mut().flatten() {
            if let Node::Bind(value) = node {
                let kind = value.kind();
                self.lift(node, kind);
            }
        }
    }

    fn conflict(&mut self, conflict: &mut Conflict) {
        match &mut conflict.target {
            ConflictTarget::Columns(columns) => {
                self.tag(1);
                self.list(columns, |this, column| this.column(*column));
            }
            ConflictTarget::Constraint(name) => {
                self.tag(2);
                self.text(name);
            }
        }
        self.kept(&conflict.index_filter);
        match &mut conflict.action {
            ConflictAction::Nothing => self.tag(0),
            ConflictAction::Update { columns, all: _, sets, filters } => {
                self.tag(1);
                self.list(columns, |this, column| this.column(*column));
                self.sets(sets);
                self.nodes(filters);
            }
        }
    }

    /// Values that say which index is meant are part of the structure: they stay, and are told apart by the key.
    fn kept(&mut self, list: &[Node]) {
        let mut copy = list.to_vec();
        let mut values = Vec::new();
        let mut apart = Lifted::new(Vec::new(), &mut values, Purpose::Key);
        apart.nodes(&mut copy);
        let key = apart.key;
        self.text(&format!("{values:?}"));
        self.key.extend(key);
    }

    fn sets(&mut self, sets: &mut [(u16, Node)]) {
        self.list(sets, |this, (column, node)| {
            this.column(*column);
            this.node(node);
        });
    }

    fn update(&mut self, update: &mut UpdateNode) {
        self.sets(&mut update.sets);
        self.list(&mut update.joined_sets, |this, set| {
            this.table(set.mapper, set.alias);
            this.column(set.column);
            this.node(&mut set.value);
        });
        self.changed_rows(&mut update.rows);
    }

    fn delete(&mut self, delete: &mut DeleteNode) {
        self.changed_rows(&mut delete.rows);
    }

    fn changed_rows(&mut self, rows: &mut ChangedRows) {
        self.table(rows.mapper, rows.alias);
        self.list(&mut rows.ctes, Self::item);
        self.list(&mut rows.joins, |this, join| match join {
            Joined::Relation(relation) => {
                this.tag(1);
                this.relation(relation);
            }
            Joined::Inferred(table) => {
                this.tag(3);
                this.reference(*table);
            }
            Joined::On { mapper, alias, on } => {
                this.tag(2);
                this.table(mapper, *alias);
                this.node(on);
            }
        });
        self.list(&mut rows.derived, Self::item);
        self.nodes(&mut rows.filters);
        self.list(&mut rows.order_by, Self::order_item);
        self.optional(rows.limit.as_mut());
        self.list(&mut rows.returning, Self::output);
        self.criteria(&mut rows.criteria);
    }

    /// Takes the value of a node out and leaves its place.
    #[inline]
    fn lift(&mut self, node: &mut Node, kind: Kind) {
        let index = self.values.len() as u32;
        if let Node::Bind(value) = node {
            if self.values.capacity() == 0 {
                // For the usual few, without what a list takes to grow.
                *self.values = Vec::with_capacity(FEW);
            }
            self.values.push(std::mem::replace(value, Value::Null(kind)));
            *node = Node::Parameter { index, kind };
        }
    }

    fn sql_text(&mut self, text: &mut TextNode) {
        self.number(text.model.map_or(0, Mapper::id));
        self.text_parts(&mut text.parts);
    }

    fn text_parts(&mut self, parts: &mut [TextPart]) {
        self.list(parts, |this, part| match part {
            TextPart::Sql(sql) => {
                this.tag(1);
                this.text(sql);
            }
            TextPart::Parameter(node) => {
                this.tag(2);
                this.node(node);
            }
        });
    }

    fn node(&mut self, node: &mut Node) {
        match node {
            Node::Bind(value) => {
                let kind = value.kind();
                self.tag(1);
                self.kind(kind);
                self.lift(node, kind);
            }
            Node::Parameter { index, kind } => {
                self.tag(2);
                self.kind(*kind);
                self.number(*index as usize);
            }
            Node::Column { mapper, column, alias } => {
                self.tag(3);
                self.table(mapper, *alias);
                self.column(*column);
            }
            Node::Sql(sql) => {
                self.tag(4);
                self.text(sql);
            }
            Node::Binary { operator, sides } => {
                self.tag(5);
                self.tag(*operator as u8);
                sides.iter_mut().for_each(|side| self.node(side));
            }
            Node::Not(inner) => {
                self.tag(6);
                self.node(inner);
            }
            Node::All(list) => {
                self.tag(7);
                self.nodes(list);
            }
            Node::Any(list) => {
                self.tag(8);
                self.nodes(list);
            }
            Node::Tuple(list) => {
                self.tag(9);
                self.nodes(list);
            }
            Node::In { operand, list, negated } => {
                self.tag(10);
                self.flag(*negated);
                self.node(operand);
                if let Purpose::Prepared(dialect) = self.purpose {
                    even_out(operand, list, dialect);
                }
                self.nodes(list);
            }
            Node::InSelect { operand, select, negated } => {
                self.tag(11);
                self.flag(*negated);
                self.node(operand);
                self.select(select);
            }
            Node::Between { operand, low, high, negated } => {
                self.tag(12);
                self.flag(*negated);
                [operand, low, high].into_iter().for_each(|node| self.node(node));
            }
            Node::IsNull { operand, negated } => {
                self.tag(13);
                self.flag(*negated);
                self.node(operand);
            }
            Node::Like { operand, pattern, negated, ignore_case, escape } => {
                self.tag(14);
                [*negated, *ignore_case].into_iter().for_each(|flag| self.flag(flag));
                self.number(escape.map_or(0, |escape| escape as usize));
                self.node(operand);
                self.node(pattern);
            }
            Node::Function { name, arguments, distinct, nullability } => {
                self.tag(15);
                self.flag(*distinct);
                // What NULL arguments give decides whether an outer join is refused.
                self.tag(*nullability as u8);
                self.text(name);
                self.nodes(arguments);
            }
            Node::Case { operand, whens, otherwise } => {
                self.tag(16);
                self.optional(operand.as_deref_mut());
                self.list(whens, |this, (when, then)| {
                    this.node(when);
                    this.node(then);
                });
                self.optional(otherwise.as_deref_mut());
            }
            Node::Cast { operand, column_type } => {
                self.tag(17);
                self.text(&format!("{column_type:?}"));
                self.node(operand);
            }
            Node::Label { node, name } => {
                self.tag(18);
                self.text(name);
                self.node(node);
            }
            Node::Select(select) => {
                self.tag(19);
                self.select(select);
            }
            Node::Exists { select, negated } => {
                self.tag(20);
                self.flag(*negated);
                self.select(select);
            }
            Node::Related { relation, filter, negated } => {
                self.tag(21);
                self.flag(*negated);
                self.relation(relation);
                self.optional(filter.as_deref_mut());
            }
            Node::Star => self.tag(22),
            Node::Excluded { mapper, column } => {
                self.tag(23);
                self.table(mapper, Alias::NONE);
                self.column(*column);
            }
            Node::Constant(constant) => {
                self.tag(100);
                self.tag(*constant as u8);
            }
            Node::Quoted(text) => {
                self.tag(101);
                self.text(text);
            }
            Node::Text(parts) => {
                self.tag(110);
                self.text_parts(parts);
            }
            Node::Decimal(node) => {
                self.tag(112);
                self.node(node);
            }
            Node::Minus(operand) => {
                self.tag(102);
                self.node(operand);
            }
            Node::Compared { call, left, right } => {
                self.tag(111);
                self.number(*left);
                self.number(*right);
                self.node(call);
            }
            Node::Infix { operator, left, right, is_condition, precedence } => {
                self.tag(103);
                self.flag(*is_condition);
                self.tag(precedence.map_or(0, |precedence| precedence as u8 + 1));
                self.text(operator);
                self.node(left);
                self.node(right);
            }
            Node::Collate { operand, collation } => {
                self.tag(104);
                self.text(collation);
                self.node(operand);
            }
            Node::TryCast { operand, column_type } => {
                self.tag(105);
                self.text(&format!("{column_type:?}"));
                self.node(operand);
            }
            Node::Template { template, arguments } => {
                self.tag(106);
                // A template is a static, which no other shares its place with.
                self.number(std::ptr::from_ref(*template).addr());
                self.nodes(arguments);
            }
            Node::Aggregate(aggregate) => {
                self.tag(107);
                self.flag(aggregate.is_within_group);
                self.node(&mut aggregate.call);
                self.list(&mut aggregate.order_by, Self::order_item);
                self.optional(aggregate.filter.as_mut());
            }
            Node::Over { call, window } => {
                self.tag(108);
                self.node(call);
                self.nodes(&mut window.partition_by);
                self.list(&mut window.order_by, Self::order_item);
                self.flag(window.frame.is_some());
                if let Some(frame) = &mut window.frame {
                    self.frame(frame);
                }
                self.window_name(window.name.as_ref());
            }
            Node::Quantified { operator, every, operand, select } => {
                self.tag(109);
                self.tag(*operator as u8);
                self.flag(*every);
                self.node(operand);
                self.select(select);
            }
            Node::Field { source, index, is_decimal, .. } => {
                self.tag(200);
                self.flag(*is_decimal);
                self.column(source.number());
                self.column(*index);
            }
            Node::LabelName(name) => {
                self.tag(201);
                self.text(name);
            }
            Node::Criterion { mapper, condition } => {
                self.tag(203);
                self.table(mapper, Alias::NONE);
                self.node(condition);
            }
            Node::NextValue { schema, name } => {
                self.tag(204);
                self.text(schema.as_deref().unwrap_or_default());
                self.text(name);
            }
            Node::Refused(error) => {
                self.tag(202);
                self.text(&error.to_string());
            }
        }
    }
}
