//! [`Expr`]: an expression that knows its Rust type, and what it has in common with [`Attribute`].

use std::borrow::Cow;
use std::marker::PhantomData;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Rem, Sub};

use orm_pool::{Kind, Value};

use super::func::{Moment, Now};
use super::node::{Aggregate, Constant, Nullability, Operator};
use super::nullness::{Combined, Like, NotNull, Nullable, Nullness};
use super::template::{self, Template};
use super::window::Window;
use super::{AsExpr, CustomOperator, DerivedColumn, InList, Node, Nulls, OrderBy, OrderItem};
use crate::mapper::{Attribute, Model};
use crate::types::{Integer, Numeric, SqlType, Textual};

/// An expression of SQL that gives a `T`.
///
/// It has no `==` of Rust: comparisons are methods, since they give SQL and no `bool`. An [`Attribute`] has the same
/// methods.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Dialect, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct User { #[orm(primary_key)] id: i64, name: String }
/// let query = select(User.name).filter(User.id.gt(3) & !User.name.like("e%"));
/// assert_eq!(
///     query.to_sql(Dialect::Sqlite),
///     "SELECT user.name FROM user WHERE user.id > ? AND user.name NOT LIKE ?"
/// );
/// ```
pub struct Expr<T> {
    pub(crate) node: Node,
    types: PhantomData<fn() -> T>,
}

impl<T> Expr<T> {
    pub(crate) const fn new(node: Node) -> Self {
        Expr { node, types: PhantomData }
    }
}

impl<T> Clone for Expr<T> {
    fn clone(&self) -> Self {
        Expr::new(self.node.clone())
    }
}

impl<T> std::fmt::Debug for Expr<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.node.fmt(f)
    }
}

impl<T> From<Expr<T>> for Node {
    fn from(expression: Expr<T>) -> Node {
        expression.node
    }
}
impl<M: Model, T> From<Attribute<M, T>> for Node {
    fn from(attribute: Attribute<M, T>) -> Node {
        Node::column(attribute)
    }
}

/// A column or an expression, whatever its type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a SQL expression",
    note = "columns are written `User.name`; a Rust value becomes an expression by `literal(value)`"
)]
pub trait Expression {
    /// The Rust type.
    type Type;

    #[doc(hidden)]
    fn __expression(self) -> Node;
}
impl<T> Expression for Expr<T> {
    type Type = T;

    fn __expression(self) -> Node {
        self.node
    }
}
impl<M: Model, T> Expression for Attribute<M, T> {
    type Type = T;

    fn __expression(self) -> Node {
        self.into()
    }
}
impl<T: SqlType> Expression for DerivedColumn<T> {
    type Type = T;

    fn __expression(self) -> Node {
        self.into()
    }
}

/// A value as an expression, where only an expression fits.
///
/// ```
/// # use orm_core::{Dialect, literal, select};
/// assert_eq!(select(literal(1i64)).to_sql(Dialect::Postgres), "SELECT $1");
/// ```
pub fn literal<T: SqlType>(value: T) -> Expr<T> {
    Expr::new(Node::Bind(value.encode()))
}

/// A condition: what `filter` takes.
///
/// A Rust `bool` is none, since it is computed before the query runs: `delete(User).filter(user.id == 5)` would delete
/// every row or none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a SQL condition",
    label = "expected a condition such as `User.id.eq(1)`",
    note = "a Rust `bool` is computed before the query runs; write `literal(true)` if that is meant"
)]
pub trait Predicate {
    /// Whether it may be NULL, which no row passes.
    type Null: Nullness;

    #[doc(hidden)]
    fn __predicate(self) -> Node;
}

/// Returns a condition without its type, for generated code.
pub fn condition(predicate: impl Predicate) -> Node {
    predicate.__predicate()
}

/// Returns the expression of a column property whose field holds a `T`, for generated code.
pub fn column_property<T>(expression: impl AsExpr<T>) -> Node {
    expression.__node()
}

macro_rules! predicates {
    ($({$($generics:tt)*} $type:ty, $null:ident;)*) => { $(
        impl<$($generics)*> Predicate for $type {
            type Null = $null;
            fn __predicate(self) -> Node { self.into() }
        }
        impl<$($generics)* R: Predicate> BitAnd<R> for $type {
            type Output = Expr<<<$null as Nullness>::Or<R::Null> as Nullness>::Of<bool>>;
            fn bitand(self, right: R) -> Self::Output { Expr::new(Node::from(self).and(right.__predicate())) }
        }
        impl<$($generics)* R: Predicate> BitOr<R> for $type {
            type Output = Expr<<<$null as Nullness>::Or<R::Null> as Nullness>::Of<bool>>;
            fn bitor(self, right: R) -> Self::Output { Expr::new(Node::from(self).or(right.__predicate())) }
        }
        impl<$($generics)*> Not for $type {
            type Output = Expr<<$null as Nullness>::Of<bool>>;
            fn not(self) -> Self::Output { Expr::new(Node::from(self).negate()) }
        }
    )* };
}
predicates! {
    {} Expr<bool>, NotNull;
    {} Expr<Option<bool>>, Nullable;
    {M: Model,} Attribute<M, bool>, NotNull;
    {M: Model,} Attribute<M, Option<bool>>, Nullable;
    {} DerivedColumn<bool>, NotNull;
    {} DerivedColumn<Option<bool>>, Nullable;
}

impl Expr<bool> {
    /// `TRUE`, a word of SQL and not a bound value; AND with it changes nothing.
    pub const TRUE: Expr<bool> = Expr::new(Node::Constant(Constant::True));
    /// `FALSE`, a word of SQL and not a bound value; OR with it changes nothing.
    pub const FALSE: Expr<bool> = Expr::new(Node::Constant(Constant::False));
}

fn compare<T, U>(operator: Operator, left: Node, right: impl AsExpr<T>) -> Expr<U> {
    Expr::new(Node::binary(operator, left, right.__node()))
}

fn like<T>(operand: Node, pattern: Node, ignore_case: bool, escape: Option<char>) -> Expr<T> {
    let (operand, pattern) = (Box::new(operand), Box::new(pattern));
    Expr::new(Node::Like { operand, pattern, negated: false, ignore_case, escape })
}

/// Makes a construct that each database writes in its own way.
pub(crate) fn templated<T>(template: &'static Template, arguments: Vec<Node>) -> Expr<T> {
    Expr::new(Node::Template { template, arguments })
}

/// Makes a moment of another, or the span between two; those of dates are written in their own way.
fn moved<T>(kind: Kind, of_moment: &'static Template, of_date: &'static Template, left: Node, right: Node) -> Expr<T> {
    templated(if kind == Kind::Date { of_date } else { of_moment }, vec![left, right])
}

/// Returns what can be cast to a `U`: a truth value has to become a number before it becomes another one than an `i32`.
fn castable<T: SqlType, U: SqlType>(node: Node) -> Node {
    let is_number = matches!(U::KIND, Kind::Int16 | Kind::Int64 | Kind::Float32 | Kind::Float64 | Kind::Decimal);
    match T::KIND == Kind::Bool && is_number {
        true => templated::<i32>(&template::TRUTH_AS_NUMBER, vec![node]).node,
        false => node,
    }
}

/// The character that makes a wildcard stand for itself.
///
/// Not a backslash, which MySQL's literals may or may not take for an escape of their own.
const ESCAPE: char = '/';

/// Makes a LIKE pattern of a text: its wildcards are escaped, here if it is a value, else by the database.
fn pattern(before: &'static str, text: Node, after: &'static str) -> Node {
    if let Node::Bind(Value::Text(text)) = text {
        let mut pattern = String::with_capacity(text.len() + 2);
        pattern.push_str(before);
        for character in text.chars() {
            if matches!(character, '%' | '_' | ESCAPE) {
                pattern.push(ESCAPE);
            }
            pattern.push(character);
        }
        pattern.push_str(after);
        return Node::Bind(Value::Text(pattern));
    }
    let replaced = |text: Node, from: &'static str, to: &'static str| {
        function("replace", vec![text, Node::Quoted(from), Node::Quoted(to)], Nullability::Strict)
    };
    let mut pattern = replaced(replaced(replaced(text, "/", "//"), "%", "/%"), "_", "/_");
    if !before.is_empty() {
        pattern = Node::binary(Operator::Concat, Node::Quoted(before), pattern);
    }
    if !after.is_empty() {
        pattern = Node::binary(Operator::Concat, pattern, Node::Quoted(after));
    }
    pattern
}

/// What [`contains`](Expr::contains) looks for: text in text, a document in a document, elements in an array, an element
/// or a range in a range.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` cannot be asked whether it contains `{A}`",
    label = "`contains` is for text, JSON, arrays and ranges"
)]
pub trait Containing<A>: Sized {
    #[doc(hidden)]
    fn __contains(operand: Node, other: A) -> Node;
}
impl<A: AsExpr<String>> Containing<A> for String {
    fn __contains(operand: Node, other: A) -> Node {
        like::<bool>(operand, pattern("%", other.__node(), "%"), false, Some(ESCAPE)).node
    }
}
impl<T: Containing<A>, A> Containing<A> for Option<T> {
    fn __contains(operand: Node, other: A) -> Node {
        T::__contains(operand, other)
    }
}

macro_rules! methods {
    ($({$($generics:tt)*} $type:ty;)*) => { $(
        impl<$($generics)* T: SqlType> $type {
            /// `=`; with `None`, IS NULL.
            pub fn eq<R: AsExpr<T>>(self, other: R) -> Expr<Combined<T, R::Null, bool>> {
                Expr::new(Node::equals(self.into(), other.__node()))
            }
            /// `<>`; with `None`, IS NOT NULL.
            pub fn ne<R: AsExpr<T>>(self, other: R) -> Expr<Combined<T, R::Null, bool>> {
                Expr::new(Node::equals(self.into(), other.__node()).negate())
            }
            /// `>`.
            pub fn gt<R: AsExpr<T>>(self, other: R) -> Expr<Combined<T, R::Null, bool>> {
                compare(Operator::Gt, self.into(), other)
            }
            /// `>=`.
            pub fn ge<R: AsExpr<T>>(self, other: R) -> Expr<Combined<T, R::Null, bool>> {
                compare(Operator::Ge, self.into(), other)
            }
            /// `<`.
            pub fn lt<R: AsExpr<T>>(self, other: R) -> Expr<Combined<T, R::Null, bool>> {
                compare(Operator::Lt, self.into(), other)
            }
            /// `<=`.
            pub fn le<R: AsExpr<T>>(self, other: R) -> Expr<Combined<T, R::Null, bool>> {
                compare(Operator::Le, self.into(), other)
            }
            /// IS DISTINCT FROM: `<>` that takes NULL for a value.
            pub fn is_distinct_from(self, other: impl AsExpr<T>) -> Expr<bool> {
                compare(Operator::IsDistinctFrom, self.into(), other)
            }
            /// IS NOT DISTINCT FROM: `=` that takes NULL for a value.
            pub fn is_not_distinct_from(self, other: impl AsExpr<T>) -> Expr<bool> {
                compare(Operator::IsNotDistinctFrom, self.into(), other)
            }
            /// BETWEEN, both ends included.
            pub fn between(self, low: impl AsExpr<T>, high: impl AsExpr<T>) -> Expr<Like<T, bool>> {
                let (low, high) = (Box::new(low.__node()), Box::new(high.__node()));
                Expr::new(Node::Between { operand: Box::new(self.into()), low, high, negated: false })
            }
            /// BETWEEN SYMMETRIC: both ends included, in whichever order they are.
            pub fn between_symmetric(self, low: impl AsExpr<T>, high: impl AsExpr<T>) -> Expr<Like<T, bool>> {
                templated(&template::BETWEEN_SYMMETRIC, vec![self.into(), low.__node(), high.__node()])
            }
            /// IN of a list or of a subquery; of an empty list it is false.
            ///
            /// A list is written as long as it is up to eight values. A longer one is one array on PostgreSQL, `= ANY ($1)`,
            /// and elsewhere has its last value repeated up to the next power of two or, beyond 512, thousand, which changes no answer, so that
            /// lists of every length share a few prepared statements.
            pub fn in_(self, list: impl InList<T>) -> Expr<Like<T, bool>> { Expr::new(list.__in(self.into())) }
            /// NOT IN of a list or of a subquery; of an empty list it is true.
            pub fn not_in(self, list: impl InList<T>) -> Expr<Like<T, bool>> {
                Expr::new(list.__in(self.into()).negate())
            }
            /// IS NULL.
            pub fn is_null(self) -> Expr<bool> {
                Expr::new(Node::IsNull { operand: Box::new(self.into()), negated: false })
            }
            /// IS NOT NULL.
            pub fn is_not_null(self) -> Expr<bool> {
                Expr::new(Node::IsNull { operand: Box::new(self.into()), negated: true })
            }
            /// LIKE, where `%` and `_` of the pattern are wildcards.
            ///
            /// Whether case matters is the database's business, as it is for `=` and for a unique column: to PostgreSQL it
            /// does, to SQLite not for ASCII letters in LIKE, and to MySQL and MariaDB as the column's collation says,
            /// whose default ignores case in all three. Write [`ilike`](Self::ilike) to have it ignored everywhere.
            /// A backslash before a wildcard makes it stand for itself on PostgreSQL and MySQL but not on SQLite; name an
            /// escape by [`like_escape`](Self::like_escape) to have one everywhere.
            pub fn like(self, like_pattern: impl AsExpr<String>) -> Expr<Like<T, bool>> where T: Textual {
                like(self.into(), like_pattern.__node(), false, None)
            }
            /// LIKE that ignores case, on every database.
            pub fn ilike(self, like_pattern: impl AsExpr<String>) -> Expr<Like<T, bool>> where T: Textual {
                like(self.into(), like_pattern.__node(), true, None)
            }
            /// LIKE … ESCAPE: a wildcard behind this character, which is no letter, stands for itself.
            pub fn like_escape(self, like_pattern: impl AsExpr<String>, escape: char) -> Expr<Like<T, bool>>
            where T: Textual {
                like(self.into(), like_pattern.__node(), false, Some(escape))
            }
            /// As [`like_escape`](Self::like_escape), ignoring case.
            pub fn ilike_escape(self, like_pattern: impl AsExpr<String>, escape: char) -> Expr<Like<T, bool>>
            where T: Textual {
                like(self.into(), like_pattern.__node(), true, Some(escape))
            }
            /// Whether it contains this: a text a text, in which `%` and `_` stand for themselves; a JSON document
            /// another; an array every element of another; a range an element or a range.
            ///
            /// Whether the case of letters matters is as for [`like`](Self::like).
            pub fn contains<A>(self, other: A) -> Expr<Like<T, bool>> where T: Containing<A> {
                Expr::new(T::__contains(self.into(), other))
            }
            /// Whether the text contains this one, ignoring case.
            pub fn icontains(self, text: impl AsExpr<String>) -> Expr<Like<T, bool>> where T: Textual {
                like(self.into(), pattern("%", text.__node(), "%"), true, Some(ESCAPE))
            }
            /// Whether the text starts with this one: LIKE, in which `%` and `_` stand for themselves.
            ///
            /// Whether case matters is as for [`like`](Self::like).
            pub fn starts_with(self, text: impl AsExpr<String>) -> Expr<Like<T, bool>> where T: Textual {
                like(self.into(), pattern("", text.__node(), "%"), false, Some(ESCAPE))
            }
            /// Whether the text starts with this one, ignoring case.
            pub fn istarts_with(self, text: impl AsExpr<String>) -> Expr<Like<T, bool>> where T: Textual {
                like(self.into(), pattern("", text.__node(), "%"), true, Some(ESCAPE))
            }
            /// Whether the text ends with this one: LIKE, in which `%` and `_` stand for themselves.
            ///
            /// Whether case matters is as for [`like`](Self::like).
            pub fn ends_with(self, text: impl AsExpr<String>) -> Expr<Like<T, bool>> where T: Textual {
                like(self.into(), pattern("%", text.__node(), ""), false, Some(ESCAPE))
            }
            /// Whether the text ends with this one, ignoring case.
            pub fn iends_with(self, text: impl AsExpr<String>) -> Expr<Like<T, bool>> where T: Textual {
                like(self.into(), pattern("%", text.__node(), ""), true, Some(ESCAPE))
            }
            /// Whether a regular expression matches somewhere in the text; case matters. On SQLite by the feature `regex`.
            ///
            /// The syntax is the database's: POSIX on PostgreSQL, PCRE on MariaDB, ICU on MySQL; on SQLite that of the crate `regex`.
            pub fn regexp<R: AsExpr<String>>(self, regexp: R) -> Expr<Like<T, bool>> where T: Textual {
                templated(&template::REGEXP, vec![self.into(), regexp.__node()])
            }
            /// As [`regexp`](Self::regexp), ignoring case.
            pub fn iregexp<R: AsExpr<String>>(self, regexp: R) -> Expr<Like<T, bool>> where T: Textual {
                templated(&template::IREGEXP, vec![self.into(), regexp.__node()])
            }
            /// Replaces every match of a regular expression; case matters. On SQLite by the feature `regex`.
            ///
            /// In the replacement a group is `\1`, on MySQL `$1`; the whole match is `\0`, on PostgreSQL `\&` and on MySQL `$0`.
            pub fn regexp_replace(self, regexp: impl AsExpr<String>, with: impl AsExpr<String>) -> Expr<T>
            where T: Textual {
                templated(&template::REGEXP_REPLACE, vec![self.into(), regexp.__node(), with.__node()])
            }
            /// GLOB, which only SQLite has: `*` and `?` are wildcards, and case matters.
            pub fn glob(self, glob_pattern: impl AsExpr<String>) -> Expr<Like<T, bool>> where T: Textual {
                templated(&template::GLOB, vec![self.into(), glob_pattern.__node()])
            }
            /// Full text search for these words: PostgreSQL's `to_tsvector(…) @@ plainto_tsquery(…)`, MySQL's
            /// `MATCH … AGAINST (… IN BOOLEAN MODE)`, which wants a full text index, SQLite's `MATCH` of an FTS table.
            pub fn matches(self, words: impl AsExpr<String>) -> Expr<Like<T, bool>> where T: Textual {
                templated(&template::MATCH, vec![self.into(), words.__node()])
            }
            /// COLLATE: compares and sorts by the rules of this collation.
            pub fn collate(self, collation: impl Into<Cow<'static, str>>) -> Expr<T> where T: Textual {
                Expr::new(Node::Collate { operand: Box::new(self.into()), collation: collation.into() })
            }
            /// Joins two texts; NULL if one of them is.
            pub fn concat<R: AsExpr<T>>(self, other: R) -> Expr<Combined<T, R::Null, T::Plain>> where T: Textual {
                Expr::new(Node::binary(Operator::Concat, self.into(), other.__node()))
            }
            /// Divides as numbers that are not whole, whatever the operands are; `/` of integers gives an integer.
            pub fn true_div<R: AsExpr<T>>(self, other: R) -> Expr<Combined<T, R::Null, f64>> where T: Numeric {
                templated(&template::TRUE_DIVISION, vec![self.into(), other.__node()])
            }
            /// The moment so much later: `x + interval`. A date is its midnight for that, and gives a date again.
            ///
            /// ```
            /// # use orm_core as orm;
            /// # use orm_core::{Dialect, func, select};
            /// # #[derive(Clone, Debug, orm_derive::Model)]
            /// # #[orm(table = "tickets")]
            /// # struct Ticket { #[orm(primary_key)] id: i64, due: chrono::DateTime<chrono::Utc> }
            /// let late = select(Ticket.id).filter(Ticket.due.plus(chrono::TimeDelta::days(3)).lt(func::now()));
            /// assert_eq!(
            ///     late.to_sql(Dialect::Postgres),
            ///     "SELECT tickets.id FROM tickets WHERE tickets.due + $1 < CURRENT_TIMESTAMP"
            /// );
            /// ```
            pub fn plus<R: AsExpr<T::Span>>(self, span: R) -> Expr<Combined<T, R::Null, T::Plain>> where T: Moment {
                moved(T::KIND, &template::LATER, &template::LATER_DATE, self.into(), span.__node())
            }
            /// The moment so much earlier: `x - interval`; see [`plus`](Self::plus).
            pub fn minus<R: AsExpr<T::Span>>(self, span: R) -> Expr<Combined<T, R::Null, T::Plain>> where T: Moment {
                moved(T::KIND, &template::EARLIER, &template::EARLIER_DATE, self.into(), span.__node())
            }
            /// The span of time from another moment to this one, negative where the other is later.
            pub fn since<R: AsExpr<T>>(self, earlier: R) -> Expr<Combined<T, R::Null, T::Span>> where T: Moment {
                moved(T::KIND, &template::SINCE, &template::SINCE_DATE, self.into(), earlier.__node())
            }
            /// The bits that both have.
            pub fn bit_and<R: AsExpr<T>>(self, other: R) -> Expr<Combined<T, R::Null, T::Plain>> where T: Integer {
                templated(&template::BIT_AND, vec![self.into(), other.__node()])
            }
            /// The bits that one of the two has.
            pub fn bit_or<R: AsExpr<T>>(self, other: R) -> Expr<Combined<T, R::Null, T::Plain>> where T: Integer {
                templated(&template::BIT_OR, vec![self.into(), other.__node()])
            }
            /// The bits that exactly one of the two has.
            pub fn bit_xor<R: AsExpr<T>>(self, other: R) -> Expr<Combined<T, R::Null, T::Plain>> where T: Integer {
                templated(&template::BIT_XOR, vec![self.into(), other.__node()])
            }
            /// The bits that it does not have.
            pub fn bit_not(self) -> Expr<T> where T: Integer {
                templated(&template::BIT_NOT, vec![self.into()])
            }
            /// Moves the bits up by so many places.
            pub fn shift_left<R: AsExpr<T>>(self, places: R) -> Expr<Combined<T, R::Null, T::Plain>> where T: Integer {
                templated(&template::SHIFT_LEFT, vec![self.into(), places.__node()])
            }
            /// Moves the bits down by so many places.
            pub fn shift_right<R: AsExpr<T>>(self, places: R) -> Expr<Combined<T, R::Null, T::Plain>> where T: Integer {
                templated(&template::SHIFT_RIGHT, vec![self.into(), places.__node()])
            }
            /// An operator of the database that is not among the methods here, which gives a `U`.
            ///
            /// The operator is a text, which is taken as it stands and binds like `||`, or a [`CustomOperator`], which says how
            /// tightly it binds. Write [`bool_op`](Self::bool_op) for one that compares.
            ///
            /// ```
            /// # use orm_core as orm;
            /// # use orm_core::{Dialect, Expr, select};
            /// # #[derive(Clone, Debug, orm_derive::Model)]
            /// # #[orm(table = "places")]
            /// # struct Place { #[orm(primary_key)] id: i64, spot: String }
            /// let distance: Expr<f64> = Place.spot.op("<->", "(1,2)");
            /// assert_eq!(select(distance).to_sql(Dialect::Postgres), "SELECT places.spot <-> $1 FROM places");
            /// ```
            pub fn op<U: SqlType>(self, operator: impl Into<CustomOperator>, other: impl Operand) -> Expr<U> {
                infix(self.into(), operator.into(), other)
            }
            /// An operator of the database that compares; it binds like `=`, unless it says otherwise.
            pub fn bool_op(self, operator: impl Into<CustomOperator>, other: impl Operand) -> Expr<Like<T, bool>> {
                infix(self.into(), operator.into().is_comparison(), other)
            }
            /// Sorts by it, least first.
            pub fn asc(self) -> OrderItem { OrderItem::new(self.into()) }
            /// Sorts by it, greatest first.
            pub fn desc(self) -> OrderItem { OrderItem::new(self.into()).descending() }
            /// Sorts by it, NULLs first.
            pub fn nulls_first(self) -> OrderItem { OrderItem::new(self.into()).nulls(Nulls::First) }
            /// Sorts by it, NULLs last.
            pub fn nulls_last(self) -> OrderItem { OrderItem::new(self.into()).nulls(Nulls::Last) }
            /// Names it in the result.
            pub fn label(self, name: &'static str) -> Expr<T> {
                Expr::new(Node::Label { node: Box::new(self.into()), name })
            }
            /// CAST to the type of the column that a `U` would have; NULL stays NULL.
            ///
            /// A decimal number becomes an integer by rounding, half of one away from zero. So does a float on MySQL; on PostgreSQL
            /// its halves become even, and SQLite cuts what is behind the point.
            pub fn cast<U: SqlType>(self) -> Expr<Like<T, U>> {
                let operand = Box::new(castable::<T, U>(self.into()));
                Expr::new(Node::Cast { operand, column_type: Box::new(U::column_type()) })
            }
            /// TRY_CAST: NULL where the value cannot be cast. None of the databases has it, so that it fails when the
            /// statement is compiled.
            pub fn try_cast<U: SqlType>(self) -> Expr<Option<U::Plain>> {
                Expr::new(Node::TryCast { operand: Box::new(self.into()), column_type: Box::new(U::column_type()) })
            }
            /// Takes it for a `U` without a word of SQL, where the database knows a type that Rust calls otherwise.
            pub fn type_coerce<U: SqlType>(self) -> Expr<U> { Expr::new(self.into()) }
        }
        arithmetic!({$($generics)*} $type; Add add);
        arithmetic!({$($generics)*} $type; Sub sub);
        arithmetic!({$($generics)*} $type; Mul mul);
        arithmetic!({$($generics)*} $type; Div div);
        arithmetic!({$($generics)*} $type; Rem rem);
        impl<$($generics)* T: Numeric> Neg for $type {
            type Output = Expr<T>;
            fn neg(self) -> Expr<T> { Expr::new(Node::Minus(Box::new(self.into()))) }
        }
    )* };
}
macro_rules! arithmetic {
    ({$($generics:tt)*} $type:ty; $trait:ident $method:ident) => {
        impl<$($generics)* T: Numeric, R: AsExpr<T>> $trait<R> for $type {
            type Output = Expr<Combined<T, R::Null, T::Plain>>;
            fn $method(self, right: R) -> Self::Output {
                Expr::new(Node::binary(Operator::$trait.of(T::KIND), self.into(), right.__node()))
            }
        }
    };
}
methods! {
    {} Expr<T>;
    {M: Model,} Attribute<M, T>;
    {} DerivedColumn<T>;
    {} Now<T>;
}

fn infix<T>(left: Node, operator: CustomOperator, right: impl Operand) -> Expr<T> {
    Expr::new(operator.between(left, right.__operand()))
}

/// What stands right of an operator of the user's own: a column, an expression or a plain value.
#[diagnostic::on_unimplemented(message = "`{Self}` is neither a SQL expression nor a value for one")]
pub trait Operand {
    #[doc(hidden)]
    fn __operand(self) -> Node;
}
impl<T: SqlType> Operand for T {
    fn __operand(self) -> Node {
        Node::Bind(self.encode())
    }
}
impl Operand for &str {
    fn __operand(self) -> Node {
        Node::Bind(Value::Text(self.to_owned()))
    }
}
impl<T> Operand for Expr<T> {
    fn __operand(self) -> Node {
        self.node
    }
}
impl<M: Model, T> Operand for Attribute<M, T> {
    fn __operand(self) -> Node {
        self.into()
    }
}

/// What a function takes beside its arguments.
impl<T> Expr<T> {
    /// OVER: makes the function look at a window of rows instead of making one row of many.
    ///
    /// Only a function of [`func`](crate::func) has a window; anything else is an error when the statement is compiled.
    #[must_use]
    pub fn over(self, window: impl Into<Window>) -> Expr<T> {
        Expr::new(Node::Over { call: Box::new(self.node), window: Box::new(window.into()) })
    }

    /// FILTER (WHERE …): the aggregate sees only the rows that pass. On MySQL and MariaDB, which have no such clause, it
    /// sees NULL for the others.
    #[must_use]
    pub fn filter(self, condition: impl Predicate) -> Expr<T> {
        self.aggregate(|aggregate| {
            let condition = condition.__predicate();
            aggregate.filter = Some(match aggregate.filter.take() {
                None => condition,
                Some(known) => known.and(condition),
            });
        })
    }

    /// DISTINCT: the aggregate sees each value once.
    #[must_use]
    pub fn distinct(self) -> Expr<T> {
        let mut expression = self;
        let call = match &mut expression.node {
            Node::Aggregate(aggregate) => &mut aggregate.call,
            node => node,
        };
        match call {
            Node::Function { distinct, .. } => *distinct = true,
            Node::Template { arguments, .. } if !arguments.is_empty() => {
                let first = std::mem::replace(&mut arguments[0], Node::Star);
                arguments[0] = Node::Template { template: &template::DISTINCT, arguments: vec![first] };
            }
            _ => {}
        }
        expression
    }

    /// ORDER BY inside of an aggregate: the order in which it sees the rows.
    #[must_use]
    pub fn ordered_by(self, order: impl OrderBy) -> Expr<T> {
        self.aggregate(|aggregate| order.__order(&mut aggregate.order_by))
    }

    /// WITHIN GROUP (ORDER BY …): what an ordered-set aggregate such as `percentile_cont` sees, which PostgreSQL has.
    #[must_use]
    pub fn within_group(self, order: impl OrderBy) -> Expr<T> {
        self.aggregate(|aggregate| {
            aggregate.is_within_group = true;
            order.__order(&mut aggregate.order_by);
        })
    }

    fn aggregate(self, change: impl FnOnce(&mut Aggregate)) -> Expr<T> {
        let mut aggregate = match self.node {
            Node::Aggregate(aggregate) => aggregate,
            call => Box::new(Aggregate { call, order_by: Vec::new(), is_within_group: false, filter: None }),
        };
        change(&mut aggregate);
        Expr::new(Node::Aggregate(aggregate))
    }
}

/// Makes a function of a name and its arguments.
pub(crate) fn function(name: &'static str, arguments: Vec<Node>, nullability: Nullability) -> Node {
    Node::Function { name: name.into(), arguments, distinct: false, nullability }
}
