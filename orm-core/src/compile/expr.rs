//! Expressions become text, with the parentheses that precedence asks for and no others.

use orm_pool::Kind;

use super::Writer;
use super::select::Scope;
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Alias, Configured, Mapper, RelationshipInfo};
use crate::sql::{Node, Operator, RelationReference, SelectNode};
use crate::types::ColumnType;

impl Writer {
    /// Writes an expression.
    pub(crate) fn node(&mut self, node: &Node) -> Result<()> {
        match node {
            Node::Column { mapper, column, alias } => self.column(mapper, *column, *alias),
            Node::Parameter { kind: Kind::Array(_), .. } if self.dialect != Dialect::Postgres => {
                return Err(self.unsupported("an array"));
            }
            Node::Parameter { index, .. } => self.placeholder(*index),
            Node::Bind(_) => {
                return Err(Error::new(ErrorKind::Compile, "a value was not lifted out of the statement"));
            }
            Node::Sql(sql) => self.push(sql),
            Node::Binary { operator, left, right } => self.binary(*operator, left, right)?,
            Node::Not(inner) => {
                self.push("NOT ");
                self.within(inner, 3)?;
            }
            Node::All(list) => self.conjunction(list, " AND ", 2, true)?,
            Node::Any(list) => self.conjunction(list, " OR ", 1, false)?,
            Node::Tuple(list) => self.parenthesized(list)?,
            Node::In { operand, list, negated } => self.in_list(operand, list, *negated)?,
            Node::InSelect { operand, select, negated } => {
                self.within(operand, 5)?;
                self.push(if *negated { " NOT IN (" } else { " IN (" });
                self.select(select, false)?;
                self.push(")");
            }
            Node::Between { operand, low, high, negated } => {
                self.within(operand, 5)?;
                self.push(if *negated { " NOT BETWEEN " } else { " BETWEEN " });
                self.within(low, 5)?;
                self.push(" AND ");
                self.within(high, 5)?;
            }
            Node::IsNull { operand, negated } => {
                self.within(operand, 5)?;
                self.push(if *negated { " IS NOT NULL" } else { " IS NULL" });
            }
            Node::Like { operand, pattern, negated, ignore_case, escape } => {
                self.like(operand, pattern, *negated, *ignore_case, *escape)?;
            }
            Node::Function { name, arguments, distinct, .. } => {
                self.push(self.dialect.function_name(name));
                self.push(if *distinct { "(DISTINCT " } else { "(" });
                self.separated(arguments, ", ", |this, argument| this.node(argument))?;
                self.push(")");
            }
            Node::Case { whens, otherwise } => self.case(whens, otherwise.as_deref())?,
            Node::Cast { operand, column_type } => self.cast(operand, column_type)?,
            Node::Label { node, .. } => self.node(node)?,
            Node::Select(select) => {
                self.push("(");
                self.select(select, false)?;
                self.push(")");
            }
            Node::Exists { select, negated } => {
                self.push(if *negated { "NOT EXISTS (" } else { "EXISTS (" });
                self.select(select, false)?;
                self.push(")");
            }
            Node::Related { relation, filter, negated } => self.related(relation, filter.as_deref(), *negated)?,
            Node::Excluded { mapper, column } => self.excluded(mapper, *column),
            Node::Star => self.push("*"),
        }
        Ok(())
    }

    /// Writes an expression inside of an operator that binds as tightly as `precedence`.
    fn within(&mut self, node: &Node, precedence: u8) -> Result<()> {
        if node.precedence() >= precedence {
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
            self.push("concat(");
            self.separated([left, right], ", ", |this, node| this.node(node))?;
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
        // Comparisons do not chain: `(a = b) = c` keeps its parentheses.
        let chains = precedence > 4;
        self.within(left, if chains { precedence } else { precedence + 1 })?;
        self.push(" ");
        self.push(self.operator(operator));
        self.push(" ");
        let is_same = matches!(right, Node::Binary { operator: other, .. } if *other == operator);
        self.within(right, if is_same && operator.is_associative() { precedence } else { precedence + 1 })
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
            Operator::BitAnd => "&",
            Operator::BitOr => "|",
            Operator::ShiftLeft => "<<",
            Operator::ShiftRight => ">>",
            Operator::Add => "+",
            Operator::Sub => "-",
            Operator::Mul => "*",
            Operator::Div => "/",
            Operator::IntegerDiv => self.capabilities().integer_division,
            Operator::Rem => "%",
            Operator::Concat => "||",
        }
    }

    /// Writes AND or OR of a list; of none it is what changes nothing.
    pub(crate) fn conjunction(&mut self, list: &[Node], word: &str, precedence: u8, empty: bool) -> Result<()> {
        if list.is_empty() {
            self.push(if empty { "1 = 1" } else { "1 = 0" });
        }
        if let [only] = list {
            return self.node(only);
        }
        self.separated(list, word, |this, node| this.within(node, precedence + 1))
    }

    fn in_list(&mut self, operand: &Node, list: &[Node], negated: bool) -> Result<()> {
        if list.is_empty() {
            // No value is in an empty list, and every value is outside of it, NULL included: SQLAlchemy's form.
            self.push("(");
            self.within(operand, 5)?;
            self.push(if negated { " NOT IN (NULL) OR (1 = 1))" } else { " IN (NULL) AND (1 <> 1))" });
            return Ok(());
        }
        self.within(operand, 5)?;
        self.push(if negated { " NOT IN " } else { " IN " });
        self.parenthesized(list)
    }

    fn like(&mut self, operand: &Node, pattern: &Node, negated: bool, ignore_case: bool, escape: bool) -> Result<()> {
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
                self.within(side, 5)?;
            }
        }
        if escape {
            self.push(" ESCAPE '/'");
        }
        Ok(())
    }

    fn cast(&mut self, operand: &Node, column_type: &ColumnType) -> Result<()> {
        let is_mysql = matches!(self.dialect, Dialect::MySql | Dialect::MariaDb);
        if *column_type == ColumnType::Boolean && is_mysql {
            // Its truth values are numbers, of which a cast would leave 5 what it is.
            self.push("(");
            self.within(operand, 5)?;
            self.push(" <> 0)");
            return Ok(());
        }
        let name = self.dialect.cast_name(column_type).map_err(|why| Error::new(ErrorKind::Compile, why))?;
        self.push("CAST(");
        self.node(operand)?;
        self.push(" AS ");
        self.push(&name);
        self.push(")");
        Ok(())
    }

    fn case(&mut self, whens: &[(Node, Node)], otherwise: Option<&Node>) -> Result<()> {
        self.push("CASE");
        for (when, then) in whens {
            self.push(" WHEN ");
            self.node(when)?;
            self.push(" THEN ");
            self.node(then)?;
        }
        if let Some(otherwise) = otherwise {
            self.push(" ELSE ");
            self.node(otherwise)?;
        }
        self.push(" END");
        Ok(())
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
        for &(owner, other) in &info.pairs {
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
        self.push(if negated { "NOT EXISTS (" } else { "EXISTS (" });
        let select = SelectNode { from: scope.tables(), filters: vec![condition], ..SelectNode::default() };
        self.select_one(&select)?;
        self.push(")");
        Ok(())
    }
}

impl Writer {
    fn is_in_sight(&self, mapper: &Mapper, alias: Alias) -> bool {
        self.scopes.iter().flatten().any(|source| source.is(mapper, alias))
    }

    /// Returns an alias that no table in sight has: `employees_1`, `employees_2`, …
    fn free_alias(&self, mapper: &'static Mapper) -> Alias {
        let table = mapper.definition().table;
        let mut aliases = (1..).map(|number| Alias::new(&format!("{table}_{number}")));
        aliases.find(|alias| !self.is_in_sight(mapper, *alias)).unwrap_or(Alias::NONE)
    }
}

/// Resolves the relationship that a statement refers to.
pub(crate) fn relationship(relation: &RelationReference) -> Result<&'static RelationshipInfo> {
    let configured: &'static Configured = relation.owner.configured()?;
    Ok(&configured.relationships[usize::from(relation.index)])
}
