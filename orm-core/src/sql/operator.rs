//! Operators of a user's own: how they are written, how tightly they bind, and whether they compare.

use std::borrow::Cow;

use super::{Expr, Node, Precedence};
use crate::error::{Error, ErrorKind};

/// An operator that this library does not know, for [`op`](Expr::op): SQLAlchemy's `custom_op`.
///
/// A plain text is one too. It is then taken to bind like `||`, and its operands keep their parentheses, which is right for
/// every operator of symbols in PostgreSQL; where another rank is right, [`precedence`](Self::precedence) says so.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{CustomOperator, Dialect, Expr, Precedence, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # #[orm(table = "boxes", metadata = none)]
/// # struct Box { #[orm(primary_key)] id: i64, width: i64 }
/// let div = || CustomOperator::new("DIV").precedence(Precedence::Product);
/// let half: Expr<i64> = (Box.width * 3).op::<i64>(div(), 2) + 1;
/// assert_eq!(select(half).to_sql(Dialect::MySql), "SELECT boxes.width * ? DIV ? + ? FROM boxes");
/// ```
#[derive(Clone, Debug)]
pub struct CustomOperator {
    text: Cow<'static, str>,
    precedence: Option<Precedence>,
    is_comparison: bool,
}

impl CustomOperator {
    /// An operator, which is taken as it stands.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        CustomOperator { text: text.into(), precedence: None, is_comparison: false }
    }

    /// Says how tightly it binds in the database, so that parentheses stand where they are needed and nowhere else.
    ///
    /// SQLAlchemy's `precedence` is a number, of which 8 is [`Product`](Precedence::Product), 7 [`Sum`](Precedence::Sum), 5
    /// [`Comparison`](Precedence::Comparison), 3 [`And`](Precedence::And) and 2 [`Or`](Precedence::Or).
    #[must_use]
    pub fn precedence(mut self, precedence: Precedence) -> Self {
        self.precedence = Some(precedence);
        self
    }

    /// Says that it compares its operands: it brings the tables of one side together with those of the other, and binds like
    /// `=` unless it is said otherwise. [`bool_op`](Expr::bool_op) says so as well.
    #[must_use]
    pub fn is_comparison(mut self) -> Self {
        self.is_comparison = true;
        self
    }

    /// Puts it between two operands.
    pub(super) fn between(self, left: Node, right: Node) -> Node {
        let CustomOperator { text, precedence, is_comparison } = self;
        let (left, right) = (Box::new(left), Box::new(right));
        Node::Infix { operator: text, left, right, is_condition: is_comparison, precedence }
    }
}

impl From<&'static str> for CustomOperator {
    fn from(text: &'static str) -> Self {
        CustomOperator::new(text)
    }
}

impl<T> Expr<T> {
    /// Says that a function compares two of its arguments, which are counted from 1: SQLAlchemy's `as_comparison`.
    ///
    /// A condition brings the tables of the two sides of a comparison together; a function is no comparison unless that is
    /// said, and two tables that only a function mentions are taken for a [cartesian product](crate::Lint).
    ///
    /// ```
    /// # use orm_core as orm;
    /// # use orm_core::{Dialect, HasMany, func, select, remote};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # #[orm(table = "folders", metadata = none)]
    /// struct Folder {
    ///     #[orm(primary_key)]
    ///     id: i64,
    ///     path: String,
    ///     /// Every folder whose path begins with this one's.
    ///     #[orm(
    ///         primaryjoin = func::custom::<i64>("instr", (remote(Folder.path), Folder.path)).as_comparison(1, 2).eq(1),
    ///         viewonly
    ///     )]
    ///     inside: HasMany<Folder>,
    /// }
    ///
    /// let other = Folder.alias("other");
    /// assert_eq!(
    ///     select((Folder.id, other.id)).join(Folder.inside.of(other)).to_sql(Dialect::Sqlite),
    ///     "SELECT folders.id, other.id FROM folders JOIN folders AS other ON instr(other.path, folders.path) = 1"
    /// );
    /// ```
    ///
    /// Anything but a function, and a number that none of its arguments has, are errors of the statement.
    #[must_use]
    pub fn as_comparison(self, left: usize, right: usize) -> Expr<T> {
        let count = match &self.node {
            Node::Function { arguments, .. } | Node::Template { arguments, .. } => arguments.len(),
            _ => 0,
        };
        if let Some(wrong) = [left, right].into_iter().find(|number| !(1..=count).contains(number)) {
            let message = format!("`as_comparison` names argument {wrong} of a function that has {count}");
            let error = Error::new(ErrorKind::Compile, message).hint("arguments of a function are counted from 1");
            return Expr::new(Node::Refused(Box::new(error)));
        }
        Expr::new(Node::Compared { call: Box::new(self.node), left: left - 1, right: right - 1 })
    }
}
