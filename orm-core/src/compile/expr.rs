//! Expressions become text, with the parentheses that precedence asks for and no others.
//!
//! The ranks of operators are [`Precedence`]; what the databases write differently is [`Template`](crate::sql::Template).

use orm_pool::{Kind, Value};

use super::Writer;
use super::eager::width;
use super::from::Scope;
use super::property::property;
use super::written::Shape;
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Alias, Configured, Mapper, Property, RelationshipInfo};
use crate::sql::{
    Aggregate, Constant, Distance, Exclude, Form, Frame, FrameEdge, Node, Operator, OrderItem, Place, Precedence,
    RelationReference, SelectNode, TableRef, Template, TextPart, Unit, Window, template,
};
use crate::types::ColumnType;

/// How many conditions stand in one chain of AND or OR on SQLite.
const LONGEST_CHAIN: usize = 100;

impl Writer {
    /// Writes an expression.
    pub(crate) fn node(&mut self, node: &Node) -> Result<()> {
        if let Some(call) = self.exact(node) {
            return self.exact_call(&call);
        }
        match node {
            Node::Column { mapper, column, alias } => {
                self.check_in_sight(*alias)?;
                match property(mapper, *column, *alias) {
                    Some(Property::Of(expression)) => self.property(mapper, *column, *alias, expression())?,
                    Some(Property::OfQuery) => self.given(mapper, *column, *alias)?,
                    None => self.column(mapper, *column, *alias),
                }
            }
            Node::Field { source, index, .. } => self.field(*source, *index)?,
            Node::LabelName(name) => self.identifier(name),
            Node::NextValue { schema, name } => self.next_value(schema.as_deref(), name)?,
            Node::Refused(error) => return Err((**error).clone()),
            Node::Parameter { kind: Kind::Array(_), .. } if self.dialect != Dialect::Postgres => {
                return Err(self.unsupported("an array"));
            }
            Node::Parameter { kind: Kind::Range(element), .. } if self.dialect != Dialect::Postgres => {
                let name = element.range_name().unwrap_or("range");
                return Err(self.unsupported(&format!("the type {}", name.to_ascii_uppercase())));
            }
            Node::Parameter { index, kind } => self.parameter(*index, *kind),
            // Only what says which index a conflict is about is not lifted out, and what a column property is made of.
            Node::Bind(value) => {
                let as_parameter = !self.properties.is_empty();
                self.literal(value, as_parameter)?;
            }
            Node::Sql(sql) => self.push(sql),
            Node::Binary { operator, sides } => self.binary(*operator, &sides[0], &sides[1])?,
            Node::Not(inner) => {
                self.push("NOT ");
                self.within(inner, Precedence::Not)?;
            }
            Node::All(list) => self.conjunction(list, " AND ", Precedence::And, true)?,
            Node::Any(list) => self.conjunction(list, " OR ", Precedence::Or, false)?,
            Node::Tuple(list) => self.parenthesized(list)?,
            Node::In { operand, list, negated } => self.in_list(operand, list, *negated)?,
            Node::InSelect { operand, select, negated } => {
                let is_kept = self.keeps_exists && self.dialect == Dialect::MySql && !negated;
                self.push(if is_kept { "0 + (" } else { "" });
                match (&**operand, self.own_type_selected(select)) {
                    (Node::Parameter { kind: Kind::Json, .. }, _) => self.beside_others(operand)?,
                    (operand, Some(name)) => self.of_own_type(operand, &name, Precedence::Other)?,
                    (operand, None) => self.operand(operand, None, Precedence::Other)?,
                }
                self.push(if *negated { " NOT IN (" } else { " IN (" });
                self.select_in(select)?;
                self.push(if is_kept { "))" } else { ")" });
            }
            Node::Between { operand, low, high, negated } => {
                self.first_operand(operand, low, Precedence::Other)?;
                self.push(if *negated { " NOT BETWEEN " } else { " BETWEEN " });
                self.compared(low, operand, Precedence::Other)?;
                self.push(" AND ");
                self.compared(high, operand, Precedence::Other)?;
            }
            Node::IsNull { operand, negated } => {
                self.within(operand, Precedence::Other)?;
                self.push(if *negated { " IS NOT NULL" } else { " IS NULL" });
            }
            Node::Like { operand, pattern, negated, ignore_case, escape } => {
                self.like(operand, pattern, *negated, *ignore_case, *escape)?;
            }
            Node::Function { name, arguments, distinct, .. } => {
                self.push(self.dialect.function_name(name));
                self.push(if *distinct { "(DISTINCT " } else { "(" });
                let are_of_one_type = *name == "coalesce";
                let compares = *distinct || matches!(&**name, "min" | "max");
                // A function or a procedure of the user's own says itself what its parameters are.
                let are_untyped = (are_of_one_type || node.is_aggregate()) && self.are_untyped(arguments);
                let own_type = if are_of_one_type { self.own_type_among(arguments) } else { None };
                self.separated(arguments, ", ", |this, argument| match are_of_one_type {
                    _ if are_untyped => this.typed(argument, true, Precedence::Or),
                    true => this.beside_own(argument, own_type.as_deref()),
                    false if compares && this.is_text_of_parameters(argument) => this.joined_text(argument),
                    false if compares => this.told_apart(argument),
                    false => this.node(argument),
                })?;
                self.push(")");
            }
            Node::Case { operand, whens, otherwise } => self.case(operand.as_deref(), whens, otherwise.as_deref())?,
            Node::Cast { operand, column_type } => self.cast(operand, column_type)?,
            Node::Label { node, .. } | Node::Decimal(node) => self.node(node)?,
            Node::Criterion { mapper, condition } => self.criterion(mapper, condition)?,
            Node::Select(select) => {
                self.push("(");
                self.subquery(Shape::Plain(width(&select.outputs)), |this| this.select(select, false))?;
                self.push(")");
            }
            Node::Exists { select, negated } => {
                self.exists(*negated);
                self.select_exists(select)?;
                self.push(")");
            }
            Node::Related { relation, filter, negated } => self.related(relation, filter.as_deref(), *negated)?,
            Node::Excluded { mapper, column } => self.excluded(mapper, *column),
            Node::Star => self.push("*"),
            Node::Constant(Constant::Null) => self.push("NULL"),
            Node::Constant(Constant::True) => self.push("TRUE"),
            Node::Constant(Constant::False) => self.push("FALSE"),
            Node::Quoted(text) => self.quoted(text),
            Node::Text(parts) => {
                self.note_text();
                for part in parts {
                    match part {
                        TextPart::Sql(sql) => self.push(sql),
                        TextPart::Parameter(node) => self.parameter_of_text(node)?,
                    }
                }
            }
            Node::Minus(operand) => {
                self.push("-");
                let start = self.sql.len();
                self.typed(operand, self.are_untyped([&**operand]), Precedence::Primary)?;
                // Two of them would begin a comment, as before a negative number that is written into the text.
                if self.sql[start..].starts_with('-') {
                    self.sql.insert(start, '(');
                    self.push(")");
                }
            }
            Node::Infix { operator, left, right, precedence, .. } => {
                let (of_left, of_right) = precedence.unwrap_or(Precedence::Other).of_operands();
                self.within(left, of_left)?;
                self.push(" ");
                self.push(operator);
                self.push(" ");
                self.within(right, of_right)?;
            }
            Node::Compared { call, .. } => self.node(call)?,
            Node::Collate { operand, collation } => {
                self.within(operand, Precedence::Primary)?;
                self.push(" COLLATE ");
                self.identifier(collation);
            }
            Node::TryCast { .. } => return Err(self.unsupported("TRY_CAST")),
            Node::Template { .. } | Node::Aggregate(_) | Node::Over { .. }
                if self.dialect == Dialect::Sqlite && is_json_array(node) =>
            {
                self.push("nullif(");
                self.call(node)?;
                self.push(", '[]')");
            }
            Node::Template { .. } | Node::Aggregate(_) | Node::Over { .. } => self.call(node)?,
            Node::Quantified { operator, every, operand, select } => {
                if self.dialect == Dialect::Sqlite {
                    return Err(self.unsupported(if *every { "ALL of a subquery" } else { "ANY of a subquery" }));
                }
                self.within(operand, Precedence::Other)?;
                self.push(" ");
                self.push(self.operator(*operator));
                self.push(if *every { " ALL (" } else { " ANY (" });
                self.select_in(select)?;
                self.push(")");
            }
        }
        Ok(())
    }

    /// Writes a construct or a function with what may stand behind it, FILTER and OVER.
    fn call(&mut self, node: &Node) -> Result<()> {
        match node {
            Node::Template { template, arguments } => self.template(template, arguments, &[]),
            Node::Aggregate(aggregate) => self.aggregate(aggregate),
            Node::Over { call, window } => self.over(call, window),
            other => self.node(other),
        }
    }

    /// Writes an expression inside of an operator that binds as tightly as `precedence`.
    pub(super) fn within(&mut self, node: &Node, precedence: Precedence) -> Result<()> {
        if node.precedence(self.dialect) >= precedence || self.exact(node).is_some() {
            return self.node(node);
        }
        self.push("(");
        self.node(node)?;
        self.push(")");
        Ok(())
    }

    fn parenthesized(&mut self, list: &[Node]) -> Result<()> {
        self.push("(");
        self.separated(list, ", ", |this, node| this.node(node))?;
        self.push(")");
        Ok(())
    }

    fn binary(&mut self, operator: Operator, left: &Node, right: &Node) -> Result<()> {
        let precedence = operator.precedence();
        if operator == Operator::Concat && !self.capabilities().concat_operator {
            let mut texts = Vec::new();
            concatenated(left, &mut texts);
            concatenated(right, &mut texts);
            self.push("concat(");
            self.separated(texts, ", ", |this, node| this.node(node))?;
            self.push(")");
            return Ok(());
        }
        if operator == Operator::IsDistinctFrom && self.capabilities().not_distinct == "<=>" {
            self.push("NOT ");
            self.push("(");
            self.binary(Operator::IsNotDistinctFrom, left, right)?;
            self.push(")");
            return Ok(());
        }
        if operator == Operator::FloatRem && matches!(self.dialect, Dialect::Sqlite | Dialect::Postgres) {
            return Err(self.unsupported("the remainder of a division of floats"));
        }
        let is_same = |side: &Node| matches!(side, Node::Binary { operator: other, .. } if *other == operator);
        let (left_rank, right_rank) = match precedence {
            // Comparisons do not chain: `(a = b) = c` keeps its parentheses.
            Precedence::Comparison => (Precedence::Other, Precedence::Other),
            Precedence::Other => (
                if is_same(left) { Precedence::Other } else { Precedence::Sign },
                if is_same(right) && operator.is_associative() { Precedence::Other } else { Precedence::Sign },
            ),
            Precedence::Sum => (Precedence::Sum, Precedence::Product),
            _ => (Precedence::Product, Precedence::Sign),
        };
        if precedence != Precedence::Comparison {
            let are_untyped = self.are_untyped([left, right]);
            self.typed(left, are_untyped, left_rank)?;
            self.push(" ");
            self.push(self.operator(operator));
            self.push(" ");
            return self.typed(right, are_untyped, right_rank);
        }
        let is_equality =
            matches!(operator, Operator::Eq | Operator::Ne | Operator::IsDistinctFrom | Operator::IsNotDistinctFrom);
        if is_equality && self.are_documents(left, right) {
            self.normalized(left)?;
            self.push(" ");
            self.push(self.operator(operator));
            self.push(" ");
            return self.normalized(right);
        }
        self.first_operand(left, right, left_rank)?;
        self.push(" ");
        self.push(self.operator(operator));
        self.push(" ");
        self.compared(right, left, right_rank)
    }

    /// Writes the first of what is compared.
    fn first_operand(&mut self, operand: &Node, other: &Node, precedence: Precedence) -> Result<()> {
        match self.dialect {
            Dialect::Sqlite => self.operand(operand, Some(other), precedence),
            _ => self.compared(operand, other, precedence),
        }
    }

    /// Returns whether two operands are documents that would not be compared as such: to MariaDB they are text, and what it takes
    /// out of one has other spaces than what was put in, or no quotes. (Its `JSON_EQUALS` takes NULL in WHERE for true.)
    fn are_documents(&self, left: &Node, right: &Node) -> bool {
        let is_stored = |node: &Node| matches!(node, Node::Column { .. } | Node::Parameter { .. });
        self.dialect == Dialect::MariaDb
            && (is_document(left) || is_document(right))
            && !(is_stored(left) && is_stored(right))
    }

    fn normalized(&mut self, document: &Node) -> Result<()> {
        self.push("JSON_NORMALIZE(");
        self.node(document)?;
        self.push(")");
        Ok(())
    }

    /// Writes one side of a comparison. To PostgreSQL a parameter is text, and beside text a padded column is text without its
    /// blanks: then a row would not be found by the value that was read from it. Nor would it in a column of a type like `CITEXT`
    /// ([`own_types`](super::own_types)).
    fn compared(&mut self, node: &Node, other: &Node, precedence: Precedence) -> Result<()> {
        if let (Node::Tuple(parts), Node::Tuple(others)) = (node, other)
            && parts.len() == others.len()
        {
            self.push("(");
            self.separated(parts.iter().zip(others), ", ", |this, (part, other)| {
                this.compared(part, other, Precedence::Or)
            })?;
            self.push(")");
            return Ok(());
        }
        match (node, other) {
            (Node::Parameter { index, kind: Kind::Text }, other)
                if self.dialect == Dialect::Postgres && !self.writes_literals() && is_padded(other) =>
            {
                return self.padded(*index, Kind::Text, "BPCHAR");
            }
            (Node::Parameter { kind: Kind::Text | Kind::Array(Kind::Text), .. }, other) => {
                if let Some(name) = self.compared_type(other) {
                    return self.of_own_type(node, &name, precedence);
                }
            }
            (Node::Parameter { kind: Kind::Json, .. }, _) => return self.beside_others(node),
            (Node::Column { .. } | Node::Excluded { .. }, _) if self.is_text_of_json(node) => {
                self.push("CAST(");
                self.node(node)?;
                self.push(" AS JSONB)");
                return Ok(());
            }
            _ => {}
        }
        if self.is_computed_beside(node, other) {
            return self.as_text(node);
        }
        self.within(node, precedence)
    }

    /// Writes a value that has to be of one type with others. To PostgreSQL a JSON parameter is JSON, and columns are JSONB,
    /// which the one is not taken for outside of INSERT and SET; to MySQL it is text, which no document is equal to.
    pub(super) fn beside_others(&mut self, node: &Node) -> Result<()> {
        match (node, self.dialect) {
            (Node::Parameter { index, kind: Kind::Json }, Dialect::Postgres) if !self.writes_literals() => {
                self.padded(*index, Kind::Json, "JSONB")
            }
            (Node::Parameter { index, kind: Kind::Json }, Dialect::MySql) => self.padded(*index, Kind::Json, "JSON"),
            _ => self.node(node),
        }
    }

    /// Writes a parameter with a cast.
    pub(super) fn padded(&mut self, index: u32, kind: Kind, name: &str) -> Result<()> {
        self.push("CAST(");
        self.parameter(index, kind);
        self.push(" AS ");
        self.push(name);
        self.push(")");
        Ok(())
    }

    fn operator(&self, operator: Operator) -> &'static str {
        match operator {
            Operator::Eq => "=",
            Operator::Ne => "<>",
            Operator::Lt => "<",
            Operator::Le => "<=",
            Operator::Gt => ">",
            Operator::Ge => ">=",
            Operator::IsDistinctFrom if self.capabilities().not_distinct == "IS" => "IS NOT",
            Operator::IsDistinctFrom => "IS DISTINCT FROM",
            Operator::IsNotDistinctFrom => self.capabilities().not_distinct,
            Operator::Add => "+",
            Operator::Sub => "-",
            Operator::Mul => "*",
            Operator::Div => "/",
            Operator::IntegerDiv => self.capabilities().integer_division,
            Operator::Rem | Operator::FloatRem => "%",
            Operator::Concat => "||",
        }
    }

    /// Writes AND or OR of a list; of none it is what changes nothing.
    pub(crate) fn conjunction(&mut self, list: &[Node], word: &str, precedence: Precedence, empty: bool) -> Result<()> {
        if list.is_empty() {
            self.push(if empty { "1 = 1" } else { "1 = 0" });
        }
        if let [only] = list {
            return self.node(only);
        }
        let rank = if precedence == Precedence::Or { Precedence::And } else { Precedence::Not };
        self.chain(list, word, rank)
    }

    /// Writes a chain of AND or OR. To SQLite it is a tree as deep as it is long, and it takes none deeper than 1,000: there a long
    /// one is two in parentheses.
    fn chain(&mut self, list: &[Node], word: &str, rank: Precedence) -> Result<()> {
        if self.dialect != Dialect::Sqlite || list.len() <= LONGEST_CHAIN {
            return self.separated(list, word, |this, node| this.within(node, rank));
        }
        let (left, right) = list.split_at(list.len() / 2);
        self.separated([left, right], word, |this, half| {
            this.push("(");
            this.chain(half, word, rank)?;
            this.push(")");
            Ok(())
        })
    }

    fn in_list(&mut self, operand: &Node, list: &[Node], negated: bool) -> Result<()> {
        if list.is_empty() {
            // No value is in an empty list, and every value is outside of it, NULL included: SQLAlchemy's form.
            if let Node::Tuple(_) = operand {
                self.push(if negated { "1 = 1" } else { "1 = 0" });
                return Ok(());
            }
            self.push("(");
            self.within(operand, Precedence::Other)?;
            self.push(if negated { " NOT IN (NULL) OR (1 = 1))" } else { " IN (NULL) AND (1 <> 1))" });
            return Ok(());
        }
        if list.iter().any(|item| self.are_documents(operand, item)) {
            self.normalized(operand)?;
            self.push(if negated { " NOT IN (" } else { " IN (" });
            self.separated(list, ", ", Self::normalized)?;
            self.push(")");
            return Ok(());
        }
        self.first_operand(operand, &list[0], Precedence::Other)?;
        // What is an array itself is looked for among arrays.
        if let [Node::Parameter { kind: kind @ Kind::Array(_), index }] = list
            && !is_array(operand)
        {
            self.push(if negated { " <> ALL (" } else { " = ANY (" });
            match kind {
                Kind::Array(Kind::Text) if is_padded(operand) && !self.writes_literals() => {
                    self.padded(*index, *kind, "BPCHAR[]")?;
                }
                Kind::Array(Kind::Text) => match self.compared_type(operand) {
                    Some(name) => self.padded(*index, *kind, &format!("{name}[]"))?,
                    None => self.parameter(*index, *kind),
                },
                _ => self.parameter(*index, *kind),
            }
            self.push(")");
            return Ok(());
        }
        self.push(if negated { " NOT IN (" } else { " IN (" });
        self.separated(list, ", ", |this, item| this.compared(item, operand, Precedence::Or))?;
        self.push(")");
        Ok(())
    }

    fn like(
        &mut self,
        operand: &Node,
        pattern: &Node,
        negated: bool,
        ignore_case: bool,
        escape: Option<char>,
    ) -> Result<()> {
        let lowers = ignore_case && !self.capabilities().ilike;
        for (is_pattern, side) in [(false, operand), (true, pattern)] {
            if is_pattern {
                self.push(if negated { " NOT" } else { "" });
                self.push(if ignore_case && !lowers { " ILIKE " } else { " LIKE " });
            }
            if lowers {
                self.push("lower(");
                self.node(side)?;
                self.push(")");
            } else {
                self.within(side, Precedence::Other)?;
            }
        }
        if let Some(escape) = escape {
            self.push(" ESCAPE ");
            self.quoted(&escape.to_string());
        }
        Ok(())
    }

    pub(super) fn cast(&mut self, operand: &Node, column_type: &ColumnType) -> Result<()> {
        if *column_type == ColumnType::Boolean && self.dialect != Dialect::Postgres {
            // Truth values are numbers there, of which a cast would leave 5 what it is.
            self.push("(");
            self.within(operand, Precedence::Other)?;
            self.push(" <> 0)");
            return Ok(());
        }
        if self.dialect == Dialect::Sqlite && self.cut_from_text(operand, column_type)? {
            return Ok(());
        }
        let name = self.cast_name(column_type)?;
        self.push("CAST(");
        match column_type {
            ColumnType::SmallInteger | ColumnType::Integer | ColumnType::BigInteger => self.as_whole(operand)?,
            _ => self.node(operand)?,
        }
        self.push(" AS ");
        self.push(&name);
        self.push(")");
        Ok(())
    }

    /// Writes the part of a date with time that a cast takes, or the midnight that it adds. SQLite's own functions would
    /// round to milliseconds, and take the last of them in a month for the next one.
    fn cut_from_text(&mut self, operand: &Node, column_type: &ColumnType) -> Result<bool> {
        match column_type {
            ColumnType::Date if !is_date(operand) => {
                self.push("date_of(");
                self.node(operand)?;
                self.push(")");
            }
            ColumnType::Time => {
                self.push("substr(");
                self.node(operand)?;
                self.push(", instr(");
                self.node(operand)?;
                self.push(", ' ') + 1)");
            }
            ColumnType::DateTime | ColumnType::Timestamp if is_date(operand) => {
                self.push("(");
                self.within(operand, Precedence::Sign)?;
                self.push(" || ' 00:00:00')");
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn case(&mut self, operand: Option<&Node>, whens: &[(Node, Node)], otherwise: Option<&Node>) -> Result<()> {
        self.push("CASE");
        if let Some(operand) = operand {
            self.push(" ");
            self.operand(operand, whens.first().map(|(when, _)| when), Precedence::Or)?;
        }
        let are_untyped = self.are_untyped(whens.iter().map(|(_, then)| then).chain(otherwise));
        let own_type = self.own_type_among(whens.iter().map(|(_, then)| then).chain(otherwise));
        let result = |this: &mut Self, node: &Node| match are_untyped {
            true => this.typed(node, true, Precedence::Or),
            false => this.beside_own(node, own_type.as_deref()),
        };
        for (when, then) in whens {
            self.push(" WHEN ");
            match operand {
                Some(operand) => self.compared(when, operand, Precedence::Or)?,
                None => self.node(when)?,
            }
            self.push(" THEN ");
            result(self, then)?;
        }
        if let Some(otherwise) = otherwise {
            self.push(" ELSE ");
            result(self, otherwise)?;
        }
        self.push(" END");
        Ok(())
    }

    fn next_value(&mut self, schema: Option<&str>, name: &str) -> Result<()> {
        let mut sequence = String::new();
        self.dialect.write_qualified(self.schemas.of(schema), name, &mut sequence);
        match self.dialect {
            Dialect::Postgres => {
                self.push("nextval(");
                self.quoted(&sequence);
                self.push(")");
            }
            Dialect::MariaDb => {
                self.push("NEXT VALUE FOR ");
                self.push(&sequence);
            }
            Dialect::Sqlite | Dialect::MySql => return Err(self.unsupported(&format!("the sequence `{name}`"))),
        }
        Ok(())
    }

    /// Writes a text that is part of the program, never one of its values.
    fn quoted(&mut self, text: &str) {
        let is_mysql = matches!(self.dialect, Dialect::MySql | Dialect::MariaDb);
        if is_mysql && text.contains('\\') {
            // A backslash may or may not be an escape there, depending on `sql_mode`.
            let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
            self.push(&format!("x'{hex}'"));
            return;
        }
        self.push("'");
        self.push(&text.replace('\'', "''"));
        self.push("'");
    }

    /// Writes what the dialect has for a construct, with the arguments in the place of their marks.
    fn template(&mut self, template: &'static Template, arguments: &[Node], order_by: &[OrderItem]) -> Result<()> {
        let (Form::Call(text) | Form::Infix(text) | Form::Condition(text)) = template.form(self.dialect) else {
            let error = self.unsupported(template.construct);
            let is_brought = self.dialect == Dialect::Sqlite && template.construct == template::REGEXP.construct;
            return Err(if is_brought { error.hint("the feature `regex` of `orm` brings them") } else { error });
        };
        let are_untyped = self.are_untyped(arguments);
        let argument = |this: &mut Self, argument: &Node, precedence| match are_untyped {
            true => this.typed(argument, true, precedence),
            false => this.argument(template, arguments, argument, precedence),
        };
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            self.push(before);
            let Some((mark, after)) = after.split_once('}') else { break };
            rest = after;
            if mark == ">" {
                self.order_by(order_by)?;
                continue;
            }
            if let Some(first) = mark.strip_suffix('*') {
                let first = first.parse().unwrap_or(0);
                self.separated(arguments.iter().skip(first), ", ", |this, node| argument(this, node, Precedence::Or))?;
                continue;
            }
            let (number, is_operand) = mark.strip_suffix('!').map_or((mark, false), |number| (number, true));
            let Some(node) = number.parse().ok().and_then(|number: usize| arguments.get(number)) else {
                let construct = template.construct;
                return Err(Error::new(ErrorKind::Compile, format!("{construct} lacks its argument {number}")));
            };
            // PostgreSQL takes all operators of symbols from left to right, those that compare among them.
            let precedence = if is_operand { Precedence::Sign } else { Precedence::Or };
            argument(self, node, precedence)?;
        }
        self.push(rest);
        Ok(())
    }

    fn aggregate(&mut self, aggregate: &Aggregate) -> Result<()> {
        let Aggregate { call, order_by, is_within_group, filter } = aggregate;
        let has_filter = matches!(self.dialect, Dialect::Sqlite | Dialect::Postgres);
        if let Some(filter) = filter
            && !has_filter
        {
            let call = self.filtered(call, filter)?;
            return self.ordered_call(&call, order_by, *is_within_group);
        }
        self.ordered_call(call, order_by, *is_within_group)?;
        if let Some(filter) = filter {
            self.push(" FILTER (WHERE ");
            self.node(filter)?;
            self.push(")");
        }
        Ok(())
    }

    /// Makes an aggregate see NULL for the rows that do not pass, for the databases without FILTER.
    fn filtered(&self, call: &Node, filter: &Node) -> Result<Node> {
        let keeps_nulls = is_json_array(call);
        let mut call = call.clone();
        let argument = match &mut call {
            Node::Function { arguments, .. } => arguments.first_mut(),
            Node::Template { arguments, .. } => arguments.first_mut(),
            _ => None,
        };
        let Some(argument) = argument else { return Err(self.unsupported("FILTER of this function")) };
        if keeps_nulls {
            let error = self.unsupported("FILTER of an array of JSON");
            return Err(error.hint("it would have a null for each row that is left out: filter the rows of a subquery"));
        }
        // `count(*)` counts rows, so any value will do.
        let value = if matches!(argument, Node::Star) { Node::Sql("1".into()) } else { argument.clone() };
        *argument = Node::Case { operand: None, whens: vec![(filter.clone(), value)], otherwise: None };
        Ok(call)
    }

    /// Writes a function with the order in which it sees the rows.
    fn ordered_call(&mut self, call: &Node, order_by: &[OrderItem], is_within_group: bool) -> Result<()> {
        if order_by.is_empty() {
            return self.call(call);
        }
        if is_within_group {
            if self.dialect != Dialect::Postgres {
                return Err(self.unsupported("WITHIN GROUP"));
            }
            self.call(call)?;
            self.push(" WITHIN GROUP (");
            self.order_list(order_by)?;
            self.push(")");
            return Ok(());
        }
        if let Node::Template { template, arguments } = call
            && let Form::Call(text) = template.form(self.dialect)
            && text.contains("{>}")
        {
            return self.template(template, arguments, order_by);
        }
        self.call(call)?;
        // The order stands behind the arguments.
        self.sql.pop();
        self.order_by(order_by)?;
        self.push(")");
        Ok(())
    }

    /// Writes ORDER BY with its items.
    fn order_list(&mut self, order_by: &[OrderItem]) -> Result<()> {
        let start = self.sql.len();
        self.order_by(order_by)?;
        // The clause begins with the space that separates it from what stands before it.
        if self.sql[start..].starts_with(' ') {
            self.sql.remove(start);
        }
        Ok(())
    }

    fn over(&mut self, call: &Node, window: &Window) -> Result<()> {
        let is_call = matches!(call, Node::Function { .. } | Node::Aggregate(_) | Node::Template { .. });
        if !is_call {
            return Err(Error::new(ErrorKind::Compile, "OVER belongs to a function, and this expression is none")
                .hint("write `func::sum(User.age).over(window())`, and compute with its result"));
        }
        self.call(call)?;
        self.push(" OVER ");
        match &window.name {
            None => self.window(window),
            Some(name) => {
                self.label(&name.name);
                Ok(())
            }
        }
    }

    /// Writes what a window is.
    pub(super) fn window(&mut self, window: &Window) -> Result<()> {
        self.push("(");
        let mut is_first = true;
        let mut part = |this: &mut Self| {
            this.push(if is_first { "" } else { " " });
            is_first = false;
        };
        if !window.partition_by.is_empty() {
            part(self);
            self.push("PARTITION BY ");
            self.separated(&window.partition_by, ", ", Self::told_apart)?;
        }
        if !window.order_by.is_empty() {
            part(self);
            self.order_list(&window.order_by)?;
        }
        if let Some(frame) = &window.frame {
            part(self);
            self.frame(frame)?;
        }
        self.push(")");
        Ok(())
    }

    fn frame(&mut self, frame: &Frame) -> Result<()> {
        let is_mysql = matches!(self.dialect, Dialect::MySql | Dialect::MariaDb);
        if matches!(frame.unit, Unit::Groups) && is_mysql {
            return Err(self.unsupported("a window frame of GROUPS"));
        }
        if frame.exclude.is_some() && is_mysql {
            return Err(self.unsupported("EXCLUDE of a window frame"));
        }
        self.push(match frame.unit {
            Unit::Rows => "ROWS BETWEEN ",
            Unit::Range => "RANGE BETWEEN ",
            Unit::Groups => "GROUPS BETWEEN ",
        });
        self.edge(&frame.start, "UNBOUNDED PRECEDING")?;
        self.push(" AND ");
        self.edge(&frame.end, "UNBOUNDED FOLLOWING")?;
        self.push(match frame.exclude {
            None => "",
            Some(Exclude::CurrentRow) => " EXCLUDE CURRENT ROW",
            Some(Exclude::Group) => " EXCLUDE GROUP",
            Some(Exclude::Ties) => " EXCLUDE TIES",
        });
        Ok(())
    }

    fn edge(&mut self, edge: &FrameEdge, unbounded: &str) -> Result<()> {
        let (distance, word) = match &edge.place {
            Place::Unbounded => {
                self.push(unbounded);
                return Ok(());
            }
            Place::CurrentRow => {
                self.push("CURRENT ROW");
                return Ok(());
            }
            Place::Preceding(distance) => (distance, " PRECEDING"),
            Place::Following(distance) => (distance, " FOLLOWING"),
        };
        self.distance(distance)?;
        self.push(word);
        Ok(())
    }

    fn distance(&mut self, distance: &Distance) -> Result<()> {
        match (distance, self.dialect) {
            (Distance::Number(Value::Decimal(_)), Dialect::Sqlite) => {
                let error = self.unsupported("a window frame of RANGE by a decimal number");
                return Err(error.hint("decimal numbers are text there: order by a float, and reach by a float"));
            }
            (Distance::Number(number), _) => {
                let number = self.dialect.literal(number)?;
                self.push(&number);
            }
            (Distance::Span(_), Dialect::Sqlite | Dialect::MariaDb) => {
                let error = self.unsupported("a window frame of RANGE by a span of time");
                return Err(error.hint("order by a number of seconds, and reach by a number"));
            }
            (Distance::Span(span), Dialect::MySql) => {
                self.push("INTERVAL ");
                self.node(span)?;
                self.push(" MICROSECOND");
            }
            (Distance::Expression(refused), _) if matches!(**refused, Node::Refused(_)) => self.node(refused)?,
            (Distance::Expression(_), Dialect::MariaDb) => {
                return Err(self.unsupported("a window frame of RANGE by an expression"));
            }
            (Distance::Span(node) | Distance::Expression(node), _) => self.node(node)?,
        }
        Ok(())
    }

    /// Begins EXISTS. SQLite 3.51 makes a join of it, and where rows are skipped it skips one row for each that it joins; an
    /// expression is not looked into.
    fn exists(&mut self, negated: bool) {
        self.push(match negated {
            true => "NOT EXISTS (",
            false if self.keeps_exists && self.dialect == Dialect::MySql => "0 + EXISTS (",
            false if self.keeps_exists => "+EXISTS (",
            false => "EXISTS (",
        });
    }

    /// Writes EXISTS over the members of a relationship.
    ///
    /// Where the members are in a table that is in sight already, such as that of the owner itself, they get an alias, and
    /// the condition is about that.
    fn related(&mut self, relation: &RelationReference, filter: Option<&Node>, negated: bool) -> Result<()> {
        let info = relationship(relation)?;
        let mut filter = filter.cloned();
        let mut relation = *relation;
        if relation.target_alias == Alias::NONE && self.is_in_sight(info.target, Alias::NONE) {
            relation.target_alias = self.free_alias(info.target);
            filter.iter_mut().for_each(|filter| filter.use_alias(info.target, relation.target_alias));
        }
        let mut conditions = Vec::new();
        let mut scope = Scope::of(info.target, relation.target_alias);
        let near = match &info.secondary {
            None => (info.target, relation.target_alias),
            Some(secondary) => {
                scope.add(secondary.mapper, Alias::NONE);
                (secondary.mapper, Alias::NONE)
            }
        };
        let own = info.condition_between(relation.alias, relation.target_alias);
        let pairs = if own.is_some() { &[][..] } else { &info.pairs };
        conditions.extend(own);
        for &(owner, other) in pairs {
            let left = Node::Column { mapper: info.owner, column: owner, alias: relation.alias };
            conditions.push(Node::binary(
                Operator::Eq,
                left,
                Node::Column { mapper: near.0, column: other, alias: near.1 },
            ));
        }
        if let Some(secondary) = &info.secondary {
            for &(own, target) in &secondary.pairs {
                let left = Node::Column { mapper: near.0, column: own, alias: near.1 };
                let right = Node::Column { mapper: info.target, column: target, alias: relation.target_alias };
                conditions.push(Node::binary(Operator::Eq, left, right));
            }
        }
        let mut condition = Node::All(conditions);
        if let Some(filter) = filter {
            condition = condition.and(filter);
        }
        self.exists(negated);
        let select = SelectNode { from: scope.items(), filters: [condition].into(), ..SelectNode::default() };
        self.subquery(Shape::Plain(1), |this| this.select_one(&select))?;
        self.push(")");
        Ok(())
    }
}

impl Writer {
    fn is_in_sight(&self, mapper: &'static Mapper, alias: Alias) -> bool {
        self.scopes.iter().flatten().any(|source| source.table.is(TableRef::table(mapper, alias)))
    }

    /// Returns an alias that no table in sight has: `employees_1`, `employees_2`, …
    fn free_alias(&self, mapper: &'static Mapper) -> Alias {
        let table = mapper.definition().table;
        let mut aliases = (1..).map(|number| Alias::new(&format!("{table}_{number}")));
        aliases.find(|alias| !self.is_in_sight(mapper, *alias)).unwrap_or(Alias::NONE)
    }
}

/// Returns whether a call makes an array of JSON of all rows. Of none SQLite makes an empty one, the others NULL.
fn is_json_array(node: &Node) -> bool {
    match node {
        Node::Template { template, .. } => template.is_json_array(),
        Node::Aggregate(aggregate) => is_json_array(&aggregate.call),
        Node::Over { call, .. } => is_json_array(call),
        _ => false,
    }
}

/// Returns whether an expression is known to be an array.
fn is_array(node: &Node) -> bool {
    match node {
        Node::Column { mapper, column, .. } => {
            matches!(mapper.definition().columns[usize::from(*column)].kind, Kind::Array(_))
        }
        Node::Parameter { kind, .. } => matches!(kind, Kind::Array(_)),
        Node::Cast { column_type, .. } => matches!(**column_type, ColumnType::Array(_)),
        _ => false,
    }
}

/// Returns whether an expression is known to be a document of JSON.
fn is_document(node: &Node) -> bool {
    match node {
        Node::Column { mapper, column, .. } => mapper.definition().columns[usize::from(*column)].kind == Kind::Json,
        Node::Parameter { kind, .. } => *kind == Kind::Json,
        Node::Label { node, .. } => is_document(node),
        _ => false,
    }
}

/// Returns whether PostgreSQL fills up the text of a column with blanks, which are none when it is compared.
pub(super) fn is_padded(node: &Node) -> bool {
    let Node::Column { mapper, column, .. } = node else { return false };
    let definition = &mapper.definition().columns[usize::from(*column)];
    let variant = definition.variants.iter().find(|(dialect, _)| *dialect == Dialect::Postgres);
    match variant.map(|(_, sql)| *sql).or(definition.sql_type) {
        Some(sql) => {
            let sql = sql.trim_start().to_ascii_lowercase();
            let name = sql.split(['(', ' ']).next().unwrap_or_default();
            matches!(name, "char" | "character" | "bpchar" | "nchar") && !sql.contains("varying")
        }
        None => definition.kind == Kind::Text && matches!((definition.column_type)(), ColumnType::Char(_)),
    }
}

/// Returns whether it is a day without a time, as far as that can be seen.
fn is_date(node: &Node) -> bool {
    match node {
        Node::Column { mapper, column, .. } => {
            let definition = &mapper.definition().columns[usize::from(*column)];
            definition.kind == Kind::Date && !definition.has_own_type()
        }
        Node::Parameter { kind: Kind::Date, .. } | Node::Bind(Value::Date(_)) => true,
        Node::Cast { column_type, .. } => **column_type == ColumnType::Date,
        Node::Label { node, .. } => is_date(node),
        Node::Function { name, arguments, .. } if matches!(&**name, "coalesce" | "min" | "max") => {
            arguments.first().is_some_and(is_date)
        }
        Node::Aggregate(aggregate) => is_date(&aggregate.call),
        _ => false,
    }
}

/// Lists what `a || b || c` joins.
fn concatenated<'a>(node: &'a Node, texts: &mut Vec<&'a Node>) {
    match node {
        Node::Binary { operator: Operator::Concat, sides } => sides.iter().for_each(|side| concatenated(side, texts)),
        other => texts.push(other),
    }
}

/// Resolves the relationship that a statement refers to.
pub(crate) fn relationship(relation: &RelationReference) -> Result<&'static RelationshipInfo> {
    let configured: &'static Configured = relation.owner.configured()?;
    Ok(&configured.relationships[usize::from(relation.index)])
}
