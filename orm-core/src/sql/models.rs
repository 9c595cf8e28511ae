//! Whose tables a statement takes, wherever in it: asked by sessions whose models are bound to different engines.

use super::{
    Body, ChangedRows, ConflictAction, CteNode, FromItem, InsertNode, InsertSource, JoinNode, Joined, Node, Output,
    OutputKind, Reference, RelationReference, SelectNode, Statement,
};
use crate::mapper::{Mapper, RelationshipDefinition};

/// A model whose table a statement takes.
pub(crate) struct Taken {
    pub(crate) mapper: &'static Mapper,
    /// The relationship that leads to it, where that does, with its owner.
    pub(crate) relationship: Option<(&'static Mapper, &'static RelationshipDefinition)>,
}

impl Statement {
    /// Returns the models whose tables it takes, each once.
    pub(crate) fn models(&self) -> Vec<Taken> {
        let mut models = Models::default();
        models.statement(self);
        models.0
    }
}

#[derive(Default)]
struct Models(Vec<Taken>);

impl Models {
    fn add(&mut self, mapper: &'static Mapper) {
        self.take(Taken { mapper, relationship: None });
    }

    fn take(&mut self, taken: Taken) {
        match self.0.iter_mut().find(|known| known.mapper.is(taken.mapper)) {
            Some(known) => known.relationship = known.relationship.or(taken.relationship),
            None => self.0.push(taken),
        }
    }

    fn relation(&mut self, relation: &RelationReference) {
        self.add(relation.owner);
        let definition = &relation.owner.definition().relationships[usize::from(relation.index)];
        let members = [Some((definition.target)()), definition.secondary.map(|secondary| secondary())];
        for mapper in members.into_iter().flatten() {
            self.take(Taken { mapper, relationship: Some((relation.owner, definition)) });
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Select(select) | Statement::Count(select) | Statement::Exists(select) => self.select(select),
            Statement::Explain(inner) => self.statement(inner),
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(update) => {
                self.changed(&update.rows);
                update.sets.iter().for_each(|(_, node)| self.node(node));
                for set in &update.joined_sets {
                    self.add(set.mapper);
                    self.node(&set.value);
                }
            }
            Statement::Delete(delete) => self.changed(&delete.rows),
            Statement::Text(text) => text.model.into_iter().for_each(|mapper| self.add(mapper)),
        }
    }

    fn select(&mut self, select: &SelectNode) {
        let items = select.from.iter().chain(&select.ctes).chain(&select.nested);
        items.for_each(|item| self.item(item));
        select.outputs.iter().for_each(|output| self.output(output));
        for join in &select.joins {
            join.item().into_iter().for_each(|item| self.item(item));
            match join {
                JoinNode::Relation { relation, .. } => self.relation(relation),
                JoinNode::On { on, .. } => self.node(on),
                JoinNode::Inferred { .. } | JoinNode::Cross { .. } => {}
            }
        }
        let nodes = select.filters.iter().chain(&select.group_by).chain(&select.having).chain(&select.distinct_on);
        nodes.chain(select.order_by.iter().map(|item| &item.node)).for_each(|node| self.node(node));
        select.set.iter().flat_map(|set| &set.members).for_each(|member| self.select(member));
    }

    fn insert(&mut self, insert: &InsertNode) {
        self.add(insert.mapper);
        insert.ctes.iter().for_each(|item| self.item(item));
        match &insert.source {
            InsertSource::Rows(rows) => rows.iter().flatten().for_each(|node| self.node(node)),
            InsertSource::Select(select) => self.select(select),
            InsertSource::Plain(_) | InsertSource::Arrays(_) => {}
        }
        for conflict in &insert.on_conflict {
            if let ConflictAction::Update { sets, filters, .. } = &conflict.action {
                sets.iter().map(|(_, node)| node).chain(filters).for_each(|node| self.node(node));
            }
        }
        insert.returning.iter().for_each(|output| self.output(output));
    }

    fn changed(&mut self, rows: &ChangedRows) {
        self.add(rows.mapper);
        rows.ctes.iter().chain(&rows.derived).for_each(|item| self.item(item));
        for join in &rows.joins {
            match join {
                Joined::Relation(relation) => self.relation(relation),
                Joined::Inferred(table) => table.mapper.into_iter().for_each(|mapper| self.add(mapper)),
                Joined::On { mapper, on, .. } => {
                    self.add(mapper);
                    self.node(on);
                }
            }
        }
        rows.filters.iter().chain(rows.order_by.iter().map(|item| &item.node)).for_each(|node| self.node(node));
        rows.returning.iter().for_each(|output| self.output(output));
    }

    fn output(&mut self, output: &Output) {
        match &output.kind {
            OutputKind::Entity { mapper, .. } => self.add(mapper),
            OutputKind::Expression(node) => self.node(node),
        }
    }

    fn item(&mut self, item: &FromItem) {
        let Some(derived) = item.derived() else {
            return item.reference().mapper.into_iter().for_each(|mapper| self.add(mapper));
        };
        match &derived.body {
            Body::Select(select) => self.select(select),
            Body::Values(rows) => rows.iter().flatten().for_each(|node| self.node(node)),
            Body::Function { .. } | Body::JsonTable { .. } => {
                derived.body.arguments().into_iter().flatten().for_each(|node| self.node(node));
            }
            Body::Cte { definition, .. } => definition.iter().for_each(|definition| self.cte(definition)),
        }
    }

    fn cte(&mut self, cte: &CteNode) {
        self.statement(&cte.statement);
        cte.recursion.iter().for_each(|(_, member)| self.select(member));
    }

    fn node(&mut self, node: &Node) {
        node.visit_all(&mut |node| match node.refers_to() {
            Reference::Table(mapper, _) => self.add(mapper),
            Reference::Select(select) => self.select(select),
            Reference::Members(relation, filter) => {
                self.relation(relation);
                filter.into_iter().for_each(|filter| self.node(filter));
            }
            Reference::Derived(_) | Reference::Nothing => {}
        });
    }
}
