//! [`Attribute`]: a column of a model that knows its Rust type; what `User.name` is.

use std::marker::PhantomData;
use std::sync::LazyLock;

use parking_lot::Mutex;

use super::{ColumnReference, Model};

/// A column of a model, with its Rust type: what `User.name` is.
///
/// Four bytes: the column's position and the number of an alias; the model is in the type. The operators and comparisons
/// are those of [`Expr`](crate::Expr). SQLAlchemy's `InstrumentedAttribute`.
///
/// ```
/// # use orm_core::{Attribute, Dialect, Select, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # struct Employee { #[orm(primary_key)] id: i64, name: String, manager_id: Option<i64> }
/// fn sorted(column: Attribute<Employee, String>) -> Select<String> {
///     select(column).order_by(column.desc())
/// }
/// assert_eq!(
///     sorted(Employee.name).to_sql(Dialect::Sqlite),
///     "SELECT employee.name FROM employee ORDER BY employee.name DESC"
/// );
///
/// let manager = Employee.alias("manager"); // the same attributes, of the table under another name
/// let pairs = select((Employee.name, manager.name)).join_on(manager, Employee.manager_id.eq(manager.id));
/// assert_eq!(
///     pairs.to_sql(Dialect::Sqlite),
///     "SELECT employee.name, manager.name FROM employee \
///      JOIN employee AS manager ON employee.manager_id = manager.id"
/// );
/// ```
pub struct Attribute<M, T> {
    column: u16,
    alias: Alias,
    types: PhantomData<fn() -> (M, T)>,
}

const _: () = assert!(size_of::<Attribute<(), i64>>() == 4);

impl<M, T> Clone for Attribute<M, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<M, T> Copy for Attribute<M, T> {}

impl<M, T> std::fmt::Debug for Attribute<M, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attribute({}, {})", std::any::type_name::<M>(), self.column)
    }
}

#[doc(hidden)]
impl<M, T> Attribute<M, T> {
    pub const fn __new(column: u16) -> Self {
        Attribute { column, alias: Alias::NONE, types: PhantomData }
    }

    #[must_use]
    pub const fn __alias(self, alias: Alias) -> Self {
        Attribute { column: self.column, alias, types: PhantomData }
    }

    pub const fn __column(self) -> u16 {
        self.column
    }

    pub const fn __alias_of(self) -> Alias {
        self.alias
    }
}

#[doc(hidden)]
impl<M: Model, T> Attribute<M, T> {
    /// The column that a foreign key refers to.
    pub fn __reference(self) -> ColumnReference {
        ColumnReference { mapper: M::__mapper(), column: self.column }
    }
}

/// The number of a table's alias in a statement; 0 is the table itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Alias(u16);

static NAMES: LazyLock<Mutex<Vec<&'static str>>> =
    LazyLock::new(|| Mutex::new(vec!["", "(remote)", "(foreign)", "(remote, foreign)"]));

/// Set in the number of an alias that names a derived table rather than a table.
const DERIVED: u16 = 1 << 15;

/// Says of a column in a `primaryjoin` that it is of the members: SQLAlchemy's `remote`. Needed where a model is joined to
/// itself.
///
/// ```
/// # use orm_core::{Dialect, HasMany, remote, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// #[orm(table = "parts")]
/// struct Part {
///     #[orm(primary_key)]
///     id: i64,
///     path: String,
///     #[orm(primaryjoin = remote(Part.path).like(Part.path.concat("/%")), viewonly)]
///     below: HasMany<Part>,
/// }
/// # let part = Part.alias("part");
/// # let sql = select(Part.id).join(Part.below.of(part)).to_sql(Dialect::Sqlite);
/// # assert_eq!(sql, "SELECT parts.id FROM parts JOIN parts AS part ON part.path LIKE parts.path || '/%'");
/// ```
pub fn remote<M, T>(attribute: Attribute<M, T>) -> Attribute<M, T> {
    attribute.__alias(attribute.alias.with_mark(Alias::REMOTE))
}

/// Says of a column in a `primaryjoin` that it refers to the one that it equals, and is written by the relationship:
/// SQLAlchemy's `foreign`. Not needed where the column says `foreign_key`.
///
/// ```
/// # use orm_core::{BelongsTo, Engine, HasMany, Model, Session, foreign, metadata};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// struct Town {
///     #[orm(primary_key)]
///     id: i64,
///     code: String,
///     #[orm(primaryjoin = foreign(Person.town_code).eq(Town.code), back_populates = town)]
///     people: HasMany<Person>,
/// }
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// struct Person {
///     #[orm(primary_key)]
///     id: i64,
///     town_code: Option<String>, // no constraint of the database
///     #[orm(primaryjoin = foreign(Person.town_code).eq(Town.code), back_populates = people)]
///     town: BelongsTo<Town>,
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # metadata![Town, Person].create_all(&engine).await?;
/// let mut session = Session::new(&engine);
/// let town = session.add(Town::builder().code("AC").people([Person::builder()]));
/// session.flush().await?;
/// let person = session.handles(town, Town.people)[0];
/// assert_eq!(session[person].town_code.as_deref(), Some("AC"));
/// # Ok(())
/// # }
/// ```
pub fn foreign<M, T>(attribute: Attribute<M, T>) -> Attribute<M, T> {
    attribute.__alias(attribute.alias.with_mark(Alias::FOREIGN))
}

impl Alias {
    /// No alias.
    pub const NONE: Alias = Alias(0);
    /// Marks the columns of the members in the condition of a relationship.
    pub(crate) const REMOTE: Alias = Alias(1);
    /// Marks the columns that refer, in the condition of a relationship.
    pub(crate) const FOREIGN: Alias = Alias(2);

    /// Both.
    pub(crate) const REMOTE_FOREIGN: Alias = Alias(3);

    /// Adds a mark; an alias proper stays what it is.
    fn with_mark(self, mark: Alias) -> Self {
        if self.0 < 4 { Alias(self.0 | mark.0) } else { self }
    }

    /// Returns whether it bears a mark.
    pub(crate) fn has_mark(self, mark: Alias) -> bool {
        self.0 < 4 && self.0 & mark.0 != 0
    }

    /// Returns the number of this name; each name is kept for the life of the program.
    ///
    /// # Panics
    ///
    /// Panics at the 32,768th name: an alias names a role in a statement, not a row.
    pub fn new(name: &str) -> Self {
        let mut names = NAMES.lock();
        let position = names.iter().position(|known| *known == name).unwrap_or_else(|| {
            names.push(Box::leak(name.to_owned().into_boxed_str()));
            names.len() - 1
        });
        let number = u16::try_from(position).ok().filter(|number| *number < DERIVED);
        Alias(number.expect("a program has fewer than 32,768 names for table aliases"))
    }

    /// Returns the number of this name for a derived table: a subquery, a CTE, a list of values.
    ///
    /// It differs from that of a table's alias, so that a forgotten subquery is not taken for the table.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    pub(crate) fn derived(name: &str) -> Self {
        Alias(Alias::new(name).0 | DERIVED)
    }

    /// Returns whether it names a derived table.
    pub(crate) fn is_derived(self) -> bool {
        self.0 & DERIVED != 0
    }

    /// Returns the name, or `None` for the table itself.
    pub(crate) fn name(self) -> Option<&'static str> {
        if self == Alias::NONE { None } else { Some(NAMES.lock()[usize::from(self.0 & !DERIVED)]) }
    }

    /// Returns the number.
    pub(crate) fn number(self) -> u16 {
        self.0
    }
}
