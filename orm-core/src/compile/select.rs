//! SELECT becomes text: what is selected, where it comes from, and what is done to it, in the order of the clauses.

use orm_pool::Kind;

use super::Writer;
use super::eager::width;
use super::from::From;
use super::property::property;
use super::written::Shape;
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Alias, Mapper};
use crate::sql::{
    Compound, Hint, HintPlace, Lock, Node, Nullability, Nulls, Operator, OrderItem, Output, OutputKind, Precedence,
    SelectNode, SetOperator, Strength, TableRef, TextNode, TextPart, Wait, Window, WindowName, Wrap, natural_name,
    output_columns,
};

/// What stands between SELECT and FROM.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Columns<'a> {
    /// What is selected; the outermost statement says how its columns are called.
    Outputs { outermost: bool },
    /// What is selected, under these names, as a statement around refers to it.
    Named(&'a [String]),
    /// What is selected, named `c0`, `c1`, …, so that a subquery has no name twice.
    Numbered,
    /// `1`.
    One,
}

impl Writer {
    /// Writes a SELECT; the outermost one says how its columns are called.
    pub(super) fn select(&mut self, select: &SelectNode, outermost: bool) -> Result<()> {
        match (&select.limit_per, &select.eager) {
            (None, Some(eager)) if eager.wrap != Wrap::No => self.wrapped(select, eager, outermost),
            (None, _) => self.select_columns(select, Columns::Outputs { outermost }),
            (Some((partition, limit)), _) => self.limited_per(select, partition, limit, outermost),
        }
    }

    /// Writes `SELECT 1` with the clauses of a SELECT.
    pub(super) fn select_one(&mut self, select: &SelectNode) -> Result<()> {
        self.select_columns(select, Columns::One)
    }

    /// Writes a SELECT whose columns are called as a statement around refers to them.
    pub(super) fn named_select(&mut self, select: &SelectNode, names: &[String]) -> Result<()> {
        self.select_columns(select, Columns::Named(names))
    }

    /// Writes a SELECT as all that another one selects from.
    pub(super) fn select_from_select(&mut self, select: &SelectNode, name: &str) -> Result<()> {
        self.push("SELECT * FROM (");
        self.select_columns(select, Columns::Numbered)?;
        self.push(&format!(") AS {name}"));
        Ok(())
    }

    /// Writes a SELECT inside of IN, ANY or ALL.
    pub(super) fn select_in(&mut self, select: &SelectNode) -> Result<()> {
        if self.dialect.clauses().limit_in || !is_cut(select) {
            return self.subquery(Shape::Plain(width(&select.outputs)), |this| this.select(select, false));
        }
        // https://mariadb.com/kb/en/subquery-limitations/
        self.subquery(Shape::Derived, |this| this.select_from_select(select, "limited"))
    }

    /// Writes a SELECT inside of EXISTS.
    pub(super) fn select_exists(&mut self, select: &SelectNode) -> Result<()> {
        let has_nested = select.set.as_ref().is_some_and(|set| set.members.iter().any(|member| member.set.is_some()));
        if !has_nested || self.dialect != Dialect::MariaDb {
            return self.subquery(Shape::Plain(width(&select.outputs)), |this| this.select(select, false));
        }
        // MariaDB forgets there which of the operators belong together.
        self.select_from_select(select, "found")
    }

    /// Writes the SELECT that counts the rows of another.
    pub(super) fn count(&mut self, select: &SelectNode) -> Result<()> {
        self.labels = vec!["count".to_owned()];
        let mut counted = select.clone();
        if select.limit.is_none() && select.offset.is_none() && select.distinct_on.is_empty() {
            counted.order_by.clear();
        }
        counted.lock = None;
        let groups =
            select.distinct || !select.distinct_on.is_empty() || !select.group_by.is_empty() || has_aggregate(select);
        let is_plain = !groups
            && select.set.is_none()
            && select.having.is_empty()
            && select.limit.is_none()
            && select.offset.is_none()
            && select.limit_per.is_none();
        if is_plain {
            return self.in_scope(&counted, |this, from| {
                this.push("SELECT count(*)");
                this.clauses(&counted, from, Columns::One)
            });
        }
        let columns = if groups || select.set.is_some() { Columns::Numbered } else { Columns::One };
        self.push("SELECT count(*) FROM (");
        self.select_columns(&counted, columns)?;
        self.push(") AS counted");
        Ok(())
    }

    pub(super) fn select_columns(&mut self, select: &SelectNode, columns: Columns<'_>) -> Result<()> {
        if let Some(set) = &select.set {
            self.nested_with(select)?;
            return self.compound(select, set, columns);
        }
        self.nested_with(select)?;
        self.under(&select.criteria, |this| {
            this.in_scope(select, |this, from| {
                this.push("SELECT ");
                this.hints(&select.hints, |place| matches!(place, HintPlace::Prefix), false);
                this.distinct(select, columns)?;
                this.outputs(select, columns)?;
                this.clauses(select, from, columns)
            })
        })
    }

    fn distinct(&mut self, select: &SelectNode, columns: Columns<'_>) -> Result<()> {
        if !select.distinct_on.is_empty() {
            if !self.dialect.clauses().distinct_on {
                return Err(self.unsupported("DISTINCT ON"));
            }
            self.push("DISTINCT ON (");
            self.separated(&select.distinct_on, ", ", |this, node| this.grouped(node, select, columns))?;
            self.push(") ");
        } else if select.distinct {
            self.push("DISTINCT ");
        }
        Ok(())
    }

    /// Writes the hints of a place, each with a space behind it, or before it.
    pub(super) fn hints(&mut self, hints: &[Hint], is_here: impl Fn(HintPlace) -> bool, space_before: bool) {
        for hint in hints {
            if is_here(hint.place) && hint.dialect.is_none_or(|dialect| dialect == self.dialect) {
                self.push(if space_before { " " } else { "" });
                self.push(&hint.sql);
                self.push(if space_before { "" } else { " " });
            }
        }
    }

    fn outputs(&mut self, select: &SelectNode, columns: Columns<'_>) -> Result<()> {
        if columns == Columns::One {
            self.push("1");
            return Ok(());
        }
        if select.outputs.is_empty() {
            return Err(Error::new(ErrorKind::Compile, "a SELECT selects nothing"));
        }
        let mut number = 0;
        let is_compared = self.is_member || select.distinct || columns != (Columns::Outputs { outermost: true });
        let around = std::mem::replace(&mut self.compares_outputs, is_compared);
        let done = self.separated(&select.outputs, ", ", |this, output| {
            this.reject_null(output)?;
            this.output(output, columns, &mut number)
        });
        self.compares_outputs = around;
        done
    }

    /// Writes what is selected, as RETURNING or SELECT lists it.
    fn output(&mut self, output: &Output, columns: Columns<'_>, number: &mut usize) -> Result<()> {
        match &output.kind {
            OutputKind::Entity { mapper, alias } => {
                self.check_in_sight(*alias)?;
                self.separated(0..mapper.width() as u16, ", ", |this, column| {
                    let natural = mapper.definition().columns[usize::from(column)].name;
                    let is_of_query = mapper.definition().columns[usize::from(column)].is_of_query();
                    let is_unsaid = is_of_query && this.given_for(mapper, column, *alias).is_none();
                    if is_unsaid || output.left_out.contains(&column) {
                        this.left_out_column(columns, natural, number);
                    } else {
                        let is_unnamed = this.selected(&Node::Column { mapper, column, alias: *alias })?;
                        let is_named = this.property_name(mapper, column, *alias, columns);
                        this.output_name(columns, Some(natural).filter(|_| !is_unnamed && !is_named), number);
                    }
                    this.output_label(columns, || column_label(mapper, column, *alias));
                    Ok(())
                })
            }
            OutputKind::Expression(node) => {
                let is_unnamed = self.selected(node)?;
                let natural = match node {
                    Node::Label { name, .. } if !matches!(columns, Columns::Named(_) | Columns::Numbered) => {
                        self.push(" AS ");
                        self.label(name);
                        None
                    }
                    Node::Label { .. } => None,
                    Node::Field { source, index, .. } => Some(self.field_name(*source, *index)?),
                    node => natural_name(node, None),
                };
                let is_named = match node.untyped() {
                    Node::Column { mapper, column, alias } => self.property_name(mapper, *column, *alias, columns),
                    _ => false,
                };
                self.output_name(columns, natural.as_deref().filter(|_| !is_unnamed && !is_named), number);
                let label = natural.clone();
                self.output_label(columns, || match node.untyped() {
                    Node::Column { mapper, column, alias } => column_label(mapper, *column, *alias),
                    Node::Field { source, .. } => {
                        format!("{}.{}", source.name().unwrap_or_default(), label.unwrap_or_default())
                    }
                    Node::Label { name, .. } => (*name).to_string(),
                    _ => String::new(),
                });
                Ok(())
            }
        }
    }

    /// Names what a column is computed by as the column, and returns whether it is computed.
    fn property_name(&mut self, mapper: &Mapper, column: u16, alias: Alias, columns: Columns<'_>) -> bool {
        let is_property = property(mapper, column, alias).is_some();
        if is_property && matches!(columns, Columns::Outputs { .. }) {
            self.push(" AS ");
            self.label(mapper.definition().columns[usize::from(column)].name);
        }
        is_property
    }

    /// Writes what stands in the place of a column that is not asked for, under its name.
    fn left_out_column(&mut self, columns: Columns<'_>, name: &str, number: &mut usize) {
        self.push("NULL");
        if matches!(columns, Columns::Outputs { .. }) {
            self.push(" AS ");
            self.label(name);
        }
        self.output_name(columns, None, number);
    }

    /// Writes AS, where a column must be called otherwise than the database calls it.
    fn output_name(&mut self, columns: Columns<'_>, natural: Option<&str>, number: &mut usize) {
        match columns {
            Columns::Numbered => self.push(&format!(" AS c{number}")),
            Columns::Named(names) => {
                if let Some(name) = names.get(*number)
                    && natural != Some(name)
                {
                    self.push(" AS ");
                    self.label(name);
                }
            }
            Columns::Outputs { .. } | Columns::One => {}
        }
        *number += 1;
    }

    /// Notes how a column is called in messages.
    fn output_label(&mut self, columns: Columns<'_>, label: impl FnOnce() -> String) {
        if columns == (Columns::Outputs { outermost: true }) {
            let label = label();
            let number = self.labels.len() + 1;
            self.labels.push(if label.is_empty() { format!("#{number}") } else { label });
        }
    }

    /// Writes RETURNING, with the columns bare where they can only be those of the table that is written.
    pub(super) fn returning(&mut self, outputs: &[Output], bare_columns: bool) -> Result<()> {
        if outputs.is_empty() {
            return Ok(());
        }
        self.push(" RETURNING ");
        let was_bare = std::mem::replace(&mut self.bare_columns, bare_columns);
        // SQLite finds them there by the table's name alone.
        let unqualified = self.written.filter(|_| self.dialect == Dialect::Sqlite);
        let was_unqualified = std::mem::replace(&mut self.unqualified, unqualified);
        let mut number = 0;
        let names = self.returned_names.take();
        let columns = names.as_deref().map_or(Columns::Outputs { outermost: true }, Columns::Named);
        let done = self.separated(outputs, ", ", |this, output| this.output(output, columns, &mut number));
        (self.bare_columns, self.unqualified) = (was_bare, was_unqualified);
        done
    }

    /// Writes FROM and what follows it.
    fn clauses(&mut self, select: &SelectNode, from: &From<'_>, columns: Columns<'_>) -> Result<()> {
        self.from(select, from)?;
        match from.criteria() {
            [] => self.where_clause(&select.filters)?,
            criteria => self.where_clause(&[&select.filters, criteria].concat())?,
        }
        if !select.group_by.is_empty() {
            self.push(" GROUP BY ");
            self.separated(&select.group_by, ", ", |this, node| this.grouped(node, select, columns))?;
        }
        if !select.having.is_empty() {
            self.push(" HAVING ");
            self.conjunction(&select.having, " AND ", Precedence::And, true)?;
        }
        self.named_windows(select)?;
        self.order_by_labels(&select.order_by, select, columns)?;
        self.limits(select)?;
        self.lock(select.lock.as_ref())?;
        self.hints(&select.hints, |place| matches!(place, HintPlace::Suffix), true);
        Ok(())
    }

    /// Writes WINDOW: what the windows are to which functions refer by name.
    fn named_windows(&mut self, select: &SelectNode) -> Result<()> {
        let mut windows: Vec<(&WindowName, &Window)> = Vec::new();
        let outputs = select.outputs.iter().filter_map(Output::node);
        for node in outputs.chain(select.order_by.iter().map(|item| &item.node)) {
            node.visit_all(&mut |node| {
                if let Node::Over { window, .. } = node
                    && let Some(name) = &window.name
                    && !windows.iter().any(|(known, _)| known.id == name.id)
                {
                    windows.push((name, window));
                }
            });
        }
        for (position, (name, _)) in windows.iter().enumerate() {
            if windows[..position].iter().any(|(before, _)| before.name == name.name) {
                let message = format!("two windows of the statement are called `{}`", name.name);
                return Err(Error::new(ErrorKind::Compile, message)
                    .hint("make the window once, name it last, and refer to it by `.over(&it)`"));
            }
        }
        if windows.is_empty() {
            return Ok(());
        }
        self.push(" WINDOW ");
        self.separated(windows, ", ", |this, (name, window)| {
            this.label(&name.name);
            this.push(" AS ");
            this.window(window)
        })
    }

    /// Writes WHERE.
    pub(super) fn where_clause(&mut self, filters: &[Node]) -> Result<()> {
        if filters.is_empty() {
            return Ok(());
        }
        self.push(" WHERE ");
        // A filter that is a list of ANDs joins the others without parentheses.
        let flat: Vec<Node> = filters
            .iter()
            .flat_map(|filter| match filter {
                Node::All(list) => list.clone(),
                other => vec![other.clone()],
            })
            .collect();
        self.conjunction(&flat, " AND ", Precedence::And, true)
    }

    /// Writes an item of GROUP BY or DISTINCT ON, which may be the label of what is selected.
    fn grouped(&mut self, node: &Node, select: &SelectNode, columns: Columns<'_>) -> Result<()> {
        let Node::LabelName(name) = node else {
            return self.told_apart(node);
        };
        match columns {
            // By its name it might be a column of a table.
            Columns::Numbered => {
                let position = labelled(select, name)?.0 + 1;
                self.push(&position.to_string());
                Ok(())
            }
            _ => self.label_name(name, select, columns),
        }
    }

    /// Writes the label of what is selected, or what stands for it where that has another name, or is not selected.
    fn label_name(&mut self, name: &str, select: &SelectNode, columns: Columns<'_>) -> Result<()> {
        let (position, node) = labelled(select, name)?;
        match columns {
            Columns::Outputs { .. } => self.label(name),
            Columns::Named(names) => self.label(names.get(position).map_or(name, String::as_str)),
            Columns::Numbered => self.push(&format!("c{position}")),
            Columns::One => self.node(node)?,
        }
        Ok(())
    }

    /// Writes ORDER BY of a SELECT, where the label of what is selected stands for it.
    fn order_by_labels(&mut self, order: &[OrderItem], select: &SelectNode, columns: Columns<'_>) -> Result<()> {
        self.ordered(order, |this, node| match node {
            Node::LabelName(name) => this.label_name(name, select, columns),
            Node::Label { name, .. } if has_label(select, name) => this.label_name(name, select, columns),
            node => this.told_apart(node),
        })
    }

    pub(super) fn order_by(&mut self, order: &[OrderItem]) -> Result<()> {
        self.ordered(order, Self::told_apart)
    }

    fn ordered(&mut self, order: &[OrderItem], mut write: impl FnMut(&mut Self, &Node) -> Result<()>) -> Result<()> {
        if order.is_empty() {
            return Ok(());
        }
        self.push(" ORDER BY ");
        self.separated(order, ", ", |this, item| {
            let native = this.capabilities().nulls_order;
            if let Some(nulls) = item.nulls
                && !native
            {
                write(this, &item.node)?;
                this.push(if nulls == Nulls::First { " IS NULL DESC, " } else { " IS NULL, " });
            }
            write(this, &item.node)?;
            if item.is_descending {
                this.push(" DESC");
            }
            match item.nulls {
                Some(Nulls::First) if native => this.push(" NULLS FIRST"),
                Some(Nulls::Last) if native => this.push(" NULLS LAST"),
                _ => {}
            }
            Ok(())
        })
    }

    fn limits(&mut self, select: &SelectNode) -> Result<()> {
        if !select.with_ties {
            return self.limit(select.limit.as_ref(), select.offset.as_ref());
        }
        if !self.dialect.clauses().with_ties {
            return Err(self.unsupported("FETCH FIRST … WITH TIES"));
        }
        if let Some(offset) = &select.offset {
            self.push(" OFFSET ");
            self.node(offset)?;
            self.push(" ROWS");
        }
        if let Some(limit) = &select.limit {
            self.push(" FETCH FIRST ");
            self.node(limit)?;
            self.push(" ROWS WITH TIES");
        }
        Ok(())
    }

    fn limit(&mut self, limit: Option<&Node>, offset: Option<&Node>) -> Result<()> {
        match (limit, offset) {
            (None, None) => return Ok(()),
            (Some(limit), _) => {
                self.push(" LIMIT ");
                // A bare parameter here is part of SQLite's plan: each time that one is bound, the statement is prepared
                // again, which costs several times what it does. An expression is not looked into.
                if self.is_executed && self.dialect == Dialect::Sqlite && matches!(limit, Node::Parameter { .. }) {
                    self.push("+");
                }
                self.node(limit)?;
            }
            (None, Some(_)) => {
                self.push(" LIMIT ");
                let no_limit = self.capabilities().no_limit;
                self.push(no_limit);
            }
        }
        if let Some(offset) = offset {
            self.has_offset = true;
            self.push(" OFFSET ");
            self.node(offset)?;
        }
        Ok(())
    }

    fn lock(&mut self, lock: Option<&Lock>) -> Result<()> {
        let Some(lock) = lock else { return Ok(()) };
        let known = &self.dialect.clauses().locks;
        if lock.wait != Wait::Long && !known.wait {
            return Err(self.unsupported(if lock.wait == Wait::Skip { "SKIP LOCKED" } else { "NOWAIT" }));
        }
        let Some(share) = known.share else {
            // The transaction that begins with it has the whole database's lock.
            return Ok(());
        };
        let words = match lock.strength {
            Strength::Update => "FOR UPDATE",
            Strength::Share => share,
            Strength::NoKeyUpdate if known.keys => "FOR NO KEY UPDATE",
            Strength::KeyShare if known.keys => "FOR KEY SHARE",
            Strength::NoKeyUpdate => return Err(self.unsupported("FOR NO KEY UPDATE")),
            Strength::KeyShare => return Err(self.unsupported("FOR KEY SHARE")),
        };
        self.push(" ");
        self.push(words);
        if !lock.of.is_empty() {
            if !known.of {
                return Err(self.unsupported(&format!("{words} OF")));
            }
            self.push(" OF ");
            self.separated(&lock.of, ", ", |this, table| {
                this.label(table.name());
                Ok(())
            })?;
        }
        self.push(match lock.wait {
            Wait::Long => "",
            Wait::No => " NOWAIT",
            Wait::Skip => " SKIP LOCKED",
        });
        Ok(())
    }

    /// Writes a SELECT that takes at most so many rows for each value of some columns, by `row_number()`.
    fn limited_per(&mut self, select: &SelectNode, partition: &[Node], limit: &Node, outermost: bool) -> Result<()> {
        self.push("SELECT ");
        self.separated(0..width(&select.outputs), ", ", |this, number| {
            this.push(&format!("c{number}"));
            Ok(())
        })?;
        self.push(" FROM (");
        let mut inner = SelectNode { order_by: Vec::new(), ..select.clone() };
        inner.limit_per = None;
        self.in_scope(&inner, |this, from| {
            this.push("SELECT ");
            this.outputs(&inner, Columns::Numbered)?;
            this.push(", row_number() OVER (PARTITION BY ");
            this.separated(partition, ", ", |this, node| this.node(node))?;
            this.order_by(&select.order_by)?;
            this.push(") AS place");
            this.clauses(&inner, from, Columns::Numbered)
        })?;
        self.push(") AS limited WHERE place <= ");
        self.node(limit)?;
        self.push(" ORDER BY place");
        if outermost {
            self.label_outputs(&select.outputs);
        }
        Ok(())
    }

    /// Names the columns of outputs whose text does not.
    pub(super) fn label_outputs(&mut self, outputs: &[Output]) {
        for output in outputs {
            if let OutputKind::Entity { mapper, alias } = output.kind {
                self.labels.extend((0..mapper.width() as u16).map(|column| column_label(mapper, column, alias)));
            } else {
                self.labels.push(format!("#{}", self.labels.len() + 1));
            }
        }
    }

    // --------------------------------------------------------------------------------------------------- compounds

    fn compound(&mut self, select: &SelectNode, set: &Compound, columns: Columns<'_>) -> Result<()> {
        refuse_clauses(select, set.operator)?;
        if let Some(error) = select.outputs.iter().find_map(refused) {
            return Err(error.clone());
        }
        if matches!(set.operator, SetOperator::IntersectAll | SetOperator::ExceptAll) && !self.dialect.clauses().set_all
        {
            return Err(self.unsupported(set.operator.sql()));
        }
        for (position, member) in set.members.iter().enumerate() {
            // The first names the columns.
            let columns = match columns {
                Columns::Outputs { .. } if position > 0 => Columns::Outputs { outermost: false },
                Columns::One if position == 0 => Columns::Numbered,
                Columns::One | Columns::Named(_) | Columns::Numbered if position > 0 => {
                    Columns::Outputs { outermost: false }
                }
                columns => columns,
            };
            if position > 0 {
                self.push(" ");
                self.push(set.operator.sql());
                self.push(" ");
            }
            self.member(member, columns)?;
        }
        let names = output_columns(&select.outputs, set.members.first());
        self.ordered(&select.order_by, |this, node| this.output_position(node, &names, columns))?;
        self.limits(select)
    }

    /// Writes a member of a compound; what would not end with itself gets parentheses.
    fn member(&mut self, member: &SelectNode, columns: Columns<'_>) -> Result<()> {
        let ends_itself = member.set.is_none()
            && member.order_by.is_empty()
            && member.limit.is_none()
            && member.offset.is_none()
            && member.lock.is_none()
            && member.nested.is_empty();
        let around = std::mem::replace(&mut self.is_member, true);
        let done = if ends_itself { self.select_columns(member, columns) } else { self.closed_member(member, columns) };
        self.is_member = around;
        done
    }

    fn closed_member(&mut self, member: &SelectNode, columns: Columns<'_>) -> Result<()> {
        // MariaDB takes no WITH in these parentheses, and wants a name for a subquery.
        let is_mysql = matches!(self.dialect, Dialect::MySql | Dialect::MariaDb);
        let is_named = is_mysql && !member.nested.is_empty();
        let is_bare = self.dialect.clauses().set_parentheses && !is_named;
        self.push(if is_bare { "(" } else { "SELECT * FROM (" });
        self.select_columns(member, columns)?;
        self.push(if is_named { ") AS part" } else { ")" });
        Ok(())
    }

    /// Writes what a compound is ordered by: one of its columns, by name, or by position where it has none of its own.
    fn output_position(&mut self, node: &Node, outputs: &[(String, Output)], columns: Columns<'_>) -> Result<()> {
        let position = position_in_compound(node, outputs)?;
        if matches!(columns, Columns::Numbered | Columns::One) {
            self.push(&format!("c{position}"));
            return Ok(());
        }
        let natural = |output: &Output| output.node().and_then(|own| natural_name(own, None));
        let name = natural(&outputs[position].1);
        let is_unique = outputs.iter().filter(|(_, output)| natural(output) == name).count() == 1;
        match (name, columns) {
            (Some(_), Columns::Named(names)) if is_unique && position < names.len() => self.label(&names[position]),
            (Some(name), _) if is_unique => self.label(&name),
            _ => self.push(&(position + 1).to_string()),
        }
        Ok(())
    }

    // -------------------------------------------------------------------------------------------------- outer joins

    /// Refuses an output that an outer join may leave NULL where the row's type cannot take it.
    fn reject_null(&self, output: &Output) -> Result<()> {
        if output.nullable {
            return Ok(());
        }
        let empty = Vec::new();
        let sources = self.scopes.last().unwrap_or(&empty);
        let is_optional = |table: TableRef| sources.iter().any(|source| source.is_optional && source.table.is(table));
        let refused = |what: String, name: &str, gives: String| {
            let message = format!("{what} comes from an outer join, which may find none");
            Err(Error::new(ErrorKind::Compile, message).hint(format!("select `optional({name})`, which gives {gives}")))
        };
        match &output.kind {
            OutputKind::Entity { mapper, alias } if is_optional(TableRef::table(mapper, *alias)) => {
                let model = mapper.definition().name;
                let name = alias.name().unwrap_or(model);
                refused(format!("`{name}`"), name, format!("an `Option<{model}>`"))
            }
            OutputKind::Entity { .. } => Ok(()),
            OutputKind::Expression(node) => match strict_column(node, &is_optional) {
                None => Ok(()),
                Some(column) => {
                    let name = self.column_in_words(column);
                    let message = format!("column `{name}` comes from an outer join and may be NULL");
                    Err(Error::new(ErrorKind::Compile, message)
                        .hint(format!("select `optional({name})`, which gives an `Option`")))
                }
            },
        }
    }

    /// Says how a column is written in Rust.
    fn column_in_words(&self, column: &Node) -> String {
        match column {
            Node::Column { mapper, column, alias } => {
                let field = &mapper.definition().columns[usize::from(*column)].field;
                format!("{}.{field}", alias.name().unwrap_or(mapper.definition().name))
            }
            Node::Field { source, index, .. } => format!("{}.{index}", source.name().unwrap_or_default()),
            _ => String::new(),
        }
    }

    // ------------------------------------------------------------------------------------------------------- text

    /// Writes SQL text with its parameters.
    /// Writes what stands for a parameter of a text.
    pub(super) fn parameter_of_text(&mut self, node: &Node) -> Result<()> {
        let is_array = matches!(node, Node::Parameter { kind: Kind::Array(_), .. });
        self.node(node).map_err(|error| match is_array && self.dialect != Dialect::Postgres {
            true => error.hint("for `IN (:name)`, bind the values by `.bind_list(\"name\", …)`"),
            false => error,
        })
    }

    pub(super) fn text(&mut self, text: &TextNode) -> Result<()> {
        if let Some(mapper) = text.model {
            self.push("SELECT ");
            // The text stands there by the name of its table, without the schema.
            let alias = Alias::new(mapper.definition().table);
            self.output(&Output::entity(mapper, alias), Columns::Outputs { outermost: true }, &mut 0)?;
            self.push(" FROM (");
        }
        for part in &text.parts {
            match part {
                TextPart::Sql(sql) => self.push(sql),
                TextPart::Parameter(node) => self.parameter_of_text(node)?,
            }
        }
        if let Some(mapper) = text.model {
            self.push(") AS ");
            self.identifier(mapper.definition().table);
        }
        Ok(())
    }
}

fn refused(output: &Output) -> Option<&Error> {
    match &output.kind {
        OutputKind::Expression(Node::Refused(error)) => Some(error),
        _ => None,
    }
}

/// Refuses what a compound has no place for.
fn refuse_clauses(select: &SelectNode, operator: SetOperator) -> Result<()> {
    let clauses = [
        (!select.filters.is_empty(), "WHERE"),
        (!select.joins.is_empty(), "JOIN"),
        (!select.from.is_empty(), "FROM"),
        (!select.group_by.is_empty(), "GROUP BY"),
        (!select.having.is_empty(), "HAVING"),
        (select.distinct || !select.distinct_on.is_empty(), "DISTINCT"),
        (select.lock.is_some(), "FOR UPDATE"),
    ];
    match clauses.into_iter().find(|(is_there, _)| *is_there) {
        None => Ok(()),
        Some((_, clause)) => Err(Error::new(ErrorKind::Compile, format!("{} takes no {clause}", operator.sql()))
            .hint("say it of its members, or of a query over it: `.subquery(\"name\")`, or `.cte(\"name\")`")),
    }
}

/// Returns whether a SELECT, or a member of it, has a LIMIT or an OFFSET.
fn is_cut(select: &SelectNode) -> bool {
    select.limit.is_some()
        || select.offset.is_some()
        || select.set.as_ref().is_some_and(|set| set.members.iter().any(is_cut))
}

fn has_label(select: &SelectNode, name: &str) -> bool {
    select.outputs.iter().any(|output| output.label() == Some(name))
}

/// Returns what is selected under a label, and its position among the columns.
fn labelled<'a>(select: &'a SelectNode, name: &str) -> Result<(usize, &'a Node)> {
    let found = select.outputs.iter().position(|output| output.label() == Some(name));
    if let Some(index) = found
        && let Some(node) = select.outputs[index].unlabelled()
    {
        return Ok((width(&select.outputs[..index]), node));
    }
    let labels: Vec<String> =
        select.outputs.iter().filter_map(Output::label).map(|label| format!("`{label}`")).collect();
    let error = Error::new(ErrorKind::Compile, format!("nothing that is selected has the label `{name}`"));
    Err(if labels.is_empty() {
        error.hint(format!("give it to an expression by `.label(\"{name}\")`"))
    } else {
        error.hint(format!("there is {}", labels.join(", ")))
    })
}

/// Finds what a compound is ordered by among its columns.
pub(super) fn position_in_compound(node: &Node, outputs: &[(String, Output)]) -> Result<usize> {
    let is_it = |(_, output): &(String, Output)| output.node().is_some_and(|own| is_same_column(own, node));
    outputs.iter().position(is_it).ok_or_else(|| {
        Error::new(ErrorKind::Compile, "a compound can be ordered only by what it selects")
            .hint("give the expression a label, `.label(\"total\")`, and order by `label(\"total\")`")
    })
}

/// Returns whether two expressions are the same column or label.
fn is_same_column(own: &Node, other: &Node) -> bool {
    match (own.untyped(), other.untyped()) {
        (Node::Column { mapper, column, alias }, Node::Column { mapper: other, column: c, alias: a }) => {
            mapper.is(other) && column == c && alias == a
        }
        (Node::Field { source, index, .. }, Node::Field { source: other, index: i, .. }) => {
            source == other && index == i
        }
        (Node::Label { name, .. }, Node::LabelName(other)) => **name == **other,
        (Node::Label { name, .. }, Node::Label { name: other, .. }) => name == other,
        (Node::Label { node, .. }, other) => is_same_column(node, other),
        _ => false,
    }
}

/// Returns how a column is called in messages.
fn column_label(mapper: &'static Mapper, column: u16, alias: Alias) -> String {
    let table = TableRef::table(mapper, alias);
    format!("{}.{}", table.name(), mapper.definition().columns[usize::from(column)].name)
}

/// Finds a column of an outer-joined table whose NULL would make the whole expression NULL.
fn strict_column<'n>(node: &'n Node, is_optional: &impl Fn(TableRef) -> bool) -> Option<&'n Node> {
    match node {
        Node::Column { mapper, alias, .. } => is_optional(TableRef::table(mapper, *alias)).then_some(node),
        Node::Field { source, .. } => is_optional(TableRef::derived(*source)).then_some(node),
        Node::Binary { operator, sides } => match operator {
            Operator::IsDistinctFrom | Operator::IsNotDistinctFrom => None,
            _ => sides.iter().find_map(|side| strict_column(side, is_optional)),
        },
        Node::Not(inner)
        | Node::Label { node: inner, .. }
        | Node::Decimal(inner)
        | Node::Cast { operand: inner, .. }
        | Node::Compared { call: inner, .. } => strict_column(inner, is_optional),
        Node::Function { arguments, nullability: Nullability::Strict, .. } => {
            arguments.iter().find_map(|argument| strict_column(argument, is_optional))
        }
        Node::In { operand, .. } | Node::InSelect { operand, .. } | Node::Between { operand, .. } => {
            strict_column(operand, is_optional)
        }
        Node::Like { operand, pattern, .. } => {
            strict_column(operand, is_optional).or_else(|| strict_column(pattern, is_optional))
        }
        Node::Minus(inner) | Node::Collate { operand: inner, .. } => strict_column(inner, is_optional),
        Node::Infix { left, right, .. } => {
            strict_column(left, is_optional).or_else(|| strict_column(right, is_optional))
        }
        Node::Template { template, arguments } if template.nullability == Nullability::Strict => {
            arguments.iter().find_map(|argument| strict_column(argument, is_optional))
        }
        _ => None,
    }
}

/// Returns whether an output is an aggregate, so that the rows are one.
fn has_aggregate(select: &SelectNode) -> bool {
    let mut found = false;
    for output in &select.outputs {
        if let OutputKind::Expression(node) = &output.kind {
            node.visit(&mut |node| {
                found |= node.is_aggregate();
            });
        }
    }
    found
}
