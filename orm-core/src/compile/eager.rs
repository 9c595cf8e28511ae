//! SELECTs that bring relationships by joins: in their own FROM, or around them as a subquery.

use super::Writer;
use super::expr::relationship;
use super::select::{Columns, position_in_compound};
use super::structure::fingerprint;
use super::writer::Source;
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Alias, Mapper};
use crate::sql::{
    EagerJoin, EagerNode, Given, JoinKind, Node, Operator, OrderItem, Output, OutputKind, SelectNode, Statement,
    TableRef, Wrap, output_columns,
};

/// The subquery's name, and that of its rows' number: SQLAlchemy's name.
const SUBQUERY: &str = "anon_1";

impl Writer {
    /// Writes a SELECT as a subquery of another, which joins the relationships to it.
    pub(super) fn wrapped(&mut self, select: &SelectNode, eager: &EagerNode, outermost: bool) -> Result<()> {
        let order = WrappedOrder::of(select)?;
        let mut inner = select.clone();
        inner.eager = None;
        inner.outputs.iter_mut().for_each(|output| give_owners(output, eager));
        inner.outputs.extend(order.added);
        if inner.limit.is_none() && inner.offset.is_none() {
            inner.order_by.clear();
        }
        self.push("SELECT ");
        let width = width(&select.outputs);
        self.separated(0..width, ", ", |this, number| {
            this.push(&format!("{SUBQUERY}.c{number}"));
            Ok(())
        })?;
        if eager.wrap == Wrap::Numbered {
            self.push(&format!(", {SUBQUERY}.place"));
        }
        self.scopes.push(eager_sources(eager)?);
        for join in &eager.joins {
            let target = relationship(&join.relation)?.target;
            self.push(", ");
            self.separated(0..target.width() as u16, ", ", |this, column| {
                match join.left_out.contains(&column) {
                    true => this.push("NULL"),
                    false => this.node(&Node::Column { mapper: target, column, alias: join.relation.target_alias })?,
                }
                Ok(())
            })?;
        }
        self.scopes.pop();
        self.push(" FROM (");
        if eager.wrap == Wrap::Numbered {
            self.push("SELECT numbered.*, row_number() OVER () AS place FROM (");
        }
        self.select_columns(&inner, Columns::Numbered)?;
        if eager.wrap == Wrap::Numbered {
            self.push(") AS numbered");
        }
        self.push(&format!(") AS {SUBQUERY}"));
        self.scopes.push(eager_sources(eager)?);
        let joined = self.eager_joins(eager);
        self.scopes.pop();
        joined?;
        let mut order_of_members = eager.order_by.clone();
        order_of_members.iter_mut().for_each(|item| use_subquery(&mut item.node, &eager.joins));
        let order: Vec<OrderItem> = order.items.into_iter().chain(order_of_members).collect();
        self.order_by(&order)?;
        if outermost { self.label_wrapped(select, eager) } else { Ok(()) }
    }

    /// Writes the joins behind a FROM.
    pub(super) fn eager_joins(&mut self, eager: &EagerNode) -> Result<()> {
        eager.joins.iter().try_for_each(|join| self.eager_join(join, eager.wrap != Wrap::No))
    }

    fn eager_join(&mut self, join: &EagerJoin, is_wrapped: bool) -> Result<()> {
        let info = relationship(&join.relation)?;
        let owner = |column: u16| match join.owner_at {
            Some(at) if is_wrapped => Node::Sql(format!("{SUBQUERY}.c{}", at + usize::from(column)).into()),
            _ => Node::Column { mapper: info.owner, column, alias: join.relation.alias },
        };
        let target = |column| Node::Column { mapper: info.target, column, alias: join.relation.target_alias };
        let equal = |left, right| Node::binary(Operator::Eq, left, right);
        self.push(if join.kind == JoinKind::Left { " LEFT OUTER JOIN " } else { " JOIN " });
        let mut on: Vec<Node> = match &info.secondary {
            None if info.condition.is_some() => {
                self.table(info.target, join.relation.target_alias);
                let mut condition = info.condition_between(Alias::NONE, join.relation.target_alias);
                condition.iter_mut().for_each(|condition| {
                    condition.change_columns(&mut |mapper, alias, column| {
                        (mapper.is(info.owner) && alias == Alias::NONE).then(|| owner(column))
                    });
                });
                condition.into_iter().collect()
            }
            None => {
                self.table(info.target, join.relation.target_alias);
                info.pairs.iter().map(|&(own, other)| equal(owner(own), target(other))).collect()
            }
            Some(secondary) => {
                // An outer join keeps owners without members, so the association rows are not joined on their own.
                let between = |column| Node::Column { mapper: secondary.mapper, column, alias: join.secondary };
                self.push("(");
                self.table(secondary.mapper, join.secondary);
                self.push(" JOIN ");
                self.table(info.target, join.relation.target_alias);
                self.push(" ON ");
                let far = secondary.pairs.iter().map(|&(own, other)| equal(between(own), target(other)));
                self.node(&Node::All(far.collect()))?;
                self.push(")");
                info.pairs.iter().map(|&(own, other)| equal(owner(own), between(other))).collect()
            }
        };
        on.extend(join.filters.iter().cloned().map(|mut filter| {
            if is_wrapped {
                use_subquery(&mut filter, std::slice::from_ref(join));
            }
            filter
        }));
        on.extend(self.criteria_of(TableRef::table(info.target, join.relation.target_alias)));
        if let Some(secondary) = &info.secondary {
            on.extend(self.criteria_of(TableRef::table(secondary.mapper, join.secondary)));
        }
        self.push(" ON ");
        self.join_condition(&on.into_iter().reduce(Node::and).unwrap_or(Node::All(Vec::new())))
    }

    fn label_wrapped(&mut self, select: &SelectNode, eager: &EagerNode) -> Result<()> {
        self.label_outputs(&select.outputs);
        if eager.wrap == Wrap::Numbered {
            self.labels.push("place".to_owned());
        }
        for join in &eager.joins {
            let target = relationship(&join.relation)?.target;
            self.label_outputs(&[Output::entity(target, join.relation.target_alias)]);
        }
        Ok(())
    }
}

/// Makes the columns of owners that a subquery selects those of the subquery.
fn use_subquery(said: &mut Node, joins: &[EagerJoin]) {
    said.change_columns(&mut |mapper, alias, column| {
        let is_owner = |join: &&EagerJoin| join.relation.owner.is(mapper) && join.relation.alias == alias;
        let at = joins.iter().filter(is_owner).find_map(|join| join.owner_at)?;
        Some(Node::Sql(format!("{SUBQUERY}.c{}", at + usize::from(column)).into()))
    });
}

/// Selects those columns of an owner that are left out and that something is said about.
fn give_owners(output: &mut Output, eager: &EagerNode) {
    let Some((owner, name)) = output.model().filter(|_| !output.left_out.is_empty()) else { return };
    let mut wanted = Vec::new();
    let filters = eager.joins.iter().flat_map(|join| &join.filters);
    for said in filters.chain(eager.order_by.iter().map(|item| &item.node)) {
        said.visit(&mut |node| match node {
            Node::Column { mapper, alias, column } if mapper.is(owner) && *alias == name => wanted.push(*column),
            _ => {}
        });
    }
    let left_out = output.left_out.iter().copied().filter(|column| !wanted.contains(column));
    output.left_out = left_out.collect();
}

/// Returns the tables that these joins bring into sight.
pub(super) fn eager_sources(eager: &EagerNode) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for join in &eager.joins {
        let info = relationship(&join.relation)?;
        let is_optional = join.kind == JoinKind::Left;
        sources.push(source(info.target, join.relation.target_alias, is_optional));
        if let Some(secondary) = &info.secondary {
            sources.push(source(secondary.mapper, join.secondary, is_optional));
        }
    }
    Ok(sources)
}

fn source(mapper: &'static Mapper, alias: Alias, is_optional: bool) -> Source {
    Source { table: TableRef::table(mapper, alias), is_optional, columns: None, select: None }
}

/// Returns how many columns these outputs have.
pub(crate) fn width(outputs: &[Output]) -> usize {
    let widths = outputs.iter().map(|output| match &output.kind {
        OutputKind::Entity { mapper, .. } => mapper.width(),
        OutputKind::Expression(_) => 1,
    });
    widths.sum()
}

/// Returns the positions in the rows of a statement at which NULL stands for a column that was not asked for.
pub(super) fn left_out(statement: &Statement) -> Result<Vec<u32>> {
    let (mut at, mut left_out) = (0, Vec::new());
    let mut add = |columns: &[u16], width: usize| {
        left_out.extend(columns.iter().map(|&column| at + u32::from(column)));
        at += width as u32;
    };
    let mut add_outputs = |outputs: &[Output], given: &[Given]| {
        for output in outputs {
            let width = width(std::slice::from_ref(output));
            match output.model().filter(|(mapper, _)| mapper.has_deferrable()) {
                None => add(&output.left_out, width),
                Some((mapper, alias)) => {
                    let is_left_out =
                        |column: &u16| output.left_out.contains(column) || is_unsaid(mapper, *column, alias, given);
                    add(&mapper.deferrable().filter(is_left_out).collect::<Vec<u16>>(), width);
                }
            }
        }
    };
    match statement {
        Statement::Select(select) => add_outputs(&select.outputs, &select.given),
        Statement::Insert(insert) => add_outputs(&insert.returning, &[]),
        Statement::Update(update) => add_outputs(&update.rows.returning, &[]),
        Statement::Delete(delete) => add_outputs(&delete.rows.returning, &[]),
        Statement::Text(text) => {
            text.model.into_iter().for_each(|model| add_outputs(&[Output::entity(model, Alias::NONE)], &[]));
        }
        Statement::Count(_) | Statement::Exists(_) | Statement::Explain(_) => {}
    }
    if let Statement::Select(select) = statement
        && let Some(eager) = select.eager.as_ref().filter(|eager| eager.wrap != Wrap::No)
    {
        add(&[], usize::from(eager.wrap == Wrap::Numbered));
        for join in &eager.joins {
            add(&join.left_out, relationship(&join.relation)?.target.width());
        }
    }
    left_out.sort_unstable();
    Ok(left_out)
}

/// Returns whether a column is what a query says, and none has said it.
fn is_unsaid(mapper: &Mapper, column: u16, alias: Alias, given: &[Given]) -> bool {
    let is_said = || given.iter().any(|given| given.is_for(mapper, column, alias));
    mapper.definition().columns[usize::from(column)].is_of_query() && !is_said()
}

/// The order of a SELECT, said again around it.
struct WrappedOrder {
    items: Vec<OrderItem>,
    /// What it orders by and does not select.
    added: Vec<Output>,
}

impl WrappedOrder {
    fn of(select: &SelectNode) -> Result<Self> {
        let mut order = WrappedOrder { items: Vec::new(), added: Vec::new() };
        let width = width(&select.outputs);
        for item in &select.order_by {
            let known = match &select.set {
                Some(set) => {
                    let outputs = output_columns(&select.outputs, set.members.first());
                    Some(position_in_compound(&item.node, &outputs)?)
                }
                None => position(&select.outputs, &item.node),
            };
            if known.is_none() && select.distinct && !is_made_of(&select.outputs, &item.node) {
                return Err(distinct_by_others());
            }
            let position = known.unwrap_or_else(|| {
                order.added.push(Output::expression(item.node.clone(), true));
                width + order.added.len() - 1
            });
            let node = Node::Sql(format!("{SUBQUERY}.c{position}").into());
            order.items.push(OrderItem { node, ..item.clone() });
        }
        Ok(order)
    }
}

/// Returns whether rows that are alike in what is selected are alike in this expression too: it is selected, or has no
/// columns but those that are.
fn is_made_of(outputs: &[Output], node: &Node) -> bool {
    let wanted = fingerprint(node);
    if outputs.iter().filter_map(Output::unlabelled).any(|own| fingerprint(own).is(&wanted)) {
        return true;
    }
    let mut is_made_of = true;
    node.visit(&mut |node| match node {
        Node::Column { .. } => is_made_of &= position(outputs, node).is_some(),
        Node::Field { .. }
        | Node::Related { .. }
        | Node::Select(_)
        | Node::Exists { .. }
        | Node::InSelect { .. }
        | Node::Quantified { .. }
        | Node::Over { .. } => is_made_of = false,
        _ => {}
    });
    is_made_of
}

fn distinct_by_others() -> Error {
    let message = "a SELECT DISTINCT with `joinedload` can be ordered only by what it selects";
    Error::new(ErrorKind::Compile, message)
        .hint("rows that are alike have no one place by something else: select it too, or load by `selectinload`")
}

/// Finds a column or a label among what is selected.
fn position(outputs: &[Output], wanted: &Node) -> Option<usize> {
    let label = match wanted {
        Node::LabelName(name) => Some(&**name),
        Node::Label { name, .. } => Some(&**name),
        _ => None,
    };
    let is_labelled = |output: &Output| match &output.kind {
        OutputKind::Expression(Node::Label { name, .. }) => label == Some(&**name),
        _ => false,
    };
    if let Some(found) = outputs.iter().position(is_labelled) {
        return Some(width(&outputs[..found]));
    }
    let Node::Column { mapper, column, alias } = wanted.untyped() else { return None };
    let is_it = |other: &Mapper, its| other.is(mapper) && its == *alias;
    let mut at = 0;
    for output in outputs {
        match &output.kind {
            OutputKind::Entity { mapper, alias } if is_it(mapper, *alias) && !output.left_out.contains(column) => {
                return Some(at + usize::from(*column));
            }
            OutputKind::Expression(Node::Column { mapper, column: other, alias })
                if is_it(mapper, *alias) && other == column =>
            {
                return Some(at);
            }
            _ => {}
        }
        at += width(std::slice::from_ref(output));
    }
    None
}
